"""Search in one project, and the state of its index."""

from dataclasses import asdict
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute, clean
from proofroom.api.schemas.search import IndexState, SearchList
from proofroom.db import projects
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.services import finding, indexing
from proofroom.services.access import require

router = APIRouter(prefix="/api/projects/{project_id}", tags=["search"], route_class=JsonRoute)


@router.get("/search", response_model=SearchList, summary="The best passages for a query, best first")
async def search(
    project_id: UUID,
    call: CallDep,
    q: Annotated[str, Query(max_length=2_000, description="Words; a question will do.")] = "",
    k: Annotated[int, Query(ge=1, le=500, description="Most passages to answer.")] = 10,
    mode: Annotated[
        Literal["hybrid", "text", "vector"],
        Query(description="By words and meaning, by words alone, by meaning alone."),
    ] = "hybrid",
    source_id: Annotated[
        list[UUID] | None, Query(max_length=200, description="Only these sources; repeatable.")
    ] = None,
    type: Annotated[  # noqa: A002  the parameter's name in the API
        list[str] | None,
        Query(max_length=20, description="Only sources of these types, such as pdf; repeatable."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        Query(max_length=20, description="Only passages of these kinds, such as table_row; repeatable."),
    ] = None,
    state: Annotated[
        list[str] | None,
        Query(
            max_length=5,
            description="Passages in these states instead of those in use (accepted, locked); repeatable.",
        ),
    ] = None,
    captured_from: Annotated[
        str | None, Query(max_length=40, description="Captured on this day or later; a date or a time.")
    ] = None,
    captured_to: Annotated[
        str | None, Query(max_length=40, description="Captured on this day or before; before a time.")
    ] = None,
) -> Response:
    query = clean(q).strip()
    if not query:
        raise InvalidInput(
            "query_empty", "There is nothing to search for.", hint="Say what in the parameter q.", field="q"
        )
    wanted = finding.filters(
        source_ids=source_id or (),
        types=type or (),
        kinds=kind or (),
        states=state or (),
        captured_from=captured_from,
        captured_to=captured_to,
    )
    async with call.transaction() as tx:
        await projects.get(tx, project_id)
        answer = await finding.find(tx, project_id, query, k, wanted, mode)
    return JSONResponse(answer)


@router.get("/index", response_model=IndexState, summary="How far the project's index for search is")
async def get_index(project_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        now = await indexing.state(tx, project_id)
    return JSONResponse(asdict(now))


@router.post(
    "/index/rebuild",
    status_code=202,
    response_model=IndexState,
    summary="Remove vectors of other models and make those that are missing",
)
async def rebuild_index(project_id: UUID, call: CallDep, key: KeyHeader = None) -> Response:
    require(call.actor, "requester")

    async def act(tx: Tx) -> Answer:
        return Answer(202, asdict(await indexing.rebuild(tx, project_id)))

    return respond(await once(call, key, act), call)
