"""Approving more budget for work that runs: who may, and how far it goes."""

from typing import Any

from proofroom.db import members
from proofroom.db.models import Project, WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.allowance import Over, allowance_from_json, over
from proofroom.domain.budget import extensions_approved
from proofroom.domain.errors import NotAllowed
from proofroom.services.access import Actor


def beyond(project: Project, row: WorkSession, checkpoint: WorkCheckpoint) -> Over | None:
    """What approving this checkpoint would raise over the most that its project allows now; None mostly."""
    if "budget" not in checkpoint.reasons:
        return None
    more = extensions_approved(checkpoint.packet["triggers"])
    return over(allowance_from_json(project.budget), row.budget, more)


async def require_may_extend(
    tx: Tx, actor: Actor, project: Project, row: WorkSession, checkpoint: WorkCheckpoint
) -> None:
    """What only an admin may set, only an admin goes beyond. Raises NotAllowed (`extension_over_project`)."""
    found = beyond(project, row, checkpoint)
    if found is not None and await members.role(tx, actor.member_id) != "admin":
        raise NotAllowed(
            "extension_over_project",
            f"Approving this raises the budget to {found}. Only an admin goes beyond that.",
            hint="Ask an admin to approve it or to raise the limit in the settings of budgets, or reject it.",
            extra=to_json(found),
        )


def to_json(found: Over) -> dict[str, Any]:
    return {"limit": found.what, "to": found.to, "most": found.most}
