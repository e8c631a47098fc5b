"""What an agent of somebody's own posts: the same tools, ledger, checks, policy and budget as every runtime's.

A batch is one transaction on a locked session: all of it is kept or nothing. Each event is kept once under the
agent's own id for it, so that a post sent again changes nothing and gets the first answers.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from proofroom.agents.factory import AgentDefinition
from proofroom.agents.runtimes.base import TurnRequest, Usage
from proofroom.agents.tools import validate_arguments
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import ToolCall, WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.canonical import digest
from proofroom.domain.errors import Conflict, InvalidInput
from proofroom.domain.work_session import CLOSED, Failure, Status
from proofroom.engine.budgets import Watch
from proofroom.engine.leg import turn_request
from proofroom.engine.parts import Parts
from proofroom.engine.toolbox import LegTools, ledger_key
from proofroom.engine.turns import record_turn, turn_used
from proofroom.services import context, definitions, external, gates, legs
from proofroom.services.access import Actor, require, require_still
from proofroom.telemetry import metrics

TOOL_OF: Mapping[str, str] = {
    "progress": "report_progress",
    "plan": "emit_plan",
    "artifact": "emit_artifact",
    "question": "ask_reviewer",
}
"""Events that are a call of a tool, their members its arguments."""

ENDS = ("done", "failed")


@dataclass(frozen=True, slots=True)
class Posted:
    """One event: its id, unique in its session and of the agent's choosing, its type, and its other members."""

    id: str
    type: str
    content: Mapping[str, Any]

    @property
    def call(self) -> tuple[str, dict[str, Any]] | None:
        """The tool that it calls and the arguments; None when it calls none."""
        if self.type == "tool_call":
            return str(self.content["tool"]), dict(self.content.get("arguments") or {})
        tool = TOOL_OF.get(self.type)
        return None if tool is None else (tool, dict(self.content))


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one event. `taken` is false when work stopped for a person before it: post it again later.
    `repeated`: it was taken by an earlier post. `result` is the tool's answer."""

    id: str
    type: str
    taken: bool
    repeated: bool = False
    result: Any = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a batch. `stopped`: {checkpoint_id, kind, reasons} when it stopped for a person."""

    session: WorkSession
    events: Sequence[Answered]
    stopped: Mapping[str, Any] | None


class _Open:
    """A transaction that is open already, as what opens one for each call of a tool.

    A refused call ends the whole batch, so there is nothing to take back for one call alone.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    @asynccontextmanager
    async def transaction(self, workspace_id: UUID) -> AsyncGenerator[Tx]:
        assert workspace_id == self._tx.workspace_id
        yield self._tx


async def turn_of(parts: Parts, tx: Tx, row: WorkSession) -> TurnRequest:
    """What the agent is given for its present leg. Raises Conflict when it is not its turn."""
    external.require_driven(row)
    await _require_turn(tx, row, row.leg)
    watch, definition = Watch(row), await definitions.of_session(tx, parts.catalog.definitions, row)
    tools = LegTools(_Open(tx), row, definition, watch)
    return replace(
        await turn_request(tx, row, definition, tools, await context.view(tx, row)), budget=watch.left()
    )


