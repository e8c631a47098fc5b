"""Two sources that disagree about the figure or date that a claim gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from proofroom.domain.evidence.align import Evidence, alignment, around, where
from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.amounts import agree as numbers_agree
from proofroom.domain.evidence.compare_numbers import GOOD
from proofroom.domain.evidence.dates import Date
from proofroom.domain.evidence.dates import agree as dates_agree
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.words import stem

_CONCEPTS = {
    stem(word): concept
    for concept, words in {
        "~height": "altitude height elevation periapsis surface approach",
        "~plan": "plan target intend aim schedule goal design expect",
        "~actual": "actual reconstruct measure observe reach estimate work",
        "~cost": "cost price budget spend pay expense",
        "~death": "kill die fatal victim",
        "~open": "open inaugurate start begin launch",
        "~people": "person inhabitant resident population",
        "~say": "report account figure give put",
    }.items()
    for word in words.split()
}
_APART = ({"~plan", "~actual"},)


def _concepts(stems: Iterable[str]) -> set[str]:
    return {_CONCEPTS.get(s, s) for s in stems}


def find_conflict(e: Evidence, finding: Finding) -> Finding | None:
    """A second source that gives another figure or date for the same thing as the one that bears the draft
    out.
    """
    if finding.where is None or finding.outcome not in ("same", "note"):
        return None
    home = finding.where[0].passage.source_id
    number = (
        next((n for n in e.claim.numbers if (n.start, n.end) == finding.at), None)
        if finding.kind == "number"
        else None
    )
    date = (
        next((d for d in e.claim.dates if (d.start, d.end) == finding.at), None)
        if finding.kind == "date"
        else None
    )
    if number is None and date is None:
        return None
    if number is not None and number.kind != "plain":
        return None
    ours = _concepts(e.claim.stems)
    near_ours = _concepts(around(e.claim, finding.at))
    best: tuple[float, Found, Number | Date] | None = None
    for f in e.matches.found:
        if f.passage.passage.source_id == home:
            continue
        s = f.sentence
        rivals: list[Number | Date] = []
        if number is not None:
            if any(numbers_agree(number, x) in (*GOOD, "within") for x in s.numbers):
                continue
            rivals = [
                x
                for x in s.numbers
                if numbers_agree(number, x) in ("differs", "unit")
                and (number.unit is None) == (x.unit is None)
                and (number.unit is not None or (number.noun and number.noun == x.noun))
            ]
        elif date is not None and date.grain != "decade":
            if any(dates_agree(date, x) in ("same", "finer") for x in s.dates):
                continue
            rivals = [x for x in s.dates if x.grain == date.grain and dates_agree(date, x) == "differs"]
        theirs = _concepts(s.stems)
        if any(len(pair & (ours ^ theirs)) == 2 and pair & ours and pair & theirs for pair in _APART):
            continue
        for x in rivals:
            if any(
                c is not number and numbers_agree(c, x) == "same"
                for c in e.claim.numbers
                if isinstance(x, Number)
            ):
                continue
            if any(
                c is not date and dates_agree(c, x) == "same" for c in e.claim.dates if isinstance(x, Date)
            ):
                continue
            near = near_ours & _concepts(around(s, (x.start, x.end)))
            aligned = alignment(e.claim, finding.at, s, (x.start, x.end))
            alike = e.matches.coverage({c for c in e.claim.stems if _CONCEPTS.get(c, c) in theirs})
            if isinstance(x, Date):
                strong = f.coverage >= 0.5 and bool(near)
            else:
                strong = alike >= 0.5 and len(near) >= 2 - (aligned >= 2)
            if strong:
                score = f.coverage + 0.1 * len(near) + 0.1 * aligned
                if best is None or score > best[0]:
                    best = (score, f, x)
    if best is None:
        return None
    _, f, x = best
    spot = where(f, (x.start, x.end))
    assert finding.source is not None
    title = f.passage.passage.source_title
    name = f"{title}: {_about(x)}"
    put = ((finding.at[1], finding.at[1]), f" ({name})")
    return replace(
        finding,
        outcome="conflict",
        put=put,
        other=(spot, x.text),
        headline="Two sources disagree",
        note=f"{title} gives {x.text}",
    )


def _about(x: Number | Date) -> str:
    return f"about {x.text}" if isinstance(x, Number) and x.approx else x.text
