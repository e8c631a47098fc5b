"""Contradictions: found where two passages say another figure, date or sign of one thing; silence in doubt."""

import random
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofroom.domain.contradictions import (
    COMMON,
    FORM,
    MOST_FOUND,
    Contradiction,
    Place,
    Told,
    compare_passages,
    find_contradictions,
    told_once,
    words_at,
)

DISAGREE = [
    ("The plant produced 120 MW in 2019.", "In 2019 the plant produced 150 MW."),
    (
        "Annual revenue for 2023 was 4.2 million euro.",
        "In 2023 the company's annual revenue came to 5.1 million euro.",
    ),
    ("The bridge is 1,280 metres long.", "The bridge has a length of 1,820 metres."),
    ("The board named a factor of 4.45.", "The factor named by the board was 44.5."),
    ("The orbiter came within 57 km of the surface.", "The orbiter passed at 75 km above the surface."),
    ("The lighthouse was built in 1871.", "The lighthouse was built in 1881."),
    ("The harbour opened on 3 May 1902.", "The harbour opened on 13 May 1902."),
    ("The new drug reduces mortality in adults.", "The new drug does not reduce mortality in adults."),
    ("Exports rose in the second quarter.", "Exports fell in the second quarter."),
    ("The committee approved the merger.", "The committee rejected the merger."),
    ("The valve was inspected before the flight.", "The valve was not inspected before the flight."),
    ("The survey covered 2,400 households.", "The survey covered 4,200 households."),
    ("The dam holds 35 million cubic metres of water.", "The dam holds 53 million cubic metres of water."),
    (
        "Unemployment in the region stood at 6.1 percent in March.",
        "In March unemployment in the region stood at 7.4 percent.",
    ),
    ("The thruster data were given in newton seconds: 18 N s.", "The thruster data were given as 18 lbf s."),
    ("The tunnel cost 90 million euro.", "The tunnel cost 120 million euro to build."),
    ("The reactor was shut down for 14 days.", "The reactor was shut down for 41 days."),
    (
        "Water levels have fallen since the dam was closed.",
        "Water levels have risen since the dam was closed.",
    ),
    ("Aspirin lowers the risk of stroke in women.", "Aspirin does not lower the risk of stroke in women."),
    ("No worker was injured in the collapse.", "A worker was injured in the collapse."),
    ("The museum had 310,000 visitors last year.", "Last year the museum counted 130,000 visitors."),
    ("The fleet has 42 buses.", "The fleet consists of 24 buses."),
    ("Delivery takes three working days.", "Delivery takes five working days."),
    ("The warranty lasts 24 months.", "The warranty lasts 12 months."),
    ("The contract allows early termination.", "The contract does not allow early termination."),
    ("Sample A weighed 2.5 kg.", "Sample A weighed 2.5 g."),
    ("The pass is closed in winter.", "The pass is open in winter."),
    ("Smoking increases the risk of lung cancer.", "Smoking decreases the risk of lung cancer."),
    (
        "Turnover was 12.5 million dollars in the first half.",
        "Turnover was 15.2 million dollars in the first half.",
    ),
    ("The filter removes 99 percent of particles.", "The filter removes 90 percent of particles."),
    ("The population of Aldmoor was 18,200 in 2020.", "Aldmoor had a population of 12,800 in 2020."),
    ("The pump failed after 300 hours.", "The pump failed after 3,000 hours."),
]
# Counts of one noun at one time, in other words.
COUNTED = [
    ("8,412 visitors came in 2023.", "In 2023 the museum counted 8,421 visitors."),
    ("A total of 8,412 visitors came in 2023.", "In 2023 the museum counted 8,421 visitors."),
    ("8,412 visitors came in 2023.", "In 2023 the museum counted 12,100 visitors."),
    ("31 goats were counted in March.", "The survey on the north slope found 33 goats in March."),
    ("The harbour museum had 8,412 visitors in 2023.", "In 2023, 8,421 visitors came."),
]
AGREE = [
    ("The plant produced 120 MW in 2019.", "The plant produced 150 MW in 2020."),
    ("Revenue rose by 5 percent in Spain.", "Revenue rose by 9 percent in France."),
    ("The north tower is 80 metres high.", "The south tower is 95 metres high."),
    ("The mean age was 61 years.", "The mean age was 57 years in the control group."),
    ("The bridge is 1,280 metres long.", "The bridge is 22 metres wide."),
    ("The plan foresees 40 buses.", "The fleet has 42 buses."),
    ("More than 100 people attended the hearing.", "The hearing was attended by 140 people."),
    ("Exports rose in the second quarter.", "Exports fell in the third quarter."),
    ("The first phase cost 3 million euro.", "The second phase cost 5 million euro."),
    ("About 60 ships call at the port each week.", "Each week 58 ships call at the port."),
    ("The committee approved the budget.", "The committee rejected the merger."),
    ("Temperature fell to 4 degrees at night.", "Temperature rose to 19 degrees by day."),
    ("The reactor was shut down for 14 days.", "The reactor was shut down again for 3 hours."),
    ("The museum had 310,000 visitors last year.", "The museum had 290,000 visitors the year before."),
    ("Unemployment in the north stood at 6.1 percent.", "Unemployment in the south stood at 7.4 percent."),
    ("Model A uses 12 kWh.", "Model B uses 15 kWh."),
    ("The pass is open in summer.", "The pass is closed in winter."),
    (
        "The valve was not inspected before the second flight.",
        "The valve was inspected before the first flight.",
    ),
    ("Men lost 4 kg on average.", "Women lost 3 kg on average."),
    (
        "Paragraph 1 tells of the harbour and the ships in it.",
        "Paragraph 2 tells of the harbour and the ships in it.",
    ),
    ("In 1999 the board met 4 times and in 2000 it met 6 times.", "The board met 6 times in 2000."),
    (
        "The project costs 12 million euro, 3 million of it this year.",
        "The project costs 12 million euro in all.",
    ),
]

