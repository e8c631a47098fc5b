"""`AgentSDKClient`: the Python API that gives an agent its context and has it do a task.

Every task is a work session: recorded, checked, and stopped for review as its strategy says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from proofroom.agents.factory import AgentDefinition, get_definition, validate_config


class Backend(Protocol):
    """What the client needs from the layers above it; bootstrap provides it."""

    async def project_of_basket(self, basket_id: UUID) -> UUID: ...

    async def definitions(self, project_id: UUID) -> Mapping[str, AgentDefinition]: ...

    async def envelope(self, envelope_id: UUID) -> dict[str, Any]: ...

    async def run(
        self,
        project_id: UUID,
        agent_type: str,
        task: str,
        config: Mapping[str, Any],
        strategy: str,
        runtime: str | None,
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent of one type, bound to the project whose basket it works from."""

    definition: AgentDefinition
    project_id: UUID
    runtime: str | None


@dataclass(frozen=True, slots=True)
class Execution:
    """What a task came to: the session's status, its artifacts, and the checkpoint it waits at, if any.

    `artifacts` and `checkpoint` are the JSON of the HTTP API; a decision names `checkpoint["packet_digest"]`.
    """

    session_id: UUID
    status: str
    artifacts: list[dict[str, Any]]
    checkpoint: dict[str, Any] | None
    task_document_id: UUID | None
    error: dict[str, Any] | None


class AgentSDKClient:
    """Made by `proofroom.bootstrap.Program.agent_client`. Opens and commits its own transactions."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def create_agent(self, agent_type: str, basket_id: UUID, *, runtime: str | None = None) -> Agent:
        """Raises InvalidInput (`unknown_agent`) and NotFound (`basket_not_found`)."""
        project_id = await self._backend.project_of_basket(basket_id)
        definition = get_definition(agent_type, await self._backend.definitions(project_id))
        return Agent(definition, project_id, runtime)

    async def provision_context_envelope(self, task_document_id: UUID) -> dict[str, Any]:
        """The pinned envelope: body as sent, digest, receipt. Raises NotFound; never an empty string."""
        return await self._backend.envelope(task_document_id)

    async def execute_task(
        self,
        agent: Agent,
        task_description: str,
        config: Mapping[str, Any] | None = None,
        *,
        approval_strategy: str = "final_only",
    ) -> Execution:
        """Runs the task as a work session to its first resting place.

        Its context is composed and pinned when it starts. Raises InvalidInput for a bad task or config.
        """
        checked = validate_config(agent.definition, config or {})
        done = await self._backend.run(
            agent.project_id,
            agent.definition.name,
            task_description,
            checked,
            approval_strategy,
            agent.runtime,
        )
        return Execution(
            done["session_id"],
            done["status"],
            done["artifacts"],
            done["checkpoint"],
            done["task_document_id"],
            done["error"],
        )
