"""Finding figures in running text, with unit, scale and precision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Literal

from proofroom.domain.evidence.amounts import CTX, Kind, Number
from proofroom.domain.evidence.han import counted_behind, scaled, unit_behind
from proofroom.domain.evidence.scales import aside_after, scale_after
from proofroom.domain.evidence.scripts import NO_LETTER_BEFORE, UNSPACED, is_unspaced, plain_figures
from proofroom.domain.evidence.units import CURRENCIES, Unit, currency, find_unit, per_named
from proofroom.domain.evidence.words import STOPWORDS, stem

_LONGEST = 40

_SIGN = rf"(?P<sign>{NO_LETTER_BEFORE}(?<![)\]])[-\u2212+])?"
# No possessive quantifiers: Python before 3.11.5 loses its place in them (CPython issue 101955). The lookaheads behind
# the groups of three say the same: take all groups, or none.
_VALUE = (
    r"(?P<value>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9]|,[0-9]{3})(?:\.[0-9]+)?"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)(?![.,]?[0-9])"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,}(?![0-9.])"
    r"|[0-9]{1,3}(?:[\u00a0\u202f\u2009 ][0-9]{3})+(?![0-9]|[\u00a0\u202f\u2009 ][0-9]{3})(?:[.,][0-9]+)?"
    r"|[0-9]{1,3}(?:['\u2019][0-9]{3})+(?![0-9]|['\u2019][0-9]{3})"
    r"|[0-9]+,[0-9]{1,2}(?![0-9,])"
    r"|[0-9]+(?:\.[0-9]+)?)"
)
_POWER = (
    r"(?:[eE](?P<exp>[+-]?[0-9]{1,3})(?![\w.])"
    r"|[ \u00a0]?[\u00d7x][ \u00a0]?10\^?(?P<pow>[-\u2212]?[0-9]{1,2}))?"
)
_CURRENCY = (
    r"(?P<currency>(?:US|C|A)?\$|[\u20ac\u00a3\u00a5\u20b9]|\b(?:USD|EUR|GBP|JPY|CHF|CNY|INR|SEK|NOK|DKK"
    r"|PLN|CAD|AUD))"
    r"[ \u00a0]?"
)
_DIGITS = re.compile(
    rf"(?:{_CURRENCY})?{NO_LETTER_BEFORE}(?<![0-9][.,:/])(?<![^\W\d_]-)(?<![\w]/)(?<!#){_SIGN}{_VALUE}{_POWER}"
)
# "minus 5 °C", and a sign before a currency; "9 minus 5" takes something away.
_MINUS = re.compile(r"(?<![0-9][ \u00a0])\b(?:minus|negative)[ \u00a0]\Z", re.IGNORECASE)
_MINUS_MONEY = re.compile(rf"{NO_LETTER_BEFORE}(?<![)\]])[-\u2212]\Z")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
_AFTER = re.compile(
    r"[ \u00a0\u202f-]?([^\s,;:()\[\]{}\"\u201c\u201d]{1,30}(?:[ "
    r"\u00a0][^\s,;:()\[\]{}\"\u201c\u201d]{1,20}){0,3})"
)
_HEAD = re.compile(rf"(?:[^\W\d_{UNSPACED}]|[\u00b0%\u2030\u20ac\u00a3\u00a5])+")
_PER = re.compile(
    r"[ \u00a0]?(?:per[ \u00a0]|/[ \u00a0]?|(?:a|an|each|every)[ \u00a0](?=day|week|month|year|hour|minute"
    r"|second|person|head))"
    r"(?:each )?((?:10{1,5}[ \u00a0]?)?(?:square |cubic )?[^\W\d_]{1,20}(?:[23](?!\w)|[ -]hours?\b)?)",
    re.IGNORECASE,
)
_LEADING = re.compile(_VALUE)
_RANGE = re.compile(r"[ \u00a0]?(?:[-\u2013\u2014]|(?:to|and)(?=[ \u00a0]))[ \u00a0]?\Z")
_APPROX = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|some|nearly|almost|circa|ca\.?|c\.|close to"
    r"|near|an estimated|"
    r"estimated|more or less|just (?:over|under|above|below)|slightly (?:over|under|more than|less than)"
    r"|in the region of)"
    r"|[~\u2248\u00b1])[ \u00a0]?\Z",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:\b(?:more than|greater than|higher than|over|above|exceed(?:s|ed|ing)?|at least|no (?:fewer|less) "
    r"than|a minimum of|upwards? of|"
    r"longer than|larger than|heavier than|beyond)|[>\u2265])[ \u00a0]?\Z",
    re.IGNORECASE,
)
# "no more than", "did not exceed": the other bound.
_DENIED = re.compile(
    r"\b(?:no|not|never) (?:more|fewer|less|greater|higher|lower|longer|larger|heavier|shorter|smaller) than"
    r"[ \u00a0]?\Z"
    r"|\b(?:not|never|cannot)(?: [a-z]{1,8})? (?:exceed(?:s|ed|ing)?|over|above|beyond|under|below)[ \u00a0]?\Z",
    re.IGNORECASE,
)
_SMALL = re.compile(r"\b(?:(?:fewer|less|lower|shorter|smaller) than|under|below)[ \u00a0]?\Z", re.IGNORECASE)
_LESS = re.compile(
    r"(?:\b(?:less than|fewer than|lower than|under|below|at most|no more than|up to|a maximum of|not more "
    r"than|shorter than|smaller than|within)"
    r"|[<\u2264])[ \u00a0]?\Z",
    re.IGNORECASE,
)
_LABELS = frozenset(
    "section sections chapter chapters table tables figure figures fig fig. no no. nos. number page "
    "pages p p. pp pp. article articles art. phase step level part volume vol. vol version v v. "
    "release item appendix annex note notes footnote equation eq eq. rule clause line lines room "
    "flight model type class grade issue stage group paragraph paragraphs question ref. ref launch "
    "complex pier gate platform route highway route interstate channel isbn issn doi rfc iso "
    "article".split()
)
_MASK = re.compile(
    r"https?://\S+|www\.\S+|\bdoi:\s?\S+|\b10\.[0-9]{4,9}/\S+|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}"
    r"|\[[0-9]{1,3}(?:[,\u2013-][ ]?[0-9]{1,3}){0,20}\]"
    r"|\b(?![0-9]{1,3}(?:\.[0-9]{3})+\b(?!\.[0-9]))[0-9]{1,5}(?:\.[0-9]{1,5}){2,8}\b"
)

_ONES = {
    w: i
    for i, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {w: i * 10 for i, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_BIG = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_WORD = "|".join(sorted([*_ONES, *_TENS, *_BIG, "dozen"], key=len, reverse=True))
# At most two dozen words, each whole: without an end, a long run of them would be read again from each of its words.
_WORDS = re.compile(
    rf"\b(?:(?:a|an|half a) (?=hundred|thousand|million|billion|trillion|dozen))?(?:{_WORD})\b"
    rf"(?:(?:[ -]|[ -]and[ -])(?:{_WORD})\b){{0,23}}(?![ -](?:and[ -])?(?:{_WORD})\b)(?!-(?:off|time))",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"\b(?:(?P<n>one|two|three|four|a)[ -](?P<d>third|quarter|fifth|sixth|seventh|eighth|tenth|half)s?\b"
    r"|(?P<half>half)(?= (?:of|the|as)\b))",
    re.IGNORECASE,
)
_PARTS = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "tenth": 10, "half": 2}
_TIMES = re.compile(r"\b(once|twice|thrice)\b(?! (?:more|again|upon))", re.IGNORECASE)
_ORDINAL_WORDS = {
    w: i
    for i, w in enumerate(
        "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
        "fourteenth fifteenth".split(),
        3,
    )
}
_ORDINALS = re.compile(r"\b(" + "|".join(_ORDINAL_WORDS) + r")\b(?! (?:of (?:all|the|them)))", re.IGNORECASE)


def find_numbers(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Number]:
    """All figures of `text` in order. `taken` are ranges that are something else: dates, times. Never
    raises.
    """
    said, text = text, plain_figures(text)
    used = bytearray(len(text))
    for start, end in taken:
        used[start:end] = b"\x01" * (end - start)
    for m in _MASK.finditer(text):
        used[m.start() : m.end()] = b"\x01" * (m.end() - m.start())
    found: list[Number] = []
    for m in _DIGITS.finditer(text):
        at = m.start("value")
        if used[at] or (m.start() < at and any(used[m.start() : at])) or m.end() - m.start() > _LONGEST:
            continue
        number = _from_digits(m, text)
        if number is not None:
            found.append(number)
            used[number.start : number.end] = b"\x01" * (number.end - number.start)
    for read in (_fractions, _spelled, _ordinals):
        for number in read(text):
            if not any(used[number.bare_start : number.bare_end]):
                found.append(number)
                used[number.start : number.end] = b"\x01" * (number.end - number.start)
    found = _ranges([_below_zero(n, text) for n in sorted(found, key=lambda n: n.start)], text)
    return found if said == text else [replace(n, text=said[n.start : n.end]) for n in found]


def _below_zero(n: Number, text: str) -> Number:
    """The figure with the sign that stands before it as a word, or before its currency."""
    if n.kind != "plain" or n.low <= 0:
        return n
    before = text[max(0, n.start - 12) : n.start]
    m = _MINUS.search(before) or (_MINUS_MONEY.search(before) if n.start < n.bare_start else None)
    if m is None:
        return n
    start = n.start - len(m.group())
    said = text[start : n.end]
    return replace(
        n, start=start, bare_start=start, text=said, low=n.high.copy_negate(), high=n.low.copy_negate()
    )


def _from_digits(m: re.Match[str], text: str) -> Number | None:
    value, step = read_value(m.group("value"))
    power = m.group("exp") or m.group("pow")
    if power:
        shift = Decimal(10) ** int(power.replace("\u2212", "-"))
        value, step = CTX.multiply(value, shift), CTX.multiply(step, shift)
    sign = m.group("sign")
    if sign and sign != "+":
        value = value.copy_negate()
    start, bare_start, bare_end = m.start(), m.start("sign") if sign else m.start("value"), m.end()
    money = currency(m.group("currency")) if m.group("currency") else None
    ordinal = _ORDINAL.match(text, bare_end)
    if ordinal:
        return _number(text, start, ordinal.end(), bare_start, ordinal.end(), value, step, kind="ordinal")
    value, step, end, more = scaled(text, bare_end, value, step)
    bare_end = end if more else bare_end
    scale, end = scale_after(text, end, money)
    aside = aside_after(text, end, value, money) if scale == 1 else None
    if aside is not None:
        scale, money, end = aside
    if end < len(text) and (text[end].isalpha() or text[end] == "_") and not is_unspaced(text[end]):
        unit, unit_end = _unit_after(text, end)
        if unit is None:  # 3D, 2x4b, IL6: part of a name
            return None
    unit, unit_end = (money, end) if money else _unit_after(text, end)
    if unit is None and scale == 1 and not power and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", m.group("value")):
        label = _label_before(text, start, m.group("value").isdigit())
        if label:
            return _number(text, start, end, bare_start, bare_end, value, step, kind="label", label=label)
    whole = CTX.multiply(value, scale), CTX.multiply(step, scale)
    return _finish(text, start, unit_end, bare_start, bare_end, *whole, unit)


def _finish(
    text: str,
    start: int,
    end: int,
    bare_start: int,
    bare_end: int,
    value: Decimal,
    step: Decimal,
    unit: Unit | None,
) -> Number:
    per = noun = ""
    if unit is not None:
        found = _PER.match(text, end)
        if found:
            per, end = per_named(found.group(1)), found.end()
    else:
        unit = unit_behind(text, end)
        noun = "" if unit is not None else counted_behind(text, end) or _noun_after(text, end)
    return _number(text, start, end, bare_start, bare_end, value, step, unit=unit, per=per, noun=noun)


def _number(
    text: str,
    start: int,
    end: int,
    bare_start: int,
    bare_end: int,
    value: Decimal,
    step: Decimal,
    *,
    unit: Unit | None = None,
    per: str = "",
    noun: str = "",
    kind: Kind = "plain",
    label: str = "",
) -> Number:
    before = text[max(0, start - 30) : start]
    bound: Literal["", "more", "less"] = (
        "more" if _MORE.search(before) else "less" if _LESS.search(before) else ""
    )
    if _DENIED.search(before):
        bound = "more" if _SMALL.search(before) else "less"
    exponent = value.normalize(CTX).as_tuple().exponent
    coarse = max(step, Decimal(10) ** exponent) if value and isinstance(exponent, int) else step
    return Number(
        start,
        end,
        bare_start,
        bare_end,
        text[start:end],
        value,
        value,
        step,
        coarse,
        unit,
        per,
        noun,
        kind,
        label,
        bool(_APPROX.search(before)),
        bound,
    )


def read_value(text: str) -> tuple[Decimal, Decimal]:
    """The value of digits with separators, and the place of their last digit. Raises ValueError for
    anything else.
    """
    plain = re.sub(r"[\u00a0\u202f\u2009 '\u2019]", "", text)
    commas, dots = plain.count(","), plain.count(".")
    if commas and dots:
        # Whichever comes last is the decimal sign.
        plain = (
            plain.replace(".", "").replace(",", ".")
            if plain.rfind(",") > plain.rfind(".")
            else plain.replace(",", "")
        )
    elif commas:
        groups = plain.split(",")
        plain = plain.replace(",", "") if all(len(g) == 3 for g in groups[1:]) else plain.replace(",", ".")
    elif dots > 1:
        plain = plain.replace(".", "")
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        raise ValueError(f"not a figure: {text[:40]!r}") from error
    exponent = value.as_tuple().exponent
    return value, Decimal(10) ** (exponent if isinstance(exponent, int) else 0)


def _unit_after(text: str, at: int) -> tuple[Unit | None, int]:
    m = _AFTER.match(text, at)
    if m is None:
        return None, at
    words = re.split(r"[ \u00a0]", m.group(1))
    for n in range(len(words), 0, -1):
        said = " ".join(words[:n])
        bare = said.rstrip(".!?\u2019'\u2026*\u2014\u2013-")
        for candidate in (said, bare):
            unit = find_unit(candidate)
            if unit is not None:
                return unit, m.start(1) + len(candidate)
    # "20-year-old", "km/day", "mg/kg": the part before the sign
    head = _HEAD.match(m.group(1))
    if head and head.end() < len(m.group(1)):
        unit = find_unit(head.group())
        if unit is not None:
            return unit, m.start(1) + head.end()
    return None, at


def _noun_after(text: str, at: int) -> str:
    m = re.compile(r"[ \u00a0-]([^\W\d_]{2,30})").match(text, at)
    if m is None or m.group(1).lower() in STOPWORDS:
        return ""
    return stem(m.group(1).lower())


def _label_before(text: str, at: int, whole: bool) -> str:
    """The word that makes the figure a name: Section 4, Delta II 7425, MCO 4."""
    m = re.search(r"([^\W_][\w.'\u2019-]{0,30})[ \u00a0]\Z", text[max(0, at - 33) : at])
    if m is None:
        return ""
    word = m.group(1)
    low = word.lower()
    if low in _LABELS:
        return low.rstrip(".")
    begin = at - len(m.group(0))
    first = begin == 0 or re.search(r"[.!?:]\s*\Z", text[max(0, begin - 3) : begin])
    capital = word[0].isupper() and word.isalnum() and not first and low not in STOPWORDS
    return low if whole and capital and find_unit(word) is None and word not in CURRENCIES else ""


def _spelled(text: str) -> list[Number]:
    out: list[Number] = []
    for m in _WORDS.finditer(text):
        words = re.split(r"[ -]+", m.group().lower())
        if words == ["one"]:
            continue
        value = _say(words)
        if value is None:
            continue
        unit, end = _unit_after(text, m.end())
        step = Decimal(1)
        out.append(_finish(text, m.start(), end, m.start(), m.end(), value, step, unit))
    for m in _TIMES.finditer(text):
        count = {"once": 1, "twice": 2, "thrice": 3}[m.group().lower()]
        if count > 1:
            unit = find_unit("times")
            out.append(_number(text, *m.span(), *m.span(), Decimal(count), Decimal(1), unit=unit))
    return out


def _say(words: Sequence[str]) -> Decimal | None:
    """The value of spelled words; None where they are a list of words rather than one number."""
    total = part = 0
    half = False
    last = 10**15
    for i, word in enumerate(words):
        if word in ("and", "a", "an"):
            continue
        if word == "half":
            half = True
        elif word == "dozen":
            part = (part or 1) * 12
        elif word in _BIG:
            size = _BIG[word]
            if size == 100:
                part = (part or 1) * 100
            else:
                total, part = total + (part or 1) * size, 0
            last = size
        else:
            size = _ONES.get(word, _TENS.get(word, 0))
            smaller = (
                i == 0
                or last > (99 if word in _TENS else 19)
                or (last >= 20 and last % 10 == 0 and size < 10)
            )
            if not smaller:
                return None
            part += size
            last = size or 1
    value = Decimal(total + part)
    return value / 2 if half else value


def _fractions(text: str) -> list[Number]:
    out: list[Number] = []
    for m in _FRACTION.finditer(text):
        if m.group("half"):
            value = Decimal("0.5")
        else:
            top = {"a": 1}.get(m.group("n").lower(), _ONES.get(m.group("n").lower(), 1))
            value = CTX.divide(Decimal(top), Decimal(_PARTS[m.group("d").lower()]))
        out.append(_number(text, *m.span(), *m.span(), value, Decimal("0.05"), noun="part"))
    return out


def _ordinals(text: str) -> list[Number]:
    return [
        _number(
            text,
            *m.span(),
            *m.span(),
            Decimal(_ORDINAL_WORDS[m.group(1).lower()]),
            Decimal(1),
            kind="ordinal",
        )
        for m in _ORDINALS.finditer(text)
    ]


def _ranges(found: list[Number], text: str) -> list[Number]:
    """Joins "10 to 14 times" and "10-14 km" to one range; "from 12 to 30 months" stays two figures of one
    unit.
    """
    out: list[Number] = []
    for number in found:
        before = out[-1] if out else None
        if before is None or before.is_range or number.kind != "plain" or before.kind != "plain":
            out.append(number)
            continue
        between = text[before.end : number.start]
        start = text[max(0, before.start - 9) : before.start].lower().rstrip()
        joined = _RANGE.fullmatch(between)
        if not joined or (
            before.unit is not None
            and number.unit is not None
            and before.unit.dimension != number.unit.dimension
        ):
            out.append(number)
            continue
        word = between.strip().lower()
        unit = before.unit or number.unit
        scale = Decimal(1)
        if before.unit is None and before.text.isdigit() and abs(before.low) < 1000 <= abs(number.low):
            shown = _LEADING.match(text, number.bare_start)
            scale = CTX.divide(number.low, read_value(shown.group())[0]) if shown else scale
        left = _with(before, unit, number, scale)
        if (
            (word == "and" and not start.endswith("between"))
            or (word == "to" and start.endswith("from"))
            or left.low >= number.low
        ):
            out[-1] = left if word != "and" else before
            out.append(number)
            continue
        out[-1] = Number(
            before.start,
            number.end,
            before.bare_start,
            number.bare_end,
            text[before.start : number.end],
            left.low,
            number.high,
            max(left.step, number.step),
            max(left.coarse, number.coarse),
            number.unit or before.unit,
            number.per,
            number.noun,
            "plain",
            "",
            before.approx or number.approx,
            before.bound,
        )
    return out


def _with(n: Number, unit: Unit | None, other: Number, scale: Decimal) -> Number:
    return Number(
        n.start,
        n.end,
        n.bare_start,
        n.bare_end,
        n.text,
        CTX.multiply(n.low, scale),
        CTX.multiply(n.high, scale),
        CTX.multiply(n.step, scale),
        CTX.multiply(n.coarse, scale),
        unit,
        n.per or other.per,
        n.noun or other.noun,
        n.kind,
        n.label,
        n.approx,
        n.bound,
    )
