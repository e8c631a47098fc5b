"""What becomes of the work of a project that is archived, in every list of the work of all projects, and what no longer
comes into it.
"""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from proofroom.db.tx import Tx
from proofroom.services import checks, projects, sources, work_requests
from proofroom.services.work_requests import NewWork
from tests.integration.api.support import NOTE, SOURCE, World

WAITS = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN"
    " (SELECT pid FROM pg_locks WHERE relation = 'projects'::regclass))"
)
WORK = {"agent_type": "research", "task_description": "What was the closest approach?"}
DRAFT = "The closest approach was at 57 km."
FAILS = """
steps:
  - fail: {code: provider_error, message: It broke off., retryable: true}
"""


async def listed(world: World) -> dict[str, set[str]]:
    """Ids of the sessions in each list of the work of all projects."""
    ok = world.api.ok
    now = await ok("GET", "/analytics/now")
    counts = await ok("GET", "/work-sessions/counts")
    work = (await ok("GET", "/work-sessions"))["items"]
    assert counts["total"] == len(work)
    assert now["delivered"]["count"] == len(now["delivered"]["items"])
    assert now["failed"]["count"] == len(now["failed"]["items"])
    assert now["waiting"]["count"] == len(now["waiting"]["items"])
    found = (await ok("GET", "/find", params={"q": "note"}))["items"]
    return {
        "inbox": {i["session_id"] for i in (await ok("GET", "/checkpoints"))["items"]},
        "work": {s["id"] for s in work},
        "palette": {f["session_id"] for f in found if f["kind"] == "session"},
        "palette reviews": {f["session_id"] for f in found if f["kind"] == "review"},
        "now waiting": {i["session_id"] for i in now["waiting"]["items"]},
        "now ended": {i["session_id"] for part in ("delivered", "failed") for i in now[part]["items"]},
    }


async def test_what_has_not_ended_stays_in_every_list_and_what_has_ended_in_none(world: World) -> None:
    async def filed(project: str, title: str, **more: Any) -> tuple[str, dict[str, Any]]:
        return await world.waiting(project, runtime=world.script(NOTE), title=f"Note {title}", **more)

    project = await world.project("Last year")
    await world.add_text(project, SOURCE, title="A note of theirs")
    waits = (await filed(project, "that waits"))[0].rpartition("/")[2]
    base = f"/projects/{project}"
    idle = await world.session(project, runtime=world.script(NOTE), title="Note not begun")
    ended: list[str] = []
    for decision in ("approve", "reject"):
        path, checkpoint = await filed(project, decision)
        body = {"packet_digest": checkpoint["packet_digest"]}
        body |= {"rejection_reason": "No"} if decision == "reject" else {}
        await world.api.ok("POST", f"{path}/checkpoints/{checkpoint['id']}/{decision}", json=body)
        ended.append(path.rpartition("/")[2])
    await world.drive(ended[0])
    signed, rejected = ended

    everything = {waits, idle, signed, rejected}
    before = await listed(world)
    assert before == {
        "inbox": {waits}, "work": everything, "palette": everything, "palette reviews": {waits},
        "now waiting": {waits}, "now ended": {signed},
    }  # fmt: skip
    await world.api.ok("DELETE", base, 204)
    assert await listed(world) == {
        "inbox": {waits}, "work": {waits, idle}, "palette": {waits, idle}, "palette reviews": {waits},
        "now waiting": {waits}, "now ended": set(),
    }  # fmt: skip

    # It says so, wherever it is shown.
    for path, items in (("/checkpoints", "items"), ("/work-sessions", "items")):
        shown = (await world.api.ok("GET", path))[items]
        assert {i["project_archived"] for i in shown} == {True}, path
    now = await world.api.ok("GET", "/analytics/now")
    assert now["waiting"]["items"][0]["project"] == {"id": project, "name": "Last year", "archived": True}
    assert now["running"]["initialized"] == 1
    found = (await world.api.ok("GET", "/find", params={"q": "note"}))["items"]
    assert {(f["kind"], f["project"]["archived"]) for f in found} == {("review", True), ("session", True)}
    assert (await world.api.ok("GET", base))["archived_at"]

    # It is found among the archived ones, and comes back as it was.
    assert (await world.api.ok("GET", "/projects"))["items"] == []
    (kept,) = (await world.api.ok("GET", "/projects", params={"archived": "true"}))["items"]
    await world.api.ok("DELETE", base, 204)
    assert (await world.api.ok("GET", base))["archived_at"] == kept["archived_at"]
    back = await world.api.ok("PATCH", base, json={"archived": False})
    assert (back["id"], back["archived_at"], await listed(world)) == (project, None, before)
    assert (await world.api.ok("GET", "/projects", params={"archived": "true"}))["items"] == []
    assert (await world.api.ok("PATCH", base, json={"archived": True}))["archived_at"]

    # Asked for by its project, all of it is there; a history and figures over time stay whole.
    of_project = await world.api.ok("GET", "/work-sessions", params={"project_id": project})
    assert {s["id"] for s in of_project["items"]} == everything
    assert (await world.api.ok("GET", f"/analytics/now?project_id={project}"))["delivered"]["count"] == 1
    approved = await world.api.ok("GET", "/checkpoints", params={"status": "approved"})
    assert [(i["session_id"], i["project_archived"]) for i in approved["items"]] == [(signed, True)]
    total = (await world.api.ok("GET", "/analytics/series"))["total"]
    assert (total["sessions"]["completed"], total["decisions"]["rejected"]) == (1, 1)

    # And what waits can be signed; then it is off the lists, too.
    (item,) = (await world.api.ok("GET", "/checkpoints"))["items"]
    gate = f"{base}/work-sessions/{waits}/checkpoints/{item['id']}"
    await world.api.ok("POST", f"{gate}/approve", json={"packet_digest": item["packet_digest"]})
    await world.drive(waits)
    assert (await listed(world))["work"] == {idle}


