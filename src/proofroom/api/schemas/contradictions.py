"""Passages of a project's sources that disagree."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from proofroom.api.schemas.common import Shown


class ContradictingSide(Shown):
    """A passage and what it says. `sentence` and `differs` are [start, end] in Unicode code points from the beginning
    of `text`; the passage itself is `char_start` to `char_end` of its source's text."""

    block_id: UUID
    source_id: UUID
    source_title: str
    version: int
    page: int | None
    heading: str | None
    kind: str
    origin: Literal["captured", "approved"] = Field(
        description="Of approved work of the project, or captured."
    )
    char_start: int
    char_end: int
    text: str
    says: str = Field(description="The words that differ, at most 120 characters.")
    sentence: list[int]
    differs: list[int]


class SourceContradiction(Shown):
    """Two passages that speak of the same and disagree: in a figure, unit or date (`number`), or in a negation or
    direction (`polarity`). Which one holds is not decided."""

    kind: Literal["number", "polarity"]
    subject: str = Field(description="Words that both sentences share.")
    a: ContradictingSide
    b: ContradictingSide
    repeated: int = Field(description="How many other pairs of passages hold the same two sentences.")


class SourceContradictions(Shown):
    items: list[SourceContradiction] = Field(description="Newest sources first, at most 200.")
    found: int = Field(description="All of them.")
    compared: int = Field(description="Passages that were compared with each other.")
    comparable: int = Field(
        description="Passages in use that say something in sentences; rows of tables, headings and code do not."
    )
    complete: bool = Field(description="Whether all pairs of them that look alike were compared closely.")
    forms: int = Field(
        description="Sentences that read like a form filled in differently each time; they are not listed."
    )
    message: str = Field(description="What makes the answer less than complete, in words; else empty.")
