"""Many small files captured together: each still succeeds or fails by itself, once, whoever else is at work."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom import queue
from proofroom.db import across
from proofroom.db import blocks as db_blocks
from proofroom.db.blocks import NewBlock
from proofroom.db.sources import SourceRow
from proofroom.db.tx import Database, Tx
from proofroom.domain.errors import InvalidInput, Unavailable
from proofroom.services import capturing, sources
from proofroom.services.sources import Given
from proofroom.substrate import isolation, search
from tests.integration.conftest import make_project
from tests.integration.test_sources import assert_counts_hold

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(50)
DYING = (
    sys.executable,
    "-c",
    "import proofroom.substrate.worker as worker, os\n"
    "handle = worker.handle\n"
    "def dying(data, *rest):\n"
    "    if b'dies here' in data: os._exit(9)\n"
    "    return handle(data, *rest)\n"
    "worker.handle = dying\n"
    "worker.main()",
)
"""A parser process that some files bring down."""


def note(n: int) -> Given:
    said = f"# Note {n}\n\nThe pump of line {n} was seen at word{n}.\n\nIt was mended on the day after.\n"
    return Given(data=said.encode(), filename=f"note-{n}.md")


async def add(db: Database, workspace: UUID, project: UUID, contents: Sequence[Given]) -> list[SourceRow]:
    async with db.transaction(workspace) as tx:
        return await sources.add_sources(tx, project, contents)


async def waiting(db: Database, workspace: UUID) -> list[str]:
    """The sources that a job in the queue is for."""
    async with db.transaction(workspace) as tx:
        rows = await tx.execute(
            text("SELECT args ->> 'source_id' FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1")
        )
        return list(rows.scalars())


async def now(db: Database, workspace: UUID, rows: Sequence[SourceRow]) -> list[SourceRow]:
    async with db.transaction(workspace) as tx:
        return [await sources.get(tx, row.id) for row in rows]


async def versions_with_blocks(tx: Tx, source_id: UUID) -> dict[int, tuple[str, int]]:
    found = await tx.execute(
        text("SELECT version, state, count(*) FROM blocks WHERE source_id = :s GROUP BY 1, 2"),
        {"s": source_id},
    )
    return {version: (state, n) for version, state, n in found}


@pytest.fixture
def dying_parsers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pool = isolation.ParserPool(size=2, command=DYING)
    monkeypatch.setattr(capturing, "shared_pool", lambda: pool)
    yield
    pool.close()


async def test_one_job_captures_what_waits_and_each_fails_by_itself(
    db: Database, workspace: UUID, project: UUID, dying_parsers: None
) -> None:
    contents = [
        *(note(n) for n in range(6)),
        Given(data=PICTURE, filename="chart.md"),
        Given(data=b"This one dies here.", filename="dies.txt"),
        Given(data=b"%PDF-1.7\nnothing of the kind", filename="broken.pdf"),
        Given(text="A line without a file."),
    ]
    rows = await add(db, workspace, project, contents)
    assert len(await waiting(db, workspace)) == len(rows)
    await capturing.capture_waiting(db, workspace, rows[3].id, 1)
    done = await now(db, workspace, rows)
    assert [row.status for row in done] == ["ready"] * 6 + ["failed"] * 3 + ["ready"]
    assert [(row.failure or {}).get("code") for row in done[6:9]] == [
        "unsupported_type",
        "parse_crashed",
        "unreadable_file",
    ]
    assert [row.title for row in done[:2]] == ["Note 0", "Note 1"]
    assert await waiting(db, workspace) == []
    await assert_counts_hold(db, workspace, project)
    async with db.transaction(workspace) as tx:
        for n in range(6):
            (hit,) = await search.search(tx, project, f"word{n}", 3)
            assert hit.block.source_id == rows[n].id
        wrong = await tx.execute(
            text(
                "SELECT count(*) FROM blocks b JOIN source_versions v USING (workspace_id, source_id, version)"
                " WHERE substr(v.text, b.char_start + 1, b.char_end - b.char_start) <> b.text"
            )
        )
        assert wrong.scalar_one() == 0


async def test_captured_together_is_captured_alike(db: Database, workspace: UUID, project: UUID) -> None:
    table = Given(data="Month;Pumps\nMay;3\nJune;4\n".encode("latin-1"), filename="pumps.csv")
    contents = [note(1), table, Given(text="# A heading\n\nWords under it.")]
    together = await add(db, workspace, project, contents)
    await capturing.capture_waiting(db, workspace, together[0].id, 1)
    other = await make_project(db, workspace)
    alone = await add(db, workspace, other, contents)
    for row in alone:
        await sources.capture_source(db, workspace, row.id, 1)
    for one, two in zip(await now(db, workspace, together), await now(db, workspace, alone), strict=True):
        same = ("title", "content_type", "status", "block_count", "page_count", "tables", "notes", "progress")
        assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]
        async with db.transaction(workspace) as tx:
            shown = [await sources.content(tx, row.id) for row in (one, two)]
            for content in shown:
                content.pop("source_id")
                for block in content["blocks"]:
                    block.pop("block_id")
        assert shown[0] == shown[1]


async def test_the_same_bytes_in_one_request_and_in_two_at_once_are_one_source(
    db: Database, workspace: UUID, project: UUID
) -> None:
    notes = [note(n) for n in range(8)]
    first, second = await asyncio.gather(
        add(db, workspace, project, [*notes, notes[2]]),
        add(db, workspace, project, list(reversed(notes))),
    )
    assert first[8].id == first[2].id
    assert [row.id for row in first[:8]] == [row.id for row in reversed(second)]
    assert len(await waiting(db, workspace)) == 8


async def test_a_request_with_one_impossible_source_adds_none(
    db: Database, workspace: UUID, project: UUID
) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        await add(db, workspace, project, [note(1), Given(text="  ")])
    async with db.transaction(workspace) as tx:
        assert await sources.page(tx, project) == []
    assert await waiting(db, workspace) == []


async def test_several_workers_write_each_source_once(
    db: Database, workspace: UUID, project: UUID, database: str
) -> None:
    rows = await add(db, workspace, project, [note(n) for n in range(40)])
    others = [Database(database) for _ in range(2)]
    try:
        await asyncio.gather(
            *(
                capturing.capture_waiting(worker, workspace, row.id, 1)
                for worker in (db, *others)
                for row in rows[:6]
            ),
            *(sources.capture_source(others[0], workspace, row.id, 1) for row in rows[3:9]),
        )
        for row in rows:  # what is left when the six jobs of each are done
            await capturing.capture_waiting(db, workspace, row.id, 1)
    finally:
        for worker in others:
            await worker.dispose()
    assert {row.status for row in await now(db, workspace, rows)} == {"ready"}
    async with db.transaction(workspace) as tx:
        assert [len(await versions_with_blocks(tx, row.id)) for row in rows] == [1] * 40
    await assert_counts_hold(db, workspace, project)


async def test_two_versions_of_a_source_in_one_batch(db: Database, workspace: UUID, project: UUID) -> None:
    (row, other) = await add(db, workspace, project, [note(1), note(2)])
    for said in ("The second word.", "The third word."):
        async with db.transaction(workspace) as tx:
            await sources.put_content(tx, row.id, text=said)
    await capturing.capture_waiting(db, workspace, other.id, 1)
    (done, _) = await now(db, workspace, [row, other])
    assert (done.status, done.version) == ("ready", 3)
    async with db.transaction(workspace) as tx:
        assert {v: s for v, (s, _) in (await versions_with_blocks(tx, row.id)).items()} == {
            1: "superseded",
            2: "superseded",
            3: "accepted",
        }
    await assert_counts_hold(db, workspace, project)


async def test_what_was_withdrawn_meanwhile_is_not_found(
    db: Database, workspace: UUID, project: UUID
) -> None:
    rows = await add(db, workspace, project, [note(1), note(2)])
    async with db.transaction(workspace) as tx:
        await sources.retract(tx, rows[0].id, reason="Not ours.")
    await capturing.capture_waiting(db, workspace, rows[1].id, 1)
    async with db.transaction(workspace) as tx:
        assert {s for s, _ in (await versions_with_blocks(tx, rows[0].id)).values()} == {"rejected"}
        assert [hit.block.source_id for hit in await search.search(tx, project, "pump", 9)] == [rows[1].id]
    await assert_counts_hold(db, workspace, project)


async def test_other_projects_and_large_files_are_left_to_their_own_jobs(
    db: Database, workspace: UUID, project: UUID
) -> None:
    large = Given(data=b"A long line of words. " * (capturing.SMALL_BYTES // 20), filename="large.txt")
    rows = await add(db, workspace, project, [note(1), large, note(2)])
    (elsewhere,) = await add(db, workspace, await make_project(db, workspace), [note(3)])
    await capturing.capture_waiting(db, workspace, rows[0].id, 1)
    assert await waiting(db, workspace) == sorted(map(str, (rows[1].id, elsewhere.id)))
    await capturing.capture_waiting(db, workspace, rows[1].id, 1)
    done = await now(db, workspace, [*rows, elsewhere])
    assert [row.status for row in done] == ["ready", "ready", "ready", "processing"]


async def test_cut_off_it_gives_back_what_it_took(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await add(db, workspace, project, [note(n) for n in range(5)])
    begun, parse = asyncio.Event(), capturing.parse

    async def first_then_hang(
        items: Sequence[capturing.Waiting], seconds: float
    ) -> tuple[list[capturing.Parsed], list[capturing.Waiting]]:
        if begun.is_set():
            await asyncio.Event().wait()
        begun.set()
        parsed, _ = await parse(items[:2], seconds)
        return parsed, list(items[2:])

    monkeypatch.setattr(capturing, "parse", first_then_hang)
    job = asyncio.create_task(capturing.capture_waiting(db, workspace, rows[0].id, 1))
    while len([row for row in await now(db, workspace, rows) if row.status == "ready"]) < 2:
        await asyncio.wait([job], timeout=0.02)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    left = [str(row.id) for row in await now(db, workspace, rows) if row.status == "processing"]
    assert len(left) == 3
    assert set(left) <= set(await waiting(db, workspace))


async def test_a_database_that_was_away_does_not_cost_what_was_taken(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await add(db, workspace, project, [note(n) for n in range(3)])
    away, defer_many = [True], queue.defer_many

    async def lost(*_: object) -> None:
        raise Unavailable("database_unavailable", "It does not answer.", "Wait.", retry_after=1)

    async def lost_once(tx: Tx, name: str, jobs: Sequence[dict[str, object]]) -> None:
        if away.pop() if away else False:
            await lost()
        await defer_many(tx, name, jobs)

    monkeypatch.setattr(capturing, "write", lost)
    monkeypatch.setattr(queue, "defer_many", lost_once)
    with pytest.raises(Unavailable):
        await capturing.capture_waiting(db, workspace, rows[0].id, 1)
    assert away == []
    assert {str(row.id) for row in rows} <= set(await waiting(db, workspace))


async def test_the_sweeper_finds_what_a_killed_worker_had_taken(
    db: Database, workspace: UUID, project: UUID
) -> None:
    rows = await add(db, workspace, project, [note(n) for n in range(3)])
    async with db.transaction(workspace) as tx:  # a worker takes them, and is never heard of again
        taken = await queue.take_captures(tx, project, most=10, most_bytes=1_000_000)
    assert {source_id for source_id, _ in taken} == {row.id for row in rows}
    assert await waiting(db, workspace) == []
    async with db.transaction(workspace) as tx:
        await tx.execute(text("UPDATE source_versions SET created_at = now() - interval '1 hour'"))
    stale = await across.neglected(db, stale_seconds=90, model=None)
    assert {(what, of, version) for what, _, of, version in stale} == {("source", row.id, 1) for row in rows}


async def test_a_capture_that_takes_long_is_not_begun_again_beside_itself(
    db: Database, workspace: UUID, project: UUID
) -> None:
    (row,) = await add(db, workspace, project, [note(1)])
    ids: dict[str, str | int] = {"source_id": str(row.id), "version": 1}
    assert not await queue.defer_if_missing(db, str(workspace), queue.CAPTURE, ids)
    ours = "args ->> 'source_id' = :s"
    async with db.transaction(workspace) as tx:
        await tx.execute(
            text(f"UPDATE procrastinate_jobs SET status = 'doing' WHERE {ours}"), {"s": str(row.id)}
        )
    assert not await queue.defer_if_missing(db, str(workspace), queue.CAPTURE, ids)
    async with db.transaction(
        workspace
    ) as tx:  # nobody reads a file for so long: its end was never written down
        await tx.execute(text("UPDATE procrastinate_events SET at = at - interval '1 hour'"))
    assert await queue.defer_if_missing(db, str(workspace), queue.CAPTURE, ids)
    async with db.transaction(workspace) as tx:  # its worker died, and another one took the job off the list
        await tx.execute(text(f"DELETE FROM procrastinate_jobs WHERE {ours}"), {"s": str(row.id)})
    assert await queue.defer_if_missing(db, str(workspace), queue.CAPTURE, ids)
    assert not await queue.defer_if_missing(db, str(workspace), queue.CAPTURE, ids)


async def test_one_that_cannot_be_written_takes_no_other_with_it(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await add(db, workspace, project, [note(n) for n in range(4)])
    insert = db_blocks.insert_all

    async def refuse(
        tx: Tx, *, project_id: UUID, state: str, blocks: Sequence[tuple[UUID, int, NewBlock]]
    ) -> None:
        if any("word2" in block.text for _, _, block in blocks):
            await tx.execute(text("SELECT 1 / 0"))
        await insert(tx, project_id=project_id, state=state, blocks=blocks)

    monkeypatch.setattr(db_blocks, "insert_all", refuse)
    with pytest.raises(Exception, match="division by zero"):
        await capturing.capture_waiting(db, workspace, rows[2].id, 1)
    done = await now(db, workspace, rows)
    assert [row.status for row in done] == ["ready", "ready", "processing", "ready"]
    monkeypatch.undo()
    await capturing.capture_waiting(db, workspace, rows[2].id, 1)
    assert (await now(db, workspace, rows))[2].status == "ready"
    await assert_counts_hold(db, workspace, project)
