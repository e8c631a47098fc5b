"""The record of a whole life, as it is exported: intact as it is, broken wherever anything in it is."""

import json
import random
from contextlib import suppress

import pytest

from proofroom.db import work_sessions
from proofroom.domain.errors import InvalidInput
from proofroom.exports import deliverable, record_file
from tests.integration.rooms import FINDING, FINISH, PLAN, Room
from tests.integration.test_lifecycle import ALWAYS, ASK


async def exported(room: Room) -> bytes:
    session_id = await room.file(room.script(PLAN, ASK, FINDING, FINISH), ALWAYS)
    await room.gates(session_id, {"answer": "yes"})
    async with room.db.transaction(room.actor.workspace_id, snapshot=True) as tx:
        row = await work_sessions.get(tx, session_id)
        assert row.status == "completed"
        name, media_type, content = await deliverable.export(tx, row, "record")
    assert (name, media_type) == ("what-was-the-factor.record.json", "application/json")
    return content


async def test_a_real_record_is_intact_and_every_byte_of_it_counts(room: Room) -> None:
    content = await exported(room)
    document = json.loads(content)
    found = record_file.check(content, document["head"])
    assert (found.why, found.count) == (None, len(document["entries"]))
    assert [p["packet"]["kind"] for p in document["packets"]] == ["plan", "mid", "final"]
    assert [a["content"]["title"] for a in document["artifacts"]] == ["The factor"]
    random_bits = random.Random(7)
    positions = random_bits.sample(range(len(content)), 2_000)
    for at in positions:
        flipped = bytearray(content)
        flipped[at] ^= 1 << random_bits.randrange(8)
        with suppress(InvalidInput):  # what is no record any more
            assert record_file.check(bytes(flipped)).why is not None, at
    print(f"{len(positions)} of {len(content)} bytes of a real record flipped, 0 found intact")


async def test_a_record_is_of_one_moment(room: Room) -> None:
    """An entry that is written while the record is read belongs to the next one."""
    session_id = await room.file(room.script(FINDING, FINISH))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        before = await work_sessions.get(tx, session_id)
        tx.expunge(before)
    await room.drive(session_id)
    async with room.db.transaction(room.actor.workspace_id, snapshot=True) as tx:
        assert len(await work_sessions.audit_entries(tx, session_id)) > before.audit_count
        _, _, content = await deliverable.export(tx, before, "record")
    found = record_file.check(content)
    assert (found.why, found.count) == (None, before.audit_count)


async def test_a_record_is_read_in_a_snapshot_alone(room: Room) -> None:
    """A source that is deleted between two of its statements would make it contradict itself."""
    session_id = await room.file(room.script(FINDING, FINISH))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, session_id)
        with pytest.raises(RuntimeError, match="snapshot=True"):
            await deliverable.export(tx, row, "record")
