"""Too much at a time is refused with when to come again; /metrics says what happened and what waits."""

import io
import json
import logging
import re
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from proofroom.api.app import create_app
from proofroom.api.monitoring import Monitor
from proofroom.api.sse import LiveEvents
from proofroom.db import figures
from proofroom.db.tx import Database
from proofroom.engine import turns
from proofroom.services import access
from proofroom.settings import Settings
from proofroom.telemetry import logs
from tests.integration.api.support import NOTE, SOURCE, Api, World


def sample(said: str, line: str) -> float:
    """The value of one sample; 0 where it is not told."""
    found = re.search(rf"^{re.escape(line)} (\S+)$", said, re.MULTILINE)
    return 0.0 if found is None else float(found[1])


async def api_with(world: World, settings: Settings, *, local: bool = True) -> Api:
    """The application of the same parts with other settings; the caller closes it."""
    app = create_app(
        world.parts, settings, local_actor=world.actor if local else None, live=LiveEvents(world.db)
    )
    if local:
        return Api(app)
    async with world.db.transaction(world.actor.workspace_id) as tx:
        _, key = await access.create_api_key(tx, world.actor.member_id, "test")
    return Api(app, key=key, base="http://proofroom.test")


async def test_requests_over_the_limit_are_refused_and_told_when_to_come_again(world: World) -> None:
    api = await api_with(world, Settings(requests_per_minute=2, allowed_hosts="proofroom.test"), local=False)
    before = sample((await api.get("//metrics")).text, 'proofroom_http_limited_total{limit="user"}')
    assert [(await api.get("/projects")).status_code for _ in range(2)] == [200, 200]
    refused = await api.get("/projects", headers={"X-Request-Id": "mine-1"})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["request_id"]) == (429, "rate_limited", "mine-1")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert "2 a minute" in problem["detail"]
    # What watches the server is never refused.
    assert [(await api.get("/health")).status_code for _ in range(5)] == [200] * 5
    said = (await api.get("//metrics")).text
    assert sample(said, 'proofroom_http_limited_total{limit="user"}') == before + 1
    await api.http.aclose()


async def test_a_full_queue_takes_no_more_work_but_every_decision(world: World, settings: Settings) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    ready = await world.session(project, runtime=world.script(NOTE))
    api = await api_with(world, settings.model_copy(update={"max_queued": 1}))
    body = {
        "agent_type": "research", "task_description": "Again?", "auto_execute": True, "runtime": world.script(NOTE),
    }  # fmt: skip
    sessions = f"/projects/{project}/work-sessions"
    await api.ok("POST", sessions, 201, json=body)
    refused = await api.send("POST", sessions, json=body)
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert refused.headers["Retry-After"] == "10"
    await api.problem("POST", f"{sessions}/{ready}/execute", 429, "queue_full")
    listed = await api.ok("GET", sessions)
    assert sorted(s["status"] for s in listed["items"]) == ["initialized", "pending_review", "queued"]
    await api.ok("POST", sessions, 201, json=body | {"auto_execute": False})
    decided = await api.ok(
        "POST", f"{path}/checkpoints/{checkpoint['id']}/approve", json={"packet_digest": checkpoint["packet_digest"]}
    )  # fmt: skip
    assert decided["status"] == "queued"
    await api.http.aclose()


async def test_work_that_waits_for_a_worker_says_how_many_come_before_it(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)

    async def place(session_id: str) -> int | None:
        path = f"/projects/{project}/work-sessions"
        (listed,) = [s for s in (await world.api.ok("GET", path))["items"] if s["id"] == session_id]
        assert "queued_before" not in listed
        return (await world.api.ok("GET", f"{path}/{session_id}"))["queued_before"]

    first, second = [
        await world.session(project, runtime=world.script(NOTE), auto_execute=True) for _ in "12"
    ]
    urgent = await world.session(project, runtime=world.script(NOTE), auto_execute=True, priority=5)
    idle = await world.session(project, runtime=world.script(NOTE))
    assert [await place(one) for one in (urgent, first, second, idle)] == [0, 1, 2, None]
    await world.drive(urgent)
    assert [await place(one) for one in (urgent, first, second)] == [None, 0, 1]


async def test_metrics_count_requests_by_route_and_name_no_tenant(world: World) -> None:
    project = await world.project()
    before = (await world.api.get("//metrics")).text
    line = 'proofroom_http_requests_total{method="GET",route="/api/projects/{project_id}",status="%s"}'
    await world.api.get(f"/projects/{project}")
    await world.api.get(f"/projects/{uuid4()}")
    after = (await world.api.get("//metrics")).text
    assert sample(after, line % 200) == sample(before, line % 200) + 1
    assert sample(after, line % 404) == sample(before, line % 404) + 1
    bucket = 'proofroom_http_request_seconds_count{method="GET",route="/api/projects/{project_id}"}'
    assert sample(after, bucket) == sample(before, bucket) + 2
    for secret in (project, str(world.actor.workspace_id), str(world.actor.member_id)):
        assert secret not in after
    for name in (
        "proofroom_database_up", "proofroom_database_connections_used", "proofroom_event_streams",
        "proofroom_queue_oldest_seconds", "proofroom_workers", "proofroom_captures_waiting",
    ):  # fmt: skip
        assert re.search(rf"^{name} \S+$", after, re.MULTILINE), name


