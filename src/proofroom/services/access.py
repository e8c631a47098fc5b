"""Who acts: members of a workspace, and the keys they act with."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from proofroom.db import across, checkpoints, members, work_sessions
from proofroom.db.models import Member
from proofroom.db.tx import Database, Tx, new_id
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from proofroom.domain.names import hides_something, same_name
from proofroom.domain.signing import signing_of

LOCAL_WORKSPACE = UUID("00000000-0000-7000-8000-000000000001")
LOCAL_MEMBER = UUID("00000000-0000-7000-8000-000000000002")

Role = Literal["viewer", "requester", "reviewer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "requester", "reviewer", "admin")
SIGNERS: tuple[Role, ...] = ("reviewer", "admin")
"""Roles that may decide."""

KEY_PREFIX = "pk_"
KEY_REVOKED = "key_revoked"
"""The kind of the notification of it."""

Scope = Literal["all", "agent"]
SCOPES: tuple[Scope, ...] = ("all", "agent")
AGENT_ROLE: Role = "requester"
"""The most that a key of the scope `agent` may be used for, whoever it belongs to: it never decides."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the policy acting for the workspace. `via` says how: page, api, cli, python, policy.

    `scope` is that of the key that was used: with `agent` it is a program of theirs that acts, and never decides.
    """

    workspace_id: UUID
    member_id: UUID
    name: str
    role: Role
    via: str = "api"
    scope: Scope = "all"


def require(actor: Actor, role: Role) -> None:
    """Raises NotAllowed: `not_allowed` when the actor's role is below `role`, `agent_key` when an agent's key is used
    for more than an agent may.
    """
    if actor.scope == "agent" and ROLES.index(AGENT_ROLE) < ROLES.index(role):
        raise agent_key()
    if ROLES.index(actor.role) < ROLES.index(role):
        raise NotAllowed(
            "not_allowed",
            f"{actor.name} is a {actor.role}; this needs a {role}.",
            hint="Ask an admin of this workspace for the role, or somebody who has it to do it.",
        )


def agent_key() -> NotAllowed:
    """The refusal of what an agent may not do."""
    return NotAllowed(
        "agent_key",
        "This key is an agent's: it files, starts and retries work, posts what the agent does, and looks.",
        hint="Have a person do it, with a key of their own or on the page.",
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
    workspace_id, member_id, key_id = owner
    async with db.transaction(workspace_id) as tx:
        member = await members.get(tx, member_id)
        scope = await members.key_scope(tx, key_id)
    if member is None:
        return None
    known: Scope = "all" if scope == "all" else "agent"
    return Actor(workspace_id, member.id, member.name, _role(member.role), scope=known)


async def create_workspace(db: Database, name: str, admin_name: str) -> tuple[UUID, UUID]:
    """A workspace with its first admin: (workspace id, member id)."""
    workspace_id, member_id = new_id(), new_id()
    async with db.transaction(workspace_id) as tx:
        await members.create_workspace(tx, workspace_id, _named(name, "name"))
        named = _named(admin_name, "admin_name")
        await members.create(tx, member_id, named, "admin")
        await _record(tx, None, "member_added", {"member_id": str(member_id), "name": named, "role": "admin"})
    return workspace_id, member_id


async def create_member(tx: Tx, name: str, role: str, *, by: Actor | None = None) -> UUID:
    """A new member, written down with who added them. Raises InvalidInput (`name_invalid`, `unknown_role`), Conflict
    (`name_taken`).
    """
    member_id, named = new_id(), _named(name, "name")
    await members.lock(tx)
    await _require_free(tx, named)
    await members.create(tx, member_id, named, _role(role))
    await _record(tx, by, "member_added", {"member_id": str(member_id), "name": named, "role": role})
    return member_id


async def change_member(
    tx: Tx,
    actor: Actor,
    member_id: UUID,
    *,
    name: str | None = None,
    role: str | None = None,
    force: bool = False,
) -> None:
    """Renames a member or gives them another role. Raises NotAllowed, NotFound (`member_not_found`), Conflict
    (`last_admin`, `name_taken`): a workspace keeps at least one admin. InvalidInput (`quorum_unreachable`), unless
    `force`, when a review that waits could not be signed by enough people any more.
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
        await _require_free(tx, values["name"], member_id)
    if role is not None:
        values["role"] = _role(role)
        admins = [m.id for m in await members.everybody(tx) if m.role == "admin"]
        if role != "admin" and admins == [member_id]:
            raise Conflict(
                "last_admin",
                f"{member.name} is the only admin of this workspace.",
                hint="Make somebody else an admin first.",
            )
        if member.role in SIGNERS and role not in SIGNERS and not force:
            await _require_quorums_without(tx, member)
    if values:
        said: dict[str, Any] = {
            "member_id": str(member_id),
            "before": {"name": member.name, "role": member.role},
        }
        said |= values
        await members.change(tx, member_id, values)
        await _record(tx, actor, "member_changed", said | ({"forced": True} if force else {}))


