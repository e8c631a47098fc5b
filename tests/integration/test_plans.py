"""What the database reads for a search, a capture, a session: little of what is there, with statistics and without."""

from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text

from proofroom.db import artifacts, inbox, policies, retrieval, work_sessions
from proofroom.db import blocks as db_blocks
from proofroom.db import sources as db_sources
from proofroom.db.blocks import NewBlock
from proofroom.db.retrieval import Filters
from proofroom.db.tx import Database, Tx, libpq_url, new_id
from proofroom.services import capturing, sources, views
from proofroom.substrate import search, terms
from proofroom.substrate.envelope import compose
from tests.integration.rooms import FINDING, FINISH, Room

SOURCES, EACH = 20, 150
BLOCKS = SOURCES * EACH
FILLER = " ".join(
    f"filler{n}" for n in range(60)
)  # so that a block's index entry does not lie beside its row


@pytest_asyncio.fixture
async def large(db: Database, database: str, workspace: UUID, project: UUID) -> AsyncIterator[UUID]:
    """A project right after its capture: 3,000 passages that the planner knows nothing of."""
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as owner:
        for table in ("blocks", "sources", "source_versions", "term_frequencies"):
            await owner.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")  # type: ignore[arg-type]
    async with db.transaction(workspace) as tx:
        for n in range(SOURCES):
            source = new_id()
            made: list[NewBlock] = []
            for at in range(EACH):
                said = f"Pump {n * EACH + at} of group{at % 10} runs. {FILLER}"
                made.append(
                    NewBlock(new_id(), at, "paragraph", at, at + 1, None, None, said, terms.count(said))
                )
            await db_sources.add(
                tx, id=source, project_id=project, title=f"S{n}", origin="text", status="ready", version=1
            )
            await db_sources.add_version(
                tx, source_id=source, version=1, project_id=project, status="ready", text="", block_count=EACH
            )
            await db_blocks.insert_all(
                tx, project_id=project, state="accepted", blocks=[(source, 1, block) for block in made]
            )
            await db_blocks.count_in(tx, project, [(source, 1)])
    yield project


async def rows_read(tx: Tx, *tables: str) -> int:
    """Rows of these tables (`blocks`) that this connection has read, by whatever scan, since it last told the
    statistics. What an index led to is counted with the index."""
    found = await tx.execute(
        text(
            "SELECT sum(pg_stat_get_xact_tuples_returned(t::regclass) + pg_stat_get_xact_tuples_fetched(t::regclass)"
            " + (SELECT sum(pg_stat_get_xact_tuples_fetched(i.indexrelid)) FROM pg_index i"
            "    WHERE i.indrelid = t::regclass)) FROM unnest(CAST(:tables AS text[])) t"
        ),
        {"tables": list(tables or ("blocks",))},
    )
    return int(found.scalar_one())


