"""Exact computing on tables of text."""

# ruff: noqa: E501 -- one case a line

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.compute import MOST_ROWS, Table, compute
from proofroom.domain.errors import InvalidInput
from proofroom.domain.figures import (
    decimal_commas,
    display,
    is_missing,
    parse_number,
    same_figure,
    unsure_columns,
)

ENERGY = Table(
    ("year", "source", "mwh"),
    (
        ("2021", "Wind", "378,197"), ("2021", "Solar", "115258"), ("2022", "Wind", "434,297"), ("2022", "Solar", "n/a"),
        ("2023", "Wind", "425,235"), ("2023", "Solar", "161651"),
    ),
    "energy",
)  # fmt: skip


def run(*steps: Any, table: Table = ENERGY) -> Sequence[Sequence[str]]:
    return compute(table, steps).rows


def column(name: str, *steps: Any, table: Table = ENERGY) -> list[str]:
    result = compute(table, steps)
    return [r[result.columns.index(name)] for r in result.rows]


# Reading figures


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,200", "1200"), ("1 200.5", "1200.5"), ("1\u202f200", "1200"), ("12 %", "12"), ("$5.20", "5.20"),
        ("-$5", "-5"), ("$-5", "-5"), ("5 EUR", "5"), ("USD 5", "5"), ("(1,200)", "-1200"), ("\u22123", "-3"),
        ("+3", "3"), ("1.2e3", "1200"), (".5", "0.5"), ("1'000", "1000"), ("\u20ac1", "1"),
    ],
)  # fmt: skip
def test_figures_that_are_understood(cell: str, value: str) -> None:
    assert parse_number(cell) == Decimal(value)


@pytest.mark.parametrize(
    "cell", ["", "abc", "1,5", "1,20,0", "12 km", "1.2.3", "--", "9" * 61, "1e9999", "\u0663"]
)
def test_what_is_no_figure_is_none(cell: str) -> None:
    assert parse_number(cell) is None


@pytest.mark.parametrize(
    ("columns", "comma"),
    [
        ({"a": ("1,5", "2", "1.234,5")}, {"a"}),
        ({"a": ("1,5", "1.5", "2")}, set[str]()),
        ({"a": ("1,234", "5", "6")}, set[str]()),
        ({"a": ("x" * 99, "n/a", "2")}, set[str]()),
        # 1.204 guests beside a turnover of 48.200,50 are more than a thousand; beside 1.5 nobody knows.
        ({"guests": ("1.204", "1.377", "980"), "turnover": ("48.200,50", "53.110,00", "7")}, {"guests", "turnover"}),
        ({"a": ("1.204", "1.377", "980"), "b": ("1,5", "2,5", "3"), "c": ("1.5", "2", "3")}, {"b"}),
    ],
)  # fmt: skip
def test_decimal_commas_only_where_the_table_leaves_no_doubt(
    columns: dict[str, tuple[str, ...]], comma: set[str]
) -> None:
    assert decimal_commas(tuple(columns), tuple(zip(*columns.values(), strict=True))) == comma


@pytest.mark.parametrize(
    ("columns", "unsure"),
    [
        ({"guests": ("1.204", "1.377", "980"), "year": ("2021", "2022", "2023")}, {"guests": "1.204"}),
        ({"guests": ("n/a", " 1.204 \u20ac", "-"), "rate": ("1,085", "7", "9")}, {"guests": "1.204 \u20ac"}),
        ({"a": ("1.204", "0.377", "980")}, {}),  # no thousands begin with 0
        ({"a": ("1.204", "1.5", "980")}, {}),
        ({"a": ("1.204", "1377", "980")}, {}),  # here nobody groups
        ({"a": ("1.204", "9"), "b": ("1.5", "7")}, {}),
        ({"a": ("1.204", "9"), "b": ("1,5", "7")}, {}),
        ({"a": ("1.204.500", "9")}, {}),
        ({"a": ("1.2044", "x" * 99)}, {}),
        ({"a": ("12.204.1", "9.204" + " " * 99)}, {}),
    ],
)
def test_figures_that_nothing_tells_how_to_read(
    columns: dict[str, tuple[str, ...]], unsure: dict[str, str]
) -> None:
    assert unsure_columns(tuple(columns), tuple(zip(*columns.values(), strict=True))) == unsure


