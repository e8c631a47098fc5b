"""`approve --digest` on the command line, after each kind of change: nothing that changed is signed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
import pytest
from psycopg import sql

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.tx import libpq_url
from tests.integration.cli import Cli, running_database

CHANGES = {
    "text": "UPDATE artifact_versions SET document = replace(document::text, 'hall', 'cellar')::jsonb",
    "its title": "UPDATE artifact_versions SET title = title || '!'",
    "what it is meant for": "UPDATE artifact_versions SET high_impact = 'public'",
    "a passage": "UPDATE blocks SET text = text || ' It was red.'",
    "a source's title": "UPDATE sources SET title = title || '!'",
    "the task": "UPDATE work_sessions SET task_description = task_description || '!'",
    "the strategy": "UPDATE work_sessions SET approval_strategy = 'auto_approve_low_risk'",
    "where it goes": 'UPDATE work_sessions SET deliver_to = \'[{"kind": "folder", "path": "/tmp/elsewhere"}]\'',
    "the envelope": "UPDATE context_envelopes SET body = body || '!'",
    "a reason": "UPDATE work_checkpoints SET reasons = ARRAY['final', 'conflict'] WHERE status = 'pending_review'",
}


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    cli = Cli(tmp_path / "work", tmp_path / "data", {})
    cli.write("a.md", "# Lamps\n\nThe green lamp stands in the hall. It was bought in 1998.\n")
    with running_database(cli.data):
        yield cli


def test_approve_with_the_digest_of_an_earlier_look_signs_nothing(cli: Cli) -> None:
    cli.json("work", "research", "Where is the green lamp?", "--from", "a.md")
    seen = cli.json("review", "last")
    server = EmbeddedPostgres.start(cli.data)  # the one that is up
    try:
        _each_change_is_seen(cli, server, seen)
    finally:
        server.stop()
    assert cli.json("show", "last")["session"]["status"] == "pending_review"


def _each_change_is_seen(cli: Cli, server: EmbeddedPostgres, seen: Any) -> None:
    with psycopg.connect(libpq_url(server.url()), autocommit=True) as connection:
        for what, change in CHANGES.items():
            connection.execute(sql.SQL(cast(LiteralString, change)))
            stale = cli("approve", "last", "--digest", seen["packet_digest"], "--yes", "--json")
            assert (stale.code, stale.json["error"]["code"]) == (4, "stale_packet"), what
            now = stale.json["error"]["checkpoint"]
            assert now["packet_digest"] != seen["packet_digest"], what
            seen = now
        connection.execute("UPDATE work_checkpoints SET packet = jsonb_set(packet, '{task}', '\"x\"')")
        altered = cli("approve", "last", "--digest", seen["packet_digest"], "--yes", "--json")
        assert (altered.code, altered.json["error"]["code"]) == (4, "packet_altered")
