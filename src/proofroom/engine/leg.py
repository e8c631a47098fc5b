"""One leg: claim a session, work until it rests, settle. Safe to run late, twice, or on two workers."""

import asyncio
import contextlib
import logging
import math
import re
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never
from uuid import UUID

from proofroom import faults
from proofroom.agents.factory import AgentDefinition
from proofroom.agents.runtimes.base import (
    AgentRuntime,
    EnvelopeView,
    Failed,
    Finished,
    Obligation,
    PreviousArtifact,
    RunRef,
    Suspended,
    TurnRequest,
)
from proofroom.db import artifacts as db_artifacts
from proofroom.db import projects, work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import LegLost, Record
from proofroom.domain.budget import Reached
from proofroom.domain.errors import Conflict, InvalidInput, ProofroomError, Unavailable
from proofroom.domain.work_session import Failure, NextStep
from proofroom.engine import repair, turns
from proofroom.engine.budgets import Watch
from proofroom.engine.parts import Parts
from proofroom.engine.toolbox import LegTools
from proofroom.engine.turns import text_of
from proofroom.services import checks, context, definitions, deletion, external, gates, legs, work_requests
from proofroom.services.catalog import CHECK
from proofroom.services.outside import Told
from proofroom.telemetry import logs

_log = logging.getLogger(__name__)

AWAY_SECONDS = 0.5
"""The pause between two tries to release a session whose leg the database cut off."""

PROGRESS_SECONDS = 0.25
"""The least time between two tellings of how far a check is."""

CLAIMS_TOLD = 400
"""Claims of a check whose words stand in its history while it runs; of later ones only the count does."""

CLAIM_TOLD = 160
"""Characters of each."""


async def run_leg(parts: Parts, workspace_id: UUID, session_id: UUID) -> bool:
    """Runs the session's next leg if it can be claimed; answers whether it was.

    Raises Unavailable when the database is away: the session is released as soon as the database takes that, or its
    lease lapses, and the leg is run again.
    """
    faults.point("claim", session_id)
    try:
        row = await _claim(parts, workspace_id, session_id)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 (nor is it tried for ever because its context cannot be put together)
        _log.exception("session %s could not be claimed", session_id)
        row = await _claim(parts, workspace_id, session_id, with_context=False)
        if row is not None:
            await _fail(parts, row, _ours(error))
        return row is not None
    if row is None:
        return False
    logs.bind(workspace_id=workspace_id, session_id=session_id, leg=row.leg)
    if external.is_its_turn(row):
        await _hand_to_agent(parts, row)
        return True
    try:
        await _while_held(parts, row, _run(parts, row))
    except LegLost:
        _log.info("leg %s of session %s was taken away; it stops", row.leg, session_id)
    except Unavailable as away:
        if not await _cut_off(parts, row, away):
            later = asyncio.create_task(_cut_off_later(parts, row, away))
            _later.add(later)
            later.add_done_callback(_later.discard)
        raise
    except Exception as error:  # noqa: BLE001 (whatever broke, the session says so instead of hanging)
        _log.exception("leg %s of session %s broke", row.leg, session_id)
        await _fail(parts, row, _ours(error))
    return True


async def _claim(
    parts: Parts, workspace_id: UUID, session_id: UUID, *, with_context: bool = True
) -> WorkSession | None:
    async with parts.db.transaction(workspace_id) as tx:
        if parts.limits and not await work_sessions.has_room(tx, session_id, parts.limits):
            return None
        return await legs.claim(
            tx, session_id, owner=parts.owner, lease_seconds=parts.lease_seconds,
            definitions=parts.catalog.definitions, agent_lease_seconds=parts.external_lease_seconds,
            with_context=with_context,
        )  # fmt: skip


_later: set[asyncio.Task[None]] = set()
"""A task that nobody holds may vanish."""


