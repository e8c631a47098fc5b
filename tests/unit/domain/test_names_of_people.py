"""Names that others read beside a signature."""

# ruff: noqa: E501 -- one case a line

import pytest

from proofroom.domain.names import hides_something, same_name


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "Zo\u00eb O'Neil-Smith",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u674e \u660e",
        "Dr. A. (QA)",
    ],
)
def test_names_that_are_what_they_look_like(name: str) -> None:
    assert not hides_something(name)


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u2066", "\u200e", "\u200b", "\ufeff", "\x1b", "\n", "\u2028", "\ud800"]
)
def test_names_that_hide_something(hidden: str) -> None:
    assert hides_something(f"Ada{hidden}Lovelace")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada", "ADA", True), ("Ada  L.", "ada\u00a0l.", True), ("Zo\u00eb", "Zoe\u0308", True), ("Stra\u00dfe", "STRASSE", True),
        ("Ada", "A\u200dda", True), ("Ada", "Adam", False), ("Ada", "\u0410da", False),
    ],
)  # fmt: skip
def test_the_same_name(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
