"""The claim ledger of a document: passages are fetched here, compared in the domain."""

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from proofroom.db import memory as db_memory
from proofroom.db import projects
from proofroom.db import sources as db_sources
from proofroom.db.models import WorkSession
from proofroom.db.sources import ARTIFACT
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
    claim_to_json,
    count,
    split_claims,
)
from proofroom.domain.joins import TableKey, tables_joined
from proofroom.services import outside, remembering
from proofroom.services.catalog import CHECK
from proofroom.substrate import passages


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
        return await outside.check_draft(
            outside.within(tx), session.project_id, document, namespace, source_ids
        )
    return await _check_citations(tx, session, document, namespace)


async def _check_citations(
    tx: Tx, session: WorkSession, document: ArtifactDocument, namespace: str
) -> list[dict[str, Any]]:
    project_id = session.project_id
    claims = split_claims(document, namespace)
    refs = {
        alias: {"source_id": r.source_id, "version": r.version, "block_id": r.block_id}
        for alias, r in document.refs.items()
    }
    # What was retracted bears nothing any more, nor does approved work that nobody accepted, nor what is its own.
    found = await passages.cited(tx, refs, in_use=True)
    approved = {row.block_id for row, _ in found.values() if row.origin == ARTIFACT}
    nothing = await db_memory.bears_nothing(tx, session.id, list(approved))
    found = {alias: one for alias, one in found.items() if one[0].block_id not in nothing}
    cited = {alias: passage for alias, (_, passage) in found.items()}
    own = {row.block_id: row for row, _ in found.values()}
    near = await passages.beside(tx, own.values(), before=2, after=2)
    computed = {
        index: block.computed
        for index, block in enumerate(document.blocks)
        if isinstance(block, Table | Chart) and block.computed is not None
    }
    gone = await projects.retracted_sources(tx, project_id) if computed else set[str]()
    again = {index: await _again(tx, project_id, gone, one) for index, one in computed.items()}
    names = await passages.source_names(tx, project_id)

    def compare() -> list[dict[str, Any]]:
        read = {alias: analyse(p) for alias, p in cited.items()}
        further = [analyse(p) for p in near]
        return [claim_to_json(one(claim, read, further)) for claim in claims]

    def one(
        claim: ClaimText, read: Mapping[str, AnalysedPassage], further: Sequence[AnalysedPassage]
    ) -> Claim:
        # A cell rests on its table's computation, or cites passages as a sentence does.
        if claim.kind == "series" or (claim.kind == "cell" and (claim.path[0] in again or not claim.cites)):
            return check_computed(claim, document, again.get(claim.path[0]))
        return check_cited(claim, read, further, names)

    prose = _Prose(tuple(claims), tuple(sorted(cited.items())), tuple(near), tuple(names))
    if prose.small and not any(isinstance(block, Table | Chart) for block in document.blocks):
        claims_found = cast("list[dict[str, Any]]", json.loads(await asyncio.to_thread(_compared, prose)))
    else:
        claims_found = await asyncio.to_thread(compare)
    return await remembering.with_chains(tx, claims_found) if approved else claims_found


@dataclass(frozen=True)
class _Prose:
    """All that the verdicts on the claims of a text without tables follow from."""

    claims: tuple[ClaimText, ...]
    cited: tuple[tuple[str, Passage], ...]
    near: tuple[Passage, ...]
    names: tuple[SourceName, ...]

    @property
    def small(self) -> bool:
        """Whether it may be kept: what is larger is compared each time."""
        compared = (*(p for _, p in self.cited), *self.near, *self.claims)
        named = sum(len(name.title) + len(name.filename or "") for name in self.names)
        return sum(len(one.text) for one in compared) <= _KEPT_CHARS and named <= _KEPT_NAMES


_KEPT_CHARS = 50_000
"""Characters of what is compared."""
_KEPT_NAMES = 100_000
"""Characters of the names of sources: all of a project's, of which there may be tens of thousands."""


@lru_cache(maxsize=100)
def _compared(prose: _Prose) -> str:
    """The claims as JSON. The same is asked at saving, at the packet, at the signature and at delivery."""
    read = {alias: analyse(p) for alias, p in prose.cited}
    near = [analyse(p) for p in prose.near]
    return json.dumps([claim_to_json(check_cited(claim, read, near, prose.names)) for claim in prose.claims])


async def _again(tx: Tx, project_id: UUID, gone: Collection[str], computed: Computation) -> Result | str:
    """The computation done again on the table versions that it names, or why it cannot be.

    They are the project's own: whatever a document names, no figure of another project gets into its ledger.
    """
    keys = tables_joined(computed.steps)
    try:
        table = await _table(tx, project_id, gone, (computed.source_id, computed.table, computed.version))
        others = {key: await _table(tx, project_id, gone, key) for key in keys}
        return await asyncio.to_thread(compute, table, computed.steps, others)
    except NotFound as error:
        return error.message
    except (InvalidInput, ValueError) as error:
        return f"its steps cannot be done: {error}"


async def _table(tx: Tx, project_id: UUID, gone: Collection[str], key: TableKey) -> ComputeTable:
    """Raises NotFound, and ValueError for what is no id."""
    source_id, number, version = key
    if version is None:
        raise InvalidInput(
            "compute_invalid", "it names a table without its version", "Use `computed` unchanged."
        )
    source = await db_sources.get(tx, UUID(source_id))
    if source is None or source.project_id != project_id:
        raise NotFound("source_not_found", "the table is of no source of this project", "Use its own.")
    if source_id in gone:
        raise NotFound("source_not_found", "the source of the table was retracted", "Use another one.")
    found = await passages.table(tx, UUID(source_id), number, version)
    return ComputeTable(found.columns, found.rows, found.name, found.types, found.decimal_point)
