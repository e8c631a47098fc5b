"""Figures on work, waiting and evidence."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep, plain_text
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.common import Moment
from proofroom.api.schemas.figures import Now, Series
from proofroom.api.schemas.policy import Analytics
from proofroom.db import projects
from proofroom.db.figures_over_time import Of
from proofroom.services import analytics, figures

router = APIRouter(prefix="/api/analytics", tags=["analytics"], route_class=JsonRoute)

USUAL = timedelta(weeks=12)


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


@router.get(
    "/series",
    response_model=Series,
    responses=problems_of(404),
    summary="The same figures over time, by agent and by template",
)
async def figures_over_time(
    call: CallDep,
    since: Annotated[
        Moment | None, Query(alias="from", description="From this time on; 12 weeks before `to` without it.")
    ] = None,
    until: Annotated[
        Moment | None, Query(alias="to", description="Before this time; now without it.")
    ] = None,
    unit: Annotated[str, Query(description="`day`, `week` (from Monday on) or `month`.")] = "week",
    tz: Annotated[
        str,
        Query(
            max_length=60, description="The IANA time zone in which days begin.", examples=["Europe/Vienna"]
        ),
    ] = "UTC",
    project_id: Annotated[UUID | None, Query(description="Only of this project.")] = None,
    agent: Annotated[str | None, Query(max_length=100, description="Only of this agent type.")] = None,
    template_id: Annotated[UUID | None, Query(description="Only of work filed from this template.")] = None,
) -> Response:
    end = until or datetime.now(UTC)
    shown = await figures.series(
        call.pair,
        since=since or end - USUAL,
        until=end,
        unit=unit,
        zone=tz,
        of=Of(project_id, plain_text(agent), template_id),
    )
    return JSONResponse(shown)


@router.get(
    "/now",
    response_model=Now,
    responses=problems_of(404),
    summary="What runs, what waits, what was delivered and what failed lately",
)
async def show_now(
    call: CallDep, project_id: Annotated[UUID | None, Query(description="Only of this project.")] = None
) -> Response:
    async with call.transaction() as tx:
        shown = await figures.now(tx, project_id)
    return JSONResponse(shown)
