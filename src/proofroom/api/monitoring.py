"""What /metrics says: what this process counted, and what the database holds, read at most every few seconds."""

import asyncio
import time
from collections.abc import Callable

from proofroom.db import figures
from proofroom.db.figures import Figures
from proofroom.db.tx import Database
from proofroom.domain.errors import Unavailable
from proofroom.telemetry import metrics
from proofroom.telemetry.metrics import Family, gauge, gauges

FRESH_SECONDS = 5.0


class Monitor:
    """Reads the database's figures once for everybody who asks within `fresh_seconds`."""

    def __init__(
        self,
        db: Database,
        *,
        fresh_seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._fresh = fresh_seconds
        self._clock = clock
        self._reading = asyncio.Lock()
        self._read: tuple[float, Figures | None] | None = None

    async def figures(self) -> Figures | None:
        """None while the database is away."""
        async with self._reading:
            if self._read is None or self._clock() - self._read[0] >= self._fresh:
                try:
                    found = await figures.read(self._db)
                except Unavailable:
                    found = None
                self._read = (self._clock(), found)
            return self._read[1]

    async def text(self, version: str, *, streams: int | None = None, database: bool = True) -> str:
        """`streams`: event streams that are open. Without `database` what this process knows by itself."""
        used, most = self._db.connections()
        families = [
            Family(
                "proofroom_build_info", "gauge", "The release that runs.", [("", {"version": version}, 1)]
            ),
            *metrics.of_process(),
            gauge("proofroom_database_connections_used", "Connections of this process in use.", used),
            gauge("proofroom_database_connections_max", "Connections that this process may use.", most),
        ]
        if streams is not None:
            families.append(
                gauge("proofroom_event_streams", "Server-sent event streams that are open.", streams)
            )
        if database:
            families += _of_database(await self.figures())
        return metrics.render(families)


def _of_database(found: Figures | None) -> list[Family]:
    up = gauge("proofroom_database_up", "Whether the database answered.", float(found is not None))
    if found is None:
        return [up]
    jobs = [("", {"job": job, "status": status}, n) for (job, status), n in sorted(found.jobs.items())]
    return [
        up,
        gauges("proofroom_sessions", "Sessions that have not ended, by status.", "status", found.sessions.items()),
        gauge(
            "proofroom_queue_oldest_seconds",
            "How long the first in line has waited for a worker, the longest over all workspaces and agents.",
            found.oldest_queued,
        ),
        gauges(
            "proofroom_legs",
            "Sessions at work: by a worker (running), by an agent of somebody's own (external), or by a worker that"
            " gave no sign of life (lapsed).",
            "state",
            found.legs.items(),
        ),
        gauges("proofroom_deliveries", "Effects that wait (pending) or were given up (dead).", "state",
               found.deliveries.items()),
        gauge("proofroom_captures_waiting", "Sources that are to be read or are being read.", found.captures),
        Family("proofroom_jobs", "gauge", "Jobs in the queue.", jobs),
        gauge("proofroom_workers", "Workers that gave a sign of life in the last half minute.", found.workers),
    ]  # fmt: skip
