"""DBOS: a workflow of five steps that waits for a message before the fifth; all in one process, the driver too."""

import sys
from pathlib import Path

from dbos import DBOS, DBOSConfig, SetWorkflowID
from psycopg_pool import AsyncConnectionPool

sys.path.insert(0, str(Path(__file__).parent))
from common import AT_ONCE, WRITE, arguments, artifact, make_tables, measure, run


async def main() -> None:
    given = arguments()
    make_tables(given.url)
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": given.url,
        "run_admin_server": False,
        "log_level": "ERROR",
        "sys_db_pool_size": 16,
    }
    DBOS(config=config)
    async with AsyncConnectionPool(given.url, min_size=4, max_size=AT_ONCE) as pool:

        @DBOS.step()
        async def small(n: int) -> int:
            return n

        @DBOS.step()
        async def write(session: str) -> None:
            async with pool.connection() as connection:
                await connection.execute(WRITE, artifact(session))

        @DBOS.workflow()
        async def work(session: str) -> bool:
            await small(1)
            await small(2)
            await write(session)
            await small(4)
            await DBOS.set_event_async("waiting", True)
            approved = await DBOS.recv_async("approve", timeout_seconds=60)
            await small(5)
            return bool(approved)

        DBOS.launch()

        async def one(session: str) -> None:
            with SetWorkflowID(session):
                handle = await DBOS.start_workflow_async(work, session)
            assert await DBOS.get_event_async(session, "waiting", timeout_seconds=60)
            await DBOS.send_async(session, True, "approve")
            assert await handle.get_result()

        try:
            await measure(given, one, "dbos")
        finally:
            DBOS.destroy()


run(main())
