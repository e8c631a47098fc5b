"""What changed since last time: a report beside the one signed before it in the same project."""

from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.document import from_json, plain, to_json
from proofroom.domain.evidence import split_claims


async def since_last(tx: Tx, row: WorkSession) -> dict[str, Any] | None:
    """{previous: {id, title, settled_at}, changes: [{kind, text}]} against the last completed session of the
    same kind in this project; None when there is none.

    `kind` is same, removed or added; the units are sentences and rows of tables, in reading order.
    """
    earlier = [
        s
        for s in await work_sessions.page(tx, project_id=row.project_id, statuses=("completed",), limit=50)
        if s.agent_type == row.agent_type and s.id < row.id
    ]
    if not earlier:
        return None
    previous = earlier[0]
    before, after = await _units(tx, previous.id), await _units(tx, row.id)
    changes: list[dict[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            changes += [{"kind": "same", "text": text} for text in before[a:b]]
        else:
            # One beside the other: rows of a table and sentences that only changed a figure stand in pairs.
            for old, new in zip_longest(before[a:b], after[c:d]):
                changes += [{"kind": "removed", "text": old}] if old is not None else []
                changes += [{"kind": "added", "text": new}] if new is not None else []
    return {
        "previous": {
            "id": str(previous.id),
            "title": previous.title,
            "settled_at": previous.settled_at.isoformat() if previous.settled_at else None,
        },
        "changes": changes,
    }


async def _units(tx: Tx, session_id: UUID) -> list[str]:
    units: list[str] = []
    for _, version in await db_artifacts.current(tx, session_id):
        document = from_json(version.document)
        by_block: dict[int, list[str]] = {}
        for claim in split_claims(document):
            if claim.kind == "sentence":
                by_block.setdefault(claim.path[0], []).append(claim.text)
        for index, block in enumerate(to_json(document)["blocks"]):
            if block["type"] == "table":
                units += [
                    " | ".join("" if c is None else plain(str(c)).text for c in r) for r in block["rows"]
                ]
            else:
                units += by_block.get(index, [])
    return units
