"""The one document model: what an agent emits, a person edits, a claim is cut from and an export renders.

`ArtifactDocument` version 1 is flat: a title, references and a list of blocks. `text` is always one line of
inline Markdown, which may hold citations `[[b12|verbatim quote]]`; `b12` is looked up in `refs`. Blocks
without text are left out when a document is read, so that the JSON form, the Markdown form and the object
say the same.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from proofroom.domain.errors import InvalidInput, TooLarge

MAX_BYTES = 2_000_000
MAX_BLOCKS = 5_000
MAX_DEPTH = 32

_LINE_ENDS = re.compile(
    r"[^\S\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]\s*"
)
_UNIT = re.compile(r"(.*\S) \[([^\[\]]+)\]", re.DOTALL)
_ALIAS = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class ListBlock:
    ordered: bool
    items: tuple[str, ...]


@dataclass(frozen=True)
class Quote:
    """Somebody else's words: its text must stand in a source."""

    text: str


@dataclass(frozen=True)
class Opinion:
    """The author's own view: its sentences need no source, and the packet shows that."""

    text: str


@dataclass(frozen=True)
class Column:
    name: str
    unit: str | None = None

    @property
    def label(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Computation:
    """How a table or chart follows from a source's table; `steps` are those of `domain.compute`."""

    source_id: str
    version: int
    table: int
    steps: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "op": "table",
            "source_id": self.source_id,
            "version": self.version,
            "table": self.table,
            "steps": [dict(s) for s in self.steps],
        }


@dataclass(frozen=True)
class Table:
    """Cells are text exactly as shown, or None where there is no value."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    caption: str | None = None
    computed: Computation | None = None


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite chart. `spec` is without its title and without the computation, which stand beside it."""

    title: str
    spec: Mapping[str, Any]
    computed: Computation | None = None


Block = Heading | Paragraph | ListBlock | Quote | Opinion | Table | Chart


@dataclass(frozen=True)
class Ref:
    """Where a citation's alias points: one block of one version of a source."""

    source_id: str
    version: int
    block_id: str


@dataclass(frozen=True)
class ArtifactDocument:
    title: str
    blocks: tuple[Block, ...]
    refs: Mapping[str, Ref] = field(default_factory=dict[str, Ref])


def invalid(path: str, what: str) -> NoReturn:
    """Raises InvalidInput `document_invalid` for the member at `path`."""
    where = f"The document is not valid at {path}" if path else "The document is not valid"
    raise InvalidInput(
        "document_invalid",
        f"{where}: {what}.",
        "Send an ArtifactDocument of version 1, or Markdown.",
        field=path or None,
    )


def one_line(text: str) -> str:
    """Line ends become one space, the ends are trimmed, and what no store can keep becomes U+FFFD."""
    text = re.sub(r"[\x00\ud800-\udfff]", "\ufffd", text)
    return _LINE_ENDS.sub(" ", text.strip()).strip()


def column_of(label: str) -> Column:
    """`energy [TWh]` is a column named energy with the unit TWh."""
    label = one_line(label)
    found = _UNIT.fullmatch(label)
    return Column(found.group(1), found.group(2).strip() or None) if found else Column(label)


