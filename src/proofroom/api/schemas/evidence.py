"""Claims: what a document says, and what its sources say."""

from typing import Literal

from pydantic import Field

from proofroom.api.schemas.common import Shown, Verdict


class Said(Shown):
    text: str
    mark: list[int] | None = Field(description="[start, end) of what differs, in `text`.")


class SideBySide(Shown):
    draft: Said | None
    source: Said | None
    labels: list[str]


class Check(Shown):
    kind: Literal[
        "quote", "number", "date", "name", "negation", "direction", "citation", "computed", "meaning"
    ]
    result: Literal["same", "differs", "none", "not_found", "conflict", "not_compared"]
    draft: str | None
    source: str | None
    note: str | None


class Anchor(Shown):
    """`source_text[char_start:char_end] == quote`, in code points."""

    source_id: str
    version: int
    block_id: str
    page: int | None
    char_start: int
    char_end: int
    quote: str
    source_title: str
    role: Literal["supports", "differs", "conflicts", "nearest"]


class Correction(Shown):
    label: str
    text: str


class ChainAnchor(Shown):
    """Where approved work rests. A computed figure names a table and no block."""

    source_id: str
    version: int
    block_id: str | None
    page: int | None
    char_start: int
    char_end: int
    quote: str
    source_title: str
    table: int | None = None


class ApprovedWork(Shown):
    """A passage of approved work that a claim rests on, and what that rests on."""

    block_id: str
    source_id: str
    session_id: str
    artifact_id: str
    version: int = Field(description="Version of the artifact.")
    anchors: list[ChainAnchor]


class Claim(Shown):
    id: str
    n: int
    text: str
    kind: Literal["sentence", "cell", "series"]
    path: list[int] = Field(description="Block index, then item or row, then column.")
    char_start: int
    char_end: int
    verdict: Verdict
    opinion: bool
    needs_you: bool
    headline: str
    short: str
    say: SideBySide | None
    checks: list[Check]
    anchors: list[Anchor]
    approved_work: list[ApprovedWork] | None = Field(
        default=None,
        description="Only where an anchor stands in approved work: the chain from there to captured sources.",
    )
    correction: Correction | None
