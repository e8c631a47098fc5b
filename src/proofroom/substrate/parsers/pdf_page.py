"""One page of a PDF as PDFium sees it: its lines with their places, what is hidden, what rules it has."""

import re
from ctypes import c_double, c_float, c_uint
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, TypeAlias

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]
import pypdfium2.raw as _pdfium  # pyright: ignore[reportMissingTypeStubs]

from proofroom.substrate.parsers.sniff import clean

pdfium: Any = _pdfium  # the raw functions have no types
Box: TypeAlias = tuple[float, float, float, float]
"""(left, bottom, right, top) in points, from the lower left corner of the page."""

_BREAK = re.compile(r"(\r\n|\r|\n)")
_WORD = re.compile(r"\S+")
_TINY = 2.0  # points; what is smaller cannot be read
_WHITE = 250  # each of red, green and blue, of 255
_OBJECTS = 20_000  # a page that draws more things is not searched for rules or backgrounds


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a line that stand close together."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its edges, baseline and font size in points; zeros when the place is unknown."""

    text: str
    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    size: float = 0.0
    hidden: bool = False
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class PageText:
    """`ruled`: lines or boxes are drawn on it as tables have them. `drawn`: something is on it, if no text."""

    lines: tuple[Line, ...]
    ruled: bool = False
    drawn: bool = False


