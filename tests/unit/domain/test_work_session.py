"""Every status with every event, against a table written out here by hand, and every guard on its own."""

from dataclasses import replace
from itertools import product

import pytest

from proofroom.domain.errors import Conflict
from proofroom.domain.work_session import (
    CLOSED,
    MAX_CHANGE_REQUESTS,
    MAX_RELEASES,
    MAX_UNSETTLED_CLAIMS,
    RESTING,
    TRANSITIONS,
    Event,
    Failure,
    NextStep,
    State,
    Status,
    apply,
    can,
    wrong_status,
)

STATUSES = ("initialized", "queued", "in_progress", "pending_review", "completed", "failed", "cancelled")
EVENTS = (
    "execute", "open_check", "claim", "release", "pause", "seal", "complete", "fail", "give_up", "vote", "supersede",
    "approve_pending", "reject_pending", "request_changes_pending", "withdraw", "approve", "request_changes", "reject",
    "expire", "cancel", "retry",
)  # fmt: skip

# What each status allows; whatever is not here must be refused.
ALLOWED: dict[str, dict[str, str]] = {
    "initialized": {"execute": "queued", "open_check": "pending_review", "cancel": "cancelled"},
    "queued": {"claim": "in_progress", "cancel": "cancelled"},
    "in_progress": {
        "claim": "in_progress",
        "release": "in_progress",
        "pause": "pending_review",
        "seal": "in_progress",
        "complete": "completed",
        "fail": "failed",
        "give_up": "failed",
        "cancel": "cancelled",
    },
    "pending_review": {
        "vote": "pending_review",
        "supersede": "pending_review",
        "approve_pending": "pending_review",
        "reject_pending": "pending_review",
        "request_changes_pending": "pending_review",
        "withdraw": "pending_review",
        "approve": "queued",
        "request_changes": "queued",
        "reject": "failed",
        "expire": "failed",
        "cancel": "cancelled",
    },
    "completed": {},
    "failed": {"retry": "queued"},
    "cancelled": {},
}

BROKE = Failure("provider_error", "The provider hung up.", retryable=True)
FOR_GOOD = Failure("rejected", "A reviewer rejected it.", retryable=False)


def ready_for(status: str, event: str) -> State:
    """A state in which no guard stands in the way of the event."""
    return State(
        status=Status(status),
        version=7,
        leg=3,
        iteration=2,
        change_requests=1,
        next_step=NextStep.FINALIZE if event == "complete" else NextStep.WORK,
        unsettled_claims=MAX_UNSETTLED_CLAIMS if event == "give_up" else 1,
        failure=BROKE if status == "failed" else None,
    )


def go(state: State, event: str) -> State:
    return apply(state, Event(event), lease_lapsed=True, final_gate=True, failure=BROKE)


def refused(state: State, event: Event, *, lease_lapsed: bool = False, final_gate: bool = False) -> Conflict:
    with pytest.raises(Conflict) as caught:
        apply(state, event, lease_lapsed=lease_lapsed, final_gate=final_gate)
    assert caught.value.message
    assert caught.value.hint
    return caught.value


def test_the_table_here_knows_every_status_and_event() -> None:
    assert {s.value for s in Status} == set(STATUSES) == set(ALLOWED)
    assert {e.value for e in Event} == set(EVENTS)
    assert sum(len(row) for row in ALLOWED.values()) == len(TRANSITIONS) == 25


@pytest.mark.parametrize(("status", "event"), list(product(STATUSES, EVENTS)))
def test_every_status_with_every_event(status: str, event: str) -> None:
    state = ready_for(status, event)
    target = ALLOWED[status].get(event)
    assert can(state, Event(event)) is (target is not None)
    if target is None:
        error = refused(state, Event(event), lease_lapsed=True, final_gate=True)
        assert error.code == "wrong_status"
        assert error.extra == {"session_status": status, "event": event}
        assert status.replace("_", " ") in error.message
        assert event.replace("_", " ") in error.message
    else:
        moved = go(state, event)
        assert moved.status.value == target
        assert moved.version == 8


