"""What Word, PowerPoint and Excel files have in common: a ZIP package of XML parts with relations (ECMA-376).

Elements and attributes are told by their local names, so that files of the strict variant, whose namespaces
are others, read alike.
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from proofroom.substrate.parsers.archive import Archive, damaged

Element: TypeAlias = Any
OfficeKind: TypeAlias = Literal["docx", "pptx", "xlsx"]

_TYPES = "[Content_Types].xml"
_MAIN: Mapping[str, OfficeKind] = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml": "docx",
    "application/vnd.ms-word.document.macroenabled.main+xml": "docx",
    "application/vnd.ms-word.template.macroenabledtemplate.main+xml": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml": "pptx",
    "application/vnd.ms-powerpoint.presentation.macroenabled.main+xml": "pptx",
    "application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml": "pptx",
    "application/vnd.ms-powerpoint.template.macroenabled.main+xml": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml": "xlsx",
    "application/vnd.ms-excel.sheet.macroenabled.main+xml": "xlsx",
    "application/vnd.ms-excel.template.macroenabled.main+xml": "xlsx",
    "application/vnd.ms-excel.addin.macroenabled.main+xml": "xlsx",
}
_BINARY_WORKBOOK = "application/vnd.ms-excel.sheet.binary.macroenabled.main"
MACROS_NOTE = "The file holds macros; it was read without them."


@dataclass(frozen=True, slots=True)
class Relation:
    """`type` is the last word of the relation's type, such as "slide"; `target` a member's name."""

    type: str
    target: str


@dataclass(frozen=True, slots=True)
class Package:
    """An Office file. `main` is the member with the document, the presentation or the workbook."""

    archive: Archive
    kind: OfficeKind
    main: str
    macros: bool = False

    def related(self, part: str) -> dict[str, Relation]:
        """The relations of a part by their ids; those that lead outside the file are left out."""
        folder, name = posixpath.split(part)
        return _relations(self.archive, posixpath.join(folder, "_rels", f"{name}.rels"), folder)

    def first(self, part: str, kind: str) -> str | None:
        """The first part of a kind that is related to `part` and is there."""
        return next(
            (r.target for r in self.related(part).values() if r.type == kind and r.target in self.archive),
            None,
        )


def package_of(archive: Archive) -> Package | str:
    """The Office file that an archive is, else in words what it is.

    Raises InvalidInput as `Archive` and `xml_root`.
    """
    if _TYPES not in archive:
        return _other(archive)
    overrides: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for element in archive.xml(_TYPES):
        given = (element.get("ContentType") or "").partition(";")[0].strip().casefold()
        if local(element) == "Override":
            overrides[(element.get("PartName") or "").lstrip("/").casefold()] = given
        elif local(element) == "Default":
            defaults[(element.get("Extension") or "").casefold()] = given
    main = next(
        (r.target for r in _relations(archive, "_rels/.rels", "").values() if r.type == "officeDocument"),
        None,
    )
    if main is None or main not in archive:
        main = next((part for part, kind in overrides.items() if kind in _MAIN), None)
    if main is None:
        return "an Office file of another kind"
    given = overrides.get(main.casefold()) or defaults.get(main.rpartition(".")[2].casefold(), "")
    if given == _BINARY_WORKBOOK:
        return "a binary Excel workbook (XLSB)"
    kind = _MAIN.get(given)
    if kind is None:
        return "an Office file of another kind"
    if main not in archive:
        raise damaged("Its main part is missing.")
    macros = any(name.rpartition("/")[2].casefold() == "vbaproject.bin" for name in archive.names)
    return Package(archive, kind, main, macros or "macroenabled" in given)


def _other(archive: Archive) -> str:
    mime = archive.read("mimetype")[:200] if 0 < archive.size("mimetype") < 1000 else b""
    if mime.startswith(b"application/epub+zip"):
        return "an EPUB book"
    if mime.startswith(b"application/vnd.oasis.opendocument"):
        return "an OpenDocument file (ODT, ODS or ODP)"
    return "a ZIP archive"


def _relations(archive: Archive, name: str, folder: str) -> dict[str, Relation]:
    if name not in archive:
        return {}
    found: dict[str, Relation] = {}
    for element in archive.xml(name):
        target = element.get("Target") or ""
        if local(element) != "Relationship" or (element.get("TargetMode") or "").casefold() == "external":
            continue
        path = unquote(urlsplit(target).path) if "%" in target or "#" in target else target
        member = (
            path.lstrip("/") if path.startswith("/") else posixpath.normpath(posixpath.join(folder, path))
        )
        found[element.get("Id") or ""] = Relation((element.get("Type") or "").rpartition("/")[2], member)
    return found


def local(element: Element) -> str:
    """An element's name without its namespace."""
    tag = element.tag
    return tag[tag.rfind("}") + 1 :] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its local name, in whatever namespace."""
    for key, value in element.items():
        if key[key.rfind("}") + 1 :] == name:
            return str(value)
    return None


def child(element: Element | None, *path: str) -> Element | None:
    """The first child with a local name, then its first child with the next, and so on."""
    for name in path:
        if element is None:
            return None
        element = next((e for e in element if local(e) == name), None)
    return element


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """The children with one of these local names."""
    for each in element if element is not None else ():
        if local(each) in names:
            yield each


def inside(element: Element, name: str) -> Iterable[Element]:
    """What stands in the first child of a name; nothing when there is none."""
    found = child(element, name)
    return found if found is not None else ()


def is_on(element: Element | None) -> bool:
    """Whether a switch such as `<w:vanish/>` is there and not set to off."""
    return element is not None and (attribute(element, "val") or "true") not in ("0", "false", "off")


def chosen(alternate: Element) -> Iterator[Element]:
    """What stands in an `mc:AlternateContent`: its first choice, else its fallback."""
    pick = child(alternate, "Choice")
    pick = pick if pick is not None else child(alternate, "Fallback")
    yield from pick if pick is not None else ()
