"""Queries on the versions of a project's policy settings, and on how its reviews went."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from proofroom.db.analytics import DECIDED
from proofroom.db.models import ProjectPolicy, WorkCheckpoint, WorkSession
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


async def overturned(tx: Tx, project_id: UUID, agent_type: str, last: int) -> int:
    """How many of the last so many decided checkpoints of this kind of work were sent back or rejected."""
    latest = (
        select(WorkCheckpoint.status)
        .join(WorkSession, WorkSession.id == WorkCheckpoint.session_id)
        .where(
            WorkCheckpoint.project_id == project_id,
            WorkSession.agent_type == agent_type,
            WorkCheckpoint.kind == "final",
            WorkCheckpoint.status.in_(DECIDED),
        )
        .order_by(WorkCheckpoint.id.desc())
        .limit(last)
        .subquery()
    )
    return int(
        (
            await tx.execute(select(func.count()).select_from(latest).where(latest.c.status != "approved"))
        ).scalar_one()
    )
