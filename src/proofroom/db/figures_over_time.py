"""Figures over time, and what stands where now, counted in the narrow rows that the database keeps (migration 0021)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from proofroom.db.statements import UUIDS, typed
from proofroom.db.tx import Tx

Key = tuple[str, Any]
"""("bucket", its number from 1 on), ("agent", its type), ("template", its id) or ("all", None)."""


@dataclass(frozen=True, slots=True)
class Of:
    """Of which work; None is all of it."""

    project_id: UUID | None = None
    agent_type: str | None = None
    template_id: UUID | None = None

    def parameters(self) -> dict[str, Any]:
        return {"project": self.project_id, "agent": self.agent_type, "template": self.template_id}


_OF = """workspace_id = proofroom_workspace()
  AND (CAST(:project AS uuid) IS NULL OR project_id = :project)
  AND (CAST(:agent AS text) IS NULL OR agent_type = :agent)
  AND (CAST(:template AS uuid) IS NULL OR template_id = :template)"""
_TIMES = ARRAY(DateTime(timezone=True))


def _within(column: str) -> str:
    return f"{column} >= (CAST(:edges AS timestamptz[]))[1] AND {column} < (CAST(:edges AS timestamptz[]))[:last]"


def _grouped(table: str, column: str, what: str, kept: str) -> Any:
    """Counted by stretch of time, by agent, by template, and in all, in one reading of the rows."""
    return typed(
        f"""
        WITH rows AS MATERIALIZED (
          SELECT width_bucket({column}, CAST(:edges AS timestamptz[])) AS bucket, agent_type, template_id, {kept}
          FROM {table} WHERE {_OF} AND {_within(column)})
        SELECT CASE grouping(bucket, agent_type, template_id) WHEN 3 THEN 'bucket' WHEN 5 THEN 'agent'
          WHEN 6 THEN 'template' ELSE 'all' END, bucket, agent_type, template_id, {what}
        FROM rows GROUP BY GROUPING SETS ((bucket), (agent_type), (template_id), ())
        """,  # noqa: S608  constants of this module
        project=Uuid(), agent=Text(), template=Uuid(), edges=_TIMES, last=Integer(),
    )  # fmt: skip


_CREATED = _grouped("session_figures", "created_at", "count(*) AS created", "1")
_SETTLED = _grouped(
    "session_figures",
    "settled_at",
    """
    count(*) FILTER (WHERE outcome = 'completed') AS completed,
    count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
    count(*) FILTER (WHERE outcome = 'expired') AS expired, count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled, coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(tokens), 0)::bigint AS tokens, count(*) FILTER (WHERE unpriced) AS unpriced
    """,
    "outcome, cost_usd, tokens, unpriced",
)
_DECIDED = _grouped(
    "checkpoint_figures",
    "decided_at",
    """
    count(*) AS decided, count(*) FILTER (WHERE status = 'approved') AS approved,
    count(*) FILTER (WHERE status = 'changes_requested') AS changes_requested,
    count(*) FILTER (WHERE status = 'rejected') AS rejected,
    percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waited) AS waited,
    coalesce(sum(claims) FILTER (WHERE final), 0)::bigint AS claims,
    coalesce(sum(needs_you) FILTER (WHERE final), 0)::bigint AS needs_you,
    coalesce(sum(kept), 0)::bigint AS kept,
    coalesce(sum(check_was_wrong), 0)::bigint AS check_was_wrong,
    count(*) FILTER (WHERE signed) AS signed, count(share) FILTER (WHERE signed) AS compared,
    count(*) FILTER (WHERE signed AND share > 0) AS edited,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY share) AS median_share
    """,
    """
    status, extract(epoch FROM decided_at - opened_at)::float8 AS waited, kind = 'final' AS final, claims, needs_you,
    kept, check_was_wrong, kind = 'final' AND status = 'approved' AS signed,
    CASE WHEN edit_words = 0 THEN 0 ELSE edit_words::float8 / nullif(edit_of, 0) END AS share
    """,
)


async def _counted(tx: Tx, statement: Any, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    rows = await tx.execute(statement, {"edges": list(edges), "last": len(edges), **of.parameters()})
    found: dict[Key, dict[str, Any]] = {}
    for row in rows.mappings():
        values = dict(row)
        kind, bucket, agent, template = (
            values.pop(name) for name in ("case", "bucket", "agent_type", "template_id")
        )
        key = {"bucket": bucket, "agent": agent, "template": template, "all": None}[kind]
        found[kind, key] = values
    return found


async def created(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    """{created}: sessions filed."""
    return await _counted(tx, _CREATED, edges, of)


async def settled(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    """{completed, rejected, expired, failed, cancelled, cost_usd, tokens, unpriced} of the sessions that ended."""
    return await _counted(tx, _SETTLED, edges, of)


async def decided(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    """What people decided. `waited` is [median, p90] in seconds, each the wait of one of them (nearest rank)."""
    return await _counted(tx, _DECIDED, edges, of)


_TEMPLATES = typed("SELECT id, name, project_id FROM templates WHERE id = ANY(:ids)", ids=UUIDS)


async def template_names(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, tuple[str, UUID]]:
    """Template id to its name and project, of those that there still are."""
    rows = await tx.execute(_TEMPLATES, {"ids": list(ids)})
    return {r[0]: (r[1], r[2]) for r in rows}


# ---------------------------------------------------------------- now

_RUNNING = typed(
    """
    SELECT state.status, sum(n.count)::bigint FROM projects p
    CROSS JOIN (VALUES ('initialized'), ('queued'), ('in_progress')) state (status)
    CROSS JOIN LATERAL (SELECT count(*) FROM work_sessions s
      WHERE s.workspace_id = p.workspace_id AND s.project_id = p.id AND s.status = state.status) n
    WHERE CAST(:project AS uuid) IS NULL OR p.id = :project GROUP BY 1
    """,
    project=Uuid(),
)
_WAITING = typed(
    """
    SELECT coalesce(f.risk, 'none') AS risk, count(*) AS waiting, count(*) FILTER (WHERE c.due_at < now()) AS overdue,
      min(c.opened_at) AS oldest_at
    FROM work_checkpoints c JOIN checkpoint_figures f ON f.workspace_id = c.workspace_id AND f.checkpoint_id = c.id
    WHERE c.status = 'pending_review' AND NOT c.approve_pending
      AND (c.snoozed_until IS NULL OR c.snoozed_until <= now())
      AND (CAST(:project AS uuid) IS NULL OR c.project_id = :project)
    GROUP BY 1
    """,
    project=Uuid(),
)
_LONGEST = typed(
    """
    SELECT c.id, s.id AS session_id, s.project_id, s.title, s.agent_type, c.opened_at AS at, c.due_at
    FROM work_checkpoints c JOIN work_sessions s ON s.workspace_id = c.workspace_id AND s.id = c.session_id
    WHERE c.status = 'pending_review' AND NOT c.approve_pending
      AND (c.snoozed_until IS NULL OR c.snoozed_until <= now())
      AND (CAST(:project AS uuid) IS NULL OR c.project_id = :project)
    ORDER BY c.id LIMIT :most
    """,
    project=Uuid(), most=Integer(),
)  # fmt: skip
_AT_WORK = typed(
    """
    SELECT s.id AS session_id, s.project_id, s.title, s.agent_type, s.started_at AS at, s.phase
    FROM projects p CROSS JOIN LATERAL (
      SELECT * FROM work_sessions w WHERE w.workspace_id = p.workspace_id AND w.project_id = p.id
        AND w.status = 'in_progress' ORDER BY w.id DESC LIMIT :most) s
    WHERE CAST(:project AS uuid) IS NULL OR p.id = :project ORDER BY s.id DESC LIMIT :most
    """,
    project=Uuid(), most=Integer(),
)  # fmt: skip
_ENDED = typed(
    """
    SELECT s.id AS session_id, s.project_id, s.title, s.agent_type, f.settled_at AS at, s.failure
    FROM session_figures f JOIN work_sessions s ON s.workspace_id = f.workspace_id AND s.id = f.session_id
    WHERE f.outcome = :outcome AND f.settled_at >= :since
      AND (CAST(:project AS uuid) IS NULL OR f.project_id = :project)
    ORDER BY f.settled_at DESC, f.session_id LIMIT :most
    """,
    project=Uuid(), outcome=Text(), since=DateTime(timezone=True), most=Integer(),
)  # fmt: skip
_HOW_MANY_ENDED = typed(
    """
    SELECT outcome, count(*) FROM session_figures
    WHERE settled_at >= :since AND (CAST(:project AS uuid) IS NULL OR project_id = :project) GROUP BY 1
    """,
    project=Uuid(), since=DateTime(timezone=True),
)  # fmt: skip
_DEAD = typed(
    """
    SELECT count(*) FROM deliveries d JOIN work_sessions s ON s.workspace_id = d.workspace_id AND s.id = d.session_id
    WHERE d.status = 'failed' AND (CAST(:project AS uuid) IS NULL OR s.project_id = :project)
    """,
    project=Uuid(),
)


async def running(tx: Tx, project_id: UUID | None) -> dict[str, int]:
    """How many sessions are initialized, queued and in progress."""
    return {r[0]: int(r[1]) for r in await tx.execute(_RUNNING, {"project": project_id})}


async def waiting(tx: Tx, project_id: UUID | None) -> list[dict[str, Any]]:
    """{risk, waiting, overdue, oldest_at} of the reviews that wait for a person; what is snoozed does not wait."""
    return [dict(r) for r in (await tx.execute(_WAITING, {"project": project_id})).mappings()]


async def longest_waiting(tx: Tx, project_id: UUID | None, most: int) -> list[dict[str, Any]]:
    rows = await tx.execute(_LONGEST, {"project": project_id, "most": most})
    return [dict(r) for r in rows.mappings()]


async def at_work(tx: Tx, project_id: UUID | None, most: int) -> list[dict[str, Any]]:
    """The latest sessions in progress."""
    rows = await tx.execute(_AT_WORK, {"project": project_id, "most": most})
    return [dict(r) for r in rows.mappings()]


async def ended(
    tx: Tx, project_id: UUID | None, outcome: str, since: datetime, most: int
) -> list[dict[str, Any]]:
    """The latest sessions that ended so since then."""
    given = {"project": project_id, "outcome": outcome, "since": since, "most": most}
    return [dict(r) for r in (await tx.execute(_ENDED, given)).mappings()]


async def how_many_ended(tx: Tx, project_id: UUID | None, since: datetime) -> dict[str, int]:
    """By outcome, since then."""
    rows = await tx.execute(_HOW_MANY_ENDED, {"project": project_id, "since": since})
    return {r[0]: r[1] for r in rows}


async def dead_deliveries(tx: Tx, project_id: UUID | None) -> int:
    """What was signed and could not be delivered, and waits for somebody."""
    return int((await tx.execute(_DEAD, {"project": project_id})).scalar_one())
