"""Queries on work sessions. A status is written here and nowhere else, always as compare-and-set.

`move` writes a transition, `step` what happens inside a leg. Both append events and audit entries under the
session's row lock, so that event numbers have no gaps and the chain has one order.
"""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    bindparam,
    func,
    insert,
    inspect,
    literal_column,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import load_only
from sqlalchemy.orm.context import FromStatement

from proofroom import faults
from proofroom.db import lists
from proofroom.db.across import Limits
from proofroom.db.models import AuditEntry, SessionFigures, WorkEvent, WorkSession
from proofroom.db.statements import changed
from proofroom.db.tx import EVENTS_CHANNEL, WRITES, Tx, new_id, take_turns
from proofroom.domain import audit
from proofroom.domain.errors import Conflict, NotFound
from proofroom.domain.work_session import Failure, NextStep, State, Status

Values = Mapping[str, Any]

NOW: Any = object()
"""As the value of a column: the database's clock when it is written."""

LEGS_CHANNEL = "proofroom_legs"
"""Says that a session was queued; whoever has a free place looks which one it takes."""

PRIORITY_SECONDS = 60
"""How much longer a session seems to have waited for each step of its priority; so none waits for ever."""


# What is asked at every step is put together once: that takes a third of what asking it costs.
_GET = select(WorkSession).where(WorkSession.id == bindparam("of"))
_LOCK = _GET.with_for_update()
_LOCK_IF_FREE = _GET.with_for_update(skip_locked=True)
_FENCE = _LOCK.where(WorkSession.leg == bindparam("leg"), WorkSession.status == Status.IN_PROGRESS.value)

_CLOCK = select(func.clock_timestamp())

_AUDIT = select(AuditEntry).where(AuditEntry.session_id == bindparam("of")).order_by(AuditEntry.n)


class LegLost(Exception):
    """This leg no longer holds its session: cancelled, or given to another worker. It must stop."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a write adds to a session's history: (type, data) events, (kind, content) audit entries, and a call of a
    tool in its present leg: {key, tool, arguments, ok, result}.
    """

    events: Sequence[tuple[str, Values]] = ()
    audits: Sequence[tuple[str, Values]] = field(default=())
    call: Values | None = None


NOTHING = Record()


def state_of(row: WorkSession) -> State:
    """The row as the domain sees it."""
    failure = row.failure
    return State(
        status=Status(row.status),
        version=row.version,
        leg=row.leg,
        iteration=row.iteration,
        change_requests=row.change_requests,
        next_step=NextStep(row.next_step),
        unsettled_claims=row.unsettled_claims,
        failure=None
        if failure is None
        else Failure(str(failure["code"]), str(failure["message"]), bool(failure["retryable"])),
    )


def _columns(state: State) -> dict[str, Any]:
    failure = state.failure
    return {
        "status": state.status.value,
        "version": state.version,
        "leg": state.leg,
        "iteration": state.iteration,
        "change_requests": state.change_requests,
        "next_step": state.next_step.value,
        "unsettled_claims": state.unsettled_claims,
        "failure": None
        if failure is None
        else {"code": failure.code, "message": failure.message, "retryable": failure.retryable},
    }


async def create(tx: Tx, record: Record, **values: Any) -> WorkSession:
    """Inserts a session in its first state, with its first events."""
    values = {name: func.clock_timestamp() if value is NOW else value for name, value in values.items()}
    row = (
        await tx.execute(
            insert(WorkSession)
            .values(
                workspace_id=tx.workspace_id,
                id=values.pop("id", None) or new_id(),
                status=Status.INITIALIZED.value,
                **values,
            )
            .returning(WorkSession)
        )
    ).scalar_one()
    return await _write(tx, row, {}, record)


async def get(tx: Tx, session_id: UUID, project_id: UUID | None = None) -> WorkSession:
    """Raises NotFound (`session_not_found`)."""
    return _found((await tx.execute(_GET, {"of": session_id})).scalar_one_or_none(), session_id, project_id)


_HEADS = (
    select(WorkSession)
    .where(WorkSession.id.in_(bindparam("ids", expanding=True)))
    .options(
        load_only(
            WorkSession.title,
            WorkSession.agent_type,
            WorkSession.definition_digest,
            WorkSession.approval_strategy,
            WorkSession.change_requests,
            WorkSession.template_id,
            raiseload=True,
        )
    )
)


