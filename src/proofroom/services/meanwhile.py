"""What the second of two people is told who change the same thing at once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.db import members
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict
from proofroom.services.views import at

AGAIN = "Look at it again and repeat your change if it still applies."


def changed_meanwhile(
    code: str, what: str, version: int, *, who: str | None = None, hint: str = AGAIN, **more: Any
) -> Conflict:
    """`version` is the one that holds now."""
    return Conflict(
        code,
        f"{who or 'Somebody else'} changed {what} meanwhile. Nothing was written.",
        hint=hint,
        extra={"version": version, **more},
    )


async def changed_by(
    tx: Tx,
    code: str,
    what: str,
    version: int,
    member_id: UUID | None,
    when: datetime | None,
    *,
    hint: str = AGAIN,
) -> Conflict:
    """The same with the one who changed it, and when."""
    who = None if member_id is None else (await members.names(tx)).get(member_id)
    return changed_meanwhile(code, what, version, who=who, hint=hint, changed_by=who, changed_at=at(when))


async def removed_by(
    tx: Tx, code: str, what: str, member_id: UUID, when: datetime | None, *, hint: str
) -> Conflict:
    """What is not there any more, with the one who removed it, and when."""
    who = (await members.names(tx)).get(member_id)
    return Conflict(
        code,
        f"{who or 'Somebody else'} removed {what} meanwhile. Nothing was written.",
        hint=hint,
        extra={"changed_by": who, "changed_at": at(when)},
    )
