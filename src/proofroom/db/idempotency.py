"""The first answer to a request with an idempotency key, kept beside what the request did."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from proofroom.db.models import IdempotencyKey
from proofroom.db.tx import Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered: the HTTP status and the JSON body."""

    request_hash: str
    status: int
    response: Any


async def claim(tx: Tx, member_id: UUID, key: str, request_hash: str) -> Kept | None:
    """None when the key is ours now; else what was answered to the request that had it first.

    A request that has the key but has not committed yet is waited for: after its commit its answer is
    given, after its roll-back the key is ours.
    """
    done = await tx.execute(
        insert(IdempotencyKey)
        .values(
            workspace_id=tx.workspace_id,
            member_id=member_id,
            key=key,
            request_hash=request_hash,
            status=0,
            response=None,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if done.scalar_one_or_none() is not None:
        return None
    row = (
        await tx.execute(
            select(IdempotencyKey).where(IdempotencyKey.member_id == member_id, IdempotencyKey.key == key)
        )
    ).scalar_one()
    return Kept(row.request_hash, row.status, row.response)


async def keep(tx: Tx, member_id: UUID, key: str, status: int, response: Any) -> None:
    """Stores the answer in the transaction of what it answers."""
    await tx.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.member_id == member_id, IdempotencyKey.key == key)
        .values(status=status, response=response)
        .execution_options(synchronize_session=False)
    )