GUESTS = Table(
    ("year", "inn", "guests", "beds"),
    (
        ("2022", "A", "1.204", "12"),
        ("2023", "A", "1.377", "13"),
        ("2022", "B", "980", "9"),
        ("2023", "B", "1.010", "9"),
    ),
)


@pytest.mark.parametrize(
    ("steps", "unsure"),
    [
        ([], {"guests"}),
        ([{"group": {"by": ["year"], "aggregates": [
            {"fn": "sum", "column": "guests", "as": "g"}, {"fn": "sum", "column": "beds", "as": "b"},
            {"fn": "count", "column": "guests", "as": "n"}]}}, {"change": {"column": "g", "over": "year", "as": "c"}},
          {"share": {"column": "b", "as": "s"}}], {"g", "c"}),
        ([{"group": {"by": ["guests"], "aggregates": [{"fn": "count"}]}}], {"guests"}),
        ([{"filter": {"column": "guests", "op": "gt", "value": 990}}, {"select": {"columns": ["inn", "beds"]}}],
         {"inn", "beds"}),
        ([{"filter": {"column": "guests", "op": "present"}}, {"select": {"columns": ["inn", "beds"]}}], set[str]()),
        ([{"share": {"column": "guests"}}, {"limit": 2}, {"sort": {"by": "beds"}}], {"guests", "share of guests"}),
    ],
)  # fmt: skip
def test_what_rests_on_such_figures_says_so(steps: list[dict[str, Any]], unsure: set[str]) -> None:
    made = compute(GUESTS, steps)
    assert set(made.unsure) == unsure
    assert set(made.unsure.values()) <= {"1.204"}
    assert compute(replace(GUESTS, decimal_point=True), steps).unsure == {}
    assert compute(replace(GUESTS, decimal_point=True), steps).rows == made.rows


ALIKE = replace(
    GUESTS, rows=tuple((*row[:2], "1.980" if row[2] == "980" else row[2], row[3]) for row in GUESTS.rows)
)
BY_YEAR = {"group": {"by": ["year"], "aggregates": [{"fn": "sum", "column": "guests", "as": "g"}]}}


@pytest.mark.parametrize(
    ("steps", "unsure"),
    [
        ([{"share": {"column": "guests", "as": "s"}}], {"guests"}),
        ([BY_YEAR, {"change": {"column": "g", "over": "year", "as": "c", "kind": "percent"}}], {"g"}),
        ([BY_YEAR, {"change": {"column": "g", "over": "year", "as": "c"}},
          {"filter": {"column": "c", "op": "lt", "value": 0}}, {"share": {"column": "c", "as": "s"}}], {"g", "c"}),
        # Which rows are left depends on how they are read, and so do their shares.
        ([{"filter": {"column": "guests", "op": "gt", "value": 2}}, {"share": {"column": "guests", "as": "s"}}],
         {"year", "inn", "guests", "beds", "s"}),
    ],
)  # fmt: skip
def test_what_is_the_same_whichever_way_all_figures_are_read_is_sure(
    steps: list[dict[str, Any]], unsure: set[str]
) -> None:
    made = compute(ALIKE, steps)
    assert set(made.unsure) == unsure
    thousands = replace(ALIKE, rows=tuple((*row[:2], row[2].replace(".", ""), row[3]) for row in ALIKE.rows))
    other = compute(thousands, steps)
    for at, column in enumerate(made.columns):
        same = [row[at] for row in made.rows] == [row[at] for row in other.rows]
        assert same is (column not in unsure)


def test_figures_with_decimal_commas_are_summed() -> None:
    assert parse_number("1.234,5", decimal_comma=True) == Decimal("1234.5")
    german = Table(("guests", "turnover"), (("1.204", "48.200,50"), ("1.377", "53.110,00")))
    sums = [{"fn": "sum", "column": c} for c in german.columns]
    assert run({"group": {"aggregates": sums}}, table=german) == (("2581", "101310.5"),)


