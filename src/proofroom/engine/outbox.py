"""Effects on the outside: tried until they are made, each under the digest that was signed.

An attempt is claimed (one commit), made with no transaction open, and recorded (one commit). While it is made its
lease is renewed; a worker that dies lets it lapse, and another makes the same effect again under the same key.
"""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom import faults
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, deliveries, work_sessions
from proofroom.db.models import Delivery, WorkCheckpoint
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.backoff import full_jitter
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.errors import Unavailable
from proofroom.domain.work_session import Status
from proofroom.engine.effects import Effect, NotSent
from proofroom.engine.parts import Parts
from proofroom.exports import deliverable
from proofroom.services import seals

_log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 3600.0
SEND_SECONDS = 300.0
"""How long one attempt may take before it is counted as failed."""

SILENT = "The worker that made it stopped before it said how that ended; it may have been made."


class _Lost(Exception):
    """This attempt does not hold the delivery any more: another one was begun."""


async def deliver(parts: Parts, workspace_id: UUID, delivery_id: UUID) -> bool:
    """Makes one effect; false when there was nothing to do. At least once, and the same each time.

    Refuses, for good, when what was signed is not what stands there any more.
    """
    row = await _claim(parts, workspace_id, delivery_id)
    if row is None:
        return False
    try:
        effect = await _effect(parts, workspace_id, row)
        faults.point("delivery_begun", row.id)
        made = await _send(parts, workspace_id, row, effect)
        faults.point("delivery_written", row.id)
    except NotSent as why:
        await _failed(parts, workspace_id, row, why)
    except _Lost:
        _log.warning("delivery %s: attempt %s lost its lease and says no more", row.id, row.attempts)
    else:
        await _delivered(parts, workspace_id, row, made)
    return True


async def _claim(parts: Parts, workspace_id: UUID, delivery_id: UUID) -> Delivery | None:
    """Begins an attempt, in the row before anything is made, so that one which ends its worker counts too."""
    async with parts.db.transaction(workspace_id) as tx:
        row = await deliveries.lock_due(tx, delivery_id)
        if row is None:
            return None
        now = await work_sessions.now(tx)
        ended = _ended(row.tries, now, "sender_silent", SILENT)
        session = await work_sessions.get(tx, row.session_id)
        if session.status == Status.CANCELLED:
            await deliveries.change(
                tx, row, status="dropped", tries=ended, sender=None, detail="The session was cancelled."
            )
            return None
        if row.attempts < row.give_up_at:
            begun = {"n": row.attempts + 1, "at": now.isoformat(), "by": parts.owner}
            await deliveries.change(
                tx,
                row,
                attempts=row.attempts + 1,
                sender=parts.owner,
                due_at=deliveries.from_now(parts.delivery_lease_seconds),
                idempotency_key=row.idempotency_key or str(row.id),
                tries=[*ended, begun][-deliveries.KEPT_TRIES :],
            )
            return await deliveries.get(tx, row.id)
        await deliveries.change(tx, row, status="failed", sender=None, tries=ended, detail=SILENT)
        await _say(tx, row, "delivery_failed", {"code": "sender_silent", "detail": SILENT, "again": False})
    return None


async def _effect(parts: Parts, workspace_id: UUID, row: Delivery) -> Effect:
    """What is to be made, read again from what was signed. Raises NotSent (`delivery_refused`)."""
    async with parts.db.transaction(workspace_id, snapshot=True) as tx:
        checkpoint = await checkpoints.get(tx, row.checkpoint_id)
        why = await _refusal(tx, row, checkpoint)
        if why is not None:
            raise NotSent("delivery_refused", why, for_good=True)
        session = await work_sessions.get(tx, row.session_id)
        return Effect(
            kind=row.kind,
            target=row.target,
            idempotency_key=row.idempotency_key or str(row.id),
            attempt=row.attempts,
            session_id=row.session_id,
            title=str(checkpoint.packet.get("title", session.title)),
            packet_digest=row.packet_digest,
            files=await deliverable.files(tx, checkpoint),
        )


