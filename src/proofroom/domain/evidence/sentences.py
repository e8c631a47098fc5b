"""Cutting text into sentences, with exact character ranges.

Rule based and linear in the length of the text. A stop ends a sentence unless what stands before it is an
abbreviation or an initial, or what follows cannot begin a sentence; nothing ends inside a short bracket or
a short quotation. Blank lines and list markers always end one.
"""

from __future__ import annotations

import re
from bisect import bisect_right

# The run of stops and the closers after it are possessive, and a run is looked at only from its first
# character: hostile runs of dots cost one step a character.
_STOP = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*(?=\s|\Z)"
    # What stops in East Asian scripts needs no space behind it, but behind a closing mark the sentence may go on.
    r"|(?<![\u3002\uff01\uff1f\uff61])[\u3002\uff01\uff1f\uff61]+"
    r"(?:(?![\u3002\uff01\uff1f\uff61\"'\u201d\u2019\u00bb)\]\u300d\u300f\uff09\u3011])"
    r"|[\"'\u201d\u2019\u00bb)\]\u300d\u300f\uff09\u3011]+(?=\s|\Z))"
)
_BREAK = re.compile(
    r"\n[^\S\n]*\n|\n(?=[^\S\n]*(?:[-*+\u2022\u2023\u25aa\u2013][^\S\n]|[0-9]{1,3}[.)][^\S\n]))"
)
_BULLET = re.compile(r"\s[\u2022\u2023\u25aa]\s")
_WORD_BEFORE = re.compile(r"[^\s(\[\"\u201c\u2018\u00ab]{1,40}\Z")

