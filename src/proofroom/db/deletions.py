"""Queries of deletion: a source's rows go, and what was made with it is read and written without its words."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from proofroom.db.models import Base, Redaction, SourceDeletion, WorkSession
from proofroom.db.statements import UUIDS, typed
from proofroom.db.tx import Tx

_BATCH = 200

OF_SESSIONS: Mapping[str, tuple[str, ...]] = {
    "work_sessions": (
        "title", "task_description", "task_configuration", "plan", "phase", "progress", "runtime_state", "failure",
        "metadata", "repairs",
    ),
    "work_events": ("data",),
    "tool_calls": ("arguments", "result"),
    "work_triggers": ("detail", "answers"),
    "context_envelopes": ("body", "receipt"),
    "work_artifacts": ("title",),
    "artifact_versions": ("title", "document", "claims", "high_impact"),
    "work_checkpoints": ("packet", "form", "votes", "decision"),
    "checkpoint_comments": ("text", "anchor"),
    "work_obligations": ("claim_text", "comment", "passage", "checks", "note"),
    "deliveries": ("target", "detail", "tries"),
    "audit_entries": ("content", "salt"),
    "transcript_entries": ("entry",),
    "block_origins": ("claims", "anchors", "reason"),
}  # fmt: skip
"""Tables of what sessions were given, did and made, and their columns that may repeat a source."""

OF_WORKSPACE: Mapping[str, tuple[str, ...]] = {
    "memory_notes": ("text", "origin", "reason"),
    "idempotency_keys": ("response",),
    "templates": ("name", "content"),
    "removed_templates": ("name",),
}
"""The same for what no session owns."""

Row = Mapping[str, Any]
Change = Callable[[Row], Mapping[str, Any]]
"""The columns of a row that are to change, with their new values."""


async def deletion(tx: Tx, source_id: UUID) -> SourceDeletion | None:
    return (
        await tx.execute(select(SourceDeletion).where(SourceDeletion.source_id == source_id))
    ).scalar_one_or_none()


async def add_deletion(tx: Tx, **values: Any) -> SourceDeletion:
    await tx.execute(insert(SourceDeletion).values(workspace_id=tx.workspace_id, **values))
    made = await deletion(tx, values["source_id"])
    assert made is not None
    return made


async def add_redactions(tx: Tx, source_id: UUID, items: Sequence[tuple[str, str, UUID]]) -> None:
    """(kind, item, session) of each thing that lost words."""
    if items:
        rows = [
            {"workspace_id": tx.workspace_id, "source_id": source_id, "kind": k, "item": i, "session_id": s}
            for k, i, s in items
        ]
        await tx.execute(insert(Redaction), rows)


async def redactions(tx: Tx, session_id: UUID) -> dict[tuple[str, str], list[SourceDeletion]]:
    """The deletions that took words of a session's envelopes, packets and artifacts, by (kind, item)."""
    rows = await tx.execute(
        select(Redaction.kind, Redaction.item, SourceDeletion)
        .join(
            SourceDeletion,
            (SourceDeletion.workspace_id == Redaction.workspace_id)
            & (SourceDeletion.source_id == Redaction.source_id),
        )
        .where(Redaction.session_id == session_id)
        .order_by(SourceDeletion.deleted_at)
    )
    found: dict[tuple[str, str], list[SourceDeletion]] = {}
    for kind, item, deleted in rows:
        found.setdefault((kind, item), []).append(deleted)
    return found


async def texts(tx: Tx, source_id: UUID) -> list[str]:
    """All words of all versions of a source: extracted texts, table cells, headings."""
    rows = await tx.execute(
        text(
            """
            SELECT v.text FROM source_versions v
            WHERE v.workspace_id = :workspace_id AND v.source_id = :source_id AND v.text IS NOT NULL
            UNION ALL
            SELECT concat_ws(' ', t.value ->> 'name', (SELECT string_agg(c.value, ' ')
                     FROM jsonb_array_elements_text(t.value -> 'columns') c))
            FROM source_versions v, jsonb_array_elements(v.tables) t
            WHERE v.workspace_id = :workspace_id AND v.source_id = :source_id
            UNION ALL
            SELECT DISTINCT b.text FROM blocks b
            WHERE b.workspace_id = :workspace_id AND b.source_id = :source_id AND b.kind = 'table_row'
            """
        ),
        {"workspace_id": tx.workspace_id, "source_id": source_id},
    )
    return [str(row[0]) for row in rows]


