"""Checks of a change request: read from lines and from the API, and judged on what a reader sees."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.document import parse_markdown
from proofroom.domain.errors import InvalidInput
from proofroom.domain.evidence import split_claims
from proofroom.domain.obligation_checks import (
    Check,
    check_of,
    check_to_json,
    checks_from_json,
    line_of,
    read_comment,
)
from proofroom.domain.obligation_numbers import answer_of, judge_number
from proofroom.domain.obligations import (
    NOTHING,
    Judged,
    Obligation,
    ObligationState,
    Past,
    Version,
    checks_of,
    judge,
)
from proofroom.domain.reading import reading_of

MET, UNMET, OPEN, REGRESSED = (ObligationState(s) for s in ("met", "unmet", "open", "regressed"))


def version(markdown: str, *sources: str) -> Version:
    document = parse_markdown(markdown, title="T")
    anchors = [
        {
            "role": "supports",
            "source_title": s,
            "source_id": f"id of {s}",
            "version": 1,
            "block_id": "b",
            "quote": "q",
        }
        for s in sources
    ]
    claims = [{"id": c.id, "text": c.text, "anchors": anchors} for c in split_claims(document)]
    return Version(claims, reading_of(document))


def judged(obligation: Obligation, before: str, after: str, past: Past = NOTHING) -> Judged:
    return judge(obligation, {"report": version(before)}, {"report": version(after)}, past)


def by_line(line: str, after: str) -> Judged:
    return judged(Obligation("o", line, "report"), "Before.", after)


# Lines and objects


@pytest.mark.parametrize(
    ("line", "check"),
    [
        ("must contain: 226 km", Check("must_contain", "226 km")),
        ("must not contain: about", Check("must_not_contain", "about")),
        ("must cite: Report", Check("must_cite", "Report")),
        ("number equals: planned altitude = 226 km", Check("number_equals", "planned altitude", "226 km")),
        ("Number equals: “x=y rate” = 12 %.", Check("number_equals", "x=y rate", "12 %")),
        ("at most 150 words", Check("length", measure="words", at_most=150)),
        ("No more than 1,500 characters.", Check("length", measure="characters", at_most=1500)),
        ("- must be at least 20 words long", Check("length", measure="words", at_least=20)),
        ("length: at least 1 word", Check("length", measure="words", at_least=1)),
        ("must have heading: Results", Check("structure", "Results", part="heading")),
        ("must have a heading: Results", Check("structure", "Results", part="heading")),
        ("must have table", Check("structure", part="table", at_least=1)),
        ("Must have a chart.", Check("structure", part="chart", at_least=1)),
        ("must have a list", Check("structure", part="list", at_least=1)),
        ("at least 3 items in a list", Check("structure", part="list", at_least=3)),
        ("must have at least 2 tables", Check("structure", part="table", at_least=2)),
        ("remove this passage", Check("remove")),
    ],
)
def test_a_line_and_its_object_say_the_same(line: str, check: Check) -> None:
    assert check_of(line) == check
    assert checks_from_json([check_to_json(check)], "checks") == (check,)
    assert check_of(line_of(check)) == check


@pytest.mark.parametrize(
    "line",
    [
        "number equals: planned altitude", "number equals: = 226 km", "number equals: the = 226 km",
        "number equals: altitude = many", "number equals: altitude = 2 to 3 km", "number equals: altitude = 3 smoots",
        "number equals: altitude = 1st", "at most words", "at most 0 words", "at most 10 pages", "at most 3 tables",
        "at most 10,000,001 words", "at most ten words", "make it at most 10 words", "must have heading:",
        "must have fun", "at least 20 words" + " " * 5 + "x" * 300, "remove the third",
    ],
)  # fmt: skip
def test_what_is_no_form_stays_the_reviewers(line: str) -> None:
    assert check_of(line) is None
    assert read_comment(f"must contain: a\n{line}") == ((Check("must_contain", "a"),), True)


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ("must contain: x", "c"),
        (5, "c"),
        ([{"kind": "remove"}] * 51, "c"),
        (["remove"], "c.0"),
        ([{"kind": "feels_right"}], "c.0.kind"),
        ([{"kind": ["remove"]}], "c.0.kind"),
        ([{}], "c.0.kind"),
        ([{"kind": "remove", "text": "x"}], "c.0.text"),
        ([{"kind": "must_contain"}], "c.0.text"),
        ([{"kind": "must_contain", "text": " \u200b"}], "c.0.text"),
        ([{"kind": "must_contain", "text": "x" * 2001}], "c.0.text"),
        ([{"kind": "remove"}, {"kind": "must_cite", "source": 3}], "c.1.source"),
        ([{"kind": "number_equals", "of": "the", "value": "3 km"}], "c.0.of"),
        ([{"kind": "number_equals", "of": "altitude", "value": "3 smoots"}], "c.0.value"),
        ([{"kind": "length"}], "c.0.at_most"),
        ([{"kind": "length", "at_most": 0}], "c.0.at_most"),
        ([{"kind": "length", "at_most": True}], "c.0.at_most"),
        ([{"kind": "length", "at_least": 5, "at_most": 4}], "c.0.at_least"),
        ([{"kind": "length", "at_most": 5, "unit": "pages"}], "c.0.unit"),
        ([{"kind": "structure"}], "c.0.part"),
        ([{"kind": "structure", "part": "heading"}], "c.0.text"),
    ],
)
def test_a_check_that_cannot_be_made_names_its_field(given_: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checks_from_json(given_, "c")
    assert (refused.value.code, refused.value.field) == ("check_invalid", field)
    assert refused.value.hint


def test_defaults_of_objects() -> None:
    assert checks_from_json([{"kind": "structure", "part": "table"}], "c") == (
        Check("structure", part="table", at_least=1),
    )
    both = checks_from_json([{"kind": "length", "at_least": 3, "at_most": 5, "unit": None}], "c")
    assert read_comment(line_of(both[0])) == (
        (Check("length", at_least=3), Check("length", at_most=5)),
        False,
    )


WANTED = st.text(max_size=40) | st.sampled_from(["so.", "“so”", '"a" and "b"', "a: b", "- a", "a = b"])


@given(st.sampled_from(["must_contain", "must_not_contain", "must_cite", "heading", "number_equals"]), WANTED)
def test_objects_are_shown_as_lines_that_say_the_same(kind: str, wanted: str) -> None:
    given_ = {"kind": kind, "source" if kind == "must_cite" else "text": wanted}
    if kind == "heading":
        given_ = {"kind": "structure", "part": "heading", "text": wanted}
    elif kind == "number_equals":
        given_ = {"kind": kind, "of": wanted, "value": "226 km"}
    try:
        checks = checks_from_json([given_], "c")
    except InvalidInput:
        return
    assert read_comment(line_of(checks[0])) == (checks, False)


@given(st.text(max_size=300))
def test_any_line_is_a_check_or_none(line: str) -> None:
    check = check_of(line)
    if check is not None:
        assert checks_from_json([check_to_json(check)], "c")


# Judging


TABLE = "| phase | altitude [km] |\n| --- | --- |\n| planned | 226 |\n| seen | 57 |\n| lost | |\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The planned altitude was 226 km.", MET),
        ("It was planned at altitudes of 226,000 metres.", MET),
        ("The planned altitude was 0.226 thousand km.", MET),
        ("The planned altitude was 226 km, the actual one 57 km.", MET),
        ("Planned altitude: 226 km", MET),
        (TABLE, MET),
        ("The planned altitude was 228 km.", UNMET),
        ("The planned altitude was 226 miles.", UNMET),
        ("The altitude was 226 km.", UNMET),
        ("The planned altitude was high. It was 226 km.", UNMET),
        ("The planned altitude was set on 22.6.1999.", UNMET),
        ("The planned altitude took 226 days.", UNMET),
        ("The planned altitude took 30 days.", UNMET),
        ("The planned altitude was 57 km, not 226 km.", OPEN),
        ("The planned altitude was not 226 km.", OPEN),
        ("The planned altitude wasn't 226 km.", OPEN),
        ("The planned altitude was 57 km and later 226 km.", OPEN),
        ("57 km, and not 226 km, was the planned altitude.", OPEN),
        ("At 57 km and 226 km lay the planned altitude.", OPEN),
        ("The planned altitude was 226.", OPEN),
        ("The planned altitude was 220 to 230 km.", OPEN),
        ("The planned altitude was 226.3 km.", OPEN),
        ("The planned altitude was 226 km. Elsewhere the planned altitude is 228 km.", OPEN),
        ("", UNMET),
    ],
)
def test_number_equals(text: str, expected: str) -> None:
    result = by_line("number equals: planned altitude = 226 km", f"A start.\n\n{text}")
    assert (result.state, bool(result.note)) == (expected, True)


@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        ("share = 12 %", "The share was 0.12 of it.", MET),
        ("share = 0.12", "The share was 12 %.", MET),
        ("share = 0.12", "The share was 13 km.", UNMET),
        ("engines = 3", "It had three engines.", MET),
        ("engines = 3", "It had 3 engines in 1999.", MET),
        ("engines = 3", "In 1999 its engines were loud.", UNMET),
        ("year of launch = 1998", "The year of its launch was 1998.", MET),
        ("year of launch = 1998", "The year of its launch was 1999.", UNMET),
        ("budget = €18.4 million", "The budget was 18,400,000 euros.", MET),
        ("budget = €18.4 million", "The budget was $18.4 million.", UNMET),
        ("altitude = about 226 km", "The altitude was 226 km.", OPEN),
    ],
)
def test_units_scales_and_years(check: str, text: str, expected: str) -> None:
    assert by_line(f"number equals: {check}", text).state == expected


def test_a_number_that_is_no_longer_read_is_the_reviewers() -> None:
    unread = Check("number_equals", "altitude", "3 smoots")
    assert judge_number(unread, ["The altitude was 3 km."])[0] == "open"
    assert answer_of(unread, "The altitude was 3 km.") is None


def test_what_one_sentence_says() -> None:
    asked = Check("number_equals", "altitude", "3 km")
    said = ["The altitude was 3 km.", "The altitude was 4 km.", "The altitude was 3.", "It was 3 km."]
    assert [answer_of(asked, s) for s in said] == ["same", "differs", "unsure", None]


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ("at most 5 words", "One two three.\n\n- four\n- five –", MET),
        ("at most 4 words", "One two three.\n\n- four\n- five", UNMET),
        ("at least 6 words", "One two three.\n\n- four\n- five", UNMET),
        ("at most 9 characters", "1234\n\n5678", MET),
        ("at least 10 characters", "1234\n\n5678", UNMET),
        ("at most 8 words", TABLE, MET),
        ("at most 7 words", TABLE, UNMET),
        ("must have heading: Main results", "## Main results:\n\nNone.", MET),
        ("must have heading: Results", "## Main results\n\nNone.", UNMET),
        ("must have heading: Results", "Results", UNMET),
        ("must have table", TABLE, MET),
        ("at least 2 tables", TABLE, UNMET),
        ("must have table", "No table.", UNMET),
        ("must have chart", "No chart.", UNMET),
        ("at least 2 items in a list", "- a\n- b", MET),
        ("at least 3 items in a list", "- a\n- b\n\nText.\n\n1. c\n2. d", UNMET),
        ("must not contain: altitude [km]", TABLE, UNMET),
    ],
)
def test_length_and_structure(line: str, text: str, expected: str) -> None:
    assert by_line(line, text).state == expected


CHART = (
    '```vega-lite\n{"title": "Growth", "mark": "bar", "width": 5, '
    '"encoding": {"y": {"field": "secret", "axis": ["x"]}}}\n```'
)


def test_a_chart_is_found_and_nothing_hides_in_it() -> None:
    assert by_line("must have chart", CHART).state == MET
    assert by_line("must contain: Growth", CHART).state == MET
    assert by_line("must not contain: secret", CHART).state == UNMET
    assert by_line("must contain: secret", CHART).state == UNMET
    assert by_line("must not contain: x", CHART).state == UNMET


def test_what_lies_too_deep_in_a_chart_is_not_walked_for_ever() -> None:
    from proofroom.domain.document import ArtifactDocument, Chart

    spec: dict[str, Any] = {"deep": "secret"}
    for _ in range(50):
        spec = {"in": spec}
    assert "secret" not in reading_of(ArtifactDocument("T", (Chart("C", spec),))).hidden


def test_over_several_artifacts_a_length_holds_for_each() -> None:
    both = {"a": version("One two."), "b": version("One two three.")}
    assert judge(Obligation("o", "at most 2 words"), both, both).state == UNMET
    assert judge(Obligation("o", "at most 2 words", "a"), both, both).state == MET
    assert judge(Obligation("o", "at most 3 words"), both, both).state == MET
    assert judge(Obligation("o", "at most 3 words", "c"), both, both).state == UNMET
    assert judge(Obligation("o", "must have table", "c"), both, both).state == UNMET


def test_the_length_of_what_was_named() -> None:
    about = Obligation("o", "at most 2 words", "report", claim_text="It was lost.")
    assert judged(about, "It was lost.", "It was lost.").state == UNMET
    assert judged(about, "It was lost.", "Lost it was.").state == OPEN
    passage = Obligation("o", "at most 11 characters", "report", passage="It was lost")
    assert judged(passage, "It was lost.", "It was lost.").state == MET


def test_several_checks_and_why() -> None:
    wanted = Obligation("o", "must contain: 57\nmust contain: km\nat most 3 words", "report")
    assert judged(wanted, "x", "At 57 km.") == Judged(MET, "All 3 of its checks hold.")
    assert judged(wanted, "x", "At 57 m.").note == "“km” is not in it."
    assert judged(wanted, "x", "a b c d").note == (
        "“57” is not in it. “km” is not in it. It has 4 words; at most 3 words was asked for."
    )
    many = Obligation("o", "\n".join(f"must contain: {n}" for n in range(60, 67)), "report")
    assert judged(many, "x", "y").note.endswith("“63” is not in it. 3 more of its checks fail.")


def test_a_correction_that_was_sent_back_is_met_by_its_sentence() -> None:
    wanted = Obligation("o", "Replace this sentence with: It flew at 57 km.", "report", claim_text="It flew.")
    assert judged(wanted, "It flew.", "It flew at 57 km.").state == MET
    assert judged(wanted, "It flew.", "It flew at 5 km.").state == UNMET
    assert (
        judged(Obligation("o", "must contain: " + "x" * 90), "x", "y").note == f"“{'x' * 79}…” is not in it."
    )


def test_checks_beside_a_comment_in_free_words_leave_the_words_to_the_reviewer() -> None:
    structured = (Check("must_contain", "57"),)
    free = Obligation("o", "The figure is wrong.", "report", checks=structured)
    assert judged(free, "x", "At 57 km.").state == OPEN
    assert judged(free, "x", "At 60 km.").state == UNMET
    alone = Obligation("o", "must contain: 57", "report", checks=structured * 2)
    assert checks_of(alone) == structured
    assert judged(alone, "x", "At 57 km.").state == MET


# A passage


PASSAGE = "passed Mars at 57 km"


@pytest.mark.parametrize(
    ("comment", "after", "expected"),
    [
        ("Is that so?", "It passed  Mars at 57\u00a0km.", UNMET),
        ("Is that so?", "It flew by at 57 km.", OPEN),
        ("remove", "It passed Mars at 57 km.", UNMET),
        ("remove", "Nothing else is known of it.", MET),
        ("remove", "It passed by Mars at about 57 km.", OPEN),
        ("must contain: 226 km", "It passed Mars at 57 km, not 226 km.", MET),
    ],
)
def test_a_passage(comment: str, after: str, expected: str) -> None:
    about = Obligation("o", comment, "report", passage=PASSAGE)
    assert judged(about, "It passed Mars at 57 km.", after).state == expected


def test_of_two_equal_passages_one_is_gone() -> None:
    about = Obligation("o", "remove", "report", passage="57 km")
    assert judged(about, "At 57 km. At 57 km.", "At 57 km.").state == OPEN


def test_a_passage_that_is_to_be_cited() -> None:
    about = Obligation("o", "must cite: Board", "report", passage="Mars at 57")
    before = {"report": version("It passed Mars at 57 km. It was lost.")}

    def state(after: Version) -> str:
        return judge(about, before, {"report": after}).state

    assert state(version("It passed Mars at 57 km. It was lost.", "Board")) == MET
    assert state(version("It passed Mars at 57 km. It was lost.", "Other")) == UNMET
    cited = version("It was lost.", "Board")
    standing = version("It passed Mars at 57 km.")
    assert state(Version([*cited.claims, *standing.claims], standing.reading)) == UNMET
    assert state(version("It came to 57 km.", "Board")) == MET
    assert state(cited) == OPEN


def test_a_source_may_be_named_by_its_id() -> None:
    now = {"report": version("It was lost.", "Board")}
    assert judge(Obligation("o", "must cite: id of Board"), now, now).state == MET


# Over several iterations


def test_what_was_ever_met_regresses_even_if_it_was_open_between() -> None:
    wanted = Obligation("o", "must contain: 57", "report")
    assert judged(wanted, "x", "At 60 km.", Past(OPEN, once_met=True)) == Judged(
        REGRESSED, "It was met before. “57” is not in it."
    )


def test_the_word_of_a_person_outranks_until_the_artifact_says_something_else() -> None:
    wanted = Obligation("o", "must contain: 57", "report")
    on = {"report": version("At fifty-seven km.")}
    other = {"report": version("At sixty km.")}
    said = Past(MET, on, word=MET, word_on=on)
    assert judge(wanted, on, on, said).state == MET
    assert "reviewer found it met" in judge(wanted, on, on, said).note
    assert judge(wanted, on, other, said).state == REGRESSED
    refused = Past(UNMET, on, word=UNMET, word_on=on)
    free = Obligation("o", "Make it friendlier.", "report")
    assert judge(free, on, on, refused) == Judged(
        UNMET, "A reviewer found it not met, and what it is about has not changed since."
    )
    assert judge(free, on, other, refused).state == OPEN
    assert judge(free, on, on, Past(UNMET, on, once_met=True, word=UNMET, word_on=on)).state == REGRESSED


def test_a_removed_claim_that_was_reworded_first_is_not_forgotten() -> None:
    """Compared is with what the reviewer saw when they asked, however many iterations ago that was."""
    about = Obligation("o", "remove", "report", claim_text="The orbiter passed Mars at 57 km.")
    asked = {"report": version("The orbiter passed Mars at 57 km.")}
    reworded = {"report": version("The orbiter passed Mars at 57 kilometres.")}
    first = judge(about, asked, reworded)
    assert first.state == OPEN
    assert judge(about, asked, reworded, Past(first.state, reworded)).state == OPEN
