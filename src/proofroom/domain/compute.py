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
Missing cells ("", "-", "n/a" and the like) are skipped and counted in `Result.skipped`. A cell that should
be a figure and is not is an error, never a zero.

Steps come from agents, so what they cost is bounded before it is spent: `compute_cost`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NoReturn, cast

from proofroom.domain.compute_cost import MOST_CELLS, MOST_WORK, cost
from proofroom.domain.errors import InvalidInput
from proofroom.domain.figures import (
    EXACT,
    MOST_ROWS,
    Table,
    decimal_commas,
    is_missing,
    parse_number,
    scaled_alike,
    unsure_columns,
)
from proofroom.domain.joins import Joined, TableKey, keys_of, match, table_key
from proofroom.domain.periods import UNITS, moments

_DIVIDE = Context(prec=28, rounding=ROUND_HALF_EVEN, Emax=999_999, Emin=-999_999)
MAX_STEPS = 50


@dataclass(frozen=True)
class Result(Table):
    """A computed table: figures in plain decimal notation. `skipped` counts missing cells by column. `unsure` holds the
    columns that rest on figures such as 1.204 which may be 1204, with one of these. `joins` says of each join what
    found its match.
    """

    skipped: Mapping[str, int] = field(default_factory=dict[str, int])
    unsure: Mapping[str, str] = field(default_factory=dict[str, str])
    joins: tuple[Joined, ...] = ()


@dataclass(frozen=True)
class _Work:
    """A table while it is computed. A cell is text, a figure, or None where nothing is. `alike` are those of the
    `unsure` columns whose figures are all a thousand times as large, or none of them."""

    columns: tuple[str, ...]
    rows: list[tuple[str | Decimal | None, ...]]
    decimal_comma: frozenset[str]
    skipped: dict[str, int]
    unsure: Mapping[str, str]
    others: Mapping[TableKey, Table] = field(default_factory=dict[TableKey, Table])
    joins: tuple[Joined, ...] = ()
    alike: frozenset[str] = frozenset()


def compute(
    table: Table, steps: Sequence[Mapping[str, Any]], others: Mapping[TableKey, Table] | None = None
) -> Result:
    """Applies the steps in order; `others` are the tables that they join (`joins.tables_joined`).

    Raises InvalidInput `compute_invalid` that names step and column.
    """
    if len(steps) > MAX_STEPS:
        _fail(len(steps), None, f"there are {len(steps)} steps; at most {MAX_STEPS} are done")
    if len(table.rows) > MOST_ROWS:
        _fail(0, None, f"the table has {len(table.rows):,} rows; at most {MOST_ROWS:,} are computed")
    if len(set(table.columns)) != len(table.columns):
        twice = next(c for c in table.columns if table.columns.count(c) > 1)
        _fail(0, twice, "two columns have this name")
    width = len(table.columns)
    rows: list[tuple[str | Decimal | None, ...]] = []
    for i, row in enumerate(table.rows):
        if len(row) != width:
            _fail(0, None, f"row {i + 1} has {len(row)} cells, the table {width} columns")
        rows.append(tuple(row))
    commas, unsure = _how_written(table)
    alike = frozenset(c for c in unsure if scaled_alike([row[table.columns.index(c)] for row in table.rows]))
    work = _Work(table.columns, rows, commas, {}, unsure, others or {}, alike=alike)
    looked_at = 0
    for number, raw in enumerate(steps, 1):
        if not isinstance(raw, Mapping) or len(raw) != 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            _fail(number, None, 'a step is an object with one member, such as {"limit": 10}')
        name, arguments = next(iter(raw.items()))
        step = _STEPS.get(str(name))
        if step is None:
            _fail(number, None, f"{str(name)[:40]!r} is not a step; the steps are {', '.join(_STEPS)}")
        looked_at += cost(len(work.rows), str(name), arguments, work.others)
        if looked_at > MOST_WORK:
            _fail(
                number,
                None,
                f"the steps up to here look at {looked_at:,} cells; at most {MOST_WORK:,} are looked at."
                " Filter or group first",
            )
        work = step(work, arguments, number)
    cells = tuple(tuple(_show(c) for c in row) for row in work.rows)
    return Result(
        work.columns,
        cells,
        table.name,
        skipped=dict(sorted(work.skipped.items())),
        unsure=dict(work.unsure),
        joins=work.joins,
    )


