"""The document model: what is read, what is written, and that both say the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.document import (
    ArtifactDocument,
    Chart,
    Cite,
    Column,
    Computation,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Ref,
    Table,
    from_json,
    parse_markdown,
    plain,
    text_at,
    to_json,
    to_markdown,
)
from proofroom.domain.document import inline as inline_rules
from proofroom.domain.errors import InvalidInput, TooLarge

STEPS = {"op": "table", "source_id": "s|1", "version": 2, "table": 0, "steps": [{"limit": 3}]}
COMPUTED = Computation("s|1", 2, 0, ({"limit": 3},))


def blocks(markdown: str) -> list[Any]:
    return list(parse_markdown(markdown).blocks)


def again(doc: ArtifactDocument) -> ArtifactDocument:
    return parse_markdown(to_markdown(doc), title=doc.title, refs=doc.refs)


# Reading Markdown


def test_headings_paragraphs_and_title() -> None:
    doc = parse_markdown("# The *loss*\n\nOne line\nand the next.\n\n###### Deep\n\n#\n\n---\n")
    assert doc.title == "The loss"
    assert doc.blocks == (Heading(1, "The *loss*"), Paragraph("One line and the next."), Heading(4, "Deep"))
    assert parse_markdown("# A\n", title="B").title == "B"
    assert parse_markdown("text").title == ""


def test_lists_are_flattened_in_reading_order() -> None:
    md = "1. one\n2. two\n   - inner\n\n   more of two\n\n     ```\n     code here\n     ```\n\n- \n- last\n"
    assert blocks(md) == [
        ListBlock(ordered=True, items=("one", "two", "inner more of two `code here`")),
        ListBlock(ordered=False, items=("last",)),
    ]
    assert blocks("-\n") == []


def test_quotes_and_opinions_one_block_a_paragraph() -> None:
    md = "> first\n> line\n>\n> second\n\n> [!OPINION]\n> mine\n>\n> and mine\n\n> ```\n> x = 1\n> ```\n"
    assert blocks(md) == [
        Quote("first line"), Quote("second"), Opinion("mine"), Opinion("and mine"), Quote("`x = 1`"),
    ]  # fmt: skip
    assert blocks(">\n") == []


def test_a_table_with_caption_units_and_computation() -> None:
    md = (
        "Table: What it made\n\n| year | energy [TWh] |\n|---|---|\n| 2022 | 4 \\| 5 |\n| 2023 | |\n"
        f"{{computed: {json.dumps(STEPS)}}}\n"
    )
    assert blocks(md) == [
        Table(
            (Column("year"), Column("energy", "TWh")),
            (("2022", "4 | 5"), ("2023", None)),
            "What it made",
            COMPUTED,
        )
    ]


def test_the_computation_may_stand_after_a_blank_line_and_counts_once() -> None:
    line = f"{{computed: {json.dumps(STEPS)}}}"
    doc = blocks(f"| a |\n|---|\n| 1 |\n\n{line}\n\n{line}\n")
    assert doc[0].computed == COMPUTED
    assert isinstance(doc[1], Paragraph)
    assert isinstance(blocks(line)[0], Paragraph)


def test_a_chart_from_its_fence() -> None:
    spec = {
        "title": "Wind",
        "mark": "bar",
        "usermeta": {"theme": "x", "proofroom": {"computed": STEPS, "k": 1}},
    }
    md = f"```vega-lite\n{json.dumps(spec)}\n```\n"
    assert blocks(md) == [
        Chart("Wind", {"mark": "bar", "usermeta": {"theme": "x", "proofroom": {"k": 1}}}, COMPUTED)
    ]
    assert blocks('```vega-lite extra\n{"title": {"text": "no"}}\n```') == [Chart("", {})]


def test_a_chart_needs_neither_title_nor_computation() -> None:
    doc = ArtifactDocument(
        "T", (Chart("", {"mark": "bar"}), Chart("", {"mark": "bar"}, COMPUTED), Chart("A", {}))
    )
    assert again(doc) == doc
    assert from_json(to_json(doc)) == doc
    only = {"usermeta": {"proofroom": {"computed": STEPS}}}
    assert blocks(f"```vega-lite\n{json.dumps(only)}\n```") == [Chart("", {}, COMPUTED)]


def test_a_table_without_caption_writes_none() -> None:
    doc = ArtifactDocument("T", (Paragraph("Table: a"), Table((Column("x"),), (("1",),), "b")))
    assert again(doc) == doc
    assert "caption" not in to_json(ArtifactDocument("T", (Table((Column("x"),), ()),)))["blocks"][0]


def test_white_space_alone_is_no_paragraph() -> None:
    assert blocks("\u00a0") == []


def test_other_code_is_a_paragraph_set_as_code() -> None:
    assert blocks("```py\nx = `1`\n```") == [Paragraph("`` x = `1` ``")]
    assert blocks("```\n\n```") == []
    assert blocks("    indented\n") == [Paragraph("indented")]


def test_html_and_reference_definitions_stay_text() -> None:
    assert blocks("<div>hi</div>\n\n[a]: /b") == [Paragraph("<div>hi</div>"), Paragraph("[a]: /b")]


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"])
def test_every_line_end_counts(line: str) -> None:
    assert blocks(f"# A{line}{line}one{line}two") == [Heading(1, "A"), Paragraph("one two")]


def test_what_no_store_keeps_becomes_the_replacement_character() -> None:
    assert blocks("a\x00b\ud800c") == [Paragraph("a\ufffdb\ufffdc")]


@pytest.mark.parametrize(
    ("md", "path"),
    [
        ("```vega-lite\n{nope\n```", "blocks[0].spec"),
        ("```vega-lite\n[1]\n```", "blocks[0].spec"),
        ('x\n\n```vega-lite\n{"a": NaN}\n```', "blocks[1].spec.a"),
        ('```vega-lite\n{"usermeta": 1}\n```', "blocks[0].spec.usermeta"),
        ("| a |\n|---|\n{computed: nope}", "blocks[0].computed"),
        ('| a |\n|---|\n{computed: {"op": "sql"}}', "blocks[0].computed.op"),
        ("| a |\n|---|\n\n{computed: [1]}", "blocks[0].computed"),
    ],
)
def test_charts_and_computations_that_cannot_be_read_are_refused_with_their_path(md: str, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_markdown(md)
    assert (caught.value.code, caught.value.field) == ("document_invalid", path)


def test_the_limits_have_their_own_code() -> None:
    for md in ("x" * 2_000_001, "a\n\n" * 5_001):
        with pytest.raises(TooLarge) as caught:
            parse_markdown(md)
        assert caught.value.code == "document_too_large"


# Writing


def test_what_markdown_would_misread_is_guarded() -> None:
    texts = (
        "# no heading", "1999. It was", "12) so", "- dash", "* * *", "> no quote", "```", "+", "[!opinion] hm",
        "{computed: x}", "\\# kept", "1\\. kept", "~~~ x", "===", "Table: x", "plain", "|a|b|", "\\*not em\\*", "1\\a",
    )  # fmt: skip
    doc = ArtifactDocument(
        "T",
        (
            *(Paragraph(t) for t in texts), *(Quote(t) for t in texts), *(Opinion(t) for t in texts),
            ListBlock(ordered=False, items=texts), ListBlock(ordered=False, items=("x",)),
            ListBlock(ordered=True, items=texts), ListBlock(ordered=True, items=("y",)),
            Heading(2, "closing #"), Heading(3, "###"), Heading(1, "C#"),
            Table((Column("a"),), (("x\\|y",), (None,))),
            Table((Column("a"),), ()),
        ),
    )  # fmt: skip
    assert again(doc) == doc


INLINE = st.text(st.sampled_from("ab1. *_`[]()|#>-+~\\!<&\u00a0{}:'\"=\t"), min_size=1, max_size=24).map(
    lambda s: " ".join(s.split(" "))
) | st.sampled_from(["[[b1|a quote]]", "1. x", "Table: y", "- z", "[!opinion] q"])


@st.composite
def documents(draw: st.DrawFn) -> ArtifactDocument:
    def one() -> Any:
        text = draw(INLINE)
        match draw(st.integers(0, 6)):
            case 0:
                return {"type": "heading", "level": draw(st.integers(1, 4)), "text": text}
            case 1:
                return {
                    "type": "list",
                    "ordered": draw(st.booleans()),
                    "items": draw(st.lists(INLINE, max_size=3)),
                }
            case 2:
                return {"type": "quote", "text": text}
            case 3:
                return {"type": "opinion", "text": text}
            case 4:
                cell = st.none() | INLINE | st.integers(-99, 99) | st.floats(-1, 1)
                rows = draw(st.lists(st.tuples(cell, cell).map(list), max_size=2))
                table = {"type": "table", "columns": [text, {"name": "b", "unit": "km"}], "rows": rows}
                return table | draw(st.sampled_from([{}, {"caption": "c"}, {"computed": STEPS}]))
            case 5:
                return {
                    "type": "chart",
                    "title": text,
                    "spec": {"mark": text, "usermeta": {"a": 1}},
                    "computed": STEPS,
                }
            case _:
                return {"type": "paragraph", "text": text}

    return from_json({"title": draw(INLINE), "blocks": [one() for _ in range(draw(st.integers(0, 4)))]})


@settings(max_examples=120, deadline=None)
@given(documents())
def test_markdown_and_json_round_trip(doc: ArtifactDocument) -> None:
    assert again(doc) == doc
    assert from_json(to_json(doc)) == doc
    assert from_json(json.loads(json.dumps(to_json(doc)))) == doc


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_and_settles_after_one_round(text: str) -> None:
    try:
        doc = parse_markdown(text)
    except InvalidInput:
        return
    assert again(doc) == doc
    assert from_json(to_json(doc)) == doc


# JSON


def test_json_of_every_block() -> None:
    doc = ArtifactDocument(
        "T",
        (
            Heading(1, "H"), Paragraph("P"), ListBlock(ordered=True, items=("i",)), Quote("Q"), Opinion("O"),
            Table((Column("a", "km"), Column("b")), (("1", None),), "C", COMPUTED), Chart("Ch", {"mark": "bar"}),
        ),
        {"b1": Ref("s", 1, "x")},
    )  # fmt: skip
    raw = to_json(doc)
    assert raw["refs"] == {"b1": {"source_id": "s", "version": 1, "block_id": "x"}}
    assert raw["blocks"][5]["columns"] == [{"name": "a", "unit": "km"}, {"name": "b"}]
    assert raw["blocks"][5]["computed"] == STEPS
    assert "computed" not in raw["blocks"][6]
    assert from_json(raw) == doc


def test_numbers_in_cells_become_text_and_empty_blocks_vanish() -> None:
    doc = from_json({
        "blocks": [
            {"type": "table", "columns": ["a", {"name": "b [km]"}], "rows": [[1, 0.1], ["", None]]},
            {"type": "paragraph", "text": " \n "}, {"type": "heading", "level": 2, "text": ""},
            {"type": "list", "items": [" "]}, {"type": "quote", "text": ""},
        ]
    })  # fmt: skip
    assert doc.blocks == (Table((Column("a"), Column("b", "km")), (("1", "0.1"), (None, None))),)
    assert doc.blocks[0].columns[1].label == "b [km]"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("text", None),
        ({"blocks": "x"}, "blocks"),
        ({"version": 2, "blocks": []}, "version"),
        ({"blocks": [], "refs": {"a b": {}}}, "refs"),
        ({"blocks": [], "refs": {"b1": {"source_id": 1}}}, "refs.b1.source_id"),
        ({"blocks": [], "refs": {"b1": {"source_id": "s", "version": True}}}, "refs.b1.version"),
        ({"blocks": [1]}, "blocks[0]"),
        ({"blocks": [{"type": "poem"}]}, "blocks[0].type"),
        ({"blocks": [{"type": "heading", "level": 5, "text": "x"}]}, "blocks[0].level"),
        ({"blocks": [{"type": "list", "items": [1]}]}, "blocks[0].items[0]"),
        ({"blocks": [{"type": "table", "columns": [], "rows": []}]}, "blocks[0].columns"),
        ({"blocks": [{"type": "table", "columns": [3], "rows": []}]}, "blocks[0].columns[0]"),
        ({"blocks": [{"type": "table", "columns": ["a"], "rows": [[1, 2]]}]}, "blocks[0].rows[0]"),
        ({"blocks": [{"type": "table", "columns": ["a"], "rows": [[True]]}]}, "blocks[0].rows[0][0]"),
        ({"blocks": [{"type": "table", "columns": ["a"], "rows": [[{}]]}]}, "blocks[0].rows[0][0]"),
        ({"blocks": [{"type": "chart", "spec": 1}]}, "blocks[0].spec"),
        ({"blocks": [{"type": "chart", "spec": {}, "computed": 1}]}, "blocks[0].computed"),
        ({"blocks": [{"type": "chart", "spec": {"n": 2**53}}]}, "blocks[0].spec.n"),
        ({"blocks": [{"type": "chart", "spec": {"n": 1e17}}]}, "blocks[0].spec.n"),
        ({"blocks": [{"type": "chart", "spec": {"n": float("inf")}}]}, "blocks[0].spec.n"),
        ({"blocks": [{"type": "chart", "spec": {"n": {1}}}]}, "blocks[0].spec.n"),
        ({"blocks": [{"type": "chart", "spec": {1: 2}}]}, "blocks[0].spec"),
    ],
)
def test_json_that_is_not_a_document_is_refused_with_its_path(value: object, path: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_json(value)
    assert (caught.value.code, caught.value.field) == ("document_invalid", path)
    assert caught.value.hint


def test_nesting_and_size_are_limited() -> None:
    deep: Any = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(InvalidInput, match="nested"):
        from_json({"blocks": [{"type": "chart", "spec": {"x": deep}}]})
    with pytest.raises(TooLarge):
        from_json({"blocks": [{"type": "paragraph", "text": "x" * 2_000_001}]})
    with pytest.raises(TooLarge):
        from_json({"blocks": [{"type": "paragraph", "text": "x"}] * 5_001})


# Inline text


@pytest.mark.parametrize(
    ("inline", "text"),
    [
        ("plain", "plain"),
        ("a *b* **c** ~~d~~ `e` [f](http://g.h)", "a b c ~~d~~ e f"),
        ("![alt *x*](i.png) &amp; \\*", "alt x & *"),
        ("a  \nb", "a b"),
        ("snake_case_name 5 * 3", "snake_case_name 5 * 3"),
        ("<b>kept</b>", "<b>kept</b>"),
        ("[[b1|open", "[[b1|open"),
        ("[[b 1|x]]", "[[b 1|x]]"),
        ("a <http://x.y>", "a http://x.y"),
        ("[a [[b1|x]] c](http://u)", "[a c](http://u)"),
    ],
)
def test_plain_is_what_a_reader_sees(inline: str, text: str) -> None:
    assert plain(inline).text == text


def test_citations_leave_no_trace_and_know_their_place() -> None:
    read = plain("Lost *it* [[b1|a *raw* [1]]]. Next [[b2]] word [[s:3|x]][[b4|y]]")
    assert read.text == "Lost it. Next word"
    assert read.cites == (
        Cite("b1", "a *raw* [1]", 7),
        Cite("b2", "", 13),
        Cite("s:3", "x", 18),
        Cite("b4", "y", 18),
    )
    only = plain("[[b1|x]] Then")
    assert (only.text.strip(), only.cites[0].at) == ("Then", 0)
    assert plain("* [[b1|x]]").cites[0].at == 1
    assert plain(" [[b1|x]] a").text == "a"


def test_a_text_that_is_all_code_says_so() -> None:
    assert plain("`x = 1` `y`").code
    assert not plain("see `x`").code


@settings(max_examples=120, deadline=None)
@given(st.text(st.sampled_from("ab [|]b1`*_~<>&!\\()\n\u2028\ud800"), max_size=80))
def test_plain_never_fails_and_places_lie_in_the_text(inline: str) -> None:
    read = plain(inline)
    assert all(0 <= c.at <= len(read.text) for c in read.cites)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="[]()!*_~`\\\\<>&|\"'ab1 .:/;", max_size=60).filter(lambda text: "](" not in text))
def test_without_a_bracket_and_a_parenthesis_there_is_no_link(text: str) -> None:
    """Such text is read without looking for links, which comes to the same and is many times quicker."""
    full, quick = (
        [(t.type, t.content, t.meta) for t in md.parseInline(text, {})[0].children or []]
        for md in (inline_rules._FULL, inline_rules._NO_LINKS)  # pyright: ignore[reportPrivateUsage]
    )
    assert full == quick


@pytest.mark.parametrize("piece", ["[", "[[", "[[b|", "*a", "![", "<", "[a](", "_*", "`"])
def test_hostile_markup_ends(piece: str) -> None:
    # Work that grows with the square of the length would not come back from this.
    assert plain(piece * (60_000 // len(piece))).text


def test_a_computed_table_reads_back_from_its_markdown() -> None:
    table = {
        "type": "table",
        "caption": "Cost",
        "columns": [{"name": "Year"}, {"name": "Cost", "unit": "EUR"}],
        "rows": [["2024", "48"]],
        "computed": {"op": "table", "source_id": "s1", "version": 2, "table": 0, "steps": [{"limit": 1}]},
    }
    document = from_json({"version": 1, "title": "T", "refs": {}, "blocks": [table]})
    assert parse_markdown(to_markdown(document), title="T").blocks == document.blocks


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ([0], "A b"), ([0, 0], None), ([1], "One two."), ([2, 1], "second"), ([2], None), ([2, 2], None),
        ([3, 0, 1], "5 km"), ([3, 0, 0], None), ([3, 0], None), ([3, 1, 0], None), ([3, 0, 2], None), ([4], None),
        ([5], None), ([], None), ([-1], None), ([2, -1], None),
    ],
)  # fmt: skip
def test_a_path_leads_to_the_plain_text_of_its_place(path: list[int], text: str | None) -> None:
    document = ArtifactDocument(
        title="T",
        blocks=(
            Heading(2, "A *b*"), Paragraph("One [[b1|q]] two."), ListBlock(False, ("first", "**second**")),
            Table((Column("a"), Column("b")), ((None, "5 km"),)), Chart("C", {}),
        ),
        refs={},
    )  # fmt: skip
    assert text_at(document, path) == text
