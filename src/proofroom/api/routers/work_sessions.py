"""Work sessions of every project."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep, PagingSinceDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.routers.project_work_sessions import AgentTypes, TitleLike, listed
from proofroom.api.schemas.common import Moment
from proofroom.api.schemas.work import WorkCounts, WorkSessionList
from proofroom.db import projects, work_sessions

router = APIRouter(prefix="/api/work-sessions", tags=["work sessions"], route_class=JsonRoute)

Outcome = Literal["completed", "rejected", "expired", "failed", "cancelled"]
OfProject = Annotated[UUID | None, Query(description="Only of this project.")]


@router.get(
    "",
    response_model=WorkSessionList,
    responses=problems_of(404),
    summary="Work sessions of all projects, newest first; of archived ones, what has not ended",
)
async def list_all_work_sessions(
    call: CallDep,
    paging: PagingSinceDep,
    project_id: OfProject = None,
    status: Annotated[
        list[str] | None, Query(description="Only these statuses; repeated, or separated by commas.")
    ] = None,
    agent_type: AgentTypes = None,
    title: TitleLike = None,
    outcome: Annotated[
        list[Outcome] | None,
        Query(max_length=5, description="Only what ended so: what somebody rejected has not failed."),
    ] = None,
    settled_since: Annotated[Moment | None, Query(description="Only what ended then or later.")] = None,
    held: Annotated[
        bool | None,
        Query(
            description="Only what was decided and can still be taken back; with `false` only the rest: of"
            " `status=pending_review` what waits for a person."
        ),
    ] = None,
) -> Response:
    return await listed(
        call,
        paging,
        project_id,
        status,
        agent_type,
        title,
        outcomes=outcome or (),
        settled_since=settled_since,
        held=held,
    )


@router.get(
    "/counts",
    response_model=WorkCounts,
    responses=problems_of(404),
    summary="How many work sessions there are, by agent type and status",
)
async def count_work_sessions(call: CallDep, project_id: OfProject = None) -> Response:
    async with call.transaction() as tx:
        if project_id is not None:
            await projects.get(tx, project_id)
        by_agent = await work_sessions.counts(tx, project_id)
        held = await work_sessions.held_counts(tx, project_id)
    by_status: dict[str, int] = {}
    for counted in by_agent.values():
        for name, n in counted.items():
            by_status[name] = by_status.get(name, 0) + n
    return JSONResponse(
        {"total": sum(by_status.values()), "by_status": by_status, "by_agent": by_agent, "held": held}
    )
