"""What a session made, as a file. Agent output is hostile too: it is only ever a download."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from proofroom.api.deps import CallDep
from proofroom.api.jsonbody import JsonRoute
from proofroom.db import work_sessions
from proofroom.exports import deliverable

router = APIRouter(
    prefix="/api/projects/{project_id}/work-sessions/{session_id}",
    tags=["work sessions"],
    route_class=JsonRoute,
)

_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/export",
    response_class=Response,
    responses={
        200: {
            "description": "The file, as a download.",
            "content": {"text/markdown": _FILE, "text/html": _FILE, "application/json": {"schema": {}}},
        }
    },
    summary="The artifacts as one file, signed or not, or the record of the session",
)
async def export_work_session(
    project_id: UUID,
    session_id: UUID,
    call: CallDep,
    file_format: Annotated[
        str, Query(alias="format", max_length=40, description="`md`, `html`, `json` or `record`.")
    ] = "md",
) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        name, media_type, content = await deliverable.export(tx, row, file_format)
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
