"""Blocks are spans: for any text, in any kind of file, they reproduce it and stand in order."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proofroom.domain.errors import ProofroomError
from proofroom.substrate.capture import parse
from proofroom.substrate.extracted import Extracted, from_json, to_json
from proofroom.substrate.parsers.delimited import ROW_BLOCKS
from proofroom.substrate.segmentation import MAX_CHARS, plain_blocks, sentences, split_long
from tests.unit.substrate.pdfs import Line, pdf

PIECES = st.sampled_from(
    [
        "# Heading\n", "## Größe\r\n", "- item\n", "1. one\n", "> quote\n", "\n", "\r\n", "\r", "\t", "   ", "```\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n", "a;b;c\n", '"x, ""y""\n z",2\n', '5" pipe,3\n', "Words go here. ",
        "word " * 300, "x" * 1000, "Dr. Who said “no.” ", "🌍é", "漢字。", "\u2028", "\x0c", "<p>para</p>", "<b>",
        "&amp;", "<table><tr><td>1",
        "Setext\n===\n", "[link](http://a.b)", "    code\n", "\ufffd", "\u202e", "---\n", "*  *\n", "\\", "1,5\n",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=30).map("".join)


def assert_exact(extracted: Extracted) -> None:
    last = 0
    for n, block in enumerate(extracted.blocks):
        assert block.ordinal == n
        assert last <= block.char_start < block.char_end <= len(extracted.text)
        own = extracted.text[block.char_start : block.char_end]
        assert own == own.strip()
        assert len(own) <= MAX_CHARS
        last = block.char_end
    pages = {page.page: page for page in extracted.pages}
    assert len(pages) == len(extracted.pages)
    at = 0
    for page in extracted.pages:
        assert at <= page.char_start <= page.char_end <= len(extracted.text)
        at = page.char_end
    for block in extracted.blocks:
        if extracted.pages:
            assert block.page is not None
            assert pages[block.page].char_start <= block.char_start
            assert block.char_end <= pages[block.page].char_end
        else:
            assert block.page is None
    for table in extracted.tables:
        assert (
            len(table.columns) == len(table.types) == len(set(table.columns))
            or extracted.content_type != "text/csv"
        )
        assert all(len(row) == len(table.columns) for row in table.rows)


@settings(deadline=None)  # the first file of a kind loads its library
@example("word " * 300 + "Setext\n======\n", "a.md")
@example(f"<h1>{'word ' * 300}</h1>", "a.html")
@given(TEXTS, st.sampled_from(["a.txt", "a.md", "a.csv", "a.tsv", "a.html", None]))
def test_every_block_reproduces_the_text(text: str, name: str | None) -> None:
    try:
        extracted = parse(text.encode("utf-8", "surrogatepass"), name)
    except ProofroomError as refused:
        if refused.code not in {"empty_file", "unreadable_file", "no_text", "table_too_large"}:
            raise
        return
    assert_exact(extracted)
    assert from_json(extracted.text, to_json(extracted)) == extracted


LINES = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                ["Annual report 3", "- item", "12.5", "navi-", "gated by hand", "x" * 1_200, "A heading"]
            ),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60),
        ),
        st.sampled_from([-300.0, 72.0, 72.0, 300.0, 310.5]),
        st.integers(0, 60).map(lambda n: 800.0 - 12 * n),
        st.sampled_from([0.5, 9.0, 11.0, 11.0, 18.0]),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_every_block_of_a_pdf_reproduces_the_text_and_lies_on_its_page(pages: list[list[Line]]) -> None:
    try:
        extracted = parse(pdf(pages), "a.pdf")
    except ProofroomError as refused:
        if refused.code != "no_text":
            raise
        return
    assert_exact(extracted)
    assert [page.page for page in extracted.pages] == list(range(1, len(pages) + 1))
    assert from_json(extracted.text, to_json(extracted)) == extracted


SECTIONS = st.sampled_from(
    [
        "<p>A paragraph of the article that is long enough to be taken for content, says everybody here.</p>",
        "<div class='share'><a href='/'>Share</a></div>", "<div style='display:none'>Hidden words.</div>",
        "<table><tr><th>a<th>b<tr><td>1<td>2</table>", "<ul><li>one<li>two <b>words</b></ul>", "<h2>Heading</h2>",
        "<pre>a  b\n c</pre>", "<div><div>", "</div>", "<blockquote>Quote", "<!-- x -->", "<nav>Menu</nav>", "text ",
        "<br>", "<td>cell", "<p style='color:#fff'>white", "<style>.a{display:none}</style>", "<i class='a'>a</i>",
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(SECTIONS, min_size=1, max_size=30).map("".join))
def test_every_block_of_a_page_reproduces_its_text(body: str) -> None:
    try:
        extracted = parse(f"<!doctype html><html><body>{body}</body></html>".encode(), "a.html")
    except ProofroomError as refused:
        if refused.code != "no_text":
            raise
        return
    assert_exact(extracted)
    assert "Hidden words." not in extracted.text


@settings(deadline=None)
@given(TEXTS)
def test_text_is_stored_as_it_is_but_for_what_cannot_be_stored(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    try:
        extracted = parse(data, "a.txt")
    except ProofroomError:
        return
    if extracted.content_type == "text/plain" and not any("\ud800" <= sign <= "\udfff" for sign in text):
        assert extracted.text == text.replace("\x00", "\ufffd").removeprefix("\ufeff")


@settings(deadline=None)
@given(TEXTS)
def test_no_word_of_a_plain_text_is_lost(text: str) -> None:
    blocks = plain_blocks(text)
    covered = "".join(text[b.char_start : b.char_end] for b in blocks)
    bullets = sum(1 for b in blocks if b.kind == "list_item")
    lost = sum(map(len, text.split())) - sum(map(len, covered.split()))
    assert 0 <= lost <= bullets * 5  # a bullet and its number at most


def test_long_paragraphs_are_cut_between_sentences_into_even_pieces() -> None:
    text = " ".join(f"Sentence number {n} says something of about this length." for n in range(40))
    spans = split_long(text, 0, len(text))
    pieces = [text[start:end] for start, end in spans]
    assert " ".join(pieces) == text
    assert all(piece.endswith(".") and piece.startswith("Sentence") for piece in pieces)
    assert min(map(len, pieces)) > MAX_CHARS / 2


def test_a_run_of_stops_is_looked_at_once() -> None:
    """Looked at from each of its stops, half a million of them would take hours."""
    text = "." * 500_000 + "x"
    assert list(sentences(text, 0, len(text))) == [(0, len(text))]
    assert list(sentences('He left... "Why?!" Nobody knew.', 0, 31)) == [(0, 10), (11, 18), (19, 31)]


def test_a_text_without_any_space_is_cut_all_the_same() -> None:
    assert [end - start for start, end in split_long("x" * 2_000, 0, 2_000)] == [880, 880, 240]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two!  Three?", ["One.", "Two!", "Three?"]),
        (
            "Dr. Smith paid 4.45 times as much, i.e. more. So.",
            ["Dr. Smith paid 4.45 times as much, i.e. more.", "So."],
        ),
        ("He said “Stop.” She did.", ["He said “Stop.”", "She did."]),
        ("これは文です。次の文。", ["これは文です。", "次の文。"]),
        ("No end", ["No end"]),
    ],
)
def test_sentences(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text, 0, len(text))] == parts


def test_plain_text_has_headings_paragraphs_and_items() -> None:
    text = (
        "Root cause\n\nThe units were mixed.\nNobody noticed.\n\n- first\n- second\n  goes on\n\nThe end.\n"
    )
    shown = [(b.kind, b.heading, text[b.char_start : b.char_end]) for b in plain_blocks(text)]
    assert shown == [
        ("heading", None, "Root cause"),
        ("paragraph", "Root cause", "The units were mixed.\nNobody noticed."),
        ("list_item", "Root cause", "first"),
        ("list_item", "Root cause", "second\n  goes on"),
        ("paragraph", "Root cause", "The end."),
    ]


def test_a_large_table_has_blocks_of_several_rows() -> None:
    rows = "".join(f"{n},name {n}\n" for n in range(ROW_BLOCKS + 1))
    extracted = parse(f"id,name\n{rows}".encode(), "a.csv")
    assert_exact(extracted)
    groups = [b for b in extracted.blocks if b.kind == "table_row"]
    assert sum(b.meta["rows"] for b in groups) == ROW_BLOCKS + 1
    assert len(groups) < ROW_BLOCKS / 20
