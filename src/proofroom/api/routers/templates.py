"""Templates: saved configurations of work requests."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep, PagingDep, page_of
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.projects import (
    NewTemplate,
    Template,
    TemplateChange,
    TemplateContent,
    TemplateList,
)
from proofroom.db import templates as db_templates
from proofroom.db.tx import Tx
from proofroom.services import templates

router = APIRouter(prefix="/api/projects/{project_id}/templates", tags=["templates"], route_class=JsonRoute)


@router.post("", status_code=201, response_model=Template, summary="Save a work request to start from")
async def create_template(
    project_id: UUID, new: NewTemplate, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await templates.add(tx, call.actor, call.catalog, project_id, new.name, _content(new.content))
        return Answer(201, (await templates.to_json(tx, [row]))[0])

    return respond(await once(call, key, act), call)


@router.get("", response_model=TemplateList, summary="Templates of the project, oldest first")
async def list_templates(project_id: UUID, call: CallDep, paging: PagingDep) -> Response:
    async with call.transaction() as tx:
        rows = await templates.of_project(tx, project_id)
        items = await templates.to_json(tx, rows)
    return JSONResponse(page_of(items, paging))


@router.get("/{template_id}", response_model=Template, summary="One template")
async def get_template(project_id: UUID, template_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        (shown,) = await templates.to_json(tx, [await db_templates.get(tx, project_id, template_id)])
    return JSONResponse(shown)


@router.patch(
    "/{template_id}", response_model=Template, responses=problems_of(409), summary="Change a template"
)
async def change_template(
    project_id: UUID, template_id: UUID, change: TemplateChange, call: CallDep
) -> Response:
    content = None if change.content is None else _content(change.content)
    async with call.transaction() as tx:
        row = await templates.change(
            tx,
            call.actor,
            call.catalog,
            project_id,
            template_id,
            name=change.name,
            content=content,
            version=change.version,
        )
        (shown,) = await templates.to_json(tx, [row])
    return JSONResponse(shown)


@router.delete("/{template_id}", status_code=204, responses=problems_of(409), summary="Remove a template")
async def delete_template(
    project_id: UUID,
    template_id: UUID,
    call: CallDep,
    version: Annotated[
        int | None,
        Query(description="The version that was looked at: when it is not the one that holds, 409."),
    ] = None,
) -> Response:
    async with call.transaction() as tx:
        await templates.remove(tx, call.actor, project_id, template_id, version)
    return Response(status_code=204)


def _content(sent: TemplateContent) -> dict[str, Any]:
    return sent.model_dump(mode="json", exclude_none=True)
