"""What a project's work may cost: the budget of a session that names none, and the most that one may use."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proofroom.domain.budget import LIMITS, amount, limit
from proofroom.domain.errors import InvalidInput

_PARTS = ("default", "most")


@dataclass(frozen=True, slots=True)
class Allowance:
    """Each by `usd` (US dollars), `tokens` and `seconds`; what is not named is not limited here."""

    default: Mapping[str, float] = field(default_factory=dict[str, float])
    most: Mapping[str, float] = field(default_factory=dict[str, float])

    def budget(self, asked: Mapping[str, Any] | None, of_agent: Mapping[str, Any]) -> dict[str, Any]:
        """The budget that a session begins with: what was asked for, else the project's, else its agent's.

        What nobody asked for is cut to `most`, and what has no limit gets it. Raises InvalidInput
        (`budget_over_project`) where more was asked for.
        """
        chosen: dict[str, Any] = dict(asked if asked is not None else self.default or of_agent)
        for what, most in self.most.items():
            if what not in chosen:
                chosen[what] = most
            elif chosen[what] > most:
                if asked is not None:
                    raise InvalidInput(
                        "budget_over_project",
                        f"A budget of {amount(what, float(chosen[what]))} is more than this project allows for a"
                        f" piece of work: {amount(what, most)}.",
                        hint="Ask for less, or have an admin raise the limit in the settings of budgets.",
                        field=f"budget.{what}",
                    )
                chosen[what] = most
        return chosen


@dataclass(frozen=True, slots=True)
class Over:
    """A limit that an extension would raise to `to`, over the `most` of a project."""

    what: str
    to: float
    most: float

    def __str__(self) -> str:
        return f"{amount(self.what, self.to)}, where the project allows {amount(self.what, self.most)}"


def over(allowance: Allowance, budget: Mapping[str, Any], more: int) -> Over | None:
    """The first limit that `more` extensions of a session's budget would raise over the project's most."""
    extended = {**budget, "extensions": int(budget.get("extensions", 0)) + more}
    for what in LIMITS:
        to, most = limit(extended, what), allowance.most.get(what)
        if to is not None and most is not None and to > most and not math.isclose(to, most):
            return Over(what, to, float(most))
    return None


def budget_of(value: Mapping[str, Any], at: str = "budget") -> dict[str, Any]:
    """A budget as somebody sends it. Raises InvalidInput (`budget_invalid`) naming the field, below `at`."""
    for key, number in value.items():
        if key not in LIMITS:
            raise InvalidInput(
                "budget_invalid", f"A budget has no {key[:40]!r}.", hint=f"Use {', '.join(LIMITS)}.",
                field=f"{at}.{key}",
            )  # fmt: skip
        counts = not isinstance(number, bool) and isinstance(number, int | float)
        if not counts or not math.isfinite(number) or number <= 0:
            raise InvalidInput(
                "budget_invalid",
                f"The budget in {key} is {str(number)[:40]}; it must be more than zero.",
                hint="Give a positive number, or leave it out.",
                field=f"{at}.{key}",
            )
    return dict(value)


def allowance_from_json(value: Mapping[str, Any]) -> Allowance:
    """Raises InvalidInput (`budget_invalid`), also where the default is more than the most."""
    for part in value:
        if part not in _PARTS:
            raise InvalidInput(
                "budget_invalid", f"A project's budget has no {part[:40]!r}.", hint=f"Use {', '.join(_PARTS)}.",
                field=f"budget.{part}",
            )  # fmt: skip
    default = budget_of(value.get("default") or {}, "budget.default")
    most = budget_of(value.get("most") or {}, "budget.most")
    for what, number in default.items():
        if what in most and number > most[what]:
            raise InvalidInput(
                "budget_invalid",
                f"The usual budget of {amount(what, float(number))} is over the limit of"
                f" {amount(what, float(most[what]))}.",
                hint="Lower it, or raise the limit.",
                field=f"budget.default.{what}",
            )
    return Allowance(default, most)


def allowance_to_json(allowance: Allowance) -> dict[str, Any]:
    return {"default": dict(allowance.default), "most": dict(allowance.most)}
