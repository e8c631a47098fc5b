"""Transactions: one workspace each, set for row-level security before anything else is said.

A transaction that does not know its workspace cannot read a tenant table at all: the policies call
`proofroom_workspace()`, which raises when the setting is missing.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import uuid_utils
from psycopg.pq import TransactionStatus
from pydantic_core import from_json, to_json
from sqlalchemy import TextClause, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction
from sqlalchemy.pool import QueuePool

from proofroom import faults
from proofroom.db import direct
from proofroom.domain.errors import ProofroomError, Unavailable

APP_ROLE = "proofroom_app"
EVENTS_CHANNEL = "proofroom_events"
_CONNECTION, _DRIVER, _OF_ONE_MOMENT = "connection", "driver", "of_one_moment"
_STILL_AT_WORK = TransactionStatus.ACTIVE
WRITES = "writes"
"""In the `info` of a transaction: names of what it writes, for `faults`."""


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by time, so keys made one after the other lie side by side."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


_Row = TypeVar("_Row")


class Tx(AsyncSession):
    """An open transaction of one workspace. Services take it and never commit; its opener does."""

    @property
    def workspace_id(self) -> UUID:
        workspace_id = self.info.get("workspace_id")
        if not isinstance(workspace_id, UUID):
            raise RuntimeError("this transaction was opened without a workspace")
        return workspace_id

    def held(self, model: type[_Row], *key: UUID) -> _Row | None:
        """The object of this transaction for the row with this primary key, if somebody holds it."""
        return self.sync_session.identity_map.get((model, key, None))

    async def raw(self) -> "psycopg.AsyncConnection[Any]":
        """The driver's connection inside this transaction."""
        driver: psycopg.AsyncConnection[Any] | None = self.info.get(_DRIVER)
        if driver is not None:
            if self.in_nested_transaction():
                await self.connection()  # which sets the savepoint, if that was not done yet
        else:
            connection = await self.connection()
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            self.info[_CONNECTION], self.info[_DRIVER] = connection, driver
        return driver

    async def say(self, words: str) -> None:
        """Statements without parameters in one message; their answers are not read."""
        driver = await self.raw()
        try:
            await driver.execute(words.encode(), prepare=False)
        except psycopg.Error as error:
            raise await self.known(driver, error) from error

    async def close(self) -> None:
        """Gives the connection back, or throws it away when it is fit for nothing: psycopg closes one whose statement
        it could not stop, as when its user is cancelled twice or the server does not answer. To end the transaction on
        it would fail, and that error take the place of the cancellation."""
        driver: psycopg.AsyncConnection[Any] | None = self.info.get(_DRIVER)
        if driver is not None and (driver.closed or driver.info.transaction_status == _STILL_AT_WORK):
            # The session gives it out no more once it was to commit.
            held: AsyncConnection = self.info[_CONNECTION]
            if (
                not held.closed
            ):  # else it was given back, thrown away by its pool or is somebody else's by now
                await held.invalidate()
        await super().close()

    async def known(self, driver: "psycopg.AsyncConnection[Any]", error: psycopg.Error) -> BaseException:
        """What a statement of ours would have raised for what the driver (of `raw`) raised; so `away` knows it."""
        gone = driver.closed
        if gone:
            self.info.pop(_DRIVER, None)
            connection = await self.connection()
            # What ended one mostly ended all that wait in the pool; SQLAlchemy takes them for lost, too.
            fairy = await connection.get_raw_connection()
            cast(Any, self.bind.sync_engine.pool)._invalidate(fairy, error, _checkin=False)
            await connection.invalidate(error)
        return direct.as_sqlalchemy(error, self.bind.dialect, gone=gone)

    if not TYPE_CHECKING:  # to its callers it is SQLAlchemy's

        async def execute(self, statement: Any, params: Any = None, **given: Any) -> Any:
            """Says the statement: by itself when it is plain, else through SQLAlchemy (see `direct`)."""
            plan, within = (None, None) if given else direct.plan(statement, params, self.bind.dialect)
            if plan is None:
                return await super().execute(statement, params, **given)
            driver = await self.raw()
            try:
                return await direct.say(driver, self.sync_session, plan, params, within)
            except psycopg.Error as error:
                raise await self.known(driver, error) from error


def require_one_moment(tx: Tx) -> None:
    """For what is evidence: raises RuntimeError when the transaction is no snapshot, since what changes between two of
    its statements would make it contradict itself."""
    if not tx.info.get(_OF_ONE_MOMENT):
        raise RuntimeError("This has to be read in Database.transaction(…, snapshot=True).")


async def take_turns(tx: Tx, keys: Sequence[str]) -> None:
    """Makes transactions that name the same key wait for each other until they end.

    Several keys are taken in one order for all, so that no two wait for each other in a circle.
    """
    await tx.execute(
        text(
            "SELECT pg_advisory_xact_lock(own.key) FROM"
            " (SELECT DISTINCT hashtextextended(k, 0) AS key FROM unnest(CAST(:keys AS text[])) k ORDER BY 1) own"
        ),
        {"keys": list(keys)},
    )


