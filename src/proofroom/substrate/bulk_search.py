"""The same search as `search.ranked`, for the many sentences of a draft.

One search a sentence would read the same blocks from the database again and again. Here the draft's terms of all
live blocks are read once and every sentence is ranked in memory, with the same candidates and the same formula, so
that a sentence finds the same blocks either way.
"""

import asyncio
import heapq
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db.blocks import BlockRow
from proofroom.db.tx import Tx
from proofroom.substrate import search, terms

BLOCKS_PER_QUERY = 400
"""Reading the terms of so many blocks takes about as long as one search in the database."""

MOST_BLOCKS = 200_000
"""Blocks whose postings are held in memory, about a kilobyte each."""


@dataclass(frozen=True, slots=True)
class Index:
    """The postings of some terms. `ids` are blocks in the order of their ids; `postings` is, for each term, the
    positions in `ids` of the blocks that hold it, rising, and beside each what it adds to a score at an inverse
    document frequency of 1. `frequencies` and `total` count the whole project, as `search.ranked` does.
    """

    ids: Sequence[UUID]
    postings: Mapping[str, tuple["array[int]", "array[float]"]]
    frequencies: Mapping[str, int]
    total: int

    def best(self, query: str, k: int) -> list[UUID]:
        """The best `k` blocks for a query, best first; equal scores in the order of their ids."""
        known = {
            term: self.frequencies[term] for term in terms.query_terms(query) if term in self.frequencies
        }
        rarest = sorted(known, key=lambda term: (known[term], term))
        scores = dict.fromkeys(self._candidates(rarest, max(search.MIN_CANDIDATES, k)), 0.0)
        for term in rarest:
            weight = search.idf(known[term], self.total)
            at, adds = self.postings.get(term, _NONE)
            if len(at) > 8 * len(scores):  # a common term: each candidate is looked up in its long list
                for block in scores:
                    n = bisect_left(at, block)
                    if n < len(at) and at[n] == block:
                        scores[block] += weight * adds[n]
            else:
                for block, add in zip(at, adds, strict=True):
                    if block in scores:
                        scores[block] += weight * add
        found = heapq.nsmallest(k, scores.items(), key=lambda item: (-item[1], item[0]))
        return [self.ids[block] for block, _ in found]

    def _candidates(self, rarest: Sequence[str], least: int) -> set[int]:
        """The blocks that `search.ranked` would score: those of the rarest terms, until they are enough."""
        held = [self.postings.get(term, _NONE)[0] for term in rarest]
        if len(rarest) > 1 and self.frequencies[rarest[0]] > search.COMMON:
            both = set(held[0]) & set(held[1])
            if len(both) >= least:
                return both
        found: set[int] = set()
        n, promised = 0, 0
        while n < len(rarest) and len(found) < least:
            while n < len(rarest) and promised < least:
                promised += self.frequencies[rarest[n]]
                found.update(held[n])
                n += 1
            promised = 0
        return found


_NONE: tuple["array[int]", "array[float]"] = (array("i"), array("d"))


@dataclass(slots=True)
class Finder:
    """Searches one project for many queries. Each block is read from the database once."""

    project_id: UUID
    source_ids: Sequence[UUID] | None
    index: Index | None
    _rows: dict[UUID, BlockRow] = field(default_factory=dict[UUID, BlockRow])

    async def ranked(self, tx: Tx, queries: Sequence[str], k: int) -> list[list[BlockRow]]:
        """For each query what `search.ranked` answers (without scores)."""
        if self.index is None:
            return [await search.ranked(tx, self.project_id, query, k, self.source_ids) for query in queries]
        index = self.index
        found = await asyncio.to_thread(lambda: [index.best(query, k) for query in queries])
        missing = {block for blocks in found for block in blocks if block not in self._rows}
        self._rows |= await db_blocks.by_ids(tx, sorted(missing))
        return [[self._rows[block] for block in blocks if block in self._rows] for blocks in found]


async def open_finder(
    tx: Tx, project_id: UUID, queries: Sequence[str], source_ids: Sequence[UUID] | None = None
) -> Finder:
    """A finder for these queries. In a project that is large beside them each is searched for by itself."""
    total, length = await db_blocks.statistics(tx, project_id)
    if total > min(MOST_BLOCKS, BLOCKS_PER_QUERY * len(queries)):
        return Finder(project_id, source_ids, None)
    wanted = sorted(
        await asyncio.to_thread(lambda: {t for query in queries for t in terms.query_terms(query)})
    )
    frequencies = await db_blocks.frequencies(tx, project_id, wanted)
    ids: list[UUID] = []
    postings = {term: (array("i"), array("d")) for term in frequencies}
    average = max(1.0, length / total) if total else 1.0
    async for block, size, counts in db_blocks.terms_of(tx, project_id, source_ids):
        bare = search.K1 * (1 - search.B + search.B * size / average)
        for term in counts.keys() & frequencies.keys():
            n = counts[term]
            at, adds = postings[term]
            at.append(len(ids))
            adds.append(n * (search.K1 + 1) / (n + bare))
        ids.append(block)
    return Finder(project_id, source_ids, Index(ids, postings, frequencies, total))
