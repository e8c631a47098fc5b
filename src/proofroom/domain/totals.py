"""Rows of a table that sum up or average the others: "Total", "Subtotal roads", "Gesamt", "Average".

Whoever adds up a column, ranks its rows or takes shares of it must leave such rows out: they would count twice.
A row is known by its label, or because it stands at an end of the table and its figures are the sums of all others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
_MAY = re.compile("|".join(sorted(_TOTAL | _SUB | _AVERAGE, key=len, reverse=True)), re.IGNORECASE)
_TIME = re.compile(
    r"[12][0-9]{3}|\bq[1-4]\b|[0-9]{1,2}[./-][0-9]|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu"
    r"|fri|sat|sun|week|day|m\u00e4r|mai|okt|dez)",
    re.IGNORECASE,
)
MOST_JUDGED = 2_000
"""Rows of a table up to which figures are looked at, too."""
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
    named = len(words) > 1 and (_plain(last, nouns) or _plain(words[1], nouns))
    if named and (first in _TOTAL or words[0] in ("all", "alle", "total")):
        return "total"
    if len(words) > 1 and (words[0] in _AVERAGE or last in _AVERAGE):
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
    all items; else it stays unsure. Figures over time may add up by chance: periods are judged by their labels alone.
    """
    found: list[Kind] = [kind_of(label, head) for label in labels]
    for i, kind in enumerate(found):
        if kind == "unsure":
            items = [j for j in range(len(found)) if found[j] == "item"]
            if _adds_up(columns, i, items):
                found[i] = "total"
            elif _adds_up(columns, i, _above(found, i)):
                found[i] = "subtotal"
    for i in sorted({0, len(labels) - 1}) if labels and not any(map(_TIME.search, labels)) else ():
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


def sums_in(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, dict[str, Kind]]:
    """Of each column that names rows, the labels of those that sum up others, with what they are.

    The first column of words is judged by its figures too, where it names every row and the table is not long. Others
    only by labels of few words: a remark may begin with "Total".
    """
    out: dict[str, dict[str, Kind]] = {}
    first = True
    for j, name in enumerate(columns):
        labels = [row[j].strip() for row in rows]
        if _are_figures(labels):
            continue
        if first and len(rows) <= MOST_JUDGED and len(set(labels)) == len(labels):
            found: dict[str, Kind] = dict(zip(labels, _judged(columns, rows, j), strict=True))
        else:
            found = {
                label: kind_of(label, name)
                for label in set(labels)
                if _MAY.search(label) and len(label.split()) <= (12 if first else 3)
            }
        first = False
        told: dict[str, Kind] = {label: kind for label, kind in found.items() if kind != "item"}
        if told:
            out[name] = told
    return out


def _are_figures(cells: Sequence[str]) -> bool:
    """Whether the first cells that are not missing are figures."""
    filled = [cell for cell in cells[:200] if not is_missing(cell)][:20]
    return all(
        parse_number(cell) is not None or parse_number(cell, decimal_comma=True) is not None
        for cell in filled
    )


def _judged(columns: Sequence[str], rows: Sequence[Sequence[str]], label: int) -> tuple[Kind, ...]:
    """`kinds` of a table of text."""
    commas = decimal_commas(columns, rows)
    figures: list[list[Decimal | None]] = []
    for j, name in enumerate(columns):
        own = [row[j] for row in rows]
        read = [parse_number(cell, decimal_comma=name in commas) for cell in own]
        filled = sum(not is_missing(cell) for cell in own)
        if j != label and filled and sum(x is not None for x in read) == filled:
            figures.append(read)
    return kinds([row[label].strip() for row in rows], figures, columns[label])
