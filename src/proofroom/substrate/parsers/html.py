"""HTML: the readable text of a page with its headings, paragraphs, lists and tables.

Scripts, styles, forms and whatever is hidden are left out, navigation too; trafilatura chooses the content of a
page that has more around it. The text is ours, so offsets are exact in it. Nothing is loaded and nothing is run.
"""

import re
from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any, TypeAlias

from lxml import etree as _etree  # pyright: ignore[reportMissingTypeStubs, reportAttributeAccessIssue, reportUnknownVariableType]
from lxml import html as _html  # pyright: ignore[reportMissingTypeStubs]

from proofroom.domain.errors import InvalidInput
from proofroom.substrate.extracted import BlockDraft, BlockKind, Extracted, Limits, Table
from proofroom.substrate.parsers import html_content
from proofroom.substrate.parsers.delimited import column_names, column_types, refuse_size, row_blocks
from proofroom.substrate.parsers.html_hidden import Hidden
from proofroom.substrate.parsers.html_tables import read_table, text_of
from proofroom.substrate.segmentation import MAX_CHARS, heading_text, split_long

etree: Any = _etree  # pyright: ignore[reportUnknownVariableType]  # the library has no types
html: Any = _html
Element: TypeAlias = Any

EXTRACTOR = "proofroom-html/3 (lxml 6)"
CHOSEN = "proofroom-html/3 (lxml 6, trafilatura 2)"  # trafilatura said which part of the page is its content
_DROPPED = frozenset(
    {
        "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math", "canvas",
        "form",
        "button", "select", "input", "textarea", "nav", "footer", "aside", "dialog", "audio", "video",
        "map", "head",
        "menu", "applet", "frameset", "datalist",
    }
)  # fmt: skip
_DROPPED_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "dialog", "alert"}
)
_PARTS = frozenset({"article", "main", "section"})  # a header of one is part of the content
_BLOCKS = frozenset(
    {
        "address", "article", "body", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main",
        "ol", "p",
        "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "caption",
    }
)  # fmt: skip
_WORTH_SAYING = 20  # signs: less is the label of a button or an icon
_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe"})  # holds no text of the page
_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_ENOUGH = 200  # characters that a <main> or <article> must hold to stand for the page


