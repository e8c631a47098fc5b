"""The most and the least of a column, ranks, and who follows."""

from __future__ import annotations

from decimal import Decimal

from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.grid import Measure
from proofroom.domain.evidence.recount_sums import is_part, share_of
from proofroom.domain.evidence.recounting import (
    NotClear,
    Work,
    compare_value,
    items_of,
    measure_for,
    shown_figure,
)
from proofroom.domain.evidence.said import RANKS, Said
from proofroom.domain.evidence.words import stem

_PRICES = frozenset(map(stem, "price cost fee rate".split()))


def extremes(work: Work) -> None:
    """ "W1 had the most calls", "the highest cost was 0.80", "the most came from W1 (466), followed by W2 (310)"."""
    said = work.said
    extremes = [one for one in said.ops if one[2] in ("max", "min")]
    followed = said.linked("followed")
    if len(said.dates) > 1 or (followed and (len(extremes) > 1 or len(said.rows) < 2)):
        raise NotClear
    if not followed and len(said.rows) > 1:
        raise NotClear
    taken: set[int] = set()
    for n, (start, end, op) in enumerate(extremes):
        stop = extremes[n + 1][0] if n + 1 < len(extremes) else len(said.text)
        measure = _extreme_measure(work, start, end, stop)
        order = sorted(
            items_of(work, measure, (start, end)),
            key=lambda i: measure.values[i] or Decimal(0),
            reverse=op == "max",
        )
        if measure.delta:
            raise NotClear
        for place, (_, _, row) in enumerate(said.rows):
            rank = _rank(work, start) + place
            ok = (
                rank <= len(order)
                and measure.values[order[rank - 1]] == measure.values[row]
                and work.grid.kinds[row] == "item"
            )
            if ok and rank > 1 and not followed:  # of two firsts none is the second
                ok = measure.values[order[rank - 2]] != measure.values[row]
            lead = order[min(rank, len(order)) - 1]
            shown = f"{work.grid.labels[lead]}: {shown_figure(measure.values[lead] or Decimal(0))}"
            work.told((start, end), ok=ok, shown=shown, row=row, number=False, of=[measure])
        if said.rows and not followed and _otherwise_over_time(work, measure, op, said.rows[0][2], end):
            raise NotClear
        first = n == 0
        for i, number in enumerate(said.numbers):
            if (
                number.start >= stop
                or (number.end <= start and not first)
                or i in taken
                or number.kind == "ordinal"
            ):
                continue
            taken.add(i)
            row = (
                order[_rank(work, start) - 1]
                if not said.rows
                else _row_before(said, number)
                if followed
                else said.rows[0][2]
            )
            if said.has("share") and is_part(number):
                share_of(work, number, measure, row)
            else:
                compare_value(work, number, row, measure)
    if not said.rows and not said.numbers:
        raise NotClear


def _row_before(said: Said, number: Number) -> int:
    before = [row for _, end, row in said.rows if end <= number.start]
    if not before:
        raise NotClear
    return before[-1]


def _rank(work: Work, start: int) -> int:
    """2 in "the second most calls"."""
    words = work.said.text[:start].replace("-", " ").split()
    return RANKS.get(words[-1].lower(), 1) if words else 1


def _extreme_measure(work: Work, start: int, end: int, stop: int) -> Measure:
    said = work.said
    year = said.dates[0].year if said.dates and not work.grid.periods else None
    behind = [g for g in said.groups if end <= g.start < stop]
    word = said.text[start:end].lower()
    if behind:
        return measure_for(work, behind[0], year)
    if word == "cheapest" or said.text[end:].lower().lstrip().startswith(("expensive", "costly")):
        found = [m for m in work.grid.measures if m.words & _PRICES and m.year != ""]
        if len(found) == 1:
            return found[0]
    return measure_for(work, said.groups[0] if len(said.groups) == 1 else None, year)


def _otherwise_over_time(work: Work, measure: Measure, op: str, row: int, end: int) -> bool:
    """Whether "orders were highest in Q2" says one thing of the rows in Q2 and another of the quarters of that row."""
    if not any(
        d.start >= end and work.said.text[end : d.start].strip().lower() == "in" for d in work.said.dates
    ):
        return False
    values = [
        v
        for m in work.grid.measures
        if m.words == measure.words and m.year and (v := m.values[row]) is not None
    ]
    best = max(values, default=None) if op == "max" else min(values, default=None)
    borne = [f.outcome == "same" for f in work.findings[-1:]]
    return len(values) > 1 and borne != [measure.values[row] == best]