async def _refusal(tx: Tx, row: Delivery, checkpoint: WorkCheckpoint) -> str | None:
    if checkpoint.status != CheckpointStatus.APPROVED or checkpoint.kind != "final":
        return "No approved final checkpoint covers it."
    broken = await seals.broken_seal(tx, await work_sessions.get(tx, row.session_id), checkpoint)
    if broken is not None:
        return broken
    if checkpoint.packet_digest != row.packet_digest:
        return "The packet is not the one that was signed."
    if not any(e["kind"] == row.kind and e["target"] == row.target for e in checkpoint.packet["effects"]):
        return "The signed packet has no such effect."
    for shown in checkpoint.packet["artifacts"]:
        version = await db_artifacts.version(tx, UUID(shown["artifact_id"]), shown["version"])
        if deliverable.digest_of(version, shown["type"]) != shown["digest"]:
            return f"{shown['title']} is not the version that was signed."
    return None


async def _send(parts: Parts, workspace_id: UUID, row: Delivery, effect: Effect) -> Sequence[str]:
    """Has the effect made, and holds the lease meanwhile. Raises NotSent, _Lost."""
    sender = parts.senders.get(effect.kind)
    if sender is None:
        raise NotSent(
            "no_sender", f"This worker makes no effect of the kind {effect.kind}. Start one that does."
        )
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SEND_SECONDS
    making = asyncio.ensure_future(sender(effect))
    try:
        while not (await asyncio.wait({making}, timeout=parts.delivery_lease_seconds / 3))[0]:
            if loop.time() > deadline:
                raise NotSent(
                    "sender_slow", f"It was not made within {SEND_SECONDS:.0f} s. It is tried again."
                )
            if not await _renewed(parts, workspace_id, row):
                raise _Lost
        return making.result()
    except (NotSent, _Lost):
        raise
    except Exception as error:
        _log.exception("making delivery %s broke", row.id)
        raise NotSent(
            "sender_broke", f"Making it broke ({type(error).__name__}). The server's log says where."
        ) from error
    finally:
        making.cancel()


async def _renewed(parts: Parts, workspace_id: UUID, row: Delivery) -> bool:
    """False when another attempt was begun. A database that is away is asked again at the next turn."""
    try:
        async with parts.db.transaction(workspace_id) as tx:
            later = deliveries.from_now(parts.delivery_lease_seconds)
            return await deliveries.change(tx, row, due_at=later)
    except Unavailable:
        return True


async def _delivered(parts: Parts, workspace_id: UUID, row: Delivery, made: Sequence[str]) -> None:
    async with parts.db.transaction(workspace_id) as tx:
        await work_sessions.lock(tx, row.session_id)
        now = await work_sessions.now(tx)
        held = await deliveries.change(
            tx,
            row,
            status="delivered",
            sender=None,
            detail=", ".join(made),
            tries=_ended(row.tries, now),
            delivered_at=now,
        )
        if held:
            path = row.target.get("path")
            await _say(tx, row, "delivered", {"files": list(made)} | ({"path": path} if path else {}))


async def _failed(parts: Parts, workspace_id: UUID, row: Delivery, why: NotSent) -> None:
    again = not why.for_good and row.attempts < row.give_up_at
    wait = full_jitter(
        row.attempts - row.give_up_at + deliveries.ATTEMPTS,
        random.random(),  # noqa: S311 (no secret: it spreads those who failed at the same moment)
        first=FIRST_WAIT_SECONDS,
        most=LONGEST_WAIT_SECONDS,
    )
    async with parts.db.transaction(workspace_id) as tx:
        await work_sessions.lock(tx, row.session_id)
        held = await deliveries.change(
            tx,
            row,
            status="pending" if again else "failed",
            sender=None,
            detail=why.message,
            tries=_ended(row.tries, await work_sessions.now(tx), why.code, why.message),
            due_at=deliveries.from_now(wait),
        )
        if held:
            said = {"code": why.code, "detail": why.message, "attempts": row.attempts, "again": again}
            await _say(tx, row, "delivery_failed", said)
    _log.warning("delivery %s failed: %s", row.id, why.message)


def _ended(
    tries: Sequence[Mapping[str, Any]], at: datetime, code: str | None = None, error: str | None = None
) -> list[dict[str, Any]]:
    """The attempts, the last of them with its end if it had none."""
    made = [dict(one) for one in tries]
    if made and "ended_at" not in made[-1]:
        made[-1] |= {"ended_at": at.isoformat(), "code": code, "error": error}
    return made


async def _say(tx: Tx, row: Delivery, kind: str, data: Mapping[str, object]) -> None:
    said = {"kind": row.kind, "delivery_id": str(row.id), **data}
    await work_sessions.note(tx, row.session_id, Record(events=[(kind, said)], audits=[(kind, said)]))
