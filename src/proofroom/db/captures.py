"""Queries of captures: versions that are to be captured, how far they are, and what they came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select, text, update

from proofroom.db.models import Source, SourceVersion
from proofroom.db.tx import Tx, take_turns


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that is to be captured, with its source's title and address. `original` is None for a URL and for a
    large file.
    """

    source_id: UUID
    version: int
    project_id: UUID
    original: bytes | None
    filename: str | None
    content_type: str | None
    title: str
    url: str | None

    @property
    def key(self) -> tuple[UUID, int]:
        return self.source_id, self.version


@dataclass(frozen=True, slots=True)
class Captured:
    """What a source becomes when a version of it was captured; `newest` tells whether a newer one still comes."""

    source_id: UUID
    version: int
    title: str | None
    newest: bool


async def serialize_versions(tx: Tx, versions: Sequence[tuple[UUID, int]]) -> None:
    """Makes transactions that write what these captures came to wait for each other, in one order for all."""
    await take_turns(tx, [f"{source_id}/{version}" for source_id, version in versions])


async def waiting(tx: Tx, versions: Sequence[tuple[UUID, int]], most_bytes: int) -> list[Waiting]:
    """Those of the versions (source, version) that are still to be captured, in this order; larger ones without
    their bytes.
    """
    rows = await tx.execute(
        text(
            """
            SELECT v.source_id, v.version, v.project_id,
                   CASE WHEN v.byte_size <= :most_bytes THEN v.original END, coalesce(v.filename, s.filename),
                   v.content_type, s.title, s.url
            FROM unnest(CAST(:sources AS uuid[]), CAST(:versions AS int[])) WITH ORDINALITY w(source_id, version, n),
              LATERAL (SELECT * FROM source_versions v WHERE v.workspace_id = :workspace_id
                         AND v.source_id = w.source_id AND v.version = w.version OFFSET 0) v,
              LATERAL (SELECT * FROM sources s WHERE s.workspace_id = :workspace_id
                         AND s.id = w.source_id OFFSET 0) s
            WHERE v.status = 'processing' ORDER BY w.n
            """
        ),
        {**_pairs(tx, versions), "most_bytes": most_bytes},
    )
    return [Waiting(*row) for row in rows]


async def processing(tx: Tx, versions: Sequence[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Those of the versions (source, version) that are still to be captured."""
    rows = await tx.execute(
        text(
            """
            SELECT v.source_id, v.version
            FROM unnest(CAST(:sources AS uuid[]), CAST(:versions AS int[])) w(source_id, version),
              LATERAL (SELECT * FROM source_versions v WHERE v.workspace_id = :workspace_id
                         AND v.source_id = w.source_id AND v.version = w.version OFFSET 0) v
            WHERE v.status = 'processing'
            """
        ),
        _pairs(tx, versions),
    )
    return {(row[0], int(row[1])) for row in rows}


def _pairs(tx: Tx, versions: Sequence[tuple[UUID, int]]) -> dict[str, Any]:
    return {
        "workspace_id": tx.workspace_id,
        "sources": [source_id for source_id, _ in versions],
        "versions": [version for _, version in versions],
    }


async def lock_all(tx: Tx, source_ids: Sequence[UUID]) -> dict[UUID, Source]:
    """As `lock` for several, by id and in the order of their ids."""
    rows = await tx.execute(
        select(Source)
        .where(Source.workspace_id == tx.workspace_id, Source.id.in_(source_ids))
        .order_by(Source.id)
        .with_for_update(key_share=True)
    )
    return {source.id: source for source in rows.scalars()}


async def newest_versions(tx: Tx, source_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of each source's newest version."""
    rows = await tx.execute(
        select(SourceVersion.source_id, func.max(SourceVersion.version))
        .where(SourceVersion.workspace_id == tx.workspace_id, SourceVersion.source_id.in_(source_ids))
        .group_by(SourceVersion.source_id)
    )
    return {source_id: int(version) for source_id, version in rows}


async def change_versions(tx: Tx, changes: Sequence[tuple[tuple[UUID, int], Mapping[str, Any]]]) -> None:
    """Sets columns of versions (source, version), the same ones for each."""
    table = SourceVersion.__table__
    assert isinstance(table, Table)
    names = list(changes[0][1])
    await (await tx.connection()).execute(
        update(table)
        .where(
            table.c.workspace_id == tx.workspace_id,
            table.c.source_id == bindparam("of_source"),
            table.c.version == bindparam("of_version"),
        )
        .values({name: bindparam(f"new_{name}") for name in names}),
        [
            {"of_source": source, "of_version": version, **{f"new_{n}": values[n] for n in names}}
            for (source, version), values in changes
        ],
    )


async def captured(tx: Tx, changes: Sequence[Captured]) -> None:
    """Makes captured versions the current ones of their sources."""
    await tx.execute(
        text(
            """
            UPDATE sources
            SET version = :version, title = coalesce(:title, title), updated_at = now(),
                status = CASE WHEN :newest THEN 'ready' ELSE status END,
                failure = CASE WHEN :newest THEN NULL ELSE failure END,
                progress = CASE WHEN :newest THEN NULL ELSE progress END
            WHERE workspace_id = :workspace_id AND id = :id
            """
        ),
        [
            {
                "workspace_id": tx.workspace_id,
                "id": change.source_id,
                "version": change.version,
                "title": change.title,
                "newest": change.newest,
            }
            for change in changes
        ],
    )


async def report(tx: Tx, source_id: UUID, version: int, progress: Mapping[str, Any]) -> bool:
    """Says how far the capture of a source's newest version is; False when nobody waits for it any more."""
    done = await tx.execute(
        update(Source)
        .where(
            Source.id == source_id,
            Source.status == "processing",
            select(func.max(SourceVersion.version) == version)
            .where(SourceVersion.source_id == source_id)
            .scalar_subquery(),
        )
        .values(progress=dict(progress), updated_at=func.now())
        .returning(Source.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None
