"""Edits of a reviewer: their own version of what they were shown, checked like anybody's."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import ArtifactVersion, WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.checkpoint import Acknowledgement
from proofroom.domain.document import ArtifactDocument, as_typed, from_json
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.services import artifacts, evidence, outside
from proofroom.services.access import Actor, require
from proofroom.services.catalog import CHECK
from proofroom.services.ledgers import Ahead
from proofroom.services.outside import Read


async def save_edits(
    tx: Tx,
    actor: Actor,
    row: WorkSession,
    checkpoint: WorkCheckpoint,
    edits: Sequence[Mapping[str, Any]],
    ahead: Ahead = artifacts.NOTHING_AHEAD,
) -> list[dict[str, Any]]:
    """New versions authored by the person. Edits that change nothing are no edits.

    Raises InvalidInput (`edited_twice`, `unknown_artifact`, `document_invalid`), Conflict (`stale_packet`).
    """
    _once_each(edits)
    saved: list[dict[str, Any]] = []
    by_id = {a["artifact_id"]: a for a in checkpoint.packet["artifacts"]}
    for edit in edits:
        shown = by_id.get(str(edit.get("artifact_id")))
        if shown is None:
            raise _unknown()
        artifact = await db_artifacts.get(tx, row.id, UUID(shown["artifact_id"]))
        version = await db_artifacts.version(tx, artifact.id, artifact.version)
        stands = artifacts.content_digest(artifact.artifact_type, version.title, version.document)
        if version.version != shown["version"] or stands != shown["digest"]:
            raise Conflict(
                "stale_packet",
                f"“{shown['title']}” is not the version that you looked at any more. Nothing was decided.",
                hint="Look at the current packet and edit that.",
            )
        document = _edited(row, version, edit.get("body"))
        result = await artifacts.save(
            tx, row, slot=artifact.slot, artifact_type=artifact.artifact_type,
            title=document.title or version.title, document=document, high_impact=version.high_impact,
            confidence=version.confidence, author="person", author_id=actor.member_id,
            ahead=ahead,
        )  # fmt: skip
        if result.changed:
            saved.append({"artifact_id": str(artifact.id), "version": result.version})
    return saved


def _edited(row: WorkSession, version: ArtifactVersion, body: Any) -> ArtifactDocument:
    refs = version.document.get("refs", {})
    if isinstance(body, dict):
        body = {**cast(dict[str, Any], body), "refs": refs}  # an edit cites what the version cites
    document = artifacts.read_body(body, title=version.title, refs=refs)
    return as_typed(document) if row.agent_type == CHECK else document


async def compared(
    read: Read,
    actor: Actor,
    session_id: UUID,
    checkpoint_id: UUID,
    edits: Sequence[Mapping[str, Any]],
    project_id: UUID | None = None,
) -> list[dict[str, Any]]:
    """What a check would find in the blocks that edits {artifact_id, body} changed or added: {artifact_id, claims}.

    Nothing is stored or decided. Each claim is judged by itself, so the other blocks need not be compared again; paths
    are those of the edited document.

    Raises NotAllowed, NotFound, InvalidInput (`edited_twice`, `unknown_artifact`, `document_invalid`).
    """
    require(actor, "reviewer")
    _once_each(edits)
    async with read() as tx:
        row = await work_sessions.get(tx, session_id, project_id)
        checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
    shown = {a["artifact_id"]: a for a in checkpoint.packet["artifacts"]}
    found: list[dict[str, Any]] = []
    for edit in edits:
        artifact = shown.get(str(edit.get("artifact_id")))
        if artifact is None:
            raise _unknown()
        async with read() as tx:
            version = await db_artifacts.version(tx, UUID(artifact["artifact_id"]), artifact["version"])
        document = await asyncio.to_thread(_edited, row, version, edit.get("body"))
        claims = await _compared(read, row, artifact["slot"], version.document, document)
        found.append({"artifact_id": artifact["artifact_id"], "claims": claims})
    return found


async def _compared(
    read: Read, row: WorkSession, slot: str, before: Mapping[str, Any], after: ArtifactDocument
) -> list[dict[str, Any]]:
    changed = await asyncio.to_thread(_changed, before, after)
    part = replace(after, blocks=tuple(after.blocks[n] for n in changed))
    if row.agent_type == CHECK:
        within = None if row.source_ids is None else [UUID(s) for s in row.source_ids]
        claims = await outside.check_draft(read, row.project_id, part, slot, within)
    else:
        async with read() as tx:
            claims = await evidence.check(tx, row, part, namespace=slot)
    return [claim | {"path": [changed[claim["path"][0]], *claim["path"][1:]]} for claim in claims]


def _changed(before: Mapping[str, Any], after: ArtifactDocument) -> list[int]:
    """Indexes of the blocks that do not stand in the document `before`, in a time that grows with both and not with
    their product. Blocks with the same words are the same; a block may hold what has no hash."""
    known = {repr(block) for block in from_json(before).blocks}
    return [n for n, block in enumerate(after.blocks) if repr(block) not in known]


def _once_each(edits: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for n, edit in enumerate(edits):
        named = str(edit.get("artifact_id"))
        if named in seen:
            raise InvalidInput(
                "edited_twice",
                f"Edit {n + 1} is of an artifact that an edit before it is of, too.",
                hint="Send one edit of each artifact, with all that changes in it.",
                field=f"edits.{n}.artifact_id",
            )
        seen.add(named)


def _unknown() -> InvalidInput:
    return InvalidInput(
        "unknown_artifact",
        "An edit names an artifact that is not in this packet.",
        hint="Edit artifacts of the packet that you name.",
        field="edits",
    )


def still_there(
    before: Mapping[str, Any], after: Mapping[str, Any], acknowledged: Sequence[Acknowledgement]
) -> list[Acknowledgement]:
    """Acknowledgements of claims that an edit has removed fall away; unknown ones stay, to be refused."""
    was = {c["id"] for a in before["artifacts"] for c in a["claims"]}
    now = {c["id"] for a in after["artifacts"] for c in a["claims"]}
    return [a for a in acknowledged if a.claim_id in now or a.claim_id not in was]
