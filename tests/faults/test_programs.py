"""Programs that are started, stopped and cut off: what they cost, how long they take, and what they leave."""

import asyncio
import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.tx import libpq_url
from proofroom.engine.worker import run_worker
from tests.faults.harness.driver import Driver
from tests.faults.harness.world import World, children
from tests.integration.rooms import FINDING, FINISH, Room
from tests.integration.test_kill9 import process, until

PATIENCE = 120.0


async def test_a_worker_that_is_told_to_stop_hands_its_leg_over_and_nobody_waits_for_the_lease(
    room: Room, database: str, tmp_path: Path
) -> None:
    gate, log = tmp_path / "gate", tmp_path / "worker.log"
    runtime = room.script(FINDING, {"wait_for_file": {"path": str(gate), "seconds": 600}}, FINISH)
    session_id = await room.file(runtime)
    slow = {"PROOFROOM_LEASE_SECONDS": "600", "PROOFROOM_SHUTDOWN_SECONDS": "0.5"}

    async def at_work(leg: int) -> bool:
        row = await room.row(session_id)
        return (row.status, row.leg) == ("in_progress", leg)

    async def waiting() -> bool:
        return (await room.row(session_id)).status == "pending_review"

    with process("worker", log=log, DATABASE_URL=database, **slow) as first:
        await until(lambda: at_work(1), f"the first worker\n{log.read_text()}")
        with process("worker", log=log, DATABASE_URL=database, **slow):
            first.terminate()
            await asyncio.to_thread(first.wait, PATIENCE)  # raises when it does not end
            await until(lambda: at_work(2), f"the second worker\n{log.read_text()}")
            gate.write_text("open")
            await until(waiting, f"the end\n{log.read_text()}")


@pytest.mark.parametrize("point", ["delivery_half_written@2", "delivery_written", "commit.delivered"])
async def test_a_delivery_that_a_kill_cut_off_is_made_and_leaves_nothing_beside_it(
    room: Room, database: str, tmp_path: Path, point: str
) -> None:
    out, log = tmp_path / "out", tmp_path / "worker.log"
    session_id = await room.file(
        room.script(FINDING, FINISH), deliver_to=[{"kind": "folder", "path": str(out)}]
    )
    assert (await room.drive(session_id)).status == "pending_review"
    await room.approve(session_id)

    async def told() -> int:
        return [e.type for e in await room.events(session_id)].count("delivered")

    with process("worker", log=log, DATABASE_URL=database, PROOFROOM_FAULT=point) as first:
        assert await asyncio.to_thread(first.wait, PATIENCE) == -signal.SIGKILL
    assert not await told()
    with process("worker", log=log, DATABASE_URL=database):
        await until(told, f"the second worker\n{log.read_text()}")
    assert len(list(out.iterdir())) == 2
    assert not [p for p in out.iterdir() if p.name.startswith(".")]
    assert await told() == 1


async def test_a_worker_outlives_restarts_of_the_database(folder: Path) -> None:
    """It is the same process that works after three of them, in the middle of a leg and between."""
    world = World(folder)
    world.prepare()
    world.start("api")
    try:
        await world.ready()
        worker = world.start("worker")
        driver = Driver(world, random.Random(1))
        await driver.begin()
        one = asyncio.create_task(driver.run(4, set_already()))
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
            before = world.postmaster()
            assert world.signal_database(number)

            async def again(before: int | None = before) -> bool:
                return world.postmaster() not in (before, None)

            await until(again, "the database's next start")
            await world.ready()
        await one
        assert not driver.wrong
        assert not worker.dead
        assert all(filed.resting for filed in driver.filed.values())
    finally:
        await asyncio.to_thread(world.stop)


def set_already() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


PARK = """
INSERT INTO work_sessions (workspace_id, id, project_id, title, agent_type, task_description, approval_strategy,
  runtime, status, created_by, leg)
SELECT s.workspace_id, gen_random_uuid(), s.project_id, s.title, s.agent_type, s.task_description,
  s.approval_strategy, s.runtime, 'pending_review', s.created_by, 1
FROM work_sessions s, generate_series(1, 10000) WHERE s.id = %s
"""
READ = """
SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
WHERE relname = 'work_sessions'
"""


async def test_what_a_starting_worker_reads_does_not_grow_with_the_sessions_that_wait(
    room: Room, database: str
) -> None:
    parked = (await room.run(room.script(FINDING, FINISH))).id
    with psycopg.connect(libpq_url(database), autocommit=True) as owner:
        owner.execute(PARK, (parked,))
        owner.execute("ANALYZE work_sessions")

        def rows_read() -> int:
            owner.execute("SELECT pg_stat_clear_snapshot(), pg_stat_force_next_flush()")
            found = owner.execute(READ).fetchone()
            assert found is not None
            return int(found[0])

        await room.db.dispose()  # a backend that ends has told what it read
        before = rows_read()
        ready = asyncio.Event()
        worker = asyncio.create_task(run_worker(room.parts, ready=ready, sweep_seconds=0.2))
        await asyncio.wait_for(ready.wait(), PATIENCE)
        session_id = await room.file(room.script(FINDING, FINISH))

        async def waiting() -> bool:
            return (await room.row(session_id)).status == "pending_review"

        await until(waiting, "a session that is filed beside them")
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await room.db.dispose()
        read = rows_read() - before
        count = owner.execute("SELECT count(*) FROM work_sessions WHERE status = 'pending_review'").fetchone()
        assert count is not None
        assert count[0] > 10_000
        assert read < 1_000, "all that wait were read, or a good part of them"


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder with a path short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="pr-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def commit(
    connection: "psycopg.Connection[Any]", acknowledged: list[int], target: int, enough: threading.Event
) -> None:
    """Commits row after row until the server is gone; sets `enough` when so many were acknowledged."""
    with contextlib.suppress(psycopg.OperationalError):
        while True:
            n = acknowledged[0] + 1
            connection.execute("INSERT INTO kept VALUES (%s, repeat('x', 1000))", (n,))
            acknowledged[0] = n
            if n >= target:
                enough.set()


