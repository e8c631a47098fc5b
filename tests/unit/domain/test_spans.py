"""Time cut as a calendar has it, across changes of the clocks."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.errors import InvalidInput
from proofroom.domain.spans import MOST_BUCKETS, UNITS, edges

VIENNA = ZoneInfo("Europe/Vienna")


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=VIENNA)


def test_days_begin_at_midnight_there_also_where_the_clocks_change() -> None:
    found = edges(at(2026, 10, 24, 9), at(2026, 10, 27), "day", VIENNA)
    assert found == (at(2026, 10, 24, 9), at(2026, 10, 25), at(2026, 10, 26), at(2026, 10, 27))
    hours = [
        (b.astimezone(UTC) - a.astimezone(UTC)) / timedelta(hours=1) for a, b in itertools.pairwise(found)
    ]
    assert hours == [15, 25, 24]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert edges(at(2026, 11, 4), at(2026, 11, 17), "week", VIENNA)[1:3] == (
        at(2026, 11, 9),
        at(2026, 11, 16),
    )
    assert edges(at(2025, 12, 31), at(2026, 2, 10), "month", VIENNA)[1:3] == (at(2026, 1, 1), at(2026, 2, 1))


def test_the_zone_says_when_a_day_begins() -> None:
    late = datetime(2026, 11, 4, 23, 30, tzinfo=UTC)  # half past midnight there
    assert edges(late, late + timedelta(hours=2), "day", VIENNA) == (late, late + timedelta(hours=2))
    assert len(edges(late, late + timedelta(hours=2), "day", UTC)) == 3


def test_what_cannot_be_cut_is_refused() -> None:
    refused = [
        (at(2026, 1, 1), at(2026, 2, 1), "fortnight", "unknown_unit"),
        (at(2026, 1, 1), at(2026, 1, 1), "day", "span_invalid"),
        (at(2020, 1, 1), at(2026, 1, 1), "day", "too_many_buckets"),
    ]
    for since, until, unit, code in refused:
        with pytest.raises(InvalidInput) as error:
            edges(since, until, unit, VIENNA)
        assert error.value.code == code
    assert (
        len(edges(at(2026, 1, 1), at(2026, 1, 1) + timedelta(days=MOST_BUCKETS), "day", VIENNA))
        == MOST_BUCKETS + 1
    )
    with pytest.raises(InvalidInput):
        edges(at(2026, 1, 1), at(2026, 1, 1) + timedelta(days=MOST_BUCKETS + 1), "day", VIENNA)


@given(
    st.integers(0, 45 * 365 * 24 * 60),
    st.floats(0.01, 300),
    st.sampled_from(UNITS),
    st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"]),
)
def test_edges_rise_from_the_beginning_to_the_end(minutes: int, days: float, unit: str, zone: str) -> None:
    since = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = since + timedelta(days=days)
    found = edges(since, until, unit, ZoneInfo(zone))
    # An hour that comes twice equals nothing in another zone (PEP 495), so they are compared in one.
    moments = [edge.astimezone(UTC) for edge in found]
    assert (moments[0], moments[-1]) == (since, until)
    assert moments == sorted(set(moments))
    assert all((e.hour, e.minute, e.second) == (0, 0, 0) for e in found[1:-1])
