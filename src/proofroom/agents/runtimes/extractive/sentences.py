"""Sentences of passages, each with the exact words that can be quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofroom.agents.runtimes.extractive.words import content_stems
from proofroom.domain.evidence.sentences import split_sentences
from proofroom.domain.marks import instruction_like

_LINE_START = re.compile(
    r"(?:#{1,6}\s|[-*+\u2022]\s|\d{1,3}[.)]\s|>\s?|[\u2705\u274c\u23f3\u2713\u2714\u2717\u2718\u26a0])"
)
_LIST_MARK = re.compile(r"^(?:#{1,6}\s+|[-*+\u2022]\s+|\d{1,3}[.)]\s+|>\s?)+")
_NO_PROSE = re.compile(r"\||\[\^?[\w ]+\]:\s|(?:---+|===+|\*\*\*+)$|[{}<\\]")
_BOILERPLATE = re.compile(
    r"copyright|\u00a9|all rights reserved|table of contents|terms of (?:use|service)|privacy policy|cookie|"
    r"click here|subscribe|sign up|log ?in\b|read more|share this|cite this|doi:|https?://\S+$|"
    r"(?:figure|fig\.|table|appendix|section|chapter) \d+\s*[:.]|^drawn from|wording is ours|^retrieved|^sources?:",
    re.IGNORECASE,
)
BELOW = " \u203a "
_TICKS = "\u2705\u274c\u23f3\u2713\u2714\u2717\u2718\u26a0"
_HEADING = re.compile(r"#{1,6}\s+([^\n]{1,300}?)\s*#*\s*$")
_LINK = re.compile(r"!?\[([^\[\]]{1,300})\]\([^()\s]{1,500}\)")
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

    `quote` is the slice of the passage as it stands there; `text` is the same with white space joined and without the
    signs of Markdown, which is how it reads in an artifact. `at` is its place in the passage, `of` how many the passage
    has. `block` is the passage as the tools gave it, `heading` what it stands under. `demoted` says how little it
    states a fact, 0 to 1.
    """

    text: str
    quote: str
    at: int
    of: int
    block: Mapping[str, Any]
    stems: tuple[str, ...]
    demoted: float
    heading: str = ""

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
    """Spans of the sentences of `text`: text[start:end], free of outer white space and of list marks.

    A heading, a list item and a blank line end a sentence. Code, tables and link definitions are not prose and
    give none.
    """
    out: list[tuple[int, int]] = []
    for start, end in _paragraphs(text):
        piece = text[start:end]
        mark = _LIST_MARK.match(piece)
        begin = start + (mark.end() if mark else 0)
        out += [(begin + left, begin + right) for left, right in split_sentences(text[begin:end])]
    return out


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Spans of runs of lines of prose, each beginning with its first character that is not white space."""
    out: list[tuple[int, int]] = []
    begin: int | None = None
    heading = fenced = False
    at = 0
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        fence = bare.startswith(("```", "~~~"))
        prose = bool(bare) and not fence and not fenced and not _NO_PROSE.match(bare)
        if begin is not None and (not prose or heading or _LINE_START.match(bare)):
            out.append((begin, at))
            begin = None
        if prose and begin is None:
            begin = at + len(line) - len(line.lstrip())
            heading = bare.startswith("#")
        fenced ^= fence
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
    known = list(blocks)
    headings = _headings(known)
    for block in known:
        block_id = str(block.get("block_id", block["alias"]))
        if block_id in seen:
            continue
        seen.add(block_id)
        if block.get("instruction_like") or "hidden_text" in block.get("marks", ()):
            continue
        text = str(block.get("text") or "")
        spans = split(text)
        for at, (start, end) in enumerate(spans):
            quote = text[start:end]
            if not citable(quote):
                continue
            read = reads_as(quote)
            stems = tuple(content_stems(read))
            heading = _HEADING.match(text, text.rfind("\n", 0, start) + 1, end) is not None
            low = demotion(read, "heading" if heading else str(block.get("kind") or ""))
            out.append(Sentence(read, quote, at, len(spans), block, stems, low, headings.get(block_id, "")))
    return out


def reads_as(quote: str) -> str:
    """A quote with white space joined and the signs of Markdown left out: links, bold and code as their words."""
    text = _LINK.sub(r"\1", quote).replace("**", "").replace("`", "")
    return " ".join(text.split()) or " ".join(quote.split())


def _headings(blocks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What each passage stands under: the heading it names, else those passages before it that are only headings,
    as "Limits › Time"; without the title of the document."""
    out: dict[str, str] = {}
    last: dict[str, list[tuple[int, str]]] = {}
    order = sorted(blocks, key=lambda one: (str(one.get("source_id")), int(one.get("char_start") or 0)))
    for block in order:
        source = str(block.get("source_id"))
        text = str(block.get("text") or "").strip()
        found = _HEADING.fullmatch(text) if len(text) <= 310 and "\n" not in text else None
        if found and not (block.get("instruction_like") or "hidden_text" in block.get("marks", ())):
            level = len(text) - len(text.lstrip("#"))
            above = [one for one in last.get(source, []) if one[0] < level]
            last[source] = [*above, (level, reads_as(found.group(1)))]
        path = last.get(source, [])
        below = [name for level, name in path if level > 1] or [name for _, name in path]
        own = str(block.get("heading") or "") or BELOW.join(below)
        out[str(block.get("block_id", block["alias"]))] = own
    suspect = {one for one in set(out.values()) if instruction_like(one)}
    return {key: "" if one in suspect else one for key, one in out.items()}


