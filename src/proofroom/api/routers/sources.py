"""Sources: adding, reading, replacing, retracting. Hostile data: the bytes are only ever a download."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from proofroom.api.answers import written
from proofroom.api.deps import Call, CallDep, PagingSinceDep
from proofroom.api.describe import problems_of
from proofroom.api.idempotency import Answer, KeyHeader, once, respond
from proofroom.api.jsonbody import JsonRoute, clean, malformed
from proofroom.api.schemas.common import Sent
from proofroom.api.schemas.sources import (
    AddedSources,
    DeletedSource,
    Deletion,
    Dependents,
    NewContent,
    NewSource,
    Restoration,
    Retraction,
    Source,
    SourceContent,
    SourceList,
)
from proofroom.api.static_files import listed
from proofroom.db import projects
from proofroom.db import sources as db_sources
from proofroom.db.sources import SourceRow
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput, NotFound
from proofroom.services import deletion, source_pages, sources
from proofroom.services.access import require
from proofroom.services.sources import Given

router = APIRouter(prefix="/api/projects/{project_id}/sources", tags=["sources"], route_class=JsonRoute)

SORTS = ("created_at", "-created_at")

MAX_FILES = 100
MAX_VERSION = 2**31 - 1


def _body(model: type[Sent], *, several: bool) -> dict[str, Any]:
    """The request body of an endpoint that reads files or JSON."""
    file: dict[str, Any] = {"type": "string", "format": "binary"}
    fields: dict[str, Any] = (
        {"file": {"type": "array", "items": file}, "title": {"type": "string"}} if several else {"file": file}
    )
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": model.model_json_schema()},
                "multipart/form-data": {
                    "schema": {"type": "object", "required": ["file"], "properties": fields}
                },
            },
        }
    }


def _fingerprint(given: Given) -> bytes:
    content = given.data if given.data is not None else repr((given.text, given.url)).encode()
    about = repr((given.filename, given.content_type, given.title)).encode()
    return hashlib.sha256(content).digest() + hashlib.sha256(about).digest()


@router.post(
    "",
    status_code=202,
    response_model=AddedSources,
    openapi_extra=_body(NewSource, several=True),
    responses=problems_of(409),
    summary="Add files, a text or a URL",
    description="They are captured in the background; `status` says when they are ready. The same bytes "
    "again are the same source.",
)
async def add_source(project_id: UUID, call: CallDep, key: KeyHeader = None) -> Response:
    require(call.actor, "requester")
    given = await _read(call, NewSource, "add")

    async def act(tx: Tx) -> Answer:
        rows = await sources.add_sources(tx, project_id, given, created_by=call.actor.member_id)
        items = [sources.to_json(row) for row in rows]
        return Answer(202, {**items[0], "items": items} if len(items) > 1 else items[0])

    return respond(await once(call, key, act, fingerprint=b"".join(_fingerprint(g) for g in given)), call)


@router.get("", response_model=SourceList, summary="Sources of the project, oldest first unless sorted")
async def list_sources(
    project_id: UUID,
    call: CallDep,
    paging: PagingSinceDep,
    sort: Annotated[str, Query(description="`created_at` (oldest first) or `-created_at`.")] = "created_at",
) -> Response:
    if sort not in SORTS:
        raise InvalidInput(
            "unknown_sort",
            f"There is no sort {sort[:60]!r}.",
            hint=f"Use one of {', '.join(SORTS)}.",
            field="sort",
        )
    async with call.transaction() as tx:
        await projects.get(tx, project_id)
        rows = await sources.page(
            tx,
            project_id,
            after=paging.after,
            updated_since=paging.updated_since,
            limit=paging.limit + 1,
            newest_first=sort.startswith("-"),
        )
    rows, cursor = paging.cut(rows)
    return JSONResponse({"items": [sources.to_json(r) for r in rows], "next_cursor": cursor})


@router.get("/{source_id}", response_model=Source, summary="One source; status: processing, ready, failed")
async def get_source(project_id: UUID, source_id: UUID, call: CallDep) -> Response:
    async with call.transaction() as tx:
        row = await _of_project(tx, project_id, source_id)
    return JSONResponse(sources.to_json(row))


@router.get(
    "/{source_id}/content",
    response_model=SourceContent,
    responses={
        **problems_of(409),
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    },
    summary="The text of a version with pages, blocks and tables; `raw=1` downloads the original bytes",
)
async def get_source_content(
    project_id: UUID,
    source_id: UUID,
    call: CallDep,
    version: Annotated[
        int | None, Query(ge=1, le=MAX_VERSION, description="Default: the one in use.")
    ] = None,
    raw: Annotated[bool, Query(description="The original bytes, as a download.")] = False,
) -> Response:
    async with call.transaction() as tx:
        row = await _of_project(tx, project_id, source_id)
        if not raw:
            return await written(await sources.content(tx, source_id, version))
        number = version or max(row.version, 1)
        found = await db_sources.version(tx, source_id, number)
        if found is None or found.original is None:
            raise NotFound(
                "version_not_found",
                f"“{row.title}” has no bytes in version {number}.",
                hint=f"Its version in use is {row.version}; a URL has none until it was fetched, and the file of a"
                " replaced version may have been let go.",
            )
        data, name = found.original, found.filename or row.filename or "source"
    return Response(
        data,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


@router.get(
    "/{source_id}/pages/{page}",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "The picture that `If-None-Match` names is still this one."},
    },
    summary="A page of a PDF as a picture, with the words of a range marked",
)
async def draw_source_page(
    project_id: UUID,
    source_id: UUID,
    page: Annotated[int, Path(ge=1, le=100_000)],
    call: CallDep,
    version: Annotated[
        int | None, Query(ge=1, le=MAX_VERSION, description="Default: the one in use.")
    ] = None,
    start: Annotated[int | None, Query(ge=0, le=MAX_VERSION, description="Of the words to mark.")] = None,
    end: Annotated[int | None, Query(ge=0, le=MAX_VERSION, description="Where they end.")] = None,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match", max_length=2_000)] = None,
) -> Response:
    async with call.transaction() as tx:
        await _of_project(tx, project_id, source_id)
        number, name = await source_pages.picture_of(tx, source_id, page, version, start, end)
        # Kept by the browser, and asked for each time: the source may have been taken away since.
        headers = {
            "ETag": f'"{name}"',
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        if headers["ETag"] in listed(if_none_match or ""):
            return Response(status_code=304, headers=headers)
        asked = await source_pages.page_asked(tx, source_id, page, number, start, end)
    return Response(await source_pages.drawn(asked), media_type="image/png", headers=headers)


@router.put(
    "/{source_id}/content",
    status_code=202,
    response_model=Source,
    openapi_extra=_body(NewContent, several=False),
    responses=problems_of(409),
    summary="A new version; old ones stay, and what was pinned keeps its own",
)
async def put_source_content(
    project_id: UUID, source_id: UUID, call: CallDep, key: KeyHeader = None
) -> Response:
    require(call.actor, "requester")
    given = await _read(call, NewContent, "replace")
    if len(given) != 1:
        raise InvalidInput("one_content", "A version is one file.", hint="Send one file.", field="file")

    async def act(tx: Tx) -> Answer:
        await _of_project(tx, project_id, source_id)
        fields = asdict(given[0])
        fields.pop("title")
        return Answer(202, sources.to_json(await sources.put_content(tx, source_id, **fields)))

    return respond(await once(call, key, act, fingerprint=_fingerprint(given[0])), call)


@router.get(
    "/{source_id}/dependents",
    response_model=Dependents,
    summary="What rests on a source: envelopes, sessions, artifacts, passages of approved work",
)
async def get_dependents(
    project_id: UUID,
    source_id: UUID,
    call: CallDep,
    goes: Annotated[
        bool,
        Query(
            description="Also count what deleting the source would take; it reads all of the project's work."
        ),
    ] = False,
) -> Response:
    async with call.transaction() as tx:
        row = await _of_project(tx, project_id, source_id)
        rests = await sources.dependents(tx, source_id)
        counts = {"goes": await deletion.preview(tx, source_id)} if goes else {}
    return JSONResponse({"source": sources.to_json(row), **counts, **_dependents(rests)})


@router.delete(
    "/{source_id}",
    response_model=DeletedSource,
    responses=problems_of(409),
    summary="Delete a source for good, and its words wherever they were copied; for admins",
    description="One transaction. Envelopes, artifacts, packets, transcripts and memory lose its words, ids and "
    "digests stay. Work that runs on it fails with `source_deleted`, a review that waits gets a new packet.",
)
async def delete_source(
    project_id: UUID, source_id: UUID, body: Deletion, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        require(call.actor, "admin")
        await _of_project(tx, project_id, source_id)
        return Answer(200, await deletion.delete(tx, call.actor, source_id, reason=body.reason or ""))

    return respond(await once(call, key, act), call)


@router.post(
    "/{source_id}/restore",
    response_model=Source,
    responses=problems_of(409),
    summary="Take back a retraction",
)
async def restore_source(
    project_id: UUID, source_id: UUID, body: Restoration, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        require(call.actor, "reviewer")
        await _of_project(tx, project_id, source_id)
        row = await sources.restore(tx, source_id, reason=body.reason or "", actor=call.actor)
        return Answer(200, sources.to_json(row))

    return respond(await once(call, key, act), call)


@router.post(
    "/{source_id}/retry",
    status_code=202,
    response_model=Source,
    responses=problems_of(409),
    summary="Read a source again that could not be read; a URL is fetched anew",
)
async def retry_source(project_id: UUID, source_id: UUID, call: CallDep, key: KeyHeader = None) -> Response:
    async def act(tx: Tx) -> Answer:
        require(call.actor, "requester")
        await _of_project(tx, project_id, source_id)
        return Answer(202, sources.to_json(await sources.retry(tx, source_id)))

    return respond(await once(call, key, act), call)


@router.post(
    "/{source_id}/retract",
    response_model=Dependents,
    responses=problems_of(409),
    summary="Take a source out of the search; answers what rests on it",
)
async def retract_source(
    project_id: UUID, source_id: UUID, body: Retraction, call: CallDep, key: KeyHeader = None
) -> Response:
    async def act(tx: Tx) -> Answer:
        require(call.actor, "reviewer")
        await _of_project(tx, project_id, source_id)
        rests = await sources.retract(tx, source_id, reason=body.reason or "", actor=call.actor)
        return Answer(
            200, {"source": sources.to_json(await sources.get(tx, source_id)), **_dependents(rests)}
        )

    return respond(await once(call, key, act), call)


async def _of_project(tx: Tx, project_id: UUID, source_id: UUID) -> SourceRow:
    """Raises NotFound (`source_not_found`) also for a source of another project."""
    try:
        row = await sources.get(tx, source_id)
    except NotFound as missing:
        if missing.extra.get("project_id") not in (None, str(project_id)):
            row = None
        else:
            raise
    if row is None or row.project_id != project_id:
        raise NotFound(
            "source_not_found",
            f"No source {source_id} is in this project.",
            hint="List the project's sources.",
        )
    return row


async def _read(call: Call, model: type[Sent], verb: str) -> list[Given]:
    """What was sent: the files of a form, or a JSON body."""
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _files(call, verb)
    if not await call.request.body():
        raise InvalidInput(
            "one_content",
            f"There is nothing to {verb}.",
            hint="Send files as multipart/form-data, or JSON with text or url.",
        )
    try:
        body = model.model_validate(await call.request.json())
    except json.JSONDecodeError as error:
        raise malformed(error.msg) from None
    except ValidationError as error:
        raise RequestValidationError(
            [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_url=False)]
        ) from None
    return [Given(**body.model_dump())]


async def _files(call: Call, verb: str) -> list[Given]:
    async with call.request.form(max_files=MAX_FILES, max_fields=20) as form:
        title = form.get("title")
        sent = [item for _, item in form.multi_items() if isinstance(item, UploadFile)]
        if not sent:
            raise InvalidInput(
                "one_content",
                f"The form holds no file to {verb}.",
                hint="Send it in the field file.",
                field="file",
            )
        return [
            Given(
                data=await item.read(),
                filename=clean(item.filename or ""),
                content_type=item.content_type,
                title=clean(title) if isinstance(title, str) and len(sent) == 1 else None,
            )
            for item in sent
        ]


def _dependents(rests: sources.Dependents) -> dict[str, Any]:
    return {name: [_plain(item) for item in items] for name, items in asdict(rests).items()}


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {k: str(v) if isinstance(v, UUID) else v for k, v in item.items()}
