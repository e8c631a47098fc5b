"""Decisions that are held: nothing comes of them while they can be taken back, and then all of it, once."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom import queue
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, projects, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed
from proofroom.engine.sweeper import sweep
from proofroom.services import deletion, external, gates, holding, review, views
from proofroom.services.access import Actor
from proofroom.services.gates import Outcome
from tests.integration.people import (
    give_role,
    join,
    set_policy,
    sign,
    told,
    turn_clock,
    waiting,
    withdraw,
    work_off,
)
from tests.integration.rooms import FINDING, FINISH, Room

REJECT = {"rejection_reason": "Not ours."}
CHANGES = {"changes": [{"comment": "Name the factor."}]}
BOTH = pytest.mark.parametrize("what", ["reject", "request_changes"])


async def decide(
    room: Room, actor: Actor, row: WorkSession, what: str, undo_seconds: int = 30, **more: Any
) -> Outcome:
    checkpoint = await room.waiting(row.id)
    act = getattr(review, what)
    given = (REJECT if what == "reject" else CHANGES) | more
    async with room.db.transaction(actor.workspace_id) as tx:
        return await act(
            tx, actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest, undo_seconds=undo_seconds,
            **given,
        )  # fmt: skip


async def time_is_over(room: Room, checkpoint_id: UUID) -> Outcome | None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        return await holding.commit_pending(tx, checkpoint_id)


async def asked(room: Room, session_id: UUID) -> list[str]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return [o.comment for o in await db_artifacts.obligations(tx, session_id)]


async def row_of(room: Room, checkpoint_id: UUID) -> WorkCheckpoint:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await checkpoints.get(tx, checkpoint_id)


@BOTH
async def test_nothing_comes_of_a_decision_that_is_held(room: Room, what: str) -> None:
    row, checkpoint = await waiting(room)
    held = await decide(room, room.actor, row, what)
    assert (held.session.status, held.checkpoint.status) == ("pending_review", "pending_review")
    assert (held.session.iteration, held.session.change_requests, held.session.failure) == (1, 0, None)
    assert await asked(room, row.id) == []
    assert [one["decision"] for one in await told(room, row.id, "decided")] == [what]
    assert await told(room, row.id, "released") == []
    assert await told(room, row.id, "failed") == []
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await holding.commit_pending(tx, checkpoint.id) is None  # not due yet
        query = "SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = :name"
        due = (await tx.execute(text(query), {"name": queue.COMMIT_APPROVAL})).scalar_one()
    assert due == held.checkpoint.undo_until
    for other in ("approve", "reject", "request_changes"):
        with pytest.raises(Conflict) as second:
            await (room.approve(row.id) if other == "approve" else decide(room, room.actor, row, other))
        assert second.value.code == "already_decided"
        assert {"reject": "is being rejected", "request_changes": "is being sent back"}[
            what
        ] in second.value.message


@BOTH
async def test_what_was_held_is_let_go_once_by_whoever_comes_by(room: Room, what: str) -> None:
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, what)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        await tx.execute(text("DELETE FROM procrastinate_jobs"))  # its job is lost
    assert await sweep(room.parts) == 1
    assert await time_is_over(room, checkpoint.id) is not None
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await holding.commit_pending(tx, checkpoint.id) is None  # two jobs, one effect
    now = await room.row(row.id)
    decided = await row_of(room, checkpoint.id)
    assert (decided.approve_pending, decided.undo_until, decided.decided_by) == (
        False,
        None,
        room.actor.member_id,
    )
    assert len(await told(room, row.id, "released")) == 1
    if what == "reject":
        assert (now.status, decided.status) == ("failed", "rejected")
        assert now.failure == {
            "code": "rejected", "message": f"Rejected by {room.actor.name}: Not ours.", "retryable": False,
        }  # fmt: skip
        assert [one["code"] for one in await told(room, row.id, "failed")] == ["rejected"]
    else:
        assert (now.status, decided.status, now.iteration) == ("queued", "changes_requested", 2)
        assert await asked(room, row.id) == ["Name the factor."]
        assert (await room.drive(row.id)).status == "pending_review"


@BOTH
async def test_it_is_taken_back_and_another_decision_is_made(room: Room, what: str) -> None:
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, what)
    back = await withdraw(room, room.actor, row.id)
    assert (back.checkpoint.status, back.checkpoint.decision, back.checkpoint.decided_by) == (
        "pending_review", None, None,
    )  # fmt: skip
    assert await time_is_over(room, checkpoint.id) is None, "its job finds nothing"
    with pytest.raises(Conflict) as nothing:
        await withdraw(room, room.actor, row.id)
    assert nothing.value.code == "nothing_to_withdraw"
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"
    assert await asked(room, row.id) == []


@BOTH
async def test_the_record_says_which_decision_was_taken_back_and_no_vote(room: Room, what: str) -> None:
    one = await join(room, "One")
    row, checkpoint = await waiting(room)
    await decide(room, one, row, what)
    await withdraw(room, room.actor, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        last = (await work_sessions.audit_entries(tx, row.id))[-1]
    assert (last.kind, last.content) == (
        "withdrawn", {"checkpoint_id": str(checkpoint.id), "by": room.actor.name, "decision": what},
    )  # fmt: skip


@pytest.mark.parametrize("undo_seconds", [0, 30])
async def test_the_next_round_begins_afresh_when_it_is_asked_for_and_not_before(
    room: Room, undo_seconds: int
) -> None:
    """An agent that is handed the state of the round before would go on after its last word; a bar would begin full."""
    row, checkpoint = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        change = (
            'UPDATE work_sessions SET progress = \'{"done": 3, "total": 3}\', runtime_state = \'{"turn": 2}\''
        )
        await tx.execute(text(change))
    await decide(room, room.actor, row, "request_changes", undo_seconds)
    if undo_seconds:
        still = await room.row(row.id)
        assert (still.progress, still.runtime_state) == ({"done": 3, "total": 3}, {"turn": 2})
        assert await time_is_over(room, checkpoint.id) is not None
    now = await room.row(row.id)
    assert (now.status, now.phase, now.progress, now.runtime_state) == ("queued", "sent back", {}, None)


@BOTH
async def test_what_was_let_go_is_not_taken_back(room: Room, what: str) -> None:
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, what)
    assert await time_is_over(room, checkpoint.id) is not None
    with pytest.raises(Conflict) as late:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await holding.withdraw(tx, room.actor, row.id, checkpoint.id)
    assert late.value.code == "nothing_to_withdraw"


@BOTH
async def test_only_who_decided_or_an_admin_takes_it_back_and_votes_stand(room: Room, what: str) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    await sign(room, one, row.id)
    await decide(room, two, row, what)
    with pytest.raises(Conflict) as stranger:  # who voted before did not make this decision
        await withdraw(room, one, row.id)
    assert (stranger.value.code, "Somebody else decided" in stranger.value.message) == (
        "nothing_to_withdraw",
        True,
    )
    back = await withdraw(room, two, row.id)
    assert [v["name"] for v in back.checkpoint.votes] == ["One"]
    await decide(room, two, row, what)
    back = await withdraw(room, room.actor, row.id)  # an admin
    assert [v["name"] for v in back.checkpoint.votes] == ["One"]
    await sign(room, two, row.id)
    assert (await room.drive(row.id)).status == "completed", "the chain knows both signatures"


async def test_who_signed_and_then_rejects_takes_back_only_the_rejection(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    await sign(room, one, row.id)
    await decide(room, one, row, "reject")
    back = await withdraw(room, one, row.id)
    assert [v["name"] for v in back.checkpoint.votes] == ["One"]
    await sign(room, two, row.id)
    assert (await room.drive(row.id)).status == "completed"


@BOTH
async def test_a_decision_falls_with_the_right_to_make_it(room: Room, what: str) -> None:
    one = await join(room, "One")
    row, checkpoint = await waiting(room)
    await decide(room, one, row, what)
    await give_role(room, one, "requester")
    again = await time_is_over(room, checkpoint.id)
    assert again is not None
    assert (again.checkpoint.status, again.checkpoint.decision) == ("pending_review", None)
    (said,) = await told(room, row.id, "withdrawn")
    assert (said["by"], said["why"]) == (
        "One",
        "Whoever decided may not decide any more, so nothing came of it.",
    )


async def shown(room: Room, session_id: UUID) -> dict[str, Any]:
    """The review that waits, as every caller is shown it."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, session_id)
        waits = await checkpoints.open_one(tx, session_id)
        assert waits is not None
        return await views.checkpoint(tx, waits, row)


