"""Memory: passages of approved work, standing instructions, lessons."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import (
    Json,
    LookedAtVersion,
    Moment,
    Named,
    NextCursor,
    Sent,
    Shown,
    Timestamp,
)
from proofroom.api.schemas.evidence import ChainAnchor
from proofroom.domain.memory import MAX_NOTE
from proofroom.services.memory import MAX_AT_ONCE

MemoryKind = Literal["block", "instruction", "lesson"]
MemoryState = Literal["proposed", "accepted", "rejected", "expired", "retired"]


class MemoryScope(Shown):
    """Null means the whole workspace, and every kind of agent."""

    project_id: UUID | None
    agent_type: str | None


class MemoryClaim(Shown):
    id: str
    verdict: str
    needs_you: bool = Field(description="It was signed over.")


class InQuestion(Shown):
    """A source that is not as it was when the passage was approved."""

    source_id: str
    title: str
    why: Literal["retracted", "replaced", "deleted", "not_accepted"]
    reason: str | None


class MemoryItem(Shown):
    id: UUID
    kind: MemoryKind
    state: MemoryState
    text: str
    heading: str | None
    block_kind: str | None
    scope: MemoryScope
    expires_at: Timestamp | None
    origin: Json | None = Field(
        description="Where it comes from: `from` (artifact, change_request, check_was_wrong), session_id, "
        "artifact_id, version, checkpoint_id, title of the session, project_id; null for a person's own words."
    )
    source_id: UUID | None = Field(description="The source that a passage stands in, at char_start.")
    source_title: str | None
    char_start: int | None
    char_end: int | None
    claims: list[MemoryClaim]
    anchors: list[ChainAnchor] = Field(description="Where in the sources a passage rests.")
    rests_on_retracted: bool = Field(
        description="Something of `anchors` was retracted, replaced or deleted; accepting it needs a reason."
    )
    in_question: list[InQuestion]
    created_by: Named | None = Field(description="Null: proposed by the program.")
    created_at: Timestamp
    decided_by: Named | None
    decided_at: Timestamp | None
    reason: str | None
    version: int = Field(description="Goes up with every change; name it to refuse a change of another one.")


class MemoryList(Shown):
    items: list[MemoryItem]
    next_cursor: NextCursor


class MemoryDecided(Shown):
    action: str = Field(description="propose, add, edit, accept, reject, retire, flag, retract")
    from_state: MemoryState | None
    to_state: MemoryState
    reason: str | None
    by: Named | None
    via: str | None
    at: Timestamp
    text_sha256: str | None = Field(description="Of a note: SHA-256 of its text as it stood after it.")


class MemoryDetail(MemoryItem):
    decisions: list[MemoryDecided] = Field(description="All that was done to it, oldest first.")


class NewScope(Sent):
    """Without `project_id` it is this project; null is the whole workspace, which needs an admin."""

    project_id: UUID | None = None
    agent_type: str | None = Field(default=None, max_length=100, description="Null: every kind of agent.")


class NewMemory(Sent):
    kind: Literal["instruction", "lesson"]
    text: str = Field(description=f"1 to {MAX_NOTE:,} characters.", examples=["Use British spelling."])
    scope: NewScope = Field(default_factory=NewScope)
    expires_at: Moment | None = None


class MemoryChange(Sent):
    """What is sent is set, the rest stays."""

    version: LookedAtVersion | None = Field(
        default=None, description="The version that was looked at: when it is not the one there, 409."
    )
    text: str | None = None
    scope: NewScope | None = None
    expires_at: Moment | None = Field(default=None, description="Null: never.")


class MemoryDecision(Sent):
    id: UUID
    decision: Literal["accept", "reject", "retire"]
    reason: str | None = Field(
        default=None,
        description="Needed to reject and to retire, and to accept what rests on something retracted.",
    )
    version: LookedAtVersion | None = None


class MemoryDecisions(Sent):
    """All of them, or none."""

    items: list[MemoryDecision] = Field(min_length=1, max_length=MAX_AT_ONCE)


class MemoryDone(Shown):
    items: list[MemoryItem]
