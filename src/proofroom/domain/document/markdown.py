"""Markdown to document and back. The only file that knows the block grammar of Markdown.

CommonMark with GFM tables, read by markdown-it-py; HTML and indented code are plain text here. Beyond that:

- a fence named `vega-lite` is a chart, its computation under `usermeta.proofroom.computed`;
- a quote that begins with `[!opinion]` is an opinion;
- `{computed: <json>}` on the line under a table is the table's computation;
- a paragraph `Table: …` before a table is its caption; a header cell `energy [TWh]` names a unit.

Nested lists are flattened, other code becomes a paragraph set as code, headings below level 4 become level 4.
`parse_markdown(to_markdown(doc), title=doc.title, refs=doc.refs)` equals `doc`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token

from proofroom.domain.document.inline import as_code, plain
from proofroom.domain.document.model import (
    ArtifactDocument,
    Block,
    Chart,
    Computation,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Ref,
    Table,
    chart_of,
    column_of,
    computation_of,
    invalid,
    json_value,
    limit_blocks,
    limit_bytes,
    one_line,
    with_captions,
)

_OPINION = "[!opinion]"
_COMPUTED = re.compile(r"\{computed:(.*)\}", re.DOTALL)
_GUARDED = re.compile(r"([0-9]{0,9})\\([^\w\s])")


def _blocks_only() -> MarkdownIt:
    md = MarkdownIt("commonmark").enable("table").disable(["html_block", "code", "reference"])
    md.core.ruler.disable(["inline", "text_join"])
    return md


_MD = _blocks_only()


def parse_markdown(
    md: str, *, title: str | None = None, refs: Mapping[str, Ref] | None = None
) -> ArtifactDocument:
    """Reads Markdown or plain text. Without `title` the first heading of level 1 gives it.

    Raises InvalidInput `document_invalid` for a chart or computation that is not JSON, TooLarge beyond the
    limits.
    """
    md = re.sub(r"[\x00\ud800-\udfff]", "\ufffd", md)
    md = re.sub(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", "\n", md)
    limit_bytes(len(md.encode()))
    blocks = with_captions(_read(_MD.parse(md), md.split("\n")))
    limit_blocks(blocks)
    if title is None:
        title = next((plain(b.text).text for b in blocks if isinstance(b, Heading) and b.level == 1), "")
    return ArtifactDocument(one_line(title), blocks, dict(refs or {}))


def _read(tokens: Sequence[Token], lines: Sequence[str]) -> list[Block]:
    out: list[Block] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        end = _end(tokens, i)
        inside = tokens[i + 1 : end]
        match token.type:
            case "heading_open":
                text = re.sub(r"(?:^|(?<=\s))\\(\\*#+)$", r"\1", one_line(inside[0].content))
                if text:
                    out.append(Heading(min(int(token.tag[1]), 4), text))
            case "bullet_list_open" | "ordered_list_open":
                items = [_unguard(t) for t in _items(inside)]
                if items:
                    out.append(ListBlock(token.type == "ordered_list_open", tuple(items)))
            case "blockquote_open":
                out += _quote(inside)
            case "table_open":
                out.append(_table(inside, lines, len(out)))
            case "fence":
                out += _fence(token, len(out))
            case "paragraph_open":
                text = one_line(inside[0].content)
                before = out[-1] if out else None
                found = _COMPUTED.fullmatch(text)
                if found and isinstance(before, Table) and before.computed is None:
                    computed = _computation(found.group(1), len(out) - 1)
                    out[-1] = Table(before.columns, before.rows, before.caption, computed)
                elif text:
                    out.append(Paragraph(_unguard(text)))
            case _:
                pass  # a rule between parts carries no text
        i = end + 1
    return out


def _end(tokens: Sequence[Token], start: int) -> int:
    """The index of the token that closes the one at `start`; `start` itself where nothing is nested."""
    if tokens[start].nesting != 1:
        return start
    depth, i = 1, start
    while depth:
        i += 1
        depth += tokens[i].nesting
    return i


def _items(tokens: Sequence[Token]) -> list[str]:
    """The items of a list in reading order; the items of lists inside it follow the item that holds them."""
    items: list[list[str]] = []
    for token in tokens:
        if token.type == "list_item_open":
            items.append([])
        elif token.type == "inline":
            items[-1].append(token.content)
        elif token.type == "fence":
            items[-1].append(as_code(token.content))
    return [t for parts in items if (t := one_line(" ".join(parts)))]


def _quote(tokens: Sequence[Token]) -> list[Block]:
    texts = [
        one_line(t.content if t.type == "inline" else as_code(t.content))
        for t in tokens
        if t.type in ("inline", "fence")
    ]
    opinion = bool(texts) and texts[0].lower().startswith(_OPINION)
    if opinion:
        texts[0] = texts[0][len(_OPINION) :].strip()
    make = Opinion if opinion else Quote
    return [make(_unguard(t)) for t in texts if t]


def _table(tokens: Sequence[Token], lines: Sequence[str], index: int) -> Table:
    rows: list[list[str]] = []
    computed: Computation | None = None
    at: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
            at.append(token.map[0] if token.map else -1)
        elif token.type == "inline":
            rows[-1].append(one_line(token.content))
    head, body = rows[0], rows[1:]
    kept: list[tuple[str | None, ...]] = []
    for line, row in zip(at[1:], body, strict=True):
        found = _COMPUTED.fullmatch(lines[line].strip())
        if found:
            computed = _computation(found.group(1), index)
        else:
            kept.append(tuple(c or None for c in row))
    return Table(tuple(column_of(h) for h in head), tuple(kept), None, computed)


def _fence(token: Token, index: int) -> list[Block]:
    if token.info.strip().split(" ")[0] != "vega-lite":
        text = as_code(token.content)
        return [Paragraph(text)] if text else []
    path = f"blocks[{index}].spec"
    spec = _json(token.content, path)
    if not isinstance(spec, dict):
        invalid(path, "a chart is a JSON object")
    return [chart_of("", cast(Mapping[str, Any], spec), None, path)]


def _computation(text: str, index: int) -> Computation | None:
    path = f"blocks[{index}].computed"
    return computation_of(_json(text, path), path)


def _json(text: str, path: str) -> Any:
    try:
        return json_value(json.loads(text), path)
    except (ValueError, RecursionError) as error:
        invalid(path, f"it is not JSON ({str(error)[:120]})")


# Writing ------------------------------------------------------------------------------------------


def to_markdown(doc: ArtifactDocument) -> str:
    """The Markdown form. The title and the references stand beside it, not in it."""
    return write_blocks(doc.blocks, _guard)


def write_blocks(blocks: Sequence[Block], guard: Callable[[str], str]) -> str:
    """The blocks as Markdown; `guard` keeps the text of one from being read as another kind of block."""
    parts: list[str] = []
    mark = ""
    before: Block | None = None
    for block in blocks:
        same_kind = (
            isinstance(block, ListBlock) and isinstance(before, ListBlock) and before.ordered == block.ordered
        )
        # Two lists in a row would read as one: the second takes the other marker.
        mark = ("*" if mark == "-" else "-") if same_kind else "-"
        parts.append(_write(block, mark, guard))
        before = block
    return "\n\n".join(parts) + "\n" if parts else ""


def _write(block: Block, mark: str, guard: Callable[[str], str]) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {_heading(block.text)}"
        case Paragraph():
            return guard(block.text)
        case ListBlock():
            bullets = (
                f"{i}{'.' if mark == '-' else ')'}" if block.ordered else mark
                for i, _ in enumerate(block.items, start=1)
            )
            return "\n".join(f"{b} {guard(t)}" for b, t in zip(bullets, block.items, strict=True))
        case Quote():
            return f"> {guard(block.text)}"
        case Opinion():
            return f"> {_OPINION} {guard(block.text)}"
        case Table():
            return _write_table(block)
        case _:
            return _write_chart(block)


def _write_table(block: Table) -> str:
    def line(cells: Sequence[str | None]) -> str:
        return "| " + " | ".join((c or "").replace("|", "\\|") for c in cells) + " |"

    out = [line([c.label for c in block.columns]), "|" + " --- |" * len(block.columns)]
    out += [line(r) for r in block.rows]
    if block.computed is not None:
        out.append(f"{{computed: {json.dumps(block.computed.to_json(), ensure_ascii=False)}}}")
    if block.caption is not None:
        out = [f"Table: {block.caption}", "", *out]
    return "\n".join(out)


def _write_chart(block: Chart) -> str:
    spec = dict(block.spec)
    if block.title:
        spec["title"] = block.title
    if block.computed is not None:
        meta = dict(spec.get("usermeta", {}))
        meta["proofroom"] = {**meta.get("proofroom", {}), "computed": block.computed.to_json()}
        spec["usermeta"] = meta
    return f"```vega-lite\n{json.dumps(spec, ensure_ascii=False, indent=2)}\n```"


def _heading(text: str) -> str:
    # A run of # at the end would close the heading: it gets a backslash, which reading takes away again.
    return re.sub(r"((?:^|(?<=\s))\\*#+)$", r"\\\1", text)


def _guard(text: str) -> str:
    """The text so that Markdown reads it as one paragraph: `1999. It` would begin a list, `# x` a heading."""
    needs = (
        not _is_paragraph(text)
        or text.lower().startswith(_OPINION)
        or _COMPUTED.fullmatch(text) is not None
        or _GUARDED.match(text) is not None
    )
    return _barred(text) if needs else text


def guard_alone(text: str) -> str:
    """As for every reader of Markdown: text that is written here and not read back needs no more."""
    return text if not text or _is_paragraph(text) else _barred(text)


def _barred(text: str) -> str:
    at = len(text) - len(text.lstrip("0123456789"))  # the mark of a list follows its digits
    return f"{text[:at]}\\{text[at:]}"


def _unguard(text: str) -> str:
    found = _GUARDED.match(text)
    if found is None:
        return text
    bare = text[: found.end(1)] + text[found.end(1) + 1 :]
    return bare if _guard(bare) == text else text


def _is_paragraph(text: str) -> bool:
    tokens = _MD.parse(text)
    return len(tokens) == 3 and tokens[0].type == "paragraph_open" and tokens[1].content == text
