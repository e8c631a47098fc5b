"""One turn of a runtime: its events recorded as they come, its use counted, its failures made failures of the turn."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from typing import Any, assert_never

from proofroom import faults
from proofroom.agents.prices import Prices
from proofroom.agents.runtimes.base import (
    AgentEvent,
    AgentRuntime,
    Failed,
    Finished,
    Said,
    StateSaved,
    Suspended,
    TurnRequest,
    Usage,
)
from proofroom.db import work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import LegLost, Record
from proofroom.domain.budget import Reached, TurnUsed, add_turn
from proofroom.domain.errors import Unavailable
from proofroom.engine.budgets import Watch
from proofroom.engine.parts import Parts
from proofroom.telemetry import metrics

_log = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 2.0
"""How long a runtime that has used up its budget may take to say that it was done anyway."""

End = Finished | Failed | Suspended | Reached


async def play(
    parts: Parts, row: WorkSession, runtime: AgentRuntime, request: TurnRequest, watch: Watch
) -> End:
    """Plays one turn; Reached when it was stopped because a limit of the budget is used up.

    Whatever a runtime raises is a failure of the turn, never of the worker. Raises LegLost, Unavailable.
    """
    end: Finished | Failed | Suspended | None = None
    out: Reached | None = None
    clock = asyncio.timeout(request.budget.seconds)
    meter = _Meter(parts, row, request, watch)
    try:
        async with (
            clock,
            contextlib.aclosing(_events(runtime, request)) as events,
        ):
            async for event in events:
                match event:
                    case StateSaved():
                        await meter.record(event)
                        if out is not None:  # a further turn, though nothing was left for it
                            return out
                        out = watch.used_up()
                        if out is not None:
                            clock.reschedule(asyncio.get_running_loop().time() + LAST_WORDS_SECONDS)
                    case Said():
                        async with parts.db.transaction(row.workspace_id) as tx:
                            held = await work_sessions.fence(tx, row.id, row.leg)
                            await work_sessions.step(
                                tx, held, Record(events=[("said", {"text": text_of(event.text)})])
                            )
                    case Suspended() | Finished() | Failed():
                        if end is not None:
                            return Failed(
                                "runtime_error", "The runtime ended its turn twice.", retryable=True
                            )
                        end = event
                    case _:
                        assert_never(event)
    except TimeoutError:
        if not clock.expired():
            return Failed("runtime_error", "Something that the runtime waited for timed out.", retryable=True)
        if end is not None:  # it had said how it ended, and only lingered
            return end
        out = out or watch.used_up()
        if out is None:  # its clock and ours differ by less than a tick
            out = watch.reached()
        assert out is not None
        return out
    except (LegLost, Unavailable):
        raise
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Failed("runtime_error", "The runtime cancelled itself.", retryable=True)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a runtime is somebody else's code)
        _log.exception("runtime %s broke in session %s", row.runtime, row.id)
        return Failed(
            "runtime_error",
            f"The runtime broke: {type(error).__name__}: {text_of(error, 500)}",
            retryable=True,
        )
    if out is not None and isinstance(end, Failed):  # it would not go on over the limit, and says so
        return out
    if end is None:
        return Failed("runtime_error", "The runtime ended without saying how.", retryable=True)
    return end


async def _events(runtime: AgentRuntime, request: TurnRequest) -> AsyncGenerator[AgentEvent]:
    async for event in runtime.turn(request):
        yield event


class _Meter:
    """Records a model turn as it ends: the runtime's state, what it used and what that cost."""

    def __init__(self, parts: Parts, row: WorkSession, request: TurnRequest, watch: Watch) -> None:
        self._parts, self._row, self._watch = parts, row, watch
        self._purpose = request.purpose
        self._since = time.monotonic()

    async def record(self, event: StateSaved) -> None:
        faults.point("turn_ended", self._row.id)
        now = time.monotonic()
        seconds = event.usage.seconds if event.usage.seconds > 0 else now - self._since
        self._since = now
        prices: Prices = self._parts.catalog.prices
        turn = turn_used(prices, event.usage, seconds)
        async with self._parts.db.transaction(self._row.workspace_id) as tx:
            held = await work_sessions.fence(tx, self._row.id, self._row.leg)
            held = await record_turn(
                tx,
                held,
                turn,
                self._purpose,
                seconds=self._watch.usage["seconds"],
                runtime_state=dict(event.state),
            )
        self._watch.recorded(held.usage)
        metrics.count_turn(
            held.runtime, turn.model, read=turn.tokens_in, written=turn.tokens_out, usd=turn.cost_usd
        )


async def record_turn(
    tx: Tx, held: WorkSession, turn: TurnUsed, purpose: str, *, seconds: float | None = None, **values: Any
) -> WorkSession:
    """Adds a turn to what the session has used, and says so in its history.

    `seconds` is what the session has used of its time up to now: a leg that is cancelled or killed later has used it.
    """
    usage = add_turn(held.usage, turn)
    if seconds is not None:
        usage["seconds"] = seconds
    said = {
        "turn": usage["turns"], "purpose": purpose, "model": turn.model,
        "tokens_in": turn.tokens_in, "tokens_out": turn.tokens_out, "cache_read": turn.cache_read,
        "cache_written": turn.cache_written, "cost_usd": turn.cost_usd, "price": turn.by,
        "seconds": round(turn.seconds, 3), "leg": held.leg,
    }  # fmt: skip
    if turn.settles:
        said["settles"] = turn.settles
    # A turn of a runtime that calls no model uses nothing that anybody would look up.
    charged = turn.model is not None or turn.tokens_in or turn.tokens_out or turn.cost_usd
    record = Record(events=[("turn_used", said)]) if charged else work_sessions.NOTHING
    return await work_sessions.step(tx, held, record, usage=usage, **values)


def turn_used(prices: Prices, used: Usage, seconds: float) -> TurnUsed:
    """What a turn used, with its cost by our own table where the model is in it."""
    cost = prices.cost(used)
    model = None if used.model is None else text_of(used.model, 100)
    return TurnUsed(
        model, max(0, used.tokens_in), max(0, used.tokens_out), max(0, used.cache_read), max(0, used.cache_written),
        max(0.0, cost.usd), max(0.0, seconds), cost.by, max(0, used.settles),
    )  # fmt: skip


def text_of(value: object, limit: int = 2_000) -> str:
    """What a runtime says as text that the database can hold."""
    said = str(value)[:limit].encode("utf-8", "replace").decode("utf-8")
    return said.replace("\x00", "\ufffd")
