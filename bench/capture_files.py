"""How long a large text takes from its bytes to passages that can be searched, through the product's own job.

    python bench/capture_files.py [--megabytes N] [--file PATH]

Without --file the text is made of this repository's documentation, its paragraphs shuffled with a fixed seed. Prints
the seconds, the passages and the peak memory of this process, of the parser process and of the database's largest
process. The database is the embedded one, on a disk, with its usual settings.
"""

import argparse
import asyncio
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
        parts.append(f"{shuffle.choice(paragraphs)} Paragraph {n} of word{shuffle.randrange(200_000)}.")
        size += len(parts[-1].encode()) + 2
    return "\n\n".join(parts).encode()[: megabytes * 1_000_000]


class Peak(threading.Thread):
    """The largest resident size, in bytes, of each program that is a descendant of this one or the database's."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self.names = names
        self.largest: dict[str, int] = {}
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.2):
            for status in Path("/proc").glob("[0-9]*/status"):
                try:
                    fields = dict(
                        line.split(":", 1) for line in status.read_text().splitlines() if ":" in line
                    )
                    command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                name = next((n for n in self.names if n in command), None)
                if name and "RssAnon" in fields:
                    size = int(fields["RssAnon"].split()[0]) * 1024
                    self.largest[name] = max(size, self.largest.get(name, 0))


async def run(url: str, data: bytes) -> None:
    workspace, project = new_id(), new_id()
    db = Database(url)
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
        await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
        await tx.execute(insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project))
    peak = Peak(("proofroom.substrate.worker", "postgres"))
    peak.start()
    start = time.perf_counter()
    async with db.transaction(workspace) as tx:
        row = await sources.add_source(tx, project, data=data, filename="large.txt", defer=False)
    added = time.perf_counter()
    phases = asyncio.create_task(_phases(db, workspace, row.id))
    done = await sources.capture_now(db, workspace, row.id)
    captured = time.perf_counter()
    peak.done.set()
    spent = await phases
    async with db.transaction(workspace) as tx:
        hits = await search.search(tx, project, "who signs the packet", 10)
    print(
        f"{len(data) / 1e6:.0f} MB: {done.status}, {done.block_count:,} passages,"
        f" {len(hits)} found in {1_000 * (time.perf_counter() - captured):.0f} ms"
    )
    print(f"added in {added - start:.1f} s, captured in {captured - added:.1f} s")
    print("phases as the source showed them: " + ", ".join(f"{k} {v:.1f} s" for k, v in spent.items()))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"peak memory: this process {own:.0f} MB (the file itself included)", end="")
    for name, size in peak.largest.items():
        print(f", {name} {size / 1e6:.0f} MB", end="")
    print()
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
            asyncio.run(run(server.url(), data))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
