"""Lives drawn at random on the real services: scripts, strategies, decisions, crashes, doubled jobs and tampering.

After each life the rows are held against what its strategy demands. The seed is printed and can be given again:
`PROOFROOM_LIVES_SEED=7 PROOFROOM_LIVES=200`. A test run draws a few lives, always the same; `python3 dev.py faults`
draws many of its own seed.
"""

import os
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from proofroom.db import artifacts as db_artifacts
from proofroom.db import checkpoints, work_sessions
from proofroom.db.models import Member, WorkCheckpoint, WorkSession
from proofroom.db.tx import Tx, new_id
from proofroom.domain import audit, seal
from proofroom.domain.canonical import digest
from proofroom.domain.checkpoint import Acknowledgement, flagged_claims
from proofroom.domain.errors import ProofroomError
from proofroom.domain.policy import BLOCKING, LEFT_FOR_THE_END, Strategy, Trigger
from proofroom.engine import leg, outbox
from proofroom.services import gates, holding, legs, packets, policies, review, work_requests
from proofroom.services.access import Actor
from tests.integration.rooms import FINDING, FINISH, PLAN, Room

LIVES = int(os.environ.get("PROOFROOM_LIVES", "10"))
SEED = int(os.environ.get("PROOFROOM_LIVES_SEED", "1"))
MOMENTS = 22

WEAK = {"artifact": {**FINDING["artifact"], "confidence": 0.1}}
PUBLIC = {"artifact": {**FINDING["artifact"], "slot": "finding-2", "high_impact": "public"}}
WRONG = {
    "artifact": {
        **FINDING["artifact"], "slot": "finding-3",
        "markdown": "The board named a factor of 44.5. [[{{ b:factor of 4.45 }}|a factor of 4.45]]",
    }
}  # fmt: skip
STEPS: list[Mapping[str, Any]] = [
    FINDING, WEAK, PUBLIC, WRONG, {"request_review": "Please look."}, {"ask": {"question": "Which one?"}},
    {"search": {"query": "factor"}}, {"plan": [{"title": "Another plan"}]}, {"say": "Well."},
]  # fmt: skip
_NOT_YET = " AND EXISTS (SELECT FROM work_sessions s WHERE s.id = session_id AND s.status <> 'completed')"
TAMPERING = (
    "UPDATE artifact_versions SET title = title || '!' WHERE session_id = :id",
    "UPDATE artifact_versions SET document = replace(document::text, 'board', 'panel')::jsonb WHERE session_id = :id",
    "UPDATE artifact_versions SET high_impact = 'public' WHERE session_id = :id",
    "UPDATE blocks SET page = coalesce(page, 0) + 1",
    "UPDATE work_sessions SET task_description = task_description || '!' WHERE id = :id",
    "UPDATE work_sessions SET plan = '{\"steps\": []}' WHERE id = :id AND plan IS NOT NULL",
    "UPDATE work_checkpoints SET packet = jsonb_set(packet, '{task}', '\"x\"') WHERE session_id = :id" + _NOT_YET,
    "UPDATE work_checkpoints SET votes = '[{\"by\": \"nobody\"}]' WHERE session_id = :id" + _NOT_YET,
    "UPDATE work_checkpoints SET packet_digest = 'x' WHERE session_id = :id AND status = 'pending_review'",
    "UPDATE context_envelopes SET body = body || '!' WHERE session_id = :id",
)  # fmt: skip


