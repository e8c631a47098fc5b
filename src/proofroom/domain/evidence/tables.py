"""Claims about a table, computed again from its rows.

Works on passages of the kind "table_row" that carry cells. A claim is understood if it names a period and,
where the table has them, a row label, so that exactly one figure is meant: "Wind generation rose in 2023,
to 425,235". Then its direction words are compared with the rows of that label, and its figures with the
row's figure, the one before, the difference, the change in percent, the sum over all labels of the period
and the share in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from proofroom.domain.evidence.amounts import CTX, Number
from proofroom.domain.evidence.features import AnalysedPassage, Sentence
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.grid import by_table, per_of, unit_of
from proofroom.domain.evidence.polarity import POLES
from proofroom.domain.evidence.recounting import leaves_out, per_note, says_scale, scale_note, scale_word
from proofroom.domain.evidence.units import SCALES, Unit
from proofroom.domain.evidence.words import Token, tokens
from proofroom.domain.figures import display, parse_number, same_figure
from proofroom.domain.totals import kind_of

_PERIODS = frozenset("year month quarter date period week day jahr fiscal".split())
# The first pair that has a word gives its opposite.
_PAIRS = (
    "rose fell, rises falls, rise fall, risen fallen, rising falling, increased decreased, increases "
    "decreases, increase decrease, increasing decreasing, grew shrank, grown shrunk, grows shrinks, grow "
    "shrink, growing shrinking, climbed dropped, climbs drops, gained lost, up down, surged plunged, jumped "
    "slumped, highest lowest, largest smallest, biggest smallest, most least, maximum minimum, expanded "
    "shrank, raised reduced, fell rose, declined grew, declines grows, decline growth, reduced raised, "
    "fewest most"
)
_OPPOSITE: dict[str, str] = {}
for _pair in _PAIRS.split(", "):
    _one, _two = _pair.split()
    _OPPOSITE.setdefault(_one, _two)
    _OPPOSITE.setdefault(_two, _one)


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a claim speaks of: the row of its period, the rows of its label by period, all rows of the
    period.
    """

    row: AnalysedPassage
    period: str
    measure: int
    series: tuple[tuple[str, Decimal, AnalysedPassage], ...]
    peers: tuple[Decimal, ...]
    base: str | None
    scale: Decimal
    unit: Unit | None
    per: str
    head: frozenset[str]
    item: bool
    years: int
    elliptic: bool = False


def compare_table(claim: Sentence, passages: Sequence[AnalysedPassage]) -> list[Finding]:
    """Findings on directions and figures of a claim about a table; none where the claim cannot be
    understood so.
    """
    if all(d.year is None for d in claim.dates):
        return []
    for rows in by_table(passages):
        meant = _understand(claim, rows)
        if meant is not None:
            found = [*_directions(claim, meant), *_figures(claim, meant)]
            return [*_periods(claim, meant), *found] if found else []
    return []


def _understand(claim: Sentence, rows: Sequence[AnalysedPassage]) -> _Meant | None:
    names = [name for name, _ in rows[0].passage.cells]
    cells = [[value.strip() for _, value in p.passage.cells] for p in rows]
    period = next((j for j, name in enumerate(names) if _is_period(name, [r[j] for r in cells])), None)
    if period is None:
        return None
    years = [str(d.year) for d in claim.dates if d.year is not None]
    told = [y for y in years if any(r[period] == y for r in cells)]
    if not told:
        return None
    figures = [
        j for j in range(len(names)) if j != period and any(parse_number(r[j]) is not None for r in cells)
    ]
    labels = [j for j in range(len(names)) if j not in (period, *figures) and _names_rows(names[j], cells, j)]
    chosen = _labelled(claim, cells, labels)
    measure = _measure(claim, names, figures)
    if chosen is None or measure is None:
        return None
    now = max(told)
    base = min(told) if min(told) != now else None
    series: list[tuple[str, Decimal, AnalysedPassage]] = []
    for i in chosen:
        value = parse_number(cells[i][measure])
        if value is not None:
            series.append((cells[i][period], value, rows[i]))
    series.sort(key=lambda x: x[0])
    at = [x for x in series if x[0] == now]
    if len(at) != 1 or len({x[0] for x in series}) != len(series):
        return None
    naming = labels[0] if labels else period
    head = frozenset(t.stem for t in tokens(names[naming].replace("_", " ")) if t.stem)
    item = kind_of(cells[chosen[0]][naming]) == "item"
    peers = [
        v
        for r in cells
        if r[period] == now and kind_of(r[naming]) == "item" and (v := parse_number(r[measure])) is not None
    ]
    return _Meant(
        at[0][2],
        now,
        measure,
        tuple(series),
        tuple(peers),
        base,
        *_told_by(names[measure]),
        per_of(names[measure]),
        head,
        item,
        len(set(told)),
    )


