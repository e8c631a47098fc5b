"""The repair turn: doubted claims go back to the agent once, before a person sees them; never twice, never unsaid."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.agents.runtimes.base import AgentEvent, AgentRuntime, BudgetLeft, TurnRequest
from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.domain.errors import Unavailable
from proofroom.services import legs, review, views
from tests.integration.rooms import FINISH, Room

CITED = (
    "The board named a factor of 4.45 in its report of November 1999. "
    "[[{{ b:factor of 4.45 }}|The board named a factor of 4.45 in its report of November 1999.]]"
)


def finding(markdown: str) -> Mapping[str, Any]:
    return {"artifact": {"slot": "finding-1", "type": "research_finding", "title": "F", "markdown": markdown}}


def turn(usd: float = 0.01) -> Mapping[str, Any]:
    return {"usage": {"model": "their-model", "tokens_in": 100, "cost_usd": usd}}


BARE = finding("The board named a factor of 4.45 in its report of November 1999.")
SOUND = finding(CITED)


def model(room: Room, *steps: Any, repair: list[Any] | None = None) -> str:
    more = {} if repair is None else {"repair": repair}
    return room.script(*steps, uses_model=True, **more)


async def told(room: Room, session_id: UUID, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    return [(e.type, e.data) for e in await room.events(session_id) if e.type in kinds]


REPAIRS = ("repair_started", "repair_ended", "repair_skipped")


async def versions(room: Room, session_id: UUID) -> list[int]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return [v.version for _, v in await db_artifacts.current(tx, session_id)]


async def test_a_doubted_claim_is_set_right_before_a_person_sees_it(room: Room) -> None:
    runtime = model(room, turn(), BARE, FINISH, repair=[turn(), SOUND, {"finish": {"summary": "Cited now"}}])
    row = await room.run(runtime)
    waiting = await room.waiting(row.id)
    before = {"claims": 1, "unsupported": 0, "uncited": 1, "conflict": 0}
    after = before | {"uncited": 0}
    assert waiting.reasons == ["final"]
    assert waiting.packet["triggers"] == [], "the doubt was about a version that is not there any more"
    assert [d["kind"] for _, d in await told(room, row.id, "trigger_noted")] == ["low_confidence"]
    assert [(d["kind"], d["version"]) for _, d in await told(room, row.id, "trigger_withdrawn")] == [
        ("low_confidence", 2)
    ]
    assert waiting.packet["summary"]["needs_you"] == 0
    assert waiting.packet["repair"] == {
        "state": "ended", "before": before, "after": after, "outcome": "done", "why": None,
    }  # fmt: skip
    assert await told(room, row.id, *REPAIRS) == [
        ("repair_started", {"before": before}),
        ("repair_ended", {"before": before, "after": after, "outcome": "done", "why": None}),
    ]
    assert [d["purpose"] for _, d in await told(room, row.id, "turn_used")] == ["work", "repair"]
    assert await versions(room, row.id) == [2]
    assert row.meta["summary"] == "Cited now"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (shown,) = (await views.session(tx, room.parts.catalog, row))["repairs"]
    assert shown == {"iteration": 1, **waiting.packet["repair"]}
    assert await room.gates(row.id) == [waiting.reasons]
    assert (await room.row(row.id)).status == "completed"


async def test_the_agent_is_told_what_is_doubted_and_why(room: Room) -> None:
    wrong = finding(CITED.replace("4.45 in its", "4.54 in its", 1))
    quotes = finding("> [!opinion]\n> {{ doubts.0.verdict }} in {{ doubts.0.slot }}: {{ doubts.0.why }}")
    row = await room.run(model(room, wrong, FINISH, repair=[quotes, FINISH]))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((_, version),) = await db_artifacts.current(tx, row.id)
    said = str(version.document)
    assert "unsupported in finding-1" in said
    assert "the text says '4.54', the source '4.45'" in said


async def test_what_is_still_doubted_after_one_repair_is_seen_by_a_person(room: Room) -> None:
    row = await room.run(model(room, BARE, FINISH, repair=[BARE, FINISH]))
    waiting = await room.waiting(row.id)
    assert waiting.packet["repair"]["after"]["uncited"] == 1
    assert len(await told(room, row.id, "repair_started")) == 1


@pytest.mark.parametrize("why", ["no model", "no doubt", "opinion only"])
async def test_there_is_no_repair_without_a_model_or_a_doubt(room: Room, why: str) -> None:
    opinion = finding("> [!opinion]\n> The board was right.")
    runtime = {
        "no model": room.script(BARE, FINISH, repair=[SOUND]),
        "no doubt": model(room, SOUND, FINISH, repair=[BARE]),
        "opinion only": model(room, opinion, FINISH, repair=[BARE]),
    }[why]
    row = await room.run(runtime)
    assert await told(room, row.id, *REPAIRS) == []
    assert "repair" not in (await room.waiting(row.id)).packet
    assert row.repairs == {}


async def test_each_round_has_a_repair_of_its_own(room: Room) -> None:
    other = finding("The planned altitude was 226 km.")
    runtime = room.script(
        iterations={1: [BARE, FINISH], 2: [other, FINISH]}, repair=[SOUND, FINISH], uses_model=True
    )
    row = await room.run(runtime)
    waiting = await room.waiting(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, waiting.id, packet_digest=waiting.packet_digest,
            changes=[{"comment": "Name the altitude"}],
        )  # fmt: skip
    row = await room.drive(row.id)
    assert sorted(row.repairs) == ["1", "2"]
    assert [kind for kind, _ in await told(room, row.id, *REPAIRS)] == ["repair_started", "repair_ended"] * 2


async def test_a_crash_after_the_repair_and_before_the_gate_starts_no_second_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await room.file(model(room, BARE, FINISH, repair=[BARE, FINISH]))
    with monkeypatch.context() as patched:
        patched.setattr(legs, "finish_work", crashes)
        with pytest.raises(Unavailable):
            await room.drive(session_id)
    assert [kind for kind, _ in await told(room, session_id, *REPAIRS)] == ["repair_started", "repair_ended"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await room.row(session_id)
        assert await work_sessions.renew_lease(tx, session_id, row.leg, -1)
    row = await room.drive(session_id)
    assert (row.status, row.leg) == ("pending_review", 2)
    assert [kind for kind, _ in await told(room, session_id, *REPAIRS)] == ["repair_started", "repair_ended"]
    assert await versions(room, session_id) == [1]


async def crashes(*_: Any, **__: Any) -> None:
    raise Unavailable("database_unavailable", "The database is away.", hint="")


class Watched:
    """A runtime whose turns are counted by purpose; the first repair turn never ends."""

    def __init__(self, sound: AgentRuntime) -> None:
        self.sound = sound
        self.capabilities = sound.capabilities
        self.interrupt = sound.interrupt
        self.purposes: list[str] = []
        self.left: list[BudgetLeft] = []
        self.repairing = asyncio.Event()

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        self.purposes.append(request.purpose)
        self.left.append(request.budget)
        if self.purposes.count("repair") == 1 and request.purpose == "repair":
            await request.tools.call("search_context", {"query": "factor"})
            self.repairing.set()
            await asyncio.Event().wait()
        async for event in self.sound.turn(request):
            yield event


async def test_a_repair_that_a_crash_cut_off_goes_on_and_the_work_is_not_done_again(room: Room) -> None:
    search = {"search": {"query": "factor"}}
    runtime = model(room, turn(), BARE, {"finish": {"summary": "Worked"}}, repair=[search, SOUND])
    watched = Watched(room.parts.catalog.make_runtime(runtime))
    catalog = replace(room.parts.catalog, make_runtime=lambda _: watched)
    own = replace(room, parts=replace(room.parts, catalog=catalog))
    session_id = await own.file(runtime, budget={"tokens": 1_000})
    running = asyncio.create_task(own.drive(session_id))
    await watched.repairing.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    row = await own.drive(session_id)
    assert (row.status, row.leg) == ("pending_review", 2)
    assert watched.purposes == ["work", "repair", "repair"]
    assert [left.tokens for left in watched.left] == [1_000, 900, 900]
    kinds = [kind for kind, _ in await told(room, session_id, *REPAIRS, "turn_lost", "tool_called")]
    # the search that was recorded before the crash was not made again
    assert kinds == ["repair_started", "tool_called", "turn_lost", "repair_ended"]
    assert row.meta["summary"] == "Worked"
    assert await versions(room, session_id) == [2]


async def test_a_question_in_a_repair_is_asked_and_the_repair_goes_on(room: Room) -> None:
    asks = {"ask": {"question": "Which factor?"}}
    session_id = await room.file(model(room, BARE, FINISH, repair=[asks, SOUND, FINISH]))
    await room.drive(session_id)
    asked = await room.waiting(session_id)
    assert "repair" not in asked.packet
    passed = await room.gates(session_id, {"answer": "4.45"})
    assert passed[0] == ["question"]
    assert [kind for kind, _ in await told(room, session_id, *REPAIRS)] == ["repair_started", "repair_ended"]
    assert (await room.row(session_id)).status == "completed"


async def test_a_repair_that_fails_leaves_the_flags_to_a_person(room: Room) -> None:
    fails = {"fail": {"code": "provider_busy", "message": "529 overloaded", "retryable": True}}
    row = await room.run(model(room, BARE, {"finish": {"summary": "Worked"}}, repair=[fails]))
    waiting = await room.waiting(row.id)
    assert (waiting.kind, row.failure) == ("final", None)
    assert (waiting.packet["repair"]["outcome"], waiting.packet["repair"]["why"]) == (
        "failed",
        "529 overloaded",
    )
    assert waiting.packet["repair"]["after"]["uncited"] == 1
    assert row.meta["summary"] == "Worked"


async def test_there_is_no_repair_where_the_budget_leaves_no_room(room: Room) -> None:
    row = await room.run(model(room, turn(0.95), BARE, FINISH, repair=[SOUND]), budget={"usd": 2.0})
    assert [kind for kind, _ in await told(room, row.id, *REPAIRS)] == ["repair_started", "repair_ended"]
    row = await room.run(model(room, BARE, turn(0.95), FINISH, repair=[SOUND]), budget={"usd": 1.0})
    waiting = await room.waiting(row.id)
    assert waiting.kind == "final"
    assert (waiting.packet["repair"]["state"], waiting.packet["repair"]["after"]) == ("skipped", None)
    assert [kind for kind, _ in await told(room, row.id, *REPAIRS)] == ["repair_skipped"]


async def test_a_repair_ends_at_the_budget_and_asks_for_no_more(room: Room) -> None:
    search = {"search": {"query": "factor"}}
    repair = [turn(0.5), search, turn(0.5), SOUND, turn(0.5), FINISH]
    row = await room.run(model(room, turn(0.1), BARE, turn(0.1), FINISH, repair=repair), budget={"usd": 1.0})
    waiting = await room.waiting(row.id)
    assert (waiting.kind, row.budget.get("extensions")) == ("final", None)
    assert waiting.packet["repair"]["outcome"] == "stopped"
    assert row.usage["cost_usd"] == 0.7  # the turn that would have gone over was not begun


async def test_what_the_repaired_version_still_deserves_and_what_is_of_another_stays(room: Room) -> None:
    other = {"artifact": {**BARE["artifact"], "slot": "finding-2"}}
    again = finding("The board named a factor of 4.45, in its report of November 1999.")
    row = await room.run(
        model(room, BARE, other, {"request_review": "Look."}, FINISH, repair=[again, FINISH])
    )
    waiting = await room.waiting(row.id)
    assert [(t["kind"], t["detail"].get("slot")) for t in waiting.packet["triggers"]] == [
        ("low_confidence", "finding-2"), ("review_requested", None), ("low_confidence", "finding-1"),
    ]  # fmt: skip


async def test_policy_does_not_sign_alone_what_once_raised_a_doubt(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE workspaces SET settings = '{\"policy_may_sign\": true}'"))
    row = await room.run(model(room, BARE, FINISH, repair=[SOUND, FINISH]), "auto_approve_low_risk")
    assert (row.status, (await room.waiting(row.id)).reasons) == ("pending_review", ["final"])
