"""The claude runtime: the Claude Agent SDK, isolated, with our tools, its transcript in our database.

One run of the SDK's program is one turn. It ends when the model is done, when a call waits for a person, or when
something failed; before the turn says how it ended, the process is gone. Whoever goes on lays the transcript out again,
on this machine or another.
"""

import asyncio
import contextlib
import importlib
import os
import shutil
import sys
import uuid
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from proofroom.agents import prompts
from proofroom.agents.runtimes import claude_key, claude_transcript
from proofroom.agents.runtimes.base import (
    AgentEvent,
    Capabilities,
    Failed,
    Finished,
    RunRef,
    Suspended,
    ToolResult,
    TurnRequest,
)
from proofroom.agents.runtimes.claude_calls import SERVER, Calls, lasting_name, own_name
from proofroom.agents.runtimes.claude_process import (
    Process,
    command,
    environment,
    make_folder,
    uninterrupted,
)
from proofroom.agents.runtimes.claude_transcript import Line, Transcript
from proofroom.agents.runtimes.host import Host
from proofroom.db.tx import Database
from proofroom.settings import Settings

if TYPE_CHECKING:
    from proofroom.agents.runtimes.claude_sdk import ClaudeSDKClient

_SDK = "proofroom.agents.runtimes.claude_sdk"
GO_ON = "Go on from where you stopped."
INTERRUPTED = Failed("interrupted", "The run was stopped before it was done.", retryable=True)
_ANY = frozenset({"research", "content", "reporting"})
_ENDS = (Suspended, Finished, Failed)


