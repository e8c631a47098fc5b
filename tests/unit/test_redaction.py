"""What a deleted source leaves in texts and JSON: none of its words, all of its ids."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.document import from_json
from proofroom.domain.redaction import (
    DELETED,
    Words,
    receipt_without,
    telling,
    without,
    without_json,
    words_of,
)

SOURCE, BLOCK, OTHER = "0aaa", "0bbb", "0ccc"
TEXT = "Ottilie Brandauer of Quellengasse owes exactly 48,213 florins. The clerk was there."
WORDS = words_of([TEXT, "short"], ["The Ledger of May.pdf", "Notes", None, " "], {SOURCE, BLOCK})
OWN = Words(WORDS.runs, WORDS.plain, WORDS.names, WORDS.ids, frozenset({"Brandauer", "48,213"}))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("It says Brandauer of QUELLENGASSE, owes: exactly 48 then.", f"It says {DELETED} then."),
        (
            "Brandauer of Quellengasse owes. And then exactly 48,213 florins.",
            f"{DELETED}. And then {DELETED}.",
        ),
        ("of Quellengasse owes", "of Quellengasse owes"),
        ("Owes exactly 47,213 florins, the clerk.", f"Owes exactly 47,{DELETED}."),
        ("See [[b1|the clerk]] and [[b2|the bank]].", f"See [[b1|{DELETED}]] and [[b2|the bank]]."),
        ("of Quellengasse [[b1]] owes exactly", "of Quellengasse [[b1]] owes exactly"),
        ("[[b1]] [[b2]] Brandauer of Quellengasse owes [[b3]]", f"[[b1]] [[b2]] {DELETED} [[b3]]"),
        ("[[b1|]]", "[[b1|]]"),
        ("In the ledger of may.PDF it stands.", f"In {DELETED} it stands."),
        ("notes", DELETED),
        ("His notes say so.", "His notes say so."),
        ("", ""),
    ],
)
def test_runs_quotes_and_names_go(said: str, left: str) -> None:
    assert without(said, WORDS) == left


def test_what_holds_nothing_is_the_same_object() -> None:
    said = "The board named a factor of four in its report."
    assert without(said, WORDS) is said


def test_names_and_figures_of_the_source_alone_go_from_sentences_and_not_from_ids() -> None:
    assert (
        without("What does Brandauer owe: 48,213 or 48?", OWN) == f"What does {DELETED} owe: {DELETED} or 48?"
    )
    assert without("Brandauer", OWN) == DELETED
    assert without("Brandauer-48,213", OWN) == "Brandauer-48,213"


def test_telling_words_are_names_and_figures() -> None:
    assert telling([TEXT]) == {"Ottilie", "Brandauer", "Quellengasse", "48,213"}
    assert telling(["Then 12 of It.", "", "A b. Last Two"]) == {"Last", "Two"}


def test_what_names_the_source_keeps_ids_and_loses_text() -> None:
    item = {
        "source_id": SOURCE.upper(), "block_id": BLOCK, "alias": "b1", "text": "x", "score": 0.5, "page": None,
        "rows": [["a"]], "columns": ["a"], "more": {"session_id": "s", "name": "n"},
    }  # fmt: skip
    assert without_json([item], WORDS) == [
        {
            "source_id": SOURCE.upper(), "block_id": BLOCK, "alias": "b1", "text": DELETED, "score": 0.5,
            "page": None, "rows": [], "columns": [DELETED], "more": {"session_id": "s", "name": DELETED},
        }
    ]  # fmt: skip
    assert (
        without_json({"computed": {"source_id": SOURCE}, "source_title": "x"}, WORDS)["source_title"]
        == DELETED
    )
    assert without_json({SOURCE: "x", OTHER: "y", "n": 1}, WORDS) == {SOURCE: DELETED, OTHER: "y", "n": 1}


def test_documents_stay_readable() -> None:
    made = without_json(
        {
            "version": 1,
            "title": "Notes",
            "refs": {
                "b1": {"source_id": SOURCE, "version": 1, "block_id": BLOCK},
                "b2": {"source_id": OTHER, "version": 1, "block_id": "x"},
            },
            "blocks": [
                {"type": "paragraph", "text": "We say so. [[b1|any words]] [[b2|any words]]"},
                {"type": "list", "ordered": False, "items": ["Brandauer of Quellengasse owes", "no"]},
                {"type": "table", "columns": [{"name": "n"}], "rows": [["7 [[b1|seven]]"], ["8 [[b2|x]]"], [None]]},
                {
                    "type": "table", "columns": [{"name": "n"}], "rows": [["1"]],
                    "computed": {"op": "table", "source_id": SOURCE, "version": 1, "table": 0, "steps": []},
                },
            ],
        },
        WORDS,
    )  # fmt: skip
    assert from_json(made).refs.keys() == {"b1", "b2"}
    first, second, table, computed = made["blocks"]
    assert first["text"] == f"We say so. [[b1|{DELETED}]] [[b2|any words]]"
    assert second["items"] == [DELETED, "no"]
    assert table["rows"] == [[DELETED], ["8 [[b2|x]]"], [None]]
    assert computed == {"type": "paragraph", "text": f"{DELETED} (a table)"}


def claim(source_id: str, kind: str = "sentence") -> dict[str, Any]:
    return {
        "id": "c1", "text": "It is 7.", "kind": kind, "verdict": "conflict", "headline": "The source says 8.",
        "short": "8", "say": {"draft": {"text": "7"}, "source": {"text": "8"}}, "correction": {"text": "It is 8."},
        "checks": [{"kind": "number", "draft": "7", "source": "8", "note": None}],
        "anchors": [{"source_id": source_id, "quote": "8"}],
    }  # fmt: skip


def test_claims_lose_what_their_source_says() -> None:
    made = without_json(claim(SOURCE), WORDS)
    assert made["anchors"] == [{"source_id": SOURCE, "quote": DELETED}]
    assert made["checks"] == [{"kind": "number", "draft": "7", "source": DELETED, "note": None}]
    assert (made["text"], made["headline"], made["say"], made["correction"]) == (
        "It is 7.",
        DELETED,
        None,
        None,
    )
    cell = without_json(claim(SOURCE, "cell"), WORDS)
    assert (cell["text"], cell["checks"][0]["draft"]) == (DELETED, DELETED)
    assert without_json(claim(OTHER), WORDS) == claim(OTHER)


def test_what_was_compared_of_words_that_went_goes_too() -> None:
    """A short figure, which is no run of words, would stand beside the sentence that lost it."""
    copied = "He said that the planned altitude was 57 km."
    words = words_of([f"The planned altitude was 57 km.{' More.' * 3}"], [], [SOURCE])
    for source, headline in ((SOURCE, DELETED), (OTHER, claim(OTHER)["headline"])):
        told = {**claim(source), "text": copied}
        told["checks"] = [{"kind": "number", "draft": "57 km", "source": "57 km", "note": None}]
        made = without_json(told, words)
        assert made["text"] == f"He said that {DELETED}."
        assert made["checks"][0]["draft"] == DELETED
        assert (made["headline"], made["short"]) == (headline, DELETED)
        assert (made["checks"][0]["source"] == DELETED) == (source == SOURCE)


def test_receipts_lose_what_the_envelope_held() -> None:
    told = {"a": "b1", "b": "b2", "subject": "s", "a_says": "x", "b_says": "y"}
    kept = {**told, "a": "b3"}
    receipt = {
        "included": [
            {"alias": "b1", "source_id": SOURCE, "heading": "h"},
            {"alias": "b2", "source_id": OTHER},
        ],
        "contradictions": [told, kept],
    }
    made, held = receipt_without(receipt, WORDS)
    assert held
    assert made["included"][0] == {"alias": "b1", "source_id": SOURCE, "heading": DELETED}
    assert made["contradictions"] == [
        {**told, "subject": DELETED, "a_says": DELETED, "b_says": DELETED},
        kept,
    ]
    assert receipt_without({"included": [], "tables": [{"source_id": OTHER}]}, WORDS) == (
        {"included": [], "tables": [{"source_id": OTHER}]}, False,
    )  # fmt: skip


@given(
    st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=4, max_size=12).map(" ".join),
    st.text(max_size=40),
    st.text(max_size=40),
)
def test_no_copy_of_the_source_is_left(source: str, before: str, after: str) -> None:
    words = words_of([source], (), ())
    assert source not in without(f"{before} {source} {after}", words)
