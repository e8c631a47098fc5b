"""Whole lifecycles of work sessions beside what others would build on: LangGraph, Procrastinate, DBOS, bare commits.

    python bench/lifecycle.py [--lifecycles N] [--rounds N] [--approvals N] [--idle SECONDS] [--only NAMES]
                              [--json FILE]

A lifecycle: create, execute with five events and one artifact, checkpoint, approve, complete. Eight at a time, one
real worker process (`proofroom worker`), a driver through the services in a process of its own, the embedded
PostgreSQL with its usual settings. The others do five steps and one wait for a person, write rows of the same artifact,
and have a database of their own on the same server; see `bench/peers/`. The floor does nothing but commits: as many as
the bar allows a lifecycle, each a row changed and an event added, on eight connections.

Contenders take turns, round after round; each is started anew and warmed up, and measures itself without that. Ratios
are taken inside a round. Exits 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import uvloop
from driving import TURNS, Bench, driving
from ground import (
    PEERS_PYTHON,
    Meter,
    Report,
    Started,
    add_json_option,
    cpu_of,
    cpu_of_postgres,
    make_database,
    median,
    percentile,
    postmaster,
    run_contender,
    say_machine,
    tree_of,
)

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate

AT_ONCE = 8
COMMITS_BAR = 12 + TURNS
OURS, FLOOR = "Proofroom", "floor"
PEERS = {
    "LangGraph": "langgraph_peer.py",
    "Procrastinate": "procrastinate_peer.py",
    "DBOS": "dbos_peer.py",
    FLOOR: "floor.py",
}


# ---------------------------------------------------------------- our own contender, a process of its own


async def drive(given: argparse.Namespace) -> dict[str, Any]:
    """Lifecycles, as a contender: what they cost."""
    async with driving(given.url, given.folder, pool_size=AT_ONCE) as bench:
        await bench.learn()
        await _many(bench, given.warm_up)
        done = await bench.completed()
        async with Meter(given.url, given.server, counting=given.count, worker=given.worker) as spent:
            await _many(bench, given.lifecycles)
        assert await bench.completed() == done + given.lifecycles
        return asdict(spent) | {"events": bench.at_end}


async def _many(bench: Bench, n: int) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with places:
            await bench.lifecycle()

    await asyncio.gather(*(one() for _ in range(n)))


async def approvals(url: str, folder: Path, n: int) -> tuple[list[float], list[float]]:
    """Approve, one after the other, with nothing else to do: ms to the first event of the next leg."""
    async with driving(url, folder) as bench:
        await bench.learn()
        asked: list[float] = []
        committed: list[float] = []
        for k in range(n + 5):
            session = await bench.file()
            await bench.heard(session, bench.at_checkpoint)
            await asyncio.sleep(0.05)  # the leg that came to rest puts its things away
            one, other = await bench.resume_ms(session)
            await bench.heard(session, bench.at_end)
            if k >= 5:
                asked.append(one)
                committed.append(other)
        return asked, committed


# ---------------------------------------------------------------- all of them


class Contenders:
    """Everybody on one server."""

    def __init__(self, folder: Path, server: EmbeddedPostgres, given: argparse.Namespace) -> None:
        self.folder, self.server, self.given = folder, server, given
        self.pid = postmaster(folder)
        self.log = folder / "worker.log"
        self.urls = {name: make_database(server.url(), name.lower()) for name in PEERS}

    def run(self, name: str, *, counting: bool) -> dict[str, Any]:
        sizes = ["--lifecycles", str(self.given.lifecycles), "--warm-up", str(self.given.warm_up)]
        sizes += ["--count"] if counting else []
        common = [*sizes, "--server", str(self.pid)]
        if name != OURS:
            program = Path(__file__).parent / "peers" / PEERS[name]
            extra = ["--commits", str(COMMITS_BAR)] if name == FLOOR else []
            return run_contender([PEERS_PYTHON, program, "--url", self.urls[name], *common, *extra], name)
        url = self.server.url()
        with Started("worker", "--concurrency", str(AT_ONCE), log=self.log, DATABASE_URL=url) as worker:
            return run_contender(
                [
                    sys.executable, __file__, "--drive", "--url", url, "--folder", self.folder, *common,
                    "--worker", str(worker.pid),
                ],
                name,
            )  # fmt: skip


def throughput(report: Report, folder: Path, server: EmbeddedPostgres, given: argparse.Namespace) -> None:
    names = [n for n in (OURS, *PEERS) if n in given.only]
    all_of_them = Contenders(folder, server, given)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for n in range(given.rounds):
        for name in names:
            result = all_of_them.run(name, counting=n == 0)
            found[name].append(result)
            print(f"  round {n + 1} {name}: {given.lifecycles / result['seconds']:.1f}/s", flush=True)
    rates = {name: [given.lifecycles / r["seconds"] for r in results] for name, results in found.items()}
    report.more["rounds"] = found
    for name in names:
        low, high = min(rates[name]), max(rates[name])
        spent = found[name]
        versions = spent[0].get("version", "")
        report.add(
            f"{name} {versions}: lifecycles", median(rates[name]), "/s", note=f"{low:.1f} to {high:.1f}"
        )
        each = {
            key: median(1000 * r["cpu"][key] / given.lifecycles for r in spent) for key in spent[0]["cpu"]
        }
        report.add(
            f"{name}: commits a lifecycle",
            spent[0]["commits"] / given.lifecycles,
            "",
            bar=COMMITS_BAR if name == OURS else None,
            note=f"{median(r['written'] for r in spent) / given.lifecycles:.1f} of them write; "
            + ", ".join(f"{key} {ms:.1f}" for key, ms in each.items())
            + " ms CPU each",
        )
    if OURS not in names:
        return
    for name in names[1:]:
        ratios = [a / b for a, b in zip(rates[OURS], rates[name], strict=True)]
        if name == FLOOR:
            report.add("share of the floor", 100 * median(ratios), "%")
        else:
            report.add(
                f"{OURS} to {name}", median(ratios), "×",
                bar=1.0 if name == "LangGraph" else None, at_least=True,
                note=f"{min(ratios):.2f} to {max(ratios):.2f}",
            )  # fmt: skip


def latency(report: Report, folder: Path, url: str, n: int) -> None:
    with Started("worker", log=folder / "worker.log", DATABASE_URL=url):
        asked, committed = uvloop.run(approvals(url, folder, n))
    report.add("approve to the first event of the next leg, p50", percentile(asked, 0.5), "ms", bar=25.0)
    report.add("approve to the first event of the next leg, p99", percentile(asked, 0.99), "ms", bar=100.0)
    report.add("  of that after the approval's commit, p50", percentile(committed, 0.5), "ms")
    report.add("  of that after the approval's commit, p99", percentile(committed, 0.99), "ms")


def idle(report: Report, seconds: float) -> None:
    """Processor time of `proofroom up` with its database while nothing happens."""
    with tempfile.TemporaryDirectory(prefix="proofroom-idle-") as name:
        folder = Path(name)
        with Started(
            "up", "--no-sample", "--no-open", "--port", "0", "--data", name, log=folder / "up.log"
        ) as up:
            server = postmaster(folder)
            time.sleep(5)  # what starting left to do
            pids = [p for p in tree_of(up.pid) if p != server]
            before = [sum(map(cpu_of, pids)), cpu_of_postgres(server)]
            time.sleep(seconds)
            ours, its = sum(map(cpu_of, pids)) - before[0], cpu_of_postgres(server) - before[1]
    report.add(
        f"idle: processor of everything over {seconds:.0f} s", 100 * (ours + its) / seconds, "% of a core",
        bar=1.0, note=f"program {100 * ours / seconds:.2f}, database {100 * its / seconds:.2f}",
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lifecycles", type=int, default=300)
    parser.add_argument("--warm-up", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--approvals", type=int, default=200)
    parser.add_argument("--idle", type=float, default=30.0)
    parser.add_argument("--only", default=",".join([OURS, *PEERS]), help="contenders, with commas")
    for hidden in ("--url", "--folder"):
        parser.add_argument(hidden, type=str if hidden == "--url" else Path, help=argparse.SUPPRESS)
    for hidden in ("--drive", "--count"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    for hidden in ("--server", "--worker"):
        parser.add_argument(hidden, type=int, help=argparse.SUPPRESS)
    add_json_option(parser)
    given = parser.parse_args()
    os.environ["PROOFROOM_EMBEDDER"] = "off"
    if given.drive:
        print(json.dumps(uvloop.run(drive(given))))
        return 0
    given.only = [name.strip() for name in given.only.split(",") if name.strip()]
    if not PEERS_PYTHON.exists() and set(given.only) - {OURS}:
        print("What it is compared with is not installed; `python3 dev.py bench lifecycle` does that.")
        return 2
    say_machine()
    report = Report("lifecycle", more={"proofroom": version("proofroom"), "lifecycles": given.lifecycles})
    folder = Path(tempfile.mkdtemp(prefix="proofroom-bench-"))
    server = EmbeddedPostgres.start(folder)
    try:
        migrate(server.url())
        if given.lifecycles:
            throughput(report, folder, server, given)
        if given.approvals:
            latency(report, folder, server.url(), given.approvals)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if given.idle:
        idle(report, given.idle)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
