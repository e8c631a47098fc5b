"""How far a capture is, for those who watch: written beside the work, never in its way."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias
from uuid import UUID

from proofroom.db import captures
from proofroom.db import sources as db_sources
from proofroom.db.sources import SourceRow
from proofroom.db.tx import Database
from proofroom.domain.errors import Unavailable

Phase: TypeAlias = Literal["fetching", "reading", "writing"]
SECONDS = 0.5  # the least time between two reports


class Progress:
    """While it is entered, writes the newest report every half second, in a short transaction of its own.

    What is done within the first half second is never written: most captures are. A database that is away
    costs reports and nothing else.
    """

    def __init__(self, db: Database, workspace_id: UUID, source: SourceRow, version: int) -> None:
        self._db = db
        self._workspace_id = workspace_id
        self._source = source
        self._version = version
        self._newest: dict[str, Any] | None = None
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def at(self, phase: Phase) -> Callable[[int, int | None, str], None]:
        """What a part of the work reports to; it may be called from any thread."""
        self._newest = {"phase": phase, "done": 0, "total": None, "unit": ""}

        def report(done: int, total: int | None, unit: str) -> None:
            self._newest = {"phase": phase, "done": done, "total": total, "unit": unit}

        return report

    async def stop(self) -> None:
        """Nothing is written after this has returned."""
        self._stopped.set()
        if self._task is not None:
            task, self._task = self._task, None
            await task

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _write(self) -> None:
        written: dict[str, Any] | None = None
        while not await self._waited():
            newest = self._newest
            if newest is None or newest == written:
                continue
            try:
                async with self._db.transaction(self._workspace_id) as tx:
                    if await captures.report(tx, self._source.id, self._version, newest):
                        await db_sources.announce(tx, self._source.project_id, self._source.id)
            except Unavailable:
                continue
            written = newest

    async def _waited(self) -> bool:
        """After the time between two reports: whether it was stopped meanwhile."""
        try:
            await asyncio.wait_for(self._stopped.wait(), SECONDS)
        except TimeoutError:
            return False
        return True
