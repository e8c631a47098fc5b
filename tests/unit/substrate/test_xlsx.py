"""What a workbook becomes."""

import io
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain import compute
from proofroom.domain.errors import InvalidInput
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Extracted
from tests.unit.substrate.offices import sheet_rows, xlsx_members, zipped
from tests.unit.substrate.test_parsers import shown
from tests.unit.substrate.test_segmentation import assert_exact


def written(fill: Callable[[Any], object]) -> Extracted:
    """What XlsxWriter writes by `fill(workbook)`, captured."""
    out = io.BytesIO()
    book: Any = xlsxwriter.Workbook(out)
    fill(book)
    book.close()
    extracted = parse(out.getvalue(), "a.xlsx")
    assert_exact(extracted)
    return extracted


def read(**sheets: str) -> Extracted:
    extracted = parse(zipped(xlsx_members(sheets)), "a.xlsx")
    assert_exact(extracted)
    return extracted


def put(sheet: Any, rows: Sequence[Sequence[object]], top: int = 0, left: int = 0, style: Any = None) -> None:
    for n, row in enumerate(rows):
        sheet.write_row(top + n, left, row, style)


SALES = [["Region", "2022", "2023"], ["North", 1, 2.5], ["South", 3, 4]]


def test_sheets_are_pages_with_tables_that_compute() -> None:
    def fill(book: Any) -> None:
        put(book.add_worksheet("Sales"), SALES)
        book.add_worksheet("Empty")
        put(book.add_worksheet("Costs"), [["Item", "EUR"], ["Ink", 7]])

    extracted = written(fill)
    assert shown(extracted) == [
        ("heading", None, "Sales"),
        ("table_header", "Sales", "Region | 2022 | 2023"),
        ("table_row", "Sales | Region | 2022 | 2023", "North | 1 | 2.5"),
        ("table_row", "Sales | Region | 2022 | 2023", "South | 3 | 4"),
        ("heading", None, "Costs"),
        ("table_header", "Costs", "Item | EUR"),
        ("table_row", "Costs | Item | EUR", "Ink | 7"),
    ]
    assert [b.page for b in extracted.blocks] == [1, 1, 1, 1, 3, 3, 3]
    assert [extracted.text[p.char_start : p.char_end] for p in extracted.pages] == [
        "Sales\n\nRegion | 2022 | 2023\nNorth | 1 | 2.5\nSouth | 3 | 4",
        "",
        "Costs\n\nItem | EUR\nInk | 7",
    ]
    sales, costs = extracted.tables
    assert (sales.name, sales.columns, sales.types) == (
        "Sales",
        ("Region", "2022", "2023"),
        ("text", "number", "number"),
    )
    assert (costs.name, costs.rows) == ("Costs", (("Ink", "7"),))
    assert dict(extracted.blocks[3].meta) == {"table": 0, "row": 1}
    assert (extracted.title, extracted.notes) == (None, ())


def test_values_are_as_a_person_sees_them_and_compute() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Trade")
        sheet.write_row(0, 0, ["Day", "Share", "Sum", "Price", "Distance", "Change", "Checked"])
        formats = [
            "dd/mm/yyyy", "0.0%", "#,##0.00", "[$€-407] #,##0.00", '0.0 "km"', '_($* #,##0_);[Red]_($* (#,##0)',
            "General",
        ]  # fmt: skip
        styles = [book.add_format({"num_format": code}) for code in formats]
        for n in (1, 2):
            sheet.write_datetime(n, 0, datetime(2024, 1, 30 + n - 1, tzinfo=None), styles[0])  # noqa: DTZ001
            for at, value in enumerate((0.1234 * n, 1234567.891 * n, 99.5 * n, 12.345 * n, -1500 * n), 1):
                sheet.write_number(n, at, value, styles[at])
            sheet.write_boolean(n, 6, n == 1)

    (table,) = written(fill).tables
    assert table.columns == ("Day", "Share", "Sum", "Price", "Distance (km)", "Change", "Checked")
    assert table.rows == (
        ("2024-01-30", "12.3%", "1,234,567.89", "€99.50", "12.3", "-$1,500", "TRUE"),
        ("2024-01-31", "24.7%", "2,469,135.78", "€199.00", "24.7", "-$3,000", "FALSE"),
    )
    assert table.types == ("date", "number", "number", "number", "number", "number", "text")
    total = compute.compute(
        compute.Table(table.columns, table.rows),
        [{"group": {"by": [], "aggregates": [{"fn": "sum", "column": c} for c in table.columns[1:6]]}}],
    )
    assert [Decimal(cell) for cell in total.rows[0]] == [
        Decimal(one) for one in ("37.0", "3703703.67", "298.50", "37.0", "-4500")
    ]


