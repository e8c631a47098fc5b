"""Search by meaning with the real model: vectors follow the blocks, and the index says how far it is."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text

from proofroom import queue
from proofroom.db import blocks as db_blocks
from proofroom.db import embeddings, retrieval
from proofroom.db.retrieval import Filters
from proofroom.db.tx import Database, Tx, libpq_url
from proofroom.engine.indexer import Indexer
from proofroom.services import indexing, sources
from proofroom.substrate import embedder, search
from proofroom.substrate.embedder import Choice, MiniLM
from tests.integration.conftest import make_project, make_workspace
from tests.integration.test_sources import add

NOTES = {
    "cats": "Felines sleep for most of the day.",
    "rates": "The central bank raised its key interest rate to curb inflation.",
    "orbit": "The spacecraft was lost during orbit insertion around Mars.",
    "bread": "Knead the dough for ten minutes and let it rise overnight.",
}


class Other:
    """The same vectors under another name: a model of another release."""

    model = "other@000000000000"
    dimension = embedder.DIMENSION

    def __init__(self, own: MiniLM) -> None:
        self._own = own

    def embed(self, texts: Sequence[str]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return self._own.embed(texts)


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture(autouse=True)
def on(minilm: MiniLM) -> Iterator[None]:
    embedder.use(Choice("on", minilm))
    yield
    embedder.use(None)


@pytest_asyncio.fixture
async def ids(db: Database, workspace: UUID, project: UUID) -> AsyncIterator[dict[str, UUID]]:
    yield {
        name: (await add(db, workspace, project, text=words, title=name)).id for name, words in NOTES.items()
    }


async def find(
    db: Database, workspace: UUID, project: UUID, query: str, mode: search.Mode = "hybrid", **filters: object
) -> tuple[list[str], search.Found]:
    async with db.transaction(workspace) as tx:
        found = await search.hybrid(tx, project, query, 10, Filters(**filters), mode)  # pyright: ignore[reportArgumentType]
    return [row.source_title for row in found.rows], found


async def vectors(db: Database, workspace: UUID) -> int:
    async with db.transaction(workspace) as tx:
        return int((await tx.execute(text("SELECT count(*) FROM block_embeddings"))).scalar_one())


async def test_words_find_at_once_and_meaning_follows(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID]
) -> None:
    names, found = await find(db, workspace, project, "inflation")
    assert names == ["rates"]
    assert (found.index.state, found.index.mode, found.index.embedded, found.index.blocks) == (
        "building", "text", 0, 4,
    )  # fmt: skip
    assert "0 of 4" in found.index.message
    names, _ = await find(db, workspace, project, "monetary policy")
    assert names == []
    seen: list[int] = []
    assert await indexing.embed_project(db, workspace, project, report=seen.append) is False
    assert sum(seen) == 4
    names, found = await find(db, workspace, project, "monetary policy")
    assert names[0] == "rates"
    assert (found.index.state, found.index.mode, found.index.message) == ("complete", "hybrid", "")
    assert found.matched[found.rows[0].block_id] == ("meaning",)
    names, found = await find(db, workspace, project, "kitten naps", mode="vector")
    assert names[0] == "cats"
    assert found.index.mode == "vector"
    names, found = await find(db, workspace, project, "kitten naps", mode="text")
    assert (names, found.index.mode) == ([], "text")


async def test_a_passage_without_a_vector_yet_ranks_by_its_words(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID]
) -> None:
    await indexing.embed_project(db, workspace, project)
    await add(db, workspace, project, text="Inflation fell for the third month.", title="new")
    names, found = await find(db, workspace, project, "inflation fell")
    assert names[0] == "new"
    assert found.index.state == "building"
    assert (found.index.embedded, found.index.blocks) == (4, 5)


async def test_vectors_are_those_of_passages_in_use(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID]
) -> None:
    await indexing.embed_project(db, workspace, project)
    async with db.transaction(workspace) as tx:
        await sources.retract(tx, ids["cats"], reason="Wrong.")
        await sources.put_content(
            tx, ids["bread"], text="Wash the rice until the water is clear.", defer=False
        )
    await sources.capture_now(db, workspace, ids["bread"])
    assert await vectors(db, workspace) == 2
    for query in (NOTES["cats"], NOTES["bread"]):
        for mode in ("hybrid", "vector", "text"):
            _, found = await find(db, workspace, project, query, mode)
            assert not {NOTES["cats"], NOTES["bread"]} & {row.text for row in found.rows}
    await indexing.embed_project(db, workspace, project)
    names, found = await find(db, workspace, project, "cooking grains", mode="vector")
    assert names[0] == "bread"
    assert found.index.state == "complete"
    async with db.transaction(workspace) as tx:
        await tx.execute(text("DELETE FROM blocks WHERE source_id = :id"), {"id": ids["orbit"]})
    assert await vectors(db, workspace) == 2
    # On request: by words, and it says so.
    names, found = await find(db, workspace, project, "felines", states=["rejected"])
    assert names == ["cats"]
    assert (found.index.mode, found.index.message) == (
        "text", "Only passages in use have vectors: words alone decided here.",
    )  # fmt: skip
    names, _ = await find(db, workspace, project, "dough", states=["superseded"])
    assert names == ["bread"]


async def test_nothing_of_other_projects_and_workspaces_is_found(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID]
) -> None:
    stranger, _ = await make_workspace(db, "Strangers")
    theirs, second = await make_project(db, stranger), await make_project(db, workspace, "Second")
    await add(db, stranger, theirs, text="A kitten naps on the sofa.", title="theirs")
    await add(db, workspace, second, text="A kitten naps in the sun.", title="second")
    for at, where in ((stranger, theirs), (workspace, second), (workspace, project)):
        await indexing.embed_project(db, at, where)
    names, _ = await find(db, workspace, project, "a kitten naps", mode="vector")
    assert names == ["cats"]
    names, _ = await find(db, stranger, theirs, "a kitten naps", mode="vector")
    assert names == ["theirs"]
    names, _ = await find(db, stranger, project, "a kitten naps", mode="vector")
    assert names == []


async def test_the_index_that_is_read_on_finds_what_comparing_with_all_finds(
    db: Database,
    workspace: UUID,
    project: UUID,
    ids: dict[str, UUID],
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[bool] = []  # with every vector
    real = retrieval.by_meaning

    async def watched(*given: Any, exact: bool, **more: Any) -> list[list[tuple[UUID, float]]]:
        compared.append(exact)
        return await real(*given, exact=exact, **more)

    monkeypatch.setattr(retrieval, "by_meaning", watched)
    second = await make_project(db, workspace, "Second")
    for n in range(60):
        await add(db, workspace, second, text=f"A kitten naps in the sun on day {n}.", title=f"day {n}")
    await indexing.embed_project(db, workspace, project)
    await indexing.embed_project(db, workspace, second)
    query = "a kitten naps, bread dough rises, interest rates, a spacecraft in orbit"
    exact, _ = await find(db, workspace, project, query, mode="vector")
    assert len(exact) == 4
    monkeypatch.setattr(search, "EXACT_BLOCKS", 0)
    assert (await find(db, workspace, project, query, mode="vector"))[0] == exact
    only, _ = await find(db, workspace, project, query, mode="vector", source_ids=[ids["bread"]])
    assert only == ["bread"]
    assert compared == [True, False, False]

    # A few that a filter admits are compared, and so is a project that is little of all that the index holds.
    with psycopg.connect(libpq_url(database)) as connection:
        connection.execute("ANALYZE block_embeddings")
    monkeypatch.setattr(search, "EXACT_BLOCKS", 3)
    assert (await find(db, workspace, project, query, mode="vector"))[0] == exact
    await find(db, workspace, second, query, mode="vector")
    await find(db, workspace, second, query, mode="vector", source_ids=[])
    await find(db, workspace, second, query, mode="vector", kinds=["heading"])
    assert compared[3:] == [True, False, True]


async def test_vectors_of_another_model_are_refused_and_made_anew(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], minilm: MiniLM
) -> None:
    embedder.use(Choice("on", Other(minilm)))
    await indexing.embed_project(db, workspace, project)
    embedder.use(Choice("on", minilm))
    names, found = await find(db, workspace, project, "kitten naps", mode="vector")
    assert names == []
    assert (found.index.state, found.index.mode, found.index.embedded) == ("other_model", "text", 0)
    async with db.transaction(workspace) as tx:
        one = await embeddings.claim(tx, project, minilm.model, after=None, limit=1)
        await embeddings.write(tx, project, minilm.model, [one[0][0]], minilm.embed([one[0][3]]).tolist())
    names, found = await find(db, workspace, project, NOTES["bread"], mode="vector")
    assert names == ["bread"]
    assert (found.index.state, found.index.embedded) == ("other_model", 1)
    async with db.transaction(workspace) as tx:
        now = await indexing.rebuild(tx, project)
        assert (now.state, now.embedded) == ("building", 1)
        assert (
            await tx.execute(
                text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'embed_project'")
            )
        ).scalar()
    assert await indexing.embed_project(db, workspace, project) is False
    assert (await find(db, workspace, project, "kitten naps", mode="vector"))[0][0] == "cats"


async def test_two_workers_embed_each_passage_once(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    done: list[int] = []
    await asyncio.gather(
        *(indexing.embed_project(db, workspace, project, report=done.append) for _ in range(2))
    )
    assert sum(done) == 4
    assert (await find(db, workspace, project, "cats"))[1].index.state == "complete"


async def test_a_worker_does_not_ask_on_and_on_for_passages_that_another_holds(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID]
) -> None:
    async with db.transaction(workspace) as tx:
        held = await embeddings.claim(tx, project, embedder.MODEL, after=None, limit=1)
        done: list[int] = []
        assert await indexing.embed_project(db, workspace, project, report=done.append) is False
        assert (len(held), sum(done)) == (1, 3)
    assert await indexing.embed_project(db, workspace, project, report=done.append) is False
    assert sum(done) == 4
    assert (await find(db, workspace, project, "cats"))[1].index.state == "complete"


async def test_a_project_that_becomes_complete_while_a_capture_waits_is_worked_on_again(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finished the vectors is gone by then: the capture must send for somebody, not the sweeper later."""
    async with db.transaction(workspace) as tx:
        source = await sources.add_source(tx, project, text="A kitten naps.", title="late", defer=False)
        await tx.execute(text("DELETE FROM procrastinate_jobs"))
    waits = asyncio.Event()
    real = db_blocks.lock_counts

    async def told(tx: Tx, project_id: UUID) -> None:
        waits.set()
        await real(tx, project_id)

    async with db.transaction(workspace) as tx:
        await real(tx, project)
        monkeypatch.setattr(db_blocks, "lock_counts", told)
        capture = asyncio.create_task(sources.capture_now(db, workspace, source.id))
        await waits.wait()
        await tx.execute(text("UPDATE baskets SET vectors_model = :m"), {"m": embedder.MODEL})
    assert (await capture).status == "ready"
    async with db.transaction(workspace) as tx:
        jobs = await tx.execute(text("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'"))
        assert jobs.scalars().all() == [queue.EMBED]


