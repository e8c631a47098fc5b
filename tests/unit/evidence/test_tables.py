"""Claims about a table, computed again from its rows."""

# ruff: noqa: E501 -- one case a line

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.evidence import Claim, ClaimText, Correction, Passage, check_outside

WIND = {"2021": "378,197", "2022": "434297", "2023": "425235"}
SOLAR = {"2021": "115258", "2022": "n/a", "2023": "161651"}


def row(cells: Sequence[tuple[str, str]], i: int, source: str = "t") -> Passage:
    text = "; ".join(f"{name}: {value}" for name, value in cells)
    return Passage(
        source, 1, f"{source}{i}", "US electricity", None, 0, len(text), text, "table_row", tuple(cells)
    )


LONG = [
    row([("year", y), ("energy_source", name), ("net_generation_thousand_mwh", v)], i)
    for i, (y, name, v) in enumerate((y, n, v) for n, by in (("Wind", WIND), ("Solar power", SOLAR)) for y, v in by.items())
]  # fmt: skip
WIDE = [
    row([("Year", y), ("Wind made", WIND[y]), ("Solar made", SOLAR[y])], i, "w") for i, y in enumerate(WIND)
]


def checked(text: str, rows: Sequence[Passage] = LONG) -> Claim:
    return check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), rows)


@pytest.mark.parametrize(
    "text",
    [
        "Wind generation fell to 425,235 thousand megawatthours in 2023, from 434,297 in 2022.",
        "Wind generation rose to 434,297 thousand megawatthours in 2022.",
        "Wind generation fell by 2.1% in 2023.",
        "Wind generation fell by 9,062 thousand megawatthours in 2023.",
        "In 2023 the sources together generated 586,886 thousand megawatthours, and wind made 72.5% of it.",
        "Wind was highest in 2022.",
        "In 2023 the two energy sources generated 586,886 thousand megawatthours with wind.",
        "Wind was the largest source in 2023.",
        "Solar power came to 161,651 thousand megawatthours in 2023.",
        "Wind generation rose from 378,197 thousand to 425,235 thousand between 2021 and 2023.",
        "Wind generation was 425.2 million megawatthours in 2023.",
    ],
)
def test_what_the_table_bears_out(text: str) -> None:
    assert checked(text).verdict == "supported"


@pytest.mark.parametrize(
    ("text", "short", "fixed"),
    [
        ("Wind generation rose in 2023.", "Direction: rose or fell", "Wind generation fell in 2023."),
        ("Up went wind in 2023.", "Direction: Up or Down", "Down went wind in 2023."),
        ("Wind generation fell by 3.1% in 2023.", "Number: 3.1% or 2.1", "Wind generation fell by 2.1% in 2023."),
        ("Wind generation fell to 434,297 in 2023.", "Number: 434,297 or 425,235", "Wind generation fell to 425,235 thousand in 2023."),
        ("Wind fell to 425,235 in 2023 from 400,000.", "Number: 400,000 or 434,297", "Wind fell to 425,235 in 2023 from 434,297 thousand."),
        ("Wind was lowest in 2023.", "Direction: lowest or 2023: 425,235; lowest: 378,197", None),
        ("Wind surged in 2023.", "Direction: surged or plunged", "Wind plunged in 2023."),
        ("Wind widened in 2023.", "Direction: widened or 2022: 434,297; 2023: 425,235", None),
    ],
)  # fmt: skip
def test_what_the_table_contradicts(text: str, short: str, fixed: str | None) -> None:
    found = checked(text)
    assert (found.verdict, found.short) == ("unsupported", short)
    assert (found.correction and found.correction.text) == fixed
    assert found.say is not None
    assert found.say.source.text


def test_the_computation_stands_beside_the_claim() -> None:
    found = checked("Wind generation rose in 2023, to 425,235 thousand megawatthours.")
    assert found.headline == "Direction differs"
    assert found.say is not None
    assert found.say.source.text == "2022: 434,297; 2023: 425,235"
    assert found.correction == Correction(
        "Use fell", "Wind generation fell in 2023, to 425,235 thousand megawatthours."
    )
    assert {(c.kind, c.result) for c in found.checks} >= {("direction", "differs"), ("number", "same")}
    assert found.anchors[0].quote == LONG[2].text


def test_a_wide_table_goes_by_the_name_of_its_column() -> None:
    assert checked("Wind fell to 425,235 in 2023", WIDE).verdict == "supported"
    assert checked("Wind rose to 425,235 in 2023", WIDE).verdict == "unsupported"
    assert checked("Solar rose in 2023", WIDE).headline != "Direction differs"


UNCHANGED = [
    row([("year", str(y)), ("boats", v)], i, "u")
    for i, (y, v) in enumerate(((2021, "0"), (2022, "5"), (2023, "5")))
]


