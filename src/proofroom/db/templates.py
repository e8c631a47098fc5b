"""Queries on templates: saved configurations of work requests."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from proofroom.db.models import Template
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound


async def get(tx: Tx, project_id: UUID, template_id: UUID) -> Template:
    """Raises NotFound (`template_not_found`)."""
    row = (
        await tx.execute(
            select(Template).where(Template.project_id == project_id, Template.id == template_id)
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "template_not_found",
            f"No template {template_id} is in this project.",
            hint="List the project's templates.",
        )
    return row


async def names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Template id to name, of those that there are."""
    rows = await tx.execute(select(Template.id, Template.name).where(Template.id.in_(ids)))
    return {r[0]: r[1] for r in rows.all()}


async def change(tx: Tx, template_id: UUID, **values: Any) -> Template:
    return (
        await tx.execute(
            update(Template)
            .where(Template.id == template_id)
            .values(**values)
            .returning(Template)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
    ).scalar_one()


async def remove(tx: Tx, template_id: UUID) -> None:
    await tx.execute(
        delete(Template).where(Template.id == template_id).execution_options(synchronize_session=False)
    )
