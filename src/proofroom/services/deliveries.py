"""What became of effects, and what a person may do about one that could not be made."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from proofroom import queue
from proofroom.db import deliveries, work_sessions
from proofroom.db.deliveries import Listed
from proofroom.db.models import Delivery
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.errors import Conflict
from proofroom.domain.work_session import Status
from proofroom.services.access import Actor, require
from proofroom.services.views import at

STATUSES = ("pending", "delivered", "failed", "dropped")


async def one(tx: Tx, delivery_id: UUID) -> dict[str, Any]:
    """Raises NotFound (`delivery_not_found`)."""
    row = await deliveries.get(tx, delivery_id)
    session = await work_sessions.get(tx, row.session_id)
    return to_json([(row, session.title, session.project_id)])[0]


async def resend(tx: Tx, actor: Actor, delivery_id: UUID) -> dict[str, Any]:
    """Has a delivery that was given up, or that waits for its next try, made now. Its key stays the same.

    It is checked against the signature as at any attempt. Raises NotFound (`delivery_not_found`), Conflict
    (`delivery_made`, `delivery_dropped`, `delivery_being_made`), NotAllowed.
    """
    require(actor, "requester")
    row = await _locked(tx, delivery_id)
    _require_open(row)
    session = await work_sessions.get(tx, row.session_id)
    if session.status == Status.CANCELLED:
        raise _dropped(row)
    await deliveries.reopen(tx, row)
    await queue.defer(tx, queue.DELIVER, delivery_id=str(row.id))
    await _say(tx, actor, row, "delivery_resent")
    return await one(tx, delivery_id)


async def drop(tx: Tx, actor: Actor, delivery_id: UUID) -> dict[str, Any]:
    """Gives a delivery up for good: it is not tried any more and nobody is reminded of it.

    Raises NotFound (`delivery_not_found`), Conflict (`delivery_made`, `delivery_dropped`, `delivery_being_made`),
    NotAllowed.
    """
    require(actor, "requester")
    row = await _locked(tx, delivery_id)
    _require_open(row)
    await deliveries.drop(tx, row, f"Dropped by {actor.name}.")
    await _say(tx, actor, row, "delivery_dropped")
    return await one(tx, delivery_id)


async def _locked(tx: Tx, delivery_id: UUID) -> Delivery:
    """The row, locked after its session as everywhere else."""
    row = await deliveries.get(tx, delivery_id)
    await work_sessions.lock(tx, row.session_id)
    return await deliveries.lock(tx, delivery_id)


def _require_open(row: Delivery) -> None:
    if row.status == "delivered":
        raise Conflict(
            "delivery_made",
            f"Delivery {row.id} was made at {at(row.delivered_at)}.",
            hint="Export the session to have its result once more.",
        )
    if row.status == "dropped":
        raise _dropped(row)
    if row.sender is not None:
        raise Conflict(
            "delivery_being_made",
            f"Delivery {row.id} is being made just now.",
            hint="Look again in a minute.",
        )


def _dropped(row: Delivery) -> Conflict:
    return Conflict(
        "delivery_dropped",
        f"Delivery {row.id} was dropped. {row.detail or ''}".strip(),
        hint="Export the session's result, or fork the session.",
    )


async def _say(tx: Tx, actor: Actor, row: Delivery, kind: str) -> None:
    said = {"kind": row.kind, "delivery_id": str(row.id), "by": actor.name}
    content = said | {"by": str(actor.member_id)}
    await work_sessions.note(tx, row.session_id, Record(events=[(kind, said)], audits=[(kind, content)]))


def to_json(rows: Sequence[Listed]) -> list[dict[str, Any]]:
    """As the API and the command line show them."""
    return [
        {
            "id": str(d.id), "session_id": str(d.session_id), "session_title": title, "project_id": str(project_id),
            "checkpoint_id": str(d.checkpoint_id), "kind": d.kind, "target": d.target, "status": d.status,
            "detail": d.detail, "packet_digest": d.packet_digest, "idempotency_key": d.idempotency_key,
            "attempts": d.attempts, "attempts_left": max(0, d.give_up_at - d.attempts) if d.status == "pending" else 0,
            "being_made": d.sender is not None, "tries": d.tries,
            "due_at": at(d.due_at) if d.status == "pending" else None, "created_at": at(d.created_at),
            "delivered_at": at(d.delivered_at),
        }
        for d, title, project_id in rows
    ]  # fmt: skip
