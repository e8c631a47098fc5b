"""Figures and units of a claim beside those of its anchors."""

from __future__ import annotations

from collections.abc import Sequence

from proofroom.domain.evidence.align import Evidence, alignment, around, likeness, where
from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.amounts import agree as numbers_agree
from proofroom.domain.evidence.dates import agree as dates_agree
from proofroom.domain.evidence.features import Sentence
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.polarity import POLES
from proofroom.domain.evidence.quotes import find_quotations
from proofroom.domain.evidence.units import WORDS, Unit

GOOD = ("same", "rounded", "near")


def compare_numbers(e: Evidence, skip: Sequence[Span] = ()) -> list[Finding]:
    """Each figure of the claim outside quotations and outside `skip`."""
    out: list[Finding] = []
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    twins = _twins(e)
    taken = [_taken_numbers(e, found.sentence) for found in e.anchors]
    for i, d in enumerate(e.claim.numbers):
        if any(a <= d.start < b for a, b in (*quoted, *skip)):
            continue
        twin = twins[i] if twins else None
        if twin is not None and numbers_agree(d, twin) in ("differs", "unit", "none"):
            out.append(_number_differs(d, e.anchors[0], twin))
            continue
        out.append(_compare_number(e, d, taken))
    return out


def _twins(e: Evidence) -> tuple[Number, ...]:
    """The figures of the best anchor in order, if it is the claim word for word but for figures and their units."""
    s = e.anchors[0].sentence
    if len(s.numbers) != len(e.claim.numbers) or not s.numbers:
        return ()
    ours, theirs = (
        [
            t.low
            for t in x.toks
            if not t.low[0].isdigit() and not any(n.start <= t.start < n.end for n in x.numbers)
        ]
        for x in (e.claim, s)
    )
    return s.numbers if ours == theirs else ()


def _taken_numbers(e: Evidence, s: Sentence) -> set[int]:
    """Figures of a source sentence that some figure of the claim stands for."""
    return {i for i, x in enumerate(s.numbers) if any(numbers_agree(c, x) == "same" for c in e.claim.numbers)}


def _compare_number(e: Evidence, d: Number, taken: Sequence[set[int]]) -> Finding:
    """`taken`: by anchor, the figures that some figure of the claim stands for."""
    span = (d.start, d.end)
    rival = _rival_number(e, d, taken)
    held: tuple[Found, Number, str] | None = None
    for pool, strict in ((e.anchors, False), (e.window, True)):
        for found in pool:
            for s in found.sentence.numbers:
                result = numbers_agree(d, s)
                if result not in (*GOOD, "within"):
                    continue
                if strict and not (around(e.claim, span) & around(found.sentence, (s.start, s.end))):
                    continue
                rank = (*GOOD, "within").index(result)
                if held is None or rank < (*GOOD, "within").index(held[2]):
                    held = (found, s, result)
        if held is not None and held[2] == "same":
            break
    if held is not None and rival is not None and held[0] not in e.anchors:
        # The sentence that carries the claim may give another figure in this very place.
        place = (rival[1].start, rival[1].end)
        held = None if alignment(e.claim, span, rival[0].sentence, place) >= 2 else held
    if held is not None and held[2] == "within" and rival is not None and rival[1].is_range == d.is_range:
        held = None
    if held is not None:
        found, s, result = held
        spot = where(found, (s.start, s.end))
        # "over five weeks" and "within five weeks" are no bounds; other words for time are compared as directions.
        lasts = d.unit is not None and d.unit.dimension in ("time", "calendar")
        if result == "same" and not lasts and {d.bound, s.bound} == {"more", "less"}:
            note = "one is at least that much, the other at most"
            return Finding(
                "number", "differs", span, d.text, s.text, note, spot, headline="At least or at most"
            )
        if result == "same" and d.low * s.low < 0 and not _falls(e.claim, found.sentence):
            note = "one is below zero, the other above"
            return Finding(
                "number",
                "differs",
                span,
                d.text,
                s.text,
                note,
                spot,
                _put_number(d, s),
                s.text,
                headline="Sign differs",
            )
        if result == "same":
            note = f"converted from {s.text}" if d.unit and s.unit and d.unit != s.unit else None
            return Finding("number", "same", span, d.text, s.text, note, spot)
        if result == "near":
            return Finding("number", "note", span, d.text, s.text, "rounded, and the draft says about", spot)
        if result == "rounded":
            return Finding(
                "number",
                "rounded",
                span,
                d.text,
                s.text,
                f"{s.text} rounded; the draft does not say about",
                spot,
                _put_number(d, s),
                s.text,
                headline="Number rounded",
            )
        return Finding(
            "number",
            "rounded",
            span,
            d.text,
            s.text,
            "one is a range that holds the other",
            spot,
            _put_number(d, s),
            s.text,
            headline="Number and range",
        )
    if rival is not None:
        return _number_differs(d, *rival)
    if d.kind == "ordinal":
        return Finding("number", "note", span, d.text, None, "an ordinal that the source does not use")
    if d.unit is None:  # a year, after all
        for f in (*e.anchors, *e.window):
            for x in f.sentence.dates:
                if x.year == d.low:
                    return Finding("number", "same", span, d.text, x.text, None, where(f, (x.start, x.end)))
    return Finding("number", "not_found", span, d.text, headline="Number not found")


