"""The inbox over all projects."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.answers import answered, written
from proofroom.api.deps import (
    CallDep,
    Cursor,
    Limit,
    cursor_invalid,
    decode_cursor,
    encode_cursor,
    plain_text,
)
from proofroom.api.describe import problems_of
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.inbox import Inbox, InboxChange
from proofroom.api.schemas.review import Checkpoint
from proofroom.db import checkpoints as db_checkpoints
from proofroom.db import projects, work_sessions
from proofroom.db.inbox import DECISIONS, ORDERS, Order, Wanted, key_from_text, key_to_text
from proofroom.domain.batch import MAX_BATCH
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.errors import InvalidInput
from proofroom.services import inbox, views
from proofroom.services.inbox import Place

router = APIRouter(prefix="/api/checkpoints", tags=["inbox"], route_class=JsonRoute)

STATUSES = (*(s.value for s in CheckpointStatus), "any", "decided")
HISTORY = ("decided", *DECISIONS.values())
SORTS = tuple(sign + name for name in ORDERS for sign in ("", "-"))
Kind = Literal["plan", "mid", "final"]
Said = Literal["approve", "request_changes", "reject"]
RiskLevel = Literal["high", "medium", "low"]
Snoozed = Literal["false", "true", "only"]
Reason = Literal[
    "plan",
    "low_confidence",
    "review_requested",
    "high_impact",
    "conflict",
    "suspicious_source",
    "question",
    "budget",
    "final",
]


async def _wanted(
    call: CallDep,
    status: Annotated[
        str,
        Query(
            description="A checkpoint status, `any`, or `decided`: approved, sent back or rejected, with approvals"
            " that can still be taken back."
        ),
    ] = "pending_review",
    assignee: Annotated[str | None, Query(description="A member's id, `me`, or `none`.")] = None,
    project_id: Annotated[UUID | None, Query(description="Only of this project.")] = None,
    session_id: Annotated[list[UUID] | None, Query(max_length=200, description="Only of these.")] = None,
    agent_type: Annotated[list[str] | None, Query(max_length=20, description="Only of these agents.")] = None,
    kind: Annotated[list[Kind] | None, Query(max_length=3, description="Only gates of these kinds.")] = None,
    reason: Annotated[
        list[Reason] | None, Query(max_length=20, description="Only what stopped for one of these.")
    ] = None,
    risk: Annotated[list[RiskLevel] | None, Query(max_length=3, description="Only of these.")] = None,
    snoozed: Annotated[
        Snoozed, Query(description="`true`: also what is put off; `only`: nothing else.")
    ] = "false",
    held: Annotated[bool, Query(description="Also what is signed and can still be taken back.")] = True,
    decision: Annotated[
        list[Said] | None, Query(max_length=3, description="Of what is `decided`, only these decisions.")
    ] = None,
    decided_by: Annotated[
        str | None, Query(description="Whose decisions: a member's id, `me`, or `policy`.")
    ] = None,
    routine: Annotated[
        bool,
        Query(
            description="Only what may be signed from the list with others, as far as can be counted: final gates of"
            " work from a template, at low risk, that stopped for nothing else. `batch_exceptions` says the rest."
        ),
    ] = False,
    overdue: Annotated[bool, Query(description="Only what was due before now.")] = False,
) -> Wanted:
    _known(status, STATUSES, "status", "unknown_status")
    if decision and status != "decided":
        raise InvalidInput(
            "unknown_status",
            f"What is {status} is not filtered by decision.",
            hint="Send status=decided with it.",
            field="decision",
        )
    past = status in HISTORY
    by_policy = decided_by == "policy"
    return Wanted(
        now=datetime.now(UTC),
        status=None if status in ("any", "decided") else status,
        decisions=None if status != "decided" else decision or tuple(DECISIONS),
        decided_by=None if by_policy else _member(decided_by, call.actor.member_id, "decided_by"),
        by_policy=by_policy,
        routine=routine,
        late=overdue,
        assignee=None if assignee == "none" else _member(assignee, call.actor.member_id, "assignee"),
        nobodys=assignee == "none",
        project_id=project_id,
        session_ids=session_id or (),
        agent_types=[plain_text(name) or "" for name in agent_type or ()],
        kinds=kind or (),
        reasons=reason or (),
        risks=inbox.risks_of(risk or ()),
        # What is decided is put off no more.
        snoozed=None if past else {"false": False, "true": None, "only": True}[snoozed],
        held=held,
    )


async def _placed(
    sort: Annotated[
        str,
        Query(
            description="`attention` (begin with the first), `due_at`, `risk`, `effort`, `opened_at`; or `-` and one."
            " Of what is decided, `opened_at` or `decided_at`."
        ),
    ] = "opened_at",
    limit: Limit = 50,
    cursor: Cursor = None,
    start: Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out first.")] = 0,
    after: Annotated[UUID | None, Query(description="What comes after this checkpoint.")] = None,
    before: Annotated[UUID | None, Query(description="What comes just before this checkpoint.")] = None,
    around: Annotated[UUID | None, Query(description="This checkpoint and what is about it.")] = None,
) -> tuple[Order, Place]:
    _known(sort, SORTS, "sort", "unknown_sort")
    given = [
        n for n, v in (("cursor", cursor), ("after", after), ("before", before), ("around", around)) if v
    ]
    if len(given) > 1 or (given and start):
        raise InvalidInput(
            "place_unclear",
            f"{' and '.join([*given, *(['start'] if start else [])])} name different parts of the list.",
            hint="Send one of them.",
            field=given[-1],
        )
    order = Order(sort.removeprefix("-"), sort.startswith("-"))
    beyond = None
    if cursor is not None:
        try:
            beyond = key_from_text(order, decode_cursor(cursor))
        except ValueError:
            raise cursor_invalid() from None
    return order, Place(limit, beyond, start, after, before, around)


@router.get(
    "",
    response_model=Inbox,
    responses=problems_of(404),
    summary="What waits for a decision, over all projects",
)
async def list_inbox(
    call: CallDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    placed: Annotated[tuple[Order, Place], Depends(_placed)],
    q: Annotated[
        str | None, Query(max_length=200, description="Words of titles, headlines, agents and project names.")
    ] = None,
) -> Response:
    order, place = placed
    _require_order(wanted, order)
    async with call.transaction() as tx:
        if wanted.project_id is not None:
            await projects.get(tx, wanted.project_id)
        found = await inbox.part(tx, call.actor, wanted, order, place, find=plain_text(q) or "")
    cursor = None if found.following is None else encode_cursor(key_to_text(order, found.following))
    return answered(
        {
            "items": found.items, "next_cursor": cursor, "total": found.total, "offset": found.offset,
            "position": found.position, "effort_seconds": found.effort_seconds, "batch_most": MAX_BATCH,
        }
    )  # fmt: skip


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


def _known(value: str, known: Sequence[str], field: str, code: str) -> None:
    if value not in known:
        raise InvalidInput(
            code, f"There is no {field} {value[:60]!r}.", hint=f"Use one of {', '.join(known)}.", field=field
        )


def _require_order(wanted: Wanted, order: Order) -> None:
    decided = wanted.decisions is not None or wanted.status in HISTORY
    waits = wanted.status == CheckpointStatus.PENDING_REVIEW
    if order.by == "opened_at" or (decided if order.by == "decided_at" else waits):
        return
    raise InvalidInput(
        "unknown_sort",
        f"Only what {'is decided' if order.by == 'decided_at' else 'waits'} is sorted by {order.by}.",
        hint="Sort by opened_at or -opened_at.",
        field="sort",
    )


def _member(value: str | None, me: UUID, field: str) -> UUID | None:
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
            field=field,
        ) from None
