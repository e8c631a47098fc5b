"""Whether it lives, whether it can serve, and figures for monitoring. None of them needs a login."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from proofroom.api.deps import serving
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.common import Shown
from proofroom.db import readiness
from proofroom.domain.errors import Unavailable
from proofroom.telemetry.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"], route_class=JsonRoute)


class Health(Shown):
    status: str
    version: str


class Ready(Shown):
    status: str
    checks: dict[str, str]


@router.get("/api/health", response_model=Health, summary="Liveness")
async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok", "version": request.app.version})


@router.get("/api/ready", response_model=Ready, responses=problems_of(503), summary="Readiness")
async def ready(request: Request) -> Response:
    checks = await readiness.check(serving(request).parts.db)
    if any(said != "ok" for said in checks.values()):
        raise Unavailable(
            "not_ready",
            "The database is not as this release needs it.",
            hint="Run `proofroom migrate`.",
            retry_after=10,
            extra={"checks": checks},
        )
    return JSONResponse({"status": "ready", "checks": checks})


@router.get("/metrics", response_class=PlainTextResponse, summary="Prometheus metrics")
async def metrics(request: Request) -> Response:
    serves = serving(request)
    said = await serves.monitor.text(request.app.version, streams=serves.live.open_streams)
    return PlainTextResponse(said, media_type=CONTENT_TYPE)
