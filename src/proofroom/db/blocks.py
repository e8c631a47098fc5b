"""Queries on blocks and on the document frequencies that BM25 needs."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import RowMapping

from proofroom.db.statements import INTEGERS, TEXTS, UUIDS, text, typed
from proofroom.db.tx import Tx

LIVE_STATES = ("accepted", "locked")
LIVE = str(LIVE_STATES)
_BATCH = 1_000


class _Texts(list[str | None]):
    """Texts that travel in PostgreSQL's binary form: writing them with escapes takes sixty times as long."""


psycopg.adapters.register_dumper(_Texts, ListBinaryDumper)


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block to be written. `terms` are its stemmed terms with their counts; empty keeps it out of the
    search.
    """

    id: UUID
    ordinal: int
    kind: str
    char_start: int
    char_end: int
    page: int | None
    heading: str | None
    text: str
    terms: Mapping[str, int]
    meta: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block with its source's title and origin, and whether that was retracted. `indexed` tells whether it can be
    found; searches set `score`.
    """

    block_id: UUID
    source_id: UUID
    version: int
    source_title: str
    ordinal: int
    kind: str
    page: int | None
    heading: str | None
    char_start: int
    char_end: int
    text: str
    state: str
    indexed: bool
    origin: str = ""
    retracted: bool = False
    meta: Mapping[str, int] = field(default_factory=dict[str, int])
    score: float = 0.0


_COLUMNS = """b.id AS block_id, b.source_id, b.version, s.title AS source_title, b.ordinal, b.kind, b.page,
    b.heading, b.char_start, b.char_end, b.text, b.state, b.meta,
    b.length > 0 AS indexed, s.origin, s.retracted_at IS NOT NULL AS retracted"""
_FROM = "blocks b JOIN sources s ON s.workspace_id = b.workspace_id AND s.id = b.source_id"


def tag(project_id: UUID) -> str:
    """What a project's terms begin with in the index: eight hexadecimal digits of its id's random part."""
    return project_id.hex[-8:]


async def insert(
    tx: Tx, *, project_id: UUID, source_id: UUID, version: int, state: str, blocks: Sequence[NewBlock]
) -> None:
    """Writes the blocks of a version."""
    await insert_all(tx, project_id=project_id, state=state, blocks=[(source_id, version, b) for b in blocks])


async def insert_all(
    tx: Tx, *, project_id: UUID, state: str, blocks: Sequence[tuple[UUID, int, NewBlock]]
) -> None:
    """Writes blocks of versions of one project, as (source, version, block). The index is made of `terms`, by the
    database, so the two cannot differ.
    """
    statement = text("""
        INSERT INTO blocks (workspace_id, id, project_id, source_id, version, ordinal, kind, char_start,
                            char_end, page, heading, text, terms, length, tsv, meta, state)
        SELECT :workspace_id, n.id, :project_id, n.source_id, n.version, n.ordinal, n.kind, n.char_start,
               n.char_end, n.page, n.heading, n.text, n.terms::jsonb, n.length,
               array_to_tsvector(ARRAY(SELECT :tag || k FROM jsonb_object_keys(n.terms::jsonb) k)),
               n.meta::jsonb, :state
        FROM unnest(CAST(:ids AS uuid[]), CAST(:sources AS uuid[]), CAST(:versions AS int[]),
                    CAST(:ordinals AS int[]), CAST(:kinds AS text[]),
                    CAST(:starts AS int[]), CAST(:ends AS int[]), CAST(:pages AS int[]),
                    CAST(:headings AS text[]), CAST(:texts AS text[]), CAST(:terms AS text[]),
                    CAST(:lengths AS int[]), CAST(:metas AS text[]))
             AS n(id, source_id, version, ordinal, kind, char_start, char_end, page, heading, text, terms, length,
                  meta)
        """)
    for at in range(0, len(blocks), _BATCH):
        batch = [block for _, _, block in blocks[at : at + _BATCH]]
        await tx.execute(
            statement,
            {
                "workspace_id": tx.workspace_id,
                "project_id": project_id,
                "state": state,
                "tag": tag(project_id),
                "ids": [block.id for block in batch],
                "sources": [source_id for source_id, _, _ in blocks[at : at + _BATCH]],
                "versions": [version for _, version, _ in blocks[at : at + _BATCH]],
                "ordinals": [block.ordinal for block in batch],
                "kinds": [block.kind for block in batch],
                "starts": [block.char_start for block in batch],
                "ends": [block.char_end for block in batch],
                "pages": [block.page for block in batch],
                "headings": _Texts(block.heading for block in batch),
                "texts": _Texts(block.text for block in batch),
                "terms": _Texts(_json(block.terms) for block in batch),
                "metas": [_json(block.meta) for block in batch],
                "lengths": [sum(block.terms.values()) for block in batch],
            },
        )