async def said_elsewhere(
    tx: Tx, project_id: UUID, source_ids: Sequence[UUID], words: Sequence[str]
) -> frozenset[str]:
    """Those of the words that a version of another source of the project holds, or a title."""
    rows = await tx.execute(
        text(
            r"""
            SELECT DISTINCT m[1] FROM (
              SELECT v.text FROM source_versions v WHERE v.workspace_id = :workspace_id
                AND v.project_id = :project_id AND v.source_id <> ALL(:ids) AND v.text IS NOT NULL
              UNION ALL SELECT s.title FROM sources s WHERE s.workspace_id = :workspace_id
                AND s.project_id = :project_id AND s.id <> ALL(:ids)) t(text),
              regexp_matches(t.text, '([[:alnum:]_]+(?:[.,][[:digit:]]+)*)', 'g') m
            WHERE m[1] = ANY(:words)
            """
        ).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("words", type_=ARRAY(Text()))),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "ids": list(source_ids),
            "words": list(words),
        },
    )
    return frozenset(rows.scalars())


async def names(tx: Tx, source_id: UUID) -> list[str | None]:
    """Its title, address and file names."""
    rows = await tx.execute(
        text(
            "SELECT title FROM sources WHERE workspace_id = :workspace_id AND id = :id"
            " UNION SELECT filename FROM sources WHERE workspace_id = :workspace_id AND id = :id"
            " UNION SELECT url FROM sources WHERE workspace_id = :workspace_id AND id = :id"
            " UNION SELECT filename FROM source_versions WHERE workspace_id = :workspace_id AND source_id = :id"
        ),
        {"workspace_id": tx.workspace_id, "id": source_id},
    )
    return list(rows.scalars())


async def block_ids(tx: Tx, source_ids: Sequence[UUID]) -> list[str]:
    rows = await tx.execute(
        text(
            "SELECT id::text FROM blocks WHERE workspace_id = :workspace_id AND source_id = ANY(:ids)"
        ).bindparams(bindparam("ids", type_=ARRAY(Uuid()))),
        {"workspace_id": tx.workspace_id, "ids": list(source_ids)},
    )
    return list(rows.scalars())


async def versions(tx: Tx, source_ids: Sequence[UUID]) -> list[tuple[UUID, int]]:
    """Every version of these sources as (source, version)."""
    rows = await tx.execute(
        text(
            "SELECT source_id, version FROM source_versions"
            " WHERE workspace_id = :workspace_id AND source_id = ANY(:ids) ORDER BY 1, 2"
        ).bindparams(bindparam("ids", type_=ARRAY(Uuid()))),
        {"workspace_id": tx.workspace_id, "ids": list(source_ids)},
    )
    return [(row[0], int(row[1])) for row in rows]


async def approved_texts(tx: Tx, project_id: UUID) -> AsyncGenerator[tuple[UUID, str]]:
    """(source, title and text) of each approved artifact that the project keeps."""
    rows = await tx.stream(
        text(
            "SELECT s.id, s.title || E'\\n' || coalesce(v.text, '') FROM sources s JOIN source_versions v"
            " ON v.workspace_id = s.workspace_id AND v.source_id = s.id"
            " WHERE s.workspace_id = :workspace_id AND s.project_id = :project_id AND s.origin = 'artifact'"
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id},
        execution_options={"yield_per": 4},
    )
    try:
        async for row in rows:
            yield row[0], row[1]
    finally:
        await rows.close()


