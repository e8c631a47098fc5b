"""Queries on sources and their versions."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from proofroom.db.models import Project, Source, SourceVersion
from proofroom.db.statements import JSON_VALUE, TEXTS, UUIDS, text, typed
from proofroom.db.tx import EVENTS_CHANNEL, Tx, take_turns

MAX_TITLE = 300  # characters


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source with what matters of its shown version: the current one, or the only one there is.

    `tables` holds {"table", "name", "columns", "types", "row_count"}; the rows are left out.
    """

    id: UUID
    project_id: UUID
    title: str
    filename: str | None
    content_type: str | None
    origin: str
    url: str | None
    status: str
    failure: Mapping[str, Any] | None
    progress: Mapping[str, Any] | None
    version: int
    byte_size: int
    sha256: str | None
    block_count: int
    page_count: int
    tables: Sequence[Mapping[str, Any]]
    notes: Sequence[str]
    retracted_at: datetime | None
    retract_reason: str | None
    created_at: datetime
    updated_at: datetime
    session_id: UUID | None = None
    artifact_id: UUID | None = None


ARTIFACT = "artifact"
"""The origin of a source that is approved work of a session."""

_SELECT = """
    SELECT s.id, s.project_id, s.title, coalesce(v.filename, s.filename) AS filename, v.content_type,
      s.origin, s.url,
           s.status, s.failure, s.progress, s.version, coalesce(v.byte_size, 0) AS byte_size, v.sha256,
           coalesce(v.block_count, (SELECT count(*) FROM blocks b WHERE b.workspace_id = s.workspace_id
              AND b.source_id = s.id AND b.version = s.version)) AS block_count,
           coalesce(v.page_count, jsonb_array_length(v.pages), 0) AS page_count,
           coalesce(v.notes, '[]'::jsonb) AS notes,
           coalesce(v.table_list, (SELECT jsonb_agg(jsonb_build_object('table', t.n - 1, 'name', t.value -> 'name',
                       'columns', t.value -> 'columns', 'types', t.value -> 'types',
                       'row_count', jsonb_array_length(t.value -> 'rows')) ORDER BY t.n)
                     FROM jsonb_array_elements(v.tables) WITH ORDINALITY t(value, n)), '[]'::jsonb) AS tables,
           s.retracted_at, s.retract_reason, s.created_at, s.updated_at, s.session_id, s.artifact_id
    FROM sources s LEFT JOIN LATERAL (SELECT * FROM source_versions v WHERE v.workspace_id = s.workspace_id
      AND v.source_id = s.id AND v.version = greatest(s.version, 1) OFFSET 0) v ON true
"""
# Each version is looked up by its key (OFFSET 0 keeps the planner from joining): without statistics yet it reads all
# versions of the workspace for each source.


async def project_exists(tx: Tx, project_id: UUID) -> bool:
    return (await tx.execute(select(Project.id).where(Project.id == project_id))).scalar() is not None


async def holding(tx: Tx, project_id: UUID, hashes: Sequence[str]) -> dict[str, UUID]:
    """The sources of a project whose newest version has these bytes, by hash; retracted ones do not count.

    Transactions that add the same bytes to the same project wait here for each other, in one order for all.
    """
    if not hashes:
        return {}
    await take_turns(tx, [f"{project_id}:{sha256}" for sha256 in hashes])
    rows = await tx.execute(
        typed(
            """
            SELECT DISTINCT ON (v.sha256) v.sha256, s.id
            FROM source_versions v JOIN sources s ON s.workspace_id = v.workspace_id AND s.id = v.source_id
            WHERE v.workspace_id = :workspace_id AND v.project_id = :project_id AND v.sha256 = ANY(:hashes)
              AND s.origin <> 'artifact' AND s.retracted_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM source_versions n WHERE n.workspace_id = v.workspace_id
                                AND n.source_id = v.source_id AND n.version > v.version)
            ORDER BY v.sha256, s.id
            """,
            hashes=TEXTS,
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id, "hashes": list(hashes)},
    )
    return {str(sha256): source_id for sha256, source_id in rows}


async def add(tx: Tx, **values: Any) -> None:
    await add_all(tx, [values])


