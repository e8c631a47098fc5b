"""What no record rests on goes after so many days, in small steps; all else stays, and what it proves holds."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from proofroom.db import retention, transcripts, work_sessions
from proofroom.db import sources as db_sources
from proofroom.db.models import IdempotencyKey
from proofroom.db.retention import Keep
from proofroom.engine.retention import tidy
from proofroom.exports import deliverable, record_file
from proofroom.services import sources
from tests.integration.rooms import FINDING, FINISH, Room


async def say(room: Room, statement: str, **values: object) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text(statement), values)


async def with_transcript(room: Room, session_id: UUID) -> None:
    await say(
        room,
        "INSERT INTO transcript_entries (workspace_id, session_id, iteration, leg, transcript_id, entry)"
        " SELECT workspace_id, id, 1, 1, id, '{\"said\": 1}' FROM work_sessions, generate_series(1, 3) WHERE id = :id",
        id=session_id,
    )
    await say(room, "UPDATE work_sessions SET runtime_state = '{\"n\": 1}' WHERE id = :id", id=session_id)


async def kept(room: Room, session_id: UUID) -> tuple[int, bool]:
    """(lines of transcripts, whether the runtime's state is there)"""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, session_id)
        return len(await transcripts.lines(tx, session_id, session_id)), row.runtime_state is not None


async def test_conversations_of_ended_sessions_go_and_their_records_hold(room: Room) -> None:
    old, fresh, retryable = [await room.file(room.script(FINDING, FINISH)) for _ in range(3)]
    for session_id in (old, fresh):
        await room.gates(session_id)
    waiting = (await room.run(room.script(FINDING, FINISH))).id
    await say(
        room,
        "UPDATE work_sessions SET status = 'failed', settled_at = now(),"
        ' failure = \'{"code": "x", "message": "x", "retryable": true}\' WHERE id = :id',
        id=retryable,
    )
    for session_id in (old, fresh, retryable, waiting):
        await with_transcript(room, session_id)
    await say(
        room, "UPDATE work_sessions SET settled_at = now() - interval '8 days' WHERE id = ANY(:ids)",
        ids=[old, retryable],
    )  # fmt: skip
    async with room.db.transaction(room.actor.workspace_id, snapshot=True) as tx:
        before = await work_sessions.get(tx, old)
        _, _, record = await deliverable.export(tx, before, "record")

    assert await tidy(replace(room.parts, keep=Keep())) == {}
    assert await kept(room, old) == (3, True)
    assert await tidy(replace(room.parts, keep=Keep(transcripts=7))) == {"transcripts": 1}

    assert await kept(room, old) == (0, False)
    for session_id in (fresh, retryable, waiting):
        assert await kept(room, session_id) == (3, True)
    async with room.db.transaction(room.actor.workspace_id, snapshot=True) as tx:
        after = await work_sessions.get(tx, old)
        _, _, again = await deliverable.export(tx, after, "record")
    assert (after.version, after.updated_at, after.audit_head) == (
        before.version,
        before.updated_at,
        before.audit_head,
    )
    assert record_file.check(again, before.audit_head).why is None
    assert len(again) == len(record)
    assert await tidy(replace(room.parts, keep=Keep(transcripts=0))) == {"transcripts": 1}
    assert await kept(room, fresh) == (0, False)


async def test_files_of_replaced_versions_go_and_their_text_stays(room: Room) -> None:
    source_id = await room.add("The lamp is red.", "lamp.txt")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.put_content(tx, source_id, data=b"The lamp is green.", filename="lamp.txt")
    await sources.capture_now(room.db, room.actor.workspace_id, source_id)
    old = replace(room.parts, keep=Keep(originals=7))
    assert await tidy(old) == {"originals": 0}
    await say(
        room, "UPDATE source_versions SET created_at = now() - interval '8 days' WHERE source_id = :id AND version = 2",
        id=source_id,
    )  # fmt: skip
    assert await tidy(old) == {"originals": 1}
    async with room.db.transaction(room.actor.workspace_id) as tx:
        first = await db_sources.version(tx, source_id, 1)
        second = await db_sources.version(tx, source_id, 2)
    assert first is not None
    assert second is not None
    assert (first.original, first.text) == (None, "The lamp is red.")
    assert first.sha256 is not None
    assert second.original == b"The lamp is green."


async def test_idempotency_keys_go_in_batches(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention.let_go, "__kwdefaults__", {"batch": 2})
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for n in range(6):
            await tx.execute(
                insert(IdempotencyKey).values(
                    workspace_id=room.actor.workspace_id, member_id=room.actor.member_id, key=str(n),
                    request_hash="x", status=200, response={},
                )
            )  # fmt: skip
        await tx.execute(
            text("UPDATE idempotency_keys SET created_at = now() - interval '31 days' WHERE key <> '5'")
        )
    assert await tidy(replace(room.parts, keep=Keep(idempotency=30))) == {"idempotency": 5}
    async with room.db.transaction(room.actor.workspace_id) as tx:
        left = (await tx.execute(text("SELECT key FROM idempotency_keys"))).scalars().all()
    assert left == ["5"]


async def test_a_workspace_that_another_worker_tidies_is_left_to_it(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await retention.my_turn(tx)
        assert await tidy(replace(room.parts, keep=Keep(idempotency=1))) == {"idempotency": 0}
