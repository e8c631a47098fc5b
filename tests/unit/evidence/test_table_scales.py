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
