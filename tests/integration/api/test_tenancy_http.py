"""Another workspace's key sees nothing and changes nothing: everything of ours is 404 to it."""

import re
from typing import Any
from uuid import UUID

import pytest

from proofroom.api.app import create_app
from proofroom.api.sse import LiveEvents
from proofroom.db import artifacts as db_artifacts
from proofroom.services import access
from proofroom.settings import Settings
from tests.integration.api.support import NOTE, SOURCE, Api, World


async def key_of(world: World, workspace: UUID, member: UUID) -> str:
    async with world.db.transaction(workspace) as tx:
        return (await access.create_api_key(tx, member, "test"))[1]


@pytest.fixture
def server_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"allowed_hosts": ""})


async def test_a_strangers_key_gets_404_on_everything(world: World, server_settings: Settings) -> None:
    project = await world.project("Ours")
    source = await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    template = await world.api.ok(
        "POST",
        f"/projects/{project}/templates",
        201,
        json={"name": "T", "content": {"agent_type": "research"}},
    )
    note = await world.api.ok(
        "POST", f"/projects/{project}/memory", 201, json={"kind": "instruction", "text": "Ours."}
    )
    shipped = (await world.api.ok("GET", "/agents"))["items"]
    agent = next(one["definition"] for one in shipped if one["name"] == "research").replace(
        "name: research", "name: ours", 1
    )
    await world.api.ok("POST", f"/projects/{project}/agents", 201, json={"definition": agent})
    artifact = checkpoint["packet"]["artifacts"][0]["artifact_id"]
    async with world.db.transaction(world.actor.workspace_id) as tx:
        delivery = await db_artifacts.add_delivery(
            tx, session_id=UUID(path.rpartition("/")[2]), checkpoint_id=UUID(checkpoint["id"]), kind="folder",
            target={"kind": "folder", "path": "/ours"}, packet_digest=checkpoint["packet_digest"],
        )  # fmt: skip
    digest = {"packet_digest": checkpoint["packet_digest"]}
    at = f"{path}/checkpoints/{checkpoint['id']}"
    ours: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"/projects/{project}", None),
        ("PATCH", f"/projects/{project}", {"name": "Mine now"}),
        ("DELETE", f"/projects/{project}", None),
        ("GET", f"/projects/{project}/sources", None),
        ("POST", f"/projects/{project}/sources", {"text": "mine"}),
        ("GET", f"/projects/{project}/sources/{source}", None),
        ("GET", f"/projects/{project}/sources/{source}/content", None),
        ("GET", f"/projects/{project}/contradictions", None),
        ("GET", f"/projects/{project}/contradictions?source_id={source}", None),
        ("GET", f"/projects/{project}/sources/{source}/content?raw=1", None),
        ("GET", f"/projects/{project}/sources/{source}/pages/1", None),
        ("PUT", f"/projects/{project}/sources/{source}/content", {"text": "mine"}),
        ("GET", f"/projects/{project}/sources/{source}/dependents", None),
        ("POST", f"/projects/{project}/sources/{source}/retract", {"reason": "mine"}),
        ("POST", f"/projects/{project}/sources/{source}/retry", None),
        ("POST", f"/projects/{project}/sources/{source}/restore", {"reason": "mine"}),
        ("DELETE", f"/projects/{project}/sources/{source}", {"reason": "mine"}),
        ("GET", f"/projects/{project}/search?q=closest", None),
        ("GET", f"/projects/{project}/index", None),
        ("POST", f"/projects/{project}/index/rebuild", None),
        ("GET", f"/projects/{project}/templates", None),
        ("POST", f"/projects/{project}/templates", {"name": "x", "content": {"agent_type": "research"}}),
        ("GET", f"/projects/{project}/templates/{template['id']}", None),
        ("PATCH", f"/projects/{project}/templates/{template['id']}", {"name": "x"}),
        ("DELETE", f"/projects/{project}/templates/{template['id']}", None),
        ("GET", f"/projects/{project}/work-sessions", None),
        ("GET", f"/work-sessions?project_id={project}", None),
        ("GET", f"/work-sessions/counts?project_id={project}", None),
        (
            "POST",
            f"/projects/{project}/work-sessions",
            {"agent_type": "research", "task_description": "x"},
        ),
        ("POST", f"/projects/{project}/checks", {"draft": "It came to 57 km."}),
        ("POST", f"/projects/{project}/sample/new-year", None),
        *(
            ("GET", f"{path}{rest}", None)
            for rest in (
                "",
                "/status",
                "/events",
                "/envelope",
                "/envelope/rebuild",
                "/reveal",
                "/artifacts",
                f"/artifacts/{artifact}",
                f"/artifacts/{artifact}/versions",
                f"/artifacts/{artifact}/versions/1",
                f"/artifacts/{artifact}/diff",
                "/checkpoints",
                f"/checkpoints/{checkpoint['id']}",
                "/policy",
                "/since-last",
                "/tool-calls/any",
                "/export?format=md",
                "/export?format=record",
            )
        ),
        *(("POST", f"{path}/{verb}", None) for verb in ("execute", "cancel", "retry", "fork")),
        ("POST", f"{at}/approve", digest),
        ("POST", f"{at}/withdraw", None),
        ("POST", f"{at}/reject", digest | {"rejection_reason": "mine"}),
        ("POST", f"{at}/request-changes", digest | {"changes": [{"comment": "mine"}]}),
        ("PUT", f"{at}/draft", digest | {"draft": "It came to 57 km."}),
        ("GET", f"/checkpoints/{checkpoint['id']}", None),
        ("GET", f"/checkpoints/{checkpoint['id']}/comments", None),
        ("POST", f"/checkpoints/{checkpoint['id']}/comments", {"text": "mine"}),
        ("POST", f"/checkpoints/{checkpoint['id']}/lease", {}),
        ("DELETE", f"/checkpoints/{checkpoint['id']}/lease", None),
        ("GET", f"/projects/{project}/policy", None),
        ("PATCH", f"/projects/{project}/policy", {"quorum": 2}),
        ("POST", f"/projects/{project}/policy/dry-run", {"settings": {"quorum": 2}}),
        ("POST", f"{at}/recheck", {"edits": [{"artifact_id": artifact, "body": "mine"}]}),
        ("GET", f"/analytics/now?project_id={project}", None),
        ("GET", f"/analytics/series?project_id={project}", None),
        ("GET", f"/agents?project_id={project}", None),
        ("GET", f"/projects/{project}/agents", None),
        ("POST", f"/projects/{project}/agents", {"definition": agent}),
        ("GET", f"/projects/{project}/agents/ours", None),
        ("PUT", f"/projects/{project}/agents/ours", {"definition": agent}),
        ("DELETE", f"/projects/{project}/agents/ours", None),
        ("GET", f"{path}/agent-turn", None),
        ("GET", f"{path}/decisions", None),
        ("POST", f"{path}/agent-events", {"leg": 1, "events": [{"id": "1", "type": "said", "text": "mine"}]}),
        ("GET", f"/projects/{project}/memory", None),
        ("POST", f"/projects/{project}/memory", {"kind": "instruction", "text": "mine"}),
        ("GET", f"/projects/{project}/memory/{note['id']}", None),
        ("PATCH", f"/projects/{project}/memory/{note['id']}", {"text": "mine"}),
        (
            "POST",
            f"/projects/{project}/memory/decisions",
            {"items": [{"id": note["id"], "decision": "retire", "reason": "mine"}]},
        ),
        ("GET", f"/deliveries?project_id={project}", None),
        ("GET", f"/deliveries/{delivery}", None),
        ("POST", f"/deliveries/{delivery}/resend", None),
        ("POST", f"/deliveries/{delivery}/drop", None),
        ("GET", f"/analytics/summary?project_id={project}", None),
        ("PATCH", f"/members/{world.actor.member_id}", {"role": "viewer"}),
        ("PATCH", f"/checkpoints/{checkpoint['id']}", {"assignee": None}),
        ("GET", f"/checkpoints?project_id={project}", None),
    ]

    # Whatever has an id of ours in its path is tried.
    known = {
        (method.upper(), re.sub(r"\{\w+\}", "*", route))
        for route, methods in world.app.openapi()["paths"].items()
        for method in methods
        if "{" in route
    }
    tried = {
        (
            method,
            re.sub(
                r"[0-9a-f-]{36}|(?<=/versions/)1|(?<=/pages/)1|(?<=/agents/)ours|(?<=/tool-calls/)any",
                "*",
                "/api" + address.partition("?")[0],
            ),
        )
        for method, address, _ in ours
    }
    assert known - tried == {("DELETE", "/api/api-keys/*")}  # said below

    stranger_workspace, stranger_member = await access.create_workspace(world.db, "Theirs", "Stranger")
    stranger = Api(world.app, key=await key_of(world, stranger_workspace, stranger_member))
    streaming = {"headers": {"Accept": "text/event-stream"}}
    for method, address, body in ours:
        options: dict[str, Any] = {} if body is None else {"json": body}
        response = await stranger.send(method, address, **options)
        assert response.status_code == 404, (method, address, response.text[:300])
    assert (await stranger.get(f"{path}/events", **streaming)).status_code == 404
    key = (await world.api.ok("POST", "/api-keys", 201, json={"name": "ours"}))["id"]
    await stranger.problem("DELETE", f"/api-keys/{key}", 409, "key_not_active")
    for empty in (
        "/projects",
        "/work-sessions",
        "/checkpoints",
        "/deliveries",
        "/find?q=o",
        "/checkpoints?q=o",
    ):
        assert (await stranger.ok("GET", empty))["items"] == []
    assert (await stranger.ok("GET", "/work-sessions/counts"))["total"] == 0
    now = await stranger.ok("GET", "/analytics/now")
    assert [now[part]["items"] for part in ("running", "waiting", "delivered", "failed")] == [[]] * 4
    assert (now["waiting"]["count"], now["failed"]["deliveries"]) == (0, 0)
    figures = await stranger.ok("GET", f"/analytics/series?template_id={template['id']}")
    assert (figures["agents"], figures["templates"], figures["total"]["sessions"]["created"]) == ([], [], 0)
    withdrawn = await stranger.ok(
        "POST", "/checkpoints/withdraw-batch", json={"checkpoint_ids": [checkpoint["id"]]}
    )
    assert withdrawn["items"][0]["problem"]["code"] == "checkpoint_not_found"
    assert [m["name"] for m in (await stranger.ok("GET", "/members"))["items"]] == ["Stranger"]
    assert len((await stranger.ok("GET", "/api-keys"))["items"]) == 1
    me = await stranger.ok("GET", "/me")
    assert (me["workspace"]["name"], me["name"], me["sample"]) == ("Theirs", "Stranger", False)
    await stranger.http.aclose()

    # Nothing of it did anything.
    assert (await world.api.ok("GET", f"/projects/{project}"))["name"] == "Ours"
    assert (await world.api.ok("GET", at))["status"] == "pending_review"


