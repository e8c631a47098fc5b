"""Claims: what counts as one, and ids that stay."""

# ruff: noqa: E501 -- one case a line

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
    Table,
    from_json,
    parse_markdown,
    plain,
)
from proofroom.domain.evidence import ClaimText, chart_series, split_claims

COMPUTED = Computation("s", 1, 0)


def claims(*blocks: object, namespace: str = "") -> list[ClaimText]:
    return split_claims(ArtifactDocument("T", blocks), namespace)  # type: ignore[arg-type]


def test_sentences_of_every_block_with_their_places() -> None:
    found = claims(
        Paragraph("First *one*. Second."), ListBlock(ordered=False, items=("a b", "c. D e")), Quote("said so"),
        Opinion("I think. So"), Heading(1, "What went wrong"), Paragraph("`code = x`"), Paragraph("…"),
    )  # fmt: skip
    assert [(c.text, c.path, c.n) for c in found] == [
        ("First one.", (0,), 1), ("Second.", (0,), 2), ("a b", (1, 0), 3), ("c. D e", (1, 1), 4), ("said so", (2,), 5),
        ("I think.", (3,), 6), ("So", (3,), 7),
    ]  # fmt: skip
    assert [c.verbatim for c in found] == [False] * 4 + [True] + [False] * 2
    assert [c.opinion for c in found] == [False] * 5 + [True] * 2
    assert (found[1].char_start, found[1].char_end) == (11, 18)


def test_headings_count_only_where_they_say_something() -> None:
    heads = [
        "What went wrong", "Losses of 5 million", "March 1999 in short", "Lost on 23 September 1999", "Wind rose", "1999", "Section 4", "At 09:00 sharp", "Sure [[b1]]",
        "Odd [[b1|x",
    ]  # fmt: skip
    assert [c.text for c in claims(*(Heading(2, h) for h in heads))] == [
        "Losses of 5 million", "Lost on 23 September 1999", "Wind rose", "At 09:00 sharp", "Sure", "Odd [[b1|x",
    ]  # fmt: skip


def test_a_sentence_set_as_code_or_as_a_heading_is_a_claim() -> None:
    found = claims(
        Paragraph("`The bridge was opened in May.`"), Paragraph("`pip install the bridge now`"),
        Heading(1, "The audit found no fraud."), Heading(1, "The audit and its fraud"),
    )  # fmt: skip
    assert [c.text for c in found] == ["The bridge was opened in May.", "The audit found no fraud."]


@pytest.mark.parametrize(
    "text",
    ["Losses: $5 million", "23 September 1999", "At 09:00", "Ada Lovelace", "rate = 4.45", "\uff15 lost"],
)
def test_what_can_be_compared_is_a_claim_also_when_it_is_set_as_code(text: str) -> None:
    assert [c.text for c in claims(Paragraph(f"`{text}`"))] == [text]
    assert [c.text for c in claims(ListBlock(ordered=False, items=(f"`{text}`",)))] == [text]


@pytest.mark.parametrize("text", ["code = x", "pip install proofroom", "for row in table:", "--json"])
def test_code_that_nothing_can_be_compared_with_is_no_claim(text: str) -> None:
    assert claims(Paragraph(f"`{text}`")) == []


def test_citations_belong_to_their_sentence() -> None:
    found = claims(Paragraph("[[b0]] One is [[b1|x]]. [[b2|y]] Two [[b3]]."))
    assert [[c.ref for c in one.cites] for one in found] == [["b0", "b1", "b2"], ["b3"]]
    assert found[0].cites[1] == Cite("b1", "x", 6)


def test_where_a_link_leads_that_names_another_host_is_known_of_its_sentence() -> None:
    trap = "[bank.example.com](https://mallory.example)"
    found = claims(
        Paragraph(f"Good. See {trap} for it. Then [here](https://mallory.example) too."),
        ListBlock(ordered=False, items=(f"`code` {trap}",)),
        Heading(2, trap), Heading(2, "[here](https://mallory.example)"), Paragraph("[`x`](https://mallory.example)"),
        Table((Column("a"), Column("b")), ((trap, "5"), ("c", "6"))),
    )  # fmt: skip
    leads = "https://mallory.example"
    assert [c.leads for c in found] == ["", leads, "", leads, leads, leads, ""]


