"""What may go with time, because no record, packet or envelope rests on it.

Events, artifacts, packets, decisions, envelopes, the texts of sources, the calls of agents and the hash chain stay:
they are what a signature was given on. Deleting a source (`services.deletion`) is the way to take words out.
"""

from dataclasses import dataclass

from sqlalchemy import text

from proofroom.db.statements import changed
from proofroom.db.tx import Tx

BATCH = 200
"""Rows, sessions or files that one transaction lets go: it holds no lock for long."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Days; None is for ever."""

    transcripts: int | None = None
    originals: int | None = None
    idempotency: int | None = None


FOR_EVER = Keep()

_LOCK = 0x54494459  # one worker tidies a workspace at a time

# A session that can be retried goes on where its runtime stopped, so it keeps what its runtime needs.
_ENDED = """
  s.workspace_id = :workspace AND s.settled_at < now() - make_interval(days => :days)
  AND (s.status IN ('completed', 'cancelled')
       OR (s.status = 'failed' AND (s.failure ->> 'retryable') IS DISTINCT FROM 'true'))
"""
_TRANSCRIPTS = f"""
WITH ended AS (
  SELECT s.id FROM work_sessions s WHERE {_ENDED} AND (s.runtime_state IS NOT NULL OR EXISTS (
    SELECT 1 FROM transcript_entries t WHERE t.workspace_id = s.workspace_id AND t.session_id = s.id))
  LIMIT :batch FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM transcript_entries t USING ended e WHERE t.workspace_id = :workspace AND t.session_id = e.id
)
UPDATE work_sessions s SET runtime_state = NULL FROM ended e WHERE s.workspace_id = :workspace AND s.id = e.id
"""  # noqa: S608 (our own words)
_ORIGINALS = """
WITH replaced AS (
  SELECT v.source_id, v.version FROM sources s
  JOIN source_versions used ON used.workspace_id = s.workspace_id AND used.source_id = s.id AND used.version = s.version
  JOIN source_versions v ON v.workspace_id = s.workspace_id AND v.source_id = s.id AND v.version < s.version
  WHERE s.workspace_id = :workspace AND used.created_at < now() - make_interval(days => :days)
    AND v.original IS NOT NULL AND v.status <> 'processing'
  LIMIT :batch FOR UPDATE OF v SKIP LOCKED
)
UPDATE source_versions v SET original = NULL FROM replaced r
WHERE v.workspace_id = :workspace AND v.source_id = r.source_id AND v.version = r.version
"""
_IDEMPOTENCY = """
DELETE FROM idempotency_keys WHERE workspace_id = :workspace AND ctid IN (
  SELECT k.ctid FROM idempotency_keys k
  WHERE k.workspace_id = :workspace AND k.created_at < now() - make_interval(days => :days) LIMIT :batch)
"""
_OF = {"transcripts": _TRANSCRIPTS, "originals": _ORIGINALS, "idempotency": _IDEMPOTENCY}


async def my_turn(tx: Tx) -> bool:
    """Whether nobody else tidies this workspace just now; holds until the transaction ends."""
    asked = await tx.execute(
        text("SELECT pg_try_advisory_xact_lock(:lock, hashtext(:workspace))"),
        {"lock": _LOCK, "workspace": str(tx.workspace_id)},
    )
    return bool(asked.scalar_one())


async def let_go(tx: Tx, what: str, days: int, *, batch: int = BATCH) -> int:
    """Lets one batch of `transcripts`, `originals` or `idempotency` go; answers how many there were."""
    done = await tx.execute(
        text(_OF[what]), {"workspace": tx.workspace_id, "days": days, "batch": batch}
    )  # fmt: skip
    return changed(done)
