"""What a Word document becomes."""

import io
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.errors import InvalidInput
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Extracted
from tests.unit.substrate.offices import W, docx_members, package, relations, run, words, zipped
from tests.unit.substrate.test_parsers import shown
from tests.unit.substrate.test_segmentation import assert_exact

HIDDEN = "<w:rPr><w:vanish/></w:rPr>"


def read(body: str, **parts: str) -> Extracted:
    extracted = parse(zipped(docx_members(body, **parts)), "a.docx")
    assert_exact(extracted)
    return extracted


def test_a_document_as_a_library_writes_it() -> None:
    document = docx.Document()
    document.add_heading("The orbiter", 0)
    document.add_heading("Root cause", 1)
    document.add_paragraph("The factor is 4.45.\nIt was left out.")
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Number")
    document.add_paragraph("A quotation.", style="Quote")
    document.add_heading("Figures", 2)
    table: Any = document.add_table(3, 2)
    for n, row in enumerate([["Region", "Net"], ["North", "1,5"], ["South", "2,5"]]):
        for at, cell in enumerate(row):
            table.cell(n, at).text = cell
    document.sections[0].header.paragraphs[0].text = "Not to be read"
    out = io.BytesIO()
    document.save(out)
    extracted = parse(out.getvalue(), "a.docx")
    assert_exact(extracted)
    assert (extracted.title, extracted.pages, extracted.notes) == ("The orbiter", (), ())
    assert shown(extracted) == [
        ("heading", None, "The orbiter"),
        ("heading", None, "Root cause"),
        ("paragraph", "Root cause", "The factor is 4.45.\nIt was left out."),
        ("list_item", "Root cause", "one"),
        ("list_item", "Root cause", "two"),
        ("quote", "Root cause", "A quotation."),
        ("heading", None, "Figures"),
        ("table_header", "Figures", "Region | Net"),
        ("table_row", "Figures | Region | Net", "North | 1,5"),
        ("table_row", "Figures | Region | Net", "South | 2,5"),
    ]
    (found,) = extracted.tables
    assert (found.name, found.columns, found.types) == ("Figures", ("Region", "Net"), ("text", "number"))
    assert [dict(b.meta) for b in extracted.blocks if b.kind == "table_row"] == [
        {"table": 0, "row": 0},
        {"table": 0, "row": 1},
    ]


def test_headings_by_outline_level_and_by_styles_that_others_are_based_on() -> None:
    styles = (
        '<w:style w:styleId="b1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="mine"><w:name w:val="Mine"/><w:basedOn w:val="b1"/></w:style>'
        '<w:style w:styleId="loop"><w:name w:val="Loop"/><w:basedOn w:val="loop"/></w:style>'
        '<w:style w:styleId="toc"><w:name w:val="toc 1"/></w:style>'
    )
    styled = '<w:pPr><w:pStyle w:val="{}"/></w:pPr>'.format
    extracted = read(
        words("Contents 3", styled("toc"))
        + words("By style", styled("mine"))
        + words("By level", '<w:pPr><w:outlineLvl w:val="2"/></w:pPr>')
        + words("Body", '<w:pPr><w:pStyle w:val="mine"/><w:outlineLvl w:val="9"/></w:pPr>')
        + words("Round", styled("loop")),
        styles=styles,
    )
    assert [(kind, text) for kind, _, text in shown(extracted)] == [
        ("heading", "By style"),
        ("heading", "By level"),
        ("paragraph", "Body"),
        ("paragraph", "Round"),
    ]


def test_insertions_are_text_and_deletions_are_not() -> None:
    extracted = read(
        f"<w:p>{run('The factor is ')}<w:ins>{run('4.45')}</w:ins>"
        f"<w:del><w:r><w:delText>4.0</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run('away')}</w:moveFrom><w:moveTo>{run('.')}</w:moveTo></w:p>"
        f"<w:tbl>{row('a', 'b')}{row('1', '2')}"
        f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{words('gone')}</w:tc></w:tr></w:tbl>"
    )
    assert shown(extracted)[0][2] == "The factor is 4.45."
    assert extracted.tables[0].rows == (("1", "2"),)
    assert extracted.notes == (
        "The document has tracked changes: insertions were read as text, deletions were left out.",
    )


