"""A dry run of policy settings over the latest work of a project. It reads and stores nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from proofroom.db import checkpoints, projects, work_sessions
from proofroom.db import policies as db_policies
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.dry_run import Reached, Said, differs, said
from proofroom.domain.policy import Facts, Strategy, Trigger
from proofroom.domain.policy_settings import settings_to_json
from proofroom.domain.risk import consequence_of
from proofroom.services import policies
from proofroom.services.views import at

MOST = 50


async def run(
    tx: Tx, project_id: UUID, changes: Mapping[str, Any], *, last: int = 20, may_sign: bool = False
) -> dict[str, Any]:
    """What the settings with `changes` would have said of the `last` sessions that reached their final gate, beside
    what today's settings say of them: {settings, summary, items}, latest first.

    History counts as it stands now. Raises NotFound (`project_not_found`), InvalidInput (`policy_invalid`).
    """
    await projects.get(tx, project_id)
    held = (await policies.in_force(tx, project_id)).settings
    wanted = policies.changed(held, changes)
    anywhere = await policies.workspace_may_sign(tx, may_sign)
    found = await checkpoints.latest_final(tx, project_id, last)
    overturned: dict[str, int] = {}
    items: list[dict[str, Any]] = []
    for checkpoint_id in found:
        checkpoint = await checkpoints.get(tx, checkpoint_id)
        row = await work_sessions.get(tx, checkpoint.session_id)
        if row.agent_type not in overturned:
            overturned[row.agent_type] = await db_policies.overturned(
                tx, project_id, row.agent_type, policies.HISTORY
            )
        gate = await _reached(tx, row, checkpoint, overturned[row.agent_type])
        items.append(_item(row, checkpoint, said(held, gate, anywhere), said(wanted, gate, anywhere)))
        del checkpoint  # and its packet, before the next one is read
    return {
        "settings": settings_to_json(wanted),
        "summary": {
            "sessions": len(items), "differ": sum(bool(i["differs"]) for i in items),
            **{
                f"{name}_{side}": sum(bool(i[side][name]) for i in items)
                for name in ("stops", "late", "expired") for side in ("today", "proposed")
            },
        },
        "items": items,
    }  # fmt: skip


async def _reached(tx: Tx, row: WorkSession, checkpoint: WorkCheckpoint, overturned: int) -> Reached:
    packet = checkpoint.packet
    known = {t.value for t in Trigger}
    facts = Facts(
        open_triggers=frozenset(Trigger(r) for r in checkpoint.reasons if r in known),
        any_trigger=bool(packet["triggers"]),
        overturned=max(overturned, row.change_requests),
    )
    return Reached(
        Strategy(row.approval_strategy),
        policies.with_packet(facts, packet),
        consequence_of(packet["effects"], packet["artifacts"]),
        len(await policies.authors(tx, row)),
        checkpoint.opened_at,
        checkpoint.decided_at if checkpoint.decided_by is not None else None,
    )


def _item(row: WorkSession, checkpoint: WorkCheckpoint, today: Said, proposed: Said) -> dict[str, Any]:
    return {
        "session_id": str(row.id), "title": row.title, "agent_type": row.agent_type,
        "strategy": row.approval_strategy, "checkpoint_status": checkpoint.status,
        "opened_at": at(checkpoint.opened_at), "risk": checkpoint.packet.get("risk"),
        "today": _said(today), "proposed": _said(proposed), "differs": list(differs(today, proposed)),
    }  # fmt: skip


def _said(one: Said) -> dict[str, Any]:
    return {
        "stops": one.stops, "because": list(one.because), "quorum": one.quorum, "barred": one.barred,
        "due_at": at(one.due_at), "expires_at": at(one.expires_at), "late": one.late, "expired": one.expired,
    }  # fmt: skip
