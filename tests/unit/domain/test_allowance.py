"""What work may cost in a project."""

from typing import Any

import pytest

from proofroom.domain.allowance import (
    Allowance,
    allowance_from_json,
    allowance_to_json,
    budget_of,
    over,
)
from proofroom.domain.errors import InvalidInput


def test_what_is_asked_for_goes_before_the_project_and_the_project_before_the_agent() -> None:
    project = Allowance(default={"usd": 2.0})
    assert project.budget({"usd": 1}, {"usd": 5}) == {"usd": 1}
    assert project.budget(None, {"usd": 5}) == {"usd": 2.0}
    assert Allowance().budget(None, {"usd": 5}) == {"usd": 5}
    assert project.budget({}, {"usd": 5}) == {}


def test_nothing_begins_with_more_than_the_project_allows() -> None:
    project = Allowance(most={"usd": 3.0, "tokens": 1000})
    assert project.budget(None, {"usd": 5, "seconds": 60}) == {"usd": 3.0, "tokens": 1000, "seconds": 60}
    assert project.budget({"usd": 3}, {}) == {"usd": 3, "tokens": 1000}
    with pytest.raises(InvalidInput) as error:
        project.budget({"usd": 3.5}, {})
    assert (error.value.code, error.value.field) == ("budget_over_project", "budget.usd")
    assert "$3.50" in error.value.message
    assert "$3.00" in error.value.message


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"usual": {}}, "budget.usual"),
        ({"default": {"euro": 1}}, "budget.default.euro"),
        ({"default": {"usd": 0}}, "budget.default.usd"),
        ({"most": {"tokens": True}}, "budget.most.tokens"),
        ({"most": {"seconds": float("inf")}}, "budget.most.seconds"),
        ({"most": {"usd": "much"}}, "budget.most.usd"),
        ({"default": {"usd": 4}, "most": {"usd": 3}}, "budget.default.usd"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(value: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        allowance_from_json(value)
    assert (error.value.code, error.value.field) == ("budget_invalid", field)


def test_it_reads_what_it_writes() -> None:
    said = {"default": {"usd": 1.0}, "most": {"usd": 2.0, "tokens": 5}}
    assert allowance_to_json(allowance_from_json(said)) == said
    assert allowance_to_json(allowance_from_json({})) == {"default": {}, "most": {}}
    assert budget_of({"usd": 1}) == {"usd": 1}


@pytest.mark.parametrize(
    ("budget", "more", "said"),
    [
        ({"usd": 1}, 1, None),
        ({"usd": 1}, 2, None),  # three times, which is as much as is allowed
        ({"usd": 1}, 3, ("usd", 4, 3)),
        ({"usd": 1, "extensions": 2}, 1, ("usd", 4, 3)),
        ({"usd": 0.1, "extensions": 1}, 1, None),
        ({"seconds": 600}, 1, None),  # the project says nothing of it
        ({}, 1, None),  # what has no limit is not extended
        ({"usd": 1, "tokens": 600}, 1, ("tokens", 1200, 1000)),
    ],
)
def test_an_extension_is_held_against_what_the_project_allows(
    budget: dict[str, Any], more: int, said: tuple[str, float, float] | None
) -> None:
    found = over(Allowance(most={"usd": 3.0, "tokens": 1000}), budget, more)
    assert (None if found is None else (found.what, found.to, found.most)) == said


def test_sums_of_tenths_are_not_over_a_limit_by_a_hair() -> None:
    assert over(Allowance(most={"usd": 0.3}), {"usd": 0.1}, 2) is None


def test_what_an_extension_comes_to_is_said_in_words() -> None:
    found = over(Allowance(most={"usd": 5}), {"usd": 4}, 1)
    assert str(found) == "$8.00, where the project allows $5.00"
