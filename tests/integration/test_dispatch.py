"""Whose turn it is: fair to all workspaces, longer waiting for higher priority, and never over a limit."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom import queue
from proofroom.db import across, work_sessions
from proofroom.db.across import ANY_NUMBER, Limits
from proofroom.db.tx import Database, new_id
from proofroom.engine import leg
from proofroom.engine import worker as worker_module
from proofroom.engine.dispatch import Dispatcher
from proofroom.engine.parts import Parts
from proofroom.engine.worker import run_worker
from proofroom.services import context
from tests.integration.conftest import make_project, make_workspace
from tests.integration.rooms import FINDING, FINISH, Room, make_room
from tests.integration.test_outbox import Held, signed, with_sender

PATIENCE = 60.0


async def other_room(db: Database, folder: Path) -> Room:
    workspace, member = await make_workspace(db, "Other")
    other = make_room(db, workspace, member, await make_project(db, workspace), folder)
    await other.add()
    return other


async def turns(db: Database, limits: Limits = ANY_NUMBER, most: int = 50) -> list[UUID]:
    return [session for _, session in await across.next_legs(db, most, limits)]


async def set_of(room: Room, session_id: UUID, **values: str) -> None:
    """Sets columns of a session, the values as SQL."""
    sets = ", ".join(f"{name} = {value}" for name, value in values.items())
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text(f"UPDATE work_sessions SET {sets} WHERE id = :id"), {"id": session_id})


async def test_who_waits_longer_comes_first_and_a_step_of_priority_is_worth_a_minute(room: Room) -> None:
    runtime = room.script(FINDING, FINISH)
    first, second = await room.file(runtime), await room.file(runtime)
    urgent = await room.file(runtime, priority=2)
    assert await turns(room.db) == [urgent, first, second]
    await set_of(room, first, turn_at="turn_at - interval '3 minutes'")
    assert await turns(room.db) == [first, urgent, second], "it has waited longer than two steps are worth"
    assert await turns(room.db, most=1) == [first]


async def test_a_workspace_that_files_much_does_not_keep_another_waiting(room: Room) -> None:
    runtime = room.script(FINDING, FINISH)
    many = [await room.file(runtime) for _ in range(5)]
    other = await other_room(room.db, room.folder)
    one = await other.file(other.script(FINDING, FINISH))
    assert await turns(room.db) == [many[0], one, *many[1:]]
    await set_of(room, many[0], status="'in_progress'", lease_until="now() + interval '1 hour'")
    assert (await turns(room.db))[0] == one, "the other one has something at work already"


async def test_a_session_whose_worker_died_is_found_when_its_lease_is_over(room: Room) -> None:
    runtime = room.script(FINDING, FINISH)
    lost, waits = await room.file(runtime), await room.file(runtime)
    await set_of(room, lost, status="'in_progress'", lease_until="now() + interval '1 hour'")
    assert await turns(room.db) == [waits]
    await set_of(room, lost, lease_until="now() - interval '1 second'")
    assert await turns(room.db) == [lost, waits]


async def test_what_an_earlier_release_queued_has_its_turn_too(room: Room) -> None:
    old = await room.file(room.script(FINDING, FINISH))
    await set_of(room, old, turn_at="NULL", updated_at="now() - interval '1 minute'")
    new = await room.file(room.script(FINDING, FINISH))
    assert await turns(room.db) == [old, new]


async def test_no_more_than_a_workspace_may_have_at_work_is_taken(room: Room) -> None:
    runtime = room.script(FINDING, FINISH)
    mine = [await room.file(runtime) for _ in range(4)]
    other = await other_room(room.db, room.folder)
    theirs = [await other.file(other.script(FINDING, FINISH)) for _ in range(2)]
    two = Limits(per_workspace=2)
    assert await turns(room.db, two) == [mine[0], theirs[0], mine[1], theirs[1]]
    await set_of(room, mine[0], status="'in_progress'", lease_until="now() + interval '1 hour'")
    assert await turns(room.db, two) == [theirs[0], mine[1], theirs[1]]
    assert await turns(room.db, Limits(per_agent={"research": 1})) == [theirs[0]]
    assert len(await turns(room.db, Limits(per_agent={"content": 1}))) == 5
    one = replace(room.parts, limits=Limits(per_workspace=1))
    assert not await leg.run_leg(one, room.actor.workspace_id, mine[1]), (
        "claimed past the list, it is refused too"
    )
    assert (await room.row(mine[1])).status == "queued"


async def test_two_processes_that_ask_at_once_do_not_go_over_a_limit(room: Room) -> None:
    gate = room.folder / "gate"
    waits = {"wait_for_file": {"path": str(gate), "seconds": PATIENCE}}
    runtime = room.script(FINDING, waits, FINISH)
    both = [await room.file(runtime) for _ in range(2)]
    one = replace(room.parts, limits=Limits(per_agent={"research": 1}))
    running = [
        asyncio.create_task(leg.run_leg(one, room.actor.workspace_id, session_id)) for session_id in both
    ]
    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    assert [task.result() for task in done] == [False]
    gate.write_text("open")
    assert sorted(await asyncio.gather(*running)) == [False, True]
    assert sorted([(await room.row(s)).status for s in both]) == ["pending_review", "queued"]


@asynccontextmanager
async def at_work(room: Room, **more: float) -> AsyncGenerator[None]:
    ready = asyncio.Event()
    worker = asyncio.create_task(run_worker(room.parts, ready=ready, **more))  # type: ignore[arg-type]
    await asyncio.wait_for(ready.wait(), PATIENCE)
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def status(room: Room, session_id: UUID, wanted: str) -> None:
    """Returns when the session has this status, as its events tell."""
    async with asyncio.timeout(PATIENCE):
        while (await room.row(session_id)).status != wanted:
            await asyncio.sleep(0.02)


async def test_a_worker_hears_of_a_session_and_need_not_look(room: Room) -> None:
    async with at_work(room, sweep_seconds=600):
        session_id = await room.file(room.script(FINDING, FINISH))
        await status(room, session_id, "pending_review")
        await room.approve(session_id)
        await status(room, session_id, "completed")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        jobs = await tx.execute(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'leg'"))
        assert jobs.scalar_one() == 0


async def test_a_worker_that_is_asked_to_stop_begins_nothing_while_what_it_does_comes_to_its_end(
    room: Room, tmp_path: Path
) -> None:
    held, ready = Held(), asyncio.Event()
    await signed(room, tmp_path / "out")
    parts = with_sender(room, held.send).parts
    worker = asyncio.create_task(run_worker(parts, ready=ready, sweep_seconds=0.2, shutdown_seconds=PATIENCE))
    await asyncio.wait_for(held.began.wait(), PATIENCE)
    worker.cancel()
    session_id = await room.file(room.script(FINDING, FINISH))
    await asyncio.wait({worker}, timeout=1.0)  # five looks for work, had it gone on
    assert (await room.row(session_id)).status == "queued"
    assert not worker.done()
    held.go.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(worker, PATIENCE)
    assert len(held.seen) == 1
    assert (await room.row(session_id)).status == "queued"


async def test_a_worker_whose_job_never_ends_stops_all_the_same(room: Room, tmp_path: Path) -> None:
    held, ready = Held(), asyncio.Event()
    await signed(room, tmp_path / "out")
    parts = with_sender(room, held.send).parts
    worker = asyncio.create_task(run_worker(parts, ready=ready, shutdown_seconds=0.1))
    await asyncio.wait_for(held.began.wait(), PATIENCE)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(worker, PATIENCE)
    assert not held.go.is_set()


async def test_an_approval_that_was_held_is_released_when_it_is_due_though_nobody_looks(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 600.0)
    before, meanwhile = (
        await room.run(room.script(FINDING, FINISH)),
        await room.run(room.script(FINDING, FINISH)),
    )
    held = [await room.approve(before.id, undo_seconds=2)]
    async with at_work(room, sweep_seconds=600):
        held.append(await room.approve(meanwhile.id, undo_seconds=1))
        for one in reversed(held):
            await status(room, one.session.id, "completed")
    for one in held:
        assert one.checkpoint.undo_until is not None
        released = [e.at for e in await room.events(one.session.id) if e.type == "completed"][-1]
        assert released >= one.checkpoint.undo_until


async def test_a_job_that_is_due_is_told_of_again_until_somebody_takes_it(
    db: Database, database: str, workspace: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "FIRST_AGAIN_SECONDS", 0.01)
    async with db.transaction(workspace) as tx:
        await queue.defer(tx, "nobody_takes_it", at=datetime.now(UTC) - timedelta(seconds=1))
    told: list[str] = []
    third = asyncio.Event()

    async def tell(*, channel: str, payload: str) -> None:
        told.append(channel)
        if len(told) > 3:
            third.set()

    app = queue.make_app(database)
    async with app.open_async():
        listening = asyncio.create_task(app.connector.listen_notify(tell, ["a", "b"]))
        await asyncio.wait_for(third.wait(), PATIENCE)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert set(told) == {"a"}


async def test_a_worker_that_stops_lets_its_legs_finish_or_hands_them_over(room: Room) -> None:
    gate = room.folder / "gate"
    waits = {"wait_for_file": {"path": str(gate), "seconds": PATIENCE}}
    session_id = await room.file(room.script(FINDING, waits, FINISH))
    async with at_work(room, shutdown_seconds=0.0):
        await status(room, session_id, "in_progress")
    assert (await room.row(session_id)).status == "in_progress"
    assert await turns(room.db) == [session_id], "the next one takes it at once"
    gate.write_text("open")
    assert (await room.drive(session_id)).status == "pending_review"


async def test_a_session_that_cannot_be_claimed_fails_and_says_why(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(context, "pin", broken)
    session_id = await room.file(room.script(FINDING, FINISH))
    assert await leg.run_leg(room.parts, room.actor.workspace_id, session_id)
    row = await room.row(session_id)
    assert row.failure is not None
    assert (row.status, row.failure["code"], row.failure["retryable"]) == ("failed", "internal_error", True)
    assert "ZeroDivisionError" in row.failure["message"]
    assert await turns(room.db) == []


async def test_a_dispatcher_outlives_a_leg_that_breaks(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = (
        await room.file(room.script(FINDING, FINISH)),
        await room.file(room.script(FINDING, FINISH)),
    )
    own = leg.run_leg

    async def run_leg(parts: object, workspace_id: UUID, session_id: UUID) -> bool:
        if session_id == broken:
            raise ZeroDivisionError
        return await own(room.parts, workspace_id, session_id)

    monkeypatch.setattr(leg, "run_leg", run_leg)
    dispatcher = Dispatcher(room.parts, concurrency=1, every_seconds=600)
    running = asyncio.create_task(dispatcher.run())
    await set_of(room, broken, turn_at="turn_at + interval '1 second'")
    await status(room, sound, "pending_review")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await dispatcher.drain(0)
    assert (await room.row(broken)).status == "queued"


async def test_a_session_that_is_queued_before_its_leg_has_ended_here_is_taken_when_it_has(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = leg.run_leg
    rests, go = asyncio.Event(), asyncio.Event()

    async def run_leg(parts: Parts, workspace_id: UUID, session_id: UUID) -> bool:
        ran = await own(parts, workspace_id, session_id)
        rests.set()
        await go.wait()
        return ran

    looks = 0
    looked = asyncio.Event()

    async def next_legs(*given: Any) -> list[across.Pair]:
        nonlocal looks
        found = await next_legs_of(*given)
        looks += 1
        looked.set()
        return found

    next_legs_of = across.next_legs
    monkeypatch.setattr(across, "next_legs", next_legs)
    monkeypatch.setattr(leg, "run_leg", run_leg)
    dispatcher = Dispatcher(room.parts, concurrency=4, every_seconds=600)
    session_id = await room.file(room.script(FINDING, FINISH))
    running = asyncio.create_task(dispatcher.run())
    try:
        await asyncio.wait_for(rests.wait(), PATIENCE)
        await room.approve(session_id)
        dispatcher.wake()
        before = looks
        async with asyncio.timeout(PATIENCE):
            while looks == before:
                looked.clear()
                await looked.wait()
        go.set()
        await status(room, session_id, "completed")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await dispatcher.drain(0)


async def test_a_limit_that_names_nothing_is_no_limit(room: Room) -> None:
    session_id = await room.file(room.script(FINDING, FINISH))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await work_sessions.has_room(tx, session_id, ANY_NUMBER)
        assert not await work_sessions.has_room(tx, session_id, Limits(per_agent={"research": 0}))
        assert await work_sessions.has_room(tx, UUID(int=7), Limits(per_workspace=1)), (
            "whoever claims it finds out"
        )
    assert not ANY_NUMBER
    assert Limits(per_workspace=1)


async def test_what_persons_decided_does_not_wait_for_the_captures_of_others(room: Room) -> None:
    other, _ = await make_workspace(room.db, "Other")
    async with room.db.transaction(other) as tx:
        captures = [{"source_id": str(new_id()), "version": 1} for _ in range(3)]
        await queue.defer_many(tx, queue.CAPTURE, captures)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await queue.defer(tx, queue.EMBED, project_id=str(room.project_id))
        await queue.defer(tx, queue.DELIVER, delivery_id=str(new_id()))
        await queue.defer(tx, queue.COMMIT_APPROVAL, checkpoint_id=str(new_id()))
    app = queue.make_app(room.db.url)
    async with app.open_async():
        worker_id = await app.job_manager.register_worker()
        taken = [await app.job_manager.fetch_job(None, worker_id) for _ in range(3)]
    names = [job.task_name for job in taken if job is not None]
    assert names == [queue.DELIVER, queue.COMMIT_APPROVAL, queue.CAPTURE]
