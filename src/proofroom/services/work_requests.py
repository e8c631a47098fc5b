"""Filing work and steering it: create, execute, cancel, retry, fork."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from proofroom.agents.factory import validate_config
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, projects, work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record, state_of
from proofroom.domain.allowance import allowance_from_json, budget_of
from proofroom.domain.budget import LIMITS
from proofroom.domain.checkpoint import CheckpointStatus
from proofroom.domain.errors import InvalidInput
from proofroom.domain.policy import Strategy
from proofroom.domain.work_session import Event, Status, apply
from proofroom.services import definitions, external, folders, legs
from proofroom.services.access import Actor, require
from proofroom.services.catalog import CHECK, Catalog

CANCEL_CHANNEL = "proofroom_cancel"
MAX_TASK = 20_000


@dataclass(frozen=True, slots=True)
class NewWork:
    """A work request. `budget`: `usd` in US dollars, `tokens`, `seconds`; each more than zero."""

    agent_type: str
    task_description: str
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    approval_strategy: str = Strategy.FINAL_ONLY.value
    runtime: str | None = None
    auto_execute: bool = False
    priority: int = 0
    budget: Mapping[str, Any] | None = None
    deliver_to: Sequence[Mapping[str, Any]] = ()
    source_ids: Sequence[UUID] | None = None
    title: str | None = None
    external_ref: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    template_id: UUID | None = None
    trusted: bool = False


async def create(
    tx: Tx, actor: Actor, catalog: Catalog, project_id: UUID, new: NewWork, *, forked_from: UUID | None = None
) -> WorkSession:
    """A session in status initialized, or queued with `auto_execute`.

    Raises InvalidInput (`unknown_agent`, `unknown_strategy`, `unknown_runtime`, `config_invalid`,
    `budget_invalid`, `budget_over_project`, `task_invalid`, `delivery_not_allowed`, `delivery_impossible`, …),
    NotFound (`project_not_found`), Conflict (`project_archived`).
    """
    require(actor, "requester")
    project = await projects.to_fill(tx, project_id)
    task = new.task_description.replace("\x00", "\ufffd").strip()
    if not task or len(task) > MAX_TASK:
        raise InvalidInput(
            "task_invalid",
            f"A task has 1 to {MAX_TASK:,} characters; this one has {len(task):,}.",
            hint="Say in a sentence or two what is wanted.",
            field="task_description",
        )
    definition = await definitions.find(tx, catalog.definitions, project_id, new.agent_type)
    config = validate_config(definition, new.config)
    title = (new.title or _title(task)).strip()[:300]
    runtime = (new.runtime or catalog.default_runtime).strip()
    catalog.admit_runtime(runtime, new.trusted)
    row = await work_sessions.create(
        tx,
        Record(
            events=[("session_created", {"by": actor.name, "agent_type": new.agent_type})],
            audits=[
                (
                    "session_created",
                    {
                        "by": str(actor.member_id), "via": actor.via, "task": task, "title": title, "config": config,
                        "strategy": new.approval_strategy, "runtime": runtime, "definition": definition.digest,
                    },
                )
            ],
        ),
        project_id=project_id,
        title=title,
        agent_type=new.agent_type,
        definition_digest=await definitions.pin(tx, definition),
        task_description=task,
        task_configuration=config,
        source_ids=await known_sources(tx, project_id, new.source_ids),
        approval_strategy=_strategy(new.approval_strategy),
        runtime=runtime,
        priority=new.priority,
        budget=allowance_from_json(project.budget).budget(
            None if new.budget is None else budget_of(new.budget), budget_of(definition.budget)
        ),
        deliver_to=await folders.targets(catalog, new.deliver_to, trusted=new.trusted),
        external_ref=new.external_ref,
        meta=_metadata(new.metadata),
        template_id=new.template_id,
        forked_from=forked_from,
        created_by=actor.member_id,
    )  # fmt: skip
    return await queue_first(tx, actor, row) if new.auto_execute else row


async def execute(tx: Tx, actor: Actor, session_id: UUID, *, project_id: UUID | None = None) -> WorkSession:
    """Queues the first leg. Raises Conflict (`wrong_status`, `project_archived`), NotFound."""
    require(actor, "requester")
    row = await work_sessions.lock(tx, session_id, project_id)
    apply(state_of(row), Event.EXECUTE)  # what was started is told that, before anything of its project
    await projects.to_fill(tx, row.project_id)
    return await queue_first(tx, actor, row)


async def queue_first(tx: Tx, actor: Actor, row: WorkSession) -> WorkSession:
    """Queues the first leg of a session whose project this transaction holds (`projects.to_fill`).

    Raises Conflict (`wrong_status`).
    """
    return await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.EXECUTE),
        Record(events=[("queued", {"by": actor.name})], audits=[("executed", {"by": str(actor.member_id)})]),
        phase="queued",
        started_at=work_sessions.NOW,
    )


async def cancel(tx: Tx, actor: Actor, session_id: UUID, *, project_id: UUID | None = None) -> WorkSession:
    """Ends it at once. Artifacts stay, unsigned; effects that were not sent are dropped."""
    require(actor, "requester")
    row = await work_sessions.lock(tx, session_id, project_id)
    to = apply(state_of(row), Event.CANCEL)
    waiting = await checkpoints.open_one(tx, row.id)
    if waiting is not None:
        await checkpoints.change(
            tx,
            waiting.id,
            status=CheckpointStatus.SUPERSEDED.value,
            approve_pending=False,
            undo_until=None,
            decision={"decision": "cancelled", "name": actor.name, "by": str(actor.member_id)},
        )
    await db_artifacts.drop_deliveries(tx, row.id)
    said = {"by": actor.name}
    usage, cut_off = legs.lost_turn(row, legs.CANCELLED)
    row = await work_sessions.move(
        tx,
        row,
        to,
        Record(
            events=[*cut_off, ("cancelled", said)],
            audits=[("cancelled", {"by": str(actor.member_id), "via": actor.via})],
        ),
        phase="cancelled",
        settled_at=work_sessions.NOW,
        usage=usage,
    )
    await work_sessions.notify(tx, {"session_id": str(row.id), "leg": row.leg}, channel=CANCEL_CHANNEL)
    return row


async def retry(tx: Tx, actor: Actor, session_id: UUID, *, project_id: UUID | None = None) -> WorkSession:
    """Queues a failed session again, where it stopped. Raises Conflict (`not_retryable`, `wrong_status`,
    `project_archived`)."""
    require(actor, "requester")
    row = await work_sessions.lock(tx, session_id, project_id)
    to = apply(state_of(row), Event.RETRY)
    await projects.to_fill(tx, row.project_id)
    await db_artifacts.forget_last_refusals(tx, row.id, row.iteration)
    return await work_sessions.move(
        tx,
        row,
        to,
        Record(events=[("retried", {"by": actor.name})], audits=[("retried", {"by": str(actor.member_id)})]),
        phase="queued",
        settled_at=None,
    )


async def fork(
    tx: Tx,
    actor: Actor,
    catalog: Catalog,
    session_id: UUID,
    *,
    project_id: UUID | None = None,
    changes: Mapping[str, Any] | None = None,
    auto_execute: bool = False,
) -> WorkSession:
    """A new session from the same request, with fields of it changed. An outside draft cannot be forked.

    It counts as work of the same template while it asks for the same; its title is not part of that. Raises as
    `create`, NotFound (`session_not_found`), InvalidInput (`not_forkable`, `unknown_field`).
    """
    old = await work_sessions.get(tx, session_id, project_id)
    if old.agent_type == CHECK:
        raise InvalidInput(
            "not_forkable",
            "An outside draft has no request to start from.",
            hint="Check the draft again as a new one.",
            field="session_id",
        )
    changed = dict(changes or {})
    unknown = set(changed) - {"task_description", "config", "approval_strategy", "runtime", "budget", "title"}
    if unknown:
        raise InvalidInput(
            "unknown_field", f"A fork cannot change {', '.join(sorted(unknown))}.", hint="Leave it out.",
            field=min(unknown),
        )  # fmt: skip
    new = NewWork(
        agent_type=old.agent_type,
        task_description=changed.get("task_description", old.task_description),
        config=changed.get("config", old.task_configuration),
        approval_strategy=changed.get("approval_strategy", old.approval_strategy),
        runtime=changed.get("runtime", old.runtime),
        auto_execute=auto_execute,
        priority=old.priority,
        budget=changed.get("budget", {k: v for k, v in old.budget.items() if k in LIMITS}),
        source_ids=None if old.source_ids is None else [UUID(s) for s in old.source_ids],
        title=changed.get("title", old.title),
        metadata=old.meta,
        template_id=old.template_id if _asks_the_same(old, changed) else None,
        trusted="runtime" not in changed,  # the old one was admitted when it was filed
    )
    row = await create(tx, actor, catalog, old.project_id, new, forked_from=old.id)
    kept = [
        t for t in old.deliver_to if "root" in t
    ]  # a folder that only the command line may name is not inherited
    if kept:
        row = await work_sessions.step(tx, row, deliver_to=kept)
    return row


def _asks_the_same(old: WorkSession, changed: Mapping[str, Any]) -> bool:
    asked = {
        "task_description": old.task_description, "config": old.task_configuration, "runtime": old.runtime,
        "approval_strategy": old.approval_strategy, "budget": {k: v for k, v in old.budget.items() if k in LIMITS},
    }  # fmt: skip
    return all(value == asked[name] for name, value in changed.items() if name != "title")


def is_resting(row: WorkSession) -> bool:
    """Whether no worker does anything for it: it waits for a person or for its own agent, or it has ended."""
    return external.is_its_turn(row) or Status(row.status) not in (Status.QUEUED, Status.IN_PROGRESS)


def _title(task: str) -> str:
    line = " ".join(task.split())
    return line if len(line) <= 90 else line[:88].rsplit(" ", 1)[0] + "…"


def _strategy(name: str) -> str:
    try:
        return Strategy(name).value
    except ValueError:
        raise InvalidInput(
            "unknown_strategy",
            f"There is no approval strategy {name[:60]!r}.",
            hint=f"Use one of {', '.join(s.value for s in Strategy)}.",
            field="approval_strategy",
        ) from None


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    encoded = json.dumps(dict(metadata), allow_nan=False)
    if len(encoded) > 16_000:
        raise InvalidInput(
            "metadata_too_large", "metadata is larger than 16,000 characters of JSON.", hint="Keep references in it.",
            field="metadata",
        )  # fmt: skip
    return json.loads(encoded.replace("\\u0000", "\\ufffd"))


async def known_sources(tx: Tx, project_id: UUID, source_ids: Sequence[UUID] | None) -> list[str] | None:
    if source_ids is None:
        return None
    known = await projects.source_ids(tx, project_id)
    for source_id in source_ids:
        if source_id not in known:
            raise InvalidInput(
                "unknown_source",
                f"No source {source_id} is in this project.",
                hint="List the project's sources.",
                field="source_ids",
            )
    return [str(s) for s in source_ids]