@pytest.mark.parametrize("what", ["approve", "reject", "request_changes"])
async def test_lists_say_who_decided_and_until_when_it_is_held(room: Room, what: str) -> None:
    one = await join(room, "One")
    row, _ = await waiting(room)
    other, _ = await waiting(room)

    async def listed() -> dict[UUID, dict[str, Any]]:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            rows = await work_sessions.page(tx)
            found = await views.sessions(tx, room.parts.catalog, rows)
            counted = await projects.counts(tx, [room.project_id])
        assert counted[room.project_id]["waiting"] == sum(one["held"] is None for one in found)
        return {UUID(one["id"]): one for one in found}

    assert [one["held"] for one in (await listed()).values()] == [None, None]
    if what == "approve":
        held = await sign(room, one, row.id, undo_seconds=30)
    else:
        held = await decide(room, one, row, what)
    said = (await listed())[row.id]
    assert said["status"] == "pending_review"
    assert said["held"] == {
        "decision": what, "by": str(one.member_id), "name": "One", "reason": "Not ours." if what == "reject" else None,
        "at": views.at(held.checkpoint.decided_at), "until": views.at(held.checkpoint.undo_until),
    }  # fmt: skip
    assert (await listed())[other.id]["held"] is None
    await withdraw(room, one, row.id)
    assert (await listed())[row.id]["held"] is None


