"""Agent definitions of a project: who adds them, where they appear, and which one a session runs with."""

from dataclasses import replace
from typing import Any

import pytest

from proofroom.agents.factory import parse_own
from proofroom.db import checkpoints
from proofroom.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, ProofroomError
from proofroom.services import definitions, inbox, templates, views, work_requests
from proofroom.services.work_requests import NewWork
from tests.integration.conftest import make_project, make_workspace
from tests.integration.rooms import FINDING, FINISH, Room, make_room

MINUTES = """\
name: minutes
title: Minutes
goal: Draw the decisions out of meeting notes.
instructions: Cite every sentence.
tools: [search_context, emit_artifact]
output_types: [research_finding]
thresholds: {low_confidence: 0.5}
budget: {seconds: 600}
config_schema:
  type: object
  additionalProperties: false
  properties:
    language: {type: string, title: Language, enum: [english, german], default: english}
"""


async def add(room: Room, text: str = MINUTES) -> dict[str, Any]:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        return await definitions.add(tx, room.actor, room.project_id, text)


async def file(room: Room, agent: str, **more: Any) -> Any:
    runtime = more.pop("runtime", None) or room.script(FINDING, FINISH)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        new = NewWork(agent, "Which decisions?", runtime=runtime, auto_execute=True, trusted=True, **more)
        return (await work_requests.create(tx, room.actor, room.parts.catalog, room.project_id, new)).id


async def test_a_projects_agent_can_be_asked_for_there_and_nowhere_else(room: Room) -> None:
    made = await add(room)
    assert (made["name"], made["version"], made["changed_by"]) == ("minutes", 1, "Reviewer")
    session_id = await file(room, "minutes", config={"language": "german"})
    assert await room.gates(session_id) == [["final"]]
    row = await room.row(session_id)
    assert (row.status, row.agent_type, row.budget) == ("completed", "minutes", {"seconds": 600})
    assert row.task_configuration == {"language": "german"}
    async with room.db.transaction(room.actor.workspace_id) as tx:
        signed = (await checkpoints.of_session(tx, session_id))[-1]
        shown = await views.session(tx, room.parts.catalog, row)
        assert (shown["agent_type"], shown["agent_title"]) == ("minutes", "Minutes")
        assert (await views.checkpoint(tx, signed, row))["agent_title"] == "Minutes"
        assert [
            one["agent_title"] for one in await inbox.to_json(tx, room.actor, [(signed, signed.packet)])
        ] == ["Minutes"]
    assert signed.packet["definition_digest"] == made["digest"] == row.definition_digest
    other = await make_project(room.db, room.actor.workspace_id, "Other")
    with pytest.raises(InvalidInput, match="There is no agent called 'minutes'"):
        await file(replace(room, project_id=other), "minutes")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        known = room.parts.catalog.definitions
        assert "minutes" in await definitions.offered(tx, known, room.project_id)
        assert sorted(await definitions.offered(tx, known, other)) == ["content", "reporting", "research"]
        content = {"agent_type": "minutes", "config": {"language": "german"}}
        template = await templates.add(tx, room.actor, room.parts.catalog, room.project_id, "M", content)
        await templates.change(
            tx, room.actor, room.parts.catalog, room.project_id, template.id, content=content
        )


async def test_another_workspace_sees_nothing_of_it(room: Room) -> None:
    await add(room)
    stranger = make_room(room.db, *await make_workspace(room.db, "Strangers"), room.project_id, room.folder)
    async with room.db.transaction(stranger.actor.workspace_id) as tx:
        assert list(await definitions.offered(tx, {}, room.project_id)) == []
        with pytest.raises(NotFound):
            await definitions.page(tx, room.project_id)
        with pytest.raises(NotFound):
            await definitions.add(tx, stranger.actor, room.project_id, MINUTES)


async def test_a_session_keeps_the_definition_that_it_was_filed_with(room: Room) -> None:
    made = await add(room)
    session_id = await file(
        room, "minutes", runtime=room.script({"ask": {"question": "Which?"}}, FINDING, FINISH)
    )
    await room.drive(session_id)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        fewer = MINUTES.replace("tools: [search_context, emit_artifact]", "tools: [search_context]")
        changed = await definitions.change(tx, room.actor, room.project_id, "minutes", fewer, version=1)
        assert (changed["version"], changed["tools"]) == (2, ["search_context"])
        await definitions.remove(tx, room.actor, room.project_id, "minutes")
        assert await definitions.page(tx, room.project_id) == []
    passed = await room.gates(session_id, {"answer": "All"})
    assert passed[-1] == ["final"]
    row = await room.row(session_id)
    assert (row.status, row.definition_digest) == ("completed", made["digest"])
    with pytest.raises(InvalidInput, match="no agent called"):
        await file(room, "minutes")


