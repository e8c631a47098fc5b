"""Checkpoints, their packets, and decisions."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from proofroom.api.schemas.common import (
    CheckpointStatus,
    Json,
    Named,
    NextCursor,
    Sent,
    Shown,
    Status,
    Strategy,
    Summary,
    Timestamp,
)
from proofroom.api.schemas.evidence import Claim


class KeptBefore(Shown):
    """Who kept a flagged claim in the round before, and why. It has to be settled again."""

    claim_id: str
    by: UUID | None
    name: str | None
    reason: str
    kind: Literal["accepted", "check_was_wrong"]


class PacketArtifact(Shown):
    model_config = ConfigDict(extra="allow")

    artifact_id: UUID
    slot: str
    type: str
    title: str
    version: int
    digest: str
    claims: list[Claim]
    carried: list[str] = Field(
        default_factory=list[str],
        description="Claims that keep the approval of the round before: nothing about them changed.",
    )
    kept_before: list[KeptBefore] = Field(
        default_factory=list[KeptBefore],
        description="Claims that were kept with a reason when this was last sent back, and have not changed since.",
    )
    summary: Summary


class EnvelopeRef(Shown):
    id: UUID
    digest: str


class PacketObligation(Shown):
    model_config = ConfigDict(extra="allow")

    id: UUID
    comment: str
    state: Literal["open", "met", "unmet", "regressed"]
    note: str | None = Field(default=None, description="In one sentence why it is judged so.")
    artifact_slot: str | None
    claim_text: str | None
    passage: str | None = None
    checks: list[Json] = Field(default_factory=list[Json])


class CarriedFrom(Shown):
    """The review that carried approvals come from, who gave it, and the versions that were looked at then."""

    checkpoint_id: UUID
    packet_digest: str
    by: UUID | None
    name: str | None
    decision: str | None = Field(
        default=None, description="`request_changes`: nobody objected to what is carried."
    )
    versions: dict[str, int] = Field(description="By artifact id.")


class Reread(Shown):
    """How many words a reviewer has to read again, of how many there are."""

    words: int
    of: int


class PacketTrigger(Shown):
    id: UUID
    kind: str
    detail: Any


class Effect(Shown):
    model_config = ConfigDict(extra="allow")

    kind: str
    label: str


class PolicySettings(Shown):
    """See `PolicyChange`."""

    quorum: dict[str, int]
    separate_duties: bool
    policy_may_sign: bool | None
    due_hours: float | None
    remind_hours: float | None
    expire_hours: float | None


class PolicyInForce(Shown):
    rules: str = Field(description="Version of the rules themselves.")
    version: int = Field(description="Version of the project's settings; 0 when nothing was ever set.")
    settings: PolicySettings


class Signing(Shown):
    """Who may sign, and how many must. `barred`: members who asked for the work or edited it."""

    quorum: int
    separate_duties: bool
    barred: list[UUID]


class Risk(Shown):
    level: Literal["low", "medium", "high"]
    consequence: Literal["internal_draft", "internal_record", "named_recipient", "public"]
    reversible: bool
    because: list[str]


class Attention(Shown):
    """One thing that needs a person."""

    kind: str = Field(
        description="A verdict, high_impact, suspicious_source, low_confidence, review_requested or obligation."
    )
    sentence: str
    artifact_id: UUID | None
    claim_id: str | None
    obligation_id: UUID | None
    n: int | None


class LookingNow(Shown):
    """Who said last that they look at it; they do until `until`."""

    id: UUID
    name: str | None
    until: Timestamp


class Vote(Shown):
    by: UUID
    name: str
    at: Timestamp


class Packet(Shown):
    """All that a signature covers. `packet_digest` is the SHA-256 of its canonical JSON (RFC 8785)."""

    model_config = ConfigDict(extra="allow")

    version: int
    session_id: UUID
    checkpoint_id: UUID
    kind: Literal["plan", "mid", "final"]
    iteration: int
    reasons: list[str]
    task: str
    task_configuration: Json = Field(default_factory=dict, description="The request's configuration.")
    strategy: Strategy
    policy_version: Any
    plan: Json | None
    artifacts: list[PacketArtifact]
    envelope: EnvelopeRef | None
    reads_digest: str
    triggers: list[PacketTrigger]
    obligations: list[PacketObligation]
    carried_from: CarriedFrom | None = None
    reread: Reread | None = None
    question: Json | None
    effects: list[Effect]
    policy: PolicyInForce | None = None
    signing: Signing | None = None
    risk: Risk | None = None
    form: Json | None
    summary: Summary


class CheckpointBase(Shown):
    id: UUID
    session_id: UUID
    project_id: UUID
    project_name: str
    project_archived: bool = Field(description="Its project is off the lists.")
    session_title: str
    agent_type: str
    agent_title: str | None = Field(description="As its definition says it; null for an outside draft.")
    strategy: Strategy
    kind: Literal["plan", "mid", "final"]
    reasons: list[str] = Field(
        description="plan, low_confidence, review_requested, high_impact, conflict, suspicious_source, "
        "question, budget, final."
    )
    status: CheckpointStatus
    approve_pending: bool = Field(description="`held` is approve.")
    held: Literal["approve", "reject", "request_changes"] | None = Field(
        description="The decision that was made here and takes effect at `undo_until`, unless it is withdrawn."
    )
    undo_until: Timestamp | None
    packet_digest: str
    form: Json | None = Field(description="JSON Schema of `answers`.")
    iteration: int
    max_iterations: int
    can_request_changes: bool
    assignee: Named | None
    due_at: Timestamp | None
    expires_at: Timestamp | None = Field(description="After this nobody can sign it.")
    looking: LookingNow | None = Field(description="Who looked first, or took it over; until when counts.")
    lookers: list[LookingNow] = Field(description="Everybody who looks, in the order in which they came.")
    signing: Signing
    votes: list[Vote] = Field(description="Signatures so far, while more are needed.")
    snoozed_until: Timestamp | None
    opened_at: Timestamp
    decision: Json | None
    decided_at: Timestamp | None
    superseded_by: UUID | None
    consequence: str = Field(description="What approving does, in the words on the button.")
    headline: str
    effects: list[Effect]
    summary: Summary


class ExtendsOver(Shown):
    limit: Literal["usd", "tokens", "seconds"]
    to: float
    most: float


class Undeliverable(Shown):
    path: str
    why: str


class VoidDecision(Shown):
    decision: Literal["approve", "reject", "request_changes"]
    by: UUID | None = Field(description="Whose it was; null where several signed and may not any more.")
    name: str | None
    why: str = Field(description="Why nothing came of it, in a sentence.")
    at: Timestamp


class Checkpoint(CheckpointBase):
    packet: Packet
    attention: list[Attention] = Field(description="What needs a person, weightiest first.")
    extends_over: ExtendsOver | None = Field(
        description="Approving raises a budget over the most that the project allows, which only an admin may do."
    )
    undeliverable: list[Undeliverable] = Field(
        description="Effects that could not be made as things stand on this server now. It can be signed all the same."
    )
    void_decision: VoidDecision | None = Field(
        description="A decision that was sent, held, and did not take effect: nothing is decided, and what is in"
        " `packet` waits. Null once somebody has decided since."
    )


class CheckpointList(Shown):
    items: list[Checkpoint]
    next_cursor: NextCursor


class Decided(Shown):
    checkpoint: Checkpoint
    session_id: UUID
    status: Status


_DIGEST = Field(
    default=None, max_length=200, description="`packet_digest` of the checkpoint that was looked at."
)

_UNDO = Field(
    default=0,
    strict=True,
    description="Hold what comes of it so long, and let it be withdrawn meanwhile; 0 to 60.",
    ge=-(2**31),
    le=2**31,
)


class Acknowledged(Sent):
    claim_id: str = Field(max_length=200)
    reason: str = Field(max_length=10_000, description="One line; it is kept in the record.")
    kind: Literal["accepted", "check_was_wrong"] = Field(
        default="accepted", description="`check_was_wrong` feeds the figures on the checks."
    )


class Edit(Sent):
    artifact_id: UUID
    body: str | dict[str, Any] = Field(description="Markdown, or an ArtifactDocument.")


class Edits(Sent):
    edits: list[Edit] = Field(max_length=200)


class EditedClaims(Shown):
    artifact_id: UUID
    claims: list[Claim] = Field(description="Of blocks that the edit changed or added, in reading order.")


class Recheck(Shown):
    """What signing these edits would find. Nothing was stored."""

    artifacts: list[EditedClaims]


class Judgement(Sent):
    """A person's own word on something that was asked for; it outranks what is compared."""

    obligation_id: UUID
    state: Literal["met", "unmet"]


