"""`work` and `check`: the two jobs, without a server."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from proofroom.cli.common import Data, Json, ProjectOption, run
from proofroom.cli.output import DONE, FAILED, WRONG_USE, Out, one_line

if TYPE_CHECKING:
    from proofroom.agents.factory import AgentDefinition
    from proofroom.bootstrap import Program
    from proofroom.cli.gather import Captured
    from proofroom.db.models import Project, WorkSession
    from proofroom.db.tx import Tx
    from proofroom.domain.errors import InvalidInput
    from proofroom.services.work_requests import NewWork

From = Annotated[
    list[str] | None,
    typer.Option(
        "--from", "-f", metavar="PATH_OR_URL", help="A file, a folder or a URL; repeat it for more."
    ),
]


def register(app: typer.Typer) -> None:
    app.command(
        "work",
        epilog='Example: proofroom work research "When did it fail, and why?" --from reports/ --out out/',
    )(work)
    app.command(
        "check",
        epilog="Example: proofroom check draft.md --from sources/   (exit 0: nothing to look at, 1: something"
        " needs a person, 2: wrong use or unreadable)",
    )(check)


def work(
    agent: Annotated[
        str, typer.Argument(metavar="AGENT", help="research, content, reporting or one of yours.")
    ],
    task: Annotated[str, typer.Argument(metavar="TASK", help="What is wanted, in a sentence or two.")],
    source: From = None,
    strategy: Annotated[
        str, typer.Option(help="checkpoint_required, final_only or auto_approve_low_risk.")
    ] = "final_only",
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the agent.")
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="extractive, external, claude[:MODEL], pydantic_ai:MODEL or scripted:FILE."),
    ] = None,
    budget_usd: Annotated[float | None, typer.Option(metavar="X", help="Most money it may spend.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the signed result is written.")
    ] = None,
    project: ProjectOption = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Sign as the local user, unseen; the record says so.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Let an agent do a piece of work from sources; it stops where a person has to look."""
    from proofroom.services.work_requests import NewWork

    new = NewWork(agent, task, approval_strategy=strategy, runtime=runtime, trusted=True)
    if budget_usd is not None:
        new = replace(new, budget={"usd": budget_usd})
    if out is not None:
        new = replace(new, deliver_to=[{"kind": "folder", "path": str(_folder(out))}])

    async def body(program: "Program", said: Out) -> int:
        return await _work(
            program, said, new, source or [], settings=setting or [], project=project, approve=approve
        )

    return run(body, as_json=as_json, data=data)


def _runtime(given: str | None, scripts: Path | None) -> str | None:
    """A script's path as seen from here: sessions outlive the folder that a command was typed in.

    A name that stands only in the server's folder of scripts (`scripts`) stays a name.
    """
    kind, _, script = (given or "").partition(":")
    if kind != "scripted" or not script:
        return given
    here = Path(script).expanduser().absolute()
    named = scripts is not None and (scripts / script).exists()
    return given if named and not here.exists() else f"scripted:{here}"


def _folder(out: Path) -> Path:
    from proofroom.domain.errors import InvalidInput

    folder = out.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(
            "out_not_a_folder",
            f"{out} is a file.",
            hint="Name a folder; it is made if need be.",
            field="--out",
        )
    return folder


async def _work(
    program: "Program",
    said: Out,
    new: "NewWork",
    given: list[str],
    *,
    settings: list[str],
    project: str | None,
    approve: bool,
) -> int:
    from proofroom.agents.factory import config_from_pairs, get_definition
    from proofroom.agents.runtimes import registry
    from proofroom.cli import find, legs
    from proofroom.db import work_sessions
    from proofroom.services import external, work_requests

    definition = get_definition(new.agent_type, await _offered(program, project))
    runtime = _runtime(new.runtime, program.settings.script_dir)
    new = replace(new, config=config_from_pairs(definition, settings), runtime=runtime)
    if new.budget is not None:
        new = replace(new, budget={**definition.budget, **new.budget})
    parts, actor = program.parts, program.actor
    if (runtime or parts.catalog.default_runtime).partition(":")[0] == "claude":
        await asyncio.to_thread(registry.look_at_keys, program.settings)  # before anything is read and filed

    async def file_it(tx: "Tx", project_id: UUID) -> UUID:
        return (await work_requests.create(tx, actor, parts.catalog, project_id, new)).id

    where, captured, filed = await _sources(program, said, given, project, new.task_description, file_it)
    assert filed is not None
    said.note(f"Session {find.short(filed)}", "dim")
    async with parts.db.transaction(actor.workspace_id) as tx:
        row = await work_sessions.get(tx, filed)
        if external.is_driven(
            row
        ):  # its agent starts it, once it is there to go on: the lease runs from then
            return await _finish(program, said, row, where, captured)
        row = await work_requests.execute(tx, actor, filed)
    row = await legs.drive(program, said, row.id, f"{definition.title} at work")
    if approve and row.status == "pending_review":
        row = await legs.sign_all(program, said, row.id, program.actor)
    return await _finish(program, said, row, where, captured)


