"""What the benchmarks of speed share: the machine, processor time, commits, programs that are started, results.

Needs nothing but psycopg, because the programs that Proofroom is compared with run in an environment of their own
(`.cache/peers`) and measure themselves with this module. Reads /proc, so Linux.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = ROOT / ".cache" / "peers" / "bin" / "python"
PROGRAM = (sys.executable, "-c", "from proofroom.cli import main; main()")
TICKS = os.sysconf("SC_CLK_TCK")
COUNTERS_SECONDS = 10.5
"""What a connection of PostgreSQL did is counted ten seconds after it fell idle at the latest."""


# ---------------------------------------------------------------- figures


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed; 0 of nothing."""
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0


def median(values: Iterable[float]) -> float:
    found = sorted(values)
    half = len(found) // 2
    if not found:
        return 0.0
    return found[half] if len(found) % 2 else (found[half - 1] + found[half]) / 2


@dataclass
class Row:
    """One figure. `bar`: what it has to be at most (or at least, with `at_least`)."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def held(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def line(self) -> str:
        bar = ""
        if self.bar is not None:
            bar = f"{'≥' if self.at_least else '≤'} {number(self.bar)}" + ("" if self.held else "  MISSED")
        return f"{self.what:<66}{number(self.value):>10} {self.unit:<12}{bar:<16}{self.note}".rstrip()


def number(value: float) -> str:
    """Three digits that say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


@dataclass
class Report:
    """What a benchmark found, printed as it comes and kept as JSON."""

    bench: str
    rows: list[Row] = field(default_factory=list[Row])
    more: dict[str, Any] = field(default_factory=dict[str, Any])

    def add(self, what: str, value: float, unit: str, **more: Any) -> None:
        row = Row(what, value, unit, **more)
        self.rows.append(row)
        print(row.line(), flush=True)

    def end(self, target: Path | None) -> int:
        """Writes the JSON file where one is asked for; the exit code: 1 when a bar is missed."""
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            document = {
                "bench": self.bench,
                "machine": machine(),
                "rows": [asdict(row) | {"held": row.held} for row in self.rows],
                **self.more,
            }
            target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        return 1 if any(row.held is False for row in self.rows) else 0


def machine() -> dict[str, Any]:
    """Where this runs, and how busy it is."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory_gb": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": [round(x, 2) for x in os.getloadavg()],
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def say_machine() -> None:
    m = machine()
    print(
        f"{m['cores']} cores ({m['processor']}), {m['memory_gb']} GB, Python {m['python']},"
        f" load {m['load'][0]:.1f} before the run",
        flush=True,
    )


# ---------------------------------------------------------------- processes


def cpu_of(pid: int, *, with_dead_children: bool = False) -> float:
    """Processor seconds that a process has used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(x) for x in fields[11 : 15 if with_dead_children else 13]) / TICKS


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def tree_of(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for one in found:
        found += children_of(one)
    return found


def memory_of(pids: Iterable[int]) -> float:
    """Megabytes that these processes alone hold (private pages, and their part of the shared ones: PSS)."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024


def postmaster(folder: Path) -> int:
    """The process id of the embedded server of a data directory."""
    return int((folder / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])


def cpu_of_postgres(pid: int) -> float:
    """The server's processor seconds, ended backends among them."""
    return cpu_of(pid, with_dead_children=True) + sum(
        cpu_of(one, with_dead_children=True) for one in children_of(pid)
    )


class Started:
    """A Proofroom program that says on stdout, in JSON, when it is ready."""

    def __init__(self, *arguments: str, log: Path, **environment: str) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PROOFROOM_", "PG"))}
        env.pop("DATABASE_URL", None)
        began = time.perf_counter()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*PROGRAM, *arguments, "--json"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**env, "PROOFROOM_EMBEDDER": "off", **environment},
            )
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if line.startswith("}"):
                break
        self.seconds = time.perf_counter() - began
        if not said.rstrip().endswith("}"):
            raise RuntimeError(f"{' '.join(arguments)} did not start:\n{log.read_text()[-2000:]}")
        self.ready: dict[str, Any] = json.loads(said)
        self.pid = self.process.pid

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# ---------------------------------------------------------------- database


def libpq(url: str) -> str:
    return "postgresql://" + url.partition("://")[2]


def other_database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


def make_database(url: str, name: str) -> str:
    """A database of its own on the same server; answers its URL."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return other_database(url, name)


def commits(url: str) -> int:
    """Transactions committed in this database, those that only read among them."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def transaction_number(url: str) -> int:
    """Of the next transaction that writes, on the whole server."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return int(row[0])


OWN_COMMITS = 2
"""What `commits` adds itself between two of its answers."""


@dataclass
class Spent:
    """What a stretch of work cost. Seconds; `cpu` by the names that were given, and `postgres`. `written` are the
    transactions that wrote something; `commits` counts those that only read, too, and is None when not counted.
    """

    seconds: float = 0.0
    commits: float | None = None
    written: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict[str, float])


class Meter:
    """Takes time, processor time and commits of what happens inside it.

        async with Meter(url, server_pid, worker=pid) as spent: …

    Commits are counted only when `counting`: that waits for the database's counters, before and after, outside of the
    time that is taken.
    """

    def __init__(self, url: str, server: int, *, counting: bool, **pids: int) -> None:
        self._url, self._server, self._pids = url, server, {"driver": os.getpid(), **pids}
        self._counting = counting
        self._spent = Spent()

    def _cpu(self) -> dict[str, float]:
        own = {name: sum(map(cpu_of, tree_of(pid))) for name, pid in self._pids.items() if name != "driver"}
        return {**own, "driver": cpu_of(self._pids["driver"]), "postgres": cpu_of_postgres(self._server)}

    async def __aenter__(self) -> Spent:
        if self._counting:
            await asyncio.sleep(COUNTERS_SECONDS)
            self._commits = commits(self._url)
        self._number = transaction_number(self._url)
        self._before = self._cpu()
        self._start = time.perf_counter()
        return self._spent

    async def __aexit__(self, *_: object) -> None:
        self._spent.seconds = time.perf_counter() - self._start
        after = self._cpu()
        self._spent.written = transaction_number(self._url) - self._number
        self._spent.cpu = {name: after[name] - self._before[name] for name in after}
        if self._counting:
            await asyncio.sleep(COUNTERS_SECONDS)
            self._spent.commits = commits(self._url) - self._commits - OWN_COMMITS


def run_contender(command: Sequence[str | Path], name: str) -> dict[str, Any]:
    """Runs a program that prints its result as the last line, in JSON."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"{name} failed ({done.returncode}):\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


def add_json_option(parser: Any) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures in this file, too")
