"""A second figure that a sentence gives in brackets with the source that has it: "226 km (Press: about 150 km)".

That is how both sides of a conflict are named. What stands in such brackets is compared with that source alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from proofroom.domain.evidence.align import Evidence
from proofroom.domain.evidence.compare_dates import compare_dates
from proofroom.domain.evidence.compare_numbers import compare_numbers
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.model import Span

_MOST_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class Attribution:
    """A source's title and what it is said to have: the range from bracket to bracket, and of what is said."""

    span: Span
    said: Span
    title: str


def attributions(e: Evidence) -> list[Attribution]:
    """The brackets of a claim that begin with the title of a source and a colon."""
    text = e.claim.text
    out: list[Attribution] = []
    if "(" not in text:
        return out
    for title in dict.fromkeys(p.passage.source_title for p in e.passages if p.sentences):
        opening = f"({title}: "
        at = text.find(opening)
        end = text.find(")", at + len(opening))
        if title and at >= 0 and end >= 0:
            out.append(Attribution((at, end + 1), (at + len(opening), end), title))
    return out


def compare_attributed(e: Evidence, found: Sequence[Attribution]) -> list[Finding]:
    """The figures and dates in such brackets beside those of the sentences of their source."""
    out: list[Finding] = []
    for one in found:
        theirs = [f for f in e.matches.found if f.passage.passage.source_title == one.title]
        if not theirs:
            theirs = [
                Found(p, i, 0.0, 0.0)
                for p in e.passages
                if p.passage.source_title == one.title
                for i in range(len(p.sentences))
            ]
        alone = replace(e, anchors=tuple(theirs[:_MOST_SENTENCES]), window=())
        facts = [*compare_numbers(alone), *compare_dates(alone)]
        out += [f for f in facts if one.said[0] <= f.at[0] < one.said[1]]
    return out
