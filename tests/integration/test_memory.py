"""Memory: from a signature to the next piece of work, through people's decisions, and back when sources go."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from proofroom.db import embeddings, projects, work_sessions
from proofroom.db import envelopes as db_envelopes
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.checkpoint import Acknowledgement, AcknowledgementKind
from proofroom.domain.document import from_json
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, ProofroomError
from proofroom.domain.memory import Kind, State
from proofroom.services import context, evidence, memory, packets, review, sources, work_requests
from proofroom.services import projects as project_services
from proofroom.services.access import Actor
from proofroom.services.memory import Scope
from proofroom.substrate.search import search
from tests.integration.conftest import make_project, make_workspace
from tests.integration.people import join
from tests.integration.rooms import FINISH, Room

SAID = "A factor of 4.45 was named in November 1999."
QUOTED = "The board named a factor of 4.45 in its report of November 1999."
OURS = "[[{{ b:was named in November }}|A factor of 4.45 was named in November 1999.]]"


def finding(markdown: str) -> dict[str, Any]:
    return {
        "artifact": {"slot": "note", "type": "research_finding", "title": "The factor", "markdown": markdown}
    }


FIRST = finding(f"{SAID} [[{{{{ b:factor of 4.45 }}}}|{QUOTED}]]\n\n> [!opinion] It matters.")
SECOND = finding(f"A factor of 4.45 was named in 1999. {OURS}")


async def completed(room: Room, *steps: Mapping[str, Any]) -> WorkSession:
    """A session that was signed and finished."""
    row = await room.run(room.script(*(steps or (FIRST,)), FINISH))
    assert row.status == "pending_review", row.failure
    await room.approve(row.id)
    return await room.drive(row.id)


async def items(room: Room, **given: Any) -> list[dict[str, Any]]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await memory.page(tx, room.project_id, **given)


async def decide(room: Room, memory_id: str, decision: str, reason: str | None = None, **more: Any) -> Any:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        actor = more.pop("actor", room.actor)
        wanted = [{"id": memory_id, "decision": decision, "reason": reason, **more}]
        return (await memory.decide_all(tx, actor, room.project_id, wanted))[0]


async def note(room: Room, said: str, actor: Actor | None = None, **more: Any) -> dict[str, Any]:
    scope = more.pop("scope", Scope(room.project_id, None))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await memory.add(
            tx, actor or room.actor, room.parts.catalog, room.project_id,
            kind=more.pop("kind", "instruction"), text=said, scope=scope, **more,
        )  # fmt: skip


async def found(room: Room, query: str = "factor named in November") -> list[str]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await counts_are_true(tx, room.project_id)
        return [h.block.text for h in await search(tx, room.project_id, query)]


async def counts_are_true(tx: Tx, project_id: UUID) -> None:
    """The figures that BM25 takes are those of the blocks that can be found."""
    live = "b.project_id = :p AND b.length > 0 AND b.state IN ('accepted', 'locked')"
    terms = await tx.execute(
        text(
            f"SELECT k, count(*)::int FROM blocks b, LATERAL jsonb_object_keys(b.terms) k WHERE {live} GROUP BY k"
        ),
        {"p": project_id},
    )
    kept = await tx.execute(
        text("SELECT term, blocks FROM term_frequencies WHERE project_id = :p AND blocks <> 0"),
        {"p": project_id},
    )
    assert dict(kept.tuples().all()) == dict(terms.tuples().all())
    totals = await tx.execute(
        text(f"SELECT count(*), coalesce(sum(b.length), 0) FROM blocks b WHERE {live}"), {"p": project_id}
    )
    basket = await tx.execute(
        text("SELECT block_count, term_count FROM baskets WHERE project_id = :p"), {"p": project_id}
    )
    assert basket.one() == totals.one()


async def envelope(room: Room, session_id: UUID) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        pinned = await db_envelopes.of_iteration(tx, session_id, 1)
        assert pinned is not None
        return await context.envelope_json(tx, pinned.id)


async def claims_now(room: Room, session_id: UUID) -> list[dict[str, Any]]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        packet = await packets.preview(tx, await work_sessions.get(tx, session_id))
        return [c for a in packet["artifacts"] for c in a["claims"]]


async def test_the_whole_life_of_approved_work(room: Room) -> None:
    (original,) = await source_ids(room)
    first = await completed(room)
    assert (first.status, (await room.events(first.id))[-1].data["proposed"]) == (
        "completed", {"blocks": 1, "lessons": 0},
    )  # fmt: skip

    # Proposed: with where it comes from, and found by nobody.
    (item,) = await items(room)
    assert (item["kind"], item["state"], item["text"]) == ("block", "proposed", SAID)
    assert item["origin"]["session_id"] == str(first.id)
    (anchor,) = item["anchors"]
    assert (anchor["source_id"], anchor["version"], anchor["quote"]) == (str(original), 1, QUOTED)
    assert anchor["block_id"]
    assert [c["verdict"] for c in item["claims"]] == ["supported"]
    assert SAID not in await found(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        content = await sources.content(tx, UUID(item["source_id"]))
        whole = await sources.get(tx, UUID(item["source_id"]))
    assert content["text"][item["char_start"] : item["char_end"]] == SAID
    assert "It matters." in content["text"]
    assert (whole.origin, whole.title, whole.session_id) == ("artifact", "Approved: The factor", first.id)
    untouched = await room.run(room.script(FIRST, FINISH))
    assert SAID not in (await envelope(room, untouched.id))["body"]

    # Accepted: found, in the next envelope with its origin, and evidence with a chain to the original.
    accepted = await decide(room, item["id"], "accept")
    assert (accepted["state"], accepted["decided_by"]["name"]) == ("accepted", "Reviewer")
    assert UUID(item["id"]) in await to_be_embedded(room)
    assert SAID in await found(room)
    second = await room.run(room.script(SECOND, FINISH))
    given = await envelope(room, second.id)
    assert [b["source_title"] for b in given["receipt"]["included"] if b["text"] == SAID] == [
        "Approved: The factor"
    ]
    (claim,) = await claims_now(room, second.id)
    assert (claim["verdict"], claim["anchors"][0]["block_id"]) == ("supported", item["id"])
    (step,) = claim["approved_work"]
    assert (step["session_id"], step["anchors"][0]["source_id"]) == (str(first.id), str(original))

    # What a session said is no evidence for it, nor for what is forked from it.
    async with room.db.transaction(room.actor.workspace_id) as tx:
        fork = await work_requests.fork(tx, room.actor, room.parts.catalog, first.id, auto_execute=True)
    fork_row = await room.drive(fork.id)
    assert fork_row.status == "pending_review", fork_row.failure
    assert SAID not in (await envelope(room, fork.id))["body"]

    # The original is retracted: flagged, listed, no longer found, no longer evidence.
    async with room.db.transaction(room.actor.workspace_id) as tx:
        rests = await sources.retract(tx, original, reason="It was a draft.")
    assert [(m["id"], m["state"]) for m in rests.memory] == [(item["id"], "proposed")]
    (flagged,) = await items(room, state=State.PROPOSED)
    assert flagged["rests_on_retracted"]
    assert [(q["why"], q["reason"]) for q in flagged["in_question"]] == [("retracted", "It was a draft.")]
    assert "It was a draft." in flagged["reason"]
    assert SAID not in await found(room)
    assert UUID(item["id"]) not in await to_be_embedded(room)
    assert [c["verdict"] for c in await claims_now(room, second.id)] == ["unsupported"]

    # Somebody decides again, and says why.
    with pytest.raises(InvalidInput) as refused:
        await decide(room, item["id"], "accept")
    assert refused.value.code == "reason_required"
    await decide(room, item["id"], "accept", "The final report says the same.")
    assert SAID in await found(room)
    assert [c["verdict"] for c in await claims_now(room, second.id)] == ["supported"]

    # The approved work itself is retracted.
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.retract(tx, UUID(item["source_id"]), reason="Wrong.")
    assert SAID not in await found(room)
    assert [(i["state"], i["reason"]) for i in await items(room)] == [
        ("rejected", "“Approved: The factor” was retracted: Wrong.")
    ]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        told = (await memory.get(tx, room.project_id, UUID(item["id"])))["decisions"]
    assert [(d["action"], d["to_state"]) for d in told] == [
        ("propose", "proposed"), ("accept", "accepted"), ("flag", "proposed"), ("accept", "accepted"),
        ("retract", "rejected"),
    ]  # fmt: skip


async def to_be_embedded(room: Room) -> set[UUID]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return {
            row[0] for row in await embeddings.claim(tx, room.project_id, "a model", after=None, limit=100)
        }


async def source_ids(room: Room) -> list[UUID]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return [s.id for s in await sources.page(tx, room.project_id)]


async def test_work_on_approved_work_falls_with_it(room: Room) -> None:
    """Three steps: a new version of the original puts in question all that rests on it, also through others."""
    (original,) = await source_ids(room)
    await completed(room)
    (one,) = await items(room)
    await decide(room, one["id"], "accept")
    await completed(room, SECOND)
    (two,) = await items(room, state=State.PROPOSED)
    await decide(room, two["id"], "accept")
    third = await room.run(
        room.script(
            finding("It was 1999. [[{{ b:was named in 1999 }}|A factor of 4.45 was named in 1999.]]"), FINISH
        )
    )
    (claim,) = await claims_now(room, third.id)
    assert [s["block_id"] for s in claim["approved_work"]] == [two["id"], one["id"]]
    assert claim["approved_work"][-1]["anchors"][0]["source_id"] == str(original)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.put_content(tx, original, data=b"# Notes\n\nThe board named a factor of 4.5.\n")
    await sources.capture_now(room.db, room.actor.workspace_id, original)
    assert {i["id"]: [q["why"] for q in i["in_question"]] for i in await items(room, state=State.PROPOSED)} == {
        one["id"]: ["replaced"], two["id"]: ["not_accepted"],
    }  # fmt: skip
    assert await found(room) == ["The board named a factor of 4.5."]
    with pytest.raises(Conflict) as refused:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await sources.put_content(tx, UUID(one["source_id"]), data=b"Other words.")
    assert refused.value.code == "source_is_approved_work"


async def test_one_of_many_decisions_wins(room: Room) -> None:
    await completed(room)
    (item,) = await items(room)
    other = await join(room, "Other")

    async def one(n: int) -> str:
        try:
            await decide(
                room,
                item["id"],
                "accept" if n % 2 else "reject",
                "Said so.",
                actor=other if n % 3 else room.actor,
            )
        except Conflict as lost:
            return lost.code
        return "won"

    outcomes = await asyncio.gather(*(one(n) for n in range(8)))
    assert sorted(outcomes) == ["already_decided"] * 7 + ["won"]
    state = (await items(room))[0]["state"]
    assert (SAID in await found(room)) is (state == "accepted")
    if state == "accepted":
        await decide(room, item["id"], "retire", "No longer.")
    assert SAID not in await found(room)
    assert (await items(room))[0]["state"] in ("rejected", "retired")


async def test_all_decisions_or_none(room: Room) -> None:
    await completed(room)
    (item,) = await items(room)
    held = await note(room, "Use British spelling.")
    wanted: list[tuple[Sequence[Mapping[str, Any]], str]] = [
        (
            [{"id": item["id"], "decision": "accept"}, {"id": held["id"], "decision": "accept"}],
            "already_decided",
        ),
        (
            [{"id": item["id"], "decision": "accept"}, {"id": room.project_id, "decision": "accept"}],
            "memory_not_found",
        ),
        ([{"id": item["id"], "decision": "accept"}] * 2, "decisions_invalid"),
        ([{"id": item["id"], "decision": "accept", "version": 7}], "memory_changed"),
        ([{"id": item["id"], "decision": "retire", "reason": "x"}], "memory_not_accepted"),
        ([{"id": item["id"], "decision": "reject"}], "reason_required"),
        ([{"id": held["id"], "decision": "retire", "reason": "x", "version": 9}], "memory_changed"),
    ]
    for decisions, code in wanted:
        with pytest.raises(ProofroomError) as refused:
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await memory.decide_all(tx, room.actor, room.project_id, decisions)
        assert refused.value.code == code
    assert [i["state"] for i in await items(room)] == ["proposed", "accepted"]


async def test_completion_and_proposals_happen_together_and_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await room.run(room.script(FIRST, FINISH))
    await room.approve(row.id)
    with monkeypatch.context() as broken:
        real = work_sessions.move

        async def move(tx: Tx, row: WorkSession, to: Any, *rest: Any, **more: Any) -> WorkSession:
            if more.get("phase") == "completed":
                raise RuntimeError("the worker dies here")
            return await real(tx, row, to, *rest, **more)

        broken.setattr(work_sessions, "move", move)
        assert (await room.drive(row.id)).status == "failed"
    assert await items(room) == []
    assert len(await source_ids(room)) == 1
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.retry(tx, room.actor, row.id)
    rows = await asyncio.gather(room.drive(row.id), room.drive(row.id))
    assert [r.status for r in rows] == ["completed"] * 2
    assert len(await items(room)) == 1
    assert len(await source_ids(room)) == 2


async def test_a_project_may_keep_nothing(room: Room) -> None:
    requester = await join(room, "Requester", "requester")
    with pytest.raises(NotAllowed):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await project_services.change(tx, requester, room.project_id, remember_approved=False)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await project_services.change(tx, room.actor, room.project_id, remember_approved=False)
    assert (await completed(room)).status == "completed"
    assert await items(room) == []


async def test_a_citation_of_what_nobody_accepted_is_one_of_nothing(room: Room) -> None:
    """A document may name any block: a proposal bears nothing, and neither does a session's own accepted passage."""
    first = await completed(room)
    (item,) = await items(room)
    body = {
        "version": 1, "title": "Made up",
        "refs": {"b1": {"source_id": item["source_id"], "version": 1, "block_id": item["id"]}},
        "blocks": [{"type": "paragraph", "text": f"{SAID} [[b1|{SAID}]]"}],
    }  # fmt: skip
    other = await room.run(room.script(FIRST, FINISH))

    async def verdict() -> str:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            row = await work_sessions.get(tx, other.id)
            (claim,) = await evidence.check(tx, row, from_json(body), namespace="note")
        return claim["verdict"]

    assert await verdict() == "unsupported"
    await decide(room, item["id"], "accept")
    assert await verdict() == "supported"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE work_sessions SET forked_from = :first WHERE id = :id"),
            {"first": first.id, "id": other.id},
        )
    assert await verdict() == "unsupported"


