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

NUDGES: dict[across.Neglected, tuple[str, str]] = {
    "approval": (queue.COMMIT_APPROVAL, "checkpoint_id"),
    "review": (queue.REVIEW_CLOCK, "checkpoint_id"),
    "delivery": (queue.DELIVER, "delivery_id"),
    "source": (queue.CAPTURE, "source_id"),
    "project": (queue.EMBED, "project_id"),
}
"""What is found to the job that it needs, and the name of its id there."""


async def sweep(parts: Parts) -> int:
    """One round; answers how many jobs it deferred. Raises Unavailable when the database is away."""
    found: list[tuple[str, str, dict[str, str | int]]] = []
    model = embedder.MODEL if embedder.wanted() else None
    for kind, workspace_id, of, version in await across.neglected(
        parts.db, stale_seconds=STALE_SOURCE_SECONDS, model=model
    ):
        name, field = NUDGES[kind]
        ids: dict[str, str | int] = {field: str(of)} | ({} if version is None else {"version": version})
        found.append((str(workspace_id), name, ids))
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
