"""Memory over HTTP: shapes, cursors, versions, keys, and what a requester may not do."""

from typing import Any

from proofroom.services import access
from tests.integration.api.support import NOTE, SOURCE, Api, World
from tests.integration.api.test_tenancy_http import key_of


async def remembered(world: World) -> tuple[str, dict[str, Any]]:
    """A project with completed work; (its path, the passage that it proposes)"""
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    await world.api.ok(
        "POST", f"{path}/checkpoints/{checkpoint['id']}/approve",
        json={"packet_digest": checkpoint["packet_digest"]},
    )  # fmt: skip
    assert (await world.drive(path.rpartition("/")[2])).status == "completed"
    at = f"/projects/{project}"
    (item,) = (await world.api.ok("GET", f"{at}/memory?state=proposed&kind=block"))["items"]
    return at, item


async def test_approved_work_is_proposed_accepted_and_found(world: World) -> None:
    at, item = await remembered(world)
    assert item["anchors"][0]["quote"] == "came to 57 km"
    listed = (await world.api.ok("GET", f"{at}/sources"))["items"]
    assert [(s["origin"], s["artifact_id"]) for s in listed] == [
        ("text", None), ("artifact", item["origin"]["artifact_id"]),
    ]  # fmt: skip
    decision = {"items": [{"id": item["id"], "decision": "accept", "version": 1}]}
    key = {"Idempotency-Key": "one"}
    first = await world.api.ok("POST", f"{at}/memory/decisions", json=decision, headers=key)
    assert first == await world.api.ok("POST", f"{at}/memory/decisions", json=decision, headers=key)
    assert [(i["state"], i["version"]) for i in first["items"]] == [("accepted", 2)]
    again = await world.api.problem(
        "POST", f"{at}/memory/decisions", 409, "already_decided",
        json={"items": [{"id": item["id"], "decision": "reject", "reason": "late"}]},
    )  # fmt: skip
    assert (again["memory_id"], again["state"]) == (item["id"], "accepted")
    hits = (await world.api.ok("GET", f"{at}/search?q=closest+approach"))["items"]
    assert item["id"] in [h["block_id"] for h in hits]
    shown = await world.api.ok("GET", f"{at}/memory/{item['id']}")
    assert [(d["action"], d["by"] and d["by"]["name"]) for d in shown["decisions"]] == [
        ("propose", None), ("accept", "Reviewer"),
    ]  # fmt: skip
    source = f"{at}/sources/{item['anchors'][0]['source_id']}"
    assert [m["state"] for m in (await world.api.ok("GET", f"{source}/dependents"))["memory"]] == ["accepted"]
    rests = await world.api.ok(
        "POST", f"{at}/sources/{item['anchors'][0]['source_id']}/retract", json={"reason": "Old."}
    )
    assert [(m["id"], m["state"]) for m in rests["memory"]] == [(item["id"], "proposed")]
    await world.api.problem(
        "POST", f"{at}/memory/decisions", 422, "reason_required",
        json={"items": [{"id": item["id"], "decision": "accept"}]},
    )  # fmt: skip


async def test_notes_are_added_changed_and_listed_a_page_at_a_time(world: World) -> None:
    at, item = await remembered(world)
    made = [
        await world.api.ok("POST", f"{at}/memory", 201, json=body)
        for body in (
            {"kind": "instruction", "text": "Use British spelling.", "expires_at": "2999-01-01T00:00:00Z"},
            {"kind": "lesson", "text": "Name units.", "scope": {"agent_type": "reporting"}},
            {"kind": "instruction", "text": "Everywhere.", "scope": {"project_id": None}},
        )
    ]
    assert [(m["state"], m["scope"]["project_id"], m["scope"]["agent_type"]) for m in made] == [
        ("accepted", at.rpartition("/")[2], None), ("accepted", at.rpartition("/")[2], "reporting"),
        ("accepted", None, None),
    ]  # fmt: skip
    seen: list[str] = []
    cursor = ""
    while True:
        page = await world.api.ok("GET", f"{at}/memory?limit=2{cursor}")
        seen += [i["id"] for i in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [item["id"], *(m["id"] for m in made)]
    one = f"{at}/memory/{made[0]['id']}"
    changed = await world.api.ok("PATCH", one, json={"expires_at": None}, headers={"If-Match": '"1"'})
    assert (changed["expires_at"], changed["version"], changed["text"]) == (None, 2, "Use British spelling.")
    await world.api.problem("PATCH", one, 409, "memory_changed", json={"text": "x", "version": 1})
    await world.api.problem("PATCH", one, 422, "version_invalid", json={}, headers={"If-Match": "*"})
    await world.api.problem(
        "PATCH", f"{at}/memory/{item['id']}", 409, "memory_not_editable", json={"text": "x"}
    )
    await world.api.problem(
        "POST", f"{at}/memory", 422, "note_too_long", json={"kind": "lesson", "text": "x" * 2_001}
    )
    await world.api.problem(
        "POST", f"{at}/memory", 422, "validation_error", json={"kind": "block", "text": "x"}
    )
    await world.api.problem("POST", f"{at}/memory/decisions", 422, "validation_error", json={"items": []})

    requester = Api(world.app, key=await _requester(world))
    assert len((await requester.ok("GET", f"{at}/memory"))["items"]) == 4
    for method, path, body in (
        ("POST", f"{at}/memory", {"kind": "lesson", "text": "x"}),
        ("PATCH", one, {"text": "x"}),
        (
            "POST",
            f"{at}/memory/decisions",
            {"items": [{"id": made[0]["id"], "decision": "retire", "reason": "x"}]},
        ),
        ("PATCH", at, {"remember_approved": False}),
    ):
        await requester.problem(method, path, 403, "not_allowed", json=body)
    await requester.http.aclose()
    assert (await world.api.ok("PATCH", at, json={"remember_approved": False}))["remember_approved"] is False


async def _requester(world: World) -> str:
    async with world.db.transaction(world.actor.workspace_id) as tx:
        member = await access.create_member(tx, "Quentin", "requester")
    return await key_of(world, world.actor.workspace_id, member)
