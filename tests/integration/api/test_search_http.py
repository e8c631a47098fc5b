"""Search over HTTP: items with their marks, filters, the state of the index, and its rebuilding."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from proofroom.db import blocks as db_blocks
from proofroom.db.blocks import BlockRow
from proofroom.services import indexing, sources
from proofroom.substrate import embedder
from proofroom.substrate.embedder import Choice, MiniLM
from tests.integration.api.support import World

TEXT = "Inflation fell in May.\n\nThe kitten naps on the sofa."


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture
def on(minilm: MiniLM) -> Iterator[None]:
    embedder.use(Choice("on", minilm))
    yield
    embedder.use(None)


async def filled(world: World) -> tuple[str, str]:
    """(project, source)"""
    project = await world.project()
    return project, await world.add_text(project, TEXT, "Notes")


async def test_an_item_says_where_it_stands_and_what_speaks_for_it(world: World, on: None) -> None:
    project, source = await filled(world)
    found = await world.api.ok("GET", f"/projects/{project}/search?q=inflation%20figures")
    (item,) = found["items"]
    assert found["index"] == {
        "mode": "text", "model": embedder.MODEL, "blocks": 2, "embedded": 0, "state": "building",
        "message": "Vectors for search by meaning are being made: 0 of 2 passages are done; words find all of them.",
    }  # fmt: skip
    assert item["highlights"] == [[0, 9]]
    assert (item["matched"], item["source_id"], item["kind"], item["state"], item["source_title"]) == (
        ["text"], source, "paragraph", "accepted", "Notes",
    )  # fmt: skip
    assert TEXT[item["char_start"] : item["char_end"]] == item["text"]
    await indexing.embed_project(world.parts.db, world.actor.workspace_id, UUID(project))
    found = await world.api.ok("GET", f"/projects/{project}/search?q=cat%20sleeping&k=1")
    (item,) = found["items"]
    assert (item["matched"], item["highlights"], item["text"]) == (["meaning"], [], TEXT[24:])
    assert found["index"]["state"] == "complete"
    assert (await world.api.ok("GET", f"/projects/{project}/index"))["mode"] == "hybrid"
    only = f"/projects/{project}/search?q=cat%20sleeping&mode="
    assert (await world.api.ok("GET", only + "text"))["items"] == []
    assert (await world.api.ok("GET", only + "vector"))["items"][0]["block_id"] == item["block_id"]


@pytest.mark.parametrize(
    ("filters", "n"),
    [
        ("type=text", 1), ("type=pdf", 0), ("type=pdf&type=text/plain", 1), ("kind=paragraph", 1), ("kind=heading", 0),
        ("state=accepted&state=rejected", 1), ("state=superseded", 0), ("captured_from=2020-01-01", 1),
        ("captured_to=2020-01-01", 0), ("captured_from=2020-01-01&captured_to=2999-01-01T00:00:00Z", 1),
        ("source_id=00000000-0000-7000-8000-000000000000", 0),
    ],
)  # fmt: skip
async def test_filters(world: World, filters: str, n: int) -> None:
    project, source = await filled(world)
    path = f"/projects/{project}/search?q=inflation&"
    found = await world.api.ok("GET", path + filters)
    assert len(found["items"]) == n
    assert (found["index"]["state"], found["index"]["mode"]) == ("off", "text")
    own = await world.api.ok(
        "GET", f"{path}source_id={source}&source_id=00000000-0000-7000-8000-000000000000"
    )
    assert len(own["items"]) == 1


@pytest.mark.parametrize("filters", ["type=exe", "kind=poem", "state=gone", "captured_from=soon"])
async def test_a_filter_that_there_is_not_is_refused(world: World, filters: str) -> None:
    project = await world.project()
    await world.api.problem("GET", f"/projects/{project}/search?q=x&{filters}", 422, "filter_invalid")


async def test_rebuilding_needs_an_embedder_and_is_deferred(world: World, minilm: MiniLM) -> None:
    project, _ = await filled(world)
    path = f"/projects/{project}/index/rebuild"
    await world.api.problem("POST", path, 503, "no_embedder")
    embedder.use(Choice("on", minilm))
    try:
        assert (await world.api.ok("POST", path, 202))["state"] == "building"
    finally:
        embedder.use(None)
    await world.api.problem(
        "GET", "/projects/00000000-0000-7000-8000-000000000000/index", 404, "project_not_found"
    )


async def test_a_passage_that_is_replaced_during_the_search_is_still_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, source = await filled(world)
    by_ids, db, workspace = db_blocks.by_ids, world.parts.db, world.actor.workspace_id
    replaced: list[int] = []

    async def replacing(*given: Any, **named: Any) -> dict[UUID, BlockRow]:
        if not replaced:  # the candidates are known, their rows are not read yet
            replaced.append(1)
            async with db.transaction(workspace) as tx:
                await sources.put_content(tx, UUID(source), text="Inflation fell in June.", defer=False)
            row = await sources.capture_now(db, workspace, UUID(source))
            assert row.version == 2
        return await by_ids(*given, **named)

    monkeypatch.setattr(db_blocks, "by_ids", replacing)
    found = await world.api.ok("GET", f"/projects/{project}/search?q=inflation")
    assert [item["text"] for item in found["items"]] == ["Inflation fell in May."]
    assert replaced == [1]
    found = await world.api.ok("GET", f"/projects/{project}/search?q=inflation")
    assert [item["text"] for item in found["items"]] == ["Inflation fell in June."]
