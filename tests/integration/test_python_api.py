"""The public Python API: the three facades open and commit their own transactions."""

from uuid import uuid4

import pytest

from proofroom import AgentSDKClient, CheckpointHandler, WorkSessionExecutor
from proofroom.db import projects, work_sessions
from proofroom.domain.errors import Conflict, InvalidInput, NotFound, PreconditionRequired
from proofroom.services import legs, work_requests
from proofroom.services.work_requests import NewWork
from tests.integration.rooms import FINDING, FINISH, Room


def executor(room: Room) -> WorkSessionExecutor:
    async def drive(_workspace: object, session_id: object) -> object:
        return await room.drive(session_id)  # pyright: ignore[reportArgumentType]

    return WorkSessionExecutor(room.db, room.parts.catalog, drive)  # pyright: ignore[reportArgumentType]


async def test_execute_decide_and_resume(room: Room) -> None:
    run, handler = executor(room), CheckpointHandler(room.db)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_requests.create(
            tx,
            room.actor,
            room.parts.catalog,
            room.project_id,
            NewWork("research", "What?", runtime=room.script(FINDING, FINISH), trusted=True),
        )
    first = await run.execute_work_session(row.id, room.actor)
    assert (first["status"], first["artifacts_count"], first["error"]) == ("pending_review", 1, None)
    (checkpoint,) = await handler.list_checkpoints(row.id, room.actor)
    assert checkpoint["id"] == first["checkpoint_id"]
    waiting = await room.waiting(row.id)
    with pytest.raises(Conflict) as early:
        await run.resume_from_checkpoint(row.id, waiting.id, room.actor)
    assert early.value.code == "not_decided"
    with pytest.raises(PreconditionRequired):
        await handler.approve_checkpoint(waiting.id, room.actor, packet_digest="")
    sent_back = await handler.request_changes(
        waiting.id, room.actor, packet_digest=waiting.packet_digest, changes=[{"comment": "Again."}]
    )
    assert sent_back["status"] == "changes_requested"
    second = await run.resume_from_checkpoint(row.id, waiting.id, room.actor)
    assert second["status"] == "pending_review"
    waiting = await room.waiting(row.id)
    approved = await handler.approve_checkpoint(waiting.id, room.actor, packet_digest=waiting.packet_digest)
    assert approved["status"] == "approved"
    assert (await run.resume_from_checkpoint(row.id, waiting.id, room.actor))["status"] == "completed"
    with pytest.raises(Conflict) as again:
        await run.execute_work_session(row.id, room.actor)
    assert again.value.code == "wrong_status"


async def test_an_agent_does_a_task_as_a_work_session(room: Room) -> None:
    client = AgentSDKClient(executor(room).backend(room.actor))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        basket = await projects.basket(tx, room.project_id)
    agent = await client.create_agent("research", basket.id, runtime="extractive")
    done = await client.execute_task(agent, "Which factor did the board name?", {"max_findings": 2})
    assert done.status == "pending_review"
    assert done.checkpoint is not None
    assert done.checkpoint["packet_digest"]
    assert any("4.45" in a["body"] for a in done.artifacts)
    assert done.task_document_id is not None
    envelope = await client.provision_context_envelope(done.task_document_id)
    assert "factor of 4.45" in envelope["body"]
    with pytest.raises(InvalidInput) as unknown:
        await client.create_agent("poet", basket.id)
    assert unknown.value.code == "unknown_agent"
    with pytest.raises(NotFound):
        await client.create_agent("research", uuid4())
    with pytest.raises(NotFound):
        await client.provision_context_envelope(uuid4())


async def test_a_checkpoint_made_from_outside_takes_the_session_from_its_leg(room: Room) -> None:
    handler = CheckpointHandler(room.db)
    session_id = await room.file(room.script(FINDING, FINISH))
    with pytest.raises(Conflict):
        await handler.create_checkpoint(session_id, "review_requested", room.actor)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        held = await legs.claim(
            tx, session_id, owner="worker", lease_seconds=20, definitions=room.parts.catalog.definitions
        )
    assert held is not None
    with pytest.raises(InvalidInput):
        await handler.create_checkpoint(session_id, "final", room.actor)
    checkpoint_id = await handler.create_checkpoint(session_id, "review_requested", room.actor)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(work_sessions.LegLost):
            await work_sessions.fence(tx, session_id, held.leg)
    waiting = await room.waiting(session_id)
    assert (waiting.id, waiting.kind, waiting.reasons) == (checkpoint_id, "mid", ["review_requested"])
    rejected = await handler.reject_checkpoint(
        checkpoint_id, room.actor, packet_digest=waiting.packet_digest, rejection_reason="Not now"
    )
    assert rejected["status"] == "rejected"
    assert (await room.row(session_id)).status == "failed"
