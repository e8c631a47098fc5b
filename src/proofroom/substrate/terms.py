"""Terms for search: the same cutting and stemming for what is indexed and for what is asked.

Done here and not by PostgreSQL's parser, so that counts, index and query can never disagree. English stemming
is Snowball's English (Porter2) algorithm; words of other scripts stay as they are, runs of Chinese, Japanese
and Korean letters become overlapping pairs.
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import cast

import snowballstemmer  # pyright: ignore[reportMissingTypeStubs]

MAX_TERM_CHARS = 64
_CJK = (
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufa6d\ufa70-\ufad9"
)
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)+|[{_CJK}]+|[^\W_{_CJK}]+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
# Function words that say nothing about a subject. "no" and "not" are kept out of it: they may decide a
# search.
STOP_WORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further had has have
    having he her here hers him his how i if in into is it its itself just me more most my of off on once
    only or other our ours out over own same she should so some such than that the their theirs them then
    there these they this those through to too under until up us very was
    we were what when where which while who whom why will with would you your yours""".split()
)


class _Stemmer(threading.local):
    """A stemmer for each thread: it keeps the word that it works on in itself."""

    def __init__(self) -> None:
        self.stem = cast(Callable[[str], str], snowballstemmer.stemmer("english").stemWord)  # pyright: ignore[reportUnknownMemberType]


_stemmer = _Stemmer()


def terms(text: str) -> list[str]:
    """The terms of a text in order, repeated as they occur, without stop words."""
    found: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        found += _known(token) if len(token) <= MAX_TERM_CHARS else _of(token)
    return found


def _of(token: str) -> tuple[str, ...]:
    """The terms of one token: none, one, or the pairs of a run of Chinese, Japanese or Korean letters."""
    first = token[0]
    if token in STOP_WORDS:
        return ()
    if first.isdigit():
        return ((token.replace(",", "") if _THOUSANDS.fullmatch(token) else token)[:MAX_TERM_CHARS],)
    if "\u3040" <= first <= "\ufaff" and _is_cjk(first):
        return (token,) if len(token) == 1 else tuple(token[n : n + 2] for n in range(len(token) - 1))
    if not token.isascii():
        return (token[:MAX_TERM_CHARS],)
    return (_stemmer.stem(token)[:MAX_TERM_CHARS],) if len(token) > 1 else ()


_known = lru_cache(maxsize=200_000)(_of)  # the words of a language return; long tokens would only fill it


def count(*texts: str | None) -> dict[str, int]:
    """How often each term occurs in the texts together."""
    return dict(Counter(term for text in texts if text for term in terms(text)))


def of_block(text: str, heading: str | None, title: str) -> dict[str, int]:
    """The terms of a block with those of the heading above it and of its source's title, each once: a title that the
    heading or the text holds already does not count again."""
    held = " ".join(f"{heading or ''} {text}".split()).casefold()
    again = " ".join(title.rstrip("…").split()).casefold() in held
    return count(text, heading, None if again else title)


def query_terms(query: str, most: int = 64) -> list[str]:
    """The distinct terms of a query, in order, at most `most`."""
    return list(dict.fromkeys(terms(query)))[:most]


def spans(text: str, wanted: frozenset[str]) -> list[tuple[int, int]]:
    """(start, end) of the words of a text, in code points, whose terms are among `wanted`; in order, apart."""
    found: list[tuple[int, int]] = []
    folded, places = _folded(text)
    for match in _TOKEN.finditer(folded):
        first = match.start()
        if _is_cjk(match.group()[0]):
            for at in range(first, max(match.end() - 1, first + 1)):
                stop = min(at + 2, match.end())
                if folded[at:stop] in wanted:
                    found.append((places[at][0], places[stop - 1][1]))
        elif any(term in wanted for term in terms(match.group())):
            found.append((places[first][0], places[match.end() - 1][1]))
    merged: list[tuple[int, int]] = []
    for start, end in found:
        joined = merged and (start < merged[-1][1] or (start == merged[-1][1] and _is_cjk(text[start])))
        if joined:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _folded(text: str) -> tuple[str, Sequence[tuple[int, int]]]:
    """The text as `terms` reads it, and for each of its characters the span of the text that it comes from.

    Normalisation joins a letter with the marks after it, so it is done for each letter with its marks.
    """
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        part = unicodedata.normalize("NFKC", text[at:end]).casefold()
        folded.append(part)
        places.extend([(at, end)] * len(part))
        at = end
    return "".join(folded), places


def _is_cjk(sign: str) -> bool:
    return re.match(f"[{_CJK}]", sign) is not None
