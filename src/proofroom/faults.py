"""Named points at which the fault tests kill this process, as a power cut would. Off unless the environment says so.

`PROOFROOM_FAULT` is `POINT@N`: when the process comes to the point for the Nth time, it kills itself with SIGKILL.
`PROOFROOM_FAULT_LOG` is a file to which every point that is come to is added, a line each: what was done just before
a death is known from there. Points of a transaction are named for the events that it writes: `commit.EVENT` just
before it commits, `committed.EVENT` just after.
"""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress


def _read(spec: str) -> tuple[str, int]:
    point, _, times = spec.partition("@")
    return point, int(times) if times.isdecimal() else 1


def point(name: str, about: object = "") -> None:
    """Here is the point of this name; `about` stands beside it in the log."""
    global _left  # noqa: PLW0603 (one process, one death)
    if not on:
        return
    if _log is not None:
        _write(f"{name} {about}")
    if name == _point:
        _left -= 1
        if _left == 0:
            _write(f"killed {name}")
            os.kill(os.getpid(), signal.SIGKILL)


def points(when: str, names: Sequence[str], about: object = "") -> None:
    """`point` for each of these names, after `when` and a dot."""
    if on:
        for name in names:
            point(f"{when}.{name}", about)


def _write(line: str) -> None:
    """One write, so that lines of several processes do not mix and a killed one leaves no half."""
    if _log is not None:
        with suppress(OSError):
            os.write(_log, f"{line}\n".encode())


def arm(spec: str | None, log: str | None) -> None:
    """What the environment says, said again; for tests."""
    global on, _point, _left, _log  # noqa: PLW0603
    _point, _left = _read(spec or "")
    _log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if log else None
    on = bool(spec or log)


on: bool = False
_point: str = ""
_left: int = 0
_log: int | None = None
arm(os.environ.get("PROOFROOM_FAULT"), os.environ.get("PROOFROOM_FAULT_LOG"))
