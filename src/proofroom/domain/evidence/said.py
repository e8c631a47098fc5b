"""A sentence over a table, read word by word: rows, columns, figures, years, and words that ask for arithmetic.

Every word must be known; a sentence with one that is not is left to the other checks. So nothing passes that says more
than rows, columns and figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.features import Sentence, without
from proofroom.domain.evidence.grid import MOST_LABEL_WORDS, Grid
from proofroom.domain.evidence.labels import word_of
from proofroom.domain.evidence.polarity import POLES
from proofroom.domain.evidence.units import per_named
from proofroom.domain.evidence.words import STOPWORDS, stem, tokens

_WORDS_OF = {
    "max": "highest largest biggest greatest most top maximum leading peak longest",
    "min": "lowest smallest least fewest minimum shortest cheapest",
    "more": "more higher larger greater bigger longer exceeded exceeds exceed",
    "less": "fewer less lower smaller shorter",
    "total": "total totals totalled totaled sum altogether together overall combined all whole entire",
    "mean": "average mean averaged",
    "median": "median",
    "share": "share shares proportion percentage account accounts accounted",
    "loss": "loss deficit",
    "double": "doubled doubles", "triple": "tripled triples", "halve": "halved halves",
    "respectively": "respectively", "only": "only", "each": "both each",
}  # fmt: skip
_OPS = {word: op for op, words in _WORDS_OF.items() for word in words.split()}
_LINKS = frozenset("than from to by of as and or but while whereas followed against between in".split())
_REFUSED = frozenset(
    "not no never none neither nor cannot would could should might may will if unless until till before after since "
    "other others another same again ever either every rather instead without except too nobody nothing "
    "because although though once than's within per under over above below about around half third thirds quarter "
    "quarters several couple dozens peaked peaks bottomed topped tops led leads trailed trails beat beats outpaced "
    "outperformed outsold ahead behind new few further near".split()
)
_FILLERS = frozenset(
    stem(word)
    for word in "have hold take come make reach record see show stand contribute achieve get sell count amount number "
    "figure value go live say quantity size people result frequent common popular answer".split()
)
_UNCLEAR = -1
_SALES = frozenset(map(stem, "sale sold selling unit revenue turnover order".split()))
_SELL = stem("sell")
_DAILY = {
    "daily": "day",
    "hourly": "h",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
}
_MONEY_WORDS = {
    stem(word): frozenset(map(stem, names.split()))
    for word, names in {
        "cost": "price fee cost rate", "spending": "actual planned plan budget budgeted cost expense deviation",
    }.items()
}  # fmt: skip
_EACH = frozenset("per a an each every".split())
_SAYS_NO = frozenset("said say says saying answered answering chose voted replied of were was are".split())
# "Q1-25", "a 2/3": a figure that hangs on what stands before it is a part of that.
_HANGS = re.compile(r"\w[-\u2013/'\u2019]\Z")
RANKS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5}
_BEFORE_BOUND = frozenset(
    "more less fewer greater higher lower larger smaller longer shorter than over above under below at least most no "
    "not up to exceed exceeds exceeded exceeding a an the maximum minimum of just slightly about around roughly "
    "approximately some nearly almost circa ca close estimated well".split()
)


@dataclass(frozen=True, slots=True)
class Group:
    """Words that name columns of figures: their range, and the columns that fit best."""

    start: int
    end: int
    measures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """Which of several like columns is meant: a year, or another part of a name that a figure makes."""

    start: int
    end: int
    year: str


@dataclass(slots=True)
class Said:
    """What a sentence says of a table, each kind in order, with ranges in its text."""

    text: str
    rows: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    numbers: list[Number] = field(default_factory=list[Number])
    dates: list[Period] = field(default_factory=list[Period])
    groups: list[Group] = field(default_factory=list[Group])
    ops: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    links: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    heads: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    unknown: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    refused: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    pers: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    signs: list[str] = field(default_factory=list[str])
    priced: bool = False

    def has(self, *ops: str) -> bool:
        return any(op in ops for _, _, op in self.ops)

    def linked(self, *words: str) -> bool:
        return any(word in words for _, _, word in self.links)


MOST_WORDS = 80


def read_said(claim: Sentence, grid: Grid) -> Said:
    """The sentence by this table. `unknown` are words of its own, `refused` those that turn or limit what is said."""
    said = Said(claim.text)
    title = frozenset(t.stem for t in tokens(grid.passages[0].source_title) if t.stem)
    toks = claim.toks
    labels = _labels(claim, grid)
    numbers = _numbers(claim, [(toks[i].start, toks[i + label.size - 1].end) for i, label in labels.items()])
    pers = {m.per for m in grid.measures if m.per}
    signs = {m.sign for m in grid.measures if m.sign}
    part = any(label.part for label in labels.values())
    pending: list[int] = []
    i = 0
    while i < len(toks):
        tok = toks[i]
        label = labels.get(i)
        number = next((n for n in numbers if n.start <= tok.start < n.end), None)
        date = next((d for d in claim.dates if d.start <= tok.start < d.end), None)
        per = _per_at(claim, i)
        word = stem(tok.low)
        step, grew = 1, False
        if label is not None:
            span = (tok.start, toks[i + label.size - 1].end)
            step = label.size
            if label.row == _UNCLEAR:
                said.refused.append(span)
            elif label.row is not None:
                said.rows.append((*span, label.row))
            else:
                said.dates.append(Period(*span, label.part))
        elif number is not None:
            if number.is_range or _hangs(claim, said, number):
                said.refused.append((number.start, number.end))
            said.numbers.append(replace(number, kind="plain", label="") if number.kind == "label" else number)
            step = sum(number.start <= t.start < number.end for t in toks[i:])
        elif date is not None:
            if date.year is None or date.month is not None or date.quarter is not None or date.decade:
                said.refused.append((date.start, date.end))
            said.dates.append(Period(date.start, date.end, str(date.year)))
            step = sum(date.start <= t.start < date.end for t in toks[i:])
        elif _is_bound(claim, numbers, i):
            pass
        elif _is_sign(claim, numbers, i, signs):
            said.signs.append(claim.text[tok.start : tok.end])
        elif per is not None and per[0] in pers:
            said.pers.append((tok.start, toks[i + per[1] - 1].end, per[0]))
            step, grew = per[1], True
        elif _is_measure(claim, grid, i):
            if pending and not _one_column(claim, grid, [*pending, i]):
                said.groups.append(_group(claim, grid, pending, part=part))
                pending = []
            pending.append(i)
            grew = True
        elif word in grid.head:
            said.heads.append((tok.start, tok.end))
        elif tok.low in _OPS:
            said.ops.append((tok.start, tok.end, _OPS[tok.low]))
        elif _is_price(grid, word):
            said.priced = True
        elif _goes_with_extreme(claim, i):
            pass
        elif tok.low == "up" and i and toks[i - 1].low in ("make", "makes", "made"):
            said.ops.append((tok.start, tok.end, "share"))
        elif tok.low == "per" and i + 1 < len(toks) and stem(toks[i + 1].low) in grid.head:
            pass
        elif per is not None and (tok.low == "per" or per[0] in _TIMES):
            said.refused.append((tok.start, toks[i + per[1] - 1].end))
            step = per[1]
        elif POLES.get(tok.low, ("", 0))[0] == "change":
            said.ops.append((tok.start, tok.end, "up" if POLES[tok.low][1] > 0 else "down"))
        elif tok.low in _LINKS:
            said.links.append((tok.start, tok.end, tok.low))
        elif (
            tok.low in _REFUSED
            or tok.low.endswith("n't")
            or (tok.low in POLES and word not in title | _FILLERS)
        ):
            said.refused.append((tok.start, tok.end))
        elif (
            tok.low in STOPWORDS
            or word in title
            or (word in _FILLERS and (word != _SELL or _sells(grid, title)))
        ):
            pass
        else:
            said.unknown.append((tok.start, tok.end))
        if pending and not grew:
            said.groups.append(_group(claim, grid, pending, part=part))
            pending = []
        i += step
    if pending:
        said.groups.append(_group(claim, grid, pending, part=part))
    return said


def _is_sign(claim: Sentence, numbers: Sequence[Number], i: int, signs: set[str]) -> bool:
    """Whether a word is a unit in the table's own words, right behind a figure: 61 dB."""
    tok = claim.toks[i]
    behind = any(n.unit is None and claim.text[n.end : tok.start] in (" ", "\u00a0", "") for n in numbers)
    return behind and claim.text[tok.start : tok.end] in signs


