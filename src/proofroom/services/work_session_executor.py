"""`WorkSessionExecutor`: the Python API that runs work sessions. Opens and commits its own transactions."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proofroom.agents.factory import AgentDefinition
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, projects, work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Database
from proofroom.domain.errors import Conflict
from proofroom.domain.work_session import Status
from proofroom.services import context, definitions, views, work_requests
from proofroom.services.access import Actor
from proofroom.services.catalog import Catalog
from proofroom.services.work_requests import NewWork

Drive = Callable[[UUID, UUID], Awaitable[WorkSession]]


class WorkSessionExecutor:
    """Starts sessions and takes them to their next resting place, in this process."""

    def __init__(self, db: Database, catalog: Catalog, drive: Drive) -> None:
        self._db = db
        self._catalog = catalog
        self._drive = drive

    async def execute_work_session(self, session_id: UUID, actor: Actor) -> dict[str, Any]:
        """Runs an initialized session to its first resting place.

        Answers {session_id, status, artifacts_count, checkpoint_id, error}. Raises Conflict (`wrong_status`)
        when it was started before, NotFound.
        """
        async with self._db.transaction(actor.workspace_id) as tx:
            await work_requests.execute(tx, actor, session_id)
        return await self._settled(actor, session_id)

    async def resume_from_checkpoint(
        self, session_id: UUID, checkpoint_id: UUID, actor: Actor
    ) -> dict[str, Any]:
        """Goes on after a decision that released the next leg, also one made long ago or by another process.

        Answers like `execute_work_session`. Raises Conflict (`not_decided`) while the checkpoint still waits.
        """
        async with self._db.transaction(actor.workspace_id) as tx:
            row = await work_sessions.get(tx, session_id)
            checkpoint = await checkpoints.get(tx, checkpoint_id, session_id)
        if Status(row.status) is Status.PENDING_REVIEW and checkpoint.status == "pending_review":
            raise Conflict(
                "not_decided",
                "This checkpoint still waits for a decision.",
                hint="Approve it, ask for changes or reject it; then resume.",
            )
        return await self._settled(actor, session_id)

    async def _settled(self, actor: Actor, session_id: UUID) -> dict[str, Any]:
        await self._drive(actor.workspace_id, session_id)
        async with self._db.transaction(actor.workspace_id, snapshot=True) as tx:
            return await views.executed(tx, await work_sessions.get(tx, session_id))

    def backend(self, actor: Actor) -> "SessionBackend":
        return SessionBackend(self._db, self._catalog, self, actor)


@dataclass(frozen=True, slots=True)
class SessionBackend:
    """What `AgentSDKClient` stands on: sessions and envelopes of one actor's workspace."""

    db: Database
    catalog: Catalog
    executor: WorkSessionExecutor
    actor: Actor

    async def project_of_basket(self, basket_id: UUID) -> UUID:
        async with self.db.transaction(self.actor.workspace_id) as tx:
            return await projects.of_basket(tx, basket_id)

    async def definitions(self, project_id: UUID) -> Mapping[str, AgentDefinition]:
        async with self.db.transaction(self.actor.workspace_id) as tx:
            return await definitions.offered(tx, self.catalog.definitions, project_id)

    async def envelope(self, envelope_id: UUID) -> dict[str, Any]:
        async with self.db.transaction(self.actor.workspace_id) as tx:
            return await context.envelope_json(tx, envelope_id)

    async def run(
        self,
        project_id: UUID,
        agent_type: str,
        task: str,
        config: Mapping[str, Any],
        strategy: str,
        runtime: str | None,
    ) -> dict[str, Any]:
        """{session_id, status, artifacts, checkpoint}: a session made, run to its resting place, and read."""
        async with self.db.transaction(self.actor.workspace_id) as tx:
            row = await work_requests.create(
                tx,
                self.actor,
                self.catalog,
                project_id,
                NewWork(agent_type, task, config, approval_strategy=strategy, runtime=runtime),
            )
        done = await self.executor.execute_work_session(row.id, self.actor)
        async with self.db.transaction(self.actor.workspace_id, snapshot=True) as tx:
            row = await work_sessions.get(tx, row.id)
            waiting = await checkpoints.open_one(tx, row.id)
            return {
                "session_id": row.id,
                "status": row.status,
                "task_document_id": row.task_document_id,
                "artifacts": [
                    await views.artifact(tx, a, v) for a, v in await db_artifacts.current(tx, row.id)
                ],
                "checkpoint": None if waiting is None else await views.checkpoint(tx, waiting, row),
                "error": done["error"],
            }
