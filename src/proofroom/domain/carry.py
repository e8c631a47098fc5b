"""Which claims of a new version keep the approval that their reviewer gave by sending back something else.

A claim is carried only when nothing about it, and nothing it reads against, has changed:

- it says the same, has the same verdict on the same evidence with the same checks, and needed nobody then;
- it stands under the same title and headings, after the same last sentence of the block before it, behind the same
  beginning of its own block, and before the same next sentence of that block; a cell or series stands in the same
  whole table or chart. Neighbours count because they can alter what a sentence means ("It", "not so", a list's
  lead-in) while its own words stay. What follows in another block does not: it reaches back only by its own words,
  and whether it is new, changed or gone, the reader is shown that;
- neither it nor a passage it shares words with was the target of any change request of the session;
- every source version that it rests on is still the current one of a source that was not retracted.

What a word further back means is not seen: a sentence is carried although one two blocks above it has changed.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from proofroom.domain.canonical import canonical, digest
from proofroom.domain.document import (
    ArtifactDocument,
    Block,
    Chart,
    Heading,
    ListBlock,
    Table,
    inline_at,
    plain,
    to_json,
)
from proofroom.domain.obligation_text import same
from proofroom.domain.reading import Piece, count_words, pieces_of

Claim: TypeAlias = Mapping[str, Any]

_ALIAS = re.compile(r"\[\[[A-Za-z0-9_.:-]{1,64}(?=\||\]\])")
_JUDGED = ("text", "kind", "verdict", "opinion", "needs_you", "headline", "say", "checks", "anchors")


@dataclass(frozen=True, slots=True)
class Seen:
    """One version of an artifact with its checked claims, as a packet shows them."""

    document: ArtifactDocument
    claims: Sequence[Claim]


@dataclass(frozen=True, slots=True)
class Targets:
    """What change requests on an artifact were about: texts of claims, and exact passages."""

    claims: Collection[str] = ()
    passages: Collection[str] = ()


NO_TARGETS = Targets()


def carried(
    reviewed: Seen, now: Seen, targets: Targets = NO_TARGETS, *, current: Mapping[str, int]
) -> tuple[str, ...]:
    """Ids of the claims of `now` that keep their approval from `reviewed`, in reading order.

    `current` maps the id of each source that was not retracted to its current version.
    """
    spared = _targeted(reviewed, targets)
    before = Counter(
        key for claim, key in _prints(reviewed) if claim["id"] not in spared and not claim["needs_you"]
    )
    kept: list[str] = []
    for claim, key in _prints(now):
        if before[key] > 0 and _rests_on_current(claim, now.document, current):
            before[key] -= 1
            kept.append(str(claim["id"]))
    return tuple(kept)


def unchanged(reviewed: Seen, now: Seen, ids: Collection[str]) -> dict[str, str]:
    """For each claim of `now` that is one of `ids` of `reviewed` with nothing about it changed: that one's id."""
    before = {key: str(claim["id"]) for claim, key in _prints(reviewed) if claim["id"] in ids}
    return {str(claim["id"]): before[key] for claim, key in _prints(now) if key in before}


def reading_left(now: Seen, kept: Collection[str]) -> tuple[int, int]:
    """(words, of): how many of an artifact's words have to be read again, of how many there are.

    Carried claims need not; everything else does, whether it is a claim or not. The title is not counted.
    """
    done = {_place(claim) for claim in now.claims if claim["id"] in kept}
    pieces = pieces_of(now.document)
    words = [(count_words(p.text), (p.path, p.char_start, p.char_end) in done) for p in pieces]
    return sum(n for n, is_done in words if not is_done), sum(n for n, _ in words)


def _place(claim: Claim) -> tuple[tuple[int, ...], int, int]:
    return tuple(claim["path"]), int(claim["char_start"]), int(claim["char_end"])


def _prints(seen: Seen) -> list[tuple[Claim, str]]:
    """Each claim with a digest over all that must be the same for it to be carried."""
    contexts = _contexts(seen.document)
    return [
        (claim, digest([{name: claim.get(name) for name in _JUDGED}, list(contexts.get(_place(claim), ()))]))
        for claim in seen.claims
        if _place(claim) in contexts  # a claim of another document has no context here, and is never carried
    ]


