"""What needs a person, first things first, whatever a packet holds."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofroom.domain.attention import attention

SAY = {
    "labels": ["Draft says", "Source says"],
    "draft": {"text": "a loss of 327 million", "mark": None},
    "source": {"text": "a loss of 125 million", "mark": None},
}


def claim(id_: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_, "n": 1, "text": f"Text of {id_}.", "verdict": verdict, "headline": "A number differs",
        "needs_you": verdict != "supported", "say": None, **more,
    }  # fmt: skip


def packet(*claims: dict[str, Any], **more: Any) -> dict[str, Any]:
    artifact = {"artifact_id": "a1", "title": "The note", "high_impact": None, "claims": list(claims)}
    return {"artifacts": [artifact | more.pop("artifact", {})], "triggers": [], "obligations": [], **more}


def test_the_weightiest_stands_first() -> None:
    shown = packet(
        claim("c1", "uncited"), claim("c2", "partial"), claim("c3", "conflict"), claim("c4", "supported"),
        claim("c5", "unsupported"), claim("c6", "beyond_me", needs_you=True),
        artifact={"high_impact": "public"},
        triggers=[
            {"id": "t1", "kind": "low_confidence", "detail": {"because": ["2 of 3 claims are thin."]}},
            {"id": "t2", "kind": "suspicious_source", "detail": {"sources": ["Notes", "Mail"]}},
            {"id": "t3", "kind": "budget", "detail": {"text": "used up"}},
        ],
        obligations=[
            {"id": "o1", "comment": "Say when.", "state": "open"},
            {"id": "o2", "comment": "Name it.", "state": "met"},
            {"id": "o3", "comment": "Cite it.", "state": "regressed"},
            {"id": "o4", "comment": "Drop it.", "state": "unmet"},
        ],
    )  # fmt: skip
    found = attention(shown)
    assert [(i["kind"], i["claim_id"] or i["obligation_id"]) for i in found] == [
        ("beyond_me", "c6"), ("unsupported", "c5"), ("conflict", "c3"), ("partial", "c2"), ("uncited", "c1"),
        ("high_impact", None), ("suspicious_source", None), ("obligation", "o3"), ("obligation", "o4"),
        ("obligation", "o1"), ("low_confidence", None),
    ]  # fmt: skip
    assert [i["sentence"] for i in found[5:]] == [
        "“The note”: It is meant for the public.",
        "“Notes”, “Mail” reads like an instruction to the agent.",
        "It was mended before and is not any more: “Cite it.”",
        "It was asked for and is not there: “Drop it.”",
        "It was asked for; whether it is done is yours to judge: “Say when.”",
        "2 of 3 claims are thin.",
    ]
    assert found[0]["artifact_id"] == "a1"
    assert all("rank" not in item for item in found)


def test_a_flag_is_one_sentence_with_both_sides() -> None:
    (item,) = attention(packet(claim("c1", "unsupported", say=SAY)))
    assert item["sentence"] == "Draft says “a loss of 327 million”; source says “a loss of 125 million”"
    named = SAY | {"labels": ["Draft and Minutes say", "Harbour press says"]}
    (item,) = attention(packet(claim("c1", "conflict", say=named)))
    assert item["sentence"].endswith("; Harbour press says “a loss of 125 million”")  # a title as it is
    (bare,) = attention(packet(claim("c1", "uncited")))
    assert bare["sentence"] == "A number differs: Text of c1."
    (odd,) = attention(packet(claim("c1", "uncited", headline=None, say={"labels": "Draft says"})))
    assert odd["sentence"] == "It needs you: Text of c1."


@pytest.mark.parametrize("verdict", ["unsupported", "conflict", "something_new"])
def test_a_flag_is_listed_even_where_its_mark_is_missing(verdict: str) -> None:
    (item,) = attention(packet(claim("c1", verdict, needs_you=False)))
    assert item["kind"] == verdict


@pytest.mark.parametrize(
    ("impact", "words"),
    [
        ("external_recipient", "It is meant for somebody outside."),
        ("legal", "It speaks on a legal matter."),
        ("medical", "It speaks on a medical matter."),
        ("financial", "It speaks on a financial matter."),
        ("cosmic", "It is marked cosmic."),
    ],
)
def test_high_impact_says_why(impact: str, words: str) -> None:
    (item,) = attention(packet(artifact={"high_impact": impact}))
    assert (item["kind"], item["sentence"]) == ("high_impact", f"“The note”: {words}")


def test_triggers_without_words_still_say_something() -> None:
    triggers = [
        {"kind": "suspicious_source", "detail": None},
        {"kind": "review_requested", "detail": {"text": "Have a look."}},
        {"kind": "low_confidence", "detail": {}},
    ]
    assert [i["sentence"] for i in attention(packet(triggers=triggers))] == [
        "A source reads like an instruction to the agent.", "Have a look.", "The agent has doubts.",
    ]  # fmt: skip
    (item,) = attention(packet(obligations=[{"id": "o", "comment": "X.", "state": "odd"}]))
    assert item["sentence"] == "It was asked for: “X.”"


def test_nothing_needs_a_person_where_all_is_supported() -> None:
    assert attention(packet(claim("c1", "supported"))) == []
    assert attention({}) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def loose(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these members, each of its own kind or of any."""
    return st.fixed_dictionaries({}, optional={k: v | json_values for k, v in members.items()})


sides = loose(text=st.text(max_size=5))
claims = loose(
    id=st.just("c"), verdict=st.sampled_from(["supported", "conflict", "new"]), needs_you=st.booleans(),
    say=loose(labels=st.lists(st.text(max_size=5), max_size=3), draft=sides, source=sides),
)  # fmt: skip
packets = loose(
    artifacts=st.lists(loose(claims=st.lists(claims | json_values, max_size=3)) | json_values, max_size=2),
    triggers=st.lists(
        loose(
            kind=st.sampled_from(["suspicious_source", "low_confidence"]),
            detail=loose(sources=json_values, because=json_values),
        ),
        max_size=2,
    ),
    obligations=st.lists(loose(state=st.sampled_from(["met", "open"])), max_size=2),
)


# Drawing whole packets is slow on a busy machine; what is tested does not depend on it.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(packets)
def test_whatever_a_packet_holds_it_is_read_and_left_as_it_was(shown: dict[str, Any]) -> None:
    before = copy.deepcopy(shown)
    found = attention(shown)
    assert shown == before
    keys = {"kind", "sentence", "artifact_id", "claim_id", "obligation_id", "n"}
    for item in found:
        assert set(item) == keys
        assert isinstance(item["sentence"], str)
        assert item["sentence"]


def test_what_is_no_object_is_passed_over() -> None:
    claim = {
        "id": "c",
        "verdict": "unsupported",
        "needs_you": True,
        "text": "It rose.",
        "headline": "Differs",
    }
    found = attention({"artifacts": ["x", {"artifact_id": "a", "claims": [1, claim, None]}], "triggers": [2]})
    assert [item["claim_id"] for item in found] == ["c"]