@pytest.mark.parametrize("what", ["approve", "reject", "request_changes"])
async def test_whose_decision_came_to_nothing_is_said_until_there_is_another(room: Room, what: str) -> None:
    one = await join(room, "One")
    row, _ = await waiting(room)
    assert (await shown(room, row.id))["void_decision"] is None
    if what == "approve":
        await sign(room, one, row.id, undo_seconds=30)
    else:
        await decide(room, one, row, what)
    assert (await shown(room, row.id))["void_decision"] is None, "it is held"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        source_id = (await tx.execute(text("SELECT id FROM sources"))).scalar_one()
        await deletion.delete(tx, room.actor, source_id, reason="It may not be here.")
    said = (await shown(room, row.id))["void_decision"]
    assert said.pop("at")
    assert said == {
        "decision": what, "by": str(one.member_id), "name": "One", "why": "A source that it rests on was deleted.",
    }  # fmt: skip
    async with room.db.transaction(room.actor.workspace_id) as tx:  # replaced once more: it is still so
        waits = await checkpoints.open_one(tx, row.id)
        assert waits is not None
        await gates.supersede(tx, await work_sessions.lock(tx, row.id), waits, "Another reason.")
    assert (await shown(room, row.id))["void_decision"]["name"] == "One"
    await decide(room, room.actor, row, "reject")
    await withdraw(room, room.actor, row.id)
    assert (await shown(room, row.id))["void_decision"] is None, "somebody has decided since, and knew"


