"""Finds what nobody works on: lost jobs, due approvals, reviews and deliveries. Legs: see `engine.dispatch`.

Any number of sweepers may run: what they do is a nudge, and whoever is nudged looks at the row.
"""

import asyncio
import logging

from proofroom import queue
from proofroom.db import across
from proofroom.domain.errors import Unavailable
from proofroom.engine.parts import Parts
from proofroom.substrate import embedder

_log = logging.getLogger(__name__)

STALE_SOURCE_SECONDS = 90.0


async def sweep(parts: Parts) -> int:
    """One round; answers how many jobs it deferred. Raises Unavailable when the database is away."""
    found: list[tuple[str, str, dict[str, str | int]]] = []
    for workspace_id, checkpoint_id in await across.due_approvals(parts.db):
        found.append((str(workspace_id), queue.COMMIT_APPROVAL, {"checkpoint_id": str(checkpoint_id)}))
    for workspace_id, checkpoint_id in await across.due_reviews(parts.db):
        found.append((str(workspace_id), queue.REVIEW_CLOCK, {"checkpoint_id": str(checkpoint_id)}))
    for workspace_id, delivery_id in await across.due_deliveries(parts.db):
        found.append((str(workspace_id), queue.DELIVER, {"delivery_id": str(delivery_id)}))
    for workspace_id, source_id, version in await across.stale_sources(parts.db, STALE_SOURCE_SECONDS):
        found.append((str(workspace_id), queue.CAPTURE, {"source_id": str(source_id), "version": version}))
    if embedder.wanted():
        for workspace_id, project_id in await across.without_vectors(parts.db, embedder.MODEL):
            found.append((str(workspace_id), queue.EMBED, {"project_id": str(project_id)}))
    deferred = 0
    for workspace_id, name, ids in found:
        deferred += await queue.defer_if_missing(parts.db, workspace_id, name, ids)
    return deferred


async def sweep_forever(parts: Parts, every_seconds: float) -> None:
    """Sweeps until cancelled; a database that is away is waited for."""
    while True:
        try:
            deferred = await sweep(parts)
            if deferred:
                _log.info("nudged %s jobs that nobody had", deferred)
        except Unavailable:
            _log.warning("the database does not answer; sweeping again in %s s", every_seconds)
        await asyncio.sleep(every_seconds)
