"""The only file that knows the Claude Agent SDK: its client with our tools, and its messages as events of a turn.

Imported when a turn begins and not before: the SDK is an extra, and large. Its messages change between releases, so
what is not known is passed over; the release is pinned, and the tests run the real program.
"""

import asyncio
import contextlib
import dataclasses
import math
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, cast

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    HookContext,
    HookInput,
    HookJSONOutput,
    HookMatcher,
    Message,
    MirrorErrorMessage,
    ResultMessage,
    SdkMcpTool,
    SessionStore,
    StreamEvent,
    SystemMessage,
    TextBlock,
    Transport,
    UserMessage,
    create_sdk_mcp_server,
    project_key_for_directory,
)

from proofroom.agents import prompts
from proofroom.agents.runtimes.base import (
    AgentEvent,
    BudgetLeft,
    Failed,
    Finished,
    Said,
    StateSaved,
    Suspended,
    TurnRequest,
    Usage,
)
from proofroom.agents.runtimes.claude_calls import SERVER, Calls, schema_for_model
from proofroom.agents.runtimes.claude_process import UNREADABLE, WORKING_FOLDER, Process, ProcessEnded
from proofroom.agents.runtimes.claude_transcript import NotStored, Transcript
from proofroom.agents.runtimes.claude_usage import (
    TIME_IS_UP,
    TOKENS_ARE_USED_UP,
    UNREADABLE_REPLY,
    Meter,
    Spent,
    failure_of,
    timed_out,
)
from proofroom.agents.runtimes.progress import NO_PROGRESS, SAME_CALLS, too_long
from proofroom.agents.tools import TOOLS
from proofroom.db.work_sessions import LegLost
from proofroom.domain.errors import Unavailable

CONNECT_SECONDS = 30.0
HOOK_SECONDS = 600.0
"""How long a call may take before the program stops waiting for us."""
REST_SECONDS = 2.0
"""How long the rest of a reply is waited for that cannot be read: its end says what it used."""
_BROKEN_PIPE = (ConnectionError, OSError, ProcessEnded, ClaudeSDKError)

Ending = Failed | Finished | Suspended


def transcript_folder() -> str:
    """The name of the folder in which the program looks for its transcripts."""
    return project_key_for_directory(WORKING_FOLDER)


def make_client(
    request: TurnRequest, folder: Path, calls: Calls, transcript: Transcript, process: Process
) -> ClaudeSDKClient:
    """The client: our tools on a server inside this process, and one hook before every call."""

    async def before(asked: HookInput, call_id: str | None, _: HookContext) -> HookJSONOutput:
        given = cast("Mapping[str, Any]", asked)
        arguments = given.get("tool_input")
        verdict = await calls.before(
            str(given.get("tool_name")),
            cast("Mapping[str, Any]", arguments) if isinstance(arguments, Mapping) else {},
            str(call_id),
        )
        if transcript.repeated() > SAME_CALLS:
            process.kill()  # before it asks the model once more
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": verdict.decision,
                "permissionDecisionReason": verdict.why,
            }
        }

    def tool(name: str) -> SdkMcpTool[Any]:
        async def answer(arguments: dict[str, Any]) -> dict[str, Any]:
            return calls.answer(name, arguments)

        return SdkMcpTool(name, TOOLS[name].description, schema_for_model(TOOLS[name]), answer)

    names = [name for name in TOOLS if request.tool_names is None or name in request.tool_names]
    options = ClaudeAgentOptions(
        tools=[],
        allowed_tools=[],
        setting_sources=[],
        skills=[],
        strict_mcp_config=True,
        mcp_servers={SERVER: create_sdk_mcp_server(SERVER, tools=[tool(name) for name in names])},
        hooks={"PreToolUse": [HookMatcher(hooks=[before], timeout=HOOK_SECONDS, on_failure="block")]},
        session_store=cast("SessionStore", transcript),
        session_store_flush="eager",
        env={"CLAUDE_CONFIG_DIR": str(folder / "config")},
        cwd=WORKING_FOLDER,
        include_partial_messages=True,
        verbatim_prompts=True,
    )
    return ClaudeSDKClient(options, cast("Transport", process))


