"""Checkpoints as the work reaches and leaves them: opened, replaced, released, expired, decided by policy.

What is seen is what is approved is what is released: every packet is built from what stands in the database and
compared by digest. Nothing here commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx, new_id
from proofroom.db.work_sessions import Record, state_of
from proofroom.domain.budget import extensions_approved
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import CheckpointStatus, Decision, held_decision, packet_digest
from proofroom.domain.deadlines import deadlines, next_reminder
from proofroom.domain.errors import Conflict, NotFound
from proofroom.domain.policy_settings import stored_settings
from proofroom.domain.signing import signing_of
from proofroom.domain.work_session import Event, apply
from proofroom.services import packets, weights
from proofroom.services.aside import aside

SEALED_SECONDS = 30.0
"""How long a leg whose final gate policy decided may take to finish."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision came to. When `stale` is true nothing was decided: `checkpoint` is the packet to look
    at now, and the caller answers 409 `stale_packet` after committing."""

    session: WorkSession
    checkpoint: WorkCheckpoint
    stale: bool = False
    why: str = ""


async def open_checkpoint(
    tx: Tx,
    row: WorkSession,
    *,
    kind: str,
    reasons: Sequence[str],
    form: dict[str, Any] | None = None,
    event: Event = Event.PAUSE,
    phase: str = "waiting for you",
    record: Record = work_sessions.NOTHING,
    built: Mapping[str, Any] | None = None,
) -> tuple[WorkSession, WorkCheckpoint]:
    """Parks the session in front of a person, with the times that the project's policy sets.

    `built` is a packet of this kind that was built in this transaction after the last write to what it covers.
    """
    to = apply(state_of(row), event)
    packet = built or await packets.build(
        tx, row, checkpoint_id=row.id, kind=kind, reasons=reasons, form=form
    )
    now = await work_sessions.now(tx)
    when = deadlines(stored_settings(packet["policy"]["settings"]), now)
    checkpoint = await _create(
        tx,
        row,
        kind,
        reasons,
        form,
        packet,
        opened_at=now,
        due_at=when.due_at,
        remind_at=when.remind_at,
        expires_at=when.expires_at,
    )
    opened = {
        "checkpoint_id": str(checkpoint.id), "kind": kind, "reasons": list(reasons),
        "summary": checkpoint.packet["summary"],
    }  # fmt: skip
    row = await work_sessions.move(
        tx,
        row,
        to,
        Record(
            events=[*record.events, ("checkpoint_opened", opened)],
            audits=[
                *record.audits,
                ("checkpoint_opened", opened | {"packet_digest": checkpoint.packet_digest}),
            ],
        ),
        phase=phase,
        lease_owner=None,
    )
    return row, checkpoint


async def _create(
    tx: Tx,
    row: WorkSession,
    kind: str,
    reasons: Sequence[str],
    form: dict[str, Any] | None,
    built: Mapping[str, Any] | None = None,
    **values: Any,
) -> WorkCheckpoint:
    checkpoint_id = new_id()
    built = built or await packets.build(
        tx, row, checkpoint_id=checkpoint_id, kind=kind, reasons=reasons, form=form
    )
    packet = packets.named(built, checkpoint_id=checkpoint_id, reasons=reasons, form=form)
    if "opened_at" in values:
        values |= await aside(
            packet, weights.of_packet, row, kind, reasons, packet, values["opened_at"], values["due_at"]
        )
    return await checkpoints.create(
        tx, id=checkpoint_id, session_id=row.id, project_id=row.project_id, kind=kind, reasons=list(reasons),
        iteration=row.iteration, packet=packet, packet_digest=packet_digest(packet), form=form,
        **({"status": CheckpointStatus.PENDING_REVIEW.value} | values),
    )  # fmt: skip


async def seal_by_policy(
    tx: Tx, row: WorkSession, because: Sequence[str], *, built: Mapping[str, Any] | None = None
) -> tuple[WorkSession, WorkCheckpoint]:
    """The final gate decided by policy, recorded with its reasons like any decision."""
    decision = {
        "decision": Decision.APPROVE.value, "by": None, "name": "policy", "via": "policy",
        "at": (await work_sessions.now(tx)).isoformat(), "because": list(because), "packet_shown": False,
    }  # fmt: skip
    checkpoint = await _create(
        tx, row, "final", ["final"], None, built, status=CheckpointStatus.APPROVED.value,
        decided_at=await work_sessions.now(tx),
    )  # fmt: skip
    decision |= {"packet_digest": checkpoint.packet_digest, "sealed_digest": checkpoint.packet_digest}
    checkpoint = await checkpoints.change(tx, checkpoint.id, decision=decision)
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.SEAL),
        Record(events=[("decided", said_of(checkpoint))], audits=[("approved", decision)]),
        lease_seconds=SEALED_SECONDS,
    )
    return row, checkpoint


async def release(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint) -> Outcome:
    """Lets go what was approved: the next leg, and after the final gate the finishing one."""
    final = checkpoint.kind == "final"
    decision: dict[str, Any] = checkpoint.decision or {}
    was_pending = checkpoint.approve_pending
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, status=CheckpointStatus.APPROVED.value, approve_pending=False, undo_until=None
    )
    values: dict[str, Any] = {"phase": "signed, finishing" if final else "going on"}
    if checkpoint.kind == "plan":
        values["plan_approved"] = digest(checkpoint.packet["plan"])
    if "budget" in checkpoint.reasons:
        more = extensions_approved(checkpoint.packet["triggers"])
        values["budget"] = row.budget | {"extensions": int(row.budget.get("extensions", 0)) + more}
    await db_artifacts.settle_triggers(
        tx,
        [UUID(t["id"]) for t in checkpoint.packet["triggers"] if t["kind"] in checkpoint.reasons],
        checkpoint.id,
        decision.get("answers") or None,
    )
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.APPROVE, final_gate=final),
        Record(
            events=[("released" if was_pending else "decided", said_of(checkpoint))],
            audits=[("approved", decision)],
        ),
        **values,
    )
    return Outcome(row, checkpoint)


async def supersede(tx: Tx, row: WorkSession, old: WorkCheckpoint, why: str) -> Outcome:
    """A new checkpoint with the packet as it is now; earlier votes and a decision that is held are void.

    Whoever may not sign the new one is not asked to any more.
    """
    held = held_decision(old.status, old.approve_pending, old.decision)
    void = {} if held is None else {
        "void_decision": held.value, "by": (old.decision or {}).get("name"),
        "void_by": None if old.decided_by is None else str(old.decided_by),
    }  # fmt: skip
    await checkpoints.change(
        tx, old.id, status=CheckpointStatus.SUPERSEDED.value, approve_pending=False, undo_until=None,
        decision=None, decided_by=None, decided_at=None,
    )  # fmt: skip
    new = await _create(
        tx, row, old.kind, old.reasons, old.form, assignee=old.assignee, due_at=old.due_at,
        remind_at=old.remind_at, expires_at=old.expires_at, looking_by=old.looking_by,
        looking_until=old.looking_until, lookers=old.lookers, opened_at=await work_sessions.now(tx),
    )  # fmt: skip
    if str(new.assignee) in signing_of(new.packet).barred:
        new = await checkpoints.change(tx, new.id, assignee=None)
    await checkpoints.change(tx, old.id, superseded_by=new.id)
    said = {
        "checkpoint_id": str(old.id), "superseded_by": str(new.id), "why": why, "void_votes": len(old.votes), **void,
    }  # fmt: skip
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.SUPERSEDE),
        Record(
            events=[("superseded", said)],
            audits=[("superseded", said | {"packet_digest": new.packet_digest})],
        ),
    )
    return Outcome(row, new, stale=True, why=why)


async def tick(tx: Tx, checkpoint_id: UUID) -> str | None:
    """What the clock does to a waiting review: "expired", "reminded", or None when nothing was due.

    A decision that was made in time is released even when the review expires while it can still be undone.
    """
    try:
        found = await checkpoints.get(tx, checkpoint_id)
    except NotFound:
        return None
    row = await work_sessions.lock(tx, found.session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW:
        return None
    now = await work_sessions.now(tx)
    if checkpoint.expires_at is not None and checkpoint.expires_at <= now and not checkpoint.approve_pending:
        await _expire(tx, row, checkpoint)
        return "expired"
    if checkpoint.remind_at is not None and checkpoint.remind_at <= now and not checkpoint.approve_pending:
        await _remind(tx, checkpoint, now)
        return "reminded"
    return None


async def _expire(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint) -> None:
    to = apply(state_of(row), Event.EXPIRE)
    await checkpoints.change(tx, checkpoint.id, status=CheckpointStatus.EXPIRED.value, remind_at=None)
    said = {"checkpoint_id": str(checkpoint.id), "expires_at": _iso(checkpoint.expires_at)}
    failed = {"code": "review_expired", "message": "Nobody signed it in time."}
    await work_sessions.move(
        tx,
        row,
        to,
        Record(events=[("expired", said), ("failed", failed)], audits=[("expired", said)]),
        phase="expired",
        settled_at=work_sessions.NOW,
    )


async def _remind(tx: Tx, checkpoint: WorkCheckpoint, now: datetime) -> None:
    due = checkpoint.due_at
    held = checkpoint.packet.get("policy", {}).get("settings", {})
    ahead = stored_settings(held).remind_hours
    await checkpoints.change(tx, checkpoint.id, remind_at=next_reminder(due, ahead, now))
    said = {
        "checkpoint_id": str(checkpoint.id), "due_at": _iso(due), "overdue": due is not None and due <= now,
        "assignee": None if checkpoint.assignee is None else str(checkpoint.assignee),
    }  # fmt: skip
    await work_sessions.note(
        tx, checkpoint.session_id, Record(events=[("reminded", said)], audits=[("reminded", said)])
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


async def decidable(
    tx: Tx, session_id: UUID, checkpoint_id: UUID, project_id: UUID | None
) -> tuple[WorkSession, WorkCheckpoint]:
    """The session, locked, and its checkpoint, open for a decision.

    Raises NotFound, Conflict (`already_decided`, `stale_packet`, `review_expired`).
    """
    row = await work_sessions.lock(tx, session_id, project_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW or checkpoint.approve_pending:
        raise already_decided(checkpoint)
    await require_time_left(tx, checkpoint)
    return row, checkpoint


async def require_time_left(tx: Tx, checkpoint: WorkCheckpoint) -> None:
    """Raises Conflict (`review_expired`) after `expires_at`, whether or not the clock has come by."""
    if checkpoint.expires_at is not None and checkpoint.expires_at <= await work_sessions.now(tx):
        raise Conflict(
            "review_expired",
            "The time to decide this has run out. Nothing was decided.",
            hint="Fork the session to have it done again.",
            extra={"expires_at": checkpoint.expires_at.isoformat()},
        )


_HELD = {
    Decision.APPROVE: "is being released",
    Decision.REJECT: "is being rejected",
    Decision.REQUEST_CHANGES: "is being sent back",
}


def already_decided(checkpoint: WorkCheckpoint) -> Conflict:
    """The refusal of a second decision, saying who made the first."""
    decision = checkpoint.decision or {}
    name = decision.get("name")
    if checkpoint.status == CheckpointStatus.SUPERSEDED:
        return Conflict(
            "stale_packet",
            "This checkpoint was replaced by a newer one. Nothing was decided.",
            hint="Look at the current packet and decide on that.",
            extra={
                "checkpoint_status": checkpoint.status,
                "superseded_by": str(checkpoint.superseded_by) if checkpoint.superseded_by else None,
            },
        )
    held = held_decision(checkpoint.status, checkpoint.approve_pending, checkpoint.decision)
    what = _HELD[held] if held else f"is {checkpoint.status.replace('_', ' ')}"
    return Conflict(
        "already_decided",
        f"This checkpoint {what}" + (f", decided by {name}." if name else "."),
        hint="Look at the session; what it waits for now stands there.",
        extra={"checkpoint_status": checkpoint.status, "decided_by": name},
    )


def said_of(checkpoint: WorkCheckpoint) -> dict[str, Any]:
    decision = checkpoint.decision or {}
    said = {
        "checkpoint_id": str(checkpoint.id), "kind": checkpoint.kind, "decision": decision.get("decision"),
        "by": decision.get("name"), "reason": decision.get("reason"),
    }  # fmt: skip
    return said | ({"batch": decision["batch"]} if "batch" in decision else {})