async def test_who_lost_the_right_to_decide_is_named_where_it_waits_again(room: Room) -> None:
    one = await join(room, "One")
    row, checkpoint = await waiting(room)
    await decide(room, one, row, "reject")
    await give_role(room, one, "viewer")
    assert await time_is_over(room, checkpoint.id) is not None
    said = (await shown(room, row.id))["void_decision"]
    assert (said["decision"], said["by"], said["name"]) == ("reject", str(one.member_id), "One")
    assert said["why"] == "Whoever decided may not decide any more, so nothing came of it."


@BOTH
async def test_a_decision_made_in_time_stands_although_the_review_expires_meanwhile(
    room: Room, what: str
) -> None:
    await set_policy(room, expire_hours=48)
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, what)
    await turn_clock(room, expires_at=-0.1)
    await sweep(room.parts)
    await work_off(room)
    assert (await room.row(row.id)).status == "pending_review"
    assert await time_is_over(room, checkpoint.id) is not None
    assert (await row_of(room, checkpoint.id)).status in ("rejected", "changes_requested")


TAMPERS = {
    "another decision": "jsonb_set(decision, '{decision}', '\"approve\"')",
    "other words": "jsonb_set(decision, '{reason}', '\"Mine.\"')",
    "other changes": "jsonb_set(decision, '{changes}', '[]')",
    "another packet": "jsonb_set(decision, '{packet_digest}', '\"00\"')",
    "no decision": "NULL",
    "none that there is": "jsonb_set(decision, '{decision}', '\"let go\"')",
}


@BOTH
@pytest.mark.parametrize("how", TAMPERS)
async def test_a_decision_rewritten_in_its_row_is_not_let_go(room: Room, what: str, how: str) -> None:
    if (what, how) == ("reject", "other changes"):
        return  # it becomes another decision only where there are changes: null stays null
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, what)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text(f"UPDATE work_checkpoints SET decision = {TAMPERS[how]}"))
    again = await time_is_over(room, checkpoint.id)
    assert again is not None
    assert again.stale
    assert ((await room.row(row.id)).status, again.checkpoint.status) == ("pending_review", "pending_review")
    assert await asked(room, row.id) == []
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_a_decider_rewritten_in_the_row_is_not_the_one_who_decided(room: Room) -> None:
    one = await join(room, "One")
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, "reject")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await checkpoints.change(tx, checkpoint.id, decided_by=one.member_id)
    again = await time_is_over(room, checkpoint.id)
    assert again is not None
    assert again.stale


