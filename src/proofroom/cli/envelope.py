"""`envelope`: what the agent was given, and whether it can be built again."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, SessionArg, run
from proofroom.cli.output import DONE, Out, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program


def register(app: typer.Typer) -> None:
    app.command("envelope", epilog="Example: proofroom envelope last --rebuild")(envelope)


def envelope(
    session: SessionArg,
    iteration: Annotated[
        int | None, typer.Option("--iteration", min=1, help="Which round; the present one without it.")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build the text again from its receipt and print it.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Show the context that the agent was given: passages, what was left out and why, what it read since."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import context

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row = await find.session(tx, session)
            pinned = await context.envelope_of(tx, row, iteration)
            shown = await (context.rebuilt_json if rebuild else context.envelope_json)(tx, pinned)
        out.document(shown)
        if rebuild:
            out.line(shown["body"])
            out.line(f"Built again, byte for byte the same: {shown['digest']}", "green")
        else:
            _show(out, shown)
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, shown: dict[str, Any]) -> None:
    receipt = shown["receipt"]
    included = receipt["included"]
    out.line(
        f"{len(included)} passages, {receipt['tokens']:,} of {receipt['token_budget']:,} tokens,"
        f" round {shown['iteration']}, digest {shown['digest']}"
    )
    for item in included:
        place = (
            f"rank {item['rank']} for question {item['question']}" if item.get("rank") else "everything fits"
        )
        marks = "".join(f", {mark.replace('_', ' ')}" for mark in item.get("marks", ()))
        text = "(deleted since)" if item["text"] is None else one_line(item["text"], 80)
        out.line(f"{item['alias']:>5}  {one_line(item['source_title'], 40)}, {place}{marks}: {text}")
    for one in receipt.get("contradictions", ()):
        said = f"“{one['a_says']}” and “{one['b_says']}”"
        out.line(f"{one['a']} and {one['b']} disagree on {one['subject']}: {said}", "yellow")
    for reason, count in receipt.get("left_out_by_reason", {}).items():
        out.line(f"{count} left out: {reason.replace('_', ' ')}")
    if receipt["reads"]:
        out.line(f"{len(receipt['reads'])} look-ups since")
    if receipt["flags"]:
        out.line("Flags: " + ", ".join(receipt["flags"]), "yellow")
