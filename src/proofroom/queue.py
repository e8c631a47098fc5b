"""Jobs by name, on the same database and in the same transaction as the rows they are about.

A job is a nudge: it carries ids, and whoever takes it looks at the row to learn what is to be done. Late,
doubled and lost jobs are therefore harmless; the sweeper defers a job for every row that needs one.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import procrastinate
import psycopg
from procrastinate import PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text

from proofroom.db.listen import notices
from proofroom.db.tx import APP_ROLE, Database, Tx, libpq_url

LEG = "leg"  # of earlier releases: legs are claimed from the sessions, see `engine.dispatch`
CAPTURE = "capture_source"
DELIVER = "deliver"
COMMIT_APPROVAL = "commit_approval"
REVIEW_CLOCK = "review_clock"
EMBED = "embed_project"

_PRIORITIES = {COMMIT_APPROVAL: 1, REVIEW_CLOCK: 1, DELIVER: 1}
"""What persons decided does not stand behind the thousand captures that one workspace may have put in the line."""

_deferring = procrastinate.App(connector=PsycopgConnector())

AWAY_SECONDS = 1.0
"""How long to wait before a database that is away is asked again."""
FIRST_AGAIN_SECONDS, LAST_AGAIN_SECONDS = 0.25, 5.0
"""How soon a job that is due and was told of is told of again while nobody takes it: the worker may have been asking
just then, or has no free place."""
_WAKE = json.dumps({"type": "job_inserted", "job_id": 0})
_SECONDS_LEFT = """
SELECT extract(epoch FROM min(scheduled_at) - clock_timestamp())::float8 AS seconds
FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL
"""


class Connector(PsycopgConnector):
    """Tells its worker of a job that was deferred for later when it is due, which nobody else does: workers would have
    to ask every second to come in time. Its listener sleeps until something is said."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(conninfo=libpq_url(url), **options)  # pyright: ignore[reportUnknownMemberType]
        self._url = url

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Calls `on_notification` with what is said on these channels, until cancelled."""
        named = list(channels)
        added = asyncio.Event()

        async def wake() -> None:
            await on_notification(channel=named[0], payload=_WAKE)

        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_when_due(added, wake))
            async for notice in notices(self._url, named):
                if notice is None:
                    await wake()  # what was added while the line was down
                else:
                    await on_notification(channel=notice.channel, payload=notice.payload)
                added.set()

    async def _tell_when_due(self, added: asyncio.Event, wake: Callable[[], Awaitable[None]]) -> None:
        again = FIRST_AGAIN_SECONDS
        while True:
            added.clear()
            try:
                # What is due is found by the database's clock; how long to wait is measured by ours.
                pause = (await self.execute_query_one_async(_SECONDS_LEFT))["seconds"]
            except ConnectorException:
                pause = AWAY_SECONDS
            if pause is None or pause > 0:
                again = FIRST_AGAIN_SECONDS
            else:
                await wake()
                pause, again = again, min(2 * again, LAST_AGAIN_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await added.wait()


def make_app(url: str, *, max_connections: int = 6) -> procrastinate.App:
    """The queue's application for a worker, with a pool of its own."""
    return procrastinate.App(
        connector=Connector(
            url,
            kwargs={"options": f"-c role={APP_ROLE} -c timezone=UTC", "application_name": "proofroom-queue"},
            min_size=1,
            max_size=max_connections,
        )
    )


async def defer(tx: Tx, name: str, *, queue: str = "default", at: datetime | None = None, **ids: Any) -> None:
    """Adds a job that exists once the transaction commits, and never when it does not. `at` is when it is due, by the
    database's clock; without it that is now. A worker that is free takes it then."""
    async with _lent(tx) as connection:
        job = _deferring.configure_task(
            name, queue=queue, priority=_PRIORITIES.get(name, 0), connection=connection, schedule_at=at
        )
        await job.defer_async(workspace_id=str(tx.workspace_id), **ids)


async def defer_many(tx: Tx, name: str, jobs: Sequence[dict[str, Any]]) -> None:
    """Adds a job for each of these ids, all at once, as `defer` does."""
    async with _lent(tx) as connection:
        job = _deferring.configure_task(name, queue="default", connection=connection)
        await job.batch_defer_async(*({"workspace_id": str(tx.workspace_id), **ids} for ids in jobs))


@contextlib.asynccontextmanager
async def _lent(tx: Tx) -> AsyncGenerator["psycopg.AsyncConnection[Any]"]:
    """The transaction's connection for the library's statements. What breaks them is what would break ours: the
    library puts an error of its own around the driver's, in which nobody would see that the database is away.
    """
    await tx.flush()
    driver = await tx.raw()
    try:
        yield driver
    except ConnectorException as wrapped:
        if isinstance(wrapped.__cause__, psycopg.Error):
            raise await tx.known(driver, wrapped.__cause__) from wrapped
        raise


async def take_captures(tx: Tx, project_id: UUID, *, most: int, most_bytes: int) -> list[tuple[UUID, int]]:
    """Takes captures of a project that nobody began off the list: (source, version) of the oldest `most`.

    Only files of up to `most_bytes` bytes each. The jobs are gone once this transaction commits: who takes them
    does the work or defers them again, and the sweeper finds what a killed one had taken.
    """
    rows = await tx.execute(
        text(
            """
            WITH waiting AS (
              SELECT j.id, v.source_id, v.version
              FROM procrastinate_jobs j
              JOIN source_versions v ON v.workspace_id = :workspace_id AND v.project_id = :project_id
                AND v.source_id = CAST(j.args ->> 'source_id' AS uuid)
                AND v.version = CAST(j.args ->> 'version' AS int)
              WHERE j.task_name = :name AND j.status = 'todo' AND j.args ->> 'workspace_id' = :workspace
                AND v.status = 'processing' AND v.original IS NOT NULL AND v.byte_size <= :most_bytes
              ORDER BY j.id LIMIT :most FOR UPDATE OF j SKIP LOCKED
            ), taken AS (
              DELETE FROM procrastinate_jobs j USING waiting w WHERE j.id = w.id
            )
            SELECT DISTINCT source_id, version FROM waiting
            """
        ),
        {
            "workspace_id": tx.workspace_id,
            "workspace": str(tx.workspace_id),
            "project_id": project_id,
            "name": CAPTURE,
            "most": most,
            "most_bytes": most_bytes,
        },
    )
    return [(row[0], int(row[1])) for row in rows]


async def defer_if_missing(db: Database, workspace_id: str, name: str, ids: dict[str, str | int]) -> bool:
    """Adds a job unless one for the same ids still waits; answers whether it did.

    A capture that began within ten minutes counts too: another job for it would read the file again only to find it
    captured. The jobs of dead workers are taken off the list before.
    """
    async with db.transaction(UUID(workspace_id)) as tx:
        waiting = await tx.execute(
            text(
                """
                SELECT 1 FROM procrastinate_jobs j
                WHERE task_name = :name AND args @> CAST(:ids AS jsonb) AND (status = 'todo' OR (:running
                  AND status = 'doing' AND EXISTS (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id
                    AND e.type = 'started' AND e.at > now() - interval '10 minutes')))
                LIMIT 1
                """
            ),
            {"name": name, "ids": json.dumps(ids), "running": name == CAPTURE},
        )
        if waiting.first() is not None:
            return False
        await defer(tx, name, **cast(dict[str, Any], ids))
    return True
