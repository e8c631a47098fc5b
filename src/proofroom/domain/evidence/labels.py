"""Figures that are part of a name: "Q1-24", "H1 2024", "Week 12", "Phase 3", "COVID-19", "PM2.5", "per 100,000".

Such a figure names a column or a row; it is no amount. The rule looks at how a name is written and knows no list of
names: words with a figure in them belong together, and a bare figure belongs to the word before it, or at the beginning
("10 km") to the one behind it. A name that says a
quarter, half year, fiscal year or month is known by the other ways to write it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from proofroom.domain.evidence.dates import MONTH_NAMES
from proofroom.domain.evidence.names import fold
from proofroom.domain.evidence.words import Token, tokens

Words = tuple[str, ...]

_YEAR = re.compile(r"(?:1[5-9]|20|21)[0-9]{2}")
_RANGE = re.compile(r"[0-9]+(?:[.,][0-9]+)?[-\u2013/+<>][0-9.,]*")
_TWO = r"(?P<y>(?:20)?[0-9]{2})"
_PART = re.compile(rf"(?P<part>[qh])(?P<n>[1-4])[ /\u2013'\u2019-]{{0,2}}{_TWO}", re.IGNORECASE)
_YEAR_PART = re.compile(r"(?P<y>20[0-9]{2})[ /\u2013-]{0,2}(?P<part>[qh])(?P<n>[1-4])", re.IGNORECASE)
_FISCAL = re.compile(rf"fy[ '\u2019-]{{0,2}}{_TWO}", re.IGNORECASE)
_MONTHS = {name[:3].lower(): n for n, name in enumerate(MONTH_NAMES)}
_SPELT = "|".join(f"{name[:3]}(?:{name[3:]}|t)?" if name[3:] else name for name in MONTH_NAMES)
_MONTH = re.compile(rf"(?P<month>{_SPELT})\.?[ /\u2013'\u2019-]{{1,2}}{_TWO}", re.IGNORECASE)
_YEAR_MONTH = re.compile(r"(?P<y>20[0-9]{2})-(?P<mm>0[1-9]|1[0-2])")
_ORDINALS = (("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"))
_LONGEST = 80


def words_of(text: str) -> Words:
    """The words of a name, in the form in which a sentence is looked through for them."""
    return tuple(map(word_of, tokens(text)))


def word_of(token: Token) -> str:
    return token.stem or fold(token.low)


def figured(name: str) -> tuple[str, ...]:
    """The parts of a name that a figure makes: "H1 2024" of "H1 2024 revenue". A year or bare figure alone is none."""
    chunks = name[:_LONGEST].split()
    out: list[str] = []
    at = 0
    for has, group in groupby(chunks, key=_has_figure):
        run = list(group)
        if has:
            before, after = chunks[at - 1] if at else "", "".join(chunks[at + len(run) : at + len(run) + 1])
            part = " ".join(run)
            year = len(run) == 1 and _YEAR.fullmatch(part) is not None
            named = f"{before} {part}"
            if any(c.isalpha() for c in part) or (len(run) == 1 and _RANGE.fullmatch(part)):
                out.append(part)
            elif before.isalpha() and (not year or _MONTH.fullmatch(named)):
                out.append(named)
            elif not before and after.isalpha() and not year:
                out.append(f"{part} {after}")
        at += len(run)
    return tuple(out)


def _has_figure(chunk: str) -> bool:
    return any("0" <= c <= "9" for c in chunk)


def written(part: str) -> tuple[Words, ...]:
    """The ways in which a sentence may write such a name, its own first; each as `words_of` gives it."""
    own = words_of(part)
    return tuple(dict.fromkeys(w for w in (own, *_periods(part.strip())) if w))


def _periods(part: str) -> Iterator[Words]:
    if m := _PART.fullmatch(part) or _YEAR_PART.fullmatch(part):
        year, short, n = *_years(m["y"]), int(m["n"])
        sign, word = f"{m['part']}{n}", "quarter" if m["part"].lower() == "q" else "half"
        ways = [f"{sign} {year}", f"{sign} of {year}", f"{sign}-{short}", f"{year} {sign}"]
        if word == "quarter" or n <= 2:
            ways += [f"{o} {word} {of}{year}" for o in _ORDINALS[n - 1] for of in ("of ", "")]
    elif m := _FISCAL.fullmatch(part):
        year, short = _years(m["y"])
        ways = [f"fy{short}", f"fy{year}", f"fy {short}", f"fy {year}"]
        ways += [f"{word} {year}" for word in ("fiscal", "fiscal year", "financial year")]
    elif m := _MONTH.fullmatch(part) or _YEAR_MONTH.fullmatch(part):
        groups = m.groupdict()
        n = int(groups["mm"]) - 1 if groups.get("mm") else _MONTHS[groups["month"][:3].lower()]
        year, short = _years(m["y"])
        full = MONTH_NAMES[n]
        ways = [f"{full} {year}", f"{full} of {year}", f"{full[:3]} {year}", f"{full[:3]}-{short}"]
        ways.append(f"{year}-{n + 1:02}")
    else:
        return
    yield from map(words_of, ways)


def _years(text: str) -> tuple[str, str]:
    return f"20{text[-2:]}", text[-2:]
