"""What can be asked for: agent types, their settings, and who can do them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.agents.factory import AgentDefinition
from proofroom.api.deps import CallDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.agents import AgentList
from proofroom.db import projects
from proofroom.services import definitions

router = APIRouter(prefix="/api", tags=["agents"], route_class=JsonRoute)


@router.get(
    "/agents",
    response_model=AgentList,
    responses=problems_of(404),
    summary="Agent definitions with their config_schema",
)
async def list_agents(
    call: CallDep,
    project_id: Annotated[UUID | None, Query(description="With those of this project.")] = None,
) -> Response:
    known = call.catalog.definitions
    found = dict(known)
    if project_id is not None:
        async with call.transaction() as tx:
            await projects.get(tx, project_id)
            found = await definitions.offered(tx, known, project_id)
    runtimes = call.catalog.list_runtimes()
    return JSONResponse(
        {
            "items": [
                _shown(d, own=known.get(name) is not d)
                | {"runtimes": runtimes, "default_runtime": call.catalog.default_runtime}
                for name, d in found.items()
            ],
            "next_cursor": None,
        }
    )


def _shown(definition: AgentDefinition, *, own: bool) -> dict[str, Any]:
    return {
        "name": definition.name, "title": definition.title, "goal": definition.goal,
        "output_types": list(definition.output_types), "config_schema": dict(definition.config_schema),
        "origin": "project" if own else "program", "digest": definition.digest,
        "definition": definition.text, "budget": dict(definition.budget),
        "impact_setting": definition.impact_setting, "impact_values": dict(definition.impact_values),
    }  # fmt: skip
