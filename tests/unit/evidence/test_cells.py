"""Cells of tables that nobody computed: claims like sentences, with their row, column and unit."""

import pytest

from proofroom.domain.document import ArtifactDocument, Column, Table, parse_markdown
from proofroom.domain.evidence import Claim, Passage, check_cited, check_computed, check_outside, split_claims

TEXT = "In 2022 wind power made 434 TWh in Ostrel. The Grey Hollow plant cost $96 million and was opened in March 2018."
SOURCE = Passage("s1", 1, "b1", "Power in Ostrel", None, 0, len(TEXT), TEXT)


def table(*rows: tuple[str | None, ...], columns: tuple[Column, ...]) -> ArtifactDocument:
    return ArtifactDocument("T", (Table(columns, rows),))


def outside(document: ArtifactDocument) -> list[Claim]:
    return [check_outside(c, [SOURCE]) for c in split_claims(document)]


def test_a_draft_with_a_table_is_checked_cell_by_cell() -> None:
    markdown = (
        "| | wind power made [TWh] | cost | opened |\n|---|---|---|---|\n"
        "| Ostrel, 2022 | 434 | | |\n| Grey Hollow plant | | $69 million | March 2018 |"
    )
    found = outside(parse_markdown(markdown))
    assert [(c.text, c.verdict) for c in found] == [
        ("Ostrel, 2022, wind power made: 434 TWh", "supported"),
        ("Grey Hollow plant, cost: $69 million", "unsupported"),
        ("Grey Hollow plant, opened: March 2018", "supported"),
    ]


@pytest.mark.parametrize(
    ("unit", "shown", "fixed"),
    [
        ("TWh", "443", "434"),
        ("TWh", "*443* or so", "434 TWh or so"),
        ("GWh", "434", None),  # the head of the column is what is wrong
        (None, "443 TWh", "434 TWh"),
    ],
)
def test_a_correction_is_what_the_cell_itself_would_say(
    unit: str | None, shown: str, fixed: str | None
) -> None:
    columns = (Column(""), Column("wind power made", unit))
    claim = outside(table(("Ostrel, 2022", shown), columns=columns))[0]
    assert claim.verdict == "unsupported"
    assert (claim.correction and claim.correction.text) == fixed


def test_the_name_of_a_row_is_not_mended_in_its_cell() -> None:
    claim = outside(table(("Ostrel in 2021", "434 TWh"), columns=(Column(""), Column("wind power made"))))[0]
    assert (claim.verdict, claim.headline, claim.correction) == ("unsupported", "Date differs", None)


def test_a_cell_with_an_invented_source_is_not_removed_in_one_step() -> None:
    shown = "434 TWh (https://example.org/9.pdf)"
    claim = outside(table(("Ostrel", shown), columns=(Column(""), Column("wind power made in 2022"))))[0]
    assert (claim.headline, claim.correction) == ("Source not in this project", None)


def test_a_cell_of_an_agent_rests_on_its_citation_or_that_of_its_row() -> None:
    columns = (Column("plant"), Column("cost"), Column("opened"), Column("source"))
    rows = (
        ("Grey Hollow", "$96 million [[b1|cost $96 million]]", "May 2018", "[[b1]]"),
        ("Vance Ford", "$5 million", None, None),
    )
    document = table(*rows, columns=columns)
    claims = split_claims(document)
    cited = [check_cited(c, {"b1": SOURCE}) for c in claims if c.cites]
    assert [(c.text, c.verdict) for c in cited] == [
        ("Grey Hollow, cost: $96 million", "supported"),
        ("Grey Hollow, opened: May 2018", "unsupported"),
    ]
    bare = [check_computed(c, document, None) for c in claims if not c.cites]
    assert [(c.text, c.verdict) for c in bare] == [("Vance Ford, cost: $5 million", "uncited")]
    assert bare[0].checks[0].note == "it names no computation and cites nothing"
