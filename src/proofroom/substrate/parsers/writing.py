"""Writes the text of a source whose file has none of its own, with blocks whose spans are exact in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from proofroom.substrate.extracted import BlockDraft, BlockKind, Extracted, Limits, Page, Table, too_much_text
from proofroom.substrate.parsers.delimited import (
    column_names,
    column_types,
    row_blocks,
    too_many_cells,
    too_wide,
)
from proofroom.substrate.parsers.sniff import clean
from proofroom.substrate.segmentation import MAX_CHARS, heading_text, split_long

HIDDEN = {"hidden": 1}  # in a block's meta: who opens the file does not see it


class Writer:
    """Collects text, blocks, pages and tables in reading order.

    Blocks lie under the heading that was written last and on the page that is open. What is written while
    `hidden` is set is marked so.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.heading: str | None = None
        self.title: str | None = None
        self.notes: list[str] = []
        self.hidden = False
        self.blocks: list[BlockDraft] = []
        self.tables: list[Table] = []
        self._parts: list[str] = []
        self._length = 0
        self._cells = 0
        self._pages: list[Page] = []
        self._page: int | None = None
        self._untouched = False  # nothing stands on the open page yet
        self.decimal_point = False  # tables hold figures that are known to be written with one

    def open_page(self, number: int) -> None:
        """Begins a page (a slide, a sheet), which ends where the next begins or the text ends."""
        self._close_page()
        self._page = number
        self._untouched = True
        self.heading = None
        self._pages.append(Page(number, self._length, self._length))

    def _close_page(self) -> None:
        if self._pages:
            open_page = self._pages[-1]
            self._pages[-1] = replace(open_page, char_end=max(open_page.char_start, self._length))

    def write_heading(self, words: str) -> None:
        words = clean(words).strip()
        if len(words) > MAX_CHARS:
            self.write(words)
        elif words:
            start = self._put(words, "\n\n")
            self.heading = heading_text(words)
            self.title = self.title or self.heading
            self.blocks.append(
                BlockDraft("heading", start, start + len(words), self._page, meta=self._meta())
            )

    def write(self, words: str, kind: BlockKind = "paragraph") -> None:
        """One block, or several when it is long; nothing when `words` are blank."""
        words = clean(words).strip()
        if not words:
            return
        near = kind == "list_item" and bool(self.blocks) and self.blocks[-1].kind == "list_item"
        base = self._put(words, "\n" if near else "\n\n")
        self.blocks.extend(
            BlockDraft(kind, base + start, base + end, self._page, self.heading, meta=self._meta())
            for start, end in split_long(words, 0, len(words))
        )

    def write_table(
        self,
        name: str,
        header: Sequence[str] | None,
        rows: Sequence[Sequence[str]],
        *,
        hidden_rows: frozenset[int] = frozenset(),
    ) -> None:
        """A table and a block for each of its rows; cells become one line each.

        `hidden_rows` are indexes into `rows`. Raises TooLarge (`table_too_large`, `text_too_large`).
        """
        width = max((len(row) for row in (header or (), *rows)), default=0)
        if width > self.limits.table_columns:
            raise too_wide(width, self.limits)
        self._cells += width * (len(rows) + 1)
        if self._cells > self.limits.table_cells:
            raise too_many_cells(self.limits)
        names = column_names(None if header is None else [one_line(cell) for cell in header], width)
        cells = [tuple(one_line(cell) for cell in row) + ("",) * (width - len(row)) for row in rows]
        number = len(self.tables)
        self.tables.append(Table(name, names, column_types(cells, width), tuple(cells), self.decimal_point))
        lines = [] if header is None else [" | ".join(one_line(cell) for cell in header)]
        lines += [" | ".join(row) for row in cells]
        if sum(map(len, lines)) > self.limits.text_chars:
            raise too_much_text(sum(map(len, lines)), self.limits)
        text = "\n".join(lines)
        spans = list(_line_spans(lines))
        base = self._put(text, "\n\n")
        drafts: list[BlockDraft] = []
        above = self.heading
        if header is not None:
            drafts.extend(
                BlockDraft("table_header", start, end, self._page, above, meta={"table": number})
                for start, end in split_long(text, *spans[0])
            )
            above = heading_text(" | ".join(filter(None, (above, *names))))
            spans = spans[1:]
        drafts.extend(row_blocks(text, spans, heading=above, table=number, page=self._page))
        self.blocks.extend(
            replace(
                draft,
                char_start=base + draft.char_start,
                char_end=base + draft.char_end,
                meta={
                    **draft.meta,
                    **(HIDDEN if self._is_hidden(draft, hidden_rows) else {}),
                },
            )
            for draft in drafts
        )

    def append(self, part: Extracted) -> None:
        """Another parsed file under the heading that was written last: its text, blocks and tables, without
        its pages. Raises TooLarge before anything is written.
        """
        cells = sum(len(table.columns) * (len(table.rows) + 1) for table in part.tables)
        if self._cells + cells > self.limits.table_cells:
            raise too_many_cells(self.limits)
        base = self._put(part.text, "\n\n")
        self._cells += cells
        first = len(self.tables)
        for block in part.blocks:
            meta = dict(block.meta)
            if "table" in meta:
                meta["table"] += first
            self.blocks.append(
                replace(
                    block,
                    char_start=base + block.char_start,
                    char_end=base + block.char_end,
                    page=self._page,
                    heading=block.heading or (None if block.kind == "heading" else self.heading),
                    meta=meta,
                )
            )
        self.tables.extend(part.tables)

    def extracted(self, content_type: str, extractor: str) -> Extracted:
        self._close_page()
        return Extracted(
            "".join(self._parts),
            content_type,
            extractor,
            tuple(self.blocks),
            tuple(self._pages),
            tuple(self.tables),
            self.title,
            tuple(self.notes),
        )

    def _put(self, words: str, gap: str) -> int:
        """Appends and answers where `words` begin."""
        start = self._length + (len(gap) if self._length else 0)
        if start + len(words) > self.limits.text_chars:
            raise too_much_text(start + len(words), self.limits)
        if self._length:
            self._parts.append(gap)
        if self._page is not None and self._untouched:  # the gap before a page is not in it
            self._pages[-1] = Page(self._page, start, start)
            self._untouched = False
        self._parts.append(words)
        self._length = start + len(words)
        return start

    def _is_hidden(self, draft: BlockDraft, hidden_rows: frozenset[int]) -> bool:
        """Whether any row of a block, which may hold many of a large table, is hidden."""
        first = draft.meta.get("row", -1)
        rows = range(first, first + draft.meta.get("rows", 1))
        return self.hidden or (bool(hidden_rows) and any(row in hidden_rows for row in rows))

    def _meta(self) -> dict[str, int]:
        return dict(HIDDEN) if self.hidden else {}


def one_line(cell: str) -> str:
    """A cell on one line, as it stands between others in a row."""
    return " ".join(clean(cell).split())


def _line_spans(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    at = 0
    for line in lines:
        yield at, at + len(line)
        at += len(line) + 1
