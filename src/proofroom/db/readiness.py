"""Whether the database is as this release needs it."""

from sqlalchemy import text

from proofroom.db.migrate import HEAD, KNOWN
from proofroom.db.tx import Database


async def check(db: Database) -> dict[str, str]:
    """`database`, `migrations` and `queue`, each "ok" or what is wrong. Raises Unavailable when it is away.

    A database that a later release has migrated meanwhile is "ok": migrations only add, and whoever runs since before
    serves on until it is replaced.

    The application role may not read Alembic's table, so that one question is asked as whoever connected.
    """
    async with db.across() as session:
        await session.execute(text("SET LOCAL ROLE NONE"))
        known = (
            await session.execute(
                text(
                    "SELECT to_regclass('public.alembic_version') IS NOT NULL"
                    " AND has_table_privilege(to_regclass('public.alembic_version'), 'SELECT')"
                )
            )
        ).scalar_one()
        revision = (
            (
                await session.execute(text("SELECT version_num FROM public.alembic_version"))
            ).scalar_one_or_none()
            if known
            else None
        )
        queue = (
            await session.execute(
                text(
                    "SELECT to_regclass('public.procrastinate_jobs') IS NOT NULL"
                    " AND to_regclass('public.procrastinate_workers') IS NOT NULL"
                )
            )
        ).scalar_one()
    return {
        "database": "ok",
        "migrations": f"at {revision}, this release needs {HEAD}"
        if revision is None or revision in KNOWN[:-1]
        else "ok",
        "queue": "ok" if queue else "its tables are missing",
    }
