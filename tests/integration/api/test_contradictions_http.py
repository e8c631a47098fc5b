"""What a project's sources disagree on, over HTTP: of what is in use, within a stated bound, compared once."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from proofroom.api.server import Server
from proofroom.db import comparison
from proofroom.services import contradictions
from proofroom.substrate import comparer
from proofroom.substrate.comparer import Comparer
from proofroom.substrate.isolation import ParserPool
from tests.browser.corpus import MARKDOWN, MARKUP, TRICKS
from tests.integration.api.support import World

OLD = "\U0001f30d Notes.\n\nThe bridge was opened on 4 May 1998. It is 312 metres long."
NEW = "The bridge was opened on 14 May 1998. The quay holds 40 ships."
TABLE = "port;year;visitors\nNorden;2021;1200\nNorden;2021;1900\nNorden;2021;2400\n"


@pytest.fixture(autouse=True)
def own_comparer(monkeypatch: pytest.MonkeyPatch) -> Any:
    mine = Comparer(ParserPool(1))
    monkeypatch.setattr(comparer, "_comparer", mine)
    yield mine
    mine.close()


async def of(world: World, project: str, query: str = "") -> Any:
    return await world.api.ok("GET", f"/projects/{project}/contradictions{query}")


@asynccontextmanager
async def served(world: World) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a real server: callers can go away."""
    server = Server(world.app, port=0, log_level="warning")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            base = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=base, timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            await running


