"""What the sources of a project disagree on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from proofroom.api.answers import written
from proofroom.api.awaited import NOBODY_READS, awaited
from proofroom.api.deps import CallDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.contradictions import SourceContradictions
from proofroom.services import contradictions

router = APIRouter(
    prefix="/api/projects/{project_id}/contradictions", tags=["sources"], route_class=JsonRoute
)


@router.get(
    "",
    response_model=SourceContradictions,
    responses=problems_of(413),
    summary="Passages of the sources in use that disagree with each other",
    description="Compared when asked for, in a process of its own; what did not change since is not compared again. "
    "At most 5,000 passages and 10,000 sentences, the newest sources first; `compared` and `comparable` say how many "
    "of how many. 413 `comparing_too_much`, 503 `comparing_busy`, `comparing_stopped`.",
)
async def list_contradictions(
    project_id: UUID,
    call: CallDep,
    source_id: Annotated[
        UUID | None, Query(description="Only pairs in which this source stands; its passages come first.")
    ] = None,
) -> Response:
    async with call.transaction() as tx:
        asked = await contradictions.ask(tx, project_id, source_id)
    answer = await awaited(call.request, contradictions.compared(asked))
    if answer is None:
        return Response(status_code=NOBODY_READS)
    async with call.transaction() as tx:
        shown = await contradictions.shown(tx, asked, answer)
    return await written(shown)
