"""Checkpoints and decisions: what is seen is what is approved is what is released.

Every decision locks the session's row first, so of any number of concurrent ones exactly one wins; the others
get `already_decided`. Nothing here commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from proofroom import queue
from proofroom.agents.schemas import dotted, first_problem, path_of, say
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx, new_id
from proofroom.db.work_sessions import Record, state_of
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import (
    MAX_UNDO_SECONDS,
    Acknowledgement,
    CheckpointStatus,
    Decision,
    adds_a_flag,
    apart_from,
    check_acknowledged,
    packet_digest,
    require_digest,
)
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.domain.work_session import Event, apply
from proofroom.services import artifacts, packets
from proofroom.services.access import Actor, require

NUDGE_SECONDS = 30.0
"""How long a queued session may wait for its job before the sweeper defers another."""

MAX_TEXT = 10_000


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
) -> tuple[WorkSession, WorkCheckpoint]:
    """Parks the session in front of a person."""
    to = apply(state_of(row), event)
    checkpoint = await _create(tx, row, kind, reasons, form)
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
    tx: Tx, row: WorkSession, kind: str, reasons: Sequence[str], form: dict[str, Any] | None, **values: Any
) -> WorkCheckpoint:
    checkpoint_id = new_id()
    packet = await packets.build(tx, row, checkpoint_id=checkpoint_id, kind=kind, reasons=reasons, form=form)
    return await checkpoints.create(
        tx, id=checkpoint_id, session_id=row.id, project_id=row.project_id, kind=kind, reasons=list(reasons),
        iteration=row.iteration, packet=packet, packet_digest=packet_digest(packet), form=form,
        **({"status": CheckpointStatus.PENDING_REVIEW.value} | values),
    )  # fmt: skip


async def approve(
    tx: Tx,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    *,
    packet_digest: str | None,
    feedback: str | None = None,
    answers: Mapping[str, Any] | None = None,
    acknowledged: Sequence[Acknowledgement] = (),
    edits: Sequence[Mapping[str, Any]] = (),
    undo_seconds: int = 0,
    shown: bool = True,
    project_id: UUID | None = None,
) -> Outcome:
    """Signs exactly the packet named by `packet_digest`, with edits as the person's own version.

    `shown` is false when the packet was never put in front of the person (`--approve`); the record says so.
    Raises PreconditionRequired, Conflict (`already_decided`, `stale_packet`, `wrong_status`), InvalidInput
    (`unacknowledged_claims`, `answers_invalid`, …), NotAllowed, NotFound.
    """
    require(actor, "reviewer")
    if not 0 <= undo_seconds <= MAX_UNDO_SECONDS:
        raise InvalidInput(
            "undo_seconds_invalid",
            f"undo_seconds is {undo_seconds}; it can be 0 to {MAX_UNDO_SECONDS}.",
            hint="Give a number in that range.",
            field="undo_seconds",
        )
    row, checkpoint = await _decidable(tx, session_id, checkpoint_id, project_id)
    require_digest(packet_digest, checkpoint.packet, checkpoint.packet_digest)
    given = _check_answers(checkpoint.form, answers)
    edited = await _save_edits(tx, actor, row, checkpoint, edits)
    fresh = await packets.build(
        tx, row, checkpoint_id=checkpoint.id, kind=checkpoint.kind, reasons=checkpoint.reasons,
        iteration=checkpoint.iteration, form=checkpoint.form,
    )  # fmt: skip
    fresh_digest = digest(fresh)
    touched = {e["artifact_id"] for e in edited}
    if digest(apart_from(fresh, touched)) != digest(apart_from(checkpoint.packet, touched)):
        return await _supersede(tx, row, checkpoint, "What it rests on has changed since it was shown.")
    settled = {a.claim_id for a in acknowledged}
    if edited and adds_a_flag(checkpoint.packet, fresh, settled):
        return await _supersede(
            tx, row, checkpoint, "Your edits bring in a claim that its sources do not bear."
        )
    if checkpoint.kind == "final":
        check_acknowledged(fresh, _still_there(checkpoint.packet, fresh, acknowledged))
    decision = {
        "decision": Decision.APPROVE.value, "by": str(actor.member_id), "name": actor.name, "via": actor.via,
        "at": (await work_sessions.now(tx)).isoformat(), "feedback": _text(feedback, "feedback"),
        "answers": given, "acknowledged": [{"claim_id": a.claim_id, "reason": a.reason} for a in acknowledged],
        "packet_digest": checkpoint.packet_digest, "sealed_digest": fresh_digest, "edited": edited,
        "packet_shown": shown,
    }  # fmt: skip
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, packet=fresh, packet_digest=fresh_digest, decision=decision,
        decided_by=actor.member_id, decided_at=await work_sessions.now(tx),
    )  # fmt: skip
    if undo_seconds == 0:
        return await _release(tx, row, checkpoint)
    until = await work_sessions.now(tx) + timedelta(seconds=undo_seconds)
    checkpoint = await checkpoints.change(tx, checkpoint.id, approve_pending=True, undo_until=until)
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.APPROVE_PENDING),
        Record(
            events=[("decided", _said(checkpoint) | {"undo_until": until.isoformat()})],
            audits=[("approve_pending", decision)],
        ),
    )
    await queue.defer(tx, queue.COMMIT_APPROVAL, checkpoint_id=str(checkpoint.id), in_seconds=undo_seconds)
    return Outcome(row, checkpoint)


async def commit_pending(tx: Tx, checkpoint_id: UUID) -> Outcome | None:
    """Releases an approval whose time to undo is over, its digest checked again; None when there is none."""
    try:
        found = await checkpoints.get(tx, checkpoint_id)
    except NotFound:
        return None
    row = await work_sessions.lock(tx, found.session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    due = checkpoint.undo_until is not None and checkpoint.undo_until <= await work_sessions.now(tx)
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW or not checkpoint.approve_pending or not due:
        return None
    fresh = await packets.build(
        tx, row, checkpoint_id=checkpoint.id, kind=checkpoint.kind, reasons=checkpoint.reasons,
        iteration=checkpoint.iteration, form=checkpoint.form,
    )  # fmt: skip
    if digest(fresh) != checkpoint.packet_digest:
        return await _supersede(tx, row, checkpoint, "What it rests on changed before it was released.")
    return await _release(tx, row, checkpoint)


async def withdraw(
    tx: Tx, actor: Actor, session_id: UUID, checkpoint_id: UUID, *, project_id: UUID | None = None
) -> Outcome:
    """Takes back an approval that has not been released. Raises Conflict (`nothing_to_withdraw`)."""
    require(actor, "reviewer")
    row = await work_sessions.lock(tx, session_id, project_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW or not checkpoint.approve_pending:
        raise Conflict(
            "nothing_to_withdraw",
            "This approval has been released, or there is none.",
            hint="What was released stands. Fork the session to do it over.",
            extra={"checkpoint_status": checkpoint.status},
        )
    if checkpoint.decided_by != actor.member_id and actor.role != "admin":
        raise Conflict(
            "nothing_to_withdraw",
            "Somebody else signed this; only they or an admin can take it back.",
            hint="Ask them.",
        )
    checkpoint = await checkpoints.change(
        tx,
        checkpoint.id,
        approve_pending=False,
        undo_until=None,
        decision=None,
        decided_by=None,
        decided_at=None,
    )
    said = {"checkpoint_id": str(checkpoint.id), "by": actor.name}
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.WITHDRAW),
        Record(events=[("withdrawn", said)], audits=[("withdrawn", said)]),
    )
    return Outcome(row, checkpoint)


async def reject(
    tx: Tx,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    *,
    packet_digest: str | None,
    rejection_reason: str,
    project_id: UUID | None = None,
) -> Outcome:
    """Ends the session for good: failed with code `rejected`."""
    require(actor, "reviewer")
    row, checkpoint = await _decidable(tx, session_id, checkpoint_id, project_id)
    require_digest(packet_digest, checkpoint.packet, checkpoint.packet_digest)
    reason = _required(rejection_reason, "rejection_reason")
    to = apply(state_of(row), Event.REJECT)
    assert to.failure is not None
    to = replace(to, failure=replace(to.failure, message=f"Rejected by {actor.name}: {reason}"))
    decision = {
        "decision": Decision.REJECT.value, "by": str(actor.member_id), "name": actor.name, "via": actor.via,
        "at": (await work_sessions.now(tx)).isoformat(), "reason": reason,
        "packet_digest": checkpoint.packet_digest,
    }  # fmt: skip
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, status=CheckpointStatus.REJECTED.value, decision=decision,
        decided_by=actor.member_id, decided_at=await work_sessions.now(tx),
    )  # fmt: skip
    row = await work_sessions.move(
        tx,
        row,
        to,
        Record(
            events=[
                ("decided", _said(checkpoint)),
                ("failed", {"code": "rejected", "message": to.failure.message}),
            ]
            if to.failure
            else [],
            audits=[("rejected", decision)],
        ),
        phase="rejected",
        settled_at=await work_sessions.now(tx),
    )
    return Outcome(row, checkpoint)


async def request_changes(
    tx: Tx,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    *,
    packet_digest: str | None,
    changes: Sequence[Mapping[str, Any]],
    project_id: UUID | None = None,
) -> Outcome:
    """Sends it back for another iteration; each change becomes an obligation of that iteration.

    Raises Conflict (`iterations_exhausted`) after three, InvalidInput (`changes_required`, `unknown_claim`).
    """
    require(actor, "reviewer")
    row, checkpoint = await _decidable(tx, session_id, checkpoint_id, project_id)
    require_digest(packet_digest, checkpoint.packet, checkpoint.packet_digest)
    if not changes:
        raise InvalidInput(
            "changes_required",
            "No change was named.",
            hint="Say what should change, in a line each.",
            field="changes",
        )
    to = apply(state_of(row), Event.REQUEST_CHANGES)
    wanted = [_anchor(checkpoint.packet, change, i) for i, change in enumerate(changes)]
    for change in wanted:
        await db_artifacts.add_obligation(
            tx, session_id=row.id, checkpoint_id=checkpoint.id, iteration=row.iteration, **change
        )
    decision = {
        "decision": Decision.REQUEST_CHANGES.value, "by": str(actor.member_id), "name": actor.name,
        "via": actor.via, "at": (await work_sessions.now(tx)).isoformat(),
        "changes": [{k: None if v is None else str(v) for k, v in change.items()} for change in wanted],
        "packet_digest": checkpoint.packet_digest,
    }  # fmt: skip
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, status=CheckpointStatus.CHANGES_REQUESTED.value, decision=decision,
        decided_by=actor.member_id, decided_at=await work_sessions.now(tx),
    )  # fmt: skip
    row = await work_sessions.move(
        tx,
        row,
        to,
        Record(events=[("decided", _said(checkpoint))], audits=[("changes_requested", decision)]),
        phase="sent back",
        runtime_state=None,
        progress={},
        lease_seconds=NUDGE_SECONDS,
    )
    await nudge(tx, row)
    return Outcome(row, checkpoint)


async def seal_by_policy(
    tx: Tx, row: WorkSession, because: Sequence[str]
) -> tuple[WorkSession, WorkCheckpoint]:
    """The final gate decided by policy, recorded with its reasons like any decision."""
    decision = {
        "decision": Decision.APPROVE.value, "by": None, "name": "policy", "via": "policy",
        "at": (await work_sessions.now(tx)).isoformat(), "because": list(because), "packet_shown": False,
    }  # fmt: skip
    checkpoint = await _create(
        tx, row, "final", ["final"], None, status=CheckpointStatus.APPROVED.value,
        decided_at=await work_sessions.now(tx),
    )  # fmt: skip
    decision |= {"packet_digest": checkpoint.packet_digest, "sealed_digest": checkpoint.packet_digest}
    checkpoint = await checkpoints.change(tx, checkpoint.id, decision=decision)
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.SEAL),
        Record(events=[("decided", _said(checkpoint))], audits=[("approved", decision)]),
        lease_seconds=NUDGE_SECONDS,
    )
    return row, checkpoint


async def nudge(tx: Tx, row: WorkSession) -> None:
    """A job for the session's next leg, in this transaction."""
    await queue.defer(tx, queue.LEG, queue="legs", priority=row.priority, session_id=str(row.id))


