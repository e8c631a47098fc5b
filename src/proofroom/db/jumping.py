"""Titles that hold some words, among the latest of each kind: what somebody types who knows what they want to open.

Looking stops at LATEST rows of a kind, so that it costs the same with a year behind it; for more there is search.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer

from proofroom.db.lists import listed
from proofroom.db.statements import TEXTS, typed
from proofroom.db.tx import Tx

LATEST = 5_000

_LISTED = {
    "project": "true", "review": "true", "session": listed("l"), "source": "p.archived_at IS NULL",
}  # fmt: skip
"""Of what is among the latest, what is shown; see `lists.listed`."""

# Row-level security keeps to the workspace.
_KINDS = {
    "project": "SELECT id, id AS project_id, name AS title, NULL AS status, NULL::uuid AS session_id FROM projects"
    " WHERE archived_at IS NULL",
    "review": "SELECT c.id, c.project_id, s.title, c.status, c.session_id FROM work_checkpoints c JOIN work_sessions s"
    " ON s.workspace_id = c.workspace_id AND s.id = c.session_id"
    " WHERE c.status = 'pending_review' AND NOT c.approve_pending",
    "session": "SELECT id, project_id, title, status, id AS session_id FROM work_sessions WHERE true",
    "source": "SELECT id, project_id, title, NULL AS status, NULL::uuid AS session_id FROM sources"
    " WHERE retracted_at IS NULL AND origin <> 'artifact'",
}


def _query(kind: str, rows: str) -> Any:
    order = "c.id" if kind == "review" else "id"
    return typed(
        f"""
        SELECT l.id, l.project_id, p.name, l.title, l.status, l.session_id, p.archived_at IS NOT NULL
        FROM ({rows} AND {order.removesuffix("id")}workspace_id = proofroom_workspace()
          ORDER BY {order} DESC LIMIT {LATEST}) l
        JOIN projects p ON p.workspace_id = proofroom_workspace() AND p.id = l.project_id
        WHERE {_LISTED[kind]} AND l.title ILIKE ALL (:patterns) ORDER BY l.id DESC LIMIT :most
        """,  # noqa: S608  constants of this module
        patterns=TEXTS, most=Integer(),
    )  # fmt: skip


_QUERIES = {kind: _query(kind, rows) for kind, rows in _KINDS.items()}


async def titled(tx: Tx, words: Sequence[str], most: int) -> list[dict[str, Any]]:
    """{kind, id, project {id, name, archived}, title, status, session_id} of what has all words in its title, at most
    `most` of each kind, the latest first."""
    patterns = [
        "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for word in words
    ]
    return [
        {
            "kind": kind, "id": str(row[0]), "title": row[3], "status": row[4],
            "project": {"id": str(row[1]), "name": row[2], "archived": row[6]},
            "session_id": None if row[5] is None else str(row[5]),
        }
        for kind, query in _QUERIES.items()
        for row in await tx.execute(query, {"patterns": patterns, "most": most})
    ]  # fmt: skip