async def test_a_session_is_not_found_under_another_project(world: World) -> None:
    project, other = await world.project("One"), await world.project("Two")
    source = await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    elsewhere = path.replace(project, other)
    for rest in ("", "/status", "/events", "/envelope", "/artifacts", "/checkpoints", "/reveal"):
        await world.api.problem("GET", elsewhere + rest, 404, "session_not_found")
    for verb in ("execute", "cancel", "retry", "fork"):
        await world.api.problem("POST", f"{elsewhere}/{verb}", 404, "session_not_found")
    for verb, body in (
        ("approve", {}),
        ("reject", {"rejection_reason": "x"}),
        ("request-changes", {"changes": [{"comment": "x"}]}),
    ):
        await world.api.problem(
            "POST",
            f"{elsewhere}/checkpoints/{checkpoint['id']}/{verb}",
            404,
            "session_not_found",
            json=body | {"packet_digest": checkpoint["packet_digest"]},
        )
    await world.api.problem("GET", f"/projects/{other}/sources/{source}", 404, "source_not_found")
    await world.api.problem(
        "PUT", f"/projects/{other}/sources/{source}/content", 404, "source_not_found", json={"text": "x"}
    )


async def test_server_mode_needs_a_key(world: World, server_settings: Settings) -> None:
    live = LiveEvents(world.db)
    app = create_app(world.parts, server_settings, local_actor=None, live=live)
    nobody = Api(app, base="https://proofroom.example")
    response = await nobody.get("/projects")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    # Before anything of the body is read, malformed as it is.
    await nobody.problem("POST", "/projects", 401, "not_authenticated", content=b"{", headers=JSON)
    assert (await nobody.ok("GET", "/health"))["status"] == "ok"
    assert (await nobody.ok("GET", "/ready"))["status"] == "ready"
    key = await key_of(world, world.actor.workspace_id, world.actor.member_id)
    for sent in ("Bearer pk_wrong", "Bearer nonsense", f"Basic {key}", "Bearer", ""):
        await nobody.problem("GET", "/me", 401, "not_authenticated", headers={"Authorization": sent})
    me = await nobody.ok("GET", "/me", headers={"Authorization": f"Bearer {key}"})
    assert me["mode"] == "server"
    await nobody.http.aclose()


