"""Names in a sentence: sequences of capitals, acronyms, and words with capitals or digits inside.

Nothing here knows who exists. A single capital at the beginning of a sentence is `weak`: it may be any word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from proofroom.domain.evidence.dates import MONTH_NAMES
from proofroom.domain.evidence.scripts import UNSPACED
from proofroom.domain.evidence.units import CURRENCIES, find_unit
from proofroom.domain.evidence.words import GREEK, STOPWORDS

_WORD = re.compile(rf"[^\W_{UNSPACED}]+(?:['\u2019&-][^\W_{UNSPACED}]+)*")
_LINK = re.compile(r" (?:of|of the|de|del|della|di|du|da|la|van|van der|von|der|den|for|&|y|al) ")
_ROMAN = re.compile(r"[IVXLC]+")
_NOT_NAMES = frozenset(
    [m.lower() for m in MONTH_NAMES]
    + "monday tuesday wednesday thursday friday saturday sunday jan feb mar apr jun jul aug sep sept oct nov "
    "dec utc gmt am pm figure table section chapter appendix page article volume phase step i ok q1 q2 q3 q4 "
    "fig no nr".split()
)
TITLES = frozenset(
    "dr mr mrs ms prof professor sir dame lord lady judge justice president minister senator "
    "director doctor captain general colonel major king queen prince princess saint st rev chairman "
    "chairwoman secretary warden auditor marshal chancellor governor mayor ambassador engineer "
    "inspector".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as said; `words` are its words in lower case without possessive, titles left out."""

    start: int
    end: int
    text: str
    words: tuple[str, ...]
    weak: bool = False


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Lower case, straight apostrophes, no possessive; a Greek letter by its name."""
    low = word.lower().replace("\u2019", "'").removesuffix("'s").removesuffix("'")
    return GREEK.get(low, low)


def find_names(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Name]:
    """The names of one sentence in order. `taken` are ranges of dates, figures and addresses."""
    if text.isupper():
        return []
    used = bytearray(len(text))
    for start, end in taken:
        used[start:end] = b"\x01" * (end - start)
    groups: list[list[re.Match[str]]] = []
    first: re.Match[str] | None = None
    for m in _WORD.finditer(text):
        if first is None:
            first = m
        if used[m.start()] or m.end() - m.start() > 60 or not _capital(m.group()):
            continue
        opens = m is first or re.search(
            r"[.!?:]['\"\u2019\u201d)]*\s+['\"\u2018\u201c(]*\Z", text[max(0, m.start() - 8) : m.start()]
        )
        if opens and fold(m.group()) in STOPWORDS:
            continue
        joined = groups and _joins(text, groups[-1][-1], m)
        if joined:
            groups[-1].append(m)
        else:
            groups.append([m])
    out: list[Name] = []
    for group in groups:
        while group and fold(group[0].group()) in TITLES and len(group) > 1:
            group = group[1:]
        words = (*(fold(m.group()) for m in group[:-1]), fold(_bare(group[-1].group())))
        if len(words) == 1 and not _single(group[0].group(), words[0]):
            continue
        start, end = group[0].start(), group[-1].end()
        end -= len(group[-1].group()) - len(_bare(group[-1].group()))
        weak = len(words) == 1 and group[0] is first and not _sharp(group[0].group())
        out.append(Name(start, end, text[start:end], words, weak))
    return out


def _bare(word: str) -> str:
    """Without possessive, and without what is hung on by a hyphen: M2-like is M2."""
    return re.sub(r"(?:['\u2019]s|['\u2019])\Z|-[a-z]{3,}\Z", "", word)


def _capital(word: str) -> bool:
    return word[0].isupper() or (_sharp(word) and word[0].isalpha())


@lru_cache(maxsize=65_536)
def _sharp(word: str) -> bool:
    """Surely a name wherever it stands: NASA, iPhone, IL-10, S100A9."""
    bare = _bare(word)
    letters = [c for c in bare if c.isalpha()]
    inner = any(c.isupper() for c in letters[1:])
    mixed = any(c.isdigit() for c in bare) and any(c.isupper() for c in letters)
    return len(bare) > 1 and (
        (inner and "-" not in bare) or mixed or (len(letters) > 1 and bare.replace("-", "").isupper())
    )


def _single(word: str, low: str) -> bool:
    if low in _NOT_NAMES or low in TITLES or _ROMAN.fullmatch(_bare(word)) or len(low) < 2:
        return False
    bare = _bare(word)
    return find_unit(bare) is None and bare not in CURRENCIES


def _joins(text: str, left: re.Match[str], right: re.Match[str]) -> bool:
    gap = text[left.end() : right.start()]
    if gap in (" ", "\u00a0", "\n"):
        return True
    if gap == ". ":
        return len(left.group()) == 1 or left.group().lower() in TITLES
    return _LINK.fullmatch(gap) is not None


def initials(words: Sequence[str]) -> str:
    """The acronym of a name: Jet Propulsion Laboratory gives jpl; little words do not count."""
    return "".join(w[0] for w in words if w not in STOPWORDS)