def _sells(grid: Grid, title: frozenset[str]) -> bool:
    """Whether what the figures count can be sold, by the table: its columns are of sales, or have no name."""
    return bool(_SALES & (grid.words | title)) or not any(m.words for m in grid.measures)


def _is_price(grid: Grid, word: str) -> bool:
    """Whether a word of paying says no more than the columns of money: "costs" under "Price", not under "Revenue"."""
    told = _MONEY_WORDS.get(word, frozenset())
    money = [m.words for m in grid.measures if m.unit is not None and m.unit.dimension.startswith("money")]
    return bool(told and money) and all(words & told for words in money)


def _goes_with_extreme(claim: Sentence, i: int) -> bool:
    """ "second" before "most", "expensive" behind it: looked up where the extreme is."""
    toks = claim.toks
    if toks[i].low in RANKS:
        return i + 1 < len(toks) and _OPS.get(toks[i + 1].low) in ("max", "min")
    return toks[i].low in ("expensive", "costly") and i > 0 and toks[i - 1].low in ("most", "least")


@dataclass(frozen=True, slots=True)
class _Label:
    """A row (or _UNCLEAR), or the part of a head that a figure makes, of `size` words."""

    size: int
    row: int | None
    part: str = ""


def _labels(claim: Sentence, grid: Grid) -> dict[int, _Label]:
    """The names of rows and columns by the index of their first word, the longest first. One that ends within a date,
    as "Q1" within "Q1 2025", is none.
    """
    out: dict[int, _Label] = {}
    i = 0
    while i < len(claim.toks):
        label = _label_at(claim, grid, i)
        if label is None:
            i += 1
            continue
        out[i] = label
        i += label.size
        more = _one_more(claim, grid, i, label)
        if more is not None:
            out[i + 1] = more
            i += 2
    return out


