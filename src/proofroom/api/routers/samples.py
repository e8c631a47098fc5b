"""The sample workspace's own buttons."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.work import Reveal, WorkSession
from proofroom.db import projects, work_sessions
from proofroom.domain.errors import NotFound
from proofroom.services import samples, views
from proofroom.services.access import require

router = APIRouter(prefix="/api/projects/{project_id}", tags=["sample"], route_class=JsonRoute)


@router.post(
    "/sample/new-year",
    status_code=202,
    response_model=WorkSession,
    responses=problems_of(404, 409),
    summary="The new year has arrived: a new version of the table, and the report again",
)
async def sample_new_year(project_id: UUID, call: CallDep) -> Response:
    require(call.actor, "requester")
    row = await samples.new_year(call.parts.db, call.actor, call.catalog, project_id)
    async with call.transaction() as tx:
        shown = await views.session(tx, call.catalog, await work_sessions.get(tx, row.id))
    return JSONResponse(shown, status_code=202)


@router.get(
    "/work-sessions/{session_id}/reveal",
    response_model=Reveal,
    summary="What was planted in the sample's draft; after the decision, 404 before and elsewhere",
)
async def get_reveal(project_id: UUID, session_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        await projects.get(tx, project_id)
        items = await samples.reveal(tx, await work_sessions.get(tx, session_id, project_id))
    if items is None:
        raise NotFound(
            "nothing_to_reveal",
            "There is nothing to reveal here.",
            hint="The sample's planted errors are shown after the decision on its review.",
        )
    return JSONResponse({"items": items})
