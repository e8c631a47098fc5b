"""Workspaces, their members and keys, and answers that are given again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import EMPTY_OBJECT, NOW, Base, Json, ref, tenant_key


class Workspace(Base):
    __tablename__ = "workspaces"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    settings: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Member(Base):
    __tablename__ = "members"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    name: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        CheckConstraint("role IN ('viewer','requester','reviewer','admin')", name="members_role"),
    )


class ApiKey(Base):
    """A credential. Only the SHA-256 of the key is stored. `scope`: "all" that its member may, or "agent"."""

    __tablename__ = "api_keys"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    member_id: Mapped[UUID]
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scope: Mapped[str] = mapped_column(server_default="all")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        tenant_key(),
        ref("member_id", to="members"),
        CheckConstraint("scope IN ('all','agent')", name="api_keys_scope"),
    )


class WorkspaceAudit(Base):
    """What was done with members and keys: `content` says by whom."""

    __tablename__ = "workspace_audit"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    kind: Mapped[str]
    content: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    __table_args__ = (tenant_key(), ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]))


class IdempotencyKey(Base):
    """The first answer to a request, given again to its retries."""

    __tablename__ = "idempotency_keys"
    workspace_id: Mapped[UUID]
    member_id: Mapped[UUID]
    key: Mapped[str]
    request_hash: Mapped[str]
    status: Mapped[int]
    response: Mapped[Any] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (tenant_key("member_id", "key"),)
