"""Search in one project: by words, by meaning, and by both.

By words: BM25 over candidates from the query's rarest terms. Ranking every block that holds any of the terms is slow on
a large project, because common terms are everywhere and decide nothing. So terms are taken from the rarest on until
they promise at least 400 blocks, and all of the query's terms score those. The formula: S. Robertson, H. Zaragoza, "The
Probabilistic Relevance Framework: BM25 and Beyond", Foundations and Trends in Information Retrieval 3(4), 2009, with
k1 = 0.9, b = 0.4: passages are cut to one length at most, so that their length says less than a document's does.

By meaning: the nearest vectors (`embedder`). By both: the candidates of the two, each with its real score in both, and
the mean of the two scores (`fusion`).
"""

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import embeddings, retrieval
from proofroom.db.blocks import BlockRow
from proofroom.db.retrieval import Filters, Weights
from proofroom.db.tx import Tx
from proofroom.domain.evidence.model import Passage
from proofroom.substrate import embedder, fusion, guard, terms
from proofroom.substrate.embedder import Choice
from proofroom.substrate.fusion import Fused

K1 = 0.9
B = 0.4
MIN_CANDIDATES = 400
MAX_K = 1_000
# A query of nothing but common terms: its blocks must hold the two rarest of them, before any one will do.
COMMON = 8_000
# Of the blocks that hold a term which more of them hold, so many are looked at: reading half of 100,000 takes a second,
# and such a term tells them hardly apart.
MOST_OF_COMMON = 2_000
# Candidates of each leg at least; more when more are asked for.
POOL = 100
# Up to here every vector is compared; above it the HNSW index answers, if the project's share of it is large enough.
EXACT_BLOCKS = 20_000

Mode = Literal["hybrid", "text", "vector"]


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far a project's index is, and what the search went by (`mode`).

    `state`: complete, building (vectors are being made; words find everything already), other_model (they are being
    made anew by the present model), off (a setting says so) or unavailable. `embedded` of `blocks` have a vector of
    `model`. `message` says in words whatever makes the answer less than complete, else it is empty.
    """

    mode: Mode
    model: str | None
    blocks: int
    embedded: int
    state: Literal["complete", "building", "off", "unavailable", "other_model"]
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best blocks, best first, each with its score (comparable within one answer only); `matched` says for each
    block id whether words ("text"), meaning ("meaning") or both speak for it, `marks` what is to be said of it (see
    `guard`)."""

    rows: list[BlockRow]
    index: IndexState
    matched: dict[UUID, tuple[str, ...]]
    marks: dict[UUID, tuple[str, ...]]


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
    filters = Filters(source_ids=source_ids)
    corpus = await _corpus(tx, project_id, [query])
    scored, _ = await _by_words(tx, corpus, query, k, filters)
    found = await db_blocks.by_ids(
        tx, [block for block, _ in scored], in_use=filters.live, scores=dict(scored)
    )
    return [found[block] for block, _ in scored if block in found]


async def hybrid(
    tx: Tx,
    project_id: UUID,
    query: str,
    k: int = 10,
    filters: Filters | None = None,
    mode: Mode = "hybrid",
) -> Found:
    """The best `k` blocks for a query by words and meaning, and what the index could do for it.

    Works from the moment of capture: a block without a vector yet ranks by its words. Where there is no embedder, no
    vector of its model, or other states than the live ones are asked for, words alone decide, and `index` says so.
    """
    (found,) = await hybrid_all(tx, project_id, [query], k, filters, mode)
    return found


