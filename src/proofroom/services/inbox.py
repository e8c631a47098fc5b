"""The inbox: what waits for a person, over all projects, and whose it is."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.db import checkpoints, members, projects, work_sessions
from proofroom.db.models import WorkCheckpoint
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.deadlines import next_reminder
from proofroom.domain.errors import InvalidInput
from proofroom.domain.policy_settings import stored_settings
from proofroom.domain.signing import signing_of
from proofroom.services import gates, views
from proofroom.services.access import SIGNERS, Actor, require
from proofroom.services.agent_titles import titles_of

CHANGEABLE = ("assignee", "due_at", "expires_at", "snoozed_until")


async def to_json(tx: Tx, found: Sequence[tuple[WorkCheckpoint, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Checkpoints, each with its packet in brief, as a list shows them."""
    if not found:
        return []
    rows = [row for row, _ in found]
    names = await members.names(tx)
    sessions = {s.id: s for s in await work_sessions.several(tx, {r.session_id for r in rows})}
    titles = await projects.names(tx, {r.project_id for r in rows})
    agents = await titles_of(tx, list(sessions.values()))
    return [
        views.checkpoint_json(r, sessions[r.session_id], titles[r.project_id], names, agents, brief=brief)
        for r, brief in found
    ]


async def change(
    tx: Tx, actor: Actor, checkpoint_id: UUID, values: Mapping[str, Any]
) -> tuple[WorkCheckpoint, dict[str, Any]]:
    """Sets whose it is, until when, and from when on it shows again; None clears. Decides nothing.

    Raises NotFound, Conflict (`already_decided`, `review_expired`), InvalidInput (`unknown_member`,
    `assignee_cannot_sign`, `unknown_field`).
    """
    require(actor, "reviewer")
    unknown = sorted(set(values) - set(CHANGEABLE))
    if unknown:
        raise InvalidInput(
            "unknown_field",
            f"A checkpoint's {unknown[0]} cannot be changed.",
            hint=f"These can: {', '.join(CHANGEABLE)}.",
            field=unknown[0],
        )
    session_id = (await checkpoints.get(tx, checkpoint_id)).session_id
    row = await work_sessions.lock(tx, session_id)
    checkpoint = await checkpoints.get(tx, checkpoint_id)
    if checkpoint.status != checkpoints.OPEN:
        raise gates.already_decided(checkpoint)
    await gates.require_time_left(tx, checkpoint)  # a review that ran out is not given more time afterwards
    assignee = values.get("assignee")
    if assignee is not None:
        await _require_can_sign(tx, assignee, checkpoint)
    if values:
        stored = dict(values)
        if "due_at" in values:
            settings = stored_settings(checkpoint.packet.get("policy", {}).get("settings", {}))
            stored["remind_at"] = next_reminder(
                values["due_at"], settings.remind_hours, await work_sessions.now(tx)
            )
        checkpoint = await checkpoints.change(tx, checkpoint_id, **stored)
        said = {"checkpoint_id": str(checkpoint_id), "by": actor.name} | {
            k: None if v is None else views.at(v) if k != "assignee" else str(v) for k, v in values.items()
        }
        row = await work_sessions.note(
            tx,
            session_id,
            Record(events=[("checkpoint_changed", said)], audits=[("checkpoint_changed", said)]),
        )
    return checkpoint, await views.checkpoint(tx, checkpoint, row)


async def _require_can_sign(tx: Tx, member_id: UUID, checkpoint: WorkCheckpoint) -> None:
    member = await members.get(tx, member_id)
    if member is None:
        raise InvalidInput(
            "unknown_member",
            f"No member {member_id} is in this workspace.",
            hint="List the members.",
            field="assignee",
        )
    barred = str(member_id) in signing_of(checkpoint.packet).barred
    if member.role not in SIGNERS or barred:
        why = "asked for this work or edited it" if barred else f"is a {member.role}"
        raise InvalidInput(
            "assignee_cannot_sign",
            f"{member.name} {why}, so they could not sign this.",
            hint="Assign a reviewer or an admin who may.",
            field="assignee",
        )
