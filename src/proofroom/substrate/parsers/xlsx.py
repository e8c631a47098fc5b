"""Excel workbooks: a page for each sheet, and its used ranges as tables.

Sheets are streamed; what they say of their own size is never asked. Formulas count by the values that the
program stored with them. Values are text as a person sees them (`number_formats`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.extracted import Extracted, Limits, Report, too_much_text, unheard
from proofroom.substrate.parsers.archive import Archive
from proofroom.substrate.parsers.delimited import too_many_cells, too_wide
from proofroom.substrate.parsers.number_formats import BUILTIN, Code, read_code, shown
from proofroom.substrate.parsers.ooxml import MACROS_NOTE, Element, Package, child, children
from proofroom.substrate.parsers.ranges import Cell, write_ranges
from proofroom.substrate.parsers.sheet_stream import OFF, Sheet, is_count, read_sheet, read_strings
from proofroom.substrate.parsers.writing import Writer, one_line

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTRACTOR = "proofroom-xlsx/1 (lxml 6)"

_VALUE_MARKS = (b"<v>", b"<v ", b"<is>")


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str | None
    hidden: bool


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
    since_1904 = properties is not None and (properties.get("date1904") or "0") not in OFF
    book = _Book(archive, limits, since_1904)
    book.load(package)
    writer = Writer(limits)
    writer.decimal_point = True  # figures are written here, from what the cells hold
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

    def note(self, sheet: _Sheet, read: Sheet) -> None:
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
        self._string_chars = 0

    def load(self, package: Package) -> None:
        """The shared strings and the number formats of the cells' styles."""
        strings = package.first(package.main, "sharedStrings")
        if strings:
            read_strings(self.archive, strings, self._take)
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

    def _take(self, words: str) -> None:
        self._string_chars += len(words)
        if self._string_chars > 2 * self.limits.text_chars:  # some may stand in no cell
            raise too_much_text(self._string_chars, self.limits)
        self.strings.append(one_line(words))

    def sheet(self, part: str) -> Sheet:
        return read_sheet(self.archive, part, self.cell, self._bound, self._too_far)

    def _too_far(self, column: int) -> TooLarge:
        return too_wide(column, self.limits) if column else too_many_cells(self.limits)

    def _bound(self, row: Mapping[int, Cell]) -> None:
        self._cells += len(row)
        self._chars += sum(len(cell.text) for cell in row.values())
        if self._cells > self.limits.table_cells:
            raise too_many_cells(self.limits)
        if self._chars > self.limits.text_chars:
            raise too_much_text(self._chars, self.limits)

    def cell(self, kind: str, raw: str, style: str) -> Cell:
        """A cell as a person sees it, from its kind, its stored value and its style."""
        if kind == "n":
            if style == "0" and self.plain_first and len(raw) < 15 and raw.isascii() and raw.isdigit():
                return Cell(raw.lstrip("0") or "0")  # as `shown` would say, in a tenth of the time
            known = is_count(style) and int(style) < len(self.codes)
            code = self.codes[int(style)] if known else self._general
            return Cell(*shown(raw, code, since_1904=self.since_1904))
        if kind == "s":
            at = int(raw) if is_count(raw) else -1
            return Cell(self.strings[at] if 0 <= at < len(self.strings) else "")
        if kind == "b":
            return Cell("FALSE" if raw.strip() in ("0", "false") else "TRUE")
        if kind == "d":
            return Cell(raw.strip().removesuffix("T00:00:00").removesuffix("Z").replace("T", " "))
        return Cell(one_line(raw))
