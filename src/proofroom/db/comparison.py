"""Which passages of a project can disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proofroom.db.blocks import LIVE
from proofroom.db.statements import TEXTS, typed
from proofroom.db.tx import Tx

KINDS = ("paragraph", "list_item", "quote")
"""Kinds of passages that say something in sentences. Rows of tables, headings and code do not."""
_AT_ONCE = 200

_PASSAGES = f"""
    SELECT b.id, b.text, s.id IS NOT DISTINCT FROM CAST(:first AS uuid) AS own, count(*) OVER () AS comparable,
      row_number() OVER (ORDER BY s.id IS DISTINCT FROM CAST(:first AS uuid), v.created_at DESC, s.id DESC,
        b.version, b.ordinal) AS n
    FROM sources s, LATERAL (
      SELECT v.created_at FROM source_versions v WHERE v.workspace_id = :workspace_id AND v.source_id = s.id
        AND v.version = greatest(s.version, 1) OFFSET 0) v, LATERAL (
      SELECT b.id, b.text, b.version, b.ordinal FROM blocks b WHERE b.workspace_id = :workspace_id
        AND b.source_id = s.id AND b.state IN {LIVE} AND b.kind = ANY(:kinds) OFFSET 0) b
    WHERE s.workspace_id = :workspace_id AND s.project_id = :project_id AND s.bears AND s.retracted_at IS NULL
    ORDER BY n LIMIT :limit
"""  # noqa: S608  only a constant is put in


@dataclass(frozen=True, slots=True)
class Comparable:
    """Passages (ids of blocks) in the order in which they are compared. The first `own` are those of the source that
    was asked for; `of` is how many there are in all.
    """

    blocks: Sequence[str]
    own: int
    of: int


async def comparable(tx: Tx, project_id: UUID, first: UUID | None, limit: int) -> Comparable:
    """The passages in use of a project's sources that say something in sentences, at most `limit`: those of the source
    `first`, then those of the sources whose present version is newest; of each source in reading order.
    """
    # In one row: thousands of them would hold the event loop.
    found = await tx.execute(
        typed(
            "SELECT string_agg(p.id::text, ',' ORDER BY p.n), count(*) FILTER (WHERE p.own), max(p.comparable)"  # noqa: S608
            f" FROM ({_PASSAGES}) p",
            kinds=TEXTS,
        ),
        _params(tx, project_id, first, limit),
    )
    ids, own, of = found.one()
    return Comparable(ids.split(",") if ids else [], int(own), int(of or 0))


async def texts(tx: Tx, project_id: UUID, first: UUID | None, limit: int) -> list[str]:
    """The texts of the same passages in the same order, where both are asked for in one state of the database."""
    rows = await tx.stream(
        typed(f"SELECT p.text FROM ({_PASSAGES}) p ORDER BY p.n", kinds=TEXTS),  # noqa: S608
        _params(tx, project_id, first, limit),
        execution_options={"yield_per": _AT_ONCE},
    )
    try:
        return [str(row[0]) async for row in rows]
    finally:
        await rows.close()


def _params(tx: Tx, project_id: UUID, first: UUID | None, limit: int) -> dict[str, Any]:
    return {
        "workspace_id": tx.workspace_id,
        "project_id": project_id,
        "first": first,
        "kinds": list(KINDS),
        "limit": limit,
    }
