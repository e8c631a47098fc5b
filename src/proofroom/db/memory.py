"""Queries on memory: blocks of approved artifacts with where they come from, notes, and what was decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, or_, select, update

from proofroom.db.models import BlockOrigin, MemoryDecision, MemoryNote
from proofroom.db.statements import JSON_VALUE, UUIDS, text, typed
from proofroom.db.tx import Tx, new_id

KEPT_NOTES = 5_000
"""How many of the newest notes a new lesson is compared with."""


@dataclass(frozen=True, slots=True)
class RememberedBlock:
    """A block of an approved artifact. `state` is the block's own."""

    block_id: UUID
    project_id: UUID
    source_id: UUID
    source_version: int
    source_title: str
    retracted_at: datetime | None
    kind: str
    heading: str | None
    char_start: int
    char_end: int
    text: str
    state: str
    session_id: UUID
    artifact_id: UUID
    artifact_version: int
    checkpoint_id: UUID
    claims: Sequence[Mapping[str, Any]]
    anchors: Sequence[Mapping[str, Any]]
    version: int
    reason: str | None
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime


_BLOCKS = """
    SELECT o.block_id, o.project_id, b.source_id, b.version AS source_version, s.title AS source_title,
           s.retracted_at, b.kind, b.heading, b.char_start, b.char_end, b.text, b.state, o.session_id, o.artifact_id,
           o.artifact_version, o.checkpoint_id, o.claims, o.anchors, o.version, o.reason, o.decided_by, o.decided_at,
           o.created_at
    FROM block_origins o
    JOIN blocks b ON b.workspace_id = o.workspace_id AND b.id = o.block_id
    JOIN sources s ON s.workspace_id = b.workspace_id AND s.id = b.source_id
"""


# Blocks


