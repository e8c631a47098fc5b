"""What an endpoint is given: the caller, the parts, and where a list goes on."""

import base64
import binascii
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from proofroom.api.jsonbody import clean
from proofroom.api.monitoring import Monitor
from proofroom.api.schemas.common import Moment
from proofroom.api.sse import LiveEvents
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.engine.parts import Parts
from proofroom.services.access import Actor
from proofroom.services.catalog import Catalog
from proofroom.settings import Settings

MAX_WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Serving:
    """What the application serves with; `local` when there is no login."""

    parts: Parts
    settings: Settings
    live: LiveEvents
    monitor: Monitor
    local: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One request by a known caller."""

    request: Request
    serving: Serving
    actor: Actor

    @property
    def parts(self) -> Parts:
        return self.serving.parts

    @property
    def catalog(self) -> Catalog:
        return self.serving.parts.catalog

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction of the caller's workspace; leave it before answering. What is read by GET is one moment's: an
        answer of several statements could else show a state that never was."""
        reads = self.request.method == "GET"
        return self.parts.db.transaction(self.actor.workspace_id, snapshot=reads)

    def pair(self) -> AbstractAsyncContextManager[tuple[Tx, Tx]]:
        """Two that see the same state of the database, to read in both at once."""
        return self.parts.db.pair(self.actor.workspace_id)


def serving(request: Request) -> Serving:
    found = request.app.state.serving
    assert isinstance(found, Serving)
    return found


async def _call(request: Request) -> Call:
    return Call(request, serving(request), request.scope["state"]["actor"])


CallDep = Annotated[Call, Depends(_call)]


@dataclass(frozen=True, slots=True)
class Paging:
    """`after` is the last id of the page before."""

    limit: int
    after: UUID | None
    updated_since: datetime | None = None

    def cut(self, rows: list[Any]) -> tuple[list[Any], str | None]:
        """Of `limit + 1` rows with an `id`: the page, and the cursor of the next one if there is one."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return shown, encode_cursor(str(shown[-1].id)) if more else None


Limit = Annotated[int, Query(ge=1, le=200, description="Most items to answer.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before, unchanged.")
]


async def _paging(limit: Limit = 50, cursor: Cursor = None) -> Paging:
    return Paging(limit, decode_id(cursor))


async def _paging_since(
    limit: Limit = 50,
    cursor: Cursor = None,
    updated_since: Annotated[
        Moment | None, Query(description="Only what changed at or after this time.")
    ] = None,
) -> Paging:
    return Paging(limit, decode_id(cursor), updated_since)


PagingDep = Annotated[Paging, Depends(_paging)]
PagingSinceDep = Annotated[Paging, Depends(_paging_since)]


def encode_cursor(value: str) -> str:
    """An opaque cursor; callers send it back unchanged."""
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Raises InvalidInput (`cursor_invalid`)."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise cursor_invalid() from None


def decode_id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(decode_cursor(cursor))
    except ValueError:
        raise cursor_invalid() from None


def decode_number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    value = decode_cursor(cursor)
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise cursor_invalid()
    return int(value)


def cursor_invalid() -> InvalidInput:
    return InvalidInput(
        "cursor_invalid",
        "This cursor is not one of ours.",
        hint="Send next_cursor of the page before unchanged, or none to start over.",
        field="cursor",
    )


def page_of(items: list[dict[str, Any]], paging: Paging) -> dict[str, Any]:
    """A page of a list that is short enough to be read whole; items have an `id`, oldest first."""
    if paging.after is not None:
        items = [item for item in items if UUID(item["id"]) > paging.after]
    more = len(items) > paging.limit
    shown = items[: paging.limit]
    return {"items": shown, "next_cursor": encode_cursor(shown[-1]["id"]) if more else None}


def plain_text(value: str | None) -> str | None:
    """Text of a query parameter, storable."""
    return None if value is None else clean(value)


_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


_ASYNC = re.compile(r"(?:^|[,;])\s*respond-async\s*(?=$|[,;])", re.IGNORECASE)


def prefers_async(prefer: str | None) -> bool:
    """Whether `Prefer: respond-async` (RFC 7240) was sent: rather an answer now than one with the result."""
    return _ASYNC.search(prefer or "") is not None


def wait_seconds(prefer: str | None) -> int | None:
    """N of `Prefer: wait=N` (RFC 7240), at most a minute; None when nothing of that kind was preferred."""
    found = _WAIT.search(prefer or "")
    return None if found is None else min(int(found[1]), MAX_WAIT_SECONDS)
