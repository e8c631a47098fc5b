"""Queries that find blocks: by words, by meaning, and both scores of a set of candidates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause

from proofroom.db.blocks import LIVE_STATES
from proofroom.db.embeddings import written
from proofroom.db.statements import TEXTS, UUIDS, text, typed
from proofroom.db.tx import Tx


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is restricted to; None leaves a matter open, an empty list admits nothing.

    `states` None means the live ones, accepted and locked. Dates are those of the capture, the last one excluded.
    """

    source_ids: Sequence[UUID] | None = None
    content_types: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    states: Sequence[str] | None = None
    captured_from: datetime | None = None
    captured_to: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether only blocks in use are asked for."""
        return self.states is None or set(self.states) <= set(LIVE_STATES)

    @property
    def anything(self) -> bool:
        """Whether something can be found at all."""
        lists = (self.source_ids, self.content_types, self.kinds, self.states)
        return all(given is None or len(given) > 0 for given in lists)


@dataclass(frozen=True, slots=True)
class Weights:
    """What BM25 needs besides the block: inverse document frequency by term, and the project's mean length."""

    idf: Mapping[str, float]
    average_length: float
    k1: float
    b: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A block with its BM25 score (0 without a common term) and its cosine (None without a vector)."""

    block_id: UUID
    text: float
    cosine: float | None


# BM25 of a row `m` with `terms` and `length`: Robertson and Zaragoza (2009).
_BM25 = """(
    SELECT sum(q.idf * (f.n * (:k1 + 1) / (f.n + :k1 * (1 - :b + :b * m.length / :average))))
    FROM unnest(CAST(:terms AS text[]), CAST(:idfs AS float8[])) q(term, idf),
         LATERAL (SELECT CAST(m.terms ->> q.term AS float8) AS n) f
    WHERE f.n IS NOT NULL)"""


# Decompressed once a block, and not once for each term of the query: that took half of a search's time.
_TERMS = "b.terms || '{}'::jsonb AS terms"

# Each candidate is looked up by its key (OFFSET 0 keeps the planner from joining): right after a large capture it has
# no statistics yet and would read all blocks of the workspace for a few hundred.
_EACH = "LATERAL (SELECT * FROM blocks b WHERE b.workspace_id = :workspace_id AND b.id = c.id OFFSET 0) b"


async def by_words(
    tx: Tx,
    project_id: UUID,
    *,
    all_of: str | None,
    some_of: str | None,
    most: int | None,
    weights: Weights,
    filters: Filters,
    k: int,
) -> tuple[list[tuple[UUID, float]], int]:
    """(block id, BM25) of the best `k` blocks that match one of two text queries, and the number that matched; of those
    that match `some_of` only the first `most` are looked at, if that is given.

    Equal scores are ordered by reading order.
    """
    where, tables, params = _conditions(filters)
    queries = {"all_of": all_of, "some_of": some_of}
    given = {name: query for name, query in queries.items() if query is not None}
    params |= given
    if filters.live:
        # The index of live blocks; row-level security keeps the planner from it elsewhere.
        limits = {"all_of": "", "some_of": "" if most is None else f", {int(most)}"}
        found = " UNION ".join(
            f"SELECT proofroom_block_candidates(:project_id, CAST(:{name} AS tsquery){limits[name]})"
            for name in given
        )
        candidates = f"({found}) c(id), {_EACH}"
        match = ""
    else:
        candidates = "blocks b"
        match = " OR ".join(f"b.tsv @@ CAST(:{name} AS tsquery)" for name in given)
        match = f" AND b.project_id = :project_id AND ({match})"
    rows = await tx.execute(
        _statement(
            f"""
            WITH matched AS MATERIALIZED (
              SELECT b.id, {_TERMS}, b.length FROM {candidates} {tables}
              WHERE b.workspace_id = :workspace_id {match} {where}
            ), scored AS (
              SELECT m.id, count(*) OVER () AS matched, {_BM25} AS score FROM matched m
            )
            SELECT id, score, matched FROM scored WHERE score IS NOT NULL ORDER BY score DESC, id LIMIT :k
            """,  # noqa: S608  only constants of this module are put in
            params,
        ),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "k": k,
            **_weights(weights),
            **params,
        },
    )
    best = rows.all()
    return [(row[0], float(row[1])) for row in best], int(best[0][2]) if best else 0


async def count(tx: Tx, project_id: UUID, filters: Filters, most: int) -> int:
    """How many blocks the filters admit; stops counting at `most`."""
    where, tables, params = _conditions(filters)
    rows = await tx.execute(
        _statement(
            f"""
            SELECT count(*) FROM (
              SELECT 1 FROM blocks b {tables}
              WHERE b.workspace_id = :workspace_id AND b.project_id = :project_id {where} LIMIT :most) x
            """,  # noqa: S608
            params,
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id, "most": most, **params},
    )
    return int(rows.scalar_one())


async def by_meaning(
    tx: Tx,
    project_id: UUID,
    *,
    vectors: Sequence[Sequence[float]],
    model: str,
    filters: Filters,
    k: int,
    exact: bool,
) -> list[list[tuple[UUID, float]]]:
    """For each vector (block id, cosine) of the `k` blocks whose vectors are nearest, the nearest first.

    `exact` compares with every vector that the filters admit; otherwise the HNSW index answers, which may miss a few,
    and is read on until `k` were admitted (iterative scan).
    """
    where, tables, params = _conditions(filters)
    joined = (
        f"JOIN blocks b ON b.workspace_id = e.workspace_id AND b.id = e.block_id {tables}" if where else ""
    )
    # An expression that is not the index's own is one that the index cannot serve.
    order = (
        "(e.embedding <=> CAST(:vector AS halfvec)) + 0"
        if exact
        else "e.embedding <=> CAST(:vector AS halfvec)"
    )
    if not exact:
        await tx.execute(
            text(
                "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),"
                " set_config('hnsw.ef_search', :ef, true), set_config('enable_sort', 'off', true)"
            ),
            {"ef": str(max(40, min(k, 1000)))},
        )
    statement = _statement(
        f"""
        SELECT e.block_id, 1 - (e.embedding <=> CAST(:vector AS halfvec)) FROM block_embeddings e {joined}
        WHERE e.workspace_id = :workspace_id AND e.project_id = :project_id AND e.model = :model {where}
        ORDER BY {order} LIMIT :k
        """,  # noqa: S608  only constants of this module are put in
        params,
    )
    given = {
        "workspace_id": tx.workspace_id,
        "project_id": project_id,
        "model": model,
        "k": k,
        **params,
    }
    found: list[list[tuple[UUID, float]]] = []
    for vector in vectors:
        rows = await tx.execute(statement, {**given, "vector": written(vector)})
        found.append([(row[0], float(row[1])) for row in rows])
    if not exact:
        await tx.execute(text("SELECT set_config('enable_sort', 'on', true)"))
    return found


async def scores(
    tx: Tx,
    texts: Mapping[UUID, float],
    cosines: Mapping[UUID, float],
    *,
    weights: Weights | None,
    vector: Sequence[float],
    model: str,
) -> list[Candidate]:
    """Both scores of the blocks of which one or both are known, by block id. Without `weights` the BM25 of the others
    is 0.
    """
    ids = list(texts.keys() | cosines.keys())
    rows = await tx.execute(
        typed(
            f"""
            SELECT c.id, coalesce(c.score, {_BM25 if weights is not None else "0"}, 0),
                   coalesce(c.cosine, 1 - (e.embedding <=> CAST(:vector AS halfvec)))
            FROM unnest(CAST(:ids AS uuid[]), CAST(:texts AS float8[]), CAST(:cosines AS float8[])) c(id, score, cosine)
              LEFT JOIN LATERAL (SELECT {_TERMS}, b.length FROM blocks b
                       WHERE c.score IS NULL AND b.workspace_id = :workspace_id AND b.id = c.id OFFSET 0) m ON true
              LEFT JOIN LATERAL (SELECT e.embedding FROM block_embeddings e
                       WHERE c.cosine IS NULL AND e.workspace_id = :workspace_id AND e.block_id = c.id
                         AND e.model = :model OFFSET 0) e ON true
            """,  # noqa: S608  only constants of this module are put in
            ids=UUIDS,
        ),
        {
            "workspace_id": tx.workspace_id,
            "ids": ids,
            "texts": [texts.get(block) for block in ids],
            "cosines": [cosines.get(block) for block in ids],
            "vector": written(vector),
            "model": model,
            **({} if weights is None else _weights(weights)),
        },
    )
    return [Candidate(row[0], float(row[1]), None if row[2] is None else float(row[2])) for row in rows]


def _weights(weights: Weights) -> dict[str, Any]:
    return {
        "terms": list(weights.idf),
        "idfs": list(weights.idf.values()),
        "average": weights.average_length,
        "k1": weights.k1,
        "b": weights.b,
    }


def _conditions(filters: Filters) -> tuple[str, str, dict[str, Any]]:
    """(conditions on b, s and v; joins of s and v where they are needed; parameters). Constants and names only."""
    where: list[str] = []
    params: dict[str, Any] = {}
    if filters.states is not None:
        where.append("b.state = ANY(:states)")
        params["states"] = list(filters.states)
    if filters.source_ids is not None:
        where.append("b.source_id = ANY(:source_ids)")
        params["source_ids"] = list(filters.source_ids)
    if filters.kinds is not None:
        where.append("b.kind = ANY(:kinds)")
        params["kinds"] = list(filters.kinds)
    versions: list[str] = []
    if filters.content_types is not None:
        versions.append("v.content_type = ANY(:content_types)")
        params["content_types"] = list(filters.content_types)
    if filters.captured_from is not None:
        versions.append("v.created_at >= :captured_from")
        params["captured_from"] = filters.captured_from
    if filters.captured_to is not None:
        versions.append("v.created_at < :captured_to")
        params["captured_to"] = filters.captured_to
    tables = (
        " JOIN source_versions v ON v.workspace_id = b.workspace_id AND v.source_id = b.source_id"
        " AND v.version = b.version"
        if versions
        else ""
    )
    return "".join(f" AND {condition}" for condition in (*where, *versions)), tables, params


def _statement(sql: str, params: Mapping[str, Any]) -> TextClause:
    types = {"source_ids": UUIDS, "kinds": TEXTS, "states": TEXTS, "content_types": TEXTS}
    return typed(sql, **{name: types[name] for name in params if name in types})
