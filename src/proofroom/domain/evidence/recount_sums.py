"""Sums, means, medians, counts and shares of the rows of a table, as a sentence says them."""

from __future__ import annotations

from decimal import Decimal

from proofroom.domain.evidence.amounts import CTX, Number
from proofroom.domain.evidence.grid import Measure
from proofroom.domain.evidence.recounting import (
    PERCENT,
    SHARES,
    NotClear,
    Work,
    compare_value,
    figures_of,
    fits,
    group_for,
    in_place,
    is_rate,
    items_of,
    judge_figure,
    measure_for,
    near_ratio,
    rows_that_fit,
    total_of,
    whole_column,
    year_for,
)
from proofroom.domain.evidence.said import Said
from proofroom.domain.figures import display
from proofroom.domain.totals import added

_MARKED = 12
"""Cells of a column that are shown as evidence, at most."""


def mark_all(work: Work, measure: Measure) -> None:
    """The cells that a figure of all rows rests on."""
    for row in work.grid.items[:_MARKED]:
        work.where(row, measure)


def check_sum(work: Work, number: Number, measure: Measure) -> None:
    total, row = total_of(work, measure, (number.start, number.end))
    if measure.delta or (row is None and is_rate(measure)):
        raise NotClear
    if row is None:
        mark_all(work, measure)
    judge_figure(work, number, total, measure, row, divided=False)


def aggregate(work: Work, op: str) -> None:
    said = work.said
    if len(said.numbers) == 2 and op == "total" and not said.rows and counts_rows(work):
        first = said.numbers.pop(0)
        count = len(work.grid.items)
        work.told((first.start, first.end), ok=first.low == count, shown=str(count), row=None, number=True)
    if len(said.numbers) != 1 or said.linked("than"):
        raise NotClear
    number = said.numbers[0]
    at = (number.start, number.end)
    group = group_for(said, *at)
    measure = measure_for(work, group, None if work.grid.periods else year_for(said, at[1]))
    if op == "total" and len(said.rows) == 1:
        work.valued.append(said.rows[0][2])
        compare_value(work, number, said.rows[0][2], measure)
        return
    if op == "total" and said.rows:
        if is_rate(measure) or any(work.grid.kinds[r] != "item" for _, _, r in said.rows):
            raise NotClear
        chosen = [measure.values[r] for r in dict.fromkeys(r for _, _, r in said.rows)]
        values = [v for v in chosen if v is not None]
        if len(values) != len(chosen):
            raise NotClear
        for _, _, row in said.rows[1:]:
            work.where(row, measure)
        judge_figure(work, number, added(values), measure, said.rows[0][2], divided=False)
        return
    if said.rows:
        raise NotClear
    if op == "total":
        check_sum(work, number, measure)
        return
    if measure.delta:
        raise NotClear
    values = sorted(whole_column(work, measure, at))
    mark_all(work, measure)
    middle = len(values) // 2
    if op == "mean":
        value = CTX.divide(added(values), Decimal(len(values)))
    else:
        value = (
            values[middle]
            if len(values) % 2
            else CTX.divide(CTX.add(values[middle - 1], values[middle]), Decimal(2))
        )
    judge_figure(work, number, value, measure, None, divided=True)


def counts_rows(work: Work) -> bool:
    """Whether the first figure counts rows: it stands before what the rows are called, and is whole."""
    said = work.said
    if not said.numbers or not said.heads or said.numbers[0].unit is not None:
        return False
    return (
        said.text[said.numbers[0].end : said.heads[0][0]].strip() == ""
        and said.numbers[0].end <= said.heads[0][0]
    )


def count_rows(work: Work) -> None:
    """ "There are three regions", "Two teams took more than 300 calls"."""
    said = work.said
    first, rest = said.numbers[0], said.numbers[1:]
    at = (first.start, first.end)
    if len(rest) > 1 or (rest and not rest[0].bound) or (not rest and said.groups):
        raise NotClear
    if first.bound or first.approx:
        raise NotClear
    if work.grid.unsure is not None:
        work.unclear(
            at, f"it is not clear whether the row \u201c{work.grid.unsure[:60]}\u201d sums up the others"
        )
        return
    found = work.grid.items
    if rest:
        measure = measure_for(work, group_for(said, rest[0].start, rest[0].end), year_for(said, rest[0].end))
        found = rows_that_fit(work, rest[0], measure, found)
        work.told(
            (rest[0].start, rest[0].end),
            ok=True,
            shown=f"{len(found)} rows",
            row=found[0] if found else None,
            number=True,
            of=[measure],
        )
        for row in found[1:_MARKED]:
            work.where(row, measure)
    work.told(at, ok=first.low == len(found), shown=str(len(found)), row=None, number=True)


