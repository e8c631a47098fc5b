"""One error planted in a copy of a true sentence.

The planting knows nothing of the checks: it works with its own few regular expressions, and every choice comes
from the `random.Random` that is handed in. `plant_number`, `plant_date`, `plant_quote`, `plant_source`,
`plant_name`, `plant_unit`, `plant_denial` and the tables that they work with are older than the first check; what is
called later, and what stands under "Added later", is not.

A planted error is a sentence that its source does not bear out. A quotation that only ends early still stands
word for word, so no maker cuts one short.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

MONTHS = "January February March April May June July August September October November December".split()
_MONTH = "|".join(MONTHS)
_DATE = re.compile(rf"\b(?:(\d{{1,2}}) )?({_MONTH})(?: (\d{{1,2}}),?)?(?: (\d{{4}}))?\b")
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]\d|\d)")
_NUMBER = re.compile(r"(?<![\w.,:/-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/-]|[.,]\d)")
_QUOTE = re.compile(r"“([^”]+)”")
_NAME = re.compile(r"(?<=[a-z,;] )(?:[A-Z][a-z]+(?: [A-Z][a-z]+)+|[A-Z][a-z]{3,})")
_UNITS = {
    " km ": " miles ", " m ": " km ", " kg": " g", " mg ": " g ", " million": " billion", " minutes": " hours",
    " weeks": " months", " days": " weeks", " percent": " percentage points", "$": "€", "€": "£", "£": "$",
    " kWh": " MWh", " tonnes": " kg", " micrograms": " milligrams", " km/h": " m/s", " bar": " Pa",
    " months": " years", "%": " percentage points", " months.": " weeks.", " mm ": " cm ", " years": " months",
    " days.": " weeks.", " m.": " km.", " GN": " MN", " ml": " l",
}  # fmt: skip
_TURNS = {
    "rose": "fell", "fell": "rose", "increased": "decreased", "decreased": "increased", "dropped": "climbed",
    "more": "less", "less": "more", "above": "below", "below": "above", "before": "after", "after": "before",
    "longer": "shorter", "higher": "lower", "lower": "higher", "largest": "smallest", "lowest": "highest",
    "highest": "lowest", "down": "up", "up": "down", "larger": "smaller", "increase": "decrease",
    "decrease": "increase", "reduced": "increased", "worse": "better",
}  # fmt: skip
_LATER_UNITS = {  # added after the checks, as are the two tables below
    " seconds": " minutes", " hours": " days", " °C": " °F", " micrometres": " millimetres", " metres": " feet",
    " feet": " metres", " miles": " km", " m tall": " feet tall", " m wide": " feet wide", " m deep": " km deep",
    " m long": " miles long", " m apart": " km apart", " MB": " GB", " GB": " MB", " KB": " MB", " minute": " hour",
    " characters": " bytes", " hour": " minute", " m above": " km above", " km above": " miles above",
    " square metres": " hectares", " days": " hours", " kg": " tonnes", " million": " thousand",
    " percent": " per mille",
}  # fmt: skip
_LATER_TURNS = {
    "first": "last", "last": "first", "longest": "shortest", "shortest": "longest", "deeper": "shallower",
    "cheaper": "dearer", "wider": "narrower", "earlier": "later", "later": "earlier", "opened": "closed",
    "closed": "opened", "accepted": "rejected", "rejected": "accepted", "inside": "outside", "outside": "inside",
    "most": "fewest", "best": "worst", "greatest": "smallest", "older": "newer", "newer": "older", "better": "worse",
    "smallest": "largest", "smaller": "larger", "colder": "warmer", "rarer": "commoner", "often": "seldom",
}  # fmt: skip
_LATER_DENIALS = {
    "nobody": "everybody", "Nobody": "Everybody", "nothing": "everything", "Nothing": "Everything",
    "no one": "everyone", "No one": "Everyone", "without": "with", "none": "all", "None": "All", "cannot": "can",
}  # fmt: skip
_SOURCES = (
    "According to the Halvorsen Audit of 2011, {}",
    "The Whitfield Commission Report found that {}",
    "A study by Marchetti et al. (2009) showed that {}",
    "The Northgate Survey of March 2000 reported that {}",
    "As Professor Quillon wrote in the Journal of Applied Prudence, {}",
    "An article in the Bexley Gazette claimed that {}",
    "{} (https://www.example.org/reports/9921.pdf).",
)
_STRANGERS = (
    "Wexcombe",
    "Tamsin Orley",
    "Brightwater Group",
    "Quenby",
    "Aldous Ferrier",
    "Northgate",
    "Pellmore Works",
)


@dataclass(frozen=True)
class Planted:
    kind: str
    true: str
    text: str


def _swap(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def plant_number(text: str, rng: random.Random) -> str | None:
    taken = [m.span() for m in _DATE.finditer(text) if m.group(1) or m.group(3) or m.group(4)]
    taken += [m.span() for m in _YEAR.finditer(text)] + [m.span() for m in _QUOTE.finditer(text)]
    hits = [m for m in _NUMBER.finditer(text) if not any(a <= m.start() < b for a, b in taken)]
    if not hits:
        return None
    m = rng.choice(hits)
    old = m.group()
    digits = [i for i, c in enumerate(old) if c.isdigit()]
    for _ in range(20):
        kind = rng.randrange(3)
        if kind == 0:  # another digit
            i = rng.choice(digits)
            new = _swap(old, i, i + 1, rng.choice("123456789"))
        elif kind == 1 and "." in old:  # the point moves
            new = str(float(old.replace(",", "")) * 10).rstrip("0").rstrip(".")
        else:  # a multiple
            new = f"{float(old.replace(',', '')) * rng.choice((2, 3, 10)):,.12g}"
        if new != old and float(new.replace(",", "")) != float(old.replace(",", "")):
            return _swap(text, m.start(), m.end(), new)
    return None


def plant_date(text: str, rng: random.Random) -> str | None:
    hits: list[tuple[int, int, str]] = []
    for m in _DATE.finditer(text):
        for g in (1, 3):
            if m.group(g):
                day = int(m.group(g))
                hits.append((*m.span(g), str(day + 5 if day <= 23 else day - 5)))
        if m.group(1) or m.group(3) or m.group(4):
            hits.append((*m.span(2), rng.choice([x for x in MONTHS if x != m.group(2)])))
    hits += [
        (*m.span(), str(int(m.group()) + rng.choice((-10, -2, -1, 1, 2, 10)))) for m in _YEAR.finditer(text)
    ]
    quotes = [m.span() for m in _QUOTE.finditer(text)]
    hits = [h for h in hits if not any(a <= h[0] < b for a, b in quotes)]
    return _swap(text, *rng.choice(hits)) if hits else None


def plant_quote(text: str, rng: random.Random) -> str | None:
    m = _QUOTE.search(text)
    if m is None:
        return None
    words = m.group(1).split(" ")
    if len(words) < 2:  # a single word in quotation marks is a name
        return None
    kind = rng.randrange(3)
    if kind == 1 and len(words) < 3:
        return None
    i = rng.randrange(1, len(words) - (kind == 1))  # without its last word it would only be shorter
    if kind == 0:
        words[i] = rng.choice([w for w in ("always", "test", "seldom", "others", "kept") if w != words[i]])
    elif kind == 1:
        del words[i]
    else:
        words.insert(i, rng.choice(("clearly", "also", "not")))
    return _swap(text, *m.span(1), " ".join(words))


def plant_source(text: str, rng: random.Random) -> str | None:
    pattern = rng.choice(_SOURCES)
    return pattern.format(text.rstrip(".") if pattern.startswith("{}") else text[0].lower() + text[1:])


def plant_name(text: str, rng: random.Random, others: Sequence[str]) -> str | None:
    quotes = [m.span() for m in _QUOTE.finditer(text)]
    hits = [
        m
        for m in _NAME.finditer(text)
        if m.group() not in MONTHS and not any(a <= m.start() < b for a, b in quotes)
    ]
    if not hits:
        return None
    m = rng.choice(hits)
    pool = [
        n for n in (*others, *_STRANGERS) if n not in text and not set(n.split()) & set(m.group().split())
    ]
    return _swap(text, m.start(), m.end(), rng.choice(pool)) if pool else None


def plant_unit(text: str, rng: random.Random) -> str | None:
    hits: list[tuple[int, int, str]] = []
    for unit, other in (*_UNITS.items(), *_LATER_UNITS.items()):
        before = r"(?<=\d)" if not unit.startswith(("$", "€", "£")) else ""
        after = r"(?=\d)" if unit in "$€£" else (r"(?![\w/])" if unit[-1].isalpha() else "")
        hits += [(*m.span(), other) for m in re.finditer(before + re.escape(unit) + after, text)]
    return _swap(text, *rng.choice(hits)) if hits else None


def plant_negation(text: str, rng: random.Random) -> str | None:
    """A negation dropped."""
    swaps = [(m, "") for m in re.finditer(r"\b(?<!or )(?<!if )(?:not(?! only| just)|never) ", text)]
    swaps += [
        (m, "Some " if m.group()[0] == "N" else "some ")
        for m in re.finditer(r"\b[Nn]o (?=[a-z])(?!longer|more|less|fewer|later|matter)", text)
    ]
    swaps += [
        (m, _LATER_DENIALS[m.group()])
        for m in re.finditer(r"\b(?:" + "|".join(_LATER_DENIALS) + r")\b(?! (?:longer|matter))", text)
    ]
    return _one_of(text, swaps, rng)


def plant_denial(text: str, rng: random.Random) -> str | None:
    """A negation added."""
    verbs = r"\b(was|were|is|are|had|has|could|should|can|will) (?!not\b|never\b|no\b)(?=[a-z])"
    return _one_of(text, [(m, f"{m.group(1)} not ") for m in re.finditer(verbs, text)], rng)


def plant_direction(text: str, rng: random.Random) -> str | None:
    """Rose for fell, before for after."""
    turns = {**_LATER_TURNS, **_TURNS}
    words = r"\b(" + "|".join(turns) + r")\b"
    return _one_of(text, [(m, turns[m.group()]) for m in re.finditer(words, text)], rng)


def _one_of(text: str, swaps: Iterable[tuple[re.Match[str], str]], rng: random.Random) -> str | None:
    quotes = [m.span() for m in _QUOTE.finditer(text)]
    options = [
        _swap(text, *m.span(), new) for m, new in swaps if not any(a <= m.start() < b for a, b in quotes)
    ]
    return rng.choice(options) if options else None


# Added later -----------------------------------------------------------------------------------------

_FRAMES = (
    "The text reads “{}”.",
    "It says that “{}”.",
    "In the words of the record, “{}”.",
    "The passage has it that “{}”.",
)
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*,?")


def frame_quote(text: str, rng: random.Random) -> str | None:
    """A sentence that quotes six to sixteen words of `text` exactly as they stand there."""
    words = text.split(" ")
    if any(c in text for c in '“”"«»[]()|*_`<>') or len(words) < 8:
        return None
    size = rng.randint(6, min(16, len(words) - 1))
    at = rng.randrange(0, len(words) - size + 1)
    return rng.choice(_FRAMES).format(" ".join(words[at : at + size]).rstrip(".,;:"))


def plant_transposed(text: str, rng: random.Random) -> str | None:
    """A quotation with two neighbouring words in each other's place."""
    m = _QUOTE.search(text)
    if m is None:
        return None
    words = m.group(1).split(" ")
    pairs = [
        i
        for i in range(1, len(words) - 1)
        if words[i].lower() != words[i + 1].lower()
        and _PLAIN_WORD.fullmatch(words[i])
        and _PLAIN_WORD.fullmatch(words[i + 1])
    ]
    if not pairs:
        return None
    i = rng.choice(pairs)
    words[i], words[i + 1] = words[i + 1], words[i]
    return _swap(text, *m.span(1), " ".join(words))


