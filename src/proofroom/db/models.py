"""The tables. Every tenant table carries `workspace_id` first, in its key and in every reference.

Composite keys make a row of one workspace unable to point at a row of another, whatever a query does;
row-level security (migration 0001) makes it unable to see one. Times are UTC.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

Json = dict[str, Any]


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id; travels as text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        Json: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        bytes: LargeBinary(),
        float: Double(),
    }


def _ref(*columns: str, to: str, key: str = "id", ondelete: str | None = None) -> ForeignKeyConstraint:
    """A composite reference that starts with the workspace."""
    own = ["workspace_id", *columns]
    theirs = [f"{to}.workspace_id", *(f"{to}.{k}" for k in key.split(","))]
    return ForeignKeyConstraint(own, theirs, ondelete=ondelete)


def _tenant_key(*columns: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint("workspace_id", *(columns or ("id",)))


NOW = sql("now()")
EMPTY_OBJECT = sql("'{}'::jsonb")
EMPTY_LIST = sql("'[]'::jsonb")


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
        _tenant_key(),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
        CheckConstraint("role IN ('viewer','requester','reviewer','admin')", name="members_role"),
    )


class ApiKey(Base):
    """A credential. Only the SHA-256 of the key is stored."""

    __tablename__ = "api_keys"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    member_id: Mapped[UUID]
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    revoked_at: Mapped[datetime | None]
    __table_args__ = (_tenant_key(), _ref("member_id", to="members"))


class Project(Base):
    __tablename__ = "projects"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    sample_key: Mapped[str | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        _tenant_key(),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
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
        _tenant_key("project_id", "version"),
        _ref("project_id", to="projects"),
        _ref("created_by", to="members"),
    )


class Basket(Base):
    """A project's substrate. `block_count` and `term_count` (summed block lengths) serve BM25."""

    __tablename__ = "baskets"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    block_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    term_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    __table_args__ = (
        _tenant_key(),
        _ref("project_id", to="projects"),
        UniqueConstraint("workspace_id", "project_id"),
    )


class Source(Base):
    """A captured source; `version` names the current one of its immutable versions (0: none yet)."""

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
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    retracted_at: Mapped[datetime | None]
    retract_reason: Mapped[str | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        _tenant_key(),
        _ref("project_id", to="projects"),
        CheckConstraint("status IN ('processing','ready','failed')", name="sources_status"),
        CheckConstraint("origin IN ('file','text','url')", name="sources_origin"),
        Index("sources_by_project", "workspace_id", "project_id", "id"),
    )


class SourceVersion(Base):
    """One version: the original bytes, and once parsed the extracted text that all offsets refer to.

    `text` is null until the version was parsed. Offsets are Unicode code points in it. `pages` is a list of
    {"page", "char_start", "char_end"}, `tables` a list of {"name", "columns", "types", "rows"}.
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
    status: Mapped[str] = mapped_column(server_default="processing")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        _tenant_key("source_id", "version"),
        _ref("source_id", to="sources"),
        Index("source_versions_by_hash", "workspace_id", "project_id", "sha256"),
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
        _tenant_key(),
        _ref("source_id", "version", to="source_versions", key="source_id,version"),
        CheckConstraint(
            "state IN ('proposed','accepted','locked','superseded','rejected')", name="blocks_state"
        ),
        Index("blocks_by_version", "workspace_id", "source_id", "version", "ordinal", unique=True),
        Index(
            "blocks_tsv",
            "tsv",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            postgresql_where=sql("state IN ('accepted','locked')"),
        ),
        Index("blocks_by_project", "workspace_id", "project_id", "id"),
    )


class TermFrequency(Base):
    """Document frequency of a stemmed term over a project's live blocks."""

    __tablename__ = "term_frequencies"
    workspace_id: Mapped[UUID]
    project_id: Mapped[UUID]
    term: Mapped[str]
    blocks: Mapped[int]
    __table_args__ = (_tenant_key("project_id", "term"), _ref("project_id", to="projects"))


class WorkSession(Base):
    """The one truth about a piece of work. `status` moves only through `domain.work_session`."""

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
    __table_args__ = (
        _tenant_key(),
        _ref("project_id", to="projects"),
        _ref("created_by", to="members"),
        CheckConstraint(
            "status IN ('initialized','queued','in_progress','pending_review','completed','failed','cancelled')",
            name="work_sessions_status",
        ),
        CheckConstraint("next_step IN ('work','finalize')", name="work_sessions_next_step"),
        Index("work_sessions_by_project", "workspace_id", "project_id", "id"),
        Index("work_sessions_updated", "workspace_id", "updated_at"),
        Index(
            "work_sessions_claimable",
            "lease_until",
            postgresql_where=sql("status IN ('queued','in_progress')"),
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
        _tenant_key("session_id", "seq"),
        _ref("session_id", to="work_sessions"),
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
    __table_args__ = (_tenant_key("session_id", "n"), _ref("session_id", to="work_sessions"))


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
    __table_args__ = (_tenant_key("session_id", "key"), _ref("session_id", to="work_sessions"))


class WorkTrigger(Base):
    """A reason to stop that came up during work: raised by a tool call, settled by a checkpoint.

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
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
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
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
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
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
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
        _tenant_key("artifact_id", "version"),
        _ref("artifact_id", to="work_artifacts"),
        CheckConstraint("author IN ('agent','person')", name="artifact_versions_author"),
    )


class WorkCheckpoint(Base):
    """The human gate. A decision names `packet_digest`, the SHA-256 of the packet's canonical JSON.

    `votes` are approvals while a quorum is open; `looking_by` holds the review until `looking_until`, for others to
    see and no more; after `expires_at` nobody can sign; `remind_at` is the next reminder.
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
    decision: Mapped[Json | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    superseded_by: Mapped[UUID | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
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
        Index("work_checkpoints_inbox", "workspace_id", "status", "opened_at", "id"),
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
    """What somebody says about a claim, an artifact or the whole packet. It decides nothing."""

    __tablename__ = "checkpoint_comments"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    session_id: Mapped[UUID]
    checkpoint_id: Mapped[UUID]
    artifact_id: Mapped[UUID | None]
    claim_id: Mapped[str | None]
    member_id: Mapped[UUID]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
        _ref("checkpoint_id", to="work_checkpoints"),
        _ref("member_id", to="members"),
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
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
        _ref("checkpoint_id", to="work_checkpoints"),
    )


class Delivery(Base):
    """The outbox: one row per effect and sealed packet, so that a retried delivery is the same delivery."""

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
    due_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    delivered_at: Mapped[datetime | None]
    __table_args__ = (
        _tenant_key(),
        _ref("session_id", to="work_sessions"),
        _ref("checkpoint_id", to="work_checkpoints"),
        UniqueConstraint("workspace_id", "checkpoint_id", "kind", "target"),
        CheckConstraint("status IN ('pending','delivered','failed','dropped')", name="deliveries_status"),
        Index("deliveries_due", "due_at", postgresql_where=sql("status = 'pending'")),
    )


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
    __table_args__ = (_tenant_key("member_id", "key"),)


class Template(Base):
    """A saved configuration of a work request."""

    __tablename__ = "templates"
    workspace_id: Mapped[UUID]
    id: Mapped[UUID]
    project_id: Mapped[UUID]
    name: Mapped[str]
    agent_type: Mapped[str]
    content: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    __table_args__ = (_tenant_key(), _ref("project_id", to="projects"))


TENANT_TABLES: tuple[str, ...] = tuple(
    sorted(name for name, table in Base.metadata.tables.items() if "workspace_id" in table.c)
)