def test_no_change_is_neither_up_nor_down() -> None:
    found = checked("The boats rose in 2023", UNCHANGED)
    assert (found.headline, found.correction) == ("Direction differs", None)
    assert checked("The boats rose by 100% in 2022", UNCHANGED).verdict != "supported"
    assert checked("The boats were 0 % in 2021", UNCHANGED).headline != "Direction differs"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Wind rose in 2030", LONG),  # no such period
        ("Wind rose", LONG),  # no period
        ("Coal rose in 2023", LONG),  # no such label
        ("Solar power rose in 2022", LONG),  # no figure
        ("Both rose in 2023", WIDE),  # no column
        ("Wind made and solar made more in 2023", WIDE),  # two columns
        ("Wind rose and fell in 2023", LONG),  # two directions
        ("Wind rose in 2021", LONG),  # nothing before
        ("Wind rose in 2023", [LONG[0], LONG[2]]),  # the year before is not among the rows given
        ("Wind rose in 2023", [LONG[2], row(LONG[2].cells, 9)]),  # two rows of one period
        ("Boats rose in 2023", [row([("harbour", "2023"), ("boats", "5")], 1)]),  # no period column
        ("Boats rose in 2023", [row([("year", "2023"), ("boats", "many")], 1)]),  # no figures
    ],
)
def test_what_cannot_be_understood_is_left_to_the_other_checks(text: str, rows: Sequence[Passage]) -> None:
    assert not any(
        c.note and "computed" in c.note for c in checked(text, rows).checks if c.kind == "direction"
    )


def test_labels_ordinals_and_ranges_are_not_computed() -> None:
    found = checked("Wind fell in 2023 for the fourth time, by 5 to 6 points, see section 3")
    assert found.verdict == "partial"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["2021", "2022", "x", ""]), st.text(max_size=6) | st.sampled_from(["0", "5e999", "-3"])), max_size=4),
    st.sampled_from(["The boats rose by 5 % to 7 in 2022", "In 2022 the highest boats fell from 1e9", "boats 5% in 2021 and 2022"]),
)  # fmt: skip
def test_hostile_cells_are_survived(cells: list[tuple[str, str]], text: str) -> None:
    rows = [row([("year", y), ("boats", v)], i) for i, (y, v) in enumerate(cells)]
    assert checked(text, rows).checks


COSTS = [
    row([("Year ", y), ("Cost (k€)", cost), ("Crossings [thousand]", crossings), ("", stray)], i, "c")
    for i, (y, cost, crossings, stray) in enumerate(
        [
            ("2021", "31.5", "280", ""),
            ("2022", "29.0", "295", ""),
            ("2023", "35.25", "310", "x"),
            ("2024", "48", "355", ""),
        ]
    )
]


@pytest.mark.parametrize(
    "text",
    [
        "In 2022 costs were 29.0 thousand euros.",
        "In 2022 costs were €29,000.",
        "Costs rose to 48,000 euros in 2024.",
        "Crossings rose by 45 thousand in 2024.",
    ],
)
def test_units_in_the_head_of_a_column_and_stray_columns(text: str) -> None:
    assert checked(text, COSTS).verdict == "supported", checked(text, COSTS).checks


def test_a_year_that_a_row_says_as_a_bare_figure() -> None:
    bare = [Passage(p.source_id, 1, p.block_id, p.source_title, None, 0, 14, f"{p.cells[0][1]},{p.cells[1][1]},x", "table_row", p.cells) for p in COSTS]  # fmt: skip
    claim = checked("In 2022 costs were 29.0 thousand euros.", bare)
    assert claim.verdict == "supported"
    assert [(c.draft, c.note) for c in claim.checks if c.kind == "date"] == [
        ("2022", "a period of the table")
    ]


def test_a_wrong_figure_of_a_column_in_thousands() -> None:
    claim = checked("Costs rose to 84 thousand euros in 2024.", COSTS)
    assert claim.verdict == "unsupported"


@pytest.mark.parametrize(
    ("name", "thousands"),
    [("Sales (k€)", 1), ("Umsatz in Tsd. EUR", 1), ("Sales ($m)", 1000), ("Sales (m USD)", 1000), ("Sales million", 1000), ("Sales (Mrd. €)", 10**6), ("Sales (k)", 0), ("Task euro", 0)],
)  # fmt: skip
def test_scales_of_money_in_a_name(name: str, thousands: int) -> None:
    rows = [row([("year", "2020"), (name, "7")], 0, "s")]
    stands = (
        checked(
            f"In 2020 {name.split(maxsplit=1)[0].lower()} were {7000 * (thousands or 1):,}.", rows
        ).verdict
        == "supported"
    )
    assert stands is bool(thousands)
