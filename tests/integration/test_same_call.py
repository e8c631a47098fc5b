"""Equal calls of a session: one that is made again after a crash gets its recorded answer, one that comes later is new.

Each way to go on is tried: a transcript (claude), replies with their calls made again (pydantic_ai), and from the start
(scripted).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.agents.runtimes.base import (
    AgentEvent,
    AgentRuntime,
    Capabilities,
    Json,
    RunRef,
    ToolResult,
    Tools,
    TurnRequest,
)
from proofroom.db import artifacts as db_artifacts
from proofroom.services import work_requests
from proofroom.testing.model_server import KEY, ModelServer, call, forever, say
from proofroom.testing.plays import following
from tests.integration.claude import MODEL, QUOTE, claude_room
from tests.integration.rooms import FINDING, FINISH, Room

RUNTIMES = ("claude", "pydantic_ai", "scripted")
SEARCH, ASK = {"query": "arrival"}, {"question": "Which of the two?"}
ASK_STEP: Mapping[str, Any] = {"ask": ASK}
WRITE: Mapping[str, Any] = {
    "slot": "finding-1", "type": "research_finding", "title": "The factor", "markdown": f"{QUOTE} [[b1|{QUOTE}]]",
}  # fmt: skip
PLAY = (
    call("search_context", **SEARCH), call("ask_reviewer", **ASK), call("search_context", **SEARCH),
    call("ask_reviewer", **ASK), call("emit_artifact", **WRITE), say("Done."),
)  # fmt: skip
STEPS: tuple[Mapping[str, Any], ...] = (
    {"search": SEARCH}, {"ask": {**ASK, "save": "one"}}, {"search": {**SEARCH, "save": "found"}},
    {"ask": {**ASK, "save": "two"}}, FINDING, {"say": "{{ one.answer }} {{ two.answer }} {{ found.items }}"}, FINISH,
)  # fmt: skip


class Breaking:
    """A runtime whose process dies right after these tools have answered for the first time: their answers are lost."""

    def __init__(self, inner: AgentRuntime, after: set[str]) -> None:
        self.inner, self.after = inner, after

    @property
    def capabilities(self) -> Capabilities:
        return self.inner.capabilities

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        async for event in self.inner.turn(replace(request, tools=_BreakingTools(request.tools, self.after))):
            yield event

    async def interrupt(self, run: RunRef) -> None:
        await self.inner.interrupt(run)


@dataclass
class _BreakingTools:
    inner: Tools
    after: set[str]

    async def call(self, name: str, arguments: Mapping[str, Json], *, once: str | None = None) -> ToolResult:
        result = await self.inner.call(name, arguments, once=once)
        if name in self.after:
            self.after.remove(name)
            raise ConnectionResetError("the process dies here")
        return result


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer([forever(following(PLAY))]) as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running


def runtime_of(which: str, room: Room) -> str:
    return {
        "claude": "claude", "pydantic_ai": f"pydantic_ai:anthropic:{MODEL}", "scripted": room.script(*STEPS),
    }[which]  # fmt: skip


def breaking(room: Room, *after: str) -> Room:
    """The room in which the process dies after these tools, each once; each leg makes a new runtime."""
    left, make = set(after), room.parts.catalog.make_runtime
    catalog = replace(room.parts.catalog, make_runtime=lambda name: Breaking(make(name), left))
    return replace(room, parts=replace(room.parts, catalog=catalog))


async def seen(which: str, room: Room, models: ModelServer, session_id: UUID) -> str:
    """What the agent was answered, as its last turn knew it."""
    if which == "scripted":
        return next(e.data["text"] for e in await room.events(session_id) if e.type == "said")
    return " ".join(answer for _, answer in models.requests[-1].results)


@pytest.mark.parametrize("which", RUNTIMES)
async def test_a_question_or_search_that_comes_again_is_a_new_one_and_a_lost_answer_comes_back(
    which: str, room: Room, models: ModelServer, tmp_path: Path
) -> None:
    await room.add()
    here = breaking(claude_room(room, models, tmp_path), "search_context", "emit_artifact")
    session_id = await here.file(runtime_of(which, room))
    gates: list[list[str]] = []
    answers, crashes = iter(("The second", "The first")), 0
    row = await here.drive(session_id)
    while row.status != "completed":
        if row.status == "failed":
            assert row.failure is not None
            assert (row.failure["code"], row.failure["retryable"]) == ("runtime_error", True)
            crashes += 1
            async with here.db.transaction(here.actor.workspace_id) as tx:
                await work_requests.retry(tx, here.actor, session_id)
        else:
            waiting = await here.waiting(session_id)
            gates.append(waiting.reasons)
            await here.approve(session_id, answers={"answer": next(answers)} if waiting.form else None)
            if len(gates) == 1:
                await here.add("The arrival was late by nine minutes.\n", "late.md")
        row = await here.drive(session_id)
    assert crashes == 2
    assert [g for g in gates if "question" in g] == [["question"], ["question"]]
    told = await seen(which, here, models, session_id)
    assert "The second" in told
    assert "The first" in told
    assert "late by nine minutes" in told, "the same search again finds what came since"
    kinds = [e.type for e in await here.events(session_id)]
    assert [kinds.count(kind) for kind in ("tool_called", "artifact_saved")] == [2, 1]
    async with here.db.transaction(here.actor.workspace_id) as tx:
        calls = await db_artifacts.calls(tx, session_id, 1)
        triggers = await db_artifacts.triggers(tx, session_id)
    assert [c.tool for c in calls] == [
        "search_context", "ask_reviewer", "search_context", "ask_reviewer", "emit_artifact",
    ]  # fmt: skip
    assert [(t.kind, t.answers) for t in triggers if t.kind == "question"] == [
        ("question", {"answer": "The second"}), ("question", {"answer": "The first"}),
    ]  # fmt: skip


async def ledger(room: Room, session_id: UUID) -> list[tuple[str, bool]]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return [(c.tool, c.ok) for c in await db_artifacts.calls(tx, session_id, 1)]


async def test_what_was_refused_is_refused_again_on_going_on_and_is_not_made_afterwards(room: Room) -> None:
    """The first draft came before its plan was approved. It must not be taken once it is, over the later one."""
    await room.add()
    early = {"artifact": {**FINDING["artifact"], "title": "Before the plan"}}
    plan = {"plan": [{"title": "Read"}]}
    session_id = await room.file(
        room.script(early, plan, FINDING, ASK_STEP, early, FINISH), "checkpoint_required"
    )
    assert await room.gates(session_id, {"answer": "This"}) == [["plan"], ["question"], ["final"]]
    assert await ledger(room, session_id) == [
        ("emit_artifact", False), ("emit_plan", True), ("emit_artifact", True), ("ask_reviewer", True),
        ("emit_artifact", True),
    ]  # fmt: skip
    events = await room.events(session_id)
    assert [e.data["title"] for e in events if e.type == "artifact_saved"] == [
        "The factor",
        "Before the plan",
    ]


async def test_a_retry_tries_again_what_was_refused_last(room: Room) -> None:
    table, fails = (
        {"table": {"title": "sales.csv"}},
        {"code": "provider_busy", "message": "Later.", "retryable": True},
    )
    odd = {"table": {"source_id": "no id at all", "title": "two names"}}  # refused whenever it is asked
    row = await room.run(room.script({"search": SEARCH}, odd, table, {"fail": fails}))
    assert row.status == "failed"
    assert await ledger(room, row.id) == [("search_context", True), ("read_table", False)]
    await room.add("city,sales\nRome,10\n", "sales.csv")
    await room.add()
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.retry(tx, room.actor, row.id)
        script = room.script({"search": SEARCH}, odd, table, FINDING, FINISH)
        await tx.execute(text("UPDATE work_sessions SET runtime = :name"), {"name": script})
    await room.drive(row.id)
    assert await ledger(room, row.id) == [
        ("search_context", True), ("read_table", True), ("emit_artifact", True),
    ]  # fmt: skip
