"""The single comparisons between one claim and the sentences that speak of it.

Each gives findings: what was compared, what each side says, where, and how to set it right. What the findings mean
for the verdict is decided in check.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from proofroom.domain.evidence.dates import Date, Time, like, times_agree
from proofroom.domain.evidence.dates import agree as dates_agree
from proofroom.domain.evidence.features import AnalysedPassage, Sentence
from proofroom.domain.evidence.finding import Finding, Outcome, Where
from proofroom.domain.evidence.match import Found, Matches
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.names import Name, fold, initials
from proofroom.domain.evidence.numbers import Number
from proofroom.domain.evidence.numbers import agree as numbers_agree
from proofroom.domain.evidence.polarity import compare_direction, compare_negation
from proofroom.domain.evidence.quotes import Quotation, find_quotations, locate, nearest, normal
from proofroom.domain.evidence.units import WORDS, Unit
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


# Alignment ----------------------------------------------------------------------------------------------------


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


def _around(s: Sentence, span: Span) -> set[str]:
    """Stems within six words of a range."""
    before = [t for t in s.toks if t.end <= span[0]][-6:]
    after = [t for t in s.toks if t.start >= span[1]][:6]
    return {t.stem for t in (*before, *after) if t.stem}


def likeness(a: Sentence, a_span: Span, b: Sentence, b_span: Span) -> int:
    """How much two figures, dates or names play the same part: neighbours, and stems near both."""
    return 2 * alignment(a, a_span, b, b_span) + len(_around(a, a_span) & _around(b, b_span))


# Figures ------------------------------------------------------------------------------------------------------

_GOOD = ("same", "rounded", "near")


def compare_numbers(e: Evidence, skip: Sequence[Span] = ()) -> list[Finding]:
    """Each figure of the claim outside quotations and outside `skip`."""
    out: list[Finding] = []
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    twins = _twins(e)
    for i, d in enumerate(e.claim.numbers):
        if any(a <= d.start < b for a, b in (*quoted, *skip)):
            continue
        twin = twins[i] if twins else None
        if twin is not None and numbers_agree(d, twin) in ("differs", "unit"):
            out.append(_number_differs(d, e.anchors[0], twin))
            continue
        finding = _compare_number(e, d)
        if finding is not None:
            out.append(finding)
    return out


def _twins(e: Evidence) -> tuple[Number, ...]:
    """The figures of the best anchor in order, if it is the claim word for word but for figures."""
    if not e.anchors:
        return ()
    s = e.anchors[0].sentence
    if len(s.numbers) != len(e.claim.numbers) or not s.numbers:
        return ()
    ours, theirs = ([t.low for t in x.toks if not t.low[0].isdigit()] for x in (e.claim, s))
    return s.numbers if ours == theirs else ()


def _taken_numbers(e: Evidence, s: Sentence) -> set[int]:
    """Figures of a source sentence that some figure of the claim stands for."""
    return {i for i, x in enumerate(s.numbers) if any(numbers_agree(c, x) == "same" for c in e.claim.numbers)}


def _compare_number(e: Evidence, d: Number) -> Finding | None:
    span = (d.start, d.end)
    rival = _rival_number(e, d)
    held: tuple[Found, Number, str] | None = None
    for pool, strict in ((e.anchors, False), (e.window, True)):
        for found in pool:
            for s in found.sentence.numbers:
                result = numbers_agree(d, s)
                if result not in (*_GOOD, "within"):
                    continue
                if strict and not (_around(e.claim, span) & _around(found.sentence, (s.start, s.end))):
                    continue
                rank = (*_GOOD, "within").index(result)
                if held is None or rank < (*_GOOD, "within").index(held[2]):
                    held = (found, s, result)
        if held is not None and held[2] == "same":
            break
    if held is not None and rival is not None and held[0] not in e.anchors:
        # The sentence that carries the claim gives another figure in this very place.
        if alignment(e.claim, span, rival[0].sentence, (rival[1].start, rival[1].end)) >= 2:
            held = None
    if held is not None and held[2] == "within" and rival is not None and rival[1].is_range == d.is_range:
        held = None
    if held is not None:
        found, s, result = held
        spot = where(found, (s.start, s.end))
        if result == "same":
            note = f"converted from {s.text}" if d.unit and s.unit and d.unit != s.unit else None
            return Finding("number", "same", span, d.text, s.text, note, spot)
        if result == "near":
            return Finding("number", "note", span, d.text, s.text, "rounded, and the draft says about", spot)
        if result == "rounded":
            return Finding(
                "number", "rounded", span, d.text, s.text, f"{s.text} rounded; the draft does not say about", spot,
                _put_number(d, s), s.text, headline="Number rounded",
            )  # fmt: skip
        return Finding(
            "number", "rounded", span, d.text, s.text, "one is a range that holds the other", spot,
            _put_number(d, s), s.text, headline="Number and range",
        )  # fmt: skip
    if rival is not None:
        return _number_differs(d, *rival)
    if d.kind == "ordinal":
        return Finding("number", "note", span, d.text, None, "an ordinal that the source does not use")
    year = (
        Date(d.start, d.end, d.text, "year", int(d.low)) if d.unit is None and d.low == int(d.low) else None
    )
    if year is not None and any(
        year.year == x.year for f in (*e.anchors, *e.window) for x in f.sentence.dates
    ):
        return None
    return Finding("number", "not_found", span, d.text, headline="Number not found")


def _number_differs(d: Number, found: Found, s: Number) -> Finding:
    unit = numbers_agree(d, s) == "unit"
    return Finding(
        "number", "differs", (d.start, d.end), d.text, s.text, "the same digits in another unit or scale" if unit else None,
        where(found, (s.start, s.end)), _put_number(d, s), s.text, headline="Unit differs" if unit else "Number differs",
    )  # fmt: skip


def _rival_number(e: Evidence, d: Number) -> tuple[Found, Number] | None:
    """The figure that stands in the source where the draft has its own: comparable, unequal, not said elsewhere."""
    span = (d.start, d.end)
    best: tuple[int, Found, Number] | None = None
    for rank, found in enumerate(e.anchors):
        s = found.sentence
        taken = _taken_numbers(e, s)
        for i, x in enumerate(s.numbers):
            if i in taken or numbers_agree(d, x) not in ("differs", "unit"):
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
    """The source's figure in the draft's place; where both have the same unit the draft's way to write it stays."""
    same_unit = d.unit is not None and d.unit == s.unit and _tail(d) == _tail(s)
    if (same_unit or (d.unit is None and s.unit is None)) and d.kind == s.kind == "plain":
        return (d.bare_start, d.bare_end), _bare(s)
    if s.unit is not None or d.unit is None:
        return (d.start, d.end), s.text
    return (d.bare_start, d.bare_end), _bare(s)


