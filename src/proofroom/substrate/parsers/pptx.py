"""PowerPoint presentations: a page for each slide, with its title, texts, tables and speaker notes.

Read from the parts themselves, so that one damaged slide does not lose the others. Shapes come in the order
in which they stand on the slide: from above, then from the left.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.extracted import BlockKind, Extracted, Limits, Report, unheard
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
    local,
)
from proofroom.substrate.parsers.writing import Writer, one_line

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
EXTRACTOR = "proofroom-pptx/1 (lxml 6)"
NOTES = "Notes"

_TITLES = frozenset({"title", "ctrTitle"})
_FURNITURE = frozenset({"dt", "ftr", "sldNum", "hdr", "sldImg"})  # date, footer, number, picture of the slide
_BODY = frozenset({"body", "obj", ""})
_ROW = 182_880  # a fifth of an inch in EMU: shapes whose tops differ by less stand side by side
_DRAWN = ("/chart", "/diagram")

Place = tuple[int, int]


@dataclass(slots=True)
class _Seen:
    hidden_slides: list[str] = field(default_factory=list[str])
    damaged: list[str] = field(default_factory=list[str])
    hidden_shapes: int = 0
    drawings: int = 0


def parse(package: Package, *, limits: Limits, report: Report = unheard) -> Extracted:
    """Raises InvalidInput (`unreadable_file`, `unsafe_file`, `no_text`) and TooLarge (`too_many_pages`, …)."""
    archive = package.archive
    root = archive.xml(package.main)
    related = package.related(package.main)
    ids = [_relation_id(e) for e in children(child(root, "sldIdLst"), "sldId")]
    slides = [related[key].target for key in ids if key in related]
    if not slides:
        raise InvalidInput("no_text", "The presentation has no slides.", "Add one that has text.")
    if len(slides) > limits.pages:
        raise TooLarge(
            "too_many_pages",
            f"The presentation has {len(slides):,} slides; {limits.pages:,} are the most that can be read.",
            "Split it into several files.",
        )
    reader = _Reader(package, Writer(limits))
    for number, part in enumerate(slides, 1):
        report(number - 1, len(slides), "slides")
        reader.writer.open_page(number)
        try:
            slide = archive.xml(part)
        except InvalidInput as error:
            if error.code != "unreadable_file" or len(slides) == 1:
                raise
            reader.seen.damaged.append(str(number))
            continue
        reader.slide(number, part, slide)
    writer, seen = reader.writer, reader.seen
    if not writer.blocks:
        if seen.damaged:
            raise damaged("None of its slides can be read.")
        raise InvalidInput(
            "no_text",
            "The slides hold no text; perhaps they are pictures.",
            "Run text recognition (OCR) on them and add the result.",
        )
    writer.notes.extend(_remarks(seen))
    if package.macros:
        writer.notes.append(MACROS_NOTE)
    return writer.extracted(CONTENT_TYPE, EXTRACTOR)


def _remarks(seen: _Seen) -> Iterator[str]:
    for numbers, said in (
        (seen.hidden_slides, "Hidden, and read all the same"),
        (seen.damaged, "Damaged, and left out"),
    ):
        if numbers:
            yield f"{said}: slide {', '.join(numbers[:20])}{' …' if len(numbers) > 20 else ''}."
    if seen.hidden_shapes:
        yield f"Hidden shapes were left out ({seen.hidden_shapes})."
    if seen.drawings:
        yield f"Charts and diagrams were left out ({seen.drawings})."


class _Reader:
    def __init__(self, package: Package, writer: Writer) -> None:
        self.package = package
        self.writer = writer
        self.seen = _Seen()
        self._places: dict[str, Mapping[tuple[str, str], Place]] = {}

    def slide(self, number: int, part: str, root: Element) -> None:
        self.writer.hidden = (root.get("show") or "1") in ("0", "false", "off")
        if self.writer.hidden:
            self.seen.hidden_slides.append(str(number))
        tree = child(root, "cSld", "spTree")
        shapes = list(self.ordered(tree if tree is not None else (), self.inherited(part)))
        for shape in shapes:
            if _placeholder(shape)[0] in _TITLES:
                self.writer.write_heading(" ".join(text for text, _ in _paragraphs(shape)))
        for shape in shapes:
            if _placeholder(shape)[0] not in _TITLES:
                self.shape(shape)
        self.notes(part)
        self.writer.hidden = False

    def inherited(self, part: str) -> Mapping[tuple[str, str], Place]:
        """Where the placeholders of a slide stand by its layout, and by the master of that."""
        layout = self.package.first(part, "slideLayout")
        if layout is None:
            return {}
        if layout not in self._places:
            found: dict[tuple[str, str], Place] = {}
            for each in (self.package.first(layout, "slideMaster"), layout):
                try:
                    tree = child(self.package.archive.xml(each), "cSld", "spTree") if each else None
                except InvalidInput as error:
                    if error.code != "unreadable_file":
                        raise
                    continue  # a damaged layout loses places, no text
                for shape in tree if tree is not None else ():
                    kind, index = _placeholder(shape)
                    place = _own_place(shape)
                    if kind is not None and place is not None:
                        found[(kind, "")] = place
                        found[("", index)] = place
            self._places[layout] = found
        return self._places[layout]

    def ordered(
        self, shapes: Iterable[Element], inherited: Mapping[tuple[str, str], Place]
    ) -> Iterator[Element]:
        """The shapes by where they stand; those of a group together, where the group stands."""
        found: list[tuple[Place, int, Element]] = []
        for n, shape in enumerate(_shapes(shapes)):
            properties = next(
                (child(e, "cNvPr") for e in shape if local(e).startswith("nv") and local(e).endswith("Pr")),
                None,
            )
            if properties is not None and (properties.get("hidden") or "0") in ("1", "true", "on"):
                self.seen.hidden_shapes += 1
                continue
            kind, index = _placeholder(shape)
            if kind in _FURNITURE:
                continue
            place = _own_place(shape)
            if place is None and kind is not None:
                place = inherited.get(("", index)) if index else None
                place = place or inherited.get((kind, ""))
            top, left = place or (0, 0)
            found.append(((top // _ROW, left), n, shape))
        for _, _, shape in sorted(found, key=lambda one: one[:2]):
            if local(shape) == "grpSp":
                yield from self.ordered(shape, {})
            else:
                yield shape

    def shape(self, shape: Element) -> None:
        if local(shape) == "graphicFrame":
            data = child(shape, "graphic", "graphicData")
            table = child(data, "tbl")
            if table is not None:
                self.table(table)
            elif data is not None and (data.get("uri") or "").endswith(_DRAWN):
                self.seen.drawings += 1
            return
        body = _placeholder(shape)[0] in _BODY
        for words, bullet in _paragraphs(shape):
            listed = body if bullet is None else bullet
            kind: BlockKind = "list_item" if listed else "paragraph"
            self.writer.write(words, kind)

    def table(self, table: Element) -> None:
        grid: list[list[str]] = []
        spread: dict[int, list[str]] = {}
        rows = list(children(table, "tr"))
        for n, row in enumerate(rows):
            line: list[str] = []
            full: list[str] = []
            for at, cell in enumerate(children(row, "tc")):
                words = one_line(" ".join(text for text, _ in _paragraphs(cell)))
                across = _flag(cell, "hMerge")
                if _flag(cell, "vMerge") and grid and at < len(grid[-1]) and not is_number(grid[-1][at]):
                    words = grid[-1][at]  # a label counts for each of its rows; a figure only once
                line.append("" if across else words)
                full.append(full[-1] if across and full else words)
                if across:
                    spread[n] = full
            grid.append(line)
            refuse_size(len(line), len(rows), self.writer.limits)
        width = max(map(len, grid), default=0)
        if not any(any(line) for line in grid):
            return
        for line in (*grid, *spread.values()):
            line.extend([""] * (width - len(line)))
        name = self.writer.heading or f"Table {len(self.writer.tables) + 1}"
        first = child(table, "tblPr")
        headers = 1 if first is not None and _flag(first, "firstRow") and not spread else 0
        write_grid(self.writer, name, grid, spread=spread, headers=headers if len(grid) > 1 else 0)

    def notes(self, part: str) -> None:
        notes = self.package.first(part, "notesSlide")
        if notes is None:
            return
        try:
            tree = child(self.package.archive.xml(notes), "cSld", "spTree")
        except InvalidInput as error:
            if error.code != "unreadable_file":
                raise
            return
        said = [
            words
            for shape in _shapes(tree if tree is not None else ())
            if _placeholder(shape)[0] in ("body", None)
            for words, _ in _paragraphs(shape)
            if words.strip()
        ]
        if said:
            self.writer.write_heading(NOTES)
            for words in said:
                self.writer.write(words)


def _shapes(around: Iterable[Element]) -> Iterator[Element]:
    for element in around:
        if local(element) == "AlternateContent":
            yield from _shapes(chosen(element))
        elif local(element) in ("sp", "grpSp", "graphicFrame", "cxnSp", "pic"):
            yield element


def _placeholder(shape: Element) -> tuple[str | None, str]:
    """(type, index) of a placeholder; the type is None for other shapes, "" where it is not said."""
    for element in shape:
        name = local(element)
        if name.startswith("nv") and name.endswith("Pr"):
            found = child(element, "nvPr", "ph")
            if found is not None:
                return found.get("type") or "", found.get("idx") or ""
    return None, ""


def _own_place(shape: Element) -> Place | None:
    """(top, left) in EMU."""
    frame = child(shape, "xfrm")
    for name in ("spPr", "grpSpPr"):
        frame = frame if frame is not None else child(shape, name, "xfrm")
    offset = child(frame, "off")
    if offset is None:
        return None
    try:
        return int(offset.get("y") or "0"), int(offset.get("x") or "0")
    except ValueError:
        return None


def _paragraphs(shape: Element) -> list[tuple[str, bool | None]]:
    """(text, whether it has a bullet; None where the shape decides) of each paragraph."""
    found: list[tuple[str, bool | None]] = []
    for paragraph in children(child(shape, "txBody"), "p"):
        parts: list[str] = []
        for element in _runs(paragraph):
            match local(element):
                case "r" | "fld":
                    text = child(element, "t")
                    parts.append(str(text.text or "") if text is not None else "")
                case "br":
                    parts.append("\n")
                case "oMath" | "oMathPara":
                    parts.extend(str(e.text) for e in element.iter() if local(e) == "t" and e.text)
                case _:
                    pass
        properties = child(paragraph, "pPr")
        bullet: bool | None = None
        for mark in properties if properties is not None else ():
            if local(mark) in ("buChar", "buAutoNum", "buBlip"):
                bullet = True
            elif local(mark) == "buNone":
                bullet = False
        words = "".join(parts).replace("\v", "\n")
        if words.strip():
            found.append((words, bullet))
    return found


def _runs(paragraph: Element) -> Iterator[Element]:
    for element in paragraph:
        if local(element) == "AlternateContent":
            yield from chosen(element)
        elif local(element) == "m":
            yield from element
        else:
            yield element


def _flag(element: Element, name: str) -> bool:
    return (attribute(element, name) or "0") in ("1", "true", "on")


def _relation_id(element: Element) -> str:
    """`r:id`, which stands beside an `id` without a namespace."""
    return next((str(v) for key, v in element.items() if key.startswith("{") and key.endswith("}id")), "")
