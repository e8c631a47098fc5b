"""What goes wrong in a run: kills at named points and at random, pauses, and a database that fails in every way."""

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import psycopg
from psycopg import sql

from tests.faults.harness.processes import CLOCK, Program
from tests.faults.harness.world import World

WORKER_EVENTS = (
    "leg_started", "resumed", "envelope_pinned", "search_context", "emit_plan", "emit_artifact", "ask_reviewer",
    "report_progress", "turn_used", "checkpoint_opened", "completed", "delivered", "released", "turn_lost",
)  # fmt: skip
API_EVENTS = ("session_created", "queued", "decided", "changes_requested", "rejected", "cancelled", "retried")
WORKER_POINTS = (
    "claim", "turn_ended", "delivery_begun", "delivery_half_written", "delivery_written",
    *(f"{when}.{event}" for event in WORKER_EVENTS for when in ("commit", "committed")),
)  # fmt: skip
API_POINTS = tuple(f"{when}.{event}" for event in API_EVENTS for when in ("commit", "committed"))

READY_SECONDS = 20.0
LIFE_SECONDS = (0.0, 2.0)
"""How long a worker lives until it is killed, unless it comes to its point before."""
AHEAD_SECONDS = 15.0
"""How much longer it lives at most while the kills are ahead of the sessions."""
ARMED_SECONDS = 4.0
TIMES = (1, 1, 2, 3)
"""The how many-th time that it comes to its point is the last."""
LATER_TIMES = (1, 2, 5, 10, 20)
"""The same while the kills are ahead of the sessions."""
API_LIFE_SECONDS = (1.0, 12.0)
DATABASE_SECONDS = (8.0, 16.0)
OTHER_SECONDS = (1.5, 5.0)
CLOCK_SHARE = 0.1
PAUSE_SECONDS = 3.0
LOCK_SECONDS = 11.0
"""Longer than our lock_timeout."""

REFUSALS = ("40001", "40P01", "55P03", "53100", "53200", "57014")
"""Serialization failure, deadlock, lock timeout, disk full, out of memory, statement timeout."""
REFUSAL = """
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF random() < {share} THEN RAISE EXCEPTION 'a fault test refuses this' USING ERRCODE = {state}; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON work_events FOR EACH ROW EXECUTE FUNCTION refuse();
"""


