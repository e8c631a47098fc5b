"""CSV and its relatives (RFC 4180 and what spreadsheets really write). The text stays as it is."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.extracted import BlockDraft, ColumnType, Extracted, Limits, Table
from proofroom.substrate.segmentation import MAX_CHARS, heading_text, lines, split_long, trim

EXTRACTOR = "proofroom-csv/2"
ROW_BLOCKS = 2_000  # a table with more rows is cut into groups of rows
_RECORD_LINES = 200  # a quoted cell with more lines is a stray quote
_RECORD_CHARS = 100_000
_DELIMITERS = (",", ";", "\t", "|")

_NUMBER = re.compile(
    r"[+\-−]?(?:[$€£¥]\s?)?[+\-−]?(?:\d{1,3}(?:[,. '\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)"
    r"(?:[eE][+\-]?\d{1,3})?\s?(?:%|€|\$|£)?"
)
_DATE = re.compile(
    r"\d{4}-\d{1,2}(?:-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+\-]\d{2}:?\d{2})?)?)?"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}[./]\d{1,2}[./]\d{1,2}"
    r"|\d{1,2}\.? [A-Za-zé]{3,9}\.? \d{4}|[A-Za-z]{3,9}\.? \d{1,2}, \d{4}"
)
_LONGEST_UNIT = 20
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d")
_EMPTY = frozenset({"", "-", "–", "—", "n/a", "na", "nan", "null", "none", "..", "...", "."})


@dataclass(frozen=True, slots=True)
class _Record:
    start: int
    end: int
    quoted: bool


def parse(text: str, *, name: str, limits: Limits, extension: str = "") -> Extracted:
    """One table, and one block for each of its rows (groups of rows above 2,000).

    Lines above the header that are narrower than the table become paragraphs. Raises TooLarge
    (`table_too_large`) and InvalidInput (`empty_file`).
    """
    delimiter = "\t" if extension in ("tsv", "tab") and "\t" in text[:65536] else _delimiter(text)
    records = [r for r in _records(text) if trim(text, r.start, r.end)[0] < trim(text, r.start, r.end)[1]]
    if not records:
        raise InvalidInput("empty_file", "The table has no rows.", "Choose a file that has content.")
    rows = _cells(text, records, delimiter, limits)
    width = _width(rows[:2_000])
    first = first_row(rows, width)
    top = first
    if first and _spans(rows[first - 1], rows[first], width):
        top = first - 1
    elif first + 1 < len(rows) and _spans(
        rows[first], rows[first + 1], width
    ):  # each group is named in each column
        first += 1
    header, body = split_header(rows[first:], rows[top] if top < first else None)
    columns = column_names(header, max(width, *(len(row) for row in rows[first:])))
    refuse_size(len(columns), len(body), limits)
    cells = tuple(tuple(row) + ("",) * (len(columns) - len(row)) for row in body)
    table = Table(name, columns, tuple(_type([row[n] for row in cells]) for n in range(len(columns))), cells)
    blocks: list[BlockDraft] = []
    for record in records[:top]:
        blocks.extend(BlockDraft("paragraph", s, e) for s, e in split_long(text, record.start, record.end))
    heading = heading_text(" | ".join(columns)) if header is not None else None
    at = len(records) - len(body)
    for record in records[top:at]:
        start, end = trim(text, record.start, record.end)
        blocks.extend(
            BlockDraft("table_header", s, e, meta={"table": 0}) for s, e in split_long(text, start, end)
        )
    blocks.extend(row_blocks(text, [(r.start, r.end) for r in records[at:]], heading=heading, table=0))
    return Extracted(text, "text/csv", EXTRACTOR, tuple(blocks), tables=(table,))


def row_blocks(
    text: str, spans: Sequence[tuple[int, int]], *, heading: str | None, table: int, page: int | None = None
) -> Iterator[BlockDraft]:
    """A block for each row, or for each group of neighbouring rows when there are more than 2,000."""
    if len(spans) <= ROW_BLOCKS:
        for n, (start, end) in enumerate(spans):
            for piece in split_long(text, start, end):
                yield BlockDraft("table_row", *piece, page, heading, meta={"table": table, "row": n})
        return
    at = 0
    while at < len(spans):
        stop = at + 1
        while stop < len(spans) and spans[stop][1] - spans[at][0] <= MAX_CHARS:
            stop += 1
        for piece in split_long(text, spans[at][0], spans[stop - 1][1]):
            yield BlockDraft(
                "table_row", *piece, page, heading, meta={"table": table, "row": at, "rows": stop - at}
            )
        at = stop


def column_types(rows: Sequence[Sequence[str]], width: int) -> tuple[ColumnType, ...]:
    """The type of each column, from its cells."""
    return tuple(_type([row[n] for row in rows if n < len(row)]) for n in range(width))


def is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date, which names of columns rarely are."""
    return is_number(cell) or _DATE.fullmatch(cell.strip()) is not None


