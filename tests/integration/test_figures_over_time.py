"""Figures over time are those of the sessions and checkpoints that there are, whatever became of them."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom import Acknowledgement, AcknowledgementKind
from proofroom.db import figures_over_time as db_figures
from proofroom.db.figures_over_time import Of
from proofroom.db.models import WorkCheckpoint
from proofroom.db.tx import Database, Tx
from proofroom.domain.errors import InvalidInput, NotFound
from proofroom.services import (
    analytics,
    dry_runs,
    figures,
    holding,
    projects,
    review,
    templates,
    work_requests,
)
from proofroom.services.work_requests import NewWork
from tests.integration.conftest import make_project, make_workspace
from tests.integration.people import join, set_policy
from tests.integration.rooms import FINDING, FINISH, PLAN, Room
from tests.integration.test_policy import WRONG

ALL = Of()


def reading(room: Room) -> figures.Pair:
    return lambda: room.db.pair(room.actor.workspace_id)


async def series(
    room: Room, of: Of = ALL, *, days: int = 2, unit: str = "day", zone: str = "UTC"
) -> dict[str, Any]:
    until = datetime.now(UTC) + timedelta(minutes=1)
    return await figures.series(
        reading(room), since=until - timedelta(days=days), until=until, unit=unit, zone=zone, of=of
    )


async def now(room: Room, project_id: UUID | None = None) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await figures.now(tx, project_id)


async def completed(room: Room, **more: Any) -> UUID:
    row = await room.run(room.script(FINDING, FINISH))
    await room.approve(row.id, **more)
    assert (await room.drive(row.id)).status == "completed"
    return row.id


async def set_columns(room: Room, table: str, where: UUID, **values: str) -> None:
    """Moves a row in time; `values` are SQL."""
    key = "session_id" if table == "session_figures" else "checkpoint_id"
    sets = ", ".join(f"{name} = {value}" for name, value in values.items())
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text(f"UPDATE {table} SET {sets} WHERE {key} = :id"), {"id": where})


async def test_nothing_is_counted_as_nothing_and_a_rate_of_it_is_none(room: Room) -> None:
    found = await series(room)
    assert len(found["buckets"]) == 3
    assert found["total"]["sessions"] == dict.fromkeys(found["total"]["sessions"], 0)
    for one in (found["total"], *found["buckets"]):
        assert one["approval_rate"] is None
        assert one["waiting"] == {"decided": 0, "median_seconds": None, "p90_seconds": None}
        assert (one["edits"]["edit_rate"], one["edits"]["mean_share"]) == (None, None)
        assert one["evidence"]["needs_you_rate"] is None
        assert one["cost"]["per_deliverable_usd"] is None
    assert (found["agents"], found["templates"]) == ([], [])


async def test_what_became_of_work_is_counted_where_it_happened(room: Room) -> None:
    await completed(room)
    rejected = await room.run(room.script(FINDING, FINISH))
    waiting = await room.waiting(rejected.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.reject(
            tx,
            room.actor,
            rejected.id,
            waiting.id,
            packet_digest=waiting.packet_digest,
            rejection_reason="No.",
        )
    failed = await room.run(room.script({"finish": {"summary": "Nothing"}}))
    assert failed.failure
    assert failed.failure["code"] == "no_output"
    cancelled = await room.file(room.script(FINDING, FINISH))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.cancel(tx, room.actor, cancelled)
    found = await series(room)
    assert found["total"]["sessions"] == {
        "created": 4, "completed": 1, "rejected": 1, "expired": 0, "failed": 1, "cancelled": 1,
    }  # fmt: skip
    assert found["total"]["decisions"] == {"approved": 1, "changes_requested": 0, "rejected": 1}
    assert found["total"]["approval_rate"] == 0.5
    assert found["buckets"][-1]["sessions"] == found["total"]["sessions"]
    assert [(a["agent_type"], a["sessions"]["created"]) for a in found["agents"]] == [("research", 4)]
    # Tried again, it has not failed any more.
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.retry(tx, room.actor, failed.id)
    assert (await series(room))["total"]["sessions"]["failed"] == 0


async def test_a_wait_is_that_of_one_decision_and_medians_are_counted_anew(room: Room) -> None:
    ids = [await completed(room) for _ in range(4)]
    for n, session_id in enumerate(ids):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            found = await tx.execute(
                text("SELECT checkpoint_id FROM checkpoint_figures WHERE session_id = :id"),
                {"id": session_id},
            )
            checkpoint_id = found.scalar_one()
        day = "interval '1 day'" if n == 0 else "interval '0'"
        await set_columns(
            room, "checkpoint_figures", checkpoint_id, decided_at=f"now() - {day}",
            opened_at=f"now() - {day} - interval '{[1, 2, 3, 100][n]} hours'",
        )  # fmt: skip
    found = await series(room)
    hour = 3600
    assert [b["waiting"]["median_seconds"] for b in found["buckets"]] == [None, hour, 3 * hour]
    assert found["total"]["waiting"] == {
        "decided": 4, "median_seconds": 2 * hour, "p90_seconds": 100 * hour,
    }  # fmt: skip


async def test_an_edit_is_measured_from_what_was_first_shown(room: Room) -> None:
    plain = {"artifact": FINDING["artifact"] | {"title": "T", "markdown": "One two three four."}}
    row = await room.run(room.script(plain, FINISH))
    (artifact,) = (await room.waiting(row.id)).packet["artifacts"]
    # Signed with the edit at once: the packet is the edited one from then on, and what was shown is kept beside it.
    signed = await room.approve(
        row.id, edits=[{"artifact_id": artifact["artifact_id"], "body": "One two four."}]
    )
    assert not signed.stale
    before = (await series(room))["total"]["edits"]
    assert (before["signed"], before["compared"], before["edit_rate"]) == (1, 0, None)
    assert (await room.drive(row.id)).status == "completed"
    await completed(room)
    edits = (await series(room))["total"]["edits"]
    assert edits == {"signed": 2, "compared": 2, "edited": 1, "edit_rate": 0.5, "mean_share": 0.1}
    async with room.db.transaction(room.actor.workspace_id) as tx:
        same = (await analytics.summary(tx))["edit_distance"]
    assert (same["signed"], same["unchanged"], same["words"]) == (2, 1, 1)


async def test_an_edit_that_was_taken_back_and_then_signed_is_measured(room: Room) -> None:
    plain = {"artifact": FINDING["artifact"] | {"title": "T", "markdown": "One two three four."}}
    row = await room.run(room.script(plain, FINISH))
    (artifact,) = (await room.waiting(row.id)).packet["artifacts"]
    edits = [{"artifact_id": artifact["artifact_id"], "body": "One two four."}]
    held = await room.approve(row.id, edits=edits, undo_seconds=6)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await holding.withdraw(tx, room.actor, row.id, held.checkpoint.id)
    assert (await series(room))["total"]["edits"]["signed"] == 0
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"
    edits_of = (await series(room))["total"]["edits"]
    assert (edits_of["signed"], edits_of["compared"], edits_of["edited"]) == (1, 1, 1)


async def test_what_was_asked_for_anew_is_measured_from_the_first_round(room: Room) -> None:
    said = {"artifact": FINDING["artifact"] | {"title": "T", "markdown": "One two three four."}}
    anew = {"artifact": FINDING["artifact"] | {"title": "T", "markdown": "One two four."}}
    row = await room.run(room.script(iterations={1: [said, FINISH], 2: [anew, FINISH]}))
    first = await room.waiting(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx,
            room.actor,
            row.id,
            first.id,
            packet_digest=first.packet_digest,
            changes=[{"comment": "Shorter."}],
        )
    assert (await room.drive(row.id)).status == "pending_review"
    await room.approve(row.id)
    await room.drive(row.id)
    edits = (await series(room))["total"]["edits"]
    assert (edits["signed"], edits["compared"], edits["edited"]) == (1, 1, 1)


async def test_nothing_is_asked_about_edits_where_nothing_was_edited(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[UUID] = []

    async def count(_: Tx, checkpoint_id: UUID) -> None:
        asked.append(checkpoint_id)

    monkeypatch.setattr(analytics, "count_edits", count)
    await completed(room)
    assert asked == []
    edits = (await series(room))["total"]["edits"]
    assert (edits["signed"], edits["compared"], edits["edited"], edits["mean_share"]) == (1, 1, 0, 0.0)


async def test_what_readers_said_of_checks_is_counted_once_per_claim(room: Room) -> None:
    row = await room.run(room.script(WRONG, FINISH))
    (claim,) = (await room.waiting(row.id)).packet["artifacts"][0]["claims"]
    wrong = Acknowledgement(claim["id"], "It says so.", AcknowledgementKind.CHECK_WAS_WRONG)
    await room.approve(row.id, acknowledged=[wrong])
    await room.drive(row.id)
    evidence = (await series(room))["total"]["evidence"]
    assert (evidence["claims"], evidence["needs_you"], evidence["kept"], evidence["check_was_wrong"]) == (
        1,
        1,
        1,
        1,
    )
    assert evidence["needs_you_rate"] == 1.0


async def test_it_is_counted_by_project_agent_and_template(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        template = await templates.add(
            tx, room.actor, room.parts.catalog, room.project_id, "Weekly", {"agent_type": "research"}
        )
    await room.file(room.script(FINDING, FINISH), template_id=template.id)
    await room.file(room.script(FINDING, FINISH))
    elsewhere = await make_project(room.db, room.actor.workspace_id, "Elsewhere")
    found = await series(room)
    assert [(t["name"], t["sessions"]["created"]) for t in found["templates"]] == [("Weekly", 1)]
    assert (await series(room, Of(template_id=template.id)))["total"]["sessions"]["created"] == 1
    assert (await series(room, Of(agent_type="content")))["total"]["sessions"]["created"] == 0
    assert (await series(room, Of(project_id=elsewhere)))["total"]["sessions"]["created"] == 0
    assert (await series(room, Of(project_id=room.project_id)))["total"]["sessions"]["created"] == 2


async def test_a_cost_is_divided_by_what_was_completed(room: Room) -> None:
    ids = [await completed(room) for _ in range(2)]
    for session_id in ids:
        await set_columns(room, "session_figures", session_id, cost_usd="1.5")
    failed = await room.run(room.script({"finish": {"summary": "Nothing"}}))
    await set_columns(room, "session_figures", failed.id, cost_usd="3", unpriced="true")
    assert (await series(room))["total"]["cost"] == {
        "usd": 6.0, "per_deliverable_usd": 3.0, "tokens": 0, "unpriced_sessions": 1,
    }  # fmt: skip


async def test_nobody_counts_the_work_of_others(room: Room) -> None:
    await completed(room)
    workspace, _ = await make_workspace(room.db, "Theirs")
    until = datetime.now(UTC) + timedelta(minutes=1)

    def theirs() -> AbstractAsyncContextManager[Tx]:
        return room.db.transaction(workspace)

    def both() -> AbstractAsyncContextManager[tuple[Tx, Tx]]:
        return room.db.pair(workspace)

    found = await figures.series(
        both, since=until - timedelta(days=1), until=until, unit="day", zone="UTC", of=ALL
    )
    assert found["total"]["sessions"]["created"] == 0
    async with theirs() as tx:
        assert (await figures.now(tx))["delivered"]["count"] == 0
        with pytest.raises(NotFound):
            await figures.now(tx, room.project_id)
    with pytest.raises(NotFound):
        await figures.series(
            both, since=until - timedelta(days=1), until=until, unit="day", zone="UTC",
            of=Of(project_id=room.project_id),
        )  # fmt: skip


async def test_zones_that_there_are_not_are_refused(room: Room) -> None:
    for zone in (
        "Mars/Olympus",
        "../../etc/passwd",
        "",
        "Europe",
        "\x00",
        "localtime",
        "Factory",
        "posix/UTC",
    ):
        with pytest.raises(InvalidInput) as error:
            await series(room, zone=zone)
        assert error.value.code == "unknown_time_zone"


async def test_figures_of_one_answer_are_of_one_moment(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision that comes between two statements is in none of them, or in all."""
    await completed(room)
    waits = await room.run(room.script(FINDING, FINISH))
    settled, waited = db_figures.settled, db_figures.waited
    decided = asyncio.Event()

    async def decide_first(*given: Any) -> Any:
        await room.approve(waits.id)
        decided.set()
        return await settled(*given)

    async def wait_first(*given: Any) -> Any:
        await decided.wait()
        return await waited(*given)

    monkeypatch.setattr(db_figures, "settled", decide_first)
    monkeypatch.setattr(db_figures, "waited", wait_first)
    total = (await series(room))["total"]
    assert (total["waiting"]["decided"], total["decisions"]["approved"]) == (1, 1)
    monkeypatch.undo()
    assert (await series(room))["total"]["decisions"]["approved"] == 2


