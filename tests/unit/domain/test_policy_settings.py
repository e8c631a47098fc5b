"""A project's settings: what is sent is read strictly, what is stored comes back the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.errors import InvalidInput
from proofroom.domain.policy_settings import (
    MAX_HOURS,
    MAX_QUORUM,
    PolicySettings,
    settings_from_json,
    settings_to_json,
    stored_settings,
)
from proofroom.domain.risk import Consequence

quorums = st.dictionaries(st.sampled_from(Consequence), st.integers(1, MAX_QUORUM))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=True)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("quorum", "separate_duties", "policy_may_sign", "due_hours", "remind_hours", "expire_hours")


@st.composite
def settings(draw: st.DrawFn) -> PolicySettings:
    hours = st.floats(0.1, MAX_HOURS / 2)
    due = draw(st.none() | hours)
    return PolicySettings(
        quorum=draw(quorums),
        separate_duties=draw(st.booleans()),
        policy_may_sign=draw(st.none() | st.booleans()),
        due_hours=due,
        remind_hours=None if due is None else draw(st.none() | st.just(due / 2)),
        expire_hours=draw(st.none() | st.just((due or 1.0) * 2)),
    )


@given(settings())
def test_settings_come_back_as_they_were_stored(held: PolicySettings) -> None:
    stored = settings_to_json(held)
    again = settings_from_json(stored)
    assert settings_to_json(again) == stored
    assert {c: again.needed(c) for c in Consequence} == {c: held.needed(c) for c in Consequence}
    assert (again.separate_duties, again.policy_may_sign) == (held.separate_duties, held.policy_may_sign)
    assert (again.due_hours, again.remind_hours, again.expire_hours) == (
        held.due_hours, held.remind_hours, held.expire_hours,
    )  # fmt: skip


def test_what_was_never_set_is_one_signature_and_no_times() -> None:
    assert settings_to_json(settings_from_json({})) == {
        "quorum": {
            "internal_draft": 1, "internal_record": 1, "named_recipient": 1, "public": 1,
        },
        "separate_duties": False, "policy_may_sign": None, "due_hours": None, "remind_hours": None,
        "expire_hours": None,
    }  # fmt: skip
    assert settings_from_json({"quorum": None}).needed(Consequence.PUBLIC) == 1


def test_one_number_holds_for_every_consequence() -> None:
    held = settings_from_json({"quorum": 3})
    assert {held.needed(c) for c in Consequence} == {3}


def attempt(sent: dict[str, Any]) -> PolicySettings | InvalidInput:
    try:
        return settings_from_json(sent)
    except InvalidInput as refused:
        return refused


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), json_values, max_size=4))
def test_whatever_is_sent_is_either_settings_or_a_problem_with_its_field(sent: dict[str, Any]) -> None:
    held = attempt(sent)
    if isinstance(held, InvalidInput):
        assert (held.code, held.field is None, bool(held.hint)) == ("policy_invalid", False, True)
        return
    assert all(1 <= held.needed(c) <= MAX_QUORUM for c in Consequence)
    for hours in (held.due_hours, held.remind_hours, held.expire_hours):
        assert hours is None or 0 < hours <= MAX_HOURS


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"quorums": 2}, "quorums"),
        ({"quorum": 0}, "quorum.internal_draft"),
        ({"quorum": MAX_QUORUM + 1}, "quorum.internal_draft"),
        ({"quorum": True}, "quorum.internal_draft"),
        ({"quorum": "2"}, "quorum.internal_draft"),
        ({"quorum": {"public": 1.5}}, "quorum.public"),
        ({"quorum": {"everybody": 2}}, "quorum"),
        ({"separate_duties": None}, "separate_duties"),
        ({"separate_duties": 1}, "separate_duties"),
        ({"policy_may_sign": "yes"}, "policy_may_sign"),
        ({"due_hours": 0}, "due_hours"),
        ({"due_hours": -1}, "due_hours"),
        ({"due_hours": True}, "due_hours"),
        ({"due_hours": "24"}, "due_hours"),
        ({"due_hours": float("nan")}, "due_hours"),
        ({"due_hours": MAX_HOURS + 1}, "due_hours"),
        ({"remind_hours": 1}, "remind_hours"),
        ({"due_hours": 4, "remind_hours": 4}, "remind_hours"),
        ({"due_hours": 4, "expire_hours": 3}, "expire_hours"),
        ({"expire_hours": []}, "expire_hours"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(sent: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        settings_from_json(sent)
    assert (refused.value.code, refused.value.field) == ("policy_invalid", field)


def test_a_review_may_expire_at_the_moment_that_it_is_due() -> None:
    held = settings_from_json({"due_hours": 4, "remind_hours": 1, "expire_hours": 4})
    assert (held.due_hours, held.remind_hours, held.expire_hours) == (4.0, 1.0, 4.0)
    assert settings_from_json({"expire_hours": 1}).expire_hours == 1.0


@given(settings())
def test_settings_of_a_later_release_are_read_without_what_is_not_known_here(held: PolicySettings) -> None:
    stored = settings_to_json(held)
    assert settings_to_json(stored_settings(stored | {"moon": "full"})) == stored
