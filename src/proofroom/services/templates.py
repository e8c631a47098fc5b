"""Templates: a saved work request to start from."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from proofroom.agents.factory import validate_config
from proofroom.db import projects as db_projects
from proofroom.db import templates as db_templates
from proofroom.db.models import Template
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.services import definitions
from proofroom.services.access import Actor, require
from proofroom.services.catalog import Catalog


async def of_project(tx: Tx, project_id: UUID) -> list[Template]:
    """Raises NotFound (`project_not_found`)."""
    await db_projects.get(tx, project_id)
    return await db_projects.templates(tx, project_id)


async def change(
    tx: Tx,
    actor: Actor,
    catalog: Catalog,
    project_id: UUID,
    template_id: UUID,
    *,
    name: str | None = None,
    content: Mapping[str, Any] | None = None,
) -> Template:
    """Raises what saving it anew would raise, and NotFound (`template_not_found`)."""
    require(actor, "requester")
    row = await db_templates.get(tx, project_id, template_id)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _named(name)
    if content is not None:
        name = str(content.get("agent_type", ""))
        definition = await definitions.find(tx, catalog.definitions, project_id, name)
        config = validate_config(definition, content.get("config") or {})
        values |= {"content": dict(content) | {"config": config}, "agent_type": definition.name}
    return await db_templates.change(tx, template_id, **values) if values else row


async def remove(tx: Tx, actor: Actor, project_id: UUID, template_id: UUID) -> None:
    """Raises NotFound (`template_not_found`). Work that started from it stays as it is."""
    require(actor, "requester")
    await db_templates.get(tx, project_id, template_id)
    await db_templates.remove(tx, template_id)


async def fill(tx: Tx, project_id: UUID, template_id: UUID, request: Mapping[str, Any]) -> dict[str, Any]:
    """A work request in which what was not said comes from the template; settings are merged one by one."""
    content = (await db_templates.get(tx, project_id, template_id)).content
    said = {k: v for k, v in request.items() if v is not None}
    merged = {k: v for k, v in content.items() if v is not None} | said
    if said.get("agent_type", content["agent_type"]) == content["agent_type"]:
        merged["config"] = (content.get("config") or {}) | (said.get("config") or {})
    return merged


def _named(name: str) -> str:
    if not name.strip() or len(name) > 200:
        raise InvalidInput(
            "name_invalid",
            "A name has 1 to 200 characters.",
            hint="Give a shorter or longer one.",
            field="name",
        )
    return name.strip()
