"""Tables of a PDF's page: ruled ones by pdfplumber, columns of figures without rules by where words stand."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import pdfplumber

from proofroom.substrate.parsers.delimited import is_value
from proofroom.substrate.parsers.patience import TooSlow, at_most
from proofroom.substrate.parsers.pdf_page import Box, Line, PageText

SECONDS = 4.0  # of processor time for all pages together: looking for tables is slow
_PAGE_SECONDS = 2.0
_MOST_CELLS = 20_000
_DIFFERENT = 0.1  # share of letters that a table's cells and the lines of its place may differ in


@dataclass(frozen=True, slots=True)
class Found:
    """A table and the indexes of the page's lines that it stands for, the first of them where it is read."""

    rows: tuple[tuple[str, ...], ...]
    lines: frozenset[int]


class TableFinder:
    """Looks for tables page by page until its time is used up. `skipped` lists the pages (from 1) that looked
    as if they had a table and were left alone.
    """

    def __init__(self, data: bytes, *, seconds: float = SECONDS) -> None:
        self._data = data
        self._left = seconds
        self._document: Any = None
        self.skipped: list[int] = []

    def tables(self, number: int, page: PageText) -> list[Found]:
        """Tables of the page with this index, from 0, in reading order, none within another."""
        found: list[Found] = []
        if page.ruled and page.lines:
            if self._left <= 0:
                self.skipped.append(number + 1)
            else:
                found = self._ruled(number, page.lines)
        taken = frozenset[int]().union(*(table.lines for table in found))
        found += [table for table in aligned(page.lines) if not table.lines & taken]
        return sorted(found, key=lambda table: min(table.lines))

    def close(self) -> None:
        if self._document is not None:
            self._document.close()

    def _ruled(self, number: int, lines: Sequence[Line]) -> list[Found]:
        start = time.process_time()
        try:
            with at_most(min(self._left, _PAGE_SECONDS)):
                if self._document is None:
                    logging.getLogger("pdfminer").setLevel(logging.ERROR)
                    self._document = pdfplumber.open(BytesIO(self._data))
                page = self._document.pages[number]
                height = float(page.height)
                grids = [
                    ((t.bbox[0], height - t.bbox[3], t.bbox[2], height - t.bbox[1]), t.extract())
                    for t in (page.find_tables() if not page.rotation else ())
                ]
                page.close()
        except (Exception, TooSlow):  # noqa: BLE001  pdfminer raises whatever a damaged file makes it raise
            self.skipped.append(number + 1)
            return []
        finally:
            self._left -= time.process_time() - start
        found: list[Found] = []
        taken: set[int] = set()
        for box, grid in grids:
            table = _fitting(box, grid, lines)
            if table is not None and not table.lines & taken:
                found.append(table)
                taken |= table.lines
        return found


def _fitting(box: Box, grid: Sequence[Sequence[str | None]], lines: Sequence[Line]) -> Found | None:
    """The table, if it holds what the lines of its place hold: nothing may be lost, nothing read twice."""
    rows = [tuple(" ".join((cell or "").split()) for cell in row) for row in grid]
    rows = [row for row in rows if any(row)]
    width = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or width < 2 or len(rows) * width > _MOST_CELLS:
        return None
    if sum(1 for row in rows if sum(map(bool, row)) >= 2) < 2:  # boxes around prose
        return None
    inside = {
        n
        for n, line in enumerate(lines)
        if line.size
        and box[0] - 2 <= (line.left + line.right) / 2 <= box[2] + 2
        and box[1] - 2 <= line.bottom + line.size / 3 <= box[3] + 2
    }
    if not inside or any(lines[n].left < box[0] - 5 or lines[n].right > box[2] + 5 for n in inside):
        return None
    there = _letters(lines[n].text for n in inside)
    cells = _letters(cell for row in rows for cell in row)
    if (there - cells).total() + (cells - there).total() > _DIFFERENT * there.total():
        return None
    return Found(tuple(row + ("",) * (width - len(row)) for row in rows), frozenset(inside))


def _letters(texts: Any) -> Counter[str]:
    return Counter(sign for text in texts for sign in text if sign.isalnum())


def aligned(lines: Sequence[Line]) -> list[Found]:
    """Runs of at least three lines whose words stand in the same columns, most of them figures but the first."""
    found: list[Found] = []
    run: list[int] = []
    for n, line in enumerate((*lines, Line(""))):
        if run and not _same_columns(lines[run[-1]], line):
            if len(run) >= 3 and _figures([lines[i] for i in run]):
                rows = tuple(tuple(piece.text for piece in lines[i].pieces) for i in run)
                found.append(Found(rows, frozenset(run)))
            run = []
        if len(line.pieces) >= 2 and line.size and not line.hidden:
            run.append(n)
    return found


def _same_columns(above: Line, below: Line) -> bool:
    if len(above.pieces) != len(below.pieces) or not below.size:
        return False
    if not 0 < above.bottom - below.bottom < 4 * above.size or abs(above.size - below.size) > 1:
        return False
    if any(b.left <= a.right for a, b in (*pairwise(above.pieces), *pairwise(below.pieces))):
        return False
    pairs = list(zip(above.pieces, below.pieces, strict=True))
    near = above.size * 0.6
    if not all(
        abs(a.left - b.left) < near
        or abs(a.right - b.right) < near
        or abs((a.left + a.right) - (b.left + b.right)) < 2 * near
        for a, b in pairs
    ):
        return False
    return all(max(a.right, b.right) <= min(c.left, d.left) for (a, b), (c, d) in pairwise(pairs))


def _figures(lines: Sequence[Line]) -> bool:
    cells = [piece.text for line in lines[1:] for piece in line.pieces[1:]]
    return sum(map(is_value, cells)) * 2 >= len(cells)
