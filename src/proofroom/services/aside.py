"""Work on large packets beside the event loop; on a small one a thread costs more than it saves."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MANY_CLAIMS = 50
"""From so many claims on, a digest of the packet may take a millisecond."""


async def aside(packet: Mapping[str, Any], work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What `work` answers or raises, done in a thread when the packet that it is about is large."""
    claims = sum(len(a.get("claims", ())) for a in packet.get("artifacts", ()))
    if claims < MANY_CLAIMS:
        return work(*given, **named)
    return await asyncio.to_thread(work, *given, **named)
