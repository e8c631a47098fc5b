"""How long Office files and messages take to read, each in a process of its own as capture does it.

    python bench/office.py

Makes typical and large files, reads each three times and prints the median of the processor time, the memory of
the process at its peak (Linux) and what came out. The libraries that also read these formats are measured beside
it on the same files.
"""

import io
import re
import statistics
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from multiprocessing import get_context
from pathlib import Path
from typing import Any

WORDS = "The thruster data were in pound-force seconds, and the software read newton seconds. "


def document() -> bytes:
    """About a hundred pages: 1,000 paragraphs, 100 headings, 20 tables."""
    import docx

    made = docx.Document()
    for n in range(100):
        made.add_heading(f"Section {n}", 1 + n % 3)
        for _ in range(10):
            made.add_paragraph(WORDS * 4)
        if n % 5 == 0:
            table: Any = made.add_table(10, 4)
            for i, row in enumerate(table.rows):
                for j, cell in enumerate(row.cells):
                    cell.text = f"{i * j}"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def slides() -> bytes:
    """60 slides with a title, five bullets and notes."""
    import pptx

    made: Any = pptx.Presentation()
    for n in range(60):
        slide = made.slides.add_slide(made.slide_layouts[1])
        slide.shapes.title.text = f"Slide {n}"
        slide.placeholders[1].text = "\n".join([WORDS] * 5)
        slide.notes_slide.notes_text_frame.text = WORDS * 3
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def workbook(sheets: int = 5, rows: int = 1_000, columns: int = 10) -> bytes:
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs]

    out = io.BytesIO()
    made: Any = xlsxwriter.Workbook(out)
    money = made.add_format({"num_format": "#,##0.00"})
    for n in range(sheets):
        sheet = made.add_worksheet(f"Sheet {n}")
        sheet.write_row(0, 0, ["name", *(f"figure {c}" for c in range(1, columns))])
        for r in range(1, rows + 1):
            sheet.write_string(r, 0, f"row {r}")
            for c in range(1, columns):
                sheet.write_number(r, c, r * c / 7, money)
    made.close()
    return out.getvalue()


def message() -> bytes:
    """A message with a workbook and a document attached."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.org", "b@example.org", "The files"
    made["Message-ID"] = "<1@example.org>"
    made.set_content(WORDS * 20)
    for name, data in (("a.xlsx", workbook(1)), ("a.docx", document())):
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def by_capture(data: bytes, name: str) -> str:
    from proofroom.substrate.capture import parse

    found = parse(data, name)
    cells = sum(len(t.rows) * len(t.columns) for t in found.tables)
    return f"{len(found.text):>10,} chars {len(found.blocks):>7,} blocks {cells:>9,} cells"


def by_library(data: bytes, name: str) -> str:
    opened = io.BytesIO(data)
    if name.endswith(".docx"):
        import docx

        made = docx.Document(opened)
        text = "".join(p.text for p in made.paragraphs)
        cells = sum(len(row.cells) for table in made.tables for row in table.rows)
        return f"{len(text):>10,} chars {len(made.paragraphs):>7,} blocks {cells:>9,} cells"
    if name.endswith(".pptx"):
        import pptx

        show: Any = pptx.Presentation(opened)
        texts = [s.text_frame.text for slide in show.slides for s in slide.shapes if s.has_text_frame]
        return f"{sum(map(len, texts)):>10,} chars {len(texts):>7,} blocks {0:>9,} cells"
    import openpyxl

    book: Any = openpyxl.load_workbook(opened, read_only=True, data_only=True)
    cells = sum(1 for sheet in book for row in sheet.iter_rows(values_only=True) for _ in row)
    return f"{0:>10,} chars {0:>7,} blocks {cells:>9,} cells"


def measure(read: Callable[[bytes, str], str], data: bytes, name: str, answers: Any) -> None:
    times: list[float] = []
    said = ""
    for _ in range(3):
        start = time.process_time()
        said = read(data, name)
        times.append(time.process_time() - start)
    status = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    peak = int(status[1]) // 1024 if status else 0
    answers.put(f"{statistics.median(times):>8.2f} s {peak:>6,} MB {said}")


def main() -> None:
    files = [
        ("document.docx", document(), True),
        ("slides.pptx", slides(), True),
        ("workbook.xlsx", workbook(), True),
        ("large.xlsx", workbook(10, 5_000, 10), True),
        ("message.eml", message(), False),
    ]
    context = get_context("spawn")
    answers: Any = context.Queue()
    for name, data, library in files:
        for label, read in (("capture", by_capture), ("library", by_library))[: 1 + library]:
            process = context.Process(target=measure, args=(read, data, name, answers))
            process.start()
            sys.stdout.write(f"{name:>14} {len(data) / 1e6:>6.2f} MB {label:>8} {answers.get()}\n")
            process.join()


if __name__ == "__main__":
    main()
