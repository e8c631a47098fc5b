"""What an agent may have computed: bounds that hold before anything is spent."""

from typing import Any

import pytest

from proofroom.domain.compute import Table, compute
from proofroom.domain.compute_cost import MOST_CELLS, MOST_WORK, cost
from proofroom.domain.errors import InvalidInput
from proofroom.domain.joins import TableKey

LONG = Table(("k", "v"), tuple(("a", str(n)) for n in range(20_000)))
WIDE = Table(("k", *(f"c{n}" for n in range(600))), (("a", *(["1"] * 600)),))
JOIN = {"source_id": "s", "table": 0, "version": 1, "on": [{"left": "k", "right": "k"}]}
OTHERS: dict[TableKey, Table] = {("s", 0, 1): WIDE}
SUMS = [{"fn": "sum", "column": "v", "as": f"s{n}"} for n in range(300)]


def test_a_join_that_would_make_too_many_cells_is_refused() -> None:
    with pytest.raises(InvalidInput, match=rf"12,040,000 cells; at most {MOST_CELLS:,}") as refused:
        compute(LONG, [{"join": JOIN}], OTHERS)
    assert refused.value.extra == {"step": 1, "column": None}
    assert compute(LONG, [{"join": {**JOIN, "columns": ["c0"]}}], OTHERS).columns == ("k", "v", "c0")


def test_steps_that_look_at_too_much_are_refused_before_they_are_done() -> None:
    with pytest.raises(InvalidInput, match=rf"6,020,000 cells; at most {MOST_WORK:,}"):
        compute(LONG, [{"group": {"by": [], "aggregates": SUMS}}])


def test_steps_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofroom.domain.compute.MOST_WORK", 40)
    few = Table(LONG.columns, LONG.rows[:10])
    assert len(compute(few, [{"sort": {"by": "v"}}] * 4).rows) == 10
    with pytest.raises(InvalidInput, match=r"step 5\).*50 cells; at most 40"):
        compute(few, [{"sort": {"by": "v"}}] * 5)


@pytest.mark.parametrize(
    ("step", "arguments", "cells"),
    [
        ("limit", 5, 0), ("filter", {"value": "abc"}, 103), ("filter", {"value": 3}, 100), ("filter", None, 100),
        ("group", {"by": ["a", "b"], "aggregates": [{}]}, 400), ("group", {"by": 3}, 100),
        ("change", {"within": ["a"]}, 300), ("share", {}, 200), ("select", {"columns": ["a"] * 20}, 200),
        ("sort", {"by": "a"}, 100), ("period", {}, 100), ("join", JOIN, 262), ("join", {}, 100),
        ("join", {**JOIN, "table": 9}, 100),
    ],
)  # fmt: skip
def test_what_a_step_costs_in_a_table_of_a_hundred_rows(step: str, arguments: Any, cells: int) -> None:
    assert cost(100, step, arguments, OTHERS) == cells


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (["1,200"], ["1200", "1,200"]), ([1200], ["1200", "1,200"]), (["ABC "], [" abc"]), (["n/a"], ["n/a"]),
        (["1200", "n/a"], ["1200", "1,200", "n/a"]), (["12x"], []), ([], []), (["1,2"], ["1,2"]),
    ],
)  # fmt: skip
def test_choices_are_looked_up_as_they_would_be_compared(wanted: list[Any], kept: list[str]) -> None:
    table = Table(
        ("a",), tuple((cell,) for cell in ("1200", "1,200", " abc", "n/a", "1,2")), decimal_point=True
    )
    one_by_one = {
        cell
        for choice in wanted
        for (cell,) in compute(table, [{"filter": {"column": "a", "op": "eq", "value": choice}}]).rows
    }
    rows = [
        cell for (cell,) in compute(table, [{"filter": {"column": "a", "op": "in", "value": wanted}}]).rows
    ]
    assert rows == kept
    assert set(rows) == one_by_one
