"""A session driven at random, beside a model of what its reviewers have seen, voted on and passed.

The model knows nothing of the table. It keeps what a strategy demands: the plan gate, each doubt that stopped
the work, and the final gate, each passed on the digest of what stood there at that moment.
"""

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from proofroom.domain.checkpoint import packet_digest, require_digest
from proofroom.domain.errors import Conflict, NotAllowed, PreconditionRequired
from proofroom.domain.policy import Facts, Gate, Pause, Proceed, Strategy, Trigger, evaluate
from proofroom.domain.signing import (
    Signing,
    require_may_sign,
    require_new_vote,
    signing_of,
    signing_to_json,
    standing,
)
from proofroom.domain.work_session import Event, Failure, NextStep, State, Status, apply

# How often a person decides what, and a run ends otherwise: mostly it goes on, so that runs get far.
PENDING = {Event.REJECT: Event.REJECT_PENDING, Event.REQUEST_CHANGES: Event.REQUEST_CHANGES_PENDING}
DECISIONS = [Event.APPROVE] * 12 + [Event.REQUEST_CHANGES] * 4 + [Event.REJECT]
PEOPLE = ("ada", "bob", "cem", "dan")
"""`ada` asked for the work."""
CANCELLED_AFTER = [0, 2, 4, 6, 9, 13, 18, 25, *[1000] * 12]

BROKE = Failure("provider_error", "The provider hung up.", retryable=True)
FOR_GOOD = Failure("no_output", "It wrote nothing.", retryable=False)


@dataclass
class Checkpoint:
    gate: Gate
    reasons: tuple[str, ...]
    packet: dict[str, Any]
    digest: str
    earlier: list[str] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)
    pending: Event | None = None


