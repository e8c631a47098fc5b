"""PDFs as programs make them: columns, tables, what nobody sees, pages that cannot be read."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table, TableStyle

from proofroom.domain.errors import InvalidInput
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Extracted
from proofroom.substrate.parsers import pdf_tables
from proofroom.substrate.parsers.pdf_tables import TableFinder
from tests.unit.substrate.pdfs import paragraph, pdf

WIDTH, HEIGHT = A4
LEFT = "The orbiter was lost because the\nthruster data were in another unit\nthan the software had expected, which"
RIGHT = "nobody noticed in the nine months of\nits journey although the small forces\nwere reported by all."


def drawn(draw: Callable[[Canvas], None]) -> Extracted:
    """What is read of a page that `draw` draws."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    draw(canvas)
    canvas.save()
    return parse(out.getvalue(), "a.pdf")


def words(extracted: Extracted) -> list[str]:
    return [" ".join(extracted.text[b.char_start : b.char_end].split()) for b in extracted.blocks]


def hidden(extracted: Extracted) -> list[str]:
    return [extracted.text[b.char_start : b.char_end] for b in extracted.blocks if b.meta.get("hidden") == 1]


def test_two_columns_with_a_table_are_read_one_after_the_other() -> None:
    out = io.BytesIO()
    width = (WIDTH - 120) / 2
    frames = [Frame(50, 50, width, HEIGHT - 100), Frame(70 + width, 50, width, HEIGHT - 100)]
    document = BaseDocTemplate(out, pagesize=A4)
    document.addPageTemplates(PageTemplate(frames=frames))
    style = getSampleStyleSheet()["BodyText"]
    story: list[Flowable] = []
    for n in range(30):
        story.append(Paragraph(f"Part {n:02d}: " + "what was measured was written down. " * 8, style))
        if n == 4:
            table = Table([["Year", "Wind", "Sun"], ["2021", "12.5", "3.1"], ["2022", "14.0", "4.4"]])
            table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
            story.append(table)
    document.build(story)
    extracted = parse(out.getvalue(), "a.pdf")
    parts = [w[5:7] for w in words(extracted) if w.startswith("Part")]
    assert parts == [f"{n:02d}" for n in range(30)]
    (captured,) = extracted.tables
    assert (captured.columns, captured.rows) == (
        ("Year", "Wind", "Sun"),
        (("2021", "12.5", "3.1"), ("2022", "14.0", "4.4")),
    )
    rows = [b for b in extracted.blocks if b.kind == "table_row"]
    assert [extracted.text[b.char_start : b.char_end] for b in rows] == [
        "2021 | 12.5 | 3.1",
        "2022 | 14.0 | 4.4",
    ]
    assert [(b.page, dict(b.meta), b.heading) for b in rows] == [
        (1, {"table": 0, "row": 0}, "Year | Wind | Sun"),
        (1, {"table": 0, "row": 1}, "Year | Wind | Sun"),
    ]


def test_columns_that_are_drawn_line_by_line_are_put_in_order() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 16)
        canvas.drawString(60, 790, "A heading that goes over both columns of the page")
        canvas.setFont("Helvetica", 10)
        for turn in range(2):
            for n, (left, right) in enumerate(zip(LEFT.split("\n"), RIGHT.split("\n"), strict=True)):
                y = 750 - (turn * 3 + n) * 12
                canvas.drawString(60, y, left)
                canvas.drawString(310, y, right)

    extracted = drawn(draw)
    assert words(extracted)[0] == "A heading that goes over both columns of the page"
    rest = " ".join(words(extracted)[1:])
    assert rest == f"{LEFT} {LEFT} {RIGHT} {RIGHT}".replace("\n", " ")


