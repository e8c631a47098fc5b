"""JSON bodies, read strictly: what PostgreSQL or canonical JSON cannot hold is settled here, once."""

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from proofroom.domain.errors import InvalidInput

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1
"""Beyond it a number is no longer the same number to every reader (RFC 7493)."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """NUL and lone surrogates become U+FFFD, as in sources."""
    return _UNSTORABLE.sub("\ufffd", text)


class JsonRequest(Request):
    """A request whose JSON is plain: finite numbers, storable text, bounded depth."""

    async def json(self) -> Any:
        if not hasattr(self, "_plain"):
            self._plain = parse(await self.body())
        return self._plain


class JsonRoute(APIRoute):
    """A route that reads its body as `JsonRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def read_strictly(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return read_strictly


def parse(data: bytes) -> Any:
    """Raises json.JSONDecodeError for what is no JSON, InvalidInput (`number_out_of_range`)."""
    try:
        value = json.loads(data, parse_constant=_no_constant)
        return _plain(value, 0)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise json.JSONDecodeError("it is nested too deeply", "", 0) from None
    except ValueError as error:  # bytes that are no UTF-8, numbers of thousands of digits
        raise json.JSONDecodeError(str(error), "", 0) from None


def malformed(why: str) -> InvalidInput:
    return InvalidInput("malformed_json", f"The body is not JSON: {why}.", "Send one JSON object in UTF-8.")


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not a number in JSON", "", 0)


def _plain(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise json.JSONDecodeError("it is nested too deeply", "", 0)
    match value:
        case str():
            return clean(value)
        case list():
            return [_plain(item, depth + 1) for item in cast("list[Any]", value)]
        case dict():
            return {clean(k): _plain(v, depth + 1) for k, v in cast("dict[str, Any]", value).items()}
        case bool() | None:
            return value
        case int() | float():
            # Written with an exponent too: the database gives it back as the whole number that it is.
            if not math.isfinite(value) or abs(value) > MAX_INTEGER:
                raise InvalidInput(
                    "number_out_of_range",
                    "A number is larger than JSON readers agree on.",
                    hint=f"Send numbers up to {MAX_INTEGER}, or send it as text.",
                )
            return value
        case _:
            raise AssertionError(f"JSON has no {type(value).__name__}")
