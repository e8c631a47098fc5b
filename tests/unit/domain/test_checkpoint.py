"""What a decision must satisfy: the digest of what was shown, and a word on each flagged claim."""

import copy
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import (
    MAX_UNDO_SECONDS,
    MAY_STAND,
    PACKET_VERSION,
    READ_PACKETS,
    Acknowledgement,
    AcknowledgementKind,
    CheckpointStatus,
    Decision,
    adds_a_flag,
    apart_from,
    check_acknowledged,
    check_reasons,
    flagged_claims,
    held_decision,
    in_version_2,
    only_the_rules_moved,
    packet_digest,
    require_digest,
)
from proofroom.domain.errors import Conflict, InvalidInput, PreconditionRequired, ProofroomError
from proofroom.domain.evidence.model import Verdict


def claim(id_: str, verdict: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "n": 1, "text": f"Text of {id_}.", "verdict": verdict, **more}


def packet(*artifacts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": PACKET_VERSION,
        "artifacts": [
            {"artifact_id": f"a{n}", "claims": claims} for n, claims in enumerate(artifacts, start=1)
        ],
    }


def names_a_way_out(error: ProofroomError, code: str) -> None:
    assert error.code == code
    assert error.message
    assert error.hint


SHOWN = packet([claim("c_1", "supported"), claim("c_2", "unsupported")], [claim("c_3", "conflict")])


def test_the_names_of_the_interface() -> None:
    assert [s.value for s in CheckpointStatus] == [
        "pending_review", "approved", "rejected", "changes_requested", "expired", "superseded",
    ]  # fmt: skip
    assert [d.value for d in Decision] == ["approve", "request_changes", "reject"]
    assert [k.value for k in AcknowledgementKind] == ["accepted", "check_was_wrong"]
    assert Acknowledgement("c_1", "It is right.").kind is AcknowledgementKind.ACCEPTED
    assert PACKET_VERSION == 3
    assert PACKET_VERSION in READ_PACKETS
    assert 0 < MAX_UNDO_SECONDS <= 60


@pytest.mark.parametrize(
    ("status", "pending", "decision", "held"),
    [
        ("pending_review", False, None, None),
        ("pending_review", False, {"decision": "reject"}, None),
        ("rejected", True, {"decision": "reject"}, None),
        *(("pending_review", True, {"decision": one.value}, one) for one in Decision),
        ("pending_review", True, {"decision": "let go"}, Decision.APPROVE),
        ("pending_review", True, None, Decision.APPROVE),
    ],
)
def test_the_decision_that_can_still_be_taken_back(
    status: str, pending: bool, decision: dict[str, Any] | None, held: Decision | None
) -> None:
    assert held_decision(status, pending, decision) is held


def test_a_packets_digest_is_that_of_its_canonical_json() -> None:
    assert packet_digest(SHOWN) == digest(copy.deepcopy(SHOWN))
    assert packet_digest({"a": 1, "b": 2}) == packet_digest({"b": 2, "a": 1})
    assert len(packet_digest(SHOWN)) == 64


@pytest.mark.parametrize("given_digest", [None, ""])
def test_a_decision_without_a_digest(given_digest: str | None) -> None:
    with pytest.raises(PreconditionRequired) as caught:
        require_digest(given_digest, SHOWN, packet_digest(SHOWN))
    names_a_way_out(caught.value, "packet_digest_required")


def test_a_decision_on_exactly_what_is_there() -> None:
    require_digest(packet_digest(SHOWN), SHOWN, packet_digest(SHOWN))


@pytest.mark.parametrize(
    "other",
    [
        "0" * 64,
        packet_digest(SHOWN).upper(),
        packet_digest(SHOWN)[:-1],
        packet_digest(SHOWN) + " ",
        packet_digest({}),
    ],
)
def test_a_decision_on_another_packet(other: str) -> None:
    with pytest.raises(Conflict) as caught:
        require_digest(other, SHOWN, packet_digest(SHOWN))
    names_a_way_out(caught.value, "stale_packet")


@pytest.mark.parametrize(
    "change", [{"version": 99}, {"task": "x"}, {"cost": float("nan")}, {"title": "\ud800"}]
)
def test_a_packet_altered_behind_its_digest_decides_nothing(change: dict[str, Any]) -> None:
    stored = packet_digest(SHOWN)
    altered = {**SHOWN, **change}
    for named in (stored, "0" * 64):
        with pytest.raises(Conflict) as caught:
            require_digest(named, altered, stored)
        names_a_way_out(caught.value, "packet_altered")


