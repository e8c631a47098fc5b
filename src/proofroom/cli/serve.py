"""`up`, `api`, `worker`, `migrate`: programs that run until they are stopped."""

import asyncio
import contextlib
import errno
import gc
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from proofroom.cli.common import Data, Json, Watch, load_settings, run_plain, set_up_logging
from proofroom.cli.output import DONE, Out, one_line
from proofroom.domain.errors import Conflict, InvalidInput, ProofroomError, Unavailable

if TYPE_CHECKING:
    from proofroom.bootstrap import Program

Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.", show_default="8787")
]
Concurrency = Annotated[int | None, typer.Option(min=1, max=64, help="Jobs at a time.", show_default="4")]

QUEUES = ("legs", "default")
READY_SECONDS = 30.0


def register(app: typer.Typer) -> None:
    app.command("up", epilog="Example: proofroom up --port 8787")(up)
    app.command("api", epilog="Example: proofroom api --host 0.0.0.0 --port 8080")(api)
    app.command("worker", epilog="Example: DATABASE_URL=postgresql://… proofroom worker --concurrency 8")(
        worker
    )
    app.command("migrate", epilog="Example: DATABASE_URL=postgresql://… proofroom migrate")(migrate)


def up(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    sample: Annotated[bool, typer.Option("--sample/--no-sample", help="Make the sample workspace.")] = True,
    browser: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open the page in a browser.", show_default="on a desktop"),
    ] = None,
    as_json: Json = False,
) -> int:
    """Start everything: the database, the page with its API, and a worker. Ctrl-C stops it all."""
    return _serve(host, port, data, as_json, http=True, work=True, sample=sample, browser=browser)


def api(host: Host = None, port: Port = None, data: Data = None, as_json: Json = False) -> int:
    """Start the page and its API alone; workers run elsewhere."""
    return _serve(host, port, data, as_json, http=True)