def _bare(n: Number) -> str:
    return n.text[n.bare_start - n.start : n.bare_end - n.start]


def _tail(n: Number) -> str:
    return n.text[n.bare_end - n.start :].strip().lower()


# Dates --------------------------------------------------------------------------------------------------------


def compare_dates(e: Evidence) -> list[Finding]:
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    out = [_compare_date(e, d) for d in e.claim.dates if not any(a <= d.start < b for a, b in quoted)]
    out += [_compare_time(e, t) for t in e.claim.times if not any(a <= t.start < b for a, b in quoted)]
    return out


def _compare_date(e: Evidence, d: Date) -> Finding:
    span = (d.start, d.end)
    ambiguous = "this date can be read two ways" if d.other else None
    rival = _rival(e, d, lambda s: s.dates, lambda x: dates_agree(d, x) == "differs")
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
    if finer is not None:
        return finer
    if rival is not None:
        found, s, _ = rival
        text = like(d, s)
        return Finding(
            "date", "differs", span, d.text, s.text, ambiguous, where(found, (s.start, s.end)), (span, text), text,
            headline="Date differs",
        )  # fmt: skip
    if d.grain == "year":
        for p in (*e.passages, *e.near):
            for s in p.sentences:
                for x in s.dates:
                    if x.year == d.year and dates_agree(d, x) == "same" and _same_source(e, p):
                        spot = (p, (s.start + x.start, s.start + x.end))
                        return Finding(
                            "date", "note", span, d.text, x.text, "stands elsewhere in the same source", spot
                        )
    return Finding("date", "not_found", span, d.text, note=ambiguous, headline="Date not found")


