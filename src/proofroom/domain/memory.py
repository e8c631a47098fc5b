"""What a project keeps of its work: approved passages, standing instructions, lessons. Rules only.

An approved artifact becomes text with blocks that a person accepts or not. A block holds claims that stand together
and rest on the same footing: a sentence that was signed over is never in one block with those that passed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from proofroom.domain.canonical import digest
from proofroom.domain.document import (
    ArtifactDocument,
    Chart,
    Computation,
    Heading,
    ListBlock,
    Quote,
    Table,
    plain,
)
from proofroom.domain.envelope import EnvelopeNote, TokenCounter, count_tokens
from proofroom.domain.errors import Conflict, InvalidInput

MAX_NOTE = 2_000
NOTE_TOKENS = 2_000
BLOCK_CHARS = 880
"""As long as a passage of any other source."""

NEAR = 0.8
"""The share of words that two texts have in common when they say the same."""

_UNWANTED = re.compile(
    # Controls but tab and line ends, soft hyphen, zero-width space, marks that turn the line or are not seen, tags,
    # lone surrogates. The joiners U+200C and U+200D stay: Persian and Indic scripts are written with them.
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_BLANKS = re.compile(r"\n{3,}")
_WORD = re.compile(r"\w+")
_NEGATION = frozenset({"not", "no", "never", "without", "cannot", "don", "nor", "none"})


class Kind(StrEnum):
    BLOCK = "block"
    INSTRUCTION = "instruction"
    LESSON = "lesson"


class State(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RETIRED = "retired"


class Choice(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    RETIRE = "retire"


NEXT: Mapping[tuple[State, Choice], State] = {
    (State.PROPOSED, Choice.ACCEPT): State.ACCEPTED,
    (State.PROPOSED, Choice.REJECT): State.REJECTED,
    (State.ACCEPTED, Choice.RETIRE): State.RETIRED,
    (State.EXPIRED, Choice.REJECT): State.REJECTED,
    (State.EXPIRED, Choice.RETIRE): State.RETIRED,
}


@dataclass(frozen=True, slots=True)
class ApprovedBlock:
    """A passage of an approved text. `claims` and `anchors` are JSON: which claims it holds and where those rest."""

    kind: str
    heading: str | None
    char_start: int
    char_end: int
    claims: tuple[Mapping[str, Any], ...]
    anchors: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Element:
    """A line of the text: the path of its claims begins with `path`, and their offsets count in it."""

    path: tuple[int, ...]
    kind: str
    text: str


def decide(item_id: str, state: State, choice: Choice, reason: str | None, *, flagged: bool = False) -> State:
    """The state that a decision leads to. `flagged`: what it rests on was retracted or replaced.

    Raises Conflict (`already_decided`, `memory_not_accepted`, `memory_expired`), InvalidInput (`reason_required`).
    """
    extra = {"memory_id": item_id, "state": state.value}
    after = NEXT.get((state, choice))
    if after is None and choice is Choice.RETIRE and state is State.PROPOSED:
        raise Conflict(
            "memory_not_accepted",
            "It was never accepted, so it cannot be retired.",
            "Reject it.",
            extra=extra,
        )
    if after is None and state is State.EXPIRED:
        raise Conflict(
            "memory_expired",
            "Its time is over, so accepting it would change nothing.",
            "Give it a later expires_at first, or reject it.",
            extra=extra,
        )
    if after is None:
        raise Conflict(
            "already_decided",
            f"Somebody has decided this already: it is {state.value}. Nothing was changed.",
            "Look at it again.",
            extra=extra,
        )
    if not reason and (choice is not Choice.ACCEPT or flagged):
        why = (
            "What it rests on was retracted or replaced" if choice is Choice.ACCEPT else "No reason was given"
        )
        raise InvalidInput(
            "reason_required", f"{why}.", "Say why in a line; it is kept.", field="reason", extra=extra
        )
    return after


def clean_note(text: str) -> str:
    """The text of a note without signs that nobody sees. Raises InvalidInput (`note_empty`, `note_too_long`)."""
    clean = _UNWANTED.sub("", _LINE_END.sub("\n", text)).replace("\t", " ")
    clean = _BLANKS.sub("\n\n", clean).strip()
    if not clean:
        raise InvalidInput("note_empty", "The note is empty.", "Say what agents should know.", field="text")
    if len(clean) > MAX_NOTE:
        raise InvalidInput(
            "note_too_long",
            f"The note has {len(clean):,} characters; at most {MAX_NOTE:,} are sent along.",
            "Shorten it, or add it as a source.",
            field="text",
        )
    return clean


def near_equal(one: str, other: str) -> bool:
    """Whether two notes say the same: nearly the same words, and just the same figures and negations."""
    a, b = frozenset(_WORD.findall(one.casefold())), frozenset(_WORD.findall(other.casefold()))
    differing = a ^ b
    if any(word in _NEGATION or any(c.isdigit() for c in word) for word in differing):
        return False
    return len(a & b) >= NEAR * len(a | b)


def fit_notes(
    notes: Sequence[EnvelopeNote], *, budget: int = NOTE_TOKENS, counter: TokenCounter = count_tokens
) -> tuple[list[EnvelopeNote], list[dict[str, str]]]:
    """(the notes that are sent, those left out with the reason). `notes` come oldest first.

    The oldest lessons are left out first, and only when no lesson is left the oldest instructions.
    """
    cost = {note.id: counter(note.text) for note in notes}
    total = sum(cost.values())
    gone: set[str] = set()
    for note in sorted(notes, key=lambda note: note.kind != "lesson"):
        if total <= budget:
            break
        gone.add(note.id)
        total -= cost[note.id]
    left_out = [
        {"id": note.id, "kind": note.kind, "why": f"no room left in {budget:,} tokens for notes"}
        for note in notes
        if note.id in gone
    ]
    kept = [note for note in notes if note.id not in gone]
    return sorted(kept, key=lambda note: note.kind != "instruction"), left_out


def approved_text(
    document: ArtifactDocument, claims: Sequence[Mapping[str, Any]]
) -> tuple[str, tuple[ApprovedBlock, ...]]:
    """An artifact as plain text, and the blocks of it that claim something and rest on a source.

    `claims` is its ledger, as JSON. Opinions, and what rests on nothing, are in the text only. Offsets are code
    points: `text[char_start:char_end]` is the block. What is said again in the same words on the same evidence, as a
    summary does, is one block, the first; it holds the claims of all.
    """
    by_path: dict[tuple[int, ...], list[Mapping[str, Any]]] = {}
    for claim in claims:
        if claim["kind"] != "series" and not claim["opinion"]:
            by_path.setdefault(tuple(claim["path"][:2]), []).append(claim)
    parts: list[str] = [document.title] if document.title else []
    at = sum(len(part) + 1 for part in parts)
    heading: str | None = document.title or None
    blocks: dict[str, ApprovedBlock] = {}
    for element in _elements(document):
        if element.kind == "heading":
            heading = element.text
        computed = _computation(document, element)
        for run in _runs(by_path.get(element.path, ()), computed, whole=element.kind == "table_row"):
            anchors = _anchors(run, computed)
            whole = element.kind == "table_row"
            start, end = (0, len(element.text)) if whole else (run[0]["char_start"], run[-1]["char_end"])
            held = tuple({k: c[k] for k in ("id", "verdict", "needs_you")} for c in run)
            said = digest([" ".join(element.text[start:end].split()).casefold(), list(anchors)])
            if said in blocks:
                blocks[said] = replace(blocks[said], claims=(*blocks[said].claims, *held))
                continue
            blocks[said] = ApprovedBlock(
                element.kind,
                None if element.kind == "heading" else heading,
                at + start,
                at + end,
                held,
                anchors,
            )
        parts.append(element.text)
        at += len(element.text) + 1
    return "\n".join(parts), tuple(blocks.values())


def _elements(document: ArtifactDocument) -> Iterator[_Element]:
    for index, block in enumerate(document.blocks):
        match block:
            case ListBlock():
                for n, item in enumerate(block.items):
                    yield _Element((index, n), "list_item", plain(item).text)
            case Table():
                if block.caption:
                    yield _Element((index,), "paragraph", plain(block.caption).text)
                for n, row in enumerate(block.rows):
                    told = [
                        f"{column.label}: {plain(cell).text}"
                        for column, cell in zip(block.columns, row, strict=True)
                        if cell
                    ]
                    yield _Element((index, n), "table_row", "; ".join(told))
            case Chart():
                yield _Element((index,), "paragraph", block.title)
            case Heading():
                yield _Element((index,), "heading", plain(block.text).text)
            case Quote():
                yield _Element((index,), "quote", plain(block.text).text)
            case _:
                yield _Element((index,), "paragraph", plain(block.text).text)


def _computation(document: ArtifactDocument, element: _Element) -> Computation | None:
    block = document.blocks[element.path[0]]
    return block.computed if isinstance(block, Table) else None


def _runs(
    claims: Sequence[Mapping[str, Any]], computed: Computation | None, *, whole: bool
) -> Iterator[list[Mapping[str, Any]]]:
    """Claims of one element that stand together: next to each other, on the same footing, no longer than a passage.

    A row (`whole`) is kept as one, with all that it claims, when any of it rests on something.
    """
    if whole:
        if any(c["anchors"] for c in claims) or _is_computed(claims, computed):
            yield list(claims)
        return
    run: list[Mapping[str, Any]] = []
    for claim in claims:
        long = bool(run) and claim["char_end"] - run[0]["char_start"] > BLOCK_CHARS
        if run and (long or not claim["anchors"] or claim["needs_you"] != run[-1]["needs_you"]):
            yield run
            run = []
        if claim["anchors"]:
            run.append(claim)
    if run:
        yield run


def _is_computed(claims: Sequence[Mapping[str, Any]], computed: Computation | None) -> bool:
    """Whether a figure of a row was computed again. A computation that fails may name anything as its source."""
    return computed is not None and any(not c["anchors"] and not c["needs_you"] for c in claims)


def _anchors(run: Sequence[Mapping[str, Any]], computed: Computation | None) -> tuple[Mapping[str, Any], ...]:
    """Where the claims of a run rest, each place once; a computation is the table that it reads."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for claim in run:
        for anchor in claim["anchors"]:
            kept = {k: anchor[k] for k in _ANCHOR}
            found.setdefault(tuple(kept.values()), kept)
    if computed is not None and _is_computed(run, computed):
        place = {"source_id": computed.source_id, "version": computed.version, "block_id": None}
        found[()] = {
            **place, "page": None, "char_start": 0, "char_end": 0, "quote": "", "source_title": "",
            "table": computed.table,
        }  # fmt: skip
    return tuple(found.values())


_ANCHOR = ("source_id", "version", "block_id", "page", "char_start", "char_end", "quote", "source_title")
