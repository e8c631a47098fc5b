"""Cutting a document into claims: every sentence, computed cell and chart series, each with a stable id."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from proofroom.domain.document import (
    ArtifactDocument,
    Chart,
    Cite,
    Heading,
    Link,
    ListBlock,
    Opinion,
    Paragraph,
    Quote,
    Table,
    plain,
)
from proofroom.domain.evidence.disguise import disguises
from proofroom.domain.evidence.features import read_sentence
from proofroom.domain.evidence.model import ClaimKind, ClaimText
from proofroom.domain.evidence.numbers import find_numbers
from proofroom.domain.evidence.polarity import DIRECTION_WORDS
from proofroom.domain.evidence.sentences import split_sentences

# What is left of a citation that was not closed or has no alias: it must not pass as plain text.
_UNREAD = re.compile(r"\[\[[^\[\]|]{0,80}(?:\||\]\])|\[\[b[0-9]")
_WORDS = re.compile(r"[^\W\d_]{2,}")


def split_claims(doc: ArtifactDocument, namespace: str = "") -> list[ClaimText]:
    """The claims of a document in reading order.

    Sentences of paragraphs, list items, quotes and opinions, code only where it reads as one or holds a figure, a date
    or a name; headings only where they hold a figure, a date or a direction, or are whole sentences; cells of tables
    that say something of their row;
    series of charts. `char_start:char_end` is the claim in the plain text of its element: a sentence is that text, a
    cell or series ends with it or its unit. The id of a claim depends on namespace, kind and text alone, so that an
    untouched sentence keeps its id in the next version; equal ones are counted.
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
        leads: str = "",
        at: int = 0,
    ) -> None:
        key = claim_id(namespace, kind, text)
        seen[key] += 1
        name = key if seen[key] == 1 else f"{key}_{seen[key]}"
        out.append(
            ClaimText(
                name, len(out) + 1, text, kind, path, start, end, opinion, cites, verbatim, unread, at, leads
            )
        )

    for index, block in enumerate(doc.blocks):
        match block:
            case Paragraph() | Quote() | Opinion():
                opinion, verbatim = isinstance(block, Opinion), isinstance(block, Quote)
                for text, start, end, cites, unread, leads in _sentences(block.text):
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
                        leads=leads,
                    )
            case ListBlock():
                for item, inline in enumerate(block.items):
                    for text, start, end, cites, unread, leads in _sentences(inline):
                        add(
                            text,
                            "sentence",
                            (index, item),
                            start,
                            end,
                            cites=cites,
                            unread=unread,
                            leads=leads,
                        )
            case Heading():
                for text, start, end, cites, unread, leads in _sentences(block.text):
                    if cites or unread or leads or _says_something(text) or _prose(text):
                        add(text, "sentence", (index,), start, end, cites=cites, unread=unread, leads=leads)
            case Table():
                for row in range(len(block.rows)):
                    for text, at, col, size, cites, unread, leads in _cells(block, row):
                        add(
                            text,
                            "cell",
                            (index, row, col),
                            0,
                            size,
                            cites=cites,
                            unread=unread,
                            leads=leads,
                            at=at,
                        )
            case _:  # a chart
                for i, name in enumerate(chart_series(block)):
                    add(f"{block.title}: {name}" if block.title else name, "series", (index, i), 0, len(name))
    return out


