"""The place of one run: a data directory, scripts, a folder for deliveries, and the programs that work there."""

import asyncio
import os
import signal
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import yaml

from proofroom.db.embedded import DATABASE, SUPERUSER
from proofroom.db.postmaster import PORT
from proofroom.testing.model_server import KEY, ModelServer
from tests.faults.harness.kinds import KINDS
from tests.faults.harness.processes import Program, base_environment
from tests.integration.rooms import Plain

SETTINGS = {
    "PROOFROOM_LEASE_SECONDS": "2",
    "PROOFROOM_SWEEP_SECONDS": "0.5",
    "PROOFROOM_LOG_LEVEL": "info",
    "PROOFROOM_EMBEDDER": "off",
}
START_SECONDS = 120.0


@dataclass
class World:
    """`folder` is empty at first, with a short path: the database's socket lies in it. Without `models` no session
    asks a model."""

    folder: Path
    models: ModelServer | None = None
    port: int = 0
    programs: list[Program] = field(default_factory=list[Program])

    def prepare(self) -> None:
        for name in ("scripts", "delivered", "logs"):
            (self.folder / name).mkdir()
        for kind in KINDS:
            if kind.iterations and not kind.runtime:
                (self.folder / "scripts" / f"{kind.name}.yaml").write_text(
                    yaml.dump(kind.script(), Dumper=Plain)
                )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def points_log(self) -> Path:
        return self.folder / "points.log"

    def start(self, name: str, fault: str | None = None, **more: str) -> Program:
        """Starts `api` or `worker`, which is to die as `fault` says."""
        environment = base_environment() | SETTINGS | more
        environment |= {
            "PROOFROOM_DATA_DIR": str(self.folder / "data"),
            "PROOFROOM_SCRIPT_DIR": str(self.folder / "scripts"),
            "PROOFROOM_DELIVERY_ROOT": str(self.folder / "delivered"),
            "PROOFROOM_PORT": str(self.port),
            "PROOFROOM_FAULT_LOG": str(self.points_log),
        }
        if self.models is not None:
            environment |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": self.models.url}
        if fault is not None:
            environment["PROOFROOM_FAULT"] = fault
        log = self.folder / "logs" / f"{len(self.programs):05}-{name}.log"
        program = Program([name], environment, log)
        self.programs.append(program)
        return program

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that may see everything. Raises psycopg.OperationalError while the database is away."""
        return psycopg.connect(
            host=str(self.folder / "data" / "postgres"), port=PORT, user=SUPERUSER, dbname=DATABASE,
            autocommit=True, connect_timeout=5, application_name="harness",
        )  # fmt: skip

    def postmaster(self) -> int | None:
        try:
            first = (self.folder / "data/postgres/cluster/postmaster.pid").read_text().split("\n")[0]
            return int(first)
        except (OSError, ValueError):
            return None

    def signal_database(self, number: int, *, backends: bool = False) -> bool:
        """Sends the postmaster, and with `backends` all its processes, a signal; whether it was there."""
        pid = self.postmaster()
        if pid is None or not Path(f"/proc/{pid}").exists():
            return False
        found = [pid, *(children(pid) if backends else [])]
        for one in found:
            try:
                os.kill(one, number)
            except ProcessLookupError:
                continue
        return True

    async def ready(self) -> None:
        """Returns when the API answers that it is ready."""
        until = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            while time.monotonic() < until:
                try:
                    if (await client.get("/api/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise TimeoutError(f"the API did not become ready\n{self.programs[-1].said()[-4000:]}")

    def stop(self, *, seconds: float = 60.0) -> list[str]:
        """Ends everything in order; the programs that had to be killed."""
        left = [p for p in self.programs if not p.dead]
        for program in left:
            program.signal(signal.SIGCONT)
            program.signal(signal.SIGTERM)
        late: list[str] = []
        until = time.monotonic() + seconds
        for program in left:
            program.process.join(max(0.1, until - time.monotonic()))
            if not program.dead:
                late.append(f"process {program.pid} did not end within {seconds:g} s of SIGTERM")
                program.kill()
                program.process.join()
        self.signal_database(signal.SIGQUIT)
        return late


def children(pid: int) -> list[int]:
    """Processes whose parent this is."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found
