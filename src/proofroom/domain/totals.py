"""Rows of a table that sum up or average the others: "Total", "Subtotal roads", "Gesamt", "Average".

Whoever adds up a column, ranks its rows or takes shares of it must leave such rows out: they would count twice.
A row is known by its label, or because it stands at an end of the table and its figures are the sums of all others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from proofroom.domain.figures import EXACT, decimal_commas, is_missing, parse_number

Kind = Literal["item", "total", "subtotal", "average", "unsure"]
"""What a row is; "unsure" where it may be a sum of the others, and nothing but its figures says so."""

_TOTAL = frozenset(
    "total totals sum all overall gesamt summe insgesamt gesamtsumme totale somme suma everything everyone "
    "gesamtergebnis endsumme".split()
)
_SUB = frozenset("subtotal subtotals zwischensumme teilsumme".split())
_AVERAGE = frozenset(
    "average averages avg mean median durchschnitt mittelwert mittel ø moyenne media".split()
)
_BEFORE = frozenset("grand overall sub the net gross in of for alle all annual combined".split())
_WORDS = re.compile(r"[^\W_]+|ø", re.IGNORECASE)
_FEW = 3
"""Items that must be there before equal figures alone say that a row is their sum."""


def kind_of(label: str, head: str = "") -> Kind:
    """What a label says of its row; `head` is the name of the column of labels, as in "All regions"."""
    words = [w.casefold() for w in _WORDS.findall(label)][:12]
    if not words:
        return "item"
    rest = words[1:] if words[0] in _BEFORE and len(words) > 1 else words
    first, last = rest[0], words[-1]
    if words[0] in _SUB or last in _SUB or (words[0] == "sub" and first in _TOTAL):
        return "subtotal"
    if len(rest) == 1 and first in _TOTAL:
        return "total"
    if len(words) == 1 and first in _AVERAGE:
        return "average"
    nouns = {w.casefold().rstrip("s") for w in _WORDS.findall(head)}
    if len(words) > 1 and (_plain(last, nouns) or _plain(words[1], nouns)):
        if first in _TOTAL or words[0] in ("all", "alle", "total"):
            return "total"
        if words[0] in _AVERAGE:
            return "average"
    if words[0] in _AVERAGE and len(words) > 1:
        return "average"
    if words[0] in ("total", "totals", "sum", "summe", "gesamt") or last in ("total", "gesamt", "summe"):
        return "unsure" if len(words) > 1 else "total"
    return "item"


def _plain(word: str, nouns: set[str]) -> bool:
    """Whether a word is what the rows are called: "All regions", or "All region" under "region"."""
    bare = word.rstrip("s")
    return bare in nouns or bare.removesuffix("ie") + "y" in nouns


def kinds(
    labels: Sequence[str], columns: Sequence[Sequence[Decimal | None]], head: str = ""
) -> tuple[Kind, ...]:
    """What each row is, by its label and by the figures of the columns that can be added up.

    A label such as "Total roads" or "Total Energies" is a sum where its figures are those of the rows above it, or of
    all items; else it stays unsure.
    """
    found: list[Kind] = [kind_of(label, head) for label in labels]
    for i, kind in enumerate(found):
        if kind == "unsure":
            items = [j for j in range(len(found)) if found[j] == "item"]
            if _adds_up(columns, i, items):
                found[i] = "total"
            elif _adds_up(columns, i, _above(found, i)):
                found[i] = "subtotal"
    for i in {0, len(labels) - 1} if labels else ():
        others = [j for j in range(len(found)) if j != i and found[j] == "item"]
        if found[i] == "item" and len(others) >= 2 and _adds_up(columns, i, others):
            found[i] = "total" if len(others) >= _FEW and _telling(columns, i) else "unsure"
    return tuple(found)


def _above(found: Sequence[Kind], row: int) -> list[int]:
    """The items right above a row, up to the sum before it."""
    out: list[int] = []
    for j in range(row - 1, -1, -1):
        if found[j] != "item":
            break
        out.append(j)
    return out


def _adds_up(columns: Sequence[Sequence[Decimal | None]], row: int, others: Sequence[int]) -> bool:
    """Whether in every column with figures the row's is the sum of the others', and there is such a column."""
    told = False
    for column in columns:
        value = column[row]
        parts = [part for j in others if (part := column[j]) is not None]
        if value is None or not parts:
            continue
        if not value or added(parts) != value:
            return False
        told = True
    return told


def _telling(columns: Sequence[Sequence[Decimal | None]], row: int) -> bool:
    """Whether chance is no likely reason: two columns add up, or a sum of three digits or more."""
    values = [value for column in columns if (value := column[row])]
    return len(values) > 1 or any(
        len(value.normalize().as_tuple().digits) >= 3 or abs(value) >= 100 for value in values
    )


def added(values: Sequence[Decimal]) -> Decimal:
    """The exact sum."""
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total


def summing_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], label: int) -> Mapping[int, Kind]:
    """The rows of a table of text that are no items, by their place; `label` is the column that names the rows."""
    commas = decimal_commas(columns, rows)
    figures: list[list[Decimal | None]] = []
    for j, name in enumerate(columns):
        own = [row[j] for row in rows]
        read = [parse_number(cell, decimal_comma=name in commas) for cell in own]
        filled = sum(not is_missing(cell) for cell in own)
        if j != label and filled and sum(x is not None for x in read) == filled:
            figures.append(read)
    found = kinds([row[label] for row in rows], figures, columns[label])
    return {i: kind for i, kind in enumerate(found) if kind != "item"}
