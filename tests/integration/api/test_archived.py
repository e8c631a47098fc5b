"""What becomes of the work of a project that is archived, in every list of the work of all projects."""

from typing import Any

from tests.integration.api.support import NOTE, SOURCE, World


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
