"""Figures over time, and what stands where now, counted in the narrow rows that the database keeps (migration 0020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from proofroom.db.lists import ARCHIVED, listed
from proofroom.db.statements import typed
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


def _rows(table: str, column: str, kept: str) -> str:
    """Of the rows of a table that fall into the time: the number of their stretch, agent, template, and more.

    Names are compared by their bytes: they are only told apart.
    """
    return f"""
      SELECT width_bucket({column}, CAST(:edges AS timestamptz[])) AS bucket, agent_type COLLATE "C" AS agent_type,
        template_id, {kept}
      FROM {table} WHERE {_OF} AND {column} >= (CAST(:edges AS timestamptz[]))[1]
        AND {column} < (CAST(:edges AS timestamptz[]))[:last]"""  # noqa: S608  constants of this module


def _typed(sql: str) -> Any:
    return typed(sql, project=Uuid(), agent=Text(), template=Uuid(), edges=_TIMES, last=Integer())


def _cells(table: str, column: str, kept: str, what: str) -> Any:
    """Sums for each stretch, agent and template: few enough to add up here, in one reading of the rows."""
    return _typed(
        f"SELECT bucket, agent_type, template_id, {what} FROM ({_rows(table, column, kept)}) r GROUP BY 1, 2, 3"  # noqa: S608
    )


_CREATED = _cells("session_figures", "created_at", "1", "count(*) AS created")
_SETTLED = _cells(
    "session_figures",
    "settled_at",
    "outcome, cost_usd, tokens, unpriced",
    """
    count(*) FILTER (WHERE outcome = 'completed') AS completed,
    count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
    count(*) FILTER (WHERE outcome = 'expired') AS expired, count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled, sum(cost_usd) AS cost_usd,
    sum(tokens)::bigint AS tokens, count(*) FILTER (WHERE unpriced) AS unpriced
    """,
)
_DECIDED = _cells(
    "checkpoint_figures",
    "decided_at",
    """
    status, kind = 'final' AS final, kind = 'final' AND status = 'approved' AS signed, claims, needs_you, kept,
    check_was_wrong, CASE WHEN edit_words = 0 THEN 0 ELSE edit_words::float8 / nullif(edit_of, 0) END AS share
    """,
    """
    count(*) AS decided, count(*) FILTER (WHERE status = 'approved') AS approved,
    count(*) FILTER (WHERE status = 'changes_requested') AS changes_requested,
    count(*) FILTER (WHERE status = 'rejected') AS rejected,
    coalesce(sum(claims) FILTER (WHERE final), 0)::bigint AS claims,
    coalesce(sum(needs_you) FILTER (WHERE final), 0)::bigint AS needs_you, sum(kept)::bigint AS kept,
    sum(check_was_wrong)::bigint AS check_was_wrong, count(*) FILTER (WHERE signed) AS signed,
    count(share) FILTER (WHERE signed) AS compared, count(*) FILTER (WHERE signed AND share > 0) AS edited,
    coalesce(sum(share) FILTER (WHERE signed), 0) AS shares
    """,
)
_WAITED = "percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY waited)"
# `extract` would make a numeric of each wait first, at twice the cost of reading the row.
_WAITS = _rows("checkpoint_figures", "decided_at", "date_part('epoch', decided_at - opened_at) AS waited")
# A middle cannot be added up from others, so each is found anew; most work is from no template, which is left out;
# the rest has an index of its own (migration 0025).
_WAITED_BY = _typed(
    f"""
    SELECT grouping(bucket), grouping(agent_type), bucket, agent_type, {_WAITED} FROM ({_WAITS}) r
    GROUP BY GROUPING SETS ((bucket), (agent_type), ())
    """  # noqa: S608  constants of this module
)
_WAITED_BY_TEMPLATE = _typed(
    f"SELECT template_id, {_WAITED} FROM ({_WAITS} AND template_id IS NOT NULL) r GROUP BY 1"  # noqa: S608
)
_ROOM_TO_SORT = typed("SELECT set_config('work_mem', '32MB', true)")


def _given(edges: Sequence[datetime], of: Of) -> dict[str, Any]:
    return {"edges": list(edges), "last": len(edges), **of.parameters()}


async def _added_up(tx: Tx, statement: Any, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    found: dict[Key, dict[str, Any]] = {}
    for row in (await tx.execute(statement, _given(edges, of))).mappings():
        cell = dict(row)
        keys = [("bucket", cell.pop("bucket")), ("agent", cell.pop("agent_type")), ("all", None)]
        template = cell.pop("template_id")
        for key in keys if template is None else [*keys, ("template", template)]:
            total = found.setdefault(key, dict.fromkeys(cell, 0))
            for name, value in cell.items():
                total[name] += value
    return found


async def created(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    """{created}: sessions filed."""
    return await _added_up(tx, _CREATED, edges, of)


async def settled(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    """{completed, rejected, expired, failed, cancelled, cost_usd, tokens, unpriced} of the sessions that ended."""
    return await _added_up(tx, _SETTLED, edges, of)


async def decided(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, dict[str, Any]]:
    """What people decided. `shares` is the sum of the shares of words that changed, over `compared` signatures."""
    return await _added_up(tx, _DECIDED, edges, of)


async def waited(tx: Tx, edges: Sequence[datetime], of: Of) -> dict[Key, list[float]]:
    """[median, p90] of the seconds that reviews waited for their decisions, each the wait of one (nearest rank)."""
    await tx.execute(_ROOM_TO_SORT)
    found: dict[Key, list[float]] = {}
    for row in await tx.execute(_WAITED_BY, _given(edges, of)):
        no_bucket, no_agent, bucket, agent, waits = row
        key = ("bucket", bucket) if not no_bucket else ("agent", agent) if not no_agent else ("all", None)
        if waits is not None:
            found[key] = waits
    for row in await tx.execute(_WAITED_BY_TEMPLATE, _given(edges, of)):
        found["template", row[0]] = row[1]
    return found


# ---------------------------------------------------------------- now, of all projects as `lists.listed` says

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
    SELECT coalesce((ARRAY['high', 'medium', 'low'])[c.risk + 1], 'none') AS risk, count(*) AS waiting,
      count(*) FILTER (WHERE c.due_at < now()) AS overdue, min(c.opened_at) AS oldest_at
    FROM work_checkpoints c
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
    f"""
    SELECT s.id AS session_id, s.project_id, s.title, s.agent_type, f.settled_at AS at, s.failure
    FROM session_figures f JOIN work_sessions s ON s.workspace_id = f.workspace_id AND s.id = f.session_id
    WHERE f.outcome = :outcome AND f.settled_at >= :since
      AND CASE WHEN CAST(:project AS uuid) IS NULL THEN {listed("s")} ELSE f.project_id = :project END
    ORDER BY f.settled_at DESC, f.session_id LIMIT :most
    """,  # noqa: S608  constants of this module
    project=Uuid(), outcome=Text(), since=DateTime(timezone=True), most=Integer(),
)  # fmt: skip
_HOW_MANY_ENDED = typed(
    f"""
    SELECT outcome, count(*) FROM session_figures
    WHERE settled_at >= :since AND CASE WHEN CAST(:project AS uuid) IS NULL
      THEN project_id NOT IN ({ARCHIVED}) ELSE project_id = :project END GROUP BY 1
    """,  # noqa: S608  constants of this module
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
    """{risk, waiting, overdue, oldest_at} of the reviews that wait for a person, by the risk that the inbox shows; what
    is snoozed does not wait."""
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
