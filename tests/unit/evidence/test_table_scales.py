"""Columns of one name, scales that a draft leaves out, and cells that no sentence reads as one figure."""

import csv

import pytest
from tests.unit.evidence.test_table_names import said

from proofroom.domain.evidence import AnalysedPassage, Claim, ClaimText, Passage, analyse, check_outside

TWINS = ("Region|Price (€/t)|Price (€/t) (2)|Rain", "North|205|201.5|3", "South|198|210|5")


@pytest.mark.parametrize(
    "text",
    [
        "The price in the South was 198 €/t.",
        "The price in the North was 201.5 €/t.",
        "In 2023 the price in the South was 210 €/t.",
        "The price (2) in the South was 198 €/t.",
        "The South had the highest price.",
        "The price was higher in the North than in the South.",
        "The average price was 201.5 €/t.",
    ],
)
def test_of_columns_with_one_name_none_bears_a_sentence_out(text: str) -> None:
    assert said(text, *TWINS).verdict != "supported"


def test_a_column_beside_them_does() -> None:
    assert said("The South had 5 rain.", *TWINS).verdict == "supported"
    assert (
        said("The price (2) in the North was 3.", "Region|Price (2)", "North|3", "South|4").verdict
        == "supported"
    )


HOUSEHOLDS = ("Village|Households (thousand)|Debt (hundred)", "Mill Bridge|14.9|3", "Oak|3.1|4")
FIRMS = ("Firm|Revenue ($m)", "Acme|12.4", "Bolt|3.1")


@pytest.mark.parametrize(
    ("text", "table", "fixed"),
    [
        ("Mill Bridge has 14.9 households.", HOUSEHOLDS, "Mill Bridge has 14.9 thousand households."),
        (
            "Mill Bridge has about 15 households.",
            HOUSEHOLDS,
            "Mill Bridge has about 14.9 thousand households.",
        ),
        ("Mill Bridge has more than 14 households.", HOUSEHOLDS, None),
        ("Together they have 18 households.", HOUSEHOLDS, "Together they have 18 thousand households."),
        (
            "Oak has 11.8 fewer households than Mill Bridge.",
            HOUSEHOLDS,
            "Oak has 11.8 thousand fewer households than Mill Bridge.",
        ),
        ("Oak has a debt of 4.", HOUSEHOLDS, None),
        ("Revenue of Acme was 12.4.", FIRMS, "Revenue of Acme was 12.4 million."),
    ],
)
def test_a_scale_that_the_draft_leaves_out_is_offered(
    text: str, table: tuple[str, ...], fixed: str | None
) -> None:
    claim = said(text, *table)
    assert (claim.verdict, claim.headline) == ("partial", "Scale not said")
    assert (claim.correction and claim.correction.text) == fixed


@pytest.mark.parametrize(
    "text",
    [
        "Mill Bridge has 14.9 thousand households.",
        "Mill Bridge has 14,900 households.",
        "Mill Bridge has more than 14,000 households.",
        "Mill Bridge has fewer than 15,000 households.",
        "Mill Bridge has about fifteen thousand households.",
        "Together they have 18,000 households.",
    ],
)
def test_a_figure_in_full_or_with_its_scale_passes(text: str) -> None:
    assert said(text, *HOUSEHOLDS).verdict == "supported"


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Mill Bridge has 14.9 (in thousand) households.", HOUSEHOLDS),
        ("Mill Bridge has 14.9 (thousand) households.", HOUSEHOLDS),
        ("Mill Bridge has 14.9 [thousands] households.", HOUSEHOLDS),
        ("Households in Mill Bridge: 14.9 (in thousands).", HOUSEHOLDS),
        ("Mill Bridge has 0.0149 (in million) households.", HOUSEHOLDS),
        ("Revenue of Acme was 12.4 (in million dollars).", FIRMS),
        ("Revenue of Acme was 12.4 (in $ million).", FIRMS),
        ("Revenue of Acme was $12.4 (in millions).", FIRMS),
        ("Revenue of Acme was 12.4 ($m).", FIRMS),
    ],
)
def test_a_scale_in_brackets_behind_a_figure_is_part_of_it(text: str, table: tuple[str, ...]) -> None:
    assert said(text, *table).verdict == "supported"


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Mill Bridge has 14.9 (in million) households.", HOUSEHOLDS),
        ("Mill Bridge has 3.1 (in thousand) households.", HOUSEHOLDS),
        ("Mill Bridge has 14,900 (in thousand) households.", HOUSEHOLDS),
        ("Mill Bridge has 14.9 (in thousand dollars) households.", HOUSEHOLDS),
        (
            "Mill Bridge has 14.9 (in thousand) households.",
            ("Village|Households", "Mill Bridge|14.9", "Oak|3.1"),
        ),
        ("Mill Bridge has 14.9 (in thousand unicorns) households.", HOUSEHOLDS),
        ("Mill Bridge has 14.9 (not in thousand) households.", HOUSEHOLDS),
        ("Revenue of Acme was 12.4 (in million euros).", FIRMS),
        ("Revenue of Acme was 12.4 (€ m).", FIRMS),
        ("Revenue of Acme was $12.4 (in million euros).", FIRMS),
        ("Revenue of Acme was 12.4 (in thousands).", FIRMS),
        ("Revenue of Acme was 12.4 ($t).", FIRMS),
    ],
)
def test_another_scale_or_unit_in_brackets_does_not_pass(text: str, table: tuple[str, ...]) -> None:
    assert said(text, *table).verdict != "supported"


