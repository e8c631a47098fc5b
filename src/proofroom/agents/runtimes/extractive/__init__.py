"""The quote finder: an offline runtime that uses no model.

A pure function of the request and the tool answers. It quotes sentences of the sources word for word,
computes reports from tables, and lays out content as labelled outlines. It says what it did not find.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from proofroom.agents.runtimes.base import (
    AgentEvent,
    Capabilities,
    Failed,
    RunRef,
    Suspended,
    TurnRequest,
)
from proofroom.agents.runtimes.extractive.content import content_turn
from proofroom.agents.runtimes.extractive.reporting import reporting_turn
from proofroom.agents.runtimes.extractive.research import research_turn
from proofroom.agents.runtimes.extractive.run import Interrupted, Refused, Run, Suspend

_KINDS = {"research": research_turn, "content": content_turn, "reporting": reporting_turn}


class ExtractiveRuntime:
    """Implements AgentRuntime. Holds nothing between turns but the runs that were asked to stop."""

    def __init__(self) -> None:
        self._stopped: set[object] = set()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="extractive",
            label="quote finder, no AI used",
            uses_model=False,
            resumable=False,
            agent_types=frozenset(_KINDS),
        )

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        work = _KINDS.get(request.agent_type)
        if work is None:
            kinds = ", ".join(_KINDS)
            yield Failed(
                "agent_type_unknown",
                f"The quote finder does {kinds}, not {request.agent_type[:60]}.",
                retryable=False,
            )
            return
        try:
            async for event in work(Run(request, self._stopped)):
                yield event
        except Suspend:
            yield Suspended()
        except Interrupted:
            yield Failed("interrupted", "The run was stopped before it was done.", retryable=True)
        except Refused as refused:
            yield Failed(
                "tool_refused",
                f"{refused.tool} was refused ({refused.code}): {refused.message}",
                retryable=False,
            )
        finally:
            self._stopped.discard(request.run)

    async def interrupt(self, run: RunRef) -> None:
        self._stopped.add(run)
