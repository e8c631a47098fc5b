"""Work on large packets beside the event loop; on a small one a thread costs more than it saves."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

MANY_CLAIMS = 50
"""From so many claims on, a digest of the packet may take a millisecond."""


async def aside(packet: Mapping[str, Any], work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What `work` answers or raises, done in a thread when the packet that it is about is large."""
    if _is_large(packet):
        return await asyncio.to_thread(work, *given, **named)
    return work(*given, **named)


def _is_large(packet: Mapping[str, Any]) -> bool:
    """A row that somebody rewrote may hold anything; what is no packet is small, and refused elsewhere."""
    artifacts: Any = packet.get("artifacts", ())
    if not isinstance(artifacts, list):
        return False
    claims: list[Any] = [
        cast("Mapping[str, Any]", a).get("claims")
        for a in cast("list[Any]", artifacts)
        if isinstance(a, Mapping)
    ]
    return sum(len(cast("list[Any]", c)) for c in claims if isinstance(c, list)) >= MANY_CLAIMS