def _how_written(table: Table) -> tuple[frozenset[str], dict[str, str]]:
    """The columns with decimal commas, and those of which nothing tells, with a cell of each."""
    if table.decimal_point:
        return frozenset(), {}
    return decimal_commas(table.columns, table.rows), unsure_columns(table.columns, table.rows)


# Showing figures ----------------------------------------------------------------------------------


def _show(cell: str | Decimal | None) -> str:
    if cell is None:
        return ""
    return _plain(cell) if isinstance(cell, Decimal) else cell


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


# Steps --------------------------------------------------------------------------------------------


def _fail(step: int, column: str | None, what: str) -> NoReturn:
    where = f"step {step}" if step else "the table"
    if column is not None:
        where += f", column {column[:80]!r}"
    raise InvalidInput(
        "compute_invalid",
        f"This cannot be computed ({where}): {what}.",
        "Correct the step or the table and run it again.",
        field=f"steps[{step - 1}]" if step else None,
        extra={"step": step, "column": column},
    )


def _arguments(value: object, step: int, known: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _fail(step, None, "its value must be an object")
    found = cast(Mapping[str, Any], value)
    extra = [k for k in found if k not in known.split()]
    if extra:
        _fail(step, None, f"{str(extra[0])[:40]!r} is not one of its members: {known.replace(' ', ', ')}")
    return found


def _index(work: _Work, name: object, step: int) -> int:
    if not isinstance(name, str):
        _fail(step, None, "a column must be named by text")
    if name not in work.columns:
        _fail(step, name, f"there is no such column; there are {', '.join(work.columns)[:300]}")
    return work.columns.index(name)


def _columns(work: _Work, names: object, step: int) -> list[int]:
    if not isinstance(names, Sequence) or isinstance(names, str):
        _fail(step, None, "columns must be a list")
    return [_index(work, n, step) for n in cast(Sequence[object], names)]


def _new_name(work: _Work, name: object, step: int) -> str:
    if not isinstance(name, str) or not name.strip():
        _fail(step, None, "a new column needs a name")
    if name in work.columns:
        _fail(step, name, "a column of this name is there already")
    return name


def _figure(work: _Work, cell: str | Decimal | None, column: int, step: int, row: int) -> Decimal | None:
    """The figure of a cell; None for a missing one, which is counted; an error for anything else."""
    name = work.columns[column]
    if isinstance(cell, Decimal):
        return cell
    if cell is None or is_missing(cell):
        work.skipped[name] = work.skipped.get(name, 0) + 1
        return None
    value = parse_number(cell, decimal_comma=name in work.decimal_comma)
    if value is None:
        _fail(step, name, f"{cell[:60]!r} in row {row + 1} is not a figure")
    return value


def _maybe(work: _Work, cell: str | Decimal | None, column: int) -> Decimal | None:
    if cell is None or isinstance(cell, Decimal):
        return cell
    return parse_number(cell, decimal_comma=work.columns[column] in work.decimal_comma)


def _filter(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "column op value")
    at = _index(work, a.get("column"), step)
    name, op, wanted = work.columns[at], a.get("op", "eq"), a.get("value")
    keep: Callable[[str | Decimal | None], bool]
    match op:
        case "present":
            keep = lambda cell: isinstance(cell, Decimal) or (cell is not None and not is_missing(cell))  # noqa: E731
        case "contains":
            if not isinstance(wanted, str):
                _fail(step, name, "contains needs a text")
            part = wanted.casefold()
            keep = lambda cell: part in _show(cell).casefold()  # noqa: E731
        case "in":
            if not isinstance(wanted, Sequence) or isinstance(wanted, str):
                _fail(step, name, "in needs a list")
            choices = [_choice(w, step, name) for w in cast(Sequence[object], wanted)]
            keep = _among(work, at, choices)
        case "eq" | "ne":
            choice = _choice(wanted, step, name)
            keep = lambda cell: _equal(work, cell, at, choice) == (op == "eq")  # noqa: E731
        case "between":
            if (
                not isinstance(wanted, Sequence)
                or isinstance(wanted, str)
                or len(cast(Sequence[object], wanted)) != 2
            ):
                _fail(step, name, "between needs two figures")
            low, high = (_bound(w, step, name) for w in cast(Sequence[object], wanted))
            keep = lambda cell: (x := _maybe(work, cell, at)) is not None and low <= x <= high  # noqa: E731
        case "lt" | "le" | "gt" | "ge":
            limit = _bound(wanted, step, name)
            test = {"lt": Decimal.__lt__, "le": Decimal.__le__, "gt": Decimal.__gt__, "ge": Decimal.__ge__}[
                op
            ]
            keep = lambda cell: (x := _maybe(work, cell, at)) is not None and test(x, limit)  # noqa: E731
        case _:
            _fail(step, name, "op is eq, ne, lt, le, gt, ge, in, between, contains or present")
    unsure, alike = work.unsure, work.alike
    by_sign = (
        name in work.alike and op in ("lt", "le", "gt", "ge") and str(cast(object, wanted)).strip() == "0"
    )
    if name in unsure and op not in ("present", "contains") and not by_sign:
        # all that is left goes by how it was read
        unsure, alike = dict.fromkeys(work.columns, unsure[name]), frozenset[str]()
    return replace(work, rows=[r for r in work.rows if keep(r[at])], unsure=unsure, alike=alike)


_Wanted = tuple[str, Decimal | None]


def _choice(value: object, step: int, name: str) -> _Wanted:
    """A value to compare cells with, as text without case and as a figure."""
    text = _wanted(value, step, name)
    return text.strip().casefold(), parse_number(text)


def _wanted(value: object, step: int, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        _fail(step, name, "the value must be a text or a figure")
    return value if isinstance(value, str) else str(value)


def _bound(value: object, step: int, name: str) -> Decimal:
    found = parse_number(_wanted(value, step, name))
    if found is None:
        _fail(step, name, "the value must be a figure")
    return found


def _among(work: _Work, column: int, wanted: Sequence[_Wanted]) -> Callable[[str | Decimal | None], bool]:
    """Whether a cell is `_equal` to one of the choices; looked up, however many they are."""
    texts = {text for text, _ in wanted}
    words = {text for text, figure in wanted if figure is None}
    figures = {figure for _, figure in wanted if figure is not None}

    def found(cell: str | Decimal | None) -> bool:
        text = _show(cell).strip().casefold()
        ours = _maybe(work, cell, column)
        return text in texts if ours is None else ours in figures or text in words

    return found


def _equal(work: _Work, cell: str | Decimal | None, column: int, wanted: _Wanted) -> bool:
    text, theirs = wanted
    if theirs is not None and (ours := _maybe(work, cell, column)) is not None:
        return ours == theirs
    return _show(cell).strip().casefold() == text


def _group(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "by aggregates")
    by = _columns(work, a.get("by", []), step)
    raw = a.get("aggregates")
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not raw:
        _fail(step, None, "group needs a list of aggregates")
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(work.rows):
        groups.setdefault(tuple(_show(row[j]).strip() for j in by), []).append(i)
    if not by and not groups:
        groups[()] = []
    columns = [work.columns[j] for j in by]
    unsure = {c: work.unsure[c] for c in columns if c in work.unsure}
    alike = work.alike.intersection(columns)
    results: list[list[Decimal | None]] = []
    for item in cast(Sequence[object], raw):
        one = _arguments(item, step, "fn column as")
        fn = one.get("fn")
        if fn not in _FUNCTIONS:
            _fail(step, None, f"fn is one of {', '.join(_FUNCTIONS)}")
        if one.get("column") is None and fn != "count":
            _fail(step, None, f"{fn} needs a column")
        at = _index(work, one["column"], step) if one.get("column") is not None else None
        name = one.get("as") or (f"{fn} of {work.columns[at]}" if at is not None else "count")
        if not isinstance(name, str) or name in columns:
            _fail(step, str(name), "a column of this name is there already")
        columns.append(name)
        if at is not None and fn != "count" and work.columns[at] in work.unsure:
            unsure[name] = work.unsure[work.columns[at]]
            alike |= {name} if work.columns[at] in work.alike else set[str]()
        results.append([_aggregate(work, fn, at, members, step) for members in groups.values()])
    rows: list[tuple[str | Decimal | None, ...]] = [
        (*key, *(column[i] for column in results)) for i, key in enumerate(groups)
    ]
    commas = work.decimal_comma & set(columns[: len(by)])
    return replace(work, columns=tuple(columns), rows=rows, decimal_comma=commas, unsure=unsure, alike=alike)


def _aggregate(work: _Work, fn: str, at: int | None, members: Sequence[int], step: int) -> Decimal | None:
    if at is None:
        return Decimal(len(members))
    found = [x for i in members if (x := _figure(work, work.rows[i][at], at, step, i)) is not None]
    if fn == "count":
        return Decimal(len(found))
    if not found:
        return Decimal(0) if fn == "sum" and not members else None
    if fn in ("min", "max"):
        return min(found) if fn == "min" else max(found)
    if fn in _QUARTILES:
        return _quantile(sorted(found), _QUARTILES[fn])
    total = _sum(found)
    return total if fn == "sum" else _DIVIDE.divide(total, Decimal(len(found)))


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


def _sort_key(work: _Work, at: int) -> Callable[[tuple[str | Decimal | None, ...]], tuple[int, Decimal, str]]:
    def key(row: tuple[str | Decimal | None, ...]) -> tuple[int, Decimal, str]:
        cell = row[at]
        value = _maybe(work, cell, at)
        if value is not None:
            return 0, value, ""
        return 1, Decimal(0), _show(cell).casefold()

    return key


def _absent(cell: str | Decimal | None) -> bool:
    return cell is None or (isinstance(cell, str) and is_missing(cell))


def _sort(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "by desc")
    at = _index(work, a.get("by"), step)
    there = [r for r in work.rows if not _absent(r[at])]
    gone = [r for r in work.rows if _absent(r[at])]
    there.sort(key=_sort_key(work, at), reverse=a.get("desc") is True)
    return replace(work, rows=[*there, *gone])


def _limit(work: _Work, value: object, step: int) -> _Work:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _fail(step, None, "limit is a whole number from 0 on")
    return replace(work, rows=work.rows[:value])


def _change(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "column over as kind within")
    at, over = _index(work, a.get("column"), step), _index(work, a.get("over"), step)
    within = _columns(work, a.get("within", []), step)
    kind = a.get("kind", "absolute")
    if kind not in ("absolute", "percent"):
        _fail(step, work.columns[at], "kind is absolute or percent")
    name = _new_name(work, a.get("as") or f"change of {work.columns[at]}", step)
    order = sorted(range(len(work.rows)), key=lambda i: _sort_key(work, over)(work.rows[i]))
    changes: list[Decimal | None] = [None] * len(work.rows)
    before: dict[tuple[str, ...], tuple[str, Decimal | None]] = {}
    for i in order:
        row = work.rows[i]
        group = tuple(_show(row[j]).strip() for j in within)
        period = _show(row[over]).strip()
        now = _figure(work, row[at], at, step, i)
        if group in before:
            last_period, last = before[group]
            if last_period == period:
                _fail(
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
    work: _Work, name: str, rows: list[tuple[str | Decimal | None, ...]], source: str, *, ratio: bool
) -> _Work:
    """The same with another column, which follows from the column `source`; a `ratio` of its figures to each other does
    not depend on how they are read where they are alike."""
    columns = (*work.columns, name)
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
    return _DIVIDE.divide(EXACT.multiply(gap, Decimal(100)), abs(last)) if last else None


def _share(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "column as kind within")
    at = _index(work, a.get("column"), step)
    within = _columns(work, a.get("within", []), step)
    kind = a.get("kind", "percent")
    if kind not in ("fraction", "percent"):
        _fail(step, work.columns[at], "kind is percent or fraction")
    name = _new_name(work, a.get("as") or f"share of {work.columns[at]}", step)
    keys = [tuple(_show(r[j]).strip() for j in within) for r in work.rows]
    figures = [_figure(work, r[at], at, step, i) for i, r in enumerate(work.rows)]
    totals: dict[tuple[str, ...], Decimal] = {}
    for key, x in zip(keys, figures, strict=True):
        if x is not None:
            totals[key] = EXACT.add(totals.get(key, Decimal(0)), x)
    scale = Decimal(100) if kind == "percent" else Decimal(1)
    rows: list[tuple[str | Decimal | None, ...]] = []
    for row, key, x in zip(work.rows, keys, figures, strict=True):
        total = totals.get(key)
        part = _DIVIDE.divide(EXACT.multiply(x, scale), total) if x is not None and total else None
        rows.append((*row, part))
    return _with(work, name, rows, work.columns[at], ratio=True)


def _select(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "columns")
    at = _columns(work, a.get("columns"), step)
    if not at or len(set(at)) != len(at):
        _fail(step, None, "select needs at least one column, each once")
    columns = tuple(work.columns[j] for j in at)
    unsure = {c: cell for c, cell in work.unsure.items() if c in columns}
    return replace(work, columns=columns, rows=[tuple(r[j] for j in at) for r in work.rows], unsure=unsure)


def _join(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "source_id table version on columns kind prefix")
    key = table_key(a)
    other = None if key is None else work.others.get(key)
    if other is None:
        _fail(step, None, "join names a captured table by source_id and table, and this one is not here")
    kind, prefix = a.get("kind", "left"), a.get("prefix", "")
    if kind not in ("left", "inner") or not isinstance(prefix, str):
        _fail(step, None, "kind is left or inner, and prefix a text")
    theirs = _Work(other.columns, [], frozenset(), {}, {})
    raw = a.get("on")
    pairs = cast(Sequence[object], raw) if isinstance(raw, Sequence) and not isinstance(raw, str) else ()
    ends = [_arguments(one, step, "left right") for one in pairs]
    if not ends:
        _fail(step, None, 'on is a list of {"left": column, "right": column}')
    left = [_index(work, one.get("left"), step) for one in ends]
    right = [_index(theirs, one.get("right"), step) for one in ends]
    wanted = a.get("columns")
    taken = (
        [j for j in range(len(other.columns)) if j not in right]
        if wanted is None
        else _columns(theirs, wanted, step)
    )
    columns = work.columns
    for j in taken:
        columns = (*columns, _new_name(replace(work, columns=columns), f"{prefix}{other.columns[j]}", step))
    found = match(
        keys_of([[_show(row[j]) for j in left] for row in work.rows]),
        keys_of([[row[j] for j in right] for row in other.rows]),
        step,
    )
    size = found.size(inner=kind == "inner")
    if size > MOST_ROWS:
        _fail(step, None, f"it makes {size:,} rows; at most {MOST_ROWS:,} are computed")
    cells = size * len(columns)
    if cells > MOST_CELLS:
        _fail(
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


def _period(work: _Work, value: object, step: int) -> _Work:
    a = _arguments(value, step, "column unit as")
    at = _index(work, a.get("column"), step)
    unit = a.get("unit")
    if unit not in UNITS:
        _fail(step, work.columns[at], f"unit is one of {', '.join(UNITS)}")
    name = _new_name(work, a.get("as") or unit, step)
    shown = [_show(row[at]) for row in work.rows]
    rows: list[tuple[str | Decimal | None, ...]] = []
    for i, (row, cell, moment) in enumerate(zip(work.rows, shown, moments(shown), strict=True)):
        period = None if moment is None else moment.period(unit)
        if period is None and not is_missing(cell):
            _fail(
                step,
                work.columns[at],
                f"{cell[:60]!r} in row {i + 1} gives no {unit} that can be read in one way",
            )
        rows.append((*row, period))
    return replace(work, columns=(*work.columns, name), rows=rows)


_STEPS: dict[str, Callable[[_Work, Any, int], _Work]] = {
    "filter": _filter,
    "period": _period,
    "group": _group,
    "sort": _sort,
    "limit": _limit,
    "change": _change,
    "share": _share,
    "select": _select,
    "join": _join,
}
