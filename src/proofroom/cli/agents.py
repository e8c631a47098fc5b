"""`agent`: the agent definitions that a project adds to those of the program."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, run
from proofroom.cli.output import DONE, Out, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

group = typer.Typer(help="Agent definitions of a project.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name.")]


@group.command("list", epilog='Example: proofroom agent list --project "Press"')
def list_agents(project: ProjectOption = None, as_json: Json = False, data: Data = None) -> int:
    """List what can be asked for in a project: agents of the program, and its own."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import definitions

        known = program.parts.catalog.definitions
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            found = await find.only_project(tx, project)
            offered = await definitions.offered(tx, known, found.id)
        items = [
            {
                "name": name, "title": d.title, "goal": d.goal, "digest": d.digest,
                "origin": "program" if known.get(name) is d else "project",
            }
            for name, d in offered.items()
        ]  # fmt: skip
        out.document({"items": items})
        for item in items:
            own = "   of this project" if item["origin"] == "project" else ""
            out.line(f"{item['name']:<20} {one_line(str(item['title']), 60)}{own}")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("show", epilog='Example: proofroom agent show minutes --project "Press"')
def show_agent(name: Name, project: ProjectOption = None, as_json: Json = False, data: Data = None) -> int:
    """Show the text of a project's agent definition."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import definitions

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            found = await find.only_project(tx, project)
            shown = await definitions.show(tx, found.id, name)
        out.document(shown)
        for line in str(shown["definition"]).splitlines():
            out.line(line)
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("add", epilog='Example: proofroom agent add minutes.yaml --project "Press"')
def add_agent(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file with the definition.")],
    project: ProjectOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the one of the same name.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Add an agent definition to a project; work that was filed with an older one keeps that."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.agents.factory import parse_own
        from proofroom.cli import find
        from proofroom.services import definitions

        text = _read(file)
        named = parse_own(text, name=file.name).name
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            found = await find.only_project(tx, project)
            known: list[dict[str, Any]] = await definitions.page(tx, found.id)
            if replace and any(one["name"] == named for one in known):
                shown = await definitions.change(tx, program.actor, found.id, named, text)
            else:
                shown = await definitions.add(tx, program.actor, found.id, text)
        out.document(shown)
        out.line(f"{shown['name']}: {one_line(shown['title'], 60)}, version {shown['version']}", "bold")
        out.note(f'Ask for it with `proofroom work {shown["name"]} "TASK" --project …`.', "dim")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("remove", epilog='Example: proofroom agent remove minutes --project "Press"')
def remove_agent(name: Name, project: ProjectOption = None, as_json: Json = False, data: Data = None) -> int:
    """Take an agent definition away from a project; work that was filed with it goes on."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import definitions

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            found = await find.only_project(tx, project)
            await definitions.remove(tx, program.actor, found.id, name)
        out.document({"removed": name})
        out.line(f"{one_line(name, 60)} is not offered any more.")
        return DONE

    return run(body, as_json=as_json, data=data)


def _read(file: Path) -> str:
    from proofroom.domain.errors import InvalidInput

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "definition_invalid",
            f"{file.name} cannot be read: {error}.",
            hint="Check its path; save it as UTF-8 text.",
            field="FILE",
        ) from error
