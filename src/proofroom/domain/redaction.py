"""Taking the words of a deleted source out of what was made with it: texts, documents, claims, any JSON.

Three rules. What names the source (an anchor, a passage in a receipt, a citation, a computed table, an answer of a
reading tool) loses all its text, however short; ids, offsets and digests stay. In everything else each run of MIN_RUN
or more words that stands in the source in this order is replaced, whatever case and punctuation it has there. And in
work that the first two found, so are the names and figures that stand in no other source of the project. What somebody
said in words of their own stays: it is not the source's.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

DELETED = "‹deleted with its source›"
MIN_RUN = 4
"""Words in a row that make a text a copy. Three happen to agree in any two texts on one matter."""

_WORD = re.compile(r"\w+")
_FIGURE = re.compile(r"\d(?:[\d.,]*\d)?")
_BREAK = re.compile(r"\[\[|\]\]")
_CITE = re.compile(r"\[\[([A-Za-z0-9_.:-]{1,64})\|((?:[^\]]|\](?!\]))*)\]\]")
_KEPT = frozenset(
    "id kind type types op alias of state status role origin marks reason digest content_type call tool at by"
    " refs".split()
)
"""Members of what names the source that hold none of its words."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is to be forgotten. `runs` are hashes of each MIN_RUN words in a row of the source, `plain` its words with
    one space around each, `names` its titles and file names in lower case, `ids` the sources and passages that go,
    `own` names and figures that are only there, as they are written.
    """

    runs: frozenset[int]
    plain: str
    names: frozenset[str]
    ids: frozenset[str]
    own: frozenset[str] = frozenset()


def telling(texts: Iterable[str]) -> frozenset[str]:
    """Names and figures of a text: words with a capital that no sentence gave them, numbers of three digits or more."""
    found: set[str] = set()
    for text in texts:
        found.update(m[0] for m in _FIGURE.finditer(text) if sum(c.isdigit() for c in m[0]) > 2)
        words = list(_WORD.finditer(text))
        for n, word in enumerate(words):
            if not word[0][:1].isupper() or len(word[0]) < 3:
                continue
            between = text[words[n - 1].end() : word.start()] if n else "."
            after = words[n + 1][0][:1] if n + 1 < len(words) else ""
            if between.strip(" ,;") == "" or after.isupper():
                found.add(word[0])
    return frozenset(found)


def words_of(texts: Iterable[str], names: Iterable[str | None], ids: Collection[str]) -> Words:
    """The words of a source's versions; `ids` are of the sources and blocks that are deleted, as text."""
    runs: set[int] = set()
    plain: list[str] = []
    for text in texts:
        found = [word.casefold() for word in _WORD.findall(text)]
        runs.update(hash(tuple(found[n : n + MIN_RUN])) for n in range(len(found) - MIN_RUN + 1))
        plain.append(f" {' '.join(found)} ")
    called = frozenset(name.strip().casefold() for name in names if name and name.strip())
    return Words(frozenset(runs), "|".join(plain), called, frozenset(ids))


def without(text: str, words: Words) -> str:
    """The text with each copied run replaced by DELETED; the same object when it holds none."""
    if text.strip().casefold() in words.names:
        return DELETED
    made = _CITE.sub(lambda m: _cite(m, words), text)
    made = _without_runs(made, words)
    for name in words.names:
        if len(_WORD.findall(name)) > 1:  # one word alone is everybody's
            made = re.sub(re.escape(name), DELETED, made, flags=re.IGNORECASE)
    made = _without_own(made, words)
    return text if made == text else made


def _without_own(text: str, words: Words) -> str:
    if text in words.own:
        return DELETED
    if not words.own or " " not in text:  # an id, a digest, a time
        return text
    made = _FIGURE.sub(lambda m: DELETED if m[0] in words.own else m[0], text)
    return _WORD.sub(lambda m: DELETED if m[0] in words.own else m[0], made)


def _cite(found: re.Match[str], words: Words) -> str:
    said = " ".join(word.casefold() for word in _WORD.findall(found[2]))
    return f"[[{found[1]}|{DELETED}]]" if said and f" {said} " in words.plain else found[0]


def _without_runs(text: str, words: Words) -> str:
    spans = [(m.start(), m.end(), m[0].casefold()) for m in _WORD.finditer(text)]
    if len(spans) < MIN_RUN:
        return text
    breaks = [m.start() for m in _BREAK.finditer(text)]
    out: list[str] = []
    at = 0  # where the text goes on that was not taken over yet
    start = end = -1  # the run that is open
    broken = 0
    for n in range(len(spans) - MIN_RUN + 1):
        window = spans[n : n + MIN_RUN]
        while broken < len(breaks) and breaks[broken] < window[0][0]:
            broken += 1
        whole = broken == len(breaks) or breaks[broken] >= window[-1][1]
        if not whole or hash(tuple(word for _, _, word in window)) not in words.runs:
            continue
        if start >= 0 and window[0][0] <= end:
            end = window[-1][1]
            continue
        if start >= 0:
            out += (text[at:start], DELETED)
            at = end
        start, end = window[0][0], window[-1][1]
    if start < 0:
        return text
    return "".join((*out, text[at:start], DELETED, text[end:]))


