"""Names in a sentence."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.evidence.names import find_names, initials


def names(text: str) -> list[str]:
    return [n.text for n in find_names(text) if not n.weak]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Deep Space Navigation Audit found it.", ["Deep Space Navigation Audit"]),
        ("He met Dr. Marta Oduya and Judge Brask.", ["Marta Oduya", "Brask"]),
        ("The Bank of England and the Port Fire Service’s crew", ["Bank of England", "Port Fire Service"]),
        ("We saw J. F. Kerry there", ["J. F. Kerry"]),
        ("NASA said so", ["NASA"]),
        ("IL-10 binds S100A9 and iPhone users", ["IL-10", "S100A9", "iPhone"]),
        ("It fell in September on Monday, see Table 2 and Fig. A", []),
        ("It cost USD and MWh and K", []),
        ("Then. The Senn rose: But Oslo did", ["Senn", "Oslo"]),
        ("ALL IN CAPITALS", []),
        ("she saw Vincent van Gogh, a Dr and a President", ["Vincent van Gogh"]),
        ("a 5 Well-Known trick", ["Well-Known"]),
        ("the M2-like cells and an Oslo-based firm", ["M2", "Oslo"]),
        ("x" + "Y" * 70, []),
    ],
)
def test_what_is_a_name(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_a_single_capital_at_the_beginning_is_weak() -> None:
    (name,) = find_names("Contact was lost.")
    assert (name.text, name.weak, name.words) == ("Contact", True, ("contact",))
    assert find_names("The contact was lost.") == []
    assert [n.weak for n in find_names("Mars Climate Orbiter left.")] == [False]


def test_possessives_fall_away_and_taken_ranges_are_left_alone() -> None:
    (name,) = find_names("near Brask’s house")
    assert (name.text, name.words) == ("Brask", ("brask",))
    assert find_names("in Paris now", [(3, 8)]) == []


def test_initials() -> None:
    assert initials(("jet", "propulsion", "laboratory")) == "jpl"
    assert initials(("bank", "of", "england")) == "be"


@given(st.text(st.sampled_from("ABCab .’'&-12:\n"), max_size=50) | st.text(max_size=50))
def test_names_lie_in_the_text_and_in_order(text: str) -> None:
    found = find_names(text)
    assert all(text[n.start : n.end] == n.text and n.words for n in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