class Lifecycle(RuleBasedStateMachine):
    """`artifact` and `plan` are what was last written; `sealed` is the artifact that a final gate passed."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.strategy = Strategy.FINAL_ONLY
        self.opted_in = self.external = self.calm = False
        self.cancelled_after = 0
        self.seen: list[State] = []
        self.artifact = 0
        self.plan = 0
        self.approved_plan: int | None = None
        self.open: set[Trigger] = set()
        self.ever: set[Trigger] = set()
        self.stopped_for: set[Trigger] = set()
        self.sealed: int | None = None
        self.sealed_by: str | None = None
        self.signatures: list[str] = []
        self.needed = 1
        self.quorum, self.separate = 1, False
        self.editors: set[str] = set()
        self.able: set[str] = set(PEOPLE)
        self.checkpoint: Checkpoint | None = None
        self.lease_lapsed = False
        self.claims_in_a_row = 0
        self.worker_legs: list[int] = []
        self.written_by: list[int] = []
        self.asked_for_changes = 0
        self.delivered: int | None = None

    @initialize(
        strategy=st.sampled_from(Strategy),
        opted_in=st.sampled_from([True, True, False]),
        external=st.sampled_from([False, False, True]),
        calm=st.booleans(),
        cancelled_after=st.sampled_from(CANCELLED_AFTER),
        outside_draft=st.sampled_from([False, False, False, True]),
        quorum=st.sampled_from([1, 1, 1, 2, 3]),
        separate=st.sampled_from([False, False, True]),
    )
    def starts(
        self,
        strategy: Strategy,
        opted_in: bool,
        external: bool,
        calm: bool,
        cancelled_after: int,
        outside_draft: bool,
        quorum: int,
        separate: bool,
    ) -> None:
        """`calm`: nothing comes up in this run; `cancelled_after`: so many steps at the earliest."""
        self.strategy, self.opted_in, self.external = strategy, opted_in, external
        self.calm, self.cancelled_after = calm, cancelled_after
        self.quorum, self.separate = quorum, separate
        self.seen = [self.state]
        if outside_draft:
            self._opens_a_check()
        elif cancelled_after:
            self._move(Event.EXECUTE)

    # What is true of every step

    def _move(self, event: Event, **facts: Any) -> None:
        self.state = apply(self.state, event, **facts)
        self.seen.append(self.state)

    @invariant()
    def versions_and_legs_only_grow(self) -> None:
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            assert after.version == before.version + 1
            assert after.leg >= before.leg
            assert after.iteration >= before.iteration
            held = after.status is Status.IN_PROGRESS
            if held and not (before.status is Status.IN_PROGRESS and after.leg == before.leg):
                assert after.leg == before.leg + 1, "whoever takes the session gets a leg of its own"

    @invariant()
    def three_change_requests_at_most(self) -> None:
        assert self.state.iteration <= 4
        assert self.state.iteration == self.asked_for_changes + 1
        assert self.state.change_requests == self.asked_for_changes

    @invariant()
    def ends_are_final_and_failures_leave_by_retry(self) -> None:
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            assert before.status not in (Status.COMPLETED, Status.CANCELLED)
            if before.status is Status.FAILED:
                assert after.status is Status.QUEUED
                assert before.failure is not None
                assert before.failure.retryable
        assert (self.state.failure is not None) is (self.state.status is Status.FAILED)

    @invariant()
    def nothing_completes_past_a_gate(self) -> None:
        if self.state.status is not Status.COMPLETED:
            assert self.delivered is None
            return
        assert self.delivered == self.sealed == self.artifact
        assert self.sealed_by in ("person", "policy")
        if self.sealed_by == "person":
            assert len(set(self.signatures)) == len(self.signatures) >= self.needed, "enough different people"
            assert not (self.separate and "ada" in self.signatures), "not whoever asked for it"
        else:
            assert self.quorum == 1
        if self.strategy is Strategy.CHECKPOINT_REQUIRED:
            assert self.approved_plan == self.plan
            assert self.stopped_for >= self.ever
        if self.strategy is Strategy.AUTO_APPROVE_LOW_RISK:
            assert self.stopped_for >= self.ever - {Trigger.LOW_CONFIDENCE}
        assert self.stopped_for >= self.ever & {Trigger.QUESTION, Trigger.BUDGET}
        if self.sealed_by == "policy":
            assert self.strategy is Strategy.AUTO_APPROVE_LOW_RISK
            assert self.opted_in
            assert not self.external
            assert not self.ever

    @invariant()
    def only_the_leg_that_held_the_session_wrote(self) -> None:
        assert self.written_by == sorted(self.written_by)

    @invariant()
    def a_checkpoint_stands_open_exactly_while_it_waits(self) -> None:
        assert (self.checkpoint is not None) is (self.state.status is Status.PENDING_REVIEW)

    # A leg

    def _holds(self, leg: int) -> bool:
        """The fence: what a write is conditional on."""
        return self.state.status is Status.IN_PROGRESS and self.state.leg == leg

    def _working(self) -> bool:
        return self.state.status is Status.IN_PROGRESS and self.state.next_step is NextStep.WORK

    def _facts(self) -> Facts:
        return Facts(
            open_triggers=frozenset(self.open),
            any_trigger=bool(self.ever),
            plan_approved=self.plan == self.approved_plan,
            external=self.external,
            opted_in=self.opted_in,
            signatures=self.quorum,
        )

    def _open(self, gate: Gate, reasons: tuple[str, ...]) -> None:
        packet = self._packet(gate, reasons)
        self.checkpoint = Checkpoint(gate, reasons, packet, packet_digest(packet))
        self.sealed, self.sealed_by, self.signatures = None, None, []

    def _packet(self, gate: Gate, reasons: tuple[str, ...]) -> dict[str, Any]:
        return {
            "gate": gate.value,
            "reasons": list(reasons),
            "plan": self.plan,
            "artifact": self.artifact,
            "version": self.state.version,
            "signing": signing_to_json(self._signing(gate)),
        }

    def _signing(self, gate: Gate) -> Signing:
        if gate is not Gate.FINAL:
            return Signing()
        barred = tuple(sorted({"ada", *self.editors})) if self.separate else ()
        return Signing(self.quorum, self.separate, barred)

    def _opens_a_check(self) -> None:
        """An outside draft goes straight to its final gate; it has no plan and nothing stopped it."""
        self.artifact = 1
        self.approved_plan = self.plan
        self._open(Gate.FINAL, ("final",))
        self._move(Event.OPEN_CHECK)

    @precondition(lambda self: self.state.status is Status.QUEUED)
    @rule()
    def claim(self) -> None:
        self._move(Event.CLAIM)
        self.lease_lapsed = False
        self.worker_legs.append(self.state.leg)
        self.claims_in_a_row = 1

    @precondition(lambda self: self.state.status is Status.IN_PROGRESS and not self.lease_lapsed)
    @rule()
    def worker_goes_silent(self) -> None:
        self.lease_lapsed = True

    @precondition(lambda self: self.state.status is Status.IN_PROGRESS and not self.lease_lapsed)
    @rule()
    def worker_lets_go(self) -> None:
        self._move(Event.RELEASE)
        self.lease_lapsed = True
        self.claims_in_a_row -= 1

    @precondition(lambda self: self.state.status is Status.IN_PROGRESS)
    @rule()
    def sweep(self) -> None:
        """As the sweeper does: give up if it may, else hand the session to another worker."""
        if not self.lease_lapsed:
            for event in (Event.GIVE_UP, Event.CLAIM):
                with pytest.raises(Conflict) as caught:
                    self._move(event)
                assert caught.value.code == "leased"
            return
        if self.claims_in_a_row == 5:
            with pytest.raises(Conflict) as caught:
                self._move(Event.CLAIM, lease_lapsed=True)
            assert caught.value.code == "claims_exhausted"
            self._move(Event.GIVE_UP, lease_lapsed=True)
            return
        with pytest.raises(Conflict) as caught:
            self._move(Event.GIVE_UP, lease_lapsed=True)
        assert caught.value.code == "leased"
        self._move(Event.CLAIM, lease_lapsed=True)
        self.lease_lapsed = False
        self.worker_legs.append(self.state.leg)
        self.claims_in_a_row += 1

    @precondition(lambda self: self.worker_legs)
    @rule(data=st.data())
    def any_worker_writes(self, data: st.DataObject) -> None:
        """Also one that was given up long ago and wakes now: its leg is behind, and nothing changes."""
        leg = data.draw(st.sampled_from(self.worker_legs))
        before = (self.artifact, self.state)
        if self._holds(leg) and self.state.next_step is NextStep.WORK:
            self.artifact += 1
            self.written_by.append(leg)
        else:
            assert (self.artifact, self.state) == before
        assert not any(self._holds(old) for old in self.worker_legs if old != self.worker_legs[-1])

    @precondition(_working)
    @rule()
    def writes_a_plan(self) -> None:
        self.plan += 1
        verdict = evaluate(self.strategy, Gate.PLAN, self._facts())
        if isinstance(verdict, Pause):
            self._open(Gate.PLAN, verdict.reasons)
            self._move(Event.PAUSE)

    @precondition(lambda self: self._working() and not self.calm)
    @rule(trigger=st.sampled_from(Trigger))
    def something_comes_up(self, trigger: Trigger) -> None:
        self.open.add(trigger)
        self.ever.add(trigger)
        verdict = evaluate(self.strategy, Gate.MID, self._facts())
        if isinstance(verdict, Pause):
            assert verdict.reasons
            self._open(Gate.MID, verdict.reasons)
            self._move(Event.PAUSE)
        else:
            assert trigger not in (Trigger.QUESTION, Trigger.BUDGET)

    @precondition(_working)
    @rule()
    def finishes(self) -> None:
        self.artifact += 1
        self.written_by.append(self.state.leg)
        plan = evaluate(self.strategy, Gate.PLAN, self._facts())
        if isinstance(plan, Pause):
            self._open(Gate.PLAN, plan.reasons)
            self._move(Event.PAUSE)
            return
        verdict = evaluate(self.strategy, Gate.FINAL, self._facts())
        if isinstance(verdict, Proceed):
            self._move(Event.SEAL)
            self.sealed, self.sealed_by = self.artifact, "policy"
        else:
            assert verdict.reasons[0] == "final"
            self._open(Gate.FINAL, verdict.reasons)
            self._move(Event.PAUSE)

    @precondition(lambda self: self.state.status is Status.IN_PROGRESS)
    @rule()
    def completes_if_it_may(self) -> None:
        if self.sealed is None:
            with pytest.raises(Conflict) as caught:
                self._move(Event.COMPLETE)
            assert caught.value.code == "not_sealed"
        else:
            self._move(Event.COMPLETE)
            self.delivered = self.artifact

    @precondition(lambda self: self.state.status is Status.IN_PROGRESS and self.sealed is not None)
    @rule()
    def finds_the_seal_broken(self) -> None:
        """At delivery the digest is compared again; another one stops the session for a person."""
        self._open(Gate.MID, ("review_requested",))
        self._move(Event.PAUSE)

    @precondition(lambda self: self.state.status is Status.IN_PROGRESS)
    @rule(failure=st.sampled_from([BROKE, BROKE, BROKE, BROKE, FOR_GOOD]))
    def fails(self, failure: Failure) -> None:
        self._move(Event.FAIL, failure=failure)

    # A person

    def _undecided(self) -> bool:
        return self.checkpoint is not None and self.checkpoint.pending is None

    @precondition(_undecided)
    @rule(
        data=st.data(),
        decision=st.sampled_from(DECISIONS),
        person=st.sampled_from(PEOPLE),
        undo=st.booleans(),
    )
    def decides(self, data: st.DataObject, decision: Event, person: str, undo: bool) -> None:
        if person not in self.able:
            return  # a viewer decides nothing
        assert self.checkpoint is not None
        shown = self.checkpoint.digest
        named = data.draw(st.sampled_from([*[shown] * 6, None, "0" * 64, *self.checkpoint.earlier]))
        if named == shown:
            require_digest(named, self.checkpoint.packet, shown)
            if decision is Event.APPROVE:
                self._signs(self.checkpoint, person, undo)
            elif undo and not (decision is Event.REQUEST_CHANGES and self.asked_for_changes == 3):
                self._move(PENDING[decision])
                self.checkpoint.pending = decision
            else:
                self._decides(decision, self.checkpoint)
            return
        before = self.state
        with pytest.raises((Conflict, PreconditionRequired)) as caught:
            require_digest(named, self.checkpoint.packet, shown)
        assert caught.value.code == ("stale_packet" if named else "packet_digest_required")
        assert self.state == before

    @precondition(_undecided)
    @rule(order=st.permutations(PEOPLE), undo=st.sampled_from([False, False, True]))
    def sign_one_after_the_other(self, order: list[str], undo: bool) -> None:
        """Who may and has not yet; one of the two counts twice for nothing."""
        waiting = self.checkpoint
        for person in (order[0], *order):
            open_still = self.checkpoint is waiting and waiting is not None and waiting.pending is None
            if waiting is not None and open_still and person in self.able:
                self._signs(waiting, person, undo)

    def _signs(self, checkpoint: Checkpoint, person: str, undo: bool) -> None:
        """As `review.approve` does: may they, do earlier votes still stand, is it enough."""
        signing = signing_of(checkpoint.packet)
        if person in signing.barred:
            with pytest.raises(NotAllowed) as barred:
                require_may_sign(signing, person, person)
            assert barred.value.code == "duties_separated"
            return
        require_may_sign(signing, person, person)
        votes = [dict(v) for v in standing(checkpoint.votes, checkpoint.digest, self.able, signing)]
        if any(v["by"] == person for v in votes):
            with pytest.raises(Conflict) as again:
                require_new_vote(votes, person, signing)
            assert again.value.code == "already_voted"
            return
        require_new_vote(votes, person, signing)
        checkpoint.votes = [*votes, {"by": person, "packet_digest": checkpoint.digest}]
        if len(checkpoint.votes) < signing.quorum:
            self._move(Event.VOTE)
        elif undo:
            self._move(Event.APPROVE_PENDING)
            checkpoint.pending = Event.APPROVE
        else:
            self._decides(Event.APPROVE, checkpoint)

    @precondition(lambda self: self.checkpoint is not None and self.checkpoint.pending is not None)
    @rule()
    def the_time_to_undo_is_over(self) -> None:
        assert self.checkpoint is not None
        assert self.checkpoint.pending is not None
        self._decides(self.checkpoint.pending, self.checkpoint)

    @precondition(
        lambda self: self.checkpoint is not None and (self.checkpoint.votes or self.checkpoint.pending)
    )
    @rule(data=st.data())
    def withdraws(self, data: st.DataObject) -> None:
        """Without one of its votes a pending approval is none; the votes of the others stand, and all of them when
        what is taken back is another decision.
        """
        assert self.checkpoint is not None
        if self.checkpoint.pending in (Event.REJECT, Event.REQUEST_CHANGES):
            self.checkpoint.pending = None
            self._move(Event.WITHDRAW)
            return
        gone = data.draw(st.sampled_from([v["by"] for v in self.checkpoint.votes]))
        self.checkpoint.votes = [v for v in self.checkpoint.votes if v["by"] != gone]
        self.checkpoint.pending = None
        self._move(Event.WITHDRAW)

    @precondition(_undecided)
    @rule(late=st.sampled_from([True, False, False, False]))
    def expires(self, late: bool) -> None:
        if late and self.checkpoint is not None:
            self._decides(Event.EXPIRE, self.checkpoint)

    @rule(person=st.sampled_from(PEOPLE))
    def changes_role(self, person: str) -> None:
        """Whoever loses the right to sign takes an open vote along; there are always enough left."""
        if person not in self.able:
            self.able.add(person)
        elif len(self.able) > 3:
            self.able.discard(person)

    @precondition(_undecided)
    @rule(person=st.sampled_from(PEOPLE))
    def edits(self, person: str) -> None:
        """Where one person may both edit and sign, they do; else everybody looks at it anew, and votes are void."""
        assert self.checkpoint is not None
        old = self.checkpoint
        if old.gate is not Gate.FINAL or person not in self.able or len(self.editors | {person}) > 1:
            return
        if signing_of(old.packet).alone:
            return
        self.editors.add(person)
        self.artifact += 1
        self._move(Event.SUPERSEDE)
        self._open(old.gate, old.reasons)
        self.checkpoint.earlier = [*old.earlier, old.digest]
        assert self.checkpoint.votes == []

    def _decides(self, decision: Event, checkpoint: Checkpoint) -> None:
        if decision is Event.REQUEST_CHANGES and self.asked_for_changes == 3:
            with pytest.raises(Conflict) as caught:
                self._move(decision)
            assert caught.value.code == "iterations_exhausted"
            return
        final = checkpoint.gate is Gate.FINAL
        self._move(decision, final_gate=final)
        self.checkpoint = None
        settled = {t for t in self.open if t.value in checkpoint.reasons}
        match decision:
            case Event.APPROVE:
                if checkpoint.gate is Gate.PLAN:
                    self.approved_plan = checkpoint.packet["plan"]
                if final:
                    self.sealed, self.sealed_by = checkpoint.packet["artifact"], "person"
                    self.signatures = [v["by"] for v in checkpoint.votes]
                    self.needed = signing_of(checkpoint.packet).quorum
                    assert not set(self.signatures) & set(signing_of(checkpoint.packet).barred)
                    assert all(v["packet_digest"] == checkpoint.digest for v in checkpoint.votes)
            case Event.REQUEST_CHANGES:
                self.asked_for_changes += 1
            case _:
                assert self.state.failure is not None
                assert not self.state.failure.retryable
                return
        self.stopped_for |= settled
        self.open -= settled

    def _still_talking(self) -> bool:
        """Not for so long that a run consists of nothing else."""
        recent = self.seen[-4:]
        return self.checkpoint is not None and any(s.status is not Status.PENDING_REVIEW for s in recent)

    @precondition(_still_talking)
    @rule()
    def supersede(self) -> None:
        """The packet changed: whoever looked at the old one must look again."""
        assert self.checkpoint is not None
        self.artifact += 1
        self._move(Event.SUPERSEDE)
        old = self.checkpoint
        self._open(old.gate, old.reasons)
        self.checkpoint.earlier = [*old.earlier, old.digest]

    @precondition(lambda self: len(self.seen) > self.cancelled_after)
    @rule()
    def cancel(self) -> None:
        if self.state.status in (Status.COMPLETED, Status.FAILED, Status.CANCELLED):
            with pytest.raises(Conflict):
                self._move(Event.CANCEL)
            return
        leg = self.state.leg
        self._move(Event.CANCEL)
        assert self.state.leg == leg + 1
        self.checkpoint = None

    @precondition(lambda self: self.state.status is Status.FAILED)
    @rule()
    def retry(self) -> None:
        assert self.state.failure is not None
        if self.state.failure.retryable:
            self._move(Event.RETRY)
        else:
            with pytest.raises(Conflict) as caught:
                self._move(Event.RETRY)
            assert caught.value.code == "not_retryable"

    @precondition(lambda self: self.state.status in (Status.COMPLETED, Status.CANCELLED))
    @rule(event=st.sampled_from(Event), lapsed=st.booleans(), final=st.booleans())
    def asks_an_ended_session(self, event: Event, lapsed: bool, final: bool) -> None:
        with pytest.raises(Conflict):
            self._move(event, lease_lapsed=lapsed, final_gate=final, failure=BROKE)


LifecycleTest = Lifecycle.TestCase
LifecycleTest.settings = settings(
    # The rest of 300 with `python3 dev.py faults`, which draws anew.
    max_examples=300 if "PROOFROOM_FAULT_SEED" in os.environ else 100,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
