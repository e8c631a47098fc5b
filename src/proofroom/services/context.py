"""The agent's context: pinning the envelope, and what may be looked up during a run."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from proofroom.agents.runtimes.base import EnvelopeView
from proofroom.agents.tools import MAX_TABLE_ROWS, READING_TOOLS
from proofroom.db import artifacts as db_artifacts
from proofroom.db import envelopes as db_envelopes
from proofroom.db.blocks import BlockRow
from proofroom.db.models import ContextEnvelope, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.compute import Table as ComputeTable
from proofroom.domain.compute import compute as compute_table
from proofroom.domain.document import ArtifactDocument, plain, to_json
from proofroom.domain.envelope import EnvelopeObligation
from proofroom.domain.envelope import digest as body_digest
from proofroom.domain.errors import InvalidInput, NotFound
from proofroom.domain.joins import TableKey, tables_joined, with_versions
from proofroom.domain.selection import ContextWeights
from proofroom.services import memory
from proofroom.substrate import envelope as envelopes
from proofroom.substrate import passages
from proofroom.substrate.memory_adapter import SubstrateMemoryAdapter

MAX_FOUND = 50
"""Passages that one search can answer; the schema of `search_context` says so, too."""

Refs = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Pinned:
    """An envelope that was just pinned; `said` is its event."""

    id: UUID
    digest: str
    said: dict[str, Any]


async def pin(tx: Tx, row: WorkSession, weights: ContextWeights | None = None) -> Pinned:
    """Composes the envelope of this iteration, under the agent's weights, and stores it as it will be sent."""
    wanted = [o for o in await db_artifacts.obligations(tx, row.id) if o.iteration < row.iteration]
    notes, notes_left_out = await memory.for_agent(tx, row)
    made = await envelopes.compose(
        tx,
        row.project_id,
        row.task_description,
        config=row.task_configuration,
        obligations=[
            EnvelopeObligation(
                o.comment, ": ".join(p for p in (o.artifact_slot or "", o.passage or o.claim_text or "") if p)
            )
            for o in wanted
        ],
        weights=weights,
        notes=notes,
        notes_left_out=notes_left_out,
        source_ids=await memory.sources_of(tx, row),
    )
    stored = await db_envelopes.pin(
        tx,
        session_id=row.id,
        iteration=row.iteration,
        body=made.body,
        digest=made.digest,
        receipt=dict(made.receipt),
    )
    receipt = made.receipt
    included = receipt["included"]
    return Pinned(
        stored.id,
        stored.digest,
        {
            "envelope_id": str(stored.id),
            "blocks": len(included),
            "sources": len({b["source_id"] for b in included}),
            "tokens": receipt["tokens"],
            "left_out": receipt["left_out_count"],
            "flags": list(receipt["flags"]),
        },
    )


async def view(tx: Tx, row: WorkSession) -> EnvelopeView:
    """The pinned envelope of this iteration as a runtime gets it. Raises NotFound when there is none, Conflict
    (`redacted`) when a source of it was deleted: no agent goes on with less than it was given.
    """
    pinned = await _pinned(tx, row)
    shown = await envelopes.shown(tx, pinned)
    if shown["receipt"].get("redacted"):
        raise envelopes.redacted(shown["receipt"]["redacted"])
    return EnvelopeView(
        id=pinned.id,
        body=shown["body"],
        digest=shown["digest"],
        blocks=[
            {**item, "instruction_like": item.get("instruction_like", False)}
            for item in shown["receipt"]["included"]
            if item["text"] is not None
        ],
        tables=await (await _adapter(tx, row)).tables(tx),
    )


async def envelope_json(tx: Tx, envelope_id: UUID) -> dict[str, Any]:
    """The envelope with its receipt, and in it what was read since. Raises NotFound (`envelope_not_found`)."""
    shown = await envelopes.view(tx, envelope_id)
    reads_since = await reads(tx, UUID(shown["session_id"]), shown["iteration"])
    return {**shown, "receipt": {**shown["receipt"], "reads": reads_since}}


async def envelope_of(tx: Tx, row: WorkSession, iteration: int | None = None) -> UUID:
    """The id of what was pinned for an iteration, the present one without it.

    Raises NotFound (`envelope_not_found`).
    """
    wanted = iteration or row.iteration
    pinned = await db_envelopes.of_iteration(tx, row.id, wanted)
    if pinned is None:
        raise NotFound(
            "envelope_not_found",
            f"No context was pinned for iteration {wanted} of this session.",
            hint="It is pinned when the first leg starts; an outside draft has none.",
        )
    return pinned.id


