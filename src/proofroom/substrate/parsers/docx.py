"""Word documents: headings, paragraphs, lists, tables, notes and text boxes, in reading order.

Read from the parts themselves: insertions are text, deletions and hidden text are not, headers and footers
are left out. A DOCX has no pages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from proofroom.domain.errors import InvalidInput
from proofroom.substrate.extracted import BlockKind, Extracted, Limits
from proofroom.substrate.parsers.archive import damaged
from proofroom.substrate.parsers.delimited import is_number, refuse_size
from proofroom.substrate.parsers.grids import write_grid
from proofroom.substrate.parsers.ooxml import (
    MACROS_NOTE,
    Element,
    Package,
    attribute,
    child,
    children,
    chosen,
    inside,
    is_on,
    local,
)
from proofroom.substrate.parsers.writing import Writer, one_line

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXTRACTOR = "proofroom-docx/1 (lxml 6)"

# Wrappers whose content stands where they stand.
_WRAPPERS = frozenset(
    {"ins", "moveTo", "hyperlink", "smartTag", "customXml", "fldSimple", "sdtContent", "dir", "bdo"}
)
_DELETED = frozenset({"del", "moveFrom"})
_MAX_SPAN = 1_000
_TINY = 3  # half points: nobody reads text of a point and a half


@dataclass(slots=True)
class _Style:
    """`level` is None for text; 0 is a title."""

    level: int | None = None
    listed: bool = False
    quoted: bool = False
    hidden: bool = False
    contents: bool = False


@dataclass(slots=True)
class _Seen:
    """What is left out or deserves a remark."""

    insertions: int = 0
    deletions: int = 0
    hidden: int = 0
    comments: bool = False
    foreign: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def parse(package: Package, *, limits: Limits) -> Extracted:
    """Raises InvalidInput (`unreadable_file`, `unsafe_file`, `no_text`, `parse_too_deep`) and TooLarge."""
    archive = package.archive
    root = archive.xml(package.main)
    body = child(root, "body")
    if body is None:
        raise damaged("Its main part has no body.")
    styles_part = package.first(package.main, "styles")
    styles = _styles(archive.xml(styles_part)) if styles_part else {}
    reader = _Reader(Writer(limits), styles)
    reader.content(body)
    for kind, name in (("footnote", "Footnotes"), ("endnote", "Endnotes")):
        wanted = [key for which, key in reader.seen.notes if which == kind]
        part = package.first(package.main, f"{kind}s") if wanted else None
        if part:
            reader.footnotes(archive.xml(part), kind, name, wanted)
    writer = reader.writer
    if not writer.blocks:
        raise InvalidInput(
            "no_text",
            "The document holds no readable text; perhaps its pages are pictures.",
            "Run text recognition (OCR) on it and add the result.",
        )
    reader.remarks()
    if package.macros:
        writer.notes.append(MACROS_NOTE)
    return writer.extracted(CONTENT_TYPE, EXTRACTOR)


def _styles(root: Element) -> dict[str, _Style]:
    """The styles by id, with what they take from those they are based on."""
    elements = {attribute(e, "styleId") or "": e for e in children(root, "style")}
    found: dict[str, _Style] = {}
    for key in elements:
        style = _Style()
        level: int | None = None
        at: str | None = key
        passed: set[str] = set()
        while at in elements and at not in passed:
            assert at is not None
            passed.add(at)
            element = elements[at]
            name = (_val(child(element, "name")) or at).casefold()
            if level is None:
                level = _level(name, child(element, "pPr"))
            style.listed |= name.startswith("list ") or child(element, "pPr", "numPr") is not None
            style.quoted |= name in ("quote", "intense quote", "block text")
            style.contents |= re.fullmatch(r"toc \d", name) is not None
            style.hidden |= is_on(child(element, "rPr", "vanish"))
            at = _val(child(element, "basedOn"))
        style.level = level if level is not None and level < 10 else None
        found[key] = style
    return found


def _level(name: str, properties: Element | None) -> int | None:
    """1 to 9 for a heading, 0 for a title, 10 for what says that it is none, None for what says nothing."""
    if name == "title":
        return 0
    if name.startswith("heading ") and name[8:].isdigit() and name[8:].isascii():
        return min(int(name[8:]) or 1, 9)
    outline = _val(child(properties, "outlineLvl"))
    if outline is not None and outline.isascii() and outline.isdigit():
        return int(outline) + 1 if int(outline) < 9 else 10
    return None


def _val(element: Element | None) -> str | None:
    return None if element is None else attribute(element, "val")


class _Reader:
    """Walks a document and writes its text."""

    def __init__(self, writer: Writer, styles: Mapping[str, _Style]) -> None:
        self.writer = writer
        self.styles = styles
        self.seen = _Seen()

    def content(self, elements: Iterable[Element]) -> None:
        """Paragraphs and tables of a body, a cell or a text box."""
        for element in elements:
            match local(element):
                case "p":
                    self.paragraph(element)
                case "tbl":
                    self.table(element)
                case "sdt":
                    self.content(inside(element, "sdtContent"))
                case "AlternateContent":
                    self.content(chosen(element))
                case "altChunk":
                    self.seen.foreign += 1
                case name if name in _DELETED:
                    self.seen.deletions += 1
                case name if name in _WRAPPERS:
                    self.content(element)
                case _:
                    pass

    def paragraph(self, element: Element) -> None:
        boxes: list[Element] = []
        words = self.words(element, boxes)
        properties = child(element, "pPr")
        style = self.style(properties)
        level = _level("", properties)
        level = style.level if level is None else level if level < 10 else None
        numbered = child(properties, "numPr")
        listed = style.listed if numbered is None else (_val(child(numbered, "numId")) or "0") != "0"
        if style.contents:
            return  # a table of contents repeats the headings
        if level is not None:
            self.writer.write_heading(one_line(words))
        else:
            kind: BlockKind = "list_item" if listed else "quote" if style.quoted else "paragraph"
            self.writer.write(words, kind)
        for box in boxes:
            self.content(box)

    def style(self, properties: Element | None) -> _Style:
        return self.styles.get(_val(child(properties, "pStyle")) or "", _Style())

    def words(self, paragraph: Element, boxes: list[Element]) -> str:
        """The text of a paragraph; text boxes that are anchored in it are put into `boxes`."""
        parts: list[str] = []
        properties = child(paragraph, "pPr")
        hidden = self.style(properties).hidden
        self.inline(paragraph, parts, boxes, hidden)
        return "".join(parts)

    def inline(self, around: Iterable[Element], parts: list[str], boxes: list[Element], hidden: bool) -> None:
        for element in around:
            name = local(element)
            if name == "r":
                self.run(element, parts, boxes, hidden)
            elif name in _DELETED:
                self.seen.deletions += 1
            elif name in _WRAPPERS:
                self.seen.insertions += name == "ins"
                self.inline(element, parts, boxes, hidden)
            elif name == "sdt":
                self.inline(inside(element, "sdtContent"), parts, boxes, hidden)
            elif name == "AlternateContent":
                self.inline(chosen(element), parts, boxes, hidden)
            elif name in ("oMath", "oMathPara"):
                parts.extend(str(e.text) for e in element.iter() if local(e) == "t" and e.text)
            elif name == "commentRangeStart":
                self.seen.comments = True

    def run(self, run: Element, parts: list[str], boxes: list[Element], hidden: bool) -> None:
        properties = child(run, "rPr")
        style = self.styles.get(_val(child(properties, "rStyle")) or "")
        vanish = child(properties, "vanish")
        hidden = is_on(vanish) if vanish is not None else hidden or (style is not None and style.hidden)
        size = _val(child(properties, "sz")) or ""
        hidden = hidden or (size.isascii() and size.isdigit() and int(size[:6]) <= _TINY)
        if hidden:
            self.seen.hidden += any(e.text and e.text.strip() for e in run.iter() if local(e) == "t")
            return
        self.pieces(run, parts, boxes)

    def pieces(self, run: Iterable[Element], parts: list[str], boxes: list[Element]) -> None:
        for element in run:
            match local(element):
                case "t":
                    parts.append(str(element.text or ""))
                case "tab" | "ptab":
                    parts.append("\t")
                case "br" | "cr":
                    parts.append("\n")
                case "noBreakHyphen":
                    parts.append("\u2011")
                case "sym":
                    parts.append(_symbol(attribute(element, "char")))
                case "ruby":
                    self.inline(inside(element, "rubyBase"), parts, boxes, hidden=False)
                case "footnoteReference" | "endnoteReference" as name:
                    self.seen.notes.append((name[: -len("Reference")], attribute(element, "id") or ""))
                case "AlternateContent":
                    self.pieces(chosen(element), parts, boxes)
                case "drawing" | "pict" | "object":
                    boxes.extend(_text_boxes(element))
                case _:
                    pass

    def table(self, element: Element) -> None:
        """A table; one of a single row or column only arranges the page, and its content is read instead."""
        rows = [row for row in self.rows(element) if row.cells]
        nested: list[Element] = []
        if len(rows) < 2 or max(len(row.cells) for row in rows) < 2:
            for row in rows:
                for cell in row.cells:
                    self.content(cell)
            return
        grid, spread = self.grid(rows, nested)
        name = self.writer.heading or f"Table {len(self.writer.tables) + 1}"
        headers = next((n for n, row in enumerate(rows) if not row.header), 0)
        write_grid(self.writer, name, grid, spread=spread, headers=headers)
        for inner in nested:
            self.content((inner,))

    def grid(self, rows: list["_Row"], nested: list[Element]) -> tuple[list[list[str]], dict[int, list[str]]]:
        """The cells, and the rows in which cells span columns with their words in all of them."""
        above: dict[int, str] = {}
        grid: list[list[str]] = []
        spread: dict[int, list[str]] = {}
        for n, row in enumerate(rows):
            line, full = [""] * row.before, [""] * row.before
            for cell in row.cells:
                properties = child(cell, "tcPr")
                merge = child(properties, "vMerge")
                span = _count(child(properties, "gridSpan"), 1)
                words = self.cell(cell, nested)
                at = len(line)
                if merge is not None and _val(merge) != "restart":
                    words = above.get(at, "")
                elif merge is not None and not is_number(words):
                    above[at] = words  # a label counts for each of its rows; a figure only once
                else:
                    above.pop(at, None)
                line.extend((words, *[""] * (span - 1)))
                full.extend([words] * span)
                if span > 1 and words:
                    spread[n] = full
            grid.append(line)
            refuse_size(len(line), len(rows), self.writer.limits)
        width = max(map(len, grid))
        for line in (*grid, *spread.values()):
            line.extend([""] * (width - len(line)))
        return grid, spread

    def rows(self, around: Iterable[Element]) -> Iterator["_Row"]:
        for element in around:
            name = local(element)
            if name == "tr":
                properties = child(element, "trPr")
                if child(properties, "del") is not None:
                    self.seen.deletions += 1
                    continue
                self.seen.insertions += child(properties, "ins") is not None
                before = _count(child(properties, "gridBefore"), 0)
                yield _Row(before, list(_tagged(element, "tc")), is_on(child(properties, "tblHeader")))
            elif name == "sdt":
                yield from self.rows(inside(element, "sdtContent"))
            elif name in _WRAPPERS:
                yield from self.rows(element)

    def cell(self, around: Iterable[Element], nested: list[Element]) -> str:
        """The text of a cell, its paragraphs on one line; tables in it are put into `nested`."""
        words: list[str] = []
        for element in around:
            name = local(element)
            if name == "p":
                boxes: list[Element] = []
                words.append(self.words(element, boxes))
                words.extend(self.cell(box, nested) for box in boxes)
            elif name == "tbl":
                nested.append(element)
            elif name == "sdt":
                words.append(self.cell(inside(element, "sdtContent"), nested))
            elif name in _WRAPPERS:
                words.append(self.cell(element, nested))
        return one_line(" ".join(words))

    def footnotes(self, root: Element, kind: str, name: str, wanted: list[str]) -> None:
        """The notes in the order in which the text refers to them, under a heading."""
        notes = {attribute(e, "id") or "": e for e in children(root, kind)}
        self.writer.write_heading(name)
        for number, key in enumerate(dict.fromkeys(wanted), 1):
            if key in notes:
                words = self.cell(notes[key], [])
                self.writer.write(f"[{number}] {words}" if words else "")

    def remarks(self) -> None:
        seen, notes = self.seen, self.writer.notes
        if seen.insertions or seen.deletions:
            notes.append(
                "The document has tracked changes: insertions were read as text, deletions were left out."
            )
        if seen.hidden:
            notes.append(f"Hidden text was left out ({seen.hidden} {_plural('passage', seen.hidden)}).")
        if seen.comments:
            notes.append("Comments were left out.")
        if seen.foreign:
            notes.append("Content that is embedded in another format was left out.")


@dataclass(frozen=True, slots=True)
class _Row:
    """`before` counts the columns that the row leaves free at its beginning."""

    before: int
    cells: list[Element]
    header: bool


def _tagged(around: Iterable[Element], name: str) -> Iterator[Element]:
    """The elements of a name, also in content controls and other wrappers."""
    for element in around:
        if local(element) == name:
            yield element
        elif local(element) == "sdt":
            yield from _tagged(inside(element, "sdtContent"), name)
        elif local(element) in _WRAPPERS:
            yield from _tagged(element, name)


def _text_boxes(drawing: Element) -> Iterator[Element]:
    """Contents of the text boxes of a drawing, those inside others left to these."""
    for element in drawing:
        if local(element) == "txbxContent":
            yield element
        elif local(element) == "AlternateContent":
            for pick in chosen(element):
                yield from _text_boxes((pick,))
        else:
            yield from _text_boxes(element)


def _count(element: Element | None, least: int) -> int:
    given = _val(element) or ""
    return max(least, min(int(given[:6]), _MAX_SPAN)) if given.isascii() and given.isdigit() else least


def _symbol(code: str | None) -> str:
    """A sign of a symbol font; those of private use mean nothing outside it."""
    try:
        number = int(code or "", 16)
    except ValueError:
        return ""
    return chr(number) if 32 <= number < 0xD800 else ""


def _plural(word: str, count: int) -> str:
    return word if count == 1 else word + "s"
