"""Which passages of a ranking go into an envelope: weights, room, duplicates, no source taking it all, both sides of a
disagreement. Pure and the same for the same input.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from proofroom.domain.alike import Duplicates
from proofroom.domain.contradictions import Contradiction, find_contradictions

TOKEN_BUDGET = 24_000
MOST_PULLED = 10
PULLED_SHARE = 0.25  # of the room, at most, for second sides that the ranking left out
LOOKED_AT = 40  # passages that were left out, best first, held against those included

Reason = Literal["budget", "duplicate", "source_limit"]


@dataclass(frozen=True, slots=True)
class ContextWeights:
    """What an agent's definition says of its context. A weight multiplies a passage's score; what is not named has 1.

    `kind` is of blocks, `content_type` of sources (`text/csv`, or `text/*` for all of a family), `origin` one of
    captured and approved. `recency` adds up to this share to the newest source of the candidates, nothing to the
    oldest. One source takes at most the share `most_per_source` of the room as long as others have something to say.
    """

    kind: Mapping[str, float] = field(default_factory=dict[str, float])
    content_type: Mapping[str, float] = field(default_factory=dict[str, float])
    origin: Mapping[str, float] = field(default_factory=dict[str, float])
    recency: float = 0.0
    token_budget: int = TOKEN_BUDGET
    most_per_source: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """As the receipt keeps it."""
        return {
            "kind": dict(self.kind),
            "content_type": dict(self.content_type),
            "origin": dict(self.origin),
            "recency": self.recency,
            "most_per_source": self.most_per_source,
        }


def weigh(
    score: float, weights: ContextWeights, *, kind: str, content_type: str, origin: str, age: float
) -> float:
    """A passage's score under the weights. `age` is 0 for the newest source of the candidates and 1 for the oldest."""
    family = content_type.partition("/")[0] + "/*"
    of_type = weights.content_type.get(content_type, weights.content_type.get(family, 1.0))
    factor = weights.kind.get(kind, 1.0) * of_type * weights.origin.get(origin, 1.0)
    return score * factor * (1.0 + weights.recency * (1.0 - age))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may be included. `cost` is its tokens as rendered; `compared` is False for headings and rows of
    tables, which are alike by nature; `marked` for one that seems to speak to a machine or to hide.
    """

    key: str
    source: str
    title: str
    text: str
    heading: str | None
    cost: int
    compared: bool = True
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A candidate that was left out: its place among the candidates, and why. `of` is the place of the included one
    that it repeats.
    """

    at: int
    reason: Reason
    why: str
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Places among the candidates: `taken` best first, `left` in the same order; `pulled` are those of `taken` that are
    there only because they disagree with another, `contradictions` speak of places too.
    """

    taken: tuple[int, ...]
    left: tuple[Left, ...]
    contradictions: tuple[Contradiction, ...]
    pulled: frozenset[int]


def select(
    candidates: Sequence[Candidate],
    room: int,
    *,
    most_per_source: float = 1.0,
    note_cost: Callable[[Contradiction], int] = lambda _: 0,
    full: str = "no room left",
) -> Selection:
    """Fills `room` (tokens) with candidates, best first; then sees to it that both sides of a disagreement are there.

    `note_cost` is what telling of a disagreement takes of the room; `full` is said of what did not fit.
    """
    made = _fill(candidates, room, most_per_source, full)
    near = sorted(one.at for one in made.left if one.reason != "duplicate")[:LOOKED_AT]
    at_hand = sorted(at for at in (*made.taken, *near) if candidates[at].compared)
    found = [
        replace(c, a=at_hand[c.a], b=at_hand[c.b])
        for c in find_contradictions([candidates[at].text for at in at_hand])
    ]
    needed = {at for c in found for at in (c.a, c.b)} | {one.of for one in made.left}
    pulled: set[int] = set()
    told: list[Contradiction] = []
    allowance = int(PULLED_SHARE * room)
    for c in found:
        missing = [at for at in (c.a, c.b) if at not in made.taken]
        cost = sum(candidates[at].cost for at in missing)
        marked = any(candidates[at].marked for at in missing)
        if len(missing) > 1 or cost > allowance or marked or len(pulled) + len(missing) > MOST_PULLED:
            continue
        if not made.free_up(cost + note_cost(c), candidates, needed):
            continue
        allowance -= cost
        for at in missing:
            made.left = [one for one in made.left if one.at != at]
            made.taken.append(at)
            pulled.add(at)
        told.append(c)
    return Selection(
        tuple(sorted(made.taken)),
        tuple(sorted(made.left, key=lambda one: one.at)),
        tuple(told),
        frozenset(pulled),
    )


def side_by_side(order: Sequence[int], contradictions: Sequence[Contradiction]) -> list[int]:
    """The same places, each second side of a disagreement moved right behind its first."""
    partners: dict[int, list[int]] = {}
    place = {at: n for n, at in enumerate(order)}
    for c in contradictions:
        first, second = sorted((c.a, c.b), key=place.__getitem__)
        partners.setdefault(first, []).append(second)
    out: dict[int, None] = {}
    for at in order:
        waiting = [at]
        while waiting:
            one = waiting.pop(0)
            if one not in out:
                out[one] = None
                waiting = sorted(partners.get(one, ()), key=place.__getitem__) + waiting
    return list(out)


@dataclass(slots=True)
class _Filled:
    free: int
    taken: list[int] = field(default_factory=list[int])
    left: list[Left] = field(default_factory=list[Left])

    def free_up(self, cost: int, candidates: Sequence[Candidate], needed: Set[int | None]) -> bool:
        """Takes `cost` of the free room, if need be from the worst passages that nothing needs; False if there are
        too few."""
        gone: list[int] = []
        for at in sorted(self.taken, reverse=True):
            if self.free + sum(candidates[one].cost for one in gone) >= cost:
                break
            if at not in needed:
                gone.append(at)
        gained = sum(candidates[at].cost for at in gone)
        if self.free + gained < cost:
            return False
        self.free += gained - cost
        self.taken = [at for at in self.taken if at not in gone]
        self.left += [Left(at, "budget", "made room for two that disagree") for at in gone]
        return True


def _fill(candidates: Sequence[Candidate], room: int, most_per_source: float, full: str) -> _Filled:
    """Best first; a source that has its share waits until the others had their turn."""
    limit = room if len({c.source for c in candidates}) < 2 else int(most_per_source * room)
    used: Counter[str] = Counter()
    seen = Duplicates()
    made = _Filled(room)
    waiting: list[int] = []

    def take(at: int) -> None:
        candidate = candidates[at]
        same = seen.offer(str(at), candidate.text, candidate.heading) if candidate.compared else None
        if same is not None:
            of = int(same[0])
            made.left.append(Left(at, "duplicate", f"{_LIKE[same[1]]} “{candidates[of].title}”", of))
            return
        made.free -= candidate.cost
        used[candidate.source] += candidate.cost
        made.taken.append(at)

    for at, candidate in enumerate(candidates):
        if candidate.cost > made.free:
            made.left.append(Left(at, "budget", full))
        elif used[candidate.source] + candidate.cost > limit:
            waiting.append(at)
        else:
            take(at)
    for at in waiting:
        if candidates[at].cost > made.free:
            share = f"“{candidates[at].title}” has its share of the room already"
            made.left.append(Left(at, "source_limit", share))
        else:
            take(at)
    return made


_LIKE = {
    "same": "the same words as in",
    "near": "nearly the same words as in",
    "inside": "all of its words are in",
}
