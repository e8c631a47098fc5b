"""The real application on the embedded database; the worker is the test itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from proofroom.api.app import create_app
from proofroom.api.sse import LiveEvents
from proofroom.bootstrap import make_catalog
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.tx import Database, libpq_url
from proofroom.engine.parts import Parts
from proofroom.services.access import Actor
from proofroom.settings import Settings
from tests.integration.api.support import Api, World
from tests.integration.databases import TEMPLATE, database_url


@pytest.fixture(scope="session")
def database(server: EmbeddedPostgres) -> str:
    """One database for all of these tests, each with a workspace of its own in it; it goes with its server."""
    with psycopg.connect(libpq_url(server.url()), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE api_tests TEMPLATE {TEMPLATE}")
    return database_url(server, "api_tests")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (tmp_path / "deliveries").mkdir()
    return Settings(
        data_dir=tmp_path, script_dir=scripts, delivery_root=tmp_path / "deliveries", max_upload_mb=1
    )


@pytest_asyncio.fixture
async def world(db: Database, member: tuple[UUID, UUID], settings: Settings) -> AsyncIterator[World]:
    parts = Parts(db=db, catalog=make_catalog(settings, db), owner="test")
    actor = Actor(*member, "Reviewer", "admin", via="local")
    live = LiveEvents(db, heartbeat_seconds=0.5, reread_seconds=0.5)
    app = create_app(parts, settings, local_actor=actor, live=live)
    api = Api(app)
    await live.start()
    try:
        assert settings.script_dir is not None
        yield World(app, api, parts, actor, settings.script_dir)
    finally:
        await api.http.aclose()
        await live.stop()
