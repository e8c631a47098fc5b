"""Cells and series against their computation done again."""

from dataclasses import replace

import pytest

from proofroom.domain.compute import Result
from proofroom.domain.document import ArtifactDocument, Chart, Column, Computation, Heading, Table
from proofroom.domain.evidence import Claim, ClaimText, check_computed, split_claims

STEPS = Computation("s", 1, 0)
AGAIN = Result(("year", "total"), (("2022", "434297"), ("2023", "425234.6")))


def table(*rows: tuple[str | None, ...], columns: tuple[str, ...] = ("year", "total")) -> ArtifactDocument:
    return ArtifactDocument("T", (Table(tuple(Column(c) for c in columns), rows, computed=STEPS),))


def chart(values: object, field: str = "total") -> ArtifactDocument:
    spec = {
        "mark": "line",
        "data": {"values": values},
        "encoding": {"y": {"field": field, "type": "quantitative"}},
    }
    return ArtifactDocument("T", (Chart("Total", spec, STEPS),))


def checked(document: ArtifactDocument, again: Result | str | None = AGAIN) -> list[Claim]:
    return [check_computed(c, document, again) for c in split_claims(document, "slot")]


def test_every_cell_that_equals_its_computation_is_supported_also_when_rounded() -> None:
    claims = checked(table(("2022", "434,297"), ("2023", "425,235")))
    assert [c.verdict for c in claims] == ["supported"] * 2
    assert claims[0].headline == "Passed automatic checks"
    assert {c.checks[0].kind for c in claims} == {"computed"}
    assert {c.checks[-1].result for c in claims} == {"not_compared"}


def test_a_cell_that_differs_shows_both_sides() -> None:
    claim = checked(table(("2022", "434297"), ("2023", "435235")))[1]
    assert (claim.verdict, claim.headline) == ("unsupported", "Computed value differs")
    assert claim.say is not None
    assert (claim.say.draft.text, claim.say.source.text) == ("435235", "425234.6")
    assert claim.short == "Computed: 435235 or 425234.6"


def test_columns_go_by_name_and_by_place_only_when_none_has_the_name() -> None:
    swapped = table(("434297", "2022"), ("425235", "2023"), columns=("total", "year"))
    assert [c.verdict for c in checked(swapped)] == ["supported"] * 2
    renamed = table(("2022", "434297"), ("2023", "425235"), columns=("Year", "Wind"))
    assert [c.verdict for c in checked(renamed)] == ["supported"] * 2
    narrower = table(("434297",), ("425235",), columns=("Wind",))
    assert [c.verdict for c in checked(narrower)] == ["unsupported"] * 2


def test_figures_under_the_name_of_another_row_are_flagged() -> None:
    claims = checked(table(("2023", "434297"), ("2023", "425235")))
    assert [c.verdict for c in claims] == ["unsupported", "supported"]
    assert claims[0].headline == "Row is another one"
    assert claims[0].say is not None
    assert (claims[0].say.draft.text, claims[0].say.source.text) == ("2023", "2022")


def test_a_missing_row_makes_every_cell_differ() -> None:
    claims = checked(table(("2022", "434297")))
    assert [c.verdict for c in claims] == ["unsupported"]
    assert claims[0].checks[0].note == "not in the result"
    assert claims[0].say is not None
    assert claims[0].say.source.text == "nothing"


def test_what_cannot_be_computed_again_is_unsupported_and_says_why() -> None:
    claim = checked(table(("2022", "434297")), "the source has no table 3")[0]
    assert (claim.verdict, claim.headline) == ("unsupported", "Cannot be computed again")
    assert claim.checks[0].note == "the source has no table 3"


def test_a_chart_without_a_computation_is_uncited() -> None:
    document = chart([{"total": 1}])
    assert [c.verdict for c in checked(document, None)] == ["uncited"]


def test_a_series_is_compared_value_by_value() -> None:
    good = chart([{"year": 2022, "total": 434297}, {"year": 2023, "total": 425235}])
    assert [c.verdict for c in checked(good)] == ["supported"]
    bad = checked(chart([{"total": 434297}, {"total": 999}]))[0]
    assert bad.verdict == "unsupported"
    assert bad.say is not None
    assert (bad.say.draft.text, bad.say.source.text) == ("999", "425234.6")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ([{"total": 434297}], "total"),
        ([], "total"),
        ("https://example.org/data.csv", "total"),
        ([1, 2], "total"),
        ([{"total": None}, {"total": 425235}], "total"),
        ([{"x": 1}, {"x": 2}], "x"),
    ],
)
def test_a_series_that_cannot_be_matched_is_unsupported(values: object, field: str) -> None:
    assert [c.verdict for c in checked(chart(values, field))] == ["unsupported"]


def test_a_chart_without_inline_data_is_unsupported() -> None:
    document = ArtifactDocument("T", (Chart("Total", {"mark": "bar"}, STEPS),))
    assert [c.verdict for c in checked(document)] == ["unsupported"]


def test_a_claim_that_is_neither_cell_nor_series_is_unsupported() -> None:
    document = ArtifactDocument("T", (Heading(1, "Wind rose in 2023"),))
    claim = ClaimText("c", 1, "Wind rose in 2023", "cell", (0,), 0, 17)
    assert check_computed(claim, document, AGAIN).verdict == "unsupported"


def test_figures_that_can_be_read_in_two_ways_are_put_before_a_person() -> None:
    again = Result(("year", "total"), (("2022", "1.204"), ("2023", "1.377")), unsure={"total": "1.204"})
    for names in (("year", "total"), ("Year", "Guests")):
        claims = checked(table(("2022", "1.204"), ("2023", "1.5"), columns=names), again)
        assert [(c.verdict, c.headline) for c in claims] == [
            ("partial", "Decimal sign unclear"),
            ("unsupported", "Computed value differs"),
        ]
        assert "whether 1.204 has a decimal point or thousands" in (claims[0].checks[0].note or "")
    (series,) = checked(chart([{"total": "1.204"}, {"total": "1.377"}]), again)
    assert (series.verdict, series.headline) == ("partial", "Decimal sign unclear")
    assert checked(chart([{"total": "1.204"}, {"total": "1.377"}]), replace(again, unsure={}))[0].verdict == (
        "supported"
    )


def test_a_column_that_counts_a_sum_with_its_parts_is_left_to_a_person() -> None:
    again = replace(AGAIN, twice={"total": "Grand total"})
    claims = checked(table(("2022", "434,297"), ("2023", "425,235")), again)
    assert {(c.verdict, c.headline) for c in claims} == {("partial", "Counts a sum with its parts")}
    assert (
        claims[0].checks[0].note == "the row “Grand total” seems to sum up others and is counted in with them"
    )
