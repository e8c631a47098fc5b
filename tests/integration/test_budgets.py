"""Budgets: asked for before a turn that would probably exceed one, stopped after a turn that did, nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from proofroom.agents.runtimes.base import AgentEvent, AgentRuntime, Finished, StateSaved, TurnRequest, Usage
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints
from proofroom.domain.policy import Strategy
from proofroom.engine import turns
from proofroom.services import review, views
from tests.integration.rooms import FINDING, FINISH, Room

SEARCH: Mapping[str, Any] = {"search": {"query": "factor"}}


def turn(usd: float, tokens: int = 100) -> Mapping[str, Any]:
    return {"usage": {"model": "their-model", "tokens_in": tokens, "cost_usd": usd}}


async def counted(room: Room, session_id: Any) -> list[str]:
    """The kinds of what cost something or was made, in order."""
    kinds = ("turn_used", "tool_called", "artifact_saved", "checkpoint_opened")
    return [e.type for e in await room.events(session_id) if e.type in kinds]


@pytest.mark.parametrize("strategy", Strategy)
async def test_a_person_is_asked_before_the_turn_that_would_go_over(room: Room, strategy: Strategy) -> None:
    runtime = room.script(turn(0.4), SEARCH, FINDING, turn(0.4), FINISH)
    plan = {"plan": [{"title": "Read"}]}
    if strategy is Strategy.CHECKPOINT_REQUIRED:
        runtime = room.script(plan, turn(0.4), SEARCH, FINDING, turn(0.4), FINISH)
    session_id = await room.file(runtime, strategy.value, budget={"usd": 0.7, "tokens": 5_000})
    row = await room.drive(session_id)
    if strategy is Strategy.CHECKPOINT_REQUIRED:
        await room.approve(session_id)
        row = await room.drive(session_id)
    assert row.status == "pending_review"
    waiting = await room.waiting(session_id)
    assert waiting.reasons == ["budget"]
    (said,) = [t["detail"] for t in waiting.packet["triggers"] if t["kind"] == "budget"]
    assert said["text"] == (
        "The budget is nearly used up: $0.40 of $0.70. It went into 1 turn: their-model (1 turn, 100 tokens, $0.40). "
        "By the turns before, the next one uses up to $0.40. Approving adds $0.70 and 5,000 tokens."
    )
    assert (said["state"], said["adds"]) == ("near", {"usd": 0.7, "tokens": 5_000})
    # the call that was on its way was made and is kept; the turn after it was not
    assert await counted(room, session_id) == [
        *(["checkpoint_opened"] if strategy is Strategy.CHECKPOINT_REQUIRED else []),
        "turn_used", "tool_called", "checkpoint_opened",
    ]  # fmt: skip
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert views.headline(await checkpoints.get(tx, waiting.id)) == "The budget is nearly used up"
    assert await room.gates(session_id) == [["budget"], ["final"]]
    # it went on where it stopped: nothing was made or paid for twice
    kinds = await counted(room, session_id)
    assert [kinds.count(k) for k in ("turn_used", "tool_called", "artifact_saved")] == [2, 1, 1]
    row = await room.row(session_id)
    assert (row.status, row.usage["cost_usd"], row.budget["extensions"]) == ("completed", 0.8, 1)


async def test_work_that_is_done_near_its_limit_asks_for_nothing(room: Room) -> None:
    row = await room.run(room.script(FINDING, turn(0.95), FINISH), budget={"usd": 1})
    assert (await room.waiting(row.id)).reasons == ["final"]


async def test_work_that_is_done_over_its_limit_asks_for_nothing_either(room: Room) -> None:
    row = await room.run(room.script(FINDING, turn(1.5), FINISH), budget={"usd": 1})
    assert (await room.waiting(row.id)).reasons == ["final"]


async def test_a_call_after_a_turn_that_went_over_is_made_and_then_a_person_decides(room: Room) -> None:
    session_id = await room.file(room.script(turn(1.5), FINDING, turn(0.1), FINISH), budget={"usd": 1})
    row = await room.drive(session_id)
    waiting = await room.waiting(session_id)
    assert waiting.reasons == ["budget"]
    (said,) = [t["detail"] for t in waiting.packet["triggers"] if t["kind"] == "budget"]
    assert said["text"].startswith("The budget is used up: $1.50 of $1.00.")
    assert (said["state"], said["adds"]) == (
        "used_up",
        {"usd": 2},
    )  # as much as a turn like the last one needs
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert len(await db_artifacts.current(tx, row.id)) == 1
    assert await room.gates(session_id) == [["budget"], ["final"]]
    row = await room.row(session_id)
    assert (row.usage["turns"], row.budget["extensions"]) == (2, 2)


def with_runtime(room: Room, runtime: AgentRuntime) -> Room:
    catalog = replace(room.parts.catalog, make_runtime=lambda _: runtime)
    return replace(room, parts=replace(room.parts, catalog=catalog))


class Spender:
    """Turn after turn, and no call in between: what does not come past us is stopped by us."""

    def __init__(
        self,
        room: Room,
        each: Usage,
        turns_wanted: int,
        *,
        before: Callable[[], Awaitable[Any]] | None = None,
        then: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self.before, self.then = before, then
        sound = room.parts.catalog.make_runtime("extractive")
        self.capabilities = replace(sound.capabilities, uses_model=True)
        self.interrupt = sound.interrupt
        self.each, self.wanted = each, turns_wanted
        self.asked: list[TurnRequest] = []
        self.closed = 0

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        self.asked.append(request)
        try:
            done = int((request.state or {}).get("done", 0))
            while done < self.wanted:
                done += 1
                if self.before is not None:
                    await self.before()
                yield StateSaved({"done": done}, self.each)
            if self.then is not None:
                await self.then()
            yield Finished("Done")
        finally:
            self.closed += 1


async def test_a_runtime_that_overshoots_is_stopped_after_the_turn(room: Room) -> None:
    spender = Spender(room, Usage(600, 0, 0.1, model="m"), 100)
    own = with_runtime(room, spender)
    row = await own.run(room.script(FINISH), budget={"tokens": 1_000})
    assert (await room.waiting(row.id)).reasons == ["budget"]
    # over after the second turn; a third one that begins all the same is the last
    assert row.usage["turns"] == 3
    assert spender.closed == 1
    assert "in_flight" not in row.usage


async def test_what_is_left_is_told_to_the_runtime(room: Room) -> None:
    spender = Spender(room, Usage(600, 0, 0.25, model="m"), 3)
    own = with_runtime(room, spender)
    session_id = await own.file(room.script(FINISH), budget={"tokens": 1_000, "usd": 10, "seconds": 600})
    await own.drive(session_id)
    await own.approve(session_id)
    await own.drive(session_id)
    first, second = spender.asked
    assert (first.budget.tokens, first.budget.usd, first.purpose) == (1_000, 10.0, "work")
    assert first.budget.seconds is not None
    assert 590 < first.budget.seconds <= 600
    assert second.budget.tokens == 3_000 - 1_800
    assert second.budget.usd == 30 - 0.75


async def test_a_leg_that_begins_without_room_for_a_turn_asks_first(room: Room) -> None:
    asks = {"ask": {"question": "Which?"}}
    session_id = await room.file(room.script(turn(0.6), asks, FINDING, FINISH), budget={"usd": 1})
    assert await room.gates(session_id, {"answer": "This"}) == [["question"], ["budget"], ["final"]]
    assert (await room.row(session_id)).usage["turns"] == 1


async def test_seconds_near_their_limit_are_asked_for_at_the_next_call(room: Room) -> None:
    runtime = room.script({"wait": 1.9}, FINDING, FINISH)
    row = await room.run(runtime, budget={"seconds": 2})
    waiting = await room.waiting(row.id)
    assert waiting.reasons == ["budget"]
    (said,) = [t["detail"] for t in waiting.packet["triggers"]]
    assert said["limit"] == "seconds"
    assert said["adds"] == {"seconds": 2}


async def test_changes_asked_for_at_a_budget_extend_nothing_and_it_asks_again(room: Room) -> None:
    session_id = await room.file(room.script(turn(0.95), FINDING, turn(0.1), FINISH), budget={"usd": 1})
    await room.drive(session_id)
    waiting = await room.waiting(session_id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, session_id, waiting.id, packet_digest=waiting.packet_digest,
            changes=[{"comment": "Shorter"}],
        )  # fmt: skip
    row = await room.drive(session_id)
    assert (row.status, row.iteration) == ("pending_review", 2)
    assert (await room.waiting(session_id)).reasons == ["budget"]
    assert "extensions" not in row.budget
    assert row.usage["turns"] == 1


async def test_a_runtime_that_says_nothing_more_after_it_went_over_is_not_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else would end it: the budget is one in tokens."""
    monkeypatch.setattr(turns, "LAST_WORDS_SECONDS", 0.05)
    lingering = Spender(room, Usage(600, model="m"), 1, then=asyncio.Event().wait)
    own = with_runtime(room, lingering)
    async with asyncio.timeout(60):
        row = await own.run(room.script(FINISH), budget={"tokens": 500})
    assert (await room.waiting(row.id)).reasons == ["budget"]
    assert lingering.closed == 1


async def test_a_turn_whose_runtime_does_not_tell_its_time_is_timed_by_us(room: Room) -> None:
    spender = Spender(room, Usage(10, model="m"), 1, before=lambda: asyncio.sleep(0.01))
    row = await with_runtime(room, spender).run(room.script(FINISH))
    (last,) = row.usage["last"]
    assert last["seconds"] > 0
