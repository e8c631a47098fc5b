"""A worker process: takes jobs from the queue, sweeps, and listens for cancellations."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import procrastinate
from procrastinate.app import WorkerOptions
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status as JobStatus
from procrastinate.worker import Worker

from proofroom import queue
from proofroom.db.listen import listen
from proofroom.engine import leg, outbox, retention
from proofroom.engine.dispatch import Dispatcher
from proofroom.engine.indexer import Indexer
from proofroom.engine.parts import Parts
from proofroom.engine.sweeper import sweep_forever
from proofroom.services import capturing, gates, holding
from proofroom.services.work_requests import CANCEL_CHANNEL
from proofroom.telemetry import logs

_log = logging.getLogger(__name__)

LEGS = "legs"
"""The queue by whose name a worker is told to run legs."""
POLL_SECONDS = 5.0
"""How often the queue is looked at without having been told of a job. Workers are told at once of what is added, and
when it is due of what was deferred for later: see `queue.Connector`."""

Job = Callable[..., Awaitable[Any]]


def jobs(parts: Parts, indexer: Indexer, wake: Callable[[], None]) -> dict[str, Job]:
    """Job name to what it does. Every one looks at its row first, so late and doubled jobs are harmless."""

    async def look_for_legs(**_ids: str) -> None:
        wake()  # a job of an earlier release; this one takes legs from the sessions themselves

    async def commit_approval(workspace_id: str, checkpoint_id: str) -> None:
        async with parts.db.transaction(UUID(workspace_id)) as tx:
            await holding.commit_pending(tx, UUID(checkpoint_id))

    async def review_clock(workspace_id: str, checkpoint_id: str) -> None:
        async with parts.db.transaction(UUID(workspace_id)) as tx:
            await gates.tick(tx, UUID(checkpoint_id))

    async def deliver(workspace_id: str, delivery_id: str) -> None:
        await outbox.deliver(parts, UUID(workspace_id), UUID(delivery_id))

    async def capture(workspace_id: str, source_id: str, version: int | str) -> None:
        # A job of an earlier release may name the version in letters.
        await capturing.capture_waiting(parts.db, UUID(workspace_id), UUID(source_id), int(version))

    async def embed(workspace_id: str, project_id: str) -> None:
        indexer.want(UUID(workspace_id), UUID(project_id))

    return {
        queue.LEG: look_for_legs,
        queue.COMMIT_APPROVAL: commit_approval,
        queue.REVIEW_CLOCK: review_clock,
        queue.DELIVER: deliver,
        queue.CAPTURE: capture,
        queue.EMBED: embed,
    }


def _named(name: str, job: Job) -> Job:
    """The job, with its name and ids in every line that is logged for it."""

    async def run(**ids: Any) -> None:
        with logs.bound(job=name, **ids):
            await job(**ids)

    return run


async def run_worker(
    parts: Parts,
    *,
    concurrency: int = 4,
    queues: list[str] | None = None,
    sweep_seconds: float = 5.0,
    shutdown_seconds: float = 10.0,
    ready: asyncio.Event | None = None,
) -> None:
    """Works until cancelled; running legs then get `shutdown_seconds` to come to rest, or are handed over."""
    app = queue.make_app(parts.db.url, max_connections=concurrency + 3)
    indexer = Indexer(parts.db)
    dispatcher = Dispatcher(parts, concurrency=concurrency, every_seconds=sweep_seconds)
    for name, job in jobs(parts, indexer, dispatcher.wake).items():
        app.task(name=name, queue=LEGS if name == queue.LEG else "default")(_named(name, job))
    options: WorkerOptions = {
        "name": parts.owner,
        "concurrency": concurrency,
        "fetch_job_polling_interval": POLL_SECONDS,
        "install_signal_handlers": False,
        "delete_jobs": "always",
        "shutdown_graceful_timeout": shutdown_seconds,
        "update_heartbeat_interval": min(10.0, max(1.0, sweep_seconds)),
        "stalled_worker_timeout": max(6.0, 3 * sweep_seconds),
    }
    if queues:
        options["queues"] = queues
    # Beside the queue: when the queue's connection is lost, legs go on, and with them turns that are paid for.
    taking = [asyncio.create_task(dispatcher.run())] if queues is None or LEGS in queues else []
    working = asyncio.create_task(_work_the_queue(app, parts, indexer, options, sweep_seconds, ready))
    try:
        await asyncio.wait([working, *taking], return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Nothing new is begun from now on, and both come to rest within the same time.
        for task in taking:
            task.cancel()
        working.cancel()
        await asyncio.gather(dispatcher.drain(shutdown_seconds), _stopped(working, shutdown_seconds))
    for task in [working, *taking]:
        if task.done() and not task.cancelled():
            task.result()


async def _stopped(working: asyncio.Task[None], seconds: float) -> None:
    """Waits until the queue's worker has ended what it does. Without its database it may wait for that for longer than
    anybody waits for it; then it is cut off, and its jobs are done by another one, as when it is killed.
    """
    for patience in (seconds + 1.0, 1.0, 1.0):
        await asyncio.wait({working}, timeout=patience)
        if working.done():
            return
        working.cancel()
    _log.warning("the queue's worker did not stop; what it had begun is done again by another one")


async def _work_the_queue(
    app: procrastinate.App,
    parts: Parts,
    indexer: Indexer,
    options: WorkerOptions,
    sweep_seconds: float,
    ready: asyncio.Event | None,
) -> None:
    """Takes jobs until cancelled; begins again whenever the queue's worker ended or its database failed."""
    while True:
        try:
            async with app.open_async(), asyncio.TaskGroup() as group:
                side = [
                    group.create_task(sweep_forever(parts, sweep_seconds)),
                    group.create_task(_clear_dead_workers(app, sweep_seconds)),
                    group.create_task(_listen_for_cancels(parts)),
                    group.create_task(indexer.run()),
                    group.create_task(retention.tidy_forever(parts)),
                ]
                _log.info("worker %s takes up to %s jobs at a time", parts.owner, options.get("concurrency"))
                if ready is not None:
                    ready.set()
                try:
                    await _QueueWorker(app, **options).run()
                finally:
                    for task in side:
                        task.cancel()
            # It ends without an error when one of its own tasks fails, as they may when the database is away.
            _log.warning("the queue's worker stopped by itself; starting it again")
        except* (ConnectorException, OSError) as lost:
            why = lost.exceptions[0].__cause__ or lost.exceptions[0]
            _log.warning("the queue's database failed (%s: %s); trying again", type(why).__name__, why)
        await asyncio.sleep(1.0)  # a lost database: nothing to wait on but time


class _QueueWorker(Worker):
    """A worker that ends when its sign of life or its listening fails, instead of going on without.

    The library watches these tasks until the first of them ends, and the one that defers periodic jobs ends at once
    where there are none. Without a sign of life other workers took this one's jobs for lost.
    """

    async def _periodic_deferrer(self) -> None:
        await asyncio.Event().wait()


async def _clear_dead_workers(app: procrastinate.App, every_seconds: float) -> None:
    """Jobs of workers that died are taken off the list; the sweeper defers what their rows still need."""
    while True:
        with contextlib.suppress(ConnectorException):
            for job in await app.job_manager.get_stalled_jobs(
                seconds_since_heartbeat=max(6.0, 3 * every_seconds)
            ):
                await app.job_manager.finish_job(job, JobStatus.FAILED, delete_job=True)
        await asyncio.sleep(every_seconds)


async def _listen_for_cancels(parts: Parts) -> None:
    """A cancelled session's leg is interrupted at once, not at its next write.

    What was said while the line was down is lost, so every leg looks at its session when it is up again.
    """
    async for payload in listen(parts.db.url, CANCEL_CHANNEL):
        if payload is None:
            leg.look_again()
        else:
            leg.interrupt(UUID(json.loads(payload)["session_id"]))
