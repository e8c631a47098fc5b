"""Deleting and restoring a source over HTTP: who may, what is shown first, what is answered afterwards."""

from proofroom.services import access
from tests.integration.api.support import NOTE, SOURCE, World
from tests.integration.api.test_tenancy_http import key_of


async def test_a_source_is_deleted_once_and_by_an_admin(world: World) -> None:
    project = await world.project()
    source = await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    at = f"/projects/{project}/sources/{source}"
    workspace = world.actor.workspace_id
    for role in ("viewer", "reviewer"):
        async with world.db.transaction(workspace) as tx:
            member = await access.create_member(tx, f"a {role}", role)
        headers = {"Authorization": f"Bearer {await key_of(world, workspace, member)}"}
        await world.api.problem("DELETE", at, 403, "not_allowed", json={"reason": "Mine."}, headers=headers)
    await world.api.problem("DELETE", at, 422, "reason_missing", json={"reason": " "})
    shown = await world.api.ok("GET", f"{at}/dependents?goes=1")
    assert len(shown["sessions"]) == 1
    key = {"Idempotency-Key": "gone"}
    done = await world.api.ok("DELETE", at, json={"reason": "She asked."}, headers=key)
    assert done == await world.api.ok("DELETE", at, json={"reason": "She asked."}, headers=key)
    assert (done["deleted"], done["by"], done["reason"]) == (shown["goes"], world.actor.name, "She asked.")
    assert "She asked." in (await world.api.problem("GET", at, 404, "source_deleted"))["detail"]
    await world.api.problem("DELETE", at, 404, "source_deleted", json={"reason": "Again."})
    assert (await world.api.ok("GET", f"/projects/{project}/sources"))["items"] == []
    await world.api.problem("GET", f"{path}/envelope/rebuild", 409, "redacted")
    await world.api.problem(
        "POST", f"{path}/checkpoints/{checkpoint['id']}/approve", 409, "stale_packet",
        json={"packet_digest": checkpoint["packet_digest"]},
    )  # fmt: skip
    other = await world.project("Other")
    await world.api.problem("GET", f"/projects/{other}/sources/{source}", 404, "source_not_found")


async def test_a_retraction_is_taken_back(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/sources/{await world.add_text(project, SOURCE)}"
    await world.api.problem(
        "POST", f"{at}/restore", 409, "source_not_retracted", json={"reason": "It is fine."}
    )
    await world.api.ok("POST", f"{at}/retract", json={"reason": "Old."})
    await world.api.problem("POST", f"{at}/restore", 422, "reason_missing", json={})
    row = await world.api.ok("POST", f"{at}/restore", json={"reason": "It is not."})
    assert (row["retracted_at"], row["retract_reason"]) == (None, None)
