"""The process behind the claude runtime: started with an environment made from nothing, and surely gone at the end.

The agent SDK brings a command line program, which is the one that talks to the model. Its own way of starting it hands
down the environment of the parent, and cleans up only when nobody cancels it meanwhile; so it is started here. What is
here is known to the SDK as a transport: lines of JSON in both directions.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

WORKING_FOLDER = "/"
"""Where the program runs: the same on every machine, because a conversation is known by it. It has no file tools."""
MAX_LINE_BYTES = 64 * 1024 * 1024
MOST_NESTED = 100
"""How deep a message may be nested: far deeper than any argument of a tool, far less than what breaks a reader."""
UNREADABLE = "unreadable"
"""What a message is called that stands for one that cannot be read: too large, too deep, or with an endless number."""
GOODBYE_SECONDS = 3.0
"""How long the program may take to leave after it said its last word; then it is killed."""
_PASSED_ON = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
)  # fmt: skip
"""How this machine reaches the internet: all that the program gets of our environment."""
# A worker that is killed takes the program with it: the kernel is asked to (Linux). Without this it would wait for the
# answer to its last request, and send the next one. `os.getppid` looks whether the worker died before the asking.
_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]): os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class ProcessEnded(Exception):
    """The program ended although nobody told it to. `code` is its exit code, `said` the end of its error output."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"exit code {code}: {said}")
        self.code = code
        self.said = said


def environment(
    folder: Path, *, key: str, base_url: str | None, retries: int, timeout_seconds: float
) -> dict[str, str]:
    """All that the program knows of this machine: its own folder, the key, where to send requests, how to get there."""
    passed = {name: os.environ[name] for name in _PASSED_ON if os.environ.get(name)}
    there = {} if base_url is None else {"ANTHROPIC_BASE_URL": base_url}
    return {
        **passed,
        **there,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "CLAUDE_CONFIG_DIR": str(folder / "config"),
        "ANTHROPIC_API_KEY": key,
        "API_TIMEOUT_MS": str(int(timeout_seconds * 1000)),
        "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
        "CLAUDE_CODE_MAX_RETRIES": str(retries),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_SDK_READS_SESSION_STATE": "1",
        "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
        "CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_COMPACT": "1",  # a summary is asked for outside of the conversation: not counted, and not recorded
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        "ENABLE_TOOL_SEARCH": "false",  # every tool is told to the model; none is looked up
    }


def command(
    program: Path,
    *,
    system_prompt_file: Path,
    model: str,
    transcript_id: str,
    resume: bool,
    servers: Sequence[str],
) -> list[str]:
    """The command line: no tool of its own, no settings, no skill, no server but ours, and the conversation's id."""
    config = {"mcpServers": {name: {"type": "sdk", "name": name} for name in servers}}
    return [
        str(program),
        *("--output-format", "stream-json", "--input-format", "stream-json", "--verbose"),
        *("--include-partial-messages", "--session-mirror"),
        *("--system-prompt-file", str(system_prompt_file)),
        *("--model", model),
        *("--tools", ""),
        *("--setting-sources=", "--strict-mcp-config", "--disable-slash-commands"),
        *("--mcp-config", json.dumps(config)),
        f"--resume={transcript_id}" if resume else f"--session-id={transcript_id}",
    ]


_UNREADABLE: dict[str, Any] = {"type": "system", "subtype": UNREADABLE}


def read_line(line: bytes) -> dict[str, Any] | None:
    """The message in a line; one that says UNREADABLE for a message that cannot be read, None for what is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return _UNREADABLE if line.startswith(b'{"') else None
    if not isinstance(message, dict):
        return None
    return cast("dict[str, Any]", message) if not _too_deep(line, message) else _UNREADABLE


def _too_deep(line: bytes, message: Any) -> bool:
    if line.count(b"[") + line.count(b"{") <= MOST_NESTED:
        return False
    level: list[Any] = [message]
    for _ in range(MOST_NESTED):
        level = [part for one in level for part in _parts(one) if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value)


class Process:
    """The running program, as the transport that the SDK's client takes. One task reads, any may write."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        self._arguments = list(arguments)
        self._env = dict(env)
        self._process: asyncio.subprocess.Process | None = None
        self._errors: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=20)
        self._writing = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def connect(self) -> None:
        arguments = self._arguments
        if sys.platform == "linux":
            arguments = [sys.executable, "-I", "-S", "-c", _WITH_PARENT, str(os.getpid()), *arguments]
        self._process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._env,
            cwd=WORKING_FOLDER,
            start_new_session=True,
            limit=MAX_LINE_BYTES,
        )
        self._errors = asyncio.create_task(self._read_errors(self._process))

    async def _read_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(4096):
            self._said.append(chunk.decode("utf-8", "replace")[-500:])

    async def write(self, data: str) -> None:
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise ConnectionError("the program is not there to be written to")
        async with self._writing:
            process.stdin.write(data.encode())
            await process.stdin.drain()

    def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        return self._read()

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than MAX_LINE_BYTES
                yield _UNREADABLE
                continue
            if not line:
                break
            message = read_line(line)
            if message is None:  # what it prints besides its messages
                self._said.append(line[-500:].decode("utf-8", "replace"))
            else:
                yield message
        code = await process.wait()
        if code != 0:
            raise ProcessEnded(code, self.last_words())

    def last_words(self) -> str:
        return "".join(self._said)[-1000:].strip()

    async def end_input(self) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()

    def is_ready(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def kill(self) -> None:
        """At once, with whatever it started. Harmless when it is gone."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Waits a little for the program to leave, then kills it; returns when it is reaped, whoever cancels."""
        await uninterrupted(self._close())

    async def _close(self) -> None:
        process = self._process
        if process is None:
            return
        await self.end_input()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()
        if self._errors is not None:
            self._errors.cancel()
            await asyncio.wait([self._errors])


async def uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Finishes `work` even when the task that waits for it is cancelled; the cancellation is passed on afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.done():
                break
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


# ---------------------------------------------------------------- its folder


def make_folder(root: Path) -> Path:
    """A folder of its own for one run, private, with what dead processes of this machine left taken away before."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{_mark()}{os.getpid()}-", dir=root))
    for name in ("home", "tmp", "config"):
        (folder / name).mkdir(mode=0o700)
    return folder


def sweep(root: Path) -> None:
    """Removes folders of processes that are not there any more: what a killed worker left."""
    for folder in root.glob(f"{_mark()}*"):
        pid = folder.name.removeprefix(_mark()).partition("-")[0]
        if pid.isdecimal() and not _alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _mark() -> str:
    return f"{socket.gethostname()[:60]}."


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
