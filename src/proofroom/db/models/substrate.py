"""Projects, their policy and templates, and what was captured for them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from proofroom.db.models.base import EMPTY_LIST, EMPTY_OBJECT, NOW, Base, HalfVec, Json, ref, tenant_key


class Project(Base):
    """`budget_version` counts the changes of `budget`; by whom and when the last one was, null where there was none."""

    __tablename__ = "projects"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    sample_key: Mapped[str | None]
    remember_approved: Mapped[bool] = mapped_column(server_default=sql("true"))
    budget: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    budget_version: Mapped[int] = mapped_column(server_default=sql("1"))
    budget_by: Mapped[UUID | None]
    budget_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        ref("budget_by", to="members"),
        Index("projects_sample", "workspace_id", "sample_key", unique=True),
    )


class ProjectPolicy(Base):
    """A version of a project's policy settings; the highest one holds, earlier ones stay."""

    __tablename__ = "project_policies"
    workspace_id: Mapped[UUID]
    project_id: Mapped[UUID]
    version: Mapped[int]
    settings: Mapped[Json]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key("project_id", "version"),
        ref("project_id", to="projects"),
        ref("created_by", to="members"),
    )


class Template(Base):
    """A saved configuration of a work request; `version` counts its changes, `changed_by` made the last one."""

    __tablename__ = "templates"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    name: Mapped[str]
    agent_type: Mapped[str]
    content: Mapped[Json]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    changed_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (tenant_key(), ref("project_id", to="projects"), ref("changed_by", to="members"))


class RemovedTemplate(Base):
    """The name of a template that is gone, and who removed it; see `services.templates.standing`."""

    __tablename__ = "removed_templates"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    name: Mapped[str]
    removed_by: Mapped[UUID]
    removed_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (tenant_key(), ref("project_id", to="projects"), ref("removed_by", to="members"))


class Basket(Base):
    """A project's substrate. `block_count` and `term_count` (summed block lengths) serve BM25.

    `vectors_model` names the model that every searchable block has a vector of; null when one may be missing.
    """

    __tablename__ = "baskets"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    block_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    term_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    vectors_model: Mapped[str | None]
    __table_args__ = (
        tenant_key(),
        ref("project_id", to="projects"),
        UniqueConstraint("workspace_id", "project_id"),
    )


class Source(Base):
    """A captured source; `version` names the current one of its immutable versions (0: none yet).

    `progress` is {"phase", "done", "total", "unit"} while a capture takes its time, else null. An approved
    artifact is a source too (origin `artifact`), and names its session and artifact. It `bears` something when a
    passage of it was accepted, which the database keeps account of; every other source does.
    """

    __tablename__ = "sources"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    title: Mapped[str]
    origin: Mapped[str]
    url: Mapped[str | None]
    filename: Mapped[str | None]
    status: Mapped[str]
    failure: Mapped[Json | None]
    progress: Mapped[Json | None]
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    retracted_at: Mapped[datetime | None]
    retract_reason: Mapped[str | None]
    bears: Mapped[bool] = mapped_column(Boolean, server_default="true")
    created_by: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    artifact_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key(),
        ref("project_id", to="projects"),
        ref("session_id", to="work_sessions"),
        ref("artifact_id", to="work_artifacts"),
        Index(
            "sources_by_artifact",
            "workspace_id",
            "artifact_id",
            unique=True,
            postgresql_where=sql("artifact_id IS NOT NULL"),
        ),
        CheckConstraint("status IN ('processing','ready','failed')", name="sources_status"),
        CheckConstraint("origin IN ('file','text','url','artifact')", name="sources_origin"),
        Index("sources_by_project", "workspace_id", "project_id", "id"),
        Index(
            "sources_bearing",
            "workspace_id",
            "project_id",
            "id",
            postgresql_where=sql("bears AND retracted_at IS NULL"),
        ),
        Index(
            "sources_by_session", "workspace_id", "session_id", postgresql_where=sql("session_id IS NOT NULL")
        ),
    )


