"""The same database and rooms as the integration tests; the seed is printed by `python3 dev.py faults`."""

import os
import random

import pytest

from tests.integration.conftest import database, db, kept_database, member, project, room, server, workspace

__all__ = ["database", "db", "kept_database", "member", "project", "room", "server", "workspace"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many programs start here, one after the other: how long each may take is not what is tested."""
    monkeypatch.setattr("tests.integration.test_kill9.PATIENCE", 240.0)


@pytest.fixture
def chance() -> random.Random:
    return random.Random(int(os.environ.get("PROOFROOM_FAULT_SEED", "1")))
