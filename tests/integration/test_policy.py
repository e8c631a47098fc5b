"""A project's policy: set by admins, in every packet, explained without a trace, and read from old rows too."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom import Acknowledgement, AcknowledgementKind
from proofroom.db import checkpoints, work_sessions
from proofroom.db.work_sessions import Record
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import PACKET_VERSION, in_version_2
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from proofroom.services import access, analytics, holding, packets, people, policies, review, views
from tests.integration.conftest import make_project, make_workspace
from tests.integration.people import join, set_policy, sign, told, waiting
from tests.integration.rooms import FINDING, FINISH, PLAN, Room, make_room

WRONG = {
    "artifact": FINDING["artifact"]
    | {
        "markdown": "The board named a factor of 9.99 in its report of November 1999. "
        "[[{{ b:factor of 4.45 }}|The board named a factor of 4.45 in its report of November 1999.]]"
    }
}


async def shown(room: Room) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await policies.show(tx, room.project_id)


async def test_a_project_begins_without_settings_and_keeps_every_version_of_them(room: Room) -> None:
    nothing = await shown(room)
    assert (nothing["version"], nothing["history"]) == (0, [])
    assert nothing["settings"]["quorum"]["public"] == 1
    for name in ("One", "Two"):
        await join(room, name)
    first = await set_policy(room, quorum={"public": 2}, due_hours=24)
    assert first["version"] == 1
    second = await set_policy(room, separate_duties=True, due_hours=None)
    assert second["settings"] == {
        "quorum": {"internal_draft": 1, "internal_record": 1, "named_recipient": 1, "public": 2},
        "separate_duties": True, "policy_may_sign": None, "due_hours": None, "remind_hours": None,
        "expire_hours": None,
    }  # fmt: skip
    assert [(v["version"], v["by"]) for v in second["history"]] == [(2, "Reviewer"), (1, "Reviewer")]
    assert second["history"][1]["settings"] == first["settings"]


async def test_what_changes_nothing_makes_no_version(room: Room) -> None:
    assert (await set_policy(room))["version"] == 0
    assert (await set_policy(room, quorum=1, separate_duties=False))["version"] == 0
    assert (await set_policy(room, due_hours=24))["version"] == 1
    row, _ = await waiting(room)
    assert (await set_policy(room, due_hours=24))["version"] == 1
    assert not (await room.approve(row.id)).stale


async def test_settings_that_cannot_be_are_refused(room: Room) -> None:
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"quorum": 0}, "policy_invalid", "quorum.internal_draft"),
        ({"remind_hours": 4}, "policy_invalid", "remind_hours"),
        ({"colour": "red"}, "policy_invalid", "colour"),
        ({"quorum": 2}, "quorum_unreachable", "quorum"),
        ({"separate_duties": True}, "quorum_unreachable", "separate_duties"),
    ]
    for changes, code, field in refused:
        with pytest.raises(InvalidInput) as error:
            await set_policy(room, **changes)
        assert (error.value.code, error.value.field) == (code, field)
    assert (await shown(room))["version"] == 0
    await join(room, "A viewer", "viewer")
    with pytest.raises(InvalidInput):
        await set_policy(room, quorum=2)
    await join(room, "Other")
    assert (await set_policy(room, quorum=2))["version"] == 1
    with pytest.raises(InvalidInput) as three:  # one of the two may have asked for it
        await set_policy(room, separate_duties=True)
    assert "3" in three.value.message


async def test_of_two_changes_made_on_the_same_version_one_wins(room: Room) -> None:
    async def change(hours: int) -> str:
        try:
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await policies.change(tx, room.actor, room.project_id, {"due_hours": hours}, version=0)
        except Conflict as lost:
            return lost.code
        return "won"

    answers = await asyncio.gather(*(change(n) for n in range(1, 6)))
    assert sorted(answers) == ["policy_changed"] * 4 + ["won"]
    assert (await shown(room))["version"] == 1


async def test_only_admins_set_it_and_nobody_elses(room: Room) -> None:
    for role in ("viewer", "requester", "reviewer"):
        actor = await join(room, f"a {role}", role)
        with pytest.raises(NotAllowed):
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await policies.change(tx, actor, room.project_id, {"due_hours": 1})
    workspace, member = await make_workspace(room.db, "Theirs")
    stranger = access.Actor(workspace, member, "Stranger", "admin")
    async with room.db.transaction(workspace) as tx:
        with pytest.raises(NotFound):
            await policies.show(tx, room.project_id)
        with pytest.raises(NotFound):
            await policies.change(tx, stranger, room.project_id, {"due_hours": 1})


async def test_a_packet_that_waits_under_an_older_policy_is_shown_again(room: Room) -> None:
    other = await join(room, "Other")
    row, seen = await waiting(room)
    assert seen.packet["policy"]["version"] == 0
    await set_policy(room, quorum=2)
    outcome = await room.approve(row.id, packet_digest=seen.packet_digest)
    assert outcome.stale
    fresh = outcome.checkpoint.packet
    assert (fresh["policy"]["version"], fresh["signing"]["quorum"]) == (1, 2)
    await room.approve(row.id)
    assert (await sign(room, other, row.id)).checkpoint.status == "approved"
    assert (await room.drive(row.id)).status == "completed"


async def test_a_change_of_policy_voids_the_votes_that_were_given_under_the_old_one(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row, _ = await waiting(room)
    await sign(room, one, row.id)
    await set_policy(room, quorum=1)
    outcome = await sign(room, two, row.id)
    assert outcome.stale
    assert outcome.checkpoint.votes == []
    assert (await sign(room, two, row.id)).checkpoint.status == "approved"


async def test_a_change_of_policy_while_undo_runs_takes_the_approval_back(room: Room) -> None:
    row, _ = await waiting(room)
    pending = await room.approve(row.id, undo_seconds=30)
    await set_policy(room, due_hours=8)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        again = await holding.commit_pending(tx, pending.checkpoint.id)
    assert again is not None
    assert again.stale
    assert (await room.row(row.id)).status == "pending_review"


async def test_policy_of_another_project_changes_nothing_here(room: Room) -> None:
    row, _ = await waiting(room)
    elsewhere = await make_project(room.db, room.actor.workspace_id, "Elsewhere")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await policies.change(tx, room.actor, elsewhere, {"due_hours": 1})
    assert not (await room.approve(row.id)).stale


async def explained(room: Room, session_id: UUID, **more: Any) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, session_id)
        return await policies.explain_session(tx, row, await packets.preview(tx, row), **more)


async def everything(room: Room) -> dict[str, str]:
    """Each table as text, to be compared."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        names = await tx.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND has_table_privilege(oid, 'SELECT')"
            )
        )
        found: dict[str, str] = {}
        for (name,) in names.all():
            rows = await tx.execute(text(f'SELECT t::text FROM "{name}" t ORDER BY 1'))
            found[name] = "\n".join(str(r[0]) for r in rows.all())
    return found


