"""Quotations, negations and directions of a claim beside its anchors."""

from __future__ import annotations

from collections.abc import Sequence

from proofroom.domain.evidence.align import Evidence, where
from proofroom.domain.evidence.denial import denial, denied_in_source
from proofroom.domain.evidence.features import AnalysedPassage
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.polarity import compare_direction, compare_negation
from proofroom.domain.evidence.quotes import (
    Quotation,
    insertions,
    locate,
    nearest,
    normal,
    without_insertions,
)


def compare_quotes(e: Evidence, quotations: Sequence[Quotation]) -> list[Finding]:
    """Each quotation of the claim must stand word for word in a passage."""
    # By identity: to tell equal ones apart reads all of their words, for each anchor of what may be thousands.
    order = [*{id(p): p for p in (*(f.passage for f in e.anchors), *e.passages, *e.near)}.values()]
    return [_compare_quote(order, q) for q in quotations]


def _compare_quote(order: Sequence[AnalysedPassage], q: Quotation) -> Finding:
    """`order`: the passages, those of the anchors first."""
    span = (q.start, q.end)
    for p in order:
        spot = locate(q.text, p.normal)
        if spot is not None:
            added = insertions(q.text, p.normal)
            if added:
                return _added(q, added, p, spot)
            return Finding("quote", "same", span, q.text, p.passage.text[spot[0] : spot[1]], None, (p, spot))
    best = None
    for p in order[:40]:
        near = nearest(q.text, p.passage.text)
        if near is not None and (best is None or near.ratio > best[1].ratio):
            best = (p, near)
    if best is None or best[1].ratio < 0.5:
        return Finding("quote", "not_found", span, q.text, headline="Quote not in the sources")
    p, near = best
    text = p.passage.text[near.start : near.end]
    trail = q.text[len(q.text.rstrip(" .,;:!?")) :]
    fixed = text if near.start == 0 or not q.text[:1].isupper() else text[:1].upper() + text[1:]
    if q.text[:1].islower() and normal(text).text[:1].isupper() and near.altered:
        fixed = text[:1].lower() + text[1:] if not text[:2].isupper() else text
    words = {0: "marks altered", 1: "one word altered"}.get(near.altered, f"{near.altered} words altered")
    at = (q.start + near.draft_mark[0], q.start + near.draft_mark[1])
    return Finding(
        "quote",
        "differs",
        at,
        q.text,
        text,
        words,
        (p, near.mark),
        (span, fixed + trail),
        "exact words",
        headline="Quote differs",
    )


def _added(q: Quotation, added: Sequence[Quotation], p: AnalysedPassage, spot: tuple[int, int]) -> Finding:
    """A quotation that stands in the passage but for words in square brackets, which are the writer's."""
    words = " and ".join(f"\u201c{one.text}\u201d" for one in added[:3])
    return Finding(
        "quote",
        "added",
        (q.start + added[0].start, q.start + added[0].end),
        q.text,
        p.passage.text[spot[0] : spot[1]],
        f"{words} in square brackets {'is' if len(added) == 1 else 'are'} not the source's",
        (p, spot),
        ((q.start, q.end), without_insertions(q.text, p.normal)),
        "the source's words",
        headline="Words added to a quote",
    )


def broken_citation(quote: str, passage: AnalysedPassage, at: int) -> Finding:
    """A cited quote that does not stand in its block, beside the words most like it."""
    near = nearest(quote, passage.passage.text)
    if near is None or near.ratio < 0.5:
        return Finding(
            "citation",
            "differs",
            (at, at),
            quote,
            None,
            "these words do not stand in the cited passage",
            quoted=(quote, (0, 0)),
            headline="Quote not in the cited passage",
        )
    text = passage.passage.text[near.start : near.end]
    return Finding(
        "citation",
        "differs",
        (at, at),
        quote,
        text,
        "the cited passage has other words",
        (passage, near.mark),
        quoted=(quote, near.draft_mark),
        headline="Quote not in the cited passage",
    )


def compare_turns(e: Evidence) -> list[Finding]:
    """Negation and direction words beside those of the best anchor."""
    found = e.anchors[0]
    if found.coverage < 0.3:
        return []
    s = found.sentence
    out: list[Finding] = []
    turn = compare_negation(e.claim.toks, s.toks)
    ours, theirs = denial(e.claim.text), denied_in_source(found.passage, found.index)
    if (ours is None) != (theirs is None):
        # What is said to be false, and what is negated, are the same.
        agrees = turn is not None and not turn.agrees
        out.append(_denied(e, found, ours, theirs, agrees=agrees))
    elif turn is not None:
        draft = e.claim.text[slice(*turn.draft)] if turn.draft else None
        source = s.text[slice(*turn.source)] if turn.source else None
        at, spot = turn.draft or turn.draft_focus, where(found, turn.source or turn.source_focus)
        if turn.agrees:
            out.append(Finding("negation", "same", at, draft or "", source, None, spot))
        else:
            note = "the source says it without a negation" if draft else "the source negates it"
            out.append(
                Finding(
                    "negation",
                    "differs",
                    at,
                    draft or "no negation",
                    source or "no negation",
                    note,
                    spot,
                    headline="Negation differs",
                )
            )
    for move in compare_direction(e.claim.toks, s.toks):
        assert move.draft is not None
        assert move.source is not None
        draft, source = e.claim.text[slice(*move.draft)], s.text[slice(*move.source)]
        spot = where(found, move.source)
        if move.agrees:
            out.append(Finding("direction", "same", move.draft, draft, source, None, spot))
        elif draft.lower() == source.lower():
            note = "what is compared stands the other way round"
            out.append(
                Finding(
                    "direction",
                    "differs",
                    move.draft,
                    draft,
                    source,
                    note,
                    spot,
                    headline="Sides of a comparison differ",
                )
            )
        else:
            out.append(
                Finding(
                    "direction",
                    "differs",
                    move.draft,
                    draft,
                    source,
                    None,
                    spot,
                    (move.draft, _case(draft, source)),
                    source,
                    headline="Direction differs",
                )
            )
    return out


def _denied(e: Evidence, found: Found, ours: Span | None, theirs: Span | None, *, agrees: bool) -> Finding:
    s = found.sentence
    draft = e.claim.text[slice(*ours)] if ours else "no denial"
    source = found.passage.passage.text[slice(*theirs)] if theirs else "no denial"
    spot = (found.passage, theirs or (s.start, s.end))
    at = ours or (0, len(e.claim.text))
    if agrees:
        return Finding("negation", "same", at, draft, source, None, spot)
    note = (
        "the draft says that what the source states is false" if ours else "the source says that it is false"
    )
    return Finding("negation", "differs", at, draft, source, note, spot, headline="Denial differs")


def _case(like_it: str, word: str) -> str:
    return word[:1].upper() + word[1:] if like_it[:1].isupper() else word
