"""What goes into an envelope: weights, room, repetitions, a source's share, both sides of a disagreement."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.contradictions import Contradiction, Place
from proofroom.domain.selection import (
    MOST_PULLED,
    Candidate,
    ContextWeights,
    Left,
    select,
    side_by_side,
    weigh,
)

SHIPS = "The quay of Norden holds 40 ships."
FEWER = "The quay of Norden holds 14 ships."


def candidate(n: int, text: str = "", source: str = "s", cost: int = 10, **more: bool) -> Candidate:
    text = text or f"Passage number{n:03d}."
    return Candidate(str(n), source, f"Title {source}", text, None, cost, **more)


def test_a_weight_multiplies_and_what_is_not_named_has_one() -> None:
    weights = ContextWeights(
        kind={"table_row": 1.5},
        content_type={"text/csv": 2, "text/*": 0.5},
        origin={"approved": 0.5},
        recency=0.1,
    )
    about = {"kind": "paragraph", "content_type": "application/pdf", "origin": "captured", "age": 1.0}
    assert weigh(2.0, weights, **about) == 2.0  # type: ignore[arg-type]
    assert weigh(2.0, weights, kind="table_row", content_type="text/csv", origin="approved", age=1.0) == 3.0
    assert weigh(2.0, weights, kind="quote", content_type="text/html", origin="captured", age=1.0) == 1.0
    assert weigh(2.0, weights, kind="quote", content_type="", origin="captured", age=0.0) == pytest.approx(
        2.2
    )
    assert weights.to_json() == {
        "kind": {"table_row": 1.5},
        "content_type": {"text/csv": 2, "text/*": 0.5},
        "origin": {"approved": 0.5},
        "recency": 0.1,
        "most_per_source": 1.0,
    }


def test_the_best_that_fit_and_why_the_others_do_not() -> None:
    made = select(
        [candidate(0), candidate(1, cost=95), candidate(2), candidate(3, "passage NUMBER000.")],
        30,
        full="full",
    )
    assert made.taken == (0, 2)
    assert made.left == (
        Left(1, "budget", "full"),
        Left(3, "duplicate", "the same words as in “Title s”", 0),
    )


def test_rows_of_a_table_are_never_repetitions() -> None:
    rows = [candidate(n, "2023;Wind;5", compared=False) for n in range(3)]
    assert select(rows, 100).taken == (0, 1, 2)


def test_no_source_takes_it_all_while_others_wait() -> None:
    many = [candidate(n, source="big") for n in range(8)] + [candidate(n, source="small") for n in (8, 9)]
    assert select(many, 50).taken == (0, 1, 2, 3, 4)
    made = select(many, 50, most_per_source=0.6)
    assert made.taken == (0, 1, 2, 8, 9)
    assert {one.reason for one in made.left} == {"source_limit"}
    assert made.left[0].why == "“Title big” has its share of the room already"
    # Nobody else has anything to say: then it may have the rest.
    assert select(many, 70, most_per_source=0.6).taken == (0, 1, 2, 3, 4, 8, 9)
    assert select(many[:8], 50, most_per_source=0.2).taken == (0, 1, 2, 3, 4)


def test_the_other_side_of_a_disagreement_takes_the_place_of_the_worst() -> None:
    given_ = [candidate(0, SHIPS), *(candidate(n) for n in range(1, 4)), candidate(4, FEWER)]
    made = select(given_, 40)
    assert made.taken == (0, 1, 2, 4)
    assert made.pulled == {4}
    assert made.left == (Left(3, "budget", "made room for two that disagree"),)
    (one,) = made.contradictions
    assert (one.a, one.b, one.a_says, one.b_says) == (0, 4, "40", "14")


def test_telling_of_a_disagreement_takes_room_too() -> None:
    made = select([candidate(0, SHIPS), candidate(1, FEWER), candidate(2)], 30, note_cost=lambda _: 5)
    assert (made.taken, len(made.contradictions)) == ((0, 1), 1)
    made = select([candidate(0, SHIPS), candidate(1, FEWER)], 20, note_cost=lambda _: 5)
    assert (made.taken, made.contradictions) == ((0, 1), ())  # there is no room for a word on it
    assert select([candidate(0, SHIPS), candidate(1, FEWER)], 25, note_cost=lambda _: 5).contradictions


@pytest.mark.parametrize(
    "other",
    [candidate(4, FEWER, marked=True), candidate(4, FEWER, cost=11), candidate(4, FEWER, compared=False)],
    ids=["marked", "large", "a row"],
)
def test_not_every_other_side_is_pulled_in(other: Candidate) -> None:
    made = select([candidate(0, SHIPS), *(candidate(n) for n in range(1, 4)), other], 40)
    assert made.taken == (0, 1, 2, 3)
    assert (made.contradictions, made.pulled) == ((), frozenset())


def test_two_that_are_both_left_out_stay_out_and_what_repeats_keeps_its_original() -> None:
    made = select([candidate(0), candidate(1, SHIPS), candidate(2, FEWER)], 10)
    assert made.taken == (0,)
    original = [
        candidate(0, SHIPS),
        candidate(1, cost=20),
        candidate(2, "passage number001."),
        candidate(3, FEWER),
    ]
    made = select(original, 40, note_cost=lambda _: 5)
    assert (made.taken, made.contradictions) == ((0, 1, 3), ())
    assert made.left == (Left(2, "duplicate", "the same words as in “Title s”", 1),)


def test_no_more_than_some_are_pulled_in() -> None:
    pairs = [
        (f"Quay{n} of Norden holds {100 + n} ships.", f"Quay{n} of Norden holds {300 + n} ships.")
        for n in range(15)
    ]
    first = [candidate(n, a) for n, (a, _) in enumerate(pairs)]
    fill = [candidate(100 + n) for n in range(185)]
    made = select([*first, *fill, *(candidate(300 + n, b) for n, (_, b) in enumerate(pairs))], 2_000)
    assert len(made.pulled) == MOST_PULLED


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 30), st.sampled_from([SHIPS, FEWER, "x", "y", ""])),
        max_size=25,
    ),
    st.integers(0, 200),
    st.floats(0.05, 1),
)
def test_every_candidate_is_in_or_out_once_and_the_room_holds(
    drawn: list[tuple[str, int, str]], room: int, share: float
) -> None:
    given_ = [candidate(n, text, source, cost) for n, (source, cost, text) in enumerate(drawn)]
    made = select(given_, room, most_per_source=share, note_cost=lambda _: 3)
    assert sorted([*made.taken, *(one.at for one in made.left)]) == list(range(len(given_)))
    assert sum(given_[at].cost for at in made.taken) + 3 * len(made.contradictions) <= room
    assert made.pulled <= set(made.taken)
    for one in made.left:
        assert one.of is None or one.of in made.taken
    for c in made.contradictions:
        assert {c.a, c.b} <= set(made.taken)
    assert made == select(given_, room, most_per_source=share, note_cost=lambda _: 3)


def test_both_sides_stand_together_and_nothing_is_lost() -> None:
    def apart(a: int, b: int) -> Contradiction:
        return Contradiction("number", a, b, "", "", "", Place(0, 0, 0, 0), Place(0, 0, 0, 0), ())

    assert side_by_side([0, 1, 2, 3, 4], [apart(1, 4)]) == [0, 1, 4, 2, 3]
    assert side_by_side([4, 3, 2, 1, 0], [apart(1, 4)]) == [4, 1, 3, 2, 0]
    assert side_by_side([0, 1, 2, 3, 4], [apart(0, 3), apart(0, 2), apart(3, 4), apart(2, 4)]) == [
        0,
        2,
        4,
        3,
        1,
    ]
    order = list(range(30))
    random.Random(1).shuffle(order)
    pairs = [apart(a, b) for a, b in zip(range(0, 30, 3), range(1, 30, 3), strict=True)]
    assert sorted(side_by_side(order, pairs)) == list(range(30))