async def test_a_dry_run_says_which_rule_decides_and_leaves_no_trace(room: Room) -> None:
    row = await room.run(room.script(WRONG, FINISH), "auto_approve_low_risk")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        # What a check would find now is not what it found: looking must not store it.
        await tx.execute(text("UPDATE artifact_versions SET claims = '[]'"))
    before = await everything(room)
    assert {"work_sessions", "work_checkpoints", "artifact_versions", "work_events"} <= set(before)
    said = await explained(room, row.id)
    assert await everything(room) == before
    assert (said["strategy"], said["facts"]["flags"]) == ("auto_approve_low_risk", 1)
    gates = {g["gate"]: g for g in said["gates"]}
    assert (gates["plan"]["stops"], gates["final"]["stops"]) == (False, True)
    assert gates["final"]["rules"][-1] == {"rule": "lets low risk pass", "says": "stop"}
    assert {r["says"] for r in gates["final"]["rules"][:-1]} == {"no opinion"}
    assert "1 claim needs a person." in gates["final"]["because"]
    assert said["risk"]["level"] == "medium"
    assert "1 claim needs a person." in said["risk"]["because"]
    assert said["signing"] == {"quorum": 1, "separate_duties": False, "barred": []}


async def test_a_dry_run_answers_at_every_stage(room: Room) -> None:
    session_id = await room.file(room.script(PLAN, FINDING, FINISH), "checkpoint_required")
    filed = await explained(room, session_id)
    assert [g["stops"] for g in filed["gates"]] == [True, False, True]
    await room.drive(session_id)
    assert not (await explained(room, session_id))["facts"]["plan_approved"]
    await room.approve(session_id)
    planned = await explained(room, session_id)
    assert planned["facts"]["plan_approved"]
    assert planned["gates"][0]["rules"][-1]["rule"] == "accepts the plan that was approved"
    await room.drive(session_id)
    await room.approve(session_id)
    await room.drive(session_id)
    done = await explained(room, session_id)
    assert [g["gate"] for g in done["gates"]] == ["plan", "mid", "final"]


