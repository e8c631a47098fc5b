"""Two workspaces on one database: neither can see, change or point at the other's rows."""

from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from proofroom.db.migrate import current, migrate
from proofroom.db.models import TENANT_TABLES, Base, Basket, Project, Source
from proofroom.db.tx import Database, new_id, sqlalchemy_url
from tests.integration.conftest import make_project, make_workspace


async def test_the_application_role_owns_nothing_and_cannot_bypass_policies(db: Database) -> None:
    async with db.across() as session:
        role = (
            await session.execute(
                text("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
            )
        ).one()
        owned = (
            await session.execute(text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user"))
        ).scalar_one()
    assert tuple(role) == ("proofroom_app", False, False)
    assert owned == 0


async def test_every_tenant_table_forces_row_security_and_needs_a_workspace(db: Database) -> None:
    async with db.across() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, a.attnotnull FROM pg_class c"
                    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'"
                    " WHERE c.relkind = 'r'"
                )
            )
        ).all()
    assert {row[0] for row in rows} == set(TENANT_TABLES)
    assert all(forced and needed for _, forced, needed in rows)


async def test_without_a_workspace_a_tenant_table_cannot_be_read(db: Database, project: UUID) -> None:
    async with db.across() as session:
        with pytest.raises(ProgrammingError, match="workspace_id is not set"):
            await session.execute(select(func.count()).select_from(Project))


async def test_the_setting_does_not_outlive_its_transaction(
    db: Database, workspace: UUID, project: UUID
) -> None:
    one = Database(db.url, pool_size=1, max_overflow=0)
    try:
        async with one.transaction(workspace) as tx:
            assert (await tx.execute(select(func.count()).select_from(Project))).scalar_one() == 1
        async with one.across() as session:
            with pytest.raises(ProgrammingError, match="workspace_id is not set"):
                await session.execute(select(func.count()).select_from(Project))
    finally:
        await one.dispose()


async def test_another_workspace_sees_nothing_and_changes_nothing(db: Database, project: UUID) -> None:
    other, _ = await make_workspace(db, "Other")
    async with db.transaction(other) as tx:
        assert (await tx.execute(select(Project).where(Project.id == project))).first() is None
        changed = await tx.execute(update(Project).where(Project.id == project).values(name="mine now"))
        assert changed.rowcount == 0  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_row_cannot_point_into_another_workspace(db: Database, project: UUID) -> None:
    other, _ = await make_workspace(db, "Other")
    with pytest.raises(IntegrityError, match="foreign key"):
        async with db.transaction(other) as tx:
            await tx.execute(insert(Basket).values(workspace_id=other, id=new_id(), project_id=project))


async def test_a_row_cannot_be_written_into_another_workspace(
    db: Database, workspace: UUID, project: UUID
) -> None:
    other, _ = await make_workspace(db, "Other")
    with pytest.raises(DBAPIError, match="row-level security"):
        async with db.transaction(other) as tx:
            await tx.execute(
                insert(Source).values(
                    workspace_id=workspace,
                    id=new_id(),
                    project_id=project,
                    title="x",
                    origin="text",
                    status="ready",
                )
            )


# Alembic reads the schema back through SQLAlchemy, which has no name for these.
@pytest.mark.filterwarnings("ignore:Did not recognize type '(xid8|halfvec)")
async def test_migrations_run_up_and_down_and_match_the_models(database: str, db: Database) -> None:
    await db.dispose()
    engine = create_engine(sqlalchemy_url(database))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "compare_type": True,
                    "include_object": lambda o, name, kind, *_: not str(name).startswith("procrastinate"),
                },
            )
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()
    assert migrate(database, "base") is True
    assert current(database) is None
    assert migrate(database) is True
    assert migrate(database) is False


async def test_two_workspaces_have_projects_of_the_same_name(db: Database) -> None:
    first, _ = await make_workspace(db, "First")
    second, _ = await make_workspace(db, "Second")
    assert await make_project(db, first, "Same") != await make_project(db, second, "Same")
