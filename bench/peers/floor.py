"""The floor: bare psycopg on eight connections, as many commits a lifecycle as ours may make, each one statement that
changes the session's row and adds an event. No queue, no checks, nobody who waits.
"""

import asyncio
import sys
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent))
from common import AT_ONCE, WRITE, arguments, artifact, make_tables, measure, run

MORE = """
    CREATE TABLE IF NOT EXISTS sessions (id text PRIMARY KEY, status text NOT NULL, version int NOT NULL);
    CREATE TABLE IF NOT EXISTS events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session_id text NOT NULL, seq int NOT NULL,
        type text NOT NULL, data jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now(), UNIQUE (session_id, seq));
"""
STEP = """
    WITH own AS (UPDATE sessions SET status = 'in_progress', version = version + 1 WHERE id = %s RETURNING id, version)
    INSERT INTO events (session_id, seq, type, data) SELECT id, version, 'progress', '{"done": 1, "total": 5}' FROM own
"""


async def main() -> None:
    given = arguments()
    make_tables(given.url, MORE)
    free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()
    for _ in range(AT_ONCE):
        free.put_nowait(await psycopg.AsyncConnection.connect(given.url, autocommit=True))

    async def one(session: str) -> None:
        connection = await free.get()
        await connection.execute("INSERT INTO sessions VALUES (%s, 'queued', 0)", (session,))
        await connection.execute(WRITE, artifact(session))
        for _ in range(given.commits - 2):
            await connection.execute(STEP, (session,))
        free.put_nowait(connection)

    await measure(given, one, "psycopg")


run(main())