async def several(tx: Tx, ids: Collection[UUID]) -> list[WorkSession]:
    """Those of these sessions that there are, in no order, with no more than what their checkpoints show of them."""
    return list((await tx.execute(_HEADS, {"ids": list(ids)})).scalars())


async def asked(tx: Tx, ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """By session, what was asked for: {agent_type, task_description, approval_strategy, config}."""
    if not ids:
        return {}
    rows = await tx.execute(
        select(
            WorkSession.id, WorkSession.agent_type, WorkSession.task_description, WorkSession.approval_strategy,
            WorkSession.task_configuration,
        ).where(WorkSession.id.in_(ids))
    )  # fmt: skip
    names = ("agent_type", "task_description", "approval_strategy", "config")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows.all()}


async def lock(tx: Tx, session_id: UUID, project_id: UUID | None = None) -> WorkSession:
    """The row, locked until the transaction ends. Raises NotFound (`session_not_found`)."""
    return _found((await tx.execute(_LOCK, {"of": session_id})).scalar_one_or_none(), session_id, project_id)


async def lock_if_free(tx: Tx, session_id: UUID) -> WorkSession | None:
    """The row, locked, or None when it does not exist or somebody else is writing it just now."""
    return (await tx.execute(_LOCK_IF_FREE, {"of": session_id})).scalar_one_or_none()


async def has_room(tx: Tx, session_id: UUID, limits: Limits) -> bool:
    """Whether the workspace may have one more leg at work, this session's; others who ask wait for this transaction."""
    await take_turns(tx, [f"legs {tx.workspace_id}"])
    row = (
        await tx.execute(
            text(
                """
                SELECT s.agent_type, count(w.id), count(w.id) FILTER (WHERE w.agent_type = s.agent_type)
                FROM work_sessions s LEFT JOIN work_sessions w ON w.workspace_id = s.workspace_id AND w.id <> s.id
                  AND w.status = 'in_progress' AND w.lease_until >= now() AND w.runtime <> 'external'
                WHERE s.id = :id GROUP BY s.agent_type
                """
            ),
            {"id": session_id},
        )
    ).one_or_none()
    if row is None:
        return True  # whoever claims it finds out
    of_kind = limits.per_agent.get(row[0])
    return (limits.per_workspace is None or row[1] < limits.per_workspace) and (
        of_kind is None or row[2] < of_kind
    )


async def lease_has_lapsed(tx: Tx, row: WorkSession) -> bool:
    """By the database's clock; a row without a lease has none to wait for."""
    return row.lease_until is None or row.lease_until < await now(tx)


async def now(tx: Tx) -> datetime:
    """The database's clock, at this moment."""
    return (await tx.execute(_CLOCK)).scalar_one()


async def move(
    tx: Tx,
    row: WorkSession,
    to: State,
    record: Record = NOTHING,
    *,
    lease_seconds: float | None = None,
    **values: Any,
) -> WorkSession:
    """Writes a transition that the domain allowed: compare-and-set on (status, version) as `row` has them.

    With `lease_seconds` the lease runs from the database's now; without, the session has none. What is queued is told
    to the workers when the transaction commits. Raises
    Conflict (`changed_meanwhile`) when somebody else was first.
    """
    changes = _columns(to) | values | {"lease_until": None}
    if to.status is Status.QUEUED:
        changes["turn_at"] = None
    return await _write(tx, row, changes, record, lease_seconds)


async def fence(tx: Tx, session_id: UUID, leg: int) -> WorkSession:
    """The row, locked, when this leg still holds it. Raises LegLost otherwise."""
    row = (await tx.execute(_FENCE, {"of": session_id, "leg": leg})).scalar_one_or_none()
    if row is None:
        raise LegLost(f"leg {leg} of {session_id}")
    return row


async def step(tx: Tx, row: WorkSession, record: Record = NOTHING, **values: Any) -> WorkSession:
    """Writes what happened inside the leg that `fence` just proved to hold the row.

    `row` itself is what was written then, as after every write of its transaction, which holds its lock.
    """
    return await _write(tx, row, values, record)


async def renew_lease(tx: Tx, session_id: UUID, leg: int, seconds: float) -> bool:
    """False when this leg no longer holds the session."""
    done = await tx.execute(
        update(WorkSession)
        .where(
            WorkSession.id == session_id,
            WorkSession.leg == leg,
            WorkSession.status == Status.IN_PROGRESS.value,
        )
        .values(
            lease_until=func.clock_timestamp()
            + text("make_interval(secs => :lease)").bindparams(lease=seconds)
        )
        .execution_options(synchronize_session=False)
    )
    return changed(done) == 1