async def test_what_reviewers_ask_for_is_proposed_as_a_lesson_once(room: Room) -> None:
    async def sent_back(comment: str) -> None:
        row = await room.run(room.script(iterations={n: [FIRST, FINISH] for n in (1, 2)}))
        checkpoint = await room.waiting(row.id)
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await review.request_changes(
                tx, room.actor, row.id, checkpoint.id, packet_digest=checkpoint.packet_digest,
                changes=[{"comment": comment}],
            )  # fmt: skip
        assert (await room.drive(row.id)).status == "pending_review"
        assert await items(room, kind=Kind.LESSON, state=State.PROPOSED) == before
        checkpoint = await room.waiting(row.id)
        met = [{"obligation_id": o["id"], "state": "met"} for o in checkpoint.packet["obligations"]]
        await room.approve(row.id, judged=met)
        assert (await room.drive(row.id)).status == "completed"

    before: list[dict[str, Any]] = []
    await sent_back("Name the unit of \u202eevery figure in the report.")
    (lesson,) = before = await items(room, kind=Kind.LESSON)
    assert (lesson["text"], lesson["state"]) == ("Name the unit of every figure in the report.", "proposed")
    assert lesson["scope"] == {"project_id": str(room.project_id), "agent_type": "research"}
    assert lesson["origin"]["from"] == "change_request"
    await sent_back("Name the unit of every figure in the Report!")
    assert await items(room, kind=Kind.LESSON) == before

    # It is a proposal until a person says otherwise, and then stands in the next envelope before the sources.
    row = await room.run(room.script(FIRST, FINISH))
    assert "Name the unit" not in (await envelope(room, row.id))["body"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await memory.edit(
            tx, room.actor, room.parts.catalog, room.project_id, UUID(lesson["id"]), {"text": "Name every unit."},
            version=1,
        )  # fmt: skip
    await decide(room, lesson["id"], "accept")
    row = await room.run(room.script(FIRST, FINISH))
    body = (await envelope(room, row.id))["body"]
    assert body.index("Name every unit.") < body.index("## Passages")


async def test_a_check_that_was_wrong_is_a_lesson_too(room: Room) -> None:
    row = await room.run(
        room.script(
            finding(
                "The board named a factor of 4.54. [[{{ b:factor of 4.45 }}|The board named a factor of 4.45]]"
            ),
            FINISH,
        )
    )
    (claim,) = await claims_now(room, row.id)
    wrong = Acknowledgement(claim["id"], "4.54 is the corrected figure.", AcknowledgementKind.CHECK_WAS_WRONG)
    await room.approve(row.id, acknowledged=[wrong])
    assert (await room.drive(row.id)).status == "completed"
    block, lesson = await items(room)
    assert [c["needs_you"] for c in block["claims"]] == [True]
    assert (lesson["origin"]["from"], lesson["origin"]["claim"]) == ("check_was_wrong", claim["text"])
    assert lesson["text"].endswith("was wrong: 4.54 is the corrected figure.")


async def test_instructions_hold_where_and_while_they_are_meant_to(room: Room) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    mine = await note(room, "Use British\u202e spelling.\x07")
    await note(room, "Everywhere.", scope=Scope(None, None))
    await note(room, "Only for reports.", scope=Scope(room.project_id, "reporting"))
    over = await note(room, "For this hour.", expires_at=soon)
    lesson = await note(room, "A lesson.", kind="lesson")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE memory_notes SET expires_at = now() - interval '1 second' WHERE id = :id"),
            {"id": over["id"]},
        )
    assert mine["text"] == "Use British spelling."
    row = await room.run(room.script(FIRST, FINISH))
    given = await envelope(room, row.id)
    assert [(n["kind"], n["text"]) for n in given["receipt"]["notes"]] == [
        ("instruction", "Use British spelling."), ("instruction", "Everywhere."), ("lesson", "A lesson."),
    ]  # fmt: skip
    assert given["receipt"]["notes_left_out"] == []
    assert {i["text"]: i["state"] for i in await items(room)}["For this hour."] == "expired"
    assert [i["id"] for i in await items(room, state=State.EXPIRED)] == [over["id"]]
    with pytest.raises(Conflict) as late:
        await decide(room, over["id"], "accept")
    assert late.value.code == "memory_expired"

    # What was sent stays as it was sent.
    await decide(room, lesson["id"], "retire", "Learnt.")
    assert (await envelope(room, row.id))["receipt"]["notes"] == given["receipt"]["notes"]
    row = await room.run(room.script(FIRST, FINISH))
    assert "A lesson." not in (await envelope(room, row.id))["body"]

    # Another project has what holds everywhere, another workspace has nothing.
    elsewhere = await make_project(room.db, room.actor.workspace_id, "Elsewhere")
    stranger, _ = await make_workspace(room.db, "Theirs")
    theirs = await make_project(room.db, stranger, "Theirs")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert [i["text"] for i in await memory.page(tx, elsewhere)] == ["Everywhere."]
        with pytest.raises(NotFound):
            await memory.get(tx, elsewhere, UUID(mine["id"]))
    async with room.db.transaction(stranger) as tx:
        assert await memory.page(tx, theirs) == []
        with pytest.raises(NotFound):
            await memory.page(tx, room.project_id)


