"""The errors a person or a program can meet.

Each error says what happened and to what (`message`), what to do next (`hint`), and carries a stable `code`,
which callers may branch on; the wording may change, the code may not. The class names the family. How a
family maps to HTTP or to an exit code is decided at the edges, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class ProofroomError(Exception):
    """Base of every error that Proofroom raises on purpose.

    `code` is a stable snake_case name. `extra` holds further machine-readable members (JSON values); it is
    read-only and must not contain secrets, because edges show it to the caller.
    """

    code: str
    message: str
    hint: str
    extra: Mapping[str, object]

    def __init__(
        self, code: str, message: str, hint: str = "", *, extra: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint
        self.extra = MappingProxyType(dict(extra or {}))

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process boundaries; a read-only view of a dict does not pickle, the dict does.
        return type(self), self.args, {**self.__dict__, "extra": dict(self.extra)}

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        self.__dict__.update(state or {})
        self.extra = MappingProxyType(dict(self.extra))

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip() + f" [{self.code}]"


class InvalidInput(ProofroomError):
    """The request itself is wrong. `field` is the path of the offending member, such as `config.depth`, if
    there is one.
    """

    field: str | None

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        field: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, hint, extra=extra)
        self.field = field


class NotFound(ProofroomError):
    """The thing does not exist, or the caller may not know that it does."""


class Conflict(ProofroomError):
    """The request was fine but the thing is not in a state that allows it, or somebody else was first."""


class NotAllowed(ProofroomError):
    """The caller is known and may not do this."""


class PreconditionRequired(ProofroomError):
    """The request must name the state it was decided on, such as a packet digest, and did not."""


class Unavailable(ProofroomError):
    """Something Proofroom needs is away for now. `retry_after` is the wait in seconds before trying again is
    sensible.
    """

    retry_after: float | None

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        retry_after: float | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, hint, extra=extra)
        self.retry_after = retry_after


class TooMany(ProofroomError):
    """The caller asks for more at a time than it may. `retry_after` is the wait in seconds before it may again."""

    retry_after: float | None

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        retry_after: float | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, hint, extra=extra)
        self.retry_after = retry_after


class TooLarge(ProofroomError):
    """The input is larger than a limit; `message` names the limit."""


class UnsupportedMedia(ProofroomError):
    """The input is of a kind that cannot be read; `message` says which kinds can."""