def _same_source(e: Evidence, p: AnalysedPassage) -> bool:
    return any(f.passage.passage.source_id == p.passage.source_id for f in e.anchors)


def _finer_date(e: Evidence, d: Date) -> Finding | None:
    """The draft says more than the source's date: fine if the rest stands beside it, such as the year in the title."""
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
                        "date", "note", span_of(d), d.text, s.text, "the year stands beside it", spot
                    )
            return Finding(
                "date", "not_found", span_of(d), d.text, s.text, "the draft is more exact than the source", spot,
                headline="Date more exact than the source",
            )  # fmt: skip
    return None


def span_of(x: Number | Date | Time | Name) -> Span:
    return x.start, x.end


def _rival(
    e: Evidence,
    d: Date | Time,
    read: Callable[[Sentence], Iterable[Date | Time]],
    differs: Callable[..., bool],
) -> tuple[Found, Date | Time, int] | None:
    """The date or time that stands in the source where the draft has its own, and how well they are aligned."""
    best: tuple[int, Found, Date | Time, int] | None = None
    for rank, found in enumerate(e.anchors):
        s = found.sentence
        for x in read(s):
            if not differs(x):
                continue
            if isinstance(x, Date):
                said = any(dates_agree(c, x) == "same" for c in e.claim.dates if c is not d)
                if said or (isinstance(d, Date) and not _comparable(d, x)):
                    continue
            aligned = alignment(e.claim, (d.start, d.end), s, (x.start, x.end))
            score = likeness(e.claim, (d.start, d.end), s, (x.start, x.end)) + 1 - rank
            if isinstance(x, Date) and isinstance(d, Date):
                score += 2 * sum(
                    a is not None and a == b
                    for a, b in ((d.year, x.year), (d.month, x.month), (d.day, x.day))
                ) + (x.grain == d.grain)
            if score >= 1 and (best is None or score > best[0]):
                best = (score, found, x, aligned)
    return None if best is None else best[1:]


def _comparable(d: Date, s: Date) -> bool:
    grains = {d.grain, s.grain}
    return len(grains) == 1 or grains <= {"day", "month"} or grains <= {"year", "month", "day"}


def _compare_time(e: Evidence, t: Time) -> Finding:
    span = (t.start, t.end)
    for found in (*e.anchors, *e.window):
        for s in found.sentence.times:
            if times_agree(t, s) == "same":
                return Finding(
                    "date", "same", span, t.text, s.text, "time of day", where(found, (s.start, s.end))
                )
    rival = _rival(e, t, lambda s: s.times, lambda x: times_agree(t, x) == "differs")
    if rival is not None:
        found, s, _ = rival
        spot = where(found, (s.start, s.end))
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
    return Finding("date", "not_found", span, t.text, note="time of day", headline="Time not found")


# Names --------------------------------------------------------------------------------------------------------


def compare_names(e: Evidence, skip: Sequence[Span]) -> list[Finding]:
    """Each name of the claim: in the anchor, in the same source or anywhere given, swapped, or not found."""
    out: list[Finding] = []
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    for name in e.claim.names:
        if any(a <= name.start < b for a, b in (*skip, *quoted)):
            continue
        finding = _compare_name(e, name)
        if finding is not None:
            out.append(finding)
    return out


