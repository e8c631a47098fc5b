"""Work sessions, events, envelopes and artifacts."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import (
    Failure,
    FolderTarget,
    Json,
    LookedAtVersion,
    NextCursor,
    Progress,
    Sent,
    Shown,
    Status,
    Strategy,
    Summary,
    Timestamp,
)
from proofroom.api.schemas.evidence import Claim


class NewWorkSession(Sent):
    """A work request."""

    agent_type: str | None = Field(
        default=None,
        description="`research`, `content`, `reporting`, or your own.",
        examples=["research"],
    )
    task_description: str | None = Field(default=None, description="What is wanted, 1 to 20,000 characters.")
    config: dict[str, Any] | None = Field(
        default=None, description="Settings; the agent's config_schema describes them."
    )
    approval_strategy: str | None = Field(
        default=None,
        description="`checkpoint_required`, `final_only` (the default) or `auto_approve_low_risk`.",
    )
    runtime: str | None = Field(default=None, description="Who does it; the server's default without it.")
    auto_execute: bool = Field(default=False, description="Queue it at once.")
    priority: int = Field(default=0, ge=-1_000, le=1_000, description="Higher ones are taken first.")
    budget: dict[str, Any] | None = Field(
        default=None, description="`usd`, `tokens`, `seconds`; each more than zero.", examples=[{"usd": 0.5}]
    )
    template_id: UUID | None = Field(default=None, description="A saved request; what is sent here wins.")
    template_version: LookedAtVersion | None = Field(
        default=None,
        description="With `template_id`: the `version` that was looked at. When it is not the one that holds, 409; "
        "without `template_id`, 422.",
    )
    deliver_to: list[FolderTarget] = Field(default_factory=list[FolderTarget], max_length=20)
    source_ids: list[UUID] | None = Field(
        default=None, max_length=1_000, description="Only these sources; all of the project's without it."
    )
    title: str | None = Field(default=None, max_length=300)
    external_ref: str | None = Field(default=None, max_length=300, description="Your own reference.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Yours; at most 16 kB of JSON.")


class Fork(Sent):
    """Fields to change in the new session; the rest is as in the old one."""

    task_description: str | None = None
    config: dict[str, Any] | None = None
    approval_strategy: str | None = None
    runtime: str | None = None
    budget: dict[str, Any] | None = None
    title: str | None = Field(default=None, max_length=300)
    auto_execute: bool = False


class ModelUsage(Shown):
    """What one model used. `tokens_in` is all that it read; the cache figures are parts of it."""

    model: str
    turns: int
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_written: int
    cost_usd: float
    unpriced: bool = Field(description="Its price is not known; it is missing from `cost_usd`.")


class Usage(Shown):
    tokens: int
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    turns: int
    turns_lost: int = Field(description="Model turns that a crash cut off: maybe charged, not counted here.")
    unpriced: bool = Field(description="The price of some of it is not known.")
    models: list[ModelUsage]


class LedgerCounts(Shown):
    """Claims of an iteration, and those of them that their sources do not bear, without opinion."""

    claims: int
    unsupported: int
    uncited: int
    conflict: int


class Repair(Shown):
    """The one turn in which an agent with a model sets doubted claims right, before a person sees them."""

    iteration: int
    state: Literal["started", "ended", "skipped"]
    before: LedgerCounts
    after: LedgerCounts | None = None
    outcome: Literal["done", "stopped", "failed"] | None = Field(
        default=None, description="`stopped`: the budget left no room for more."
    )
    why: str | None = None


DeliveryStatus = Literal["pending", "delivered", "failed", "dropped"]


class Delivery(Shown):
    id: UUID
    kind: str
    target: Any
    status: DeliveryStatus = Field(description="`failed`: given up until a person sends it again.")
    detail: str | None = Field(description="What was made, or why the last attempt failed.")
    attempts: int
    being_made: bool
    due_at: Timestamp | None = Field(
        description="When it is tried next; while it is being made, when it is taken for lost."
    )
    delivered_at: Timestamp | None = None


class DeliveryAttempt(Shown):
    n: int
    at: Timestamp
    by: str | None = Field(default=None, description="The worker.")
    ended_at: Timestamp | None = Field(
        default=None, description="None: it goes on, or nobody said how it ended."
    )
    code: str | None = Field(default=None, description="Why it failed, for programs; none when it did not.")
    error: str | None = None


class DeliveryInFull(Delivery):
    session_id: UUID
    session_title: str
    project_id: UUID
    checkpoint_id: UUID
    packet_digest: str
    idempotency_key: str | None = Field(description="The same for every attempt; a receiver may tell by it.")
    attempts_left: int = Field(description="Before it is given up.")
    tries: list[DeliveryAttempt] = Field(description="The last 50 attempts, oldest first.")
    created_at: Timestamp


class DeliveryList(Shown):
    items: list[DeliveryInFull]
    next_cursor: str | None


class Audit(Shown):
    """Where the session's hash chain stands."""

    count: int
    head: str | None


