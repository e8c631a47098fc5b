"""`admin`: workspaces, their users and API keys. Whoever can run this on the server may do all of it."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from proofroom.cli.common import Data, Json, run
from proofroom.cli.output import DONE, Out

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

group = typer.Typer(help="Workspaces, users and API keys.", no_args_is_help=True)
workspace = typer.Typer(help="Workspaces.", no_args_is_help=True)
user = typer.Typer(help="Users of a workspace.", no_args_is_help=True)
api_key = typer.Typer(help="API keys of a workspace.", no_args_is_help=True)
group.add_typer(workspace, name="workspace")
group.add_typer(user, name="user")
group.add_typer(api_key, name="api-key")

Workspace = Annotated[
    str | None, typer.Option("--workspace", metavar="ID", help="The workspace.", show_default="the local one")
]


async def _workspace(program: "Program", given: str | None) -> UUID:
    """Raises NotFound (`workspace_not_found`)."""
    from proofroom.db import across
    from proofroom.domain.errors import NotFound

    if given is None:
        return program.actor.workspace_id
    for known in await across.workspace_ids(program.parts.db):
        if str(known) == given.strip().lower():
            return known
    raise NotFound(
        "workspace_not_found",
        f"There is no workspace {given[:60]!r}.",
        hint="`proofroom admin workspace list` shows them.",
    )


def _uuid(given: str, what: str) -> UUID:
    from proofroom.domain.errors import NotFound

    try:
        return UUID(given.strip())
    except ValueError:
        raise NotFound(
            f"{what.replace('-', '_')}_not_found",
            f"{given[:60]!r} is no id.",
            hint=f"`proofroom admin {what} list` shows the ids.",
        ) from None


@workspace.command("list", epilog="Example: proofroom admin workspace list")
def list_workspaces(as_json: Json = False, data: Data = None) -> int:
    """List all workspaces."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.db import across, members

        items: list[dict[str, object]] = []
        for workspace_id in await across.workspace_ids(program.parts.db):
            async with program.parts.db.transaction(workspace_id) as tx:
                row = await members.workspace(tx)
                people = await members.everybody(tx)
            if row is not None:
                items.append({"id": str(row.id), "name": row.name, "members": len(people)})
                out.line(f"{row.id}  {row.name}  ({len(people)} users)")
        out.document({"items": items})
        return DONE

    return run(body, as_json=as_json, data=data)


