"""A sentence over a table, read word by word: rows, columns, figures, years, and words that ask for arithmetic.

Every word must be known; a sentence with one that is not is left to the other checks. So nothing passes that says more
than rows, columns and figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.dates import Date
from proofroom.domain.evidence.features import Sentence
from proofroom.domain.evidence.grid import MOST_LABEL_WORDS, Grid
from proofroom.domain.evidence.names import fold
from proofroom.domain.evidence.polarity import POLES
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
    "respectively": "respectively", "only": "only",
}  # fmt: skip
_OPS = {word: op for op, words in _WORDS_OF.items() for word in words.split()}
_LINKS = frozenset("than from to by of as and or but while whereas followed against between in".split())
_REFUSED = frozenset(
    "not no never none neither nor cannot would could should might may will if unless until till before after since "
    "other others another same again ever each both either every rather instead without except too nobody nothing "
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


@dataclass(slots=True)
class Said:
    """What a sentence says of a table, each kind in order, with ranges in its text."""

    text: str
    rows: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    numbers: list[Number] = field(default_factory=list[Number])
    dates: list[Date] = field(default_factory=list[Date])
    groups: list[Group] = field(default_factory=list[Group])
    ops: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    links: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    heads: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    unknown: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    refused: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

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
    pending: list[int] = []
    i = 0
    while i < len(toks):
        tok = toks[i]
        row, size = _row_at(claim, grid, i)
        number = next((n for n in claim.numbers if n.start <= tok.start < n.end), None)
        date = next((d for d in claim.dates if d.start <= tok.start < d.end), None)
        word = stem(tok.low)
        step, grew = 1, False
        if row == _UNCLEAR:
            said.refused.append((tok.start, toks[i + size - 1].end))
            step = size
        elif row is not None:
            said.rows.append((tok.start, toks[i + size - 1].end, row))
            step = size
        elif number is not None:
            if number.is_range or _per(grid, number) or (number.kind == "label" and not said.rows):
                said.refused.append((number.start, number.end))
            said.numbers.append(replace(number, kind="plain", label="") if number.kind == "label" else number)
            step = sum(number.start <= t.start < number.end for t in toks[i:])
        elif date is not None:
            if date.year is None or date.month is not None or date.quarter is not None or date.decade:
                said.refused.append((date.start, date.end))
            said.dates.append(date)
            step = sum(date.start <= t.start < date.end for t in toks[i:])
        elif _is_bound(claim, i):
            pass
        elif _is_measure(claim, grid, i):
            if pending and not _one_column(claim, grid, [*pending, i]):
                said.groups.append(_group(claim, grid, pending))
                pending = []
            pending.append(i)
            grew = True
        elif word in grid.head:
            said.heads.append((tok.start, tok.end))
        elif tok.low in _OPS:
            said.ops.append((tok.start, tok.end, _OPS[tok.low]))
        elif _goes_with_extreme(claim, i):
            pass
        elif tok.low == "up" and i and toks[i - 1].low in ("make", "makes", "made"):
            said.ops.append((tok.start, tok.end, "share"))
        elif tok.low == "per" and i + 1 < len(toks) and stem(toks[i + 1].low) in grid.head:
            pass
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
        elif tok.low in STOPWORDS or word in _FILLERS or word in title:
            pass
        else:
            said.unknown.append((tok.start, tok.end))
        if pending and not grew:
            said.groups.append(_group(claim, grid, pending))
            pending = []
        i += step
    if pending:
        said.groups.append(_group(claim, grid, pending))
    return said


def _goes_with_extreme(claim: Sentence, i: int) -> bool:
    """ "second" before "most", "expensive" behind it: looked up where the extreme is."""
    toks = claim.toks
    if toks[i].low in RANKS:
        return i + 1 < len(toks) and _OPS.get(toks[i + 1].low) in ("max", "min")
    return toks[i].low in ("expensive", "costly") and i > 0 and toks[i - 1].low in ("most", "least")


def _per(grid: Grid, number: Number) -> bool:
    """Whether a figure is said of something else than a row: "466 calls per day"."""
    return bool(number.per) and number.per not in grid.head


def _row_at(claim: Sentence, grid: Grid, at: int) -> tuple[int | None, int]:
    """The row whose label begins at this word, the longest first, and of how many words."""
    toks = claim.toks
    for size in range(min(MOST_LABEL_WORDS, len(toks) - at), 0, -1):
        row = grid.by_words.get(tuple(t.stem or fold(t.low) for t in toks[at : at + size]))
        if row is None:
            continue
        first = toks[at]
        if row < 0:
            return _UNCLEAR, size
        if size == 1 and grid.kinds[row] != "item" and first.low in _OPS:
            return None, 0
        written = claim.text[first.start : toks[at + size - 1].end]
        usual = size == 1 and (not first.stem or first.stem in grid.words) and not first.low[0].isdigit()
        # "No", "Other" or "Sales" name a row where they are written as its label is; it is not clear where a sentence
        # begins.
        if usual and written != grid.labels[row]:
            continue
        return (_UNCLEAR if usual and at == 0 and first.low != "yes" and not first.stem else row), size
    return None, 0


def _is_measure(claim: Sentence, grid: Grid, i: int) -> bool:
    """Whether a word stands in the name of a column of figures; "average" only beside another word of the same name."""
    tok = claim.toks[i]
    word = stem(tok.low)
    named = [m.words for m in grid.measures if word in m.words]
    if not named:
        return False
    if tok.low not in _OPS:
        return True
    beside = {stem(t.low) for t in (*claim.toks[max(0, i - 1) : i], *claim.toks[i + 1 : i + 2])}
    return any(words & beside - {word} for words in named)


def _is_bound(claim: Sentence, i: int) -> bool:
    """Whether a word belongs to the figure behind it: "more than 300", "about 1.2 million"."""
    toks = claim.toks
    for j in range(i, min(len(toks), i + 6)):
        number = next((n for n in claim.numbers if n.start <= toks[j].start < n.end), None)
        if number is not None:
            return j > i and bool(number.bound or number.approx)
        if toks[j].low not in _BEFORE_BOUND:
            return False
    return False


def _one_column(claim: Sentence, grid: Grid, at: Sequence[int]) -> bool:
    """Whether these words stand in the name of one column: "asked answered" are two."""
    words = {stem(claim.toks[i].low) for i in at}
    return any(words <= m.words for m in grid.measures)


def _group(claim: Sentence, grid: Grid, at: Sequence[int]) -> Group:
    words = {stem(claim.toks[i].low) for i in at}
    held = {j: len(words & m.words) for j, m in enumerate(grid.measures)}
    most = max(held.values())
    best = [j for j, count in held.items() if count == most]
    exact = [j for j in best if grid.measures[j].words == frozenset(words)]
    return Group(claim.toks[at[0]].start, claim.toks[at[-1]].end, tuple(exact or best))
