"""Sentences with exact ranges."""

# ruff: noqa: E501 -- one case a line

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofroom.domain.evidence.sentences import LONGEST, split_sentences
from proofroom.domain.evidence.words import stem, tokens


def said(text: str) -> list[str]:
    return [text[a:b] for a, b in split_sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith met J. F. Kerry in the U.S. Senate on 23. September 1999.",
        "See Fig. 3 and No. 4, e.g. this one, i.e. here.",
        "It rose by 4.5 percent at 09:00:46 UTC, cf. vol. 2, pp. 3 to 5.",
        "“It works. It flies.” he said.",
        "He said (see this. And that.) so.",
        "Is it so? yes.",
        "Smith et al. (2004) and others, approx. 5 km.",
        "It came on Sept. 23 to St. Louis.",
        "Version 2.3.1 of example.org is out.",
        "Wait... and see.",
        "The Acme Inc. Group of A. B. Carter",
        'Quoted [yes. No.] and «It is. So.» and "a. B" and (A. (B. C.) D.) done',
        "See Fig. A and vol. II",
        "1. Item one.",
        "It is 5. percent",
    ],
)
def test_one_sentence_stays_one(text: str) -> None:
    assert said(text) == [text]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("He lives in the U.S. The end came at 9 p.m. It was dark.", ["He lives in the U.S.", "The end came at 9 p.m.", "It was dark."]),
        ("Wait... Then go.", ["Wait...", "Then go."]),
        ("He said “yes.” Then he left.) So", ["He said “yes.”", "Then he left.)", "So"]),
        ("It cost 5. The rest 12345. 2 more.", ["It cost 5.", "The rest 12345.", "2 more."]),
        ("Head\n\nBody text\ngoes on.\n- one\n- two\n1. three", ["Head", "Body text\ngoes on.", "- one", "- two", "1. three"]),
        ("a • b ‣ c", ["a", "• b", "‣ c"]),
        ("No. It is not. No", ["No.", "It is not.", "No"]),
        ("We saw it in Sept. The sky was blue.", ["We saw it in Sept.", "The sky was blue."]),
        ("( Open. Never closed.", ["( Open.", "Never closed."]),
        (" . A", [".", "A"]),
        ("", []),
        (" \n ", []),
        ('"Far away. ' + "X" * 700 + '" word. More', ['"Far away.', "X" * 700 + '" word.', "More"]),
        ("(" + "y" * 700 + ". So) ok. Yes", ["(" + "y" * 700 + ".", "So) ok.", "Yes"]),
        ("“a\n\nb” word. D", ["“a", "b” word.", "D"]),
        ("(", ["("]),
        ("End. ", ["End."]),
    ],
)  # fmt: skip
def test_sentences_are_cut(text: str, parts: list[str]) -> None:
    assert said(text) == parts


def test_a_word_longer_than_any_abbreviation_ends_a_sentence() -> None:
    assert said("x" * 60 + ". Then") == ["x" * 60 + ".", "Then"]


def test_what_never_stops_is_cut_at_white_space() -> None:
    words = "word " * 2000
    parts = said(words)
    assert "".join(p.replace(" ", "") for p in parts) == words.replace(" ", "")
    assert all(len(p) <= LONGEST and not p.startswith(" ") for p in parts)
    assert [len(p) for p in said("x" * (LONGEST + 7))] == [LONGEST, 7]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("aB1.!? \n\"“”()[]…-•'’\u00a0\ud800"), max_size=60) | st.text(max_size=60))
def test_ranges_are_exact_in_order_and_lose_nothing(text: str) -> None:
    spans = split_sentences(text)
    assert all(a < b for a, b in spans)
    assert all(p[1] <= q[0] for p, q in pairwise(spans))
    assert all(text[a:b] == text[a:b].strip() for a, b in spans)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())


@pytest.mark.parametrize("piece", [".", ". ", "“", "(", ".)", "A.B. ", "\n- "])
def test_hostile_runs_end(piece: str) -> None:
    text = piece * 50_000
    assert split_sentences(text)[-1][1] == len(text.rstrip())


@pytest.mark.parametrize(
    "forms",
    [
        ["plan", "plans", "planned", "planning"], ["supply", "supplies", "supplied"], ["use", "used", "using"],
        ["rise", "rose", "risen", "rises"], ["company", "companies"], ["class", "classes"], ["test", "tested"],
        ["generation", "generations", "generated"], ["correction", "corrected"], ["quick", "quickly"], ["agency's", "agency"], ["daily", "daily"], ["woman", "women"], ["die", "died"],
        ["fall", "falls", "fell"], ["spill", "spilled"], ["bus", "bus"], ["need", "needed"], ["metre", "meters"],
    ],
)  # fmt: skip
def test_forms_of_a_word_share_a_stem(forms: list[str]) -> None:
    assert len({stem(f) for f in forms}) == 1


def test_tokens_have_places_and_stop_words_no_stem() -> None:
    toks = tokens("The Orbiter’s 4.45 km")
    assert [t.low for t in toks] == ["the", "orbiter's", "4.45", "km"]
    assert [t.stem for t in toks] == ["", "orbiter", "", "km"]
    assert toks[1].start == 4
    assert stem("an") == "an"
    assert stem("the") == "th"
