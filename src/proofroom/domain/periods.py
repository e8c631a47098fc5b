"""Reading dates as tables write them, and naming the period that a date falls into.

Only what can be read in one way is read: 3/4/2020 is the third of April or the fourth of March, and which of the two is
known only where another cell of the column settles it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

UNITS = ("year", "quarter", "month", "day")
"""From coarse to fine."""
_LONGEST = 40
_MONTHS = {
    name: n
    for n, names in enumerate(
        "jan january;feb february;mar march;apr april;may;jun june;jul july;aug august;sep sept september;"
        "oct october;nov november;dec december".split(";"),
        1,
    )
    for name in names.split()
}
_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}[0-9:.,+Z -]*)?"
_YEAR = re.compile(r"(?P<year>(?:1[5-9]|20)[0-9]{2})")
_ISO = re.compile(
    rf"(?P<year>[0-9]{{4}})(?P<sign>[-/.])(?P<month>[0-9]{{1,2}})(?:(?P=sign)(?P<day>[0-9]{{1,2}}){_TIME})?"
)
_QUARTER = (
    re.compile(r"[Qq](?P<quarter>[1-4])[ /-]?(?P<year>[0-9]{4})"),
    re.compile(r"(?P<year>[0-9]{4})[ /-]?[Qq](?P<quarter>[1-4])"),
)
_NAMED = (
    re.compile(rf"(?P<name>[A-Za-z]{{3,9}})\.? (?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}}){_TIME}"),
    re.compile(rf"(?P<day>[0-9]{{1,2}})\.?[ -](?P<name>[A-Za-z]{{3,9}})\.?,?[ -](?P<year>[0-9]{{4}}){_TIME}"),
    re.compile(r"(?P<name>[A-Za-z]{3,9})\.?[ -](?P<year>[0-9]{4})"),
)
_PARTS = re.compile(
    rf"(?P<a>[0-9]{{1,2}})(?P<sign>[/.-])(?P<b>[0-9]{{1,2}})(?P=sign)(?P<year>[0-9]{{4}}){_TIME}"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as far as a cell gives it: `unit` is the finest of UNITS that is known; the rest is 1."""

    year: int
    month: int
    day: int
    unit: str

    def period(self, unit: str) -> str | None:
        """The period of this unit, as 2020, 2020-Q1, 2020-01 or 2020-01-31; None where the cell does not give it."""
        if UNITS.index(unit) > UNITS.index(self.unit):
            return None
        if unit == "year":
            return f"{self.year:04}"
        if unit == "quarter":
            return f"{self.year:04}-Q{(self.month + 2) // 3}"
        return f"{self.year:04}-{self.month:02}" + (f"-{self.day:02}" if unit == "day" else "")


def moments(cells: Sequence[str]) -> list[Moment | None]:
    """The dates of a column's cells, None for each that cannot be read in one way."""
    stripped = [cell.strip() if len(cell) <= _LONGEST else "" for cell in cells]
    first = _day_first(stripped)
    read = {cell: _moment(cell, first) for cell in set(stripped)}  # a table says each date many times
    return [read[cell] for cell in stripped]


def _day_first(cells: Sequence[str]) -> bool | None:
    """Whether 3/4/2020 is in April here; None where nothing says so, or the cells contradict each other."""
    found = [match for cell in cells if (match := _PARTS.fullmatch(cell))]
    day = any(int(one["a"]) > 12 or one["sign"] == "." for one in found)
    month = any(int(one["b"]) > 12 for one in found)
    return None if day == month else day


def _moment(cell: str, day_first: bool | None) -> Moment | None:
    if found := _YEAR.fullmatch(cell):
        return Moment(int(found["year"]), 1, 1, "year")
    for pattern in _QUARTER:
        if found := pattern.fullmatch(cell):
            return Moment(int(found["year"]), 3 * int(found["quarter"]) - 2, 1, "quarter")
    if found := _ISO.fullmatch(cell):
        return _made(found["year"], int(found["month"]), found["day"])
    for pattern in _NAMED:
        if found := pattern.fullmatch(cell):
            return _made(found["year"], _MONTHS.get(found["name"].lower(), 0), found.groupdict().get("day"))
    if (found := _PARTS.fullmatch(cell)) and day_first is not None:
        day, month = (found["a"], found["b"]) if day_first else (found["b"], found["a"])
        return _made(found["year"], int(month), day)
    return None


def _made(year: str, month: int, day: str | None) -> Moment | None:
    try:
        known = date(int(year), month, int(day or 1))
    except ValueError:
        return None
    return Moment(known.year, known.month, known.day, "day" if day else "month")
