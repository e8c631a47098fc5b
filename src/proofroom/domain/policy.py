"""When work stops for a person: three strategies as one ordered list of small rules.

`evaluate` asks the rules in order; the first that has an opinion decides. A case that no rule knows pauses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

POLICY_VERSION = "2026-11-25"
"""Stands in every packet; changes whenever a rule changes what it decides."""

DEFAULT_THRESHOLD = 0.5
"""Evidence confidence below which an artifact raises `low_confidence`, unless its agent says otherwise."""


class Strategy(StrEnum):
    CHECKPOINT_REQUIRED = "checkpoint_required"
    FINAL_ONLY = "final_only"
    AUTO_APPROVE_LOW_RISK = "auto_approve_low_risk"


class Gate(StrEnum):
    """Where in the work the question is asked."""

    PLAN = "plan"
    MID = "mid"
    FINAL = "final"


class Trigger(StrEnum):
    """What may come up in the middle of work."""

    LOW_CONFIDENCE = "low_confidence"
    REVIEW_REQUESTED = "review_requested"
    HIGH_IMPACT = "high_impact"
    CONFLICT = "conflict"
    SUSPICIOUS_SOURCE = "suspicious_source"
    QUESTION = "question"
    BUDGET = "budget"


BLOCKING = frozenset({Trigger.QUESTION, Trigger.BUDGET})
"""Without a person the agent cannot go on; these pause under every strategy."""

LEFT_FOR_THE_END: Mapping[Strategy, frozenset[Trigger]] = MappingProxyType(
    {
        Strategy.CHECKPOINT_REQUIRED: frozenset(),
        Strategy.FINAL_ONLY: frozenset(Trigger) - BLOCKING,
        Strategy.AUTO_APPROVE_LOW_RISK: frozenset({Trigger.LOW_CONFIDENCE}),
    }
)
"""What a strategy does not stop for in the middle: it stays open and is a reason at the final gate."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at.

    `open_triggers` are not settled by any checkpoint yet; `any_trigger` is true if one ever came up, settled
    or not. `flags` counts claims that need a person. `plan_approved`: exactly this plan was approved before.
    `external`: an approval would release something that leaves the project or cannot be taken back.
    `opted_in`: the project or its workspace allows policy to decide the final gate. `signatures` is how many the
    final gate needs, `overturned` how many pieces of this kind were lately sent back or rejected in the project, or
    how often this very one was, `subjects` the fields in which a mistake does harm that the text touches.
    """

    open_triggers: frozenset[Trigger] = frozenset()
    any_trigger: bool = False
    flags: int = 0
    plan_approved: bool = False
    external: bool = False
    opted_in: bool = False
    signatures: int = 1
    overturned: int = 0
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proceed:
    """Go on without a person. `because` says why, in plain words, for the record."""

    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop for a person. `reasons` are checkpoint reasons; `because` says why in plain words."""

    reasons: tuple[str, ...]
    because: tuple[str, ...] = field(default=(), compare=False)


Verdict: TypeAlias = Proceed | Pause
Rule: TypeAlias = Callable[[Strategy, Gate, Facts], Verdict | None]


def _ordered(triggers: frozenset[Trigger]) -> tuple[str, ...]:
    return tuple(t.value for t in Trigger if t in triggers)