def test_missing_cells() -> None:
    assert all(is_missing(c) for c in ("", " - ", "N/A", "\u2014", "NaN"))
    assert not is_missing("0")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("434297", 0, "434,297"),
        ("-2.0866", 1, "-2.1"),
        ("2.5", 0, "3"),
        ("0.05", 1, "0.1"),
        ("1e6", 2, "1,000,000.00"),
    ],
)
def test_display_rounds_half_up(value: str, places: int, text: str) -> None:
    assert display(Decimal(value), places) == text


@pytest.mark.parametrize(
    ("shown", "computed", "same"),
    [
        ("434,297", "434297", True), ("2.1", "2.0866", True), ("2.0", "2.0866", False), ("x", "X", True),
        ("-", "", True), ("2", "2.5", True), ("3", "2.5", True), ("1e3", "1000", True), ("a", "1", False), ("1.0", "1e400", False),
        ("1.5", "1" + "0" * 58, False), ("2.0", "1e999", False),
    ],
)  # fmt: skip
def test_a_shown_figure_is_the_computed_one_rounded(shown: str, computed: str, same: bool) -> None:
    assert same_figure(shown, computed) is same


# Steps


@pytest.mark.parametrize(
    ("step", "rows"),
    [
        ({"column": "mwh", "value": 434297}, 1),
        ({"column": "mwh", "op": "eq", "value": "434,297.0"}, 1),
        ({"column": "source", "op": "eq", "value": " wind "}, 3),
        ({"column": "source", "op": "ne", "value": "wind"}, 3),
        ({"column": "mwh", "op": "lt", "value": 150000}, 1),
        ({"column": "mwh", "op": "le", "value": "115,258"}, 1),
        ({"column": "mwh", "op": "gt", "value": 115258}, 4),
        ({"column": "mwh", "op": "ge", "value": 425235}, 2),
        ({"column": "year", "op": "in", "value": [2021, "2023"]}, 4),
        ({"column": "year", "op": "between", "value": [2022, 2023]}, 4),
        ({"column": "source", "op": "contains", "value": "OLA"}, 3),
        ({"column": "mwh", "op": "present"}, 5),
    ],
)
def test_filter(step: dict[str, Any], rows: int) -> None:
    assert len(run({"filter": step})) == rows


def test_filters_work_on_computed_columns() -> None:
    steps = [{"change": {"column": "mwh", "over": "year", "as": "d", "within": ["source"]}}]
    assert column("d", *steps, {"filter": {"column": "d", "op": "present"}}) == ["56100", "-9062"]
    assert column("d", *steps, {"filter": {"column": "d", "op": "lt", "value": 0}}) == ["-9062"]


def test_group_sums_skip_missing_cells_and_count_them() -> None:
    by = {"by": ["source"], "aggregates": [
        {"fn": "sum", "column": "mwh", "as": "s"}, {"fn": "mean", "column": "mwh"}, {"fn": "min", "column": "mwh"},
        {"fn": "max", "column": "mwh"}, {"fn": "count", "column": "mwh"}, {"fn": "count"},
    ]}  # fmt: skip
    result = compute(ENERGY, [{"group": by}])
    assert result.columns == (
        "source",
        "s",
        "mean of mwh",
        "min of mwh",
        "max of mwh",
        "count of mwh",
        "count",
    )
    assert result.rows[0][:2] == ("Wind", "1237729")
    assert result.rows[0][2] == "412576.3333333333333333333333"
    assert result.rows[1] == ("Solar", "276909", "138454.5", "115258", "161651", "2", "3")
    assert result.skipped == {"mwh": 5}
    assert result.name == "energy"


def test_groups_of_nothing() -> None:
    empty = Table(("a",), ())
    total = {
        "group": {"aggregates": [{"fn": "sum", "column": "a"}, {"fn": "mean", "column": "a", "as": "m"}]}
    }
    assert run(total, table=empty) == (("0", ""),)
    assert run({"group": {"by": ["a"], "aggregates": [{"fn": "count"}]}}, table=empty) == ()
    gone = Table(("a",), (("-",),))
    assert run({"group": {"aggregates": [{"fn": "max", "column": "a"}]}}, table=gone) == (("",),)


