"""Events as they happen, over a real server: streams, resuming, waiting, stopping."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from proofroom.api import server as server_module
from proofroom.api.server import Server
from proofroom.api.sse import HEARTBEAT_SECONDS, Item, LiveEvents, Watch, _Outlet
from proofroom.db import embeddings, work_sessions
from proofroom.services import access
from tests.integration.api.support import NOTE, SOURCE, World


@dataclass(frozen=True, slots=True)
class Event:
    name: str
    id: str
    data: dict[str, Any]


class Stream:
    """A reader of server-sent events that waits for what it is asked for, and never for a time."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last_id = ""

    async def next(self) -> Event:
        """The next event that says something happened."""
        name, data = "message", ""
        async with asyncio.timeout(30):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "id":
                    self.last_id = value
                elif field == "data":
                    data = value
                elif line == "" and data:
                    if name != "heartbeat":
                        return Event(name, self.last_id, json.loads(data))
                    name, data = "message", ""
        raise EOFError("the stream ended")

    async def until(self, kind: str) -> list[Event]:
        """Events up to the first of a type."""
        seen = [await self.next()]
        while seen[-1].data.get("type") != kind:
            seen.append(await self.next())
        return seen

    async def opened(self) -> None:
        """The stream says where the present is."""
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.last_id = line[4:]
                    return

    async def ended(self) -> bool:
        async with asyncio.timeout(30):
            async for _ in self._lines:
                pass
        return True


@pytest_asyncio.fixture
async def served(world: World) -> AsyncIterator[tuple[World, httpx.AsyncClient, Server]]:
    server = Server(world.app, port=0, log_level="warning")
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    running = asyncio.create_task(server.serve(sockets=[listening]))
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
    try:
        yield world, client, server
    finally:
        await client.aclose()
        server.should_exit = True
        await running
        listening.close()


@asynccontextmanager
async def streaming(client: httpx.AsyncClient, path: str, **headers: str) -> AsyncGenerator[Stream]:
    sent = {"Accept": "text/event-stream"} | {k.replace("_", "-"): v for k, v in headers.items()}
    async with client.stream("GET", f"/api{path}", headers=sent) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in response.headers
        yield Stream(response.aiter_lines())


Served = tuple[World, httpx.AsyncClient, Server]


