"""Verbatim quotations: finding them in a sentence, finding them in a passage, and what was altered.

A quotation may differ from its source in white space, kinds of quotes and dashes, the case of its first
letter and the mark before its closing quote. Gaps are [...], [] or an ellipsis. Square brackets may also
change the form of a word ([t]he, walk[ed]) or remark on it ([sic]); other words in them are the writer's own
and are reported as such. Anything else is an alteration.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from functools import lru_cache
from typing import Literal

from proofroom.domain.evidence.scripts import is_unspaced

_PAIRS = re.compile(
    r"\u201c(?P<a>[^\u201c\u201d]{1,4000})\u201d|\u00ab(?P<b>[^\u00ab\u00bb]{1,4000})\u00bb"
    r"|\u201e(?P<c>[^\u201e\u201c\u201d]{1,4000})[\u201c\u201d]|(?<![\w\"])\"(?P<d>[^\"]{1,4000})\"(?![\w\"])"
    r"|(?<!\w)\u2018(?P<e>[^\u2018\n]{1,1000}?)\u2019(?!\w)"
    r"|\u300c(?P<f>[^\u300c\u300d]{1,4000})\u300d|\u300e(?P<g>[^\u300e\u300f]{1,4000})\u300f"
)
_GAP = re.compile(r"\[\s*(?:\u2026|\.\s?\.\s?\.)?\s*\]|\(\.\.\.\)|\.\.\.|\u2026")
_BRACKET = re.compile(r"\[[^\[\]]{0,80}\]")
_REMARK = re.compile(r"sic|[!?]|(?:emphasis|italics) (?:added|mine|ours|in (?:the )?original)", re.IGNORECASE)
# A bracket that puts a negation into somebody's mouth is no insertion but an alteration.
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nor|neither|without|hardly|cannot)\b|n['\u2019]t\b", re.IGNORECASE
)
_ENDINGS = ("s", "es", "d", "ed", "n", "en", "ing")
# They stand for a changed ending and before a letter whose case was changed; no text has these characters.
_ENDING, _LETTER = "\ufdd0", "\ufdd1"
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_MOST_WORDS = 300
_MAP = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201b": "'",
    "\u2032": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u00ab": '"',
    "\u00bb": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
}
_DROPPED = "\u00ad\u200b\u200c\u200d\ufeff"
_TABLE = str.maketrans(_MAP)
_RUN = re.compile(rf"[^\s{_DROPPED}]+")
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation inside a text; `start:end` is what stands between the marks."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Normal:
    """A text in the form that quotations are compared in; `at[i]` is the offset of its i-th character."""

    text: str
    at: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The range in the original text."""
        return self.at[start], self.at[end - 1] + 1


@dataclass(frozen=True, slots=True)
class NearMatch:
    """The words of a passage most like a quotation: range in the passage and how alike (0 to 1).

    `mark` is the range in the passage, `draft_mark` that in the quotation, in which all altered words lie;
    empty ranges stand where words were left out.
    """

    start: int
    end: int
    ratio: float
    mark: tuple[int, int]
    draft_mark: tuple[int, int]
    altered: int