async def analyze(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as owner:
        await owner.execute("ANALYZE")


async def test_a_search_reads_its_candidates_and_no_more(
    db: Database, database: str, workspace: UUID, large: UUID
) -> None:
    for known in (False, True):
        if known:
            await analyze(database)
        for n in range(8):  # from the sixth time on a prepared statement may get a plan for any parameters
            async with db.transaction(workspace) as tx:
                before = await rows_read(tx)
                assert len(await search.ranked(tx, large, f"group{n}", 5)) == 5
                assert await rows_read(tx) - before <= 3 * BLOCKS / 10, known


async def test_words_of_most_passages_bring_in_only_so_many(
    db: Database, workspace: UUID, large: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_OF_COMMON", 500)
    async with db.transaction(workspace) as tx:
        before = await rows_read(tx)
        rows = await search.ranked(tx, large, "pump 2222", 5)
        assert rows[0].text.startswith("Pump 2222 ")  # what the rare word finds is looked at in any case
        assert len(rows) == 5
        assert await rows_read(tx) - before <= 1_200
    async with db.transaction(workspace) as tx:  # a search in one source looks at all of it
        source = rows[0].source_id
        assert len(await search.ranked(tx, large, "pump", 900, [source])) == EACH


async def test_both_scores_and_the_rows_are_read_by_key(
    db: Database, database: str, workspace: UUID, large: UUID
) -> None:
    for analyzed in (False, True):
        if analyzed:
            await analyze(database)
        async with db.transaction(workspace) as tx:
            ids = [row.block_id for row in await search.ranked(tx, large, "group3", 40)]
            before = await rows_read(tx)
            known = dict.fromkeys(ids[:20], 1.0)
            weights = retrieval.Weights({"group3": 1.0}, 60.0, 1.2, 0.75)
            both = await retrieval.scores(
                tx, known, dict.fromkeys(ids[20:], 0.5), weights=weights, vector=[0.1] * 384, model="none"
            )
            assert {one.cosine for one in both} == {None, 0.5}
            assert all(one.text > 0 for one in both)
            assert len(await db_blocks.by_ids(tx, ids, in_use=True)) == 40
            assert await rows_read(tx) - before <= 4 * 40, analyzed


async def test_a_context_does_not_look_at_approved_work_that_nobody_accepted(
    db: Database, workspace: UUID, large: UUID
) -> None:
    """Every session that completes leaves a source; the next one's context costs the same."""
    tables = ("sources", "source_versions", "blocks")
    read: list[int] = []
    for more in (0, 500):
        async with db.transaction(workspace) as tx:
            for n in range(more):
                source, said = new_id(), f"Finding {n} on group7."
                await db_sources.add(
                    tx,
                    id=source,
                    project_id=large,
                    title=f"F{n}",
                    origin="artifact",
                    status="ready",
                    version=1,
                )
                await db_sources.add_version(
                    tx,
                    source_id=source,
                    version=1,
                    project_id=large,
                    status="ready",
                    text=said,
                    block_count=1,
                )
                block = NewBlock(new_id(), 0, "paragraph", 0, len(said), None, None, said, terms.count(said))
                await db_blocks.insert_all(
                    tx, project_id=large, state="proposed", blocks=[(source, 1, block)]
                )
        async with db.transaction(workspace) as tx:
            before = await rows_read(tx, *tables)
            await compose(tx, large, "group7", token_budget=2_000)
            read.append(await rows_read(tx, *tables) - before)
    assert read[1] - read[0] <= 50, read


async def test_a_capture_counts_its_own_blocks_only(
    db: Database, database: str, workspace: UUID, large: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        rows = await sources.add_sources(
            tx, large, [sources.Given(text=f"A new note {n}.\n\nAnd more of it.") for n in range(30)]
        )
    await db.dispose()  # its connection tells what it read when it ends
    one = Database(database, pool_size=1, max_overflow=0)

    async def told() -> int:
        """Rows of `blocks` read so far by connections that ended and by this one."""
        async with one.transaction(workspace) as tx:
            await tx.execute(text("SELECT pg_stat_force_next_flush()"))
        async with one.transaction(workspace) as tx:
            found = await tx.execute(
                text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'blocks'")
            )
            return int(found.scalar_one())

    try:
        while True:
            async with one.transaction(workspace) as tx:
                others = await tx.execute(
                    text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                )
                if others.scalar_one() == 1:
                    break
        before = await told()
        await capturing.capture_waiting(one, workspace, rows[0].id, 1)
        assert await told() - before <= 20 * 30
        async with one.transaction(workspace) as tx:
            done = await db_sources.several(tx, [row.id for row in rows])
            assert {row.status for row in done.values()} == {"ready"}
    finally:
        await one.dispose()


async def test_an_envelope_of_a_large_project_does_not_read_it_to_count_it(
    db: Database, workspace: UUID, large: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        before = await rows_read(tx)
        composed = await compose(tx, large, "group7", token_budget=2_000)
        assert composed.receipt["counts"]["in_scope"] == BLOCKS
        assert await rows_read(tx) - before <= 5 * BLOCKS / 10
        assert await db_blocks.live_count(tx, large) == (await db_blocks.live_size(tx, large))[0]
        assert (await search.hybrid(tx, large, "group7", 3, Filters())).rows


HISTORY = 3_000


@pytest_asyncio.fixture
async def past(room: Room, database: str) -> AsyncIterator[Room]:
    """A project with 3,000 sessions that were signed, written at once, and one more that really was."""
    done = await room.file(room.script(FINDING, FINISH))
    await room.gates(done)
    async with await psycopg.AsyncConnection.connect(libpq_url(database)) as owner:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(
            "CREATE TEMP TABLE copies AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, %s) n",
            (HISTORY,),
        )
        for table in ("work_sessions", "work_checkpoints"):
            await owner.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")  # type: ignore[arg-type]
            found = await owner.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s",
                (table,),
            )
            columns = [str(row[0]) for row in await found.fetchall()]
            own = "id" if table == "work_sessions" else "session_id"
            values = ", ".join(
                "c.id" if name == own else "gen_random_uuid()" if name == "id" else f"t.{name}"
                for name in columns
            )
            await owner.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t, copies c"  # type: ignore[arg-type]
                f" WHERE t.{own} = %s",
                (done,),
            )
    yield room


async def test_a_session_finds_its_own_rows_however_many_there_were_before(past: Room, database: str) -> None:
    tables = ("work_sessions", "work_checkpoints")
    for known in (False, True):
        if known:
            await analyze(database)
        session = await past.file(past.script(FINDING, FINISH))
        await past.gates(session)
        for _ in range(8):  # from the sixth time on a prepared statement may get a plan for any parameters
            async with past.db.transaction(past.actor.workspace_id) as tx:
                before = await rows_read(tx, *tables)
                row = await work_sessions.get(tx, session)
                await views.status(tx, row)
                await policies.overturned(tx, row.project_id, row.agent_type, 20)
                await artifacts.person_authors(tx, session)
                assert await rows_read(tx, *tables) - before < 200, known
                listed = await work_sessions.page(tx, project_id=row.project_id, limit=50)
                await views.sessions(tx, past.parts.catalog, listed)
                assert not await work_sessions.page(tx, project_id=row.project_id, statuses=["failed"])
                assert not await work_sessions.page(tx, external_ref="nobody's")
                wanted = inbox.Wanted(now=await work_sessions.now(tx), status="approved")
                decided = await inbox.page(tx, wanted, inbox.Order("opened_at", descending=True))
                assert len(decided) == len(listed) == 50
                assert await rows_read(tx, *tables) - before < 1_000, known


async def test_how_the_last_reviews_of_a_kind_went_is_read_without_the_others(
    past: Room, database: str
) -> None:
    """Whether there were thousands of its kind or none, and before and after the database has statistics."""
    async with past.db.transaction(past.actor.workspace_id) as tx:
        (row,) = await work_sessions.page(tx, project_id=past.project_id, limit=1)
    for known in (False, True):
        if known:
            await analyze(database)
        for kind in (row.agent_type, "content"):
            for _ in range(8):
                async with past.db.transaction(past.actor.workspace_id) as tx:
                    before = await rows_read(tx, "work_sessions", "work_checkpoints")
                    await policies.overturned(tx, row.project_id, kind, 20)
                    assert await rows_read(tx, "work_sessions", "work_checkpoints") - before <= 25, kind


async def test_a_checkpoint_has_the_kind_of_its_session_whoever_opens_it(room: Room) -> None:
    """A worker of the release before names none."""
    row = await room.run(room.script(FINDING, FINISH))
    assert (await room.waiting(row.id)).agent_type == row.agent_type