def test_a_unit_of_the_format_stays_with_the_cell_where_no_name_can_take_it() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("A")
        kilo, tons = (book.add_format({"num_format": f'0 "{unit}"'}) for unit in ("kg", "t"))
        put(sheet, [["what", "mass", "Weight (kg)"], ["a", None, None], ["b", None, None]])
        sheet.write(1, 1, 5, kilo)
        sheet.write(2, 1, 7, tons)
        sheet.write(1, 2, 5, kilo)
        sheet.write(2, 2, 7, kilo)

    (table,) = written(fill).tables
    assert table.columns == ("what", "mass", "Weight (kg)")
    assert table.rows == (("a", "5 kg", "5"), ("b", "7 t", "7"))


def test_ranges_between_empty_rows_and_columns_are_tables_of_their_own() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Two")
        put(sheet, [["Report of the year"], ["Source: the office"]])
        put(sheet, SALES, top=3)
        put(sheet, [["Item", "EUR"], ["Ink", 7], ["Pen", 8]], top=3, left=5)
        put(sheet, [["Year", None, "Net"], [2022, None, 5], [2023, None, 6]], top=9)
        put(sheet, [["A closing remark."]], top=14)

    extracted = written(fill)
    assert [(t.name, t.columns) for t in extracted.tables] == [
        ("Two", ("Region", "2022", "2023")),
        ("Two (2)", ("Item", "EUR")),
        ("Two (3)", ("Year", "Net")),  # an empty column that is only space
    ]
    assert [text for kind, _, text in shown(extracted) if kind == "paragraph"] == [
        "Report of the year",
        "Source: the office",
        "A closing remark.",
    ]


def test_a_title_right_above_the_table_is_a_paragraph() -> None:
    extracted = written(lambda book: put(book.add_worksheet("A"), [["Net generation", None, None], *SALES]))
    assert extracted.tables[0].columns == ("Region", "2022", "2023")
    assert ("paragraph", "A", "Net generation") in shown(extracted)


def test_a_column_of_figures_under_a_name_is_a_table_and_lines_of_words_are_not() -> None:
    figures = written(lambda book: put(book.add_worksheet("A"), [["Net"], [1], [2]]))
    assert (figures.tables[0].columns, figures.tables[0].rows) == (("Net",), (("1",), ("2",)))
    lines = written(lambda book: put(book.add_worksheet("A"), [["Some"], ["lines"], ["of words"]]))
    assert (lines.tables, lines.blocks[1].kind) == ((), "paragraph")


def test_merged_header_cells_and_labels() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Quarters")
        sheet.merge_range("A1:E1", "All regions")
        sheet.merge_range("A2:A3", "Region")
        sheet.merge_range("B2:C2", "2022")
        sheet.merge_range("D2:E2", "2023")
        sheet.write_row("B3", ["Q1", "Q2", "Q1", "Q2"])
        sheet.merge_range("A4:A5", "North")
        put(sheet, [[1, 2, 3, 4], [5, 6, 7, 8]], top=3, left=1)

    extracted = written(fill)
    (table,) = extracted.tables
    assert table.columns == ("Region", "2022 Q1", "2022 Q2", "2023 Q1", "2023 Q2")
    assert table.rows == (("North", "1", "2", "3", "4"), ("North", "5", "6", "7", "8"))
    assert ("paragraph", "Quarters", "All regions") in shown(extracted)


