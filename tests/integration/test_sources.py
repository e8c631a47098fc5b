"""Sources through the database: capture, versions, the same bytes twice, retraction, failures."""

import asyncio
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import insert, text

from proofroom.db.models import ContextEnvelope, WorkSession
from proofroom.db.sources import SourceRow
from proofroom.db.tx import EVENTS_CHANNEL, Database, Tx, libpq_url, new_id
from proofroom.domain.envelope import ContextEnvelope as Envelope
from proofroom.domain.errors import Conflict, InvalidInput, NotFound, TooLarge
from proofroom.services import sources
from proofroom.substrate import capture, search, urls
from proofroom.substrate.envelope import compose
from proofroom.substrate.extracted import Limits
from tests.unit.substrate.test_urls import ok, serving

ORBITER = """# Mars Climate Orbiter

The orbiter was launched on 11 December 1998.

## Root cause

The thruster data were in pound-force seconds, the software read newton seconds.
The factor between them is 4.45.
"""


async def add(db: Database, workspace: UUID, project: UUID, **given: Any) -> SourceRow:
    """Adds a source and captures it at once."""
    async with db.transaction(workspace) as tx:
        row = await sources.add_source(tx, project, **given)
    return await sources.capture_now(db, workspace, row.id)


async def counts(tx: Tx, project: UUID) -> tuple[dict[str, int], int, int]:
    """(document frequencies, blocks, summed length) as kept, for comparison with what the blocks say."""
    kept = await tx.execute(
        text("SELECT term, blocks FROM term_frequencies WHERE project_id = :p AND blocks <> 0"),
        {"p": project},
    )
    totals = await tx.execute(
        text("SELECT block_count, term_count FROM baskets WHERE project_id = :p"), {"p": project}
    )
    blocks, length = totals.one()
    return {str(term): int(n) for term, n in kept}, int(blocks), int(length)


async def counted(tx: Tx, project: UUID) -> tuple[dict[str, int], int, int]:
    rows = await tx.execute(
        text(
            "SELECT terms, length FROM blocks WHERE project_id = :p AND length > 0"
            " AND state IN ('accepted', 'locked')"
        ),
        {"p": project},
    )
    frequencies: dict[str, int] = {}
    blocks = length = 0
    for terms, own in rows:
        blocks, length = blocks + 1, length + own
        for term in terms:
            frequencies[term] = frequencies.get(term, 0) + 1
    return frequencies, blocks, length


async def assert_counts_hold(db: Database, workspace: UUID, project: UUID) -> None:
    async with db.transaction(workspace) as tx:
        assert await counts(tx, project) == await counted(tx, project)


async def pin(tx: Tx, workspace: UUID, member: UUID, project: UUID, composed: Envelope) -> UUID:
    """A work session with a pinned envelope; answers the envelope's id."""
    session_id, envelope_id = new_id(), new_id()
    await tx.execute(
        insert(WorkSession).values(
            workspace_id=workspace,
            id=session_id,
            project_id=project,
            title="Why it was lost",
            agent_type="research",
            task_description="Why was it lost?",
            approval_strategy="final_only",
            runtime="extractive",
            status="initialized",
            created_by=member,
        )
    )
    await tx.execute(
        insert(ContextEnvelope).values(
            workspace_id=workspace,
            id=envelope_id,
            session_id=session_id,
            iteration=1,
            body=composed.body,
            digest=composed.digest,
            receipt=dict(composed.receipt),
        )
    )
    return envelope_id


async def test_a_markdown_file_becomes_blocks_with_exact_spans(
    db: Database, workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, data=ORBITER.encode(), filename="orbiter.md")
    assert (row.status, row.failure, row.version, row.content_type) == ("ready", None, 1, "text/markdown")
    assert row.title == "Mars Climate Orbiter"
    assert row.block_count == 4
    async with db.transaction(workspace) as tx:
        content = await sources.content(tx, row.id)
    assert content["text"] == ORBITER
    shown = [
        (block["kind"], block["heading"], content["text"][block["char_start"] : block["char_end"]])
        for block in content["blocks"]
    ]
    assert shown == [
        ("heading", None, "Mars Climate Orbiter"),
        ("paragraph", "Mars Climate Orbiter", "The orbiter was launched on 11 December 1998."),
        ("heading", None, "Root cause"),
        (
            "paragraph",
            "Root cause",
            "The thruster data were in pound-force seconds, the software read newton seconds.\n"
            "The factor between them is 4.45.",
        ),
    ]
    await assert_counts_hold(db, workspace, project)


