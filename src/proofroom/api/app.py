"""The application: routers, the layers around them, the web page behind them."""

import contextlib
from collections.abc import AsyncGenerator
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from proofroom.api import describe, problems
from proofroom.api.deps import Serving
from proofroom.api.edge import Edge
from proofroom.api.monitoring import Monitor
from proofroom.api.routers import ROUTERS
from proofroom.api.sse import LiveEvents
from proofroom.api.static_files import Pages
from proofroom.engine.parts import Parts
from proofroom.services.access import Actor
from proofroom.settings import Settings


def create_app(parts: Parts, settings: Settings, *, local_actor: Actor | None, live: LiveEvents) -> FastAPI:
    """The API and the web page. With `local_actor` there is no login: serve it on a loopback address only."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await live.start()
        try:
            yield
        finally:
            await live.stop()

    app = bare_app(lifespan)
    app.state.serving = Serving(parts, settings, live, Monitor(parts.db), local=local_actor is not None)
    app.add_middleware(Edge, parts=parts, settings=settings, local_actor=local_actor)
    app.router.default = Pages()
    return app


def bare_app(lifespan: Any = None) -> FastAPI:
    """The routes alone, enough to describe them."""
    app = FastAPI(
        title="Proofroom",
        version=version("proofroom"),
        summary="Supervised agent work: evidence for every claim, a signature over exactly what was seen.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    describe.install(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