async def _offered(program: "Program", project: str | None) -> "Mapping[str, AgentDefinition]":
    """What the program offers, with what the named project offers if there is one."""
    from proofroom.cli import find
    from proofroom.services import definitions

    known = program.parts.catalog.definitions
    if project is None:
        return known
    async with program.parts.db.transaction(program.actor.workspace_id) as tx:
        there = await find.named_project(tx, project)
        return known if there is None else await definitions.offered(tx, known, there.id)


async def _sources(
    program: "Program",
    said: Out,
    given: list[str],
    project: str | None,
    name: str,
    first: "Callable[[Tx, UUID], Awaitable[UUID]] | None" = None,
    leave_out: Path | None = None,
) -> "tuple[Project, Captured, UUID | None]":
    """The project to work in, what was captured for it, and the session that `first` filed there.

    `first` runs before anything is read, so that a wrong request costs nothing and leaves nothing.
    """
    from proofroom.cli import find, gather
    from proofroom.db import projects as db_projects
    from proofroom.domain.errors import InvalidInput
    from proofroom.services import projects, work_requests

    db, actor = program.parts.db, program.actor
    gathered = gather.gather(given, leave_out=leave_out)
    async with db.transaction(actor.workspace_id) as tx:
        there = await find.named_project(tx, project) if project else None
        if not given and (there is None or not await db_projects.source_ids(tx, there.id)):
            raise InvalidInput(
                "sources_missing",
                "There is nothing to work from.",
                hint="Name files, folders or URLs with --from, or a project that has sources with --project.",
                field="--from",
            )
        if there is not None and (given or first is not None):
            await db_projects.to_fill(tx, there.id)  # before anything is read
        where = there or await projects.create(tx, actor, project or one_line(name, 80))
        filed = await first(tx, where.id) if first is not None else None
    captured = await gather.capture_all(program, said, where.id, gathered)
    try:
        if given:
            gather.require_ready(captured)
    except InvalidInput:
        async with db.transaction(actor.workspace_id) as tx:
            if filed is not None:
                await work_requests.cancel(tx, actor, filed)
            if there is None:
                await projects.archive(tx, actor, where.id)
        raise
    return where, captured, filed


async def _finish(
    program: "Program", said: Out, row: "WorkSession", where: "Project", captured: "Captured"
) -> int:
    from proofroom.cli import find, legs, show
    from proofroom.db import artifacts as db_artifacts
    from proofroom.db import checkpoints
    from proofroom.services import sources, views

    deliveries = await legs.deliver(program, row.id)
    async with program.parts.db.transaction(program.actor.workspace_id, snapshot=True) as tx:
        waiting = await checkpoints.open_one(tx, row.id)
        if said.json:
            current = await db_artifacts.current(tx, row.id)
            said.document(
                {
                    **await views.executed(tx, row),
                    "project_id": str(where.id),
                    "session": await views.session(tx, program.parts.catalog, row),
                    "sources": [sources.to_json(s) for s in captured.rows],
                    "source_problems": captured.problems(),
                    "artifacts": [await views.artifact(tx, a, v) for a, v in current],
                    "checkpoint": None if waiting is None else await views.checkpoint(tx, waiting, row),
                    "deliveries": deliveries,
                }
            )
        else:
            said.line(f"{row.title}", "bold")
            said.line(
                f"session {find.short(row.id)}, in project {where.name}; "
                f"{program.parts.catalog.runtime_label(row.runtime)}",
                "dim",
            )
            await show.work(tx, said, row)
            said.line()
            gaps: list[Any] = row.meta.get("gaps") or []
            for gap in gaps:
                said.line(f"Not answered: {gap}", "yellow")
            if waiting is not None and waiting.packet["summary"]["claims"]:
                said.line(f"{show.counted(waiting.packet['summary'])} {show.MEANING}")
            show.outcome(said, row, deliveries)
            if waiting is not None:
                said.line(views.headline(waiting), "yellow")
            show.next_steps(said, row, waiting=waiting is not None)
    return legs.exit_code(row, deliveries)


