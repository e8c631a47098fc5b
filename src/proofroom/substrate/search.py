"""Search in one project: BM25 over candidates from the query's rarest terms.

Ranking every block that holds any of the terms is slow on a large project, because common terms are
everywhere and decide nothing. So terms are taken from the rarest on until they promise at least 400 blocks,
and all of the query's terms score those. The formula: S. Robertson, H. Zaragoza, "The Probabilistic
Relevance Framework: BM25 and Beyond", Foundations and Trends in Information Retrieval 3(4), 2009, with k1 =
1.2, b = 0.75.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db.blocks import BlockRow
from proofroom.db.tx import Tx
from proofroom.domain.evidence.model import Passage
from proofroom.substrate import terms

K1 = 1.2
B = 0.75
MIN_CANDIDATES = 400
MAX_K = 1_000
# A query of nothing but common terms: its blocks must hold the two rarest of them, before any one will do.
COMMON = 8_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its BM25 score (above 0; comparable within one query only) and the block it is."""

    passage: Passage
    score: float
    block: BlockRow


async def search(
    tx: Tx, project_id: UUID, query: str, k: int = 10, source_ids: Sequence[UUID] | None = None
) -> list[Hit]:
    """The best `k` live blocks for a query, best first; of some sources only when they are named.

    Words are stemmed, the heading above a block counts as part of it. A query without any known term finds
    nothing. Superseded, rejected and retracted blocks are never found.
    """
    rows = await ranked(tx, project_id, query, k, source_ids)
    return [Hit(passage(row), row.score, row) for row in rows]


async def ranked(
    tx: Tx, project_id: UUID, query: str, k: int, source_ids: Sequence[UUID] | None = None
) -> list[BlockRow]:
    """As `search`, as rows."""
    wanted = terms.query_terms(query)
    total, length = await db_blocks.statistics(tx, project_id)
    if not wanted or not total or k < 1 or (source_ids is not None and not source_ids):
        return []
    found = await db_blocks.frequencies(tx, project_id, wanted)
    rarest = sorted(found, key=lambda term: (found[term], term))
    if not rarest:
        return []
    weights = {term: idf(found[term], total) for term in rarest}
    tag = db_blocks.tag(project_id)
    least = max(MIN_CANDIDATES, k)
    rows: list[BlockRow] = []
    for candidates, last in _plans(rarest, found, least, tag):
        rows, matched = await db_blocks.bm25(
            tx,
            project_id,
            candidates=candidates,
            weights=weights,
            average_length=max(1.0, length / total),
            k=min(k, MAX_K),
            source_ids=source_ids,
            k1=K1,
            b=B,
        )
        if last or matched >= least:
            break
    return rows


def idf(frequency: int, total: int) -> float:
    """Inverse document frequency, in the form that never falls below zero."""
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def _plans(rarest: Sequence[str], found: dict[str, int], least: int, tag: str) -> list[tuple[str, bool]]:
    """Text queries to try in turn, narrow to wide, each with whether it is the last."""
    plans: list[str] = []
    if found[rarest[0]] > COMMON and len(rarest) > 1:
        plans.append(" & ".join(_quoted(term, tag) for term in rarest[:2]))
    n, promised = 0, 0
    while n < len(rarest):
        # Blocks may hold several of the terms, so the sum only promises; the count of matches decides.
        while n < len(rarest) and promised < least:
            promised += found[rarest[n]]
            n += 1
        plans.append(" | ".join(_quoted(term, tag) for term in rarest[:n]))
        promised = 0
    return [(plan, at == len(plans) - 1) for at, plan in enumerate(plans)]


def _quoted(term: str, tag: str) -> str:
    # Terms hold letters, digits, dots and commas only, so there is nothing to escape inside the quotes.
    return f"'{tag}{term}'"


def passage(row: BlockRow, cells: tuple[tuple[str, str], ...] = ()) -> Passage:
    """A block as the evidence checks know it."""
    return Passage(
        source_id=str(row.source_id),
        version=row.version,
        block_id=str(row.block_id),
        source_title=row.source_title,
        page=row.page,
        char_start=row.char_start,
        char_end=row.char_end,
        text=row.text,
        kind="table_row" if row.kind == "table_row" and "rows" not in row.meta else "text",
        cells=cells,
    )
