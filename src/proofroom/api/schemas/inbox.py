"""The inbox: its list, what can be changed in it, and decisions on several of its items."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import (
    CheckpointStatus,
    Moment,
    NextCursor,
    Problem,
    Sent,
    Shown,
    Timestamp,
    Verdict,
)
from proofroom.api.schemas.review import CheckpointBase


class Flag(Shown):
    claim_id: str
    n: int
    short: str
    verdict: Verdict


class InboxItem(CheckpointBase):
    flags: list[Flag]
    risk: Literal["low", "medium", "high"] | None = Field(
        description="Of the packet; of a plan or a stop in the middle, by why it stopped. Null for what policy signed."
    )
    effort_seconds: int | None = Field(
        description="Estimated time to decide: words to read, and what needs a person."
    )
    begin_by: Timestamp | None = Field(
        description="The latest moment to begin: the due time less the effort and a head start by risk."
    )
    template_id: UUID | None = Field(description="The saved request that it started from.")
    template_name: str | None
    batch_exceptions: list[str] = Field(
        description="Why it cannot be signed together with others from the list; none when it can."
    )


class Inbox(Shown):
    items: list[InboxItem]
    next_cursor: NextCursor
    total: int | None = Field(
        description="How many there are with these filters, over all pages. Null, as is what follows, of a history:"
        " another status than `pending_review` without `session_id` is not counted."
    )
    offset: int | None = Field(description="How many of them come before the first item of this answer.")
    position: int | None = Field(description="With `around`: how many come before that checkpoint.")
    effort_seconds: int | None = Field(description="Estimated time to decide all of them.")
    batch_most: int = Field(description="How many may be signed together from the list, at most.")


class InboxChange(Sent):
    """What is sent is set; null clears it."""

    assignee: UUID | None = None
    due_at: Moment | None = None
    expires_at: Moment | None = None
    snoozed_until: Moment | None = None


class BatchItem(Sent):
    checkpoint_id: UUID
    packet_digest: str | None = Field(
        default=None, max_length=200, description="`packet_digest` of the item in the list."
    )
    instead_of: list[UUID] = Field(
        default=[],
        max_length=10,
        description="Members in whose hands the signer knows it to be, as its assignee or as who reads it now."
        " Without their ids it is left to them.",
    )


class BatchPart(Sent):
    """Where one batch is sent in several requests, so that its progress is seen: which part of it this one is."""

    size: int = Field(
        ge=1,
        strict=True,
        description="Of how many reviews the whole batch is to be. Each record keeps it as `batch.announced`, the"
        " sender's word: what is stopped or refused on the way is among them.",
    )
    before: int = Field(ge=0, strict=True, description="How many of them were sent before these.")


class Batch(Sent):
    """Up to 100 reviews of one template that need nobody's eye, over all its parts: see `batch_exceptions`."""

    template_id: UUID
    items: list[BatchItem] = Field(max_length=1000)
    part: BatchPart | None = None
    undo_seconds: int = Field(
        default=0,
        strict=True,
        description="How long the last one is held; the others a little longer.",
        ge=0,
        le=60,
    )


class BatchToWithdraw(Sent):
    checkpoint_ids: list[UUID] = Field(max_length=1000)


class BatchOutcome(Shown):
    checkpoint_id: UUID
    session_id: UUID | None
    done: bool
    status: CheckpointStatus | None
    approve_pending: bool
    undo_until: Timestamp | None
    problem: Problem | None = Field(description="Why nothing was decided on it.")


class BatchDone(Shown):
    """What became of each, in the order in which they were sent."""

    items: list[BatchOutcome]
