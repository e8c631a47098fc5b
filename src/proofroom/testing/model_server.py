"""A scripted model provider on loopback: runtimes are tested against what they really talk to, without a key.

It speaks the Anthropic Messages API (`/v1/messages`, `/v1/messages/count_tokens`), OpenAI chat completions
(`/v1/chat/completions`) and responses (`/v1/responses`), each whole and streamed, and the lists of models. A script is
a list of steps, one for each request that asks for a message: replies (`say`, `call`, `calls`), faults (`status`,
`junk`, `cut`, `broken_off`, `stream_error`, `slow`), a function of the request that gives one of these, or
`forever(step)`. A retried request takes the next step.

    with ModelServer([call("search_context", query="Mars"), say("Done.")]) as server:
        ...  # ANTHROPIC_BASE_URL=server.url or OPENAI_BASE_URL=server.url + "/v1"
    assert server.total().tokens_out == 40

Every request is kept, without its key, and every token that was charged, so figures can be compared exactly. Nothing
here waits for time to pass: a slow reply waits for an event of the test or for the client to hang up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, TypeAlias, cast

from proofroom.testing.wire import (
    Charge,
    Dialect,
    ModelRequest,
    Reply,
    ToolUse,
    anthropic,
    content_of,
    count_tokens,
    event_of,
    openai,
    responses,
)

KEY = "key-of-the-model-server"
"""The only key that the server takes, unless it is made with another one."""
_SECRET_HEADERS = ("authorization", "x-api-key", "api-key", "cookie", "proxy-authorization")
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong; made by the functions below."""

    kind: Literal["status", "junk", "cut", "broken_off", "slow", "stream_error"]
    code: int = 200
    message: str = ""
    retry_after: float | None = None
    body: str = ""
    reply: Reply | None = None
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Forever:
    step: Step


Step: TypeAlias = "Reply | Fault | _Forever | Callable[[ModelRequest], Step]"


def say(text: str, **usage: Any) -> Reply:
    """Text alone, which ends the model's turn. `usage` sets tokens_in, tokens_out, cache_read, cache_written."""
    return Reply(text, **usage)


def call(tool: str, /, **arguments: Any) -> Reply:
    """A reply that calls one tool."""
    return Reply(tools=(ToolUse(tool, arguments),))


def calls(*uses: ToolUse, text: str = "", **usage: Any) -> Reply:
    """A reply that calls several tools at once."""
    return Reply(text, uses, **usage)


def use(tool: str, /, **arguments: Any) -> ToolUse:
    return ToolUse(tool, arguments)


def status(code: int, message: str = "", *, retry_after: float | None = None) -> Fault:
    """An answer with this HTTP status and the error body of the dialect."""
    return Fault("status", code, message, retry_after)


def junk(body: str = "<html>Bad gateway of somebody else</html>") -> Fault:
    """An answer with status 200 whose body is not what the API promises."""
    return Fault("junk", body=body)


def cut(reply: Reply) -> Fault:
    """The reply, broken off in the middle of an event (or of its body) with the connection reset. It is charged."""
    return Fault("cut", reply=reply)


def broken_off(reply: Reply) -> Fault:
    """The first half of a streamed reply and an orderly end, as from some gateways. Not streamed it is as `cut`."""
    return Fault("broken_off", reply=reply)


def stream_error(reply: Reply, message: str = "Overloaded") -> Fault:
    """The reply begins and then an error event comes in the stream; not streamed it is status 529 or 503."""
    return Fault("stream_error", message=message, reply=reply)


def slow(reply: Reply, released: threading.Event | None = None) -> Fault:
    """The reply, once `released` is set. Until then headers and the first event of a stream are all that comes."""
    return Fault("slow", reply=reply, released=released or threading.Event())


def forever(step: Step) -> Step:
    """The step for this and every later request, such as a model that calls the same tool again and again."""
    return _Forever(step)


