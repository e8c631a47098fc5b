"""Agent definitions of projects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import NOW, Base, ref, tenant_key


class DefinitionText(Base):
    """The YAML text of an agent definition, by the SHA-256 of it. Never changed."""

    __tablename__ = "definition_texts"
    workspace_id: Mapped[UUID]
    digest: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (tenant_key("digest"), ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]))


class ProjectAgent(Base):
    """A definition that a project offers; `version` counts its changes."""

    __tablename__ = "project_agents"
    workspace_id: Mapped[UUID]
    project_id: Mapped[UUID]
    name: Mapped[str]
    digest: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    changed_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key("project_id", "name"),
        ref("project_id", to="projects"),
        ref("changed_by", to="members"),
        ForeignKeyConstraint(
            ["workspace_id", "digest"], ["definition_texts.workspace_id", "definition_texts.digest"]
        ),
    )
