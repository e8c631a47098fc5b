"""The passages that may go into an envelope: what the search finds for each question, weighed and put in one order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import sources as db_sources
from proofroom.db.blocks import BlockRow
from proofroom.db.retrieval import Filters
from proofroom.db.sources import SourceFacts
from proofroom.db.tx import Tx
from proofroom.domain.selection import ContextWeights, weigh
from proofroom.substrate import guard, search
from proofroom.substrate.search import Found

TOKENS_OF_RANKED = 70  # so many of the room for each block looked at: about twice as many blocks as it holds
ALL_RANKED = 200  # blocks at least, however small the room
LEAST_RANKED = 40  # of them for each question, however many there are
CARRIED = ("heading", "table_header")  # stand in the header of each block below them


@dataclass(frozen=True, slots=True)
class Placed:
    """A block with what it came to: see `EnvelopeBlock`. `rank` and `question` are None where no question found it."""

    row: BlockRow
    origin: str
    marks: tuple[str, ...]
    suspect: bool
    weighted: float = 0.0
    rank: int | None = None
    question: int | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates best first. `reading_order` holds the places of all of them when they may all fit, else it is empty.
    `unheard` are marked passages that no question led to: they are candidates only to be told of as left out.

    `counts`: {in_scope: blocks in use of the sources that the session names, unranked: those of them that are no
    candidates, filtered: blocks in use of the project's other sources}. `search` says what the search went by.
    """

    placed: tuple[Placed, ...]
    reading_order: tuple[int, ...]
    counts: Mapping[str, int]
    search: Mapping[str, Any]
    unheard: tuple[Placed, ...] = ()


async def rank(
    tx: Tx,
    project_id: UUID,
    questions: Sequence[str],
    source_ids: Sequence[UUID] | None,
    weights: ContextWeights,
    room: int,
) -> Ranking:
    """The best blocks for each question in turn: first the best for the first, then for the second, and so on."""
    scope = Filters(source_ids=source_ids)
    looked_at = max(ALL_RANKED, room // TOKENS_OF_RANKED)
    each = min(search.MAX_K, max(LEAST_RANKED, looked_at // max(1, len(questions))))
    found = await search.hybrid_all(tx, project_id, questions, each, scope)
    lists = [one.rows for one in found]
    count = await db_blocks.live_count(tx, project_id, source_ids)
    whole: list[BlockRow] = []
    live: list[BlockRow] | None = None
    if 0 < count <= room // 8:
        _, characters = await db_blocks.live_size(tx, project_id, source_ids)
        if characters // 4 <= room:
            live = await db_blocks.live(tx, project_id, source_ids)
            whole = [row for row in live if row.indexed or row.kind not in CARRIED]
    facts = await db_sources.facts(tx, list({row.source_id for rows in (*lists, whole) for row in rows}))
    ages = _ages(facts)
    best: dict[UUID, Placed] = {}
    ranked = [
        _weighed(question, n, one, weights, facts, ages)
        for n, (question, one) in enumerate(zip(questions, found, strict=True), 1)
    ]
    for place in range(max(map(len, ranked), default=0)):
        for items in ranked:
            if place < len(items):
                best.setdefault(items[place].row.block_id, items[place])
    for row in whole:
        if row.block_id not in best:
            best[row.block_id] = _placed(row, guard.marks(row), facts)
    placed = tuple(best.values())
    unheard: list[Placed] = []
    if len(placed) < count <= guard.MOST_BLOCKS:
        if live is None:
            live = await db_blocks.live(tx, project_id, source_ids)
        rest = [row for row in live if row.block_id not in best]
        marked = [(row, marks) for row in rest for marks in (guard.marks(row),) if marks]
        if marked:
            facts = await db_sources.facts(tx, list({row.source_id for row, _ in marked}))
        unheard = [_placed(row, marks, facts) for row, marks in marked]
    everything = count if source_ids is None else await db_blocks.live_count(tx, project_id)
    return Ranking(
        placed,
        _reading_order(placed, whole),
        {
            "in_scope": count,
            "unranked": max(0, count - len(placed) - len(unheard)),
            "filtered": everything - count,
        },
        _went_by(found),
        tuple(unheard),
    )


def _went_by(found: Sequence[Found]) -> dict[str, Any]:
    """What the search went by: mode, model and how many of the project's passages had a vector."""
    if not found:
        return {"mode": "text", "model": None, "embedded": 0, "blocks": 0}
    index = found[0].index
    return {"mode": index.mode, "model": index.model, "embedded": index.embedded, "blocks": index.blocks}


def _ages(facts: Mapping[UUID, SourceFacts]) -> dict[UUID, float]:
    """0 for the newest source, 1 for the oldest; all 0 when they came together."""
    times = {source: one.captured_at.timestamp() for source, one in facts.items()}
    newest, oldest = max(times.values(), default=0.0), min(times.values(), default=0.0)
    span = newest - oldest
    return {source: (newest - time) / span if span else 0.0 for source, time in times.items()}


def _placed(row: BlockRow, marks: tuple[str, ...], facts: Mapping[UUID, SourceFacts]) -> Placed:
    return Placed(row, facts[row.source_id].origin, marks, guard.suspect(row, marks))


def _weighed(
    question: str,
    number: int,
    found: Found,
    weights: ContextWeights,
    facts: Mapping[UUID, SourceFacts],
    ages: Mapping[UUID, float],
) -> list[Placed]:
    """The answer to one question in its order under the weights. No suspect block stands above a plain one that
    holds the same terms of the question, however often it repeats them.
    """
    rows = found.rows
    placed = [_placed(row, found.marks[row.block_id], facts) for row in rows]
    scores = [
        weigh(
            row.score,
            weights,
            kind=row.kind,
            content_type=facts[row.source_id].content_type,
            origin=facts[row.source_id].origin,
            age=ages[row.source_id],
        )
        for row in rows
    ]
    order = guard.in_order(question, rows, scores, [one.suspect for one in placed])
    return [
        replace(placed[n], weighted=score, rank=at, question=number) for at, (n, score) in enumerate(order, 1)
    ]


def _reading_order(placed: Sequence[Placed], whole: Sequence[BlockRow]) -> tuple[int, ...]:
    """Places in reading order, sources in the order they came; those with a suspect passage behind the others."""
    if not whole:
        return ()
    read = {row.block_id: n for n, row in enumerate(whole)}
    marked = {one.row.source_id for one in placed if one.suspect}
    return tuple(
        sorted(
            range(len(placed)),
            key=lambda n: (placed[n].row.source_id in marked, read[placed[n].row.block_id]),
        )
    )
