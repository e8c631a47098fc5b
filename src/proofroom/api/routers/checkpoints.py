"""The inbox over all projects."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.answers import answered, written
from proofroom.api.deps import CallDep, PagingDep
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.review import Checkpoint, Inbox, InboxChange
from proofroom.db import checkpoints as db_checkpoints
from proofroom.db import projects, work_sessions
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.errors import InvalidInput
from proofroom.services import inbox, views

router = APIRouter(prefix="/api/checkpoints", tags=["inbox"], route_class=JsonRoute)

SORTS = ("opened_at", "-opened_at")


@router.get(
    "",
    response_model=Inbox,
    responses=problems_of(404),
    summary="What waits for a decision, over all projects",
)
async def list_inbox(
    call: CallDep,
    paging: PagingDep,
    status: Annotated[str, Query(description="A checkpoint status.")] = "pending_review",
    assignee: Annotated[str | None, Query(description="A member's id, or `me`.")] = None,
    project_id: Annotated[UUID | None, Query(description="Only of this project.")] = None,
    sort: Annotated[str, Query(description="`opened_at` (oldest first) or `-opened_at`.")] = "opened_at",
    snoozed: Annotated[bool, Query(description="Also what is snoozed.")] = False,
) -> Response:
    _known(status, [s.value for s in CheckpointStatus], "status", "unknown_status")
    _known(sort, SORTS, "sort", "unknown_sort")
    async with call.transaction() as tx:
        if project_id is not None:
            await projects.get(tx, project_id)
        found = await db_checkpoints.inbox(
            tx,
            status=status,
            assignee=_assignee(assignee, call.actor.member_id),
            project_id=project_id,
            awake_at=None if snoozed else datetime.now(UTC),
            after=paging.after,
            limit=paging.limit + 1,
            newest_first=sort.startswith("-"),
        )
        _, cursor = paging.cut([row for row, _ in found])
        items = await inbox.to_json(tx, found[: paging.limit])
    return answered({"items": items, "next_cursor": cursor})


@router.get("/{checkpoint_id}", response_model=Checkpoint, summary="One checkpoint with its packet")
async def get_checkpoint(checkpoint_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await db_checkpoints.get(tx, checkpoint_id)
        shown = await views.checkpoint(tx, row, await work_sessions.get(tx, row.session_id))
    return await written(shown)


@router.patch(
    "/{checkpoint_id}",
    response_model=Checkpoint,
    responses=problems_of(409),
    summary="Assign, set a due time, or snooze; decides nothing",
)
async def change_checkpoint(checkpoint_id: UUID, change: InboxChange, call: CallDep) -> Response:
    async with call.transaction() as tx:
        _, shown = await inbox.change(tx, call.actor, checkpoint_id, change.model_dump(exclude_unset=True))
    return JSONResponse(shown)


def _known(value: str, known: list[str] | tuple[str, ...], field: str, code: str) -> None:
    if value not in known:
        raise InvalidInput(
            code, f"There is no {field} {value[:60]!r}.", hint=f"Use one of {', '.join(known)}.", field=field
        )


def _assignee(value: str | None, me: UUID) -> UUID | None:
    if value is None or value == "":
        return None
    if value == "me":
        return me
    try:
        return UUID(value)
    except ValueError:
        raise InvalidInput(
            "unknown_member",
            f"{value[:60]!r} is not a member's id.",
            hint="Send an id from the list of members, or me.",
            field="assignee",
        ) from None
