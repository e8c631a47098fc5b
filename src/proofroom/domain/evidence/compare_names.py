"""Names of a claim beside those of its anchors and sources."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proofroom.domain.evidence.align import Evidence, alignment, same_source, where
from proofroom.domain.evidence.features import AnalysedPassage
from proofroom.domain.evidence.finding import Finding, Where
from proofroom.domain.evidence.match import Found
from proofroom.domain.evidence.model import Span
from proofroom.domain.evidence.names import Name, fold, initials
from proofroom.domain.evidence.quotes import find_quotations

_PARTS = re.compile(r"[0-9]+|[^\W\d_]+")


_Rival = tuple[
    Found, Name, tuple[Span, str]
]  # what stands there, and what to put for which range of the claim


def compare_names(e: Evidence, skip: Sequence[Span]) -> list[Finding]:
    """Each name of the claim: in the anchor, in the same source or anywhere given, swapped, or not found."""
    out: list[Finding] = []
    quoted = [(q.start, q.end) for q in find_quotations(e.claim.text)]
    for name in e.claim.names:
        if any(a <= name.start < b for a, b in (*skip, *quoted)):
            continue
        finding = _compare_name(e, name)
        if finding is not None:
            out.append(finding)
    return out


def _compare_name(e: Evidence, name: Name) -> Finding | None:
    span = (name.start, name.end)
    if _defined_here(e.claim.text, name):
        return None
    best = e.anchors[:1]
    rival = _rival_name(e, name) if not any(_name_in(name, f) for f in best) else _replaced_in(e, name)
    for found in () if rival is not None else e.anchors:
        spot = _name_in(name, found)
        if spot is not None:
            # A capital at the beginning of the sentence that the source writes small was no name.
            plain = name.weak and _cut(spot)[:1].islower()
            return None if plain else Finding("name", "same", span, name.text, _cut(spot), None, spot)
    if rival is not None:
        found, other, put = rival
        return Finding(
            "name",
            "differs",
            span,
            name.text,
            other.text,
            None,
            where(found, (other.start, other.end)),
            put,
            other.text,
            headline="Name differs",
        )
    if name.weak:
        return None
    for found in e.window:
        spot = _name_in(name, found)
        if spot is not None:
            return Finding("name", "same", span, name.text, _cut(spot), None, spot)
    everything = (*e.passages, *e.near)
    for p in everything:
        if _mentions(p, name):
            same = same_source(e, p)
            note = "stands elsewhere in the same source" if same else "stands in another passage"
            return Finding("name", "note", span, name.text, name.text, note)
    return Finding("name", "not_found", span, name.text, headline="Name not found")


def _defined_here(text: str, name: Name) -> bool:
    """An acronym in brackets behind the words it stands for: inflammatory eye disease (IED), stem cells (SCs)."""
    if (
        len(name.words) > 1
        or text[name.start - 1 : name.start] != "("
        or text[name.end : name.end + 1] != ")"
    ):
        return False
    short = "".join(name.words)
    short = short[:-1] if name.text.endswith("s") else short
    words = [fold(w) for w in re.findall(r"[^\W_]+", text[max(0, name.start - 200) : name.start])]
    return "".join(w[0] for w in words[-len(short) :]) == short


def _cut(spot: Where) -> str:
    passage, (start, end) = spot
    return passage.passage.text[start:end]


def _name_in(name: Name, found: Found) -> Where | None:
    """Where the name stands in a sentence, in full, as part of a longer name, or as its acronym."""
    s = found.sentence
    low = [fold(t.low) for t in s.toks]
    forms = _forms(name)
    for form in forms:
        size = len(form)
        for i in range(len(low) - size + 1):
            if low[i : i + size] == form:
                return where(found, (s.toks[i].start, s.toks[i + size - 1].end))
    for other in s.names:
        if _alias(name, other):
            return where(found, (other.start, other.end))
    if len(name.words) > 1 and all(w in low for w in forms[0]):
        i = low.index(forms[0][-1])
        return where(found, (s.toks[i].start, s.toks[i].end))
    return None


def _forms(name: Name) -> list[list[str]]:
    """How the words of a name may stand in a text: the first without what opens the sentence, IL-2 also as IL2."""
    forms = [_split(name.words)]
    if len(name.words) > 1 and name.start == 0:
        forms.append(_split(name.words[1:]))
    if len(name.words) == 1 and any(c.isdigit() for c in name.words[0]):
        parts = _PARTS.findall("".join(forms[0]))
        forms += [form for form in (["".join(parts)], parts) if form not in forms]
    return forms


def _split(words: Sequence[str]) -> list[str]:
    """Words as the tokens of a sentence have them: jet-powered is two."""
    return [fold(p) for w in words for p in w.replace("&", "-").split("-") if p]


def _alias(a: Name, b: Name) -> bool:
    """JPL and Jet Propulsion Laboratory, either way."""
    for short, long in ((a, b), (b, a)):
        single = len(short.words) == 1 and len(long.words) > 1 and len(short.words[0]) >= 2
        if single and initials(long.words) == short.words[0]:
            return True
    return False


def _mentions(p: AnalysedPassage, name: Name) -> bool:
    forms = _forms(name)
    if any(p.has_words(form) for form in forms):
        return True
    if len(name.words) == 1 and len(forms[0]) > 1 and all(len(w) > 2 and p.has_words([w]) for w in forms[0]):
        return True  # RANK-RANKL: both are spoken of
    if len(forms[0]) > 1:
        short = initials(name.words)
        return len(short) >= 2 and f" {short} " in p.flat
    return any(_alias(name, other) for s in p.sentences for other in s.names)


def _replaced_in(e: Evidence, name: Name) -> _Rival | None:
    """What another anchor has in place of the name where it is most of the claim word for word: the best anchor may
    be one that only speaks of the name.
    """
    for found in e.anchors[1:]:
        replaced = _replaced(e, name, found, 0.7)
        if replaced is not None and _name_in(name, found) is None:
            return replaced
    return None


def _replaced(e: Evidence, name: Name, found: Found, least: float = 0.5) -> _Rival | None:
    """What stands in an anchor instead of the name, if the two sentences are the same but for one stretch, at
    least that share of the claim.
    """
    ours, theirs = e.claim.toks, found.sentence.toks
    left = 0
    while left < min(len(ours), len(theirs)) and ours[left].low == theirs[left].low:
        left += 1
    right = 0
    while right < min(len(ours), len(theirs)) - left and ours[-1 - right].low == theirs[-1 - right].low:
        right += 1
    mine, other = ours[left : len(ours) - right], theirs[left : len(theirs) - right]
    if (
        left + right < 3
        or left + right < least * len(ours)
        or not 1 <= len(other) <= 6
        or not 1 <= len(mine) <= 6
    ):
        return None
    if mine[0].start < name.start - 12 or name.end < mine[-1].end or name.start >= mine[-1].end:
        return None
    text = found.sentence.text
    caps = [t for t in other if text[t.start].isupper()]
    if not caps:
        return None
    # The name may begin before the stretch and end behind it: "Louis XVI" beside "Louis XIV".
    first, last = ours.index(mine[0]), ours.index(mine[-1])
    before = sum(name.start <= t.start for t in ours[:first])
    after = sum(t.end <= name.end for t in ours[last + 1 :])
    behind = len(theirs) - right
    start = theirs[left - before].start if before else caps[0].start
    end = theirs[behind + after - 1].end if after else caps[-1].end
    words = theirs[left - before : behind + after]
    put = (min(name.start, mine[0].start), max(name.end, mine[-1].end))
    whole = text[words[0].start : words[-1].end]
    return found, Name(start, end, text[start:end], tuple(fold(t.low) for t in words)), (put, whole)


def _rival_name(e: Evidence, name: Name) -> _Rival | None:
    """The name that stands in the anchor right where the draft has another one."""
    replaced = _replaced(e, name, e.anchors[0])
    if replaced is not None:
        return replaced
    found = e.anchors[0]
    s = found.sentence
    if found.coverage < 0.5:
        return None
    at_edge = name.start == 0 or name.end >= len(e.claim.text.rstrip(" ."))
    for other in s.names:
        if any(set(other.words) <= set(c.words) or _alias(c, other) for c in e.claim.names):
            continue
        aligned = alignment(e.claim, (name.start, name.end), s, (other.start, other.end))
        if aligned >= 3 or (aligned >= 1 and at_edge and found.coverage >= 0.6):
            return found, other, ((name.start, name.end), other.text)
    return None
