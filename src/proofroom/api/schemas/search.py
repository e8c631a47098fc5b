"""Search and the state of its index."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import NamedProject, Shown


class IndexState(Shown):
    """How far a project's index is. Words find a passage from its capture on; vectors follow in the background."""

    mode: Literal["hybrid", "text", "vector"] = Field(description="What a search went by, or would go by.")
    model: str | None = Field(description="The embedding model; null when there is none.")
    blocks: int = Field(description="Passages in use.")
    embedded: int = Field(description="Of these, how many have a vector of this model.")
    state: Literal["complete", "building", "off", "unavailable", "other_model"]
    message: str = Field(description="What makes the answer less than complete, in words; else empty.")


class SearchItem(Shown):
    """`text[start:end]` of each highlight counts Unicode code points, from the beginning of `text`."""

    block_id: UUID
    source_id: UUID
    source_title: str
    version: int
    page: int | None
    heading: str | None
    kind: str
    state: Literal["proposed", "accepted", "locked", "superseded", "rejected"]
    char_start: int
    char_end: int
    text: str
    score: float = Field(description="Higher is better; comparable within one answer only.")
    highlights: list[list[int]] = Field(description="[start, end] of the words that the query asks for.")
    matched: list[Literal["text", "meaning"]] = Field(description="What speaks for the passage.")


class SearchList(Shown):
    items: list[SearchItem]
    index: IndexState


class FoundItem(Shown):
    kind: Literal["project", "review", "session", "source"]
    id: UUID
    project: NamedProject
    title: str
    status: str | None = Field(description="Of a session or a review.")
    session_id: UUID | None


class Found(Shown):
    items: list[FoundItem] = Field(description="By kind; of each the latest first.")
