"""`deliveries`: what signatures released, and sending again what could not be made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, run
from proofroom.cli.output import DONE, FAILED, Out, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

group = typer.Typer(
    help="What signatures released: whether it was made, and sending it again.", no_args_is_help=True
)

DeliveryArg = Annotated[
    str,
    typer.Argument(metavar="DELIVERY", help="Its id, or the beginning or end of it (6 characters or more)."),
]
STATUSES = ("pending", "delivered", "failed", "dropped")
STYLES = {"delivered": "green", "failed": "red", "pending": "yellow"}


@group.command("list", epilog="Example: proofroom deliveries list --status failed")
def list_deliveries(
    status: Annotated[str | None, typer.Option(metavar="STATUS", help=", ".join(STATUSES))] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Such as folder.")] = None,
    session: Annotated[
        str | None, typer.Option(metavar="SESSION", help="Only of this session; `last` is the newest.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most to show.")] = 50,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """List deliveries, newest first; `failed` ones were given up and wait for a person."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.db import deliveries as db_deliveries
        from proofroom.domain.errors import InvalidInput
        from proofroom.services import deliveries

        if status is not None and status not in STATUSES:
            raise InvalidInput(
                "unknown_status",
                f"There is no status {status[:60]!r}.",
                hint=f"Use one of {', '.join(STATUSES)}.",
                field="--status",
            )
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            of = None if session is None else (await find.session(tx, session)).id
            rows = await db_deliveries.page(tx, status=status, kind=kind, session_id=of, limit=limit)
        items = deliveries.to_json(rows)
        out.document({"items": items})
        for item in items:
            _show(out, item)
        if not items:
            out.line("There is no such delivery.")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("resend", epilog="Example: proofroom deliveries resend 3f9a1c2b7d10")
def resend(delivery: DeliveryArg, as_json: Json = False, data: Data = None) -> int:
    """Make a delivery now that was given up or waits for its next try; exit code 1 when it fails again."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find, legs
        from proofroom.services import deliveries

        workspace_id = program.actor.workspace_id
        async with program.parts.db.transaction(workspace_id) as tx:
            found = await find.delivery(tx, delivery)
            await deliveries.resend(tx, program.actor, found)
        await legs.make(program, found)
        async with program.parts.db.transaction(workspace_id) as tx:
            item = await deliveries.one(tx, found)
        out.document(item)
        _show(out, item)
        return DONE if item["status"] == "delivered" else FAILED

    return run(body, as_json=as_json, data=data)


@group.command("drop", epilog="Example: proofroom deliveries drop 3f9a1c2b7d10")
def drop(delivery: DeliveryArg, as_json: Json = False, data: Data = None) -> int:
    """Give a delivery up for good; nobody is reminded of it any more."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import deliveries

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            item = await deliveries.drop(tx, program.actor, await find.delivery(tx, delivery))
        out.document(item)
        _show(out, item)
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, item: Mapping[str, Any]) -> None:
    from proofroom.cli.find import short

    status = str(item["status"])
    title = one_line(item["session_title"], 90)
    out.line(f"{short(item['id'])}  {status.ljust(10)} {title}", STYLES.get(status, ""))
    target: Mapping[str, Any] = item["target"]
    out.line(f"{item['kind']} {one_line(target.get('path') or '', 200)}", "dim", indent=14)
    if item["detail"]:
        out.line(one_line(item["detail"], 400), "dim", indent=14)
    if status == "pending" and item["attempts"]:
        when = str(item["due_at"])[:19].replace("T", " ")
        out.line(f"tried {item['attempts']} times, next at {when}", "dim", indent=14)
