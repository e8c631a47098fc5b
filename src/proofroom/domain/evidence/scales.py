"""What stands behind the digits of a figure and multiplies it: 14.9 thousand, $3m, "14.9 (in thousand)"."""

from __future__ import annotations

import re
from decimal import Decimal

from proofroom.domain.evidence.units import (
    CURRENCIES,
    MONEY_SCALES,
    SCALES,
    TIGHT_SCALES,
    Unit,
    currency,
    find_unit,
)

_WORD = "|".join(sorted(SCALES, key=len, reverse=True))
_SPACED = re.compile(rf"[ \u00a0\u202f-]?({_WORD})\b", re.IGNORECASE)
_TIGHT = re.compile(r"([kKMBmbT])(?![\w])")
_SIGN = "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))
_IN = r"[ \u00a0]?(?:\((?=[^()]{1,60}\))|\[(?=[^\[\]]{1,60}\]))(?:in[ \u00a0])?"
_TOLD = r"[^\s()\[\]]{1,20}"
_ASIDE = re.compile(
    rf"{_IN}(?:(?P<scale>{_WORD})(?:[ \u00a0](?:of[ \u00a0])?(?P<unit>{_TOLD}(?:[ \u00a0]{_TOLD})?))?"
    rf"|(?P<sign>{_SIGN})[ \u00a0]?(?:(?P<spelt>{_WORD})|(?P<tight>[kKMBmbT])))[)\]]",
    re.IGNORECASE,
)


def scale_after(text: str, at: int, money: Unit | None) -> tuple[Decimal, int]:
    """(the scale right behind the digits that end at `at`, where it ends); (1, `at`) where there is none."""
    tight = _TIGHT.match(text, at)
    if tight and tight.group(1) in (MONEY_SCALES if money else TIGHT_SCALES):
        return MONEY_SCALES[tight.group(1)], tight.end()
    scale, end = Decimal(1), at
    while spaced := _SPACED.match(text, end):
        scale, end = scale * SCALES[spaced.group(1).lower()], spaced.end()
    return scale, end


def aside_after(
    text: str, at: int, value: Decimal, money: Unit | None
) -> tuple[Decimal, Unit | None, int] | None:
    """(scale, unit, where it ends) of "(in thousand)", "[millions of euros]" or "($m)" behind a figure; None where what
    stands in brackets is anything else, or says the figure once more, as in "1,000 (thousand)". Every word between
    the brackets is read: one that is not known may say what the figure is not of.
    """
    m = _ASIDE.match(text, at)
    if m is None:
        return None
    word = m["scale"] or m["spelt"]
    scale = SCALES[word.lower()] if word else MONEY_SCALES.get(m["tight"])
    unit = find_unit(m["unit"]) if m["unit"] else currency(m["sign"]) if m["sign"] else money
    if scale is None or abs(value) == scale or (unit is None and (m["unit"] or m["sign"])):
        return None
    if money is not None and unit is not None and unit.dimension != money.dimension:
        return None
    return scale, unit, m.end()
