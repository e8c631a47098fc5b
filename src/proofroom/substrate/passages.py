"""Passages by their place: what citations point at, what stands around it, and the tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import sources as db_sources
from proofroom.db.blocks import BlockRow
from proofroom.db.tx import Tx
from proofroom.domain.errors import NotFound
from proofroom.domain.evidence.model import Passage, SourceName
from proofroom.substrate.search import passage


@dataclass(frozen=True, slots=True)
class TableView:
    """A captured table with where it is from. `rows` are its cells as they stand in the file."""

    source_id: UUID
    version: int
    source_title: str
    table: int
    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    decimal_point: bool = False


async def passages_for(tx: Tx, refs: Mapping[str, Mapping[str, Any]]) -> dict[str, Passage]:
    """The passages that a document's `refs` name ({alias: {"source_id", "version", "block_id"}}), by alias.

    A reference to what is not there, or whose parts do not belong together, is left out: a citation of it
    is then a citation of nothing.
    """
    return {alias: found for alias, (_, found) in (await cited(tx, refs)).items()}


async def cited(
    tx: Tx, refs: Mapping[str, Mapping[str, Any]], *, in_use: bool = False
) -> dict[str, tuple[BlockRow, Passage]]:
    """As `passages_for`, each with its block; with `in_use` only those of sources that were not retracted."""
    ids: dict[str, UUID] = {}
    for alias, ref in refs.items():
        found = _uuid(ref.get("block_id"))
        if found is not None:
            ids[alias] = found
    rows = await db_blocks.by_ids(tx, list(set(ids.values())))
    kept = {
        alias: rows[block_id]
        for alias, block_id in ids.items()
        if block_id in rows
        and str(rows[block_id].source_id) == str(refs[alias].get("source_id", rows[block_id].source_id))
        and rows[block_id].version == refs[alias].get("version", rows[block_id].version)
        and not (in_use and rows[block_id].retracted)
    }
    made = await with_cells(tx, list(kept.values()))
    by_id = dict(zip((row.block_id for row in kept.values()), made, strict=True))
    return {alias: (row, by_id[row.block_id]) for alias, row in kept.items()}


async def beside(tx: Tx, own: Collection[BlockRow], *, before: int, after: int) -> list[Passage]:
    """What stands around these blocks, they included, each once: of a row of a table all rows of it, else as many
    blocks before and after.
    """
    rows = [row for row in own if row.kind == "table_row"]
    near = await with_cells(
        tx,
        await db_blocks.around_all(tx, [r for r in own if r.kind != "table_row"], before=before, after=after),
    )
    for source_id, version, table in sorted(
        {(r.source_id, r.version, r.meta["table"]) for r in rows if "table" in r.meta}
    ):
        near += await rows_of_table(tx, source_id, version, table)
    return near


async def rows_of_table(tx: Tx, source_id: UUID, version: int, table: int) -> list[Passage]:
    """Every row of a table as a passage with its cells; empty if its rows are grouped (above 2,000 rows)."""
    rows = [
        row
        for row in await db_blocks.of_version(tx, source_id, version)
        if row.kind == "table_row" and row.meta.get("table") == table and "rows" not in row.meta
    ]
    return await with_cells(tx, rows)


async def with_cells(tx: Tx, rows: Sequence[BlockRow]) -> list[Passage]:
    """Passages of blocks; rows of tables carry their cells as (column, value)."""
    wanted = [
        (row.block_id, row.source_id, row.version, row.meta["table"], row.meta["row"])
        for row in rows
        if row.kind == "table_row" and "row" in row.meta and "rows" not in row.meta
    ]
    cells = await db_sources.cells(tx, wanted) if wanted else {}
    return [passage(row, cells.get(row.block_id, ())) for row in rows]


async def table(tx: Tx, source_id: UUID, number: int = 0, version: int | None = None) -> TableView:
    """A captured table; of the current version when none is named.

    Raises NotFound (`source_not_found`, `table_not_found`).
    """
    source = await db_sources.get(tx, source_id)
    if source is None:
        raise NotFound("source_not_found", f"No source {source_id} is here.", "List the project's sources.")
    wanted = source.version if version is None else version
    found = await db_sources.table(tx, source_id, wanted, number)
    if found is None:
        count = len(source.tables)
        raise NotFound(
            "table_not_found",
            f"“{source.title}” has no table {number} in version {wanted}.",
            f"Its tables are numbered from 0 to {count - 1}." if count else "It holds no tables.",
        )
    return TableView(
        source_id=source_id,
        version=wanted,
        source_title=source.title,
        table=number,
        name=found["name"],
        columns=tuple(found["columns"]),
        types=tuple(found["types"]),
        rows=tuple(tuple(row) for row in found["rows"]),
        decimal_point=bool(found.get("decimal_point")),
    )


async def source_names(tx: Tx, project_id: UUID) -> list[SourceName]:
    """How the sources of a project that are in use are called."""
    return [SourceName(title, filename) for title, filename in await db_sources.names(tx, project_id)]


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
