"""A session's record: its hash chain, and beside it the packets and artifacts that the chain commits to."""

import asyncio
from collections.abc import Container
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, deletions, work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx, require_one_moment
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import packet_digest
from proofroom.exports import record_file
from proofroom.exports.names import file_name


async def export(tx: Tx, row: WorkSession) -> tuple[str, str, bytes]:
    """(file name, media type, content) of a session's record as of `row`; `tx` is a snapshot."""
    require_one_moment(tx)
    entries = (await work_sessions.audit_entries(tx, row.id))[: row.audit_count]
    named = record_file.digests_named(entries)  # what was opened meanwhile belongs to the next record
    gone = await deletions.redactions(tx, row.id)
    packets = [
        {
            "checkpoint_id": str(c.id), "packet_digest": c.packet_digest,
            "packet": None if ("packet", str(c.id)) in gone and packet_digest(c.packet) != c.packet_digest
            else c.packet,
        }
        for c in await checkpoints.of_session(tx, row.id)
        if c.packet_digest in named
    ]  # fmt: skip
    header = {
        "session_id": str(row.id), "title": row.title, "status": row.status,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"), "count": row.audit_count,
        "head": row.audit_head,
    }  # fmt: skip
    artifacts = await _artifacts(tx, packets, gone)
    content = await asyncio.to_thread(record_file.write, header, entries, packets, artifacts)
    return f"{file_name(row.title)}.record.json", "application/json", content


async def _artifacts(
    tx: Tx, packets: list[dict[str, Any]], gone: Container[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Each version that one of the packets shows, once, as it stands now; without content where a deletion took words.

    What a redacted packet shows is not known any more, so nothing of it is there.
    """
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for shown in (a for p in packets if p["packet"] is not None for a in p["packet"]["artifacts"]):
        key = (shown["artifact_id"], int(shown["version"]))
        if key not in found:
            version = await db_artifacts.version(tx, UUID(key[0]), key[1])
            content: dict[str, Any] | None = {
                "type": shown["type"], "title": version.title, "document": version.document,
            }  # fmt: skip
            if ("artifact", f"{key[0]}/{key[1]}") in gone and digest(content) != shown["digest"]:
                content = None
            found[key] = {
                "artifact_id": key[0], "version": key[1], "digest": shown["digest"], "content": content,
            }  # fmt: skip
    return list(found.values())
