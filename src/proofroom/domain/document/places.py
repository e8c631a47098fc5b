"""Places in a document: the plain text that a path leads to, in which claims and comments count their characters."""

from collections.abc import Sequence

from proofroom.domain.document.inline import plain
from proofroom.domain.document.model import ArtifactDocument, Chart, ListBlock, Table


def text_at(document: ArtifactDocument, path: Sequence[int]) -> str | None:
    """The plain text at `path`: a block's index, then the item of a list, or the row and column of a table.

    None where no text stands: no such place, an empty cell, a chart.
    """
    inline = inline_at(document, path)
    return None if inline is None else plain(inline).text


def inline_at(document: ArtifactDocument, path: Sequence[int]) -> str | None:
    """The inline Markdown at `path`, as for `text_at`."""
    if not path or any(part < 0 for part in path) or path[0] >= len(document.blocks):
        return None
    block, rest = document.blocks[path[0]], tuple(path[1:])
    match block:
        case Chart():
            return None
        case ListBlock():
            return block.items[rest[0]] if len(rest) == 1 and rest[0] < len(block.items) else None
        case Table():
            if len(rest) != 2 or rest[0] >= len(block.rows) or rest[1] >= len(block.rows[rest[0]]):
                return None
            return block.rows[rest[0]][rest[1]]
        case _:
            return None if rest else block.text
