"""Words as the quote finder compares them: stems, stop words, generic words, key phrases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer  # pyright: ignore[reportMissingTypeStubs]

_STEMMER = snowballstemmer.stemmer("english")  # pyright: ignore[reportUnknownMemberType]
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:[-'\u2019.][^\W_]+)*", re.UNICODE)

STOP = frozenset(
    """a about above across after again against all almost alone along already also although always am
    among an and another any anybody anyone anything are around as at away back be became because
    been before behind being below between both but by came can cannot could did do does doing done
    down during each either else enough even ever every everyone everything few find first for from
    further gave get give given gives go goes got had has have having he her here hers herself him
    himself his how however i if in instead into is it its itself just kept least less let lets like
    made make makes many may maybe me might mine more most mostly much must my myself near need
    neither never next no nobody none nor not nothing now of off often on once one only onto or
    other others our ours ourselves out over own per perhaps put quite rather really same say says
    seem seemed seems several shall she should since so some somebody someone something
    sometimes still such take tell than that the their theirs them themselves then there therefore
    these they this those though through thus to together too toward towards under until up upon us
    use used uses using very via was we well went were what whatever when whenever where whether
    which while who whole whom whose why will with within without would yet you your yours yourself""".split()
)

GENERIC = frozenset(
    """account affect amount answer approach area aspect base become begin believe bring broad call case
    cause certain change clear compare concern consider contain course current data day describe
    detail determine develop differ different difference effect end example exact explain explore
    fact factor few find focus form general good great group happen help high history idea impact
    important improve include increase influence information interest investigate involve issue kind
    know large last late lead learn level list long look low main matter mean method new note number
    object old overview part people person place play point possible present problem process produce
    provide purpose question reason recent reduce regard relate relation report research result
    review role rule section set short show significant similar simple situation small source start
    state study subject suggest summary support system task term thing think time topic type
    understand various view way work world write year see leave run draw meet hold build set""".split()
)


# Forms that no suffix rule brings together: each word counts as the first of its line.
_IRREGULAR = {
    form: line.split()[0]
    for line in """
    lose lost loss losses losing; begin began begun; break broke broken; build built; buy bought; choose chose chosen
    choice; draw drew drawn; drive drove driven; fall fell fallen; feel felt; fly flew flown flight; grow grew grown
    growth; hold held; know knew known knowledge; lead led; leave left; meet met; pay paid payment; rise rose risen;
    run ran; sell sold sale; send sent; sign signature signatures signatory; speak spoke spoken; spend spent;
    steal stole stolen; strike struck; teach taught; think thought; throw threw thrown; understand understood;
    win won; write wrote written; die died dead death deaths; decide decision decisions; approve approval approvals;
    fail failure failures; refuse refusal; withdraw withdrew withdrawn withdrawal; analyse analyze analysis analyses;
    die died; weigh weight; prove proof proven; see saw seen
    """.split(";")
    for form in line.split()
}


# What a task says of the work to be done, not of its subject.
_ASKED = frozenset(
    """please write draft create prepare compose produce announce introduce explain describe summarise summarize outline
    present tell list find research look report review promote me us our your the a an this short brief long new
    linkedin blog twitter email mail newsletter social media press release post posts article tweet thread message text
    announcing introducing explaining describing presenting promoting launching
    piece copy summary overview announcement update note for about on of that to into and customer customers reader
    readers user users team""".split()
)


def topic_of(task: str) -> str:
    """A task without what it says of the work: "Write a post about checkpoints" is about checkpoints."""
    words = task.split()
    bare = [word.lower().strip(",:;.-") for word in words]
    if not bare or bare[0] not in _ASKED_FIRST | {"a", "an"}:
        return task
    at = _after_form(bare)
    if at == 0 and bare[0] in _ASKED_FIRST:
        at = next((n for n, word in enumerate(bare) if word not in _ASKED), len(bare))
    rest = " ".join(words[at:])
    return rest if at and content_stems(rest) else task


def _after_form(bare: Sequence[str]) -> int:
    """Where the subject begins in "a short post for tourists about …": after the form, whom it is for, and "about";
    0 where the words are not built so.
    """
    form = next((n for n, word in enumerate(bare[:6]) if word in _FORMS), None)
    if form is None:
        return 0
    while form + 1 < len(bare) and bare[form + 1] in _FORMS:  # a blog post
        form += 1
    following = bare[form + 1 : form + 9]
    about = next((n for n, word in enumerate(following) if word in ("about", "on", "regarding")), None)
    if about is None or (about > 0 and following[0] not in ("for", "to")):
        return 0
    return form + about + 2


_FORMS = frozenset(
    """post posts article tweet thread newsletter email e-mail mail message announcement blog text piece note release
    briefing""".split()
)
_ASKED_FIRST = frozenset(
    """please write draft create prepare compose produce announce introduce explain describe summarise summarize outline
    present tell list find research look report review promote""".split()
)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Porter2 stem of a lower-cased word (Snowball, M. F. Porter); words with digits stay as they are."""
    if any(letter.isdigit() for letter in word):
        return word.replace(",", "")
    word = _IRREGULAR.get(word, word)
    return str(_STEMMER.stemWord(word))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