def test_hidden_parts_are_read_and_noted() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Seen")
        put(sheet, SALES)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
        behind = book.add_worksheet("Behind")
        put(behind, [["k", "v"], ["x", 1]])
        behind.very_hidden()

    extracted = written(fill)
    assert extracted.notes == (
        "Hidden, and read all the same: sheet “Behind”.",
        "Hidden, and read all the same: 1 row of “Seen”, 1 column of “Seen”.",
    )
    marked = {extracted.text[b.char_start : b.char_end] for b in extracted.blocks if b.meta.get("hidden")}
    assert marked == {"South | 3 | 4", "Behind", "k | v", "x | 1"}
    assert len(extracted.tables) == 2


def test_a_hidden_row_of_a_table_that_is_cut_into_groups_marks_its_group() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        put(sheet, [("Item", "Price"), *((f"item {n}", n) for n in range(2_100))])
        sheet.set_row(1_051, None, None, {"hidden": True})

    extracted = written(fill)
    marked = [extracted.text[b.char_start : b.char_end] for b in extracted.blocks if b.meta.get("hidden")]
    assert len(marked) == 1
    assert "item 1050 | 1050" in marked[0]
    assert len(extracted.blocks) > 10


def test_formulas_count_by_their_stored_values() -> None:
    stored = written(
        lambda book: (
            sheet := book.add_worksheet("A"),
            put(sheet, [["a", "b"], ["x", 2]]),
            sheet.write_formula("B3", "=B2*2", None, 4),
            sheet.write("A3", "y"),
        )
    )
    assert (stored.tables[0].rows, stored.notes) == ((("x", "2"), ("y", "4")), ())
    book: Any = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append(["x", "=1+1"])
    out = io.BytesIO()
    book.save(out)
    extracted = parse(out.getvalue(), "a.xlsx")
    assert extracted.tables[0].rows == (("x", ""),)
    assert extracted.notes[0].startswith("1 formula has no stored value and count")


def test_a_workbook_of_formulas_that_were_never_calculated_says_so() -> None:
    with pytest.raises(InvalidInput, match="never calculated") as caught:
        read(A="<sheetData><row><c><f>1+1</f></c></row></sheetData>")
    assert caught.value.code == "no_text"


def test_kinds_of_cells() -> None:
    cells = (
        '<c t="s"><v>1</v></c><c t="s"><v>99</v></c><c t="s"><v>x</v></c><c t="b"><v>1</v></c>'
        '<c t="e"><v>#DIV/0!</v></c>'
        '<c t="str"><f>A1</f><v>made  up</v></c><c t="d"><v>2024-01-31T00:00:00</v></c>'
        "<c><v>0.30000000000000004</v></c>"
        '<c s="77"><v>1E-3</v></c>'
        '<c t="inlineStr"><is><r><t>rich </t></r><r><t>text_x000A_two</t></r><rPh><t>aid</t></rPh></is></c>'
    )
    data = zipped(xlsx_members({"A": f"<sheetData><row>{cells}</row></sheetData>"}, strings=["zero", "one"]))
    assert shown(parse(data, "a.xlsx"))[1][2] == (
        "one | TRUE | #DIV/0! | made up | 2024-01-31 | 0.3 | 0.001 | rich text two"
    )


def test_cells_without_places_stand_one_after_another() -> None:
    extracted = read(A=sheet_rows(["a", "b"], ["x", 1]) + '<mergeCells><mergeCell ref="junk"/></mergeCells>')
    assert extracted.tables[0].rows == (("x", "1"),)


