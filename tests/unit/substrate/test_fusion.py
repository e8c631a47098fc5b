"""Fusion: half words, half meaning; nobody gains or loses by a vector that is not there yet."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.db.retrieval import Candidate
from proofroom.substrate import fusion


def block(n: int) -> UUID:
    return UUID(int=n)


def test_each_score_is_a_share_of_the_highest_and_the_two_count_alike() -> None:
    found = fusion.fuse(
        [Candidate(block(1), 8.0, 0.3), Candidate(block(2), 4.0, 0.6), Candidate(block(3), 0.0, 0.45)]
    )
    assert [(one.block_id, one.score) for one in found] == [
        (block(1), pytest.approx(0.75)),
        (block(2), pytest.approx(0.75)),
        (block(3), pytest.approx(0.375)),
    ]
    assert [one.matched for one in found] == [("text", "meaning"), ("text", "meaning"), ("meaning",)]


def test_a_block_without_a_vector_counts_by_its_words() -> None:
    found = fusion.fuse(
        [Candidate(block(1), 8.0, None), Candidate(block(2), 8.0, 0.6), Candidate(block(3), 4.0, None)]
    )
    assert [(one.block_id, one.score) for one in found] == [(block(1), 1.0), (block(2), 1.0), (block(3), 0.5)]
    assert found[0].matched == ("text",)


def test_what_shares_neither_word_nor_matter_is_not_found() -> None:
    far = Candidate(block(1), 0.0, 0.19)
    assert fusion.fuse([far, Candidate(block(2), 0.0, None)]) == []
    assert fusion.by_meaning([far]) == []
    (kept,) = fusion.fuse([far, Candidate(block(3), 1.0, -0.1)])
    assert (kept.block_id, kept.score, kept.matched) == (block(3), 0.5, ("text",))
    assert fusion.fuse([]) == []


def test_by_meaning_alone_the_score_is_the_cosine() -> None:
    found = fusion.by_meaning(
        [Candidate(block(1), 9.0, 0.3), Candidate(block(2), 0.0, 0.7), Candidate(block(3), 9.0, None)]
    )
    assert [(one.block_id, one.score) for one in found] == [(block(2), 0.7), (block(1), 0.3)]


candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(0, 2**64).map(block),
        st.floats(0, 100),
        st.none() | st.floats(-1, 1),
    ),
    unique_by=lambda one: one.block_id,
    max_size=12,
)


@given(candidates, st.randoms())
def test_the_order_does_not_depend_on_the_order_of_the_candidates(
    given_: list[Candidate], random: object
) -> None:
    shuffled = given_[:]
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    found = fusion.fuse(given_)
    assert found == fusion.fuse(shuffled)
    assert all(0 <= one.score <= 1 for one in found)
    # Better in both is never behind.
    at = {one.block_id: n for n, one in enumerate(found)}
    both = [one for one in given_ if one.block_id in at and one.cosine is not None]
    for a in both:
        for b in both:
            if a.text > b.text and (a.cosine or 0) > (b.cosine or 0):
                assert found[at[a.block_id]].score >= found[at[b.block_id]].score
