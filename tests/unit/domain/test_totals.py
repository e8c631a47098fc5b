"""Rows that sum up others: by their labels, and by their figures."""

from decimal import Decimal

import pytest

from proofroom.domain.totals import Kind, kind_of, kinds, sums_in


@pytest.mark.parametrize(
    ("label", "head", "kind"),
    [
        ("Total", "region", "total"),
        ("TOTAL:", "", "total"),
        ("Grand total", "", "total"),
        ("Overall", "", "total"),
        ("Sum", "", "total"),
        ("Gesamt", "", "total"),
        ("Insgesamt", "", "total"),
        ("All", "", "total"),
        ("All regions", "region", "total"),
        ("Total countries", "Country", "total"),
        ("Average of regions", "Region", "average"),
        ("Subtotal transport", "", "subtotal"),
        ("Sub total", "", "subtotal"),
        ("Roads subtotal", "", "subtotal"),
        ("Average", "", "average"),
        ("Ø", "", "average"),
        ("Mean of all", "", "average"),
        ("Total Energies", "company", "unsure"),
        ("Sales total", "", "unsure"),
        ("All Blacks", "team", "item"),
        ("Totally", "", "item"),
        ("North", "", "item"),
        ("Sumatra", "island", "item"),
        ("", "", "item"),
        ("\u2013", "", "item"),
    ],
)
def test_what_a_label_says(label: str, head: str, kind: Kind) -> None:
    assert kind_of(label, head) == kind


def found(labels: str, *columns: str) -> str:
    figures = [[None if cell == "-" else Decimal(cell) for cell in column.split()] for column in columns]
    return " ".join(kinds(labels.split(","), figures))


@pytest.mark.parametrize(
    ("labels", "columns", "kind"),
    [
        ("a,b,c,Group", ["120 80 50 250"], "item item item total"),
        ("Group,a,b,c", ["250 120 80 50"], "total item item item"),
        ("a,b,c,d", ["1 2 3 6"], "item item item unsure"),
        ("a,b,c,d", ["1 2 3 6", "1 1 1 3"], "item item item total"),
        ("a,b,c,d", ["1 2 3 6", "1 1 1 4"], "item item item item"),
        ("a,b,c", ["10 20 30"], "item item unsure"),
        ("a,b", ["10 10"], "item item"),
        ("a,b,c", ["0 0 0"], "item item item"),
        ("a,b,c", ["- - -"], "item item item"),
        ("a,b,c,d", ["- - - 7", "50 60 70 180"], "item item item total"),
        ("2020,2021,2022,2023", ["100 100 100 300"], "item item item item"),
        ("Jan,Feb,Mar,Apr", ["100 100 100 300"], "item item item item"),
        ("x,y,Total x,z,Total z,Total all of it", ["1 2 3 4 4 7"], "item item subtotal item subtotal total"),
        ("x,y,Total Energies", ["1 2 9"], "item item unsure"),
        ("Total Energies,x", ["1 2"], "unsure item"),
    ],
)
def test_what_figures_say(labels: str, columns: list[str], kind: str) -> None:
    assert found(labels, *columns) == kind


def test_an_empty_table_has_no_sums() -> None:
    assert kinds([], []) == ()
    assert sums_in(["a"], []) == {}


def test_a_total_that_is_not_the_sum_keeps_its_name() -> None:
    assert found("a,b,Total", "1 2 4") == "item item total"


def test_labels_of_a_long_table_and_of_other_columns() -> None:
    rows = [
        ["2020", "North", "5", "Total loss of the north"],
        ["2020", "Total", "5", ""],
        ["2021", "North", "6", "Total"],
    ]
    assert sums_in(["year", "region", "n", "remark"], rows) == {
        "region": {"Total": "total"},
        "remark": {"Total": "total"},
    }


def test_a_comma_in_figures_and_cells_that_are_none() -> None:
    rows = [
        ["Nord", "1.234,5", "x"],
        ["S\u00fcd", "765,5", "many"],
        ["West", "500,0", "few"],
        ["Haus", "2.500,0", "all"],
    ]
    assert sums_in(["Ort", "Umsatz", "Wort"], rows)["Ort"] == {"Haus": "total"}