@pytest.mark.parametrize(
    ("status", "event", "changes"),
    [
        ("initialized", "execute", {}),
        ("initialized", "open_check", {"unsettled_claims": 0}),
        ("queued", "claim", {"leg": 4, "unsettled_claims": 2}),
        ("in_progress", "claim", {"leg": 4, "unsettled_claims": 2}),
        ("in_progress", "release", {"unsettled_claims": 0}),
        ("in_progress", "pause", {"unsettled_claims": 0}),
        ("in_progress", "seal", {"next_step": NextStep.FINALIZE}),
        ("in_progress", "complete", {"unsettled_claims": 0}),
        ("in_progress", "fail", {"failure": BROKE, "unsettled_claims": 0}),
        (
            "in_progress",
            "give_up",
            {
                "leg": 4,
                "unsettled_claims": 0,
                "failure": Failure(
                    "poisoned", "5 workers in a row stopped in the middle of this session.", retryable=True
                ),
            },
        ),
        ("pending_review", "vote", {}),
        ("pending_review", "supersede", {}),
        ("pending_review", "approve_pending", {}),
        ("pending_review", "reject_pending", {}),
        ("pending_review", "request_changes_pending", {}),
        ("pending_review", "withdraw", {}),
        ("pending_review", "approve", {"next_step": NextStep.FINALIZE}),
        ("pending_review", "request_changes", {"iteration": 3, "change_requests": 2}),
        ("pending_review", "reject", {"failure": FOR_GOOD}),
        (
            "pending_review",
            "expire",
            {"failure": Failure("review_expired", "Nobody signed it in time.", retryable=False)},
        ),
        ("initialized", "cancel", {"leg": 4}),
        ("queued", "cancel", {"leg": 4}),
        ("in_progress", "cancel", {"leg": 4}),
        ("pending_review", "cancel", {"leg": 4}),
        ("failed", "retry", {"failure": None, "unsettled_claims": 0}),
    ],
)
def test_what_else_a_transition_changes_and_nothing_more(
    status: str, event: str, changes: dict[str, object]
) -> None:
    state = ready_for(status, event)
    expected = replace(state, status=Status(ALLOWED[status][event]), version=8, **changes)  # type: ignore[arg-type]
    assert go(state, event) == expected


def test_a_transition_leaves_the_state_it_started_from_alone() -> None:
    state = State()
    apply(state, Event.EXECUTE)
    assert state == State(Status.INITIALIZED, 1, 0, 1, 0, NextStep.WORK, 0, None)


def test_the_limits() -> None:
    assert MAX_CHANGE_REQUESTS == 3
    assert MAX_UNSETTLED_CLAIMS >= 2
    assert MAX_RELEASES >= 2


def test_resting_and_closed_statuses() -> None:
    assert {s.value for s in RESTING} == {"initialized", "pending_review", "completed", "failed", "cancelled"}
    assert {s.value for s in CLOSED} == {"completed", "failed", "cancelled"}


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("status", list(Status))
def test_every_refusal_says_what_happened_and_what_to_do(status: Status, event: Event) -> None:
    error = wrong_status(status, event)
    assert error.code == "wrong_status"
    assert len(error.message) > 20
    assert len(error.hint) > 10


def test_the_common_refusals_have_hints_of_their_own() -> None:
    common = ["execute", "claim", "approve", "request_changes", "reject", "cancel", "retry"]
    hints = {wrong_status(Status.COMPLETED, Event(e)).hint for e in (*common, "vote")}
    assert len(hints) == len(common) + 1


def test_next_steps_are_stored_by_these_names() -> None:
    assert [s.value for s in NextStep] == ["work", "finalize"]


def test_without_a_word_on_lease_or_gate_the_careful_thing_is_assumed() -> None:
    with pytest.raises(Conflict) as caught:
        apply(State(status=Status.IN_PROGRESS), Event.CLAIM)
    assert caught.value.code == "leased"
    assert apply(State(status=Status.PENDING_REVIEW), Event.APPROVE).next_step is NextStep.WORK


def test_a_held_session_is_not_claimed_before_its_lease_has_lapsed() -> None:
    held = State(status=Status.IN_PROGRESS, leg=1, unsettled_claims=1)
    assert refused(held, Event.CLAIM).code == "leased"
    assert apply(held, Event.CLAIM, lease_lapsed=True).leg == 2


def test_a_queued_session_is_claimed_whatever_its_old_lease_says() -> None:
    assert apply(State(status=Status.QUEUED), Event.CLAIM).leg == 1


@pytest.mark.parametrize(
    ("lapsed", "claims", "code"),
    [
        (False, MAX_UNSETTLED_CLAIMS, "leased"),
        (True, MAX_UNSETTLED_CLAIMS - 1, "leased"),
        (False, 0, "leased"),
        (True, MAX_UNSETTLED_CLAIMS, None),
        (True, MAX_UNSETTLED_CLAIMS + 1, None),
    ],
)
def test_giving_up_needs_a_lapsed_lease_and_enough_claims(
    lapsed: bool, claims: int, code: str | None
) -> None:
    state = State(status=Status.IN_PROGRESS, unsettled_claims=claims)
    if code:
        assert refused(state, Event.GIVE_UP, lease_lapsed=lapsed).code == code
    else:
        given_up = apply(state, Event.GIVE_UP, lease_lapsed=lapsed)
        assert given_up.failure is not None
        assert given_up.failure.code == "poisoned"
        assert str(claims) in given_up.failure.message


