"""Approvals that are carried over from the version that was sent back, and what is left to read."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, projects
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.carry import Seen, Targets, carried, reading_left, unchanged
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.document import from_json
from proofroom.domain.signing import Signing, signing_of
from proofroom.services import seals


async def packet_part(
    tx: Tx, session: WorkSession, iteration: int, shown: Sequence[dict[str, Any]], signing: Signing
) -> dict[str, Any]:
    """{carried_from, reread} of a packet; puts `carried`, ids of claims, into each artifact that is shown.

    `carried_from` is the review that the approvals come from, `reread` {words, of}: what is still to be read of
    all there is. Both are None in the first iteration, and where nothing can be carried: the review that sent it
    back must have been the final gate, by somebody whom `signing` lets sign now, and only one signature may be
    needed, then and now, since nobody else looked. `kept_before` of an artifact says of each claim that was kept
    with a reason then, and has not changed, by whom and why; it has to be settled again.
    """
    for artifact in shown:
        artifact["carried"] = []
        artifact["kept_before"] = []
    reviewed = await _reviewed(tx, session, iteration)
    if reviewed is not None:
        await _kept_before(tx, reviewed, shown)
    if (
        reviewed is None
        or signing_of(reviewed.packet).quorum > 1
        or signing.quorum > 1
        or str(reviewed.decided_by) in signing.barred
    ):
        return {"carried_from": None, "reread": None}
    asked = [o for o in await db_artifacts.obligations(tx, session.id) if o.iteration < iteration]
    current = await projects.current_versions(tx, session.project_id)
    before = {a["slot"]: a for a in reviewed.packet["artifacts"]}
    left = total = 0
    for artifact in shown:
        now = await _seen(tx, artifact)
        then = before.get(artifact["slot"])
        mine = [o for o in asked if o.artifact_slot in (None, artifact["slot"])]
        targets = Targets(
            claims=[o.claim_text for o in mine if o.claim_text is not None],
            passages=[o.passage for o in mine if o.passage is not None],
        )
        if then is not None:
            reviewed_version = await _seen(tx, then)
            artifact["carried"] = list(
                await asyncio.to_thread(carried, reviewed_version, now, targets, current=current)
            )
        words, of = await asyncio.to_thread(reading_left, now, artifact["carried"])
        left, total = left + words, total + of
    decision: Mapping[str, Any] = reviewed.decision or {}
    return {
        "carried_from": {
            "checkpoint_id": str(reviewed.id), "packet_digest": reviewed.packet_digest,
            "by": decision.get("by"), "name": decision.get("name"), "decision": decision.get("decision"),
            "versions": {a["artifact_id"]: a["version"] for a in reviewed.packet["artifacts"]},
        },
        "reread": {"words": left, "of": total},
    }  # fmt: skip


async def _reviewed(tx: Tx, session: WorkSession, iteration: int) -> WorkCheckpoint | None:
    """The final gate of the iteration before, sent back by a person, with the packet that they saw.

    None also when its row is not what the record says: then nothing is carried, and all of it is read again.
    """
    for checkpoint in reversed(await checkpoints.of_session(tx, session.id)):
        if checkpoint.status == CheckpointStatus.CHANGES_REQUESTED and checkpoint.iteration < iteration:
            final = checkpoint.kind == "final" and checkpoint.iteration == iteration - 1
            if not final or await seals.broken_seal(tx, session, checkpoint, kind="changes_requested"):
                return None
            return checkpoint
    return None


async def _kept_before(tx: Tx, reviewed: WorkCheckpoint, shown: Sequence[dict[str, Any]]) -> None:
    decision: Mapping[str, Any] = reviewed.decision or {}
    kept = {a["claim_id"]: a for a in decision.get("acknowledged") or ()}
    before = {a["slot"]: a for a in reviewed.packet["artifacts"]}
    for artifact in shown:
        then = before.get(artifact["slot"])
        if not kept or then is None:
            continue
        same = await asyncio.to_thread(unchanged, await _seen(tx, then), await _seen(tx, artifact), kept)
        artifact["kept_before"] = [
            {
                "claim_id": claim_id, "by": decision.get("by"), "name": decision.get("name"),
                "reason": kept[old]["reason"], "kind": kept[old]["kind"],
            }
            for claim_id, old in same.items()
        ]  # fmt: skip


async def _seen(tx: Tx, artifact: Mapping[str, Any]) -> Seen:
    stored = await db_artifacts.version(tx, UUID(artifact["artifact_id"]), artifact["version"])
    return Seen(from_json(stored.document), artifact["claims"])


def of_packet(packet: Mapping[str, Any], shown: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The same as it stands in a sealed packet: what was carried then is history, whatever sources do since."""
    by_id = {a["artifact_id"]: a for a in packet["artifacts"]}
    for artifact in shown:
        then = by_id.get(artifact["artifact_id"], {})
        artifact["carried"] = then.get("carried", [])
        artifact["kept_before"] = then.get("kept_before", [])
    return {"carried_from": packet.get("carried_from"), "reread": packet.get("reread")}
