"""Search as people ask for it: filters by name, the passages with what speaks for them, the state of the index."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast, get_args
from uuid import UUID

from proofroom.db.blocks import BlockRow
from proofroom.db.retrieval import Filters
from proofroom.db.tx import Tx
from proofroom.domain.errors import InvalidInput
from proofroom.substrate import search, terms
from proofroom.substrate.extracted import BlockKind
from proofroom.substrate.parsers.sniff import CONTENT_TYPES
from proofroom.substrate.search import Mode

KINDS: tuple[str, ...] = get_args(BlockKind)
STATES = ("proposed", "accepted", "locked", "superseded", "rejected")
MODES: tuple[str, ...] = get_args(Mode)
TYPES = tuple(CONTENT_TYPES)


def filters(
    *,
    source_ids: Sequence[UUID] = (),
    types: Sequence[str] = (),
    kinds: Sequence[str] = (),
    states: Sequence[str] = (),
    captured_from: str | None = None,
    captured_to: str | None = None,
) -> Filters:
    """What is named restricts, what is not stays open. `types` are short names such as pdf, or media types; a date
    without a time is the whole day, in UTC. Raises InvalidInput (`filter_invalid`) with the field."""
    media = set(CONTENT_TYPES.values())
    wanted = [
        CONTENT_TYPES[name]
        if name in CONTENT_TYPES
        else name
        if name in media
        else _unknown("type", name, TYPES)
        for name in (given.strip().lower() for given in types)
    ]
    return Filters(
        source_ids=list(source_ids) or None,
        content_types=wanted or None,
        kinds=[kind if kind in KINDS else _unknown("kind", kind, KINDS) for kind in kinds] or None,
        states=[state if state in STATES else _unknown("state", state, STATES) for state in states] or None,
        captured_from=_moment("captured_from", captured_from, end=False),
        captured_to=_moment("captured_to", captured_to, end=True),
    )


def mode(given: str) -> Mode:
    """Raises InvalidInput (`filter_invalid`)."""
    name = given.strip().lower()
    return cast(Mode, name if name in MODES else _unknown("mode", given, MODES))


async def find(
    tx: Tx, project_id: UUID, query: str, k: int, wanted: Filters, mode: Mode = "hybrid"
) -> dict[str, Any]:
    """{items, index} as JSON, the best passage first."""
    found = await search.hybrid(tx, project_id, query, k, wanted, mode)
    asked = frozenset(terms.query_terms(query))
    items = await asyncio.to_thread(
        lambda: [item(row, asked, found.matched[row.block_id]) for row in found.rows]
    )
    return {"items": items, "index": asdict(found.index)}


def passage(row: BlockRow) -> dict[str, Any]:
    """A passage and where it stands, as JSON."""
    return {
        "block_id": str(row.block_id),
        "source_id": str(row.source_id),
        "source_title": row.source_title,
        "version": row.version,
        "page": row.page,
        "heading": row.heading,
        "kind": row.kind,
        "char_start": row.char_start,
        "char_end": row.char_end,
        "text": row.text,
    }


def item(row: BlockRow, asked: frozenset[str], matched: Sequence[str]) -> dict[str, Any]:
    return {
        **passage(row),
        "state": row.state,
        "score": row.score,
        "highlights": [list(span) for span in terms.spans(row.text, asked)],
        "matched": list(matched),
    }


def _moment(field: str, given: str | None, *, end: bool) -> datetime | None:
    if given is None or not given.strip():
        return None
    try:
        if len(given.strip()) == len("2026-01-01"):
            day = datetime.combine(date.fromisoformat(given.strip()), time(), UTC)
            return day + timedelta(days=1) if end else day
        moment = datetime.fromisoformat(given.strip())
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            "filter_invalid",
            f"{given[:80]!r} is no date.",
            "Write it like 2026-11-25 or 2026-11-25T14:00:00Z.",
            field=field,
        ) from error


def _unknown(field: str, given: str, known: Sequence[str]) -> str:
    raise InvalidInput(
        "filter_invalid",
        f"There is no {field} {given[:80]!r}.",
        "There are: " + ", ".join(known) + ".",
        field=field,
    )
