"""The checkpoints of one session, and decisions on them. GET never decides."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from proofroom.api import problems
from proofroom.api.answers import written
from proofroom.api.deps import Call, CallDep, PagingDep, page_of
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.review import (
    Acknowledged,
    Approval,
    ChangeRequest,
    Checkpoint,
    CheckpointList,
    Decided,
    Edits,
    NewDraft,
    Recheck,
    Rejection,
)
from proofroom.db import checkpoints as db_checkpoints
from proofroom.db import work_sessions
from proofroom.db.tx import Tx
from proofroom.domain.checkpoint import Acknowledgement, AcknowledgementKind
from proofroom.domain.errors import Conflict
from proofroom.services import ahead, checks, holding, review, views
from proofroom.services import edits as review_edits
from proofroom.services.gates import Outcome
from proofroom.services.ledgers import Ahead

router = APIRouter(
    prefix="/api/projects/{project_id}/work-sessions/{session_id}/checkpoints",
    tags=["review"],
    route_class=JsonRoute,
)

Decide = Callable[[Tx], Awaitable[Outcome]]
REFUSALS = problems_of(409, 428)


@router.get("", response_model=CheckpointList, summary="Checkpoints of the session, oldest first")
async def list_session_checkpoints(
    project_id: UUID, session_id: UUID, call: CallDep, paging: PagingDep
) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        items = [await views.checkpoint(tx, c, row) for c in await db_checkpoints.of_session(tx, session_id)]
    return await written(page_of(items, paging))


@router.get("/{checkpoint_id}", response_model=Checkpoint, summary="One checkpoint with its packet")
async def get_session_checkpoint(
    project_id: UUID, session_id: UUID, checkpoint_id: UUID, call: CallDep
) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        shown = await views.checkpoint(tx, await db_checkpoints.get(tx, checkpoint_id, session_id), row)
    return await written(shown)


@router.post(
    "/{checkpoint_id}/approve",
    response_model=Decided,
    responses=REFUSALS,
    summary="Sign exactly the packet that was seen",
)
async def approve_checkpoint(
    project_id: UUID,
    session_id: UUID,
    checkpoint_id: UUID,
    body: Approval,
    call: CallDep,
    key: KeyHeader = None,
) -> Response:
    edits = [e.model_dump() for e in body.edits]

    async def compare() -> Ahead:
        named = (session_id, checkpoint_id, body.packet_digest)
        return await ahead.of_edits(call.transaction, call.actor, *named, edits)

    async def decide(tx: Tx, found: Ahead) -> Outcome:
        return await review.approve(
            tx,
            call.actor,
            session_id,
            checkpoint_id,
            packet_digest=body.packet_digest,
            feedback=body.feedback,
            answers=body.answers,
            acknowledged=_kept(body.acknowledged),
            edits=edits,
            judged=[j.model_dump() for j in body.judged],
            undo_seconds=body.undo_seconds,
            project_id=project_id,
            ahead=found,
        )

    return await _compared_first(call, key, session_id, checkpoint_id, compare, decide)


@router.post(
    "/{checkpoint_id}/withdraw",
    response_model=Decided,
    responses=REFUSALS,
    summary="Take back a decision that did not take effect yet",
)
async def withdraw_decision(
    project_id: UUID, session_id: UUID, checkpoint_id: UUID, call: CallDep, key: KeyHeader = None
) -> Response:
    async def decide(tx: Tx) -> Outcome:
        return await holding.withdraw(tx, call.actor, session_id, checkpoint_id, project_id=project_id)

    return await _decided(call, key, session_id, checkpoint_id, decide)


@router.post(
    "/{checkpoint_id}/reject",
    response_model=Decided,
    responses=REFUSALS,
    summary="End the session for good",
)
async def reject_checkpoint(
    project_id: UUID,
    session_id: UUID,
    checkpoint_id: UUID,
    body: Rejection,
    call: CallDep,
    key: KeyHeader = None,
) -> Response:
    async def decide(tx: Tx) -> Outcome:
        return await review.reject(
            tx,
            call.actor,
            session_id,
            checkpoint_id,
            packet_digest=body.packet_digest,
            rejection_reason=body.rejection_reason or "",
            undo_seconds=body.undo_seconds,
            project_id=project_id,
        )

    return await _decided(call, key, session_id, checkpoint_id, decide)


@router.post(
    "/{checkpoint_id}/request-changes",
    response_model=Decided,
    responses=REFUSALS,
    summary="Send it back; each change is an obligation of the next iteration",
)
async def request_changes(
    project_id: UUID,
    session_id: UUID,
    checkpoint_id: UUID,
    body: ChangeRequest,
    call: CallDep,
    key: KeyHeader = None,
) -> Response:
    async def decide(tx: Tx) -> Outcome:
        return await review.request_changes(
            tx,
            call.actor,
            session_id,
            checkpoint_id,
            packet_digest=body.packet_digest,
            changes=[c.model_dump() for c in body.changes],
            judged=[j.model_dump() for j in body.judged],
            acknowledged=_kept(body.acknowledged),
            undo_seconds=body.undo_seconds,
            project_id=project_id,
        )

    return await _decided(call, key, session_id, checkpoint_id, decide)


@router.post(
    "/{checkpoint_id}/recheck",
    response_model=Recheck,
    summary="Compare edits with the sources before signing them; nothing is stored",
)
async def recheck_edits(
    project_id: UUID, session_id: UUID, checkpoint_id: UUID, body: Edits, call: CallDep
) -> Response:
    found = await review_edits.compared(
        call.transaction,
        call.actor,
        session_id,
        checkpoint_id,
        [e.model_dump() for e in body.edits],
        project_id,
    )
    return await written({"artifacts": found})


@router.put(
    "/{checkpoint_id}/draft",
    response_model=Decided,
    responses=REFUSALS,
    summary="Hand in a new version of an outside draft; its packet replaces this one",
)
async def replace_draft(
    project_id: UUID,
    session_id: UUID,
    checkpoint_id: UUID,
    body: NewDraft,
    call: CallDep,
    key: KeyHeader = None,
) -> Response:
    async def compare() -> Ahead:
        named = (session_id, checkpoint_id, body.packet_digest)
        return await ahead.of_draft(call.transaction, call.actor, *named, body.draft)

    async def decide(tx: Tx, found: Ahead) -> Outcome:
        return await checks.replace_draft(
            tx,
            call.actor,
            session_id,
            checkpoint_id,
            packet_digest=body.packet_digest,
            draft=body.draft,
            project_id=project_id,
            ahead=found,
        )

    return await _compared_first(call, key, session_id, checkpoint_id, compare, decide)


async def _compared_first(
    call: Call,
    key: str | None,
    session_id: UUID,
    checkpoint_id: UUID,
    compare: Callable[[], Awaitable[Ahead]],
    decide: Callable[[Tx, Ahead], Awaitable[Outcome]],
) -> Response:
    """A decision for which text is compared before anything is locked; once more when sources change meanwhile."""

    async def attempt() -> Response:
        found = await compare()

        async def act(tx: Tx) -> Outcome:
            return await decide(tx, found)

        return await _decided(call, key, session_id, checkpoint_id, act)

    try:
        return await attempt()
    except Conflict as refused:
        if refused.code != "sources_changed":
            raise
        return await attempt()


async def _decided(
    call: Call, key: str | None, session_id: UUID, checkpoint_id: UUID, decide: Decide
) -> Response:
    async def act(tx: Tx) -> Answer:
        outcome = await decide(tx)
        shown = await views.checkpoint(tx, outcome.checkpoint, outcome.session)
        if outcome.stale:  # a newer packet stands there now, and that must be kept
            return Answer(409, problems.of(_stale(outcome.why)) | {"checkpoint": shown})
        return Answer(
            200,
            {"checkpoint": shown, "session_id": str(outcome.session.id), "status": outcome.session.status},
        )

    try:
        answer = await once(call, key, act)
    except Conflict as refused:
        if refused.code not in ("stale_packet", "already_decided"):
            raise
        current = await _current(call, session_id, checkpoint_id)
        answer = Answer(409, problems.of(refused) | {"checkpoint": current})
    return respond(answer, call) if answer.status >= 400 else await written(answer.body, status=answer.status)


def _stale(why: str) -> Conflict:
    return Conflict(
        "stale_packet",
        f"{why} Nothing was decided.".strip(),
        hint="Look at the current packet and decide on that.",
    )


async def _current(call: Call, session_id: UUID, checkpoint_id: UUID) -> dict[str, Any]:
    """The checkpoint to look at now: the one that waits, else the one that was named."""
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id)
        waiting = await db_checkpoints.open_one(tx, session_id)
        named = await db_checkpoints.get(tx, checkpoint_id, session_id)
        return await views.checkpoint(tx, waiting or named, row)


def _kept(acknowledged: Sequence[Acknowledged]) -> list[Acknowledgement]:
    return [Acknowledgement(a.claim_id, a.reason, AcknowledgementKind(a.kind)) for a in acknowledged]