class Talk:
    """What is said in one run of the program, as events of the turn; the last one says how it ended.

    One task uses the client and reads from it. `patience` is how long the model may say nothing, in seconds; `left`
    what may still be used, its seconds counted from now on; `secret` is kept out of what is told. A failed run is
    killed at once.
    """

    def __init__(
        self,
        client: ClaudeSDKClient,
        process: Process,
        calls: Calls,
        transcript: Transcript,
        *,
        patience: float,
        left: BudgetLeft,
        secret: str,
    ) -> None:
        self._client = client
        self._process = process
        self._calls = calls
        self._transcript = transcript
        self._patience = patience
        self._until = asyncio.get_running_loop().time() + (math.inf if left.seconds is None else left.seconds)
        self._tokens_left = math.inf if left.tokens is None else left.tokens
        self._secret = secret
        self._meter = Meter()
        self._texts: dict[str, list[str]] = {}
        self._last: Spent | None = None  # held until the result tells what the run cost
        self._untold = 0  # replies that were handed on without their cost
        self._model: str | None = None

    async def events(self, prompt: str) -> AsyncGenerator[AgentEvent]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(loop.time() + CONNECT_SECONDS, self._until)):
                await self._client.connect()
                await self._client.query(prompt)
        except TimeoutError:
            yield self._failed(
                Failed("provider_timeout", "The program of Claude did not start in time. Retry it.", True)
            )
            return
        except _BROKEN_PIPE as error:
            yield self._failed(_died(error))
            return
        messages = cast("AsyncGenerator[Message]", self._client.receive_messages())
        async with contextlib.aclosing(messages):
            async for event in self._listen(messages):
                yield event

    async def _listen(self, messages: AsyncGenerator[Message]) -> AsyncGenerator[AgentEvent]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        unreadable = False
        while not unreadable or self._meter.is_open:
            message: Message | None = None
            end: Failed | None = None
            try:
                async with asyncio.timeout_at(min(deadline, self._until)):
                    message = await anext(messages)
            except TimeoutError:
                end = TIME_IS_UP if self._until < deadline else timed_out(self._patience)
            except StopAsyncIteration:
                end = _died(None)
            except _BROKEN_PIPE as error:
                end = _died(error)
            if message is None and unreadable:
                break
            if message is None:
                for event in self._settled(0.0):  # a reply that was held is counted, its cost unknown
                    yield event
                assert end is not None
                yield self._failed(end)
                return
            if isinstance(message, SystemMessage) and message.subtype == UNREADABLE:
                unreadable, deadline = True, loop.time() + REST_SECONDS
            if isinstance(message, MirrorErrorMessage) or self._not_stored():
                yield self._failed(_not_saved(self._transcript.broken))
                return
            if isinstance(message, StreamEvent | AssistantMessage | UserMessage):
                deadline = loop.time() + (REST_SECONDS if unreadable else self._patience)
            for event in self._heard(message):
                yield event
            asks_again = isinstance(message, UserMessage) and self._calls.suspended is None
            if asks_again and (self._is_stuck() or self._tokens_left <= 0):
                yield self._failed(TOKENS_ARE_USED_UP)  # or stuck
                return
            if isinstance(message, ResultMessage):
                last = self._end(message)
                yield self._failed(last) if isinstance(last, Failed) else last
                return
        for event in self._settled(0.0):
            yield event
        yield self._failed(UNREADABLE_REPLY)

    def _heard(self, message: Message) -> list[AgentEvent]:
        """What a message adds to the record: whole messages of the model, and what was said in them."""
        if isinstance(message, StreamEvent):
            spent = None if message.parent_tool_use_id else self._meter.event(message.event)
            return [] if spent is None else self._spent(spent)
        if isinstance(message, AssistantMessage):
            name = message.message_id
            self._meter.whole(name, message.model, message.usage, message.stop_reason)
            texts = [b.text for b in message.content if isinstance(b, TextBlock) and b.text.strip()]
            if name is not None and texts:
                self._texts.setdefault(name, []).extend(texts)
            return []
        out: list[AgentEvent] = []
        if isinstance(message, UserMessage | ResultMessage):
            for spent in self._meter.settle():  # before the result of a call there was a call
                stop = "tool_use" if isinstance(message, UserMessage) else spent.stop_reason
                out += self._spent(dataclasses.replace(spent, stop_reason=stop))
        if isinstance(message, ResultMessage):
            out += self._settled(max(0.0, message.total_cost_usd or 0.0))
        return out

    def _settled(self, cost_usd: float) -> list[AgentEvent]:
        """What is left to tell when the run ends: the reply that was held, and what the run cost (0: nobody says).

        Every run starts in a folder of its own, so what the program counts begins at nothing each time.
        """
        held, self._last = self._last, None
        used = Usage(model=self._model) if held is None else held.usage
        if cost_usd > 0:
            used = dataclasses.replace(used, cost_usd=cost_usd, settles=self._untold)
        return [] if held is None and not used.settles else [self._saved(used)]

    def _spent(self, spent: Spent) -> list[AgentEvent]:
        if spent.stop_reason != "tool_use":
            held, self._last = self._last, spent
            return [] if held is None else [self._saved(held.usage)]
        text = "\n\n".join(self._texts.pop(spent.message_id, []))
        return [self._saved(spent.usage), *([Said(text)] if text else [])]

    def _saved(self, usage: Usage) -> StateSaved:
        self._tokens_left -= usage.tokens_in + usage.tokens_out
        self._untold = 0 if usage.cost_usd else self._untold + 1
        self._model = usage.model or self._model
        return StateSaved({"transcript": str(self._transcript.id)}, usage)

    def _not_stored(self) -> bool:
        """Whether a line could not be stored. Raises what a tool raised, and what says that this leg may not go on."""
        if isinstance(self._transcript.broken, LegLost | Unavailable):
            raise self._transcript.broken
        broken = self._calls.broken
        if broken is not None and not isinstance(broken, NotStored | asyncio.CancelledError):
            raise broken
        return self._transcript.broken is not None or isinstance(broken, NotStored)

    def _end(self, result: ResultMessage) -> Ending:
        if self._calls.suspended is not None:
            return Suspended()
        said = str(result.result or "; ".join(result.errors or ()) or "")
        if result.is_error or result.api_error_status is not None:
            return failure_of(result.api_error_status, result.terminal_reason, said, secret=self._secret)
        if result.stop_reason == "model_context_window_exceeded":
            return too_long("Claude")
        if result.stop_reason == "refusal":
            return Failed(
                "provider_error", "Claude declined this task. Word it differently.", retryable=False
            )
        summary, gaps = prompts.closing(said)
        return Finished(summary, gaps)

    def _is_stuck(self) -> bool:
        return self._transcript.repeated() > SAME_CALLS

    def _failed(self, end: Failed) -> Failed:
        self._process.kill()
        return Failed("no_progress", NO_PROGRESS, retryable=True) if self._is_stuck() else end


def _died(error: BaseException | None) -> Failed:
    how = f" ({error.code})" if isinstance(error, ProcessEnded) else ""
    return Failed(
        "provider_error", f"The program of Claude ended in the middle{how}. Retry it.", retryable=True
    )


def _not_saved(error: BaseException | None) -> Failed:
    why = "" if error is None else f" ({type(error).__name__})"
    return Failed(
        "transcript_not_saved",
        f"The conversation could not be stored, so it was stopped{why}. Retry it.",
        retryable=True,
    )
