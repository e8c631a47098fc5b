"""What the inbox orders a review by and finds it by, as the columns that hold it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.domain.inbox_order import GRAVEST_FIRST, Weight, begin_by, find_text, weigh
from proofroom.services.views import headline_of


def of_packet(
    row: WorkSession,
    kind: str,
    reasons: Sequence[str],
    packet: Mapping[str, Any],
    opened_at: datetime,
    due_at: datetime | None,
) -> dict[str, Any]:
    """The columns of a checkpoint that opens with this packet."""
    weight = weigh(packet, reasons)
    return {
        "risk": GRAVEST_FIRST.index(weight.risk), "effort_seconds": weight.effort_seconds,
        "begin_by": begin_by(due_at, opened_at, weight),
        "find_text": find_text(row.title, headline_of(kind, reasons, packet), row.agent_type),
    }  # fmt: skip


def moved_to(checkpoint: WorkCheckpoint, due_at: datetime | None) -> dict[str, Any]:
    """The columns that change with its due time."""
    weight = weight_of(checkpoint)
    return {} if weight is None else {"begin_by": begin_by(due_at, checkpoint.opened_at, weight)}


def weight_of(checkpoint: WorkCheckpoint) -> Weight | None:
    """None for what was decided when it opened, or before there were weights."""
    if checkpoint.risk is None or checkpoint.effort_seconds is None:
        return None
    return Weight(GRAVEST_FIRST[checkpoint.risk], checkpoint.effort_seconds)
