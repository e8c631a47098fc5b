"""What a capture came to, written: blocks, facts of the version, counts of the project, state of the source.

One source at a time with its progress, or many together; the rules are the same.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import captures
from proofroom.db import sources as db_sources
from proofroom.db.blocks import NewBlock
from proofroom.db.captures import Captured
from proofroom.db.models import Source
from proofroom.db.sources import SourceRow
from proofroom.db.tx import Database, Tx, new_id
from proofroom.domain.errors import ProofroomError
from proofroom.services import indexing, remembering
from proofroom.services.progress import Progress
from proofroom.substrate import capture, guard, terms
from proofroom.substrate.extracted import Extracted

_BATCH = 1_000  # blocks that are prepared and written at a time

Key = tuple[UUID, int]
"""A version: (source, version)."""


def clean_title(title: str | None) -> str:
    return capture.printable(" ".join((title or "").split()))[: db_sources.MAX_TITLE]


def telling_title(extracted: Extracted, title: str, filename: str | None, url: str | None) -> str:
    """The title that a source will have, if somebody or the document gave it: a file name or an address is none."""
    return title if title not in (filename, url) else clean_title(extracted.title)


def batches(extracted: Extracted, title: str) -> Iterator[list[NewBlock]]:
    """Blocks with their terms, those of the heading and of the source's title among them, a thousand at a time.

    A heading that a following block carries is not searched on its own: it would win every search for its
    words and say nothing.
    """
    text = extracted.text
    texts = [(text[b.char_start : b.char_end], b.meta) for b in extracted.blocks]
    beside = {guard.BESIDE: 1} if guard.is_suspect(texts) else {}
    rows: list[NewBlock] = []
    for n, block in enumerate(extracted.blocks):
        following = extracted.blocks[n + 1] if n + 1 < len(extracted.blocks) else None
        covered = (
            block.kind in ("heading", "table_header") and following is not None and bool(following.heading)
        )
        own = text[block.char_start : block.char_end]
        rows.append(
            NewBlock(
                id=new_id(),
                ordinal=block.ordinal,
                kind=block.kind,
                char_start=block.char_start,
                char_end=block.char_end,
                page=block.page,
                heading=block.heading,
                text=own,
                terms={} if covered else terms.of_block(own, block.heading, title),
                meta={**block.meta, **beside},
            )
        )
        if len(rows) == _BATCH or following is None:
            yield rows
            rows = []


async def write(
    tx: Tx,
    source: SourceRow,
    version: int,
    extracted: Extracted,
    fetched: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Writes one version, unless somebody did already. `fetched` holds further columns of the version."""
    key = (source.id, version)
    await captures.serialize_versions(tx, [key])
    if not await captures.processing(tx, [key]):
        return
    # The long part comes before the locks that others of the project wait for.
    await _write_blocks(tx, source, version, extracted, progress)
    await captures.change_versions(tx, [(key, {**_facts(extracted), **fetched})])
    await progress.stop()
    await _settle(tx, source.project_id, {key: extracted})


async def write_all(
    tx: Tx, project_id: UUID, written: Mapping[Key, tuple[Extracted, Sequence[NewBlock]]]
) -> None:
    """Writes versions of one project, at most one of each source, except those that somebody wrote already."""
    await captures.serialize_versions(tx, list(written))
    still = await captures.processing(tx, list(written))
    found = {key: parsed for key, parsed in written.items() if key in still}
    if not found:
        return
    await db_blocks.insert_all(
        tx,
        project_id=project_id,
        state="accepted",
        blocks=[(*key, block) for key, (_, blocks) in found.items() for block in blocks],
    )
    await captures.change_versions(tx, [(key, _facts(extracted)) for key, (extracted, _) in found.items()])
    await _settle(tx, project_id, {key: extracted for key, (extracted, _) in found.items()})


