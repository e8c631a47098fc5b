"""What is true of the runtime for other providers beside the conformance suite."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic_ai.exceptions import ModelRateLimitError

from proofroom.agents.runtimes import pydantic_ai
from proofroom.agents.runtimes.base import BudgetLeft, Doubt, Failed, Finished, Said, StateSaved
from proofroom.agents.runtimes.pydantic_ai import (
    MAX_ATTEMPTS,
    PydanticAIRuntime,
    _Conversation,  # pyright: ignore[reportPrivateUsage]
    asked_to_wait,
)
from proofroom.testing.ledger import Ledger
from proofroom.testing.model_server import (
    KEY,
    ModelServer,
    Reply,
    call,
    calls,
    forever,
    say,
    slow,
    status,
    use,
)
from proofroom.testing.plays import STANDARD, following, standard
from proofroom.testing.room import Room, play
from proofroom.testing.wire import ToolUse

TEXTS = {"board.md": "It was planned at 226 km.\n\nThe closest approach came to 57 km, far too low."}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer([standard()]) as running:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{running.url}/v1")
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.url)
        yield running


def runtime(name: str = "openai-chat:gpt-test", **more: float) -> PydanticAIRuntime:
    return PydanticAIRuntime(name, **{"first_wait_seconds": 0.0, **more})


async def test_the_saved_state_is_small_and_holds_no_word_that_was_only_read(models: ModelServer) -> None:
    events = await play(runtime(), Room(TEXTS).request("What?"))
    (*_, last) = [event for event in events if isinstance(event, StateSaved)]
    kept = json.dumps(last.state)
    assert "far too low" in models.requests[-1].said
    assert "far too low" not in kept
    assert len(kept) < 3_000


async def test_what_a_model_says_beside_a_call_is_narrated_and_its_last_words_are_the_summary(
    models: ModelServer,
) -> None:
    models.play(calls(use("search_context", query="planned"), text="I look it up."), say("All done."))
    events = await play(runtime(), Room(TEXTS).request("What?"))
    assert [event.text for event in events if isinstance(event, Said)] == ["I look it up."]
    assert events[-1] == Finished("All done.", [])


async def test_a_call_that_was_cut_off_is_refused_again_on_resuming_and_not_made(models: ModelServer) -> None:
    cut = replace(call("search_context", query="planned"), stop_reason="max_tokens")
    models.play(cut, call("emit_plan", steps=[{"title": "Look"}]), status(401))
    ledger = Ledger(Room(TEXTS))
    events = await play(runtime(), replace(ledger.room.request("What?"), tools=ledger.leg()))
    assert isinstance(events[-1], Failed)
    (*_, last) = [event for event in events if isinstance(event, StateSaved)]
    models.play(say("Done."))
    leg = ledger.leg()
    events = await play(runtime(), replace(ledger.room.request("What?"), tools=leg, state=last.state))
    assert isinstance(events[-1], Finished)
    assert [name for name, _ in leg.calls] == ["emit_plan"]
    assert "cut_off" in models.requests[-1].results[0][1]


async def test_a_call_that_was_cut_off_at_the_longest_reply_is_not_made(models: ModelServer) -> None:
    models.play(replace(STANDARD[2], stop_reason="max_tokens"), say("Done."))
    room = Room(TEXTS)
    assert isinstance((await play(runtime(), room.request("What?")))[-1], Finished)
    assert room.calls == []
    assert "cut_off" in models.requests[-1].results[0][1]


async def test_a_model_that_says_nothing_is_asked_again_twice(models: ModelServer) -> None:
    models.play(Reply(""), say("Done."))
    assert (await play(runtime(), Room().request("What?")))[-1] == Finished("Done.", [])
    models.requests.clear()
    models.play(forever(Reply("")))
    end = (await play(runtime(), Room().request("What?")))[-1]
    assert isinstance(end, Failed)
    assert end.code == "provider_error"
    assert len(models.requests) == 3


async def test_a_model_that_declines_ends_the_turn(models: ModelServer) -> None:
    models.play(Reply("I will not.", stop_reason="refusal"))
    end = (await play(runtime(), Room().request("What?")))[-1]
    assert end == Failed(
        "provider_error", "openai-chat:gpt-test declined to go on: I will not.", retryable=False
    )


async def test_a_model_that_never_comes_to_an_end_is_stopped(
    models: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each request carries the whole conversation, so the time goes with the square of the limit.
    monkeypatch.setattr(pydantic_ai, "MAX_TURNS", 20)
    models.play(forever(lambda request: call("search_context", query=f"word{len(request.results)}")))
    end = (await play(runtime(), Room().request("What?")))[-1]
    assert isinstance(end, Failed)
    assert end.code == "no_progress"
    assert len(models.requests) == 20


async def test_no_request_is_made_when_the_budget_is_used_up_and_the_reply_is_kept_within_it(
    models: ModelServer,
) -> None:
    request = replace(Room(TEXTS).request("What?"), budget=BudgetLeft(tokens=3_500))
    end = (await play(runtime("anthropic:claude-test"), request))[-1]
    assert isinstance(end, Failed)
    assert end.code == "budget_exceeded"
    first, second, third = models.requests
    assert first.body["max_tokens"] == 3_500
    assert second.body["max_tokens"] == 3_500 - 1_911
    assert third.body["max_tokens"] == 3_500 - 1_911 - 1_112


async def test_a_provider_that_says_nothing_for_too_long_is_left(models: ModelServer) -> None:
    models.play(slow(say("late")))
    end = (await play(runtime(timeout_seconds=0.3), Room().request("What?")))[-1]
    assert isinstance(end, Failed)
    assert (end.code, end.retryable) == ("provider_timeout", True)
    assert len(models.requests) == 1, "it may have been charged and is not made again"


async def test_a_busy_provider_is_asked_a_few_times_and_its_wish_to_wait_is_told(models: ModelServer) -> None:
    models.play(forever(status(429, retry_after=0)))
    await play(runtime(), Room().request("What?"))
    assert len(models.requests) == MAX_ATTEMPTS
    models.play(status(429, retry_after=120))
    end = (await play(runtime(), Room().request("What?")))[-1]
    assert isinstance(end, Failed)
    assert "It asks to wait 120 seconds." in end.message
    assert len(models.requests) == MAX_ATTEMPTS + 1


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        (None, None),
        (math.nan, None),
        (-5.0, None),
        (math.inf, math.inf),
        (1e300, 1e300),
        (0, 0.0),
        (2.5, 2.5),
    ],
)
async def test_a_wish_to_wait_that_makes_no_sense_is_not_followed_and_not_told(
    models: ModelServer, said: float | None, wait: float | None
) -> None:
    error = ModelRateLimitError("gpt-test", "busy", retry_after=said)
    assert asked_to_wait(error) == wait
    request = Room().request("What?")
    told = _Conversation(runtime(), request, asyncio.Event()).failure(error)
    assert ("asks to wait" in told.message) == (wait in (0.0, 2.5))


async def test_a_conversation_that_is_too_long_and_cannot_be_shortened_is_not_sent_again(
    models: ModelServer,
) -> None:
    models.context_tokens = 1
    end = (await play(runtime(), Room(TEXTS).request("What?")))[-1]
    assert isinstance(end, Failed)
    assert (end.code, end.retryable) == ("conversation_too_long", False)
    assert len(models.requests) == 1


@pytest.mark.parametrize("depth", [150, 900, 6_000])
async def test_arguments_that_are_nested_too_deep_are_refused(models: ModelServer, depth: int) -> None:
    nested = f'{{"query": {"[" * depth}{"]" * depth}}}'
    models.play(Reply(tools=(ToolUse("search_context", {}, raw=nested),)), say("Done."))
    assert (await play(runtime(), Room(TEXTS).request("What?")))[-1] == Finished("Done.", [])
    assert "tool_arguments_invalid" in models.requests[-1].results[0][1]


async def test_what_a_provider_says_of_a_refused_request_is_told_without_the_key(models: ModelServer) -> None:
    models.play(status(400, f"No temperature with {KEY}"))
    end = (await play(runtime(), Room().request("What?")))[-1]
    assert isinstance(end, Failed)
    assert "No temperature with [key]" in end.message
    assert (end.code, end.retryable) == ("provider_error", False)


@pytest.mark.parametrize("name", ["openai:gpt-test", "openai-chat:gpt-test", "anthropic:claude-test"])
async def test_nothing_is_kept_at_a_provider_and_long_prompts_are_cached(
    models: ModelServer, name: str
) -> None:
    models.play(forever(following(STANDARD)))
    await play(runtime(name), Room(TEXTS).request("What?"))
    body = models.requests[0].body
    if name == "openai:gpt-test":
        assert body["store"] is False
    assert ("cache_control" in json.dumps(body)) == name.startswith("anthropic")
    assert body["stream"] is True


async def test_a_repair_that_was_done_is_not_done_again_when_the_turn_is_run_again(
    models: ModelServer,
) -> None:
    ledger = Ledger(Room(TEXTS))
    request = replace(ledger.room.request("What?"), tools=ledger.leg())
    (*_, worked) = [one for one in await play(runtime(), request) if isinstance(one, StateSaved)]
    doubt = Doubt("finding-1", "c1", "It fell.", "unsupported", "the quote is not there")
    request = replace(request, tools=ledger.leg(), state=worked.state, purpose="repair", doubts=[doubt])
    (*_, repaired) = [one for one in await play(runtime(), request) if isinstance(one, StateSaved)]
    before = len(models.requests)
    again = replace(request, tools=ledger.leg(), state=repaired.state)
    assert isinstance((await play(runtime(), again))[-1], Finished)
    assert len(models.requests) == before


async def test_a_model_that_its_library_cannot_make_is_a_clear_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is there, which is all that is asked beforehand; the library wants an address, too."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    (end,) = await play(runtime("azure:gpt-test"), Room().request("What?"))
    assert isinstance(end, Failed)
    assert (end.code, end.retryable) == ("provider_error", True)
    assert "azure:gpt-test cannot be used here: " in end.message
    assert "AZURE_OPENAI_ENDPOINT" in end.message


async def test_a_conversation_that_the_provider_finds_too_long_is_shortened_and_goes_on(
    models: ModelServer,
) -> None:
    room = Room({f"{n}.md": f"The closest approach {n} was long. " * 1_000 for n in range(5)})
    await play(runtime(), room.request("What?", envelope_size=2))
    sizes = [len(json.dumps(one.body, ensure_ascii=False)) // 4 for one in models.requests]
    models.context_tokens = (sizes[1] + sizes[2]) // 2
    ledger = Ledger(room)
    request = replace(room.request("What?", envelope_size=2), tools=ledger.leg())
    assert isinstance((await play(runtime(), request))[-1], Finished)
    assert ledger.slots() == ["finding-1", "finding-2"]
    assert "Left out, to make room" in models.requests[-1].results[1][1]


async def test_a_conversation_with_nothing_to_leave_out_ends_clearly_and_is_not_sent_again(
    models: ModelServer,
) -> None:
    models.context_tokens = 10
    end = (await play(runtime(), Room(TEXTS).request("What?")))[-1]
    assert isinstance(end, Failed)
    assert (end.code, end.retryable) == ("conversation_too_long", False)
    assert "Fork it" in end.message
    assert len(models.requests) == 1
