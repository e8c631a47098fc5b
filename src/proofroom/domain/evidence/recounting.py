"""What all computing of sentences over tables has in common: which column and year is meant, whether figures agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal

from proofroom.domain.evidence.amounts import CTX, Number
from proofroom.domain.evidence.amounts import agree as numbers_agree
from proofroom.domain.evidence.features import AnalysedPassage, Sentence
from proofroom.domain.evidence.finding import Finding, Where
from proofroom.domain.evidence.grid import Grid, Measure
from proofroom.domain.evidence.numbers import read_value
from proofroom.domain.evidence.said import Group, Said
from proofroom.domain.evidence.scripts import is_unspaced, plain_figures
from proofroom.domain.evidence.units import MONEY_SCALES, SCALES, Unit, find_unit
from proofroom.domain.evidence.words import stem
from proofroom.domain.figures import display
from proofroom.domain.totals import added

PERCENT = find_unit("%")
_LOSSES = frozenset(map(stem, "profit result earnings income margin balance ebit".split()))
SHARES = frozenset(map(stem, "share percent percentage proportion".split()))
_RATES = SHARES | frozenset(
    map(stem, "average price rate ratio median mean wait duration temperature score".split())
)
_NEXT = re.compile(r"[,;:()0-9]|\b(?:and|with|but|while|from|to|than|as|or)\b", re.IGNORECASE)
CLOSE = Decimal("0.001")
ROUGH = Decimal("0.05")
_CONVERTED = Context(prec=24)


class NotClear(Exception):
    """The sentence is not one that can be computed again."""


class Unsure(Exception):
    """The table can be read in two ways; which, stands in the findings."""


@dataclass(slots=True)
class Work:
    claim: Sentence
    grid: Grid
    said: Said
    passages: Sequence[AnalysedPassage]
    findings: list[Finding] = field(default_factory=list[Finding])
    used: list[int] = field(default_factory=list[int])
    valued: list[int] = field(default_factory=list[int])
    cells: list[Where] = field(default_factory=list[Where])
    guessed: bool = False

    def where(self, row: int | None, *measures: Measure) -> Where | None:
        """The first of these cells of a row, all of which are kept as evidence; the whole row where they do not stand
        in its text.
        """
        if row is None:
            return None
        self.used.append(row)
        passage = self.passages[row]
        spans = [span for m in measures if (span := self.grid.places[row][m.column]) is not None]
        found: list[Where] = [(passage, span) for span in spans]
        self.cells += found
        return found[0] if found else (passage, (0, len(passage.passage.text)))

    def told(
        self,
        at: tuple[int, int],
        *,
        ok: bool,
        shown: str,
        row: int | None,
        number: bool,
        of: Sequence[Measure] = (),
        put: tuple[tuple[int, int], str] | None = None,
    ) -> None:
        """One comparison: borne out, or not; `of` are the columns that it rests on, `put` what would be borne out."""
        text = self.claim.text[at[0] : at[1]]
        spot = self.where(row if row is not None else self.grid.items[0], *of)
        kind = "number" if number else "direction"
        headline = None if ok else "Number differs" if number else "Computed otherwise"
        self.findings.append(
            Finding(
                kind,
                "same" if ok else "differs",
                at,
                text,
                shown,
                "computed again" if ok else f"computed again: {shown}",
                spot,
                put if not ok else None,
                put[1] if put and not ok else None,
                headline=headline,
                shown=None if ok else shown,
            )
        )

    def unclear(
        self,
        at: tuple[int, int],
        note: str,
        headline: str = "Table can be read two ways",
        shown: str | None = None,
        put: tuple[tuple[int, int], str] | None = None,
        where: Where | None = None,
    ) -> None:
        text = self.claim.text[at[0] : at[1]]
        use = put[1] if put else None
        self.findings.append(
            Finding(
                "number", "not_found", at, text, None, note, where, put, use, headline=headline, shown=shown
            )
        )


def measure_for(work: Work, group: Group | None, year: str | None = None) -> Measure:
    """The one column that is meant: by its words, else the only one; by the year where columns are years."""
    grid = work.grid
    among = range(len(grid.measures)) if group is None else group.measures
    found = [grid.measures[j] for j in among]
    by_year = [m for m in found if m.year is not None and not m.delta]
    if year is not None:
        if any(m.year == year for m in by_year):
            found = [m for m in by_year if m.year == year]
        elif by_year and by_year == found:
            date = next(d for d in work.said.dates if d.year == year)
            work.unclear((date.start, date.end), f"the column {by_year[0].name[:60]!r} is of another year")
            raise Unsure
        else:
            raise NotClear
    if len(found) != 1 or (year is None and found[0].part is not None and found[0].words):
        raise NotClear  # "112 deaths" are not 112 deaths per 100,000
    if group is None and found[0].year is None:
        work.guessed = True
    return found[0]


def group_for(said: Said, start: int, end: int) -> Group | None:
    """The words for a column that a figure goes with: right behind it, else the nearest before, else the next."""
    behind = [g for g in said.groups if g.start >= end]
    if behind and not said.text[end : behind[0].start].strip(" -\u00a0"):
        return behind[0]
    if behind and said.text[end : behind[0].start].strip().lower() in (
        "of the",
        "of",
        "of all",
        "of all the",
        "more",
        "fewer",
    ):
        return behind[0]
    if behind and _NEXT.search(said.text[end : behind[0].start]) is None:  # "18 are occupied"
        return behind[0]
    before = [g for g in said.groups if g.end <= start]
    return before[-1] if before else behind[0] if behind else None


def year_for(said: Said, end: int) -> str | None:
    """The year that a figure goes with: right behind it ("100 in 2021"), else the nearest before, else the only one."""
    behind = [d for d in said.dates if d.start >= end]
    if behind and said.text[end : behind[0].start].strip().lower() in ("in", "(", "of", "for"):
        return behind[0].year
    if len(said.dates) > 1:
        raise NotClear
    return said.dates[0].year if said.dates else None


def value_measure(work: Work, number: Number) -> Measure:
    said = work.said
    year = year_for(said, number.end)
    group = group_for(said, number.start, number.end)
    if group is None and said.priced:
        found = [m for m in work.grid.measures if m.unit is not None and m.unit.dimension.startswith("money")]
        if len(found) == 1:
            return found[0]
    if group is None and said.has("loss"):
        found = [m for m in work.grid.measures if m.words & _LOSSES]
        if len(found) == 1:
            return found[0]
    return measure_for(work, group, year)


def compare_value(work: Work, number: Number, row: int, measure: Measure) -> None:
    value = measure.values[row]
    at = (number.start, number.end)
    if value is None:
        work.told(at, ok=False, shown="no figure", row=row, number=True, of=[measure])
        return
    loss = work.said.has("loss")
    if measure.delta or (loss and value > 0) or (loss and not measure.words & _LOSSES):
        raise NotClear
    signed = -number.low if loss and number.low > 0 else number.low
    if (signed < 0) != (value < 0) and value:
        put = None if loss else in_place(number, value, measure)
        shown = shown_figure(value, measure)
        work.told(at, ok=False, shown=shown, row=row, number=True, of=[measure], put=put)
        return
    judge_figure(work, number, value, measure, row, divided=False)


def judge_figure(
    work: Work, number: Number, value: Decimal, measure: Measure, row: int | None, *, divided: bool
) -> None:
    """A figure of the sentence beside one of the table or computed from it."""
    at = (number.start, number.end)
    pers = {per for _, _, per in work.said.pers}
    if pers - {measure.per} or (measure.per and not measure.unit and not number.unit and not pers):
        raise NotClear  # "466 calls" are not 466 calls per day
    if set(work.said.signs) - {measure.sign}:
        raise NotClear
    said = len(work.said.groups) < 2 and says_scale(work.claim, measure.scale)
    if said and leaves_out(number, value, measure.scale):  # "rose to 434 thousand from 378"
        measure = replace(measure, scale=Decimal(1))
    result = fits(
        number,
        value,
        measure,
        divided=divided,
        before=work.claim.text[max(0, number.start - 24) : number.start],
    )
    shown = shown_figure(value, measure)
    spoken = abs(value) if work.said.has("loss") else value
    if result == "rounded":
        spot = work.where(row, measure)
        note = f"{shown} rounded; the draft does not say about"
        put = in_place(number, spoken, measure)
        use = put[1] if put else None
        head = "Number rounded"
        work.findings.append(
            Finding("number", "rounded", at, number.text, shown, note, spot, put, use, headline=head)
        )
    elif result == "unit":
        work.where(row, measure)
        note = "the table does not say in which unit its figures are"
        work.unclear(at, note, "Unit not in the table", shown)
    elif result == "per":
        work.where(row, measure)
        work.unclear(at, per_note(measure.per), "Unit differs", shown)
    elif result == "scale":
        spot = work.where(row, measure)
        work.unclear(
            at, scale_note(measure.scale), "Scale not said", shown, in_place(number, spoken, measure), spot
        )
    else:
        put = in_place(number, spoken, measure, places=2 if divided else None)
        work.told(at, ok=result == "yes", shown=shown, row=row, number=True, of=[measure], put=put)


def per_note(per: str) -> str:
    return (
        f"the table gives it per {per[:60]}"
        if per
        else "the table gives the whole, not for each of something"
    )


def scale_note(scale: Decimal) -> str:
    word = scale_word(scale)
    return f"the table gives it in {word}s" if word else f"the table gives it in units of {display(scale, 0)}"


def scale_word(scale: Decimal) -> str:
    return next(
        (word for word in ("thousand", "million", "billion", "trillion") if SCALES[word] == scale), ""
    )


def in_place(
    number: Number, value: Decimal, measure: Measure, *, places: int | None = None
) -> tuple[tuple[int, int], str] | None:
    """What to write for a figure so that it says the table's: its range without scale and unit, and the figure in
    these; with the table's scale where the draft leaves that out. None where they are of another kind, or where the
    figure bounds another. `places` is how many decimals are enough.
    """
    mine, theirs = number.unit, measure.unit
    bare = number.text[number.bare_start - number.start : number.bare_end - number.start]
    digits = plain_figures(bare).lstrip("+-\u2212")
    if (
        number.bound
        or number.is_range
        or not digits[:1].isdigit()
        or any(map(is_unspaced, digits))
        or number.per != (measure.per if mine else "")
    ):
        return None
    if mine is not None and (
        theirs is None or mine.dimension != theirs.dimension or mine.offset != theirs.offset
    ):
        return None
    written = read_value(digits)[0]
    bare_scale = leaves_out(number, value, measure.scale)
    whole = value if bare_scale else CTX.multiply(value, measure.scale)
    if mine is not None and theirs is not None and mine != theirs:
        # A factor that ends nowhere leaves its trace behind; figures are compared exactly.
        whole = _CONVERTED.divide(CTX.multiply(whole, theirs.factor), mine.factor)
    if written and number.low:
        whole = CTX.divide(CTX.multiply(whole, written), abs(number.low))
    shown = whole.normalize(CTX)
    exponent = shown.as_tuple().exponent
    exact = max(0, -exponent) if isinstance(exponent, int) else 0
    own = value.as_tuple().exponent
    kept = max(exact, -own if isinstance(own, int) and mine == theirs and measure.scale == 1 else 0)
    said = display(whole, min(kept, 4 if places is None else places))
    word = scale_word(measure.scale) if bare_scale else ""
    if bare_scale and not word:
        return None
    return (number.bare_start, number.bare_end), f"{said} {word}".strip()


def says_scale(claim: Sentence, scale: Decimal) -> bool:
    """Whether a scale is said anywhere in a sentence: a further figure goes without it."""
    tight = {n.text[n.bare_end - n.start :].strip() for n in claim.numbers if _of_money_or_bare(n.unit)}
    return any(SCALES.get(t.low) == scale for t in claim.toks) or scale in map(MONEY_SCALES.get, tight)


def _of_money_or_bare(unit: Unit | None) -> bool:
    return unit is None or unit.dimension.startswith("money")


def leaves_out(number: Number, value: Decimal, scale: Decimal) -> bool:
    """Whether a figure is said without the scale that the table has: 14.9 and not 14.9 thousand, and nearer to what
    stands in the cell than to that in full.
    """
    bare = number.text == number.text[number.bare_start - number.start : number.bare_end - number.start]
    near = CTX.multiply(number.low, number.low) < CTX.multiply(CTX.multiply(value, value), scale)
    return scale > 1 and bare and number.unit is None and near


def fits(number: Number, value: Decimal, measure: Measure, *, divided: bool, before: str = "") -> str:
    """ "yes", "rounded", "no", "unit" where the table does not tell the unit that the figure has, "per" where only
    one of the two is for each of something: 7.1 t are not 7.1 t/ha, or "scale" where only the table has one: 14.9
    households are not 14.9 thousand.
    """
    unit = measure.unit
    if number.unit is not None and unit is None:
        return "unit"
    if number.unit is not None and number.per != measure.per:
        return "no" if number.per and measure.per else "per"
    if leaves_out(number, value, measure.scale):
        full = replace(measure, scale=Decimal(1))
        plain = fits(number, value, full, divided=divided, before=before)
        over = (
            bool(number.bound)
            and fits(number, CTX.multiply(value, measure.scale), full, divided=divided, before=before)
            == "yes"
        )
        return "no" if plain == "no" and not over else "scale"
    whole = CTX.multiply(value, measure.scale)
    if number.bound:
        ours, theirs = _in_base(number.low, number.unit or unit), _in_base(whole, unit)
        if number.unit is not None and unit is not None and number.unit.dimension != unit.dimension:
            return "no"
        equal = any(
            w in before.lower()
            for w in ("least", "most", "no ", "not ", "up to", "minimum", "maximum", "\u2265", "\u2264")
        )
        good = theirs > ours if number.bound == "more" else theirs < ours
        far = number.approx and abs(theirs - ours) > abs(ours) * ROUGH * 2  # "just over"
        return "yes" if not far and (good or (equal and theirs == ours)) else "no"
    if number.low == 0 or value == 0:
        return "yes" if number.low == value else "no"
    step, coarse = _step(whole, divided=divided), _coarse(whole, divided=divided)
    source = replace(number, low=whole, high=whole, step=step, coarse=coarse, unit=unit, approx=False, per="")
    result = numbers_agree(number, source)
    if result in ("same", "near") or (result == "rounded" and (divided or measure.scale != 1)):
        return "yes"
    return "rounded" if result == "rounded" else "no"


def _in_base(value: Decimal, unit: Unit | None) -> Decimal:
    return value if unit is None else CTX.add(CTX.multiply(value, unit.factor), unit.offset)


def _step(value: Decimal, *, divided: bool) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal("1e-25") if divided else Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


def _coarse(value: Decimal, *, divided: bool) -> Decimal:
    exponent = value.normalize(CTX).as_tuple().exponent
    return Decimal("1e-25") if divided else Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


def shown_figure(value: Decimal, measure: Measure | None = None) -> str:
    exponent = value.as_tuple().exponent
    places = min(2, max(0, -exponent)) if isinstance(exponent, int) else 0
    text = display(value, places)
    return (
        f"{text} ({measure.name})" if measure is not None and (measure.unit or measure.scale != 1) else text
    )


def rows_that_fit(work: Work, number: Number, measure: Measure, among: Sequence[int]) -> list[int]:
    """The rows whose figure is what a bound says; not clear where the draft leaves out the scale of the column."""
    before = work.claim.text[max(0, number.start - 24) : number.start]
    found: list[int] = []
    for i in among:
        value = measure.values[i]
        result = "no" if value is None else fits(number, value, measure, divided=False, before=before)
        if result == "scale":
            work.where(i, measure)
            work.unclear((number.start, number.end), scale_note(measure.scale), "Scale not said")
            raise Unsure
        if result == "yes":
            found.append(i)
    return found


def items_of(work: Work, measure: Measure, at: tuple[int, int]) -> list[int]:
    """The rows that count; a row that may be a sum of the others makes all of this unclear."""
    if work.grid.unsure is not None:
        work.unclear(
            at, f"it is not clear whether the row \u201c{work.grid.unsure[:60]}\u201d sums up the others"
        )
        raise Unsure
    return [i for i in work.grid.items if measure.values[i] is not None]


def whole_column(work: Work, measure: Measure, at: tuple[int, int]) -> list[Decimal]:
    """The figures of all rows that count; where one has none, what they come to together is not clear."""
    values = figures_of(work, measure, at)
    lacking = next((work.grid.labels[i] for i in work.grid.items if measure.values[i] is None), None)
    if lacking is not None:
        work.unclear(at, f"the row \u201c{lacking[:60]}\u201d has no figure")
        raise Unsure
    return values


def figures_of(work: Work, measure: Measure, at: tuple[int, int]) -> list[Decimal]:
    return [value for i in items_of(work, measure, at) if (value := measure.values[i]) is not None]


def total_of(work: Work, measure: Measure, at: tuple[int, int]) -> tuple[Decimal, int | None]:
    """(the sum of a column, the row that gives it). A total that differs from what it sums up is not clear."""
    total = added(whole_column(work, measure, at))
    for i, kind in enumerate(work.grid.kinds):
        value = measure.values[i]
        if kind == "total" and value is not None:
            if value != total:
                label = work.grid.labels[i][:60]
                work.unclear(
                    at, f"the row \u201c{label}\u201d is not the sum of the others: {shown_figure(total)}"
                )
                raise Unsure
            return total, i
    return total, None


def is_rate(measure: Measure) -> bool:
    """Whether adding up the column's figures means nothing."""
    share = measure.unit is not None and measure.unit.dimension in ("fraction", "points", "temperature")
    return share or bool(measure.per) or bool(measure.words & _RATES)


def near_ratio(value: Decimal, number: Number, text: str) -> bool:
    """Whether a ratio is what a word such as "half" or "twice" says: exactly, nearly, or on the side that it says."""
    before = text[max(0, number.start - 24) : number.start].lower()
    wanted = number.low
    gap = abs(value - wanted)
    if number.bound:
        near = gap <= wanted * ROUGH * 2 or not any(word in before for word in ("just", "slightly"))
        return near and (value > wanted if number.bound == "more" else value < wanted)
    if any(word in before for word in ("nearly", "almost")):
        return value < wanted and gap <= wanted * ROUGH * 2
    approx = any(word in before for word in ("about", "around", "roughly", "approximately", "circa", "some "))
    return gap <= wanted * (ROUGH if approx else CLOSE * 2)
