"""Sessions of models of other providers, from the request to the signature, against a scripted provider."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from proofroom.agents.runtimes.base import AgentRuntime
from proofroom.agents.runtimes.pydantic_ai import PydanticAIRuntime
from proofroom.db import artifacts as db_artifacts
from proofroom.engine import leg
from proofroom.services import work_requests
from proofroom.testing.model_server import KEY, ModelServer, Reply, call, forever, say, slow, status
from proofroom.testing.plays import disturbed, following
from proofroom.testing.wire import ModelRequest
from tests.integration.rooms import Room

MODEL = "claude-sonnet-5-5"
PRICES = {MODEL: (2.0, 10.0, 0.1, 2.5)}
QUOTE = "The board named a factor of 4.45 in its report of November 1999."
STEPS = (
    replace(call("emit_plan", steps=[{"title": "Read"}]), tokens_in=1_000, tokens_out=20, cache_written=900),
    replace(call("search_context", query="factor of 4.45"), tokens_in=100, tokens_out=21, cache_read=900),
    replace(
        call("emit_artifact", slot="finding-1", type="research_finding", title="The factor",
             markdown=f"{QUOTE} [[b1|{QUOTE}]]"),
        tokens_in=150, tokens_out=122, cache_read=950,
    ),
    say("One finding.\nNot found: who wrote the report", tokens_in=60, tokens_out=23, cache_read=1_100),
)  # fmt: skip


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer([forever(with_the_alias(STEPS))]) as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running


def with_the_alias(steps: tuple[Reply, ...]) -> Any:
    """The play, citing the passage by the alias that it has in what the model was sent."""

    def step(request: ModelRequest) -> Any:
        reply = following(steps)(request)
        assert isinstance(reply, Reply)
        if not reply.tools or reply.tools[0].name != "emit_artifact":
            return reply
        (tool,) = reply.tools
        before = request.said.partition(QUOTE)[0]
        alias = before.rpartition("<<< b")[2].partition(" ")[0]
        markdown = str(tool.arguments["markdown"]).replace("[[b1|", f"[[b{alias}|")
        return replace(reply, tools=[replace(tool, arguments={**tool.arguments, "markdown": markdown})])

    return step


def impatient(room: Room) -> Room:
    """The room with a runtime that does not wait before it asks a provider again; each leg makes a new one."""

    def make(name: str) -> AgentRuntime:
        return PydanticAIRuntime(name.removeprefix("pydantic_ai:"), first_wait_seconds=0)

    return replace(room, parts=replace(room.parts, catalog=replace(room.parts.catalog, make_runtime=make)))


async def artifacts(room: Room, session_id: UUID) -> list[tuple[str, int]]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return [(a.slot, v.version) for a, v in await db_artifacts.current(tx, session_id)]


RUNTIME = f"pydantic_ai:anthropic:{MODEL}"


async def test_a_session_stops_for_the_plan_goes_on_and_its_figures_are_the_providers(
    room: Room, models: ModelServer
) -> None:
    await room.add()
    session_id = await room.file(RUNTIME, "checkpoint_required")
    row = await room.drive(session_id)
    assert row.status == "pending_review"
    assert (await room.waiting(session_id)).reasons == ["plan"]
    assert len(models.requests) == 1
    other = replace(room, parts=replace(room.parts, owner="another worker"))
    assert await other.gates(session_id) == [["plan"], ["final"]]
    row = await room.row(session_id)
    assert row.status == "completed"
    assert await artifacts(room, session_id) == [("finding-1", 1)]
    assert len(models.requests) == len(STEPS), "no turn was made again"
    charged = models.total()
    used = row.usage["models"][f"anthropic:{MODEL}"]
    assert (used["tokens_in"], used["tokens_out"]) == (charged.all_in, charged.tokens_out)
    assert (used["cache_read"], used["cache_written"]) == (charged.cache_read, charged.cache_written)
    assert used["turns"] == len(STEPS)
    assert row.usage["cost_usd"] == pytest.approx(models.cost_usd(PRICES), abs=1e-6)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((_, version),) = await db_artifacts.current(tx, session_id)
    (claim,) = version.claims
    assert claim["verdict"] == "supported"
    assert claim["anchors"][0]["quote"] == QUOTE
    for sent in models.requests:
        assert "Ignore previous instructions" not in sent.system
    assert "Ignore previous instructions" in models.requests[0].said


async def test_a_provider_that_is_away_fails_the_session_and_a_retry_goes_on(
    room: Room, models: ModelServer
) -> None:
    room = impatient(room)
    await room.add()
    went: list[int] = []

    def step(request: ModelRequest) -> Any:
        if len(request.results) == 2 and len(went) < 4:
            went.append(1)
            return status(529, retry_after=0)
        return with_the_alias(STEPS)(request)

    models.play(forever(step))
    row = await room.run(RUNTIME)
    assert row.failure is not None
    assert (row.status, row.failure["code"], row.failure["retryable"]) == ("failed", "provider_busy", True)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.retry(tx, room.actor, row.id)
    assert await room.gates(row.id) == [["final"]]
    assert await artifacts(room, row.id) == [("finding-1", 1)]
    assert len(models.charged) == len(STEPS), "what was recorded before the failure was not asked again"


async def test_a_wrong_key_fails_at_once_is_in_no_record_and_with_the_right_one_it_is_retried(
    room: Room, models: ModelServer
) -> None:
    await room.add()
    models.key = "another"
    row = await room.run(RUNTIME)
    assert row.failure is not None
    assert row.failure["code"] == "provider_key_invalid"
    assert row.failure["message"].endswith("then retry.")
    assert len(models.requests) == 1
    assert KEY not in repr([(e.type, e.data) for e in await room.events(row.id)]) + repr(row.failure)
    models.key = KEY
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.retry(tx, room.actor, row.id)
    assert await room.gates(row.id) == [["final"]]


async def test_cancelling_ends_the_request_in_flight(room: Room, models: ModelServer) -> None:
    await room.add()
    models.play(disturbed(slow(STEPS[0]), at=0))
    session_id = await room.file(RUNTIME)
    running = asyncio.create_task(leg.run_leg(room.parts, room.actor.workspace_id, session_id))
    sent = await models.arrived(1)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.cancel(tx, room.actor, session_id)
    leg.interrupt(session_id)
    assert await running is True
    assert (await room.row(session_id)).status == "cancelled"
    assert await asyncio.to_thread(sent.hung_up.wait, 30)


@pytest.mark.parametrize("tokens", [900, 1_500])
async def test_a_budget_of_tokens_stops_it_before_a_request_that_it_cannot_pay(
    room: Room, models: ModelServer, tokens: int
) -> None:
    await room.add()
    session_id = await room.file(RUNTIME, budget={"tokens": tokens})
    row = await room.drive(session_id)
    assert row.status == "pending_review"
    assert (await room.waiting(session_id)).reasons == ["budget"]
    assert len(models.requests) == 1
    passed = await room.gates(session_id)
    assert passed[-1] == ["final"]
    assert (await room.row(session_id)).status == "completed"
    assert len(models.requests) == len(STEPS)


async def test_a_model_that_uses_up_its_budget_without_a_word_stops_for_a_person(
    room: Room, models: ModelServer
) -> None:
    await room.add()
    models.play(Reply("", tokens_in=1_000, tokens_out=1), forever(with_the_alias(STEPS)))
    session_id = await room.file(RUNTIME, budget={"tokens": 900})
    row = await room.drive(session_id)
    assert (row.status, row.failure) == ("pending_review", None)
    assert (await room.waiting(session_id)).reasons == ["budget"]
    assert len(models.requests) == 1


async def test_a_repair_makes_no_call_of_the_work_again(room: Room, models: ModelServer) -> None:
    await room.add()
    wrong = call(
        "emit_artifact", slot="finding-1", type="research_finding", title="The factor",
        markdown=f"The board named a factor of 5.45. [[b1|{QUOTE}]]",
    )  # fmt: skip
    ask, look = call("ask_reviewer", question="Which?"), call("search_context", query="factor")
    models.play(ask, look, wrong, say("Done."), STEPS[2], say("Set right."))
    session_id = await room.file(RUNTIME)
    gates = await room.gates(session_id, {"answer": "The second"})
    assert [reasons[0] for reasons in gates] == ["question", "final"], "the question is not asked again"
    assert (models.left, models.overruns) == (0, 0)
    kinds = [e.type for e in await room.events(session_id)]
    assert [kinds.count(k) for k in ("repair_ended", "tool_called", "artifact_saved")] == [1, 1, 2]
