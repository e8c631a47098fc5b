"""Whether what looks like a year counts something: 1559 tonnes, 1500-1600 km, 1800 people."""

from __future__ import annotations

import re

from proofroom.domain.evidence.units import SCALES, find_unit

_BEHIND = re.compile(
    r"[ \u00a0\u202f]((?:[^\W\d_]|[\u00b0%\u2030\u20ac\u00a3\u00a5\u00b5/\u00b2\u00b3\u00b7])+)"
    r"(?:[ \u00a0]([^\W\d_]+))?"
)
# "1500 to 1600 km": the second figure has the unit of both.
_SECOND = re.compile(r"[ \u00a0]?(?:[-\u2013\u2014]|to|and|or)[ \u00a0]?[0-9][0-9,.]*(?=[ \u00a0])")
# Constant prices are in the money of a year, and "In 2019 people went" begins with one.
_IN = re.compile(
    r"\b(?:in|since|during|until|constant|current|real|chained|the|year)(?: (?:constant|current))?[ \u00a0]\Z",
    re.IGNORECASE,
)
_PEOPLE = frozenset(
    "people persons inhabitants residents men women children adults patients participants employees workers students "
    "pupils visitors passengers soldiers voters members households homes houses jobs deaths cases copies pages".split()
)
# Units that are words of their own as well, such as "2019 second half".
_DOUBTFUL = frozenset(
    "second time bar foot mole cent degree pound minute day month year decade century au pp".split()
)


def counted(text: str, start: int, end: int) -> bool:
    """Whether the figure at `start:end`, which may be a year, stands before what it counts or measures."""
    second = _SECOND.match(text, end)
    m = _BEHIND.match(text, second.end() if second else end)
    if m is None:
        return False
    word, low = m[1], m[1].lower()
    if _IN.search(text[max(0, start - 24) : start]):
        # Only what no sentence goes on with: "in 1559 tonnes" of ore, but "in 2019 people" and "in 2019 dollars".
        unit = find_unit(word)
        return (
            unit is not None
            and unit.dimension in ("mass", "length", "volume", "area", "energy")
            and len(word) > 1
        )
    if low in SCALES or low in _PEOPLE:
        return True
    unit = find_unit(word) or (find_unit(f"{word} {m[2]}") if m[2] else None)
    if unit is None or low in _DOUBTFUL:
        return False
    if text[start - 1 : start] == "(" and unit.dimension.startswith("money"):  # (2019 USD)
        return False
    # "2019 A. Smith", "2020 W": a capital alone is more often an initial.
    return len(word) > 1 or not word.isupper()
