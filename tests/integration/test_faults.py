"""What a database that refuses, a row that is held and a session that cannot be claimed do to everybody else."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from proofroom import queue
from proofroom.db import work_sessions
from proofroom.db.tx import Database, Tx, libpq_url
from proofroom.domain.errors import Unavailable
from proofroom.domain.work_session import MAX_RELEASES, MAX_UNSETTLED_CLAIMS
from proofroom.engine import leg
from proofroom.engine.dispatch import Dispatcher
from tests.integration.rooms import FINDING, FINISH, Room
from tests.integration.test_dispatch import at_work, set_of, status, turns
from tests.integration.test_kill9 import until

REFUSED = {
    "40001": "database_busy", "40P01": "database_busy", "55P03": "database_busy", "53200": "database_busy",
    "53100": "disk_full", "57014": "database_unavailable",
}  # fmt: skip


@contextmanager
def refusing(database: str, table: str, state: str) -> Generator[None]:
    """Every row for this table is refused with this SQLSTATE, as a busy or full server does."""
    with psycopg.connect(libpq_url(database), autocommit=True) as owner:
        owner.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$;"
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()".encode()
        )
        try:
            yield
        finally:
            owner.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse()".encode())


@pytest.mark.parametrize(("state", "code"), REFUSED.items())
async def test_what_passes_is_told_as_unavailable(
    db: Database, workspace: UUID, state: str, code: str
) -> None:
    with pytest.raises(Unavailable) as refused:
        async with db.transaction(workspace) as tx:
            await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$"))
    assert refused.value.code == code


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("state", "code"), REFUSED.items())
async def test_what_passes_while_a_job_is_deferred_is_told_as_unavailable(
    db: Database, database: str, workspace: UUID, state: str, code: str, several: bool
) -> None:
    with refusing(database, "procrastinate_jobs", state), pytest.raises(Unavailable) as refused:
        async with db.transaction(workspace) as tx:
            await _defer(tx, several)
    assert refused.value.code == code


@pytest.mark.parametrize("several", [False, True])
async def test_a_connection_lost_while_a_job_is_deferred_is_told_as_unavailable(
    db: Database, database: str, workspace: UUID, several: bool
) -> None:
    async def lose() -> None:
        async with db.transaction(workspace) as tx:
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            with psycopg.connect(libpq_url(database), autocommit=True) as owner:
                owner.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
            await _defer(tx, several)

    with pytest.raises(Unavailable) as lost:
        await lose()
    assert lost.value.code == "database_unavailable"
    async with db.transaction(workspace) as tx:
        await _defer(tx, several)


async def _defer(tx: Tx, several: bool) -> None:
    delivery = str(tx.workspace_id)
    if several:
        await queue.defer_many(tx, queue.DELIVER, [{"delivery_id": delivery}] * 2)
    else:
        await queue.defer(tx, queue.DELIVER, delivery_id=delivery)


async def test_transactions_are_read_committed_whatever_the_server_is_set_to(
    database: str, workspace: UUID
) -> None:
    with psycopg.connect(libpq_url(database), autocommit=True) as owner:
        name = owner.info.dbname
        owner.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'".encode())
    db = Database(database)
    try:
        async with db.transaction(workspace) as tx:
            assert (await tx.execute(text("SHOW transaction_isolation"))).scalar_one() == "read committed"
    finally:
        await db.dispose()


async def test_a_session_that_the_database_refuses_again_and_again_is_given_up_and_says_why(
    room: Room, database: str
) -> None:
    session_id = await room.file(room.script(FINDING, FINISH))
    with refusing(database, "tool_calls", "55P03"):
        for n in range(MAX_RELEASES + MAX_UNSETTLED_CLAIMS):
            with pytest.raises(Unavailable):
                await leg.run_leg(room.parts, room.actor.workspace_id, session_id)
            released = n < MAX_RELEASES
            assert (await turns(room.db) == [session_id]) is released, "it is to be had at once, or later"
            await set_of(room, session_id, lease_until="now() - interval '1 second'")
    assert not await leg.run_leg(room.parts, room.actor.workspace_id, session_id)
    row = await room.row(session_id)
    assert row.failure is not None
    assert (row.status, row.failure["code"]) == ("failed", "poisoned")
    assert (
        f"Leg {MAX_RELEASES + MAX_UNSETTLED_CLAIMS} said: Somebody else is writing there"
        in row.failure["message"]
    )
    kinds = [e.type for e in await room.events(session_id)]
    assert kinds.count("interrupted") == MAX_RELEASES + MAX_UNSETTLED_CLAIMS


async def test_a_leg_that_was_refused_once_comes_to_rest_without_its_refusal(
    room: Room, database: str
) -> None:
    session_id = await room.file(room.script(FINDING, FINISH))
    with refusing(database, "tool_calls", "40001"), pytest.raises(Unavailable):
        await leg.run_leg(room.parts, room.actor.workspace_id, session_id)
    row = await room.row(session_id)
    assert (row.status, row.lease_until, row.lease_owner, row.unsettled_claims) == (
        "in_progress",
        None,
        None,
        0,
    )
    assert await turns(room.db) == [session_id]
    assert (await room.drive(session_id)).status == "pending_review"


async def test_a_leg_whose_lease_cannot_be_renewed_does_not_break_by_that(
    room: Room, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor when the database refuses it with an error that nobody knows; its work is done before the lease lapses."""
    parts = replace(room.parts, lease_seconds=8.0)
    session_id = await room.file(
        room.script({"wait_for_file": {"path": str(room.folder / "gate"), "seconds": 60}}, FINDING, FINISH)
    )
    with psycopg.connect(libpq_url(database), autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'of an unknown kind' USING ERRCODE = 'XX000'; END $$"
        )
        running = asyncio.create_task(leg.run_leg(parts, room.actor.workspace_id, session_id))

        async def begun() -> bool:
            return (await room.row(session_id)).leg == 1

        await until(begun, "the leg")
        owner.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON work_sessions FOR EACH ROW WHEN (NEW.version = OLD.version)"
            " EXECUTE FUNCTION refuse()"
        )

        async def refused() -> bool:
            return any("was not renewed" in one.message for one in caplog.records)

        await until(refused, "the keeper")
        owner.execute("DROP TRIGGER refuse ON work_sessions; DROP FUNCTION refuse()")
    before = (await room.row(session_id)).lease_until

    async def renewed() -> bool:
        return (await room.row(session_id)).lease_until != before

    await until(renewed, "the renewal")
    (room.folder / "gate").write_text("open")
    assert await running is True
    row = await room.row(session_id)
    assert (row.status, row.failure) == ("pending_review", None)