async def test_both_readers_of_figures_see_what_stands_there_at_the_beginning(room: Room) -> None:
    count = text("SELECT count(*) FROM work_sessions")
    async with room.db.pair(room.actor.workspace_id) as (one, other):
        await room.file(room.script(FINISH))
        seen = [(await tx.execute(count)).scalar_one() for tx in (one, other)]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert [*seen, (await tx.execute(count)).scalar_one()] == [0, 0, 1]


async def test_many_readers_of_two_connections_leave_each_other_a_second_one(room: Room) -> None:
    small = Database(room.db.url, pool_size=2, max_overflow=2)

    async def read() -> int:
        async with small.pair(room.actor.workspace_id) as (one, other):
            return sum([(await tx.execute(text("SELECT 1"))).scalar_one() for tx in (one, other)])

    try:
        assert await asyncio.gather(*(read() for _ in range(12))) == [2] * 12
    finally:
        await small.dispose()


async def test_now_says_what_runs_what_waits_what_came_of_it_and_what_failed(room: Room) -> None:
    await completed(room)
    waits = await room.run(room.script(WRONG, FINISH))
    failed = await room.run(room.script({"finish": {"summary": "Nothing"}}))
    await room.file(room.script(FINDING, FINISH))
    found = await now(room)
    assert found["running"] == {"in_progress": 0, "queued": 1, "initialized": 0, "items": []}
    assert found["waiting"]["count"] == 1
    assert found["waiting"]["by_risk"] == {"high": 0, "medium": 1, "low": 0, "none": 0}
    (item,) = found["waiting"]["items"]
    assert item["session_id"] == str(waits.id)
    assert item["checkpoint_id"] == str((await room.waiting(waits.id)).id)
    assert (found["delivered"]["count"], len(found["delivered"]["items"])) == (1, 1)
    (broken,) = found["failed"]["items"]
    assert (found["failed"]["count"], broken["session_id"], broken["retryable"]) == (1, str(failed.id), True)
    assert await now(room, await make_project(room.db, room.actor.workspace_id, "Elsewhere")) | {"at": ""} == (
        found | {"at": "", "running": {**found["running"], "queued": 0},
            "waiting": {"count": 0, "by_risk": dict.fromkeys(found["waiting"]["by_risk"], 0), "overdue": 0,
                        "oldest_at": None, "items": []},
            "delivered": {"count": 0, "items": []}, "failed": {"count": 0, "deliveries": 0, "items": []}}
    )  # fmt: skip


