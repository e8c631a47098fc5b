"""What the command line says: text without escape sequences, one JSON document, errors, progress."""

import io
import json
import os
import re
import sys
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from proofroom.domain.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    ProofroomError,
    TooLarge,
    UnsupportedMedia,
)

DONE, FAILED, WRONG_USE, NOT_FOUND, CONFLICT, NOT_ALLOWED = range(6)
"""Exit codes."""

NOT_AUTHENTICATED = "not_authenticated"

_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # part of words in several scripts, and harmless
_ESCAPE = re.compile("[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def safe(text: object) -> str:
    """Text that a terminal only shows: no control, escape or direction characters. Tabs become spaces.

    Line breaks stay; everything else that is invisible is left out, so what is read is what is there.
    """
    plain = str(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    if plain.isascii() and plain.replace("\n", "").isprintable():
        return plain
    return "".join(c for c in plain if c == "\n" or c in _JOINERS or unicodedata.category(c) not in _UNSAFE)


def one_line(text: object, width: int | None = None) -> str:
    """`safe`, on one line, cut to `width` characters."""
    line = " ".join(safe(text).split())
    return line if width is None or len(line) <= width else line[: width - 1].rstrip() + "…"


def many(count: int, noun: str) -> str:
    """A count with its noun: "1 page", "12 pages"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def exit_code(error: ProofroomError) -> int:
    """The exit code of a family of errors."""
    match error:
        case InvalidInput() | TooLarge() | UnsupportedMedia():
            return WRONG_USE
        case NotFound():
            return NOT_FOUND
        case Conflict() | PreconditionRequired():
            return CONFLICT
        case NotAllowed():
            return NOT_ALLOWED
        case _:
            return NOT_ALLOWED if error.code == NOT_AUTHENTICATED else FAILED


@dataclass(frozen=True, slots=True)
class Out:
    """`json`: exactly one document goes to stdout and nothing else; the rest is said on stderr."""

    json: bool
    console: Console
    errors: Console

    def line(self, text: object = "", style: str = "", *, indent: int = 0) -> None:
        """A line for people; nothing with --json. The text is made safe here."""
        if self.json:
            return
        if self.console.is_terminal and indent:
            shown = Padding(Text(safe(text), style=style), (0, 0, 0, indent), expand=False)
            self.console.print(shown)
        else:
            self.console.print(_indented(text, style, indent), soft_wrap=not self.console.is_terminal)

    def note(self, text: object, style: str = "") -> None:
        """Something said beside the result, on stderr."""
        self.errors.print(_indented(text, style, 0), soft_wrap=not self.errors.is_terminal)

    def document(self, value: Any) -> None:
        """The JSON document of a command; nothing without --json."""
        if self.json:
            print_json(value)

    @contextmanager
    def progress(self, label: str, total: int | None = None) -> Generator["Steps"]:
        """A bar on a terminal, plain lines where stderr is none."""
        if not self.errors.is_terminal:
            yield Steps(self, None, None)
            return
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}", markup=False), TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self.errors, transient=True) as bar:
            task = bar.add_task(one_line(label, 60), total=total, count="")
            yield Steps(self, bar, task)


MANY = 100
"""Steps of which not each is said on a line of its own."""


@dataclass(slots=True)
class Steps:
    """The progress of one piece of long work. Of many steps, lines say each tenth part only."""

    out: Out
    bar: Progress | None
    task: TaskID | None
    _tenth: int = -1

    def at(self, done: int, total: int, label: str) -> None:
        """So many of so many are done."""
        if self.bar is not None and self.task is not None:
            count = f"{done}/{total}" if total else ""
            self.bar.update(
                self.task, completed=done, total=total or None, description=one_line(label, 60), count=count
            )
        elif total and (total <= MANY or 10 * done // total != self._tenth):
            self._tenth = 10 * done // total
            self.out.note(f"  {done}/{total} {one_line(label, 100)}")

    def say(self, text: object, style: str = "") -> None:
        """A line that stays above the bar."""
        self.out.note(text, style)


def make_out(as_json: bool) -> Out:
    """Consoles that read no markup, emoji codes or highlighting into what they print."""
    plain: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 still shows something
    return Out(as_json, Console(**plain), Console(stderr=True, **plain))


def print_json(value: Any) -> None:
    """One JSON document on stdout. What a terminal would obey is written as JSON escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write(_ESCAPE.sub(lambda m: f"\\u{ord(m.group()):04x}", text) + "\n")
    sys.stdout.flush()


def show_error(
    out: Out, code: str, message: str, hint: str = "", field: str | None = None, **more: Any
) -> None:
    """What happened, to what, what to do, and the code: a block on stderr, or the document with --json."""
    if out.json:
        print_json({"error": {"code": code, "message": message, "hint": hint, "field": field, **more}})
        return
    block = Text()
    block.append("Error: ", style="bold red")
    block.append(safe(message).strip())
    if hint:
        block.append("\n  " + safe(hint).strip().replace("\n", "\n  "))
    where = f", at {one_line(field, 120)}" if field else ""
    block.append(f"\n  [{one_line(code, 80)}{where}]", style="dim")
    out.errors.print(block, soft_wrap=not out.errors.is_terminal)


def report(out: Out, error: ProofroomError) -> int:
    """Says an error of ours and answers its exit code."""
    field = error.field if isinstance(error, InvalidInput) else None
    show_error(out, error.code, error.message, error.hint, field, **dict(error.extra))
    return exit_code(error)


def can_ask() -> bool:
    """Whether a person is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _indented(text: object, style: str, indent: int) -> Text:
    pad = " " * indent
    return Text("\n".join(pad + line if line else line for line in safe(text).split("\n")), style=style)
