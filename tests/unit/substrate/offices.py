"""Office files made by hand, for what the libraries that write them cannot say, and for hostile ones."""

import io
import zipfile
from collections.abc import Mapping, Sequence

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument."
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    f' xmlns:r="{_OFFICE}"'
)
S = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_OFFICE}"'

Members = dict[str, bytes | str]


def zipped(members: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def relations(*targets: tuple[str, str, str]) -> str:
    """Relations of (id, last word of the type, target)."""
    rows = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in targets
    )
    return f'<Relationships xmlns="{_RELATIONS}">{rows}</Relationships>'


def package(main: str, content_type: str, content: bytes | str) -> Members:
    return {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{content_type}"/></Types>',
        "_rels/.rels": relations(("r1", "officeDocument", main)),
        main: content,
    }


def docx_members(body: str, *, styles: str = "", notes: str = "") -> Members:
    """A Word document; `body` and `notes` (footnotes) are XML with the prefix `w`."""
    members = package(
        "word/document.xml",
        f"{_MAIN}wordprocessingml.document.main+xml",
        f"<w:document {W}><w:body>{body}</w:body></w:document>",
    )
    members["word/_rels/document.xml.rels"] = relations(
        ("s1", "styles", "styles.xml"), ("f1", "footnotes", "footnotes.xml")
    )
    members["word/styles.xml"] = f"<w:styles {W}>{styles}</w:styles>"
    members["word/footnotes.xml"] = f"<w:footnotes {W}>{notes}</w:footnotes>"
    return members


def words(text: str, properties: str = "") -> str:
    """A paragraph with one run."""
    return f"<w:p>{properties}{run(text)}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def pptx_members(slides: Sequence[str]) -> Members:
    """A presentation; each slide is what stands in its `p:spTree`."""
    ids = "".join(f'<p:sldId id="{256 + n}" r:id="s{n}"/>' for n in range(len(slides)))
    members = package(
        "ppt/presentation.xml",
        f"{_MAIN}presentationml.presentation.main+xml",
        f"<p:presentation {P}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
    )
    members["ppt/_rels/presentation.xml.rels"] = relations(
        *((f"s{n}", "slide", f"slides/slide{n}.xml") for n in range(len(slides)))
    )
    for n, shapes in enumerate(slides):
        members[f"ppt/slides/slide{n}.xml"] = (
            f"<p:sld {P}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        )
    return members


def xlsx_members(
    sheets: Mapping[str, str], *, strings: Sequence[str] = (), formats: Sequence[str] = (), states: str = ""
) -> Members:
    """A workbook; each sheet is XML of `sheetData` and what stands beside it. Style n has format n - 1; 0 is
    General. `states` are attributes of every sheet.
    """
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"{states}/>' for n, name in enumerate(sheets, 1)
    )
    members = package(
        "xl/workbook.xml",
        f"{_MAIN}spreadsheetml.sheet.main+xml",
        f"<workbook {S}><sheets>{listed}</sheets></workbook>",
    )
    members["xl/_rels/workbook.xml.rels"] = relations(
        *((f"s{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)),
        ("t", "sharedStrings", "sharedStrings.xml"),
        ("f", "styles", "styles.xml"),
    )
    members["xl/sharedStrings.xml"] = f"<sst {S}>{''.join(f'<si><t>{s}</t></si>' for s in strings)}</sst>"
    codes = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{c}"/>' for n, c in enumerate(formats))
    styles = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    members["xl/styles.xml"] = (
        f'<styleSheet {S}><numFmts>{codes}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
    )
    for n, content in enumerate(sheets.values(), 1):
        members[f"xl/worksheets/sheet{n}.xml"] = f"<worksheet {S}>{content}</worksheet>"
    return members


def sheet_rows(*rows: Sequence[str | float]) -> str:
    """`sheetData` of numbers and inline strings."""
    cells = (
        "".join(
            f"<c><v>{cell}</v></c>"
            if not isinstance(cell, str)
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            for cell in row
        )
        for row in rows
    )
    return f"<sheetData>{''.join(f'<row>{row}</row>' for row in cells)}</sheetData>"