async def test_a_projects_own_stands_in_place_of_the_shipped_one(room: Room) -> None:
    shipped = room.parts.catalog.definitions["research"]
    await add(room, shipped.text.replace("title: Research", "title: Our research", 1))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        found = await definitions.find(tx, room.parts.catalog.definitions, room.project_id, "research")
    assert found.title == "Our research"
    session_id = await file(room, "research", runtime="extractive")
    row = await room.drive(session_id)
    assert row.status == "pending_review"
    assert row.definition_digest == found.digest != shipped.digest


async def test_every_session_names_its_definition(room: Room) -> None:
    row = await room.run(room.script(FINDING, FINISH))
    waiting = await room.waiting(row.id)
    assert waiting.packet["definition_digest"] == room.parts.catalog.definitions["research"].digest


@pytest.mark.parametrize("role", ["viewer", "requester", "reviewer"])
async def test_only_an_admin_changes_what_a_project_offers(room: Room, role: Any) -> None:
    await add(room)
    actor = replace(room.actor, role=role)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        for act in (
            definitions.add(tx, actor, room.project_id, MINUTES),
            definitions.change(tx, actor, room.project_id, "minutes", MINUTES),
            definitions.remove(tx, actor, room.project_id, "minutes"),
        ):
            with pytest.raises(NotAllowed):
                await act


async def test_two_changes_of_one_version_are_a_conflict(room: Room) -> None:
    await add(room)
    async with room.db.transaction(room.actor.workspace_id) as tx:
        with pytest.raises(Conflict, match="called minutes already"):
            await definitions.add(tx, room.actor, room.project_id, MINUTES)
        await definitions.change(tx, room.actor, room.project_id, "minutes", MINUTES + "\n", version=1)
        with pytest.raises(Conflict, match="Somebody else changed this definition") as error:
            await definitions.change(tx, room.actor, room.project_id, "minutes", MINUTES, version=1)
        assert error.value.code == "definition_changed"
        renamed = MINUTES.replace("name: minutes", "name: notes")
        with pytest.raises(InvalidInput, match="is called notes"):
            await definitions.change(tx, room.actor, room.project_id, "minutes", renamed)
        for act in (
            definitions.show(tx, room.project_id, "nobody"),
            definitions.remove(tx, room.actor, room.project_id, "nobody"),
            definitions.change(tx, room.actor, room.project_id, "notes", renamed),
        ):
            with pytest.raises(NotFound, match="no agent of its own"):
                await act


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (("[search_context, emit_artifact]", "[search_context, send_email]"), 5, "send_email"),
        (("[research_finding]", "[executable]"), 6, "executable"),
        (("name: minutes", "name: check"), 1, "check is taken"),
        (("budget: {seconds: 600}", "budget: {seconds: 0}"), 8, "more than 0"),
        (("enum: [english, german]", "pattern: '^(e+)+$'"), 13, "only patterns of the shipped ones"),
        (
            ("thresholds: {low_confidence: 0.5}", "secrets: {}"),
            7,
            "the definition has the unknown key secrets",
        ),
    ],
)
def test_a_wrong_definition_names_its_line(change: tuple[str, str], line: int, what: str) -> None:
    with pytest.raises(ProofroomError) as error:
        parse_own(MINUTES.replace(*change), name="the definition")
    assert error.value.code == "definition_invalid"
    assert f"line {line}: " in error.value.message
    assert what in error.value.message


def test_a_pattern_that_would_never_end_is_not_tried() -> None:
    hostile = MINUTES.replace(
        "enum: [english, german], default: english", f"pattern: '^(a+)+$', default: {'a' * 60}b"
    )
    with pytest.raises(InvalidInput, match="only patterns of the shipped ones"):
        parse_own(hostile, name="the definition")


def test_a_definition_that_is_too_long_is_not_read() -> None:
    with pytest.raises(InvalidInput, match=r"at most 100,000 are read"):
        parse_own(MINUTES + "#" * 100_000, name="the definition")


async def test_the_confidence_threshold_is_a_setting(room: Room) -> None:
    bare = {
        "artifact": {
            "slot": "finding-1", "type": "research_finding", "title": "F",
            "markdown": FINDING["artifact"]["markdown"] + "\n\nNobody said this of the altitude.",
        }
    }  # fmt: skip
    reasons: list[list[str]] = []
    for threshold in (0.5, 0.9):
        session_id = await file(
            room, "research", runtime=room.script(bare, FINISH), config={"confidence_threshold": threshold}
        )
        await room.drive(session_id)
        reasons.append((await room.waiting(session_id)).reasons)
    assert reasons == [["final"], ["final", "low_confidence"]]
