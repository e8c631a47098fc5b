"""Numbers of a spreadsheet as a person sees them (ECMA-376 Part 1, 18.8.31, number format codes).

Dates become ISO dates, to the precision that their format shows; negative numbers keep a minus sign where a
format draws brackets or red letters, so that they can be computed with.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Literal, TypeAlias

from openpyxl.styles.numbers import BUILTIN_FORMATS  # pyright: ignore[reportMissingTypeStubs]

Kind: TypeAlias = Literal["general", "number", "date", "nothing"]

BUILTIN: Mapping[int, str] = {int(key): str(code) for key, code in BUILTIN_FORMATS.items()}
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP)
_DIGITS = Context(prec=15, rounding=ROUND_HALF_UP)  # what a spreadsheet keeps of a number
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<square>[^\]]*)\]'
    r"|(?P<general>General)|(?P<digits>[0#?][0#?,]*(?:\.[0#?]*)?|\.[0#?]+),*|(?P<power>[eE][+-][0#?]+)"
    r"|(?P<clock>AM/PM|A/P|[ymdhsYMDHS]+(?:\.0+)?)|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
_MONEY = frozenset("$€£¥₹₽₩₺")


@dataclass(frozen=True, slots=True)
class Format:
    """One section of a format code.

    `unit` is what stands behind the digits and is no currency or percent sign; `shows` are the parts of a
    date or time: letters of "ymdHMS", and "e" for elapsed hours.
    """

    kind: Kind
    places: int = 0
    grouped: bool = False
    percent: int = 0
    scale: int = 0
    power: bool = False
    prefix: str = ""
    suffix: str = ""
    unit: str = ""
    shows: str = ""
    optional: int = 0


GENERAL = Format("general")


@dataclass(frozen=True, slots=True)
class Code:
    """A number format: its sections for positive and negative numbers and zero."""

    positive: Format
    negative: Format | None = None
    zero: Format | None = None


def read_code(code: str) -> Code:
    """A format code, such as `#,##0.00 "km";[Red]-#,##0.00 "km"`."""
    sections = [_section(part) for part in _sections(code[:1_000])[:3]]
    # Sections with conditions (`[<100]`) are not told apart: the first one stands for all.
    if not sections or re.search(r"\[[<>=]", code):
        return Code(sections[0] if sections else GENERAL)
    return Code(*sections)


def _sections(code: str) -> list[str]:
    parts = [""]
    for found in re.finditer(r'"[^"]*"?|\\.|\[[^\]]*\]?|;|.', code, re.DOTALL):
        if found.group() == ";":
            parts.append("")
        else:
            parts[-1] += found.group()
    return parts


def _section(code: str) -> Format:
    if not code.strip():
        return Format("nothing")
    before, after = "", ""
    digits: str | None = None
    scale = percent = 0
    power = general = False
    clock: list[str] = []
    for found in _TOKEN.finditer(code):
        token = found.group()
        if found["digits"] is not None and not clock:
            if digits is None:
                digits = found["digits"]
                scale = len(token) - len(token.rstrip(","))
            elif "/" in before + after:
                return GENERAL  # a fraction
        elif found["clock"] is not None:
            clock.append(token)
        elif found["square"] is not None and re.fullmatch("[hms]+", found["square"], re.IGNORECASE):
            clock.append(f"[{found['square']}]")
        elif found["power"] is not None:
            power = True
        elif found["general"] is not None:
            general = True
        else:
            literal = found["quoted"] or found["escaped"] or found["currency"] or found["other"] or ""
            percent += literal == "%" and found["other"] is not None
            if digits is None and not general:
                before += literal
            else:
                after += literal
    if clock:
        return Format("date", shows=_shown(clock))
    before, after = before.strip(), after.strip()
    if digits is not None and not set(digits) & set("0#"):
        return Format("nothing")  # a dash for zero, with space of the width of digits
    if digits is None and not general:
        return GENERAL if before else Format("nothing")
    before = before.strip("()-+ \u00a0")
    after = after.strip("()-+ \u00a0")
    digits = (digits or "").rstrip(",")
    whole, _, places = digits.partition(".")
    tail = after.replace("%", "").strip()
    money = bool(tail) and (tail in _MONEY or re.fullmatch("[A-Z]{3}", tail) is not None)
    return Format(
        "general" if general else "number",
        places=min(len(places), 30),
        optional=places.count("#") + places.count("?"),
        grouped="," in whole,
        percent=percent,
        scale=scale,
        power=power,
        prefix=before.replace("%", ""),
        suffix=tail if money else "",
        unit="" if money else tail,
    )


def _shown(clock: list[str]) -> str:
    """The parts of a date that a format shows; an `m` after hours or before seconds is minutes."""
    shows = ""
    for n, token in enumerate(clock):
        letter = token.strip("[]")[:1].lower()
        if token.startswith("["):
            shows += "e" + {"h": "H", "m": "M", "s": "S"}[letter]
        elif letter == "a" or letter == "d":
            shows += letter if letter == "d" else ""
        elif letter in "ys":
            shows += "y" if letter == "y" else "S"
        elif letter == "h":
            shows += "H"
        else:
            before = clock[n - 1].strip("[]")[:1].lower() if n else ""
            after = clock[n + 1].strip("[]")[:1].lower() if n + 1 < len(clock) else ""
            shows += "M" if before == "h" or after == "s" else "m"
    return shows


def shown(raw: str, code: Code, *, since_1904: bool = False) -> tuple[str, str]:
    """(the number as a person sees it, its unit when the format adds one) of a stored number."""
    try:
        value = Decimal(raw.strip())
    except InvalidOperation:
        return raw, ""
    if not value.is_finite() or abs(value.adjusted()) > 400:
        return raw, ""
    section = code.positive
    if value < 0 and code.negative is not None and code.negative.kind != "nothing":
        section = code.negative
    if value == 0 and code.zero is not None and code.zero.kind == "number":
        section = code.zero
    if section.kind == "nothing":
        section = GENERAL
    if section.kind == "date":
        return _moment(value, section.shows, since_1904) or plain(value), ""
    if section.kind == "general":
        return section.prefix + plain(value), section.unit
    return _number(value, section), section.unit


def plain(value: Decimal) -> str:
    """A number to the 15 digits that a spreadsheet keeps, without exponent unless it is very large or small."""
    short = _DIGITS.plus(value)
    if not short:
        return "0"
    if -10 <= short.adjusted() < 21:
        text = f"{short:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, power = f"{short:e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{power}"


def _number(value: Decimal, how: Format) -> str:
    value = _DIGITS.plus(value).scaleb(2 * how.percent - 3 * how.scale, _CONTEXT)
    if how.power:
        mantissa, _, power = f"{value:.{how.places}e}".partition("e")
        return f"{mantissa}E{int(power):+03d}"
    if value.adjusted() > 40:
        return plain(value)
    rounded = value.quantize(Decimal(1).scaleb(-how.places), context=_CONTEXT)
    text = f"{abs(rounded):{',' if how.grouped else ''}f}"
    for _ in range(how.optional):
        if not text.endswith("0") or "." not in text:
            break
        text = text[:-1]
    sign = "-" if rounded < 0 else ""
    prefix = how.prefix
    if prefix and prefix not in _MONEY:
        prefix += " "
    return f"{sign}{prefix}{text.rstrip('.')}{'%' * how.percent}{' ' + how.suffix if how.suffix else ''}"


def _moment(value: Decimal, shows: str, since_1904: bool) -> str | None:
    """A date or time in ISO form; None when the number is no day that a spreadsheet knows."""
    serial = float(value)
    if not 0 <= serial < 2_958_466:  # the end of the year 9999
        return None
    seconds = round(serial * 86_400)
    if "e" in shows or not set(shows) & set("ymd"):
        hours, rest = divmod(seconds if "e" in shows else seconds % 86_400, 3600)
        tail = f":{rest % 60:02d}" if "S" in shows else ""
        return f"{hours:02d}:{rest // 60:02d}{tail}"
    if since_1904:
        first = datetime(1904, 1, 1)  # noqa: DTZ001  # a spreadsheet's days have no time zone
    else:  # the first Excel took 1900 for a leap year: days before its 29 February are one later
        first = datetime(1899, 12, 31 if serial < 60 else 30)  # noqa: DTZ001
    try:
        moment = first + timedelta(seconds=seconds)
    except OverflowError:
        return None
    if set(shows) & set("HMS"):
        return moment.strftime("%Y-%m-%d %H:%M:%S" if "S" in shows else "%Y-%m-%d %H:%M")
    if "d" in shows or "y" not in shows:
        return moment.date().isoformat()
    return moment.date().isoformat()[: 7 if "m" in shows else 4]
