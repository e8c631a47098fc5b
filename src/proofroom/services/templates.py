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
from proofroom.domain.errors import Conflict, InvalidInput, NotFound
from proofroom.services import definitions, folders, views
from proofroom.services.access import Actor, require
from proofroom.services.catalog import Catalog
from proofroom.services.meanwhile import AGAIN, changed_by, removed_by

NEVER = Use(0, None, 0, None, None)

KEEP = "Save what you have as a new template."
ALONE = "Send the whole request without template_id to have it done all the same."
NOTHING_LEFT = "There is nothing left to remove."
FILE = f"Look at what it asks for now and send its version. {ALONE}"


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

    Raises what saving it anew and `standing` would raise, and Conflict (`template_changed`) when somebody else was
    first.
    """
    require(actor, "requester")
    row = await standing(tx, project_id, template_id, version, removed=KEEP)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _named(name)
    if content is not None:
        values["agent_type"], values["content"] = await _checked(tx, catalog, project_id, content)
    if all(getattr(row, what) == value for what, value in values.items()):
        return row
    changed = await db_templates.change(tx, template_id, row.version, actor.member_id, values)
    if changed is None:
        raise await _changed(tx, await standing(tx, project_id, template_id, removed=KEEP))
    return changed


async def standing(
    tx: Tx,
    project_id: UUID,
    template_id: UUID,
    version: int | None = None,
    *,
    changed: str = AGAIN,
    removed: str,
) -> Template:
    """The template as it stands there now, for whoever looked at `version` of it.

    Raises NotFound (`template_not_found`), and Conflict (`template_changed`, `template_removed`), which say who changed
    or removed it; `changed` and `removed` are what to do then.
    """
    try:
        row = await db_templates.get(tx, project_id, template_id)
    except NotFound:
        gone = await db_templates.removed(tx, project_id, template_id)
        if gone is None:
            raise
        what = f"the template “{gone.name}”"
        raise await removed_by(
            tx, "template_removed", what, gone.removed_by, gone.removed_at, hint=removed
        ) from None
    if version is not None and version != row.version:
        raise await _changed(tx, row, changed)
    return row


async def _changed(tx: Tx, row: Template, hint: str = AGAIN) -> Conflict:
    """`row` is the template as it stands there now."""
    what = f"the template “{row.name}”"
    return await changed_by(
        tx, "template_changed", what, row.version, row.changed_by, row.updated_at, hint=hint
    )


async def remove(
    tx: Tx, actor: Actor, project_id: UUID, template_id: UUID, version: int | None = None
) -> None:
    """Work that started from it stays as it is; who removed what they removed before is told nothing.

    Raises what `standing` raises, and Conflict (`template_changed`) when somebody else was first.
    """
    require(actor, "requester")
    try:
        row = await standing(tx, project_id, template_id, version, removed=NOTHING_LEFT)
        if not await db_templates.remove(tx, template_id, row.version, actor.member_id):
            raise await _changed(tx, await standing(tx, project_id, template_id, removed=NOTHING_LEFT))
    except Conflict:
        # Looked for last: of two who remove it at once, the second one waits for the first.
        gone = await db_templates.removed(tx, project_id, template_id)
        if gone is None or gone.removed_by != actor.member_id:
            raise


async def fill(
    tx: Tx, project_id: UUID, template_id: UUID, request: Mapping[str, Any], version: int | None = None
) -> dict[str, Any]:
    """A work request in which what was not said comes from the template; settings are merged one by one.

    Raises what `standing` raises: who filed it looked at `version`.
    """
    row = await standing(tx, project_id, template_id, version, changed=FILE, removed=ALONE)
    content = dict(row.content)
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
