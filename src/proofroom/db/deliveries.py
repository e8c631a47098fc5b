"""Queries of the outbox. Each attempt is claimed under a lease; what it writes after that names the attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.sql import ColumnElement

from proofroom.db.models import Delivery, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound

ATTEMPTS = 10
"""How often an effect is tried before a person must look at it; also after they had it sent again."""

KEPT_TRIES = 50

Listed = tuple[Delivery, str, UUID]
"""A delivery with its session's title and project."""


async def get(tx: Tx, delivery_id: UUID) -> Delivery:
    """Raises NotFound (`delivery_not_found`)."""
    row = (await tx.execute(select(Delivery).where(Delivery.id == delivery_id))).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "delivery_not_found",
            f"No delivery {delivery_id} is here.",
            hint="List the deliveries, or look at the session that it is of.",
        )
    return row


async def lock(tx: Tx, delivery_id: UUID) -> Delivery:
    """The row, locked; lock its session before. Raises NotFound (`delivery_not_found`)."""
    await get(tx, delivery_id)
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    return (await tx.execute(query)).scalar_one()


async def lock_due(tx: Tx, delivery_id: UUID) -> Delivery | None:
    """The delivery, locked, when it is to be made now: pending, due, and no other worker's by a lease."""
    query = (
        select(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.status == "pending",
            Delivery.due_at <= func.clock_timestamp(),
        )
        .with_for_update(skip_locked=True)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def change(tx: Tx, row: Delivery, **values: Any) -> bool:
    """Writes when the attempt that `row` is of still holds it: pending, and no later attempt was begun."""
    done = await tx.execute(
        update(Delivery)
        .where(Delivery.id == row.id, Delivery.status == "pending", Delivery.attempts == row.attempts)
        .values(**values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar_one_or_none() is not None


async def reopen(tx: Tx, row: Delivery) -> None:
    """Due now, with as many attempts as a new one. The row is locked."""
    await tx.execute(
        update(Delivery)
        .where(Delivery.id == row.id)
        .values(
            status="pending", due_at=func.clock_timestamp(), give_up_at=row.attempts + ATTEMPTS, sender=None
        )
        .execution_options(synchronize_session=False)
    )


async def drop(tx: Tx, row: Delivery, why: str) -> None:
    """It is not made any more. The row is locked."""
    await tx.execute(
        update(Delivery)
        .where(Delivery.id == row.id)
        .values(status="dropped", detail=why, sender=None)
        .execution_options(synchronize_session=False)
    )


def from_now(seconds: float) -> ColumnElement[datetime]:
    """So many seconds from now by the database's clock."""
    return func.clock_timestamp() + text("make_interval(secs => :later)").bindparams(later=seconds)


async def page(
    tx: Tx,
    *,
    status: str | None = None,
    kind: str | None = None,
    project_id: UUID | None = None,
    session_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> Sequence[Listed]:
    """Newest first; `before` is the id of the last one seen."""
    query = (
        select(Delivery, WorkSession.title, WorkSession.project_id)
        .join(WorkSession, WorkSession.id == Delivery.session_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(Delivery.status == status)
    if kind is not None:
        query = query.where(Delivery.kind == kind)
    if project_id is not None:
        query = query.where(WorkSession.project_id == project_id)
    if session_id is not None:
        query = query.where(Delivery.session_id == session_id)
    if before is not None:
        query = query.where(Delivery.id < before)
    return [(r[0], r[1], r[2]) for r in (await tx.execute(query)).all()]
