"""A copy of the whole database in one file, made while it is used, and put back into an empty one.

The file is what `pg_dump --format=custom` writes, so PostgreSQL's own programs read it too. It is one state of the
database. Roles belong to the server and are made anew; who owns what on the old server does not matter.
"""

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from proofroom.db import postmaster
from proofroom.db.migrate import HEAD, KNOWN, current, migrate, owner_connection
from proofroom.db.tx import libpq_url
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, ProofroomError

CHUNK = 1 << 20

# What no dump holds: the roles, which policies and grants of it name.
_ROLES = """
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['proofroom_app', 'proofroom_system'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    EXECUTE format('GRANT %I TO CURRENT_USER', name);
  END LOOP;
END $$;
"""
# Functions that look across workspaces run as a role that may read little. Events count by the transactions of their
# server; those of another server would lie in this one's future, and be told as news when it gets there.
_SETTLE = r"""
GRANT CREATE ON SCHEMA public TO proofroom_system;
DO $$ DECLARE f record; BEGIN
  FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE n.nspname = 'public' AND p.prosecdef AND p.proname LIKE 'proofroom\_%' LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO proofroom_system', f.name);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
UPDATE public.work_events SET xid = '3' WHERE xid >= pg_current_xact_id();
ANALYZE;
"""
# Settings of pg_dump that servers before 17 do not know.
_UNKNOWN_BEFORE_17 = re.compile(rb"(?m)^SET transaction_timeout = 0;\n")


@dataclass(frozen=True, slots=True)
class Copied:
    """`revision` of the schema in the file, and the file's size in bytes."""

    revision: str
    size: int


async def dump(url: str, target: Path) -> Copied:
    """Writes the database to a new file, readable by its owner alone; there is no file unless it is whole.

    Raises Conflict (`backup_exists`, `database_empty`, `database_newer`), NotAllowed (`backup_role`), Unavailable
    (`database_unavailable`), ProofroomError (`backup_failed`, `embedded_missing`).
    """
    _require_new(target)
    revision = await asyncio.to_thread(current, url)
    if revision is None:
        raise Conflict(
            "database_empty", "The database holds nothing of Proofroom.", hint="Name another with --data."
        )
    _require_known(revision, "database_newer", "The database is")
    await asyncio.to_thread(_require_all_rows, url)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        _make(part)
        async with _running(
            ["pg_dump", "--format=custom", "--no-password", f"--file={part}", *_where(url)], url
        ) as program:
            await _end(program, "Nothing was written.")
        found = await _revision_in(part)
        size = _size(part)
        _sync(part)
        part.replace(target)
    except OSError as error:
        raise _failed(f"{target}: {error.strerror or error}.", "Nothing was written.") from error
    finally:
        part.unlink(missing_ok=True)
    return Copied(found, size)


async def restore(url: str, source: Path) -> Copied:
    """Fills an empty database from a file and brings it to this release's schema; all of it or nothing.

    Raises InvalidInput (`path_not_found`, `backup_unreadable`), Conflict (`database_not_empty`, `backup_newer`),
    NotAllowed (`backup_role`), Unavailable (`database_unavailable`), ProofroomError (`backup_failed`).
    """
    revision = await look(source)
    await asyncio.to_thread(_prepare, url)
    before = _ROLES.encode()
    async with (
        _running(["pg_restore", "--no-owner", "--file=-", str(source)], url) as reads,
        _running(
            ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--output=/dev/null",
             "--single-transaction", "--file=-", *_where(url)], url, feed=True,
        ) as writes,
    ):  # fmt: skip
        assert reads.stdout is not None
        assert writes.stdin is not None
        try:
            first = True
            while chunk := await reads.stdout.read(CHUNK):
                writes.stdin.write(before + (_UNKNOWN_BEFORE_17.sub(b"", chunk, count=1) if first else chunk))
                before, first = b"", False
                await writes.stdin.drain()
            if await reads.wait() == 0:  # else what came is not all, and is not committed
                writes.stdin.write(_SETTLE.encode())
            else:
                writes.kill()
            writes.stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            reads.kill()  # the other one says why
        await _end(writes, "Nothing was restored.", also=reads)
    await asyncio.to_thread(migrate, url)
    return Copied(revision, _size(source))