@dataclass
class Life:
    """One session and the people around it."""

    room: Room
    people: list[Actor]
    chance: random.Random
    session_id: UUID
    tampered: bool = False

    async def row(self) -> WorkSession:
        return await self.room.row(self.session_id)

    async def waiting(self) -> WorkCheckpoint | None:
        async with self.room.db.transaction(self.room.actor.workspace_id) as tx:
            return await checkpoints.open_one(tx, self.session_id)

    async def moment(self) -> str:
        """One thing happens, or is refused. Answers what."""
        row, shown = await self.row(), await self.waiting()
        likely = ["work", "work", "work", "doubled", "crash", "cancel", "retry", "deliver", "tamper"]
        if shown is not None:
            likely += ["approve"] * 12 + [
                "request_changes",
                "reject",
                "withdraw",
                "undo",
                "undone",
                "tick",
                "policy",
            ]
        what = self.chance.choice(likely)
        if (what == "tamper" or what == "cancel") and self.chance.random() < 0.7:
            what = "work"
        try:
            async with self.room.db.transaction(self.room.actor.workspace_id) as tx:
                await self.happens(tx, what, row, shown)
        except ProofroomError as refused:
            return f"{what}: {refused.code}"
        if what in ("work", "doubled"):
            for _ in range(2 if what == "doubled" else 1):
                await leg.run_leg(self.room.parts, row.workspace_id, row.id)
        if what == "deliver":
            async with self.room.db.transaction(row.workspace_id) as tx:
                due = await db_artifacts.deliveries(tx, [row.id])
            for delivery in due:
                await outbox.deliver(self.room.parts, row.workspace_id, delivery.id)
        return what

    async def happens(self, tx: Tx, what: str, row: WorkSession, shown: WorkCheckpoint | None) -> None:
        actor = self.chance.choice(self.people)
        match what:
            case "crash":
                await legs.claim(
                    tx,
                    row.id,
                    owner="dies",
                    lease_seconds=60,
                    definitions=self.room.parts.catalog.definitions,
                )
                await tx.execute(
                    text(
                        "UPDATE work_sessions SET lease_until = now() - :past WHERE id = :id AND status = 'in_progress'"
                    ),
                    {"past": timedelta(seconds=1), "id": row.id},
                )
            case "cancel":
                await work_requests.cancel(tx, actor, row.id)
            case "retry":
                await work_requests.retry(tx, actor, row.id)
            case "tamper":
                self.tampered = True
                await tx.execute(text(self.chance.choice(TAMPERING)), {"id": row.id})
            case "approve" | "undo" | "request_changes" | "reject" | "withdraw" if shown is not None:
                await self.decide(tx, what, actor, row, shown)
            case "undone" if shown is not None:
                await tx.execute(
                    text("UPDATE work_checkpoints SET undo_until = now() WHERE undo_until > now()")
                )
                await holding.commit_pending(tx, shown.id)
            case "tick" if shown is not None:
                if self.chance.random() < 0.3:
                    await tx.execute(text("UPDATE work_checkpoints SET expires_at = now()"))
                await gates.tick(tx, shown.id)
            case "policy":
                signatures = self.chance.choice((1, 2, 3))
                quorum = dict.fromkeys(
                    ("internal_draft", "internal_record", "named_recipient", "public"), signatures
                )
                wanted = {"quorum": quorum, "separate_duties": self.chance.random() < 0.3}
                await policies.change(tx, self.room.actor, row.project_id, wanted)
            case _:
                pass

    async def decide(self, tx: Tx, what: str, actor: Actor, row: WorkSession, shown: WorkCheckpoint) -> None:
        seen = shown.packet_digest if self.chance.random() < 0.9 else digest(["another packet"])
        place = (tx, actor, row.id, shown.id)
        if what == "withdraw":
            await holding.withdraw(*place)
        elif what == "reject":
            await review.reject(
                *place, packet_digest=seen, rejection_reason="No.", undo_seconds=self.chance.choice((0, 30))
            )
        elif what == "request_changes":
            await review.request_changes(
                *place,
                packet_digest=seen,
                changes=[{"comment": "More."}],
                undo_seconds=self.chance.choice((0, 30)),
            )
        else:
            await review.approve(
                *place, packet_digest=seen, answers={"answer": "yes"} if shown.form else None,
                acknowledged=[Acknowledgement(c["id"], "Seen.") for _, c in flagged_claims(shown.packet)],
                undo_seconds=30 if what == "undo" else 0,
            )  # fmt: skip

    async def is_as_it_must_be(self) -> str:
        """Holds the rows against what the strategy demands. Answers how it ended."""
        async with self.room.db.transaction(self.room.actor.workspace_id) as tx:
            row = await work_sessions.get(tx, self.session_id)
            gone_through = await checkpoints.of_session(tx, row.id)
            entries = await work_sessions.audit_entries(tx, row.id)
            deliveries = await db_artifacts.deliveries(tx, [row.id])
            slots = Counter(a.slot for a, _ in await db_artifacts.current(tx, row.id))
            events = [e.seq for e in await work_sessions.events(tx, row.id)]
            triggers = await db_artifacts.triggers(tx, row.id)
            assert audit.broken_at(entries, head=row.audit_head, count=row.audit_count) is None
            assert events == list(range(1, row.event_seq + 1))
            assert set(slots.values()) <= {1}
            assert len([c for c in gone_through if c.status == "pending_review"]) == (
                row.status == "pending_review"
            )
            assert row.iteration <= 4
            final = [c for c in gone_through if c.kind == "final" and c.status == "approved"]
            if row.status != "completed":
                assert deliveries == [], "no effect without a session that is completed"
                return row.status
            sealed = final[-1]
            assert sealed.decision is not None
            rebuilt = await packets.build(
                tx, row, checkpoint_id=sealed.id, kind="final", reasons=sealed.reasons,
                iteration=sealed.iteration, form=sealed.form,
            )  # fmt: skip
        if (
            not self.tampered
        ):  # afterwards somebody may have changed what rests there, but not what was signed
            assert digest(rebuilt) == sealed.packet_digest
        assert digest(sealed.packet) == sealed.packet_digest == sealed.decision["sealed_digest"]
        assert sealed.iteration == row.iteration
        assert seal.was_written(entries, "approved", sealed.decision)
        assert seal.signed_by_enough(sealed.packet, sealed.decision)
        self.every_gate_was_passed(row, gone_through, triggers, sealed)
        for delivery in deliveries:
            assert (delivery.checkpoint_id, delivery.packet_digest) == (sealed.id, sealed.packet_digest)
            assert delivery.target in [e["target"] for e in sealed.packet["effects"]]
        return row.status

    def every_gate_was_passed(
        self,
        row: WorkSession,
        gone_through: list[WorkCheckpoint],
        triggers: list[Any],
        sealed: WorkCheckpoint,
    ) -> None:
        strategy = Strategy(row.approval_strategy)
        passed = [c for c in gone_through if c.status == "approved"]
        if strategy is Strategy.CHECKPOINT_REQUIRED:
            plans = [digest(c.packet["plan"]) for c in passed if c.kind == "plan"]
            assert digest(sealed.packet["plan"]) in plans, "the plan that was followed was approved"
        assert sealed.decision is not None
        if sealed.decision["via"] == "policy":
            assert strategy is Strategy.AUTO_APPROVE_LOW_RISK
            assert triggers == []
        for trigger in triggers:
            if trigger.iteration != row.iteration:
                continue
            stops = Trigger(trigger.kind) not in LEFT_FOR_THE_END[strategy] or trigger.kind in BLOCKING
            seen = [c for c in passed if str(trigger.id) in {t["id"] for t in c.packet["triggers"]}]
            assert seen, "every doubt was in a packet that somebody approved"
            assert not stops or any(trigger.kind in c.reasons for c in seen), (
                "and stopped the work where it must"
            )


