"""Projects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from proofroom.db import projects as db_projects
from proofroom.db.models import Project
from proofroom.db.tx import Tx
from proofroom.domain.allowance import allowance_from_json, allowance_to_json
from proofroom.domain.errors import InvalidInput
from proofroom.services import views
from proofroom.services.access import Actor, require


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
) -> Project:
    """Whether completed sessions propose what was approved (`remember_approved`) is for reviewers to say, what work may
    cost (`budget`, see `domain.allowance`) for admins. Raises InvalidInput (`name_invalid`, `budget_invalid`, …)."""
    require(actor, "requester")
    await db_projects.get(tx, project_id)
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _name(name)
    if description is not None:
        values["description"] = _description(description)
    if remember_approved is not None:
        require(actor, "reviewer")
        values["remember_approved"] = remember_approved
    if budget is not None:
        require(actor, "admin")
        values["budget"] = allowance_to_json(allowance_from_json(budget))
    return await db_projects.change(tx, project_id, **values)


async def archive(tx: Tx, actor: Actor, project_id: UUID) -> None:
    """Takes a project off the lists. Nothing in it is deleted; its sessions and records stay readable."""
    require(actor, "admin")
    await db_projects.get(tx, project_id)
    await db_projects.change(tx, project_id, archived_at=datetime.now(UTC))


async def to_json(tx: Tx, rows: list[Project]) -> list[dict[str, Any]]:
    counts = await db_projects.counts(tx, [r.id for r in rows])
    baskets = await db_projects.baskets(tx, [r.id for r in rows])
    return [views.project(r, baskets[r.id], counts[r.id]) for r in rows]


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