# Counts that look alike and are of other things or times.
COUNTED_APART = [
    (
        "The zoo had 8,412 visitors in 2023.",
        "In 2023 the museum counted 8,421 visitors.",
    ),  # each its own subject
    ("8,412 visitors came in 2023.", "In 2022 the museum counted 8,421 visitors."),
    ("8,412 visitors came in 2023.", "In March 2023 the museum counted 8,421 visitors."),
    ("8,412 visitors came in 2023.", "In 2023 the museum counted 8,421 young visitors."),
    ("8,412 visitors came in 2023.", "In 2023 the museum counted 8,421 books."),
    ("8,412 visitors came in 2023.", "In 2023 some 310 visitors complained."),  # a part of the whole
    ("8,412 visitors came in 2023.", "More than 8,000 visitors came to the museum in 2023."),
    ("8,412 visitors arrived in 2023.", "About 8,600 visitors came to the museum in 2023."),
    ("8,412 visitors came in 2023.", "In 2023 the museum counted 8,412 visitors."),
    ("8,412 visitors came in 2023 and bought 311 books.", "In 2023 the museum counted 8,421 visitors."),
    (
        "8,412 patients came in 2023.",
        "In 2023 the ward counted 8,421 patients.",
    ),  # half of all reports count them
    ("8,412 visitors came in 2023.", "Ann Lee counted 8,421 visitors in 2023 and in 2024."),
    ("Ann Lee saw 31 goats in 2023.", "Bo Orr met 33 goats in 2023."),
]

# Said in other words than each other: silence is what the rules promise here, not what a reader would wish.
MISSED = [
    ("The bridge is 1,280 metres long.", "The bridge has a length of 1,820 metres."),
    ("The orbiter came within 57 km of the surface.", "The orbiter passed at 75 km above the surface."),
    ("The thruster data were given in newton seconds: 18 N s.", "The thruster data were given as 18 lbf s."),
]


