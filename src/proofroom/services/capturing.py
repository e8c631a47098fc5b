"""Capturing many small files of a project together.

One job for each source would spend most of its time on commits, on waiting for the project's counts and on changing
between processes. So a job takes what else waits in its project off the queue, parses it in the warm parser
processes, and writes all of it in one transaction. A source still succeeds or fails by itself.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID
from weakref import WeakValueDictionary

from proofroom import queue
from proofroom.db import captures
from proofroom.db.blocks import NewBlock
from proofroom.db.captures import Waiting
from proofroom.db.tx import Database
from proofroom.domain.errors import ProofroomError, Unavailable
from proofroom.services import captured, sources
from proofroom.substrate import capture
from proofroom.substrate.extracted import Extracted
from proofroom.substrate.isolation import broken_down, shared_pool

SMALL_BYTES = 256 * 1024
"""A larger file is captured on its own."""

MOST = 64
"""Sources that one job takes at a time."""

PARSE_SECONDS = 2.0
"""What is parsed by then is written before the rest is parsed: nobody waits for a slow file that came before."""

GIVE_BACK_SECONDS = 60.0
"""A database that is away longer costs the time until the sweeper looks for captures that nobody finished."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file that was read, with its blocks, or why it could not be."""

    waiting: Waiting
    extracted: Extracted | None = None
    blocks: Sequence[NewBlock] = ()
    error: ProofroomError | None = None


class _Stages:
    """In one process a project's captures are parsed by one job at a time and written by one: while one waits, more
    sources gather, and the next job takes them all.
    """

    def __init__(self) -> None:
        self.parsing = asyncio.Lock()
        self.writing = asyncio.Lock()


_stages: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, UUID], _Stages] = WeakValueDictionary()


def _stages_of(project_id: UUID) -> _Stages:
    key = (asyncio.get_running_loop(), project_id)
    found = _stages.get(key)
    if found is None:
        found = _stages[key] = _Stages()
    return found


async def capture_waiting(db: Database, workspace_id: UUID, source_id: UUID, version: int) -> None:
    """The job: captures a version, and with it other small files of the project that wait.

    As with `sources.capture_source` doing it twice, also at the same time, writes once, and what cannot be captured
    leaves its own source failed. When it is cut off, what it had taken from the queue is deferred again.
    """
    own = source_id, version
    undone = {own}
    try:
        await _capture(db, workspace_id, own, undone)
    except asyncio.CancelledError:
        await _give_back(db, workspace_id, undone)
        raise
    except Unavailable:
        await _give_back(db, workspace_id, undone, GIVE_BACK_SECONDS)
        raise
    except Exception:
        # Its own source may be the cause: the sweeper tries it again in a while.
        await _give_back(db, workspace_id, undone - {own})
        raise


async def _capture(
    db: Database, workspace_id: UUID, own: tuple[UUID, int], undone: set[tuple[UUID, int]]
) -> None:
    """`undone` holds at any time what is to be given back when this is cut off."""
    found = await read(db, workspace_id, [own])
    if not found:
        return
    if found[0].original is None:
        await sources.capture_source(db, workspace_id, *own)
        return
    stages = _stages_of(found[0].project_id)
    async with stages.parsing:
        async with db.transaction(workspace_id) as tx:
            taken = await queue.take_captures(tx, found[0].project_id, most=MOST - 1, most_bytes=SMALL_BYTES)
        undone.update(taken)
        left = await read(db, workspace_id, sorted(undone))
        parsed, left = await parse(left, PARSE_SECONDS)
    while parsed:
        async with stages.writing:
            await write(db, workspace_id, parsed)
        undone.difference_update(item.waiting.key for item in parsed)
        async with stages.parsing:
            parsed, left = await parse(left, PARSE_SECONDS)