async def hybrid_all(
    tx: Tx,
    project_id: UUID,
    queries: Sequence[str],
    k: int = 10,
    filters: Filters | None = None,
    mode: Mode = "hybrid",
) -> list[Found]:
    """`hybrid` for each of several queries; what they have in common is read once."""
    filters = filters or Filters()
    chosen = await asyncio.to_thread(embedder.choice)
    state = await _state(tx, project_id, chosen, filters, mode)
    if k < 1 or not filters.anything or not any(query.strip() for query in queries):
        return [Found([], state, {}, {}) for _ in queries]
    k = min(k, MAX_K)
    pool = max(POOL, k)
    vectors_made = None
    if state.mode != "text":  # the processor makes them while the database looks for words
        vectors_made = asyncio.create_task(asyncio.to_thread(embedder.embed, list(queries)))
    corpus = await _corpus(tx, project_id, queries)
    words: list[tuple[list[tuple[UUID, float]], Weights | None]] = [([], None) for _ in queries]
    if state.mode != "vector":
        words = [await _by_words(tx, corpus, query, pool, filters) for query in queries]
    if vectors_made is None or chosen.embedder is None:
        answers = [[Fused(block, score, ("text",)) for block, score in scored] for scored, _ in words]
        return await _settled(tx, state, queries, answers, k, filters)
    vectors = await vectors_made
    if vectors is None:  # it failed just now, and will not be asked again
        return await hybrid_all(tx, project_id, queries, k, filters, mode)
    asked = [vector.tolist() for vector in vectors]
    nearest = await retrieval.by_meaning(
        tx,
        project_id,
        vectors=asked,
        model=chosen.embedder.model,
        filters=filters,
        k=pool,
        exact=await _exact(tx, project_id, filters, state.embedded),
    )
    fused = fusion.by_meaning if state.mode == "vector" else fusion.fuse
    answers = [
        fused(
            await retrieval.scores(
                tx, dict(scored), dict(near), weights=weights, vector=vector, model=chosen.embedder.model
            )
        )
        if query.strip()
        else []
        for query, vector, (scored, weights), near in zip(queries, asked, words, nearest, strict=True)
    ]
    return await _settled(tx, state, queries, answers, k, filters)


async def _exact(tx: Tx, project_id: UUID, filters: Filters, embedded: int) -> bool:
    """Whether comparing with every vector takes less time than the HNSW index, which all projects share.

    The first grows with the number of vectors that are admitted. The second is read until enough of this project were
    met, so it grows as the project's share falls. They are even where size * size = EXACT_BLOCKS * all vectors.
    """
    if embedded <= EXACT_BLOCKS:
        return True
    if filters != Filters():
        admitted = await retrieval.count(tx, project_id, filters, EXACT_BLOCKS + 1)
        if admitted <= EXACT_BLOCKS:
            return True
    everything = max(embedded, await embeddings.estimate(tx))
    return embedded * embedded <= EXACT_BLOCKS * everything


async def index_state(tx: Tx, project_id: UUID) -> IndexState:
    """How far a project's index is."""
    return await _state(tx, project_id, await asyncio.to_thread(embedder.choice), Filters(), "hybrid")


async def _state(tx: Tx, project_id: UUID, chosen: Choice, filters: Filters, asked: Mode) -> IndexState:
    if chosen.embedder is None:
        blocks, _ = await db_blocks.statistics(tx, project_id)
        state = "off" if chosen.state == "off" else "unavailable"
        return IndexState("text", None, blocks, 0, state, f"{chosen.message} Words alone decide.")
    model = chosen.embedder.model
    held = await embeddings.held(tx, project_id, model)
    mode: Mode = asked if held.embedded and filters.live else "text"
    if held.complete:
        message = "" if filters.live else "Only passages in use have vectors: words alone decided here."
        return IndexState(mode, model, held.blocks, held.embedded, "complete", message)
    done = f"{held.embedded:,} of {held.blocks:,} passages are done; words find all of them."
    if held.others:
        said = f"The vectors of this project are of another model and are being made anew: {done}"
        return IndexState(mode, model, held.blocks, held.embedded, "other_model", said)
    said = f"Vectors for search by meaning are being made: {done}"
    return IndexState(mode, model, held.blocks, held.embedded, "building", said)


@dataclass(frozen=True, slots=True)
class _Corpus:
    """What BM25 needs to know of a project: searchable blocks, their summed length, and of the terms that are asked for
    how many blocks hold each."""

    project_id: UUID
    total: int
    length: int
    frequencies: dict[str, int]


async def _corpus(tx: Tx, project_id: UUID, queries: Sequence[str]) -> _Corpus:
    total, length = await db_blocks.statistics(tx, project_id)
    wanted = list(dict.fromkeys(term for query in queries for term in terms.query_terms(query)))
    found = await db_blocks.frequencies(tx, project_id, wanted) if wanted else {}
    return _Corpus(project_id, total, length, found)


