"""Whether a text gives a number for what is named: `planned altitude = 226 km`.

A sentence names it when it holds all the words of the name, in any order and form; the figures in it are compared
with the evidence checks' own readers of units and scales. Where a sentence gives more than one such figure, or
negates, a person looks.
"""

from collections.abc import Sequence
from typing import Literal

from proofroom.domain.evidence.amounts import Number, agree
from proofroom.domain.evidence.dates import find_dates, find_times
from proofroom.domain.evidence.numbers import find_numbers
from proofroom.domain.evidence.words import STOPWORDS, Token, tokens
from proofroom.domain.obligation_checks import Check, figure_of

State = Literal["met", "unmet", "open"]
Answer = Literal["same", "differs", "unsure"]

_NEGATIONS = frozenset("not no never neither nor without cannot".split())


def judge_number(check: Check, statements: Sequence[str]) -> tuple[State, str]:
    """The state of a check `number_equals` over sentences and cells, and in one sentence why."""
    wanted = figure_of(check.value)
    if wanted is None:  # from a version of this program that read units otherwise
        return "open", f"“{check.value}” cannot be read as one number; it is yours to judge."
    year = any(d.grain == "year" for d in find_dates(check.value))
    found: list[tuple[Answer, str, str]] = []
    for said in statements:
        answer = _answer(check.text, wanted, year, said)
        if answer is not None:
            found.append((*answer, said))
    answers = {answer for answer, _, _ in found}
    shown = next(
        (f"“{figure}” in “{_short(said)}”" for answer, figure, said in found if answer != "same"), ""
    )
    if not found:
        return "unmet", f"No sentence that names “{check.text}” gives a number that can be compared with it."
    if answers == {"same"}:
        return "met", f"“{found[0][1]}” stands there for “{check.text}”."
    if answers == {"differs"}:
        return "unmet", f"There is {shown}, not {check.value}."
    return "open", f"There is {shown} as well; whether {check.value} is what it says is yours to judge."


def answer_of(check: Check, statement: str) -> Answer | None:
    """What one statement says to a check `number_equals`; None when it does not speak of it."""
    wanted = figure_of(check.value)
    if wanted is None:
        return None
    found = _answer(check.text, wanted, any(d.grain == "year" for d in find_dates(check.value)), statement)
    return None if found is None else found[0]


def _answer(name: str, wanted: Number, year: bool, statement: str) -> tuple[Answer, str] | None:
    """What one statement says, with the figure it says it by; None when it does not speak of it."""
    words = tokens(statement)
    behind = _named_until(tokens(name), words)
    if behind is None:
        return None
    compared = [(x, a) for x in _figures(statement, year) if (a := _compare(wanted, x)) is not None]
    if not compared:
        return None
    negated = any(t.low in _NEGATIONS or t.low.endswith("n't") for t in words)
    answers = {answer for _, answer in compared}
    if answers == {"differs"}:
        return "differs", compared[0][0].text
    first = next(((x, a) for x, a in compared if x.start >= behind), None)
    right = answers == {"same"} or (first is not None and first[1] == "same")
    if right and not negated:
        return "same", (first or compared[0])[0].text
    return "unsure", next(x.text for x, a in compared if a != "same" or negated)


def _named_until(name: Sequence[Token], words: Sequence[Token]) -> int | None:
    """Where the last word of the name ends in a statement that has them all, at their first places."""
    ends: dict[str, int] = {}
    for word in words:
        for key in (word.stem, word.low):
            ends.setdefault(key, word.end)
    wanted = [t.stem or t.low for t in name if t.low not in STOPWORDS]
    return max((ends[k] for k in wanted), default=None) if all(k in ends for k in wanted) else None


def _figures(text: str, years: bool) -> list[Number]:
    """The figures of a text that are no dates or times; years only when a year is asked for."""
    dates = [(d.start, d.end) for d in find_dates(text) if not (years and d.grain == "year")]
    return [
        x
        for x in find_numbers(text, [*dates, *((t.start, t.end) for t in find_times(text))])
        if x.kind == "plain"
    ]


def _compare(wanted: Number, said: Number) -> Answer | None:
    """None for figures of another kind of thing."""
    agreement = agree(wanted, said)
    if agreement == "none":
        return None
    if (wanted.unit is None) != (said.unit is None):
        unit = wanted.unit or said.unit
        if unit is not None and unit.dimension == "fraction" and agreement == "same":
            return "same"  # 12 % and 0.12
        return "unsure" if said.unit is None and agreement == "same" else None
    if agreement in ("same", "near"):
        return "same"
    return "unsure" if agreement in ("rounded", "within") else "differs"


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 100 else line[:99] + "…"