def test_sort_puts_figures_before_text_and_missing_cells_last() -> None:
    table = Table(("a", "n"), (("b", "0"), ("10", "1"), ("", "2"), ("9", "3"), ("A", "4"), ("9.0", "5")))
    assert column("n", {"sort": {"by": "a"}}, table=table) == ["3", "5", "1", "4", "0", "2"]
    assert column("n", {"sort": {"by": "a", "desc": True}}, table=table)[-1] == "2"
    steps = [{"change": {"column": "n", "over": "n", "as": "d"}}, {"sort": {"by": "d"}}]
    assert column("n", *steps, table=Table(("n",), (("1",), ("3",), ("4",)))) == ["4", "3", "1"]


def test_limit_and_select() -> None:
    assert run({"limit": 2}, {"select": {"columns": ["source", "year"]}}) == (
        ("Wind", "2021"),
        ("Solar", "2021"),
    )
    assert run({"limit": 0}) == ()


def test_change_absolute_and_percent() -> None:
    one = {"column": "mwh", "over": "year", "within": ["source"]}
    assert column("change of mwh", {"change": one}) == ["", "", "56100", "", "-9062", ""]
    percent = column("p", {"change": one | {"kind": "percent", "as": "p"}})
    assert percent[4] == "-2.086590512943907049783903642"
    shuffled = Table(ENERGY.columns, ENERGY.rows[::-1])
    assert column("change of mwh", {"change": one}, table=shuffled)[1] == "-9062"
    zero = Table(("y", "v"), (("1", "0"), ("2", "5")))
    assert column(
        "p", {"change": {"column": "v", "over": "y", "kind": "percent", "as": "p"}}, table=zero
    ) == ["", ""]
    fall = Table(("y", "v"), (("1", "-4"), ("2", "-2")))
    assert column(
        "p", {"change": {"column": "v", "over": "y", "kind": "percent", "as": "p"}}, table=fall
    ) == ["", "50"]


def test_share() -> None:
    shares = column("share of mwh", {"share": {"column": "mwh", "within": ["year"]}})
    assert shares[2:4] == ["100", ""]
    assert Decimal(shares[0]) + Decimal(shares[1]) == 100
    wind = {"group": {"by": ["source"], "aggregates": [{"fn": "sum", "column": "mwh", "as": "s"}]}}
    assert column("share of s", wind, {"share": {"column": "s"}})[0].startswith("81.71")
    assert column("f", {"share": {"column": "mwh", "kind": "fraction", "as": "f"}})[0].startswith("0.2496")
    zero = Table(("v",), (("0",),))
    assert column("share of v", {"share": {"column": "v"}}, table=zero) == [""]


def test_negative_zero_is_zero() -> None:
    table = Table(("y", "v"), (("1", "0.50"), ("2", "0.5")))
    assert column("d", {"change": {"column": "v", "over": "y", "as": "d"}}, table=table)[1] == "0"
    assert column("s", {"group": {"aggregates": [{"fn": "sum", "column": "v", "as": "s"}]}}, table=table) == [
        "1"
    ]