_GENERIC_STEMS = frozenset(stem(word) for word in GENERIC)


def tokens(text: str) -> list[str]:
    """Lower-cased words in order; a possessive ending is dropped, a hyphenated word gives its parts."""
    out: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group().lower().replace("\u2019", "'")
        word = word.removesuffix("'s")
        parts = [part for part in word.split("-") if len(part) > 1]
        if len(parts) > 1 and not any(letter.isdigit() for letter in word):
            out.extend(parts)
        else:
            out.append(word)
    return out


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, with repeats."""
    return [stem(word) for word in tokens(text) if word not in STOP and (len(word) > 1 or word.isdigit())]


def is_generic(stemmed: str) -> bool:
    return stemmed in _GENERIC_STEMS


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key phrase: its words as written, and its stems."""

    text: str
    stems: tuple[str, ...]


def key_phrases(text: str, most: int = 8) -> list[Phrase]:
    """Runs of meaningful words between stop words and punctuation, heaviest first.

    After RAKE (Rose et al. 2010): a word weighs degree over frequency, a phrase the sum over its words.
    Generic words weigh nothing. Phrases of generic words only are left out, so are those inside a kept one.
    """
    runs: list[list[str]] = []
    for piece in re.split(r"[^\w\s'\u2019-]+|\s[-\u2013\u2014]\s", text):
        run: list[str] = []
        for word in piece.split():
            bare = word.strip("'\u2019-").lower()
            if not bare or bare in STOP or bare.removesuffix("'s") in STOP:
                runs.append(run)
                run = []
            else:
                run.append(word.strip("'\u2019-"))
        runs.append(run)
    runs = [run[:5] for run in runs if run]
    degree: dict[str, int] = {}
    frequency: dict[str, int] = {}
    for run in runs:
        for word in run:
            key = stem(word.lower())
            frequency[key] = frequency.get(key, 0) + 1
            degree[key] = degree.get(key, 0) + len(run)
    found: dict[tuple[str, ...], tuple[float, int, str]] = {}
    for at, run in enumerate(runs):
        stems = tuple(stem(word.lower()) for word in run)
        weight = sum(degree[one] / frequency[one] for one in stems if not is_generic(one))
        if weight > 0 and stems not in found:
            found[stems] = (-weight, at, " ".join(run))
    kept: list[Phrase] = []
    for stems, (_, _, words) in sorted(found.items(), key=lambda item: item[1]):
        if not any(set(stems) <= set(one.stems) for one in kept):
            kept.append(Phrase(words, stems))
    return kept[:most]


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Jaccard overlap of two bags of stems as sets, 0 to 1."""
    first, second = set(one), set(other)
    return len(first & second) / len(first | second) if first and second else 0.0
