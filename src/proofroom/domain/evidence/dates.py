"""Dates and times of day in running text, and what it means that two of them agree.

A date keeps what it says and no more: a day, a month, a quarter, a year, a decade, or a day and month
without a year. A coarser date of the draft that contains the source's date agrees with it; a finer one is
not shown by the source. `9/10/99` can be read two ways; both are kept and the reading says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from proofroom.domain.evidence.scripts import NO_LETTER_BEFORE, NO_LETTER_BEHIND, plain_figures
from proofroom.domain.evidence.years import counted

MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SHORT = {m[:3].lower(): i for i, m in enumerate(MONTH_NAMES, 1)} | {"sept": 9}
_ABBREVIATED = frozenset(_SHORT) - {"may"}
_MONTHS = {m.lower(): i for i, m in enumerate(MONTH_NAMES, 1)} | _SHORT
_M = r"(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_D = r"(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?"
_Y = r"(?P<year>[12][0-9]{3})(?![0-9])(?![.,][0-9])"
_SP = r"[ \u00a0\u202f\n]{1,3}"
_TO = r"[ \u00a0]?(?:[-\u2013\u2014]|to|and|or)[ \u00a0]?"
_L = NO_LETTER_BEFORE + r"(?<![.,/:-])"
_NOT_MORE = NO_LETTER_BEHIND + r"(?![.,/:-][0-9])"

# 2024\u5e743\u670815\u65e5, also in Korean, and by the era of Japan.
_E_SP = "[ \u00a0]?"
_E_YEAR = (
    r"(?<!\d)(?:(?P<year>[12][0-9]{3})|(?P<era>\u4ee4\u548c|\u5e73\u6210|\u662d\u548c|\u5927\u6b63|\u660e\u6cbb)"
    r"(?P<nth>[0-9]{1,2}|\u5143))" + _E_SP + "[\u5e74\ub144]"
)
_E_MONTH = r"(?P<mm>1[0-2]|0?[1-9])" + _E_SP + "[\u6708\uc6d4]"
_E_DAY = r"(?P<day>3[01]|[12][0-9]|0?[1-9])" + _E_SP + "[\u65e5\u53f7\u865f\uc77c]"
_E_NOT_LONG = "(?![\u9593\u95f4\uac04])"
_ERAS = {
    "\u4ee4\u548c": 2018,
    "\u5e73\u6210": 1988,
    "\u662d\u548c": 1925,
    "\u5927\u6b63": 1911,
    "\u660e\u6cbb": 1867,
}
_SHORT_YEAR = r"(?P<year>[12][0-9]{3}|[0-9]{2})"
_LATER = r"(?:,?" + _SP + _Y + r")?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_BEFORE_MONTH = (
    r"\b(?:in|of|by|since|until|till|during|early|late|mid|last|next|from|between|before|after|to|and|each|"
    r"every|this)[ \u00a0-]"
)
# Longest reading first: what one pattern has taken, the later ones leave alone.
_SOURCES: dict[str, str] = {
    "east_day": _E_YEAR + _E_SP + _E_MONTH + _E_SP + _E_DAY + _E_NOT_LONG,
    "east_month": _E_YEAR + _E_SP + _E_MONTH + _E_NOT_LONG,
    "east_dayless": r"(?<![0-9.,])" + _E_MONTH + _E_SP + _E_DAY + _E_NOT_LONG,
    "east_decade": r"(?<!\d)(?P<year>[12][0-9]{2}0)" + _E_SP + "(?:\u5e74\u4ee3|\ub144\ub300)",
    "east_year": _E_YEAR + "(?![\u9593\u95f4\uac04\u524d\u5f8c\u540e\u4ee5])",
    "east_whole": r"(?<![0-9.,])" + _E_MONTH + _E_NOT_LONG,
    "iso": _L
    + r"(?P<year>[12][0-9]{3})[-/](?P<mm>[01]?[0-9])[-/](?P<day>[0-3]?[0-9])(?=T[0-9]|"
    + NO_LETTER_BEHIND
    + r")(?![-/.][0-9])",
    "dmy_range": _L
    + r"(?P<day1>[0-3]?[0-9])"
    + _ORDINAL
    + _TO
    + _D
    + r"\.?"
    + _SP
    + r"(?:of )?"
    + _M
    + _LATER,
    "dmy": _L + _D + r"\.?" + _SP + r"(?:of" + _SP + r")?" + _M + _LATER,
    "mdy_range": r"\b" + _M + _SP + r"(?P<day1>[0-3]?[0-9])" + _TO + _D + r"(?![0-9:.]*[0-9])" + _LATER,
    "mdy": r"\b" + _M + _SP + _D + NO_LETTER_BEHIND + r"(?![:%])(?![.,][0-9])" + _LATER,
    "my": r"\b" + _M + r",?" + _SP + r"(?:of" + _SP + r")?" + _Y,
    "dot": _L + r"(?P<day>[0-3]?[0-9])\.[ \u00a0]?(?P<mm>[01]?[0-9])\.[ \u00a0]?" + _SHORT_YEAR + _NOT_MORE,
    "slash": _L + r"(?P<a>[0-3]?[0-9])/(?P<b>[0-3]?[0-9])/" + _SHORT_YEAR + _NOT_MORE,
    "quarter": r"\b(?:Q(?P<q>[1-4])|(?P<qw>first|second|third|fourth|1st|2nd|3rd|4th)" + _SP + r"quarter)"
    r"(?:" + _SP + r"of)?(?:" + _SP + r"|[/-])" + _Y,
    "yquarter": _L + r"(?P<year>[12][0-9]{3})[ \u00a0/-]?Q(?P<q>[1-4])\b",
    "decade": _L + r"(?P<year>[12][0-9]{2}0)['\u2019]?s\b",
    "years": _L + r"(?P<year>[12][0-9]{3})[-/\u2013\u2014](?P<year2>[12][0-9]{3}|[0-9]{2})" + _NOT_MORE,
    "year": _L
    + r"(?P<year>1[5-9][0-9]{2}|20[0-9]{2}|21[0-4][0-9])(?![\w%\u00b0])(?![.,:][0-9])(?!-[A-Za-z])",
    "month": _BEFORE_MONTH + r"(?P<whole>" + _M + r")",
}
_PATTERNS = tuple((name, re.compile(source, re.IGNORECASE)) for name, source in _SOURCES.items())
_NOT_EAST = tuple(x for x in _PATTERNS if not x[0].startswith("east"))
# A count, not a year: "2000 people" after "some", "$2000".
_NO_YEAR_BEFORE = re.compile(
    r"(?:[$\u20ac\u00a3\u00a5#~\u2248<>=\u00b1]|\b(?:about|around|roughly|approximately|some|nearly|almost"
    r"|over|than|least|most|"
    r"total of|up to|no\.?|nos\.?|n|page|pages|p\.?|pp\.?|section|room|flight|model|number))[ \u00a0]?$",
    re.IGNORECASE,
)
_TIME = re.compile(
    NO_LETTER_BEFORE + r"(?<![.,:/-])(?:(?P<h>[01]?[0-9]"
    r"|2[0-4]):(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9])(?:[.,][0-9]+)?)?(?![0-9:])"
    r"(?:[ \u00a0]?(?P<half>[ap]\.?m\b\.?))?|(?P<h2>1[0-2]|0?[1-9])[ \u00a0]?(?P<half2>[ap]\.?m\b\.?))"
    r"(?:[ \u00a0](?P<zone>UTC|GMT|Z|[ECMP][SD]T|CES?T|BST|JST|MSK|IST)\b)?",
    re.IGNORECASE,
)
# 15\u664230\u5206, \u5348\u5f8c3\u6642: no length of time, which says so behind it.
_AFTERNOON = ("\u5348\u5f8c", "\u4e0b\u5348", "\uc624\ud6c4")
_EAST_TIME = re.compile(
    r"(?:(?P<half>\u5348\u524d|\u5348\u5f8c|\u4e0a\u5348|\u4e0b\u5348|\uc624\uc804|\uc624\ud6c4)[ ]?)?(?<![0-9.,])"
    r"(?P<h>2[0-4]|[01]?[0-9])[ ]?[\u6642\u65f6\uc2dc](?![\u9593\u95f4\uac04])"
    r"(?:[ ]?(?P<m>[0-5]?[0-9])[ ]?[\u5206\ubd84])?"
)
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}

Agreement = Literal["same", "finer", "differs", "none"]


@dataclass(frozen=True, slots=True)
class Date:
    """A date as said: `start:end` is its range in the text; what it leaves open is None.

    `style` is the pattern it was written in; `other` is the second reading (month, day) of an ambiguous one.
    """

    start: int
    end: int
    text: str
    style: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    quarter: int | None = None
    decade: bool = False
    other: tuple[int, int] | None = None

    @property
    def grain(self) -> str:
        if self.day is not None:
            return "day"
        if self.month is not None:
            return "month"
        if self.quarter is not None:
            return "quarter"
        return "decade" if self.decade else "year"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day; seconds are None where none are given."""

    start: int
    end: int
    text: str
    hour: int
    minute: int
    second: int | None
    zone: str | None