def with_captions(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """A paragraph `Table: …` right before a table without a caption is that caption."""
    out: list[Block] = []
    for block in blocks:
        before = out[-1] if out else None
        if (
            isinstance(block, Table)
            and block.caption is None
            and isinstance(before, Paragraph)
            and before.text.startswith("Table: ")
        ):
            out[-1] = Table(block.columns, block.rows, before.text[len("Table: ") :].strip(), block.computed)
        else:
            out.append(block)
    return tuple(out)


def limit_blocks(blocks: Sequence[Block]) -> None:
    """Raises TooLarge `document_too_large` beyond MAX_BLOCKS."""
    if len(blocks) > MAX_BLOCKS:
        raise TooLarge(
            "document_too_large",
            f"The document has {len(blocks):,} blocks; at most {MAX_BLOCKS:,} can be reviewed at once.",
            "Split it into parts.",
        )


def limit_bytes(size: int) -> None:
    """Raises TooLarge `document_too_large` beyond MAX_BYTES."""
    if size > MAX_BYTES:
        raise TooLarge(
            "document_too_large",
            f"The document has {size:,} bytes; at most {MAX_BYTES:,} can be reviewed at once.",
            "Split it into parts.",
        )


# JSON ---------------------------------------------------------------------------------------------


def to_json(doc: ArtifactDocument) -> dict[str, Any]:
    """The JSON form, version 1."""
    return {
        "version": 1,
        "title": doc.title,
        "refs": {
            alias: {"source_id": r.source_id, "version": r.version, "block_id": r.block_id}
            for alias, r in doc.refs.items()
        },
        "blocks": [_block_json(b) for b in doc.blocks],
    }


def _block_json(block: Block) -> dict[str, Any]:
    out: dict[str, Any]
    match block:
        case Heading():
            return {"type": "heading", "level": block.level, "text": block.text}
        case Paragraph():
            return {"type": "paragraph", "text": block.text}
        case ListBlock():
            return {"type": "list", "ordered": block.ordered, "items": list(block.items)}
        case Quote():
            return {"type": "quote", "text": block.text}
        case Opinion():
            return {"type": "opinion", "text": block.text}
        case Table():
            columns = [
                {"name": c.name, "unit": c.unit} if c.unit else {"name": c.name} for c in block.columns
            ]
            caption = {} if block.caption is None else {"caption": block.caption}
            out = {"type": "table", "columns": columns, "rows": [list(r) for r in block.rows], **caption}
        case _:
            out = {"type": "chart", "title": block.title, "spec": dict(block.spec)}
    if block.computed is not None:
        out["computed"] = block.computed.to_json()
    return out


def from_json(value: object) -> ArtifactDocument:
    """Reads the JSON form; raises InvalidInput `document_invalid` with the path of what is wrong, or
    TooLarge.
    """
    checked = json_value(value, "")
    root = _object(checked, "")
    limit_bytes(len(json.dumps(checked, ensure_ascii=False).encode()))
    if root.get("version", 1) != 1:
        invalid("version", "only version 1 is known")
    refs: dict[str, Ref] = {}
    for alias, ref in _object(root.get("refs") or {}, "refs").items():
        if not _ALIAS.fullmatch(alias):
            invalid("refs", f"{alias[:80]!r} is not an alias such as b12")
        refs[alias] = ref_of(ref, f"refs.{alias}")
    raw = _list(root.get("blocks"), "blocks")
    blocks = [b for i, r in enumerate(raw) if (b := _block(r, f"blocks[{i}]")) is not None]
    limit_blocks(blocks)
    return ArtifactDocument(_text(root.get("title", ""), "title"), with_captions(blocks), refs)


def ref_of(value: object, path: str) -> Ref:
    ref = _object(value, path)
    return Ref(
        _text(ref.get("source_id"), f"{path}.source_id"),
        _integer(ref.get("version"), f"{path}.version"),
        _text(ref.get("block_id"), f"{path}.block_id"),
    )


def computation_of(value: object, path: str) -> Computation | None:
    if value is None:
        return None
    raw = _object(value, path)
    if raw.get("op", "table") != "table":
        invalid(f"{path}.op", 'the only operation is "table"')
    steps = _list(raw.get("steps", []), f"{path}.steps")
    return Computation(
        _text(raw.get("source_id"), f"{path}.source_id"),
        _integer(raw.get("version"), f"{path}.version"),
        _integer(raw.get("table", 0), f"{path}.table"),
        tuple(_object(s, f"{path}.steps[{i}]") for i, s in enumerate(steps)),
    )


def chart_of(title: str, spec: Mapping[str, Any], computed: Computation | None, path: str) -> Chart:
    """A chart from a whole Vega-Lite spec, without its title and `usermeta.proofroom.computed`."""
    spec = dict(spec)
    own = spec.pop("title", None)
    if not title:
        title = own if isinstance(own, str) else ""
    if "usermeta" in spec:
        meta = dict(_object(spec.pop("usermeta"), f"{path}.usermeta"))
        if "proofroom" in meta:
            mine = dict(_object(meta.pop("proofroom"), f"{path}.usermeta.proofroom"))
            found = computation_of(mine.pop("computed", None), f"{path}.usermeta.proofroom.computed")
            computed = computed or found
            if mine:
                meta["proofroom"] = mine
        if meta:
            spec["usermeta"] = meta
    return Chart(one_line(title), spec, computed)


def _block(value: object, path: str) -> Block | None:
    raw = _object(value, path)
    kind = raw.get("type")
    match kind:
        case "heading":
            level = _integer(raw.get("level"), f"{path}.level")
            if not 1 <= level <= 4:
                invalid(f"{path}.level", "a heading's level is 1 to 4")
            text = _text(raw.get("text"), f"{path}.text")
            return Heading(level, text) if text else None
        case "list":
            given = enumerate(_list(raw.get("items"), f"{path}.items"))
            items = [t for i, x in given if (t := _text(x, f"{path}.items[{i}]"))]
            return ListBlock(raw.get("ordered") is True, tuple(items)) if items else None
        case "paragraph" | "quote" | "opinion":
            text = _text(raw.get("text"), f"{path}.text")
            make = {"paragraph": Paragraph, "quote": Quote, "opinion": Opinion}[kind]
            return make(text) if text else None
        case "table":
            return _table(raw, path)
        case "chart":
            spec = _object(raw.get("spec"), f"{path}.spec")
            computed = computation_of(raw.get("computed"), f"{path}.computed")
            return chart_of(_text(raw.get("title", ""), f"{path}.title"), spec, computed, f"{path}.spec")
        case _:
            invalid(f"{path}.type", "a block is a heading, paragraph, list, quote, opinion, table or chart")


def _table(raw: Mapping[str, Any], path: str) -> Table:
    columns: list[Column] = []
    for i, value in enumerate(_list(raw.get("columns"), f"{path}.columns")):
        if isinstance(value, str):
            columns.append(column_of(value))
            continue
        at = f"{path}.columns[{i}]"
        column = _object(value, at)
        name = _text(column.get("name"), f"{at}.name")
        unit = one_line(re.sub(r"[\[\]]", "", _text(column.get("unit") or "", f"{at}.unit")))
        columns.append(Column(name, unit) if unit and name else column_of(name))
    if not columns:
        invalid(f"{path}.columns", "a table needs at least one column")
    rows: list[tuple[str | None, ...]] = []
    for i, row in enumerate(_list(raw.get("rows", []), f"{path}.rows")):
        cells = _list(row, f"{path}.rows[{i}]")
        if len(cells) != len(columns):
            invalid(f"{path}.rows[{i}]", f"the row has {len(cells)} cells, the table {len(columns)} columns")
        rows.append(tuple(_cell(c, f"{path}.rows[{i}][{j}]") for j, c in enumerate(cells)))
    caption = _text(raw.get("caption") or "", f"{path}.caption") or None
    computed = computation_of(raw.get("computed"), f"{path}.computed")
    return Table(tuple(columns), tuple(rows), caption, computed)


def _cell(value: object, path: str) -> str | None:
    match value:
        case None:
            return None
        case bool():
            invalid(path, "a cell is text, a number or null")
        case int() | float():
            return json.dumps(value)
        case _:
            return _text(value, path) or None


def json_value(value: object, path: str, depth: int = 0) -> Any:
    """The value if it is JSON that RFC 8785 can write: no NaN, numbers within 2^53, no lone surrogates.

    Beyond 2^53 every number is a whole one, and the database gives it back as such, however it was written.
    """
    if depth > MAX_DEPTH:
        invalid(path[:200], f"it is nested more than {MAX_DEPTH} levels deep")
    match value:
        case None | bool():
            return value
        case str():
            return re.sub(r"[\ud800-\udfff]", "\ufffd", value)
        case int():
            if abs(value) >= 2**53:
                invalid(path, "integers beyond 2^53 must be text")
            return value
        case float():
            if not math.isfinite(value):
                invalid(path, "numbers must be finite")
            if abs(value) >= 2**53:
                invalid(path, "numbers beyond 2^53 must be text")
            return value
        case list() | tuple():
            items = cast(Sequence[object], value)
            return [
                v if _is_plain(v, depth) else json_value(v, f"{path}[{i}]", depth + 1)
                for i, v in enumerate(items)
            ]
        case dict():
            members = cast(dict[object, object], value)
            out: dict[str, Any] = {}
            for key, member in members.items():
                if not isinstance(key, str):
                    invalid(path, "member names are text")
                clean = key if key.isascii() else json_value(key, path, depth)
                out[clean] = (
                    member
                    if _is_plain(member, depth)
                    else json_value(member, f"{path}.{clean}" if path else clean, depth + 1)
                )
            return out
        case _:
            invalid(path, "it is not JSON")


def _is_plain(value: object, depth: int) -> bool:
    """Whether nothing about a member needs a look: most are short texts, and a path need not be written for them."""
    return depth < MAX_DEPTH and (value is None or (type(value) is str and value.isascii()))


def _object(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        invalid(path, "an object is expected")
    return cast(Mapping[str, Any], value)


def _list(value: object, path: str) -> Sequence[Any]:
    if not isinstance(value, list):
        invalid(path, "a list is expected")
    return cast(Sequence[Any], value)


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        invalid(path, "text is expected")
    return one_line(value)


def _integer(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        invalid(path, "an integer is expected")
    return value
