"""Figures, counted in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Text, cast, column, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from proofroom.db.models import CheckpointFigures, WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx

DECIDED = ("approved", "changes_requested", "rejected")

Span = tuple[datetime | None, datetime | None]


def _within(column: Any, span: Span, project: Any, project_id: UUID | None) -> list[ColumnElement[bool]]:
    since, until = span
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(column >= since)
    if until is not None:
        conditions.append(column < until)
    if project_id is not None:
        conditions.append(project == project_id)
    return conditions


def _total(json: Any, name: str) -> Any:
    """The sum of a number in a JSON column, 0 without rows."""
    return func.coalesce(func.sum(_number(json, name)), 0.0)


def _number(json: Any, name: str) -> Any:
    """A number in a JSON column, null where it is not there."""
    return cast(json[name].astext, Float())


async def sessions_by_status(tx: Tx, span: Span, project_id: UUID | None) -> dict[str, int]:
    where = _within(WorkSession.created_at, span, WorkSession.project_id, project_id)
    rows = await tx.execute(
        select(WorkSession.status, func.count()).where(*where).group_by(WorkSession.status)
    )
    return {r[0]: r[1] for r in rows.all()}


async def usage(tx: Tx, span: Span, project_id: UUID | None) -> dict[str, Any]:
    """{tokens, cost_usd, seconds, turns, turns_lost, unpriced_sessions, largest} of the sessions created in the time.
    `largest` is {usd, tokens, seconds}: the most of each that any one of them used."""
    where = _within(WorkSession.created_at, span, WorkSession.project_id, project_id)
    names = ("tokens_in", "tokens_out", "cost_usd", "seconds", "turns", "turns_lost")
    totals = [_total(WorkSession.usage, name) for name in names]
    unpriced = func.count().filter(WorkSession.usage["unpriced"].astext == "true")
    used = [func.coalesce(_number(WorkSession.usage, name), 0.0) for name in names]
    largest = [func.coalesce(func.max(one), 0.0) for one in (used[2], used[0] + used[1], used[3])]
    row = (await tx.execute(select(*totals, unpriced, *largest).where(*where))).one()
    return {
        "tokens": int(row[0] + row[1]), "cost_usd": round(row[2], 6), "seconds": row[3], "turns": int(row[4]),
        "turns_lost": int(row[5]), "unpriced_sessions": row[6],
        "largest": {"usd": round(row[7], 6), "tokens": int(row[8]), "seconds": row[9]},
    }  # fmt: skip


async def usage_by_model(tx: Tx, span: Span, project_id: UUID | None) -> list[dict[str, Any]]:
    """{model, sessions, turns, tokens_in, tokens_out, cost_usd, unpriced} of the sessions created in the time, the
    dearest first."""
    where = _within(WorkSession.created_at, span, WorkSession.project_id, project_id)
    models: Any = func.jsonb_each(func.coalesce(WorkSession.usage["models"], cast({}, JSONB))).table_valued(
        column("key", Text), column("value", JSONB)
    )
    names = ("turns", "tokens_in", "tokens_out", "cost_usd")
    totals = [_total(models.c.value, name) for name in names]
    unpriced = func.bool_or(func.coalesce(models.c.value["unpriced"].astext, "false") == "true")
    rows = await tx.execute(
        select(models.c.key, func.count(), *totals, unpriced)
        .select_from(WorkSession)
        .join(models, true())
        .where(*where)
        .group_by(models.c.key)
        .order_by(totals[3].desc(), models.c.key)
    )
    return [
        {
            "model": r[0], "sessions": r[1], "turns": int(r[2]), "tokens_in": int(r[3]), "tokens_out": int(r[4]),
            "cost_usd": round(r[5], 6), "unpriced": r[6],
        }
        for r in rows.all()
    ]  # fmt: skip


async def decisions(
    tx: Tx, span: Span, project_id: UUID | None
) -> Sequence[tuple[str, str, datetime, datetime, dict[str, Any] | None]]:
    """(status, kind, opened, decided, decision) of each checkpoint that people decided in the time."""
    where = _within(WorkCheckpoint.decided_at, span, WorkCheckpoint.project_id, project_id)
    rows = await tx.execute(
        select(
            WorkCheckpoint.status, WorkCheckpoint.kind, WorkCheckpoint.opened_at, WorkCheckpoint.decided_at,
            WorkCheckpoint.decision,
        ).where(
            WorkCheckpoint.decided_by.is_not(None),
            WorkCheckpoint.status.in_(DECIDED),
            *where,
        )
    )  # fmt: skip
    return [(r[0], r[1], r[2], r[3], r[4]) for r in rows.all()]


async def claims_decided(tx: Tx, span: Span, project_id: UUID | None) -> tuple[int, int]:
    """(claims, of which needed a person) over the final packets decided in the time."""
    where = _within(WorkCheckpoint.decided_at, span, WorkCheckpoint.project_id, project_id)
    summary: Any = WorkCheckpoint.packet["summary"]
    decided = (
        WorkCheckpoint.decided_by.is_not(None), WorkCheckpoint.kind == "final",
        WorkCheckpoint.status.in_(DECIDED),
    )  # fmt: skip
    totals = [_total(summary, name) for name in ("claims", "needs_you")]
    row = (await tx.execute(select(*totals).where(*decided, *where))).one()
    return int(row[0]), int(row[1])


async def overruled(tx: Tx, span: Span, project_id: UUID | None) -> list[dict[str, Any]]:
    """The packets of decisions in which a reader said that a check was wrong: {packet, decision}."""
    where = _within(WorkCheckpoint.decided_at, span, WorkCheckpoint.project_id, project_id)
    wrong = [{"kind": "check_was_wrong"}]
    rows = await tx.execute(
        select(WorkCheckpoint.packet, WorkCheckpoint.decision).where(
            WorkCheckpoint.decided_by.is_not(None),
            WorkCheckpoint.status.in_(("approved", "changes_requested")),
            or_(
                WorkCheckpoint.decision["acknowledged"].contains(wrong),
                WorkCheckpoint.decision["votes"].contains([{"acknowledged": wrong}]),
            ),
            *where,
        )
    )
    return [{"packet": r[0], "decision": r[1]} for r in rows.all()]


@dataclass(frozen=True, slots=True)
class Signed:
    """What was first shown for signature in a session and what was signed, as [{slot, artifact_id, version}].
    `words` of `of` changed; None until that was counted."""

    checkpoint_id: UUID
    shown: list[dict[str, Any]]
    signed: list[dict[str, Any]]
    words: int | None
    of: int | None


async def signed_versions(tx: Tx, span: Span, project_id: UUID | None, limit: int) -> list[Signed]:
    """Each session signed by a person in the time, latest first."""
    where = _within(CheckpointFigures.decided_at, span, CheckpointFigures.project_id, project_id)
    return await _signed(tx, where, limit)


async def signed_version(tx: Tx, checkpoint_id: UUID) -> Signed | None:
    """Of one checkpoint; None where it was not signed by a person at the end of the work."""
    found = await _signed(tx, [CheckpointFigures.checkpoint_id == checkpoint_id], 1)
    return found[0] if found else None


async def _signed(tx: Tx, where: list[ColumnElement[bool]], limit: int) -> list[Signed]:
    first = aliased(CheckpointFigures)
    shown = (
        select(first.shown)
        .where(first.session_id == CheckpointFigures.session_id, first.kind == "final")
        .order_by(first.opened_at, first.checkpoint_id)
        .limit(1)
        .scalar_subquery()
    )
    rows = await tx.execute(
        select(
            CheckpointFigures.checkpoint_id, shown, CheckpointFigures.signed, CheckpointFigures.edit_words,
            CheckpointFigures.edit_of,
        )
        .where(CheckpointFigures.decided_at.is_not(None), CheckpointFigures.signed.is_not(None), *where)
        .order_by(CheckpointFigures.decided_at.desc(), CheckpointFigures.checkpoint_id)
        .limit(limit)
    )  # fmt: skip
    return [Signed(r[0], r[1] or [], r[2], r[3], r[4]) for r in rows.all()]


async def set_edited(tx: Tx, checkpoint_id: UUID, words: int, of: int) -> None:
    await tx.execute(
        update(CheckpointFigures)
        .where(CheckpointFigures.checkpoint_id == checkpoint_id)
        .values(edit_words=words, edit_of=of)
        .execution_options(synchronize_session=False)
    )