async def _release(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint) -> Outcome:
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
        values["budget"] = row.budget | {"extensions": int(row.budget.get("extensions", 0)) + 1}
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
            events=[("released" if was_pending else "decided", _said(checkpoint))],
            audits=[("approved", decision)],
        ),
        lease_seconds=NUDGE_SECONDS,
        **values,
    )
    await nudge(tx, row)
    return Outcome(row, checkpoint)


async def _supersede(tx: Tx, row: WorkSession, old: WorkCheckpoint, why: str) -> Outcome:
    """A new checkpoint with the packet as it is now; earlier votes and a pending approval are void."""
    await checkpoints.change(
        tx, old.id, status=CheckpointStatus.SUPERSEDED.value, approve_pending=False, undo_until=None
    )
    new = await _create(tx, row, old.kind, old.reasons, old.form, assignee=old.assignee, due_at=old.due_at)
    await checkpoints.change(tx, old.id, superseded_by=new.id)
    said = {"checkpoint_id": str(old.id), "superseded_by": str(new.id), "why": why}
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


async def _decidable(
    tx: Tx, session_id: UUID, checkpoint_id: UUID, project_id: UUID | None
) -> tuple[WorkSession, WorkCheckpoint]:
    row = await work_sessions.lock(tx, session_id, project_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW or checkpoint.approve_pending:
        raise already_decided(checkpoint)
    return row, checkpoint


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
    what = "is being released" if checkpoint.approve_pending else f"is {checkpoint.status.replace('_', ' ')}"
    return Conflict(
        "already_decided",
        f"This checkpoint {what}" + (f", decided by {name}." if name else "."),
        hint="Look at the session; if it waits again, it is at another checkpoint.",
        extra={"checkpoint_status": checkpoint.status, "decided_by": name},
    )


async def _save_edits(
    tx: Tx, actor: Actor, row: WorkSession, checkpoint: WorkCheckpoint, edits: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """New versions authored by the person. Edits that change nothing are no edits."""
    saved: list[dict[str, Any]] = []
    by_id = {a["artifact_id"]: a for a in checkpoint.packet["artifacts"]}
    for edit in edits:
        shown = by_id.get(str(edit.get("artifact_id")))
        if shown is None:
            raise InvalidInput(
                "unknown_artifact",
                "An edit names an artifact that is not in this packet.",
                hint="Edit artifacts of the packet that you name.",
                field="edits",
            )
        artifact = await db_artifacts.get(tx, row.id, UUID(shown["artifact_id"]))
        version = await db_artifacts.version(tx, artifact.id, artifact.version)
        if version.version != shown["version"] or version.digest != shown["digest"]:
            raise Conflict(
                "stale_packet",
                f"“{shown['title']}” is not the version that you looked at any more. Nothing was decided.",
                hint="Look at the current packet and edit that.",
            )
        refs = version.document.get("refs", {})
        body: Any = edit.get("body")
        if isinstance(body, dict):
            body = {**cast(dict[str, Any], body), "refs": refs}  # an edit cites what the version cites
        document = artifacts.read_body(body, title=version.title, refs=refs)
        result = await artifacts.save(
            tx, row, slot=artifact.slot, artifact_type=artifact.artifact_type,
            title=document.title or version.title, document=document, high_impact=version.high_impact,
            confidence=version.confidence, author="person", author_id=actor.member_id,
        )  # fmt: skip
        if result.changed:
            saved.append({"artifact_id": str(artifact.id), "version": result.version})
    return saved


def _still_there(
    before: Mapping[str, Any], after: Mapping[str, Any], acknowledged: Sequence[Acknowledgement]
) -> list[Acknowledgement]:
    """Acknowledgements of claims that an edit has removed fall away; unknown ones stay, to be refused."""
    was = {c["id"] for a in before["artifacts"] for c in a["claims"]}
    now = {c["id"] for a in after["artifacts"] for c in a["claims"]}
    return [a for a in acknowledged if a.claim_id in now or a.claim_id not in was]


def _check_answers(form: Mapping[str, Any] | None, answers: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(answers or {})
    if form is None:
        if given:
            raise InvalidInput(
                "answers_invalid",
                "This checkpoint asks no question.",
                hint="Leave answers out.",
                field="answers",
            )
        return given
    error = first_problem(form, given)
    if error is not None:
        path = dotted(path_of(error))
        raise InvalidInput(
            "answers_invalid",
            f"The answer does not fit the form: {say(error)[:300]}",
            hint="Answer every required field of the form.",
            field=f"answers.{path}" if path else "answers",
        )
    return given


def _anchor(packet: Mapping[str, Any], change: Mapping[str, Any], index: int) -> dict[str, Any]:
    comment = _required(change.get("comment"), f"changes.{index}.comment")
    claim_id, artifact_id = change.get("claim_id"), change.get("artifact_id")
    for artifact in packet["artifacts"]:
        claim = next((c for c in artifact["claims"] if claim_id is not None and c["id"] == claim_id), None)
        if claim is not None or (claim_id is None and artifact["artifact_id"] == str(artifact_id)):
            return {
                "comment": comment, "artifact_id": UUID(artifact["artifact_id"]),
                "artifact_slot": artifact["slot"], "claim_id": claim_id,
                "claim_text": None if claim is None else claim["text"],
            }  # fmt: skip
    if claim_id is not None or artifact_id is not None:
        raise InvalidInput(
            "unknown_claim" if claim_id is not None else "unknown_artifact",
            "A change names something that is not in this packet.",
            hint="Anchor changes to claims or artifacts of the packet that you name, or to nothing.",
            field=f"changes.{index}",
        )
    return {
        "comment": comment, "artifact_id": None, "artifact_slot": None, "claim_id": None, "claim_text": None,
    }  # fmt: skip


def _said(checkpoint: WorkCheckpoint) -> dict[str, Any]:
    decision = checkpoint.decision or {}
    return {
        "checkpoint_id": str(checkpoint.id), "kind": checkpoint.kind, "decision": decision.get("decision"),
        "by": decision.get("name"), "reason": decision.get("reason"),
    }  # fmt: skip


def _required(value: Any, field: str) -> str:
    text = _text(value, field)
    if not text:
        raise InvalidInput(
            "reason_required",
            f"{field} is empty.",
            hint="Say why in a line; it is kept in the record.",
            field=field,
        )
    return text


def _text(value: Any, field: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidInput(
            "text_invalid",
            f"{field} must be text of at most {MAX_TEXT:,} characters.",
            hint="Shorten it.",
            field=field,
        )
    return value.replace("\x00", "\ufffd").strip() or None
