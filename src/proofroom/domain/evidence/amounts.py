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
_TRACE = Decimal("1e-15")
"""Of the place of the last digit written: what a conversion may leave behind. Nothing else is nearly equal."""

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
    same_digits = (draft.low, draft.high) == (source.low, source.high)
    pair = _common(draft, source)
    if pair is None:
        return "unit" if same_digits else "none"
    if draft.per and source.per and draft.per != source.per:
        return "unit" if same_digits else "none"
    d, s = pair
    converted = draft.unit is not None and source.unit is not None and draft.unit != source.unit
    if _equal(d, s, draft.unit, converted):
        return "same"
    if draft.is_range != source.is_range:
        inside = s.low <= d.low <= s.high if source.is_range else d.low <= s.low <= d.high
        return "within" if inside else "differs"
    if _rounds(s, d, d.step) and (converted or s.coarse < d.step):
        return "near" if draft.approx or (converted and d.step <= abs(d.low) / 10) else "rounded"
    if draft.approx and d.coarse <= abs(d.low) and _rounds(s, d, d.coarse):
        return "near"
    if same_digits or (not converted and _same_digits(draft, source)):
        return "unit"
    return "differs"


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A figure in the unit that both are compared in."""

    low: Decimal
    high: Decimal
    step: Decimal
    coarse: Decimal


def _as_said(n: Number) -> _Scaled:
    return _Scaled(n.low, n.high, n.step, n.coarse)


def _scaled(n: Number, factor: Decimal, offset: Decimal = Decimal(0)) -> _Scaled:
    low, high = (CTX.add(CTX.multiply(v, factor), offset) for v in (n.low, n.high))
    return _Scaled(low, high, CTX.multiply(n.step, factor), CTX.multiply(n.coarse, factor))


def _common(draft: Number, source: Number) -> tuple[_Scaled, _Scaled] | None:
    """Both figures in one unit, or None where their units are of different kinds."""
    d, s = draft.unit, source.unit
    if d is not None and s is not None:
        if d.dimension != s.dimension:
            return None
        if d != s:
            return _scaled(draft, d.factor, d.offset), _scaled(source, s.factor, s.offset)
        return _as_said(draft), _as_said(source)
    # 12 % and 0.12 say the same; other figures may leave the unit to the context.
    if d is not None and _is_share(d, source):
        return _scaled(draft, d.factor), _as_said(source)
    if s is not None and _is_share(s, draft):
        return _as_said(draft), _scaled(source, s.factor)
    return _as_said(draft), _as_said(source)


def _is_share(unit: Unit, bare: Number) -> bool:
    return unit.dimension == "fraction" and abs(bare.high) <= 1 and bare.step < 1


def _equal(d: _Scaled, s: _Scaled, unit: Unit | None, converted: bool) -> bool:
    if (d.low, d.high) == (s.low, s.high):
        return True
    # Some factors end nowhere, such as five ninths: what that leaves behind is far below the last digit written.
    if converted and all(
        abs(CTX.subtract(x, y)) <= CTX.multiply(d.step, _TRACE) for x, y in ((d.low, s.low), (d.high, s.high))
    ):
        return True
    # "fell by 5 %" and "-5 %"; a temperature below zero is another one.
    signed = unit is None or unit.dimension in ("fraction", "points") or unit.dimension.startswith("money")
    return signed and len({x.copy_abs() for x in (d.low, s.low, d.high, s.high)}) == 1


def _rounds(value: _Scaled, to: _Scaled, step: Decimal) -> bool:
    """Whether `value` rounded half up to `step` is `to`."""

    def one(x: Decimal, y: Decimal) -> bool:
        gap = x - y if y >= 0 else y - x
        return -step / 2 <= gap < step / 2

    return one(value.low, to.low) and one(value.high, to.high)


def _same_digits(draft: Number, source: Number) -> bool:
    """1.2 million and 1.2 billion, 18 kg and 18 t: equal digits, a factor of a thousand or more apart."""
    if not draft.low or not source.low:
        return False
    a, b = draft.low.normalize(CTX).as_tuple(), source.low.normalize(CTX).as_tuple()
    if a.digits != b.digits or not isinstance(a.exponent, int) or not isinstance(b.exponent, int):
        return False
    return abs(a.exponent - b.exponent) >= 3