def test_the_correction_keeps_the_scale_in_brackets() -> None:
    claim = said("Mill Bridge has 15.9 (in thousand) households.", *HOUSEHOLDS)
    assert claim.verdict == "unsupported"
    assert claim.correction is not None
    assert claim.correction.text == "Mill Bridge has 14.9 (in thousand) households."


def test_a_bare_figure_that_differs_is_offered_with_the_scale() -> None:
    claim = said("Mill Bridge has 15.9 households.", *HOUSEHOLDS)
    assert claim.verdict == "unsupported"
    assert claim.correction is not None
    assert claim.correction.text == "Mill Bridge has 14.9 thousand households."
    claim = said("Mill Bridge has 15,900 households.", *HOUSEHOLDS)
    assert claim.correction is not None
    assert claim.correction.text == "Mill Bridge has 14,900 households."


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("One village has more than 14 households.", "partial"),
        ("Only Mill Bridge has more than 14 households.", "partial"),
        ("Mill Bridge has more than 900 households.", "supported"),
        ("Only Mill Bridge has more than 14,000 households.", "supported"),
        ("One village has more than 14 thousand households.", "supported"),
        ("Mill Bridge has more than 60 households.", "partial"),
        ("Mill Bridge has fewer than 5 households.", "unsupported"),
    ],
)
def test_a_bound_without_the_scale_counts_no_rows(text: str, verdict: str) -> None:
    assert said(text, *HOUSEHOLDS).verdict == verdict


YEARS = ("Year|Households (thousand)", "2021|380", "2022|434")


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("Households rose in 2022, to 434.", "Households rose in 2022, to 434 thousand."),
        ("In 2022 there were 434 households.", "In 2022 there were 434 thousand households."),
        ("Households rose by 54 in 2022.", "Households rose by 54 thousand in 2022."),
    ],
)
def test_nor_is_it_left_out_of_a_figure_of_a_year(text: str, fixed: str) -> None:
    claim = said(text, *YEARS)
    assert (claim.verdict, claim.headline) == ("partial", "Scale not said")
    assert claim.correction is not None
    assert claim.correction.text == fixed


def test_what_is_offered_for_a_year_has_the_scale() -> None:
    claim = said("Households rose in 2022, to 450.", *YEARS)
    assert claim.correction is not None
    assert claim.correction.text == "Households rose in 2022, to 434 thousand."
    claim = said("Households rose in 2022, to 4.34.", "Year|Households (hundred)", "2021|3.8", "2022|4.34")
    assert (claim.verdict, claim.correction) == ("partial", None)
    assert said("Households rose in 2022, to 434,000.", *YEARS).verdict == "supported"


def test_the_scale_of_one_figure_goes_for_the_next() -> None:
    assert said("Mill Bridge has 14.9 thousand households and Oak 3.1.", *HOUSEHOLDS).verdict == "supported"
    assert said("Acme had revenue of $12.4m and Bolt 3.1.", *FIRMS).verdict == "supported"
    assert said("Households rose to 434 thousand in 2022 from 380 in 2021.", *YEARS).verdict == "supported"
    claim = said("Oak has 3.1 households and a debt of 400 hundred.", *HOUSEHOLDS)
    assert claim.verdict != "supported"


