"""Plain text and Markdown. The text stays as it is in the file, Markdown's marks included."""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from proofroom.substrate.extracted import BlockDraft, BlockKind, Extracted, Limits, Table
from proofroom.substrate.parsers.delimited import column_types, row_blocks
from proofroom.substrate.segmentation import MAX_CHARS, blocks_of, heading_text, lines, plain_blocks, trim

TEXT_EXTRACTOR = "proofroom-text/1"
MARKDOWN_EXTRACTOR = "proofroom-markdown/1 (markdown-it-py 4)"
_MARKDOWN_CHARS = 3_000_000  # beyond that a "Markdown" file is a dump; paragraphs are enough


def parse_text(text: str) -> Extracted:
    """Paragraphs, list items and lines that look like headings."""
    return Extracted(text, "text/plain", TEXT_EXTRACTOR, tuple(plain_blocks(text)))


def parse_markdown(text: str, *, limits: Limits) -> Extracted:
    """CommonMark with tables. A block's span leaves out the marks that begin its line (`## `, `- `, `> `)."""
    if len(text) > _MARKDOWN_CHARS:
        return Extracted(text, "text/markdown", TEXT_EXTRACTOR, tuple(plain_blocks(text)))
    spans = [(start, end) for start, end, _ in lines(text)]
    # One U+FFFD more or less would shift nothing here: only line numbers are taken from the parser.
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    reader = _Reader(text, spans, limits)
    reader.read(tokens)
    return Extracted(
        text,
        "text/markdown",
        MARKDOWN_EXTRACTOR,
        tuple(reader.blocks),
        tables=tuple(reader.tables),
        title=reader.title,
    )


class _Reader:
    """Walks the flat token list and keeps the heading it is under."""

    def __init__(self, text: str, spans: Sequence[tuple[int, int]], limits: Limits) -> None:
        self.text = text
        self.spans = spans
        self.limits = limits
        self.blocks: list[BlockDraft] = []
        self.tables: list[Table] = []
        self.heading: str | None = None
        self.title: str | None = None

    def read(self, tokens: Sequence[Token]) -> None:
        around: list[str] = []
        n = 0
        while n < len(tokens):
            token = tokens[n]
            if token.type == "table_open":
                stop = next(i for i in range(n, len(tokens)) if tokens[i].type == "table_close")
                self._table(tokens[n : stop + 1])
                n = stop + 1
                continue
            if token.nesting == 1:
                around.append(token.type)
            elif token.nesting == -1:
                around.pop()
            elif token.type == "inline" and token.map:
                self._inline(token, around)
            elif token.type in ("fence", "code_block", "html_block") and token.map:
                kind: BlockKind = "paragraph" if token.type == "html_block" else "code"
                self._add(token.map[0], token.map[1], kind)
            n += 1

    def _inline(self, token: Token, around: Sequence[str]) -> None:
        assert token.map is not None
        first, after = token.map[0], token.map[1]
        if around[-1] == "heading_open":
            span = self._span(first, after, token.content)
            if (
                span[1] - span[0] > MAX_CHARS
            ):  # a whole paragraph that happens to stand above a line of dashes
                self._add(first, after, "paragraph", token.content)
                return
            self.heading = heading_text(token.content) or None
            self.title = self.title or self.heading
            if span[1] - span[0] > MAX_CHARS:  # a paragraph with a rule below it, most likely
                self.blocks.extend(blocks_of(self.text, *span, "paragraph", heading=self.heading))
            elif span[0] < span[1]:
                self.blocks.append(BlockDraft("heading", span[0], span[1]))
            return
        kind: BlockKind = "paragraph"
        if "list_item_open" in around:
            kind = "list_item"
        elif "blockquote_open" in around:
            kind = "quote"
        self._add(first, after, kind, token.content)

    def _add(self, first: int, after: int, kind: BlockKind, content: str = "") -> None:
        start, end = self._span(first, after, content)
        self.blocks.extend(blocks_of(self.text, start, end, kind, heading=self.heading))

    def _span(self, first: int, after: int, content: str = "") -> tuple[int, int]:
        start, end = self.spans[first][0], self.spans[after - 1][1]
        lead = content.split("\n", 1)[0]
        at = self.text.find(lead, start, self.spans[first][1]) if lead else -1
        if at >= 0:
            start = at
            if "\n" not in content and after - first == 1:
                end = at + len(lead)
        return trim(self.text, start, end)

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[str]] = []
        spans: list[tuple[int, int]] = []
        for token in tokens:
            if token.type == "tr_open" and token.map:
                rows.append([])
                spans.append(trim(self.text, *self.spans[token.map[0]]))
            elif token.type == "inline" and rows:
                rows[-1].append(token.content)
        header, body = rows[0], rows[1:]
        width = len(header)
        number = len(self.tables)
        name = self.heading or f"Table {number + 1}"
        cells = tuple(tuple((row + [""] * width)[:width]) for row in body)
        columns = tuple(cell or f"column {n + 1}" for n, cell in enumerate(header))
        self.tables.append(Table(name, columns, column_types(cells, width), cells))
        self.blocks.extend(
            BlockDraft(
                "table_header", piece.char_start, piece.char_end, heading=self.heading, meta={"table": number}
            )
            for piece in blocks_of(self.text, *spans[0], "table_header")
        )
        heading = heading_text(" | ".join(filter(None, (self.heading, *columns))))
        self.blocks.extend(row_blocks(self.text, spans[1:], heading=heading, table=number))