# Never the end of a sentence, whatever follows.
_NEVER = frozenset(
    "dr mr mrs ms prof st sgt gen lt col capt cmdr rev hon sen rep gov pres fr messrs mt ft e.g i.e "
    "cf vs viz approx ca c resp incl excl eg ie esp".split()
)
# The end only if no digit, or no month after a day, follows.
_BEFORE_DIGIT = frozenset(
    "no nos fig figs eq eqs sec secs ch chap vol vols pp p art arts tab para paras ref refs app jan "
    "feb mar apr jun jul aug sep sept oct nov dec nr par ver v".split()
)
# Not the end where the next word goes on with lower case or a digit; that is the general rule too, so that
# only abbreviations that often stand before a capital are listed here: these end a sentence only before an
# opener.
_MAYBE = frozenset(
    "inc ltd corp co bros jr sr etc al est dept univ assn ave blvd rd u.s u.k u.n e.u a.m p.m ph.d".split()
)
_OPENERS = frozenset(
    "a an the this that these those it its he she they we i you his her their our my in on at by "
    "for from with to as but and or so yet if when while after before since until because although "
    "though however therefore thus then there here what who which where why how no not all some "
    "many most each every both one two three another during according".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_PAIRS = {
    "\u300c": "\u300d",
    "\u300e": "\u300f",
    "\uff08": "\uff09",
    "\u3010": "\u3011",
    "(": ")",
    "[": "]",
    "\u201c": "\u201d",
    "\u00ab": "\u00bb",
    "\u201e": "\u201c",
}
_LONGEST_PAIR = 600
LONGEST = 4_000
"""No sentence is longer: what looks like one is cut, so that the work on each stays bounded."""


def split_sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as ranges (start, end) in code points, in order, trimmed of white space.

    Ranges do not overlap, cover every character that is not white space and hold at most LONGEST characters. Never
    raises.
    """
    hard = sorted({m.end() for m in _BREAK.finditer(text)} | {m.start() for m in _BULLET.finditer(text)})
    inside = _Protected(text)
    cuts: list[int] = []
    start = 0
    edges = [*hard, len(text)]
    next_edge = 0
    for found in _STOP.finditer(text):
        while edges[next_edge] <= found.start():
            start = max(start, edges[next_edge])
            next_edge += 1
        if _ends(text, start, found.start(), found.end()) and not inside.covers(found.start()):
            cuts.append(found.end())
            start = found.end()
    out: list[tuple[int, int]] = []
    begin = 0
    for cut in sorted({*cuts, *hard, len(text)}):
        piece = text[begin:cut]
        left = len(piece) - len(piece.lstrip())
        right = len(piece.rstrip())
        if left < right:
            out += _pieces(text, begin + left, begin + right)
        begin = cut
    return out


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A sentence of any length in pieces of at most `LONGEST` characters, cut at white space where there is some."""
    out: list[tuple[int, int]] = []
    while end - start > LONGEST:
        cut = next(
            (i for i in range(start + LONGEST, start + LONGEST // 2, -1) if text[i].isspace()),
            start + LONGEST,
        )
        out.append((start, start + len(text[start:cut].rstrip())))
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    out.append((start, end))
    return out


def _ends(text: str, start: int, stop: int, end: int) -> bool:
    """Whether the stop at `stop`, closed by `end`, ends the sentence that began at `start`."""
    if text[stop] in "\u3002\uff01\uff1f\uff61":
        return True
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    if after == len(text):
        return True
    follow = text[after]
    if follow.islower() or follow in ",;:)]\u201d\u00bb":
        return False
    mark = text[stop]
    if mark in "!?":
        return True
    found = _WORD_BEFORE.search(text, max(start, stop - 41), stop)
    if found is None:
        return True
    word = found.group()
    low = word.lower().lstrip("-\u2013\u2014/")
    next_word = _word_at(text, after)
    if text[stop:end].startswith("..") or mark == "\u2026":
        return True
    if low in _NEVER:
        return False
    if low in _BEFORE_DIGIT and follow.isdigit():
        return False
    if low in _BEFORE_DIGIT and low in ("fig", "figs", "eq", "sec", "vol", "pp", "nos", "nr"):
        return False
    if low.isdigit() and len(low) <= 3:
        if text[start:stop].strip() == word:  # the number of a list
            return False
        if next_word in _MONTHS and len(low) <= 2:  # 23. September
            return False
    dotted = "." in low and all(len(p) <= 1 for p in low.split("."))
    initial = len(word) == 1 and word.isalpha() and word.isupper()
    if low in _MAYBE or dotted or initial:
        return next_word in _OPENERS
    return True


def _word_at(text: str, at: int) -> str:
    end = at
    limit = min(len(text), at + 30)
    while end < limit and text[end].isalpha():
        end += 1
    return text[at:end].lower()


class _Protected:
    """Short brackets and quotations, inside which no sentence ends. Built in one pass with a stack."""

    def __init__(self, text: str) -> None:
        spans: list[tuple[int, int]] = []
        open_at: list[tuple[str, int]] = []
        straight = -1
        for m in re.finditer(
            r"[()\[\]\u201c\u201d\u201e\u00ab\u00bb\"\u300c-\u300f\uff08\uff09\u3010\u3011]|\n[^\S\n]*\n",
            text,
        ):
            c, at = m.group(), m.start()
            if c[0] == "\n":
                open_at, straight = [], -1
            elif c == '"':
                if straight >= 0 and at - straight <= _LONGEST_PAIR:
                    spans.append((straight, at))
                    straight = -1
                else:
                    straight = at
            elif open_at and c == open_at[-1][0]:
                _, begin = open_at.pop()
                if at - begin <= _LONGEST_PAIR:
                    spans.append((begin, at))
            elif c in _PAIRS:
                open_at.append((_PAIRS[c], at))
        # Merge to disjoint spans, so that one bisection answers.
        self._starts: list[int] = []
        self._ends: list[int] = []
        for begin, end in sorted(spans):
            if self._ends and begin <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(begin)
                self._ends.append(end)

    def covers(self, at: int) -> bool:
        i = bisect_right(self._starts, at) - 1
        # A stop right before the closing mark belongs to the inside but ends with it.
        return i >= 0 and at < self._ends[i] - 1