class ModelServer:
    """Listens on 127.0.0.1 at a free port from `__enter__` to `__exit__`; `url` is its address without a path.

    `requests` are those that asked for a message, `others` all the rest (also what it answered 404). When the script
    is used up it answers 400 and counts `overruns`. As providers do, it refuses tools whose schema has alternatives at
    its top. A conversation of more than `context_tokens` is refused as
    a provider would refuse it. `charged` lists what was charged and told, `lost` what was charged in an answer that
    never arrived whole. A request with another key than `key` is answered 401 and takes no step; None takes any.
    """

    def __init__(
        self, script: Sequence[Step] = (), *, key: str | None = KEY, context_tokens: int = 200_000
    ) -> None:
        self.key = key
        self.context_tokens = context_tokens
        self.requests: list[ModelRequest] = []
        self.others: list[ModelRequest] = []
        self.charged: list[Charge] = []
        self.lost: list[Charge] = []
        self.overruns = 0
        self._steps: deque[Step] = deque(script)
        self._changed = threading.Condition()
        self._numbered = 0
        self.closing = threading.Event()
        self._http: _Http | None = None

    def __enter__(self) -> ModelServer:
        self._http = _Http(self)
        threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="model-server", daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    @property
    def url(self) -> str:
        assert self._http is not None, "the server runs only inside its with block"
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add(self, *steps: Step) -> None:
        """More steps, after those that are left."""
        with self._changed:
            self._steps.extend(steps)

    def play(self, *steps: Step) -> None:
        """These steps from now on, in place of those that are left."""
        with self._changed:
            self._steps = deque(steps)

    @property
    def left(self) -> int:
        """Steps that no request has taken yet."""
        return len(self._steps)

    def wait_for(self, count: int, seconds: float = _WAIT_SECONDS) -> ModelRequest:
        """The request number `count` (from 1), as soon as it has come. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise TimeoutError(f"only {len(self.requests)} of {count} requests came")
            return self.requests[count - 1]

    async def arrived(self, count: int, seconds: float = _WAIT_SECONDS) -> ModelRequest:
        return await asyncio.to_thread(self.wait_for, count, seconds)

    def by_model(self) -> dict[str, Charge]:
        """What was charged and told, by the name of the model."""
        out: dict[str, Charge] = {}
        for one in self.charged:
            out[one.model] = out.get(one.model, Charge(one.model)) + one
        return out

    def total(self) -> Charge:
        """What was charged and told, of all models together."""
        return sum((replace(one, model="") for one in self.charged), Charge())

    def cost_usd(self, prices: Mapping[str, tuple[float, float, float, float]]) -> float:
        """What `charged` costs; prices are US dollars a million tokens: read, written, cache read, cache written."""
        out = 0.0
        for one in self.charged:
            read, written, cached, caching = prices[one.model]
            out += one.tokens_in * read + one.tokens_out * written
            out += one.cache_read * cached + one.cache_written * caching
        return out / 1e6

    # What the handler calls.

    def keep(self, request: ModelRequest) -> None:
        with self._changed:
            (self.others if request.dialect is None else self.requests).append(request)
            self._changed.notify_all()

    def next_step(self, request: ModelRequest) -> Reply | Fault:
        with self._changed:
            if not self._steps:
                self.overruns += 1
                return status(400, "The script of the model server is used up.")
            step = self._steps[0] if isinstance(self._steps[0], _Forever) else self._steps.popleft()
        while not isinstance(step, Reply | Fault):
            step = step.step if isinstance(step, _Forever) else step(request)
        return step

    def charge(self, charge: Charge, *, told: bool) -> None:
        with self._changed:
            (self.charged if told else self.lost).append(charge)
            self._changed.notify_all()

    def number(self) -> int:
        """Numbers ids of messages and calls, without repeating one in the life of the server."""
        with self._changed:
            self._numbered += 1
            return self._numbered


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, scripted: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripted = scripted

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about, and no news."""


_PATHS: Mapping[str, Dialect] = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "openai",
    "/v1/responses": "responses",
}
_MAKE = {"anthropic": anthropic, "openai": openai, "responses": responses}
_ERRORS: Mapping[int, str] = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    413: "request_too_large", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error",
}  # fmt: skip


