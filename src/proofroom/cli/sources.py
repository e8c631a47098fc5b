"""`source`, `search` and `index`: the material that work rests on."""

import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, run
from proofroom.cli.output import DONE, FAILED, Out, many, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program
    from proofroom.db.sources import SourceRow
    from proofroom.services.sources import Dependents

group = typer.Typer(help="Add, list, show, retract, restore and delete sources.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("search", epilog='Example: proofroom search "orbit insertion altitude" --project Orbiter')(
        search
    )
    app.command("index", epilog="Example: proofroom index --project Orbiter --wait")(index)


@group.command(
    "add", epilog="Example: proofroom source add report.pdf notes/ https://example.org/page --project Orbiter"
)
def add(
    paths: Annotated[list[str], typer.Argument(metavar="PATH_OR_URL", help="Files, folders or URLs.")],
    project: ProjectOption = None,
    title: Annotated[str | None, typer.Option(help="A title, when there is one source.")] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Capture sources into a project; a project that does not exist yet is made."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find, gather
        from proofroom.db import projects as db_projects
        from proofroom.domain.errors import InvalidInput
        from proofroom.services import projects, sources

        gathered = gather.gather(paths, field="PATH_OR_URL")
        if title is not None and len(gathered.items) != 1:
            raise InvalidInput(
                "title_for_many", f"--title names one source; there are {len(gathered.items)}.",
                hint="Leave it out, or add them one by one.", field="--title",
            )  # fmt: skip
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = None if project is None else await find.named_project(tx, project)
            if where is None:
                where = (
                    await find.only_project(tx, None)
                    if project is None
                    else await projects.create(tx, program.actor, project)
                )
            await db_projects.to_fill(tx, where.id)
        captured = await gather.capture_all(program, out, where.id, gathered, title=title)
        out.document(
            {
                "project_id": str(where.id),
                "items": [sources.to_json(s) for s in captured.rows],
                "problems": captured.problems(),
            }
        )
        for row in captured.ready:
            out.line(f"{find.short(row.id)}  {one_line(row.title, 80)}: {row.block_count} passages", "green")
            for note in row.notes:
                out.line(one_line(note, 300), "dim", indent=10)
        for name, first in captured.again:
            out.line(f"{one_line(name, 80)}: the same bytes as {one_line(first, 80)}, so one source")
        gather.require_ready(captured) if not out.json else None
        return FAILED if captured.problems() else DONE

    return run(body, as_json=as_json, data=data)


@group.command("list", epilog="Example: proofroom source list --project Orbiter")
def list_(project: ProjectOption = None, as_json: Json = False, data: Data = None) -> int:
    """List the sources of a project."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import sources

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = await find.only_project(tx, project)
            rows = await sources.page(tx, where.id, limit=10_000)
        out.document({"project_id": str(where.id), "items": [sources.to_json(s) for s in rows]})
        for row in rows:
            _show(out, row)
        if not rows:
            out.line(f"{where.name} has no source yet.")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command("show", epilog="Example: proofroom source show report.pdf --project Orbiter")
def show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its id, part of it, title or file name.")],
    project: ProjectOption = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Show what is known of a source: how its capture went, what was remarked, its tables."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import sources

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            row = await sources.get(tx, await find.source(tx, source, project))
        out.document(sources.to_json(row))
        _show(out, row)
        facts = [row.content_type, f"{row.byte_size:,} bytes", row.filename, row.url]
        out.line(", ".join(one_line(fact, 200) for fact in facts if fact), indent=14)
        for table in row.tables:
            columns = ", ".join(one_line(name, 40) for name in table["columns"][:8])
            out.line(
                f"Table {one_line(table['name'], 60)}: {many(int(table['row_count']), 'row')} of {columns}",
                indent=14,
            )
        return DONE

    return run(body, as_json=as_json, data=data)


def _show(out: Out, row: "SourceRow") -> None:
    """A source on a line, and below it what a person should know of it."""
    from proofroom.cli import find
    from proofroom.cli.show import part_word

    state = "retracted" if row.retracted_at else row.status
    style = {"ready": "green", "failed": "red"}.get(state, "yellow")
    counts = [f"version {row.version}", many(row.block_count, "passage")]
    counts += [many(row.page_count, part_word(row.content_type))] if row.page_count else []
    counts += [many(len(row.tables), "table")] if row.tables else []
    out.line(
        f"{find.short(row.id)}  {state.ljust(10)} {one_line(row.title, 70)}  ({', '.join(counts)})", style
    )
    if row.progress:
        total = row.progress["total"]
        out.line(
            f"{row.progress['phase']}: {row.progress['done']:,}"
            + (f" of {total:,}" if total else "")
            + f" {row.progress['unit']}",
            "dim",
            indent=14,
        )
    if row.failure:
        out.line(f"{row.failure.get('message', '')} {row.failure.get('hint', '')}", "dim", indent=14)
    for note in row.notes:
        out.line(one_line(note, 300), "dim", indent=14)
    if row.retract_reason:
        out.line(row.retract_reason, "dim", indent=14)


@group.command("retract", epilog='Example: proofroom source retract report.pdf --reason "Superseded in May."')
def retract(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its id, part of it, title or file name.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; others can read it.")],
    project: ProjectOption = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Take a source out of use and list all that rests on it. Nothing is deleted."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import sources

        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            source_id = await find.source(tx, source, project)
            rests = await sources.retract(tx, source_id, reason=reason, actor=program.actor)
            row = await sources.get(tx, source_id)
        out.document(
            {
                "source": sources.to_json(row),
                "dependents": {
                    "envelopes": [dict(e) for e in rests.envelopes],
                    "sessions": [dict(s) for s in rests.sessions],
                    "artifacts": [dict(a) for a in rests.artifacts],
                    "memory": [dict(m) for m in rests.memory],
                },
            }
        )
        out.line(f"Retracted: {row.title}")
        _rests(out, rests)
        return DONE

    return run(body, as_json=as_json, data=data)


def _rests(out: Out, rests: "Dependents") -> None:
    """What rests on a source, a line each."""
    from proofroom.cli import find

    for session in rests.sessions:
        out.line(
            f"Session {find.short(session['id'])} had it as context: {one_line(session['title'], 90)}",
            "yellow",
        )
    for artifact in rests.artifacts:
        signed = ", signed" if artifact["signed"] else ""
        out.line(
            f"{one_line(artifact['title'], 90)} cites it (version {artifact['version']}{signed})",
            "yellow",
        )
    for passage in rests.memory:
        out.line(
            f"{one_line(passage['source_title'], 60)} rests on it ({passage['state']}):"
            f" {one_line(passage['text'], 120)}",
            "yellow",
        )
    if not rests.sessions and not rests.artifacts and not rests.memory:
        out.line("Nothing rests on it.")


@group.command(
    "restore", epilog='Example: proofroom source restore report.pdf --reason "It was the other one."'
)
def restore(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its id, part of it, title or file name.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; others can read it.")],
    project: ProjectOption = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Take back a retraction: the source is found again."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import access, sources

        access.require(program.actor, "reviewer")
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            source_id = await find.source(tx, source, project)
            row = await sources.restore(tx, source_id, reason=reason, actor=program.actor)
        out.document(sources.to_json(row))
        out.line(f"In use again: {one_line(row.title, 80)}", "green")
        return DONE

    return run(body, as_json=as_json, data=data)


@group.command(
    "delete", epilog='Example: proofroom source delete report.pdf --reason "She asked for it." --yes'
)
def delete(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its id, part of it, title or file name.")],
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why; it is kept, so it should repeat nothing of it."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete it without being asked.")] = False,
    project: ProjectOption = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Delete a source for good, and its words wherever they were copied. Shows first what goes."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.services import deletion, sources

        workspace_id = program.actor.workspace_id
        async with program.parts.db.transaction(workspace_id) as tx:
            source_id = await find.source(tx, source, project)
            if not yes:
                row = await sources.get(tx, source_id)
                out.line(f"{one_line(row.title, 80)} and what was made with it:")
                _counts(out, await deletion.preview(tx, source_id))
                _rests(out, await sources.dependents(tx, source_id))
        if not yes:
            _confirm()
        async with program.parts.db.transaction(workspace_id) as tx:
            done = await deletion.delete(tx, program.actor, source_id, reason=reason)
        out.document(done)
        out.line("Deleted for good.", "green")
        _counts(out, done["deleted"])
        return DONE

    return run(body, as_json=as_json, data=data)


def _counts(out: Out, counts: dict[str, int]) -> None:
    words = [f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items() if n]
    out.line(", ".join(words) or "Nothing but its name.", indent=2)


def _confirm() -> None:
    """Asks a person, and only a person. Raises Conflict (`not_confirmed`)."""
    from proofroom.domain.errors import Conflict

    # While a line is read nothing runs the event loop, which hears signals otherwise.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sure = typer.confirm("Delete it for good?", default=False, err=True)
    except typer.Abort:
        sure = False
    finally:
        signal.signal(signal.SIGINT, before)
    if not sure:
        raise Conflict(
            "not_confirmed", "Nothing was deleted.", hint="Say --yes to delete it without being asked."
        )


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words to look for.")],
    project: ProjectOption = None,
    k: Annotated[int, typer.Option("-k", min=1, max=500, help="How many passages.")] = 10,
    mode: Annotated[
        str, typer.Option("--mode", metavar="MODE", help="hybrid (words and meaning), text or vector.")
    ] = "hybrid",
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", metavar="SOURCE", help="Only this source, by id, title or file name; repeatable."
        ),
    ] = None,
    type_: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only sources of this type, such as pdf; repeatable."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only passages of this kind, such as table_row; repeatable."
        ),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state", metavar="STATE", help="Passages in this state instead of those in use; repeatable."
        ),
    ] = None,
    captured_from: Annotated[
        str | None, typer.Option("--captured-from", metavar="DATE", help="Captured on this day or later.")
    ] = None,
    captured_to: Annotated[
        str | None, typer.Option("--captured-to", metavar="DATE", help="Captured on this day or before.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Find passages in a project's sources by words and meaning, best first."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.cli.show import Places
        from proofroom.services import finding

        chosen = finding.mode(mode)
        async with program.parts.db.transaction(program.actor.workspace_id) as tx:
            where = await find.only_project(tx, project)
            wanted = finding.filters(
                source_ids=[await find.source(tx, given, str(where.id)) for given in source or ()],
                types=type_ or (),
                kinds=kind or (),
                states=state or (),
                captured_from=captured_from,
                captured_to=captured_to,
            )
            found = await finding.find(tx, where.id, query, k, wanted, chosen)
            items: list[dict[str, Any]] = found["items"]
            out.document({"project_id": str(where.id), "query": query, **found})
            places = Places(tx)
            for item in items if not out.json else []:
                place = await places.of(item)
                out.line(f"{one_line(item['source_title'], 80)}, {place}  ({item['score']:.2f})", "bold")
                out.line(one_line(item["text"], 400), indent=2)
        index = found["index"]
        if not items:
            by_meaning = index["mode"] != "text"
            out.line(
                f"Nothing in {where.name} is on this matter."
                if by_meaning
                else f"Nothing in {where.name} holds any of these words."
            )
        if index["message"] and index["state"] != "off":
            out.line(index["message"], "yellow")
        return DONE

    return run(body, as_json=as_json, data=data)


def index(
    project: ProjectOption = None,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Remove vectors of other models and make those that are missing."),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Make the missing vectors here and now.")] = False,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Show how far a project's index for search by meaning is, and complete it."""

    async def body(program: "Program", out: Out) -> int:
        from dataclasses import asdict

        from proofroom.cli import find
        from proofroom.services import indexing

        db, workspace_id = program.parts.db, program.actor.workspace_id
        async with db.transaction(workspace_id) as tx:
            where = await find.only_project(tx, project)
            now = await (indexing.rebuild if rebuild else indexing.state)(tx, where.id)
        if wait and now.model is not None and now.state != "complete":
            done = now.embedded

            with out.progress(f"Making vectors for {where.name}", now.blocks) as steps:

                def report(n: int) -> None:
                    nonlocal done
                    done += n
                    steps.at(min(done, now.blocks), now.blocks, where.name)

                await indexing.embed_project(db, workspace_id, where.id, report=report)
            async with db.transaction(workspace_id) as tx:
                now = await indexing.state(tx, where.id)
        out.document({"project_id": str(where.id), **asdict(now)})
        out.line(
            f"{where.name}: {now.embedded:,} of {many(now.blocks, 'passage')} searchable by meaning"
            f" ({now.model or 'no model'}), all of them by words.",
            "green" if now.state == "complete" else "yellow",
        )
        if now.message:
            out.line(now.message, indent=2)
        return DONE

    return run(body, as_json=as_json, data=data)
