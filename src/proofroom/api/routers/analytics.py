"""Figures on work, waiting and evidence."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.common import Moment
from proofroom.api.schemas.policy import Analytics
from proofroom.db import projects
from proofroom.services import analytics

router = APIRouter(prefix="/api/analytics", tags=["analytics"], route_class=JsonRoute)


@router.get(
    "/summary",
    response_model=Analytics,
    responses=problems_of(404),
    summary="Work, decisions, waiting time, edit distance, evidence and cost",
)
async def summarize_work(
    call: CallDep,
    since: Annotated[Moment | None, Query(alias="from", description="From this time on.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Before this time.")] = None,
    project_id: Annotated[UUID | None, Query(description="Only of this project.")] = None,
) -> Response:
    async with call.transaction() as tx:
        if project_id is not None:
            await projects.get(tx, project_id)
        shown = await analytics.summary(tx, since=since, until=until, project_id=project_id)
    return JSONResponse(shown)
