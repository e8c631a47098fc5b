"""Creating and deciding once, however often it is sent."""

import asyncio
from typing import Any

from tests.integration.api.support import NOTE, SOURCE, Api, World

KEY = {"Idempotency-Key": "one-intention"}


async def test_a_repeated_request_gets_the_first_answer(world: World) -> None:
    first = await world.api.post("/projects", {"name": "Once"}, headers=KEY)
    again = await world.api.post("/projects", {"name": "Once"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    listed = await world.api.ok("GET", "/projects")
    assert [p["name"] for p in listed["items"]] == ["Once"]


async def test_the_order_of_members_makes_no_other_request(world: World) -> None:
    first = await world.api.ok(
        "POST", "/projects", 201, content=b'{"name":"A","description":"B"}', headers=KEY | JSON
    )
    again = await world.api.ok(
        "POST", "/projects", 201, content=b'{ "description": "B", "name": "A" }', headers=KEY | JSON
    )
    assert again == first


JSON = {"Content-Type": "application/json"}


async def test_a_key_belongs_to_one_request(world: World) -> None:
    await world.api.ok("POST", "/projects", 201, json={"name": "One"}, headers=KEY)
    problem = await world.api.problem(
        "POST", "/projects", 409, "idempotency_key_reused", json={"name": "Two"}, headers=KEY
    )
    assert "new key" in problem["hint"]
    project = (await world.api.ok("GET", "/projects"))["items"][0]["id"]
    await world.api.problem(
        "POST",
        f"/projects/{project}/sources",
        409,
        "idempotency_key_reused",
        json={"text": "One"},
        headers=KEY,
    )


async def test_what_was_refused_may_be_corrected_under_its_key(world: World) -> None:
    await world.api.problem("POST", "/projects", 422, "name_invalid", json={"name": " "}, headers=KEY)
    await world.api.ok("POST", "/projects", 201, json={"name": "Better"}, headers=KEY)


async def test_a_key_has_a_length(world: World) -> None:
    for key in ("", "k" * 201):
        problem = await world.api.problem(
            "POST",
            "/projects",
            422,
            "validation_error",
            json={"name": "x"},
            headers={"Idempotency-Key": key},
        )
        assert problem["field"] == "Idempotency-Key"


async def test_many_at_once_do_it_once(world: World) -> None:
    answers = await asyncio.gather(
        *(world.api.post("/projects", {"name": "Once"}, headers=KEY) for _ in range(12))
    )
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    assert len((await world.api.ok("GET", "/projects"))["items"]) == 1


async def test_two_people_may_use_the_same_key(world: World) -> None:
    member = await world.api.ok("POST", "/members", 201, json={"name": "Ada", "role": "admin"})
    made = await world.api.ok("POST", "/api-keys", 201, json={"name": "ci", "member_id": member["id"]})
    other = Api(world.app, key=made["key"])
    mine = await world.api.ok("POST", "/projects", 201, json={"name": "Same"}, headers=KEY)
    theirs = await other.ok("POST", "/projects", 201, json={"name": "Same"}, headers=KEY)
    assert mine["id"] != theirs["id"]
    await other.http.aclose()


async def test_a_decision_is_made_once(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    at = f"{path}/checkpoints/{checkpoint['id']}/approve"
    body: dict[str, Any] = {"packet_digest": checkpoint["packet_digest"]}
    answers = await asyncio.gather(*(world.api.post(at, body, headers=KEY) for _ in range(8)))
    assert {a.status_code for a in answers} == {200}
    first = answers[0].json()
    assert all(a.json() == first for a in answers)
    assert (await world.drive(path.rsplit("/", 1)[1])).status == "completed"
    late = await world.api.ok("POST", at, json=body, headers=KEY)
    assert late == first
    await world.api.problem("POST", at, 409, "already_decided", json=body)


async def test_a_source_is_added_once(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/sources"
    files = {"file": ("a.txt", b"Some words.", "text/plain")}
    first = await world.api.ok("POST", at, 202, files=files, headers=KEY)
    again = await world.api.ok("POST", at, 202, files=files, headers=KEY)
    assert first == again
    other = {"file": ("a.txt", b"Other words.", "text/plain")}
    await world.api.problem("POST", at, 409, "idempotency_key_reused", files=other, headers=KEY)


async def test_starting_twice_under_one_key_is_no_mistake(world: World) -> None:
    project = await world.project()
    session = await world.session(project, runtime=world.script(NOTE))
    at = f"/projects/{project}/work-sessions/{session}/execute"
    first = await world.api.post(at, headers=KEY)
    again = await world.api.post(at, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    await world.api.problem("POST", at, 409, "wrong_status")