async def test_a_project_says_for_itself_whether_policy_may_sign(room: Room) -> None:
    async def ends(may_sign: bool | None) -> str:
        await set_policy(room, policy_may_sign=may_sign)
        return (await room.run(room.script(FINDING, FINISH), "auto_approve_low_risk")).status

    assert await ends(True) == "completed"
    assert await ends(None) == "pending_review"
    room.parts = replace(room.parts, policy_may_sign=True)
    assert await ends(None) == "completed"
    assert await ends(False) == "pending_review"


async def test_policy_does_not_sign_where_two_must_nor_after_a_rejection(room: Room) -> None:
    await join(room, "Other")
    await set_policy(room, policy_may_sign=True)
    strategy = "auto_approve_low_risk"
    assert (await room.run(room.script(FINDING, FINISH), strategy)).status == "completed"
    row, checkpoint = await waiting(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.reject(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            rejection_reason="Not this.",
        )  # fmt: skip
    row = await room.run(room.script(FINDING, FINISH), strategy)
    assert row.status == "pending_review"
    said = await explained(room, row.id)
    assert said["facts"]["overturned"] == 1
    assert "1 piece of this kind was lately sent back or rejected." in said["risk"]["because"]
    # History is not in the packet: what becomes of other work does not make this one stale.
    assert "lately" not in json.dumps((await room.waiting(row.id)).packet)
    await set_policy(room, quorum=2)
    said = await explained(room, row.id)
    assert "2 people must sign this." in said["gates"][-1]["because"]


async def test_policy_does_not_sign_what_was_sent_back_itself_however_much_was_approved_since(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "HISTORY", 1)
    runtime = room.script(iterations={n: [FINDING, FINISH] for n in (1, 2)})
    row = await room.run(runtime, "auto_approve_low_risk")
    checkpoint = await room.waiting(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            changes=[{"comment": "must contain: words that never come"}],
        )  # fmt: skip
    other, _ = await waiting(room)
    await room.approve(other.id)
    await set_policy(room, policy_may_sign=True)
    row = await room.drive(row.id)
    assert row.status == "pending_review"
    assert (await explained(room, row.id))["facts"]["overturned"] == 1


async def test_policy_does_not_sign_where_the_words_are_medical_whatever_the_agent_marked(room: Room) -> None:
    await set_policy(room, policy_may_sign=True)
    medical = {"artifact": FINDING["artifact"] | {"title": "What patients take"}}
    row = await room.run(room.script(medical, FINISH), "auto_approve_low_risk")
    assert row.status == "pending_review"
    assert (await explained(room, row.id))["facts"]["subjects"] == ["medical"]


async def make_old(room: Room, session_id: UUID, version: int = 1) -> str:
    """Makes the waiting packet one of an earlier release: version 1 has neither policy, signing nor risk. Answers its
    digest."""
    checkpoint = await room.waiting(session_id)
    old = in_version_2(checkpoint.packet)
    if version == 1:
        old = {k: v for k, v in old.items() if k not in ("policy", "signing", "risk")}
        old |= {"version": 1, "policy_version": "2026-11-22"}
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE work_checkpoints SET packet = CAST(:packet AS jsonb), packet_digest = :digest"),
            {"packet": json.dumps(old), "digest": digest(old)},
        )
        # That release wrote the chain for what it showed.
        opened = {"checkpoint_id": str(checkpoint.id), "packet_digest": digest(old)}
        await work_sessions.note(tx, session_id, Record(audits=[("checkpoint_opened", opened)]))
    return digest(old)


