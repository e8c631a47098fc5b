"""Memory as people use it: what is proposed, deciding on it, standing instructions and lessons. Nothing commits here.

Only a person makes something of it hold. Decisions lock the project's counts first, so of any number of concurrent
ones on the same item exactly one wins; the others get `already_decided`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import members, projects, work_sessions
from proofroom.db import memory as db_memory
from proofroom.db import sources as db_sources
from proofroom.db.memory import RememberedBlock, Standing
from proofroom.db.models import MemoryNote, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.envelope import EnvelopeNote
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.domain.memory import Choice, Kind, State, clean_note, decide, fit_notes
from proofroom.services import definitions, indexing
from proofroom.services.access import Actor, require, require_still
from proofroom.services.catalog import Catalog
from proofroom.services.meanwhile import changed_meanwhile
from proofroom.services.remembering import state_of, text_digest
from proofroom.services.said import text_of
from proofroom.services.views import at

MAX_AT_ONCE = 200
NOTE_KINDS = (Kind.INSTRUCTION.value, Kind.LESSON.value)
_BLOCK_STATES: Mapping[State, tuple[str, ...]] = {
    State.PROPOSED: ("proposed",), State.ACCEPTED: ("accepted", "locked"), State.REJECTED: ("rejected",),
    State.RETIRED: ("superseded",), State.EXPIRED: (),
}  # fmt: skip
_LIVE_NOTES = (State.PROPOSED.value, State.ACCEPTED.value)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a note holds: in a project or, with None, the whole workspace; for one kind of agent or for all."""

    project_id: UUID | None
    agent_type: str | None


# Looking


