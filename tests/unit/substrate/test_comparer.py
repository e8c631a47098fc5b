"""Passages are compared in a process of their own: once for all who ask, for so many at a time, within limits."""

import asyncio
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from proofroom.domain.errors import TooLarge, Unavailable
from proofroom.substrate import comparer
from proofroom.substrate.comparer import LIMITS, MOST_ASKED, MOST_ASKED_OF_ONE, MOST_KEPT, Comparer, Key
from proofroom.substrate.isolation import COMMAND, ParserPool

TEXTS = ("The mill opened in 1980.", "The quay holds 40 ships.", "The mill opened in 1990.")
HANGS = (sys.executable, "-c", "import signal; signal.pause()")


def key(workspace: UUID | None = None) -> Key:
    return workspace or uuid4(), str(uuid4())


async def test_an_answer_comes_from_another_process_and_is_kept() -> None:
    pool = ParserPool(1)
    mine = Comparer(pool)
    try:
        asked = key()
        assert mine.kept(asked) is None
        answer = await mine.compare(asked, TEXTS, None)
        (told,) = answer.told
        c = told.contradiction
        assert (c.kind, c.a, c.b, c.a_says, c.b_says, told.repeated) == ("number", 0, 2, "1980", "1990", 0)
        assert TEXTS[2][c.b_at.says_start : c.b_at.says_end] == "1990"
        assert (answer.found, answer.passages, answer.complete, answer.forms) == (1, 3, True, 0)
        assert mine.kept(asked) == answer
        assert len(pool.pids()) == 1
        assert (await mine.compare(key(), TEXTS, 1)).found == 1
        assert (await mine.compare(key(), TEXTS[1:], 1)).found == 0
        for _ in range(MOST_KEPT):
            await mine.compare(key(), (), None)
        assert mine.kept(asked) is None  # others were asked since
    finally:
        mine.close()
    assert pool.pids() == []


async def test_who_asks_the_same_waits_for_the_same_and_not_without_end(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wait = f"until [ -e {shlex.quote(str(gate))} ]; do sleep 0.02; done; exec {shlex.join(COMMAND)}"
    mine = Comparer(ParserPool(1, ("sh", "-c", wait)), replace(LIMITS, wall_seconds=60))
    try:
        first = key()
        alike = [asyncio.create_task(mine.compare(first, TEXTS, None)) for _ in range(5)]
        gone = asyncio.create_task(mine.compare(first, TEXTS, None))
        await asyncio.sleep(0)  # they ask
        gone.cancel()
        others = [
            asyncio.create_task(mine.compare(key(first[0]), (), None)) for _ in range(MOST_ASKED_OF_ONE - 1)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as busy:  # of one workspace
            await mine.compare(key(first[0]), TEXTS, None)
        assert (busy.value.code, busy.value.retry_after) == ("comparing_busy", 5)
        others += [
            asyncio.create_task(mine.compare(key(), (), None)) for _ in range(MOST_ASKED - MOST_ASKED_OF_ONE)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):  # of all
            await mine.compare(key(), TEXTS, None)
        assert not any(task.done() for task in (*alike, *others))
        gate.touch()
        assert {answer.found for answer in await asyncio.gather(*alike)} == {1}
        await asyncio.gather(*others)
        assert gone.cancelled()
        assert (await mine.compare(key(first[0]), TEXTS, None)).found == 1
    finally:
        gate.touch()
        mine.close()


async def test_what_takes_too_long_is_stopped_told_and_not_tried_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = ParserPool(1, HANGS)
    mine = Comparer(pool, replace(LIMITS, wall_seconds=1))
    try:
        asked = key()
        with pytest.raises(TooLarge) as refused:
            await mine.compare(asked, TEXTS, None)
        assert refused.value.code == "comparing_too_much"
        assert "took longer than" in refused.value.message
        assert pool.pids() == []
        with pytest.raises(TooLarge):
            mine.kept(asked)
        monkeypatch.setattr(comparer, "FAILED_SECONDS", -1)
        assert mine.kept(asked) is None
    finally:
        mine.close()


async def test_a_process_that_breaks_down_is_told() -> None:
    mine = Comparer(ParserPool(1, ("false",)))
    try:
        with pytest.raises(TooLarge, match="broke down"):
            await mine.compare(key(), TEXTS, None)
    finally:
        mine.close()


def test_the_one_of_the_program_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparer, "_comparer", None)
    comparer.end_comparer()  # there is none
    mine = comparer.shared_comparer()
    assert comparer.shared_comparer() is mine
    comparer.end_comparer()
    with pytest.raises(RuntimeError):
        mine._threads.submit(len, ())
