"""An effect on the outside world, as it is handed to whatever makes effects of its kind.

A kind is one function, `Sender`. It makes the effect of which it is told, and makes no other when it is told again
with the same `idempotency_key`: a worker may die after the effect and before its record.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Effect:
    """`target` is what the signed packet names; `files` what it releases, by file name; `attempt` counts from 1."""

    kind: str
    target: Mapping[str, Any]
    idempotency_key: str
    attempt: int
    session_id: UUID
    title: str
    packet_digest: str
    files: Mapping[str, bytes]


class NotSent(Exception):
    """The effect was not made. With `for_good` no further try would help.

    `code` is stable and listed with the errors; `message` says what happened, to what, and what to do.
    """

    def __init__(self, code: str, message: str, *, for_good: bool = False) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.for_good = for_good


Sender = Callable[[Effect], Awaitable[Sequence[str]]]
"""Makes the effect and answers what it made, by name. Raises NotSent; anything else it raises is tried again."""
