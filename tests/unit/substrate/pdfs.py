"""Small PDFs written by hand, so that the tests know exactly what is in them."""

from collections.abc import Sequence

Line = tuple[str, float, float, float]
"""(text, left, baseline from below, size), in points."""


def pdf(pages: Sequence[Sequence[Line]], *, extra: str = "") -> bytes:
    """A PDF 1.4 with Helvetica; `extra` is put into the trailer."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids: list[str] = []
    for lines in pages:
        drawn = "\n".join(
            f"BT /F1 {size} Tf {left} {bottom} Td ({_escaped(text)}) Tj ET"
            for text, left, bottom, size in lines
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = b"%PDF-1.4\n"
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {extra} >>\nstartxref\n{start}\n%%EOF\n"
    ).encode("latin-1")
    return out


def paragraph(text: str, top: float, *, left: float = 72, size: float = 11) -> list[Line]:
    """Lines of a paragraph, one for each line of `text`, below each other."""
    return [(line, left, top - n * size * 1.2, size) for n, line in enumerate(text.split("\n"))]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
