"""Who acts: members of a workspace, and the keys they act with."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from proofroom.db import across, members
from proofroom.db.tx import Database, Tx, new_id
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound

LOCAL_WORKSPACE = UUID("00000000-0000-7000-8000-000000000001")
LOCAL_MEMBER = UUID("00000000-0000-7000-8000-000000000002")

Role = Literal["viewer", "requester", "reviewer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "requester", "reviewer", "admin")
SIGNERS: tuple[Role, ...] = ("reviewer", "admin")
"""Roles that may decide."""

KEY_PREFIX = "pk_"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the policy acting for the workspace. `via` says how: page, api, cli, python, policy."""

    workspace_id: UUID
    member_id: UUID
    name: str
    role: Role
    via: str = "api"


def require(actor: Actor, role: Role) -> None:
    """Raises NotAllowed (`not_allowed`) when the actor's role is below `role`."""
    if ROLES.index(actor.role) < ROLES.index(role):
        raise NotAllowed(
            "not_allowed",
            f"{actor.name} is a {actor.role}; this needs a {role}.",
            hint="Ask an admin of this workspace for the role, or somebody who has it to do it.",
        )


async def require_still(tx: Tx, actor: Actor, role: Role) -> None:
    """`require` by the role that stands there now: a request that waited for its turn may have lost it meanwhile.

    Raises NotAllowed (`not_allowed`).
    """
    now = await members.role(tx, actor.member_id)
    if now is None:
        raise NotAllowed(
            "not_allowed",
            f"{actor.name} is no member of this workspace.",
            hint="Ask an admin of this workspace to add them.",
        )
    require(replace(actor, role=_role(now)), role)


async def ensure_local(db: Database) -> Actor:
    """The one user of local mode, made on first use. Two processes may call it at once."""
    async with db.transaction(LOCAL_WORKSPACE) as tx:
        await members.create_workspace(tx, LOCAL_WORKSPACE, "My workspace")
        await members.create(tx, LOCAL_MEMBER, "Local user", "admin")
    return Actor(LOCAL_WORKSPACE, LOCAL_MEMBER, "Local user", "admin", via="local")


async def actor_for_key(db: Database, key: str) -> Actor | None:
    """The member that an API key belongs to, None when the key is unknown or revoked."""
    if not key.startswith(KEY_PREFIX):
        return None
    owner = await across.key_owner(db, _hash(key))
    if owner is None:
        return None
    workspace_id, member_id, _ = owner
    async with db.transaction(workspace_id) as tx:
        member = await members.get(tx, member_id)
    return None if member is None else Actor(workspace_id, member.id, member.name, _role(member.role))


async def create_workspace(db: Database, name: str, admin_name: str) -> tuple[UUID, UUID]:
    """A workspace with its first admin: (workspace id, member id)."""
    workspace_id, member_id = new_id(), new_id()
    async with db.transaction(workspace_id) as tx:
        await members.create_workspace(tx, workspace_id, _named(name, "name"))
        await members.create(tx, member_id, _named(admin_name, "admin_name"), "admin")
    return workspace_id, member_id


async def create_member(tx: Tx, name: str, role: str) -> UUID:
    member_id = new_id()
    await members.create(tx, member_id, _named(name, "name"), _role(role))
    return member_id


async def change_member(
    tx: Tx, actor: Actor, member_id: UUID, *, name: str | None = None, role: str | None = None
) -> None:
    """Renames a member or gives them another role. Raises NotAllowed, NotFound (`member_not_found`), Conflict
    (`last_admin`): a workspace keeps at least one admin.
    """
    require(actor, "admin")
    await members.lock(tx)
    if actor.workspace_id == tx.workspace_id:  # else it is whoever runs this server, at its command line
        await require_still(tx, actor, "admin")
    member = await members.get(tx, member_id)
    if member is None:
        raise NotFound("member_not_found", f"No member {member_id} is here.", hint="List the members.")
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = _named(name, "name")
    if role is not None:
        values["role"] = _role(role)
        admins = [m.id for m in await members.everybody(tx) if m.role == "admin"]
        if role != "admin" and admins == [member_id]:
            raise Conflict(
                "last_admin",
                f"{member.name} is the only admin of this workspace.",
                hint="Make somebody else an admin first.",
            )
    if values:
        await members.change(tx, member_id, values)


async def create_api_key(tx: Tx, member_id: UUID, name: str) -> tuple[UUID, str]:
    """(key id, the key itself). The key is shown this once; only its SHA-256 is kept."""
    if await members.get(tx, member_id) is None:
        raise InvalidInput(
            "unknown_member",
            f"No member {member_id} is in this workspace.",
            hint="List the members.",
            field="member",
        )
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    key_id = new_id()
    await members.create_key(tx, key_id, member_id, _named(name, "name"), _hash(key))
    return key_id, key


async def revoke_api_key(tx: Tx, key_id: UUID) -> None:
    """Raises Conflict (`key_not_active`) when there is no such key in use."""
    if not await members.revoke_key(tx, key_id):
        raise Conflict("key_not_active", f"No key {key_id} is in use here.", hint="List the keys.")


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _role(role: str) -> Role:
    for known in ROLES:
        if known == role:
            return known
    raise InvalidInput(
        "unknown_role", f"There is no role {role}.", hint=f"Use one of {', '.join(ROLES)}.", field="role"
    )


def _named(name: str, field: str) -> str:
    if not name.strip() or len(name) > 200:
        raise InvalidInput(
            "name_invalid",
            "A name has 1 to 200 characters.",
            hint="Give a shorter or longer one.",
            field=field,
        )
    return name.strip()
