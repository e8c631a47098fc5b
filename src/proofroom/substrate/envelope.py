"""Composing a context envelope from a project's blocks, and rendering a pinned one again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import envelopes as db_envelopes
from proofroom.db import sources as db_sources
from proofroom.db.blocks import BlockRow
from proofroom.db.models import ContextEnvelope as StoredEnvelope
from proofroom.db.tx import Tx
from proofroom.domain.contradictions import Contradiction
from proofroom.domain.envelope import (
    NO_CONTEXT,
    ContextEnvelope,
    EnvelopeBlock,
    EnvelopeContradiction,
    EnvelopeNote,
    EnvelopeObligation,
    EnvelopeParts,
    EnvelopeTable,
    TokenCounter,
    count_tokens,
    digest,
    disagreement,
    overhead,
    parts_of,
    receipt,
    render,
)
from proofroom.domain.errors import Conflict, NotFound
from proofroom.domain.marks import FAKE_CITATION, HIDDEN_TEXT, INSTRUCTION_LIKE
from proofroom.domain.selection import Candidate, ContextWeights, Left, select, side_by_side
from proofroom.substrate import candidates, guard
from proofroom.substrate.candidates import Placed

_ALIAS_ROOM = "b9999"


async def compose(
    tx: Tx,
    project_id: UUID,
    task: str,
    *,
    config: Mapping[str, Any] | None = None,
    obligations: Sequence[EnvelopeObligation] = (),
    notes: Sequence[EnvelopeNote] = (),
    notes_left_out: Sequence[Mapping[str, str]] = (),
    source_ids: Sequence[UUID] | None = None,
    weights: ContextWeights | None = None,
    token_budget: int | None = None,
    counter: TokenCounter = count_tokens,
) -> ContextEnvelope:
    """Puts together what an agent gets to see for a task, under a token budget.

    When all blocks fit they are all there, in reading order. Otherwise the best for the task come first,
    then, in turn, the best for each change request and focus area (`focus_areas` in `config`), as the agent's
    `weights` put them. What repeats another passage is left out; two that disagree stand side by side and are told.
    `notes` stand before the passages, in the order given and all of them: the caller fits them into their own budget
    and says in `notes_left_out` ({id, kind, why}) what did not fit. `source_ids` restricts the project to some of its
    sources. Without any block the envelope says so and carries the flag `no_context`.
    """
    weights = weights or ContextWeights()
    budget = token_budget or weights.token_budget
    wanted = tuple(obligations)
    settings = {name: value for name, value in (config or {}).items() if value not in ("", None, [], {})}
    tables = await _tables(tx, project_id, source_ids)
    empty = EnvelopeParts(task, wanted, settings, (), tables, tuple(notes))
    room = budget - counter(render(empty))
    questions = _questions(task, wanted, settings)
    ranking = await candidates.rank(tx, project_id, questions, source_ids, weights, room)
    placed = ranking.placed
    chosen = select(
        [_candidate(one, counter) for one in placed],
        room,
        most_per_source=weights.most_per_source,
        note_cost=lambda c: counter(disagreement(_told(c, _ALIAS_ROOM, _ALIAS_ROOM), "0" * 12)) + 1,
        full=f"no room left in {budget:,} tokens",
    )
    taken = set(chosen.taken)
    order = side_by_side(
        [at for at in ranking.reading_order or chosen.taken if at in taken], chosen.contradictions
    )
    alias = {at: f"b{n}" for n, at in enumerate(order, 1)}
    parts = EnvelopeParts(
        task,
        wanted,
        settings,
        tuple(_block(placed[at], alias[at], pulled=at in chosen.pulled) for at in order),
        tables,
        tuple(notes),
        tuple(_in_order(c, alias) for c in chosen.contradictions),
    )
    body = render(parts)
    return ContextEnvelope(
        body,
        digest(body),
        receipt(
            parts,
            left_out=[
                *(_left(one, placed, alias) for one in chosen.left),
                *(_unheard(one) for one in ranking.unheard),
            ],
            flags=await _flags(tx, project_id, source_ids, parts, placed),
            token_budget=budget,
            tokens=counter(body),
            counter=counter,
            notes_left_out=notes_left_out,
            weights=weights.to_json(),
            search=ranking.search,
            questions=questions,
            counts=ranking.counts,
        ),
    )


def _candidate(one: Placed, counter: TokenCounter) -> Candidate:
    row = one.row
    return Candidate(
        key=str(row.block_id),
        source=str(row.source_id),
        title=row.source_title,
        text=row.text,
        heading=row.heading,
        cost=counter(row.text) + counter(overhead(_block(one, _ALIAS_ROOM))) + 1,
        compared=row.kind != "table_row",
        marked=one.suspect,
    )


def _told(c: Contradiction, a: str, b: str) -> EnvelopeContradiction:
    return EnvelopeContradiction(c.kind, a, b, c.subject, c.a_says, c.b_says)


def _in_order(c: Contradiction, alias: Mapping[int, str]) -> EnvelopeContradiction:
    """With the passage first that stands first in the body."""
    a, b = alias[c.a], alias[c.b]
    if int(a[1:]) < int(b[1:]):
        return _told(c, a, b)
    return EnvelopeContradiction(c.kind, b, a, c.subject, c.b_says, c.a_says)


async def rebuild(tx: Tx, envelope_id: UUID) -> str:
    """The body of a pinned envelope, rendered again from the block versions in its receipt; nothing is
    ranked again.

    Raises NotFound (`envelope_not_found`), Conflict (`redacted` when a block was deleted since,
    `digest_differs` when what is there now is not what was sent).
    """
    pinned = await db_envelopes.get(tx, envelope_id)
    if pinned is None:
        raise NotFound(
            "envelope_not_found", f"No envelope {envelope_id} is here.", "Look at the session's envelopes."
        )
    if pinned.receipt.get("redacted"):
        raise redacted(pinned.receipt["redacted"])
    rows = await db_blocks.by_ids(tx, [UUID(item["block_id"]) for item in pinned.receipt["included"]])
    texts = {str(block_id): row.text for block_id, row in rows.items()}
    try:
        body = render(parts_of(pinned.receipt, texts))
    except KeyError as error:
        raise Conflict(
            "redacted",
            "A passage of this envelope was deleted since, so it cannot be built again.",
            "The digest still proves what a kept copy holds.",
        ) from error
    if digest(body) != pinned.digest:
        raise Conflict(
            "digest_differs",
            "The envelope built again is not the one that was sent.",
            "The stored rows were changed from outside, or another release rendered it.",
        )
    return body


def redacted(deletions: Sequence[Mapping[str, Any]]) -> Conflict:
    """Why an envelope that lost words cannot be built again; `deletions` are those of its receipt."""
    last = deletions[-1]
    return Conflict(
        "redacted",
        f"A source of this envelope was deleted on {str(last['at'])[:10]} by {last['by']}: {last['reason']}",
        "The digest still proves what a kept copy holds.",
        extra={"deletions": [dict(one) for one in deletions]},
    )


async def view(tx: Tx, pinned_id: UUID) -> dict[str, Any]:
    """A pinned envelope with the text of each block, as JSON. Raises NotFound (`envelope_not_found`)."""
    pinned = await db_envelopes.get(tx, pinned_id)
    if pinned is None:
        raise NotFound(
            "envelope_not_found", f"No envelope {pinned_id} is here.", "Look at the session's envelopes."
        )
    return await shown(tx, pinned)


async def shown(tx: Tx, pinned: StoredEnvelope) -> dict[str, Any]:
    """As `view`, of an envelope that was read already."""
    rows = await db_blocks.by_ids(tx, [UUID(item["block_id"]) for item in pinned.receipt["included"]])
    included: list[dict[str, Any]] = []
    for item in pinned.receipt["included"]:
        row = rows.get(UUID(item["block_id"]))
        included.append({**item, "text": None if row is None else row.text})
    return {
        "id": str(pinned.id),
        "session_id": str(pinned.session_id),
        "iteration": pinned.iteration,
        "digest": pinned.digest,
        "body": pinned.body,
        "receipt": {**pinned.receipt, "included": included},
        "created_at": pinned.created_at.isoformat(),
    }


def item_of(row: BlockRow, alias: str) -> dict[str, Any]:
    """A block as agents and the API see it."""
    marks = guard.marks(row)
    return {
        "alias": alias,
        "block_id": str(row.block_id),
        "source_id": str(row.source_id),
        "version": row.version,
        "source_title": row.source_title,
        "kind": row.kind,
        "page": row.page,
        "heading": row.heading,
        "char_start": row.char_start,
        "char_end": row.char_end,
        "text": row.text,
        "score": round(row.score, 6),
        "instruction_like": INSTRUCTION_LIKE in marks,
        "marks": list(marks),
    }


def _block(one: Placed, alias: str, *, pulled: bool = False) -> EnvelopeBlock:
    row = one.row
    return EnvelopeBlock(
        alias=alias,
        block_id=str(row.block_id),
        source_id=str(row.source_id),
        version=row.version,
        source_title=row.source_title,
        kind=row.kind,
        page=row.page,
        heading=row.heading,
        char_start=row.char_start,
        char_end=row.char_end,
        text=row.text,
        score=round(row.score, 6),
        weighted=round(one.weighted, 6),
        rank=one.rank,
        question=one.question,
        pulled=pulled,
        origin=one.origin,
        marks=one.marks,
    )


def _questions(
    task: str, obligations: Sequence[EnvelopeObligation], settings: Mapping[str, Any]
) -> list[str]:
    """The task first; then what the reviewer asked for; then the focus areas."""
    asked = [task, *(f"{o.comment} {o.about}" for o in obligations)]
    areas = settings.get("focus_areas")
    if isinstance(areas, str):
        asked.append(areas)
    elif isinstance(areas, list | tuple):
        asked.extend(str(area) for area in areas)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return list(dict.fromkeys(asked))


def _left(one: Left, placed: Sequence[Placed], alias: Mapping[int, str]) -> dict[str, Any]:
    row = placed[one.at].row
    told: dict[str, Any] = {
        "block_id": str(row.block_id),
        "source_title": row.source_title,
        "reason": one.reason,
        "why": one.why,
    }
    if placed[one.at].marks:
        told["marks"] = list(placed[one.at].marks)
    if one.of is not None:
        told |= {"of": alias[one.of], "of_block_id": str(placed[one.of].row.block_id)}
    return told


def _unheard(one: Placed) -> dict[str, Any]:
    return {
        "block_id": str(one.row.block_id),
        "source_title": one.row.source_title,
        "reason": "unranked",
        "why": f"no question of the task led to it; it is marked {', '.join(one.marks)}",
        "marks": list(one.marks),
    }


async def _tables(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None) -> tuple[EnvelopeTable, ...]:
    return tuple(
        EnvelopeTable(
            source_id=str(source.id),
            version=source.version,
            source_title=source.title,
            table=table["table"],
            name=table["name"],
            columns=tuple(table["columns"]),
            types=tuple(table["types"]),
            row_count=table["row_count"],
        )
        for source in await db_sources.tables(tx, project_id, source_ids)
        for table in source.tables
    )


async def _flags(
    tx: Tx,
    project_id: UUID,
    source_ids: Sequence[UUID] | None,
    parts: EnvelopeParts,
    placed: Sequence[Placed],
) -> list[str]:
    flags: list[str] = []
    if not parts.blocks:
        flags.append(NO_CONTEXT)
    if placed and not parts.blocks:
        flags.append("no_room")  # the task alone fills the budget
    if placed and not any(one.row.score > 0 for one in placed):
        flags.append("no_match")  # there are passages, but none shares a term with the task
    statuses = await db_sources.statuses(tx, project_id, source_ids)
    if statuses.get("processing"):
        flags.append("sources_processing")
    if statuses.get("failed"):
        flags.append("sources_failed")
    marks = {mark for block in parts.blocks for mark in block.marks}
    flags += [mark for mark in (INSTRUCTION_LIKE, HIDDEN_TEXT, FAKE_CITATION) if mark in marks]
    if parts.contradictions:
        flags.append("contradiction")
    return flags
