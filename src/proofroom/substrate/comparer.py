"""Who compares passages, for how many at a time, and what of it is kept.

It takes a second of processor time, and the passages are hostile: on a thread of the API it would hold up every other
request. One process compares for the whole program, one question after the other; the workspaces that wait take turns.
Who asks the same as somebody before waits for the same answer, and what did not change since is not compared again.
"""

import asyncio
import atexit
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from proofroom.domain.errors import ProofroomError, TooLarge, Unavailable
from proofroom.substrate.comparing import Compared, from_json
from proofroom.substrate.extracted import Limits
from proofroom.substrate.isolation import ParserPool

MOST_ASKED = 16
"""Questions that are compared or wait for it; each holds its passages in memory."""
MOST_ASKED_OF_ONE = 4
"""Of them those of one workspace, so that there is room for others."""
MOST_KEPT = 64
"""Answers that are kept: places; no word of a source."""
MOST_TOLD = 200
"""Contradictions in an answer, at most; the others are counted."""
FAILED_SECONDS = 300
"""For so long what took too long is not tried again: the machine may have been busy."""
AGAIN_SECONDS = 5.0
"""After so long it makes sense to ask again."""
LIMITS = Limits(cpu_seconds=20, wall_seconds=30, memory_bytes=1024 * 1024 * 1024)

Key: TypeAlias = tuple[UUID, str]
"""A workspace, and a digest of what is compared in it."""


@dataclass(eq=False, slots=True)
class _Question:
    key: Key
    texts: Sequence[str]
    about: int | None
    askers: int = 0
    answer: "Future[Compared]" = field(default_factory=Future[Compared])


class Comparer:
    """Compares one question at a time. Safe to use from several threads and event loops.

    The next question is the oldest one of the workspace whose turn it is; a workspace that had its turn stands behind
    all that wait. A question for which nobody waits any more is dropped, unless it has begun.
    """

    def __init__(self, pool: ParserPool, limits: Limits = LIMITS) -> None:
        self._pool = pool
        self._limits = limits
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="compare")
        self._lock = threading.Lock()
        self._asked: dict[Key, _Question] = {}
        self._turns: OrderedDict[UUID, deque[_Question]] = OrderedDict()
        self._kept: OrderedDict[Key, tuple[Compared | TooLarge, float]] = OrderedDict()
        self._closed = False

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
        """Raises TooLarge (`comparing_too_much`) and Unavailable (`comparing_busy`, `comparing_stopped`)."""
        with self._lock:
            question = self._asked.get(key) or self._line_up(_Question(key, list(texts), about))
            question.askers += 1
        try:
            # Who goes away does not take the answer from the others.
            return await asyncio.shield(asyncio.wrap_future(question.answer))
        finally:
            self._leave(question)

    def _line_up(self, question: _Question) -> _Question:
        if self._closed:
            raise _stopping()
        workspace, _ = question.key
        of_one = sum(of == workspace for of, _ in self._asked)
        if len(self._asked) >= MOST_ASKED or of_one >= MOST_ASKED_OF_ONE:
            raise Unavailable(
                "comparing_busy",
                "Many passages are being compared just now.",
                "Try again in a moment; the sources themselves can be read meanwhile.",
                retry_after=AGAIN_SECONDS,
            )
        self._asked[question.key] = question
        self._turns.setdefault(workspace, deque()).append(question)
        self._thread.submit(self._take_turn)
        return question

    def _leave(self, question: _Question) -> None:
        workspace, _ = question.key
        with self._lock:
            question.askers -= 1
            waiting = self._turns.get(workspace)
            if question.askers or waiting is None or question not in waiting:
                return
            del self._asked[question.key]
            waiting.remove(question)
            if not waiting:
                del self._turns[workspace]
        question.answer.cancel()

    def _take_turn(self) -> None:
        """One question, if one is left: there is a call for each that came."""
        with self._lock:
            if not self._turns:
                return
            workspace, waiting = next(iter(self._turns.items()))
            question = waiting.popleft()
            if not waiting:
                del self._turns[workspace]
        made: Compared | Exception
        try:
            made = self._compare(question)
        except Exception as error:  # noqa: BLE001  whatever it is, somebody waits for it
            made = error
        with self._lock:
            del self._asked[question.key]
            if workspace in self._turns:
                self._turns.move_to_end(workspace)
            if isinstance(made, Compared | TooLarge):
                self._kept[question.key] = made, time.monotonic()
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        if isinstance(made, Compared):
            question.answer.set_result(made)
        else:
            question.answer.set_exception(made)

    def _compare(self, question: _Question) -> Compared:
        try:
            return from_json(self._pool.compare(question.texts, question.about, MOST_TOLD, self._limits))
        except ProofroomError as error:
            why = {
                "parse_timeout": f"took longer than {self._limits.cpu_seconds} seconds and was stopped",
                "parse_too_large": "needs more memory than it may use",
            }.get(error.code)
            if why is not None:
                raise _too_much(why) from error
            # Somebody ended the process, or the machine ran out of memory: it says nothing of the passages.
            raise (_stopping() if self._closed else _ended()) from error

    def close(self) -> None:
        """Ends its process, also at work. Whoever waits is told (`comparing_stopped`)."""
        with self._lock:
            self._closed = True
            waiting = [question for line in self._turns.values() for question in line]
            self._turns.clear()
            for question in waiting:
                del self._asked[question.key]
        for question in waiting:
            question.answer.set_exception(_stopping())
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._pool.close()


def _too_much(why: str) -> TooLarge:
    return TooLarge(
        "comparing_too_much",
        f"Comparing the passages of these sources with each other {why}.",
        "Retract sources that are no longer needed, or split very large ones, and look again.",
    )


def _ended() -> Unavailable:
    return Unavailable(
        "comparing_stopped",
        "The process that compares passages ended before it was done.",
        "Try again in a moment; if it happens again, see whether the machine has memory left.",
        retry_after=AGAIN_SECONDS,
    )


def _stopping() -> Unavailable:
    return Unavailable(
        "comparing_stopped",
        "Proofroom is being stopped, and the passages were not compared to the end.",
        "Ask again when it runs again.",
        retry_after=AGAIN_SECONDS,
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
    """Ends it, also at work, so that the program need not wait for it."""
    with _comparer_lock:
        ending = _comparer
    if ending is not None:
        ending.close()