async def test_adding_defers_the_capture_and_says_so_to_listeners(
    db: Database, database: str, workspace: UUID, project: UUID
) -> None:
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as listener:
        await listener.execute(f"LISTEN {EVENTS_CHANNEL}")
        async with db.transaction(workspace) as tx:
            row = await sources.add_source(tx, project, text="A note.")
        assert row.status == "processing"
        notice = await anext(listener.notifies(timeout=20))
        assert json.loads(notice.payload) == {
            "kind": "source",
            "workspace_id": str(workspace),
            "project_id": str(project),
            "source_id": str(row.id),
        }
        job = await (await listener.execute("SELECT task_name, args FROM procrastinate_jobs")).fetchone()
    assert job == (
        "capture_source",
        {"workspace_id": str(workspace), "source_id": str(row.id), "version": 1},
    )


async def test_the_same_bytes_are_the_same_source(db: Database, workspace: UUID, project: UUID) -> None:
    first = await add(db, workspace, project, data=ORBITER.encode(), filename="a.md")
    again = await add(db, workspace, project, data=ORBITER.encode(), filename="b.md")
    assert again.id == first.id

    async def one() -> UUID:
        async with db.transaction(workspace) as tx:
            return (await sources.add_source(tx, project, text="Added by many at once.")).id

    assert len(set(await asyncio.gather(*(one() for _ in range(6))))) == 1


async def test_two_workers_with_the_same_job_write_once(db: Database, workspace: UUID, project: UUID) -> None:
    async with db.transaction(workspace) as tx:
        row = await sources.add_source(tx, project, data=ORBITER.encode(), filename="a.md")
    await asyncio.gather(*(sources.capture_source(db, workspace, row.id, 1) for _ in range(4)))
    async with db.transaction(workspace) as tx:
        done = await sources.get(tx, row.id)
    assert (done.status, done.block_count) == ("ready", 4)
    await assert_counts_hold(db, workspace, project)


async def test_a_new_version_replaces_the_old_one_in_the_search_and_keeps_it(
    db: Database, workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, data=ORBITER.encode(), filename="a.md")
    async with db.transaction(workspace) as tx:
        put = await sources.put_content(tx, row.id, data=ORBITER.replace("4.45", "4.448").encode())
        assert (put.status, put.version) == ("processing", 1)
        assert [hit.passage.version for hit in await search.search(tx, project, "factor 4.45")] == [1]
    done = await sources.capture_now(db, workspace, row.id)
    assert (done.status, done.version) == ("ready", 2)
    async with db.transaction(workspace) as tx:
        assert [hit.passage.version for hit in await search.search(tx, project, "factor between them")] == [2]
        assert not await search.search(tx, project, "4.45")
        assert "4.45" in (await sources.content(tx, row.id, 1))["text"]
        assert "4.448" in (await sources.content(tx, row.id))["text"]
        same = await sources.put_content(tx, row.id, data=ORBITER.replace("4.45", "4.448").encode())
        assert (same.version, same.status) == (2, "ready")
    await assert_counts_hold(db, workspace, project)


async def test_versions_captured_out_of_order_end_with_the_newest(
    db: Database, workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, text="The first words.")
    async with db.transaction(workspace) as tx:
        await sources.put_content(tx, row.id, text="The second words.")
        await sources.put_content(tx, row.id, text="The third words.")
    await sources.capture_source(db, workspace, row.id, 3)
    await sources.capture_source(db, workspace, row.id, 2)
    async with db.transaction(workspace) as tx:
        assert (await sources.get(tx, row.id)).version == 3
        assert [hit.passage.text for hit in await search.search(tx, project, "words")] == ["The third words."]
    await assert_counts_hold(db, workspace, project)


async def test_a_new_version_that_cannot_be_read_leaves_the_old_one_in_use(
    db: Database, workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, data=ORBITER.encode(), filename="a.md")
    async with db.transaction(workspace) as tx:
        await sources.put_content(tx, row.id, data=b"\x89PNG\r\n\x1a\n" + bytes(100))
    done = await sources.capture_now(db, workspace, row.id)
    assert (done.status, done.version) == ("failed", 1)
    assert done.failure is not None
    assert done.failure["code"] == "unsupported_type"
    assert "Version 1 stays in use." in done.failure["message"]
    async with db.transaction(workspace) as tx:
        assert await search.search(tx, project, "factor")