_MONEY_SCALES = {"k": 3, "tsd": 3, "m": 6, "mio": 6, "mrd": 9, "b": 9}
_MONEY = re.compile(
    r"(?<![^\W_])(?:(k|tsd|m|mio|mrd|b)\.?\s?(?:[$€£]|eur|usd|gbp|chf)|[$€£]\s?(k|m|b))(?![^\W_])",
    re.IGNORECASE,
)


def _scale(name: str) -> Decimal:
    """What the figures of a column are multiples of: "thousand MWh" holds thousands, "Cost (k€)" too."""
    told = next((SCALES[t.low] for t in tokens(name) if t.low in SCALES), None)
    if told is not None:
        return told
    money = _MONEY.search(name)
    return Decimal(1) if money is None else Decimal(10) ** _MONEY_SCALES[(money[1] or money[2]).lower()]


def _told_by(name: str) -> tuple[Decimal, Unit | None]:
    """What the figures of a column are multiples of, and in which unit, where its name says so."""
    unit, scale = unit_of(name)
    return (scale if scale != 1 else _scale(name)), unit


def _names_rows(name: str, cells: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column says what its rows speak of: it has a name and is mostly filled. What a stray separator
    leaves behind is neither.
    """
    return bool(name.strip()) and 2 * sum(bool(row[column]) for row in cells) > len(cells)


def _is_period(name: str, values: Sequence[str]) -> bool:
    words = {t.low for t in tokens(name)}
    return bool(words & _PERIODS) and all(v.isdigit() and len(v) == 4 for v in values)


def _labelled(claim: Sentence, cells: Sequence[Sequence[str]], labels: Sequence[int]) -> list[int] | None:
    """The rows whose label the claim names; all rows where the table has no labels; None where none is
    named.
    """
    if not labels:
        return list(range(len(cells)))
    best: tuple[int, tuple[str, ...]] | None = None
    for row in cells:
        key = tuple(row[j] for j in labels)
        stems = {t.stem for t in tokens(" ".join(key)) if t.stem}
        if stems and stems <= claim.stems and (best is None or len(stems) > best[0]):
            best = (len(stems), key)
    if best is None:
        return None
    return [i for i, row in enumerate(cells) if tuple(row[j] for j in labels) == best[1]]


# A unit in brackets is no part of what a column is called: "Crossings [thousand]" is not meant by "thousand euros".
_UNIT = re.compile(r"[\[(][^\])]*[\])]\s*\Z")


def _measure(claim: Sentence, names: Sequence[str], figures: Sequence[int]) -> int | None:
    if len(figures) == 1:
        return figures[0]
    shared = [
        (len({t.stem for t in tokens(_UNIT.sub("", names[j])) if t.stem} & claim.stems), j) for j in figures
    ]
    shared.sort(reverse=True)
    if not shared or not shared[0][0] or (len(shared) > 1 and shared[1][0] == shared[0][0]):
        return None
    return shared[0][1]


def _periods(claim: Sentence, meant: _Meant) -> list[Finding]:
    """The years of the claim that are periods of the table: a row may say its year as a bare figure."""
    rows = {period: row for period, _, row in meant.series}
    return [
        Finding(
            "date",
            "same",
            (d.start, d.end),
            d.text,
            str(d.year),
            "a period of the table",
            _whole(rows[str(d.year)]),
        )
        for d in claim.dates
        if d.month is None and d.quarter is None and not d.decade and str(d.year) in rows
    ]


def _whole(p: AnalysedPassage) -> tuple[AnalysedPassage, tuple[int, int]]:
    return p, (0, len(p.passage.text))


def _show(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    return display(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def _before(meant: _Meant) -> tuple[str, Decimal] | None:
    """The period that the claim compares with, or the one before."""
    if meant.base is not None:
        return next(((p, v) for p, v, _ in meant.series if p == meant.base), None)
    year_before = str(int(meant.period) - 1)
    return next(((p, v) for p, v, _ in meant.series if p == year_before), None)


def _directions(claim: Sentence, meant: _Meant) -> list[Finding]:
    now = next(v for p, v, _ in meant.series if p == meant.period)
    out: list[Finding] = []
    moves = [(t, POLES[t.low]) for t in claim.toks if POLES.get(t.low, ("", 0))[0] in ("change", "extreme")]
    if len({(axis, sign) for _, (axis, sign) in moves}) != len({axis for _, (axis, _) in moves}):
        return out  # rose and fell in one sentence: whose is whose is not clear
    for tok, (axis, sign) in moves:
        span = (tok.start, tok.end)
        word: str | None = None
        if axis == "change":
            before = _before(meant)
            if before is None:
                continue
            word = _OPPOSITE.get(tok.low) if now != before[1] else None
            holds = (now > before[1]) if sign > 0 else (now < before[1])
            shown = f"{before[0]}: {_show(before[1])}; {meant.period}: {_show(now)}"
        else:
            values = [v for _, v, _ in meant.series]
            pick = max if sign > 0 else min
            holds = meant.item and now == pick(meant.peers if _among_peers(claim, meant, tok) else values)
            shown = (
                f"{meant.period}: {_show(now)}; {'highest' if sign > 0 else 'lowest'}: {_show(pick(values))}"
            )
        if holds:
            out.append(
                Finding(
                    "direction",
                    "same",
                    span,
                    tok.low,
                    shown,
                    "computed again",
                    _whole(meant.row),
                )
            )
            continue
        said = claim.text[span[0] : span[1]]
        if word and said[:1].isupper():
            word = word.capitalize()
        out.append(
            Finding(
                "direction",
                "differs",
                span,
                said,
                word or shown,
                f"computed again: {shown}",
                _whole(meant.row),
                (span, word) if word else None,
                word,
                headline="Direction differs",
                shown=shown,
            )
        )
    return out


def _among_peers(claim: Sentence, meant: _Meant, tok: Token) -> bool:
    """Whether the most of a period is meant, as in "In 2023 wind was highest" or "the largest source"."""
    behind = next((t.stem for t in claim.toks if t.start >= tok.end), "")
    first = any(d.end <= tok.start and str(d.year) == meant.period for d in claim.dates)
    return len(meant.peers) > 1 and (first or behind in meant.head)


_REACHED = frozenset("to at reached was totalled totaled generated made".split())


def _figures(claim: Sentence, meant: _Meant) -> list[Finding]:
    out: list[Finding] = []
    if says_scale(claim, meant.scale):
        meant = replace(meant, elliptic=True)
    for n in claim.numbers:
        if n.kind != "plain" or n.is_range:
            continue
        percent = n.unit is not None and n.unit.name == "%"
        before = next((t.low for t in reversed(claim.toks) if t.end <= n.start), "")
        values = _percentages(meant, before) if percent else _amounts(meant, before)
        shown = n.text[n.bare_start - n.start : n.bare_end - n.start].lstrip("+-\u2212")
        if meant.years > 1 and before not in (*_REACHED, "by", "from") and not percent:
            note = "it is not clear which year is meant"
            out.append(
                Finding(
                    "number", "not_found", (n.start, n.end), n.text, None, note, headline="Year not clear"
                )
            )
            continue
        if n.unit is not None and n.unit == meant.unit and n.per != meant.per:
            at, note = (n.start, n.end), per_note(meant.per)
            out.append(Finding("number", "not_found", at, n.text, None, note, headline="Unit differs"))
            continue
        hit = next((v for v in values if _is_same(n, v, meant, shown, percent=percent)), None)
        counted = hit is not None and before not in (*_REACHED, "by", "from") and hit not in values[:-1]
        if (
            hit is not None
            and not percent
            and not counted
            and not meant.elliptic
            and leaves_out(n, hit, meant.scale)
        ):
            out.append(_without_scale(n, hit, meant))
            continue
        if hit is not None:
            text = f"{display(hit, 2)} %" if percent else _show(hit)
            place = (n.start, n.end)
            out.append(Finding("number", "same", place, n.text, text, "computed again", _whole(meant.row)))
        elif values and before in (*_REACHED, "by", "from"):
            out.append(_wrong(n, values[0], meant, percent=percent))
    return out


def _is_same(n: Number, value: Decimal, meant: _Meant, shown: str, *, percent: bool) -> bool:
    """Whether a figure is a computed one, in its unit where both have one."""
    if percent or n.unit is None or meant.unit is None:
        return same_figure(shown, format(value, "f")) or _scaled(n, value, meant)
    if n.unit.dimension != meant.unit.dimension:
        return False
    by = CTX.divide(n.unit.factor, meant.unit.factor)
    gap = abs(value * meant.scale - abs(n.low) * by)
    return n.low != 0 and gap <= n.step * by / 2


def _scaled(n: Number, value: Decimal, meant: _Meant) -> bool:
    """5 million for 5,000 in a column of thousands, rounded to the places that are shown."""
    return abs(n.low) == value or (n.low != 0 and abs(value * meant.scale - abs(n.low)) <= n.step / 2)


def _amounts(meant: _Meant, before: str) -> list[Decimal]:
    """What a figure may be, most likely first, by the word before it: to 5, from 4, by 1; else also the sum of the
    period and how many figures make it up.
    """
    now = next(v for p, v, _ in meant.series if p == meant.period)
    earlier = _before(meant)
    last = [] if earlier is None else [earlier[1]]
    change = [] if earlier is None else [abs(now - earlier[1])]
    total = [sum(meant.peers, Decimal(0))]
    match before:
        case "from":
            return last
        case "by":
            return change
        case _ if before in _REACHED:
            return [now, *total]
        case _:
            return [now, *last, *change, *total, Decimal(len(meant.peers))]


def _percentages(meant: _Meant, before: str) -> list[Decimal]:
    """The change in percent after "by", else the share of the period too."""
    now = next(v for p, v, _ in meant.series if p == meant.period)
    earlier = _before(meant)
    change = [abs((now - earlier[1]) / earlier[1]) * 100] if earlier is not None and earlier[1] else []
    total = sum(meant.peers, Decimal(0))
    share = [now / total * 100] if total else []
    return change if before == "by" else [*share, *change]


def _in_scale(n: Number, value: Decimal, meant: _Meant) -> str:
    """A figure of the table, with its scale where the draft leaves that out."""
    word = scale_word(meant.scale) if not meant.elliptic and leaves_out(n, value, meant.scale) else ""
    return f"{_show(value)} {word}".strip()


def _without_scale(n: Number, value: Decimal, meant: _Meant) -> Finding:
    use, at = _in_scale(n, value, meant), (n.start, n.end)
    put = ((n.bare_start, n.bare_end), use) if scale_word(meant.scale) else None
    return Finding(
        "number",
        "not_found",
        at,
        n.text,
        None,
        scale_note(meant.scale),
        _whole(meant.row),
        put,
        use if put else None,
        headline="Scale not said",
        shown=f"{meant.period}: {use}",
    )


def _wrong(n: Number, value: Decimal, meant: _Meant, *, percent: bool) -> Finding:
    digits = n.text[n.bare_start - n.start : n.bare_end - n.start]
    places = len(digits.partition(".")[2]) if percent else 0
    text = display(value, places) if percent else _show(value)
    use = text if percent else _in_scale(n, value, meant)
    shown = f"{meant.period}: {text}{' %' if percent else ''}"
    return Finding(
        "number",
        "differs",
        (n.start, n.end),
        n.text,
        text,
        f"computed again: {shown}",
        _whole(meant.row),
        ((n.bare_start, n.bare_end), use),
        use,
        headline="Number differs",
        shown=shown,
    )