class SourceVersion(Base):
    """One version: the original bytes, and once parsed the extracted text that all offsets refer to.

    `text` is null until the version was parsed. Offsets are Unicode code points in it. `pages` is a list of
    {"page", "char_start", "char_end"}, `tables` a list of {"name", "columns", "types", "rows"}. `notes` are
    remarks for the person. `block_count`, `page_count` and `table_list` ({"table", "name", "columns", "types",
    "row_count"}) are what listing sources needs of them; null where a release before this one captured.
    """

    __tablename__ = "source_versions"
    workspace_id: Mapped[UUID]
    source_id: Mapped[UUID]
    version: Mapped[int]
    project_id: Mapped[UUID]
    original: Mapped[bytes | None]
    sha256: Mapped[str | None]
    byte_size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    content_type: Mapped[str | None]
    filename: Mapped[str | None]
    extractor: Mapped[str | None]
    text: Mapped[str | None]
    pages: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    tables: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    notes: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    block_count: Mapped[int | None]
    page_count: Mapped[int | None]
    table_list: Mapped[list[Any] | None]
    status: Mapped[str] = mapped_column(server_default="processing")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        tenant_key("source_id", "version"),
        ref("source_id", to="sources"),
        Index("source_versions_by_hash", "sha256", "project_id", "workspace_id"),
        Index("source_versions_processing", "created_at", postgresql_where=sql("status = 'processing'")),
    )


class Block(Base):
    """A passage of one source version: `text == source_version.text[char_start:char_end]`.

    `terms` holds the block's stemmed terms with their counts for BM25 ({"term": n}), `length` their sum. `meta` of a
    table's row says which: {"table", "row"}, and "rows" when it holds several.
    """

    __tablename__ = "blocks"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    source_id: Mapped[UUID]
    version: Mapped[int]
    ordinal: Mapped[int]
    kind: Mapped[str]
    char_start: Mapped[int]
    char_end: Mapped[int]
    page: Mapped[int | None]
    heading: Mapped[str | None]
    text: Mapped[str]
    terms: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    length: Mapped[int] = mapped_column(server_default="0")
    tsv: Mapped[str] = mapped_column(TSVECTOR, server_default="")
    state: Mapped[str] = mapped_column(server_default="accepted")
    meta: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    __table_args__ = (
        tenant_key(),
        ref("source_id", "version", to="source_versions", key="source_id,version"),
        CheckConstraint(
            "state IN ('proposed','accepted','locked','superseded','rejected')", name="blocks_state"
        ),
        Index("blocks_by_version", "workspace_id", "source_id", "version", "ordinal", unique=True),
        Index(
            "blocks_tsv",
            "tsv",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": 1024},
            postgresql_where=sql("state IN ('accepted','locked')"),
        ),
        Index("blocks_by_project", "workspace_id", "project_id", "id"),
    )


class BlockEmbedding(Base):
    """A live block's vector, and the model that made it: `embedder.MODEL`, its name with the file's hash."""

    __tablename__ = "block_embeddings"
    workspace_id: Mapped[UUID]
    project_id: Mapped[UUID]
    block_id: Mapped[UUID]
    model: Mapped[str]
    embedding: Mapped[str] = mapped_column(HalfVec(384))
    __table_args__ = (
        tenant_key("block_id"),
        ref("block_id", to="blocks", ondelete="CASCADE"),
        ref("project_id", to="projects"),
        Index("block_embeddings_by_project", "workspace_id", "project_id", "model"),
        Index(
            "block_embeddings_hnsw",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "halfvec_cosine_ops"},
        ),
    )


class TermFrequency(Base):
    """Document frequency of a stemmed term over a project's live blocks."""

    __tablename__ = "term_frequencies"
    workspace_id: Mapped[UUID]
    project_id: Mapped[UUID]
    term: Mapped[str]
    blocks: Mapped[int]
    __table_args__ = (tenant_key("project_id", "term"), ref("project_id", to="projects"))
