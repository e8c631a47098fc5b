"""Two rows, columns or years beside each other: more and less, how much, how many times, rose and fell."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from proofroom.domain.evidence.amounts import CTX, Number
from proofroom.domain.evidence.grid import Measure
from proofroom.domain.evidence.recounting import (
    CLOSE,
    PERCENT,
    ROUGH,
    NotClear,
    Work,
    compare_value,
    fits,
    in_place,
    judge_figure,
    measure_for,
    near_ratio,
    shown_figure,
)
from proofroom.domain.evidence.units import find_unit
from proofroom.domain.figures import display

_APART = re.compile(r"[,;()\u2013\u2014]|\band\b")


def _two(work: Work, measure: Measure) -> tuple[int, int, Decimal, Decimal]:
    rows = work.said.rows
    if len(rows) != 2 or rows[0][2] == rows[1][2]:
        raise NotClear
    a, b = rows[0][2], rows[1][2]
    left, right = measure.values[a], measure.values[b]
    if left is None or right is None or measure.delta:
        raise NotClear
    return a, b, left, right


def _common(work: Work) -> Measure:
    """The column of a comparison: the only one that the sentence names, or that the table has."""
    said = work.said
    if len(said.groups) > 1 or len(said.dates) > 1:
        raise NotClear
    year = said.dates[0].year if said.dates else None
    return measure_for(work, said.groups[0] if said.groups else None, year)


def compare(work: Work) -> None:
    """ "W1 took 156 more calls than W2", "W1 had more calls (466) than W2 (310)"."""
    said = work.said
    if len(said.ops) != 1 or len(said.rows) != 2:
        raise NotClear
    start, end, op = said.ops[0]
    than = next(s for s, _, word in said.links if word == "than")
    if not said.rows[0][1] <= start < than <= said.rows[1][0]:
        raise NotClear
    measure = _common(work)
    a, b, left, right = _two(work, measure)
    ok = left > right if op == "more" else left < right
    shown = f"{work.grid.labels[a]}: {shown_figure(left)}; {work.grid.labels[b]}: {shown_figure(right)}"
    work.told((start, end), ok=ok, shown=shown, row=a, number=False, of=[measure])
    work.where(b, measure)
    between = [n for n in said.numbers if n.end <= start and n.start >= said.rows[0][1]]
    for number in said.numbers:
        # "had 110, less than Bolt" says what it had, "had 110 less than Bolt" by how much
        if number in between[-1:] and _APART.search(said.text[number.end : start]) is None:
            _difference(work, number, left, right, measure, a)
        elif number in between or (number.start > start and work.claim.text[number.start - 1] == "("):
            compare_value(work, number, a if number.start < than else b, measure)
        else:
            raise NotClear


def compare_columns(work: Work) -> None:
    """ "In 2022, wind was higher than coal": two columns of one row."""
    said, row = work.said, work.said.rows[0][2]
    if len(said.ops) != 1 or len(said.groups) != 2 or said.numbers or said.dates:
        raise NotClear
    start, end, op = said.ops[0]
    than = next(s for s, _, word in said.links if word == "than")
    first, second = (measure_for(work, group) for group in said.groups)
    if not said.groups[0].end <= start < than < said.groups[1].start or first.column == second.column:
        raise NotClear
    left, right = first.values[row], second.values[row]
    if left is None or right is None or (first.unit, first.scale) != (second.unit, second.scale):
        raise NotClear
    shown = f"{first.name}: {shown_figure(left)}; {second.name}: {shown_figure(right)}"
    ok = left > right if op == "more" else left < right
    work.told((start, end), ok=ok, shown=shown, row=row, number=False, of=[first, second])


def _difference(work: Work, number: Number, now: Decimal, then: Decimal, measure: Measure, row: int) -> None:
    """By how much one figure is above or below another: in its unit, in percent of the other, or in points."""
    at = (number.start, number.end)
    gap = CTX.subtract(now, then)
    percent = number.unit is not None and number.unit.dimension == "fraction"
    share = measure.unit is not None and measure.unit.dimension == "fraction"
    before = work.claim.text[max(0, number.start - 24) : number.start]
    if number.unit is not None and number.unit.dimension == "points":
        points = replace(measure, unit=find_unit("pp"), per="")
        ok = share and fits(number, abs(gap), points, divided=False, before=before) == "yes"
        work.told(
            at,
            ok=ok,
            shown=f"{shown_figure(abs(gap))} percentage points" if share else shown_figure(abs(gap)),
            row=row,
            number=True,
            of=[measure],
        )
        return
    if percent:
        if then <= 0:
            raise NotClear
        value = CTX.multiply(CTX.divide(abs(gap), then), Decimal(100))
        shares = replace(measure, unit=PERCENT, scale=Decimal(1), per="")
        ok = fits(number, value, shares, divided=True, before=before) == "yes"
        put = in_place(number, value, shares, places=1)
        shown = f"{display(value, 1)} %"
        work.told(at, ok=ok, shown=shown, row=row, number=True, of=[measure], put=put)
        return
    judge_figure(work, number, abs(gap), measure, row, divided=False)


def halves(work: Work) -> bool:
    """ "half the latency of A-1", "a third as many as B"."""
    numbers = work.said.numbers
    return (
        len(numbers) == 1 and numbers[0].noun == "part" and work.said.linked("of", "as") and not work.said.ops
    )


def ratio(work: Work, number: Number) -> None:
    said = work.said
    if len(said.numbers) != 1 or not said.rows[0][1] <= number.start < said.rows[1][0]:
        raise NotClear
    if said.linked("than"):  # "three times more than" is read in two ways
        raise NotClear
    measure = _common(work)
    a, b, left, right = _two(work, measure)
    if right <= 0 or left < 0:
        raise NotClear
    ratio = CTX.divide(left, right)
    ok = near_ratio(ratio, number, work.claim.text)
    shown = f"{work.grid.labels[a]}: {shown_figure(left)}; {work.grid.labels[b]}: {shown_figure(right)}"
    shown += f"; {display(ratio, 2)} times"
    work.told((number.start, number.end), ok=ok, shown=shown, row=a, number=True, of=[measure])
    work.where(b, measure)


def _span(work: Work) -> tuple[Measure, Measure, int, int]:
    """(column and row of the later, and of the earlier): two years of one row, or two rows of one column."""
    said, grid = work.said, work.grid
    group = said.groups[0] if said.groups else None
    if len(said.groups) > 1:
        raise NotClear
    froms = {word for _, _, word in said.links}
    if len(said.dates) == 2 and len(said.rows) == 1 and not grid.periods:
        first, second = (d.year for d in said.dates)
        row = said.rows[0][2]
        if not grid.after(second, first):
            raise NotClear
        return measure_for(work, group, second), measure_for(work, group, first), row, row
    if not said.dates and len(said.rows) == 2 and froms & {"from", "between"} and froms & {"to", "and"}:
        a, b = said.rows[0][2], said.rows[1][2]
        first = next(start for start, _, word in said.links if word in ("from", "between"))
        if (
            a >= b
            or first > said.rows[0][0]
            or said.rows[1][0] < max(s for s, _, w in said.links if w in ("to", "and"))
        ):
            raise NotClear
        measure = measure_for(work, group)
        return measure, measure, b, a
    raise NotClear


def multiplied(work: Work) -> None:
    said = work.said
    if said.numbers:
        raise NotClear
    start, end, op = next(one for one in said.ops if one[2] != "more")
    later, earlier, row, other = _span(work)
    now, then = later.values[row], earlier.values[other]
    if said.has("more") and "more than" not in said.text[max(0, start - 10) : start].lower():
        raise NotClear
    if now is None or then is None or then <= 0:
        raise NotClear
    wanted = {"double": Decimal(2), "triple": Decimal(3), "halve": Decimal("0.5")}[op]
    ratio = CTX.divide(now, then)
    before = said.text[max(0, start - 16) : start].lower()
    more, rough = "more than" in before, any(w in before for w in ("about", "nearly", "almost", "roughly"))
    ok = (
        ratio > wanted
        if more and op != "halve"
        else abs(ratio - wanted) <= wanted * (ROUGH if rough else CLOSE * 2)
    )
    if more and op == "halve":
        raise NotClear
    shown = f"{shown_figure(then)}; then {shown_figure(now)}"
    work.told((start, end), ok=ok, shown=shown, row=row, number=False, of=[later])
    work.where(other, earlier)


def change(work: Work) -> None:
    said = work.said
    start, end, op = said.ops[0]
    deltas = [m for m in work.grid.measures if m.delta]
    if len(said.rows) == 1 and len(deltas) == 1 and len(said.numbers) == 1 and len(said.dates) <= 1:
        _delta(work, deltas[0])
        return
    later, earlier, row, other = _span(work)
    now, then = later.values[row], earlier.values[other]
    if now is None or then is None:
        raise NotClear
    ok = now > then if op == "up" else now < then
    shown = f"{shown_figure(then)}; then {shown_figure(now)}"
    work.told((start, end), ok=ok, shown=shown, row=row, number=False, of=[later])
    work.where(other, earlier)
    for number in said.numbers:
        before = said.text[: number.start].rstrip("$\u20ac\u00a3 ").rsplit(None, 1)[-1].lower()
        if before in ("by", "about", "roughly", "around", "some", "than"):
            _difference(work, number, now, then, later, row)
        elif before == "from":
            compare_value(work, number, other, earlier)
        elif before in ("to", "at"):
            compare_value(work, number, row, later)
        else:
            raise NotClear


def _delta(work: Work, measure: Measure) -> None:
    """A change that stands in a column of its own."""
    said = work.said
    start, end, op = said.ops[0]
    number, row = said.numbers[0], said.rows[0][2]
    by = said.text[: number.start].rstrip().rsplit(None, 1)[-1].lower()
    value = measure.values[row]
    told = said.dates[0].year if said.dates else None
    if by != "by" or value is None or (told is not None and measure.year != told):
        raise NotClear
    same_words = [m for m in work.grid.measures if not m.delta]
    if said.groups and len(same_words) > 1 and not measure.words & same_words[0].words:
        raise NotClear
    ok = value > 0 if op == "up" else value < 0
    work.valued.append(row)
    work.told((start, end), ok=ok, shown=shown_figure(value, measure), row=row, number=False, of=[measure])
    judge_figure(work, number, abs(value), measure, row, divided=False)
