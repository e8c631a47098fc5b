"""A table read for comparing: what names its rows, what its columns of figures hold, and which rows sum up others.

Heads are taken as people write them: "Revenue (EUR k)", "Umsatz in Mio. €", "avg_wait_s", "Sales¹", "2022", "Q1-24",
"Yield (t/ha)", "Cases per 100,000".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from proofroom.domain.evidence.features import AnalysedPassage, cell_places
from proofroom.domain.evidence.labels import Words, figured, words_of, written
from proofroom.domain.evidence.model import Passage, Span
from proofroom.domain.evidence.units import SCALES, SYMBOLS, Unit, currency, find_unit, per_named
from proofroom.domain.evidence.words import STOPWORDS, stem, tokens
from proofroom.domain.figures import decimal_commas, is_missing, parse_number, unsure_columns
from proofroom.domain.totals import Kind, kinds

MOST_LABEL_WORDS = 8
_FEWEST = 2
_LONGEST_SIGN = 12
_PERIOD = frozenset("year jahr fy fiscal".split())
# The sign of m\u00b2 and cm\u00b3 is no mark of a footnote.
_MARKS = re.compile(
    r"(?<![\s/(\[]m)(?<![\s/(\[][ckd]m)[\u00b9\u00b2\u00b3\u2070-\u2079*\u2020\u2021\u00a7]+(?=\s|[)\]]|\Z)|\[[0-9a-z]\]\Z"
)
_BRACKET = re.compile(r"[\[(]([^\[\]()]{1,60})[\])]")
_IN = re.compile(r"\bin ([^()\[\]]{1,40})\Z")
_YEAR = re.compile(r"(?<![0-9])(?:1[5-9]|20|21)[0-9]{2}(?![0-9])")
_PER = re.compile(r"(?:/|\bper\b)[ \u00a0]?([^/]{1,30})\Z", re.IGNORECASE)
_PER_NAME = re.compile(r"\bper[ \u00a0]([^\s\d]{1,30})\s*\Z", re.IGNORECASE)
_COPY = re.compile(r"(.+) \([1-9][0-9]{0,3}\)")
_DELTA = re.compile(
    r"[\u0394\u2206]|\b(?:change|delta|diff|difference|growth|yoy|vs|versus|ver\u00e4nderung)\b",
    re.IGNORECASE,
)
_WORDS_OF_SCALE = {
    "k": 3,
    "tsd": 3,
    "tausend": 3,
    "thousand": 3,
    "m": 6,
    "mio": 6,
    "mill": 6,
    "mrd": 9,
    "b": 9,
}
_CURRENCY = re.compile(
    r"US\$|[$\u20ac\u00a3\u00a5\u20b9]|(?<![^\W_])(?:EUR|USD|GBP|JPY|CHF|CNY|INR|SEK|NOK|DKK|PLN|CAD|AUD)(?![^\W_])"
)
_LOW_CURRENCY = re.compile(r"(?<![^\W_])(?:eur|euro|euros|usd|gbp|chf|dollars?)(?![^\W_])", re.IGNORECASE)
_SHORT = {
    "avg": "average", "qty": "quantity", "pct": "percent", "pop": "population", "rev": "revenue", "temp": "temperature",
    "min": "minimum", "max": "maximum", "amt": "amount",
}  # fmt: skip
_LOW_UNITS = {name.lower(): unit for name, unit in SYMBOLS.items() if len(name) > 1}


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of figures. `words` are the stems of its name without unit and year; a figure is a multiple of `scale`,
    in `unit`, None where the table does not say, for each `per`, "" where it is of the whole; `sign` is a unit in the
    table's own words that is not known, such as "dB". `year` is the part of the name that a figure makes: a year,
    "H1 2024" or "Phase 3", "" where
    other columns have the same name. `delta` marks changes, then `year` is what they are against.
    """

    column: int
    name: str
    words: frozenset[str]
    year: str | None
    unit: Unit | None
    scale: Decimal
    delta: bool
    values: tuple[Decimal | None, ...]
    per: str = ""
    sign: str = ""

    @property
    def part(self) -> str | None:
        """`year` where it is no year."""
        return None if self.delta or self.year is None or self.year.isdecimal() else self.year


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows by their labels, and the columns of figures. `by_words` finds rows by the folded words of a label; one that
    several rows have stands for none of them (-1). `periods` says that labels are years. `parts` are the names of
    columns that a figure makes, as sentences write them, with the `Measure.year` that each stands for. `places` are
    the ranges of a row's cells in its text.
    """

    passages: tuple[Passage, ...]
    head: frozenset[str]
    labels: tuple[str, ...]
    kinds: tuple[Kind, ...]
    measures: tuple[Measure, ...]
    by_words: dict[tuple[str, ...], int]
    periods: bool
    words: frozenset[str]
    parts: dict[Words, str]
    places: tuple[tuple[Span | None, ...], ...]

    def after(self, one: str, other: str) -> bool:
        """Whether one period comes after the other: of years by their figures, else by the order of the columns."""
        if one.isdecimal() and other.isdecimal():
            return one > other
        order = [m.year for m in self.measures]
        return one in order and other in order and order.index(one) > order.index(other)

    @property
    def items(self) -> list[int]:
        return [i for i, kind in enumerate(self.kinds) if kind == "item"]

    @property
    def unsure(self) -> str | None:
        """The label of a row of which it is not clear whether it sums up the others."""
        return next((self.labels[i] for i, kind in enumerate(self.kinds) if kind == "unsure"), None)


def by_table(passages: Iterable[AnalysedPassage]) -> list[list[AnalysedPassage]]:
    """The rows among these passages by the table that they are of, each row once: one cited may be near too."""
    groups: dict[tuple[object, ...], list[AnalysedPassage]] = {}
    for p in {p.passage.block_id: p for p in passages}.values():
        if p.passage.cells:
            columns = tuple([name for name, _ in p.passage.cells])
            groups.setdefault((p.passage.source_id, p.passage.version, columns), []).append(p)
    return list(groups.values())


def read_grid(rows: Iterable[Passage]) -> Grid | None:
    """The table that these rows make up, in whatever order they come; None where nothing names each row, or no column
    holds figures.
    """
    return _read_grid(tuple(sorted(rows, key=lambda p: (p.char_start, p.block_id))))


@lru_cache(maxsize=64)
def _read_grid(ordered: tuple[Passage, ...]) -> Grid | None:
    """Of rows in the order of their table, so that each sentence finds what was read for the one before: its own row
    comes first among those it is given.
    """
    columns = [name for name, _ in ordered[0].cells]
    cells = [[value.strip() for _, value in p.cells] for p in ordered]
    cells = [[_clean(cell) for cell in row] for row in cells]
    by_column = list(zip(*cells, strict=True))
    commas = decimal_commas(columns, cells)
    both = unsure_columns(columns, cells)
    label = _label(columns, by_column, commas)
    numbered = label is None and _is_numbered(columns, by_column)
    if numbered:
        label = 0
    if label is None:
        return None
    labels = by_column[label]
    twins = _twins(columns)
    measures = tuple(
        _measure(j, name, by_column[j], decimal_comma=name in commas, twin=twins.get(j))
        for j, name in enumerate(columns)
        if j != label and name not in both and _is_figures(by_column[j], decimal_comma=name in commas)
    )
    if not measures:
        return None
    head = _stems(_plain_name(columns[label])) or _stems(columns[label])
    found = kinds(labels, [m.values for m in measures], columns[label])
    by_words: dict[tuple[str, ...], int] = {}
    naming = [label] if _is_years(columns[label], labels) else _naming(by_column, commas, columns, label)
    for i, row in enumerate(cells):
        for key in {words_of(row[j]) for j in naming}:
            if key and len(key) <= MOST_LABEL_WORDS:
                by_words[key] = -1 if key in by_words else i
    _add_written(by_words, labels)
    if numbered:
        by_words = {(*words_of(columns[label]), *key): i for key, i in by_words.items()}
    words = head.union(*(m.words for m in measures))
    places = tuple(cell_places(p) for p in ordered)
    years = _is_years(columns[label], labels)
    return Grid(ordered, head, labels, found, measures, by_words, years, words, _parts(measures), places)


def _twins(columns: Sequence[str]) -> dict[int, str]:
    """The columns that have one name, by their place. Where a table is captured the second and further ones get a
    number behind it, "Price (2)", which says nothing of what they hold.
    """
    out: dict[int, str] = {}
    for j, name in enumerate(columns):
        m = _COPY.fullmatch(name)
        if m is not None and m[1] in columns:
            out[j] = out[columns.index(m[1])] = m[1]
    return out


def _add_written(by_words: dict[Words, int], labels: Sequence[str]) -> None:
    """The other ways to write labels such as "Jan-24"; what two rows could be called stands for none."""
    for i, text in enumerate(labels):
        for part in figured(text):
            if len(part) != len(text):
                continue
            for key in written(part):
                by_words[key] = i if by_words.get(key, i) == i else -1


def _parts(measures: Sequence[Measure]) -> dict[Words, str]:
    out: dict[Words, str] = {}
    for m in measures:
        for key in written(m.part or ""):
            if len(key) > 1 or not "".join(key).isdecimal():
                out[key] = (m.part or "") if out.get(key, m.part) == m.part else ""
    return out


def _naming(
    cells: Sequence[Sequence[str]], commas: frozenset[str], columns: Sequence[str], label: int
) -> list[int]:
    """The columns of words that name each row: a code and a name, both."""
    own = [
        j
        for j, column in enumerate(cells)
        if j > label
        and all(any(c.isalpha() for c in cell) for cell in column)
        and len({words_of(cell) for cell in column}) == len(column)
        and not _is_figures(column, decimal_comma=columns[j] in commas)
    ]
    return [label, *own]


def _clean(cell: str) -> str:
    """A cell without the mark of a footnote behind it."""
    marked = bool(cell) and (not cell[-1].isalnum() or cell[-1] in "\u00b9\u00b2\u00b3")
    return _MARKS.sub("", cell).strip() if marked else cell


def _label(columns: Sequence[str], cells: Sequence[Sequence[str]], commas: frozenset[str]) -> int | None:
    """The first column that names each row: words, or years under a name that says so."""
    for j, name in enumerate(columns):
        own = [cell for cell in cells[j] if cell]
        if not own or 2 * len(own) <= len(cells[j]):
            continue
        if _is_years(name, own):
            return j if len(set(own)) == len(own) else None
        if _is_figures(cells[j], decimal_comma=name in commas):
            continue
        if len(set(own)) == len(own) and all(map(_names, own)):
            return j
    return None


def _names(cell: str) -> bool:
    """Whether a cell can be what a row is called: a word, or figures that are no amount, such as "18-24" and "65+"."""
    return any(c.isalpha() for c in cell) or (any(c.isdigit() for c in cell) and parse_number(cell) is None)


def _is_numbered(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> bool:
    """Whether the first column counts its rows, as "Week" and "Matchday" do: one whole number more in each."""
    if (
        not columns[0].isalpha()
        or len(cells[0]) < _FEWEST
        or not all(c.isdecimal() and len(c) < 5 for c in cells[0])
    ):
        return False
    numbers = [int(c) for c in cells[0]]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _is_years(name: str, cells: Sequence[str]) -> bool:
    words = {t.low for t in tokens(name)}
    return bool(words & _PERIOD) and all(_YEAR.fullmatch(cell) for cell in cells)


def _is_figures(cells: Sequence[str], *, decimal_comma: bool) -> bool:
    filled = [cell for cell in cells if not is_missing(cell)]
    return bool(filled) and all(
        parse_number(cell, decimal_comma=decimal_comma) is not None for cell in filled
    )


def _plain_name(name: str) -> str:
    """A head without marks of footnotes and without its unit."""
    bare = _MARKS.sub("", name).strip()
    bare = _BRACKET.sub(lambda m: f" {m[1]} " if _figure_only(m[1]) else " ", bare)
    bare = _IN.sub(lambda m: " " if _told(m[1]) != (None, Decimal(1)) else m[0], bare.strip())
    return bare.replace("_", " ")


def _figure_only(told: str) -> bool:
    """Whether what stands in brackets is no unit and has a figure: "(per 100,000)", "(2023)"."""
    return any(c.isdecimal() for c in told) and _told(told) == (None, Decimal(1)) and not per_of(f"({told})")


def _stems(text: str) -> frozenset[str]:
    """The stems of a name; of "No" and "Other" the word itself."""
    found = [stem(_SHORT.get(t.low, t.low)) for t in tokens(text) if not t.low[0].isdigit()]
    return frozenset(s for s in found if s and s not in STOPWORDS) or frozenset(found[:1])


def _measure(
    column: int, name: str, cells: Sequence[str], *, decimal_comma: bool, twin: str | None = None
) -> Measure:
    if twin is not None:  # no sentence says which of several columns of one name it means
        return replace(
            _measure(column, twin, cells, decimal_comma=decimal_comma), name=name, year="", delta=False
        )
    unit, scale = unit_of(name)
    if unit is None:
        filled = [cell for cell in cells if not is_missing(cell)]
        if all("%" in cell for cell in filled):
            unit = find_unit("%")
        signs = {sign for cell in filled for sign in _CURRENCY.findall(cell)}
        if len(signs) == 1:
            unit = currency(signs.pop())
    plain = _plain_name(name)
    if "_" in name and unit is not None:
        parts = plain.split()
        while len(parts) > 1 and (_told(parts[-1]) != (None, Decimal(1))):
            parts.pop()
        plain = " ".join(parts)
    delta = _DELTA.search(plain) is not None
    years = _YEAR.findall(plain)
    values = tuple(None if is_missing(c) else parse_number(c, decimal_comma=decimal_comma) for c in cells)
    year = years[0] if len(years) == 1 else None
    bare = _DELTA.sub(" ", plain)
    parts = () if delta else figured(plain)
    if len(parts) == 1:
        year, bare = parts[0], bare.replace(parts[0], " ")
    per = per_of(name)
    if per and _PER_NAME.search(bare):
        bare = _PER_NAME.sub(" ", bare)
    sign = "" if unit or scale != 1 else sign_of(name)
    return Measure(column, name, _stems(bare), year, unit, scale, delta, values, per, sign)


def sign_of(name: str) -> str:
    """A short word in brackets behind a name: "dB" of "Night (dB)", "ct" of "Price (ct/kWh)"."""
    told = _BRACKET.findall(name)[-1:]
    over = _split_per(told[0])[0] if told else ""
    return over if over.isalpha() and len(over) <= _LONGEST_SIGN else ""


def per_of(name: str) -> str:
    """For each of what a head gives its figures, as `Number.per` has it: "ha" of "Yield (t/ha)", "" of the whole."""
    bare = _MARKS.sub("", name).strip()
    for told in _BRACKET.findall(bare)[::-1]:
        found = _split_per(told)[1]
        if found:
            return found
    last = _IN.search(bare)
    found = _split_per(last[1])[1] if last is not None else ""
    named = _PER_NAME.search(_BRACKET.sub(" ", bare))
    return found or (per_named(named[1]) if named is not None else "")


def _split_per(text: str) -> tuple[str, str]:
    """(what is said, for each of what) of "t/ha", "kg per day", "per day" or "km/h", which is a unit itself."""
    text = text.strip()
    m = None if find_unit(text) is not None else _PER.search(text)
    if m is None or ("/" not in m[0] and m[1][:1].isdecimal()):
        return text, ""
    over, under = text[: m.start()].strip(), m[1].strip()
    if "/" in m[0] and find_unit(under) is None and _told(over) == (None, Decimal(1)):
        return text, ""
    return over, per_named(under)


def unit_of(name: str) -> tuple[Unit | None, Decimal]:
    """(unit, scale) that a head tells in brackets, behind "in", or as the last part of a_name_s."""
    bare = _MARKS.sub("", name).strip()
    for told in _BRACKET.findall(bare)[::-1]:
        found = _told(told)
        if found != (None, Decimal(1)):
            return found
    last = _IN.search(bare)
    if last is not None and _told(last[1]) != (None, Decimal(1)):
        return _told(last[1])
    if "_" in bare:
        parts = bare.split("_")
        return _told(" ".join(parts[-2:])) if len(parts) > 2 else _told(parts[-1])
    if "%" in bare:
        return find_unit("%"), Decimal(1)
    return _told(bare) if _CURRENCY.search(bare) else (None, Decimal(1))


def _told(text: str) -> tuple[Unit | None, Decimal]:
    """(unit, scale) of words such as "EUR k", "Mio. €", "thousand MWh", "pp", "$m" or "seconds"."""
    text = _split_per(text)[0]
    sign = _CURRENCY.search(text) or _LOW_CURRENCY.search(text)
    if sign is not None:
        unit = currency(sign[0]) or find_unit(sign[0].rstrip("s").lower()) or currency(sign[0].upper()[:3])
        rest = text[: sign.start()] + " " + text[sign.end() :]
        scales = [s for t in tokens(rest) if (s := _scale_word(t.low)) is not None]
        return unit, scales[0] if scales else Decimal(1)
    whole = find_unit(text) or _LOW_UNITS.get(text.lower())
    if whole is not None:
        return whole, Decimal(1)
    scale, unit = Decimal(1), None
    for part in re.split(r"[ \u00a0,;/]+", text)[:6]:
        bare = part.strip(".")
        by = _scale_word(bare.lower()) if len(bare) > 1 else None
        if by is not None:
            scale *= by
        elif unit is None:
            unit = find_unit(part) or _LOW_UNITS.get(part.lower())
    return unit, scale


def _scale_word(low: str) -> Decimal | None:
    if low in SCALES:
        return SCALES[low]
    power = _WORDS_OF_SCALE.get(low)
    return None if power is None else Decimal(10) ** power
