"""Passages that say the same twice. Never those that differ in a number, a date, a name or a negation: both stay.

A passage repeats another when most of their word triples are shared (Jaccard similarity of shingles: A. Z. Broder, "On
the resemblance and containment of documents", SEQUENCES 1997), it has no word that the other lacks, and everything that
decides stands in both in the same order; or when it stands in the other word for word. What decides are figures, words
with capitals, negations, words of direction and of measure. The threshold is measured by bench/envelope.py.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from proofroom.domain.evidence.polarity import POLES
from proofroom.domain.evidence.units import find_unit
from proofroom.domain.evidence.words import STOPWORDS, stem

JACCARD = 0.7
SHINGLE = 3
LEAST_WORDS = 8  # a shorter passage is a duplicate only when it is word for word the same
_TRIED = 16  # near-duplicates compared with each passage that decides the same

Likeness = Literal["same", "near", "inside"]

_WORD = re.compile(
    r"[^\W_]+(?:[.,:'\u2019/-][^\W_]+)*|[%\u00b0$\u20ac\u00a3\u00a5+<>=\u2264\u2265\u2212-](?=\s?[0-9])|%"
)
_DECIDES = frozenset(
    "not no never neither nor without cannot none nobody nothing nowhere hardly scarcely barely unable lack "
    "lacks lacked "
    "fail fails failed refuse refuses refused except unless only all any some most few many every each both half "
    "may might must shall should could can will would if one two three four five six seven eight nine ten "
    "eleven twelve "
    "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen "
    "first second "
    "third last next previous least average maximum minimum against before after until since january february "
    "march april "
    "june july august september october november december monday tuesday wednesday thursday friday saturday "
    "sunday".split()
)
_TURNED = re.compile(r"(?:un|in|im|ir|il|non|dis|mis|anti|contra|de)[a-z-]{4,}|[a-z]{3,}(?:less|n['\u2019]t)")


@dataclass(frozen=True, slots=True)
class _Reading:
    words: tuple[str, ...]
    decides: tuple[str, ...]

    @property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_runs(self.words, SHINGLE))

    @property
    def stems(self) -> frozenset[str]:
        return frozenset(stem(word) for word in self.words if word not in STOPWORDS)


@dataclass(frozen=True, slots=True)
class _Kept:
    key: str
    read: _Reading


class Duplicates:
    """The passages that were kept so far; each new one is held against them."""

    def __init__(self) -> None:
        self._same: dict[str, dict[str, str]] = defaultdict(dict)
        self._near: dict[tuple[str, tuple[str, ...]], list[_Kept]] = defaultdict(list)
        self._kept = ""  # the words of all that was kept, one a line
        self._starts: list[int] = []
        self._whose: list[tuple[str, str]] = []

    def offer(self, key: str, text: str, heading: str | None = None) -> tuple[str, Likeness] | None:
        """(key, how) of the kept passage that this one repeats, else None, and then this one is kept.

        One under another heading is no repetition, since the heading may say what it speaks of.
        """
        above, folded = _folded(heading or ""), _folded(text)
        for under, kept in self._same[folded].items():
            if above in ("", under):
                return kept, "same"
        read = _read(text)
        if len(read.words) >= LEAST_WORDS:
            line = f" {' '.join(read.words)} "
            kept = self._holding(line, above)
            if kept is not None:
                return kept, "inside"
            group = self._near[above, read.decides]
            for one in group[:_TRIED]:
                if _near(read, one.read):
                    return one.key, "near"
            group.append(_Kept(key, read))
            self._starts.append(len(self._kept))
            self._whose.append((key, above))
            self._kept += line + "\n"
        self._same[folded][above] = key
        return None

    def _holding(self, line: str, above: str) -> str | None:
        """The kept passage that holds these words in a row, under the same heading if there is one."""
        at, tried = self._kept.find(line), 0
        while at >= 0 and tried < _TRIED:
            key, under = self._whose[bisect_right(self._starts, at) - 1]
            if above in ("", under):
                return key
            at, tried = self._kept.find(line, at + 1), tried + 1
        return None


def _near(new: _Reading, kept: _Reading) -> bool:
    ours, theirs = new.shingles, kept.shingles
    shared = len(ours & theirs)
    return shared >= JACCARD * (len(ours) + len(theirs) - shared) and new.stems <= kept.stems


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _read(text: str) -> _Reading:
    words = _WORD.findall(text)
    return _Reading(tuple(map(str.lower, words)), tuple(w.lower() for w in words if _decides(w)))


@lru_cache(maxsize=65_536)
def _decides(word: str) -> bool:
    low = word.lower()
    return (
        not word.isalpha()
        or low in _DECIDES
        or low in POLES
        or (word != low and (low not in STOPWORDS or word.isupper()))
        or len(word) == 1
        or not word.isascii()
        or _TURNED.fullmatch(low) is not None
        or find_unit(word) is not None
    )


def _runs(words: tuple[str, ...], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[n:] for n in range(size)), strict=False)