def _compare_name(e: Evidence, name: Name) -> Finding | None:
    span = (name.start, name.end)
    best = e.anchors[:1]
    rival = _rival_name(e, name) if not any(_name_in(name, f) for f in best) else None
    for found in best if rival is not None else e.anchors:
        spot = _name_in(name, found)
        if spot is not None:
            return Finding("name", "same", span, name.text, _cut(spot), None, spot)
    if rival is not None:
        found, other = rival
        return Finding(
            "name", "differs", span, name.text, other.text, None, where(found, (other.start, other.end)),
            (span, other.text), other.text, headline="Name differs",
        )  # fmt: skip
    for found in e.window:
        spot = _name_in(name, found)
        if spot is not None:
            return Finding("name", "same", span, name.text, _cut(spot), None, spot)
    if name.weak:
        return None
    everything = (*e.passages, *e.near)
    for p in everything:
        if _mentions(p, name):
            same = _same_source(e, p)
            note = "stands elsewhere in the same source" if same else "stands in another passage"
            return Finding("name", "note", span, name.text, name.text, note)
    return Finding("name", "not_found", span, name.text, headline="Name not found")


def _cut(spot: Where) -> str:
    passage, (start, end) = spot
    return passage.passage.text[start:end]


def _name_in(name: Name, found: Found) -> Where | None:
    """Where the name stands in a sentence, in full, as part of a longer name, or as its acronym."""
    s = found.sentence
    low = [fold(t.low) for t in s.toks]
    forms = [_split(name.words)]
    if len(name.words) > 1 and name.start == 0:
        forms.append(_split(name.words[1:]))
    for form in forms:
        size = len(form)
        for i in range(len(low) - size + 1):
            if low[i : i + size] == form:
                return where(found, (s.toks[i].start, s.toks[i + size - 1].end))
    for other in s.names:
        if _alias(name, other):
            return where(found, (other.start, other.end))
    if len(name.words) > 1 and all(w in low for w in forms[0]):
        i = low.index(forms[0][-1])
        return where(found, (s.toks[i].start, s.toks[i].end))
    return None


def _split(words: Sequence[str]) -> list[str]:
    """Words as the tokens of a sentence have them: jet-powered is two."""
    return [p for w in words for p in w.replace("&", "-").split("-") if p]


def _alias(a: Name, b: Name) -> bool:
    """JPL and Jet Propulsion Laboratory, either way."""
    for short, long in ((a, b), (b, a)):
        if len(short.words) == 1 and len(long.words) > 1 and len(short.words[0]) >= 2:
            if initials(long.words) == short.words[0].replace(".", ""):
                return True
    return False


def _mentions(p: AnalysedPassage, name: Name) -> bool:
    words = _split(name.words)
    if p.has_words(words) or (name.start == 0 and len(words) > 1 and p.has_words(words[1:])):
        return True
    if len(words) > 1:
        short = initials(name.words)
        return len(short) >= 2 and f" {short} " in p.flat
    return any(_alias(name, other) for s in p.sentences for other in s.names)


def _replaced(e: Evidence, name: Name) -> tuple[Found, Name] | None:
    """What stands in the best anchor instead of the name, if the two sentences are the same but for one stretch."""
    found = e.anchors[0]
    ours, theirs = e.claim.toks, found.sentence.toks
    left = 0
    while left < min(len(ours), len(theirs)) and ours[left].low == theirs[left].low:
        left += 1
    right = 0
    while right < min(len(ours), len(theirs)) - left and ours[-1 - right].low == theirs[-1 - right].low:
        right += 1
    mine, other = ours[left : len(ours) - right], theirs[left : len(theirs) - right]
    if (
        left + right < 3
        or (left + right) * 2 < len(ours)
        or not 1 <= len(other) <= 6
        or not 1 <= len(mine) <= 6
    ):
        return None
    if mine[0].start < name.start - 12 or name.end < mine[-1].end or name.start >= mine[-1].end:
        return None
    text = found.sentence.text
    caps = [t for t in other if text[t.start].isupper()]
    if not caps:
        return None
    start, end = caps[0].start, caps[-1].end
    return found, Name(start, end, text[start:end], tuple(fold(t.low) for t in other))


