"""A uvicorn server that ends the event streams when it stops, instead of waiting for their readers."""

import socket

import uvicorn
from fastapi import FastAPI

from proofroom.api.deps import Serving


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
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        serving = self._app.state.serving
        assert isinstance(serving, Serving)
        serving.live.end_streams()
        await super().shutdown(sockets)
