"""New text of an outside draft compared with its sources before its session is locked.

That takes seconds for a long draft, and a lock that is held so long keeps everybody else from deciding. What was
compared is used under the lock only while all that it rests on is the same there.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import ArtifactVersion, WorkArtifact, WorkSession
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.document import ArtifactDocument, to_json
from proofroom.services import ledgers, outside
from proofroom.services.access import Actor, require
from proofroom.services.artifacts import content_digest, read_body
from proofroom.services.catalog import CHECK
from proofroom.services.checks import read_draft
from proofroom.services.ledgers import Ahead, Ledger
from proofroom.services.outside import Read

NOTHING: Ahead = {}


@dataclass(frozen=True, slots=True)
class _Stand:
    """The outside draft that waits, as it is now."""

    row: WorkSession
    artifact: WorkArtifact
    version: ArtifactVersion


async def of_draft(
    read: Read, actor: Actor, session_id: UUID, checkpoint_id: UUID, packet_digest: str | None, draft: str
) -> Ahead:
    """The ledger of a draft that is handed in; nothing where it is going to be refused.

    Raises NotAllowed, NotFound, InvalidInput (`draft_empty`, …).
    """
    require(actor, "requester")
    stand = await _stand(read, session_id, checkpoint_id, packet_digest)
    if stand is None:
        return NOTHING
    title = stand.version.document["title"] or None
    document = await asyncio.to_thread(read_draft, draft, title)
    return await _ledger(read, stand, stand.version.title, document)


async def of_edits(
    read: Read,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    packet_digest: str | None,
    edits: Sequence[Mapping[str, Any]],
) -> Ahead:
    """The ledger of a draft as a person edited it; nothing where that is not about to be signed.

    Raises NotAllowed, NotFound, InvalidInput (`document_invalid`).
    """
    require(actor, "reviewer")
    stand = await _stand(read, session_id, checkpoint_id, packet_digest) if len(edits) == 1 else None
    if stand is None or str(edits[0].get("artifact_id")) != str(stand.artifact.id):
        return NOTHING
    refs = stand.version.document.get("refs", {})
    body: Any = edits[0].get("body")
    if isinstance(body, dict):
        body = {**cast(dict[str, Any], body), "refs": refs}
    document = await asyncio.to_thread(read_body, body, title=stand.version.title, refs=refs)
    return await _ledger(read, stand, document.title or stand.version.title, document)


async def _stand(
    read: Read, session_id: UUID, checkpoint_id: UUID, packet_digest: str | None
) -> _Stand | None:
    """None where the decision will be refused, or is about no outside draft: that is found out under the lock."""
    async with read() as tx:
        row = await work_sessions.get(tx, session_id)
        checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
        current = await db_artifacts.current(tx, session_id)
    waits = checkpoint.status == CheckpointStatus.PENDING_REVIEW and checkpoint.packet_digest == packet_digest
    if row.agent_type != CHECK or not waits or len(current) != 1:
        return None
    return _Stand(row, *current[0])


async def _ledger(read: Read, stand: _Stand, title: str, document: ArtifactDocument) -> Ahead:
    row, artifact = stand.row, stand.artifact
    content = content_digest(artifact.artifact_type, title, await asyncio.to_thread(to_json, document))
    source_ids = None if row.source_ids is None else [UUID(s) for s in row.source_ids]
    async with read() as tx:
        basis = await ledgers.basis(tx, row, artifact.slot)
    claims = await outside.check_draft(read, row.project_id, document, artifact.slot, source_ids)
    return {content: Ledger(basis, claims)}
