"""What turns or swaps a sentence without a word that the older comparisons look at."""

# ruff: noqa: E501 -- one case a line

import pytest

from proofroom.domain.evidence import Claim, ClaimText, Passage, check_outside
from proofroom.domain.evidence.denial import denial
from proofroom.domain.evidence.numbers import find_numbers
from proofroom.domain.evidence.romans import find_romans
from proofroom.domain.evidence.words import stem


def checked(draft: str, *sources: str) -> Claim:
    passages = [
        Passage(f"s{i}", 1, f"b{i}", "Notes", None, 0, len(text), text) for i, text in enumerate(sources)
    ]
    return check_outside(ClaimText("c_1", 1, draft, "sentence", (0,), 0, len(draft)), passages)


PLAN = "The council approved the plan by 31 votes to 8."


@pytest.mark.parametrize(
    "draft",
    [
        "That the council approved the plan by 31 votes to 8 is a lie.",
        "It is false that the council approved the plan by 31 votes to 8.",
        "It is a popular myth that the council approved the plan by 31 votes to 8.",
        "The claim that the council approved the plan by 31 votes to 8 is untrue.",
        "The council approved the plan by 31 votes to 8, which is simply wrong.",
        "The council approved the plan by 31 votes to 8 \u2013 a blatant lie.",
        "False: the council approved the plan by 31 votes to 8.",
        "Contrary to the claim that the council approved the plan by 31 votes to 8, it went home.",
    ],
)
def test_a_statement_called_false_differs_from_its_source(draft: str) -> None:
    found = checked(draft, PLAN)
    assert (found.verdict, found.headline) == ("unsupported", "Denial differs")
    assert found.short == "The draft says that what the source states is false"
    assert found.say is not None
    assert found.say.draft.mark is not None


@pytest.mark.parametrize(
    "source",
    [
        "It is a myth that the council approved the plan by 31 votes to 8.",
        "The council approved the plan by 31 votes to 8. This is a lie.",
    ],
)
def test_what_the_source_calls_false_is_not_borne_out(source: str) -> None:
    found = checked(PLAN, source)
    assert (found.verdict, found.headline) == ("unsupported", "Denial differs")
    assert found.short == "The source says that it is false"


@pytest.mark.parametrize(
    ("draft", "source"),
    [
        ("It is false that the council approved the plan.", "The council did not approve the plan."),
        ("It was false that the plan was approved by the council.", "The claim that the council approved the plan was false."),
        ("There was a false alarm at the port in May.", "There was a false alarm at the port in May."),
        ("The rate of false positives was 5 % in May.", "In May the rate of false positives was 5 %."),
        (PLAN, PLAN + " In May the harbour was closed. It is a myth that herons sleep."),
        (PLAN, PLAN + " This was put on record, and the clerk read out once more to all that a rumour is a lie."),
    ],
)  # fmt: skip
def test_no_denial_where_both_say_the_same(draft: str, source: str) -> None:
    assert checked(draft, source).verdict == "supported"


def test_two_denials_cancel_each_other() -> None:
    assert denial("It is a lie that this is untrue.") is None
    assert denial("The port was closed.") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("minus 226 km", "-226"), ("about minus five degrees", "-5"), ("negative 3 %", "-3"), ("-$5 million", "-5000000"),
        ("minus $5", "-5"), ("9 plus x minus 5", "-5"), ("$5", "5"), ("a-$5", "5"),
    ],
)  # fmt: skip
def test_a_sign_may_be_a_word(text: str, value: str) -> None:
    number = find_numbers(text)[-1]
    assert f"{number.low.normalize():f}" == value
    assert text[number.start : number.end] == number.text
    assert number.start <= number.bare_start < number.bare_end


def test_what_is_taken_away_is_no_sign() -> None:
    assert [int(n.low) for n in find_numbers("9 minus 5")] == [9, 5]
    assert [int(n.low) for n in find_numbers("minus -5")] == [-5]


