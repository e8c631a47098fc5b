"""Joining captured tables: exact keys, what found no match, keys that stand there twice."""

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.compute import Result, Table, compute
from proofroom.domain.errors import InvalidInput
from proofroom.domain.joins import TableKey, tables_joined, with_versions

SALES = Table(
    ("city", "sales"), (("Rome", "10"), ("Oslo", "20"), (" Rome ", "5"), ("", "1"), ("Lima", "7")), "sales"
)
CITIES = Table(
    ("name", "land", "people"), (("Rome", "IT", "2,8"), ("Oslo", "NO", "0,7"), ("Bonn", "DE", "0,3")), "c"
)
KEY: TableKey = ("s2", 0, 3)


def join(**more: Any) -> dict[str, Any]:
    on = [{"left": "city", "right": "name"}]
    return {"join": {"source_id": "s2", "table": 0, "version": 3, "on": on} | more}


def joined(*steps: Any, right: Table = CITIES) -> Result:
    return compute(SALES, steps, {KEY: right})


def test_rows_get_the_columns_of_the_row_with_their_key() -> None:
    made = joined(join())
    assert made.columns == ("city", "sales", "land", "people")
    assert made.rows == (
        ("Rome", "10", "IT", "2,8"), ("Oslo", "20", "NO", "0,7"), (" Rome ", "5", "IT", "2,8"), ("", "1", "", ""),
        ("Lima", "7", "", ""),
    )  # fmt: skip
    (told,) = made.joins
    assert told.to_json() == {
        "step": 1, "matched": 3, "left_without": 2, "right_without": 1, "missing_keys": 1, "duplicate_keys": 0,
        "examples": [],
    }  # fmt: skip


def test_an_inner_join_leaves_out_what_has_no_match() -> None:
    assert [row[0].strip() for row in joined(join(kind="inner")).rows] == ["Rome", "Oslo", "Rome"]


def test_a_key_that_stands_there_twice_makes_two_rows_and_is_told() -> None:
    twice = Table(CITIES.columns, (*CITIES.rows, ("Rome", "US", "0,03"), ("Bonn", "XX", "1")))
    made = joined(join(columns=["land"]), right=twice)
    assert [r for r in made.rows if r[0].strip() == "Rome"] == [
        ("Rome", "10", "IT"), ("Rome", "10", "US"), (" Rome ", "5", "IT"), (" Rome ", "5", "US"),
    ]  # fmt: skip
    assert (made.joins[0].duplicate_keys, made.joins[0].examples) == (1, ("Rome",))


def test_figures_of_the_other_table_are_read_as_it_writes_them() -> None:
    made = joined(
        join(prefix="c "), {"group": {"by": [], "aggregates": [{"fn": "sum", "column": "c people"}]}}
    )
    assert made.rows == (("6.3",),)


def test_figures_that_may_be_read_in_two_ways_are_told_of_both_tables() -> None:
    unclear = Table(("name", "guests"), (("Rome", "1.204"), ("Oslo", "2.300")))
    assert joined(join(prefix="c "), right=unclear).unsure == {"c guests": "1.204"}
    known = Table(unclear.columns, unclear.rows, decimal_point=True)
    assert joined(join(), right=known).unsure == {}


def test_a_join_goes_on_where_the_steps_before_ended() -> None:
    total = {"group": {"by": ["city"], "aggregates": [{"fn": "sum", "column": "sales", "as": "total"}]}}
    made = joined(
        {"filter": {"column": "city", "op": "present"}}, total, join(columns=["land"]), {"limit": 1}
    )
    assert made.rows == (("Rome", "15", "IT"),)
    assert made.joins[0].step == 3


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (join(version=4), "is not here"),
        ({"join": {"table": 0, "on": []}}, "is not here"),
        ({"join": {"source_id": "s2", "table": "x"}}, "is not here"),
        (join(on=[]), "on is a list"),
        (join(on="city"), "on is a list"),
        (join(on=[{"left": "town", "right": "name"}]), "there is no such column"),
        (join(on=[{"left": "city", "right": "town"}]), "there is no such column; there are name"),
        (join(columns=["town"]), "there is no such column"),
        (join(columns=["land", "land"]), "a column of this name is there already"),
        (join(kind="outer"), "kind is left or inner"),
        (join(prefix=3), "kind is left or inner, and prefix"),
        (join(how="left"), "'how' is not one of its members"),
        ({"join": "s2"}, "its value must be an object"),
    ],
)
def test_what_cannot_be_joined_says_why(step: Any, what: str) -> None:
    with pytest.raises(InvalidInput) as error:
        joined(step)
    assert error.value.code == "compute_invalid"
    assert what in error.value.message


def test_a_column_of_the_same_name_needs_a_prefix() -> None:
    same = Table(("city", "sales"), (("Rome", "99"),))
    on = [{"left": "city", "right": "city"}]
    with pytest.raises(InvalidInput, match="a column of this name is there already"):
        joined(join(on=on), right=same)
    assert joined(join(on=on, prefix="last "), right=same).columns == ("city", "sales", "last sales")


def test_a_join_that_would_make_too_many_rows_is_refused() -> None:
    many = Table(("k",), tuple(("same",) for _ in range(500)))
    other = Table(("k2", "v"), tuple(("same", str(n)) for n in range(500)))
    step = join(on=[{"left": "k", "right": "k2"}])
    with pytest.raises(InvalidInput, match="it makes 250,000 rows; at most 200,000"):
        compute(many, [step], {KEY: other})


def test_the_tables_that_are_joined_are_known_before_and_pinned_after() -> None:
    steps: list[Any] = [
        {"limit": 1},
        {"join": {"source_id": "a", "table": 1, "on": []}},
        {"join": {"source_id": "b", "table": 0, "version": 7}},
        {"join": {"source_id": 3, "table": 0}},
        {"join": {"source_id": "b", "table": 0, "version": "x"}},
        {"join": "b"},
        "join",
    ]
    assert tables_joined(steps) == [("a", 1, None), ("b", 0, 7)]
    pinned = with_versions(steps[:5], {("a", 1, None): ("id-of-a", 1, 4)})
    assert pinned[1] == {"join": {"source_id": "id-of-a", "table": 1, "on": [], "version": 4}}
    assert [pinned[n] for n in (0, 2, 3, 4)] == [steps[n] for n in (0, 2, 3, 4)]


_CELL = st.sampled_from(["a", "b", "c", " a", ""])


@given(st.lists(st.tuples(_CELL, _CELL), max_size=8), st.lists(st.tuples(_CELL, _CELL), max_size=8))
def test_it_joins_as_a_database_does(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> None:
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE l (n, k, v)")
        db.execute("CREATE TABLE r (n, k, v)")
        for name, rows in (("l", left), ("r", right)):
            db.executemany(
                f"INSERT INTO {name} VALUES (?, nullif(trim(?), ''), ?)",
                [(n, *r) for n, r in enumerate(rows)],
            )
        wanted = db.execute(
            "SELECT l.v, coalesce(r.v, '') FROM l LEFT JOIN r ON l.k = r.k ORDER BY l.n, r.n"
        ).fetchall()
    db.close()
    step = join(on=[{"left": "k", "right": "rk"}])
    made = compute(Table(("k", "v"), tuple(left)), [step], {KEY: Table(("rk", "rv"), tuple(right))})
    assert [(row[1], row[2]) for row in made.rows] == wanted