async def test_nothing_new_comes_into_it_and_what_was_begun_goes_on(world: World) -> None:
    api = world.api
    project = await world.project("Last year")
    base = f"/projects/{project}"
    source = await world.add_text(project, SOURCE, title="A note of theirs")
    unread = await api.ok(
        "POST", f"{base}/sources", 202, files={"file": ("odd.pdf", b"%PDF-1.7 no more", "application/pdf")}
    )
    await world.capture(unread["id"])
    play = {"runtime": world.script(NOTE)}
    idle = await world.session(project, **play)
    running = await world.session(project, auto_execute=True, **play)
    broken = await world.session(project, auto_execute=True, runtime=world.script(FAILS, "fails"))
    assert ((await world.drive(broken)).failure or {})["retryable"]
    sent_back, gate = await world.waiting(project, **play)
    checked = (await api.ok("POST", f"{base}/checks", 201, json={"draft": DRAFT}))["id"]
    await api.ok("DELETE", base, 204)

    sessions = f"{base}/work-sessions"
    file = {"files": {"file": ("new.txt", b"New words.", "text/plain")}}
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", sessions, {"json": WORK}),
        ("POST", sessions, {"json": WORK | {"auto_execute": True}}),
        ("POST", f"{base}/checks", {"json": {"draft": DRAFT}}),
        ("POST", f"{sessions}/{idle}/execute", {}),
        ("POST", f"{sessions}/{broken}/retry", {}),
        ("POST", f"{sessions}/{idle}/fork", {}),
        ("POST", f"{base}/sources", {"json": {"text": "New words.", "title": "New"}}),
        ("POST", f"{base}/sources", {"json": {"url": "https://example.org/new"}}),
        ("POST", f"{base}/sources", file),
        ("PUT", f"{base}/sources/{source}/content", {"json": {"text": "New words."}}),
        ("POST", f"{base}/sources/{unread['id']}/retry", {}),
    ]
    for method, path, options in refused:
        said = await api.problem(method, path, 409, "project_archived", **options)
        assert said["detail"] == "“Last year” is archived: it takes no new work and no new sources.", path
        assert "bring it back" in said["hint"]
    there = {
        s["id"] for s in (await api.ok("GET", "/work-sessions", params={"project_id": project}))["items"]
    }
    assert there == {idle, running, broken, checked, sent_back.rpartition("/")[2]}
    assert len((await api.ok("GET", f"{base}/sources"))["items"]) == 2

    # What waited and what ran goes on, and comes back to a person as often as they ask for it.
    assert (await world.drive(running)).status == "pending_review"
    changes = {"packet_digest": gate["packet_digest"], "changes": [{"comment": "Say when."}]}
    await api.ok("POST", f"{sent_back}/checkpoints/{gate['id']}/request-changes", json=changes)
    again = await world.drive(sent_back.rpartition("/")[2])
    assert (again.status, again.iteration) == ("pending_review", 2)
    for session in (running, checked):
        at = f"{sessions}/{session}"
        (item,) = (await api.ok("GET", f"{at}/checkpoints"))["items"]
        body = {"packet_digest": item["packet_digest"], "acknowledged": await flagged(item)}
        await api.ok("POST", f"{at}/checkpoints/{item['id']}/approve", json=body)
        assert (await world.drive(session)).status == "completed"
    # Work that was started is told that, wherever it is.
    await api.problem("POST", f"{sessions}/{running}/execute", 409, "wrong_status")
    await api.ok("POST", f"{sessions}/{idle}/cancel")

    await api.ok("PATCH", base, json={"archived": False})
    for method, path, options in refused:
        if path.endswith(("/execute", "/fork")):
            continue
        assert (await api.send(method, path, **options)).status_code < 300, path


