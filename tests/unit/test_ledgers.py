"""The digest that a stored ledger is kept with."""

from typing import Any

import pytest

from proofroom.services.ledgers import seal

BASIS: dict[str, Any] = {"checks": 1, "sources": [["s1", 1, "Notes", None, False, None]], "blocks": "b"}
CLAIMS = [{"id": "c_1", "verdict": "supported", "anchors": [{"char_start": 3}]}]


def test_the_order_of_members_says_nothing() -> None:
    turned = [{key: claim[key] for key in reversed(claim)} for claim in CLAIMS]
    assert seal(dict(reversed(BASIS.items())), "d", turned) == seal(BASIS, "d", CLAIMS)


@pytest.mark.parametrize(
    ("basis", "content", "claims"),
    [
        (BASIS | {"checks": 2}, "d", CLAIMS),
        (BASIS | {"sources": [["s1", 2, "Notes", None, False, None]]}, "d", CLAIMS),
        (BASIS | {"blocks": "c"}, "d", CLAIMS),
        (BASIS, "e", CLAIMS),
        (BASIS, "d", []),
        (BASIS, "d", CLAIMS * 2),
        (BASIS, "d", [CLAIMS[0] | {"verdict": "partial"}]),
        (BASIS, "d", [CLAIMS[0] | {"anchors": [{"char_start": 4}]}]),
    ],
)
def test_every_part_counts(basis: dict[str, Any], content: str, claims: list[dict[str, Any]]) -> None:
    assert seal(basis, content, claims) != seal(BASIS, "d", CLAIMS)
