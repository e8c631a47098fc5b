"""The word diff: exact on any two texts, and bounded."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain import textdiff
from proofroom.domain.document import ArtifactDocument, Chart, Column, Heading, ListBlock, Paragraph, Table
from proofroom.domain.textdiff import align, diff_documents, diff_to_json, diff_words

PROSE = st.text(alphabet="ab \n.,é1", max_size=60)


@given(st.lists(st.integers(0, 5), max_size=40), st.lists(st.integers(0, 5), max_size=40))
def test_runs_cover_both_sides_in_order_and_equal_runs_are_equal(a: list[int], b: list[int]) -> None:
    at, bt = 0, 0
    last = None
    for equal, a0, a1, b0, b1 in align(a, b):
        assert (a0, b0) == (at, bt)
        assert equal != last
        if equal:
            assert a[a0:a1] == b[b0:b1] != []
        else:
            assert a[a0:a1] or b[b0:b1]
        at, bt, last = a1, b1, equal
    assert (at, bt) == (len(a), len(b))


@given(PROSE, PROSE)
def test_both_texts_can_be_put_together_again(before: str, after: str) -> None:
    changes = list(diff_words(before, after))
    assert "".join(t for kind, t in changes if kind != "added") == before
    assert "".join(t for kind, t in changes if kind != "removed") == after
    assert ({kind for kind, _ in changes} <= {"same"}) is (before == after)


@given(st.lists(PROSE, max_size=6), st.lists(PROSE, max_size=6))
def test_blocks_can_be_put_together_again(before: list[str], after: list[str]) -> None:
    old, new = (
        ArtifactDocument("T", tuple(Paragraph(t) for t in texts if t.strip())) for texts in (before, after)
    )
    diff = diff_documents(old, new)
    for document, left_out in ((old, "added"), (new, "removed")):
        texts = [
            "".join(c.text for c in diff.changes if c.block == i and c.kind != left_out)
            for i, block in enumerate(diff.blocks)
            if block.kind != left_out
        ]
        assert [t for t in texts if t] == [
            "T",
            *(t for t in (p_text(b.text) for b in document.blocks if isinstance(b, Paragraph)) if t),
        ]


def test_where_a_link_leads_is_compared() -> None:
    old, new = (
        ArtifactDocument(
            "T", (Paragraph(f"It was [mended](https://{host}/x) in May."), ListBlock(False, ("a",)))
        )
        for host in ("a.example", "b.example")
    )
    diff = diff_to_json(diff_documents(old, new))
    assert [b["kind"] for b in diff["blocks"]] == ["same", "changed", "same"]
    said = {
        kind: "".join(c["text"] for c in diff["changes"] if c["kind"] == kind)
        for kind in ("removed", "added")
    }
    assert "a.example" in said["removed"]
    assert "b.example" in said["added"]


def p_text(inline: str) -> str:
    from proofroom.domain.document import plain

    return plain(inline).text


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It passed at 57 km.", "It passed at 60 km.", "It passed at [-57 -]{+60 +}km."),
        ("a b c", "a c", "a [-b -]c"),
        ("a c", "a b c", "a {+b +}c"),
        ("4.45 then", "44.5 then", "[-4.45 -]{+44.5 +}then"),
        ("the board’s own", "the board’s", "the board’s[- own-]"),
        ("(so)", "[so]", "[-(-]{+[+}so[-)-]{+]+}"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("", "", ""),
        ("x a x b x", "x b x a x", None),
    ],
)
def test_words_and_marks_are_the_units(before: str, after: str, expected: str | None) -> None:
    signs = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    shown = "".join(signs[kind][0] + text + signs[kind][1] for kind, text in diff_words(before, after))
    assert expected is None or shown == expected


def test_blocks_that_are_alike_stand_beside_each_other() -> None:
    before = ArtifactDocument(
        "One", (Heading(1, "Old heading"), Paragraph("It passed Mars at 57 km."), Paragraph("Nobody knew."))
    )
    after = ArtifactDocument(
        "One",
        (
            Heading(1, "Quite another"),
            Paragraph("First of all."),
            Paragraph("It passed Mars at 60 km."),
            Paragraph("Nobody knew."),
        ),
    )
    diff = diff_documents(before, after)
    assert [(b.type, b.kind) for b in diff.blocks] == [
        ("title", "same"),
        ("heading", "removed"),
        ("heading", "added"),
        ("paragraph", "added"),
        ("paragraph", "changed"),
        ("paragraph", "same"),
    ]
    assert [(c.kind, c.text) for c in diff.changes if c.block == 4] == [
        ("same", "It passed Mars at "),
        ("removed", "57 "),
        ("added", "60 "),
        ("same", "km."),
    ]
    assert diff_to_json(diff)["changes"][0] == {"block": 0, "kind": "same", "text": "One"}


def test_the_title_is_one_block_however_much_it_changes() -> None:
    diff = diff_documents(ArtifactDocument("Old", ()), ArtifactDocument("", ()))
    assert [(b.type, b.kind) for b in diff.blocks] == [("title", "changed")]
    assert [(c.kind, c.text) for c in diff.changes] == [("removed", "Old")]


def test_tables_lists_and_charts_are_read_line_by_line() -> None:
    table = Table((Column("year"), Column("energy", "TWh")), (("2021", "378"), ("2022", None)), "Energy")
    document = ArtifactDocument("", (table, ListBlock(False, ("a", "b")), Chart("Over time", {})))
    diff = diff_documents(document, document)
    assert [b.type for b in diff.blocks] == ["title", "table", "list", "chart"]
    assert diff.changes[0].text == "Energy\nyear\nenergy [TWh]\n2021\n378\n2022"
    emptied = diff_documents(document, ArtifactDocument("", ()))
    assert [b.kind for b in emptied.blocks] == ["same", "removed", "removed", "removed"]


def test_a_large_rewritten_text_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is counted, not timed: comparisons of two words, over texts that share almost nothing in order."""
    compared = 0

    class Word(int):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return int.__eq__(self, other)  # type: ignore[arg-type]

        __hash__ = int.__hash__

    rng = random.Random(1)
    words = [Word(n) for n in range(50)]
    a, b = ([rng.choice(words) for _ in range(20_000)] for _ in range(2))
    runs = align(a, b)
    assert (runs[-1][2], runs[-1][4]) == (20_000, 20_000)
    assert compared < len(a + b) * int(textdiff.WORK**0.5)


def test_too_many_differences_are_shown_as_one() -> None:
    a, b = [0, 1] * 3000, [1, 0, 0] * 2000
    assert sum(not equal for equal, *_ in align(a, b)) >= 1
    assert len(align([0, 1, 1, 0] * 5000, [1, 0, 0, 0, 1] * 4000)) < 50


def test_white_space_at_the_end_of_one_side_only() -> None:
    assert list(diff_words("a", "a ")) == [("same", "a"), ("added", " ")]
    assert list(diff_words("a ", "a")) == [("same", "a"), ("removed", " ")]
    assert list(diff_words(" a", "  a")) == [("removed", " "), ("added", "  "), ("same", "a")]