async def _settle(tx: Tx, project_id: UUID, written: Mapping[Key, Extracted]) -> None:
    """Makes written versions the current ones of their sources, or what else they are by now, and counts them."""
    # Order of locks: the project's counts, then the sources by id. Everyone who takes both takes them so.
    await db_blocks.lock_counts(tx, project_id)
    await indexing.will_grow(tx, project_id)  # before anything is counted, which takes the mark away
    sources = await captures.lock_all(tx, [source_id for source_id, _ in written])
    newest = await captures.newest_versions(tx, list(sources))
    live: list[Key] = []
    replaced: list[Key] = []
    titles: dict[UUID, tuple[str, int]] = {}
    superseded: list[Key] = []
    rejected: list[Key] = []
    changes: list[Captured] = []
    for (source_id, version), extracted in written.items():
        source = sources[source_id]
        if source.version > version:
            superseded.append((source_id, version))
            continue
        if source.retracted_at is not None:
            rejected.append((source_id, version))
        else:
            live.append((source_id, version))
            if source.version:
                replaced.append((source_id, source.version))
                titles[source_id] = source.title, version
        changes.append(
            Captured(source_id, version, _title_from(extracted, source), version == newest[source_id])
        )
    if replaced:
        await db_blocks.count_out(tx, project_id, replaced)
    for state, versions in (("superseded", superseded + replaced), ("rejected", rejected)):
        if versions:
            await db_blocks.set_state(tx, versions, state)
    for source_id, (title, version) in titles.items():
        await remembering.source_replaced(tx, project_id, source_id, title, version)
    if live:
        await db_blocks.count_in(tx, project_id, live)
    if changes:
        await captures.captured(tx, changes)
    await db_sources.announce_all(tx, project_id, list(sources))


def _facts(extracted: Extracted) -> dict[str, Any]:
    """What a captured version is to hold, by column."""
    return {
        "text": extracted.text,
        "content_type": extracted.content_type,
        "extractor": extracted.extractor,
        "pages": [
            {"page": p.page, "char_start": p.char_start, "char_end": p.char_end} for p in extracted.pages
        ],
        "tables": [table.to_json() for table in extracted.tables],
        "notes": list(extracted.notes),
        "block_count": len(extracted.blocks),
        "page_count": len(extracted.pages),
        "table_list": [
            {
                "table": n,
                "name": table.name,
                "columns": list(table.columns),
                "types": list(table.types),
                "row_count": len(table.rows),
            }
            for n, table in enumerate(extracted.tables)
        ],
        "status": "ready",
    }


def _title_from(extracted: Extracted, source: Source) -> str | None:
    """The title that a source takes from its content, unless somebody gave it one."""
    if extracted.title and source.title in (source.filename, source.url):
        return clean_title(extracted.title) or None
    return None


async def _write_blocks(
    tx: Tx, source: SourceRow, version: int, extracted: Extracted, progress: Progress
) -> None:
    """Writes the blocks as accepted ones; while the database works on some, the next are prepared."""
    tell: Callable[[int, int, str], None] = progress.at("writing")
    portions = batches(extracted, telling_title(extracted, source.title, source.filename, source.url))
    written, total = 0, len(extracted.blocks)
    rows = await asyncio.to_thread(next, portions, None)
    while rows is not None:
        following = asyncio.create_task(asyncio.to_thread(next, portions, None))
        try:
            await db_blocks.insert(
                tx,
                project_id=source.project_id,
                source_id=source.id,
                version=version,
                state="accepted",
                blocks=rows,
            )
        finally:
            after = await following
        written += len(rows)
        tell(written, total, "passages")
        rows = after


async def fail(
    db: Database,
    workspace_id: UUID,
    source_id: UUID,
    version: int,
    error: ProofroomError,
    fetched: Mapping[str, Any],
) -> None:
    """Leaves a version failed with why, unless somebody captured it meanwhile."""
    async with db.transaction(workspace_id) as tx:
        await captures.serialize_versions(tx, [(source_id, version)])
        current = await db_sources.lock(tx, source_id)
        if current is None or not await captures.processing(tx, [(source_id, version)]):
            return
        await db_sources.change_version(tx, source_id, version, status="failed", **fetched)
        if version == await db_sources.newest_version(tx, source_id):
            message = error.message
            if current.version:
                message += f" Version {current.version} stays in use."
            failure = {"code": error.code, "message": message, "hint": error.hint}
            await db_sources.change(tx, source_id, status="failed", failure=failure, progress=None)
        await db_sources.announce(tx, current.project_id, source_id)
