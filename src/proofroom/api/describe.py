"""The OpenAPI document: what FastAPI derives, with every problem declared as what it is."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse

from proofroom.api.problems import MEDIA_TYPE
from proofroom.api.schemas.common import Problem

PROBLEMS = {
    400: "The request cannot be read: malformed JSON or multipart.",
    401: "No credentials, or unknown ones.",
    403: "The caller, the host name or the origin is not allowed.",
    404: "It does not exist, or the caller may not see it.",
    409: "The state does not allow it, or somebody was first. `stale_packet` carries the current checkpoint.",
    408: "The body did not come to its end in time.",
    413: "Too large.",
    415: "The body is of a type that is not read here.",
    422: "The request does not fit; `field` names the member.",
    428: "A decision must name its packet_digest.",
    429: "Too much at a time; Retry-After says when to try again.",
    500: "Something of ours broke.",
    503: "The database is away or busy; Retry-After says when to try again.",
}
EVERYWHERE = (403, 500, 503)


def problem(status: int) -> dict[str, Any]:
    """The OpenAPI response object of a problem."""
    return {
        "description": PROBLEMS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def problems_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route; what every route may answer is added to the document by itself."""
    return {status: problem(status) for status in statuses}


def install(app: FastAPI) -> None:
    """Serves the document at /api/openapi.json, and as `app.openapi()`."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    async def openapi_json(_: Request) -> JSONResponse:
        return JSONResponse(app.openapi())

    app.openapi = openapi  # FastAPI's documented way to change the document
    app.add_route("/api/openapi.json", openapi_json, include_in_schema=False)


def document(app: FastAPI) -> dict[str, Any]:
    shown = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes, openapi_version="3.1.0"
    )
    components = shown.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= made.pop("$defs", {})
    schemas["Problem"] = made
    components["securitySchemes"] = {
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key. Not needed in local mode.",
        }
    }
    for path, item in shown["paths"].items():
        for method, operation in item.items():
            _declare(path, method, operation)
    return shown


OPEN_PATHS = ("/api/health", "/api/ready", "/metrics")


def _declare(path: str, method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    statuses: set[int] = set(EVERYWHERE)
    if path not in OPEN_PATHS:
        statuses |= {401, 429}
        operation["security"] = [{}, {"api_key": []}]
    if "{" in path:
        statuses.add(404)
    if method != "get":
        statuses |= {408, 413, 415}
    if "requestBody" in operation:
        statuses |= {400, 422}
    if any(p["in"] != "path" for p in operation.get("parameters", ())):
        statuses.add(422)
    if any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", ())):
        statuses.add(409)
    for status in statuses:
        responses.setdefault(str(status), problem(status))
    if "422" in responses:  # FastAPI puts its own shape there
        responses["422"] = problem(422)
        if 422 not in statuses:
            del responses["422"]
    operation["responses"] = dict(sorted(responses.items()))
