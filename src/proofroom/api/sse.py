"""Server-sent events: one line to the database per process, fanned out to any number of streams.

A notification carries ids only. A session's stream reads that session's events after the last one it sent; streams
that ask for the same at the same time share one reading. The streams of a workspace share one reader, which reads what
is new once and hands the same bytes to all. A client that falls behind is dropped, and resumes where it was by its
Last-Event-ID. Who may read is asked when a stream is opened; so when a key is revoked all streams of its workspace end.
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from starlette.responses import StreamingResponse
from starlette.types import Send

from proofroom.db import sources as db_sources
from proofroom.db import work_sessions
from proofroom.db.listen import listen
from proofroom.db.tx import EVENTS_CHANNEL, Database
from proofroom.domain.errors import InvalidInput, Unavailable
from proofroom.services import views
from proofroom.services.access import KEY_REVOKED

_log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
"""How often the stream of everything says that it is there. The page takes a stream that has said nothing for two of
these and a little for broken: a server that is frozen or cut off leaves the connection open."""
REREAD_SECONDS = 15.0
"""How often what ought to have been told is read all the same; a session's stream says then that it is there."""
QUEUE_SIZE = 1_000
PAGE = 500
CATCHING_UP = 6
"""Streams that read what they missed at the same time; a thousand that come back at once must not take every
database connection."""
GONE_AFTER_SECONDS = 20.0
"""How long the shared reader waits for an announced event whose transaction is held back by an older one."""

Position = tuple[int, int]
Item = tuple[Position | None, bytes]

STILL_HERE = b": still here\n"
OPENING = b"retry: 2000\n\n"


class _Bell:
    """Wakes the one who waits. Cheaper than an event with a time limit of its own: a thousand streams wait at once."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None


class Watch:
    """A flag that something changed in one session. No queue: the events are in the database."""

    def __init__(self) -> None:
        self.over = False
        self._changed = False
        self._bell = _Bell()

    def wake(self) -> None:
        self._changed = True
        self._bell.ring()

    def end(self) -> None:
        """Its stream has to end; whoever only waits for news looks at what there is."""
        self.over = True
        self.wake()

    def beat(self) -> None:
        """Nothing changed, but whoever waits may want to say that they are still there."""
        self._bell.ring()

    async def news(self) -> bool:
        """Waits; False when it was only a beat."""
        if not self._changed:
            await self._bell.wait()
        changed, self._changed = self._changed, False
        return changed

    async def changed(self, seconds: float) -> bool:
        """Waits; False when nothing was heard for so long."""
        try:
            async with asyncio.timeout(seconds):
                while not await self.news():
                    pass
        except TimeoutError:
            return False
        return True


class _Outlet:
    """One stream's queue. `over` when it has to end: it was too slow, or the server stops."""

    def __init__(self, size: int) -> None:
        self.over = False
        self._items: list[Item] = []
        self._size = size
        self._bell = _Bell()

    def put(self, item: Item) -> None:
        if len(self._items) >= self._size:
            self.end()
        elif not self.over:
            self._items.append(item)
            self._bell.ring()

    def beat(self, heartbeat: bytes) -> None:
        """Says that it is still there, unless there is something else to say."""
        if not self._items:
            self.put((None, heartbeat))

    def end(self) -> None:
        self.over = True
        self._bell.ring()

    async def take(self) -> list[Item]:
        """All that has come, at least one; nothing when it is over."""
        if not self._items and not self.over:
            await self._bell.wait()
        items, self._items = self._items, []
        return [] if self.over else items


