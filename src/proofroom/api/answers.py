"""Answers that may be large: written beside the event loop, piece by piece."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic_core import to_json
from starlette.responses import Response


def answered(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The JSON answer, written at once. For what is small: a page of a list, one row."""
    return Response(
        to_json(body), status_code=status, media_type="application/json", headers=dict(headers or {})
    )


_DEPTH = 6
"""How deep values are taken apart: an answer, its items, a packet, its artifacts, their claims, one claim."""


async def written(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The JSON answer. For what may hold a packet, an artifact, or the text of a source."""
    content = await asyncio.to_thread(_joined, body)
    return Response(content, status_code=status, media_type="application/json", headers=dict(headers or {}))


def _joined(body: Any) -> bytes:
    return "".join(pieces(body, _DEPTH)).encode()


def pieces(value: Any, depth: int) -> Iterator[str]:
    """The JSON of a value, in parts: json's own writer holds the interpreter's lock to the end of what it is given."""
    kind = cast("Any", type(value))
    if depth and kind is dict and value:
        start = "{"
        for key, inside in cast("dict[str, Any]", value).items():
            yield f"{start}{_plain(key)}:"
            yield from pieces(inside, depth - 1)
            start = ","
        yield "}"
    elif depth and kind is list and value:
        start = "["
        for inside in cast("list[Any]", value):
            yield start
            yield from pieces(inside, depth - 1)
            start = ","
        yield "]"
    else:
        yield _plain(value)


_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
