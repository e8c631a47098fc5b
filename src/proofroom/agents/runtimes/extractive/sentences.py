"""Sentences of passages, each with the exact words that can be quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.agents.runtimes.extractive.words import content_stems, numbers

_LINE_START = re.compile(r"(?:#{1,6}\s|[-*+\u2022]\s|\d{1,3}[.)]\s|>\s?|\|)")
_LIST_MARK = re.compile(r"^(?:#{1,6}\s+|[-*+\u2022]\s+|\d{1,3}[.)]\s+|>\s?)+")
_BREAK = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]*_]*(?=\s+[\"'\u201c\u2018(\[*_]*[A-Z0-9\u00c0-\u00de])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|cf|etc|vs|al|approx|ca|Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|No|Nos|Fig|Figs|Eq|Eqs|"
    r"Sec|Ch|Vol|pp|Ref|Refs|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|U\.S|U\.K)\.$"
)
_BOILERPLATE = re.compile(
    r"copyright|\u00a9|all rights reserved|table of contents|terms of (?:use|service)|privacy policy|cookie|"
    r"click here|subscribe|sign up|log ?in\b|read more|share this|cite this|doi:|https?://\S+$|"
    r"(?:figure|fig\.|table|appendix|section|chapter) \d+\s*[:.]|drawn from|the wording is ours|retrieved \d",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"\b(?:we|this (?:study|paper|article|report|review|page|document|section|chapter)|the (?:aim|purpose|objective)s?)"
    r" (?:\w+ )?(?:use[ds]?|uses|investigat|examin|stud(?:y|ied)|assess|evaluat|analy[sz]|review|compar|perform|conduct"
    r"|collect|recruit|enrol|enroll|measur|describ|present|explain|explor|aim|sought|describes|was to|is to|of this)"
    r"|^(?:objective|background|methods?|design|setting|participants|aims?|purpose)\b\s*:?"
    r"|\bwere (?:randomly )?(?:assigned|randomi[sz]ed|recruited|enrolled|included|excluded|measured|assessed|performed|"
    r"collected|searched|identified)\b|\bwas (?:performed|conducted|carried out to|assessed|designed)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a cited passage.

    `quote` is the slice of the passage as it stands there; `text` is the same with white space joined, which is
    how it reads in an artifact. `at` is its place in the passage, `of` how many the passage has. `block` is the
    passage as the tools gave it.
    """

    text: str
    quote: str
    at: int
    of: int
    block: Mapping[str, Any]
    stems: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def alias(self) -> str:
        return str(self.block["alias"])

    @property
    def source_id(self) -> str:
        return str(self.block.get("source_id", ""))

    @property
    def source_title(self) -> str:
        return str(self.block.get("source_title") or "an untitled source")

    @property
    def key(self) -> tuple[str, int]:
        return (str(self.block.get("block_id", self.alias)), self.at)


def split(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`: (start, end) with text[start:end] free of outer white space.

    Headings, list items, table rows and blank lines end a sentence; a single line break inside a paragraph does
    not.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _paragraphs(text):
        begin = start
        for match in _BREAK.finditer(text, start, end):
            if _ABBREVIATION.search(text[begin : match.start() + 1]):
                continue
            spans.append((begin, match.end()))
            begin = match.end()
        spans.append((begin, end))
    out: list[tuple[int, int]] = []
    for start, end in spans:
        piece = text[start:end]
        mark = _LIST_MARK.match(piece.lstrip())
        left = start + len(piece) - len(piece.lstrip()) + (mark.end() if mark else 0)
        right = end - (len(piece) - len(piece.rstrip()))
        if left < right:
            out.append((left, right))
    return out


def _paragraphs(text: str) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    begin: int | None = None
    heading = False
    at = 0
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if begin is not None and (not bare or heading or _LINE_START.match(bare)):
            out.append((begin, at))
            begin = None
        if bare and begin is None:
            begin = at
            heading = bare.startswith("#")
        at += len(line)
    if begin is not None:
        out.append((begin, at))
    return out


def sentences_of(blocks: Iterable[Mapping[str, Any]]) -> list[Sentence]:
    """All sentences of the passages, each passage once, in the order given.

    Sentences that could not be cited (the marks of a citation stand in them) are left out, so are those of
    passages marked as instruction-like.
    """
    out: list[Sentence] = []
    seen: set[str] = set()
    for block in blocks:
        block_id = str(block.get("block_id", block["alias"]))
        if block_id in seen:
            continue
        seen.add(block_id)
        if block.get("instruction_like"):
            continue
        text = str(block.get("text") or "")
        spans = split(text)
        for at, (start, end) in enumerate(spans):
            quote = text[start:end]
            if not citable(quote):
                continue
            joined = " ".join(quote.split())
            stems = tuple(content_stems(joined))
            out.append(Sentence(joined, quote, at, len(spans), block, stems, tuple(numbers(joined))))
    return out


def citable(quote: str) -> bool:
    """Whether the words can stand between [[ref| and ]] and be read back unchanged."""
    return "[[" not in quote and "]]" not in quote and not quote.endswith("]") and "\x00" not in quote


def demotion(sentence: Sentence) -> float:
    """How much a sentence is to be trusted less as a statement of fact, 0 (not at all) to 1."""
    text = sentence.text
    words = text.split()
    letters = sum(letter.isalpha() for letter in text)
    if len(words) < 4 or letters < 0.45 * len(text) or str(sentence.block.get("kind")) == "heading":
        return 0.9
    amount = 0.0
    if text.endswith("?"):
        amount += 0.5
    if text.endswith(":") or text[-1:] not in ".!\"'\u201d)\u2019?*_`":
        amount += 0.2
    if _BOILERPLATE.search(text):
        amount += 0.5
    if _METHOD.search(text):
        amount += 0.2
    if len(words) > 70:
        amount += 0.2
    if letters and sum(letter.isupper() for letter in text) > 0.6 * letters:
        amount += 0.4
    return min(amount, 0.9)


def by_alias(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(block["alias"]): block for block in blocks}
