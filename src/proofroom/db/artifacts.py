"""Queries on artifacts, their versions, triggers, obligations, the tool ledger and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from proofroom import faults
from proofroom.db.models import (
    ArtifactVersion,
    Delivery,
    ToolCall,
    WorkArtifact,
    WorkObligation,
    WorkTrigger,
)
from proofroom.db.statements import UUIDS
from proofroom.db.tx import WRITES, Tx, new_id
from proofroom.domain.canonical import digest
from proofroom.domain.errors import NotFound

Current = tuple[WorkArtifact, ArtifactVersion]


@dataclass(frozen=True, slots=True)
class VersionHead:
    """What a list shows of a version."""

    version: int
    author: str
    author_id: UUID | None
    iteration: int
    created_at: datetime
    signed_at: datetime | None
    signed_by: UUID | None


AGENT_EVENT = "agent_event"
"""In the ledger's column `tool`: an event that somebody's own agent posted, by its own id."""


# What every packet and every step asks for is put together once: that takes a third of what asking it costs.
_CURRENT = (
    select(WorkArtifact, ArtifactVersion)
    .join(
        ArtifactVersion,
        (ArtifactVersion.artifact_id == WorkArtifact.id) & (ArtifactVersion.version == WorkArtifact.version),
    )
    .where(WorkArtifact.session_id == bindparam("session_id"))
    .order_by(WorkArtifact.id)
)
_TRIGGERS = (
    select(WorkTrigger).where(WorkTrigger.session_id == bindparam("session_id")).order_by(WorkTrigger.id)
)
_OBLIGATIONS = (
    select(WorkObligation)
    .where(WorkObligation.session_id == bindparam("session_id"))
    .order_by(WorkObligation.id)
)
_RECORDED_CALL = select(ToolCall).where(
    ToolCall.session_id == bindparam("session_id"), ToolCall.key == bindparam("key")
)
_BY_SLOT = select(WorkArtifact).where(
    WorkArtifact.session_id == bindparam("session_id"), WorkArtifact.slot == bindparam("slot")
)
_VERSION = select(ArtifactVersion).where(
    ArtifactVersion.artifact_id == bindparam("of"), ArtifactVersion.version == bindparam("number")
)
_ADD, _ADD_VERSION, _RECORD_CALL = insert(WorkArtifact), insert(ArtifactVersion), insert(ToolCall)
_SETTLE = (
    update(WorkTrigger)
    .where(WorkTrigger.id == func.any(bindparam("ids", type_=UUIDS)), ~WorkTrigger.settled)
    .values(settled=True, checkpoint_id=bindparam("checkpoint"), answers=bindparam("said"))
    .execution_options(synchronize_session=False)
)
_WITHDRAW = (
    update(WorkTrigger)
    .where(
        WorkTrigger.session_id == bindparam("session"),
        WorkTrigger.iteration == bindparam("round"),
        ~WorkTrigger.settled,
        WorkTrigger.detail["artifact_id"].astext == bindparam("artifact"),
    )
    .values(settled=True)
    .returning(WorkTrigger.kind)
    .execution_options(synchronize_session=False)
)
_CALLS = (
    select(ToolCall)
    .where(ToolCall.session_id == bindparam("session_id"), ToolCall.iteration == bindparam("iteration"))
    .order_by(ToolCall.ordinal)
)


async def current(tx: Tx, session_id: UUID, iteration: int | None = None) -> list[Current]:
    """Each artifact with its current version, in the order of their making; of one iteration if named."""
    found = (await tx.execute(_CURRENT, {"session_id": session_id})).all()
    return [(r[0], r[1]) for r in found if iteration in (None, r[0].iteration)]


async def by_slot(tx: Tx, session_id: UUID, slot: str) -> WorkArtifact | None:
    return (await tx.execute(_BY_SLOT, {"session_id": session_id, "slot": slot})).scalar_one_or_none()


async def get(tx: Tx, session_id: UUID, artifact_id: UUID) -> WorkArtifact:
    """Raises NotFound (`artifact_not_found`)."""
    row = (
        await tx.execute(
            select(WorkArtifact).where(WorkArtifact.session_id == session_id, WorkArtifact.id == artifact_id)
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "artifact_not_found", f"No artifact {artifact_id} is in this session.", hint="List its artifacts."
        )
    return row


async def version(tx: Tx, artifact_id: UUID, number: int) -> ArtifactVersion:
    """Raises NotFound (`version_not_found`)."""
    row = (await tx.execute(_VERSION, {"of": artifact_id, "number": number})).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "version_not_found",
            f"This artifact has no version {number}.",
            hint="Versions count from 1 to the current one.",
        )
    return row


async def versions(tx: Tx, artifact_id: UUID) -> list[VersionHead]:
    """Each version without its content, oldest first."""
    rows = await tx.execute(
        select(
            ArtifactVersion.version,
            ArtifactVersion.author,
            ArtifactVersion.author_id,
            ArtifactVersion.iteration,
            ArtifactVersion.created_at,
            ArtifactVersion.signed_at,
            ArtifactVersion.signed_by,
        )
        .where(ArtifactVersion.artifact_id == artifact_id)
        .order_by(ArtifactVersion.version)
    )
    return [VersionHead(*row) for row in rows.all()]


async def person_authors(tx: Tx, session_id: UUID) -> list[UUID]:
    """Ids of the people who wrote a version of this session's artifacts."""
    rows = await tx.execute(
        select(ArtifactVersion.author_id)
        .where(ArtifactVersion.session_id == session_id, ArtifactVersion.author_id.is_not(None))
        .distinct()
    )
    return [r for r in rows.scalars() if r is not None]


