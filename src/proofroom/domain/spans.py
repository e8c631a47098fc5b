"""A stretch of time cut into days, weeks or months as a calendar on somebody's wall has them."""

from datetime import datetime, timedelta, tzinfo

from proofroom.domain.errors import InvalidInput

UNITS = ("day", "week", "month")
MOST_BUCKETS = 400


def edges(since: datetime, until: datetime, unit: str, zone: tzinfo) -> tuple[datetime, ...]:
    """`since`, every midnight in `zone` at which a day, a week (on Monday) or a month begins, and `until`.

    The first and the last stretch may be cut off. Both times are aware; so are the answers, in `zone`. A day may have
    23 or 25 hours. Raises InvalidInput (`span_invalid`, `unknown_unit`, `too_many_buckets`).
    """
    if unit not in UNITS:
        raise InvalidInput(
            "unknown_unit",
            f"There is no unit {unit[:40]!r}.",
            hint=f"Use one of {', '.join(UNITS)}.",
            field="unit",
        )
    if since >= until:
        raise InvalidInput(
            "span_invalid", "The time ends before it begins.", hint="Give a later `to`.", field="to"
        )
    first, last = since.astimezone(zone), until.astimezone(zone)
    found = [first]
    at = _after(_begin(first, unit), unit)
    while at < last:
        if len(found) == MOST_BUCKETS:
            raise InvalidInput(
                "too_many_buckets",
                f"That is more than {MOST_BUCKETS} stretches of a {unit}.",
                hint="Take a shorter time, or weeks or months.",
                field="unit",
            )
        found.append(at)
        at = _after(at, unit)
    return (*found, last)


def _begin(at: datetime, unit: str) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1) if unit == "month" else midnight


def _after(at: datetime, unit: str) -> datetime:
    """The next beginning: on the wall, so that a change of the clocks moves nothing."""
    if unit == "month":
        return (at.replace(day=28) + timedelta(days=4)).replace(day=1)
    return at + timedelta(days=7 if unit == "week" else 1)
