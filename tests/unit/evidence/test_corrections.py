"""Whoever takes a proposed correction does not meet the same flag again."""

import os
from dataclasses import replace

import pytest
from tests.corpus.measure import KINDS, Bench, cited_items, outside_items
from tests.corpus.sets import own_texts

from proofroom.domain.document import parse_markdown
from proofroom.domain.evidence import (
    ClaimText,
    Passage,
    SourceName,
    analyse,
    check_cited,
    check_outside,
    split_claims,
)

BOARD = "The burn was to bring the first closest approach to about 226 km above the surface of the planet."


def claim(text: str) -> ClaimText:
    return ClaimText("c_1", 1, text, "sentence", (0,), 0, len(text))


def passage(text: str, source: str, title: str) -> Passage:
    return Passage(source, 1, f"{source}-b", title, None, 0, len(text), text)


@pytest.mark.no_cover  # examples cover; this goes through a corpus
@pytest.mark.parametrize("path", ["outside", "cited"])
def test_every_proposed_correction_settles_its_flag(path: str) -> None:
    corpus = own_texts("development")
    bench = Bench(corpus)
    items = outside_items(corpus, 7, 1) if path == "outside" else cited_items(corpus, 7, 1)
    applied = 0
    for item in list(items)[:: 1 if "PROOFROOM_FAULT_SEED" in os.environ else 2]:  # all with `dev.py faults`
        if item.kind not in KINDS:
            continue
        for text in split_claims(parse_markdown(item.markdown)):
            if item.bears is None:
                passages = bench.candidates.best(text.text)
                first = check_outside(text, passages, corpus.sources)
            else:
                passages = [corpus.passages[item.bears]]
                first = check_cited(text, {"b1": passages[0]}, (), corpus.sources)
            if first.correction is None or not first.correction.text:
                continue
            fixed = replace(text, text=first.correction.text)
            if item.bears is None:
                again = check_outside(fixed, passages, corpus.sources)
            else:
                again = check_cited(fixed, {"b1": passages[0]}, (), corpus.sources)
            applied += 1
            assert again.verdict == "supported" or again.short != first.short, (text.text, first.correction)
    assert applied > 50


@pytest.mark.parametrize("title", ["Press, autumn 1999", "Weather (station 7)", "The 12 reports"])
def test_naming_both_sources_of_a_conflict_passes(title: str) -> None:
    other = (
        "Several accounts gave the first closest approach as about 150 km above the surface of the planet."
    )
    passages = [analyse(passage(BOARD, "s1", "Board notes")), analyse(passage(other, "s2", title))]
    names = [SourceName("Board notes"), SourceName(title)]
    draft = "The first closest approach was to be about 226 km above the surface."
    found = check_outside(claim(draft), passages, names)
    assert found.verdict == "conflict"
    assert found.correction is not None
    assert found.correction.label == "Name both"
    assert f"({title}: " in found.correction.text
    assert check_outside(claim(found.correction.text), passages, names).verdict == "supported"
    # A figure that the named source does not have is no way out.
    wrong = found.correction.text.replace("150", "190")
    assert check_outside(claim(wrong), passages, names).verdict in ("partial", "unsupported")


def test_a_source_named_in_brackets_that_says_nothing_of_it() -> None:
    passages = [
        passage(BOARD, "s1", "Board notes"),
        passage("Herons sleep.", "s2", "Birds"),
        passage("", "s3", "Empty"),
    ]
    # In lower case it is no name, so that nothing at all leads from the claim to the source's sentences.
    passages.append(passage("They sleep.", "s4", "owls"))
    for title in ("Birds", "Empty", "owls"):
        text = f"The first closest approach was to be about 226 km ({title}: about 150 km) above the surface."
        found = check_outside(claim(text), passages, [])
        assert (found.verdict, found.short) == ("partial", "Number not found: 150 km")
    open_ended = "The first closest approach was to be about 226 km (Birds: about 150 km above the surface."
    assert check_outside(claim(open_ended), passages, []).verdict != "supported"


def test_a_conflict_whose_two_figures_would_not_pass_has_no_correction() -> None:
    other = (
        "Several accounts gave the first closest approach as about 150 km above the surface of the planet."
    )
    passages = [passage(BOARD, "s1", "Board notes"), passage(other, "s2", "Press")]
    draft = "The first closest approach was to be about 226 km above the surface, said Tom Brandt."
    found = check_outside(claim(draft), passages, [])
    assert (found.verdict, found.correction) == ("conflict", None)


@pytest.mark.parametrize(
    ("text", "source", "fixed"),
    [
        ("The town has 14.9 thousand people.", "The town has 15,200 people.", "The town has 15,200 people."),
        (
            "The town has 14.9 million people.",
            "The town has 15.2 thousand people.",
            "The town has 15.2 thousand people.",
        ),
        (
            "The town has 14.9 thousand people.",
            "The town has 15.2 thousand people.",
            "The town has 15.2 thousand people.",
        ),
        (
            "The town has 14.9 (in thousand) people.",
            "The town has 15,200 people.",
            "The town has 15,200 people.",
        ),
    ],
)
def test_a_figure_is_not_put_beside_the_scale_of_another(text: str, source: str, fixed: str) -> None:
    found = check_outside(claim(text), [passage(source, "s", "Towns")])
    assert found.correction is not None
    assert found.correction.text == fixed