async def add_origins(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """{block_id, project_id, session_id, artifact_id, artifact_version, checkpoint_id, claims, anchors} of each."""
    if rows:
        await tx.execute(insert(BlockOrigin), [{"workspace_id": tx.workspace_id, **row} for row in rows])


async def blocks(
    tx: Tx,
    project_id: UUID,
    *,
    states: Sequence[str] | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[RememberedBlock]:
    """In the order of their ids, which is the order in which they were proposed."""
    rows = await tx.execute(
        text(
            _BLOCKS + " WHERE o.project_id = :project_id AND (CAST(:after AS uuid) IS NULL OR o.block_id > :after)"
            " AND (CAST(:states AS text[]) IS NULL OR b.state = ANY(CAST(:states AS text[])))"
            " ORDER BY o.block_id LIMIT :limit"
        ),
        {
            "project_id": project_id, "after": after, "states": None if states is None else list(states),
            "limit": limit,
        },
    )  # fmt: skip
    return [RememberedBlock(**row) for row in rows.mappings()]


async def blocks_by_ids(tx: Tx, block_ids: Iterable[UUID]) -> dict[UUID, RememberedBlock]:
    """Those of these blocks that come from an approved artifact."""
    wanted = list(block_ids)
    if not wanted:
        return {}
    rows = await tx.execute(
        typed(_BLOCKS + " WHERE o.block_id = ANY(:ids)", ids=UUIDS),
        {"ids": wanted},
    )
    return {row["block_id"]: RememberedBlock(**row) for row in rows.mappings()}


async def resting_on(tx: Tx, source_id: UUID, *, newer: int | None = None) -> list[RememberedBlock]:
    """Blocks that rest on a source; with `newer` on another version of it than that one."""
    rows = await tx.execute(
        typed(
            f"""{_BLOCKS} WHERE o.anchors @> CAST(:needle AS jsonb)
              AND (CAST(:newer AS int) IS NULL OR EXISTS (SELECT 1 FROM jsonb_array_elements(o.anchors) a
                     WHERE a ->> 'source_id' = :source AND CAST(a ->> 'version' AS int) <> :newer))
            ORDER BY o.block_id""",  # noqa: S608  constants of this module
            needle=JSON_VALUE,
        ),
        {"needle": [{"source_id": str(source_id)}], "source": str(source_id), "newer": newer},
    )
    return [RememberedBlock(**row) for row in rows.mappings()]


async def resting_on_blocks(tx: Tx, block_ids: Sequence[UUID]) -> list[RememberedBlock]:
    """Blocks that rest on one of these blocks."""
    rows = await tx.execute(
        text(
            f"""{_BLOCKS} WHERE o.block_id IN (
              SELECT f.block_id FROM unnest(CAST(:ids AS text[])) n(id)
              JOIN block_origins f ON f.anchors @> jsonb_build_array(jsonb_build_object('block_id', n.id)))
            ORDER BY o.block_id"""  # noqa: S608  constants of this module
        ),
        {"ids": [str(b) for b in block_ids]},
    )
    return [RememberedBlock(**row) for row in rows.mappings()]


async def reject_proposals(tx: Tx, source_id: UUID, reason: str) -> list[RememberedBlock]:
    """The source was retracted: what was still proposed of it is rejected. Answers all of its blocks."""
    rows = await tx.execute(
        text(_BLOCKS + " WHERE b.source_id = :source_id ORDER BY o.block_id"), {"source_id": source_id}
    )
    found = [RememberedBlock(**row) for row in rows.mappings()]
    await tx.execute(
        text("UPDATE blocks SET state = 'rejected' WHERE source_id = :source_id AND state = 'proposed'"),
        {"source_id": source_id},
    )
    await tx.execute(
        update(BlockOrigin)
        .where(BlockOrigin.block_id.in_([b.block_id for b in found]))
        .values(version=BlockOrigin.version + 1, reason=reason)
        .execution_options(synchronize_session=False)
    )
    return found


async def move_block(tx: Tx, block_id: UUID, before: str, after: str, **values: Any) -> bool:
    """Compare-and-set of a block's state, with `values` of its origin. False when it was not in `before`."""
    done = await tx.execute(
        text("UPDATE blocks SET state = :after WHERE id = :id AND state = :before RETURNING 1"),
        {"id": block_id, "before": before, "after": after},
    )
    if done.first() is None:
        return False
    await tx.execute(
        update(BlockOrigin)
        .where(BlockOrigin.block_id == block_id)
        .values(version=BlockOrigin.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    return True


async def lineage_sources(tx: Tx, session_id: UUID) -> list[UUID]:
    """Approved artifacts of a session and of all that it was forked from: they bear nothing for it."""
    rows = await tx.execute(
        text(
            f"""{_LINEAGE}
            SELECT s.id FROM line, LATERAL (
              SELECT id FROM sources s WHERE s.session_id = line.id AND s.origin = 'artifact' OFFSET 0) s
            """  # noqa: S608
        ),
        {"session_id": session_id},
    )
    return list(rows.scalars())


_LINEAGE = """
    WITH RECURSIVE line(id, forked_from) AS (
      SELECT w.id, w.forked_from FROM work_sessions w WHERE w.id = :session_id
      UNION
      SELECT w.id, w.forked_from FROM work_sessions w JOIN line ON w.id = line.forked_from
    )
"""


async def usable_sources(tx: Tx, project_id: UUID) -> list[UUID]:
    """Every source of a project that is in use."""
    rows = await tx.execute(
        text("SELECT id FROM sources WHERE project_id = :project_id AND retracted_at IS NULL ORDER BY id"),
        {"project_id": project_id},
    )
    return list(rows.scalars())


async def bears_nothing(tx: Tx, session_id: UUID, block_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these blocks that are of an approved artifact and no evidence for a session: because nobody accepted
    them, or because they are its own."""
    if not block_ids:
        return set()
    rows = await tx.execute(
        typed(
            f"""{_LINEAGE}
            SELECT b.id FROM blocks b JOIN sources s ON s.workspace_id = b.workspace_id AND s.id = b.source_id
            WHERE b.id = ANY(:ids) AND s.origin = 'artifact'
              AND (b.state NOT IN ('accepted', 'locked') OR s.session_id IN (SELECT id FROM line))
            """,  # noqa: S608
            ids=UUIDS,
        ),
        {"session_id": session_id, "ids": list(block_ids)},
    )
    return set(rows.scalars())


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands now."""

    title: str
    version: int
    retracted: bool
    reason: str | None
    approved: bool


async def standings(tx: Tx, source_ids: Iterable[UUID]) -> dict[str, Standing]:
    """By id; what was deleted is not there."""
    wanted = list(source_ids)
    if not wanted:
        return {}
    rows = await tx.execute(
        typed(
            "SELECT id::text, title, version, retracted_at IS NOT NULL, retract_reason, origin = 'artifact'"
            " FROM sources WHERE id = ANY(:ids)",
            ids=UUIDS,
        ),
        {"ids": wanted},
    )
    return {row[0]: Standing(*row[1:]) for row in rows}


async def live_ids(tx: Tx, block_ids: Iterable[UUID]) -> set[str]:
    """Those of these blocks that can be found."""
    wanted = list(block_ids)
    if not wanted:
        return set()
    rows = await tx.execute(
        typed(
            "SELECT id::text FROM blocks WHERE id = ANY(:ids) AND state IN ('accepted', 'locked')", ids=UUIDS
        ),
        {"ids": wanted},
    )
    return set(rows.scalars())


# Notes


async def add_note(tx: Tx, **values: Any) -> MemoryNote:
    return (
        await tx.execute(
            insert(MemoryNote)
            .values(workspace_id=tx.workspace_id, id=new_id(), **values)
            .returning(MemoryNote)
        )
    ).scalar_one()


async def notes(
    tx: Tx,
    project_id: UUID,
    *,
    kinds: Sequence[str],
    after: UUID | None = None,
    limit: int = 50,
    states: Sequence[str] | None = None,
    expired: bool | None = None,
) -> list[MemoryNote]:
    """Notes of a project and of the whole workspace, in the order they were made. `expired`: only those whose time is
    over, or only others."""
    query = (
        select(MemoryNote)
        .where(
            or_(MemoryNote.project_id == project_id, MemoryNote.project_id.is_(None)),
            MemoryNote.kind.in_(kinds),
        )
        .order_by(MemoryNote.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(MemoryNote.id > after)
    if states is not None:
        query = query.where(MemoryNote.state.in_(states))
    if expired is not None:
        over = func.coalesce(MemoryNote.expires_at <= func.now(), False)
        query = query.where(over if expired else ~over)
    return list((await tx.execute(query)).scalars())


_IN_FORCE = (
    select(MemoryNote)
    .where(
        MemoryNote.state == "accepted",
        or_(MemoryNote.project_id == bindparam("project"), MemoryNote.project_id.is_(None)),
        or_(MemoryNote.agent_type == bindparam("kind"), MemoryNote.agent_type.is_(None)),
        or_(MemoryNote.expires_at.is_(None), MemoryNote.expires_at > func.clock_timestamp()),
    )
    .order_by(MemoryNote.id)
)


async def in_force(tx: Tx, project_id: UUID, agent_type: str) -> list[MemoryNote]:
    """Accepted notes whose scope covers this kind of work and whose time is not over now, oldest first."""
    return list((await tx.execute(_IN_FORCE, {"project": project_id, "kind": agent_type})).scalars())


async def note(tx: Tx, note_id: UUID, *, lock: bool = False) -> MemoryNote | None:
    query = select(MemoryNote).where(MemoryNote.id == note_id)
    return (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def lesson_texts(tx: Tx, project_id: UUID) -> list[str]:
    """Lessons that hold or were ever proposed in a project, whatever became of them."""
    query = (
        select(MemoryNote.text)
        .where(or_(MemoryNote.project_id == project_id, MemoryNote.project_id.is_(None)))
        .order_by(MemoryNote.id.desc())
        .limit(KEPT_NOTES)
    )
    return list((await tx.execute(query)).scalars())


async def change_note(tx: Tx, note_id: UUID, version: int, **values: Any) -> MemoryNote | None:
    """Compare-and-set on the version; None when somebody else was first."""
    done = await tx.execute(
        update(MemoryNote)
        .where(MemoryNote.id == note_id, MemoryNote.version == version)
        .values(version=version + 1, updated_at=func.now(), **values)
        .returning(MemoryNote)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return done.scalar_one_or_none()


# Decisions


async def record(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """{item_id, kind, action, from_state, to_state, reason, text_sha256, member_id, via} of each."""
    if rows:
        await tx.execute(
            insert(MemoryDecision), [{"workspace_id": tx.workspace_id, "id": new_id(), **row} for row in rows]
        )


async def decisions(tx: Tx, item_id: UUID) -> list[MemoryDecision]:
    """What was done to an item, oldest first."""
    query = select(MemoryDecision).where(MemoryDecision.item_id == item_id).order_by(MemoryDecision.id)
    return list((await tx.execute(query)).scalars())
