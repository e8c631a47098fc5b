"""Parsing in a process of its own, so that a hostile file can cost a process and nothing else.

A few warm processes are kept and used again; one that hangs, dies or has done its share is replaced. The
child gets no secret of ours: its environment is made anew.
"""

import asyncio
import atexit
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from proofroom.domain.errors import InvalidInput, ProofroomError, TooLarge, Unavailable, UnsupportedMedia
from proofroom.substrate.extracted import Extracted, Limits, Report, from_json, unheard
from proofroom.substrate.worker import limits_json

_FAMILIES: Mapping[str, type[ProofroomError]] = {
    "InvalidInput": InvalidInput,
    "TooLarge": TooLarge,
    "UnsupportedMedia": UnsupportedMedia,
}
_MAX_ANSWER = 512 * 1024 * 1024
_FILES_PER_CHILD = 200
_BYTES_WORTH_A_FRESH_CHILD = 5 * 1024 * 1024  # after a large file a process keeps too much memory
DRAWN_AT_ONCE = 2
MOST_DRAWN = 16
"""Pages that are drawn or wait for it; each holds its file in memory."""
COMMAND = (sys.executable, "-m", "proofroom.substrate.worker")


class _Gone(Exception):
    """The child ended before it answered."""


class _Late(Exception):
    """The child did not answer in time."""


