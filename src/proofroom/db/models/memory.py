"""What a project remembers of its work: where approved blocks come from, notes for agents, and the decisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import EMPTY_LIST, NOW, Base, Json, ref, tenant_key


class BlockOrigin(Base):
    """Where a block of an approved artifact comes from. Its state is the block's; `version` counts what was decided.

    `claims` holds {"id", "verdict", "needs_you"} of the claims in it, `anchors` where in the sources they rest:
    {"source_id", "version", "block_id", "char_start", "char_end", "quote", "source_title"}.
    """

    __tablename__ = "block_origins"
    workspace_id: Mapped[UUID]
    block_id: Mapped[UUID]
    project_id: Mapped[UUID]
    session_id: Mapped[UUID]
    artifact_id: Mapped[UUID]
    artifact_version: Mapped[int]
    checkpoint_id: Mapped[UUID]
    claims: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    anchors: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key("block_id"),
        ref("block_id", to="blocks", ondelete="CASCADE"),
        ref("session_id", to="work_sessions"),
        Index("block_origins_by_project", "workspace_id", "project_id", "block_id"),
        Index(
            "block_origins_by_anchor",
            "anchors",
            postgresql_using="gin",
            postgresql_ops={"anchors": "jsonb_path_ops"},
        ),
    )


class MemoryNote(Base):
    """A standing instruction or a lesson. No project means the whole workspace, no agent type every agent."""

    __tablename__ = "memory_notes"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID | None]
    kind: Mapped[str]
    state: Mapped[str]
    text: Mapped[str]
    agent_type: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    origin: Mapped[Json | None]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    reason: Mapped[str | None]
    created_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("project_id", to="projects"),
        CheckConstraint("kind IN ('instruction','lesson')", name="memory_notes_kind"),
        CheckConstraint("state IN ('proposed','accepted','rejected','retired')", name="memory_notes_state"),
        Index("memory_notes_by_project", "workspace_id", "project_id", "id"),
    )


class MemoryDecision(Base):
    """One thing that was done to an item of memory: who, when, why. Rows are only ever added.

    `text_sha256` is the digest of a note's text as it stood after it; nobody as `member_id` means the system.
    """

    __tablename__ = "memory_decisions"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    item_id: Mapped[UUID]
    kind: Mapped[str]
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    reason: Mapped[str | None]
    text_sha256: Mapped[str | None]
    member_id: Mapped[UUID | None]
    via: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    __table_args__ = (
        tenant_key(),
        ref("member_id", to="members"),
        Index("memory_decisions_by_item", "workspace_id", "item_id", "id"),
    )
