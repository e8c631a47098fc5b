"""What it costs that ten thousand sessions wait for a person, and that a hundred thousand are done.

    python bench/waiting.py [--waiting N] [--history N] [--rounds N] [--approvals N] [--idle SECONDS] [--json FILE]

Waiting: two data folders, one with none and one with N sessions that wait at their final gate. `proofroom up` is
started on one and on the other in turn; from the start to ready, memory (PSS, the database's beside it), processor time
while idle, and how fast an approval of a session that really ran comes through.

History: N sessions over a year (nine of ten completed, the others failed), and 500 that wait, with all their rows, half
of them in one project, the others in nineteen; then a session of its own, and the inbox, lists and the status over
HTTP, one request after the other.

Exits 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import uvloop
from driving import driving
from ground import (
    Report,
    Started,
    add_json_option,
    cpu_of,
    cpu_of_postgres,
    libpq,
    median,
    memory_of,
    percentile,
    postmaster,
    say_machine,
    tree_of,
)
from history import copy_sessions

from proofroom.db.embedded import EmbeddedPostgres

UP = ("up", "--no-sample", "--no-open", "--port", "0")
NONE, MANY = "none", "many"
PROJECTS = 20
YEAR = 365.0


def up(folder: Path) -> Started:
    return Started(*UP, "--data", str(folder), log=folder.with_suffix(".log"))


async def one_that_waits(url: str, folder: Path, *, complete: bool) -> UUID:
    """A session that really ran to its final gate, or to its end."""
    async with driving(url, folder) as bench:
        await bench.learn()
        session = await bench.file()
        await bench.heard(session, bench.at_checkpoint)
        if complete:
            await bench.approve(session)
            await bench.heard(session, bench.at_end)
        return session


async def approvals(url: str, folder: Path, n: int) -> tuple[list[float], list[float]]:
    """Approves sessions that ran before, one after the other: ms of the approval itself, and to the next leg."""
    took: list[float] = []
    resumed: list[float] = []
    async with driving(url, folder) as bench:
        await bench.learn()
        sessions = [await bench.file() for _ in range(n + 3)]
        for session in sessions:
            await bench.heard(session, bench.at_checkpoint)
        await asyncio.sleep(0.5)
        for k, session in enumerate(sessions):
            seq, began, committed = await bench.approve(session)
            at = await bench.heard(session, seq + 1)
            await bench.heard(session, bench.at_end)
            if k >= 3:
                took.append(1000 * (committed - began))
                resumed.append(1000 * (at - began))
    return took, resumed


def waiting(report: Report, place: Path, given: argparse.Namespace) -> None:
    folders = {NONE: place / NONE, MANY: place / MANY}
    for name, folder in folders.items():
        folder.mkdir()
        with up(folder), EmbeddedPostgres.start(folder) as server:
            session = uvloop.run(one_that_waits(server.url(), folder, complete=False))
            if name == MANY:
                project = UUID((folder / "project").read_text())
                took = copy_sessions(server.url(), session, given.waiting, projects=[project], days=30)
                # What writing so much at once leaves to do would otherwise be done while we measure.
                with psycopg.connect(libpq(server.url()), autocommit=True) as connection:
                    connection.execute("VACUUM (ANALYZE)")
                    connection.execute("CHECKPOINT")
                print(f"  {given.waiting:,} waiting sessions written in {took:.1f} s", flush=True)
    found: dict[str, dict[str, list[float]]] = {name: {} for name in folders}

    def keep(name: str, what: str, *values: float) -> None:
        found[name].setdefault(what, []).extend(values)

    for n in range(given.rounds + 1):
        for name, folder in folders.items():
            with up(folder) as running:
                if n == 0:
                    continue  # the first start on a folder finds nothing in the disk's cache
                keep(name, "start", running.seconds)
                server_pid = postmaster(folder)
                time.sleep(4)
                pids = [p for p in tree_of(running.pid) if p != server_pid]
                keep(name, "memory", memory_of(pids))
                keep(name, "database memory", memory_of(tree_of(server_pid)))
                before = sum(map(cpu_of, pids)), cpu_of_postgres(server_pid)
                time.sleep(given.idle)
                keep(name, "idle", 100 * (sum(map(cpu_of, pids)) - before[0]) / given.idle)
                keep(name, "database idle", 100 * (cpu_of_postgres(server_pid) - before[1]) / given.idle)
                with EmbeddedPostgres.start(folder) as server:
                    took, resumed = uvloop.run(approvals(server.url(), folder, given.approvals))
                keep(name, "approval", *took)
                keep(name, "resumed", *resumed)
            print(f"  round {n}, {name}: ready after {running.seconds:.2f} s", flush=True)
    none, many = found[NONE], found[MANY]
    label = f"{given.waiting:,} waiting"

    def compare(
        what: str, key: str, unit: str, allowed: float | None, shares: tuple[float, ...] = (0.5,)
    ) -> None:
        for share in shares:
            one, other = percentile(none[key], share), percentile(many[key], share)
            at = "" if len(shares) == 1 else f", p{100 * share:.0f}"
            report.add(f"{what}{at}, none waiting", one, unit)
            report.add(
                f"{what}{at}, {label}", other, unit, bar=None if allowed is None else one + allowed,
                note=f"{other - one:+.2f}",
            )  # fmt: skip

    compare("start to ready", "start", "s", 1.0)
    compare("memory of API and worker", "memory", "MB", 10.0)
    compare("memory of the database", "database memory", "MB", None)
    compare("idle processor of API and worker", "idle", "% of a core", 0.5)
    compare("idle processor of the database", "database idle", "% of a core", 0.5)
    compare("an approval", "approval", "ms", max(5.0, 0.25 * median(none["approval"])), (0.5, 0.95))
    compare("approve to the next leg", "resumed", "ms", max(5.0, 0.25 * median(none["resumed"])), (0.5, 0.95))


# ---------------------------------------------------------------- history


def fill(url: str, done: UUID, waits: UUID, n: int, home: UUID) -> None:
    """n sessions of the past, a tenth of them failed, and 500 that wait."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        others = [uuid4() for _ in range(PROJECTS - 1)]
        projects = [project for other in others for project in (home, other)]
        for k, project in enumerate(others):
            connection.execute(
                "INSERT INTO projects (workspace_id, id, name) SELECT workspace_id, %s, %s FROM projects WHERE id = %s",
                (project, f"Project {k}", home),
            )
        took = copy_sessions(url, done, n, projects=projects, days=YEAR)
        took += copy_sessions(url, waits, min(500, n), projects=projects, days=14)
        connection.execute(
            """
            UPDATE work_sessions SET status = 'failed',
              failure = '{"code": "no_output", "message": "Nothing came of it.", "retryable": true}'
            WHERE status = 'completed' AND get_byte(uuid_send(id), 15) < 25
            """
        )
        size = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        assert size is not None
        print(f"  {n:,} sessions written in {took:.0f} s; the database holds {size[0]}", flush=True)


