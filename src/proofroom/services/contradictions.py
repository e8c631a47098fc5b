"""Which passages of a project's sources disagree, told before any agent is given them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import comparison, projects
from proofroom.db.blocks import BlockRow
from proofroom.db.tx import Tx
from proofroom.domain.canonical import digest
from proofroom.domain.contradictions import Place, words_at
from proofroom.domain.errors import NotFound
from proofroom.services import finding, sources
from proofroom.substrate.comparer import Key, shared_comparer
from proofroom.substrate.comparing import Compared, Placed

MOST_PASSAGES = 5_000
"""Passages that are compared with each other, at most: about two seconds of processor time for what people write."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared: blocks in their order; of each pair one is among the first `about`, where that is said;
    `of` comparable passages there are in all. The texts are there where the answer is not known yet.
    """

    key: Key
    blocks: Sequence[str]
    about: int | None
    of: int
    known: Compared | None
    texts: Sequence[str]


async def ask(tx: Tx, project_id: UUID, source_id: UUID | None = None) -> Asked:
    """What to compare in a project, read in a snapshot; with `source_id` only pairs in which this source stands.

    Raises NotFound (`project_not_found`, `source_not_found`, `source_deleted`) and TooLarge (`comparing_too_much`).
    """
    await projects.get(tx, project_id)
    if source_id is not None and (await sources.get(tx, source_id)).project_id != project_id:
        raise NotFound(
            "source_not_found", f"No source {source_id} is in this project.", "List the project's sources."
        )
    found = await comparison.comparable(tx, project_id, source_id, MOST_PASSAGES)
    about = None if source_id is None else found.own
    key = (tx.workspace_id, digest([about, *found.blocks]))
    known = shared_comparer().kept(key)
    texts = [] if known else await comparison.texts(tx, project_id, source_id, MOST_PASSAGES)
    return Asked(key, found.blocks, about, found.of, known, texts)


async def compared(asked: Asked) -> Compared:
    """The answer; nobody needs to hold a connection to the database meanwhile.

    Raises TooLarge (`comparing_too_much`) and Unavailable (`comparing_busy`, `comparing_stopped`).
    """
    if asked.known is not None:
        return asked.known
    return await shared_comparer().compare(asked.key, asked.texts, asked.about)


async def shown(tx: Tx, asked: Asked, answer: Compared) -> dict[str, Any]:
    """The answer as JSON with both passages of each contradiction as they are now; what was retracted, replaced or
    deleted since is left out.
    """
    ids = {UUID(asked.blocks[n]) for one in answer.told for n in (one.a, one.b)}
    rows = await db_blocks.by_ids(tx, sorted(ids), in_use=True)
    items = [_item(one, asked.blocks, rows) for one in answer.told]
    there = [item for item in items if item is not None]
    return {
        "items": there,
        "found": answer.found - (len(items) - len(there)),
        "compared": answer.passages,
        "comparable": asked.of,
        "complete": answer.complete,
        "forms": answer.forms,
        "message": _message(answer, asked.of),
    }


def _message(answer: Compared, of: int) -> str:
    said: list[str] = []
    if answer.passages < of:
        said.append(f"{answer.passages:,} of {of:,} passages were compared, the newest sources first.")
    if not answer.complete:
        said.append("More pairs of them look alike than could be compared closely.")
    if answer.forms:
        said.append(
            f"{answer.forms:,} sentences read like a form that is filled in differently each time; they are not listed."
        )
    if answer.found > len(answer.told):
        said.append(f"{len(answer.told):,} of {answer.found:,} contradictions are listed.")
    return " ".join(said)


def _item(one: Placed, blocks: Sequence[str], rows: Mapping[UUID, BlockRow]) -> dict[str, Any] | None:
    a, b = rows.get(UUID(blocks[one.a])), rows.get(UUID(blocks[one.b]))
    if a is None or b is None:
        return None
    return {
        "kind": one.kind,
        "subject": words_at(a.text, one.subject_at),
        "a": _side(a, one.a_at),
        "b": _side(b, one.b_at),
        "repeated": one.repeated,
    }


def _side(row: BlockRow, at: Place) -> dict[str, Any]:
    differs = (at.says_start, at.says_end)
    return {
        **finding.passage(row),
        "origin": "approved" if row.origin == "artifact" else "captured",
        "says": words_at(row.text, [differs]),
        "sentence": [at.start, at.end],
        "differs": list(differs),
    }
