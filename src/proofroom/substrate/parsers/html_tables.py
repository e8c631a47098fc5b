"""Rows of an HTML table, and what the rows of its head say of each column."""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

Element: TypeAlias = Any

_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_STACKED = 4  # rows of a head, at most
_WIDEST = 100  # columns or rows that one cell spans, at most


class Head:
    """The rows that name the columns: the first, and each below one in which a cell spans columns."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._lasts: list[list[str]] = []
        self._below: dict[int, tuple[str, int]] = {}
        self._spans = False

    def take(self, cells: Sequence[tuple[str, int, int]]) -> None:
        """Takes a row as (words, columns, rows) of each cell, unless the one above spans nothing."""
        if self.rows and (not self._spans or len(self.rows) == _STACKED):
            return
        over: list[str] = []
        last: list[str] = []
        below: dict[int, tuple[str, int]] = {}

        def pass_by() -> None:
            """What spans this row from above keeps its columns."""
            while len(over) in self._below:
                words, left = self._below[len(over)]
                if left > 1:
                    below[len(over)] = words, left - 1
                over.append(words)
                last.append(words)

        for words, wide, high in cells:
            pass_by()
            if high > 1:
                below.update({len(over) + n: (words, high - 1) for n in range(wide)})
            over.extend([words] * wide)
            last.extend([words, *[""] * (wide - 1)])
        pass_by()
        self.rows.append(over)
        self._lasts.append(last)
        self._below = below
        self._spans = any(wide > 1 for _, wide, _ in cells)

    def keep_first(self) -> None:
        del self.rows[1:], self._lasts[1:]

    def names(self, width: int) -> list[str]:
        """The words that stand over each of `width` columns, from above, each once: "Sales 2022". A row that says one
        thing of all columns is a title, and names none.
        """
        stacked = [row for row in self.rows[:-1] if len(row) < width or len(set(row)) > 1]
        rows = [[*row, *[""] * (width - len(row))] for row in (*stacked, self._lasts[-1])]
        return [" ".join(dict.fromkeys(row[n] for row in rows if row[n])) for n in range(width)]


def read_table(table: Element, most: int) -> tuple[list[list[str]], Head]:
    """(all rows, the head, whose rows come first among them). Cells that span columns are repeated as empty; what
    spans rows stands in the first of them. A row of more than `most` columns is no head: such a table is not kept.
    """
    rows: list[list[str]] = []
    head = Head()
    for row in table.iter("tr"):
        cells: list[tuple[str, int, int]] = []
        names: list[bool] = []
        for cell in row.iterchildren("td", "th"):
            words = _SPACE.sub(" ", text_of(cell)).strip()
            cells.append((words, _span(cell, "colspan"), _span(cell, "rowspan")))
            names.append(cell.tag == "th")
        if not any(words for words, _, _ in cells):
            continue
        inside = row.getparent()
        narrow = sum(wide for _, wide, _ in cells) <= most
        if (
            narrow
            and len(head.rows) == len(rows)
            and (all(names) or (inside is not None and inside.tag == "thead"))
        ):
            head.take(cells)
        rows.append([part for words, wide, _ in cells for part in (words, *[""] * (wide - 1))])
    if len(head.rows) == len(rows):  # nothing is left for it to name: the rows below the first are the table
        head.keep_first()
    return rows, head


def _span(cell: Element, name: str) -> int:
    told = (cell.get(name) or "").strip()
    return max(1, min(int(told), _WIDEST)) if told.isdecimal() and len(told) < 10 else 1


def text_of(element: Element) -> str:
    return " ".join(part for part in element.itertext() if part.strip())
