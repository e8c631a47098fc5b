"""Terms: what is indexed and what is asked are cut alike."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.substrate.terms import (
    MAX_TERM_CHARS,
    _known,  # pyright: ignore[reportPrivateUsage]
    count,
    query_terms,
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
