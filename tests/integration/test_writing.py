"""What a write leaves in the objects that its transaction holds is what stands in the database."""

from typing import Any

import pytest
from sqlalchemy import inspect, text

from proofroom.db import artifacts, checkpoints, work_sessions
from proofroom.db.work_sessions import NOW, Record
from proofroom.domain.errors import Conflict
from tests.integration.rooms import FINDING, FINISH, Room


def _held(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}


async def test_a_row_that_was_written_is_as_it_would_be_read(room: Room) -> None:
    session = (await room.run(room.script(FINDING, FINISH))).id
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.lock(tx, session)
        before = row.event_seq
        said = Record(events=[("progress", {"done": 1})], audits=[("noted", {"what": "x"})])
        written = await work_sessions.step(
            tx, row, said, progress={"whole": 1e3, "of": (1, 2), "": None}, settled_at=NOW, phase="here"
        )
        held = _held(written)
        assert written is row
        assert (held["event_seq"], held["phase"]) == (before + 1, "here")
        assert held == _held(await work_sessions.get(tx, session))
        assert held["settled_at"] is not None

        waiting = await checkpoints.open_one(tx, session)
        assert waiting is not None
        changed = await checkpoints.change(tx, waiting.id, packet={"a": [1.0, None]}, undo_until=None)
        held = _held(changed)
        assert changed is waiting
        assert held == _held(await checkpoints.get(tx, waiting.id))


async def test_a_row_that_nobody_holds_is_answered_whole(room: Room) -> None:
    session = (await room.run(room.script(FINDING, FINISH))).id
    waiting = await room.waiting(session)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        changed = await checkpoints.change(tx, waiting.id, remind_at=None)
        assert (changed.packet_digest, changed.kind) == (waiting.packet_digest, "final")


async def test_a_row_of_another_transaction_is_not_written(room: Room) -> None:
    """What is in it may not be so any more, and what is written would not stand in it."""
    session = (await room.run(room.script(FINDING, FINISH))).id
    old = await room.row(session)
    with pytest.raises(RuntimeError, match="another transaction"):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await work_sessions.step(tx, old, phase="elsewhere")
    assert (await room.row(session)).phase != "elsewhere"


async def test_a_call_is_recorded_with_what_it_wrote_or_neither_is(room: Room) -> None:
    session = (await room.run(room.script(FINDING, FINISH))).id
    call = {
        "key": "k",
        "tool": "report_progress",
        "arguments": {"done": 1},
        "ok": True,
        "result": {"noted": True},
    }
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.lock(tx, session)
        await work_sessions.step(tx, row, Record(call=call))
        kept = await artifacts.recorded_call(tx, session, "k")
        assert kept is not None
        assert {name: getattr(kept, name) for name in call} == call
        assert (kept.iteration, kept.leg) == (row.iteration, row.leg)

    async def too_late() -> None:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            row = await work_sessions.lock(tx, session)
            await tx.execute(text("UPDATE work_sessions SET version = version + 1"))
            await work_sessions.step(tx, row, Record(call=call | {"key": "other"}))

    with pytest.raises(Conflict, match="same moment"):
        await too_late()
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await artifacts.recorded_call(tx, session, "other") is None