async def rebuilt_json(tx: Tx, envelope_id: UUID) -> dict[str, Any]:
    """{body, digest, identical}: rendered again from the receipt's block versions; nothing is ranked again.

    Raises NotFound (`envelope_not_found`), Conflict (`redacted`, `digest_differs`).
    """
    body = await envelopes.rebuild(tx, envelope_id)
    return {"body": body, "digest": body_digest(body), "identical": True}


async def reads(tx: Tx, session_id: UUID, iteration: int) -> list[dict[str, Any]]:
    """What the agent read beyond its envelope, in order: {call, tool, query?, block_ids, digest} for each answer.

    `digest` covers arguments and answer. The packet's reads digest is over [call, tool, digest] of all of them.
    """
    found: list[dict[str, Any]] = []
    for call in await db_artifacts.calls(tx, session_id, iteration):
        if call.tool not in READING_TOOLS or not call.ok:
            continue
        result = cast("dict[str, Any]", call.result) if isinstance(call.result, dict) else {}
        one: dict[str, Any] = {"call": call.key, "tool": call.tool}
        if "query" in call.arguments:
            one["query"] = call.arguments["query"]
        one["block_ids"] = [item["block_id"] for item in result.get("items", ())]
        one["digest"] = digest([call.arguments, call.ok, cast("Any", call.result)])
        found.append(one)
    return found


def refs_of(envelope: EnvelopeView) -> Refs:
    """As `refs`, of an envelope that was read already."""
    return {item["alias"]: _ref(item) for item in envelope.blocks}


async def refs(tx: Tx, row: WorkSession) -> Refs:
    """What the envelope's aliases stand for."""
    return {item["alias"]: _ref(item) for item in (await _pinned(tx, row)).receipt["included"]}


async def _pinned(tx: Tx, row: WorkSession) -> ContextEnvelope:
    pinned = await db_envelopes.of_iteration(tx, row.id, row.iteration)
    if pinned is None:
        raise NotFound(
            "envelope_not_found",
            f"Nothing was pinned for iteration {row.iteration} of this session.",
            hint="It is pinned when the work starts.",
        )
    return pinned


async def _adapter(tx: Tx, row: WorkSession) -> SubstrateMemoryAdapter:
    return SubstrateMemoryAdapter(row.project_id, await memory.sources_of(tx, row))


async def search(tx: Tx, row: WorkSession, query: str, k: int, known: Refs) -> dict[str, Any]:
    """{items, refs, truncated, more?}: passages with aliases that can be cited from now on."""
    rows = await (await _adapter(tx, row)).search(tx, query, k)
    answer = _handed_out(rows, known)
    if len(rows) < k:
        return answer | {"truncated": False}
    most = "" if k >= MAX_FOUND else f" Ask for more with k, up to {MAX_FOUND}, or"
    more = (
        f"The best {k} passages; there may be others.{most} {'Ask' if not most else 'ask'} with rarer words."
    )
    return answer | {"truncated": True, "more": more}


async def read_block(
    tx: Tx, row: WorkSession, known: Refs, alias: str, before: int, after: int
) -> dict[str, Any]:
    """{text, alias, items, refs, …}: a passage with its neighbours. Raises NotFound (`unknown_ref`)."""
    ref = known.get(alias)
    if ref is None:
        raise NotFound(
            "unknown_ref", f"No passage was handed out as {alias}.", hint="Use an alias that you were given."
        )
    own, earlier, later = await (await _adapter(tx, row)).read(
        tx, UUID(ref["block_id"]), before=before, after=after
    )
    answer = _handed_out([*earlier, own, *later], known)
    return {**envelopes.item_of(own, alias), **answer}


def _handed_out(rows: list[BlockRow], known: Refs) -> dict[str, Any]:
    aliases = {ref["block_id"]: alias for alias, ref in known.items()}
    items: list[dict[str, Any]] = []
    fresh: Refs = {}
    for row in rows:
        alias = aliases.get(str(row.block_id))
        if alias is None:
            alias = f"s{sum(1 for a in known if a.startswith('s')) + len(fresh) + 1}"
            aliases[str(row.block_id)] = alias
        item = envelopes.item_of(row, alias)
        if alias not in known:
            fresh[alias] = _ref(item)
        items.append(item)
    return {"items": items, "refs": fresh}


def _ref(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"source_id": item["source_id"], "version": item["version"], "block_id": item["block_id"]}


