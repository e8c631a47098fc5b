"""The tools of a leg: every call is fenced, recorded before its answer is seen, and judged by policy."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID

from proofroom.agents.factory import AgentDefinition
from proofroom.agents.runtimes.base import EnvelopeView, ToolResult
from proofroom.agents.tools import (
    CALL_SECONDS,
    MAX_READ_CHARS,
    MAX_READS,
    READING_TOOLS,
    validate_arguments,
)
from proofroom.db import artifacts as db_artifacts
from proofroom.db import work_sessions
from proofroom.db.models import WorkSession
from proofroom.db.tx import Tx
from proofroom.db.work_sessions import LegLost, Record
from proofroom.domain.budget import Reached
from proofroom.domain.canonical import digest
from proofroom.domain.errors import InvalidInput, NotFound, ProofroomError
from proofroom.domain.policy import DEFAULT_THRESHOLD, Facts, Gate, Pause, Strategy, Trigger, evaluate
from proofroom.domain.risk import thin_evidence
from proofroom.engine.budgets import Watch
from proofroom.engine.forms import form_of
from proofroom.services import artifacts, context
from proofroom.substrate.parsers.sniff import clean as clean_text
from proofroom.substrate.parsers.sniff import clean_json


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the leg parks: the kind of checkpoint, its reasons, and the form of a question."""

    kind: str
    reasons: tuple[str, ...]
    form: dict[str, Any] | None = None


class Transactions(Protocol):
    """What opens a transaction for each call: a Database, or one that is open already."""

    def transaction(self, workspace_id: UUID) -> AbstractAsyncContextManager[Tx]: ...


