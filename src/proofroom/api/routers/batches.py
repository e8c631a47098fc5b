"""Several reviews signed from the inbox, and taken back, each by itself: what is refused stops no other."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api import problems
from proofroom.api.deps import Call, CallDep
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.inbox import Batch, BatchDone, BatchToWithdraw
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict, ProofroomError, Unavailable
from proofroom.services import batches, views
from proofroom.services.gates import Outcome

router = APIRouter(prefix="/api/checkpoints", tags=["inbox"], route_class=JsonRoute)


@router.post(
    "/approve-batch",
    response_model=BatchDone,
    responses=problems_of(409),
    summary="Sign several reviews of one template, each by itself, from the list",
)
async def approve_batch(body: Batch, call: CallDep, key: KeyHeader = None) -> Response:
    items = body.items
    size, before = (len(items), 0) if body.part is None else (body.part.size, body.part.before)
    batches.check(call.actor, [item.checkpoint_id for item in items], size, before)
    done: list[dict[str, Any]] = []
    for n, item in enumerate(items):
        undo = batches.held_for(body.undo_seconds, size - before - 1 - n)

        async def sign(tx: Tx, item: Any = item, undo: int = undo) -> Outcome:
            return await batches.sign_one(
                tx,
                call.actor,
                item.checkpoint_id,
                packet_digest=item.packet_digest,
                template_id=body.template_id,
                instead_of=item.instead_of,
                announced=size,
                undo_seconds=undo,
            )

        theirs = [str(one) for one in item.instead_of]
        said = [str(item.checkpoint_id), item.packet_digest, str(body.template_id), size, undo, *theirs]
        done.append(await _each(call, key, item.checkpoint_id, said, sign))
    return JSONResponse({"items": done})


@router.post(
    "/withdraw-batch",
    response_model=BatchDone,
    responses=problems_of(409),
    summary="Take back several decisions that did not take effect yet",
)
async def withdraw_batch(body: BatchToWithdraw, call: CallDep, key: KeyHeader = None) -> Response:
    batches.check(call.actor, body.checkpoint_ids, len(body.checkpoint_ids))
    done: list[dict[str, Any]] = []
    for checkpoint_id in body.checkpoint_ids:

        async def take_back(tx: Tx, checkpoint_id: UUID = checkpoint_id) -> Outcome:
            return await batches.take_back_one(tx, call.actor, checkpoint_id)

        done.append(await _each(call, key, checkpoint_id, [str(checkpoint_id)], take_back))
    return JSONResponse({"items": done})


async def _each(
    call: Call,
    key: str | None,
    checkpoint_id: UUID,
    said: list[Any],
    decide: Callable[[Tx], Awaitable[Outcome]],
) -> dict[str, Any]:
    """What became of one, in a transaction of its own; sent again with its key, it gets the first answer."""

    async def act(tx: Tx) -> Answer:
        outcome = await decide(tx)
        row = outcome.checkpoint
        if outcome.stale:  # a newer packet stands there now, and that must be kept
            return Answer(200, _refused(call, checkpoint_id, _stale(outcome.why)))
        return Answer(
            200,
            {
                "checkpoint_id": str(checkpoint_id), "session_id": str(outcome.session.id), "done": True,
                "status": row.status, "approve_pending": row.approve_pending,
                "undo_until": views.at(row.undo_until), "problem": None,
            },
        )  # fmt: skip

    own = None if key is None else hashlib.sha256(f"{key}\n{checkpoint_id}".encode()).hexdigest()
    try:
        return (await once(call, own, act, fingerprint=json.dumps(said).encode())).body
    except Unavailable:
        raise  # the rest would fare the same; sent again with its key, what is done is answered as it was
    except ProofroomError as refused:
        return _refused(call, checkpoint_id, refused)


def _refused(call: Call, checkpoint_id: UUID, error: ProofroomError) -> dict[str, Any]:
    return {
        "checkpoint_id": str(checkpoint_id), "session_id": None, "done": False, "status": None,
        "approve_pending": False, "undo_until": None,
        "problem": problems.of(error) | {"request_id": problems.request_id(call.request)},
    }  # fmt: skip


def _stale(why: str) -> Conflict:
    return Conflict(
        "stale_packet",
        f"{why} Nothing was decided.".strip(),
        hint="Open it and look at what is there now.",
    )
