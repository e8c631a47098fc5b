"""Risk: who will see what is signed, whether it can be taken back, and what speaks against it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.risk import (
    REVERSIBLE_EFFECTS,
    Consequence,
    Level,
    assess,
    consequence_of,
    risk_to_json,
    thin_evidence,
)

ORDER = list(Consequence)
effects = st.lists(
    st.fixed_dictionaries({"kind": st.sampled_from(["record", "folder", "notice", "webhook", ""])}),
    max_size=4,
)
artifacts = st.lists(
    st.fixed_dictionaries(
        {
            "high_impact": st.sampled_from(
                [None, "public", "external_recipient", "legal", "medical", "financial"]
            )
        }
    ),
    max_size=4,
)
counts = st.integers(0, 3)


@pytest.mark.parametrize(
    ("kinds", "impacts", "expected"),
    [
        ([], [], "internal_draft"),
        (["record"], [None], "internal_draft"),
        (["record", "folder"], [], "internal_record"),
        (["record", "notice"], [], "named_recipient"),
        (["record"], ["legal"], "named_recipient"),
        (["record"], ["external_recipient"], "named_recipient"),
        (["record"], [None, "public"], "public"),
        (["somewhere"], [], "public"),
        ([None], [], "public"),
    ],
)
def test_the_consequence_is_the_gravest_of_all(
    kinds: list[str | None], impacts: list[str | None], expected: str
) -> None:
    found = consequence_of([{"kind": k} for k in kinds], [{"high_impact": i} for i in impacts])
    assert found.value == expected


@given(effects, artifacts, effects, artifacts)
def test_more_effects_never_make_it_less_grave(
    some: list[dict[str, Any]],
    shown: list[dict[str, Any]],
    more: list[dict[str, Any]],
    also: list[dict[str, Any]],
) -> None:
    before, after = consequence_of(some, shown), consequence_of([*some, *more], [*shown, *also])
    assert ORDER.index(before) <= ORDER.index(after)


@given(effects, artifacts, counts, counts, counts)
def test_low_means_that_nothing_speaks_against_it(
    some: list[dict[str, Any]], shown: list[dict[str, Any]], flags: int, triggers: int, overturned: int
) -> None:
    risk = assess(some, shown, flags=flags, triggers=triggers, overturned=overturned)
    calm = not (flags or triggers or overturned)
    inside = risk.consequence in (Consequence.INTERNAL_DRAFT, Consequence.INTERNAL_RECORD)
    assert risk.reversible == all(e["kind"] in REVERSIBLE_EFFECTS for e in some)
    assert (risk.level is Level.LOW) == (calm and inside and risk.reversible)
    assert (risk.level is Level.HIGH) == (not inside or not risk.reversible)
    assert risk.because
    assert all(line.endswith(".") for line in risk.because)


def test_the_reasons_are_said_in_full_the_weightiest_first() -> None:
    risk = assess([{"kind": "notice"}], [], flags=1, triggers=2, overturned=1)
    assert risk.because == (
        "It is meant for somebody outside.",
        "What it releases cannot be taken back.",
        "1 claim needs a person.",
        "2 doubts came up during the work.",
        "1 piece of this kind was lately sent back or rejected.",
    )
    calm = assess([{"kind": "folder"}], [], flags=0, triggers=0)
    assert risk_to_json(calm) == {
        "level": "low", "consequence": "internal_record", "reversible": True,
        "because": [
            "It is written where others of this organisation work with it.",
            "What it releases can be taken back.",
            "No claim is flagged.",
        ],
    }  # fmt: skip
    several = assess([], [], flags=2, triggers=1, overturned=3)
    assert several.because == (
        "2 claims need a person.",
        "1 doubt came up during the work.",
        "3 pieces of this kind were lately sent back or rejected.",
    )


def test_evidence_is_thin_below_the_share_that_must_have_passed() -> None:
    claims = [{"needs_you": True}, {"needs_you": False}, {"needs_you": True}]
    assert thin_evidence(claims, 0.5) == "2 of 3 claims found no firm support in the sources."
    assert thin_evidence(claims[:1], 0.5) == "1 of 1 claim found no firm support in the sources."
    assert thin_evidence(claims[:2], 0.5) is None
    assert thin_evidence(claims, 0.0) is None
    assert thin_evidence([], 1.0) is None
