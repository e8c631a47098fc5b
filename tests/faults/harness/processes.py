"""Proofroom's programs as processes of their own, started by a fork of one that has loaded the code already."""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.harness.warm"])
_PR_SET_PDEATHSIG = 1
CLOCK = "HARNESS_CLOCK"
"""In the environment of a program: by how many hours its clock jumps."""
JUMP_SECONDS = 1.0


def run_program(arguments: Sequence[str], environment: Mapping[str, str], log: str) -> None:
    """In the new process: becomes `proofroom ARGUMENTS`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(environment)
    from proofroom import faults
    from proofroom.cli import main

    if CLOCK in environment:
        jump(float(environment[CLOCK]))
    faults.arm(environment.get("PROOFROOM_FAULT"), environment.get("PROOFROOM_FAULT_LOG"))
    sys.argv = ["proofroom", *arguments]
    main()


def jump(hours: float) -> None:
    """From JUMP_SECONDS on this process's clock is wrong by so many hours: where our code reads it, and the library."""
    from proofroom.db import work_sessions

    right, began = time.time, time.monotonic()

    def wrong() -> float:
        return right() + (hours * 3600 if time.monotonic() - began > JUMP_SECONDS else 0)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return cls.fromtimestamp(wrong(), tz)

    setattr(work_sessions, "datetime", Wrong)  # noqa: B010 (it is a name that the module imported)
    time.time = wrong


class Program:
    """A running program."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.process: ForkServerProcess = _CONTEXT.Process(
            target=run_program, args=(list(arguments), dict(environment), str(log))
        )
        self.log = log
        self.process.start()

    @property
    def pid(self) -> int:
        pid = self.process.pid
        assert pid is not None
        return pid

    @property
    def ready(self) -> bool:
        return "is ready" in self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def dead(self) -> bool:
        return self.process.exitcode is not None

    def signal(self, number: int) -> None:
        if not self.dead:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.process.kill()


def base_environment() -> dict[str, str]:
    """The caller's environment without what could change anything."""
    return {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("PROOFROOM_", "PG", "ANTHROPIC_")) and k != "DATABASE_URL"
    }
