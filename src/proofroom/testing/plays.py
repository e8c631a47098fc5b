"""What a scripted model does in the conformance suite, and the faults that come in its way.

A play looks at nothing but the conversation it is sent: it takes the step after the last answered call. So it goes on
rightly after a retry, a resume and a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from proofroom.testing.model_server import (
    Fault,
    Step,
    broken_off,
    call,
    cut,
    forever,
    junk,
    say,
    status,
    stream_error,
)
from proofroom.testing.wire import ModelRequest, Reply

FINDING = "Worked out again, the closest approach came to 57 km. [[b2|the closest approach came to 57 km]]"
STANDARD: Sequence[Reply] = (
    replace(call("emit_plan", steps=[{"title": "Look"}]), tokens_in=1_000, tokens_out=11, cache_written=900),
    replace(call("search_context", query="closest approach"), tokens_in=200, tokens_out=12, cache_read=900),
    replace(
        call("emit_artifact", slot="finding-1", type="generic_output", title="One", markdown=FINDING),
        tokens_in=300, tokens_out=130, cache_read=900, cache_written=100,
    ),
    replace(
        call("emit_artifact", slot="finding-2", type="generic_output", title="Two", markdown=FINDING),
        tokens_in=400, tokens_out=140, cache_read=1_000,
    ),
    say("Two findings.\nNot found: who paid for it", tokens_in=50, tokens_out=15, cache_read=1_400),
)  # fmt: skip
"""Plan, look, two artifacts, end."""
MIDDLE = 2
"""Answered calls at which faults come: after these, before the first artifact."""


def following(steps: Sequence[Reply | Fault]) -> Callable[[ModelRequest], Step]:
    """The play that takes the step after the last answered call; the last step again when there are no more."""
    return lambda request: steps[min(len(request.results), len(steps) - 1)]


def standard() -> Step:
    return forever(following(STANDARD))


def disturbed(fault: Fault, *, times: int | None = None, at: int = MIDDLE) -> Step:
    """The standard play with a fault in place of the step after `at` answered calls: `times` times, None for always."""
    came = 0

    def step(request: ModelRequest) -> Step:
        nonlocal came
        if len(request.results) == at and (times is None or came < times):
            came += 1
            return fault
        return following(STANDARD)(request)

    return forever(step)


@dataclass(frozen=True, slots=True)
class FaultCase:
    """`codes` are those that a turn may fail with when the fault stays; None in `retryable`: either is right."""

    make: Callable[[], Fault]
    codes: frozenset[str]
    retryable: bool | None = True


_BROKEN = frozenset({"provider_error", "provider_busy"})
FAULTS: Mapping[str, FaultCase] = {
    "401": FaultCase(lambda: status(401), frozenset({"provider_key_invalid"}), retryable=True),
    "403": FaultCase(
        lambda: status(403), frozenset({"provider_key_invalid", "provider_error"}), retryable=None
    ),
    "429": FaultCase(lambda: status(429, retry_after=0), frozenset({"provider_busy"})),
    "429-for-an-hour": FaultCase(lambda: status(429, retry_after=3_600), frozenset({"provider_busy"})),
    "500": FaultCase(lambda: status(500), _BROKEN),
    "529": FaultCase(lambda: status(529), frozenset({"provider_busy"})),
    "junk": FaultCase(junk, frozenset({"provider_error"})),
    "json-of-something-else": FaultCase(lambda: junk('{"hello": "world"}'), frozenset({"provider_error"})),
    "cut": FaultCase(lambda: cut(STANDARD[MIDDLE]), _BROKEN),
    "broken-off": FaultCase(lambda: broken_off(STANDARD[MIDDLE]), _BROKEN),
    "error-in-the-stream": FaultCase(lambda: stream_error(STANDARD[MIDDLE]), _BROKEN),
}
"""Faults of a provider, by name."""
PASSING = ("429", "500", "529", "junk", "json-of-something-else", "cut", "broken-off", "error-in-the-stream")
"""Those that may come once and pass."""
