"""Figures as East Asian texts write them: 19\u4e073000, 12\u5104\u5186, 4500\u4eba, and their units."""

from __future__ import annotations

import re
from decimal import Decimal

from proofroom.domain.evidence.amounts import CTX
from proofroom.domain.evidence.scripts import HAN_SCALES
from proofroom.domain.evidence.units import Unit, find_unit

_SCALES = re.compile("[" + "".join(HAN_SCALES) + "]{1,3}")
_NEXT = re.compile(r" ?([0-9]{1,4}(?:,[0-9]{3})?)(?![0-9.,]*[0-9])")
# What stands behind a figure, by the names that `find_unit` knows. Other words behind it are what is counted.
_NAMES = {
    "JPY": "\u5186 \u65e5\u5143 \uc5d4",
    "CNY": "\u4eba\u6c11\u5143 \u4eba\u6c11\u5e01 \u5143 \uc704\uc548",
    "USD": "\u7c73\u30c9\u30eb \u30c9\u30eb \u7f8e\u5143 \ub2ec\ub7ec",
    "EUR": "\u30e6\u30fc\u30ed \u6b27\u5143 \u6b50\u5143 \uc720\ub85c",
    "GBP": "\u82f1\u9551 \u82f1\u938a \ud30c\uc6b4\ub4dc",
    "km": "\u30ad\u30ed\u30e1\u30fc\u30c8\u30eb \u516c\u91cc \ud0ac\ub85c\ubbf8\ud130",
    "m": "\u30e1\u30fc\u30c8\u30eb \ubbf8\ud130",
    "cm": "\u30bb\u30f3\u30c1\u30e1\u30fc\u30c8\u30eb \u30bb\u30f3\u30c1 \u5398\u7c73 \uc13c\ud2f0\ubbf8\ud130",
    "mm": "\u30df\u30ea\u30e1\u30fc\u30c8\u30eb \u30df\u30ea \u6beb\u7c73",
    "kg": "\u30ad\u30ed\u30b0\u30e9\u30e0 \u516c\u65a4 \ud0ac\ub85c\uadf8\ub7a8",
    "g": "\u30b0\u30e9\u30e0 \uadf8\ub7a8",
    "t": "\u30c8\u30f3 \u5428 \u5678 \ud1a4",
    "s": "\u79d2\u9593 \u79d2 \ucd08",
    "min": "\u5206\u9593 \u5206\u949f \u5206\u9418 \ubd84",
    "h": "\u6642\u9593 \u5c0f\u65f6 \u5c0f\u6642 \uc2dc\uac04",
    "day": "\u65e5\u9593 \u5929 \uc77c\uac04",
    "week": "\u9031\u9593 \uc8fc\uac04",
    "month": "\u304b\u6708 \u30f6\u6708 \u30b1\u6708 \u30ab\u6708 \u500b\u6708 \u4e2a\u6708 \uac1c\uc6d4",
    "year": "\u5e74\u9593 \ub144\uac04",
    "%": "\u30d1\u30fc\u30bb\u30f3\u30c8 \ud37c\uc13c\ud2b8 \ud504\ub85c",
    "percentage points": "\u30dd\u30a4\u30f3\u30c8 \u4e2a\u767e\u5206\u70b9 \u500b\u767e\u5206\u9ede",
    "times": "\u500d \ubc30",
    "ha": "\u30d8\u30af\u30bf\u30fc\u30eb \u516c\u9877 \u516c\u9803",
}
_UNITS = {word: find_unit(name) for name, words in _NAMES.items() for word in words.split()}
_UNIT = re.compile("[ ]?(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + ")")
# One letter of Han, kana or Hangul; a particle in hiragana counts nothing.
_COUNTED = re.compile("[ ]?([\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3])")


def scaled(text: str, at: int, value: Decimal, step: Decimal) -> tuple[Decimal, Decimal, int, bool]:
    """(value, place of the last digit, end, whether more digits follow) of a figure whose first digits, worth `value`,
    end at `at`; as given where no scale stands there. Further digits belong to it while they are smaller than the
    scale before them.
    """
    total, end, further = Decimal(0), at, False
    while m := _SCALES.match(text, end):
        scale = _size(m)
        total, step, end = total + CTX.multiply(value, scale), CTX.multiply(step, scale), m.end()
        value = Decimal(0)
        more = _NEXT.match(text, end)
        if more is None or step < scale or Decimal(more[1].replace(",", "")) >= scale:
            break
        then = _SCALES.match(text, more.end())
        if then and _size(then) >= scale:  # a figure of its own
            break
        value, step, end, further = Decimal(more[1].replace(",", "")), Decimal(1), more.end(), True
    return CTX.add(total, value), step, end, further


def _size(m: re.Match[str]) -> Decimal:
    return Decimal(10) ** sum(HAN_SCALES[c] for c in m.group())


def unit_behind(text: str, at: int) -> Unit | None:
    """The unit whose East Asian name stands right behind a figure."""
    m = _UNIT.match(text, at)
    return _UNITS[m[1]] if m else None


def counted_behind(text: str, at: int) -> str:
    """The letter of what a figure counts, such as \u4eba for people; "" where none stands there."""
    m = _COUNTED.match(text, at)
    return m[1] if m else ""
