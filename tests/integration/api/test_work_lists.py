"""Work of all projects, templates and how they were used, and what a tool was asked, each from the outside."""

from typing import Any

from proofroom.services import checks
from tests.integration.api.support import NOTE, SOURCE, World

SEARCHES = NOTE.replace("steps:\n", "steps:\n  - search: {query: altitude}\n")


async def ids_of(world: World, **query: Any) -> list[str]:
    found = await world.api.ok("GET", "/work-sessions", params=query)
    return [s["id"] for s in found["items"]]


async def test_work_of_all_projects_is_one_list(world: World) -> None:
    one, two, gone = [await world.project(name) for name in ("One", "Two", "Gone")]
    runtime = world.script(NOTE)
    first = await world.session(one, runtime=runtime, title="The 100% figure")
    second = await world.session(two, runtime=runtime, title="Another")
    third = await world.session(one, runtime=runtime, title="A third", agent_type="content")
    ended = await world.session(gone, runtime=runtime)
    for project, session in ((gone, ended), (two, second)):
        await world.api.ok("POST", f"/projects/{project}/work-sessions/{session}/cancel")
    await world.api.ok("DELETE", f"/projects/{gone}", 204)

    assert await ids_of(world) == [third, second, first]
    assert await ids_of(world, project_id=one) == [third, first]
    assert await ids_of(world, status="cancelled,failed") == [second]
    assert await ids_of(world, agent_type="content") == [third]
    assert await ids_of(world, title="100%") == [first]
    assert await ids_of(world, title="ANOTH") == [second]
    assert await ids_of(world, title="%") == [first]
    page = await world.api.ok("GET", "/work-sessions", params={"limit": 2})
    assert await ids_of(world, cursor=page["next_cursor"]) == [first]
    await world.api.problem("GET", "/work-sessions?status=lost", 422, "unknown_status")

    counts = await world.api.ok("GET", "/work-sessions/counts")
    assert counts == {
        "total": 3,
        "by_status": {"initialized": 2, "cancelled": 1},
        "by_agent": {"research": {"initialized": 1, "cancelled": 1}, "content": {"initialized": 1}},
        "held": {},
    }
    counted = await world.api.ok("GET", "/work-sessions/counts", params={"project_id": two})
    assert counted["by_status"] == {"cancelled": 1}
    nowhere = "01890000-0000-7000-8000-000000000000"
    for path in ("/work-sessions", "/work-sessions/counts"):
        await world.api.problem("GET", path, 404, "project_not_found", params={"project_id": nowhere})


