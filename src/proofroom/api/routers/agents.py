"""What can be asked for: agent types, their settings, and who can do them."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.projects import AgentList

router = APIRouter(prefix="/api", tags=["agents"], route_class=JsonRoute)


@router.get("/agents", response_model=AgentList, summary="Agent definitions with their config_schema")
async def list_agents(call: CallDep) -> Response:
    runtimes = call.catalog.list_runtimes()
    return JSONResponse(
        {
            "items": [
                _shown(asdict(d)) | {"runtimes": runtimes, "default_runtime": call.catalog.default_runtime}
                for d in call.catalog.definitions.values()
            ],
            "next_cursor": None,
        }
    )


def _shown(definition: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": definition["name"],
        "title": definition["title"],
        "goal": definition["goal"],
        "output_types": list(definition["output_types"]),
        "config_schema": definition["config_schema"],
    }
