"""`memory`: what a project keeps of its work; deciding on it; standing instructions and lessons."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, run
from proofroom.cli.output import DONE, Out, many, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

group = typer.Typer(
    help="What a project keeps: approved passages, standing instructions, lessons.", no_args_is_help=True
)

Items = Annotated[
    list[str],
    typer.Argument(metavar="ITEM…", help="Ids, or the beginning or end of them (6 characters or more)."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]
KINDS = ("block", "instruction", "lesson")
STATES = ("proposed", "accepted", "rejected", "expired", "retired")
MOST = 10_000


@group.command("list", epilog='Example: proofroom memory list --project "Press" --state proposed')
def list_memory(
    project: ProjectOption = None,
    state: Annotated[str | None, typer.Option(metavar="STATE", help=", ".join(STATES))] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help=", ".join(KINDS))] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """List what the project remembers and what is proposed, oldest first."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.domain.memory import Kind, State
        from proofroom.services import memory

        known_state = None if state is None else State(_one_of(state, STATES, "--state"))
        known_kind = None if kind is None else Kind(_one_of(kind, KINDS, "--kind"))
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = await find.only_project(tx, project)
            items = await memory.page(tx, where.id, state=known_state, kind=known_kind, limit=MOST)
        out.document({"project_id": str(where.id), "items": items})
        for item in items:
            _show(out, item)
        if not items:
            out.line(f"{where.name} holds nothing of that kind yet.")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command(
    "add", epilog='Example: proofroom memory add "Use British spelling." --agent content --project "Press"'
)
def add_note(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What agents should know, at most 2,000 characters.")
    ],
    project: ProjectOption = None,
    kind: Annotated[str, typer.Option(metavar="KIND", help="instruction or lesson")] = "instruction",
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="TYPE", help="Only for this kind of agent.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="In every project of the workspace (admins).")
    ] = False,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="When it ends, such as 2026-12-31T18:00Z.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Add a standing instruction or a lesson; it stands in every envelope from now on."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import memory
        from proofroom.services.memory import Scope

        ends = None if until is None else _time(until)
        _one_of(kind, KINDS[1:], "--kind")
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = await find.only_project(tx, project)
            item = await memory.add(
                tx, program.actor, program.parts.catalog, where.id, kind=kind, text=text,
                scope=Scope(None if everywhere else where.id, agent), expires_at=ends,
            )  # fmt: skip
        out.document(item)
        _show(out, item)
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command(
    "edit", epilog='Example: proofroom memory edit 3f9a1c2b7d10 --text "Use British spelling and dates."'
)
def edit_note(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Its id, or the beginning or end of it.")],
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The new words.")] = None,
    project: ProjectOption = None,
    agent: Annotated[
        str | None,
        typer.Option("--agent", metavar="TYPE", help="Only for this kind of agent; `all` for every kind."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="When it ends; `never` clears it.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(metavar="N", help="Refuse unless this version still stands.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Change the words, the agent or the end of an instruction or a lesson."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import memory
        from proofroom.services.memory import Scope

        changes: dict[str, Any] = {} if text is None else {"text": text}
        if until is not None:
            changes["expires_at"] = None if until == "never" else _time(until)
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = await find.only_project(tx, project)
            memory_id = await find.memory(tx, item)
            if agent is not None:
                place = (await memory.get(tx, where.id, memory_id))["scope"]["project_id"]
                changes["scope"] = Scope(
                    None if place is None else where.id, None if agent == "all" else agent
                )
            changed = await memory.edit(
                tx, program.actor, program.parts.catalog, where.id, memory_id, changes, version=version
            )
        out.document(changed)
        _show(out, changed)
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command(
    "accept", epilog='Example: proofroom memory accept 3f9a1c2b7d10 77c01d5e9a42 --project "Press"'
)
def accept(
    items: Items,
    project: ProjectOption = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="TEXT", help="Needed where something that it rests on was retracted."
        ),
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Accept what is proposed: passages can be found from then on, lessons stand in envelopes."""
    return _decide("accept", items, project, reason, as_json=as_json, data=data)


@group.command(
    "reject", epilog='Example: proofroom memory reject 3f9a1c2b7d10 --reason "True of that report only."'
)
def reject(
    items: Items, reason: Reason, project: ProjectOption = None, as_json: Json = False, data: Data = None
) -> int:
    """Reject what is proposed."""
    return _decide("reject", items, project, reason, as_json=as_json, data=data)


@group.command(
    "retire", epilog='Example: proofroom memory retire 3f9a1c2b7d10 --reason "We have a new style guide."'
)
def retire(
    items: Items, reason: Reason, project: ProjectOption = None, as_json: Json = False, data: Data = None
) -> int:
    """Take back what was accepted: it is no longer found or sent along. Envelopes that had it keep it."""
    return _decide("retire", items, project, reason, as_json=as_json, data=data)


def _decide(
    decision: str, items: Sequence[str], project: str | None, reason: str | None, *, as_json: bool, data: Any
) -> int:
    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import memory

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = await find.only_project(tx, project)
            wanted = [
                {"id": await find.memory(tx, item), "decision": decision, "reason": reason} for item in items
            ]
            decided = await memory.decide_all(tx, program.actor, where.id, wanted)
        out.document({"items": decided})
        for item in decided:
            _show(out, item)
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, item: Mapping[str, Any]) -> None:
    from proofroom.cli import find

    style = {"accepted": "green", "proposed": "yellow"}.get(item["state"], "dim")
    out.line(
        f"{find.short(item['id'])}  {item['state']:<9} {_KIND[item['kind']]:<11}  {one_line(item['text'], 160)}",
        style,
    )
    for line in details(item):
        out.line(line, "dim", indent=14)


_KIND = {"block": "passage", "instruction": "instruction", "lesson": "lesson"}


def details(item: Mapping[str, Any]) -> list[str]:
    """Where an item comes from, whom it is for, and what is in question."""
    from proofroom.cli import find

    lines: list[str] = []
    origin = item["origin"]
    if origin is not None:
        lines.append(
            f"from session {find.short(origin['session_id'])}: {one_line(origin['title'] or '', 90)}"
        )
    if item["kind"] == "block":
        titles = dict.fromkeys(a["source_title"] for a in item["anchors"])
        lines.append("rests on " + ", ".join(one_line(t, 60) for t in titles))
    else:
        place = "this project" if item["scope"]["project_id"] else "every project"
        who = item["scope"]["agent_type"] or "every agent"
        ends = "" if item["expires_at"] is None else f", until {item['expires_at']}"
        lines.append(f"for {who} in {place}{ends}")
    lines += [f"in question: {one_line(q['title'], 60)} was {q['why']}" for q in item["in_question"]]
    flagged = sum(c["needs_you"] for c in item["claims"])
    if flagged:
        lines.append(f"{many(flagged, 'claim')} of it was signed over")
    if item["reason"]:
        lines.append(one_line(item["reason"], 160))
    return lines


def _one_of(given: str, known: Sequence[str], field: str) -> str:
    from proofroom.domain.errors import InvalidInput

    if given not in known:
        raise InvalidInput(
            "option_invalid", f"There is no {field[2:]} {given[:40]!r}.", hint=f"Use one of {', '.join(known)}.",
            field=field,
        )  # fmt: skip
    return given


def _time(given: str) -> datetime:
    from proofroom.domain.errors import InvalidInput

    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise InvalidInput(
            "option_invalid",
            f"{given[:40]!r} is no time with its zone.",
            hint="Write it as 2026-12-31T18:00Z.",
            field="--until",
        )
    return read
