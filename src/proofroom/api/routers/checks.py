"""Outside drafts."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from proofroom.api.deps import CallDep
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.work import NewCheck, WorkSession
from proofroom.db.tx import Tx
from proofroom.services import checks, views

router = APIRouter(prefix="/api/projects/{project_id}", tags=["checks"], route_class=JsonRoute)


@router.post(
    "/checks",
    status_code=201,
    response_model=WorkSession,
    summary="Check a draft of any agent or person",
    description="It becomes a work session at its review; the packet of its checkpoint holds every claim.",
)
async def create_check(project_id: UUID, new: NewCheck, call: CallDep, key: KeyHeader = None) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await checks.open_check(
            tx,
            call.actor,
            call.catalog,
            project_id,
            draft=new.draft,
            title=new.title,
            source_ids=new.source_ids,
        )
        return Answer(201, await views.session(tx, call.catalog, row))

    return respond(await once(call, key, act), call)
