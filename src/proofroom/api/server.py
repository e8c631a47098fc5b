"""A uvicorn server that ends the event streams when it stops, instead of waiting for their readers, and connections on
which no request comes to the end of its head.
"""

import asyncio
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proofroom.api.deps import Serving

HEAD_SECONDS = 20.0
"""How long the line and the headers of a request may take to come."""


class Protocol(HttpToolsProtocol):
    """uvicorn's, with a limit on how long the head of a request may take."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

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


class Server(uvicorn.Server):
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
                server_header=False,
                timeout_graceful_shutdown=10,
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