async def count_rows(tx: Tx, source_ids: Sequence[UUID]) -> dict[str, int]:
    """{versions, blocks, embeddings, tables} of these sources."""
    row = (
        await tx.execute(
            text(
                """
                SELECT (SELECT count(*) FROM source_versions WHERE workspace_id = :w AND source_id = ANY(:ids)),
                  (SELECT count(*) FROM blocks WHERE workspace_id = :w AND source_id = ANY(:ids)),
                  (SELECT count(*) FROM block_embeddings e JOIN blocks b ON b.workspace_id = e.workspace_id
                     AND b.id = e.block_id WHERE b.workspace_id = :w AND b.source_id = ANY(:ids)),
                  (SELECT coalesce(sum(jsonb_array_length(tables)), 0) FROM source_versions
                     WHERE workspace_id = :w AND source_id = ANY(:ids))
                """
            ).bindparams(bindparam("ids", type_=ARRAY(Uuid()))),
            {"w": tx.workspace_id, "ids": list(source_ids)},
        )
    ).one()
    return dict(zip(("versions", "blocks", "embeddings", "tables"), (int(n) for n in row), strict=True))


async def remove(tx: Tx, project_id: UUID, source_ids: Sequence[UUID]) -> None:
    """Deletes the rows of these sources, and terms that no passage of the project has any more. They are counted out
    before.
    """
    for statement in (
        "DELETE FROM blocks WHERE workspace_id = :workspace_id AND source_id = ANY(:ids)",
        "DELETE FROM source_versions WHERE workspace_id = :workspace_id AND source_id = ANY(:ids)",
        "DELETE FROM sources WHERE workspace_id = :workspace_id AND id = ANY(:ids)",
    ):
        await tx.execute(
            text(statement).bindparams(bindparam("ids", type_=ARRAY(Uuid()))),
            {"workspace_id": tx.workspace_id, "ids": list(source_ids)},
        )
    await tx.execute(
        text(
            "DELETE FROM term_frequencies"
            " WHERE workspace_id = :workspace_id AND project_id = :project_id AND blocks <= 0"
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id},
    )


async def lock_sessions(tx: Tx, source_id: UUID) -> list[UUID]:
    """Locks the sessions of the source's project that were anything since it came, and answers their ids in order."""
    rows = await tx.execute(
        text(
            """
            SELECT w.id FROM work_sessions w JOIN sources s
              ON s.workspace_id = w.workspace_id AND s.project_id = w.project_id
            WHERE s.workspace_id = :workspace_id AND s.id = :source_id AND w.updated_at >= s.created_at
            ORDER BY w.id FOR UPDATE OF w
            """
        ),
        {"workspace_id": tx.workspace_id, "source_id": source_id},
    )
    return list(rows.scalars())


async def sessions_since(tx: Tx, source_id: UUID) -> list[UUID]:
    """The same without locks, for a look."""
    rows = await tx.execute(
        text(
            """
            SELECT w.id FROM work_sessions w JOIN sources s
              ON s.workspace_id = w.workspace_id AND s.project_id = w.project_id
            WHERE s.workspace_id = :workspace_id AND s.id = :source_id AND w.updated_at >= s.created_at ORDER BY w.id
            """
        ),
        {"workspace_id": tx.workspace_id, "source_id": source_id},
    )
    return list(rows.scalars())


async def rewrite(
    tx: Tx,
    table: str,
    columns: Sequence[str],
    change: Change,
    session_ids: Sequence[UUID] | None,
    *,
    dry: bool,
) -> list[Row]:
    """Reads these columns of a table's rows, writes what `change` says of each (unless `dry`), and answers the rows
    that changed as they were. Without `session_ids` it is every row of the workspace.
    """
    known = Base.metadata.tables[table]
    key = [column.name for column in known.primary_key.columns]
    own = "id" if table == "work_sessions" else "session_id"
    scoped = [own] if session_ids is not None else []
    wanted: list[str] = list(dict.fromkeys([*key, *scoped, *columns]))
    where = "workspace_id = :workspace_id" + (
        f" AND {own} = ANY(:sessions)" if session_ids is not None else ""
    )
    params: dict[str, Any] = {"workspace_id": tx.workspace_id}
    statement = text(f"SELECT {', '.join(wanted)} FROM {table} WHERE {where}")  # noqa: S608  names of our tables
    changed: list[Row] = []
    groups: list[Sequence[UUID] | None] = (
        [None]
        if session_ids is None
        else [session_ids[n : n + _BATCH] for n in range(0, len(session_ids), _BATCH)]
    )
    for group in groups:
        if group is not None:
            statement = statement.bindparams(bindparam("sessions", type_=ARRAY(Uuid())))
            params["sessions"] = list(group)
        rows = [dict(row) for row in (await tx.execute(statement, params)).mappings()]
        for row, to in zip(rows, await asyncio.to_thread(_changes, change, rows), strict=True):
            if not to:
                continue
            changed.append(row)
            if not dry:
                await _update(tx, table, key, row, to)
    return changed


