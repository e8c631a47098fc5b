"""`policy`: what a project sets for its reviews, and what policy says of a session."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, SessionArg, run
from proofroom.cli.given import read_settings
from proofroom.cli.output import DONE, Out, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

group = typer.Typer(help="What a project sets for its reviews.", no_args_is_help=True)


@group.command("show", epilog='Example: proofroom policy show --project "Press"')
def show_policy(project: ProjectOption = None, as_json: Json = False, data: Data = None) -> int:
    """Show how many must sign, who may not, and by when; with the versions before."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import policies

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            found = await find.only_project(tx, project)
            shown = await policies.show(tx, found.id)
        _show(out, found.name, shown)
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command(
    "set",
    epilog='Example: proofroom policy set --project "Press" quorum.public=2 due_hours=24 remind_hours=4',
)
def set_policy(
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE…",
            help="quorum, quorum.CONSEQUENCE, separate_duties, policy_may_sign, due_hours, remind_hours,"
            " expire_hours; null clears a time.",
        ),
    ],
    project: ProjectOption = None,
    version: Annotated[
        int | None, typer.Option(metavar="N", help="Refuse unless this version still holds.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Set the policy of a project; packets that wait are shown again before anybody signs them."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import policies

        changes = read_settings(settings)
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            found = await find.only_project(tx, project)
            shown = await policies.change(tx, program.actor, found.id, changes, version=version)
        _show(out, found.name, shown)
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("explain", epilog="Example: proofroom policy explain last")
def explain(session: SessionArg, as_json: Json = False, data: Data = None) -> int:
    """A dry run: what policy says of a session at each gate, and which rule decides. Changes nothing."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import packets, policies

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row = await find.session(tx, session)
            said = await policies.explain_session(
                tx, row, await packets.preview(tx, row), may_sign=program.parts.policy_may_sign
            )
        out.document(said)
        out.line(f"{one_line(row.title, 90)}   strategy {said['strategy']}", "bold")
        for line in explanation(said):
            out.line(line)
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, name: str, shown: Mapping[str, Any]) -> None:
    out.document(shown)
    out.line(f"{one_line(name, 90)}: policy version {shown['version']}, rules of {shown['rules']}", "bold")
    for line in settings_lines(shown["settings"]):
        out.line(line, indent=2)
    for one in shown["history"]:
        at = str(one["at"])[:16].replace("T", " ")
        out.line(f"version {one['version']}, {at}, by {one_line(one['by'] or 'somebody', 60)}", "dim")


def settings_lines(settings: Mapping[str, Any]) -> list[str]:
    """The settings in words, a line each."""
    quorum = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in settings["quorum"].items())
    sign = {True: "yes, where the risk is low", False: "no", None: "as the workspace says"}
    due, ahead = settings["due_hours"], settings["remind_hours"]
    reminded = "" if ahead is None else f", with a reminder {ahead:g} hours before"
    return [
        f"signatures       {quorum}",
        "separate duties  "
        + ("yes: whoever asked for the work or edited it does not sign it" if settings["separate_duties"] else "no"),
        f"policy may sign  {sign[settings['policy_may_sign']]}",
        "due              " + ("never" if due is None else f"after {due:g} hours{reminded}"),
        "expires          "
        + ("never" if settings["expire_hours"] is None else f"after {settings['expire_hours']:g} hours"),
    ]  # fmt: skip


def explanation(said: Mapping[str, Any]) -> list[str]:
    """The dry run as lines: each gate with the rule that decides, then risk, signing and facts."""
    from proofroom.cli.show import risk_line

    wide = max(len(g["rules"][-1]["rule"]) for g in said["gates"])
    lines = [f"{'gate':<6}{'policy':<9}{'decided by':<{wide}}  because"]
    for gate in said["gates"]:
        reasons = f" [{', '.join(gate['reasons'])}]" if gate["reasons"] else ""
        lines.append(
            f"{gate['gate']:<6}{'stops' if gate['stops'] else 'goes on':<9}{gate['rules'][-1]['rule']:<{wide}}"
            f"  {' '.join(gate['because'])}{reasons}"
        )
    known = ", ".join(f"{name.replace('_', ' ')} {_fact(value)}" for name, value in said["facts"].items())
    return [
        *lines,
        risk_line(said["risk"]),
        signing_line(said["signing"]),
        f"The rules looked at: {known}.",
        f"Policy version {said['policy']['version']}, rules of {said['policy']['rules']}.",
    ]


def _fact(value: object) -> str:
    """A fact as it is read: yes and no, and a list with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " and ".join(str(one).replace("_", " ") for one in value) or "none"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)


def signing_line(signing: Mapping[str, Any]) -> str:
    """How many sign, and whether the author may."""
    count = f"{signing['quorum']} signature{'s' if signing['quorum'] > 1 else ''}"
    apart = ", none by whoever asked for the work or edited it" if signing["separate_duties"] else ""
    return f"Signing: {count}{apart}."