def test_what_was_committed_is_there_after_all_of_postgresql_was_killed_at_once(folder: Path) -> None:
    """The postmaster and every backend with SIGKILL, in the middle of commits, three times."""
    last = 0
    for _ in range(3):
        server = EmbeddedPostgres.start(folder)
        with psycopg.connect(libpq_url(server.url()), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int PRIMARY KEY, words text)")
            found = connection.execute("SELECT count(*), coalesce(max(n), 0) FROM kept").fetchone()
            assert found is not None
            assert found[0] == found[1], "a row is missing among those that were committed"
            assert found[1] in (last, last + 1), "the one that was under way may have been committed"
            acknowledged, enough = [int(found[1])], threading.Event()
            work = threading.Thread(
                target=commit, args=(connection, acknowledged, acknowledged[0] + 50, enough)
            )
            work.start()
            assert enough.wait(PATIENCE)
            pid = int((folder / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])
            for one in (pid, *children(pid)):
                os.kill(one, signal.SIGKILL)
            work.join(PATIENCE)
            assert not work.is_alive()
        last = acknowledged[0]
        while server.is_alive():  # a process that was killed takes a moment to be gone
            time.sleep(0.01)
        server.stop()


def can_mount(place: Path) -> bool:
    place.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(place)], capture_output=True, check=False
    )
    return done.returncode == 0


@asynccontextmanager
async def on_a_small_disk() -> AsyncGenerator[World]:
    folder = Path(tempfile.mkdtemp(prefix="pr-"))
    small = folder / "disk"
    if os.geteuid() != 0 or not can_mount(small):
        shutil.rmtree(folder)
        pytest.skip("only root may mount a small disk")
    world = World(small)
    try:
        folder.chmod(0o755)
        small.chmod(0o755)
        world.prepare()
        world.start("api")
        await world.ready()
        world.start("worker")
        yield world
    finally:
        await asyncio.to_thread(world.stop)
        await asyncio.to_thread(subprocess.run, ["umount", "-l", str(small)], check=True)
        shutil.rmtree(folder)


def fill(place: Path) -> Path:
    """A file that takes all that is left of the disk."""
    ballast = place / "ballast"
    for size in (1_000_000, 4_096):
        with ballast.open("ab", buffering=0) as file:
            while _fits(file, size):
                pass
    return ballast


def _fits(file: FileIO, size: int) -> bool:
    try:
        return file.write(bytes(size)) == size
    except OSError as full:
        if full.errno != errno.ENOSPC:
            raise
        return False


async def test_a_full_disk_is_told_of_and_work_goes_on_when_there_is_room_again() -> None:
    async with on_a_small_disk() as world, httpx.AsyncClient(base_url=world.url, timeout=30) as client:
        project = (await client.post("/api/projects", json={"name": "Full"})).json()["id"]
        home = f"/api/projects/{project}"
        source = (
            await client.post(
                f"{home}/sources", json={"text": "The planned altitude was 226 km.", "title": "N"}
            )
        ).json()["id"]

        async def ready() -> bool:
            return (await client.get(f"{home}/sources/{source}")).json().get("status") == "ready"

        await until(ready, "the capture")

        async def file(n: int) -> httpx.Response:
            body = {
                "agent_type": "research", "task_description": "x" * 15_000, "auto_execute": True,
                "runtime": "scripted:plain", "title": f"{n}", "deliver_to": [{"kind": "folder", "path": f"s{n}"}],
            }  # fmt: skip
            return await client.post(f"{home}/work-sessions", json=body)

        ballast = fill(world.folder)
        refused: httpx.Response | None = None
        filed: list[str] = []
        for n in range(5_000):
            answer = await file(n)
            if answer.status_code != 201:
                refused = answer
                break
            filed.append(answer.json()["id"])
        assert refused is not None, "five thousand sessions of 15 kB fitted on a full disk"
        assert refused.status_code == 503, refused.text
        assert refused.json()["code"] in ("disk_full", "database_unavailable"), refused.text
        ballast.unlink()

        async def again() -> bool:
            answer = await file(-1)
            if answer.status_code == 201:
                filed.append(answer.json()["id"])
            return answer.status_code == 201

        until_then = time.monotonic() + PATIENCE
        while not await again():
            assert time.monotonic() < until_then, "filing is still refused"
            await asyncio.sleep(0.2)

        async def rests() -> bool:
            answer = await client.get(f"{home}/work-sessions/{filed[-1]}/status")
            return answer.json().get("status") == "pending_review"

        await until(rests, "the session that was filed after it")
