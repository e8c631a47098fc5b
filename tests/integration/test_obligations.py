"""What a reviewer asks for: a scripted agent that fixes, ignores and regresses it; carried claims."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from proofroom.db import projects
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.domain.checkpoint import Acknowledgement, AcknowledgementKind
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.services import analytics, changes, checks, gates, review, sources
from tests.integration.people import join, set_policy, sign, withdraw
from tests.integration.rooms import FINISH, Room

CITE_ALTITUDE = "[[{{ b:planned altitude }}|The planned altitude was 226 km.]]"
CITE_FACTOR = "[[{{ b:factor of 4.45 }}|The board named a factor of 4.45 in its report of November 1999.]]"
CHART = '```vega-lite\n{"title": "Heights", "mark": "bar", "encoding": {"y": {"field": "km"}}}\n```'

BAD = "The planned altitude was 228 km.\n\nIt was a secret plan that nobody had asked for at all."
GOOD = (
    f"## Results\n\nThe planned altitude was 226 km. {CITE_ALTITUDE}\n\n"
    f"The board named a factor of 4.45 in its report of November 1999. {CITE_FACTOR}\n\n"
    f"- Altitude\n- Factor\n\n| what | how much |\n| --- | --- |\n| altitude | high |\n\n{CHART}\n"
)

ASKED: Sequence[tuple[str, Mapping[str, Any], str]] = (
    # (kind, the change, part of the reason when it fails)
    ("must contain", {"comment": "must contain: 4.45"}, "“4.45” is not in it"),
    ("must not contain", {"comment": "must not contain: secret"}, "“secret” still stands in it"),
    ("must cite", {"comment": "must cite: Notes"}, "No claim rests on “Notes”"),
    ("number", {"comment": "number equals: planned altitude = 226 km"}, "“228 km” in “The planned altitude"),
    ("at least", {"comment": "at least 25 words"}, "18 words"),
    ("at most", {"comment": "at most 4 words", "claim_id": 1}, "18 words"),
    ("heading", {"comment": "must have heading: Results"}, "No heading reads “Results”"),
    ("list", {"comment": "at least 2 items in a list"}, "0 items"),
    ("table", {"comment": "must have table"}, "0 tables"),
    ("chart", {"comment": "must have chart"}, "0 charts"),
    ("remove", {"comment": "remove", "claim_id": 1}, "still stands in it"),
    ("passage", {"comment": "remove", "passage": "secret plan that nobody had asked for"}, "still stands"),
    ("object", {"checks": [{"kind": "number_equals", "of": "altitude", "value": "226,000 m"}]}, "not 226,000 m"),
    (
        "both",
        {"checks": [{"kind": "must_contain", "text": "4.45"}, {"kind": "length", "at_least": 25}]},
        "at least 25 words",
    ),
)  # fmt: skip


def finding(markdown: str, slot: str = "finding-1") -> dict[str, Any]:
    return {"artifact": {"slot": slot, "type": "research_finding", "title": "Heights", "markdown": markdown}}


async def ask(
    room: Room,
    row: WorkSession,
    wanted: Sequence[Mapping[str, Any]],
    judged: Sequence[Mapping[str, str]] = (),
) -> WorkCheckpoint:
    """Sends it back and lets it be worked on again; `claim_id` may be the index of a claim."""
    checkpoint = await room.waiting(row.id)
    claims = [c["id"] for a in checkpoint.packet["artifacts"] for c in a["claims"]]
    changes_ = [
        dict(w) | ({"claim_id": claims[w["claim_id"]]} if isinstance(w.get("claim_id"), int) else {})
        for w in wanted
    ]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await review.request_changes(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest, changes=changes_,
            judged=judged,
        )  # fmt: skip
    assert (await room.drive(row.id)).status == "pending_review"
    return await room.waiting(row.id)


def states(checkpoint: WorkCheckpoint) -> dict[str, str]:
    return {
        kind: o["state"] for (kind, _, _), o in zip(ASKED, checkpoint.packet["obligations"], strict=False)
    }


async def test_fixing_ignoring_and_regressing_is_detected_for_every_kind_of_check(room: Room) -> None:
    """Iteration 2 mends everything, 3 breaks it all again, 4 leaves it broken."""
    played = {1: BAD, 2: GOOD, 3: BAD, 4: BAD}
    row = await room.run(room.script(iterations={n: [finding(m), FINISH] for n, m in played.items()}))
    fixed = await ask(room, row, [change for _, change, _ in ASKED])
    # A length for a sentence that is gone cannot be compared any more.
    assert states(fixed) == {kind: "open" if kind == "at most" else "met" for kind, _, _ in ASKED}
    assert all(o["note"] for o in fixed.packet["obligations"])
    broken = await ask(room, row, [{"comment": "Why did you change that?"}])
    assert states(broken) == {kind: "unmet" if kind == "at most" else "regressed" for kind, _, _ in ASKED}
    for (kind, _, reason), one in zip(ASKED, broken.packet["obligations"], strict=False):
        assert one["note"].startswith("It was met before. ") is (kind != "at most")
        assert kind == "at most" or reason in one["note"], one
    still = await ask(room, row, [{"comment": "Again."}])
    assert states(still) == states(broken)


async def test_what_is_ignored_stays_unmet_until_it_is_fixed(room: Room) -> None:
    row = await room.run(
        room.script(iterations={n: [finding(m), FINISH] for n, m in {1: BAD, 2: BAD, 3: GOOD}.items()})
    )
    ignored = await ask(room, row, [change for _, change, _ in ASKED])
    assert set(states(ignored).values()) == {"unmet"}
    for (kind, _, reason), one in zip(ASKED, ignored.packet["obligations"], strict=True):
        assert kind == "at most" or reason in one["note"], one
    fixed = await ask(room, row, [{"comment": "Do it."}])
    assert set(states(fixed).values()) == {"met", "open"}
    assert fixed.packet["obligations"][-1]["state"] == "open"  # free words are nobody's but the reviewer's
    assert [o["checks"] for o in fixed.packet["obligations"]][-2:] == [
        [{"kind": "must_contain", "text": "4.45"}, {"kind": "length", "unit": "words", "at_least": 25}],
        [],
    ]


async def test_a_persons_word_stands_until_the_artifact_says_something_else(room: Room) -> None:
    played = {1: BAD, 2: GOOD, 3: GOOD, 4: BAD}
    row = await room.run(room.script(iterations={n: [finding(m), FINISH] for n, m in played.items()}))
    second = await ask(
        room, row, [{"comment": "Make it friendlier."}, {"comment": "must contain: 226 kilometres"}]
    )
    friendly, unit = second.packet["obligations"]
    assert (friendly["state"], unit["state"]) == ("open", "unmet")
    words = [{"obligation_id": o["id"], "state": "met"} for o in (friendly, unit)]
    third = await ask(room, row, [{"comment": "Once more."}], judged=words)
    assert [o["state"] for o in third.packet["obligations"][:2]] == ["met", "met"]
    assert "reviewer found it met" in third.packet["obligations"][0]["note"]
    fourth = await ask(room, row, [{"comment": "And once more."}])
    assert [o["state"] for o in fourth.packet["obligations"][:2]] == ["open", "regressed"]


async def test_a_word_at_the_signature_is_sealed_with_it(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [finding(GOOD), FINISH] for n in (1, 2)}))
    second = await ask(room, row, [{"comment": "Make it friendlier."}])
    (friendly,) = second.packet["obligations"]
    for judged, code in (
        ([{"obligation_id": str(row.id), "state": "met"}], "unknown_obligation"),
        ([{"obligation_id": friendly["id"], "state": "open"}], "judgement_invalid"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await room.approve(row.id, judged=judged)
        assert refused.value.code == code
    done = await room.approve(row.id, judged=[{"obligation_id": friendly["id"], "state": "met"}])
    (sealed,) = done.checkpoint.packet["obligations"]
    assert (sealed["state"], "Reviewer found it met" in sealed["note"]) == ("met", True)
    assert done.checkpoint.decision is not None
    assert done.checkpoint.decision["judged"] == [
        {"obligation_id": friendly["id"], "state": "met", "name": "Reviewer"}
    ]
    assert (await room.drive(row.id)).status == "completed"


async def test_a_word_that_is_taken_back_with_a_signature_voids_the_votes_on_what_was_shown_before(
    room: Room,
) -> None:
    """The last signature changed the packet by its word, so nobody has signed what stands there then."""
    one, two = await join(room, "One"), await join(room, "Two")
    await set_policy(room, quorum=2)
    row = await room.run(room.script(iterations={n: [finding(GOOD), FINISH] for n in (1, 2)}))
    second = await ask(room, row, [{"comment": "Make it friendlier."}])
    words = [{"obligation_id": second.packet["obligations"][0]["id"], "state": "met"}]
    await sign(room, one, row.id)
    pending = await sign(room, two, row.id, judged=words, undo_seconds=30)
    assert pending.checkpoint.packet_digest != second.packet_digest
    back = await withdraw(room, two, row.id)
    assert back.checkpoint.votes == []
    assert (await sign(room, two, row.id)).checkpoint.status == "pending_review"
    assert (await sign(room, one, row.id)).checkpoint.status == "approved"
    assert (await room.drive(row.id)).status == "completed"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"comment": "x", "passage": "words that are not there"}, "unknown_passage", "changes.0.passage"),
        ({"comment": "x", "passage": 5}, "text_invalid", "changes.0.passage"),
        ({"comment": "x", "claim_id": "c_none"}, "unknown_claim", "changes.0"),
        ({"comment": "x", "artifact_id": "none"}, "unknown_artifact", "changes.0"),
        ({"comment": " "}, "reason_required", "changes.0.comment"),
        ({"comment": "x" * 10_001}, "text_invalid", "changes.0.comment"),
        ({"checks": [{"kind": "remove"}]}, "check_invalid", "changes.0.checks.0"),
        ({"checks": [{"kind": "length"}]}, "check_invalid", "changes.0.checks.0.at_most"),
    ],
)
async def test_a_change_that_cannot_be_anchored_or_checked_is_refused(
    room: Room, change: Mapping[str, Any], code: str, field: str
) -> None:
    row = await room.run(room.script(finding(BAD), FINISH))
    checkpoint = await room.waiting(row.id)
    with pytest.raises(InvalidInput) as refused:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await review.request_changes(
                tx,
                room.actor,
                row.id,
                checkpoint.id,
                packet_digest=checkpoint.packet_digest,
                changes=[change],
            )
    assert (refused.value.code, refused.value.field) == (code, field)


async def test_an_edit_that_meets_what_was_asked_for_is_sealed_as_met(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [finding(BAD), FINISH] for n in (1, 2)}))
    second = await ask(room, row, [{"comment": "must not contain: secret"}])
    assert second.packet["obligations"][0]["state"] == "unmet"
    artifact = second.packet["artifacts"][0]["artifact_id"]
    done = await room.approve(row.id, edits=[{"artifact_id": artifact, "body": "The plan was known."}])
    assert not done.stale
    assert done.checkpoint.packet["obligations"][0]["state"] == "met"
    assert (await room.drive(row.id)).status == "completed"


async def test_an_edit_that_undoes_what_was_asked_for_is_shown_first(room: Room) -> None:
    row = await room.run(room.script(iterations={1: [finding(BAD), FINISH], 2: [finding(GOOD), FINISH]}))
    second = await ask(room, row, [{"comment": "must contain: 4.45"}])
    artifact = second.packet["artifacts"][0]["artifact_id"]
    done = await room.approve(row.id, edits=[{"artifact_id": artifact, "body": "Nothing is known."}])
    assert done.stale
    assert "must contain: 4.45" in done.why
    assert done.checkpoint.packet["obligations"][0]["state"] == "regressed"
    assert not (await room.approve(row.id)).stale  # seen, and signed all the same


# Outside drafts


async def check_session(room: Room, draft: str) -> WorkSession:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await checks.open_check(tx, room.actor, room.parts.catalog, room.project_id, draft=draft)


async def hand_in(room: Room, row: WorkSession, draft: str) -> gates.Outcome:
    checkpoint = await room.waiting(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await checks.replace_draft(
            tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest, draft=draft
        )


async def test_a_draft_from_outside_that_was_sent_back_is_handed_in_again(room: Room) -> None:
    wrong = "# T\n\nThe board named a factor of 44.5.\n\nThe planned altitude was 226 km.\n\nIt was in November 1999."
    row = await check_session(room, wrong)
    parked = await ask(room, row, [{"comment": "number equals: factor = 4.45", "claim_id": 0}])
    assert parked.packet["obligations"][0]["state"] == "unmet"
    done = await hand_in(room, row, wrong.replace("44.5", "4.45"))
    assert not done.stale
    packet = done.checkpoint.packet
    assert (packet["iteration"], packet["obligations"][0]["state"]) == (2, "met")
    (artifact,) = packet["artifacts"]
    assert (artifact["version"], artifact["author"]) == (2, "person")
    texts = [c["text"] for c in artifact["claims"] if c["id"] in artifact["carried"]]
    assert "The board named a factor of 4.45." not in texts
    with pytest.raises(InvalidInput) as again:
        await hand_in(room, row, wrong.replace("44.5", "4.45"))
    assert again.value.code == "draft_unchanged"
    with pytest.raises(InvalidInput) as empty:
        await hand_in(room, row, "***")
    assert empty.value.code == "no_claims"
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"


async def test_only_a_draft_from_outside_can_be_handed_in(room: Room) -> None:
    row = await room.run(room.script(finding(GOOD), FINISH))
    with pytest.raises(Conflict) as refused:
        await hand_in(room, row, "A text.")
    assert refused.value.code == "not_an_outside_draft"


# Carried approvals


THREE = (
    f"The planned altitude was 226 km. {CITE_ALTITUDE}\n\n## Board\n\n"
    f"The board named a factor of 4.45 in its report of November 1999. {CITE_FACTOR}\n\n"
)


def carried(checkpoint: WorkCheckpoint) -> list[str]:
    return [c["text"] for a in checkpoint.packet["artifacts"] for c in a["claims"] if c["id"] in a["carried"]]


async def test_untouched_claims_keep_their_approval(room: Room) -> None:
    first = THREE + "> An end.\n"
    second = first + "\n## More\n\nIt ends here.\n"
    row = await room.run(room.script(iterations={1: [finding(first), FINISH], 2: [finding(second), FINISH]}))
    before = await room.waiting(row.id)
    assert (carried(before), before.packet["carried_from"], before.packet["reread"]) == ([], None, None)
    after = await ask(room, row, [{"comment": "Say more."}])
    assert carried(after) == [
        "The planned altitude was 226 km.",
        "The board named a factor of 4.45 in its report of November 1999.",
    ]
    assert after.packet["carried_from"]["packet_digest"] == before.packet_digest
    assert after.packet["carried_from"]["name"] == "Reviewer"
    assert after.packet["reread"]["words"] < after.packet["reread"]["of"]


async def test_what_was_kept_before_it_was_sent_back_is_said_beside_the_same_claim(room: Room) -> None:
    wrong_height = f"The planned altitude was 228 km. {CITE_ALTITUDE}"
    bad = finding(wrong_height)
    both = [finding(wrong_height + "\n\nIt ends here."), FINISH]
    row = await room.run(room.script(iterations={1: [bad, FINISH], 2: both, 3: both}))
    before = await room.waiting(row.id)
    flagged = before.packet["artifacts"][0]["claims"][0]
    assert flagged["verdict"] == "unsupported"
    kept = [Acknowledgement(flagged["id"], "The board told us.", AcknowledgementKind.CHECK_WAS_WRONG)]

    async def send_back(waiting: WorkCheckpoint, kept: Sequence[Acknowledgement]) -> WorkCheckpoint:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await review.request_changes(
                tx, room.actor, row.id, waiting.id, packet_digest=waiting.packet_digest,
                changes=[{"comment": "Say how it ends."}], acknowledged=kept,
            )  # fmt: skip
        await room.drive(row.id)
        return await room.waiting(row.id)

    for wrong, code in (
        (Acknowledgement("c_none", "x"), "unknown_claim"),
        (Acknowledgement(flagged["id"], ""), "reason_required"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await send_back(before, [wrong])
        assert refused.value.code == code
    after = await send_back(before, kept)
    (said,) = after.packet["artifacts"][0]["kept_before"]
    assert said == {
        "claim_id": flagged["id"], "by": str(room.actor.member_id), "name": "Reviewer",
        "reason": "The board told us.", "kind": "check_was_wrong",
    }  # fmt: skip
    assert after.packet["carried_from"]["decision"] == "request_changes"
    # It is settled again or not signed, and what nobody said again is not said for them.
    with pytest.raises(InvalidInput) as refused:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await review.approve(tx, room.actor, row.id, after.id, packet_digest=after.packet_digest)
    assert refused.value.code == "unacknowledged_claims"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        figures = await analytics.summary(tx)
    assert figures["evidence"]["check_was_wrong"] == 1
    assert figures["evidence"]["check_was_wrong_by"]
    last = await send_back(after, [])
    assert last.packet["artifacts"][0]["kept_before"] == []


async def test_nothing_is_carried_from_somebody_who_may_not_sign_it(room: Room) -> None:
    await join(room, "One")
    await set_policy(room, separate_duties=True)
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2)}))
    after = await ask(room, row, [{"comment": "Look again."}])  # by whoever asked for the work
    assert (carried(after), after.packet["carried_from"]) == ([], None)


async def test_nothing_is_carried_into_what_several_sign(room: Room) -> None:
    await join(room, "One")
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2)}))
    after = await ask(room, row, [{"comment": "Look again."}])
    assert len(carried(after)) == 2
    await set_policy(room, quorum=2)
    stale = await room.approve(row.id, packet_digest=after.packet_digest)
    assert stale.stale
    assert (carried(stale.checkpoint), stale.checkpoint.packet["carried_from"]) == ([], None)


async def test_nothing_is_carried_from_one_of_several_who_should_have_read_it(room: Room) -> None:
    await join(room, "One")
    await set_policy(room, quorum=2)
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2)}))
    await ask(room, row, [{"comment": "Look again."}])
    await set_policy(room, quorum=1)
    stale = await room.approve(row.id)
    assert stale.stale
    assert (carried(stale.checkpoint), stale.checkpoint.packet["carried_from"]) == ([], None)


async def test_nothing_is_carried_from_a_gate_before_the_final_one(room: Room) -> None:
    played = {1: [finding(THREE), {"ask": {"question": "Which one?"}}, FINISH], 2: [finding(THREE), FINISH]}
    row = await room.run(room.script(iterations=played))
    assert (await room.waiting(row.id)).kind == "mid"
    after = await ask(room, row, [{"comment": "None of them."}])
    assert (after.kind, carried(after), after.packet["carried_from"]) == ("final", [], None)


async def test_the_target_of_a_change_is_read_again(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2, 3)}))
    about = await ask(room, row, [{"comment": "Is that so?", "claim_id": 0}])
    assert carried(about) == ["The board named a factor of 4.45 in its report of November 1999."]
    later = await ask(room, row, [{"comment": "Why", "passage": "The board named a factor"}])
    assert carried(later) == []


async def new_version_of_the_source(room: Room) -> None:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (source_id,) = await projects.source_ids(tx, room.project_id)
        await tx.execute(text("UPDATE sources SET version = version + 1"))
    assert source_id


async def test_a_newer_source_ends_what_was_carried_until_the_signature(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2)}))
    after = await ask(room, row, [{"comment": "Look again."}])
    assert len(carried(after)) == 2
    await new_version_of_the_source(room)
    stale = await room.approve(row.id, packet_digest=after.packet_digest)
    assert stale.stale
    assert carried(stale.checkpoint) == []


async def test_what_was_carried_into_a_signature_is_history(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2)}))
    await ask(room, row, [{"comment": "Look again."}])
    await room.approve(row.id)
    await new_version_of_the_source(room)
    assert (await room.drive(row.id)).status == "completed"


async def test_a_retracted_source_bears_nothing_that_could_be_carried(room: Room) -> None:
    row = await room.run(room.script(iterations={n: [finding(THREE), FINISH] for n in (1, 2)}))
    after = await ask(room, row, [{"comment": "Look again."}])
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (source_id,) = await projects.source_ids(tx, room.project_id)
        await sources.retract(tx, source_id, reason="Wrong")
    stale = await room.approve(row.id, packet_digest=after.packet_digest)
    assert stale.stale
    assert carried(stale.checkpoint) == []


# Versions side by side


async def test_two_versions_word_by_word(room: Room) -> None:
    row = await room.run(
        room.script(iterations={1: [finding(BAD), FINISH], 2: [finding(BAD.replace("228", "226")), FINISH]})
    )
    after = await ask(room, row, [{"comment": "number equals: planned altitude = 226 km"}])
    (artifact,) = after.packet["artifacts"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        shown = await changes.diff(tx, row.id, artifact["artifact_id"], from_version=None, to_version=None)
        assert (shown["from"], shown["to"]) == (1, 2)
        assert [(c["kind"], c["text"]) for c in shown["changes"] if c["kind"] != "same"] == [
            ("removed", "228 "),
            ("added", "226 "),
        ]
        with pytest.raises(NotFound) as missing:
            await changes.diff(tx, row.id, artifact["artifact_id"], from_version=1, to_version=7)
        assert missing.value.code == "version_not_found"


async def test_more_checks_than_can_be_compared_are_refused_as_objects_and_as_lines(room: Room) -> None:
    row = await room.run(room.script(finding(GOOD), FINISH))
    checkpoint = await room.waiting(row.id)
    objects = [{"checks": [{"kind": "length", "at_least": n + 1} for n in range(50)]}] * 5
    lines = [{"comment": "\n".join(f"at least {n} words" for n in range(1, 202))}]
    for changes_ in (objects, lines):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            with pytest.raises(InvalidInput) as refused:
                await review.request_changes(
                    tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
                    changes=changes_,
                )  # fmt: skip
        assert refused.value.code == "check_invalid"
    assert (await room.waiting(row.id)).id == checkpoint.id