def _json(terms: Mapping[str, int]) -> str:
    # Terms hold letters and digits only: nothing in them needs escaping.
    return "{" + ",".join(f'"{term}":{count}' for term, count in terms.items()) + "}"


async def lock_counts(tx: Tx, project_id: UUID) -> None:
    """Makes writers of one project's counts wait for each other; taken before `count_in` and `count_out`."""
    await tx.execute(
        text("SELECT 1 FROM baskets WHERE project_id = :project_id FOR UPDATE"), {"project_id": project_id}
    )


# Where the blocks counted come from: versions as (source, version), or single blocks; those count that are live and can
# be found. Each is looked up by itself (OFFSET 0 keeps the planner from joining): right after a large capture it has
# no statistics yet and would compare every block of the workspace with every version.
_OF_VERSIONS = """
    unnest(CAST(:sources AS uuid[]), CAST(:versions AS int[])) w(source_id, version), LATERAL (
      SELECT b.terms, b.length FROM blocks b
      WHERE b.workspace_id = :workspace_id AND b.source_id = w.source_id AND b.version = w.version
        AND b.length > 0 AND b.state IN ('accepted', 'locked') OFFSET 0) b
"""
_OF_IDS = """
    unnest(CAST(:ids AS uuid[])) w(id), LATERAL (
      SELECT b.terms, b.length FROM blocks b
      WHERE b.workspace_id = :workspace_id AND b.id = w.id
        AND b.length > 0 AND b.state IN ('accepted', 'locked') OFFSET 0) b
"""


async def count_in(tx: Tx, project_id: UUID, versions: Sequence[tuple[UUID, int]]) -> None:
    """Adds the live blocks of versions (source, version) to the project's document frequencies and totals."""
    await _count_in(tx, project_id, _OF_VERSIONS, _pairs(versions))


async def count_in_blocks(tx: Tx, project_id: UUID, block_ids: Sequence[UUID]) -> None:
    """The same for single blocks; called after they became live."""
    await _count_in(tx, project_id, _OF_IDS, {"ids": list(block_ids)})


async def count_out(tx: Tx, project_id: UUID, versions: Sequence[tuple[UUID, int]]) -> None:
    """Takes the live blocks of versions (source, version) out of the counts; called before their state changes."""
    await _count_out(tx, project_id, _OF_VERSIONS, _pairs(versions))


async def count_out_blocks(tx: Tx, project_id: UUID, block_ids: Sequence[UUID]) -> None:
    """The same for single blocks; called before their state changes."""
    await _count_out(tx, project_id, _OF_IDS, {"ids": list(block_ids)})


def _df(which: str) -> str:
    keys = "LATERAL jsonb_object_keys(b.terms) k"
    return f"SELECT k AS term, count(*)::int AS n FROM {which}, {keys} GROUP BY k"  # noqa: S608  constants


def _totals(which: str) -> str:
    return f"SELECT count(*) AS blocks, coalesce(sum(b.length), 0) AS terms FROM {which}"  # noqa: S608


async def _count_in(tx: Tx, project_id: UUID, which: str, params: dict[str, Any]) -> None:
    params = {"workspace_id": tx.workspace_id, "project_id": project_id, **params}
    await tx.execute(
        text(
            f"""
            INSERT INTO term_frequencies AS f (workspace_id, project_id, term, blocks)
            SELECT :workspace_id, :project_id, d.term, d.n FROM ({_df(which)}) d
            ON CONFLICT (workspace_id, project_id, term) DO UPDATE SET blocks = f.blocks + excluded.blocks
            """  # noqa: S608  the parts are constants of this module
        ),
        params,
    )
    await tx.execute(
        text(
            f"""
            UPDATE baskets SET block_count = block_count + t.blocks, term_count = term_count + t.terms
            FROM ({_totals(which)}) t WHERE project_id = :project_id
            """  # noqa: S608
        ),
        params,
    )