def only_these(work: Work) -> None:
    """ "Only W1 took more than 400 calls": these rows, and no others."""
    said = work.said
    if (
        len(said.numbers) != 1
        or not said.numbers[0].bound
        or not said.rows
        or said.ops[0][0] > said.rows[0][0]
    ):
        raise NotClear
    number = said.numbers[0]
    at = (number.start, number.end)
    measure = measure_for(work, group_for(said, *at), year_for(said, at[1]))
    found = rows_that_fit(work, number, measure, items_of(work, measure, at))
    shown = ", ".join(work.grid.labels[i] for i in found[:5]) or "none"
    ok = sorted(found) == sorted({row for _, _, row in said.rows})
    work.told(at, ok=ok, shown=shown, row=said.rows[0][2], number=True, of=[measure])


def is_part(number: Number) -> bool:
    """A percentage, or a fraction in words."""
    return (number.unit is not None and number.unit.dimension == "fraction") or number.noun == "part"


def is_share(work: Work, ops: set[str]) -> bool:
    said = work.said
    if (
        not ops <= {"share", "total"}
        or len(said.rows) != 1
        or len(said.numbers) != 1
        or not is_part(said.numbers[0])
    ):
        return False
    if "share" in ops or "total" in ops or said.numbers[0].noun == "part":
        return True
    number = said.numbers[0]
    group = group_for(said, number.start, number.end)
    units = [work.grid.measures[j].unit for j in group.measures] if group else []
    return bool(units) and all(u is None or u.dimension != "fraction" for u in units)


def share_of_sum(work: Work) -> None:
    """A row's part of its column's sum. A column that holds shares already is read as it is."""
    said, grid = work.said, work.grid
    number, row = said.numbers[0], said.rows[0][2]
    at = (number.start, number.end)
    group = group_for(said, *at)
    year = None if grid.periods else year_for(said, at[1])
    shares = [m for m in grid.measures if m.words & SHARES]
    if group is None and said.has("share") and len(shares) == 1:
        work.valued.append(row)
        compare_value(work, number, row, shares[0])
        return
    measure = measure_for(work, group, year)
    if measure.unit is not None and measure.unit.dimension == "fraction":
        work.valued.append(row)
        compare_value(work, number, row, measure)
        return
    if grid.kinds[row] != "item" or measure.delta or is_rate(measure):
        raise NotClear
    if group is None and not said.has("total", "share"):
        raise NotClear
    total, _ = total_of(work, measure, at)
    value = measure.values[row]
    if value is None or total <= 0 or any(v < 0 for v in figures_of(work, measure, at)):
        raise NotClear
    work.guessed = work.guessed and not said.has("total", "share")
    _judge_part(work, number, CTX.divide(value, total), row, measure)


def is_part_of_column(said: Said) -> bool:
    """ "In 2022, 90 % of tickets were resolved": a part of one column that stands in another."""
    if len(said.rows) != 1 or len(said.numbers) != 1 or len(said.groups) != 2 or not is_part(said.numbers[0]):
        return False
    whole = said.text[said.numbers[0].end : said.groups[0].start].lower().split()
    return whole in (["of"], ["of", "the"], ["of", "all"], ["of", "all", "the"])


def part_of_column(work: Work) -> None:
    said, row = work.said, work.said.rows[0][2]
    year = None if work.grid.periods else year_for(said, said.numbers[0].end)
    whole, part = (measure_for(work, group, year) for group in said.groups)
    above, below = part.values[row], whole.values[row]
    if whole.column == part.column or above is None or below is None or below <= 0 or not 0 <= above <= below:
        raise NotClear
    if whole.unit != part.unit or whole.scale != part.scale or whole.delta or part.delta:
        raise NotClear
    work.valued.append(row)
    _judge_part(work, said.numbers[0], CTX.divide(above, below), row, part, whole)


def _judge_part(work: Work, number: Number, part: Decimal, row: int, *of: Measure) -> None:
    """A share, a fraction from 0 to 1, as the sentence has it: in percent, or "nearly half"."""
    at = (number.start, number.end)
    shown = f"{display(CTX.multiply(part, Decimal(100)), 1)} %"
    put = None
    if number.noun == "part":
        ok = near_ratio(part, number, work.claim.text)
    else:
        percent = Measure(0, "%", frozenset(), None, PERCENT, Decimal(1), False, ())
        before = work.claim.text[max(0, number.start - 24) : number.start]
        value = CTX.multiply(part, Decimal(100))
        ok = fits(number, value, percent, divided=True, before=before) == "yes"
        put = in_place(number, value, percent, places=1)
    work.told(at, ok=ok, shown=shown, row=row, number=True, of=of, put=put)


def share_of(work: Work, number: Number, measure: Measure, row: int) -> None:
    value = measure.values[row]
    at = (number.start, number.end)
    if measure.unit is not None and measure.unit.dimension == "fraction":
        compare_value(work, number, row, measure)
        return
    total, _ = total_of(work, measure, at)
    if value is None or total <= 0 or is_rate(measure):
        raise NotClear
    _judge_part(work, number, CTX.divide(value, total), row, measure)
