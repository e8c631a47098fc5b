"""Sessions and decisions: what there is, what waits, and the person's word on it."""

import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, SessionArg, run
from proofroom.cli.given import answers_to, claim_id, judged, pairs
from proofroom.cli.output import DONE, Out, can_ask, one_line

if TYPE_CHECKING:
    from uuid import UUID

    from proofroom.bootstrap import Program
    from proofroom.db.models import WorkCheckpoint, WorkSession
    from proofroom.services.gates import Outcome

Digest = Annotated[
    str | None, typer.Option(metavar="DIGEST", help="The packet decided on; without it, the one shown here.")
]
Met = Annotated[
    list[str] | None,
    typer.Option(metavar="NUMBER", help="Something asked for before that you find met (its number or id)."),
]
Unmet = Annotated[list[str] | None, typer.Option(metavar="NUMBER", help="The same, that you find not met.")]
STATUSES = ("initialized", "queued", "in_progress", "pending_review", "completed", "failed", "cancelled")


def register(app: typer.Typer) -> None:
    app.command("sessions", epilog="Example: proofroom sessions --status pending_review")(sessions)
    app.command("show", epilog="Example: proofroom show last")(show)
    app.command("review", epilog="Example: proofroom review last   (without a session it lists what waits)")(
        review
    )
    app.command(
        "approve", epilog='Example: proofroom approve last --ack 3="The source is older; 44.5 is right."'
    )(approve)
    app.command(
        "request-changes", epilog='Example: proofroom request-changes last "Give the planned altitude too."'
    )(request_changes)
    app.command("reject", epilog='Example: proofroom reject last --reason "It answers another question."')(
        reject
    )
    app.command("withdraw", epilog="Example: proofroom withdraw last")(withdraw)


