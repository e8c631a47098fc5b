"""Dates and times of day of a claim beside those of its anchors."""

from __future__ import annotations

from collections.abc import Sequence

from proofroom.domain.evidence.align import Evidence, alignment, likeness, same_source, where
from proofroom.domain.evidence.dates import Date, Time, like, times_agree
from proofroom.domain.evidence.dates import agree as dates_agree
from proofroom.domain.evidence.finding import Finding, Outcome
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.quotes import find_quotations

_TWO_WAYS = "this date can be read two ways"


def compare_dates(e: Evidence, told: Sequence[tuple[int, int]] = ()) -> list[Finding]:
    """Findings on each date and time of the claim but those at the ranges `told`, which a table has settled."""
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    twins = _twins(e)
    out: list[Finding] = []
    for i, d in enumerate(e.claim.dates):
        if any(a <= d.start < b for a, b in (*quoted, *told)):
            continue
        if twins and dates_agree(d, twins[i]) == "differs":
            out.append(_date_differs(d, e.anchors[0], twins[i]))
        else:
            out.append(_compare_date(e, d))
    out += [_compare_time(e, t) for t in e.claim.times if not any(a <= t.start < b for a, b in quoted)]
    return out


def _twins(e: Evidence) -> tuple[Date, ...]:
    """The dates of the best anchor in order, if it is the claim word for word but for dates."""
    s = e.anchors[0].sentence
    if len(s.dates) != len(e.claim.dates) or not s.dates:
        return ()
    ours, theirs = (
        [t.low for t in x.toks if not any(d.start <= t.start < d.end for d in x.dates)] for x in (e.claim, s)
    )
    return s.dates if ours == theirs else ()


def _date_differs(d: Date, found: Found, s: Date) -> Finding:
    text = like(d, s)
    return Finding(
        "date",
        "differs",
        (d.start, d.end),
        d.text,
        s.text,
        _TWO_WAYS if d.other else None,
        where(found, (s.start, s.end)),
        ((d.start, d.end), text),
        text,
        headline="Date differs",
    )


def _compare_date(e: Evidence, d: Date) -> Finding:
    span = (d.start, d.end)
    ambiguous = _TWO_WAYS if d.other else None
    rival = _rival_date(e, d)
    for pool in (e.anchors, e.window):
        for found in pool:
            for s in found.sentence.dates:
                if dates_agree(d, s) != "same":
                    continue
                if pool is e.window and rival is not None and rival[2] >= 2:
                    continue
                note = ambiguous or ("the source is more exact" if s.grain != d.grain else None)
                outcome: Outcome = "note" if note else "same"
                return Finding("date", outcome, span, d.text, s.text, note, where(found, (s.start, s.end)))
            if d.grain == "year" and not d.decade:
                for x in found.sentence.numbers:
                    if x.unit is None and x.low == d.year:
                        return Finding(
                            "date", "same", span, d.text, x.text, None, where(found, (x.start, x.end))
                        )
    finer = _finer_date(e, d)
    # "each April" in some other sentence does not speak of the place where the anchor has its own date.
    if finer is not None and (rival is None or rival[2] < 2):
        return finer
    if rival is not None:
        return _date_differs(d, *rival[:2])
    if d.grain == "year":
        for p in (*e.passages, *e.near):
            for s in p.sentences:
                for x in s.dates:
                    if x.year == d.year and dates_agree(d, x) == "same" and same_source(e, p):
                        spot = (p, (s.start + x.start, s.start + x.end))
                        return Finding(
                            "date", "note", span, d.text, x.text, "stands elsewhere in the same source", spot
                        )
    return Finding("date", "not_found", span, d.text, note=ambiguous, headline="Date not found")


def _finer_date(e: Evidence, d: Date) -> Finding | None:
    """The draft says more than the source's date: fine if the rest stands beside it, such as the year in
    the title.
    """
    for found in (*e.anchors, *e.window):
        for s in found.sentence.dates:
            if dates_agree(d, s) != "finer":
                continue
            spot = where(found, (s.start, s.end))
            missing_year = d.year is not None and s.year is None
            if missing_year and s.day == d.day and s.month == d.month:
                passage = found.passage
                years = {x.year for q in passage.sentences for x in q.dates}
                if d.year in years or f" {d.year} " in f" {passage.passage.source_title} ":
                    return Finding(
                        "date", "note", (d.start, d.end), d.text, s.text, "the year stands beside it", spot
                    )
            return Finding(
                "date",
                "not_found",
                (d.start, d.end),
                d.text,
                s.text,
                "the draft is more exact than the source",
                spot,
                headline="Date more exact than the source",
            )
    return None


def _rival_date(e: Evidence, d: Date) -> tuple[Found, Date, int] | None:
    """The date that stands in the source where the draft has its own, and how well they are aligned."""
    best: tuple[int, Found, Date, int] | None = None
    for rank, found in enumerate(e.anchors):
        s = found.sentence
        for x in s.dates:
            if dates_agree(d, x) != "differs" or not _comparable(d, x):
                continue
            if any(dates_agree(c, x) == "same" for c in e.claim.dates if c is not d):
                continue
            aligned = alignment(e.claim, (d.start, d.end), s, (x.start, x.end))
            parts = ((d.year, x.year), (d.month, x.month), (d.day, x.day))
            score = likeness(e.claim, (d.start, d.end), s, (x.start, x.end)) + (x.grain == d.grain) - rank
            score += 2 * sum(a is not None and a == b for a, b in parts)
            if best is None or score > best[0]:
                best = (score, found, x, aligned)
    return None if best is None else best[1:]


def _comparable(d: Date, s: Date) -> bool:
    grains = {d.grain, s.grain}
    return len(grains) == 1 or grains <= {"day", "month", "quarter"} or grains <= {"year", "month", "day"}


def _compare_time(e: Evidence, t: Time) -> Finding:
    span = (t.start, t.end)
    best: tuple[int, Found, Time] | None = None
    for pool in (e.anchors, e.window):
        for found in pool:
            for s in found.sentence.times:
                spot = where(found, (s.start, s.end))
                if times_agree(t, s) == "same":
                    return Finding("date", "same", span, t.text, s.text, "time of day", spot)
                score = likeness(e.claim, span, found.sentence, (s.start, s.end))
                if pool is e.anchors and (best is None or score > best[0]):
                    best = (score, found, s)
    if best is None:
        return Finding("date", "not_found", span, t.text, note="time of day", headline="Time not found")
    _, found, s = best
    spot = where(found, (s.start, s.end))
    if times_agree(t, s) == "finer":
        note = "the draft is more exact than the source"
        return Finding(
            "date", "not_found", span, t.text, s.text, note, spot, headline="Time more exact than the source"
        )
    return Finding(
        "date",
        "differs",
        span,
        t.text,
        s.text,
        "time of day",
        spot,
        (span, s.text),
        s.text,
        headline="Time differs",
    )
