"""The outbox: each effect made at least once under one key, never by two at a time, and never forgotten."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.db import artifacts as db_artifacts
from proofroom.db import deliveries as db_deliveries
from proofroom.db import work_sessions
from proofroom.db.models import Delivery, WorkSession
from proofroom.domain.errors import Conflict, NotAllowed, NotFound
from proofroom.engine import folder, outbox
from proofroom.engine.effects import Effect, NotSent
from proofroom.exports.names import file_name
from proofroom.services import deliveries, packets, work_requests
from tests.integration.people import join
from tests.integration.rooms import FINDING, FINISH, Room


async def signed(room: Room, target: Path) -> UUID:
    """The delivery to this folder of work that was signed; not made yet."""
    row = await room.run(room.script(FINDING, FINISH), deliver_to=[{"kind": "folder", "path": str(target)}])
    await room.approve(row.id)
    assert (await room.drive(row.id)).status == "completed"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        (delivery,) = await db_artifacts.deliveries(tx, [row.id])
    return delivery.id


async def get(room: Room, delivery_id: UUID) -> Delivery:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await db_deliveries.get(tx, delivery_id)


async def deliver(room: Room, delivery_id: UUID) -> bool:
    return await outbox.deliver(room.parts, room.actor.workspace_id, delivery_id)


async def due(room: Room, delivery_id: UUID) -> None:
    """Its pause, or the lease of who makes it, is over."""
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE deliveries SET due_at = now() - interval '1 second' WHERE id = :id"),
            {"id": delivery_id},
        )


async def told(room: Room, delivery_id: UUID) -> list[str]:
    row = await get(room, delivery_id)
    said = [e for e in await room.events(row.session_id) if e.data.get("delivery_id") == str(delivery_id)]
    return [e.type for e in said]


class Held:
    """A sender that waits to be let go, and the effects that it was handed."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.seen: list[Effect] = []

    async def send(self, effect: Effect) -> Sequence[str]:
        self.seen.append(effect)
        self.began.set()
        await self.go.wait()
        return ["made.txt"]


def with_sender(room: Room, sender: Any, **more: Any) -> Room:
    return replace(room, parts=replace(room.parts, senders={"folder": sender}, **more))


async def test_a_file_is_written_and_the_attempt_is_kept(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    assert await deliver(room, delivery_id)
    row = await get(room, delivery_id)
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert (row.status, row.attempts, row.sender) == ("delivered", 1, None)
    assert sorted((row.detail or "").split(", ")) == names
    (attempt,) = row.tries
    assert attempt["n"] == 1
    assert attempt["by"] == room.parts.owner
    assert attempt["at"] <= attempt["ended_at"]
    assert attempt["error"] is None
    assert await told(room, delivery_id) == ["delivered"]
    assert not await deliver(room, delivery_id), "it is made already"


async def test_a_slow_sender_holds_no_transaction_and_nobody_makes_it_beside_it(
    room: Room, tmp_path: Path
) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    held = Held()
    slow = with_sender(room, held.send)
    making = asyncio.create_task(deliver(slow, delivery_id))
    await held.began.wait()
    async with room.db.across() as session:
        open_ones = await session.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
                " AND pid <> pg_backend_pid() AND application_name LIKE 'proofroom%'"
            )
        )
        assert open_ones.scalar_one() == 0
    assert not await deliver(slow, delivery_id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict) as refused:
            await deliveries.resend(tx, room.actor, delivery_id)
        assert refused.value.code == "delivery_being_made"
    held.go.set()
    assert await making
    assert len(held.seen) == 1
    assert held.seen[0].idempotency_key == (await get(room, delivery_id)).idempotency_key
    assert (await get(room, delivery_id)).status == "delivered"