def sessions(
    status: Annotated[list[str] | None, typer.Option(metavar="STATUS", help=", ".join(STATUSES))] = None,
    project: ProjectOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many, newest first.")] = 50,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """List work sessions, newest first."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.cli.show import session_line
        from proofroom.db import work_sessions
        from proofroom.domain.errors import InvalidInput
        from proofroom.services import views

        for one in status or []:
            if one not in STATUSES:
                raise InvalidInput(
                    "unknown_status", f"There is no status {one[:40]!r}.",
                    hint=f"Use one of {', '.join(STATUSES)}.", field="--status",
                )  # fmt: skip
        async with program.parts.db.transaction(program.actor.workspace_id, snapshot=True) as tx:
            where = None if project is None else (await find.project(tx, project)).id
            rows = await work_sessions.page(tx, project_id=where, statuses=status or [], limit=limit)
            items = await views.sessions(tx, program.parts.catalog, rows)
        out.document({"items": items})
        for item in items:
            session_line(out, item)
        if not items:
            out.line(
                "No work session"
                + (" like that." if status or project else " yet. `proofroom work` begins one.")
            )
        return DONE

    return run(body, as_json=as_json, data=data)


def show(
    session: SessionArg,
    events: Annotated[int, typer.Option(min=0, max=1000, help="How many of its last events.")] = 20,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Show everything about a session."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.cli import show as text
        from proofroom.db import artifacts as db_artifacts
        from proofroom.db import checkpoints, work_sessions
        from proofroom.services import views

        async with program.parts.db.transaction(program.actor.workspace_id, snapshot=True) as tx:
            row = await find.session(tx, session)
            item = await views.session(tx, program.parts.catalog, row)
            gates = await checkpoints.of_session(tx, row.id)
            tail = await work_sessions.events(tx, row.id, after=max(0, row.event_seq - events))
            current = await db_artifacts.current(tx, row.id)
            if out.json:
                out.document(
                    {
                        "session": item,
                        "artifacts": [await views.artifact(tx, a, v) for a, v in current],
                        "checkpoints": [await views.checkpoint(tx, c, row) for c in gates],
                        "events": [views.event(e) for e in tail],
                    }
                )
                return DONE
            text.session_line(out, item)
            out.line(f"id {row.id}, strategy {row.approval_strategy}, {item['runtime_label']}", "dim")
            if row.task_description:
                out.line(f"Task: {row.task_description}")
            used = item["usage"]
            out.line(
                f"iteration {row.iteration}, leg {row.leg}; {used['tokens']:,} tokens,"
                f" ${used['cost_usd']:.2f}; record of {row.audit_count} entries,"
                f" head {(row.audit_head or '')[:16]}",
                "dim",
            )
            await text.work(tx, out, row)
            out.line()
            for gate in gates:
                decision = gate.decision or {}
                held = text.held(gate)
                made = f"{decision.get('decision')} by {decision.get('name')}" if decision else ""
                said = f", {held or made}" if decision else ""
                batch: dict[str, Any] = decision.get("batch") or {}
                place = [str(one["name"]) for one in batch.get("instead_of", ())]
                past = f", in the place of {', '.join(place)}" if place else ""
                unseen = f" (the packet was not shown{past})" if decision.get("packet_shown") is False else ""
                status = gate.status.replace("_", " ")
                out.line(f"{gate.kind} gate, iteration {gate.iteration}: {status}{said}{unseen}")
                await text.void(tx, out, gate)
            for delivery in item["deliveries"]:
                where = delivery["target"].get("path")
                out.line(f"Delivery to {where}: {delivery['status']} {delivery['detail'] or ''}")
            if tail:
                out.line()
            for event in tail:
                out.line(
                    f"{event.seq:>4} {str(views.at(event.at))[11:19]} {event.type}  {_brief(event.data)}",
                    "dim",
                )
            waits = row.status == "pending_review" and not any(text.held(gate) for gate in gates)
            if row.status == "pending_review" and not waits:
                text.take_back(out, row)
            else:
                text.next_steps(out, row, waiting=waits)
        return DONE

    return run(body, as_json=as_json, data=data)


def _brief(data: Mapping[str, Any]) -> str:
    parts = [f"{k}={v}" for k, v in data.items() if isinstance(v, str | int | float) and v != ""]
    return one_line(" ".join(parts), 140)


def review(
    session: Annotated[
        str | None, typer.Argument(metavar="[SESSION]", help="A session, or nothing to list all that waits.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Show what waits for a person, or one packet with all that a signature on it would cover."""

    async def body(program: "Program", out: Out) -> int:
        if session is None:
            return await _inbox(program, out)
        from proofroom.cli import find
        from proofroom.cli import show as text
        from proofroom.services import views

        async with program.parts.db.transaction(program.actor.workspace_id, snapshot=True) as tx:
            row, waiting = await waiting_at(tx, session)
            out.document(await views.checkpoint(tx, waiting, row))
            if not out.json:
                await text.packet(tx, out, row, waiting, views.consequence(waiting, row))
                out.line()
                out.line(f"The whole text: proofroom show {find.short(row.id)}", "dim")
                held = text.held(waiting)
                if held:
                    out.line(f"It is decided: {held}.", "yellow")
                    text.take_back(out, row)
                else:
                    text.next_steps(out, row, waiting=True)
        return DONE

    return run(body, as_json=as_json, data=data)


async def _inbox(program: "Program", out: Out) -> int:
    from proofroom.cli import find
    from proofroom.cli import show as text
    from proofroom.services import inbox

    async with program.parts.db.transaction(program.actor.workspace_id) as tx:
        items = await inbox.oldest(tx, program.actor, 200)
    out.document({"items": items})
    for item in items:
        out.line(f"{find.short(item['session_id'])}  {one_line(item['session_title'], 90)}", "yellow")
        out.line(
            f"{one_line(item['headline'], 160)}; {item['agent_type']} in"
            f" {one_line(item['project_name'], 60)}, since {item['opened_at'][:16].replace('T', ' ')}",
            "dim",
            indent=14,
        )
        around = text.around(item)
        if around:
            out.line(around, "dim", indent=14)
    out.line(
        f"{len(items)} waiting. `proofroom review SESSION` shows one." if items else "Nothing waits for you."
    )
    return DONE


async def waiting_at(tx: Any, session: str) -> "tuple[WorkSession, WorkCheckpoint]":
    """Raises Conflict (`nothing_waits`) when the session is not at a checkpoint."""
    from proofroom.cli import find
    from proofroom.db import checkpoints
    from proofroom.domain.errors import Conflict

    row = await find.session(tx, session)
    waiting = await checkpoints.open_one(tx, row.id)
    if waiting is None:
        raise Conflict(
            "nothing_waits",
            f"Session {find.short(row.id)} waits for no decision; it is {row.status.replace('_', ' ')}.",
            hint="`proofroom review` lists what waits, `proofroom show` what became of it.",
            extra={"session_id": str(row.id), "status": row.status},
        )
    return row, waiting


def approve(
    session: SessionArg,
    feedback: Annotated[str | None, typer.Option(metavar="TEXT", help="A remark for the record.")] = None,
    ack: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM=REASON", help="Keep a flagged claim (its number or id), and why."),
    ] = None,
    wrong_check: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM=REASON", help="Keep it because the check was wrong, and why."),
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An answer to what the checkpoint asks.")
    ] = None,
    met: Met = None,
    unmet: Unmet = None,
    digest: Digest = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Sign what is shown without being asked.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Sign the packet of a waiting session, let it go on, and write what the signature releases."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.domain.checkpoint import Acknowledgement, AcknowledgementKind
        from proofroom.services import review as decisions

        row, waiting, sealed = await _look(program, out, session, digest)
        acknowledged = [
            Acknowledgement(claim_id(waiting.packet, claim), reason, kind)
            for kind, given, option in (
                (AcknowledgementKind.ACCEPTED, ack, "--ack"),
                (AcknowledgementKind.CHECK_WAS_WRONG, wrong_check, "--wrong-check"),
            )
            for claim, reason in pairs(given, option)
        ]
        answers = answers_to(waiting.form, pairs(answer, "--answer"))
        if digest is None and not yes and not out.json and can_ask():
            _confirm("Sign exactly this?")
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            done = await decisions.approve(
                tx, program.actor, row.id, waiting.id, packet_digest=sealed, feedback=feedback,
                answers=answers, acknowledged=acknowledged, judged=judged(waiting.packet, met, unmet),
            )  # fmt: skip
        return await _after(program, out, done, "Going on")

    return run(body, as_json=as_json, data=data)


def request_changes(
    session: SessionArg,
    comment: Annotated[str, typer.Argument(metavar="COMMENT", help="What should be different.")],
    claim: Annotated[
        list[str] | None, typer.Option(metavar="CLAIM", help="The claim it is about (its number or id).")
    ] = None,
    passage: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The words it is about, exactly as shown.")
    ] = None,
    met: Met = None,
    unmet: Unmet = None,
    digest: Digest = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Send the work back; the comment becomes an obligation of the next iteration.

    Lines such as "must contain: 226 km" are checked by the program; the reference lists all of them.
    """

    async def body(program: "Program", out: Out) -> int:
        from proofroom.services import review as decisions

        row, waiting, sealed = await _look(program, out, session, digest, brief=True)
        claims = [claim_id(waiting.packet, c) for c in claim or []]
        changes: list[dict[str, Any]] = [{"comment": comment, "claim_id": c} for c in claims] or [
            {"comment": comment}
        ]
        if passage is not None:
            changes = [change | {"passage": passage} for change in changes]
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            done = await decisions.request_changes(
                tx,
                program.actor,
                row.id,
                waiting.id,
                packet_digest=sealed,
                changes=changes,
                judged=judged(waiting.packet, met, unmet),
            )
        _say_how_judged(out, comment)
        return await _after(program, out, done, "Working on the changes")

    return run(body, as_json=as_json, data=data)


def _say_how_judged(out: Out, comment: str) -> None:
    """Which lines of a change the next round compares, and which nobody but the reader judges."""
    from proofroom.domain.obligation_checks import check_of

    for line in filter(str.strip, comment.splitlines()):
        how = "Compared with the next version" if check_of(line) else "Yours to judge, in free words"
        out.line(f"{how}: {one_line(line, 200)}", "dim")


def reject(
    session: SessionArg,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the record.")],
    digest: Digest = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """End a session for good; nothing of it is delivered."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.services import review as decisions

        row, waiting, sealed = await _look(program, out, session, digest, brief=True)
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            done = await decisions.reject(
                tx, program.actor, row.id, waiting.id, packet_digest=sealed, rejection_reason=reason
            )
        await show_result(program, out, done.session.id, checkpoint=done.checkpoint)
        return DONE

    return run(body, as_json=as_json, data=data)


def withdraw(session: SessionArg, as_json: Json = False, data: Data = None) -> int:
    """Take back a decision that did not take effect yet, or your signature while others are missing.

    An admin can take back anybody's decision.
    """

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.cli import show as text
        from proofroom.db import checkpoints
        from proofroom.domain.errors import Conflict
        from proofroom.services import holding

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row = await find.session(tx, session)
            waiting = await checkpoints.open_one(tx, row.id)
            if waiting is None:
                raise Conflict(
                    "nothing_to_withdraw",
                    f"Session {find.short(row.id)} has no decision that can be taken back; it is"
                    f" {row.status.replace('_', ' ')}.",
                    hint="`proofroom show` says what became of it. Fork it to have the work done over.",
                    extra={"session_id": str(row.id), "status": row.status},
                )
            done = await holding.withdraw(tx, program.actor, row.id, waiting.id)
        out.line("Taken back. Nothing came of it.", "green")
        if done.checkpoint.votes:
            out.line(text.signatures(done.checkpoint))
        return await show_result(program, out, done.session.id, checkpoint=done.checkpoint)

    return run(body, as_json=as_json, data=data)


async def _look(
    program: "Program", out: Out, session: str, digest: str | None, *, brief: bool = False
) -> "tuple[WorkSession, WorkCheckpoint, str]":
    """The session, its checkpoint and the digest to decide on; the packet is shown when none was named."""
    from proofroom.cli import show as text
    from proofroom.services import views

    async with program.parts.db.transaction(program.actor.workspace_id) as tx:
        row, waiting = await waiting_at(tx, session)
        if digest is None and not brief:
            await text.packet(tx, out, row, waiting, views.consequence(waiting, row))
            out.line()
    return row, waiting, digest or waiting.packet_digest


async def _after(program: "Program", out: Out, done: "Outcome", label: str) -> int:
    from proofroom.cli import legs
    from proofroom.cli import show as text
    from proofroom.domain.errors import Conflict
    from proofroom.services import views

    if done.stale:
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            current = await views.checkpoint(tx, done.checkpoint, done.session)
        raise Conflict(
            "stale_packet",
            f"{done.why} Nothing was decided.",
            hint="Look at the current packet with `proofroom review` and decide on that.",
            extra={"checkpoint": current},
        )
    voted = done.checkpoint.status == "pending_review"  # and others are missing
    if voted:
        out.line(f"Signed. {text.signatures(done.checkpoint)}", "green")
    else:
        await legs.drive(program, out, done.session.id, label)
    return await show_result(program, out, done.session.id, checkpoint=done.checkpoint, voted=voted)


async def show_result(
    program: "Program",
    out: Out,
    session_id: "UUID",
    *,
    checkpoint: "WorkCheckpoint | None" = None,
    voted: bool = False,
) -> int:
    """Makes what is due and says how the session stands now. `voted`: others sign next."""
    from proofroom.cli import legs
    from proofroom.cli import show as text
    from proofroom.db import checkpoints, work_sessions
    from proofroom.services import views

    deliveries = await legs.deliver(program, session_id)
    async with program.parts.db.transaction(program.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, session_id)
        waiting = await checkpoints.open_one(tx, session_id)
        if out.json:
            decided = None if checkpoint is None else await checkpoints.get(tx, checkpoint.id)
            out.document(
                {
                    **await views.executed(tx, row),
                    "session": await views.session(tx, program.parts.catalog, row),
                    "checkpoint": None if decided is None else await views.checkpoint(tx, decided, row),
                    "next_checkpoint": None if waiting is None else await views.checkpoint(tx, waiting, row),
                    "deliveries": deliveries,
                }
            )
        else:
            text.outcome(out, row, deliveries, voted=voted)
            if waiting is not None:
                out.line(views.headline(waiting), "yellow")
            text.next_steps(out, row, waiting=waiting is not None)
    return legs.exit_code(row, deliveries)


def _confirm(question: str) -> None:
    # While a line is read nothing runs the event loop, which hears signals otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sure = typer.confirm(question, default=False, err=True)
    except typer.Abort:
        sure = False
    finally:
        signal.signal(signal.SIGINT, before)
    if not sure:
        from proofroom.domain.errors import Conflict

        raise Conflict("not_signed", "Nothing was signed.", hint="The session waits on.")
