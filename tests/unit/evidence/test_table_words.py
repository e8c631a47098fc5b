"""What is said of a sentence that a table was found for, and that could not be compared with it."""

import pytest
from tests.unit.evidence.test_table_names import rows_of, said

from proofroom.domain.evidence import ClaimText, check_outside

FUELS = ("Fuel|Price (ct/kWh)|Emissions (g/kWh)", "Gas|9.1|201", "Oil|11.5|266", "North|7.4|25")
ERRORS = ("Error|Items|Flagged", "Number|17|17", "Date|12|11")
NOBODY = "No source of the project speaks of it."


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Gas is cheaper than oil.", ["Gas", "Oil"]),
        ("Oil is cheaper than gas.", ["Oil", "Gas"]),
        ("Gas costs 4 ct.", ["Gas"]),
    ],
)
def test_rows_that_were_found_are_named_and_shown(text: str, labels: list[str]) -> None:
    claim = said(text, *FUELS)
    assert (claim.verdict, claim.headline, claim.short) == (
        "partial",
        "Not computed again",
        "Not computed again",
    )
    assert claim.needs_you
    assert claim.say is not None
    assert "could not be compared" in claim.say.source.text
    assert all(f"\u201c{label}\u201d" in claim.say.source.text for label in labels)
    assert [(a.quote.split("|")[0], a.role) for a in claim.anchors] == [
        (label, "nearest") for label in labels
    ]
    assert claim.correction is None
    told = {c.kind: (c.result, c.note) for c in claim.checks}
    assert told["citation"] == ("not_found", "the row was found, the sentence could not be compared with it")
    if "4" in text:
        assert told["number"] == ("not_compared", "not compared with the rows found")


@pytest.mark.parametrize(
    "text", ["The north wind blew.", "Bananas are rich in potassium.", "Bananas cost 4 ct."]
)
def test_a_name_alone_is_no_row_that_was_found(text: str) -> None:
    claim = said(text, *FUELS)
    assert claim.verdict == "uncited"
    assert claim.say is not None
    assert claim.say.source.text == NOBODY
    assert claim.anchors == ()


def test_an_opinion_is_not_looked_up_in_rows() -> None:
    rows, text = rows_of(*FUELS), "Gas is cheaper than oil."
    claim = check_outside(
        ClaimText("c", 1, text, "sentence", (0,), 0, len(text), opinion=True), rows, (), rows
    )
    assert (claim.verdict, claim.needs_you) == ("uncited", False)


@pytest.mark.parametrize("text", ["Of dates, 11 of 12 were flagged.", "All 17 numbers were caught."])
def test_it_is_not_said_that_a_source_lacks_what_was_not_computed(text: str) -> None:
    claim = said(text, *ERRORS)
    assert (claim.verdict, claim.short) == ("partial", "Not computed again")
    assert claim.say is not None
    assert claim.say.source.text.startswith("The sentence could not be compared with what was found.")


def test_a_figure_that_no_row_has_is_not_said_to_be_nowhere() -> None:
    claim = said("The price of gas was 9.1 ct/kWh in May 2021.", *FUELS)
    assert claim.verdict == "partial"
    assert claim.say is not None
    assert claim.say.source.text == "The rows found do not have it as it stands, nor was it computed."
