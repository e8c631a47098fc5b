"""Brings a database to this release's schema."""

import contextlib
from collections.abc import Generator
from pathlib import Path

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.exc import NotSupportedError, OperationalError
from sqlalchemy.pool import NullPool

from proofroom.db.tx import libpq_url, sqlalchemy_url
from proofroom.domain.errors import Conflict, Unavailable

KNOWN = (
    *("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012"),
    *("0013", "0014", "0015", "0016", "0017", "0018", "0019", "0020", "0021", "0022", "0023", "0024"),
    "0025",
    "0026",
    "0027",
)
HEAD = KNOWN[-1]
TRIES = 10
"""How often a migration is begun: other programs go on meanwhile, and one of two that wait for each other is undone."""
WAIT = "3s"
"""How long a migration waits for a table before it lets others at it and is begun again."""
_LOCK = 0x50524F4F46  # one migration at a time: an advisory lock that two starting processes share


@contextlib.contextmanager
def owner_connection(owner_url: str) -> "Generator[psycopg.Connection]":
    """A connection that commits each statement. Raises Unavailable (`database_unavailable`), in the block too."""
    try:
        with psycopg.connect(libpq_url(owner_url), connect_timeout=10, autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(
            "database_unavailable",
            f"The database does not answer: {str(error).strip().splitlines()[0]}",
            hint="Check DATABASE_URL and that the server runs.",
            retry_after=5,
        ) from error


def current(owner_url: str) -> str | None:
    """The revision that the database is at, None when it is empty. Raises Unavailable when it is away."""
    with owner_connection(owner_url) as connection:
        if connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        return None if row is None else str(row[0])


def migrate(owner_url: str, target: str = "head") -> bool:
    """Upgrades to `target` (or downgrades, when it is older); answers whether anything changed.

    Two processes may call it at once. Raises Conflict (`database_newer`) when the database was made by a
    later release, Unavailable when it is away or others hold its tables all the time (`database_busy`).
    """
    goal = HEAD if target == "head" else target
    at = current(owner_url)
    if at == goal:
        return False
    if at is not None and at not in KNOWN:
        raise Conflict(
            "database_newer",
            f"The database is at revision {at}, which this release does not know.",
            hint="Run the newer release that made it, or restore a backup.",
        )
    from alembic import command  # late: a warm start does not need it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = create_engine(sqlalchemy_url(owner_url), poolclass=NullPool)
    down = goal == "base" or (at is not None and KNOWN.index(goal) < KNOWN.index(at))
    try:
        for tries_left in reversed(range(TRIES)):
            try:
                with engine.begin() as connection:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                    # Whoever comes after a migration that waits for a table waits for it, too.
                    connection.execute(text("SELECT set_config('lock_timeout', :most, true)"), {"most": WAIT})
                    config.attributes["connection"] = connection
                    (command.downgrade if down else command.upgrade)(config, goal)
                break
            except OperationalError as error:
                if not isinstance(
                    error.orig, (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)
                ):
                    raise
                if not tries_left:
                    raise Unavailable(
                        "database_busy",
                        "The tables to be changed are in use all the time. Nothing was changed.",
                        hint="Try again when less is going on, or stop the workers for that long.",
                        retry_after=30,
                    ) from error
    except NotSupportedError as error:
        if 'extension "vector" is not available' not in str(error):
            raise
        raise Unavailable(
            "vector_missing",
            "The database server has no pgvector, which search by meaning needs. Nothing was changed.",
            hint="Install pgvector (0.8 or later) on it, then start again.",
            retry_after=60,
        ) from error
    finally:
        engine.dispose()
    return True
