"""Projects, templates, sources, search, the inbox, members, health: each from the outside."""

import hashlib
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.db import work_sessions
from proofroom.domain.errors import Unavailable
from proofroom.exports import record_file
from proofroom.settings import Settings
from tests.integration.api.support import DOCUMENT, FLAGGED, NOTE, SOURCE, World


async def test_a_projects_life(world: World) -> None:
    made = await world.api.ok("POST", "/projects", 201, json={"name": " One ", "description": "First"})
    assert made["name"] == "One"
    assert made["basket_id"]
    assert made["counts"] == {"sources": 0, "unreadable": 0, "blocks": 0, "sessions": 0, "waiting": 0}
    at = f"/projects/{made['id']}"
    changed = await world.api.ok("PATCH", at, json={"description": "Second"})
    assert (changed["name"], changed["description"]) == ("One", "Second")
    await world.api.problem("PATCH", at, 422, "name_invalid", json={"name": ""})
    await world.add_text(made["id"], SOURCE)
    await world.waiting(made["id"], runtime=world.script(NOTE))
    counts = (await world.api.ok("GET", at))["counts"]
    assert (counts["sources"], counts["sessions"], counts["waiting"]) == (1, 1, 1)
    assert counts["blocks"] >= 1
    await world.api.ok("DELETE", at, 204)
    assert (await world.api.ok("GET", "/projects"))["items"] == []
    assert (await world.api.ok("GET", at))["name"] == "One"