async def count(tx: Tx, session_ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = await tx.execute(
        select(WorkArtifact.session_id, func.count())
        .where(WorkArtifact.session_id.in_(session_ids))
        .group_by(WorkArtifact.session_id)
    )
    return {r[0]: r[1] for r in rows.all()}


async def add(tx: Tx, session_id: UUID, **values: Any) -> UUID:
    artifact_id = new_id()
    own = {"workspace_id": tx.workspace_id, "id": artifact_id, "session_id": session_id}
    await tx.execute(_ADD, own | values)
    return artifact_id


async def change(tx: Tx, artifact_id: UUID, **values: Any) -> None:
    await tx.execute(
        update(WorkArtifact)
        .where(WorkArtifact.id == artifact_id)
        .values(**values, updated_at=func.now())
        .execution_options(synchronize_session=False)
    )


async def add_version(tx: Tx, **values: Any) -> None:
    await tx.execute(_ADD_VERSION, {"workspace_id": tx.workspace_id} | values)


async def change_version(tx: Tx, artifact_id: UUID, number: int, **values: Any) -> None:
    await tx.execute(
        update(ArtifactVersion)
        .where(ArtifactVersion.artifact_id == artifact_id, ArtifactVersion.version == number)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


# Triggers


async def add_trigger(
    tx: Tx, session_id: UUID, iteration: int, key: str, kind: str, detail: dict[str, Any]
) -> bool:
    """False when the same call raised it before."""
    done = await tx.execute(
        pg_insert(WorkTrigger)
        .values(
            workspace_id=tx.workspace_id,
            id=new_id(),
            session_id=session_id,
            iteration=iteration,
            key=key,
            kind=kind,
            detail=detail,
        )
        .on_conflict_do_nothing()
        .returning(WorkTrigger.id)
    )
    return done.scalar_one_or_none() is not None


async def triggers(tx: Tx, session_id: UUID, iteration: int | None = None) -> list[WorkTrigger]:
    found = (await tx.execute(_TRIGGERS, {"session_id": session_id})).scalars()
    return [t for t in found if iteration in (None, t.iteration)]


async def settle_triggers(
    tx: Tx, ids: Sequence[UUID], checkpoint_id: UUID, answers: dict[str, Any] | None
) -> None:
    """Those that no earlier checkpoint has settled: a packet lists all of its iteration, and an answer is to the
    question that was open when it was given."""
    if ids:
        await tx.execute(_SETTLE, {"ids": list(ids), "checkpoint": checkpoint_id, "said": answers})


async def withdraw_triggers(tx: Tx, session_id: UUID, iteration: int, artifact_id: UUID) -> list[str]:
    """Settles, by no checkpoint, what an earlier version of an artifact raised and nobody has decided; their kinds."""
    about = {"session": session_id, "round": iteration, "artifact": str(artifact_id)}
    return sorted((await tx.execute(_WITHDRAW, about)).scalars())


def was_withdrawn(trigger: WorkTrigger) -> bool:
    return trigger.settled and trigger.checkpoint_id is None


# Obligations


async def add_obligation(tx: Tx, **values: Any) -> None:
    await tx.execute(insert(WorkObligation).values(workspace_id=tx.workspace_id, id=new_id(), **values))


async def obligations(tx: Tx, session_id: UUID) -> list[WorkObligation]:
    return list((await tx.execute(_OBLIGATIONS, {"session_id": session_id})).scalars())


async def judge_obligation(tx: Tx, obligation_id: UUID, state: str, note: str) -> None:
    await tx.execute(
        update(WorkObligation)
        .where(WorkObligation.id == obligation_id)
        .values(state=state, note=note)
        .execution_options(synchronize_session=False)
    )


# The ledger


async def recorded_call(tx: Tx, session_id: UUID, key: str) -> ToolCall | None:
    return (await tx.execute(_RECORDED_CALL, {"session_id": session_id, "key": key})).scalar_one_or_none()


async def record_call(tx: Tx, **values: Any) -> None:
    if faults.on:
        tx.info.setdefault(WRITES, []).append(str(values["tool"]))
    await tx.execute(_RECORD_CALL, {"workspace_id": tx.workspace_id} | values)


async def calls(tx: Tx, session_id: UUID, iteration: int) -> list[ToolCall]:
    return list((await tx.execute(_CALLS, {"session_id": session_id, "iteration": iteration})).scalars())


async def call(tx: Tx, session_id: UUID, key: str) -> ToolCall:
    """Raises NotFound (`call_not_found`)."""
    row = (
        await tx.execute(select(ToolCall).where(ToolCall.session_id == session_id, ToolCall.key == key))
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(
            "call_not_found",
            "No such call of a tool is recorded in this session.",
            hint="The events `tool_called` of the session name its calls.",
        )
    return row


async def forget_last_refusals(tx: Tx, session_id: UUID, iteration: int) -> None:
    """Takes refusals out of the ledger that came after the last call which was carried out: these calls are tried
    again. A refusal before it stays, for what was done later was done because of it."""
    mine = (ToolCall.session_id == session_id, ToolCall.iteration == iteration)
    last = select(func.coalesce(func.max(ToolCall.ordinal), 0)).where(*mine, ToolCall.ok).scalar_subquery()
    await tx.execute(
        delete(ToolCall)
        .where(*mine, ~ToolCall.ok, ToolCall.ordinal > last)
        .execution_options(synchronize_session=False)
    )


async def change_call(tx: Tx, session_id: UUID, key: str, result: Any) -> None:
    await tx.execute(
        update(ToolCall)
        .where(ToolCall.session_id == session_id, ToolCall.key == key)
        .values(result=result)
        .execution_options(synchronize_session=False)
    )


async def answered(tx: Tx, session_id: UUID, key: str) -> dict[str, Any] | None:
    """What a person answered to the question that this call asked; None while nobody has."""
    query = select(WorkTrigger.answers).where(
        WorkTrigger.session_id == session_id,
        WorkTrigger.key == key,
        WorkTrigger.kind == "question",
        WorkTrigger.settled,
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def posters(tx: Tx, session_id: UUID) -> list[str]:
    """Ids of the members with whose credentials an agent of somebody's own handed in this session's work."""
    by = ToolCall.arguments["by"].astext
    rows = await tx.execute(
        select(by).where(ToolCall.session_id == session_id, ToolCall.tool == AGENT_EVENT).distinct()
    )
    return [r for r in rows.scalars() if r]


# Deliveries


async def add_delivery(tx: Tx, **values: Any) -> UUID | None:
    """The new delivery's id; None when the same effect of the same packet is there already.

    Its idempotency key is made of what it is, so that it is the same when its row is lost with a database that was put
    back from a backup.
    """
    named = ("session_id", "checkpoint_id", "kind", "target", "packet_digest")
    key = digest({name: values[name] if name == "target" else str(values[name]) for name in named})
    done = await tx.execute(
        pg_insert(Delivery)
        .values(workspace_id=tx.workspace_id, id=new_id(), idempotency_key=key, **values)
        .on_conflict_do_nothing()
        .returning(Delivery.id)
    )
    return done.scalar_one_or_none()


async def deliveries(tx: Tx, session_ids: Sequence[UUID]) -> list[Delivery]:
    return list(
        (
            await tx.execute(
                select(Delivery).where(Delivery.session_id.in_(session_ids)).order_by(Delivery.id)
            )
        ).scalars()
    )


async def drop_deliveries(tx: Tx, session_id: UUID) -> None:
    """Drops what is unsent. What is being made just now says itself how it ends, and is not tried again."""
    await tx.execute(
        update(Delivery)
        .where(Delivery.session_id == session_id, Delivery.status == "pending", Delivery.sender.is_(None))
        .values(status="dropped", detail="The session was cancelled.")
        .execution_options(synchronize_session=False)
    )
