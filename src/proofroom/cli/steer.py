"""`cancel`, `retry`, `fork`: what a requester does with a session."""

from typing import TYPE_CHECKING, Annotated

import typer

from proofroom.cli.common import Data, Json, SessionArg, run
from proofroom.cli.output import DONE, Out
from proofroom.cli.review import show_result

if TYPE_CHECKING:
    from proofroom.bootstrap import Program


def register(app: typer.Typer) -> None:
    app.command("cancel", epilog="Example: proofroom cancel 3f2a9c1b7d10")(cancel)
    app.command("retry", epilog="Example: proofroom retry last")(retry)
    app.command("fork", epilog="Example: proofroom fork last --strategy checkpoint_required --run")(fork)


def cancel(session: SessionArg, as_json: Json = False, data: Data = None) -> int:
    """End a session at once; what it has made stays, unsigned."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import work_requests

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row = await work_requests.cancel(tx, program.actor, (await find.session(tx, session)).id)
        await show_result(program, out, row.id)
        return DONE

    return run(body, as_json=as_json, data=data)


def retry(session: SessionArg, as_json: Json = False, data: Data = None) -> int:
    """Go on with a failed session where it stopped, or with one whose program was stopped."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find, legs
        from proofroom.services import work_requests

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row = await find.session(tx, session)
            if row.status == "initialized":
                row = await work_requests.execute(tx, program.actor, row.id)
            elif row.status not in ("queued", "in_progress"):
                row = await work_requests.retry(tx, program.actor, row.id)
        await legs.drive(program, out, row.id, "Going on")
        return await show_result(program, out, row.id)

    return run(body, as_json=as_json, data=data)


def fork(
    session: SessionArg,
    task: Annotated[str | None, typer.Option(metavar="TEXT", help="Another task.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Another approval strategy.")] = None,
    runtime: Annotated[str | None, typer.Option(help="Another runtime.")] = None,
    go: Annotated[bool, typer.Option("--run", help="Run it to its first resting place.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Make a new session from the same request, with parts of it changed."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find, legs
        from proofroom.services import work_requests

        given = {"task_description": task, "approval_strategy": strategy, "runtime": runtime}
        changes = {name: value for name, value in given.items() if value is not None}
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            old = await find.session(tx, session)
            row = await work_requests.fork(
                tx, program.actor, program.parts.catalog, old.id, changes=changes, auto_execute=go
            )
        out.line(f"New session {find.short(row.id)}.")
        if not go:
            out.line(f"`proofroom retry {find.short(row.id)}` runs it.")
        else:
            await legs.drive(program, out, row.id, "At work")
        return await show_result(program, out, row.id)

    return run(body, as_json=as_json, data=data)
