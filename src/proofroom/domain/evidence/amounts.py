"""A figure as said, and what it means that two of them agree.

Arithmetic is decimal and exact. A figure keeps how precisely it was written, so that 4.5 is known to stand
for 4.45 and 60 is not, unless the text says "about".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal

from proofroom.domain.evidence.units import Unit

CTX = Context(prec=60, rounding=ROUND_HALF_UP)

Kind = Literal["plain", "ordinal", "label"]
Agreement = Literal["same", "rounded", "near", "within", "unit", "differs", "none"]


@dataclass(frozen=True, slots=True)
class Number:
    """A figure as said.

    `start:end` is its range with currency, scale and unit; `bare_start:bare_end` that of the figure alone.
    `low` and `high` are equal unless it is a range; both are in the unit as written, scale included. `step`
    is the place of the last digit written, `coarse` that of the last digit that is not a closing zero.
    """

    start: int
    end: int
    bare_start: int
    bare_end: int
    text: str
    low: Decimal
    high: Decimal
    step: Decimal
    coarse: Decimal
    unit: Unit | None = None
    per: str = ""
    noun: str = ""
    kind: Kind = "plain"
    label: str = ""
    approx: bool = False
    bound: Literal["", "more", "less"] = ""

    @property
    def is_range(self) -> bool:
        return self.low != self.high


def agree(draft: Number, source: Number) -> Agreement:
    """Whether the source's figure bears out the draft's.

    "same": equal after conversion. "rounded": the source's figure rounded to the places that the draft
    shows. "near": the draft says "about" and the source's figure rounds to it. "within": one is a range
    that holds the other. "unit": the same digits in another unit or scale. "differs": comparable and not
    equal. "none": not comparable.
    """
    if draft.kind != source.kind or draft.label != source.label:
        return "none"
    scaled = _common(draft, source)
    if scaled is None:
        same_digits = (draft.low, draft.high) == (source.low, source.high)
        return "unit" if same_digits and draft.unit and source.unit else "none"
    d_low, d_high, s_low, s_high, step, coarse, converted = scaled
    if draft.per and source.per and draft.per != source.per:
        return "unit" if (draft.low, draft.high) == (source.low, source.high) else "none"
    if (_close(d_low, s_low) and _close(d_high, s_high)) or abs(d_low) == abs(s_low) == abs(d_high) == abs(
        s_high
    ):
        return "same"
    if draft.is_range != source.is_range:
        inside = s_low <= d_low <= s_high if source.is_range else d_low <= s_low <= d_high
        return "within" if inside else "differs"
    if _rounds(s_low, d_low, step) and _rounds(s_high, d_high, step) and step > 0:
        finer = _finer(draft, source) or converted
        if finer:
            return "near" if draft.approx or (converted and step <= abs(d_low) / 10) else "rounded"
    if (
        draft.approx
        and _rounds(s_low, d_low, coarse)
        and _rounds(s_high, d_high, coarse)
        and coarse <= abs(d_low)
    ):
        return "near"
    if not converted and _same_digits(draft, source):
        return "unit"
    return "differs"


def _common(
    draft: Number, source: Number
) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal, Decimal, bool] | None:
    """Both figures in one unit: draft low and high, source low and high, the draft's step and coarse step."""
    d, s = draft.unit, source.unit
    if d is None and s is None:
        return draft.low, draft.high, source.low, source.high, draft.step, draft.coarse, False
    if d is None or s is None:
        # 12 % and 0.12 say the same; other figures may leave the unit to the context.
        unit, bare = (d, source) if d is not None else (s, draft)
        assert unit is not None
        share = unit.dimension == "fraction" and abs(bare.high) <= 1 and bare.step < 1
        factor = unit.factor if share else Decimal(1)
        df, sf = (factor, Decimal(1)) if d is not None else (Decimal(1), factor)
        return (
            draft.low * df,
            draft.high * df,
            source.low * sf,
            source.high * sf,
            draft.step * df,
            draft.coarse * df,
            False,
        )
    if d.dimension != s.dimension:
        return None
    if d == s:
        return draft.low, draft.high, source.low, source.high, draft.step, draft.coarse, False
    low, high = (CTX.add(CTX.multiply(v, d.factor), d.offset) for v in (draft.low, draft.high))
    s_low, s_high = (CTX.add(CTX.multiply(v, s.factor), s.offset) for v in (source.low, source.high))
    return low, high, s_low, s_high, draft.step * d.factor, draft.coarse * d.factor, True


def _close(a: Decimal, b: Decimal) -> bool:
    return a == b or abs(a - b) <= abs(b) * Decimal("1e-9")


def _rounds(value: Decimal, to: Decimal, step: Decimal) -> bool:
    return abs(value - to) <= step / 2


def _finer(draft: Number, source: Number) -> bool:
    """The source's figure was written with more places than the draft's."""
    if draft.unit is None or source.unit is None or draft.unit == source.unit:
        return source.coarse < draft.step
    return source.coarse * source.unit.factor < draft.step * draft.unit.factor


def _same_digits(draft: Number, source: Number) -> bool:
    """1.2 million and 1.2 billion, 18 kg and 18 t: equal digits, a factor of a thousand or more apart."""
    if not draft.low or not source.low:
        return False
    a, b = draft.low.normalize().as_tuple(), source.low.normalize().as_tuple()
    if a.digits != b.digits or not isinstance(a.exponent, int) or not isinstance(b.exponent, int):
        return False
    return abs(a.exponent - b.exponent) >= 3
