"""What a captured table is about: which column is time, which hold measures, which break them down."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from proofroom.agents.runtimes.extractive.words import content_stems
from proofroom.domain.figures import decimal_commas, is_missing, parse_number
from proofroom.domain.periods import Moment, moments
from proofroom.domain.totals import sums_in

_TIME = re.compile(
    r"\b(?:year|quarter|month|week|date|day|period|time|fiscal|jahr|monat|datum)s?\b", re.IGNORECASE
)
_ID = re.compile(
    r"\b(?:id|code|zip|postcode|lat|latitude|lon|lng|longitude|index|rank|phone|number|no|nr)\b",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"%|\b(?:percent|percentage|pct|rates?|ratio|share|average|avg|mean|median|prices?|per|index|temperature|temp|"
    r"scores?|ratings?|density|speed|wind|age|open|close|high|low|max|min|pressure|humidity|level|weight|height|"
    r"length|width|depth|horsepower|displacement|acceleration|cylinders|mpg|life expect\w*|fertility|runtime|"
    r"(?:running )?time|duration|salary|wage|yield|cost per)\b",
    re.IGNORECASE,
)
_AS = re.compile(r"^(?P<fn>sum|total|mean|average|avg)(?: of)?\s+(?P<name>.+)$", re.IGNORECASE)
_UNIT = re.compile(r"[(\[]([^()\[\]]{1,40})[)\]]\s*$")
MOST_LABELS = 60
MOST_RAW_PERIODS = 40
LEVEL_STEP = 0.02
"""Where a figure usually changes by less than this share from one date to the next it is a level, such as a number of
employees: the mean over a year says something, the sum does not."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table with the roles of its columns. `time` and `by` are None where there is no such column.

    `unit` is the period that the dates of `time` are gathered into, None where its cells are periods already. `when`
    is the column of the periods in what is computed, `periods` what stands in it, in order. `means` are the measures
    that are averaged, not added up. `left_out` are rows that sum up others, by column and label: they are not among
    `rows`; of the `doubtful` among them nothing but their figures says so.
    """

    source_id: str
    version: int
    table: int
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    time: str | None
    by: str | None
    measures: tuple[str, ...]
    periods: tuple[str, ...]
    labels: tuple[str, ...]
    truncated: bool
    unit: str | None = None
    finer: str | None = None
    when: str | None = None
    means: frozenset[str] = frozenset()
    moment: str | None = None
    panel: bool = False
    left_out: tuple[tuple[str, str], ...] = ()
    doubtful: tuple[str, ...] = ()

    def cells(self, column: str) -> list[str]:
        at = self.columns.index(column)
        return [row[at] for row in self.rows]


def words_of(column: str) -> str:
    """A column's name as words: "net_generation" reads "net generation"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.replace("_", " "))
    return " ".join(spaced.split())


def unit_of(column: str) -> str | None:
    """The unit that a name carries in brackets at its end."""
    found = _UNIT.search(column)
    return found.group(1).strip() if found else None


def is_rate(column: str) -> bool:
    """Whether a column's name says that adding up its figures would mean nothing."""
    return bool(_RATE.search(words_of(column)))


def fitting(tables: Sequence[Mapping[str, Any]], task: str) -> list[Mapping[str, Any]]:
    """The tables, the best for the task first: words shared with its names, then the number of rows."""
    wanted = set(content_stems(task))

    def key(table: Mapping[str, Any]) -> tuple[int, int, int]:
        names = " ".join(
            [str(table.get("name") or ""), str(table.get("source_title") or "")]
            + [words_of(str(one)) for one in table.get("columns") or ()]
        )
        numeric = sum(one == "number" for one in table.get("types") or ())
        return (-min(numeric, 1), -len(wanted & set(content_stems(names))), -int(table.get("row_count") or 0))

    return sorted(tables, key=key)