def is_year(cell: str) -> bool:
    return _YEAR.fullmatch(cell) is not None


def _records(text: str) -> Iterator[_Record]:
    """Spans of the records: lines, joined while a quote is open."""
    pending: list[tuple[int, int, int]] = []
    quotes = 0
    for line in lines(text):
        pending.append(line)
        quotes += text.count('"', line[0], line[1])
        if quotes % 2 == 0:
            yield _Record(pending[0][0], line[1], quoted=quotes > 0)
        elif len(pending) < _RECORD_LINES and line[1] - pending[0][0] < _RECORD_CHARS:
            continue
        else:  # the quote was never meant to open a cell
            yield from _apart(text, pending)
        pending, quotes = [], 0
    yield from _apart(text, pending)


def _apart(text: str, pending: Sequence[tuple[int, int, int]]) -> Iterator[_Record]:
    for start, end, _ in pending:
        yield _Record(start, end, quoted=text.count('"', start, end) % 2 == 0 and '"' in text[start:end])


def _cells(text: str, records: Sequence[_Record], delimiter: str, limits: Limits) -> list[list[str]]:
    rows: list[list[str]] = []
    total = 0
    for record in records:
        line = text[record.start : record.end]
        width = line.count(delimiter) + 1
        if width > limits.table_columns and not record.quoted:
            raise too_wide(width, limits)
        row = _split(line, delimiter) if record.quoted else line.split(delimiter)
        if len(row) > limits.table_columns:
            raise too_wide(len(row), limits)
        total += len(row)
        if total > limits.table_cells:
            raise too_many_cells(limits)
        rows.append([cell.strip() for cell in row])
    return rows


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(
            csv.reader(
                [line] if "\n" not in line and "\r" not in line else line.splitlines(True),
                delimiter=delimiter,
            )
        )
    except csv.Error:  # a cell above the csv module's field limit
        return line.split(delimiter)


def too_wide(width: int, limits: Limits) -> TooLarge:
    return TooLarge(
        "table_too_large",
        f"A row of the table has {width:,} columns; {limits.table_columns:,} are the most that can be read.",
        "Keep the columns that matter, or turn the table on its side.",
    )


def too_many_cells(limits: Limits) -> TooLarge:
    return TooLarge(
        "table_too_large",
        f"The table has more than {limits.table_cells:,} cells.",
        "Keep the rows and columns that matter, or split it into several files.",
    )


def refuse_size(width: int, height: int, limits: Limits) -> None:
    """Raises TooLarge (`table_too_large`), before the cells are laid out: short rows are filled up."""
    if width > limits.table_columns:
        raise too_wide(width, limits)
    if width * height > limits.table_cells:
        raise too_many_cells(limits)


def _delimiter(text: str) -> str:
    """The delimiter whose records agree best about their number of columns."""
    sample = text[:65536]
    records = list(_records(sample))
    if len(text) > len(sample) and len(records) > 1:
        records.pop()
    records = [record for record in records if record.end > record.start][:200]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [
            len(_split(sample[r.start : r.end], delimiter))
            if r.quoted
            else sample.count(delimiter, r.start, r.end) + 1
            for r in records
        ]
        counts = Counter(width for width in widths if width > 1)
        if not counts:
            continue
        width, agreeing = max(counts.items(), key=lambda item: (item[1], item[0]))
        # Agreement decides; more columns only break ties. A decimal comma agrees less than its semicolons.
        score = agreeing / len(records) + min(width, 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows)
    return max(counts.items(), key=lambda item: (item[1] * min(item[0], 3), item[0]))[0]


