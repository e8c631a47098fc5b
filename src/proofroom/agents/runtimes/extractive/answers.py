"""What an answer to a question holds: a length, a price, a date, a name.

Questions are put into classes by their wording, after the taxonomy of X. Li and D. Roth, "Learning Question
Classifiers", COLING 2002: its classes NUM (distance, money, percent, period, count, weight, speed, temperature, size),
NUM:date, HUM, LOC and DESC:reason are rows of a table here. A sentence fits a class when a figure of it has a unit of
the right dimension, or when it holds a date, a time or a name that the question does not. Nothing more is known of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from proofroom.agents.runtimes.extractive.words import content_stems
from proofroom.domain.evidence.features import Sentence, read_sentence
from proofroom.domain.evidence.units import find_unit
from proofroom.domain.evidence.words import stem as counted_stem

_IS = r"(?:is|are|was|were|did|does|do|has|have|had|will|would|can|could|should|must)"
_OPENS = r"(?:^|[.?!;:,]\s+|\b(?:and|or)\s+)"


def _asked(*words: str) -> str:
    """The wording that asks for a thing by its name: "what is the length", "the length of"."""
    names = "|".join(words)
    return (
        rf"\b(?:what|which)\b[^.?!;]{{0,60}}?\b(?:{names})\b"
        rf"|^(?:(?:find|give|state|tell me|look up)\s+)?(?:the\s+)?(?:\w+\s+){{0,2}}(?:{names})\s+of\b(?=[^.!;]*$)"
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of questions. `asks` is its wording; the rest is how far, 0 to 1, a sentence fits it that holds a figure
    of a dimension (`units`), a figure that merely counts (`bare`), a date, a time of day, a name, a place, or these
    words (`says`). A `sharp` kind is answered by such a sentence and by no other.
    """

    name: str
    asks: re.Pattern[str]
    units: Mapping[str, float] = field(default_factory=dict[str, float])
    bare: float = 0.0
    date: float = 0.0
    time: float = 0.0
    person: float = 0.0
    place: float = 0.0
    says: re.Pattern[str] | None = None
    sharp: bool = True
    named_by: str = ""


def _kind(name: str, asks: str, says: str = "", **more: object) -> Kind:
    return Kind(
        name,
        re.compile(asks, re.IGNORECASE),
        says=re.compile(says, re.IGNORECASE) if says else None,
        **more,  # pyright: ignore[reportArgumentType]
    )


