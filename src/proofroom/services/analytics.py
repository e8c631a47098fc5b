"""Figures on work, waiting and evidence: what an operations team looks at."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from proofroom.db import analytics
from proofroom.db import artifacts as db_artifacts
from proofroom.db.tx import Tx
from proofroom.domain.document import ArtifactDocument, from_json
from proofroom.domain.edit_distance import NONE, Distance, distance, figures

MOST_COMPARED = 500
"""Signatures whose texts are read for the edit distance, the latest first."""


async def summary(
    tx: Tx, *, since: datetime | None = None, until: datetime | None = None, project_id: UUID | None = None
) -> dict[str, Any]:
    """Sessions created, and checkpoints that people decided, from `since` on and before `until`.

    `edit_distance` compares what was first shown for signature with what was signed, word by word, for the latest
    MOST_COMPARED signatures. Rates and medians are None where there is nothing to count. `check_was_wrong_by` counts,
    per kind of check, the flags that a reader signed over, or kept before sending it back, as the check's mistake.
    """
    span = (since, until)
    decided = await analytics.decisions(tx, span, project_id)
    outcomes = Counter(status for status, *_ in decided)
    waited = sorted((at - opened).total_seconds() for _, _, opened, at, _ in decided)
    claims, needs_you = await analytics.claims_decided(tx, span, project_id)
    kept = [a for *_, decision in decided for a in _acknowledged(decision)]
    return {
        "sessions": await analytics.sessions_by_status(tx, span, project_id),
        "decisions": dict(outcomes),
        "approval_rate": round(outcomes["approved"] / len(decided), 4) if decided else None,
        "waiting": {
            "decided": len(decided), "median_seconds": _quantile(waited, 0.5),
            "p90_seconds": _quantile(waited, 0.9),
        },
        "edit_distance": figures(await _distances(tx, span, project_id)),
        "evidence": {
            "claims": claims, "needs_you": needs_you, "passed": claims - needs_you, "acknowledged": len(kept),
            "check_was_wrong": sum(a.get("kind") == "check_was_wrong" for a in kept),
            "check_was_wrong_by": dict(await _overruled(tx, span, project_id)),
        },
        "usage": {
            **await analytics.usage(tx, span, project_id),
            "by_model": await analytics.usage_by_model(tx, span, project_id),
        },
    }  # fmt: skip


async def _distances(
    tx: Tx, span: tuple[datetime | None, datetime | None], project_id: UUID | None
) -> list[Distance]:
    """Of each session signed in the time, over all of its artifacts. What was counted before needs no reading."""
    return [
        Distance(one.words, one.of or 0) if one.words is not None else await _distance(tx, one)
        for one in await analytics.signed_versions(tx, span, project_id, MOST_COMPARED)
    ]


async def count_edits(tx: Tx, checkpoint_id: UUID) -> None:
    """Writes down how much changed from what was first shown to what was signed, where a person signed."""
    one = await analytics.signed_version(tx, checkpoint_id)
    if one is not None and one.words is None:
        counted = await _distance(tx, one)
        await analytics.set_edited(tx, checkpoint_id, counted.words, counted.of)


async def _distance(tx: Tx, one: analytics.Signed) -> Distance:
    before, after = ({a["slot"]: a for a in shown} for shown in (one.shown, one.signed))
    total = NONE
    for slot in before.keys() | after.keys():
        a, b = before.get(slot), after.get(slot)
        old = await _document(tx, a)
        new = old if a == b else await _document(tx, b)
        total += await asyncio.to_thread(distance, old, new)
    return total


async def _document(tx: Tx, shown: Mapping[str, Any] | None) -> ArtifactDocument | None:
    if shown is None:
        return None
    stored = await db_artifacts.version(tx, UUID(shown["artifact_id"]), int(shown["version"]))
    return from_json(stored.document)


async def _overruled(
    tx: Tx, span: tuple[datetime | None, datetime | None], project_id: UUID | None
) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in await analytics.overruled(tx, span, project_id):
        wrong = {a["claim_id"] for a in _acknowledged(one["decision"]) if a.get("kind") == "check_was_wrong"}
        for artifact in one["packet"]["artifacts"]:
            for claim in artifact["claims"]:
                if claim["id"] in wrong:
                    found.update({c["kind"] for c in claim["checks"] if c["result"] not in ("same", "none")})
    found.pop("meaning", None)  # it is never compared
    return found


def _acknowledged(decision: dict[str, Any] | None) -> Sequence[dict[str, Any]]:
    """What everybody who signed it kept, each claim once for the same kind of reason."""
    signed = (decision or {}).get("votes") or [decision or {}]
    kept = [a for one in signed for a in one.get("acknowledged") or ()]
    return list({(a["claim_id"], a.get("kind")): a for a in kept}.values())


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of them does not exceed (nearest rank)."""
    return round(ordered[ceil(share * len(ordered)) - 1], 3) if ordered else None
