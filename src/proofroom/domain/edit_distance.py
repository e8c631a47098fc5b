"""How much of what was first shown for signature had to change before it was signed.

The distance of two texts is counted in words: of each stretch that differs, the longer side. That is the Levenshtein
distance along the alignment that `textdiff` finds, so never less than the least possible. A share is that of the words
of the longer text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from proofroom.domain.document import ArtifactDocument
from proofroom.domain.reading import lines_of
from proofroom.domain.textdiff import align

_WORD = re.compile(r"\w+(?:['\u2019.,:-]\w+)*")


@dataclass(frozen=True, slots=True)
class Distance:
    """Words that differ, of the words of the longer text."""

    words: int
    of: int

    @property
    def share(self) -> float:
        """0 where nothing changed, 1 where nothing stayed."""
        return self.words / self.of if self.of else 0.0

    def __add__(self, other: "Distance") -> "Distance":
        return Distance(self.words + other.words, self.of + other.of)


NONE = Distance(0, 0)


def distance(first: ArtifactDocument | None, signed: ArtifactDocument | None) -> Distance:
    """Between two versions of one artifact; None where it did not exist. Citations are left out."""
    a, b = _words(first), _words(signed)
    words = sum(max(a1 - a0, b1 - b0) for equal, a0, a1, b0, b1 in align(a, b) if not equal)
    most = max(len(a), len(b))  # what may always be done: replace each word
    return Distance(min(words, most), most)


def _words(document: ArtifactDocument | None) -> list[str]:
    if document is None:
        return []
    lines = (document.title, *(line for block in document.blocks for line in lines_of(block)))
    return [word for line in lines for word in _WORD.findall(line)]


def figures(distances: Sequence[Distance]) -> dict[str, float | int | None]:
    """{signed, unchanged, median_share, mean_share, words}; shares are None where nothing was signed."""
    shares = [d.share for d in distances]
    return {
        "signed": len(shares),
        "unchanged": sum(d.words == 0 for d in distances),
        "median_share": round(median(shares), 4) if shares else None,
        "mean_share": round(sum(shares) / len(shares), 4) if shares else None,
        "words": sum(d.words for d in distances),
    }
