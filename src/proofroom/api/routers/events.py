"""Everything that happens in the workspace, as one stream."""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.sse import EventStream, parse_position

router = APIRouter(prefix="/api", tags=["events"], route_class=JsonRoute)

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=100, description="Resumes after this event.")
]


@router.get(
    "/events",
    response_class=EventStream,
    status_code=200,
    summary="Everything the caller may see, as server-sent events",
    description=(
        "`session` events carry {project_id, session_id, seq, type, status}, `source` events {project_id, "
        "source_id, status}. Their `id` resumes the stream. Without one it starts now."
    ),
)
async def stream_events(call: CallDep, last_event_id: LastEventId = None) -> Response:
    position = parse_position(last_event_id)
    return EventStream(call.serving.live.workspace(call.actor.workspace_id, position))
