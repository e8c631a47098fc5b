"""Sentences over tables with heads of two lines, from the file as it is written to the verdict."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from proofroom.domain.evidence import AnalysedPassage, ClaimText, Passage, analyse, check_outside
from proofroom.substrate.capture import parse
from tests.unit.substrate.offices import docx_members, zipped

ROWS = (("North", 100, 110, 80, 95), ("South", 200, 190, 150, 140))


def workbook() -> tuple[bytes, str]:
    out = io.BytesIO()
    book: Any = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("Regions")
    sheet.merge_range("B1:C1", "Sales")
    sheet.merge_range("D1:E1", "Costs")
    sheet.write_row("A2", ["Region", 2022, 2023, 2022, 2023])
    for n, row in enumerate(ROWS):
        sheet.write_row(2 + n, 0, row)
    book.close()
    return out.getvalue(), "regions.xlsx"


def page() -> tuple[bytes, str]:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    years = "<th>2022</th><th>2023</th>" * 2
    head = (
        f"<tr><th rowspan=2>Region</th><th colspan=2>Sales</th><th colspan=2>Costs</th></tr><tr>{years}</tr>"
    )
    text = f"<html><body><h1>Regions</h1><table><thead>{head}</thead>{rows}</table></body></html>"
    return text.encode(), "regions.html"


def document() -> tuple[bytes, str]:
    def cell(words: object, wide: int = 1) -> str:
        return f'<w:tc><w:tcPr><w:gridSpan w:val="{wide}"/></w:tcPr><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:tc>'

    lines = [
        cell("") + cell("Sales", 2) + cell("Costs", 2),
        "".join(map(cell, ("Region", 2022, 2023, 2022, 2023))),
        *("".join(map(cell, row)) for row in ROWS),
    ]
    return zipped(
        docx_members(f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>")
    ), "regions.docx"


def passages(made: Callable[[], tuple[bytes, str]]) -> list[AnalysedPassage]:
    extracted = parse(*made())
    (table,) = extracted.tables
    out: list[AnalysedPassage] = []
    for n, block in enumerate(extracted.blocks):
        said = extracted.text[block.char_start : block.char_end]
        cells: tuple[tuple[str, str], ...] = ()
        if block.kind == "table_row":
            cells = tuple(zip(table.columns, table.rows[int(block.meta["row"])], strict=True))
        out.append(
            analyse(
                Passage(
                    "s",
                    1,
                    f"b{n}",
                    "Regions",
                    None,
                    block.char_start,
                    block.char_end,
                    said,
                    block.kind,
                    cells,
                )
            )
        )
    return out


MADE = pytest.mark.parametrize("made", [workbook, page, document])


@MADE
@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("Sales in the North were 110 in 2023.", "110"),
        ("Costs in the South were 150 in 2022.", "150"),
        ("In 2022 sales in the South came to 200.", "200"),
    ],
)
def test_what_the_two_lines_say_together_passes(
    made: Callable[[], tuple[bytes, str]], text: str, cell: str
) -> None:
    given = passages(made)
    rows = [p for p in given if p.passage.cells]
    claim = check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), given, (), rows)
    assert claim.verdict == "supported", claim.checks
    assert cell in [a.quote for a in claim.anchors]
    whole = parse(*made()).text
    assert all(whole[a.char_start : a.char_end] == a.quote for a in claim.anchors)


@MADE
@pytest.mark.parametrize(
    "text",
    [
        "Sales in the North were 95 in 2023.",
        "Sales in the North were 100 in 2023.",
        "Costs in the South were 140 in 2022.",
        "Costs in the North were 150 in 2022.",
        "Sales in the North fell from 2022 to 2023.",
    ],
)
def test_what_another_column_says_does_not(made: Callable[[], tuple[bytes, str]], text: str) -> None:
    given = passages(made)
    rows = [p for p in given if p.passage.cells]
    claim = check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), given, (), rows)
    assert claim.verdict != "supported"
