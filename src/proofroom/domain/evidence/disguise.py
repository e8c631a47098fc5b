"""Characters that a person reads as something else than the comparisons do.

A figure in full-width or circled digits, `not` with an invisible character or a Cyrillic letter in it, a line whose
direction is turned round: to the reader they say what the comparisons never see. They are told apart by Unicode's
categories and compatibility forms (Unicode Standard Annex 15), and by scripts mixed within a word (Unicode Technical
Standard 39, section 5). What stands in the source just so is no disguise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from proofroom.domain.evidence.align import Evidence
from proofroom.domain.evidence.finding import Finding
from proofroom.domain.evidence.model import Span

Role = Literal["", "invisible", "turns", "form", "figure", "raised", "sign"]

_WORD = re.compile(r"\S*[^\x00-\x7f\s]\S*")
_LETTERS = re.compile(r"[^\W\d_]+")
_EDGES = ".,;:!?()[]{}\"'\u2018\u2019\u201c\u201d\u00ab\u00bb"
_WITHIN = "'\u2019.,-%"
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FILLERS = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0") | {chr(c) for c in range(0xFE00, 0xFE10)}
_STRUCK = frozenset("\u0335\u0336\u0337\u0338")
_SIGNS = frozenset("\u2796\ufe52\ufe63\ufe6a\uff05\uff0b\uff0c\uff0d\uff0e")
_NO_FORM = frozenset("\u00aa\u00ba\u2103\u2109\u2116\u2120\u2122\u212a\u212b")
_LIKE_LATIN = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧνιο")
_OTHER_SCRIPTS = ("CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
_LATIN_END, _ALPHABETS_END = "\u0250", "\u0590"


@dataclass(frozen=True, slots=True)
class Disguise:
    """A word that is not what it looks like. `sure` is false for what is honest in many texts: a fraction sign,
    a raised figure behind a figure, a soft hyphen, a whole word of another script."""

    start: int
    end: int
    sure: bool


def disguises(text: str) -> Iterator[Disguise]:
    """The words of a text that show something else than they hold, in order."""
    if text.isascii():
        return
    latin = sum("a" <= c.lower() <= "z" for c in text) * 2 > sum(c.isalpha() for c in text)
    for m in _WORD.finditer(text):
        word = m.group().strip(_EDGES)
        start = m.start() + m.group().find(word)
        sure = _sure(word, latin)
        if sure is not None:
            yield Disguise(start, start + len(word), sure)


def compare_characters(e: Evidence) -> list[Finding]:
    """A finding for each disguised word that what bears the claim does not have just so."""
    out: list[Finding] = []
    bearing = [f.sentence.text for f in (*e.anchors, *e.window)] or [p.passage.text for p in e.passages]
    for one in disguises(e.claim.text):
        word = e.claim.text[one.start : one.end]
        if any(_stands_in(text, word) for text in bearing):
            continue
        at: Span = (one.start, one.end)
        note = f"{word[:40]!a} holds characters that are not what they look like"
        headline = "Characters cannot be compared"
        shown = "Not compared: these characters may be read as something else than they are."
        outcome = "differs" if one.sure else "not_found"
        out.append(Finding("citation", outcome, at, word, None, note, headline=headline, shown=shown))
    return out


def _stands_in(text: str, word: str) -> bool:
    """Whether a text has the word just so, and not as the end of another: ½ is not in 5½."""
    at = text.find(word)
    while at >= 0:
        beside = (text[at - 1 : at], text[at + len(word) : at + len(word) + 1])
        if not any(c.isalnum() and c < _ALPHABETS_END for c in beside):
            return True
        at = text.find(word, at + 1)
    return False


def _sure(word: str, latin: bool) -> bool | None:
    """Whether a word is disguised: surely (True), perhaps (False), or not at all (None)."""
    found: list[bool] = []
    for i, c in enumerate(word):
        if c.isascii():
            continue
        left, right = word[i - 1 : i], word[i + 1 : i + 2]
        match _role(c):
            case "turns":
                found.append(True)
            case "invisible" if _joins(word, i):
                found.append(c != "\u00ad")
            case "raised" if not left or not left.isalpha():
                found.append(False)
            case "figure":
                found.append(False)
            # In texts of other scripts the digits and signs of these are at home, and figures in them are read.
            case "form" if latin or unicodedata.category(c) != "Nd":
                found.append(True)
            case "sign" if latin and (left.isdigit() or right.isdigit()):
                found.append(True)
            case _:
                pass
    found += [sure for letters in _LETTERS.findall(word) if (sure := _foreign(letters, latin)) is not None]
    return any(found) if found else None


def _joins(word: str, at: int) -> bool:
    """Whether something invisible stands within a word or figure of an alphabet that needs none there."""
    left = next((c for c in reversed(word[:at]) if _role(c) != "invisible"), "")
    right = next((c for c in word[at + 1 :] if _role(c) != "invisible"), "")
    return all((c.isalnum() and c < _ALPHABETS_END) or (c and c in _WITHIN) for c in (left, right))


def _foreign(letters: str, latin: bool) -> bool | None:
    if letters.isascii():
        return None
    plain = any(c < _LATIN_END for c in letters)
    other = any(_script(c) in _OTHER_SCRIPTS for c in letters)
    alike = any(c in _LIKE_LATIN or "\u0250" <= c < "\u02b0" or "\u1d00" <= c < "\u1dc0" for c in letters)
    if plain:
        return True if other or alike else None
    return False if other and latin else None


@lru_cache(4096)
def _script(c: str) -> str:
    return unicodedata.name(c, "").partition(" ")[0]


@lru_cache(4096)
def _role(c: str) -> Role:
    """What a character that is not ASCII does to those who read it."""
    category = unicodedata.category(c)
    plain = unicodedata.normalize("NFKC", c)
    if c in _TURNS or c in _STRUCK or category == "Me":
        return "turns"
    if category == "Cf" or c in _FILLERS:
        return "invisible"
    if c in _SIGNS:
        return "sign"
    if unicodedata.decomposition(c).startswith(("<super>", "<sub>")) and plain.isdigit():
        return "raised"
    if category == "Nl" or "\u2044" in plain:
        return "figure"
    if category in ("Nd", "No") or (c not in _NO_FORM and any(x.isascii() and x.isalnum() for x in plain)):
        return "form"
    return ""
