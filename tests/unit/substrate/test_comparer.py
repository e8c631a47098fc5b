"""Passages are compared in a process of their own: once for all who ask, for so many at a time, within limits."""

import asyncio
import os
import select
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from proofroom.domain.contradictions import words_at
from proofroom.domain.errors import TooLarge, Unavailable
from proofroom.substrate import comparer
from proofroom.substrate.comparer import LIMITS, MOST_ASKED, MOST_ASKED_OF_ONE, MOST_KEPT, Comparer, Key
from proofroom.substrate.comparing import Compared
from proofroom.substrate.isolation import COMMAND, ParserPool

TEXTS = ("The mill opened in 1980.", "The quay holds 40 ships.", "The mill opened in 1990.")
HANGS = (sys.executable, "-c", "import signal; signal.pause()")


def key(workspace: UUID | None = None) -> Key:
    return workspace or uuid4(), str(uuid4())


@asynccontextmanager
async def stopped() -> AsyncGenerator[tuple[Comparer, int]]:
    """A comparer whose process is there and stands still, until it is sent SIGCONT."""
    pool = ParserPool(1)
    mine = Comparer(pool)
    try:
        await mine.compare(key(), (), None)
        (pid,) = pool.pids()
        os.kill(pid, signal.SIGSTOP)
        yield mine, pid
    finally:
        mine.close()


def wait_for_passages(pid: int) -> None:
    """Until passages have been sent to a process that stands still."""
    with Path(f"/proc/{pid}/fd/0").open("rb", buffering=0) as given:
        assert select.select([given], [], [], 60)[0]


async def asked(question: Coroutine[Any, Any, Compared]) -> "asyncio.Task[Compared]":
    """The question, as asked: it stands in line, or is being compared."""
    task = asyncio.create_task(question)
    await asyncio.sleep(0)
    return task


async def test_an_answer_comes_from_another_process_and_is_kept() -> None:
    pool = ParserPool(1)
    mine = Comparer(pool)
    try:
        question = key()
        assert mine.kept(question) is None
        answer = await mine.compare(question, TEXTS, None)
        (c,) = answer.told
        assert (c.kind, c.a, c.b, c.repeated) == ("number", 0, 2, 0)
        assert TEXTS[2][c.b_at.says_start : c.b_at.says_end] == "1990"
        assert words_at(TEXTS[0], c.subject_at) == "mill opened"
        assert (answer.found, answer.passages, answer.complete, answer.forms) == (1, 3, True, 0)
        assert mine.kept(question) == answer
        assert "mill" not in repr(answer)  # nor any other word of the sources
        assert len(pool.pids()) == 1
        assert (await mine.compare(key(), TEXTS, 1)).found == 1
        assert (await mine.compare(key(), TEXTS[1:], 1)).found == 0
        for _ in range(MOST_KEPT):
            await mine.compare(key(), (), None)
        assert mine.kept(question) is None  # others were asked since
    finally:
        mine.close()
    assert pool.pids() == []


async def test_who_asks_the_same_waits_for_the_same_and_not_without_end() -> None:
    async with stopped() as (mine, pid):
        first = key()
        alike = [await asked(mine.compare(first, TEXTS, None)) for _ in range(5)]
        gone = await asked(mine.compare(first, TEXTS, None))
        gone.cancel()
        others = [await asked(mine.compare(key(first[0]), (), None)) for _ in range(MOST_ASKED_OF_ONE - 1)]
        with pytest.raises(Unavailable) as busy:  # of one workspace
            await mine.compare(key(first[0]), TEXTS, None)
        assert (busy.value.code, busy.value.retry_after) == ("comparing_busy", 5)
        others += [await asked(mine.compare(key(), (), None)) for _ in range(MOST_ASKED - MOST_ASKED_OF_ONE)]
        with pytest.raises(Unavailable):  # of all
            await mine.compare(key(), TEXTS, None)
        assert not any(task.done() for task in (*alike, *others))
        os.kill(pid, signal.SIGCONT)
        assert {answer.found for answer in await asyncio.gather(*alike)} == {1}
        await asyncio.gather(*others)
        assert gone.cancelled()
        assert (await mine.compare(key(first[0]), TEXTS, None)).found == 1


