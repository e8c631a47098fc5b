"""A real embedded PostgreSQL for the whole run; every file has a database, copied from a migrated one."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import insert

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import Basket, Member, Project, Workspace
from proofroom.db.tx import Database, libpq_url, new_id
from tests.integration.databases import TEMPLATE, KeptDatabase, database_url
from tests.integration.rooms import Room, make_room


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    # Not under pytest's own folder: every pytest that starts takes other users' way through it, and as root the
    # server runs as a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="proofroom-tests-"))
    server = EmbeddedPostgres.start(folder)
    try:
        with psycopg.connect(libpq_url(server.url()), autocommit=True) as connection:
            # Hundreds of databases come and go here; what must survive a crash is tested with servers of its own.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        migrate(database_url(server, TEMPLATE))
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def kept_database(server: EmbeddedPostgres) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(server)
    try:
        yield kept
    finally:
        kept.close()


@pytest.fixture
def database(kept_database: KeptDatabase) -> Iterator[str]:
    """The owner's URL of a migrated database without a row."""
    try:
        yield kept_database.url()
    finally:
        kept_database.clear()


@pytest_asyncio.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    try:
        yield db
    finally:
        await db.dispose()


async def make_workspace(db: Database, name: str = "Test") -> tuple[UUID, UUID]:
    """A workspace with one admin: (workspace id, member id)."""
    workspace_id, member_id = new_id(), new_id()
    async with db.transaction(workspace_id) as tx:
        await tx.execute(insert(Workspace).values(id=workspace_id, name=name))
        await tx.execute(
            insert(Member).values(workspace_id=workspace_id, id=member_id, name="Reviewer", role="admin")
        )
    return workspace_id, member_id


async def make_project(db: Database, workspace_id: UUID, name: str = "Project") -> UUID:
    project_id = new_id()
    async with db.transaction(workspace_id) as tx:
        await tx.execute(insert(Project).values(workspace_id=workspace_id, id=project_id, name=name))
        await tx.execute(insert(Basket).values(workspace_id=workspace_id, id=new_id(), project_id=project_id))
    return project_id


@pytest_asyncio.fixture
async def member(db: Database) -> tuple[UUID, UUID]:
    """(workspace id, member id)"""
    return await make_workspace(db)


@pytest.fixture
def workspace(member: tuple[UUID, UUID]) -> UUID:
    return member[0]


@pytest_asyncio.fixture
async def project(db: Database, workspace: UUID) -> UUID:
    return await make_project(db, workspace)


@pytest_asyncio.fixture
async def room(db: Database, member: tuple[UUID, UUID], project: UUID, tmp_path: Path) -> Room:
    """A project with one captured source and a folder of scripts."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    room = make_room(db, *member, project, folder)
    await room.add()
    return room
