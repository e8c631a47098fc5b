"""A database with rows goes back to the release before and up again, and what the release before left works here."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from proofroom.db import across, embeddings, readiness, work_sessions
from proofroom.db import envelopes as db_envelopes
from proofroom.db.migrate import KNOWN, current, migrate
from proofroom.db.tx import libpq_url
from proofroom.domain.errors import Unavailable
from proofroom.exports import deliverable, record_file
from proofroom.services import memory, sources
from proofroom.services.memory import Scope
from proofroom.substrate import envelope
from proofroom.substrate.search import search
from tests.integration.rooms import FINDING, FINISH, Room

MODEL = "test/1"


async def found(room: Room, query: str) -> set[UUID]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return {hit.block.block_id for hit in await search(tx, room.project_id, query)}


async def remembered(room: Room) -> tuple[UUID, UUID]:
    """A completed session whose passage was accepted, beside a note and a vector: (session, the passage)."""
    session_id = await room.file(room.script(FINDING, FINISH))
    await room.gates(session_id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (item,) = await memory.page(tx, room.project_id)
        await memory.decide_all(tx, room.actor, room.project_id, [{"id": item["id"], "decision": "accept"}])
        await memory.add(
            tx,
            room.actor,
            room.parts.catalog,
            room.project_id,
            kind="lesson",
            text="Name the report.",
            scope=Scope(room.project_id, None),
        )
        rows = await embeddings.claim(tx, room.project_id, MODEL, after=None, limit=100)
        await embeddings.write(
            tx, room.project_id, MODEL, [row[0] for row in rows], [[0.1] * 384 for _ in rows]
        )
        assert await embeddings.complete(tx, room.project_id, MODEL)
    return session_id, UUID(item["id"])


def test_every_migration_is_known() -> None:
    there = Path(across.__file__).parent / "migrations" / "versions"
    assert [p.name[:4] for p in sorted(there.glob("0*.py"))] == list(KNOWN)


@pytest.mark.parametrize("back_to", KNOWN[1:-1])
async def test_down_and_up_again_with_rows(room: Room, database: str, back_to: str) -> None:
    session_id, passage = await remembered(room)
    before = await found(room, "factor named in the report of November 1999")
    assert passage in before
    async with room.db.transaction(room.actor.workspace_id) as tx:
        pinned = await db_envelopes.of_iteration(tx, session_id, 1)
        assert pinned is not None
        head = (await work_sessions.get(tx, session_id)).audit_head
    await room.db.dispose()

    assert migrate(database, back_to)
    assert current(database) == back_to
    with psycopg.connect(libpq_url(database)) as connection:
        states = connection.execute("SELECT state FROM blocks WHERE id = %s", (passage,)).fetchall()
        assert states == [("accepted",)]
    assert migrate(database)

    # Words find what they found; vectors of a release that had none are made again; nothing pinned or signed changed.
    assert await found(room, "factor named in the report of November 1999") == before
    async with room.db.transaction(room.actor.workspace_id, snapshot=True) as tx:
        held = await embeddings.held(tx, room.project_id, MODEL)
        assert held.embedded == (0 if back_to < "0003" else held.blocks)
        assert await envelope.rebuild(tx, pinned.id) == pinned.body
        assert len(await memory.page(tx, room.project_id)) == (0 if back_to < "0005" else 2)
        assert {s.status for s in await sources.page(tx, room.project_id)} == {"ready"}
        row = await work_sessions.get(tx, session_id)
        _, _, record = await deliverable.export(tx, row, "record")
    assert record_file.check(record, head).why is None
    assert json.loads(record)["head"] == head
    assert (await room.run(room.script(FINDING, FINISH))).status == "pending_review"


async def test_versions_that_the_release_before_captured_are_counted_as_they_are_read(room: Room) -> None:
    """It wrote no counts, no list of tables and no remarks."""
    table = "year,launches\n2020,4\n2021,6\n"
    source_id = await room.add(table, "launches.csv")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        now = await sources.get(tx, source_id)
        await tx.execute(
            text(
                "UPDATE source_versions SET block_count = NULL, page_count = NULL, table_list = NULL, notes = '[]'"
                " WHERE source_id = :id"
            ),
            {"id": source_id},
        )
    async with room.db.transaction(room.actor.workspace_id) as tx:
        then = await sources.get(tx, source_id)
    assert then == now
    assert (then.block_count, len(then.tables)) == (now.block_count, 1)
    assert then.tables[0]["row_count"] == 2


async def test_blocks_of_a_process_of_the_release_before_get_their_vectors(room: Room) -> None:
    """It nudges nobody and knows no mark: counting its blocks in takes the mark away, and the sweeper finds the gap."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        rows = await embeddings.claim(tx, room.project_id, MODEL, after=None, limit=100)
        await embeddings.write(
            tx, room.project_id, MODEL, [row[0] for row in rows], [[0.1] * 384 for _ in rows]
        )
        assert await embeddings.complete(tx, room.project_id, MODEL)
    assert await across.neglected(room.db, stale_seconds=90, model=MODEL) == []
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE baskets SET block_count = block_count + 1 WHERE project_id = :p"),
            {"p": room.project_id},
        )
    assert await across.neglected(room.db, stale_seconds=90, model=MODEL) == [
        ("project", room.actor.workspace_id, room.project_id, None)
    ]


@pytest.mark.parametrize(
    ("revision", "says"), [(KNOWN[-1], True), ("9999", True), (KNOWN[-2], False), (None, False)]
)
async def test_a_process_serves_on_when_a_later_release_has_migrated(
    room: Room, database: str, revision: str | None, says: bool
) -> None:
    with psycopg.connect(libpq_url(database)) as connection:
        connection.execute("DELETE FROM alembic_version")
        if revision is not None:
            connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))
    assert ((await readiness.check(room.db))["migrations"] == "ok") == says


@pytest.mark.parametrize(
    ("first", "second"), [("work_sessions", "work_checkpoints"), ("work_checkpoints", "work_sessions")]
)
async def test_a_migration_that_waits_for_a_program_which_waits_for_it_is_begun_again(
    database: str, first: str, second: str
) -> None:
    migrate(database, "0016")
    # Both are the superuser's: which of the two the database undoes is said here, not by how fast they are.
    undone = f"{database}{'&' if '?' in database else '?'}options=-c%20deadlock_timeout%3D2s"
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as outside:
        await outside.execute("SET deadlock_timeout = '1min'")
        async with outside.transaction():
            await outside.execute(f"LOCK TABLE {first} IN ROW SHARE MODE".encode())
            migrating = asyncio.create_task(asyncio.to_thread(migrate, undone))
            async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as looking:
                while (
                    await (
                        await looking.execute(
                            "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", (first,)
                        )
                    ).fetchone()
                ) is None:
                    assert not migrating.done()
            await outside.execute(f"LOCK TABLE {second} IN ROW SHARE MODE".encode())
    assert await migrating
    assert current(database) == KNOWN[-1]


async def test_a_migration_that_does_not_get_a_table_says_so_and_holds_nobody_up(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database, "0016")
    monkeypatch.setattr("proofroom.db.migrate.WAIT", "50ms")
    monkeypatch.setattr("proofroom.db.migrate.TRIES", 3)
    async with await psycopg.AsyncConnection.connect(libpq_url(database)) as outside:
        await outside.execute("LOCK TABLE work_checkpoints IN ROW SHARE MODE")
        with pytest.raises(Unavailable) as caught:
            await asyncio.to_thread(migrate, database)
    assert caught.value.code == "database_busy"
    assert current(database) == "0016"
    assert migrate(database)
