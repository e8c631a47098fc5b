"""The conformance suite on every runtime that runs offline, and what is true of single ones."""

from __future__ import annotations

import asyncio

import pytest

from proofroom.agents.runtimes.base import AgentRuntime, Failed
from proofroom.agents.runtimes.extractive import ExtractiveRuntime
from proofroom.agents.runtimes.pydantic_ai import PydanticAIRuntime
from proofroom.agents.runtimes.scripted import ScriptedRuntime, parse_script
from proofroom.testing import ModelConformance, RuntimeConformance
from proofroom.testing.conformance import AGENTS, HOSTILE, TABLES, TASK, TEXTS
from proofroom.testing.model_server import KEY
from proofroom.testing.room import Room, play

SCRIPT = """
steps:
  - plan: [{title: Look}]
  - search: {query: closest approach}
  - wait: 0
  - artifact: {slot: finding-1, type: research_finding, title: T, markdown: Words.}
  - request_review: look
  - artifact: {slot: finding-2, type: research_finding, title: T, markdown: More words.}
"""


class TestExtractive(RuntimeConformance):
    def make(self) -> AgentRuntime:
        return ExtractiveRuntime()

    @pytest.mark.parametrize("kind", AGENTS)
    async def test_hostile_text_makes_no_unsound_claim(self, kind: str) -> None:
        hostile = Room({**TEXTS, **HOSTILE}, TABLES)
        await play(self.make(), hostile.request(TASK, kind))
        assert not {tool for tool, _ in hostile.calls} & {"request_review", "ask_reviewer"}
        for slot in hostile.artifacts:
            assert [claim.text for claim in hostile.claims(slot) if claim.needs_you] == []
            assert "Ignore previous" not in hostile.plain_text(slot)
            assert "fake quote" not in hostile.plain_text(slot)

    async def test_an_agent_that_it_does_not_know_fails_clearly(self) -> None:
        (event,) = await play(self.make(), Room(TEXTS).request(TASK, agent_type="poetry"))
        assert isinstance(event, Failed)
        assert event.code == "agent_type_unknown"


class TestScripted(RuntimeConformance):
    def make(self) -> AgentRuntime:
        return ScriptedRuntime(parse_script(SCRIPT, name="conformance.yaml"))

    async def test_an_interrupt_wakes_a_script_that_waits(self) -> None:
        runtime = ScriptedRuntime(parse_script("steps: [{say: waiting}, {wait: 3000}]", name="w.yaml"))
        request = Room().request(TASK)
        stream = runtime.turn(request)
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await runtime.interrupt(request.run)
        end = await asyncio.wait_for(waiting, timeout=30)
        assert isinstance(end, Failed)
        assert end.code == "interrupted"


class _OtherProviders(ModelConformance):
    model = ""

    @pytest.fixture(autouse=True)
    def environment(self, served: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", self.server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{self.server.url}/v1")
        monkeypatch.setenv("OLLAMA_BASE_URL", f"{self.server.url}/v1")
        monkeypatch.setenv("OLLAMA_API_KEY", KEY)

    def make(self) -> AgentRuntime:
        return PydanticAIRuntime(self.model, first_wait_seconds=0)


class TestMessagesApi(_OtherProviders):
    model = "anthropic:claude-test"


class TestChatCompletions(_OtherProviders):
    """What an agent is told and may do is the same with every API, so its kinds are tried with one of them."""

    model = "openai-chat:gpt-test"
    reports_cache_written = False
    agents = ("research",)


class TestResponsesApi(_OtherProviders):
    model = "openai:gpt-test"
    reports_cache_written = False
    agents = ("research",)


class TestOllama(_OtherProviders):
    model = "ollama:llama-test:8b"
    reports_cache_written = False
    agents = ("research",)
