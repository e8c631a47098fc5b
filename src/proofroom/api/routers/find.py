"""Opening something by words of its title."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute, clean
from proofroom.api.schemas.search import Found
from proofroom.db import jumping

router = APIRouter(prefix="/api/find", tags=["workspace"], route_class=JsonRoute)

MOST_WORDS = 8


@router.get(
    "",
    response_model=Found,
    summary="Projects, waiting reviews, sessions and sources by words of their titles",
    description="All words stand in the title, in any order. Among the latest 5,000 of each kind.",
)
async def find(
    call: CallDep,
    q: Annotated[str, Query(max_length=200, description="Words of the title; nothing finds nothing.")] = "",
    limit: Annotated[int, Query(ge=1, le=20, description="Most of each kind.")] = 6,
) -> Response:
    words = clean(q).split()[:MOST_WORDS]
    async with call.transaction() as tx:
        items = await jumping.titled(tx, words, limit) if words else []
    return JSONResponse({"items": items})
