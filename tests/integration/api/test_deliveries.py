"""Deliveries over HTTP: what was made, what was given up, and sending it again."""

import asyncio
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.engine import outbox
from proofroom.services import folders
from tests.integration.api.support import NOTE, SOURCE, World


async def signed(world: World, project: str, folder: str) -> str:
    """The id of the delivery to this folder that a signature released; not made yet."""
    path, checkpoint = await world.waiting(
        project, runtime=world.script(NOTE), deliver_to=[{"kind": "folder", "path": folder}]
    )
    digest = {"packet_digest": checkpoint["packet_digest"]}
    await world.api.ok("POST", f"{path}/checkpoints/{checkpoint['id']}/approve", json=digest)
    session = path.rpartition("/")[2]
    assert (await world.drive(session)).status == "completed"
    (delivery,) = (await world.api.ok("GET", path))["deliveries"]
    assert (delivery["status"], delivery["attempts"], delivery["being_made"]) == ("pending", 0, False)
    return delivery["id"]


async def deliver(world: World, delivery_id: str) -> None:
    workspace_id = world.actor.workspace_id
    async with world.db.transaction(workspace_id) as tx:
        await tx.execute(
            text("UPDATE deliveries SET due_at = now() WHERE id = :id"), {"id": UUID(delivery_id)}
        )
    assert await outbox.deliver(world.parts, workspace_id, UUID(delivery_id))


async def test_a_dead_letter_is_seen_and_sent_again(world: World, tmp_path: Path) -> None:
    api = world.api
    project = await world.project()
    await world.add_text(project, SOURCE)
    dead, made = await signed(world, project, "press"), await signed(world, project, "web")
    (tmp_path / "deliveries" / "press").write_text("in the way")
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(text("UPDATE deliveries SET give_up_at = 1"))
    await deliver(world, dead)
    await deliver(world, made)

    async def ids(query: str) -> list[str]:
        return [i["id"] for i in (await api.ok("GET", f"/deliveries?{query}"))["items"]]

    assert await ids("") == [made, dead], "newest first"
    assert await ids("status=failed") == [dead]
    assert await ids("status=delivered&kind=folder") == [made]
    assert await ids("kind=mail") == []
    assert await ids(f"project_id={project}") == [made, dead]
    first = await api.ok("GET", "/deliveries?limit=1")
    second = await api.ok("GET", f"/deliveries?limit=1&cursor={first['next_cursor']}")
    assert ([i["id"] for i in second["items"]], second["next_cursor"]) == ([dead], None)
    shown: dict[str, Any] = await api.ok("GET", f"/deliveries/{dead}")
    assert await ids(f"session_id={shown['session_id']}") == [dead]
    assert (shown["status"], shown["attempts"], shown["attempts_left"]) == ("failed", 1, 0)
    (attempt,) = shown["tries"]
    assert attempt["code"] == "folder_unwritable"
    assert "press" in attempt["error"]
    assert shown["detail"] == attempt["error"]

    (tmp_path / "deliveries" / "press").unlink()
    key = {"Idempotency-Key": "again"}
    again = await api.ok("POST", f"/deliveries/{dead}/resend", headers=key)
    assert (again["status"], again["idempotency_key"]) == ("pending", shown["idempotency_key"])
    await deliver(world, dead)
    assert (await api.ok("POST", f"/deliveries/{dead}/resend", headers=key)) == again, "the same intention"
    assert (await api.ok("GET", f"/deliveries/{dead}"))["status"] == "delivered"
    assert len(list((tmp_path / "deliveries" / "press").iterdir())) == 2
    await api.problem("POST", f"/deliveries/{dead}/resend", 409, "delivery_made")
    events = (await api.ok("GET", f"/projects/{project}/work-sessions/{shown['session_id']}/events"))["items"]
    said = [e["type"] for e in events if e["data"].get("delivery_id") == dead]
    assert said == ["delivery_failed", "delivery_resent", "delivered"]


