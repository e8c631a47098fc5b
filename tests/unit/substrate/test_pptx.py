"""What a presentation becomes."""

import io
from typing import Any

import pptx
import pytest
from pptx.util import Inches

from proofroom.domain.errors import InvalidInput, TooLarge
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Extracted, Limits
from tests.unit.substrate.offices import pptx_members, zipped
from tests.unit.substrate.test_parsers import shown
from tests.unit.substrate.test_segmentation import assert_exact


def shape(text: str, *, top: int = 0, left: int = 0, kind: str | None = None, more: str = "") -> str:
    placeholder = "" if kind is None else f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>'
    paragraphs = "".join(f"<a:p>{more}<a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/>{placeholder}</p:nvSpPr>'
        f'<p:spPr><a:xfrm><a:off x="{left}" y="{top}"/></a:xfrm></p:spPr><p:txBody>{paragraphs}</p:txBody></p:sp>'
    )


def read(*slides: str) -> Extracted:
    extracted = parse(zipped(pptx_members(slides)), "a.pptx")
    assert_exact(extracted)
    return extracted


def test_a_presentation_as_a_library_writes_it() -> None:
    show: Any = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    box = first.shapes.add_textbox(0, Inches(7), Inches(3), Inches(1))
    box.text_frame.text = "At the foot."
    first.shapes.title.text = "Root cause"
    first.placeholders[1].text = "The factor is 4.45\nIt was left out"
    first.notes_slide.notes_text_frame.text = "Speak slowly."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Figures"
    table = second.shapes.add_table(2, 2, 0, Inches(3), Inches(4), Inches(1)).table
    for n, row in enumerate([["Region", "Net"], ["North", "1.5"]]):
        for at, cell in enumerate(row):
            table.cell(n, at).text = cell
    out = io.BytesIO()
    show.save(out)
    extracted = parse(out.getvalue(), "a.pptx")
    assert_exact(extracted)
    assert shown(extracted) == [
        ("heading", None, "Root cause"),
        ("list_item", "Root cause", "The factor is 4.45"),
        ("list_item", "Root cause", "It was left out"),
        ("paragraph", "Root cause", "At the foot."),
        ("heading", None, "Notes"),
        ("paragraph", "Notes", "Speak slowly."),
        ("heading", None, "Figures"),
        ("table_header", "Figures", "Region | Net"),
        ("table_row", "Figures | Region | Net", "North | 1.5"),
    ]
    assert [b.page for b in extracted.blocks] == [1] * 6 + [2] * 3
    one, two = extracted.pages
    assert extracted.text[two.char_start : two.char_end] == "Figures\n\nRegion | Net\nNorth | 1.5"
    assert one.char_end < two.char_start
    assert (extracted.title, extracted.tables[0].rows, extracted.notes) == (
        "Root cause",
        (("North", "1.5"),),
        (),
    )


def test_shapes_come_by_where_they_stand_and_groups_together() -> None:
    group = (
        '<p:grpSp><p:grpSpPr><a:xfrm><a:off x="0" y="2000000"/></a:xfrm></p:grpSpPr>'
        f"{shape('lower in the group', top=900_000)}{shape('upper in the group', top=100)}</p:grpSp>"
    )
    extracted = read(
        shape("last", top=5_000_000)
        + group
        + shape("right", top=1_010_000, left=9_000_000)
        + shape("left", top=1_000_000, left=10)
        + shape("Title", top=9_000_000, kind="title")
    )
    assert [text for _, _, text in shown(extracted)] == [
        "Title",
        "left",
        "right",
        "upper in the group",
        "lower in the group",
        "last",
    ]


def test_bullets_are_list_items_where_the_file_says_so() -> None:
    extracted = read(
        shape("listed", kind="body")
        + shape("not listed", kind="body", top=1_000_000, more="<a:pPr><a:buNone/></a:pPr>")
        + shape("marked", top=2_000_000, more='<a:pPr><a:buChar char="-"/></a:pPr>')
        + shape("subtitle", top=3_000_000, kind="subTitle")
    )
    assert [kind for kind, _, _ in shown(extracted)] == ["list_item", "paragraph", "list_item", "paragraph"]


