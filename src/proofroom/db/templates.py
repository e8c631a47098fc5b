"""Queries on templates: saved configurations of work requests."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update

from proofroom.db.models import RemovedTemplate, Template
from proofroom.db.statements import UUIDS, typed
from proofroom.db.tx import Tx, new_id
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


async def of_project(tx: Tx, project_id: UUID) -> list[Template]:
    """Oldest first."""
    query = select(Template).where(Template.project_id == project_id).order_by(Template.id)
    return list((await tx.execute(query)).scalars())


async def add(tx: Tx, project_id: UUID, name: str, agent_type: str, content: dict[str, Any]) -> Template:
    return (
        await tx.execute(
            insert(Template)
            .values(
                workspace_id=tx.workspace_id, id=new_id(), project_id=project_id, name=name,
                agent_type=agent_type, content=content,
            )
            .returning(Template)
        )
    ).scalar_one()  # fmt: skip


async def names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, tuple[str, UUID]]:
    """Template id to its name and project, of those that there still are."""
    if not ids:
        return {}
    query = select(Template.id, Template.name, Template.project_id).where(Template.id.in_(ids))
    return {r[0]: (r[1], r[2]) for r in (await tx.execute(query)).all()}


async def several(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Template]:
    """By id, of those that there are."""
    if not ids:
        return {}
    return {row.id: row for row in (await tx.execute(select(Template).where(Template.id.in_(ids)))).scalars()}


async def change(
    tx: Tx, template_id: UUID, version: int, changed_by: UUID, values: Mapping[str, Any]
) -> Template | None:
    """None when `version` is not the one that stands there."""
    return (
        await tx.execute(
            update(Template)
            .where(Template.id == template_id, Template.version == version)
            .values(**values, version=Template.version + 1, changed_by=changed_by, updated_at=func.now())
            .returning(Template)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
    ).scalar_one_or_none()


async def remove(tx: Tx, template_id: UUID, version: int, removed_by: UUID) -> bool:
    """False when `version` is not the one that stands there. Its name is kept, with who removed it."""
    gone = (
        await tx.execute(
            delete(Template)
            .where(Template.id == template_id, Template.version == version)
            .returning(Template.project_id, Template.name)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if gone is None:
        return False
    await tx.execute(
        insert(RemovedTemplate).values(
            workspace_id=tx.workspace_id, id=template_id, project_id=gone[0], name=gone[1],
            removed_by=removed_by,
        )
    )  # fmt: skip
    return True


async def removed(tx: Tx, project_id: UUID, template_id: UUID) -> RemovedTemplate | None:
    """None when this project never had it, or has it still."""
    query = select(RemovedTemplate).where(
        RemovedTemplate.project_id == project_id, RemovedTemplate.id == template_id
    )
    return (await tx.execute(query)).scalar_one_or_none()


LOOKED_BACK = 20
"""Sessions of a template whose cost and time say what the next one may come to."""

_USE = typed(
    """
    SELECT t.id, used.n, used.last, ended.n, ended.usd_least, ended.usd_most, ended.s_least, ended.s_most
    FROM unnest(:ids) t (id)
    CROSS JOIN LATERAL (
      SELECT count(*) AS n, max(s.created_at) AS last FROM work_sessions s WHERE s.template_id = t.id) used
    CROSS JOIN LATERAL (
      SELECT count(*) AS n, min(e.usd) AS usd_least, max(e.usd) AS usd_most, min(e.s) AS s_least, max(e.s) AS s_most
      FROM (
        SELECT coalesce((s.usage ->> 'cost_usd')::float8, 0) AS usd, coalesce((s.usage ->> 'seconds')::float8, 0) AS s
        FROM work_sessions s WHERE s.template_id = t.id AND s.status = 'completed' ORDER BY s.id DESC LIMIT :most
      ) e) ended
    """,
    ids=UUIDS,
)


@dataclass(frozen=True, slots=True)
class Use:
    """How a template was used. `completed`: of its last sessions, those that ended well, whose least and most cost in
    US dollars and working time in seconds follow; None where there is none."""

    uses: int
    last_used_at: datetime | None
    completed: int
    usd: tuple[float, float] | None
    seconds: tuple[float, float] | None


async def use(tx: Tx, template_ids: Collection[UUID]) -> dict[UUID, Use]:
    """How each of these templates was used."""
    if not template_ids:
        return {}
    rows = await tx.execute(_USE, {"ids": list(template_ids), "most": LOOKED_BACK})
    return {
        r[0]: Use(r[1], r[2], r[3], (r[4], r[5]) if r[3] else None, (r[6], r[7]) if r[3] else None)
        for r in rows
    }
