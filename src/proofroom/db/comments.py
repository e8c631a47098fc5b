"""Queries on comments beside a packet."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from proofroom.db.models import CheckpointComment
from proofroom.db.tx import Tx, new_id


async def add(tx: Tx, **values: Any) -> CheckpointComment:
    return (
        await tx.execute(
            insert(CheckpointComment)
            .values(workspace_id=tx.workspace_id, id=new_id(), **values)
            .returning(CheckpointComment)
        )
    ).scalar_one()


async def of_session(tx: Tx, session_id: UUID) -> list[CheckpointComment]:
    """Oldest first, those on earlier packets too: a claim keeps its id while its words stay."""
    return list(
        (
            await tx.execute(
                select(CheckpointComment)
                .where(CheckpointComment.session_id == session_id)
                .order_by(CheckpointComment.id)
            )
        ).scalars()
    )
