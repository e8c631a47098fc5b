"""What every command shares: options, settings, the open program, signals, and how a command ends."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.output import FAILED, Out, make_out, report, safe, show_error
from proofroom.domain.errors import InvalidInput, ProofroomError
from proofroom.telemetry import logs

if TYPE_CHECKING:
    from proofroom.bootstrap import Program
    from proofroom.db.embedded import EmbeddedPostgres
    from proofroom.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the embedded database.", show_default=False),
]
SessionArg = Annotated[
    str,
    typer.Argument(
        metavar="SESSION", help="Its id, the beginning or end of it (6 characters or more), or `last`."
    ),
]
ProjectOption = Annotated[
    str | None, typer.Option("--project", "-p", metavar="PROJECT", help="A project by name or id.")
]

LEVELS = ("debug", "info", "warning", "error")
DATABASE_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")

Body = Callable[["Program", Out], Awaitable[int]]


class Interrupted(BaseException):
    """A signal asked this program to stop; the work in hand was cancelled and put away."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def load_settings(**given: Any) -> "Settings":
    """Settings from the environment, with what the command line names. None means not named.

    Raises InvalidInput (`settings_invalid`) that names the variable.
    """
    from pydantic import ValidationError

    from proofroom.settings import Settings

    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        variable = name if name.isupper() else f"PROOFROOM_{name.upper()}"
        raise _setting_error(variable, f"{first['msg'][:1].lower()}{first['msg'][1:]}.") from error
    if settings.log_level.lower() not in LEVELS:
        raise _setting_error("PROOFROOM_LOG_LEVEL", f"it is one of {', '.join(LEVELS)}.")
    if settings.database_url is not None:
        scheme = settings.database_url.get_secret_value().partition("://")[0]
        if scheme not in DATABASE_SCHEMES:
            raise _setting_error("DATABASE_URL", "it begins with postgresql://.")
    return settings


def _setting_error(variable: str, why: str) -> InvalidInput:
    return InvalidInput(
        "settings_invalid",
        f"{variable} is not usable: {why}",
        hint="Change or unset it; `proofroom doctor` lists every setting.",
        field=variable,
    )


def run(body: Body, *, as_json: bool, data: Path | None = None, trouble: int | None = None) -> int:
    """Opens the program, runs one command in it, closes it again, and answers the exit code.

    `trouble` replaces exit code 1 of an error where 1 means something else.
    """

    async def opened(out: Out) -> int:
        from proofroom.bootstrap import open_program

        gc.freeze()  # all of this stays: to look through it for cycles took longer than a short command itself
        settings = load_settings(data_dir=data)
        set_up_logging(settings, "error")
        if settings.database_url is None and not (settings.data_dir / "postgres" / "cluster").exists():
            out.note(f"Making the database in {settings.data_dir} (once).", "dim")
        async with open_program(settings) as program:
            watch.server = program.server
            return await body(replace(program, actor=replace(program.actor, via="cli")), out)

    watch = Watch()
    return run_plain(opened, as_json=as_json, trouble=trouble, watch=watch)


def run_plain(
    body: Callable[[Out], Awaitable[int]],
    *,
    as_json: bool,
    trouble: int | None = None,
    watch: "Watch | None" = None,
) -> int:
    """Runs a command without a program: signals, errors and exit codes only."""
    out = make_out(as_json)
    watch = watch or Watch()

    async def guarded() -> int:
        watch.over(asyncio.get_running_loop(), asyncio.current_task())
        try:
            return await body(out)
        except asyncio.CancelledError:
            if watch.signalled is None:
                raise
            raise Interrupted(watch.signalled) from None

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(guarded())
    except ProofroomError as error:
        code = report(out, error)
        return trouble if trouble is not None and code == FAILED else code
    except Interrupted as stop:
        hint = "What was done is kept; `proofroom retry SESSION` goes on with a session that had begun."
        show_error(out, "interrupted", "Stopped before it was done.", hint)
        return 128 + stop.number


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class Watch:
    """SIGINT, SIGTERM and SIGHUP cancel the work, which puts everything away; a second one does not wait."""

    def __init__(self) -> None:
        self.signalled: int | None = None
        self.server: EmbeddedPostgres | None = None
        self._task: asyncio.Task[Any] | None = None

    def over(self, loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any] | None") -> None:
        self._task = task
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(ValueError, NotImplementedError):  # not in the main thread
                loop.add_signal_handler(number, self._on_signal, int(number))

    def _on_signal(self, number: int) -> None:
        if self.signalled is not None:
            self._quit(128 + number)
        self.signalled = number
        if self._task is not None:
            self._task.cancel()

    def _quit(self, code: int) -> None:
        """At once, except that the embedded server gets a moment: nothing of ours stays behind."""
        if self.server is not None:
            stopping = threading.Thread(target=self.server.stop, daemon=True)
            stopping.start()
            stopping.join(2.0)
        os._exit(code)


def set_up_logging(settings: "Settings", quiet_level: str | None = None) -> None:
    """Logs go to stderr. `quiet_level` holds unless the level was set on purpose."""
    named = "log_level" in settings.model_fields_set
    level = settings.log_level.lower() if named or quiet_level is None else quiet_level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logs.formatter(settings.log_format, safe))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if level != "error" else logging.ERROR)
    logging.getLogger("proofroom").setLevel(level.upper())
