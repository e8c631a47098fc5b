"""What changed: between two versions of an artifact, and since the report signed before in the same project."""

import asyncio
from itertools import zip_longest
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.document import from_json, inline_at, plain, to_json
from proofroom.domain.evidence import split_claims
from proofroom.domain.textdiff import align, diff_documents, diff_to_json


async def diff(
    tx: Tx, session_id: UUID, artifact_id: UUID, *, from_version: int | None, to_version: int | None
) -> dict[str, Any]:
    """{artifact_id, slot, from, to, blocks: [{type, kind}], changes: [{block, kind, text}]} of two versions.

    Without numbers, the current version and the one before it. Raises NotFound (`artifact_not_found`,
    `version_not_found`).
    """
    row = await db_artifacts.get(tx, session_id, artifact_id)
    late = row.version if to_version is None else to_version
    early = max(1, late - 1) if from_version is None else from_version
    old, new = [from_json((await db_artifacts.version(tx, row.id, n)).document) for n in (early, late)]
    made = await asyncio.to_thread(diff_documents, old, new)
    return {
        "artifact_id": str(row.id), "slot": row.slot, "from": early, "to": late, **diff_to_json(made),
    }  # fmt: skip


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
    for equal, a, b, c, d in align(before, after):
        if equal:
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
                said = plain(inline_at(document, claim.path) or "").shown(claim.char_start, claim.char_end)
                by_block.setdefault(claim.path[0], []).append(said)
        for index, block in enumerate(to_json(document)["blocks"]):
            if block["type"] == "table":
                units += [
                    " | ".join("" if c is None else plain(str(c)).shown() for c in r) for r in block["rows"]
                ]
            else:
                units += by_block.get(index, [])
    return units
