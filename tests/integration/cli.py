"""The program, run as people run it, on a data folder whose server stays up for a whole module.

`start` runs it as a program of its own. Calling a `Cli` runs the same entry point in a process forked from one
that has loaded the libraries once, because loading them takes longer than most commands.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from proofroom.db.embedded import EmbeddedPostgres

# A shell that starts a job in the background has it ignore SIGINT, and a test run may be such a job.
PROGRAM = [
    sys.executable, "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from proofroom.cli import main; main()",
]  # fmt: skip
PATIENCE = 120.0

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.integration.cli_preload"])


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int | None
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout; anything else there is an error."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """Runs commands in `folder` with the data in `data`."""

    folder: Path
    data: Path
    settings: dict[str, str]

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PROOFROOM_") and k != "DATABASE_URL"}
        own = {"PROOFROOM_DATA_DIR": str(self.data), "PROOFROOM_EMBEDDER": "off", "COLUMNS": "200"}
        return kept | own | self.settings

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Done:
        with TemporaryDirectory() as said:
            out, err = Path(said, "out"), Path(said, "err")
            process = _forks.Process(
                target=_run, args=(arguments, str(self.folder), self.environment(), str(out), str(err))
            )
            process.start()
            process.join(PATIENCE)
            late = process.is_alive()
            if late:
                process.kill()
                process.join()
            done = Done(process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))
        assert not late, (arguments, done)
        assert "Traceback" not in done.err, done.err
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        done = self(*arguments, "--json")
        assert done.code == code, (arguments, done)
        return done.json

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def _run(arguments: tuple[str, ...], folder: str, environment: dict[str, str], out: str, err: str) -> None:
    """In the forked process: the program with its own arguments, folder, environment and output."""
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["proofroom", *arguments]
    from proofroom.cli import main

    main()


@contextmanager
def running_database(data: Path) -> Generator[None]:
    """Holds the embedded server of a data folder, so that commands find it up."""
    server = EmbeddedPostgres.start(data)
    try:
        yield
    finally:
        server.stop()


def left_behind(data: Path) -> list[str]:
    """Command lines of processes that name a data folder."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(data) in line:
                found.append(line)
    return found
