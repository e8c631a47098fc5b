"""What becomes of a decision that was made: it takes effect at once, or is held for as long as it can be taken back.

A held decision is stored whole and decides nothing yet: `approve_pending` in its row, whichever decision it is. Its job
lets it go when the time is over, or the sweeper, whatever has become of the page that it was made on. Nothing here
commits.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from proofroom import queue
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, members, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record, state_of
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import MAX_UNDO_SECONDS, CheckpointStatus, Decision, held_decision
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.domain.work_session import Event, apply
from proofroom.services import obligations, packets, seals
from proofroom.services.access import SIGNERS, Actor, require, require_still
from proofroom.services.gates import Outcome, release, said_of, supersede

_PENDING = {
    Decision.APPROVE: Event.APPROVE_PENDING,
    Decision.REJECT: Event.REJECT_PENDING,
    Decision.REQUEST_CHANGES: Event.REQUEST_CHANGES_PENDING,
}
"""The event of a decision that can still be taken back, and the entry of the chain that says it."""


def _held(checkpoint: WorkCheckpoint) -> Decision | None:
    return held_decision(checkpoint.status, checkpoint.approve_pending, checkpoint.decision)


def require_seconds(undo_seconds: int) -> None:
    """Raises InvalidInput (`undo_seconds_invalid`)."""
    if not 0 <= undo_seconds <= MAX_UNDO_SECONDS:
        raise InvalidInput(
            "undo_seconds_invalid",
            f"undo_seconds is {undo_seconds}; it can be 0 to {MAX_UNDO_SECONDS}.",
            hint="Give a number in that range.",
            field="undo_seconds",
        )


async def settle(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, undo_seconds: int) -> Outcome:
    """Lets the decision in its row take effect, or holds it for so long.

    Raises Conflict (`wrong_status`, `iterations_exhausted`).
    """
    if not undo_seconds:
        return await _take_effect(tx, row, checkpoint)
    decision: Mapping[str, Any] = checkpoint.decision or {}
    event = _PENDING[Decision(decision["decision"])]
    to = apply(state_of(row), event)
    until = await work_sessions.now(tx) + timedelta(seconds=undo_seconds)
    checkpoint = await checkpoints.change(tx, checkpoint.id, approve_pending=True, undo_until=until)
    said = said_of(checkpoint) | {"undo_until": until.isoformat()}
    row = await work_sessions.move(
        tx, row, to, Record(events=[("decided", said)], audits=[(event.value, decision)])
    )
    await queue.defer(tx, queue.COMMIT_APPROVAL, checkpoint_id=str(checkpoint.id), at=until)
    return Outcome(row, checkpoint)


async def commit_pending(tx: Tx, checkpoint_id: UUID) -> Outcome | None:
    """Lets go a decision whose time to undo is over, held against the record once more, and an approval's packet built
    anew; None when there is none.
    """
    try:
        found = await checkpoints.get(tx, checkpoint_id)
    except NotFound:
        return None
    row = await work_sessions.lock(tx, found.session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    due = checkpoint.undo_until is not None and checkpoint.undo_until <= await work_sessions.now(tx)
    held = _held(checkpoint)
    if held is None or not due:
        return None
    lost = await _deciders_lost(tx, checkpoint)
    if lost:
        why = (
            "Whoever signed may not sign any more, so it was not released."
            if held is Decision.APPROVE
            else "Whoever decided may not decide any more, so nothing came of it."
        )
        said = {
            "by": ", ".join(sorted(lost.values())), "why": why,
            "void_decision": held.value, "void_by": None if len(lost) > 1 else next(iter(lost)),
        }  # fmt: skip
        return await _take_back(tx, row, checkpoint, lost, said, {"votes_of": sorted(lost)})
    if (
        held is Decision.APPROVE
        and digest(await packets.current(tx, row, checkpoint)) != checkpoint.packet_digest
    ):
        return await supersede(tx, row, checkpoint, "What it rests on changed before it was released.")
    broken = await seals.broken_seal(tx, row, checkpoint, kind=_PENDING[held].value)
    if broken is not None:
        return await supersede(tx, row, checkpoint, f"{broken} Nothing came of it.")
    return await _take_effect(tx, row, checkpoint)


async def _take_effect(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint) -> Outcome:
    decision: Mapping[str, Any] = checkpoint.decision or {}
    match Decision(decision["decision"]):
        case Decision.APPROVE:
            return await release(tx, row, checkpoint)
        case Decision.REJECT:
            return await _reject(tx, row, checkpoint, decision)
        case Decision.REQUEST_CHANGES:
            return await _send_back(tx, row, checkpoint, decision)


async def _reject(
    tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, decision: Mapping[str, Any]
) -> Outcome:
    to = apply(state_of(row), Event.REJECT)
    assert to.failure is not None
    message = f"Rejected by {decision['name']}: {decision['reason']}"
    checkpoint, event = await _decided(tx, checkpoint, CheckpointStatus.REJECTED)
    row = await work_sessions.move(
        tx,
        row,
        replace(to, failure=replace(to.failure, message=message)),
        Record(
            events=[event, ("failed", {"code": to.failure.code, "message": message})],
            audits=[("rejected", decision)],
        ),
        phase="rejected",
        settled_at=work_sessions.NOW,
    )
    return Outcome(row, checkpoint)


async def _send_back(
    tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, decision: Mapping[str, Any]
) -> Outcome:
    to = apply(state_of(row), Event.REQUEST_CHANGES)
    await obligations.take_words(tx, decision["judged"])
    for change in decision["changes"]:
        named = change["artifact_id"]
        await db_artifacts.add_obligation(
            tx, session_id=row.id, checkpoint_id=checkpoint.id, iteration=row.iteration,
            **{**change, "artifact_id": None if named is None else UUID(named)},
        )  # fmt: skip
    checkpoint, event = await _decided(tx, checkpoint, CheckpointStatus.CHANGES_REQUESTED)
    row = await work_sessions.move(
        tx,
        row,
        to,
        Record(events=[event], audits=[("changes_requested", decision)]),
        phase="sent back",
        runtime_state=None,
        progress={},
    )
    return Outcome(row, checkpoint)


async def _decided(
    tx: Tx, checkpoint: WorkCheckpoint, status: CheckpointStatus
) -> tuple[WorkCheckpoint, tuple[str, Mapping[str, Any]]]:
    """The checkpoint in the status that its decision gives it, and the event: what was held is released by it."""
    name = "released" if checkpoint.approve_pending else "decided"
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, status=status.value, approve_pending=False, undo_until=None
    )
    return checkpoint, (name, said_of(checkpoint))


async def withdraw(
    tx: Tx, actor: Actor, session_id: UUID, checkpoint_id: UUID, *, project_id: UUID | None = None
) -> Outcome:
    """Takes back a decision that is held, or one's own vote while others are still missing.

    Raises Conflict (`nothing_to_withdraw`).
    """
    require(actor, "reviewer")
    row = await work_sessions.lock(tx, session_id, project_id)
    await require_still(tx, actor, "reviewer")
    checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
    held = _held(checkpoint)
    # What votes an open quorum has is not what a rejection rests on: it is taken back by itself, and they stand.
    voted = held in (None, Decision.APPROVE) and any(
        v.get("by") == str(actor.member_id) for v in checkpoint.votes
    )
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW or not (held or voted):
        raise Conflict(
            "nothing_to_withdraw",
            "Nothing here can be taken back: what was decided took effect, or nothing is decided.",
            hint="Look at the session. Fork it to have the work done over.",
            extra={"checkpoint_status": checkpoint.status},
        )
    if not voted and actor.role != "admin" and checkpoint.decided_by != actor.member_id:
        raise Conflict(
            "nothing_to_withdraw",
            "Somebody else decided this; only they or an admin can take it back.",
            hint="Ask them.",
        )
    if held is not None and held is not Decision.APPROVE:
        return await _take_back(tx, row, checkpoint, (), {"by": actor.name}, {"decision": held.value})
    gone = str(actor.member_id) if voted else str(checkpoint.decided_by)
    return await _take_back(tx, row, checkpoint, {gone}, {"by": actor.name}, {"vote_of": gone})


async def _deciders_lost(tx: Tx, checkpoint: WorkCheckpoint) -> dict[str, str]:
    """Ids and names of those whose decision is held, and who may not make one any more."""
    decision = checkpoint.decision or {}
    given: Sequence[Mapping[str, Any]] = decision.get("votes") or [decision]
    able = {str(m.id) for m in await members.everybody(tx) if m.role in SIGNERS}
    return {str(v["by"]): str(v.get("name")) for v in given if v.get("by") and str(v["by"]) not in able}


async def _take_back(
    tx: Tx,
    row: WorkSession,
    checkpoint: WorkCheckpoint,
    gone: Collection[str],
    said: Mapping[str, Any],
    more: Mapping[str, Any],
) -> Outcome:
    """The review waits again without the votes of `gone`.

    Without one of its votes a pending approval is none. The votes of the others stand, unless what the last one said
    of obligations changed the packet: then nobody else has signed what stands there now.
    """
    others = [v for v in checkpoint.votes if v.get("by") not in gone]
    votes = [v for v in others if v.get("packet_digest") == checkpoint.packet_digest]
    checkpoint = await checkpoints.change(
        tx,
        checkpoint.id,
        approve_pending=False,
        undo_until=None,
        decision=None,
        decided_by=None,
        decided_at=None,
        votes=votes,
    )
    told: dict[str, Any] = {"checkpoint_id": str(checkpoint.id), **said}
    if len(votes) < len(others):
        told |= {"void_votes": len(others) - len(votes)}
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.WITHDRAW),
        Record(events=[("withdrawn", told)], audits=[("withdrawn", {**told, **more})]),
    )
    return Outcome(row, checkpoint)