async def _count_out(tx: Tx, project_id: UUID, which: str, params: dict[str, Any]) -> None:
    params = {"workspace_id": tx.workspace_id, "project_id": project_id, **params}
    await tx.execute(
        text(
            f"""
            UPDATE term_frequencies f SET blocks = f.blocks - d.n
            FROM ({_df(which)}) d
            WHERE f.workspace_id = :workspace_id AND f.project_id = :project_id AND f.term = d.term
            """  # noqa: S608
        ),
        params,
    )
    await tx.execute(
        text(
            f"""
            UPDATE baskets SET block_count = block_count - t.blocks, term_count = term_count - t.terms
            FROM ({_totals(which)}) t WHERE project_id = :project_id
            """  # noqa: S608
        ),
        params,
    )


def _pairs(versions: Sequence[tuple[UUID, int]]) -> dict[str, Any]:
    return {
        "sources": [source_id for source_id, _ in versions],
        "versions": [version for _, version in versions],
    }


async def set_state(tx: Tx, versions: Sequence[tuple[UUID, int]], state: str) -> None:
    """Moves the live blocks of versions (source, version) to another state."""
    await tx.execute(
        text(
            "UPDATE blocks SET state = :state WHERE workspace_id = :workspace_id AND source_id = :source_id"
            " AND version = :version AND state IN ('accepted', 'locked')"
        ),
        [
            {"workspace_id": tx.workspace_id, "state": state, "source_id": source_id, "version": version}
            for source_id, version in versions
        ],
    )


async def take_back(tx: Tx, source_id: UUID, version: int, state: str) -> None:
    """Moves the rejected blocks of a version to another state."""
    await tx.execute(
        text(
            "UPDATE blocks SET state = :state WHERE workspace_id = :workspace_id AND source_id = :source_id"
            " AND version = :version AND state = 'rejected'"
        ),
        {"workspace_id": tx.workspace_id, "state": state, "source_id": source_id, "version": version},
    )


async def statistics(tx: Tx, project_id: UUID) -> tuple[int, int]:
    """(searchable blocks, summed length in terms) of a project."""
    row = (
        await tx.execute(
            text("SELECT block_count, term_count FROM baskets WHERE project_id = :project_id"),
            {"project_id": project_id},
        )
    ).one_or_none()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


async def frequencies(tx: Tx, project_id: UUID, terms: Sequence[str]) -> dict[str, int]:
    """Document frequency of each term that occurs."""
    rows = await tx.execute(
        typed(
            "SELECT term, blocks FROM term_frequencies"
            " WHERE project_id = :project_id AND term = ANY(:terms) AND blocks > 0",
            terms=TEXTS,
        ),
        {"project_id": project_id, "terms": list(terms)},
    )
    return {str(term): int(blocks) for term, blocks in rows}


async def terms_of(
    tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None
) -> AsyncGenerator[tuple[UUID, int, Mapping[str, int]]]:
    """(id, length, terms with their counts) of each live block that can be found, in the order of their ids.

    They come in portions: a large project is never in memory as a whole.
    """
    rows = await tx.stream(
        typed(
            f"""
            SELECT b.id, b.length, b.terms FROM {_FROM}
            WHERE b.workspace_id = :workspace_id AND b.project_id = :project_id AND b.length > 0
              AND b.state IN {LIVE} AND s.retracted_at IS NULL
              AND (CAST(:sources AS uuid[]) IS NULL OR b.source_id = ANY(CAST(:sources AS uuid[])))
            ORDER BY b.id
            """,  # noqa: S608
            sources=UUIDS,
        ),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "sources": None if source_ids is None else list(source_ids),
        },
        execution_options={"yield_per": _BATCH},
    )
    try:
        async for row in rows:
            yield row[0], row[1], row[2]
    finally:
        await rows.close()


