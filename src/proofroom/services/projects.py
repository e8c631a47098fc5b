"""Projects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from proofroom.db import members
from proofroom.db import projects as db_projects
from proofroom.db.models import Project
from proofroom.db.tx import Tx
from proofroom.domain.allowance import allowance_from_json, allowance_to_json
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.services import views
from proofroom.services.access import Actor, require
from proofroom.services.meanwhile import changed_by


async def create(
    tx: Tx, actor: Actor, name: str, description: str = "", *, sample_key: str | None = None
) -> Project:
    """A project with its basket. Raises InvalidInput (`name_invalid`, `description_invalid`)."""
    require(actor, "requester")
    project_id = await db_projects.create(
        tx, name=_name(name), description=_description(description), sample_key=sample_key
    )
    return await db_projects.get(tx, project_id)


async def change(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    name: str | None = None,
    description: str | None = None,
    remember_approved: bool | None = None,
    budget: Mapping[str, Any] | None = None,
    budget_version: int | None = None,
    archived: bool | None = None,
) -> Project:
    """Whether completed sessions propose what was approved (`remember_approved`) is for reviewers to say, what work may
    cost (`budget`, see `domain.allowance`) and whether it is off the lists (`archived`) for admins.

    Raises InvalidInput (`name_invalid`, `budget_invalid`, …), Conflict (`budget_changed`) when `budget_version` is not
    the one that stands there or somebody else was first.
    """
    require(actor, "requester")
    row = await db_projects.get(tx, project_id)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _name(name)
    if description is not None:
        values["description"] = _description(description)
    if remember_approved is not None:
        require(actor, "reviewer")
        values["remember_approved"] = remember_approved
    if archived is not None:
        require(actor, "admin")
        if archived != (row.archived_at is not None):
            values["archived_at"] = datetime.now(UTC) if archived else None
    if budget is not None:
        require(actor, "admin")
        row = await _set_budget(tx, actor, row, budget, budget_version)
    return await db_projects.change(tx, project_id, **values) if values else row


async def _set_budget(
    tx: Tx, actor: Actor, row: Project, budget: Mapping[str, Any], version: int | None
) -> Project:
    wanted = allowance_from_json(budget)
    if version is not None and version != row.budget_version:
        raise await _budget_changed(tx, row)
    if wanted == allowance_from_json(row.budget):
        return row
    stored = allowance_to_json(wanted)
    changed = await db_projects.change_budget(tx, row.id, row.budget_version, actor.member_id, stored)
    if changed is None:
        raise await _budget_changed(tx, await db_projects.get(tx, row.id))
    return changed


async def _budget_changed(tx: Tx, row: Project) -> Conflict:
    """`row` is the project as it stands there now."""
    what = f"what work may cost in “{row.name}”"
    return await changed_by(tx, "budget_changed", what, row.budget_version, row.budget_by, row.budget_at)


async def archive(tx: Tx, actor: Actor, project_id: UUID) -> None:
    """Takes a project off the lists, with what has ended in it (`db.lists.listed`). Nothing is deleted; its sessions
    and records stay readable, and `change` with `archived=False` puts it back. One that is archived stays as it is."""
    await change(tx, actor, project_id, archived=True)


async def to_json(tx: Tx, rows: list[Project]) -> list[dict[str, Any]]:
    counts = await db_projects.counts(tx, [r.id for r in rows])
    baskets = await db_projects.baskets(tx, [r.id for r in rows])
    names = await members.names(tx) if any(r.budget_by is not None for r in rows) else {}
    return [views.project(r, baskets[r.id], counts[r.id], names) for r in rows]


def _name(name: str) -> str:
    clean = name.replace("\x00", "").strip()
    if not clean or len(clean) > 200:
        raise InvalidInput(
            "name_invalid",
            "A project's name has 1 to 200 characters.",
            hint="Give a shorter or longer one.",
            field="name",
        )
    return clean


def _description(description: str) -> str:
    if len(description) > 5000:
        raise InvalidInput(
            "description_invalid",
            "A description has at most 5,000 characters.",
            hint="Shorten it.",
            field="description",
        )
    return description.replace("\x00", "").strip()
