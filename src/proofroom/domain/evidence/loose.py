"""Words with digits that are read neither as figures nor as dates or names: 2.3.1, #45, 4G, 9-1-1.

They are compared as they stand, so that no digit of a sentence passes unseen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofroom.domain.evidence.align import Evidence, alignment, where
from proofroom.domain.evidence.features import Sentence, addresses
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.quotes import find_quotations
from proofroom.domain.evidence.scripts import NO_LETTER_BEFORE, UNSPACED, plain_figures

_LETTER = rf"[^\W_{UNSPACED}]"
_LOOSE = re.compile(rf"{_LETTER}*\d{_LETTER}*(?:[-.,/:_]{_LETTER}+)*")
# References such as [12], the number of a list's item, and addresses of mail.
_NO_WORDS = re.compile(r"\[[0-9]{1,3}(?:[,\u2013-][ ]?[0-9]{1,3}){0,20}\]|\A\W*[0-9]{1,3}[.)](?=\s)|\S+@\S+")


def loose_figures(s: Sentence) -> list[Span]:
    """Where the words stand in the sentence that hold a digit and are nothing else that is compared, in order."""
    parts = (*s.numbers, *s.dates, *s.times, *s.names)
    taken = [(x.start, x.end) for x in parts] + unread_digits(s)
    found = (m.span() for m in _LOOSE.finditer(plain_figures(s.text)))
    return [(a, b) for a, b in found if not any(a < end and start < b for start, end in taken)]


def unread_digits(s: Sentence) -> list[Span]:
    """Where addresses and references stand, whose digits are compared with nothing."""
    return addresses(s.text) + [m.span() for m in _NO_WORDS.finditer(s.text)]


def compare_loose(e: Evidence, skip: Sequence[Span] = ()) -> list[Finding]:
    """A finding for each such word outside quotations and `skip`: it stands in the sentences that bear the claim, or it does not;
    with what stands in its place there.
    """
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    out: list[Finding] = []
    for at in loose_figures(e.claim):
        if any(a < at[1] and at[0] < b for a, b in (*quoted, *skip)):
            continue
        word = e.claim.text[at[0] : at[1]]
        plain = re.escape(plain_figures(word))
        whole = re.compile(rf"{NO_LETTER_BEFORE}(?<!\d[.,/:]){plain}(?!{_LETTER}|[.,/:]\d)", re.IGNORECASE)
        held = next(
            (
                where(f, m.span())
                for f in (*e.anchors, *e.window)
                if (m := whole.search(plain_figures(f.sentence.text)))
            ),
            None,
        )
        if held is not None:
            out.append(Finding("number", "same", at, word, word, "compared as it stands", held))
            continue
        out.append(_rival(e, at, word) or Finding("number", "not_found", at, word, headline="Number not found"))
    return out


def _rival(e: Evidence, at: Span, word: str) -> Finding | None:
    for f in e.anchors:
        for place in loose_figures(f.sentence):
            if alignment(e.claim, at, f.sentence, place) >= 2:
                theirs = f.sentence.text[place[0] : place[1]]
                spot, put = where(f, place), (at, theirs)
                note, headline = "compared as it stands", "Number differs"
                return Finding("number", "differs", at, word, theirs, note, spot, put, theirs, headline=headline)
    return None
