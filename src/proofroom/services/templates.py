"""Templates: a saved work request to start from."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.agents.factory import validate_config
from proofroom.db import members
from proofroom.db import projects as db_projects
from proofroom.db import templates as db_templates
from proofroom.db.models import Template
from proofroom.db.templates import Use
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.services import definitions, folders, views
from proofroom.services.access import Actor, require
from proofroom.services.catalog import Catalog
from proofroom.services.meanwhile import changed_by

NEVER = Use(0, None, 0, None, None)


async def of_project(tx: Tx, project_id: UUID) -> list[Template]:
    """Raises NotFound (`project_not_found`)."""
    await db_projects.get(tx, project_id)
    return await db_templates.of_project(tx, project_id)


async def add(
    tx: Tx, actor: Actor, catalog: Catalog, project_id: UUID, name: str, content: Mapping[str, Any]
) -> Template:
    """Saves a work request under a name. Raises InvalidInput (`name_invalid`, and what filing the request would)."""
    require(actor, "requester")
    await db_projects.get(tx, project_id)
    agent_type, kept = await _checked(tx, catalog, project_id, content)
    return await db_templates.add(tx, project_id, _named(name), agent_type, kept)


async def change(
    tx: Tx,
    actor: Actor,
    catalog: Catalog,
    project_id: UUID,
    template_id: UUID,
    *,
    name: str | None = None,
    content: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> Template:
    """Writes a new version if it differs; what is not named stays as it is.

    Raises what saving it anew would raise, NotFound (`template_not_found`), and Conflict (`template_changed`) when
    `version` is not the one that stands there or somebody else was first.
    """
    require(actor, "requester")
    row = await db_templates.get(tx, project_id, template_id)
    if version is not None and version != row.version:
        raise await _changed(tx, row)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _named(name)
    if content is not None:
        values["agent_type"], values["content"] = await _checked(tx, catalog, project_id, content)
    if all(getattr(row, what) == value for what, value in values.items()):
        return row
    changed = await db_templates.change(tx, template_id, row.version, actor.member_id, values)
    if changed is None:
        raise await _changed(tx, await db_templates.get(tx, project_id, template_id))
    return changed


async def _changed(tx: Tx, row: Template) -> Conflict:
    """`row` is the template as it stands there now."""
    what = f"the template “{row.name}”"
    return await changed_by(tx, "template_changed", what, row.version, row.changed_by, row.updated_at)


async def remove(tx: Tx, actor: Actor, project_id: UUID, template_id: UUID) -> None:
    """Raises NotFound (`template_not_found`). Work that started from it stays as it is."""
    require(actor, "requester")
    await db_templates.get(tx, project_id, template_id)
    await db_templates.remove(tx, template_id)


async def fill(tx: Tx, project_id: UUID, template_id: UUID, request: Mapping[str, Any]) -> dict[str, Any]:
    """A work request in which what was not said comes from the template; settings are merged one by one."""
    content = dict((await db_templates.get(tx, project_id, template_id)).content)
    if content.get("source_ids") is not None:
        content["source_ids"] = [UUID(s) for s in content["source_ids"]]
    said = {k: v for k, v in request.items() if v is not None}
    merged = {k: v for k, v in content.items() if v is not None} | said
    if said.get("agent_type", content["agent_type"]) == content["agent_type"]:
        merged["config"] = (content.get("config") or {}) | (said.get("config") or {})
    return merged


async def to_json(tx: Tx, rows: Sequence[Template]) -> list[dict[str, Any]]:
    """Templates as the API shows them, each with how it was used."""
    uses = await db_templates.use(tx, [row.id for row in rows])
    names = await members.names(tx) if any(row.changed_by is not None for row in rows) else {}
    return [_json(row, uses.get(row.id, NEVER), names) for row in rows]


def _json(row: Template, use: Use, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "id": str(row.id), "project_id": str(row.project_id), "name": row.name, "agent_type": row.agent_type,
        "content": row.content, "version": row.version,
        "changed_by": None if row.changed_by is None else names.get(row.changed_by),
        "created_at": views.at(row.created_at), "updated_at": views.at(row.updated_at),
        "uses": use.uses, "last_used_at": views.at(use.last_used_at),
        "last_time": None if use.usd is None or use.seconds is None else {
            "completed": use.completed, "usd_least": use.usd[0], "usd_most": use.usd[1],
            "seconds_least": use.seconds[0], "seconds_most": use.seconds[1],
        },
    }  # fmt: skip


async def _checked(
    tx: Tx, catalog: Catalog, project_id: UUID, content: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """(agent type, what is kept) of a work request, its settings as its agent wants them."""
    definition = await definitions.find(
        tx, catalog.definitions, project_id, str(content.get("agent_type", ""))
    )
    config = validate_config(definition, content.get("config") or {})
    await folders.targets(catalog, content.get("deliver_to") or (), trusted=False)
    return definition.name, dict(content) | {"config": config}


def _named(name: str) -> str:
    clean = name.replace("\x00", "").strip()
    if not clean or len(clean) > 200:
        raise InvalidInput(
            "name_invalid",
            "A name has 1 to 200 characters.",
            hint="Give a shorter or longer one.",
            field="name",
        )
    return clean
