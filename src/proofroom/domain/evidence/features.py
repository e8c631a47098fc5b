"""What is read from a passage once, so that many claims can be compared with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from proofroom.domain.evidence.amounts import Number
from proofroom.domain.evidence.dates import Date, Time, find_dates, find_times
from proofroom.domain.evidence.model import Passage, Span
from proofroom.domain.evidence.names import Name, find_names, fold
from proofroom.domain.evidence.numbers import find_numbers
from proofroom.domain.evidence.quotes import Normal, normal
from proofroom.domain.evidence.sentences import split_sentences
from proofroom.domain.evidence.words import Token, lows, tokens

_ADDRESS = re.compile(r"https?://[^\s<>\")\]]+|www\.[^\s<>\")\]]+|\bdoi:\s?\S+|\b10\.[0-9]{4,9}/[^\s)\]]+")

_JOINED = re.compile(r"(?<=[0-9]),(?=[0-9])")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with all that is compared. Offsets of its parts are within `text`; `start` is in the
    passage.
    """

    start: int
    end: int
    text: str
    toks: tuple[Token, ...]
    words: frozenset[str]
    stems: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    times: tuple[Time, ...]
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class AnalysedPassage:
    """A passage and its sentences. `flat` is its words in lower case between single spaces; `normal` is for
    quotes.
    """

    passage: Passage
    sentences: tuple[Sentence, ...]
    flat: str
    normal: Normal

    def has_words(self, words: tuple[str, ...] | list[str]) -> bool:
        """Whether these folded words follow each other somewhere in the passage or its source's title."""
        return f" {' '.join(words)} " in self.flat


def addresses(text: str) -> list[tuple[int, int]]:
    """Ranges of web addresses and DOIs, without the mark that closes the sentence."""
    return [(m.start(), m.start() + len(m.group().rstrip(".,;:!?"))) for m in _ADDRESS.finditer(text)]


def read_sentence(text: str, start: int = 0) -> Sentence:
    """All features of one sentence."""
    dates, times = find_dates(text), find_times(text)
    dates = [d for d in dates if not any(t.start < d.end and d.start < t.end for t in times)]
    taken = [(d.start, d.end) for d in dates] + [(t.start, t.end) for t in times]
    numbers = find_numbers(text, taken)
    webs = addresses(text)
    names = find_names(text, [*taken, *webs, *((n.start, n.end) for n in numbers if n.kind == "plain")])
    toks = tuple(tokens(text))
    stems = [t.stem for t in toks if t.stem]
    pairs = frozenset(pairwise(stems))
    return Sentence(
        start,
        start + len(text),
        text,
        toks,
        frozenset(fold(t.low) for t in toks),
        frozenset(stems),
        pairs,
        tuple(numbers),
        tuple(dates),
        tuple(times),
        tuple(names),
    )


def without(sentence: Sentence, labels: Sequence[Span]) -> Sentence:
    """The sentence without the figures and dates at these ranges, which are part of names: they are no amounts."""
    if not labels:
        return sentence
    dates = tuple(d for d in sentence.dates if not any(a <= d.start and d.end <= b for a, b in labels))
    taken = [(x.start, x.end) for x in (*sentence.dates, *sentence.times)]
    return replace(sentence, numbers=tuple(find_numbers(sentence.text, [*taken, *labels])), dates=dates)


def flatten(text: str) -> str:
    """The words of a text, folded, between single spaces."""
    return f" {' '.join(map(fold, lows(text)))} "


def cell_places(p: Passage) -> tuple[Span | None, ...]:
    """Where each cell stands in the text of its row, one after the other; None for one that is empty or not there."""
    done = 0
    out: list[Span | None] = []
    for _, value in p.cells:
        bare = value.strip()
        at = _word_at(p.text, bare, done) if bare else -1
        out.append((at, at + len(bare)) if at >= 0 else None)
        done = at + len(bare) if at >= 0 else done
    return tuple(out)


def _word_at(text: str, word: str, start: int) -> int:
    """Where a word stands from `start` on with no letter or figure right beside it; -1 where it does not. Looked for
    by hand: a pattern for each cell of a long table costs more than all else that is done with the table.
    """
    at = text.find(word, start)
    while at >= 0:
        end = at + len(word)
        if not text[max(0, at - 1) : at].isalnum() and not text[end : end + 1].isalnum():
            return at
        at = text.find(word, at + 1)
    return -1


def apart(p: Passage) -> str:
    """The text of a row with tabs for the commas between cells, so that "6,298,305" is three figures. Where the cells
    are not known, as in several rows in one, every comma outside of quotation marks stands between cells, unless
    another mark does.
    """
    text = p.text
    if p.kind != "table_row" or _JOINED.search(text) is None:
        return text
    if p.cells:
        within = [span for span in cell_places(p) if span is not None]
    elif any(mark in text for mark in ";\t|"):
        return text
    else:
        within = [m.span() for m in _QUOTED.finditer(text)]
    return _JOINED.sub(lambda m: m[0] if any(a <= m.start() < b for a, b in within) else "\t", text)


def analyse(passage: Passage) -> AnalysedPassage:
    """Reads a passage once; pass the result wherever a passage is taken. Never raises on any text."""
    text = apart(passage)
    sentences = tuple(
        replace(read_sentence(text[a:b], a), text=passage.text[a:b]) for a, b in split_sentences(passage.text)
    )
    if passage.kind == "table_header":  # names of columns: no figure in them is an amount
        sentences = tuple(replace(s, numbers=()) for s in sentences)
    return AnalysedPassage(passage, sentences, flatten(passage.text), normal(passage.text))