async def note(tx: Tx, session_id: UUID, record: Record) -> WorkSession:
    """Adds to a session's history without touching anything else (deliveries, comments)."""
    return await _write(tx, await lock(tx, session_id), {}, record)


async def _write(
    tx: Tx, row: WorkSession, changes: dict[str, Any], record: Record, lease_seconds: float | None = None
) -> WorkSession:
    """The row, its events, its audit entries and the news of them in one statement, so one way to the database.

    `row` is one of this transaction: what is written is written into it, too.
    """
    if row not in tx:
        raise RuntimeError("a row of another transaction: what is in it may not be so any more")
    if faults.on:
        tx.info.setdefault(WRITES, []).extend(kind for kind, _ in record.events)
        tx.info[WRITES].extend([] if record.call is None else [str(record.call["tool"])])
    entries = _link(row, record.audits)
    changes["event_seq"] = row.event_seq + len(record.events)
    if entries:
        changes["audit_count"] = entries[-1].n
        changes["audit_head"] = entries[-1].hash
    tell = bool(record.events) or "status" in changes
    news = {
        "workspace_id": str(tx.workspace_id), "kind": "session", "project_id": str(row.project_id),
        "session_id": str(row.id), "seq": changes["event_seq"],
    }  # fmt: skip
    columns = tuple((name, changes[name] is NOW) for name in sorted(changes))
    written = (
        await tx.execute(
            _written(columns, lease_seconds is not None, tell, record.call is not None),
            {
                f"to_{name}": value
                for name, value in changes.items()
                if value is not NOW and name != "turn_at" and not (name == "lease_until" and lease_seconds is not None)
            }
            | {
                "of": row.id, "status": row.status, "version": row.version, "seq": row.event_seq,
                "events": [{"type": kind, "data": dict(data)} for kind, data in record.events],
                "audits": [_audit_row(e) for e in entries],
            }
            | ({} if lease_seconds is None else {"lease": lease_seconds})
            | ({"channel": EVENTS_CHANNEL, "news": json.dumps(news)} if tell else {})
            | ({} if record.call is None else {"call": dict(record.call)}),
        )
    ).scalar_one_or_none()  # fmt: skip
    if written is None:
        raise Conflict(
            "changed_meanwhile",
            "Somebody else changed this session at the same moment.",
            hint="Look at it again and repeat what you wanted, if it still applies.",
        )
    return written


@lru_cache(maxsize=200)
def _written(
    columns: tuple[tuple[str, bool], ...], with_lease: bool, tell: bool, with_call: bool
) -> FromStatement[tuple[WorkSession]]:
    """The statement that writes these columns where (status, version, event_seq) are still as they were read.

    Those with a mark get the time of the database's clock. A lease runs from that, too. Events are numbered on from
    `event_seq`, in their order.
    """
    known = inspect(WorkSession).columns  # by the name of the attribute
    # What is not written stands in the row that the caller holds: to answer all of it takes three times as long.
    answered = ["workspace_id", "id", "updated_at", *(known[name].name for name, _ in columns)]
    returned = [*answered, "iteration", "leg"] if with_call else answered
    sets = ", ".join(
        "lease_until = clock_timestamp() + make_interval(secs => :lease)"
        if name == "lease_until" and with_lease
        else f"turn_at = clock_timestamp() - make_interval(secs => {PRIORITY_SECONDS} * priority)"
        if name == "turn_at"
        else f"{known[name].name} = clock_timestamp()"
        if by_clock
        else f"{known[name].name} = :to_{name}"
        for name, by_clock in columns
    )
    call = """, called AS (
          INSERT INTO tool_calls (workspace_id, session_id, iteration, leg, key, tool, arguments, ok, result)
          SELECT w.workspace_id, w.id, w.iteration, w.leg, c.key, c.tool, c.arguments, c.ok, c.result
          FROM written w, jsonb_to_record(:call) AS c (key text, tool text, arguments jsonb, ok bool, result jsonb)
        )"""
    news = ", pg_notify(:channel, :news)" if tell else ""
    if ("turn_at", False) in columns:
        news += f", pg_notify('{LEGS_CHANNEL}', '')"
    statement = text(
        f"""
        WITH written AS (
          UPDATE work_sessions SET {sets}, updated_at = now()
          WHERE id = :of AND status = :status AND version = :version AND event_seq = :seq
          RETURNING {", ".join(dict.fromkeys(returned))}
        ), told AS (
          INSERT INTO work_events (workspace_id, session_id, seq, type, data)
          SELECT w.workspace_id, w.id, CAST(:seq AS int) + e.n, e.one ->> 'type', e.one -> 'data'
          FROM written w, jsonb_array_elements(:events) WITH ORDINALITY e (one, n) ORDER BY e.n
        ), chained AS (
          INSERT INTO audit_entries (workspace_id, session_id, n, at, kind, commitment, previous, hash, salt, content)
          SELECT w.workspace_id, w.id, a.n, a.at, a.kind, a.commitment, a.previous, a.hash, a.salt, a.content
          FROM written w, jsonb_to_recordset(:audits) AS a (n int, at text, kind text, commitment text,
            previous text, hash text, salt text, content jsonb)
        ){call if with_call else ""}
        SELECT {", ".join("w." + name for name in answered)}{news} FROM written w
        """  # noqa: S608 (names of columns of the model)
    )
    if with_lease:
        statement = statement.bindparams(bindparam("lease", type_=Float()))
    typed = statement.bindparams(
        bindparam("events", type_=JSONB()),
        bindparam("audits", type_=JSONB()),
        *([bindparam("call", type_=JSONB())] if with_call else []),
        *(
            bindparam(f"to_{name}", type_=known[name].type)
            for name, by_clock in columns
            if not by_clock and name != "turn_at" and not (name == "lease_until" and with_lease)
        ),
    )
    return cast("FromStatement[tuple[WorkSession]]", select(WorkSession).from_statement(typed))


