"""People around a review: who looks at it just now, and what they say to each other. None of it decides anything."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, comments, members, work_sessions
from proofroom.db.models import CheckpointComment, WorkCheckpoint
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.document import from_json, text_at
from proofroom.domain.errors import InvalidInput
from proofroom.services import gates
from proofroom.services.access import Actor, require
from proofroom.services.said import text_of
from proofroom.services.views import at, looks_of

LOOK_SECONDS = 45
"""How long a review counts as looked at after the last sign of its reader."""


async def look(tx: Tx, actor: Actor, checkpoint_id: UUID, *, take: bool = False) -> WorkCheckpoint:
    """Says that the actor looks at this review now; said again, it goes on. Others see it, and may look and decide too.

    `take` makes the actor the one whom those are shown who know of one only. Raises Conflict (`already_decided`) when
    nothing is open; NotFound.
    """
    require(actor, "reviewer")
    found = await checkpoints.get(tx, checkpoint_id)
    await work_sessions.lock(tx, found.session_id)
    row = await checkpoints.get(tx, checkpoint_id)
    if row.status != checkpoints.OPEN:
        raise gates.already_decided(row)
    now = await work_sessions.now(tx)
    looks = {by: until for by, until in looks_of(row).items() if until > now}
    first = row.looking_by if row.looking_by in looks and not take else actor.member_id
    news = actor.member_id not in looks or first != row.looking_by
    looks[actor.member_id] = now + timedelta(seconds=LOOK_SECONDS)
    row = await _keep(tx, row, looks, first)
    if news:
        await _say(tx, row, "looked_at", {"by": actor.name})
    return row


async def look_away(tx: Tx, actor: Actor, checkpoint_id: UUID) -> WorkCheckpoint:
    """Ends the actor's own look. Harmless when they have none."""
    found = await checkpoints.get(tx, checkpoint_id)
    await work_sessions.lock(tx, found.session_id)
    row = await checkpoints.get(tx, checkpoint_id)
    looks = looks_of(row)
    if looks.pop(actor.member_id, None) is None:
        return row
    row = await _keep(tx, row, looks, row.looking_by if row.looking_by in looks else next(iter(looks), None))
    await _say(tx, row, "looked_away", {"by": actor.name})
    return row


async def _keep(
    tx: Tx, row: WorkCheckpoint, looks: Mapping[UUID, datetime], first: UUID | None
) -> WorkCheckpoint:
    return await checkpoints.change(
        tx, row.id, lookers=[{"by": str(by), "until": until.isoformat()} for by, until in looks.items()],
        looking_by=first, looking_until=None if first is None else looks[first],
    )  # fmt: skip


async def _say(tx: Tx, row: WorkCheckpoint, kind: str, data: dict[str, Any]) -> None:
    said = {"checkpoint_id": str(row.id), **data}
    await work_sessions.note(tx, row.session_id, Record(events=[(kind, said)]))


async def comment(
    tx: Tx,
    actor: Actor,
    checkpoint_id: UUID,
    text: str,
    *,
    claim_id: str | None = None,
    artifact_id: UUID | None = None,
    anchor: Mapping[str, Any] | None = None,
) -> CheckpointComment:
    """Says something about the packet, an artifact, a claim or words of it; also after it was decided.

    `anchor` is {artifact_id, version, path, char_start, char_end, quote}: the exact words of a version that the packet
    shows. Raises InvalidInput (`comment_empty`, `text_invalid`, `unknown_claim`, `unknown_artifact`,
    `unknown_passage`), NotFound.
    """
    require(actor, "requester")
    clean = text_of(text, "text")
    if clean is None:
        raise InvalidInput("comment_empty", "The comment is empty.", hint="Say something.", field="text")
    row = await checkpoints.get(tx, checkpoint_id)
    shown = row.packet["artifacts"]
    if artifact_id is not None and all(a["artifact_id"] != str(artifact_id) for a in shown):
        raise InvalidInput(
            "unknown_artifact", f"No artifact {artifact_id} is in this packet.",
            hint="Comment on what the packet shows.", field="artifact_id",
        )  # fmt: skip
    if claim_id is not None:
        homes = [a["artifact_id"] for a in shown if any(c["id"] == claim_id for c in a["claims"])]
        if not homes or (artifact_id is not None and str(artifact_id) not in homes):
            raise InvalidInput(
                "unknown_claim", f"No claim {claim_id[:80]} is in this packet.",
                hint="Comment on claims of the packet that you look at.", field="claim_id",
            )  # fmt: skip
        artifact_id = artifact_id or UUID(homes[0])
    if anchor is not None:
        anchor = await _anchored(tx, shown, anchor, artifact_id)
        artifact_id = UUID(anchor["artifact_id"])
    made = await comments.add(
        tx, session_id=row.session_id, checkpoint_id=row.id, artifact_id=artifact_id, claim_id=claim_id,
        member_id=actor.member_id, text=clean, **({} if anchor is None else {"anchor": anchor}),
    )  # fmt: skip
    said = {
        "comment_id": str(made.id), "checkpoint_id": str(row.id), "by": actor.name, "claim_id": claim_id,
        "text": clean,
    } | ({} if anchor is None else {"quote": anchor["quote"]})  # fmt: skip
    await work_sessions.note(
        tx, row.session_id, Record(events=[("commented", said)], audits=[("commented", said)])
    )
    return made


async def _anchored(
    tx: Tx, shown: Sequence[Mapping[str, Any]], anchor: Mapping[str, Any], artifact_id: UUID | None
) -> dict[str, Any]:
    """The anchor as it is kept, when its words stand there."""
    named = str(anchor["artifact_id"])
    version, path = int(anchor["version"]), [int(part) for part in anchor["path"]]
    if artifact_id not in (None, UUID(named)) or all(
        (a["artifact_id"], a["version"]) != (named, version) for a in shown
    ):
        raise InvalidInput(
            "unknown_artifact", f"Version {version} of artifact {named} is not in this packet.",
            hint="Comment on words of what the packet shows.", field="anchor.artifact_id",
        )  # fmt: skip
    stored = await db_artifacts.version(tx, UUID(named), version)
    text = text_at(from_json(stored.document), path) or ""
    start, end, quote = int(anchor["char_start"]), int(anchor["char_end"]), str(anchor["quote"])
    if not 0 <= start < end <= len(text) or text[start:end] != quote:
        raise InvalidInput(
            "unknown_passage", "These words do not stand at that place of the artifact.",
            hint="Count code points in its plain text, and quote it word for word.", field="anchor",
        )  # fmt: skip
    return {
        "artifact_id": named, "version": version, "path": path, "char_start": start, "char_end": end, "quote": quote,
    }  # fmt: skip


async def comments_of(tx: Tx, checkpoint_id: UUID) -> list[dict[str, Any]]:
    """The comments of the whole session, oldest first:
    {id, checkpoint_id, artifact_id, claim_id, by, text, anchor, at}."""
    row = await checkpoints.get(tx, checkpoint_id)
    names = await members.names(tx)
    return [comment_json(c, names) for c in await comments.of_session(tx, row.session_id)]


def comment_json(row: CheckpointComment, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "id": str(row.id), "checkpoint_id": str(row.checkpoint_id),
        "artifact_id": str(row.artifact_id) if row.artifact_id else None, "claim_id": row.claim_id,
        "by": {"id": str(row.member_id), "name": names.get(row.member_id)}, "text": row.text, "anchor": row.anchor,
        "at": at(row.created_at),
    }  # fmt: skip