class Chaos:
    """`kills` so many kill -9; `done` is set when they were made. Everything else happens beside them.

    `share` tells how much of the sessions' work is done, 0 to 1: the kills are spread over all of it.
    """

    def __init__(
        self, world: World, chance: random.Random, *, workers: int, kills: int, share: Callable[[], float]
    ) -> None:
        self.world = world
        self.chance = chance
        self.workers = workers
        self.goal = kills
        self.share = share
        self.made: Counter[str] = Counter()
        self.killed = 0
        self.done = asyncio.Event()
        self.problems: list[str] = []
        self._aside: set[asyncio.Task[None]] = set()

    def _kill(self, what: str) -> None:
        self.killed += 1
        self.made[what] += 1
        if self.killed >= self.goal:
            self.done.set()

    async def run(self, api: Program, show: Callable[[], None]) -> None:
        """Returns when all kills were made; then an API and the workers that are left run undisturbed."""
        await asyncio.gather(
            self._api(api),
            self._database(),
            self._others(),
            self._show(show),
            *(self._worker(n) for n in range(self.workers)),
        )
        await asyncio.gather(*self._aside)

    async def _show(self, show: Callable[[], None]) -> None:
        while not self.done.is_set():
            show()
            await self._sleep(5.0)

    async def _sleep(self, seconds: float) -> bool:
        """False when the run's kills were all made meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.done.wait()
        return not self.done.is_set()

    def _clock(self) -> dict[str, str]:
        """What to start a program with: now and then its clock jumps."""
        if self.chance.random() > CLOCK_SHARE:
            return {}
        self.made["clock jumped by more than a day"] += 1
        return {CLOCK: self.chance.choice(("-30", "30"))}

    def _ahead(self) -> bool:
        return self.killed / self.goal > self.share()

    async def _died(self, program: Program, seconds: float) -> bool:
        """Whether it died by itself within so many seconds of being ready, or until the run is done.

        It is given longer while the kills are ahead of the sessions, so that they are spread over all of them.
        """
        until = time.monotonic() + READY_SECONDS
        while not (program.dead or program.ready or time.monotonic() > until or self.done.is_set()):
            await asyncio.sleep(0.05)
        until = time.monotonic() + seconds
        while not program.dead and not self.done.is_set():
            now = time.monotonic()
            if now > until + AHEAD_SECONDS or (now > until and not self._ahead()):
                break
            await asyncio.sleep(0.05)
        return program.dead

    async def _worker(self, n: int) -> None:
        while not self.done.is_set():
            fate = self.chance.choices(("point", "random", "pause", "stop"), (60, 30, 4, 6))[0]
            times = LATER_TIMES if self._ahead() else TIMES
            spec = f"{self.chance.choice(WORKER_POINTS)}@{self.chance.choice(times)}"
            worker = self.world.start("worker", spec if fate == "point" else None, **self._clock())
            life = ARMED_SECONDS if fate == "point" else self.chance.uniform(*LIFE_SECONDS)
            if await self._died(worker, life):
                if worker.process.exitcode == -signal.SIGKILL:
                    self._kill("worker at a point")
                else:
                    await self._ended(worker, "worker")
            elif self.done.is_set():
                worker.kill()  # it may be armed, and nobody would take its place
            elif fate == "pause":
                worker.signal(signal.SIGSTOP)
                self.made["worker paused past its lease"] += 1
                self._aside.add(asyncio.create_task(self._wake(worker)))
            elif fate == "stop":
                worker.signal(signal.SIGTERM)
                self.made["worker asked to stop"] += 1
                await asyncio.to_thread(worker.process.join, 40)
                if not worker.dead:
                    self.problems.append("a worker did not stop within 40 s of SIGTERM")
                    worker.kill()
            else:
                worker.kill()
                self._kill("worker at random")
            await asyncio.to_thread(worker.process.join, 0 if fate == "pause" else None)
        if n == 0:
            self.world.start("worker")
        elif self.workers > 1:
            self.made["worker killed for good"] += 1

    async def _ended(self, program: Program, name: str) -> None:
        """It ended although nobody killed it. While it starts it may, when the database goes away, and says so."""
        self.made[f"{name} gave up starting, the database was away"] += 1
        if program.ready:
            self.problems.append(f"the {name} ended by itself:\n{program.said()[-2000:]}")
        await asyncio.sleep(0.3)

    async def _wake(self, worker: Program) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        worker.signal(signal.SIGCONT)
        await asyncio.sleep(1.0)
        worker.kill()
        self._kill("worker after its pause")
        await asyncio.to_thread(worker.process.join)

    async def _api(self, api: Program) -> None:
        while not self.done.is_set():
            if await self._died(api, self.chance.uniform(*API_LIFE_SECONDS)):
                if api.process.exitcode == -signal.SIGKILL:
                    self._kill("API at a point")
                else:
                    await self._ended(api, "API")
            else:
                api.kill()
                if not self.done.is_set():
                    self._kill("API at random")
            await asyncio.to_thread(api.process.join)
            armed = self.chance.random() < 0.6 and not self.done.is_set()
            spec = f"{self.chance.choice(API_POINTS)}@{self.chance.randint(1, 4)}"
            api = self.world.start("api", spec if armed else None, **self._clock())

    async def _database(self) -> None:
        while await self._sleep(self.chance.uniform(*DATABASE_SECONDS)):
            if self._ahead() and self.chance.random() < 0.5:
                continue
            match self.chance.choice(("all", "postmaster", "fast", "immediate")):
                case "all":
                    if self.world.signal_database(signal.SIGKILL, backends=True):
                        self._kill("PostgreSQL, all processes")
                case "postmaster":
                    if self.world.signal_database(signal.SIGKILL):
                        self._kill("PostgreSQL, postmaster")
                case "fast":
                    self.made["database restarted"] += self.world.signal_database(signal.SIGINT)
                case _:
                    self.made["database stopped at once"] += self.world.signal_database(signal.SIGQUIT)

    async def _others(self) -> None:
        while await self._sleep(self.chance.uniform(*OTHER_SECONDS)):
            fault = self.chance.choice(("connections", "locks", "refusals"))
            try:
                match fault:
                    case "connections":
                        await asyncio.to_thread(self._cut)
                        self.made["connections cut"] += 1
                    case "locks":
                        await asyncio.to_thread(self._lock)
                        self.made["rows locked"] += 1
                    case _:
                        await self._refuse()
                        self.made["writes refused for a while"] += 1
            except psycopg.Error:
                self.made["fault that the database was away for"] += 1

    def _cut(self) -> None:
        with self.world.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND random() < 0.5"
            )

    def _lock(self) -> None:
        """Holds rows of sessions at work for a while, now and then longer than a statement waits for a lock."""
        seconds = LOCK_SECONDS if self.chance.random() < 0.2 else self.chance.uniform(0.2, 2.0)
        with self.world.connect() as connection, connection.transaction():
            connection.execute(
                "SELECT id FROM work_sessions WHERE status IN ('queued', 'in_progress') LIMIT 5 FOR UPDATE SKIP LOCKED"
            )
            connection.execute("SELECT pg_sleep(%s)", (seconds,))

    async def _refuse(self) -> None:
        """For a few seconds some writes of events are refused, with what a busy or full server says."""
        state = self.chance.choice(REFUSALS)
        refusal = sql.SQL(REFUSAL).format(
            share=sql.Literal(self.chance.uniform(0.02, 0.3)), state=sql.Literal(state)
        )
        await asyncio.to_thread(self._do, refusal)
        try:
            await self._sleep(2.0)
        finally:
            while True:
                try:
                    await asyncio.to_thread(self._do, sql.SQL("DROP TRIGGER refuse ON work_events"))
                    break
                except psycopg.errors.UndefinedObject:
                    break
                except psycopg.Error:
                    await asyncio.sleep(0.2)

    def _do(self, statement: sql.Composed | sql.SQL) -> None:
        with self.world.connect() as connection:
            connection.execute(statement)
