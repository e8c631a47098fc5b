"""The outermost layer: request ids, who calls and from where, how much may be sent, a net under the rest."""

import asyncio
import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proofroom.api import auth, problems
from proofroom.api.limits import Gate, rates_of
from proofroom.domain.errors import InvalidInput, ProofroomError, TooLarge
from proofroom.engine.parts import Parts
from proofroom.services.access import Actor
from proofroom.settings import Settings
from proofroom.telemetry import logs, metrics

_log = logging.getLogger(__name__)

MAX_JSON_BYTES = 8 * 1024 * 1024
_MULTIPART_OVERHEAD = 64 * 1024
BODY_PAUSE_SECONDS = 30.0
"""A body of which nothing came for so long is not waited for."""
BODY_SECONDS = 60.0
BODY_BYTES_A_SECOND = 8 * 1024
"""A body may take a minute, and longer as long as it comes at this rate."""
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", *auth.CHANGING})
_SESSION = re.compile(r"/work-sessions/([0-9a-fA-F-]{36})(?:/|$)")


class Edge:
    """ASGI middleware. The actor of an API call is in `scope["state"]["actor"]`."""

    def __init__(self, app: ASGIApp, *, parts: Parts, settings: Settings, local_actor: Actor | None) -> None:
        self.app = app
        self.parts = parts
        self.settings = settings
        self.local_actor = local_actor
        self.gate = Gate(rates_of(settings, local=local_actor is not None))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        session = _SESSION.search(scope["path"])
        with logs.bound(request_id=request_id, **({"session_id": session[1].lower()} if session else {})):
            await self._serve(scope, receive, send, headers, request_id)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, request_id: str
    ) -> None:
        started, begun = False, time.monotonic()

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _count(scope, message["status"], time.monotonic() - begun)
                sent = MutableHeaders(scope=message)
                sent["X-Request-Id"] = request_id
                sent.setdefault("X-Content-Type-Options", "nosniff")
                if scope["path"].startswith("/api/"):
                    sent.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._admit(scope, headers)
            await self.app(scope, self._measured(scope, headers, receive), answer)
        except ProofroomError as error:
            await problems.respond_error(error, request_id)(scope, receive, answer)
        except ClientDisconnect:
            _log.info("the caller went away before the body ended")
        except Exception:
            _log.exception("request %s: %s %s broke", request_id, scope["method"], scope["path"])
            if started:
                raise  # half an answer cannot be taken back; the server closes the connection
            await problems.internal(request_id)(scope, receive, answer)

    async def _admit(self, scope: Scope, headers: Headers) -> None:
        path, method = scope["path"], scope["method"]
        if self.local_actor is not None:
            auth.check_host(headers, self.settings)
            auth.check_origin(method, headers)
        if path.startswith("/api/") and path not in auth.OPEN:
            actor = await auth.authenticate(headers, self.parts.db, self.local_actor)
            auth.check_scope(actor, method, path)
            scope["state"]["actor"] = actor
            logs.bind(workspace_id=actor.workspace_id)
            self.gate.admit(actor, method, path)
        if path.startswith("/api/"):
            auth.check_content_type(method, path, headers)

    def _measured(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """`receive`, which stops reading when more comes than may come, or too slowly."""
        limit = MAX_JSON_BYTES
        if headers.get("content-type", "").startswith("multipart/") and auth.takes_files(scope["path"]):
            limit = self.settings.max_upload_mb * 1024 * 1024 + _MULTIPART_OVERHEAD
        said = headers.get("content-length", "")
        if said.isdigit() and int(said) > limit:
            raise too_large(limit)
        seen, ended, started = 0, False, time.monotonic()

        async def counted() -> Message:
            nonlocal seen, ended
            if ended:  # what comes now is that the caller went away, some time
                return await receive()
            left = started + BODY_SECONDS + seen / BODY_BYTES_A_SECOND - time.monotonic()
            if left <= 0:
                raise too_slow()
            try:
                async with asyncio.timeout(min(left, BODY_PAUSE_SECONDS)):
                    message = await receive()
            except TimeoutError:
                raise too_slow() from None
            ended = not message.get("more_body", False)
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise too_large(limit)
            return message

        return counted


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Counts an answer by the template of its route, and says it in the log. The query may be somebody's words."""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = getattr(scope.get("route"), "path", None) or (
        "none" if scope["path"].startswith("/api/") else "page"
    )
    metrics.requests.add((method, route, str(status)))
    metrics.request_seconds.observe(seconds, (method, route))
    _log.info("%s %s %s in %.1f ms", method, scope["path"][:300], status, seconds * 1000)


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        "request_too_large",
        f"The request is larger than {limit // (1024 * 1024)} MB.",
        hint="Send less at once: files one by one, long texts as files.",
    )


def too_slow() -> InvalidInput:
    return InvalidInput(
        "request_too_slow",
        "The request's body did not come to its end in time.",
        hint="Send it again over a better connection, large files one by one.",
    )


def _request_id(given: str | None) -> str:
    return given if given is not None and _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
