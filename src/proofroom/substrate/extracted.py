"""What a parser makes of a file. All offsets are Unicode code points in `Extracted.text`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from proofroom.domain.errors import TooLarge

BlockKind: TypeAlias = Literal[
    "heading", "paragraph", "list_item", "quote", "code", "table_header", "table_row"
]
ColumnType: TypeAlias = Literal["number", "text", "date"]

Report: TypeAlias = Callable[[int, int, str], None]
"""How far the reading is: (units done, units in all, what a unit is, such as "pages")."""


def unheard(done: int, total: int, unit: str) -> None:
    """A Report for which nobody waits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a source may hold; more is refused, never cut off.

    `cpu_seconds`, `wall_seconds` and `memory_bytes` bound the parser process, for one file.
    """

    file_bytes: int = 100 * 1024 * 1024
    text_chars: int = 60_000_000
    table_columns: int = 2_000
    table_cells: int = 3_000_000
    pages: int = 5_000
    cpu_seconds: int = 60
    wall_seconds: int = 90
    memory_bytes: int = 3 * 1024 * 1024 * 1024


def too_much_text(chars: int, limits: Limits) -> TooLarge:
    return TooLarge(
        "text_too_large",
        f"The file holds {chars:,} characters of text; {limits.text_chars:,} are the most that can be read.",
        "Split it into several files.",
    )


@dataclass(frozen=True, slots=True)
class Table:
    """A captured table. `rows` holds the cells as they stand in the file, each row as long as `columns`. With
    `decimal_point` the file tells that figures are written with one.
    """

    name: str
    columns: tuple[str, ...]
    types: tuple[ColumnType, ...]
    rows: tuple[tuple[str, ...], ...]
    decimal_point: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "columns": list(self.columns),
            "types": list(self.types),
            "rows": [list(row) for row in self.rows],
            **({"decimal_point": True} if self.decimal_point else {}),
        }


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """A passage: `text[char_start:char_end]`. `heading` is the nearest heading above it, None for headings.

    `meta` may name the table and row (`{"table": 0, "row": 3}`) that the block shows.
    """

    kind: BlockKind
    char_start: int
    char_end: int
    page: int | None = None
    heading: str | None = None
    ordinal: int = 0
    meta: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Page:
    page: int
    char_start: int
    char_end: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """A parsed file. `extractor` names what read it and its version; `notes` are remarks for the person."""

    text: str
    content_type: str
    extractor: str
    blocks: tuple[BlockDraft, ...] = ()
    pages: tuple[Page, ...] = ()
    tables: tuple[Table, ...] = ()
    title: str | None = None
    notes: tuple[str, ...] = ()

    def numbered(self) -> "Extracted":
        """The same with blocks in reading order and numbered from 0."""
        ordered = sorted(self.blocks, key=lambda block: (block.char_start, block.char_end))
        return replace(self, blocks=tuple(replace(block, ordinal=n) for n, block in enumerate(ordered)))


def to_json(extracted: Extracted) -> dict[str, Any]:
    """Everything but the text, which travels beside it."""
    return {
        "content_type": extracted.content_type,
        "extractor": extracted.extractor,
        "blocks": [
            [b.kind, b.char_start, b.char_end, b.page, b.heading, dict(b.meta)] for b in extracted.blocks
        ],
        "pages": [[p.page, p.char_start, p.char_end] for p in extracted.pages],
        "tables": [t.to_json() for t in extracted.tables],
        "title": extracted.title,
        "notes": list(extracted.notes),
    }


def from_json(text: str, data: Mapping[str, Any]) -> Extracted:
    """The inverse of `to_json`."""
    tables: Sequence[Mapping[str, Any]] = data["tables"]
    return Extracted(
        text=text,
        content_type=data["content_type"],
        extractor=data["extractor"],
        blocks=tuple(
            BlockDraft(kind, start, end, page, heading, n, meta)
            for n, (kind, start, end, page, heading, meta) in enumerate(data["blocks"])
        ),
        pages=tuple(Page(*page) for page in data["pages"]),
        tables=tuple(
            Table(
                t["name"],
                tuple(t["columns"]),
                tuple(t["types"]),
                tuple(tuple(row) for row in t["rows"]),
                bool(t.get("decimal_point")),
            )
            for t in tables
        ),
        title=data["title"],
        notes=tuple(data["notes"]),
    )
