"""What a reviewer asked for, judged on the next version by comparing text only.

A comment on a claim that still stands as it did is unmet. A comment may hold lines that can be checked:
`must contain: X`, `must not contain: X`, `must cite: TITLE`, and `remove` for the claim it is about. Whatever
else it says is the reviewer's to judge and stays open; nothing here guesses at meaning.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Claim: TypeAlias = Mapping[str, Any]
Claims: TypeAlias = Mapping[str, Sequence[Claim]]
"""The claims of each artifact, by slot. Read here: `id`, `text`, and of each anchor `role`, `source_title`,
`source_id`, `version`, `block_id`, `quote`."""

MIN_WORDS_TO_FIND = 4
"""A removed claim of at least so many words is also looked for in the plain text, where it may stand as
something that is not a claim. Shorter ones (the cell of a table) occur by chance."""

LIKENESS = 0.7
"""Share of a removed claim's words in a new claim, from which on a person looks whether it was reworded."""


class ObligationState(StrEnum):
    OPEN = "open"
    MET = "met"
    UNMET = "unmet"
    REGRESSED = "regressed"


@dataclass(frozen=True, slots=True)
class Obligation:
    """`comment` is in the reviewer's words; `artifact_slot` and the claim are what it is about, if named."""

    id: str
    comment: str
    artifact_slot: str | None = None
    claim_id: str | None = None
    claim_text: str | None = None


def judge(
    obligations: Iterable[Obligation],
    before: Claims,
    after: Claims,
    texts: Mapping[str, str],
    previous: Mapping[str, ObligationState] | None = None,
) -> dict[str, ObligationState]:
    """The state of each obligation, by its id.

    `before` and `after` are the claims of the version that was reviewed and of the new one, `texts` the plain
    text of the new one, all by slot and complete: a slot that is not there has no artifact. `previous` holds
    the states of an earlier judgement, by a person or by this function: what was met and no longer holds is
    `regressed`, and what was met stays met as long as its artifact says what it said.
    """
    earlier = previous or {}
    return {
        o.id: _since(earlier.get(o.id), _judge_one(o, before, after, texts), o, before, after)
        for o in obligations
    }


def _since(
    earlier: ObligationState | None,
    now: ObligationState,
    obligation: Obligation,
    before: Claims,
    after: Claims,
) -> ObligationState:
    if now is ObligationState.UNMET and earlier in (ObligationState.MET, ObligationState.REGRESSED):
        return ObligationState.REGRESSED
    if now is ObligationState.OPEN and earlier is ObligationState.MET:
        then, today = _of_slot(before, obligation), _of_slot(after, obligation)
        if [_evidence(c) for c in then] == [_evidence(c) for c in today]:
            return ObligationState.MET
    return now


def _judge_one(
    obligation: Obligation, before: Claims, after: Claims, texts: Mapping[str, str]
) -> ObligationState:
    lines = [line for line in obligation.comment.splitlines() if line.strip()]
    checks = [c for c in map(_check_of, lines) if c is not None]
    checkable = [
        (form, wanted) for form, wanted in checks if form != "remove" or _is_anchored(obligation, before)
    ]
    if not checkable:
        return _judge_free_text(obligation, before, after)
    states = {_judge_check(form, wanted, obligation, before, after, texts) for form, wanted in checkable}
    if ObligationState.UNMET in states:
        return ObligationState.UNMET
    if ObligationState.OPEN in states or len(checkable) < len(lines):
        return ObligationState.OPEN
    if obligation.artifact_slot is not None and obligation.artifact_slot not in after:
        return ObligationState.OPEN  # what was to be mended is gone altogether: a person looks
    return ObligationState.MET


def _judge_free_text(obligation: Obligation, before: Claims, after: Claims) -> ObligationState:
    text = _claim_text(obligation, before)
    if text is None:
        return ObligationState.OPEN
    then, today = _standing(text, obligation, before), _standing(text, obligation, after)
    if len(today) < max(1, len(then)):
        return ObligationState.OPEN
    if then and Counter(map(_evidence, then)) != Counter(map(_evidence, today)):
        return ObligationState.OPEN  # the same words on other evidence: perhaps that was asked for
    return ObligationState.UNMET


def _judge_check(
    form: str, wanted: str, obligation: Obligation, before: Claims, after: Claims, texts: Mapping[str, str]
) -> ObligationState:
    mine = [t for slot, t in texts.items() if obligation.artifact_slot in (None, slot)]
    match form:
        case "must contain":
            return _met(any(contains(text, wanted) for text in mine))
        case "must not contain":
            return _met(not any(_contains_in_any_form(text, wanted) for text in mine))
        case "must cite":
            return _judge_citation(wanted, obligation, before, after)
        case _:
            return _judge_removal(obligation, before, after, mine)


def _judge_citation(title: str, obligation: Obligation, before: Claims, after: Claims) -> ObligationState:
    """Some claim is supported by the source; for a claim that was named, that claim or one that is new."""
    citing = [c for c in _of_slot(after, obligation) if _cites(c, title)]
    text = _claim_text(obligation, before)
    if text is None or not citing:
        return _met(bool(citing))
    if any(_same(c["text"]) == _same(text) for c in citing):
        return ObligationState.MET
    if _standing(text, obligation, after):
        return ObligationState.UNMET
    known = {_same(c["text"]) for c in _of_slot(before, obligation)}
    return ObligationState.MET if any(_same(c["text"]) not in known for c in citing) else ObligationState.OPEN