def citable(quote: str) -> bool:
    """Whether the words can stand between [[ref| and ]] and be read back unchanged."""
    return "[[" not in quote and "]]" not in quote and "\x00" not in quote and len(quote) <= 1_500


def is_whole(text: str) -> bool:
    """Whether it reads as a sentence by itself: from a capital or a figure to a full stop, quotes and brackets closed,
    and no question."""
    inner = text.strip("\"'\u201c\u201d\u2018\u2019()")
    return (
        len(text.split()) >= 5
        and (inner[:1].isupper() or inner[:1].isdigit())
        and re.search(r"[.!][\"'\u201d\u2019)\]]{0,3}$", text) is not None
        and text.count("(") == text.count(")")
        and text.count("\u201c") == text.count("\u201d")
        and text.count('"') % 2 == 0
    )


def leans(text: str) -> bool:
    """Whether it opens with a word that points back, so that it reads well only behind the sentence before it."""
    return _LEANS.match(text) is not None or _PERSON.search(" ".join(text.split()[:6])) is not None


_PERSON = re.compile(r"\b(?:he|she|her|his)\b")


_LEANS = re.compile(
    r"[\"\u201c(]?(?:it|its|this|that|these|those|they|their|them|he|she|his|her|such|both|either|neither|the former|"
    r"the latter|the same|but|and|or|so|yet|nor|then|thus|hence|also|too|however|therefore|moreover|furthermore|"
    r"instead|otherwise|besides|still|nevertheless|for example|for instance|in addition|by contrast|as a result|"
    r"another|others?|the others?|two of (?:the|them)|one of (?:the|them)|some of (?:the|them)|here|there(?! (?:is|are|"
    r"was|were)))\b",
    re.IGNORECASE,
)


def demotion(text: str, kind: str = "") -> float:
    """How much a sentence is to be trusted less as a statement of fact, 0 (not at all) to 1 (never quote it)."""
    words = text.split()
    letters = sum(letter.isalpha() for letter in text)
    item = kind == "list_item" or text[:1] in _TICKS
    if len(words) < (3 if item else 4) or letters < 0.5 * sum(map(len, words)) or kind == "heading":
        return 1.0
    if text[-1:] not in ".!\"'\u201d)\u2019?*_`;" and len(words) < 9 and not item:
        return 1.0
    amount = 0.3 if item and len(words) < 6 else 0.0
    if text.endswith("?"):
        amount += 0.5
    if text.endswith(":") or text[-1:] not in ".!\"'\u201d)\u2019?*_`":
        amount += 0.2
    if _BOILERPLATE.search(text):
        amount += 0.7
    if _METHOD.search(text):
        amount += 0.2
    if len(words) > 70:
        amount += 0.2
    if sum(letter.isupper() for letter in text) > 0.6 * letters:
        amount += 0.4
    return min(amount, 0.95)
