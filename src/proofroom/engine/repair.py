"""The repair turn: claims that their sources do not bear go back to the agent once, before a person sees them.

What it did stands in the session's row, by iteration: {"state": "started" | "ended" | "skipped", "before", "after",
"outcome", "why", "summary", "gaps"}. A leg that finds a repair started goes on with it and never starts a second one.
"""

from dataclasses import replace
from typing import Any

from proofroom.agents.runtimes.base import AgentRuntime, Doubt, Failed, Finished, Suspended, TurnRequest
from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import Record
from proofroom.domain.budget import Reached
from proofroom.domain.repair import MOST_DOUBTS, counts, doubts_in, is_doubted, why
from proofroom.engine import turns
from proofroom.engine.budgets import Watch
from proofroom.engine.parts import Parts
from proofroom.engine.toolbox import LegTools
from proofroom.engine.turns import End, text_of


def is_open(row: WorkSession) -> bool:
    """Whether this iteration's work is done and its repair is not."""
    return _of(row).get("state") == "started"


def _of(row: WorkSession) -> dict[str, Any]:
    return dict(row.repairs.get(str(row.iteration), {}))


async def begin(parts: Parts, row: WorkSession, watch: Watch, end: Finished) -> bool:
    """Whether a repair turn follows the end of the work: there are doubts, the budget has room, and there was none yet.

    Recorded in the same transaction. Raises LegLost.
    """
    async with parts.db.transaction(row.workspace_id) as tx:
        held = await work_sessions.fence(tx, row.id, row.leg)
        if _of(held):
            return False
        before = counts(await _ledger(tx, held))
        if not doubts_in(before):
            return False
        near = watch.reached()
        if near is not None:
            said = {"before": before, "why": f"The budget leaves no room for it: {near.what}."}
            await _write(tx, held, {"state": "skipped", **said}, "repair_skipped", said)
            return False
        found = {
            "state": "started", "before": before, "summary": text_of(end.summary, 20_000),
            "gaps": [text_of(g) for g in end.gaps],
        }  # fmt: skip
        await _write(tx, held, found, "repair_started", {"before": before}, phase="repairing")
    return True


async def play(
    parts: Parts, row: WorkSession, runtime: AgentRuntime, request: TurnRequest, tools: LegTools, watch: Watch
) -> End:
    """The repair turn, with the doubts as they stand now; Finished with what the work said, however it ends.

    Where the tools stopped for a person, the repair stays open. Raises LegLost, Unavailable.
    """
    async with parts.db.transaction(row.workspace_id) as tx:
        held = await work_sessions.fence(tx, row.id, row.leg)
        doubts, state = await doubts_of(tx, held), held.runtime_state
    end: End = Finished()  # set right already by the turn that a crash cut off
    if doubts:
        tools.begin_repair()
        again = replace(request, purpose="repair", doubts=doubts, state=state, budget=watch.left())
        end = await turns.play(parts, row, runtime, again, watch)
        if tools.lost or tools.stop is not None:
            return end
    async with parts.db.transaction(row.workspace_id) as tx:
        held = await work_sessions.fence(tx, row.id, row.leg)
        found = _of(held)
        outcome, because = _outcome(end, halted=tools.halted)
        said = {
            "before": found["before"], "after": counts(await _ledger(tx, held)), "outcome": outcome, "why": because,
        }  # fmt: skip
        await _write(tx, held, {**found, **said, "state": "ended"}, "repair_ended", said)
    summary = end.summary if isinstance(end, Finished) and end.summary else found["summary"]
    gaps = end.gaps if isinstance(end, Finished) and end.gaps else found["gaps"]
    return Finished(summary, gaps)


def _outcome(end: End, *, halted: bool) -> tuple[str, str | None]:
    if isinstance(end, Finished):
        return "done", None
    if halted or isinstance(end, Reached):
        return "stopped", "The budget left no room for more."
    if isinstance(end, Failed):
        return "failed", text_of(end.message)
    assert isinstance(end, Suspended)
    return "failed", "The runtime stopped although nobody asked it to."


async def doubts_of(tx: Tx, row: WorkSession) -> list[Doubt]:
    """The doubted claims of this iteration's artifacts, in reading order."""
    found = [
        Doubt(artifact.slot, c["id"], c["text"], c["verdict"], why(c))
        for artifact, version in await db_artifacts.current(tx, row.id, row.iteration)
        for c in version.claims
        if is_doubted(c)
    ]
    return found[:MOST_DOUBTS]


async def _ledger(tx: Tx, row: WorkSession) -> list[dict[str, Any]]:
    return [c for _, v in await db_artifacts.current(tx, row.id, row.iteration) for c in v.claims]


async def _write(
    tx: Tx, held: WorkSession, found: dict[str, Any], kind: str, said: dict[str, Any], **values: Any
) -> None:
    await work_sessions.step(
        tx, held, Record(events=[(kind, said)], audits=[(kind, said)]),
        repairs=held.repairs | {str(held.iteration): found}, **values,
    )  # fmt: skip
