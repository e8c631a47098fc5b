"""Queries on workspaces, members and API keys."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from proofroom.db.models import ApiKey, Member, Workspace, WorkspaceAudit
from proofroom.db.tx import Tx, new_id

_WORKSPACE = select(Workspace).where(Workspace.id == bindparam("of"))
_MEMBER = select(Member).where(Member.id == bindparam("of"))
_ROLE = select(Member.role).where(Member.id == bindparam("of"))


async def create_workspace(tx: Tx, workspace_id: UUID, name: str) -> None:
    """Does nothing when it is there already."""
    await tx.execute(insert(Workspace).values(id=workspace_id, name=name).on_conflict_do_nothing())


async def workspace(tx: Tx) -> Workspace | None:
    return (await tx.execute(_WORKSPACE, {"of": tx.workspace_id})).scalar_one_or_none()


async def create(tx: Tx, member_id: UUID, name: str, role: str) -> None:
    """Does nothing when the member is there already."""
    values = {"workspace_id": tx.workspace_id, "id": member_id, "name": name, "role": role}
    await tx.execute(insert(Member).values(**values).on_conflict_do_nothing())


async def get(tx: Tx, member_id: UUID) -> Member | None:
    return (await tx.execute(_MEMBER, {"of": member_id})).scalar_one_or_none()


async def role(tx: Tx, member_id: UUID) -> str | None:
    """As it stands there now, whatever of the member was read before; None when there is no such member."""
    return (await tx.execute(_ROLE, {"of": member_id})).scalar_one_or_none()


async def everybody(tx: Tx) -> list[Member]:
    return list((await tx.execute(select(Member).order_by(Member.id))).scalars())


async def change(tx: Tx, member_id: UUID, values: dict[str, str]) -> None:
    await tx.execute(
        update(Member)
        .where(Member.id == member_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def lock(tx: Tx) -> None:
    """One at a time on the roles of this workspace until the transaction ends."""
    await tx.execute(select(Workspace.id).where(Workspace.id == tx.workspace_id).with_for_update())


_NAMES = select(Member.id, Member.name)


async def names(tx: Tx) -> dict[UUID, str]:
    """Member id to name."""
    return {row[0]: row[1] for row in await tx.execute(_NAMES)}


async def create_key(tx: Tx, key_id: UUID, member_id: UUID, name: str, key_hash: bytes, scope: str) -> None:
    await tx.execute(
        insert(ApiKey).values(
            workspace_id=tx.workspace_id,
            id=key_id,
            member_id=member_id,
            name=name,
            key_hash=key_hash,
            scope=scope,
        )
    )


async def key_scope(tx: Tx, key_id: UUID) -> str | None:
    return (await tx.execute(select(ApiKey.scope).where(ApiKey.id == key_id))).scalar_one_or_none()


async def keys(tx: Tx) -> list[ApiKey]:
    return list((await tx.execute(select(ApiKey).order_by(ApiKey.id))).scalars())


async def revoke_key(tx: Tx, key_id: UUID) -> bool:
    """False when there was no such key in use."""
    done = await tx.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiKey.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar_one_or_none() is not None


async def record(tx: Tx, kind: str, content: dict[str, Any]) -> None:
    """Writes down what was done with a member or a key."""
    values = {"workspace_id": tx.workspace_id, "id": new_id(), "kind": kind, "content": content}
    await tx.execute(insert(WorkspaceAudit).values(**values))


async def recorded(tx: Tx, limit: int = 200) -> list[WorkspaceAudit]:
    """The latest first."""
    query = select(WorkspaceAudit).order_by(WorkspaceAudit.id.desc()).limit(limit)
    return list((await tx.execute(query)).scalars())
