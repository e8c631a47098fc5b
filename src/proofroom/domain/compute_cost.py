"""What the steps of a computation cost, known before they are done: they come from agents, and a thread that computes
cannot be stopped.

Cells are counted, not time, so that the same steps are done or refused on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from proofroom.domain.figures import Table
from proofroom.domain.joins import TableKey, table_key

MOST_WORK = 5_000_000
"""How many cells all steps of a computation together may look at."""
MOST_CELLS = 10_000_000
"""How many cells a joined table may have. Each takes 8 bytes, whatever stands in it."""
_COPIED = 10
"""So many cells that are only copied count as one that is looked at."""


def cost(rows: int, step: str, arguments: object, others: Mapping[TableKey, Table]) -> int:
    """How many cells a step looks at in a table of so many rows. The step need not be as it should be."""
    given: Mapping[str, Any] = cast("Mapping[str, Any]", arguments) if isinstance(arguments, Mapping) else {}

    def many(member: str) -> int:
        value = given.get(member)
        return len(cast("Sequence[object]", value)) if isinstance(value, Sequence) else 0

    match step:
        case "limit":
            return 0
        case "filter":
            return rows + many("value")
        case "group":
            return rows * (1 + many("by") + many("aggregates"))
        case "change" | "share":
            return rows * (2 + many("within"))
        case "select":
            return rows * many("columns") // _COPIED
        case "join":
            key = table_key(given)
            other = None if key is None else others.get(key)
            if other is None:
                return rows
            theirs = len(other.rows)
            return (rows + theirs) * (1 + many("on")) + theirs * len(other.columns) // _COPIED
        case _:
            return rows
