"""Dates as tables write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.periods import UNITS, Moment, moments


def one(cell: str, *others: str) -> tuple[int, int, int, str] | None:
    found = moments([cell, *others])[0]
    return None if found is None else (found.year, found.month, found.day, found.unit)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2020", (2020, 1, 1, "year")),
        (" 1850 ", (1850, 1, 1, "year")),
        ("2020-03", (2020, 3, 1, "month")),
        ("2020/3/4", (2020, 3, 4, "day")),
        ("2020-03-04T10:30:00Z", (2020, 3, 4, "day")),
        ("2020-03-04 10:30", (2020, 3, 4, "day")),
        ("Q3 2020", (2020, 7, 1, "quarter")),
        ("2020-Q4", (2020, 10, 1, "quarter")),
        ("Jan 1 2000", (2000, 1, 1, "day")),
        ("January 31, 2000", (2000, 1, 31, "day")),
        ("31 Jan 2000", (2000, 1, 31, "day")),
        ("1. May 2000", (2000, 5, 1, "day")),
        ("Sept 2000", (2000, 9, 1, "month")),
        ("4.3.2020", (2020, 3, 4, "day")),
        ("25/3/2020", (2020, 3, 25, "day")),
        ("3/25/2020", (2020, 3, 25, "day")),
        ("3/4/2020", None),
        ("2020-13", None),
        ("30 Feb 2020", None),
        ("Foo 2020", None),
        ("1234", None),
        ("425", None),
        ("", None),
        ("2020-03-04 and some more words that make it long", None),
    ],
)
def test_one_date(cell: str, expected: tuple[int, int, int, str] | None) -> None:
    assert one(cell) == expected


def test_another_cell_of_the_column_says_which_number_is_the_day() -> None:
    assert one("3/4/2020", "25/3/2020") == (2020, 4, 3, "day")
    assert one("3/4/2020", "3/25/2020") == (2020, 3, 4, "day")
    assert one("3/4/2020", "25/3/2020", "3/25/2020") is None


def test_periods_are_named_as_far_as_the_date_gives_them() -> None:
    day = Moment(2020, 5, 7, "day")
    assert [day.period(unit) for unit in UNITS] == ["2020", "2020-Q2", "2020-05", "2020-05-07"]
    quarter = Moment(2020, 4, 1, "quarter")
    assert [quarter.period(unit) for unit in UNITS] == ["2020", "2020-Q2", None, None]


@given(st.dates(date(1500, 1, 1), date(2099, 12, 31)))
def test_every_day_reads_back_from_each_way_of_writing_it(day: date) -> None:
    written = [day.isoformat(), day.strftime("%b %d %Y"), day.strftime("%d %B %Y"), day.strftime("%d.%m.%Y")]
    for text in written:
        assert one(text) == (day.year, day.month, day.day, "day")


@pytest.mark.parametrize(
    "junk", ["1" * 100_000, "Jan " * 30_000, "2020-03-04 " + "0:" * 50_000, "-" * 100_000]
)
def test_junk_is_no_date(junk: str) -> None:
    assert moments([junk] * 50) == [None] * 50
