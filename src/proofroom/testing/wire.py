"""What goes over the wire between a client and a model: requests read, replies written, in three dialects."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

Dialect: TypeAlias = Literal["anthropic", "openai", "responses"]


@dataclass(frozen=True, slots=True)
class Charge:
    """Tokens of one request or of several. `tokens_in` is what was read and did not come from or go into the cache."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_written: int = 0

    def __add__(self, other: Charge) -> Charge:
        return Charge(
            self.model if self.model == other.model else "",
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.cache_read + other.cache_read,
            self.cache_written + other.cache_written,
        )

    @property
    def all_in(self) -> int:
        """Everything that was read: uncached, from the cache, and written into it."""
        return self.tokens_in + self.cache_read + self.cache_written


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool. `name` may be the end of the name that the client gave it: `search` for `mcp__x__search`."""

    name: str
    arguments: Mapping[str, Any]
    id: str | None = None
    raw: str | None = None
    """The arguments as they are sent, when they should not be valid JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of the model. Tokens that are None are counted: a token is four characters of JSON."""

    text: str = ""
    tools: Sequence[ToolUse] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    cache_read: int = 0
    cache_written: int = 0
    stop_reason: str | None = None
    """As the Messages API says it, such as `max_tokens` or `refusal`; None for end_turn or tool_use."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a client sent. `headers` have lower-case names and no key; `body` is {} where it was not JSON."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    dialect: Dialect | None = None
    """Set for requests that ask for a message."""
    hung_up: threading.Event = field(default_factory=threading.Event, compare=False)
    """Set when the client went away before the answer was whole."""

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.body.get("messages") or self.body.get("input") or [])

    @property
    def system(self) -> str:
        """The system prompt as one text."""
        told = [self.body.get("system"), self.body.get("instructions")] + [
            one.get("content") for one in self.messages if one.get("role") in ("system", "developer")
        ]
        return "\n\n".join(_plain(one) for one in told if one)

    @property
    def said(self) -> str:
        """Everything that is not the system prompt, as one text: what the user and the tools said, and the model."""
        return "\n\n".join(
            _plain(one.get("content"))
            for one in self.messages
            if one.get("role") not in ("system", "developer")
        )

    @property
    def tools(self) -> dict[str, dict[str, Any]]:
        """JSON Schema of the arguments of each tool, by name."""
        out: dict[str, dict[str, Any]] = {}
        for one in cast("list[dict[str, Any]]", self.body.get("tools") or []):
            spec = cast("dict[str, Any]", one.get("function") or one)
            out[str(spec.get("name", ""))] = cast(
                "dict[str, Any]", spec.get("input_schema") or spec.get("parameters") or {}
            )
        return out

    @property
    def results(self) -> list[tuple[str, str]]:
        """(id of the call, text) of every tool result in the conversation, in order."""
        out: list[tuple[str, str]] = []
        for one in self.messages:
            if one.get("role") == "tool":
                out.append((str(one.get("tool_call_id")), _plain(one.get("content"))))
            elif one.get("type") == "function_call_output":
                out.append((str(one.get("call_id")), _plain(one.get("output"))))
            elif isinstance(one.get("content"), list):
                out += [
                    (str(part.get("tool_use_id")), _plain(part.get("content")))
                    for part in cast("list[dict[str, Any]]", one["content"])
                    if part.get("type") == "tool_result"
                ]
        return out


