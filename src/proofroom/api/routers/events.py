"""Everything that happens in the workspace, as one stream."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.common import Shown
from proofroom.api.sse import PAGE, EventStream, parse_position, session_news
from proofroom.db import work_sessions

router = APIRouter(prefix="/api", tags=["events"], route_class=JsonRoute)

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=100, description="Resumes after this event.")
]


class News(Shown):
    """One event, as the stream says it."""

    project_id: UUID
    session_id: UUID
    seq: int
    type: str
    status: str


class NewsPage(Shown):
    items: list[News]
    last_event_id: str = Field(description="The next `after`; a stream resumes there too.")
    more: bool = Field(description="Whether there was more than is answered at once: ask again now.")


@router.get(
    "/events",
    response_class=EventStream,
    status_code=200,
    summary="Everything the caller may see, as server-sent events",
    description=(
        "`session` events carry {project_id, session_id, seq, type, status}, `source` events {project_id, "
        "source_id, status}. Their `id` resumes the stream. Without one it starts now. A `heartbeat` {every_seconds} "
        "comes at the start, and that often while there is nothing else to say; it has no `id`."
    ),
)
async def stream_events(call: CallDep, last_event_id: LastEventId = None) -> Response:
    position = parse_position(last_event_id)
    return EventStream(call.serving.live.workspace(call.actor.workspace_id, position))


@router.get(
    "/events/latest",
    response_model=NewsPage,
    summary="The same by asking again and again, where streams do not come through",
    description=(
        "The `session` events after `after`. Without it none: `last_event_id` is where the present is. Sources are not "
        "told of here; list them again."
    ),
)
async def list_latest_events(
    call: CallDep,
    after: Annotated[
        str | None, Query(max_length=100, description="`last_event_id` of the answer before, or of a stream.")
    ] = None,
) -> Response:
    position = parse_position(after)
    async with call.transaction() as tx:
        rows, at = await work_sessions.stream(tx, position, PAGE)
    items = [session_news(*row) for row in rows]
    return JSONResponse({"items": items, "last_event_id": f"{at[0]}-{at[1]}", "more": len(rows) == PAGE})
