"""How long a search and an envelope take in a project of 100,000 passages.

    python bench/search.py [--blocks N] [--queries N] [--small-projects N] [--small-blocks N] [--documents N]

Text and vectors are synthetic: words by Zipf's law (`synthetic.py`), unit vectors around a thousand centres. They say
nothing, so this measures time and never quality. Passages are written by the product's own functions; so are their
vectors, with the HNSW index made anew afterwards, because adding 100,000 vectors one by one takes very long.

Prints p50 and p95 of searches right after the load (the database has no statistics yet) and after ANALYZE, beside a
plain pgvector query and plain `ts_rank` on the same rows; of composing an envelope; of searches in small projects
beside the large one; and of four searches at a time while a worker captures 1,000 documents. Exits 1 when a bar is
missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy import insert

from proofroom.db import blocks as db_blocks
from proofroom.db import embeddings
from proofroom.db import sources as db_sources
from proofroom.db.blocks import NewBlock
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Project, Workspace
from proofroom.db.tx import Database, libpq_url, new_id
from proofroom.domain.envelope import EnvelopeObligation
from proofroom.services import sources
from proofroom.substrate import embedder, search, terms
from proofroom.substrate.envelope import compose

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import Writer

BARS = {"search p50": 60.0, "search p95": 150.0, "envelope p50": 250.0}
PER_SOURCE = 200
DIMENSION = 384


class Vectors:
    """Unit vectors around a thousand centres."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(4)
        self.centres = self._unit(self.rng.standard_normal((1_000, DIMENSION), dtype=np.float32))

    def some(self, n: int) -> list[list[float]]:
        noise = self.rng.standard_normal((n, DIMENSION), dtype=np.float32) * 0.04
        return self._unit(self.centres[self.rng.integers(0, 1_000, n)] + noise).tolist()

    @staticmethod
    def _unit(rows: Any) -> Any:
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


async def make_project(db: Database, workspace: UUID, name: str) -> UUID:
    project = new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name=name))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    return project


async def load(
    db: Database, workspace: UUID, project: UUID, blocks: int, writer: Writer, vectors: Vectors
) -> None:
    """Writes a project of so many passages, 200 a source, as a capture writes them."""
    for at in range(0, blocks, PER_SOURCE):
        made: list[NewBlock] = []
        place = 0
        for n in range(min(PER_SOURCE, blocks - at)):
            text = writer.paragraph(writer.rng.randint(150, 700))
            made.append(
                NewBlock(
                    new_id(), n, "paragraph", place, place + len(text), None, None, text, terms.count(text)
                )
            )
            place += len(text) + 2
        source = new_id()
        async with db.transaction(workspace) as tx:
            await db_sources.add(
                tx,
                id=source, project_id=project, title=f"Source {at}", origin="file", filename=f"{at}.txt",
                status="ready", version=1,
            )  # fmt: skip
            await db_sources.add_version(
                tx,
                source_id=source, version=1, project_id=project, status="ready", content_type="text/plain",
                text="\n\n".join(block.text for block in made), byte_size=place, block_count=len(made),
            )  # fmt: skip
            await db_blocks.insert_all(
                tx, project_id=project, state="accepted", blocks=[(source, 1, block) for block in made]
            )
            await db_blocks.lock_counts(tx, project)
            await db_blocks.count_in(tx, project, [(source, 1)])
            await embeddings.write(tx, project, embedder.MODEL, [b.id for b in made], vectors.some(len(made)))
    async with db.transaction(workspace) as tx:
        await embeddings.complete(tx, project, embedder.MODEL)


TABLES = ("blocks", "block_embeddings", "sources", "source_versions", "term_frequencies")


