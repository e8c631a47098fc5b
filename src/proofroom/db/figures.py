"""How much waits and how much is at work, over all workspaces and in one."""

from dataclasses import dataclass, field

from sqlalchemy import text

from proofroom.db.models import WorkSession
from proofroom.db.tx import Database, Tx

MOST_BEFORE = 1_000
"""How far a place in the line is counted; who is farther back learns no more by counting."""

WORKER_SECONDS = 30
"""A worker without a sign of life for so long is not counted."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by name. `oldest_queued`: seconds that the first in line waits, the longest over all lines."""

    sessions: dict[str, float] = field(default_factory=dict[str, float])
    legs: dict[str, float] = field(default_factory=dict[str, float])
    deliveries: dict[str, float] = field(default_factory=dict[str, float])
    jobs: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    oldest_queued: float = 0.0
    captures: float = 0.0
    workers: float = 0.0


async def read(db: Database) -> Figures:
    """Everything at once, from partial indexes of what waits. Raises Unavailable."""
    sessions: dict[str, float] = {}
    legs: dict[str, float] = {}
    deliveries: dict[str, float] = {}
    alone: dict[str, float] = {}
    groups = {"sessions": sessions, "legs": legs, "deliveries": deliveries}
    async with db.across() as session:
        for name, label, value in await session.execute(text("SELECT * FROM proofroom_figures()")):
            groups.get(name, alone)[label or name] = float(value)
        jobs = {
            (str(task), str(status)): float(count)
            for task, status, count in await session.execute(
                text("SELECT task_name, status, count(*) FROM procrastinate_jobs GROUP BY 1, 2")
            )
        }
        workers = (
            await session.execute(
                text(
                    "SELECT count(*) FROM procrastinate_workers"
                    " WHERE last_heartbeat > now() - make_interval(secs => :seconds)"
                ),
                {"seconds": WORKER_SECONDS},
            )
        ).scalar_one()
    return Figures(
        sessions, legs, deliveries, jobs,
        oldest_queued=alone["oldest_queued"], captures=alone["captures"], workers=float(workers),
    )  # fmt: skip


async def more_queued_than(tx: Tx, most: int) -> bool:
    """Whether more than `most` sessions of this workspace wait for a worker."""
    found = await tx.execute(
        text(
            "SELECT 1 FROM work_sessions WHERE workspace_id = :workspace AND status = 'queued'"
            " OFFSET :most LIMIT 1"
        ),
        {"workspace": tx.workspace_id, "most": most},
    )
    return found.first() is not None


async def queued_before(tx: Tx, row: WorkSession) -> int:
    """How many sessions of this workspace have their turn before this one, which is queued; MOST_BEFORE at most.

    Limits of agent types may let some that wait behind it pass.
    """
    found = await tx.execute(
        text(
            "SELECT count(*) FROM (SELECT 1 FROM work_sessions WHERE workspace_id = :workspace AND status = 'queued'"
            " AND (coalesce(turn_at, updated_at), id) < (:turn, :id) LIMIT :most) before_it"
        ),
        {
            "workspace": tx.workspace_id, "turn": row.turn_at or row.updated_at, "id": row.id, "most": MOST_BEFORE,
        },
    )  # fmt: skip
    return int(found.scalar_one())
