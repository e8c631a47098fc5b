"""What policy does not sign alone because of what a text speaks of."""

import pytest

from proofroom.domain.policy import Facts, Gate, Pause, Strategy, evaluate
from proofroom.domain.risk import Level, assess, subjects_of


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("The usual dose is 5 mg for patients over 60.", ("medical",)),
        ("The supplier is liable for the delay.", ("legal",)),
        ("Investors were promised guaranteed returns.", ("financial",)),
        ("Patients may sue: the clinic faces a lawsuit.", ("medical", "legal")),
        ("The bridge was opened in 1987.", ()),
        ("A doseless, reliable, impatient word.", ()),
        ("", ()),
    ],
)
def test_subjects_by_their_words(text: str, subjects: tuple[str, ...]) -> None:
    assert subjects_of([text]) == subjects


def test_a_subject_is_high_risk_and_policy_does_not_sign_it() -> None:
    risk = assess([], [], flags=0, triggers=0, subjects=("medical",))
    assert risk.level is Level.HIGH
    assert "It speaks on a medical matter." in risk.because
    verdict = evaluate(
        Strategy.AUTO_APPROVE_LOW_RISK, Gate.FINAL, Facts(opted_in=True, subjects=("medical", "legal"))
    )
    assert isinstance(verdict, Pause)
    assert verdict.because == ("It speaks on a medical and a legal matter.",)