class _Sync(Session):
    """Rows are re-read on every select: after a compare-and-set nobody may see a stale attribute."""


@event.listens_for(_Sync, "after_transaction_end")
def _ended(session: Session, transaction: SessionTransaction) -> None:  # pyright: ignore[reportUnusedFunction]
    """Whoever goes on with a transaction that has ended must not do so on its connection: that is somebody else's by
    now, in another workspace."""
    if transaction.parent is None:
        session.info.pop(_DRIVER, None)


@event.listens_for(_Sync, "do_orm_execute")
def _fresh(state: ORMExecuteState) -> None:  # pyright: ignore[reportUnusedFunction]
    if state.is_select:
        state.update_execution_options(populate_existing=True)


Tx.sync_session_class = _Sync


class Database:
    """A pool of connections as the application role. `url` is a libpq URL; `owner_url` is for migrations."""

    def __init__(self, url: str, *, pool_size: int = 10, max_overflow: int = 10) -> None:
        self.url = url
        self._most = pool_size + max_overflow
        # Who has one connection and waits for another: never all of them.
        self._pairs = asyncio.Semaphore(max(1, self._most // 4))
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=10,
            json_deserializer=_read_json,
            json_serializer=_write_json,
            hide_parameters=True,  # they are people's texts, and errors are logged
            connect_args={
                # Who waits for a lock reads what was committed meanwhile: so it is said, whatever the server's default.
                "options": f"-c role={APP_ROLE} -c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s"
                " -c default_transaction_isolation=read\\ committed",
                "autocommit": True,  # `_begin` opens transactions, with more in the same message
                "connect_timeout": 5,
                "prepare_threshold": 2,
                "application_name": "proofroom",
            },
        )

        event.listens_for(self.engine.sync_engine, "connect")(_remember_statements)

    @asynccontextmanager
    async def transaction(
        self, workspace_id: UUID, *, snapshot: bool = False, of: str = ""
    ) -> AsyncGenerator[Tx]:
        """Opens a transaction, commits when the block ends, rolls back when it raises. With `snapshot` all of its
        statements see one state of the database, and it may only read; `of` names the state, as PostgreSQL exports it.

        Raises Unavailable (`database_unavailable`) when the database cannot be reached, ProofroomError
        (`read_would_write`) when what may only read tries to write.
        """
        async with (
            away(reads=snapshot),
            Tx(self.engine, expire_on_commit=False, autoflush=True, close_resets_only=False) as tx,
        ):
            tx.info["workspace_id"], tx.info[_OF_ONE_MOMENT] = workspace_id, snapshot
            kind = (_SNAPSHOT if snapshot else "") + (f"; SET TRANSACTION SNAPSHOT '{of}'" if of else "")
            await _begin(tx, kind, f"; {_WORKSPACE}'{UUID(bytes=workspace_id.bytes)}', true)")
            yield tx
            faults.points("commit", tx.info.get(WRITES, ()))
            await _commit(tx)
            faults.points("committed", tx.info.get(WRITES, ()))

    @asynccontextmanager
    async def pair(self, workspace_id: UUID) -> AsyncGenerator[tuple[Tx, Tx]]:
        """Two transactions that see the same state of the database, to read in both at once."""
        async with self._pairs, self.transaction(workspace_id, snapshot=True) as one:
            name = str((await one.execute(text("SELECT pg_export_snapshot()"))).scalar_one())
            async with self.transaction(workspace_id, snapshot=True, of=name) as other:
                yield one, other

    @asynccontextmanager
    async def across(self) -> AsyncGenerator[Tx]:
        """A transaction without a workspace: only the SECURITY DEFINER functions answer in it."""
        async with away(), Tx(self.engine, close_resets_only=False) as tx:
            await _begin(tx)
            yield tx
            await tx.commit()

    async def ask(self, statement: TextClause, parameters: Mapping[str, object]) -> list[Any]:
        """The rows of one statement, outside of a transaction and without a workspace: as `across`, in one way to the
        database instead of three."""
        async with away():
            for last in (False, True):
                try:
                    async with Tx(self.engine) as tx:
                        return list((await tx.execute(statement, dict(parameters))).all())
                except DBAPIError as error:
                    if last or not error.connection_invalidated:  # a connection that died in the pool
                        raise
        raise AssertionError

    def connections(self) -> tuple[int, int]:
        """(in use, most that may be) of the pool's connections."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout(), self._most

    async def dispose(self) -> None:
        await self.engine.dispose()


def _read_json(value: str | bytes) -> Any:
    """As `json.loads`, five times as fast for the small values that most columns hold, twice for packets."""
    try:
        return from_json(value)
    except ValueError:  # it goes 200 levels deep and no further
        return json.loads(value)


def _write_json(value: Any) -> str | bytes:
    """As `json.dumps`, a third of the time. What is no JSON is refused by the database, as it was."""
    try:
        return to_json(value, inf_nan_mode="constants")
    except ValueError:  # too deep, or a half of a surrogate pair
        return json.dumps(value)


PREPARED = 500
"""Statements that a connection keeps prepared: a session asks about a hundred different ones, a page some more."""


def _remember_statements(connection: Any, _record: object) -> None:
    connection.driver_connection.prepared_max = PREPARED


_WORKSPACE = "SELECT set_config('proofroom.workspace_id', "
_SNAPSHOT = " ISOLATION LEVEL REPEATABLE READ, READ ONLY"


async def _begin(tx: Tx, kind: str = "", then: str = "") -> None:
    """Opens the transaction and says whose it is, in one message; on a connection that died in the pool, once more on
    a fresh one.

    That takes the place of a ping before each transaction, which would be a transaction of its own.
    """
    words = f"BEGIN{kind}{then}"
    for last in (False, True):
        try:
            await tx.say(words)
        except DBAPIError as error:
            if last or not error.connection_invalidated:
                raise
            await tx.rollback()
        else:
            return


async def _commit(tx: Tx) -> None:
    """Commits as `_begin` began: SQLAlchemy's session spends three times as long on it as the server and the driver do.

    Raises RuntimeError when the server took everything back instead, as it does, without an error, where a statement
    failed and whoever said it went on.
    """
    if tx.new or tx.dirty or tx.deleted:  # what its objects hold is written first
        await tx.flush()
    driver = await tx.raw()
    try:
        done = await driver.execute(b"COMMIT", prepare=False)
    except psycopg.Error as error:
        raise await tx.known(driver, error) from error
    tx.info.pop(_DRIVER, None)  # whoever goes on with it gets a connection of its own, without a workspace
    if done.statusmessage != "COMMIT":
        raise RuntimeError("a statement of this transaction failed, so nothing of it was written")


@asynccontextmanager
async def away(*, reads: bool = False) -> AsyncGenerator[None]:
    """Turns what is away, busy or full into Unavailable, and a write where we only read (`reads`) into the mistake of
    ours that it is; every other database error stays itself."""
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable(
            "database_busy",
            "Every database connection is in use.",
            hint="Try again in a moment.",
            retry_after=2,
        ) from error
    except (OperationalError, DBAPIError) as error:
        if isinstance(error.orig, psycopg.OperationalError) and (
            error.connection_invalidated
            or error.orig.sqlstate is None
            or error.orig.sqlstate[:2] in ("08", "57")
        ):
            raise Unavailable(
                "database_unavailable",
                "The database does not answer.",
                hint="It is being brought back if it is the embedded one; try again in a moment.",
                retry_after=2,
            ) from error
        state = getattr(error.orig, "sqlstate", None) or ""
        if state == _READ_ONLY and not reads:
            raise Unavailable(
                "database_read_only",
                "The database takes no writes: it is a standby, or was set so. Nothing was changed.",
                hint="Let DATABASE_URL name the server that takes them, or try again when this one does.",
                retry_after=5,
            ) from error
        if state == _READ_ONLY:
            raise ProofroomError(
                "read_would_write",
                "This only reads, and something of ours in it tried to write. Nothing was changed.",
                hint="Report it with the request id; trying again does not help.",
            ) from error
        refused = _REFUSED.get(state)
        if refused is not None:
            code, message, hint = refused
            raise Unavailable(code, message, hint, retry_after=5) from error
        raise


_READ_ONLY = "25006"
_REFUSED = {
    "55P03": ("database_busy", "Somebody else is writing there for too long.", "Try again in a moment."),
    "40001": ("database_busy", "Two changes stood in each other's way.", "Try again in a moment."),
    "40P01": ("database_busy", "Two changes stood in each other's way.", "Try again in a moment."),
    "53100": (
        "disk_full",
        "The database's disk is full. Nothing was changed.",
        "Make room on it, then try again.",
    ),
    "53200": ("database_busy", "The database is out of memory.", "Try again in a moment."),
    "53300": ("database_busy", "The database takes no more connections.", "Try again in a moment."),
}
"""SQLSTATE of what passes, or is somebody's to repair, to the error that says so."""


def sqlalchemy_url(url: str) -> str:
    """`postgres://` and `postgresql://` with the driver named, everything else of the URL untouched."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError(f"not a PostgreSQL URL: {urlsplit(url).scheme or url[:12]}…")
    return f"postgresql+psycopg://{rest}"


def libpq_url(url: str) -> str:
    """The same URL for psycopg itself."""
    return "postgresql://" + sqlalchemy_url(url).partition("://")[2]
