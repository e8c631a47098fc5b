"""Hostile and broken archives: each is refused with its code, at once and in little memory."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from proofroom.domain.errors import InvalidInput, ProofroomError, TooLarge, UnsupportedMedia
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Limits
from proofroom.substrate.parsers import archive as guard
from proofroom.substrate.parsers.archive import Archive
from tests.unit.substrate.offices import (
    Members,
    docx_members,
    package,
    pptx_members,
    relations,
    sheet_rows,
    words,
    xlsx_members,
    zipped,
)

DOCUMENT = "word/document.xml"
MEBIBYTE = 1024 * 1024


def good() -> Members:
    return docx_members(words("Some words that can be read."))


def code_of(data: bytes, name: str = "a.docx") -> str:
    with pytest.raises(ProofroomError) as caught:
        parse(data, name)
    assert caught.value.hint
    return caught.value.code


def with_document(xml: bytes | str) -> bytes:
    return zipped(good() | {DOCUMENT: xml})


def test_the_good_one_is_read() -> None:
    assert parse(zipped(good()), "a.docx").text == "Some words that can be read."


# Bombs


def flat_bomb() -> bytes:
    return with_document(b"<w>" + b" " * (80 * MEBIBYTE) + b"</w>")


def quoted_bomb() -> bytes:
    """Members that share their bytes: each begins inside the one before."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(b"0" * MEBIBYTE) + kernel.flush()
    check = zlib.crc32(b"0" * MEBIBYTE)
    body, listing = b"", b""
    for n in range(20):
        name = f"{n:02}.xml".encode()
        head = struct.pack("<5HLLLHH", 20, 0, 8, 0, 33, check, len(data), MEBIBYTE, len(name), 0)
        listing += b"PK\x01\x02\x14\x00" + head + struct.pack("<HHHLL", 0, 0, 0, 0, len(body)) + name
        body += b"PK\x03\x04" + head + name
    start = len(body) + len(data)
    return body + data + listing + b"PK\x05\x06" + struct.pack("<4HLLH", 0, 0, 20, 20, len(listing), start, 0)


def lying_bomb() -> bytes:
    """The list of contents says 100 bytes; there are 64 MiB."""
    data = zipped({"[Content_Types].xml": b" " * (64 * MEBIBYTE)})
    return data.replace(struct.pack("<L", 64 * MEBIBYTE), struct.pack("<L", 100))


def many_members() -> bytes:
    return zipped({f"{n}.xml": b"" for n in range(guard.MAX_MEMBERS + 1)}, zipfile.ZIP_STORED)


def nested_bomb() -> bytes:
    """A bomb in an archive in an archive, as an embedded object of a document: nobody opens it."""
    inner = zipped({"bomb.xml": b" " * (8 * MEBIBYTE)})
    return zipped(good() | {"word/embeddings/a.zip": zipped({"b.zip": inner})})


@pytest.mark.parametrize("make", [flat_bomb, quoted_bomb, lying_bomb, many_members])
def test_bombs_are_refused_before_they_unpack(make: object) -> None:
    assert callable(make)
    data = make()
    assert isinstance(data, bytes)
    tracemalloc.start()
    code = code_of(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == "unsafe_file"
    assert peak < 32 * MEBIBYTE


def test_nested_archives_are_not_opened() -> None:
    assert parse(nested_bomb(), "a.docx").text == "Some words that can be read."


def test_what_is_really_there_counts_whatever_the_list_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_INFLATED", 3_000)
    archive = Archive(zipped({"a": b"ab" * 900, "b": b"cd" * 500}))
    assert archive.read("a") == b"ab" * 900
    archive.read("b")
    with pytest.raises(InvalidInput) as caught:
        archive.read("b")
    assert caught.value.code == "unsafe_file"


# XML


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><w>&a9;</w>"
)
QUADRATIC = f'<!DOCTYPE w [<!ENTITY a "{"x" * 50_000}">]><w>{"&a;" * 50_000}</w>'
EXTERNAL = '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><w>&a;</w>'
REMOTE = '<!DOCTYPE w SYSTEM "http://127.0.0.1:9/w.dtd"><w/>'
PARAMETER = '<!DOCTYPE w [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><w/>'


