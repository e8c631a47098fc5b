"""Requests a minute: who is counted with whom, what a refusal says, and that waiting helps."""

from dataclasses import replace
from uuid import UUID

import pytest

from proofroom.api import limits
from proofroom.api.limits import Gate, Rates, rates_of
from proofroom.domain.errors import TooMany
from proofroom.services.access import Actor
from proofroom.settings import Settings

ANN = Actor(UUID(int=1), UUID(int=11), "Ann", "admin")
BOB = Actor(UUID(int=1), UUID(int=12), "Bob", "requester")
CYD = Actor(UUID(int=2), UUID(int=13), "Cyd", "admin")
P = "/api/projects/p"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def asks(gate: Gate, actor: Actor, method: str = "GET", path: str = P) -> float | None:
    """None when it passes, else the seconds to wait."""
    try:
        gate.admit(actor, method, path)
    except TooMany as refused:
        return refused.retry_after if refused.code == "rate_limited" else None
    return None


def test_who_waits_as_long_as_told_may_ask_again() -> None:
    clock = Clock()
    gate = Gate(Rates(user=3), clock)
    assert [asks(gate, ANN) for _ in range(3)] == [None, None, None]
    assert asks(gate, ANN) == pytest.approx(20)
    assert asks(gate, BOB) is None
    clock.now = 19.9
    assert asks(gate, ANN) is not None
    clock.now = 20.0 + 1e-6
    assert asks(gate, ANN) is None
    assert asks(gate, ANN) is not None
    clock.now = 10_000.0
    assert [asks(gate, ANN) is None for _ in range(4)] == [True, True, True, False]


def test_a_workspace_is_counted_over_its_users_and_an_agents_key_apart_from_its_owner() -> None:
    gate = Gate(Rates(user=2, workspace=5), Clock())
    agent = replace(ANN, scope="agent")
    assert [asks(gate, who) is None for who in (ANN, ANN, ANN)] == [True, True, False]
    assert [asks(gate, who) is None for who in (agent, agent, BOB, BOB)] == [True, True, True, False]
    assert asks(gate, CYD) is None


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("POST", f"{P}/work-sessions", True),
        ("POST", f"{P}/work-sessions/s/execute", True),
        ("POST", f"{P}/work-sessions/s/retry", True),
        ("POST", f"{P}/work-sessions/s/fork", True),
        ("POST", f"{P}/checks", True),
        ("GET", f"{P}/work-sessions", False),
        ("POST", f"{P}/work-sessions/s/cancel", False),
        ("POST", f"{P}/work-sessions/s/checkpoints/c/approve", False),
        ("POST", f"{P}/work-sessions/s/agent-events", False),
    ],
)
def test_what_starts_work_is_counted_more_narrowly(method: str, path: str, counted: bool) -> None:
    gate = Gate(Rates(executions=1), Clock())
    assert asks(gate, ANN, method, path) is None
    assert (asks(gate, ANN, method, path) is not None) == counted


def test_captures_are_counted_and_a_refusal_uses_nothing_up() -> None:
    clock = Clock()
    gate = Gate(Rates(user=3, captures=1), clock)
    assert asks(gate, ANN, "POST", f"{P}/sources") is None
    assert asks(gate, ANN, "PUT", f"{P}/sources/s/content") == pytest.approx(60)
    assert asks(gate, ANN, "GET", f"{P}/sources") is None
    assert asks(gate, ANN, "GET", f"{P}/sources") is None
    assert asks(gate, ANN, "GET", f"{P}/sources") is not None


def test_local_mode_has_no_limit_unless_one_is_set() -> None:
    assert rates_of(Settings(), local=True) == Rates()
    assert rates_of(Settings(), local=False) == Rates(600, 6_000, 120, 60)
    assert rates_of(Settings(requests_per_minute=7), local=True) == Rates(user=7)
    assert rates_of(Settings(requests_per_minute=0), local=False).user is None


def test_whoever_stopped_asking_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_KNOWN", 10)
    clock = Clock()
    gate = Gate(Rates(user=1), clock)
    for n in range(10):
        assert asks(gate, replace(ANN, member_id=UUID(int=n))) is None
    clock.now = 61.0
    assert asks(gate, BOB) is None
    assert len(gate._left) == 1  # pyright: ignore[reportPrivateUsage]