async def post(
    parts: Parts,
    tx: Tx,
    actor: Actor,
    session_id: UUID,
    *,
    project_id: UUID,
    leg: int,
    events: Sequence[Posted],
) -> Taken:
    """Takes a batch of events of a leg, and renews the lease of the leg; an empty batch is a sign of life.

    Raises NotAllowed, NotFound, Conflict (`not_external`, `stale_leg`, `leg_not_ready`, `waiting_for_review`,
    `wrong_status`, `event_id_reused`), InvalidInput (`event_after_end`, and whatever refuses a call of a tool, with
    the event as its field). Nothing of the batch is kept then.
    """
    require(actor, "requester")
    _require_sound(events)
    row = await work_sessions.lock(tx, session_id, project_id)
    await require_still(tx, actor, "requester")
    external.require_driven(row)
    known = {e.id: await _known(tx, row, e, n) for n, e in enumerate(events)}
    stop = next((n for n, e in enumerate(events) if _stopped(known[e.id], leg)), None)
    if stop is not None or (events and all(known.values())):
        cut = len(events) if stop is None else stop + 1
        answers = [await _again(tx, row, e, known[e.id]) for e in events[:cut]]
        answers += [Answered(e.id, e.type, taken=False) for e in events[cut:]]
        if external.is_its_turn(row) and row.leg == leg:
            row = await _heard(tx, row, parts.external_lease_seconds, None)
        return Taken(row, answers, None if stop is None else _stopped(known[events[stop].id], leg))
    await _require_turn(tx, row, leg)
    said = next((str(e.content["text"]) for e in reversed(events) if e.type == "said"), None)
    row = await _heard(tx, row, parts.external_lease_seconds, said)
    definition = await definitions.of_session(tx, parts.catalog.definitions, row)
    return await _Batch(parts, tx, actor, row, definition).take(events, known)


def _require_sound(events: Sequence[Posted]) -> None:
    """What can be refused before anything is locked."""
    for n, event in enumerate(events):
        if event.type in ENDS and n + 1 < len(events):
            raise InvalidInput(
                "event_after_end",
                f"{event.type} ends the leg, and {len(events) - n - 1} events come after it.",
                hint=f"Send {event.type} as the last event of a post. Nothing of this one was kept.",
                field=f"events.{n + 1}",
            )
        if event.call is not None:
            try:
                validate_arguments(*event.call)
            except InvalidInput as error:
                raise _refusal(n, event, error.code, error.message, error.hint, error.field) from error


async def _require_turn(tx: Tx, row: WorkSession, leg: int) -> None:
    """Raises Conflict unless it is the agent's turn, in this leg."""
    status, now = Status(row.status), {"leg": row.leg, "session_status": row.status}
    if status is Status.INITIALIZED:
        raise Conflict(
            "wrong_status", "This session has not been started.", hint="POST …/execute first.", extra=now
        )
    if status in CLOSED:
        failure = row.failure or {}
        why = f" ({failure['code']})" if failure else ""
        raise Conflict(
            "wrong_status",
            f"This session is {row.status}{why}. Nothing of the post was kept.",
            hint="Retry it: it goes on in a new leg." if failure.get("retryable") else "It has ended.",
            extra=now,
        )
    waiting = await checkpoints.open_one(tx, row.id)
    if row.leg == leg and waiting is not None:
        raise Conflict(
            "waiting_for_review",
            "A person decides first. Nothing of the post was kept.",
            hint="Wait for the decision at …/decisions?wait=60 and go on in the leg that it names.",
            extra=now | {"checkpoint_id": str(waiting.id), "reasons": waiting.reasons},
        )
    if status is Status.QUEUED and (row.leg == 0 or leg > row.leg):
        raise Conflict(
            "leg_not_ready",
            "The leg is about to begin.",
            hint="Wait for it at …/decisions?wait=60; it pins what your agent is given.",
            extra=now,
        )
    if row.leg != leg or not external.is_its_turn(row):
        raise Conflict(
            "stale_leg",
            f"Leg {leg} is over. Nothing of the post was kept.",
            hint="See …/decisions for the leg in which the work goes on, if it does.",
            extra=now,
        )


def _key(row: WorkSession, event_id: str) -> str:
    return digest([str(row.id), db_artifacts.AGENT_EVENT, event_id])


async def _known(tx: Tx, row: WorkSession, event: Posted, n: int) -> ToolCall | None:
    """The event as an earlier post brought it. Raises Conflict (`event_id_reused`) when that was another one."""
    found = await db_artifacts.recorded_call(tx, row.id, _key(row, event.id))
    if found is not None and found.arguments["digest"] != _digest(event):
        raise _reused(event, n)
    return found


