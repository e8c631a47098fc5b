"""One run: `python -m tests.faults.harness.run SEED --workers 1 --kills 500 --sessions 2000`."""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.harness import models
from tests.faults.harness.chaos import Chaos
from tests.faults.harness.checks import Checks, verify_records
from tests.faults.harness.driver import Driver
from tests.faults.harness.world import World

SHOWN = 20
"""How many lines of what broke are printed for each check."""


async def play(world: World, seed: int, workers: int, kills: int, sessions: int) -> tuple[Chaos, Driver]:
    world.prepare()
    api = world.start("api")
    await world.ready()
    preparing = world.start("worker")
    driver = Driver(world, random.Random(seed))
    await driver.begin()
    preparing.kill()
    began = time.monotonic()

    def done() -> int:
        return sum(f.resting for f in driver.filed.values())

    chaos = Chaos(
        world, random.Random(seed + 1), workers=workers, kills=kills, share=lambda: done() / max(1, sessions)
    )

    def show() -> None:
        at_rest = done()
        print(
            f"  {time.monotonic() - began:5.0f} s  {chaos.killed:>4} of {kills} kills, {at_rest:>5} of"
            f" {max(sessions, len(driver.filed))} sessions at rest, {len(driver.wrong)} wrong",
            flush=True,
        )

    def enough() -> None:
        """What was done until now is counted, as if no more had been asked for."""
        driver.enough = True
        chaos.done.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, enough)
    faults = asyncio.create_task(chaos.run(api, show))
    working = asyncio.create_task(driver.run(sessions, chaos.done))
    await faults
    while not working.done():
        show()
        await asyncio.wait([working], timeout=5.0)
    await working
    return chaos, driver


def table(rows: list[tuple[str, object]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"  {name:<{width}}  {value}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py faults",
        description="Kills programs and the database at named points and at random while sessions run, until all of"
        " them rest; then looks whether anything was lost, doubled or left open.",
    )
    parser.add_argument("seed", type=int, help="the same seed makes the same faults (default of dev.py: any)")
    parser.add_argument("--workers", type=int, default=1, help="worker processes; dev.py runs one, then two")
    parser.add_argument("--kills", type=int, default=500, help="how many kills there are to be")
    parser.add_argument("--sessions", type=int, default=2000, help="how many sessions are filed")
    parser.add_argument("--keep", action="store_true", help="leave the folder of the run")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pr-"))
    began = time.monotonic()
    failed = True
    with models.provider() as model:
        world = World(folder, model)
        try:
            failed = _run(world, given, began)
        finally:
            world.stop(seconds=20)
            if failed or given.keep:
                print(f"Its logs and database are in {folder}", flush=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def _run(world: World, given: argparse.Namespace, began: float) -> bool:
    chaos, driver = asyncio.run(play(world, given.seed, given.workers, given.kills, given.sessions))
    took = time.monotonic() - began
    checks = Checks(world, driver)
    checks.broken["every record is whole, as `proofroom verify` looks at it"] = asyncio.run(
        verify_records(world, driver)
    )
    checks.broken["nothing else went wrong"] = [*driver.wrong, *chaos.problems, *world.stop()]
    points = Counter(
        line.removeprefix("killed ")
        for line in world.points_log.read_text().splitlines()
        if line.startswith("killed ")
    )
    print(f"\nSeed {given.seed}, {given.workers} worker(s), {took:.0f} s", flush=True)
    table(
        [
            ("kill -9", chaos.killed),
            ("sessions", len(driver.filed)),
            *sorted(chaos.made.items()),
            *sorted((f"killed at {name}", n) for name, n in points.items()),
            *sorted((f"asked again: {name}", n) for name, n in driver.again.items()),
            *checks.counts.items(),
        ]
    )
    print(flush=True)
    table([("ok" if not broken else f"BROKEN {len(broken)}", what) for what, broken in checks.broken.items()])
    failed = any(checks.broken.values())
    for what, broken in checks.broken.items():
        if broken:
            print(f"\nBROKEN: {what}", flush=True)
            for line in broken[:SHOWN]:
                print(f"  {line}", flush=True)
            if len(broken) > SHOWN:
                print(f"  … and {len(broken) - SHOWN} more", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
