"""Queries on checkpoints."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import defer

from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.statements import setting, text, update_of
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound

OPEN = "pending_review"

Json = dict[str, Any]

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


# Read out of the packet once (`#-` of nothing), however large it is. Verdicts that may stand: see `MAY_STAND`.
_BRIEF = literal_column(
    """
    (SELECT jsonb_build_object(
       'signing', p -> 'signing', 'effects', p -> 'effects', 'summary', p -> 'summary', 'question', p -> 'question',
       'triggers', p -> 'triggers', 'artifacts', coalesce((
         SELECT jsonb_agg(jsonb_build_object('version', a.one -> 'version', 'claims', coalesce((
             SELECT jsonb_agg(jsonb_build_object('id', c -> 'id', 'n', c -> 'n', 'short', c -> 'short',
               'headline', c -> 'headline', 'verdict', c -> 'verdict', 'needs_you', c -> 'needs_you'))
             FROM jsonb_path_query(a.one -> 'claims', '$[*] ? (@.needs_you == true
               || !(@.verdict like_regex "^(supported|partial|uncited)$"))') c), '[]'))
           ORDER BY a.n)
         FROM jsonb_array_elements(p -> 'artifacts') WITH ORDINALITY a (one, n)), '[]'))
     FROM (SELECT work_checkpoints.packet #- '{}' AS p OFFSET 0) once)
    """,
    type_=JSONB,
).label("brief")
"""Of a packet what a list shows: all but its artifacts' documents and the claims that nobody has to look at."""


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
) -> list[tuple[WorkCheckpoint, Json]]:
    """Each with its packet in brief, and the packet itself not read: see `_BRIEF`.

    Oldest first unless `newest_first`; `after` is the id of the last one seen; `awake_at` leaves out what is snoozed
    beyond that time."""
    key = WorkCheckpoint.id
    query = (
        select(WorkCheckpoint, _BRIEF)
        .options(defer(WorkCheckpoint.packet, raiseload=True))
        .where(WorkCheckpoint.status == status)
        .limit(limit)
    )
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
    return [(row[0], row[1]) for row in await tx.execute(query)]


async def latest_final(tx: Tx, project_id: UUID, most: int) -> list[WorkCheckpoint]:
    """The last final checkpoint of each of the latest sessions of a project that reached one, latest first."""
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
    found = (await tx.execute(ids, {"project": project_id, "read": 4 * most, "most": most})).scalars()
    rows = await tx.execute(
        select(WorkCheckpoint).where(WorkCheckpoint.id.in_(list(found))).order_by(WorkCheckpoint.id.desc())
    )
    return list(rows.scalars())