def _link(row: WorkSession, audits: Iterable[tuple[str, Values]]) -> list[audit.Entry]:
    entries: list[audit.Entry] = []
    head = row.audit_head
    for n, (kind, content) in enumerate(audits, start=row.audit_count + 1):
        entry = audit.link(
            session_id=str(row.id),
            n=n,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            kind=kind,
            previous=head,
            salt=secrets.token_hex(16),
            content=dict(content),
        )
        entries.append(entry)
        head = entry.hash
    return entries


def _audit_row(entry: audit.Entry) -> dict[str, Any]:
    return {
        "n": entry.n, "at": entry.at, "kind": entry.kind, "commitment": entry.commitment,
        "previous": entry.previous, "hash": entry.hash, "salt": entry.salt, "content": entry.content,
    }  # fmt: skip


async def audit_entries(tx: Tx, session_id: UUID) -> list[audit.Entry]:
    rows = await tx.execute(_AUDIT, {"of": session_id})
    return [
        audit.Entry(str(r.session_id), r.n, r.at, r.kind, r.commitment, r.previous, r.hash, r.salt, r.content)
        for r in rows.scalars()
    ]


async def notify(tx: Tx, ids: Values, *, channel: str = EVENTS_CHANNEL) -> None:
    """Wakes the listeners when this transaction commits. Carries ids only: they read what they may see."""
    await tx.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": channel, "payload": json.dumps({"workspace_id": str(tx.workspace_id), **ids})},
    )


async def events(tx: Tx, session_id: UUID, after: int = 0, limit: int = 1000) -> list[WorkEvent]:
    rows = await tx.execute(
        select(WorkEvent)
        .where(WorkEvent.session_id == session_id, WorkEvent.seq > after)
        .order_by(WorkEvent.seq)
        .limit(limit)
    )
    return list(rows.scalars())


async def events_of(
    tx: Tx,
    session_id: UUID,
    types: Sequence[str],
    *,
    after: int = 0,
    oldest: int | None = None,
    newest: int | None = None,
) -> list[WorkEvent]:
    """Events of these types after a number, in order: the first `oldest` of them, or the last `newest`."""
    query = select(WorkEvent).where(
        WorkEvent.session_id == session_id, WorkEvent.type.in_(types), WorkEvent.seq > after
    )
    if newest is not None:
        rows = await tx.execute(query.order_by(WorkEvent.seq.desc()).limit(newest))
        return list(rows.scalars())[::-1]
    return list((await tx.execute(query.order_by(WorkEvent.seq).limit(oldest))).scalars())