def find_quotations(text: str, least: int = 3) -> list[Quotation]:
    """Quotations of at least `least` words; where no spaces tell these apart, four letters count as one."""
    out: list[Quotation] = []
    for m in _PAIRS.finditer(text):
        start, end = m.span(m.lastgroup or 0)
        said = m.group(m.lastgroup or 0)
        if max(len(_WORD.findall(said)), sum(map(is_unspaced, said)) // 4) >= least:
            out.append(Quotation(start, end, text[start:end]))
    return out


def normal(text: str) -> Normal:
    """White space collapsed, quotes and dashes of one kind, invisible characters dropped."""
    out: list[str] = []
    at: list[int] = []
    end = 0
    for m in _RUN.finditer(text):
        space = _SPACE.search(text, end, m.start())
        if space is not None and out:
            out.append(" ")
            at.append(space.start())
        out.append(m.group().translate(_TABLE))
        end = m.end()
        at.extend(range(m.start(), end))
    return Normal("".join(out), tuple(at))


def locate(quote: str, passage: Normal, *, gaps: bool = True) -> tuple[int, int] | None:
    """The range in the passage's original text where the quotation stands, or None.

    With `gaps`, the parts between gaps and insertions must follow each other. Without, the quotation must stand
    as it is: the form for citations.
    """
    if _ENDING in quote or _LETTER in quote:
        return None
    parts = _parts(quote, passage) if gaps else [_as_it_is(quote)]
    if gaps:
        parts[-1] = parts[-1].rstrip(" .,;:!?")
    parts = [p for p in parts if p]
    if not parts:
        return None
    begin: int | None = None
    at = 0
    for i, part in enumerate(parts):
        found = _find(part, passage.text, at, first=i == 0 and gaps)
        if found is None:
            return None
        if begin is None:
            begin = found[0]
        at = found[1]
    assert begin is not None
    return passage.span(begin, at)


@lru_cache(maxsize=1_024)
def _as_it_is(quote: str) -> str:
    """Of what is cited again and again, as the rows of a table by each of its sentences."""
    return normal(quote).text


def insertions(quote: str, passage: Normal) -> list[Quotation]:
    """The words in square brackets that the writer put between those of the source: place and words of each."""
    return [
        Quotation(m.start(), m.end(), m.group()[1:-1].strip())
        for m in _BRACKET.finditer(quote)
        if _role(quote, m, passage) == "inserted"
    ]


def without_insertions(quote: str, passage: Normal) -> str:
    """The quotation without the writer's words; a gap stands where they stand for words of the source."""
    bare = " ".join(_in_place(quote, passage, "").split())
    return bare if locate(bare, passage) is not None else _in_place(quote, passage, "[\u2026]")


def _in_place(quote: str, passage: Normal, what: str) -> str:
    out: list[str] = []
    at = 0
    for one in insertions(quote, passage):
        out += [quote[at : one.start], what]
        at = one.end
    return "".join([*out, quote[at:]])


_Role = Literal["source", "gap", "letter", "ending", "remark", "inserted", "altered"]


def _role(quote: str, bracket: re.Match[str], passage: Normal) -> _Role:
    """What a pair of square brackets in a quotation does to the words of the source."""
    said = bracket.group()
    if _GAP.fullmatch(said):
        return "gap"
    if normal(said).text in passage.text:
        return "source"
    inner = said[1:-1].strip()
    before, after = quote[: bracket.start()][-1:], quote[bracket.end() :][:1]
    if before.isalnum() or after.isalnum():
        if after.isalpha() and not before.isalnum() and len(inner) == 1 and inner.isalpha():
            return "letter"
        ends = before.isalpha() and not after.isalnum() and inner.lower() in _ENDINGS
        return "ending" if ends else "altered"
    if _REMARK.fullmatch(inner):
        return "remark"
    return "altered" if _NEGATION.search(inner) else "inserted"


def _parts(quote: str, passage: Normal) -> list[str]:
    """The stretches of a quotation that must stand in the source, in order."""
    out: list[str] = []
    at = 0
    for m in _BRACKET.finditer(quote):
        out.append(quote[at : m.start()])
        at = m.end()
        match _role(quote, m, passage):
            case "gap" | "inserted":
                out.append("\u2026")
            case "remark":
                pass
            case "letter":
                out.append(_LETTER + m.group()[1:-1].strip())
            case "ending":
                out.append(_ENDING)
            case _:
                out.append(m.group())
    return [normal(p).text for p in _GAP.split("".join([*out, quote[at:]]))]


def _find(part: str, text: str, at: int, *, first: bool) -> tuple[int, int] | None:
    if _LETTER in part or _ENDING in part:
        free = part if not first or part[0] == _LETTER else _LETTER + part
        pattern = re.sub(f"{_LETTER}(\\\\?.)", r"(?i:\1)", re.escape(free))
        pattern = pattern.replace(_ENDING, f"(?:{'|'.join(_ENDINGS)})?")
        found = re.compile(pattern)
        spots = (m.span() for m in found.finditer(text, at))
        return next((s for s in spots if _whole(text, s)), None)
    for form in (part, part[0].swapcase() + part[1:]) if first else (part,):
        begin = text.find(form, at)
        while begin >= 0:
            if _whole(text, (begin, begin + len(form))):
                return begin, begin + len(form)
            begin = text.find(form, begin + 1)
    return None


def _whole(text: str, spot: tuple[int, int]) -> bool:
    """Whether no word is cut at either end: "he cat sat" does not stand in "the cat sat"."""
    start, end = spot
    left = start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
    return left and (end == len(text) or not (text[end].isalnum() and text[end - 1].isalnum()))


def nearest(quote: str, text: str) -> NearMatch | None:
    """The stretch of `text` most like the quotation, or None where they share too little."""
    ours = list(_WORD.finditer(quote))[:_MOST_WORDS]
    theirs = list(_WORD.finditer(text))[: _MOST_WORDS * 5]
    a = [_fold(m.group()) for m in ours]
    b = [_fold(m.group()) for m in theirs]
    if not a or len(set(a) & set(b)) * 3 < len(set(a)):
        return None
    begin, stop = _window(a, b)
    matcher = SequenceMatcher(None, a, b[begin:stop], autojunk=False)
    blocks = [m for m in matcher.get_matching_blocks() if m.size]
    same = sum(m.size for m in blocks)
    ratio = 2 * same / (len(a) + stop - begin)
    ops = [op for op in matcher.get_opcodes() if op[0] != "equal"]
    altered = sum(max(i2 - i1, j2 - j1) for _, i1, i2, j1, j2 in ops)
    start, end = theirs[begin].start(), theirs[stop - 1].end()
    if not ops:
        return NearMatch(start, end, ratio, (start, end), (0, len(quote)), 0)
    mark = _cover(theirs[begin:stop], ops[0][3], ops[-1][4])
    draft_mark = _cover(ours, ops[0][1], ops[-1][2])
    return NearMatch(start, end, ratio, mark, draft_mark, altered)


def _fold(word: str) -> str:
    return word.lower().replace("\u2019", "'")


def _window(a: Sequence[str], b: Sequence[str]) -> tuple[int, int]:
    """The words of `b` that the quotation's first to last matching word span, widened by what it has at its
    ends.
    """
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    core = matcher.find_longest_match()
    low = max(0, core.b - core.a - 3)
    high = min(len(b), core.b + (len(a) - core.a) + 3)
    inner = SequenceMatcher(None, a, b[low:high], autojunk=False)
    blocks = [m for m in inner.get_matching_blocks() if m.size]
    # A single word far away from the others is chance.
    while len(blocks) > 1 and blocks[-1].size == 1 and _leap(blocks[-2], blocks[-1]):
        blocks.pop()
    while len(blocks) > 1 and blocks[0].size == 1 and _leap(blocks[0], blocks[1]):
        del blocks[0]
    first, last = blocks[0], blocks[-1]
    begin = max(low, low + first.b - min(first.a, 2)) if first.a else low + first.b
    rest = len(a) - (last.a + last.size)
    stop = min(high, low + last.b + last.size + min(rest, 2))
    return begin, stop


def _leap(one: Match, two: Match) -> bool:
    """Whether far more words lie between two matches in the passage than in the quotation."""
    return two.b - (one.b + one.size) > two.a - (one.a + one.size) + 2


def _cover(words: Sequence[re.Match[str]], first: int, last: int) -> tuple[int, int]:
    if first == last:  # nothing stands there: the empty range before the next word, or after the last
        at = words[first].start() if first < len(words) else words[-1].end()
        return at, at
    return words[first].start(), words[last - 1].end()
