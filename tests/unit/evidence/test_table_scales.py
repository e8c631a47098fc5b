"""Columns of one name, scales that a draft leaves out, and cells that no sentence reads as one figure."""

import pytest
from tests.unit.evidence.test_table_names import said

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
