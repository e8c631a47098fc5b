"""Cutting a document into claims: every sentence, computed cell and chart series, each with a stable id."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from proofroom.domain.document import (
    ArtifactDocument,
    Chart,
    Cite,
    Heading,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Table,
    plain,
)
from proofroom.domain.evidence.features import read_sentence
from proofroom.domain.evidence.model import ClaimKind, ClaimText
from proofroom.domain.evidence.polarity import DIRECTION_WORDS
from proofroom.domain.evidence.sentences import split_sentences

# What is left of a citation that was not closed or has no alias: it must not pass as plain text.
_UNREAD = re.compile(r"\[\[[^\[\]|]{0,80}(?:\||\]\])|\[\[b[0-9]")
_WORDS = re.compile(r"[^\W\d_]{2,}")


def split_claims(doc: ArtifactDocument, namespace: str = "") -> list[ClaimText]:
    """The claims of a document in reading order.

    Sentences of paragraphs, list items, quotes and opinions; headings only where they hold a figure, a date
    or a direction; cells of computed tables that are not empty; series of charts. The id of a claim depends
    on namespace, kind and text alone, so that an untouched sentence keeps its id in the next version; equal
    ones are counted.
    """
    out: list[ClaimText] = []
    seen: Counter[str] = Counter()

    def add(
        text: str,
        kind: ClaimKind,
        path: tuple[int, ...],
        start: int,
        end: int,
        *,
        opinion: bool = False,
        cites: tuple[Cite, ...] = (),
        verbatim: bool = False,
        unread: bool = False,
    ) -> None:
        key = claim_id(namespace, kind, text)
        seen[key] += 1
        name = key if seen[key] == 1 else f"{key}_{seen[key]}"
        out.append(
            ClaimText(name, len(out) + 1, text, kind, path, start, end, opinion, cites, verbatim, unread)
        )

    for index, block in enumerate(doc.blocks):
        match block:
            case Paragraph() | Quote() | Opinion():
                opinion, verbatim = isinstance(block, Opinion), isinstance(block, Quote)
                for text, start, end, cites, unread in _sentences(block.text):
                    add(
                        text,
                        "sentence",
                        (index,),
                        start,
                        end,
                        opinion=opinion,
                        cites=cites,
                        verbatim=verbatim,
                        unread=unread,
                    )
            case ListBlock():
                for item, inline in enumerate(block.items):
                    for text, start, end, cites, unread in _sentences(inline):
                        add(text, "sentence", (index, item), start, end, cites=cites, unread=unread)
            case Heading():
                for text, start, end, cites, unread in _sentences(block.text):
                    if cites or unread or _says_something(text):
                        add(text, "sentence", (index,), start, end, cites=cites, unread=unread)
            case Table() if block.computed is not None:
                for row, cells in enumerate(block.rows):
                    label = next((c for c in cells if c), "")
                    for col, cell in enumerate(cells):
                        if cell:
                            shown = plain(cell).text
                            of = f"{plain(label).text}, " if col else ""
                            add(
                                f"{of}{block.columns[col].label}: {shown}",
                                "cell",
                                (index, row, col),
                                0,
                                len(shown),
                            )
            case Chart():
                for i, name in enumerate(chart_series(block)):
                    add(f"{block.title}: {name}" if block.title else name, "series", (index, i), 0, len(name))
            case _:
                pass
    return out


def claim_id(namespace: str, kind: str, text: str) -> str:
    """`c_` and twelve hex digits of the SHA-256 of namespace, kind and text."""
    raw = f"{namespace}\n{kind}\n{text}".encode("utf-8", "replace")
    return "c_" + hashlib.sha256(raw).hexdigest()[:12]


def chart_series(chart: Chart) -> list[str]:
    """The fields that a chart draws as quantities; one series named "data" where none is declared."""
    names: list[str] = []
    for encoding in _encodings(chart.spec, 0):
        for channel in ("y", "x", "theta", "size", "radius"):
            part = encoding.get(channel)
            if isinstance(part, dict):
                member = cast(Mapping[str, Any], part)
                name = member.get("field")
                if isinstance(name, str) and member.get("type") == "quantitative" and name not in names:
                    names.append(name)
    return names or ["data"]


def _encodings(spec: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    found = spec.get("encoding")
    if isinstance(found, dict):
        yield cast(Mapping[str, Any], found)
    if depth > 5:
        return
    for key in ("layer", "hconcat", "vconcat", "concat"):
        parts = spec.get(key)
        if isinstance(parts, list):
            for part in cast(list[object], parts):
                if isinstance(part, dict):
                    yield from _encodings(cast(Mapping[str, Any], part), depth + 1)


def _sentences(inline: str) -> Iterator[tuple[str, int, int, tuple[Cite, ...], bool]]:
    read = plain(inline)
    if read.code and not read.cites:
        return
    spans = [(a, b) for a, b in split_sentences(read.text) if re.search(r"\w", read.text[a:b])]
    for i, (start, end) in enumerate(spans):
        # A citation belongs to the sentence it stands in or right behind.
        low = start if i else -1
        high = spans[i + 1][0] if i + 1 < len(spans) else len(read.text)
        cites = tuple(c for c in read.cites if low < c.at <= high)
        text = read.text[start:end]
        yield text, start, end, cites, _UNREAD.search(text) is not None


def _says_something(text: str) -> bool:
    sentence = read_sentence(text)
    plain_numbers = [n for n in sentence.numbers if n.kind == "plain"]
    moves = any(t.low in DIRECTION_WORDS for t in sentence.toks)
    days = [
        d for d in sentence.dates if d.day is not None
    ]  # "Key figures, 2022" names a period and claims nothing
    return len(_WORDS.findall(text)) >= 2 and bool(plain_numbers or days or sentence.times or moves)