def find_dates(text: str) -> list[Date]:
    """All dates in order, longest reading first, without overlaps."""
    taken: list[Date] = []
    said, text = text, plain_figures(text)
    used = bytearray(len(text))
    for style, pattern in _NOT_EAST if text.isascii() else _PATTERNS:
        for m in pattern.finditer(text):
            taken += [date for date in _read(style, m, text) if not any(used[date.start : date.end])]
            if taken and taken[-1].start >= m.start():
                start, end = (m.start("whole"), m.end()) if style == "month" else m.span()
                used[start:end] = b"\x01" * (end - start)
    found = sorted(taken, key=lambda d: d.start)
    return found if said == text else [replace(d, text=said[d.start : d.end]) for d in found]


def _read(style: str, m: re.Match[str], text: str) -> Iterator[Date]:
    groups = m.groupdict()
    year = int(groups["year"]) if groups.get("year") else None
    start, end = m.span()
    said = m.group()
    if said.endswith(".") and groups.get("month", "").lower() not in _ABBREVIATED:
        end -= 1  # the stop belongs to the sentence
    if groups.get("month"):
        month = _MONTHS[groups["month"].lower()]
        word = groups["month"]
        if word.lower() in ("may", "march", "mar") and word[0].islower():
            return
        if style == "month":
            if word[0].islower():
                return
            start = m.start("whole")
            yield Date(start, end, text[start:end], style, None, month)
            return
        day = int(groups["day"]) if groups.get("day") else None
        if day is not None and not 1 <= day <= 31:
            return
        if groups.get("day1"):
            first = int(groups["day1"])
            if not 1 <= first <= 31:
                return
            # Two dates: each has its own day, the month and year are said once for both.
            cut = m.end("day1")
            yield Date(start, cut, text[start:cut], style, year, month, first)
            yield Date(m.start("day"), end, text[m.start("day") : end], style, year, month, day)
            return
        yield Date(start, end, text[start:end], style, year, month, day)
        return
    match style:
        case "decade" | "east_decade":
            yield Date(start, end, text[start:end], style, year, decade=True)
        case _ if style.startswith("east"):
            if groups.get("era"):
                year = _ERAS[groups["era"]] + (int(groups["nth"]) if groups["nth"].isdigit() else 1)
            month, day = (int(groups[x]) if groups.get(x) else None for x in ("mm", "day"))
            yield Date(start, end, text[start:end], style, year, month, day)
        case "iso" | "dot":
            month, day = int(groups["mm"]), int(groups["day"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield Date(start, end, text[start:end], style, _full(int(groups["year"])), month, day)
        case "slash":
            a, b = int(groups["a"]), int(groups["b"])
            if not (1 <= a <= 31 and 1 <= b <= 31) or (a > 12 and b > 12):
                return
            year = _full(int(groups["year"]))
            if a > 12:
                yield Date(start, end, text[start:end], style, year, b, a)
            else:  # month first; the other way round too, where that is possible and differs
                other = (b, a) if b <= 12 and a != b else None
                yield Date(start, end, text[start:end], style, year, a, b, other=other)
        case "quarter" | "yquarter":
            quarter = int(groups["q"]) if groups.get("q") else _QUARTERS[groups["qw"].lower()]
            yield Date(start, end, text[start:end], style, year, quarter=quarter)
        case "years":
            first, second = int(groups["year"]), int(groups["year2"])
            if second < 100:
                second += first - first % 100
            if second > first and not counted(text, start, end):
                cut = m.end("year")
                yield Date(start, cut, text[start:cut], "year", first)
                yield Date(m.start("year2"), end, text[m.start("year2") : end], "year2", second)
        case _:
            if not _NO_YEAR_BEFORE.search(text[max(0, start - 20) : start]) and not counted(text, start, end):
                yield Date(start, end, text[start:end], style, year)


def _full(year: int) -> int:
    if year >= 100:
        return year
    return year + (1900 if year >= 50 else 2000)


def agree(draft: Date, source: Date) -> Agreement:
    """Whether the source's date bears out the draft's.

    "same": everything that the draft says, the source says. "finer": what both say agrees, and the draft
    says more. "differs": they say different things at a place that both fill. "none": nothing to compare.
    """
    if draft.other or source.other:
        return _agree_either(draft, source)
    if draft.decade or source.decade:
        return _agree_decade(draft, source)
    finer = compared = False
    for d, s in ((draft.year, source.year), (draft.month, source.month), (draft.day, source.day)):
        if d is None:
            continue
        if s is None:
            finer = True
            continue
        compared = True
        if d != s:
            return "differs"
    if draft.quarter is not None:
        theirs = source.quarter or ((source.month + 2) // 3 if source.month else None)
        if theirs is None:
            finer = True
        else:
            compared = True
            if theirs != draft.quarter:
                return "differs"
    if source.quarter is not None and draft.month is not None and (draft.month + 2) // 3 != source.quarter:
        return "differs"
    if not compared:
        return "none"
    return "finer" if finer else "same"


def _agree_either(draft: Date, source: Date) -> Agreement:
    found = [agree(d, s) for d in readings(draft) for s in readings(source)]
    if "same" in found:
        return "same"
    return "finer" if "finer" in found else "differs"


def _agree_decade(draft: Date, source: Date) -> Agreement:
    if draft.year is None or source.year is None:
        return "none"
    if draft.year // 10 != source.year // 10:
        return "differs"
    return "same" if draft.decade else "finer"


def readings(date: Date) -> tuple[Date, ...]:
    """The one reading of a date, or both of an ambiguous one."""
    if date.other is None:
        return (date,)
    month, day = date.other
    plain = Date(date.start, date.end, date.text, date.style, date.year, date.month, date.day)
    return plain, Date(date.start, date.end, date.text, date.style, date.year, month, day)


def like(style_of: Date, value: Date) -> str:
    """`value` written the way `style_of` is: 28 September 1999 and 1999-09-23 give 23 September 1999."""
    if style_of.style.startswith("east"):
        return value.text
    year = value.year if style_of.year is not None or value.grain == "year" else None
    if value.month is None or style_of.grain != "day" or value.day is None:
        if style_of.grain == "month" and value.month is not None:
            name = MONTH_NAMES[value.month - 1]
            return f"{name} {year}" if year else name
        if style_of.grain == "year" and value.year is not None and not value.decade:
            return str(value.year)
        return value.text
    name = MONTH_NAMES[value.month - 1]
    if re.search(r"\b(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b", style_of.text, re.IGNORECASE):
        name = name[:3] + ("t" if "sept" in style_of.text.lower() and value.month == 9 else "")
        name += "." if "." in style_of.text else ""
    match style_of.style:
        case "iso":
            return f"{value.year:04d}-{value.month:02d}-{value.day:02d}" if value.year else value.text
        case "dot":
            return f"{value.day}.{value.month}.{value.year}" if value.year else value.text
        case "mdy" | "mdy_range":
            return f"{name} {value.day}, {year}" if year else f"{name} {value.day}"
        case "slash":
            return value.text
        case _:
            return f"{value.day} {name} {year}" if year else f"{value.day} {name}"


def find_times(text: str) -> list[Time]:
    """Times of day: 09:00:46 UTC, 9:05 p.m., 6 am."""
    out: list[Time] = []
    said, text = text, plain_figures(text)
    for m in _EAST_TIME.finditer(text):
        hour = int(m["h"])
        if m["half"] in _AFTERNOON and hour < 12:
            hour += 12
        elif m["half"] and hour == 12 and m["half"] not in _AFTERNOON:
            hour = 0
        out.append(Time(m.start(), m.end(), said[m.start() : m.end()], hour, int(m["m"] or 0), None, None))
    for m in _TIME.finditer(text):
        half = (m.group("half") or m.group("half2") or "").lower()[:1]
        hour = int(m.group("h") or m.group("h2"))
        if half == "p" and hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        second = int(m.group("s")) if m.group("s") else None
        zone = m.group("zone").upper() if m.group("zone") else None
        shown = said[m.start() : m.end()]
        out.append(Time(m.start(), m.end(), shown, hour, int(m.group("m") or 0), second, zone))
    return sorted(out, key=lambda t: t.start)


def times_agree(draft: Time, source: Time) -> Agreement:
    """Like `agree`. A zone is compared where both name one; UTC, GMT and Z are the same."""
    if (draft.hour, draft.minute) != (source.hour, source.minute):
        return "differs"
    if draft.second is not None and source.second is not None and draft.second != source.second:
        return "differs"
    if draft.zone and source.zone and _zone(draft.zone) != _zone(source.zone):
        return "differs"
    finer = draft.second is not None and source.second is None
    return "finer" if finer else "same"


def _zone(zone: str) -> str:
    return "UTC" if zone in ("UTC", "GMT", "Z") else zone
