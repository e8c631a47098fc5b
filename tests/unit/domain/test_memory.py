"""Rules of memory: what decisions lead to, notes, and an artifact as text with blocks."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.document import ArtifactDocument, from_json, parse_markdown
from proofroom.domain.envelope import EnvelopeNote
from proofroom.domain.errors import Conflict, InvalidInput, ProofroomError
from proofroom.domain.evidence import split_claims
from proofroom.domain.memory import (
    BLOCK_CHARS,
    MAX_NOTE,
    NEXT,
    Choice,
    State,
    approved_text,
    clean_note,
    decide,
    fit_notes,
    near_equal,
)


@pytest.mark.parametrize("choice", list(Choice))
@pytest.mark.parametrize("state", list(State))
def test_a_decision_leads_on_or_is_refused_with_why(state: State, choice: Choice) -> None:
    if (state, choice) in NEXT:
        assert decide("m", state, choice, "because") is NEXT[state, choice]
        return
    with pytest.raises(Conflict) as refused:
        decide("m", state, choice, "because")
    expected = "already_decided"
    if (state, choice) == (State.PROPOSED, Choice.RETIRE):
        expected = "memory_not_accepted"
    elif state is State.EXPIRED:
        expected = "memory_expired"
    assert (refused.value.code, refused.value.extra["state"]) == (expected, state.value)


def test_only_a_plain_acceptance_needs_no_reason() -> None:
    assert decide("m", State.PROPOSED, Choice.ACCEPT, None) is State.ACCEPTED
    for choice, flagged in ((Choice.REJECT, False), (Choice.ACCEPT, True)):
        with pytest.raises(InvalidInput) as refused:
            decide("m", State.PROPOSED, choice, None, flagged=flagged)
        assert (refused.value.code, refused.value.field) == ("reason_required", "reason")


@pytest.mark.parametrize(
    ("given_text", "clean"),
    [
        ("  Use British spelling. \n", "Use British spelling."),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("a\tb\x00\x07\u202e\u200b\u2066\ufeff\u00ad\U000e0041", "a b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800x", "x"),
    ],
)
def test_a_note_holds_what_can_be_seen(given_text: str, clean: str) -> None:
    assert clean_note(given_text) == clean


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(said: str) -> None:
    try:
        clean = clean_note(said)
    except ProofroomError:
        return
    assert clean_note(clean) == clean
    clean.encode()


@pytest.mark.parametrize(
    ("said", "code"),
    [("", "note_empty"), ("\u200b\n", "note_empty"), ("x" * (MAX_NOTE + 1), "note_too_long")],
)
def test_a_note_is_neither_empty_nor_a_source(said: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_note(said)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Name the unit of every figure.", "name the UNIT of every figure", True),
        ("Name the unit of every figure in it.", "Name the unit of each figure in it, please.", False),
        (
            "Round all of the figures to 1 decimal, please.",
            "Round all of the figures to 2 decimals, please.",
            False,
        ),
        ("Do use the long form of all names here.", "Do not use the long form of all names here.", False),
        ("Shorter.", "Name the unit.", False),
        ("!!", "??", True),
    ],
)
def test_lessons_that_say_the_same(one: str, other: str, same: bool) -> None:
    assert near_equal(one, other) is near_equal(other, one) is same


def notes(*kinds: str) -> list[EnvelopeNote]:
    scope: dict[str, str | None] = {"project_id": None, "agent_type": None}
    return [
        EnvelopeNote(str(n), "instruction" if kind == "i" else "lesson", "x" * 40, scope)
        for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "budget", "kept", "left_out"),
    [
        ("ilil", 100, "0213", ""),
        ("ilil", 30, "023", "1"),
        ("ilil", 20, "02", "13"),
        ("ilil", 10, "2", "013"),
        ("", 0, "", ""),
    ],
)
def test_the_oldest_lessons_are_left_out_first(kinds: str, budget: int, kept: str, left_out: str) -> None:
    sent, rest = fit_notes(notes(*kinds), budget=budget)
    assert "".join(n.id for n in sent) == kept
    assert "".join(n["id"] for n in rest) == left_out
    assert all(f"{budget:,} tokens" in n["why"] for n in rest)


def ledger(
    document: ArtifactDocument,
    *,
    bare: Sequence[str] = (),
    flagged: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """A claim ledger in which everything rests on the block b of source s, but what is named."""
    anchor = {
        "source_id": "s", "version": 1, "block_id": "b", "page": None, "char_start": 0, "char_end": 4,
        "quote": "Said", "source_title": "S", "role": "supports",
    }  # fmt: skip
    return [
        {
            "id": c.id, "kind": c.kind, "path": list(c.path), "char_start": c.char_start, "char_end": c.char_end,
            "opinion": c.opinion, "verdict": "supported", "needs_you": any(f in c.text for f in flagged),
            "anchors": [] if any(b in c.text for b in bare) else [anchor],
        }
        for c in split_claims(document)
    ]  # fmt: skip


def cut(document: ArtifactDocument, **more: Any) -> tuple[str, list[tuple[str, str | None, str]]]:
    text, blocks = approved_text(document, ledger(document, **more))
    return text, [(b.kind, b.heading, text[b.char_start : b.char_end]) for b in blocks]


DOCUMENT = """
# It rose by 4 km

