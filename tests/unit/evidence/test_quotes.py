"""Quotations: found, located, and what was altered in them."""

# ruff: noqa: E501 -- one case a line

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.evidence.quotes import (
    find_quotations,
    insertions,
    locate,
    nearest,
    normal,
    without_insertions,
)

TEXT = "The board named the “failure to use metric units in the coding of a file”, and the crew’s well-known plan."


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("He said “one two three” and “no two”.", ["one two three"]),
        ('She wrote "it is so" twice', ["it is so"]),
        ("«a b c», „d e f“ and ‘g h i’", ["a b c", "d e f", "g h i"]),
        ("the crew's plan isn't 'g h i'", []),
        ('5" by 6" and 7" wide', []),
        ("“never closed one two", []),
    ],
)
def test_quotations_of_three_words_or_more(text: str, quotes: list[str]) -> None:
    found = find_quotations(text)
    assert [q.text for q in found] == quotes
    assert all(text[q.start : q.end] == q.text for q in found)


@pytest.mark.parametrize(
    ("quote", "there"),
    [
        ("failure to use metric units", True), ("Failure to use  metric\nunits.", True), ("failure to use […] coding of a file", True),
        ("failure … units", True), ("failure to [not] metric units", False), ("metric units ... failure", False), ("ilure to use", False),
        ("failure to u", False), ("failure to test metric units", False), ("crew's well–known plan", True), ("[…]", False), ("", False),
        ("FAILURE to use", False), ("coding of a file”,", True),
    ],
)  # fmt: skip
def test_where_a_quotation_stands(quote: str, there: bool) -> None:
    spot = locate(quote, normal(TEXT))
    assert (spot is not None) is there


@pytest.mark.parametrize(
    ("quote", "there", "added", "without"),
    [
        # What a bracket only says about the form of a word, or about the quotation, is no word of the writer's.
        ("[f]ailure to use [F]ailure", False, [], None), ("[F]ailure to use metric units", True, [], None),
        ("failure to use […] [C]oding of a file", True, [], None), ("failure to use [sic] metric units", True, [], None),
        ("failure[s] to us[ing] metric unit[s]", False, [], None), ("Board name[s] the “failure to use metric unit[s]", True, [], None),
        ("board named the “failure[s] to use metric unit[s] in", True, [], None), ("[T]he board named", True, [], None),
        ("failure to use metric units [emphasis added] in the coding", True, [], None), ("failure to use [ . . . ] units", True, [], None),
        # Words of the writer's.
        ("failure to use [only] metric units", True, ["only"], "failure to use metric units"),
        ("[the old] failure to [mis]use metric units", False, ["the old"], None),
        ("[the old] failure to [ever] use metric units", True, ["the old", "ever"], "failure to use metric units"),
        ("failure to [apply] metric units", True, ["apply"], "failure to […] metric units"),
        ("failure to use metric units [300]", True, ["300"], "failure to use metric units"),
        ("failure to use metric[al] units", False, [], None), ("failure to u[s]e metric units", False, [], None),
        ("failure to [hardly] use metric units", False, [], None), ("failure to use [.*] metric units", True, [".*"], "failure to use metric units"),
        ("failure to\ufdd0 use metric units", False, [], None), ("[t]", False, ["t"], None),
    ],
)  # fmt: skip
def test_square_brackets_in_a_quotation(
    quote: str, there: bool, added: list[str], without: str | None
) -> None:
    n = normal(TEXT)
    assert (locate(quote, n) is not None) is there
    found = insertions(quote, n)
    assert [one.text for one in found] == added
    assert all(quote[one.start] == "[" and quote[one.end - 1] == "]" for one in found)
    if without is not None:
        assert without_insertions(quote, n) == without
        assert locate(without, n) is not None


def test_square_brackets_of_the_source_are_its_words() -> None:
    n = normal("The bridge [12] was safe [for all].")
    assert locate("bridge [12] was safe [for all]", n) is not None
    assert not insertions("bridge [12] was safe [for all]", n)
    assert locate("bridge [13] was safe", n) is not None
    assert [one.text for one in insertions("bridge [13] was safe", n)] == ["13"]


def test_the_place_is_exact_through_every_normalisation() -> None:
    text = "a\u00ad \n\u200b“b—c’s”  end  "
    n = normal(text)
    assert n.text == 'a "b-c\'s" end'
    spot = locate('"b-c\'s" end', n, gaps=False)
    assert spot is not None
    assert text[spot[0] : spot[1]] == "“b—c’s”  end"
    assert locate("B-c", n, gaps=False) is None
    assert locate("cat cats", normal("catcat cats"), gaps=False) is None
    assert locate("cat sat", normal("cats cat satx cat sat"), gaps=False) == (14, 21)


@pytest.mark.parametrize(
    ("quote", "words", "draft", "source"),
    [
        ("failure to test metric units in the coding", 1, "test", "use"),
        ("failure to use metric units in coding of a file", 1, "", "the"),
        ("failure to use the metric units in the coding", 1, "the", ""),
        ("the failure to use metric units", 0, "", ""),
        ("refusal to use metric units in the coding of the software", 3, "", ""),
    ],
)
def test_what_was_altered(quote: str, words: int, draft: str, source: str) -> None:
    near = nearest(quote, TEXT)
    assert near is not None
    assert near.altered == words
    if words == 1:
        assert quote[slice(*near.draft_mark)] == draft
        assert TEXT[slice(*near.mark)] == source
    assert 0.5 < near.ratio <= 1


def test_a_single_word_far_from_the_others_is_left_out() -> None:
    near = nearest("one failure to use metric units", "one two three four failure to use metric units")
    assert near is not None
    assert near.start == 14
    assert nearest("one two three", "One, two: three") is not None


def test_words_added_at_the_end_are_marked() -> None:
    near = nearest("in the coding of a file forever", "in the coding of a file")
    assert near is not None
    assert near.altered == 1
    assert near.mark == (23, 23)


@pytest.mark.parametrize(
    ("quote", "text"), [("", TEXT), ("bananas grow on trees", TEXT), ("a b c", ""), ("…", "…")]
)
def test_nothing_alike(quote: str, text: str) -> None:
    assert nearest(quote, text) is None


@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 60))
def test_every_part_of_a_text_is_found_in_it(text: str, start: int, size: int) -> None:
    n = normal(text)
    part = n.text[start : start + size]
    spot = locate(part, n, gaps=False)
    if spot is not None:
        assert normal(text[spot[0] : spot[1]]).text == normal(part).text
    elif part.strip():
        # Only a part that cuts a word is not found.
        before, after = n.text[:start], n.text[start + size :]
        cut = (before[-1:] + part[:1]).isalnum() or (part[-1:] + after[:1]).isalnum()
        assert cut or part != part.strip()


@given(st.text(max_size=80), st.text(max_size=80))
def test_hostile_text_is_survived(quote: str, text: str) -> None:
    near = nearest(quote, text)
    assert near is None or 0 <= near.start <= near.end <= len(text)
    locate(quote, normal(text))
    find_quotations(text)