async def test_lives_drawn_at_random_end_as_they_must(room: Room, tmp_path: Path) -> None:
    workspace_id = room.actor.workspace_id
    people = [room.actor, *(Actor(workspace_id, new_id(), f"Reviewer {n}", "reviewer") for n in range(3))]
    async with room.db.transaction(workspace_id) as tx:
        for one in people[1:]:
            await tx.execute(
                insert(Member).values(
                    workspace_id=workspace_id, id=one.member_id, name=one.name, role=one.role
                )
            )
        await tx.execute(text("UPDATE workspaces SET settings = '{\"policy_may_sign\": true}'"))
    ends: Counter[str] = Counter()
    moments: Counter[str] = Counter()
    for n in range(LIVES):
        chance = random.Random(f"{SEED} {n}")
        strategy = chance.choice(list(Strategy))
        drawn = [chance.choice(STEPS) for _ in range(chance.randrange(1, 4))]
        plan = [PLAN] if strategy is Strategy.CHECKPOINT_REQUIRED or chance.random() < 0.5 else []
        iterations = {1: [*plan, *drawn, FINDING, FINISH], 2: [FINDING, FINISH]}
        folder = [{"kind": "folder", "path": str(tmp_path / f"out-{n}")}] if chance.random() < 0.4 else []
        session_id = await room.file(room.script(iterations=iterations), strategy, deliver_to=folder)
        life = Life(room, people, chance, session_id)
        done: list[str] = []
        try:
            for _ in range(MOMENTS):
                done.append(await life.moment())
                await life.is_as_it_must_be()
            ends[await life.is_as_it_must_be()] += 1
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}, life {n}, {strategy.value}: {done}: {error}") from error
        moments.update(one.partition(":")[0] for one in done)
        async with room.db.transaction(workspace_id) as tx:  # the next life does not pay for this one
            await tx.execute(text("UPDATE work_sessions SET lease_until = NULL WHERE status = 'in_progress'"))
            await tx.execute(text("DELETE FROM project_policies"))
    print(f"seed {SEED}: {LIVES} lives of {MOMENTS} moments, ended {dict(ends)}; {dict(moments)}")
    assert ends["completed"] >= LIVES // 10
