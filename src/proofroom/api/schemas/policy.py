"""Policy of a project, a dry run on a session, people around a review, and figures."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StrictFloat, StrictInt

from proofroom.api.schemas.common import (
    Json,
    LookedAtVersion,
    Named,
    NextCursor,
    Sent,
    Shown,
    Strategy,
    Timestamp,
)
from proofroom.api.schemas.review import PolicyInForce, PolicySettings, Risk, Signing


class PolicyVersion(Shown):
    version: int
    settings: PolicySettings
    by: str | None
    at: Timestamp


class Policy(Shown):
    """What a project sets for its reviews. `version` 0 means that nothing was ever set."""

    project_id: UUID
    version: int
    rules: str = Field(description="Version of the rules themselves.")
    settings: PolicySettings
    workspace_may_sign: bool = Field(description="What the workspace says where the project says nothing.")
    may_sign: bool = Field(
        default=False,
        description="Whether policy may sign here, the workspace's and the server's word included.",
    )
    history: list[PolicyVersion] = Field(description="Newest first.")


class PolicyChange(Sent):
    """What is sent is set, the rest stays; null clears a time or leaves `policy_may_sign` to the workspace."""

    version: LookedAtVersion | None = Field(
        default=None, description="The version that was looked at: when it is not the one that holds, 409."
    )
    quorum: StrictInt | dict[str, Any] | None = Field(
        default=None,
        description="Signatures that a final gate needs, 1 to 9: one number, or one by consequence "
        "(internal_draft, internal_record, named_recipient, public).",
    )
    separate_duties: StrictBool | None = Field(
        default=None, description="Whoever asked for the work or edited it does not sign it."
    )
    policy_may_sign: StrictBool | None = None
    due_hours: StrictFloat | None = Field(default=None, description="Hours until a review is due.")
    remind_hours: StrictFloat | None = Field(default=None, description="Hours before that, for a reminder.")
    expire_hours: StrictFloat | None = Field(
        default=None, description="Hours until nobody can sign any more."
    )


class DryRun(Sent):
    """Settings to try: what is sent is changed, the rest is as it stands. Nothing is stored."""

    settings: PolicyChange
    last: int = Field(default=20, ge=1, le=50, description="Of how many sessions, the latest ones.")


class DrySaid(Shown):
    stops: bool = Field(description="A person must sign.")
    because: list[str]
    quorum: int
    barred: int = Field(
        description="How many people could not sign it, because they asked for it or wrote in it."
    )
    due_at: Timestamp | None
    expires_at: Timestamp | None
    late: bool = Field(description="It was decided, and only after this.")
    expired: bool = Field(description="It was decided, and could not have been any more.")


class DryRunItem(Shown):
    session_id: UUID
    title: str
    agent_type: str
    strategy: Strategy
    checkpoint_status: str
    opened_at: Timestamp
    risk: Risk | None
    today: DrySaid
    proposed: DrySaid
    differs: list[str] = Field(description="Names of what the proposed settings say otherwise.")


class DryRunSummary(Shown):
    sessions: int
    differ: int
    stops_today: int
    stops_proposed: int
    late_today: int
    late_proposed: int
    expired_today: int
    expired_proposed: int


class DryRunResult(Shown):
    settings: PolicySettings
    summary: DryRunSummary
    items: list[DryRunItem]


class RuleSaid(Shown):
    rule: str
    says: Literal["go on", "stop", "no opinion"]


class GateSaid(Shown):
    gate: Literal["plan", "mid", "final"]
    stops: bool
    reasons: list[str]
    because: list[str]
    rules: list[RuleSaid] = Field(description="In order, up to the one that decided.")


class PolicyExplained(Shown):
    """What policy says of a session as it stands now. Nothing is changed by asking."""

    session_id: UUID
    strategy: Strategy
    policy: PolicyInForce
    signing: Signing
    risk: Risk
    facts: Json
    gates: list[GateSaid]


class Look(Sent):
    take: bool = Field(default=False, description="Take it over from whoever looks at it.")


class Looking(Shown):
    id: UUID
    name: str | None
    until: Timestamp


class LookedAt(Shown):
    checkpoint_id: UUID
    looking: Looking | None = Field(description="Who looked first, or took it over.")
    lookers: list[Looking] = Field(description="Everybody who looks, in the order in which they came.")


class WordsOf(Sent):
    """Exact words of an artifact's version: `plain_text[char_start:char_end] == quote`, in code points."""

    artifact_id: UUID
    version: int = Field(ge=1, le=2**31 - 1)
    path: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(
        min_length=1, max_length=3, description="Block index, then item or row, then column."
    )
    char_start: int = Field(ge=0, le=2**31 - 1)
    char_end: int = Field(ge=1, le=2**31 - 1)
    quote: str = Field(min_length=1, max_length=10_000)


class CommentedWords(Shown):
    """As they stood in the version that was commented on; a newer one may have them elsewhere, or not at all."""

    artifact_id: UUID
    version: int
    path: list[int] = Field(description="Block index, then item or row, then column.")
    char_start: int
    char_end: int
    quote: str


class NewComment(Sent):
    text: str = Field(description="1 to 10,000 characters.")
    claim_id: str | None = Field(default=None, max_length=200)
    artifact_id: UUID | None = None
    anchor: WordsOf | None = None


class Comment(Shown):
    id: UUID
    checkpoint_id: UUID
    artifact_id: UUID | None
    claim_id: str | None
    by: Named
    text: str
    anchor: CommentedWords | None
    at: Timestamp


class CommentList(Shown):
    items: list[Comment]
    next_cursor: NextCursor


class Waiting(Shown):
    """Seconds from the opening of a checkpoint to its decision."""

    decided: int
    median_seconds: float | None
    p90_seconds: float | None


class EditDistance(Shown):
    """Word by word between what was first shown for signature and what was signed, over the latest 500 signatures.

    A share is that of the words of the longer version."""

    signed: int
    unchanged: int
    median_share: float | None
    mean_share: float | None
    words: int = Field(description="Words that differ, in all of them.")


class EvidenceFigures(Shown):
    """Over the packets that were decided. `check_was_wrong_by`: the kinds of check that readers overruled."""

    claims: int
    needs_you: int
    passed: int
    acknowledged: int
    check_was_wrong: int
    check_was_wrong_by: dict[str, int]


class ModelFigures(Shown):
    model: str
    sessions: int
    turns: int
    tokens_in: int
    tokens_out: int
    cost_usd: float
    unpriced: bool = Field(description="The price of some of it is not known.")


class LargestUse(Shown):
    """The most of each that any one session used; not always the same one."""

    usd: float
    tokens: int
    seconds: float


class UsageFigures(Shown):
    """Of the sessions created in the time."""

    tokens: int
    cost_usd: float
    seconds: float
    turns: int
    turns_lost: int
    unpriced_sessions: int = Field(description="Those whose cost is higher than `cost_usd` says.")
    largest: LargestUse
    by_model: list[ModelFigures] = Field(description="The dearest first.")


class Analytics(Shown):
    sessions: dict[str, int] = Field(description="By status, of those created in the time.")
    decisions: dict[str, int] = Field(description="By what was decided, in the time.")
    approval_rate: float | None = Field(description="Approved among approved, sent back and rejected.")
    waiting: Waiting
    edit_distance: EditDistance
    evidence: EvidenceFigures
    usage: UsageFigures
