"""Memory of a project: what is proposed, deciding on it, standing instructions and lessons."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep, PagingDep, encode_cursor
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.memory import (
    MemoryChange,
    MemoryDecisions,
    MemoryDetail,
    MemoryDone,
    MemoryItem,
    MemoryKind,
    MemoryList,
    MemoryState,
    NewMemory,
    NewScope,
)
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.domain.memory import Kind, State
from proofroom.services import memory
from proofroom.services.memory import Scope

router = APIRouter(prefix="/api/projects/{project_id}/memory", tags=["memory"], route_class=JsonRoute)


@router.get(
    "", response_model=MemoryList, summary="What the project remembers and what is proposed, oldest first"
)
async def list_memory(
    project_id: UUID,
    call: CallDep,
    paging: PagingDep,
    state: Annotated[MemoryState | None, Query(description="Only items in this state.")] = None,
    kind: Annotated[MemoryKind | None, Query(description="Only items of this kind.")] = None,
) -> Response:
    async with call.transaction() as tx:
        items = await memory.page(
            tx,
            project_id,
            state=None if state is None else State(state),
            kind=None if kind is None else Kind(kind),
            after=paging.after,
            limit=paging.limit + 1,
        )
    shown = items[: paging.limit]
    cursor = encode_cursor(shown[-1]["id"]) if len(items) > paging.limit else None
    return JSONResponse({"items": shown, "next_cursor": cursor})


@router.post(
    "",
    status_code=201,
    response_model=MemoryItem,
    summary="A standing instruction or a lesson, in force at once",
)
async def add_memory(project_id: UUID, new: NewMemory, call: CallDep, key: KeyHeader = None) -> Response:
    async def act(tx: Tx) -> Answer:
        item = await memory.add(
            tx,
            call.actor,
            call.catalog,
            project_id,
            kind=new.kind,
            text=new.text,
            scope=_scope(project_id, new.scope),
            expires_at=new.expires_at,
        )
        return Answer(201, item)

    return respond(await once(call, key, act), call)


@router.post(
    "/decisions",
    response_model=MemoryDone,
    summary="Accept, reject or retire items: all of them or none",
)
async def decide_memory(
    project_id: UUID, decisions: MemoryDecisions, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        items = [d.model_dump() for d in decisions.items]
        return Answer(200, {"items": await memory.decide_all(tx, call.actor, project_id, items)})

    return respond(await once(call, key, act), call)


@router.get("/{memory_id}", response_model=MemoryDetail, summary="One item, with all that was decided on it")
async def get_memory(project_id: UUID, memory_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        item = await memory.get(tx, project_id, memory_id)
    return JSONResponse(item)


@router.patch(
    "/{memory_id}",
    response_model=MemoryItem,
    responses=problems_of(409),
    summary="Change the words, scope or expiry of an instruction or a lesson",
)
async def change_memory(
    project_id: UUID,
    memory_id: UUID,
    change: MemoryChange,
    call: CallDep,
    if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=40, description="The same as `version`.")
    ] = None,
) -> Response:
    changes: dict[str, Any] = {}
    if change.text is not None:
        changes["text"] = change.text
    if change.scope is not None:
        changes["scope"] = _scope(project_id, change.scope)
    if "expires_at" in change.model_fields_set:
        changes["expires_at"] = change.expires_at
    version = change.version if change.version is not None else _version(if_match)
    async with call.transaction() as tx:
        item = await memory.edit(
            tx, call.actor, call.catalog, project_id, memory_id, changes, version=version
        )
    return JSONResponse(item)


def _scope(project_id: UUID, scope: NewScope) -> Scope:
    place = scope.project_id if "project_id" in scope.model_fields_set else project_id
    return Scope(place, scope.agent_type)


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    found = re.fullmatch(r'\s*(?:W/)?"?([0-9]{1,9})"?\s*', if_match)
    if found is None:
        raise InvalidInput(
            "version_invalid", "If-Match is not a version of this item.", "Send its version, such as \"3\".",
            field="If-Match",
        )  # fmt: skip
    return int(found[1])