def test_hidden_text_is_left_out_and_noted() -> None:
    styles = '<w:style w:styleId="h"><w:name w:val="H"/><w:rPr><w:vanish/></w:rPr></w:style>'
    extracted = read(
        f"<w:p>{run('Seen')}{run(' and obeyed', HIDDEN)}"
        + run("!", '<w:rPr><w:vanish w:val="0"/></w:rPr>')
        + run("tiny", '<w:rPr><w:sz w:val="2"/></w:rPr>')
        + run("styled", '<w:rPr><w:rStyle w:val="h"/></w:rPr>')
        + "</w:p>"
        + words("Hidden too", '<w:pPr><w:pStyle w:val="h"/></w:pPr>'),
        styles=styles,
    )
    assert extracted.text == "Seen!"
    assert extracted.notes == ("Hidden text was left out (4 passages).",)


def test_a_document_of_hidden_text_alone_has_no_text() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(f"<w:p>{run('Nobody sees it', HIDDEN)}</w:p>")
    assert caught.value.code == "no_text"


def test_footnotes_stand_at_the_end_in_the_order_of_the_text() -> None:
    referred = '<w:r><w:footnoteReference w:id="{}"/></w:r>'.format
    extracted = read(
        f"<w:p>{run('First')}{referred(3)}{run(' and second')}{referred(2)}{run('.')}</w:p>",
        notes=f'<w:footnote w:id="2">{words("Two.")}</w:footnote><w:footnote w:id="3">{words("Three.")}</w:footnote>'
        f'<w:footnote w:id="9">{words("Nobody refers to it.")}</w:footnote>',
    )
    assert shown(extracted) == [
        ("paragraph", None, "First and second."),
        ("heading", None, "Footnotes"),
        ("paragraph", "Footnotes", "[1] Three."),
        ("paragraph", "Footnotes", "[2] Two."),
    ]


def test_endnotes_and_macros_and_the_strict_variant() -> None:
    members = docx_members(f'<w:p>{run("Text.")}<w:r><w:endnoteReference w:id="1"/></w:r></w:p>')
    members["word/_rels/document.xml.rels"] = relations(("e", "endnotes", "endnotes.xml"))
    members["word/endnotes.xml"] = (
        f'<w:endnotes {W}><w:endnote w:id="1">{words("The end.")}</w:endnote></w:endnotes>'
    )
    members["word/vbaProject.bin"] = b"macro"
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    for part in ("word/document.xml", "word/endnotes.xml"):
        members[part] = str(members[part]).replace(W, f'xmlns:w="{strict}"')
    extracted = parse(zipped(members), "a.docm")
    assert extracted.text == "Text.\n\nEndnotes\n\n[1] The end."
    assert extracted.notes == ("The file holds macros; it was read without them.",)
    typed = "application/vnd.ms-word.document.macroEnabled.main+xml"
    body = f"<w:document {W}><w:body>{words('Macros by type.')}</w:body></w:document>"
    assert parse(zipped(package("word/document.xml", typed, body)), "a.docx").notes == extracted.notes


def test_inline_content_is_read_as_it_is_seen() -> None:
    extracted = read(
        f"<w:p>{run('a')}<w:r><w:tab/></w:r><w:hyperlink>{run('link')}</w:hyperlink>"
        f"<w:r><w:instrText>HIDDEN CODE</w:instrText></w:r>"
        f"<w:sdt><w:sdtContent>{run(' control')}</w:sdtContent></w:sdt>"
        f"<w:r><w:noBreakHyphen/><w:sym w:char='00B5'/><w:sym w:char='F0B7'/><w:softHyphen/></w:r>"
        f"<w:fldSimple>{run(' field')}</w:fldSimple></w:p>"
        f"<w:sdt><w:sdtContent>{words('In a block control.')}</w:sdtContent></w:sdt>"
    )
    assert extracted.text == "a\tlink control\u2011µ field\n\nIn a block control."


