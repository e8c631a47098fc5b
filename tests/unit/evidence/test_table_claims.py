"""Sentences over tables: what they bear out passes, what they do not never does, however the file is written."""

import functools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus.table_claims import ALL, Said, captured, cited, judged

from proofroom.domain.evidence import Claim, ClaimText, Passage, analyse, check_outside

MISSED = {
    # Words of a kind that the columns do not have; the exception; a mean of all rows without their figure being named.
    "A-2 is 2.3 percentage points more accurate than A-1.",
    "All stores but Graz had higher revenue in 2023 than in 2022.",
    "Over the four years, wind averaged 345 GWh.",
    "66 of 120 patients on the Drug were responders.",
    "The Drug more than doubled the response rate of Placebo.",
    "Travel cost 30 % more than planned.",
    "W1 took 466 calls, more than any other team.",
    "The range is from 195 (E3) to 466 (W1).",
    # What a column is about is not in its head; a row that averages others; two years or two sums in one sentence.
    "Unemployment in Austria rose from 4.5 in 2019 to 6.2 in 2021.",
    "Austria was below the EU average in 2021.",
    "In 2022 and 2023 the North sold 100 and 120.",
    "Total sales in 2023 were 300 euros.",
    "The wards have 52 beds and 33 nurses in total.",
    "Paper peaked at 350 in Q4.",
    "Gas is cheaper than oil.",
    # The head says millions, the sentence does not.
    "Uno has assets of 5.",
    "Uno has assets of more than 4.",
    # Verbs of their own; the most of a row over time and of a time over the rows are not the same.
    "Alvarez ran the 10 km in 34 minutes.",
    "Hydro emits 24 g/kWh of CO2.",
    "Norland gave 4.2 million of dose 1.",
    "Orders were highest in Q2 2024.",
}
"""True sentences that are left to a person; `docs/explanation/evidence-and-its-limits.md` names their kinds."""

UNHEARD = ("No source of the project speaks of it.", "The source does not say this.")

EVERY = [said for group in ALL.values() for said in group]
TRUE = [said for said in EVERY if said.true]
FALSE = [said for said in EVERY if not said.true]
WAYS = {
    "draft, commas": (judged, ""),
    "draft, tabs": (judged, "\t"),
    "cited": (cited, ""),
    "cited, tabs": (cited, "\t"),
}


@functools.cache
def found(way: str, said: Said) -> Claim:
    check, delimiter = WAYS[way]
    return check(said, delimiter)


def checked(way: str, sentences: Iterable[Said]) -> list[tuple[str, Claim]]:
    """Each sentence with what was found of it. Thousands of tests of one sentence each would take longer to be counted
    than to be done, so a test is about all sentences over one table.
    """
    return [(said.text, found(way, said)) for said in sentences]


def by_table(sentences: Iterable[Said]) -> Any:
    tables: dict[str, list[Said]] = {}
    for said in sentences:
        tables.setdefault(said.table, []).append(said)
    assert tables
    return pytest.mark.parametrize("sentences", list(tables.values()), ids=list(tables))


@pytest.mark.parametrize("way", WAYS)
@by_table(FALSE)
def test_what_a_table_does_not_say_never_passes(sentences: list[Said], way: str) -> None:
    assert [text for text, claim in checked(way, sentences) if claim.verdict == "supported"] == []


@pytest.mark.parametrize("way", WAYS)
@by_table(s for s in TRUE if s.text not in MISSED)
def test_what_a_table_says_passes(sentences: list[Said], way: str) -> None:
    found = checked(way, sentences)
    assert [(text, claim.checks) for text, claim in found if claim.verdict != "supported"] == []
    assert [text for text, claim in found if not claim.anchors] == []


@pytest.mark.parametrize("way", WAYS)
@by_table(s for s in TRUE if s.text in MISSED)
def test_a_true_sentence_that_cannot_be_computed_is_left_to_a_person(sentences: list[Said], way: str) -> None:
    found = [(text, claim.verdict) for text, claim in checked(way, sentences)]
    assert [one for one in found if one[1] not in ("partial", "uncited")] == []