async def fingerprint(tx: Tx, project_id: UUID) -> str:
    """A digest over all live blocks of a project: their places, texts and terms."""
    found = await tx.execute(
        text(
            f"""
            SELECT encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', b.id, b.source_id, b.version,
                     b.ordinal, b.kind, coalesce(b.page, 0), b.char_start, b.char_end, b.length, md5(b.text),
                     md5(b.terms::text), md5(b.meta::text)), ',' ORDER BY b.id), ''), 'UTF8')), 'hex')
            FROM blocks b WHERE b.workspace_id = :workspace_id AND b.project_id = :project_id AND b.state IN {LIVE}
            """  # noqa: S608
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id},
    )
    return str(found.scalar_one())


async def live(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None = None) -> list[BlockRow]:
    """All live blocks of a project (of some of its sources) in reading order, sources in the order they
    came.
    """
    rows = await tx.execute(
        typed(
            f"""
            SELECT {_COLUMNS} FROM sources s, LATERAL (
              SELECT * FROM blocks b WHERE b.workspace_id = :workspace_id AND b.source_id = s.id
                AND b.state IN {LIVE} OFFSET 0) b
            WHERE s.workspace_id = :workspace_id AND s.project_id = :project_id AND s.bears
              AND s.retracted_at IS NULL
              AND (CAST(:sources AS uuid[]) IS NULL OR s.id = ANY(CAST(:sources AS uuid[])))
            ORDER BY b.source_id, b.version, b.ordinal
            """,  # noqa: S608
            sources=UUIDS,
        ),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "sources": None if source_ids is None else list(source_ids),
        },
    )
    return [_row(row) for row in rows.mappings()]


async def live_size(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None = None) -> tuple[int, int]:
    """(live blocks, their characters) of a project or of some of its sources."""
    row = (
        await tx.execute(
            typed(
                f"""
                SELECT count(*), coalesce(sum(b.char_end - b.char_start), 0) FROM {_FROM}
                WHERE b.project_id = :project_id AND b.state IN {LIVE} AND s.retracted_at IS NULL
                  AND (CAST(:sources AS uuid[]) IS NULL OR b.source_id = ANY(CAST(:sources AS uuid[])))
                """,  # noqa: S608
                sources=UUIDS,
            ),
            {"project_id": project_id, "sources": None if source_ids is None else list(source_ids)},
        )
    ).one()
    return int(row[0]), int(row[1])


async def live_count(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None = None) -> int:
    """As `live_size`, the count alone, from what the sources say of themselves: blocks are looked at only where
    approved work was accepted in parts, and where an older release captured.
    """
    row = await tx.execute(
        typed(
            f"""
            SELECT coalesce(sum(CASE WHEN s.origin <> 'artifact' AND v.block_count IS NOT NULL THEN v.block_count
              ELSE (SELECT count(*) FROM blocks b WHERE b.workspace_id = :workspace_id AND b.source_id = s.id
                      AND b.state IN {LIVE}) END), 0)
            FROM sources s LEFT JOIN LATERAL (
              SELECT block_count FROM source_versions v WHERE v.workspace_id = :workspace_id AND v.source_id = s.id
                AND v.version = s.version OFFSET 0) v ON true
            WHERE s.workspace_id = :workspace_id AND s.project_id = :project_id AND s.bears
              AND s.retracted_at IS NULL AND s.version > 0
              AND (CAST(:sources AS uuid[]) IS NULL OR s.id = ANY(CAST(:sources AS uuid[])))
            """,  # noqa: S608
            sources=UUIDS,
        ),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "sources": None if source_ids is None else list(source_ids),
        },
    )
    return int(row.scalar_one())