async def add_all(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes new sources, all with the same columns."""
    await tx.execute(insert(Source), [{"workspace_id": tx.workspace_id, **row} for row in rows])


async def add_version(tx: Tx, **values: Any) -> None:
    await add_versions(tx, [values])


async def add_versions(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes new versions, all with the same columns."""
    await tx.execute(insert(SourceVersion), [{"workspace_id": tx.workspace_id, **row} for row in rows])


async def lock(tx: Tx, source_id: UUID) -> Source | None:
    # The key does not change: a transaction that writes blocks of the source need not be waited for.
    return (
        await tx.execute(select(Source).where(Source.id == source_id).with_for_update(key_share=True))
    ).scalar_one_or_none()


async def change(tx: Tx, source_id: UUID, **values: Any) -> None:
    await tx.execute(
        update(Source)
        .where(Source.id == source_id)
        .values(**values, updated_at=func.now())
        .execution_options(synchronize_session=False)
    )


async def retract(tx: Tx, source_id: UUID, reason: str) -> None:
    await change(tx, source_id, retracted_at=func.now(), retract_reason=reason)


async def change_version(tx: Tx, source_id: UUID, version: int, **values: Any) -> None:
    await tx.execute(
        update(SourceVersion)
        .where(SourceVersion.source_id == source_id, SourceVersion.version == version)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def newest_version(tx: Tx, source_id: UUID) -> int:
    found = await tx.execute(
        select(func.max(SourceVersion.version)).where(SourceVersion.source_id == source_id)
    )
    return found.scalar() or 0


async def version(tx: Tx, source_id: UUID, number: int) -> SourceVersion | None:
    return (
        await tx.execute(
            select(SourceVersion).where(SourceVersion.source_id == source_id, SourceVersion.version == number)
        )
    ).scalar_one_or_none()


async def version_facts(tx: Tx, source_id: UUID, number: int) -> tuple[str, str | None] | None:
    """(status, sha256) of a version, without its content."""
    row = (
        await tx.execute(
            select(SourceVersion.status, SourceVersion.sha256).where(
                SourceVersion.source_id == source_id, SourceVersion.version == number
            )
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def original_kept(tx: Tx, source_id: UUID, number: int) -> str | None:
    """SHA-256 of a version's bytes while they are kept, which are not read for it; None where there are none."""
    query = select(SourceVersion.sha256).where(
        SourceVersion.source_id == source_id,
        SourceVersion.version == number,
        SourceVersion.original.is_not(None),
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def get(tx: Tx, source_id: UUID) -> SourceRow | None:
    rows = await _rows(tx, "WHERE s.id = :source_id", {"source_id": source_id})
    return rows[0] if rows else None


async def several(tx: Tx, source_ids: Sequence[UUID]) -> dict[UUID, SourceRow]:
    """These sources by id."""
    rows = await _rows(
        tx,
        "WHERE s.workspace_id = :workspace_id AND s.id = ANY(:sources)",
        {"workspace_id": tx.workspace_id, "sources": list(source_ids)},
    )
    return {row.id: row for row in rows}


async def page(
    tx: Tx,
    project_id: UUID,
    *,
    after: UUID | None = None,
    updated_since: datetime | None = None,
    limit: int = 50,
    newest_first: bool = False,
) -> list[SourceRow]:
    """Oldest first unless `newest_first`, retracted ones included."""
    further, order = ("<", "DESC") if newest_first else (">", "ASC")
    return await _rows(
        tx,
        f"WHERE s.project_id = :project_id AND (CAST(:after AS uuid) IS NULL OR s.id {further} :after)"
        f" AND (CAST(:since AS timestamptz) IS NULL OR s.updated_at >= :since) ORDER BY s.id {order} LIMIT :limit",
        {"project_id": project_id, "after": after, "since": updated_since, "limit": limit},
    )


async def tables(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None = None) -> list[SourceRow]:
    """Sources with captured tables that are in use."""
    return await _rows(
        tx,
        "WHERE s.project_id = :project_id AND s.bears AND s.retracted_at IS NULL AND s.version > 0"
        " AND jsonb_array_length(v.tables) > 0"
        " AND (CAST(:sources AS uuid[]) IS NULL OR s.id = ANY(CAST(:sources AS uuid[]))) ORDER BY s.id",
        {"project_id": project_id, "sources": None if source_ids is None else list(source_ids)},
    )


async def statuses(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None = None) -> dict[str, int]:
    """How many sources that are in use have each status; of approved work those that bear something."""
    rows = await tx.execute(
        typed(
            "SELECT status, count(*) FROM sources s WHERE project_id = :project_id AND bears AND retracted_at IS NULL"
            " AND (CAST(:sources AS uuid[]) IS NULL OR s.id = ANY(CAST(:sources AS uuid[]))) GROUP BY status",
            sources=UUIDS,
        ),
        {"project_id": project_id, "sources": None if source_ids is None else list(source_ids)},
    )
    return {str(status): int(n) for status, n in rows}


async def dependents(tx: Tx, source_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """What rests on a source: the envelopes that included a block of it, and the artifacts that cite it."""
    params = {"needle": [{"source_id": str(source_id)}], "id": {"id": str(source_id)}}
    envelopes = await tx.execute(
        typed(
            """
            SELECT e.id AS envelope_id, e.session_id, e.iteration, w.title AS session_title, w.status
            FROM context_envelopes e JOIN work_sessions w ON w.workspace_id = e.workspace_id
              AND w.id = e.session_id
            WHERE e.receipt -> 'included' @> :needle ORDER BY e.id
            """,
            needle=JSON_VALUE,
        ),
        {"needle": params["needle"]},
    )
    artifacts = await tx.execute(
        typed(
            """
            SELECT a.id AS artifact_id, a.session_id, a.title, a.artifact_type, max(v.version) AS version,
                   bool_or(v.signed_at IS NOT NULL) AS signed
            FROM artifact_versions v JOIN work_artifacts a ON a.workspace_id = v.workspace_id
              AND a.id = v.artifact_id
            WHERE jsonb_path_exists(v.document, '$.refs.*.source_id ? (@ == $id)', :id)
               OR jsonb_path_exists(v.claims, '$[*].anchors[*].source_id ? (@ == $id)', :id)
            GROUP BY a.id, a.session_id, a.title, a.artifact_type ORDER BY a.id
            """,
            id=JSON_VALUE,
        ),
        {"id": params["id"]},
    )
    return {
        "envelopes": [dict(row) for row in envelopes.mappings()],
        "artifacts": [dict(row) for row in artifacts.mappings()],
    }


async def announce(tx: Tx, project_id: UUID, source_id: UUID) -> None:
    """Tells listeners, once this transaction commits, that a source has changed. Ids only."""
    await announce_all(tx, project_id, [source_id])


async def announce_all(tx: Tx, project_id: UUID, source_ids: Sequence[UUID]) -> None:
    """The same of several sources."""
    about = {"kind": "source", "workspace_id": str(tx.workspace_id), "project_id": str(project_id)}
    await tx.execute(
        text("SELECT pg_notify(:channel, payload) FROM unnest(CAST(:payloads AS text[])) payload"),
        {
            "channel": EVENTS_CHANNEL,
            "payloads": [json.dumps({**about, "source_id": str(source_id)}) for source_id in source_ids],
        },
    )


async def _rows(tx: Tx, where: str, params: Mapping[str, Any]) -> list[SourceRow]:
    statement = typed(_SELECT + where, sources=UUIDS) if "sources" in params else text(_SELECT + where)
    return [SourceRow(**dict(row)) for row in (await tx.execute(statement, params)).mappings()]


async def names(tx: Tx, project_id: UUID) -> list[tuple[str, str | None]]:
    """(title, file name) of the sources in use; of approved artifacts only those with a passage that was accepted."""
    rows = await tx.execute(
        text(
            """
            SELECT s.title, s.filename FROM sources s
            WHERE s.project_id = :project_id AND s.retracted_at IS NULL AND s.bears ORDER BY s.id
            """
        ),
        {"project_id": project_id},
    )
    return [(title, filename) for title, filename in rows]


async def states(tx: Tx, project_id: UUID) -> list[list[Any]]:
    """[id, version, title, file name, retracted, digest of its tables] of every source of a project; of approved
    artifacts only those with a passage that was accepted."""
    rows = await tx.execute(
        text(
            """
            SELECT s.id::text, s.version, s.title, s.filename, s.retracted_at IS NOT NULL, md5(v.tables::text)
            FROM sources s LEFT JOIN source_versions v ON v.workspace_id = s.workspace_id
              AND v.source_id = s.id AND v.version = s.version
            WHERE s.project_id = :project_id AND s.bears ORDER BY s.id
            """
        ),
        {"project_id": project_id},
    )
    return [list(row) for row in rows]


async def texts(tx: Tx, wanted: Sequence[tuple[UUID, int]]) -> AsyncGenerator[tuple[UUID, int, str]]:
    """(source id, version, extracted text) of these versions, one after the other. Close it when you stop early."""
    rows = await tx.stream(
        typed(
            """
            SELECT v.source_id, v.version, coalesce(v.text, '')
            FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) w(source_id, version)
            JOIN source_versions v ON v.source_id = w.source_id AND v.version = w.version
            """,
            ids=UUIDS,
        ),
        {"ids": [w[0] for w in wanted], "versions": [w[1] for w in wanted]},
        execution_options={"yield_per": 4},
    )
    try:
        async for row in rows:
            yield row[0], row[1], row[2]
    finally:
        await rows.close()


async def table(tx: Tx, source_id: UUID, number: int, table_number: int) -> dict[str, Any] | None:
    """One table of a version with its rows."""
    return (
        await tx.execute(
            text(
                "SELECT tables -> CAST(:n AS int) FROM source_versions"
                " WHERE source_id = :source_id AND version = :version"
            ),
            {"n": table_number, "source_id": source_id, "version": number},
        )
    ).scalar()


async def cells(
    tx: Tx, wanted: Sequence[tuple[UUID, UUID, int, int, int]]
) -> dict[UUID, tuple[tuple[str, str], ...]]:
    """Cells as (column, value) for (block id, source id, version, table, row), by block id."""
    rows = await tx.execute(
        typed(
            """
            SELECT w.id, v.tables -> w.t -> 'columns', v.tables -> w.t -> 'rows' -> w.r
            FROM unnest(CAST(:ids AS uuid[]), CAST(:sources AS uuid[]), CAST(:versions AS int[]),
                        CAST(:tables AS int[]), CAST(:rows AS int[])) AS w(id, source_id, version, t, r)
            JOIN source_versions v ON v.source_id = w.source_id AND v.version = w.version
            """,
            ids=UUIDS,
            sources=UUIDS,
        ),
        {
            "ids": [item[0] for item in wanted],
            "sources": [item[1] for item in wanted],
            "versions": [item[2] for item in wanted],
            "tables": [item[3] for item in wanted],
            "rows": [item[4] for item in wanted],
        },
    )
    return {
        block_id: tuple(zip(columns, row, strict=False)) for block_id, columns, row in rows if row is not None
    }


async def called(tx: Tx, project_id: UUID, name: str) -> list[UUID]:
    """Sources in use with this id, title or file name, the oldest first."""
    rows = await tx.execute(
        text(
            "SELECT id FROM sources WHERE project_id = :project_id AND retracted_at IS NULL"
            " AND (id::text = lower(:name) OR lower(title) = lower(:name) OR lower(filename) = lower(:name))"
            " ORDER BY (id::text = lower(:name)) DESC, id"
        ),
        {"project_id": project_id, "name": name.strip()},
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What weights look at: the content type of the newest version, where the source came from (captured, or approved
    work), and when that version came.
    """

    content_type: str
    origin: str
    captured_at: datetime


async def facts(tx: Tx, source_ids: Sequence[UUID]) -> dict[UUID, SourceFacts]:
    """The facts of each source."""
    rows = await tx.execute(
        typed(
            """
            SELECT s.id, s.origin, v.content_type, v.created_at
            FROM unnest((SELECT CAST(:ids AS uuid[]))) c(id),
              LATERAL (SELECT * FROM sources s
                       WHERE s.workspace_id = :workspace_id AND s.id = c.id OFFSET 0) s,
              LATERAL (SELECT * FROM source_versions v
                       WHERE v.workspace_id = :workspace_id AND v.source_id = s.id
                         AND v.version = greatest(s.version, 1) OFFSET 0) v
            """,
            ids=UUIDS,
        ),
        {"workspace_id": tx.workspace_id, "ids": list(source_ids)},
    )
    return {
        row[0]: SourceFacts(row[2] or "", "approved" if row[1] == ARTIFACT else "captured", row[3])
        for row in rows
    }