_DURATION = {"time": 1.0, "calendar": 1.0}
KINDS = (
    _kind(
        "reason",
        r"\bwhy\b|\breasons?\b|\b(?:the|what) caused?s?\b|\bcauses? of\b",
        r"\bbecause\b|(?<!was )(?<!were )(?<!is )\bdue to\b|"
        r"\bcaus\w+|\breasons?\b|\bled to\b|\bresult\w* (?:in|from|of)\b|"
        r"\btherefore\b|\bso that\b|\bfailure\b|\bowing to\b",
        sharp=False,
    ),
    _kind("advice", r"\brecommend\w*", r"\brecommend\w*|\bshould(?! have)\b|\bmust\b", sharp=False),
    _kind(
        "date",
        rf"{_OPENS}when\b(?=[^.!;]*\?)|^when\b|\bwhen {_IS}\b|\bwhat (?:year|date|day|month)\b|^(?:the )?date of\b"
        r"|\b(?:since|until) when\b|\b(?:find out|say|tell|told|tells|know|state|determine) (?:me |us )?when\b",
        date=1.0,
        time=0.7,
        named_by="when date year day month",
    ),
    _kind("time of day", r"\bwhat time\b|\bat what hour\b", time=1.0, date=0.3, named_by="time hour"),
    _kind(
        "duration",
        r"\bhow long (?:did|does|do|had|has|have|will|would|can|may)\b|"
        r"\bhow long\b(?=[^.?!;]*\b(?:takes?|took|taken|last|lasts|lasted|stay\w*|wait\w*|need\w*|until|before|ago|"
        r"run|runs|ran|kept|keep|valid|live[sd]?|work\w*|spen[dt]\w*|going on|open|remain\w*)\b)|\bhow much time\b|"
        rf"\bhow (?:many|few) (?:years|months|weeks|days|hours|minutes|seconds)\b|{_asked('duration', 'how long')}",
        units=_DURATION,
        named_by="long duration time take",
    ),
    _kind(
        "length",
        r"\bhow (?:long|high|tall|wide|deep|thick|far|broad|close|near)\b|"
        + _asked(
            "length",
            "height",
            "width",
            "depth",
            "altitude",
            "distance",
            "elevation",
            "diameter",
            "thickness",
            "radius",
            "span",
        ),
        units={"length": 1.0, "time": 0.5, "calendar": 0.5, "fraction": 0.4},
        named_by="long length high height tall wide width deep depth thick thickness far distance altitude",
    ),
    _kind(
        "money",
        r"\bhow much\b(?=[^.?!;]*\b(?:costs?|pa(?:y|ys|id)|spen[dt]\w*|earn\w*|charge[sd]?|worth|budget\w*|owes?|"
        r"invest\w*|raise[sd]?|revenue|profit|money|s[eo]l[dl]\w*)\b)|"
        + _asked(
            "price",
            "prices",
            "cost",
            "costs",
            "fee",
            "fees",
            "fare",
            "budget",
            "revenue",
            "turnover",
            "salary",
            "profit",
            "loss",
            "income",
            "rent",
            "wage",
        ),
        units={"money": 1.0},
        named_by="price cost pay fee fare budget spend sell charge worth earn money much",
    ),
    _kind(
        "share",
        r"\b(?:what|which) (?:share|percentage|percent|per cent|proportion|fraction|part)\b|"
        + _asked("share", "percentage", "proportion", "rate", "ratio", "margin"),
        r"\b(?:half|thirds?|quarters?|fifths?|tenths?) of\b",
        units={"fraction": 1.0, "points": 0.5},
        named_by="share percentage percent proportion fraction rate ratio part",
    ),
    _kind(
        "mass",
        rf"\bhow heavy\b|\bhow much\b[^.?!;]*\bweighs?\b|{_asked('weight', 'mass')}",
        units={"mass": 1.0, "ton": 1.0},
        named_by="heavy weight weigh mass",
    ),
    _kind(
        "speed",
        rf"\bhow (?:fast|quick\w*)\b|{_asked('speed', 'velocity')}",
        units={"speed": 1.0, "time": 0.6},
        named_by="fast speed velocity quick",
    ),
    _kind(
        "temperature",
        rf"\bhow (?:hot|cold|warm)\b|{_asked('temperature')}",
        units={"temperature": 1.0, "angle": 0.6},
        named_by="hot cold warm temperature",
    ),
    _kind("age", r"\bhow old\b", units={"calendar": 1.0}, date=0.6, named_by="old age"),
    _kind(
        "size",
        rf"\bhow (?:large|big)\b|{_asked('size', 'area', 'capacity', 'volume')}",
        units={
            "area": 1.0,
            "volume": 1.0,
            "length": 0.8,
            "data": 1.0,
            "power": 1.0,
            "energy": 0.8,
            "fraction": 0.5,
            "money": 0.5,
        },
        bare=0.6,
        named_by="large big size area capacity volume",
    ),
    _kind(
        "frequency",
        r"\bhow (?:often|frequently)\b",
        r"\b(?:once|twice|every|each|per|times a|daily|weekly|monthly|yearly|annually|hourly|never|always)\b",
        units={"times": 1.0, "frequency": 1.0},
        named_by="often",
    ),
    _kind(
        "count", rf"\bhow (?:many|few)\b|{_asked('number', 'count')}", bare=1.0, named_by="many number count"
    ),
    _kind(
        "amount",
        r"\bhow much\b",
        units={"": 0.9, "money": 1.0},
        bare=0.4,
        sharp=False,
        named_by="much",
    ),
    _kind(
        "person",
        rf"{_OPENS}who(?:se|m)?\b(?=[^.!;]*\?)|^who(?:se|m)?\b|\b(?:by|to|for|from) whom\b|"
        r"\bwh(?:at|ich) (?:\w+ )?(?:person|company|organi[sz]ation|author|team|people)\b",
        person=1.0,
        named_by="who",
    ),
    _kind(
        "place",
        rf"{_OPENS}where\b(?=[^.!;]*\?)|^where\b|\bwh(?:at|ich) (?:city|country|town|place|region|state|river)\b",
        place=1.0,
        named_by="where place city country town region state",
    ),
)
_AT = re.compile(
    r"\b(?:in|at|near|from|to|between|on|off|into|through|across|around|outside|along|of|via|towards?)\s+(?:the\s+)?\Z"
)
_WHERE = re.compile(
    r"\b(?:north|south|east|west)(?:ern|wards?)?\b|\b(?:located|situated|based|stands?|lies)\b", re.IGNORECASE
)


