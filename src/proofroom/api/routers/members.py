"""Members of the workspace and their API keys."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep, PagingDep, page_of
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.projects import (
    ApiKeyList,
    MadeApiKey,
    Member,
    MemberChange,
    MemberList,
    NewApiKey,
    NewMember,
)
from proofroom.db import members
from proofroom.db.models import ApiKey as ApiKeyRow
from proofroom.db.models import Member as MemberRow
from proofroom.db.tx import Tx
from proofroom.services import access
from proofroom.services.views import at

router = APIRouter(prefix="/api", tags=["workspace"], route_class=JsonRoute)


def member_json(row: MemberRow) -> dict[str, Any]:
    return {"id": str(row.id), "name": row.name, "role": row.role, "created_at": at(row.created_at)}


def key_json(row: ApiKeyRow) -> dict[str, Any]:
    return {
        "id": str(row.id), "member_id": str(row.member_id), "name": row.name, "scope": row.scope,
        "created_at": at(row.created_at), "revoked_at": at(row.revoked_at),
    }  # fmt: skip


@router.get("/members", response_model=MemberList, summary="The people of the workspace")
async def list_members(call: CallDep, paging: PagingDep) -> Response:
    async with call.transaction() as tx:
        rows = await members.everybody(tx)
    return JSONResponse(page_of([member_json(r) for r in rows], paging))


@router.post(
    "/members",
    status_code=201,
    response_model=Member,
    responses=problems_of(409),
    summary="Add a person (admins)",
)
async def create_member(new: NewMember, call: CallDep, key: KeyHeader = None) -> Response:
    async def act(tx: Tx) -> Answer:
        access.require(call.actor, "admin")
        row = await members.get(tx, await access.create_member(tx, new.name, new.role, by=call.actor))
        assert row is not None
        return Answer(201, member_json(row))

    return respond(await once(call, key, act), call)


@router.patch(
    "/members/{member_id}",
    response_model=Member,
    responses=problems_of(409),
    summary="Rename a person or change their role (admins)",
)
async def change_member(member_id: UUID, change: MemberChange, call: CallDep) -> Response:
    async with call.transaction() as tx:
        await access.change_member(
            tx, call.actor, member_id, name=change.name, role=change.role, force=change.force
        )
        row = await members.get(tx, member_id)
        assert row is not None
        shown = member_json(row)
    return JSONResponse(shown)


@router.get(
    "/api-keys", response_model=ApiKeyList, summary="API keys: an admin sees all, everybody else their own"
)
async def list_api_keys(call: CallDep, paging: PagingDep) -> Response:
    async with call.transaction() as tx:
        rows = await members.keys(tx)
    mine = [r for r in rows if call.actor.role == "admin" or r.member_id == call.actor.member_id]
    return JSONResponse(page_of([key_json(r) for r in mine], paging))


@router.post(
    "/api-keys",
    status_code=201,
    response_model=MadeApiKey,
    summary="Make an API key; one for somebody else needs an admin",
    description="Takes no Idempotency-Key: an answer that is kept would keep the key.",
)
async def create_api_key(new: NewApiKey, call: CallDep) -> Response:
    member_id = new.member_id or call.actor.member_id
    if member_id != call.actor.member_id:
        access.require(call.actor, "admin")
    async with call.transaction() as tx:
        key_id, key = await access.create_api_key(tx, member_id, new.name, scope=new.scope, by=call.actor)
    return JSONResponse({"id": str(key_id), "key": key}, status_code=201)


@router.delete("/api-keys/{key_id}", status_code=204, responses=problems_of(409), summary="Revoke an API key")
async def revoke_api_key(key_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        own = any(r.id == key_id and r.member_id == call.actor.member_id for r in await members.keys(tx))
        if not own:
            access.require(call.actor, "admin")
        await access.revoke_api_key(tx, key_id, by=call.actor)
    return Response(status_code=204)
