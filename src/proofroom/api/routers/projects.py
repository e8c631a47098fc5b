"""Projects."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from proofroom.api.deps import CallDep, PagingSinceDep
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute
from proofroom.api.schemas.projects import NewProject, Project, ProjectChange, ProjectList
from proofroom.db import projects as db_projects
from proofroom.db.tx import Tx
from proofroom.services import projects

router = APIRouter(prefix="/api/projects", tags=["projects"], route_class=JsonRoute)


@router.post("", status_code=201, response_model=Project, summary="Make a project with its basket")
async def create_project(new: NewProject, call: CallDep, key: KeyHeader = None) -> Response:
    async def act(tx: Tx) -> Answer:
        row = await projects.create(tx, call.actor, new.name, new.description)
        return Answer(201, (await projects.to_json(tx, [row]))[0])

    return respond(await once(call, key, act), call)


@router.get("", response_model=ProjectList, summary="Projects, oldest first")
async def list_projects(
    call: CallDep,
    paging: PagingSinceDep,
    archived: Annotated[bool, Query(description="Those that are archived, in place of the others.")] = False,
) -> Response:
    async with call.transaction() as tx:
        rows = await db_projects.page(
            tx,
            after=paging.after,
            updated_since=paging.updated_since,
            archived=archived,
            limit=paging.limit + 1,
        )
        rows, cursor = paging.cut(rows)
        items = await projects.to_json(tx, rows)
    return JSONResponse({"items": items, "next_cursor": cursor})


@router.get("/{project_id}", response_model=Project, summary="One project")
async def get_project(project_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        shown = await projects.to_json(tx, [await db_projects.get(tx, project_id)])
    return JSONResponse(shown[0])


@router.patch(
    "/{project_id}",
    response_model=Project,
    responses=problems_of(409),
    summary="Rename, describe, archive or bring back a project, say what it keeps or what its work may cost",
)
async def change_project(project_id: UUID, change: ProjectChange, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await projects.change(
            tx,
            call.actor,
            project_id,
            name=change.name,
            description=change.description,
            remember_approved=change.remember_approved,
            budget=change.budget,
            budget_version=change.budget_version,
            archived=change.archived,
        )
        shown = await projects.to_json(tx, [row])
    return JSONResponse(shown[0])


@router.delete(
    "/{project_id}",
    status_code=204,
    summary="Archive a project",
    description="It leaves the lists with what has ended in it; what has not ended stays there until then. Its sessions"
    " and records stay readable by their ids. `PATCH` with `archived: false` brings it back.",
)
async def archive_project(project_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        await projects.archive(tx, call.actor, project_id)
    return Response(status_code=204)