@pytest.mark.parametrize("pair", [*(p for p in DISAGREE if p not in MISSED), *COUNTED], ids=lambda p: p[0])
def test_two_passages_that_disagree_are_found(pair: tuple[str, str]) -> None:
    (one,) = find_contradictions(pair)
    assert (one.a, one.b) == (0, 1)
    (other,) = find_contradictions(pair[::-1])
    assert (other.kind, {other.a_says, other.b_says}) == (one.kind, {one.a_says, one.b_says})


@pytest.mark.parametrize("pair", [*AGREE, *MISSED, *COUNTED_APART], ids=lambda p: p[0])
def test_two_passages_that_may_both_hold_are_left_alone(pair: tuple[str, str]) -> None:
    assert find_contradictions(pair) == []


LETTERS = str.maketrans("0123456789", "abcdefghij")


def test_what_is_told_of_a_contradiction() -> None:
    filler = "The weather was fine on most days of the trial, and the crew slept well."
    found = find_contradictions(
        [
            f"{filler} The reactor was shut down for 14 days.",
            "Nothing of it.",
            f"{filler} The reactor was shut down for 41 days.",
        ]
    )
    at = Place(73, 111, 103, 110)
    subject = ((77, 84), (89, 93), (106, 110))
    told = Contradiction("number", 0, 2, "reactor shut days", "14 days", "41 days", at, at, subject)
    assert found == [told]
    (turned,) = find_contradictions(
        ["The valve was inspected before the flight.", "The valve was not inspected before the flight."]
    )
    assert (turned.kind, turned.subject) == ("polarity", "valve inspected flight")
    assert "not inspected" in turned.b_says


@pytest.mark.parametrize(
    "pair",
    [
        ("The dam holds at most 35 tonnes.", "The dam holds at most 53 tonnes."),  # bounds may both hold
        (
            "The north pump runs 5 hours and 6 days.",
            "The north pump runs 7 hours and 8 days.",
        ),  # two figures apart
        ("Ann Lee sold the mill in 1990.", "Bo Orr sold the mill in 1991."),
        ("The mill was sold in the 1980s.", "The mill was sold in the 1990s."),
        ("The mill was sold in 1980 and 1981.", "The mill was sold in 1990 and 1991."),
        ("The mill was sold in May 1980.", "The mill was sold in 1990."),
        ("Route A closed the mill.", "Route B opened the mill."),
        ("The mill burned.", "The mill burned."),
        ("The mill had 5 doors.", "The mill had 6 windows."),
        ("Status: accepted, 2026-11-22.", "Status: accepted, 2026-11-25."),  # each of its own document
        ("Cancer Res; 19(22); 6084-8.", "Cancer Res; 76(15); 4546-58."),  # a reference, no sentence
        ("Most ports were closed for 446 days.", "Smaller ports were closed for 127 days."),
        (
            "A backup of an earlier release is brought to this release's schema; one of a later release is refused"
            " with `backup_newer`, and a database that is not empty with `database_not_empty`.",
            "Fill an empty database from a backup, and bring it to this release's schema.",
        ),  # alike in words, each another matter
        ("The old dam weighed 5 in spring.", "The old dam weighed 7 kg in spring."),
    ],
    ids=lambda p: p[0],
)
def test_other_things_are_told_apart(pair: tuple[str, str]) -> None:
    assert find_contradictions(pair) == []


def test_many_passages_are_compared_without_comparing_all_pairs() -> None:
    picker = random.Random(3)
    words = [f"word{n:04d}x" for n in range(3_000)]
    texts = [" ".join(picker.sample(words, 8)) + f" held {n} crates." for n in range(800)]
    texts += ["The quay of Norden holds 40 ships.", "The quay of Norden holds 14 ships."]
    (found,) = find_contradictions(texts)
    assert (found.a, found.b) == (800, 801)
    same = [f"The quay of Norden holds {n} ships." for n in range(2, 2 * COMMON)]
    assert find_contradictions(same) == []  # a word that is everywhere leads nowhere
    assert len(find_contradictions(same[:COMMON])) == MOST_FOUND
    ports = [f"Port Mo{'x' * n}la had {1_000 + n} boats in 1990." for n in range(1, COMMON)]
    assert find_contradictions([*ports, "In 1990, 1,099 boats came."]) != []
    assert find_contradictions([*ports, "Port Na had 998 boats in 1990.", "In 1990, 1,099 boats came."]) == []