PathOf = Callable[[Any], str]
"""The path of a request, from the answer to the one before."""


def ask(client: httpx.Client, path_of: PathOf, n: int, pid: int) -> tuple[list[float], float]:
    """Milliseconds of each of n requests, after ten that are not counted; the API's processor time for one, in ms."""
    took: list[float] = []
    cpu, answer = 0.0, None
    for k in range(n + 10):
        if k == 10:
            cpu = cpu_of(pid)
        path = path_of(answer)
        start = time.perf_counter()
        got = client.get(path).raise_for_status()
        if k >= 10:
            took.append(1000 * (time.perf_counter() - start))
        answer = got.json()
    return took, 1000 * (cpu_of(pid) - cpu) / n


def history(report: Report, place: Path, given: argparse.Namespace) -> None:
    folder = place / "history"
    folder.mkdir()
    with up(folder), EmbeddedPostgres.start(folder) as server:
        done = uvloop.run(one_that_waits(server.url(), folder, complete=True))
        waits = uvloop.run(one_that_waits(server.url(), folder, complete=False))
        home = UUID((folder / "project").read_text())
        fill(server.url(), done, waits, given.history, home)
    with up(folder) as running, EmbeddedPostgres.start(folder) as server:
        report.add(f"start to ready, {given.history:,} of history", running.seconds, "s")
        took, resumed = uvloop.run(approvals(server.url(), folder, given.approvals))
        report.add(
            "an approval, p50, in the large project",
            median(took),
            "ms",
            note=f"p95 {percentile(took, 0.95):.1f}",
        )
        report.add(
            "approve to the next leg, p50, in the large project", median(resumed), "ms",
            note=f"p95 {percentile(resumed, 0.95):.1f}",
        )  # fmt: skip
        with psycopg.connect(libpq(server.url()), autocommit=True) as connection:
            for when in ("no statistics yet", "analysed"):
                if when == "analysed":
                    connection.execute("ANALYZE")
                with httpx.Client(base_url=running.ready["url"], timeout=60) as client:
                    for what, path_of in requests(connection, home, given.requests):
                        took, cpu = ask(client, path_of, given.requests, running.pid)
                        report.add(
                            f"{what}, p95, {when}", percentile(took, 0.95), "ms", bar=50.0,
                            note=f"p50 {median(took):.1f}, most {max(took):.0f}, processor {cpu:.1f} each",
                        )  # fmt: skip