def test_workers_that_keep_dying_cannot_claim_without_end() -> None:
    state = apply(State(), Event.EXECUTE)
    for _ in range(MAX_UNSETTLED_CLAIMS):
        state = apply(state, Event.CLAIM, lease_lapsed=True)
    error = refused(state, Event.CLAIM, lease_lapsed=True)
    assert error.code == "claims_exhausted"
    assert str(MAX_UNSETTLED_CLAIMS) in error.message
    assert refused(state, Event.CLAIM).code == "leased"  # as long as the lease runs, it may still settle
    assert apply(state, Event.GIVE_UP, lease_lapsed=True).status is Status.FAILED


def test_a_claim_that_was_released_does_not_count() -> None:
    state = apply(State(), Event.EXECUTE)
    for leg in range(1, MAX_UNSETTLED_CLAIMS * 2):
        state = apply(state, Event.CLAIM, lease_lapsed=True)
        assert (state.leg, state.unsettled_claims) == (leg, 1)
        state = apply(state, Event.RELEASE)
        assert (state.leg, state.unsettled_claims) == (leg, 0)
    assert apply(state, Event.RELEASE).unsettled_claims == 0


def test_a_resting_place_counts_claims_from_zero_again() -> None:
    state = apply(State(), Event.EXECUTE)
    for _ in range(MAX_UNSETTLED_CLAIMS * 2):
        state = apply(apply(apply(state, Event.CLAIM), Event.PAUSE), Event.APPROVE)
    assert state.unsettled_claims == 0


def test_nothing_completes_unsealed() -> None:
    assert refused(State(status=Status.IN_PROGRESS), Event.COMPLETE).code == "not_sealed"


def test_only_the_final_gate_seals() -> None:
    review = State(status=Status.PENDING_REVIEW)
    assert apply(review, Event.APPROVE).next_step is NextStep.WORK
    assert apply(review, Event.APPROVE, final_gate=True).next_step is NextStep.FINALIZE


def test_a_pause_takes_the_seal_back() -> None:
    """A session sealed once and stopped again must not complete on the approval of a mid-work question."""
    sealed = State(status=Status.IN_PROGRESS, next_step=NextStep.FINALIZE)
    paused = apply(sealed, Event.PAUSE)
    assert paused.next_step is NextStep.WORK
    resumed = apply(apply(paused, Event.APPROVE), Event.CLAIM)
    assert refused(resumed, Event.COMPLETE).code == "not_sealed"


def test_an_approval_short_of_the_final_gate_never_inherits_a_seal() -> None:
    odd = State(status=Status.PENDING_REVIEW, next_step=NextStep.FINALIZE)
    assert apply(odd, Event.APPROVE).next_step is NextStep.WORK


def test_a_change_request_takes_the_seal_back() -> None:
    odd = State(status=Status.PENDING_REVIEW, next_step=NextStep.FINALIZE)
    assert apply(odd, Event.REQUEST_CHANGES).next_step is NextStep.WORK


def test_a_seal_outlives_the_worker_and_a_retry() -> None:
    state = apply(apply(apply(State(), Event.EXECUTE), Event.CLAIM), Event.SEAL)
    state = apply(state, Event.CLAIM, lease_lapsed=True)
    state = apply(state, Event.FAIL, failure=BROKE)
    state = apply(apply(state, Event.RETRY), Event.CLAIM)
    assert apply(state, Event.COMPLETE).status is Status.COMPLETED


def test_a_failure_says_why() -> None:
    with pytest.raises(ValueError, match="says why"):
        apply(State(status=Status.IN_PROGRESS), Event.FAIL)


def test_three_change_requests_and_no_fourth() -> None:
    state = State(status=Status.IN_PROGRESS)
    for n in range(1, 4):
        state = apply(apply(state, Event.PAUSE), Event.REQUEST_CHANGES)
        assert (state.change_requests, state.iteration) == (n, n + 1)
        state = apply(state, Event.CLAIM)
    last = apply(state, Event.PAUSE)
    for event in (Event.REQUEST_CHANGES, Event.REQUEST_CHANGES_PENDING):  # at once, not when it is let go
        error = refused(last, event)
        assert error.code == "iterations_exhausted"
        assert "3" in error.message
    assert apply(last, Event.APPROVE, final_gate=True).status is Status.QUEUED
    assert apply(last, Event.REJECT).status is Status.FAILED


@pytest.mark.parametrize(("failure", "code"), [(FOR_GOOD, "rejected"), (None, None)])
def test_only_what_can_be_retried_is_retried(failure: Failure | None, code: str | None) -> None:
    error = refused(State(status=Status.FAILED, failure=failure), Event.RETRY)
    assert error.code == "not_retryable"
    assert error.extra == {"failure_code": code}


@pytest.mark.parametrize("event", [Event.REJECT, Event.EXPIRE])
def test_what_people_ended_is_not_retried(event: Event) -> None:
    ended = apply(State(status=Status.PENDING_REVIEW), event)
    assert refused(ended, Event.RETRY).code == "not_retryable"


def test_the_table_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        TRANSITIONS[Status.COMPLETED, Event.RETRY] = Status.QUEUED  # type: ignore[index]