async def by_ids(
    tx: Tx,
    block_ids: Sequence[UUID],
    *,
    in_use: bool = False,
    scores: Mapping[UUID, float] | None = None,
) -> dict[UUID, BlockRow]:
    """Blocks of any version, whatever their state, with these scores; with `in_use` only live ones of sources not
    retracted.
    """
    if not block_ids:
        return {}
    use = f"WHERE b.state IN {LIVE} AND s.retracted_at IS NULL" if in_use else ""
    # Each is looked up by its key (OFFSET 0 keeps the planner from joining): right after a large capture it has no
    # statistics yet and would read all blocks of the workspace for a few. How many they are is kept from it by a
    # SELECT: knowing it, it would plan this anew each time, which takes as long as the looking up.
    rows = await tx.execute(
        typed(
            f"""
            SELECT {_COLUMNS} FROM unnest((SELECT CAST(:ids AS uuid[]))) c(id),
              LATERAL (SELECT * FROM blocks b
                       WHERE b.workspace_id = :workspace_id AND b.id = c.id OFFSET 0) b,
              LATERAL (SELECT * FROM sources s
                       WHERE s.workspace_id = :workspace_id AND s.id = b.source_id OFFSET 0) s
            {use}
            """,  # noqa: S608  only constants of this module are put in
            ids=UUIDS,
        ),
        {"workspace_id": tx.workspace_id, "ids": list(block_ids)},
    )
    if scores is None:
        return {row["block_id"]: _row(row) for row in rows.mappings()}
    return {
        row["block_id"]: BlockRow(**row, score=scores.get(row["block_id"], 0.0)) for row in rows.mappings()
    }


async def of_version(tx: Tx, source_id: UUID, version: int) -> list[BlockRow]:
    """A version's blocks in reading order, whatever their state."""
    rows = await tx.execute(
        text(
            f"SELECT {_COLUMNS} FROM {_FROM}"  # noqa: S608
            " WHERE b.source_id = :source_id AND b.version = :version ORDER BY b.ordinal"
        ),
        {"source_id": source_id, "version": version},
    )
    return [_row(row) for row in rows.mappings()]


async def around(
    tx: Tx, source_id: UUID, version: int, block_id: UUID, *, before: int, after: int
) -> list[BlockRow]:
    """The block and its neighbours in the same version, in reading order; empty when it is not there.

    Of an approved artifact only what was accepted stands around it.
    """
    rows = await tx.execute(
        text(
            f"""
            SELECT {_COLUMNS} FROM {_FROM}
            JOIN blocks own ON own.workspace_id = b.workspace_id AND own.id = :block_id
            WHERE b.source_id = :source_id AND b.version = :version AND own.source_id = :source_id
              AND own.version = :version AND b.ordinal BETWEEN own.ordinal - :before AND own.ordinal + :after
              AND (s.origin <> 'artifact' OR b.id = own.id OR b.state IN {LIVE})
            ORDER BY b.ordinal
            """  # noqa: S608
        ),
        {"source_id": source_id, "version": version, "block_id": block_id, "before": before, "after": after},
    )
    return [_row(row) for row in rows.mappings()]


async def around_all(tx: Tx, own: Sequence[BlockRow], *, before: int, after: int) -> list[BlockRow]:
    """These blocks and their neighbours in the same versions, each once, as `around` finds them for one."""
    if not own:
        return []
    rows = await tx.execute(
        typed(
            f"""
            SELECT {_COLUMNS} FROM unnest((SELECT CAST(:sources AS uuid[])), (SELECT CAST(:versions AS int[])),
                (SELECT CAST(:places AS int[]))) AS p (source_id, version, ordinal),
              LATERAL (SELECT * FROM blocks b WHERE b.workspace_id = :workspace_id AND b.source_id = p.source_id
                         AND b.version = p.version AND b.ordinal BETWEEN p.ordinal - :before AND p.ordinal + :after
                       OFFSET 0) b,
              LATERAL (SELECT * FROM sources s
                       WHERE s.workspace_id = :workspace_id AND s.id = b.source_id OFFSET 0) s
            WHERE s.origin <> 'artifact' OR b.ordinal = p.ordinal OR b.state IN {LIVE}
            ORDER BY b.source_id, b.version, b.ordinal
            """,  # noqa: S608
            sources=UUIDS, versions=INTEGERS, places=INTEGERS,
        ),
        {
            "workspace_id": tx.workspace_id, "sources": [row.source_id for row in own],
            "versions": [row.version for row in own], "places": [row.ordinal for row in own],
            "before": before, "after": after,
        },
    )  # fmt: skip
    return list({row.block_id: row for row in map(_row, rows.mappings())}.values())


def _row(row: RowMapping) -> BlockRow:
    values: dict[str, Any] = dict(row)
    return BlockRow(**values)