_FIND_BY_TITLE = typed(
    """
    UPDATE work_checkpoints c
    SET find_text = left(regexp_replace(lower(s.title || ' ' || s.agent_type), '\\s+', ' ', 'g'), 1000)
    FROM work_sessions s
    WHERE c.workspace_id = :workspace_id AND c.session_id = ANY(:ids) AND c.find_text IS NOT NULL
      AND s.workspace_id = c.workspace_id AND s.id = c.session_id
    """,
    ids=UUIDS,
)


async def find_by_title(tx: Tx, session_ids: Collection[UUID]) -> None:
    """Reviews of these sessions are found by their titles as they are now, and not by what was said in them."""
    if session_ids:
        await tx.execute(_FIND_BY_TITLE, {"workspace_id": tx.workspace_id, "ids": list(session_ids)})


def _changes(change: Change, rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    return [change(row) for row in rows]


async def _update(tx: Tx, table: str, key: Sequence[str], row: Row, to: Mapping[str, Any]) -> None:
    known = Base.metadata.tables[table]
    sets = ", ".join(
        f"{name} = NULL" if value is None else f"{name} = :new_{name}" for name, value in to.items()
    )
    to = {name: value for name, value in to.items() if value is not None}  # a JSON null is not NULL
    where = " AND ".join(f"{name} = :key_{name}" for name in key)
    await tx.execute(
        text(f"UPDATE {table} SET {sets} WHERE {where}").bindparams(  # noqa: S608  names of our tables
            *(bindparam(f"new_{name}", type_=known.c[name].type) for name in to),
            *(bindparam(f"key_{name}", type_=known.c[name].type) for name in key),
        ),
        {**{f"new_{n}": v for n, v in to.items()}, **{f"key_{n}": row[n] for n in key}},
    )


async def memory_reasons(tx: Tx) -> list[tuple[UUID, str]]:
    """(decision, its reason) of the whole workspace."""
    rows = await tx.execute(
        text(
            "SELECT id, reason FROM memory_decisions WHERE workspace_id = :workspace_id AND reason IS NOT NULL"
        ),
        {"workspace_id": tx.workspace_id},
    )
    return [(row[0], row[1]) for row in rows]


async def blank_reasons(tx: Tx, ids: Sequence[UUID], said: str) -> None:
    await tx.execute(
        text("SELECT proofroom_blank_reasons(:ids, :said)").bindparams(bindparam("ids", type_=ARRAY(Uuid()))),
        {"ids": list(ids), "said": said},
    )


async def retire_notes(tx: Tx, ids: Sequence[UUID], reason: str) -> None:
    """Notes that lost words are nobody's instruction any more."""
    await tx.execute(
        text(
            "UPDATE memory_notes SET state = 'retired', reason = :reason, version = version + 1, updated_at = now()"
            " WHERE workspace_id = :workspace_id AND id = ANY(:ids) AND state IN ('proposed', 'accepted')"
        ).bindparams(bindparam("ids", type_=ARRAY(Uuid()))),
        {"workspace_id": tx.workspace_id, "ids": list(ids), "reason": reason},
    )


async def running(tx: Tx, session_ids: Sequence[UUID]) -> list[WorkSession]:
    """Those of these sessions that work or wait for a person, as they stand now."""
    rows = await tx.execute(
        select(WorkSession)
        .where(WorkSession.id.in_(session_ids), WorkSession.status.in_(("in_progress", "pending_review")))
        .order_by(WorkSession.id)
        .execution_options(populate_existing=True)
    )
    return list(rows.scalars())