async def _cut_off(parts: Parts, row: WorkSession, away: Unavailable) -> bool:
    """The session says what cut its leg off and is released; false when the database does not take that yet."""
    try:
        with contextlib.suppress(LegLost, Conflict):
            async with parts.db.transaction(row.workspace_id) as tx:
                held = await work_sessions.fence(tx, row.id, row.leg)
                if held.lease_owner == parts.owner:  # else it is released, and only the answer was lost
                    await legs.cut_off(tx, held, away.code, away.message)
    except Unavailable:
        return False
    return True


async def _cut_off_later(parts: Parts, row: WorkSession, away: Unavailable) -> None:
    """As `_cut_off`, tried until the lease has lapsed: then the session is anybody's without it."""
    until = time.monotonic() + parts.lease_seconds
    while time.monotonic() < until:
        await asyncio.sleep(AWAY_SECONDS)  # a database that is away gives nothing to wait on
        if await _cut_off(parts, row, away):
            return


def _ours(error: Exception) -> Failure:
    return Failure(
        "internal_error",
        f"Something of ours broke: {type(error).__name__}. Retry it; the log has more.",
        True,
    )


async def _hand_to_agent(parts: Parts, row: WorkSession) -> None:
    """Nothing of ours runs until its agent has posted; but no agent goes on with less than it was given."""
    try:
        async with parts.db.transaction(row.workspace_id) as tx:
            await context.view(tx, row)
    except Conflict as gone:
        if gone.code != "redacted":
            raise
        await _fail(parts, row, deletion.stopped(retryable=False))


async def drive(parts: Parts, workspace_id: UUID, session_id: UUID) -> WorkSession:
    """Runs legs until the session rests (for the command line and the Python API, without a worker).

    When another worker holds it, waits for that one.
    """
    with logs.bound():  # what a leg says of itself ends with it
        return await _drive(parts, workspace_id, session_id)


async def _drive(parts: Parts, workspace_id: UUID, session_id: UUID) -> WorkSession:
    while True:
        ran = await run_leg(parts, workspace_id, session_id)
        async with parts.db.transaction(workspace_id) as tx:
            row = await work_sessions.get(tx, session_id)
        if work_requests.is_resting(row):
            return row
        if not ran:
            await asyncio.sleep(0.2)  # somebody else works on it; there is nothing of ours to wait on


async def _while_held(parts: Parts, row: WorkSession, work: Coroutine[Any, Any, None]) -> None:
    """Runs the leg and renews its lease; when the session is taken away, the work is interrupted."""
    lost = False
    running = asyncio.ensure_future(work)
    look = _looks.setdefault((row.id, row.leg), asyncio.Event())

    async def keep() -> None:
        nonlocal lost
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(parts.lease_seconds / 4):
                    await look.wait()
            look.clear()
            # It may be renewed before it lapses, and writes are fenced: a leg does not end because its keeper failed.
            try:
                async with parts.db.transaction(row.workspace_id) as tx:
                    held = await work_sessions.renew_lease(tx, row.id, row.leg, parts.lease_seconds)
            except Unavailable:
                continue
            except Exception:  # noqa: BLE001 (see above)
                _log.exception(
                    "the lease of leg %s of session %s was not renewed; tried again", row.leg, row.id
                )
                continue
            if not held:
                lost = True
                running.cancel()
                return

    keeper = asyncio.create_task(keep())
    try:
        _running[row.id] = (row.leg, running)
        await running
    except asyncio.CancelledError:
        if lost or _taken(row.id, row.leg):
            raise LegLost(str(row.id)) from None
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, LegLost):
            await running
        await _hand_over(parts, row)
        raise
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        if _running.get(row.id) == (row.leg, running):  # else a later leg of it runs here by now
            del _running[row.id]
        _looks.pop((row.id, row.leg), None)
        _cancelled.discard((row.id, row.leg))  # an interrupt that came too late leaves nothing behind


_running: dict[UUID, tuple[int, asyncio.Future[None]]] = {}
_cancelled: set[tuple[UUID, int]] = set()
_looks: dict[tuple[UUID, int], asyncio.Event] = {}


def interrupt(session_id: UUID) -> None:
    """The session was cancelled: stops its leg if this process runs it. Harmless otherwise."""
    found = _running.get(session_id)
    if found is not None:
        _cancelled.add((session_id, found[0]))
        found[1].cancel()


