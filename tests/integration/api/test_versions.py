"""What two people change at once, from the outside: the second one is told, and nothing is lost in silence."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from proofroom.db import templates as db_templates
from proofroom.services import templates
from tests.integration.api.support import NOTE, SOURCE, World
from tests.integration.api.test_inbox import template
from tests.integration.api.test_people_http import Crew, crew

__all__ = ["crew"]

WAITS = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN"
    " (SELECT pid FROM pg_locks WHERE relation = 'templates'::regclass))"
)
CONTENT = {"agent_type": "research", "task_description": "What was the closest approach?"}


async def test_the_second_of_two_who_set_a_budget_is_told(world: World, crew: Crew) -> None:
    project = await world.project("Reports")
    at = f"/projects/{project}"
    other = await crew.join("Ada", "admin")
    seen = (await world.api.ok("GET", at))["budget"]
    assert seen == {"default": {}, "most": {}, "version": 1, "changed_by": None, "changed_at": None}
    theirs = {"budget": {"most": {"usd": 8}}, "budget_version": 1}
    saved = (await other.ok("PATCH", at, json=theirs))["budget"]
    assert (saved["version"], saved["changed_by"], saved["most"]) == (2, "Ada", {"usd": 8})
    mine = {"name": "Renamed", "budget": {"most": {"usd": 5}}, "budget_version": seen["version"]}
    refused = await world.api.problem("PATCH", at, 409, "budget_changed", json=mine)
    assert (refused["version"], refused["changed_by"], refused["changed_at"]) == (
        2,
        "Ada",
        saved["changed_at"],
    )
    assert "Ada changed what work may cost in “Reports”" in refused["detail"]
    stands = await world.api.ok("GET", at)
    assert (stands["name"], stands["budget"]) == ("Reports", saved), "nothing of it was written"
    again = await world.api.ok("PATCH", at, json=mine | {"budget_version": 2})
    assert (again["name"], again["budget"]["version"]) == ("Renamed", 3)
    same = await world.api.ok("PATCH", at, json={"budget": {"most": {"usd": 5}}, "budget_version": 3})
    assert same["budget"] == again["budget"], "what changes nothing is no version"
    assert (await world.api.ok("PATCH", at, json={"description": "New"}))["budget"]["version"] == 3
    without = await world.api.ok("PATCH", at, json={"budget": {}})
    assert (without["budget"]["version"], without["budget"]["most"]) == (4, {})
    await world.api.problem("PATCH", at, 409, "budget_changed", json={"budget": {}, "budget_version": 2**40})


async def test_the_second_of_two_who_change_a_template_is_told(world: World, crew: Crew) -> None:
    project = await world.project()
    saved = await template(world, project, "Weekly")
    at = f"/projects/{project}/templates/{saved}"
    other = await crew.join("Ada", "requester")
    seen = await world.api.ok("GET", at)
    assert (seen["version"], seen["changed_by"]) == (1, None)
    theirs = await other.ok("PATCH", at, json={"name": "Every week", "version": 1})
    assert (theirs["version"], theirs["changed_by"]) == (2, "Ada")
    mine = {"content": CONTENT | {"task_description": "Mine"}, "version": 1}
    refused = await world.api.problem("PATCH", at, 409, "template_changed", json=mine)
    assert (refused["version"], refused["changed_by"]) == (2, "Ada")
    assert refused["changed_at"] == theirs["updated_at"]
    assert "Ada changed the template “Every week”" in refused["detail"]
    assert await world.api.ok("GET", at) == theirs
    again = await world.api.ok("PATCH", at, json=mine | {"version": 2})
    assert (again["version"], again["name"], again["content"]["task_description"]) == (
        3,
        "Every week",
        "Mine",
    )
    assert (await world.api.ok("PATCH", at, json={"name": "Every week", "version": 3}))["version"] == 3
    assert (await world.api.ok("PATCH", at, json={"name": "Weekly"}))["version"] == 4
    await world.api.ok("DELETE", at, 204)
    gone = await other.problem("PATCH", at, 409, "template_removed", json={"name": "Gone", "version": 4})
    assert gone["detail"].startswith("Reviewer removed the template “Weekly” meanwhile.")
    assert gone["changed_by"] == "Reviewer"


async def test_work_is_filed_from_the_template_that_was_shown_or_not_at_all(world: World, crew: Crew) -> None:
    project = await world.project()
    saved = await template(world, project, "Weekly")
    at, base = f"/projects/{project}/templates/{saved}", f"/projects/{project}/work-sessions"
    ada = await crew.join("Ada", "requester")
    shown = {"template_id": saved, "template_version": 1, "task_description": "As it was shown"}
    await world.api.ok("POST", base, 201, json=shown)
    theirs = await ada.ok("PATCH", at, json={"content": CONTENT | {"task_description": "Hers"}})
    refused = await world.api.problem("POST", base, 409, "template_changed", json=shown)
    assert (refused["version"], refused["changed_by"]) == (2, "Ada")
    assert refused["changed_at"] == theirs["updated_at"]
    assert "Ada changed the template “Weekly”" in refused["detail"]
    assert len((await world.api.ok("GET", base))["items"]) == 1, "nothing was filed"
    # Either with the new words, or with one's own, and then not as work of the template.
    again = await world.api.ok("POST", base, 201, json={"template_id": saved, "template_version": 2})
    assert again["task_description"] == "Hers"
    await world.api.ok("POST", base, 201, json=CONTENT)
    assert (await world.api.ok("GET", at))["uses"] == 2
    await world.api.problem("POST", base, 409, "template_changed", json=shown | {"template_version": 2**40})


async def test_a_template_is_removed_as_it_was_shown_and_who_works_from_it_is_told(
    world: World, crew: Crew
) -> None:
    project = await world.project()
    saved = await template(world, project, "Weekly")
    at, base = f"/projects/{project}/templates/{saved}", f"/projects/{project}/work-sessions"
    ada = await crew.join("Ada", "requester")
    await ada.ok("PATCH", at, json={"name": "Every week", "version": 1})
    refused = await world.api.problem("DELETE", f"{at}?version=1", 409, "template_changed")
    assert refused["changed_by"] == "Ada"
    await ada.ok("DELETE", f"{at}?version=2", 204)
    await ada.ok("DELETE", at, 204)  # an answer that was lost
    for method, path, body in (
        ("POST", base, {"template_id": saved, "template_version": 2}),
        ("PATCH", at, {"name": "Mine", "version": 2}),
        ("DELETE", at, None),
    ):
        told = await world.api.problem(method, path, 409, "template_removed", json=body)
        assert told["detail"].startswith("Ada removed the template “Every week” meanwhile.")
        assert (told["changed_by"], bool(told["changed_at"])) == ("Ada", True)
    await world.api.problem("GET", at, 404, "template_not_found")
    elsewhere = await world.project("Elsewhere")
    await world.api.problem(
        "PATCH", f"/projects/{elsewhere}/templates/{saved}", 404, "template_not_found", json={"name": "x"}
    )


async def test_a_version_is_of_a_template_and_a_whole_number(world: World) -> None:
    project = await world.project()
    saved = await template(world, project, "Weekly")
    at, base = f"/projects/{project}/templates/{saved}", f"/projects/{project}/work-sessions"
    refused = await world.api.problem(
        "POST", base, 422, "template_version_alone", json=CONTENT | {"template_version": 1}
    )
    assert refused["field"] == "template_version"
    for odd in (True, 1.0, "1"):
        for method, path, body in (
            ("POST", base, {"template_id": saved, "template_version": odd}),
            ("PATCH", at, {"name": "Odd", "version": odd}),
            ("PATCH", f"/projects/{project}", {"budget": {}, "budget_version": odd}),
            ("PATCH", f"/projects/{project}/policy", {"quorum": 1, "version": odd}),
        ):
            answer = await world.api.problem(method, path, 422, "validation_error", json=body)
            assert answer["errors"][0]["field"].endswith("version")
    assert (await world.api.ok("GET", base))["items"] == []
    assert (await world.api.ok("GET", at))["version"] == 1


@pytest.mark.parametrize("hers", [True, False])
async def test_who_removes_a_template_twice_at_once_is_answered_the_same_twice(
    world: World, crew: Crew, hers: bool
) -> None:
    """The second removal waits for the first one's transaction; only of somebody else's is it told."""
    project = await world.project()
    saved = await template(world, project, "Weekly")
    at = f"/projects/{project}/templates/{saved}"
    ada = await crew.join("Ada", "requester")
    first = replace(world.actor, member_id=UUID(crew.ids["Ada"])) if hers else world.actor
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await templates.remove(tx, first, UUID(project), UUID(saved), 1)
        second = asyncio.create_task(ada.send("DELETE", f"{at}?version=1"))
        async with world.db.transaction(world.actor.workspace_id) as looking:
            while not (await looking.execute(WAITS)).scalar_one():
                assert not second.done()
    answer = await second
    assert (answer.status_code, answer.json()["code"] if answer.content else None) == (
        (204, None) if hers else (409, "template_removed")
    )


@pytest.mark.parametrize("query", ["?version=1", ""])
async def test_a_template_that_is_changed_while_it_is_removed_stays(
    world: World, crew: Crew, query: str
) -> None:
    """The removal waits for the change's transaction, and then it is of a version that nobody was shown."""
    project = await world.project()
    saved = await template(world, project, "Weekly")
    at = f"/projects/{project}/templates/{saved}"
    ada = await crew.join("Ada", "requester")
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await db_templates.change(tx, UUID(saved), 1, world.actor.member_id, {"name": "Every week"})
        removal = asyncio.create_task(ada.send("DELETE", f"{at}{query}"))
        async with world.db.transaction(world.actor.workspace_id) as looking:
            while not (await looking.execute(WAITS)).scalar_one():
                assert not removal.done()
    answer = await removal
    assert (answer.status_code, answer.json()["code"] if answer.content else None) == (
        409,
        "template_changed",
    )
    assert answer.json()["version"] == 2
    stands = await world.api.ok("GET", at)
    assert (stands["name"], stands["version"]) == ("Every week", 2)


