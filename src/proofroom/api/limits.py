"""How much one caller may ask for: requests a minute, and sessions that wait in the queue.

Requests are counted in this process alone, so behind several API processes a limit holds for each of them.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from proofroom.api import auth
from proofroom.api.deps import Call
from proofroom.db import figures
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.errors import TooMany
from proofroom.domain.work_session import Status
from proofroom.services.access import Actor
from proofroom.settings import Settings
from proofroom.telemetry import metrics

DEFAULT_USER = 600
DEFAULT_WORKSPACE = 6_000
DEFAULT_CAPTURES = 120
DEFAULT_EXECUTIONS = 60
MAX_KNOWN = 20_000
QUEUE_FULL_SECONDS = 10.0

_EXECUTES = re.compile(
    r"/api/projects/[^/]+/(?:checks|work-sessions(?:/[^/]+/(?:execute|retry|fork))?)"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a minute; None is any number."""

    user: int | None = None
    workspace: int | None = None
    captures: int | None = None
    executions: int | None = None


def rates_of(settings: Settings, *, local: bool) -> Rates:
    """What is set; 0 is no limit. What is not set has no limit in local mode and a default elsewhere."""

    def chosen(value: int | None, default: int) -> int | None:
        return (None if local else default) if value is None else (value or None)

    return Rates(
        chosen(settings.requests_per_minute, DEFAULT_USER),
        chosen(settings.workspace_requests_per_minute, DEFAULT_WORKSPACE),
        chosen(settings.captures_per_minute, DEFAULT_CAPTURES),
        chosen(settings.executions_per_minute, DEFAULT_EXECUTIONS),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """One limit that a request falls under."""

    kind: str
    whose: tuple[object, ...]
    rate: int
    says: str


@dataclass(slots=True)
class Gate:
    """Lets a request pass or says when to come again.

    Each limit is a bucket of a minute's requests that refills evenly.
    """

    rates: Rates
    clock: Callable[[], float] = time.monotonic
    _left: dict[tuple[object, ...], tuple[float, float, int]] = field(
        default_factory=dict[tuple[object, ...], tuple[float, float, int]]
    )

    def admit(self, actor: Actor, method: str, path: str) -> None:
        """Raises TooMany (`rate_limited`). A request that is refused uses nothing up."""
        now = self.clock()
        asked = list(self._asked(actor, method, path))
        found = [(a, (a.kind, *a.whose), self._now_left((a.kind, *a.whose), a.rate, now)) for a in asked]
        for a, _, left in found:
            if left < 1:
                metrics.limited.add((a.kind,))
                raise TooMany(
                    "rate_limited",
                    f"{a.says}: more than {a.rate:,} a minute.",
                    hint="Wait as long as Retry-After says, and ask less often.",
                    retry_after=(1 - left) * 60 / a.rate,
                )
        for a, key, left in found:
            self._left[key] = (left - 1, now, a.rate)
        if len(self._left) > MAX_KNOWN:
            self._forget_idle(now)

    def _asked(self, actor: Actor, method: str, path: str) -> Iterable[_Asked]:
        # An agent's key is counted by itself, so that a busy agent does not shut its owner out.
        whose = (actor.member_id, actor.scope)
        rates = self.rates
        if rates.user is not None:
            yield _Asked("user", whose, rates.user, "Requests of this user")
        if rates.workspace is not None:
            yield _Asked("workspace", (actor.workspace_id,), rates.workspace, "Requests of this workspace")
        if rates.captures is not None and method in ("POST", "PUT") and auth.takes_files(path):
            yield _Asked("captures", whose, rates.captures, "Sources added by this user")
        if rates.executions is not None and method == "POST" and _EXECUTES.fullmatch(path):
            yield _Asked("executions", whose, rates.executions, "Work started by this user")

    def _now_left(self, key: tuple[object, ...], rate: int, now: float) -> float:
        left, at, _ = self._left.get(key, (float(rate), now, rate))
        return min(float(rate), left + (now - at) * rate / 60)

    def _forget_idle(self, now: float) -> None:
        """Who could ask for a whole minute's again need not be remembered."""
        self._left = {
            key: (left, at, rate)
            for key, (left, at, rate) in self._left.items()
            if left + (now - at) * rate / 60 < rate
        }


async def require_room(tx: Tx, call: Call, row: WorkSession) -> WorkSession:
    """The session again, unless it was queued now and too many of its workspace wait already.

    Raised inside the transaction that queued it, which leaves nothing of it. Decisions are never refused so, although
    they queue the next leg. Raises TooMany (`queue_full`).
    """
    most = call.serving.settings.max_queued
    if most is None or row.status != Status.QUEUED or not await figures.more_queued_than(tx, most):
        return row
    metrics.limited.add(("queue",))
    raise TooMany(
        "queue_full",
        f"{most:,} sessions of this workspace wait for a worker already. Nothing was started.",
        hint="Try again when some are done; more workers do more at a time.",
        retry_after=QUEUE_FULL_SECONDS,
    )
