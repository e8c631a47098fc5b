"""Checkpoints, what people say and ask for, and what a signature releases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import EMPTY_LIST, NOW, Base, Json, ref, tenant_key


class WorkCheckpoint(Base):
    """The human gate. A decision names `packet_digest`, the SHA-256 of the packet's canonical JSON.

    `agent_type` is the session's, written by the database. `votes` are approvals while a quorum is open; `lookers`
    are those who look, {by, until} in the order in which they came, for others to see and no more; `looking_by` and
    `looking_until` are the first of them, or who took it over; after `expires_at` nobody can sign;
    `remind_at` is the next reminder. The inbox orders by `risk` (0 high, 1 medium, 2 low), `effort_seconds` and
    `begin_by`, and searches `find_text`, see `domain.inbox_order`; what was decided when it opened has none of them.
    """

    __tablename__ = "work_checkpoints"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    project_id: Mapped[UUID]
    kind: Mapped[str]
    reasons: Mapped[list[str]]
    status: Mapped[str]
    iteration: Mapped[int]
    packet: Mapped[Json]
    packet_digest: Mapped[str]
    form: Mapped[Json | None]
    assignee: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    approve_pending: Mapped[bool] = mapped_column(Boolean, server_default="false")
    undo_until: Mapped[datetime | None]
    votes: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    expires_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    looking_by: Mapped[UUID | None]
    looking_until: Mapped[datetime | None]
    lookers: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    decision: Mapped[Json | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    superseded_by: Mapped[UUID | None]
    agent_type: Mapped[str | None]
    risk: Mapped[int | None] = mapped_column(SmallInteger)
    effort_seconds: Mapped[int | None]
    begin_by: Mapped[datetime | None]
    find_text: Mapped[str | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        CheckConstraint("kind IN ('plan','mid','final')", name="work_checkpoints_kind"),
        CheckConstraint(
            "status IN ('pending_review','approved','rejected','changes_requested','expired','superseded')",
            name="work_checkpoints_status",
        ),
        Index(
            "work_checkpoints_one_open",
            "workspace_id",
            "session_id",
            unique=True,
            postgresql_where=sql("status = 'pending_review'"),
        ),
        Index("work_checkpoints_by_session", "workspace_id", "session_id", "status"),
        Index("work_checkpoints_by_project", "workspace_id", "project_id", "id"),
        Index("work_checkpoints_by_status", "workspace_id", "status", "id"),
        Index(
            "work_checkpoints_of_kind",
            "workspace_id",
            "project_id",
            "agent_type",
            "id",
            postgresql_where=sql("kind = 'final' AND status IN ('approved','changes_requested','rejected')"),
        ),
        Index(
            "work_checkpoints_waiting",
            "workspace_id",
            "begin_by",
            "id",
            postgresql_where=sql("status = 'pending_review'"),
        ),
        Index(
            "work_checkpoints_decided",
            "workspace_id",
            "decided_at",
            "id",
            postgresql_where=sql("decided_at IS NOT NULL"),
        ),
        Index(
            "work_checkpoints_decided_by",
            "workspace_id",
            "decided_by",
            "decided_at",
            "id",
            postgresql_where=sql("decided_at IS NOT NULL"),
        ),
        Index(
            "work_checkpoints_due",
            "undo_until",
            postgresql_where=sql("status = 'pending_review' AND approve_pending"),
        ),
        Index(
            "work_checkpoints_clock",
            sql("least(expires_at, remind_at)"),
            postgresql_where=sql(
                "status = 'pending_review' AND (expires_at IS NOT NULL OR remind_at IS NOT NULL)"
            ),
        ),
    )


class CheckpointComment(Base):
    """What somebody says about a claim, words of an artifact, or the whole packet. It decides nothing.

    `anchor` is {artifact_id, version, path, char_start, char_end, quote}; null where it is on no words in particular.
    """

    __tablename__ = "checkpoint_comments"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    checkpoint_id: Mapped[UUID]
    artifact_id: Mapped[UUID | None]
    claim_id: Mapped[str | None]
    member_id: Mapped[UUID]
    text: Mapped[str]
    anchor: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        ref("checkpoint_id", to="work_checkpoints"),
        ref("member_id", to="members"),
        Index("checkpoint_comments_by_session", "workspace_id", "session_id", "id"),
    )


class WorkObligation(Base):
    """A reviewer's change request. `state` is judged in the next iteration: open, met, unmet or regressed.

    `passage` is the exact text that it is about when that is no claim; `checks` are its checkable parts; `note`
    says why it is judged as it is.
    """

    __tablename__ = "work_obligations"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    checkpoint_id: Mapped[UUID]
    iteration: Mapped[int]
    artifact_id: Mapped[UUID | None]
    artifact_slot: Mapped[str | None]
    claim_id: Mapped[str | None]
    claim_text: Mapped[str | None]
    comment: Mapped[str]
    passage: Mapped[str | None]
    checks: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    state: Mapped[str] = mapped_column(server_default="open")
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        ref("checkpoint_id", to="work_checkpoints"),
        Index("work_obligations_by_session", "workspace_id", "session_id"),
    )


class Delivery(Base):
    """The outbox: one row per effect and sealed packet, so that a retried delivery is the same delivery.

    `due_at` is when a pending one is tried next; while `sender` makes it, when the lease of that worker ends.
    `attempts` counts the claims and fences what each of them writes; after `give_up_at` of them it is a dead letter
    (failed) until a person sends it again. `tries` are the attempts, oldest first: {n, at, by, ended_at, code, error}.
    """

    __tablename__ = "deliveries"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    checkpoint_id: Mapped[UUID]
    kind: Mapped[str]
    target: Mapped[Json]
    packet_digest: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    detail: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    sender: Mapped[str | None]
    give_up_at: Mapped[int] = mapped_column(server_default="10")
    tries: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    due_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    delivered_at: Mapped[datetime | None]
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        ref("checkpoint_id", to="work_checkpoints"),
        UniqueConstraint("workspace_id", "checkpoint_id", "kind", "target"),
        CheckConstraint("status IN ('pending','delivered','failed','dropped')", name="deliveries_status"),
        Index("deliveries_due", "due_at", postgresql_where=sql("status = 'pending'")),
        Index("deliveries_by_session", "workspace_id", "session_id", "id"),
        Index("deliveries_dead", "workspace_id", "id", postgresql_where=sql("status = 'failed'")),
    )