def check(
    draft: Annotated[Path, typer.Argument(metavar="DRAFT", help="The draft: Markdown or plain text.")],
    source: From = None,
    review: Annotated[
        bool, typer.Option("--review", help="Open it as a checkpoint that can be signed.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --review: where the signed draft is written.")
    ] = None,
    project: ProjectOption = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Compare a draft, from any agent or person, with its sources, claim by claim."""

    async def body(program: "Program", said: Out) -> int:
        return await _check(program, said, draft, source or [], project, review=review, out=out)

    return run(body, as_json=as_json, data=data, trouble=WRONG_USE)


async def _check(
    program: "Program",
    said: Out,
    draft: Path,
    given: list[str],
    project: str | None,
    *,
    review: bool,
    out: Path | None,
) -> int:
    from proofroom.cli import find, legs, show
    from proofroom.db import checkpoints
    from proofroom.domain.errors import InvalidInput
    from proofroom.services import checks, projects, sources, views

    if out is not None and not review:
        raise InvalidInput(
            "out_without_review", "--out is where a signed draft goes; without --review nothing is signed.",
            hint="Add --review, or leave --out away.", field="--out",
        )  # fmt: skip
    text = read_draft_file(draft, given)
    title = None if text.lstrip().startswith("#") else draft.stem
    checks.read_draft(text, title)
    scratch = not review and project is None
    db, actor = program.parts.db, program.actor
    where, captured, _ = await _sources(
        program, said, given, project, f"Check of {draft.name}", leave_out=draft
    )
    row = waiting = None
    try:
        ids = _other_than(draft, captured) if given else None
        label = "Comparing the draft with its sources"
        if review:
            async with db.transaction(actor.workspace_id) as tx:
                row = await checks.open_check(
                    tx, actor, program.parts.catalog, where.id, draft=text, title=title, source_ids=ids,
                    deliver_to=[] if out is None else [{"kind": "folder", "path": str(_folder(out))}],
                    trusted=True,
                )  # fmt: skip
            if row.status == "queued":
                row = await legs.drive(program, said, row.id, label)
            async with db.transaction(actor.workspace_id) as tx:
                waiting = await checkpoints.open_one(tx, row.id)
            if waiting is None:
                return await _finish(program, said, row, where, captured)
            packet = waiting.packet
            found: dict[str, Any] = {
                "claims": [c for a in packet["artifacts"] for c in a["claims"]],
                "summary": packet["summary"],
            }
        else:
            with said.progress(label) as steps:
                found = dict(
                    await checks.check_only(
                        lambda: db.transaction(actor.workspace_id), where.id, draft=text, source_ids=ids,
                        told=legs.compared(steps),
                    )
                )  # fmt: skip
    finally:
        if scratch:
            async with db.transaction(actor.workspace_id) as tx:
                await projects.archive(tx, actor, where.id)
    claims, summary = found["claims"], found["summary"]
    if said.json:
        document: dict[str, Any] = {
            "claims": claims, "summary": summary,
            "sources": [sources.to_json(s) for s in captured.rows], "source_problems": captured.problems(),
        }  # fmt: skip
        if row is not None and waiting is not None:
            document |= {
                "session_id": str(row.id), "project_id": str(where.id), "status": row.status,
                "checkpoint_id": str(waiting.id), "packet_digest": waiting.packet_digest,
            }  # fmt: skip
        said.document(document)
    else:
        async with db.transaction(actor.workspace_id) as tx:
            await show.flagged(said, show.Places(tx), [c for c in claims if c["needs_you"]])
        show.passed(said, [c for c in claims if not c["needs_you"]])
        said.line()
        said.line(f"{show.counted(summary)} {show.MEANING}", "bold")
        if not claims:
            said.line("The draft holds no sentence that says something checkable.", "yellow")
        if row is not None and waiting is not None:
            said.line(f"It waits for a signature as session {find.short(row.id)}: {views.headline(waiting)}")
            show.next_steps(said, row, waiting=True)
    # A source that could not be read was not compared with: that, too, needs a person.
    return FAILED if summary["needs_you"] or captured.problems() else DONE


def _other_than(draft: Path, captured: "Captured") -> "list[UUID]":
    """The captured sources. Raises InvalidInput (`draft_is_source`) when one is a copy of the draft."""
    own = hashlib.sha256(draft.read_bytes()).hexdigest()
    for source in captured.ready:
        if source.sha256 == own:
            raise _is_source(draft, f"{source.title} holds the same bytes as the draft")
    return [s.id for s in captured.ready]


def _is_source(draft: Path, why: str) -> "InvalidInput":
    from proofroom.domain.errors import InvalidInput

    return InvalidInput(
        "draft_is_source",
        f"{why}; {draft.name} would only agree with itself.",
        hint="Leave it out of --from.",
        field="--from",
    )


def read_draft_file(draft: Path, given: list[str]) -> str:
    """Raises InvalidInput: `draft_not_found`, `draft_not_text`, `draft_is_source`, `draft_empty`."""
    from proofroom.cli import gather
    from proofroom.domain.errors import InvalidInput, ProofroomError
    from proofroom.substrate.parsers.sniff import decode

    if not draft.exists():
        raise InvalidInput(
            "draft_not_found", f"There is no {draft}.", "Name the draft's file.", field="DRAFT"
        )
    if draft.is_dir():
        raise InvalidInput("draft_not_text", f"{draft} is a folder.", "Name one file.", field="DRAFT")
    for one in given:
        path = Path(one).expanduser()
        if not gather.is_url(one) and path.is_file() and path.samefile(draft):
            raise _is_source(draft, f"{draft} is named as the draft and as a source")
    raw = gather.read_file(draft, str(draft))
    if not raw.strip():
        raise InvalidInput(
            "draft_empty", f"{draft} is empty.", "Name a draft with text in it.", field="DRAFT"
        )
    binary = InvalidInput(
        "draft_not_text",
        f"{draft} is not text.",
        hint="Save the draft as Markdown or plain text and check that.",
        field="DRAFT",
    )
    if raw.startswith((b"%PDF-", b"PK\x03\x04")):
        raise binary
    try:
        text, _ = decode(raw)
    except ProofroomError as error:
        raise binary from error
    return text
