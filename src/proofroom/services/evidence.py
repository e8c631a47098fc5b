"""The claim ledger of a document: passages are fetched here, compared in the domain."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import projects
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.compute import Result, compute
from proofroom.domain.compute import Table as ComputeTable
from proofroom.domain.document import ArtifactDocument, Chart, Computation, Table
from proofroom.domain.errors import InvalidInput, NotFound
from proofroom.domain.evidence import (
    AnalysedPassage,
    Claim,
    ClaimText,
    Passage,
    SourceName,
    analyse,
    check_cited,
    check_computed,
    check_outside,
    claim_to_json,
    count,
    split_claims,
)
from proofroom.services.catalog import CHECK
from proofroom.substrate import passages, search

CANDIDATES = 12
"""Passages looked at for each sentence of an outside draft, best first."""


def summarize(claims: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """{claims, needs_you, passed, opinions} of claims in their JSON form."""
    return count((bool(c["needs_you"]), str(c["verdict"])) for c in claims)


async def check(
    tx: Tx, session: WorkSession, document: ArtifactDocument, *, namespace: str
) -> list[dict[str, Any]]:
    """The claims of an artifact with their verdicts, as JSON: by its citations, or against all sources of the
    project for an outside draft."""
    source_ids = None if session.source_ids is None else [UUID(s) for s in session.source_ids]
    if session.agent_type == CHECK:
        return await check_outside_draft(tx, session.project_id, document, namespace, source_ids)
    return await _check_citations(tx, session.project_id, document, namespace)


async def check_outside_draft(
    tx: Tx,
    project_id: UUID,
    document: ArtifactDocument,
    namespace: str,
    source_ids: Sequence[UUID] | None = None,
) -> list[dict[str, Any]]:
    """Finds the anchors of each sentence in all sources of the project, and compares."""
    claims = split_claims(document, namespace)
    names = await passages.source_names(tx, project_id)
    found: dict[str, Passage] = {}
    tables: dict[tuple[UUID, int, int], list[str]] = {}
    wanted: list[tuple[ClaimText, list[str], list[str]]] = []
    for claim in claims:
        rows = await search.ranked(tx, project_id, claim.text[:2000], CANDIDATES, source_ids)
        fresh = [row for row in rows if str(row.block_id) not in found]
        for passage in await passages.with_cells(tx, fresh):
            found[passage.block_id] = passage
        near: list[str] = []
        for row in rows:  # what a table bears out is computed from all of its rows
            if row.kind != "table_row" or "table" not in row.meta:
                continue
            key = (row.source_id, row.version, row.meta["table"])
            if key not in tables:
                beside = await passages.rows_of_table(tx, *key)
                found.update({p.block_id: p for p in beside})
                tables[key] = [p.block_id for p in beside]
            near += tables[key]
        wanted.append((claim, [str(row.block_id) for row in rows], list(dict.fromkeys(near))))
    return await asyncio.to_thread(_compare_outside, wanted, found, names)


def _compare_outside(
    wanted: Sequence[tuple[ClaimText, Sequence[str], Sequence[str]]],
    found: Mapping[str, Passage],
    names: Sequence[SourceName],
) -> list[dict[str, Any]]:
    read: dict[str, AnalysedPassage] = {block_id: analyse(p) for block_id, p in found.items()}
    return [
        claim_to_json(check_outside(claim, [read[i] for i in ids], names, [read[i] for i in near]))
        for claim, ids, near in wanted
    ]


async def _check_citations(
    tx: Tx, project_id: UUID, document: ArtifactDocument, namespace: str
) -> list[dict[str, Any]]:
    claims = split_claims(document, namespace)
    refs = {
        alias: {"source_id": r.source_id, "version": r.version, "block_id": r.block_id}
        for alias, r in document.refs.items()
    }
    gone = await projects.retracted_sources(tx, project_id)  # what was retracted bears nothing any more
    cited = {
        alias: p for alias, p in (await passages.passages_for(tx, refs)).items() if p.source_id not in gone
    }
    near: dict[str, Passage] = {}
    for passage in cited.values():
        around = await _around(tx, passage)
        near.update({p.block_id: p for p in around})
    again = {
        index: await _again(tx, block.computed)
        for index, block in enumerate(document.blocks)
        if isinstance(block, Table | Chart) and block.computed is not None
    }
    names = await passages.source_names(tx, project_id)

    def compare() -> list[dict[str, Any]]:
        read = {alias: analyse(p) for alias, p in cited.items()}
        further = [analyse(p) for p in near.values()]
        return [claim_to_json(one(claim, read, further)) for claim in claims]

    def one(
        claim: ClaimText, read: Mapping[str, AnalysedPassage], further: Sequence[AnalysedPassage]
    ) -> Claim:
        # A cell rests on its table's computation, or cites passages as a sentence does.
        if claim.kind == "series" or (claim.kind == "cell" and (claim.path[0] in again or not claim.cites)):
            return check_computed(claim, document, again.get(claim.path[0]))
        return check_cited(claim, read, further, names)

    return await asyncio.to_thread(compare)


async def _around(tx: Tx, passage: Passage) -> list[Passage]:
    source_id, block_id = UUID(passage.source_id), UUID(passage.block_id)
    if passage.kind == "table_row":
        return await passages.rows_beside(tx, source_id, passage.version, block_id)
    return await passages.neighbours(tx, source_id, passage.version, block_id, before=2, after=2)


async def _again(tx: Tx, computed: Computation) -> Result | str:
    """The computation done again on the table version that it names, or why it cannot be."""
    try:
        table = await passages.table(tx, UUID(computed.source_id), computed.table, computed.version)
        made = ComputeTable(table.columns, table.rows, table.name, table.types)
        return await asyncio.to_thread(compute, made, computed.steps)
    except NotFound as error:
        return error.message
    except (InvalidInput, ValueError) as error:
        return f"its steps cannot be done: {error}"