def test_days_since_1904_and_macros() -> None:
    members = xlsx_members(
        {"A": '<sheetData><row><c s="1"><v>0</v></c></row></sheetData>'}, formats=["yyyy-mm-dd"]
    )
    members["xl/workbook.xml"] = str(members["xl/workbook.xml"]).replace(
        "<sheets>", '<workbookPr date1904="1"/><sheets>'
    )
    members["xl/vbaProject.bin"] = b"macro"
    extracted = parse(zipped(members), "a.xlsm")
    assert shown(extracted)[1][2] == "1904-01-01"
    assert extracted.notes == ("The file holds macros; it was read without them.",)


CELLS = st.one_of(
    st.integers(-(10**14), 10**14),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60
    ).filter(lambda text: text.strip() and not text.startswith("=") and "_x" not in text),
    st.dates(date(1900, 3, 1), date(2100, 1, 1)),
)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=8)
    )
)
def test_any_cells_come_out_again(rows: list[list[Any]]) -> None:
    book: Any = openpyxl.Workbook()
    for n, row in enumerate(rows, 1):
        for at, value in enumerate(row, 1):
            cell = book.active.cell(n, at)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    extracted = parse(out.getvalue(), "a.xlsx")
    assert_exact(extracted)
    (table,) = extracted.tables
    wanted = [
        tuple(
            " ".join(v.split()) if isinstance(v, str) else v.isoformat() if isinstance(v, date) else str(v)
            for v in row
        )
        for row in rows
    ]
    assert list(table.rows) in (wanted, wanted[1:])


def test_years_under_merged_cells_name_columns() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Sales")
        sheet.merge_range("A1:A2", "Region")
        sheet.merge_range("B1:C1", "Sales")
        sheet.merge_range("D1:E1", "Costs")
        sheet.write("F1", "Staff")
        put(sheet, [[2022, 2023, 2022, 2023]], top=1, left=1)
        put(sheet, [["North", 100, 110, 80, 95, 4], ["South", 200, 190, 150, 140, 5]], top=2)

    extracted = written(fill)
    (table,) = extracted.tables
    assert table.columns == ("Region", "Sales 2022", "Sales 2023", "Costs 2022", "Costs 2023", "Staff")
    assert table.rows == (
        ("North", "100", "110", "80", "95", "4"),
        ("South", "200", "190", "150", "140", "5"),
    )
    heads = [words for kind, _, words in shown(extracted) if kind == "table_header"]
    assert heads == ["Region | Sales 2022 | Sales 2023 | Costs 2022 | Costs 2023 | Staff"]


@pytest.mark.parametrize(
    "rows",
    [
        [["Smith", 1990, 1995], ["Jones", 1995, 2000], ["Brown", 2000, 2004]],  # of a person, from and to
        [["", 1990, 1995], ["Jones", 1995, 2000], ["Brown", 2000, 2004]],
        [["Smith", 1990, 1995], ["Jones", 100, 110], ["Brown", 90, 80]],  # named: a row
        [["", 2022, 2022], ["Jones", 100, 110], ["Brown", 90, 80]],  # two columns of one year are none
        [["", 2022, 70], ["Jones", 100, 110], ["Brown", 90, 80]],
    ],
)
def test_figures_under_merged_cells_are_a_row(rows: list[list[object]]) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Office")
        sheet.write("A1", "Name")
        sheet.merge_range("B1:C1", "In office")
        put(sheet, rows, top=1)

    (table,) = written(fill).tables
    assert table.columns == ("Name", "In office", "column 3")
    assert len(table.rows) == 3


def test_a_year_under_a_cell_of_its_own_names_no_columns_alone() -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Sales")
        sheet.write_row("A1", ["Region", "Sales"])
        sheet.merge_range("C1:D1", "Costs")
        put(sheet, [["", 2022, "low", "high"], ["North", 100, 80, 95], ["South", 200, 150, 140]], top=1)

    (table,) = written(fill).tables
    assert len(table.rows) == 3
