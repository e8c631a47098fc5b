"""Sentences over tables: what they bear out passes, what they do not never does, however the file is written."""

import functools

import pytest
from tests.corpus.table_claims import ALL, Said, cited, judged

from proofroom.domain.evidence import Claim

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
}
"""True sentences that are left to a person; `docs/explanation/evidence-and-its-limits.md` names their kinds."""

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


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("said", FALSE, ids=lambda s: s.text)
def test_what_a_table_does_not_say_never_passes(said: Said, way: str) -> None:
    assert found(way, said).verdict != "supported"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("said", [s for s in TRUE if s.text not in MISSED], ids=lambda s: s.text)
def test_what_a_table_says_passes(said: Said, way: str) -> None:
    claim = found(way, said)
    assert claim.verdict == "supported", claim.checks
    assert claim.anchors


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("said", [s for s in TRUE if s.text in MISSED], ids=lambda s: s.text)
def test_a_true_sentence_that_cannot_be_computed_is_left_to_a_person(said: Said, way: str) -> None:
    assert found(way, said).verdict in ("partial", "uncited")


def test_the_corpus_is_large_and_half_false() -> None:
    assert len(TRUE) >= 100
    assert len(FALSE) >= 100
    assert {s.text for s in TRUE} >= MISSED