# Errors


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"limit": 1, "sort": {}}], "one member"),
        (["limit"], "one member"),
        ([{"pivot": {}}], "is not a step"),
        ([{"filter": 1}], "must be an object"),
        ([{"filter": {"column": "mwh", "colour": 1}}], "not one of its members"),
        ([{"filter": {"column": 3}}], "named by text"),
        ([{"filter": {"column": "x"}}], "no such column; there are year, source, mwh"),
        ([{"filter": {"column": "mwh", "op": "like"}}], "op is"),
        ([{"filter": {"column": "mwh", "value": None}}], "a text or a figure"),
        ([{"filter": {"column": "mwh", "op": "in", "value": "x"}}], "needs a list"),
        ([{"filter": {"column": "mwh", "op": "contains", "value": 1}}], "needs a text"),
        ([{"filter": {"column": "mwh", "op": "between", "value": [1]}}], "two figures"),
        ([{"filter": {"column": "mwh", "op": "lt", "value": "x"}}], "must be a figure"),
        ([{"group": {"aggregates": []}}], "list of aggregates"),
        ([{"group": {"by": "year", "aggregates": [{"fn": "count"}]}}], "must be a list"),
        ([{"group": {"aggregates": [{"fn": "mode", "column": "mwh"}]}}], "fn is"),
        ([{"period": {"column": "year", "unit": "week"}}], "unit is"),
        ([{"period": {"column": "year", "unit": "month"}}], "gives no month"),
        ([{"period": {"column": "source", "unit": "year", "as": "y"}}], "'Wind' in row 1 gives no year"),
        ([{"period": {"column": "year", "unit": "year", "as": "mwh"}}], "there already"),
        ([{"group": {"aggregates": [{"fn": "sum"}]}}], "sum needs a column"),
        ([{"group": {"by": ["year"], "aggregates": [{"fn": "count", "as": "year"}]}}], "there already"),
        ([{"group": {"aggregates": [{"fn": "sum", "column": "source"}]}}], "'Wind' in row 1 is not a figure"),
        ([{"limit": -1}], "whole number"),
        ([{"limit": True}], "whole number"),
        ([{"change": {"column": "mwh", "over": "year"}}], "more than one row"),
        ([{"change": {"column": "mwh", "over": "year", "kind": "log"}}], "absolute or percent"),
        ([{"share": {"column": "mwh", "kind": "pie"}}], "percent or fraction"),
        ([{"share": {"column": "mwh", "as": "year"}}], "there already"),
        ([{"share": {"column": "mwh", "as": 3}}], "needs a name"),
        ([{"select": {"columns": []}}], "at least one"),
        ([{"select": {"columns": ["year", "year"]}}], "each once"),
        ([{"limit": 1}] * 51, "at most 50"),
    ],
)
def test_a_wrong_step_is_named(steps: Any, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        compute(ENERGY, steps)
    assert caught.value.code == "compute_invalid"
    assert says in caught.value.message
    assert caught.value.extra["step"] == len(steps)


def test_the_error_names_step_and_column() -> None:
    with pytest.raises(InvalidInput) as caught:
        compute(ENERGY, [{"limit": 5}, {"sort": {"by": "nope"}}])
    assert (caught.value.extra["step"], caught.value.extra["column"]) == (2, "nope")
    assert caught.value.field == "steps[1]"
    assert "step 2, column 'nope'" in caught.value.message


@pytest.mark.parametrize(
    "table",
    [
        Table(("a", "a"), ()),
        Table(("a", "b"), (("1",),)),
        Table(("a",), (("1",),) * (MOST_ROWS + 1)),
    ],
)
def test_a_broken_table_is_refused(table: Table) -> None:
    with pytest.raises(InvalidInput) as caught:
        compute(table, [])
    assert caught.value.code == "compute_invalid"
    assert caught.value.field is None


# Properties

FIGURES = st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=1, max_size=30)


@given(FIGURES)
def test_sums_are_exact_and_means_good_to_28_digits(values: list[Decimal]) -> None:
    table = Table(("v",), tuple((str(v),) for v in values))
    aggregates = [{"fn": "sum", "column": "v", "as": "s"}, {"fn": "mean", "column": "v", "as": "m"}]
    total, mean = run({"group": {"aggregates": aggregates}}, table=table)[0]
    exact = sum(map(Fraction, values), Fraction(0))
    assert Fraction(total) == exact
    off = abs(Fraction(mean) - exact / len(values))
    assert off <= abs(exact / len(values)) * Fraction(1, 10**27)


@given(FIGURES)
def test_changes_add_up_to_the_whole_way(values: list[Decimal]) -> None:
    table = Table(("y", "v"), tuple((str(i), str(v)) for i, v in enumerate(values)))
    steps = column("d", {"change": {"column": "v", "over": "y", "as": "d"}}, table=table)
    assert sum(map(Decimal, steps[1:]), Decimal(0)) == values[-1] - values[0]


@given(
    st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=8), st.sampled_from(["a", "b"])
)
def test_hostile_cells_give_a_result_or_a_typed_error(rows: list[list[str]], name: str) -> None:
    table = Table(("a", "b"), tuple((r[0], r[1]) for r in rows))
    for step in (
        {"sort": {"by": name}},
        {"group": {"by": [name], "aggregates": [{"fn": "sum", "column": "b"}]}},
        {"share": {"column": name}},
    ):
        try:
            assert len(compute(table, [step]).rows) <= len(rows)
        except InvalidInput as error:
            assert error.code == "compute_invalid"  # noqa: PT017


QUARTILES = ("first_quartile", "median", "third_quartile")


