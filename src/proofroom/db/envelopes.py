"""Queries on context envelopes."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from proofroom.db.models import ContextEnvelope
from proofroom.db.tx import Tx, new_id

_OF_ITERATION = select(ContextEnvelope).where(
    ContextEnvelope.session_id == bindparam("of"), ContextEnvelope.iteration == bindparam("number")
)

_PIN = (
    insert(ContextEnvelope)
    .on_conflict_do_nothing(index_elements=["workspace_id", "session_id", "iteration"])
    .returning(ContextEnvelope)
)


async def get(tx: Tx, envelope_id: UUID) -> ContextEnvelope | None:
    return (
        await tx.execute(select(ContextEnvelope).where(ContextEnvelope.id == envelope_id))
    ).scalar_one_or_none()


async def of_iteration(tx: Tx, session_id: UUID, iteration: int) -> ContextEnvelope | None:
    return (await tx.execute(_OF_ITERATION, {"of": session_id, "number": iteration})).scalar_one_or_none()


async def pin(
    tx: Tx, *, session_id: UUID, iteration: int, body: str, digest: str, receipt: dict[str, Any]
) -> ContextEnvelope:
    """Stores the envelope of an iteration; the one that is there already wins."""
    made = await tx.execute(
        _PIN,
        {
            "workspace_id": tx.workspace_id, "id": new_id(), "session_id": session_id, "iteration": iteration,
            "body": body, "digest": digest, "receipt": receipt,
        },
    )  # fmt: skip
    pinned = made.scalar_one_or_none() or await of_iteration(tx, session_id, iteration)
    assert pinned is not None
    return pinned
