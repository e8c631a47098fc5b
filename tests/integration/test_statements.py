"""Statements said on the driver's own connection answer as SQLAlchemy's sessions do."""

import asyncio
import gc
import time
import weakref
from contextlib import AsyncExitStack
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Executable, bindparam, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from proofroom.db import direct
from proofroom.db.models import Basket, Member, Project, WorkSession
from proofroom.db.models.base import Base
from proofroom.db.statements import JSON_VALUE, changed, typed
from proofroom.db.tx import Database, Tx, libpq_url, new_id
from proofroom.domain.errors import Unavailable
from tests.integration.conftest import make_workspace


async def _as_sqlalchemy(tx: Tx, statement: Executable, given: object = None) -> list[tuple[object, ...]]:
    return [tuple(row) for row in (await AsyncSession.execute(tx, statement, given)).all()]  # type: ignore[arg-type]


PLAIN: list[Executable] = [
    select(Project),
    select(Project.id, Project.name),
    select(Project, Basket).join(Basket, Basket.project_id == Project.id),
    select(Project, Basket, func.upper(Project.name))
    .outerjoin(Basket, (Basket.project_id == Project.id) & (Basket.block_count < 0))
    .order_by(Project.name),
    select(Project).from_statement(text("SELECT * FROM projects ORDER BY name")),
    text("SELECT id, name AS n, created_at, '{\"a\": [1, null]}'::jsonb AS j FROM projects ORDER BY name"),
    select(func.count()).select_from(Project),
]


@pytest.mark.parametrize("statement", PLAIN, ids=lambda s: str(s)[:40])
async def test_the_rows_are_those_that_a_session_answers(
    db: Database, workspace: UUID, project: UUID, statement: Executable
) -> None:
    async with db.transaction(workspace) as tx:
        assert direct.plan(statement, None, tx.bind.dialect)[0] is not None  # type: ignore[union-attr]
        ours = (await tx.execute(statement)).all()
        # The very objects, since both ways share what the session holds.
        assert [tuple(row) for row in ours] == await _as_sqlalchemy(tx, statement)
        assert len(ours) == 1


@pytest.mark.parametrize(
    "statement",
    [
        update(Project).values(name="x"),
        select(Project).where(Project.name.in_(["a", "b"])),
        select(func.sum(Basket.block_count).cast(type_=Basket.block_count.type) / 2.5),
        select(aliased(Project)),
        select(Project).execution_options(stream_results=False),
    ],
    ids=["objects it changes", "text by values", "numbers", "another name", "options"],
)
async def test_what_is_not_plain_is_left_to_sqlalchemy(
    db: Database, workspace: UUID, statement: Executable
) -> None:
    async with db.transaction(workspace) as tx:
        assert direct.plan(statement, None, tx.bind.dialect)[0] is None  # type: ignore[union-attr]
        await tx.execute(statement)


