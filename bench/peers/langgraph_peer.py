"""LangGraph with its PostgreSQL saver: five nodes, one interrupt and its resume; everything in one process, the driver
too. Its usual durability ("async"): a step's checkpoint is written while the next one runs.
"""

import sys
from pathlib import Path
from typing import TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

sys.path.insert(0, str(Path(__file__).parent))
from common import CLAIM, WRITE, arguments, artifact, make_tables, measure, run


class State(TypedDict, total=False):
    session: str
    done: int
    finding: str
    approved: bool


async def main() -> None:
    given = arguments()
    make_tables(given.url)
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(given.url, min_size=8, max_size=16, kwargs=settings) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()

        async def first(_: State) -> State:
            return {"done": 1}

        async def second(_: State) -> State:
            return {"done": 2}

        async def write(state: State) -> State:
            async with pool.connection() as connection:
                await connection.execute(WRITE, artifact(state["session"]))
            return {"done": 3, "finding": CLAIM}

        async def review(_: State) -> State:
            return {"done": 4, "approved": bool(interrupt({"finding": CLAIM}))}

        async def last(_: State) -> State:
            return {"done": 5}

        graph = StateGraph(State)
        nodes = {"first": first, "second": second, "write": write, "review": review, "last": last}
        before = START
        for name, node in nodes.items():
            graph.add_node(name, node)
            graph.add_edge(before, name)
            before = name
        graph.add_edge(before, END)
        app = graph.compile(checkpointer=saver)

        async def one(session: str) -> None:
            config = {"configurable": {"thread_id": session}}
            stopped = await app.ainvoke({"session": session}, config)
            assert stopped["__interrupt__"]
            end = await app.ainvoke(Command(resume=True), config)
            assert end["done"] == 5
            assert end["approved"]

        await measure(given, one, "langgraph", "langgraph-checkpoint-postgres")


run(main())
