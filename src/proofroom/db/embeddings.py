"""Queries on the vectors of blocks: which are missing, writing them, how far it is.

The vectors of a project are those of its live blocks: the database's triggers take the others away (migration 0003).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from proofroom.db.statements import TEXTS, UUIDS, text, typed
from proofroom.db.tx import EVENTS_CHANNEL, Tx


@dataclass(frozen=True, slots=True)
class Held:
    """How many of a project's `blocks` have a vector of the model asked about, and how many one of another."""

    blocks: int
    embedded: int
    others: int

    @property
    def complete(self) -> bool:
        return self.embedded >= self.blocks and not self.others


async def held(tx: Tx, project_id: UUID, model: str) -> Held:
    """Counts only while vectors are missing: a project that has them all says so in one row."""
    row = (
        await tx.execute(
            text("SELECT block_count, vectors_model FROM baskets WHERE project_id = :project_id"),
            {"project_id": project_id},
        )
    ).one_or_none()
    blocks = 0 if row is None else int(row[0])
    if row is not None and row[1] == model:
        return Held(blocks, blocks, 0)
    counts = await tx.execute(
        text(
            "SELECT model = :model, count(*) FROM block_embeddings"
            " WHERE workspace_id = :workspace_id AND project_id = :project_id GROUP BY 1"
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id, "model": model},
    )
    found = {bool(own): int(n) for own, n in counts}
    return Held(blocks, found.get(True, 0), found.get(False, 0))


async def estimate(tx: Tx) -> int:
    """About how many vectors the database holds, of all projects and workspaces, as its planner knows it."""
    found = await tx.execute(text("SELECT reltuples FROM pg_class WHERE oid = 'block_embeddings'::regclass"))
    return max(0, int(found.scalar_one()))


async def claim(
    tx: Tx, project_id: UUID, model: str, *, after: UUID | None, limit: int
) -> list[tuple[UUID, str, str | None, str]]:
    """(block id, source's title, heading, text) of live blocks without a vector of this model, the newest first; a
    title that is only a file name or an address is empty.

    They are locked until the transaction ends, and blocks that another worker holds are passed over: no two workers
    embed the same block, and none changes its state meanwhile. `after` is the last id of the portion before.
    """
    rows = await tx.execute(
        text("""
            SELECT b.id, CASE WHEN s.title IN (coalesce(s.filename, ''), coalesce(s.url, '')) THEN '' ELSE s.title END,
                   b.heading, b.text
            FROM blocks b JOIN sources s ON s.workspace_id = b.workspace_id AND s.id = b.source_id
            WHERE b.workspace_id = :workspace_id AND b.project_id = :project_id AND b.length > 0
              AND b.state IN ('accepted', 'locked') AND (CAST(:after AS uuid) IS NULL OR b.id < :after)
              AND NOT EXISTS (SELECT 1 FROM block_embeddings e WHERE e.workspace_id = b.workspace_id
                              AND e.block_id = b.id AND e.model = :model)
            ORDER BY b.id DESC LIMIT :limit FOR NO KEY UPDATE OF b SKIP LOCKED
            """),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "model": model,
            "after": after,
            "limit": limit,
        },
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def write(
    tx: Tx, project_id: UUID, model: str, block_ids: Sequence[UUID], vectors: Sequence[Sequence[float]]
) -> None:
    """Writes the vectors of claimed blocks; a vector of another model is replaced."""
    await tx.execute(
        typed(
            """
            INSERT INTO block_embeddings (workspace_id, project_id, block_id, model, embedding)
            SELECT :workspace_id, :project_id, n.id, :model, CAST(n.vector AS halfvec)
            FROM unnest(CAST(:ids AS uuid[]), CAST(:vectors AS text[])) n(id, vector)
            ON CONFLICT (workspace_id, block_id)
            DO UPDATE SET model = excluded.model, embedding = excluded.embedding
            """,
            ids=UUIDS,
            vectors=TEXTS,
        ),
        {
            "workspace_id": tx.workspace_id,
            "project_id": project_id,
            "model": model,
            "ids": list(block_ids),
            "vectors": [written(vector) for vector in vectors],
        },
    )


async def complete(tx: Tx, project_id: UUID, model: str) -> bool:
    """Marks the project as complete, unless a vector is missing; the project's counts are locked first, so that nobody
    adds a block between the look and the mark."""
    missing = await tx.execute(
        text(
            """
            SELECT 1 FROM blocks b
            WHERE b.workspace_id = :workspace_id AND b.project_id = :project_id AND b.length > 0
              AND b.state IN ('accepted', 'locked')
              AND NOT EXISTS (SELECT 1 FROM block_embeddings e WHERE e.workspace_id = b.workspace_id
                              AND e.block_id = b.id AND e.model = :model)
            LIMIT 1
            """
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id, "model": model},
    )
    if missing.first() is not None:
        return False
    await tx.execute(
        text("UPDATE baskets SET vectors_model = :model WHERE project_id = :project_id"),
        {"project_id": project_id, "model": model},
    )
    return True


async def mark(tx: Tx, project_id: UUID) -> str | None:
    """The model that every block has a vector of, None when one may be missing."""
    found = await tx.execute(
        text("SELECT vectors_model FROM baskets WHERE project_id = :project_id"), {"project_id": project_id}
    )
    return found.scalar_one_or_none()


async def reopen(tx: Tx, project_id: UUID, model: str) -> int:
    """Removes the vectors of every other model and takes the mark away; answers how many were removed."""
    removed = await tx.execute(
        text(
            "DELETE FROM block_embeddings WHERE workspace_id = :workspace_id AND project_id = :project_id"
            " AND model <> :model RETURNING 1"
        ),
        {"workspace_id": tx.workspace_id, "project_id": project_id, "model": model},
    )
    n = len(removed.all())
    await tx.execute(
        text("UPDATE baskets SET vectors_model = NULL WHERE project_id = :project_id"),
        {"project_id": project_id},
    )
    return n


async def announce(tx: Tx, project_id: UUID) -> None:
    """Tells listeners, once this transaction commits, that a project's vectors went on. Ids only."""
    payload = {"kind": "index", "workspace_id": str(tx.workspace_id), "project_id": str(project_id)}
    await tx.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": EVENTS_CHANNEL, "payload": json.dumps(payload)},
    )


def written(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.6g}" for number in vector) + "]"
