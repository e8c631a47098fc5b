"""Search in one project."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute, clean
from proofroom.api.schemas.sources import SearchList
from proofroom.db import projects
from proofroom.domain.errors import InvalidInput
from proofroom.substrate import search as substrate

router = APIRouter(prefix="/api/projects/{project_id}", tags=["search"], route_class=JsonRoute)


@router.get("/search", response_model=SearchList, summary="The best passages for a query, best first")
async def search(
    project_id: UUID,
    call: CallDep,
    q: Annotated[str, Query(max_length=2_000, description="Words; a question will do.")] = "",
    k: Annotated[int, Query(ge=1, le=100, description="Most passages to answer.")] = 10,
) -> Response:
    query = clean(q).strip()
    if not query:
        raise InvalidInput(
            "query_empty", "There is nothing to search for.", hint="Say what in the parameter q.", field="q"
        )
    async with call.transaction() as tx:
        await projects.get(tx, project_id)
        hits = await substrate.search(tx, project_id, query, k)
    return JSONResponse(
        {
            "items": [
                {
                    "block_id": str(h.passage.block_id), "source_id": str(h.passage.source_id),
                    "version": h.passage.version, "source_title": h.passage.source_title,
                    "page": h.passage.page, "char_start": h.passage.char_start,
                    "char_end": h.passage.char_end, "text": h.block.text, "score": h.score,
                }
                for h in hits
            ]
        }
    )  # fmt: skip