def shape_of(
    content: Mapping[str, Any],
    *,
    measures: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    task: str = "",
    period: str = "",
) -> Shape:
    """The roles of a table's columns, as read_table answers it.

    Columns that were asked for come first, then those that the task names. `period` is the one asked for: it decides
    how fine the periods are.
    """
    columns = tuple(str(one) for one in content.get("columns") or ())
    rows = tuple(
        tuple(str(cell) for cell in row) for row in content.get("rows") or () if len(row) == len(columns)
    )
    sums = sums_in(columns, rows)
    told_out = [(name, label, kind) for name, labels in sums.items() for label, kind in labels.items()]
    rows = tuple(
        row
        for row in rows
        if not any(row[at].strip() in sums[name] for at, name in enumerate(columns) if name in sums)
    )
    cells = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
    comma = decimal_commas(columns, rows)
    numeric = [name for name in columns if _numeric(cells[name], decimal_comma=name in comma)]
    asked_by = [found for one in dimensions if (found := column_named(columns, one))]
    wanted = [measure_named(columns, one) for one in measures]
    asked_for = list(dict.fromkeys(name for name, _ in wanted if name in numeric))
    times = [name for name in columns if _is_time(name, cells[name])]
    time = next((name for name in asked_by if name in times), times[0] if times else None)
    free = [name for name in columns if name not in numeric and name != time]
    good = [
        name for name in free if 1 < len({*cells[name]} - {""}) <= MOST_LABELS and _tells(name, cells[name])
    ]
    by = next((name for name in asked_by if name != time), None)
    if by is None and good:
        by = min(
            good,
            key=lambda name: (
                len(set(cells[name])) == len(rows) and time is not None,
                -_shared(name, task),
                free.index(name),
            ),
        )
    found = [name for name in numeric if name not in (time, by) and not _ID.search(words_of(name))]
    chosen = tuple(asked_for or sorted(found, key=lambda name: -_shared(name, task))[:6])
    unit, periods = _periods(cells[time], period) if time else (None, [])
    when = time
    if unit is not None:
        when = unit if unit not in columns else f"calendar {unit}"
    labels = list(dict.fromkeys(cell.strip() for cell in cells[by])) if by else []
    told = {name: fn for name, fn in wanted if name and fn}
    level = [name for name in chosen if unit and _is_level(name, cells, time, by, comma)]
    means = frozenset(
        name
        for name in chosen
        if told.get(name, "mean" if is_rate(name) or name in level else "sum") == "mean"
    )
    return Shape(
        source_id=str(content.get("source_id") or ""),
        version=int(content.get("version") or 1),
        table=int(content.get("table") or 0),
        title=str(content.get("source_title") or content.get("name") or "the table"),
        columns=columns,
        rows=rows,
        time=time,
        by=by,
        measures=chosen,
        periods=tuple(periods),
        labels=tuple(labels),
        truncated=bool(content.get("truncated")),
        unit=unit,
        finer=_finer(cells[time], unit) if time else None,
        when=when,
        means=means,
        moment=next((one.unit for one in moments(cells[time]) if one is not None), None) if time else None,
        panel=time is not None and by is not None and _is_panel(cells[time], cells[by]),
        left_out=tuple((name, label) for name, label, _ in told_out),
        doubtful=tuple(label for _, label, kind in told_out if kind == "unsure"),
    )