async def test_a_leg_whose_end_could_not_be_said_at_once_is_released_when_it_can(
    room: Room, database: str
) -> None:
    """Neither the call nor what is said of its end is taken; then the latter is, long before the lease lapses."""
    parts = replace(room.parts, lease_seconds=3600.0)
    session_id = await room.file(room.script(FINDING, FINISH))
    with refusing(database, "tool_calls", "40001"), psycopg.connect(libpq_url(database)) as owner:
        owner.autocommit = True
        owner.execute(
            "CREATE TRIGGER too BEFORE INSERT ON work_events FOR EACH ROW WHEN (NEW.type = 'interrupted')"
            " EXECUTE FUNCTION refuse()"
        )
        with pytest.raises(Unavailable):
            await leg.run_leg(parts, room.actor.workspace_id, session_id)
        assert await turns(room.db) == []
        owner.execute("DROP TRIGGER too ON work_events")

        async def released() -> bool:
            return await turns(room.db) == [session_id]

        await until(released, "the release")
    kinds = [e.type for e in await room.events(session_id)]
    assert kinds.count("interrupted") == 1
    assert (await room.row(session_id)).unsettled_claims == 0


async def test_a_database_that_goes_away_in_every_leg_does_not_stop_a_session(
    room: Room, database: str
) -> None:
    """More legs in a row than may die are answered as by a server that is being shut down."""
    session_id = await room.file(
        room.script({"wait_for_file": {"path": str(room.folder / "gate"), "seconds": 60}}, FINDING, FINISH)
    )
    for n in range(1, MAX_UNSETTLED_CLAIMS * 2):
        (room.folder / "gate").unlink(missing_ok=True)
        running = asyncio.create_task(leg.run_leg(room.parts, room.actor.workspace_id, session_id))

        async def begun(n: int = n) -> bool:
            return (await room.row(session_id)).leg == n

        await until(begun, "the leg")
        with refusing(database, "tool_calls", "57P01"):
            (room.folder / "gate").write_text("open")
            with pytest.raises(Unavailable) as cut:
                await running
        assert cut.value.code == "database_unavailable"
    row = await room.row(session_id)
    assert (row.status, row.unsettled_claims) == ("in_progress", 0)
    assert (await room.drive(session_id)).status == "pending_review"


async def test_a_worker_that_stops_again_and_again_does_not_stop_a_session(room: Room) -> None:
    gate = room.folder / "gate"
    waits = {"wait_for_file": {"path": str(gate), "seconds": 60}}
    session_id = await room.file(room.script(FINDING, waits, FINISH))
    for n in range(1, MAX_UNSETTLED_CLAIMS + 2):
        async with at_work(room, shutdown_seconds=0.0):

            async def begun(n: int = n) -> bool:
                return (await room.row(session_id)).leg == n

            await until(begun, "the leg")
    gate.write_text("open")
    assert (await room.drive(session_id)).status == "pending_review"


@contextmanager
def held(database: str, session_id: UUID) -> Generator[None]:
    """Somebody's transaction that holds the session's row."""
    with psycopg.connect(libpq_url(database)) as somebody:
        somebody.execute("SELECT id FROM work_sessions WHERE id = %s FOR UPDATE", (session_id,))
        yield