async def test_it_is_gone_on_with_where_a_worker_stopped(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    first = asyncio.Event()
    job = asyncio.create_task(indexing.embed_project(db, workspace, project, report=lambda _: first.set()))
    await first.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    before = await vectors(db, workspace)
    assert 1 <= before < 4
    done: list[int] = []
    await indexing.embed_project(db, workspace, project, report=done.append)
    assert sum(done) == 4 - before


async def test_the_indexer_works_on_what_it_is_told_in_turn(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    second = await make_project(db, workspace, "Second")
    await add(db, workspace, second, text="A kitten naps.", title="second")
    order: list[UUID] = []
    real = indexing.embed_project

    async def watched(db: Database, workspace_id: UUID, project_id: UUID, *, seconds: float) -> bool:
        order.append(project_id)
        left = await real(db, workspace_id, project_id, seconds=seconds)
        if not left and {project, second} <= set(order):
            finished.set()
        return left

    finished = asyncio.Event()
    monkeypatch.setattr(indexing, "embed_project", watched)
    indexer = Indexer(db, slice_seconds=0)
    indexer.want(workspace, project)
    indexer.want(workspace, second)
    task = asyncio.create_task(indexer.run())
    async with asyncio.timeout(60):
        while await vectors(db, workspace) < 5:
            finished.clear()
            await finished.wait()
    task.cancel()
    assert order[:3] == [project, second, project]


class Broken(Other):
    def embed(self, texts: Sequence[str]) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        raise RuntimeError("no memory")


async def test_an_embedder_that_fails_is_done_without(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], minilm: MiniLM
) -> None:
    embedder.use(Choice("on", Other(minilm)))
    await indexing.embed_project(db, workspace, project)
    embedder.use(Choice("on", Broken(minilm)))
    names, found = await find(db, workspace, project, "inflation")
    assert names == ["rates"]
    assert (found.index.state, found.index.mode) == ("unavailable", "text")
    assert found.index.message == "Search by meaning failed: RuntimeError. Words alone decide."
    embedder.use(Choice("on", Broken(minilm)))
    await add(db, workspace, project, text="One more.", title="more")
    assert await indexing.embed_project(db, workspace, project) is False


@pytest.mark.parametrize(
    ("chosen", "state"),
    [
        (Choice("off", None, "Search by meaning is switched off (PROOFROOM_EMBEDDER)."), "off"),
        (Choice("unavailable", None, "Search by meaning is not available: no file."), "unavailable"),
    ],
)
async def test_without_an_embedder_words_decide_and_it_says_so(
    db: Database, workspace: UUID, project: UUID, ids: dict[str, UUID], chosen: Choice, state: str
) -> None:
    await indexing.embed_project(db, workspace, project)
    embedder.use(chosen)
    names, found = await find(db, workspace, project, "inflation", mode="vector")
    assert names == ["rates"]
    assert (found.index.state, found.index.mode, found.index.model) == (state, "text", None)
    assert chosen.message in found.index.message
    assert await indexing.embed_project(db, workspace, project) is False