async def _require_quorums_without(tx: Tx, member: Member) -> None:
    """Raises InvalidInput (`quorum_unreachable`) when a packet that waits needs the member's signature."""
    able = {str(m.id) for m in await members.everybody(tx) if m.role in SIGNERS} - {str(member.id)}
    for title, asked in await checkpoints.open_signings(tx):
        signing = signing_of({"signing": asked})
        left = len(able - set(signing.barred))
        if left < signing.quorum:
            raise InvalidInput(
                "quorum_unreachable",
                f"\u201c{title}\u201d needs {signing.quorum} to sign; without {member.name} only {left} could.",
                hint="Add a reviewer first, let it be decided, or force the change.",
                field="role",
            )


async def _require_free(tx: Tx, name: str, but: UUID | None = None) -> None:
    """Names stand beside signatures: two people do not have the same one."""
    for member in await members.everybody(tx):
        if member.id != but and same_name(member.name, name):
            raise Conflict(
                "name_taken",
                f"{member.name} is a member of this workspace already.",
                hint="Give a name that tells them apart.",
            )


async def _record(tx: Tx, by: Actor | None, kind: str, content: dict[str, Any]) -> None:
    """`by` is None where no member did it: the first admin of a workspace."""
    who = None if by is None else {"id": str(by.member_id), "name": by.name, "via": by.via}
    await members.record(tx, kind, {"by": who, **content})


async def create_api_key(
    tx: Tx, member_id: UUID, name: str, *, scope: str = "all", by: Actor | None = None
) -> tuple[UUID, str]:
    """(key id, the key itself). The key is shown this once; only its SHA-256 is kept.

    Raises InvalidInput (`unknown_member`, `unknown_scope`, `name_invalid`), NotAllowed (`agent_key`).
    """
    if by is not None and by.scope == "agent":
        raise agent_key()
    if scope not in SCOPES:
        raise InvalidInput(
            "unknown_scope",
            f"There is no scope {scope[:60]!r}.",
            hint=f"Use one of {', '.join(SCOPES)}.",
            field="scope",
        )
    if await members.get(tx, member_id) is None:
        raise InvalidInput(
            "unknown_member",
            f"No member {member_id} is in this workspace.",
            hint="List the members.",
            field="member",
        )
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    key_id = new_id()
    named = _named(name, "name")
    await members.create_key(tx, key_id, member_id, named, _hash(key), scope)
    said = {"key_id": str(key_id), "key_name": named, "member_id": str(member_id), "scope": scope}
    await _record(tx, by, "api_key_made", said)
    return key_id, key


async def revoke_api_key(tx: Tx, key_id: UUID, *, by: Actor | None = None) -> None:
    """Raises Conflict (`key_not_active`) when there is no such key in use."""
    if not await members.revoke_key(tx, key_id):
        raise Conflict("key_not_active", f"No key {key_id} is in use here.", hint="List the keys.")
    await _record(tx, by, "api_key_revoked", {"key_id": str(key_id)})
    await work_sessions.notify(tx, {"kind": KEY_REVOKED})  # streams may be open with it


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
    if hides_something(name.strip()):
        raise InvalidInput(
            "name_invalid",
            "The name holds characters that are not seen or turn its direction.",
            hint="Leave control and direction characters out.",
            field=field,
        )
    return name.strip()
