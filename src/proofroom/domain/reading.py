"""What a reader sees of an artifact, as plain text: the pieces that are read at one go, in reading order.

Obligations are judged on it, approvals are carried by it, and words are counted in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from proofroom.domain.document import (
    ArtifactDocument,
    Block,
    Chart,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Table,
    plain,
)
from proofroom.domain.evidence.claims import chart_series
from proofroom.domain.evidence.sentences import split_sentences

MAX_SPEC_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence, cell, caption, column or series. `path` and `char_start:char_end` place it as a claim's do.

    `block` is the index of its block; `text` is plain.
    """

    text: str
    block: int
    path: tuple[int, ...]
    char_start: int
    char_end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One version of an artifact as read.

    `lines` are its plain texts without the title: paragraphs, items, cells, captions. `statements` are what says
    something by itself: sentences, and cells with their row and column. `lists` holds the number of items of
    each list. `hidden` are strings in charts that may or may not be drawn.
    """

    title: str
    lines: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    lists: tuple[int, ...] = ()
    tables: int = 0
    charts: int = 0
    hidden: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.lines))

    @property
    def words(self) -> int:
        return sum(map(count_words, self.lines))

    @property
    def characters(self) -> int:
        """With one line end between two texts."""
        return sum(map(len, self.lines)) + max(len(self.lines) - 1, 0)


def count_words(text: str) -> int:
    """Runs between white space that hold a letter or a digit."""
    return sum(any(c.isalnum() for c in run) for run in text.split())


def reading_of(document: ArtifactDocument) -> Reading:
    """The document as a reader sees it."""
    blocks = document.blocks
    return Reading(
        title=document.title,
        lines=tuple(line for block in blocks for line in lines_of(block)),
        statements=tuple(s for block in blocks for s in _statements(block)),
        headings=tuple(plain(b.text).text for b in blocks if isinstance(b, Heading)),
        lists=tuple(len(b.items) for b in blocks if isinstance(b, ListBlock)),
        tables=sum(isinstance(b, Table) for b in blocks),
        charts=sum(isinstance(b, Chart) for b in blocks),
        hidden=tuple(s for b in blocks if isinstance(b, Chart) for s in _strings(b.spec, 0)),
    )


def lines_of(block: Block, *, addresses: bool = False) -> list[str]:
    """The plain texts of a block, none of them empty; with the `addresses` of links behind their words if asked."""
    match block:
        case Heading() | Paragraph() | Quote() | Opinion():
            texts = [block.text]
        case ListBlock():
            texts = list(block.items)
        case Table():
            cells = [cell for row in block.rows for cell in row if cell]
            texts = [block.caption or "", *(c.label for c in block.columns), *cells]
        case _:
            texts = [block.title]
    read = [plain(text) for text in texts]
    return [line for one in read if (line := one.shown() if addresses else one.text)]


def pieces_of(document: ArtifactDocument) -> list[Piece]:
    """All that is read, in order, cut as claims are; the title is not among it."""
    return [piece for index, block in enumerate(document.blocks) for piece in _pieces(index, block)]


def _pieces(index: int, block: Block) -> Iterator[Piece]:
    match block:
        case Heading() | Paragraph() | Quote() | Opinion():
            yield from _sentences(index, (index,), block.text)
        case ListBlock():
            for item, text in enumerate(block.items):
                yield from _sentences(index, (index, item), text)
        case Table():
            for text in (block.caption or "", *(c.label for c in block.columns)):
                yield from _whole(index, (index,), plain(text).text)
            for row, cells in enumerate(block.rows):
                for column, cell in enumerate(cells):
                    yield from _whole(index, (index, row, column), plain(cell or "").text)
        case _:
            yield from _whole(index, (index,), block.title)
            for series, name in enumerate(chart_series(block)):
                yield from _whole(index, (index, series), name)


def _sentences(index: int, path: tuple[int, ...], inline: str) -> Iterator[Piece]:
    text = plain(inline).text
    for start, end in split_sentences(text):
        yield Piece(text[start:end], index, path, start, end)


def _whole(index: int, path: tuple[int, ...], text: str) -> Iterator[Piece]:
    if text:
        yield Piece(text, index, path, 0, len(text))


def _statements(block: Block) -> Iterator[str]:
    match block:
        case Table():
            for cells in block.rows:
                row = plain(next((c for c in cells if c), "") or "").text
                for column, cell in zip(block.columns, cells, strict=True):
                    if cell:
                        yield f"{row}, {column.name}: {plain(cell).text} {column.unit or ''}".rstrip()
        case Chart():
            pass
        case _:
            for line in lines_of(block):
                yield from (line[a:b] for a, b in split_sentences(line))


def _strings(value: object, depth: int) -> Iterator[str]:
    if depth > MAX_SPEC_DEPTH:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, member in cast(Mapping[str, Any], value).items():
            yield key
            yield from _strings(member, depth + 1)
    elif isinstance(value, Sequence):
        for member in cast(Sequence[Any], value):
            yield from _strings(member, depth + 1)
