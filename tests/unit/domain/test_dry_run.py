"""Settings asked about a gate that was reached."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from proofroom.domain.dry_run import Reached, differs, said
from proofroom.domain.policy import Facts, Strategy
from proofroom.domain.policy_settings import PolicySettings
from proofroom.domain.risk import Consequence

OPENED = datetime(2026, 11, 2, 9, tzinfo=UTC)
GATE = Reached(
    Strategy.AUTO_APPROVE_LOW_RISK,
    Facts(),
    Consequence.INTERNAL_DRAFT,
    2,
    OPENED,
    OPENED + timedelta(hours=30),
)
ONE = PolicySettings()


def test_the_workspace_decides_whether_policy_may_sign_unless_the_settings_do() -> None:
    assert said(ONE, GATE, False).stops
    assert not said(ONE, GATE, True).stops
    assert said(PolicySettings(policy_may_sign=False), GATE, True).stops
    assert not said(PolicySettings(policy_may_sign=True), GATE, False).stops


def test_a_quorum_stops_what_policy_would_have_signed() -> None:
    two = said(PolicySettings(quorum={Consequence.INTERNAL_DRAFT: 2}), GATE, True)
    assert (two.stops, two.quorum) == (True, 2)
    assert differs(said(ONE, GATE, True), two) == ("stops", "quorum")


def test_authors_are_barred_where_duties_are_separated() -> None:
    assert (
        said(ONE, GATE, False).barred,
        said(PolicySettings(separate_duties=True), GATE, False).barred,
    ) == (0, 2)


def test_what_was_decided_too_late_is_told() -> None:
    day = PolicySettings(due_hours=24, expire_hours=48)
    first = said(day, GATE, False)
    assert (first.due_at, first.expires_at) == (OPENED + timedelta(hours=24), OPENED + timedelta(hours=48))
    assert (first.late, first.expired) == (True, False)
    slow = replace(GATE, decided_at=OPENED + timedelta(hours=60))
    assert said(day, slow, False).expired
    just = said(day, replace(GATE, decided_at=OPENED + timedelta(hours=24)), False)
    assert not just.late
    nobody = said(day, replace(GATE, decided_at=None), False)
    assert (nobody.late, nobody.expired) == (False, False)
    assert differs(first, first) == ()


def test_what_policy_signs_is_never_late() -> None:
    said_so = said(PolicySettings(due_hours=1, expire_hours=1), GATE, True)
    assert (said_so.stops, said_so.due_at, said_so.late, said_so.expired) == (False, None, False, False)