def parse(text: str, *, limits: Limits, whole: bool = False) -> Extracted:
    """The readable text; with `whole` no content is chosen, for what is no page of a site.

    Raises InvalidInput (`no_text`, `unreadable_file`)."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise InvalidInput(
            "unreadable_file", "The HTML holds nothing that can be read.", "Save the page again, or as a PDF."
        ) from error
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        raise too_deep()
    title = _title(tree)
    notes: list[str] = []
    shown = Hidden(tree)
    lost = _drop(tree, lambda element, _: shown.holds(element))
    if lost >= _WORTH_SAYING:
        notes.append(f"Text that the page does not show was left out: {lost:,} characters.")
    found = None if whole else html_content.content(tree)
    root = tree if found is None else found.root
    _drop(root, _is_dropped)
    reader = _Reader(limits)
    reader.read(_main(tree) if found is None else root)
    if not reader.blocks and found is not None:  # nothing is left of what was chosen
        _drop(tree, _is_dropped)
        found = None
        reader.read(_main(tree))
    if not reader.blocks:
        raise InvalidInput(
            "no_text",
            "The page holds no readable text; perhaps a script would have written it.",
            "Open it in a browser, save it as a PDF or copy its text, and add that.",
        )
    words = "".join(reader.parts)
    return Extracted(
        words,
        "text/html",
        EXTRACTOR if found is None else CHOSEN,
        tuple(reader.blocks),
        tables=tuple(reader.tables),
        title=(found.title if found is not None else None) or title or reader.first,
        notes=(*notes, *(found.notes if found is not None else ())),
    )


def too_deep() -> InvalidInput:
    return InvalidInput(
        "parse_too_deep",
        "The page is nested too deeply to be read completely.",
        "Open it in a browser, save it as a PDF or copy its text, and add that.",
    )


def _title(tree: Element) -> str | None:
    for found in tree.iter("title"):
        words = heading_text("".join(found.itertext()))
        if words:
            return words
    return None


def _drop(root: Element, is_gone: Callable[[Element, bool], bool]) -> int:
    """Takes elements within `root` out; answers how many letters and other signs went with them.

    `is_gone` is asked of an element and whether it stands in a part of the content (`_PARTS`).
    """
    gone = _outermost(root, is_gone)
    lost = 0
    for element in gone:
        if element.tag not in _SILENT:
            lost += sum(len("".join(part.split())) for part in element.itertext())
    for parent in dict.fromkeys(element.getparent() for element in gone):
        _take_out(parent, gone)
    return lost


def _outermost(root: Element, is_gone: Callable[[Element, bool], bool]) -> dict[Element, None]:
    """Those elements within `root` that are to go and do not stand in another one that goes, in their order."""
    gone: dict[Element, None] = {}
    parts = sum(above.tag in _PARTS for above in root.iterancestors())
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if event == "end":
            parts -= element.tag in _PARTS and element not in gone
        elif element is not root and (event != "start" or is_gone(element, parts > 0)):
            gone[element] = None
            if event == "start":
                walk.skip_subtree()
        elif event == "start":
            parts += element.tag in _PARTS
    return gone


def _take_out(parent: Element, gone: Container[Element]) -> None:
    """Takes those children out; what stands behind them belongs to the page, and goes behind what is before them."""
    before: Element | None = None
    left: list[str] = []

    def put() -> None:
        if left and before is None:
            parent.text = " ".join((parent.text or "", *left))
        elif left and before is not None:
            before.tail = " ".join((before.tail or "", *left))
        left.clear()

    for child in list(parent):
        if child not in gone:
            put()
            before = child
            continue
        if child.tail:
            left.append(child.tail)
        parent.remove(child)
    put()


def _is_dropped(element: Element, within_part: bool) -> bool:
    tag = element.tag
    return (
        tag in _DROPPED
        or (element.get("role") or "").lower() in _DROPPED_ROLES
        or (tag == "header" and not within_part)
    )


def _main(tree: Element) -> Element:
    """The one element that holds the content, if the page names it and it is not nearly empty."""
    for query in (".//main", ".//*[@role='main']", ".//article"):
        found = [element for element in tree.iterfind(query) if _size(element) >= _ENOUGH]
        if len(found) == 1:
            return found[0]
    return tree


def _size(element: Element) -> int:
    return sum(len(part.strip()) for part in element.itertext())


class _Reader:
    """Walks the tree once and writes the text with its blocks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts: list[str] = []
        self.length = 0
        self.blocks: list[BlockDraft] = []
        self.tables: list[Table] = []
        self.heading: str | None = None
        self.first: str | None = None
        self.inline: list[str] = []
        self.around: list[str] = []

    def read(self, root: Element) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = str(element.tag)
            if event == "start":
                if tag in _BLOCKS:
                    self.flush()
                if tag == "table" and self.table(element):
                    walk.skip_subtree()
                    self.around.append("skipped")
                    continue
                self.around.append(tag)
                if tag == "br":
                    self.inline.append("\n")
                self.inline.append(self.words(element.text))
            else:
                if tag in _BLOCKS and self.around[-1] != "skipped":
                    self.flush()
                self.around.pop()
                if element is not root:
                    self.inline.append(self.words(element.tail))
        self.flush()

    def words(self, text: str | None) -> str:
        if not text:
            return ""
        return text if "pre" in self.around else _SPACE.sub(" ", text)

    def flush(self) -> None:
        words = "".join(self.inline)
        self.inline.clear()
        pre = "pre" in self.around
        if not pre:
            words = "\n".join(" ".join(line.split(" ")).strip() for line in words.split("\n"))
            words = re.sub(r" {2,}", " ", words)
        words = words.strip()
        if not words:
            return
        kind = self.kind()
        if kind == "heading" and len(words) > MAX_CHARS:
            kind = "paragraph"
        start, end = self.put(words, "\n" if kind == "list_item" else "\n\n")
        if kind == "heading":
            self.heading = heading_text(words)
            self.first = self.first or self.heading
            self.blocks.append(BlockDraft("heading", start, end))
        else:
            self.blocks.extend(
                BlockDraft(kind, start + s, start + e, None, self.heading)
                for s, e in split_long(words, 0, len(words))
            )

    def kind(self) -> BlockKind:
        for tag in reversed(self.around):
            if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
                return "heading"
            if tag in ("li", "dd", "dt"):
                return "list_item"
            if tag == "blockquote":
                return "quote"
            if tag == "pre":
                return "code"
        return "paragraph"

    def put(self, words: str, gap: str) -> tuple[int, int]:
        if self.length:
            self.parts.append(gap)
            self.length += len(gap)
        start = self.length
        self.parts.append(words)
        self.length += len(words)
        return start, self.length

    def table(self, element: Element) -> bool:
        """Writes a table of data; False when it only arranges the page."""
        if (element.get("role") or "").lower() in ("presentation", "none"):
            return False
        if next(element.iterfind(".//table"), None) is not None:
            return False
        rows, names = read_table(element, self.limits.table_columns)
        width = max((len(row) for row in rows), default=0)
        if len(rows) < 2 or width < 2:
            return False
        if width > self.limits.table_columns:
            return False
        caption = next((heading_text(text_of(c)) for c in element.iterfind("caption")), "")
        if caption:
            start, end = self.put(caption, "\n\n")
            self.blocks.append(BlockDraft("paragraph", start, end, None, self.heading))
        number = len(self.tables)
        heads = len(names.rows)
        columns = column_names(names.names(width) if heads else None, width)
        data = rows[heads:]
        refuse_size(width, len(data), self.limits)
        cells = tuple(tuple(row + [""] * (width - len(row))) for row in data)
        self.tables.append(
            Table(
                caption or self.heading or f"Table {number + 1}", columns, column_types(cells, width), cells
            )
        )
        lines = [" | ".join(row) for row in rows]
        base, _ = self.put("\n".join(lines), "\n\n")
        spans: list[tuple[int, int]] = []
        at = 0
        for line in lines:
            spans.append((at, at + len(line)))
            at += len(line) + 1
        heading = heading_text(" | ".join(filter(None, (self.heading, *(columns if heads else ()))))) or None
        text = "\n".join(lines)
        drafts = list(row_blocks(text, spans[heads:], heading=heading, table=number))
        drafts[:0] = (
            BlockDraft("table_header", s, e, None, self.heading, meta={"table": number})
            for span in spans[:heads]
            for s, e in split_long(text, *span)
        )
        self.blocks.extend(
            replace(draft, char_start=base + draft.char_start, char_end=base + draft.char_end)
            for draft in drafts
        )
        return True