def stops_when_the_agent_cannot_go_on(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    blocking = facts.open_triggers & BLOCKING
    if gate is Gate.MID and blocking:
        doubts = facts.open_triggers - LEFT_FOR_THE_END.get(strategy, frozenset())
        return Pause(_ordered(doubts), ("It cannot go on without an answer.",))
    return None


def accepts_the_plan_that_was_approved(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.PLAN and facts.plan_approved:
        return Proceed(("Exactly this plan was approved before.",))
    return None


def asks_for_every_plan(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.PLAN and strategy is Strategy.CHECKPOINT_REQUIRED:
        return Pause(("plan",), ("This strategy stops for the plan.",))
    return None


def takes_the_plan_as_written(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.PLAN and strategy in (Strategy.FINAL_ONLY, Strategy.AUTO_APPROVE_LOW_RISK):
        return Proceed(("This strategy does not stop for the plan.",))
    return None


def goes_on_when_nothing_came_up(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.MID and not facts.open_triggers:
        return Proceed(("Nothing came up.",))
    return None


def stops_at_every_doubt(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.MID and strategy is Strategy.CHECKPOINT_REQUIRED:
        return Pause(_ordered(facts.open_triggers), ("This strategy stops at every doubt.",))
    return None


def collects_doubts_for_the_end(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.MID and strategy is Strategy.FINAL_ONLY:
        return Proceed(("This strategy collects doubts for the final gate.",))
    return None


def stops_at_doubts_but_low_confidence(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.MID and strategy is Strategy.AUTO_APPROVE_LOW_RISK:
        doubts = facts.open_triggers - LEFT_FOR_THE_END[strategy]
        if doubts:
            return Pause(_ordered(doubts), ("This strategy stops where it matters.",))
        return Proceed(("Low confidence goes to the final gate.",))
    return None


def lets_low_risk_pass(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    """Until confidence is calibrated, low risk means: internal, reversible, no flag, no trigger, opted in."""
    if gate is not Gate.FINAL or strategy is not Strategy.AUTO_APPROVE_LOW_RISK:
        return None
    against = tuple(
        why
        for hit, why in (
            (not facts.opted_in, "Nobody has allowed policy to sign here."),
            (facts.signatures > 1, f"{facts.signatures} people must sign this."),
            (facts.external, "Approval would release something outside this project."),
            (facts.any_trigger or bool(facts.open_triggers), "Something came up during the work."),
            (bool(facts.subjects), f"It speaks on a {' and a '.join(facts.subjects)} matter."),
            (
                facts.flags > 0,
                f"{facts.flags} {'claim needs' if facts.flags == 1 else 'claims need'} a person.",
            ),
            (
                facts.overturned > 0,
                f"{facts.overturned} of this kind {'was' if facts.overturned == 1 else 'were'} lately sent back"
                " or rejected.",
            ),
        )
        if hit
    )
    if against:
        return Pause(("final", *_ordered(facts.open_triggers)), against)
    return Proceed(("Internal and reversible.", "No claim is flagged.", "Nothing came up.", "Opted in."))


def always_ends_at_the_final_gate(strategy: Strategy, gate: Gate, facts: Facts) -> Verdict | None:
    if gate is Gate.FINAL and strategy in (Strategy.CHECKPOINT_REQUIRED, Strategy.FINAL_ONLY):
        return Pause(("final", *_ordered(facts.open_triggers)), ("This strategy ends with a signature.",))
    return None


RULES: tuple[Rule, ...] = (
    stops_when_the_agent_cannot_go_on,
    accepts_the_plan_that_was_approved,
    asks_for_every_plan,
    takes_the_plan_as_written,
    goes_on_when_nothing_came_up,
    stops_at_every_doubt,
    collects_doubts_for_the_end,
    stops_at_doubts_but_low_confidence,
    lets_low_risk_pass,
    always_ends_at_the_final_gate,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule said: `rule` is its name in words, `verdict` None where it has no opinion."""

    rule: str
    verdict: Verdict | None


def explain(
    strategy: Strategy, gate: Gate, facts: Facts, rules: tuple[Rule, ...] = RULES
) -> tuple[Verdict, tuple[Answer, ...]]:
    """The verdict with what each rule said, in order, up to the one that decided."""
    asked: list[Answer] = []
    for rule in rules:
        verdict = rule(strategy, gate, facts)
        asked.append(Answer(rule.__name__.replace("_", " "), verdict))
        if verdict is not None:
            return verdict, tuple(asked)
    nobody = Pause(
        (gate.value if gate is not Gate.MID else "review_requested",), ("No rule covers this case.",)
    )
    return nobody, (*asked, Answer("pauses where no rule has an opinion", nobody))


def evaluate(strategy: Strategy, gate: Gate, facts: Facts, rules: tuple[Rule, ...] = RULES) -> Verdict:
    """The first rule with an opinion decides; without one, it pauses."""
    return explain(strategy, gate, facts, rules)[0]