def requests(connection: psycopg.Connection[Any], home: UUID, n: int) -> Iterator[tuple[str, PathOf]]:
    """What is asked for, and the paths of n requests for it."""
    sessions = f"/api/projects/{home}/work-sessions"
    some = iter(
        connection.execute(
            "SELECT project_id, id FROM work_sessions ORDER BY md5(id::text) LIMIT %s", (n + 10,)
        ).fetchall()
    )

    def same(path: str) -> PathOf:
        return lambda _: path

    def pages(path: str) -> PathOf:
        """One page after the other, as somebody who scrolls back through the year."""

        def path_of(answer: Any) -> str:
            cursor = None if answer is None else answer["next_cursor"]
            return f"{path}{'&' if '?' in path else '?'}limit=50" + (f"&cursor={cursor}" if cursor else "")

        return path_of

    def status_of(_: Any) -> str:
        project, session = next(some)
        return f"/api/projects/{project}/work-sessions/{session}/status"

    yield from {
        "inbox": same("/api/checkpoints"),
        "inbox, what to begin first": same("/api/checkpoints?sort=attention&held=false"),
        "inbox, riskiest first": same("/api/checkpoints?sort=risk&held=false"),
        "inbox, searched": same("/api/checkpoints?sort=attention&q=research+checks"),
        "inbox, newest first": same("/api/checkpoints?sort=-opened_at"),
        "inbox of one project": same(f"/api/checkpoints?project_id={home}"),
        "decided checkpoints": pages("/api/checkpoints?status=approved&sort=-opened_at"),
        "list": same(sessions),
        "list, page after page": pages(sessions),
        "list of what failed": pages(f"{sessions}?status=failed"),
        "list of what waits": same(f"{sessions}?status=pending_review"),
        "list of what is at work (nothing)": same(f"{sessions}?status=in_progress"),
        "status": status_of,
    }.items()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waiting", type=int, default=10_000)
    parser.add_argument("--history", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--approvals", type=int, default=40)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--idle", type=float, default=30.0)
    add_json_option(parser)
    given = parser.parse_args()
    say_machine()
    report = Report("waiting", more={"waiting": given.waiting, "history": given.history})
    place = Path(tempfile.mkdtemp(prefix="proofroom-bench-"))
    try:
        if given.waiting:
            waiting(report, place, given)
        if given.history:
            history(report, place, given)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
