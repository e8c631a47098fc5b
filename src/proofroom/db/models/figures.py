"""One narrow row beside each session and checkpoint, written by the database: figures over time are counted in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import Base, ref, tenant_key


class SessionFigures(Base):
    """`outcome` once it has ended: completed, rejected, expired, failed or cancelled. `unpriced`: it cost more than
    `cost_usd` says."""

    __tablename__ = "session_figures"
    workspace_id: Mapped[UUID]
    session_id: Mapped[UUID]
    project_id: Mapped[UUID]
    agent_type: Mapped[str]
    template_id: Mapped[UUID | None]
    outcome: Mapped[str | None]
    cost_usd: Mapped[float] = mapped_column(server_default="0")
    unpriced: Mapped[bool] = mapped_column(server_default="false")
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        tenant_key("session_id"),
        ref("session_id", to="work_sessions"),
        Index(
            "session_figures_created",
            "workspace_id",
            "created_at",
            postgresql_include=["project_id", "agent_type", "template_id"],
        ),
        Index(
            "session_figures_settled",
            "workspace_id",
            "settled_at",
            postgresql_include=[
                "project_id",
                "agent_type",
                "template_id",
                "outcome",
                "cost_usd",
                "unpriced",
                "tokens",
            ],
            postgresql_where=sql("settled_at IS NOT NULL"),
        ),
    )


class CheckpointFigures(Base):
    """`decided_at` only where people decided. `kept`: claims signed over or kept, each once for the same kind of
    reason; `check_was_wrong` those of them with that reason. `shown` and `signed`: the artifacts {slot, artifact_id,
    version} of a final packet as it was opened and as it was signed. `edit_words` of `edit_of` words changed from what
    was first shown in the session to what was signed; None until that is counted."""

    __tablename__ = "checkpoint_figures"
    workspace_id: Mapped[UUID]
    checkpoint_id: Mapped[UUID]
    session_id: Mapped[UUID]
    project_id: Mapped[UUID]
    agent_type: Mapped[str]
    template_id: Mapped[UUID | None]
    kind: Mapped[str]
    status: Mapped[str]
    risk: Mapped[str | None]
    claims: Mapped[int] = mapped_column(server_default="0")
    needs_you: Mapped[int] = mapped_column(server_default="0")
    kept: Mapped[int] = mapped_column(server_default="0")
    check_was_wrong: Mapped[int] = mapped_column(server_default="0")
    edit_words: Mapped[int | None]
    edit_of: Mapped[int | None]
    shown: Mapped[list[Any] | None]
    signed: Mapped[list[Any] | None]
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        tenant_key("checkpoint_id"),
        ref("checkpoint_id", to="work_checkpoints"),
        ref("session_id", to="work_sessions"),
        Index(
            "checkpoint_figures_decided",
            "workspace_id",
            "decided_at",
            postgresql_include=[
                "project_id",
                "agent_type",
                "template_id",
                "kind",
                "status",
                "opened_at",
                "claims",
                "needs_you",
                "kept",
                "check_was_wrong",
                "edit_words",
                "edit_of",
            ],
            postgresql_where=sql("decided_at IS NOT NULL"),
        ),
        Index(
            "checkpoint_figures_open",
            "workspace_id",
            "checkpoint_id",
            postgresql_where=sql("status = 'pending_review'"),
        ),
        Index("checkpoint_figures_by_session", "workspace_id", "session_id", "opened_at"),
        Index(
            "checkpoint_figures_by_template",
            "workspace_id",
            "decided_at",
            postgresql_include=["project_id", "agent_type", "template_id", "opened_at"],
            postgresql_where=sql("decided_at IS NOT NULL AND template_id IS NOT NULL"),
        ),
    )
