"""What completed work leaves behind, and what becomes of it when its sources go.

Approved artifacts become sources whose passages are proposed: nobody finds them until a person accepts them. What
reviewers asked for becomes proposed lessons. Nothing here commits.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import blocks as db_blocks
from proofroom.db import memory as db_memory
from proofroom.db import projects
from proofroom.db import sources as db_sources
from proofroom.db.blocks import NewBlock
from proofroom.db.memory import RememberedBlock
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx, new_id
from proofroom.domain.checkpoint import AcknowledgementKind
from proofroom.domain.document import ArtifactDocument, from_json
from proofroom.domain.errors import InvalidInput
from proofroom.domain.memory import (
    MAX_NOTE,
    ApprovedBlock,
    Kind,
    State,
    approved_text,
    clean_note,
    near_equal,
)
from proofroom.services.catalog import CHECK
from proofroom.substrate import terms

EXTRACTOR = "approved-artifact/1"
LONGEST_CHAIN = 50
"""Steps of approved work on approved work that are followed from one ledger."""


async def propose(
    tx: Tx, row: WorkSession, sealed: WorkCheckpoint, packet: Mapping[str, Any]
) -> dict[str, int]:
    """The session completes: its signed artifacts become proposed blocks, and what was asked of it proposed lessons.

    Answers {blocks, lessons}. Called in the transaction that completes the session, so it happens once or not at all.
    """
    project = await projects.get(tx, row.project_id)
    if not project.remember_approved:
        return {"blocks": 0, "lessons": 0}
    blocks = 0
    for shown in packet["artifacts"]:
        version = await db_artifacts.version(tx, UUID(shown["artifact_id"]), shown["version"])
        text, made, rows = await asyncio.to_thread(_blocks, from_json(version.document), shown["claims"])
        if not rows:
            continue
        source_id = await _source(tx, row, shown, text)
        await db_blocks.insert(
            tx, project_id=row.project_id, source_id=source_id, version=1, state="proposed", blocks=rows
        )
        origin = {
            "project_id": row.project_id, "session_id": row.id, "artifact_id": UUID(shown["artifact_id"]),
            "artifact_version": shown["version"], "checkpoint_id": sealed.id,
        }  # fmt: skip
        await db_memory.add_origins(
            tx,
            [
                {
                    **origin,
                    "block_id": new.id,
                    "claims": list(block.claims),
                    "anchors": [_named(a) for a in block.anchors],
                }
                for new, block in zip(rows, made, strict=True)
            ],
        )
        await _record(tx, [new.id for new in rows], Kind.BLOCK, "propose", None, State.PROPOSED)
        await db_sources.announce(tx, row.project_id, source_id)
        blocks += len(rows)
    return {"blocks": blocks, "lessons": await _lessons(tx, row, sealed, packet)}


def _blocks(
    document: ArtifactDocument, claims: Sequence[Mapping[str, Any]]
) -> tuple[str, tuple[ApprovedBlock, ...], list[NewBlock]]:
    text, made = approved_text(document, claims)
    rows: list[NewBlock] = []
    for n, block in enumerate(made):
        own = text[block.char_start : block.char_end]
        rows.append(
            NewBlock(
                id=new_id(),
                ordinal=n,
                kind=block.kind,
                char_start=block.char_start,
                char_end=block.char_end,
                page=None,
                heading=block.heading,
                text=own,
                terms=terms.count(own, block.heading),
                # Its cells stand in no captured table: the checks read the row as a text.
                meta={"rows": 1} if block.kind == "table_row" else {},
            )
        )
    return text, made, rows


def _named(anchor: Mapping[str, Any]) -> dict[str, Any]:
    """With its source's id in the one form in which it is looked for: a document may write a UUID in several."""
    return {**anchor, "source_id": str(UUID(anchor["source_id"]))}


async def _source(tx: Tx, row: WorkSession, shown: Mapping[str, Any], text: str) -> UUID:
    source_id = new_id()
    data = text.encode()
    await db_sources.add(
        tx,
        id=source_id,
        project_id=row.project_id,
        title=f"Approved: {shown['title'] or row.title}"[: db_sources.MAX_TITLE],
        origin=db_sources.ARTIFACT,
        status="ready",
        version=1,
        session_id=row.id,
        artifact_id=UUID(shown["artifact_id"]),
        created_by=row.created_by,
    )
    await db_sources.add_version(
        tx,
        source_id=source_id,
        version=1,
        project_id=row.project_id,
        original=data,
        sha256=hashlib.sha256(data).hexdigest(),
        byte_size=len(data),
        content_type="text/plain",
        extractor=EXTRACTOR,
        text=text,
        status="ready",
    )
    return source_id