class _Hub:
    """The shared reader of one workspace; lives while somebody listens."""

    def __init__(self, db: Database, workspace_id: UUID) -> None:
        self.outlets: set[_Outlet] = set()
        self.position: Position | None = None
        self.ready = asyncio.Event()
        self._db = db
        self._workspace_id = workspace_id
        self._wake = asyncio.Event()
        self._awaited: dict[UUID, tuple[int, float]] = {}
        self._sources: set[UUID] = set()
        self._indexes: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"events of {self._workspace_id}")

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def tell(self, note: Mapping[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        if note.get("kind") == "source":
            self._sources.add(UUID(note["source_id"]))
        elif note.get("kind") == "index":
            self._indexes.add(UUID(note["project_id"]))
        else:
            session_id = UUID(note["session_id"])
            seq = max(int(note["seq"]), self._awaited.get(session_id, (0, 0.0))[0])
            self._awaited[session_id] = (seq, now)
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    async def _run(self) -> None:
        pause = 0.0
        while True:
            try:
                full = await self._read()
            except Unavailable:
                await asyncio.sleep(1.0)  # the database is away; there is nothing to wait on but time
                continue
            except Exception:  # noqa: BLE001 (nobody else sees it; the streams end, clients return)
                _log.exception(
                    "reading the events of workspace %s broke; its streams end", self._workspace_id
                )
                for outlet in tuple(self.outlets):
                    outlet.end()
                self.ready.set()
                return
            if full:
                continue
            self._forget_old()
            # An event is readable once every older transaction has ended, which may be a little after it
            # was announced; nobody announces that.
            pause = min(max(pause * 2, 0.02), 1.0) if self._awaited else 0.0
            try:
                async with asyncio.timeout(pause or REREAD_SECONDS):
                    await self._wake.wait()
                    pause = 0.0
            except TimeoutError:
                pass
            self._wake.clear()

    async def _read(self) -> bool:
        """Reads and hands out what is new; answers whether there may be more of it."""
        sources, self._sources = self._sources, set()
        try:
            async with self._db.transaction(self._workspace_id) as tx:
                rows, after = await work_sessions.stream(tx, self.position, PAGE)
                news = [row for s in sources if (row := await db_sources.get(tx, s)) is not None]
        except Unavailable:
            self._sources |= sources
            raise
        for event, project_id, status in rows:
            at = (int(event.xid), event.id)
            self._send((at, session_frame(event, project_id, status)))
            awaited = self._awaited.get(event.session_id)
            if awaited is not None and event.seq >= awaited[0]:
                del self._awaited[event.session_id]
        for row in news:
            data = {"project_id": str(row.project_id), "source_id": str(row.id), "status": row.status}
            self._send((None, frame(data, event="source")))
        indexes, self._indexes = self._indexes, set()
        for project_id in indexes:
            self._send((None, frame({"project_id": str(project_id)}, event="index")))
        self.position = after
        self.ready.set()
        return len(rows) == PAGE

    def _send(self, item: Item) -> None:
        for outlet in tuple(self.outlets):
            outlet.put(item)

    def _forget_old(self) -> None:
        limit = asyncio.get_running_loop().time() - GONE_AFTER_SECONDS
        self._awaited = {s: seen for s, seen in self._awaited.items() if seen[1] > limit}


class LiveEvents:
    """What happens, as it happens. `start` before the first stream, `stop` at the end."""

    def __init__(
        self,
        db: Database,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        reread_seconds: float = REREAD_SECONDS,
        queue_size: int = QUEUE_SIZE,
    ) -> None:
        self._db = db
        self._heartbeat_seconds = heartbeat_seconds
        self._reread_seconds = reread_seconds
        # An event, because a page is not told of comments; it has no id, so a stream resumes after what happened.
        self._heartbeat = STILL_HERE + frame({"every_seconds": heartbeat_seconds}, event="heartbeat")
        self._queue_size = queue_size
        self._watches: dict[tuple[UUID, UUID], set[Watch]] = {}
        self._hubs: dict[UUID, _Hub] = {}
        self._reading: dict[tuple[UUID, UUID], dict[int, asyncio.Task[list[tuple[int, bytes]]]]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._catching_up = asyncio.Semaphore(CATCHING_UP)
        self._ended = False
        self.open_streams = 0

    async def start(self) -> None:
        self._ended = False
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._listen(), name="proofroom events"),
                asyncio.create_task(self._beat(), name="heartbeats of event streams"),
                asyncio.create_task(self._reread(), name="rereading for event streams"),
            ]

    async def stop(self) -> None:
        self.end_streams()
        for hub in tuple(self._hubs.values()):
            await hub.close()
        self._hubs.clear()
        await asyncio.gather(*self._closing)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def end_streams(self) -> None:
        """Ends every stream, so that a stopping server need not wait for them. Clients come back."""
        self._ended = True
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()
        for hub in self._hubs.values():
            hub.ready.set()
            for outlet in tuple(hub.outlets):
                outlet.end()

    @property
    def ended(self) -> bool:
        """Whether the server stops: whoever waits for news answers with what there is."""
        return self._ended

    @contextlib.contextmanager
    def watch(self, workspace_id: UUID, session_id: UUID) -> Generator[Watch]:
        """Wakes whenever something happened in the session, or might have."""
        watch, key = Watch(), (workspace_id, session_id)
        self._watches.setdefault(key, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[key].discard(watch)
            if not self._watches[key]:
                del self._watches[key]

    async def session(self, workspace_id: UUID, session_id: UUID, after: int) -> AsyncGenerator[bytes]:
        """Frames of one session's events from number `after` on; never ends by itself."""
        with self.watch(workspace_id, session_id) as watch, self._counted():
            yield OPENING
            while not self._ended and not watch.over:
                try:
                    found = await self._read_session(workspace_id, session_id, after)
                except Unavailable:
                    return  # the client comes back and resumes
                for seq, sent in found:
                    after = seq
                    yield sent
                if len(found) < PAGE and not await watch.news():
                    yield STILL_HERE + b"\n"

    async def _read_session(
        self, workspace_id: UUID, session_id: UUID, after: int
    ) -> list[tuple[int, bytes]]:
        """(number, frame) of a session's events after number `after`, read once for all that ask for them now.

        What is told of a session ends the sharing of what is being read of it: that may have begun too early to see it.
        """

        async def read() -> list[tuple[int, bytes]]:
            async with self._catching_up, self._db.transaction(workspace_id) as tx:
                rows = await work_sessions.events(tx, session_id, after, PAGE)
            return [(row.seq, frame(views.event(row), event_id=str(row.seq))) for row in rows]

        shared = self._reading.setdefault((workspace_id, session_id), {})
        reading = shared.get(after)
        if reading is None:
            reading = shared[after] = asyncio.create_task(read(), name=f"events of session {session_id}")
            reading.add_done_callback(partial(self._was_read, (workspace_id, session_id), after))
        return await asyncio.shield(reading)

    def _was_read(
        self, of: tuple[UUID, UUID], after: int, reading: "asyncio.Task[list[tuple[int, bytes]]]"
    ) -> None:
        if not reading.cancelled():
            reading.exception()  # whoever asked has heard of it, or is gone
        shared = self._reading.get(of, {})
        if shared.get(after) is reading:
            del shared[after]
            if not shared:
                del self._reading[of]

    async def workspace(self, workspace_id: UUID, position: Position | None) -> AsyncGenerator[bytes]:
        """Frames of everything in the workspace after `position`, or from now on; never ends by itself."""
        with self._outlet(workspace_id) as (hub, outlet), self._counted():
            yield OPENING + self._heartbeat  # so that its reader knows from the start how long silence lasts
            if position is None:
                await hub.ready.wait()
                if hub.position is not None:  # all that was handed out since we came is in the outlet
                    yield f"id: {hub.position[0]}-{hub.position[1]}\n\n".encode()
            else:
                try:
                    async for at, sent in self._catch_up(workspace_id, position):
                        position = at
                        yield sent
                except Unavailable:
                    return  # the client comes back and resumes
            while not outlet.over and not self._ended:
                items = await outlet.take()
                sent = [one for at, one in items if at is None or position is None or at > position]
                if sent:
                    yield b"".join(sent)

    async def _catch_up(
        self, workspace_id: UUID, position: Position
    ) -> AsyncIterator[tuple[Position, bytes]]:
        """What happened since `position`, then where the present is, as an id without data."""
        while True:
            async with self._catching_up, self._db.transaction(workspace_id) as tx:
                rows, after = await work_sessions.stream(tx, position, PAGE)
            for event, project_id, status in rows:
                yield (int(event.xid), event.id), session_frame(event, project_id, status)
            position = after
            if len(rows) < PAGE:
                yield after, f"id: {after[0]}-{after[1]}\n\n".encode()
                return

    @contextlib.contextmanager
    def _outlet(self, workspace_id: UUID) -> Generator[tuple[_Hub, _Outlet]]:
        hub = self._hubs.get(workspace_id)
        if hub is None:
            hub = self._hubs[workspace_id] = _Hub(self._db, workspace_id)
        outlet = _Outlet(self._queue_size)
        hub.outlets.add(outlet)
        hub.open()
        try:
            yield hub, outlet
        finally:
            hub.outlets.discard(outlet)
            if not hub.outlets and self._hubs.get(workspace_id) is hub:
                del self._hubs[workspace_id]
                closing = asyncio.get_running_loop().create_task(hub.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    @contextlib.contextmanager
    def _counted(self) -> Generator[None]:
        self.open_streams += 1
        try:
            yield
        finally:
            self.open_streams -= 1

    async def _beat(self) -> None:
        """Has every stream of everything in which nothing happens say that it is there."""
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            for hub in self._hubs.values():
                for outlet in hub.outlets:
                    outlet.beat(self._heartbeat)

    async def _reread(self) -> None:
        """Has every stream of a session look again, and say something, so that nobody in between closes it."""
        while True:
            await asyncio.sleep(self._reread_seconds)
            for watches in self._watches.values():
                for watch in watches:
                    watch.beat()

    async def _listen(self) -> None:
        async for payload in listen(self._db.url, EVENTS_CHANNEL):
            if payload is None:
                self._wake_everybody()
            else:
                self._tell(payload)

    def _wake_everybody(self) -> None:
        self._reading.clear()
        for watches in self._watches.values():
            for watch in watches:
                watch.wake()
        for hub in self._hubs.values():
            hub.wake()

    def _end_streams_of(self, workspace_id: UUID) -> None:
        """Ends the streams of a workspace. Clients come back, and are asked for their keys again."""
        for (of, _), watches in self._watches.items():
            if of == workspace_id:
                for watch in watches:
                    watch.end()
        hub = self._hubs.get(workspace_id)
        for outlet in () if hub is None else tuple(hub.outlets):
            outlet.end()

    def _tell(self, payload: str) -> None:
        try:
            note = json.loads(payload)
            workspace_id = UUID(note["workspace_id"])
            if note.get("kind") == KEY_REVOKED:
                self._end_streams_of(workspace_id)
                return
            hub = self._hubs.get(workspace_id)
            if hub is not None:
                hub.tell(note)
            if "session_id" in note:
                self._reading.pop((workspace_id, UUID(note["session_id"])), None)
                for watch in self._watches.get((workspace_id, UUID(note["session_id"])), ()):
                    watch.wake()
        except (ValueError, KeyError, TypeError):
            _log.warning("a notification of an unknown form: %.200s", payload)


class EventStream(StreamingResponse):
    """A response that sends frames until the client leaves, and closes their generator when it does."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes]) -> None:
        super().__init__(frames, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._frames = frames

    async def stream_response(self, send: Send) -> None:
        async with contextlib.aclosing(self._frames):
            await super().stream_response(send)


def frame(data: Mapping[str, Any], *, event: str | None = None, event_id: str | None = None) -> bytes:
    """One event as the wire has it. JSON has no line breaks, so `data` is one line."""
    lines = [f"event: {event}"] if event else []
    if event_id is not None:
        lines.append(f"id: {event_id}")
    lines.append(f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}")
    return ("\n".join(lines) + "\n\n").encode()


def session_news(event: Any, project_id: UUID, status: str) -> dict[str, Any]:
    """What the workspace's stream says of one event."""
    return {
        "project_id": str(project_id), "session_id": str(event.session_id), "seq": event.seq,
        "type": event.type, "status": status,
    }  # fmt: skip


def session_frame(event: Any, project_id: UUID, status: str) -> bytes:
    return frame(session_news(event, project_id, status), event="session", event_id=f"{event.xid}-{event.id}")


def parse_position(last_event_id: str | None) -> Position | None:
    """Raises InvalidInput (`cursor_invalid`)."""
    if last_event_id is None or not last_event_id.strip():
        return None
    found = re.fullmatch(r"(\d{1,19})-(\d{1,18})", last_event_id.strip())
    if found is None:
        raise InvalidInput(
            "cursor_invalid",
            "This Last-Event-ID is not one of ours.",
            hint="Send the id of the last event unchanged, or none to start now.",
            field="Last-Event-ID",
        )
    return int(found[1]), int(found[2])


def parse_seq(last_event_id: str | None) -> int | None:
    """Raises InvalidInput (`cursor_invalid`)."""
    if last_event_id is None or not last_event_id.strip():
        return None
    if not re.fullmatch(r"\d{1,9}", last_event_id.strip()):
        raise InvalidInput(
            "cursor_invalid",
            "This Last-Event-ID is not the number of an event.",
            hint="Send the id of the last event unchanged, or none to start at the first.",
            field="Last-Event-ID",
        )
    return int(last_event_id)