class AgentSeen(Shown):
    """Your own agent, while it is its turn."""

    heard_at: Timestamp | None = Field(description="When it last posted in this leg.")
    said: str | None = Field(description="What it last said.")
    lease_until: Timestamp | None = Field(description="When the session fails if nothing is heard.")


class HeldDecision(Shown):
    decision: Literal["approve", "reject", "request_changes"]
    by: UUID | None
    name: str | None
    reason: str | None
    at: Timestamp | None
    until: Timestamp


class WorkSession(Shown):
    id: UUID
    session_id: UUID
    project_id: UUID
    project_name: str
    project_archived: bool = Field(description="Its project is off the lists.")
    title: str
    agent_type: str = Field(description="`check` for an outside draft.")
    agent_title: str | None = Field(description="As its definition says it; null for an outside draft.")
    task_description: str
    config: Json
    source_ids: list[UUID] | None
    approval_strategy: Strategy
    runtime: str
    runtime_label: str
    status: Status
    phase: str
    iteration: int
    leg: int
    progress: Progress
    plan: Json | None
    priority: int
    budget: Json
    usage: Usage
    repairs: list[Repair] = Field(description="By iteration; those that had one.")
    artifacts_count: int
    checkpoint_id: UUID | None = Field(description="The checkpoint that waits for a decision.")
    held: HeldDecision | None = Field(
        default=None,
        description="The decision that was made there and takes effect at `until`, unless it is withdrawn.",
    )
    failure: Failure | None
    task_document_id: UUID | None = Field(description="The pinned context envelope.")
    external_ref: str | None
    metadata: Json
    deliver_to: list[Json]
    deliveries: list[Delivery]
    approved_by: str | None = None
    created_by: str | None
    created_at: Timestamp
    updated_at: Timestamp
    started_at: Timestamp | None
    settled_at: Timestamp | None
    forked_from: UUID | None
    audit: Audit
    agent: AgentSeen | None = None
    queued_before: int | None = Field(
        default=None,
        description="While it is queued: how many of the workspace have their turn before it, 1,000 at most;"
        " only where one session is read.",
    )


class WorkSessionList(Shown):
    items: list[WorkSession]
    next_cursor: NextCursor


class WorkCounts(Shown):
    """How many pieces of work there are: `by_agent` holds, by agent type and status, what `total` sums up."""

    total: int
    by_status: dict[str, int]
    by_agent: dict[str, dict[str, int]]
    held: dict[str, int] = Field(
        description="By agent type, how many of `pending_review` were decided and can still be taken back: they wait"
        " for nobody."
    )


class ToolCall(Shown):
    """One call of a tool as it was recorded before the agent saw its answer."""

    id: str
    tool: str
    iteration: int
    leg: int
    ok: bool
    at: Timestamp
    arguments: Json
    result: str = Field(description="The answer as JSON text, its first 4,000 characters.")
    result_chars: int = Field(description="Characters of the whole answer.")


class Executed(Shown):
    session_id: UUID
    status: Status
    artifacts_count: int
    checkpoint_id: UUID | None
    error: Failure | None


class CheckpointRef(Shown):
    id: UUID
    kind: Literal["plan", "mid", "final"]
    reasons: list[str]
    status: str
    packet_digest: str
    iteration: int
    opened_at: Timestamp
    due_at: Timestamp | None


class SessionStatus(Shown):
    session_id: UUID
    status: Status
    phase: str
    iteration: int
    progress: Progress
    artifacts_count: int
    checkpoints: list[CheckpointRef]
    failure: Failure | None
    usage: Usage
    metadata: Json


class Event(Shown):
    seq: int = Field(description="Counts per session, from 1, without gaps.")
    type: str
    at: Timestamp
    data: Json


class EventList(Shown):
    items: list[Event]
    next_cursor: NextCursor


class Passage(Shown):
    alias: str
    block_id: str
    source_id: str
    source_title: str
    version: int
    kind: str = "paragraph"
    heading: str | None = None
    char_start: int
    char_end: int
    page: int | None
    text: str | None = Field(description="Null when it was deleted since.")
    origin: Literal["captured", "approved"] = Field(
        default="captured", description="Approved: made here and signed."
    )
    score: float = Field(description="The search's, before the agent's weights; 0 if no question found it.")
    weighted: float = Field(default=0.0, description="The score after the agent's weights.")
    rank: int | None = Field(default=None, description="Its place in the answer to `question`, both from 1.")
    question: int | None = None
    pulled: bool = Field(default=False, description="It is there only because it disagrees with another.")
    tokens: int
    instruction_like: bool
    marks: list[Literal["instruction_like", "hidden_text", "fake_citation"]] = Field(default_factory=list)


class LeftOut(Shown):
    block_id: str
    source_title: str
    reason: Literal["budget", "duplicate", "source_limit", "unranked"] | None = None
    why: str
    marks: list[str] = Field(default_factory=list[str])
    of: str | None = Field(default=None, description="The alias of the passage that it repeats.")
    of_block_id: str | None = None


