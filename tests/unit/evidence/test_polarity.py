"""Negation and direction of shared words."""

# ruff: noqa: E501 -- one case a line

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.evidence.polarity import compare_direction, compare_negation
from proofroom.domain.evidence.words import tokens


def negation(draft: str, source: str) -> bool | None:
    turn = compare_negation(tokens(draft), tokens(source))
    return None if turn is None else turn.agrees


def directions(draft: str, source: str) -> list[tuple[str, str, bool]]:
    turns = compare_direction(tokens(draft), tokens(source))
    return [
        (draft[slice(*t.draft)], source[slice(*t.source)], t.agrees) for t in turns if t.draft and t.source
    ]


@pytest.mark.parametrize(
    ("draft", "source", "agrees"),
    [
        ("The bridge was tested.", "The bridge was tested.", None),
        ("The bridge was not tested.", "The bridge was not tested.", True),
        ("The bridge was tested.", "The bridge was not tested.", False),
        ("The bridge was not tested.", "The bridge was tested.", False),
        (
            "Engineers never tested the old bridge",
            "In 1985 the old bridge was tested by engineers of the port",
            False,
        ),
        (
            "Engineers tested the old bridge",
            "In 1985 the old bridge was never tested by engineers of the port",
            False,
        ),
        ("The team failed to use metric units", "The team did not use metric units", True),
        ("The team used metric units", "It was a failure to use metric units by the team", False),
        ("No one was killed in the fire", "The fire killed no one", True),
        ("The fire was not only hot", "The fire was hot", None),
        ("The bridge is not red", "Bananas grow", None),
        ("The bridge is not red and old and long", "A bridge was painted", None),
        ("They don't sleep in the open valley", "They sleep in the open valley", False),
        ("Some dividend was paid", "No dividend was paid", False),
        ("No dividend was not paid here", "No dividend was paid here", False),
        (
            "The board closed the road, not because it rained",
            "The board closed the road because it rained there",
            False,
        ),
        (
            "The tests were not done but the bridge held",
            "The tests were done, the bridge did not fall but held",
            False,
        ),
        ("Most herons stay. Not kites", "Most herons stay", None),
        ("not it", "it", None),
    ],
)
def test_negation(draft: str, source: str, agrees: bool | None) -> None:
    assert negation(draft, source) is agrees


def test_a_negation_of_other_words_says_nothing() -> None:
    draft = "The port fire crew reached the burning warehouse roof quickly"
    source = "The port fire crew reached the warehouse although residents, who did not sleep, saw it"
    assert negation(draft, source) is None
    long = " ".join(f"word{i}" for i in range(210))
    assert negation(f"not {long}", long + " x") in (None, False)


def test_the_places_of_a_missing_negation() -> None:
    draft, source = "The bridge was tested.", "The bridge was not tested."
    turn = compare_negation(tokens(draft), tokens(source))
    assert turn is not None
    assert turn.draft is None
    assert turn.source is not None
    assert source[slice(*turn.source)] == "not"
    other = compare_negation(
        tokens("Old engineers tested the port bridge"),
        tokens("Engineers of the old port did not ever test the bridge"),
    )
    assert other is not None
    assert other.draft is None


@pytest.mark.parametrize(
    ("draft", "source", "expected"),
    [
        ("Sales rose in May", "Sales fell in May", [("rose", "fell", False)]),
        ("Sales rose in May", "Sales climbed in May", [("rose", "climbed", True)]),
        ("Sales did not rise in May", "Sales fell in May", [("rise", "fell", True)]),
        ("Sales rose", "Bananas fell", []),
        ("Sales rose", "Sales came in", []),
        ("Sales rose and costs fell", "Costs fell and sales rose", [("rose", "rose", True), ("fell", "fell", True)]),
        ("Slept longer after 12 weeks", "After 12 weeks they slept longer than before", [("longer", "longer", True), ("after", "After", True)]),
        ("The lowest tide", "The highest tide", [("lowest", "highest", False)]),
        ("It was above the roof", "It was below the roof", [("above", "below", False)]),
        ("The request was accepted", "The board rejected the request", [("accepted", "rejected", False)]),
    ],
)  # fmt: skip
def test_direction(draft: str, source: str, expected: list[tuple[str, str, bool]]) -> None:
    assert directions(draft, source) == expected


@given(
    st.lists(
        st.sampled_from("not no never rose fell more less the bridge port failed to test only but 5".split()),
        max_size=12,
    )
)
def test_a_sentence_never_contradicts_itself(words: list[str]) -> None:
    toks = tokens(" ".join(words))
    turn = compare_negation(toks, toks)
    assert turn is None or turn.agrees
    assert all(t.agrees for t in compare_direction(toks, toks) if t.draft == t.source)