@pytest.mark.parametrize(
    ("draft", "source", "verdict", "headline"),
    [
        ("The approach was to be at about minus 226 km.", "The approach was to be at about 226 km.", "unsupported", "Number differs"),
        ("The mean change was minus 226.", "The mean change was 226.", "unsupported", "Sign differs"),
        ("In May, by the report, the margin stood at -5 %.", "The margin was 5 % in May.", "unsupported", "Sign differs"),
        ("Sales changed by -5 % in May.", "Sales fell by 5 % in May.", "supported", "Passed automatic checks"),
        ("The loss was 5 million euros in May.", "The result was -5 million euros in May.", "supported", "Passed automatic checks"),
        ("It was minus 40 °C in the hangar.", "It was -40 °C in the hangar.", "supported", "Passed automatic checks"),
    ],
)  # fmt: skip
def test_signs(draft: str, source: str, verdict: str, headline: str) -> None:
    found = checked(draft, source)
    assert (found.verdict, found.headline) == (verdict, headline)


FAIR = "The fair in Berlin had 300 visitors in the spring."


@pytest.mark.parametrize(
    ("draft", "sources", "differs"),
    [
        ("The fair in munich had 300 visitors in the spring.", (FAIR,), "munich"),
        ("The fair in new orleans had 300 visitors in the spring.", (FAIR,), "new orleans"),
        ("munich has 3.7 million inhabitants by the last count.", ("Berlin has 3.7 million inhabitants by the last count.",), "munich"),
        ("A loud fair in munich had 300 visitors in the spring of the year.", (FAIR,), "munich"),
        ("The fair in berlin had 300 visitors in the spring.", (FAIR,), None),
        ("The fair in the city had 300 visitors in the spring.", (FAIR,), None),
        ("The fair in town had 300 visitors in the spring.", (FAIR, "People of the town slept."), None),
        ("The text reads “had 300 visitors in the spring, by the clerk”.", ("The Berlin Fair had 300 visitors in the spring, by the clerk.",), None),
        ("The fair in munich was good.", (FAIR,), None),
        ("Munich has 3.7 million inhabitants, and dogs bark.", ("Dogs bark and munich has 3.7 million inhabitants.",), None),
        ("Most cats bark at night near the port.", ("Dogs bark at night near the port.",), None),
        ("the cats bark at night near the port.", ("Dogs bark at night near the port.", "All of Dogs slept.", "cats"), None),
    ],
)  # fmt: skip
def test_names_without_a_capital(draft: str, sources: tuple[str, ...], differs: str | None) -> None:
    found = checked(draft, *sources)
    bad = [c.draft for c in found.checks if c.kind == "name" and c.result == "differs"]
    assert bad == ([differs] if differs else [])
    if differs:
        assert found.verdict == "unsupported"
        assert found.correction is not None
        again = checked(found.correction.text, *sources)
        assert not [c for c in again.checks if c.kind == "name" and c.result == "differs"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("phase III and Volume ix", [("phase", 3), ("volume", 9)]), ("Chapter XLIV, part CXCIX", [("chapter", 44), ("part", 199)]),
        ("phase-ii trials", [("phase", 2)]), ("type Iv", []), ("part I\u2019ve read", []), ("phase one", []), ("step in", []), ("tables iii", [("table", 3)]),
    ],
)  # fmt: skip
def test_roman_numerals(text: str, found: list[tuple[str, int]]) -> None:
    assert [(r.label, r.value) for r in find_romans(text)] == [(stem(label), n) for label, n in found]


@pytest.mark.parametrize(
    ("draft", "source", "verdict", "text"),
    [
        ("The phase III trial had 300 patients in it.", "The phase II trial had 300 patients in it.", "unsupported", "The phase II trial had 300 patients in it."),
        ("The phase III trial had 300 patients in it.", "The phase 3 trial had 300 patients in it.", "supported", None),
        ("In volume iii the board names the cause.", "In volume ii the board names the cause.", "unsupported", "In volume ii the board names the cause."),
        ("In volume iii the board names the cause.", "In its report the board names the cause.", "supported", None),
        ("Louis XVI built the palace at Versailles in stone.", "Louis XIV built the palace at Versailles in stone.", "unsupported", "Louis XIV built the palace at Versailles in stone."),
        ("World War II ended the trade of the port.", "World War I ended the trade of the port.", "unsupported", "World War I ended the trade of the port."),
        ("The fee is set by King Charles II Stuart in stone.", "The fee is set by King Charles I Stuart in stone.", "unsupported", "The fee is set by King Charles I Stuart in stone."),
    ],
)  # fmt: skip
def test_swapped_numerals(draft: str, source: str, verdict: str, text: str | None) -> None:
    found = checked(draft, source)
    assert found.verdict == verdict
    assert (found.correction.text if found.correction else None) == text
