"""The sample workspace: three projects that show the use within minutes, without a key and without a network.

Everything in it is plain data in `proofroom/samples`; installing it uses the same services as everybody.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, projects, work_sessions
from proofroom.db import sources as db_sources
from proofroom.db.models import WorkSession
from proofroom.db.tx import Database, Tx
from proofroom.domain.errors import Conflict, NotFound
from proofroom.services import checks, review, sources, work_requests
from proofroom.services.access import Actor
from proofroom.services.catalog import Catalog
from proofroom.services.work_requests import NewWork

Drive = Callable[[UUID, UUID], Awaitable[WorkSession]]

FOLDER = Path(str(resources.files("proofroom") / "samples"))
NEW_YEAR_RUNTIME = "scripted:sample/new-year"
LAST_YEAR_RUNTIME = "scripted:sample/last-year"
SCRIPTS = {
    NEW_YEAR_RUNTIME: FOLDER / "electricity" / "new-year.script.yaml",
    LAST_YEAR_RUNTIME: FOLDER / "electricity" / "last-year.script.yaml",
}
"""The sample's own runtimes: reports that we wrote, in one shape, so that two years can be laid side by side."""


@cache
def manifest() -> Mapping[str, Any]:
    return yaml.safe_load((FOLDER / "sample.yaml").read_text(encoding="utf-8"))


def _entry(key: str) -> Mapping[str, Any]:
    return next(p for p in manifest()["projects"] if p["key"] == key)


async def install(db: Database, catalog: Catalog, actor: Actor, drive: Drive) -> bool:
    """Makes what is missing of the sample; answers whether anything was. Safe to call again, and twice at once.

    What the sample signs is signed by "Sample setup", and the record says that no person saw it.
    """
    async with db.transaction(actor.workspace_id) as alone:
        await projects.only_one(alone, "sample")  # until the end of the block
        return await _install(db, catalog, replace(actor, name="Sample setup", via="sample"), drive)


async def _install(db: Database, catalog: Catalog, actor: Actor, drive: Drive) -> bool:
    made = False
    for entry in manifest()["projects"]:
        async with db.transaction(actor.workspace_id) as tx:
            fresh = await projects.claim_sample(tx, entry["key"], entry["name"], entry["description"].strip())
            project = await projects.by_sample_key(tx, entry["key"])
            assert project is not None
            # One that was interrupted has its project but not its first work.
            whole = not entry["sources"] or await work_sessions.page(tx, project_id=project.id, limit=1)
            if project.archived_at is not None or (not fresh and whole):
                continue
            added = [
                await sources.add_source(
                    tx,
                    project.id,
                    data=(FOLDER / item["file"]).read_bytes(),
                    filename=Path(item["file"]).name,
                    title=item["title"],
                    created_by=actor.member_id,
                )
                for item in entry["sources"]
            ]
        made = True
        for source in added:
            await sources.capture_now(db, actor.workspace_id, source.id)
        await _first_work(db, catalog, actor, drive, project.id, entry)
    return made


async def _first_work(
    db: Database, catalog: Catalog, actor: Actor, drive: Drive, project_id: UUID, entry: Mapping[str, Any]
) -> None:
    if "check" in entry:
        check = entry["check"]
        async with db.transaction(actor.workspace_id) as tx:
            await checks.open_check(
                tx,
                actor,
                catalog,
                project_id,
                draft=(FOLDER / check["draft"]).read_text(encoding="utf-8"),
                title=check["title"],
            )
    if "report" in entry:
        report = entry["report"]
        async with db.transaction(actor.workspace_id) as tx:
            row = await work_requests.create(
                tx,
                actor,
                catalog,
                project_id,
                NewWork(
                    agent_type=report["agent_type"],
                    task_description=report["task"].strip(),
                    config=report["config"],
                    approval_strategy=report["approval_strategy"],
                    runtime=LAST_YEAR_RUNTIME,
                    auto_execute=True,
                    title=report["last"]["title"],
                ),
            )
        row = await drive(actor.workspace_id, row.id)
        async with db.transaction(actor.workspace_id) as tx:
            waiting = await checkpoints.open_one(tx, row.id)
            if waiting is None:
                raise Conflict(
                    "sample_failed",
                    f"The sample's report did not come to its review: {row.failure}",
                    hint="Start with --no-sample, and tell us.",
                )
            await review.approve(
                tx, actor, row.id, waiting.id, packet_digest=waiting.packet_digest, shown=False
            )
        await drive(actor.workspace_id, row.id)


