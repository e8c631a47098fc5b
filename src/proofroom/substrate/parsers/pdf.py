"""PDF by PDFium: the text layer, page by page, cut into paragraphs by where the lines stand.

The text is ours, so offsets are exact in it: the lines of a paragraph are joined by a line break, words
that were divided at the end of a line are whole again. Lines that return on many pages (running heads, page
numbers) stay in the text but are no blocks.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]
import pypdfium2.raw as pdfium  # pyright: ignore[reportMissingTypeStubs]

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.extracted import (
    BlockDraft,
    BlockKind,
    Extracted,
    Limits,
    Page,
    Report,
    Table,
    unheard,
)
from proofroom.substrate.parsers.delimited import column_names, column_types, row_blocks, split_header
from proofroom.substrate.parsers.pdf_forms import refuse_unfolding
from proofroom.substrate.parsers.pdf_page import Line, PageText, read_page
from proofroom.substrate.parsers.pdf_tables import Found, TableFinder
from proofroom.substrate.segmentation import heading_text, split_long

EXTRACTOR = "proofroom-pdf/2 (pypdfium2 5, pdfplumber 0.11)"
_BULLET = re.compile(r"(?:[•‣◦▪●–\-*]|\d{1,3}[.)]|\(?[a-z]\))\s+\S")
_END = re.compile(r"[.!?:…][\"'”’)\]]*$")
_DIVIDED = re.compile(r"(\w+)\ufffe(\w+)")
_LINEARIZED = re.compile(rb"/Linearized\b.{0,200}?/L\s+(\d+)", re.DOTALL)
_NAMED = 20  # pages, or runs of pages, that a remark lists


def parse(data: bytes, *, limits: Limits, report: Report = unheard) -> Extracted:
    """Text, pages, blocks and tables of a PDF. A page that cannot be read is named in the notes.

    Raises InvalidInput (`encrypted_file`, `unreadable_file`, `unsafe_file`, `no_text`) and TooLarge
    (`too_many_pages`).
    """
    _refuse_cut(data)
    refuse_unfolding(data)
    document = _open(data)
    pages: list[tuple[PageText, list[Found]]] = []
    notes: list[str] = []
    finder = TableFinder(data)
    try:
        count = len(document)
        if count > limits.pages:
            raise TooLarge(
                "too_many_pages",
                f"The PDF has {count:,} pages; {limits.pages:,} are the most that can be read.",
                "Split it into several files.",
            )
        for number in range(count):
            try:
                page = read_page(document, number)
            except pypdfium2.PdfiumError as error:
                notes.append(f"Page {number + 1} could not be read: {error}")
                page = PageText(())
            pages.append((page, finder.tables(number, page)))
            report(number + 1, count, "pages")
    finally:
        finder.close()
        document.close()
    if len(notes) == count:
        raise _damaged("None of its pages can be read.")
    empty = [n for n, (page, _) in enumerate(pages, 1) if not any(line.text.strip() for line in page.lines)]
    if len(empty) == count:
        raise InvalidInput(
            "no_text",
            f"None of the PDF's {count:,} pages has a text layer: it seems to be scanned."
            if count > 1
            else "The PDF's page has no text layer: it seems to be scanned.",
            "There is no text recognition (OCR) here: run it on the file elsewhere and add the result.",
        )
    notes = [*notes[:_NAMED], *_more(notes)]
    unread = {int(note.split()[1]) for note in notes if note.startswith("Page ")}
    if scanned := [n for n in empty if n not in unread]:
        notes.append(
            f"Without a text layer, perhaps scanned (there is no text recognition here): {_named(scanned)}."
        )
    if finder.skipped:
        notes.append(f"Ruled tables were not looked for, it would take too long: {_named(finder.skipped)}.")
    return _Writer(pages, notes).extracted()


def _more(notes: Sequence[str]) -> tuple[str, ...]:
    return (f"{len(notes) - _NAMED:,} more pages could not be read.",) if len(notes) > _NAMED else ()


def _named(pages: Sequence[int]) -> str:
    """Pages in words: "page 3", "pages 1, 4–9 and 12 more"."""
    runs: list[list[int]] = []
    for n in pages:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    shown = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs[:_NAMED])
    left = sum(b - a + 1 for a, b in runs[_NAMED:])
    more = f" and {left:,} more" if left else ""
    return f"page {shown}" if len(pages) == 1 else f"pages {shown}{more}"


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
        if len(document) == 0:
            raise _damaged("It has no pages.")
        return document
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise InvalidInput(
                "encrypted_file",
                "The PDF is protected by a password.",
                "Remove the password in a PDF program and add the file again.",
            ) from error
        raise _damaged("It cannot be opened.") from error


def _refuse_cut(data: bytes) -> None:
    found = _LINEARIZED.search(data[:2048])
    if b"%%EOF" not in data or (found and int(found[1]) > len(data)):
        raise _damaged("Its end is missing: it was probably cut off on the way.")


def _damaged(why: str) -> InvalidInput:
    return InvalidInput(
        "unreadable_file",
        f"The PDF is damaged. {why}",
        "Fetch it again, or open it in a PDF program, save it anew and add that.",
    )


@dataclass(slots=True)
class _Writer:
    """Writes the text of all pages with its blocks."""

    pages: Sequence[tuple[PageText, Sequence[Found]]]
    notes: Sequence[str]
    parts: list[str] = field(default_factory=list[str])
    length: int = 0
    blocks: list[BlockDraft] = field(default_factory=list[BlockDraft])
    tables: list[Table] = field(default_factory=list[Table])
    heading: str | None = None

    def extracted(self) -> Extracted:
        lines = [page.lines for page, _ in self.pages]
        running = _running(lines)
        body = _body_size(lines)
        known = Counter(
            word for page in lines for line in page for word in re.findall(r"\w+(?:-\w+)?", line.text)
        )
        ranges: list[Page] = []
        for number, (page, tables) in enumerate(self.pages, 1):
            if number > 1:
                self.put("\n\n")
            start = self.length
            gap = ""
            for part in _parts(page, tables):
                if isinstance(part, Found):
                    self.put(gap)
                    self.table(part, number)
                    gap = "\n\n"
                    continue
                heads = frozenset(n for n in part if (number, n) in running)
                for group in _paragraphs([(n, page.lines[n]) for n in part], heads):
                    self.put(gap)
                    self.paragraph(
                        [line for _, line in group], number, body, known, head=group[0][0] in heads
                    )
                    gap = "\n\n"
            ranges.append(Page(number, start, self.length))
        return Extracted(
            "".join(self.parts),
            "application/pdf",
            EXTRACTOR,
            tuple(self.blocks),
            tuple(ranges),
            tuple(self.tables),
            notes=tuple(self.notes),
        )

    def put(self, piece: str) -> int:
        start = self.length
        self.parts.append(piece)
        self.length += len(piece)
        return start

    def paragraph(
        self, lines: Sequence[Line], page: int, body: float, known: Counter[str], *, head: bool
    ) -> None:
        """`head`: a running head, which is text and no block."""
        words = _whole("\n".join(line.text for line in lines), known)
        start = self.put(words)
        if head:
            return
        meta = {"hidden": 1} if any(line.hidden for line in lines) else {}
        if not meta and _is_heading(lines, body):
            self.heading = heading_text(words)
            self.blocks.append(BlockDraft("heading", start, start + len(words), page))
            return
        kind: BlockKind = "list_item" if _BULLET.match(words) else "paragraph"
        self.blocks.extend(
            BlockDraft(kind, start + s, start + e, page, self.heading, meta=meta)
            for s, e in split_long(words, 0, len(words))
        )

    def table(self, found: Found, page: int) -> None:
        header, rows = split_header(found.rows)
        names = column_names(header, len(found.rows[0]))
        number = len(self.tables)
        self.tables.append(
            Table(
                f"{self.heading or 'Table'} (page {page})"
                if self.heading
                else f"Table {number + 1} (page {page})",
                names,
                column_types(rows, len(names)),
                tuple(tuple(row) for row in rows),
            )
        )
        lines = [" | ".join(row) for row in found.rows]
        text = "\n".join(lines)
        base = self.put(text)
        spans: list[tuple[int, int]] = []
        for line in lines:
            at = spans[-1][1] + 1 if spans else 0
            spans.append((at, at + len(line)))
        above = self.heading
        drafts: list[BlockDraft] = []
        if header is not None:
            drafts += [
                BlockDraft("table_header", s, e, page, above, meta={"table": number})
                for s, e in split_long(text, *spans.pop(0))
            ]
            above = heading_text(" | ".join(filter(None, (above, *names))))
        drafts += row_blocks(text, spans, heading=above, table=number, page=page)
        self.blocks.extend(
            replace(draft, char_start=base + draft.char_start, char_end=base + draft.char_end)
            for draft in drafts
        )


def _parts(page: PageText, tables: Sequence[Found]) -> list[Found | list[int]]:
    """The page in reading order: indexes of lines that stand together, and tables at their first line."""
    at = {min(table.lines): table for table in tables}
    taken = frozenset[int]().union(*(table.lines for table in tables))
    parts: list[Found | list[int]] = [[]]
    for n in range(len(page.lines)):
        if n in at:
            parts += [at[n], []]
        last = parts[-1]
        if n not in taken and isinstance(last, list):
            last.append(n)
    return [part for part in parts if part]


def _paragraphs(lines: Sequence[tuple[int, Line]], heads: frozenset[int]) -> list[list[tuple[int, Line]]]:
    """Lines that belong together. A larger gap, another size, a bullet or a short last line ends a
    paragraph.
    """
    steps = [a.bottom - b.bottom for (_, a), (_, b) in pairwise(lines) if 0 < a.bottom - b.bottom < 60]
    usual = median(steps) if steps else 0.0
    longest = max((len(line.text) for _, line in lines), default=0)
    groups: list[list[tuple[int, Line]]] = []
    for n, line in lines:
        before = groups[-1][-1] if groups else None
        if before is None or {n, before[0]} & heads or _breaks(before[1], line, usual, longest):
            groups.append([(n, line)])
        else:
            groups[-1].append((n, line))
    return groups


def _breaks(before: Line, line: Line, usual: float, longest: int) -> bool:
    if before.hidden != line.hidden or _BULLET.match(line.text):
        return True
    ended = _END.search(before.text) is not None
    if not before.size or not line.size:
        return ended and len(before.text) < longest * 0.8
    if abs(before.size - line.size) > 0.12 * max(before.size, line.size):
        return True
    step = before.bottom - line.bottom
    if abs(step) < 0.3 * line.size:  # the same line, set in pieces
        return False
    if step < 0 or step > 8 * line.size:  # the next column, or past a picture
        return ended
    if step > usual * 1.35 and step > line.size * 1.35:
        return True
    return ended and (len(before.text) < longest * 0.6 or line.left > before.left + line.size * 0.8)


def _is_heading(group: Sequence[Line], body: float) -> bool:
    words = " ".join(line.text for line in group)
    return (
        body > 0
        and len(group) <= 3
        and len(words) <= 160
        and group[0].size >= body * 1.15
        and any(sign.isalpha() for sign in words)
    )


def _body_size(pages: Sequence[Sequence[Line]]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _running(pages: Sequence[Sequence[Line]]) -> frozenset[tuple[int, int]]:
    """(page from 1, index of the line): first and last lines that return at the same height on at least three
    pages, with another number or on two fifths of all.
    """
    places: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for number, page in enumerate(pages, 1):
        depth = 2 if len(page) >= 8 else 1 if len(page) >= 3 else 0
        for n in {*range(depth), *range(len(page) - depth, len(page))}:
            key = (_key(page[n].text), round(page[n].bottom / 4))
            places.setdefault(key, []).append((number, n))
    return frozenset(
        place
        for (key, _), found in places.items()
        if len({number for number, _ in found}) >= 3 and ("#" in key or len(found) >= len(pages) * 0.4)
        for place in found
    )


def _key(line: str) -> str:
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", " ".join(line.split()).casefold())


def _whole(text: str, known: Counter[str]) -> str:
    """Words divided at a line's end made whole. PDFium puts U+FFFE for the hyphen and the break."""

    def join(found: re.Match[str]) -> str:
        left, right = found.groups()
        hyphened = f"{left}-{right}"
        if not right[0].islower() or (known[hyphened] and not known[left + right]):
            return hyphened
        return left + right

    return _DIVIDED.sub(join, text).replace("\ufffe", "-")
