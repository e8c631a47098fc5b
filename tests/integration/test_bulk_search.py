"""The search for a draft's many sentences finds for each what a search for it alone finds."""

import random
from uuid import UUID

import pytest

from proofroom.db.tx import Database
from proofroom.services import sources
from proofroom.substrate import bulk_search, search
from tests.integration.test_sources import add

WORDS = (
    "pier bridge river deck cable span anchor tower engineer inspector crack repair traffic ferry harbour steel stone "
    "granite flood storm winter summer budget council vote report 1912 1971 640 12 Größe 東京都庁 мост"
).split()


async def fill(db: Database, workspace: UUID, project: UUID) -> list[UUID]:
    """Three sources of sentences in which some words are common and others rare."""
    rng = random.Random(5)
    weights = [1 / (n + 1) for n in range(len(WORDS))]
    added: list[UUID] = []
    for n in range(3):
        lines = [" ".join(rng.choices(WORDS, weights, k=rng.randint(4, 30))) + "." for _ in range(60)]
        added.append((await add(db, workspace, project, text="\n\n".join(lines), title=f"S{n}")).id)
    return added


def queries() -> list[str]:
    rng = random.Random(6)
    asked = [" ".join(rng.choices(WORDS, k=rng.randint(1, 12))) for _ in range(80)]
    return [*asked, "", "the of and", "zeppelin", "zeppelin mast and pier", "'; DROP mast; --"]


@pytest.mark.parametrize(("common", "least"), [(8_000, 400), (40, 20), (2, 2), (8_000, 1)])
async def test_the_same_blocks_in_the_same_order(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch, common: int, least: int
) -> None:
    """With candidates from all terms, from the rarest only, and from two common ones together."""
    monkeypatch.setattr(search, "COMMON", common)
    monkeypatch.setattr(search, "MIN_CANDIDATES", least)
    ids = await fill(db, workspace, project)
    async with db.transaction(workspace) as tx:
        await sources.retract(tx, ids[2], reason="withdrawn")
    asked = queries()
    for of in (None, [ids[1]], [ids[2]], []):
        async with db.transaction(workspace) as tx:
            finder = await bulk_search.open_finder(tx, project, asked, of)
            assert finder.index is not None
            together = await finder.ranked(tx, asked, 12)
            alone = [await search.ranked(tx, project, query, 12, of) for query in asked]
        assert [[row.block_id for row in rows] for rows in together] == [
            [row.block_id for row in rows] for rows in alone
        ]
        assert any(together) == (of is None or ids[1] in of)


async def test_in_a_project_that_is_large_beside_the_draft_each_is_searched_for(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_search, "BLOCKS_PER_QUERY", 1)
    await fill(db, workspace, project)
    async with db.transaction(workspace) as tx:
        finder = await bulk_search.open_finder(tx, project, ["granite"])
        assert finder.index is None
        (found,) = await finder.ranked(tx, ["granite"], 3)
        assert [r.block_id for r in found] == [
            r.block_id for r in await search.ranked(tx, project, "granite", 3)
        ]
