"""`contradictions`: what the sources of a project disagree on."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, run
from proofroom.cli.output import DONE, Out, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program


def register(app: typer.Typer) -> None:
    app.command("contradictions", epilog="Example: proofroom contradictions --project Orbiter")(
        contradictions
    )


def contradictions(
    project: ProjectOption = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", help="Only pairs in which this source stands: its id, part of it, title or file name."
        ),
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """List the passages of a project's sources that disagree: on a figure, a date, a negation, a direction."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import contradictions as service
        from proofroom.substrate.comparer import end_comparer

        db, workspace = program.parts.db, program.actor.workspace_id
        async with db.transaction(workspace, snapshot=True) as tx:
            where = await find.only_project(tx, project)
            only = None if source is None else await find.source(tx, source, str(where.id))
            asked = await service.ask(tx, where.id, only)
        try:
            answer = await service.compared(asked)
        except asyncio.CancelledError:
            end_comparer()  # the program would wait for it
            raise
        async with db.transaction(workspace) as tx:
            shown = await service.shown(tx, asked, answer)
        out.document({"project_id": str(where.id), **shown})
        _show(out, shown)
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, shown: dict[str, Any]) -> None:
    for item in shown["items"]:
        out.line(f"{one_line(item['subject'], 120)}: {_said(item['a'])} and {_said(item['b'])}", "yellow")
        for side in (item["a"], item["b"]):
            start, end = side["sentence"]
            page = f", page {side['page']}" if side["page"] else ""
            out.line(
                f"{one_line(side['source_title'], 60)}{page}: {one_line(side['text'][start:end], 300)}",
                indent=4,
            )
    if not shown["items"]:
        out.line("No passages were found that disagree.")
    out.line(
        f"{shown['compared']:,} of {shown['comparable']:,} passages compared. {shown['message']}".strip(),
        "dim",
    )


def _said(side: dict[str, Any]) -> str:
    return f"“{one_line(side['says'], 120)}”"
