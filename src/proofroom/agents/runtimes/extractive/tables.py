"""What a captured table is about: which column is time, which hold measures, which break them down."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.agents.runtimes.extractive.words import content_stems
from proofroom.domain.figures import decimal_commas, is_missing, parse_number

_TIME = re.compile(
    r"\b(?:year|quarter|month|week|date|day|period|time|fiscal|jahr|monat|datum)s?\b", re.IGNORECASE
)
_ID = re.compile(
    r"\b(?:id|code|zip|postcode|lat|latitude|lon|lng|longitude|index|rank|phone|number|no|nr)\b",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"%|\b(?:percent|percentage|pct|rate|ratio|share|average|avg|mean|median|price|per|index|temperature|temp|score|"
    r"density|speed|age)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[(\[]([^()\[\]]{1,40})[)\]]\s*$")
MOST_LABELS = 60


@dataclass(frozen=True, slots=True)
class Shape:
    """A table with the roles of its columns. `time` and `by` are None where there is no such column."""

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
    """Whether adding up the column's figures would mean nothing."""
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
    content: Mapping[str, Any], *, measures: Sequence[str] = (), dimensions: Sequence[str] = ()
) -> Shape:
    """The roles of a table's columns, as read_table answers it. Columns that were asked for come first."""
    columns = tuple(str(one) for one in content.get("columns") or ())
    rows = tuple(
        tuple(str(cell) for cell in row) for row in content.get("rows") or () if len(row) == len(columns)
    )
    cells = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
    comma = decimal_commas(columns, rows)
    numeric = [name for name in columns if _numeric(cells[name], decimal_comma=name in comma)]
    asked_by = [found for one in dimensions if (found := column_named(columns, one))]
    asked_for = [found for one in measures if (found := column_named(columns, one)) and found in numeric]
    times = [name for name in columns if _is_time(name, cells[name])]
    time = next((name for name in asked_by if name in times), times[0] if times else None)
    free = [name for name in columns if name not in numeric and name != time]
    good = [
        name for name in free if 1 < len({*cells[name]} - {""}) <= MOST_LABELS and _tells(name, cells[name])
    ]
    by = next((name for name in asked_by if name != time), None)
    if by is None and good:
        by = min(
            good, key=lambda name: (len(set(cells[name])) == len(rows) and time is not None, free.index(name))
        )
    found = [name for name in numeric if name != time and name != by and not _ID.search(words_of(name))]
    periods = _ordered({cell.strip() for cell in cells[time]} - {""}) if time else []
    labels = list(dict.fromkeys(cell.strip() for cell in cells[by])) if by else []
    return Shape(
        source_id=str(content.get("source_id") or ""),
        version=int(content.get("version") or 1),
        table=int(content.get("table") or 0),
        title=str(content.get("source_title") or content.get("name") or "the table"),
        columns=columns,
        rows=rows,
        time=time,
        by=by,
        measures=tuple(asked_for or found[:6]),
        periods=tuple(periods),
        labels=tuple(labels),
        truncated=bool(content.get("truncated")),
    )


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
    if not present or not all(
        re.match(r"(?:1[5-9]|20)\d\d(?:$|\D)|Q[1-4] (?:19|20)\d\d", one) for one in present
    ):
        return False
    return bool(_TIME.search(words_of(name))) or all(len(one) == 4 for one in present)


def _ordered(periods: set[str]) -> list[str]:
    def key(period: str) -> tuple[str, str]:
        found = re.fullmatch(r"(Q[1-4]) (\d{4})", period)
        return (found.group(2), found.group(1)) if found else (period, "")

    return sorted(periods, key=key)