def _rival_name(e: Evidence, name: Name) -> tuple[Found, Name] | None:
    """The name that stands in the anchor right where the draft has another one."""
    if e.anchors:
        replaced = _replaced(e, name)
        if replaced is not None:
            return replaced
    for found in e.anchors[:1]:
        s = found.sentence
        if found.coverage < 0.5 and not found.passage.passage.cells:
            continue
        for other in s.names:
            if set(other.words) & set(name.words) or _alias(name, other):
                continue
            if any(set(other.words) <= set(c.words) or _alias(c, other) for c in e.claim.names):
                continue
            if other.weak and not name.weak and not (name.start <= 4 and other.start == 0):
                continue
            aligned = alignment(e.claim, (name.start, name.end), s, (other.start, other.end))
            at_edge = name.start == 0 or name.end >= len(e.claim.text.rstrip(" ."))
            if aligned >= 3 or (aligned >= 1 and at_edge and found.coverage >= 0.6):
                return found, other
    return None


# Units in words -----------------------------------------------------------------------------------------------

_UNIT_WORDS = {
    word: unit
    for word, unit in WORDS.items()
    if " " in word
    or "-" in word
    or word
    in frozenset(
        "newtons kilometres kilometers metres meters miles litres liters gallons kilograms grams tonnes celsius fahrenheit "
        "kilowatts megawatts gigawatts joules dollars euros yen hectares acres barrels inches".split()
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
    if not ours or not e.anchors:
        return []
    out: list[Finding] = []
    theirs = [(u, span, f) for f in (*e.anchors, *e.window) for u, span in _unit_mentions(f.sentence)]
    said = {u for u, _ in ours}
    for unit, span in ours:
        draft = e.claim.text[span[0] : span[1]]
        same = next(((s, f) for u, s, f in theirs if u == unit), None)
        if same is not None:
            text = same[1].sentence.text[same[0][0] : same[0][1]]
            out.append(Finding("number", "same", span, draft, text, "unit", where(same[1], same[0])))
            continue
        for u, s, f in theirs:
            if u.dimension == unit.dimension and u not in said and f in e.anchors:
                text = f.sentence.text[s[0] : s[1]]
                out.append(Finding("number", "differs", span, draft, text, "unit", where(f, s), (span, text), text,
                                   headline="Unit differs"))  # fmt: skip
                break
    return out


# Quotations ---------------------------------------------------------------------------------------------------


def compare_quotes(e: Evidence, quotations: Sequence[Quotation]) -> list[Finding]:
    """Each quotation of the claim must stand word for word in a passage."""
    return [_compare_quote(e, q) for q in quotations]


def _compare_quote(e: Evidence, q: Quotation) -> Finding:
    span = (q.start, q.end)
    first = [f.passage for f in e.anchors]
    order = [*dict.fromkeys(first), *(p for p in (*e.passages, *e.near) if p not in first)]
    for p in order:
        spot = locate(q.text, p.normal)
        if spot is not None:
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
    words = "one word altered" if near.altered == 1 else f"{near.altered} words altered"
    at = (q.start + near.draft_mark[0], q.start + near.draft_mark[1])
    return Finding(
        "quote", "differs", at, q.text, text, words, (p, near.mark), (span, fixed + trail), "exact words",
        headline="Quote differs",
    )  # fmt: skip


# Negation and direction ---------------------------------------------------------------------------------------


def compare_turns(e: Evidence) -> list[Finding]:
    """Negation and direction words beside those of the best anchor."""
    if not e.anchors:
        return []
    found = e.anchors[0]
    if found.coverage < 0.3:
        return []
    s = found.sentence
    out: list[Finding] = []
    turn = compare_negation(e.claim.toks, s.toks)
    if turn is not None:
        draft = e.claim.text[slice(*turn.draft)] if turn.draft else None
        source = s.text[slice(*turn.source)] if turn.source else None
        at, spot = turn.draft or turn.draft_focus, where(found, turn.source or turn.source_focus)
        if turn.agrees:
            out.append(Finding("negation", "same", at, draft or "", source, None, spot))
        else:
            note = "the source says it without a negation" if draft else "the source negates it"
            out.append(Finding("negation", "differs", at, draft or "no negation", source or "no negation", note, spot,
                               headline="Negation differs"))  # fmt: skip
    for move in compare_direction(e.claim.toks, s.toks):
        assert move.draft is not None
        assert move.source is not None
        draft, source = e.claim.text[slice(*move.draft)], s.text[slice(*move.source)]
        spot = where(found, move.source)
        if move.agrees:
            out.append(Finding("direction", "same", move.draft, draft, source, None, spot))
        else:
            out.append(Finding("direction", "differs", move.draft, draft, source, None, spot, (move.draft, _case(draft, source)),
                               source, headline="Direction differs"))  # fmt: skip
    return out


def _case(like_it: str, word: str) -> str:
    return word[:1].upper() + word[1:] if like_it[:1].isupper() else word


# Two sources --------------------------------------------------------------------------------------------------

_CONCEPTS = {
    stem: concept
    for concept, stems in {
        "~height": "altitud height elevation periapsi surfac approach",
        "~plan": "plan target intend aim schedul goal design expect",
        "~actual": "actual reconstruct measur observ reach estimat work",
        "~cost": "cost pric budget spend pay expens",
        "~death": "kill die fatal victim",
        "~open": "open inaugurat start begin launch",
        "~people": "people person inhabitant resident population",
        "~say": "report account figur give put",
    }.items()
    for stem in stems.split()
}
_APART = ({"~plan", "~actual"},)


def _concepts(stems: Iterable[str]) -> set[str]:
    return {_CONCEPTS.get(s, s) for s in stems}


def find_conflict(e: Evidence, finding: Finding) -> Finding | None:
    """A second source that gives another figure or date for the same thing as the one that bears the draft out."""
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
    near_ours = _concepts(_around(e.claim, finding.at))
    best: tuple[float, Found, Number | Date] | None = None
    for f in e.matches.found:
        if f.passage.passage.source_id == home:
            continue
        s = f.sentence
        rivals: list[Number | Date] = []
        if number is not None:
            if any(numbers_agree(number, x) in (*_GOOD, "within") for x in s.numbers):
                continue
            rivals = [
                x for x in s.numbers
                if numbers_agree(number, x) in ("differs", "unit") and (number.unit is None) == (x.unit is None)
                and (number.unit is not None or (number.noun and number.noun == x.noun))
            ]  # fmt: skip
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
            near = near_ours & _concepts(_around(s, (x.start, x.end)))
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
        finding, outcome="conflict", put=put, other=(spot, x.text), headline="Two sources disagree", note=f"{title} gives {x.text}",
    )  # fmt: skip


def _about(x: Number | Date) -> str:
    return f"about {x.text}" if isinstance(x, Number) and x.approx else x.text


def broken_citation(quote: str, passage: AnalysedPassage, at: int) -> Finding:
    """A cited quote that does not stand in its block, beside the words most like it."""
    near = nearest(quote, passage.passage.text)
    if near is None or near.ratio < 0.5:
        return Finding("citation", "differs", (at, at), quote, None, "these words do not stand in the cited passage",
                       headline="Quote not in the cited passage")  # fmt: skip
    text = passage.passage.text[near.start : near.end]
    return Finding("citation", "differs", (at, at), quote, text, "the cited passage has other words", (passage, near.mark),
                   headline="Quote not in the cited passage")  # fmt: skip


def shared_facts(claim: Sentence, s: Sentence) -> int:
    """How many figures and days of the claim a sentence gives too."""
    same = sum(
        any(numbers_agree(d, x) == "same" for x in s.numbers) for d in claim.numbers if d.kind == "plain"
    )
    return same + sum(
        any(dates_agree(d, x) == "same" for x in s.dates) for d in claim.dates if d.grain in ("day", "month")
    )
