"""The strategies against an oracle written here from what each promises, over every combination of facts."""

from collections.abc import Iterable
from itertools import chain, combinations, product

import pytest

from proofroom.domain.policy import (
    BLOCKING,
    DEFAULT_THRESHOLD,
    POLICY_VERSION,
    RULES,
    Facts,
    Gate,
    Pause,
    Proceed,
    Strategy,
    Trigger,
    Verdict,
    evaluate,
    explain,
)

# In the order in which reasons are listed.
TRIGGERS = (
    "low_confidence",
    "review_requested",
    "high_impact",
    "conflict",
    "suspicious_source",
    "question",
    "budget",
)
STRATEGIES = ("checkpoint_required", "final_only", "auto_approve_low_risk")
GATES = ("plan", "mid", "final")


def subsets(names: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, n) for n in range(len(names) + 1))


def oracle(
    strategy: str,
    gate: str,
    open_: tuple[str, ...],
    came_up: bool,
    flags: int,
    plan_ok: bool,
    external: bool,
    opted: bool,
) -> tuple[str, ...] | None:
    """The reasons to pause for, or None to go on."""
    if gate == "plan":
        return ("plan",) if strategy == "checkpoint_required" and not plan_ok else None
    if gate == "mid":
        if strategy == "checkpoint_required":
            stops = set(TRIGGERS)
        elif strategy == "final_only":
            stops = {"question", "budget"}
        else:
            stops = set(TRIGGERS) - {"low_confidence"}
        reasons = tuple(t for t in open_ if t in stops)
        return reasons or None
    low_risk = opted and not external and flags == 0 and not came_up and not open_
    if strategy == "auto_approve_low_risk" and low_risk:
        return None
    return ("final", *open_)


def reasons_of(verdict: Verdict) -> tuple[str, ...] | None:
    assert verdict.because, "every verdict says why"
    assert all(line.strip() for line in verdict.because)
    return verdict.reasons if isinstance(verdict, Pause) else None


@pytest.mark.parametrize(("strategy", "gate"), list(product(STRATEGIES, GATES)))
def test_every_combination_of_facts(strategy: str, gate: str) -> None:
    tried = 0
    for open_, came_up, flags, plan_ok, external, opted in product(
        subsets(TRIGGERS), (False, True), (0, 1, 12), (False, True), (False, True), (False, True)
    ):
        facts = Facts(
            open_triggers=frozenset(Trigger(t) for t in open_),
            any_trigger=came_up,
            flags=flags,
            plan_approved=plan_ok,
            external=external,
            opted_in=opted,
        )
        verdict = evaluate(Strategy(strategy), Gate(gate), facts)
        expected = oracle(strategy, gate, open_, came_up, flags, plan_ok, external, opted)
        assert reasons_of(verdict) == expected, facts
        tried += 1
    assert tried == 128 * 48


def test_the_names_are_those_of_the_interface() -> None:
    assert tuple(t.value for t in Trigger) == TRIGGERS
    assert tuple(s.value for s in Strategy) == STRATEGIES
    assert tuple(g.value for g in Gate) == GATES
    assert {t.value for t in BLOCKING} == {"question", "budget"}


def test_without_rules_everything_pauses() -> None:
    for strategy, gate in product(Strategy, Gate):
        verdict = evaluate(strategy, gate, Facts(plan_approved=True, opted_in=True), rules=())
        expected = {"plan": ("plan",), "mid": ("review_requested",), "final": ("final",)}[gate.value]
        assert reasons_of(verdict) == expected