_DOWN = frozenset(w for w, (axis, sign) in POLES.items() if (axis, sign) in (("change", -1), ("result", -1)))
_LESS = _DOWN | frozenset("below deficit deficits losses lose lost loses less cut cuts under".split())


def _falls(*sentences: Sentence) -> bool:
    """Whether a word says that something became less: "fell by 5 %" and "-5 %" are the same."""
    return any(t.low in _LESS for s in sentences for t in s.toks)


def _number_differs(d: Number, found: Found, s: Number) -> Finding:
    unit = numbers_agree(d, s) == "unit"
    return Finding(
        "number",
        "differs",
        (d.start, d.end),
        d.text,
        s.text,
        "the same digits in another unit or scale" if unit else None,
        where(found, (s.start, s.end)),
        _put_number(d, s),
        s.text,
        headline="Unit differs" if unit else "Number differs",
    )


def _rival_number(e: Evidence, d: Number, taken: Sequence[set[int]]) -> tuple[Found, Number] | None:
    """The figure that stands in the source where the draft has its own: comparable, unequal, not said
    elsewhere.
    """
    span = (d.start, d.end)
    best: tuple[int, Found, Number] | None = None
    for rank, found in enumerate(e.anchors):
        s = found.sentence
        for i, x in enumerate(s.numbers):
            if i in taken[rank] or numbers_agree(d, x) not in ("differs", "unit"):
                continue
            aligned = alignment(e.claim, span, s, (x.start, x.end))
            if (d.unit is None) != (x.unit is None) and aligned < 2:
                continue
            like_it = likeness(e.claim, span, s, (x.start, x.end))
            if d.unit is not None and x.unit is not None and d.unit.dimension == x.unit.dimension:
                like_it += 2
            if d.noun and d.noun == x.noun:
                like_it += 2
            if like_it < 2:
                continue
            like_it -= rank
            if best is None or like_it > best[0]:
                best = (like_it, found, x)
    return None if best is None else (best[1], best[2])


def _put_number(d: Number, s: Number) -> tuple[Span, str]:
    """The source's figure in the draft's place; where both have the same unit the draft's way to write it
    stays.
    """
    if d.unit == s.unit and _tail(d) == _tail(s) and d.kind == s.kind == "plain":
        return (d.bare_start, d.bare_end), _bare(s)
    if s.unit is not None or d.unit is None:
        return (d.start, d.end), s.text
    return (d.bare_start, d.bare_end), _bare(s)


def _bare(n: Number) -> str:
    return n.text[n.bare_start - n.start : n.bare_end - n.start]


def _tail(n: Number) -> str:
    return n.text[n.bare_end - n.start :].strip().lower()


def shared_facts(claim: Sentence, s: Sentence) -> int:
    """How many figures and days of the claim a sentence gives too."""
    same = sum(
        any(numbers_agree(d, x) == "same" for x in s.numbers) for d in claim.numbers if d.kind == "plain"
    )
    return same + sum(
        any(dates_agree(d, x) == "same" for x in s.dates) for d in claim.dates if d.grain in ("day", "month")
    )


# Units in words

_UNIT_WORDS = {
    word: unit
    for word, unit in WORDS.items()
    if " " in word
    or "-" in word
    or word
    in frozenset(
        "newtons kilometres kilometers metres meters miles litres liters gallons kilograms grams "
        "tonnes celsius fahrenheit kilowatts megawatts gigawatts joules dollars euros yen hectares "
        "acres barrels inches".split()
    )
}
_LONGEST_UNIT = max(len(w.replace("-", " ").split()) for w in _UNIT_WORDS)


def _unit_mentions(s: Sentence) -> list[tuple[Unit, Span]]:
    """Units named in words outside figures: newton seconds, square kilometres."""
    out: list[tuple[Unit, Span]] = []
    i = 0
    toks = s.toks
    while i < len(toks):
        for size in range(min(_LONGEST_UNIT, len(toks) - i), 0, -1):
            span = (toks[i].start, toks[i + size - 1].end)
            unit = _UNIT_WORDS.get(s.text[span[0] : span[1]].lower())
            if unit is not None:
                if not any(n.start <= span[0] < n.end for n in s.numbers):
                    out.append((unit, span))
                i += size - 1
                break
        i += 1
    return out


def compare_units(e: Evidence) -> list[Finding]:
    """Units that the claim names without a figure, where the anchor names another of the same dimension."""
    ours = _unit_mentions(e.claim)
    if not ours:
        return []
    out: list[Finding] = []
    theirs = [(u, span, f) for f in (*e.anchors, *e.window) for u, span in _unit_mentions(f.sentence)]
    said = {u for u, _ in ours}
    for unit, span in ours:
        draft = e.claim.text[span[0] : span[1]]
        first = [x for x in theirs if x[2] is e.anchors[0]]
        same = next((x for x in first if x[0] == unit), None)
        rival = next((x for x in first if x[0].dimension == unit.dimension and x[0] not in said), None)
        if same is None and rival is None:
            same = next((x for x in theirs if x[0] == unit), None)
        found = same or rival
        if found is None:
            continue
        _, place, f = found
        text, spot = f.sentence.text[place[0] : place[1]], where(f, place)
        if same is not None:
            out.append(Finding("number", "same", span, draft, text, "unit", spot))
        else:
            put = (span, text)
            out.append(
                Finding(
                    "number", "differs", span, draft, text, "unit", spot, put, text, headline="Unit differs"
                )
            )
    return out
