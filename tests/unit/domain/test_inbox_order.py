"""What is begun first, and how long it takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.test_attention import claim, packet

from proofroom.domain.inbox_order import (
    HEAD_START,
    MAX_FIND,
    PATIENCE,
    WORDS_A_MINUTE,
    Weight,
    begin_by,
    effort_seconds,
    find_text,
    risk_of,
    weigh,
    words_to_read,
)
from proofroom.domain.risk import Level

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def of_risk(level: str) -> dict[str, Any]:
    return packet(risk={"level": level})


@pytest.mark.parametrize(
    ("shown", "reasons", "level"),
    [
        (of_risk("high"), ["final"], "high"),
        (of_risk("medium"), ["final"], "medium"),
        (of_risk("low"), ["final", "high_impact"], "low"),
        ({"risk": None}, ["plan"], "low"),
        ({"risk": None}, ["question"], "low"),
        ({}, ["budget"], "medium"),
        ({}, ["conflict", "question"], "medium"),
        ({}, ["low_confidence", "high_impact"], "high"),
        (of_risk("of another release"), ["suspicious_source"], "medium"),
    ],
)
def test_risk_is_the_packets_own_or_goes_by_why_it_stopped(
    shown: dict[str, Any], reasons: list[str], level: str
) -> None:
    assert risk_of(shown, reasons).value == level


def test_effort_is_reading_and_what_needs_the_reader() -> None:
    assert effort_seconds(0, 0) == 10
    assert effort_seconds(WORDS_A_MINUTE, 0) == 70
    assert effort_seconds(WORDS_A_MINUTE, 3) == 130


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (packet(claim("c1", "supported"), claim("c2", "partial")), 6),
        (packet(claim("c1", "supported"), reread={"words": 2, "of": 3}), 2),
        (packet(claim("c1", "supported"), reread=None), 3),
        (packet(claim("c1", "supported", text=None)), 0),
        ({"question": {"text": "Which year should count?"}}, 4),
        (
            {
                "kind": "plan",
                "plan": {"steps": [{"title": "Read it", "detail": None}, {"title": "Write"}, 3]},
            },
            3,
        ),
        ({"kind": "final", "plan": {"steps": [{"title": "Read it"}]}}, 0),
        ({"artifacts": "none", "question": "?", "kind": "plan", "plan": None}, 0),
    ],
)
def test_words_are_those_that_have_to_be_read(shown: dict[str, Any], words: int) -> None:
    assert words_to_read(shown) == words


def test_a_packet_is_weighed_by_what_it_holds() -> None:
    shown = packet(claim("c1", "unsupported"), claim("c2", "supported"), risk={"level": "medium"})
    assert weigh(shown, ["final"]) == Weight(Level.MEDIUM, 10 + round(60 * 6 / WORDS_A_MINUTE) + 20)


def test_what_is_due_sooner_riskier_or_longer_is_begun_sooner() -> None:
    due = NOON + timedelta(hours=48)
    calm = Weight(Level.LOW, 60)
    assert begin_by(due, NOON, calm) == due - timedelta(seconds=60)
    assert begin_by(due, NOON, Weight(Level.HIGH, 60)) == due - timedelta(hours=24, seconds=60)
    assert begin_by(due, NOON, Weight(Level.LOW, 600)) < begin_by(due, NOON, calm)
    assert begin_by(None, NOON, calm) == NOON + PATIENCE - timedelta(seconds=60)
    # A risky one that nobody gave a due time comes before a calm one that is due much later.
    assert begin_by(None, NOON, Weight(Level.HIGH, 60)) < begin_by(NOON + timedelta(days=7), NOON, calm)


@given(
    st.sampled_from(Level),
    st.integers(0, 10**6),
    st.timedeltas(timedelta(-1000), timedelta(1000)).map(NOON.__add__),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_later_due_is_never_begun_earlier(level: Level, effort: int, due: datetime, later: timedelta) -> None:
    weight = Weight(level, effort)
    first = begin_by(due, due, weight)
    assert first <= begin_by(due + later, due, weight)
    assert first <= due - HEAD_START[level]


def test_a_search_knows_no_case_forms_or_spaces() -> None:
    assert find_text("Straße  of the\nfirst", "ﬁnding") == "strasse of the first finding"
    assert find_text("Ｎｏ. ②") == "no. 2"
    assert len(find_text("a" * 5000)) == MAX_FIND
