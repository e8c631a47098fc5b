"""When a review is due, reminded of, and over."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.deadlines import Deadlines, deadlines, next_reminder
from proofroom.domain.policy_settings import PolicySettings

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def test_nothing_set_is_never() -> None:
    assert deadlines(PolicySettings(), NOON) == Deadlines(None, None, None)


def test_hours_count_from_the_opening_and_reminders_back_from_the_due_time() -> None:
    held = PolicySettings(due_hours=24, remind_hours=4, expire_hours=48)
    assert deadlines(held, NOON) == Deadlines(after(24), after(20), after(48))
    assert deadlines(PolicySettings(due_hours=24), NOON) == Deadlines(after(24), after(24), None)
    assert deadlines(PolicySettings(expire_hours=1), NOON) == Deadlines(None, None, after(1))


def test_it_is_reminded_of_ahead_once_when_due_once_and_no_more() -> None:
    due = after(24)
    assert next_reminder(due, 4, NOON) == after(20)
    assert next_reminder(due, 4, after(20)) == due
    assert next_reminder(due, 4, after(23)) == due
    assert next_reminder(due, 4, due) is None
    assert next_reminder(due, None, NOON) == due
    assert next_reminder(None, 4, NOON) is None


@given(st.floats(0.1, 1000), st.none() | st.floats(0.1, 1000), st.floats(0, 2000))
def test_following_the_reminders_ends_after_at_most_two(
    due: float, ahead: float | None, start: float
) -> None:
    at: datetime | None = after(start)
    seen: list[datetime] = []
    while at is not None:
        at = next_reminder(after(due), ahead, at)
        if at is not None:
            seen.append(at)
            assert at <= after(due)
    assert len(seen) <= 2
    assert seen == sorted(set(seen))
