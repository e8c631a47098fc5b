"""How long a large text takes from its bytes to passages that can be searched, through the product's own job.

    python bench/capture_files.py [--megabytes N] [--file PATH]

Without --file the text is made of this repository's documentation, its paragraphs shuffled with a fixed seed. Prints
the seconds, and the processor time and peak memory of this process, of the reader's process and of the database.
The database is the embedded one, on a disk, with its usual settings.
"""

import argparse
import asyncio
import os
import random
import resource
import tempfile
import threading
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Project, Workspace
from proofroom.db.tx import Database, new_id
from proofroom.services import sources
from proofroom.substrate import isolation, search

ROOT = Path(__file__).parent.parent


def made(megabytes: int) -> bytes:
    """Plain text of this size from the documentation's paragraphs."""
    paragraphs = [
        part.strip()
        for path in sorted((ROOT / "docs").rglob("*.md"))
        for part in path.read_text(encoding="utf-8").split("\n\n")
        if part.strip() and "|" not in part
    ]
    shuffle = random.Random(4)
    parts: list[str] = []
    size = 0
    while size < megabytes * 1_000_000:
        n = len(parts)
        words = " ".join(" ".join(part.split()) for part in shuffle.sample(paragraphs, 3))
        parts.append(f"{words} Paragraph {n} of word{shuffle.randrange(200_000)}.")
        size += len(parts[-1].encode()) + 2
    return "\n\n".join(parts).encode()[: megabytes * 1_000_000]


class Watch(threading.Thread):
    """The largest memory that a process of each group held for itself, and the processor time of all of them.

    A group is a process and its children: `roots` names them.
    """

    def __init__(self, roots: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self.roots = roots
        self.largest: dict[str, int] = {}
        self.spent: dict[tuple[str, int], float] = {}
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.2):
            self.look()

    def look(self) -> None:
        ticks = os.sysconf("SC_CLK_TCK")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                status = (folder / "status").read_text()
            except OSError:
                continue
            pid, parent = int(folder.name), int(stat[1])
            name = next((n for n, root in self.roots.items() if parent == root), None)
            if name is None or "RssAnon:" not in status:
                continue
            size = int(status.partition("RssAnon:")[2].split()[0]) * 1024
            self.largest[name] = max(size, self.largest.get(name, 0))
            self.spent[name, pid] = (int(stat[11]) + int(stat[12])) / ticks

    def seconds(self, name: str) -> float:
        return sum(spent for (group, _), spent in self.spent.items() if group == name)


async def run(url: str, data: bytes, postmaster: int) -> None:
    workspace, project = new_id(), new_id()
    db = Database(url)
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    watch = Watch({"the reader": os.getpid(), "the database": postmaster})
    watch.look()
    before = {name: watch.seconds(name) for name in watch.roots}
    watch.start()
    start, own = time.perf_counter(), time.process_time()
    async with db.transaction(workspace) as tx:
        row = await sources.add_source(tx, project, data=data, filename="large.txt", defer=False)
    added = time.perf_counter()
    phases = asyncio.create_task(_phases(db, workspace, row.id))
    done = await sources.capture_now(db, workspace, row.id)
    captured = time.perf_counter()
    own = time.process_time() - own
    watch.done.set()
    watch.look()
    spent = await phases
    async with db.transaction(workspace) as tx:
        hits = await search.search(tx, project, "who signs the packet", 10)
    print(
        f"{len(data) / 1e6:.0f} MB: {done.status}, {done.block_count:,} passages,"
        f" {len(hits)} found in {1_000 * (time.perf_counter() - captured):.0f} ms"
    )
    print(f"added in {added - start:.1f} s, captured in {captured - added:.1f} s")
    print("phases as the source showed them: " + ", ".join(f"{k} {v:.1f} s" for k, v in spent.items()))
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"this program: {own:.1f} s of processor time, at most {size:.0f} MB (the file among them)")
    for name, most in watch.largest.items():
        busy = watch.seconds(name) - before[name]
        print(f"{name}: {busy:.1f} s of processor time, at most {most / 1e6:.0f} MB a process")
    await db.dispose()
    isolation.shared_pool().close()


async def _phases(db: Database, workspace: UUID, source_id: UUID) -> dict[str, float]:
    """Seconds for which the source's progress showed each phase, as somebody who asks each 0.2 s sees it."""
    spent: dict[str, float] = {}
    while True:
        async with db.transaction(workspace) as tx:
            row = await sources.get(tx, source_id)
        if row.status != "processing":
            return spent
        phase = row.progress["phase"] if row.progress else "nothing"
        spent[phase] = spent.get(phase, 0) + 0.2
        await asyncio.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--file", type=Path)
    given = parser.parse_args()
    data = given.file.read_bytes() if given.file else made(given.megabytes)
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres.start(Path(folder) / "pg")
        try:
            migrate(server.url())
            (pid_file,) = Path(folder).rglob("postmaster.pid")
            asyncio.run(run(server.url(), data, int(pid_file.read_text().split()[0])))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
