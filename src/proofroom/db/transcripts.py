"""Queries on the transcripts of runtimes. A leg adds to its own only while it holds the session."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from proofroom.db import work_sessions
from proofroom.db.models import TranscriptEntry
from proofroom.db.tx import Tx

Line = Mapping[str, Any]


async def append(
    tx: Tx, session_id: UUID, leg: int, transcript_id: UUID, lines: Sequence[Line], subpath: str = ""
) -> None:
    """Adds lines, in their order; a line whose `uuid` is there already is not added again.

    Raises LegLost when the leg no longer holds the session.
    """
    row = await work_sessions.fence(tx, session_id, leg)
    if not lines:
        return
    statement = insert(TranscriptEntry).on_conflict_do_nothing()
    await tx.execute(
        statement,
        [
            {
                "workspace_id": tx.workspace_id, "session_id": session_id, "iteration": row.iteration, "leg": leg,
                "transcript_id": transcript_id, "subpath": subpath,
                "entry_id": None if line.get("uuid") is None else str(line["uuid"]), "entry": dict(line),
            }
            for line in lines
        ],
    )  # fmt: skip


async def lines(tx: Tx, session_id: UUID, transcript_id: UUID, subpath: str = "") -> list[dict[str, Any]]:
    """The lines of a transcript, in their order."""
    query = (
        select(TranscriptEntry.entry)
        .where(
            TranscriptEntry.session_id == session_id,
            TranscriptEntry.transcript_id == transcript_id,
            TranscriptEntry.subpath == subpath,
        )
        .order_by(TranscriptEntry.n)
    )
    return [dict(entry) for entry in (await tx.execute(query)).scalars()]


async def of_iteration(tx: Tx, session_id: UUID, iteration: int) -> list[UUID]:
    """The transcripts of a session's iteration, the one that was written to last first."""
    query = (
        select(TranscriptEntry.transcript_id)
        .where(TranscriptEntry.session_id == session_id, TranscriptEntry.iteration == iteration)
        .group_by(TranscriptEntry.transcript_id)
        .order_by(func.max(TranscriptEntry.n).desc())
    )
    return list((await tx.execute(query)).scalars())


async def forget(tx: Tx, session_ids: Collection[UUID]) -> None:
    """Deletes all transcripts of these sessions."""
    if session_ids:
        await tx.execute(delete(TranscriptEntry).where(TranscriptEntry.session_id.in_(session_ids)))