async def _by_words(
    tx: Tx, corpus: _Corpus, query: str, k: int, filters: Filters
) -> tuple[list[tuple[UUID, float]], Weights | None]:
    """((block id, BM25) best first, what they were weighed with; None when no term of the query is known)."""
    wanted = terms.query_terms(query)
    if not wanted or k < 1 or not filters.anything or (not corpus.total and filters.live):
        return [], None
    found = {term: corpus.frequencies[term] for term in wanted if term in corpus.frequencies}
    if not filters.live:
        # The counts are those of live blocks: a term that only others hold counts as the rarest.
        found = {term: found.get(term, 0) for term in wanted}
    rarest = sorted(found, key=lambda term: (found[term], term))
    if not rarest:
        return [], None
    weights = Weights(
        {term: idf(found[term], corpus.total) for term in rarest},
        max(1.0, corpus.length / max(corpus.total, 1)),
        K1,
        B,
    )
    least = max(MIN_CANDIDATES, k)
    scored: list[tuple[UUID, float]] = []
    for plan in _plans(rarest, found, least, db_blocks.tag(corpus.project_id)):
        scored, matched = await retrieval.by_words(
            tx,
            corpus.project_id,
            all_of=plan.all_of,
            some_of=plan.some_of,
            most=MOST_OF_COMMON if filters == Filters() else None,
            weights=weights,
            filters=filters,
            k=min(k, MAX_K),
        )
        if matched >= least:
            break
    return scored, weights


async def _settled(
    tx: Tx,
    state: IndexState,
    queries: Sequence[str],
    answers: Sequence[Sequence[Fused]],
    k: int,
    filters: Filters,
) -> list[Found]:
    """The best `k` of each answer as rows; those of retracted sources only on request. Where one of them is suspect,
    all candidates are looked at, so that it stands above no plain one that holds the same terms (`guard`)."""
    rows: dict[UUID, BlockRow] = {}
    marks: dict[UUID, tuple[str, ...]] = {}
    held: dict[UUID, bool] = {}

    async def look(blocks: Iterable[Fused]) -> None:
        new = list(dict.fromkeys(one.block_id for one in blocks if one.block_id not in rows))
        read = await db_blocks.by_ids(tx, new, in_use=filters.live)
        rows.update(read)
        judged = await asyncio.to_thread(
            lambda: [(block, own := guard.marks(row), guard.suspect(row, own)) for block, row in read.items()]
        )
        for block, own, suspect in judged:
            marks[block], held[block] = own, suspect

    await look(one for answer in answers for one in answer[:k])
    deep = [any(held.get(one.block_id) for one in answer[:k]) for answer in answers]
    if any(deep):
        await look(
            one for answer, all_of_it in zip(answers, deep, strict=True) if all_of_it for one in answer
        )
    found: list[Found] = []
    for query, answer, all_of_it in zip(queries, answers, deep, strict=True):
        best = [
            replace(rows[one.block_id], score=one.score)
            for one in (answer if all_of_it else answer[:k])
            if one.block_id in rows
        ]
        if all_of_it:
            best = (
                await asyncio.to_thread(guard.settled, query, best, [held[row.block_id] for row in best])
            )[:k]
        matched = {one.block_id: one.matched for one in answer}
        ids = [row.block_id for row in best]
        found.append(
            Found(
                best, state, {block: matched[block] for block in ids}, {block: marks[block] for block in ids}
            )
        )
    return found


def idf(frequency: int, total: int) -> float:
    """Inverse document frequency, in the form that never falls below zero."""
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


@dataclass(frozen=True, slots=True)
class Plan:
    """Text queries whose blocks are candidates: all that `all_of` matches, and of what `some_of` matches at most
    MOST_OF_COMMON where nothing restricts the search. None matches nothing.
    """

    all_of: str | None
    some_of: str | None


def _plans(rarest: Sequence[str], found: dict[str, int], least: int, tag: str) -> list[Plan]:
    """Candidates to try in turn, few to many."""
    plans: list[Plan] = []
    if found[rarest[0]] > COMMON and len(rarest) > 1:
        plans.append(Plan(None, " & ".join(_quoted(term, tag) for term in rarest[:2])))
    n, promised = 0, 0
    while n < len(rarest):
        # Blocks may hold several of the terms, so the sum only promises; the count of matches decides.
        while n < len(rarest) and promised < least:
            promised += found[rarest[n]]
            n += 1
        few = [term for term in rarest[:n] if found[term] <= MOST_OF_COMMON]
        many = rarest[len(few) : n]
        plans.append(Plan(_any(few, tag), _any(many, tag)))
        promised = 0
    return plans


def _any(terms: Sequence[str], tag: str) -> str | None:
    return " | ".join(_quoted(term, tag) for term in terms) or None


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
        kind=row.kind if row.kind in ("table_row", "table_header") and "rows" not in row.meta else "text",
        cells=cells,
    )