async def test_workspaces_take_turns() -> None:
    order: list[str] = []
    async with stopped() as (mine, pid):

        async def ask(name: str, workspace: UUID) -> Compared:
            answer = await mine.compare(key(workspace), (), None)
            order.append(name)
            return answer

        many, two, one = uuid4(), uuid4(), uuid4()
        tasks = [await asked(ask(f"many {n}", many)) for n in range(4)]
        tasks += [await asked(ask(f"two {n}", two)) for n in range(2)]
        tasks += [await asked(ask("one", one))]
        os.kill(pid, signal.SIGCONT)
        await asyncio.gather(*tasks)
    # Who came behind four questions of somebody else waits for the one that had begun.
    assert order == ["many 0", "two 0", "one", "many 1", "two 1", "many 2", "many 3"]


async def test_what_nobody_waits_for_any_more_is_not_compared() -> None:
    async with stopped() as (mine, pid):
        workspace = uuid4()
        begun, dropped, wanted = ((workspace, name) for name in ("begun", "dropped", "wanted"))
        first = await asked(mine.compare(begun, TEXTS, None))
        wait_for_passages(pid)  # it has begun
        gone = [await asked(mine.compare(dropped, TEXTS, None)) for _ in range(2)]
        lone = await asked(mine.compare(key(), TEXTS, None))  # of another workspace, which leaves the line
        left, stays = [await asked(mine.compare(wanted, TEXTS, None)) for _ in range(2)]
        for task in (first, *gone, lone, left):
            task.cancel()
        await asyncio.wait((first, *gone, lone, left))
        # There is room for as many others again.
        more = [await asked(mine.compare(key(workspace), (), None)) for _ in range(MOST_ASKED_OF_ONE - 2)]
        os.kill(pid, signal.SIGCONT)
        await asyncio.gather(stays, *more)
        assert mine.kept(begun) is not None  # it would have been done for nothing else
        assert mine.kept(wanted) is not None
        assert mine.kept(dropped) is None
        assert (await mine.compare(dropped, TEXTS, None)).found == 1


async def test_who_waits_when_the_program_ends_is_told() -> None:
    async with stopped() as (mine, _):
        tasks = [await asked(mine.compare(key(), TEXTS, None)) for _ in range(3)]
        mine.close()  # with the first of them in a process that stands still
        for told in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(told, Unavailable)
            assert (told.code, told.retry_after) == ("comparing_stopped", 5)
            assert "is being stopped" in told.message
        with pytest.raises(Unavailable, match="is being stopped"):
            await mine.compare(key(), TEXTS, None)


async def test_a_process_that_is_killed_says_nothing_of_the_passages(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    killed = f"[ -e {shlex.quote(str(lives))} ] || kill -9 $$; exec {shlex.join(COMMAND)}"
    mine = Comparer(ParserPool(1, ("sh", "-c", killed)))
    try:
        question = key()
        with pytest.raises(Unavailable) as told:  # the second time it was killed, too
            await mine.compare(question, TEXTS, None)
        assert (told.value.code, told.value.retry_after) == ("comparing_stopped", 5)
        assert "ended before it was done" in told.value.message
        assert mine.kept(question) is None
        lives.touch()
        assert (await mine.compare(question, TEXTS, None)).found == 1
    finally:
        mine.close()


async def test_who_waits_is_told_of_whatever_broke(tmp_path: Path) -> None:
    mine = Comparer(ParserPool(1, (str(tmp_path / "no such program"),)))
    try:
        for _ in range(2):  # nothing of it stays in the line
            with pytest.raises(FileNotFoundError):
                await mine.compare(key(), TEXTS, None)
    finally:
        mine.close()


async def test_what_takes_too_long_is_stopped_told_and_not_tried_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = ParserPool(1, HANGS)
    mine = Comparer(pool, replace(LIMITS, wall_seconds=1))
    try:
        question = key()
        with pytest.raises(TooLarge) as refused:
            await mine.compare(question, TEXTS, None)
        assert refused.value.code == "comparing_too_much"
        assert "took longer than" in refused.value.message
        assert pool.pids() == []
        with pytest.raises(TooLarge):
            mine.kept(question)
        monkeypatch.setattr(comparer, "FAILED_SECONDS", -1)
        assert mine.kept(question) is None
    finally:
        mine.close()


def test_the_one_of_the_program_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparer, "_comparer", None)
    comparer.end_comparer()  # there is none
    mine = comparer.shared_comparer()
    assert comparer.shared_comparer() is mine
    comparer.end_comparer()
    with pytest.raises(RuntimeError):
        mine._thread.submit(len, ())
