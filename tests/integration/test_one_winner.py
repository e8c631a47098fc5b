"""Many decide at the same moment, from several processes: one wins, and nothing else has happened."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import Member, WorkCheckpoint
from proofroom.db.tx import Database, Tx, new_id
from proofroom.domain import audit
from proofroom.domain.errors import Conflict
from proofroom.services import gates, policies, review, work_requests
from proofroom.services.access import Actor
from tests.integration.rooms import FINDING, FINISH, Room

ENDS = {
    "approve": ("queued", "approved"), "reject": ("failed", "rejected"),
    "request_changes": ("queued", "changes_requested"), "cancel": ("cancelled", "superseded"),
    "expire": ("failed", "expired"),
}  # fmt: skip
QUORUM = dict.fromkeys(("internal_draft", "internal_record", "named_recipient", "public"), 2)
LOST = {"already_decided", "wrong_status", "stale_packet", "nothing due"}


async def waiting(room: Room) -> tuple[UUID, WorkCheckpoint]:
    row = await room.run(room.script(FINDING, FINISH))
    return row.id, await room.waiting(row.id)


def doors(
    room: Room, session_id: UUID, seen: WorkCheckpoint
) -> dict[str, Callable[[Database], Awaitable[str]]]:
    """Each way to decide, on a database of the caller's own."""
    given: dict[str, Any] = {"packet_digest": seen.packet_digest}
    place = (room.actor, session_id, seen.id)

    async def through(db: Database, act: Callable[[Any], Awaitable[Any]]) -> str:
        try:
            async with db.transaction(room.actor.workspace_id) as tx:
                done = await act(tx)
        except Conflict as lost:
            return lost.code
        return "nothing due" if done is None else "won"

    return {
        "approve": lambda db: through(db, lambda tx: review.approve(tx, *place, **given)),
        "reject": lambda db: through(db, lambda tx: review.reject(tx, *place, rejection_reason="no", **given)),
        "request_changes": lambda db: through(
            db, lambda tx: review.request_changes(tx, *place, changes=[{"comment": "More."}], **given)
        ),
        "cancel": lambda db: through(db, lambda tx: work_requests.cancel(tx, room.actor, session_id)),
        "expire": lambda db: through(db, lambda tx: clock(tx, session_id, seen.id)),
    }  # fmt: skip


async def clock(tx: Tx, session_id: UUID, checkpoint_id: UUID) -> str | None:
    """The review expires at this moment, and the sweeper notices."""
    await work_sessions.lock(tx, session_id)
    await tx.execute(
        text("UPDATE work_checkpoints SET expires_at = clock_timestamp() WHERE id = :id"),
        {"id": checkpoint_id},
    )
    return await gates.tick(tx, checkpoint_id)


@pytest.mark.parametrize("seed", range(4))
async def test_fifty_of_every_kind_from_two_processes_have_one_winner(room: Room, seed: int) -> None:
    session_id, seen = await waiting(room)
    chosen = [name for name in ENDS for _ in range(10)]
    random.Random(seed).shuffle(chosen)
    ways = doors(room, session_id, seen)
    other = Database(room.db.url)
    try:
        said = await asyncio.gather(
            *(ways[name](db) for name, db in zip(chosen, [room.db, other] * 25, strict=True))
        )
    finally:
        await other.dispose()
    won = [name for name, answer in zip(chosen, said, strict=True) if answer == "won"]
    decided = [name for name in won if name != "cancel"]
    cancelled = [name for name in won if name == "cancel"]
    assert len(decided) <= 1
    assert len(cancelled) <= 1
    assert set(said) - {"won"} <= LOST
    await only_this_happened(room, session_id, seen.id, [*decided, *cancelled])


async def only_this_happened(room: Room, session_id: UUID, checkpoint_id: UUID, won: list[str]) -> None:
    """A cancel may follow an approval or a change request, which leave the session queued; nothing follows an end."""
    assert won, "somebody wins"
    assert len(won) == 1 or won[0] in ("approve", "request_changes")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, session_id)
        checkpoint = await checkpoints.get(tx, checkpoint_id)
        assert await checkpoints.open_one(tx, session_id) is None
        entries = await work_sessions.audit_entries(tx, session_id)
        obligations = await db_artifacts.obligations(tx, session_id)
        assert await db_artifacts.deliveries(tx, [session_id]) == []
    assert row.status == ENDS[won[-1]][0]
    assert checkpoint.status == ENDS[won[0]][1]
    kinds = Counter(e.kind for e in entries)
    named = {"approve": "approved", "reject": "rejected", "request_changes": "changes_requested",
             "cancel": "cancelled", "expire": "expired"}  # fmt: skip
    assert {k: kinds[k] for k in named.values() if kinds[k]} == {named[w]: 1 for w in won}
    assert len(obligations) == won.count("request_changes")
    assert audit.broken_at(entries, head=row.audit_head, count=row.audit_count) is None
    events = [e.seq for e in await room.events(session_id)]
    assert events == list(range(1, len(events) + 1))


async def test_fifty_votes_of_five_people_release_it_once_with_two_of_them(room: Room) -> None:
    people = [Actor(room.actor.workspace_id, new_id(), f"Reviewer {n}", "reviewer") for n in range(5)]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for one in people:
            await tx.execute(
                insert(Member).values(
                    workspace_id=one.workspace_id, id=one.member_id, name=one.name, role=one.role
                )
            )
        await policies.change(tx, room.actor, room.project_id, {"quorum": QUORUM})
    for seed in range(3):
        session_id, seen = await waiting(room)
        voters = people * 10
        random.Random(seed).shuffle(voters)
        other = Database(room.db.url)

        async def vote(actor: Actor, db: Database, session_id: UUID = session_id, seen: Any = seen) -> str:
            try:
                async with db.transaction(actor.workspace_id) as tx:
                    done = await review.approve(
                        tx, actor, session_id, seen.id, packet_digest=seen.packet_digest
                    )
            except Conflict as lost:
                return lost.code
            return done.session.status

        try:
            said = await asyncio.gather(
                *(vote(a, db) for a, db in zip(voters, [room.db, other] * 25, strict=True))
            )
        finally:
            await other.dispose()
        answers = Counter(said)
        assert (answers["pending_review"], answers["queued"]) == (1, 1)
        assert set(answers) <= {"pending_review", "queued", "already_decided", "already_voted"}
        async with room.db.transaction(room.actor.workspace_id) as tx:
            signed = await checkpoints.get(tx, seen.id)
        assert signed.decision is not None
        assert len({v["by"] for v in signed.decision["votes"]}) == 2
        assert (await room.drive(session_id)).status == "completed"
