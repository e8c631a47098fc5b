"""A database in which everything is tried and nothing stays: one transaction, and savepoints in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from proofroom.db.tx import Database, Tx, away


class Shelf(Database):
    """Its transactions are savepoints of one connection's transaction, which is rolled back in the end.

    So the whole program, from a request to a leg, runs on rows that were changed a moment ago, and the next trial
    finds the rows as they were. For one caller at a time.
    """

    connection: AsyncConnection

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        async with self.engine.connect() as connection:
            self.connection = connection
            outer = await connection.begin()
            await connection.exec_driver_sql(
                "BEGIN"
            )  # the database's connections leave that to `transaction`
            try:
                yield
            finally:
                await outer.rollback()

    @asynccontextmanager
    async def trial(self) -> AsyncGenerator[None]:
        """What happens in it is undone when it ends."""
        savepoint = await self.connection.begin_nested()
        try:
            yield
        finally:
            await savepoint.rollback()

    @asynccontextmanager
    async def transaction(
        self, workspace_id: UUID, *, snapshot: bool = False, of: str = ""
    ) -> AsyncGenerator[Tx]:
        del snapshot, of  # all of it is one transaction already, so whoever wants one state sees one
        tx = Tx(
            bind=self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False,
            autoflush=True,
        )  # fmt: skip
        async with away(), tx:
            tx.info["workspace_id"] = workspace_id
            await tx.execute(
                text("SELECT set_config('proofroom.workspace_id', :id, true)"), {"id": str(workspace_id)}
            )
            yield tx
            await tx.commit()
