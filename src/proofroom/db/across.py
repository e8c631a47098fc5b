"""What may be asked across workspaces: ids only, through SECURITY DEFINER functions of the migrations."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from proofroom.db.tx import Database

Pair = tuple[UUID, UUID]


async def claimable_sessions(db: Database, limit: int = 200) -> list[Pair]:
    """(workspace, session) of everything that waits for a worker or lost its own."""
    return [(r[0], r[1]) for r in await _rows(db, "SELECT * FROM proofroom_claimable(:n)", n=limit)]


async def due_approvals(db: Database, limit: int = 200) -> list[Pair]:
    """(workspace, checkpoint) of approvals whose time to undo has run out."""
    return [(r[0], r[1]) for r in await _rows(db, "SELECT * FROM proofroom_due_approvals(:n)", n=limit)]


async def due_reviews(db: Database, limit: int = 200) -> list[Pair]:
    """(workspace, checkpoint) of reviews that expired or are to be reminded of."""
    return [(r[0], r[1]) for r in await _rows(db, "SELECT * FROM proofroom_due_reviews(:n)", n=limit)]


async def due_deliveries(db: Database, limit: int = 200) -> list[Pair]:
    """(workspace, delivery) of effects that are to be tried now."""
    return [(r[0], r[1]) for r in await _rows(db, "SELECT * FROM proofroom_due_deliveries(:n)", n=limit)]


async def stale_sources(
    db: Database, older_than_seconds: float, limit: int = 200
) -> list[tuple[UUID, UUID, int]]:
    """(workspace, source, version) of captures that nobody finished."""
    rows = await _rows(
        db,
        "SELECT * FROM proofroom_stale_sources(make_interval(secs => :age), :n)",
        age=older_than_seconds,
        n=limit,
    )
    return [(r[0], r[1], r[2]) for r in rows]


async def without_vectors(db: Database, model: str, limit: int = 50) -> list[Pair]:
    """(workspace, project) of projects in which a passage may have no vector of this model, small ones first."""
    return [
        (r[0], r[1])
        for r in await _rows(db, "SELECT * FROM proofroom_without_vectors(:m, :n)", m=model, n=limit)
    ]


async def key_owner(db: Database, key_hash: bytes) -> tuple[UUID, UUID, UUID] | None:
    """(workspace, member, key) that a hashed API key belongs to, unless it was revoked."""
    rows = await _rows(db, "SELECT * FROM proofroom_key_owner(:h)", h=key_hash)
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


async def workspace_ids(db: Database) -> list[UUID]:
    return [r[0] for r in await _rows(db, "SELECT * FROM proofroom_workspace_ids()")]


async def _rows(db: Database, sql: str, **parameters: object) -> list[Any]:
    async with db.across() as session:
        return list((await session.execute(text(sql), parameters)).all())