class Contradiction(Shown):
    """Two passages, by alias, that speak of the same and disagree: in a figure, unit or date (`number`), or in a
    negation or direction (`polarity`)."""

    kind: Literal["number", "polarity"]
    a: str
    b: str
    subject: str
    a_says: str
    b_says: str


class EnvelopeNote(Shown):
    id: str
    kind: Literal["instruction", "lesson"]
    text: str
    scope: Json


class Read(Shown):
    """One answer to a reading tool. `digest` covers its arguments and the answer."""

    call: str
    tool: str
    query: str | None = None
    block_ids: list[str]
    digest: str


class Receipt(Shown):
    """How the envelope came about: every candidate is in `included` or counted in `left_out_by_reason`."""

    questions: list[str] = Field(
        default_factory=list[str],
        description="What was searched for: the task, changes asked for, focus areas.",
    )
    weights: Json = Field(default_factory=dict[str, Any], description="Of the agent's definition.")
    search: Json = Field(
        default_factory=dict[str, Any], description="What the search went by: mode, model, embedded, blocks."
    )
    notes: list[EnvelopeNote] = Field(default_factory=list[EnvelopeNote])
    notes_left_out: list[Json] = Field(default_factory=list[Json])
    included: list[Passage]
    contradictions: list[Contradiction] = Field(default_factory=list[Contradiction])
    left_out: list[LeftOut] = Field(description="The first 200, and all that have marks.")
    left_out_count: int = 0
    left_out_by_reason: dict[str, int] = Field(default_factory=dict[str, int])
    counts: dict[str, int] = Field(
        default_factory=dict[str, int],
        description="in_scope = candidates + unranked; candidates = included + left_out_count; filtered.",
    )
    token_budget: int
    tokens: int
    flags: list[str]
    reads: list[Read] = Field(
        default_factory=list[Read], description="What the agent looked up later with its tools, in order."
    )


class Envelope(Shown):
    """What the agent was given, as it was sent."""

    id: UUID
    session_id: UUID
    iteration: int
    digest: str
    body: str
    receipt: Receipt
    created_at: Timestamp


class RebuiltEnvelope(Shown):
    """The envelope's text rendered again from its receipt; it is the one that was sent, byte for byte."""

    body: str
    digest: str
    identical: Literal[True]


class ArtifactVersion(Shown):
    version: int
    author: Literal["agent", "person"]
    author_name: str | None
    iteration: int
    created_at: Timestamp
    signed: bool
    signed_by: str | None


class Artifact(Shown):
    id: UUID
    session_id: UUID
    slot: str
    artifact_type: Literal["research_finding", "content_draft", "report", "generic_output"]
    type: str
    title: str
    version: int
    iteration: int
    digest: str
    versions: list[ArtifactVersion]
    document: Json = Field(description="ArtifactDocument, with the plain text of each block beside it.")
    body: str = Field(description="The document as Markdown.")
    claims: list[Claim]
    summary: Summary
    high_impact: str | None
    created_at: Timestamp


class ArtifactList(Shown):
    items: list[Artifact]
    next_cursor: NextCursor


class ArtifactVersionList(Shown):
    items: list[ArtifactVersion]
    next_cursor: NextCursor


class NewCheck(Sent):
    """An outside draft, of any agent or person."""

    draft: str = Field(description="Markdown or text, at most 2,000,000 characters.")
    title: str | None = Field(default=None, max_length=300)
    source_ids: list[UUID] | None = Field(
        default=None, max_length=1_000, description="Only these sources; all of the project's without it."
    )


class DiffBlock(Shown):
    """A block of either version, in their common order."""

    type: Literal["title", "heading", "paragraph", "list", "quote", "opinion", "table", "chart"]
    kind: Literal["same", "changed", "removed", "added"]


class DiffChange(Shown):
    block: int = Field(description="Index into blocks.")
    kind: Literal["same", "removed", "added"]
    text: str


class ArtifactDiff(Shown):
    """Word by word. Of one block, what is not added is its earlier text, what is not removed its later one."""

    artifact_id: UUID
    slot: str
    from_: int = Field(alias="from")
    to: int
    blocks: list[DiffBlock]
    changes: list[DiffChange]


class RevealItem(Shown):
    claim_id: str | None
    text: str
    kind: str
    truth: str
    explanation: str
    only_a_reader: bool
    caught: bool


class Reveal(Shown):
    """What was planted in the sample's draft."""

    items: list[RevealItem]


class SinceLastPrevious(Shown):
    id: str
    title: str
    settled_at: str | None


class SinceLastChange(Shown):
    kind: Literal["same", "removed", "added"]
    text: str


class SinceLast(Shown):
    """Sentences and rows of tables beside those of the work signed before, in reading order."""

    previous: SinceLastPrevious
    changes: list[SinceLastChange]