async def test_what_was_decided_and_is_held_can_be_told_from_what_waits(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    await world.waiting(project, runtime=world.script(NOTE), title="Waits")
    path, gate = await world.waiting(project, runtime=world.script(NOTE), title="Rejected")
    waits = {"status": "pending_review", "held": "false"}
    first, second = await ids_of(world, **waits)
    assert await ids_of(world, held="true") == []
    no = {"packet_digest": gate["packet_digest"], "rejection_reason": "Not wanted.", "undo_seconds": 60}
    at = f"{path}/checkpoints/{gate['id']}"
    await world.api.ok("POST", f"{at}/reject", json=no)
    assert (first, [second]) == (gate["session_id"], await ids_of(world, **waits))
    assert await ids_of(world, held="true") == [first]
    assert await ids_of(world) == [first, second]
    for of in ({}, {"project_id": project}):
        counts = await world.api.ok("GET", "/work-sessions/counts", params=of)
        assert (counts["by_status"], counts["held"]) == ({"pending_review": 2}, {"research": 1})
    elsewhere = await world.project("Elsewhere")
    counts = await world.api.ok("GET", "/work-sessions/counts", params={"project_id": elsewhere})
    assert counts["held"] == {}
    await world.api.ok("POST", f"{at}/withdraw", json={})
    assert await ids_of(world, **waits) == [first, second]


async def test_what_ended_is_listed_by_what_it_came_to_and_since_when(world: World) -> None:
    """What somebody rejected is `failed` and has not failed; a count of failures leads to failures only."""
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, gate = await world.waiting(project, runtime=world.script(NOTE), title="Rejected")
    no = {"packet_digest": gate["packet_digest"], "rejection_reason": "Not wanted."}
    await world.api.ok("POST", f"{path}/checkpoints/{gate['id']}/reject", json=no)
    broken = await world.session(
        project, runtime=world.script("steps:\n  - finish: {summary: Nothing}\n"), auto_execute=True
    )
    row = await world.drive(broken)
    assert row.status == "failed"
    assert await ids_of(world, status="failed") == [broken, gate["session_id"]]
    assert await ids_of(world, outcome="failed") == [broken]
    assert await ids_of(world, outcome=["failed", "rejected"]) == [broken, gate["session_id"]]
    assert await ids_of(world, outcome="completed") == []
    since = row.settled_at
    assert since is not None
    assert await ids_of(world, settled_since=since.isoformat()) == [broken]
    await world.api.problem("GET", "/work-sessions?outcome=lost", 422, "validation_error")


async def test_a_template_says_how_it_was_used(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    source = (await world.api.ok("GET", f"/projects/{project}/sources"))["items"][0]["id"]
    at, base = f"/projects/{project}/templates", f"/projects/{project}/work-sessions"
    folder = [{"kind": "folder", "path": "weekly"}]
    content = {
        "agent_type": "research", "task_description": "Weekly look", "source_ids": [source], "deliver_to": folder,
        "runtime": world.script(NOTE),
    }  # fmt: skip
    made = await world.api.ok("POST", at, 201, json={"name": "Weekly", "content": content})
    assert (made["uses"], made["last_used_at"], made["last_time"]) == (0, None, None)
    filed = await world.api.ok("POST", base, 201, json={"template_id": made["id"]})
    assert filed["source_ids"] == [source]
    assert [t["path"].rpartition("/")[2] for t in filed["deliver_to"]] == ["weekly"]
    other = await world.api.ok(
        "POST", base, 201, json={"template_id": made["id"], "deliver_to": [], "auto_execute": True}
    )
    assert other["deliver_to"] == []
    (shown,) = (await world.api.ok("GET", at))["items"]
    assert (shown["uses"], shown["last_used_at"], shown["last_time"]) == (2, other["created_at"], None)

    await world.drive(other["id"])
    waiting = (await world.api.ok("GET", f"{base}/{other['id']}/checkpoints"))["items"][0]
    await world.api.ok(
        "POST", f"{base}/{other['id']}/checkpoints/{waiting['id']}/approve",
        json={"packet_digest": waiting["packet_digest"]},
    )  # fmt: skip
    await world.drive(other["id"])
    used = (await world.api.ok("GET", f"{at}/{made['id']}"))["last_time"]
    assert (used["completed"], used["usd_least"], used["usd_most"]) == (1, 0, 0)
    assert 0 <= used["seconds_least"] == used["seconds_most"]


async def test_a_call_of_a_tool_can_be_looked_at(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    base, _ = await world.waiting(project, runtime=world.script(SEARCHES))
    events = (await world.api.ok("GET", f"{base}/events"))["items"]
    called = next(e["data"] for e in events if e["type"] == "tool_called")
    shown = await world.api.ok("GET", f"{base}/tool-calls/{called['call']}")
    assert (shown["tool"], shown["arguments"]["query"], shown["ok"]) == ("search_context", "altitude", True)
    assert len(shown["result"]) == min(shown["result_chars"], 4_000)
    await world.api.problem("GET", f"{base}/tool-calls/none", 404, "call_not_found")
    elsewhere = await world.session(project, runtime=world.script(NOTE))
    other = f"/projects/{project}/work-sessions/{elsewhere}"
    await world.api.problem("GET", f"{other}/tool-calls/{called['call']}", 404, "call_not_found")


async def test_who_wants_to_watch_a_check_gets_its_answer_at_once(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    draft = "\n\n".join(f"The altitude was {n} km." for n in range(checks.WATCHED_FROM + 1))
    at, prefer = f"/projects/{project}/checks", {"Prefer": "respond-async"}
    made = await world.api.ok("POST", at, 201, json={"draft": draft}, headers=prefer)
    assert made["status"] == "queued"
    await world.drive(made["id"])
    session = f"/projects/{project}/work-sessions/{made['id']}"
    events = (await world.api.ok("GET", f"{session}/events", params={"limit": 200}))["items"]
    told = [c["n"] for e in events if e["type"] == "progress" for c in e["data"]["claims"]]
    assert told == list(range(1, checks.WATCHED_FROM + 2))
    assert (await world.api.ok("GET", session))["status"] == "pending_review"
    short = await world.api.ok("POST", at, 201, json={"draft": "The altitude was 3 km."}, headers=prefer)
    assert short["status"] == "pending_review"


async def test_what_this_server_can_do_is_said(world: World) -> None:
    assert (await world.api.ok("GET", "/me"))["folders"] is True
    agents = {a["name"]: a for a in (await world.api.ok("GET", "/agents"))["items"]}
    assert set(agents["research"]["budget"]) == {"usd", "tokens", "seconds"}
    assert agents["content"]["impact_values"]["blog"] == "public"
    project = await world.project()
    assert (await world.api.ok("GET", f"/projects/{project}/policy"))["may_sign"] is False
    changed = await world.api.ok("PATCH", f"/projects/{project}/policy", json={"policy_may_sign": True})
    assert changed["may_sign"] is True
