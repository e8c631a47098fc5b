"""`backup` and `restore`: the whole database as one file."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofroom.cli.common import Data, Json, Watch, load_settings, run_plain, set_up_logging
from proofroom.cli.output import DONE, Out

if TYPE_CHECKING:
    from proofroom.settings import Settings


def register(app: typer.Typer) -> None:
    app.command("backup", epilog="Example: proofroom backup proofroom.backup")(backup)
    app.command("restore", epilog="Example: proofroom restore proofroom.backup --data NEW_FOLDER")(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not be there.")],
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Copy the whole database into one file, while it is used. Whoever has the file has everything in it."""
    watch = Watch()

    async def body(out: Out) -> int:
        from proofroom.db.backup import dump

        async with _database(data, watch, must_exist=True) as url:
            with out.progress("Copying the database"):
                made = await dump(url, file.absolute())
        out.document({"path": str(file), "bytes": made.size, "revision": made.revision})
        out.line(f"Wrote {file} ({made.size / 1e6:,.1f} MB, schema {made.revision}).", "green")
        return DONE

    return run_plain(body, as_json=as_json, watch=watch)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `proofroom backup` wrote.")],
    data: Data = None,
    as_json: Json = False,
) -> int:
    """Fill an empty database from a backup, and bring it to this release's schema. All of it, or nothing."""
    watch = Watch()

    async def body(out: Out) -> int:
        from proofroom.db import backup
        from proofroom.db.migrate import HEAD

        await backup.look(file)  # before a database is made for it
        async with _database(data, watch, must_exist=False) as url:
            with out.progress("Restoring the database"):
                done = await backup.restore(url, file.absolute())
        out.document({"path": str(file), "bytes": done.size, "revision": HEAD, "from": done.revision})
        out.line(f"Restored {file}; the schema is at {HEAD}.", "green")
        return DONE

    return run_plain(body, as_json=as_json, watch=watch)


@contextlib.asynccontextmanager
async def _database(data: Path | None, watch: Watch, *, must_exist: bool) -> AsyncGenerator[str]:
    """The owner's URL of the database, as it is: nothing is migrated."""
    from proofroom.db.embedded import EmbeddedPostgres
    from proofroom.domain.errors import Conflict

    settings: Settings = load_settings(data_dir=data)
    set_up_logging(settings, "error")
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    if must_exist and not (settings.data_dir / "postgres" / "cluster").exists():
        raise Conflict(
            "database_empty", f"There is no database in {settings.data_dir}.", hint="Name its folder with --data."
        )  # fmt: skip
    server = await asyncio.to_thread(EmbeddedPostgres.start, settings.data_dir)
    watch.server = server
    try:
        yield server.url()
    finally:
        await asyncio.to_thread(server.stop)