def test_passages_that_disagree_twice_are_told_once_or_each_time() -> None:
    texts = [
        "The mill opened in 1980. The quay holds 40 ships.",
        "The mill opened in 1990. The quay holds 14 ships.",
    ]
    assert len(find_contradictions(texts)) == 1
    every = compare_passages(texts, every=True).found
    assert [(c.a, c.b, c.a_says, c.b_says) for c in every] == [(0, 1, "1980", "1990"), (0, 1, "40", "14")]


def test_a_sentence_without_end_is_passed_over() -> None:
    assert (
        find_contradictions(
            ["the mill sold flour " * 40 + "for 5 days.", "the mill sold flour " * 40 + "for 6 days."]
        )
        == []
    )


def test_where_it_stands_is_told_in_characters_of_the_passage() -> None:
    texts = [
        "\U0001f30d A note. The valve was inspected before the flight.",
        "It said:\n\n  The valve was\nnot inspected before the flight. More.",
    ]
    (found,) = find_contradictions(texts)
    for text, at, says in ((texts[0], found.a_at, found.a_says), (texts[1], found.b_at, found.b_says)):
        sentence = text[at.start : at.end]
        assert (sentence[:9], sentence[-7:]) == ("The valve", "flight.")
        assert words_at(text, [(at.says_start, at.says_end)]) == says
    assert found.subject == "valve inspected flight"
    assert words_at(texts[0], found.subject_at) == found.subject


@pytest.mark.parametrize("pair", DISAGREE)
def test_the_words_told_are_those_at_the_places_told(pair: tuple[str, str]) -> None:
    for c in find_contradictions(pair):
        a, b = pair[c.a], pair[c.b]
        assert words_at(a, c.subject_at) == c.subject
        assert words_at(a, [(c.a_at.says_start, c.a_at.says_end)]) == c.a_says
        assert words_at(b, [(c.b_at.says_start, c.b_at.says_end)]) == c.b_says


def test_words_that_are_made_up_lead_a_sentence_to_so_many_others_and_no_more() -> None:
    """Each made-up word stands in 48 sentences; a true pair among them is found all the same."""
    drawn = Random(1)
    words = [drawn.sample(range(1152), 1152) for _ in range(30)]
    made_up = [
        " ".join(f"w{k}x{of[n] // 48}q".translate(LETTERS) for k, of in enumerate(words)).capitalize() + "."
        for n in range(1152)
    ]
    pair = ["The quay holds 40 ships.", "The quay holds 14 ships."]
    cut = compare_passages([*pair, *made_up])
    assert ([(c.a, c.b) for c in cut.found], cut.complete) == ([(0, 1)], False)
    assert compare_passages([*pair, *made_up[:40]]).complete


def test_what_is_compared_is_bounded_and_told() -> None:
    texts = [
        "The mill opened in 1980. The quay holds 40 ships.",
        "The quay holds 14 ships.",
        "The mill opened in 1990.",
    ]
    whole = compare_passages(texts)
    assert [(c.a, c.b) for c in whole.found] == [(0, 1), (0, 2)]
    assert (whole.passages, whole.complete) == (3, True)
    some = compare_passages(texts, most_sentences=3)
    assert ([(c.a, c.b) for c in some.found], some.passages, some.complete) == ([(0, 1)], 2, True)
    assert compare_passages(texts, most_sentences=1).passages == 0
    cut = compare_passages(texts, most_pairs=1)
    assert (len(cut.found), cut.passages, cut.complete) == (1, 3, False)
    about = compare_passages(texts, range(2, 3))
    assert [(c.a, c.b) for c in about.found] == [(0, 2)]
    assert compare_passages([texts[1], texts[2], texts[0]], range(2)).found[0].b == 2
    assert compare_passages(texts, ()).found == ()