def test_a_decision_that_names_the_altered_packet_is_refused_too() -> None:
    altered = {**SHOWN, "version": 99}
    with pytest.raises(Conflict) as caught:
        require_digest(packet_digest(altered), altered, packet_digest(SHOWN))
    names_a_way_out(caught.value, "packet_altered")


@pytest.mark.parametrize(
    ("verdict", "flagged"),
    [
        ("supported", False),
        ("partial", False),
        ("uncited", False),
        ("unsupported", True),
        ("conflict", True),
        ("Supported", True),
        ("", True),
        (None, True),
    ],
)
@pytest.mark.parametrize("opinion", [None, False, True])
def test_what_must_be_settled(verdict: Any, flagged: bool, opinion: bool | None) -> None:
    """An unknown verdict counts as a flag, and the label `opinion` lifts none."""
    more = {} if opinion is None else {"opinion": opinion}
    shown = packet([claim("c_1", verdict, **more)])
    assert [c["id"] for _, c in flagged_claims(shown)] == (["c_1"] if flagged else [])


def test_a_claim_without_a_verdict_is_flagged() -> None:
    assert flagged_claims({"artifacts": [{"artifact_id": "a", "claims": [{"id": "c_1", "text": "x"}]}]})


def test_flagged_claims_come_in_reading_order_with_their_artifact() -> None:
    assert [(a["artifact_id"], c["id"]) for a, c in flagged_claims(SHOWN)] == [("a1", "c_2"), ("a2", "c_3")]


def test_each_verdict_either_stands_or_must_be_settled() -> None:
    assert set(get_args(Verdict)) - MAY_STAND == {"conflict", "unsupported"}
    assert set(get_args(Verdict)) > MAY_STAND


@pytest.mark.parametrize("empty", [{}, {"artifacts": []}, {"artifacts": [{"artifact_id": "a"}]}, packet([])])
def test_a_packet_without_claims_needs_no_word(empty: dict[str, Any]) -> None:
    assert flagged_claims(empty) == []
    check_acknowledged(empty, [])


def acknowledged(*ids: str, reason: str = "I was there.") -> list[Acknowledgement]:
    return [Acknowledgement(i, reason) for i in ids]


def test_each_flag_with_a_reason_may_be_signed() -> None:
    check_acknowledged(SHOWN, acknowledged("c_2", "c_3"))
    check_acknowledged(SHOWN, acknowledged("c_3", "c_2", "c_2", "c_1"))


def test_a_flag_passed_over_in_silence() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_acknowledged(SHOWN, acknowledged("c_2"))
    names_a_way_out(caught.value, "unacknowledged_claims")
    assert caught.value.field == "acknowledged"
    assert caught.value.message.startswith("1 flagged claim must")
    assert caught.value.extra["claims"] == [
        {"claim_id": "c_3", "n": 1, "artifact_id": "a2", "text": "Text of c_3.", "verdict": "conflict"}
    ]


def test_all_flags_passed_over_are_listed() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_acknowledged(SHOWN, acknowledged("c_1"))
    assert caught.value.message.startswith("2 flagged claims must")
    listed: Any = caught.value.extra["claims"]
    assert [c["claim_id"] for c in listed] == ["c_2", "c_3"]


