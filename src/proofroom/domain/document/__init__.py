"""ArtifactDocument version 1: the model, its JSON form, its Markdown form, and inline text with citations."""

from proofroom.domain.document.addresses import in_sight
from proofroom.domain.document.charts import chart_figures
from proofroom.domain.document.delivered import as_typed, delivered, escaped
from proofroom.domain.document.inline import Cite, Link, Plain, plain
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
from proofroom.domain.document.places import inline_at, text_at

__all__ = [
    "ArtifactDocument",
    "Block",
    "Chart",
    "Cite",
    "Column",
    "Computation",
    "Heading",
    "Link",
    "ListBlock",
    "Opinion",
    "Paragraph",
    "Plain",
    "Quote",
    "Ref",
    "Table",
    "as_typed",
    "chart_figures",
    "delivered",
    "escaped",
    "from_json",
    "in_sight",
    "inline_at",
    "parse_markdown",
    "plain",
    "text_at",
    "to_json",
    "to_markdown",
]
