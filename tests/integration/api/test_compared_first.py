"""New text of an outside draft is compared with its sources before anything is locked."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.services import outside
from tests.integration.api.support import World

DRAFT = "It came to 60 km.\n\nNobody knows why."
NEW = "It came to 57 km.\n\nNobody knows why."

Meanwhile = Callable[[], Awaitable[None]]


def while_comparing(monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile) -> list[str]:
    """Does something whenever a draft has been compared and before that is used; answers a list that grows."""
    compare = outside.check_draft
    done: list[str] = []

    async def compared(*args: Any, **more: Any) -> list[dict[str, Any]]:
        claims = await compare(*args, **more)
        done.append("compared")
        await meanwhile()
        return claims

    monkeypatch.setattr(outside, "check_draft", compared)
    return done


async def waiting(world: World) -> tuple[str, str, dict[str, Any]]:
    """(project, path of the session, its checkpoint) of an outside draft at its review."""
    project = await world.project()
    await world.add_text(project, "It came to 57 km in all.")
    made = await world.api.ok("POST", f"/projects/{project}/checks", 201, json={"draft": DRAFT})
    path = f"/projects/{project}/work-sessions/{made['id']}"
    return project, path, await world.api.ok("GET", f"{path}/checkpoints/{made['checkpoint_id']}")


async def send(
    world: World, verb: str, path: str, checkpoint: dict[str, Any], status: int = 200
) -> dict[str, Any]:
    at, digest = f"{path}/checkpoints/{checkpoint['id']}", {"packet_digest": checkpoint["packet_digest"]}
    if verb == "draft":
        return await world.api.ok("PUT", f"{at}/draft", status, json=digest | {"draft": NEW})
    artifact = checkpoint["packet"]["artifacts"][0]["artifact_id"]
    edit = {"artifact_id": artifact, "body": NEW}
    return await world.api.ok("POST", f"{at}/approve", status, json=digest | {"edits": [edit]})


@pytest.mark.parametrize("verb", ["draft", "approve"])
async def test_others_may_act_on_the_session_while_its_new_text_is_compared(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    _, path, checkpoint = await waiting(world)
    session = UUID(path[-36:])

    async def take_the_lock() -> None:
        async with world.db.transaction(world.actor.workspace_id) as tx:
            await tx.execute(
                text("SELECT id FROM work_sessions WHERE id = :id FOR UPDATE NOWAIT"), {"id": session}
            )

    done = while_comparing(monkeypatch, take_the_lock)
    answer = await send(world, verb, path, checkpoint)
    assert done == ["compared"]  # nothing was compared again under the lock
    (artifact,) = answer["checkpoint"]["packet"]["artifacts"]
    assert (artifact["version"], artifact["claims"][0]["verdict"]) == (2, "supported")
    assert answer["status"] == ("pending_review" if verb == "draft" else "queued")


@pytest.mark.parametrize("verb", ["draft", "approve"])
async def test_sources_that_change_meanwhile_are_compared_with_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    project, path, checkpoint = await waiting(world)
    left = [1]

    async def add() -> None:
        if left and left.pop():
            await world.add_text(project, "Herons sleep at the port.")

    done = while_comparing(monkeypatch, add)
    answer = await send(world, verb, path, checkpoint)
    assert done[:2] == ["compared", "compared"]
    assert answer["checkpoint"]["packet"]["artifacts"][0]["version"] == 2


async def test_sources_that_change_twice_refuse_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    project, path, checkpoint = await waiting(world)

    async def add() -> None:
        await world.add_text(project, f"Herons sleep at port {len(done)}.")

    done = while_comparing(monkeypatch, add)
    at = f"{path}/checkpoints/{checkpoint['id']}/draft"
    body = {"packet_digest": checkpoint["packet_digest"], "draft": NEW}
    await world.api.problem("PUT", at, 409, "sources_changed", json=body)
    assert done == ["compared", "compared"]
    assert (await world.api.ok("GET", f"{path}/checkpoints/{checkpoint['id']}"))["status"] == "pending_review"
