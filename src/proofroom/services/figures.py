"""Figures over time and what stands where now: what an operations team looks at day after day."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from proofroom.db import figures_over_time as db_figures
from proofroom.db import projects
from proofroom.db import templates as db_templates
from proofroom.db.figures_over_time import Key, Of
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.domain.spans import edges
from proofroom.services.views import at

LATELY_DAYS = 7
MOST_SHOWN = 10
RISKS = ("high", "medium", "low", "none")

A = TypeVar("A")
B = TypeVar("B")
_Counts = Mapping[Key, Mapping[str, Any]]
Pair = Callable[[], AbstractAsyncContextManager[tuple[Tx, Tx]]]
"""Opens two transactions that see the same state of the database."""


@cache
def _zones() -> frozenset[str]:
    """Names that mean the same everywhere; looking for them reads some hundred files."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


async def zone_of(name: str) -> ZoneInfo:
    """Raises InvalidInput (`unknown_time_zone`), also for what is a zone only on this machine."""
    if name in await asyncio.to_thread(_zones):
        return ZoneInfo(name)
    raise InvalidInput(
        "unknown_time_zone",
        f"There is no time zone {name[:60]!r}.",
        hint="Give a name of the IANA database, such as Europe/Vienna or UTC.",
        field="tz",
    )


async def series(
    pair: Pair, *, since: datetime, until: datetime, unit: str, zone: str, of: Of
) -> dict[str, Any]:
    """{from, to, unit, tz, buckets, total, agents, templates}: each the same figures, over stretches of time, over all
    of it, by agent and by template. Rates and medians are None where there is nothing to count.

    Raises InvalidInput (`unknown_time_zone`, `unknown_unit`, `span_invalid`, `too_many_buckets`), NotFound
    (`project_not_found`).
    """
    cuts = edges(since, until, unit, await zone_of(zone))
    async with pair() as (tx, other):
        if of.project_id is not None:
            await projects.get(tx, of.project_id)
        # Sums and middles cost the database about as much, and it has more than one processor. Both come to their end
        # before a transaction does.
        counted, waits = _done(
            await asyncio.gather(
                _sums(tx, cuts, of), db_figures.waited(other, cuts, of), return_exceptions=True
            )
        )
        agents = sorted({key[1] for part in counted for key in part if key[0] == "agent"})
        templates = {
            key[1] for part in counted for key in part if key[0] == "template" and key[1] is not None
        }
        names = await db_templates.names(tx, templates)

    def figures(key: Key) -> dict[str, Any]:
        return _figures(counted, waits, key)

    return {
        "from": at(since.astimezone(UTC)), "to": at(until.astimezone(UTC)), "unit": unit, "tz": zone,
        "buckets": [
            {"start": start.isoformat(), "end": end.isoformat(), **figures(("bucket", n))}
            for n, (start, end) in enumerate(itertools.pairwise(cuts), 1)
        ],
        "total": figures(("all", None)),
        "agents": [{"agent_type": name, **figures(("agent", name))} for name in agents],
        "templates": [
            {
                "template_id": str(one), "name": names[one][0] if one in names else None,
                "project_id": str(names[one][1]) if one in names else None, **figures(("template", one)),
            }
            for one in sorted(templates, key=lambda t: (t not in names, names.get(t, ("",))[0].casefold(), t))
        ],
    }  # fmt: skip


async def _sums(tx: Tx, cuts: Sequence[datetime], of: Of) -> tuple[_Counts, _Counts, _Counts]:
    return (
        await db_figures.created(tx, cuts, of),
        await db_figures.settled(tx, cuts, of),
        await db_figures.decided(tx, cuts, of),
    )


def _done(answers: tuple[A | BaseException, B | BaseException]) -> tuple[A, B]:
    one, other = answers
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other


