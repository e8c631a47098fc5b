"""What lists show beside a row, read for all rows of a page at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from proofroom.db.statements import UUIDS, typed
from proofroom.db.tx import Tx

# The status is looked at after the rows of the session are found: without statistics the database would read all that
# was ever approved.
_AROUND = typed(
    """
    SELECT s.id, (SELECT count(*) FROM work_artifacts a WHERE a.session_id = s.id), c.waiting, c.signer,
      EXISTS (SELECT FROM deliveries d WHERE d.session_id = s.id)
    FROM unnest(:ids) s (id) LEFT JOIN LATERAL (
      SELECT (array_agg(k.id) FILTER (WHERE k.status = 'pending_review'))[1] AS waiting,
        (array_agg(k.decision ->> 'name' ORDER BY k.id DESC)
          FILTER (WHERE k.status = 'approved' AND k.kind = 'final'))[1] AS signer
      FROM work_checkpoints k WHERE k.session_id = s.id) c ON true
    """,
    ids=UUIDS,
)


@dataclass(frozen=True, slots=True)
class Around:
    """`waiting`: its open checkpoint. `signer`: the name on its approved final checkpoint."""

    artifacts: int = 0
    waiting: UUID | None = None
    signer: str | None = None
    has_deliveries: bool = False


async def around(tx: Tx, session_ids: Sequence[UUID]) -> dict[UUID, Around]:
    """Session id to what a list shows of it besides its row, for each of these ids."""
    if not session_ids:
        return {}
    rows = await tx.execute(_AROUND, {"ids": list(session_ids)})
    return {row[0]: Around(row[1], row[2], row[3], row[4]) for row in rows}
