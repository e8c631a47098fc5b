"""Several reviews signed from a list, and taken back: each by itself, in a transaction of the caller's. Nothing here
commits."""

from collections.abc import Collection, Sequence
from math import ceil
from typing import Any
from uuid import UUID

from proofroom.db import checkpoints, members, work_sessions
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.batch import MAX_BATCH, batch_exceptions, in_hands_of
from proofroom.domain.checkpoint import MAX_UNDO_SECONDS
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.services import holding, review
from proofroom.services.access import Actor, require
from proofroom.services.aside import aside
from proofroom.services.gates import Outcome
from proofroom.services.inbox import origins
from proofroom.services.views import looks_of

SECONDS_EACH = 0.25
"""For how much longer the first ones are held, for each that is still to be signed after them."""


def check(actor: Actor, checkpoint_ids: Sequence[UUID], size: int, before: int = 0) -> None:
    """`before` of the `size` reviews of a batch were sent before these. Raises InvalidInput (`batch_invalid`),
    NotAllowed."""
    require(actor, "reviewer")
    if not 1 <= len(checkpoint_ids) <= MAX_BATCH or len(set(checkpoint_ids)) < len(checkpoint_ids):
        raise InvalidInput(
            "batch_invalid",
            f"A batch names 1 to {MAX_BATCH} different reviews; this one has {len(checkpoint_ids)}"
            f" and names {len(set(checkpoint_ids))}.",
            hint="Name each once, and send more than that in another batch.",
            field="items",
        )
    if not before + len(checkpoint_ids) <= size <= MAX_BATCH:
        raise InvalidInput(
            "batch_invalid",
            f"A batch of {size} has no part of {len(checkpoint_ids)} after {before}, or is larger than {MAX_BATCH}.",
            hint=f"Count what was sent before, and sign {MAX_BATCH} at most together.",
            field="part",
        )


def held_for(undo_seconds: int, to_come: int) -> int:
    """Seconds for which one is held while `to_come` more are signed after it, so that all can be taken back at once."""
    return min(MAX_UNDO_SECONDS, undo_seconds + ceil(SECONDS_EACH * to_come)) if undo_seconds else 0


async def sign_one(
    tx: Tx,
    actor: Actor,
    checkpoint_id: UUID,
    *,
    packet_digest: str | None,
    template_id: UUID,
    announced: int,
    undo_seconds: int,
    instead_of: Collection[UUID] = (),
) -> Outcome:
    """Signs one of several packets that are signed together unread, all from one template.

    The record says that the packet was not shown, in whose place it was signed, and how many the signer announced
    (`announced`): how many of them are signed in the end nobody knows yet. Raises what a decision raises, and Conflict
    (`not_for_batch`, with `because`) for what somebody has to look at by itself; (`in_other_hands`, with `whose`) for
    what is assigned to or read by somebody whom `instead_of` does not name.
    """
    found = await checkpoints.get(tx, checkpoint_id)
    row = await work_sessions.lock(tx, found.session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    passed: list[dict[str, Any]] = []
    if checkpoint.status == checkpoints.OPEN and not checkpoint.approve_pending:
        _, origin = (await origins(tx, [row]))[row.id]
        why = await aside(
            checkpoint.packet, batch_exceptions, checkpoint.packet, kind=checkpoint.kind, reasons=checkpoint.reasons,
            origin=origin, member_id=str(actor.member_id),
        )  # fmt: skip
        if row.template_id not in (None, template_id):
            why = ("It started from another template.", *why)
        if why:
            raise Conflict(
                "not_for_batch",
                f"“{row.title}” is signed by itself: {' '.join(why)}",
                hint="Open it and decide.",
                extra={"because": list(why)},
            )
        passed = await _passed_over(tx, actor, row, checkpoint, instead_of)
    return await review.approve(
        tx, actor, row.id, checkpoint_id, packet_digest=packet_digest, undo_seconds=undo_seconds, shown=False,
        batch={"announced": announced, "template_id": str(template_id), "instead_of": passed},
    )  # fmt: skip


async def _passed_over(
    tx: Tx, actor: Actor, row: WorkSession, checkpoint: WorkCheckpoint, instead_of: Collection[UUID]
) -> list[dict[str, Any]]:
    """{id, name, as} of the colleagues who have it in hand and are named; `as` is `assignee` or `reader`.

    What a colleague has taken on is not signed past them unread by somebody who does not know it: Conflict
    (`in_other_hands`).
    """
    hands = in_hands_of(
        assignee=checkpoint.assignee, looks=looks_of(checkpoint), now=await work_sessions.now(tx),
        member_id=actor.member_id,
    )  # fmt: skip
    if not hands:
        return []
    names = await members.names(tx)
    unnamed = [one for one in hands if one not in instead_of]
    if not unnamed:
        return [
            {
                "id": str(one), "name": names.get(one, "somebody"),
                "as": "assignee" if one == checkpoint.assignee else "reader",
            }
            for one in hands
        ]  # fmt: skip
    who = names.get(unnamed[0], "somebody")
    said = (
        f"is assigned to {who}" if unnamed[0] == checkpoint.assignee else f"is being read by {who} just now"
    )
    raise Conflict(
        "in_other_hands",
        f"“{row.title}” {said}. Nothing was decided.",
        hint="Leave it to them, or choose it again to sign it all the same.",
        extra={"whose": [{"id": str(one), "name": names.get(one)} for one in unnamed]},
    )


async def take_back_one(tx: Tx, actor: Actor, checkpoint_id: UUID) -> Outcome:
    """Raises what `holding.withdraw` raises, and NotFound."""
    found = await checkpoints.get(tx, checkpoint_id)
    return await holding.withdraw(tx, actor, found.session_id, checkpoint_id)
