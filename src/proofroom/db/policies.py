"""Queries on the versions of a project's policy settings, and on how its reviews went."""

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Text, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from proofroom.db.models import ProjectPolicy
from proofroom.db.tx import Tx

_CURRENT = (
    select(ProjectPolicy)
    .where(ProjectPolicy.project_id == bindparam("of"))
    .order_by(ProjectPolicy.version.desc())
    .limit(1)
)


async def current(tx: Tx, project_id: UUID) -> ProjectPolicy | None:
    """The version that holds; None for a project that never set anything."""
    return (await tx.execute(_CURRENT, {"of": project_id})).scalar_one_or_none()


async def versions(tx: Tx, project_id: UUID, limit: int = 50) -> list[ProjectPolicy]:
    """Newest first."""
    return list(
        (
            await tx.execute(
                select(ProjectPolicy)
                .where(ProjectPolicy.project_id == project_id)
                .order_by(ProjectPolicy.version.desc())
                .limit(limit)
            )
        ).scalars()
    )


async def add(
    tx: Tx, project_id: UUID, version: int, settings: dict[str, Any], member_id: UUID
) -> ProjectPolicy | None:
    """None when this version was written by somebody else."""
    return (
        await tx.execute(
            insert(ProjectPolicy)
            .values(
                workspace_id=tx.workspace_id, project_id=project_id, version=version, settings=settings,
                created_by=member_id,
            )
            .on_conflict_do_nothing()
            .returning(ProjectPolicy)
        )
    ).scalar_one_or_none()  # fmt: skip


# With its conditions written out, as the index has them: a plan for any parameters would not know that it serves.
_OVERTURNED = text(
    """
    SELECT count(*) FILTER (WHERE latest.status <> 'approved') FROM (
      SELECT status FROM work_checkpoints
      WHERE project_id = :project AND agent_type = :kind
        AND kind = 'final' AND status IN ('approved', 'changes_requested', 'rejected')
      ORDER BY id DESC LIMIT :last) latest
    """
).bindparams(
    bindparam("project", type_=Uuid()), bindparam("kind", type_=Text()), bindparam("last", type_=Integer())
)


async def overturned(tx: Tx, project_id: UUID, agent_type: str, last: int) -> int:
    """How many of the last so many decided checkpoints of this kind of work were sent back or rejected."""
    found = await tx.execute(_OVERTURNED, {"project": project_id, "kind": agent_type, "last": last})
    return int(found.scalar_one())
