"""Which reviews may be signed together from a list, unread: only those in which there is nothing to read for.

A signature from a list covers a packet that was not shown. So it is for routine work: one template, one signature, low
risk, nothing that came up, nothing that leaves the project's own places.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from proofroom.domain.attention import attention
from proofroom.domain.risk import REVERSIBLE_EFFECTS, Level
from proofroom.domain.signing import signing_of

MAX_BATCH = 100

_STOPS = {
    "plan": "It asks for a plan.",
    "question": "It asks a question.",
    "budget": "It asks for more budget.",
    "low_confidence": "Its evidence is thin.",
    "review_requested": "The agent asks for a look.",
    "high_impact": "It is meant for the outside.",
    "conflict": "Two sources disagree.",
    "suspicious_source": "A source reads like an instruction.",
}


_SAID = {
    "agent_type": "the kind of work",
    "task_description": "the task",
    "approval_strategy": "when it stops",
}


def origin_exception(template: Mapping[str, Any] | None, asked: Mapping[str, Any] | None) -> str | None:
    """Why work is not what one template asks for each time, in a sentence; None when it is.

    `asked` is {agent_type, task_description, approval_strategy, config} of work that started from a template, None of
    other work; `template` is what that template says now, None when it is gone. What a template leaves open, such as
    the task, may differ.
    """
    if asked is None:
        return "It did not start from a template."
    if template is None:
        return "Its template is gone."
    differs = [words for name, words in _SAID.items() if template.get(name) not in (None, asked[name])]
    says: Mapping[str, Any] = template.get("config") or {}
    has: Mapping[str, Any] = asked["config"]
    differs += sorted(name for name in says.keys() | has.keys() if says.get(name) != has.get(name))
    return f"It was asked for otherwise than its template says: {', '.join(differs)}." if differs else None


def batch_exceptions(
    packet: Mapping[str, Any],
    *,
    kind: str,
    reasons: Sequence[str],
    origin: str | None,
    member_id: str,
) -> tuple[str, ...]:
    """Why a review is signed by itself, in sentences; none when it may be signed together with others.

    `packet` is the packet or what a list reads of it; `kind` and `reasons` are the checkpoint's; `origin` is what
    `origin_exception` says; `member_id` is who would sign.
    """
    found = [] if origin is None else [origin]
    stops = dict.fromkeys([*reasons, *(str(t.get("kind")) for t in packet.get("triggers") or ())])
    if kind != "final" and not stops.keys() & _STOPS.keys():
        found.append("It is not finished.")
    found += [_STOPS.get(stop, f"It stopped for: {stop}.") for stop in stops if stop != "final"]
    needs = len(attention(packet))
    if needs:
        found.append("1 thing in it needs you." if needs == 1 else f"{needs} things in it need you.")
    risk: Mapping[str, Any] = packet.get("risk") or {}
    level = risk.get("level")
    if kind == "final" and level != Level.LOW:
        found.append(f"Its risk is {level}." if level in tuple(Level) else "Its risk is not known.")
    signing = signing_of(packet)
    if signing.quorum > 1:
        found.append(f"It needs {signing.quorum} signatures.")
    if member_id in signing.barred:
        found.append("You asked for this work or edited it.")
    if any(effect.get("kind") not in REVERSIBLE_EFFECTS for effect in packet.get("effects") or ()):
        found.append("What it releases cannot be taken back.")
    return tuple(found)


def in_hands_of(
    *,
    assignee: UUID | None,
    looks: Mapping[UUID, datetime],
    now: datetime,
    member_id: UUID,
) -> tuple[UUID, ...]:
    """Members other than `member_id` who have taken a review on: its assignee, and those who read it at `now`;
    `looks` says until when each of them does."""
    read = [one for one, until in looks.items() if until > now]
    return tuple(dict.fromkeys(one for one in (assignee, *read) if one is not None and one != member_id))
