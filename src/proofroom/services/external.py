"""Sessions that an agent of somebody's own drives: when it is its turn, and what it waits to hear.

A leg of such a session is held by no process. Its lease is renewed by what the agent posts (`engine.external`), and
when it lapses the session fails, retryable. `news` is what the agent hears, whichever way it is carried to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.agents.runtimes.external import EXTERNAL
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import WorkEvent, WorkSession
from proofroom.db.tx import Tx
from proofroom.domain.errors import Conflict
from proofroom.domain.work_session import Failure, NextStep, Status

AWAITED = "agent_awaited"
"""The event that hands a leg to the agent: {leg, iteration, because, checkpoint_id?}."""

WAITING = "waiting for your agent"
"""The phase of a leg of which nothing was heard yet."""

_CAUSES = ("queued", "retried", "decided", "released")
_NEWS = (AWAITED, "failed", "cancelled", "completed")
MAX_NEWS = 100


def is_driven(row: WorkSession) -> bool:
    """Whether an agent of somebody's own does the work of this session."""
    return row.runtime.strip() == EXTERNAL


def is_its_turn(row: WorkSession) -> bool:
    """Whether the session waits for its agent: no worker holds it and no person has to decide."""
    return is_driven(row) and row.status == Status.IN_PROGRESS and row.next_step == NextStep.WORK


def lost(row: WorkSession) -> Failure:
    """Why a session ends whose agent was not heard of for as long as its lease ran."""
    return Failure(
        "agent_lost",
        f"Nothing was heard of your own agent in time, in round {row.iteration}."
        " What it had handed in is kept.",
        retryable=True,
    )


@dataclass(frozen=True, slots=True)
class Awaited:
    """What handing a leg to the agent writes: its event, and what is known of the agent so far."""

    event: tuple[str, Mapping[str, Any]]
    state: dict[str, Any]


async def awaited(tx: Tx, row: WorkSession, leg: int) -> Awaited:
    """The leg about to be handed over, with why it begins: the last thing that queued the session."""
    causes = await work_sessions.events_of(tx, row.id, _CAUSES, newest=1)
    cause = causes[-1] if causes else None
    said: dict[str, Any] = {"leg": leg, "iteration": row.iteration, "because": _because(cause)}
    if cause is not None and "checkpoint_id" in cause.data:
        said["checkpoint_id"] = cause.data["checkpoint_id"]
    now = (await work_sessions.now(tx)).isoformat()
    before = row.runtime_state or {}
    return Awaited((AWAITED, said), {"heard_at": None, "counted_at": now, "said": before.get("said")})


def _because(cause: WorkEvent | None) -> str:
    if cause is None or cause.type == "queued":
        return "started"
    if cause.type == "retried":
        return "retried"
    if cause.data.get("decision") == "request_changes":
        return "changes_requested"
    return "plan_approved" if cause.data.get("kind") == "plan" else "approved"


def seen(row: WorkSession) -> dict[str, Any] | None:
    """What the page shows of the agent while it is its turn: {heard_at, said, lease_until}; None otherwise."""
    if not is_its_turn(row):
        return None
    state = row.runtime_state or {}
    until = None if row.lease_until is None else row.lease_until.isoformat().replace("+00:00", "Z")
    heard = state.get("heard_at")
    return {
        "heard_at": None if heard is None else str(heard).replace("+00:00", "Z"),
        "said": state.get("said"),
        "lease_until": until,
    }


@dataclass(frozen=True, slots=True)
class News:
    """What an agent hears: `items`, oldest first, and the number of the event to go on after."""

    items: Sequence[Mapping[str, Any]]
    last: int


async def news(tx: Tx, row: WorkSession, after: int) -> News:
    """What happened to a session after event number `after` that its agent has to know.

    An item that begins a leg names it, and says why with what a person gave: feedback, answers, obligations.
    """
    found = await work_sessions.events_of(tx, row.id, _NEWS, after=after, oldest=MAX_NEWS)
    items = [await _item(tx, row, event) for event in found]
    last = found[-1].seq if len(found) == MAX_NEWS else max([row.event_seq, after, *(e.seq for e in found)])
    return News(items, last)


async def _item(tx: Tx, row: WorkSession, event: WorkEvent) -> dict[str, Any]:
    data = event.data
    item: dict[str, Any] = {"seq": event.seq, "at": _at(event.at)}
    match event.type:
        case "completed":
            return item | {"type": "completed", "by": data.get("by")}
        case "cancelled":
            return item | {"type": "cancelled", "by": data.get("by")}
        case "failed":
            failure = {
                "code": data.get("code"),
                "message": data.get("message"),
                "retryable": bool(data.get("retryable", False)),
            }
            kinds = {"rejected": "rejected", "review_expired": "expired"}
            return item | {"type": kinds.get(str(data.get("code")), "failed"), "failure": failure}
        case _:
            item |= {"type": data["because"], "leg": data["leg"], "iteration": data["iteration"]}
            return item | await _decided(tx, row, data)


async def _decided(tx: Tx, row: WorkSession, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the person who released the leg gave it."""
    if "checkpoint_id" not in data or data["because"] in ("started", "retried"):
        return {}
    checkpoint = await checkpoints.get(tx, UUID(data["checkpoint_id"]), row.id)
    decision = checkpoint.decision or {}
    given: dict[str, Any] = {"checkpoint_id": data["checkpoint_id"], "by": decision.get("name")}
    if decision.get("feedback"):
        given["feedback"] = decision["feedback"]
    if checkpoint.form is not None and data["because"] == "approved":
        question: Mapping[str, Any] = checkpoint.packet.get("question") or {}
        given |= {
            "type": "answered",
            "answers": decision.get("answers") or {},  # none of the fields has to be filled
            "question": question.get("text"),
        }
    if data["because"] == "changes_requested":
        asked = [o for o in await db_artifacts.obligations(tx, row.id) if o.checkpoint_id == checkpoint.id]
        given["obligations"] = [
            {
                "id": str(o.id), "comment": o.comment, "artifact_slot": o.artifact_slot,
                "claim_text": o.claim_text, "passage": o.passage, "checks": o.checks,
            }
            for o in asked
        ]  # fmt: skip
    return given


def require_driven(row: WorkSession) -> None:
    """Raises Conflict (`not_external`)."""
    if not is_driven(row):
        raise Conflict(
            "not_external",
            f"This session is done by {row.runtime.partition(':')[0]}, not by an agent of yours.",
            hint='File one with "runtime": "external".',
        )


def _at(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
