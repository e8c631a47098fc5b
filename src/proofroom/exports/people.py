"""A document as people read it: no computations in JSON, charts as the figures that they show."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from proofroom.domain.document import ArtifactDocument, Chart, Computation, Opinion, Paragraph, Quote, Table
from proofroom.domain.document.model import Block, Column

MAX_ROWS = 200
"""A chart with more figures than this is named and not written out."""


def for_people(document: ArtifactDocument, titles: Mapping[str, str]) -> ArtifactDocument:
    """The document without what only the program reads. `titles` maps source ids to titles."""
    return replace(document, blocks=tuple(b for block in document.blocks for b in _shown(block, titles)))


def _shown(block: Block, titles: Mapping[str, str]) -> Iterator[Block]:
    match block:
        case Table():
            yield replace(block, computed=None)
            yield from _origin(block.computed, titles)
        case Chart():
            figures = _figures(block)
            if figures is None:
                yield Paragraph(f"Chart: {block.title}. Its figures stand in the program.")
            else:
                yield figures
            yield from _origin(block.computed, titles)
        case Opinion():
            yield Quote(f"Opinion: {block.text}")
        case _:
            yield block


def _origin(computed: Computation | None, titles: Mapping[str, str]) -> Iterator[Block]:
    if computed is not None:
        title = titles.get(computed.source_id, "a source of this project")
        yield Paragraph(f"Computed from {title}, version {computed.version}, table {computed.table + 1}.")


def _figures(chart: Chart) -> Table | None:
    """The values of a chart as a table; None when it holds none of the plain kind, or too many."""
    data: Any = chart.spec.get("data")
    values: Any = cast(dict[str, Any], data).get("values") if isinstance(data, dict) else None
    if not isinstance(values, list) or not 0 < len(cast(list[Any], values)) <= MAX_ROWS:
        return None
    rows = cast(list[Any], values)
    if not all(isinstance(row, dict) for row in rows):
        return None
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    cells = tuple(tuple(_cell(row.get(name)) for name in names) for row in rows)
    return Table(tuple(Column(" ".join(name.split())) for name in names), cells, f"Chart: {chart.title}")


def _cell(value: Any) -> str | None:
    return None if value is None else " ".join(str(value).split())
