"""`assign`, `comment`, `comments`: people around a review. None of it decides anything."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, SessionArg, run
from proofroom.cli.given import NOBODY, claim_id, read_time
from proofroom.cli.output import DONE, Out, one_line
from proofroom.cli.review import waiting_at

if TYPE_CHECKING:
    from proofroom.bootstrap import Program
    from proofroom.db.models import WorkCheckpoint, WorkSession
    from proofroom.db.tx import Tx

When = Annotated[str | None, typer.Option(metavar="TIME", help="Such as 2026-12-01T17:00, or `none`.")]


def register(app: typer.Typer) -> None:
    app.command("assign", epilog='Example: proofroom assign last "Ada" --due 2026-12-01T17:00')(assign)
    app.command("comment", epilog='Example: proofroom comment last "Is that the final report?" --claim 3')(
        comment
    )
    app.command("comments", epilog="Example: proofroom comments last")(comments)


def assign(
    session: SessionArg,
    member: Annotated[
        str | None, typer.Argument(metavar="[MEMBER]", help="A member by name or id, or `none`.")
    ] = None,
    due: When = None,
    expires: When = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Say whose a waiting review is, and until when. Times without an offset are of this machine's zone."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.domain.errors import InvalidInput
        from proofroom.services import inbox

        values: dict[str, Any] = {}
        if due is not None:
            values["due_at"] = read_time(due, "--due")
        if expires is not None:
            values["expires_at"] = read_time(expires, "--expires")
        if member is None and not values:
            raise InvalidInput(
                "option_invalid",
                "Nothing was named that should change.",
                hint="Name a member, or use --due or --expires.",
                field="MEMBER",
            )
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            _, waiting = await waiting_at(tx, session)
            if member is not None:
                values["assignee"] = None if member == NOBODY else (await find.member(tx, member)).id
            _, shown = await inbox.change(tx, program.actor, waiting.id, values)
        out.document(shown)
        whose = shown["assignee"]["name"] if shown["assignee"] else "anyone"
        out.line(f"It is for {one_line(whose, 80)}{', ' + times(shown) if times(shown) else ''}.", "green")
        return DONE

    return run(body, as_json=as_json, data=data)


def comment(
    session: SessionArg,
    words: Annotated[str, typer.Argument(metavar="TEXT", help="What you want to say.")],
    claim: Annotated[
        str | None, typer.Option(metavar="CLAIM", help="The claim it is about (its number or id).")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Say something beside the packet of a session; it changes nothing that a signature covers."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.db import members
        from proofroom.services import people

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            _, checkpoint = await _newest(tx, session)
            about = None if claim is None else claim_id(checkpoint.packet, claim)
            made = await people.comment(tx, program.actor, checkpoint.id, words, claim_id=about)
            shown = people.comment_json(made, await members.names(tx))
        out.document(shown)
        out.line("Said. `proofroom comments` shows what others say.", "green")
        return DONE

    return run(body, as_json=as_json, data=data)


def comments(session: SessionArg, as_json: Json = False, data: Data = None) -> int:
    """Show what was said beside the packets of a session, oldest first."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import show as text
        from proofroom.services import people

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            _, checkpoint = await _newest(tx, session)
            items = await people.comments_of(tx, checkpoint.id)
        out.document({"items": items})
        for line in text.said(items, checkpoint.packet):
            out.line(line)
        if not items:
            out.line("Nobody has said anything yet.")
        return DONE

    return run(body, as_json=as_json, data=data)


async def _newest(tx: "Tx", session: str) -> "tuple[WorkSession, WorkCheckpoint]":
    """The session with the checkpoint that waits, else its last one. Raises NotFound (`checkpoint_not_found`)."""
    from proofroom.cli import find
    from proofroom.db import checkpoints
    from proofroom.domain.errors import NotFound

    row = await find.session(tx, session)
    known = await checkpoints.of_session(tx, row.id)
    if not known:
        raise NotFound(
            "checkpoint_not_found",
            f"Session {find.short(row.id)} has not come to a checkpoint yet.",
            hint="Comments stand beside a packet; there is none before that.",
        )
    return row, known[-1]


def times(shown: dict[str, Any]) -> str:
    """When it is due and when it expires, as a list shows it."""
    from proofroom.cli.show import moment

    parts = [
        f"{word} {moment(shown[name])}"
        for word, name in (("due", "due_at"), ("expires", "expires_at"))
        if shown[name]
    ]
    return ", ".join(parts)
