"""Rows that sum up others among those that are added up, ranked or divided: what rests on both counts them twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proofroom.domain.compute_work import Work, show


def mixed(work: Work, members: Iterable[int] | None = None) -> str | None:
    """The label of a row that sums up others and stands among such, or None. Of all rows, or of `members`."""
    if work.hidden is not None:
        return work.hidden
    rows = work.rows if members is None else [work.rows[i] for i in members]
    for column, labels in work.sums.items():
        if column not in work.columns:
            continue
        at = work.columns.index(column)
        shown = [show(row[at]).strip() for row in rows]
        found = next((label for label in shown if label in labels), None)
        if found is not None and any(label not in labels for label in shown):
            return found
    return None


def count_twice(work: Work, columns: Iterable[str], label: str | None) -> Work:
    """The same with these columns marked as resting on the row of this label and on what it sums up."""
    if label is None:
        return work
    return replace(work, twice={**work.twice, **dict.fromkeys(columns, label)})