@given(st.lists(st.decimals(-1_000, 1_000, places=2), min_size=1, max_size=30))
def test_quartiles_lie_between_the_nearest_figures_by_their_distance(values: list[Decimal]) -> None:
    table = Table(("n",), tuple((str(value),) for value in values))
    aggregates = [{"fn": fn, "column": "n", "as": fn} for fn in QUARTILES]
    (found,) = compute(table, [{"group": {"by": [], "aggregates": aggregates}}]).rows
    ordered = sorted(Fraction(value) for value in values)
    for quarter, shown in zip((1, 2, 3), found, strict=True):
        place = Fraction(quarter * (len(ordered) - 1), 4)
        below = ordered[int(place)]
        above = ordered[min(int(place) + 1, len(ordered) - 1)]
        assert Fraction(shown) == below + (place - int(place)) * (above - below)


def test_dates_are_gathered_into_periods_and_missing_ones_stay_missing() -> None:
    table = Table(("day", "n"), (("Jan 5 2020", "1"), ("2020-02-01", "2"), ("1 May 2021", "4"), ("n/a", "8")))
    months = compute(table, [{"period": {"column": "day", "unit": "month"}}])
    assert months.columns == ("day", "n", "month")
    assert [row[2] for row in months.rows] == ["2020-01", "2020-02", "2021-05", ""]
    years = [
        {"period": {"column": "day", "unit": "year", "as": "y"}},
        {"group": {"by": ["y"], "aggregates": [{"fn": "sum", "column": "n"}]}},
    ]
    assert compute(table, years).rows == (("2020", "3"), ("2021", "4"), ("", "8"))


REGIONS = Table(
    ("region", "half", "sales"), (("North", "1", "10"), ("South", "2", "25"), ("Total", "", "35"))
)
SUM_UP: list[dict[str, Any]] = [{"group": {"by": [], "aggregates": [{"fn": "sum", "column": "sales"}]}}]
NO_TOTAL: dict[str, Any] = {"filter": {"column": "region", "op": "ne", "value": "total"}}


@pytest.mark.parametrize(
    ("steps", "twice"),
    [
        (SUM_UP, ["sum of sales"]),
        ([NO_TOTAL, *SUM_UP], []),
        ([{"filter": {"column": "region", "op": "eq", "value": "Total"}}, *SUM_UP], []),
        ([{"share": {"column": "sales", "as": "part"}}], ["part"]),
        ([NO_TOTAL, {"share": {"column": "sales", "as": "part"}}], []),
        ([{"share": {"column": "sales", "as": "part", "within": ["region"]}}], []),
        ([{"group": {"by": ["region"], "aggregates": [{"fn": "sum", "column": "sales", "as": "s"}]}}], []),
        ([{"group": {"by": ["region"], "aggregates": [{"fn": "sum", "column": "sales", "as": "s"}]}}, {"share": {"column": "s", "as": "p"}}], ["p"]),
        ([{"group": {"by": [], "aggregates": [{"fn": "count", "as": "rows"}]}}], ["rows"]),
        ([{"select": {"columns": ["sales"]}}, *SUM_UP], ["sum of sales"]),
        ([NO_TOTAL, {"select": {"columns": ["sales"]}}, *SUM_UP], []),
        ([{"select": {"columns": ["region", "sales"]}}, *SUM_UP], ["sum of sales"]),
        ([{"sort": {"by": "sales", "desc": True}}, {"limit": 2}], ["half", "region", "sales"]),
        ([{"sort": {"by": "sales"}}, {"limit": 2}], []),
        ([{"limit": 3}], []),
        ([{"share": {"column": "sales", "as": "part"}}, {"group": {"by": ["region"], "aggregates": [{"fn": "max", "column": "part", "as": "m"}]}}], ["m"]),
        ([{"share": {"column": "sales", "as": "part"}}, {"share": {"column": "part", "as": "again", "within": ["region"]}}], ["again", "part"]),
    ],
)  # fmt: skip
def test_what_counts_a_row_in_itself_and_in_its_sum(steps: list[dict[str, Any]], twice: list[str]) -> None:
    assert sorted(compute(REGIONS, steps).twice) == twice
    assert set(compute(REGIONS, steps).twice.values()) <= {"Total"}
