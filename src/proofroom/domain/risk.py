"""How much depends on a signature: its consequence, whether it can be taken back, and what the evidence says.

There is no number here: until confidence is calibrated against people's decisions, risk is a level with its
reasons.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Consequence(StrEnum):
    """Who will see what is signed, from the least to the most."""

    INTERNAL_DRAFT = "internal_draft"
    INTERNAL_RECORD = "internal_record"
    NAMED_RECIPIENT = "named_recipient"
    PUBLIC = "public"


_BY_EFFECT: Mapping[str, Consequence] = {
    "record": Consequence.INTERNAL_DRAFT,
    "folder": Consequence.INTERNAL_RECORD,
    "notice": Consequence.NAMED_RECIPIENT,
}
"""An effect that is not listed here leaves the project for who knows whom: it counts as public."""

REVERSIBLE_EFFECTS = frozenset({"record", "folder"})
"""What can be taken back afterwards, because it never left the project's own places."""

_ORDER = tuple(Consequence)

_WORDS: Mapping[Consequence, str] = {
    Consequence.INTERNAL_DRAFT: "It stays in this project.",
    Consequence.INTERNAL_RECORD: "It is written where others of this organisation work with it.",
    Consequence.NAMED_RECIPIENT: "It is meant for somebody outside.",
    Consequence.PUBLIC: "It is meant for the public.",
}


class Level(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Risk:
    """`because` says why, in plain sentences, the weightiest first."""

    level: Level
    consequence: Consequence
    reversible: bool
    because: tuple[str, ...]


def consequence_of(
    effects: Sequence[Mapping[str, Any]], artifacts: Sequence[Mapping[str, Any]]
) -> Consequence:
    """The gravest of what an approval would release and of what the artifacts are meant for."""
    found = [Consequence.INTERNAL_DRAFT]
    found += [_BY_EFFECT.get(str(e.get("kind")), Consequence.PUBLIC) for e in effects]
    for artifact in artifacts:
        impact = artifact.get("high_impact")
        if impact:
            found.append(Consequence.PUBLIC if impact == "public" else Consequence.NAMED_RECIPIENT)
    return max(found, key=_ORDER.index)


def assess(
    effects: Sequence[Mapping[str, Any]],
    artifacts: Sequence[Mapping[str, Any]],
    *,
    flags: int,
    triggers: int,
    overturned: int = 0,
    subjects: Sequence[str] = (),
) -> Risk:
    """The risk of signing what `effects` and `artifacts` of a packet say.

    `flags`: claims that need a person; `triggers`: doubts that came up during the work; `overturned`: pieces of
    the same kind in this project that were lately rejected or sent back; `subjects`: see `subjects_of`.
    """
    consequence = consequence_of(effects, artifacts)
    reversible = all(e.get("kind") in REVERSIBLE_EFFECTS for e in effects)
    grave = [] if consequence in _ORDER[:2] else [_WORDS[consequence]]
    grave += [] if reversible else ["What it releases cannot be taken back."]
    grave += [f"It speaks on a {subject} matter." for subject in subjects]
    doubts = [f"{_count(flags, 'claim needs', 'claims need')} a person."] if flags else []
    doubts += [f"{_count(triggers, 'doubt', 'doubts')} came up during the work."] if triggers else []
    if overturned:
        pieces = _count(overturned, "piece of this kind was", "pieces of this kind were")
        doubts.append(f"{pieces} lately sent back or rejected.")
    level = Level.HIGH if grave else Level.MEDIUM if doubts else Level.LOW
    calm = [_WORDS[consequence], "What it releases can be taken back.", "No claim is flagged."]
    return Risk(level, consequence, reversible, tuple([*grave, *doubts] or calm))


_SUBJECTS: Mapping[str, re.Pattern[str]] = {
    "medical": re.compile(
        r"\b(?:dos(?:e|es|age|ing)|diagnos(?:is|es|ed|tic)|prescri(?:be|bes|bed|ption)|contraindicat(?:ed|ion)"
        r"|side effects?|patients?|symptoms?|vaccin(?:e|es|ation)|overdose)\b",
        re.IGNORECASE,
    ),
    "legal": re.compile(
        r"\b(?:liab(?:le|ility)|indemnif(?:y|ies|ication)|lawsuit|plaintiff|defendant|statute|breach of contract"
        r"|unlawful|illegal|court ruled|legal advice)\b",
        re.IGNORECASE,
    ),
    "financial": re.compile(
        r"\b(?:invest(?:or|ors|ment advice)|buy (?:shares|stock)|sell (?:shares|stock)|share price|dividends?"
        r"|guaranteed returns?|profit warning|earnings per share|financial advice)\b",
        re.IGNORECASE,
    ),
}


def subjects_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Fields in which a mistake does harm and of which the texts use the words: medical, legal, financial.

    It goes by words only, so that policy never signs alone what an agent forgot to mark. It stops nothing else.
    """
    joined = "\n".join(texts)
    return tuple(name for name, words in _SUBJECTS.items() if words.search(joined))


def thin_evidence(claims: Sequence[Mapping[str, Any]], threshold: float) -> str | None:
    """Why the evidence of an artifact is thin, in a sentence; None when it is not.

    `threshold`: the share of claims, 0 to 1, that must have passed the checks. The claims are in their JSON form.
    """
    bare = sum(bool(c["needs_you"]) for c in claims)
    if not claims or len(claims) - bare >= threshold * len(claims):
        return None
    return f"{bare} of {_count(len(claims), 'claim', 'claims')} found no firm support in the sources."


def risk_to_json(risk: Risk) -> dict[str, Any]:
    return {
        "level": risk.level.value, "consequence": risk.consequence.value, "reversible": risk.reversible,
        "because": list(risk.because),
    }  # fmt: skip


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