async def test_notes_have_a_budget_of_their_own(room: Room) -> None:
    for n in range(6):
        await note(room, f"{n} " + "x" * 1_990, kind="lesson" if n else "instruction")
    row = await room.run(room.script(FIRST, FINISH))
    receipt = (await envelope(room, row.id))["receipt"]
    assert [n["text"][0] for n in receipt["notes"]] == ["0", "3", "4", "5"]
    assert [(o["kind"], o["why"]) for o in receipt["notes_left_out"]] == [
        ("lesson", "no room left in 2,000 tokens for notes")
    ] * 2


async def test_who_may_say_what(room: Room) -> None:
    reviewer, requester = await join(room, "Rita"), await join(room, "Quentin", "requester")
    everywhere = await note(room, "Everywhere.", scope=Scope(None, None))
    mine = await note(room, "Here.", actor=reviewer)
    with pytest.raises(NotAllowed):
        await note(room, "No.", actor=requester)
    with pytest.raises(NotAllowed):
        await note(room, "No.", actor=reviewer, scope=Scope(None, None))
    with pytest.raises(NotAllowed):
        await decide(room, everywhere["id"], "retire", "No.", actor=reviewer)
    with pytest.raises(NotAllowed):
        await decide(room, mine["id"], "retire", "No.", actor=requester)

    async def edit(
        actor: Actor, memory_id: str, changes: Mapping[str, Any], version: int | None = None
    ) -> Any:
        async with room.db.transaction(room.actor.workspace_id) as tx:
            return await memory.edit(
                tx, actor, room.parts.catalog, room.project_id, UUID(memory_id), changes, version=version
            )

    for actor, memory_id, changes in (
        (requester, mine["id"], {"text": "x"}),
        (reviewer, everywhere["id"], {"text": "x"}),
        (reviewer, mine["id"], {"scope": Scope(None, None)}),
    ):
        with pytest.raises(NotAllowed):
            await edit(actor, memory_id, changes)
    past = datetime.now(UTC) - timedelta(hours=1)
    for changes, code in (
        ({"text": " \u200b "}, "note_empty"), ({"text": "x" * 2_001}, "note_too_long"),
        ({"expires_at": past}, "expires_in_past"), ({"scope": Scope(room.actor.member_id, None)}, "scope_invalid"),
        ({"scope": Scope(room.project_id, "poet")}, "unknown_agent"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            await edit(room.actor, mine["id"], changes)
        assert refused.value.code == code
    assert (await edit(reviewer, mine["id"], {"text": "There."}, 1))["version"] == 2
    with pytest.raises(Conflict) as changed:
        await edit(reviewer, mine["id"], {"text": "Nowhere."}, 1)
    assert changed.value.code == "memory_changed"
    await decide(room, mine["id"], "retire", "Over.", actor=reviewer)
    with pytest.raises(Conflict) as gone:
        await edit(reviewer, mine["id"], {"text": "Nowhere."})
    assert gone.value.code == "already_decided"
    await completed(room)
    block = (await items(room, kind=Kind.BLOCK))[0]
    with pytest.raises(Conflict) as signed:
        await edit(reviewer, block["id"], {"text": "Other words."})
    assert signed.value.code == "memory_not_editable"


@pytest.mark.parametrize(
    "change", ["UPDATE memory_decisions SET reason = 'other'", "DELETE FROM memory_decisions"]
)
async def test_what_was_decided_cannot_be_written_anew(room: Room, change: str) -> None:
    await note(room, "Here.")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await tx.execute(text(change))


async def test_projects_need_not_know_each_other(room: Room) -> None:
    await completed(room)
    (item,) = await items(room)
    other = await make_project(room.db, room.actor.workspace_id, "Other")
    with pytest.raises(NotFound):
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await memory.decide_all(tx, room.actor, other, [{"id": item["id"], "decision": "accept"}])
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await memory.page(tx, other) == []
        assert (await projects.get(tx, other)).remember_approved


async def the_bearing_sources_are_those_with_accepted_passages(room: Room) -> set[bool]:
    """What `bears` says of approved work, after comparing it with the passages themselves."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        rows = await tx.execute(
            text(
                "SELECT s.id, s.origin, s.bears, EXISTS (SELECT FROM blocks b WHERE b.source_id = s.id"
                " AND b.state IN ('accepted', 'locked')) FROM sources s"
            )
        )
        found = [tuple(row) for row in rows]
    for _, origin, bears, accepted in found:
        assert bears == (accepted if origin == "artifact" else True)
    return {bears for _, origin, bears, _ in found if origin == "artifact"}


async def test_approved_work_bears_once_a_passage_was_accepted_and_until_none_is(room: Room) -> None:
    await completed(room)
    assert await the_bearing_sources_are_those_with_accepted_passages(room) == {False}
    (item, *_) = await items(room)
    for decision, bears in (("accept", True), ("retire", False)):
        await decide(room, item["id"], decision, "Because.")
        assert await the_bearing_sources_are_those_with_accepted_passages(room) == {bears}


async def test_whatever_is_decided_and_whatever_goes_the_figures_hold(room: Room) -> None:
    """Random decisions, retractions and new versions: what is found is what was accepted, and what is in question
    was accepted for a reason since."""
    chance = random.Random(3)
    (notes,) = await source_ids(room)
    await room.add("# Log\n\nThe craft came within 57 km of the surface.\n", "log.md")
    await completed(room)
    for markdown in (
        "It came within 57 km. [[{{ b:came within 57 km }}|The craft came within 57 km of the surface.]]",
        f"The planned altitude was 226 km. [[{{{{ b:planned altitude }}}}|The planned altitude was 226 km.]]\n\n"
        f"{SAID} [[{{{{ b:factor of 4.45 }}}}|{QUOTED}]]",
    ):
        await completed(room, finding(markdown))
    for item in (await items(room))[:2]:
        await decide(room, item["id"], "accept")
    await completed(room, SECOND)
    versions = 1
    for _ in range(24):
        known = await items(room)
        captured = [s for s in await source_ids(room) if str(s) not in {i["source_id"] for i in known}]
        action = chance.choice(["decide"] * 8 + ["replace", "retract"])
        try:
            if action == "decide":
                item = chance.choice(known)
                await decide(
                    room, item["id"], chance.choice(["accept", "accept", "reject", "retire"]),
                    chance.choice([None, "Because."]),
                )  # fmt: skip
            elif action == "replace":
                versions += 1
                async with room.db.transaction(room.actor.workspace_id) as tx:
                    await sources.put_content(
                        tx, notes, data=f"# Notes\n\nVersion {versions} of 4.45.\n".encode()
                    )
                await sources.capture_now(room.db, room.actor.workspace_id, notes)
            else:
                async with room.db.transaction(room.actor.workspace_id) as tx:
                    await sources.retract(tx, chance.choice(captured), reason="Gone.")
        except (Conflict, InvalidInput):
            pass
        await the_bearing_sources_are_those_with_accepted_passages(room)
        hits = await found(room, "factor named altitude came within 57 km surface")
        now = await items(room)
        assert {i["text"] for i in now if i["state"] == "accepted"} <= set(hits)
        for item in now:
            if item["state"] == "accepted" and item["rests_on_retracted"]:
                assert item["reason"] == "Because."
