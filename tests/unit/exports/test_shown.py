"""What is delivered is what the review shows: no program that reads the exports finds a word or an address more."""

import html as entities
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from proofroom.domain.document import ArtifactDocument, Ref, as_typed, parse_markdown, plain, to_json
from proofroom.exports import html, markdown
from proofroom.services.views import with_plain

# Reads what the widest of readers do: HTML, definitions of links, pictures, strikethrough.
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OWN = "Chart Its figures stand in the program Opinion Table The source of this is not known project version 1".split()
PARTS = [
    "owed", "9,999", " ", " ", "\n", "\n\n", "# ", "- ", "1. ", "> ", "> [!opinion] ", "| a | b |\n|---|---|\n| c | ",
    " |", "*", "**", "_", "~~", "~", "`", "``", "```\n", "\\", "[", "]", "(", ")", "[[b1|", "[[b2|", "[[b1]]", "]]",
    "![", "](https://mallory.example/pay)", "](/x_y_z \"titled\")", "](<a b>)", "[r]",
    "[r]: https://ref.example 'hidden'",
    "[^1]", "[^1]: noted", "<https://auto.example>", "<!-- comment -->", "<b>", "</b>", "<del>", "<", ">", "&amp;",
    "&copy;", "&#57;", "&", "!", "Table: ", "^", "=", "---", "+", "|",
    "{computed: 1}", ":", "http://bare.example", "\u200b", "é",
]  # fmt: skip
MARKDOWN = st.lists(st.sampled_from(PARTS), max_size=14).map("".join)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def texts(value: Any) -> Iterator[str]:
    """What the page makes of a document: the plain texts, and names as they stand."""
    yield value["title"]
    for block in value["blocks"]:
        yield from (link for links in block.get("links", {}).values() for _, link in links)
        yield from (str(block.get(name, "")) for name in ("plain", "plain_caption", "plain_title"))
        yield from block.get("plain_items", ())
        yield from (f"{c['name']} {c.get('unit') or ''}" for c in block.get("columns", ()))
        yield from (cell or "" for row in block.get("plain_rows", ()) for cell in row)
        figures = block.get("figures", {"columns": (), "rows": ()})
        yield from figures["columns"]
        yield from (cell or "" for row in figures["rows"] for cell in row)


def told(tokens: list[Token]) -> Iterator[str]:
    """All that a reader of Markdown gets, by eye or by following what is there."""
    for token in tokens:
        assert token.type not in ("image", "s_open", "html_inline", "html_block"), token
        if token.type in ("text", "code_inline", "fence", "code_block"):
            yield token.content
        yield from (str(v) for k, v in token.attrs.items() if k != "style")
        yield from told(token.children or [])


def document_of(draft: str, alias: bool) -> ArtifactDocument:
    refs = {"b1": Ref("s1", 1, "b-1")} if alias else {}
    return as_typed(parse_markdown(draft, refs=refs))


@settings(max_examples=400, deadline=None)
@given(MARKDOWN, st.booleans())
@example("Pump 3 failed. [[b1|The supplier is owed 9,999 euros]]", False)
@example("![a](https://x.example)", False)
@example("[^1]: 9999 (hidden)\n\n[^1]", False)
@example("a &amp;copy; `[^1]`", False)
@example("wow\\![x](/y)", False)
@example("| [x](/y) \\| `a\\|b` |\n|---|\n| \\\\ |", False)
def test_no_export_holds_more_than_the_review_shows(draft: str, alias: bool) -> None:
    document = document_of(draft, alias)
    shown = " ".join((*texts(with_plain(to_json(document))), *OWN))
    text = markdown.render(document, [], {})
    body = re.sub(r"\[\^\d+\](?!\\)", " ", text)  # the notes that the export makes itself
    found = [w for one in told(READER.parse(body)) for w in words(one)]
    assert [w for w in found if w not in shown] == [], text
    page = html.page("", body)
    seen = entities.unescape(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]))
    assert [w for w in words(seen) if w not in shown] == [], page
    assert not re.search(r"<(?:img|script|del|b)\b", page)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from([p for p in PARTS if "\n" not in p]), min_size=1, max_size=10).map("".join))
