"""Which work stands in lists, and what they show beside a row, read for all rows of a page at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.db.statements import UUIDS, typed
from proofroom.db.tx import Tx

ARCHIVED = "SELECT id FROM projects WHERE archived_at IS NOT NULL"
HELD = "SELECT session_id FROM work_checkpoints WHERE status = 'pending_review' AND approve_pending"


def listed(session: str) -> str:
    """The condition, in SQL, that a row of `work_sessions` stands in lists of the work of all projects: what has not
    ended does in any case, what has ended until its project is archived. `session` is the name of the row.

    What waits for a person is never out of sight, whatever became of its project; what was decided is a history, and
    figures over time are, too: neither is shortened by archiving.
    """
    ended = f"{session}.status IN ('completed', 'failed', 'cancelled')"
    return f"NOT ({ended} AND {session}.project_id IN ({ARCHIVED}))"


def held(session: str) -> str:
    """The condition, in SQL, that what was decided on a row of `work_sessions` can still be taken back. Its status is
    that of work that waits, and it waits for nobody."""
    return f"{session}.id IN ({HELD})"


# The status is looked at after the rows of the session are found: without statistics the database would read all that
# was ever approved.
_AROUND = typed(
    """
    SELECT s.id, (SELECT count(*) FROM work_artifacts a WHERE a.session_id = s.id), c.waiting, c.signer,
      EXISTS (SELECT FROM deliveries d WHERE d.session_id = s.id), c.decision, c.decided_by, c.decided_at,
      c.undo_until
    FROM unnest(:ids) s (id) LEFT JOIN LATERAL (
      SELECT (array_agg(k.id) FILTER (WHERE k.status = 'pending_review'))[1] AS waiting,
        (array_agg(k.decision ->> 'name' ORDER BY k.id DESC)
          FILTER (WHERE k.status = 'approved' AND k.kind = 'final'))[1] AS signer,
        (array_agg(k.decision) FILTER (WHERE k.status = 'pending_review' AND k.approve_pending))[1] AS decision,
        (array_agg(k.decided_by) FILTER (WHERE k.status = 'pending_review' AND k.approve_pending))[1] AS decided_by,
        (array_agg(k.decided_at) FILTER (WHERE k.status = 'pending_review' AND k.approve_pending))[1] AS decided_at,
        (array_agg(k.undo_until) FILTER (WHERE k.status = 'pending_review' AND k.approve_pending))[1] AS undo_until
      FROM work_checkpoints k WHERE k.session_id = s.id) c ON true
    """,
    ids=UUIDS,
)


@dataclass(frozen=True, slots=True)
class Held:
    """A decision that was made on what waits and can still be taken back, as its row says it."""

    decision: Mapping[str, Any] | None
    by: UUID | None
    at: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Around:
    """`waiting`: its open checkpoint. `signer`: the name on its approved final checkpoint."""

    artifacts: int = 0
    waiting: UUID | None = None
    signer: str | None = None
    has_deliveries: bool = False
    held: Held | None = None


async def around(tx: Tx, session_ids: Sequence[UUID]) -> dict[UUID, Around]:
    """Session id to what a list shows of it besides its row, for each of these ids."""
    if not session_ids:
        return {}
    rows = await tx.execute(_AROUND, {"ids": list(session_ids)})
    return {row[0]: Around(row[1], row[2], row[3], row[4], _held(row[5:9])) for row in rows}


def _held(found: Sequence[Any]) -> Held | None:
    decision, by, at, until = found
    return None if until is None else Held(decision, by, at, until)
