"""What a project's settings would have said of a final gate that was reached: asked later, changing nothing."""

from dataclasses import dataclass, replace
from datetime import datetime

from proofroom.domain.deadlines import deadlines
from proofroom.domain.policy import Facts, Gate, Pause, Strategy, evaluate
from proofroom.domain.policy_settings import PolicySettings
from proofroom.domain.risk import Consequence


@dataclass(frozen=True, slots=True)
class Reached:
    """A final gate as it was. `facts` without what settings say; `authors`: how many people asked for the work or wrote
    in it; `decided_at` None while nobody has decided, or where policy did."""

    strategy: Strategy
    facts: Facts
    consequence: Consequence
    authors: int
    opened_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """`stops`: a person must sign, `quorum` of them, `barred` may not. `late`, `expired`: it was decided, and only
    after it would have been due, or would have lapsed."""

    stops: bool
    because: tuple[str, ...]
    quorum: int
    barred: int
    due_at: datetime | None
    expires_at: datetime | None
    late: bool
    expired: bool


def said(settings: PolicySettings, gate: Reached, may_sign: bool) -> Said:
    """`may_sign`: whether policy may sign where the settings leave it to the workspace."""
    quorum = settings.needed(gate.consequence)
    opted_in = may_sign if settings.policy_may_sign is None else settings.policy_may_sign
    verdict = evaluate(gate.strategy, Gate.FINAL, replace(gate.facts, opted_in=opted_in, signatures=quorum))
    stops = isinstance(verdict, Pause)
    times = deadlines(settings, gate.opened_at)

    def passed(at: datetime | None) -> bool:
        return stops and at is not None and gate.decided_at is not None and gate.decided_at > at

    return Said(
        stops, verdict.because, quorum, gate.authors if settings.separate_duties else 0,
        times.due_at if stops else None, times.expires_at if stops else None,
        late=passed(times.due_at), expired=passed(times.expires_at),
    )  # fmt: skip


def differs(one: Said, other: Said) -> tuple[str, ...]:
    """Names of what the second says otherwise."""
    names = ("stops", "quorum", "barred", "due_at", "expires_at", "late", "expired")
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))
