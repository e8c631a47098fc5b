"""Several people around one review: members to act as, decisions, and the clock moved by hand."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from proofroom import queue
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.engine.indexer import Indexer
from proofroom.engine.worker import jobs
from proofroom.services import access, gates, holding, policies, review
from proofroom.services.access import Actor
from tests.integration.rooms import FINDING, FINISH, Room


async def join(room: Room, name: str, role: access.Role = "reviewer") -> Actor:
    """A new member of the room's workspace."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        member_id = await access.create_member(tx, name, role)
    return Actor(room.actor.workspace_id, member_id, name, role)


async def set_policy(room: Room, **changes: Any) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await policies.change(tx, room.actor, room.project_id, changes)


async def waiting(room: Room, **more: Any) -> tuple[WorkSession, WorkCheckpoint]:
    """A session at its final gate, without a flag."""
    row = await room.run(room.script(FINDING, FINISH), **more)
    assert row.status == "pending_review", row.failure
    return row, await room.waiting(row.id)


async def sign(
    room: Room, actor: Actor, session_id: UUID, digest: str | None = None, **more: Any
) -> gates.Outcome:
    """The actor approves what waits, or the packet of `digest`."""
    checkpoint = await room.waiting(session_id)
    async with room.db.transaction(actor.workspace_id) as tx:
        return await review.approve(
            tx, actor, session_id, checkpoint.id, packet_digest=digest or checkpoint.packet_digest, **more
        )


async def withdraw(room: Room, actor: Actor, session_id: UUID) -> gates.Outcome:
    checkpoint = await room.waiting(session_id)
    async with room.db.transaction(actor.workspace_id) as tx:
        return await holding.withdraw(tx, actor, session_id, checkpoint.id)


async def give_role(room: Room, actor: Actor, role: access.Role) -> None:
    async with room.db.transaction(actor.workspace_id) as tx:
        await access.change_member(tx, room.actor, actor.member_id, role=role, force=True)


async def turn_clock(room: Room, **hours: float) -> None:
    """Sets times of all that waits to so many hours from now (less than 0: they are past)."""
    changes = ", ".join(f"{name} = now() + make_interval(secs => {h * 3600})" for name, h in hours.items())
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text(f"UPDATE work_checkpoints SET {changes} WHERE status = 'pending_review'"))


async def work_off(room: Room) -> int:
    """Does the jobs of the clock that are on the list, as a worker would; answers how many there were."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        taken = await tx.execute(
            text("DELETE FROM procrastinate_jobs WHERE task_name = :name RETURNING args"),
            {"name": queue.REVIEW_CLOCK},
        )
        found = [a if isinstance(a, dict) else json.loads(a) for (a,) in taken.all()]
    for ids in found:
        await jobs(room.parts, Indexer(room.db), lambda: None)[queue.REVIEW_CLOCK](**ids)
    return len(found)


async def told(room: Room, session_id: UUID, kind: str) -> list[dict[str, Any]]:
    """The data of a session's events of one type, in order."""
    return [e.data for e in await room.events(session_id) if e.type == kind]


async def recorded(room: Room, session_id: UUID) -> list[str]:
    """The kinds of a session's audit entries, in order."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        rows = await tx.execute(
            text("SELECT kind FROM audit_entries WHERE session_id = :id ORDER BY n"), {"id": session_id}
        )
        return [r[0] for r in rows.all()]
