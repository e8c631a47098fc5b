"""Work sessions, events, envelopes and artifacts."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import (
    Failure,
    Json,
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


class FolderTarget(Sent):
    kind: str = Field(description="`folder`.")
    path: str = Field(max_length=1_000, description="Under the server's delivery root.")


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


class Usage(Shown):
    tokens: int
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    turns: int


class Delivery(Shown):
    id: UUID
    kind: str
    target: Any
    status: Literal["pending", "delivered", "failed", "dropped"]
    detail: str | None
    delivered_at: Timestamp | None = None


class Audit(Shown):
    """Where the session's hash chain stands."""

    count: int
    head: str | None


class WorkSession(Shown):
    id: UUID
    session_id: UUID
    project_id: UUID
    project_name: str
    title: str
    agent_type: str = Field(description="`check` for an outside draft.")
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
    artifacts_count: int
    checkpoint_id: UUID | None = Field(description="The checkpoint that waits for a decision.")
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


class WorkSessionList(Shown):
    items: list[WorkSession]
    next_cursor: NextCursor


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
    char_start: int
    char_end: int
    page: int | None
    text: str
    score: float
    tokens: int
    instruction_like: bool


class LeftOut(Shown):
    block_id: str
    source_title: str
    why: str


class Receipt(Shown):
    included: list[Passage]
    left_out: list[LeftOut]
    token_budget: int
    tokens: int
    flags: list[str]


class Envelope(Shown):
    """What the agent was given, as it was sent."""

    id: UUID
    session_id: UUID
    iteration: int
    digest: str
    body: str
    receipt: Receipt
    created_at: Timestamp


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