async def test_a_lease_is_renewed_while_it_is_made(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    held = Held()
    slow = with_sender(room, held.send, delivery_lease_seconds=0.3)
    making = asyncio.create_task(deliver(slow, delivery_id))
    await held.began.wait()
    first = (await get(room, delivery_id)).due_at
    async with asyncio.timeout(30):
        while (await get(room, delivery_id)).due_at == first:
            await asyncio.sleep(0.02)
    held.go.set()
    assert await making
    assert (await get(room, delivery_id)).attempts == 1


async def test_who_comes_back_after_its_lease_changes_nothing(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    held = Held()
    making = asyncio.create_task(deliver(with_sender(room, held.send), delivery_id))
    await held.began.wait()
    await due(room, delivery_id)
    assert await deliver(room, delivery_id), "another worker makes it"
    held.go.set()
    assert await making
    row = await get(room, delivery_id)
    assert (row.status, row.attempts) == ("delivered", 2)
    assert row.detail != "made.txt"
    assert [t["code"] for t in row.tries] == ["sender_silent", None]
    assert await told(room, delivery_id) == ["delivered"]


async def test_who_comes_back_while_another_makes_it_changes_nothing_either(
    room: Room, tmp_path: Path
) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    late, other = Held(), Held()
    first = asyncio.create_task(deliver(with_sender(room, late.send), delivery_id))
    await late.began.wait()
    await due(room, delivery_id)
    second = asyncio.create_task(deliver(with_sender(room, other.send), delivery_id))
    await other.began.wait()
    late.go.set()
    assert await first
    row = await get(room, delivery_id)
    assert (row.status, row.attempts, row.sender) == ("pending", 2, room.parts.owner)
    assert await told(room, delivery_id) == []
    other.go.set()
    assert await second
    assert (await get(room, delivery_id)).status == "delivered"
    assert await told(room, delivery_id) == ["delivered"]


async def test_one_whose_lease_was_taken_is_stopped(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    held = Held()
    slow = with_sender(room, held.send, delivery_lease_seconds=0.3)
    making = asyncio.create_task(deliver(slow, delivery_id))
    await held.began.wait()
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE deliveries SET attempts = 2 WHERE id = :id"), {"id": delivery_id})
    async with asyncio.timeout(30):
        assert await making  # though nobody let it go


async def test_what_fails_is_tried_again_with_pauses_until_a_person_must_look(
    room: Room, tmp_path: Path
) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    keys: set[str] = set()

    async def refuses(effect: Effect) -> Sequence[str]:
        keys.add(effect.idempotency_key)
        if effect.attempt == 2:
            raise ValueError("a mistake of the sender's")
        raise NotSent("folder_full", "No room.")

    bad = with_sender(room, refuses)
    for n in range(1, db_deliveries.ATTEMPTS + 1):
        assert await deliver(bad, delivery_id)
        row = await get(room, delivery_id)
        async with room.db.transaction(room.actor.workspace_id) as tx:
            left = (
                await tx.execute(text("SELECT extract(epoch FROM :at - now())"), {"at": row.due_at})
            ).scalar_one()
        assert row.attempts == n
        assert left <= outbox.FIRST_WAIT_SECONDS * 2 ** (n - 1)
        assert row.status == ("pending" if n < db_deliveries.ATTEMPTS else "failed")
        await due(room, delivery_id)
    assert not await deliver(bad, delivery_id)
    tries = (await get(room, delivery_id)).tries
    assert [t["code"] for t in tries] == ["folder_full", "sender_broke", *["folder_full"] * 8]
    assert await told(room, delivery_id) == ["delivery_failed"] * 10
    assert len(keys) == 1

    async with room.db.transaction(room.actor.workspace_id) as tx:
        shown = await deliveries.resend(tx, room.actor, delivery_id)
    assert (shown["status"], shown["attempts_left"]) == ("pending", db_deliveries.ATTEMPTS)
    assert await deliver(bad, delivery_id)
    assert (await get(room, delivery_id)).status == "pending", "it is tried as often as a new one"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await deliveries.resend(tx, room.actor, delivery_id)
    assert await deliver(room, delivery_id)
    made = await get(room, delivery_id)
    assert (made.status, made.attempts, {made.idempotency_key}) == ("delivered", 12, keys)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict) as refused:
            await deliveries.resend(tx, room.actor, delivery_id)
    assert refused.value.code == "delivery_made"


async def test_another_kind_of_effect_needs_only_a_sender_of_its_own(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail that breaks after it was sent is not sent twice, and holds up no folder."""
    to = {"kind": "mail", "to": "desk@example.org"}
    folders = packets.effects

    def with_mail(session: WorkSession, shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*folders(session, shown), {"kind": "mail", "label": "Mails it to the desk", "target": to}]

    monkeypatch.setattr(packets, "effects", with_mail)
    await room.add()
    by_folder = await signed(room, tmp_path / "out")
    row = await get(room, by_folder)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        by_mail = await db_artifacts.add_delivery(
            tx, session_id=row.session_id, checkpoint_id=row.checkpoint_id, kind="mail", target=to,
            packet_digest=row.packet_digest,
        )  # fmt: skip
    assert by_mail is not None
    sent: dict[str, Effect] = {}

    async def mail(effect: Effect) -> Sequence[str]:
        if effect.idempotency_key not in sent:
            sent[effect.idempotency_key] = effect
            raise ConnectionResetError("after it was taken")
        return ["message 1"]

    both = replace(room, parts=replace(room.parts, senders={"folder": folder.send, "mail": mail}))
    assert await deliver(both, by_mail)
    assert await deliver(both, by_folder)
    assert [(await get(room, one)).status for one in (by_mail, by_folder)] == ["pending", "delivered"]
    await due(room, by_mail)
    assert await deliver(both, by_mail)
    made = await get(room, by_mail)
    assert (made.status, made.detail, made.attempts) == ("delivered", "message 1", 2)
    (effect,) = sent.values()
    assert (effect.kind, effect.target, effect.packet_digest) == ("mail", to, row.packet_digest)
    assert set(effect.files) == {p.name for p in (tmp_path / "out").iterdir()}


async def test_one_that_stops_every_worker_is_given_up(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE deliveries SET give_up_at = 2 WHERE id = :id"), {"id": delivery_id})
    held = Held()
    for _ in range(2):
        making = asyncio.create_task(deliver(with_sender(room, held.send), delivery_id))
        await held.began.wait()
        making.cancel()
        await asyncio.wait({making})
        held.began.clear()
        await due(room, delivery_id)
    assert not await deliver(room, delivery_id)
    row = await get(room, delivery_id)
    assert (row.status, row.attempts) == ("failed", 2)
    assert [t["code"] for t in row.tries] == ["sender_silent", "sender_silent"]
    assert await told(room, delivery_id) == ["delivery_failed"]
    assert not (tmp_path / "out").exists()


async def test_a_kind_that_nobody_makes_waits(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    assert await deliver(replace(room, parts=replace(room.parts, senders={})), delivery_id)
    row = await get(room, delivery_id)
    assert (row.status, row.tries[0]["code"]) == ("pending", "no_sender")


async def test_a_cancelled_session_drops_what_is_unsent_and_reports_what_is_under_way(
    room: Room, tmp_path: Path
) -> None:
    await room.add()
    row = await room.run(room.script(FINDING, FINISH))
    checkpoint = await room.waiting(row.id)
    ids: list[UUID] = []
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for name in ("waits", "under-way"):
            made = await db_artifacts.add_delivery(
                tx, session_id=row.id, checkpoint_id=checkpoint.id, kind="folder",
                target={"kind": "folder", "path": str(tmp_path / name)}, packet_digest=checkpoint.packet_digest,
            )  # fmt: skip
            assert made is not None
            ids.append(made)
        await tx.execute(
            text("UPDATE deliveries SET sender = 'other', attempts = 1 WHERE id = :id"), {"id": ids[1]}
        )
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await work_requests.cancel(tx, room.actor, row.id)
    assert [(await get(room, i)).status for i in ids] == ["dropped", "pending"]
    assert not await deliver(room, ids[1]), "the other worker's lease is over, and nobody tries again"
    assert (await get(room, ids[1])).status == "dropped"
    assert list(tmp_path.glob("*way*")) == []
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict) as refused:
            await deliveries.resend(tx, room.actor, ids[0])
    assert refused.value.code == "delivery_dropped"


async def test_a_person_gives_one_up_for_good(room: Room, tmp_path: Path) -> None:
    await room.add()
    delivery_id = await signed(room, tmp_path / "out")
    onlooker = await join(room, "Olive Onlooker", "viewer")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for act in (deliveries.resend, deliveries.drop):
            with pytest.raises(NotAllowed):
                await act(tx, onlooker, delivery_id)
            with pytest.raises(NotFound) as unknown:
                await act(tx, room.actor, room.project_id)
            assert unknown.value.code == "delivery_not_found"
        shown = await deliveries.drop(tx, room.actor, delivery_id)
    assert (shown["status"], shown["detail"]) == ("dropped", "Dropped by Reviewer.")
    assert not await deliver(room, delivery_id)
    assert await told(room, delivery_id) == ["delivery_dropped"]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict) as refused:
            await deliveries.drop(tx, room.actor, delivery_id)
    assert refused.value.code == "delivery_dropped"


# Folders


async def test_a_folder_that_becomes_one_gets_its_files(room: Room, tmp_path: Path) -> None:
    """Something else is in its place, so that it cannot be written by anybody, root included."""
    await room.add()
    delivery_id = await signed(room, tmp_path / "out" / "press")
    (tmp_path / "out").write_text("not a folder")
    assert await deliver(room, delivery_id)
    row = await get(room, delivery_id)
    assert (row.status, row.tries[0]["code"]) == ("pending", "folder_unwritable")
    assert str(tmp_path / "out") in (row.detail or "")
    (tmp_path / "out").unlink()
    await due(room, delivery_id)
    assert await deliver(room, delivery_id)
    assert (await get(room, delivery_id)).status == "delivered"
    assert len(list((tmp_path / "out" / "press").iterdir())) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=False, capture_output=True
    ).returncode:  # fmt: skip
        pytest.skip("mounting a small file system needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk_leaves_no_half_file_and_is_tried_again(room: Room, small_disk: Path) -> None:
    await room.add()
    (small_disk / "other").write_bytes(b"x" * 60_000)
    delivery_id = await signed(room, small_disk / "out")
    assert await deliver(room, delivery_id)
    row = await get(room, delivery_id)
    assert (row.status, row.tries[0]["code"]) == ("pending", "folder_full")
    assert [p for p in (small_disk / "out").iterdir() if p.name.endswith((".part", ".json"))] == []
    (small_disk / "other").unlink()
    await due(room, delivery_id)
    assert await deliver(room, delivery_id)
    assert (await get(room, delivery_id)).status == "delivered"


KILLED = """
import asyncio, os, signal, sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID
from proofroom.db.tx import Database
from proofroom.engine import folder, outbox
from tests.integration.rooms import make_room

url, scripts, when, workspace, member, project, delivery = sys.argv[1:]

async def dies(effect):
    if when == "after":
        await folder.send(effect)
    else:
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        await folder.send(effect)
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    room = make_room(Database(url), UUID(workspace), UUID(member), UUID(project), Path(scripts))
    parts = replace(room.parts, senders={"folder": dies}, delivery_lease_seconds=1.0)
    await outbox.deliver(parts, UUID(workspace), UUID(delivery))

asyncio.run(main())
"""


@pytest.mark.parametrize("when", ["in the middle of the file", "after"])
async def test_killed_between_the_file_and_its_record_it_is_the_same_file_again(
    room: Room, database: str, tmp_path: Path, when: str
) -> None:
    await room.add()
    target = tmp_path / "out"
    delivery_id = await signed(room, target)
    given = (
        database,
        room.folder,
        when,
        room.actor.workspace_id,
        room.actor.member_id,
        room.project_id,
        delivery_id,
    )
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, *map(str, given)], check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    before = {p.name: p.read_bytes() for p in target.iterdir()}
    row = await get(room, delivery_id)
    assert (row.status, row.attempts) == ("pending", 1)
    if when == "after":
        assert len(before) == 2
    else:
        assert [name for name in before if not name.endswith(".part")] == []
        assert len(before) == 1
    async with asyncio.timeout(30):
        while not await deliver(room, delivery_id):
            await asyncio.sleep(0.05)  # its lease runs
    after = {p.name: p.read_bytes() for p in target.iterdir()}
    assert len(after) == 2
    assert all(name.endswith((".md", ".json")) for name in after), "nothing half-written is left"
    if when == "after":
        assert after == before
    row = await get(room, delivery_id)
    assert (row.status, row.attempts) == ("delivered", 2)
    assert await told(room, delivery_id) == ["delivered"]
    (name,) = (name for name in after if name.endswith(".json"))
    assert json.loads(after[name])["packet_digest"] == row.packet_digest


async def test_a_folder_that_leads_out_is_not_written(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "press").symlink_to(elsewhere)
    target = {"kind": "folder", "path": str(root / "press"), "root": str(root)}
    effect = Effect("folder", target, "k" * 64, 1, UUID(int=1), "T", "d", {"t.md": b"x"})
    with pytest.raises(NotSent) as refused:
        await folder.send(effect)
    assert (refused.value.code, refused.value.for_good) == ("folder_leads_out", True)
    assert list(elsewhere.iterdir()) == []


async def test_work_of_one_title_lies_in_one_folder_and_a_repeat_changes_nothing(
    room: Room, tmp_path: Path
) -> None:
    await room.add()
    target = tmp_path / "out"
    ids = [await signed(room, target) for _ in range(2)]
    for delivery_id in ids:
        assert await deliver(room, delivery_id)
    made = {p.name: p.read_bytes() for p in target.iterdir()}
    sessions = [(await get(room, delivery_id)).session_id for delivery_id in ids]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        titles = {(await work_sessions.get(tx, session_id)).title for session_id in sessions}
    (title,) = titles
    assert set(made) == {
        f"{file_name(title)}-{session_id.hex[-12:]}{ending}"
        for session_id in sessions
        for ending in (".md", ".signed.json")
    }
    for session_id in sessions:
        said = json.loads(
            next(made[name] for name in made if name.endswith(f"{session_id.hex[-12:]}.signed.json"))
        )
        assert said["session_id"] == str(session_id)

    async with room.db.transaction(room.actor.workspace_id) as tx:  # as when its record was lost
        await tx.execute(
            text("UPDATE deliveries SET status = 'pending', due_at = now() WHERE id = :id"), {"id": ids[0]}
        )
    assert await deliver(room, ids[0])
    assert {p.name: p.read_bytes() for p in target.iterdir()} == made
