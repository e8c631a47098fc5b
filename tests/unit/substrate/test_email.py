"""What an e-mail message becomes."""

from email.message import EmailMessage

import pytest

from proofroom.domain.errors import InvalidInput
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Extracted, Limits
from tests.unit.substrate.offices import docx_members, sheet_rows, words, xlsx_members, zipped
from tests.unit.substrate.pdfs import paragraph, pdf
from tests.unit.substrate.test_parsers import shown
from tests.unit.substrate.test_segmentation import assert_exact

HEAD = (
    b"From: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
    b"Subject: The factor\r\nMessage-ID: <1@example.org>\r\n"
)
HEADERS = (
    "From: Ada <ada@example.org>\nTo: Bob <bob@example.org>\n"
    "Date: Mon, 1 Jan 2024 10:00:00 +0000\nSubject: The factor"
)


def message(text: str | None = "The factor is 4.45.\n") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ada <ada@example.org>"
    made["To"] = "Bob <bob@example.org>"
    made["Date"] = "Mon, 1 Jan 2024 10:00:00 +0000"
    made["Subject"] = "The factor"
    made["Message-ID"] = "<1@example.org>"
    if text is not None:
        made.set_content(text)
    return made


def read(data: bytes | EmailMessage, name: str = "a.eml", limits: Limits | None = None) -> Extracted:
    raw = data if isinstance(data, bytes) else data.as_bytes()
    extracted = parse(raw, name, limits=limits or Limits())
    assert extracted.content_type == "message/rfc822"
    assert_exact(extracted)
    return extracted


def test_headers_come_first_then_the_text_with_quoted_replies() -> None:
    extracted = read(
        message("Hello Bob\n\nThe factor\nis 4.45.\n\n> What is\n> > the factor?\n\n- one\n- two\n")
    )
    assert extracted.title == "The factor"
    assert shown(extracted) == [
        ("paragraph", "The factor", HEADERS.replace("1 Jan", "01 Jan")),
        ("paragraph", "The factor", "Hello Bob"),
        ("paragraph", "The factor", "The factor\nis 4.45."),
        ("quote", "The factor", "What is\nthe factor?"),
        ("list_item", "The factor", "one"),
        ("list_item", "The factor", "two"),
    ]


def test_it_is_told_from_the_content() -> None:
    assert read(message(), "letter.txt").notes == (
        "The name ends in .txt, but the content is an e-mail message; it was read as that.",
    )
    assert read(b"Subject: only this\n\nText.\n").title == "only this"
    note = b"From: Ada\nTo: Bob\n\nA note, no message.\n"
    assert parse(note, "note.txt").content_type == "text/plain"
    assert parse(b"Name: value\nOther: value\n", "a.txt").content_type == "text/plain"
    assert read(note, "note.eml").text == "From: Ada\nTo: Bob\n\nA note, no message."


def test_the_plain_text_is_preferred_and_html_is_cleaned() -> None:
    both = message("Plain words.")
    both.add_alternative("<p>Marked words.</p>", subtype="html")
    assert [text for _, _, text in shown(read(both))][1:] == ["Plain words."]
    page = message(None)
    page.set_content(
        "<h1>Head</h1><p>Seen.</p><p style='display:none'>Obey.</p><script>x</script>", subtype="html"
    )
    assert [text for _, _, text in shown(read(page))][1:] == ["Head", "Seen."]
    blank = message(" \n")
    blank.add_alternative("<p>Only here.</p>", subtype="html")
    assert [text for _, _, text in shown(read(blank))][1:] == ["Only here."]
    nothing = message(None)
    nothing.set_content("<script>draw()</script>", subtype="html")
    assert len(read(nothing).blocks) == 1


def test_attachments_are_read_under_their_names() -> None:
    made = message()
    made.add_attachment(b"a,b\nx,1\n", maintype="text", subtype="csv", filename="figures.csv")
    sheet = zipped(xlsx_members({"S": sheet_rows(["k", "v"], ["y", 2])}))
    made.add_attachment(sheet, maintype="application", subtype="octet-stream", filename="Größe.xlsx")
    document = zipped(docx_members(words("In the document.")))
    made.add_attachment(document, maintype="application", subtype="octet-stream", filename="../../d.docx")
    made.add_attachment(
        pdf([paragraph("In the PDF.", 700)]), maintype="application", subtype="pdf", filename="p.pdf"
    )
    extracted = read(made)
    assert shown(extracted)[2:] == [
        ("heading", None, "Attachment: figures.csv"),
        ("table_header", "Attachment: figures.csv", "a,b"),
        ("table_row", "a | b", "x,1"),
        ("heading", None, "Attachment: Größe.xlsx"),
        ("heading", None, "S"),
        ("table_header", "S", "k | v"),
        ("table_row", "S | k | v", "y | 2"),
        ("heading", None, "Attachment: d.docx"),
        ("paragraph", "Attachment: d.docx", "In the document."),
        ("heading", None, "Attachment: p.pdf"),
        ("paragraph", "Attachment: p.pdf", "In the PDF."),
    ]
    assert [table.rows for table in extracted.tables] == [(("x", "1"),), (("y", "2"),)]
    assert [b.meta["table"] for b in extracted.blocks if b.meta] == [0, 0, 1, 1]
    assert extracted.pages == extracted.notes == ()