async def test_the_figures_say_what_waits(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    before = await figures.read(world.db)
    await world.waiting(project, runtime=world.script(NOTE))
    session = await world.session(project, runtime=world.script(NOTE), auto_execute=True)
    lost = await world.session(project, runtime=world.script(NOTE), auto_execute=True)
    await world.api.ok("POST", f"/projects/{project}/sources", 202, json={"text": "Not read yet."})
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE work_sessions SET updated_at = now() - interval '2 hours' WHERE id = :id"),
            {"id": session},
        )
        await tx.execute(
            text(
                "UPDATE work_sessions SET status = 'in_progress', lease_until = now() - interval '1 minute'"
                " WHERE id = :id"
            ),
            {"id": lost},
        )
    now = await figures.read(world.db)
    more = {s: n - before.sessions[s] for s, n in now.sessions.items()}
    assert more == {"queued": 1, "in_progress": 1, "pending_review": 1}
    assert now.legs["lapsed"] - before.legs["lapsed"] == 1
    assert now.captures - before.captures == 1
    assert now.jobs["capture_source", "todo"] >= 1
    assert now.deliveries.keys() == {"pending", "dead"}
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(
            text("UPDATE work_sessions SET turn_at = now() - interval '2 hours' WHERE id = :id"), {"id": session}
        )  # fmt: skip
    assert (await figures.read(world.db)).oldest_queued > 7_100


async def test_the_figures_are_read_once_for_all_and_again_when_they_are_old(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, clock = 0, 0.0

    async def counted(_: Database) -> figures.Figures:
        nonlocal read
        read += 1
        return figures.Figures()

    monkeypatch.setattr(figures, "read", counted)
    monitor = Monitor(db, fresh_seconds=5, clock=lambda: clock)
    for _ in range(3):
        await monitor.text("1")
    assert read == 1
    clock = 5.0
    assert "proofroom_database_up 1" in await monitor.text("1")
    assert read == 2


async def test_metrics_are_told_although_the_database_is_away() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    said = await Monitor(away).text("1")
    await away.dispose()
    assert "proofroom_database_up 0" in said
    assert "proofroom_http_requests_total" in said
    assert "proofroom_sessions" not in said


def heard(monkeypatch: pytest.MonkeyPatch, logger: str) -> io.StringIO:
    """What this logger writes from now on, as JSON lines."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.formatter("json"))
    monkeypatch.setattr(logging.getLogger(logger), "handlers", [handler])
    return out


async def test_the_log_says_whose_request_it_was_and_no_text_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project = await world.project()
    session = await world.session(project)
    out = heard(monkeypatch, "proofroom.api.edge")
    with caplog.at_level(logging.INFO, "proofroom.api.edge"):
        await world.api.get(f"/projects/{project}/search", params={"q": "something private"})
        await world.api.get(
            f"/projects/{project}/work-sessions/{session}", headers={"X-Request-Id": "mine-2"}
        )
    assert "private" not in out.getvalue()
    searched, looked = (json.loads(line) for line in out.getvalue().splitlines())
    assert searched["message"].startswith(f"GET /api/projects/{project}/search 200 in ")
    assert looked["request_id"] == "mine-2"
    assert looked["session_id"] == session
    assert looked["workspace_id"] == str(world.actor.workspace_id)


async def test_what_a_worker_says_of_a_leg_names_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    out = heard(monkeypatch, "proofroom.engine.turns")
    project = await world.project()
    await world.add_text(project, SOURCE)

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("It broke with pk_abcdefghijklmnop in hand.")

    monkeypatch.setattr(turns, "_events", breaks)
    session = await world.session(project, runtime=world.script(NOTE), auto_execute=True)
    assert (await world.drive(session)).status == "failed"
    said = json.loads(out.getvalue())
    assert (said["session_id"], said["workspace_id"]) == (session, str(world.actor.workspace_id))
    assert (said["leg"], said["level"]) == ("1", "error")
    assert "leg" not in logs.ids()
    assert "pk_abcdefghijklmnop" not in said["error"]


async def test_an_error_of_the_database_gives_no_values_away(world: World) -> None:
    project = UUID(await world.project())
    with pytest.raises(Exception, match="violates") as broken:
        async with world.db.transaction(world.actor.workspace_id) as tx:
            await tx.execute(
                text("INSERT INTO projects (workspace_id, id, name) VALUES (:w, :id, :name)"),
                {"w": world.actor.workspace_id, "id": project, "name": "A private name"},
            )
    assert "private name" not in str(broken.value)