async def stream(
    tx: Tx, cursor: tuple[int, int] | None, limit: int = 500
) -> tuple[list[tuple[WorkEvent, UUID, str]], tuple[int, int]]:
    """Events of the whole workspace after a cursor (xid, id), with project and status, and the next cursor.

    Reads below `pg_snapshot_xmin` only: a transaction that commits late is never skipped. Without a cursor it
    answers nothing and the present one.
    """
    horizon = int(
        (await tx.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))).scalar_one()
    )
    # No cursor of this server lies ahead of it: that one was given out before a backup was restored.
    if cursor is None or cursor[0] > horizon:
        return [], (horizon, 0)
    rows = (
        await tx.execute(
            select(WorkEvent, WorkSession.project_id, WorkSession.status)
            .join(WorkSession, (WorkSession.id == WorkEvent.session_id))
            .where(
                text(
                    "(work_events.xid, work_events.id) > ((:xid)::text::xid8, :id)"
                    " AND work_events.xid < (:horizon)::text::xid8"
                ).bindparams(xid=str(cursor[0]), id=cursor[1], horizon=str(horizon))
            )
            .order_by(WorkEvent.xid, WorkEvent.id)
            .limit(limit)
        )
    ).all()
    if len(rows) < limit:
        last = rows[-1][0] if rows else None
        after = max((horizon, 0), (int(last.xid), last.id)) if last else max(cursor, (horizon, 0))
        return [(r[0], r[1], r[2]) for r in rows], after
    last = rows[-1][0]
    return [(r[0], r[1], r[2]) for r in rows], (int(last.xid), last.id)


async def page(
    tx: Tx,
    *,
    project_id: UUID | None = None,
    statuses: Sequence[str] = (),
    agent_types: Sequence[str] = (),
    title: str | None = None,
    before: UUID | None = None,
    updated_since: datetime | None = None,
    external_ref: str | None = None,
    outcomes: Sequence[str] = (),
    settled_since: datetime | None = None,
    held: bool | None = None,
    limit: int = 50,
) -> list[WorkSession]:
    """Newest first; `before` is the id of the last one seen. Without a project, as `lists.listed` says. `outcomes`:
    only what came to one of these, as `SessionFigures` names them. `held`: only what was decided and can still be taken
    back, or with False without that."""
    query = select(WorkSession).order_by(WorkSession.id.desc()).limit(limit)
    query = query.where(_of(project_id))
    if agent_types:
        query = query.where(WorkSession.agent_type.in_(agent_types))
    if title:
        query = query.where(WorkSession.title.icontains(title, autoescape=True))
    if statuses:
        query = query.where(WorkSession.status.in_(statuses))
    if before is not None:
        query = query.where(WorkSession.id < before)
    if updated_since is not None:
        query = query.where(WorkSession.updated_at >= updated_since)
    if external_ref is not None:
        query = query.where(WorkSession.external_ref == external_ref)
    if outcomes or settled_since is not None:
        ended = select(SessionFigures.session_id).where(SessionFigures.settled_at.is_not(None))
        if outcomes:
            ended = ended.where(SessionFigures.outcome.in_(outcomes))
        if settled_since is not None:
            ended = ended.where(SessionFigures.settled_at >= settled_since)
        query = query.where(WorkSession.id.in_(ended))
    if held is not None:
        query = query.where(_HELD if held else ~_HELD)
    return list((await tx.execute(query)).scalars())


_LISTED = lists.listed("work_sessions")
_HELD = literal_column(lists.held("work_sessions"), Boolean())


def _of(project_id: UUID | None) -> ColumnElement[bool]:
    if project_id is not None:
        return WorkSession.project_id == project_id
    return literal_column(_LISTED, Boolean())


async def counts(tx: Tx, project_id: UUID | None = None) -> dict[str, dict[str, int]]:
    """Agent type to status to how many, of one project or of all, as `lists.listed` says."""
    rows = await tx.execute(
        select(WorkSession.agent_type, WorkSession.status, func.count())
        .where(_of(project_id))
        .group_by(WorkSession.agent_type, WorkSession.status)
    )
    found: dict[str, dict[str, int]] = {}
    for agent_type, status, n in rows.all():
        found.setdefault(agent_type, {})[status] = n
    return found


async def held_counts(tx: Tx, project_id: UUID | None = None) -> dict[str, int]:
    """Agent type to how many were decided and can still be taken back, of one project or of all."""
    rows = await tx.execute(
        select(WorkSession.agent_type, func.count())
        .where(_of(project_id), _HELD)
        .group_by(WorkSession.agent_type)
    )
    return {row[0]: row[1] for row in rows.all()}


def _found(row: WorkSession | None, session_id: UUID, project_id: UUID | None) -> WorkSession:
    if row is None or project_id not in (None, row.project_id):
        raise NotFound(
            "session_not_found",
            f"No work session {session_id} is here.",
            hint="Check the id and the project.",
        )
    return row