def _contexts(document: ArtifactDocument) -> dict[tuple[tuple[int, ...], int, int], tuple[str, ...]]:
    """What each piece reads against, by its place."""
    pieces = pieces_of(document)
    raw = to_json(document)["blocks"]
    above = _headings_above(document)
    out: dict[tuple[tuple[int, ...], int, int], tuple[str, ...]] = {}
    before_block, whole, behind, block = "", "", hashlib.sha256(), -1
    for i, piece in enumerate(pieces):
        if piece.block != block:
            before_block = pieces[i - 1].text if i else ""
            behind, block = hashlib.sha256(), piece.block
            whole = digest(_without_aliases(canonical(raw[block]).decode()))
        follows = i + 1 < len(pieces) and pieces[i + 1].block == block
        following = pieces[i + 1].text if follows else ""
        of = document.blocks[piece.block]
        if isinstance(of, Table | Chart):
            within, following = whole, ""
        else:
            within = behind.hexdigest()
        place = (piece.path, piece.char_start, piece.char_end)
        out[place] = (
            document.title,
            above[piece.block],
            _kind(of),
            before_block,
            within,
            following,
            _addresses(document, piece),
        )
        behind.update(f"{len(piece.text)}:{piece.text}".encode("utf-8", "replace"))
    return out


def _headings_above(document: ArtifactDocument) -> list[str]:
    """For each block the headings that it stands under, outermost first."""
    out: list[str] = []
    stack: list[Heading] = []
    for block in document.blocks:
        if isinstance(block, Heading):
            stack = [h for h in stack if h.level < block.level]
        out.append("\n".join(f"{h.level} {_without_aliases(h.text)}" for h in stack))
        if isinstance(block, Heading):
            stack.append(block)
    return out


def _kind(block: Block) -> str:
    if isinstance(block, ListBlock):
        return "ordered list" if block.ordered else "list"
    return type(block).__name__ + (str(block.level) if isinstance(block, Heading) else "")


def _addresses(document: ArtifactDocument, piece: Piece) -> str:
    """Where the links and pictures of a piece's place lead; a table or chart is compared whole."""
    inline = (
        "" if isinstance(document.blocks[piece.block], Table | Chart) else inline_at(document, piece.path)
    )
    return "\n".join(f"{link.at} {link.text}" for link in plain(inline or "").links)


def _without_aliases(text: str) -> str:
    """Without the names of citations, which every iteration gives anew; the evidence is compared by itself."""
    return _ALIAS.sub("[[", text)


def _targeted(seen: Seen, targets: Targets) -> set[str]:
    """Ids of the claims that a change was about: by their words, or by words they share with a passage."""
    named = {same(text) for text in targets.claims}
    hit = {str(c["id"]) for c in seen.claims if same(c["text"]) in named}
    passages = [p for text in targets.passages if (p := same(text))]
    if not passages:
        return hit
    text, ranges = _run_together(pieces_of(seen.document))
    spans = [(at, at + len(p)) for p in passages for at in _found(text, p)]
    reached = {
        place for place, (a, b) in ranges.items() if any(a < end and start < b for start, end in spans)
    }
    return hit | {str(c["id"]) for c in seen.claims if _place(c) in reached}


def _run_together(
    pieces: Sequence[Piece],
) -> tuple[str, dict[tuple[tuple[int, ...], int, int], tuple[int, int]]]:
    """All pieces as one text with single spaces, and where each stands in it."""
    parts: list[str] = []
    ranges: dict[tuple[tuple[int, ...], int, int], tuple[int, int]] = {}
    at = 0
    for piece in pieces:
        text = same(piece.text)
        ranges[(piece.path, piece.char_start, piece.char_end)] = (at, at + len(text))
        parts.append(text)
        at += len(text) + 1
    return " ".join(parts), ranges


def _found(text: str, passage: str) -> list[int]:
    out: list[int] = []
    at = text.find(passage)
    while at >= 0:
        out.append(at)
        at = text.find(passage, at + 1)
    return out


def _rests_on_current(claim: Claim, document: ArtifactDocument, current: Mapping[str, int]) -> bool:
    used = [(str(a["source_id"]), int(a["version"])) for a in claim["anchors"]]
    block = document.blocks[int(claim["path"][0])]
    if isinstance(block, Table | Chart) and block.computed is not None:
        used.append((block.computed.source_id, block.computed.version))
    return all(current.get(source) == version for source, version in used)
