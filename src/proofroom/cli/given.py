"""What people type, read: KEY=VALUE, claims and obligations by their number, answers, settings, times."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from proofroom.domain.errors import InvalidInput

NOBODY = "none"


def pairs(given: list[str] | None, option: str) -> list[tuple[str, str]]:
    """KEY=VALUE of an option that may be repeated. Raises InvalidInput (`option_invalid`)."""
    found: list[tuple[str, str]] = []
    for one in given or []:
        key, equals, value = one.partition("=")
        if not equals or not key.strip():
            raise InvalidInput(
                "option_invalid",
                f"{one[:80]!r} has no key and value.",
                hint=f"Write {option} KEY=VALUE.",
                field=option,
            )
        found.append((key.strip(), value.strip()))
    return found


def claim_id(packet: Mapping[str, Any], given: str) -> str:
    """A claim's id from its id or its number in the packet. Raises InvalidInput (`unknown_claim`)."""
    claims = [c for a in packet["artifacts"] for c in a["claims"]]
    found = [c["id"] for c in claims if given == c["id"] or given.lstrip("#") == str(c["n"])]
    if len(set(found)) == 1:
        return str(found[0])
    if found:
        raise InvalidInput(
            "unknown_claim", f"More than one claim of this packet has the number {given[:20]}.",
            hint=f"Name it by its id: {', '.join(found[:5])}.", field="CLAIM",
        )  # fmt: skip
    raise InvalidInput(
        "unknown_claim", f"No claim {given[:40]!r} is in this packet.",
        hint="`proofroom review SESSION` shows the claims with their numbers and ids.", field="CLAIM",
    )  # fmt: skip


def judged(packet: Mapping[str, Any], met: list[str] | None, unmet: list[str] | None) -> list[dict[str, str]]:
    """Obligations by their id or their number in the packet. Raises InvalidInput (`unknown_obligation`)."""
    ids = [str(o["id"]) for o in packet["obligations"]]
    named = {str(n): one for n, one in enumerate(ids, start=1)} | {one: one for one in ids}
    said: list[dict[str, str]] = []
    for state, given in (("met", met), ("unmet", unmet)):
        for one in given or []:
            if one.lstrip("#") not in named:
                raise InvalidInput(
                    "unknown_obligation",
                    f"Nothing with the number or id {one[:40]!r} was asked for.",
                    hint="`proofroom review SESSION` lists what was asked for with its numbers.",
                    field=f"--{state}",
                )
            said.append({"obligation_id": named[one.lstrip("#")], "state": state})
    return said


def answers_to(form: Mapping[str, Any] | None, pairs: list[tuple[str, str]]) -> dict[str, Any] | None:
    """Answers in the types that the form asks for; what does not fit is left for the form to refuse."""
    if not pairs:
        return None
    properties: Mapping[str, Any] = (form or {}).get("properties", {})
    answers: dict[str, Any] = {}
    for key, value in pairs:
        answers[key] = value
        if properties.get(key, {}).get("type", "string") != "string":
            try:
                answers[key] = json.loads(value)
            except ValueError:
                continue
    return answers


def read_settings(given: Sequence[str]) -> dict[str, Any]:
    """Changes from KEY=VALUE: numbers, true, false and null are read as such, `quorum.public` goes into `quorum`.

    Raises InvalidInput (`option_invalid`).
    """
    changes: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        key, dot, part = name.strip().partition(".")
        inside = changes.get(key)
        clash = key in changes and (not dot or not isinstance(inside, dict) or part in inside)
        if not equals or not key or (dot and not part) or clash:
            raise InvalidInput(
                "option_invalid",
                f"{one[:80]!r} names a setting a second time."
                if clash
                else f"{one[:80]!r} has no key and value.",
                hint="Write KEY=VALUE, each key once, such as quorum=2 or quorum.public=2.",
                field="KEY=VALUE",
            )
        if dot:
            changes.setdefault(key, {})[part] = _value(value)
        else:
            changes[key] = _value(value)
    return changes


def _value(text: str) -> Any:
    try:
        return json.loads(text.strip())
    except ValueError:
        return text.strip()


def read_time(given: str, option: str) -> datetime | None:
    """A time with its zone, None for `none`. Raises InvalidInput (`option_invalid`)."""
    if given.strip().lower() == NOBODY:
        return None
    try:
        return datetime.fromisoformat(given.strip()).astimezone()
    except (ValueError, OverflowError):
        raise InvalidInput(
            "option_invalid",
            f"{given[:40]!r} is no time.",
            hint="Write it as 2026-12-01T17:00, or `none` for no time.",
            field=option,
        ) from None