def test_text_boxes_follow_the_paragraph_that_holds_them() -> None:
    box = f"<w:txbxContent>{words('In the box.')}</w:txbxContent>"
    extracted = read(
        f'<w:p xmlns:mc="m">{run("Around.")}<w:r><mc:AlternateContent><mc:Choice><w:drawing><x>{box}</x></w:drawing>'
        f"</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert extracted.text == "Around.\n\nIn the box."


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{words(text)}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    inside = "".join(one if one.startswith("<") else cell(one) for one in cells)
    return f"<w:tr>{properties}{inside}</w:tr>"


def test_merged_cells() -> None:
    down, further = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    across = '<w:gridSpan w:val="2"/>'
    extracted = read(
        "<w:tbl>"
        + row(cell("Region", down), cell("2022", across))
        + row(cell("", further), "Q1", "Q2")
        + row(cell("North", down), "1", cell("7", down))
        + row(cell("", further), "2", cell("", further))
        + "</w:tbl>"
    )
    (table,) = extracted.tables
    assert table.columns == ("Region", "2022 Q1", "2022 Q2")
    assert table.rows == (("North", "1", "7"), ("North", "2", ""))
    assert table.name == "Table 1"


def test_years_under_merged_cells_name_columns() -> None:
    down, further = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    across = '<w:gridSpan w:val="2"/>'
    extracted = read(
        "<w:tbl>"
        + row(cell("Region", down), cell("Sales", across), cell("Costs", across))
        + row(cell("", further), "2022", "2023", "2022", "2023")
        + row("North", "100", "110", "80", "95")
        + row("South", "200", "190", "150", "140")
        + "</w:tbl>"
    )
    (table,) = extracted.tables
    assert table.columns == ("Region", "Sales 2022", "Sales 2023", "Costs 2022", "Costs 2023")
    assert table.rows == (("North", "100", "110", "80", "95"), ("South", "200", "190", "150", "140"))


def test_header_rows_that_the_file_names() -> None:
    named = "<w:trPr><w:tblHeader/></w:trPr>"
    extracted = read(f"<w:tbl>{row('1', '2', properties=named)}{row('3', '4')}{row('5', '6')}</w:tbl>")
    assert extracted.tables[0].columns == ("1", "2")


def test_a_table_in_a_table_follows_it_and_one_that_arranges_is_no_table() -> None:
    inner = f"<w:tbl>{row('k', 'v')}{row('x', '1')}</w:tbl>"
    holding = "<w:tc>" + inner + words("beside") + "</w:tc>"
    outer = "<w:tbl>" + row("a", "b") + row("c", holding) + "</w:tbl>"
    frame = "<w:tbl>" + row("<w:tc>" + words("Framed.") + inner + "</w:tc>") + "</w:tbl>"
    extracted = read(outer + frame)
    assert [t.columns for t in extracted.tables] == [("a", "b"), ("k", "v"), ("k", "v")]
    assert extracted.tables[0].rows == (("c", "beside"),)
    assert ("paragraph", None, "Framed.") in shown(extracted)


def test_comments_and_embedded_content_are_noted() -> None:
    extracted = read(f'<w:p><w:commentRangeStart w:id="1"/>{run("Said.")}</w:p><w:altChunk/>')
    assert extracted.notes == (
        "Comments were left out.",
        "Content that is embedded in another format was left out.",
    )


def test_a_wrong_ending_is_noted() -> None:
    data = zipped(docx_members(words("Words.")))
    assert parse(data, "a.pdf").notes == (
        "The name ends in .pdf, but the content is a Word document; it was read as that.",
    )
    assert parse(data, "a").notes == parse(data, "a.dotx").notes == ()


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=300
)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(WORDS, min_size=1, max_size=8),
    st.lists(st.lists(WORDS, min_size=2, max_size=2), min_size=2, max_size=5),
)
def test_any_paragraphs_and_cells_come_out_again(paragraphs: list[str], cells: list[list[str]]) -> None:
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    table: Any = document.add_table(len(cells), 2)
    for n, line in enumerate(cells):
        for at, text in enumerate(line):
            table.cell(n, at).text = text
    out = io.BytesIO()
    document.save(out)
    try:
        extracted = parse(out.getvalue(), "a.docx")
    except InvalidInput as refused:
        if (
            refused.code != "no_text"
            or "".join((*paragraphs, *(one for line in cells for one in line))).strip()
        ):
            raise
        return
    assert_exact(extracted)
    body = "".join(text for kind, _, text in shown(extracted) if kind == "paragraph")
    assert "".join(body.split()).startswith("".join("".join(paragraphs).split()))
    if extracted.tables:
        found = [list(r) for r in extracted.tables[0].rows]
        wanted = [[" ".join(one.split()) for one in line] for line in cells]
        assert found == wanted[len(wanted) - len(found) :]
