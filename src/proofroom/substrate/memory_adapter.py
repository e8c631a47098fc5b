"""What an agent may look up during a run: the blocks and tables of one project, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import sources as db_sources
from proofroom.db.blocks import BlockRow
from proofroom.db.retrieval import Filters
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound
from proofroom.substrate import passages, search
from proofroom.substrate.passages import TableView


@dataclass(frozen=True, slots=True)
class SubstrateMemoryAdapter:
    """Search and reading bound to a project, and to some of its sources when the session names them.

    Answers are blocks; who asks gives them their aliases and records them.
    """

    project_id: UUID
    source_ids: Sequence[UUID] | None = None

    async def search(self, tx: Tx, query: str, k: int = 10) -> list[BlockRow]:
        """The best `k` blocks for a query by words and meaning, best first."""
        scope = Filters(source_ids=self.source_ids)
        return (await search.hybrid(tx, self.project_id, query, k, scope)).rows

    async def read(
        self, tx: Tx, block_id: UUID, *, before: int = 2, after: int = 2
    ) -> tuple[BlockRow, list[BlockRow], list[BlockRow]]:
        """(the block, those before it, those after it), of the same version.

        Raises NotFound (`block_not_found`), also for a block of another project.
        """
        own = (await db_blocks.by_ids(tx, [block_id])).get(block_id)
        if own is None or not await self._may_read(tx, own.source_id):
            raise NotFound("block_not_found", "No such passage is in this project.", "Search for it.")
        around = await db_blocks.around(tx, own.source_id, own.version, block_id, before=before, after=after)
        return (
            own,
            [row for row in around if row.ordinal < own.ordinal],
            [row for row in around if row.ordinal > own.ordinal],
        )

    async def table(self, tx: Tx, source: str, number: int = 0, version: int | None = None) -> TableView:
        """A table of a source named by id, title or file name.

        Raises NotFound (`source_not_found`, `table_not_found`).
        """
        return await passages.table(tx, await self.source_id(tx, source), number, version)

    async def source_id(self, tx: Tx, name: str) -> UUID:
        """The source that an id, a title or a file name means. Raises NotFound (`source_not_found`)."""
        for row in await db_sources.called(tx, self.project_id, name):
            if self.source_ids is None or row in self.source_ids:
                return row
        raise NotFound(
            "source_not_found", f"No source of this project is called “{name[:200]}”.", "Use the source's id."
        )

    async def tables(self, tx: Tx) -> list[dict[str, Any]]:
        """The captured tables, without their rows."""
        return [
            {"source_id": str(source.id), "version": source.version, "source_title": source.title, **table}
            for source in await db_sources.tables(tx, self.project_id, self.source_ids)
            for table in source.tables
        ]

    async def _may_read(self, tx: Tx, source_id: UUID) -> bool:
        source = await db_sources.get(tx, source_id)
        return (
            source is not None
            and source.project_id == self.project_id
            and (self.source_ids is None or source_id in self.source_ids)
        )
