"""NOTIFY heard: one connection per listener, brought back when it is lost."""

import asyncio
import logging
from collections.abc import AsyncGenerator

import psycopg
from psycopg import sql

from proofroom.db.tx import APP_ROLE, libpq_url

_log = logging.getLogger(__name__)


async def listen(url: str, channel: str, *, again_after: float = 1.0) -> AsyncGenerator[str | None]:
    """Payloads of a channel, for ever. None says that the line was (re)opened: what was said before is lost."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                libpq_url(url),
                autocommit=True,
                options=f"-c role={APP_ROLE}",
                application_name="proofroom-listen",
            ) as connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield None
                async for notice in connection.notifies():
                    yield notice.payload
        except psycopg.OperationalError as error:
            _log.warning("lost the line to %s (%s); opening it again", channel, str(error).strip())
        await asyncio.sleep(again_after)  # a database that is away gives nothing to wait on