async def read_table(tx: Tx, row: WorkSession, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """{source_id, version, source_title, table, name, columns, types, rows, row_count, offset, truncated, more?}."""
    name = str(arguments.get("source_id") or arguments.get("title") or "")
    table = await (await _adapter(tx, row)).table(tx, name, int(arguments.get("table", 0)))
    rows, cut = _cut(table.rows, int(arguments.get("offset", 0)), "read_table")
    return {
        "source_id": str(table.source_id),
        "version": table.version,
        "source_title": table.source_title,
        "table": table.table,
        "name": table.name,
        "columns": list(table.columns),
        "types": list(table.types),
        "rows": rows,
        **cut,
    }


def _cut(rows: Sequence[Sequence[Any]], offset: int, tool: str) -> tuple[list[list[Any]], dict[str, Any]]:
    """The rows of one answer, and what it says of the rest."""
    shown = [list(r) for r in rows[offset : offset + MAX_TABLE_ROWS]]
    after = offset + len(shown)
    told: dict[str, Any] = {"row_count": len(rows), "offset": offset, "truncated": after < len(rows)}
    if after < len(rows):
        told["more"] = (
            f"Rows {offset + 1:,} to {after:,} of {len(rows):,}. Call {tool} again with offset {after} for those after"
            " them, or compute with filter, group or limit."
        )
    return shown, told


async def compute(tx: Tx, row: WorkSession, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """{table: {columns, rows}, computed, skipped, unsure, twice, joins, source_title, row_count, offset, truncated,
    more?}.

    Exact, and can be computed again: `computed` names the version of every table. Not in the event loop, which other
    sessions share.
    """
    adapter = await _adapter(tx, row)
    table = await adapter.table(tx, str(arguments["source_id"]), int(arguments["table"]))
    steps = list(arguments["steps"])
    pinned: dict[TableKey, TableKey] = {}
    others: dict[TableKey, ComputeTable] = {}
    for key in tables_joined(steps):
        other = await adapter.table(tx, *key)
        pinned[key] = (str(other.source_id), other.table, other.version)
        others[pinned[key]] = _plain(other)
    steps = with_versions(steps, pinned)
    made = await asyncio.to_thread(compute_table, _plain(table), steps, others)
    rows, cut = _cut(made.rows, int(arguments.get("offset", 0)), "compute")
    return {
        "source_title": table.source_title,
        "table": {"columns": list(made.columns), "rows": rows},
        **cut,
        "skipped": dict(made.skipped),
        "unsure": dict(made.unsure),
        "twice": dict(made.twice),
        "joins": [one.to_json() for one in made.joins],
        "computed": {
            "op": "table",
            "source_id": str(table.source_id),
            "version": table.version,
            "table": table.table,
            "steps": steps,
        },
    }


def _plain(table: passages.TableView) -> ComputeTable:
    return ComputeTable(table.columns, table.rows, table.name, table.types, table.decimal_point)


def keep_used_refs(document: ArtifactDocument) -> ArtifactDocument:
    """The document with only those aliases that it cites."""
    used: set[str] = set()
    for block in to_json(document)["blocks"]:
        texts = [block.get("text"), *block.get("items", ())]
        texts += [cell for row in block.get("rows", ()) for cell in row]
        for text in texts:
            if isinstance(text, str) and "[[" in text:
                used.update(cite.ref for cite in plain(text).cites)
    return replace(document, refs={a: r for a, r in document.refs.items() if a in used})


async def suspicious_sources(tx: Tx, document: ArtifactDocument) -> list[str]:
    """Titles of sources whose cited passages are marked: they read like instructions, or hide something."""
    kept = keep_used_refs(document)
    wanted = {
        alias: {"source_id": r.source_id, "version": r.version, "block_id": r.block_id}
        for alias, r in kept.refs.items()
    }
    cited = await passages.cited(tx, wanted)
    return sorted({row.source_title for row, _ in cited.values() if envelopes.item_of(row, "")["marks"]})


async def carry_forward(tx: Tx, row: WorkSession) -> None:
    """An outside draft that was sent back stands in the next iteration as it is, to be edited or replaced."""
    for artifact, _ in await db_artifacts.current(tx, row.id):
        await db_artifacts.change(tx, artifact.id, iteration=row.iteration)
    if not await db_artifacts.current(tx, row.id):
        raise InvalidInput(
            "no_output", "This session holds no draft.", hint="Check the draft again as a new one."
        )
