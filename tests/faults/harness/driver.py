"""The person of the run: files work over HTTP, decides whatever waits, and says each thing until it is answered."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from tests.faults.harness import models
from tests.faults.harness.kinds import KINDS, NOTES, Kind
from tests.faults.harness.world import World

AT_ONCE = 24
REST_SECONDS = 900.0
"""How long a session may take until it comes to rest, with everything that is done to it."""


@dataclass
class Filed:
    """A session as the person knows it. `decided`: (checkpoint, decision) that were answered with 200."""

    kind: Kind
    n: int
    id: UUID
    decided: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    retries: int = 0
    failures: list[str] = field(default_factory=list[str])
    resting: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    status: str = ""


class Refused(Exception):
    """An answer of 4xx."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code = status, code


def _statuses(line: "psycopg.Connection[tuple[Any, ...]]", ids: list[UUID]) -> list[tuple[Any, ...]]:
    return line.execute("SELECT id, status FROM work_sessions WHERE id = ANY(%s)", (ids,)).fetchall()


class Driver:
    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.client = httpx.AsyncClient(base_url=world.url, timeout=30)
        self.filed: dict[UUID, Filed] = {}
        self.wrong: list[str] = []
        self.again: Counter[str] = Counter()
        self.project = ""
        self.enough = False

    async def say(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; the same request with the same key until there is one. Raises Refused."""
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        broken = 0
        while True:
            try:
                answer = await self.client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                self.again[type(error).__name__] += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code < 400:
                return answer.json()
            if answer.status_code == 503:
                self.again[f"503 {answer.json().get('code')}"] += 1
                await asyncio.sleep(0.2)
                continue
            if answer.status_code >= 500:
                broken += 1
                self.wrong.append(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
                if broken < 3:
                    await asyncio.sleep(0.2)
                    continue
            problem = answer.json()
            raise Refused(answer.status_code, str(problem.get("code")), str(problem.get("detail")))

    async def begin(self) -> None:
        self.project = (await self.say("POST", "/api/projects", {"name": "Faults"}))["id"]
        source = await self.say(
            "POST", f"/api/projects/{self.project}/sources", {"text": NOTES, "title": "Notes"}
        )
        path = f"/api/projects/{self.project}/sources/{source['id']}"
        while (await self.say("GET", path))["status"] != "ready":
            await asyncio.sleep(0.1)

    async def run(self, sessions: int, go_on: asyncio.Event) -> None:
        """Files at least so many sessions, and more while `go_on` is not set; returns when all of them rest. None is
        filed any more once `enough` is set."""
        looking = asyncio.create_task(self._look())
        kinds = [k for k in KINDS if self.world.models is not None or k.runtime != models.RUNTIME]
        free = asyncio.Semaphore(AT_ONCE)
        n = 0
        try:
            async with asyncio.TaskGroup() as group:
                while not self.enough and (n < sessions or not go_on.is_set()):
                    await free.acquire()
                    kind = self.chance.choices(kinds, [k.weight for k in kinds])[0]
                    n += 1
                    task = group.create_task(self._live(kind, n))
                    task.add_done_callback(lambda _: free.release())
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await self.client.aclose()

    async def _look(self) -> None:
        """Reads the status of what does not rest from the database, instead of asking for each."""
        line: psycopg.Connection[tuple[Any, ...]] | None = None
        try:
            while True:
                watched = [f.id for f in self.filed.values() if not f.resting]
                try:
                    line = line or await asyncio.to_thread(self.world.connect)
                    rows = await asyncio.to_thread(_statuses, line, watched) if watched else []
                except psycopg.Error:
                    if line is not None:
                        line.close()
                    rows, line = [], None
                for session_id, status in rows:
                    filed = self.filed[session_id]
                    filed.status = status
                    if status not in ("queued", "in_progress"):
                        filed.changed.set()
                await asyncio.sleep(0.1)
        finally:
            if line is not None:
                line.close()

    async def _live(self, kind: Kind, n: int) -> None:
        home = f"/api/projects/{self.project}"
        try:
            if kind.draft:
                made = await self.say("POST", f"{home}/checks", {"draft": f"{kind.draft}\n\nDraft {n}.\n"})
            else:
                body: dict[str, Any] = {
                    "agent_type": "research", "task_description": models.task(n), "title": f"{kind.name} {n}",
                    "approval_strategy": kind.strategy, "auto_execute": True,
                    "runtime": kind.runtime or f"scripted:{kind.name}",
                }  # fmt: skip
                if kind.delivers:
                    body["deliver_to"] = [{"kind": "folder", "path": f"s{n}"}]
                made = await self.say("POST", f"{home}/work-sessions", body)
        except Refused as refused:
            self.wrong.append(f"filing a {kind.name} was refused: {refused}")
            return
        filed = self.filed[UUID(made["id"])] = Filed(kind, n, UUID(made["id"]))
        began = time.monotonic()
        try:
            async with asyncio.timeout(REST_SECONDS):
                if kind.end == "cancelled":
                    await asyncio.sleep(self.chance.uniform(0, 1.0))
                    await self._cancel(filed, f"{home}/work-sessions/{filed.id}")
                while not await self._step(filed, f"{home}/work-sessions/{filed.id}"):
                    pass
        except TimeoutError:
            self.wrong.append(
                f"session {filed.id} ({kind.name}) did not come to rest within {time.monotonic() - began:.0f} s; it"
                f" is {filed.status}"
            )
        except Refused as refused:
            self.wrong.append(f"session {filed.id} ({kind.name}): {refused}")
        filed.resting = True

    async def _cancel(self, filed: Filed, session: str) -> None:
        try:
            await self.say("POST", f"{session}/cancel")
        except Refused as refused:
            if refused.code != "wrong_status":
                raise

    async def _step(self, filed: Filed, session: str) -> bool:
        """Waits until the session rests and does what a person does then; true when it has ended."""
        filed.changed.clear()
        await filed.changed.wait()
        status = (await self.say("GET", f"{session}/status"))["status"]
        if status == "failed":
            return await self._failed(filed, session)
        if status == "pending_review":
            await self._decide(filed, session)
        return status in ("completed", "cancelled")

    async def _failed(self, filed: Filed, session: str) -> bool:
        failure = (await self.say("GET", session))["failure"]
        filed.failures.append(failure["code"])
        if not failure["retryable"]:
            return True
        if filed.retries == 5:
            self.wrong.append(f"session {filed.id} ({filed.kind.name}) failed {filed.failures}")
            return True
        filed.retries += 1
        try:
            await self.say("POST", f"{session}/retry")
        except Refused as refused:
            if refused.code != "wrong_status":
                raise
        return False

    async def _decide(self, filed: Filed, session: str) -> None:
        waiting = [
            c
            for c in (await self.say("GET", f"{session}/checkpoints"))["items"]
            if c["status"] == "pending_review" and not c.get("undo_until")
        ]
        if not waiting:
            await asyncio.sleep(0.2)  # a decision that can still be undone
            return
        (checkpoint,) = waiting
        body: dict[str, Any] = {"packet_digest": checkpoint["packet_digest"]}
        if checkpoint["kind"] == "final":
            body["undo_seconds"] = filed.kind.undo
        verb = "approve"
        if filed.kind.name == "rejected":
            verb, body["rejection_reason"] = "reject", "No."
        elif filed.kind.name == "changes" and not any(v == "request-changes" for _, v in filed.decided):
            verb, body["changes"] = "request-changes", [{"comment": "Name the factor."}]
        elif checkpoint["kind"] == "mid":
            body["answers"] = {"answer": "km"}
        elif checkpoint["kind"] == "final":
            flagged = ("unsupported", "conflict")
            body["acknowledged"] = [
                {"artifact_id": a["artifact_id"], "claim_id": c["id"], "reason": "Seen."}
                for a in checkpoint["packet"]["artifacts"]
                for c in a["claims"]
                if c["verdict"] in flagged
            ]
        try:
            await self.say("POST", f"{session}/checkpoints/{checkpoint['id']}/{verb}", body)
        except Refused as refused:
            if refused.code in ("stale_packet", "changed_meanwhile"):
                self.again[refused.code] += 1
                return
            raise
        filed.decided.append((checkpoint["id"], verb))
