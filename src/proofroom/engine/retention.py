"""Lets go of what was kept for long enough: in small steps, beside everything else."""

import asyncio
import logging
from dataclasses import asdict
from uuid import UUID

from proofroom.db import across, retention
from proofroom.domain.errors import Unavailable
from proofroom.engine.parts import Parts
from proofroom.telemetry import logs

_log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
FIRST_SECONDS = 60.0
"""How long after its start a worker looks for the first time: what waits for it comes first."""


async def tidy(parts: Parts) -> dict[str, int]:
    """One round over all workspaces; answers how much of each kind went. Raises Unavailable."""
    kept = {what: days for what, days in asdict(parts.keep).items() if days is not None}
    gone = dict.fromkeys(kept, 0)
    for workspace_id in await across.workspace_ids(parts.db) if kept else ():
        for what, days in kept.items():
            gone[what] += await _tidy(parts, workspace_id, what, days)
    return gone


async def _tidy(parts: Parts, workspace_id: UUID, what: str, days: int) -> int:
    gone = 0
    with logs.bound(workspace_id=workspace_id):
        while True:
            async with parts.db.transaction(workspace_id) as tx:
                if not await retention.my_turn(tx):
                    return gone
                found = await retention.let_go(tx, what, days)
            gone += found
            if found < retention.BATCH:
                break
        if gone:
            _log.info("let go of %s %s older than %s days", gone, what, days)
    return gone


async def tidy_forever(parts: Parts) -> None:
    """Tidies every hour until cancelled."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            await tidy(parts)
        except Unavailable:
            _log.warning("the database does not answer; tidying waits")
        except Exception:  # noqa: BLE001 (tidying must not end the worker)
            _log.exception("tidying broke off")
        await asyncio.sleep(EVERY_SECONDS)