def test_a_bad_attachment_is_a_note_and_loses_nothing_else() -> None:
    made = message()
    bomb = zipped(
        docx_members(words("x")) | {"word/document.xml": b'<!DOCTYPE w [<!ENTITY a "b">]><w>&a;</w>'}
    )
    made.add_attachment(bomb, maintype="application", subtype="zip", filename="bomb.docx")
    made.add_attachment(
        b"\x00\x01\x02" * 99, maintype="application", subtype="octet-stream", filename="junk.bin"
    )
    made.add_attachment(b"\x89PNG\r\n\x1a\n" + bytes(99), maintype="image", subtype="png", filename="a.png")
    made.add_attachment("Read all the same.", filename="good.txt")
    extracted = read(made)
    assert shown(extracted)[-1] == ("paragraph", "Attachment: good.txt", "Read all the same.")
    pictures, first, second = extracted.notes
    assert pictures == "Pictures in the message were left out (1)."
    assert first.startswith(
        "The attachment “bomb.docx” was left out. The file is not read, because it is made"
    )
    assert second.startswith("The attachment “junk.bin” was left out.")


def test_an_attachment_that_is_too_much_is_a_note() -> None:
    made = message()
    made.add_attachment("many words " * 200, filename="long.txt")
    extracted = read(made, limits=Limits(text_chars=1_000))
    assert "long.txt" in extracted.notes[0]


def test_messages_in_messages_are_opened_one_level_deep() -> None:
    inner = message("Inner words.")
    inner.replace_header("Subject", "Inside")
    inner.add_attachment("Not opened.", filename="deep.txt")
    made = message()
    made.add_attachment(inner)
    extracted = read(made)
    assert ("heading", None, "Attached message: Inside") in shown(extracted)
    assert ("paragraph", "Attached message: Inside", "Inner words.") in shown(extracted)
    assert extracted.notes == ("Attachments were left out: “deep.txt”.",)
    as_file = message()
    as_file.add_attachment(
        inner.as_bytes(), maintype="application", subtype="octet-stream", filename="inner.eml"
    )
    extracted = read(as_file)
    assert "Inner words." in extracted.text
    assert extracted.notes == ("inner.eml: Attachments were left out: “deep.txt”.",)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?utf-8?Q?Gr=C3=B6=C3=9Fe?= =?iso-8859-1?Q?_=FCber?= all", "Größe über all"),
        (b"=?utf-8?B?R3LDtsOfZQ==?=", "Größe"),
        ("Größe".encode(), "Größe"),
        ("Größe".encode("cp1252"), "Größe"),
        (b"=?no-such-charset?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        (b"=?utf-8?B?broken!?=", None),
        (b"=?punycode?Q?abc?=", "abc"),
        (b"folded\r\n over two lines", "folded over two lines"),
    ],
)
def test_names_and_subjects_in_any_encoding(header: bytes, subject: str | None) -> None:
    extracted = read(b"From: a@example.org\r\nSubject: " + header + b"\r\n\r\nText.\r\n")
    assert extracted.title if subject is None else extracted.title == subject


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        (b"iso-8859-1", "Größe über alles".encode("latin-1")),
        (b"utf-8", "Größe über alles".encode("latin-1")),  # it says so, and it is not true
        (b"no-such-charset", "Größe über alles".encode()),
        (b"rot13", "Größe über alles".encode()),
        (b"koi8-r", "Größe".encode()),
    ],
)
def test_bodies_in_any_encoding(charset: bytes, data: bytes) -> None:
    head = (
        HEAD
        + b"Content-Type: text/plain; charset="
        + charset
        + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    text = read(head + data).text.removeprefix(HEADERS).strip()
    assert text == data.decode("koi8-r") if charset == b"koi8-r" else text == "Größe über alles"


def test_an_encrypted_message() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(HEAD + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nabc")
    assert caught.value.code == "encrypted_file"


def test_a_signed_message_is_read_without_its_signature() -> None:
    body = (
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nSigned words.\r\n--b\r\n"
        b"Content-Type: application/pgp-signature\r\n\r\nxyz\r\n--b--\r\n"
    )
    extracted = read(HEAD + body)
    assert (shown(extracted)[-1][2], extracted.notes) == ("Signed words.", ())


def test_a_message_that_was_cut_off_keeps_what_is_there_and_says_so() -> None:
    made = message("Whole words.")
    made.add_attachment(b"x" * 5_000, maintype="text", subtype="plain", filename="a.txt")
    whole = made.as_bytes()
    for tenths in range(5, 10):
        extracted = read(whole[: len(whole) * tenths // 10])
        assert "Whole words." in extracted.text
        assert "The message seems to be cut off: its last part has no end." in extracted.notes


def test_messages_that_are_made_to_harm() -> None:
    nested = HEAD
    for n in range(900):
        nested += f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n".encode()
    parts = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 5_000
    )
    matryoshka = HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 999
    for data, code in ((nested, "unsafe_file"), (parts, "unsafe_file"), (matryoshka, "parse_too_deep")):
        with pytest.raises(InvalidInput) as caught:
            read(data)
        assert caught.value.code == code
    long = HEAD + b"X: " + b"=?a?q?" * 200_000 + b"\r\n\r\nText."
    assert read(long).text.endswith("Text.")


def test_many_attachments_are_named() -> None:
    made = message()
    for n in range(52):
        made.add_attachment(f"Words {n}.", filename=f"{n}.txt")
    extracted = read(made)
    assert "Words 49." in extracted.text
    assert extracted.notes == ("Attachments were left out: “50.txt”, “51.txt”.",)
