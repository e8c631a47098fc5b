"""Excel workbooks: a page for each sheet, and its used ranges as tables.

Sheets are streamed; what they say of their own size is never asked. Formulas count by the values that the
program stored with them. Values are text as a person sees them (`number_formats`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.extracted import Extracted, Limits, Report, too_much_text, unheard
from proofroom.substrate.parsers.archive import PARSING, Archive, bad_xml, etree
from proofroom.substrate.parsers.delimited import too_many_cells, too_wide
from proofroom.substrate.parsers.number_formats import BUILTIN, Code, read_code, shown
from proofroom.substrate.parsers.ooxml import MACROS_NOTE, Element, Package, child, children, local
from proofroom.substrate.parsers.ranges import Cell, Merge, Rows, write_ranges
from proofroom.substrate.parsers.writing import Writer, one_line

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTRACTOR = "proofroom-xlsx/1 (lxml 6)"

MAX_COLUMN = 16_384
MAX_ROW = 1_048_576
_REFERENCE = re.compile(r"\$?([A-Z]{1,4})\$?(\d{1,8})")
_VALUE_MARKS = (b"<v>", b"<v ", b"<is>")
_OFF = ("0", "false", "off")


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str | None
    hidden: bool


@dataclass(slots=True)
class _Read:
    """A sheet: filled cells by row and column, both from 1."""

    rows: Rows = field(default_factory=dict[int, dict[int, Cell]])
    hidden_rows: set[int] = field(default_factory=set[int])
    hidden_columns: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    merges: list[Merge] = field(default_factory=list[Merge])
    uncalculated: int = 0


def parse(package: Package, *, limits: Limits, report: Report = unheard) -> Extracted:
    """Raises InvalidInput (`unreadable_file`, `unsafe_file`, `no_text`) and TooLarge (`table_too_large`,
    `text_too_large`, `too_many_pages`).
    """
    archive = package.archive
    root = archive.xml(package.main)
    sheets = list(_sheets(package, root))
    if len(sheets) > limits.pages:
        raise TooLarge(
            "too_many_pages",
            f"The workbook has {len(sheets):,} sheets; {limits.pages:,} are the most that can be read.",
            "Split it into several files.",
        )
    _count_values(archive, [sheet.part for sheet in sheets if sheet.part], limits)
    properties = child(root, "workbookPr")
    since_1904 = properties is not None and (properties.get("date1904") or "0") not in _OFF
    book = _Book(archive, limits, since_1904)
    book.load(package)
    writer = Writer(limits)
    remarks = _Remarks()
    for number, sheet in enumerate(sheets, 1):
        report(number - 1, len(sheets), "sheets")
        writer.open_page(number)
        if sheet.part is None:
            continue
        read = book.sheet(sheet.part)
        remarks.uncalculated += read.uncalculated
        if not read.rows:
            continue
        writer.hidden = sheet.hidden
        remarks.note(sheet, read)
        writer.write_heading(one_line(sheet.name))
        write_ranges(
            writer,
            one_line(sheet.name) or f"Sheet {number}",
            read.rows,
            read.merges,
            frozenset(read.hidden_rows),
        )
        writer.hidden = False
    if not writer.blocks:
        hint = "Open it in a spreadsheet program, save it and add it again." if remarks.uncalculated else ""
        raise InvalidInput(
            "no_text",
            "The workbook holds no values"
            + (": its formulas were never calculated." if remarks.uncalculated else "."),
            hint or "Choose a file that has content.",
        )
    writer.title = None  # the name of the first sheet is no title
    writer.notes.extend(remarks.said())
    if package.macros:
        writer.notes.append(MACROS_NOTE)
    return writer.extracted(CONTENT_TYPE, EXTRACTOR)


@dataclass(slots=True)
class _Remarks:
    hidden_sheets: list[str] = field(default_factory=list[str])
    hidden_parts: list[str] = field(default_factory=list[str])
    uncalculated: int = 0

    def note(self, sheet: _Sheet, read: _Read) -> None:
        name = f"“{one_line(sheet.name)[:60]}”"
        if sheet.hidden:
            self.hidden_sheets.append(name)
        rows = len(read.hidden_rows & read.rows.keys())
        filled = (
            {column for row in read.rows.values() for column in row} if read.hidden_columns else set[int]()
        )
        columns = sum(1 for c in filled if any(first <= c <= last for first, last in read.hidden_columns))
        for count, what in ((rows, "row"), (columns, "column")):
            if count:
                self.hidden_parts.append(f"{count:,} {what}{'s' if count > 1 else ''} of {name}")

    def said(self) -> Iterator[str]:
        for names in (self.hidden_sheets, self.hidden_parts):
            if names:
                what = "sheet " if names is self.hidden_sheets else ""
                more = f" and {len(names) - 10} more" if len(names) > 10 else ""
                yield f"Hidden, and read all the same: {what}{', '.join(names[:10])}{more}."
        if self.uncalculated:
            formulas = "1 formula has" if self.uncalculated == 1 else f"{self.uncalculated:,} formulas have"
            yield (
                f"{formulas} no stored value and count as empty: open the workbook in a spreadsheet program,"
                " save it and add it again."
            )


def _sheets(package: Package, root: Element) -> Iterator[_Sheet]:
    related = package.related(package.main)
    for element in children(child(root, "sheets"), "sheet"):
        key = next((v for k, v in element.items() if k.startswith("{") and k.endswith("}id")), "")
        relation = related.get(str(key))
        part = relation.target if relation is not None and relation.type == "worksheet" else None
        yield _Sheet(element.get("name") or "", part, (element.get("state") or "visible") != "visible")


def _count_values(archive: Archive, parts: Sequence[str], limits: Limits) -> None:
    """Refuses too many cells before any is parsed. Counting marks takes a second for what parsing takes a
    minute.
    """
    values = 0
    for part in dict.fromkeys(parts):
        tail = b""
        for piece in archive.chunks(part) if part in archive else ():
            window = tail + piece
            values += sum(window.count(mark) for mark in _VALUE_MARKS)
            tail = window[-3:]
            values -= sum(tail.count(mark) for mark in _VALUE_MARKS)
        values += sum(tail.count(mark) for mark in _VALUE_MARKS)
        if values > limits.table_cells:
            raise too_many_cells(limits)


class _Book:
    def __init__(self, archive: Archive, limits: Limits, since_1904: bool) -> None:
        self.archive = archive
        self.limits = limits
        self.since_1904 = since_1904
        self.strings: list[str] = []
        self.codes: list[Code] = []
        self.plain_first = False
        self._general = read_code("General")
        self._chars = 0
        self._cells = 0

    def load(self, package: Package) -> None:
        """The shared strings and the number formats of the cells' styles."""
        strings = package.first(package.main, "sharedStrings")
        if strings:
            chars = 0
            for element in self.elements(strings, "si"):
                words = one_line(_string(element))
                chars += len(words)
                if chars > 2 * self.limits.text_chars:  # some may stand in no cell
                    raise too_much_text(chars, self.limits)
                self.strings.append(words)
                _clear(element)
        styles = package.first(package.main, "styles")
        root = self.archive.xml(styles) if styles else None
        own = {
            e.get("numFmtId"): e.get("formatCode") or "" for e in children(child(root, "numFmts"), "numFmt")
        }
        read: dict[str, Code] = {}
        for element in children(child(root, "cellXfs"), "xf"):
            number = element.get("numFmtId") or "0"
            code = own.get(number) or (BUILTIN.get(int(number), "General") if number.isdigit() else "General")
            if code not in read:
                read[code] = read_code(code)
            self.codes.append(read[code])
        self.plain_first = not self.codes or self.codes[0] == self._general

    def elements(self, part: str, *names: str) -> Iterator[Element]:
        """The elements of these names as they end, from a stream."""
        tags = tuple("{*}" + name for name in names)
        try:
            walk = etree.iterparse(self.archive.checked_stream(part), events=("end",), tag=tags, **PARSING)
            for _, element in walk:
                yield element
        except etree.XMLSyntaxError as error:
            raise bad_xml(error, part) from error

    def sheet(self, part: str) -> _Read:
        """Raises TooLarge (`table_too_large`) at the first cell beyond what any sheet can have."""
        read = _Read()
        row: dict[int, Cell] = {}
        number, column = 0, 0
        for element in self.elements(part, "c", "row", "mergeCell", "col"):
            name = local(element)
            if name == "c":
                reference = _REFERENCE.fullmatch(element.get("r") or "")
                column = _column(reference[1]) if reference else column + 1
                if column > MAX_COLUMN:
                    raise too_wide(column, self.limits)
                if len(element):
                    cell = self.cell(element, read)
                    if cell.text:
                        row[column] = cell
                element.clear()
            elif name == "row":
                given = element.get("r") or ""
                number = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else number + 1
                if number > MAX_ROW:
                    raise too_many_cells(self.limits)
                if row:
                    read.rows.setdefault(number, {}).update(row)
                    self._bound(row)
                if (element.get("hidden") or "0") not in _OFF:
                    read.hidden_rows.add(number)
                row, column = {}, 0
                _clear(element)
            elif name == "mergeCell":
                merge = _merge(element.get("ref") or "")
                if merge is not None:
                    read.merges.append(merge)
                _clear(element)
            elif (element.get("hidden") or "0") not in _OFF:
                try:
                    read.hidden_columns.append((int(element.get("min")), int(element.get("max"))))
                except (TypeError, ValueError):
                    continue
        return read

    def _bound(self, row: Mapping[int, Cell]) -> None:
        self._cells += len(row)
        self._chars += sum(len(cell.text) for cell in row.values())
        if self._cells > self.limits.table_cells:
            raise too_many_cells(self.limits)
        if self._chars > self.limits.text_chars:
            raise too_much_text(self._chars, self.limits)

    def cell(self, element: Element, read: _Read) -> Cell:
        raw: str | None = None
        formula = False
        for part in element:
            name = local(part)
            if name == "v":
                raw = part.text
            elif name == "f":
                formula = True
            elif name == "is":
                raw = _string(part)
        if raw is None:
            read.uncalculated += formula
            return Cell("")
        kind = element.get("t") or "n"
        if kind == "s":
            at = int(raw) if raw.strip().isascii() and raw.strip().isdigit() and len(raw) < 10 else -1
            return Cell(self.strings[at] if 0 <= at < len(self.strings) else "")
        if kind == "b":
            return Cell("FALSE" if raw.strip() in ("0", "false") else "TRUE")
        if kind == "d":
            return Cell(raw.strip().removesuffix("T00:00:00").removesuffix("Z").replace("T", " "))
        if kind != "n":
            return Cell(one_line(raw))
        style = element.get("s") or "0"
        if style == "0" and self.plain_first and raw.isascii() and raw.isdigit() and len(raw) < 15:
            return Cell(raw.lstrip("0") or "0")  # as `shown` would say, in a tenth of the time
        known = style.isascii() and style.isdigit() and len(style) < 7 and int(style) < len(self.codes)
        code = self.codes[int(style)] if known else self._general
        return Cell(*shown(raw, code, since_1904=self.since_1904))


def _string(element: Element) -> str:
    """The text of a string with its runs, without the reading aids of East Asian text."""
    parts: list[str] = []
    for part in element:
        if local(part) == "t":
            parts.append(str(part.text or ""))
        elif local(part) == "r":
            text = child(part, "t")
            parts.append(str(text.text or "") if text is not None else "")
    return re.sub(r"_x([0-9A-Fa-f]{4})_", _escaped, "".join(parts))


def _escaped(found: re.Match[str]) -> str:
    """Signs that XML cannot hold are written as `_x000D_`."""
    number = int(found[1], 16)
    return chr(number) if number < 0xD800 or number > 0xDFFF else "\ufffd"


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _merge(reference: str) -> Merge | None:
    first, _, last = reference.partition(":")
    one, two = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if one is None or two is None:
        return None
    return Merge(int(one[2]), _column(one[1]), int(two[2]), _column(two[1]))


def _clear(element: Any) -> None:
    """Lets go of an element and of those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
