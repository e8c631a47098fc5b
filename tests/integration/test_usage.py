"""What turns used: recorded one by one, by model, priced by our table; and turns that a crash cut off."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from proofroom.domain.work_session import MAX_UNSETTLED_CLAIMS
from proofroom.engine import leg
from proofroom.services import analytics, legs, views, work_requests
from tests.integration.conftest import make_project
from tests.integration.rooms import FINDING, FINISH, Room

OPUS: Mapping[str, Any] = {
    "usage": {"model": "claude-opus-4-5", "tokens_in": 10_000, "tokens_out": 500, "cache_read": 8_000}
}
"""2,000 at $5, 8,000 at $0.50 and 500 at $25 a million: $0.0265."""
MINE: Mapping[str, Any] = {"usage": {"model": "my-model", "tokens_in": 100, "tokens_out": 10}}
THEIRS: Mapping[str, Any] = {"usage": {"model": "their-model", "tokens_in": 5, "cost_usd": 0.25}}


async def shown(room: Room, session_id: UUID) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return (await views.session(tx, room.parts.catalog, await room.row(session_id)))["usage"]


async def test_every_turn_is_recorded_and_priced(room: Room) -> None:
    row = await room.run(room.script(OPUS, FINDING, OPUS, MINE, THEIRS, FINISH))
    said = [e.data for e in await room.events(row.id) if e.type == "turn_used"]
    assert [(d["turn"], d["model"], d["cost_usd"], d["price"]) for d in said] == [
        (1, "claude-opus-4-5", 0.0265, "table"),
        (2, "claude-opus-4-5", 0.0265, "table"),
        (3, "my-model", 0.0, "unknown"),
        (4, "their-model", 0.25, "provider"),
    ]
    assert {k: said[0][k] for k in ("purpose", "tokens_in", "tokens_out", "cache_read", "cache_written", "leg")} == {
        "purpose": "work", "tokens_in": 10_000, "tokens_out": 500, "cache_read": 8_000, "cache_written": 0, "leg": 1,
    }  # fmt: skip
    usage = await shown(room, row.id)
    assert (usage["tokens_in"], usage["tokens_out"], usage["turns"]) == (20_105, 1_010, 4)
    assert (usage["cost_usd"], usage["unpriced"], usage["turns_lost"]) == (0.303, True, 0)
    assert {m["model"]: (m["turns"], m["cost_usd"], m["unpriced"]) for m in usage["models"]} == {
        "claude-opus-4-5": (2, 0.053, False),
        "my-model": (1, 0.0, True),
        "their-model": (1, 0.25, False),
    }


async def test_a_runtime_without_a_model_used_time_only(room: Room) -> None:
    row = await room.run("extractive")
    assert "turn_used" not in [e.type for e in await room.events(row.id)]
    usage = await shown(room, row.id)
    assert (usage["tokens"], usage["cost_usd"], usage["models"], usage["unpriced"]) == (0, 0.0, [], False)
    assert usage["seconds"] > 0


async def test_a_turn_that_a_crash_cut_off_is_said_to_be_lost_once(room: Room) -> None:
    session_id = await room.file(room.script(OPUS, FINDING, FINISH, uses_model=True))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await legs.claim(tx, session_id, owner="dead", lease_seconds=60)
        assert row is not None
        # a worker that went away after it had begun: its lease is over and its mark stands there
        await tx.execute(
            text(
                "UPDATE work_sessions SET lease_until = now() - interval '1 minute',"
                " usage = '{\"in_flight\": 1}' WHERE id = :id"
            ),
            {"id": session_id},
        )
    await room.drive(session_id)
    lost = [e.data for e in await room.events(session_id) if e.type == "turn_lost"]
    assert [d["leg"] for d in lost] == [1]
    assert "may have been charged" in lost[0]["why"]
    usage = await shown(room, session_id)
    assert (usage["turns"], usage["turns_lost"]) == (1, 1)
    await room.approve(session_id)
    row = await room.drive(session_id)
    assert row.status == "completed"
    assert [e.type for e in await room.events(session_id)].count("turn_lost") == 1


async def test_a_turn_that_a_cancellation_cut_off_is_said_to_be_lost(room: Room, tmp_path: Path) -> None:
    """What was used up to then is kept, the time of it too; what is cut off may have been charged."""
    gate = {"wait_for_file": {"path": str(tmp_path / "gate"), "seconds": 600}}
    session_id = await room.file(room.script(OPUS, FINDING, gate, FINISH, uses_model=True))
    working = asyncio.create_task(room.drive(session_id))
    async with asyncio.timeout(30):
        while "artifact_saved" not in [e.type for e in await room.events(session_id)]:
            await asyncio.sleep(0.02)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_requests.cancel(tx, room.actor, session_id)
    leg.interrupt(session_id)
    await working
    events = await room.events(session_id)
    assert [e.type for e in events][-2:] == ["turn_lost", "cancelled"]
    assert (events[-2].data["leg"], "may have been charged" in events[-2].data["why"]) == (row.leg - 1, True)
    usage = await shown(room, session_id)
    assert (usage["turns"], usage["turns_lost"]) == (1, 1)
    assert usage["seconds"] > 0
    assert "in_flight" not in (await room.row(session_id)).usage


async def test_a_turn_that_the_last_of_many_crashes_cut_off_is_said_to_be_lost(room: Room) -> None:
    session_id = await room.file(room.script(OPUS, FINDING, FINISH, uses_model=True))
    for n in range(MAX_UNSETTLED_CLAIMS + 1):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            row = await legs.claim(tx, session_id, owner="dead", lease_seconds=60)
            assert (row is None) == (n == MAX_UNSETTLED_CLAIMS)
            await tx.execute(
                text(
                    "UPDATE work_sessions SET lease_until = now() - interval '1 minute',"
                    " usage = usage || jsonb_build_object('in_flight', leg) WHERE id = :id AND status = 'in_progress'"
                ),
                {"id": session_id},
            )
    assert ((await room.row(session_id)).failure or {})["code"] == "poisoned"
    usage = await shown(room, session_id)
    assert usage["turns_lost"] == MAX_UNSETTLED_CLAIMS
    assert [e.type for e in await room.events(session_id)].count("turn_lost") == MAX_UNSETTLED_CLAIMS


async def test_no_turn_is_lost_where_every_leg_settles(room: Room) -> None:
    asks = {"ask": {"question": "Which?"}}
    session_id = await room.file(room.script(OPUS, FINDING, asks, OPUS, FINISH, uses_model=True))
    assert await room.gates(session_id, {"answer": "This"}) == [["question"], ["final"]]
    kinds = [e.type for e in await room.events(session_id)]
    assert (kinds.count("turn_used"), kinds.count("turn_lost")) == (2, 0)


async def test_figures_by_model_of_a_project_and_of_all(room: Room) -> None:
    await room.run(room.script(OPUS, MINE, FINDING, FINISH))
    await room.run(room.script(OPUS, FINDING, FINISH))
    await room.run(room.script(FINDING, FINISH))
    other = await make_project(room.db, room.actor.workspace_id, "Other")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        used = (await analytics.summary(tx))["usage"]
        none = (await analytics.summary(tx, project_id=other))["usage"]
    assert (used["tokens"], used["cost_usd"], used["turns"], used["unpriced_sessions"]) == (
        21_110,
        0.053,
        3,
        1,
    )
    assert used["by_model"] == [
        {
            "model": "claude-opus-4-5", "sessions": 2, "turns": 2, "tokens_in": 20_000, "tokens_out": 1_000,
            "cost_usd": 0.053, "unpriced": False,
        },
        {
            "model": "my-model", "sessions": 1, "turns": 1, "tokens_in": 100, "tokens_out": 10, "cost_usd": 0.0,
            "unpriced": True,
        },
    ]  # fmt: skip
    assert (none["tokens"], none["by_model"]) == (0, [])