JSON = {"Content-Type": "application/json"}


async def test_a_bad_key_never_falls_back_to_the_local_user(world: World) -> None:
    await world.api.problem(
        "GET", "/me", 401, "not_authenticated", headers={"Authorization": "Bearer pk_" + "x" * 43}
    )
    made = await world.api.ok("POST", "/api-keys", 201, json={"name": "mine"})
    good = {"Authorization": f"Bearer {made['key']}"}
    assert (await world.api.ok("GET", "/me", headers=good))["name"] == "Reviewer"
    listed = (await world.api.ok("GET", "/api-keys"))["items"]
    assert made["key"] not in str(listed)
    await world.api.ok("DELETE", f"/api-keys/{made['id']}", 204)
    await world.api.problem("GET", "/me", 401, "not_authenticated", headers=good)
    await world.api.problem("DELETE", f"/api-keys/{made['id']}", 409, "key_not_active")


async def test_roles_hold_over_http(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    apis: dict[str, Api] = {}
    members: list[str] = []
    for role in ("viewer", "requester"):
        member = await world.api.ok("POST", "/members", 201, json={"name": role, "role": role})
        made = await world.api.ok("POST", "/api-keys", 201, json={"name": "k", "member_id": member["id"]})
        apis[role] = Api(world.app, key=made["key"])
        members.append(member["id"])
    viewer, requester = apis["viewer"], apis["requester"]
    assert (await viewer.ok("GET", path))["status"] == "pending_review"
    body = {"packet_digest": checkpoint["packet_digest"]}
    at = f"{path}/checkpoints/{checkpoint['id']}"
    await viewer.problem("POST", "/projects", 403, "not_allowed", json={"name": "x"})
    await viewer.problem("POST", f"/projects/{project}/sources", 403, "not_allowed", json={"text": "x"})
    await requester.problem("POST", f"{at}/approve", 403, "not_allowed", json=body)
    await requester.problem("PATCH", f"/checkpoints/{checkpoint['id']}", 403, "not_allowed", json={})
    await requester.problem("POST", "/members", 403, "not_allowed", json={"name": "x", "role": "admin"})
    await requester.problem(
        "POST", "/api-keys", 403, "not_allowed", json={"name": "x", "member_id": str(world.actor.member_id)}
    )
    await requester.problem("DELETE", f"/projects/{project}", 403, "not_allowed")
    await requester.problem("PATCH", f"/projects/{project}", 403, "not_allowed", json={"archived": True})
    await requester.problem("PATCH", f"/projects/{project}/policy", 403, "not_allowed", json={"quorum": 1})
    for api, member in zip(apis.values(), members, strict=True):
        at_member = f"/members/{member}"
        await api.problem("PATCH", at_member, 403, "not_allowed", json={"role": "admin"})
        await api.problem("POST", f"/checkpoints/{checkpoint['id']}/lease", 403, "not_allowed", json={})
        await api.problem("POST", f"{at}/withdraw", 403, "not_allowed")
    said = f"/checkpoints/{checkpoint['id']}/comments"
    await viewer.problem("POST", said, 403, "not_allowed", json={"text": "x"})
    await viewer.problem("PUT", f"{at}/draft", 403, "not_allowed", json=body | {"draft": "It came to 57 km."})
    for verb in ("execute", "cancel", "retry", "fork"):
        await viewer.problem("POST", f"{path}/{verb}", 403, "not_allowed")
    await requester.ok("POST", "/projects", 201, json={"name": "theirs"})
    for api in apis.values():
        await api.http.aclose()