async def test_a_packet_of_the_release_before_is_shown_again_rather_than_failing(room: Room) -> None:
    row, _ = await waiting(room)
    sealed = await make_old(room, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        old = await checkpoints.open_one(tx, row.id)
        assert old is not None
        item = await views.checkpoint(tx, old, await work_sessions.get(tx, row.id))
        await people.comment(tx, room.actor, UUID(item["id"]), "An old one.")
    assert item["signing"] == {"quorum": 1, "separate_duties": False, "barred": []}
    assert (item["attention"], item["votes"], item["expires_at"]) == ([], [], None)
    outcome = await room.approve(row.id, packet_digest=sealed)
    assert outcome.stale
    assert outcome.checkpoint.packet["version"] == PACKET_VERSION
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_a_packet_of_version_2_is_signed_and_delivered_as_it_was_shown(room: Room) -> None:
    row, _ = await waiting(room)
    sealed = await make_old(room, row.id, version=2)
    outcome = await room.approve(row.id, packet_digest=sealed)
    assert not outcome.stale
    assert (outcome.checkpoint.packet["version"], outcome.checkpoint.packet_digest) == (2, sealed)
    assert "task_configuration" not in outcome.checkpoint.packet
    assert (await room.drive(row.id)).status == "completed"


@pytest.mark.parametrize("verb", ["reject", "request_changes"])
async def test_a_packet_of_the_release_before_can_be_rejected_and_sent_back(room: Room, verb: str) -> None:
    row, checkpoint = await waiting(room)
    sealed = await make_old(room, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        if verb == "reject":
            await review.reject(
                tx, room.actor, row.id, checkpoint.id, packet_digest=sealed, rejection_reason="No."
            )
        else:
            await review.request_changes(
                tx, room.actor, row.id, checkpoint.id, packet_digest=sealed, changes=[{"comment": "More."}]
            )
    assert (await room.drive(row.id)).status == ("failed" if verb == "reject" else "pending_review")


async def test_an_approval_of_the_release_before_that_can_still_be_undone_is_shown_again(room: Room) -> None:
    row, _ = await waiting(room)
    pending = await room.approve(row.id, undo_seconds=30)
    await make_old(room, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        again = await holding.commit_pending(tx, pending.checkpoint.id)
    assert again is not None
    assert again.stale
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def figures(room: Room, **more: Any) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await analytics.summary(tx, **more)


async def test_a_check_that_was_wrong_is_a_reason_of_its_own_and_is_counted_by_its_kind(room: Room) -> None:
    row = await room.run(room.script(WRONG, FINISH))
    checkpoint = await room.waiting(row.id)
    (claim,) = checkpoint.packet["artifacts"][0]["claims"]
    assert claim["verdict"] == "unsupported"
    await room.approve(
        row.id,
        acknowledged=[Acknowledgement(claim["id"], "It says so.", AcknowledgementKind.CHECK_WAS_WRONG)],
    )
    await room.drive(row.id)
    found = (await figures(room))["evidence"]
    assert (found["claims"], found["needs_you"], found["acknowledged"]) == (1, 1, 1)
    assert found["check_was_wrong"] == 1
    assert found["check_was_wrong_by"] == {"number": 1}

    row = await room.run(room.script(WRONG, FINISH))
    await room.approve(row.id, acknowledged=[Acknowledgement(claim["id"], "Known.")])
    await room.drive(row.id)
    found = (await figures(room, project_id=room.project_id))["evidence"]
    assert (found["acknowledged"], found["check_was_wrong"], found["check_was_wrong_by"]) == (
        2, 1, {"number": 1},
    )  # fmt: skip
    distance = (await figures(room))["edit_distance"]
    assert distance == {"signed": 2, "unchanged": 2, "median_share": 0.0, "mean_share": 0.0, "words": 0}
    elsewhere = await make_project(room.db, room.actor.workspace_id, "Elsewhere")
    assert (await figures(room, project_id=elsewhere))["evidence"]["acknowledged"] == 0


async def test_the_word_of_each_who_signed_counts_in_the_figures(room: Room) -> None:
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row = await room.run(room.script(WRONG, FINISH))
    (claim,) = (await room.waiting(row.id)).packet["artifacts"][0]["claims"]
    wrong = [Acknowledgement(claim["id"], "It says so.", AcknowledgementKind.CHECK_WAS_WRONG)]
    with pytest.raises(InvalidInput) as unsaid:
        await sign(room, one, row.id)
    assert unsaid.value.code == "unacknowledged_claims"
    await sign(room, one, row.id, acknowledged=wrong)
    assert (await figures(room))["evidence"]["check_was_wrong_by"] == {}
    with pytest.raises(InvalidInput):  # the first voter's reason is not the second's
        await sign(room, two, row.id)
    await sign(room, two, row.id, acknowledged=[Acknowledgement(claim["id"], "Known.")])
    await room.drive(row.id)
    assert (await figures(room))["evidence"]["check_was_wrong_by"] == {"number": 1}


async def test_a_decision_that_did_not_come_to_pass_is_in_no_figure(room: Room) -> None:
    row = await room.run(room.script(WRONG, FINISH))
    (claim,) = (await room.waiting(row.id)).packet["artifacts"][0]["claims"]
    wrong = [Acknowledgement(claim["id"], "It says so.", AcknowledgementKind.CHECK_WAS_WRONG)]
    pending = await room.approve(row.id, acknowledged=wrong, undo_seconds=30)
    assert (await figures(room))["evidence"]["claims"] == 0
    await set_policy(room, due_hours=8)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE work_checkpoints SET undo_until = now() - interval '1 second'"))
        await holding.commit_pending(tx, pending.checkpoint.id)
    found = await figures(room)
    assert (found["evidence"]["claims"], found["evidence"]["check_was_wrong_by"]) == (0, {})
    assert (found["decisions"], found["approval_rate"]) == ({}, None)


async def test_figures_are_those_of_one_workspace(room: Room, tmp_path: Any) -> None:
    row, _ = await waiting(room)
    await room.approve(row.id)
    await room.drive(row.id)
    workspace, member = await make_workspace(room.db, "Theirs")
    (tmp_path / "theirs").mkdir()
    theirs = make_room(
        room.db, workspace, member, await make_project(room.db, workspace), tmp_path / "theirs"
    )
    assert (await figures(theirs))["sessions"] == {}
    ours = await figures(room)
    assert (ours["sessions"], ours["decisions"], ours["approval_rate"]) == (
        {"completed": 1}, {"approved": 1}, 1.0,
    )  # fmt: skip
    assert ours["waiting"]["decided"] == 1
    assert ours["waiting"]["median_seconds"] == ours["waiting"]["p90_seconds"] > 0
    assert await told(room, row.id, "voted") == []


async def test_work_that_was_signed_by_older_rules_waits_for_a_signature_again(room: Room) -> None:
    """The policy was changed after the signature and before the finish: nothing is lost, nothing delivered."""
    row, checkpoint = await waiting(room)
    await room.approve(row.id, packet_digest=checkpoint.packet_digest)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await policies.change(tx, room.actor, room.project_id, {"due_hours": 5})
    row = await room.drive(row.id)
    assert (row.status, row.failure) == ("pending_review", None)
    assert [e.type for e in await room.events(row.id)][-2:] == ["reopened", "checkpoint_opened"]
    again = await room.waiting(row.id)
    assert again.packet["policy"]["version"] == 1
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_work_that_was_signed_under_the_release_before_waits_for_a_signature_again(room: Room) -> None:
    row, checkpoint = await waiting(room)
    await room.approve(row.id, packet_digest=checkpoint.packet_digest)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        signed = await checkpoints.get(tx, checkpoint.id)
        old = {k: v for k, v in signed.packet.items() if k not in ("policy", "signing", "risk")} | {
            "version": 1
        }
        decision = {**(signed.decision or {}), "packet_digest": digest(old), "sealed_digest": digest(old)}
        await checkpoints.change(tx, signed.id, packet=old, packet_digest=digest(old), decision=decision)
        await work_sessions.note(tx, row.id, Record(audits=[("approved", decision)]))
    row = await room.drive(row.id)
    assert (row.status, row.failure) == ("pending_review", None)
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_the_edit_distance_is_from_what_was_first_shown_to_what_was_signed(room: Room) -> None:
    assert (await figures(room))["edit_distance"]["median_share"] is None

    def finding(text: str, slot: str = "finding-1") -> dict[str, Any]:
        return {"artifact": FINDING["artifact"] | {"slot": slot, "title": "T", "markdown": text}}

    first = [finding("One two three four."), finding("Gone by then.", "finding-2"), FINISH]
    row = await room.run(room.script(iterations={1: first, 2: [finding("One two three five."), FINISH]}))
    checkpoint = await room.waiting(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
            changes=[{"comment": "Five, not four."}],
        )  # fmt: skip
    await room.drive(row.id)
    again = await room.waiting(row.id)
    (artifact,) = again.packet["artifacts"]
    edit = {"artifact_id": artifact["artifact_id"], "body": "One two 3 five."}
    done = await room.approve(row.id, edits=[edit])
    if done.stale:
        await room.approve(row.id)
    await room.drive(row.id)
    # Title and text: two of five words; of the second artifact all four, with its title.
    found = (await figures(room))["edit_distance"]
    assert found == {"signed": 1, "unchanged": 0, "median_share": 0.6667, "mean_share": 0.6667, "words": 6}
