"""A living database is copied into a file, and an empty one filled from it: all that was there is, and goes on."""

import asyncio
import json
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from proofroom.bootstrap import make_catalog
from proofroom.db import backup, postmaster, work_sessions
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import HEAD, KNOWN, current, migrate
from proofroom.db.tx import Database, libpq_url, new_id
from proofroom.domain.errors import ProofroomError
from proofroom.exports import deliverable, record_file
from proofroom.settings import Settings
from tests.integration.databases import database_url
from tests.integration.rooms import FINDING, FINISH, Room


@pytest.fixture
def empty(server: EmbeddedPostgres) -> Iterator[str]:
    """The owner's URL of a database with nothing in it."""
    name = f"test_{new_id().hex}"
    with psycopg.connect(libpq_url(server.url()), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield database_url(server, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def shape(url: str) -> dict[str, Any]:
    """Who owns and may do what, which policies hold, and how many rows there are."""
    queries: dict[str, LiteralString] = {
        "functions": "SELECT p.oid::regprocedure::text, p.proowner::regrole::text, p.prosecdef,"
        " ARRAY(SELECT unnest(p.proacl)::text ORDER BY 1)"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.proname LIKE 'proofroom%' ORDER BY 1",
        "tables": "SELECT relname, relrowsecurity, relforcerowsecurity, relowner::regrole::text,"
        " ARRAY(SELECT unnest(relacl)::text ORDER BY 1)"
        " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') ORDER BY 1",
        "policies": "SELECT tablename, policyname, roles, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    }
    with psycopg.connect(libpq_url(url)) as connection:
        found: dict[str, Any] = {name: connection.execute(q).fetchall() for name, q in queries.items()}
        found["rows"] = {
            row[0]: connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(row[0]))
            ).fetchone()
            for row in connection.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            ).fetchall()
        }
    return found


async def test_a_living_database_is_restored_whole_and_what_waited_goes_on(
    room: Room, database: str, empty: str, tmp_path: Path
) -> None:
    done = await room.file(room.script(FINDING, FINISH))
    await room.gates(done)
    waiting = (await room.run(room.script(FINDING, FINISH))).id
    # This server is far ahead of one that is new: as if the events came from another.
    with psycopg.connect(libpq_url(database)) as connection:
        connection.execute("UPDATE work_events SET xid = '900000000'")
    enough = asyncio.Event()

    async def lives_on() -> None:
        while not enough.is_set():
            await room.file(room.script(FINDING, FINISH))

    life = asyncio.create_task(lives_on())
    file = tmp_path / "all.backup"
    copied = await backup.dump(database, file)
    enough.set()
    await life
    assert (copied.revision, copied.size) == (HEAD, file.stat().st_size)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["all.backup"]

    assert (await backup.restore(empty, file)).revision == HEAD
    was, now = shape(database), shape(empty)
    for part in ("functions", "tables", "policies", "indexes", "constraints"):
        assert now[part] == was[part], part

    other = Database(empty)
    try:
        parts = replace(room.parts, db=other, catalog=make_catalog(Settings(data_dir=tmp_path), other))
        async with other.transaction(room.actor.workspace_id, snapshot=True) as tx:
            row = await work_sessions.get(tx, done)
            _, _, record = await deliverable.export(tx, row, "record")
            events, present = await work_sessions.stream(tx, None)
            old, after = await work_sessions.stream(tx, (900_000_001, 0))
        assert record_file.check(record, row.audit_head).why is None
        assert json.loads(record)["head"] == row.audit_head
        assert (events, old) == ([], [])
        assert after <= present
        async with other.transaction(room.actor.workspace_id) as tx:
            news, _ = await work_sessions.stream(tx, (3, 0))
            total = now["rows"]["work_events"][0]
        assert len(news) == min(500, total)  # what happened before is behind the present, not ahead of it

        restored = Room(parts, room.actor, room.project_id, room.folder)
        await restored.approve(waiting)
        assert (await restored.drive(waiting)).status == "completed"
    finally:
        await other.dispose()


