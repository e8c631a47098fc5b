"""What a session said, read and made: events, envelope, artifacts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.answers import written
from proofroom.api.deps import (
    CallDep,
    Cursor,
    Limit,
    PagingDep,
    decode_number,
    encode_cursor,
    page_of,
    plain_text,
)
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.routers.events import LastEventId
from proofroom.api.schemas.work import (
    Artifact,
    ArtifactDiff,
    ArtifactList,
    ArtifactVersionList,
    Envelope,
    EventList,
    RebuiltEnvelope,
    SinceLast,
    ToolCall,
)
from proofroom.api.sse import EventStream, parse_seq
from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.domain.errors import NotFound
from proofroom.services import changes, context, views

router = APIRouter(
    prefix="/api/projects/{project_id}/work-sessions/{session_id}",
    tags=["work sessions"],
    route_class=JsonRoute,
)

MAX_SEQ = 2**31 - 1


@router.get(
    "/events",
    response_model=EventList,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    summary="What happened, in order",
    description=(
        "JSON, or with `Accept: text/event-stream` a stream that stays open: each event's `id` is its "
        "number, `Last-Event-ID` resumes after it."
    ),
)
async def list_events(
    project_id: UUID,
    session_id: UUID,
    call: CallDep,
    after: Annotated[int, Query(ge=0, le=MAX_SEQ, description="Only events after this number.")] = 0,
    limit: Limit = 50,
    cursor: Cursor = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    last_event_id: LastEventId = None,
) -> Response:
    wants_stream = "text/event-stream" in (accept or "")
    start = max(after, decode_number(cursor) or 0, (parse_seq(last_event_id) or 0) if wants_stream else 0)
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        rows = [] if wants_stream else await work_sessions.events(tx, session_id, start, limit + 1)
    if wants_stream:
        return EventStream(call.serving.live.session(call.actor.workspace_id, session_id, start))
    shown = [views.event(row) for row in rows[:limit]]
    return JSONResponse(
        {"items": shown, "next_cursor": encode_cursor(str(shown[-1]["seq"])) if len(rows) > limit else None}
    )


@router.get(
    "/tool-calls/{call_id}",
    response_model=ToolCall,
    summary="One call of a tool: its arguments, and its answer in brief",
)
async def get_tool_call(project_id: UUID, session_id: UUID, call_id: str, call: CallDep) -> Response:
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        shown = views.tool_call(await db_artifacts.call(tx, session_id, plain_text(call_id) or ""))
    return JSONResponse(shown)


@router.get("/envelope", response_model=Envelope, summary="The pinned context envelope with its receipt")
async def get_envelope(
    project_id: UUID,
    session_id: UUID,
    call: CallDep,
    iteration: Annotated[int | None, Query(ge=1, le=1_000, description="The current one without it.")] = None,
) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        shown = await context.envelope_json(tx, await context.envelope_of(tx, row, iteration))
    return JSONResponse(shown)


@router.get(
    "/envelope/rebuild",
    response_model=RebuiltEnvelope,
    summary="The envelope's text, built again from its receipt",
    responses=problems_of(409),
)
async def rebuild_envelope(
    project_id: UUID,
    session_id: UUID,
    call: CallDep,
    iteration: Annotated[int | None, Query(ge=1, le=1_000, description="The current one without it.")] = None,
) -> Response:
    """Renders the block versions of the receipt again and compares the digest; nothing is ranked again.

    409 `redacted` when a passage was deleted since, 409 `digest_differs` when what is stored was changed.
    """
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        made = await context.rebuilt_json(tx, await context.envelope_of(tx, row, iteration))
    return JSONResponse(made)


@router.get("/artifacts", response_model=ArtifactList, summary="Artifacts in their current versions")
async def list_artifacts(project_id: UUID, session_id: UUID, call: CallDep, paging: PagingDep) -> Response:
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        items = [await views.artifact(tx, a, v) for a, v in await db_artifacts.current(tx, session_id)]
    return await written(page_of(items, paging))


@router.get("/artifacts/{artifact_id}", response_model=Artifact, summary="One artifact, its current version")
async def get_artifact(project_id: UUID, session_id: UUID, artifact_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        row = await db_artifacts.get(tx, session_id, artifact_id)
        shown = await views.artifact(tx, row, await db_artifacts.version(tx, row.id, row.version))
    return await written(shown)


@router.get(
    "/artifacts/{artifact_id}/versions",
    response_model=ArtifactVersionList,
    summary="The versions of an artifact, without their content",
)
async def list_artifact_versions(
    project_id: UUID, session_id: UUID, artifact_id: UUID, call: CallDep
) -> Response:
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        row = await db_artifacts.get(tx, session_id, artifact_id)
        shown = await views.artifact(tx, row, await db_artifacts.version(tx, row.id, row.version))
    return JSONResponse({"items": shown["versions"], "next_cursor": None})


@router.get(
    "/artifacts/{artifact_id}/versions/{number}",
    response_model=Artifact,
    summary="An artifact in one version",
)
async def get_artifact_version(
    project_id: UUID, session_id: UUID, artifact_id: UUID, number: int, call: CallDep
) -> Response:
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        row = await db_artifacts.get(tx, session_id, artifact_id)
        if not 1 <= number <= MAX_SEQ:
            raise NotFound(
                "version_not_found",
                f"This artifact has no version {number}.",
                hint="Versions count from 1 to the current one.",
            )
        shown = await views.artifact(tx, row, await db_artifacts.version(tx, row.id, number))
    return await written(shown)


@router.get(
    "/artifacts/{artifact_id}/diff",
    response_model=ArtifactDiff,
    summary="What differs between two versions of an artifact, word by word",
    description="Without numbers, the current version and the one before it.",
)
async def get_artifact_diff(
    project_id: UUID,
    session_id: UUID,
    artifact_id: UUID,
    call: CallDep,
    from_version: Annotated[int | None, Query(alias="from", ge=1, le=MAX_SEQ)] = None,
    to_version: Annotated[int | None, Query(alias="to", ge=1, le=MAX_SEQ)] = None,
) -> Response:
    async with call.transaction() as tx:
        await work_sessions.get(tx, session_id, project_id)
        shown = await changes.diff(
            tx, session_id, artifact_id, from_version=from_version, to_version=to_version
        )
    return JSONResponse(shown)


@router.get(
    "/since-last",
    response_model=SinceLast,
    responses={204: {"description": "There is none, and `quiet` was asked for."}},
    summary="What changed since the last signed work of the same kind in this project; 404 when there is none",
)
async def get_since_last(
    project_id: UUID,
    session_id: UUID,
    call: CallDep,
    quiet: Annotated[bool, Query(description="Answer 204 when there is none, in place of 404.")] = False,
) -> Response:
    async with call.transaction() as tx:
        shown = await changes.since_last(tx, await work_sessions.get(tx, session_id, project_id))
    if shown is None and quiet:
        return Response(status_code=204)
    if shown is None:
        raise NotFound(
            "no_earlier_work",
            "Nothing of this kind was signed in this project before.",
            hint="The next time there is something to compare with.",
        )
    return JSONResponse(shown)
