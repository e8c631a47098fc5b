"""The databases of the tests: one for each file, which every test of it finds as the migrations left it."""

import psycopg
from psycopg import sql

from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.tx import libpq_url, new_id

TEMPLATE = "proofroom_template"

CATALOGUES = (
    "pg_class", "pg_attribute", "pg_attrdef", "pg_index", "pg_constraint", "pg_trigger", "pg_policy", "pg_proc",
    "pg_rewrite", "pg_extension", "pg_default_acl", "pg_db_role_setting", "pg_statistic", "pg_largeobject_metadata",
)  # fmt: skip
"""Where a change of a definition shows, and what was learned about the rows, by which queries are planned."""


def database_url(server: EmbeddedPostgres, name: str) -> str:
    head, _, query = server.url().partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


class KeptDatabase:
    """To make a database for each test takes longer than most tests: it is copied, and whoever comes to it first reads
    its catalogues anew. So what a test wrote is deleted after it. A database of which a test changed anything else is
    thrown away, and the next one gets another.
    """

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._admin = psycopg.connect(libpq_url(server.url()), autocommit=True)
        self._name = ""
        self._delete = self._state = b""
        self._as_made: object = None

    def url(self) -> str:
        """The owner's URL."""
        if self._name:
            return database_url(self._server, self._name)
        self._name = f"test_{new_id().hex}"
        # Copying files, the other strategy, waits for two checkpoints: five times as long.
        self._admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(self._name), sql.Identifier(TEMPLATE)
            )
        )
        url = database_url(self._server, self._name)
        # It is left alone while a test runs, which may count who is connected.
        with psycopg.connect(libpq_url(url), autocommit=True) as inside:
            found = inside.execute(
                "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
            ).fetchall()
            tables = [name for (name,) in found]
            filled = [
                name for name in tables if inside.execute(f"SELECT 1 FROM {name} LIMIT 1".encode()).fetchone()
            ]
            self._delete = "; ".join(f"DELETE FROM {name}" for name in tables if name not in filled).encode()
            sums = [
                f"(SELECT (count(*), sum(xmin::text::bigint))::text FROM {name})"
                for name in (*CATALOGUES, *filled)
            ]
            self._state = f"SELECT {', '.join(sums)}".encode()
            self._as_made = inside.execute(self._state).fetchone()
        return url

    def clear(self) -> None:
        """Ends who is still connected and deletes what was written."""
        if not self._name:
            return
        self._admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            (self._name,),
        )
        with psycopg.connect(libpq_url(database_url(self._server, self._name)), autocommit=True) as inside:
            whole = inside.execute(self._state).fetchone() == self._as_made
            if whole:
                # So nothing that refers to a row or watches over it has a say in what is deleted.
                inside.execute("SET session_replication_role = replica")
                inside.execute(self._delete)
        if not whole:
            self.throw_away()

    def throw_away(self) -> None:
        if self._name:
            self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._name)))
            self._name = ""

    def close(self) -> None:
        self.throw_away()
        self._admin.close()