@pytest.mark.parametrize("xml", [LAUGHS, QUADRATIC, EXTERNAL, REMOTE, PARAMETER])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declarations_are_refused_in_every_part_and_encoding(xml: str, encoding: str) -> None:
    data = xml.encode(encoding)
    assert code_of(with_document(data)) == "unsafe_file"
    for part in ("[Content_Types].xml", "_rels/.rels", "word/styles.xml"):
        assert code_of(zipped(good() | {part: data})) == "unsafe_file"
    sheet = xlsx_members({"A": sheet_rows(["a", "b"], ["x", 1])})
    for part in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"):
        assert code_of(zipped(sheet | {part: data}), "a.xlsx") == "unsafe_file"
    slides = pptx_members(["", ""])
    assert code_of(zipped(slides | {"ppt/slides/slide1.xml": data}), "a.pptx") == "unsafe_file"


def test_a_declaration_after_a_long_comment_is_found() -> None:
    assert code_of(with_document(f"<!--{' -' * 200_000} -->{EXTERNAL}")) == "unsafe_file"


def test_an_entity_that_nobody_declared_is_damage() -> None:
    assert code_of(with_document("<w>&nobody;</w>")) == "unreadable_file"


def test_deep_nesting_is_refused() -> None:
    assert code_of(with_document("<w>" * 100_000 + "</w>" * 100_000)) == "parse_too_deep"
    assert (
        code_of(zipped(xlsx_members({"A": "<row>" * 9_000 + "</row>" * 9_000})), "a.xlsx") == "parse_too_deep"
    )


# Names


@pytest.mark.parametrize(
    "name", ["../../x", "a/../../x", "/etc/passwd", "C:/x", "c:x", "word\\..\\..\\x", "..", "a\nb"]
)
def test_paths_that_lead_outside_are_refused(name: str) -> None:
    assert code_of(zipped(good() | {name: b"x"})) == "unsafe_file"
    assert code_of(zipped({name: b"x"}), "a.zip") == "unsafe_file"


def test_a_name_that_stands_twice_is_refused() -> None:
    out = io.BytesIO(zipped(good()))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("Word/Document.xml", "<w/>")
    assert code_of(out.getvalue()) == "unsafe_file"


# Encrypted, cut, other kinds


