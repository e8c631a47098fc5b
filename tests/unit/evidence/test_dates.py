"""Dates and times of day in text."""

# ruff: noqa: E501 -- one case a line

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.evidence.dates import agree, find_dates, find_times, like, readings, times_agree

Parts = tuple[int | None, int | None, int | None]


def parts(text: str) -> list[Parts]:
    return [(d.year, d.month, d.day) for d in find_dates(text)]


@pytest.mark.parametrize(
    "text",
    [
        "23 September 1999", "23rd of September, 1999", "September 23, 1999", "Sept. 23rd 1999", "23 Sep 1999", "1999-09-23",
        "1999/9/23", "1999-09-23T09:00", "23.9.1999", "23. 09. 1999", "23.9.99", "9/23/99", "23/9/1999", "23\u00a0September\n1999",
    ],
)  # fmt: skip
def test_ways_to_write_a_day(text: str) -> None:
    assert parts(f"It was lost on {text}, they said.") == [(1999, 9, 23)]
    assert all(x[d.start : d.end] == d.text for x in [f"On {text}."] for d in find_dates(x))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in March 2000 and of May, 1999", [(2000, 3, None), (1999, 5, None)]),
        ("On 15 September it rained.", [(None, 9, 15)]),
        ("in September, by March and in May", [(None, 9, None), (None, 3, None), (None, 5, None)]),
        ("It may march in 5 days, in september", []),
        ("10\u201314 March 1999", [(1999, 3, 10), (1999, 3, 14)]),
        ("March 10 to 14, 1999", [(1999, 3, 10), (1999, 3, 14)]),
        ("99 March 2000", [(2000, 3, None)]),
        ("45\u201350 March 1999", [(1999, 3, None)]),
        (
            "from 1998 to 2008; 1998\u201399, 2001-2003",
            [(y, None, None) for y in (1998, 2008, 1998, 1999, 2001, 2003)],
        ),
        ("2014,Wind and (2017)", [(2014, None, None), (2017, None, None)]),
        ("some 2000 people, $1999, page 1800, more than 2000, about 1900", []),
        ("2000% and 1999.5 and 1999-kg", []),
        ("the 1990s", [(1990, None, None)]),
        (
            "Q3 2020, 2021 Q1, third quarter of 2019, Q1/2018",
            [(y, None, None) for y in (2020, 2021, 2019, 2018)],
        ),
        ("1.2.3.4 and 33.1.1999 and 2020-13-45", [(2020, None, None)]),
        ("13/13/1999 and 0/1/2000", []),
        ("2003-01 to 2003-1998", [(2003, None, None), (2003, None, None)]),
        ("39 march was no day, 5 march is lower case", []),
        (
            "39 April 2000 and 3\u201339 April 2001 and 39\u20133 April 2002",
            [(y, 4, None) for y in (2000, 2001)] + [(2002, 4, 3)],
        ),
        ("on 3 May. On 3 Sept. Then", [(None, 5, 3), (None, 9, 3)]),
        ("1/2/49 and 1/2/50", [(2049, 1, 2), (1950, 1, 2)]),
    ],
)
def test_what_is_a_date_and_what_is_not(text: str, expected: list[Parts]) -> None:
    assert parts(text) == expected


def test_the_stop_of_an_abbreviation_is_its_own() -> None:
    assert find_dates("in Sept. and")[0].text == "Sept."
    assert find_dates("on 3 May.")[0].text == "3 May"


