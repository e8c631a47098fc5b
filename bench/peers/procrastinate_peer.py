"""Bare Procrastinate: a job a step, each of which defers the next; a worker process beside the driver's. The row of the
session waits for a person after the fourth step; the driver then defers the fifth.
"""

import asyncio
import sys
from pathlib import Path

import procrastinate
import psycopg
from psycopg_pool import AsyncConnectionPool

sys.path.insert(0, str(Path(__file__).parent))
from common import AT_ONCE, WRITE, arguments, artifact, make_tables, measure, run

MORE = """
    CREATE TABLE IF NOT EXISTS sessions (id text PRIMARY KEY, status text NOT NULL, done int NOT NULL);
"""
STEP = "UPDATE sessions SET status = %s, done = %s WHERE id = %s"
TELL = "SELECT pg_notify('bench', %s)"


def make_app(url: str) -> procrastinate.App:
    return procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=url, min_size=4, max_size=AT_ONCE + 4)
    )


async def work(url: str) -> None:
    app = make_app(url)
    async with AsyncConnectionPool(url, min_size=4, max_size=AT_ONCE) as pool:

        @app.task(name="step")
        async def step(session: str, n: int) -> None:
            async with pool.connection() as connection:  # the step and the next job commit together
                if n == 3:
                    await connection.execute(WRITE, artifact(session))
                status = {4: "waiting", 5: "completed"}.get(n, "running")
                await connection.execute(STEP, (status, n, session))
                if n in (4, 5):
                    await connection.execute(TELL, (f"{session} {n}",))
                else:
                    await step.configure(connection=connection).defer_async(session=session, n=n + 1)

        async with app.open_async():
            print("ready", flush=True)
            await app.run_worker_async(
                concurrency=AT_ONCE, delete_jobs="always", install_signal_handlers=False
            )


async def drive() -> None:
    given = arguments()
    make_tables(given.url, MORE)
    with psycopg.connect(given.url) as connection:
        known = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
    assert known is not None
    app = make_app(given.url)
    told: dict[str, asyncio.Future[None]] = {}

    async def listen() -> None:
        async with await psycopg.AsyncConnection.connect(given.url, autocommit=True) as line:
            await line.execute("LISTEN bench")
            async for notice in line.notifies():
                told[notice.payload].set_result(None)

    async with app.open_async(), AsyncConnectionPool(given.url, min_size=4, max_size=AT_ONCE) as pool:
        if known[0] is None:
            await app.schema_manager.apply_schema_async()
        worker = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--work", given.url, stdout=asyncio.subprocess.PIPE
        )
        assert worker.stdout is not None
        await worker.stdout.readline()
        listening = asyncio.create_task(listen())
        loop = asyncio.get_running_loop()

        async def one(session: str) -> None:
            waits, ends = (told.setdefault(f"{session} {n}", loop.create_future()) for n in (4, 5))
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO sessions VALUES (%s, 'queued', 0)", (session,))
                await step_of(connection).defer_async(session=session, n=1)
            await asyncio.wait_for(waits, 60)
            async with pool.connection() as connection:
                await connection.execute(STEP, ("queued", 4, session))
                await step_of(connection).defer_async(session=session, n=5)
            await asyncio.wait_for(ends, 60)

        def step_of(connection: psycopg.AsyncConnection) -> procrastinate.jobs.JobDeferrer:
            return app.configure_task("step", connection=connection)

        try:
            await asyncio.sleep(1)
            await measure(given, one, "procrastinate", worker=worker.pid)
        finally:
            listening.cancel()
            worker.kill()
            await worker.wait()


run(work(sys.argv[2]) if sys.argv[1] == "--work" else drive())