def first_row(rows: Sequence[Sequence[str]], width: int) -> int:
    """Where the table begins: the first row that fills two thirds of the columns, 0 when none does."""
    enough = min(width, max(2, -(-width * 2 // 3)))
    return next((n for n, row in enumerate(rows) if width == 1 or _filled(row) >= enough), 0)


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell)


def split_header(
    rows: Sequence[Sequence[str]], upper: Sequence[str] | None = None
) -> tuple[Sequence[str] | None, Sequence[Sequence[str]]]:
    """The header row and the rest; None for the header when the first row is data already (it holds numbers
    or dates like the rows below). A second row that holds units only is put to the names: "Weight (kg)". `upper`
    is a row above that stands over groups of columns.
    """
    header, rest = _first_apart(rows) if upper is None else (_under(upper, rows[0]), rows[1:])
    if header is None or len(rest) < 2 or not _holds_units(rest, len(header)):
        return header, rest
    units = rest[0]
    named = [f"{name} ({units[n]})" if n < len(units) and units[n] else name for n, name in enumerate(header)]
    return named, rest[1:]


def _holds_units(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether the first row begins with nothing, and has short words over columns of figures only."""
    units, below = rows[0], rows[1:]
    filled = [n for n, cell in enumerate(units) if cell]
    if not filled or filled[0] == 0 or len(units) > width or below[0][:1] in ([], [""]):
        return False
    if any(is_value(units[n]) or len(units[n]) > _LONGEST_UNIT for n in filled):
        return False
    return all(_type([row[n] for row in below if n < len(row)]) == "number" for n in filled)


def _spans(upper: Sequence[str], header: Sequence[str], width: int) -> bool:
    """Whether a row of names stands over groups of columns: what names the rows is above or below, a group stands over
    more than one column, and names below repeat or are years. The groups may be years themselves.
    """
    if not 1 < len(upper) <= width or len(header) != width:
        return False
    over = [*upper, *[""] * (width - len(upper))][1:]
    above, names = [cell for cell in over if cell], [cell for cell in header[1:] if cell]
    wide = len(set(above)) < len(above) or any(one and not two for one, two in pairwise(over))
    if not wide or not (len(set(names)) < len(names) or _are_years(names)):
        return False
    values, below = [cell for cell in above if is_value(cell)], [cell for cell in names if is_value(cell)]
    if (values and below) or not all(map(_YEAR.fullmatch, (*values, *below))):
        return False
    if not upper[0]:
        return True
    named = _under(upper, header)
    return not header[0] and not is_value(upper[0]) and len(set(named)) == len(named)


def _are_years(names: Sequence[str]) -> bool:
    return bool(names) and all(_YEAR.fullmatch(name) for name in names)


def _under(upper: Sequence[str], header: Sequence[str]) -> list[str]:
    """Names below the words that stand over them and over the empty cells to their right: "Sales 2022". What stands
    over nothing names its own column only.
    """
    out: list[str] = []
    over = ""
    for above, name in zip([*upper, *[""] * (len(header) - len(upper))], header, strict=True):
        over = above or over
        out.append(f"{over} {name}".strip())
        over = over if name else ""
    return out


def _first_apart(
    rows: Sequence[Sequence[str]],
) -> tuple[Sequence[str] | None, Sequence[Sequence[str]]]:
    first, rest = rows[0], rows[1:]
    if not rest:
        return (None, rows) if any(is_number(cell) for cell in first) else (first, rest)
    values = [n for n, cell in enumerate(first) if is_value(cell)]
    if not values:
        return first, rest
    # Years as column names are usual ("country, 2021, 2022"): then the first cells are words, the years rise.
    years = [first[n] for n in values if _YEAR.fullmatch(first[n])]
    if (
        len(years) == len(values)
        and len(values) < len(first)
        and len(set(years)) == len(years)
        and len(years) > 1
    ):
        return first, rest
    return None, rows


def column_names(header: Sequence[str] | None, width: int) -> tuple[str, ...]:
    """A name of its own for each of `width` columns."""
    names: list[str] = []
    seen: set[str] = set()
    for n in range(width):
        given = " ".join(header[n].split()) if header is not None and n < len(header) else ""
        base = given or f"column {n + 1}"
        name, copy = base, 2
        while name in seen:
            name, copy = f"{base} ({copy})", copy + 1
        seen.add(name)
        names.append(name)
    return tuple(names)


def _type(cells: Sequence[str]) -> ColumnType:
    filled = [cell for cell in cells[:5_000] if cell.strip().casefold() not in _EMPTY]
    if not filled:
        return "text"
    if all(_NUMBER.fullmatch(cell.strip()) for cell in filled):
        return "number"
    if all(_DATE.fullmatch(cell.strip()) for cell in filled):
        return "date"
    return "text"
