"""Queries on the agent definitions of projects."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from proofroom.db.models import DefinitionText, ProjectAgent
from proofroom.db.tx import Tx

_KEEP = insert(DefinitionText).on_conflict_do_nothing()
_OF_PROJECT = (
    select(ProjectAgent, DefinitionText.text)
    .join(DefinitionText, DefinitionText.digest == ProjectAgent.digest)
    .where(ProjectAgent.project_id == bindparam("project"))
    .order_by(ProjectAgent.name)
)


async def keep_text(tx: Tx, digest: str, text: str) -> None:
    """Keeps a text under its digest, once."""
    await tx.execute(_KEEP, {"workspace_id": tx.workspace_id, "digest": digest, "text": text})


async def text_of(tx: Tx, digest: str) -> str | None:
    return (
        await tx.execute(select(DefinitionText.text).where(DefinitionText.digest == digest))
    ).scalar_one_or_none()


async def texts_of(tx: Tx, digests: Collection[str]) -> dict[str, str]:
    """Digest to text, of those that are kept."""
    rows = await tx.execute(
        select(DefinitionText.digest, DefinitionText.text).where(DefinitionText.digest.in_(digests))
    )
    return dict(rows.tuples().all())


async def of_project(tx: Tx, project_id: UUID) -> list[tuple[ProjectAgent, str]]:
    """Each with its text, by name."""
    rows = await tx.execute(_OF_PROJECT, {"project": project_id})
    return [(r[0], r[1]) for r in rows.all()]


async def get(tx: Tx, project_id: UUID, name: str) -> tuple[ProjectAgent, str] | None:
    rows = await tx.execute(
        select(ProjectAgent, DefinitionText.text)
        .join(DefinitionText, DefinitionText.digest == ProjectAgent.digest)
        .where(ProjectAgent.project_id == project_id, ProjectAgent.name == name)
        .execution_options(populate_existing=True)
    )
    found = rows.one_or_none()
    return None if found is None else (found[0], found[1])


async def add(tx: Tx, project_id: UUID, name: str, digest: str, by: UUID) -> bool:
    """False when the project has an agent of this name."""
    made = await tx.execute(
        insert(ProjectAgent)
        .values(workspace_id=tx.workspace_id, project_id=project_id, name=name, digest=digest, changed_by=by)
        .on_conflict_do_nothing()
        .returning(ProjectAgent.name)
    )
    return made.scalar_one_or_none() is not None


async def change(tx: Tx, project_id: UUID, name: str, digest: str, by: UUID, *, version: int) -> bool:
    """False when `version` is not the one that stands there."""
    changed = await tx.execute(
        update(ProjectAgent)
        .where(
            ProjectAgent.project_id == project_id, ProjectAgent.name == name, ProjectAgent.version == version
        )
        .values(digest=digest, changed_by=by, version=ProjectAgent.version + 1, updated_at=func.now())
        .returning(ProjectAgent.name)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar_one_or_none() is not None


async def remove(tx: Tx, project_id: UUID, name: str) -> bool:
    gone: Any = await tx.execute(
        delete(ProjectAgent)
        .where(ProjectAgent.project_id == project_id, ProjectAgent.name == name)
        .returning(ProjectAgent.name)
        .execution_options(synchronize_session=False)
    )
    return gone.scalar_one_or_none() is not None