# Lessons


async def _lessons(tx: Tx, row: WorkSession, sealed: WorkCheckpoint, packet: Mapping[str, Any]) -> int:
    """Proposes what reviewers asked for and where they overruled a check, unless a project has such a lesson."""
    found = [*await _asked(tx, row), *_overruled(sealed, packet)]
    if not found:
        return 0
    await projects.only_one(tx, f"lessons of {row.project_id}")  # two sessions may complete at once
    known = await db_memory.lesson_texts(tx, row.project_id)
    made = 0
    for text, origin in found:
        try:
            clean = clean_note(text if len(text) <= MAX_NOTE else text[: MAX_NOTE - 1] + "…")
        except InvalidInput:
            continue  # a comment of nothing but invisible signs teaches nothing
        if any(near_equal(clean, other) for other in known):
            continue
        known.append(clean)
        note = await db_memory.add_note(
            tx,
            project_id=row.project_id,
            kind=Kind.LESSON.value,
            state=State.PROPOSED.value,
            text=clean,
            agent_type=None if row.agent_type == CHECK else row.agent_type,
            origin={
                "session_id": str(row.id),
                "project_id": str(row.project_id),
                "title": row.title,
                **origin,
            },
        )
        await _record(tx, [note.id], Kind.LESSON, "propose", None, State.PROPOSED, text=clean)
        made += 1
    return made


async def _asked(tx: Tx, row: WorkSession) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            o.comment,
            {
                "from": "change_request", "checkpoint_id": str(o.checkpoint_id), "obligation_id": str(o.id),
                "artifact_id": None if o.artifact_id is None else str(o.artifact_id), "claim": o.claim_text,
            },
        )
        for o in await db_artifacts.obligations(tx, row.id)
    ]  # fmt: skip


