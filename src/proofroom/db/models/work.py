"""Work sessions, what happened in them, and what they were given and made."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Identity, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import EMPTY_LIST, EMPTY_OBJECT, NOW, Base, Json, Xid8, ref, tenant_key


class WorkSession(Base):
    """The one truth about a piece of work. `status` moves only through `domain.work_session`.

    `repairs` holds what `engine.repair` did, by the number of the iteration; `definition_digest` names the text of the
    agent's definition that it was filed with.
    """

    __tablename__ = "work_sessions"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    title: Mapped[str]
    agent_type: Mapped[str]
    task_description: Mapped[str]
    task_configuration: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    source_ids: Mapped[list[Any] | None]
    approval_strategy: Mapped[str]
    runtime: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="0")
    budget: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    deliver_to: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    status: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    iteration: Mapped[int] = mapped_column(server_default="1")
    change_requests: Mapped[int] = mapped_column(server_default="0")
    leg: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    unsettled_claims: Mapped[int] = mapped_column(server_default="0")
    next_step: Mapped[str] = mapped_column(server_default="work")
    phase: Mapped[str] = mapped_column(server_default="waiting to start")
    progress: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    plan: Mapped[Json | None]
    plan_approved: Mapped[str | None]
    task_document_id: Mapped[UUID | None]
    runtime_state: Mapped[Json | None]
    usage: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    repairs: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    definition_digest: Mapped[str | None]
    failure: Mapped[Json | None]
    event_seq: Mapped[int] = mapped_column(server_default="0")
    audit_count: Mapped[int] = mapped_column(server_default="0")
    audit_head: Mapped[str | None]
    external_ref: Mapped[str | None]
    meta: Mapped[Json] = mapped_column("metadata", server_default=EMPTY_OBJECT)
    template_id: Mapped[UUID | None]
    forked_from: Mapped[UUID | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    started_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    turn_at: Mapped[datetime | None]
    __table_args__ = (
        tenant_key(),
        ref("project_id", to="projects"),
        ref("created_by", to="members"),
        CheckConstraint(
            "status IN ('initialized','queued','in_progress','pending_review','completed','failed','cancelled')",
            name="work_sessions_status",
        ),
        CheckConstraint("next_step IN ('work','finalize')", name="work_sessions_next_step"),
        Index("work_sessions_by_project", "workspace_id", "project_id", "id"),
        Index("work_sessions_by_status", "workspace_id", "project_id", "status", "id"),
        Index(
            "work_sessions_by_reference",
            "workspace_id",
            "external_ref",
            "id",
            postgresql_where=sql("external_ref IS NOT NULL"),
        ),
        Index("work_sessions_updated", "workspace_id", "updated_at"),
        Index("work_sessions_by_state", "workspace_id", "status", "agent_type", "project_id", "id"),
        Index(
            "work_sessions_by_template",
            "workspace_id",
            "template_id",
            "id",
            postgresql_where=sql("template_id IS NOT NULL"),
        ),
        Index(
            "work_sessions_claimable",
            "lease_until",
            postgresql_where=sql("status IN ('queued','in_progress')"),
        ),
        Index(
            "work_sessions_turns",
            "workspace_id",
            "agent_type",
            sql("coalesce(turn_at, updated_at)"),
            "id",
            postgresql_where=sql("status = 'queued'"),
        ),
    )


class WorkEvent(Base):
    """What happened, in order. `seq` counts per session without gaps; (xid, id) is the cursor over all."""

    __tablename__ = "work_events"
    workspace_id: Mapped[UUID]
    session_id: Mapped[UUID]
    seq: Mapped[int]
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    xid: Mapped[str] = mapped_column(Xid8, server_default=sql("pg_current_xact_id()"))
    type: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    data: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    __table_args__ = (
        tenant_key("session_id", "seq"),
        ref("session_id", to="work_sessions"),
        Index("work_events_stream", "workspace_id", "xid", "id"),
    )


class AuditEntry(Base):
    """One link of a session's hash chain. The chain hashes `commitment`; `content` may be deleted."""

    __tablename__ = "audit_entries"
    workspace_id: Mapped[UUID]
    session_id: Mapped[UUID]
    n: Mapped[int]
    at: Mapped[str]
    kind: Mapped[str]
    commitment: Mapped[str]
    previous: Mapped[str | None]
    hash: Mapped[str]
    salt: Mapped[str | None]
    content: Mapped[Json | None]
    __table_args__ = (tenant_key("session_id", "n"), ref("session_id", to="work_sessions"))


class ToolCall(Base):
    """The ledger: an answer recorded before the agent sees it, so that a leg run again gets it back."""

    __tablename__ = "tool_calls"
    workspace_id: Mapped[UUID]
    session_id: Mapped[UUID]
    key: Mapped[str]
    iteration: Mapped[int]
    leg: Mapped[int]
    ordinal: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    tool: Mapped[str]
    arguments: Mapped[Json]
    ok: Mapped[bool]
    result: Mapped[Any] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    __table_args__ = (tenant_key("session_id", "key"), ref("session_id", to="work_sessions"))


class WorkTrigger(Base):
    """A reason to stop that came up during work: raised by a tool call, settled by a checkpoint, or by none when the
    version that raised it was replaced first.

    `answers` are a person's answers to a question; `checkpoint_id` the checkpoint that carries it.
    """

    __tablename__ = "work_triggers"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    iteration: Mapped[int]
    key: Mapped[str]
    kind: Mapped[str]
    detail: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    settled: Mapped[bool] = mapped_column(Boolean, server_default="false")
    answers: Mapped[Json | None]
    checkpoint_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        UniqueConstraint("workspace_id", "session_id", "key", "kind"),
    )


class ContextEnvelope(Base):
    """What the agent was given, pinned once per iteration; `body` is the text exactly as sent."""

    __tablename__ = "context_envelopes"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    iteration: Mapped[int]
    body: Mapped[str]
    digest: Mapped[str]
    receipt: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        UniqueConstraint("workspace_id", "session_id", "iteration"),
    )


class WorkArtifact(Base):
    __tablename__ = "work_artifacts"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    slot: Mapped[str]
    artifact_type: Mapped[str]
    title: Mapped[str]
    version: Mapped[int]
    iteration: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("session_id", to="work_sessions"),
        UniqueConstraint("workspace_id", "session_id", "slot"),
        CheckConstraint(
            "artifact_type IN ('research_finding','content_draft','report','generic_output')",
            name="work_artifacts_type",
        ),
    )


class ArtifactVersion(Base):
    """An immutable version. `digest` covers type, title and document; `claims` is its ledger when checked."""

    __tablename__ = "artifact_versions"
    workspace_id: Mapped[UUID]
    artifact_id: Mapped[UUID]
    version: Mapped[int]
    session_id: Mapped[UUID]
    iteration: Mapped[int]
    leg: Mapped[int]
    title: Mapped[str]
    document: Mapped[Json]
    digest: Mapped[str]
    claims: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    checked_inputs: Mapped[str | None]
    high_impact: Mapped[str | None]
    confidence: Mapped[float | None]
    author: Mapped[str]
    author_id: Mapped[UUID | None]
    signed_by: Mapped[UUID | None]
    signed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key("artifact_id", "version"),
        ref("artifact_id", to="work_artifacts"),
        CheckConstraint("author IN ('agent','person')", name="artifact_versions_author"),
        Index(
            "artifact_versions_of_people",
            "workspace_id",
            "session_id",
            postgresql_where=sql("author_id IS NOT NULL"),
        ),
    )
