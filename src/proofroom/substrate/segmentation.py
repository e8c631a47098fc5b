"""Cuts text into passages without ever rewriting it: every function answers with spans of the text it got."""

import re
from collections.abc import Iterator

from proofroom.substrate.extracted import BlockDraft, BlockKind

MAX_CHARS = 880  # about 220 tokens at four characters each
HEADING_CHARS = 240

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_BULLET = re.compile(r"[ \t]*(?:[-*•‣◦]|\d{1,3}[.)]|\(?[a-z]\))[ \t]+(?=\S)")
_HEADING_LINE = re.compile(r"(?:\d+(?:\.\d+)*\.?[ \t]+)?[^\W\d_][^\r\n]{0,78}\Z")
# A sentence ends at .!?… (closing quotes and brackets included) before white space, or at CJK full stops.
# A run of stops is looked at from its first one only: a megabyte of dots costs one step each.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|vs|cf|al|etc|e\.g|i\.e|Fig|Figs|Eq|No|Nos|Vol|pp|ca|approx|Inc|Ltd|Co"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec))\Z"
)


def lines(text: str) -> Iterator[tuple[int, int, int]]:
    r"""Yields (start, end without the line break, start of the next line). Breaks are \r\n, \r and \n."""
    for found in _LINE.finditer(text):
        start, after = found.span()
        if start == after:
            return
        end = after
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        yield start, end, after


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of `text[start:end]`, trimmed, in order; blank lines end a sentence too."""
    at = start
    for found in _SENTENCE_END.finditer(text, start, end):
        stop = found.end()
        if found.group()[0] == "." and _ABBREVIATION.search(
            text, max(start, found.start() - 8), found.start()
        ):
            continue
        span = trim(text, at, stop)
        if span[0] < span[1]:
            yield span
        at = stop
    span = trim(text, at, end)
    if span[0] < span[1]:
        yield span


def split_long(text: str, start: int, end: int, limit: int = MAX_CHARS) -> list[tuple[int, int]]:
    """Cuts a span into pieces of at most `limit` characters: between sentences, else between words, else
    anywhere.
    """
    start, end = trim(text, start, end)
    if end - start <= limit:
        return [(start, end)] if start < end else []
    found: list[tuple[int, int]] = []
    at, to = -1, -1
    aim = 0.0
    for first, last in sentences(text, start, end):
        for part_start, part_end in _words(text, first, last, limit):
            # As even as whole sentences allow: 900 characters become two halves, not 880 and 20.
            over, under = part_end - at - aim, aim - (to - at)
            if at >= 0 and part_end - at <= limit and over <= under:
                to = part_end
                continue
            if at >= 0:
                found.append((at, to))
            at, to = part_start, part_end
            aim = (end - at) / -(-(end - at) // limit)
    if at >= 0:
        found.append((at, to))
    return found


def _words(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    while end - start > limit:
        cut = start + limit
        while cut > start + limit // 2 and not text[cut].isspace():
            cut -= 1
        if not text[cut].isspace():
            cut = start + limit
        span = trim(text, start, cut)
        if span[0] < span[1]:
            yield span
        start, _ = trim(text, cut, end)
    if start < end:
        yield start, end


def blocks_of(
    text: str,
    start: int,
    end: int,
    kind: BlockKind,
    *,
    heading: str | None = None,
    page: int | None = None,
) -> list[BlockDraft]:
    """One block, or several when the span is long."""
    return [BlockDraft(kind, s, e, page, heading) for s, e in split_long(text, start, end)]


def heading_text(text: str) -> str:
    """A heading as blocks carry it: one line, at most 240 characters."""
    return " ".join(text.split())[:HEADING_CHARS]


def plain_blocks(
    text: str, start: int = 0, end: int | None = None, *, page: int | None = None, heading: str | None = None
) -> list[BlockDraft]:
    """Blocks of plain text: paragraphs between blank lines, list items by their bullets.

    A short line on its own that begins with a letter and does not end like a sentence is taken for a heading
    when something follows it.
    """
    end = len(text) if end is None else end
    groups: list[tuple[int, int, bool]] = []  # start, end, is a list item
    open_group = False
    for line_start, line_end, _ in lines(text[start:end]):
        first, last = trim(text, start + line_start, start + line_end)
        if first == last:
            open_group = False
            continue
        bullet = _BULLET.match(text, start + line_start, start + line_end)
        if bullet:
            groups.append((bullet.end(), last, True))
        elif open_group:
            before, _, item = groups[-1]
            groups[-1] = (before, last, item)
        else:
            groups.append((first, last, False))
        open_group = True
    blocks: list[BlockDraft] = []
    for n, (first, last, item) in enumerate(groups):
        if not item and n + 1 < len(groups) and _looks_like_heading(text[first:last]):
            heading = heading_text(text[first:last])
            blocks.append(BlockDraft("heading", first, last, page))
        else:
            blocks.extend(
                blocks_of(text, first, last, "list_item" if item else "paragraph", heading=heading, page=page)
            )
    return blocks


def _looks_like_heading(line: str) -> bool:
    if not _HEADING_LINE.match(line) or line[-1] in ".!?…:;,。！？":
        return False
    words = line.split()
    return len(words) <= 10 and (words[0][0].isupper() or words[0][0].isdigit() or not words[0].isascii())
