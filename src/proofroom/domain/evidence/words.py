"""Words: tokens with their places, light stems, and the small lists that the checks share.

The stemmer is a light suffix stripper for English (after the idea of the S-stemmer, Harman 1991, widened to
-ed, -ing and -ly) with a table of irregular verbs. It only has to bring forms of one word together.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from proofroom.domain.evidence.scripts import HAN_SCALES, UNSPACED, plain_figures

_SCALED = f"(?:[{''.join(HAN_SCALES)}]{{1,3}}[0-9]*)*"
_TOKEN = re.compile(
    rf"\d+(?:[.,:\uff0c\uff0e\u066b\u066c]\d+)*{_SCALED}|[{UNSPACED}]+"
    rf"|[^\W_{UNSPACED}]+(?:['\u2019][^\W_{UNSPACED}]+)*"
)
_LONGEST_TOKEN = 60

STOPWORDS = frozenset(
    "a an the this that these those it its it's he him his she her hers they them their theirs we "
    "us our ours i me my you your who whom whose which what where when why how and or but nor so "
    "yet if then than as at by for from in into of on onto off out over to toward towards upon with "
    "within without about above after again against all also am any are be because been before "
    "being below between both can could did do does doing down during each either else even ever "
    "every few further had has have having here however just least less made make many may might "
    "more most much must neither no not now once only other others own per rather same shall should "
    "since some still such there therefore thus through too under until up very was were while will "
    "would one two three four five six seven eight nine ten eleven twelve hundred thousand million "
    "billion trillion percent per cent cannot yes new another among along across around near "
    "according said says say that's there's is isn't wasn't aren't weren't don't didn't doesn't "
    "can't couldn't won't wouldn't shouldn't hasn't haven't hadn't".split()
)

_FORMS = (
    "rise: rose risen; fall: fell fallen; grow: grew grown growth; lose: lost loss losing; find: found; "
    "give: gave given; take: took taken; come: came; go: went gone; begin: began begun; write: wrote "
    "written; read: reading; send: sent; sell: sold; buy: bought; build: built; hold: held; keep: kept; "
    "leave: left; lead: led; meet: met; pay: paid payment; put: putting; run: ran running; see: saw seen; "
    "show: shown; speak: spoke spoken; spend: spent; stand: stood; tell: told; think: thought; win: won; "
    "shrink: shrank shrunk; sink: sank sunk; drive: drove driven; fly: flew flown flight; know: knew known; "
    "bring: brought; break: broke broken; choose: chose chosen choice; get: got gotten; have: had; make: "
    "made; set: setting; cut: cutting; die: died dead death deaths; decide: decision decisions; approve: "
    "approval; strike: struck; catch: caught; teach: taught; throw: threw thrown; wear: wore worn; man: "
    "men; woman: women; child: children; person: people persons; foot: feet; analysis: analyses; datum: "
    "data; metre: meter meters metres; litre: liter liters litres; low: lower lowest; high: higher highest; "
    "large: larger largest; small: smaller smallest; long: longer longest; short: shorter shortest; big: "
    "bigger biggest; few: fewer fewest; early: earlier earliest; late: later latest; good: better best; "
    "bad: worse worst; fast: faster fastest; slow: slower slowest; near: nearer nearest"
)
_IRREGULAR = {
    form: base
    for base, forms in (entry.split(": ") for entry in _FORMS.split("; "))
    for form in forms.split()
}
GREEK = {
    chr(0x3B1 + i): name
    for i, name in enumerate(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau "
        "upsilon phi chi psi omega".split()
    )
}
"""Greek letters in lower case by their names: what one text calls beta-catenin is \u03b2-catenin in the next."""
_KEEP = frozenset("supply apply reply family july assembly rally ally daily weekly monthly yearly".split())


class Token(NamedTuple):
    """One word or number: its range in the text, its lower-case form and its stem ("" for stop words and
    digits).
    """

    start: int
    end: int
    low: str
    stem: str


def tokens(text: str) -> list[Token]:
    """The words of a text in order."""
    out: list[Token] = []
    for m in _TOKEN.finditer(text):
        low = _low(m.group())
        content = "" if low[0].isdigit() or low in STOPWORDS else stem(low)
        out.append(Token(m.start(), m.end(), low, content))
    return out


def lows(text: str) -> list[str]:
    """The lower-case forms of the words of a text in order."""
    return [_low(word) for word in _TOKEN.findall(text)]


def _low(word: str) -> str:
    return plain_figures(word.lower().replace("\u2019", "'"))[:_LONGEST_TOKEN]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of one word in lower case."""
    word = word.removesuffix("'s").removesuffix("'")
    word = GREEK.get(word, word)
    if word in _IRREGULAR:
        return stem(_IRREGULAR[word])
    if len(word) <= 3:
        return word.removesuffix("e") if len(word) == 3 else word
    if word in _KEEP:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("sses"):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word in _IRREGULAR or word in _KEEP:
        return stem(_IRREGULAR.get(word, word))
    if word.endswith("tion") and len(word) >= 8:
        return word.removesuffix("ion")
    for suffix in ("ied", "ed", "ing", "ly"):
        bare = word[: -len(suffix)]
        if (
            word.endswith(suffix)
            and len(bare) >= 2
            and any(c in "aeiouy" for c in bare)
            and not bare.endswith("e")
        ):
            if suffix == "ied":
                return bare + "y"
            if suffix != "ly" and bare[-1] == bare[-2] and bare[-1] not in "lsz":
                bare = bare[:-1]
            word = bare
            break
    return word.removesuffix("e") if len(word) > 3 else word
