"""Deleting a source for good: its rows go, and what was made with it loses its words. Nothing here commits.

It is one transaction. Whatever writes the source's words elsewhere holds a lock that this takes first: a capture the
version's, a leg its session's row. So nothing can bring them back once it is committed, and a process that dies in the
middle has done nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import captures, checkpoints, deletions, transcripts, work_sessions
from proofroom.db import sources as db_sources
from proofroom.db.models import SourceDeletion, WorkSession
from proofroom.db.sources import SourceRow
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.errors import Conflict, InvalidInput, Unavailable
from proofroom.domain.redaction import (
    DELETED,
    Words,
    receipt_without,
    telling,
    without,
    without_json,
    words_of,
)
from proofroom.domain.work_session import Failure
from proofroom.services import gates, legs, remembering, sources
from proofroom.services.access import Actor, require, require_still
from proofroom.services.catalog import CHECK
from proofroom.services.work_requests import CANCEL_CHANNEL
from proofroom.substrate.parsers.sniff import clean

WHY = "A source that it rests on was deleted."
COUNTED = {
    "context_envelopes": "envelopes", "artifact_versions": "artifacts", "tool_calls": "calls",
    "work_events": "events", "audit_entries": "audit_entries", "work_checkpoints": "packets",
    "idempotency_keys": "answers",
}  # fmt: skip
KINDS = {"context_envelopes": "envelope", "work_checkpoints": "packet", "artifact_versions": "artifact"}


async def delete(tx: Tx, actor: Actor, source_id: UUID, *, reason: str) -> dict[str, Any]:
    """Deletes a source with all its versions, and answers {source_id, deleted_at, by, reason, deleted}.

    `deleted` counts what went and what lost words. Approved work that rests on it leaves the memory. Work that runs
    on it fails (`source_deleted`), a review that waits is put anew.

    Raises NotAllowed, NotFound (`source_not_found`, `source_deleted`), InvalidInput (`reason_missing`), Conflict
    (`source_is_approved_work`) and Unavailable (`database_busy`).
    """
    require(actor, "admin")
    said = clean(reason.strip())
    if not said:
        raise InvalidInput(
            "reason_missing",
            "A source is deleted for a reason that others can read.",
            "Say why, without repeating what is to be forgotten.",
            field="reason",
        )
    source = await sources.get(tx, source_id)
    _require_captured(source)
    known = await deletions.versions(tx, [source_id])
    # Order of locks: captures of the source, the project's counts, the source, sessions by id.
    await captures.serialize_versions(tx, known)
    await db_blocks.lock_counts(tx, source.project_id)
    if await db_sources.lock(tx, source_id) is None:
        raise await sources.gone(tx, source_id)
    await require_still(tx, actor, "admin")
    if await deletions.versions(tx, [source_id]) != known:
        raise Unavailable(
            "database_busy",
            "A new version of it came at this moment.",
            "Try again in a moment.",
            retry_after=2,
        )
    session_ids = await deletions.lock_sessions(tx, source_id)
    about = {
        "source_id": str(source_id), "at": (await work_sessions.now(tx)).isoformat(), "by": actor.name, "reason": said,
    }  # fmt: skip
    gone, words = await _forgotten(tx, source)
    counts = await _counts(tx, gone)
    await db_blocks.count_out(tx, source.project_id, await deletions.versions(tx, gone))
    await deletions.remove(tx, source.project_id, gone)
    found = await _redact(tx, session_ids, words, about, dry=False)
    counts |= found.counts
    deleted = await deletions.add_deletion(
        tx, source_id=source_id, project_id=source.project_id, reason=said, deleted_by=actor.member_id,
        deleted_by_name=actor.name, via=actor.via, counts=counts,
    )  # fmt: skip
    await deletions.add_redactions(tx, source_id, found.items)
    await _settle(tx, session_ids, found.touched, about)
    await db_sources.announce_all(tx, source.project_id, gone)
    return to_json(deleted)


async def preview(tx: Tx, source_id: UUID) -> dict[str, int]:
    """What deleting a source would count now; nothing is changed. Raises NotFound (`source_not_found`)."""
    source = await sources.get(tx, source_id)
    gone, words = await _forgotten(tx, source)
    counts = await _counts(tx, gone)
    found = await _redact(tx, await deletions.sessions_since(tx, source_id), words, {}, dry=True)
    return counts | found.counts


def to_json(deleted: SourceDeletion) -> dict[str, Any]:
    """A deletion as the API shows it."""
    return {
        "source_id": str(deleted.source_id), "project_id": str(deleted.project_id),
        "deleted_at": deleted.deleted_at.isoformat(), "by": deleted.deleted_by_name, "reason": deleted.reason,
        "deleted": dict(deleted.counts),
    }  # fmt: skip


def _require_captured(source: SourceRow) -> None:
    if source.origin == db_sources.ARTIFACT:
        raise Conflict(
            "source_is_approved_work",
            f"“{source.title}” is what was signed; deleting it would not make that unsigned.",
            "Reject its passages in the project's memory, or delete the captured source that it rests on.",
        )


async def _forgotten(tx: Tx, source: SourceRow) -> tuple[list[UUID], Words]:
    """The sources that go (this one, and approved work that rests on it or repeats it), and the words that do."""
    texts, names = await deletions.texts(tx, source.id), await deletions.names(tx, source.id)
    words = await asyncio.to_thread(words_of, texts, names, ())
    resting = {UUID(one["source_id"]) for one in await remembering.resting_on(tx, source.id)}
    async for approved_id, text in deletions.approved_texts(tx, source.project_id):
        if await asyncio.to_thread(without, text, words) != text:
            resting.add(approved_id)
    gone = [source.id, *sorted(resting - {source.id})]
    ids = {str(one) for one in gone} | set(await deletions.block_ids(tx, gone))
    own = await asyncio.to_thread(telling, texts)
    elsewhere = await deletions.said_elsewhere(tx, source.project_id, gone, sorted(own))
    return gone, Words(words.runs, words.plain, words.names, frozenset(ids), own - elsewhere)


async def _counts(tx: Tx, gone: Sequence[UUID]) -> dict[str, int]:
    counts = await deletions.count_rows(tx, gone[:1])
    counts["memory"] = (await deletions.count_rows(tx, gone[1:]))["blocks"] if len(gone) > 1 else 0
    return counts


class _Redacted:
    """What lost words: `items` as (kind, item, session), `touched` sessions, `counts` for a person."""

    def __init__(self) -> None:
        self.items: list[tuple[str, str, UUID]] = []
        self.touched: set[UUID] = set()
        self.counts: dict[str, int] = {}

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.touched.update(row["id"] if table == "work_sessions" else row["session_id"] for row in rows)
        self.items += [
            (KINDS[table], f"{row['artifact_id']}/{row['version']}" if table == "artifact_versions" else str(row["id"]),
             row["session_id"])
            for row in rows
            if table in KINDS
        ]  # fmt: skip
        self.count(table, len(rows))

    def count(self, table: str, n: int) -> None:
        if n and table in COUNTED:
            self.counts[COUNTED[table]] = self.counts.get(COUNTED[table], 0) + n


async def _redact(
    tx: Tx, session_ids: Sequence[UUID], words: Words, about: Mapping[str, Any], *, dry: bool
) -> _Redacted:
    copied = replace(words, own=frozenset())
    touched = (await _pass(tx, session_ids, copied, about, dry=True)).touched
    found = await _pass(tx, sorted(touched), words, about, dry=dry)
    if not dry:
        await transcripts.forget(tx, found.touched)
        await deletions.find_by_title(tx, found.touched)
    await _elsewhere(tx, found, copied, dry=dry)
    found.counts["sessions"] = len(found.touched)
    return found


async def _pass(
    tx: Tx, session_ids: Sequence[UUID], words: Words, about: Mapping[str, Any], *, dry: bool
) -> _Redacted:
    found = _Redacted()

    def generic(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
        made = {name: without_json(row[name], words) for name in columns}
        return {name: value for name, value in made.items() if value != row[name]}

    def envelope(row: Mapping[str, Any], _: Sequence[str]) -> dict[str, Any]:
        receipt, held = receipt_without(row["receipt"], words)
        body = _notice(about) if held else without(row["body"], words)
        if body == row["body"] and receipt == row["receipt"]:
            return {}
        return {"body": body, "receipt": receipt | {"redacted": [*receipt.get("redacted", ()), dict(about)]}}

    def packet(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
        made = generic(row, columns)
        if "packet" in made:
            made["packet"] = made["packet"] | {"redacted": [*row["packet"].get("redacted", ()), dict(about)]}
        return made

    def entry(row: Mapping[str, Any], _: Sequence[str]) -> dict[str, Any]:
        # The chain holds by the commitment; without its salt nobody can try what the content may have been.
        same = without_json(row["content"], words) == row["content"]
        return {} if same else {"content": None, "salt": None}

    def session(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
        made = generic(row, columns)
        # What a runtime keeps may hold the source in a form that is not ours to read.
        if row["runtime_state"] is not None and ("runtime_state" in made or row["id"] in found.touched):
            made["runtime_state"] = None
        return made

    special = {
        "context_envelopes": envelope, "work_checkpoints": packet, "audit_entries": entry, "work_sessions": session,
    }  # fmt: skip
    tables = sorted(
        deletions.OF_SESSIONS, key=lambda name: name == "work_sessions"
    )  # last: it looks at the others
    for table in tables:
        columns = deletions.OF_SESSIONS[table]
        change = special.get(table, generic)
        # Transcripts are looked at here and deleted whole below: like a runtime's state they are not ours to edit.
        looked_at = dry or table == "transcript_entries"
        rows = await deletions.rewrite(
            tx, table, columns, lambda row, c=change, n=columns: c(row, n), session_ids, dry=looked_at
        )
        found.add(table, rows)
    return found


async def _elsewhere(tx: Tx, found: _Redacted, words: Words, *, dry: bool) -> None:
    """What no session owns: memory, templates, answers that are given again."""

    def generic(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
        made = {name: without_json(row[name], words) for name in columns}
        return {name: value for name, value in made.items() if value != row[name]}

    for table, columns in deletions.OF_WORKSPACE.items():
        rows = await deletions.rewrite(
            tx, table, columns, lambda row, n=columns: generic(row, n), None, dry=dry
        )
        found.count(table, len(rows))
        if table == "memory_notes":
            found.counts["memory_notes"] = len(rows)
            if rows and not dry:
                await deletions.retire_notes(tx, [row["id"] for row in rows], WHY)
    reasons = [i for i, said in await deletions.memory_reasons(tx) if without(said, words) != said]
    if reasons and not dry:
        await deletions.blank_reasons(tx, reasons, DELETED)


def _notice(about: Mapping[str, Any]) -> str:
    return (
        "This envelope held passages of a source that was deleted"
        f" on {about.get('at')} by {about.get('by')}: {about.get('reason')}\n"
        f"{DELETED}\nIts receipt still says which passages of which sources were given.\n"
    )


async def _settle(tx: Tx, session_ids: Sequence[UUID], touched: set[UUID], about: Mapping[str, Any]) -> None:
    """Work on it stops, reviews of it are put anew, and every history says what happened."""
    for row in await deletions.running(tx, session_ids):
        if row.status == "pending_review":
            if row.id in touched:
                waiting = await checkpoints.open_one(tx, row.id)
                assert waiting is not None
                await gates.supersede(tx, row, waiting, WHY)
        elif row.id in touched or _compares_with(row, about["source_id"]):
            touched.add(row.id)
            leg = row.leg
            await legs.fail(tx, row, stopped(retryable=row.agent_type == CHECK))
            await work_sessions.notify(tx, {"session_id": str(row.id), "leg": leg}, channel=CANCEL_CHANNEL)
    for session_id in sorted(touched):
        record = Record(events=[("source_deleted", about)], audits=[("source_deleted", about)])
        await work_sessions.note(tx, session_id, record)


def _compares_with(row: WorkSession, source_id: str) -> bool:
    """A check of a draft reads every source that it may, without a record of each."""
    return row.agent_type == CHECK and (row.source_ids is None or source_id in row.source_ids)


def stopped(*, retryable: bool) -> Failure:
    """Why work stops whose context was deleted."""
    what = "Retry it: it is compared with what is left." if retryable else "Fork it to have it done without."
    return Failure("source_deleted", f"A source that this work was given was deleted. {what}", retryable)