async def test_retracting_lists_what_rests_on_a_source_and_takes_it_out_of_the_search(
    db: Database, member: tuple[UUID, UUID], workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, data=ORBITER.encode(), filename="a.md")
    other = await add(db, workspace, project, text="Something else about thruster data.")
    async with db.transaction(workspace) as tx:
        composed = await compose(tx, project, "thruster data", source_ids=[row.id])
        envelope_id = await pin(tx, workspace, member[1], project, composed)
    async with db.transaction(workspace) as tx:
        rests = await sources.retract(tx, row.id, reason="The agency withdrew it.")
        assert [item["envelope_id"] for item in rests.envelopes] == [envelope_id]
        assert [item["title"] for item in rests.sessions] == ["Why it was lost"]
        assert not (await sources.dependents(tx, other.id)).envelopes
    async with db.transaction(workspace) as tx:
        assert [hit.passage.source_id for hit in await search.search(tx, project, "thruster")] == [
            str(other.id)
        ]
        assert (await sources.get(tx, row.id)).retracted_at is not None
        with pytest.raises(Conflict) as twice:
            await sources.retract(tx, row.id, reason="Again.")
        with pytest.raises(Conflict) as put:
            await sources.put_content(tx, row.id, text="New words.")
    assert {twice.value.code, put.value.code} == {"source_retracted"}
    await assert_counts_hold(db, workspace, project)
    again = await add(db, workspace, project, data=ORBITER.encode(), filename="a.md")
    assert again.id != row.id