@lru_cache(maxsize=256)
def kinds_of(question: str) -> tuple[Kind, ...]:
    """The kinds of answer that a question wants, in the order of the table; () where its wording tells none.

    Of one interrogative only the first row counts: "how much does it cost" is money, not any amount.
    """
    found: list[Kind] = []
    taken: list[tuple[int, int]] = []
    for kind in KINDS:
        spans = [match.span() for match in kind.asks.finditer(question)]
        fresh = [span for span in spans if not any(a < span[1] and span[0] < b for a, b in taken)]
        if fresh:
            found.append(kind)
            taken += fresh
    return tuple(found)


def is_sharp(question: str) -> bool:
    """Whether one kind of answer is wanted that a sentence either holds or does not."""
    kinds = kinds_of(question)
    return len(kinds) == 1 and kinds[0].sharp


def fit(question: str, text: str) -> float:
    """How far a sentence holds what the question wants to know, 0 to 1; 0 where its wording does not tell."""
    return max((_fit(kind, question, text) for kind in kinds_of(question)), default=0.0)


def said_by_fitting(question: str) -> frozenset[str]:
    """The question's words that name what is wanted: a sentence that fits need not say "length"."""
    return frozenset(stem for kind in kinds_of(question) for stem in content_stems(kind.named_by))


@lru_cache(maxsize=8_192)
def _read(text: str) -> Sentence:
    return read_sentence(text[:2_000])


def _fit(kind: Kind, question: str, text: str) -> float:
    best = 1.0 if kind.says is not None and kind.says.search(text) else 0.0
    if kind.says is not None and not kind.sharp:
        return best
    read = _read(text)
    if read.dates:
        best = max(best, kind.date)
    if read.times:
        best = max(best, kind.time)
    if kind.units or kind.bare:
        best = max(best, _figures_fit(kind, question, read))
    if kind.person or kind.place:
        best = max(best, _names_fit(kind, question, read))
    return best


def _figures_fit(kind: Kind, question: str, read: Sentence) -> float:
    words = re.findall(r"[^\W\d_]{3,}", question.lower())
    asked = {counted_stem(word) for word in words}
    unit = next((found for word in words if (found := find_unit(word))), None)
    best = 0.0
    for number in read.numbers:
        if number.kind != "plain":
            continue
        if number.unit is None:
            best = max(best, kind.bare if number.noun in asked or kind.bare < 1 else 0.6)
        elif kind.bare == 1 and unit is not None:
            best = max(best, 1.0 if number.unit.dimension == unit.dimension else 0.0)
        else:
            dimension = number.unit.dimension.partition(":")[0]
            best = max(best, kind.units.get(dimension, kind.units.get("", 0.0)))
    return best


def _names_fit(kind: Kind, question: str, read: Sentence) -> float:
    """A name that the question does not give; for a place behind a word such as "in"."""
    asked = {word.lower() for word in re.findall(r"\w+", question)}
    best = kind.place * 0.6 if kind.place and _WHERE.search(read.text) else 0.0
    for name in read.names:
        if name.weak or asked & set(name.words):
            continue
        if kind.person:
            best = max(best, kind.person * (1.0 if len(name.words) > 1 else 0.8))
        elif _AT.search(read.text, 0, name.start):
            best = max(best, kind.place)
    return best