def _cells(table: Table, row: int) -> Iterator[tuple[str, int, int, int, tuple[Cite, ...], bool, str]]:
    """The cells of a row that are claims: text, where in it the cell's own words begin, column, their length,
    citations, whether one is unread, where a link of the row leads that says otherwise.

    The first cell that is not empty names the row and claims nothing by itself, unless it stands alone; in a
    computed table every cell without a figure names the row, and `label_cells` are compared with it. What cites
    nothing itself rests on the citations of its row.
    """
    raw = table.rows[row]
    read = [plain(cell) if cell else None for cell in raw]
    told = [col for col, cell in enumerate(read) if cell is not None and re.search(r"\w", cell.text)]
    labels = label_cells(table, row)
    name = next((read[col] for col in told), None)
    of_row = tuple(c for cell in read if cell is not None for c in cell.cites)
    for col in told:
        cell = read[col]
        assert cell is not None
        assert name is not None
        if col in labels:
            continue
        column = table.columns[col]
        unit = column.unit if table.computed is None and _is_unit(column.unit) else None
        before = f"{name.text}, " if col != told[0] else ""
        before += f"{column.name if unit else column.label}: "
        after = f" {unit}" if unit and re.search(r"[0-9]\Z", cell.text) else ""
        unread = any(_UNREAD.search(c.text) is not None for c in read if c is not None)
        text = before + cell.text + after
        leads = next((found for c in read if c is not None and (found := _elsewhere(c.links))), "")
        yield text, len(before), col, len(cell.text), cell.cites or of_row, unread, leads


def label_cells(table: Table, row: int) -> frozenset[int]:
    """The columns of a row whose cells say what the others speak of."""
    shown = [plain(cell).text if cell else "" for cell in table.rows[row]]
    told = [col for col, text in enumerate(shown) if re.search(r"\w", text)]
    if len(told) < 2:
        return frozenset()
    figures = [col for col in told[1:] if re.search(r"[0-9]", shown[col])]
    if table.computed is None or not figures:
        return frozenset(told[:1])
    return frozenset(col for col in told if col not in figures)


def _is_unit(unit: str | None) -> bool:
    """Whether a figure may carry it: TWh and million dollars do, 2019 does not."""
    read = find_numbers(f"1 {unit}")
    return unit is not None and len(read) == 1 and read[0].end == len(f"1 {unit}")


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


def _elsewhere(links: Iterable[Link]) -> str:
    """The address of the first link whose words name another host; "" for none."""
    return next((link.address for link in links if link.misleads), "")


def _sentences(inline: str) -> Iterator[tuple[str, int, int, tuple[Cite, ...], bool, str]]:
    read = plain(inline)
    if (
        read.code
        and not (read.cites or _elsewhere(read.links))
        and not _prose(read.text)
        and not _can_be_compared(read.text)
    ):
        return
    spans = [(a, b) for a, b in split_sentences(read.text) if re.search(r"\w", read.text[a:b])]
    for i, (start, end) in enumerate(spans):
        # A citation belongs to the sentence it stands in or right behind.
        low = start if i else -1
        high = spans[i + 1][0] if i + 1 < len(spans) else len(read.text)
        cites = tuple(c for c in read.cites if low < c.at <= high)
        text = read.text[start:end]
        leads = _elsewhere(link for link in read.links if low < link.at <= high)
        yield text, start, end, cites, _UNREAD.search(text) is not None, leads


def _prose(text: str) -> bool:
    """Whether it reads as a sentence, though it is set as code or as a heading: four words up to a full stop."""
    text = text.strip()
    return len(_WORDS.findall(text)) >= 4 and text[:1].isupper() and text[-1] in ".!?"


def _can_be_compared(text: str) -> bool:
    """Whether code holds what is compared with sources: a figure, a date, a time, a name of a person or thing, or a
    disguise of one. Set as code it reads the same."""
    read = read_sentence(text)
    return bool(read.numbers or read.dates or read.times or read.names) or any(True for _ in disguises(text))


def _says_something(text: str) -> bool:
    sentence = read_sentence(text)
    plain_numbers = [n for n in sentence.numbers if n.kind == "plain"]
    moves = any(t.low in DIRECTION_WORDS for t in sentence.toks)
    days = [
        d for d in sentence.dates if d.day is not None
    ]  # "Key figures, 2022" names a period and claims nothing
    hides = any(True for _ in disguises(text))
    return len(_WORDS.findall(text)) >= 2 and bool(plain_numbers or days or sentence.times or moves or hides)
