"""`verify`: an exported record, checked offline; and what such a record is.

A record is JSON: {"proofroom_record": 1, session_id, title, status, exported_at, count, head, entries}, the
entries as `domain.audit` describes them. Whoever kept the head elsewhere also detects a record written anew.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofroom.cli.common import Json
from proofroom.cli.output import DONE, FAILED, WRONG_USE, make_out, one_line, report
from proofroom.domain import audit
from proofroom.domain.errors import InvalidInput, ProofroomError

if TYPE_CHECKING:
    from proofroom.db.models import WorkSession
    from proofroom.db.tx import Tx

FORMAT = 1
MAX_BYTES = 200_000_000


def register(app: typer.Typer) -> None:
    app.command(
        "verify",
        epilog="Example: proofroom verify record.json --head 5f0c…   (exit 0 intact, 1 broken, 2 unreadable)",
    )(verify)


async def record(tx: "Tx", row: "WorkSession") -> tuple[str, str, bytes]:
    """(file name, media type, content) of a session's record."""
    from proofroom.db import work_sessions
    from proofroom.exports.deliverable import file_name

    entries = await work_sessions.audit_entries(tx, row.id)
    document = {
        "proofroom_record": FORMAT, "session_id": str(row.id), "title": row.title, "status": row.status,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"), "count": row.audit_count,
        "head": row.audit_head,
        "entries": [
            {
                "n": e.n, "at": e.at, "kind": e.kind, "commitment": e.commitment, "previous": e.previous,
                "hash": e.hash, "salt": e.salt, "content": e.content,
            }
            for e in entries
        ],
    }  # fmt: skip
    content = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return f"{file_name(row.title)}.record.json", "application/json", content.encode()


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
    out = make_out(as_json)
    try:
        session_id, title, entries, said_head, count = read(path)
    except ProofroomError as error:
        report(out, error)
        return WRONG_USE
    broken = audit.broken_at(entries, head=said_head, count=count)
    if broken is None and head is not None and head.strip().lower() != said_head:
        broken = "it holds together, but its head is another one than the one given: it was written anew"
    redacted = sum(1 for e in entries if e.salt is None)
    out.document(
        {
            "intact": broken is None, "why": broken, "session_id": session_id, "count": count,
            "head": said_head, "head_compared": head is not None, "redacted": redacted,
        }
    )  # fmt: skip
    if broken is None:
        out.line(f"Intact: {count} entries of “{one_line(title, 90)}”, head {said_head}", "green")
        if redacted:
            out.line(f"The content of {redacted} was deleted; the chain holds without it.", "dim")
        if head is None:
            out.line("Only --head, kept elsewhere, also detects a record that was written anew.", "dim")
    else:
        out.line(f"Broken: {broken}.", "red")
    return DONE if broken is None else FAILED


def read(path: Path) -> tuple[str, str, list[audit.Entry], str | None, int]:
    """(session id, title, entries, head, count). Raises InvalidInput (`record_unreadable`)."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unreadable(path, f"it is larger than {MAX_BYTES:,} bytes")
        document: Any = json.loads(path.read_bytes())
        if document["proofroom_record"] != FORMAT:
            raise _unreadable(
                path, f"its format is {one_line(document['proofroom_record'], 20)}, not {FORMAT}"
            )
        session_id = _as(str, document["session_id"])
        entries = [
            audit.Entry(
                session_id, _as(int, e["n"]), _as(str, e["at"]), _as(str, e["kind"]),
                _as(str, e["commitment"]), _maybe(e["previous"]), _as(str, e["hash"]), _maybe(e["salt"]),
                e["content"],
            )
            for e in document["entries"]
        ]  # fmt: skip
        return (
            session_id, str(document.get("title", "")), entries, _maybe(document["head"]),
            _as(int, document["count"]),
        )  # fmt: skip
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, "it is not JSON") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, f"it is not a record of this program ({one_line(error, 80)})") from error


def _as(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{one_line(value, 20)} is no {kind.__name__}")
    return value


def _maybe(value: Any) -> str | None:
    return None if value is None else _as(str, value)


def _unreadable(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        "record_unreadable",
        f"{path} cannot be read as a record: {why}.",
        hint="Name a file that `proofroom export SESSION --format record --out FILE` wrote.",
        field="RECORD",
    )
