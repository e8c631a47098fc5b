"""Sources: adding, capturing, replacing and retracting them. Services never commit; `capture_source` is a
job.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom import queue
from proofroom.db import blocks as db_blocks
from proofroom.db import deletions, projects
from proofroom.db import memory as db_memory
from proofroom.db import sources as db_sources
from proofroom.db.sources import SourceRow
from proofroom.db.tx import Database, Tx, new_id
from proofroom.domain.errors import Conflict, InvalidInput, NotFound, ProofroomError
from proofroom.services import captured, indexing, remembering
from proofroom.services.access import Actor
from proofroom.services.progress import Progress
from proofroom.substrate import capture, urls
from proofroom.substrate.extracted import Limits
from proofroom.substrate.parsers.sniff import clean


@dataclass(frozen=True, slots=True)
class Dependents:
    """What rests on a source: pinned envelopes, their work sessions, artifacts that cite it, and passages of
    approved work that stand on it (as JSON objects).
    """

    envelopes: Sequence[Mapping[str, Any]]
    sessions: Sequence[Mapping[str, Any]]
    artifacts: Sequence[Mapping[str, Any]]
    memory: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Given:
    """What a source is made of: exactly one of `data`, `text` and `url`, and what is known about it."""

    data: bytes | None = None
    text: str | None = None
    url: str | None = None
    filename: str | None = None
    content_type: str | None = None
    title: str | None = None


async def add_source(
    tx: Tx,
    project_id: UUID,
    *,
    data: bytes | None = None,
    text: str | None = None,
    url: str | None = None,
    filename: str | None = None,
    content_type: str | None = None,
    title: str | None = None,
    created_by: UUID | None = None,
    defer: bool = True,
) -> SourceRow:
    """Adds one source; see `add_sources`."""
    content = Given(data, text, url, filename, content_type, title)
    return (await add_sources(tx, project_id, [content], created_by=created_by, defer=defer))[0]


async def add_sources(
    tx: Tx,
    project_id: UUID,
    contents: Sequence[Given],
    *,
    created_by: UUID | None = None,
    defer: bool = True,
) -> list[SourceRow]:
    """Adds sources and defers their capture; answers them in the order of `contents`.

    The same bytes again are the same source; one that had failed is tried again. Raises NotFound
    (`project_not_found`), Conflict (`project_archived`), InvalidInput (`one_content`, `empty_text`, `url_not_allowed`)
    and TooLarge (`file_too_large`); then none is added.
    """
    await projects.to_fill(tx, project_id)
    given = [(item, _content(item.data, item.text, item.url)) for item in contents]
    hashes = [None if data is None else hashlib.sha256(data).hexdigest() for _, data in given]
    known = await db_sources.holding(tx, project_id, sorted({sha for sha in hashes if sha is not None}))
    there = set(known.values())
    ids: list[UUID] = []
    new: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for (item, data), sha256 in zip(given, hashes, strict=True):
        if sha256 is not None and sha256 in known:
            ids.append(known[sha256])
            continue
        source_id = new_id()
        if sha256 is not None:
            known[sha256] = source_id
        ids.append(source_id)
        name = capture.safe_name(item.filename) or None
        new.append(
            (
                {
                    "id": source_id,
                    "project_id": project_id,
                    "title": captured.clean_title(item.title)
                    or name
                    or _first_words(item.text)
                    or item.url
                    or "Untitled",
                    "origin": "url" if item.url is not None else "text" if item.text is not None else "file",
                    "url": item.url,
                    "filename": name,
                    "status": "processing",
                    "created_by": created_by,
                },
                _version_values(project_id, source_id, 1, data, sha256, name, item.content_type),
            )
        )
    if new:
        await db_sources.add_all(tx, [source for source, _ in new])
        await db_sources.add_versions(tx, [version for _, version in new])
        await _defer(tx, project_id, [(source["id"], 1) for source, _ in new], defer=defer)
    for source_id in there:
        await _again(tx, source_id, defer=defer)
    rows = await db_sources.several(tx, ids)
    return [rows[source_id] for source_id in ids]


async def put_content(
    tx: Tx,
    source_id: UUID,
    *,
    data: bytes | None = None,
    text: str | None = None,
    url: str | None = None,
    filename: str | None = None,
    content_type: str | None = None,
    defer: bool = True,
) -> SourceRow:
    """Adds a version to a source and defers its capture; the old version stays in use until the new one is
    ready.

    The bytes that the newest version has already change nothing. Raises as `add_source`, NotFound
    (`source_not_found`) and Conflict (`source_retracted`, `source_is_approved_work`).
    """
    source = await db_sources.lock(tx, source_id)
    if source is None:
        raise await gone(tx, source_id)
    if source.origin == db_sources.ARTIFACT:
        raise Conflict(
            "source_is_approved_work",
            f"“{source.title}” is what was signed, and stays as it was signed.",
            "Fork the session that it is of, or add the new text as a source of its own.",
        )
    if source.retracted_at is not None:
        raise Conflict(
            "source_retracted",
            f"“{source.title}” was retracted.",
            "Add the new content as a source of its own.",
        )
    await projects.to_fill(tx, source.project_id)
    content = _content(data, text, url)
    sha256 = None if content is None else hashlib.sha256(content).hexdigest()
    newest = await db_sources.newest_version(tx, source_id)
    facts = await db_sources.version_facts(tx, source_id, newest)
    if facts is not None and sha256 is not None and facts[1] == sha256:
        return await _again(tx, source_id, defer=defer)
    name = capture.safe_name(filename) or source.filename
    await db_sources.change(
        tx,
        source_id,
        status="processing",
        failure=None,
        progress=None,
        **({"url": url} if url is not None else {}),
    )
    await db_sources.add_versions(
        tx,
        [_version_values(source.project_id, source_id, newest + 1, content, sha256, name, content_type)],
    )
    await _defer(tx, source.project_id, [(source_id, newest + 1)], defer=defer)
    return await get(tx, source_id)


async def retry(tx: Tx, source_id: UUID, *, defer: bool = True) -> SourceRow:
    """Captures a source again that could not be read: a file from the bytes that are kept, a URL fetched anew.

    One that did not fail is answered as it is. Raises NotFound (`source_not_found`) and Conflict
    (`source_retracted`, `project_archived`).
    """
    source = await db_sources.lock(tx, source_id)
    if source is None:
        raise await gone(tx, source_id)
    if source.retracted_at is not None:
        raise Conflict(
            "source_retracted",
            f"“{source.title}” was retracted.",
            "Add the new content as a source of its own.",
        )
    await projects.to_fill(tx, source.project_id)
    if source.status == "failed" and source.url is not None:
        return await put_content(tx, source_id, url=source.url, defer=defer)
    return await _again(tx, source_id, defer=defer)


async def retract(tx: Tx, source_id: UUID, *, reason: str, actor: Actor | None = None) -> Dependents:
    """Takes a source out of the search and answers what rests on it. Nothing is deleted.

    Passages of approved work that rest on it are proposals again until a person decides.

    Raises NotFound (`source_not_found`), InvalidInput (`reason_missing`) and Conflict (`source_retracted`).
    """
    if not reason.strip():
        raise InvalidInput(
            "reason_missing",
            "A source is retracted for a reason that others can read.",
            "Say why.",
            field="reason",
        )
    found = await get(tx, source_id)
    await db_blocks.lock_counts(tx, found.project_id)
    source = await db_sources.lock(tx, source_id)
    if source is None:
        raise await gone(tx, source_id)
    if source.retracted_at is not None:
        raise Conflict(
            "source_retracted", f"“{source.title}” was retracted already.", "Nothing is left to do."
        )
    if source.version:
        await db_blocks.count_out(tx, source.project_id, [(source_id, source.version)])
        await db_blocks.set_state(tx, [(source_id, source.version)], "rejected")
    await db_sources.retract(tx, source_id, clean(reason.strip()))
    await remembering.source_retracted(tx, source.project_id, source_id, source.title, clean(reason.strip()))
    await _decided(tx, source_id, actor, "retract", clean(reason.strip()))
    await db_sources.announce(tx, source.project_id, source_id)
    return await dependents(tx, source_id)


async def restore(tx: Tx, source_id: UUID, *, reason: str, actor: Actor | None = None) -> SourceRow:
    """Takes back a retraction: its passages are found again, those of approved work are proposals.

    What was put in question by the retraction stays so until a person decides: it may have been looked at since.

    Raises NotFound (`source_not_found`, `source_deleted`), InvalidInput (`reason_missing`) and Conflict
    (`source_not_retracted`).
    """
    if not reason.strip():
        raise InvalidInput(
            "reason_missing",
            "A source is restored for a reason that others can read.",
            "Say why.",
            field="reason",
        )
    found = await get(tx, source_id)
    await db_blocks.lock_counts(tx, found.project_id)
    source = await db_sources.lock(tx, source_id)
    if source is None:
        raise await gone(tx, source_id)
    if source.retracted_at is None:
        raise Conflict("source_not_retracted", f"“{source.title}” is in use.", "There is nothing to restore.")
    approved = source.origin == db_sources.ARTIFACT
    if source.version:
        await indexing.will_grow(tx, source.project_id)
        await db_blocks.take_back(tx, source_id, source.version, "proposed" if approved else "accepted")
        if not approved:
            await db_blocks.count_in(tx, source.project_id, [(source_id, source.version)])
    await db_sources.change(tx, source_id, retracted_at=None, retract_reason=None)
    await _decided(tx, source_id, actor, "restore", clean(reason.strip()))
    await db_sources.announce(tx, source.project_id, source_id)
    return await get(tx, source_id)


async def _decided(tx: Tx, source_id: UUID, actor: Actor | None, action: str, reason: str) -> None:
    """Who took a source out of use or back, and why, beside the decisions on memory: rows that are only added."""
    before, after = ("accepted", "rejected") if action == "retract" else ("rejected", "accepted")
    await db_memory.record(
        tx,
        [
            {
                "item_id": source_id, "kind": "source", "action": action, "from_state": before, "to_state": after,
                "reason": reason, "text_sha256": None, "member_id": None if actor is None else actor.member_id,
                "via": None if actor is None else actor.via,
            }
        ],
    )  # fmt: skip


async def dependents(tx: Tx, source_id: UUID) -> Dependents:
    """What rests on a source, whether it was retracted or not. Raises NotFound (`source_not_found`)."""
    await get(tx, source_id)
    found = await db_sources.dependents(tx, source_id)
    sessions: dict[UUID, dict[str, Any]] = {}
    for envelope in found["envelopes"]:
        sessions.setdefault(
            envelope["session_id"],
            {"id": envelope["session_id"], "title": envelope["session_title"], "status": envelope["status"]},
        )
    return Dependents(
        found["envelopes"],
        list(sessions.values()),
        found["artifacts"],
        await remembering.resting_on(tx, source_id),
    )


async def get(tx: Tx, source_id: UUID) -> SourceRow:
    """Raises NotFound (`source_not_found`, `source_deleted`)."""
    row = await db_sources.get(tx, source_id)
    if row is None:
        raise await gone(tx, source_id)
    return row


async def gone(tx: Tx, source_id: UUID) -> NotFound:
    """Why a source is not there: `source_deleted` when it was, else `source_not_found`."""
    deleted = await deletions.deletion(tx, source_id)
    if deleted is None:
        return _not_found(source_id)
    return NotFound(
        "source_deleted",
        f"This source was deleted for good on {deleted.deleted_at:%Y-%m-%d} by {deleted.deleted_by_name}:"
        f" {deleted.reason}",
        "Nothing of it is kept. Its content may be added again as a new source.",
        extra={"project_id": str(deleted.project_id), "deleted_at": deleted.deleted_at.isoformat()},
    )


async def page(
    tx: Tx,
    project_id: UUID,
    *,
    after: UUID | None = None,
    updated_since: datetime | None = None,
    limit: int = 50,
    newest_first: bool = False,
) -> list[SourceRow]:
    """Sources of a project, oldest first unless `newest_first`; `after` is the last id of the page before."""
    return await db_sources.page(
        tx, project_id, after=after, updated_since=updated_since, limit=limit, newest_first=newest_first
    )


async def content(tx: Tx, source_id: UUID, version: int | None = None) -> dict[str, Any]:
    """A version's text with pages, blocks and tables, as JSON; the current version when none is named.

    Raises NotFound (`source_not_found`, `version_not_found`) and Conflict (`not_captured`).
    """
    source = await get(tx, source_id)
    number = version if version is not None else max(source.version, 1)
    row = await db_sources.version(tx, source_id, number)
    if row is None:
        raise NotFound(
            "version_not_found",
            f"“{source.title}” has no version {number}.",
            f"Its current version is {source.version}.",
        )
    if row.text is None:
        raise Conflict(
            "not_captured",
            f"Version {number} of “{source.title}” has no text: it is {row.status}.",
            "Wait until it is ready."
            if row.status == "processing"
            else str((source.failure or {}).get("hint", "")),
        )
    blocks = await db_blocks.of_version(tx, source_id, number)
    return {
        "source_id": str(source_id),
        "version": number,
        "text": row.text,
        "pages": row.pages,
        "blocks": [
            {
                "block_id": str(block.block_id),
                "ordinal": block.ordinal,
                "kind": block.kind,
                "char_start": block.char_start,
                "char_end": block.char_end,
                "page": block.page,
                "heading": block.heading,
            }
            for block in blocks
        ],
        "tables": [
            {"table": n, **table, "row_count": len(table["rows"])} for n, table in enumerate(row.tables)
        ],
    }


def to_json(row: SourceRow) -> dict[str, Any]:
    """A source as the API shows it."""
    shown = asdict(row)
    for key in ("id", "project_id", "session_id", "artifact_id"):
        shown[key] = None if shown[key] is None else str(shown[key])
    for key in ("retracted_at", "created_at", "updated_at"):
        shown[key] = shown[key].isoformat() if shown[key] is not None else None
    shown["table_count"] = len(row.tables)
    shown["notes"] = list(row.notes)
    return shown


async def capture_source(
    db: Database, workspace_id: UUID, source_id: UUID, version: int, *, limits: Limits | None = None
) -> None:
    """The job: reads a version's bytes, parses them outside any transaction, then writes all of it in one.

    Doing it twice, also at the same time, writes once. How far it is stands in the source's `progress` when it
    takes longer than a moment. What cannot be captured leaves the source failed,
    with {code, message, hint}; a database that is away raises Unavailable and the job is to be tried again.
    """
    async with db.transaction(workspace_id) as tx:
        row = await db_sources.version(tx, source_id, version)
        if row is None or row.status != "processing":
            return
        source = await get(tx, source_id)
        original, filename, declared = row.original, row.filename, row.content_type
    fetched: dict[str, Any] = {}
    async with Progress(db, workspace_id, source, version) as progress:
        try:
            if original is None:
                if source.url is None:
                    raise InvalidInput("empty_file", "The source has no content.", "Add it again.")
                page = await urls.fetch(source.url, report=progress.at("fetching"))
                original, declared, filename = page.data, page.content_type, filename or page.filename
                fetched = {
                    "original": original,
                    "sha256": hashlib.sha256(original).hexdigest(),
                    "byte_size": len(original),
                }
            extracted = await capture.parse_isolated(
                original, filename, declared, limits or capture.DEFAULT_LIMITS, progress.at("reading")
            )
        except ProofroomError as error:
            failure = error
        else:
            del original  # up to 100 MB that nobody needs while the rest is written
            async with db.transaction(workspace_id) as tx:
                await captured.write(tx, source, version, extracted, fetched, progress)
            return
    await captured.fail(db, workspace_id, source_id, version, failure, fetched)


async def capture_now(
    db: Database, workspace_id: UUID, source_id: UUID, version: int | None = None
) -> SourceRow:
    """Captures the newest version here and now and answers the source as it is then."""
    async with db.transaction(workspace_id) as tx:
        number = version or await db_sources.newest_version(tx, source_id)
    await capture_source(db, workspace_id, source_id, number)
    async with db.transaction(workspace_id) as tx:
        return await get(tx, source_id)


def _content(data: bytes | None, text: str | None, url: str | None) -> bytes | None:
    if sum(given is not None for given in (data, text, url)) != 1:
        raise InvalidInput(
            "one_content",
            "A source is a file, a text or a URL.",
            "Give exactly one of the three.",
            field="text",
        )
    if url is not None:
        urls.check(url)
        return None
    if text is not None:
        if not text.strip():
            raise InvalidInput("empty_text", "The text is empty.", "Paste the text.", field="text")
        data = clean(text).encode()
    assert data is not None
    limits = capture.DEFAULT_LIMITS
    if len(data) > limits.file_bytes:
        raise capture.file_too_large(len(data), limits)
    return data


def _first_words(text: str | None) -> str:
    line = next((line for line in (text or "")[:5_000].splitlines() if line.strip()), "")
    words = captured.clean_title(line.lstrip("#>*- \t"))
    return words if len(words) <= 80 else words[:79].rpartition(" ")[0] + "…"


async def _again(tx: Tx, source_id: UUID, *, defer: bool) -> SourceRow:
    """The source that has these bytes already; a failed capture of them is tried again."""
    row = await get(tx, source_id)
    newest = await db_sources.newest_version(tx, source_id)
    facts = await db_sources.version_facts(tx, source_id, newest)
    if facts is None or facts[0] != "failed":
        return row
    await db_sources.change_version(tx, source_id, newest, status="processing")
    await db_sources.change(tx, source_id, status="processing", failure=None, progress=None)
    await _defer(tx, row.project_id, [(source_id, newest)], defer=defer)
    return await get(tx, source_id)


def _version_values(
    project_id: UUID,
    source_id: UUID,
    version: int,
    content: bytes | None,
    sha256: str | None,
    filename: str | None,
    content_type: str | None,
) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "version": version,
        "project_id": project_id,
        "original": content,
        "sha256": sha256,
        "byte_size": len(content or b""),
        "content_type": content_type,
        "filename": filename,
    }


async def _defer(tx: Tx, project_id: UUID, versions: Sequence[tuple[UUID, int]], *, defer: bool) -> None:
    if defer:
        await queue.defer_many(
            tx, queue.CAPTURE, [{"source_id": str(source), "version": number} for source, number in versions]
        )
    await db_sources.announce_all(tx, project_id, [source for source, _ in versions])


def _not_found(source_id: UUID) -> NotFound:
    return NotFound("source_not_found", f"No source {source_id} is here.", "List the project's sources.")
