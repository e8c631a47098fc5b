"""ArtifactDocument version 1: the model, its JSON form, its Markdown form, and inline text with citations."""

from proofroom.domain.document.inline import Cite, Plain, plain
from proofroom.domain.document.markdown import parse_markdown, to_markdown
from proofroom.domain.document.model import (
    ArtifactDocument,
    Block,
    Chart,
    Column,
    Computation,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Ref,
    Table,
    from_json,
    to_json,
)
from proofroom.domain.document.places import text_at

__all__ = [
    "ArtifactDocument",
    "Block",
    "Chart",
    "Cite",
    "Column",
    "Computation",
    "Heading",
    "ListBlock",
    "Opinion",
    "Paragraph",
    "Plain",
    "Quote",
    "Ref",
    "Table",
    "from_json",
    "parse_markdown",
    "plain",
    "text_at",
    "to_json",
    "to_markdown",
]
