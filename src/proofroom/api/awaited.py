"""Work for an answer that takes long, and is not done for nobody."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")

NOBODY_READS = 499
"""Nobody sees this status but who looks at the figures of requests; other servers use the same for it."""


async def awaited(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` answers or raises. Where the caller goes away first it is cancelled, and the answer is None."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else leaving.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    """Returns when the caller has gone away; a body is passed over. Raises what is wrong with that."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
