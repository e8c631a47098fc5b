"""Queries on checkpoints."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select
from sqlalchemy.orm.attributes import set_committed_value

from proofroom.db.models import WorkCheckpoint, WorkEvent, WorkSession
from proofroom.db.statements import setting, text, update_of
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

_LAST_WORD = (
    select(WorkEvent)
    .where(
        WorkEvent.session_id == bindparam("session_id"),
        or_(WorkEvent.type.in_(("checkpoint_opened", "decided")), WorkEvent.data.has_key("void_decision")),
    )
    .order_by(WorkEvent.seq.desc())
    .limit(1)
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
    """The row as it is then. A packet is long, so one that the transaction holds is not answered again."""
    held = tx.held(WorkCheckpoint, tx.workspace_id, checkpoint_id)
    statement = update_of(WorkCheckpoint, "id", *values, whole=held is None)
    answer = await tx.execute(statement, {"where_id": checkpoint_id} | setting(values))
    if held is None:
        return answer.scalar_one()
    for name, value in zip(values, answer.one(), strict=True):
        set_committed_value(held, name, value)
    return held


async def open_one(tx: Tx, session_id: UUID) -> WorkCheckpoint | None:
    """The checkpoint that waits for a person; a session has at most one."""
    return (await tx.execute(_OPEN_ONE, {"session_id": session_id})).scalar_one_or_none()


async def made_void(tx: Tx, session_id: UUID) -> WorkEvent | None:
    """The event that made the last decision of a session void; None when another was made or a review opened since."""
    last = (await tx.execute(_LAST_WORD, {"session_id": session_id})).scalar_one_or_none()
    return None if last is None or "void_decision" not in last.data else last


async def open_signings(tx: Tx) -> list[tuple[str, dict[str, Any]]]:
    """(title, what it asks for of signatures) of each final packet that waits, without the packet itself."""
    rows = await tx.execute(
        select(WorkSession.title, WorkCheckpoint.packet["signing"])
        .join(WorkSession, WorkSession.id == WorkCheckpoint.session_id)
        .where(WorkCheckpoint.status == OPEN, WorkCheckpoint.kind == "final")
        .order_by(WorkCheckpoint.opened_at)
    )
    return [(r[0], r[1] or {}) for r in rows.all()]


async def of_session(tx: Tx, session_id: UUID) -> list[WorkCheckpoint]:
    return list((await tx.execute(_OF_SESSION, {"session_id": session_id})).scalars())


async def latest_final(tx: Tx, project_id: UUID, most: int) -> list[UUID]:
    """Ids of the last final checkpoint of each of the latest sessions of a project that reached one, latest first.
    Packets may be large, so they are for the caller to read one after the other."""
    ids = text(
        """
        SELECT id FROM (
          SELECT DISTINCT ON (session_id) id FROM (
            SELECT id, session_id FROM work_checkpoints
            WHERE project_id = :project AND kind = 'final' AND status <> 'superseded'
            ORDER BY id DESC LIMIT :read) lately
          ORDER BY session_id, id DESC) one ORDER BY id DESC LIMIT :most
        """
    )
    found = await tx.execute(ids, {"project": project_id, "read": 4 * most, "most": most})
    return list(found.scalars())
