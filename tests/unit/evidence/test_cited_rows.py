"""A report's sentence that cites a row of a table, with all rows of the table near."""

import pytest

from proofroom.domain.document import Ref, parse_markdown
from proofroom.domain.evidence import Claim, Passage, check_cited, split_claims

COLUMNS = ("year", "source", "net_generation_thousand_mwh")
ROWS = ("2021,Wind,378197", "2022,Wind,434297", "2022,Solar,140798", "2023,Wind,425235", "2023,Solar,161651")
NEAR = [
    Passage(
        source_id="s",
        version=1,
        block_id=f"b{i}",
        source_title="Table",
        page=None,
        char_start=i * 20,
        char_end=i * 20 + len(row),
        text=row,
        kind="table_row",
        cells=tuple(zip(COLUMNS, row.split(","), strict=True)),
    )
    for i, row in enumerate(ROWS)
]


def check(sentence: str) -> Claim:
    cited = {"b1": NEAR[3]}
    document = parse_markdown(
        f"{sentence} [[b1|2023,Wind,425235]]", title="T", refs={"b1": Ref("s", 1, NEAR[3].block_id)}
    )
    (claim,) = split_claims(document)
    return check_cited(claim, cited, NEAR)


@pytest.mark.parametrize(
    ("sentence", "verdict", "headline"),
    [
        (
            "Wind generation was 425,235 thousand megawatthours in 2023.",
            "supported",
            "Passed automatic checks",
        ),
        (
            "Wind generation fell in 2023, to 425,235 thousand megawatthours.",
            "supported",
            "Passed automatic checks",
        ),
        (
            "Wind generation rose in 2023, to 425,235 thousand megawatthours.",
            "unsupported",
            "Direction differs",
        ),
        ("Wind generation fell in 2023, to 525,235 thousand megawatthours.", "unsupported", "Number differs"),
    ],
)
def test_the_row_that_is_cited_is_among_the_rows_near_it(sentence: str, verdict: str, headline: str) -> None:
    claim = check(sentence)
    assert (claim.verdict, claim.headline) == (verdict, headline)