@pytest.mark.parametrize("what", ["budget", "template"])
async def test_of_many_at_once_one_wins(world: World, what: str) -> None:
    project = await world.project()
    if what == "budget":
        at = f"/projects/{project}"
        sent: list[dict[str, Any]] = [
            {"budget": {"most": {"usd": n}}, "budget_version": 1} for n in range(1, 7)
        ]
    else:
        at = f"/projects/{project}/templates/{await template(world, project)}"
        sent = [{"name": f"Name {n}", "version": 1} for n in range(1, 7)]
    answers = await asyncio.gather(*(world.api.send("PATCH", at, json=body) for body in sent))
    assert sorted(a.status_code for a in answers) == [200, *[409] * 5]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {f"{what}_changed"}
    (won,) = [a.json() for a in answers if a.status_code == 200]
    stands = await world.api.ok("GET", at)
    assert stands.get("name", won["name"]) == won["name"]
    assert stands == won


async def test_a_fork_that_asks_for_the_same_counts_as_work_of_its_template(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    saved = await template(world, project)
    path, checkpoint = await world.waiting(project, template_id=saved, runtime=world.script(NOTE))
    at = f"/projects/{project}/templates/{saved}"
    same = await world.api.ok("POST", f"{path}/fork", 201, json={"title": "Once more"})
    assert (await world.api.ok("GET", at))["uses"] == 2
    config = (await world.api.ok("GET", path))["config"]
    asked = {"config": config, "task_description": CONTENT["task_description"], "auto_execute": True}
    again = await world.api.ok("POST", f"{path}/fork", 201, json=asked)
    assert (await world.api.ok("GET", at))["uses"] == 3
    other = await world.api.ok("POST", f"{path}/fork", 201, json={"task_description": "Something else"})
    dearer = await world.api.ok("POST", f"{path}/fork", 201, json={"budget": {"usd": 1}})
    assert (await world.api.ok("GET", at))["uses"] == 3
    for made in (other, dearer):
        await world.api.ok("POST", f"/projects/{project}/work-sessions/{made['id']}/cancel")
    await world.drive(again["id"])
    items = {i["session_id"]: i for i in (await world.api.ok("GET", "/checkpoints"))["items"]}
    assert set(items) == {checkpoint["session_id"], again["id"]}
    for item in items.values():
        assert (item["template_id"], item["batch_exceptions"]) == (saved, [])
    named = [{"checkpoint_id": i["id"], "packet_digest": i["packet_digest"]} for i in items.values()]
    done = await world.api.ok(
        "POST", "/checkpoints/approve-batch", json={"template_id": saved, "items": named}
    )
    assert [item["status"] for item in done["items"]] == ["approved", "approved"]
    series = await world.api.ok("GET", "/analytics/series")
    assert [(t["template_id"], t["sessions"]["created"]) for t in series["templates"]] == [(saved, 3)]
    assert same["forked_from"] == checkpoint["session_id"]


async def test_one_artifact_is_edited_once_in_a_request(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    (artifact,) = (await world.api.ok("GET", f"{path}/artifacts"))["items"]
    edit = {"artifact_id": artifact["id"], "body": "It came to 57 km."}
    at = f"{path}/checkpoints/{checkpoint['id']}"
    twice = {"edits": [edit, edit]}
    refused = await world.api.problem("POST", f"{at}/recheck", 422, "edited_twice", json=twice)
    assert refused["field"] == "edits.1.artifact_id"
    sealed = twice | {"packet_digest": checkpoint["packet_digest"]}
    await world.api.problem("POST", f"{at}/approve", 422, "edited_twice", json=sealed)
    assert (await world.api.ok("GET", path))["status"] == "pending_review"


BUDGET = """
steps:
  - {usage: {model: theirs, tokens_in: 100, cost_usd: 0.4}}
  - search: {query: approach}
  - artifact:
      slot: note
      type: research_finding
      title: A note
      markdown: "The closest approach was 57 km. [[{{ b:came to 57 km }}|came to 57 km]]"
  - finish: {summary: Done}
"""


async def test_only_an_admin_extends_a_budget_over_what_its_project_allows(world: World, crew: Crew) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    at = f"/projects/{project}"
    path, checkpoint = await world.waiting(project, runtime=world.script(BUDGET), budget={"usd": 0.4})
    assert (checkpoint["reasons"], checkpoint["extends_over"]) == (["budget"], None)
    await world.api.ok("PATCH", at, json={"budget": {"most": {"usd": 0.5}}})
    gate = f"{path}/checkpoints/{checkpoint['id']}"
    shown = await world.api.ok("GET", gate)
    assert shown["packet_digest"] == checkpoint["packet_digest"], "a limit changes nothing that was shown"
    assert shown["extends_over"] == {"limit": "usd", "to": 0.8, "most": 0.5}
    reviewer = await crew.join("Rita", "reviewer")
    sealed = {"packet_digest": checkpoint["packet_digest"]}
    refused = await reviewer.problem("POST", f"{gate}/approve", 403, "extension_over_project", json=sealed)
    assert (refused["limit"], refused["to"], refused["most"]) == ("usd", 0.8, 0.5)
    assert "$0.80, where the project allows $0.50" in refused["detail"]
    assert (await world.api.ok("GET", path))["status"] == "pending_review"
    await world.api.ok("PATCH", at, json={"budget": {"most": {"usd": 0.8}}})
    assert (await world.api.ok("GET", gate))["extends_over"] is None
    await reviewer.ok("POST", f"{gate}/approve", json=sealed)
    assert (await world.api.ok("GET", path))["budget"]["extensions"] == 1


async def test_an_admin_goes_over_the_limit_of_a_project(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(BUDGET), budget={"usd": 0.4})
    await world.api.ok("PATCH", f"/projects/{project}", json={"budget": {"most": {"usd": 0.5}}})
    gate = f"{path}/checkpoints/{checkpoint['id']}"
    decided = await world.api.ok(
        "POST", f"{gate}/approve", json={"packet_digest": checkpoint["packet_digest"]}
    )
    assert (decided["status"], decided["checkpoint"]["extends_over"]) == ("queued", None)