def test_a_paragraph_reads_on_the_page_of_an_export_as_in_the_draft(inline: str) -> None:
    document = document_of(f"x {inline}", alias=False)
    page = html.page("", markdown.render(document, [], {})).partition("<body>")[2]
    seen = entities.unescape(re.sub(r"<[^>]*>", "", page)).partition("\n")[2]
    (read,) = (plain(b["text"]) for b in to_json(document)["blocks"])
    # The marks of emphasis may be left over; addresses of pictures in links and of links without words are left out.
    text, seen, shown = ("".join(words(re.sub(r"[*_]", "", t))) for t in (read.text, seen, read.shown()))
    assert in_order(text, seen), (text, seen)
    assert in_order(seen, shown), (seen, shown)


def in_order(some: str, all_of_them: str) -> bool:
    rest = iter(all_of_them)
    return all(character in rest for character in some)


@pytest.mark.parametrize("draft", ["[[b1|owed 9,999]]", "- [[b1]] and [[b1|a]]", "| a |\n|---|\n| [[b1]] |"])
def test_a_citation_of_an_outside_draft_is_text_as_typed(draft: str) -> None:
    document = document_of(draft, alias=False)
    text = markdown.render(document, [], {})
    assert "[^1]" not in text
    for one in re.findall(r"\[\[.*?\]\]", draft):
        assert one in "".join(texts(with_plain(to_json(document))))
        assert one.replace("[[", "\\[\\[").replace("]]", "\\]\\]") in text
    assert as_typed(document) == document


def test_only_the_aliases_that_are_known_are_citations() -> None:
    (block,) = document_of("a [[b1|x]] [[b2|y [[b1|z]] `[[b2|w]]` ![v [[b2|u]]](t)", alias=True).blocks
    assert to_json(ArtifactDocument("", (block,)))["blocks"][0]["text"] == (
        "a [[b1|x]] \\[\\[b2|y [[b1|z]] `[[b2|w]]` ![v \\[\\[b2|u]]](t)"
    )


@pytest.mark.parametrize("draft", ["[a [[b2|x]] b](/u)", "![q [ [ [[b2|u]] r](t)"])
def test_what_looks_like_a_citation_in_a_link_or_picture_is_shown(draft: str) -> None:
    (block,) = document_of(draft, alias=False).blocks
    (raw,) = to_json(ArtifactDocument("", (block,)))["blocks"]
    assert re.findall(r"\[\[.*?\]\]", draft)[0] in plain(raw["text"]).text
    assert plain(raw["text"]).cites == ()


def test_an_outside_draft_computes_nothing() -> None:
    computed = '{computed: {"source_id": "s", "version": 1, "table": 0}}'
    fence = '```vega-lite\n{"title": "[[b9|c]]", "mark": "bar"}\n```'
    table, chart = document_of(f"| a |\n|---|\n| 1 |\n{computed}\n\n{fence}", alias=False).blocks
    assert "computed" not in to_json(ArtifactDocument("", (table, chart)))["blocks"][0]
    assert "[[b9|c]]" in "".join(texts(with_plain(to_json(ArtifactDocument("", (chart,))))))


@pytest.mark.parametrize(
    ("draft", "text"),
    [
        ("a [b](</c(d>) e", "a [b](</c(d>) e"),
        ("[a](/?b&copy;) [c]() [](/d)", "[a](/?b%C2%A9) c "),
        (
            "<https://a.example> [b@c.example](mailto:b@c.example)",
            "<https://a.example> [b@c.example](mailto:b@c.example)",
        ),
        (
            "![a](b.png) ![](https://c.example/d.png) [![e](f)](g)",
            "[a](b.png) <https://c.example/d.png> [e](g)",
        ),
        ("\\# x ~~y~~ `z` *a* **b**", "\\# x \\~\\~y\\~\\~ `z` *a* **b**"),
        ("2023\\. x &lt; snake_case _y", "2023\\. x \\< snake_case \\_y"),
        ("[&amp;copy;](/a&amp;amp;copy;b)", "[\\&copy;](/a&amp;amp;copy;b)"),
    ],
)
def test_marks_are_written_as_they_were_read(draft: str, text: str) -> None:
    assert markdown.render(parse_markdown(draft), [], {}).strip("\n") == text.strip()
