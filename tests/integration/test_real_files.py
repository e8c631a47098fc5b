"""Files as people have them, made by real programs, through the real job: each ends as it should."""

import io
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from docx import Document
from openpyxl import Workbook
from PIL import Image
from pptx import Presentation
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table, TableStyle

from proofroom.db.tx import EVENTS_CHANNEL, Database, libpq_url
from proofroom.services import progress, sources
from proofroom.substrate import capture, search
from proofroom.substrate.extracted import Extracted, Limits, Report, unheard
from tests.browser.conftest import FLAGS, browser_path

WORDS = "The orbiter was lost because thruster data in pound-force seconds were read as newton seconds. "
YEARS = [["Year", "Wind", "Sun"], ["2021", "12.5", "3.1"], ["2022", "14.0", "4.4"]]
MEGABYTES = int(os.environ.get("PROOFROOM_TEST_MEGABYTES", "2"))  # 50 shows what the reference promises


def two_column_pdf() -> bytes:
    out = io.BytesIO()
    width = (A4[0] - 120) / 2
    document = BaseDocTemplate(out, pagesize=A4)
    frames = [Frame(50 + n * (width + 20), 50, width, A4[1] - 100) for n in (0, 1)]
    document.addPageTemplates(PageTemplate(frames=frames))
    style = getSampleStyleSheet()["BodyText"]
    table = Table(YEARS)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    story: list[Flowable] = [Paragraph(f"Passage {n:02d}. {WORDS * 3}", style) for n in range(20)]
    document.build([*story[:5], table, *story[5:]])
    return out.getvalue()


