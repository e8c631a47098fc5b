"""`export`: a session's artifacts or its record as a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofroom.cli.common import Data, Json, SessionArg, run
from proofroom.cli.output import DONE, Out

if TYPE_CHECKING:
    from proofroom.bootstrap import Program


def register(app: typer.Typer) -> None:
    app.command("export", epilog="Example: proofroom export last --format html --out report.html")(export)


def export(
    session: SessionArg,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help="md, html, json or record.")] = "md",
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; without it, stdout.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> int:
    """Write a session's current artifacts, signed or not, or its record."""

    async def body(program: "Program", out: Out) -> int:
        from proofroom.cli import find
        from proofroom.exports import deliverable

        async with program.parts.db.transaction(program.actor.workspace_id, snapshot=True) as tx:
            row = await find.session(tx, session)
            name, media_type, content = await deliverable.export(tx, row, kind)
        shown = {"session_id": str(row.id), "format": kind, "name": name, "media_type": media_type}
        if out_file is None:
            out.document({**shown, "content": content.decode()})
            if not out.json:
                _to_stdout(content, out)
            return DONE
        target = _write(out_file, name, content)
        out.document({**shown, "path": str(target), "bytes": len(content)})
        out.line(f"Wrote {target}", "green")
        return DONE

    return run(body, as_json=as_json, data=data)


def _to_stdout(content: bytes, out: Out) -> None:
    if out.console.is_terminal:
        out.line(content.decode())  # shown, so made safe
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def _write(target: Path, name: str, content: bytes) -> Path:
    from proofroom.domain.errors import InvalidInput

    path = target.expanduser()
    if path.is_dir():
        path = path / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput(
            "out_not_writable",
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Name another file.",
            field="--out",
        ) from error
    return path
