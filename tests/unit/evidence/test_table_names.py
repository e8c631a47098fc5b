"""Names of columns and rows that hold a figure, cells as evidence, and what to write for a figure that differs."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proofroom.domain.evidence import (
    AnalysedPassage,
    Claim,
    ClaimText,
    Passage,
    analyse,
    check_outside,
)
from proofroom.domain.evidence.features import read_sentence, without
from proofroom.domain.evidence.grid import per_of, read_grid, sign_of, unit_of
from proofroom.domain.evidence.labels import figured, words_of, written
from proofroom.domain.evidence.said import read_said


def rows_of(*lines: str) -> list[AnalysedPassage]:
    """A table, its first line the heads, cells apart by bars."""
    heads = lines[0].split("|")
    out: list[AnalysedPassage] = []
    at = 0
    for i, line in enumerate(lines[1:]):
        cells = tuple(zip(heads, line.split("|"), strict=True))
        out.append(analyse(Passage("t", 1, f"t{i}", "T", None, at, at + len(line), line, "table_row", cells)))
        at += len(line) + 1
    return out


def said(text: str, *lines: str) -> Claim:
    rows = rows_of(*lines)
    return check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), rows, (), rows)


def cells(claim: Claim) -> list[tuple[str, str]]:
    return [(a.quote, a.role) for a in claim.anchors if "|" not in a.quote]


WARDS = ("Ward|Beds|Q1-24|Q2-24", "Maple|20|230|251", "Cedar|18|190|188")
YIELDS = ("Field|Yield (t/ha)|Area (ha)", "North|7.1|12", "South|6.4|8")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Q1-24", ("Q1-24",)),
        ("H1 2024 revenue", ("H1 2024",)),
        ("Revenue FY23", ("FY23",)),
        ("Week 12", ("Week 12",)),
        ("Phase 3 patients", ("Phase 3",)),
        ("COVID-19 cases", ("COVID-19",)),
        ("PM2.5", ("PM2.5",)),
        ("Cases per 100,000", ("per 100,000",)),
        ("18-24", ("18-24",)),
        ("10 km", ("10 km",)),
        ("May 2024", ("May 2024",)),
        ("Margin 2024", ()),
        ("2024", ()),
        ("12", ()),
        ("Sales", ()),
    ],
)
def test_a_figure_belongs_to_the_word_that_it_hangs_on(name: str, parts: tuple[str, ...]) -> None:
    assert figured(name) == parts


@pytest.mark.parametrize(
    ("part", "spoken"),
    [
        ("Q1-24", "first quarter of 2024"),
        ("Q1-24", "Q1 2024"),
        ("2024-Q1", "Q1 of 2024"),
        ("H2 2023", "second half of 2023"),
        ("FY23", "fiscal year 2023"),
        ("FY 2023", "FY23"),
        ("Jan-24", "January 2024"),
        ("2024-03", "March 2024"),
        ("Sept 2024", "September 2024"),
    ],
)
def test_periods_are_known_by_the_other_ways_to_write_them(part: str, spoken: str) -> None:
    assert words_of(spoken) in written(part)
    assert written(part)[0] == words_of(part)


@given(st.text(max_size=100))
def test_any_name_can_be_looked_at(name: str) -> None:
    for part in figured(name):
        assert any("0" <= c <= "9" for c in part)
        assert all(written(part))


LABELS = st.builds(
    lambda word, sign, n: f"{word}{sign}{n}",
    st.sampled_from(["Zorb", "Plex", "Quon", "Grox", "Vard"]),
    st.sampled_from(["-", " ", ""]),
    st.integers(1, 999),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        LABELS, min_size=2, max_size=4, unique_by=lambda x: "".join(c for c in x if c.isalnum()).lower()
    ),
    st.lists(st.integers(1000, 9999), min_size=8, max_size=8, unique=True),
    st.data(),
)
def test_a_name_with_a_figure_is_never_an_amount(
    labels: list[str], values: list[int], data: st.DataObject
) -> None:
    n = len(labels)
    lines = [f"Maple|{'|'.join(map(str, values[:n]))}", f"Cedar|{'|'.join(map(str, values[n : 2 * n]))}"]
    lines.insert(0, f"Ward|{'|'.join(labels)}")
    at = data.draw(st.integers(0, n - 1))
    other = data.draw(st.integers(0, n - 1).filter(lambda i: i != at))
    own = said(f"In {labels[at]}, Maple had {values[at]:,}.", *lines)
    assert own.verdict == "supported", (own.headline, own.checks)
    assert cells(own) == [(str(values[at]), "supports")]
    turned = said(f"In {labels[other]}, Maple had {values[at]:,}.", *lines)
    assert turned.verdict == "unsupported"
    assert turned.correction is not None
    assert turned.correction.label == f"Use {values[other]:,}"
    assert turned.correction.text == f"In {labels[other]}, Maple had {values[other]:,}."
    figure = int("".join(c for c in labels[at] if c.isdigit()))
    assume(figure not in values)
    assert said(f"In {labels[at]}, Maple had {figure}.", *lines).verdict != "supported"
    absent = f"{labels[at]}7"
    assume(absent not in labels)
    assert said(f"In {absent}, Maple had {values[at]:,}.", *lines).verdict != "supported"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.lists(st.integers(100, 999), min_size=3, max_size=6, unique=True))
def test_rows_that_are_numbered_go_by_the_name_of_the_number(first: int, values: list[int]) -> None:
    lines = ["Matchday|Goals", *(f"{first + i}|{value}" for i, value in enumerate(values))]
    assert said(f"On matchday {first + 1} there were {values[1]} goals.", *lines).verdict == "supported"
    assert said(f"On matchday {first + 1} there were {values[0]} goals.", *lines).verdict != "supported"
    assert (
        said(f"On matchday {first + len(values)} there were {values[1]} goals.", *lines).verdict
        != "supported"
    )


def test_the_cell_is_the_evidence_and_the_row_what_stands_around_it() -> None:
    claim = said("In Q1-24 Maple had 230.", *WARDS)
    assert claim.verdict == "supported"
    assert [(a.quote, a.char_start, a.role) for a in claim.anchors] == [
        ("230", 9, "supports"),
        ("Maple|20|230|251", 0, "supports"),
    ]


def test_a_comparison_rests_on_both_cells_and_a_sum_on_all() -> None:
    assert cells(said("Cedar fell from 190 in Q1-24 to 188 in Q2-24.", *WARDS)) == [
        ("188", "supports"),
        ("190", "supports"),
    ]
    assert [quote for quote, _ in cells(said("There were 38 beds in total.", *WARDS))] == ["20", "18"]
    assert [q for q, _ in cells(said("Maple and Cedar together had 38 beds.", *WARDS))] == ["18", "20"]


def test_a_cell_that_does_not_stand_in_its_row_leaves_the_row() -> None:
    text = "quoted otherwise"
    rows = [
        analyse(
            Passage("t", 1, "t0", "T", None, 0, 16, text, "table_row", (("Ward", "Maple"), ("Beds", "20")))
        )
    ]
    claim = "Maple has 20 beds."
    found = check_outside(ClaimText("c", 1, claim, "sentence", (0,), 0, len(claim)), rows, (), rows)
    assert [a.quote for a in found.anchors] == [text]


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("In Q2-24 Cedar had 312.", "In Q2-24 Cedar had 188."),
        ("Cedar has 18.4 beds.", "Cedar has 18 beds."),
        ("Maple and Cedar together had 40 beds.", "Maple and Cedar together had 38 beds."),
        ("Maple has 60 % of the beds.", "Maple has 52.6 % of the beds."),
        ("Maple has more than 30 beds.", None),
        ("Cedar fell by 10 % from Q1-24 to Q2-24.", "Cedar fell by 1.1 % from Q1-24 to Q2-24."),
    ],
)
def test_a_figure_that_differs_is_offered_as_the_table_has_it(text: str, fixed: str | None) -> None:
    claim = said(text, *WARDS)
    assert claim.verdict == "unsupported"
    assert (claim.correction.text if claim.correction else None) == fixed


MONEY = (
    "Unit|Revenue (EUR k)|Result (m€)|Mass (kg)|Heat (\u00b0C)",
    "Air|120.5|-14.2|1500|21.5",
    "Sea|80|3.1|900|19",
)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("Air had revenue of 130 thousand euros.", "Air had revenue of 120.5 thousand euros."),
        ("Air had revenue of \u20ac130,000.", "Air had revenue of \u20ac120,500."),
        ("Air had revenue of \u20ac0.13 million.", "Air had revenue of \u20ac0.1205 million."),
        ("Air had revenue of 130.", "Air had revenue of 120.5 thousand."),
        ("Air has a mass of 2 t.", "Air has a mass of 1.5 t."),
        ("Air has a mass of 2 km.", None),
        ("Air has a heat of 70 \u00b0F.", None),
        ("Air has a heat of 22 \u00b0C.", "Air has a heat of 21.5 \u00b0C."),
        ("Air had a result of \u20ac14.2 million.", "Air had a result of \u20ac-14.2 million."),
        ("Air had a loss of \u20ac15 million.", "Air had a loss of \u20ac14.2 million."),
        ("Sea had a loss of \u20ac3.1 million.", None),
    ],
)
def test_the_figure_keeps_the_unit_and_scale_of_the_draft(text: str, fixed: str | None) -> None:
    claim = said(text, *MONEY)
    assert claim.verdict != "supported"
    assert (claim.correction.text if claim.correction else None) == fixed


def test_a_unit_with_a_denominator_is_another_unit_than_the_one_without() -> None:
    assert said("The yield of North was 7.1 t/ha.", *YIELDS).verdict == "supported"
    assert said("The yield of North was 7.1 tonnes per hectare.", *YIELDS).verdict == "supported"
    bare = said("The yield of North was 7.1 t.", *YIELDS)
    assert (bare.verdict, bare.headline) == ("partial", "Unit differs")
    assert bare.say is not None
    assert bare.say.source.text == "7.1 (Yield (t/ha))"
    assert said("The yield of North was 7.1 t/km.", *YIELDS).verdict == "unsupported"
    area = said("North has an area of 12 ha per year.", *YIELDS)
    assert area.verdict == "partial"
    assert any(c.note == "the table gives the whole, not for each of something" for c in area.checks)


def test_a_rate_is_said_as_one() -> None:
    table = ("Team|Calls (per day)|Errors", "W1|466|7", "W2|310|9")
    assert said("W1 had 466 calls per day.", *table).verdict == "supported"
    assert said("W1 had 466 calls a day.", *table).verdict == "supported"
    assert said("W1 had 466 daily calls.", *table).verdict == "supported"
    assert said("W1 had 466 calls/day.", *table).verdict == "supported"
    assert said("W1 had 466 calls.", *table).verdict != "supported"
    assert said("W1 had 466 calls a week.", *table).verdict != "supported"
    assert said("W1 had 7 errors a day.", *table).verdict != "supported"
    assert said("The teams had 776 calls per day in total.", *table).verdict != "supported"


@pytest.mark.parametrize(
    ("name", "per"),
    [
        ("Yield (t/ha)", "ha"),
        ("Price (\u20ac/MWh)", "MWh"),
        ("Use (l/100 km)", "100 km"),
        ("Output in GWh/year", "year"),
        ("Calls per day", "day"),
        ("Mass (kg per day)", "day"),
        ("Dust (\u00b5g/m\u00b3)", "m\u00b3"),
        ("Speed (km/h)", ""),
        ("Cases per 100,000", ""),
        ("Passed (yes/no)", ""),
        ("Sales", ""),
    ],
)
def test_heads_say_for_each_of_what(name: str, per: str) -> None:
    assert per_of(name) == per


def test_the_sign_of_a_square_is_no_footnote() -> None:
    unit, _ = unit_of("Size (m\u00b2)")
    assert unit is not None
    assert unit.dimension == "area"
    assert sign_of("Night (dB)") == "dB"
    assert sign_of("Night") == ""
    assert sign_of("Night (12 dB)") == ""


def test_a_unit_in_the_tables_own_words_goes_with_its_column() -> None:
    table = ("Site|Night (dB)|Days", "Bridge|61|12", "Square|55|7")
    assert said("Night at Bridge was 61 dB.", *table).verdict == "supported"
    assert said("Bridge had 12 dB days.", *table).verdict != "supported"


def test_words_that_the_table_does_not_have_leave_it_to_a_person_who_sees_the_cell() -> None:
    for verb in ("cured", "treated", "expelled"):
        claim = said(f"The Maple ward {verb} 230 in Q1-24.", *WARDS)
        assert (claim.verdict, claim.headline) == ("partial", "Part of the sentence is not in the source")
        assert cells(claim) == [("230", "nearest")]
        assert claim.say is not None
        assert claim.say.source.text == "Maple: 230"
        assert any(c.draft == verb for c in claim.checks)
    wrong = said("The Maple ward treated 231 in Q1-24.", *WARDS)
    assert wrong.verdict != "supported"


def test_a_name_is_masked_with_its_dates() -> None:
    sentence = read_sentence("In H1 2024 there were 24.")
    assert without(sentence, []) is sentence
    masked = without(sentence, [(3, 10)])
    assert (masked.dates, [n.text for n in masked.numbers]) == ((), ["24"])
    assert len(without(sentence, [(3, 5)]).dates) == 1


def test_no_figure_of_a_head_is_an_amount() -> None:
    text = "Ward,Q1-24,Week 12"
    head = analyse(Passage("t", 1, "h", "T", None, 0, len(text), text, "table_header"))
    assert not any(s.numbers for s in head.sentences)


def test_what_two_columns_or_rows_could_be_called_names_neither() -> None:
    rows = rows_of("Ward|Q1-24|Q1 2024", "Maple|1|2", "Cedar|3|4")
    grid = read_grid(tuple(p.passage for p in rows))
    assert grid is not None
    assert grid.parts[words_of("first quarter of 2024")] == ""
    rows = rows_of("Month|Visits", "Jan-24|100", "2024-01|200")
    grid = read_grid(tuple(p.passage for p in rows))
    assert grid is not None
    assert grid.by_words[words_of("January 2024")] == -1
    table = ("Month|Visits", "Jan-24|100", "2024-01|200")
    assert said("In January 2024 there were 100 visits.", *table).verdict != "supported"


def test_a_second_name_behind_the_first_of_its_kind_is_a_name() -> None:
    table = ("Week|Orders", "12|540", "13|612", "14|588")
    rows = rows_of(*table)
    grid = read_grid(tuple(p.passage for p in rows))
    assert grid is not None
    found = read_said(read_sentence("Weeks 12 and 13 had 540 and 612 orders respectively."), grid)
    assert [row for _, _, row in found.rows] == [0, 1]
    assert said("Weeks 12 and 13 had 540 and 612 orders respectively.", *table).verdict == "supported"
    assert said("Weeks 12 and 20 had 540 orders.", *table).verdict != "supported"
    assert said("Week 12 and 13 orders.", *table).verdict != "supported"
    phases = ("Drug|Phase 2|Phase 3", "Alfimab|120|860", "Cardex|95|640")
    both = said("In Phases 2 and 3, Alfimab had 860.", *phases)
    assert both.verdict != "supported"


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("Maple and Cedar both had 230 in Q1-24.", False),
        ("Maple and Birch both had 230 in Q1-24.", True),
        ("Maple, Birch and Cedar each had 230 in Q1-24.", False),
        ("Maple, Birch and Cedar both had 230 in Q1-24.", False),
        ("Maple and Maple both had 230 in Q1-24.", False),
        ("Both had 230 in Q1-24.", False),
        ("230 in Q1-24 both Maple and Birch had.", False),
        ("Maple and Birch both had 230 beds in Q1-24.", False),
        ("Maple had 230 in Q1-24 and Q2-24.", False),
    ],
)
def test_what_is_said_of_both_holds_for_each(text: str, passes: bool) -> None:
    table = (*WARDS, "Birch|25|230|260")
    assert (said(text, *table).verdict == "supported") is passes


def test_the_most_of_a_row_over_time_and_of_a_time_over_rows_are_told_apart() -> None:
    table = ("KPI|Q1 2024|Q2 2024", "Orders|1200|1350", "Users|9800|9900", "Refunds|48|31")
    assert said("Users were highest in Q2 2024.", *table).verdict == "supported"
    assert said("Orders were highest in Q2 2024.", *table).verdict in ("partial", "uncited")
    assert said("Refunds were lowest in Q1 2024.", *table).verdict in ("partial", "uncited")


def test_what_costs_goes_by_the_price_and_what_sells_by_sales() -> None:
    prices = ("Plan|Price ($)|Users", "Pro|29|10", "Max|99|50")
    assert said("Pro costs $29.", *prices).verdict == "supported"
    revenue = ("Plan|Revenue ($)|Users", "Pro|29|10", "Max|99|50")
    assert said("Pro costs $29.", *revenue).verdict != "supported"
    assert said("Pro sold 10 users.", *prices).verdict != "supported"
    two = ("Plan|Price 2023 ($)|Price 2024 ($)", "Pro|29|31", "Max|99|99")
    assert said("Pro costs $29.", *two).verdict != "supported"


def test_words_of_the_row_that_is_named_are_the_tables_own() -> None:
    table = ("Product|Colour|Stock", "Chair|dark red|40", "Lamp|bright blue|12")
    assert said("The chair is dark red.", *table).verdict == "supported"
    assert said("The chair is bright blue, and 40 are in stock.", *table).verdict != "supported"
    assert said("The chair is bright blue, the lamp dark red.", *table).verdict != "supported"
    same = ("Product|Colour|Stock", "Chair|dark red|40", "Lamp|bright blue|12", "Desk|dark red|7")
    assert said("The chair is dark red and has a stock of 40.", *same).verdict == "supported"
    assert said("The chair is bright blue and has a stock of 40.", *same).verdict != "supported"


def test_other_shapes_of_names() -> None:
    calls = ("Team|Calls per day|Errors", "W1|466|7", "W2|310|9")
    assert said("W1 had 466 calls per day.", *calls).verdict == "supported"
    assert said("W1 had 466 calls.", *calls).verdict != "supported"
    ages = ("Group|65+|18-64", "North|31|69", "South|40|60")
    assert said("In the South the 18-64 had 60.", *ages).verdict != "unsupported"
    assert said("In the South 65 had 40.", *ages).verdict != "supported"
    old = ("Age|Cases", "18-64|200", "65+|90")
    assert said("The age 65+ had 90 cases.", *old).verdict == "supported"
    assert said("The age 65 had 90 cases.", *old).verdict != "supported"
    wards = ("Ward|Visits", "Maple 2 east|5", "Cedar 3 west|8")
    assert said("Maple 2 east had 5 visits.", *wards).verdict == "supported"
    assert words_of("third half of 2024") not in written("H3 2024")
    unit, _ = unit_of("Length (km mi)")
    assert unit is not None
    assert unit.name == "km"


def test_both_with_words_for_two_columns_are_not_computed() -> None:
    table = ("Ward|Beds|Nurses", "A1|20|9", "B2|20|8")
    assert said("A1 and B2 both had 20 beds.", *table).verdict == "supported"
    assert said("A1 and B2 both had nurses, and 20 beds.", *table).verdict != "supported"


def test_a_price_of_a_year_is_for_each_of_what_the_head_says() -> None:
    table = ("Year|Price (\u20ac/MWh)", "2022|91", "2023|85")
    assert said("In 2023 the price was \u20ac85/MWh.", *table).verdict == "supported"
    bare = said("In 2023 the price was \u20ac85.", *table)
    assert (bare.verdict, bare.headline) == ("partial", "Unit differs")
