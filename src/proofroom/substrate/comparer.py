"""Who compares passages, for how many at a time, and what of it is kept.

It takes a second of processor time, and the passages are hostile: on a thread of the API it would hold up every other
request. One process compares for the whole program, one question after the other. Who asks the same as
somebody before waits for the same answer, and what did not change since is not compared again.
"""

import asyncio
import atexit
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias
from uuid import UUID

from proofroom.domain.errors import ProofroomError, TooLarge, Unavailable
from proofroom.substrate.comparing import Compared, from_json
from proofroom.substrate.extracted import Limits
from proofroom.substrate.isolation import ParserPool

MOST_ASKED = 16
"""Questions that are compared or wait for it; each holds its passages in memory."""
MOST_ASKED_OF_ONE = 4
"""Of them those of one workspace, so that others wait for a few of its questions at most."""
MOST_KEPT = 64
"""Answers that are kept: places, and the words that differ; no passage."""
MOST_TOLD = 200
"""Contradictions in an answer, at most; the others are counted."""
FAILED_SECONDS = 300
"""For so long what took too long is not tried again: the machine may have been busy."""
LIMITS = Limits(cpu_seconds=20, wall_seconds=30, memory_bytes=1024 * 1024 * 1024)

Key: TypeAlias = tuple[UUID, str]
"""A workspace, and a digest of what is compared in it."""


class Comparer:
    """Compares one question at a time. Safe to use from several threads and event loops."""

    def __init__(self, pool: ParserPool, limits: Limits = LIMITS) -> None:
        self._pool = pool
        self._limits = limits
        self._threads = ThreadPoolExecutor(pool.size, thread_name_prefix="compare")
        self._lock = threading.Lock()
        self._asked: dict[Key, Future[Compared]] = {}
        self._kept: OrderedDict[Key, tuple[Compared | TooLarge, float]] = OrderedDict()

    def kept(self, key: Key) -> Compared | None:
        """The answer to a question that was asked before. Raises TooLarge (`comparing_too_much`) where that was it."""
        with self._lock:
            answer, at = self._kept.get(key, (None, 0.0))
            if answer is None or (isinstance(answer, TooLarge) and time.monotonic() - at > FAILED_SECONDS):
                return None
            self._kept.move_to_end(key)
        if isinstance(answer, TooLarge):
            raise TooLarge(answer.code, answer.message, answer.hint)
        return answer

    async def compare(self, key: Key, texts: Sequence[str], about: int | None) -> Compared:
        """Raises TooLarge (`comparing_too_much`) and Unavailable (`comparing_busy`)."""
        with self._lock:
            going_on = self._asked.get(key)
            if going_on is None:
                of_one = sum(workspace == key[0] for workspace, _ in self._asked)
                if len(self._asked) >= MOST_ASKED or of_one >= MOST_ASKED_OF_ONE:
                    raise Unavailable(
                        "comparing_busy",
                        "Many passages are being compared just now.",
                        "Try again in a moment; the sources themselves can be read meanwhile.",
                        retry_after=5,
                    )
                going_on = self._asked[key] = self._threads.submit(self._compare, key, list(texts), about)
        # Who goes away does not take the answer from the others.
        return await asyncio.shield(asyncio.wrap_future(going_on))

    def _compare(self, key: Key, texts: Sequence[str], about: int | None) -> Compared:
        answer: Compared | TooLarge | None = None
        try:
            answer = from_json(self._pool.compare(texts, about, MOST_TOLD, self._limits))
            return answer
        except ProofroomError as error:
            answer = _too_much(error.code, self._limits)
            raise answer from error
        finally:
            with self._lock:
                del self._asked[key]
                if answer is not None:
                    self._kept[key] = answer, time.monotonic()
                    if len(self._kept) > MOST_KEPT:
                        self._kept.popitem(last=False)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()


def _too_much(code: str, limits: Limits) -> TooLarge:
    why = {
        "parse_timeout": f"took longer than {limits.cpu_seconds} seconds and was stopped",
        "parse_too_large": "needs more memory than it may use",
    }.get(code, "broke down; nothing else was affected")
    return TooLarge(
        "comparing_too_much",
        f"Comparing the passages of these sources with each other {why}.",
        "Retract sources that are no longer needed, or split very large ones, and look again.",
    )


_comparer: Comparer | None = None
_comparer_lock = threading.Lock()


def shared_comparer() -> Comparer:
    """The one of this program, made at first use and ended with it."""
    global _comparer  # noqa: PLW0603
    with _comparer_lock:
        if _comparer is None:
            _comparer = Comparer(ParserPool(1))
            atexit.register(_comparer.close)
        return _comparer


def end_comparer() -> None:
    """Ends its process, also at work, so that the program need not wait for it."""
    with _comparer_lock:
        ending = _comparer
    if ending is not None:
        ending.close()
