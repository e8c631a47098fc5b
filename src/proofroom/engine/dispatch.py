"""Which leg this process runs next: taken from the sessions themselves, in an order that is fair to all.

A session that is queued says so with a NOTIFY in the transaction that queues it. Whoever has a free place asks the
database for the sessions whose turn it is and claims them; nobody else can claim the same, so any number of
processes may ask. What was not heard is found by looking now and then, as are sessions whose worker died.
"""

import asyncio
import contextlib
import logging
from uuid import UUID

from proofroom.db import across
from proofroom.db.listen import listen
from proofroom.db.work_sessions import LEGS_CHANNEL
from proofroom.domain.errors import Unavailable
from proofroom.engine import leg
from proofroom.engine.parts import Parts
from proofroom.telemetry import logs

_log = logging.getLogger(__name__)

SECOND_SECONDS = 0.05
"""How long a session that we did not get is left alone at first: another process took it, or somebody holds its row."""

ASIDE_SECONDS = 5.0
"""The longest that it is left alone, so that it does not keep those behind it from their turn."""

AWAY_SECONDS = 1.0
"""How long to wait before a database that is away is asked again."""


class Dispatcher:
    """Runs up to `concurrency` legs at a time; looks by itself every `every_seconds`."""

    def __init__(self, parts: Parts, *, concurrency: int, every_seconds: float) -> None:
        self._parts = parts
        self._concurrency = concurrency
        self._every = every_seconds
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._aside: dict[UUID, tuple[int, float]] = {}  # tries in vain, and until when it is left alone
        self._wake = asyncio.Event()
        self._more = False  # there may be more to do than there was room for
        self._next: set[UUID] = set()  # have their turn again while a leg of theirs has not ended here yet

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Takes legs until cancelled. Legs that run then go on: see `drain`."""
        hearing = asyncio.create_task(self._hear())
        try:
            while True:
                self._wake.clear()
                pause = self._every
                try:
                    await self._take()
                except Unavailable:
                    pause = AWAY_SECONDS
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hearing

    async def drain(self, seconds: float) -> None:
        """Waits so long for the running legs to come to rest, then has the others handed over."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=seconds)
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _hear(self) -> None:
        async for _ in listen(self._parts.db.url, LEGS_CHANNEL):
            self.wake()

    async def _take(self) -> None:
        free = self._concurrency - len(self._running)
        if free <= 0:
            self._more = True
            return
        now = asyncio.get_running_loop().time()
        self._aside = {of: held for of, held in self._aside.items() if held[1] > now - ASIDE_SECONDS}
        # Those that run here may still look queued, or lost when this process was stopped for a while.
        asked = free + len(self._running) + len(self._aside)
        found = await across.next_legs(self._parts.db, asked, self._parts.limits)
        # A limit holds others back until a leg has ended.
        self._more = bool(self._parts.limits) or len(found) == asked
        self._next = {session_id for _, session_id in found if session_id in self._running}
        for workspace_id, session_id in found:
            if session_id in self._running or self._aside.get(session_id, (0, now))[1] > now:
                continue
            task = asyncio.create_task(self._leg(workspace_id, session_id), name=f"leg of {session_id}")
            self._running[session_id] = task
            free -= 1
            if free == 0:
                self._more = True
                return

    async def _leg(self, workspace_id: UUID, session_id: UUID) -> None:
        ran = False
        logs.bind(workspace_id=workspace_id, session_id=session_id)
        try:
            ran = await leg.run_leg(self._parts, workspace_id, session_id)
        except Unavailable as away:
            _log.warning("a leg of session %s lost the database (%s); it is run again", session_id, away.code)
        except Exception:  # noqa: BLE001 (one leg's fault must not stop the others)
            _log.exception("a leg of session %s could not be run", session_id)
        finally:
            self._running.pop(session_id, None)
            if self._more or not ran or session_id in self._next:
                self.wake()  # a place is free
            if not ran:
                loop = asyncio.get_running_loop()
                loop.call_later(self._leave_alone(session_id, loop.time()), self.wake)

    def _leave_alone(self, session_id: UUID, now: float) -> float:
        """Twice as long each time that it was not to be had, so that others have their turn; answers for how long."""
        tries, _ = self._aside.get(session_id, (0, 0.0))
        pause = min(SECOND_SECONDS * 2**tries, ASIDE_SECONDS)
        self._aside[session_id] = (min(tries + 1, 20), now + pause)
        return pause
