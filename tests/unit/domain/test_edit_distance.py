"""How much had to change before a signature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.document import parse_markdown
from proofroom.domain.edit_distance import NONE, Distance, distance, figures


@pytest.mark.parametrize(
    ("first", "signed", "words", "of"),
    [
        ("One two three.", "One two three.", 0, 3),
        ("One two three.", "One 2 three.", 1, 3),
        ("One two three.", "One three.", 1, 3),
        ("One three.", "One two, three four.", 2, 4),
        ("One two.", "Three four five.", 3, 3),
        ("Costs 1.2 bn [[b1|x]] now.", "Costs 1.3 bn [[b2|y z]] now.", 1, 4),
        ("# A\n\n- one\n- two", "# A\n\n- two\n- one", 2, 4),
        ("", "", 0, 0),
    ],
)
def test_the_distance_in_words(first: str, signed: str, words: int, of: int) -> None:
    a, b = parse_markdown(first), parse_markdown(signed)
    assert distance(a, b) == distance(b, a) == Distance(words, of)


def test_what_is_new_or_gone_counts_in_full() -> None:
    text = parse_markdown("One two three.")
    assert distance(None, text) == distance(text, None) == Distance(3, 3)
    assert distance(None, None) == NONE


def test_figures() -> None:
    assert figures([]) == {"signed": 0, "unchanged": 0, "median_share": None, "mean_share": None, "words": 0}
    found = figures([Distance(0, 10), NONE, Distance(1, 10) + Distance(4, 10), Distance(5, 5)])
    assert found == {"signed": 4, "unchanged": 2, "median_share": 0.125, "mean_share": 0.3125, "words": 10}


def _levenshtein(a: list[str], b: list[str]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


@given(*[st.lists(st.sampled_from("one two three four".split()), max_size=12)] * 2)
def test_it_is_at_least_that_of_levenshtein_and_at_most_all_words(a: list[str], b: list[str]) -> None:
    found = distance(parse_markdown(" ".join(a)), parse_markdown(" ".join(b)))
    assert _levenshtein(a, b) <= found.words <= max(len(a), len(b))
    assert 0 <= found.share <= 1
