"""Where the parts meet: plain constructors, in order, and their undoing in reverse."""

import asyncio
import contextlib
import gc
import os
import secrets
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from proofroom.agents.agent_sdk_client import AgentSDKClient
from proofroom.agents.factory import load_definitions
from proofroom.agents.prices import load_prices
from proofroom.agents.runtimes import registry
from proofroom.agents.runtimes.base import AgentRuntime
from proofroom.agents.runtimes.host import Host
from proofroom.agents.runtimes.scripted import resolve_script
from proofroom.db.across import Limits
from proofroom.db.embedded import EmbeddedPostgres
from proofroom.db.migrate import migrate
from proofroom.db.models import WorkSession
from proofroom.db.retention import Keep
from proofroom.db.tx import Database
from proofroom.domain.errors import ProofroomError
from proofroom.engine import folder, leg
from proofroom.engine.parts import Parts
from proofroom.services import access, samples
from proofroom.services.access import Actor
from proofroom.services.catalog import Catalog
from proofroom.services.checkpoint_handler import CheckpointHandler
from proofroom.services.work_session_executor import WorkSessionExecutor
from proofroom.settings import Settings

CYCLES = (50_000, 20, 20)
"""When cycles are looked for (`gc.set_threshold`). The JSON of a packet of a hundred pages is more objects than
Python's own figures are made for: while it was read all objects were looked through over and over, which took as long
as the reading.
"""


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that runs, opened and migrated. `actor` is the local user."""

    settings: Settings
    parts: Parts
    actor: Actor
    server: EmbeddedPostgres | None

    async def drive(self, workspace_id: UUID, session_id: UUID) -> WorkSession:
        """Runs a session's legs here until it rests."""
        return await leg.drive(self.parts, workspace_id, session_id)

    @property
    def executor(self) -> WorkSessionExecutor:
        return WorkSessionExecutor(self.parts.db, self.parts.catalog, self.drive)

    @property
    def checkpoints(self) -> CheckpointHandler:
        return CheckpointHandler(self.parts.db)

    def agent_client(self, actor: Actor | None = None) -> AgentSDKClient:
        return AgentSDKClient(self.executor.backend(actor or self.actor))


def make_catalog(settings: Settings, db: Database | None = None) -> Catalog:
    """What this installation offers.

    A script is named by its place in the server's folder of scripts; only the local command line, which is
    trusted, may name one by path. What a session names was admitted when it was filed.
    """

    host = Host(settings, db)

    def in_full(name: str) -> str:
        if name in samples.SCRIPTS:
            return f"scripted:{samples.SCRIPTS[name]}"
        kind, _, script = name.partition(":")
        if kind == "scripted" and script and not Path(script).is_absolute():
            return f"scripted:{resolve_script(script, settings.script_dir)}"
        return name

    def make_runtime(name: str) -> AgentRuntime:
        return registry.make_runtime(in_full(name), host)

    def admit_runtime(name: str, trusted: bool) -> None:
        kind, _, script = name.partition(":")  # as `registry.make_runtime` reads it
        if kind == "scripted" and script and not trusted and name not in samples.SCRIPTS:
            resolve_script(script, settings.script_dir)
        registry.admit_runtime(in_full(name), host)

    def list_runtimes() -> list[dict[str, Any]]:
        return registry.available_runtimes(host)

    return Catalog(
        definitions=load_definitions(settings.agents_dir),
        make_runtime=make_runtime,
        admit_runtime=admit_runtime,
        list_runtimes=list_runtimes,
        default_runtime=registry.default_runtime(settings),
        delivery_root=settings.delivery_root,
        prices=load_prices(settings.prices),
    )


def limits_of(settings: Settings) -> Limits:
    """How many legs a workspace may have at work."""
    named = (part.split("=") for part in settings.agent_legs.split(",") if part.strip())
    return Limits(settings.workspace_legs, {name.strip(): int(most) for name, most in named})


def keep_of(settings: Settings) -> Keep:
    """For how long what no record rests on is kept."""
    return Keep(settings.keep_transcripts_days, settings.keep_originals_days, settings.keep_idempotency_days)


def owner_name() -> str:
    """A name for this process in leases and in the queue."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def start_database(settings: Settings) -> tuple[str, EmbeddedPostgres | None]:
    """(owner's URL, embedded server or None), migrated. Blocks; raises ProofroomError with what to do."""
    server: EmbeddedPostgres | None = None
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    else:
        server = EmbeddedPostgres.start(settings.data_dir)
        url = server.url()
    try:
        migrate(url)
    except BaseException:
        if server is not None:
            server.stop()
        raise
    return url, server


async def _start(settings: Settings) -> tuple[str, EmbeddedPostgres | None]:
    """`start_database` in a thread. A thread cannot be cancelled, so a caller who is waits for it and gives
    the server back: it would outlive this program otherwise."""
    starting = asyncio.ensure_future(asyncio.to_thread(start_database, settings))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(ProofroomError):
            _, server = await starting
            if server is not None:
                await asyncio.to_thread(server.stop)
        raise


@contextlib.asynccontextmanager
async def open_program(settings: Settings) -> AsyncGenerator[Program]:
    """Starts what is needed and stops it again, also when the caller is cancelled."""
    url, server = await _start(settings)
    db = Database(url, pool_size=settings.pool_size)
    watchdog = None if server is None else asyncio.create_task(server.watchdog())
    try:
        parts = Parts(
            db=db,
            catalog=make_catalog(settings, db),
            owner=owner_name(),
            lease_seconds=settings.lease_seconds,
            external_lease_seconds=settings.external_lease_seconds,
            policy_may_sign=settings.policy_may_sign,
            data_dir=Path(settings.data_dir),
            limits=limits_of(settings),
            keep=keep_of(settings),
            senders={"folder": folder.send},
            delivery_lease_seconds=settings.lease_seconds,
        )
        program = Program(settings, parts, await access.ensure_local(db), server)
        # What is here now stays: the collector of cycles need not look through it again, which took a tenth of a second
        # out of each large request.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*CYCLES)
        yield program
    finally:
        if watchdog is not None:
            watchdog.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watchdog
        await db.dispose()
        if server is not None:
            await asyncio.to_thread(server.stop)