@pytest.mark.parametrize("reason", ["", " ", "\n\t "])
@pytest.mark.parametrize("claim_id", ["c_2", "c_1"])
def test_a_reason_is_a_reason(claim_id: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_acknowledged(SHOWN, [*acknowledged("c_2", "c_3"), Acknowledgement(claim_id, reason)])
    names_a_way_out(caught.value, "reason_required")
    assert caught.value.field == "acknowledged"


def test_a_reason_for_one_claim_is_none_for_another_of_the_same_id() -> None:
    """Two texts of one id are found in seconds."""
    shown = packet([claim("c_1", "unsupported", text="A box.")], [claim("c_1", "conflict", text="A cure.")])
    with pytest.raises(InvalidInput) as refused:
        check_acknowledged(shown, [Acknowledgement("c_1", "It is a box.")])
    assert refused.value.code == "unacknowledged_claims"
    assert str(refused.value.extra["claims"]).count("'text'") == 2


def test_a_claim_of_another_packet() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_acknowledged(SHOWN, acknowledged("c_2", "c_3", "c_99"))
    names_a_way_out(caught.value, "unknown_claim")
    assert caught.value.field == "acknowledged"
    assert "c_99" in caught.value.message


VERDICTS = st.sampled_from(["supported", "partial", "uncited", "unsupported", "conflict"])


@given(st.dictionaries(st.sampled_from("abcdefgh"), VERDICTS), st.sets(st.sampled_from("abcdefgh")))
def test_signing_is_refused_exactly_when_a_flag_has_no_reason(
    verdicts: dict[str, str], named: set[str]
) -> None:
    shown = packet([claim(k, v) for k, v in verdicts.items()])
    missing = {k for k, v in verdicts.items() if v in ("unsupported", "conflict")} - named
    known = sorted(named & verdicts.keys())
    if missing:
        with pytest.raises(InvalidInput):
            check_acknowledged(shown, acknowledged(*known))
    else:
        check_acknowledged(shown, acknowledged(*known))


@pytest.mark.parametrize(
    ("before", "after", "settled", "adds"),
    [
        ([], [claim("c_1", "supported")], [], False),
        ([], [claim("c_1", "unsupported")], [], True),
        ([], [claim("c_1", "unsupported")], ["c_1"], False),
        ([claim("c_1", "supported")], [claim("c_1", "conflict")], [], True),
        ([claim("c_1", "unsupported")], [claim("c_1", "unsupported")], [], False),
        ([claim("c_1", "unsupported")], [claim("c_2", "unsupported")], ["c_1"], True),
        ([claim("c_1", "unsupported")], [], [], False),
        ([], [claim("c_1", "unsupported", opinion=True)], [], True),
        ([claim("c_1", "conflict")], [claim("c_1", "conflict"), claim("c_1_2", "conflict")], [], True),
    ],
)
def test_whether_an_edit_adds_a_flag(
    before: list[dict[str, Any]], after: list[dict[str, Any]], settled: list[str], adds: bool
) -> None:
    assert adds_a_flag(packet(before), packet(after), settled) is adds


def test_a_packet_apart_from_edited_artifacts_keeps_everything_else() -> None:
    packet = {
        "task": "t",
        "summary": {"claims": 2},
        "artifacts": [{"artifact_id": "a"}, {"artifact_id": "b"}],
        "effects": [{"kind": "record"}, {"kind": "notice"}],
    }
    assert apart_from(packet, ()) == packet
    assert apart_from(packet, {"a"}) == {
        "task": "t",
        "artifacts": [{"artifact_id": "b"}],
        "effects": [{"kind": "record"}],
    }


def test_edits_may_change_whether_what_was_asked_for_is_met_and_nothing_else_of_it() -> None:
    def packet(comment: str, state: str, note: str) -> dict[str, Any]:
        one = {"id": "o", "comment": comment, "state": state, "note": note}
        return {"artifacts": [{"artifact_id": "a"}], "effects": [], "obligations": [one]}

    before = packet("must contain: x", "unmet", "“x” is not in it.")
    mended = packet("must contain: x", "met", "“x” stands in it.")
    other = packet("must contain: y", "met", "“y” stands in it.")
    assert apart_from(before, {"a"}) == apart_from(mended, {"a"})
    assert apart_from(before, {"a"}) != apart_from(other, {"a"})
    assert apart_from(before, ()) != apart_from(mended, ())


def test_only_the_rules_of_signing_moved() -> None:
    signed = SHOWN | {"policy": {"version": 1}, "task": "x"}
    assert only_the_rules_moved(signed, signed | {"policy": {"version": 2}, "signing": {"quorum": 2}})
    assert not only_the_rules_moved(signed, signed | {"policy": {"version": 2}, "task": "y"})
    assert only_the_rules_moved(signed | {"version": 1}, signed | {"task": "y"})


def test_a_packet_of_the_version_before_keeps_its_form() -> None:
    carried_from = {"name": "R", "decision": "request_changes"}
    shown: dict[str, Any] = dict(SHOWN)
    now = shown | {"task_configuration": {"x": 1}, "carried_from": carried_from}
    listed: list[dict[str, Any]] = shown["artifacts"]
    now["artifacts"] = [a | {"kept_before": []} for a in listed]
    older = in_version_2(now)
    assert older == shown | {"version": 2, "carried_from": {"name": "R"}}
    assert in_version_2(now | {"carried_from": None})["carried_from"] is None
    assert "task_configuration" in now


def test_a_reason_is_about_a_claim_and_has_words() -> None:
    check_reasons(SHOWN, [Acknowledgement("c_2", "It is right.")])
    for wrong, code in (
        (Acknowledgement("c_9", "x"), "unknown_claim"),
        (Acknowledgement("c_2", " "), "reason_required"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check_reasons(SHOWN, [wrong])
        assert refused.value.code == code