def plant_shifted(text: str, rng: random.Random) -> str | None:
    """A quotation whose marks stand one word too early or too late, so that a word of the reporter is quoted."""
    options = [
        f"{m.group(1)}“{m.group(2)} {m.group(3)}”"
        for m in re.finditer(r"(\A|.*\s)(\S+) “([^”]+)”", text)
        if _PLAIN_WORD.fullmatch(m.group(2))
    ]
    options = [o + text[text.index("”") + 1 :] for o in options if text.count("”") == 1]
    after = re.search(r"” ([A-Za-z'’-]+)", text)
    if after and text.count("”") == 1:
        options.append(_swap(text, *after.span(), f" {after.group(1)}”"))
    return rng.choice(options) if options else None


def alter_words(quote: str, rng: random.Random) -> str | None:
    """The words of a quote off by one: one dropped, added, changed or moved."""
    maker = rng.choice((plant_quote, plant_quote, plant_quote, plant_transposed))
    altered = maker(f"“{quote}”", rng)
    return None if altered is None else altered[1:-1]


# All of them -----------------------------------------------------------------------------------------


def sentences_of(texts: Iterable[str]) -> list[str]:
    """Plain split at full stops; the texts were written so that this is enough."""
    out: list[str] = []
    for text in texts:
        out += [s.strip() for s in re.split(r"(?<=[.!?”])(?<!Dr\.) (?=[A-Z])", text) if len(s.split()) > 3]
    return out


