"""A thousand people who watch: event streams of one API process, and how late an event reaches all of them.

    python bench/viewers.py [--viewers N] [--events N] [--rate N] [--slow N] [--json FILE]

`proofroom api` in one process, the viewers in another, the publisher here: it writes an event to a session in the way
the engine does, so many a second. From before the transaction to the frame at the viewer, over all viewers and events;
and how much memory of the API a viewer takes. Every viewer must get every event once and in order.

Then a few viewers that stop reading while thousands of events come, among others that read: the slow ones must be
dropped, the others not wait for them, and the dropped get what they missed by their Last-Event-ID.

Exits 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import uvloop
from driving import Bench, driving
from ground import Report, Started, add_json_option, cpu_of, memory_of, percentile, say_machine, tree_of

from proofroom.db import work_sessions
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.work_sessions import Record
from proofroom.services import work_requests
from proofroom.services.work_requests import NewWork

STREAM = "/api/events"
PATIENCE = 60.0
CONNECTING = 50
BURST = 250


# ---------------------------------------------------------------- the viewers, a process of their own


class Viewer:
    """One stream. `got` are the (number, monotonic time) of the session events that came; `last` their newest id."""

    def __init__(self, host: str, port: int, path: str, *, receive_buffer: int = 0) -> None:
        self._host, self._port, self._path, self._buffer = host, port, path, receive_buffer
        self.got: list[tuple[int, float]] = []
        self.last = ""
        self.opened = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, last_event_id: str = "") -> None:
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if self._buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, (self._host, self._port))
        self._reader, self._writer = await asyncio.open_connection(sock=line, limit=2**14)
        resume = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        self._writer.write(
            f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{resume}\r\n".encode()
        )

    async def read_position(self) -> None:
        """Reads where the present is, and no further."""
        await self._reader.readuntil(b"id: ")
        self.last = (await self._reader.readline()).decode().strip()

    async def read(self, until: int | None = None) -> None:
        """Reads until the end, or until event `until` has come."""
        data_of = ""
        while True:
            line = (await self._reader.readline()).decode()
            if not line:
                return
            if line.startswith("id: "):
                data_of = self.last = line[4:].strip()
                self.opened.set()
            elif line.startswith("data: ") and data_of:
                seq = json.loads(line[6:]).get("seq")
                if seq is not None:
                    self.got.append((seq, time.monotonic()))
                    if until is not None and seq >= until:
                        return

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


async def view(given: argparse.Namespace) -> None:
    """Opens the streams, says so, and keeps what comes until the newest event was seen by all or stdin says stop."""
    where = urlsplit(str(given.url))
    viewers = [Viewer(str(where.hostname), int(where.port or 80), given.path) for _ in range(given.viewers)]
    places = asyncio.Semaphore(CONNECTING)

    async def begin(viewer: Viewer) -> asyncio.Task[None]:
        async with places:
            await viewer.open()
            reading = asyncio.create_task(viewer.read())
            await asyncio.wait_for(viewer.opened.wait(), PATIENCE)
            return reading

    reading = await asyncio.gather(*(begin(v) for v in viewers))
    print("open", flush=True)
    newest = int((await asyncio.to_thread(sys.stdin.readline)).split()[0])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(not v.got or v.got[-1][0] < newest for v in viewers):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    for task in reading:
        task.cancel()
    print(json.dumps([v.got for v in viewers]), flush=True)


class Viewers:
    """The process of viewers, from the publisher's side."""

    def __init__(self, url: str, path: str, n: int) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, __file__, "--view", "--url", url, "--path", path, "--viewers", str(n),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._hear("open")

    def _hear(self, word: str) -> None:
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        if said != word:
            raise RuntimeError(f"the viewers said {said!r} instead of {word!r}")

    def end(self, newest: int) -> list[list[tuple[int, float]]]:
        """What each viewer got, once all have the event of this number."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{newest}\n")
        self.process.stdin.flush()
        assert self.process.stdout is not None
        found = json.loads(self.process.stdout.readline())
        self.process.wait(30)
        return [[(seq, at) for seq, at in got] for got in found]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


# ---------------------------------------------------------------- the publisher


async def a_session(bench: Bench) -> UUID:
    async with bench.db.transaction(bench.actor.workspace_id) as tx:
        new = NewWork("research", "What is watched?", runtime=bench.runtime, trusted=True)
        return (await work_requests.create(tx, bench.actor, bench.catalog, bench.project_id, new)).id


async def publish(bench: Bench, session: UUID, events: int = 1) -> tuple[int, float]:
    """The number of the newest event, and when the writing of it began."""
    began = time.monotonic()
    said = [("said", {"text": "Something happened."})] * events
    async with bench.db.transaction(bench.actor.workspace_id) as tx:
        row = await work_sessions.note(tx, session, Record(events=said))
    return row.event_seq, began


async def watched(
    report: Report, bench: Bench, api: Started, path: str, label: str, given: argparse.Namespace
) -> None:
    session = await a_session(bench)
    for _ in range(3):
        await publish(bench, session)
    path = path.format(project=bench.project_id, session=session)
    pids = tree_of(api.pid)
    before = memory_of(pids)
    viewers = await asyncio.to_thread(Viewers, api.ready["url"], path, given.viewers)
    try:
        await asyncio.sleep(2)
        opened = memory_of(pids)
        cpu, start = sum(map(cpu_of, pids)), time.monotonic()
        sent: dict[int, float] = {}
        newest = 0
        for n in range(given.events):
            newest, began = await publish(bench, session)
            sent[newest] = began
            await asyncio.sleep(max(0.0, start + (n + 1) / given.rate - time.monotonic()))
        seconds = time.monotonic() - start
        cpu = sum(map(cpu_of, pids)) - cpu
        after = memory_of(pids)
        got = await asyncio.to_thread(viewers.end, newest)
    finally:
        viewers.stop()
    late = [1000 * (at - sent[seq]) for one in got for seq, at in one if seq in sent]
    whole = sum([seq for seq, _ in one if seq in sent] == list(sent) for one in got)
    rate = f"{given.events / seconds:.1f} events/s"
    report.add(f"{label}: publish to receive, p50", percentile(late, 0.5), "ms", note=rate)
    report.add(
        f"{label}: publish to receive, p99",
        percentile(late, 0.99),
        "ms",
        bar=500.0,
        note=f"most {max(late):.0f}",
    )
    report.add(
        f"{label}: memory of the API for each", 1024 * (after - before) / given.viewers, "KB", bar=100.0,
        note=f"{before:.0f} MB before, {opened:.0f} with them open, {after:.0f} at the end",
    )  # fmt: skip
    report.add(
        f"{label}: got every event once, in order",
        whole,
        f"of {given.viewers}",
        bar=given.viewers,
        at_least=True,
    )
    report.add(f"{label}: processor of the API", 100 * cpu / seconds, "% of a core")


async def slow(report: Report, bench: Bench, api: Started, given: argparse.Namespace) -> None:
    """Viewers that stop reading among ten that read, and a burst of events."""
    session = await a_session(bench)
    await publish(bench, session)
    where = urlsplit(str(api.ready["url"]))
    late = [
        Viewer(str(where.hostname), int(where.port or 80), STREAM, receive_buffer=4096)
        for _ in range(given.slow)
    ]
    readers = await asyncio.to_thread(Viewers, api.ready["url"], STREAM, 10)
    try:
        for one in late:
            await one.open()
            await asyncio.wait_for(one.read_position(), PATIENCE)
        first, _ = await publish(bench, session)
        newest, began = first, time.monotonic()
        for _ in range(given.burst // BURST):
            newest, _ = await publish(bench, session, BURST)
        took = time.monotonic() - began
        got = await asyncio.to_thread(readers.end, newest)
    finally:
        readers.stop()
    wanted = list(range(first, newest + 1))
    whole = sum([seq for seq, _ in one if seq >= first] == wanted for one in got)
    last = max(one[-1][1] for one in got if one)
    report.add(
        f"{given.burst:,} events at once: the last one at the last of ten readers", last - began, "s",
        note=f"writing them took {took:.1f} s",
    )  # fmt: skip
    report.add("  readers that got every event once, in order", whole, "of 10", bar=10.0, at_least=True)
    dropped = resumed = 0
    for one in late:
        with_end = asyncio.create_task(one.read(until=newest))
        await asyncio.wait_for(with_end, PATIENCE)
        one.close()
        if one.got and one.got[-1][0] < newest:
            dropped += 1
            await one.open(one.last)
            await asyncio.wait_for(one.read(until=newest), PATIENCE)
            one.close()
        resumed += [seq for seq, _ in one.got if seq >= first] == wanted
    report.add("  slow viewers dropped", dropped, f"of {given.slow}", bar=given.slow, at_least=True)
    report.add("  slow viewers that have everything once after resuming", resumed, f"of {given.slow}",
               bar=given.slow, at_least=True)  # fmt: skip


async def all_of_it(report: Report, url: str, folder: Path, given: argparse.Namespace) -> None:
    one_session = "/api/projects/{project}/work-sessions/{session}/events"
    async with driving(url, folder) as bench:
        for path, label in ((STREAM, "stream of everything"), (one_session, "one session's stream")):
            with Started("api", "--port", "0", log=folder / "api.log", DATABASE_URL=url) as api:
                if path == STREAM and given.slow:
                    # once, so that what is loaded late is not counted as a viewer's memory
                    warm = await asyncio.to_thread(Viewers, api.ready["url"], STREAM, 5)
                    session = await a_session(bench)
                    newest, _ = await publish(bench, session)
                    await asyncio.to_thread(warm.end, newest)
                await watched(report, bench, api, path, label, given)
                if path == STREAM and given.slow:
                    await slow(report, bench, api, given)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--viewers", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=150)
    parser.add_argument("--rate", type=float, default=5.0, help="events a second")
    parser.add_argument("--slow", type=int, default=10)
    parser.add_argument("--burst", type=int, default=40_000)
    parser.add_argument("--view", action="store_true", help=argparse.SUPPRESS)
    for hidden in ("--url", "--path"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    add_json_option(parser)
    given: Any = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if given.view:
        uvloop.run(view(given))
        return 0
    say_machine()
    report = Report("viewers", more={"viewers": given.viewers, "rate": given.rate})
    folder = Path(tempfile.mkdtemp(prefix="proofroom-bench-"))
    server = EmbeddedPostgres.start(folder)
    try:
        migrate(server.url())
        uvloop.run(all_of_it(report, server.url(), folder, given))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