async def test_lists_go_on_where_they_stopped(world: World) -> None:
    names = [f"P{n}" for n in range(7)]
    for name in names:
        await world.project(name)
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = await world.api.ok("GET", "/projects", params=query)
        seen += [p["name"] for p in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        if cursor is None:
            break
    assert (seen, pages) == (names, 3)
    exact = await world.api.ok("GET", "/projects", params={"limit": 7})
    assert exact["next_cursor"] is None
    last = exact["items"][-1]["updated_at"]
    since = await world.api.ok("GET", "/projects", params={"updated_since": last})
    assert [p["name"] for p in since["items"]] == ["P6"]


async def test_work_sessions_are_listed_newest_first(world: World) -> None:
    project = await world.project()
    runtime = world.script(NOTE)
    ids = [await world.session(project, runtime=runtime, external_ref=f"r{n}") for n in range(4)]
    base = f"/projects/{project}/work-sessions"
    await world.api.ok("POST", f"{base}/{ids[0]}/cancel")
    first = await world.api.ok("GET", base, params={"limit": 3})
    rest = await world.api.ok("GET", base, params={"limit": 3, "cursor": first["next_cursor"]})
    assert [s["id"] for s in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    for query in ("status=cancelled", "status=cancelled,failed", "status=failed&status=cancelled"):
        found = await world.api.ok("GET", f"{base}?{query}")
        assert [s["id"] for s in found["items"]] == [ids[0]]
    found = await world.api.ok("GET", base, params={"external_ref": "r2"})
    assert [s["id"] for s in found["items"]] == [ids[2]]


async def test_events_are_paged_by_number(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, _ = await world.waiting(project, runtime=world.script(NOTE))
    everything = (await world.api.ok("GET", f"{path}/events"))["items"]
    first = await world.api.ok("GET", f"{path}/events", params={"limit": 2})
    rest = await world.api.ok("GET", f"{path}/events", params={"limit": 200, "cursor": first["next_cursor"]})
    assert first["items"] + rest["items"] == everything
    after = await world.api.ok("GET", f"{path}/events", params={"after": everything[-2]["seq"]})
    assert after["items"] == everything[-1:]


async def test_templates_are_work_requests_to_start_from(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/templates"
    content = {
        "agent_type": "research",
        "task_description": "Weekly look",
        "approval_strategy": "checkpoint_required",
        "budget": {"seconds": 60},
    }
    made = await world.api.ok("POST", at, 201, json={"name": "Weekly", "content": content})
    assert made["content"]["task_description"] == "Weekly look"
    assert [t["id"] for t in (await world.api.ok("GET", at))["items"]] == [made["id"]]
    base = f"/projects/{project}/work-sessions"
    filed = await world.api.ok("POST", base, 201, json={"template_id": made["id"]})
    assert (filed["task_description"], filed["approval_strategy"]) == ("Weekly look", "checkpoint_required")
    own = await world.api.ok(
        "POST", base, 201, json={"template_id": made["id"], "task_description": "This week only"}
    )
    assert (own["task_description"], own["budget"]["seconds"]) == ("This week only", 60)
    changed = await world.api.ok("PATCH", f"{at}/{made['id']}", json={"name": "Monthly"})
    assert (changed["name"], changed["content"]) == ("Monthly", made["content"])
    await world.api.problem(
        "PATCH", f"{at}/{made['id']}", 422, "unknown_agent", json={"content": {"agent_type": "poet"}}
    )
    await world.api.problem("PATCH", f"{at}/{made['id']}", 422, "name_invalid", json={"name": " "})
    await world.api.ok("DELETE", f"{at}/{made['id']}", 204)
    await world.api.problem("GET", f"{at}/{made['id']}", 404, "template_not_found")
    await world.api.problem("POST", base, 409, "template_removed", json={"template_id": made["id"]})
    await world.api.problem("POST", base, 404, "template_not_found", json={"template_id": project})


async def test_agents_describe_their_settings(world: World) -> None:
    agents = (await world.api.ok("GET", "/agents"))["items"]
    assert {"research", "content", "reporting"} <= {a["name"] for a in agents}
    for agent in agents:
        assert agent["config_schema"]["properties"]
        assert agent["default_runtime"] in {r["name"] for r in agent["runtimes"]}


async def test_a_file_becomes_a_source(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/sources"
    data = b"# Altitudes\n\nIt came to 57 km \xf0\x9f\x9b\xb0.\n"
    made = await world.api.ok("POST", at, 202, files={"file": ("notes ü.md", data, "text/markdown")})
    assert (made["status"], made["filename"], made["version"]) == ("processing", "notes ü.md", 0)
    await world.api.problem("GET", f"{at}/{made['id']}/content", 409, "not_captured")
    await world.capture(made["id"])
    ready = await world.api.ok("GET", f"{at}/{made['id']}")
    assert (ready["status"], ready["version"], ready["byte_size"]) == ("ready", 1, len(data))
    assert ready["sha256"] == hashlib.sha256(data).hexdigest()
    content = await world.api.ok("GET", f"{at}/{made['id']}/content")
    assert content["text"] == data.decode()
    texts = [content["text"][b["char_start"] : b["char_end"]] for b in content["blocks"]]
    assert "It came to 57 km 🛰." in texts
    raw = await world.api.get(f"{at}/{made['id']}/content?raw=1")
    assert (raw.status_code, raw.content) == (200, data)
    assert raw.headers["Content-Type"] == "application/octet-stream"
    assert raw.headers["Content-Disposition"] == "attachment; filename*=utf-8''notes%20%C3%BC.md"
    assert raw.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in raw.headers["Content-Security-Policy"]
    same = await world.api.ok("POST", at, 202, files={"file": ("again.md", data, "text/markdown")})
    assert same["id"] == made["id"]


async def test_several_files_at_once(world: World) -> None:
    project = await world.project()
    files = [("file", (f"{n}.txt", f"Number {n}.".encode(), "text/plain")) for n in range(3)]
    made = await world.api.ok("POST", f"/projects/{project}/sources", 202, files=files, data={"title": "x"})
    assert [i["filename"] for i in made["items"]] == ["0.txt", "1.txt", "2.txt"]
    assert made["id"] == made["items"][0]["id"]
    titled = await world.api.ok(
        "POST", f"/projects/{project}/sources", 202, files=files[:1], data={"title": "A title"}
    )
    assert titled["id"] == made["id"]


async def test_a_new_version_leaves_the_old_one(world: World) -> None:
    project = await world.project()
    source = await world.add_text(project, "It came to 57 km.")
    at = f"/projects/{project}/sources/{source}"
    await world.api.ok("PUT", f"{at}/content", 202, json={"text": "It came to 58 km."})
    assert (await world.api.ok("GET", f"{at}/content"))["text"] == "It came to 57 km."
    await world.capture(source)
    assert (await world.api.ok("GET", f"{at}/content"))["text"] == "It came to 58 km."
    assert (await world.api.ok("GET", f"{at}/content?version=1"))["text"] == "It came to 57 km."
    await world.api.problem("GET", f"{at}/content?version=9", 404, "version_not_found")
    await world.api.problem("GET", f"{at}/content?version=0", 422, "validation_error")
    await world.api.ok("PUT", f"{at}/content", 202, files={"file": ("b.txt", b"It came to 59 km.")})
    two = [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]
    await world.api.problem("PUT", f"{at}/content", 422, "one_content", files=two)


async def test_retracting_says_what_rests_on_it(world: World) -> None:
    project = await world.project()
    source = await world.add_text(project, SOURCE)
    path, _ = await world.waiting(project, runtime=world.script(NOTE))
    at = f"/projects/{project}/sources/{source}"
    await world.api.problem("POST", f"{at}/retract", 422, "reason_missing", json={})
    rests = await world.api.ok("POST", f"{at}/retract", json={"reason": "Forged"})
    assert rests["source"]["retracted_at"]
    assert [s["id"] for s in rests["sessions"]] == [path.rsplit("/", 1)[1]]
    assert len(rests["artifacts"]) == 1
    await world.api.problem("POST", f"{at}/retract", 409, "source_retracted", json={"reason": "Again"})
    await world.api.problem("PUT", f"{at}/content", 409, "source_retracted", json={"text": "x"})
    assert (await world.api.ok("GET", f"/projects/{project}/search?q=approach"))["items"] == []


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "one_content", "text"),
        ({"text": "a", "url": "https://example.org"}, "one_content", "text"),
        ({"text": "  "}, "empty_text", "text"),
        ({"text": 7}, "validation_error", "text"),
        ({"txt": "a"}, "validation_error", "txt"),
        ({"url": "http://127.0.0.1/"}, "url_not_allowed", "url"),
        ({"url": "http://169.254.169.254/latest/meta-data"}, "url_not_allowed", "url"),
        ({"url": "file:///etc/passwd"}, "url_not_allowed", "url"),
    ],
)
async def test_sources_that_cannot_be(world: World, body: dict[str, Any], code: str, field: str) -> None:
    project = await world.project()
    problem = await world.api.problem("POST", f"/projects/{project}/sources", 422, code, json=body)
    assert problem["field"] == field
    assert (await world.api.ok("GET", f"/projects/{project}/sources"))["items"] == []


async def test_uploads_that_cannot_be(world: World, settings: Settings) -> None:
    project = await world.project()
    at = f"/projects/{project}/sources"
    no_file = b'--abc\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--abc--\r\n'
    await world.api.problem("POST", at, 422, "one_content", content=no_file, headers=FORM)
    await world.api.problem("POST", at, 422, "one_content")
    await world.api.problem("POST", at, 400, "malformed_request", content=b"junk", headers=FORM)
    await world.api.problem(
        "POST", at, 400, "malformed_request", content=b"x", headers={"Content-Type": "multipart/form-data"}
    )
    too_large = b"x" * (settings.max_upload_mb * 1024 * 1024 + 100_000)
    problem = await world.api.problem(
        "POST", at, 413, "request_too_large", files={"file": ("big.txt", too_large)}
    )
    assert "1 MB" in problem["detail"]
    for junk in (b"{", b"\xff\xfe", b'{"text": NaN}'):
        await world.api.problem(
            "POST", at, 400, "malformed_json", content=junk, headers={"Content-Type": "application/json"}
        )
    many = [("file", (f"{n}.txt", b"x")) for n in range(101)]
    await world.api.problem("POST", at, 400, "malformed_request", files=many)
    # What cannot be read is said at the source, not at the door.
    made = await world.api.ok("POST", at, 202, files={"file": ("empty.pdf", b"%PDF-1.7 nothing")})
    await world.capture(made["id"])
    failed = await world.api.ok("GET", f"{at}/{made['id']}")
    assert failed["status"] == "failed"
    assert failed["failure"]["code"]
    assert failed["failure"]["hint"]


FORM = {"Content-Type": "multipart/form-data; boundary=abc"}


async def test_search_finds_the_passage(world: World) -> None:
    project = await world.project()
    source = await world.add_text(project, SOURCE, "The board")
    items = (await world.api.ok("GET", f"/projects/{project}/search", params={"q": "closest approach"}))[
        "items"
    ]
    assert (items[0]["source_id"], items[0]["source_title"]) == (source, "The board")
    content = await world.api.ok("GET", f"/projects/{project}/sources/{source}/content")
    assert content["text"][items[0]["char_start"] : items[0]["char_end"]] == items[0]["text"]
    few = await world.api.ok("GET", f"/projects/{project}/search", params={"q": "km", "k": 1})
    assert len(few["items"]) == 1


async def test_the_inbox_holds_what_waits(world: World) -> None:
    first, second = await world.project("First"), await world.project("Second")
    for project in (first, second):
        await world.add_text(project, SOURCE)
    _, one = await world.waiting(first, runtime=world.script(FLAGGED))
    _, two = await world.waiting(second, runtime=world.script(NOTE))
    inbox = (await world.api.ok("GET", "/checkpoints"))["items"]
    assert [i["id"] for i in inbox] == [one["id"], two["id"]]
    assert (inbox[0]["project_name"], inbox[0]["summary"]["needs_you"]) == ("First", 1)
    assert "packet" not in inbox[0]
    newest = await world.api.ok("GET", "/checkpoints?sort=-opened_at&limit=1")
    assert [i["id"] for i in newest["items"]] == [two["id"]]
    rest = await world.api.ok(
        "GET", "/checkpoints", params={"sort": "-opened_at", "cursor": newest["next_cursor"]}
    )
    assert [i["id"] for i in rest["items"]] == [one["id"]]
    only = (await world.api.ok("GET", f"/checkpoints?project_id={second}"))["items"]
    assert [i["id"] for i in only] == [two["id"]]
    assert (await world.api.ok("GET", "/checkpoints?status=approved"))["items"] == []


async def test_a_checkpoint_is_assigned_due_and_snoozed(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    at = f"/checkpoints/{checkpoint['id']}"
    me = str(world.actor.member_id)
    changed = await world.api.ok("PATCH", at, json={"assignee": me, "due_at": "2030-01-01T09:00:00+01:00"})
    assert (changed["assignee"]["name"], changed["due_at"]) == ("Reviewer", "2030-01-01T08:00:00Z")
    assert changed["packet_digest"] == checkpoint["packet_digest"]
    for query in ("assignee=me", f"assignee={me}"):
        assert len((await world.api.ok("GET", f"/checkpoints?{query}"))["items"]) == 1
    await world.api.ok("PATCH", at, json={"snoozed_until": "2999-01-01T00:00:00Z"})
    assert (await world.api.ok("GET", "/checkpoints"))["items"] == []
    assert len((await world.api.ok("GET", "/checkpoints?snoozed=true"))["items"]) == 1
    woken = await world.api.ok("PATCH", at, json={"snoozed_until": None, "assignee": None})
    assert (woken["assignee"], woken["due_at"]) == (None, "2030-01-01T08:00:00Z")
    await world.api.problem("PATCH", at, 422, "unknown_member", json={"assignee": checkpoint["id"]})
    await world.api.problem("PATCH", at, 422, "validation_error", json={"status": "approved"})
    await world.api.problem("PATCH", at, 422, "validation_error", json={"due_at": "2030-01-01T09:00:00"})
    changes = [
        e for e in (await world.api.ok("GET", f"{path}/events"))["items"] if e["type"] == "checkpoint_changed"
    ]
    assert len(changes) == 3
    await world.api.ok(
        "POST",
        f"{path}{at}/reject",
        json={"packet_digest": checkpoint["packet_digest"], "rejection_reason": "no"},
    )
    await world.api.problem("PATCH", at, 409, "already_decided", json={"due_at": None})


async def test_people_and_who_one_is(world: World) -> None:
    me = await world.api.ok("GET", "/me")
    assert (me["mode"], me["role"], me["workspace"]["name"]) == ("local", "admin", "Test")
    assert UUID(me["id"]) == world.actor.member_id
    await world.api.problem("POST", "/members", 422, "unknown_role", json={"name": "Ada", "role": "owner"})
    ada = await world.api.ok("POST", "/members", 201, json={"name": "Ada", "role": "reviewer"})
    assert [m["name"] for m in (await world.api.ok("GET", "/members"))["items"]] == ["Reviewer", "Ada"]
    page = await world.api.ok("GET", "/members?limit=1")
    rest = await world.api.ok("GET", "/members", params={"cursor": page["next_cursor"]})
    assert [m["id"] for m in rest["items"]] == [ada["id"]]
    await world.api.problem(
        "POST", "/api-keys", 422, "unknown_member", json={"name": "k", "member_id": me["workspace"]["id"]}
    )
    assert [w["name"] for w in (await world.api.ok("GET", "/workspaces"))["items"]] == ["Test"]


async def test_it_says_how_it_is(world: World) -> None:
    health = await world.api.ok("GET", "/health")
    assert health["status"] == "ok"
    ready = await world.api.ok("GET", "/ready")
    assert ready["checks"] == {"database": "ok", "migrations": "ok", "queue": "ok"}
    metrics = await world.api.get("//metrics")
    assert f'proofroom_build_info{{version="{health["version"]}"}} 1' in metrics.text
    document = await world.api.http.get("/api/openapi.json")
    assert document.json() == DOCUMENT


async def test_what_was_made_is_a_file(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, _ = await world.waiting(project, runtime=world.script(NOTE), title="Ünder <b>the</b> Moon")
    for wanted, kind in (("md", "text/markdown"), ("html", "text/html"), ("json", "application/json")):
        file = await world.api.get(f"{path}/export?format={wanted}")
        assert file.status_code == 200
        assert file.headers["Content-Type"].startswith(kind)
        assert file.headers["Content-Disposition"].endswith(f".{wanted}")
        assert "sandbox" in file.headers["Content-Security-Policy"]
        assert "57 km" in file.text
    assert "57 km" in (await world.api.get(f"{path}/export")).text
    record = await world.api.get(f"{path}/export?format=record")
    assert record.headers["Content-Disposition"].endswith(".record.json")
    found = record_file.check(record.content)
    assert (found.why, found.title) == (None, "Ünder <b>the</b> Moon")
    await world.api.problem("GET", f"{path}/export?format=pdf", 422, "format_not_available")
    await world.api.problem("GET", f"{path}/export?format=exe", 422, "unknown_format")
    empty = await world.session(project, runtime=world.script(NOTE))
    at = f"/projects/{project}/work-sessions/{empty}/export"
    await world.api.problem("GET", at, 422, "nothing_to_export")


async def test_a_row_that_stays_locked_is_told_as_busy(world: World) -> None:
    project = await world.project()
    session = UUID(await world.session(project, runtime=world.script(NOTE)))
    async with world.db.transaction(world.actor.workspace_id) as holder:
        await work_sessions.lock(holder, session)

        async def impatient() -> None:
            async with world.db.transaction(world.actor.workspace_id) as tx:
                await tx.execute(text("SET LOCAL lock_timeout = '50ms'"))
                await work_sessions.lock(tx, session)

        with pytest.raises(Unavailable) as caught:
            await impatient()
    assert caught.value.code == "database_busy"
    assert caught.value.retry_after


@pytest.mark.parametrize(("sqlstate", "code"), [("53100", "disk_full"), ("40P01", "database_busy")])
async def test_a_full_disk_is_told(world: World, sqlstate: str, code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        async with world.db.transaction(world.actor.workspace_id) as tx:
            await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$"))
    assert caught.value.code == code


MINUTES = (
    "name: minutes\ntitle: Minutes\ngoal: Decisions\ninstructions: Cite.\ntools: [search_context, emit_artifact]\n"
    "output_types: [research_finding]\n"
    "config_schema: {type: object, additionalProperties: false, properties: {}}\n"
)


async def test_the_life_of_a_projects_agent(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/agents"
    made = await world.api.ok("POST", at, 201, json={"definition": MINUTES})
    assert (made["name"], made["version"], made["definition"]) == ("minutes", 1, MINUTES)
    await world.api.problem("POST", at, 409, "agent_exists", json={"definition": MINUTES})
    problem = await world.api.problem(
        "POST",
        at,
        422,
        "definition_invalid",
        json={"definition": MINUTES.replace("emit_artifact", "send_email")},
    )
    assert (problem["line"], problem["field"]) == (5, "tools[1]")
    assert [a["name"] for a in (await world.api.ok("GET", at))["items"]] == ["minutes"]
    offered = (await world.api.ok("GET", "/agents", params={"project_id": project}))["items"]
    assert {a["name"]: a["origin"] for a in offered}["minutes"] == "project"
    assert {a["name"]: a["definition"] for a in offered}["minutes"] == MINUTES
    assert all(f"name: {a['name']}\n" in a["definition"] for a in offered)
    assert "minutes" not in {a["name"] for a in (await world.api.ok("GET", "/agents"))["items"]}
    again = await world.api.ok("PUT", f"{at}/minutes", json={"definition": MINUTES + "\n", "version": 1})
    assert again["version"] == 2
    await world.api.problem(
        "PUT", f"{at}/minutes", 409, "definition_changed", json={"definition": MINUTES, "version": 1}
    )
    await world.add_text(project, SOURCE)
    path, waiting = await world.waiting(project, agent_type="minutes", runtime=world.script(NOTE))
    assert waiting["packet"]["definition_digest"] == again["digest"]
    shown = await world.api.ok("GET", path)
    assert (shown["agent_type"], shown["usage"]["models"], shown["repairs"]) == ("minutes", [], [])
    await world.api.ok("DELETE", f"{at}/minutes", 204)
    await world.api.problem("GET", f"{at}/minutes", 404, "agent_not_found")
    await world.api.problem("DELETE", f"{at}/minutes", 404, "agent_not_found")
