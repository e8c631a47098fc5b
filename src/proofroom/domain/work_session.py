"""The lifecycle of a work session: one table of transitions, and nothing else that assigns a status.

A *leg* is the stretch of work between two resting places; `leg` is also the fencing number: whatever an older
leg still writes changes nothing. An *iteration* is one round of work; a change request starts the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from proofroom.domain.errors import Conflict

MAX_CHANGE_REQUESTS = 3
"""Change requests over a whole session. After the third, a person can only approve or reject."""

MAX_UNSETTLED_CLAIMS = 5
"""Claims in a row that never came to a resting place, before the session is given up as poisoned."""

MAX_RELEASES = 20
"""Legs in a row that the database cut off and that are not counted as claims without a resting place; later ones are,
since it may be the session itself that the database cannot bear."""


class Status(StrEnum):
    INITIALIZED = "initialized"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    PENDING_REVIEW = "pending_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What can happen to a session. `complete` and `fail` are the two ways to settle a leg; a decision is `…_pending`
    while whoever made it can still take it back."""

    EXECUTE = "execute"
    OPEN_CHECK = "open_check"
    CLAIM = "claim"
    RELEASE = "release"
    PAUSE = "pause"
    SEAL = "seal"
    COMPLETE = "complete"
    FAIL = "fail"
    GIVE_UP = "give_up"
    VOTE = "vote"
    SUPERSEDE = "supersede"
    APPROVE_PENDING = "approve_pending"
    REJECT_PENDING = "reject_pending"
    REQUEST_CHANGES_PENDING = "request_changes_pending"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    EXPIRE = "expire"
    CANCEL = "cancel"
    RETRY = "retry"


S, E = Status, Event

TRANSITIONS: Mapping[tuple[Status, Event], Status] = MappingProxyType(
    {
        (S.INITIALIZED, E.EXECUTE): S.QUEUED,
        (S.INITIALIZED, E.OPEN_CHECK): S.PENDING_REVIEW,
        (S.QUEUED, E.CLAIM): S.IN_PROGRESS,
        (S.IN_PROGRESS, E.CLAIM): S.IN_PROGRESS,  # only when the lease has lapsed
        (
            S.IN_PROGRESS,
            E.RELEASE,
        ): S.IN_PROGRESS,  # its worker lives and cannot go on; the lease ends at once
        (S.IN_PROGRESS, E.PAUSE): S.PENDING_REVIEW,
        (S.IN_PROGRESS, E.SEAL): S.IN_PROGRESS,  # the final gate, decided by policy; this leg finalizes
        (S.IN_PROGRESS, E.COMPLETE): S.COMPLETED,  # only once the final gate is sealed
        (S.IN_PROGRESS, E.FAIL): S.FAILED,
        (S.IN_PROGRESS, E.GIVE_UP): S.FAILED,
        (S.PENDING_REVIEW, E.VOTE): S.PENDING_REVIEW,
        (S.PENDING_REVIEW, E.SUPERSEDE): S.PENDING_REVIEW,
        (S.PENDING_REVIEW, E.APPROVE_PENDING): S.PENDING_REVIEW,
        (S.PENDING_REVIEW, E.REJECT_PENDING): S.PENDING_REVIEW,
        (S.PENDING_REVIEW, E.REQUEST_CHANGES_PENDING): S.PENDING_REVIEW,
        (S.PENDING_REVIEW, E.WITHDRAW): S.PENDING_REVIEW,
        (S.PENDING_REVIEW, E.APPROVE): S.QUEUED,
        (S.PENDING_REVIEW, E.REQUEST_CHANGES): S.QUEUED,
        (S.PENDING_REVIEW, E.REJECT): S.FAILED,
        (S.PENDING_REVIEW, E.EXPIRE): S.FAILED,
        (S.INITIALIZED, E.CANCEL): S.CANCELLED,
        (S.QUEUED, E.CANCEL): S.CANCELLED,
        (S.IN_PROGRESS, E.CANCEL): S.CANCELLED,
        (S.PENDING_REVIEW, E.CANCEL): S.CANCELLED,
        (S.FAILED, E.RETRY): S.QUEUED,
    }
)

RESTING = frozenset({S.INITIALIZED, S.PENDING_REVIEW, S.COMPLETED, S.FAILED, S.CANCELLED})
"""Statuses in which nothing runs and nothing is about to."""

CLOSED = frozenset({S.COMPLETED, S.FAILED, S.CANCELLED})
"""Statuses in which no review is open."""


class NextStep(StrEnum):
    """What the next leg is for: agent work, or finalizing what was sealed at the final gate."""

    WORK = "work"
    FINALIZE = "finalize"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a session failed. `code` is stable; `retryable` says whether `retry` may queue it again."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class State:
    """What the rules look at. `version` grows with every transition and is what a write compares."""

    status: Status = S.INITIALIZED
    version: int = 1
    leg: int = 0
    iteration: int = 1
    change_requests: int = 0
    next_step: NextStep = NextStep.WORK
    unsettled_claims: int = 0
    failure: Failure | None = None


_REFUSALS: Mapping[Event, str] = MappingProxyType(
    {
        E.EXECUTE: "Only a session that has not been started can be executed.",
        E.CLAIM: "Only a queued session, or one whose worker went silent, can be claimed.",
        E.APPROVE: "Only a session that waits for review can be approved.",
        E.REQUEST_CHANGES: "Only a session that waits for review can be sent back.",
        E.REJECT: "Only a session that waits for review can be rejected.",
        E.CANCEL: "It has already ended.",
        E.RETRY: "Only a session that failed can be retried.",
    }
)


