"""Queries on projects and baskets."""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from proofroom.db.models import Basket, Block, Project, Source, WorkCheckpoint, WorkSession
from proofroom.db.statements import UUIDS
from proofroom.db.tx import Tx, new_id, take_turns
from proofroom.domain.errors import Conflict, NotFound

_GET = select(Project).where(Project.id == bindparam("of"))
_GET_HELD = _GET.with_for_update(read=True)
_SOURCE_IDS = select(Source.id).where(Source.project_id == bindparam("project"))
_SOURCE_TITLES = select(Source.id, Source.title).where(
    Source.project_id == bindparam("project"), Source.id == func.any(bindparam("ids", type_=UUIDS))
)


async def create(tx: Tx, **values: Any) -> UUID:
    """A project with its one basket."""
    project_id = values.pop("id", None) or new_id()
    await tx.execute(insert(Project).values(workspace_id=tx.workspace_id, id=project_id, **values))
    await tx.execute(insert(Basket).values(workspace_id=tx.workspace_id, id=new_id(), project_id=project_id))
    return project_id


async def get(tx: Tx, project_id: UUID) -> Project:
    """Raises NotFound (`project_not_found`)."""
    return _found((await tx.execute(_GET, {"of": project_id})).scalar_one_or_none(), project_id)


async def to_fill(tx: Tx, project_id: UUID) -> Project:
    """The project, for whoever brings work or a source into it: nobody archives it before the transaction ends.

    Others may bring something at the same time. Raises NotFound (`project_not_found`), Conflict (`project_archived`).
    """
    row = _found((await tx.execute(_GET_HELD, {"of": project_id})).scalar_one_or_none(), project_id)
    if row.archived_at is not None:
        raise Conflict(
            "project_archived",
            f"“{row.name}” is archived: it takes no new work and no new sources.",
            hint="Ask an admin to bring it back, under Settings, Projects, or use another project.",
            extra={"project_id": str(row.id), "archived_at": row.archived_at.isoformat()},
        )
    return row


def _found(row: Project | None, project_id: UUID) -> Project:
    if row is None:
        raise NotFound("project_not_found", f"No project {project_id} is here.", hint="List the projects.")
    return row


@dataclass(frozen=True, slots=True)
class Named:
    """What a list says of the project of a row."""

    name: str
    archived: bool


async def names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Named]:
    """By project id, of those that there are."""
    query = select(Project.id, Project.name, Project.archived_at.is_not(None)).where(Project.id.in_(ids))
    return {r[0]: Named(r[1], r[2]) for r in (await tx.execute(query)).all()}


async def all_names(tx: Tx) -> list[tuple[UUID, str]]:
    """Every project's id and name."""
    return [(r[0], r[1]) for r in (await tx.execute(select(Project.id, Project.name))).all()]


async def basket(tx: Tx, project_id: UUID) -> Basket:
    return (await tx.execute(select(Basket).where(Basket.project_id == project_id))).scalar_one()


async def by_sample_key(tx: Tx, key: str) -> Project | None:
    return (await tx.execute(select(Project).where(Project.sample_key == key))).scalar_one_or_none()


async def by_name(tx: Tx, name: str) -> list[Project]:
    return list(
        (
            await tx.execute(select(Project).where(Project.name == name, Project.archived_at.is_(None)))
        ).scalars()
    )


async def page(
    tx: Tx,
    *,
    after: UUID | None = None,
    updated_since: datetime | None = None,
    archived: bool = False,
    limit: int = 50,
) -> list[Project]:
    """Oldest first: those that are on the lists, or with `archived` those that are not."""
    stands = Project.archived_at.is_not(None) if archived else Project.archived_at.is_(None)
    query = select(Project).where(stands).order_by(Project.id).limit(limit)
    if after is not None:
        query = query.where(Project.id > after)
    if updated_since is not None:
        query = query.where(Project.updated_at >= updated_since)
    return list((await tx.execute(query)).scalars())