def test_columns_of_figures_without_rules_are_a_table() -> None:
    rows = [("Source", "2021", "2022"), ("Wind", "12.5", "14.0"), ("Sun", "3.1", "4.4"), ("Water", "8", "7")]

    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 780, "Generation by source, in terawatt hours, as it was reported.")
        for n, row in enumerate(rows):
            canvas.drawString(60, 740 - 14 * n, row[0])
            canvas.drawRightString(260, 740 - 14 * n, row[1])
            canvas.drawRightString(360, 740 - 14 * n, row[2])
        canvas.drawString(60, 660, "The figures are those of the yearly report.")

    extracted = drawn(draw)
    (table,) = extracted.tables
    assert (table.columns, table.rows) == (rows[0], tuple(rows[1:]))
    assert table.types == ("text", "number", "number")
    assert words(extracted)[0].startswith("Generation by source")
    assert words(extracted)[-1].startswith("The figures")


def test_boxes_around_prose_are_no_table() -> None:
    def draw(canvas: Canvas) -> None:
        for n in range(4):
            canvas.rect(50, 700 - n * 60, 400, 50)
            canvas.drawString(60, 720 - n * 60, f"A box with some words in it, the {n}th of four boxes.")

    extracted = drawn(draw)
    assert extracted.tables == ()
    assert len(words(extracted)) == 4


def test_what_nobody_sees_is_marked() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 780, "What everybody sees.")
        canvas.setFillColor(colors.white)
        canvas.drawString(60, 740, "White on white.")
        canvas.setFillColor(colors.black)
        canvas.setFont("Helvetica", 0.5)
        canvas.drawString(60, 700, "Too small.")
        canvas.setFont("Helvetica", 12)
        canvas.drawString(-400, 660, "Off the page.")
        text = canvas.beginText(60, 620)
        text.setTextRenderMode(3)
        text.textLine("Drawn with nothing.")
        canvas.drawText(text)

    extracted = drawn(draw)
    assert sorted(hidden(extracted)) == [
        "Drawn with nothing.",
        "Off the page.",
        "Too small.",
        "White on white.",
    ]
    assert "What everybody sees." in words(extracted)


def test_white_letters_on_a_colour_and_recognised_text_under_its_picture_are_seen() -> None:
    picture = ImageReader(Image.new("RGB", (20, 20), "grey"))

    def draw(canvas: Canvas) -> None:
        canvas.setFillColor(colors.darkblue)
        canvas.rect(50, 770, 300, 30, stroke=0, fill=1)
        canvas.setFillColor(colors.white)
        canvas.drawString(60, 780, "White on blue.")
        canvas.drawImage(picture, 50, 300, 400, 400)
        text = canvas.beginText(60, 620)
        text.setTextRenderMode(3)
        text.textLine("Recognised in the picture.")
        canvas.drawText(text)

    extracted = drawn(draw)
    assert hidden(extracted) == []
    assert words(extracted) == ["White on blue.", "Recognised in the picture."]


def test_a_scanned_pdf_says_how_many_pages_and_that_nobody_reads_pictures_here() -> None:
    picture = ImageReader(Image.new("RGB", (20, 20), "grey"))

    def draw(canvas: Canvas) -> None:
        for _ in range(3):
            canvas.drawImage(picture, 0, 0, WIDTH, HEIGHT)
            canvas.showPage()

    with pytest.raises(InvalidInput) as caught:
        drawn(draw)
    assert caught.value.code == "no_text"
    assert "3 pages" in caught.value.message
    assert "OCR" in caught.value.hint


def test_a_page_that_cannot_be_read_does_not_lose_the_others() -> None:
    pages = [paragraph(f"Words of page {n}.", 700) for n in (1, 2, 3)]
    broken = pdf(pages).replace(b"[5 0 R 7 0 R 9 0 R]", b"[5 0 R 0 0 R 9 0 R]")
    extracted = parse(broken, "a.pdf")
    assert words(extracted) == ["Words of page 1.", "Words of page 3."]
    assert len(extracted.pages) == 3
    assert [b.page for b in extracted.blocks] == [1, 3]
    assert [note[:26] for note in extracted.notes] == ["Page 2 could not be read: "]


