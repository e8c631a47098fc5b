"""Deleting a source for good: nobody finds its words anywhere, and everything else stands and says why."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest

from proofroom.db import memory as db_memory
from proofroom.db import work_sessions
from proofroom.db.tx import libpq_url
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from proofroom.engine import leg
from proofroom.exports import deliverable, record_file
from proofroom.services import context, deletion, memory, review, sources
from proofroom.services.access import Actor
from proofroom.substrate.search import search
from tests.integration.conftest import make_workspace
from tests.integration.people import join
from tests.integration.rooms import FINDING, FINISH, PLAN, Room
from tests.integration.test_memory import counts_are_true

SECRET = "Ottilie Brandauer of Quellengasse owes the bank exactly 48,213 florins."
PLANTED = ("brandauer", "quellengass", "ottili", "48,213", "florin", "confidential ledger", "ledger-1871.md")
LEDGER = (
    f"# The confidential ledger\n\n{SECRET}\n\nThe clerk noted on Tuesday that she had asked for a delay.\n"
)
CITED = (
    f"{SECRET} [[{{{{ b:Brandauer }}}}|{SECRET}]] The board named a factor of 4.45."
    " [[{{ b:factor of 4.45 }}|The board named a factor of 4.45]]"
)


def artifact(markdown: str, slot: str = "note") -> dict[str, Any]:
    return {
        "artifact": {"slot": slot, "type": "research_finding", "title": "What is owed", "markdown": markdown}
    }


STEPS = ({"search": {"query": "Brandauer Quellengasse"}}, artifact(CITED))


async def ledger(room: Room) -> UUID:
    return await room.add(LEDGER, "ledger-1871.md")


async def delete(
    room: Room, source_id: UUID, reason: str = "The person asked for it.", **more: Any
) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await deletion.delete(tx, more.get("actor", room.actor), source_id, reason=reason)


def held(database: str, *words: str) -> list[str]:
    """Every table and column of the database in which one of the words stands, whatever its type."""
    found: list[str] = []
    with psycopg.connect(libpq_url(database)) as connection:
        columns = connection.execute(
            "SELECT c.table_schema, c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(columns) > 200
        for schema, table, column, kind in columns:
            value = (
                f"convert_from({column}, 'UTF8')"
                if kind == "bytea" and column == "original"
                else f'"{column}"::text'
            )
            for word in words:
                n = connection.execute(
                    f'SELECT count(*) FROM {schema}."{table}" WHERE {value} ILIKE %s'.encode(),
                    (f"%{word}%",),
                ).fetchone()
                if n is not None and n[0]:
                    found.append(f"{table}.{column}: {word}")
    return found


async def record(room: Room, session_id: UUID) -> bytes:
    row = await room.row(session_id)
    async with room.db.transaction(room.actor.workspace_id, snapshot=True) as tx:
        return (await deliverable.export(tx, row, "record"))[2]


async def test_nothing_holds_the_words_of_a_deleted_source(room: Room, database: str) -> None:
    source_id = await ledger(room)
    row = await room.run(room.script(*STEPS, FINISH))
    assert row.status == "pending_review", row.failure
    await room.approve(row.id, feedback=f"I know: {SECRET}")
    row = await room.drive(row.id)
    assert row.status == "completed", row.failure
    waiting = await room.run(room.script(*STEPS, FINISH), title=SECRET)
    assert held(database, *PLANTED)
    old_packet = await room.waiting(waiting.id)
    before = await record(room, row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        goes = await deletion.preview(tx, source_id)
    assert held(database, "brandauer"), "a preview changes nothing"

    done = await delete(room, source_id)
    assert done["deleted"] == goes
    assert done["deleted"]["versions"] == 1
    assert done["deleted"]["sessions"] == 2
    assert held(database, *PLANTED) == []

    async with room.db.transaction(room.actor.workspace_id) as tx:
        await counts_are_true(tx, room.project_id)
        assert await search(tx, room.project_id, "Brandauer florins") == []
        with pytest.raises(Conflict, match="The person asked for it") as gone:
            await context.rebuilt_json(tx, await context.envelope_of(tx, row))
        with pytest.raises(NotFound) as missing:
            await sources.get(tx, source_id)
        row = await work_sessions.get(tx, row.id)
        text = (await deliverable.export(tx, row, "md"))[2].decode()
    assert (gone.value.code, missing.value.code) == ("redacted", "source_deleted")
    assert "deleted with its source" in text
    assert "4.45" in text
    assert (await room.events(row.id))[-1].type == "source_deleted"

    old, new = record_file.check(before), record_file.check(await record(room, row.id))
    assert (old.why, old.redacted) == (None, 0)
    assert new.why is None
    assert new.redacted > 0
    assert new.count == old.count + 1
    # The review that waited shows a new packet; the old one signs nothing.
    open_one = await room.waiting(waiting.id)
    shown = open_one.packet["artifacts"][0]
    assert any("deleted" in claim["text"] for claim in shown["claims"])
    assert open_one.packet_digest != old_packet.packet_digest
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict) as stale:
            await review.approve(
                tx, room.actor, waiting.id, old_packet.id, packet_digest=old_packet.packet_digest
            )
    assert stale.value.code == "stale_packet"


async def test_other_sources_and_their_sessions_stay_as_they_are(room: Room) -> None:
    quiet = await room.run(room.script(FINDING, FINISH))
    await room.approve(quiet.id)
    quiet = await room.drive(quiet.id)
    before = await record(room, quiet.id)
    source_id = await ledger(room)
    row = await room.run(room.script(*STEPS, FINISH))
    await delete(room, source_id)
    assert (await room.row(row.id)).status == "pending_review"
    assert (await room.row(quiet.id)).audit_head == quiet.audit_head
    assert record_file.check(await record(room, quiet.id)).redacted == record_file.check(before).redacted == 0
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert (await context.rebuilt_json(tx, await context.envelope_of(tx, quiet)))["identical"]
        assert await search(tx, room.project_id, "factor of 4.45")


async def test_only_an_admin_deletes_and_only_with_a_reason(room: Room) -> None:
    source_id = await ledger(room)
    for role in ("viewer", "requester", "reviewer"):
        with pytest.raises(NotAllowed):
            await delete(room, source_id, actor=await join(room, f"A {role}", role))
    with pytest.raises(InvalidInput) as unreasoned:
        await delete(room, source_id, "  ")
    assert unreasoned.value.code == "reason_missing"
    stranger = Actor(*await make_workspace(room.db, "Other"), "Stranger", "admin")
    with pytest.raises(NotFound) as unseen:
        async with room.db.transaction(stranger.workspace_id) as tx:
            await deletion.delete(tx, stranger, source_id, reason="Mine.")
    assert unseen.value.code == "source_not_found"
    assert (await room.add(LEDGER, "ledger-1871.md")) == source_id


async def test_of_two_deletions_at_once_one_wins_and_the_bytes_may_come_again(room: Room) -> None:
    source_id = await ledger(room)
    both = await asyncio.gather(delete(room, source_id), delete(room, source_id), return_exceptions=True)
    lost = [one for one in both if isinstance(one, BaseException)]
    assert [getattr(one, "code", one) for one in lost] == ["source_deleted"]
    again = await ledger(room)
    assert again != source_id
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await counts_are_true(tx, room.project_id)
        assert await search(tx, room.project_id, "Brandauer")


async def test_a_capture_that_runs_brings_nothing_back(
    room: Room, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, go = asyncio.Event(), asyncio.Event()
    parse = sources.capture.parse_isolated

    async def slow(*args: Any, **more: Any) -> Any:
        extracted = await parse(*args, **more)
        parsed.set()
        await go.wait()
        return extracted

    monkeypatch.setattr(sources.capture, "parse_isolated", slow)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        source = await sources.add_source(
            tx, room.project_id, data=LEDGER.encode(), filename="ledger-1871.md"
        )
    running = asyncio.create_task(sources.capture_source(room.db, room.actor.workspace_id, source.id, 1))
    await parsed.wait()
    await delete(room, source.id)
    go.set()
    await running
    assert held(database, *PLANTED) == []


async def test_a_leg_that_runs_is_stopped_and_writes_nothing_more(room: Room, database: str) -> None:
    source_id = await ledger(room)
    flag = room.folder / "go"
    session_id = await room.file(
        room.script({"search": {"query": "Brandauer"}}, {"wait_for_file": str(flag)}, artifact(CITED), FINISH)
    )
    running = asyncio.create_task(leg.run_leg(room.parts, room.actor.workspace_id, session_id))
    while not any(e.type == "tool_called" for e in await room.events(session_id)):
        await asyncio.sleep(0)
    await delete(room, source_id)
    flag.touch()
    await running
    row = await room.row(session_id)
    assert row.failure is not None
    assert (row.status, row.failure["code"], row.failure["retryable"]) == ("failed", "source_deleted", False)
    assert held(database, *PLANTED) == []


async def test_work_that_waits_for_its_next_leg_stops_visibly(room: Room) -> None:
    source_id = await ledger(room)
    row = await room.run(room.script(PLAN, *STEPS, FINISH), "checkpoint_required")
    assert row.status == "pending_review"
    await room.approve(row.id)
    assert (await room.row(row.id)).status == "queued"
    await delete(room, source_id)
    row = await room.drive(row.id)
    assert row.failure is not None
    assert (row.status, row.failure["code"]) == ("failed", "source_deleted")


async def test_a_deletion_that_dies_in_the_middle_has_done_nothing(
    room: Room, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_id = await ledger(room)
    row = await room.run(room.script(*STEPS, FINISH))
    before = held(database, *PLANTED)

    async def die(*_: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(deletion, "_settle", die)
    with pytest.raises(RuntimeError, match="killed"):
        await delete(room, source_id)
    assert held(database, *PLANTED) == before
    monkeypatch.undo()
    await delete(room, source_id)
    assert held(database, *PLANTED) == []
    assert (await room.row(row.id)).status == "pending_review"


async def test_approved_work_that_rests_on_it_leaves_the_memory(room: Room, database: str) -> None:
    source_id = await ledger(room)
    row = await room.run(room.script(*STEPS, FINISH))
    await room.approve(row.id)
    await room.drive(row.id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (item,) = await memory.page(tx, room.project_id)
        await memory.decide_all(tx, room.actor, room.project_id, [{"id": item["id"], "decision": "accept"}])
        with pytest.raises(Conflict) as signed:
            await deletion.delete(tx, room.actor, UUID(item["source_id"]), reason="No.")
    assert signed.value.code == "source_is_approved_work"
    done = await delete(room, source_id)
    assert done["deleted"]["memory"] == 1
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert await memory.page(tx, room.project_id) == []
        await counts_are_true(tx, room.project_id)
    assert held(database, *PLANTED) == []


async def test_a_retraction_is_taken_back_for_a_reason(room: Room) -> None:
    source_id = await ledger(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict) as in_use:
            await sources.restore(tx, source_id, reason="It is fine.", actor=room.actor)
        await sources.retract(tx, source_id, reason="A mistake.", actor=room.actor)
        assert await search(tx, room.project_id, "Brandauer") == []
        with pytest.raises(InvalidInput):
            await sources.restore(tx, source_id, reason=" ", actor=room.actor)
        row = await sources.restore(tx, source_id, reason="It was the other one.", actor=room.actor)
        assert (in_use.value.code, row.retracted_at) == ("source_not_retracted", None)
        assert await search(tx, room.project_id, "Brandauer")
        await counts_are_true(tx, room.project_id)
        done = await db_memory.decisions(tx, source_id)
    assert [(d.action, d.reason, d.member_id) for d in done] == [
        ("retract", "A mistake.", room.actor.member_id),
        ("restore", "It was the other one.", room.actor.member_id),
    ]


async def test_a_leg_that_runs_goes_on_without_a_retracted_source_and_a_review_is_put_anew(
    room: Room,
) -> None:
    source_id = await ledger(room)
    flag = room.folder / "go"
    session_id = await room.file(room.script({"wait_for_file": str(flag)}, artifact(CITED), FINISH))
    running = asyncio.create_task(leg.run_leg(room.parts, room.actor.workspace_id, session_id))
    while not any(e.type == "envelope_pinned" for e in await room.events(session_id)):
        await asyncio.sleep(0)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        rests = await sources.retract(tx, source_id, reason="Forged.", actor=room.actor)
    assert [one["id"] for one in rests.sessions] == [session_id]
    flag.touch()
    await running
    assert (await room.waiting(session_id)).packet["summary"]["needs_you"] > 0, "what it cites is not in use"
    waiting = await room.waiting(session_id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.restore(tx, source_id, reason="It was not.", actor=room.actor)
    outcome = await room.approve(session_id, packet_digest=waiting.packet_digest)
    assert outcome.stale
