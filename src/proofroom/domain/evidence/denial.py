"""Words that turn a whole statement: "it is false that ...", "... is a lie", "the myth that ...".

A negation inside a sentence is compared by `polarity`; these stand around a sentence that is otherwise the source's.
"""

from __future__ import annotations

import re

from proofroom.domain.evidence.features import AnalysedPassage
from proofroom.domain.evidence.model import Span

_BE = r"(?:is|was|are|were|be|been|being|it's|that's|it\u2019s|that\u2019s)"
_HOW = (
    r"(?:(?:simply|just|plainly|clearly|completely|utterly|entirely|totally|outright|in fact|also|all|only)"
    r" ){0,2}"
)
_NOUN = (
    r"(?:(?:a|an|the|pure|complete|popular|common|outright|blatant|mere) ){0,3}"
    r"(?:lie|lies|myth|myths|hoax|hoaxes|falsehood|falsehoods|untruth|fabrication|fabrications|fallacy|misconception"
    r"|invention of|nonsense|fake news)"
)
_ADJECTIVE = r"(?:false|untrue|a\s?fiction|made up|invented|wrong|incorrect|inaccurate|mistaken)"
_ENDS = r"(?=\s{0,3}(?:[.,;:!?)\]\u201d\u2019\"']|\Z|and\b|or\b|but\b))"
_SURE = r"(?:false|untrue|a\s?fiction|made up)"
_DENIAL = re.compile(
    rf"\b{_BE} {_HOW}{_NOUN}\b"
    rf"|\b(?:it|this) {_BE} {_HOW}{_ADJECTIVE} that\b"
    rf"|\b(?:which|this|that) {_BE} {_HOW}{_ADJECTIVE}{_ENDS}"
    rf"|\b{_BE} {_HOW}{_SURE}{_ENDS}"
    r"|\bthe (?:lie|myth|hoax|falsehood|fallacy|misconception|false (?:claim|story|report|idea|belief)) that\b"
    r"|\b(?:contrary to|against) (?:the )?(?:claim|claims|reports?|belief|popular belief|rumours?|rumors?) that\b"
    r"|\A\W{0,3}(?:false|untrue|myth|lie|hoax)\s?[:!\u2013\u2014]"
    r"|[,\u2013\u2014-] (?:a|an) (?:outright |blatant |mere )?(?:lie|myth|hoax|falsehood|fabrication)"
    + _ENDS,
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(r"\A\W{0,3}(?:this|that|it|which|all (?:this|that))\b", re.IGNORECASE)


def denial(text: str) -> Span | None:
    """Where a sentence turns what it otherwise states, or None. Two of them cancel each other."""
    found = [m.span() for m in _DENIAL.finditer(text)]
    return found[0] if len(found) % 2 else None


def denied_in_source(passage: AnalysedPassage, index: int) -> Span | None:
    """Where the passage turns its sentence of that index: in itself, or in the next one, that points back to it."""
    for i in (index, index + 1):
        if i >= len(passage.sentences):
            continue
        sentence = passage.sentences[i]
        if i > index and not (_POINTS_BACK.search(sentence.text) and len(sentence.toks) <= 8):
            continue
        span = denial(sentence.text)
        if span is not None:
            return sentence.start + span[0], sentence.start + span[1]
    return None
