"""What every agent runtime is: turns that end in exactly one of three ways.

A *turn* is the stretch of agent work between two resting places. While it runs, the runtime reaches the
outside only through the tools of its request. Each tool call is recorded before its answer is seen, so a
turn that is run again after a crash gets the recorded answers back: a runtime may simply start over and call
the same tools in the same order. One that goes on from what it saved names each call (`Tools.call`), so that a
question asked once more is a new question, and a call made again for the same reason is not.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias
from uuid import UUID

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a runtime can do; shown by `proofroom doctor` and on the page.

    `label` names it for people ("quote finder, no AI used"); `uses_model` says whether a model is called;
    `resumable` whether a stopped turn goes on from saved state rather than from the recorded tool calls.
    """

    name: str
    label: str
    uses_model: bool
    resumable: bool
    agent_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model turn used. `cost_usd` is in US dollars, `seconds` wall time.

    A provider may tell the cost of several turns in one sum: then it stands with the last of them, or after it without
    tokens, and `settles` is how many turns before it, told without a cost, the sum includes.

    `tokens_in` counts everything that was read, `cache_read` and `cache_written` the parts of it that came from the
    provider's cache and went into it, which have prices of their own.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    model: str | None = None
    cache_read: int = 0
    cache_written: int = 0
    settles: int = 0


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """What may still be used: US dollars, tokens (read and written together), seconds; None is without limit."""

    usd: float | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The answer to a tool call.

    When `suspend` is true the runtime must stop and end its turn with `Suspended`: a person decides first.
    Any further call in the same turn is refused. When `ok` is false, `content` is a problem the agent can
    read: {"code", "message", "hint"}.
    """

    ok: bool
    content: Json
    suspend: bool = False


class Tools(Protocol):
    """The agent's only way out. Names and argument schemas are those of `proofroom.agents.tools.TOOLS`."""

    async def call(self, name: str, arguments: Mapping[str, Json], *, once: str | None = None) -> ToolResult:
        """Carries the call out, or gives the answer that was recorded for it.

        `once` is the runtime's lasting name for this call in this iteration: it stands in what the runtime saved
        before the call is made, and a call of the same name, tool and arguments is the same call, in whichever leg it
        is made. Without it equal calls are told apart by their number since the turn began, which suits a runtime that
        makes all calls of the iteration again, in their order, in every leg.
        """
        ...


@dataclass(frozen=True, slots=True)
class EnvelopeView:
    """The pinned context as the agent sees it.

    `body` is the text exactly as pinned. `blocks` lists the passages in rank order: {"alias": "b1",
    "block_id", "source_id", "version", "source_title", "kind", "page", "heading", "char_start", "char_end",
    "text", "score", "instruction_like"}. `tables` lists captured tables of the project's sources:
    {"source_id", "version", "source_title", "table", "name", "columns", "types", "row_count"}.
    """

    id: UUID
    body: str
    digest: str
    blocks: Sequence[Mapping[str, Json]]
    tables: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something a reviewer asked for: `comment` in their words; the slot and claim or passage it is about, if named.

    `checks` are its checkable parts as the API shows them.
    """

    id: UUID
    comment: str
    artifact_slot: str | None = None
    claim_text: str | None = None
    passage: str | None = None
    checks: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, slots=True)
class PreviousArtifact:
    """An artifact of an earlier iteration, as last reviewed. `document` is ArtifactDocument v1 JSON."""

    slot: str
    artifact_type: str
    title: str
    document: Json


@dataclass(frozen=True, slots=True)
class Doubt:
    """A claim of this iteration that its sources do not bear out, to be repaired before a person sees it."""

    slot: str
    claim_id: str
    text: str
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class RunRef:
    """Names one run: a session in one of its iterations, on one leg (the fencing number)."""

    workspace_id: UUID
    session_id: UUID
    iteration: int
    leg: int


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """Everything a turn may know.

    `config` was validated against the agent's schema. `state` is what the runtime last saved in this
    iteration, or None. `budget` is what may still be used, its `seconds` the wall time that the turn may take.
    `purpose` is `repair` for the one turn in which the `doubts` about what was written are set right. `tool_names` are
    the tools that the agent has, by their names in `proofroom.agents.tools`; None is all of them.
    """

    run: RunRef
    agent_type: str
    goal: str
    instructions: str
    task: str
    config: Mapping[str, Json]
    strategy: str
    envelope: EnvelopeView
    tools: Tools
    obligations: Sequence[Obligation] = ()
    previous: Sequence[PreviousArtifact] = ()
    state: Mapping[str, Json] | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    budget: BudgetLeft = BudgetLeft()
    purpose: Literal["work", "repair"] = "work"
    doubts: Sequence[Doubt] = ()
    tool_names: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class StateSaved:
    """Resumable state after a model turn, with what it used. Recorded before the next event is asked for."""

    state: Mapping[str, Json]
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Said:
    """A line of narration for the live view. Never evidence, never instructions."""

    text: str


@dataclass(frozen=True, slots=True)
class Suspended:
    """The turn stopped because a tool result said `suspend`."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The agent has done what it will do in this iteration. `gaps` lists what it could not answer."""

    summary: str = ""
    gaps: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn cannot go on. `code` is a stable failure code, e.g. `provider_error`, `cancelled_by_agent`."""

    code: str
    message: str
    retryable: bool


AgentEvent: TypeAlias = StateSaved | Said | Suspended | Finished | Failed


class AgentRuntime(Protocol):
    """A turn's events end in exactly one of Suspended, Finished or Failed; nothing follows it."""

    @property
    def capabilities(self) -> Capabilities: ...

    def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]: ...

    async def interrupt(self, run: RunRef) -> None: ...