def look_again() -> None:
    """Every leg that runs here renews its lease now, and stops if its session was taken away."""
    for look in _looks.values():
        look.set()


def _taken(session_id: UUID, leg: int) -> bool:
    if (session_id, leg) in _cancelled:
        _cancelled.discard((session_id, leg))
        return True
    return False


async def _hand_over(parts: Parts, row: WorkSession) -> None:
    """This process stops: another worker need not wait for the lease to lapse."""
    with contextlib.suppress(Unavailable, LegLost, Conflict):
        async with parts.db.transaction(row.workspace_id) as tx:
            held = await work_sessions.fence(tx, row.id, row.leg)
            if held.lease_owner == parts.owner:  # else it is released already, and only the answer was lost
                await legs.release(tx, held)


async def _run(parts: Parts, row: WorkSession) -> None:
    if row.next_step == NextStep.FINALIZE:
        async with parts.db.transaction(row.workspace_id) as tx:
            await legs.finalize(tx, await work_sessions.fence(tx, row.id, row.leg))
        return
    if row.agent_type == CHECK:
        await checks.check_in_leg(lambda: parts.db.transaction(row.workspace_id), row, _progress(parts, row))
        return
    await _work(parts, row)


def _progress(parts: Parts, row: WorkSession) -> Told:
    """Tells in the session's history how many claims are compared and what came out, a few times a second at most.

    Each telling is a transaction of its own and fenced, so a leg that was cancelled or replaced stops here.
    """
    last = -math.inf
    untold: list[Mapping[str, Any]] = []

    async def told(done: int, total: int, fresh: Sequence[Mapping[str, Any]]) -> None:
        nonlocal last
        untold.extend(fresh)
        now = time.monotonic()
        if done < total and now - last < PROGRESS_SECONDS:
            return
        last = now
        progress = {"done": done, "total": total, "label": "claims compared"}
        said = progress | _compared(done, untold)
        untold.clear()
        async with parts.db.transaction(row.workspace_id) as tx:
            held = await work_sessions.fence(tx, row.id, row.leg)
            await work_sessions.step(
                tx, held, Record(events=[("progress", said)]), phase="checking", progress=progress
            )

    return told