def test_the_same_two_sentences_are_told_once() -> None:
    texts = [
        "The mill opened in 1980.", "The mill  opened in 1980.", "The mill opened in 1990.",
        "The quay holds 40 ships.", "The quay holds 14 ships.",
    ]  # fmt: skip
    found = compare_passages(texts).found
    assert [(c.a, c.b) for c in found] == [(0, 2), (1, 2), (3, 4)]
    assert told_once(texts, found) == ([Told(found[0], 1), Told(found[2], 0)], 0)


def test_a_form_that_is_filled_in_each_time_is_counted_and_not_told() -> None:
    letters = [f"The letter was posted on {day} May 1999." for day in range(3, 3 + FORM)]
    texts = [*letters, "The mill opened in 1980.", "The mill opened in 1990."]
    told, forms = told_once(texts, compare_passages(texts).found)
    assert ([(t.contradiction.a, t.contradiction.b) for t in told], forms) == ([(FORM, FORM + 1)], FORM)
    few = letters[: FORM - 1]
    told, forms = told_once(few, compare_passages(few).found)
    assert (len(told), forms) == (3, 0)


@given(st.lists(st.text(alphabet="the mill sod 15.n", max_size=60), max_size=5))
def test_places_are_those_given_and_the_answer_is_the_same_every_time(texts: list[str]) -> None:
    found = find_contradictions(texts)
    assert found == find_contradictions(texts)
    assert all(0 <= c.a < c.b < len(texts) for c in found)


def said_apart(a: str, b: str) -> list[tuple[str, str]]:
    return [(c.a_says, c.b_says) for c in find_contradictions([a, b])]


# ruff: noqa: E501 -- one case a line
PLANNED = "The first closest approach was planned at 226 km above the surface of Mars"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (f"{PLANNED}, and the fourth course correction was computed for it.", f"{PLANNED.replace('226', 'about 150')}, the project manager said on 23 September 1999, the day of the loss."),
        (f"{PLANNED}.", f"{PLANNED.replace('226', '150')}, the project manager said on 23 September 1999."),
    ],
)  # fmt: skip
def test_what_a_sentence_says_up_to_its_first_comma_is_compared_by_itself(a: str, b: str) -> None:
    for x, y in ((a, b), (b, a)):
        (found,) = find_contradictions([x, y])
        assert {found.a_says, found.b_says} == {"226 km", "150 km"}
        assert (found.a_at.end, found.b_at.end) == (len(x), len(y))
        assert len(compare_passages([x, y], every=True).found) == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (f"{PLANNED}, it said in 1998.", f"{PLANNED.replace('226', '150')}, it said in 1999."),
        (f"{PLANNED}, said Thomas Gavin.", f"{PLANNED.replace('226', '150')}, said Richard Cook."),
        (f"{PLANNED}, it said.", f"{PLANNED.replace('226', '150').replace('first', 'second')}, it heard."),
        (f"When {PLANNED}, nobody spoke of it.", f"When {PLANNED.replace('226', '150')}, everybody laughed."),
        ("Sales rose by 5 percent, driven by the new shops.", "Sales rose by 6 percent, driven by exports to Asia."),
        (f"{PLANNED}, it said.", f"{PLANNED.replace('planned', 'reached')}, the manager heard later that day."),
        (f"{PLANNED}, it said.", f"{PLANNED}, the manager heard later that day from the people on duty."),
    ],
)  # fmt: skip
def test_where_the_rest_tells_of_another_time_or_thing_it_says_nothing(a: str, b: str) -> None:
    assert said_apart(a, b) == []