def test_hidden_slides_are_read_and_noted_hidden_shapes_are_not_read() -> None:
    members = pptx_members([shape("Seen."), shape("Behind.")])
    members["ppt/slides/slide1.xml"] = str(members["ppt/slides/slide1.xml"]).replace(
        "<p:sld ", '<p:sld show="0" '
    )
    members["ppt/slides/slide0.xml"] = str(members["ppt/slides/slide0.xml"]).replace(
        "</p:spTree>", shape("Nobody").replace("<p:cNvPr ", '<p:cNvPr hidden="1" ') + "</p:spTree>"
    )
    extracted = parse(zipped(members), "a.pptx")
    assert [(text, b.meta) for (_, _, text), b in zip(shown(extracted), extracted.blocks, strict=True)] == [
        ("Seen.", {}),
        ("Behind.", {"hidden": 1}),
    ]
    assert extracted.notes == ("Hidden, and read all the same: slide 2.", "Hidden shapes were left out (1).")


def test_furniture_charts_and_macros() -> None:
    chart = (
        '<p:graphicFrame><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"/>'
        "</a:graphic></p:graphicFrame>"
    )
    members = pptx_members(
        [shape("Said.") + shape("7", kind="sldNum") + shape("Imprint", kind="ftr") + chart]
    )
    members["ppt/vbaProject.bin"] = b"macro"
    extracted = parse(zipped(members), "a.pptm")
    assert extracted.text == "Said."
    assert extracted.notes == (
        "Charts and diagrams were left out (1).",
        "The file holds macros; it was read without them.",
    )


def test_merged_cells_of_a_table() -> None:
    def cell(text: str, merged: str = "") -> str:
        return f"<a:tc{merged}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = (
        (cell("Region"), cell("2022", ' gridSpan="2"'), cell("", ' hMerge="1"')),
        (cell("", ' vMerge="1"'), cell("Q1"), cell("Q2")),
        (cell("North"), cell("1"), cell("2")),
        (cell("", ' vMerge="1"'), cell("3"), cell("", ' vMerge="1"')),
    )
    table = "<a:tbl>" + "".join(f"<a:tr>{''.join(row)}</a:tr>" for row in rows) + "</a:tbl>"
    frame = f"<p:graphicFrame><a:graphic><a:graphicData>{table}</a:graphicData></a:graphic></p:graphicFrame>"
    (found,) = read(frame).tables
    assert found.columns == ("Region", "2022 Q1", "2022 Q2")
    assert found.rows == (("North", "1", "2"), ("North", "3", ""))


def test_one_damaged_slide_does_not_lose_the_others() -> None:
    members = pptx_members([shape("First."), shape("Second."), shape("Third.")])
    members["ppt/slides/slide1.xml"] = "<p:sld"
    extracted = parse(zipped(members), "a.pptx")
    assert_exact(extracted)
    assert [(b.page, text) for b, (_, _, text) in zip(extracted.blocks, shown(extracted), strict=True)] == [
        (1, "First."),
        (3, "Third."),
    ]
    assert extracted.notes == ("Damaged, and left out: slide 2.",)


def test_what_is_no_text_or_too_much() -> None:
    for slides in ((), ("",)):
        with pytest.raises(InvalidInput) as empty:
            read(*slides)
        assert empty.value.code == "no_text"
    members = pptx_members([shape("a"), shape("b")])
    with pytest.raises(TooLarge) as many:
        parse(zipped(members), "a.pptx", limits=Limits(pages=1))
    assert many.value.code == "too_many_pages"
    with pytest.raises(InvalidInput) as broken:
        parse(zipped(members | {"ppt/slides/slide0.xml": "<", "ppt/slides/slide1.xml": "<"}), "a.pptx")
    assert broken.value.code == "unreadable_file"