def _reused(event: Posted, n: int) -> Conflict:
    return Conflict(
        "event_id_reused",
        f"The id {event.id} belongs to another event of this session. Nothing of the post was kept.",
        hint="Give each event an id of its own; repeat an id only with the same event.",
        extra={"field": f"events.{n}.id"},
    )


def _digest(event: Posted) -> str:
    return digest([event.type, dict(event.content)])


def _stopped(known: ToolCall | None, leg: int) -> Mapping[str, Any] | None:
    """The checkpoint at which an earlier post of this leg stopped with this event."""
    return None if known is None or known.leg != leg else known.result.get("stopped")


async def _again(tx: Tx, row: WorkSession, event: Posted, known: ToolCall | None) -> Answered:
    """The answer that was given; a question that a person has answered since gives the answers."""
    assert known is not None
    result, call = known.result.get("result"), known.result.get("call")
    if call is not None:
        recorded = await db_artifacts.recorded_call(tx, row.id, call)
        answers = await db_artifacts.answered(tx, row.id, call)
        result = {"answers": answers} if answers else recorded.result if recorded else result
    return Answered(event.id, event.type, taken=True, repeated=True, result=result)


async def _heard(tx: Tx, row: WorkSession, lease_seconds: float, said: str | None) -> WorkSession:
    """A sign of life: the lease runs anew, and the time since the last one is counted as used."""
    now = await work_sessions.now(tx)
    state = dict(row.runtime_state or {})
    since = state.get("counted_at")
    passed = 0.0 if since is None else max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
    state |= {"heard_at": now.isoformat(), "counted_at": now.isoformat()}
    if said is not None:
        state["said"] = said
    return await work_sessions.step(
        tx,
        row,
        lease_until=now + timedelta(seconds=lease_seconds),
        runtime_state=state,
        usage=row.usage | {"seconds": round(float(row.usage.get("seconds", 0)) + passed, 3)},
        phase="working" if row.phase == external.WAITING else row.phase,
    )


