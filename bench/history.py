"""Many work sessions at once: real ones, written again by SQL with ids and times of their own.

A session that really ran is the pattern. Its rows in every table are copied; ids in columns are replaced, what stands
inside JSON (packets, envelopes) is the pattern's. So nothing of a copy can be signed, but it is as large as a real one.
"""

from __future__ import annotations

import time
from uuid import UUID

import psycopg
from ground import libpq

TABLES = (
    "work_sessions",
    "work_checkpoints",
    "work_artifacts",
    "artifact_versions",
    "context_envelopes",
    "work_events",
    "audit_entries",
    "tool_calls",
    "work_triggers",
    "session_figures",
    "checkpoint_figures",
)
PORTION = 5_000


def copy_sessions(url: str, pattern: UUID, n: int, *, projects: list[UUID], days: float) -> float:
    """`n` copies spread over these projects and the last `days`; answers the seconds it took. `url` is the owner's."""
    began = time.perf_counter()
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # the pattern's references hold
        own = [
            row[0]
            for table in TABLES
            if "id" in _columns(connection, table) and table != "work_events"
            for row in connection.execute(
                f"SELECT id FROM {table} WHERE {_own(table)} = %s".encode(), (pattern,)
            )
        ]
        for at in range(0, n, PORTION):
            with connection.transaction():
                connection.execute(
                    """
                    CREATE TEMP TABLE copies ON COMMIT DROP AS
                    SELECT c.n, make_interval(secs => %(seconds)s * (%(all)s - c.n) / %(all)s) AS ago,
                      uuidv7(make_interval(secs => -%(seconds)s * (%(all)s - c.n) / %(all)s)) AS session_id,
                      (%(projects)s::uuid[])[1 + c.n %% %(of)s] AS project_id
                    FROM generate_series(%(first)s::int, %(last)s::int) c (n)
                    """,
                    {
                        "seconds": days * 86_400.0, "all": n, "projects": projects, "of": len(projects),
                        "first": at + 1, "last": min(at + PORTION, n),
                    },
                )  # fmt: skip
                for table in TABLES:
                    columns = _columns(connection, table)
                    values = ", ".join(_value(table, name, kind) for name, kind in columns.items())
                    connection.execute(
                        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t, copies c"
                        f" WHERE t.{_own(table)} = %(pattern)s ORDER BY c.n".encode(),
                        {"pattern": pattern, "own": own},
                    )
    return time.perf_counter() - began


def _own(table: str) -> str:
    return "id" if table == "work_sessions" else "session_id"


def _columns(connection: psycopg.Connection, table: str) -> dict[str, str]:
    """Name to type, without what the database gives by itself."""
    return dict(
        connection.execute(
            """
            SELECT column_name, udt_name FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = %s AND is_identity = 'NO' AND udt_name <> 'xid8'
            ORDER BY ordinal_position
            """,
            (table,),
        ).fetchall()
    )


def _value(table: str, name: str, kind: str) -> str:
    if name == "project_id":
        return "c.project_id"
    if name == _own(table):
        return "c.session_id"
    if name in ("title", "task_description") and table == "work_sessions":
        return f"t.{name} || ' ' || c.n"
    if kind == "uuid":
        # The same moment as the session's id, so that these ids sort by time, too.
        new = f"(left(c.session_id::text, 13) || substr(md5(t.{name}::text || c.n)::uuid::text, 14))::uuid"
        return f"CASE WHEN t.{name} = ANY(%(own)s) THEN {new} ELSE t.{name} END"
    if kind == "timestamptz":
        return f"t.{name} - c.ago"
    return f"t.{name}"
