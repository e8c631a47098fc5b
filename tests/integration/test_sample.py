"""The sample workspace through its services: installed once, corrected, signed, revealed, compared with last year."""

from pathlib import Path
from typing import Any

import pytest_asyncio

from proofroom.db import artifacts as db_artifacts
from proofroom.db import projects, work_sessions
from proofroom.db.models import WorkSession
from proofroom.services import changes, checks, memory, samples
from proofroom.services.samples import NEW_YEAR_RUNTIME
from tests.integration.conftest import make_workspace
from tests.integration.rooms import Room, make_room


@pytest_asyncio.fixture
async def installed(room: Room, tmp_path: Path) -> Room:
    workspace, member = await make_workspace(room.db, "Sample")
    folder = tmp_path / "none"
    folder.mkdir()
    sample = make_room(room.db, workspace, member, room.project_id, folder)

    async def drive(_workspace: Any, session_id: Any) -> WorkSession:
        return await sample.drive(session_id)

    assert await samples.install(room.db, sample.parts.catalog, sample.actor, drive)
    assert not await samples.install(room.db, sample.parts.catalog, sample.actor, drive)
    return sample


async def corrected(room: Room, row: WorkSession) -> None:
    """Uses every correction that is offered, and signs."""
    waiting = await room.waiting(row.id)
    edits: list[dict[str, Any]] = []
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for artifact, version in await db_artifacts.current(tx, row.id):
            document = dict(version.document)
            for claim in version.claims:
                if claim["verdict"] in ("unsupported", "conflict") and claim["correction"]:
                    for block in document["blocks"]:
                        if "text" in block:
                            block["text"] = block["text"].replace(claim["text"], claim["correction"]["text"])
            edits.append({"artifact_id": str(artifact.id), "body": document})
    outcome = await room.approve(row.id, edits=edits, packet_digest=waiting.packet_digest)
    assert not outcome.stale
    assert (await room.drive(row.id)).status == "completed"


async def test_the_draft_is_corrected_and_all_that_was_planted_is_revealed(installed: Room) -> None:
    async with installed.db.transaction(installed.actor.workspace_id) as tx:
        project = await projects.by_sample_key(tx, "check")
        assert project is not None
        (row,) = await work_sessions.page(tx, project_id=project.id)
        assert await samples.reveal(tx, row) is None
    assert (await installed.waiting(row.id)).packet["summary"] == {
        "claims": 12,
        "needs_you": 5,
        "passed": 7,
        "opinions": 0,
    }
    await corrected(installed, row)
    async with installed.db.transaction(installed.actor.workspace_id) as tx:
        items = await samples.reveal(tx, await work_sessions.get(tx, row.id))
    assert items is not None
    assert [i["n"] for i in items] == [3, 4, 5, 6, 8, 12]
    assert [i["flagged"] for i in items] == [True, False, True, True, True, True]
    assert [i["caught"] for i in items] == [True, False, True, True, True, True]
    assert [i["only_a_reader"] for i in items].count(True) == 1


async def test_of_another_draft_in_the_samples_project_nothing_is_revealed(installed: Room) -> None:
    async with installed.db.transaction(installed.actor.workspace_id) as tx:
        project = await projects.by_sample_key(tx, "check")
        assert project is not None
        other = await checks.open_check(
            tx,
            installed.actor,
            installed.parts.catalog,
            project.id,
            draft="The last signal came at 09:04:52 UTC on 23 September 1999.",
            title="A draft of one's own",
        )
    waiting = await installed.waiting(other.id)
    await installed.approve(other.id, packet_digest=waiting.packet_digest)
    assert (await installed.drive(other.id)).status == "completed"
    async with installed.db.transaction(installed.actor.workspace_id) as tx:
        assert await samples.reveal(tx, await work_sessions.get(tx, other.id)) is None


async def test_the_new_year_misreads_the_trend_and_stands_beside_last_year(installed: Room) -> None:
    async with installed.db.transaction(installed.actor.workspace_id) as tx:
        project = await projects.by_sample_key(tx, "report")
        assert project is not None
        (last,) = await work_sessions.page(tx, project_id=project.id)
        kept = await memory.page(tx, project.id)
    assert last.status == "completed"
    # What was signed last year is proposed, and a computed row names its table.
    assert {i["state"] for i in kept} == {"proposed"}
    (table,) = {a["source_id"] for i in kept for a in i["anchors"] if a.get("table") is not None}
    assert {i["block_kind"] for i in kept if any(a["source_id"] == table for a in i["anchors"])} >= {
        "table_row"
    }
    row = await samples.new_year(installed.db, installed.actor, installed.parts.catalog, project.id)
    assert row.runtime == NEW_YEAR_RUNTIME
    row = await installed.drive(row.id)
    packet = (await installed.waiting(row.id)).packet
    flagged = [c for a in packet["artifacts"] for c in a["claims"] if c["needs_you"]]
    assert [c["headline"] for c in flagged] == ["Direction differs"]
    await corrected(installed, row)
    async with installed.db.transaction(installed.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, row.id)
        items = await samples.reveal(tx, row)
        since = await changes.since_last(tx, row)
    assert items is not None
    assert [(i["kind"], i["caught"]) for i in items] == [("direction", True)]
    assert since is not None
    assert since["changes"][:2] == [
        {"kind": "removed", "text": "Wind generation rose in 2022, to 434,297 thousand megawatthours."},
        {"kind": "added", "text": "Wind generation fell in 2023, to 425,235 thousand megawatthours."},
    ]
