"""Who looks at a review just now, and what people say beside it. Nothing here decides."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import Call, CallDep, PagingDep, page_of
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.policy import Comment, CommentList, Look, LookedAt, NewComment
from proofroom.db import members
from proofroom.db.models import WorkCheckpoint
from proofroom.db.tx import Tx
from proofroom.services import people, views

router = APIRouter(prefix="/api/checkpoints/{checkpoint_id}", tags=["inbox"], route_class=JsonRoute)


@router.post(
    "/lease",
    response_model=LookedAt,
    responses=problems_of(409),
    summary="Say that you look at it now; again every 20 seconds while you do",
)
async def look_at_checkpoint(checkpoint_id: UUID, look: Look, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await people.look(tx, call.actor, checkpoint_id, take=look.take)
        return await _looked_at(tx, row)


@router.delete("/lease", response_model=LookedAt, summary="Stop looking at it")
async def look_away_from_checkpoint(checkpoint_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        return await _looked_at(tx, await people.look_away(tx, call.actor, checkpoint_id))


async def _looked_at(tx: Tx, row: WorkCheckpoint) -> Response:
    return JSONResponse({"checkpoint_id": str(row.id), **views.looking(row, await members.names(tx))})


@router.get("/comments", response_model=CommentList, summary="Comments of the whole session, oldest first")
async def list_comments(checkpoint_id: UUID, call: CallDep, paging: PagingDep) -> Response:
    async with call.transaction() as tx:
        items = await people.comments_of(tx, checkpoint_id)
    return JSONResponse(page_of(items, paging))


@router.post(
    "/comments",
    status_code=201,
    response_model=Comment,
    summary="Say something about a claim, words of an artifact, or the whole packet",
)
async def add_comment(checkpoint_id: UUID, new: NewComment, call: CallDep, key: KeyHeader = None) -> Response:
    return respond(await once(call, key, lambda tx: _comment(tx, call, checkpoint_id, new)), call)


async def _comment(tx: Tx, call: Call, checkpoint_id: UUID, new: NewComment) -> Answer:
    row = await people.comment(
        tx, call.actor, checkpoint_id, new.text, claim_id=new.claim_id, artifact_id=new.artifact_id,
        anchor=None if new.anchor is None else new.anchor.model_dump(),
    )  # fmt: skip
    return Answer(201, people.comment_json(row, await members.names(tx)))
