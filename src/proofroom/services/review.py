"""Decisions on checkpoints: approve, withdraw, ask for changes, reject.

Every decision locks the session's row first, so of any number of concurrent ones exactly one wins; the others
get `already_decided`. Nothing here commits.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from proofroom import queue
from proofroom.agents.schemas import dotted, first_problem, path_of, say
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, members, projects, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
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
    check_reasons,
)
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.domain.signing import Signing, require_may_sign, require_new_vote, signing_of, standing
from proofroom.domain.work_session import Event, apply
from proofroom.services import obligations, packets, seals
from proofroom.services.access import SIGNERS, Actor, require, require_still
from proofroom.services.artifacts import NOTHING_AHEAD
from proofroom.services.aside import aside
from proofroom.services.edits import save_edits, still_there
from proofroom.services.extending import require_may_extend
from proofroom.services.gates import Outcome, decidable, release, said_of, supersede
from proofroom.services.ledgers import Ahead
from proofroom.services.said import text_of


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
    judged: Sequence[Mapping[str, Any]] = (),
    undo_seconds: int = 0,
    shown: bool = True,
    batch: Mapping[str, Any] | None = None,
    project_id: UUID | None = None,
    ahead: Ahead = NOTHING_AHEAD,
) -> Outcome:
    """Signs exactly the packet named by `packet_digest`, with edits as the person's own version.

    `judged` are the person's own states of obligations. Where more than one must sign it is a vote until the
    last of them. Edits of a packet that more than one look at make a new packet for all of them. `shown` is false
    when the packet was never put in front of the person (`--approve`, and signing from a list); the record says so, and
    what it was signed together with (`batch`, see `services.batches`). `ahead` is what was compared
    of the edits before the session was locked.

    Raises PreconditionRequired, Conflict (`already_decided`, `already_voted`, `review_expired`, `stale_packet`,
    `wrong_status`), InvalidInput (`unacknowledged_claims`, `answers_invalid`, …), NotAllowed (`not_allowed`,
    `duties_separated`, `extension_over_project`), NotFound.
    """
    require(actor, "reviewer")
    if not 0 <= undo_seconds <= MAX_UNDO_SECONDS:
        raise InvalidInput(
            "undo_seconds_invalid",
            f"undo_seconds is {undo_seconds}; it can be 0 to {MAX_UNDO_SECONDS}.",
            hint="Give a number in that range.",
            field="undo_seconds",
        )
    row, checkpoint = await decidable(tx, session_id, checkpoint_id, project_id)
    await require_still(tx, actor, "reviewer")
    await seals.require_shown(tx, row, checkpoint, packet_digest)
    signing = signing_of(checkpoint.packet)
    require_may_sign(signing, str(actor.member_id), actor.name)
    await require_may_extend(tx, actor, await projects.get(tx, row.project_id), row, checkpoint)
    given = _check_answers(checkpoint.form, answers)
    words = obligations.words_of(checkpoint.packet, judged, actor.name)
    # Edits stand on what was shown: whatever else has changed, also in what they replace, is looked at first.
    moved = bool(edits) and digest(await _packet_now(tx, row, checkpoint)) != checkpoint.packet_digest
    edited = await save_edits(tx, actor, row, checkpoint, edits, ahead)
    if edited:
        await obligations.judge_now(tx, row)
    fresh = await _packet_now(tx, row, checkpoint)
    why = await aside(
        fresh, _why_look_again, actor, checkpoint.packet, fresh, edited, acknowledged, words, moved=moved
    )
    if why is not None:
        return await supersede(tx, row, checkpoint, why)
    if checkpoint.kind == "final":
        check_acknowledged(fresh, still_there(checkpoint.packet, fresh, acknowledged))
    now = await work_sessions.now(tx)
    vote = {
        "decision": Decision.APPROVE.value, "by": str(actor.member_id), "name": actor.name, "via": actor.via,
        "at": now.isoformat(), "feedback": text_of(feedback, "feedback"), "answers": given,
        "acknowledged": _kept(acknowledged),
        "judged": words, "packet_digest": checkpoint.packet_digest, "packet_shown": shown,
    }  # fmt: skip
    if batch is not None:
        vote["batch"] = dict(batch)
    votes = await _votes(tx, checkpoint, signing)
    require_new_vote(votes, str(actor.member_id), signing)
    votes.append(vote)
    if len(votes) < signing.quorum:
        return await _vote(tx, row, checkpoint, votes, signing)
    words = obligations.merged([w for v in votes for w in v.get("judged", ())])
    if words:
        await obligations.take_words(tx, words)
        fresh = await _packet_now(tx, row, checkpoint)
    decision = vote | {"sealed_digest": await aside(fresh, digest, fresh), "edited": edited, "judged": words}
    if signing.quorum > 1:
        decision["votes"] = votes
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, packet=fresh, packet_digest=decision["sealed_digest"], decision=decision, votes=votes,
        decided_by=actor.member_id, decided_at=now,
    )  # fmt: skip
    return await (_hold(tx, row, checkpoint, undo_seconds) if undo_seconds else release(tx, row, checkpoint))


def _why_look_again(
    actor: Actor,
    shown: Mapping[str, Any],
    fresh: Mapping[str, Any],
    edited: Sequence[Mapping[str, Any]],
    acknowledged: Sequence[Acknowledgement],
    words: Sequence[Mapping[str, str]],
    *,
    moved: bool,
) -> str | None:
    """Why `fresh`, the packet with the edits, is looked at before it can be signed; None when it need not be.

    `moved`: what was shown had changed before the edits came.
    """
    touched = {e["artifact_id"] for e in edited}
    if edited and not signing_of(shown).alone:
        return f"{actor.name} edited it, so everybody looks at it anew."
    if moved or digest(apart_from(fresh, touched)) != digest(apart_from(shown, touched)):
        return "What it rests on has changed since it was shown."
    if not edited:
        return None
    if adds_a_flag(shown, fresh, {a.claim_id for a in acknowledged}):
        return "Your edits bring in a claim that its sources do not bear."
    said = {w["obligation_id"] for w in words if w["state"] == "met"}
    lost = obligations.undone(shown, fresh, said)
    return f"Your edits undo what was asked for: {lost[0][:200]}" if lost else None


async def _hold(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, undo_seconds: int) -> Outcome:
    """The approval is given and can still be taken back; its job releases it then, or the sweeper."""
    until = await work_sessions.now(tx) + timedelta(seconds=undo_seconds)
    checkpoint = await checkpoints.change(tx, checkpoint.id, approve_pending=True, undo_until=until)
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.APPROVE_PENDING),
        Record(
            events=[("decided", said_of(checkpoint) | {"undo_until": until.isoformat()})],
            audits=[("approve_pending", checkpoint.decision or {})],
        ),
    )
    await queue.defer(tx, queue.COMMIT_APPROVAL, checkpoint_id=str(checkpoint.id), at=until)
    return Outcome(row, checkpoint)


async def _packet_now(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint) -> dict[str, Any]:
    return await packets.build(
        tx, row, checkpoint_id=checkpoint.id, kind=checkpoint.kind, reasons=checkpoint.reasons,
        iteration=checkpoint.iteration, form=checkpoint.form, version=checkpoint.packet.get("version"),
    )  # fmt: skip


async def _votes(tx: Tx, checkpoint: WorkCheckpoint, signing: Signing) -> list[dict[str, Any]]:
    """The votes that still count: whoever lost the right to sign since has taken theirs along."""
    if not checkpoint.votes:
        return []
    able = {str(m.id) for m in await members.everybody(tx) if m.role in SIGNERS}
    return [dict(v) for v in standing(checkpoint.votes, checkpoint.packet_digest, able, signing)]


async def _signers_lost(tx: Tx, checkpoint: WorkCheckpoint) -> dict[str, str]:
    """Ids and names of those whose signature is on a pending approval, and who may not sign any more."""
    decision = checkpoint.decision or {}
    given: Sequence[Mapping[str, Any]] = decision.get("votes") or [decision]
    able = {str(m.id) for m in await members.everybody(tx) if m.role in SIGNERS}
    return {str(v["by"]): str(v.get("name")) for v in given if v.get("by") and str(v["by"]) not in able}


async def _vote(
    tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, votes: list[dict[str, Any]], signing: Signing
) -> Outcome:
    """One more signature, and not enough of them yet. What it covers is not released."""
    checkpoint = await checkpoints.change(tx, checkpoint.id, votes=votes)
    said = {
        "checkpoint_id": str(checkpoint.id), "by": votes[-1]["name"], "votes": len(votes),
        "needed": signing.quorum,
    }  # fmt: skip
    row = await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.VOTE),
        Record(events=[("voted", said)], audits=[("voted", votes[-1])]),
    )
    return Outcome(row, checkpoint)


async def commit_pending(tx: Tx, checkpoint_id: UUID) -> Outcome | None:
    """Releases an approval whose time to undo is over, its packet built and its seal held against the record once
    more; None when there is none."""
    try:
        found = await checkpoints.get(tx, checkpoint_id)
    except NotFound:
        return None
    row = await work_sessions.lock(tx, found.session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    due = checkpoint.undo_until is not None and checkpoint.undo_until <= await work_sessions.now(tx)
    if checkpoint.status != CheckpointStatus.PENDING_REVIEW or not checkpoint.approve_pending or not due:
        return None
    lost = await _signers_lost(tx, checkpoint)
    if lost:
        why = "Whoever signed may not sign any more, so it was not released."
        said = {"by": ", ".join(sorted(lost.values())), "why": why}
        return await _take_back(tx, row, checkpoint, lost, said, {"votes_of": sorted(lost)})
    if digest(await _packet_now(tx, row, checkpoint)) != checkpoint.packet_digest:
        return await supersede(tx, row, checkpoint, "What it rests on changed before it was released.")
    broken = await seals.broken_seal(tx, row, checkpoint, kind="approve_pending")
    if broken is not None:
        return await supersede(tx, row, checkpoint, f"{broken} It was not released.")
    return await release(tx, row, checkpoint)


async def withdraw(
    tx: Tx, actor: Actor, session_id: UUID, checkpoint_id: UUID, *, project_id: UUID | None = None
) -> Outcome:
    """Takes back an approval that has not been released, or one's own vote while others are still missing.

    Raises Conflict (`nothing_to_withdraw`).
    """
    require(actor, "reviewer")
    row = await work_sessions.lock(tx, session_id, project_id)
    await require_still(tx, actor, "reviewer")
    checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
    mine = [v for v in checkpoint.votes if v.get("by") == str(actor.member_id)]
    waiting = checkpoint.status == CheckpointStatus.PENDING_REVIEW
    if not waiting or not (checkpoint.approve_pending or mine):
        raise Conflict(
            "nothing_to_withdraw",
            "This approval has been released, or there is none.",
            hint="What was released stands. Fork the session to do it over.",
            extra={"checkpoint_status": checkpoint.status},
        )
    if not mine and actor.role != "admin" and checkpoint.decided_by != actor.member_id:
        raise Conflict(
            "nothing_to_withdraw",
            "Somebody else signed this; only they or an admin can take it back.",
            hint="Ask them.",
        )
    gone = str(actor.member_id) if mine else str(checkpoint.decided_by)
    return await _take_back(tx, row, checkpoint, {gone}, {"by": actor.name}, {"vote_of": gone})


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
    row, checkpoint = await decidable(tx, session_id, checkpoint_id, project_id)
    await require_still(tx, actor, "reviewer")
    await seals.require_shown(tx, row, checkpoint, packet_digest)
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
                ("decided", said_of(checkpoint)),
                ("failed", {"code": "rejected", "message": to.failure.message}),
            ]
            if to.failure
            else [],
            audits=[("rejected", decision)],
        ),
        phase="rejected",
        settled_at=work_sessions.NOW,
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
    judged: Sequence[Mapping[str, Any]] = (),
    acknowledged: Sequence[Acknowledgement] = (),
    project_id: UUID | None = None,
) -> Outcome:
    """Sends it back for another iteration; each change becomes an obligation of that iteration.

    `judged` are the person's own states of earlier obligations. `acknowledged` are the flags that the person had
    kept with a reason before they asked: they count in the figures, and the next packet shows them beside the same
    claim, which has to be settled again. Raises Conflict (`iterations_exhausted`) after
    three, InvalidInput (`changes_required`, `reason_required`, `unknown_claim`, `unknown_passage`, `check_invalid`, …).
    """
    require(actor, "reviewer")
    row, checkpoint = await decidable(tx, session_id, checkpoint_id, project_id)
    await require_still(tx, actor, "reviewer")
    await seals.require_shown(tx, row, checkpoint, packet_digest)
    if not changes:
        raise InvalidInput(
            "changes_required",
            "No change was named.",
            hint="Say what should change, in a line each.",
            field="changes",
        )
    check_reasons(checkpoint.packet, acknowledged)
    to = apply(state_of(row), Event.REQUEST_CHANGES)
    wanted = await obligations.anchored(tx, checkpoint.packet, changes)
    words = obligations.words_of(checkpoint.packet, judged, actor.name)
    await obligations.take_words(tx, words)
    for change in wanted:
        await db_artifacts.add_obligation(
            tx, session_id=row.id, checkpoint_id=checkpoint.id, iteration=row.iteration, **change
        )
    decision = {
        "decision": Decision.REQUEST_CHANGES.value, "by": str(actor.member_id), "name": actor.name,
        "via": actor.via, "at": (await work_sessions.now(tx)).isoformat(),
        "changes": [
            {k: str(v) if isinstance(v, UUID) else v for k, v in change.items()} for change in wanted
        ],
        "acknowledged": _kept(acknowledged),
        "judged": words,
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
        Record(events=[("decided", said_of(checkpoint))], audits=[("changes_requested", decision)]),
        phase="sent back",
        runtime_state=None,
        progress={},
    )
    return Outcome(row, checkpoint)


def _kept(acknowledged: Sequence[Acknowledgement]) -> list[dict[str, str]]:
    return [{"claim_id": a.claim_id, "reason": a.reason, "kind": a.kind.value} for a in acknowledged]


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
            f"The answer does not fit the form: {say(error, 'the answer')[:300]}",
            hint="Answer every required field of the form.",
            field=f"answers.{path}" if path else "answers",
        )
    return given


def _required(value: Any, field: str) -> str:
    text = text_of(value, field)
    if not text:
        raise InvalidInput(
            "reason_required",
            f"{field} is empty.",
            hint="Say why in a line; it is kept in the record.",
            field=field,
        )
    return text
