"""From the cells of a Word, PowerPoint or Excel table to a captured table: titles, headers, body."""

from collections.abc import Mapping, Sequence

from proofroom.substrate.parsers.delimited import (
    first_row,
    is_value,
    is_year,
    split_header,
)
from proofroom.substrate.parsers.writing import Writer

_STACKED = 4  # header rows, at most


def write_grid(
    writer: Writer,
    name: str,
    grid: Sequence[Sequence[str]],
    *,
    spread: Mapping[int, Sequence[str]],
    headers: int = 0,
    hidden_rows: frozenset[int] = frozenset(),
) -> None:
    """Writes a table. `grid` has rows of one length.

    `spread` holds, for the rows in which a cell spans columns, the row with its words in all of them.
    `headers` is the number of header rows if the file says it. Rows above the header that have only one
    thing to say become paragraphs.
    """
    width = len(grid[0])
    first = 0
    while not headers and first < len(grid) - 1 and _is_title(grid[first], spread.get(first)):
        first += 1
    if not headers:
        headers = _stacked_rows(grid[first:], {n - first: row for n, row in spread.items() if n >= first})
    if not headers:
        first += first_row(grid[first:], width)
    for row in grid[:first]:
        writer.write(" | ".join(filter(None, row)))
    if headers and first + headers < len(grid):
        rows = [list(spread.get(n, grid[n])) for n in range(first, first + headers - 1)]
        header: Sequence[str] | None = _stack([*rows, list(grid[first + headers - 1])])
        body = grid[first + headers :]
    else:
        header, body = split_header(grid[first:])
    at = len(grid) - len(body)
    writer.write_table(name, header, body, hidden_rows=frozenset(n - at for n in hidden_rows if n >= at))


def _is_title(row: Sequence[str], spread: Sequence[str] | None) -> bool:
    """Whether a row holds one cell only, which is no figure and stands over no single columns."""
    filled = [cell for cell in row if cell]
    alone = len(row) > 1 and len(filled) == 1 and not is_value(filled[0])
    return alone and (spread is None or all(spread))


def _stacked_rows(grid: Sequence[Sequence[str]], spread: Mapping[int, Sequence[str]]) -> int:
    """How many rows make up the header when its first row has cells that span columns; else 0."""
    n = 0
    while n in spread and n + 2 < len(grid) and n + 1 < _STACKED and _names_below(grid, n, spread[n]):
        n += 1
    return n + 1 if n else 0


def _names_below(grid: Sequence[Sequence[str]], n: int, over: Sequence[str]) -> bool:
    """Whether the row below one that spans columns names columns too: words, or years under what spans them. Years are
    data where the rows below hold nothing else there, as from when to when somebody was in office, and where what
    names the row is not what stands above it: "2022" of "Smith" is no name.
    """
    names, below = grid[n + 1], grid[n + 2]
    values = [at for at, name in enumerate(names) if is_value(name)]
    if not values:
        return True
    if not all(is_year(names[at]) and at and over[at] for at in values):
        return False
    groups: dict[str, list[str]] = {}
    for at in values:
        groups.setdefault(over[at], []).append(names[at])
    if any(len(set(years)) < len(years) for years in groups.values()) or all(
        len(g) < 2 for g in groups.values()
    ):
        return False
    if grid[n][0] and names[0] not in ("", grid[n][0]):
        return False
    return any(below[at] and not is_year(below[at]) for at in values)


def _stack(rows: Sequence[Sequence[str]]) -> list[str]:
    """The words that stand above each other, each once: "2022" over "Q1" is "2022 Q1"."""
    return [" ".join(dict.fromkeys(cell for cell in column if cell)) for column in zip(*rows, strict=True)]
