"""A project's policy, and what it says of a session."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.policy import DryRun, DryRunResult, Policy, PolicyChange, PolicyExplained
from proofroom.db import work_sessions
from proofroom.services import dry_runs, packets, policies

router = APIRouter(prefix="/api/projects/{project_id}", tags=["policy"], route_class=JsonRoute)


@router.get("/policy", response_model=Policy, summary="What the project sets for its reviews")
async def get_policy(project_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        shown = await policies.show(tx, project_id, may_sign=call.parts.policy_may_sign)
    return JSONResponse(shown)


@router.patch(
    "/policy",
    response_model=Policy,
    responses=problems_of(409),
    summary="Set it anew (admins); packets that wait are shown again before anybody signs them",
)
async def change_policy(project_id: UUID, change: PolicyChange, call: CallDep) -> Response:
    changes = change.model_dump(exclude_unset=True)
    version = changes.pop("version", None)
    async with call.transaction() as tx:
        shown = await policies.change(
            tx, call.actor, project_id, changes, version=version, may_sign=call.parts.policy_may_sign
        )
    return JSONResponse(shown)


@router.post(
    "/policy/dry-run",
    response_model=DryRunResult,
    summary="What these settings would have said of the latest work; stores nothing",
)
async def try_policy(project_id: UUID, trial: DryRun, call: CallDep) -> Response:
    changes = trial.settings.model_dump(exclude_unset=True)
    changes.pop("version", None)
    async with call.transaction() as tx:
        shown = await dry_runs.run(
            tx, project_id, changes, last=trial.last, may_sign=call.parts.policy_may_sign
        )
    return JSONResponse(shown)


@router.get(
    "/work-sessions/{session_id}/policy",
    response_model=PolicyExplained,
    summary="A dry run: what policy says of the session at each gate, rule by rule",
)
async def explain_policy(project_id: UUID, session_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        packet = await packets.preview(tx, row)
        shown = await policies.explain_session(tx, row, packet, may_sign=call.parts.policy_may_sign)
    return JSONResponse(shown)