async def flagged(checkpoint: dict[str, Any]) -> list[dict[str, str]]:
    claims = [c for a in checkpoint["packet"]["artifacts"] for c in a["claims"]]
    return [{"claim_id": c["id"], "reason": "It is so."} for c in claims if c["needs_you"]]


WAYS: dict[str, tuple[str, Any]] = {
    "work": ("work-sessions", WORK | {"auto_execute": True}),
    "check": ("checks", {"draft": DRAFT}),
    "source": ("sources", {"text": "New words."}),
}


async def comes(world: World, tx: Tx, way: str, project: UUID) -> None:
    actor, catalog = world.actor, world.parts.catalog
    if way == "work":
        await work_requests.create(
            tx, actor, catalog, project, NewWork("research", "What was it?", auto_execute=True)
        )
    elif way == "check":
        await checks.open_check(tx, actor, catalog, project, draft=DRAFT)
    else:
        await sources.add_source(tx, project, text="New words.")


async def waits(world: World, second: "asyncio.Task[httpx.Response]") -> None:
    """Until the second one waits for the first, whose transaction the caller holds open."""
    async with world.db.transaction(world.actor.workspace_id) as looking:
        while not (await looking.execute(WAITS)).scalar_one():
            assert not second.done(), second.result().text


@pytest.mark.parametrize("way", WAYS)
async def test_archiving_and_filing_at_once_end_in_one_order(world: World, way: str) -> None:
    project = await world.project("Last year")
    base = f"/projects/{project}"
    path, body = WAYS[way]

    # Who comes first is in, and the project is archived behind it.
    async with world.db.transaction(world.actor.workspace_id) as first:
        await comes(world, first, way, UUID(project))
        second = asyncio.create_task(world.api.send("DELETE", base))
        await waits(world, second)
    assert (await second).status_code == 204
    assert (await world.api.ok("GET", base))["archived_at"]

    # Who comes while it is archived finds it so.
    await world.api.ok("PATCH", base, json={"archived": False})
    async with world.db.transaction(world.actor.workspace_id) as first:
        await projects.archive(first, world.actor, UUID(project))
        second = asyncio.create_task(world.api.post(f"{base}/{path}", json=body))
        await waits(world, second)
    assert ((await second).status_code, (await second).json()["code"]) == (409, "project_archived")
    counts = (await world.api.ok("GET", base))["counts"]
    assert counts["sessions"] + counts["sources"] == 1