It **rose** to 4 km. It fell to 3 km. Nobody asked. It stood at 2 km.

> A quotation of 5 words.

- First at 1 km.
- Second at 2 km.

> [!opinion] It matters a lot.

| what | how much |
| --- | --- |
| altitude | 80 km |
| speed | bare 5 |
| bare | |

```vega-lite
{"title": "Heights", "mark": "bar", "encoding": {"y": {"field": "km", "type": "quantitative"}}}
```
"""


HEADING = "It rose by 4 km"


def test_an_artifact_becomes_text_with_the_blocks_that_claim_something() -> None:
    document = parse_markdown(DOCUMENT, title="A report")
    text, blocks = cut(document, bare=["Nobody asked", "bare"])
    assert text.startswith("A report\nIt rose by 4 km\nIt rose to 4 km. It fell")
    assert "It matters a lot." in text
    assert "Heights" in text
    assert blocks == [
        ("heading", None, HEADING),
        ("paragraph", HEADING, "It rose to 4 km. It fell to 3 km."),
        ("paragraph", HEADING, "It stood at 2 km."),
        ("quote", HEADING, "A quotation of 5 words."),
        ("list_item", HEADING, "First at 1 km."),
        ("list_item", HEADING, "Second at 2 km."),
        ("table_row", HEADING, "what: altitude; how much: 80 km"),
    ]


def test_what_was_signed_over_stands_apart() -> None:
    document = parse_markdown("It rose to 4 km. It fell to 3 km. It stood at 2 km.")
    _, blocks = cut(document, flagged=["fell"])
    assert [b[2] for b in blocks] == ["It rose to 4 km.", "It fell to 3 km.", "It stood at 2 km."]
    (block,) = approved_text(document, ledger(document))[1]
    assert len(block.claims) == 3
    assert [a["quote"] for a in block.anchors] == ["Said"]
    assert "role" not in block.anchors[0]


def test_what_a_summary_says_again_is_one_block() -> None:
    document = parse_markdown(
        "# Summary\n\nIt rose to 4 km.\n\n# Findings\n\nIt  rose to 4 km.\n\nIt rose to 5 km.\n\n- It rose to 4 km.\n"
    )
    text, blocks = approved_text(document, ledger(document))
    assert [(b.heading, text[b.char_start : b.char_end], len(b.claims)) for b in blocks] == [
        ("Summary", "It rose to 4 km.", 3),
        ("Findings", "It rose to 5 km.", 1),
    ]


def test_the_same_words_on_other_evidence_are_another_block() -> None:
    document = parse_markdown("It rose to 4 km.\n\n- It rose to 4 km.\n")
    first, second = ledger(document)
    second["anchors"] = [second["anchors"][0] | {"block_id": "c"}]
    assert len(approved_text(document, [first, second])[1]) == 2


def test_a_block_is_no_longer_than_a_passage() -> None:
    sentence = "It rose to 4 km on May {} and fell then again on the next one, which nobody had thought of. "
    _, blocks = cut(parse_markdown("".join(map(sentence.format, range(10, 40)))))
    assert len(blocks) == 4
    assert all(len(b[2]) <= BLOCK_CHARS for b in blocks)


def test_a_computed_row_rests_on_its_table() -> None:
    content: Mapping[str, Any] = {
        "version": 1, "title": "", "refs": {},
        "blocks": [
            {
                "type": "table", "columns": ["year", "net"], "rows": [["2022", "434"], ["2023", "425"]],
                "caption": "Wind",
                "computed": {"op": "table", "source_id": "s", "version": 2, "table": 1, "steps": []},
            }
        ],
    }  # fmt: skip
    document = from_json(content)
    text, blocks = approved_text(document, ledger(document, bare=["net"]))
    assert text == "Wind\nyear: 2022; net: 434\nyear: 2023; net: 425"
    assert [text[b.char_start : b.char_end] for b in blocks] == [
        "year: 2022; net: 434",
        "year: 2023; net: 425",
    ]
    assert blocks[0].heading is None
    assert [(a["source_id"], a["version"], a["block_id"], a["table"]) for a in blocks[0].anchors] == [
        ("s", 2, None, 1)
    ]
    failed = approved_text(document, ledger(document, bare=["net"], flagged=["net"]))[1]
    assert failed == ()


@given(st.text(max_size=400))
def test_spans_reproduce_their_claims_whatever_the_text(markdown: str) -> None:
    document = parse_markdown(markdown)
    text, blocks = approved_text(document, ledger(document))
    spans = [(b.char_start, b.char_end) for b in blocks]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(b.claims and b.anchors for b in blocks)
