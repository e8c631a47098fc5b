"""Votes: whose count, for which packet, and how many are needed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.errors import Conflict, NotAllowed
from proofroom.domain.signing import (
    Signing,
    require_may_sign,
    require_new_vote,
    signing_of,
    signing_to_json,
    standing,
)

members = st.sampled_from(["ada", "ben", "cho", "dee"])
votes = st.lists(st.fixed_dictionaries({"by": members, "packet_digest": st.sampled_from(["one", "two"])}))
signings = st.builds(
    Signing, st.integers(1, 9), st.booleans(), st.lists(members, unique=True, max_size=2).map(tuple)
)


@given(votes, st.sets(members), signings)
def test_only_votes_on_this_packet_by_those_who_may_sign_stand_and_nobody_counts_twice(
    given_votes: list[dict[str, Any]], able: set[str], signing: Signing
) -> None:
    stands = standing(given_votes, "one", able, signing)
    who = [v["by"] for v in stands]
    assert len(who) == len(set(who))
    assert all(v["packet_digest"] == "one" for v in stands)
    expected = {v["by"] for v in given_votes if v["packet_digest"] == "one"} & able - set(signing.barred)
    assert set(who) == expected


def test_a_vote_without_a_name_or_a_packet_never_stands() -> None:
    assert standing([{"packet_digest": "one"}, {"by": "ada"}], "one", {"ada"}, Signing()) == []


@given(signings)
def test_what_a_packet_asks_for_comes_back_as_it_was_written(signing: Signing) -> None:
    assert signing_of({"signing": signing_to_json(signing)}) == signing


def test_a_packet_that_says_nothing_needs_one_signature() -> None:
    assert signing_of({}) == signing_of({"signing": None}) == signing_of({"signing": {}}) == Signing()


def test_one_person_may_edit_and_sign_only_where_nobody_else_is_asked() -> None:
    assert Signing().alone
    assert not Signing(quorum=2).alone
    assert not Signing(separate_duties=True).alone


def test_who_asked_for_it_or_edited_it_is_told_so() -> None:
    signing = Signing(1, True, ("ada",))
    require_may_sign(signing, "ben", "Ben")
    with pytest.raises(NotAllowed) as refused:
        require_may_sign(signing, "ada", "Ada")
    assert refused.value.code == "duties_separated"
    assert "Ada" in refused.value.message
    assert refused.value.hint


def test_a_second_vote_of_one_person_is_refused() -> None:
    there = [{"by": "ada"}]
    require_new_vote(there, "ben", Signing(quorum=2))
    with pytest.raises(Conflict) as refused:
        require_new_vote(there, "ada", Signing(quorum=2))
    assert refused.value.code == "already_voted"
    assert "2" in refused.value.message
