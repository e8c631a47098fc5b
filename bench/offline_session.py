"""What a work session of the quote finder costs us in a project of 300 passages, and where the time goes.

    python bench/offline_session.py [--runs N] [--only AGENT]

The project holds this repository's documentation, cut to 300 passages, and a table of 500 rows. Each kind of session
runs from the request to its checkpoint, on the embedded PostgreSQL with its usual settings, embeddings made beforehand.
Prints seconds, processor time of this process, commits of the database, and the share of each part; the first session
of a kind, which loads the embedding model, is not counted. Exits 1 when the median of a kind is above two seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import func, insert, select

from proofroom.agents.runtimes.base import ToolResult
from proofroom.bootstrap import make_catalog
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Block, Member, Project, Workspace
from proofroom.db.tx import Database, libpq_url, new_id
from proofroom.engine import leg
from proofroom.engine.parts import Parts
from proofroom.engine.toolbox import LegTools
from proofroom.services import context, indexing, legs, sources, work_requests
from proofroom.services.access import Actor
from proofroom.services.work_requests import NewWork
from proofroom.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
BLOCKS, BAR = 300, 2.0
WORK: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("research", "How does a signature cover exactly what the reviewer saw?", {}),
    (
        "content",
        "How agents are supervised and their claims are checked",
        {"platform": "linkedin", "variations": 2},
    ),
    ("reporting", "How did the figures of the regions develop?", {}),
)
spent: dict[str, float] = defaultdict(float)
calls: dict[str, int] = defaultdict(int)


def timed(name: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def around(*args: Any, **more: Any) -> Any:
        start = time.perf_counter()
        try:
            return await function(*args, **more)
        finally:
            spent[name] += time.perf_counter() - start
            calls[name] += 1

    return around


def watch() -> None:
    """Takes the time of the parts of a leg where they are called."""
    context.pin = timed("pinning the envelope", context.pin)  # type: ignore[assignment]
    legs.finish_work = timed("packet and checkpoint", legs.finish_work)  # type: ignore[assignment]
    own = LegTools.call

    async def call(self: LegTools, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        return await timed(f"tool {name}", own)(self, name, arguments)

    LegTools.call = call  # type: ignore[method-assign]


def table() -> str:
    rows = ["month,region,sales,price"]
    for n in range(500):
        year, month = 2000 + n // 48, n // 4 % 12 + 1
        rows.append(
            f"{year}-{month:02},{'North South East West'.split()[n % 4]},{100 + n * 37 % 211},{9 + n % 7}.5"
        )
    return "\n".join(rows)


def commits(connection: psycopg.Connection[Any]) -> int:
    connection.execute("SELECT pg_stat_clear_snapshot()")
    row = connection.execute(
        "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(row[0])


async def run(url: str, runs: int, only: str | None) -> int:
    db = Database(url)
    workspace, project, member = new_id(), new_id(), new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Member).values(workspace_id=workspace, id=member, name="Bench", role="admin"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "docs").rglob("*.md"))]
    blocks = 0
    for name, text in texts:
        if blocks >= BLOCKS:
            break
        async with db.transaction(workspace) as tx:
            row = await sources.add_source(tx, project, data=text.encode(), filename=name, defer=False)
        await sources.capture_now(db, workspace, row.id)
        async with db.transaction(workspace) as tx:
            blocks = (await tx.execute(select(func.count()).select_from(Block))).scalar_one()
    other = new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Project).values(workspace_id=workspace, id=other, name="Figures"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=other))
        row = await sources.add_source(tx, other, data=table().encode(), filename="figures.csv", defer=False)
    await sources.capture_now(db, workspace, row.id)
    await indexing.embed_project(db, workspace, project)
    await indexing.embed_project(db, workspace, other)
    print(f"{blocks} passages of documentation; a table of 500 rows in a project of its own\n")
    watch()
    actor = Actor(workspace, member, "Bench", "admin")
    parts = Parts(db, make_catalog(Settings(), db), "bench")
    good = True
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        for agent, task, config in [one for one in WORK if only in (None, one[0])]:
            seconds: list[float] = []
            cpu: list[float] = []
            made: list[int] = []
            for n in range(runs + 1):
                if n == 1:
                    spent.clear()
                    calls.clear()
                before, start, used = commits(connection), time.perf_counter(), time.process_time()
                async with db.transaction(workspace) as tx:
                    session = await work_requests.create(
                        tx, actor, parts.catalog, other if agent == "reporting" else project,
                        NewWork(agent, task, config=config, runtime="extractive", auto_execute=True, trusted=True),
                    )  # fmt: skip
                done = await leg.drive(parts, workspace, session.id)
                took, worked = time.perf_counter() - start, time.process_time() - used
                assert done.status == "pending_review", done.failure
                await asyncio.sleep(1.1)  # statistics of the server are at most a second late
                if n:
                    seconds.append(took)
                    cpu.append(worked)
                    made.append(commits(connection) - before)
            median = statistics.median(seconds)
            good = good and median <= BAR
            print(
                f"{agent}: median {median:.2f} s (most {max(seconds):.2f}), processor {statistics.median(cpu):.2f} s,"
                f" about {statistics.median(made):.0f} commits"
            )
            total = sum(seconds)
            for name, used in sorted(spent.items(), key=lambda item: -item[1]):
                print(
                    f"  {name:26}{used / runs:6.3f} s  {100 * used / total:4.0f} %  {calls[name] / runs:5.1f} times"
                )
            rest = total - sum(spent.values())
            print(
                f"  {'choosing, and the rest':26}{rest / runs:6.3f} s  {100 * rest / total:4.0f} %\n",
                flush=True,
            )
    await db.dispose()
    print("held" if good else f"NOT HELD: a median above {BAR} s")
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=[agent for agent, _, _ in WORK])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres.start(Path(folder))
        try:
            migrate(server.url())
            return asyncio.run(run(server.url(), given.runs, given.only))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
