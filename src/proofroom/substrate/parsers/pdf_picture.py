"""A page of a PDF as a picture, with words of it marked as a highlighter marks them.

The stored text was put together from the page's characters (lines joined, divided words made whole), so offsets in it
are no places on the page. Words are found again by their letters and figures alone, nearest to where they stand in the
text.
"""

import io
from ctypes import c_double, c_int
from typing import Any

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]
import pypdfium2.raw as _pdfium  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image, ImageChops, ImageDraw

from proofroom.domain.errors import InvalidInput
from proofroom.substrate.parsers.pdf_page import Box

pdfium: Any = _pdfium  # the raw functions have no types

WIDTH = 1_200
HEIGHT = 3_000
"""Pixels at most."""
MARK = (255, 226, 120)
"""Multiplied with the page: black stays black, white becomes this."""
_PAD = 1.5  # points around the marked characters


def draw(data: bytes, page: int, quote: str, share: float) -> bytes:
    """The page (from 1) as PNG; `quote` is marked where it stands nearest to `share` (0 to 1) of the page's text.

    A quote that is not found leaves the page unmarked. Raises InvalidInput (`unreadable_file`).
    """
    try:
        document = pypdfium2.PdfDocument(data)
        try:
            shown: Any = document[page - 1]
            width, height = shown.get_size()
            scale = min(WIDTH / max(width, 1), HEIGHT / max(height, 1))
            picture: Image.Image = shown.render(scale=scale).to_pil().convert("RGB")
            textpage: Any = shown.get_textpage()
            boxes = boxes_of(textpage, quote, share)
            corners = [_pixels(shown, picture.size, box) for box in boxes]
        finally:
            document.close()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise InvalidInput(
            "unreadable_file",
            f"Page {page} of the PDF cannot be drawn.",
            "Its text can be read all the same.",
        ) from error
    if corners:
        tint = Image.new("RGB", picture.size, (255, 255, 255))
        pen = ImageDraw.Draw(tint)
        for corner in corners:
            pen.rectangle(corner, fill=MARK)
        picture = ImageChops.multiply(picture, tint)
    out = io.BytesIO()
    picture.quantize(64).save(out, "PNG")
    return out.getvalue()


def boxes_of(textpage: Any, quote: str, share: float) -> list[Box]:
    """Where the words stand, a box for each stretch of a line; empty when they do not stand there."""
    count = pdfium.FPDFText_CountChars(textpage)
    letters: list[tuple[str, int]] = []
    for index in range(count):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        folded = chr(code).casefold() if 0 < code < 0x110000 else ""
        letters += [(letter, index) for letter in folded if letter.isalnum()]
    text = "".join(letter for letter, _ in letters)
    wanted = "".join(letter for letter in quote.casefold() if letter.isalnum())
    at = _nearest(text, wanted, share)
    if at < 0:
        return []
    indexes = [index for _, index in letters[at : at + len(wanted)]]
    return _lines([box for index in indexes if (box := _box(textpage, index)) is not None])


def _nearest(text: str, wanted: str, share: float) -> int:
    best, goal = -1, share * len(text)
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        if best < 0 or abs(at - goal) < abs(best - goal):
            best = at
        at = text.find(wanted, at + 1)
    return best


def _box(textpage: Any, index: int) -> Box | None:
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    if not pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _lines(boxes: list[Box]) -> list[Box]:
    """Boxes of characters that follow each other on one line, as one box."""
    lines: list[Box] = []
    for left, bottom, right, top in boxes:
        if lines:
            a, b, c, d = lines[-1]
            if bottom < d and b < top and left > a:
                lines[-1] = (a, min(b, bottom), max(c, right), max(d, top))
                continue
        lines.append((left, bottom, right, top))
    return [(a - _PAD, b - _PAD, c + _PAD, d + _PAD) for a, b, c, d in lines]


def _pixels(page: Any, size: tuple[int, int], box: Box) -> tuple[int, int, int, int]:
    """A box of the page in pixels of its picture, whichever way the page is turned."""
    points: list[tuple[int, int]] = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = c_int(), c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, size[0], size[1], 0, x, y, across, down)
        points.append((across.value, down.value))
    (x1, y1), (x2, y2) = points
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
