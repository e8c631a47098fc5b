"""A uvicorn server that ends the event streams when it stops, instead of waiting for their readers, and connections on
which no request comes to the end of its head, or whose reader has stopped reading.
"""

import asyncio
import contextlib
import functools
import socket
from collections.abc import Awaitable, Callable, Generator
from importlib.metadata import version
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proofroom.api import problems
from proofroom.api.deps import Serving
from proofroom.api.monitoring import Monitor
from proofroom.telemetry.metrics import CONTENT_TYPE

HEAD_SECONDS = 20.0
"""How long the line and the headers of a request may take to come."""

STUCK_SECONDS = 60.0
"""How long a reader may take nothing of what was written for it. It comes back and resumes."""
KEEP_ALIVE_SECONDS = 75
"""How long a connection waits for its next request: longer than proxies keep theirs, which would else send a request
into one that closes."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, with limits on how long the head of a request may take, and how long its reader may read nothing."""

    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._is_reading()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        if self._stuck is None:
            # Closing would wait for the reader, which is what does not come.
            self._stuck = self.loop.call_later(STUCK_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._is_reading()
        super().resume_writing()

    def _is_reading(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def on_message_begin(self) -> None:
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> Any:
        self._head_came()
        return super().on_headers_complete()

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


async def _worker_app(
    figures: Callable[[], Awaitable[str]], scope: Scope, receive: Receive, send: Send
) -> None:
    """/metrics and /api/health of a process that serves nothing else."""
    if scope["type"] != "http":
        return
    answer: Response
    if scope["path"] == "/metrics" and scope["method"] in ("GET", "HEAD"):
        answer = PlainTextResponse(await figures(), media_type=CONTENT_TYPE)
    elif scope["path"] == "/api/health":
        answer = JSONResponse({"status": "ok", "version": version("proofroom")})
    else:
        answer = problems.respond(problems.not_found(scope["path"]), "")
    await answer(scope, receive, send)


class _Patient(uvicorn.Server):
    """uvicorn's, which asks ten times a second whether it is to stop; this one is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._stops = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        return self._should_exit

    @should_exit.setter
    def should_exit(self, value: bool) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._should_exit = value
        if value and self._loop is not None:
            # Out of a signal handler the loop would not notice by itself.
            self._loop.call_soon_threadsafe(self._stops.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(
            0
        ):  # also writes the header with the time, which is to change every second
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._stops.wait()


class WorkerServer(_Patient):
    """Serves a worker's own figures. Signals are the caller's."""

    def __init__(self, monitor: Monitor) -> None:
        async def text() -> str:
            return await monitor.text(version("proofroom"), database=False)

        super().__init__(
            uvicorn.Config(
                functools.partial(_worker_app, text), access_log=False, server_header=False, log_level="warning",
                log_config=None, lifespan="off", interface="asgi3", http=Protocol, timeout_graceful_shutdown=2,
            )
        )  # fmt: skip

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Server(_Patient):
    """`serve(sockets=[…])` runs until `should_exit` is set or a signal comes."""

    def __init__(
        self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 8787, log_level: str = "info"
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_level=log_level,
                access_log=False,
                log_config=None,  # its lines go where ours go, in the same form
                server_header=False,
                timeout_graceful_shutdown=10,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                lifespan="on",
                http=Protocol,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        serving = self._app.state.serving
        assert isinstance(serving, Serving)
        serving.live.end_streams()
        await super().shutdown(sockets)
