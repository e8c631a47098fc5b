"""What a claim is compared with, and how well two places in two sentences correspond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proofroom.domain.evidence.features import AnalysedPassage, Sentence
from proofroom.domain.evidence.finding import Where
from proofroom.domain.evidence.match import Found, Matches
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.words import Token


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences a claim is compared with.

    `anchors` are those that carry it, best first; `window` those that may fill in what the anchors leave out;
    `passages` everything that was given, and `near` what else stands in the same sources.
    """

    claim: Sentence
    matches: Matches
    anchors: tuple[Found, ...]
    window: tuple[Found, ...]
    passages: tuple[AnalysedPassage, ...]
    near: tuple[AnalysedPassage, ...] = ()


def where(found: Found, span: Span) -> Where:
    """A range in a sentence as a range in its passage."""
    start = found.sentence.start
    return found.passage, (start + span[0], start + span[1])


def _beside(toks: Sequence[Token], start: int, end: int) -> tuple[list[str], list[str]]:
    """The three words before and after a range, nearest first, in a form that survives inflection."""
    before = [t.stem or t.low for t in toks if t.end <= start][-3:][::-1]
    after = [t.stem or t.low for t in toks if t.start >= end][:3]
    return before, after


def alignment(a: Sentence, a_span: Span, b: Sentence, b_span: Span) -> int:
    """How many of the words right around two ranges agree, counted outwards until they differ: 0 to 6."""
    left, right = _beside(a.toks, *a_span), _beside(b.toks, *b_span)
    count = 0
    for ours, theirs in zip(left, right, strict=True):
        for x, y in zip(ours, theirs, strict=False):
            if x != y:
                break
            count += 1
    return count


def around(s: Sentence, span: Span) -> set[str]:
    """Stems within six words of a range."""
    before = [t for t in s.toks if t.end <= span[0]][-6:]
    after = [t for t in s.toks if t.start >= span[1]][:6]
    return {t.stem for t in (*before, *after) if t.stem}


def likeness(a: Sentence, a_span: Span, b: Sentence, b_span: Span) -> int:
    """How much two figures, dates or names play the same part: neighbours, and stems near both."""
    return 2 * alignment(a, a_span, b, b_span) + len(around(a, a_span) & around(b, b_span))


def same_source(e: Evidence, p: AnalysedPassage) -> bool:
    """Whether an anchor stands in the passage's source."""
    return any(f.passage.passage.source_id == p.passage.source_id for f in e.anchors)
