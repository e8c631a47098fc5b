"""Agent definitions of a project."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AfterValidator
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute, clean
from proofroom.api.schemas.agents import (
    DefinitionChange,
    NewDefinition,
    ProjectAgent,
    ProjectAgentList,
)
from proofroom.db.tx import Tx
from proofroom.services import definitions

router = APIRouter(prefix="/api/projects/{project_id}/agents", tags=["agents"], route_class=JsonRoute)

Name = Annotated[str, Path(max_length=40, description="The agent's name."), AfterValidator(clean)]


@router.post("", status_code=201, response_model=ProjectAgent, summary="Add an agent definition, for admins")
async def add_project_agent(
    project_id: UUID, new: NewDefinition, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        return Answer(201, await definitions.add(tx, call.actor, project_id, new.definition))

    return respond(await once(call, key, act), call)


@router.get("", response_model=ProjectAgentList, summary="The project's own agent definitions, by name")
async def list_project_agents(project_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        found = await definitions.page(tx, project_id)
    return JSONResponse({"items": found, "next_cursor": None})


@router.get("/{name}", response_model=ProjectAgent, summary="One agent definition with its text")
async def get_project_agent(project_id: UUID, name: Name, call: CallDep) -> Response:
    async with call.transaction() as tx:
        return JSONResponse(await definitions.show(tx, project_id, name))


@router.put(
    "/{name}",
    response_model=ProjectAgent,
    responses=problems_of(409),
    summary="Replace an agent definition, for admins",
)
async def change_project_agent(
    project_id: UUID, name: Name, change: DefinitionChange, call: CallDep
) -> Response:
    async with call.transaction() as tx:
        made = await definitions.change(
            tx, call.actor, project_id, name, change.definition, version=change.version
        )
    return JSONResponse(made)


@router.delete("/{name}", status_code=204, summary="Remove an agent definition, for admins")
async def remove_project_agent(project_id: UUID, name: Name, call: CallDep) -> Response:
    async with call.transaction() as tx:
        await definitions.remove(tx, call.actor, project_id, name)
    return Response(status_code=204)
