"""Every fault of a provider, for every runtime that calls a model: how the turn ends, and after how long.

    python bench/runtime_faults.py [--only NAME]

The provider is the scripted one of `proofroom.testing`. For each fault three turns are played: one in which it stays,
one in which it comes once, and one that goes on, with a new runtime and the saved state, after it stayed and was gone.
Seconds are wall time of a turn of up to five requests; `twice` counts artifacts that were handed in more than once.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from claude_runs import ClaudeRuns, claude_runs

from proofroom.agents.runtimes.base import (
    AgentEvent,
    AgentRuntime,
    BudgetLeft,
    Failed,
    StateSaved,
    TurnRequest,
)
from proofroom.agents.runtimes.pydantic_ai import PydanticAIRuntime
from proofroom.testing.conformance import TASK, TEXTS, children
from proofroom.testing.ledger import Ledger
from proofroom.testing.model_server import KEY, ModelServer, Step, calls, forever, slow, use
from proofroom.testing.plays import FAULTS, MIDDLE, PASSING, STANDARD, disturbed, following, standard
from proofroom.testing.room import Room

CLAUDE = "claude"
MODELS = (CLAUDE, "anthropic:claude-test", "openai-chat:gpt-test", "openai:gpt-test", "ollama:llama-test:8b")


claude: list[ClaudeRuns] = []


def connect(name: str, server: ModelServer) -> AgentRuntime:
    if name == CLAUDE:
        return claude[0].runtime(server.url, KEY)
    os.environ.update(
        ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=server.url, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=f"{server.url}/v1",
        OLLAMA_BASE_URL=f"{server.url}/v1", OLLAMA_API_KEY=KEY,
    )  # fmt: skip
    return PydanticAIRuntime(name)


async def play(
    name: str, server: ModelServer, ledger: Ledger, step: Step, **changes: Any
) -> tuple[list[AgentEvent], float]:
    server.play(step)
    request: TurnRequest = replace(ledger.room.request(TASK), tools=ledger.leg(), **changes)
    if name == CLAUDE:
        request = replace(request, run=await claude[0].run(ledger))
    started = time.monotonic()
    events = [event async for event in connect(name, server).turn(request)]
    return events, time.monotonic() - started


def told(events: Sequence[AgentEvent], seconds: float) -> str:
    end = events[-1]
    what = end.code if isinstance(end, Failed) else type(end).__name__.lower()
    again = " (retryable)" if isinstance(end, Failed) and end.retryable else ""
    return f"{what}{again} {seconds:.1f} s"


async def row(name: str, fault: str) -> list[str]:
    with ModelServer() as server:
        stays, passes = Ledger(Room(TEXTS)), Ledger(Room(TEXTS))
        events, seconds = await play(name, server, stays, disturbed(FAULTS[fault].make()))
        cells = [told(events, seconds), f"{len(server.requests)}"]
        state = next((e.state for e in reversed(events) if isinstance(e, StateSaved)), None)
        cells.append(told(*await play(name, server, stays, standard(), state=state)))
        if fault in PASSING:
            cells.append(told(*await play(name, server, passes, disturbed(FAULTS[fault].make(), times=1))))
        else:
            cells.append("-")
        slots = stays.slots()
        return [*cells, f"{len(slots) - len(set(slots)) + len(passes.slots()) - len(set(passes.slots()))}"]


OTHERS: dict[str, tuple[Callable[[], Step], dict[str, Any]]] = {
    "says nothing, 2 s left": (lambda: disturbed(slow(STANDARD[MIDDLE])), {"budget": BudgetLeft(seconds=2.0)}),
    "the same call for ever": (lambda: forever(following([STANDARD[1]])), {}),
    "three calls at once": (
        lambda: forever(following([calls(*[use("search_context", query=w) for w in "abc"]), *[STANDARD[-1]] * 3])), {}
    ),
}  # fmt: skip


async def other(name: str, fault: str) -> list[str]:
    with ModelServer() as server:
        ledger = Ledger(Room(TEXTS))
        make, changes = OTHERS[fault]
        events, seconds = await play(name, server, ledger, make(), **changes)
        return [told(events, seconds), f"{len(server.requests)}", "-", "-", f"{ledger.overlaps}"]


async def huge(name: str) -> list[str]:
    with ModelServer() as server:
        texts = {f"{n}.md": f"The closest approach {n} was huge. " * 30_000 for n in range(3)}
        ledger = Ledger(Room({**TEXTS, **texts}))
        events, seconds = await play(name, server, ledger, standard())
        longest = max(len(text) for one in server.requests for _, text in one.results)
        return [
            told(events, seconds),
            f"{len(server.requests)}",
            f"longest answer {longest:,} characters",
            "-",
            "0",
        ]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="", help="runtimes whose name begins so")
    only = parser.parse_args().only
    async with claude_runs() as runs:
        claude.append(runs)
        await tables(only)
    print(f"\nprocesses left: {len(children())}")


async def tables(only: str) -> None:
    for name in [one for one in MODELS if one.startswith(only)]:
        with ModelServer([standard()]) as server:  # the vendor's library is imported before anything is timed
            await play(name, server, Ledger(Room(TEXTS)), standard())
        print(f"\n## {name if name == CLAUDE else f'pydantic_ai:{name}'}\n")
        print("| fault | it stays | requests | then it is gone | it comes once | twice |")
        print("| --- | --- | --- | --- | --- | --- |")
        for fault in FAULTS:
            print(f"| {fault} | {' | '.join(await row(name, fault))} |", flush=True)
        for fault in OTHERS:
            print(f"| {fault} | {' | '.join(await other(name, fault))} |", flush=True)
        print(f"| 3 MB as the answer of a tool | {' | '.join(await huge(name))} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
