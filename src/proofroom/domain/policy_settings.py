"""What a project sets for its reviews: how many must sign, who may not, and by when. Versioned, in every packet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proofroom.domain.errors import InvalidInput
from proofroom.domain.risk import Consequence

MAX_QUORUM = 9
MAX_HOURS = 24 * 366

_KNOWN = ("quorum", "separate_duties", "policy_may_sign", "due_hours", "remind_hours", "expire_hours")


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """A project's settings. An absent time means never.

    `quorum`: signatures that a final gate needs, by the consequence of signing; one where nothing is said.
    `separate_duties`: whoever asked for the work or edited it does not sign it. `policy_may_sign`: None leaves it
    to the workspace. Hours count from the opening of the checkpoint, `remind_hours` back from `due_hours`.
    """

    quorum: Mapping[Consequence, int] = field(default_factory=dict[Consequence, int])
    separate_duties: bool = False
    policy_may_sign: bool | None = None
    due_hours: float | None = None
    remind_hours: float | None = None
    expire_hours: float | None = None

    def needed(self, consequence: Consequence) -> int:
        """How many signatures a final gate of this consequence needs."""
        return self.quorum.get(consequence, 1)


def settings_from_json(value: Mapping[str, Any]) -> PolicySettings:
    """Reads settings as a person sends them. Raises InvalidInput (`policy_invalid`) naming the field."""
    for key in value:
        if key not in _KNOWN:
            raise _invalid(str(key)[:60], f"There is no setting {str(key)[:60]!r}", f"Use {_listed(_KNOWN)}.")
    settings = PolicySettings(
        quorum=_quorum(value.get("quorum")),
        separate_duties=_flag(value.get("separate_duties", False), "separate_duties"),
        policy_may_sign=None
        if value.get("policy_may_sign") is None
        else _flag(value["policy_may_sign"], "policy_may_sign"),
        due_hours=_hours(value.get("due_hours"), "due_hours"),
        remind_hours=_hours(value.get("remind_hours"), "remind_hours"),
        expire_hours=_hours(value.get("expire_hours"), "expire_hours"),
    )
    if settings.remind_hours is not None and (settings.due_hours or 0) <= settings.remind_hours:
        raise _invalid(
            "remind_hours",
            "A reminder comes before the review is due",
            "Set due_hours, and remind_hours to less than it.",
        )
    if settings.expire_hours is not None and settings.expire_hours < (settings.due_hours or 0):
        raise _invalid(
            "expire_hours",
            "A review cannot expire before it is due",
            "Set expire_hours to at least due_hours.",
        )
    return settings


def stored_settings(value: Mapping[str, Any]) -> PolicySettings:
    """Reads settings that were stored or sealed, perhaps by a later release: what is not known here is left out."""
    return settings_from_json({k: v for k, v in value.items() if k in _KNOWN})


def settings_to_json(settings: PolicySettings) -> dict[str, Any]:
    """All settings with their values, as they stand in packets and answers."""
    return {
        "quorum": {c.value: settings.needed(c) for c in Consequence},
        "separate_duties": settings.separate_duties,
        "policy_may_sign": settings.policy_may_sign,
        "due_hours": settings.due_hours,
        "remind_hours": settings.remind_hours,
        "expire_hours": settings.expire_hours,
    }


def _quorum(value: Any) -> dict[Consequence, int]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        value = dict.fromkeys((c.value for c in Consequence), value)  # one number for all
    found: dict[Consequence, int] = {}
    for name, number in value.items():  # pyright: ignore[reportUnknownVariableType]
        try:
            consequence = Consequence(name)  # pyright: ignore[reportUnknownArgumentType]
        except ValueError:
            raise _invalid(
                "quorum",
                f"There is no consequence {str(name)[:40]!r}",  # pyright: ignore[reportUnknownArgumentType]
                f"Use {_listed(c.value for c in Consequence)}.",
            ) from None
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_QUORUM:
            raise _invalid(
                f"quorum.{consequence}",
                f"A quorum of {str(number)[:20]} is not possible",  # pyright: ignore[reportUnknownArgumentType]
                f"Give a whole number from 1 to {MAX_QUORUM}.",
            )
        found[consequence] = number
    return found


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _invalid(name, f"{name} is {str(value)[:20]!r}", "Give true or false.")
    return value


def _hours(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_HOURS:
        raise _invalid(
            name,
            f"{name} is {str(value)[:20]}",
            f"Give hours: more than 0, at most {MAX_HOURS:,}; null for never.",
        )
    return float(value)


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))


def _invalid(field_name: str, what: str, hint: str) -> InvalidInput:
    return InvalidInput("policy_invalid", f"{what}.", hint=hint, field=field_name)
