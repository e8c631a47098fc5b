"""Who the caller is, and in which workspace."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.projects import Me, WorkspaceList
from proofroom.db import members, projects

router = APIRouter(prefix="/api", tags=["workspace"], route_class=JsonRoute)


@router.get("/me", response_model=Me, summary="The caller")
async def get_me(call: CallDep) -> Response:
    async with call.transaction() as tx:
        workspace = await members.workspace(tx)
        sample = await projects.by_sample_key(tx, "check")
    return JSONResponse(
        {
            "id": str(call.actor.member_id),
            "name": call.actor.name,
            "role": call.actor.role,
            "workspace": {
                "id": str(call.actor.workspace_id),
                "name": "" if workspace is None else workspace.name,
            },
            "mode": "local" if call.serving.local else "server",
            "sample": sample is not None,
            "folders": call.catalog.delivery_root is not None,
        }
    )


@router.get("/workspaces", response_model=WorkspaceList, summary="The workspaces of the caller")
async def list_workspaces(call: CallDep) -> Response:
    async with call.transaction() as tx:
        workspace = await members.workspace(tx)
    items = [] if workspace is None else [{"id": str(workspace.id), "name": workspace.name}]
    return JSONResponse({"items": items, "next_cursor": None})
