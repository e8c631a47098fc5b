"""Forms of a PDF that draw each other: a few hundred bytes may stand for millions of drawings.

PDFium unfolds a form wherever it is drawn, also within others (ISO 32000-1, 8.10), and cannot be stopped while it does.
So it is counted first how much a page comes to. pdfminer reads the file for that; what it cannot read is not counted,
and the limits of the parser process hold then.
"""

import logging
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, TypeAlias

from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFStream, dict_value, resolve1

from proofroom.substrate.parsers.archive import unsafe
from proofroom.substrate.parsers.patience import TooSlow, at_most

MOST = 50_000_000
"""Bytes of drawing that the forms of a page may come to."""

_EACH = 500  # what drawing a form costs beside its content, in bytes of content
_DEPTH = 40  # forms within forms; PDFium goes no deeper
_SECONDS = 5.0  # of processor time
_DRAWS = re.compile(rb"/([^\s/<>()\[\]{}%]{1,200})\s{1,10}Do\b")

Forms: TypeAlias = dict[str, Any]


class _TooMuch(Exception):
    pass


def refuse_unfolding(data: bytes) -> None:
    """Raises InvalidInput (`unsafe_file`) when the forms of a page would unfold without measure."""
    if data.count(b"/Form") + data.count(b"/XObject") < 2:
        return
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    try:
        with at_most(_SECONDS):
            count = _Count()
            for page in PDFPage.create_pages(PDFDocument(PDFParser(BytesIO(data)))):
                count.page(page)
    except _TooMuch:
        raise unsafe(
            "Its pages draw parts that draw one another, so often that they could not be read."
        ) from None
    except (Exception, TooSlow):  # noqa: BLE001  pdfminer raises whatever a damaged file makes it raise
        return


class _Count:
    """Counts what drawing a form comes to, each form once for each depth."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], int] = {}
        self.streams: dict[int, tuple[int, list[str], Forms]] = {}

    def page(self, page: PDFPage) -> None:
        forms = _forms(page.resources)
        if not forms:
            return
        drawn = _drawn(b" ".join(content.get_data() for content in map(resolve1, page.contents)))
        if sum(self.size(form, forms, 1) for form in self.among(drawn, forms)) > MOST:
            raise _TooMuch

    def among(self, names: list[str], forms: Forms) -> Iterator[PDFStream]:
        for name in names:
            form = resolve1(forms.get(name))
            if isinstance(form, PDFStream) and str(getattr(form.get("Subtype"), "name", "")) == "Form":
                yield form

    def size(self, form: PDFStream, inherited: Forms, depth: int) -> int:
        if depth > _DEPTH:
            return 0
        key = id(form), depth
        if key not in self.known:
            own, names, forms = self.read(form, inherited)
            for drawn in self.among(names, forms):
                own += self.size(drawn, forms, depth + 1)
                if own > MOST:
                    raise _TooMuch
            self.known[key] = own
        return self.known[key]

    def read(self, form: PDFStream, inherited: Forms) -> tuple[int, list[str], Forms]:
        """(its own size, the names that it draws, what they name)"""
        found = self.streams.get(id(form))
        if found is None:
            content = form.get_data()
            own = _forms(resolve1(form.get("Resources"))) if "Resources" in form else inherited
            found = self.streams[id(form)] = _EACH + len(content), _drawn(content), own
        return found


def _forms(resources: Any) -> Forms:
    return dict_value(dict_value(resources).get("XObject", {})) if resources else {}


def _drawn(content: bytes) -> list[str]:
    return [name.decode("latin-1") for name in _DRAWS.findall(content)]
