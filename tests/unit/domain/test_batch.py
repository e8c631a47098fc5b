"""What may be signed from a list, and why the rest may not."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.unit.domain.test_attention import claim, packet

from proofroom.domain.batch import batch_exceptions, in_hands_of, origin_exception

ME = "m1"
CALM = {"risk": {"level": "low"}, "effects": [{"kind": "record"}, {"kind": "folder"}]}


def why(shown: dict[str, Any], **more: Any) -> tuple[str, ...]:
    given: dict[str, Any] = {"kind": "final", "reasons": ["final"], "origin": None, "member_id": ME}
    return batch_exceptions(shown, **(given | more))


def test_routine_work_may_be_signed_with_others() -> None:
    assert why(packet(claim("c1", "supported"), **CALM)) == ()
    assert why(packet(**CALM, signing={"quorum": 1, "separate_duties": True, "barred": ["m2"]})) == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"risk": None}, "Its risk is not known."),
        ({"risk": {"level": "medium"}}, "Its risk is medium."),
        ({"risk": {"level": "beyond me"}}, "Its risk is not known."),
        ({"signing": {"quorum": 2}}, "It needs 2 signatures."),
        ({"signing": {"barred": [ME]}}, "You asked for this work or edited it."),
        ({"effects": [{"kind": "mail"}]}, "What it releases cannot be taken back."),
        ({"triggers": [{"id": "t", "kind": "conflict", "detail": None}]}, "Two sources disagree."),
        ({"triggers": [{"id": "t", "kind": "new", "detail": None}]}, "It stopped for: new."),
        ({"obligations": [{"id": "o", "state": "unmet"}]}, "1 thing in it needs you."),
        ({"artifact": {"high_impact": "public"}}, "1 thing in it needs you."),
    ],
)
def test_one_exception_is_enough(more: dict[str, Any], said: str) -> None:
    assert why(packet(**(CALM | more))) == (said,)


def test_every_reason_is_said() -> None:
    flagged = packet(
        claim("c1", "unsupported"), claim("c2", "uncited"), **(CALM | {"risk": {"level": "medium"}})
    )
    assert why(flagged, origin="It did not start from a template.") == (
        "It did not start from a template.", "2 things in it need you.", "Its risk is medium.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "reasons", "said"),
    [
        ("plan", ["plan"], ("It asks for a plan.",)),
        ("mid", ["question", "budget"], ("It asks a question.", "It asks for more budget.")),
        ("mid", [], ("It is not finished.",)),
        ("final", ["final", "low_confidence"], ("Its evidence is thin.",)),
    ],
)
def test_only_the_final_gate_is_signed_from_a_list(
    kind: str, reasons: list[str], said: tuple[str, ...]
) -> None:
    assert why(packet(**CALM), kind=kind, reasons=reasons) == said


ASKED = {
    "agent_type": "research", "task_description": "What is new?", "approval_strategy": "final_only", "config": {"n": 3}
}  # fmt: skip
SAYS = {"agent_type": "research", "task_description": None, "config": {"n": 3}}


def test_work_that_its_template_asks_for_each_time_has_no_exception() -> None:
    assert origin_exception(SAYS, ASKED) is None
    assert origin_exception(ASKED, ASKED) is None
    assert origin_exception({"agent_type": "research"}, ASKED | {"config": {}}) is None


def test_other_work_is_an_exception() -> None:
    assert origin_exception(None, None) == "It did not start from a template."
    assert origin_exception(None, ASKED) == "Its template is gone."
    for other, what in (
        ({"agent_type": "content"}, "the kind of work"),
        ({"task_description": "Write to the minister."}, "the task"),
        ({"approval_strategy": "checkpoint_required"}, "when it stops"),
        ({"config": {"n": 4}}, "n"),
        ({"config": None}, "n"),
        ({"agent_type": "content", "config": {"a": 1}}, "the kind of work, a, n"),
    ):
        said = origin_exception(SAYS | other, ASKED)
        assert said == f"It was asked for otherwise than its template says: {what}.", other


def test_a_review_is_in_the_hands_of_its_assignee_and_of_who_reads_it_now() -> None:
    me, ana, ben = (UUID(int=n) for n in (1, 2, 3))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    soon = now + timedelta(seconds=1)

    def hands(assignee: UUID | None, looks: dict[UUID, datetime]) -> tuple[UUID, ...]:
        return in_hands_of(assignee=assignee, looks=looks, now=now, member_id=me)

    assert hands(None, {}) == hands(me, {me: soon}) == ()
    assert hands(ana, {ben: soon}) == (ana, ben)
    assert hands(ana, {ana: soon}) == (ana,)
    assert hands(ana, {ben: now}) == (ana,)  # has looked away
    assert hands(None, {ben: soon}) == (ben,)
    assert hands(None, {ben: soon, me: soon, ana: soon}) == (ben, ana)