def _figures(counted: Sequence[_Counts], waits: Mapping[Key, Sequence[float]], key: Key) -> dict[str, Any]:
    made, ended, said = (part.get(key, {}) for part in counted)
    decided, signed, compared = (int(said.get(name, 0)) for name in ("decided", "signed", "compared"))
    claims, needs_you = int(said.get("claims", 0)), int(said.get("needs_you", 0))
    cost, completed = float(ended.get("cost_usd", 0)), int(ended.get("completed", 0))
    median, p90 = waits.get(key, (None, None))
    return {
        "sessions": {"created": int(made.get("created", 0))}
        | {name: int(ended.get(name, 0)) for name in ("completed", "rejected", "expired", "failed", "cancelled")},
        "decisions": {name: int(said.get(name, 0)) for name in ("approved", "changes_requested", "rejected")},
        "approval_rate": _share(int(said.get("approved", 0)), decided),
        "waiting": {"decided": decided, "median_seconds": _round(median, 3), "p90_seconds": _round(p90, 3)},
        "edits": {
            "signed": signed, "compared": compared, "edited": int(said.get("edited", 0)),
            "edit_rate": _share(int(said.get("edited", 0)), compared),
            "mean_share": _share(said.get("shares", 0), compared),
        },
        "evidence": {
            "claims": claims, "needs_you": needs_you, "passed": claims - needs_you,
            "needs_you_rate": _share(needs_you, claims), "kept": int(said.get("kept", 0)),
            "check_was_wrong": int(said.get("check_was_wrong", 0)),
        },
        "cost": {
            "usd": round(cost, 6), "per_deliverable_usd": round(cost / completed, 6) if completed else None,
            "tokens": int(ended.get("tokens", 0)), "unpriced_sessions": int(ended.get("unpriced", 0)),
        },
    }  # fmt: skip


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)


async def now(tx: Tx, project_id: UUID | None = None) -> dict[str, Any]:
    """{at, days, running, waiting, delivered, failed} of a project or of all. Lists hold the latest MOST_SHOWN (of what
    waits, the longest); `delivered` and `failed` look back LATELY_DAYS. Work that somebody rejected or that nobody
    signed in time has not failed.

    Raises NotFound (`project_not_found`).
    """
    if project_id is not None:
        await projects.get(tx, project_id)
    moment = datetime.now(UTC)
    since = moment - timedelta(days=LATELY_DAYS)
    running = await db_figures.running(tx, project_id)
    by_risk = {row["risk"]: row for row in await db_figures.waiting(tx, project_id)}
    ended = await db_figures.how_many_ended(tx, project_id, since)
    lists = {
        "running": await db_figures.at_work(tx, project_id, MOST_SHOWN),
        "waiting": await db_figures.longest_waiting(tx, project_id, MOST_SHOWN),
        "delivered": await db_figures.ended(tx, project_id, "completed", since, MOST_SHOWN),
        "failed": await db_figures.ended(tx, project_id, "failed", since, MOST_SHOWN),
    }
    rows = [row for found in lists.values() for row in found]
    names = await projects.names(tx, {row["project_id"] for row in rows})
    shown = {name: [_item(row, names) for row in found] for name, found in lists.items()}
    oldest = [row["oldest_at"] for row in by_risk.values()]
    return {
        "at": at(moment), "days": LATELY_DAYS,
        "running": {
            "in_progress": running.get("in_progress", 0), "queued": running.get("queued", 0),
            "initialized": running.get("initialized", 0), "items": shown["running"],
        },
        "waiting": {
            "count": sum(row["waiting"] for row in by_risk.values()),
            "by_risk": {risk: by_risk[risk]["waiting"] if risk in by_risk else 0 for risk in RISKS},
            "overdue": sum(row["overdue"] for row in by_risk.values()),
            "oldest_at": at(min(oldest)) if oldest else None, "items": shown["waiting"],
        },
        "delivered": {"count": ended.get("completed", 0), "items": shown["delivered"]},
        "failed": {
            "count": ended.get("failed", 0), "deliveries": await db_figures.dead_deliveries(tx, project_id),
            "items": shown["failed"],
        },
    }  # fmt: skip


def _item(row: Mapping[str, Any], names: Mapping[UUID, projects.Named]) -> dict[str, Any]:
    failure: Mapping[str, Any] = row.get("failure") or {}
    project = names[row["project_id"]]
    return {
        "session_id": str(row["session_id"]),
        "project": {"id": str(row["project_id"]), "name": project.name, "archived": project.archived},
        "checkpoint_id": str(row["id"]) if "id" in row else None,
        "title": row["title"], "agent_type": row["agent_type"], "at": at(row["at"]), "due_at": at(row.get("due_at")),
        "phase": row.get("phase"), "failure": failure.get("message"), "retryable": failure.get("retryable"),
    }  # fmt: skip
