"""Comparing the passages of a project with each other, as it is done in a process of its own; see `comparer`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from proofroom.domain.contradictions import Place, compare_passages, told_once

MOST_SENTENCES = 10_000
"""Ten thousand sentences of abstracts take about one and a half seconds of processor time."""
MOST_PAIRS = 10_000
"""Pairs that are looked at closely; sentences all of one pattern would take as many as there are."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A `Contradiction` as places alone, and how many other pairs of passages say the same two sentences. No word of a
    source is in it, so it may be kept whatever becomes of the source; `words_at` tells the words.
    """

    kind: Literal["number", "polarity"]
    a: int
    b: int
    a_at: Place
    b_at: Place
    subject_at: tuple[tuple[int, int], ...]
    repeated: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The first of the `found` contradictions in the order of the passages, and how many sentences of forms are not
    told; see `told_once` and `Comparison`.
    """

    told: tuple[Placed, ...]
    found: int
    forms: int
    passages: int
    complete: bool


def compare(texts: Sequence[str], about: int | None, most_told: int) -> dict[str, Any]:
    """What `compare_passages` finds, as JSON; with `about` one of each pair is among so many first passages."""
    made = compare_passages(
        texts,
        None if about is None else range(about),
        most_sentences=MOST_SENTENCES,
        most_pairs=MOST_PAIRS,
        every=True,
    )
    told, forms = told_once(texts, made.found)
    return {
        "told": [
            [c.kind, c.a, c.b, _of(c.a_at), _of(c.b_at), c.subject_at, one.repeated]
            for one in told[:most_told]
            for c in (one.contradiction,)
        ],
        "found": len(told),
        "forms": forms,
        "passages": made.passages,
        "complete": made.complete,
    }


def _of(place: Place) -> list[int]:
    return [place.start, place.end, place.says_start, place.says_end]


def from_json(made: dict[str, Any]) -> Compared:
    """What `compare` answered."""
    told = tuple(
        Placed(
            kind, a, b, Place(*a_at), Place(*b_at), tuple((start, end) for start, end in subject_at), repeated
        )
        for kind, a, b, a_at, b_at, subject_at, repeated in made["told"]
    )
    return Compared(told, made["found"], made["forms"], made["passages"], made["complete"])