async def look(source: Path) -> str:
    """The revision in a file. Raises as `restore` does for a file that cannot be restored."""
    _require_file(source)
    revision = await _revision_in(source)
    _require_known(revision, "backup_newer", f"{source.name} is")
    return revision


async def _revision_in(source: Path) -> str:
    async with _running(
        ["pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(source)], None
    ) as program:
        said, errors = await program.communicate()
    found = re.search(rb"COPY public\.alembic_version .*\n(\d{4})\n", said)
    if program.returncode != 0 or found is None:
        raise InvalidInput(
            "backup_unreadable",
            f"{source} is not a backup that can be read: {_first_error(errors) or 'nothing of Proofroom is in it'}",
            hint="Name a file that `proofroom backup` wrote, whole.",
        )
    return found[1].decode()


def _require_known(revision: str, code: str, what: str) -> None:
    if revision not in KNOWN:
        raise Conflict(
            code,
            f"{what} at revision {revision}; this release knows up to {HEAD}.",
            hint="Use the newer release that made it.",
        )


def _require_all_rows(url: str) -> None:
    """Raises NotAllowed (`backup_role`) where row-level security would hide rows from who connects."""
    with owner_connection(url) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row is not None
    if not row[1]:
        raise NotAllowed(
            "backup_role",
            f"The role {row[0]} does not see every row: row-level security holds for it.",
            hint="Connect as a superuser, or as a role with BYPASSRLS, by DATABASE_URL.",
        )


def _prepare(url: str) -> None:
    """Raises Conflict (`database_not_empty`), NotAllowed (`backup_role`)."""
    _require_all_rows(url)
    with owner_connection(url) as connection:
        row = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e'"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND d.objid IS NULL LIMIT 1"
        ).fetchone()
    if row is not None:
        raise Conflict(
            "database_not_empty",
            f"The database holds something already, such as {row[0]}. Nothing was changed.",
            hint="Restore into a new --data folder, or a new database on your server.",
        )


def _where(url: str) -> list[str]:
    """The connection for PostgreSQL's programs, without the password: their arguments can be seen by everybody."""
    known = conninfo_to_dict(libpq_url(url))
    known.pop("password", None)
    return [f"--dbname={make_conninfo('', **known)}"]


@contextlib.asynccontextmanager
async def _running(
    command: Sequence[str], url: str | None, *, feed: bool = False
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """One of PostgreSQL's programs; it ends with the block."""
    password = None if url is None else conninfo_to_dict(libpq_url(url)).get("password")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") or k.startswith("PGSSL")}
    program = await asyncio.create_subprocess_exec(
        str(postmaster.programs() / command[0]),
        *command[1:],
        env=kept | {"LC_ALL": "C"} | ({} if password is None else {"PGPASSWORD": str(password)}),
        stdin=asyncio.subprocess.PIPE if feed else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL if feed else asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield program
    finally:
        if program.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()


async def _end(
    program: asyncio.subprocess.Process, undone: str, *, also: asyncio.subprocess.Process | None = None
) -> None:
    """Waits for the end. Raises ProofroomError (`backup_failed`) with what the programs said."""
    _, errors = await program.communicate()
    more = b"" if also is None else (await also.communicate())[1]
    if program.returncode != 0 or (also is not None and also.returncode != 0):
        raise _failed(
            _first_error(errors) or _first_error(more) or "a program ended without saying why.", undone
        )


def _failed(why: str, undone: str) -> ProofroomError:
    return ProofroomError(
        "backup_failed", f"It did not work: {why} {undone}", "Make sure of room and rights, then do it again."
    )


def _first_error(errors: bytes) -> str:
    """What a program said first of what went wrong, without its name and place."""
    lines = [
        line for line in errors.decode("utf-8", "replace").splitlines() if re.search(r"(?i)error|fatal", line)
    ]
    return re.sub(r"^.*?(?:error|ERROR|FATAL): +", "", lines[0]) if lines else ""


def _require_new(target: Path) -> None:
    if target.exists():
        raise Conflict("backup_exists", f"{target} is there already.", hint="Name a file that is not.")


def _require_file(source: Path) -> None:
    if not source.is_file():
        raise InvalidInput("path_not_found", f"There is no file {source}.", hint="Check the name.")


def _size(file: Path) -> int:
    return file.stat().st_size


def _make(part: Path) -> None:
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _sync(part: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
