"""Outside drafts."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from proofroom.api.deps import CallDep, prefers_async, wait_seconds
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.limits import require_room
from proofroom.api.routers.project_work_sessions import PreferHeader, resting
from proofroom.api.schemas.work import NewCheck, WorkSession
from proofroom.db.tx import Tx
from proofroom.services import checks, views

router = APIRouter(prefix="/api/projects/{project_id}", tags=["checks"], route_class=JsonRoute)


@router.post(
    "/checks",
    status_code=201,
    response_model=WorkSession,
    summary="Check a draft of any agent or person",
    description=(
        "It becomes a work session at its review; the packet of its checkpoint holds every claim. A draft of more than "
        f"{checks.CHECKED_AT_ONCE} claims is answered while it is `queued` and reports its progress; with "
        "`Prefer: wait=N` the answer waits up to N seconds (at most 60) for its review, with `Prefer: respond-async` "
        f"it is answered so from more than {checks.WATCHED_FROM} claims on."
    ),
)
async def create_check(
    project_id: UUID, new: NewCheck, call: CallDep, key: KeyHeader = None, prefer: PreferHeader = None
) -> Response:
    seconds = wait_seconds(prefer)

    async def act(tx: Tx) -> Answer:
        row = await checks.open_check(
            tx,
            call.actor,
            call.catalog,
            project_id,
            draft=new.draft,
            title=new.title,
            source_ids=new.source_ids,
            watched=prefers_async(prefer),
        )
        await require_room(tx, call, row)
        return Answer(201, await views.session(tx, call.catalog, row))

    answer = await once(call, key, act)
    if seconds is None:
        return respond(answer, call)
    row = await resting(call, UUID(answer.body["id"]), seconds)
    async with call.transaction() as tx:
        shown = await views.session(tx, call.catalog, row)
    return respond(Answer(201, shown), call, {"Preference-Applied": f"wait={seconds}"})
