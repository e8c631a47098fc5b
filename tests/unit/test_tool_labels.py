"""How a call of a tool is named in the list of steps."""

import pytest

from proofroom.engine.toolbox import _label  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("factor 4.45", "factor 4.45"),
        ("two\n lines", "two lines"),
        ("a" * 80, "a" * 80),
        ("word " * 20, f"{'word ' * 15}word…"),  # 80 characters hold sixteen whole words
        ("b" * 90, f"{'b' * 79}…"),
    ],
)
def test_the_words_of_a_search_are_cut_between_words_and_say_so(query: str, shown: str) -> None:
    label = _label("search_context", {"query": query}, {"items": [1]})
    assert label == f"“{shown}”: 1 passage"
    assert len(shown) <= 80