async def page(
    tx: Tx,
    project_id: UUID,
    *,
    state: State | None = None,
    kind: Kind | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Items of a project and of its whole workspace as JSON, in the order they came. Raises NotFound."""
    await projects.get(tx, project_id)
    blocks: list[RememberedBlock] = []
    notes: list[MemoryNote] = []
    if kind in (None, Kind.BLOCK):
        states = None if state is None else _BLOCK_STATES[state]
        blocks = await db_memory.blocks(tx, project_id, states=states, after=after, limit=limit)
    if kind is not Kind.BLOCK:
        kinds = NOTE_KINDS if kind is None else (kind.value,)
        notes = await db_memory.notes(
            tx, project_id, kinds=kinds, after=after, limit=limit, **_notes_in(state)
        )
    items = [*await _blocks_json(tx, blocks), *await _notes_json(tx, notes)]
    return sorted(items, key=lambda item: item["id"])[:limit]


def _notes_in(state: State | None) -> dict[str, Any]:
    if state is None:
        return {}
    if state is State.EXPIRED:
        return {"states": _LIVE_NOTES, "expired": True}
    return {"states": (state.value,), "expired": False if state.value in _LIVE_NOTES else None}


async def get(tx: Tx, project_id: UUID, memory_id: UUID) -> dict[str, Any]:
    """An item with `decisions`, all that was done to it, oldest first. Raises NotFound (`memory_not_found`)."""
    await projects.get(tx, project_id)
    item = await _one(tx, project_id, memory_id)
    names = await members.names(tx)
    return item | {
        "decisions": [
            {
                "action": d.action, "from_state": d.from_state, "to_state": d.to_state, "reason": d.reason,
                "by": _person(d.member_id, names), "via": d.via, "at": at(d.at), "text_sha256": d.text_sha256,
            }
            for d in await db_memory.decisions(tx, memory_id)
        ]
    }  # fmt: skip


async def _one(tx: Tx, project_id: UUID, memory_id: UUID) -> dict[str, Any]:
    block = (await db_memory.blocks_by_ids(tx, [memory_id])).get(memory_id)
    if block is not None and block.project_id == project_id:
        return (await _blocks_json(tx, [block]))[0]
    note = await db_memory.note(tx, memory_id)
    if note is not None and note.project_id in (None, project_id):
        return (await _notes_json(tx, [note]))[0]
    raise _not_found(memory_id)


def _not_found(memory_id: UUID) -> NotFound:
    return NotFound(
        "memory_not_found", f"Nothing of the id {memory_id} is in this project's memory.", "List its memory."
    )


async def _blocks_json(tx: Tx, rows: Sequence[RememberedBlock]) -> list[dict[str, Any]]:
    names = await members.names(tx)
    standings = await db_memory.standings(
        tx, {UUID(a["source_id"]) for row in rows for a in row.anchors if a["source_id"]}
    )
    cited = {UUID(a["block_id"]) for row in rows for a in row.anchors if a["block_id"]}
    live = await db_memory.live_ids(tx, cited if any(s.approved for s in standings.values()) else ())
    sessions = {s.id: s.title for s in await work_sessions.several(tx, {row.session_id for row in rows})}
    return [
        {
            "id": str(row.block_id), "kind": Kind.BLOCK.value, "state": state_of(row).value, "text": row.text,
            "heading": row.heading, "block_kind": row.kind,
            "scope": {"project_id": str(row.project_id), "agent_type": None}, "expires_at": None,
            "origin": {
                "from": "artifact", "session_id": str(row.session_id), "artifact_id": str(row.artifact_id),
                "version": row.artifact_version, "checkpoint_id": str(row.checkpoint_id),
                "title": sessions.get(row.session_id), "project_id": str(row.project_id),
            },
            "source_id": str(row.source_id), "source_title": row.source_title,
            "char_start": row.char_start, "char_end": row.char_end,
            "claims": [dict(c) for c in row.claims],
            "anchors": [_anchor(a, standings) for a in row.anchors],
            "rests_on_retracted": bool(gone := _in_question(row.anchors, standings, live)),
            "in_question": gone,
            "created_by": None, "created_at": at(row.created_at),
            "decided_by": _person(row.decided_by, names), "decided_at": at(row.decided_at),
            "reason": row.reason, "version": row.version,
        }
        for row in rows
    ]  # fmt: skip


def _anchor(anchor: Mapping[str, Any], standings: Mapping[str, Standing]) -> dict[str, Any]:
    known = standings.get(anchor["source_id"])
    title = anchor["source_title"] or (known.title if known is not None else "")
    return {**anchor, "source_title": title}


def _in_question(
    anchors: Sequence[Mapping[str, Any]], standings: Mapping[str, Standing], live: set[str]
) -> list[dict[str, Any]]:
    """Sources that a block rests on and that are not as they were: {source_id, title, why, reason}."""
    found: dict[str, dict[str, Any]] = {}
    for anchor in anchors:
        source_id = anchor["source_id"]
        now = standings.get(source_id)
        if now is None:
            why, reason = "deleted", None
        elif now.retracted:
            why, reason = "retracted", now.reason
        elif now.version != anchor["version"]:
            why, reason = "replaced", None
        elif now.approved and anchor["block_id"] not in live:
            why, reason = "not_accepted", None
        else:
            continue
        title = anchor["source_title"] if now is None else now.title
        found[source_id] = {"source_id": source_id, "title": title, "why": why, "reason": reason}
    return list(found.values())


async def _notes_json(tx: Tx, rows: Sequence[MemoryNote]) -> list[dict[str, Any]]:
    names = await members.names(tx)
    now = await work_sessions.now(tx)
    return [
        {
            "id": str(row.id), "kind": row.kind, "state": _note_state(row, now).value, "text": row.text,
            "heading": None, "block_kind": None, "scope": _scope_json(row), "expires_at": at(row.expires_at),
            "origin": row.origin, "source_id": None, "source_title": None, "char_start": None, "char_end": None,
            "claims": [], "anchors": [], "rests_on_retracted": False, "in_question": [],
            "created_by": _person(row.created_by, names), "created_at": at(row.created_at),
            "decided_by": _person(row.decided_by, names), "decided_at": at(row.decided_at),
            "reason": row.reason, "version": row.version,
        }
        for row in rows
    ]  # fmt: skip


def _note_state(row: MemoryNote, now: datetime) -> State:
    over = row.expires_at is not None and row.expires_at <= now
    return State.EXPIRED if over and row.state in _LIVE_NOTES else State(row.state)


def _scope_json(row: MemoryNote) -> dict[str, str | None]:
    return {
        "project_id": None if row.project_id is None else str(row.project_id),
        "agent_type": row.agent_type,
    }


def _person(member_id: UUID | None, names: Mapping[UUID, str]) -> dict[str, Any] | None:
    return None if member_id is None else {"id": str(member_id), "name": names.get(member_id)}


# Notes


async def add(
    tx: Tx,
    actor: Actor,
    catalog: Catalog,
    project_id: UUID,
    *,
    kind: str,
    text: str,
    scope: Scope,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """A person's own instruction or lesson: it holds at once. For the whole workspace an admin is needed.

    Raises NotAllowed, NotFound, InvalidInput (`note_empty`, `note_too_long`, `expires_in_past`, `scope_invalid`,
    `unknown_agent`).
    """
    _require(actor, scope.project_id)
    await projects.get(tx, project_id)
    await _check_scope(tx, catalog, project_id, scope)
    await require_still(tx, actor, "reviewer" if scope.project_id else "admin")
    now = await work_sessions.now(tx)
    row = await db_memory.add_note(
        tx,
        project_id=scope.project_id,
        kind=Kind(kind).value,
        state=State.ACCEPTED.value,
        text=clean_note(text),
        agent_type=scope.agent_type,
        expires_at=_expiry(expires_at, now),
        created_by=actor.member_id,
        decided_by=actor.member_id,
        decided_at=now,
    )
    await _record(tx, actor, row.id, row.kind, "add", None, State.ACCEPTED, text=row.text)
    return (await _notes_json(tx, [row]))[0]


async def edit(
    tx: Tx,
    actor: Actor,
    catalog: Catalog,
    project_id: UUID,
    memory_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
) -> dict[str, Any]:
    """Changes `text`, `scope` (a Scope) and `expires_at` of a note, as far as they are given; its state stays.

    Raises NotAllowed, NotFound (`memory_not_found`), Conflict (`memory_changed` when `version` is not the one that
    is there, `memory_not_editable`, `already_decided`), InvalidInput as `add`.
    """
    require(actor, "reviewer")
    await projects.get(tx, project_id)
    row = await db_memory.note(tx, memory_id, lock=True)
    if row is None or row.project_id not in (None, project_id):
        await _one(tx, project_id, memory_id)
        raise Conflict(
            "memory_not_editable",
            "A passage of approved work stays as it was signed.",
            "Retire it, and add the better words as a source or as a lesson.",
        )
    scope: Scope = changes.get("scope", Scope(row.project_id, row.agent_type))
    for place in (row.project_id, scope.project_id):
        _require(actor, place)
        await require_still(tx, actor, "reviewer" if place else "admin")
    await _check_scope(tx, catalog, project_id, scope)
    if version is not None and version != row.version:
        raise _changed(row.version)
    if row.state not in _LIVE_NOTES:
        raise Conflict(
            "already_decided", f"It is {row.state}. Nothing was changed.", "Add a new one.",
            extra={"memory_id": str(row.id), "state": row.state},
        )  # fmt: skip
    values: dict[str, Any] = {"project_id": scope.project_id, "agent_type": scope.agent_type}
    if "text" in changes:
        values["text"] = clean_note(changes["text"])
    if "expires_at" in changes:
        values["expires_at"] = _expiry(changes["expires_at"], await work_sessions.now(tx))
    changed = await db_memory.change_note(tx, row.id, row.version, **values)
    assert changed is not None  # the row is locked
    state = State(changed.state)
    await _record(tx, actor, row.id, row.kind, "edit", state, state, text=changed.text)
    return (await _notes_json(tx, [changed]))[0]


def _changed(version: int) -> Conflict:
    return changed_meanwhile("memory_changed", "it", version)


def _require(actor: Actor, place: UUID | None) -> None:
    """What holds in every project of a workspace is an admin's to say."""
    require(actor, "reviewer" if place is not None else "admin")


async def _check_scope(tx: Tx, catalog: Catalog, project_id: UUID, scope: Scope) -> None:
    if scope.project_id not in (None, project_id):
        raise InvalidInput(
            "scope_invalid",
            "A note holds in this project or in the whole workspace.",
            "Leave project_id out for this project, or set it to null for all.",
            field="scope.project_id",
        )
    if scope.agent_type is not None:
        await definitions.find(tx, catalog.definitions, project_id, scope.agent_type)


def _expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is not None and expires_at <= now:
        raise InvalidInput(
            "expires_in_past", "expires_at is over already.", "Give a later time, or null for never.",
            field="expires_at",
        )  # fmt: skip
    return expires_at


# Deciding


async def decide_all(
    tx: Tx, actor: Actor, project_id: UUID, items: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Decides on all of `items` ({id, decision, reason?, version?}) or on none; answers them as they are then.

    Accepted passages can be found from here on. Raises NotAllowed, NotFound (`memory_not_found`), Conflict
    (`already_decided`, `memory_changed`, `memory_expired`, `memory_not_accepted`, `source_retracted`), InvalidInput
    (`reason_required`, `decisions_invalid`).
    """
    require(actor, "reviewer")
    await projects.get(tx, project_id)
    ids = [UUID(str(item["id"])) for item in items]
    if not ids or len(ids) > MAX_AT_ONCE or len(set(ids)) < len(ids):
        raise InvalidInput(
            "decisions_invalid",
            f"Decisions are 1 to {MAX_AT_ONCE} items, each named once; these are {len(ids)}.",
            "Send them in portions.",
            field="items",
        )
    await db_blocks.lock_counts(tx, project_id)  # whoever changes what can be found takes turns on it
    await require_still(tx, actor, "reviewer")
    blocks = await db_memory.blocks_by_ids(tx, ids)
    flagged = {i["id"]: i["rests_on_retracted"] for i in await _blocks_json(tx, list(blocks.values()))}
    accepted: list[UUID] = []
    for item_id, item in sorted(zip(ids, items, strict=True)):  # notes are locked in one order by everybody
        choice, reason = Choice(item["decision"]), text_of(item.get("reason"), "reason")
        block = blocks.get(item_id)
        if block is not None and block.project_id == project_id:
            after = await _decide_block(
                tx, actor, block, choice, reason, item.get("version"), flagged=flagged[str(item_id)]
            )
            accepted += [item_id] if after is State.ACCEPTED else []
        else:
            await _decide_note(tx, actor, project_id, item_id, choice, reason, item.get("version"))
    if accepted:
        await indexing.will_grow(tx, project_id)
        await db_blocks.count_in_blocks(tx, project_id, accepted)
    for source_id in dict.fromkeys(b.source_id for b in blocks.values()):
        await db_sources.announce(tx, project_id, source_id)
    return [await _one(tx, project_id, item_id) for item_id in ids]


async def _decide_block(
    tx: Tx,
    actor: Actor,
    block: RememberedBlock,
    choice: Choice,
    reason: str | None,
    version: int | None,
    *,
    flagged: bool,
) -> State:
    if version is not None and version != block.version:
        raise _changed(block.version)
    before = state_of(block)
    after = decide(str(block.block_id), before, choice, reason, flagged=flagged)
    if choice is Choice.ACCEPT and block.retracted_at is not None:
        raise Conflict(
            "source_retracted", f"“{block.source_title}” was retracted.", "Nothing of it can be accepted."
        )
    if choice is Choice.RETIRE:
        await db_blocks.count_out_blocks(tx, block.project_id, [block.block_id])
    moved = await db_memory.move_block(
        tx, block.block_id, block.state, _BLOCK_STATES[after][0], reason=reason,
        decided_by=actor.member_id, decided_at=await work_sessions.now(tx),
    )  # fmt: skip
    assert moved  # the project's counts are locked
    await _record(tx, actor, block.block_id, Kind.BLOCK, choice.value, before, after, reason=reason)
    return after


async def _decide_note(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    note_id: UUID,
    choice: Choice,
    reason: str | None,
    version: int | None,
) -> None:
    row = await db_memory.note(tx, note_id, lock=True)
    if row is None or row.project_id not in (None, project_id):
        raise _not_found(note_id)
    _require(actor, row.project_id)
    if version is not None and version != row.version:
        raise _changed(row.version)
    now = await work_sessions.now(tx)
    before = _note_state(row, now)
    after = decide(str(row.id), before, choice, reason)
    await db_memory.change_note(
        tx, row.id, row.version, state=after.value, reason=reason, decided_by=actor.member_id, decided_at=now
    )
    await _record(tx, actor, row.id, row.kind, choice.value, before, after, reason=reason, text=row.text)


async def _record(
    tx: Tx,
    actor: Actor,
    item_id: UUID,
    kind: str,
    action: str,
    before: State | None,
    after: State,
    *,
    reason: str | None = None,
    text: str | None = None,
) -> None:
    await db_memory.record(
        tx,
        [
            {
                "item_id": item_id, "kind": str(kind), "action": action,
                "from_state": None if before is None else before.value, "to_state": after.value, "reason": reason,
                "text_sha256": None if text is None else text_digest(text), "member_id": actor.member_id,
                "via": actor.via,
            }
        ],
    )  # fmt: skip


# Using


async def for_agent(tx: Tx, row: WorkSession) -> tuple[list[EnvelopeNote], list[dict[str, str]]]:
    """(notes that hold for this session now, in the order they are sent; those left out for want of room)."""
    held = await db_memory.in_force(tx, row.project_id, row.agent_type)
    return fit_notes(
        [
            EnvelopeNote(
                str(n.id), "instruction" if n.kind == Kind.INSTRUCTION else "lesson", n.text, _scope_json(n)
            )
            for n in held
        ]
    )


async def sources_of(tx: Tx, row: WorkSession) -> list[UUID] | None:
    """The sources that may bear something for a session; None when all of its project may.

    Its own approved artifacts, and those of the sessions that it was forked from, never do.
    """
    named = None if row.source_ids is None else [UUID(s) for s in row.source_ids]
    own = set(await db_memory.lineage_sources(tx, row.id))
    if not own:
        return named
    usable = named if named is not None else await db_memory.usable_sources(tx, row.project_id)
    return [source_id for source_id in usable if source_id not in own]