def _overruled(sealed: WorkCheckpoint, packet: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What the signers said of flags that they held to be wrong."""
    decision: Mapping[str, Any] = sealed.decision or {}
    votes = decision.get("votes") or [decision]
    claims = {c["id"]: (a, c) for a in packet["artifacts"] for c in a["claims"]}
    found: list[tuple[str, dict[str, Any]]] = []
    for said in (a for vote in votes for a in vote.get("acknowledged") or ()):
        if said.get("kind") != AcknowledgementKind.CHECK_WAS_WRONG or said["claim_id"] not in claims:
            continue
        artifact, claim = claims[said["claim_id"]]
        origin = {
            "from": "check_was_wrong", "checkpoint_id": str(sealed.id), "artifact_id": artifact["artifact_id"],
            "version": artifact["version"], "claim": claim["text"],
        }  # fmt: skip
        found.append((f"The check “{claim['headline']}” was wrong: {said['reason']}", origin))
    return found


# When sources go


async def source_retracted(tx: Tx, project_id: UUID, source_id: UUID, title: str, reason: str) -> None:
    """What rests on a source that was retracted is proposed again. The project's counts are locked already."""
    why = f"“{title}” was retracted: {reason}"[:2_000]
    own = await db_memory.reject_proposals(tx, source_id, why)
    await _record(tx, [b.block_id for b in own], Kind.BLOCK, "retract", None, State.REJECTED, reason=why)
    await _propose_again(tx, project_id, await db_memory.resting_on(tx, source_id), why)


async def source_replaced(tx: Tx, project_id: UUID, source_id: UUID, title: str, version: int) -> None:
    """What rests on another version of a source than the one in use now is proposed again."""
    why = f"“{title}” has a new version {version}"[:2_000]
    await _propose_again(tx, project_id, await db_memory.resting_on(tx, source_id, newer=version), why)


async def _propose_again(tx: Tx, project_id: UUID, rows: Sequence[RememberedBlock], why: str) -> None:
    """Accepted blocks are no longer found, and neither is what rests on them, until a person decides again."""
    seen: set[UUID] = set()
    while True:
        fresh = [b for b in rows if b.block_id not in seen and b.state in db_blocks.LIVE_STATES]
        if not fresh:
            return
        ids = [b.block_id for b in fresh]
        seen.update(ids)
        await db_blocks.count_out_blocks(tx, project_id, ids)
        for block in fresh:
            await db_memory.move_block(tx, block.block_id, block.state, State.PROPOSED.value, reason=why)
        await _record(tx, ids, Kind.BLOCK, "flag", State.ACCEPTED, State.PROPOSED, reason=why)
        for source_id in dict.fromkeys(b.source_id for b in fresh):
            await db_sources.announce(tx, project_id, source_id)
        rows = await db_memory.resting_on_blocks(tx, ids)
        why = "A passage of approved work that it rests on is in question."


async def resting_on(tx: Tx, source_id: UUID) -> list[dict[str, Any]]:
    """Passages of approved work that rest on a source, directly or through others, as JSON."""
    found: dict[UUID, RememberedBlock] = {}
    rows = await db_memory.resting_on(tx, source_id)
    while rows:
        fresh = [b for b in rows if b.block_id not in found]
        found.update((b.block_id, b) for b in fresh)
        rows = await db_memory.resting_on_blocks(tx, [b.block_id for b in fresh]) if fresh else []
    return [
        {
            "id": str(b.block_id), "state": state_of(b).value, "text": b.text, "source_id": str(b.source_id),
            "source_title": b.source_title, "session_id": str(b.session_id),
            "artifact_id": str(b.artifact_id), "version": b.artifact_version,
        }
        for b in found.values()
    ]  # fmt: skip


def state_of(block: RememberedBlock) -> State:
    """What memory calls the state of a block."""
    return _STATES[block.state]


_STATES = {
    "proposed": State.PROPOSED, "accepted": State.ACCEPTED, "locked": State.ACCEPTED, "rejected": State.REJECTED,
    "superseded": State.RETIRED,
}  # fmt: skip


# Evidence


async def with_chains(tx: Tx, claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The claims of a ledger; those that rest on approved work say in `approved_work` what that rests on.

    Each step is {block_id, source_id, session_id, artifact_id, version, anchors}: first what the claim cites, then
    what that rests on, down to captured sources.
    """
    cited = {UUID(a["block_id"]) for c in claims for a in c["anchors"]}
    known = await db_memory.blocks_by_ids(tx, cited)
    if not known:
        return claims
    wanted = set(known)
    for _ in range(LONGEST_CHAIN):
        further = {UUID(b) for i in wanted for b in _anchored(known[i].anchors)} - known.keys()
        found = await db_memory.blocks_by_ids(tx, further)
        known |= found
        wanted = set(found)
        if not wanted:
            break
    return [_with_chain(claim, known) for claim in claims]


def _with_chain(claim: dict[str, Any], known: Mapping[UUID, RememberedBlock]) -> dict[str, Any]:
    steps: dict[UUID, RememberedBlock] = {}
    wanted = [UUID(b) for b in _anchored(claim["anchors"])]
    while wanted:
        block = known.get(wanted.pop(0))
        if block is not None and block.block_id not in steps:
            steps[block.block_id] = block
            wanted += [UUID(b) for b in _anchored(block.anchors)]
    if not steps:
        return claim
    return claim | {
        "approved_work": [
            {
                "block_id": str(b.block_id), "source_id": str(b.source_id), "session_id": str(b.session_id),
                "artifact_id": str(b.artifact_id), "version": b.artifact_version,
                "anchors": [dict(a) for a in b.anchors],
            }
            for b in steps.values()
        ]
    }  # fmt: skip


def _anchored(anchors: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(a["block_id"]) for a in anchors if a["block_id"] is not None]


async def _record(
    tx: Tx,
    ids: Sequence[UUID],
    kind: Kind,
    action: str,
    before: State | None,
    after: State,
    *,
    reason: str | None = None,
    text: str | None = None,
) -> None:
    """What the program itself did to items of memory."""
    await db_memory.record(
        tx,
        [
            {
                "item_id": i, "kind": kind.value, "action": action,
                "from_state": None if before is None else before.value, "to_state": after.value,
                "reason": reason, "text_sha256": None if text is None else text_digest(text),
                "member_id": None, "via": None,
            }
            for i in ids
        ],
    )  # fmt: skip


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
