"""From what people name with --from to captured sources: files, folders and URLs."""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from proofroom.bootstrap import Program
from proofroom.cli.output import Out, one_line
from proofroom.db.sources import SourceRow
from proofroom.domain.errors import InvalidInput, ProofroomError, Unavailable
from proofroom.services import sources
from proofroom.substrate import capture
from proofroom.substrate.parsers.sniff import READABLE

TYPES = frozenset(
    "md markdown mdown mkd txt text rst adoc html htm xhtml pdf csv tsv tab docx docm dotx pptx pptm ppsx xlsx xlsm"
    " xltx eml".split()
)  # what is taken from a folder; a file that is named itself is always tried
MAX_FILES = 1_000
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to capture: a file or a URL. `title` is set where the file's name would not tell it apart."""

    name: str
    path: Path | None = None
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """`skipped`: files of folders that are of no kind that can be read, and the draft, if it lies among them."""

    items: Sequence[Item]
    skipped: Sequence[str] = ()
    draft: bool = False


@dataclass(slots=True)
class Captured:
    """Sources in the order they were named, what could not even be added: (name, error), and what has the bytes of
    another that was named: (name, name of the other).
    """

    rows: list[SourceRow] = field(default_factory=list[SourceRow])
    again: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refused: list[tuple[str, ProofroomError]] = field(default_factory=list[tuple[str, ProofroomError]])

    @property
    def ready(self) -> list[SourceRow]:
        return [r for r in self.rows if r.status == "ready"]

    def problems(self) -> list[dict[str, str]]:
        """{name, code, message, hint} of everything that is not ready."""
        found = [
            {"name": name, "code": e.code, "message": e.message, "hint": e.hint} for name, e in self.refused
        ]
        for row in self.rows:
            if row.status != "ready":
                why = row.failure or {"code": "not_captured", "message": "It was not captured.", "hint": ""}
                found.append(
                    {"name": row.title, **{k: str(why.get(k, "")) for k in ("code", "message", "hint")}}
                )
        return found


def is_url(given: str) -> bool:
    return given.lower().startswith(("http://", "https://"))


def gather(given: Sequence[str], *, field: str = "--from", leave_out: Path | None = None) -> Gathered:
    """The files and URLs behind what was named; folders with all that can be read in them, nothing hidden.

    `leave_out`: a file that is no source although a folder holds it.

    Raises InvalidInput: `path_not_found`, `not_a_file`, `no_files`, `too_many_files`.
    """
    items: dict[str, Item] = {}
    skipped: list[str] = []
    for one in given:
        if is_url(one):
            items.setdefault(one, Item(one, url=one))
            continue
        path = Path(one).expanduser()
        try:
            if path.is_dir():
                found, others = _folder(path, field)
                skipped.extend(others)
            elif path.is_file():
                found = [path]
            elif path.exists():
                raise InvalidInput(
                    "not_a_file", f"{one} is neither a file nor a folder.", "Name one.", field=field
                )
            else:
                raise InvalidInput(
                    "path_not_found",
                    f"There is no {one}.",
                    hint="Name a file, a folder or a URL that begins with http:// or https://.",
                    field=field,
                )
        except OSError as error:
            raise unreadable(one, error, field) from error
        for file in found:
            if leave_out is not None and file.samefile(leave_out):
                skipped.append(str(file))
            else:
                items.setdefault(os.path.realpath(file), Item(str(file), path=file))
    names = Counter(i.path.name for i in items.values() if i.path is not None)
    told_apart = [
        Item(i.name, i.path, i.url, title=i.name) if i.path is not None and names[i.path.name] > 1 else i
        for i in items.values()
    ]
    if given and not told_apart:
        raise InvalidInput("no_files", "Only the draft itself was found.", "Name its sources.", field=field)
    return Gathered(told_apart, skipped, leave_out is not None)


def unreadable(name: str, error: OSError, field: str) -> InvalidInput:
    """The error for a path that the system refuses."""
    return InvalidInput(
        "path_unreadable",
        f"{name} cannot be read: {error.strerror or error}.",
        hint="Check the name and the rights of your user.",
        field=field,
    )