@pytest.mark.parametrize("what", ["approve", "reject", "request_changes"])
async def test_a_decision_that_was_taken_back_is_not_put_into_its_row_again(room: Room, what: str) -> None:
    row, checkpoint = await waiting(room)
    if what == "approve":
        await room.approve(row.id, undo_seconds=30)
    else:
        await decide(room, room.actor, row, what)
    held = await row_of(room, checkpoint.id)
    await withdraw(room, room.actor, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await checkpoints.change(
            tx, checkpoint.id, approve_pending=True, undo_until=held.undo_until, decision=held.decision,
            decided_by=held.decided_by, decided_at=held.decided_at,
        )  # fmt: skip
    again = await time_is_over(room, checkpoint.id)
    assert again is not None
    assert again.stale
    assert again.why == "The record holds no such decision. Nothing came of it."
    assert (await room.row(row.id)).status == "pending_review"


async def judged(room: Room, row: WorkSession, **more: Any) -> tuple[WorkSession, UUID]:
    """The second round of a session, and what was asked for in the first, which a reviewer finds met with `more`."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (one,) = await db_artifacts.obligations(tx, row.id)
    word = {"obligation_id": str(one.id), "state": "met"}
    await decide(room, room.actor, row, "request_changes", judged=[word], **more)
    return await room.row(row.id), one.id


async def in_the_second_round(room: Room) -> WorkSession:
    row = await room.run(room.script(iterations={n: [FINDING, FINISH] for n in (1, 2, 3)}))
    held = await decide(room, room.actor, row, "request_changes")
    assert await time_is_over(room, held.checkpoint.id) is not None
    return await room.drive(row.id)


async def states(room: Room, session_id: UUID) -> list[str]:
    """Of what was asked for, in the packet that waits."""
    return [o["state"] for o in (await room.waiting(session_id)).packet["obligations"]]


async def test_what_is_said_with_a_held_request_counts_when_it_is_let_go(room: Room) -> None:
    row = await in_the_second_round(room)
    checkpoint = await room.waiting(row.id)
    await judged(room, row)
    assert await states(room, row.id) == ["open"]
    assert await time_is_over(room, checkpoint.id) is not None
    await room.drive(row.id)
    assert await states(room, row.id) == ["met", "open"]


async def test_what_is_said_with_a_request_that_became_void_was_not_said(room: Room) -> None:
    row = await in_the_second_round(room)
    checkpoint = await room.waiting(row.id)
    await judged(room, row)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await gates.supersede(
            tx, await work_sessions.lock(tx, row.id), await checkpoints.get(tx, checkpoint.id), "Why."
        )
    old = await row_of(room, checkpoint.id)
    assert (old.status, old.decision, old.decided_by, old.decided_at) == ("superseded", None, None, None)
    (said,) = await told(room, row.id, "superseded")
    assert (said["void_decision"], said["by"]) == ("request_changes", room.actor.name)
    assert await states(room, row.id) == ["open"]
    await decide(room, room.actor, row, "request_changes", undo_seconds=0)
    await room.drive(row.id)
    assert await states(room, row.id) == ["open", "open"]


async def test_nobody_is_reminded_of_what_is_decided_and_held(room: Room) -> None:
    row, checkpoint = await waiting(room)
    await turn_clock(room, due_at=1, remind_at=-0.1)
    await decide(room, room.actor, row, "reject")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await gates.tick(tx, checkpoint.id) is None
    await withdraw(room, room.actor, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await gates.tick(tx, checkpoint.id) == "reminded"


async def test_who_lost_the_right_meanwhile_takes_nothing_back(room: Room) -> None:
    one = await join(room, "One")
    row, _ = await waiting(room)
    await decide(room, one, row, "reject")
    await give_role(room, one, "viewer")
    with pytest.raises(NotAllowed):
        await withdraw(room, one, row.id)  # as who they were when their request began


async def test_your_own_agent_hears_of_it_when_it_is_let_go(room: Room) -> None:
    """What the last event was tells why a leg begins: a request for changes, though it was held."""
    row, checkpoint = await waiting(room)
    await decide(room, room.actor, row, "request_changes")
    await time_is_over(room, checkpoint.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        found = await external.awaited(tx, await room.row(row.id), 2)
    assert found.event[1]["because"] == "changes_requested"


async def test_a_fourth_request_is_refused_at_once(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [FINDING, FINISH] for n in range(1, 5)}))
    for _ in range(3):
        held = await decide(room, room.actor, row, "request_changes")
        assert await time_is_over(room, held.checkpoint.id) is not None
        await room.drive(row.id)
    with pytest.raises(Conflict) as fourth:
        await decide(room, room.actor, row, "request_changes")
    assert fourth.value.code == "iterations_exhausted"
    assert (await room.waiting(row.id)).decision is None


@BOTH
@pytest.mark.parametrize("seconds", [-1, 61])
async def test_how_long_it_is_held_has_bounds(room: Room, what: str, seconds: int) -> None:
    row, _ = await waiting(room)
    with pytest.raises(InvalidInput) as refused:
        await decide(room, room.actor, row, what, undo_seconds=seconds)
    assert refused.value.code == "undo_seconds_invalid"


async def test_who_may_not_decide_takes_nothing_back(room: Room) -> None:
    one = await join(room, "One", "viewer")
    row, _ = await waiting(room)
    await decide(room, room.actor, row, "reject")
    with pytest.raises(NotAllowed):
        await withdraw(room, one, row.id)