async def test_an_object_is_one_whoever_read_it_and_is_read_anew(
    db: Database, workspace: UUID, project: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        first = (await tx.execute(select(Project))).scalar_one()
        await tx.execute(text("UPDATE projects SET name = 'new'"))
        assert first.name != "new"
        second = (await tx.execute(select(Project).where(Project.name.in_(["new"])))).scalar_one()
        assert second is first
        assert first.name == "new"
        await tx.execute(text("UPDATE projects SET name = 'newer'"))
        assert (await tx.execute(select(Project))).scalar_one() is first
        assert first.name == "newer"
    assert first.name == "newer"  # and it outlives its transaction


async def test_nothing_is_stored_as_the_json_that_it_was_before(db: Database, workspace: UUID) -> None:
    """A missing value in a column of JSON is SQLAlchemy's `null` of JSON, whichever way it went."""
    asked = typed(
        "SELECT CAST(:one AS jsonb) IS NULL, CAST(:two AS jsonb) ->> 'a'", one=JSON_VALUE, two=JSON_VALUE
    )
    given = {"one": None, "two": {"a": "“ü”"}}
    async with db.transaction(workspace) as tx:
        assert [tuple(row) for row in (await tx.execute(asked, given)).all()] == [(False, "“ü”")]
        assert await _as_sqlalchemy(tx, asked, given) == [(False, "“ü”")]


async def test_one_and_several_rows_are_added_and_counted(db: Database, workspace: UUID) -> None:
    def row(name: str) -> dict[str, object]:
        return {"workspace_id": workspace, "id": new_id(), "name": name, "role": "viewer"}

    add = insert(Member)
    async with db.transaction(workspace) as tx:
        await tx.execute(add, row("one"))
        await tx.execute(add, [row("two"), row("three")])
        after = await tx.execute(text("UPDATE members SET role = 'reviewer' WHERE name IN ('two', 'three')"))
        assert changed(after) == 2
        left = (await tx.execute(select(Member.name).where(Member.role == "viewer"))).scalars().all()
    assert left == ["one"]


async def test_errors_are_sqlalchemys_without_the_values(db: Database, workspace: UUID) -> None:
    values = {"workspace_id": workspace, "id": new_id(), "name": "a secret", "role": "admin"}
    async with db.transaction(workspace) as tx:
        await tx.execute(insert(Member), values)
        with pytest.raises(IntegrityError) as caught:
            await tx.execute(insert(Member), values)
        await tx.execute(text("ROLLBACK AND CHAIN"))
    assert isinstance(caught.value.orig, psycopg.errors.UniqueViolation)
    assert "a secret" not in str(caught.value)


async def test_a_savepoint_holds_what_was_said_on_the_drivers_connection(
    db: Database, workspace: UUID, project: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        point = await tx.begin_nested()
        await tx.execute(text("UPDATE projects SET name = 'inside'"))
        with pytest.raises(DBAPIError):
            await tx.execute(text("SELECT 1 / 0"))
        await point.rollback()
        assert (await tx.execute(select(Project.name))).scalar_one() != "inside"


async def test_what_the_server_took_back_is_not_called_written(
    db: Database, workspace: UUID, project: UUID
) -> None:
    """Whoever goes on after a statement that failed would be told COMMIT, and nothing would be there."""

    async def go_on() -> None:
        async with db.transaction(workspace) as tx:
            await tx.execute(text("UPDATE projects SET name = 'lost'"))
            with pytest.raises(DBAPIError):
                await tx.execute(text("SELECT 1 / 0"))

    with pytest.raises(RuntimeError, match="nothing of it was written"):
        await go_on()
    async with db.transaction(workspace) as tx:
        assert (await tx.execute(select(Project.name))).scalar_one() != "lost"


async def test_what_stands_in_objects_is_written_at_the_end(
    db: Database, workspace: UUID, project: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        (await tx.execute(select(Project))).scalar_one().name = "by the object"
    async with db.transaction(workspace) as tx:
        assert (await tx.execute(select(Project.name))).scalar_one() == "by the object"


async def test_a_connection_that_died_in_the_pool_is_not_noticed(
    db: Database, database: str, workspace: UUID, project: UUID
) -> None:
    one = Database(db.url, pool_size=1, max_overflow=0)
    try:
        async with one.transaction(workspace) as tx:
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await _end(database, pid)
        async with one.transaction(workspace) as tx:
            assert (await tx.execute(select(func.count()).select_from(Project))).scalar_one() == 1
            assert (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one() != pid
    finally:
        await one.dispose()


async def test_a_connection_that_dies_in_a_transaction_says_so_and_the_next_one_works(
    db: Database, database: str, workspace: UUID, project: UUID
) -> None:
    one = Database(db.url, pool_size=1, max_overflow=0)
    try:
        with pytest.raises(Unavailable) as caught:
            await _lose(one, database, workspace)
        assert caught.value.code == "database_unavailable"
        async with one.transaction(workspace) as tx:
            assert (await tx.execute(select(Project.name))).scalar_one() != "lost"
    finally:
        await one.dispose()


async def test_a_transaction_that_ended_says_nothing_on_the_connection_of_the_next(
    db: Database, workspace: UUID, project: UUID
) -> None:
    other, _ = await make_workspace(db, "Other")
    one = Database(db.url, pool_size=2, max_overflow=0)
    try:
        async with one.transaction(other) as ended:
            pass
        async with one.transaction(workspace):
            for statement in (select(Project.name), text("UPDATE projects SET name = 'taken'")):
                with pytest.raises(InvalidRequestError, match="closed"):
                    await ended.execute(statement)
        async with one.transaction(other) as undone:
            await undone.rollback()
            async with one.transaction(workspace):
                with pytest.raises(ProgrammingError, match="workspace_id is not set"):
                    await undone.execute(select(Project.name))
    finally:
        await one.dispose()


async def test_a_restart_of_the_database_costs_no_transaction_however_many_wait_in_the_pool(
    database: str, workspace: UUID
) -> None:
    pool = Database(database, pool_size=5)
    try:
        async with AsyncExitStack() as all_of_them:
            pids: list[int] = []
            for _ in range(5):
                tx = await all_of_them.enter_async_context(pool.transaction(workspace))
                pids.append((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
        for pid in pids:
            await _end(database, pid)
        async with pool.transaction(workspace) as tx:
            assert (await tx.execute(select(func.count()).select_from(Project))).scalar_one() >= 0
        assert await pool.ask(text("SELECT 1 AS one"), {}) == [(1,)]
    finally:
        await pool.dispose()


async def _lose(db: Database, database: str, workspace: UUID) -> None:
    async with db.transaction(workspace) as tx:
        await tx.execute(text("UPDATE projects SET name = 'lost'"))
        await _end(database, (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
        await tx.execute(select(Project))


async def _end(database: str, pid: int) -> None:
    """Ends a connection from outside, and waits until it is gone."""
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as outside:
        await outside.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


async def test_names_are_those_that_sqlalchemy_gives(db: Database, workspace: UUID) -> None:
    named = [
        select(WorkSession.meta, WorkSession.id),
        select(func.count(), func.max(Project.created_at)),
        select(Project.id, Basket.id).join(Basket, Basket.project_id == Project.id),
    ]
    async with db.transaction(workspace) as tx:
        for statement in named:
            theirs = await AsyncSession.execute(tx, statement)
            assert list((await tx.execute(statement)).keys()) == list(theirs.keys())
        added = insert(WorkSession).values(workspace_id=workspace, id=new_id()).returning(WorkSession.meta)
        assert direct.plan(added, None, tx.bind.dialect)[0] is None  # type: ignore[union-attr]


async def test_what_an_outer_join_did_not_find_is_nothing(
    db: Database, workspace: UUID, project: UUID
) -> None:
    joined = select(Basket).select_from(Project).outerjoin(Basket, Basket.block_count < 0)
    async with db.transaction(workspace) as tx:
        assert (await tx.execute(joined)).scalars().all() == [None]
        assert await _as_sqlalchemy(tx, joined) == [(None,)], "nor is anything left for others to find"


async def test_several_rows_that_are_added_are_answered(db: Database, workspace: UUID) -> None:
    rows = [{"workspace_id": workspace, "id": new_id(), "name": n, "role": "viewer"} for n in ("a", "b")]
    async with db.transaction(workspace) as tx:
        added = await tx.execute(insert(Member).returning(Member.name), rows)
        assert sorted(added.scalars()) == ["a", "b"]


async def test_names_of_attributes_and_columns_to_set_may_be_given(
    db: Database, workspace: UUID, project: UUID
) -> None:
    rename = (
        update(Project).where(Project.id == bindparam("which")).execution_options(synchronize_session=False)
    )
    async with db.transaction(workspace) as tx:
        await tx.execute(rename, {"which": project, "name": "given"})
        assert (await tx.execute(select(Project.name))).scalar_one() == "given"
        add = insert(WorkSession)
        assert direct.plan(add, {"meta": {}}, tx.bind.dialect)[0] is None  # type: ignore[union-attr]


async def test_what_is_said_of_a_column_holds_for_every_model(db: Database) -> None:
    """Objects are made of what the driver answers: no type of a column may want more done to it."""
    dialect = db.engine.dialect
    models = [mapper.class_ for mapper in Base.registry.mappers]
    assert len(models) > 10
    for model in models:
        statement = select(model)
        assert direct.plan(statement, None, dialect)[0] is not None, model


async def test_the_drivers_connection_is_inside_of_a_savepoint(
    db: Database, workspace: UUID, project: UUID
) -> None:
    async with db.transaction(workspace) as tx:
        point = await tx.begin_nested()
        await (await tx.raw()).execute("UPDATE projects SET name = 'inside'")
        await point.rollback()
        assert (await tx.execute(select(Project.name))).scalar_one() != "inside"


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_who_is_cancelled_while_a_statement_runs_is_cancelled_and_leaves_nothing_open(
    db: Database, database: str, workspace: UUID, project: UUID, times: int
) -> None:
    one = Database(db.url, pool_size=1, max_overflow=0)
    lock = text("SELECT pg_advisory_xact_lock(7)")

    async def wait() -> None:
        async with one.transaction(workspace) as tx:
            await tx.execute(text("UPDATE projects SET name = 'cut off'"))
            await tx.execute(lock)

    try:
        async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as outside:
            await outside.execute("SELECT pg_advisory_lock(7)")
            waiting = asyncio.create_task(wait())
            while not await _waits(outside):
                await asyncio.sleep(0.01)
            for _ in range(times):  # again while the server is being told
                waiting.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with one.transaction(workspace) as tx:
            assert (await tx.execute(select(Project.name))).scalar_one() != "cut off"
            await tx.execute(lock)
    finally:
        await one.dispose()


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_who_is_cancelled_while_it_commits_is_cancelled(
    db: Database, database: str, workspace: UUID, project: UUID, times: int
) -> None:
    """Whether it was committed is then not known; the connection serves the next one, or is thrown away."""
    one = Database(db.url, pool_size=1, max_overflow=0)

    async def write() -> None:
        async with one.transaction(workspace) as tx:
            await tx.execute(text("UPDATE projects SET name = 'perhaps'"))

    try:
        async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as outside:
            await outside.execute(
                "CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';"
                " CREATE CONSTRAINT TRIGGER wait_at_commit AFTER UPDATE ON projects DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION wait_at_commit()"
            )
            await outside.execute("SELECT pg_advisory_lock(7)")
            committing = asyncio.create_task(write())
            while not await _waits(outside):
                await asyncio.sleep(0.01)
            for _ in range(times):
                committing.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await committing
        async with one.transaction(workspace) as tx:
            await tx.execute(text("UPDATE projects SET name = 'surely'"))
        async with one.transaction(workspace) as tx:
            assert (await tx.execute(select(Project.name))).scalar_one() == "surely"
    finally:
        await one.dispose()


async def _waits(outside: "psycopg.AsyncConnection[tuple[object, ...]]") -> bool:
    asked = await outside.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    return await asked.fetchone() is not None


async def test_who_is_cancelled_while_the_connection_is_given_back_is_cancelled(
    db: Database, workspace: UUID, project: UUID
) -> None:
    """As the keeper of a lease is when its leg ends: what was committed is, and whoever comes next is served."""
    one = Database(db.url, pool_size=1, max_overflow=0)

    async def write() -> None:
        async with one.transaction(workspace) as tx:
            await tx.execute(text("UPDATE projects SET name = 'kept'"))

    writing = asyncio.create_task(write())

    @event.listens_for(one.engine.sync_engine, "reset")
    def given_back(*_: object) -> None:
        time.sleep(0.1)  # after a loop was busy for so long the driver lets others have their turn
        writing.cancel()

    try:
        with pytest.raises(asyncio.CancelledError):
            await writing
        async with one.transaction(workspace) as tx:
            assert (await tx.execute(select(Project.name))).scalar_one() == "kept"
    finally:
        await one.dispose()


async def test_statements_that_nobody_holds_are_forgotten(db: Database, workspace: UUID) -> None:
    rows = [{"workspace_id": workspace, "id": new_id(), "name": "a text", "role": "viewer"} for _ in range(2)]
    async with db.transaction(workspace) as tx:
        several = insert(Member).values(rows)  # is compiled each time, with what is in it
        await tx.execute(several)
        held = weakref.ref(several)
        del several
        gc.collect()
        assert held() is None
