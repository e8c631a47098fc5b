"""Names that a draft writes in lower case where its source has another name: "the fair in munich"."""

from __future__ import annotations

import re

from proofroom.domain.evidence.align import Evidence, alignment, where
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.names import Name, fold
from proofroom.domain.evidence.words import STOPWORDS

_LITTLE = STOPWORDS - {"new"}  # new york
_MOST_WORDS = 3
_MARKS = frozenset('"\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019')
_SURE = 3  # of the six words around both
_LEAST_COVERAGE = 0.5


def compare_small_names(e: Evidence) -> list[Finding]:
    """Words without a capital that stand where the best anchor has a name that the claim does not have.

    Words that some passage also writes in lower case are words, not names.
    """
    found = e.anchors[0]
    s = found.sentence
    if found.coverage < _LEAST_COVERAGE:
        return []
    for other in s.names:
        if any(fold(w) in e.claim.words for w in _words(other)) or not _counts(e, other):
            continue
        span = _in_place_of(e, other)
        if span is not None:
            said = e.claim.text[slice(*span)]
            spot = where(found, (other.start, other.end))
            put = (span, other.text)
            return [
                Finding(
                    "name",
                    "differs",
                    span,
                    said,
                    other.text,
                    None,
                    spot,
                    put,
                    other.text,
                    headline="Name differs",
                )
            ]
    return []


def _in_place_of(e: Evidence, other: Name) -> Span | None:
    """The small words of the claim that stand where the anchor has a name: of several runs, the one that fits best."""
    toks = e.claim.toks
    spans = [
        (toks[i].start, toks[i + size - 1].end)
        for i in range(len(toks))
        for size in range(1, min(_MOST_WORDS, len(toks) - i) + 1)
        if _small(e, i, size) and _runs_on(e, i, size)
    ]
    place = (other.start, other.end)
    best = max(spans, key=lambda span: alignment(e.claim, span, e.anchors[0].sentence, place), default=None)
    if best is None or not _same_place(e, best, other):
        return None
    return None if _ordinary(e, e.claim.text[slice(*best)]) else best


def _same_place(e: Evidence, span: Span, other: Name) -> bool:
    """Whether the words right around agree; "the city" is not in the place of "Berlin"."""
    s = e.anchors[0].sentence
    place = (other.start, other.end)
    before = [t.low for t in e.claim.toks if t.end <= span[0]][-1:]
    same_before = before == [t.low for t in s.toks if t.end <= other.start][-1:]
    return same_before and alignment(e.claim, span, s, place) >= _SURE


def _words(name: Name) -> list[str]:
    return [p for w in name.words for p in w.replace("&", "-").split("-") if p]


def _counts(e: Evidence, other: Name) -> bool:
    """A capital that opens a sentence counts where the claim begins in lower case, or where another sentence has it."""
    if not other.weak or e.claim.text[:1].islower():
        return True
    passages = (*e.passages, *e.near)
    return any(n.words == other.words and not n.weak for p in passages for s in p.sentences for n in s.names)


def _small(e: Evidence, at: int, size: int) -> bool:
    """Whether words of the claim are in lower case, no little words, and not the anchor's."""
    return all(
        e.claim.text[t.start].islower()
        and t.low not in _LITTLE
        and fold(t.low) not in e.anchors[0].sentence.words
        for t in e.claim.toks[at : at + size]
    )


def _runs_on(e: Evidence, at: int, size: int) -> bool:
    """Whether no quotation begins or ends right beside the words: it has a place of its own in the source."""
    toks = e.claim.toks
    before = e.claim.text[toks[at - 1].end if at else 0 : toks[at].start]
    return not _MARKS & {*before, *e.claim.text[toks[at + size - 1].end :][:3]}


def _ordinary(e: Evidence, word: str) -> bool:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    return any(pattern.search(p.passage.text) for p in (*e.passages, *e.near))
