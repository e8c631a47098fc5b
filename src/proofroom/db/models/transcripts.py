"""What runtimes keep of their conversations with a model, so that another process can go on with one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import Base, Json, ref, tenant_key


class TranscriptEntry(Base):
    """One line of a transcript, as the runtime's vendor writes it. Rows are added and deleted, never changed.

    `n` orders them; `entry_id` is the vendor's id of the line, where it has one; `subpath` is empty for the
    conversation itself.
    """

    __tablename__ = "transcript_entries"
    workspace_id: Mapped[UUID]
    session_id: Mapped[UUID]
    n: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    iteration: Mapped[int]
    leg: Mapped[int]
    transcript_id: Mapped[UUID]
    subpath: Mapped[str] = mapped_column(server_default="")
    entry_id: Mapped[str | None]
    entry: Mapped[Json]
    at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    __table_args__ = (
        tenant_key("session_id", "n"),
        ref("session_id", to="work_sessions", ondelete="CASCADE"),
        Index(
            "transcript_entries_once", "workspace_id", "session_id", "transcript_id", "subpath", "entry_id",
            unique=True,
        ),
    )  # fmt: skip