def raw(text: str, *lines: str, columns: str = "") -> Claim:
    """A sentence over rows of a CSV file as they are written; without columns the rows have no cells."""
    rows: list[AnalysedPassage] = []
    heads = columns.split(",")
    for i, line in enumerate(lines):
        cells = tuple(zip(heads, next(csv.reader([line])), strict=True)) if columns else ()
        rows.append(
            analyse(
                Passage("t", 1, f"t{i}", "T", None, 100 * i, 100 * i + len(line), line, "table_row", cells)
            )
        )
    return check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), rows, (), rows)


AGES = "Office,18-24,25-34,35-44,45-54"
STAFF = ("Harrow Lane,6,312,298,305", "Mill Bridge,7,120,130,140")


@pytest.mark.parametrize("columns", [AGES, ""])
@pytest.mark.parametrize(
    "text",
    [
        "Harrow Lane has 6 staff aged 18-24.",
        "Harrow Lane has 8 staff aged 18-24.",
        "Harrow Lane has 312,298,305 staff.",
        "Harrow Lane has 6,312 staff.",
    ],
)
def test_cells_side_by_side_are_no_figure(text: str, columns: str) -> None:
    claim = raw(text, *STAFF, columns=columns)
    assert claim.verdict != "supported"
    assert claim.correction is None
    assert not any("," in (check.source or "") for check in claim.checks if check.kind == "number")


def test_a_true_sentence_with_other_words_differs_from_nothing() -> None:
    assert raw("Harrow Lane has 6 staff aged 18-24.", *STAFF, columns=AGES).verdict == "partial"


@pytest.mark.parametrize(
    ("text", "cells", "figures"),
    [
        ("Harrow,6,312", (("a", "Harrow"), ("b", "6"), ("c", "312")), ["6", "312"]),
        ('Graz,"303,270",5', (("a", "Graz"), ("b", "303,270"), ("c", "5")), ["303,270", "5"]),
        ('Graz,"303,270",5', (), ["303,270", "5"]),
        ("Graz;303,270;5", (), ["303,270", "5"]),
        ("Graz,303,270", (), ["303", "270"]),
        ("Graz,,303", (("a", "Graz"), ("b", ""), ("c", "303")), ["303"]),
    ],
)
def test_commas_between_cells_part_figures(
    text: str, cells: tuple[tuple[str, str], ...], figures: list[str]
) -> None:
    read = analyse(Passage("t", 1, "t", "T", None, 0, len(text), text, "table_row", cells))
    assert [n.text for s in read.sentences for n in s.numbers] == figures
    assert [s.text for s in read.sentences] == [text]


ACME = ("Firm|2023|2024", "Acme|100|110", "Bolt|200|190")


@pytest.mark.parametrize(
    ("text", "verdict", "fixed"),
    [
        ("In 2024 Acme had 110, less than Bolt.", "supported", None),
        ("In 2024 Acme had 120, less than Bolt.", "unsupported", "In 2024 Acme had 110, less than Bolt."),
        ("In 2024 Acme had 110, more than Bolt.", "unsupported", None),
        ("In 2024 Acme had 80 less than Bolt.", "supported", None),
        ("In 2024 Acme had less (110) than Bolt (190).", "supported", None),
        ("In 2024 Acme had less than Bolt, 190.", "partial", None),
        ("Acme had 110 in 2024, 80 less than Bolt.", "supported", None),
        (
            "Acme had 110 in 2024, 90 less than Bolt.",
            "unsupported",
            "Acme had 110 in 2024, 80 less than Bolt.",
        ),
        ("Acme had 110 in 2024 and less than Bolt.", "supported", None),
        ("In 2024 Acme (110) had less than Bolt (190).", "supported", None),
        ("In 2024 Acme had 80 less (110) than Bolt (190).", "supported", None),
    ],
)
def test_a_figure_before_a_comma_is_no_difference(text: str, verdict: str, fixed: str | None) -> None:
    claim = said(text, *ACME)
    assert claim.verdict == verdict
    assert (claim.correction and claim.correction.text) == fixed