async def test_a_session_that_somebody_holds_does_not_keep_the_next_from_its_turn(
    room: Room, database: str
) -> None:
    runtime = room.script(FINDING, FINISH)
    first, second = await room.file(runtime), await room.file(runtime)
    with held(database, first):
        async with at_work(room, concurrency=1, sweep_seconds=600):
            await status(room, second, "pending_review")
            assert (await room.row(first)).status == "queued"
    assert (await room.drive(first)).status == "pending_review"


async def test_a_session_that_cannot_even_be_said_to_have_failed_does_not_keep_the_next_from_its_turn(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = room.script(FINDING, FINISH)
    broken, sound = await room.file(runtime), await room.file(runtime)
    assert (await turns(room.db))[0] == broken
    own, tried = leg.run_leg, 0

    async def run_leg(parts: object, workspace_id: UUID, session_id: UUID) -> bool:
        nonlocal tried
        if session_id == broken:
            tried += 1
            raise ZeroDivisionError
        return await own(room.parts, workspace_id, session_id)

    monkeypatch.setattr(leg, "run_leg", run_leg)
    dispatcher = Dispatcher(room.parts, concurrency=1, every_seconds=600)
    running = asyncio.create_task(dispatcher.run())
    await status(room, sound, "pending_review")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await dispatcher.drain(0)
    assert tried >= 1


async def test_what_an_earlier_release_left_in_the_queue_and_in_the_row_is_done(room: Room) -> None:
    """The job of a leg and no `turn_at`, as a worker before revision 0013 leaves them; nobody says a word of it."""
    session_id = await room.file(room.script(FINDING, FINISH))
    await set_of(room, session_id, turn_at="NULL")
    async with at_work(room, sweep_seconds=600):
        await status(room, session_id, "pending_review")
        late = await room.file(room.script(FINDING, FINISH))
        await status(room, late, "pending_review")
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await queue.defer(tx, queue.LEG, session_id=str(session_id))
        async with asyncio.timeout(60):
            while await legs_in_queue(room):
                await asyncio.sleep(0.02)
    assert (await room.row(session_id)).leg == 1


async def legs_in_queue(room: Room) -> int:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        found = await tx.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'leg'"))
        return int(found.scalar_one())


BEAT = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
AND query LIKE '%update_heartbeat%'
"""


async def test_a_worker_goes_on_when_its_queue_ends_without_an_error(room: Room, database: str) -> None:
    """The connection of the queue's sign of life is cut while everything else of the queue goes on."""

    def workers() -> list[int]:
        return [row[0] for row in owner.execute("SELECT id FROM procrastinate_workers")]

    async def found(ask: Callable[[], list[int]]) -> list[int]:
        async with asyncio.timeout(60):
            while not (rows := ask()):
                await asyncio.sleep(0.02)
        return rows

    with psycopg.connect(libpq_url(database), autocommit=True) as owner:
        async with at_work(room, sweep_seconds=0.5):
            first = await found(workers)
            with psycopg.connect(libpq_url(database)) as somebody:
                # Beside the loop: the row may be held by a statement that ends when this loop hears of it.
                await asyncio.to_thread(somebody.execute, "SELECT id FROM procrastinate_workers FOR UPDATE")
                (pid,) = await found(lambda: [row[0] for row in owner.execute(BEAT)])
                owner.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
            await found(lambda: [one for one in workers() if one not in first])
            session_id = await room.file(room.script(FINDING, FINISH))
            await status(room, session_id, "pending_review")


@pytest.mark.parametrize("hours", [-30, 30])
async def test_a_worker_whose_clock_is_wrong_neither_takes_nor_loses_a_leg(
    room: Room, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The clock of this process is set wrong, the database's is not: it is the only one that leases go by."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return cls.fromtimestamp((datetime.now(UTC) + timedelta(hours=hours)).timestamp(), tz)

    monkeypatch.setattr(work_sessions, "datetime", Wrong)
    gate = room.folder / "gate"
    waits = {"wait_for_file": {"path": str(gate), "seconds": 60}}
    session_id = await room.file(room.script(FINDING, waits, FINISH))
    running = asyncio.create_task(leg.run_leg(room.parts, room.actor.workspace_id, session_id))
    await status(room, session_id, "in_progress")
    assert await turns(room.db) == []
    assert not await leg.run_leg(room.parts, room.actor.workspace_id, session_id)
    gate.write_text("open")
    assert await running
    row = await room.row(session_id)
    assert (row.status, row.leg) == ("pending_review", 1)


def test_a_process_dies_at_the_point_that_is_named_for_it(tmp_path: Path) -> None:
    log = tmp_path / "points.log"
    program = "from proofroom import faults\nfor n in range(5): faults.points('commit', ['one', 'two'], n)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PROOFROOM_FAULT": "commit.two@2", "PROOFROOM_FAULT_LOG": str(log)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert log.read_text().splitlines() == [
        "commit.one 0", "commit.two 0", "commit.one 1", "commit.two 1", "killed commit.two",
    ]  # fmt: skip
