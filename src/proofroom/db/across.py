"""What may be asked across workspaces: ids only, through SECURITY DEFINER functions of the migrations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from proofroom.db.statements import text
from proofroom.db.tx import Database

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many legs may be at work in one workspace: altogether, and of each agent type named. None: any number."""

    per_workspace: int | None = None
    per_agent: Mapping[str, int] = field(default_factory=dict[str, int])

    def __bool__(self) -> bool:
        return self.per_workspace is not None or bool(self.per_agent)


ANY_NUMBER = Limits()


async def next_legs(db: Database, limit: int, limits: Limits) -> list[Pair]:
    """(workspace, session) whose turn it is: first those whose worker died, then those that wait.

    Of the waiting, the workspace that has least at work comes first, and in it the one that waits longest, a minute
    for each step of its priority on top. Where a limit is reached, none.
    """
    return [
        (r[0], r[1])
        for r in await _rows(
            db,
            "SELECT * FROM proofroom_next_legs(:n, CAST(:w AS int), CAST(:a AS jsonb))",
            n=limit,
            w=limits.per_workspace,
            a=json.dumps(dict(limits.per_agent)),
        )
    ]


Neglected = Literal["approval", "review", "delivery", "source", "project"]

_NEGLECTED = """
SELECT 'approval', workspace_id, checkpoint_id, CAST(NULL AS int) FROM proofroom_due_approvals(:n)
UNION ALL SELECT 'review', workspace_id, checkpoint_id, NULL FROM proofroom_due_reviews(:n)
UNION ALL SELECT 'delivery', workspace_id, delivery_id, NULL FROM proofroom_due_deliveries(:n)
UNION ALL SELECT 'source', workspace_id, source_id, version
  FROM proofroom_stale_sources(make_interval(secs => :stale), :n)
UNION ALL SELECT 'project', workspace_id, project_id, NULL
  FROM proofroom_without_vectors(CAST(:model AS text), 50) WHERE CAST(:model AS text) IS NOT NULL
"""


async def neglected(
    db: Database, *, stale_seconds: float, model: str | None, limit: int = 200
) -> list[tuple[Neglected, UUID, UUID, int | None]]:
    """(what, workspace, id, version of a source) of what is due or was left lying, up to so many of each, in one look:

    approvals whose time to undo has run out, reviews that expired or are to be reminded of, effects that are to be
    tried now, captures that nobody finished for so long, and projects in which a passage may have no vector of this
    model, small ones first (None: not asked).
    """
    rows = await _rows(db, _NEGLECTED, n=limit, stale=stale_seconds, model=model)
    return [(r[0], r[1], r[2], r[3]) for r in rows]


async def key_owner(db: Database, key_hash: bytes) -> tuple[UUID, UUID, UUID] | None:
    """(workspace, member, key) that a hashed API key belongs to, unless it was revoked."""
    rows = await _rows(db, "SELECT * FROM proofroom_key_owner(:h)", h=key_hash)
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


async def workspace_ids(db: Database) -> list[UUID]:
    return [r[0] for r in await _rows(db, "SELECT * FROM proofroom_workspace_ids()")]


async def _rows(db: Database, sql: str, **parameters: object) -> list[Any]:
    return await db.ask(text(sql), parameters)
