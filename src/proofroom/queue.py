"""Jobs by name, on the same database and in the same transaction as the rows they are about.

A job is a nudge: it carries ids, and whoever takes it looks at the row to learn what is to be done. Late,
doubled and lost jobs are therefore harmless; the sweeper defers a job for every row that needs one.
"""

import json
from typing import Any, cast
from uuid import UUID

import procrastinate
from procrastinate import PsycopgConnector
from sqlalchemy import text

from proofroom.db.tx import APP_ROLE, Database, Tx, libpq_url

LEG = "leg"
CAPTURE = "capture_source"
DELIVER = "deliver"
COMMIT_APPROVAL = "commit_approval"
REVIEW_CLOCK = "review_clock"
EMBED = "embed_project"

_deferring = procrastinate.App(connector=PsycopgConnector())


def make_app(url: str, *, max_connections: int = 6) -> procrastinate.App:
    """The queue's application for a worker, with a pool of its own."""
    return procrastinate.App(
        connector=PsycopgConnector(
            conninfo=libpq_url(url),
            kwargs={"options": f"-c role={APP_ROLE} -c timezone=UTC", "application_name": "proofroom-queue"},
            min_size=1,
            max_size=max_connections,
        )
    )


async def defer(
    tx: Tx, name: str, *, queue: str = "default", priority: int = 0, in_seconds: int = 0, **ids: Any
) -> None:
    """Adds a job that exists once the transaction commits, and never when it does not."""
    await tx.flush()
    job = _deferring.configure_task(
        name,
        queue=queue,
        priority=priority,
        connection=await tx.raw(),
        schedule_in={"seconds": in_seconds} if in_seconds else None,
    )
    await job.defer_async(workspace_id=str(tx.workspace_id), **ids)


async def defer_if_missing(db: Database, workspace_id: str, name: str, ids: dict[str, str]) -> bool:
    """Adds a job unless one for the same ids still waits; answers whether it did."""
    async with db.transaction(UUID(workspace_id)) as tx:
        waiting = await tx.execute(
            text(
                "SELECT 1 FROM procrastinate_jobs WHERE task_name = :name AND status = 'todo'"
                " AND args @> CAST(:ids AS jsonb) LIMIT 1"
            ),
            {"name": name, "ids": json.dumps(ids)},
        )
        if waiting.first() is not None:
            return False
        await defer(tx, name, queue="legs" if name == LEG else "default", **cast(dict[str, Any], ids))
    return True