@workspace.command("create", epilog='Example: proofroom admin workspace create "Research" --admin "Ada"')
def create_workspace(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    admin: Annotated[str, typer.Option("--admin", metavar="NAME", help="Its first admin.")],
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Make a workspace with its first admin."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.services import access

        workspace_id, member_id = await access.create_workspace(program.parts.db, name, admin)
        out.document({"id": str(workspace_id), "name": name, "admin_id": str(member_id)})
        out.line(f"Workspace {workspace_id}; its admin is {member_id}.", "green")
        out.line(f"A key: proofroom admin api-key create NAME --workspace {workspace_id} --user {member_id}")
        return DONE

    return run(body, as_json=as_json, data=data)


@user.command("list", epilog="Example: proofroom admin user list")
def list_users(workspace: Workspace = None, as_json: Json = False, data: Data = None) -> int:
    """List the users of a workspace."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.db import members

        async with program.parts.db.transaction(await _workspace(program, workspace)) as tx:
            people = await members.everybody(tx)
        out.document({"items": [{"id": str(m.id), "name": m.name, "role": m.role} for m in people]})
        for member in people:
            out.line(f"{member.id}  {member.role.ljust(9)}  {member.name}")
        return DONE

    return run(body, as_json=as_json, data=data)


@user.command("create", epilog='Example: proofroom admin user create "Ada" --role reviewer')
def create_user(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: Annotated[str, typer.Option(help="viewer, requester, reviewer or admin.")] = "requester",
    workspace: Workspace = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Add a user to a workspace."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.services import access

        async with program.parts.db.transaction(await _workspace(program, workspace)) as tx:
            member_id = await access.create_member(tx, name, role, by=program.actor)
        out.document({"id": str(member_id), "name": name, "role": role})
        out.line(f"User {member_id}.", "green")
        return DONE

    return run(body, as_json=as_json, data=data)


@user.command("change", epilog="Example: proofroom admin user change ID --role reviewer")
def change_user(
    member: Annotated[str, typer.Argument(metavar="ID", help="The user's id.")],
    role: Annotated[str | None, typer.Option(help="viewer, requester, reviewer or admin.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where a waiting review would lack signers.")
    ] = False,
    workspace: Workspace = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Give a user another role or name; it holds from their next request on."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.db import members
        from proofroom.services import access

        member_id = _uuid(member, "user")
        async with program.parts.db.transaction(await _workspace(program, workspace)) as tx:
            await access.change_member(tx, program.actor, member_id, name=name, role=role, force=force)
            row = await members.get(tx, member_id)
        assert row is not None
        out.document({"id": str(row.id), "name": row.name, "role": row.role})
        out.line(f"{row.name} is a {row.role}.", "green")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("audit", epilog="Example: proofroom admin audit")
def audit(workspace: Workspace = None, as_json: Json = False, data: Data = None) -> int:
    """Show who added members, changed them, and made or revoked API keys; the latest first, 200 at most."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli.output import safe
        from proofroom.db import members
        from proofroom.services import views

        async with program.parts.db.transaction(await _workspace(program, workspace)) as tx:
            entries = await members.recorded(tx)
        shown = [
            {"id": str(e.id), "at": views.at(e.at), "kind": e.kind, "content": e.content} for e in entries
        ]
        out.document({"items": shown})
        for entry in entries:
            said = entry.content
            about = said.get("key_name") or said.get("name") or said.get("member_id") or said["key_id"]
            role = f", {said['role']}" if "role" in said else ""
            who = said["by"]["name"] if said["by"] else "the server"
            what = f"{entry.kind.replace('_', ' ')}: {safe(about)}{role}, by {safe(who)}"
            out.line(f"{views.at(entry.at)}  {what}")
        if not entries:
            out.line("Nothing yet.")
        return DONE

    return run(body, as_json=as_json, data=data)


@api_key.command("list", epilog="Example: proofroom admin api-key list")
def list_keys(workspace: Workspace = None, as_json: Json = False, data: Data = None) -> int:
    """List the API keys of a workspace; the keys themselves are not kept."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.db import members
        from proofroom.services import views

        async with program.parts.db.transaction(await _workspace(program, workspace)) as tx:
            keys = await members.keys(tx)
            names = await members.names(tx)
        out.document(
            {
                "items": [
                    {
                        "id": str(k.id), "name": k.name, "user_id": str(k.member_id),
                        "user": names.get(k.member_id), "scope": k.scope, "revoked_at": views.at(k.revoked_at),
                    }
                    for k in keys
                ]
            }
        )  # fmt: skip
        for key in keys:
            state = "revoked" if key.revoked_at else "in use"
            what = " (agent)" if key.scope == "agent" else ""
            out.line(f"{key.id}  {state.ljust(7)}  {key.name}{what}, of {names.get(key.member_id)}")
        if not keys:
            out.line("No API key yet.")
        return DONE

    return run(body, as_json=as_json, data=data)


@api_key.command("create", epilog='Example: proofroom admin api-key create "laptop"')
def create_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    member: Annotated[
        str | None, typer.Option("--user", metavar="ID", help="Whose it is.", show_default="the local user")
    ] = None,
    scope: Annotated[
        str,
        typer.Option(help="all that the user may, or agent: to drive sessions and look, never to decide."),
    ] = "all",
    workspace: Workspace = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Make an API key. It is shown this once; only its hash is kept."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.domain.errors import InvalidInput
        from proofroom.services import access

        workspace_id = await _workspace(program, workspace)
        if member is None and workspace_id != program.actor.workspace_id:
            raise InvalidInput(
                "user_required", "Whose key it is was not said.",
                hint=f"Add --user; `proofroom admin user list --workspace {workspace_id}` shows them.",
                field="--user",
            )  # fmt: skip
        member_id = program.actor.member_id if member is None else _uuid(member, "user")
        async with program.parts.db.transaction(workspace_id) as tx:
            key_id, key = await access.create_api_key(tx, member_id, name, scope=scope, by=program.actor)
        out.document({"id": str(key_id), "name": name, "scope": scope, "key": key, "user_id": str(member_id)})
        out.line(key, "bold")
        out.note("It is shown this once. Send it as `Authorization: Bearer KEY`.", "dim")
        return DONE

    return run(body, as_json=as_json, data=data)


@api_key.command("revoke", epilog="Example: proofroom admin api-key revoke ID")
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, not the key.")],
    workspace: Workspace = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Take an API key out of use at once."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.services import access

        async with program.parts.db.transaction(await _workspace(program, workspace)) as tx:
            await access.revoke_api_key(tx, _uuid(key, "api-key"), by=program.actor)
        out.document({"id": key, "revoked": True})
        out.line("Revoked.", "green")
        return DONE

    return run(body, as_json=as_json, data=data)