class _Gone(Exception):
    """The client went away, or the server is closing."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def scripted(self) -> ModelServer:
        return cast("_Http", self.server).scripted

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name in the standard library)
        """Quiet: what came is in `requests`."""

    def do_HEAD(self) -> None:
        self._other("HEAD")

    def do_GET(self) -> None:
        self._other("GET")

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body: Any = json.loads(raw)
        except ValueError:
            body = {}
        dialect = _PATHS.get(path)
        body = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        request = ModelRequest("POST", path, self._shown(), body, dialect)
        self.scripted.keep(request)
        if not self._key_is_right():
            self._refuse(dialect or "anthropic", 401, "invalid x-api-key")
        elif dialect is not None:
            with contextlib.suppress(OSError, _Gone):
                self._message(request, dialect)
        elif path == "/v1/messages/count_tokens":
            self._json(200, {"input_tokens": count_tokens(body)})
        else:
            self._refuse("anthropic", 404, f"nothing at {path}")

    def _other(self, method: str) -> None:
        path = self.path.partition("?")[0]
        self.scripted.keep(ModelRequest(method, path, self._shown(), {}))
        if path == "/":
            self._json(200, {})
        elif path == "/v1/models" and not self._key_is_right():
            self._refuse("anthropic", 401, "invalid x-api-key")
        elif path == "/v1/models":
            one = {"type": "model", "object": "model", "id": "scripted", "display_name": "Scripted"}
            self._json(200, {"object": "list", "data": [one], "has_more": False})
        else:
            self._refuse("anthropic", 404, f"nothing at {path}")

    def _shown(self) -> dict[str, str]:
        return {
            name.lower(): value for name, value in self.headers.items() if name.lower() not in _SECRET_HEADERS
        }

    def _key_is_right(self) -> bool:
        wanted = self.scripted.key
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return wanted is None or wanted in (self.headers.get("x-api-key"), bearer)

    def _json(self, code: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _refuse(self, dialect: Dialect, code: int, message: str, retry_after: float | None = None) -> None:
        kind = _ERRORS.get(code, "api_error")
        error = {"type": kind, "message": message or kind.replace("_", " ")}
        headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        if dialect != "anthropic":
            error["code"] = "context_length_exceeded" if "too long" in message else kind
            self._json(code, {"error": error}, headers)
        else:
            self._json(code, {"type": "error", "error": error, "request_id": "req_0"}, headers)

    def _message(self, request: ModelRequest, dialect: Dialect) -> None:
        scripted = self.scripted
        size = count_tokens(request.body)
        if size > scripted.context_tokens:
            told = f"prompt is too long: {size} tokens > {scripted.context_tokens} maximum"
            return self._refuse(dialect, 400, told)
        for name, schema in request.tools.items():
            if schema.keys() & {"oneOf", "anyOf", "allOf"}:
                told = f"tools.{name}: input_schema does not support oneOf, allOf, or anyOf at the top level"
                return self._refuse(dialect, 400, told)
        step = scripted.next_step(request)
        if isinstance(step, Reply):
            return self._reply(request, dialect, step, None)
        streamed = bool(request.body.get("stream"))
        if step.kind == "status":
            self._refuse(dialect, step.code, step.message, step.retry_after)
        elif step.kind == "junk":
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if streamed else "application/json")
            self.send_header("content-length", str(len(step.body.encode())))
            self.end_headers()
            self.wfile.write(step.body.encode())
        elif step.kind == "stream_error" and not streamed:
            self._refuse(dialect, 529 if dialect == "anthropic" else 503, step.message)
        else:
            self._reply(request, dialect, step.reply or Reply(), step)
        return None

    def _reply(self, request: ModelRequest, dialect: Dialect, reply: Reply, fault: Fault | None) -> None:
        scripted = self.scripted
        content = content_of(reply, request, scripted.number)
        charge = Charge(
            request.model,
            max(1, count_tokens(request.body) - reply.cache_read - reply.cache_written)
            if reply.tokens_in is None
            else reply.tokens_in,
            max(1, len(json.dumps(content)) // 4) if reply.tokens_out is None else reply.tokens_out,
            reply.cache_read,
            reply.cache_written,
        )
        whole, events = _MAKE[dialect](
            request, content, reply.stop_reason, charge, f"msg_{scripted.number()}"
        )
        try:
            if request.body.get("stream"):
                self._stream(request, events, fault)
            else:
                if fault is not None and fault.kind == "slow":
                    self._wait(request, fault.released)
                raw = json.dumps(whole).encode()
                if fault is not None and fault.kind in ("cut", "broken_off"):
                    self._break_off(raw)
                self._json(200, raw)
        except (OSError, _Gone):
            request.hung_up.set()
            scripted.charge(charge, told=False)
            raise
        scripted.charge(charge, told=True)

    def _stream(self, request: ModelRequest, events: Sequence[bytes], fault: Fault | None) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for n, event in enumerate(events):
            if (
                fault is not None
                and n == len(events) // 2
                and fault.kind in ("cut", "broken_off", "stream_error")
            ):
                if fault.kind == "broken_off":
                    self._chunk(b"")
                    raise _Gone
                if fault.kind == "stream_error":
                    error = {"type": "overloaded_error", "message": fault.message}
                    self._chunk(event_of("error", {"type": "error", "error": error}))
                    self._chunk(b"")
                    raise _Gone
                self._chunk(event[: len(event) // 2])
                self._reset()
            if fault is not None and fault.kind == "slow" and n == 1:
                self._wait(request, fault.released)
            self._chunk(event)
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _break_off(self, raw: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw[: len(raw) // 2])
        self._reset()

    def _reset(self) -> None:
        """Ends the connection as a crashed peer would, and this answer with it."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        raise _Gone

    def _wait(self, request: ModelRequest, released: threading.Event) -> None:
        """Until the event is set. Raises _Gone when the client hangs up or the server closes before."""
        self.wfile.flush()
        while not released.wait(_POLL_SECONDS):
            readable = select.select([self.connection], [], [], 0)[0]
            if self.scripted.closing.is_set() or (readable and not self.connection.recv(1, socket.MSG_PEEK)):
                self.close_connection = True
                request.hung_up.set()
                raise _Gone
