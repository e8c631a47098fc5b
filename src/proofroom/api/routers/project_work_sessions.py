"""Work sessions of a project: filing, steering and looking."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.answers import answered
from proofroom.api.deps import Call, CallDep, Paging, PagingSinceDep, plain_text, wait_seconds
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.limits import require_room
from proofroom.api.schemas.work import (
    Executed,
    Fork,
    NewWorkSession,
    SessionStatus,
    WorkSession,
    WorkSessionList,
)
from proofroom.db import figures, projects, work_sessions
from proofroom.db.models import WorkSession as Row
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.domain.work_session import Status
from proofroom.services import templates, views, work_requests
from proofroom.services.work_requests import NewWork

router = APIRouter(
    prefix="/api/projects/{project_id}/work-sessions", tags=["work sessions"], route_class=JsonRoute
)

POLL_SECONDS = 2.0
"""How long a waiting request trusts the line for notifications before it looks for itself."""

REQUIRED = {
    "agent_type": ("unknown_agent", "Say which agent should do it.", "List the agents at /api/agents."),
    "task_description": ("task_invalid", "Say what is wanted.", "A sentence or two."),
}

RESTED: dict[str, Any] = {"model": Executed, "description": "It came to rest while you waited."}

AgentTypes = Annotated[
    list[str] | None,
    Query(description="Only of these agent types; repeated, or separated by commas.", max_length=50),
]
TitleLike = Annotated[
    str | None, Query(max_length=300, description="Only with these words in the title, in any case.")
]

PreferHeader = Annotated[
    str | None,
    Header(
        alias="Prefer",
        max_length=200,
        description="`wait=N` waits up to N seconds (at most 60) for a resting place and then answers 200.",
    ),
]


@router.post(
    "",
    status_code=201,
    response_model=WorkSession,
    responses=problems_of(409),
    summary="File a work request",
)
async def create_work_session(
    project_id: UUID, new: NewWorkSession, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await work_requests.create(
            tx, call.actor, call.catalog, project_id, await _request(tx, project_id, new)
        )
        await require_room(tx, call, row)
        return Answer(201, await views.session(tx, call.catalog, row))

    return respond(await once(call, key, act), call)


async def _request(tx: Tx, project_id: UUID, new: NewWorkSession) -> NewWork:
    if new.template_version is not None and new.template_id is None:
        raise InvalidInput(
            "template_version_alone",
            f"Version {new.template_version} is named, and not of which template.",
            hint="Send template_id with it, or leave template_version out.",
            field="template_version",
        )
    given = new.model_dump(exclude_unset=True, exclude={"template_version"})
    if "deliver_to" in new.model_fields_set or new.template_id is None:
        given["deliver_to"] = [t.model_dump() for t in new.deliver_to]
    if new.template_id is not None:
        await projects.get(tx, project_id)
        given = await templates.fill(tx, project_id, new.template_id, given, new.template_version)
    for field, (code, message, hint) in REQUIRED.items():
        if given.get(field) is None:
            raise InvalidInput(code, message, hint, field=field)
    return NewWork(**{k: v for k, v in given.items() if v is not None})


async def listed(
    call: Call,
    paging: Paging,
    project_id: UUID | None,
    status: list[str] | None,
    agent_type: list[str] | None,
    title: str | None,
    external_ref: str | None = None,
    outcomes: Sequence[str] = (),
    settled_since: datetime | None = None,
    held: bool | None = None,
) -> Response:
    """A page of the work of one project, or of all as `db.lists.listed` says, newest first."""
    statuses = known_statuses(status or [])
    async with call.transaction() as tx:
        if project_id is not None:
            await projects.get(tx, project_id)
        rows = await work_sessions.page(
            tx,
            project_id=project_id,
            statuses=statuses,
            agent_types=names_of(agent_type or []),
            title=plain_text(title),
            before=paging.after,
            updated_since=paging.updated_since,
            external_ref=plain_text(external_ref),
            outcomes=outcomes,
            settled_since=settled_since,
            held=held,
            limit=paging.limit + 1,
        )
        rows, cursor = paging.cut(rows)
        items = await views.sessions(tx, call.catalog, rows)
    return answered({"items": items, "next_cursor": cursor})


@router.get("", response_model=WorkSessionList, summary="Work sessions, newest first")
async def list_work_sessions(
    project_id: UUID,
    call: CallDep,
    paging: PagingSinceDep,
    status: Annotated[
        list[str] | None, Query(description="Only these statuses; repeated, or separated by commas.")
    ] = None,
    external_ref: Annotated[
        str | None, Query(max_length=300, description="Only with this reference.")
    ] = None,
    agent_type: AgentTypes = None,
    title: TitleLike = None,
) -> Response:
    return await listed(call, paging, project_id, status, agent_type, title, external_ref)


@router.get("/{session_id}", response_model=WorkSession, summary="One work session")
async def get_work_session(project_id: UUID, session_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        shown = await views.session(tx, call.catalog, row)
        waits = row.status == Status.QUEUED
        shown["queued_before"] = await figures.queued_before(tx, row) if waits else None
    return answered(shown)


@router.get("/{session_id}/status", response_model=SessionStatus, summary="Where it stands")
async def get_status(project_id: UUID, session_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        shown = await views.status(tx, await work_sessions.get(tx, session_id, project_id))
    return answered(shown)


@router.post(
    "/{session_id}/execute",
    status_code=202,
    response_model=Executed,
    responses={
        **problems_of(409),
        200: RESTED,
    },
    summary="Start it",
)
async def execute_work_session(
    project_id: UUID, session_id: UUID, call: CallDep, key: KeyHeader = None, prefer: PreferHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await work_requests.execute(tx, call.actor, session_id, project_id=project_id)
        await require_room(tx, call, row)
        return Answer(202, await views.executed(tx, row))

    return await _and_wait(call, await once(call, key, act), session_id, prefer)


@router.post(
    "/{session_id}/retry",
    status_code=202,
    response_model=Executed,
    responses={
        **problems_of(409),
        200: RESTED,
    },
    summary="Start it again where it failed",
)
async def retry_work_session(
    project_id: UUID, session_id: UUID, call: CallDep, key: KeyHeader = None, prefer: PreferHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await work_requests.retry(tx, call.actor, session_id, project_id=project_id)
        await require_room(tx, call, row)
        return Answer(202, await views.executed(tx, row))

    return await _and_wait(call, await once(call, key, act), session_id, prefer)


@router.post(
    "/{session_id}/cancel",
    response_model=Executed,
    responses=problems_of(409),
    summary="End it at once; artifacts stay, unsigned",
)
async def cancel_work_session(
    project_id: UUID, session_id: UUID, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await work_requests.cancel(tx, call.actor, session_id, project_id=project_id)
        return Answer(200, await views.executed(tx, row))

    return respond(await once(call, key, act), call)


@router.post(
    "/{session_id}/fork",
    status_code=201,
    response_model=WorkSession,
    summary="A new session from the same request",
)
async def fork_work_session(
    project_id: UUID, session_id: UUID, call: CallDep, fork: Fork | None = None, key: KeyHeader = None
) -> Response:
    changes: dict[str, Any] = {} if fork is None else fork.model_dump(exclude_none=True)
    auto_execute = bool(changes.pop("auto_execute", False))

    async def act(tx: Tx) -> Answer:
        row = await work_requests.fork(
            tx,
            call.actor,
            call.catalog,
            session_id,
            project_id=project_id,
            changes=changes,
            auto_execute=auto_execute,
        )
        await require_room(tx, call, row)
        return Answer(201, await views.session(tx, call.catalog, row))

    return respond(await once(call, key, act), call)


async def _and_wait(call: Call, answer: Answer, session_id: UUID, prefer: str | None) -> Response:
    """Answers what was done, or with `Prefer: wait=N` where it came to rest within so long."""
    seconds = wait_seconds(prefer)
    if seconds is None:
        return respond(answer, call)
    row = await resting(call, session_id, seconds)
    headers = {"Preference-Applied": f"wait={seconds}"}
    async with call.transaction() as tx:
        shown = await views.executed(tx, row)
    return JSONResponse(shown, status_code=200 if work_requests.is_resting(row) else 202, headers=headers)


async def resting(call: Call, session_id: UUID, seconds: float) -> Row:
    """The session where it comes to rest, or where it is after so many seconds."""
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    with call.serving.live.watch(call.actor.workspace_id, session_id) as watch:
        while True:
            async with call.transaction() as tx:
                row = await work_sessions.get(tx, session_id)
            left = until - clock()
            if work_requests.is_resting(row) or left <= 0:
                return row
            await watch.changed(min(left, POLL_SECONDS))


def names_of(given: list[str]) -> list[str]:
    """Names of a query parameter that is repeated, or separated by commas."""
    return [
        clean for item in given for name in item.split(",") if (clean := (plain_text(name) or "").strip())
    ]


def known_statuses(given: list[str]) -> list[str]:
    """Raises InvalidInput (`unknown_status`)."""
    names = names_of(given)
    known = [s.value for s in Status]
    for name in names:
        if name not in known:
            raise InvalidInput(
                "unknown_status",
                f"There is no status {name[:60]!r}.",
                hint=f"Use one of {', '.join(known)}.",
                field="status",
            )
    return names
