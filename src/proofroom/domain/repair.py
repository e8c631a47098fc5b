"""Which claims go back to the agent once, before a person sees them, and how that is counted."""

from collections.abc import Iterable, Mapping
from typing import Any

DOUBTED = ("unsupported", "uncited", "conflict")
"""Verdicts that a model may be able to set right: by a quote, by other words, or by leaving the claim out."""

MOST_DOUBTS = 200
MOST_WHY = 1_000


def is_doubted(claim: Mapping[str, Any]) -> bool:
    """Whether a claim, in its JSON form, is sent back. Opinion is not: it claims no source."""
    return claim["verdict"] in DOUBTED and not claim["opinion"]


def why(claim: Mapping[str, Any]) -> str:
    """What the check found: the headline, and each comparison that did not come out the same, both sides of it."""
    found = [_compared(c) for c in claim["checks"] if c["result"] not in ("same", "none")]
    return " ".join(dict.fromkeys([f"{claim['headline']}.", *filter(None, found)]))[:MOST_WHY]


def _compared(check: Mapping[str, Any]) -> str:
    if check.get("draft") and check.get("source"):
        return f"{check['kind']}: the text says {check['draft']!r}, the source {check['source']!r}."
    return f"{check['kind']}: {check['note']}." if check.get("note") else ""


def counts(claims: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """{claims, unsupported, uncited, conflict}; the last three without opinion."""
    found = {"claims": 0, **dict.fromkeys(DOUBTED, 0)}
    for claim in claims:
        found["claims"] += 1
        if is_doubted(claim):
            found[claim["verdict"]] += 1
    return found


def doubts_in(counted: Mapping[str, int]) -> int:
    return sum(counted[verdict] for verdict in DOUBTED)