def worker(
    concurrency: Concurrency = None,
    queues: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Queues to work on, with commas: legs, default.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Start a worker alone. Any number may run on one database, also on other machines."""
    return _serve(None, None, data, as_json, work=True, concurrency=concurrency, queues=queues)


def migrate(
    to: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="A revision to go to, also back.", show_default="the newest"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Go back although what only later revisions know is lost.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Bring the database to this release's schema, or back to one before."""

    async def body(out: Out) -> int:
        from proofroom.db import migrate as schema
        from proofroom.db.embedded import EmbeddedPostgres
        from proofroom.db.migrate import HEAD, KNOWN, current

        if to is not None and to not in KNOWN:
            raise InvalidInput(
                "unknown_revision",
                f"This release knows no revision {one_line(to, 20)}.",
                hint=f"Its revisions are {KNOWN[0]} to {HEAD}.",
                field="--to",
            )

        settings = load_settings(data_dir=data)
        set_up_logging(settings, "warning")

        def go() -> tuple[str | None, str | None]:
            if settings.database_url is not None:
                url, server = settings.database_url.get_secret_value(), None
            else:
                server = EmbeddedPostgres.start(settings.data_dir)
                url = server.url()
            try:
                before = current(url)
                if to is not None and before in KNOWN and KNOWN.index(to) < KNOWN.index(before) and not yes:
                    raise Conflict(
                        "goes_back",
                        f"The database is at {before}; what only revisions after {to} know would be lost.",
                        hint="Back it up, stop everything that uses it, then say --yes.",
                    )
                schema.migrate(url, to or "head")
                return before, current(url)
            finally:
                if server is not None:
                    server.stop()

        before, after = await asyncio.to_thread(go)
        out.document({"from": before, "to": after, "changed": before != after, "head": HEAD})
        if before == after:
            out.line(f"The database is at revision {after} already.")
        else:
            out.line(f"The database is at revision {after} now (before: {before or 'empty'}).", "green")
        return DONE

    return run_plain(body, as_json=as_json)


def _serve(
    host: str | None,
    port: int | None,
    data: Path | None,
    as_json: bool,
    *,
    http: bool = False,
    work: bool = False,
    sample: bool = False,
    browser: bool | None = None,
    concurrency: int | None = None,
    queues: str | None = None,
) -> int:
    watch = Watch()

    async def body(out: Out) -> int:
        settings = load_settings(data_dir=data, host=host, port=port, worker_concurrency=concurrency)
        set_up_logging(settings, "warning")
        names = _queues(queues)
        listening = bind(settings.host, settings.port) if http else None
        told = None
        try:
            if not http and settings.metrics_port is not None:
                told = bind(settings.host, settings.metrics_port)
            from proofroom.bootstrap import open_program

            gc.freeze()  # as for every command
            if settings.database_url is None:
                out.note(f"Data in {settings.data_dir}", "dim")
            async with open_program(settings) as program:
                watch.server = program.server
                await _run(
                    program, out, listening, told, work=work, sample=sample, browser=browser, queues=names
                )
        except asyncio.CancelledError:
            if watch.signalled is None:
                raise
            out.note("Stopped.", "dim")
        finally:
            for line in (listening, told):
                if line is not None:
                    line.close()
        return DONE

    return run_plain(body, as_json=as_json, watch=watch)


async def _run(
    program: "Program",
    out: Out,
    listening: socket.socket | None,
    told: socket.socket | None,
    *,
    work: bool,
    sample: bool,
    browser: bool | None,
    queues: list[str] | None,
) -> None:
    """Starts the parts, says when they are ready, and runs until cancelled or until one of them ends."""
    from proofroom.substrate.comparer import end_comparer
    from proofroom.substrate.isolation import end_parsers
    from proofroom.telemetry import metrics

    settings = program.settings
    parts: dict[asyncio.Task[None], str] = {}
    stop_http = None
    lag = asyncio.create_task(metrics.watch_loop(), name="lag of the event loop")
    try:
        if told is not None:
            serving, stop_http = _start_figures(program, told)
            parts[serving] = "the port for metrics"
        if listening is not None:
            serving, stop_http = await _start_http(program, listening)
            parts[serving] = "the API"
        if sample:
            await _install_sample(program, out)
        ready = asyncio.Event()
        if work:
            parts[_start_worker(program, queues, ready)] = "the worker"
            await _either(parts, asyncio.create_task(ready.wait()))
        if listening is not None:
            await _either(parts, asyncio.create_task(_answers(listening)))
        _announce(out, program, listening, told, work=work)
        if listening is not None and (browser or (browser is None and _has_desktop())):
            await asyncio.to_thread(_open_browser, url_of(listening))
        await _either(parts, None)
    finally:
        lag.cancel()
        end_comparer()  # who waits for it is told so while there is still somebody to tell
        if stop_http is not None:
            stop_http()
        for task, name in parts.items():
            if name == "the worker":
                task.cancel()
        if parts:
            _, late = await asyncio.wait(parts, timeout=settings.shutdown_seconds + 5.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        # Captures were handed over; a file that is being read for them would keep the program from ending.
        end_parsers()


async def _either(
    parts: "dict[asyncio.Task[None], str]", awaited: "asyncio.Task[None] | asyncio.Task[bool] | None"
) -> None:
    """Waits for `awaited`; a part that ends before it ends everything. Raises Unavailable (`part_ended`)."""
    tasks = [*parts, *([awaited] if awaited is not None else [])]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        if awaited is not None:
            awaited.cancel()
        raise
    for task, name in parts.items():
        if task in done:
            error = None if task.cancelled() else task.exception()
            if isinstance(error, ProofroomError):
                raise error
            raise Unavailable(
                "part_ended",
                f"{name[:1].upper()}{name[1:]} ended by itself" + (f": {_root(error)}." if error else "."),
                hint="Start it again; PROOFROOM_LOG_LEVEL=debug says more.",
            ) from error
    if awaited is not None:
        awaited.result()


def _root(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        error = group.exceptions[0]
    return f"{type(error).__name__}: {one_line(error, 300)}"


async def _start_http(
    program: "Program", listening: socket.socket
) -> "tuple[asyncio.Task[None], Callable[[], None]]":
    from proofroom.api.app import create_app
    from proofroom.api.server import Server
    from proofroom.api.sse import LiveEvents

    class Quiet(Server):
        """Signals are ours: one Ctrl-C stops the database, the worker and the API in order."""

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    settings = program.settings
    local = is_loopback(settings.host)
    program.parts.catalog.list_runtimes()  # looks at keys meanwhile, so that the first page knows of a wrong one
    app = create_app(
        program.parts,
        settings,
        local_actor=replace(program.actor, via="page") if local else None,
        live=LiveEvents(program.parts.db),
    )
    server = Quiet(app, host=settings.host, port=settings.port, log_level="warning")

    def stop() -> None:
        server.should_exit = True

    return asyncio.create_task(server.serve(sockets=[listening]), name="http"), stop


def _start_figures(
    program: "Program", told: socket.socket
) -> "tuple[asyncio.Task[None], Callable[[], None]]":
    """A worker's own figures, on a port of their own."""
    from proofroom.api.monitoring import Monitor
    from proofroom.api.server import WorkerServer

    server = WorkerServer(Monitor(program.parts.db))

    def stop() -> None:
        server.should_exit = True

    return asyncio.create_task(server.serve(sockets=[told]), name="metrics"), stop


def _start_worker(program: "Program", queues: list[str] | None, ready: asyncio.Event) -> "asyncio.Task[None]":
    from proofroom.engine.worker import run_worker

    settings = program.settings
    return asyncio.create_task(
        run_worker(
            program.parts,
            concurrency=settings.worker_concurrency,
            queues=queues,
            sweep_seconds=settings.sweep_seconds,
            shutdown_seconds=settings.shutdown_seconds,
            ready=ready,
        ),
        name="worker",
    )


async def _install_sample(program: "Program", out: Out) -> None:
    from proofroom.services import samples

    with out.progress("Making the sample workspace"):
        try:
            await samples.install(program.parts.db, program.parts.catalog, program.actor, program.drive)
        except Unavailable:
            raise
        except ProofroomError as error:  # the rest works without it
            out.note(f"The sample workspace could not be made: {error}", "yellow")


def _announce(
    out: Out, program: "Program", listening: socket.socket | None, told: socket.socket | None, *, work: bool
) -> None:
    settings = program.settings
    where = None if listening is None else url_of(listening)
    local = listening is not None and is_loopback(settings.host)
    metrics = where if told is None else url_of(told)
    out.document(
        {
            "ready": True, "url": where, "data_dir": str(settings.data_dir), "worker": work,
            "authentication": None if listening is None else "none" if local else "api_key",
            "metrics": None if metrics is None else f"{metrics}/metrics",
            "pid": os.getpid(),
        }
    )  # fmt: skip
    if where is None:
        out.line("Proofroom's worker is ready. Ctrl-C stops it.", "green")
        if metrics is not None:
            out.line(f"Its figures are at {metrics}/metrics", "dim")
    else:
        out.line(f"Proofroom is ready on {where}", "bold green")
        if not local:
            out.line(
                "It can be reached from other machines, so every request needs an API key; make one with"
                " `proofroom admin api-key create NAME`.",
                "yellow",
            )
        out.line("Ctrl-C stops it.", "dim")
    sys.stdout.flush()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Conflict (`port_in_use`), InvalidInput (`address_unusable`)."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise _unusable(host, port, error) from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                "port_in_use",
                f"Port {port} on {host} is in use by another program"
                + (", which is a Proofroom." if _is_proofroom(host, port) else "."),
                hint=f"Stop that one, or take another port: --port {port + 1} (0 takes a free one).",
            ) from error
        raise _unusable(host, port, error) from error
    return listening


def _unusable(host: str, port: int, error: OSError) -> InvalidInput:
    low = isinstance(error, PermissionError) and port < 1024
    return InvalidInput(
        "address_unusable",
        f"{host}:{port} cannot be listened on: {error.strerror or error}.",
        hint="Ports under 1024 need rights; use a higher one." if low else "Use an address of this machine.",
        field="--port" if low else "--host",
    )


def _is_proofroom(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1.0) as line:
        line.sendall(f"GET /api/health HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
        said = line.recv(4096)
        return b" 200 " in said.split(b"\r\n", 1)[0] and b"application/json" in said
    return False


def url_of(listening: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared with, not listened on)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _answers(listening: socket.socket) -> None:
    """Returns when /api/ready says so. Raises Unavailable (`not_ready`)."""
    host, port = listening.getsockname()[:2]
    said = b""
    try:
        async with asyncio.timeout(READY_SECONDS):
            while True:
                with contextlib.suppress(OSError):
                    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
                    reader, writer = await asyncio.open_connection(target, port)
                    writer.write(f"GET /api/ready HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n".encode())
                    said = await reader.read()
                    writer.close()
                    if b" 200 " in said.split(b"\r\n", 1)[0]:
                        return
                await asyncio.sleep(0.05)  # it is coming up; nothing tells when
    except TimeoutError:
        status = one_line(said.split(b"\r\n", 1)[0].decode("latin-1"), 80) or "nothing"
        body = one_line(said.partition(b"\r\n\r\n")[2].decode("utf-8", "replace"), 300)
        raise Unavailable(
            "not_ready",
            f"The API did not get ready in {READY_SECONDS:.0f} s; it answers {status} {body}",
            hint="`proofroom doctor` looks at each part.",
        ) from None


def _queues(given: str | None) -> list[str] | None:
    if given is None:
        return None
    names = [n.strip() for n in given.split(",") if n.strip()]
    unknown = [n for n in names if n not in QUEUES]
    if unknown or not names:
        raise InvalidInput(
            "unknown_queue",
            f"There is no queue {unknown[0] if unknown else given!r}.",
            hint=f"Use {' or '.join(QUEUES)}, with a comma between them.",
            field="--queues",
        )
    return names


def _has_desktop() -> bool:
    """Whether a browser window would come up in front of the person who typed the command."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_browser(url: str) -> None:
    import webbrowser

    webbrowser.open(url)
