"""Figures as people write them in tables: 1,204.5, 1.204,5, (3) or 12 %, read as decimals and shown again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

EXACT = Context(prec=3000, rounding="ROUND_HALF_EVEN", Emax=999_999, Emin=-999_999)
MOST_ROWS = 200_000
_MISSING = frozenset(
    {
        "",
        "-",
        "\u2013",
        "\u2014",
        "n/a",
        "na",
        "n.a.",
        "nan",
        "null",
        "none",
        ".",
        "..",
        "...",
        "\u2026",
        "x",
        "?",
    }
)
_SIGNS = re.compile(
    r"^(?:[A-Z]{3}|(?:US|C|A)?[$\u20ac\u00a3\u00a5\u20b9])\s*|\s*(?:[A-Z]{3}|[$\u20ac\u00a3\u00a5\u20b9])$"
)
_POINT = re.compile(
    r"[0-9]{1,3}(?:[, \u00a0\u202f\u2009'\u2019][0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
)
_COMMA = re.compile(
    r"[1-9][0-9]{0,2}(?:[. \u00a0\u202f\u2009'\u2019][0-9]{3})+(?:,[0-9]+)?|[0-9]+(?:,[0-9]+)?"
)
_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_UNGROUPED = re.compile(r"[0-9]{4,}")
_POWER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_DIGITS = re.compile(r"[0-9]{1,15}")
_LONGEST_CELL = 60


@dataclass(frozen=True)
class Table:
    """Columns and rows of text, as captured; `types` are the capture's guesses: number, text or date. With
    `decimal_point` figures are known to be written with one.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: str = ""
    types: tuple[str, ...] = ()
    decimal_point: bool = False


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in _MISSING


def decimal_commas(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> frozenset[str]:
    """The columns that write 1.234,5. 1.234 can be read both ways: it goes by the other columns of its table."""
    signs = {c: _separators([row[j] for row in rows]) for j, c in enumerate(columns)}
    sure = frozenset(c for c, found in signs.items() if found == {","})
    if not sure or any("." in found for found in signs.values()):
        return sure
    return sure | {c for c, found in signs.items() if not found}


def unsure_columns(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Columns whose figures are 1.204 or 1204, as one writes, with the first such cell: nothing in the table tells.

    They are read with a decimal point. A column tells where it holds 1.5 or 0.204, or 1204 beside 1.204.
    """
    cells = {c: [row[j] for row in rows[:MOST_ROWS]] for j, c in enumerate(columns)}
    found = {
        c: example.strip()
        for c, own in cells.items()
        if (example := next((cell for cell in own if _is_two_ways(cell)), None)) is not None
    }
    if not found or any(_separators(own) for own in cells.values()):
        return {}
    return {c: example for c, example in found.items() if not any(map(_is_ungrouped, cells[c]))}


def scaled_alike(cells: Sequence[str]) -> bool:
    """Whether all figures of such a column are 1.204 or 1204 together: shares are the same either way."""
    return all(is_missing(cell) or _is_two_ways(cell) for cell in cells[:MOST_ROWS])


def _is_two_ways(cell: str) -> bool:
    return "." in cell and len(cell) <= _LONGEST_CELL and _TWO_WAYS.fullmatch(_bare(cell)[0]) is not None


def _is_ungrouped(cell: str) -> bool:
    return len(cell) <= _LONGEST_CELL and _UNGROUPED.fullmatch(_bare(cell)[0]) is not None


def _separators(cells: Sequence[str]) -> set[str]:
    """The decimal separators of cells that can be read in one way only."""
    found: set[str] = set()
    for cell in cells[:MOST_ROWS]:
        if ("," not in cell and "." not in cell) or len(cell) > _LONGEST_CELL:
            continue
        bare = _bare(cell)[0]
        as_point, as_comma = _POINT.fullmatch(bare), _COMMA.fullmatch(bare)
        if as_point and not as_comma:
            found.add(".")
        if as_comma and not as_point:
            found.add(",")
    return found


def parse_number(cell: str, *, decimal_comma: bool = False) -> Decimal | None:
    """The figure in a cell, or None if it holds none.

    Understands thousands separators, a percent sign (12 % is 12, in percent), a currency sign or code, a
    leading sign, accounting brackets (1,200) for minus, and 1.2e9. Never guesses: 1,5 without
    `decimal_comma` is None.
    """
    if len(cell) > _LONGEST_CELL:
        return None
    if _DIGITS.fullmatch(cell):  # most cells: no need to look for signs
        return Decimal(cell)
    bare, negative = _bare(cell)
    if _POWER.fullmatch(bare):
        value = Decimal(bare)
    elif (_COMMA if decimal_comma else _POINT).fullmatch(bare):
        plain = re.sub(r"[ \u00a0\u202f\u2009'\u2019]", "", bare)
        plain = plain.replace(".", "").replace(",", ".") if decimal_comma else plain.replace(",", "")
        value = Decimal(plain)
    else:
        return None
    return -value if negative else value


def _bare(cell: str) -> tuple[str, bool]:
    """The digits of a cell without sign, brackets, percent sign and currency; and whether it is negative."""
    text = cell.strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    for _ in range(2):  # -$5 and $-5
        if text[:1] in ("-", "\u2212", "\u2013"):
            text, negative = text[1:].strip(), not negative
        elif text[:1] == "+":
            text = text[1:].strip()
        text = _SIGNS.sub("", text).strip()
    if text.endswith("%"):
        text = text[:-1].rstrip()
    return text, negative


def display(value: Decimal, places: int) -> str:
    """A figure rounded half up to `places` decimals, with thousands separators: 434,297 or -2.1."""
    return f"{value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=EXACT):,f}"


def same_figure(shown: str, computed: str) -> bool:
    """Whether a shown cell is the computed one: equal as text, or the computed figure rounded to the digits
    shown.
    """
    a, b = shown.strip(), computed.strip()
    if a == b or (is_missing(a) and is_missing(b)):
        return True
    ours, theirs = parse_number(a), parse_number(b)
    if ours is None or theirs is None:
        return a.casefold() == b.casefold()
    exponent = ours.as_tuple().exponent
    step = Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)
    return any(
        ours == theirs.quantize(step, rounding=r, context=EXACT) for r in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    )