async def _give_back(
    db: Database, workspace_id: UUID, versions: Collection[tuple[UUID, int]], seconds: float = 0.0
) -> None:
    """Defers captures again that were taken and not done, as soon as the database answers within so many seconds; else
    the sweeper finds them later.
    """
    until = time.monotonic() + seconds
    while versions:
        try:
            async with db.transaction(workspace_id) as tx:
                await queue.defer_many(
                    tx,
                    queue.CAPTURE,
                    [{"source_id": str(source_id), "version": version} for source_id, version in versions],
                )
            return
        except Unavailable:
            if time.monotonic() >= until:
                return
            await asyncio.sleep(1.0)  # a lost database: nothing to wait on but time


async def read(db: Database, workspace_id: UUID, versions: Sequence[tuple[UUID, int]]) -> list[Waiting]:
    """Those of the versions (source, version) that are still to be captured, with their bytes if they are small."""
    async with db.transaction(workspace_id) as tx:
        return await captures.waiting(tx, list(dict.fromkeys(versions)), SMALL_BYTES)


async def parse(
    waiting: Sequence[Waiting], seconds: float = float("inf")
) -> tuple[list[Parsed], list[Waiting]]:
    """(what was parsed, what was not begun when the time was up), in as many threads as there are parser processes.

    At least one file is parsed.
    """
    pool = shared_pool()
    left = deque(waiting)
    until = time.monotonic() + seconds

    def work() -> list[Parsed]:
        done: list[Parsed] = []
        while not done or time.monotonic() < until:
            try:
                item = left.popleft()
            except IndexError:
                break
            done.append(_parse(item))
        return done

    threads = min(pool.size, len(left))
    portions = await asyncio.gather(*(asyncio.to_thread(work) for _ in range(threads)))
    return [parsed for portion in portions for parsed in portion], list(left)


def _parse(waiting: Waiting) -> Parsed:
    assert waiting.original is not None
    try:
        extracted = shared_pool().parse(
            waiting.original, waiting.filename, waiting.content_type, capture.DEFAULT_LIMITS
        )
        title = captured.telling_title(extracted, waiting.title, waiting.filename, waiting.url)
        return Parsed(waiting, extracted, list(chain.from_iterable(captured.batches(extracted, title))))
    except ProofroomError as error:
        return Parsed(waiting, error=error)
    except Exception:  # noqa: BLE001  the other files of the batch are not to suffer
        _log.exception("source %s version %s could not be read", *waiting.key)
        return Parsed(waiting, error=broken_down())


async def write(db: Database, workspace_id: UUID, parsed: Sequence[Parsed]) -> None:
    """Writes what was parsed of one project, all in one transaction; if that fails, each in one of its own.

    Raises what the last of these raised.
    """
    failed = [item for item in parsed if item.error is not None]
    for some in _one_version_each([item for item in parsed if item.error is None]):
        try:
            await _write(db, workspace_id, some)
        except Unavailable:
            raise
        except Exception as error:
            if len(some) == 1:
                raise
            _log.warning("%s captures could not be written together (%s); one by one", len(some), error)
            await _one_by_one(db, workspace_id, some)
    for item in failed:
        assert item.error is not None
        await captured.fail(db, workspace_id, *item.waiting.key, item.error, {})


async def _write(db: Database, workspace_id: UUID, parsed: Sequence[Parsed]) -> None:
    async with db.transaction(workspace_id) as tx:
        await captured.write_all(
            tx,
            parsed[0].waiting.project_id,
            {
                item.waiting.key: (item.extracted, item.blocks)
                for item in parsed
                if item.extracted is not None
            },
        )


async def _one_by_one(db: Database, workspace_id: UUID, parsed: Sequence[Parsed]) -> None:
    last: Exception | None = None
    for item in parsed:
        try:
            await _write(db, workspace_id, [item])
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  the others are not to suffer; it is raised in the end
            last = error
    if last is not None:
        raise last


def _one_version_each(parsed: Sequence[Parsed]) -> list[list[Parsed]]:
    """Portions with one version of a source each, older versions first."""
    portions: list[list[Parsed]] = []
    seen: dict[UUID, int] = {}
    for item in sorted(parsed, key=lambda item: item.waiting.version):
        n = seen.get(item.waiting.source_id, 0)
        seen[item.waiting.source_id] = n + 1
        if n == len(portions):
            portions.append([])
        portions[n].append(item)
    return portions
