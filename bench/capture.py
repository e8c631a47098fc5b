"""A thousand short documents sent to a running server: how fast they are taken, and when all can be found.

    python bench/capture.py [--documents N] [--connections N] [--per-request N]

Starts `proofroom up` with an empty folder and sends N Markdown documents of 2 to 4 kB over HTTP: one a request on
several connections, then others of the same kind many a request. A document counts as searchable when a search for
a word that only it holds finds it. Beside it: the same bytes through the product's functions one stage after the
other, and the floor, the same bytes parsed in this process and written by one plain COPY. Exits 1 when a document
is searchable later than 30 s after the last upload.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from sqlalchemy import insert

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Project, Workspace
from proofroom.db.tx import Database, libpq_url, new_id
from proofroom.services import capturing, sources
from proofroom.substrate import capture, terms
from proofroom.substrate.isolation import shared_pool

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import Writer

BAR_SECONDS = 30.0


@dataclass(frozen=True)
class Document:
    """`mark` is a word that no other document holds."""

    name: str
    mark: str
    data: bytes


def make(n: int, seed: int) -> list[Document]:
    writer = Writer(seed)
    found: list[Document] = []
    for i in range(n):
        mark = f"mark{seed}x{i:05d}"
        said = writer.document(writer.rng.randint(2_000, 3_600))
        found.append(Document(f"{seed}-{i:05d}.md", mark, f"{said}\nIts mark is {mark}.\n".encode()))
    return found


class Server:
    """`proofroom up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, "-c", "from proofroom.cli import main; main()", "up", "--no-sample", "--no-open",
                "--port", "0", "--data", str(folder), "--json",
            ],
            stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PROOFROOM_LOG_LEVEL": "warning"},
        )  # fmt: skip
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:  # one JSON document, then nothing until it is stopped
            said += line
            if line.startswith("}"):
                break
        self.url = str(json.loads(said)["url"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def cpu_seconds() -> float:
    """Processor time that the whole machine has used, in seconds (Linux), to tell what others do at the same time."""
    with Path("/proc/stat").open() as stat:
        fields = [int(x) for x in stat.readline().split()[1:]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


async def send(
    client: httpx.AsyncClient, project: str, documents: Sequence[Document], connections: int, per_request: int
) -> list[float]:
    """Uploads all; answers the seconds of every request."""
    groups = [documents[at : at + per_request] for at in range(0, len(documents), per_request)]
    waiting = iter(groups)
    seconds: list[float] = []

    async def one() -> None:
        for group in waiting:
            start = time.perf_counter()
            answer = await client.post(
                f"/api/projects/{project}/sources",
                files=[("file", (d.name, d.data, "text/markdown")) for d in group],
            )
            answer.raise_for_status()
            seconds.append(time.perf_counter() - start)

    await asyncio.gather(*(one() for _ in range(connections)))
    return seconds


async def all_found(client: httpx.AsyncClient, project: str, documents: Sequence[Document]) -> float:
    """Waits until each document is found by its mark; answers the median seconds of a search that found one."""
    took: list[float] = []
    for document in reversed(
        documents
    ):  # the last ones are waited for the longest; then the others are there
        while True:
            start = time.perf_counter()
            answer = await client.get(f"/api/projects/{project}/search", params={"q": document.mark, "k": 1})
            answer.raise_for_status()
            if answer.json()["items"]:
                took.append(time.perf_counter() - start)
                break
            await asyncio.sleep(0.25)
    return sorted(took)[len(took) // 2]


async def ready(client: httpx.AsyncClient, project: str, n: int) -> None:
    """Waits until no source of the project is being read any more."""
    while True:
        seen, cursor = 0, None
        while True:
            page = (
                await client.get(
                    f"/api/projects/{project}/sources",
                    params={"limit": 200, **({"cursor": cursor} if cursor else {})},
                )
            ).json()
            seen += sum(item["status"] == "ready" for item in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        if seen >= n:
            return
        await asyncio.sleep(0.5)


async def over_http(folder: Path, given: argparse.Namespace) -> bool:
    good = True
    server = Server(folder)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=120) as client:
            for seed, per_request in ((1, 1), (2, given.per_request)):
                documents = make(given.documents, seed)
                answer = await client.post("/api/projects", json={"name": f"Bench {per_request}"})
                project = answer.raise_for_status().json()["id"]
                size = sum(len(d.data) for d in documents)
                start, cpu = time.perf_counter(), cpu_seconds()
                seconds = sorted(await send(client, project, documents, given.connections, per_request))
                last = time.perf_counter()
                await ready(client, project, len(documents))
                done, used = time.perf_counter(), cpu_seconds() - cpu
                median = await all_found(client, project, documents)
                good &= done - last <= BAR_SECONDS
                print(
                    f"{len(documents)} documents, {size / 1e6:.1f} MB, {per_request} a request,"
                    f" {given.connections} connections:\n"
                    f"  uploads {len(documents) / (last - start):.0f} documents/s"
                    f" (request p50 {1000 * seconds[len(seconds) // 2]:.0f} ms,"
                    f" p95 {1000 * seconds[int(len(seconds) * 0.95)]:.0f} ms)\n"
                    f"  all searchable {done - last:.1f} s after the last upload (bar {BAR_SECONDS:.0f} s),"
                    f" {done - start:.1f} s after the first; the machine used {used:.1f} CPU s\n"
                    f"  every document found by its own word; such a search takes {1000 * median:.0f} ms",
                    flush=True,
                )
    finally:
        server.stop()
    return good


def floor(url: str, documents: Sequence[Document]) -> None:
    """The least that any capture does: parse here, count terms, one COPY into a plain table."""
    start = time.perf_counter()
    rows: list[tuple[str, str, str]] = []
    for document in documents:
        extracted = capture.parse(document.data, document.name)
        for block in extracted.blocks:
            text = extracted.text[block.char_start : block.char_end]
            rows.append((document.name, text, json.dumps(terms.count(text, block.heading))))
    parsed = time.perf_counter()
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute("CREATE TABLE floor (name text, text text, terms jsonb)")
        with connection.cursor().copy("COPY floor FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    print(
        f"floor: parsed here and written by COPY in {time.perf_counter() - start:.1f} s"
        f" (parsing and terms {parsed - start:.1f} s, COPY {time.perf_counter() - parsed:.1f} s),"
        f" {len(rows)} blocks",
        flush=True,
    )


async def stages(url: str, documents: Sequence[Document], portion: int) -> None:
    """The product's own functions, one stage after the other on one connection."""
    db = Database(url)
    workspace, project = new_id(), new_id()
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    took: dict[str, float] = dict.fromkeys(("add", "read", "parse and terms", "write"), 0.0)

    async def clock(stage: str, doing: Any) -> Any:
        start = time.perf_counter()
        answer = await doing
        took[stage] += time.perf_counter() - start
        return answer

    for at in range(0, len(documents), portion):
        some = documents[at : at + portion]

        async def add(some: Sequence[Document] = some) -> list[UUID]:
            async with db.transaction(workspace) as tx:
                rows = await sources.add_sources(
                    tx, project, [sources.Given(data=d.data, filename=d.name) for d in some], defer=False
                )
            return [row.id for row in rows]

        ids = await clock("add", add())
        waiting = await clock("read", capturing.read(db, workspace, [(i, 1) for i in ids]))
        parsed, _ = await clock("parse and terms", capturing.parse(waiting))
        await clock("write", capturing.write(db, workspace, parsed))
    print(
        f"stages, {portion} documents at a time, one after the other: "
        + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in took.items())
        + f"; together {sum(took.values()):.1f} s",
        flush=True,
    )
    await db.dispose()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--per-request", type=int, default=50)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores; load before the run {load:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as name:
        good = asyncio.run(over_http(Path(name) / "up", given))
        server = EmbeddedPostgres.start(Path(name) / "db")
        try:
            migrate(server.url())
            documents = make(given.documents, 3)
            asyncio.run(stages(server.url(), documents, 50))
            floor(server.url(), documents)
        finally:
            server.stop()
            shared_pool().close()
    if not good:
        print(f"missed: searchable within {BAR_SECONDS:.0f} s of the last upload")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