class LegTools:
    """The `Tools` of one leg.

    Raises LegLost out of `call` when the leg no longer holds its session. A call in a leg that is stopping is
    refused. The ledger's key is SHA-256 of (session, iteration, tool, arguments, occurrence). The occurrence is the
    name that the runtime gives the call, else the call's number among equal ones since the turn began (with `repair`
    before it in the repair turn): who gives no names begins every leg with its first call. What is refused by how
    things stand is recorded, too, unless `keep_refusals` is False; what is refused whenever it is asked has no number.
    `stop` says why a person decides first, `halted` that the repair turn has used up what there was for it.
    """

    def __init__(
        self,
        db: Transactions,
        row: WorkSession,
        definition: AgentDefinition,
        watch: Watch,
        *,
        keep_refusals: bool = True,
    ) -> None:
        self.stop: Stop | None = None
        self.lost = False
        self.halted = False
        self._repairing = False
        self._one_at_a_time = asyncio.Lock()
        self._db = db
        self._workspace_id = row.workspace_id
        self._session_id = row.id
        self._leg = row.leg
        self._definition = definition
        self._watch = watch
        self._keep_refusals = keep_refusals
        self._seen: Counter[str] = Counter()
        self._ledger: dict[str, tuple[bool, Any]] | None = None
        """By key, (whether it succeeded, the answer) of the calls of this iteration; None: it is read call by call.
        The leg that holds a session is the only one that writes there, so it need not ask."""
        self._none_open = False
        """Whether nothing was raised that still waits for a decision: for the same reason."""
        self._refs: dict[str, dict[str, Any]] = {}
        self._reads = 0
        self._read_chars = 0

    def begin_repair(self) -> None:
        """From here on calls belong to the repair turn, which is played again by itself after a crash."""
        self._repairing = True
        self._seen.clear()

    async def load(self, tx: Tx, row: WorkSession, envelope: EnvelopeView | None = None) -> None:
        """What was handed out in earlier legs of this iteration can be cited in this one, as can what is in the
        envelope, which is read unless it was.
        """
        self._refs = await context.refs(tx, row) if envelope is None else context.refs_of(envelope)
        raised = await db_artifacts.triggers(tx, row.id, row.iteration)
        self._none_open = all(trigger.settled for trigger in raised)
        self._ledger = {}
        for call in await db_artifacts.calls(tx, row.id, row.iteration):
            self._ledger[call.key] = call.ok, call.result
            self._learn(call.result)
            if call.tool in READING_TOOLS and call.ok:
                self._reads += 1
                self._read_chars += _size(call.result)

    async def call(self, name: str, arguments: Mapping[str, Any], *, once: str | None = None) -> ToolResult:
        """As `Tools.call` says. Calls that a runtime makes at once are made one after the other, in the order of their
        coming.
        """
        async with self._one_at_a_time:
            return await self._call(name, arguments, once)

    async def _call(self, name: str, arguments: Mapping[str, Any], once: str | None) -> ToolResult:
        if self.stop is not None or self.lost or self.halted:
            return _refused("stopping", "A person decides first; this run is stopping.", "End the turn.")
        if name not in self._definition.tools:
            return _refused(
                "tool_not_allowed",
                f"This agent has no tool {name[:60]!r}.",
                f"It has {', '.join(self._definition.tools)}.",
            )
        try:
            clean = validate_arguments(name, _plain(dict(arguments)))
            occurrence = f"{name} {digest(clean)}"
        except ProofroomError as error:
            return _refused(error.code, error.message, error.hint)
        except ValueError as error:
            return _refused(
                "tool_arguments_invalid", f"The arguments are not JSON: {error}", "Send plain JSON."
            )
        self._seen[occurrence] += 1
        times = self._seen[occurrence]
        which: int | str = clean_text(once) if once else f"repair {times}" if self._repairing else times
        clock = asyncio.timeout(CALL_SECONDS)
        try:
            async with clock, self._db.transaction(self._workspace_id) as tx:
                row = await work_sessions.fence(tx, self._session_id, self._leg)
                key = ledger_key(row.id, row.iteration, name, clean, which)
                answer = await self._run(tx, row, key, name, clean)
            self._keep(key, answer)
            return answer
        except LegLost:
            self.lost = True
            raise
        except TimeoutError:
            if not clock.expired():
                raise
            refused = _refused(
                "tool_timeout",
                f"{name} took longer than {CALL_SECONDS:g} seconds and was stopped.",
                "Ask for less at a time: fewer steps, a filter first, a shorter text.",
            )
        except (InvalidInput, NotFound) as error:
            refused = _refused(error.code, error.message, error.hint)
        if self._keep_refusals:
            await self._record_refusal(name, clean, which, refused)
        return refused

    async def _record_refusal(
        self, name: str, arguments: dict[str, Any], which: int | str, refused: ToolResult
    ) -> None:
        """What the call wrote was taken back with its transaction; that it was refused is recorded in one of its own.

        So a leg that is run again is refused it again, and what came after it keeps its number.
        """
        try:
            async with self._db.transaction(self._workspace_id) as tx:
                row = await work_sessions.fence(tx, self._session_id, self._leg)
                key = ledger_key(row.id, row.iteration, name, arguments, which)
                await db_artifacts.record_call(
                    tx, session_id=row.id, key=key, iteration=row.iteration, leg=row.leg, tool=name,
                    arguments=arguments, ok=False, result=refused.content,
                )  # fmt: skip
            self._keep(key, refused)
        except LegLost:
            self.lost = True
            raise

    def _keep(self, key: str, answer: ToolResult) -> None:
        """What was committed stands in the ledger from now on. After a call that stops the leg there is none."""
        if self._ledger is not None and not answer.suspend:
            self._ledger[key] = answer.ok, answer.content

    async def ask_for_budget(self, tx: Tx, row: WorkSession, reached: Reached) -> None:
        """A limit is reached, or the next turn would probably reach it: a person decides before there is one."""
        key = self._watch.key(reached)
        await self._raise(tx, row, key, [(Trigger.BUDGET, self._watch.told(reached))])
        await self._ask_policy(tx, row)

    def _must_stop(self) -> bool:
        return self.stop is not None or self.halted

    async def _mind_budget(self, tx: Tx, row: WorkSession) -> None:
        """After a call comes another turn of the model: if that would probably go over the budget, it waits here."""
        reached = None if self.stop is not None else self._watch.reached()
        if reached is not None and self._repairing:
            self.halted = True  # a repair ends at the budget; what is flagged then, a person sees flagged
        elif reached is not None:
            await self.ask_for_budget(tx, row, reached)

    async def _run(
        self, tx: Tx, row: WorkSession, key: str, name: str, arguments: dict[str, Any]
    ) -> ToolResult:
        recorded = await self._recorded(tx, row, key)
        if recorded is not None and not recorded[0]:
            return ToolResult(ok=False, content=recorded[1])
        if recorded is not None:
            self._learn(recorded[1])
            if name == "emit_plan":
                self._ask_about_plan(row)
            await self._ask_policy(tx, row)
            await self._mind_budget(tx, row)
            return ToolResult(ok=True, content=recorded[1], suspend=self._must_stop())
        raised: list[tuple[Trigger, dict[str, Any]]] = []
        record: list[tuple[str, Mapping[str, Any]]] = []
        values: dict[str, Any] = {}
        if name in READING_TOOLS and self._reads >= MAX_READS:
            raise _reads_used_up(f"{MAX_READS} answers were read")
        match name:
            case "search_context":
                content = await context.search(
                    tx, row, arguments["query"], int(arguments.get("k", 10)), self._refs
                )
            case "read_block":
                content = await context.read_block(
                    tx, row, self._refs, arguments["ref"], int(arguments.get("before", 0)),
                    int(arguments.get("after", 0)),
                )  # fmt: skip
            case "read_table":
                content = await context.read_table(tx, row, arguments)
            case "compute":
                content = await context.compute(tx, row, arguments)
            case "emit_plan":
                content = await self._plan(tx, row, arguments)
            case "emit_artifact":
                content, raised = await self._artifact(tx, row, arguments)
            case "ask_reviewer":
                form = form_of(arguments.get("schema"))
                answers = await self._answers(tx, row, key)
                if answers is None:
                    await self._raise(
                        tx, row, key,
                        [(Trigger.QUESTION, {"text": arguments["question"], "form": form})],
                    )  # fmt: skip
                    await self._ask_policy(tx, row)
                    return ToolResult(ok=True, content={"status": "waiting for the reviewer"}, suspend=True)
                content = {"answers": answers}
            case "request_review":
                content = {"noted": True}
                raised = [(Trigger.REVIEW_REQUESTED, {"text": arguments["reason"]})]
            case "report_progress":
                progress = {key: arguments.get(key, "") for key in ("done", "total", "label")}
                content = {"noted": True}
                values = {"progress": progress}
                record.append(("progress", progress))
            case _:
                return _refused(
                    "tool_not_allowed", f"There is no tool {name[:60]!r}.", "Use the listed tools."
                )
        if name in READING_TOOLS:
            size = _size(content)
            if self._read_chars + size > MAX_READ_CHARS:
                raise _reads_used_up(f"{self._read_chars:,} of {MAX_READ_CHARS:,} characters were read")
            self._reads, self._read_chars = self._reads + 1, self._read_chars + size
            record.append(
                (
                    "tool_called",
                    {"tool": name, "label": _label(name, arguments, content), "ok": True, "call": key},
                )
            )
        self._learn(content)
        call = {"key": key, "tool": name, "arguments": arguments, "ok": True, "result": content}
        await work_sessions.step(tx, row, Record(events=record, call=call), **values)
        if raised:
            await self._raise(tx, row, key, raised)
        await self._ask_policy(tx, row)
        await self._mind_budget(tx, row)
        return ToolResult(ok=True, content=content, suspend=self._must_stop())

    async def _recorded(self, tx: Tx, row: WorkSession, key: str) -> tuple[bool, Any] | None:
        if self._ledger is not None:
            return self._ledger.get(key)
        call = await db_artifacts.recorded_call(tx, row.id, key)
        return None if call is None else (call.ok, call.result)

    async def _plan(self, tx: Tx, row: WorkSession, arguments: dict[str, Any]) -> dict[str, Any]:
        plan = {"steps": arguments["steps"]}
        changed = row.plan is not None and digest(row.plan) != digest(plan)
        row = await work_sessions.step(
            tx,
            row,
            Record(
                events=[("plan_written", plan | {"changed": changed})],
                audits=[("plan_written", {"digest": digest(plan)})],
            ),
            plan=plan,
            phase="planned",
        )
        self._ask_about_plan(row)
        return {"recorded": True}

    def _ask_about_plan(self, row: WorkSession) -> None:
        """Changing the plan voids its approval: what was approved is a digest, not a fact."""
        if row.plan is None:
            return
        facts = Facts(plan_approved=_plan_is_approved(row))
        verdict = evaluate(Strategy(row.approval_strategy), Gate.PLAN, facts)
        if isinstance(verdict, Pause):
            self.stop = Stop("plan", verdict.reasons)

    async def _artifact(
        self, tx: Tx, row: WorkSession, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], list[tuple[Trigger, dict[str, Any]]]]:
        if row.approval_strategy == Strategy.CHECKPOINT_REQUIRED and not _plan_is_approved(row):
            raise InvalidInput(
                "plan_required",
                "Under this strategy a plan is approved before anything is written."
                + ("" if row.plan is None else " The plan that is there was not."),
                hint="Call emit_plan first.",
            )
        kind = arguments["type"]
        if kind not in self._definition.output_types:
            raise InvalidInput(
                "type_not_allowed",
                f"A {self._definition.name} agent does not produce {kind}.",
                hint=f"Use one of {', '.join(self._definition.output_types)}.",
                field="type",
            )
        body: Any = arguments.get("markdown")
        if body is None:
            body = {**cast(dict[str, Any], arguments["document"]), "refs": self._refs}
        document = artifacts.read_body(body, title=arguments["title"], refs=self._refs)
        impact = self._definition.impact_of(row.task_configuration, arguments.get("high_impact"))
        saved = await artifacts.save(
            tx, row, slot=arguments["slot"], artifact_type=kind, title=arguments["title"],
            document=context.keep_used_refs(document), high_impact=impact,
            confidence=arguments.get("confidence"),
        )  # fmt: skip
        about = {"artifact_id": str(saved.artifact_id), "slot": saved.slot, "title": saved.title}
        raised: list[tuple[Trigger, dict[str, Any]]] = []
        threshold = self._definition.threshold(row.task_configuration, DEFAULT_THRESHOLD)
        confidence = arguments.get("confidence")
        thin = thin_evidence(saved.claims, threshold)
        doubts = [] if thin is None else [thin]
        if (
            confidence is not None and confidence < threshold
        ):  # its doubt is heard, its trust in itself is not
            doubts.append("The agent itself has doubts.")
        if doubts:
            raised.append(
                (
                    Trigger.LOW_CONFIDENCE,
                    about | {"confidence": confidence, "threshold": threshold, "because": doubts},
                )
            )
        if impact is not None:
            raised.append((Trigger.HIGH_IMPACT, about | {"impact": impact}))
        if any(c["verdict"] == "conflict" for c in saved.claims):
            raised.append((Trigger.CONFLICT, about))
        suspicious = await context.suspicious_sources(tx, document)
        if suspicious:
            raised.append((Trigger.SUSPICIOUS_SOURCE, about | {"sources": suspicious}))
        if saved.changed:
            event = about | {
                "version": saved.version, "artifact_type": saved.artifact_type, "summary": saved.summary,
            }  # fmt: skip
            gone = await db_artifacts.withdraw_triggers(tx, row.id, row.iteration, saved.artifact_id)
            said = [
                ("artifact_saved", event),
                *(("trigger_withdrawn", about | {"kind": k, "version": saved.version}) for k in gone),
            ]
            await work_sessions.step(tx, row, Record(events=said, audits=said), phase="writing")
        return {
            "artifact_id": str(saved.artifact_id),
            "version": saved.version,
            "summary": saved.summary,
        }, raised

    async def _answers(self, tx: Tx, row: WorkSession, key: str) -> dict[str, Any] | None:
        for trigger in await db_artifacts.triggers(tx, row.id, row.iteration):
            if trigger.key == key and trigger.kind == Trigger.QUESTION and trigger.settled:
                return trigger.answers or {}
        return None

    async def _raise(
        self, tx: Tx, row: WorkSession, key: str, raised: list[tuple[Trigger, dict[str, Any]]]
    ) -> None:
        events: list[tuple[str, Mapping[str, Any]]] = []
        self._none_open = False
        for kind, detail in raised:
            if await db_artifacts.add_trigger(tx, row.id, row.iteration, key, kind.value, detail):
                events.append(("trigger_noted", {"kind": kind.value, "detail": detail}))
        if events:
            await work_sessions.step(tx, row, Record(events=events, audits=events))

    async def _ask_policy(self, tx: Tx, row: WorkSession) -> None:
        if self.stop is not None:
            return
        raised = [] if self._none_open else await db_artifacts.triggers(tx, row.id, row.iteration)
        waiting = [t for t in raised if not t.settled]
        facts = Facts(open_triggers=frozenset(Trigger(t.kind) for t in waiting))
        verdict = evaluate(Strategy(row.approval_strategy), Gate.MID, facts)
        if isinstance(verdict, Pause):
            question = next((t for t in waiting if t.kind == Trigger.QUESTION), None)
            form = None if question is None else dict(question.detail["form"])
            self.stop = Stop("mid", verdict.reasons, form)

    def _learn(self, content: Any) -> None:
        """Aliases handed out by an answer can be cited from now on."""
        if isinstance(content, dict):
            handed = cast(dict[str, dict[str, dict[str, Any]]], content).get("refs") or {}
            for alias, ref in handed.items():
                self._refs.setdefault(alias, ref)