def _plain(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n".join(filter(None, (_plain(one) for one in cast("list[Any]", content))))
    if isinstance(content, Mapping):
        part = cast("Mapping[str, Any]", content)
        return str(part["text"]) if "text" in part else _plain(part.get("content"))
    return ""


def count_tokens(body: Mapping[str, Any]) -> int:
    return max(1, len(json.dumps(body, ensure_ascii=False)) // 4)


def content_of(reply: Reply, request: ModelRequest, number: Callable[[], int]) -> list[dict[str, Any]]:
    """The reply as content blocks of the Messages API; `raw` of a call stands in for arguments that are not JSON."""
    out: list[dict[str, Any]] = (
        [{"type": "text", "text": reply.text}] if reply.text or not reply.tools else []
    )
    for one in reply.tools:
        name = next((n for n in request.tools if n == one.name or n.endswith(f"__{one.name}")), one.name)
        block = {"type": "tool_use", "id": one.id or f"toolu_{number():04d}", "name": name}
        out.append({**block, "input": dict(one.arguments), **({} if one.raw is None else {"raw": one.raw})})
    return out


def event_of(name: str | None, data: Any) -> bytes:
    head = "" if name is None else f"event: {name}\n"
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def _pieces(text: str, size: int = 40) -> Iterator[str]:
    yield from (text[at : at + size] for at in range(0, max(1, len(text)), size))


def anthropic(
    request: ModelRequest, content: list[dict[str, Any]], stop: str | None, charge: Charge, name: str
) -> tuple[dict[str, Any], list[bytes]]:
    """The whole message, and the same as events of a stream."""
    stop = stop or ("tool_use" if any(one["type"] == "tool_use" for one in content) else "end_turn")
    usage = {
        "input_tokens": charge.tokens_in,
        "cache_creation_input_tokens": charge.cache_written,
        "cache_read_input_tokens": charge.cache_read,
        "output_tokens": charge.tokens_out,
    }
    message: dict[str, Any] = {
        "id": name, "type": "message", "role": "assistant", "model": request.model,
        "content": [{key: value for key, value in one.items() if key != "raw"} for one in content],
        "stop_reason": stop, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    begun: dict[str, Any] = {
        **message,
        "content": [],
        "stop_reason": None,
        "usage": {**usage, "output_tokens": 1},
    }
    events = [
        event_of("message_start", {"type": "message_start", "message": begun}),
        event_of("ping", {"type": "ping"}),
    ]
    for n, one in enumerate(content):
        text = one["type"] == "text"
        first: dict[str, Any] = (
            {**one, "text": ""}
            if text
            else {"type": "tool_use", "id": one["id"], "name": one["name"], "input": {}}
        )
        events.append(
            event_of(
                "content_block_start", {"type": "content_block_start", "index": n, "content_block": first}
            )
        )
        whole = one["text"] if text else one.get("raw") or json.dumps(one["input"])
        for part in _pieces(whole):
            delta = (
                {"type": "text_delta", "text": part}
                if text
                else {"type": "input_json_delta", "partial_json": part}
            )
            events.append(
                event_of("content_block_delta", {"type": "content_block_delta", "index": n, "delta": delta})
            )
        events.append(event_of("content_block_stop", {"type": "content_block_stop", "index": n}))
    ended = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}
    events += [event_of("message_delta", ended), event_of("message_stop", {"type": "message_stop"})]
    return message, events


_OPENAI_STOP = {
    "max_tokens": "length",
    "refusal": "content_filter",
    "tool_use": "tool_calls",
    "end_turn": "stop",
}


def openai(
    request: ModelRequest, content: list[dict[str, Any]], stop: str | None, charge: Charge, name: str
) -> tuple[dict[str, Any], list[bytes]]:
    """The whole completion, and the same as events of a stream."""
    text = "".join(one["text"] for one in content if one["type"] == "text")
    tools: list[dict[str, Any]] = [
        {
            "id": one["id"], "type": "function",
            "function": {"name": one["name"], "arguments": one.get("raw") or json.dumps(one["input"])},
        }
        for one in content if one["type"] == "tool_use"
    ]  # fmt: skip
    reason = _OPENAI_STOP.get(stop or ("tool_use" if tools else "end_turn"), "stop")
    usage = {
        "prompt_tokens": charge.all_in,
        "completion_tokens": charge.tokens_out,
        "total_tokens": charge.all_in + charge.tokens_out,
        "prompt_tokens_details": {"cached_tokens": charge.cache_read},
    }
    head: dict[str, Any] = {"id": name, "created": 1_700_000_000, "model": request.model}
    message = {"role": "assistant", "content": text or None, **({"tool_calls": tools} if tools else {})}
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        one = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event_of(None, {**head, "object": "chat.completion.chunk", "choices": [one]})

    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": part}) for part in _pieces(text) if part]
    for n, one in enumerate(tools):
        function = cast("dict[str, str]", one["function"])
        events.append(chunk({"tool_calls": [{**one, "index": n, "function": {**function, "arguments": ""}}]}))
        events += [
            chunk({"tool_calls": [{"index": n, "function": {"arguments": part}}]})
            for part in _pieces(function["arguments"])
        ]
    events.append(chunk({}, reason))
    if cast("dict[str, Any]", request.body.get("stream_options") or {}).get("include_usage"):
        events.append(
            event_of(None, {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        )
    return whole, [*events, event_of(None, "[DONE]")]


def responses(
    request: ModelRequest, content: list[dict[str, Any]], stop: str | None, charge: Charge, name: str
) -> tuple[dict[str, Any], list[bytes]]:
    """The whole response of the Responses API, and the same as events of a stream."""
    short = {"max_tokens": "max_output_tokens", "refusal": "content_filter"}.get(stop or "")
    state = "incomplete" if short else "completed"
    whole: dict[str, Any] = {
        "id": name.replace("msg", "resp"), "object": "response", "created_at": 1_700_000_000, "model": request.model,
        "status": state, "incomplete_details": {"reason": short} if short else None, "error": None,
        "output": [{**_item(one, name), "status": state} for one in content],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": charge.all_in, "input_tokens_details": {"cached_tokens": charge.cache_read},
            "output_tokens": charge.tokens_out, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": charge.all_in + charge.tokens_out,
        },
    }  # fmt: skip
    nothing: list[Any] = []
    begun: dict[str, Any] = {**whole, "status": "in_progress", "output": nothing, "usage": None}
    told: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for n, item in enumerate(cast("list[dict[str, Any]]", whole["output"])):
        at: dict[str, Any] = {"output_index": n, "item_id": item["id"]}
        first: dict[str, Any] = {**item, "status": "in_progress"}
        if item["type"] == "message":
            part: dict[str, Any] = item["content"][0]
            first["content"], opened = nothing, {"content_index": 0, "part": {**part, "text": ""}}
            kind, text, done = (
                "response.output_text",
                str(part["text"]),
                {"text": part["text"], "logprobs": nothing},
            )
            at["content_index"] = 0
        else:
            first["arguments"], opened = "", None
            kind, text = "response.function_call_arguments", str(item["arguments"])
            done = {"arguments": text, "name": item["name"]}
        told.append({"type": "response.output_item.added", "output_index": n, "item": first})
        if opened is not None:
            told.append({"type": "response.content_part.added", **at, **opened})
        told += [
            {"type": f"{kind}.delta", **at, "delta": piece, "logprobs": nothing} for piece in _pieces(text)
        ]
        told.append({"type": f"{kind}.done", **at, **done})
        told.append({"type": "response.output_item.done", "output_index": n, "item": item})
    told.append({"type": f"response.{state}", "response": whole})
    return whole, [event_of(one["type"], {**one, "sequence_number": n}) for n, one in enumerate(told)]


def _item(block: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A content block as an item of the Responses API's output."""
    if block["type"] == "text":
        part = {"type": "output_text", "text": block["text"], "annotations": list[Any]()}
        return {"type": "message", "id": name, "role": "assistant", "content": [part]}
    arguments = block.get("raw") or json.dumps(block["input"])
    called = {"call_id": block["id"], "name": block["name"], "arguments": arguments}
    return {"type": "function_call", "id": f"fc_{block['id']}", **called}
