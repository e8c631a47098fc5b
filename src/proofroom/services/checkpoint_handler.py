"""`CheckpointHandler`: the Python API of the human gate. Opens and commits its own transactions.

Here, too, a decision names the packet it was made on and who makes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import checkpoints, work_sessions
from proofroom.db.tx import Database
from proofroom.domain.checkpoint import Acknowledgement
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.domain.policy import Trigger
from proofroom.services import gates, review, views
from proofroom.services.access import Actor, require

REASONS = ("plan", *(t.value for t in Trigger), "final")


class CheckpointHandler:
    """Creates, lists and decides checkpoints. Answers are the JSON of the HTTP API."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create_checkpoint(self, session_id: UUID, reason: str, actor: Actor) -> UUID:
        """Stops a session that is being worked on in front of a person, over what it has made so far.

        The leg that runs loses its hold and stops at its next write. Raises Conflict (`wrong_status`) unless
        the session is in progress, InvalidInput (`unknown_reason`).
        """
        require(actor, "requester")
        if reason not in REASONS or reason in ("plan", "final"):
            raise InvalidInput(
                "unknown_reason",
                f"There is no mid-work reason {reason[:40]!r}.",
                hint=f"Use one of {', '.join(t.value for t in Trigger)}.",
                field="reason",
            )
        async with self._db.transaction(actor.workspace_id) as tx:
            row = await work_sessions.lock(tx, session_id)
            _, checkpoint = await gates.open_checkpoint(tx, row, kind="mid", reasons=[reason])
        return checkpoint.id

    async def list_checkpoints(self, session_id: UUID, actor: Actor) -> list[dict[str, Any]]:
        """All checkpoints of a session, oldest first, with their packets and digests."""
        async with self._db.transaction(actor.workspace_id, snapshot=True) as tx:
            row = await work_sessions.get(tx, session_id)
            return [await views.checkpoint(tx, c, row) for c in await checkpoints.of_session(tx, session_id)]

    async def approve_checkpoint(
        self,
        checkpoint_id: UUID,
        actor: Actor,
        *,
        packet_digest: str,
        feedback: str | None = None,
        answers: Mapping[str, Any] | None = None,
        acknowledged: Sequence[Acknowledgement] = (),
        edits: Sequence[Mapping[str, Any]] = (),
        judged: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Approves exactly the packet named. Raises what `review.approve` raises, and `stale_packet`."""
        async with self._db.transaction(actor.workspace_id) as tx:
            session_id = (await checkpoints.get(tx, checkpoint_id)).session_id
            outcome = await review.approve(
                tx,
                actor,
                session_id,
                checkpoint_id,
                packet_digest=packet_digest,
                feedback=feedback,
                answers=answers,
                acknowledged=acknowledged,
                edits=edits,
                judged=judged,
            )
            shown = await views.checkpoint(tx, outcome.checkpoint, outcome.session)
        if outcome.stale:
            raise Conflict(
                "stale_packet",
                f"{outcome.why} Nothing was decided.",
                hint="Look at the current packet and decide again.",
                extra={"checkpoint": shown},
            )
        return shown

    async def reject_checkpoint(
        self, checkpoint_id: UUID, actor: Actor, *, packet_digest: str, rejection_reason: str
    ) -> dict[str, Any]:
        """Ends the session for good (`rejected`)."""
        async with self._db.transaction(actor.workspace_id) as tx:
            session_id = (await checkpoints.get(tx, checkpoint_id)).session_id
            outcome = await review.reject(
                tx,
                actor,
                session_id,
                checkpoint_id,
                packet_digest=packet_digest,
                rejection_reason=rejection_reason,
            )
            return await views.checkpoint(tx, outcome.checkpoint, outcome.session)

    async def request_changes(
        self,
        checkpoint_id: UUID,
        actor: Actor,
        *,
        packet_digest: str,
        changes: Sequence[Mapping[str, Any]],
        judged: Sequence[Mapping[str, Any]] = (),
        acknowledged: Sequence[Acknowledgement] = (),
    ) -> dict[str, Any]:
        """Sends it back; each change is {comment?, artifact_id?, claim_id?, passage?, checks?}, and each of
        `judged` {obligation_id, state}."""
        async with self._db.transaction(actor.workspace_id) as tx:
            session_id = (await checkpoints.get(tx, checkpoint_id)).session_id
            outcome = await review.request_changes(
                tx,
                actor,
                session_id,
                checkpoint_id,
                packet_digest=packet_digest,
                changes=changes,
                judged=judged,
                acknowledged=acknowledged,
            )
            return await views.checkpoint(tx, outcome.checkpoint, outcome.session)
