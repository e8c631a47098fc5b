"""A bound on the processor time of one step of reading a file that can be left out."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class TooSlow(BaseException):
    """Not an Exception: libraries for damaged files go on after those."""


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Raises TooSlow after so much processor time. Only the main thread can be interrupted; it is the one in
    which the parser process works.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
