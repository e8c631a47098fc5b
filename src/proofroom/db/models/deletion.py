"""What is left of a deleted source, and what was redacted with it. Rows are only ever added."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import EMPTY_OBJECT, Base, Json, ref, tenant_key


class SourceDeletion(Base):
    """That a source was deleted: who, when, why, and counts of what went. Neither its title nor a hash is kept."""

    __tablename__ = "source_deletions"
    workspace_id: Mapped[UUID]
    source_id: Mapped[UUID]
    project_id: Mapped[UUID]
    reason: Mapped[str]
    deleted_by: Mapped[UUID]
    deleted_by_name: Mapped[str]
    via: Mapped[str]
    deleted_at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    counts: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    __table_args__ = (
        tenant_key("source_id"),
        ref("project_id", to="projects"),
        ref("deleted_by", to="members"),
    )


class Redaction(Base):
    """An envelope (id), a packet (checkpoint id) or an artifact (id/version) that lost words to a deletion: the digest
    beside it is of what stood there before.
    """

    __tablename__ = "redactions"
    workspace_id: Mapped[UUID]
    source_id: Mapped[UUID]
    kind: Mapped[str]
    item: Mapped[str]
    session_id: Mapped[UUID]
    __table_args__ = (
        tenant_key("kind", "item", "source_id"),
        ref("source_id", to="source_deletions", key="source_id"),
        ref("session_id", to="work_sessions"),
        CheckConstraint("kind IN ('envelope','packet','artifact')", name="redactions_kind"),
        Index("redactions_by_session", "workspace_id", "session_id"),
    )