def names_of(sentences: Iterable[str]) -> list[str]:
    """The names in sentences, to swap with one another."""
    return sorted({m.group() for s in sentences for m in _NAME.finditer(s) if m.group() not in MONTHS})


def makers(sentences: Sequence[str], rng: random.Random) -> dict[str, Sequence[Callable[[str], str | None]]]:
    """For each kind of error the functions that plant it in a sentence, or answer None where they cannot."""
    names = names_of(sentences)

    def quoted(text: str) -> str | None:
        framed = frame_quote(text, rng)
        if framed is None:
            return None
        return rng.choice((plant_quote, plant_quote, plant_quote, plant_transposed))(framed, rng)

    return {
        "number": (lambda s: plant_number(s, rng),),
        "date": (lambda s: plant_date(s, rng),),
        "quote": (
            lambda s: plant_quote(s, rng),
            lambda s: plant_transposed(s, rng),
            lambda s: plant_shifted(s, rng),
            quoted,
        ),
        "source": (lambda s: plant_source(s, rng),),
        "name": (lambda s: plant_name(s, rng, names),),
        "unit": (lambda s: plant_unit(s, rng),),
        "negation": (lambda s: plant_negation(s, rng),),
        "denial": (lambda s: plant_denial(s, rng),),
        "direction": (lambda s: plant_direction(s, rng),),
    }


def plant_all(sentences: Sequence[str], rng: random.Random, rounds: int) -> list[Planted]:
    """Every kind of error in every sentence that can hold it, `rounds` times; equal copies count once.

    What by chance stands in a true sentence as it is, is no error and is left out.
    """
    true = "\n".join(sentences)
    seen: set[tuple[str, str]] = set()
    out: list[Planted] = []
    for kind, ways in makers(sentences, rng).items():
        for _ in range(rounds):
            for s in sentences:
                for make in ways:
                    text = make(s)
                    if (
                        text is None
                        or text in true
                        or (kind, text) in seen
                        or _still_quotes(kind, text, true)
                    ):
                        continue
                    seen.add((kind, text))
                    out.append(Planted(kind, s, text))
    return out


def _still_quotes(kind: str, text: str, true: str) -> bool:
    """Whether what is quoted stands in the texts after all."""
    return kind == "quote" and any(m.group(1) in true for m in _QUOTE.finditer(text))
