"""Driving a session to its next resting place with its progress shown, and making its deliveries."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.bootstrap import Program
from proofroom.cli.find import short
from proofroom.cli.output import DONE, FAILED, Out, Steps, one_line
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, deliveries, work_sessions
from proofroom.db.listen import listen
from proofroom.db.models import WorkSession
from proofroom.db.tx import EVENTS_CHANNEL
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed
from proofroom.engine import outbox
from proofroom.services import review
from proofroom.services.access import Actor
from proofroom.services.outside import Told

DELIVERY_SECONDS = 20.0


async def drive(program: Program, out: Out, session_id: UUID, label: str) -> WorkSession:
    """Runs the session's legs here until it rests (or waits for its worker), and shows its events."""
    actor = program.actor
    with out.progress(label) as steps:
        follower = asyncio.create_task(_follow(program, session_id, steps, label))
        try:
            return await program.drive(actor.workspace_id, session_id)
        finally:
            follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await follower


async def _follow(program: Program, session_id: UUID, steps: Steps, label: str) -> None:
    db, workspace_id = program.parts.db, program.actor.workspace_id
    async with db.transaction(workspace_id) as tx:
        seen = (await work_sessions.get(tx, session_id)).event_seq
    async for payload in listen(db.url, EVENTS_CHANNEL):
        if payload is not None and json.loads(payload).get("session_id") != str(session_id):
            continue
        async with db.transaction(workspace_id) as tx:
            for event in await work_sessions.events(tx, session_id, after=seen):
                seen = event.seq
                _show(steps, event.type, event.data, label)


def _show(steps: Steps, kind: str, data: dict[str, Any], label: str) -> None:
    match kind:
        case "progress":
            done, total = int(data.get("done") or 0), int(data.get("total") or 0)
            steps.at(done, total, str(data.get("label") or label))
        case "artifact_saved":
            steps.say(f"  {one_line(data.get('title', ''), 100)}", "dim")
        case "plan_written":
            count = len(data.get("steps") or [])
            steps.say(f"  Plan: {count} step{'s' if count != 1 else ''}", "dim")
        case _:
            pass


def compared(steps: Steps) -> Told:
    """Shows how many claims of a draft are compared."""

    async def told(done: int, total: int, _: Sequence[Mapping[str, Any]]) -> None:
        steps.at(done, total, "claims compared")

    return told


async def deliver(program: Program, session_id: UUID) -> list[dict[str, Any]]:
    """Makes the session's pending deliveries now; answers all: {id, kind, path, status, detail, files}."""
    db, actor = program.parts.db, program.actor
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DELIVERY_SECONDS
    while True:
        async with db.transaction(actor.workspace_id) as tx:
            rows = await db_artifacts.deliveries(tx, [session_id])
        waiting = [r for r in rows if r.status == "pending" and (r.sender or not r.attempts)]
        if not waiting or loop.time() > deadline:
            break
        made = [await outbox.deliver(program.parts, actor.workspace_id, r.id) for r in waiting]
        if not any(made):
            await asyncio.sleep(0.1)  # a worker holds them just now; it says so by changing the row
    return [
        {
            "id": str(r.id), "kind": r.kind, "path": r.target.get("path"), "status": r.status,
            "detail": r.detail, "attempts": r.attempts,
            "files": [f for f in (r.detail or "").split(", ") if f] if r.status == "delivered" else [],
        }
        for r in rows
    ]  # fmt: skip


async def make(program: Program, delivery_id: UUID) -> None:
    """Makes one delivery that is due now, or waits until the worker that has it says how it ended."""
    db, workspace_id = program.parts.db, program.actor.workspace_id
    deadline = asyncio.get_running_loop().time() + DELIVERY_SECONDS
    while not await outbox.deliver(program.parts, workspace_id, delivery_id):
        async with db.transaction(workspace_id) as tx:
            row = await deliveries.get(tx, delivery_id)
        if row.sender is None or asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(0.1)


async def sign_all(program: Program, out: Out, session_id: UUID, actor: Actor) -> WorkSession:
    """Approves every gate without showing it, until the session is closed or others must sign too; the record
    says so.

    Raises Conflict (`needs_a_person`) at a question, a used-up budget, a claim that must be settled, or work that
    somebody else must sign.
    """
    db = program.parts.db
    while True:
        async with db.transaction(actor.workspace_id) as tx:
            row = await work_sessions.get(tx, session_id)
            waiting = await checkpoints.open_one(tx, session_id)
            if waiting is None:
                return row
            if waiting.form is not None or "budget" in waiting.reasons:
                raise needs_a_person(row, "It asks something that only a person can answer.")
            try:
                outcome = await review.approve(
                    tx, actor, session_id, waiting.id, packet_digest=waiting.packet_digest, shown=False
                )
            except InvalidInput as error:
                if error.code != "unacknowledged_claims":
                    raise
                claims = error.extra.get("claims")
                raise needs_a_person(row, error.message, claims=claims) from error
            except NotAllowed as error:
                if error.code != "duties_separated":
                    raise
                raise needs_a_person(row, error.message) from error
        if outcome.stale:
            continue
        if outcome.checkpoint.status == checkpoints.OPEN:  # a vote, and others are missing
            return outcome.session
        await drive(program, out, session_id, "Going on")


def needs_a_person(row: WorkSession, why: str, **extra: Any) -> Conflict:
    """What --approve cannot do by itself."""
    return Conflict(
        "needs_a_person",
        f"Not signed. {why}",
        hint=f"Look at it with `proofroom review {short(row.id)}`; approve it with a reason for what stays.",
        extra={"session_id": str(row.id), "status": row.status} | extra,
    )


def exit_code(row: WorkSession, made: Sequence[Mapping[str, Any]]) -> int:
    """1 when the work failed, or when it was signed but not written."""
    unwritten = any(d["status"] not in ("delivered", "dropped") and d["detail"] for d in made)
    return FAILED if row.status in ("failed", "cancelled") or unwritten else DONE