async def test_a_backup_of_the_release_before_is_brought_to_this_one(
    room: Room, database: str, empty: str, tmp_path: Path
) -> None:
    session = (await room.run(room.script(FINDING, FINISH))).id
    await room.db.dispose()
    migrate(database, KNOWN[-2])
    file = tmp_path / "old.backup"
    assert (await backup.dump(database, file)).revision == KNOWN[-2]
    assert (await backup.restore(empty, file)).revision == KNOWN[-2]
    assert current(empty) == HEAD
    migrate(database)
    assert shape(empty) == shape(database)
    other = Database(empty)
    async with other.transaction(room.actor.workspace_id) as tx:
        assert (await work_sessions.get(tx, session)).status == "pending_review"
    await other.dispose()


def by_hand(url: str, file: Path) -> None:
    """What somebody copies with PostgreSQL's own program."""
    subprocess.run(
        [postmaster.programs() / "pg_dump", "-Fc", "-f", file, f"--dbname={libpq_url(url)}"], check=True
    )


async def refused(work: Any, code: str) -> ProofroomError:
    with pytest.raises(ProofroomError) as error:
        await work
    assert error.value.code == code, error.value
    assert error.value.hint
    return error.value


async def test_what_cannot_be_copied_or_restored_is_said_and_changes_nothing(
    room: Room, database: str, empty: str, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    await refused(backup.dump(empty, file), "database_empty")
    await backup.dump(database, file)
    await refused(backup.dump(database, file), "backup_exists")
    await refused(backup.dump(database, tmp_path / "no" / "folder"), "backup_failed")

    await refused(backup.restore(database, file), "database_not_empty")
    await refused(backup.restore(empty, tmp_path / "nothing"), "path_not_found")
    (tmp_path / "text").write_text("This is none.")
    await refused(backup.restore(empty, tmp_path / "text"), "backup_unreadable")
    whole = file.read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) * 2 // 3])
    cut = await refused_either(backup.restore(empty, tmp_path / "cut"))
    assert cut in ("backup_unreadable", "backup_failed")
    foreign = tmp_path / "foreign"
    by_hand(empty, foreign)
    await refused(backup.restore(empty, foreign), "backup_unreadable")
    with psycopg.connect(libpq_url(database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await refused(backup.dump(database, tmp_path / "newer"), "database_newer")
    newer = tmp_path / "newer"
    by_hand(database, newer)
    await refused(backup.restore(empty, newer), "backup_newer")
    assert current(empty) is None
    await backup.restore(empty, file)


async def test_a_copy_that_is_broken_off_leaves_no_file(database: str, tmp_path: Path) -> None:
    with psycopg.connect(libpq_url(database)) as blocking:
        blocking.execute("LOCK TABLE work_events IN ACCESS EXCLUSIVE MODE")
        copying = asyncio.create_task(backup.dump(database, tmp_path / "all.backup"))
        with psycopg.connect(libpq_url(database), autocommit=True) as looking:
            while looking.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
                assert not copying.done()
                await asyncio.sleep(0)
            assert [p.suffix for p in tmp_path.iterdir()] == [".part"]
            copying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await copying
    assert list(tmp_path.iterdir()) == []
    await backup.dump(database, tmp_path / "all.backup")


async def refused_either(work: Any) -> str:
    with pytest.raises(ProofroomError) as error:
        await work
    return error.value.code


async def test_a_role_that_would_not_see_every_row_is_refused(database: str, tmp_path: Path) -> None:
    role = f"owner_{new_id().hex}"
    with psycopg.connect(libpq_url(database), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT SELECT ON alembic_version TO {}").format(sql.Identifier(role)))
    head, at, tail = database.partition("://")
    bound = f"{head}{at}{role}@{tail.partition('@')[2]}"
    await refused(backup.dump(bound, tmp_path / "part"), "backup_role")
    with psycopg.connect(libpq_url(database), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(role)))


def test_a_password_is_not_among_the_arguments() -> None:
    url = "postgresql://ann:hidden@db.example.org:5433/p?sslmode=require"
    (where,) = backup._where(url)  # pyright: ignore[reportPrivateUsage]
    assert "hidden" not in where
    assert {"user=ann", "host=db.example.org", "port=5433", "sslmode=require"} <= set(
        where.split("=", 1)[1].split()
    )


def test_programs_are_there() -> None:
    assert all(shutil.which(p, path=str(postmaster.programs())) for p in ("pg_dump", "pg_restore", "psql"))
