"""Repetitions: what says the same is one; what differs in a number, date, name or negation stays two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.alike import Duplicates

LONG = (
    "The board of inquiry met in March 1999 and found that the thruster data had been given in pound-force seconds, "
    "while the software read newton seconds; the factor between the two is 4.45, and nobody had noticed it at JPL."
)


def verdict(first: str, second: str, above: str | None = None, below: str | None = None) -> str | None:
    seen = Duplicates()
    assert seen.offer("first", first, above) is None
    found = seen.offer("second", second, below)
    if found is None:
        return None
    assert found[0] == "first"
    return found[1]


def test_the_same_words_are_the_same_whatever_the_space_and_case() -> None:
    assert verdict("The orbiter was lost.", "  the ORBITER\nwas lost. ") == "same"
    assert verdict(LONG, LONG.replace(" ", "\n")) == "same"


def test_nearly_the_same_words_and_a_passage_inside_another_are_repetitions() -> None:
    assert verdict(LONG, LONG.replace("had been given", "were given")) == "near"
    assert (
        verdict(LONG, LONG.replace("; the factor", ". The factor").replace(", while", " while")) == "inside"
    )
    assert verdict(LONG, LONG[LONG.index("the thruster") : LONG.index("; the factor")]) == "inside"
    assert verdict(LONG[: LONG.index(";")], LONG) is None  # the longer one says more


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("4.45", "4.54"),
        ("March 1999", "May 1999"),
        ("1999", "1998"),
        ("JPL", "NASA"),
        ("found", "did not find"),
        ("nobody", "somebody"),
        ("newton seconds", "newton hours"),
        ("given", "concealed"),
        ("noticed", "un-noticed"),
        ("between the two", "between all"),
    ],
)
def test_what_decides_keeps_both(old: str, new: str) -> None:
    assert old in LONG
    assert verdict(LONG, LONG.replace(old, new)) is None


def test_names_in_another_order_are_no_repetition() -> None:
    text = (
        "In the final game of the long season Norden beat Suden by two goals before a large and noisy crowd."
    )
    swapped = text.replace("Norden", "X").replace("Suden", "Norden").replace("X", "Suden")
    assert verdict(text, swapped) is None


def test_short_passages_are_compared_as_a_whole() -> None:
    assert verdict("Output rose in the year.", "Output rose in that year.") is None


def test_a_heading_may_say_what_a_passage_speaks_of() -> None:
    text = (
        "Output rose in the year, as it had in the years before, because of the weather and of new machines."
    )
    assert verdict(text, text, "Germany", "France") is None
    assert verdict(text, text, "Germany", "germany") == "same"
    assert verdict(text, text, "Germany", None) == "same"
    assert verdict(text, text, None, "Germany") is None
    assert verdict(text, text.replace("the weather", "weather"), "A", "B") is None
    assert verdict(text, text[: text.index(", because")], "A", "B") is None
    assert verdict(text, text[: text.index(", because")], "A", None) == "inside"


@given(st.lists(st.text(max_size=60), max_size=8))
def test_each_passage_is_kept_or_repeats_a_kept_one(texts: list[str]) -> None:
    seen = Duplicates()
    kept: list[str] = []
    for n, text in enumerate(texts):
        found = seen.offer(str(n), text)
        if found is None:
            kept.append(str(n))
        else:
            assert found[0] in kept
    again = Duplicates()
    assert [again.offer(str(n), text) for n, text in enumerate(texts)].count(None) == len(kept)
