"""Composing a context envelope from a project's blocks, and rendering a pinned one again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import envelopes as db_envelopes
from proofroom.db import sources as db_sources
from proofroom.db.blocks import BlockRow
from proofroom.db.tx import Tx
from proofroom.domain.envelope import (
    NO_CONTEXT,
    TOKEN_BUDGET,
    ContextEnvelope,
    EnvelopeBlock,
    EnvelopeNote,
    EnvelopeObligation,
    EnvelopeParts,
    EnvelopeTable,
    TokenCounter,
    count_tokens,
    digest,
    instruction_like,
    overhead,
    parts_of,
    receipt,
    render,
)
from proofroom.domain.errors import Conflict, NotFound
from proofroom.substrate import search

RANKED = 400  # blocks looked at for each question
SHOWN_ROWS = 2_000  # a table's rows are passages up to here
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
    token_budget: int = TOKEN_BUDGET,
    counter: TokenCounter = count_tokens,
) -> ContextEnvelope:
    """Puts together what an agent gets to see for a task, under a token budget.

    When all blocks fit they are all there, in reading order. Otherwise the best for the task come first,
    then, in turn, the best for each change request and focus area (`focus_areas` in `config`). The second
    of two equal passages is left out. `notes` stand before the passages, in the order given and all of them: the
    caller fits them into their own budget and says in `notes_left_out` ({id, kind, why}) what did not fit.
    `source_ids` restricts the project to some of its sources. Without any block the envelope says so and
    carries the flag `no_context`.
    """
    wanted = tuple(obligations)
    settings = {name: value for name, value in (config or {}).items() if value not in ("", None, [], {})}
    tables = await _tables(tx, project_id, source_ids)
    empty = EnvelopeParts(task, wanted, settings, (), tables, tuple(notes))
    room = token_budget - counter(render(empty))
    questions = _questions(task, wanted, settings)
    rows, whole = await _candidates(tx, project_id, questions, source_ids, room)
    blocks, left_out = _fill(rows, room, counter, budget=token_budget)
    if whole:
        order = {row.block_id: n for n, row in enumerate(whole)}
        blocks.sort(key=lambda block: order[UUID(block[0])])
    parts = EnvelopeParts(
        task,
        wanted,
        settings,
        tuple(_block(row, f"b{n}") for n, (_, row) in enumerate(blocks, 1)),
        tables,
        tuple(notes),
    )
    body = render(parts)
    flags = await _flags(tx, project_id, source_ids, parts, rows)
    return ContextEnvelope(
        body,
        digest(body),
        receipt(
            parts,
            left_out=left_out,
            flags=flags,
            token_budget=token_budget,
            tokens=counter(body),
            counter=counter,
            notes_left_out=notes_left_out,
        ),
    )


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


async def view(tx: Tx, pinned_id: UUID) -> dict[str, Any]:
    """A pinned envelope with the text of each block, as JSON. Raises NotFound (`envelope_not_found`)."""
    pinned = await db_envelopes.get(tx, pinned_id)
    if pinned is None:
        raise NotFound(
            "envelope_not_found", f"No envelope {pinned_id} is here.", "Look at the session's envelopes."
        )
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
        "instruction_like": instruction_like(row.text),
    }


def _block(row: BlockRow, alias: str) -> EnvelopeBlock:
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
        instruction_like=instruction_like(row.text),
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


async def _candidates(
    tx: Tx, project_id: UUID, questions: Sequence[str], source_ids: Sequence[UUID] | None, room: int
) -> tuple[list[BlockRow], list[BlockRow]]:
    """(blocks best first, all blocks in reading order if they may all fit, else nothing)."""
    best: dict[UUID, BlockRow] = {}
    lists = [await search.ranked(tx, project_id, question, RANKED, source_ids) for question in questions]
    for rank in range(max(map(len, lists), default=0)):
        for rows in lists:
            if rank < len(rows):
                best.setdefault(rows[rank].block_id, rows[rank])
    count, characters = await db_blocks.live_size(tx, project_id, source_ids)
    if not count or characters // 4 > room or count > room // 8:
        return list(best.values()), []
    whole = [
        row
        for row in await db_blocks.live(tx, project_id, source_ids)
        if row.indexed or row.kind not in _CARRIED
    ]
    ranked = list(best.values())
    ranked.extend(row for row in whole if row.block_id not in best)
    return ranked, whole


_CARRIED = ("heading", "table_header")  # stand in the header of each block below them


def _fill(
    rows: Sequence[BlockRow], room: int, counter: TokenCounter, *, budget: int
) -> tuple[list[tuple[str, BlockRow]], list[dict[str, str]]]:
    """The rows that fit, best first, and what was left out with the reason."""
    taken: list[tuple[str, BlockRow]] = []
    left_out: list[dict[str, str]] = []
    seen: dict[str, str] = {}
    for row in rows:
        alike = " ".join(row.text.split()).casefold()
        if row.kind != "table_row" and alike in seen:
            left_out.append(_left(row, f"the same words as in “{seen[alike]}”"))
            continue
        cost = counter(row.text) + counter(overhead(_block(row, _ALIAS_ROOM))) + 1
        if cost > room:
            left_out.append(_left(row, f"no room left in {budget:,} tokens"))
            continue
        room -= cost
        seen.setdefault(alike, row.source_title)
        taken.append((str(row.block_id), row))
    return taken, left_out


def _left(row: BlockRow, why: str) -> dict[str, str]:
    return {"block_id": str(row.block_id), "source_title": row.source_title, "why": why}


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
    rows: Sequence[BlockRow],
) -> list[str]:
    flags: list[str] = []
    if not parts.blocks:
        flags.append(NO_CONTEXT)
    if rows and not parts.blocks:
        flags.append("no_room")  # the task alone fills the budget
    if rows and not any(row.score > 0 for row in rows):
        flags.append("no_match")  # there are passages, but none shares a term with the task
    statuses = await db_sources.statuses(tx, project_id, source_ids)
    if statuses.get("processing"):
        flags.append("sources_processing")
    if statuses.get("failed"):
        flags.append("sources_failed")
    if any(block.instruction_like for block in parts.blocks):
        flags.append("instruction_like")
    return flags
