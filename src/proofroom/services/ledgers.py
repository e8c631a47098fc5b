"""Whether the stored ledger of an outside draft may be used again instead of checking the draft anew.

Each version keeps a digest of everything that its ledger rests on. A packet takes the stored ledger only when that
digest is the same now, and when every anchor still stands where it says; whatever else is found, or nothing, means
that the draft is checked again.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from proofroom.db import blocks as db_blocks
from proofroom.db import sources as db_sources
from proofroom.db.blocks import BlockRow
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.services.aside import MANY_CLAIMS

Basis = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Claims as JSON, and what they were compared with."""

    basis: Basis
    claims: list[dict[str, Any]]


Ahead = Mapping[str, Ledger]
"""By the digest of the content: what was compared before the session was locked."""

_PROGRAM = Path(__file__).parents[1]


@cache
def program(folder: Path = _PROGRAM) -> str:
    """A digest of the program's own text: by another one, the same draft may be cut, searched and judged otherwise."""
    found = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        text = file.read_bytes()
        found.update(f"{file.relative_to(folder).as_posix()} {len(text)}\n".encode() + text)
    return found.hexdigest()


async def basis(tx: Tx, session: WorkSession, namespace: str) -> Basis:
    """The state of everything but the draft: the program, the sources in use and every block that can be found."""
    total, length = await db_blocks.statistics(tx, session.project_id)
    return {
        "program": program(),
        "namespace": namespace,
        "source_ids": session.source_ids,
        "sources": await db_sources.states(tx, session.project_id),
        "blocks": await db_blocks.fingerprint(tx, session.project_id),
        "block_count": total,
        "term_count": length,
    }


async def seal(basis: Basis, content_digest: str, claims: Sequence[Mapping[str, Any]]) -> str:
    """The digest that is kept with a version: its basis, its content and its ledger.

    Sorted JSON, not RFC 8785: nobody else compares it, there is no float in it, and for a long ledger it takes a tenth
    of the time. A long one is written in a thread, claim by claim: the writer holds the interpreter's lock to the end
    of what it is given.
    """
    if len(claims) < MANY_CLAIMS:
        return sealed(basis, content_digest, claims)
    return await asyncio.to_thread(sealed, basis, content_digest, claims)


def sealed(basis: Basis, content_digest: str, claims: Sequence[Mapping[str, Any]]) -> str:
    """The digest of `{"basis": …, "claims": […], "content": …}`, its keys in order."""
    found = hashlib.sha256(f'{{"basis":{_sorted(basis)},"claims":['.encode())
    for n, claim in enumerate(claims):
        found.update(f"{',' if n else ''}{_sorted(claim)}".encode())
    found.update(f'],"content":{_sorted(content_digest)}}}'.encode())
    return found.hexdigest()


_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


async def anchors_stand(tx: Tx, claims: Sequence[Mapping[str, Any]]) -> bool:
    """Whether each anchor's quote is at its characters in the stored text of its source, in a live block that
    still reads like that text."""
    anchors = [anchor for claim in claims for anchor in claim["anchors"]]
    blocks = await db_blocks.by_ids(tx, sorted({UUID(a["block_id"]) for a in anchors}))
    wanted: dict[tuple[UUID, int], list[Mapping[str, Any]]] = {}
    for anchor in anchors:
        block = blocks.get(UUID(anchor["block_id"]))
        if block is None or block.state not in db_blocks.LIVE_STATES:
            return False
        if (str(block.source_id), block.version) != (anchor["source_id"], anchor["version"]):
            return False
        if not block.char_start <= anchor["char_start"] <= anchor["char_end"] <= block.char_end:
            return False
        wanted.setdefault((block.source_id, block.version), []).append(anchor)
    seen: set[tuple[UUID, int]] = set()
    async with aclosing(db_sources.texts(tx, list(wanted))) as texts:
        async for source_id, version, text in texts:
            seen.add((source_id, version))
            if not all(_stands(a, blocks[UUID(a["block_id"])], text) for a in wanted[source_id, version]):
                return False
    return seen == wanted.keys()


def _stands(anchor: Mapping[str, Any], block: BlockRow, text: str) -> bool:
    quoted = text[anchor["char_start"] : anchor["char_end"]]
    return quoted == anchor["quote"] and text[block.char_start : block.char_end] == block.text
