"""Figures over time, and what stands where now."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import NamedProject, Shown, Timestamp
from proofroom.api.schemas.policy import Waiting

Unit = Literal["day", "week", "month"]


class SessionCounts(Shown):
    """`created` were filed in the time; the others ended in it, whenever they were filed."""

    created: int
    completed: int
    rejected: int
    expired: int = Field(description="Nobody signed in time.")
    failed: int
    cancelled: int


class DecisionCounts(Shown):
    """What people decided at all gates."""

    approved: int
    changes_requested: int
    rejected: int


class EditFigures(Shown):
    """From what was first shown for signature to what was signed, by people, at the end of work."""

    signed: int
    compared: int = Field(description="Of those, whose texts were compared.")
    edited: int = Field(description="Of the compared, in which at least one word changed.")
    edit_rate: float | None
    mean_share: float | None = Field(
        description="The share of words that changed, on average over the compared."
    )


class EvidenceCounts(Shown):
    """Over the final packets that were decided."""

    claims: int
    needs_you: int
    passed: int
    needs_you_rate: float | None
    kept: int = Field(description="Flags that were signed over or kept, with a reason.")
    check_was_wrong: int = Field(description="Of those, as the check's mistake.")


class CostFigures(Shown):
    """Of the sessions that ended in the time, whatever they came to."""

    usd: float
    per_deliverable_usd: float | None = Field(description="All of it, divided by the completed ones.")
    tokens: int
    unpriced_sessions: int = Field(description="Those whose cost is higher than `usd` says.")


class Figures(Shown):
    sessions: SessionCounts
    decisions: DecisionCounts
    approval_rate: float | None = Field(description="Approved among approved, sent back and rejected.")
    waiting: Waiting
    edits: EditFigures
    evidence: EvidenceCounts
    cost: CostFigures


class Bucket(Figures):
    start: Timestamp = Field(description="ISO 8601, in the zone that was asked for.")
    end: Timestamp


class AgentFigures(Figures):
    agent_type: str


class TemplateFigures(Figures):
    """`name` and `project_id` are null when the template is gone."""

    template_id: UUID
    name: str | None
    project_id: UUID | None


class Series(Shown):
    """The same figures over stretches of time, over all of it, by agent and by template. Medians are
    counted anew for each, never from others."""

    since: Timestamp = Field(alias="from")
    to: Timestamp
    unit: Unit
    tz: str
    buckets: list[Bucket]
    total: Figures
    agents: list[AgentFigures]
    templates: list[TemplateFigures] = Field(description="Of work that was filed from one.")


class NowItem(Shown):
    session_id: UUID
    project: NamedProject
    checkpoint_id: UUID | None = Field(description="The review, of what waits.")
    title: str
    agent_type: str
    at: Timestamp | None = Field(description="Since when it runs or waits, or when it ended.")
    due_at: Timestamp | None
    phase: str | None
    failure: str | None
    retryable: bool | None


class RunningNow(Shown):
    in_progress: int
    queued: int
    initialized: int = Field(description="Filed and not begun.")
    items: list[NowItem]


class RiskCounts(Shown):
    high: int
    medium: int
    low: int
    none: int = Field(description="Plans and questions, of which there is no risk yet.")


class WaitingNow(Shown):
    """Reviews that wait for a person; what is snoozed does not wait."""

    count: int
    by_risk: RiskCounts
    overdue: int
    oldest_at: Timestamp | None
    items: list[NowItem] = Field(description="The longest waiting first.")


class DeliveredNow(Shown):
    count: int
    items: list[NowItem]


class FailedNow(Shown):
    count: int
    deliveries: int = Field(description="Signed, and given up on the way out.")
    items: list[NowItem]


class Now(Shown):
    at: Timestamp
    days: int = Field(description="How far `delivered` and `failed` look back.")
    running: RunningNow
    waiting: WaitingNow
    delivered: DeliveredNow
    failed: FailedNow