async def test_what_waits_is_counted_by_the_risk_that_the_inbox_shows(room: Room) -> None:
    """A plan has no risk in its packet; a count leads to as many rows there."""
    row = await room.run(room.script(PLAN, FINDING, FINISH), "checkpoint_required")
    waits = await room.waiting(row.id)
    assert (waits.kind, waits.risk) == ("plan", 2)
    found = (await now(room))["waiting"]
    assert found["by_risk"] == {"high": 0, "medium": 0, "low": 1, "none": 0}


async def test_a_project_may_set_what_its_work_may_cost(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await projects.change(
            tx,
            room.actor,
            room.project_id,
            budget={"default": {"usd": 1}, "most": {"usd": 2, "tokens": 5000}},
        )

    async def made(budget: dict[str, Any] | None) -> dict[str, Any]:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            row = await work_requests.create(
                tx, room.actor, room.parts.catalog, room.project_id,
                NewWork("research", "What was the factor?", budget=budget),
            )  # fmt: skip
            return row.budget

    assert await made(None) == {"usd": 1, "tokens": 5000}
    assert await made({"usd": 2, "seconds": 60}) == {"usd": 2, "tokens": 5000, "seconds": 60}
    with pytest.raises(InvalidInput) as error:
        await made({"usd": 2.5})
    assert (error.value.code, error.value.field) == ("budget_over_project", "budget.usd")


async def test_a_dry_run_holds_one_packet_at_a_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await room.run(room.script(WRONG, FINISH))
    held: list[int] = []
    said = dry_runs.said

    async with room.db.transaction(room.actor.workspace_id) as tx:

        def watched(*given: Any) -> Any:
            alive = [one for one in tx.sync_session.identity_map.values() if isinstance(one, WorkCheckpoint)]
            held.append(len(alive))
            return said(*given)

        monkeypatch.setattr(dry_runs, "said", watched)
        assert (await dry_runs.run(tx, room.project_id, {}))["summary"]["sessions"] == 3
    assert held == [1] * 6


async def test_a_dry_run_says_what_settings_would_have_changed_and_stores_nothing(room: Room) -> None:
    await completed(room)
    row = await room.run(room.script(WRONG, FINISH))
    for name in ("One", "Two"):
        await join(room, name)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        before = (await tx.execute(text("SELECT count(*) FROM project_policies"))).scalar_one()
        found = await dry_runs.run(
            tx, room.project_id, {"quorum": 2, "separate_duties": True, "due_hours": 1}
        )
        after = (await tx.execute(text("SELECT count(*) FROM project_policies"))).scalar_one()
        held = (
            await tx.execute(
                text("SELECT packet FROM work_checkpoints WHERE session_id = :id"), {"id": row.id}
            )
        ).scalar_one()
    assert before == after == 0
    assert held == (await room.waiting(row.id)).packet
    assert found["summary"]["sessions"] == found["summary"]["differ"] == 2
    assert found["summary"]["stops_today"] == found["summary"]["stops_proposed"] == 2
    latest = found["items"][0]
    assert (latest["session_id"], latest["today"]["quorum"], latest["proposed"]["quorum"]) == (
        str(row.id),
        1,
        2,
    )
    assert latest["differs"] == ["quorum", "barred", "due_at"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert (await dry_runs.run(tx, room.project_id, {}))["summary"]["differ"] == 0
        with pytest.raises(InvalidInput):
            await dry_runs.run(tx, room.project_id, {"quorum": 0})
    assert (await set_policy(room))["version"] == 0