class Approval(Sent):
    packet_digest: str | None = _DIGEST
    feedback: str | None = None
    answers: dict[str, Any] | None = Field(default=None, description="Fill the form of a question.")
    acknowledged: list[Acknowledged] = Field(
        default_factory=list[Acknowledged],
        max_length=10_000,
        description="Flagged claims to sign over, each with its reason.",
    )
    edits: list[Edit] = Field(default_factory=list[Edit], max_length=200)
    judged: list[Judgement] = Field(default_factory=list[Judgement], max_length=600)
    undo_seconds: int = _UNDO


class Rejection(Sent):
    packet_digest: str | None = _DIGEST
    rejection_reason: str | None = Field(default=None, description="Why; it is kept in the record.")
    undo_seconds: int = _UNDO


class Change(Sent):
    artifact_id: UUID | None = None
    claim_id: str | None = Field(default=None, max_length=200)
    passage: str | None = Field(
        default=None,
        max_length=10_000,
        description="Words of an artifact exactly as shown, without citations.",
    )
    comment: str | None = Field(
        default=None,
        description="Lines such as `must contain: X` are checked; may be left out beside checks.",
    )
    checks: list[Json] = Field(
        default_factory=list[Json],
        max_length=50,
        description="Objects with a `kind`: must_contain, must_not_contain, must_cite, number_equals, length, "
        "structure or remove.",
    )


class ChangeRequest(Sent):
    packet_digest: str | None = _DIGEST
    changes: list[Change] = Field(
        default_factory=list[Change], max_length=200, description="What should change, in a line each."
    )
    judged: list[Judgement] = Field(default_factory=list[Judgement], max_length=600)
    acknowledged: list[Acknowledged] = Field(
        default_factory=list[Acknowledged],
        max_length=10_000,
        description="Flags that were kept with a reason before; the next packet shows them beside the same claim.",
    )
    undo_seconds: int = _UNDO


class NewDraft(Sent):
    packet_digest: str | None = _DIGEST
    draft: str = Field(description="Markdown or text, at most 2,000,000 characters.")