async def load_all(
    db: Database, owner: psycopg.Connection[Any], given: argparse.Namespace, writer: Writer
) -> tuple[UUID, list[UUID]]:
    """(workspace, the large project and the small ones). Half of the small ones are older than the large one."""
    for name in TABLES:
        owner.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")  # statistics only when we say so
    owner.execute("DROP INDEX block_embeddings_hnsw")
    workspace, vectors = new_id(), Vectors()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
    start = time.perf_counter()
    large = await make_project(db, workspace, "Large")
    small = [await make_project(db, workspace, f"Small {n}") for n in range(given.small_projects)]
    half = len(small) // 2
    for project in (*small[:half], large, *small[half:]):
        blocks = given.blocks if project == large else given.small_blocks
        await load(db, workspace, project, blocks, writer, vectors)
    loaded = time.perf_counter()
    owner.execute("SET maintenance_work_mem = '1GB'")
    owner.execute(
        "CREATE INDEX block_embeddings_hnsw ON block_embeddings USING hnsw (embedding halfvec_cosine_ops)"
    )
    print(
        f"loaded {given.blocks:,} passages and {len(small)} × {given.small_blocks:,} in {loaded - start:.0f} s;"
        f" HNSW index in {time.perf_counter() - loaded:.0f} s; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return workspace, [large, *small]


def percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """(p50, p95) in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[len(ordered) // 2], 1000 * ordered[int(len(ordered) * 0.95)]


class Clock:
    """Measures one call after the other: the time that passes, and the processor time of this process and of the
    database's processes (Linux), which tells more when others are at work on the machine.
    """

    def __init__(self, owner: psycopg.Connection[Any]) -> None:
        self._owner = owner

    async def timed(
        self, queries: Sequence[str], one: Callable[[str], Awaitable[object]]
    ) -> tuple[list[float], float]:
        """(seconds of each, processor seconds of one on average)."""
        for query in queries[:8]:  # the caches and prepared statements that a running server has
            await one(query)
        seconds: list[float] = []
        before = self.cpu()
        for query in queries:
            start = time.perf_counter()
            await one(query)
            seconds.append(time.perf_counter() - start)
        return seconds, (self.cpu() - before) / len(queries)

    def cpu(self) -> float:
        ticks = 0
        for (pid,) in self._owner.execute("SELECT pid FROM pg_stat_activity"):
            stat = Path(f"/proc/{pid}/stat")
            if stat.exists():
                ticks += sum(int(field) for field in stat.read_text().rpartition(")")[2].split()[11:13])
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def searching(
    db: Database, workspace: UUID, project: UUID, mode: search.Mode
) -> Callable[[str], Awaitable[object]]:
    async def one(query: str) -> object:
        async with db.transaction(workspace) as tx:
            return await search.hybrid(tx, project, query, 10, mode=mode)

    return one


def plain(owner: psycopg.Connection[Any], project: UUID) -> dict[str, Callable[[str], Awaitable[object]]]:
    """The same questions put to pgvector and to ts_rank alone, as the owner, without row-level security."""
    tag = db_blocks.tag(project)
    chosen = embedder.choice().embedder

    async def nearest(query: str) -> object:
        if chosen is None:
            return None
        vector = embeddings.written(chosen.embed([query])[0].tolist())
        return owner.execute(
            "SELECT block_id FROM block_embeddings ORDER BY embedding <=> %s::halfvec LIMIT 10", [vector]
        ).fetchall()

    async def rank(query: str) -> object:
        words = " | ".join(f"'{tag}{term}'" for term in terms.query_terms(query))
        return owner.execute(
            "SELECT id FROM blocks WHERE tsv @@ %s::tsquery AND state IN ('accepted', 'locked')"
            " ORDER BY ts_rank(tsv, %s::tsquery) DESC LIMIT 10",
            [words, words],
        ).fetchall()

    return {"plain pgvector (with embedding the query)": nearest, "plain ts_rank": rank}


def composing(db: Database, workspace: UUID, project: UUID) -> Callable[[str], Awaitable[object]]:
    """A task without focus areas, before its first review: one question."""

    async def one(query: str) -> object:
        async with db.transaction(workspace) as tx:
            return await compose(tx, project, query)

    return one


def composing_six(
    db: Database, workspace: UUID, project: UUID, writer: Writer
) -> Callable[[str], Awaitable[object]]:
    """A task with three focus areas and two change requests: six questions."""

    async def one(query: str) -> object:
        areas = list(writer.queries(3))
        obligations = tuple(
            EnvelopeObligation(asked, " ".join(writer.some(12))) for asked in writer.queries(2)
        )
        async with db.transaction(workspace) as tx:
            return await compose(tx, project, query, config={"focus_areas": areas}, obligations=obligations)

    return one


async def while_capturing(
    db: Database, url: str, workspace: UUID, project: UUID, folder: Path, documents: int, writer: Writer
) -> tuple[list[float], float]:
    """(seconds of searches, four at a time; seconds that the capture took)."""
    worker = subprocess.Popen(  # noqa: ASYNC220  it starts while nothing is measured yet
        [sys.executable, "-c", "from proofroom.cli import main; main()", "worker", "--data", str(folder / "w")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "DATABASE_URL": url, "PROOFROOM_LOG_LEVEL": "error"},
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        await asyncio.to_thread(worker.stdout.readline)
        other = await make_project(db, workspace, "Captured meanwhile")
        given = [
            sources.Given(data=writer.document(2_500).encode(), filename=f"{n}.md") for n in range(documents)
        ]
        one = searching(db, workspace, project, "hybrid")
        seconds: list[float] = []
        over = asyncio.Event()

        async def client() -> None:
            while not over.is_set():
                query = next(iter(writer.queries(1)))
                start = time.perf_counter()
                await one(query)
                seconds.append(time.perf_counter() - start)

        clients = [asyncio.create_task(client()) for _ in range(4)]
        start = time.perf_counter()
        for at in range(0, documents, 50):
            async with db.transaction(workspace) as tx:
                await sources.add_sources(tx, other, given[at : at + 50])
        while True:
            async with db.transaction(workspace) as tx:
                left = (await db_sources.statuses(tx, other)).get("processing", 0)
            if not left:
                break
            await asyncio.sleep(0.25)
        took = time.perf_counter() - start
        over.set()
        await asyncio.gather(*clients)
        return seconds, took
    finally:
        worker.terminate()
        worker.wait(30)


class Table:
    """Prints rows as they come, and keeps what the bars are about."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        self.first: float | None = None

    def row(
        self, name: str, measured: tuple[Sequence[float], float | None], *, bars: tuple[str, ...] = ()
    ) -> None:
        seconds, cpu = measured
        p50, p95 = percentiles(seconds)
        self.first = self.first or p50
        said: list[str] = []
        for bar in bars:
            value = p95 if bar.endswith("p95") else p50
            said.append(f"{bar} < {BARS[bar]:.0f}{'' if value < BARS[bar] else ' MISSED'}")
            if value >= BARS[bar]:
                self.missed.append(f"{bar} of “{name}”: {value:.0f} ms")
        print(
            f"{name:<58} {len(seconds):>5} {p50:>8.1f} {p95:>8.1f} {p50 / self.first:>7.2f}"
            f" {'' if cpu is None else f'{1000 * cpu:.1f}':>8}  {', '.join(said)}",
            flush=True,
        )


async def run(url: str, folder: Path, given: argparse.Namespace) -> int:
    db = Database(url)
    writer = Writer(4)
    queries = list(writer.queries(given.queries))
    chosen = embedder.choice()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; synthetic text, synthetic vectors;"
        f" queries embedded by {chosen.embedder.model if chosen.embedder else 'nothing: ' + chosen.message}",
        flush=True,
    )
    with psycopg.connect(libpq_url(url), autocommit=True) as owner:
        there = owner.execute(
            "SELECT workspace_id, array_agg(id ORDER BY name) FROM projects"
            " WHERE name <> 'Captured meanwhile' GROUP BY 1"
        ).fetchone()
        if there is None:
            there = await load_all(db, owner, given, writer)
        workspace, (large, *small) = there
        gc.collect()
        gc.freeze()  # as the program does when it has started
        print(f"{'':<58} {'n':>5} {'p50 ms':>8} {'p95 ms':>8} {'ratio':>7} {'CPU ms':>8}")
        clock = Clock(owner)
        table = Table()
        bars = ("search p50", "search p95")
        both = searching(db, workspace, large, "hybrid")
        words = searching(db, workspace, large, "text")
        table.row("hybrid search, no statistics yet", await clock.timed(queries, both), bars=bars)
        table.row("search by words, no statistics yet", await clock.timed(queries, words), bars=bars)
        envelopes = queries[: max(20, given.queries // 5)]
        one = composing(db, workspace, large)
        six = composing_six(db, workspace, large, writer)
        table.row("envelope, no statistics yet", await clock.timed(envelopes, one), bars=("envelope p50",))
        table.row("envelope, six questions, no statistics yet", await clock.timed(envelopes, six))
        for name in TABLES:
            owner.execute(f"ANALYZE {name}")
        table.row("hybrid search", await clock.timed(queries, both), bars=bars)
        table.row("search by words", await clock.timed(queries, words), bars=bars)
        common = list(writer.common(given.queries // 2))
        table.row(
            "hybrid search for the most frequent words only", await clock.timed(common, both), bars=bars
        )
        table.row("envelope", await clock.timed(envelopes, one), bars=("envelope p50",))
        table.row("envelope, six questions", await clock.timed(envelopes, six))
        for name, one in plain(owner, large).items():
            table.row(name, await clock.timed(queries, one))
        for project in small[:1]:
            table.row(
                f"hybrid search in a project of {given.small_blocks:,}",
                await clock.timed(queries, searching(db, workspace, project, "hybrid")),
                bars=bars,
            )
    seconds, took = await while_capturing(db, url, workspace, large, folder, given.documents, writer)
    table.row(f"hybrid, four at a time during a capture of {given.documents:,} files", (seconds, None))
    print(
        f"that capture took {took:.1f} s from the first upload to the last file; load {os.getloadavg()[0]:.1f}"
    )
    await db.dispose()
    for missed in table.missed:
        print(f"missed: {missed}")
    return 1 if table.missed else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blocks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--small-projects", type=int, default=9)
    parser.add_argument("--small-blocks", type=int, default=1_000)
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument(
        "--keep", type=Path, help="keep the loaded database in this folder, and use what is there"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as name:
        server = EmbeddedPostgres.start(given.keep or Path(name) / "db")
        try:
            migrate(server.url())
            return asyncio.run(run(server.url(), Path(name), given))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
