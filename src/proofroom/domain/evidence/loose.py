"""Words with digits that are read neither as figures nor as dates or names: 2.3.1, #45, 4G, 9-1-1.

They are compared as they stand, so that no digit of a sentence passes unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from proofroom.domain.evidence.align import Evidence, alignment, where
from proofroom.domain.evidence.features import Sentence, addresses
from proofroom.domain.evidence.finding import Finding, Where
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.quotes import find_quotations
from proofroom.domain.evidence.scripts import UNSPACED, plain_figures

_LETTER = rf"[^\W_{UNSPACED}]"
_LOOSE = re.compile(rf"(?<!{_LETTER}){_LETTER}*\d{_LETTER}*(?:[-.,/:_]{_LETTER}+)*")
# References such as [12], the number of a list's item, and addresses of mail.
_NO_WORDS = re.compile(
    r"\[[0-9]{1,3}(?:[,\u2013-][ ]?[0-9]{1,3}){0,20}\]|\A\W{0,9}[0-9]{1,3}[.)](?=\s)"
    r"|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}"
)
_MOST_RIVALS = 40
"""Words of a sentence for which what stands in their place is looked for, at most: it costs."""
_NOTE = "compared as it stands"


def loose_figures(s: Sentence) -> list[Span]:
    """Where the words stand in the sentence that hold a digit and are nothing else that is compared, in order."""
    parts = (*s.numbers, *s.dates, *s.times, *s.names)
    taken = marked(len(s.text), [(x.start, x.end) for x in parts] + addresses(s.text) + _no_words(s.text))
    found = (m.span() for m in _LOOSE.finditer(plain_figures(s.text)))
    return [(a, b) for a, b in found if not any(taken[a:b])]


def marked(length: int, spans: Iterable[Span]) -> bytearray:
    """For each place of a text 1 where one of the ranges covers it, else 0."""
    out = bytearray(length)
    for start, end in spans:
        out[start:end] = b"\x01" * (end - start)
    return out


def _no_words(text: str) -> list[Span]:
    return [m.span() for m in _NO_WORDS.finditer(text)]


def compare_loose(e: Evidence, skip: Sequence[Span] = ()) -> list[Finding]:
    """A finding for each such word outside quotations and `skip`: whether it stands in the sentences that bear the
    claim, and what stands in its place there.
    """
    ours = loose_figures(e.claim)
    if not ours:
        return []
    settled = marked(len(e.claim.text), [*((q.start, q.end) for q in find_quotations(e.claim.text)), *skip])
    theirs: dict[str, Where] = {}
    for f in (*e.anchors, *e.window):
        for word, span in _words(f.sentence.text):
            theirs.setdefault(word, where(f, span))
    rivals = [(f, place) for f in e.anchors for place in loose_figures(f.sentence)]
    out: list[Finding] = []
    for at in ours:
        if any(settled[at[0] : at[1]]):
            continue
        word = e.claim.text[at[0] : at[1]]
        held = theirs.get(plain_figures(word).lower())
        if held is not None:
            out.append(Finding("number", "same", at, word, word, _NOTE, held))
            continue
        rival = _rival(e.claim, at, rivals) if len(out) < _MOST_RIVALS else None
        out.append(rival or Finding("number", "not_found", at, word, headline="Number not found"))
    return out


def _words(text: str) -> Iterator[tuple[str, Span]]:
    """The words with digits of a text in lower case, and the parts of those with hyphens."""
    for m in _LOOSE.finditer(plain_figures(text)):
        at = m.start()
        yield m.group().lower(), m.span()
        for part in m.group().lower().split("-"):
            yield part, (at, at + len(part))
            at += len(part) + 1


def _rival(claim: Sentence, at: Span, rivals: Sequence[tuple[Found, Span]]) -> Finding | None:
    for f, place in rivals:
        if alignment(claim, at, f.sentence, place) >= 2:
            ours, theirs = claim.text[at[0] : at[1]], f.sentence.text[place[0] : place[1]]
            spot, put, headline = where(f, place), (at, theirs), "Number differs"
            return Finding("number", "differs", at, ours, theirs, _NOTE, spot, put, theirs, headline=headline)
    return None
