"""Bad input: a clear problem with its field, and nothing lost."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from proofroom.api import edge
from proofroom.api.app import create_app
from proofroom.api.deps import CallDep
from proofroom.api.sse import LiveEvents
from proofroom.db import projects as db_projects
from proofroom.db.tx import Database
from proofroom.domain.errors import ProofroomError, TooLarge, Unavailable
from proofroom.settings import Settings
from tests.integration.api.support import Api, World, check_against_document

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON"),
        (b"", "missing"),
        (b"nul", "not JSON"),
        (b'{"name": NaN}', "NaN is not a number"),
        (b'{"name": "a"} {}', "not JSON"),
        (b'\xff\xfe{"name"', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"name":' + b"[" * 70 + b"]" * 70 + b"}", "nested too deeply"),
    ],
)
async def test_what_is_no_json(world: World, content: bytes, says: str) -> None:
    response = await world.api.send("POST", "/projects", content=content, headers=JSON)
    problem = response.json()
    assert response.status_code == (422 if content == b"" else 400), problem
    assert says in problem["detail"]
    assert problem["hint"]
    assert problem["request_id"] == response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "name", "name is missing."),
        ({"name": 7}, "name", "name must be text."),
        ({"name": "x", "colour": "red"}, "colour", "colour is not known here."),
        ([], "body", "body must be a JSON object."),
        ("name", "body", "body must be a JSON object."),
    ],
)
async def test_a_body_that_does_not_fit(world: World, body: Any, field: str, says: str) -> None:
    problem = await world.api.problem("POST", "/projects", 422, "validation_error", json=body)
    assert (problem["field"], problem["detail"]) == (field, says)
    assert problem["errors"][0] == {"field": field, "message": says}


@pytest.mark.parametrize(
    ("field", "change", "code"),
    [
        ("agent_type", {"agent_type": "poet"}, "unknown_agent"),
        ("agent_type", {"agent_type": None}, "unknown_agent"),
        ("task_description", {"task_description": None}, "task_invalid"),
        ("task_description", {"task_description": "  \u0000 "}, None),
        ("task_description", {"task_description": "   "}, "task_invalid"),
        ("task_description", {"task_description": "x" * 20_001}, "task_invalid"),
        ("approval_strategy", {"approval_strategy": "yolo"}, "unknown_strategy"),
        ("runtime", {"runtime": "gpt"}, "unknown_runtime"),
        ("runtime", {"runtime": "scripted:/etc/passwd"}, ""),
        ("runtime", {"runtime": "scripted:../../etc/passwd"}, ""),
        ("runtime", {"runtime": " scripted:/etc/passwd"}, "script_not_allowed"),
        ("runtime", {"runtime": "\tscripted:/dev/null\n"}, "script_not_allowed"),
        ("runtime", {"runtime": " scripted:../../etc/passwd"}, "script_not_allowed"),
        ("runtime", {"runtime": "scripted :/etc/passwd"}, "unknown_runtime"),
        ("runtime", {"runtime": "\ufeffscripted:/etc/passwd"}, "unknown_runtime"),
        ("runtime", {"runtime": "claude:a\nb"}, "unknown_runtime"),
        ("runtime", {"runtime": "claude:" + "x" * 201}, "unknown_runtime"),
        ("config.colour", {"config": {"colour": "red"}}, "config_invalid"),
        ("budget.usd", {"budget": {"usd": 0}}, "budget_invalid"),
        ("budget.usd", {"budget": {"usd": -1}}, "budget_invalid"),
        ("budget.usd", {"budget": {"usd": True}}, "budget_invalid"),
        ("budget.euros", {"budget": {"euros": 1}}, "budget_invalid"),
        ("deliver_to", {"deliver_to": [{"kind": "mail", "path": "a@b.c"}]}, "delivery_invalid"),
        ("deliver_to", {"deliver_to": [{"kind": "folder", "path": "../.."}]}, "delivery_not_allowed"),
        ("deliver_to", {"deliver_to": [{"kind": "folder", "path": "/etc"}]}, "delivery_not_allowed"),
        ("source_ids", {"source_ids": ["01a2046c-15d8-767f-8838-dc4b808061a7"]}, "unknown_source"),
        ("source_ids.0", {"source_ids": ["x"]}, "validation_error"),
        ("priority", {"priority": 10**6}, "validation_error"),
        ("metadata", {"metadata": {"a": "x" * 17_000}}, "metadata_too_large"),
        ("template_id", {"template_id": "x"}, "validation_error"),
    ],
)
async def test_a_work_request_that_cannot_be(
    world: World, field: str, change: dict[str, Any], code: str | None
) -> None:
    project = await world.project()
    body = {"agent_type": "research", "task_description": "Find out", **change}
    response = await world.api.post(f"/projects/{project}/work-sessions", body)
    if code is None:  # NUL becomes U+FFFD, which is a task
        assert response.status_code == 201
        assert response.json()["task_description"] == "\ufffd"
        return
    problem = response.json()
    assert response.status_code == 422, problem
    assert code in ("", problem["code"])
    assert problem["field"] == field
    assert problem["hint"]
    assert (await world.api.ok("GET", f"/projects/{project}/work-sessions"))["items"] == []


async def test_text_that_a_database_cannot_hold_is_kept_readable(world: World) -> None:
    body = json.dumps({"name": "a\x00b", "description": "\ud800"}).encode()
    made = await world.api.ok("POST", "/projects", 201, content=body, headers=JSON)
    assert (made["name"], made["description"]) == ("a\ufffdb", "\ufffd")


async def test_numbers_that_readers_disagree_on(world: World) -> None:
    project = await world.project()
    for number in ("1e400", "123456789012345678901234567890", "1e17", "-9007199254740992.0"):
        content = (
            '{"agent_type":"research","task_description":"x","metadata":{"n":' + number + "}}"
        ).encode()
        await world.api.problem(
            "POST",
            f"/projects/{project}/work-sessions",
            422,
            "number_out_of_range",
            content=content,
            headers=JSON,
        )


async def test_only_json_is_read(world: World) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        problem = await world.api.problem(
            "POST",
            "/projects",
            415,
            "json_required",
            content=b'{"name":"x"}',
            headers={"Content-Type": kind},
        )
        assert "application/json" in problem["hint"]
    await world.api.problem("POST", "/projects", 415, "json_required", content=b'{"name":"x"}')
    await world.api.ok(
        "POST",
        "/projects",
        201,
        content=b'{"name":"x"}',
        headers={"Content-Type": "application/json; charset=utf-8"},
    )


async def test_unknown_places_and_methods(world: World) -> None:
    await world.api.problem("GET", "/nothing", 404, "not_found")
    await world.api.problem("POST", "/nothing", 404, "not_found", json={})
    await world.api.problem("GET", "/projects/", 404, "not_found")
    await world.api.problem("GET", "/projects/not-an-id", 404, "not_found")
    project = await world.project()
    for path, allowed in (
        ("/projects", "GET, POST"),
        (f"/projects/{project}", "GET, PATCH, DELETE"),
        ("/health", "GET"),
        ("/openapi.json", "GET"),
    ):
        for method in ("PUT", "OPTIONS", "TRACE"):
            response = await world.api.send(method, path)
            assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
            assert response.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/projects?limit=0", "limit"),
        ("/projects?limit=201", "limit"),
        ("/projects?limit=many", "limit"),
        ("/projects?updated_since=yesterday", "updated_since"),
        ("/projects?updated_since=2026-01-01T00:00:00", "updated_since"),
        ("/projects?updated_since=0.5", "updated_since"),
        ("/projects?updated_since=1767225600", "updated_since"),
        ("/projects?updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
        ("/projects?updated_since=9999-12-31T23:59:59-12:00", "updated_since"),
        ("/checkpoints?snoozed=perhaps", "snoozed"),
        ("/checkpoints?project_id=x", "project_id"),
    ],
)
async def test_queries_that_do_not_fit(world: World, path: str, field: str) -> None:
    problem = await world.api.problem("GET", path, 422, "validation_error")
    assert problem["field"] == field


@pytest.mark.parametrize("cursor", ["x", "%00", "bm8", "AAAA-_", "é", "eyJhIjoxfQ=="])
async def test_cursors_that_are_not_ours(world: World, cursor: str) -> None:
    project = await world.project()
    for path in (
        "/projects",
        "/checkpoints",
        f"/projects/{project}/sources",
        f"/projects/{project}/work-sessions",
    ):
        problem = await world.api.problem("GET", f"{path}?cursor={cursor}", 422, "cursor_invalid")
        assert problem["field"] == "cursor"


async def test_names_of_lists_are_known(world: World) -> None:
    project = await world.project()
    problem = await world.api.problem(
        "GET", f"/projects/{project}/work-sessions?status=queued,done", 422, "unknown_status"
    )
    assert "pending_review" in problem["hint"]
    await world.api.problem("GET", "/checkpoints?status=done", 422, "unknown_status")
    await world.api.problem("GET", "/checkpoints?sort=colour", 422, "unknown_sort")
    await world.api.problem("GET", "/checkpoints?assignee=nobody", 422, "unknown_member")
    await world.api.problem("GET", f"/projects/{project}/search", 422, "query_empty")
    await world.api.problem("GET", f"/projects/{project}/search?q=%20", 422, "query_empty")
    assert (await world.api.ok("GET", f"/projects/{project}/search?q=%00"))["items"] == []


async def test_names_in_addresses_may_hold_what_no_text_of_the_database_holds(world: World) -> None:
    project = await world.project()
    assert (await world.api.ok("GET", "/deliveries?kind=%00"))["items"] == []
    assert (await world.api.ok("GET", "/analytics/series?agent=%00"))["agents"] == []
    await world.api.problem("GET", f"/projects/{project}/agents/%00", 404, "agent_not_found")
    await world.api.problem("DELETE", f"/projects/{project}/agents/%00", 404, "agent_not_found")


async def test_a_request_id_is_taken_over_when_it_is_one(world: World) -> None:
    given = await world.api.get("/health", headers={"X-Request-Id": "trace-17"})
    assert given.headers["X-Request-Id"] == "trace-17"
    for bad in ("x" * 101, "a b", "<script>"):
        made = await world.api.get("/health", headers={"X-Request-Id": bad})
        assert made.headers["X-Request-Id"] != bad


async def test_too_large_a_body_is_refused_before_it_is_read(world: World) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b'{"name": "'
        while sent < 1_000:
            sent += 1
            yield b"x" * 1_000_000

    await world.api.problem("POST", "/projects", 413, "request_too_large", content=endless(), headers=JSON)
    assert sent < 20
    await world.api.problem(
        "POST",
        "/projects",
        413,
        "request_too_large",
        content=b"",
        headers=JSON | {"Content-Length": str(10**9)},
    )


@pytest.mark.parametrize(
    "limits", [{"BODY_PAUSE_SECONDS": 0.1}, {"BODY_SECONDS": 0.1, "BODY_BYTES_A_SECOND": 10**9}]
)
async def test_a_body_that_does_not_come_to_its_end_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, limits: dict[str, float]
) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(edge, name, limit)

    async def hanging() -> Any:
        yield b'{"name": "'
        if len(limits) == 1:
            await asyncio.Event().wait()
        while True:  # a byte now and then
            await asyncio.sleep(0)
            yield b"x"

    found = await world.api.problem(
        "POST", "/projects", 408, "request_too_slow", content=hanging(), headers=JSON
    )
    assert "large files one by one" in found["hint"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8787", 200),
        ("127.0.0.1", 200),
        ("localhost:9", 200),
        ("LOCALHOST", 200),
        ("localhost.", 200),
        ("[::1]:8787", 200),
        ("proof.lan", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8787", 403),
        ("[::2]", 403),
        ("0.0.0.0", 403),
        ("", 403),
    ],
)
async def test_local_mode_answers_to_its_own_names_only(
    world: World, settings: Settings, host: str, status: int
) -> None:
    named = settings.model_copy(update={"allowed_hosts": "proof.lan, other.lan"})
    app = create_app(world.parts, named, local_actor=world.actor, live=app_live(world))
    api = Api(app)
    response = await api.get("/me", headers={"Host": host})
    assert response.status_code == status
    if status == 403:
        assert response.json()["code"] == "host_not_allowed"
        page = await api.get("//", headers={"Host": host, "Accept": "text/html"})
        assert page.status_code == 403
    await api.http.aclose()


def app_live(world: World) -> Any:
    return world.app.state.serving.live


async def test_another_sites_page_changes_nothing(world: World) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:8787", "file://"):
        problem = await world.api.problem(
            "POST", "/projects", 403, "origin_not_allowed", json={"name": "x"}, headers={"Origin": origin}
        )
        assert problem["hint"]
        # Looking is not changing; a page of another site cannot read the answer.
        assert (await world.api.get("/projects", headers={"Origin": origin})).status_code == 200
    ours = {"Origin": "http://127.0.0.1:8787"}
    await world.api.ok("POST", "/projects", 201, json={"name": "x"}, headers=ours)
    assert "access-control-allow-origin" not in (await world.api.get("/projects", headers=ours)).headers


async def test_a_database_that_is_away_is_a_503_and_nothing_else(world: World, settings: Settings) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none", pool_size=1)
    app = create_app(replace(world.parts, db=away), settings, local_actor=world.actor, live=LiveEvents(away))
    api = Api(app)
    for path in ("/projects", "/me", "/ready"):
        response = await api.get(path)
        assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
        assert int(response.headers["Retry-After"]) >= 1
    assert (await api.ok("GET", "/health"))["status"] == "ok"
    await api.http.aclose()
    await away.dispose()


async def test_a_mistake_of_ours_tells_nothing_of_its_inside(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    async def refused(_: Any) -> Any:
        raise TooLarge("too_much", "Too much.", "Send less.")

    async def ours(_: Any) -> Any:
        raise ProofroomError("disk", "The disk is full.", "Make room.")

    world.app.add_route("/api/broken", broken)
    world.app.add_route("/api/refused", refused)
    world.app.add_route("/api/ours", ours)
    response = await world.api.get("/broken")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in response.text
    assert response.headers["X-Request-Id"] in caplog.text
    assert (await world.api.get("/refused")).status_code == 413
    told = await world.api.get("/ours")
    assert (told.status_code, told.json()["code"]) == (500, "disk")


async def test_a_get_that_would_write_names_itself_and_a_database_that_takes_no_writes_does(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def writes(call: CallDep) -> None:
        async with call.transaction() as tx:
            await db_projects.create(tx, name="Never")

    world.app.add_api_route("/api/writes", writes, methods=["GET"])
    response = await world.api.get("/writes")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (500, "read_would_write")
    assert "tried to write" in problem["detail"]
    assert "request id" in problem["hint"]
    assert "INSERT" not in response.text
    assert problem["request_id"] in caplog.text
    assert (await world.api.ok("GET", "/projects"))["items"] == []

    # The same refusal where we may write is the database's own.
    async def on_a_standby() -> None:
        async with world.db.transaction(world.actor.workspace_id) as tx:
            await tx.execute(text("SET TRANSACTION READ ONLY"))
            await db_projects.create(tx, name="Never")

    with pytest.raises(Unavailable) as standby:
        await on_a_standby()
    assert standby.value.code == "database_read_only"


async def test_every_answer_here_was_held_against_the_document(world: World) -> None:
    # The check itself can fail: an undeclared status is noticed.
    response = await world.api.get("/health")
    response.status_code = 418
    with pytest.raises(AssertionError):
        check_against_document(response)