def _compared(done: int, fresh: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What an event says of the claims that were compared last: each of the first ones, of all how they came out."""
    first = done - len(fresh)
    return {
        "claims": [
            {"n": n, "text": c["text"][:CLAIM_TOLD], "verdict": c["verdict"], "needs_you": c["needs_you"]}
            for n, c in enumerate(fresh, start=first + 1)
            if n <= CLAIMS_TOLD
        ],
        "needs_you": sum(bool(c["needs_you"]) for c in fresh),
    }


async def _work(parts: Parts, row: WorkSession) -> None:
    try:
        runtime = parts.catalog.make_runtime(row.runtime)
    except ProofroomError as error:
        await _fail(
            parts, row, Failure("runtime_unavailable", f"{error.message} {error.hint}", retryable=True)
        )
        return
    watch = Watch(row)
    try:
        async with parts.db.transaction(row.workspace_id) as tx:
            definition = await definitions.of_session(tx, parts.catalog.definitions, row)
            tools = LegTools(parts.db, row, definition, watch)
            envelope = await context.view(tx, row)
            await tools.load(tx, row, envelope)
            # A repair asks for no more budget: it ends there.
            stop = None if repair.is_open(row) else watch.reached()
            if stop is not None:  # before the first turn of the leg: the last one left no room for another
                held = await work_sessions.fence(tx, row.id, row.leg)
                await tools.ask_for_budget(tx, held, stop)
                await _park(tx, held, tools)
                return
            request = await turn_request(tx, row, definition, tools, envelope)
            if runtime.capabilities.uses_model:
                held = await work_sessions.fence(tx, row.id, row.leg)
                await work_sessions.step(tx, held, usage=held.usage | {legs.IN_FLIGHT: row.leg})
    except Conflict as gone:
        if gone.code != "redacted":
            raise
        await _fail(parts, row, deletion.stopped(retryable=False))
        return
    except InvalidInput as unknown:  # filed with a definition that the program offered and does not any more
        await _fail(parts, row, Failure(unknown.code, f"{unknown.message} {unknown.hint}", retryable=True))
        return
    end = await _play(parts, row, runtime, request, tools, watch)
    if tools.lost:
        raise LegLost(str(row.id))
    async with parts.db.transaction(row.workspace_id) as tx:
        held = await work_sessions.fence(tx, row.id, row.leg)
        usage = {k: v for k, v in held.usage.items() if k != legs.IN_FLIGHT}
        held = await work_sessions.step(tx, held, usage=usage | {"seconds": watch.usage["seconds"]})
        if isinstance(end, Reached) and tools.stop is None:
            await tools.ask_for_budget(tx, held, end)
        match end:
            case _ if tools.stop is not None:
                await _park(tx, held, tools)
            case Finished():
                await legs.finish_work(
                    tx,
                    held,
                    summary=text_of(end.summary, 20_000),
                    gaps=[text_of(g) for g in end.gaps],
                    policy_may_sign=parts.policy_may_sign,
                )
            case Failed():
                code = end.code if _CODE.fullmatch(str(end.code)) else "runtime_error"
                await legs.fail(tx, held, Failure(code, text_of(end.message), bool(end.retryable)))
            case Suspended():
                await legs.fail(
                    tx,
                    held,
                    Failure(
                        "runtime_error", "The runtime stopped although nobody asked it to.", retryable=True
                    ),
                )
            case Reached():
                raise AssertionError("a budget that is used up always stops for a person")
            case _:
                assert_never(end)


async def _play(
    parts: Parts, row: WorkSession, runtime: AgentRuntime, request: TurnRequest, tools: LegTools, watch: Watch
) -> turns.End:
    """The work of this leg, and after it the repair turn where one is due."""
    if not repair.is_open(row):
        end = await turns.play(parts, row, runtime, replace(request, budget=watch.left()), watch)
        if not isinstance(end, Finished) or tools.stop is not None or tools.lost:
            return end
        if not runtime.capabilities.uses_model or not await repair.begin(parts, row, watch, end):
            return end
    return await repair.play(parts, row, runtime, request, tools, watch)


async def _park(tx: Tx, held: WorkSession, tools: LegTools) -> None:
    assert tools.stop is not None
    await gates.open_checkpoint(
        tx, held, kind=tools.stop.kind, reasons=tools.stop.reasons, form=tools.stop.form
    )


_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")


async def turn_request(
    tx: Tx, row: WorkSession, definition: AgentDefinition, tools: LegTools, envelope: EnvelopeView
) -> TurnRequest:
    obligations = [
        Obligation(o.id, o.comment, o.artifact_slot, o.claim_text, o.passage, o.checks)
        for o in await db_artifacts.obligations(tx, row.id)
        if o.iteration < row.iteration
    ]
    previous = [
        PreviousArtifact(a.slot, a.artifact_type, v.title, v.document)
        for a, v in await db_artifacts.current(tx, row.id)
        if a.iteration < row.iteration
    ]
    return TurnRequest(
        run=RunRef(row.workspace_id, row.id, row.iteration, row.leg),
        agent_type=row.agent_type,
        goal=definition.goal,
        instructions=definition.instructions,
        task=row.task_description,
        config=row.task_configuration,
        strategy=row.approval_strategy,
        envelope=envelope,
        tools=tools,
        obligations=obligations,
        previous=previous,
        state=row.runtime_state,
        tool_names=definition.tools,
        options={"source_count": str(len(row.source_ids or await projects.source_ids(tx, row.project_id)))},
    )


async def _fail(parts: Parts, row: WorkSession, failure: Failure) -> None:
    with contextlib.suppress(LegLost):
        async with parts.db.transaction(row.workspace_id) as tx:
            await legs.fail(tx, await work_sessions.fence(tx, row.id, row.leg), failure)
