"""`source`, `search` and `index`: the material that work rests on."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Data, Json, ProjectOption, run
from proofroom.cli.output import DONE, FAILED, Out, many, one_line

if TYPE_CHECKING:
    from proofroom.bootstrap import Program
    from proofroom.db.sources import SourceRow

group = typer.Typer(help="Add, list, show and retract sources.", no_args_is_help=True)


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

    state = "retracted" if row.retracted_at else row.status
    style = {"ready": "green", "failed": "red"}.get(state, "yellow")
    counts = [f"version {row.version}", many(row.block_count, "passage")]
    counts += [many(row.page_count, "page")] if row.page_count else []
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
            rests = await sources.retract(tx, source_id, reason=reason)
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
        return DONE

    return run(body, as_json=as_json, data=data)


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