def _judge_removal(
    obligation: Obligation, before: Claims, after: Claims, texts: Sequence[str]
) -> ObligationState:
    text = _claim_text(obligation, before) or ""
    then, today = _standing(text, obligation, before), _standing(text, obligation, after)
    if today:  # of two equal sentences one went: which was meant, a person sees
        return ObligationState.OPEN if len(today) < len(then) else ObligationState.UNMET
    words = _folded(text).split()
    if len(words) >= MIN_WORDS_TO_FIND and any(contains(t, text) for t in texts):
        return ObligationState.UNMET
    known = {_same(c["text"]) for c in _of_slot(before, obligation)}
    new = [c["text"] for c in _of_slot(after, obligation) if _same(c["text"]) not in known]
    return ObligationState.OPEN if any(_resembles(words, n) for n in new) else ObligationState.MET


def _met(holds: bool) -> ObligationState:
    return ObligationState.MET if holds else ObligationState.UNMET


_WITH_ARGUMENT = frozenset({"must contain", "must not contain", "must cite"})
_REMOVE = frozenset(
    f"{please}remove{what}"
    for please in ("", "please ")
    for what in ("", " it", " this", " this claim", " this sentence")
)


def _check_of(line: str) -> tuple[str, str] | None:
    """(form, what is wanted) of a line that can be checked; the case of the form's words does not matter."""
    line = line.strip().lstrip("-*\N{BULLET}").strip()
    head, colon, rest = line.partition(":")
    form, wanted = " ".join(head.casefold().split()), _unquoted(rest.strip())
    if colon and form in _WITH_ARGUMENT and _folded(wanted):
        return form, wanted
    if " ".join(line.casefold().rstrip(" .!").split()) in _REMOVE:
        return "remove", ""
    return None


_QUOTES = {
    '"': '"',
    "'": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}",
    "\N{LEFT SINGLE QUOTATION MARK}": "\N{RIGHT SINGLE QUOTATION MARK}",
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}",
}


def _unquoted(text: str) -> str:
    """What stands in quotation marks exactly as it is, anything else without the full stop that ends it."""
    if len(text) > 2 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1]
    return text.rstrip(" .,;!")


def _is_anchored(obligation: Obligation, before: Claims) -> bool:
    return _claim_text(obligation, before) is not None


def _claim_text(obligation: Obligation, before: Claims) -> str | None:
    if obligation.claim_text is not None or obligation.claim_id is None:
        return obligation.claim_text
    return next((c["text"] for c in _of_slot(before, obligation) if c["id"] == obligation.claim_id), None)


def _of_slot(claims: Claims, obligation: Obligation) -> list[Claim]:
    """The claims of the artifact it is about, or of all, in a stable order."""
    return [c for slot in sorted(claims) if obligation.artifact_slot in (None, slot) for c in claims[slot]]


def _standing(text: str, obligation: Obligation, claims: Claims) -> list[Claim]:
    return [c for c in _of_slot(claims, obligation) if _same(c["text"]) == _same(text)]


def _evidence(claim: Claim) -> tuple[str, frozenset[tuple[Any, ...]]]:
    """A claim's words and what they rest on."""
    keys = ("role", "source_id", "version", "block_id", "quote")
    return _same(claim["text"]), frozenset(tuple(a.get(k) for k in keys) for a in claim.get("anchors", ()))


def _cites(claim: Claim, title: str) -> bool:
    """Whether the claim rests on the source; one that only differs or lies near does not count."""
    return any(
        a.get("role") == "supports" and _folded(a.get("source_title") or "") == _folded(title)
        for a in claim.get("anchors", ())
    )


def _resembles(words: Sequence[str], text: str) -> bool:
    there = Counter(_folded(text).split())
    return sum((Counter(words) & there).values()) >= LIKENESS * len(words)


def contains(text: str, wanted: str) -> bool:
    """Whether `wanted` stands in `text` as whole words and numbers: `4.45` is not in `14.45` or `4.455`.

    Case, kinds of space, quotation mark and dash, and invisible characters make no difference.
    """
    return _stands_in(_folded(text), _folded(wanted))


def _contains_in_any_form(text: str, wanted: str) -> bool:
    """Also finds what is written with compatibility forms of its letters (full width, ligatures)."""
    compatible = unicodedata.normalize("NFKC", text)
    return contains(text, wanted) or contains(compatible, unicodedata.normalize("NFKC", wanted))


def _stands_in(text: str, wanted: str) -> bool:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        if not _one_word(text[max(0, at - 2) : at][::-1], wanted[0]) and not _one_word(
            text[end : end + 2], wanted[-1]
        ):
            return True
        at = text.find(wanted, at + 1)
    return False


def _one_word(outside: str, edge: str) -> bool:
    """Whether the characters beyond an edge (nearest first) go on with the word or the number at the edge."""
    if not outside or not edge.isalnum():
        return False
    if outside[0].isalnum():
        return _has_spaces(outside[0]) and _has_spaces(edge)
    return edge.isdigit() and outside[0] in ".,'" and outside[1:].isdigit()


def _has_spaces(character: str) -> bool:
    """False for scripts that do not set words apart or attach particles (Thai, Chinese, Japanese, Korean)."""
    return character < "\u0e00" or "\u1e00" <= character < "\u2000"


_FOLDED = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
    }
)


def _same(text: str) -> str:
    """The form in which two claims are the same: composed, without invisible characters, single spaces."""
    visible = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
    return " ".join(visible.split())


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", _same(text).translate(_FOLDED).casefold())