def without_json(value: Any, words: Words) -> Any:
    """The JSON value without the source's words; equal to `value` when it held none."""
    if isinstance(value, str):
        return without(value, words)
    if isinstance(value, list):
        return [without_json(item, words) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    found = cast(dict[str, Any], value)
    if _names(found, words):
        return _blank(found)
    if isinstance(found.get("blocks"), list) and isinstance(found.get("refs"), dict):
        return _document(found, words)
    if isinstance(found.get("anchors"), list) and "verdict" in found:
        return _claim(found, words)
    return {
        without(key, words): DELETED
        if key in words.ids and isinstance(item, str)
        else without_json(item, words)
        for key, item in found.items()
    }


def _names(value: Mapping[str, Any], words: Words) -> bool:
    computed = value.get("computed")
    own = [value.get("source_id"), value.get("block_id")]
    if isinstance(computed, Mapping):
        own.append(cast(Mapping[str, Any], computed).get("source_id"))
    return any(isinstance(i, str) and i.lower() in words.ids for i in own)


def _blank(value: Any) -> Any:
    """What names the source, without its text."""
    if isinstance(value, str):
        return DELETED
    if isinstance(value, list):
        return [_blank(item) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, item in cast(dict[str, Any], value).items():
        kept = key in _KEPT or key.endswith("_id")
        made[key] = item if kept else list[Any]() if key == "rows" else _blank(item)
    return made


def _document(value: dict[str, Any], words: Words) -> dict[str, Any]:
    refs: dict[str, Any] = value["refs"]
    aliases = frozenset(
        a for a, ref in refs.items() if isinstance(ref, dict) and _names(cast(dict[str, Any], ref), words)
    )
    rest = {k: without_json(v, words) for k, v in value.items() if k not in ("refs", "blocks")}
    blocks: list[Any] = [_block(block, aliases, words) for block in value["blocks"]]
    # A reference is ids and a number; it stays, so that what cited the source still says so.
    made: dict[str, Any] = {**rest, "refs": refs, "blocks": blocks}
    return made


def _block(block: Any, aliases: Collection[str], words: Words) -> Any:
    if isinstance(block, dict) and _names(cast(dict[str, Any], block), words):
        kind = cast(dict[str, Any], block).get("type")
        return {"type": "paragraph", "text": f"{DELETED} (a {kind})"}
    return _uncite(block, aliases, words, in_rows=False)


def _uncite(value: Any, aliases: Collection[str], words: Words, *, in_rows: bool) -> Any:
    if isinstance(value, str):
        cited = [m for m in _CITE.finditer(value) if m[1] in aliases]
        if cited and in_rows:  # the rest of such a cell is a figure of the source
            return DELETED
        made = _CITE.sub(lambda m: f"[[{m[1]}|{DELETED}]]" if m[1] in aliases else m[0], value)
        return without(made, words)
    if isinstance(value, list):
        return [_uncite(item, aliases, words, in_rows=in_rows) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {
            key: _uncite(item, aliases, words, in_rows=in_rows or key == "rows")
            for key, item in cast(dict[str, Any], value).items()
        }
    return value


def _claim(claim: dict[str, Any], words: Words) -> dict[str, Any]:
    made: dict[str, Any] = {key: without_json(item, words) for key, item in claim.items()}
    anchors = cast(list[Any], claim["anchors"])
    rests = any(isinstance(a, dict) and _names(cast(dict[str, Any], a), words) for a in anchors)
    if rests and made.get("kind") in ("cell", "series"):
        made["text"] = DELETED
    lost: list[str] = ["source", "note"] if rests else []
    if made.get("text") != claim.get("text"):  # what was compared of it would say again what went
        lost.append("draft")
    if lost:
        made |= {
            "short": DELETED,
            "say": None,
            "correction": None,
            **({"headline": DELETED} if rests else {}),
        }
        made["checks"] = [
            {**c, **{key: DELETED for key in lost if c.get(key) is not None}}
            for c in cast(list[dict[str, Any]], made.get("checks") or [])
        ]
    return made


def receipt_without(receipt: Mapping[str, Any], words: Words) -> tuple[dict[str, Any], bool]:
    """An envelope's receipt, and whether the envelope held passages or tables of what is deleted."""
    held = [
        item
        for name in ("included", "tables")
        for item in cast(list[dict[str, Any]], receipt.get(name) or [])
        if _names(item, words)
    ]
    aliases = {item.get("alias") for item in held} - {None}
    made: dict[str, Any] = without_json(dict(receipt), words)
    told = cast(list[dict[str, Any]], made.get("contradictions") or [])
    for one in told:
        if {one.get("a"), one.get("b")} & aliases:
            one.update(subject=DELETED, a_says=DELETED, b_says=DELETED)
    return made, bool(held)
