"""Terms: what is indexed and what is asked are cut alike."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.substrate.terms import (
    MAX_TERM_CHARS,
    _known,  # pyright: ignore[reportPrivateUsage]
    count,
    of_block,
    query_terms,
    spans,
    terms,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The orbiters were orbiting.", ["orbit", "orbit"]),
        ("Generation generated generators", ["generat", "generat", "generat"]),
        ("4.45 or 44.5, 1,234,567 and 3,5", ["4.45", "44.5", "1234567", "3,5"]),
        ("not no the", ["not", "no"]),
        ("Größe ﬁle", ["grösse", "file"]),
        ("電力の統計", ["電力", "力の", "の統", "統計"]),
        ("x-ray U.S. don't", ["ray", "don"]),
        ("!!! …", []),
    ],
)
def test_terms(text: str, found: list[str]) -> None:
    assert terms(text) == found


def test_threads_do_not_stem_each_others_words() -> None:
    words = [
        f"{a}{b}{c}ings" for a in "bcdfgh" for b in "aeiou" for c in ("rt", "mp", "lling", "nation", "ies")
    ]
    shares = [[f"{word}{n}x {word}" for word in words] for n in range(4)]
    alone = [[terms(text) for text in share] for share in shares]
    _known.cache_clear()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda share: [terms(text) for text in share], shares))
    finally:
        sys.setswitchinterval(before)
    assert together == alone


def test_counts_add_up_over_texts() -> None:
    assert count("wind and wind", None, "Wind power") == {"wind": 3, "power": 1}
    assert query_terms("wind power wind", most=1) == ["wind"]


@given(st.text())
def test_a_term_can_stand_between_quotes_in_a_text_query(text: str) -> None:
    for term in terms(text):
        assert 0 < len(term) <= MAX_TERM_CHARS
        assert re.fullmatch(r"[^\W_]+(?:[.,]\d+)*", term)


@given(st.text(), st.text())
def test_terms_do_not_depend_on_what_stands_around(a: str, b: str) -> None:
    assert terms(a + "\n" + b) == terms(a) + terms(b)


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Droughts and a drought.", "drought", ["Droughts", "drought"]),
        ("It cost 434,297 or 434297.", "434297", ["434,297", "434297"]),
        ("Cafe\u0301 and CAFÉ", "café", ["Cafe\u0301", "CAFÉ"]),
        ("ﬁnding the ﬁle 🚀 file", "file", ["ﬁle", "file"]),
        ("水温上昇と水温", "水温", ["水温", "水温"]),
        ("水温上昇", "水温上昇", ["水温上昇"]),
        ("The words of the query", "the of", []),
        ("", "word", []),
        ("STRASSE Straße", "strasse", ["STRASSE", "Straße"]),
    ],
)
def test_the_words_that_a_query_asks_for_are_marked(text: str, query: str, marked: list[str]) -> None:
    found = spans(text, frozenset(query_terms(query)))
    assert [text[start:end] for start, end in found] == marked


@given(st.text(max_size=200), st.text(max_size=40))
def test_marks_lie_inside_the_text_in_order_and_apart(text: str, query: str) -> None:
    found = spans(text, frozenset(query_terms(query)))
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))


def test_a_title_counts_once_with_a_block() -> None:
    assert of_block("It rose.", "Costs", "Report of May") == count("It rose.", "Costs", "Report of May")
    assert of_block("It rose.", "Report  of May", "Report of May") == count("It rose.", "Report of May")
    assert of_block("It rose in May.", None, "It rose in…") == count("It rose in May.")
    assert of_block("It rose.", None, "") == count("It rose.")
