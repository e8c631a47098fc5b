"""Computing on tables of text, exactly: the same steps give the same digits on every machine.

A table is columns and rows of text, as captured from a file. Figures are read as decimals and never pass
through binary floating point. Sums, differences and products are exact; a division (mean, percent, share)
is carried to 28 significant digits, half to even. How a figure is rounded for display is another step:
`display`.

Steps, applied in order; each is an object with one member:

- `{"filter": {"column", "op", "value"}}`: op is eq, ne, lt, le, gt, ge, in, between, contains or present.
  Cells and value are compared as figures where both are figures, else as text (eq, ne, in, contains) or not
  at all.
- `{"period": {"column", "unit", "as"?}}`: adds the period that a date falls into, as 2020, 2020-Q1, 2020-01 or
  2020-01-31; unit is year, quarter, month or day. How dates are read: `periods`.
- `{"group": {"by": [column, ...], "aggregates": [{"fn", "column", "as"?}]}}`: fn is sum, mean, min, max, median,
  first_quartile, third_quartile or count. Groups come in the order of their first row. count without a column counts
  rows, with one its figures. Quartiles lie between the two nearest figures, by their distance (R. J. Hyndman, Y. Fan,
  The American Statistician 50(4), 1996, definition 7).
- `{"sort": {"by": column, "desc"?}}`: stable; figures before text, missing cells last.
- `{"limit": n}`
- `{"change": {"column", "over", "as"?, "kind"?, "within"?: [column, ...]}}`: the change from the row before
  in the order of `over`, absolute or percent; the first row of each `within` group has none.
- `{"share": {"column", "as"?, "kind"?, "within"?: [column, ...]}}`: the part of the column's sum, percent
  or fraction.
- `{"select": {"columns": [column, ...]}}`
- `{"join": {"source_id", "table", "version"?, "on": [{"left", "right"}, ...], "columns"?: [column, ...], "kind"?,
  "prefix"?}}`: columns of another captured table beside those of the rows with the same key. Keys are compared as text,
  exactly, without blanks around them; a missing key matches nothing. A key that stands in several rows there makes
  a row of each; `Result.joins` says how many keys do. kind is left (rows without a match stay, their new cells
  missing) or inner (they go).

Where nothing in a table tells 1.204 from 1204, it is read with a decimal point, and `Result.unsure` says so; not of
shares, percentages and signs where all figures of the column are written so, for they are the same either way.
Rows that sum up others, such as "Total", are rows as all are; filter them out. `Result.twice` says which columns rest
on one of them and on what it sums up, in a sum, mean, count or share, or rank it among others (sort, then limit).
Missing cells ("", "-", "n/a" and the like) are skipped and counted in `Result.skipped`. A cell that should
be a figure and is not is an error, never a zero.

Steps come from agents, so what they cost is bounded before it is spent: `compute_cost`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, cast

from proofroom.domain.compute_cost import MOST_CELLS, MOST_WORK, cost
from proofroom.domain.compute_filter import filtered
from proofroom.domain.compute_sums import count_twice, mixed
from proofroom.domain.compute_work import (
    Work,
    arguments,
    columns_of,
    fail,
    figure_of,
    index_of,
    new_name,
    show,
    sort_key,
)
from proofroom.domain.figures import (
    EXACT,
    MOST_ROWS,
    Table,
    decimal_commas,
    is_missing,
    scaled_alike,
    unsure_columns,
)
from proofroom.domain.joins import Joined, TableKey, keys_of, match, table_key
from proofroom.domain.periods import UNITS, moments
from proofroom.domain.totals import sums_in

DIVIDE = Context(prec=28, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)
MAX_STEPS = 50


@dataclass(frozen=True)
class Result(Table):
    """A computed table: figures in plain decimal notation. `skipped` counts missing cells by column. `unsure` holds the
    columns that rest on figures such as 1.204 which may be 1204, with one of these. `joins` says of each join what
    found its match. `twice` holds the columns that count a row twice, in itself and in one that sums it up, with the
    label of that.
    """

    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    unsure: Mapping[str, str] = field(default_factory=dict[str, str])
    joins: tuple[Joined, ...] = ()
    twice: Mapping[str, str] = field(default_factory=dict[str, str])


def compute(
    table: Table, steps: Sequence[Mapping[str, Any]], others: Mapping[TableKey, Table] | None = None
) -> Result:
    """Applies the steps in order; `others` are the tables that they join (`joins.tables_joined`).

    Raises InvalidInput `compute_invalid` that names step and column.
    """
    if len(steps) > MAX_STEPS:
        fail(len(steps), None, f"there are {len(steps)} steps; at most {MAX_STEPS} are done")
    if len(table.rows) > MOST_ROWS:
        fail(0, None, f"the table has {len(table.rows):,} rows; at most {MOST_ROWS:,} are computed")
    if len(set(table.columns)) != len(table.columns):
        twice = next(c for c in table.columns if table.columns.count(c) > 1)
        fail(0, twice, "two columns have this name")
    width = len(table.columns)
    rows: list[tuple[str | Decimal | None, ...]] = []
    for i, row in enumerate(table.rows):
        if len(row) != width:
            fail(0, None, f"row {i + 1} has {len(row)} cells, the table {width} columns")
        rows.append(tuple(row))
    commas, unsure = _how_written(table)
    alike = frozenset(c for c in unsure if scaled_alike([row[table.columns.index(c)] for row in table.rows]))
    sums = {column: frozenset(labels) for column, labels in sums_in(table.columns, table.rows).items()}
    work = Work(table.columns, rows, commas, {}, unsure, others or {}, alike=alike, sums=sums)
    looked_at = 0
    for number, raw in enumerate(steps, 1):
        if not isinstance(raw, Mapping) or len(raw) != 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            fail(number, None, 'a step is an object with one member, such as {"limit": 10}')
        name, arguments = next(iter(raw.items()))
        step = _STEPS.get(str(name))
        if step is None:
            fail(number, None, f"{str(name)[:40]!r} is not a step; the steps are {', '.join(_STEPS)}")
        looked_at += cost(len(work.rows), str(name), arguments, work.others)
        if looked_at > MOST_WORK:
            fail(
                number,
                None,
                f"the steps up to here look at {looked_at:,} cells; at most {MOST_WORK:,} are looked at."
                " Filter or group first",
            )
        work = step(work, arguments, number)
    cells = tuple(tuple(show(c) for c in row) for row in work.rows)
    return Result(
        work.columns,
        cells,
        table.name,
        skipped=dict(sorted(work.skipped.items())),
        unsure=dict(work.unsure),
        joins=work.joins,
        twice={column: label for column, label in work.twice.items() if column in work.columns},
    )


def _how_written(table: Table) -> tuple[frozenset[str], dict[str, str]]:
    """The columns with decimal commas, and those of which nothing tells, with a cell of each."""
    if table.decimal_point:
        return frozenset(), {}
    return decimal_commas(table.columns, table.rows), unsure_columns(table.columns, table.rows)


def _group(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "by aggregates")
    by = columns_of(work, a.get("by", []), step)
    raw = a.get("aggregates")
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
        fail(step, None, "group needs a list of aggregates")
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(work.rows):
        groups.setdefault(tuple(show(row[j]).strip() for j in by), []).append(i)
    if not by and not groups:
        groups[()] = []
    columns = [work.columns[j] for j in by]
    unsure = {c: work.unsure[c] for c in columns if c in work.unsure}
    alike = work.alike.intersection(columns)
    twice: dict[str, str] = {c: work.twice[c] for c in columns if c in work.twice}
    results: list[list[Decimal | None]] = []
    for item in cast(Sequence[object], raw):
        one = arguments(item, step, "fn column as")
        fn = one.get("fn")
        if fn not in _FUNCTIONS:
            fail(step, None, f"fn is one of {', '.join(_FUNCTIONS)}")
        if one.get("column") is None and fn != "count":
            fail(step, None, f"{fn} needs a column")
        at = index_of(work, one["column"], step) if one.get("column") is not None else None
        name = one.get("as") or (f"{fn} of {work.columns[at]}" if at is not None else "count")
        if not isinstance(name, str) or name in columns:
            fail(step, str(name), "a column of this name is there already")
        columns.append(name)
        if at is not None and fn != "count" and work.columns[at] in work.unsure:
            unsure[name] = work.unsure[work.columns[at]]
            alike |= {name} if work.columns[at] in work.alike else set[str]()
        if at is not None and work.columns[at] in work.twice:
            twice[name] = work.twice[work.columns[at]]
        results.append([_aggregate(work, fn, at, members, step) for members in groups.values()])
    rows: list[tuple[str | Decimal | None, ...]] = [
        (*key, *(column[i] for column in results)) for i, key in enumerate(groups)
    ]
    commas = work.decimal_comma & set(columns[: len(by)])
    both = next((label for members in groups.values() if (label := mixed(work, members)) is not None), None)
    made = replace(
        work, columns=tuple(columns), rows=rows, decimal_comma=commas, unsure=unsure, alike=alike, twice=twice
    )
    return count_twice(made, columns[len(by) :], both)


def _aggregate(work: Work, fn: str, at: int | None, members: Sequence[int], step: int) -> Decimal | None:
    if at is None:
        return Decimal(len(members))
    found = [x for i in members if (x := figure_of(work, work.rows[i][at], at, step, i)) is not None]
    if fn == "count":
        return Decimal(len(found))
    if not found:
        return Decimal(0) if fn == "sum" and not members else None
    if fn in ("min", "max"):
        return min(found) if fn == "min" else max(found)
    if fn in _QUARTILES:
        return _quantile(sorted(found), _QUARTILES[fn])
    total = _sum(found)
    return total if fn == "sum" else DIVIDE.divide(total, Decimal(len(found)))


_QUARTILES = {
    "median": Decimal("0.5"),
    "first_quartile": Decimal("0.25"),
    "third_quartile": Decimal("0.75"),
}
_FUNCTIONS = ("sum", "mean", "min", "max", *_QUARTILES, "count")


def _quantile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    """The figure below which `share` of the ordered ones lie, exactly; between two, by their distance."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    gap = EXACT.subtract(ordered[above], ordered[below])
    return EXACT.add(ordered[below], EXACT.multiply(place - below, gap))


