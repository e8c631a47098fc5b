"""Decisions on checkpoints: approve, ask for changes, reject. `holding` lets go what was decided, or takes it back.

Every decision locks the session's row first, so of any number of concurrent ones exactly one wins; the others
get `already_decided`. Nothing here commits.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.agents.schemas import dotted, first_problem, path_of, say
from proofroom.db import checkpoints, members, projects, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record, state_of
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import (
    Acknowledgement,
    Decision,
    adds_a_flag,
    apart_from,
    check_acknowledged,
    check_reasons,
)
from proofroom.domain.errors import InvalidInput
from proofroom.domain.signing import Signing, require_may_sign, require_new_vote, signing_of, standing
from proofroom.domain.work_session import Event, apply
from proofroom.services import holding, obligations, packets, seals
from proofroom.services.access import SIGNERS, Actor, require, require_still
from proofroom.services.artifacts import NOTHING_AHEAD
from proofroom.services.aside import aside
from proofroom.services.edits import save_edits, still_there
from proofroom.services.extending import require_may_extend
from proofroom.services.gates import Outcome, decidable, supersede
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
    holding.require_seconds(undo_seconds)
    row, checkpoint = await decidable(tx, session_id, checkpoint_id, project_id)
    await require_still(tx, actor, "reviewer")
    await seals.require_shown(tx, row, checkpoint, packet_digest)
    signing = signing_of(checkpoint.packet)
    require_may_sign(signing, str(actor.member_id), actor.name)
    await require_may_extend(tx, actor, await projects.get(tx, row.project_id), row, checkpoint)
    given = _check_answers(checkpoint.form, answers)
    words = obligations.words_of(checkpoint.packet, judged, actor.name)
    # Edits stand on what was shown: whatever else has changed, also in what they replace, is looked at first.
    moved = bool(edits) and digest(await packets.current(tx, row, checkpoint)) != checkpoint.packet_digest
    edited = await save_edits(tx, actor, row, checkpoint, edits, ahead)
    if edited:
        await obligations.judge_now(tx, row)
    fresh = await packets.current(tx, row, checkpoint)
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
        fresh = await packets.current(tx, row, checkpoint)
    decision = vote | {"sealed_digest": await aside(fresh, digest, fresh), "edited": edited, "judged": words}
    if signing.quorum > 1:
        decision["votes"] = votes
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, packet=fresh, packet_digest=decision["sealed_digest"], decision=decision, votes=votes,
        decided_by=actor.member_id, decided_at=now,
    )  # fmt: skip
    return await holding.settle(tx, row, checkpoint, undo_seconds)


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


async def _votes(tx: Tx, checkpoint: WorkCheckpoint, signing: Signing) -> list[dict[str, Any]]:
    """The votes that still count: whoever lost the right to sign since has taken theirs along."""
    if not checkpoint.votes:
        return []
    able = {str(m.id) for m in await members.everybody(tx) if m.role in SIGNERS}
    return [dict(v) for v in standing(checkpoint.votes, checkpoint.packet_digest, able, signing)]


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


async def reject(
    tx: Tx,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    *,
    packet_digest: str | None,
    rejection_reason: str,
    undo_seconds: int = 0,
    project_id: UUID | None = None,
) -> Outcome:
    """Ends the session for good: failed with code `rejected`, at once or when `undo_seconds` are over."""
    require(actor, "reviewer")
    holding.require_seconds(undo_seconds)
    row, checkpoint = await decidable(tx, session_id, checkpoint_id, project_id)
    await require_still(tx, actor, "reviewer")
    await seals.require_shown(tx, row, checkpoint, packet_digest)
    reason = _required(rejection_reason, "rejection_reason")
    now = await work_sessions.now(tx)
    decision = {
        "decision": Decision.REJECT.value, "by": str(actor.member_id), "name": actor.name, "via": actor.via,
        "at": now.isoformat(), "reason": reason, "packet_digest": checkpoint.packet_digest,
    }  # fmt: skip
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, decision=decision, decided_by=actor.member_id, decided_at=now
    )
    return await holding.settle(tx, row, checkpoint, undo_seconds)


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
    undo_seconds: int = 0,
    project_id: UUID | None = None,
) -> Outcome:
    """Sends it back for another iteration, at once or when `undo_seconds` are over; each change becomes an obligation
    of that iteration.

    `judged` are the person's own states of earlier obligations. `acknowledged` are the flags that the person had
    kept with a reason before they asked: they count in the figures, and the next packet shows them beside the same
    claim, which has to be settled again. Raises Conflict (`iterations_exhausted`) after
    three, InvalidInput (`changes_required`, `reason_required`, `unknown_claim`, `unknown_passage`, `check_invalid`, …).
    """
    require(actor, "reviewer")
    holding.require_seconds(undo_seconds)
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
    apply(state_of(row), Event.REQUEST_CHANGES)  # refuses before anything is read
    wanted = await obligations.anchored(tx, checkpoint.packet, changes)
    words = obligations.words_of(checkpoint.packet, judged, actor.name)
    now = await work_sessions.now(tx)
    decision = {
        "decision": Decision.REQUEST_CHANGES.value, "by": str(actor.member_id), "name": actor.name,
        "via": actor.via, "at": now.isoformat(),
        "changes": [
            {k: str(v) if isinstance(v, UUID) else v for k, v in change.items()} for change in wanted
        ],
        "acknowledged": _kept(acknowledged),
        "judged": words,
        "packet_digest": checkpoint.packet_digest,
    }  # fmt: skip
    checkpoint = await checkpoints.change(
        tx, checkpoint.id, decision=decision, decided_by=actor.member_id, decided_at=now
    )
    return await holding.settle(tx, row, checkpoint, undo_seconds)


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
