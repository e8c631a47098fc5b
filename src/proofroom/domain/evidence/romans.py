"""Roman numerals that count something: phase III, Volume ii, Chapter IV. Those within names are compared as names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from proofroom.domain.evidence.align import Evidence, where
from proofroom.domain.evidence.features import Sentence
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.words import stem

_LABELS = (
    "phase|part|volume|vol\\.?|chapter|section|article|annex|appendix|book|act|table|figure|fig\\.?|type|stage|grade|"
    "class|group|level|step|title|schedule|tier|category|factor|complex|collagen|mark|round|war|protocol|directive"
)
_ROMAN = re.compile(
    rf"\b(?P<label>{_LABELS})s?[ \u00a0-](?P<roman>(?=[ivxlc])c{{0,3}}(?:xc|xl|l?x{{0,3}})(?:ix|iv|v?i{{0,3}}))"
    r"(?![\w])(?!['\u2019])",
    re.IGNORECASE,
)
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class Roman:
    """A numeral with the word before it, in lower case and singular; the range is that of the numeral."""

    label: str
    value: int
    start: int
    end: int


def find_romans(text: str) -> list[Roman]:
    """The Roman numerals of a text that stand behind a word that is counted; "part I" may open a clause."""
    return [
        Roman(stem(m["label"].lower().rstrip(".")), _value(m["roman"].lower()), *m.span("roman"))
        for m in _ROMAN.finditer(text)
        if m["roman"].isupper() or m["roman"].islower()
    ]


def _value(roman: str) -> int:
    values = [_VALUES[c] for c in roman]
    return sum(-v if any(w > v for w in values[i + 1 : i + 2]) else v for i, v in enumerate(values))


def compare_romans(e: Evidence) -> list[Finding]:
    """Each numeral of the claim beside those that the anchors have behind the same word, in Roman or other figures."""
    out: list[Finding] = []
    for one in find_romans(e.claim.text):
        finding = _compare(e, one)
        if finding is not None:
            out.append(finding)
    return out


def _compare(e: Evidence, one: Roman) -> Finding | None:
    span, said = (one.start, one.end), e.claim.text[one.start : one.end]
    theirs = [(f, *x) for f in e.anchors for x in _counted(f.sentence, one.label)]
    for f, value, place in theirs:
        if value == one.value:
            text = f.sentence.text[slice(*place)]
            return Finding("number", "same", span, said, text, None, where(f, place))
    first = next((t for t in theirs if t[0] is e.anchors[0]), None)
    if first is None:
        return None
    f, _, place = first
    text = f.sentence.text[slice(*place)]
    return Finding(
        "number",
        "differs",
        span,
        said,
        text,
        None,
        where(f, place),
        (span, text),
        text,
        headline="Number differs",
    )


def _counted(s: Sentence, label: str) -> list[tuple[int, tuple[int, int]]]:
    """What stands behind a word: value and place of each figure, Roman or not."""
    found = [(r.value, (r.start, r.end)) for r in find_romans(s.text) if r.label == label]
    labels = [n for n in s.numbers if n.kind == "label" and stem(n.label) == label]
    return found + [(int(n.low), (n.start, n.end)) for n in labels if n.low == int(n.low)]
