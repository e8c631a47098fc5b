"""Small questions that the command line asks: ids from a part of them, and what the database server is."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from proofroom.db.tx import Database, Tx

_TABLES = {
    "session": "work_sessions", "source": "sources", "project": "projects",
    "delivery": "deliveries",
    "memory": "(SELECT block_id AS id FROM block_origins UNION ALL SELECT id FROM memory_notes) m",
}  # fmt: skip
_PART = re.compile(r"[0-9a-f-]+")


@dataclass(frozen=True, slots=True)
class Server:
    """`extensions`: name to installed version, None where it could be installed but is not.
    `workers`: how many workers gave a sign of life in the last 30 seconds; None before the first migration.
    """

    version: str
    extensions: dict[str, str | None]
    workers: int | None
    row_security: bool


async def ids(tx: Tx, kind: str, part: str, limit: int = 3) -> list[UUID]:
    """Ids that begin or end with `part`, newest first. `kind`: session, source, project, delivery or memory."""
    if not _PART.fullmatch(part):
        return []
    rows = await tx.execute(
        text(
            f"SELECT id FROM {_TABLES[kind]} WHERE CAST(id AS text) LIKE :begins"  # noqa: S608 (a name of ours)
            " OR CAST(id AS text) LIKE :ends ORDER BY id DESC LIMIT :n"
        ),
        {"begins": f"{part}%", "ends": f"%{part}", "n": limit},
    )
    return [row[0] for row in rows]


async def server(db: Database) -> Server:
    """What there is to know about the database server. Raises Unavailable."""
    async with db.across() as session:
        version = (await session.execute(text("SHOW server_version"))).scalar_one()
        known = await session.execute(
            text(
                "SELECT name, installed_version FROM pg_available_extensions"
                " WHERE name IN ('vector', 'plpgsql')"
            )
        )
        extensions: dict[str, str | None] = {str(name): installed for name, installed in known}
        role = (
            await session.execute(
                text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            )
        ).scalar_one()
        migrated = (
            await session.execute(text("SELECT to_regclass('public.procrastinate_workers') IS NOT NULL"))
        ).scalar_one()
        workers = None
        if migrated:
            workers = (
                await session.execute(
                    text(
                        "SELECT count(*) FROM procrastinate_workers"
                        " WHERE last_heartbeat > now() - interval '30 seconds'"
                    )
                )
            ).scalar_one()
    return Server(str(version), extensions, workers, row_security=not role)