async def until(holds: Callable[[], bool]) -> None:
    """Nothing tells that a request has come so far, or that its caller was seen to be gone."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


async def test_both_passages_are_told_with_their_places(world: World) -> None:
    project = await world.project()
    old = await world.add_text(project, OLD, "Old notes")
    assert (await of(world, project))["items"] == []
    new = await world.add_text(project, NEW, "New notes")
    found = await of(world, project)
    (item,) = found["items"]
    assert {name: found[name] for name in found if name != "items"} == {
        "found": 1, "compared": 3, "comparable": 3, "complete": True, "forms": 0, "message": "",
    }  # fmt: skip
    assert (item["kind"], item["subject"], item["repeated"]) == ("number", "bridge opened", 0)
    for side, source, title, text, says in (
        (item["a"], new, "New notes", NEW, "14 May 1998"), (item["b"], old, "Old notes", OLD, "4 May 1998"),
    ):  # fmt: skip
        assert (side["source_id"], side["source_title"], side["version"]) == (source, title, 1)
        assert side["text"] == text[side["char_start"] : side["char_end"]]
        assert side["text"][slice(*side["differs"])] == side["says"] == says
        assert side["text"][slice(*side["sentence"])] == f"The bridge was opened on {says}."


async def test_only_what_is_in_use_is_compared(world: World) -> None:
    api = world.api
    project = await world.project()
    old = await world.add_text(project, OLD, "Old notes")
    new = await world.add_text(project, NEW, "New notes")
    third = await world.add_text(project, "The quay holds 14 ships.", "A third")
    assert len((await of(world, project))["items"]) == 2
    # With one source: only pairs in which it stands.
    (item,) = (await of(world, project, f"?source_id={third}"))["items"]
    assert {item["a"]["source_id"], item["b"]["source_id"]} == {new, third}
    assert item["a"]["source_id"] == third  # its passages come first
    await api.ok("POST", f"/projects/{project}/sources/{third}/retract", json={"reason": "Wrong"})
    assert [i["b"]["source_id"] for i in (await of(world, project))["items"]] == [old]
    assert (await of(world, project, f"?source_id={third}"))["items"] == []
    await api.ok("POST", f"/projects/{project}/sources/{third}/restore", json={"reason": "Right after all"})
    assert len((await of(world, project))["items"]) == 2
    # A new version takes the place of the one before.
    path = f"/projects/{project}/sources/{old}/content"
    await api.ok("PUT", path, 202, json={"text": OLD.replace("4 May", "14 May")})
    await world.capture(old)
    (item,) = (await of(world, project))["items"]
    assert {item["a"]["source_id"], item["b"]["source_id"]} == {new, third}
    await api.ok("DELETE", f"/projects/{project}/sources/{third}", json={"reason": "Gone"})
    assert (await of(world, project))["items"] == []
    await api.problem("GET", f"/projects/{project}/contradictions?source_id={third}", 404, "source_deleted")


async def test_what_is_retracted_while_it_is_compared_is_not_told(world: World) -> None:
    project = await world.project()
    await world.add_text(project, OLD)
    new = await world.add_text(project, NEW)
    async with world.db.transaction(world.actor.workspace_id, snapshot=True) as tx:
        asked = await contradictions.ask(tx, UUID(project))
    answer = await contradictions.compared(asked)
    await world.api.ok("POST", f"/projects/{project}/sources/{new}/retract", json={"reason": "Wrong"})
    async with world.db.transaction(world.actor.workspace_id) as tx:
        shown = await contradictions.shown(tx, asked, answer)
    assert (answer.found, shown["found"], shown["items"]) == (1, 0, [])


async def test_a_source_of_elsewhere_is_not_there(world: World) -> None:
    project, other = await world.project(), await world.project("Another")
    source = await world.add_text(other, OLD)
    await world.add_text(project, NEW)
    assert (await of(world, project))["items"] == []  # of one project each
    for asked in (source, "00000000-0000-7000-8000-000000000000"):
        path = f"/projects/{project}/contradictions?source_id={asked}"
        await world.api.problem("GET", path, 404, "source_not_found")
    nowhere = "/projects/00000000-0000-7000-8000-000000000000/contradictions"
    await world.api.problem("GET", nowhere, 404, "project_not_found")


async def test_rows_of_tables_are_not_compared(world: World) -> None:
    project = await world.project()
    for text in (TABLE, TABLE.replace("1900", "1950")):
        added = await world.api.ok(
            "POST",
            f"/projects/{project}/sources",
            202,
            files={"file": ("visitors.csv", text.encode(), "text/csv")},
        )
        await world.capture(added["items"][0]["id"] if "items" in added else added["id"])
    found = await of(world, project)
    assert (found["items"], found["compared"], found["comparable"]) == ([], 0, 0)


async def test_a_bound_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contradictions, "MOST_PASSAGES", 2)
    monkeypatch.setattr(comparison, "_AT_ONCE", 1)
    project = await world.project()
    old = await world.add_text(project, OLD)
    await world.add_text(project, NEW)
    newest = await world.add_text(project, "The quay holds 14 ships.")
    found = await of(world, project)
    assert (found["compared"], found["comparable"]) == (2, 4)
    assert found["message"] == "2 of 4 passages were compared, the newest sources first."
    assert [item["a"]["source_id"] for item in found["items"]] == [newest]
    found = await of(world, project, f"?source_id={old}")
    assert (found["items"], found["compared"]) == ([], 2)  # its two passages leave no room for others


def made(comparer: Comparer) -> list[int]:
    """What each of its processes was asked, which is alive and has nothing to do."""
    return [child.files for child in comparer._pool._idle]


async def test_two_at_once_compare_once(world: World, own_comparer: Comparer) -> None:
    project = await world.project()
    await world.add_text(project, OLD)
    await world.add_text(project, NEW)
    answers = await asyncio.gather(*(of(world, project) for _ in range(6)))
    assert [len(answer["items"]) for answer in answers] == [1] * 6
    assert made(own_comparer) == [1]
    await of(world, project)  # nor later
    assert made(own_comparer) == [1]
    await world.add_text(project, "Nothing of it.")
    await of(world, project)
    assert made(own_comparer) == [2]


async def test_what_is_kept_holds_no_words_of_what_may_be_deleted(
    world: World, own_comparer: Comparer
) -> None:
    project = await world.project()
    await world.add_text(project, OLD)
    new = await world.add_text(project, NEW)
    (item,) = (await of(world, project))["items"]
    assert (item["subject"], item["a"]["says"]) == ("bridge opened", "14 May 1998")
    kept = repr(own_comparer._kept)
    assert "Compared(" in kept
    assert not any(word in kept for word in ("bridge", "opened", "May", "1998", "quay"))
    # Another process of the API still has what it came to: it tells nothing of a source that is gone.
    async with world.db.transaction(world.actor.workspace_id, snapshot=True) as tx:
        asked = await contradictions.ask(tx, UUID(project))
    assert asked.known is not None
    await world.api.ok("DELETE", f"/projects/{project}/sources/{new}", json={"reason": "Gone"})
    async with world.db.transaction(world.actor.workspace_id) as tx:
        shown = await contradictions.shown(tx, asked, await contradictions.compared(asked))
    assert shown["items"] == []


async def test_who_goes_away_is_not_compared_for(world: World, own_comparer: Comparer) -> None:
    first, second = await world.project("First"), await world.project("Second")
    for project in (first, second):
        await world.add_text(project, OLD)
        await world.add_text(project, NEW)
    await own_comparer.compare((UUID(int=0), ""), (), None)  # so that there is a process
    (pid,) = own_comparer._pool.pids()
    os.kill(pid, signal.SIGSTOP)
    async with served(world) as client:
        waiting = asyncio.create_task(client.get(f"/api/projects/{first}/contradictions"))
        await until(lambda: len(own_comparer._asked) == 1)
        gone = asyncio.create_task(client.get(f"/api/projects/{second}/contradictions"))
        await until(lambda: len(own_comparer._asked) == 2)
        gone.cancel()  # closes its connection
        await until(lambda: len(own_comparer._asked) == 1)
        os.kill(pid, signal.SIGCONT)
        assert len((await waiting).json()["items"]) == 1
    assert made(own_comparer) == [2]


async def test_hostile_passages_are_told_as_they_are(world: World) -> None:
    project = await world.project()
    for number in (40, 14):
        text = "\n\n".join(
            [f"The quay <img src=x onerror=alert()> holds {number} ships.", *MARKUP, *MARKDOWN, *TRICKS]
        )
        await world.add_text(project, text)
    items = (await of(world, project))["items"]
    assert [(i["a"]["says"], i["b"]["says"]) for i in items] == [("14", "40")]
    assert "<img src=x onerror=alert()>" in items[0]["a"]["text"]