async def test_what_is_wrong_with_a_request_is_said(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    delivery = await signed(world, project, "press")
    assert (await world.api.ok("POST", f"/deliveries/{delivery}/drop"))["status"] == "dropped"
    await world.api.problem("POST", f"/deliveries/{delivery}/resend", 409, "delivery_dropped")
    await world.api.problem("GET", f"/deliveries/{project}", 404, "delivery_not_found")
    await world.api.problem("GET", "/deliveries?status=sent", 422, "unknown_status")
    await world.api.problem("GET", f"/deliveries?project_id={delivery}", 404, "project_not_found")
    await world.api.problem("GET", f"/deliveries?session_id={delivery}", 404, "session_not_found")
    await world.api.problem("GET", "/deliveries?cursor=x", 422, "cursor_invalid")


async def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_filed(
    world: World, tmp_path: Path
) -> None:
    project = await world.project()
    (tmp_path / "deliveries" / "press").write_text("in the way")
    to = [{"kind": "folder", "path": "web"}, {"kind": "folder", "path": "press/2026"}]
    body = {"agent_type": "research", "task_description": "What?", "deliver_to": to}
    base = f"/projects/{project}"
    for path, sent in (
        ("/work-sessions", body),
        ("/templates", {"name": "Press", "content": body}),
    ):
        refused = await world.api.problem("POST", f"{base}{path}", 422, "delivery_impossible", json=sent)
        assert refused["field"] == "deliver_to.1.path"
        assert refused["detail"].endswith("deliveries/press is not a folder.")
        assert (await world.api.ok("GET", f"{base}{path}"))["items"] == []
    assert sorted(p.name for p in (tmp_path / "deliveries").iterdir()) == ["press"], "looking makes nothing"


async def test_a_checkpoint_says_what_could_not_be_delivered_and_is_signed_all_the_same(
    world: World, tmp_path: Path
) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    to = [{"kind": "folder", "path": name} for name in ("web", "press")]
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE), deliver_to=to)
    assert checkpoint["undeliverable"] == []
    press = tmp_path / "deliveries" / "press"
    press.symlink_to(tmp_path)
    gate = f"{path}/checkpoints/{checkpoint['id']}"
    shown = await world.api.ok("GET", gate)
    why = f"{press} leads out of the server's delivery root."
    assert shown["undeliverable"] == [{"path": str(press), "why": why}]
    assert shown["packet_digest"] == checkpoint["packet_digest"]
    digest = {"packet_digest": checkpoint["packet_digest"]}
    decided = await world.api.ok("POST", f"{gate}/approve", json=digest)
    assert decided["checkpoint"]["undeliverable"] == [], "it is said while something can still be done"


async def test_folders_that_do_not_answer_leave_threads_for_all_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a network drive that is away, each look there takes a thread for good."""
    back = threading.Event()

    def away(folder: Path, root: Path | None) -> str | None:
        back.wait(60)
        return None

    monkeypatch.setattr(folders, "_hindrance", away)
    monkeypatch.setattr(folders, "SECONDS", 0.05)
    try:
        effects = [{"kind": "folder", "target": {"path": str(tmp_path / str(n))}} for n in range(50)]
        said = await folders.hindrances(effects)
        assert {one["why"] for one in said} == {f"{tmp_path / str(n)} does not answer." for n in range(50)}
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 20) == 7
    finally:
        back.set()


async def test_a_folder_that_is_slow_to_answer_refuses_no_work(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = threading.Event()

    def slow(folder: Path, root: Path | None) -> str | None:
        back.wait(60)
        return "It is full."

    project = await world.project()
    monkeypatch.setattr(folders, "_hindrance", slow)
    monkeypatch.setattr(folders, "SECONDS", 0.05)
    body = {
        "agent_type": "research", "task_description": "What?",
        "deliver_to": [{"kind": "folder", "path": "web"}],
    }  # fmt: skip
    try:
        await world.api.ok("POST", f"/projects/{project}/work-sessions", 201, json=body)
    finally:
        back.set()