def read_page(document: pypdfium2.PdfDocument, number: int) -> PageText:
    """The page with this index, from 0. Raises pypdfium2.PdfiumError."""
    page: Any = document[number]
    try:
        textpage: Any = page.get_textpage()
        try:
            things = _things(page)
            lines = _Reader(page, textpage, things).lines()
            return PageText(tuple(in_columns(lines)), _ruled(things), bool(things))
        finally:
            textpage.close()
    finally:
        page.close()


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something drawn that is no text. `paints`: it may lie under a text and make white letters visible."""

    box: Box
    kind: int
    paints: bool


def _things(page: Any) -> list[_Thing]:
    count = int(pdfium.FPDFPage_CountObjects(page.raw))
    found: list[_Thing] = []
    if count > _OBJECTS:
        return found
    edges = [c_float() for _ in range(4)]
    red, green, blue, alpha = (c_uint() for _ in range(4))
    for n in range(count):
        thing = pdfium.FPDFPage_GetObject(page.raw, n)
        kind = int(pdfium.FPDFPageObj_GetType(thing))
        if kind == pdfium.FPDF_PAGEOBJ_TEXT or not pdfium.FPDFPageObj_GetBounds(thing, *edges):
            continue
        white = (
            kind == pdfium.FPDF_PAGEOBJ_PATH
            and pdfium.FPDFPageObj_GetFillColor(thing, red, green, blue, alpha)
            and min(red.value, green.value, blue.value) >= _WHITE
        )
        left, bottom, right, top = (edge.value for edge in edges)
        found.append(_Thing((left, bottom, right, top), kind, not white))
    return found


def _ruled(things: list[_Thing]) -> bool:
    across = down = boxes = 0
    for thing in things:
        left, bottom, right, top = thing.box
        if thing.kind == pdfium.FPDF_PAGEOBJ_PATH:
            across += top - bottom < 3 and right - left > 20
            down += right - left < 3 and top - bottom > 5
            boxes += right - left >= 10 and top - bottom >= 5
        boxes += 4 * (thing.kind == pdfium.FPDF_PAGEOBJ_FORM)  # what is in it is not looked at
    return (across >= 2 and down >= 2) or boxes >= 4


class _Reader:
    """Walks the characters of a page once."""

    def __init__(self, page: Any, textpage: Any, things: list[_Thing]) -> None:
        self.textpage = textpage
        self.bounds: Box = tuple(page.get_bbox())
        self.things = things
        self.edges = [c_double() for _ in range(4)]
        self.colour = [c_uint() for _ in range(4)]
        self.modes: dict[int, int] = {}

    def lines(self) -> list[Line]:
        text = str(self.textpage.get_text_range())
        exact = len(text) == int(self.textpage.count_chars())
        found: list[Line] = []
        at = 0
        for part in _BREAK.split(text):
            stripped = part.strip()
            if stripped:
                first = at + part.index(stripped[0])
                found.append(self.line(first, stripped) if exact else Line(clean(stripped)))
            at += len(part)
        return found

    def line(self, first: int, text: str) -> Line:
        x, y = c_double(), c_double()
        if not pdfium.FPDFText_GetCharOrigin(self.textpage, first, x, y):
            return Line(clean(text))
        # The size of the first letter: a bullet often comes from another font.
        letter = first + next((n for n, sign in enumerate(text) if sign.isalnum()), 0)
        size = self.size(letter, y.value)
        pieces: list[Piece] = []
        hidden = False
        for word in _WORD.finditer(text):
            box = self.box(first + word.start())
            end = self.box(first + word.end() - 1) or box
            if box is None or end is None:
                continue
            hidden = hidden or self.hidden(first + word.start(), box)
            shown = clean(word.group())
            if pieces and -size <= box[0] - pieces[-1].right <= size:
                pieces[-1] = Piece(f"{pieces[-1].text} {shown}", pieces[-1].left, max(end[2], box[2]))
            else:
                pieces.append(Piece(shown, box[0], max(end[2], box[2])))
        if not pieces:
            return Line(clean(text))
        right = max(piece.right for piece in pieces)
        return Line(clean(text), min(p.left for p in pieces), right, y.value, size, hidden, tuple(pieces))

    def size(self, index: int, baseline: float) -> float:
        size = float(pdfium.FPDFText_GetFontSize(self.textpage, index))
        # A font size of 1 with a scaled matrix is usual; the loose box then tells the size.
        _, _, _, top = self.textpage.get_charbox(index, loose=True)
        return round(size if size > 2 else float(top) - baseline, 1)

    def box(self, index: int) -> Box | None:
        left, right, bottom, top = self.edges
        if not pdfium.FPDFText_GetCharBox(self.textpage, index, left, right, bottom, top):
            return None
        return left.value, bottom.value, right.value, top.value

    def hidden(self, index: int, box: Box) -> bool:
        """Whether nobody who looks at the page sees this character: off it, tiny, invisible, or white on white."""
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        if not _inside(self.bounds, middle):
            return True
        _, low, _, high = self.textpage.get_charbox(index, loose=True)
        if 0 < high - low < _TINY:
            return True
        if self.mode(index) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
            # Recognised text lies invisible under the picture of its page: that is what people see.
            return not any(
                thing.kind == pdfium.FPDF_PAGEOBJ_IMAGE and _inside(thing.box, middle)
                for thing in self.things
            )
        if not pdfium.FPDFText_GetFillColor(self.textpage, index, *self.colour):
            return False
        red, green, blue, alpha = (part.value for part in self.colour)
        if alpha == 0:
            return True
        return min(red, green, blue) >= _WHITE and not any(
            thing.paints and _inside(thing.box, middle) for thing in self.things
        )

    def mode(self, index: int) -> int:
        thing = pdfium.FPDFText_GetTextObject(self.textpage, index)
        return int(pdfium.FPDFTextObj_GetTextRenderMode(thing)) if thing else 0


def _inside(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def in_columns(lines: list[Line]) -> list[Line]:
    """The lines in the order in which they are read.

    A PDF draws text in some order, nearly always that of reading. Where it goes to and fro over a gap between
    two columns of prose, line by line, each stretch is put in order: left column, right column. What crosses
    the gap, such as a heading, stays between what is above and below it.
    """
    gutter = _gutter(lines)
    if gutter is None:
        return lines
    done: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        before = tuple(piece for piece in line.pieces if piece.right <= gutter)
        after = tuple(piece for piece in line.pieces if piece.left >= gutter)
        if not line.pieces or len(before) + len(after) < len(line.pieces):
            done += [*left, *right, line]
            left, right = [], []
            continue
        for side, pieces in ((left, before), (right, after)):
            if pieces:
                side.append(
                    replace(
                        line,
                        text=" ".join(piece.text for piece in pieces),
                        left=pieces[0].left,
                        right=pieces[-1].right,
                        pieces=pieces,
                    )
                )
    return [*done, *left, *right]


def _gutter(lines: list[Line]) -> float | None:
    """The middle of the gap that most lines have in common, if there is prose on both sides of it."""
    gaps = [
        (a.right, b.left, len(a.text), len(b.text))
        for line in lines
        for a, b in zip(line.pieces, line.pieces[1:], strict=False)
        if b.left > a.right
    ]
    if len(gaps) < 5:
        return None
    middle = median((gap[0] + gap[1]) / 2 for gap in gaps)
    common = [gap for gap in gaps if gap[0] < middle < gap[1]]
    if len(common) < 5 or len(common) * 2 < len(gaps):
        return None
    low, high = max(gap[0] for gap in common), min(gap[1] for gap in common)
    if high <= low:  # not one gap, but many that only seem to stand below each other
        return None
    if min(median(gap[side] for gap in common) for side in (2, 3)) < 20:
        return None
    return (low + high) / 2