def test_an_ambiguous_date_keeps_both_readings() -> None:
    (d,) = find_dates("on 9/10/99")
    assert {(r.month, r.day) for r in readings(d)} == {(9, 10), (10, 9)}
    assert find_dates("9/9/99")[0].other is None
    assert [x.grain for x in find_dates("5 May 1999, May 1998, 1997, the 1960s, Q2 1996")] == [
        "day", "month", "year", "decade", "quarter",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "source", "result"),
    [
        ("23 September 1999", "1999-09-23", "same"),
        ("September 1999", "23 September 1999", "same"),
        ("in 1999", "23 September 1999", "same"),
        ("23 September 1999", "September 1999", "finer"),
        ("23 September 1999", "23 September", "finer"),
        ("23 September", "23 September 1999", "same"),
        ("28 September 1999", "23 September 1999", "differs"),
        ("in 1998", "23 September 1999", "differs"),
        ("in September", "in 1999", "none"),
        ("9/10/99", "10 September 1999", "same"),
        ("9/10/99", "9 October 1999", "same"),
        ("9/10/99", "October 1999", "finer"),
        ("9/10/99", "11 October 1999", "differs"),
        ("in 1999", "9/10/99", "same"),
        ("in September", "the 1990s", "none"),
        ("the 1990s", "23 September 1999", "same"),
        ("in 1999", "the 1990s", "finer"),
        ("in 1989", "the 1990s", "differs"),
        ("Q3 1999", "23 September 1999", "same"),
        ("Q2 1999", "23 September 1999", "differs"),
        ("Q3 1999", "Q3 1999", "same"),
        ("Q3 1999", "in 1999", "finer"),
        ("September 1999", "Q3 1999", "finer"),
        ("May 1999", "Q3 1999", "differs"),
        ("on 9 October", "in 1999", "none"),
    ],
)
def test_agreement_goes_by_what_both_say(draft: str, source: str, result: str) -> None:
    (d,), (s,) = find_dates(draft), find_dates(source)
    assert agree(d, s) == result


def test_an_ambiguous_date_without_common_ground() -> None:
    (d,), (s,) = find_dates("9/10/99"), find_dates("the 1990s")
    assert agree(d, s) == "finer"
    (m,), (y,) = find_dates("on 9 October"), find_dates("Q4 1999")
    assert agree(m, y) == "none"


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("28 September 1999", "1999-09-23", "23 September 1999"),
        ("September 28, 1999", "23 September 1999", "September 23, 1999"),
        ("September 28", "23 September 1999", "September 23"),
        ("28 September", "23 October 1999", "23 October"),
        ("1999-09-28", "23 September 1999", "1999-09-23"),
        ("1999-09-28", "23 September", "23 September"),
        ("28.9.1999", "23 September 1999", "23.9.1999"),
        ("28.9.1999", "23 September", "23 September"),
        ("9/28/99", "23 September 1999", "23 September 1999"),
        ("28 Sept. 1999", "23 September 1999", "23 Sept. 1999"),
        ("28 Sep 1999", "23 May 1999", "23 May 1999"),
        ("August 1999", "23 September 1999", "September 1999"),
        ("in August", "23 September 1999", "September"),
        ("in 1998", "23 September 1999", "1999"),
        ("in 1998", "the 1970s", "1970s"),
        ("28 September 1999", "May 1999", "May 1999"),
        ("Q2 1999", "23 September 1999", "23 September 1999"),
    ],
)
def test_a_correction_keeps_the_form_of_the_draft(form: str, value: str, text: str) -> None:
    assert like(find_dates(form)[0], find_dates(value)[0]) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 09:00:46 UTC", [(9, 0, 46, "UTC")]),
        ("9:05 p.m. or 12:10 am, 6 am and 12 pm", [(21, 5, None, None), (0, 10, None, None), (6, 0, None, None), (12, 0, None, None)]),
        ("ratio 3:99 and 25:00 and 1:2:3", []),
        ("at 14:30:05.25 gmt", [(14, 30, 5, "GMT")]),
    ],
)  # fmt: skip
def test_times_of_day(text: str, expected: list[tuple[int, int, int | None, str | None]]) -> None:
    assert [(t.hour, t.minute, t.second, t.zone) for t in find_times(text)] == expected


@pytest.mark.parametrize(
    ("draft", "source", "result"),
    [
        ("09:00", "09:00:46 UTC", "same"),
        ("09:00:46", "09:00", "finer"),
        ("09:00:46", "09:00:47", "differs"),
        ("09:01", "09:00", "differs"),
        ("09:00 UTC", "9:00 GMT", "same"),
        ("09:00 UTC", "9:00 EST", "differs"),
    ],
)
def test_times_agree(draft: str, source: str, result: str) -> None:
    assert times_agree(find_times(draft)[0], find_times(source)[0]) == result


@given(st.text(st.sampled_from("0123456789 .,/-:MaySeptQ’s–(%TZapm\n"), max_size=40) | st.text(max_size=40))
def test_any_text_gives_dates_within_it_that_agree_with_themselves(text: str) -> None:
    found = find_dates(text)
    assert all(text[d.start : d.end] == d.text for d in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(agree(d, d) == "same" for d in found)
    assert all(isinstance(like(a, b), str) for a in found for b in found)
    assert all(times_agree(t, t) == "same" for t in find_times(text))