def test_the_first_rule_with_an_opinion_decides() -> None:
    def silent(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
        return None

    def stop(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
        return Pause(("final",), ("Stop.",))

    def go(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
        return Proceed(("Go.",))

    at = (Strategy.FINAL_ONLY, Gate.FINAL, Facts())
    assert evaluate(*at, rules=(silent, stop, go)) == Pause(("final",))
    assert evaluate(*at, rules=(silent, go, stop)) == Proceed(("Go.",))


@pytest.mark.parametrize("strategy", list(Strategy))
def test_no_single_rule_holds_the_final_gate_alone(strategy: Strategy) -> None:
    """Whichever rule is left out, what remains or the missing answer pauses."""
    facts = Facts(open_triggers=frozenset({Trigger.QUESTION}), any_trigger=True, opted_in=True)
    for left_out in RULES:
        rules = tuple(r for r in RULES if r is not left_out)
        assert isinstance(evaluate(strategy, Gate.FINAL, facts, rules), Pause)


def test_a_strategy_nobody_knows_pauses_everywhere() -> None:
    """The rules compare with strategies by name; what they do not name is left to the last line."""
    unknown: Strategy = "be_bold"  # type: ignore[assignment]
    for gate, blocked in product(Gate, (False, True)):
        facts = Facts(
            open_triggers=frozenset({Trigger.BUDGET if blocked else Trigger.CONFLICT}), any_trigger=True
        )
        assert isinstance(evaluate(unknown, gate, facts), Pause)


@pytest.mark.parametrize("trigger", [Trigger.QUESTION, Trigger.BUDGET])
@pytest.mark.parametrize("strategy", list(Strategy))
def test_nothing_gets_past_an_open_question_or_an_empty_budget(strategy: Strategy, trigger: Trigger) -> None:
    verdict = evaluate(strategy, Gate.MID, Facts(frozenset({trigger}), any_trigger=True, opted_in=True))
    assert verdict == Pause((trigger.value,))


def test_doubts_left_for_the_end_are_not_settled_with_a_question() -> None:
    """Who answers a question in the middle has not been asked about the rest: it waits for the final gate."""
    open_ = frozenset({Trigger.LOW_CONFIDENCE, Trigger.CONFLICT, Trigger.QUESTION})
    facts = Facts(open_, any_trigger=True)
    assert evaluate(Strategy.FINAL_ONLY, Gate.MID, facts) == Pause(("question",))
    assert evaluate(Strategy.AUTO_APPROVE_LOW_RISK, Gate.MID, facts) == Pause(("conflict", "question"))
    assert evaluate(Strategy.CHECKPOINT_REQUIRED, Gate.MID, facts) == Pause(
        ("low_confidence", "conflict", "question")
    )


def test_an_open_trigger_counts_even_where_nobody_noted_that_one_came_up() -> None:
    facts = Facts(open_triggers=frozenset({Trigger.LOW_CONFIDENCE}), any_trigger=False, opted_in=True)
    assert evaluate(Strategy.AUTO_APPROVE_LOW_RISK, Gate.FINAL, facts) == Pause(("final", "low_confidence"))


def test_what_policy_signs_is_recorded_with_each_of_its_reasons() -> None:
    verdict = evaluate(Strategy.AUTO_APPROVE_LOW_RISK, Gate.FINAL, Facts(opted_in=True))
    assert isinstance(verdict, Proceed)
    assert len(verdict.because) == 4


def test_what_speaks_against_low_risk_is_said_in_full() -> None:
    verdict = evaluate(
        Strategy.AUTO_APPROVE_LOW_RISK,
        Gate.FINAL,
        Facts(
            any_trigger=True,
            flags=3,
            external=True,
            signatures=2,
            overturned=1,
            subjects=("medical", "legal"),
        ),
    )
    assert verdict.because == (
        "Nobody has allowed policy to sign here.",
        "2 people must sign this.",
        "Approval would release something outside this project.",
        "Something came up during the work.",
        "It speaks on a medical and a legal matter.",
        "3 claims need a person.",
        "1 of this kind was lately sent back or rejected.",
    )
    one, many = (
        evaluate(Strategy.AUTO_APPROVE_LOW_RISK, Gate.FINAL, Facts(opted_in=True, flags=n, overturned=n))
        for n in (1, 2)
    )
    assert one.because[0] == "1 claim needs a person."
    assert many.because[1] == "2 of this kind were lately sent back or rejected."


@pytest.mark.parametrize(
    "facts",
    [
        Facts(opted_in=True, signatures=2),
        Facts(opted_in=True, overturned=1),
        Facts(opted_in=True, subjects=("legal",)),
    ],
)
def test_policy_does_not_sign_for_several_people_nor_after_a_rejection_nor_where_mistakes_do_harm(
    facts: Facts,
) -> None:
    assert evaluate(Strategy.AUTO_APPROVE_LOW_RISK, Gate.FINAL, facts) == Pause(("final",))


@pytest.mark.parametrize(("strategy", "gate"), list(product(Strategy, Gate)))
def test_explaining_says_what_each_rule_said_up_to_the_one_that_decided(
    strategy: Strategy, gate: Gate
) -> None:
    for facts in (Facts(), Facts(frozenset({Trigger.QUESTION}), any_trigger=True), Facts(plan_approved=True)):
        verdict, asked = explain(strategy, gate, facts)
        assert verdict == evaluate(strategy, gate, facts)
        *silent, decided = asked
        assert [a.verdict for a in silent] == [None] * len(silent)
        assert decided.verdict == verdict
        assert [a.rule for a in asked] == [r.__name__.replace("_", " ") for r in RULES[: len(asked)]]


def test_explaining_a_case_without_a_rule_says_that_it_pauses() -> None:
    verdict, asked = explain(Strategy.FINAL_ONLY, Gate.PLAN, Facts(), rules=())
    assert [(a.rule, a.verdict) for a in asked] == [("pauses where no rule has an opinion", verdict)]
    assert isinstance(verdict, Pause)


def test_by_default_policy_may_not_sign() -> None:
    assert evaluate(Strategy.AUTO_APPROVE_LOW_RISK, Gate.FINAL, Facts()) == Pause(("final",))


def test_pauses_compare_by_their_reasons() -> None:
    assert Pause(("final",), ("One wording.",)) == Pause(("final",), ("Another.",))
    assert Pause(("final",)) != Pause(("plan",))


def test_version_and_threshold() -> None:
    assert POLICY_VERSION.strip()
    assert 0 < DEFAULT_THRESHOLD < 1
