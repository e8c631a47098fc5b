"""Workers killed for good while Claude works: whoever goes on repeats at most the reply that was in flight."""

import asyncio
import random
from pathlib import Path
from typing import Any

import psycopg

from proofroom.db import artifacts as db_artifacts
from proofroom.db.tx import libpq_url
from proofroom.testing.model_server import ModelRequest, ModelServer, Reply, Step, forever, slow
from tests.integration.claude import (
    ASK,
    DONE,
    FINDING,
    PLAN,
    SEARCH,
    claude_room,
    left,
    same_as_charged,
    worker_env,
)
from tests.integration.rooms import Room
from tests.integration.test_kill9 import process, until

TURNS: tuple[Reply, ...] = (SEARCH, PLAN, ASK, FINDING, DONE)


def next_turn(request: ModelRequest) -> int:
    """A model that goes by the answers it sees: which turn comes next, from 0 on."""
    return len(request.results)


async def finish(room: Room, session_id: Any) -> bool:
    """Decides whatever waits; true when the session is completed."""
    row = await room.row(session_id)
    assert row.status != "failed", row.failure
    if row.status == "pending_review":
        waiting = await room.waiting(session_id)
        answers = {"answer": "The second"} if waiting.form else None
        await room.approve(session_id, answers=answers)
    return row.status == "completed"


async def everything_once(room: Room, session_id: Any) -> None:
    events = await room.events(session_id)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    kinds = [e.type for e in events]
    wanted = ("plan_written", "tool_called", "artifact_saved", "completed")
    assert [kinds.count(kind) for kind in wanted] == [1, 1, 1, 1]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((artifact, _),) = await db_artifacts.current(tx, session_id)
    assert artifact.version == 1


async def test_a_worker_is_killed_and_another_one_goes_on(room: Room, database: str, tmp_path: Path) -> None:
    """Killed while it waits for the model: one request is repeated, nothing else, and the program dies with it."""
    with ModelServer([SEARCH, ASK, FINDING, slow(DONE), DONE]) as server:
        env = worker_env(server, tmp_path)
        session_id = await claude_room(room, server, tmp_path).file("claude")

        async def waiting() -> bool:
            row = await room.row(session_id)
            assert row.status != "failed", row.failure
            return row.status == "pending_review"

        log = tmp_path / "worker.log"
        with process("worker", log=log, DATABASE_URL=database, **env) as first:
            await until(waiting, f"the question\n{log.read_text()}")
            assert left(tmp_path) == []
            await room.approve(session_id, answers={"answer": "The second"})
            request = await server.arrived(4)
            first.kill()
            first.wait()
            assert await asyncio.to_thread(request.hung_up.wait, 20)
        with process("worker", log=log, DATABASE_URL=database, **env):
            await until(waiting, f"the second worker\n{log.read_text()}")
            assert left(tmp_path) == []
        assert (len(server.requests), server.left, server.overruns) == (5, 0, 0)
        row = await room.row(session_id)
        assert row.leg == 3
        assert same_as_charged(row, server)
    kinds = [e.type for e in await room.events(session_id)]
    assert [kinds.count(k) for k in ("tool_called", "artifact_saved")] == [1, 1]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((artifact, _),) = await db_artifacts.current(tx, session_id)
    assert artifact.version == 1


async def test_killed_at_every_reply_in_turn(room: Room, database: str, tmp_path: Path) -> None:
    slowly = {n: slow(TURNS[n]) for n in range(len(TURNS))}

    def decide(request: ModelRequest) -> Step:
        n = next_turn(request)
        return slowly.pop(n, None) or TURNS[n]

    log = tmp_path / "worker.log"
    with ModelServer([forever(decide)]) as server:
        env = worker_env(server, tmp_path)
        session_id = await claude_room(room, server, tmp_path).file("claude", "checkpoint_required")
        seen = 0
        while slowly:
            with process("worker", log=log, DATABASE_URL=database, **env) as worker:
                before = len(slowly)

                async def slowed(before: int = before) -> bool:
                    await finish(room, session_id)
                    return len(slowly) < before

                await until(slowed, f"reply {len(TURNS) - before + 1}\n{log.read_text()}")
                seen = len(server.requests)
                worker.kill()
                worker.wait()
                assert await asyncio.to_thread(server.requests[seen - 1].hung_up.wait, 20)
        with process("worker", log=log, DATABASE_URL=database, **env):
            await until(lambda: finish(room, session_id), f"the end\n{log.read_text()}")
            assert left(tmp_path) == []
        assert len(server.requests) == 2 * len(TURNS)
    await everything_once(room, session_id)


async def test_killed_between_any_two_records(
    room: Room, database: str, tmp_path: Path, chance: random.Random
) -> None:
    """Killed whenever some more lines, calls or events were recorded, wherever that falls."""
    kills, log = 4, tmp_path / "worker.log"
    count = (
        "SELECT (SELECT count(*) FROM transcript_entries) + (SELECT count(*) FROM tool_calls)"
        " + (SELECT count(*) FROM work_events)"
    )

    def recorded() -> int:
        with psycopg.connect(libpq_url(database)) as owner:
            row = owner.execute(count).fetchone()
            assert row is not None
            return int(row[0])

    with ModelServer([forever(lambda request: TURNS[next_turn(request)])]) as server:
        env = worker_env(server, tmp_path)
        session_id = await claude_room(room, server, tmp_path).file("claude", "checkpoint_required")
        killed = 0
        for _ in range(kills):
            aim = recorded() + chance.randint(3, 14)
            with process("worker", log=log, DATABASE_URL=database, **env) as worker:

                async def reached(aim: int = aim) -> bool:
                    return await finish(room, session_id) or recorded() >= aim

                await until(reached, f"record {aim}\n{log.read_text()}")
                worker.kill()
                worker.wait()
                killed += 1
        with process("worker", log=log, DATABASE_URL=database, **env):
            await until(lambda: finish(room, session_id), f"the end\n{log.read_text()}")
        await until(lambda: gone(tmp_path), "the programs of killed workers")
        assert len(server.requests) <= len(TURNS) + killed
    await everything_once(room, session_id)


async def gone(tmp_path: Path) -> bool:
    return [one for one in left(tmp_path) if " " in one] == []