async def test_retracting_while_the_capture_runs_keeps_its_blocks_out(
    db: Database, workspace: UUID, project: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        row = await sources.add_source(tx, project, text="Withdrawn before it was read.")
        await sources.retract(tx, row.id, reason="A mistake.")
    await sources.capture_source(db, workspace, row.id, 1)
    async with db.transaction(workspace) as tx:
        assert not await search.search(tx, project, "withdrawn")
    await assert_counts_hold(db, workspace, project)


async def test_what_a_caller_can_get_wrong(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: list[tuple[dict[str, Any], type[Exception], str, str | None]] = [
        ({}, InvalidInput, "one_content", "text"),
        ({"text": "a", "url": "https://example.org"}, InvalidInput, "one_content", "text"),
        ({"text": " \n"}, InvalidInput, "empty_text", "text"),
        ({"url": "http://127.0.0.1/"}, InvalidInput, "url_not_allowed", "url"),
        ({"data": b"x" * 33}, TooLarge, "file_too_large", None),
    ]
    monkeypatch.setattr(capture, "DEFAULT_LIMITS", Limits(file_bytes=32))
    async with db.transaction(workspace) as tx:
        for given, family, code, field in cases:
            with pytest.raises(family) as caught:
                await sources.add_source(tx, project, **given)
            assert getattr(caught.value, "code", None) == code
            assert getattr(caught.value, "field", None) == field
        with pytest.raises(NotFound) as project_gone:
            await sources.add_source(tx, new_id(), text="a")
        with pytest.raises(NotFound) as source_gone:
            await sources.get(tx, new_id())
        row = await sources.add_source(tx, project, text="a word")
        with pytest.raises(Conflict) as early:
            await sources.content(tx, row.id)
        with pytest.raises(NotFound) as version_gone:
            await sources.content(tx, row.id, 7)
        with pytest.raises(InvalidInput) as no_reason:
            await sources.retract(tx, row.id, reason=" ")
    assert [e.value.code for e in (project_gone, source_gone, early, version_gone, no_reason)] == [
        "project_not_found",
        "source_not_found",
        "not_captured",
        "version_not_found",
        "reason_missing",
    ]


async def test_a_file_name_is_only_a_label(
    db: Database, workspace: UUID, project: UUID, tmp_path: Path
) -> None:
    row = await add(
        db,
        workspace,
        project,
        data=b"Some words.",
        filename="../../etc/\u202epass\x00wd\u2066.txt",
        title=None,
    )
    assert (row.filename, row.title) == ("passwd.txt", "passwd.txt")


@pytest.mark.parametrize(
    ("data", "filename", "code"),
    [
        (b"", "empty.txt", "empty_file"),
        (b"\xef\xbb\xbf \n", "bom.txt", "empty_file"),
        (b"PK\x03\x04" + bytes(64) + b"word/document.xml", "a.docx", "unreadable_file"),
        (b"PK\x03\x04" + bytes(64), "bomb.zip", "unreadable_file"),
        (bytes(range(256)) * 64, "junk.txt", "unreadable_file"),
        (b"%PDF-1.7\n1 0 obj\n<< /Type", "cut.pdf", "unreadable_file"),
        (b",".join(b"a%d" % n for n in range(1_000_000)), "wide.csv", "table_too_large"),
    ],
)
async def test_a_bad_file_is_a_failed_source_with_a_reason(
    db: Database, workspace: UUID, project: UUID, data: bytes, filename: str, code: str
) -> None:
    row = await add(db, workspace, project, data=data, filename=filename)
    assert row.status == "failed"
    assert row.failure is not None
    assert row.failure["code"] == code
    assert row.failure["message"]
    assert row.failure["hint"]
    good = await add(db, workspace, project, text="The next one is read all the same.")
    assert good.status == "ready"


async def test_a_failed_source_is_tried_again_when_the_same_bytes_come(
    db: Database, workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, data=b"\x89PNG\r\n\x1a\n" + bytes(50), filename="a.png")
    async with db.transaction(workspace) as tx:
        again = await sources.add_source(tx, project, data=b"\x89PNG\r\n\x1a\n" + bytes(50))
    assert (again.id, again.status, again.failure) == (row.id, "processing", None)


async def test_what_could_not_be_read_is_tried_again_on_request_from_the_bytes_that_are_kept(
    db: Database, workspace: UUID, project: UUID
) -> None:
    row = await add(db, workspace, project, data=b"\x89PNG\r\n\x1a\n" + bytes(50), filename="a.png")
    good = await add(db, workspace, project, text="The words of a source that is ready.")
    async with db.transaction(workspace) as tx:
        again = await sources.retry(tx, row.id)
        assert (again.status, again.failure) == ("processing", None)
        assert await sources.retry(tx, good.id) == await sources.get(tx, good.id)
    assert (await sources.capture_now(db, workspace, row.id)).status == "failed"
    async with db.transaction(workspace) as tx:
        await sources.retract(tx, good.id, reason="Not needed.")
        with pytest.raises(Conflict) as retracted:
            await sources.retry(tx, good.id)
        with pytest.raises(NotFound):
            await sources.retry(tx, new_id())
    assert retracted.value.code == "source_retracted"


async def test_another_workspace_cannot_reach_a_source(db: Database, workspace: UUID, project: UUID) -> None:
    from tests.integration.conftest import make_workspace

    row = await add(db, workspace, project, text="Nobody else's words.")
    stranger, _ = await make_workspace(db, "Other")
    async with db.transaction(stranger) as tx:
        with pytest.raises(NotFound):
            await sources.get(tx, row.id)
        assert not await search.search(tx, project, "words")


async def test_a_url_becomes_a_source_and_its_bytes_are_kept(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"<html><head><title>The page</title></head><body><p>Words of the page.</p></body></html>"
    async with serving(page=ok(page)) as server:
        monkeypatch.setattr(sources.urls, "fetch", partial(urls.fetch, policy=server.policy()))
        row = await add(db, workspace, project, url=server.url("/page"))
        gone = await add(db, workspace, project, url=server.url("/gone"))
    assert (row.status, row.title, row.origin, row.byte_size) == ("ready", "The page", "url", len(page))
    assert row.sha256 == hashlib.sha256(page).hexdigest()
    assert gone.status == "failed"
    assert gone.failure is not None
    assert (gone.failure["code"], "404" in gone.failure["message"]) == ("url_failed", True)
    async with serving(gone=ok(page)) as server:
        monkeypatch.setattr(sources.urls, "fetch", partial(urls.fetch, policy=server.policy()))
        async with db.transaction(workspace) as tx:
            await sources.put_content(tx, gone.id, url=server.url("/gone"))
            await tx.execute(text("UPDATE sources SET status = 'failed' WHERE id = :i"), {"i": gone.id})
            await sources.retry(tx, gone.id)
        back = await sources.capture_now(db, workspace, gone.id)
    assert (back.status, back.version, back.failure) == ("ready", 3, None)
    async with db.transaction(workspace) as tx:
        found = [hit.block.source_id for hit in await search.search(tx, project, "words")]
    assert set(found) == {row.id, back.id}, "two addresses are two sources, whatever stands there"
