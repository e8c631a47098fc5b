"""Search: BM25 as the formula says, filters, candidates, and nothing of other projects."""

import math
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from proofroom.db.tx import Database, libpq_url, new_id
from proofroom.services import sources
from proofroom.substrate import search, terms
from tests.integration.conftest import make_project
from tests.integration.test_sources import add

NOTES = {
    "wind": "Wind generation rose to 434,297 thousand megawatthours in 2022.",
    "solar": "Solar generation rose by 25.3 % in 2022. Solar panels on roofs are left out of solar figures.",
    "hydro": "Hydroelectric generation fell in the drought.",
    "other": "The table gives net generation year by year.",
}


async def fill(db: Database, workspace: UUID, project: UUID) -> dict[str, UUID]:
    return {
        name: (await add(db, workspace, project, text=words, title=name)).id for name, words in NOTES.items()
    }


async def test_scores_are_those_of_the_formula(db: Database, workspace: UUID, project: UUID) -> None:
    await fill(db, workspace, project)
    query = "solar generation in 2022"
    documents = {name: terms.count(words) for name, words in NOTES.items()}
    average = sum(sum(d.values()) for d in documents.values()) / len(documents)

    def bm25(document: dict[str, int]) -> float:
        total = 0.0
        for term in terms.query_terms(query):
            n = document.get(term, 0)
            df = sum(1 for other in documents.values() if term in other)
            if n:
                idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
                total += idf * n * 1.9 / (n + 0.9 * (0.6 + 0.4 * sum(document.values()) / average))
        return total

    expected = sorted(((bm25(d), name) for name, d in documents.items()), reverse=True)
    async with db.transaction(workspace) as tx:
        hits = await search.search(tx, project, query)
    assert [hit.passage.source_title for hit in hits] == [name for score, name in expected if score]
    assert [hit.score for hit in hits] == pytest.approx([score for score, _ in expected if score])


async def test_words_are_found_in_every_form_and_numbers_too(
    db: Database, workspace: UUID, project: UUID
) -> None:
    ids = await fill(db, workspace, project)
    async with db.transaction(workspace) as tx:
        for query, name in (
            ("droughts", "hydro"),
            ("434297", "wind"),
            ("25.3", "solar"),
            ("PANEL", "solar"),
        ):
            hits = await search.search(tx, project, query)
            assert [hit.passage.source_id for hit in hits] == [str(ids[name])], query
        for nothing in ("", "the of and", "zeppelin", "'; DROP zeppelin; --", "!&|():*<->"):
            assert await search.search(tx, project, nothing) == [], nothing


async def test_a_passage_names_its_exact_place(db: Database, workspace: UUID, project: UUID) -> None:
    row = await add(
        db,
        workspace,
        project,
        data="# Größe\n\nÜber 🌍 steht nichts. Der Wert ist 4,5 µm.\n".encode(),
        filename="g.md",
    )
    async with db.transaction(workspace) as tx:
        (hit,) = await search.search(tx, project, "wert")
        content = await sources.content(tx, row.id)
    found = hit.passage
    assert content["text"][found.char_start : found.char_end] == found.text
    assert (found.source_id, found.version, found.block_id) == (
        str(row.id),
        1,
        content["blocks"][1]["block_id"],
    )


async def test_the_heading_counts_as_part_of_the_passage(
    db: Database, workspace: UUID, project: UUID
) -> None:
    await add(db, workspace, project, data=b"# Thruster units\n\nIt was wrong by 4.45.\n", filename="a.md")
    async with db.transaction(workspace) as tx:
        assert [hit.passage.text for hit in await search.search(tx, project, "thruster")] == [
            "It was wrong by 4.45."
        ]


async def test_only_the_named_sources_are_searched(db: Database, workspace: UUID, project: UUID) -> None:
    ids = await fill(db, workspace, project)
    async with db.transaction(workspace) as tx:
        hits = await search.search(tx, project, "generation", source_ids=[ids["hydro"], ids["wind"]])
        assert {hit.passage.source_title for hit in hits} == {"hydro", "wind"}
        assert await search.search(tx, project, "generation", source_ids=[]) == []
        assert await search.search(tx, project, "generation", source_ids=[new_id()]) == []


async def test_projects_do_not_see_each_other(db: Database, workspace: UUID, project: UUID) -> None:
    await fill(db, workspace, project)
    other = await make_project(db, workspace, "Other")
    async with db.transaction(workspace) as tx:
        assert await search.search(tx, other, "generation") == []


async def test_common_words_alone_still_find_the_best(
    db: Database, workspace: UUID, project: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Narrow candidates first; when they are too few, wider ones, down to any block with any of the terms."""
    monkeypatch.setattr(search, "COMMON", 2)
    monkeypatch.setattr(search, "MIN_CANDIDATES", 2)
    await fill(db, workspace, project)
    async with db.transaction(workspace) as tx:
        hits = await search.search(tx, project, "generation table", k=1)
        assert [hit.passage.source_title for hit in hits] == ["other"]
        assert len(await search.search(tx, project, "generation rose year")) == 4


async def test_the_index_is_used_although_rows_are_secured(
    db: Database, database: str, workspace: UUID, project: UUID
) -> None:
    """Row-level security hides text indexes from the planner; the candidates' function must not lose its
    own.
    """
    words = "\n\n".join(f"Paragraph {n} is about number{n} and nothing else." for n in range(2_000))
    await add(db, workspace, project, text=words)
    async with await psycopg.AsyncConnection.connect(libpq_url(database), autocommit=True) as owner:
        await owner.execute("ANALYZE blocks")
    async with db.transaction(workspace) as tx:
        assert len(await search.search(tx, project, "number77")) == 1
        scans = await tx.execute(text("SELECT pg_stat_get_xact_numscans('blocks_tsv'::regclass)"))
        assert scans.scalar_one() == 1
