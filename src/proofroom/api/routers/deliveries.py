"""What signatures released: whether it was made, and sending again what could not be."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import Call, CallDep, PagingDep, plain_text
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.work import DeliveryInFull, DeliveryList
from proofroom.db import deliveries as db_deliveries
from proofroom.db import projects, work_sessions
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.services import deliveries
from proofroom.services.access import Actor

router = APIRouter(prefix="/api/deliveries", tags=["deliveries"], route_class=JsonRoute)


@router.get(
    "",
    response_model=DeliveryList,
    responses=problems_of(404),
    summary="Deliveries of all projects, newest first",
)
async def list_deliveries(
    call: CallDep,
    paging: PagingDep,
    status: Annotated[
        str | None, Query(description="pending, delivered, failed (given up) or dropped.")
    ] = None,
    kind: Annotated[str | None, Query(max_length=100, description="Such as folder.")] = None,
    project_id: Annotated[UUID | None, Query(description="Only of this project.")] = None,
    session_id: Annotated[UUID | None, Query(description="Only of this work session.")] = None,
) -> Response:
    if status is not None and status not in deliveries.STATUSES:
        raise InvalidInput(
            "unknown_status",
            f"There is no status {status[:60]!r}.",
            hint=f"Use one of {', '.join(deliveries.STATUSES)}.",
            field="status",
        )
    async with call.transaction() as tx:
        if project_id is not None:
            await projects.get(tx, project_id)
        if session_id is not None:
            await work_sessions.get(tx, session_id)
        rows = await db_deliveries.page(
            tx,
            status=status,
            kind=plain_text(kind),
            project_id=project_id,
            session_id=session_id,
            before=paging.after,
            limit=paging.limit + 1,
        )
        items, cursor = paging.cut([row[0] for row in rows])
        shown = deliveries.to_json(rows[: len(items)])
    return JSONResponse({"items": shown, "next_cursor": cursor})


@router.get(
    "/{delivery_id}",
    response_model=DeliveryInFull,
    responses=problems_of(404),
    summary="One delivery, its attempts",
)
async def get_delivery(delivery_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        shown = await deliveries.one(tx, delivery_id)
    return JSONResponse(shown)


@router.post(
    "/{delivery_id}/resend",
    response_model=DeliveryInFull,
    responses=problems_of(403, 404, 409),
    summary="Try now what was given up or waits",
)
async def resend_delivery(delivery_id: UUID, call: CallDep, key: KeyHeader = None) -> Response:
    return await _decided(deliveries.resend, delivery_id, call, key)


@router.post(
    "/{delivery_id}/drop",
    response_model=DeliveryInFull,
    responses=problems_of(403, 404, 409),
    summary="Give a delivery up for good",
)
async def drop_delivery(delivery_id: UUID, call: CallDep, key: KeyHeader = None) -> Response:
    return await _decided(deliveries.drop, delivery_id, call, key)


async def _decided(
    decide: Callable[[Tx, Actor, UUID], Awaitable[dict[str, Any]]],
    delivery_id: UUID,
    call: Call,
    key: str | None,
) -> Response:
    async def act(tx: Tx) -> Answer:
        return Answer(200, await decide(tx, call.actor, delivery_id))

    return respond(await once(call, key, act), call)
