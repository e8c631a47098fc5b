"""Statements said on the driver's own connection answer as SQLAlchemy's sessions do."""

from contextlib import AsyncExitStack
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Executable, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from proofroom.db import direct
from proofroom.db.models import Basket, Member, Project
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
    ],
    ids=["objects it changes", "text by values", "numbers"],
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
