"""Drives work sessions through the services, as the API does, while a worker of its own runs their legs.

Waits by listening: what has happened in a session is told with the number of its newest event, and a script plays the
same way every time, so the driver asks the database for nothing but what it needs to sign.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import insert

from proofroom.bootstrap import make_catalog
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import Basket, Project
from proofroom.db.tx import EVENTS_CHANNEL, Database, libpq_url, new_id
from proofroom.services import access, review, sources, work_requests
from proofroom.services.access import Actor
from proofroom.services.catalog import Catalog
from proofroom.services.work_requests import NewWork
from proofroom.settings import Settings

PATIENCE = 120.0
TURNS = 6
"""Calls of tools in the script, each recorded by itself: five events of progress and one artifact."""

NOTES = (
    "# Notes\n\nThe board named a factor of 4.45 in its report of November 1999.\n\n"
    "The planned altitude was 226 km.\n"
)
CLAIM = "The board named a factor of 4.45 in its report of November 1999."
SCRIPT = (
    "steps:\n"
    + "".join(f"  - progress: {{done: {n}, total: 5, label: step {n}}}\n" for n in range(1, 5))
    + f"""  - artifact:
      slot: finding
      type: research_finding
      title: The factor
      markdown: "{CLAIM} [[{{{{ b:factor of 4.45 }}}}|{CLAIM}]]"
  - progress: {{done: 5, total: 5, label: step 5}}
  - finish: {{summary: Done}}
"""
)


@dataclass
class Bench:
    """A project with one source in the local user's workspace, and a script."""

    db: Database
    catalog: Catalog
    actor: Actor
    project_id: UUID
    runtime: str
    seqs: dict[UUID, int] = field(default_factory=dict[UUID, int])
    at_checkpoint: int = 0
    at_end: int = 0
    _waiting: dict[UUID, tuple[int, asyncio.Future[float]]] = field(
        default_factory=dict[UUID, tuple[int, "asyncio.Future[float]"]]
    )

    async def listen(self, ready: asyncio.Event) -> None:
        async with await psycopg.AsyncConnection.connect(libpq_url(self.db.url), autocommit=True) as line:
            await line.execute(f"LISTEN {EVENTS_CHANNEL}".encode())
            ready.set()
            async for notice in line.notifies():
                said = json.loads(notice.payload)
                if said.get("kind") != "session":
                    continue
                session, seq, now = UUID(said["session_id"]), int(said["seq"]), time.perf_counter()
                self.seqs[session] = max(seq, self.seqs.get(session, 0))
                waiting = self._waiting.get(session)
                if waiting is not None and seq >= waiting[0] and not waiting[1].done():
                    waiting[1].set_result(now)

    async def heard(self, session: UUID, seq: int) -> float:
        """Waits until the session's event of this number is told; when it was."""
        if self.seqs.get(session, 0) >= seq:
            return time.perf_counter()
        told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[session] = (seq, told)
        try:
            async with asyncio.timeout(PATIENCE):
                return await told
        except TimeoutError:
            async with self.db.transaction(self.actor.workspace_id) as tx:
                row = await work_sessions.get(tx, session)
            raise RuntimeError(f"event {seq} of {session} did not come: {row.status} {row.failure}") from None
        finally:
            del self._waiting[session]

    async def file(self) -> UUID:
        async with self.db.transaction(self.actor.workspace_id) as tx:
            row = await work_requests.create(
                tx,
                self.actor,
                self.catalog,
                self.project_id,
                NewWork(
                    "research", "What was the factor?", runtime=self.runtime, auto_execute=True, trusted=True
                ),
            )
        return row.id

    async def approve(self, session: UUID) -> tuple[int, float, float]:
        """Signs what waits. The number of the session's newest event; when it began, when it was committed."""
        async with self.db.transaction(self.actor.workspace_id) as tx:
            found = await checkpoints.open_one(tx, session)
        assert found is not None, "nothing waits for a signature"
        began = time.perf_counter()
        async with self.db.transaction(self.actor.workspace_id) as tx:
            outcome = await review.approve(
                tx, self.actor, session, found.id, packet_digest=found.packet_digest
            )
        return outcome.session.event_seq, began, time.perf_counter()

    async def lifecycle(self) -> None:
        session = await self.file()
        await self.heard(session, self.at_checkpoint)
        await self.approve(session)
        await self.heard(session, self.at_end)
        del self.seqs[session]

    async def resume_ms(self, session: UUID) -> tuple[float, float]:
        """From asking for the approval, and from its commit, to the first event of the next leg; in ms."""
        seq, began, committed = await self.approve(session)
        at = await self.heard(session, seq + 1)
        return 1000 * (at - began), 1000 * (at - committed)

    async def learn(self) -> None:
        """Plays one session by asking for its status, to know the numbers of its events from then on."""
        session = await self.file()
        self.at_checkpoint = await self._until(session, "pending_review")
        await self.approve(session)
        self.at_end = await self._until(session, "completed")

    async def _until(self, session: UUID, status: str) -> int:
        end = time.monotonic() + PATIENCE
        while True:
            async with self.db.transaction(self.actor.workspace_id) as tx:
                row = await work_sessions.get(tx, session)
            if row.status == status:
                return row.event_seq
            if row.status == "failed" or time.monotonic() > end:
                raise RuntimeError(f"{session} is {row.status}, not {status}: {row.failure}")
            await asyncio.sleep(0.02)

    async def completed(self) -> int:
        async with self.db.transaction(self.actor.workspace_id) as tx:
            connection = await tx.raw()
            found = await (
                await connection.execute("SELECT count(*) FROM work_sessions WHERE status = 'completed'")
            ).fetchone()
        assert found is not None
        return int(found[0])


@asynccontextmanager
async def driving(url: str, folder: Path, *, pool_size: int = 10) -> AsyncGenerator[Bench]:
    """A bench on a migrated database; its own source and script the first time, the same ones after that."""
    db = Database(url, pool_size=pool_size)
    actor = await access.ensure_local(db)
    script = folder / "lifecycle.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    known = folder / "project"
    if known.exists():
        project = UUID(known.read_text())
    else:
        project = new_id()
        async with db.transaction(actor.workspace_id) as tx:
            await tx.execute(
                insert(Project).values(workspace_id=actor.workspace_id, id=project, name="Bench")
            )
            await tx.execute(
                insert(Basket).values(workspace_id=actor.workspace_id, id=new_id(), project_id=project)
            )
        async with db.transaction(actor.workspace_id) as tx:
            source = await sources.add_source(tx, project, data=NOTES.encode(), filename="notes.md")
        await sources.capture_now(db, actor.workspace_id, source.id)
        known.write_text(str(project))
    bench = Bench(db, make_catalog(Settings(), db), actor, project, f"scripted:{script}")
    ready = asyncio.Event()
    listening = asyncio.create_task(bench.listen(ready))
    try:
        async with asyncio.timeout(PATIENCE):
            await ready.wait()
        yield bench
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await db.dispose()
