"""Planted errors in the texts of this repository: the bars of recall and of false alarms, on the held-out set."""

import functools
import random

import pytest
from tests.corpus.measure import (
    BARS,
    VERBATIM,
    WRONG_CLAIM,
    Bench,
    Tally,
    below,
    cited_items,
    outside_items,
    wilson,
)
from tests.corpus.planting import frame_quote, plant_negation, plant_quote, plant_shifted
from tests.corpus.sets import HELD_OUT_PAGES, ROOT, own_texts

pytestmark = pytest.mark.no_cover  # examples cover; this measures what is found, at length
LEAST = 40
"""Planted errors of each kind on each path."""


@functools.cache
def measured(path: str) -> dict[str, Tally]:
    corpus = own_texts("held-out")
    items = outside_items(corpus, 20, 3) if path == "outside" else cited_items(corpus, 20, 3)
    return Bench(corpus).run(items)


@pytest.mark.parametrize("path", ["outside", "cited"])
def test_every_kind_of_planted_error_is_found_and_true_sentences_pass(path: str) -> None:
    found = measured(path)
    assert set(found) >= {*BARS, VERBATIM}
    assert below(found) == []
    assert {kind: found[kind].items for kind in BARS if found[kind].items < LEAST} == {}


@pytest.mark.parametrize("path", ["outside", "cited"])
@pytest.mark.parametrize("kind", list(BARS))
def test_most_of_what_is_found_must_be_settled_before_signing(path: str, kind: str) -> None:
    found = measured(path)[kind]
    assert found.flagged >= (BARS[kind] - 0.05) * found.items


def test_a_right_quote_under_a_wrong_claim_is_counted() -> None:
    assert measured("cited")[WRONG_CLAIM].items >= LEAST


def test_the_sets_share_no_sentence() -> None:
    assert [name for name in HELD_OUT_PAGES if not (ROOT / name).is_file()] == []
    development, held_out = (
        {s.text for s in own_texts(part).sentences} for part in ("development", "held-out")
    )
    assert development
    assert held_out
    assert not development & held_out


def test_planting_depends_on_its_seed_alone() -> None:
    corpus = own_texts("held-out")
    assert list(outside_items(corpus, 5, 1)) == list(outside_items(corpus, 5, 1))
    assert list(outside_items(corpus, 5, 1)) != list(outside_items(corpus, 6, 1))


def test_a_single_word_in_quotation_marks_is_left_alone() -> None:
    assert plant_quote("“Sales” stands over both.", random.Random(1)) is None


def test_a_quotation_that_is_only_cut_short_is_no_planted_error() -> None:
    true = "The judge wrote that “nobody looked at the lower hangers” and went on."
    for seed in range(200):
        altered = plant_quote(true, random.Random(seed))
        assert altered is not None
        assert altered[altered.index("“") + 1 : altered.index("”")] not in true


def test_shifted_marks_take_in_a_word_that_was_not_quoted() -> None:
    made = {plant_shifted("She wrote that “a b c” in June.", random.Random(seed)) for seed in range(20)}
    assert made == {"She wrote “that a b c” in June.", "She wrote that “a b c in” June."}


def test_not_only_is_no_negation_to_drop() -> None:
    assert plant_negation("It was not only long but also late.", random.Random(1)) is None
    assert plant_negation("It was not late.", random.Random(1)) == "It was late."


def test_a_framed_quotation_stands_word_for_word_in_its_sentence() -> None:
    true = "The company employed 1,240 people at the end of the year, of whom 312 worked in the laboratories."
    for seed in range(50):
        framed = frame_quote(true, random.Random(seed))
        assert framed is not None
        assert framed[framed.index("“") + 1 : framed.index("”")] in true


def test_wilson_intervals_hold_the_share_and_stay_within_bounds() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(8, 10)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0
