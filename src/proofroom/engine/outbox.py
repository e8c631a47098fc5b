"""Effects on the outside: tried until they are made, each under the digest that was signed."""

import logging
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from proofroom import faults
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import Delivery, WorkCheckpoint
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.engine.parts import Parts
from proofroom.exports import deliverable
from proofroom.services import seals

_log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8


async def deliver(parts: Parts, workspace_id: UUID, delivery_id: UUID) -> bool:
    """Makes one effect; false when there was nothing to do. At least once, and the same each time.

    Refuses, for good, when what was signed is not what stands there any more.
    """
    async with parts.db.transaction(workspace_id) as tx:
        delivery = await db_artifacts.lock_delivery(tx, delivery_id)
        if delivery is None:
            return False
        checkpoint = await checkpoints.get(tx, delivery.checkpoint_id)
        why = await _refusal(tx, delivery, checkpoint)
        if why is not None:
            await db_artifacts.change_delivery(tx, delivery.id, status="failed", detail=why)
            await _say(tx, delivery, "delivery_failed", {"detail": why})
            return True
        try:
            files = await deliverable.files(tx, checkpoint)
            faults.point("delivery_begun", delivery.id)
            written = _write(Path(delivery.target["path"]), files, str(delivery.id))
            faults.point("delivery_written", delivery.id)
        except OSError as error:
            await _again(tx, delivery, f"{type(error).__name__}: {error.strerror or error}")
            return True
        await db_artifacts.change_delivery(
            tx,
            delivery.id,
            status="delivered",
            attempts=delivery.attempts + 1,
            detail=", ".join(written),
            delivered_at=await work_sessions.now(tx),
        )
        await _say(tx, delivery, "delivered", {"files": written, "path": delivery.target["path"]})
    return True


async def _refusal(tx: Tx, delivery: Delivery, checkpoint: WorkCheckpoint) -> str | None:
    if checkpoint.status != CheckpointStatus.APPROVED or checkpoint.kind != "final":
        return "No approved final checkpoint covers it."
    if _leads_out(delivery.target):
        return "The folder leads out of the server's delivery root."
    broken = await seals.broken_seal(tx, await work_sessions.get(tx, delivery.session_id), checkpoint)
    if broken is not None:
        return broken
    if checkpoint.packet_digest != delivery.packet_digest:
        return "The packet is not the one that was signed."
    if not any(
        e["kind"] == delivery.kind and e["target"] == delivery.target for e in checkpoint.packet["effects"]
    ):
        return "The signed packet has no such effect."
    for shown in checkpoint.packet["artifacts"]:
        version = await db_artifacts.version(tx, UUID(shown["artifact_id"]), shown["version"])
        if deliverable.digest_of(version, shown["type"]) != shown["digest"]:
            return f"{shown['title']} is not the version that was signed."
    return None


def _leads_out(target: dict[str, object]) -> bool:
    """Whether a folder asked for over HTTP is, by a link made since, not under its root any more."""
    root = target.get("root")
    return root is not None and not Path(str(target["path"])).resolve().is_relative_to(
        Path(str(root)).resolve()
    )


async def _again(tx: Tx, delivery: Delivery, why: str) -> None:
    attempts = delivery.attempts + 1
    gone = attempts >= MAX_ATTEMPTS
    await db_artifacts.change_delivery(
        tx,
        delivery.id,
        attempts=attempts,
        detail=why,
        status="failed" if gone else "pending",
        due_at=await work_sessions.now(tx) + timedelta(seconds=min(2**attempts, 300)),
    )
    await _say(tx, delivery, "delivery_failed", {"detail": why, "attempts": attempts, "again": not gone})
    _log.warning("delivery %s failed: %s", delivery.id, why)


async def _say(tx: Tx, delivery: Delivery, kind: str, data: dict[str, object]) -> None:
    said = {"kind": delivery.kind, "delivery_id": str(delivery.id), **data}
    await work_sessions.note(tx, delivery.session_id, Record(events=[(kind, said)], audits=[(kind, said)]))


def _write(folder: Path, files: dict[str, bytes], mark: str) -> list[str]:
    """Each file whole or not at all: written beside its place, then moved there. What an attempt of this mark left
    when its worker was killed is taken away."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f".*.{mark}"):
        left.unlink(missing_ok=True)
    for name, content in files.items():
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name[:40]}.", suffix=f".{mark}")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            faults.point("delivery_half_written", folder)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(folder / name)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
    return list(files)