@pytest.mark.parametrize("way", WAYS)
def test_of_no_true_sentence_that_names_a_row_is_it_said_that_no_source_speaks(way: str) -> None:
    words = {s.text: say.source.text for s in TRUE if (say := found(way, s).say) is not None}
    unheard = {text for text, told in words.items() if told in UNHEARD}
    # Rows that only their year and region name together; a year that is the head of the columns.
    assert unheard <= {
        "Total sales in 2023 were 300 euros.",
        "In 2022 and 2023 the North sold 100 and 120.",
        "Orders were highest in Q2 2024.",
    }


def test_the_corpus_is_large_and_half_false() -> None:
    assert len(TRUE) >= 100
    assert len(FALSE) >= 100
    assert {s.text for s in TRUE} >= MISSED


def test_what_prose_says_is_not_judged_by_a_table() -> None:
    text = "Three calls at W1 in the north were about water."
    prose = [analyse(Passage("p", 1, "p0", "Notes", None, 0, len(text), text))]
    rows = [p for p in captured("calls") if p.passage.cells]
    claim = "W1 in the north had three calls about water."
    found = check_outside(
        ClaimText("c", 1, claim, "sentence", (0,), 0, len(claim)), [*prose, *rows], (), rows
    )
    assert found.verdict == "supported"
    assert {a.source_id for a in found.anchors} == {"p"}


def test_a_sentence_that_a_table_bears_out_is_not_lost_to_prose_that_says_a_part() -> None:
    text = "Team W1 took calls all day; W1 had 300 calls or so."
    prose = [analyse(Passage("p", 1, "p0", "Notes", None, 0, len(text), text))]
    rows = [p for p in captured("calls") if p.passage.cells]
    claim = "W1 had 310 calls."
    found = check_outside(
        ClaimText("c", 1, claim, "sentence", (0,), 0, len(claim)), [*prose, *rows], (), rows
    )
    assert found.verdict != "supported"


@pytest.mark.parametrize("words", [81, 5_000])
def test_a_long_sentence_is_not_read_by_rows(words: int) -> None:
    text = "W1 had 466 calls" + " and W2 had 311 calls" * (words // 5) + "."
    rows = [p for p in captured("calls") if p.passage.cells]
    found = check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), rows, (), rows)
    assert found.verdict != "supported"


CELLS = st.sampled_from(
    [
        "Total",
        "North",
        "10",
        "1.234,5",
        "(3)",
        "n/a",
        "",
        "50 %",
        "$5",
        "W1",
        "-",
        "No",
        "2023",
        "\u00b9",
        "NaN",
        "9" * 70,
    ]
)
HEADS = st.sampled_from(
    [
        "Region",
        "Sales (EUR k)",
        "Share [%]",
        "2022",
        "",
        "\u0394 vs 2022",
        "avg_wait_s",
        "(",
        "in",
        "Sales\u00b9",
        "Year",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(HEADS, min_size=1, max_size=4).flatmap(
        lambda heads: st.tuples(
            st.just(heads),
            st.lists(st.lists(CELLS, min_size=len(heads), max_size=len(heads)), max_size=5),
        )
    ),
    st.sampled_from([s.text for s in EVERY]) | st.text(max_size=60),
)
def test_hostile_tables_and_sentences_are_survived(
    table: tuple[list[str], list[list[str]]], text: str
) -> None:
    heads, cells = table
    rows = [
        Passage(
            "t",
            1,
            f"t{i}",
            "T",
            None,
            i,
            i + 1,
            ",".join(row),
            "table_row",
            tuple(zip(heads, row, strict=True)),
        )
        for i, row in enumerate(cells)
    ]
    assert check_outside(ClaimText("c", 1, text, "sentence", (0,), 0, len(text)), rows, (), rows).checks
