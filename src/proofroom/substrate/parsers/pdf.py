"""PDF by PDFium: the text layer, page by page, cut into paragraphs by where the lines stand.

The text is ours, so offsets are exact in it: the lines of a paragraph are joined by a line break, words
that were divided at the end of a line are whole again. Lines that return on many pages (running heads, page
numbers) stay in the text but are no blocks.
"""

import re
from collections import Counter
from collections.abc import Sequence
from ctypes import c_double
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, cast

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]
import pypdfium2.raw as pdfium  # pyright: ignore[reportMissingTypeStubs]

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.extracted import BlockDraft, Extracted, Limits, Page, Report, unheard
from proofroom.substrate.parsers.sniff import clean
from proofroom.substrate.segmentation import blocks_of, heading_text

EXTRACTOR = "proofroom-pdf/1 (pypdfium2 5)"
_BULLET = re.compile(r"(?:[•‣◦▪●–\-*]|\d{1,3}[.)]|\(?[a-z]\))\s+\S")
_END = re.compile(r"[.!?:…][\"'”’)\]]*$")
_DIVIDED = re.compile(r"(\w+)\ufffe(\w+)")
_LINEARIZED = re.compile(rb"/Linearized\b.{0,200}?/L\s+(\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its left edge, baseline and font size in points; zeros when the place is unknown."""

    text: str
    left: float = 0.0
    bottom: float = 0.0
    size: float = 0.0


def parse(data: bytes, *, limits: Limits, report: Report = unheard) -> Extracted:
    """Text, pages and blocks of a PDF.

    Raises InvalidInput (`encrypted_file`, `unreadable_file`, `no_text`) and TooLarge (`too_many_pages`).
    """
    _refuse_cut(data)
    document = _open(data)
    try:
        count = len(document)
        if count > limits.pages:
            raise TooLarge(
                "too_many_pages",
                f"The PDF has {count:,} pages; {limits.pages:,} are the most that can be read.",
                "Split it into several files.",
            )
        pages: list[list[_Line]] = []
        for number in range(count):
            pages.append(_lines(document, number))
            report(number + 1, count, "pages")
    finally:
        document.close()
    if not any(line.text.strip() for page in pages for line in page):
        raise InvalidInput(
            "no_text",
            "The PDF has no text layer: it seems to be scanned.",
            "Run text recognition (OCR) on it and add the result.",
        )
    return _compose(pages)


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


def _lines(document: pypdfium2.PdfDocument, number: int) -> list[_Line]:
    try:
        page = document[number]
    except pypdfium2.PdfiumError as error:
        raise _damaged(f"Page {number + 1} cannot be read.") from error
    textpage = page.get_textpage()
    try:
        text = str(textpage.get_text_range())
        exact = len(text) == int(textpage.count_chars())
        found: list[_Line] = []
        at = 0
        for part in re.split(r"(\r\n|\r|\n)", text):
            stripped = part.strip()
            if stripped:
                first = at + part.index(stripped[0])
                found.append(_place(textpage, first, clean(stripped)) if exact else _Line(clean(stripped)))
            at += len(part)
        return found
    finally:
        textpage.close()
        page.close()


def _place(textpage: Any, index: int, text: str) -> _Line:
    x, y = c_double(), c_double()
    if not pdfium.FPDFText_GetCharOrigin(textpage, index, x, y):
        return _Line(text)
    # The size of the first letter: a bullet often comes from another font.
    letter = index + next((n for n, sign in enumerate(text) if sign.isalnum()), 0)
    size = float(pdfium.FPDFText_GetFontSize(textpage, letter))
    left, _, _, _ = cast(tuple[float, float, float, float], textpage.get_charbox(index, loose=True))
    _, _, _, top = cast(tuple[float, float, float, float], textpage.get_charbox(letter, loose=True))
    height = top - y.value
    # A font size of 1 with a scaled matrix is usual; the loose box then tells the size.
    return _Line(text, left, y.value, round(size if size > 2 else height, 1))


def _compose(pages: Sequence[Sequence[_Line]]) -> Extracted:
    running = _running(pages)
    body = _body_size(pages)
    known = Counter(
        word for page in pages for line in page for word in re.findall(r"\w+(?:-\w+)?", line.text)
    )
    parts: list[str] = []
    length = 0
    blocks: list[tuple[str, int, int, int]] = []  # kind, start, end, page
    ranges: list[Page] = []

    def put(piece: str) -> tuple[int, int]:
        nonlocal length
        start = length
        parts.append(piece)
        length += len(piece)
        return start, length

    for number, lines in enumerate(pages, 1):
        page_start = length
        for n, group in enumerate(_paragraphs(lines, running)):
            if n:
                put("\n\n")
            words = _whole("\n".join(line.text for line in group), known)
            start, end = put(words)
            if _key(group[0].text) in running and len(group) == 1:
                continue
            kind = (
                "heading"
                if _is_heading(group, body)
                else "list_item"
                if _BULLET.match(words)
                else "paragraph"
            )
            blocks.append((kind, start, end, number))
        ranges.append(Page(number, page_start, length))
        if number < len(pages):
            put("\n\n")
    text = "".join(parts)
    empty = [str(number) for number, lines in enumerate(pages, 1) if not lines]
    notes = (f"Without a text layer, perhaps scanned: page {', '.join(empty[:20])}.",) if empty else ()
    return Extracted(
        text, "application/pdf", EXTRACTOR, tuple(_drafts(text, blocks)), tuple(ranges), notes=notes
    )


def _drafts(text: str, blocks: Sequence[tuple[str, int, int, int]]) -> list[BlockDraft]:
    drafts: list[BlockDraft] = []
    heading: str | None = None
    for kind, start, end, page in blocks:
        if kind == "heading":
            heading = heading_text(text[start:end])
            drafts.append(BlockDraft("heading", start, end, page))
        else:
            drafts.extend(
                blocks_of(
                    text,
                    start,
                    end,
                    "list_item" if kind == "list_item" else "paragraph",
                    heading=heading,
                    page=page,
                )
            )
    return drafts


def _paragraphs(lines: Sequence[_Line], running: frozenset[str]) -> list[list[_Line]]:
    """Lines that belong together. A larger gap, another size, a bullet or a short last line ends a
    paragraph.
    """
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if 0 < a.bottom - b.bottom < 60]
    usual = median(steps) if steps else 0.0
    longest = max((len(line.text) for line in lines), default=0)
    groups: list[list[_Line]] = []
    for line in lines:
        before = groups[-1][-1] if groups else None
        if before is None or _breaks(before, line, usual, longest, running):
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _breaks(before: _Line, line: _Line, usual: float, longest: int, running: frozenset[str]) -> bool:
    if _key(before.text) in running or _key(line.text) in running or _BULLET.match(line.text):
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


def _is_heading(group: Sequence[_Line], body: float) -> bool:
    words = " ".join(line.text for line in group)
    return (
        body > 0
        and len(group) <= 3
        and len(words) <= 160
        and group[0].size >= body * 1.15
        and any(sign.isalpha() for sign in words)
    )


def _body_size(pages: Sequence[Sequence[_Line]]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _running(pages: Sequence[Sequence[_Line]]) -> frozenset[str]:
    """First and last lines that return on at least three pages: with another number, or on two fifths of
    all.
    """
    counts: Counter[str] = Counter()
    for page in pages:
        depth = 2 if len(page) >= 8 else 1 if len(page) >= 3 else 0
        counts.update({_key(line.text) for line in (*page[:depth], *page[len(page) - depth :])})
    return frozenset(key for key, n in counts.items() if n >= 3 and ("#" in key or n >= len(pages) * 0.4))


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