def test_an_empty_password_opens_a_protected_pdf_and_another_does_not() -> None:
    def protected(user: str) -> bytes:
        from reportlab.lib.pdfencrypt import StandardEncryption

        out = io.BytesIO()
        canvas = Canvas(out, encrypt=StandardEncryption(user, ownerPassword="owner", canPrint=0))
        canvas.drawString(60, 700, "Protected words.")
        canvas.save()
        return out.getvalue()

    assert parse(protected(""), "a.pdf").text == "Protected words."
    with pytest.raises(InvalidInput) as caught:
        parse(protected("secret"), "a.pdf")
    assert caught.value.code == "encrypted_file"


def test_tables_that_take_too_long_are_left_alone_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(canvas: Canvas) -> None:
        for _ in range(2):
            table = Table([["a", "b"], ["1", "2"]])
            table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
            table.wrapOn(canvas, 400, 400)
            table.drawOn(canvas, 60, 600)
            canvas.showPage()

    monkeypatch.setattr(pdf_tables.TableFinder.__init__, "__kwdefaults__", {"seconds": 0.0})
    extracted = drawn(draw)
    assert extracted.tables == ()
    assert extracted.notes == ("Ruled tables were not looked for, it would take too long: pages 1–2.",)
    assert extracted.text == "a\nb\n1\n2\n\na\nb\n1\n2"
    assert TableFinder(b"").skipped == []


def test_the_search_for_tables_is_stopped_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(*_: object) -> object:
        while True:
            pass

    monkeypatch.setattr(pdf_tables.pdfplumber, "open", forever)
    monkeypatch.setattr(pdf_tables, "_PAGE_SECONDS", 0.05)

    def draw(canvas: Canvas) -> None:
        table = Table([["a", "b"], ["1", "2"]])
        table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
        table.wrapOn(canvas, 400, 400)
        table.drawOn(canvas, 60, 600)

    assert drawn(draw).notes == ("Ruled tables were not looked for, it would take too long: page 1.",)


def _forms(*contents: str, names: str = "") -> bytes:
    """A page that draws the first of these forms; each form may draw the next as /N and itself as /S."""
    font = "/Font << /F1 3 0 R >>"
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        _stream("", f"BT /F1 12 Tf 72 700 Td (Words of the page.) Tj ET /N Do {names}"),
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        f" /Resources << {font} /XObject << /N 6 0 R >> >> >>",
    ]
    for n, content in enumerate(contents, 6):
        following = f"/N {n + 1} 0 R" if n < 5 + len(contents) else ""
        bodies.append(
            _stream(
                f"/Type /XObject /Subtype /Form /BBox [0 0 595 842]"
                f" /Resources << {font} /XObject << {following} /S {n} 0 R >> >>",
                content,
            )
        )
    out = b"%PDF-1.4\n"
    places: list[int] = []
    for n, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{n} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        out
        + (
            f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
            f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
        ).encode()
    )


def _stream(entries: str, content: str) -> str:
    return f"<< {entries} /Length {len(content)} >>\nstream\n{content}\nendstream"


@pytest.mark.parametrize(
    "contents", [("/S Do /S Do",), ("/N Do " * 10,) * 8 + ("",)], ids=["in itself", "in each other"]
)
def test_forms_that_draw_each_other_without_measure_are_refused(contents: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(_forms(*contents), "a.pdf")
    assert caught.value.code == "unsafe_file"
    assert "draw one another" in caught.value.message


def test_forms_in_forms_are_read() -> None:
    words = "BT /F1 12 Tf 72 600 Td (Words of a form.) Tj ET"
    assert parse(_forms("/N Do", "/N Do", words), "a.pdf").text == "Words of the page.\n\nWords of a form."
    assert "Words of a form." in parse(_forms(words + " /S Do"), "a.pdf").text