@dataclass(slots=True)
class _Live:
    """A turn that runs: whether it was told to stop, and its process once there is one."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    process: Process | None = None


@dataclass(frozen=True, slots=True)
class _Start:
    """How a conversation begins or goes on."""

    transcript: Transcript
    prompt: str
    lines: list[Line] | None


class ClaudeRuntime:
    """Implements AgentRuntime. `model` None is the one that the settings name."""

    def __init__(self, host: Host, model: str | None = None) -> None:
        self._settings = host.settings
        self._db = host.db
        self._model = model or host.settings.claude_model
        self._live: dict[RunRef, _Live] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(name="claude", label="Claude", uses_model=True, resumable=True, agent_types=_ANY)

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        live = self._live.setdefault(request.run, _Live())
        try:
            async with contextlib.aclosing(self._turn(request, live)) as events:
                async for event in events:
                    yield event
        finally:
            self._live.pop(request.run, None)

    async def interrupt(self, run: RunRef) -> None:
        live = self._live.setdefault(run, _Live())
        live.stop.set()
        if live.process is not None:
            live.process.kill()

    async def _turn(self, request: TurnRequest, live: _Live) -> AsyncGenerator[AgentEvent]:
        if self._db is None:
            raise RuntimeError("claude needs the database: its transcripts are kept there")
        if claude_key.missing(self._settings) is None and claude_key.known(self._settings) == "refused":
            await asyncio.to_thread(claude_key.check, self._settings)  # the provider may take it by now
        why_not = claude_key.why_not(self._settings)
        if why_not is not None:
            yield Failed("runtime_unavailable", f"Claude cannot run here. {why_not}", retryable=True)
            return
        start = await _start(self._db, request)
        if isinstance(start, Suspended):
            yield start
            return
        end: AgentEvent = INTERRUPTED
        async with _slot(self._settings, live.stop) as free:
            if free:
                async with contextlib.aclosing(self._run(request, start, live)) as events:
                    async for event in events:
                        if isinstance(event, _ENDS):
                            end = event
                        else:
                            yield event
        # The process is gone by now. A run that was stopped ended because of that, whatever it says.
        yield INTERRUPTED if live.stop.is_set() and isinstance(end, Failed) else end

    async def _run(self, request: TurnRequest, start: _Start, live: _Live) -> AsyncGenerator[AgentEvent]:
        """One run of the program. Its last event says how it ended."""
        # Late, because the SDK is an extra; in a thread, because it takes seconds, in which leases are renewed and
        # cancellations are heard.
        await asyncio.to_thread(importlib.import_module, _SDK)
        from proofroom.agents.runtimes import claude_sdk

        folder = await asyncio.to_thread(make_folder, self._settings.data_dir / "claude")
        client: ClaudeSDKClient | None = None
        calls = Calls(request.tools, start.transcript.recorded, start.transcript.repeated)
        key = self._settings.anthropic_api_key
        try:
            live.process = process = self._process(folder, request, start, claude_sdk.transcript_folder())
            client = claude_sdk.make_client(request, folder, calls, start.transcript, process)
            talk = claude_sdk.Talk(
                client, process, calls, start.transcript, patience=self._settings.provider_timeout_seconds,
                left=request.budget, secret="" if key is None else key.get_secret_value(),
            )  # fmt: skip
            async with contextlib.aclosing(talk.events(start.prompt)) as events:
                async for event in events:
                    if isinstance(event, Failed) and event.code == "provider_key_invalid":
                        claude_key.learn(self._settings, "refused")
                    yield event
        except BaseException:
            if live.process is not None:
                live.process.kill()
            raise
        finally:
            await uninterrupted(_end(client, live.process, calls, folder))

    def _process(self, folder: Path, request: TurnRequest, start: _Start, place: str) -> Process:
        program, key = claude_key.program(), self._settings.anthropic_api_key
        assert program is not None, "asked before the turn"
        assert key is not None, "asked before the turn"
        system = folder / "system.md"
        system.write_text(prompts.system_prompt(request), encoding="utf-8")
        if start.lines is not None:
            claude_transcript.lay_out(folder, place, start.transcript.id, start.lines)
        arguments = command(
            program, system_prompt_file=system, model=self._model, transcript_id=str(start.transcript.id),
            resume=start.lines is not None, servers=[SERVER],
        )  # fmt: skip
        env = environment(
            folder, key=key.get_secret_value(), base_url=self._settings.anthropic_base_url,
            retries=self._settings.claude_retries, timeout_seconds=self._settings.provider_timeout_seconds,
        )  # fmt: skip
        return Process(arguments, env)


async def _start(db: Database, request: TurnRequest) -> _Start | Suspended:
    """The conversation that was saved, or a new one. Calls without a result are carried out first; Suspended when
    one of them still waits for a person."""
    found = await claude_transcript.stored(db, request.run)
    if found is None:
        prompt = prompts.opening(request)
        if request.purpose == "repair":
            prompt = f"{prompt}\n\n{prompts.repair(request.doubts)}"
        return _Start(Transcript(db, request.run, uuid.uuid4()), prompt, None)
    transcript, lines = Transcript(db, request.run, found[0]), claude_transcript.without_deferral(found[1])
    for line, call in claude_transcript.unanswered(lines):
        name = own_name(str(call.get("name")))
        arguments: Any = call.get("input")
        if name is None or not isinstance(arguments, dict):
            result = ToolResult(
                ok=False,
                content={"code": "tool_not_allowed", "message": "There is no such tool here.", "hint": ""},
            )
        else:
            result = await request.tools.call(
                name, cast("dict[str, Any]", arguments), once=lasting_name(call["id"])
            )
        if result.suspend:
            return Suspended()
        answer = claude_transcript.result_line(line, call, result)
        await transcript.append({}, [answer])
        if transcript.broken is not None:
            raise transcript.broken
        lines.append(answer)
    return _Start(transcript, prompts.repair(request.doubts) if request.purpose == "repair" else GO_ON, lines)


async def _end(client: "ClaudeSDKClient | None", process: Process | None, calls: Calls, folder: Path) -> None:
    """Nothing is left of a run: no call under way, no process, no file."""
    if client is not None:
        with contextlib.suppress(Exception):
            await client.disconnect()
    await calls.idle()
    if process is not None:
        await process.close()
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


# ---------------------------------------------------------------- how many at once

_slots: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = (
    weakref.WeakKeyDictionary()
)


def processes(settings: Settings) -> int:
    """How many programs may run at once in this worker: as set, else one for each core."""
    if settings.claude_processes is not None:
        return settings.claude_processes
    if sys.platform == "linux":
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


@contextlib.asynccontextmanager
async def _slot(settings: Settings, stop: asyncio.Event) -> AsyncGenerator[bool]:
    """Waits until a program may run; False when the turn was stopped meanwhile."""
    loop = asyncio.get_running_loop()
    if loop not in _slots:
        _slots[loop] = asyncio.Semaphore(processes(settings))
    slots = _slots[loop]
    stopped = asyncio.ensure_future(stop.wait())
    taking = asyncio.ensure_future(slots.acquire())
    try:
        await asyncio.wait({stopped, taking}, return_when=asyncio.FIRST_COMPLETED)
        yield taking.done() and not stop.is_set()
    finally:
        stopped.cancel()
        if taking.done() and not taking.cancelled():
            slots.release()
        else:
            taking.cancel()
