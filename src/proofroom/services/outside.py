"""Checking an outside draft: every sentence against the best passages of all sources, a portion at a time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

from proofroom.db.blocks import BlockRow
from proofroom.db.tx import Tx
from proofroom.domain.document import ArtifactDocument
from proofroom.domain.evidence import (
    AnalysedPassage,
    ClaimText,
    Passage,
    SourceName,
    analyse,
    check_outside,
    claim_to_json,
    split_claims,
)
from proofroom.services import remembering
from proofroom.substrate import passages
from proofroom.substrate.bulk_search import open_finder

CANDIDATES = 12
"""Passages looked at for each sentence, best first."""

LONGEST_QUERY = 2_000
"""Characters of a sentence that are searched for."""

PORTION = 40
"""Sentences compared between two looks at the event loop, at most: some tenths of a second of work in a thread."""

TELLINGS = 8
"""About how often a draft that is not long is told of while it is compared."""

KEPT = 5_000
"""Analysed passages kept while a draft is compared, about 60 kB each."""

Read = Callable[[], AbstractAsyncContextManager[Tx]]
"""Opens a transaction to read in."""

Told = Callable[[int, int, Sequence[Mapping[str, Any]]], Awaitable[None]]
"""Is told how many of how many sentences have been compared, and the claims that came since it was told last."""


def within(tx: Tx) -> Read:
    """Reads in a transaction that is open already."""

    @asynccontextmanager
    async def read() -> AsyncGenerator[Tx]:
        yield tx

    return read


async def check_draft(
    read: Read,
    project_id: UUID,
    document: ArtifactDocument,
    namespace: str,
    source_ids: Sequence[UUID] | None = None,
    told: Told | None = None,
) -> list[dict[str, Any]]:
    """The claims of a draft as JSON, each with the anchors that were found for it and what they say.

    Holds no transaction of `read` while it compares, and none while `told` runs.
    """
    claims = await asyncio.to_thread(split_claims, document, namespace)
    async with read() as tx:
        names = await passages.source_names(tx, project_id)
        finder = await open_finder(tx, project_id, [_query(c) for c in claims], source_ids)
    found: dict[UUID, Passage] = {}
    tables: dict[tuple[UUID, int, int], list[Passage]] = {}
    analysed = lru_cache(maxsize=KEPT)(analyse)
    checked: list[dict[str, Any]] = []
    size = PORTION if told is None else min(PORTION, max(1, len(claims) // TELLINGS))
    for start in range(0, len(claims), size):
        portion = claims[start : start + size]
        async with read() as tx:
            ranked = await finder.ranked(tx, [_query(c) for c in portion], CANDIDATES)
            await _fetch(tx, [row for rows in ranked for row in rows], found, tables)
        wanted = [
            (claim, [found[row.block_id] for row in rows], _near(rows, tables))
            for claim, rows in zip(portion, ranked, strict=True)
        ]
        fresh = await asyncio.to_thread(_compare, wanted, names, analysed)
        checked += fresh
        if told is not None:
            await told(len(checked), len(claims), fresh)
    async with read() as tx:
        return await remembering.with_chains(tx, checked)


def _query(claim: ClaimText) -> str:
    return claim.text[:LONGEST_QUERY]


async def _fetch(
    tx: Tx,
    rows: Sequence[BlockRow],
    found: dict[UUID, Passage],
    tables: dict[tuple[UUID, int, int], list[Passage]],
) -> None:
    """Passages of the blocks, and all rows of the tables among them, as far as they are not there yet."""
    fresh = {row.block_id: row for row in rows if row.block_id not in found}
    for passage in await passages.with_cells(tx, list(fresh.values())):
        found[UUID(passage.block_id)] = passage
    for key in dict.fromkeys(_table(row) for row in rows):
        if key is not None and key not in tables:
            tables[key] = await passages.rows_of_table(tx, *key)


def _table(row: BlockRow) -> tuple[UUID, int, int] | None:
    if row.kind != "table_row" or "table" not in row.meta:
        return None
    return row.source_id, row.version, row.meta["table"]


def _near(
    rows: Sequence[BlockRow], tables: Mapping[tuple[UUID, int, int], Sequence[Passage]]
) -> list[Passage]:
    """What a table bears out is computed from all of its rows."""
    keys = dict.fromkeys(key for row in rows if (key := _table(row)) is not None)
    return [passage for key in keys for passage in tables[key]]


def _compare(
    wanted: Sequence[tuple[ClaimText, Sequence[Passage], Sequence[Passage]]],
    names: Sequence[SourceName],
    analysed: Callable[[Passage], AnalysedPassage],
) -> list[dict[str, Any]]:
    return [
        claim_to_json(check_outside(claim, [analysed(p) for p in best], names, [analysed(p) for p in near]))
        for claim, best, near in wanted
    ]
