"""Long outside drafts: checked by a leg, with progress; and ledgers that are used again only while they stand."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints as checkpoints_of
from proofroom.db import inbox as db_inbox
from proofroom.db import work_sessions
from proofroom.db.models import ArtifactVersion, WorkSession
from proofroom.db.tx import Tx, libpq_url
from proofroom.db.work_sessions import LegLost
from proofroom.engine import leg
from proofroom.services import artifacts, checks, inbox, legs, outside, review, sources, work_requests
from tests.integration.rooms import Room

DRAFT = (
    "# A draft\n\nThe board named a factor of 4.45 in its report. The planned altitude was 226 km. "
    "The planned altitude was 262 km. Its moons are made of cheese."
)


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every draft is a long one, and each claim is told of."""
    monkeypatch.setattr(checks, "CHECKED_AT_ONCE", 0)
    monkeypatch.setattr(outside, "PORTION", 1)
    monkeypatch.setattr(leg, "PROGRESS_SECONDS", 0.0)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The namespaces of the drafts that were compared in full, as it happens."""
    seen: list[str] = []
    check_draft = outside.check_draft

    async def watched(*given: Any, **named: Any) -> list[dict[str, Any]]:
        seen.append(given[3])
        return await check_draft(*given, **named)

    monkeypatch.setattr(outside, "check_draft", watched)
    return seen


async def opened(room: Room, draft: str = DRAFT, source_ids: Sequence[UUID] | None = None) -> WorkSession:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await checks.open_check(
            tx, room.actor, room.parts.catalog, room.project_id, draft=draft, source_ids=source_ids
        )


async def version_of(room: Room, session_id: UUID) -> ArtifactVersion:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((_, version),) = await db_artifacts.current(tx, session_id)
    return version


async def claimed(room: Room, session_id: UUID) -> WorkSession:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await legs.claim(
            tx, session_id, owner="test", lease_seconds=60, definitions=room.parts.catalog.definitions
        )
    assert row is not None
    return row


async def hear_nothing(done: int, total: int, fresh: Sequence[Mapping[str, Any]]) -> None:
    """For those who do not ask how far it is."""


@pytest.mark.usefixtures("long")
async def test_a_long_draft_is_queued_and_its_leg_opens_the_review(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await opened(room)
    assert row.status == "queued"
    stored = await version_of(room, row.id)
    assert (stored.claims, stored.checked_inputs) == ([], None)
    done = await room.drive(row.id)
    assert (done.status, done.phase) == ("pending_review", "waiting for you")
    events = await room.events(row.id)
    told = [e.data for e in events if e.type == "progress"]
    assert [(d["done"], d["total"], d["label"]) for d in told] == [
        (n, 4, "claims compared") for n in (1, 2, 3, 4)
    ]
    assert [c for d in told for c in d["claims"]] == [
        {"n": n, "text": claim["text"], "verdict": claim["verdict"], "needs_you": claim["needs_you"]}
        for n, claim in enumerate((await version_of(room, row.id)).claims, start=1)
    ]
    assert [d["needs_you"] for d in told] == [0, 0, 1, 1]
    assert [e.type for e in events if e.type != "progress"] == [
        "session_created", "queued", "leg_started", "artifact_saved", "checkpoint_opened",
    ]  # fmt: skip
    checkpoint = await room.waiting(row.id)
    assert checkpoint.reasons == ["final"]

    monkeypatch.setattr(checks, "CHECKED_AT_ONCE", 150)
    short = await room.waiting((await opened(room)).id)
    assert checkpoint.packet["artifacts"][0]["claims"] == short.packet["artifacts"][0]["claims"]
    assert checkpoint.packet["summary"] == {"claims": 4, "needs_you": 2, "passed": 2, "opinions": 0}


@pytest.mark.usefixtures("long")
async def test_what_two_sources_disagree_about_is_a_reason_of_the_review(room: Room) -> None:
    await room.add("The planned altitude was 180 km.", "other.md")
    row = await opened(room, "The planned altitude was 226 km.")
    await room.drive(row.id)
    assert (await room.waiting(row.id)).reasons == ["final", "conflict"]


@pytest.mark.usefixtures("long")
async def test_a_cancelled_check_stops_where_it_is(room: Room) -> None:
    row = await claimed(room, (await opened(room)).id)
    heard: list[int] = []
    told = leg._progress(room.parts, row)  # pyright: ignore[reportPrivateUsage]

    async def cancels(done: int, total: int, fresh: Sequence[Mapping[str, Any]]) -> None:
        heard.append(done)
        if done == 2:
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await work_requests.cancel(tx, room.actor, row.id)
        await told(done, total, fresh)

    with pytest.raises(LegLost):
        await checks.check_in_leg(lambda: room.db.transaction(room.actor.workspace_id), row, cancels)
    assert heard == [1, 2]
    assert (await room.row(row.id)).status == "cancelled"
    assert (await version_of(room, row.id)).claims == []


@pytest.mark.usefixtures("long")
async def test_a_leg_that_was_replaced_saves_nothing(room: Room) -> None:
    """It wakes when the other has saved its ledger and opened the review."""
    row = await claimed(room, (await opened(room)).id)

    async def replaced(done: int, total: int, _: Sequence[Mapping[str, Any]]) -> None:
        if done == total:
            async with room.db.transaction(room.actor.workspace_id) as tx:
                await work_sessions.renew_lease(tx, row.id, row.leg, -1)
            await room.drive(row.id)

    with pytest.raises(LegLost):
        await checks.check_in_leg(lambda: room.db.transaction(room.actor.workspace_id), row, replaced)
    after = await room.row(row.id)
    assert (after.status, after.leg) == ("pending_review", 2)
    assert [e.type for e in await room.events(row.id)].count("artifact_saved") == 1


@pytest.mark.usefixtures("long")
async def test_a_leg_that_died_after_saving_is_not_done_again(room: Room, compared: list[str]) -> None:
    row = await claimed(room, (await opened(room)).id)
    await artifacts.check_apart(lambda: room.db.transaction(room.actor.workspace_id), row, hear_nothing)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_sessions.renew_lease(tx, row.id, row.leg, -1)
    assert compared == ["draft"]
    assert (await room.drive(row.id)).status == "pending_review"
    assert compared == ["draft"]
    assert [e.type for e in await room.events(row.id)].count("artifact_saved") == 1
    assert (await version_of(room, row.id)).version == 1


@pytest.mark.usefixtures("long")
async def test_sources_that_change_under_a_check_are_in_its_ledger(room: Room, compared: list[str]) -> None:
    row = await claimed(room, (await opened(room)).id)

    async def adds(done: int, total: int, fresh: Sequence[Mapping[str, Any]]) -> None:
        if done == total and len(compared) == 1:
            await room.add("The planned altitude was 180 km.", "other.md")

    await checks.check_in_leg(lambda: room.db.transaction(room.actor.workspace_id), row, adds)
    assert compared == ["draft", "draft"]
    (claim,) = [
        c
        for c in (await room.waiting(row.id)).packet["artifacts"][0]["claims"]
        if c["text"] == "The planned altitude was 226 km."
    ]
    assert claim["verdict"] == "conflict"


@pytest.mark.usefixtures("long")
async def test_sources_that_never_rest_do_not_hold_up_the_review(room: Room, compared: list[str]) -> None:
    row = await claimed(room, (await opened(room)).id)

    async def adds(done: int, total: int, fresh: Sequence[Mapping[str, Any]]) -> None:
        if done == total:
            await room.add(f"Note {len(compared)} is about something else.", f"{len(compared)}.md")

    await checks.check_in_leg(lambda: room.db.transaction(room.actor.workspace_id), row, adds)
    assert len(compared) == 4  # three times apart, and once for the packet
    assert (await room.row(row.id)).status == "pending_review"
    assert (await version_of(room, row.id)).checked_inputs is not None


async def test_a_source_that_comes_while_a_short_draft_is_compared_is_in_its_ledger(
    room: Room, compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    check_draft = outside.check_draft

    async def late(*given: Any, **named: Any) -> list[dict[str, Any]]:
        claims = await check_draft(*given, **named)
        if len(compared) == 1:
            await room.add("The planned altitude was 180 km.", "other.md")
        return claims

    monkeypatch.setattr(outside, "check_draft", late)
    row = await opened(room, "The planned altitude was 226 km.")
    assert len(compared) == 2
    assert [c["verdict"] for c in (await version_of(room, row.id)).claims] == ["conflict"]


async def signed(room: Room, session_id: UUID) -> review.Outcome:
    """Approves the waiting packet with a reason for each flag."""
    checkpoint = await room.waiting(session_id)
    flagged = [c["id"] for a in checkpoint.packet["artifacts"] for c in a["claims"] if c["needs_you"]]
    return await room.approve(
        session_id, acknowledged=[review.Acknowledgement(claim, "Looked at.") for claim in flagged]
    )


async def test_a_ledger_that_stands_is_signed_and_finished_without_another_check(
    room: Room, compared: list[str]
) -> None:
    row = await opened(room)
    assert compared == ["draft"]
    assert not (await signed(room, row.id)).stale
    assert (await room.drive(row.id)).status == "completed"
    assert compared == ["draft"]


async def test_a_list_shows_of_a_packet_what_the_packet_says_without_reading_it(room: Room) -> None:
    row = await opened(room)
    await opened(room, "The planned altitude was 226 km.")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        listed = await db_inbox.page(tx, db_inbox.Wanted(now=await work_sessions.now(tx)), db_inbox.Order())
        briefly = await inbox.to_json(tx, room.actor, listed)
        whole = [(one, (await checkpoints_of.get(tx, one.id)).packet) for one, _ in listed]
        assert briefly == await inbox.to_json(tx, room.actor, whole)
    assert [len(shown["flags"]) for shown in briefly if shown["session_id"] == str(row.id)] == [2]
    assert len(briefly) == 2
    assert all(claim["needs_you"] for _, brief in listed for a in brief["artifacts"] for claim in a["claims"])


async def test_an_edit_is_compared_and_its_ledger_kept(room: Room, compared: list[str]) -> None:
    row = await opened(room, "The planned altitude was 262 km.")
    checkpoint = await room.waiting(row.id)
    (shown,) = checkpoint.packet["artifacts"]
    edits = [{"artifact_id": shown["artifact_id"], "body": "The planned altitude was 226 km."}]
    assert not (await room.approve(row.id, edits=edits)).stale
    assert (await room.drive(row.id)).status == "completed"
    assert compared == ["draft", "draft"]


QUOTED = "The planned altitude was 226 km."

CHANGES = {
    # what is changed behind the program's back: (statement, whether the packet is then another)
    "a verdict": (
        "UPDATE artifact_versions SET claims = jsonb_set(claims, '{2,verdict}', '\"supported\"')",
        False,
    ),
    "a dropped claim": ("UPDATE artifact_versions SET claims = claims - 2", False),
    "the whole ledger": ("UPDATE artifact_versions SET claims = '[]'", False),
    "an anchor": (
        "UPDATE artifact_versions SET claims = jsonb_set(claims, '{1,anchors,0,char_start}', '0')", False,
    ),
    "no digest": ("UPDATE artifact_versions SET checked_inputs = NULL", False),
    "the document": (
        "UPDATE artifact_versions SET document = replace(document::text, '262', '263')::jsonb", True,
    ),
    "a block's text": ("UPDATE blocks SET text = replace(text, '226', '262')", True),
    "a block's place": ("UPDATE blocks SET char_start = char_start + 1, char_end = char_end + 1", True),
    "a block's terms": ("UPDATE blocks SET terms = terms - 'altitud'", False),
    "a block's state": ("UPDATE blocks SET state = 'rejected'", True),
    "a source's text": ("UPDATE source_versions SET text = replace(text, '226', '262')", False),
    "a source's title": ("UPDATE sources SET title = 'Another'", True),
    "the counts": ("UPDATE baskets SET term_count = term_count + 1", False),
}  # fmt: skip


@pytest.mark.parametrize("what", list(CHANGES))
async def test_whatever_a_ledger_rests_on_is_looked_at_again(
    room: Room, database: str, compared: list[str], what: str
) -> None:
    """The signature is on a ledger that a full check of the moment finds, or on none."""
    row = await opened(room)
    shown = (await room.waiting(row.id)).packet["artifacts"][0]["claims"]
    statement, changes_the_packet = CHANGES[what]
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as owner:
        await owner.execute(statement.encode())
    outcome = await signed(room, row.id)
    assert len(compared) >= 2
    assert outcome.stale == changes_the_packet
    if not changes_the_packet:
        assert outcome.checkpoint.packet["artifacts"][0]["claims"] == shown
        assert (await version_of(room, row.id)).claims == shown


async def test_a_new_source_and_a_retraction_are_compared_with(room: Room, compared: list[str]) -> None:
    row = await opened(room)
    other = await room.add("Nothing of this is in the draft.", "other.md")
    assert not (await signed(room, row.id)).stale
    assert compared == ["draft", "draft"]

    row = await opened(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.retract(tx, other, reason="withdrawn")
    assert not (await signed(room, row.id)).stale
    assert compared == ["draft"] * 4

    row = await opened(room)
    first = (await room.waiting(row.id)).packet["artifacts"][0]["claims"][1]["anchors"][0]["source_id"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.retract(tx, UUID(first), reason="wrong")
    outcome = await signed(room, row.id)
    assert outcome.stale
    assert {c["verdict"] for c in outcome.checkpoint.packet["artifacts"][0]["claims"]} == {"uncited"}


async def test_other_versions_of_the_checks_do_not_trust_each_other(
    room: Room, compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await opened(room)
    monkeypatch.setattr("proofroom.services.ledgers.program", lambda: "another")
    assert not (await signed(room, row.id)).stale
    assert compared == ["draft", "draft"]


async def test_an_anchor_that_names_another_block_does_not_stand(room: Room) -> None:
    from proofroom.services.ledgers import anchors_stand

    await room.add("Another source, with words of its own.", "other.md")
    row = await opened(room)
    version = await version_of(room, row.id)
    (claim,) = [c for c in version.claims if c["text"] == QUOTED]
    (anchor,) = claim["anchors"]

    async def stands(tx: Tx, **changes: Any) -> bool:
        return await anchors_stand(tx, [{"anchors": [anchor | changes]}])

    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await stands(tx)
        assert not await stands(tx, quote="The planned altitude was 262 km.")
        assert not await stands(tx, char_end=anchor["char_end"] + 1)
        assert not await stands(tx, char_start=0)
        assert not await stands(tx, version=2)
        assert not await stands(tx, source_id=str(row.id))
        assert not await stands(tx, block_id=str(row.id))
