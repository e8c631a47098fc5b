"""Sources, their content, and search."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import Failure, Json, NextCursor, Sent, Shown, Timestamp


class TableInfo(Shown):
    table: int
    name: str
    columns: list[str]
    types: list[str]
    row_count: int


class CaptureProgress(Shown):
    """How far a capture is. `total` is null where nobody knows it, such as the size of a page that is fetched."""

    phase: Literal["fetching", "reading", "writing"]
    done: int
    total: int | None
    unit: str = Field(description="What is counted: bytes, pages, sheets, passages.")


class Source(Shown):
    id: UUID
    project_id: UUID
    title: str
    filename: str | None
    content_type: str | None
    origin: Literal["file", "text", "url", "artifact"] = Field(
        description="`artifact`: approved work; `session_id` and `artifact_id` name it."
    )
    session_id: UUID | None = None
    artifact_id: UUID | None = None
    url: str | None
    status: Literal["processing", "ready", "failed"]
    failure: Failure | None
    progress: CaptureProgress | None = Field(default=None, description="Only while a capture takes its time.")
    version: int = Field(description="The version in use; 0 while the first is being captured.")
    byte_size: int
    sha256: str | None
    block_count: int
    page_count: int | None
    tables: list[TableInfo]
    table_count: int
    notes: list[str] = Field(
        default_factory=list[str],
        description="What the reader of the file remarked: pages without text, a name that does not fit.",
    )
    retracted_at: Timestamp | None
    retract_reason: str | None = None
    created_at: Timestamp
    updated_at: Timestamp


class SourceList(Shown):
    items: list[Source]
    next_cursor: NextCursor


class AddedSources(Source):
    """The first source's members at the top level; with several files, all of them in `items`."""

    items: list[Source] | None = None


class NewSource(Sent):
    """Exactly one of `text` and `url`."""

    text: str | None = Field(default=None, description="The text itself.")
    url: str | None = Field(default=None, max_length=4_000, description="A public http or https address.")
    title: str | None = Field(default=None, max_length=300)


class NewContent(Sent):
    """Exactly one of `text` and `url`."""

    text: str | None = None
    url: str | None = Field(default=None, max_length=4_000)


class Page(Shown):
    page: int
    char_start: int
    char_end: int


class SourceBlock(Shown):
    block_id: UUID
    ordinal: int
    kind: str
    char_start: int
    char_end: int
    page: int | None
    heading: str | None


class SourceTable(Shown):
    table: int
    name: str
    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    row_count: int


class SourceContent(Shown):
    """`text[char_start:char_end]` counts Unicode code points."""

    source_id: UUID
    version: int
    text: str
    pages: list[Page]
    blocks: list[SourceBlock]
    tables: list[SourceTable]


class Retraction(Sent):
    reason: str | None = Field(default=None, max_length=5_000, description="Why; others can read it.")


class Deletion(Sent):
    reason: str | None = Field(
        default=None,
        max_length=2_000,
        description="Why; it is kept, so it should repeat nothing of the source.",
    )


class DeletedSource(Shown):
    """What is left of a source: that it was deleted, and counts of what went and of what lost its words."""

    source_id: UUID
    project_id: UUID
    deleted_at: Timestamp
    by: str
    reason: str
    deleted: dict[str, int] = Field(
        description="versions, blocks, embeddings, tables: rows that went. memory: passages of approved work that "
        "rested on it and went. envelopes, packets, artifacts, calls, events, audit_entries, answers, memory_notes: "
        "what lost its words, in how many sessions."
    )


class Restoration(Sent):
    reason: str | None = Field(default=None, max_length=5_000, description="Why; others can read it.")


class Dependents(Shown):
    """What rests on the source."""

    source: Source
    goes: dict[str, int] | None = Field(
        default=None,
        description="With `goes=1`: what deleting the source would count, as in a deletion's `deleted`.",
    )
    envelopes: list[Json]
    sessions: list[Json]
    artifacts: list[Json]
    memory: list[Json] = Field(default_factory=list, description="Passages of approved work that rest on it.")