def ledger_key(
    session_id: UUID, iteration: int, tool: str, arguments: Mapping[str, Any], occurrence: int | str
) -> str:
    """SHA-256 of what makes two calls the same one."""
    return digest([str(session_id), iteration, tool, dict(arguments), occurrence])


def _plan_is_approved(row: WorkSession) -> bool:
    return row.plan is not None and row.plan_approved == digest(row.plan)


def _size(content: Any) -> int:
    return len(json.dumps(content, ensure_ascii=False))


def _reads_used_up(what: str) -> InvalidInput:
    return InvalidInput(
        "reads_used_up",
        f"In this round {what} already, and no more can be.",
        hint="Write with what you have, ask for less at a time, or ask the reviewer.",
    )


def _refused(code: str, message: str, hint: str) -> ToolResult:
    return ToolResult(ok=False, content={"code": code, "message": message, "hint": hint})


def _plain(value: Any) -> Any:
    """The arguments as JSON that PostgreSQL can hold. Raises ValueError."""
    return clean_json(json.loads(json.dumps(value, allow_nan=False), parse_float=_fraction))


def _fraction(said: str) -> float:
    """Raises ValueError beyond 2^53, where every number is a whole one and the database gives it back as such."""
    if abs(value := float(said)) >= 2**53:
        raise ValueError(f"{value:g} is larger than JSON readers agree on")
    return value


def _shortened(text: str, most: int) -> str:
    """The text, or its first whole words in at most `most` characters with a mark that there was more."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    head = text[:most]
    return f"{head.rpartition(' ')[0] or head[:-1]}…"


def _label(name: str, arguments: Mapping[str, Any], content: Any) -> str:
    match name:
        case "search_context":
            n = len(content["items"])
            return f"“{_shortened(arguments['query'], 80)}”: {n} passage{'' if n == 1 else 's'}"
        case "read_block":
            return f"{content.get('source_title', '')}".strip()
        case "read_table":
            return f"{content.get('source_title', '')}: {content.get('name', 'table')}"
        case _:
            n = len(content["table"]["rows"])
            return f"{content.get('source_title', 'a table')}: {n} row{'' if n == 1 else 's'}"
