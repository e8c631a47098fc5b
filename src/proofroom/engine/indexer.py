"""Makes vectors in the background: one project after the other, a slice of time each, beside everything else."""

import asyncio
import logging
from uuid import UUID

from proofroom.db.tx import Database
from proofroom.domain.errors import Unavailable
from proofroom.services import indexing

_log = logging.getLogger(__name__)

SLICE_SECONDS = 3.0


class Indexer:
    """Embeds what it is told of. It keeps no list of its own that matters: the sweeper tells it again."""

    def __init__(self, db: Database, *, slice_seconds: float = SLICE_SECONDS) -> None:
        self._db = db
        self._slice = slice_seconds
        self._wanted: dict[tuple[UUID, UUID], None] = {}
        self._told = asyncio.Event()

    def want(self, workspace_id: UUID, project_id: UUID) -> None:
        """A project in which vectors may be missing."""
        self._wanted.setdefault((workspace_id, project_id))
        self._told.set()

    async def run(self) -> None:
        """Works until cancelled. A batch in hand is lost then, and made again by whoever comes next."""
        while True:
            if not self._wanted:
                self._told.clear()
                await self._told.wait()
            workspace_id, project_id = next(iter(self._wanted))
            del self._wanted[workspace_id, project_id]
            try:
                left = await indexing.embed_project(self._db, workspace_id, project_id, seconds=self._slice)
            except Unavailable:
                _log.warning("the database does not answer; the vectors of %s wait", project_id)
                continue  # the sweeper tells of it again once the database is back
            except Exception:  # noqa: BLE001  one project must not stop the others; the sweeper tries it again
                _log.exception("making vectors of project %s broke off", project_id)
                continue
            if left:
                self.want(workspace_id, project_id)