def test_a_citation_that_cannot_be_read_is_marked() -> None:
    found = claims(Paragraph("Good. Bad [[b1|open. Also [[b2] here."), Paragraph("And [[b 3]] [[ok] fine"))
    assert [c.unread for c in found] == [False, True, True, True]
    assert not claims(Paragraph("[[ok] fine"))[0].unread


def test_cells_of_tables_and_series_of_charts() -> None:
    columns = (Column("year"), Column("made", "TWh"), Column("place"))
    rows = (
        ("2022", "*5*", "Kent"),
        (None, None, None),
        (None, "7", None),
        ("2023", None, "Hull"),
        ("—", "6", ""),
    )
    spec = {
        "encoding": {
            "y": {"field": "made", "type": "quantitative"},
            "x": {"field": "year", "type": "ordinal"},
        }
    }
    found = claims(Table(columns, rows, None, COMPUTED), Chart("Wind", spec), Chart("", {}))
    assert [(c.text, c.kind, c.path, c.char_end) for c in found] == [
        ("2022, made [TWh]: 5", "cell", (0, 0, 1), 1),
        ("made [TWh]: 7", "cell", (0, 2, 1), 1),
        ("2023, place: Hull", "cell", (0, 3, 2), 4),
        ("made [TWh]: 6", "cell", (0, 4, 1), 1),
        ("Wind: made", "series", (1, 0), 4),
        ("data", "series", (2, 0), 4),
    ]


def test_cells_of_a_table_that_nobody_computed_are_claims_with_their_unit_and_citations() -> None:
    columns = (
        Column("year"),
        Column("made", "TWh"),
        Column("share", "2019"),
        Column("place"),
        Column("source"),
    )
    rows = (
        ("2022", "5 [[b1|five]]", "7", "Kent", "[[b2]]"),
        ("2023", "5 GWh", "none", "[[b3|open", None),
        ("x", None, None, None, None),
    )
    found = claims(Table(columns, rows))
    assert [(c.text, c.path, c.char_end, [x.ref for x in c.cites], c.unread) for c in found] == [
        ("2022, made: 5 TWh", (0, 0, 1), 1, ["b1"], False),
        ("2022, share [2019]: 7", (0, 0, 2), 1, ["b1", "b2"], False),
        ("2022, place: Kent", (0, 0, 3), 4, ["b1", "b2"], False),
        ("2023, made: 5 GWh", (0, 1, 1), 5, [], True),
        ("2023, share [2019]: none", (0, 1, 2), 4, [], True),
        ("2023, place: [[b3|open", (0, 1, 3), 9, [], True),
        ("year: x", (0, 2, 0), 1, [], False),
    ]
    assert all(c.text[c.own : c.own + c.char_end] for c in found)


def test_series_of_layered_charts() -> None:
    layer = {"encoding": {"y": {"field": "a", "type": "quantitative"}, "x": 5}}
    deep: dict[str, object] = {"encoding": {"y": {"field": "z", "type": "quantitative"}}}
    for _ in range(8):
        deep = {"layer": [deep]}
    spec = {
        "layer": [layer, layer, "x"],
        "hconcat": 3,
        "concat": [{"encoding": {"theta": {"field": 1}}}, deep],
    }
    assert chart_series(Chart("", spec)) == ["a"]


def test_ids_depend_on_namespace_kind_and_text_only() -> None:
    one = claims(Paragraph("Same. Other. Same."), namespace="n")
    assert one[0].id.startswith("c_")
    assert one[2].id == f"{one[0].id}_2"
    moved = claims(Heading(1, "x"), Paragraph("New. Same."), namespace="n")
    assert moved[1].id == one[0].id
    assert claims(Paragraph("Same."), namespace="m")[0].id != one[0].id


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_places_are_exact(texts: list[str]) -> None:
    doc = from_json({"blocks": [{"type": "paragraph", "text": t} for t in texts]})
    for claim in split_claims(doc):
        block = doc.blocks[claim.path[0]]
        assert isinstance(block, Paragraph)
        assert plain(block.text).text[claim.char_start : claim.char_end] == claim.text


def test_a_draft_of_one_endless_line_is_read() -> None:
    found = split_claims(parse_markdown("word " * 100_000))
    assert sum(len(c.text.split()) for c in found) == 100_000
