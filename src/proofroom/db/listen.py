"""NOTIFY heard: one connection per listener, brought back when it is lost."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence

import psycopg
from psycopg import sql

from proofroom.db.tx import APP_ROLE, libpq_url

_log = logging.getLogger(__name__)


async def listen(url: str, channel: str, *, again_after: float = 1.0) -> AsyncGenerator[str | None]:
    """Payloads of a channel, for ever. None says that the line was (re)opened: what was said before is lost."""
    async for notice in notices(url, [channel], again_after=again_after):
        yield None if notice is None else notice.payload


async def notices(
    url: str, channels: Sequence[str], *, again_after: float = 1.0
) -> AsyncGenerator[psycopg.Notify | None]:
    """What is said on any of these channels, as `listen`."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                libpq_url(url),
                autocommit=True,
                options=f"-c role={APP_ROLE}",
                application_name="proofroom-listen",
            ) as connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield None
                while True:
                    # Not for as long as it takes: while psycopg waits it wakes ten times a second.
                    async for notice in connection.notifies(timeout=0):
                        yield notice
                    await _readable(connection.fileno())
        except psycopg.OperationalError as error:
            _log.warning(
                "lost the line to %s (%s); opening it again", ", ".join(channels), str(error).strip()
            )
        await asyncio.sleep(again_after)  # a database that is away gives nothing to wait on


async def _readable(descriptor: int) -> None:
    """Waits until the server says something, or the line ends."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, lambda: came.done() or came.set_result(None))
    try:
        await came
    finally:
        loop.remove_reader(descriptor)