def _sum(values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def _absent(cell: str | Decimal | None) -> bool:
    return cell is None or (isinstance(cell, str) and is_missing(cell))


def _sort(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "by desc")
    at = index_of(work, a.get("by"), step)
    there = [r for r in work.rows if not _absent(r[at])]
    gone = [r for r in work.rows if _absent(r[at])]
    there.sort(key=sort_key(work, at), reverse=a.get("desc") is True)
    return replace(work, rows=[*there, *gone], ranked=True)


def _limit(work: Work, value: object, step: int) -> Work:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        fail(step, None, "limit is a whole number from 0 on")
    cut = replace(work, rows=work.rows[:value])
    return count_twice(cut, work.columns, mixed(work) if work.ranked and mixed(cut) is not None else None)


def _change(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "column over as kind within")
    at, over = index_of(work, a.get("column"), step), index_of(work, a.get("over"), step)
    within = columns_of(work, a.get("within", []), step)
    kind = a.get("kind", "absolute")
    if kind not in ("absolute", "percent"):
        fail(step, work.columns[at], "kind is absolute or percent")
    name = new_name(work, a.get("as") or f"change of {work.columns[at]}", step)
    order = sorted(range(len(work.rows)), key=lambda i: sort_key(work, over)(work.rows[i]))
    changes: list[Decimal | None] = [None] * len(work.rows)
    before: dict[tuple[str, ...], tuple[str, Decimal | None]] = {}
    for i in order:
        row = work.rows[i]
        group = tuple(show(row[j]).strip() for j in within)
        period = show(row[over]).strip()
        now = figure_of(work, row[at], at, step, i)
        if group in before:
            last_period, last = before[group]
            if last_period == period:
                fail(
                    step,
                    work.columns[over],
                    f"{period[:40]!r} stands in more than one row; group first or name `within`",
                )
            if now is not None and last is not None:
                changes[i] = _difference(now, last, kind)
        before[group] = (period, now)
    rows = [(*row, changes[i]) for i, row in enumerate(work.rows)]
    return _with(work, name, rows, work.columns[at], ratio=kind == "percent")


def _with(
    work: Work, name: str, rows: list[tuple[str | Decimal | None, ...]], source: str, *, ratio: bool
) -> Work:
    """The same with another column, which follows from the column `source`; a `ratio` of its figures to each other does
    not depend on how they are read where they are alike."""
    columns = (*work.columns, name)
    work = count_twice(work, [name], work.twice.get(source))
    if source not in work.unsure or (ratio and source in work.alike):
        return replace(work, columns=columns, rows=rows)
    alike = work.alike | {name} if source in work.alike else work.alike
    return replace(
        work, columns=columns, rows=rows, unsure={**work.unsure, name: work.unsure[source]}, alike=alike
    )


def _difference(now: Decimal, last: Decimal, kind: str) -> Decimal | None:
    gap = EXACT.subtract(now, last)
    if kind == "absolute":
        return gap
    # From nothing, a percentage says nothing.
    return DIVIDE.divide(EXACT.multiply(gap, Decimal(100)), abs(last)) if last else None


def _share(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "column as kind within")
    at = index_of(work, a.get("column"), step)
    within = columns_of(work, a.get("within", []), step)
    kind = a.get("kind", "percent")
    if kind not in ("fraction", "percent"):
        fail(step, work.columns[at], "kind is percent or fraction")
    name = new_name(work, a.get("as") or f"share of {work.columns[at]}", step)
    keys = [tuple(show(r[j]).strip() for j in within) for r in work.rows]
    figures = [figure_of(work, r[at], at, step, i) for i, r in enumerate(work.rows)]
    totals: dict[tuple[str, ...], Decimal] = {}
    for key, x in zip(keys, figures, strict=True):
        if x is not None:
            totals[key] = EXACT.add(totals.get(key, Decimal(0)), x)
    scale = Decimal(100) if kind == "percent" else Decimal(1)
    rows: list[tuple[str | Decimal | None, ...]] = []
    for row, key, x in zip(work.rows, keys, figures, strict=True):
        total = totals.get(key)
        part = DIVIDE.divide(EXACT.multiply(x, scale), total) if x is not None and total else None
        rows.append((*row, part))
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    both = next((label for members in groups.values() if (label := mixed(work, members)) is not None), None)
    return count_twice(_shared(work, name, rows, at), [name], both)


def _shared(work: Work, name: str, rows: list[tuple[str | Decimal | None, ...]], at: int) -> Work:
    return _with(work, name, rows, work.columns[at], ratio=True)


def _select(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "columns")
    at = columns_of(work, a.get("columns"), step)
    if not at or len(set(at)) != len(at):
        fail(step, None, "select needs at least one column, each once")
    columns = tuple(work.columns[j] for j in at)
    unsure = {c: cell for c, cell in work.unsure.items() if c in columns}
    hidden = None if all(c in columns for c in work.sums if c in work.columns) else mixed(work)
    rows = [tuple(r[j] for j in at) for r in work.rows]
    return replace(work, columns=columns, rows=rows, unsure=unsure, hidden=hidden)


def _join(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "source_id table version on columns kind prefix")
    key = table_key(a)
    other = None if key is None else work.others.get(key)
    if other is None:
        fail(step, None, "join names a captured table by source_id and table, and this one is not here")
    kind, prefix = a.get("kind", "left"), a.get("prefix", "")
    if kind not in ("left", "inner") or not isinstance(prefix, str):
        fail(step, None, "kind is left or inner, and prefix a text")
    theirs = Work(other.columns, [], frozenset(), {}, {})
    raw = a.get("on")
    pairs = cast(Sequence[object], raw) if isinstance(raw, Sequence) and not isinstance(raw, str) else ()
    ends = [arguments(one, step, "left right") for one in pairs]
    if not ends:
        fail(step, None, 'on is a list of {"left": column, "right": column}')
    left = [index_of(work, one.get("left"), step) for one in ends]
    right = [index_of(theirs, one.get("right"), step) for one in ends]
    wanted = a.get("columns")
    taken = (
        [j for j in range(len(other.columns)) if j not in right]
        if wanted is None
        else columns_of(theirs, wanted, step)
    )
    columns = work.columns
    for j in taken:
        columns = (*columns, new_name(replace(work, columns=columns), f"{prefix}{other.columns[j]}", step))
    found = match(
        keys_of([[show(row[j]) for j in left] for row in work.rows]),
        keys_of([[row[j] for j in right] for row in other.rows]),
        step,
    )
    size = found.size(inner=kind == "inner")
    if size > MOST_ROWS:
        fail(step, None, f"it makes {size:,} rows; at most {MOST_ROWS:,} are computed")
    cells = size * len(columns)
    if cells > MOST_CELLS:
        fail(
            step,
            None,
            f"it makes {cells:,} cells; at most {MOST_CELLS:,} are computed. Select the columns that you need first,"
            " and name those to join in columns",
        )
    added = [tuple(row[j] for j in taken) for row in other.rows]
    rows = found.rows(work.rows, added, (None,) * len(taken), inner=kind == "inner")
    names = {other.columns[j]: f"{prefix}{other.columns[j]}" for j in taken}
    commas, unsure = _how_written(other)
    return replace(
        work,
        columns=columns,
        rows=rows,
        decimal_comma=work.decimal_comma | {names[c] for c in commas if c in names},
        unsure={**work.unsure, **{names[c]: cell for c, cell in unsure.items() if c in names}},
        joins=(*work.joins, found.told),
    )


def _period(work: Work, value: object, step: int) -> Work:
    a = arguments(value, step, "column unit as")
    at = index_of(work, a.get("column"), step)
    unit = a.get("unit")
    if unit not in UNITS:
        fail(step, work.columns[at], f"unit is one of {', '.join(UNITS)}")
    name = new_name(work, a.get("as") or unit, step)
    shown = [show(row[at]) for row in work.rows]
    rows: list[tuple[str | Decimal | None, ...]] = []
    for i, (row, cell, moment) in enumerate(zip(work.rows, shown, moments(shown), strict=True)):
        period = None if moment is None else moment.period(unit)
        if period is None and not is_missing(cell):
            fail(
                step,
                work.columns[at],
                f"{cell[:60]!r} in row {i + 1} gives no {unit} that can be read in one way",
            )
        rows.append((*row, period))
    return replace(work, columns=(*work.columns, name), rows=rows)


_STEPS: dict[str, Callable[[Work, Any, int], Work]] = {
    "filter": filtered,
    "period": _period,
    "group": _group,
    "sort": _sort,
    "limit": _limit,
    "change": _change,
    "share": _share,
    "select": _select,
    "join": _join,
}