class _Batch:
    """One batch of new events, in one transaction."""

    def __init__(
        self, parts: Parts, tx: Tx, actor: Actor, row: WorkSession, definition: AgentDefinition
    ) -> None:
        self._parts, self._tx, self._actor = parts, tx, actor
        self._id, self._leg = row.id, row.leg
        self._row = row
        self._watch = Watch(row)
        self._tools = LegTools(_Open(tx), row, definition, self._watch, keep_refusals=False)

    async def take(self, events: Sequence[Posted], known: Mapping[str, ToolCall | None]) -> Taken:
        if any(e.call is not None and e.type != "progress" for e in events):
            await self._tools.load(self._tx, self._row)
        answers: list[Answered] = []
        taken: dict[str, str] = {}
        last: Posted | None = None
        for n, event in enumerate(events):
            before = known[event.id]
            if before is None and event.id not in taken and event.type not in ENDS:
                await self._mind_the_budget()
            if before is not None:
                answers.append(await _again(self._tx, self._row, event, before))
            elif self._tools.stop is not None:
                answers.append(Answered(event.id, event.type, taken=False))
            elif event.id in taken:
                if taken[event.id] != _digest(event):
                    raise _reused(event, n)
                first = next(a for a in answers if a.id == event.id)
                answers.append(replace(first, repeated=True))
            else:
                answers.append(await self._take(n, event))
                taken[event.id], last = _digest(event), event
        if last is None or last.type not in ENDS:
            await self._mind_the_budget()
        return Taken(*await self._settle(last, answers))

    async def _take(self, n: int, event: Posted) -> Answered:
        kept: dict[str, Any] = {}
        result: Any = None
        match event.type:
            case "said":
                record = Record(events=[("said", {"text": event.content["text"]})])
                await work_sessions.step(self._tx, await self._held(), record)
            case "usage":
                result = await self._use(event)
                kept["result"] = result
            case "done" | "failed":
                pass
            case _:
                assert event.call is not None
                tool, arguments = event.call
                answer = await self._tools.call(tool, arguments, once=f"event {event.id}")
                if not answer.ok:
                    said = answer.content
                    raise _refusal(n, event, said["code"], said["message"], said["hint"], said.get("field"))
                result = answer.content
                kept["call"] = ledger_key(self._id, self._row.iteration, tool, arguments, f"event {event.id}")
                if tool == "ask_reviewer" and answer.suspend:
                    kept["result"] = result
        await db_artifacts.record_call(
            self._tx, session_id=self._id, key=_key(self._row, event.id), iteration=self._row.iteration,
            leg=self._leg, tool=db_artifacts.AGENT_EVENT,
            arguments={
                "id": event.id, "type": event.type, "digest": _digest(event),
                "by": str(self._actor.member_id), "via": self._actor.via,
            },
            ok=True, result=kept,
        )  # fmt: skip
        return Answered(event.id, event.type, taken=True, result=result)

    async def _held(self) -> WorkSession:
        return await work_sessions.fence(self._tx, self._id, self._leg)

    async def _use(self, event: Posted) -> dict[str, Any]:
        turn = turn_used(self._parts.catalog.prices, Usage(**event.content), 0.0)
        held = await record_turn(self._tx, await self._held(), turn, "work")
        self._watch.recorded(held.usage)
        metrics.count_turn(
            held.runtime, turn.model, read=turn.tokens_in, written=turn.tokens_out, usd=turn.cost_usd
        )
        return {"cost_usd": turn.cost_usd, "price": turn.by, "left": asdict(self._watch.left())}

    async def _mind_the_budget(self) -> None:
        """Before more is taken than the end of the work: a person decides whether there may be more."""
        reached = None if self._tools.stop is not None else self._watch.reached()
        if reached is not None:
            await self._tools.ask_for_budget(self._tx, await self._held(), reached)

    async def _settle(
        self, last: Posted | None, answers: list[Answered]
    ) -> tuple[WorkSession, list[Answered], Mapping[str, Any] | None]:
        """Stops for a person, or ends the leg, where the events say so."""
        tx, row = self._tx, await self._held()
        stop = self._tools.stop
        if stop is not None:
            row, _ = await gates.open_checkpoint(
                tx, row, kind=stop.kind, reasons=stop.reasons, form=stop.form
            )
        elif last is not None and last.type == "done":
            row = await legs.finish_work(
                tx,
                row,
                summary=str(last.content.get("summary") or ""),
                gaps=list(last.content.get("gaps") or ()),
                policy_may_sign=self._parts.policy_may_sign,
            )
        elif last is not None and last.type == "failed":
            failure = Failure(
                "agent_failed", str(last.content["message"]), bool(last.content.get("retryable", True))
            )
            row = await legs.fail(tx, row, failure)
        stopped = await self._stopped(row)
        if stopped is not None and last is not None:
            key = _key(row, last.id)
            recorded = await db_artifacts.recorded_call(tx, row.id, key)
            assert recorded is not None
            await db_artifacts.change_call(tx, row.id, key, recorded.result | {"stopped": stopped})
        return row, answers, stopped

    async def _stopped(self, row: WorkSession) -> dict[str, Any] | None:
        if row.status != Status.PENDING_REVIEW:
            return None
        waiting = await checkpoints.open_one(self._tx, row.id)
        assert waiting is not None
        return {"checkpoint_id": str(waiting.id), "kind": waiting.kind, "reasons": waiting.reasons}


def _refusal(n: int, event: Posted, code: str, message: str, hint: str, field: str | None) -> InvalidInput:
    """A call that was refused, as the refusal of the whole batch."""
    within = ["arguments"] if event.type == "tool_call" and code == "tool_arguments_invalid" else []
    return InvalidInput(
        code,
        f"Event {event.id}: {message}",
        hint=f"{hint} Nothing of this post was kept.",
        field=".".join(["events", str(n), *within, *([field] if field else [])]),
        extra={"event_id": event.id},
    )
