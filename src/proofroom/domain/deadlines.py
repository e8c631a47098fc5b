"""When a review is due, when it is reminded of, and when it expires."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from proofroom.domain.policy_settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Times in UTC; None where nothing is set. At `remind_at` the next reminder is due."""

    due_at: datetime | None
    remind_at: datetime | None
    expires_at: datetime | None


def deadlines(settings: PolicySettings, opened: datetime) -> Deadlines:
    """The times of a checkpoint that opens now."""
    due = _after(opened, settings.due_hours)
    return Deadlines(
        due, next_reminder(due, settings.remind_hours, opened), _after(opened, settings.expire_hours)
    )


def next_reminder(due: datetime | None, remind_hours: float | None, now: datetime) -> datetime | None:
    """The first time after `now` at which somebody is reminded: ahead of the due time, then when it is due."""
    if due is None:
        return None
    ahead = due - timedelta(hours=remind_hours or 0)
    return next((at for at in (ahead, due) if at > now), None)


def _after(opened: datetime, hours: float | None) -> datetime | None:
    return None if hours is None else opened + timedelta(hours=hours)