async def change(tx: Tx, project_id: UUID, **values: Any) -> Project:
    return (
        await tx.execute(
            update(Project)
            .where(Project.id == project_id)
            .values(**values, updated_at=func.now())
            .returning(Project)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
    ).scalar_one()


async def change_budget(
    tx: Tx, project_id: UUID, version: int, changed_by: UUID, budget: dict[str, Any]
) -> Project | None:
    """None when `version` is not the one that stands there."""
    return (
        await tx.execute(
            update(Project)
            .where(Project.id == project_id, Project.budget_version == version)
            .values(
                budget=budget, budget_version=Project.budget_version + 1, budget_by=changed_by,
                budget_at=func.now(), updated_at=func.now(),
            )
            .returning(Project)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
    ).scalar_one_or_none()  # fmt: skip


async def source_ids(tx: Tx, project_id: UUID) -> set[UUID]:
    return set((await tx.execute(_SOURCE_IDS, {"project": project_id})).scalars())


async def counts(tx: Tx, project_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    """Per project: sources, unreadable (of them), blocks (live ones), sessions, waiting (for a decision)."""
    found = {
        p: {"sources": 0, "unreadable": 0, "blocks": 0, "sessions": 0, "waiting": 0} for p in project_ids
    }
    for name, column, condition in (
        ("sources", Source.project_id, Source.retracted_at.is_(None)),
        ("unreadable", Source.project_id, Source.retracted_at.is_(None) & (Source.status == "failed")),
        ("blocks", Block.project_id, Block.state.in_(("accepted", "locked"))),
        ("sessions", WorkSession.project_id, WorkSession.id.is_not(None)),
        (
            "waiting",
            WorkCheckpoint.project_id,
            (WorkCheckpoint.status == "pending_review") & ~WorkCheckpoint.approve_pending,
        ),
    ):
        rows = await tx.execute(
            select(column, func.count()).where(column.in_(project_ids), condition).group_by(column)
        )
        for project_id, n in rows.all():
            found[project_id][name] = n
    return found


async def of_basket(tx: Tx, basket_id: UUID) -> UUID:
    """The project of a basket. Raises NotFound (`basket_not_found`)."""
    row = (await tx.execute(select(Basket.project_id).where(Basket.id == basket_id))).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "basket_not_found", f"No basket {basket_id} is here.", hint="A project names its basket."
        )
    return row


async def baskets(tx: Tx, project_ids: list[UUID]) -> dict[UUID, UUID]:
    """Project id to the id of its basket."""
    rows = await tx.execute(select(Basket.project_id, Basket.id).where(Basket.project_id.in_(project_ids)))
    return {r[0]: r[1] for r in rows.all()}


async def claim_sample(tx: Tx, key: str, name: str, description: str) -> bool:
    """Makes the sample's project; false when it is there already (another process may have been first)."""
    project_id = new_id()
    made = await tx.execute(
        pg_insert(Project)
        .values(
            workspace_id=tx.workspace_id, id=project_id, name=name, description=description, sample_key=key
        )
        .on_conflict_do_nothing()
        .returning(Project.id)
    )
    if made.scalar_one_or_none() is None:
        return False
    await tx.execute(insert(Basket).values(workspace_id=tx.workspace_id, id=new_id(), project_id=project_id))
    return True


async def lock(tx: Tx, project_id: UUID) -> None:
    """One at a time on this project until the transaction ends."""
    await tx.execute(select(Project.id).where(Project.id == project_id).with_for_update())


async def source_titles(tx: Tx, project_id: UUID, ids: Collection[str]) -> dict[str, str]:
    """Source id to title of those of these that are of the project, retracted ones too. What is no id has none."""
    known: set[UUID] = set()
    for one in ids:
        with contextlib.suppress(ValueError):
            known.add(UUID(one))
    if not known:
        return {}
    rows = await tx.execute(_SOURCE_TITLES, {"project": project_id, "ids": list(known)})
    return {str(r[0]): r[1] for r in rows.all()}


async def only_one(tx: Tx, what: str) -> None:
    """Waits until nobody else of this workspace does `what`, and keeps others waiting until the transaction ends."""
    await take_turns(tx, [f"{tx.workspace_id}:{what}"])


async def retracted_sources(tx: Tx, project_id: UUID) -> set[str]:
    """Ids of the project's sources that were retracted."""
    rows = await tx.execute(
        select(Source.id).where(Source.project_id == project_id, Source.retracted_at.is_not(None))
    )
    return {str(r[0]) for r in rows.all()}


async def current_versions(tx: Tx, project_id: UUID) -> dict[str, int]:
    """Id to current version of each of the project's sources that was not retracted."""
    rows = await tx.execute(
        select(Source.id, Source.version).where(
            Source.project_id == project_id, Source.retracted_at.is_(None)
        )
    )
    return {str(r[0]): r[1] for r in rows.all()}