def test_an_encrypted_archive() -> None:
    data = bytearray(zipped(good()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.start_dir
    data[start + 8] |= 1
    assert code_of(bytes(data)) == "encrypted_file"


def test_an_encrypted_office_file() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000_000) + "EncryptedPackage".encode("utf-16-le")
    assert code_of(ole) == "encrypted_file"


@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_file_that_was_cut_off(tenths: int) -> None:
    for data in (
        zipped(good()),
        zipped(xlsx_members({"A": sheet_rows(["a", "b"], ["x", 1])})),
        zipped(pptx_members(["", ""])),
    ):
        assert code_of(data[: len(data) * tenths // 10]) == "unreadable_file"


@pytest.mark.parametrize("place", ["data", "name", "missing"])
def test_a_damaged_archive(place: str) -> None:
    data = bytearray(zipped(good(), zipfile.ZIP_STORED))
    if place == "data":
        data[data.index(b"Some words")] ^= 1
    elif place == "name":
        data[data.index(b"word/document.xml")] ^= 1
    else:
        data = bytearray(zipped({k: v for k, v in good().items() if k != DOCUMENT}))
    assert code_of(bytes(data)) == "unreadable_file"


def test_random_bytes_behind_the_mark_of_an_archive() -> None:
    assert code_of(b"PK\x03\x04" + bytes(range(256)) * 400) == "unreadable_file"
    assert code_of(b"PK\x05\x06" + bytes(18)) == "unsupported_type"  # an archive of nothing


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped({"a.txt": b"x"}), "a ZIP archive"),
        (zipped({"mimetype": b"application/epub+zip", "content.opf": b""}), "an EPUB book"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "an OpenDocument file"),
        (
            zipped(
                package("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.main", b"x")
            ),
            "a binary Excel workbook",
        ),
        (
            zipped(package("visio/document.xml", "application/vnd.ms-visio.drawing.main+xml", b"<v/>")),
            "another kind",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "(DOC)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "(XLS)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "PowerPoint Document".encode("utf-16-le"), "(PPT)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "__nameid_version1.0".encode("utf-16-le"), "(MSG)"),
    ],
)
def test_kinds_that_are_not_read_are_named(data: bytes, said: str) -> None:
    with pytest.raises(UnsupportedMedia) as caught:
        parse(data, "report.docx")
    assert caught.value.code == "unsupported_type"
    assert said in caught.value.message


def test_the_main_part_is_told_by_its_type_not_by_its_name() -> None:
    odd = good()
    odd["x/y.xml"] = odd.pop(DOCUMENT)
    odd["[Content_Types].xml"] = str(odd["[Content_Types].xml"]).replace(DOCUMENT, "x/y.xml")
    odd["_rels/.rels"] = relations(("r1", "officeDocument", "/x/y.xml"))
    assert parse(zipped(odd), "a").text == "Some words that can be read."
    del odd["_rels/.rels"]
    assert parse(zipped(odd), "a").text == "Some words that can be read."


# Sheets without end


def test_a_dimension_that_lies_is_not_asked() -> None:
    rows = '<dimension ref="A1:XFD1048576"/>' + sheet_rows(["a", "b"], ["x", 1])
    assert parse(zipped(xlsx_members({"A": rows})), "a.xlsx").tables[0].rows == (("x", "1"),)


def test_a_million_columns_are_refused_at_once() -> None:
    wide = f"<sheetData><row>{'<c><v>1</v></c>' * 1_000_000}</row></sheetData>"
    assert code_of(zipped(xlsx_members({"A": wide})), "a.xlsx") == "table_too_large"
    far = '<sheetData><row r="1"><c r="ZZZZ1"><v>1</v></c></row></sheetData>'
    assert code_of(zipped(xlsx_members({"A": far})), "a.xlsx") == "table_too_large"


def test_more_cells_than_the_limit_are_counted_before_they_are_parsed() -> None:
    row = f"<row>{'<c><v>1</v></c>' * 1_000}</row>"
    full = f"<sheetData>{row * 3_001}</sheetData>"
    assert code_of(zipped(xlsx_members({"A": full})), "a.xlsx") == "table_too_large"


def test_a_sheet_of_nothing() -> None:
    nothing = f"<sheetData>{'<row/>' * 300_000}</sheetData>"
    assert code_of(zipped(xlsx_members({"A": nothing})), "a.xlsx") == "no_text"


def test_a_cross_of_cells_is_not_laid_out() -> None:
    """A row of 2,000 and a column of 2,000 cells would be a table of 4 million."""
    first = f"<row>{'<c><v>1</v></c>' * 2_000}</row>"
    cross = f"<sheetData>{first}{'<row><c><v>1</v></c></row>' * 2_000}</sheetData>"
    assert code_of(zipped(xlsx_members({"A": cross})), "a.xlsx") == "table_too_large"


def test_one_long_text_in_many_cells_is_too_much_text() -> None:
    row = "<row>" + '<c t="s"><v>0</v></c>' * 100 + "</row>"
    cells = f"<sheetData>{row * 100}</sheetData>"
    data = zipped(xlsx_members({"A": cells}, strings=["long words " * 400]))
    with pytest.raises(TooLarge) as caught:
        parse(data, "a.xlsx", limits=Limits(text_chars=100_000))
    assert caught.value.code == "text_too_large"


def test_merged_ranges_without_end_take_no_time() -> None:
    merges = "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 50_000 + "</mergeCells>"
    data = zipped(xlsx_members({"A": sheet_rows(["a", "b"], ["x", 1]) + merges}))
    assert parse(data, "a.xlsx").tables[0].rows == (("x", "1"),)


def test_spans_without_end_in_a_document_are_too_wide() -> None:
    cell = f'<w:tc><w:tcPr><w:gridSpan w:val="999999"/></w:tcPr>{words("a")}</w:tc>'
    row = f"<w:tr>{cell * 3}</w:tr>"
    table = f"<w:tbl>{row * 3}</w:tbl>"
    assert code_of(zipped(docx_members(table))) == "table_too_large"
