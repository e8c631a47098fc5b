"""The runtime for every provider but the first: a model of OpenAI, Google, Mistral, Ollama and others, by its name.

The vendor's library is used for one thing, to send a conversation and to read the reply; the loop around it is ours.
The saved state holds what the model said, not what it read: on resuming the first message is composed again from the
pinned envelope, and every call is made again, named by its place in what was saved, which gives the recorded answers.
So the state is small, and a crash repeats at most the model turn in flight.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from proofroom.agents import prompts
from proofroom.agents.runtimes.base import (
    AgentEvent,
    Capabilities,
    Failed,
    Finished,
    RunRef,
    Said,
    StateSaved,
    Suspended,
    ToolResult,
    TurnRequest,
    Usage,
)
from proofroom.agents.runtimes.progress import NO_PROGRESS, REFUSED, SAME_CALLS, repeated, too_long
from proofroom.agents.runtimes.providers import provider_and_model, without_secrets

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import Model

STATE_VERSION = 1
MAX_TURNS = 200
"""Replies of a model in one iteration, over all legs of it."""
MAX_ATTEMPTS = 4
MAX_WAIT_SECONDS = 60.0
MAX_REPLY_TOKENS = 16_000
_DAY = 86_400.0
_NEED_A_LIMIT = ("anthropic", "bedrock")  # they take a small one when none is given
_EMPTY = "Your last message was empty or cut off. Go on with a tool call, or end as you were told to."

T = TypeVar("T")


class _Stop(Exception):
    """The turn ends with this event."""

    def __init__(self, event: Suspended | Failed) -> None:
        super().__init__(type(event).__name__)
        self.event = event


class PydanticAIRuntime:
    """Implements AgentRuntime. `name` is `provider:model`.

    `timeout_seconds` is how long a provider may say nothing; `first_wait_seconds` is how long the first repetition of
    a refused request waits, later ones twice as long each. Raises InvalidInput and Unavailable as
    `providers.provider_and_model` says.
    """

    def __init__(self, name: str, *, timeout_seconds: float = 600.0, first_wait_seconds: float = 1.0) -> None:
        self.provider, self.model = provider_and_model(name)
        self.timeout_seconds = timeout_seconds
        self.first_wait_seconds = first_wait_seconds
        self._running: dict[RunRef, asyncio.Event] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="pydantic_ai",
            label="other providers",
            uses_model=True,
            resumable=True,
            agent_types=frozenset({"research", "content", "reporting"}),
        )

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        stopped = self._running.setdefault(request.run, asyncio.Event())
        try:
            async for event in _Conversation(self, request, stopped).run():
                yield event
        except _Stop as stop:
            yield stop.event
        finally:
            self._running.pop(request.run, None)

    async def interrupt(self, run: RunRef) -> None:
        self._running.setdefault(run, asyncio.Event()).set()


class _Conversation:
    """One turn. `log` is the saved state: the model's replies, and what was said to it in between."""

    def __init__(self, runtime: PydanticAIRuntime, request: TurnRequest, stopped: asyncio.Event) -> None:
        self.runtime = runtime
        self.request = request
        self.stopped = stopped
        self.started = time.monotonic()
        self.tokens = 0
        state = request.state or {}
        kept = cast(
            "list[dict[str, Any]]", state.get("log", []) if state.get("version") == STATE_VERSION else []
        )
        self.log = [dict(entry) for entry in kept]
        self.messages: list[ModelMessage] = []

    async def run(self) -> AsyncIterator[AgentEvent]:
        model = await self.model()
        async with model:
            self.say(prompts.opening(self.request))
            if self.request.purpose == "repair" and not any(entry.get("repair") for entry in self.log):
                self.log.append({"user": prompts.repair(self.request.doubts), "repair": True})
            for entry in self.log:
                await self.replay(entry)
            while True:
                last = self.log[-1] if self.log else {}
                if "reply" in last and not self.nudged(last):
                    break
                self.check_limits()
                began = time.monotonic()
                reply = await self.ask(model)
                entry: dict[str, Any] = {"reply": _dumped(reply)}
                self.log.append(entry)
                usage = self.usage(reply, time.monotonic() - began)
                yield StateSaved({"version": STATE_VERSION, "log": deepcopy(self.log)}, usage)
                if reply.tool_calls and (reply.text or "").strip():
                    yield Said((reply.text or "").strip()[:2_000])
                await self.take(entry, reply)
        summary, gaps = prompts.closing(_loaded(self.log[-1]["reply"]).text or "")
        yield Finished(summary, gaps)

    async def model(self) -> Model:
        """What the vendor's library makes of the name: it may lack a part of its own, or want more than a key."""
        try:
            return await self.unless_stopped(asyncio.to_thread(_model, self.name))
        except _Stop:
            raise
        except TimeoutError as error:
            raise _Stop(self.failure(error)) from error
        except Exception as error:
            raise _failed(
                "provider_error", self.told("cannot be used here", error), retryable=True
            ) from error

    # The conversation as it was, and as it goes on.

    def say(self, text: str) -> None:
        from pydantic_ai.messages import ModelRequest, UserPromptPart

        self.messages.append(
            ModelRequest(
                parts=[UserPromptPart(prompts.sendable(text))],
                instructions=prompts.system_prompt(self.request),
            )
        )

    async def replay(self, entry: dict[str, Any]) -> None:
        if "user" in entry:
            self.say(str(entry["user"]))
        else:
            await self.take(entry, _loaded(entry["reply"]))

    async def take(self, entry: dict[str, Any], reply: ModelResponse) -> None:
        """Adds the reply to the conversation and the answers to its calls, which are made one after the other."""
        from pydantic_ai.messages import ModelRequest, ToolReturnPart

        self.messages.append(reply)
        parts: list[ToolReturnPart] = []
        for n, called in enumerate(reply.tool_calls):
            result = await self.answer(entry, reply, n)
            parts.append(
                ToolReturnPart(
                    tool_name=called.tool_name,
                    content=prompts.tool_text(result),
                    tool_call_id=called.tool_call_id,
                    outcome="success" if result.ok else "failed",
                )
            )
        if parts:
            self.messages.append(ModelRequest(parts=parts, instructions=prompts.system_prompt(self.request)))

    async def answer(self, entry: dict[str, Any], reply: ModelResponse, n: int) -> ToolResult:
        """Of the n-th call of a reply. What is refused here is refused by what was saved, so again and again."""
        self.check_interrupt()
        called, is_last = reply.tool_calls[n], n == len(reply.tool_calls) - 1
        if is_last and reply.finish_reason == "length":
            return _refused("cut_off", "The call was cut off at the longest reply.", "Send less in one call.")
        if self.repeated(entry) >= SAME_CALLS:
            return _refused(*REFUSED)
        try:
            arguments = called.args_as_dict(raise_if_invalid=True)
        except (ValueError, AssertionError):
            return _refused(
                "tool_arguments_invalid",
                "The arguments are not a JSON object.",
                "Call the tool again with JSON.",
            )
        place = f"reply {self.place(entry)} call {n}"
        result = await self.request.tools.call(called.tool_name, arguments, once=place)
        if result.suspend:
            raise _Stop(Suspended())
        return result

    def repeated(self, entry: dict[str, Any]) -> int:
        """How many replies just before this one made the same calls."""
        return repeated([_calls(one) for one in self.log[: self.place(entry) + 1]])

    def place(self, entry: dict[str, Any]) -> int:
        return next(n for n, one in enumerate(self.log) if one is entry)

    def nudged(self, last: dict[str, Any]) -> bool:
        """Whether the model has to go on: it called a tool, or said nothing for the first time or the second."""
        reply = _loaded(last["reply"])
        if reply.tool_calls:
            if self.repeated(last) >= SAME_CALLS + 1:
                raise _failed("no_progress", NO_PROGRESS, retryable=True)
            return True
        if reply.finish_reason == "content_filter":
            said = (reply.text or "It gave no reason.").strip()[:300]
            raise _failed("provider_error", f"{self.name} declined to go on: {said}", retryable=False)
        if (reply.text or "").strip() and reply.finish_reason != "length":
            return False
        if sum(entry.get("user") == _EMPTY for entry in self.log) >= 2:
            raise _failed("provider_error", f"{self.name} answers with nothing.", retryable=True)
        self.log.append({"user": _EMPTY})
        self.say(_EMPTY)
        return True

    # One request to the provider.

    async def ask(self, model: Model) -> ModelResponse:
        """The model's reply. Repeats what may be repeated, and ends the turn when that does not help."""
        from pydantic_ai import exceptions

        wait = self.runtime.first_wait_seconds
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return await self.unless_stopped(self.send(model))
            except _Stop:
                raise
            except exceptions.ModelContextWindowExceededError as error:
                if not self.shorten():
                    raise _Stop(too_long(self.name)) from error
            except Exception as error:
                failure = self.failure(error)
                if attempt == MAX_ATTEMPTS or not _may_repeat(error):
                    raise _Stop(failure) from error
                asked = asked_to_wait(error)
                pause = wait if asked is None else asked
                if pause > min(MAX_WAIT_SECONDS, self.seconds_left()):
                    raise _Stop(failure) from error
                await self.pause(pause)
                wait *= 2
        raise _Stop(too_long(self.name))

    async def send(self, model: Model) -> ModelResponse:
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.exceptions import UnexpectedModelBehavior
        from pydantic_ai.models import ModelRequestParameters
        from pydantic_ai.tools import ToolDefinition

        tools = [
            ToolDefinition(
                name=one.name, description=one.description, parameters_json_schema=dict(one.schema)
            )
            for one in prompts.tool_specs(self.request)
        ]
        async with model_request_stream(
            model,
            self.messages,
            model_settings=cast("Any", self.settings()),
            model_request_parameters=ModelRequestParameters(function_tools=tools),
        ) as stream:
            async for _ in stream:
                pass
            reply = stream.get()
        if _is_broken_off(reply):
            raise UnexpectedModelBehavior("the reply breaks off")
        return reply

    def settings(self) -> dict[str, Any]:
        """Of one request. The library repeats nothing by itself, and a provider keeps nothing it need not keep."""
        left = self.tokens_left()
        most = MAX_REPLY_TOKENS if left is None else max(1, min(MAX_REPLY_TOKENS, left))
        settings: dict[str, Any] = {"max_retries": 0, "timeout": self.timeout()}
        if self.runtime.provider in _NEED_A_LIMIT or most < MAX_REPLY_TOKENS:
            settings["max_tokens"] = most
        if self.runtime.provider == "anthropic":
            settings["cache"] = True
        if self.runtime.provider == "openai":
            settings["openai_store"] = False
        return settings

    def shorten(self) -> bool:
        """Leaves the older half of the long answers of tools out of the conversation; False when there are none."""
        from pydantic_ai.messages import ModelRequest, ToolReturnPart

        long: list[ToolReturnPart] = [
            part
            for message in self.messages
            if isinstance(message, ModelRequest)
            for part in message.parts
            if type(part) is ToolReturnPart and len(str(part.content)) > 2_000
        ]
        for part in long[: (len(long) + 1) // 2]:
            part.content = (
                '{"shortened": "Left out, to make room. Make the call again if you need the answer."}'
            )
        return bool(long)

    # Limits.

    @property
    def name(self) -> str:
        return f"{self.runtime.provider}:{self.runtime.model}"

    def tokens_left(self) -> int | None:
        left = self.request.budget.tokens
        return None if left is None else left - self.tokens

    def seconds_left(self) -> float:
        most = self.request.budget.seconds
        return (float("inf") if most is None else most) - (time.monotonic() - self.started)

    def timeout(self) -> float:
        return max(0.01, min(self.runtime.timeout_seconds, self.seconds_left()))

    def check_interrupt(self) -> None:
        if self.stopped.is_set():
            raise _failed("interrupted", "The run was stopped before it was done.", retryable=True)

    def check_limits(self) -> None:
        """Before each request: whoever runs the turn stops it after a reply, this is for when nobody does."""
        self.check_interrupt()
        left = self.tokens_left()
        if left is not None and left <= 0:
            raise _failed("budget_exceeded", "The budget in tokens is used up.", retryable=True)
        if sum("reply" in entry for entry in self.log) >= MAX_TURNS:
            raise _failed("no_progress", f"The model did not end in {MAX_TURNS} replies.", retryable=True)

    def usage(self, reply: ModelResponse, seconds: float) -> Usage:
        used = reply.usage
        self.tokens += used.input_tokens + used.output_tokens
        provider = self.runtime.provider.removesuffix("-chat")
        return Usage(
            tokens_in=used.input_tokens,
            tokens_out=used.output_tokens,
            cost_usd=float(used.cost or 0),
            seconds=round(seconds, 3),
            model=f"{provider}:{reply.model_name or self.runtime.model}",
            cache_read=used.cache_read_tokens,
            cache_written=used.cache_write_tokens,
        )

    async def pause(self, seconds: float) -> None:
        await self.unless_stopped(asyncio.sleep(seconds), timed=False)

    async def unless_stopped(self, work: Coroutine[Any, Any, T], *, timed: bool = True) -> T:
        """The result of the work. An interrupt ends the turn and the work; too long is a TimeoutError."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self.stopped.wait())
        try:
            limit = max(0.0, self.seconds_left()) if timed and self.seconds_left() < float("inf") else None
            await asyncio.wait({doing, stopping}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            self.check_interrupt()
            if not doing.done():
                raise TimeoutError
            return doing.result()
        finally:
            for one in (doing, stopping):
                one.cancel()
            await asyncio.gather(doing, stopping, return_exceptions=True)

    # What is said of an error.

    def failure(self, error: Exception) -> Failed:
        from pydantic_ai import exceptions as e

        match error:
            case e.ModelAuthenticationError():
                message = (
                    f"{self.name}: the provider does not accept the key, or the key may not use this model. "
                    "Check it in the environment of the server, start the server again, then retry."
                )
                return Failed("provider_key_invalid", message, retryable=True)
            case e.ModelRateLimitError() | e.ModelUnavailableError():
                asked = asked_to_wait(error)
                told = "" if asked is None or asked > _DAY else f" It asks to wait {asked:g} seconds."
                return Failed(
                    "provider_busy", f"{self.name} has no room now.{told} Retry later.", retryable=True
                )
            case e.ModelTimeoutError() | e.ModelRequestTimeout() | TimeoutError():
                message = f"{self.name} did not answer in time. The request may have been charged. Retry."
                return Failed("provider_timeout", message, retryable=True)
            case e.ModelQuotaExceededError():
                return Failed(
                    "provider_error", self.told("says that its quota is used up", error), retryable=True
                )
            case e.ModelNotFoundError():
                return Failed("provider_error", self.told("has no such model", error), retryable=False)
            case e.ModelRequestRejectedError():
                return Failed("provider_error", self.told("refuses the request", error), retryable=False)
            case e.ModelConnectionError():
                message = f"The connection to {self.name} broke. The request may have been charged. Retry."
                return Failed("provider_error", message, retryable=True)
            case e.ModelServerError():
                return Failed("provider_error", self.told("has a failure of its own", error), retryable=True)
            case _:
                return Failed(
                    "provider_error", self.told("gave an answer that cannot be read", error), retryable=True
                )

    def told(self, what: str, error: Exception) -> str:
        body = getattr(error, "body", None)
        said = str(body) if body else str(error)
        return f"{self.name} {what}: {without_secrets(said)[:300]}"


def _may_repeat(error: Exception) -> bool:
    from pydantic_ai import exceptions as e

    final = (
        e.ModelRequestRejectedError,
        e.ModelQuotaExceededError,
        e.ModelTimeoutError,
        e.ModelRequestTimeout,
    )
    return not isinstance(error, (*final, TimeoutError, _Stop))


def asked_to_wait(error: Exception) -> float | None:
    """Seconds that the provider wants us to wait, as far as it says something that can be waited for or told."""
    asked: Any = getattr(error, "retry_after", None)
    if not isinstance(asked, int | float) or math.isnan(asked) or asked < 0:
        return None
    return float(asked)


def _is_broken_off(reply: ModelResponse) -> bool:
    """Whether the stream came to an orderly end before the reply did. Some dialects are given a reason to end that the
    provider did not name; then what tells is that no tokens were counted either, which is done at the end."""
    named = "finish_reason" in (reply.provider_details or {})
    return reply.finish_reason is None or (not named and reply.usage.output_tokens == 0)


def _model(name: str) -> Model:
    """Imports the vendor's library, which takes seconds; in a thread, so that nothing else waits."""
    from pydantic_ai.models import infer_model

    return infer_model(name)


def _dumped(reply: ModelResponse) -> dict[str, Any]:
    """The reply as JSON, without what is known or recorded elsewhere."""
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    whole = cast(
        "list[dict[str, Any]]", ModelMessagesTypeAdapter.dump_python([reply], mode="json", exclude_none=True)
    )[0]
    return {key: value for key, value in whole.items() if key not in ("usage", "timestamp", "provider_url")}


def _loaded(kept: Mapping[str, Any]) -> ModelResponse:
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    return cast("ModelResponse", ModelMessagesTypeAdapter.validate_python([kept])[0])


def _calls(entry: Mapping[str, Any]) -> list[str]:
    parts = cast("dict[str, Any]", entry.get("reply") or {}).get("parts", [])
    return [
        json.dumps([part["tool_name"], part.get("args")], sort_keys=True)
        for part in cast("list[dict[str, Any]]", parts)
        if part.get("part_kind") == "tool-call"
    ]


def _refused(code: str, message: str, hint: str) -> ToolResult:
    return ToolResult(ok=False, content={"code": code, "message": message, "hint": hint})


def _failed(code: str, message: str, *, retryable: bool = False) -> _Stop:
    return _Stop(Failed(code, message, retryable))
