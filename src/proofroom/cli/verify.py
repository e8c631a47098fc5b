"""`verify`: an exported record, checked offline."""

from pathlib import Path
from typing import Annotated

import typer

from proofroom.cli.common import Json
from proofroom.cli.output import DONE, FAILED, WRONG_USE, make_out, one_line, report
from proofroom.domain.errors import ProofroomError

MAX_BYTES = 200_000_000


def register(app: typer.Typer) -> None:
    app.command(
        "verify",
        epilog="Example: proofroom verify record.json --head 5f0c…   (exit 0 intact, 1 broken, 2 unreadable)",
    )(verify)


def verify(
    path: Annotated[
        Path, typer.Argument(metavar="RECORD", help="A file from `proofroom export --format record`.")
    ],
    head: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="The head of the chain, kept elsewhere.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Check an exported record without a database: nothing in it was changed, left out or put in."""
    from proofroom.exports import record_file

    out = make_out(as_json)
    try:
        found = record_file.check(_read(path), head)
    except ProofroomError as error:
        report(out, error)
        return WRONG_USE
    intact = found.why is None
    out.document(
        {
            "intact": intact, "why": found.why, "session_id": found.session_id, "title": found.title,
            "count": found.count, "head": found.head, "head_compared": head is not None,
            "redacted": found.redacted,
        }
    )  # fmt: skip
    if not intact:
        out.line(f"Broken: {found.why}.", "red")
        return FAILED
    out.line(f"Intact: {found.count} entries of “{one_line(found.title, 90)}”, head {found.head}", "green")
    if found.redacted:
        out.line(f"The content of {found.redacted} was deleted; the chain holds without it.", "dim")
    if head is None:
        out.line("Only --head, kept elsewhere, also detects a record that was written anew.", "dim")
    return DONE


def _read(path: Path) -> bytes:
    """Raises InvalidInput (`record_unreadable`)."""
    from proofroom.exports.record_file import unreadable

    try:
        if path.stat().st_size > MAX_BYTES:
            raise unreadable(f"{path} is larger than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise unreadable(f"{path}: {error.strerror or error}") from error
