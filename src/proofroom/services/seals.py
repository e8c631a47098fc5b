"""Rows held against the hash chain: before a decision, before its release, before an effect.

Whoever can write to the database can write a packet and its digest anew. Then the chain disagrees, and so does the
digest that a person names.
"""

from proofroom.db import work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain import audit, seal
from proofroom.domain.checkpoint import is_sealed_by, require_digest
from proofroom.domain.errors import Conflict
from proofroom.services.aside import aside


async def chain(tx: Tx, row: WorkSession) -> list[audit.Entry]:
    """The session's entries up to the head that `row` names. Raises Conflict (`record_altered`)."""
    entries = (await work_sessions.audit_entries(tx, row.id))[: row.audit_count]
    broken = audit.broken_at(entries, head=row.audit_head, count=row.audit_count)
    if broken is not None:
        raise Conflict(
            "record_altered",
            f"The record of this session does not hold: {broken}. Nothing was decided.",
            hint="Tell whoever runs this server; the session can be forked.",
        )
    return entries


async def require_shown(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, given: str | None) -> None:
    """`given` is the digest of the packet that stands there and that the chain put before a person.

    Raises what `require_digest` raises, and Conflict (`packet_altered`, `record_altered`).
    """
    await aside(checkpoint.packet, require_digest, given, checkpoint.packet, checkpoint.packet_digest)
    entries = await chain(tx, row)
    votes = seal.votes_of(entries, str(checkpoint.id), checkpoint.packet_digest)
    forged = [v for v in checkpoint.votes if v not in votes]
    if seal.sealed_digest(entries, str(checkpoint.id)) != checkpoint.packet_digest or forged:
        raise Conflict(
            "packet_altered",
            "The record says otherwise of this packet or of the votes on it.",
            hint="Nothing was decided. Tell whoever runs this server; the session can be forked.",
        )


_APPROVALS = ("approved", "approve_pending")


async def broken_seal(
    tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, *, kind: str = "approved"
) -> str | None:
    """Why a decision in its row is not the one that was made, in words; None when it is.

    `kind` is the entry that wrote it: `approved`, `rejected`, `changes_requested`, or the `…_pending` one of a decision
    that can still be taken back.
    """
    decision = checkpoint.decision or {}
    if not await aside(checkpoint.packet, is_sealed_by, checkpoint.packet_digest, checkpoint.packet):
        return "The packet is not the one that was decided on."
    # Edits of whoever approves are part of what they sign; the other decisions are about what was shown.
    if decision.get("sealed_digest" if kind in _APPROVALS else "packet_digest") != checkpoint.packet_digest:
        return "The decision is on another packet."
    if str(decision.get("by")) != str(checkpoint.decided_by):
        return "The decision is somebody else's."
    try:
        entries = await chain(tx, row)
    except Conflict as broken:
        return broken.message
    written = seal.is_held if kind.endswith("_pending") else seal.was_written
    if not written(entries, kind, decision):
        return "The record holds no such decision."
    if kind in _APPROVALS and not seal.signed_by_enough(checkpoint.packet, decision):
        return "Not enough people signed it who may."
    return None
