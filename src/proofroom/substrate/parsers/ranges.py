"""From the filled cells of a sheet to tables: ranges that empty rows and columns set apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from proofroom.substrate.parsers.delimited import column_types, is_value, refuse_size
from proofroom.substrate.parsers.grids import write_grid
from proofroom.substrate.parsers.writing import Writer


@dataclass(frozen=True, slots=True)
class Cell:
    """`unit`: words that the number format puts behind a figure."""

    text: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, its ends included; rows and columns from 1."""

    top: int
    left: int
    bottom: int
    right: int


_MERGED_CELLS = 1_000_000  # of a sheet; merged ranges beyond that are not looked at
Rows: TypeAlias = dict[int, dict[int, Cell]]


def write_ranges(
    writer: Writer, name: str, rows: Rows, merges: Sequence[Merge], hidden_rows: frozenset[int]
) -> None:
    """Writes the used ranges of a sheet from above, side by side from the left.

    A range of at least two rows and columns, or a column of figures under a name, is a table; what else
    stands on a sheet becomes paragraphs. A merged label counts for each of its rows, a figure only once.
    """
    _fill_down(rows, merges)
    across = _across(rows, merges)
    first = len(writer.tables)
    for band in _bands(rows):
        for columns in _groups(rows, band):
            taken = frozenset(columns)
            used = [row for row in band if not taken.isdisjoint(rows[row])]
            refuse_size(len(columns), len(used), writer.limits)
            count = len(writer.tables) - first
            _write(
                writer, f"{name} ({count + 1})" if count else name, rows, used, columns, across, hidden_rows
            )


def _write(
    writer: Writer,
    name: str,
    rows: Rows,
    used: Sequence[int],
    columns: Sequence[int],
    across: Mapping[int, Mapping[int, str]],
    hidden_rows: frozenset[int],
) -> None:
    none = Cell("")
    cells = [[rows[row].get(column, none) for column in columns] for row in used]
    grid = [[cell.text for cell in line] for line in cells]
    for n in range(len(columns)):
        _place_units(grid, cells, n)
    if not _is_table(grid):
        for n, line in enumerate(grid):
            was, writer.hidden = writer.hidden, writer.hidden or used[n] in hidden_rows
            writer.write(" | ".join(filter(None, line)))
            writer.hidden = was
        return
    spread = {
        n: [across[row].get(column) or grid[n][at] for at, column in enumerate(columns)]
        for n, row in enumerate(used)
        if row in across and not across[row].keys().isdisjoint(columns)
    }
    hidden = frozenset(n for n, row in enumerate(used) if row in hidden_rows)
    write_grid(writer, name, grid, spread=spread, hidden_rows=hidden)


def _is_table(grid: Sequence[Sequence[str]]) -> bool:
    if len(grid) < 2:
        return False
    if len(grid[0]) > 1:
        return True
    return len(grid) > 2 and not is_value(grid[0][0]) and column_types(grid[1:], 1) != ("text",)


def _place_units(grid: list[list[str]], cells: Sequence[Sequence[Cell]], n: int) -> None:
    """Puts the unit that all figures of column `n` have by their format to the column's name: a figure that
    carries its unit cannot be computed with. Where they differ, or no name is there, each keeps its own.
    """
    column = [line[n] for line in cells]
    figures = [at for at, cell in enumerate(column) if is_value(cell.text)]
    units = {column[at].unit for at in figures}
    name = next((at for at in range(figures[0] - 1, -1, -1) if column[at].text), None) if figures else None
    unit = next(iter(units)) if len(units) == 1 else ""
    if unit and name is not None:
        if unit.casefold() not in column[name].text.casefold():
            grid[name][n] += f" ({unit})"
        return
    for at, cell in enumerate(column):
        if cell.unit:
            grid[at][n] += f" {cell.unit}"


def _bands(rows: Rows) -> list[list[int]]:
    """The rows that follow each other without an empty one between."""
    numbers = sorted(rows)
    bands: list[list[int]] = [[numbers[0]]]
    for before, row in pairwise(numbers):
        if row == before + 1:
            bands[-1].append(row)
        else:
            bands.append([row])
    return bands


def _groups(rows: Rows, band: Sequence[int]) -> list[list[int]]:
    """The columns of a band, set apart where an empty column divides two tables.

    An empty column divides if at least two columns stand on each side and the right side begins with words,
    as tables do; other empty columns are only space, and are left out.
    """
    filled = sorted({column for row in band for column in rows[row]})
    parts: list[list[int]] = [[filled[0]]]
    for before, column in pairwise(filled):
        if column == before + 1:
            parts[-1].append(column)
        else:
            parts.append([column])
    groups: list[list[int]] = [parts[0]]
    for part in parts[1:]:
        if len(groups[-1]) > 1 and len(part) > 1 and _has_words(rows, band, part[0]):
            groups.append(part)
        else:
            groups[-1].extend(part)
    return groups


def _has_words(rows: Rows, band: Sequence[int], column: int) -> bool:
    below = [rows[row][column].text for row in band if column in rows[row]][1:]
    words = sum(1 for text in below if not is_value(text))
    return words * 2 > len(below) or not below


def _fill_down(rows: Rows, merges: Sequence[Merge]) -> None:
    """Repeats a merged label in the rows below that have cells."""
    left = _MERGED_CELLS
    for merge in merges:
        cell = rows.get(merge.top, {}).get(merge.left)
        height = merge.bottom - merge.top
        if cell is None or height < 1 or is_value(cell.text):
            continue
        left -= height
        if left < 0:
            return
        for row in range(merge.top + 1, merge.bottom + 1):
            if row in rows:
                rows[row].setdefault(merge.left, cell)


def _across(rows: Rows, merges: Sequence[Merge]) -> dict[int, dict[int, str]]:
    """By row, the words of cells that span columns in all the columns that they span."""
    found: dict[int, dict[int, str]] = {}
    left = _MERGED_CELLS
    for merge in merges:
        cell = rows.get(merge.top, {}).get(merge.left)
        left -= max(0, merge.right - merge.left)
        if left < 0:
            break
        if cell is not None and merge.right > merge.left:
            words = found.setdefault(merge.top, {})
            words.update(dict.fromkeys(range(merge.left, merge.right + 1), cell.text))
    return found