def _one_more(claim: Sentence, grid: Grid, at: int, label: _Label) -> _Label | None:
    """The second of "weeks 12 and 13", behind the first."""
    toks = claim.toks
    named = toks[at - label.size : at]
    if label.size < 2 or at + 1 >= len(toks) or toks[at].low != "and" or not named[-2].low.endswith("s"):
        return None
    words = (*map(word_of, named[:-1]), word_of(toks[at + 1]))
    row, part = grid.by_words.get(words), grid.parts.get(words)
    if not words[-1].isdecimal() or (part is None and row is None):
        return None
    return _Label(1, None, part) if part is not None else _Label(1, row)


def _label_at(claim: Sentence, grid: Grid, at: int) -> _Label | None:
    row, size = _row_at(claim, grid, at)
    words = tuple(map(word_of, claim.toks[at : at + MOST_LABEL_WORDS]))
    longest = next((n for n in range(len(words), size, -1) if words[:n] in grid.parts), 0)
    label = _Label(longest, None, grid.parts[words[:longest]]) if longest else _Label(size, row)
    if not label.size:
        return None
    start, end = claim.toks[at].start, claim.toks[at + label.size - 1].end
    return (
        None
        if any(d.start < end and start < d.end and not start <= d.start < d.end <= end for d in claim.dates)
        else label
    )


def label_spans(claim: Sentence, grid: Grid) -> list[tuple[int, int]]:
    """Where the sentence names rows and columns by names that hold a figure."""
    spans = [
        (claim.toks[i].start, claim.toks[i + label.size - 1].end)
        for i, label in _labels(claim, grid).items()
        if label.row != _UNCLEAR
    ]
    return [(a, b) for a, b in spans if any(c.isdecimal() for c in claim.text[a:b])]


def _numbers(claim: Sentence, labels: Sequence[tuple[int, int]]) -> list[Number]:
    """The figures of a sentence without those that are part of a label: from 540 in week 12 to 612."""
    hidden = [span for span in labels if any(n.start < span[1] and span[0] < n.end for n in claim.numbers)]
    return list(without(claim, hidden).numbers)


_TIMES = frozenset("s min h day week month year".split())


