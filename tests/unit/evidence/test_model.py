"""Claims as JSON, and the summary."""

# ruff: noqa: E501 -- one case a line

from typing import Any

import pytest

from proofroom.domain.errors import InvalidInput
from proofroom.domain.evidence import (
    Anchor,
    Check,
    Claim,
    Correction,
    Say,
    Side,
    claim_from_json,
    claim_to_json,
    summary,
)


def claim(verdict: Any = "unsupported", *, opinion: bool = False, full: bool = True) -> Claim:
    return Claim(
        "c_1", 1, "text", "sentence", (0, 2), 3, 7, verdict, opinion, "Number differs", "Number: 5 or 4",
        Say(Side("a 5", (2, 3)), Side("a 4", None)) if full else None,
        (Check("number", "differs", "5", "4", "note"), Check("meaning", "not_compared")),
        (Anchor("s", 1, "b", 2, 10, 11, "4", "Title", "differs"),),
        Correction("Use 4", "a 4") if full else None,
    )  # fmt: skip


def test_json_has_the_shape_of_the_packet() -> None:
    assert claim_to_json(claim()) == {
        "id": "c_1", "n": 1, "text": "text", "kind": "sentence", "path": [0, 2], "char_start": 3, "char_end": 7,
        "verdict": "unsupported", "opinion": False, "needs_you": True, "headline": "Number differs", "short": "Number: 5 or 4",
        "say": {"draft": {"text": "a 5", "mark": [2, 3]}, "source": {"text": "a 4", "mark": None}, "labels": ["Draft says", "Source says"]},
        "checks": [
            {"kind": "number", "result": "differs", "draft": "5", "source": "4", "note": "note"},
            {"kind": "meaning", "result": "not_compared", "draft": None, "source": None, "note": None},
        ],
        "anchors": [{
            "source_id": "s", "version": 1, "block_id": "b", "page": 2, "char_start": 10, "char_end": 11, "quote": "4",
            "source_title": "Title", "role": "differs",
        }],
        "correction": {"label": "Use 4", "text": "a 4"},
    }  # fmt: skip


@pytest.mark.parametrize("full", [True, False])
def test_json_round_trip(full: bool) -> None:
    assert claim_from_json(claim_to_json(claim(full=full))) == claim(full=full)


@pytest.mark.parametrize(
    "value", [{}, {"say": None, "correction": None}, claim_to_json(claim()) | {"path": 3}]
)
def test_what_is_no_claim_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        claim_from_json(value)
    assert caught.value.code == "claim_invalid"


def test_who_needs_a_person() -> None:
    all_of_them = [claim(v) for v in ("supported", "partial", "unsupported", "conflict", "uncited")]
    assert [c.needs_you for c in all_of_them] == [False, True, True, True, True]
    assert not claim("uncited", opinion=True).needs_you
    assert summary(all_of_them) == {"claims": 5, "needs_you": 4, "passed": 1, "opinions": 0}
    both = [claim("uncited", opinion=True), claim("supported", opinion=True)]
    assert summary(both) == {"claims": 2, "needs_you": 0, "passed": 1, "opinions": 1}