def _is_panel(dates: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether most dates have several labels, each with one row."""
    pairs = len(set(zip(dates, labels, strict=True)))
    return pairs == len(dates) and 3 * len(set(dates)) < 2 * len(dates)


def _shared(name: str, task: str) -> int:
    """How many of the column's words the task holds."""
    return len(set(content_stems(words_of(name))) & set(content_stems(task)))


def measure_named(columns: Sequence[str], name: str) -> tuple[str | None, str | None]:
    """(column, "sum" or "mean" where the person says which) for a measure such as "mean of price" or "price"."""
    column = column_named(columns, name)
    said = _AS.match(name.strip())
    if column is not None or said is None:
        return column, None
    return column_named(columns, said["name"]), "sum" if said["fn"].lower() in ("sum", "total") else "mean"


def _periods(cells: Sequence[str], asked: str) -> tuple[str | None, list[str]]:
    """(unit to gather dates into, None where the cells name the periods as they are; the periods in order)."""
    present = [cell.strip() for cell in cells if not is_missing(cell)]
    raw = set(present)
    read = moments(present)
    known = [one for one in read if one is not None]
    if len(known) < len(read) or not known:
        return None, _ordered(raw)
    wanted = moments([asked])[0] if asked else None
    unit = wanted.unit if wanted else _unit_for(known, len(raw))
    named = {one.period(unit) for one in known}
    periods = sorted(one for one in named if one is not None)
    if None in named:  # some cells give less than others
        return None, _ordered(raw)
    return (None if set(periods) == raw else unit), periods


def _unit_for(known: Sequence[Moment], distinct: int) -> str:
    """Years where there are three or more, else months, else what the cells give."""
    fine = known[0].unit
    if fine in ("year", "quarter") and distinct <= MOST_RAW_PERIODS:
        return fine
    starts = all(one.month == 1 and one.day == 1 for one in known)
    if starts or len({one.year for one in known}) > 2:
        return "year"
    if fine == "day" and len({(one.year, one.month) for one in known}) > 2:
        return "month"
    return fine


def _finer(cells: Sequence[str], unit: str | None) -> str | None:
    """The unit for a chart: months where the report gathers them into years."""
    known = [one for one in moments([cell for cell in cells if not is_missing(cell)]) if one is not None]
    if unit != "year" or not known or known[0].unit not in ("month", "day"):
        return None
    return (
        "month" if len({(one.year, one.month) for one in known}) > len({one.year for one in known}) else None
    )


def _is_level(
    name: str, cells: Mapping[str, Sequence[str]], time: str | None, by: str | None, comma: frozenset[str]
) -> bool:
    """Whether the figures usually stay near each other from one date to the next, label by label."""
    if time is None:
        return False
    dates = moments(cells[time])
    labels = cells[by] if by else [""] * len(dates)
    rows = [
        (label.strip(), date.period(date.unit) or "", value)
        for label, date, cell in zip(labels, dates, cells[name], strict=True)
        if date is not None and (value := parse_number(cell, decimal_comma=name in comma)) is not None
    ]
    rows.sort(key=lambda row: row[:2])
    steps = [
        float(abs(value - before) / abs(before))
        for (label, _, before), (other, _, value) in pairwise(rows)
        if label == other and before and value != before
    ]
    return len(steps) >= 12 and sorted(steps)[len(steps) // 2] < LEVEL_STEP


def _tells(name: str, cells: Sequence[str]) -> bool:
    """Whether a column can group rows: it has a name and is mostly filled, unlike what a stray sign leaves behind."""
    filled = sum(not is_missing(cell) for cell in cells)
    return bool(words_of(name)) and 2 * filled > len(cells)


def column_named(columns: Sequence[str], name: str) -> str | None:
    """The column that a person means by `name`: letter case, underscores and units aside."""
    wanted = words_of(name).casefold()
    for column in columns:
        plain = words_of(column).casefold()
        if wanted in (plain, _UNIT.sub("", plain).strip(), column.casefold()):
            return column
    return None


def _numeric(cells: Sequence[str], *, decimal_comma: bool) -> bool:
    present = [cell for cell in cells if not is_missing(cell)]
    return bool(present) and all(
        parse_number(cell, decimal_comma=decimal_comma) is not None for cell in present
    )


def _is_time(name: str, cells: Sequence[str]) -> bool:
    present = [cell.strip() for cell in cells if not is_missing(cell)]
    if not present:
        return False
    read = moments(present)
    if not all(
        date is not None or re.match(r"(?:1[5-9]|20)\d\d\D", cell)
        for date, cell in zip(read, present, strict=True)
    ):
        return False
    named = bool(_TIME.search(words_of(name)))
    return named or all(date is not None for date in read)


def _ordered(periods: set[str]) -> list[str]:
    def key(period: str) -> tuple[str, str]:
        found = re.fullmatch(r"(Q[1-4]) (\d{4})", period)
        return (found.group(2), found.group(1)) if found else (period, "")

    return sorted(periods, key=key)