def printed_page(folder: Path) -> bytes:
    """A page of two columns as the browser prints it."""
    page, printed = folder / "page.html", folder / "page.pdf"
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in YEARS)
    page.write_text(
        "<!doctype html><html lang=en><style>body{columns:2;text-align:justify;hyphens:auto;font:11pt serif}"
        f"td{{border:1px solid}}</style>{''.join(f'<p>Passage {n:02d}. {WORDS * 3}</p>' for n in range(20))}"
        f"<table>{rows}</table></html>"
    )
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    subprocess.run(
        [browser_path(), *flags, "--headless", "--no-pdf-header-footer", f"--print-to-pdf={printed}", page],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return printed.read_bytes()


def scanned_pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for _ in range(2):
        canvas.drawImage(ImageReader(Image.effect_noise((60, 80), 50)), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def article() -> bytes:
    story = "".join(f"<p>Passage {n:02d}. {WORDS}</p>" for n in range(8))
    return (
        '<html><head><title>The loss | Site</title><meta name="author" content="Ada Writer"></head><body>'
        '<div class="menu"><a href="/">Home page of the site</a> <a href="/b">Everything else</a></div>'
        f'<div class="post"><h1>The loss</h1>{story}</div><div class="footer"><p>Cookies.</p></div></body></html>'
    ).encode()


def document() -> bytes:
    made = Document()
    made.add_heading("The loss", 1)
    made.add_paragraph(WORDS)
    table = made.add_table(rows=3, cols=3)
    for row, cells in zip(table.rows, YEARS, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def slides() -> bytes:
    made = Presentation()
    for n in (1, 2):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = f"Slide {n}"  # pyright: ignore[reportOptionalMemberAccess]
        slide.placeholders[1].text = WORDS  # pyright: ignore[reportAttributeAccessIssue]
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def workbook() -> bytes:
    made = Workbook()
    for n, name in enumerate(("Generation", "Capacity")):
        sheet = made.create_sheet(name)
        for row in YEARS:
            sheet.append([row[0], *(cell if cell.isalpha() else float(cell) + n for cell in row[1:])])
    made.remove(made["Sheet"])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def message() -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = "The loss", "ada@example.org", "board@example.org"
    made.set_content(f"Dear all,\n\n{WORDS}\n")
    made.add_attachment(
        "\n".join(",".join(row) for row in YEARS).encode(),
        maintype="text",
        subtype="csv",
        filename="years.csv",
    )
    return bytes(made)


@dataclass(frozen=True)
class Case:
    """A file and what is to become of it. `cells` are (table, row, column): value."""

    name: str
    make: Callable[[Path], bytes]
    content_type: str = ""
    pages: int = 0
    tables: int = 0
    cells: dict[tuple[int, int, int], str] = field(default_factory=dict[tuple[int, int, int], str])
    found: str = ""
    failure: str = ""
    notes: tuple[str, ...] = ()


CASES = [
    Case("two columns.pdf", lambda _: two_column_pdf(), "application/pdf", 2, 1, {(0, 1, 1): "14.0"}, "Passage 19"),
    Case("printed.pdf", printed_page, "application/pdf", 2, 1, {(0, 1, 1): "14.0"}, "Passage 19"),
    Case("scanned.pdf", lambda _: scanned_pdf(), failure="no_text"),
    Case("article.html", lambda _: article(), "text/html", found="Passage 07", notes=("Author: Ada Writer",)),
    Case(
        "Werte.csv", lambda _: "Größe;Wert\nHöhe;1,5\nLänge;2,25\n".encode("latin-1"), "text/csv", 0, 1,
        {(0, 0, 0): "Höhe", (0, 1, 1): "2,25"}, "Länge",
    ),
    Case("years.tsv", lambda _: "\n".join("\t".join(r) for r in YEARS).encode(), "text/csv", 0, 1,
         {(0, 1, 2): "4.4"}, "2022"),
    Case("notes.md", lambda _: f"# The loss\n\n{WORDS}\n".encode(), "text/markdown", found="newton"),
    Case("wrong.pdf", lambda _: f"{WORDS}\n".encode(), "text/plain", found="newton",
         notes=("The name ends in .pdf, but the content is text/plain; it was read as that.",)),
    Case("loss.docx", lambda _: document(),
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document", 0, 1, {(0, 1, 1): "14.0"},
         "newton"),
    Case("loss.pptx", lambda _: slides(),
         "application/vnd.openxmlformats-officedocument.presentationml.presentation", 2, found="newton"),
    Case("loss.xlsx", lambda _: workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
         2, 2, {(1, 0, 1): "13.5"}, "2021"),
    Case("loss.eml", lambda _: message(), "message/rfc822", 0, 1, {(0, 1, 1): "14.0"}, "newton"),
]  # fmt: skip


async def test_every_file_ends_as_it_should(
    db: Database, workspace: UUID, project: UUID, tmp_path: Path
) -> None:
    for case in CASES:
        async with db.transaction(workspace) as tx:
            row = await sources.add_source(tx, project, data=case.make(tmp_path), filename=case.name)
        row = await sources.capture_now(db, workspace, row.id)
        shown = sources.to_json(row)
        if case.failure:
            assert row.failure is not None, case.name
            assert (row.status, row.failure["code"]) == ("failed", case.failure), case.name
            continue
        assert (row.status, row.failure) == ("ready", None), case.name
        assert (row.content_type, row.page_count) == (case.content_type, case.pages), case.name
        assert shown["table_count"] == case.tables, case.name
        assert tuple(row.notes) == case.notes, case.name
        assert shown["progress"] is None
        async with db.transaction(workspace) as tx:
            content = await sources.content(tx, row.id)
            hits = await search.search(tx, project, case.found, 50, source_ids=[row.id])
        text = content["text"]
        assert len(content["blocks"]) == row.block_count
        for (table, line, column), value in case.cells.items():
            assert content["tables"][table]["rows"][line][column] == value, case.name
        assert any(case.found in hit.passage.text for hit in hits), case.name
        for hit in hits:
            passage = hit.passage
            assert text[passage.char_start : passage.char_end] == passage.text, case.name
            if passage.page is not None:
                page = content["pages"][passage.page - 1]
                assert page["char_start"] <= passage.char_start < passage.char_end <= page["char_end"], (
                    case.name
                )
        passages = [text[b["char_start"] : b["char_end"]] for b in content["blocks"]]
        numbers = [p[8:10] for p in passages if p.startswith("Passage ")]
        assert numbers == sorted(numbers), case.name


async def test_a_large_text_is_captured_whole(db: Database, workspace: UUID, project: UUID) -> None:
    """PROOFROOM_TEST_MEGABYTES=50 is the size that the reference names; bench/capture_files.py measures it."""
    lines = (f"Entry {n}: {WORDS}Value {n * 7 % 1000}.\n\n" for n in range(MEGABYTES * 1_000_000 // 125))
    data = "".join(lines).encode()
    async with db.transaction(workspace) as tx:
        row = await sources.add_source(tx, project, data=data, filename="large.txt")
    row = await sources.capture_now(db, workspace, row.id)
    assert (row.status, row.failure, row.byte_size) == ("ready", None, len(data))
    assert row.block_count == MEGABYTES * 1_000_000 // 125
    last = f"Entry {row.block_count - 1}: "
    async with db.transaction(workspace) as tx:
        hits = await search.search(tx, project, last, 1)
    assert hits[0].passage.text.startswith(last)


async def test_how_far_a_capture_is_can_be_watched(
    db: Database, database: str, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as listener:
        async with db.transaction(workspace) as tx:
            row = await sources.add_source(tx, project, text="A note.")
        await listener.execute(f"LISTEN {EVENTS_CHANNEL}")

        async def parse(
            data: bytes, name: str | None, kind: str | None, limits: Limits, report: Report = unheard
        ) -> Extracted:
            report(3, 7, "pages")
            await anext(listener.notifies(timeout=20))
            async with db.transaction(workspace) as tx:
                seen.append((await sources.get(tx, row.id)).progress)
            return capture.parse(data, name, kind, limits)

        monkeypatch.setattr(progress, "SECONDS", 0.01)
        monkeypatch.setattr(capture, "parse_isolated", parse)
        done = await sources.capture_now(db, workspace, row.id)
    assert seen == [{"phase": "reading", "done": 3, "total": 7, "unit": "pages"}]
    assert (done.status, done.progress) == ("ready", None)
