"""Edits of a reviewer: their own version of what they were shown, checked like anybody's."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.checkpoint import Acknowledgement
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.services import artifacts
from proofroom.services.access import Actor
from proofroom.services.ledgers import Ahead


async def save_edits(
    tx: Tx,
    actor: Actor,
    row: WorkSession,
    checkpoint: WorkCheckpoint,
    edits: Sequence[Mapping[str, Any]],
    ahead: Ahead = artifacts.NOTHING_AHEAD,
) -> list[dict[str, Any]]:
    """New versions authored by the person. Edits that change nothing are no edits."""
    saved: list[dict[str, Any]] = []
    by_id = {a["artifact_id"]: a for a in checkpoint.packet["artifacts"]}
    for edit in edits:
        shown = by_id.get(str(edit.get("artifact_id")))
        if shown is None:
            raise InvalidInput(
                "unknown_artifact",
                "An edit names an artifact that is not in this packet.",
                hint="Edit artifacts of the packet that you name.",
                field="edits",
            )
        artifact = await db_artifacts.get(tx, row.id, UUID(shown["artifact_id"]))
        version = await db_artifacts.version(tx, artifact.id, artifact.version)
        stands = artifacts.content_digest(artifact.artifact_type, version.title, version.document)
        if version.version != shown["version"] or stands != shown["digest"]:
            raise Conflict(
                "stale_packet",
                f"“{shown['title']}” is not the version that you looked at any more. Nothing was decided.",
                hint="Look at the current packet and edit that.",
            )
        refs = version.document.get("refs", {})
        body: Any = edit.get("body")
        if isinstance(body, dict):
            body = {**cast(dict[str, Any], body), "refs": refs}  # an edit cites what the version cites
        document = artifacts.read_body(body, title=version.title, refs=refs)
        result = await artifacts.save(
            tx, row, slot=artifact.slot, artifact_type=artifact.artifact_type,
            title=document.title or version.title, document=document, high_impact=version.high_impact,
            confidence=version.confidence, author="person", author_id=actor.member_id,
            ahead=ahead,
        )  # fmt: skip
        if result.changed:
            saved.append({"artifact_id": str(artifact.id), "version": result.version})
    return saved


def still_there(
    before: Mapping[str, Any], after: Mapping[str, Any], acknowledged: Sequence[Acknowledgement]
) -> list[Acknowledgement]:
    """Acknowledgements of claims that an edit has removed fall away; unknown ones stay, to be refused."""
    was = {c["id"] for a in before["artifacts"] for c in a["claims"]}
    now = {c["id"] for a in after["artifacts"] for c in a["claims"]}
    return [a for a in acknowledged if a.claim_id in now or a.claim_id not in was]