async def test_a_sessions_events_come_as_they_happen_and_resume(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    await world.add_text(project, SOURCE)
    session = await world.session(project, runtime=world.script(NOTE))
    path = f"/projects/{project}/work-sessions/{session}"
    async with streaming(client, f"{path}/events") as stream:
        first = await stream.next()
        assert (first.id, first.data["type"]) == ("1", "session_created")
        await world.api.post(f"{path}/execute")
        driving = asyncio.create_task(world.drive(session))
        seen = [first, *await stream.until("checkpoint_opened")]
        await driving
    listed = (await world.api.ok("GET", f"{path}/events"))["items"]
    assert [e.data for e in seen] == listed
    assert [e.id for e in seen] == [str(e["seq"]) for e in listed]
    async with streaming(client, f"{path}/events", Last_Event_ID="3") as stream:
        assert (await stream.next()).data == listed[3]
    async with streaming(client, f"{path}/events?after=2") as stream:
        assert (await stream.next()).data == listed[2]
    bad = await client.get(
        f"/api{path}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "x"}
    )
    assert (bad.status_code, bad.json()["code"]) == (422, "cursor_invalid")


async def test_a_vote_is_told_at_once(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    await world.api.ok("POST", "/members", 201, json={"name": "Second", "role": "reviewer"})
    await world.api.ok("PATCH", f"/projects/{project}/policy", json={"quorum": 2})
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    async with streaming(client, "/events") as stream:
        await stream.opened()
        await world.api.ok(
            "POST",
            f"{path}/checkpoints/{checkpoint['id']}/approve",
            json={"packet_digest": checkpoint["packet_digest"]},
        )
        voted = (await stream.until("voted"))[-1]
    assert (voted.data["session_id"], voted.data["status"]) == (path.rsplit("/", 1)[1], "pending_review")
    listed = (await world.api.ok("GET", f"{path}/events", params={"limit": 200}))["items"]
    said = {"checkpoint_id": checkpoint["id"], "by": "Reviewer", "votes": 1, "needed": 2}
    assert [e["data"] for e in listed if e["seq"] == voted.data["seq"]] == [said]


async def test_one_stream_carries_everything_and_only_of_ones_own(served: Served) -> None:
    world, client, _ = served
    theirs, member = await access.create_workspace(world.db, "Theirs", "Stranger")
    async with world.db.transaction(theirs) as tx:
        key = (await access.create_api_key(tx, member, "k"))[1]
    stranger = {"Authorization": f"Bearer {key}"}
    async with (
        streaming(client, "/events") as stream,
        streaming(client, "/events", **stranger) as other,
    ):
        await stream.opened()
        await other.opened()
        start = stream.last_id
        project = await world.project()
        source = await world.add_text(project, SOURCE)
        told: list[Event] = []
        while not told or told[-1].data["status"] != "ready":
            told.append(await stream.next())
        assert {(e.name, e.data["source_id"], e.data["project_id"]) for e in told} == {
            ("source", source, project)
        }
        async with world.db.transaction(world.actor.workspace_id) as tx:
            await embeddings.announce(tx, UUID(project))
        event = await stream.next()
        assert (event.name, event.data) == ("index", {"project_id": project})
        path, _ = await world.waiting(project, runtime=world.script(NOTE))
        seen = await stream.until("checkpoint_opened")
        session = path.rsplit("/", 1)[1]
        assert {(e.name, e.data["session_id"]) for e in seen} == {("session", session)}
        assert [e.data["seq"] for e in seen] == list(range(1, len(seen) + 1))
        assert seen[-1].data["status"] == "pending_review"

        # Somebody else's stream hears of their own only.
        made = await client.post("/api/projects", json={"name": "Theirs"}, headers=stranger)
        at = f"/api/projects/{made.json()['id']}/work-sessions"
        body = {"agent_type": "research", "task_description": "x"}
        own = (await client.post(at, json=body, headers=stranger)).json()["id"]
        assert (await other.next()).data["session_id"] == own
    async with streaming(client, "/events", Last_Event_ID=start) as again:
        resumed = [await again.next() for _ in seen]
        assert [(e.id, e.data["type"]) for e in resumed] == [(e.id, e.data["type"]) for e in seen]
    middle = seen[2].id
    async with streaming(client, "/events", Last_Event_ID=middle) as again:
        assert (await again.next()).id == seen[3].id
    bad = await client.get("/api/events", headers={"Last-Event-ID": "1"})
    assert (bad.status_code, bad.json()["code"]) == (422, "cursor_invalid")


async def test_an_event_of_a_late_commit_is_not_lost(served: Served) -> None:
    """While an older transaction is open, what was committed after it started is not readable yet."""
    world, client, _ = served
    project = await world.project()
    async with streaming(client, "/events") as stream:
        await stream.opened()
        async with world.db.across() as blocker:
            await blocker.execute(text("SELECT pg_current_xact_id()"))
            session = await world.session(project)
        event = await stream.next()
        assert (event.data["session_id"], event.data["type"]) == (session, "session_created")


async def test_a_quiet_stream_shows_that_it_lives(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    session = await world.session(project)
    for path in ("/events", f"/projects/{project}/work-sessions/{session}/events"):
        async with client.stream("GET", f"/api{path}", headers={"Accept": "text/event-stream"}) as response:
            async with asyncio.timeout(30):
                async for line in response.aiter_lines():
                    if line.startswith(":"):
                        break


async def test_the_line_to_the_database_comes_back(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    session = await world.session(project)
    path = f"/projects/{project}/work-sessions/{session}"
    async with streaming(client, f"{path}/events") as stream, streaming(client, "/events") as everything:
        await stream.next()
        await everything.opened()
        async with world.db.across() as tx:
            await tx.execute(text("SET LOCAL ROLE NONE"))
            killed = await tx.execute(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE application_name = 'proofroom-listen' AND datname = current_database()"
                )
            )
            assert killed.scalar_one() >= 1
        await world.api.ok("POST", f"{path}/cancel")
        assert (await stream.next()).data["type"] == "cancelled"
        assert (await everything.next()).data["type"] == "cancelled"


async def test_waiting_for_a_resting_place(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    await world.add_text(project, SOURCE)
    session = await world.session(project, runtime=world.script(NOTE))
    at = f"/api/projects/{project}/work-sessions/{session}/execute"
    waiting = asyncio.create_task(client.post(at, headers={"Prefer": "respond-async, wait=50"}))
    path = f"/projects/{project}/work-sessions/{session}"
    async with streaming(client, f"{path}/events") as stream:
        await stream.until("queued")
    await world.drive(session)
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (200, "pending_review")
    assert answer.json()["checkpoint_id"]
    assert answer.headers["Preference-Applied"] == "wait=50"


async def test_waiting_is_not_for_ever(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    session = await world.session(project, runtime=world.script(NOTE))
    at = f"/api/projects/{project}/work-sessions/{session}/execute"
    answer = await client.post(at, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    none = await world.session(project, runtime=world.script(NOTE))
    plain = await client.post(at.replace(session, none), headers={"Prefer": "return=minimal"})
    assert plain.status_code == 202
    assert "Preference-Applied" not in plain.headers


async def test_a_stopping_server_ends_its_streams(served: Served) -> None:
    world, client, server = served
    project = await world.project()
    session = await world.session(project)
    async with (
        streaming(client, f"/projects/{project}/work-sessions/{session}/events") as one,
        streaming(client, "/events") as two,
    ):
        await one.next()
        await two.opened()
        assert world.app.state.serving.live.open_streams == 2
        server.should_exit = True
        assert await one.ended()
        assert await two.ended()


async def test_streams_do_not_outlive_the_key_that_they_were_opened_with(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    session = await world.session(project)
    async with world.db.transaction(world.actor.workspace_id) as tx:
        key_id, key = await access.create_api_key(tx, world.actor.member_id, "lost")
    theirs, _ = await access.create_workspace(world.db, "Theirs", "Stranger")
    leaver = {"Authorization": f"Bearer {key}"}
    live: LiveEvents = world.app.state.serving.live
    heard = live.workspace(theirs, None)
    async with (
        streaming(client, f"/projects/{project}/work-sessions/{session}/events", **leaver) as one,
        streaming(client, "/events", **leaver) as two,
    ):
        await one.next()
        await two.opened()
        await anext(heard)
        async with world.db.transaction(world.actor.workspace_id) as tx:
            await access.revoke_api_key(tx, key_id)
        assert await one.ended()
        assert await two.ended()
    assert (await client.get("/api/events", headers=leaver)).status_code == 401
    assert (await anext(heard)).startswith(b"id: ")  # another workspace's goes on
    await heard.aclose()


async def test_a_client_that_leaves_is_forgotten(served: Served) -> None:
    world, client, _ = served
    live: LiveEvents = world.app.state.serving.live
    async with streaming(client, "/events") as stream:
        await stream.opened()
        assert live.open_streams == 1
    async with asyncio.timeout(30):
        while live.open_streams:
            await asyncio.sleep(0.01)
    assert live._hubs == {}


async def test_a_slow_reader_is_dropped_and_nobody_waits_for_it() -> None:
    outlet = _Outlet(2)
    items: list[Item] = [((n, 0), b"x") for n in range(3)]
    outlet.put(items[0])
    assert await outlet.take() == items[:1]
    for item in items:
        assert not outlet.over
        outlet.put(item)
    assert outlet.over
    assert await outlet.take() == [], "it comes back and resumes"


async def test_a_stream_says_that_it_is_there_only_where_it_says_nothing_else() -> None:
    outlet = _Outlet(2)
    waiting = asyncio.create_task(outlet.take())
    await asyncio.sleep(0)
    outlet.beat(b"here")
    assert await waiting == [(None, b"here")]
    outlet.put(((1, 0), b"x"))
    outlet.beat(b"here")
    assert await outlet.take() == [((1, 0), b"x")]


async def test_the_stream_of_everything_says_how_often_it_speaks_and_then_does(served: Served) -> None:
    """An event, which a page is told of, as it is not of a comment; without an id, so that it moves no position."""
    world, client, _ = served
    async with client.stream("GET", "/api/events") as response, asyncio.timeout(30):
        lines = response.aiter_lines()
        heard: list[str] = []
        while heard.count("event: heartbeat") < 3:
            heard.append(await anext(lines))
    assert heard[:4] == ["retry: 2000", "", ": still here", "event: heartbeat"]
    assert heard[4:6] == ['data: {"every_seconds":0.5}', ""]
    assert sum(line.startswith("id:") for line in heard) == 1
    assert LiveEvents(world.db)._heartbeat == (
        f': still here\nevent: heartbeat\ndata: {{"every_seconds":{HEARTBEAT_SECONDS}}}\n\n'.encode()
    )


async def test_a_sessions_stream_has_no_events_but_the_sessions(served: Served) -> None:
    """Its readers take what has data for something that happened."""
    world, client, _ = served
    session = await world.session(project := await world.project())
    path = f"/api/projects/{project}/work-sessions/{session}/events"
    async with client.stream("GET", path, headers={"Accept": "text/event-stream"}) as response:
        async with asyncio.timeout(30):
            lines = response.aiter_lines()
            heard: list[str] = []
            while heard.count(": still here") < 2:
                heard.append(await anext(lines))
    assert [line for line in heard if line.startswith("event:")] == []
    assert sum(line.startswith("data:") for line in heard) == 1


async def test_who_watches_a_session_is_woken_by_what_changed_also_before_it_waits() -> None:
    watch = Watch()
    watch.wake()
    assert await watch.news()
    waiting = asyncio.create_task(watch.news())
    await asyncio.sleep(0)
    watch.beat()
    assert not await waiting
    assert not await watch.changed(0.001)
    watch.wake()
    assert await watch.changed(60)


async def test_many_streams_hear_the_same(served: Served) -> None:
    world, client, _ = served
    project = await world.project()

    async def listen(ready: asyncio.Semaphore) -> Event:
        async with streaming(client, "/events") as stream:
            await stream.opened()
            ready.release()
            return await stream.next()

    ready = asyncio.Semaphore(0)
    listeners = [asyncio.create_task(listen(ready)) for _ in range(40)]
    for _ in listeners:
        await ready.acquire()
    session = await world.session(project)
    heard = await asyncio.gather(*listeners)
    assert {e.data["session_id"] for e in heard} == {session}
    assert len({e.id for e in heard}) == 1


async def test_streams_of_one_session_share_what_is_read_of_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, client, _ = served
    project = await world.project()
    session = await world.session(project)
    reads = 0
    real = work_sessions.events

    async def counted(*args: Any, **more: Any) -> Any:
        nonlocal reads
        reads += 1
        return await real(*args, **more)

    monkeypatch.setattr(work_sessions, "events", counted)
    ready = asyncio.Semaphore(0)

    async def listen() -> list[Event]:
        async with streaming(client, f"/projects/{project}/work-sessions/{session}/events") as stream:
            first = await stream.next()
            ready.release()
            return [first, await stream.next()]

    listeners = [asyncio.create_task(listen()) for _ in range(40)]
    for _ in listeners:
        await ready.acquire()
    before = reads
    await world.api.post(f"/projects/{project}/work-sessions/{session}/cancel", 202)
    heard = await asyncio.gather(*listeners)
    assert {tuple(e.id for e in events) for events in heard} == {("1", "2")}
    assert reads - before < 20


async def test_what_was_read_before_an_event_is_not_shared_with_who_asks_after_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _, _ = served
    live: LiveEvents = world.app.state.serving.live
    workspace, session = world.actor.workspace_id, UUID(await world.session(await world.project()))
    real, gate, has_read = work_sessions.events, asyncio.Event(), asyncio.Event()

    async def held_up(*args: Any, **more: Any) -> Any:
        rows = await real(*args, **more)
        has_read.set()
        await gate.wait()
        return rows

    monkeypatch.setattr(work_sessions, "events", held_up)
    early = asyncio.create_task(live._read_session(workspace, session, 0))
    await has_read.wait()
    monkeypatch.setattr(work_sessions, "events", real)
    async with world.db.transaction(workspace) as tx:
        await work_sessions.note(tx, session, work_sessions.Record(events=[("said", {"text": "Now."})]))
    live._tell(
        json.dumps({"workspace_id": str(workspace), "kind": "session", "session_id": str(session), "seq": 2})
    )
    async with asyncio.timeout(30):
        assert [seq for seq, _ in await live._read_session(workspace, session, 0)] == [1, 2]
    gate.set()
    assert [seq for seq, _ in await early] == [1]
    assert live._reading == {}


async def test_a_request_whose_head_does_not_come_to_its_end_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, client, _ = served
    assert (await client.get("/api/health")).status_code == 200
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.1)
    for sent in (b"", b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(sent)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
    # An answer that takes longer than a head may, and one more on the same connection.
    project = await world.project()
    async with streaming(client, "/events") as stream:
        await stream.opened()
        assert (await client.get(f"/api/projects/{project}")).status_code == 200
        await asyncio.wait_for(_closed_by_limit(client), 30)
        await world.add_text(project, "words", "Words")
        assert await stream.next()


async def _closed_by_limit(client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    await reader.read()
    writer.close()


async def test_asking_again_and_again_hears_what_a_stream_hears(served: Served) -> None:
    world, client, _ = served
    project = await world.project()
    began = await world.api.ok("GET", "/events/latest")
    assert (began["items"], began["more"]) == ([], False)
    async with streaming(client, "/events") as stream:
        await stream.opened()
        session = await world.session(project)
        heard = await stream.next()
    found = await world.api.ok("GET", f"/events/latest?after={began['last_event_id']}")
    assert found["items"][0] == heard.data
    assert {i["session_id"] for i in found["items"]} == {session}
    after = found["last_event_id"]
    assert (await world.api.ok("GET", f"/events/latest?after={after}"))["items"] == []
    # From one to the other, either way.
    assert (await world.api.ok("GET", f"/events/latest?after={heard.id}"))["items"] == found["items"][1:]
    other = await world.session(project)
    async with streaming(client, "/events", Last_Event_ID=after) as stream:
        assert (await stream.next()).data["session_id"] == other
    await world.api.problem("GET", "/events/latest?after=x", 422, "cursor_invalid")


async def test_who_stops_reading_is_dropped_and_resumes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is held for it for ever, and nothing that it missed is lost."""
    world, client, _ = served
    live: LiveEvents = world.app.state.serving.live
    monkeypatch.setattr(server_module, "STUCK_SECONDS", 0.2)
    project = await world.project()
    began = (await world.api.ok("GET", "/events/latest"))["last_event_id"]
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", client.base_url.port))
    await loop.sock_sendall(raw, b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    async with asyncio.timeout(60):
        while not live._hubs:
            await asyncio.sleep(0.01)
        (hub,) = live._hubs.values()
        for _ in range(200):  # 13 MB, more than lies between a server and its reader
            hub._send(((1, 1), b": " + b"x" * 65_000 + b"\n\n"))
            await asyncio.sleep(0)
        while live.open_streams:
            await asyncio.sleep(0.01)
    raw.close()
    session = await world.session(project)
    async with streaming(client, "/events", Last_Event_ID=began) as stream:
        assert (await stream.next()).data["session_id"] == session


async def test_a_connection_is_used_again(served: Served) -> None:
    """HTTP/1.1: the page, its files, and what it asks of the API come over one connection."""
    _, client, _ = served
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    for path in ("/", "/api/health", "/api/projects"):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n\r\n".encode())
        async with asyncio.timeout(30):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("http/1.1 200")
            assert "connection: close" not in head
            length = next(line for line in head.split("\r\n") if line.startswith("content-length: "))
            await reader.readexactly(int(length.partition(": ")[2]))
    writer.close()
