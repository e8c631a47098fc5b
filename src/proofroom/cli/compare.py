"""Versions of what a session made: what differs between two of them, and a new one of an outside draft."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, SessionArg, run
from proofroom.cli.output import DONE, Out, one_line, safe

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

STYLES = {"removed": "red strike", "added": "green underline", "same": ""}
MARKS = {"removed": ("[-", "-]"), "added": ("{+", "+}"), "same": ("", "")}
"""Around words where there are no colours."""


def register(app: typer.Typer) -> None:
    app.command("diff", epilog="Example: proofroom diff last --from 1 --to 3")(diff)
    app.command("revise", epilog="Example: proofroom revise last draft-2.md")(revise)


def diff(
    session: SessionArg,
    artifact: Annotated[
        str | None, typer.Option(metavar="SLOT", help="One artifact, by its slot; all of them without it.")
    ] = None,
    from_version: Annotated[
        int | None, typer.Option("--from", metavar="N", min=1, help="The earlier version.")
    ] = None,
    to_version: Annotated[
        int | None,
        typer.Option("--to", metavar="M", min=1, help="The later version; the current one without it."),
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Show what differs between two versions of what a session made, word by word."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.db import artifacts as db_artifacts
        from proofroom.domain.errors import NotFound
        from proofroom.services import changes

        async with program.parts.db.transaction(program.actor.workspace_id, snapshot=True) as tx:
            row = await find.session(tx, session)
            current = [a for a, _ in await db_artifacts.current(tx, row.id)]
            wanted = [a for a in current if artifact in (None, a.slot)]
            if not wanted:
                slots = ", ".join(a.slot for a in current)
                raise NotFound(
                    "artifact_not_found",
                    f"No artifact {artifact[:80]!r} is in this session."
                    if artifact
                    else "It has made nothing yet.",
                    hint=f"There are: {slots}." if slots else "Wait until it has made something.",
                )
            items = [
                await changes.diff(tx, row.id, a.id, from_version=from_version, to_version=to_version)
                for a in wanted
            ]
        out.document({"items": items})
        for item in items:
            _show(out, item)
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, item: dict[str, Any]) -> None:
    """Changed blocks in full; runs of unchanged ones as a count."""
    from rich.text import Text

    out.line(f"{one_line(item['slot'], 80)}: version {item['from']} to {item['to']}", "bold")
    unchanged = 0
    for index, block in enumerate(item["blocks"]):
        if block["kind"] == "same":
            unchanged += 1
            continue
        _fold(out, unchanged)
        unchanged = 0
        words = [c for c in item["changes"] if c["block"] == index]
        if out.console.is_terminal and not out.json:
            out.console.print(Text.assemble(*((safe(c["text"]), STYLES[c["kind"]]) for c in words)))
        else:
            shown = [(c["text"].rstrip(), c["text"], MARKS[c["kind"]]) for c in words]
            out.line("".join(f"{a}{bare}{b}{whole[len(bare) :]}" for bare, whole, (a, b) in shown))
    _fold(out, unchanged)


def _fold(out: Out, unchanged: int) -> None:
    if unchanged:
        out.line(f"… {unchanged} unchanged block{'s' if unchanged > 1 else ''}", "dim")


def revise(
    session: SessionArg,
    draft: Annotated[
        Path, typer.Argument(metavar="DRAFT", help="The corrected draft: Markdown or plain text.")
    ],
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Hand in a new version of an outside draft that waits for its review."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.cli import show as text
        from proofroom.cli.review import waiting_at
        from proofroom.cli.work import read_draft_file
        from proofroom.services import checks, views

        words = read_draft_file(draft, [])
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row, waiting = await waiting_at(tx, session)
            done = await checks.replace_draft(
                tx, program.actor, row.id, waiting.id, packet_digest=waiting.packet_digest, draft=words
            )
            out.document(await views.checkpoint(tx, done.checkpoint, done.session))
            if not out.json:
                consequence = views.consequence(done.checkpoint, done.session)
                await text.packet(tx, out, done.session, done.checkpoint, consequence)
                out.line()
                out.line(f"What changed: proofroom diff {find.short(row.id)}", "dim")
                text.next_steps(out, done.session, waiting=True)
        return DONE

    return run(body, as_json=as_json, data=data)
