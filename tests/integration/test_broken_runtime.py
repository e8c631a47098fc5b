"""A runtime is somebody else's code: however it breaks, the session says so, and a retry completes it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import pytest

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
from proofroom.domain.errors import Unavailable
from proofroom.engine import leg
from proofroom.services import work_requests
from tests.integration.rooms import FINDING, FINISH, Room

Turn = Callable[[TurnRequest], AsyncIterator[AgentEvent]]


class Once:
    """Breaks in its first turn; afterwards it is the runtime that was asked for."""

    def __init__(self, sound: AgentRuntime, turn: Turn) -> None:
        self.sound, self.broken, self.turns = sound, turn, 0
        self.capabilities = sound.capabilities
        self.interrupt = sound.interrupt

    def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        self.turns += 1
        return self.broken(request) if self.turns == 1 else self.sound.turn(request)


def raises(error: BaseException) -> Turn:
    async def turn(request: TurnRequest) -> AsyncIterator[AgentEvent]:
        yield Said("I begin.")
        raise error

    return turn


def plays(*events: Any, then: Callable[[], Awaitable[Any]] | None = None) -> Turn:
    async def turn(request: TurnRequest) -> AsyncIterator[AgentEvent]:
        for event in events:
            yield cast(AgentEvent, event)
        if then is not None:
            await then()

    return turn


async def exits() -> None:
    sys.exit(3)


BREAKS: dict[str, tuple[Turn, str]] = {
    "the connection is gone": (raises(ConnectionError("reset by peer")), "ConnectionError: reset by peer"),
    "the connection timed out": (raises(TimeoutError("read")), "timed out"),
    "it cancels itself": (raises(asyncio.CancelledError()), "cancelled itself"),
    "it wants the process to end": (plays(then=exits), "SystemExit"),
    "an error nobody can print": (raises(ValueError("\x00\ud800")), "ValueError"),
    "junk instead of an event": (plays({"type": "finish"}), "AssertionError"),
    "nothing instead of an event": (plays(None), "AssertionError"),
    "the stream is cut": (plays(Said("I beg")), "without saying how"),
    "nothing at all": (plays(), "without saying how"),
    "it ends twice": (plays(Finished("Done"), Finished("Done")), "twice"),
    "it ends and then fails": (plays(Finished("Done"), Failed("x", "y", retryable=True)), "twice"),
    "it stops though nobody asked": (plays(Suspended()), "nobody asked"),
    "a state that is no JSON": (plays(StateSaved({"x": object()})), "not JSON serializable"),
    "a cost that is no number": (plays(StateSaved({}, Usage(cost_usd=float("nan")))), "without saying how"),
    "a code that is none": (plays(Failed("Not A Code\x00", "It\x00 broke.", retryable=True)), "It\ufffd broke."),
    "words that are none": (plays(Said(cast(str, 7))), "without saying how"),
}  # fmt: skip


def with_runtime(room: Room, turn: Turn) -> Room:
    sound = room.parts.catalog.make_runtime
    made: list[Once] = []

    def make(name: str) -> AgentRuntime:
        if not made:
            made.append(Once(sound(name), turn))
        return made[0]

    return replace(room, parts=replace(room.parts, catalog=replace(room.parts.catalog, make_runtime=make)))


@pytest.mark.parametrize("how", BREAKS)
async def test_a_broken_turn_is_a_retryable_failure_and_a_retry_completes(room: Room, how: str) -> None:
    turn, said = BREAKS[how]
    broken = with_runtime(room, turn)
    row = await broken.run(room.script(FINDING, FINISH))
    assert row.failure is not None
    assert (row.status, row.failure["code"], row.failure["retryable"]) == ("failed", "runtime_error", True)
    assert said in row.failure["message"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.retry(tx, room.actor, row.id)
    assert await broken.gates(row.id) == [["final"]]
    assert (await room.row(row.id)).status == "completed"


async def test_what_a_person_was_to_see_first_comes_first_when_the_leg_broke_before_it_stopped(
    room: Room,
) -> None:
    """The call and its trigger are recorded; the turn is made again, and may do nothing after that call."""

    async def asks_and_breaks(request: TurnRequest) -> AsyncIterator[AgentEvent]:
        yield Said("I begin.")
        assert (await request.tools.call("request_review", {"reason": "Look"})).suspend
        raise Unavailable("database_unavailable", "The database is away.", hint="")

    broken = with_runtime(room, asks_and_breaks)
    session_id = await broken.file(
        room.script({"request_review": "Look"}, FINDING, FINISH), "auto_approve_low_risk"
    )
    with pytest.raises(Unavailable):
        await broken.drive(session_id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await work_sessions.renew_lease(tx, session_id, 1, -1)
    row = await broken.drive(session_id)
    assert (row.status, row.leg) == ("pending_review", 2)
    waiting = await room.waiting(session_id)
    assert (waiting.reasons, waiting.packet["artifacts"]) == (["review_requested"], [])


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_turn_that_never_ends_uses_up_its_time_and_a_person_decides(room: Room) -> None:
    broken = with_runtime(room, plays(Said("I think."), then=forever))
    row = await broken.run(room.script(FINDING, FINISH), budget={"seconds": 0.5})
    assert row.status == "pending_review"
    assert (await room.waiting(row.id)).reasons == ["budget"]


async def test_a_turn_that_lingers_after_its_end_has_ended(room: Room) -> None:
    broken = with_runtime(room, plays(Failed("provider_error", "529", retryable=True), then=forever))
    row = await broken.run(room.script(FINDING, FINISH), budget={"seconds": 0.5})
    assert row.failure is not None
    assert row.failure["code"] == "provider_error"


async def test_a_turn_that_never_ends_is_cancelled_at_once(room: Room) -> None:
    broken = with_runtime(room, plays(Said("I think."), then=forever))
    session_id = await broken.file(room.script(FINDING, FINISH))
    running = asyncio.create_task(leg.run_leg(broken.parts, room.actor.workspace_id, session_id))
    while "said" not in [e.type for e in await room.events(session_id)]:
        await asyncio.sleep(0.02)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.cancel(tx, room.actor, session_id)
    leg.interrupt(session_id)
    assert await asyncio.wait_for(running, 10) is True
    assert (await room.row(session_id)).status == "cancelled"