class _Child:
    def __init__(self, command: tuple[str, ...]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us; the child ends when its input does
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin = self.process.stdin.fileno()
        self.stdout = self.process.stdout.fileno()
        os.set_blocking(self.stdin, False)
        self.files = 0
        self.worn = False

    def ask(
        self, head: bytes, data: bytes, deadline: float, report: Report
    ) -> tuple[dict[str, object], bytes]:
        self.files += 1
        self.worn = self.files >= _FILES_PER_CHILD or len(data) > _BYTES_WORTH_A_FRESH_CHILD
        self._send(struct.pack(">I", len(head)) + head, deadline)
        self._send(data, deadline)
        while True:
            size = struct.unpack(">I", self._receive(4, deadline))[0]
            answer = json.loads(self._receive(size, deadline))
            if "progress" not in answer:
                return answer, self._receive(int(answer.get("text_bytes", 0)), deadline)
            done, total, unit = answer["progress"]
            report(int(done), int(total), str(unit))

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        while view:
            if not select.select([], [self.stdin], [], max(0.0, deadline - time.monotonic()))[1]:
                raise _Late
            try:
                view = view[os.write(self.stdin, view) :]
            except BrokenPipeError as error:
                raise _Gone from error

    def _receive(self, size: int, deadline: float) -> bytes:
        if size > _MAX_ANSWER:
            raise _Gone
        parts: list[bytes] = []
        while size:
            if not select.select([self.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise _Late
            part = os.read(self.stdout, min(size, 1 << 20))
            if not part:
                raise _Gone
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


class ParserPool:
    """At most `size` parser processes. Safe to use from several threads and event loops."""

    def __init__(self, size: int = 2, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self.size = size
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._closed = False

    def parse(
        self,
        data: bytes,
        filename: str | None,
        content_type: str | None,
        limits: Limits,
        report: Report = unheard,
    ) -> Extracted:
        """As `capture.parse`; `report` is called in this thread. Further codes: `parse_timeout`,
        `parse_crashed`, `parse_too_large`, `parse_too_deep`. Where the process was killed from outside, the file is
        read once more.
        """
        head = json.dumps(
            {
                "size": len(data),
                "filename": filename,
                "content_type": content_type,
                "limits": limits_json(limits),
            }
        ).encode()
        with self._slots:
            answer, text = self._ask(head, data, limits, report)
        return _extracted(answer, text)

    def picture(self, data: bytes, page: int, quote: str, share: float, limits: Limits) -> bytes:
        """A page (from 1) of a PDF as PNG, as `parsers.pdf_picture.draw` makes it; errors as of `parse`."""
        asked = {"page": page, "quote": quote, "share": share}
        head = json.dumps({"size": len(data), "limits": limits_json(limits), "picture": asked}).encode()
        with self._slots:
            answer, drawn = self._ask(head, data, limits, unheard)
        _raise_refusal(answer)
        return drawn

    def compare(self, texts: Sequence[str], about: int | None, most_told: int, limits: Limits) -> Any:
        """Passages compared with each other, as `comparing.compare` answers it; errors as of `parse`."""
        asked = {"about": about, "most_told": most_told}
        data = json.dumps(texts).encode()
        head = json.dumps({"size": len(data), "limits": limits_json(limits), "compare": asked}).encode()
        with self._slots:
            answer, made = self._ask(head, data, limits, unheard)
        _raise_refusal(answer)
        return json.loads(made)

    def close(self) -> None:
        """Ends all processes."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = [*self._busy]
        for child in idle:
            child.end()
        for child in busy:  # whoever waits for it sees it gone and clears up
            child.process.kill()

    def pids(self) -> list[int]:
        """The processes that are alive."""
        with self._lock:
            return [child.process.pid for child in (*self._idle, *self._busy) if child.process.poll() is None]

    def _ask(
        self, head: bytes, data: bytes, limits: Limits, report: Report
    ) -> tuple[dict[str, object], bytes]:
        killed = False
        while True:
            child, fresh = self._take()
            kept = False
            try:
                answer = child.ask(head, data, time.monotonic() + limits.wall_seconds, report)
                kept = not child.worn
                return answer
            except _Late:
                raise ProofroomError(
                    "parse_timeout",
                    f"Reading the file took longer than {limits.wall_seconds} seconds and was stopped.",
                    "Split it, or save it in a simpler form.",
                ) from None
            except _Gone:
                code = child.process.wait()
                if not fresh and code == 0:
                    continue  # it had gone home idle just as we asked
                if code == -signal.SIGKILL and not killed and not self._closed:
                    killed = (
                        True  # somebody did that, or the machine ran out of memory: the file may be sound
                    )
                    continue
                raise _crashed(child, limits) from None
            finally:
                with self._lock:
                    self._busy.discard(child)
                    if kept:
                        self._idle.append(child)
                if not kept:
                    child.end()

    def _take(self) -> tuple[_Child, bool]:
        with self._lock:
            if self._closed:  # nobody would end it
                raise broken_down()
            while self._idle:
                child = self._idle.pop()
                if child.process.poll() is None:
                    self._busy.add(child)
                    return child, False
                child.end()
            child = _Child(self._command)
            self._busy.add(child)
            return child, True


def _crashed(child: _Child, limits: Limits) -> ProofroomError:
    if child.process.wait() == -signal.SIGXCPU:
        return ProofroomError(
            "parse_timeout",
            f"Reading the file took over {limits.cpu_seconds} seconds of processor time and was stopped.",
            "Split it, or save it in a simpler form.",
        )
    return broken_down()


def broken_down() -> ProofroomError:
    return ProofroomError(
        "parse_crashed",
        "The reader broke down on this file; nothing else was affected.",
        "The file is probably damaged: open it in the program that made it, save it again and add that.",
    )


def _raise_refusal(answer: Mapping[str, object]) -> None:
    error = answer.get("error")
    if isinstance(error, dict):
        said: dict[str, str] = {str(k): str(v) for k, v in error.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        family = _FAMILIES.get(said["family"], ProofroomError)
        raise family(said["code"], said["message"], said["hint"])


def _extracted(answer: Mapping[str, object], text: bytes) -> Extracted:
    _raise_refusal(answer)
    extracted = answer["extracted"]
    assert isinstance(extracted, dict)
    return from_json(text.decode(), extracted)  # pyright: ignore[reportUnknownArgumentType]


def _environment() -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME") if name in os.environ
    }
    package_root = str(Path(__file__).resolve().parents[2])
    return {**kept, "PYTHONPATH": package_root, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


_pool: ParserPool | None = None
_pool_lock = threading.Lock()


def shared_pool() -> ParserPool:
    """The pool of this program, made at first use and ended with it."""
    global _pool  # noqa: PLW0603
    with _pool_lock:
        if _pool is None:
            _pool = ParserPool(size=max(1, min(4, (os.cpu_count() or 2))))
            atexit.register(_pool.close)
        return _pool


class Drawer:
    """Draws pages of PDFs. Its processes and threads are its own, and few: somebody who asks for slow pages again and
    again holds up whoever asks for pages, and neither captures nor anything else that goes to a thread.
    """

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool
        self._threads = ThreadPoolExecutor(pool.size, thread_name_prefix="draw")
        self._asked = 0

    async def draw(self, data: bytes, page: int, quote: str, share: float, limits: Limits) -> bytes:
        """As `ParserPool.picture`. Raises also Unavailable (`drawing_busy`)."""
        if self._asked >= MOST_DRAWN:
            raise Unavailable(
                "drawing_busy",
                "Many pages are being drawn just now.",
                "Try again in a moment; the text of the page can be read meanwhile.",
                retry_after=5,
            )
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._pool.picture, data, page, quote, share, limits
            )
        finally:
            self._asked -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()


_drawer: Drawer | None = None


def shared_drawer() -> Drawer:
    """The one of this program, made at first use and ended with it."""
    global _drawer  # noqa: PLW0603
    with _pool_lock:
        if _drawer is None:
            _drawer = Drawer(ParserPool(DRAWN_AT_ONCE))
            atexit.register(_drawer.close)
        return _drawer


def end_parsers() -> None:
    """Ends the parser processes of this program, also those at work, so that it need not wait for them."""
    with _pool_lock:
        ending = (_pool, _drawer)
    for one in ending:
        if one is not None:
            one.close()


async def parse_isolated(
    data: bytes,
    filename: str | None = None,
    content_type: str | None = None,
    limits: Limits | None = None,
    report: Report = unheard,
) -> Extracted:
    """`capture.parse` in a process with limits of time and memory; see `ParserPool.parse` for its errors.
    `report` is called in another thread.
    """
    return await asyncio.to_thread(
        shared_pool().parse, data, filename, content_type, limits or Limits(), report
    )


async def draw_isolated(data: bytes, page: int, quote: str, share: float) -> bytes:
    """`Drawer.draw` with less time than a capture has: somebody waits for it."""
    limits = replace(Limits(), cpu_seconds=10, wall_seconds=20)
    return await shared_drawer().draw(data, page, quote, share, limits)
