"""Log lines that say which request, workspace, session and leg they belong to, and that give no secret away."""

import json
import logging
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]

_ids: ContextVar[Mapping[str, str]] = ContextVar("proofroom_log_ids")

_NONE: Mapping[str, str] = {}
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(pk_|sk-)[A-Za-z0-9_-]{8,}"), r"\1•••"),
    (re.compile(r"(?i)\b(bearer|basic) [A-Za-z0-9._~+/=-]{8,}"), r"\1 •••"),
    (re.compile(r"(://[^\s:/@]{0,200}):[^\s/@]{1,500}@"), r"\1:•••@"),
    (re.compile(r"(?i)\b(password|passwd|api[_-]?key|secret|token)(\s?[=:]\s?)[^\s,;&]{1,500}"), r"\1\2•••"),
    # What PostgreSQL says of the row or the value that it refused, which may be somebody's text of many lines: it goes
    # on to the error's next part, or to what Python says of errors.
    (
        re.compile(
            r"(?ms)^(\s{0,20}DETAIL:).*?"
            r"(?=\n(?:HINT: |CONTEXT: |QUERY: |\(Background on |Traceback |The above exception |During handling )|\Z)"
        ),
        r"\1 left out",
    ),
    (re.compile(r"(?m)^(\s{0,20}CONTEXT:\s{1,4}JSON data)[^\n]*"), r"\1 left out"),
    (re.compile(r'(?ms)(\binvalid input syntax for type [a-z ]{1,30}: ").*?("$)'), r"\1•••\2"),
)


def ids() -> Mapping[str, str]:
    """What the lines written from here belong to: `request_id`, `workspace_id`, `session_id`, `leg`, `job`."""
    return _ids.get(_NONE)


@contextmanager
def bound(**more: object) -> Generator[None]:
    """Lines written inside, and by tasks begun inside, belong to these too."""
    before = _ids.set({**ids(), **_texts(more)})
    try:
        yield
    finally:
        _ids.reset(before)


def bind(**more: object) -> None:
    """The same for the rest of the task that says it."""
    _ids.set({**ids(), **_texts(more)})


def _texts(more: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in more.items()}


def without_secrets(text: str) -> str:
    """The text with keys, passwords and refused rows left out."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class Lines(logging.Formatter):
    """`15:04:05 WARNING proofroom.engine.leg: … [session_id=… leg=2]`. `safe` keeps a terminal from being driven."""

    def __init__(self, safe: Callable[[str], str] = str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self._safe = safe

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        said = super().formatMessage(record)
        belongs = " ".join(f"{name}={value}" for name, value in ids().items())
        return f"{said} [{belongs}]" if belongs else said

    def format(self, record: logging.LogRecord) -> str:
        return self._safe(without_secrets(super().format(record)))


class JsonLines(logging.Formatter):
    """One JSON object a line: `at` (RFC 3339, UTC), `level`, `logger`, `message`, the ids, and `error` if any."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, str] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            **ids(),
        }
        if record.exc_info:
            said["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=True)


def formatter(kind: Format, safe: Callable[[str], str] = str) -> logging.Formatter:
    return JsonLines() if kind == "json" else Lines(safe)