def wrong_status(status: Status, event: Event) -> Conflict:
    """The refusal of an event in a status: Conflict with code `wrong_status`."""
    return Conflict(
        "wrong_status",
        f"This session is {status.value.replace('_', ' ')}; {event.value.replace('_', ' ')} is not possible.",
        hint=_REFUSALS.get(event, "Look at its current status and try what that status allows."),
        extra={"session_status": status.value, "event": event.value},
    )


def can(state: State, event: Event) -> bool:
    """Whether the table has the event for this status (its guards may still refuse it)."""
    return (state.status, event) in TRANSITIONS


def apply(
    state: State,
    event: Event,
    *,
    lease_lapsed: bool = False,
    final_gate: bool = False,
    failure: Failure | None = None,
) -> State:
    """The state after an event.

    `lease_lapsed`: the lease of the leg that holds an in_progress session has run out (claim, give_up).
    `final_gate`: the approved checkpoint is the final one. `failure`: why (fail).

    A pause takes back what was sealed before: only a final gate passed after it lets the session complete.

    Raises Conflict: `wrong_status` when the table refuses, `leased` when another worker holds the session or
    it may still settle, `claims_exhausted` when it can only be given up, `iterations_exhausted`,
    `not_retryable`, `not_sealed`. Raises ValueError for a `fail` without a failure.
    """
    target = TRANSITIONS.get((state.status, event))
    if target is None:
        raise wrong_status(state.status, event)
    moved = replace(state, status=target, version=state.version + 1)
    match event:
        case E.CLAIM:
            if state.status is S.IN_PROGRESS and not lease_lapsed:
                raise Conflict(
                    "leased", "Another worker holds this session.", hint="It ends or lapses by itself."
                )
            if state.unsettled_claims >= MAX_UNSETTLED_CLAIMS:
                raise Conflict(
                    "claims_exhausted",
                    f"{state.unsettled_claims} workers in a row stopped in the middle of this session.",
                    hint="It is given up now; retry it once you know why they stopped.",
                )
            return replace(moved, leg=state.leg + 1, unsettled_claims=state.unsettled_claims + 1)
        case E.RELEASE:  # the session is not to blame, so the claim does not count
            return replace(moved, unsettled_claims=max(0, state.unsettled_claims - 1))
        case E.GIVE_UP:
            if not lease_lapsed or state.unsettled_claims < MAX_UNSETTLED_CLAIMS:
                raise Conflict("leased", "This session may still settle.", hint="It is claimed again first.")
            poisoned = Failure(
                "poisoned",
                f"{state.unsettled_claims} workers in a row stopped in the middle of this session.",
                retryable=True,
            )
            return replace(moved, leg=state.leg + 1, failure=poisoned, unsettled_claims=0)
        case E.SEAL:
            return replace(moved, next_step=NextStep.FINALIZE)
        case E.COMPLETE:
            if state.next_step is not NextStep.FINALIZE:
                raise Conflict(
                    "not_sealed",
                    "The final gate of this session has not been passed.",
                    hint="It must be approved, by a person or by policy, before it can complete.",
                )
            return replace(moved, unsettled_claims=0)
        case E.FAIL:
            if failure is None:
                raise ValueError("a failed session says why")
            return replace(moved, failure=failure, unsettled_claims=0)
        case E.PAUSE | E.OPEN_CHECK:
            return replace(moved, next_step=NextStep.WORK, unsettled_claims=0)
        case E.APPROVE:
            return replace(moved, next_step=NextStep.FINALIZE if final_gate else NextStep.WORK)
        case E.REQUEST_CHANGES | E.REQUEST_CHANGES_PENDING:
            if state.change_requests >= MAX_CHANGE_REQUESTS:
                raise Conflict(
                    "iterations_exhausted",
                    f"Changes were asked for {MAX_CHANGE_REQUESTS} times; this round is the last.",
                    hint="Approve it, with edits of your own if need be, or reject it.",
                )
            if event is E.REQUEST_CHANGES_PENDING:
                return moved
            return replace(
                moved,
                iteration=state.iteration + 1,
                change_requests=state.change_requests + 1,
                next_step=NextStep.WORK,
            )
        case E.REJECT:
            return replace(moved, failure=Failure("rejected", "A reviewer rejected it.", retryable=False))
        case E.EXPIRE:
            return replace(
                moved, failure=Failure("review_expired", "Nobody signed it in time.", retryable=False)
            )
        case E.CANCEL:
            return replace(moved, leg=state.leg + 1)
        case E.RETRY:
            if state.failure is None or not state.failure.retryable:
                raise Conflict(
                    "not_retryable",
                    "This session ended for good and cannot be retried.",
                    hint="Fork it: a new session starts from the same request.",
                    extra={"failure_code": state.failure.code if state.failure else None},
                )
            return replace(moved, failure=None, unsettled_claims=0)
        case E.EXECUTE | E.VOTE | E.SUPERSEDE | E.APPROVE_PENDING | E.REJECT_PENDING | E.WITHDRAW:
            return moved
        case _:
            assert_never(event)
