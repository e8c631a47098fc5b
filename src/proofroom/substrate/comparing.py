"""Comparing the passages of a project with each other, as it is done in a process of its own; see `comparer`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.domain.contradictions import Contradiction, Place, Told, compare_passages, told_once

MOST_SENTENCES = 10_000
"""Ten thousand sentences of abstracts take about one and a half seconds of processor time."""
MOST_PAIRS = 10_000
"""Pairs that are looked at closely; sentences all of one pattern would take as many as there are."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The first of the `found` contradictions in the order of the passages, and how many sentences of forms are not
    told; see `told_once` and `Comparison`.
    """

    told: tuple[Told, ...]
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
            [c.kind, c.a, c.b, c.subject, c.a_says, c.b_says, _of(c.a_at), _of(c.b_at), one.repeated]
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
    told: list[Told] = []
    for kind, a, b, subject, a_says, b_says, a_at, b_at, repeated in made["told"]:
        one = Contradiction(kind, a, b, subject, a_says, b_says, Place(*a_at), Place(*b_at))
        told.append(Told(one, repeated))
    return Compared(tuple(told), made["found"], made["forms"], made["passages"], made["complete"])
