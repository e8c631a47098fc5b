"""One order out of two scores: words and meaning, each brought to 0 to 1 over the candidates, half and half.

A convex combination of min-max normalised scores: S. Bruch, S. Gai, A. Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", ACM Transactions on Information Systems 42(1), 2023. The minimum is a fixed 0 for both, which is what
a passage without a common word scores, and about what the vectors of two texts on different matters score: so the
worst of two good candidates is not pushed down to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from proofroom.db.retrieval import Candidate

MEANING = 0.5
"""The share of the vectors."""

NEAR = 0.5
"""From this share of the nearest candidate's cosine on meaning speaks for a block."""

UNRELATED = 0.2
"""A block below this cosine that holds none of the query's words is not found: it is on another matter. Of the passages
judged relevant in SciFact's train part 0.7 % lie below it."""


@dataclass(frozen=True, slots=True)
class Fused:
    """A block with its score, 0 to 1, and what speaks for it: "text", "meaning", both or (far down) neither."""

    block_id: UUID
    score: float
    matched: tuple[str, ...]


def fuse(candidates: Sequence[Candidate]) -> list[Fused]:
    """Best first; equal scores in the order of the ids.

    A block without a vector yet is taken to mean what its words say: it counts as its text score alone, neither
    favoured nor held back.
    """
    words = _scaled([one.text for one in candidates])
    near = _near(candidates)
    found: list[Fused] = []
    for one, text, meaning in zip(candidates, words, near, strict=True):
        if one.text <= 0 and (one.cosine is None or one.cosine < UNRELATED):
            continue
        score = text if meaning is None else (1 - MEANING) * text + MEANING * meaning
        found.append(Fused(one.block_id, score, _matched(one, meaning)))
    return sorted(found, key=lambda one: (-one.score, one.block_id))


def by_meaning(candidates: Sequence[Candidate]) -> list[Fused]:
    """By the cosine alone, best first; blocks without a vector and unrelated ones are left out."""
    near = _near(candidates)
    found = [
        Fused(one.block_id, one.cosine, _matched(one, meaning))
        for one, meaning in zip(candidates, near, strict=True)
        if one.cosine is not None and one.cosine >= UNRELATED
    ]
    return sorted(found, key=lambda one: (-one.score, one.block_id))


def _matched(one: Candidate, meaning: float | None) -> tuple[str, ...]:
    text = ("text",) if one.text > 0 else ()
    return (*text, "meaning") if meaning is not None and meaning >= NEAR else text


def _near(candidates: Sequence[Candidate]) -> list[float | None]:
    scaled = iter(_scaled([one.cosine for one in candidates if one.cosine is not None]))
    return [None if one.cosine is None else next(scaled) for one in candidates]


def _scaled(scores: Sequence[float]) -> list[float]:
    """Scores as shares of the highest; those below 0 are 0."""
    high = max(scores, default=0.0)
    return [max(score, 0.0) / high if high > 0 else 0.0 for score in scores]
