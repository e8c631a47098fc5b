"""Errors as HTTP: RFC 9457 problem details. The only place that knows which error is which number."""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from proofroom.api.jsonbody import malformed
from proofroom.domain.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    ProofroomError,
    TooLarge,
    TooMany,
    Unavailable,
    UnsupportedMedia,
)

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

_STATUS_OF_CODE = {
    "malformed_json": 400,
    "malformed_request": 400,
    "not_authenticated": 401,
    "request_too_slow": 408,
}

_STATUS_OF_CLASS: tuple[tuple[type[ProofroomError], int], ...] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (NotAllowed, 403),
    (PreconditionRequired, 428),
    (Unavailable, 503),
    (TooLarge, 413),
    (TooMany, 429),
    (UnsupportedMedia, 415),
)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def status_of(error: ProofroomError) -> int:
    """The HTTP status of an error's family; 500 for what is nobody's mistake but ours."""
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    return next((status for family, status in _STATUS_OF_CLASS if isinstance(error, family)), 500)


def body(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    field: str | None = None,
    extra: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """A problem's members. `request_id` is added when it is sent."""
    shown: dict[str, Any] = {
        **(extra or {}),
        "type": f"urn:proofroom:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
    }
    if field is not None:
        shown["field"] = field
    return shown


def of(error: ProofroomError) -> dict[str, Any]:
    """The problem that an error is."""
    field = error.field if isinstance(error, InvalidInput) else None
    return body(status_of(error), error.code, error.message, hint=error.hint, field=field, extra=error.extra)


def respond(
    problem: Mapping[str, Any], request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    status = int(problem["status"])
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if status in (408, 413):  # the rest of the body is not read
        sent.setdefault("Connection", "close")
    if status == 401:
        sent.setdefault("WWW-Authenticate", 'Bearer realm="proofroom"')
    return Response(
        json.dumps({**problem, "request_id": request_id}, ensure_ascii=False),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=sent,
    )


def respond_error(error: ProofroomError, request_id: str) -> Response:
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable | TooMany):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after or 1)))
    if status_of(error) == 500:
        _log.error("request %s failed: %s", request_id, error, exc_info=error)
    return respond(of(error), request_id, headers)


def internal(request_id: str) -> Response:
    """What somebody sees of a mistake of ours: enough to find it in the log, and nothing of its inside."""
    return respond(
        body(
            500,
            "internal_error",
            "Something of ours broke. Nothing was changed.",
            hint="Try again; if it happens again, report it with the request id.",
        ),
        request_id,
    )


def not_found(path: str) -> dict[str, Any]:
    return body(
        404,
        "not_found",
        f"There is nothing at {path[:200]}.",
        hint="The paths are listed at /api/openapi.json.",
    )


def install(app: FastAPI) -> None:
    """Registers the handlers."""

    async def proofroom_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProofroomError)
        return respond_error(error, request_id(request))

    async def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(of_validation(error.errors()), request_id(request))

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, ProofroomError):  # raised while the body was read
            return respond_error(error.__cause__, request_id(request))
        if error.status_code == 405:
            allowed = allowed_methods(app.routes, request)
            return respond(
                body(
                    405,
                    "method_not_allowed",
                    f"{request.method} is not possible here.",
                    hint=f"Use {allowed}.",
                ),
                request_id(request),
                {"Allow": allowed},
            )
        if error.status_code == 404:
            return respond(not_found(request.url.path), request_id(request))
        code = "malformed_request" if error.status_code == 400 else "http_error"
        return respond(
            body(error.status_code, code, str(error.detail), hint="Check the request."),
            request_id(request),
            error.headers,
        )

    app.add_exception_handler(ProofroomError, proofroom_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)


def request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def allowed_methods(routes: Sequence[BaseRoute], request: Request) -> str:
    """Every method that some route has at this path."""
    return ", ".join(
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    )


def of_validation(errors: Sequence[Any]) -> dict[str, Any]:
    """FastAPI's list of what does not fit, in plain words; the first is the problem, all are in `errors`.

    A path that cannot be an id names nothing, which is 404; a body that is no JSON is 400.
    """
    first = errors[0]
    kind, place = str(first["type"]), tuple(first["loc"])
    if kind == "json_invalid":
        return of(malformed(str(first.get("ctx", {}).get("error", "it cannot be read"))))
    if place[0] == "path":
        return of(
            NotFound(
                "not_found", f"There is no {_noun(place[-1])} of that id.",
                "Ids are UUIDs; list what is there.",
            )
        )  # fmt: skip
    said = [{"field": _field(e), "message": _words(e)} for e in errors[:20]]
    return body(
        422,
        "validation_error",
        said[0]["message"],
        hint="Correct it and send the request again; the fields are described at /api/openapi.json.",
        field=said[0]["field"],
        extra={"errors": said},
    )


_UNIONS = ("str", "dict[str,any]", "function-after", "function-before", "function-wrap")


def _noun(parameter: object) -> str:
    return str(parameter).removesuffix("_id").replace("_", " ")


def _field(error: Any) -> str:
    """The path of the member, such as `changes.0.comment`; names of union branches are left out."""
    place = tuple(error["loc"])
    parts = [
        str(p) for n, p in enumerate(place) if n and not str(p).startswith(_UNIONS) and not _is_tag(place, n)
    ]
    if str(error["type"]).startswith("union_tag_"):
        parts.append(str(error["ctx"]["discriminator"]).strip("'"))
    return ".".join(parts) or "body"


def _is_tag(place: tuple[Any, ...], n: int) -> bool:
    """Whether this part of a place names the kind of an event, which stands after its number."""
    return place[1:2] == ("events",) and n == 3


def _words(error: Any) -> str:
    field, context = _field(error), error.get("ctx", {})
    match str(error["type"]):
        case "missing":
            return f"{field} is missing."
        case "extra_forbidden":
            return f"{field} is not known here."
        case "string_type":
            return f"{field} must be text."
        case "string_too_short" | "too_short":
            return f"{field} is too short; the least is {context.get('min_length')}."
        case "string_too_long" | "too_long":
            return f"{field} is too long; the most is {context.get('max_length')}."
        case "int_type" | "int_parsing" | "int_from_float":
            return f"{field} must be a whole number."
        case "bool_type" | "bool_parsing":
            return f"{field} must be true or false."
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{field} must be a JSON object."
        case "list_type":
            return f"{field} must be a list."
        case "uuid_type" | "uuid_parsing" | "uuid_version":
            return f"{field} must be a UUID."
        case "literal_error" | "enum":
            return f"{field} must be one of {context.get('expected')}."
        case "union_tag_invalid":
            return f"{field} must be one of {context.get('expected_tags')}."
        case "union_tag_not_found":
            return f"{field} is missing."
        case "greater_than_equal":
            return f"{field} must be at least {context.get('ge')}."
        case "less_than_equal":
            return f"{field} must be at most {context.get('le')}."
        case "datetime_type" | "datetime_parsing" | "datetime_from_date_parsing" | "timezone_aware":
            return f"{field} must be a time with its zone, such as 2026-11-30T09:00:00Z."
        case _:
            return f"{field}: {error.get('msg', 'it does not fit')}."