def _per_at(claim: Sentence, at: int) -> tuple[str, int] | None:
    """(for each of what, how many words) of "per day", "a day", "/day" and "daily"."""
    toks = claim.toks
    if toks[at].low in _DAILY:
        return _DAILY[toks[at].low], 1
    if toks[at].low in _EACH and at + 1 < len(toks):
        return per_named(claim.text[toks[at + 1].start : toks[at + 1].end]), 2
    if claim.text[: toks[at].start].endswith("/"):
        return per_named(claim.text[toks[at].start : toks[at].end]), 1
    return None


def _hangs(claim: Sentence, said: Said, number: Number) -> bool:
    """Whether a figure belongs to a word before it that is no name of a row or column: "Q1-25", "phase 4"."""
    if _HANGS.search(claim.text[: number.start]):
        return True
    if number.kind != "label":
        return False
    named = [
        *(end for _, end, _ in said.rows),
        *(end for _, end in said.heads),
        *(g.end for g in said.groups),
    ]
    return not any(claim.text[end : number.start].strip() == "" for end in named if end <= number.start)


def _row_at(claim: Sentence, grid: Grid, at: int) -> tuple[int | None, int]:
    """The row whose label begins at this word, the longest first, and of how many words."""
    toks = claim.toks
    for size in range(min(MOST_LABEL_WORDS, len(toks) - at), 0, -1):
        row = grid.by_words.get(tuple(map(word_of, toks[at : at + size])))
        if row is None:
            continue
        first = toks[at]
        if row < 0:
            return _UNCLEAR, size
        if size == 1 and grid.kinds[row] != "item" and first.low in _OPS:
            return None, 0
        written = claim.text[first.start : toks[at + size - 1].end]
        label = grid.labels[row]
        if written.isdecimal() and written != label and not claim.text[first.start :].startswith(label):
            continue  # 65 is not "65+"
        usual = size == 1 and (not first.stem or first.stem in grid.words) and not first.low[0].isdigit()
        # "No", "Other" or "Sales" name a row where they are written as its label is; it is not clear where a sentence
        # begins.
        if usual and written != label:
            continue
        return (_UNCLEAR if usual and at == 0 and first.low != "yes" and not first.stem else row), size
    return None, 0


def _is_measure(claim: Sentence, grid: Grid, i: int) -> bool:
    """Whether a word stands in the name of a column of figures; "average" only beside another word of the same name."""
    tok = claim.toks[i]
    word = stem(tok.low)
    if tok.low in STOPWORDS and not (i and claim.toks[i - 1].low in _SAYS_NO):
        return False
    named = [m.words for m in grid.measures if word in m.words]
    if not named:
        return False
    if tok.low not in _OPS:
        return True
    beside = {stem(t.low) for t in (*claim.toks[max(0, i - 1) : i], *claim.toks[i + 1 : i + 2])}
    return any(words & beside - {word} for words in named)


def _is_bound(claim: Sentence, numbers: Sequence[Number], i: int) -> bool:
    """Whether a word belongs to the figure behind it: "more than 300", "about 1.2 million"."""
    toks = claim.toks
    for j in range(i, min(len(toks), i + 6)):
        number = next((n for n in numbers if n.start <= toks[j].start < n.end), None)
        if number is not None:
            return j > i and bool(number.bound or number.approx)
        if toks[j].low not in _BEFORE_BOUND:
            return False
    return False


def _one_column(claim: Sentence, grid: Grid, at: Sequence[int]) -> bool:
    """Whether these words stand in the name of one column: "asked answered" are two."""
    words = {stem(claim.toks[i].low) for i in at}
    return any(words <= m.words for m in grid.measures)


def _group(claim: Sentence, grid: Grid, at: Sequence[int], *, part: bool) -> Group:
    """The columns that these words mean; those of a part only where the sentence names one."""
    words = {stem(claim.toks[i].low) for i in at}
    held = {j: len(words & m.words) for j, m in enumerate(grid.measures)}
    most = max(held.values())
    best = [j for j, count in held.items() if count == most]
    exact = [j for j in best if grid.measures[j].words == frozenset(words) and not _is_part(grid, j)]
    return Group(claim.toks[at[0]].start, claim.toks[at[-1]].end, tuple(best if part else exact or best))


def _is_part(grid: Grid, j: int) -> bool:
    """Whether a column is one of a part: of "COVID-19 cases" and "Flu cases" neither is just "cases"."""
    return grid.measures[j].part is not None
