"""A document as people read it: no computations in JSON, charts as the figures that they show."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from proofroom.domain.document import (
    ArtifactDocument,
    Chart,
    Computation,
    Opinion,
    Paragraph,
    Quote,
    Table,
    chart_figures,
    escaped,
)
from proofroom.domain.document.model import Block


def for_people(document: ArtifactDocument, titles: Mapping[str, str]) -> ArtifactDocument:
    """The document without charts and what only the program reads. `titles` maps source ids to titles."""
    return replace(document, blocks=tuple(b for block in document.blocks for b in _shown(block, titles)))


def _shown(block: Block, titles: Mapping[str, str]) -> Iterator[Block]:
    match block:
        case Table():
            yield replace(block, computed=None)
            yield from _origin(block.computed, titles)
        case Chart():
            figures = chart_figures(block)
            if figures is None:
                yield Paragraph(f"Chart: {block.title}. Its figures stand in the program.")
            else:
                rows = tuple(tuple(c and escaped(c) for c in row) for row in figures.rows)
                yield replace(figures, rows=rows, caption=f"Chart: {block.title}")
            yield from _origin(block.computed, titles)
        case Opinion():
            yield Quote(f"Opinion: {block.text}")
        case _:
            yield block


def _origin(computed: Computation | None, titles: Mapping[str, str]) -> Iterator[Block]:
    if computed is not None:
        title = escaped(titles.get(computed.source_id, "a source of this project"))
        yield Paragraph(f"Computed from {title}, version {computed.version}, table {computed.table + 1}.")
