"""Sessions for the claude runtime, which keeps its conversation in a database: an embedded one of its own."""

import contextlib
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert

from proofroom.agents.runtimes.base import AgentRuntime, RunRef
from proofroom.agents.runtimes.claude import ClaudeRuntime
from proofroom.agents.runtimes.host import Host
from proofroom.bootstrap import make_catalog
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Member, Project, Workspace
from proofroom.db.tx import Database, new_id
from proofroom.services import legs, sources, work_requests
from proofroom.services.access import Actor
from proofroom.services.work_requests import NewWork
from proofroom.settings import Settings
from proofroom.testing.conformance import TASK, TEXTS
from proofroom.testing.ledger import Ledger


class ClaudeRuns:
    """Runtimes, and for each ledger a session that is claimed once."""

    def __init__(self, db: Database, actor: Actor, project: UUID, folder: Path) -> None:
        self._db, self._actor, self._project, self._folder = db, actor, project, folder
        self._catalog = make_catalog(Settings(), db)
        self._runs: dict[int, tuple[Ledger, RunRef]] = {}

    async def run(self, ledger: Ledger) -> RunRef:
        if id(ledger) not in self._runs:
            new = NewWork("research", TASK, runtime="extractive", auto_execute=True, trusted=True)
            workspace = self._actor.workspace_id
            async with self._db.transaction(workspace) as tx:
                filed = await work_requests.create(tx, self._actor, self._catalog, self._project, new)
            async with self._db.transaction(workspace) as tx:
                row = await legs.claim(
                    tx, filed.id, owner="bench", lease_seconds=3_600, definitions=self._catalog.definitions
                )
            assert row is not None
            self._runs[id(ledger)] = (ledger, RunRef(workspace, row.id, row.iteration, row.leg))
        return self._runs[id(ledger)][1]

    def runtime(self, url: str, key: str) -> AgentRuntime:
        settings = Settings.model_validate(
            {"anthropic_api_key": key, "anthropic_base_url": url, "data_dir": self._folder / "data"}
        )
        return ClaudeRuntime(Host(settings, self._db), "claude-test")


@contextlib.asynccontextmanager
async def claude_runs() -> AsyncGenerator[ClaudeRuns]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres.start(Path(folder) / "postgres")
        try:
            migrate(server.url())
            db = Database(server.url())
            workspace, member, project = new_id(), new_id(), new_id()
            async with db.transaction(workspace) as tx:
                await tx.execute(insert(Workspace).values(id=workspace, name="Bench"))
                await tx.execute(
                    insert(Member).values(workspace_id=workspace, id=member, name="Bench", role="admin")
                )
                await tx.execute(insert(Project).values(workspace_id=workspace, id=project, name="Bench"))
                await tx.execute(
                    insert(Basket).values(workspace_id=workspace, id=new_id(), project_id=project)
                )
            for name, text in TEXTS.items():
                async with db.transaction(workspace) as tx:
                    row = await sources.add_source(
                        tx, project, data=text.encode(), filename=name, defer=False
                    )
                await sources.capture_now(db, workspace, row.id)
            yield ClaudeRuns(db, Actor(workspace, member, "Bench", "admin"), project, Path(folder))
            await db.dispose()
        finally:
            server.stop()
