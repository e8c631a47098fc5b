"""What a leg does to its session: claim, the final gate, finalize, fail. The engine decides when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from proofroom import queue
from proofroom.agents.factory import AgentDefinition
from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db import envelopes as db_envelopes
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record, state_of
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import CheckpointStatus, only_the_rules_moved
from proofroom.domain.errors import InvalidInput
from proofroom.domain.policy import Facts, Gate, Pause, Strategy, Trigger, evaluate
from proofroom.domain.selection import ContextWeights
from proofroom.domain.work_session import (
    MAX_RELEASES,
    MAX_UNSETTLED_CLAIMS,
    Event,
    Failure,
    NextStep,
    Status,
    apply,
    can,
)
from proofroom.services import (
    analytics,
    context,
    external,
    gates,
    obligations,
    packets,
    policies,
    remembering,
    seals,
)
from proofroom.services.catalog import CHECK
from proofroom.services.definitions import of_session as definition_of

IN_FLIGHT = "in_flight"
"""In `usage`: the leg in which a model was being called. Where it still stands at the next claim, a turn was lost."""

INTERRUPTED = "interrupted"
"""The event that says why a leg was cut off, where the worker lived to tell."""

LOST = "The worker stopped in the middle of a model turn. It may have been charged, and is not counted here."
CANCELLED = (
    "It was cancelled in the middle of a model turn, which may have been charged and is not counted here."
)


def lost_turn(row: WorkSession, why: str) -> tuple[dict[str, Any], list[tuple[str, Mapping[str, Any]]]]:
    """The usage and the events that say that a model was being called when the leg ended; the usage as it is, and no
    event, when none was."""
    leg = row.usage.get(IN_FLIGHT)
    if leg is None:
        return row.usage, []
    rest = {k: v for k, v in row.usage.items() if k != IN_FLIGHT}
    return rest | {"turns_lost": int(rest.get("turns_lost", 0)) + 1}, [
        ("turn_lost", {"leg": leg, "why": why})
    ]


async def claim(
    tx: Tx,
    session_id: UUID,
    *,
    owner: str,
    lease_seconds: float,
    definitions: Mapping[str, AgentDefinition] | None = None,
    agent_lease_seconds: float = 300.0,
    with_context: bool = True,
) -> WorkSession | None:
    """Takes the session for one leg, its context pinned in the same transaction; None when it is not to be had.

    The context is put together as the agent's definition says; without `with_context`, which is for a leg that is
    claimed only to say why it failed, there is none.

    A session whose workers died too often in a row is given up here (failed, `poisoned`). Work that somebody's own
    agent does is handed to that agent with a lease of `agent_lease_seconds`, and failed here when that has lapsed.
    """
    row = await work_sessions.lock_if_free(tx, session_id)
    if row is None or not can(state_of(row), Event.CLAIM):
        return None
    state = state_of(row)
    if state.status is Status.IN_PROGRESS:
        if not await work_sessions.lease_has_lapsed(tx, row):
            return None
        if external.is_its_turn(row):
            await fail(tx, row, external.lost(row))
            return None
        if state.unsettled_claims >= MAX_UNSETTLED_CLAIMS:
            to = apply(state, Event.GIVE_UP, lease_lapsed=True)
            assert to.failure is not None
            usage, cut_off = lost_turn(row, LOST)
            if cut_off:
                row = await work_sessions.step(tx, row, Record(events=cut_off), usage=usage)
            failure = await _with_what_was_said(tx, row, to.failure)
            await _settle_failed(tx, row, replace(to, failure=failure), failure)
            return None
    to = apply(state, Event.CLAIM, lease_lapsed=True)
    working = to.next_step is NextStep.WORK and row.agent_type != CHECK
    cut = {"cut_off": state.leg} if state.status is Status.IN_PROGRESS else {}
    events: list[tuple[str, Mapping[str, Any]]] = [
        ("resumed" if state.leg else "leg_started", {"leg": to.leg, "iteration": to.iteration} | cut)
    ]
    audits: list[tuple[str, Mapping[str, Any]]] = []
    values: dict[str, Any] = {}
    usage, cut_off = lost_turn(row, LOST)
    if cut_off:
        values["usage"] = usage
        events += cut_off
    if working and with_context and await db_envelopes.of_iteration(tx, row.id, row.iteration) is None:
        pinned = await context.pin(tx, row, await _weights(tx, definitions or {}, row))
        values["task_document_id"] = pinned.id
        events.append(("envelope_pinned", pinned.said))
        audits.append(("envelope_pinned", {"envelope_id": str(pinned.id), "digest": pinned.digest}))
    phase = "working" if working else "finishing"
    if working and external.is_driven(row):
        handed = await external.awaited(tx, row, to.leg)
        events.append(handed.event)
        values["runtime_state"] = handed.state
        owner, lease_seconds, phase = external.EXTERNAL, agent_lease_seconds, external.WAITING
    return await work_sessions.move(
        tx, row, to, Record(events=events, audits=audits), lease_seconds=lease_seconds, lease_owner=owner,
        phase=phase, **values,
    )  # fmt: skip


async def release(tx: Tx, row: WorkSession) -> WorkSession:
    """The worker that holds the leg cannot go on with it: whoever is free takes the next one, without waiting for the
    lease to lapse, and the claim does not count as one that the session did not survive."""
    row = await work_sessions.move(tx, row, apply(state_of(row), Event.RELEASE), lease_owner=None)
    await work_sessions.notify(tx, {}, channel=work_sessions.LEGS_CHANNEL)
    return row


async def cut_off(tx: Tx, row: WorkSession, code: str, why: str) -> WorkSession:
    """The database cut the leg off and takes this by now: the session says so and is released.

    After MAX_RELEASES legs in a row that ended so the lease is left to lapse, and the claim counts.
    """
    before = await work_sessions.events_of(tx, row.id, [INTERRUPTED], newest=MAX_RELEASES)
    said = Record(events=[(INTERRUPTED, {"leg": row.leg, "code": code, "why": why})])
    row = await work_sessions.step(tx, row, said)
    in_a_row = len(before) == MAX_RELEASES and before[0].data["leg"] == row.leg - MAX_RELEASES
    return row if in_a_row else await release(tx, row)


async def _with_what_was_said(tx: Tx, row: WorkSession, failure: Failure) -> Failure:
    """The failure with what cut the last leg off, if any of them said so."""
    told = await work_sessions.events_of(tx, row.id, [INTERRUPTED], newest=1)
    if not told or told[0].data["leg"] <= row.leg - MAX_UNSETTLED_CLAIMS:
        return failure
    return replace(
        failure, message=f"{failure.message} Leg {told[0].data['leg']} said: {told[0].data['why']}"
    )


async def _weights(tx: Tx, known: Mapping[str, AgentDefinition], row: WorkSession) -> ContextWeights | None:
    try:
        return (await definition_of(tx, known, row)).context
    except InvalidInput:  # taken away since; the leg itself says so
        return None


async def _given_nothing(tx: Tx, row: WorkSession) -> str:
    """What it was given is pinned for its round: a retry does not see what was added since."""
    given = await db_envelopes.of_iteration(tx, row.id, row.iteration)
    if given is None or given.receipt["included"]:
        return ""
    return " It was given no passage. Sources that are added now reach a copy of this work, not a retry."


async def finish_work(
    tx: Tx, row: WorkSession, *, summary: str, gaps: list[str], policy_may_sign: bool = False
) -> WorkSession:
    """The agent is done: every claim is checked again, then the final gate.

    No artifact in this iteration is a failure (`no_output`), never an empty success.
    """
    current = await db_artifacts.current(tx, row.id, row.iteration)
    if not current:
        said = f" It said: {summary[:500]}" if summary else ""
        gap = f" It could not answer: {'; '.join(gaps)[:500]}." if gaps else ""
        message = f"The agent ended without producing anything.{said}{gap}{await _given_nothing(tx, row)}"
        return await fail(tx, row, Failure("no_output", message, retryable=True))
    known = await policies.facts(tx, row, may_sign=policy_may_sign)
    early = await _early_gate(tx, row, known)
    if early is not None:
        return early
    await obligations.judge_now(tx, row)
    row = await work_sessions.step(
        tx, row, phase="checked", meta=row.meta | {"summary": summary, "gaps": gaps}
    )
    preview = await packets.build(tx, row, checkpoint_id=row.id, kind="final", reasons=[])
    facts = policies.with_packet(known, preview)
    verdict = evaluate(Strategy(row.approval_strategy), Gate.FINAL, facts)
    if isinstance(verdict, Pause):
        row, _ = await gates.open_checkpoint(tx, row, kind="final", reasons=verdict.reasons, built=preview)
        return row
    row, _ = await gates.seal_by_policy(tx, row, verdict.because, built=preview)
    return await finalize(tx, row)


async def _early_gate(tx: Tx, row: WorkSession, facts: Facts) -> WorkSession | None:
    """A gate before the final one that nobody has asked yet: a worker died after it raised something and before it
    stopped for it, and the agent ended its next run without coming past there again."""
    if row.agent_type == CHECK:
        return None
    strategy = Strategy(row.approval_strategy)
    for gate in (Gate.PLAN, Gate.MID):
        verdict = evaluate(strategy, gate, facts)
        if isinstance(verdict, Pause):
            waiting = [t for t in await db_artifacts.triggers(tx, row.id, row.iteration) if not t.settled]
            form = next((t.detail["form"] for t in waiting if t.kind == Trigger.QUESTION), None)
            row, _ = await gates.open_checkpoint(
                tx, row, kind=gate.value, reasons=verdict.reasons, form=form if gate is Gate.MID else None
            )
            return row
    return None


async def finalize(tx: Tx, row: WorkSession) -> WorkSession:
    """After the final gate: the digest is checked once more, then it is signed, and effects are queued.

    Fails closed (`packet_changed`) when what was signed is not what stands there. Where only the rules of signing
    are others by now (the project's policy was changed, the program updated), it waits for a signature again.
    """
    held = await checkpoints.of_session(tx, row.id)
    sealed = _sealed(row, held)
    if sealed is None:
        return await fail(
            tx, row, Failure("not_sealed", "No approved final checkpoint covers this work.", retryable=False)
        )
    fresh = await packets.build(
        tx, row, checkpoint_id=sealed.id, kind=sealed.kind, reasons=sealed.reasons, iteration=sealed.iteration,
        form=sealed.form, sealed=sealed.packet,
    )  # fmt: skip
    broken = await seals.broken_seal(tx, row, sealed)
    moved = digest(fresh) != sealed.packet_digest
    if broken is None and moved and only_the_rules_moved(sealed.packet, fresh):
        return await _ask_again(tx, row, sealed)
    if broken is not None or moved:
        why = broken or "What was signed is not what stands here any more."
        return await fail(
            tx, row, Failure("packet_changed", f"{why} Nothing was delivered.", retryable=False)
        )
    decision: dict[str, Any] = sealed.decision or {}
    for shown in fresh["artifacts"]:
        await db_artifacts.change_version(
            tx,
            UUID(shown["artifact_id"]),
            shown["version"],
            signed_by=sealed.decided_by,
            signed_at=sealed.decided_at,
        )
    for effect in fresh["effects"]:
        if effect["kind"] == "folder":
            delivery = await db_artifacts.add_delivery(
                tx, session_id=row.id, checkpoint_id=sealed.id, kind="folder", target=effect["target"],
                packet_digest=sealed.packet_digest,
            )  # fmt: skip
            if delivery is not None:
                await queue.defer(tx, queue.DELIVER, delivery_id=str(delivery))
    if sealed.decided_by is not None and not _as_first_shown(held, sealed):
        await analytics.count_edits(tx, sealed.id)
    said = {"by": decision.get("name"), "checkpoint_id": str(sealed.id)}
    proposed = await remembering.propose(tx, row, sealed, fresh)
    return await work_sessions.move(
        tx,
        row,
        apply(state_of(row), Event.COMPLETE),
        Record(
            events=[("completed", said | {"proposed": proposed})],
            audits=[("completed", said | {"packet_digest": sealed.packet_digest})],
        ),
        phase="completed",
        settled_at=work_sessions.NOW,
        lease_owner=None,
    )


async def _ask_again(tx: Tx, row: WorkSession, sealed: WorkCheckpoint) -> WorkSession:
    said = {
        "checkpoint_id": str(sealed.id),
        "why": "The rules of signing were changed before it was finished. Nothing was delivered.",
    }
    row, _ = await gates.open_checkpoint(
        tx, row, kind="final", reasons=sealed.reasons,
        record=Record(events=[("reopened", said)], audits=[("reopened", said)]),
    )  # fmt: skip
    return row


def _sealed(row: WorkSession, held: Sequence[WorkCheckpoint]) -> WorkCheckpoint | None:
    for checkpoint in reversed(held):
        if (
            checkpoint.kind == "final"
            and checkpoint.status == CheckpointStatus.APPROVED
            and checkpoint.iteration == row.iteration
        ):
            return checkpoint
    return None


def _as_first_shown(held: Sequence[WorkCheckpoint], sealed: WorkCheckpoint) -> bool:
    """Whether it is plain, with nothing asked of the database, that what was signed is what was first shown: there was
    no other final packet, and nothing in it has a second version. Then the database has counted it already."""
    finals = [c.id for c in held if c.kind == "final"]
    return finals == [sealed.id] and all(a["version"] == 1 for a in sealed.packet["artifacts"])


async def fail(tx: Tx, row: WorkSession, failure: Failure) -> WorkSession:
    """Settles the leg as failed, with its reason."""
    return await _settle_failed(tx, row, apply(state_of(row), Event.FAIL, failure=failure), failure)


async def _settle_failed(tx: Tx, row: WorkSession, to: Any, failure: Failure) -> WorkSession:
    said = {"code": failure.code, "message": failure.message, "retryable": failure.retryable}
    return await work_sessions.move(
        tx, row, to, Record(events=[("failed", said)], audits=[("failed", said)]), phase="failed",
        settled_at=work_sessions.NOW, lease_owner=None,
    )  # fmt: skip
