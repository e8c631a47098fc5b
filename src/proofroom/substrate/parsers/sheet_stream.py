"""Reads the XML of a sheet and of a workbook's strings as a stream: no tree is built, so that a sheet of any
shape takes the memory of its filled cells only.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from proofroom.domain.errors import ProofroomError
from proofroom.substrate.parsers.archive import Archive
from proofroom.substrate.parsers.ranges import Cell, Merge, Rows

MAX_COLUMN = 16_384
MAX_ROW = 1_048_576
OFF = ("0", "false", "off")
_REFERENCE = re.compile(r"\$?([A-Z]{1,4})\$?([0-9]{1,8})")
_SIGN = re.compile(r"_x([0-9A-Fa-f]{4})_")

Shown = Callable[[str, str, str], Cell]
"""(kind of cell, stored value, style) → the cell."""


@dataclass(slots=True)
class Sheet:
    """Filled cells by row and column, both from 1. `uncalculated` counts formulas without a stored value."""

    rows: Rows = field(default_factory=dict[int, dict[int, Cell]])
    hidden_rows: set[int] = field(default_factory=set[int])
    hidden_columns: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    merges: list[Merge] = field(default_factory=list[Merge])
    uncalculated: int = 0


class _Strings:
    """Collects the text of elements `t`, without the reading aids of East Asian text (`rPh`)."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.open = False
        self.aid = 0

    def start(self, name: str) -> None:
        if name == "t":
            self.open = not self.aid
        elif name == "rPh":
            self.aid += 1

    def end(self, name: str) -> None:
        if name == "t":
            self.open = False
        elif name == "rPh":
            self.aid -= 1

    def text(self, words: str) -> None:
        if self.open:
            self.parts.append(words)

    def taken(self) -> str:
        whole = "".join(self.parts)
        self.parts.clear()
        return _SIGN.sub(_unescaped, whole) if "_x" in whole else whole


def read_strings(archive: Archive, part: str, take: Callable[[str], None]) -> None:
    """Gives each shared string to `take`, in order."""
    strings = _Strings()

    def start(name: str, _: Mapping[str, str]) -> None:
        strings.start(name)

    def end(name: str) -> None:
        strings.end(name)
        if name == "si":
            take(strings.taken())

    archive.scan(part, start, end, strings.text)


def read_sheet(
    archive: Archive,
    part: str,
    shown: Shown,
    full: Callable[[Mapping[int, Cell]], None],
    too_far: Callable[[int], ProofroomError],
) -> Sheet:
    """A sheet. `full` is given each row with cells and may raise; what `too_far` makes of a column that no
    sheet has is raised, and of 0 at a row that no sheet has.
    """
    reader = _SheetReader(shown, full, too_far)
    archive.scan(part, reader.start, reader.end, reader.text)
    return reader.sheet


class _SheetReader:
    def __init__(
        self,
        shown: Shown,
        full: Callable[[Mapping[int, Cell]], None],
        too_far: Callable[[int], ProofroomError],
    ) -> None:
        self.sheet = Sheet()
        self.shown = shown
        self.full = full
        self.too_far = too_far
        self.strings = _Strings()
        self.row: dict[int, Cell] = {}
        self.number = 0
        self.column = 0
        self.kind = "n"
        self.style = "0"
        self.formula = False
        self.value: list[str] | None = None
        self.in_value = False

    def start(self, name: str, given: Mapping[str, str]) -> None:
        if name == "v":
            self.value, self.in_value = [], True
        elif name == "c":
            self._start_cell(given)
        elif name == "f":
            self.formula = True
        elif name == "row":
            self._start_row(given)
        elif name == "mergeCell":
            merge = _merge(given.get("ref", ""))
            if merge is not None:
                self.sheet.merges.append(merge)
        elif name == "col":
            first, last = given.get("min", ""), given.get("max", "")
            if given.get("hidden", "0") not in OFF and is_count(first) and is_count(last):
                self.sheet.hidden_columns.append((int(first), int(last)))
        else:
            self.strings.start(name)

    def text(self, words: str) -> None:
        if self.in_value and self.value is not None:
            self.value.append(words)
        elif self.strings.open:
            self.strings.parts.append(words)

    def end(self, name: str) -> None:
        if name == "v":
            self.in_value = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            if self.row:
                self.sheet.rows.setdefault(self.number, {}).update(self.row)
                self.full(self.row)
                self.row = {}
        elif name == "is":
            self.value = [self.strings.taken()]
        else:
            self.strings.end(name)

    def _start_row(self, given: Mapping[str, str]) -> None:
        stated = given.get("r", "")
        self.number = int(stated) if is_count(stated) else self.number + 1
        self.column = 0
        if self.number > MAX_ROW:
            raise self.too_far(0)
        if given.get("hidden", "0") not in OFF:
            self.sheet.hidden_rows.add(self.number)

    def _start_cell(self, given: Mapping[str, str]) -> None:
        found = _REFERENCE.fullmatch(given.get("r", ""))
        self.column = column_number(found[1]) if found else self.column + 1
        if self.column > MAX_COLUMN:
            raise self.too_far(self.column)
        self.kind, self.style = given.get("t", "n"), given.get("s", "0")
        self.formula, self.value = False, None
        self.strings.parts.clear()

    def _end_cell(self) -> None:
        raw = "".join(self.value) if self.value is not None else ""
        if not raw:
            self.sheet.uncalculated += self.formula and self.kind != "str"
            return
        cell = self.shown(self.kind, raw, self.style)
        if cell.text:
            self.row[self.column] = cell


def is_count(text: str) -> bool:
    """Whether a text is a whole number of at most eight digits."""
    return len(text) < 9 and text.isascii() and text.isdigit()


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _unescaped(found: re.Match[str]) -> str:
    """Signs that XML cannot hold are written as `_x000D_`."""
    number = int(found[1], 16)
    return chr(number) if number < 0xD800 or number > 0xDFFF else "\ufffd"


def _merge(reference: str) -> Merge | None:
    first, _, last = reference.partition(":")
    one, two = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if one is None or two is None:
        return None
    return Merge(int(one[2]), column_number(one[1]), int(two[2]), column_number(two[1]))
