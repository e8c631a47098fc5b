"""Agent definitions of a project: added, changed and taken away by its admins; and the one that a session runs with."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from proofroom.agents.factory import AgentDefinition, get_definition, parse_own
from proofroom.db import definitions as db_definitions
from proofroom.db import members, projects
from proofroom.db.models import ProjectAgent, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.services.access import Actor, require
from proofroom.services.agent_titles import parsed
from proofroom.services.meanwhile import changed_meanwhile
from proofroom.services.views import at

Definitions = Mapping[str, AgentDefinition]


async def offered(tx: Tx, known: Definitions, project_id: UUID) -> dict[str, AgentDefinition]:
    """What can be asked for in a project: what the program offers, and the project's own in place of the same name."""
    return {
        **known,
        **{row.name: parsed(text) for row, text in await db_definitions.of_project(tx, project_id)},
    }


async def find(tx: Tx, known: Definitions, project_id: UUID, name: str) -> AgentDefinition:
    """Raises InvalidInput (`unknown_agent`)."""
    return get_definition(name, await offered(tx, known, project_id))


async def pin(tx: Tx, definition: AgentDefinition) -> str | None:
    """Keeps the text for the sessions that are filed with it; answers its digest, None when it has no text."""
    if not definition.text:
        return None
    await db_definitions.keep_text(tx, definition.digest, definition.text)
    return definition.digest


async def of_session(tx: Tx, known: Definitions, row: WorkSession) -> AgentDefinition:
    """The definition that the session was filed with, whatever became of it since.

    Sessions of earlier releases have none pinned: theirs is what the program offers. Raises InvalidInput
    (`unknown_agent`).
    """
    text = None
    if row.definition_digest is not None:
        current = known.get(row.agent_type)
        if current is not None and current.digest == row.definition_digest:
            return current
        text = await db_definitions.text_of(tx, row.definition_digest)
    return get_definition(row.agent_type, known) if text is None else parsed(text)


async def page(tx: Tx, project_id: UUID) -> list[dict[str, Any]]:
    """The project's own definitions, by name. Raises NotFound (`project_not_found`)."""
    await projects.get(tx, project_id)
    names = await members.names(tx)
    return [_json(row, text, names) for row, text in await db_definitions.of_project(tx, project_id)]


async def show(tx: Tx, project_id: UUID, name: str) -> dict[str, Any]:
    """Raises NotFound (`agent_not_found`)."""
    await projects.get(tx, project_id)
    found = await db_definitions.get(tx, project_id, name)
    if found is None:
        raise NotFound(
            "agent_not_found",
            f"This project has no agent of its own called {name[:80]!r}.",
            hint="List the project's agents; those of the program are not changed here.",
        )
    return _json(*found, await members.names(tx))


async def add(tx: Tx, actor: Actor, project_id: UUID, text: str) -> dict[str, Any]:
    """Adds a definition; one with the name of a shipped agent replaces it in this project.

    Raises NotAllowed, InvalidInput (`definition_invalid`, with the line), Conflict (`agent_exists`), NotFound.
    """
    made = await _read(tx, actor, project_id, text)
    digest = await pin(tx, made)
    assert digest is not None
    if not await db_definitions.add(tx, project_id, made.name, digest, actor.member_id):
        raise Conflict(
            "agent_exists",
            f"This project has an agent called {made.name} already.",
            hint="Change that one, or give this one another name.",
        )
    return await show(tx, project_id, made.name)


async def change(
    tx: Tx, actor: Actor, project_id: UUID, name: str, text: str, *, version: int | None = None
) -> dict[str, Any]:
    """Replaces a definition. Sessions that were filed with the one before keep it.

    Raises NotAllowed, InvalidInput (`definition_invalid`), NotFound, Conflict (`definition_changed`) when `version` is
    not the one that stands there or somebody else was first.
    """
    made = await _read(tx, actor, project_id, text)
    held = await show(tx, project_id, name)
    if made.name != name:
        raise InvalidInput(
            "definition_invalid",
            f"The definition is called {made.name}, and it is to replace {name[:80]}.",
            hint="Keep the name, or add it as another agent.",
            field="name",
        )
    digest = await pin(tx, made)
    assert digest is not None
    wanted = held["version"] if version is None else version
    if not await db_definitions.change(tx, project_id, name, digest, actor.member_id, version=wanted):
        raise changed_meanwhile("definition_changed", "this definition", held["version"])
    return await show(tx, project_id, name)


async def remove(tx: Tx, actor: Actor, project_id: UUID, name: str) -> None:
    """Takes a definition away. Sessions that were filed with it go on. Raises NotAllowed, NotFound."""
    require(actor, "admin")
    await show(tx, project_id, name)
    await db_definitions.remove(tx, project_id, name)


async def _read(tx: Tx, actor: Actor, project_id: UUID, text: str) -> AgentDefinition:
    require(actor, "admin")
    await projects.get(tx, project_id)
    return parse_own(text, name="the definition")


def _json(row: ProjectAgent, text: str, names: Mapping[UUID, str]) -> dict[str, Any]:
    definition = parsed(text)
    return {
        "name": row.name, "title": definition.title, "goal": definition.goal,
        "output_types": list(definition.output_types), "tools": list(definition.tools),
        "config_schema": dict(definition.config_schema), "definition": text, "digest": row.digest,
        "version": row.version, "changed_by": names.get(row.changed_by), "created_at": at(row.created_at),
        "updated_at": at(row.updated_at),
    }  # fmt: skip
