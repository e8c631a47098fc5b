"""Sources that a draft names in running text: reports, studies, authors with years, web addresses.

Only what has a name can be looked for: "the report" or "a study" alone is left to the other checks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofroom.domain.evidence.features import AnalysedPassage, Sentence, addresses, flatten
from proofroom.domain.evidence.model import SourceName
from proofroom.domain.evidence.names import fold, initials
from proofroom.domain.evidence.words import STOPWORDS

_WORKS = (
    "report audit study survey article paper review analysis investigation inquiry memo memorandum letter "
    "book journal census poll assessment evaluation thesis dissertation bulletin newsletter yearbook "
    "gazette times post tribune herald magazine almanac handbook index outlook transcript hearing testimony "
    "whitepaper dossier briefing factsheet monograph treatise proceedings"
).split()
_WORK_WORDS = frozenset([*_WORKS, *(w + "s" for w in _WORKS), "studies", "surveys", "inquiries", "analyses"])
_WORK = "|".join(sorted(_WORK_WORDS, key=len, reverse=True))
_MOST = 12
_BY = re.compile(rf"\b(?:{_WORK})\s(?:\w+\s)?(?:by|from|of|in)\s(?:the\s)?\Z", re.IGNORECASE)
_IN_PRINT = re.compile(
    r"\b(?:published|appeared|printed|wrote|writes|written|reported|writing)\s(?:in|by)\s(?:the\s|a\s)?\Z",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\baccording to\s(?:(?:the|a|an)\s)?(?:\w+\s)?\Z", re.IGNORECASE)
_ET_AL = re.compile(r"\A,?\s(?:et al\b|and colleagues\b|and co-?workers\b)")
_AUTHOR_YEAR = re.compile(
    r"\A(?:,?\s(?:and|&)\s[^\W\d_][\w'\u2019-]{1,30})?(?:\s\(|,\s)(?:1[5-9]|20)[0-9]{2}[a-z]?\)"
)
_SAYS = re.compile(
    r"\A(?:\sof\s(?:[^\W\d_]{3,9}\s)?[0-9]{4})?\s(?:has\s|have\s|had\s|also\s)?(?:found|finds|showed|shows"
    r"|shown|reported|reports|stated|"
    r"states|concluded|concludes|claimed|claims|noted|notes|wrote|writes|says|said|revealed|reveals|argued"
    r"|argues|estimated|"
    r"estimates|suggested|suggests|confirmed|confirms|demonstrated|warned|warns)\b"
)


@dataclass(frozen=True, slots=True)
class Work:
    """A source that the draft names: its range, and the folded words to look for."""

    start: int
    end: int
    text: str
    words: tuple[str, ...]
    address: bool = False


def named_works(sentence: Sentence) -> list[Work]:
    """The sources named in a sentence, in order."""
    text = sentence.text
    out = [Work(a, b, text[a:b], tuple(flatten(text[a:b]).split()), address=True) for a, b in addresses(text)]
    for name in sentence.names:
        before, after = text[max(0, name.start - 60) : name.start], text[name.end : name.end + 60]
        following = re.match(r"\s([^\W\d_]+)", after)
        tail = following.group(1) if following else ""
        own = name.words[-1] in _WORK_WORDS or any(w in _WORK_WORDS for w in name.words[:-1])
        if own and len(name.words) >= 2:
            out.append(Work(name.start, name.end, name.text, name.words))
        elif name.weak:
            if _ET_AL.match(after) or _AUTHOR_YEAR.match(after):
                out.append(Work(name.start, name.end, name.text, name.words))
        elif tail.lower() in _WORK_WORDS and _SAYS.match(after[following.end() :] if following else ""):
            out.append(
                Work(
                    name.start,
                    name.end + len(following.group()) if following else name.end,
                    text[name.start : name.end + (len(following.group()) if following else 0)],
                    (*name.words, fold(tail)),
                )
            )
        elif (
            any(p.search(before) for p in (_BY, _IN_PRINT, _ACCORDING))
            or _ET_AL.match(after)
            or _AUTHOR_YEAR.match(after)
        ):
            out.append(Work(name.start, name.end, name.text, name.words))
    return sorted(out, key=lambda w: w.start)[:_MOST]


def is_known(work: Work, passages: Sequence[AnalysedPassage], known: Sequence[SourceName]) -> bool:
    """Whether any source of the project bears this name or speaks of it."""
    if work.address:
        address = _bare_address(work.text)
        return any(address in _bare_address(p.passage.text) for p in passages)
    titles = [flatten(f"{k.title} {re.sub(r'[_.-]', ' ', k.filename or '')}") for k in known]
    titles += list(dict.fromkeys(flatten(p.passage.source_title) for p in passages))
    texts = [p.flat for p in passages]
    words = [w for w in work.words if w not in STOPWORDS]
    bare = [w for w in words if w not in _WORK_WORDS] or words
    for form in {tuple(work.words), tuple(bare)}:
        joined = f" {' '.join(form)} "
        if any(joined in t for t in (*titles, *texts)):
            return True
    if len(bare) > 1:
        short = initials(bare)
        if len(short) >= 3 and any(f" {short} " in t for t in (*titles, *texts)):
            return True
        # A longer or shorter form of a title, or the words of the name in another order within one sentence.
        for title in titles:
            if sum(f" {w} " in title for w in bare) * 3 >= len(bare) * 2:
                return True
        for p in passages:
            for s in p.sentences:
                if all(w in s.words for w in words):
                    return True
    return False


def _bare_address(text: str) -> str:
    return re.sub(r"(?:https?://|www\.|doi:\s?)", "", text.lower()).rstrip("/.,;)")