def _folder(folder: Path, field: str) -> tuple[list[Path], list[str]]:
    found: list[Path] = []
    skipped: list[str] = []
    for root, folders, files in os.walk(folder):  # links to folders are not followed: they can go in circles
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            path = Path(root) / name
            if path.suffix.lstrip(".").lower() in TYPES:
                found.append(path)
            else:
                skipped.append(str(path))
            if len(found) > MAX_FILES:
                raise InvalidInput(
                    "too_many_files",
                    f"{folder} holds more than {MAX_FILES:,} readable files.",
                    hint="Name the folders or files that matter.",
                    field=field,
                )
    if not found:
        raise InvalidInput(
            "no_files",
            f"{folder} holds no file that can be read"
            + (f" ({len(skipped)} of other kinds)." if skipped else "; it is empty."),
            hint=READABLE,
            field=field,
        )
    return found, skipped


async def capture_all(
    program: Program, out: Out, project_id: UUID, gathered: Gathered, *, title: str | None = None
) -> Captured:
    """Adds and captures everything, two at a time, with progress. What fails is kept and said, not raised.

    Raises Unavailable when the database is away.
    """
    items = gathered.items
    if gathered.skipped:
        shown = ", ".join(one_line(Path(s).name, 40) for s in gathered.skipped[:3])
        more = len(gathered.skipped) - 3
        why = (
            "the draft itself, or of a kind that is not read"
            if gathered.draft
            else "of a kind that is not read"
        )
        out.note(
            f"Left out ({why}): {shown}" + (f" and {more} more" if more > 0 else "") + ".",
            "yellow",
        )
    slots: list[SourceRow | ProofroomError | None] = [None] * len(items)
    gate = asyncio.Semaphore(AT_ONCE)
    done = 0
    label = "Reading the sources"
    with out.progress(label, len(items)) as steps:

        async def one(n: int, item: Item) -> None:
            nonlocal done
            async with gate:
                try:
                    row = await _capture(program, project_id, item, title)
                    slots[n] = row
                except ProofroomError as error:
                    row, slots[n] = None, error
            done += 1
            steps.at(done, len(items), f"{label}: {item.name}")
            if row is None or row.status != "ready":
                steps.say(f"Could not read {one_line(item.name, 100)}", "yellow")

        async with asyncio.TaskGroup() as group:
            for n, item in enumerate(items):
                group.create_task(one(n, item))
    captured = Captured()
    first: dict[UUID, str] = {}
    for item, result in zip(items, slots, strict=True):
        if isinstance(result, Unavailable):
            raise result
        if isinstance(result, ProofroomError):
            captured.refused.append((item.name, result))
        elif result is not None and result.id in first:
            captured.again.append((item.name, first[result.id]))
        elif result is not None:
            first[result.id] = item.name
            captured.rows.append(result)
    for problem in captured.problems():
        out.note(
            f"Not used: {one_line(problem['name'], 100)}: {problem['message']} {problem['hint']}", "yellow"
        )
    return captured


async def _capture(program: Program, project_id: UUID, item: Item, title: str | None) -> SourceRow:
    db, actor = program.parts.db, program.actor
    data = None if item.path is None else await asyncio.to_thread(read_file, item.path, item.name)
    async with db.transaction(actor.workspace_id) as tx:
        row = await sources.add_source(
            tx,
            project_id,
            data=data,
            url=item.url,
            filename=None if item.path is None else item.path.name,
            title=title or item.title,
            created_by=actor.member_id,
            defer=False,
        )
    if row.status == "ready":
        return row
    return await sources.capture_now(db, actor.workspace_id, row.id)


def read_file(path: Path, name: str) -> bytes:
    """A file's bytes. Raises TooLarge before it reads too much, and InvalidInput (`path_unreadable`)."""
    try:
        size = path.stat().st_size
        if size > capture.DEFAULT_LIMITS.file_bytes:
            raise capture.file_too_large(size, capture.DEFAULT_LIMITS)
        return path.read_bytes()
    except OSError as error:
        raise unreadable(name, error, "--from") from error


def require_ready(captured: Captured) -> None:
    """Raises InvalidInput (`no_source_ready`) with each reason when nothing can be worked from."""
    if captured.ready:
        return
    problems = captured.problems()
    raise InvalidInput(
        "no_source_ready",
        "None of the sources could be read: "
        + " ".join(f"{one_line(p['name'], 100)}: {p['message']}" for p in problems[:5]),
        hint=next((p["hint"] for p in problems if p["hint"]), "Name other sources."),
        field="--from",
        extra={"sources": problems},
    )
