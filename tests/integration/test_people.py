"""More than one person around a review: votes, separated duties, whose it is, until when, and who looks."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from proofroom.db import artifacts as db_artifacts
from proofroom.db import members, work_sessions
from proofroom.domain.checkpoint import Acknowledgement
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, ProofroomError
from proofroom.engine.sweeper import sweep
from proofroom.services import access, holding, inbox, people, review
from proofroom.services.access import Actor
from proofroom.services.views import looks_of
from tests.integration.conftest import make_project, make_workspace
from tests.integration.people import (
    give_role,
    join,
    recorded,
    set_policy,
    sign,
    told,
    turn_clock,
    waiting,
    withdraw,
    work_off,
)
from tests.integration.rooms import FINDING, FINISH, PLAN, Room, make_room

IMPACT = {"artifact": FINDING["artifact"] | {"high_impact": "public"}}


@pytest.mark.parametrize("quorum", [2, 3])
async def test_each_signature_is_recorded_and_the_last_one_releases(room: Room, quorum: int) -> None:
    people_ = [await join(room, f"Reviewer {n}") for n in range(quorum)]
    await set_policy(room, quorum=quorum)
    row, checkpoint = await waiting(room)
    assert checkpoint.packet["signing"] == {"quorum": quorum, "separate_duties": False, "barred": []}
    for n, actor in enumerate(people_[:-1], start=1):
        outcome = await sign(room, actor, row.id, feedback=f"from {n}")
        assert (outcome.session.status, outcome.stale) == ("pending_review", False)
        assert (outcome.checkpoint.status, outcome.checkpoint.decision) == ("pending_review", None)
        assert [v["by"] for v in outcome.checkpoint.votes] == [str(p.member_id) for p in people_[:n]]
        assert (await room.drive(row.id)).status == "pending_review"
    last = await sign(room, people_[-1], row.id)
    assert last.checkpoint.status == "approved"
    assert (await room.drive(row.id)).status == "completed"
    decision = last.checkpoint.decision
    assert decision is not None
    assert [v["name"] for v in decision["votes"]] == [p.name for p in people_]
    assert {v["packet_digest"] for v in decision["votes"]} == {checkpoint.packet_digest}
    assert decision["sealed_digest"] == checkpoint.packet_digest
    votes = await told(room, row.id, "voted")
    assert [(v["by"], v["votes"], v["needed"]) for v in votes] == [
        (p.name, n, quorum) for n, p in enumerate(people_[:-1], start=1)
    ]
    assert (await recorded(room, row.id)).count("voted") == quorum - 1
    assert (await recorded(room, row.id)).count("approved") == 1


async def test_nobody_signs_twice(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    await sign(room, one, row.id)
    with pytest.raises(Conflict) as again:
        await sign(room, one, row.id)
    assert again.value.code == "already_voted"
    assert len((await room.waiting(row.id)).votes) == 1
    await sign(room, two, row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_many_votes_at_once_are_counted_one_by_one(room: Room) -> None:
    voters = [await join(room, f"Reviewer {n}") for n in range(6)]
    await set_policy(room, quorum=3)
    row, checkpoint = await waiting(room)

    async def vote(actor: Actor) -> str:
        try:
            async with room.db.transaction(actor.workspace_id) as tx:
                done = await review.approve(
                    tx, actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest
                )
        except Conflict as lost:
            return lost.code
        return done.checkpoint.status

    answers = await asyncio.gather(*(vote(a) for a in [*voters, *voters]))
    assert answers.count("approved") == 1
    assert answers.count("pending_review") == 2
    assert set(answers) <= {"approved", "pending_review", "already_voted", "already_decided"}
    assert len(await told(room, row.id, "voted")) == 2


async def test_a_vote_can_be_taken_back_while_others_are_missing(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    with pytest.raises(Conflict) as nothing:
        await withdraw(room, one, row.id)
    assert nothing.value.code == "nothing_to_withdraw"
    await sign(room, one, row.id)
    with pytest.raises(Conflict) as not_mine:
        await withdraw(room, two, row.id)
    assert not_mine.value.code == "nothing_to_withdraw"
    assert (await withdraw(room, one, row.id)).checkpoint.votes == []
    await sign(room, two, row.id)
    assert (await room.drive(row.id)).status == "pending_review"
    await sign(room, one, row.id)
    assert (await room.drive(row.id)).status == "completed"
    assert (await recorded(room, row.id)).count("withdrawn") == 1


async def test_who_may_sign_no_more_has_taken_their_vote_along(room: Room) -> None:
    one, two, three = [await join(room, name) for name in ("One", "Two", "Three")]
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    await sign(room, one, row.id)
    await give_role(room, one, "requester")
    outcome = await sign(room, two, row.id)
    assert outcome.session.status == "pending_review"
    assert [v["name"] for v in outcome.checkpoint.votes] == ["Two"]
    await sign(room, three, row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_votes_on_a_packet_that_was_replaced_are_void(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, seen = await waiting(room)
    await sign(room, one, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE artifact_versions SET title = 'Other', digest = 'x'"))
    outcome = await sign(room, two, row.id, seen.packet_digest)
    assert outcome.stale
    assert outcome.checkpoint.votes == []
    (said,) = await told(room, row.id, "superseded")
    assert said["void_votes"] == 1
    assert (await sign(room, two, row.id)).checkpoint.status == "pending_review"
    assert (await sign(room, one, row.id)).checkpoint.status == "approved"


async def test_the_last_vote_can_be_undone_and_the_others_stand(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    await sign(room, one, row.id, undo_seconds=30)
    pending = await sign(room, two, row.id, undo_seconds=30)
    assert pending.checkpoint.approve_pending
    back = await withdraw(room, two, row.id)
    assert [v["name"] for v in back.checkpoint.votes] == ["One"]
    assert (back.checkpoint.approve_pending, back.checkpoint.decision) == (False, None)
    # Without one of its votes a pending approval is none, whoever takes theirs back.
    await sign(room, two, row.id, undo_seconds=30)
    back = await withdraw(room, one, row.id)
    assert [v["name"] for v in back.checkpoint.votes] == ["Two"]
    assert not back.checkpoint.approve_pending
    assert (await room.drive(row.id)).status == "pending_review"
    again = await sign(room, one, row.id, undo_seconds=30)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        released = await holding.commit_pending(tx, again.checkpoint.id)
    assert released is not None
    assert (await room.drive(row.id)).status == "completed"


async def test_how_many_must_sign_goes_by_the_consequence(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum={"public": 2})
    row, inside = await waiting(room)
    assert inside.packet["signing"]["quorum"] == 1
    assert inside.packet["risk"]["consequence"] == "internal_draft"
    await sign(room, one, row.id)
    assert (await room.drive(row.id)).status == "completed"

    row = await room.run(room.script(IMPACT, FINISH))
    outside = await room.waiting(row.id)
    assert outside.packet["signing"]["quorum"] == 2
    assert outside.packet["risk"]["consequence"] == "public"
    assert outside.packet["risk"]["level"] == "high"
    await sign(room, one, row.id)
    assert (await room.drive(row.id)).status == "pending_review"
    await sign(room, two, row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_plans_and_answers_need_one_signature_whatever_the_quorum(room: Room) -> None:
    for name in ("One", "Two"):
        await join(room, name)
    await set_policy(room, quorum=2, separate_duties=True)
    row = await room.run(room.script(PLAN, FINDING, FINISH), "checkpoint_required")
    plan = await room.waiting(row.id)
    assert (plan.kind, plan.packet["signing"]["quorum"], plan.packet["signing"]["barred"]) == ("plan", 1, [])
    await room.approve(row.id)
    await room.drive(row.id)
    assert (await room.waiting(row.id)).packet["signing"]["quorum"] == 2


@pytest.mark.parametrize("signed_before", [False, True])
async def test_an_edit_where_several_sign_is_shown_to_all_of_them_again(
    room: Room, signed_before: bool
) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, seen = await waiting(room)
    if signed_before:
        await sign(room, one, row.id)
    artifact = seen.packet["artifacts"][0]
    edit = {"artifact_id": artifact["artifact_id"], "body": "Only an opinion now, without a figure."}
    outcome = await sign(room, two, row.id, edits=[edit])
    assert outcome.stale
    assert "Two" in outcome.why
    fresh = outcome.checkpoint
    assert (fresh.votes, fresh.packet["artifacts"][0]["version"]) == ([], 2)
    assert fresh.packet["artifacts"][0]["author"] == "person"
    kept = [Acknowledgement(c["id"], "Known.") for c in fresh.packet["artifacts"][0]["claims"]]
    await sign(room, two, row.id, acknowledged=kept)  # an editor may sign where duties are not separated
    await sign(room, one, row.id, acknowledged=kept)
    assert (await room.drive(row.id)).status == "completed"


async def test_an_edit_that_changes_nothing_is_a_vote(room: Room) -> None:
    one = await join(room, "One")
    await join(room, "Two")
    await set_policy(room, quorum=2)
    row, seen = await waiting(room)
    artifact = seen.packet["artifacts"][0]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        version = await db_artifacts.version(tx, UUID(artifact["artifact_id"]), 1)
    edit = {"artifact_id": artifact["artifact_id"], "body": version.document}
    outcome = await sign(room, one, row.id, edits=[edit])
    assert not outcome.stale
    assert [v["name"] for v in outcome.checkpoint.votes] == ["One"]


async def test_who_asked_for_the_work_does_not_sign_it_where_duties_are_separated(room: Room) -> None:
    other = await join(room, "Other")
    await set_policy(room, separate_duties=True)
    row, checkpoint = await waiting(room)
    assert checkpoint.packet["signing"]["barred"] == [str(room.actor.member_id)]
    with pytest.raises(NotAllowed) as refused:
        await room.approve(row.id)
    assert refused.value.code == "duties_separated"
    assert (await sign(room, other, row.id)).checkpoint.status == "approved"
    assert (await room.drive(row.id)).status == "completed"


async def test_who_is_barred_from_signing_may_send_it_back_and_reject_it(room: Room) -> None:
    await join(room, "Other")
    await set_policy(room, separate_duties=True)
    row, checkpoint = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            changes=[{"comment": "Say when."}],
        )  # fmt: skip
    assert (await room.drive(row.id)).status == "pending_review"
    checkpoint = await room.waiting(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        done = await review.reject(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            rejection_reason="No.",
        )  # fmt: skip
    assert done.session.status == "failed"


async def test_an_editor_is_barred_from_what_they_edited_and_not_asked_for_it_any_more(room: Room) -> None:
    editor, other = await join(room, "Editor"), await join(room, "Other")
    await set_policy(room, separate_duties=True)
    row, seen = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await inbox.change(tx, room.actor, seen.id, {"assignee": editor.member_id})
    edit = {
        "artifact_id": seen.packet["artifacts"][0]["artifact_id"],
        "body": "The board named a factor of 4.45 in its report.",
    }
    outcome = await sign(room, editor, row.id, edits=[edit])
    assert outcome.stale
    assert set(outcome.checkpoint.packet["signing"]["barred"]) == {
        str(room.actor.member_id), str(editor.member_id),
    }  # fmt: skip
    assert outcome.checkpoint.assignee is None
    with pytest.raises(NotAllowed) as refused:
        await sign(room, editor, row.id)
    assert refused.value.code == "duties_separated"
    kept = [
        Acknowledgement(c["id"], "Read against the report.")
        for c in outcome.checkpoint.packet["artifacts"][0]["claims"]
    ]
    await sign(room, other, row.id, acknowledged=kept)
    assert (await room.drive(row.id)).status == "completed"


async def test_whose_it_is_must_be_somebody_who_may_sign_it(room: Room) -> None:
    reviewer, viewer = await join(room, "Reviewer 2"), await join(room, "Viewer", "viewer")
    requester = await join(room, "Requester", "requester")
    await set_policy(room, separate_duties=True)
    row, checkpoint = await waiting(room)

    async def assign(actor: Actor, member: Any) -> None:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await inbox.change(tx, actor, checkpoint.id, {"assignee": member})

    for member in (viewer.member_id, requester.member_id, room.actor.member_id):
        with pytest.raises(InvalidInput) as refused:
            await assign(room.actor, member)
        assert refused.value.code == "assignee_cannot_sign"
    with pytest.raises(InvalidInput) as unknown:
        await assign(room.actor, uuid4())
    assert unknown.value.code == "unknown_member"
    with pytest.raises(NotAllowed):
        await assign(requester, reviewer.member_id)
    await assign(reviewer, reviewer.member_id)
    assert (await room.waiting(row.id)).assignee == reviewer.member_id
    await assign(room.actor, None)
    assert (await room.waiting(row.id)).assignee is None


async def test_it_is_reminded_of_ahead_and_when_due_once_each_however_many_sweep(room: Room) -> None:
    await set_policy(room, due_hours=24, remind_hours=4)
    row, checkpoint = await waiting(room)
    assert checkpoint.due_at is not None
    assert checkpoint.remind_at is not None
    assert (checkpoint.due_at - checkpoint.opened_at).total_seconds() == pytest.approx(24 * 3600, abs=60)
    assert (checkpoint.due_at - checkpoint.remind_at).total_seconds() == 4 * 3600
    assert await sweep(room.parts) == 0

    await turn_clock(room, remind_at=-0.1, due_at=3)
    await asyncio.gather(sweep(room.parts), sweep(room.parts))
    assert await work_off(room) >= 1
    assert await sweep(room.parts) == 0
    assert [r["overdue"] for r in await told(room, row.id, "reminded")] == [False]

    await turn_clock(room, remind_at=-0.1, due_at=-0.1)
    await asyncio.gather(sweep(room.parts), sweep(room.parts))
    assert await work_off(room) >= 1
    assert await sweep(room.parts) == 0
    assert [r["overdue"] for r in await told(room, row.id, "reminded")] == [False, True]
    assert (await recorded(room, row.id)).count("reminded") == 2
    assert (await room.waiting(row.id)).remind_at is None


async def test_another_due_time_has_its_own_reminders(room: Room) -> None:
    await set_policy(room, due_hours=24, remind_hours=4)
    row, checkpoint = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        later = checkpoint.opened_at + timedelta(hours=100)
        changed, _ = await inbox.change(tx, room.actor, checkpoint.id, {"due_at": later})
        assert changed.remind_at == later - timedelta(hours=4)
        changed, _ = await inbox.change(tx, room.actor, checkpoint.id, {"due_at": None})
    assert (changed.due_at, changed.remind_at) == (None, None)
    assert len(await told(room, row.id, "checkpoint_changed")) == 2


async def test_what_nobody_signs_in_time_expires_and_nothing_is_delivered(room: Room) -> None:
    await set_policy(room, expire_hours=48)
    row, checkpoint = await waiting(room)
    assert checkpoint.expires_at is not None
    assert (checkpoint.expires_at - checkpoint.opened_at).total_seconds() == pytest.approx(48 * 3600, abs=60)
    await turn_clock(room, expires_at=-0.1)

    async def decisions() -> list[str]:
        codes: list[str] = []
        given: dict[str, Any] = {"packet_digest": checkpoint.packet_digest}
        for act in (
            lambda tx: review.approve(tx, room.actor, row.id, checkpoint.id, **given),
            lambda tx: review.reject(tx, room.actor, row.id, checkpoint.id, rejection_reason="x", **given),
            lambda tx: review.request_changes(
                tx, room.actor, row.id, checkpoint.id, changes=[{"comment": "x"}], **given
            ),
            lambda tx: inbox.change(tx, room.actor, checkpoint.id, {"expires_at": None}),
        ):
            with pytest.raises(Conflict) as refused:
                async with room.db.transaction(room.actor.workspace_id) as tx:
                    await act(tx)
            codes.append(refused.value.code)
        return codes

    # The clock has not come by yet, and it is too late all the same.
    assert await decisions() == ["review_expired"] * 4
    assert (await room.row(row.id)).status == "pending_review"
    await asyncio.gather(sweep(room.parts), sweep(room.parts))
    await work_off(room)
    ended = await room.row(row.id)
    assert ended.failure is not None
    assert (ended.status, ended.failure["code"], ended.failure["retryable"]) == (
        "failed", "review_expired", False,
    )  # fmt: skip
    assert len(await told(room, row.id, "expired")) == 1
    assert await told(room, row.id, "completed") == []
    assert await decisions() == ["already_decided"] * 4
    assert await sweep(room.parts) == 0
    async with room.db.transaction(room.actor.workspace_id) as tx:
        status, signed = (
            await tx.execute(
                text("SELECT c.status, v.signed_at FROM work_checkpoints c, artifact_versions v")
            )
        ).one()
    assert (status, signed) == ("expired", None)


async def test_a_signature_given_in_time_is_released_although_the_review_expires_meanwhile(
    room: Room,
) -> None:
    await set_policy(room, expire_hours=48)
    row, _ = await waiting(room)
    pending = await sign(room, room.actor, row.id, undo_seconds=30)
    await turn_clock(room, expires_at=-0.1)
    await sweep(room.parts)
    await work_off(room)
    assert (await room.row(row.id)).status == "pending_review"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        assert await holding.commit_pending(tx, pending.checkpoint.id) is not None
    assert (await room.drive(row.id)).status == "completed"


async def test_a_signature_that_is_taken_back_after_the_time_is_up_is_not_given_again(room: Room) -> None:
    await set_policy(room, expire_hours=48)
    row, _ = await waiting(room)
    await sign(room, room.actor, row.id, undo_seconds=30)
    await turn_clock(room, expires_at=-0.1)
    await withdraw(room, room.actor, row.id)
    with pytest.raises(Conflict) as late:
        await sign(room, room.actor, row.id)
    assert late.value.code == "review_expired"
    await sweep(room.parts)
    await work_off(room)
    assert (await room.row(row.id)).status == "failed"


async def test_votes_do_not_keep_a_review_from_expiring(room: Room) -> None:
    one = await join(room, "One")
    await set_policy(room, quorum=2, expire_hours=1)
    row, _ = await waiting(room)
    await sign(room, one, row.id)
    await turn_clock(room, expires_at=-0.1)
    await sweep(room.parts)
    await work_off(room)
    assert (await room.row(row.id)).status == "failed"


async def test_all_who_look_are_known_and_one_may_take_over(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    row, checkpoint = await waiting(room)

    async def look(actor: Actor, **more: Any) -> Any:
        async with room.db.transaction(actor.workspace_id) as tx:
            return await people.look(tx, actor, checkpoint.id, **more)

    async def look_away(actor: Actor) -> Any:
        async with room.db.transaction(actor.workspace_id) as tx:
            return await people.look_away(tx, actor, checkpoint.id)

    first = await look(one)
    assert first.looking_by == one.member_id
    again = await look(one)  # the heartbeat
    assert again.looking_until > first.looking_until
    # The second is seen beside the first, who stays the one of whom a release before knows.
    both = await look(two)
    assert (both.looking_by, set(looks_of(both))) == (one.member_id, {one.member_id, two.member_id})
    taken = await look(two, take=True)
    assert (taken.looking_by, set(looks_of(taken))) == (two.member_id, {one.member_id, two.member_id})
    assert (await look_away(one)).looking_by == two.member_id
    left = await look_away(two)
    assert (left.looking_by, looks_of(left)) == (None, {})
    assert (await look_away(one)).looking_by is None  # who does not look ends nothing
    assert [e["by"] for e in await told(room, row.id, "looked_at")] == ["One", "Two", "Two"]
    assert [e["by"] for e in await told(room, row.id, "looked_away")] == ["One", "Two"]


async def test_a_look_keeps_nobody_from_deciding_and_ends_with_the_decision(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    row, checkpoint = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await people.look(tx, one, checkpoint.id)
    assert (await sign(room, two, row.id)).checkpoint.status == "approved"
    with pytest.raises(Conflict) as over:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await people.look(tx, one, checkpoint.id)
    assert over.value.code == "already_decided"


async def test_comments_stand_beside_the_packet_and_change_no_digest(room: Room) -> None:
    requester, viewer = await join(room, "Asker", "requester"), await join(room, "Viewer", "viewer")
    row, checkpoint = await waiting(room)
    artifact = checkpoint.packet["artifacts"][0]
    claim = artifact["claims"][0]["id"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        made = await people.comment(tx, requester, checkpoint.id, "Is that the final report?", claim_id=claim)
        assert str(made.artifact_id) == artifact["artifact_id"]
        await people.comment(tx, room.actor, checkpoint.id, "Yes.\x00")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"text": " \n "}, "comment_empty"),
        ({"text": "x" * 10_001}, "text_invalid"),
        ({"text": "x", "claim_id": "c_0"}, "unknown_claim"),
        ({"text": "x", "artifact_id": uuid4()}, "unknown_artifact"),
    ]
    for given, code in refused:
        with pytest.raises(InvalidInput) as error:
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await people.comment(tx, requester, checkpoint.id, **given)
        assert error.value.code == code
    with pytest.raises(NotAllowed):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await people.comment(tx, viewer, checkpoint.id, "I only look.")
    done = await sign(room, room.actor, row.id, checkpoint.packet_digest)
    assert not done.stale
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await people.comment(tx, requester, checkpoint.id, "Thank you.")
        said = await people.comments_of(tx, checkpoint.id)
    assert [(c["by"]["name"], c["text"]) for c in said] == [
        ("Asker", "Is that the final report?"), ("Reviewer", "Yes.\ufffd"), ("Asker", "Thank you."),
    ]  # fmt: skip
    assert [e["by"] for e in await told(room, row.id, "commented")] == ["Asker", "Reviewer", "Asker"]


async def test_another_workspace_meets_none_of_it(room: Room, tmp_path: Any) -> None:
    row, checkpoint = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await people.comment(tx, room.actor, checkpoint.id, "Ours.")
    workspace, member = await make_workspace(room.db, "Theirs")
    (tmp_path / "theirs").mkdir()
    theirs = make_room(
        room.db, workspace, member, await make_project(room.db, workspace), tmp_path / "theirs"
    )
    stranger = theirs.actor
    sealed = checkpoint.packet_digest
    for act in (
        lambda tx: people.look(tx, stranger, checkpoint.id),
        lambda tx: people.look_away(tx, stranger, checkpoint.id),
        lambda tx: people.comment(tx, stranger, checkpoint.id, "Mine."),
        lambda tx: people.comments_of(tx, checkpoint.id),
        lambda tx: inbox.change(tx, stranger, checkpoint.id, {"assignee": stranger.member_id}),
        lambda tx: review.approve(tx, stranger, row.id, checkpoint.id, packet_digest=sealed),
        lambda tx: holding.withdraw(tx, stranger, row.id, checkpoint.id),
    ):
        with pytest.raises(NotFound):
            async with room.db.transaction(workspace) as tx:
                await act(tx)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(InvalidInput) as unknown:
            await inbox.change(tx, room.actor, checkpoint.id, {"assignee": stranger.member_id})
    assert unknown.value.code == "unknown_member"
    with pytest.raises(ProofroomError):
        await give_role(theirs, room.actor, "viewer")
    # Each workspace's clock is its own, although one sweeper looks after both.
    await set_policy(theirs, expire_hours=1)
    await theirs.add()
    other, _ = await waiting(theirs)
    await turn_clock(theirs, expires_at=-0.1)
    await sweep(room.parts)
    await work_off(room)
    assert (await theirs.row(other.id)).status == "failed"
    assert (await room.row(row.id)).status == "pending_review"


async def test_who_loses_the_role_while_their_signature_waits_its_turn_does_not_sign(room: Room) -> None:
    one = await join(room, "One")
    row, checkpoint = await waiting(room)
    asked = asyncio.Event()

    async def signs() -> None:
        async with room.db.transaction(one.workspace_id) as tx:
            await tx.execute(text("SELECT 1"))
            asked.set()
            await review.approve(
                tx, one, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest, feedback="mine"
            )

    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_sessions.lock(tx, row.id)
        task = asyncio.create_task(signs())
        await asked.wait()
        await give_role(room, one, "viewer")
    with pytest.raises(NotAllowed) as refused:
        await task
    assert refused.value.code == "not_allowed"
    assert (await room.waiting(row.id)).id == checkpoint.id


async def test_who_is_no_admin_any_more_gives_no_roles(room: Room) -> None:
    one = await join(room, "One", "admin")
    await give_role(room, one, "requester")
    for actor in (one, Actor(room.actor.workspace_id, uuid4(), "Nobody", "admin")):
        async with room.db.transaction(actor.workspace_id) as tx:
            with pytest.raises(NotAllowed):
                await access.change_member(tx, actor, one.member_id, role="admin")


async def test_a_signature_taken_back_leaves_a_packet_that_can_be_signed(room: Room) -> None:
    """What the last one said of obligations moved the packet on: the vote before was on another one."""
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row = await room.run(room.script(iterations={n: [FINDING, FINISH] for n in (1, 2)}))
    first = await room.waiting(row.id)
    async with room.db.transaction(one.workspace_id) as tx:
        await review.request_changes(
            tx, one, row.id, first.id, packet_digest=first.packet_digest, changes=[{"comment": "Friendlier."}]
        )
    await room.drive(row.id)
    (wanted,) = (await room.waiting(row.id)).packet["obligations"]
    await sign(room, one, row.id)
    judged = [{"obligation_id": wanted["id"], "state": "met"}]
    assert (await sign(room, two, row.id, judged=judged, undo_seconds=60)).checkpoint.approve_pending
    taken = await withdraw(room, two, row.id)
    assert taken.checkpoint.votes == []
    assert [w["void_votes"] for w in await told(room, row.id, "withdrawn")] == [1]
    for actor in (two, one):
        assert not (await sign(room, actor, row.id)).stale
    assert (await room.drive(row.id)).status == "completed"


async def test_the_right_to_sign_is_not_taken_from_whom_a_waiting_review_needs(room: Room) -> None:
    one = await join(room, "One")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)

    async def demote(**more: Any) -> None:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await access.change_member(tx, room.actor, one.member_id, role="requester", **more)

    with pytest.raises(InvalidInput) as refused:
        await demote()
    assert refused.value.code == "quorum_unreachable"
    assert "without One only 1 could" in refused.value.message
    two = await join(room, "Two", "admin")
    await demote()  # somebody else can sign now
    with pytest.raises(InvalidInput):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await access.change_member(tx, room.actor, two.member_id, role="viewer")
    await give_role(room, two, "viewer")  # forced
    async with room.db.transaction(room.actor.workspace_id) as tx:
        written = await members.recorded(tx)
    assert [e.content.get("forced") for e in written if e.kind == "member_changed"] == [True, None]
    assert written[0].content["by"]["name"] == room.actor.name
    assert (await room.waiting(row.id)).status == "pending_review"


async def test_a_signature_that_can_still_be_undone_falls_with_its_givers_right_to_sign(room: Room) -> None:
    one = await join(room, "One")
    row, checkpoint = await waiting(room)
    pending = await sign(room, one, row.id, undo_seconds=30)
    assert pending.checkpoint.approve_pending
    await give_role(room, one, "requester")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        again = await holding.commit_pending(tx, checkpoint.id)
    assert again is not None
    assert (again.checkpoint.status, again.checkpoint.approve_pending, again.checkpoint.decision) == (
        "pending_review", False, None,
    )  # fmt: skip
    (said,) = await told(room, row.id, "withdrawn")
    assert (said["by"], said["why"]) == (
        "One",
        "Whoever signed may not sign any more, so it was not released.",
    )
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_of_several_signatures_only_the_one_falls_whose_giver_may_not_sign_any_more(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, checkpoint = await waiting(room)
    await sign(room, one, row.id)
    assert (await sign(room, two, row.id, undo_seconds=30)).checkpoint.approve_pending
    await give_role(room, two, "viewer")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        again = await holding.commit_pending(tx, checkpoint.id)
    assert again is not None
    assert [v["name"] for v in again.checkpoint.votes] == ["One"]
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ada", "name_taken"),
        ("A\u202eda", "name_invalid"),
        ("Ada\x1b[31m", "name_invalid"),
        ("Ad\u200ba", "name_invalid"),
    ],
)
async def test_names_that_could_be_taken_for_another_are_refused(room: Room, name: str, code: str) -> None:
    await join(room, "Ada")
    eve = await join(room, "Eve")
    with pytest.raises((InvalidInput, Conflict)) as refused:
        await join(room, name)
    assert refused.value.code == code
    with pytest.raises((InvalidInput, Conflict)) as refused:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await access.change_member(tx, room.actor, eve.member_id, name=name)
    assert refused.value.code == code
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await access.change_member(tx, room.actor, eve.member_id, name="EVE")  # one's own, in other letters


async def test_members_and_keys_are_written_down_with_who_made_them(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        made = await access.create_member(tx, "Ada", "reviewer", by=room.actor)
        key_id, key = await access.create_api_key(tx, made, "laptop", by=room.actor)
        await access.revoke_api_key(tx, key_id, by=room.actor)
        written = [(e.kind, e.content) for e in await members.recorded(tx)]
    assert [kind for kind, _ in written] == ["api_key_revoked", "api_key_made", "member_added"]
    assert all(content["by"]["id"] == str(room.actor.member_id) for _, content in written)
    assert written[2][1]["name"] == "Ada"
    assert key not in str(written)
    for change in ("UPDATE workspace_audit SET kind = 'x'", "DELETE FROM workspace_audit"):
        with pytest.raises(ProgrammingError):
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await tx.execute(text(change))
