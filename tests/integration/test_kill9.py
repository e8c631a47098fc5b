"""Real processes, really killed: a worker in the middle of a leg, and everything while a session waits."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from proofroom.db import artifacts as db_artifacts
from proofroom.db import embeddings
from proofroom.db.tx import libpq_url
from proofroom.services import checks, sources, work_requests
from proofroom.substrate import embedder
from tests.integration.rooms import FINDING, FINISH, NOTES, PLAN, Room

PROGRAM = [sys.executable, "-c", "from proofroom.cli import main; main()"]
QUICK = {
    "PROOFROOM_LEASE_SECONDS": "2",
    "PROOFROOM_SWEEP_SECONDS": "0.5",
    "PROOFROOM_LOG_LEVEL": "info",
    "PROOFROOM_EMBEDDER": "off",
}
PATIENCE = 60.0


@contextmanager
def process(*arguments: str, log: Path, **environment: str) -> Generator["subprocess.Popen[bytes]"]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROOFROOM_")} | QUICK | environment
    with log.open("ab") as out:
        running = subprocess.Popen([*PROGRAM, *arguments], env=env, stdout=out, stderr=out)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGCONT)
            running.terminate()
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


async def until(probe: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Asks until the answer is true; fails with what was waited for."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await probe()
            if found:
                return found
            await asyncio.sleep(0.05)
    raise AssertionError(what)


async def test_a_worker_killed_in_the_middle_of_a_leg_is_replaced(
    room: Room, database: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    search = {"search": {"query": "factor", "save": "found"}}
    runtime = room.script(
        PLAN, search, FINDING, {"wait_for_file": {"path": str(gate), "seconds": 600}}, FINISH
    )
    session_id = await room.file(runtime)

    async def saved() -> bool:
        return "artifact_saved" in [e.type for e in await room.events(session_id)]

    async def status(wanted: str) -> bool:
        return (await room.row(session_id)).status == wanted

    log = tmp_path / "worker.log"
    with process("worker", log=log, DATABASE_URL=database) as first:
        await until(saved, "the first worker's artifact")
        first.kill()
        first.wait()
    gate.write_text("open")
    with process("worker", log=log, DATABASE_URL=database):
        await until(lambda: status("pending_review"), f"the second worker\n{log.read_text()}")
        row = await room.row(session_id)
        assert row.leg == 2
        events = await room.events(session_id)
        assert [e.seq for e in events] == list(range(1, len(events) + 1))
        kinds = [e.type for e in events]
        assert [kinds.count(k) for k in ("plan_written", "tool_called", "artifact_saved")] == [1, 1, 1]
        async with room.db.transaction(room.actor.workspace_id) as tx:
            ((artifact, _),) = await db_artifacts.current(tx, session_id)
        assert artifact.version == 1
        await room.approve(session_id)
        await until(lambda: status("completed"), "the end")


async def test_a_worker_that_was_only_paused_changes_nothing_when_it_wakes(
    room: Room, database: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    second = {"artifact": {**FINDING["artifact"], "slot": "finding-2"}}
    runtime = room.script(FINDING, {"wait_for_file": {"path": str(gate), "seconds": 600}}, second, FINISH)
    session_id = await room.file(runtime)

    async def saved() -> bool:
        return "artifact_saved" in [e.type for e in await room.events(session_id)]

    async def waiting() -> bool:
        return (await room.row(session_id)).status == "pending_review"

    with process("worker", log=tmp_path / "first.log", DATABASE_URL=database) as first:
        await until(saved, "the first worker's artifact")
        first.send_signal(signal.SIGSTOP)
        gate.write_text("open")
        with process("worker", log=tmp_path / "second.log", DATABASE_URL=database):
            await until(waiting, "the second worker")
            before = [(e.seq, e.type) for e in await room.events(session_id)]
            first.send_signal(signal.SIGCONT)
            log = tmp_path / "first.log"

            async def woke() -> bool:
                return "was taken away" in log.read_text() or first.poll() is not None

            await until(woke, f"the first worker's leg\n{log.read_text()}")
            assert first.poll() is None
            assert [(e.seq, e.type) for e in await room.events(session_id)] == before
            assert (await room.row(session_id)).leg == 2


async def test_a_cancellation_is_heard_although_the_line_to_the_worker_was_cut(
    room: Room, database: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    runtime = room.script(FINDING, {"wait_for_file": {"path": str(gate), "seconds": 600}}, FINISH)
    session_id = await room.file(runtime)

    async def saved() -> bool:
        return "artifact_saved" in [e.type for e in await room.events(session_id)]

    log = tmp_path / "worker.log"
    # a lease so long that the worker would not look at its session for minutes
    with process("worker", log=log, DATABASE_URL=database, PROOFROOM_LEASE_SECONDS="600"):
        await until(saved, f"the artifact\n{log.read_text()}")
        with psycopg.connect(libpq_url(database), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'proofroom-listen' AND datname = current_database()"
            )
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await work_requests.cancel(tx, room.actor, session_id)

        async def stopped() -> bool:
            return "was taken away" in log.read_text()

        await until(stopped, f"the leg's end\n{log.read_text()}")


async def test_a_worker_killed_in_the_middle_of_a_long_check_is_replaced(
    room: Room, database: str, tmp_path: Path
) -> None:
    sentences = [f"The planned altitude of probe {n} was {n % 7 + 220} km." for n in range(1_500)]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await checks.open_check(
            tx, room.actor, room.parts.catalog, room.project_id, draft="\n\n".join(sentences)
        )
    assert row.status == "queued"

    async def in_the_middle() -> bool:
        held = await room.row(row.id)
        return 0 < held.progress.get("done", 0) < held.progress.get("total", 0)

    async def waiting() -> bool:
        return (await room.row(row.id)).status == "pending_review"

    log = tmp_path / "worker.log"
    with process("worker", log=log, DATABASE_URL=database) as first:
        await until(in_the_middle, f"the first worker's progress\n{log.read_text()}")
        first.kill()
        first.wait()
    assert not await waiting()
    with process("worker", log=log, DATABASE_URL=database):
        await until(waiting, f"the second worker\n{log.read_text()}")
    assert (await room.row(row.id)).leg == 2
    events = await room.events(row.id)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert [e.type for e in events].count("artifact_saved") == 1
    (shown,) = (await room.waiting(row.id)).packet["artifacts"]
    assert shown["version"] == 1
    assert [c["text"] for c in shown["claims"]] == sentences
    assert len({c["id"] for c in shown["claims"]}) == len(sentences)


@asynccontextmanager
async def program(data: Path, scripts: Path, log: Path) -> AsyncGenerator[tuple[httpx.AsyncClient, Any]]:
    with process(
        "up", "--no-open", "--no-sample", "--port", "0", "--data", str(data), "--json",
        log=log, PROOFROOM_SCRIPT_DIR=str(scripts),
    ) as running:  # fmt: skip

        async def address() -> str | None:
            found = re.search(r'"url": ?"([^"]+)"', log.read_text())
            assert running.poll() is None, log.read_text()
            return found and found.group(1)

        url = await until(address, f"the program\n{log.read_text()}")
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield client, running


async def test_everything_is_killed_while_a_session_waits_and_approving_completes_it(tmp_path: Path) -> None:
    scripts, data = tmp_path / "scripts", tmp_path / "data"
    scripts.mkdir()
    (scripts / "one.yaml").write_text(yaml.safe_dump({"steps": [FINDING, FINISH]}))
    async with program(data, scripts, tmp_path / "first.log") as (client, running):
        project = (await client.post("/api/projects", json={"name": "P"})).json()["id"]
        home = f"/api/projects/{project}"
        source = (await client.post(f"{home}/sources", json={"text": NOTES, "title": "Notes"})).json()["id"]

        async def ready() -> bool:
            return (await client.get(f"{home}/sources/{source}")).json()["status"] == "ready"

        await until(ready, "the capture")
        made = await client.post(
            f"{home}/work-sessions",
            json={"agent_type": "research", "task_description": "What?", "runtime": "scripted:one"},
        )
        session = f"{home}/work-sessions/{made.json()['id']}"
        done = await client.post(f"{session}/execute", headers={"Prefer": "wait=30"})
        assert done.json()["status"] == "pending_review"
        running.kill()
        running.wait()
        pid = int((data / "postgres/cluster/postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
    async with program(data, scripts, tmp_path / "second.log") as (client, _):
        (checkpoint,) = (await client.get(f"{session}/checkpoints")).json()["items"]
        decided = await client.post(
            f"{session}/checkpoints/{checkpoint['id']}/approve",
            json={"packet_digest": checkpoint["packet_digest"]},
        )
        assert decided.status_code == 200

        async def completed() -> bool:
            return (await client.get(f"{session}/status")).json()["status"] == "completed"

        await until(completed, "the end")


@pytest.fixture(autouse=True)
def _no_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


async def test_vectors_are_gone_on_with_when_their_worker_is_killed(
    room: Room, database: str, tmp_path: Path
) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        words = "\n\n".join(f"Reading {n} of the gauge was {n * 7 % 31} bar at noon." for n in range(400))
        row = await sources.add_source(tx, room.project_id, text=words, title="Log", defer=False)
    await sources.capture_now(room.db, room.actor.workspace_id, row.id)

    async def embedded() -> int:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            return (await embeddings.held(tx, room.project_id, embedder.MODEL)).embedded

    async def complete() -> bool:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            return await embeddings.mark(tx, room.project_id) == embedder.MODEL

    log = tmp_path / "worker.log"
    with process("worker", log=log, DATABASE_URL=database, PROOFROOM_EMBEDDER="minilm") as first:
        await until(embedded, "the first vectors")
        first.kill()
        first.wait()
    before = await embedded()
    assert before % 8 == 0
    with process("worker", log=log, DATABASE_URL=database, PROOFROOM_EMBEDDER="minilm"):
        await until(complete, f"the second worker\n{log.read_text()}")
    assert await embedded() >= 400 > before
