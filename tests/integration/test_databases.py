"""What the other tests rest on: each finds its database as the migrations left it, whatever the one before did."""

import psycopg

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.tx import libpq_url
from tests.integration.databases import KeptDatabase

ADD = "INSERT INTO workspaces (id, name) VALUES (gen_random_uuid(), 'One')"


def rows(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM workspaces").fetchone() or (None,)
        assert count is not None
        return count


def test_what_was_written_is_gone_and_who_stayed_is_sent_away(server: EmbeddedPostgres) -> None:
    kept = KeptDatabase(server)
    try:
        url = kept.url()
        with psycopg.connect(libpq_url(url), autocommit=True) as stays:
            stays.execute(ADD)
            assert rows(url) == 1
            kept.clear()
            assert stays.closed or not _answers(stays)
        assert kept.url() == url
        assert rows(url) == 0
    finally:
        kept.close()


def test_a_database_with_other_definitions_or_statistics_is_thrown_away(server: EmbeddedPostgres) -> None:
    kept = KeptDatabase(server)
    try:
        for change in (
            "ALTER TABLE workspaces ADD COLUMN more text",
            "ANALYZE workspaces",
            "TRUNCATE workspaces CASCADE",
        ):
            before = kept.url()
            with psycopg.connect(libpq_url(before), autocommit=True) as connection:
                connection.execute(ADD)
                connection.execute(change.encode())
            kept.clear()
            assert kept.url() != before, change
            assert rows(kept.url()) == 0
    finally:
        kept.close()


def _answers(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