async def new_year(db: Database, actor: Actor, catalog: Catalog, project_id: UUID) -> WorkSession:
    """The new year has arrived: the table gets a version, and the report is queued again.

    The draft is played from a script of ours whose headline misreads the trend; nothing else is planted.
    Raises NotFound (`not_a_sample`) elsewhere, Conflict (`new_year_came`) the second time.
    """
    async with db.transaction(actor.workspace_id) as tx:
        project = await projects.get(tx, project_id)
        if project.sample_key != "report":
            raise NotFound(
                "not_a_sample",
                "This is not the sample's report.",
                hint="Only the sample has a button for it.",
            )
        report = _entry("report")["report"]
        new = report["new_year"]
        replaced = Path(new["replaces"]).name
        table = next(
            s
            for s in await db_sources.page(tx, project_id, limit=200)
            if s.filename in (replaced, Path(new["file"]).name)
        )
        await sources.put_content(
            tx,
            table.id,
            data=(FOLDER / new["file"]).read_bytes(),
            filename=Path(new["file"]).name,
            defer=False,
        )
    await sources.capture_now(db, actor.workspace_id, table.id)
    async with db.transaction(actor.workspace_id) as tx:
        await projects.lock(tx, project_id)
        if any(
            r.title == new["title"] for r in await work_sessions.page(tx, project_id=project_id, limit=200)
        ):
            raise Conflict(
                "new_year_came",
                "The new year has arrived already.",
                hint="Look at its report in this project.",
            )
        return await work_requests.create(
            tx,
            actor,
            catalog,
            project_id,
            NewWork(
                agent_type=report["agent_type"],
                task_description=report["task"].strip(),
                config=report["config"],
                approval_strategy=report["approval_strategy"],
                runtime=NEW_YEAR_RUNTIME,
                auto_execute=True,
                title=new["title"],
            ),
        )


async def reveal(tx: Tx, row: WorkSession) -> list[dict[str, Any]] | None:
    """What was planted in the sample's draft or report, and what was caught; None elsewhere, or before a decision."""
    project = await projects.get(tx, row.project_id)
    if project.sample_key not in ("check", "report") or row.status in (
        "initialized",
        "queued",
        "in_progress",
        "pending_review",
    ):
        return None
    entry = _entry(project.sample_key)
    planted = entry.get("reveal", ())
    shown = [c for c in await checkpoints.of_session(tx, row.id) if c.kind == "final"]
    if not shown or not planted:
        return None
    # As it was written: a corrected packet holds the reader's words, not the planted ones.
    written = [await db_artifacts.version(tx, a.id, 1) for a, _ in await db_artifacts.current(tx, row.id)]
    claims = {" ".join(c["text"].split()): c for version in written for c in version.claims}
    signed = {" ".join(c["text"].split()) for a in shown[-1].packet["artifacts"] for c in a["claims"]}
    items: list[dict[str, Any]] = []
    for item in planted:
        text = " ".join(item["text"].split())
        claim = claims.get(text)
        if claim is None:
            return None  # other work in the sample's project, in which nothing was planted
        items.append(
            {
                "claim_id": claim["id"],
                "n": claim["n"],
                "text": text,
                "kind": item["kind"],
                "truth": item["truth"].strip(),
                "explanation": item["explanation"].strip(),
                "correction": item.get("correction", "").strip() or None,
                "only_a_reader": item["only_a_reader"],
                "flagged": claim["needs_you"],
                "caught": row.status != "completed" or text not in signed,
            }
        )
    return items
