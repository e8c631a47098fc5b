"""Queries on checkpoints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select

from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.statements import setting, update_of
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound

OPEN = "pending_review"

_GET = select(WorkCheckpoint).where(WorkCheckpoint.id == bindparam("of"))
_CREATE = insert(WorkCheckpoint).returning(WorkCheckpoint)
_OPEN_ONE = select(WorkCheckpoint).where(
    WorkCheckpoint.session_id == bindparam("session_id"), WorkCheckpoint.status == OPEN
)
_OF_SESSION = (
    select(WorkCheckpoint)
    .where(WorkCheckpoint.session_id == bindparam("session_id"))
    .order_by(WorkCheckpoint.id)
)


async def create(tx: Tx, **values: Any) -> WorkCheckpoint:
    return (await tx.execute(_CREATE, {"workspace_id": tx.workspace_id} | values)).scalar_one()


async def get(tx: Tx, checkpoint_id: UUID, session_id: UUID | None = None) -> WorkCheckpoint:
    """Raises NotFound (`checkpoint_not_found`)."""
    row = (await tx.execute(_GET, {"of": checkpoint_id})).scalar_one_or_none()
    if row is None or session_id not in (None, row.session_id):
        raise NotFound(
            "checkpoint_not_found",
            f"No checkpoint {checkpoint_id} is here.",
            hint="List the checkpoints of the session.",
        )
    return row


async def change(tx: Tx, checkpoint_id: UUID, **values: Any) -> WorkCheckpoint:
    return (
        await tx.execute(
            update_of(WorkCheckpoint, "id", *values), {"where_id": checkpoint_id} | setting(values)
        )
    ).scalar_one()


async def open_one(tx: Tx, session_id: UUID) -> WorkCheckpoint | None:
    """The checkpoint that waits for a person; a session has at most one."""
    return (await tx.execute(_OPEN_ONE, {"session_id": session_id})).scalar_one_or_none()


async def open_signings(tx: Tx) -> list[tuple[str, dict[str, Any]]]:
    """(title, what it asks for of signatures) of each final packet that waits, without the packet itself."""
    rows = await tx.execute(
        select(WorkSession.title, WorkCheckpoint.packet["signing"])
        .join(WorkSession, WorkSession.id == WorkCheckpoint.session_id)
        .where(WorkCheckpoint.status == OPEN, WorkCheckpoint.kind == "final")
        .order_by(WorkCheckpoint.opened_at)
    )
    return [(r[0], r[1] or {}) for r in rows.all()]


async def open_of(tx: Tx, session_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Session id to the id of its waiting checkpoint."""
    rows = await tx.execute(
        select(WorkCheckpoint.session_id, WorkCheckpoint.id).where(
            WorkCheckpoint.session_id.in_(session_ids), WorkCheckpoint.status == OPEN
        )
    )
    return {r[0]: r[1] for r in rows.all()}


async def of_session(tx: Tx, session_id: UUID) -> list[WorkCheckpoint]:
    return list((await tx.execute(_OF_SESSION, {"session_id": session_id})).scalars())


async def inbox(
    tx: Tx,
    *,
    status: str = OPEN,
    assignee: UUID | None = None,
    project_id: UUID | None = None,
    awake_at: datetime | None = None,
    after: UUID | None = None,
    limit: int = 50,
    newest_first: bool = False,
) -> list[WorkCheckpoint]:
    """Oldest first unless `newest_first`; `after` is the id of the last one seen; `awake_at` leaves out what
    is snoozed beyond that time."""
    key = WorkCheckpoint.id
    query = select(WorkCheckpoint).where(WorkCheckpoint.status == status).limit(limit)
    query = query.order_by(key.desc() if newest_first else key)
    if assignee is not None:
        query = query.where(WorkCheckpoint.assignee == assignee)
    if project_id is not None:
        query = query.where(WorkCheckpoint.project_id == project_id)
    if awake_at is not None:
        query = query.where(
            or_(WorkCheckpoint.snoozed_until.is_(None), WorkCheckpoint.snoozed_until <= awake_at)
        )
    if after is not None:
        query = query.where(key < after if newest_first else key > after)
    return list((await tx.execute(query)).scalars())


async def signers(tx: Tx, session_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Session id to the name on its approved final checkpoint."""
    # The status is looked at here: without statistics the database would read all that was ever approved.
    rows = await tx.execute(
        select(
            WorkCheckpoint.session_id, WorkCheckpoint.status, WorkCheckpoint.decision["name"].astext
        ).where(WorkCheckpoint.session_id.in_(session_ids), WorkCheckpoint.kind == "final")
    )
    return {r[0]: r[2] for r in rows.all() if r[1] == "approved"}
