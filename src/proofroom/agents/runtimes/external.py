"""The runtime that is somebody else's agent: it drives its session over HTTP, and nothing of it runs here."""

from collections.abc import AsyncIterator

from proofroom.agents.runtimes.base import AgentEvent, Capabilities, Failed, RunRef, TurnRequest

EXTERNAL = "external"
LABEL = "your own agent"


class ExternalRuntime:
    """A leg of it waits without a process: `engine.external` takes what the agent posts.

    A worker therefore never plays a turn of it; who calls `turn` all the same gets a failure that says so.
    """

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            name=EXTERNAL,
            label=LABEL,
            uses_model=True,
            resumable=True,
            agent_types=frozenset({"research", "content", "reporting"}),
        )

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        yield Failed(
            "runtime_unavailable",
            f"Session {request.run.session_id} is driven by an agent of yours, over HTTP.",
            retryable=True,
        )

    async def interrupt(self, run: RunRef) -> None:
        """There is nothing here to stop: posts of a leg that lost its session are refused."""
