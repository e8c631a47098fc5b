"""What work has used, and how that stands to its budget. Counted by us, whatever a runtime counts for itself.

`usage` is the JSON of a session: tokens_in, tokens_out, cost_usd (US dollars), seconds, turns, `models` by name,
`last` (the latest turns, the newest last), and `unpriced` when the price of some turn is not known. `budget` is
{usd?, tokens?, seconds?, extensions?}: each extension adds the whole of it once more, and an approval as many as the
next turn needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

LIMITS = ("usd", "tokens", "seconds")
NEAR = 0.9
"""The share of a limit from which on a person is asked before the next turn."""
REMEMBERED = 3
"""How many of the latest turns say what the next one will probably use: the largest of them."""
MOST_EXTENSIONS = 1_000
MOST_MODELS = 20
OTHER_MODELS = "others"
NO_MODEL = "unnamed"


@dataclass(frozen=True, slots=True)
class TurnUsed:
    """One turn. `tokens_in` is all that was read; `cache_read` and `cache_written` are parts of it. `by` says where
    the cost comes from: `table`, `provider` or `unknown`. `settles` is how many turns before it, of unknown cost, its
    cost includes; without tokens it is nothing but their cost, and no turn."""

    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_written: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    by: str = "provider"
    settles: int = 0

    @property
    def counts(self) -> int:
        """1, or 0 when it is only the cost of turns before it."""
        return 0 if self.settles and not (self.tokens_in or self.tokens_out) else 1


def add_turn(usage: Mapping[str, Any], turn: TurnUsed) -> dict[str, Any]:
    """The usage after one more turn. `seconds` of the session are kept elsewhere: they run between turns, too."""
    cost = turn.cost_usd if isfinite(turn.cost_usd) else 0.0
    added = {
        "tokens_in": max(0, turn.tokens_in), "tokens_out": max(0, turn.tokens_out),
        "cost_usd": max(0.0, cost), "turns": turn.counts,
    }  # fmt: skip
    after = {**usage, **_sum(usage, added)}
    share = added["cost_usd"] / max(1, turn.settles + turn.counts)
    used = {
        "tokens": added["tokens_in"] + added["tokens_out"], "usd": share,
        "seconds": round(max(0.0, turn.seconds), 3),
    }  # fmt: skip
    last = (
        [*usage.get("last", ()), used]
        if turn.counts
        else [{**one, "usd": share} for one in usage.get("last", ())]
    )
    after["last"] = last[-REMEMBERED:]
    if turn.model is not None or used["tokens"] or used["usd"]:
        models = dict(usage.get("models", {}))
        name = turn.model or NO_MODEL
        if name not in models and len(models) >= MOST_MODELS:
            name = OTHER_MODELS
        cached = {"cache_read": max(0, turn.cache_read), "cache_written": max(0, turn.cache_written)}
        before = models.get(name, {})
        models[name] = {**before, **_sum(before, {**added, **cached})}
        open_ones = int(before.get("unpriced_turns", 0)) + (turn.by == "unknown") - turn.settles
        models[name].pop("unpriced", None)
        models[name].pop("unpriced_turns", None)
        if open_ones > 0:
            models[name] |= {"unpriced": True, "unpriced_turns": open_ones}
        after["models"] = models
        after.pop("unpriced", None)
        if any(one.get("unpriced") for one in models.values()):
            after["unpriced"] = True
    return after


def _sum(before: Mapping[str, Any], added: Mapping[str, float]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in added.items():
        total = before.get(name, 0) + value
        out[name] = round(float(total), 6) if name == "cost_usd" else int(total)
    return out


def limit(budget: Mapping[str, Any], what: str) -> float | None:
    """The limit with its approved extensions, None without one."""
    base = budget.get(what)
    return None if base is None else float(base) * (1 + int(budget.get("extensions", 0)))


def used(usage: Mapping[str, Any], what: str) -> float:
    if what == "tokens":
        return float(usage.get("tokens_in", 0)) + float(usage.get("tokens_out", 0))
    return float(usage.get("cost_usd" if what == "usd" else "seconds", 0))


def left(budget: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, float | None]:
    """{usd, tokens, seconds}: what may still be used, never below 0; None is without limit."""
    return {
        what: None if most is None else max(0.0, most - used(usage, what))
        for what in LIMITS
        for most in (limit(budget, what),)
    }


def extensions_needed(budget: Mapping[str, Any], usage: Mapping[str, Any]) -> int:
    """How often the budget must be added so that the work can go on: at least once, at most MOST_EXTENSIONS times.

    Less would have the same person asked again at once.
    """
    more = 1
    had = int(budget.get("extensions", 0))
    while more < MOST_EXTENSIONS and reached({**budget, "extensions": had + more}, usage) is not None:
        more += 1
    return more


def extensions_approved(triggers: Sequence[Mapping[str, Any]]) -> int:
    """What the latest budget trigger of a packet said that approving adds."""
    said = [int(t["detail"].get("extend", 1)) for t in triggers if t["kind"] == "budget"]
    return said[-1] if said else 1


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that is reached, or that the next turn would probably reach. `over` when it is used up already,
    `unpriced` when a limit in dollars cannot be kept because nobody knows what a model costs.
    """

    what: str
    used: float
    of: float
    expected: float
    over: bool
    unpriced: bool = False


def reached(budget: Mapping[str, Any], usage: Mapping[str, Any]) -> Reached | None:
    """The limit that stops the work: one that is used up before one that is near, in the order of LIMITS.

    Where dollars are the only limit, a turn whose price is not known stops it, too, until somebody has extended it:
    nothing else would ever.
    """
    found: list[Reached] = []
    most = limit(budget, "usd")
    alone = most is not None and limit(budget, "tokens") is None and limit(budget, "seconds") is None
    if most is not None and alone and usage.get("unpriced") and not budget.get("extensions"):
        return Reached("usd", used(usage, "usd"), most, 0.0, over=True, unpriced=True)
    for what in LIMITS:
        most = limit(budget, what)
        if most is None:
            continue
        spent = used(usage, what)
        next_one = max((float(turn[what]) for turn in usage.get("last", ())), default=0.0)
        if spent >= most or spent >= NEAR * most or (next_one > 0 and spent + next_one > most):
            found.append(Reached(what, spent, most, next_one, spent >= most))
    return next((one for one in found if one.over), found[0] if found else None)


def amount(what: str, value: float) -> str:
    """$4.52, 12,345 tokens, 1,200 seconds; small sums with as many digits as they need."""
    if what == "usd":
        return f"${value:,.2f}" if value >= 0.1 or value == 0 else f"${value:.2g}"
    if what == "seconds" and value < 10:
        return f"{value:.3g} seconds"
    return f"{value:,.0f} {what}"


def told(stop: Reached, budget: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, Any]:
    """What a person is asked with: {text, limit, used, of, expected, state, extend, adds, turns, models}.

    `adds` is what approving adds to each limit, `extend` how often the budget goes into it; `models` what was used by
    each model.
    """
    extend = extensions_needed(budget, usage)
    adds = {what: budget[what] * extend for what in LIMITS if budget.get(what) is not None}
    turns = int(usage.get("turns", 0))
    models: Mapping[str, Mapping[str, Any]] = usage.get("models", {})
    spent, of = amount(stop.what, stop.used), amount(stop.what, stop.of)
    state = "used_up" if stop.over else "near"
    said = [
        f"The limit of {of} cannot be kept: what a model costs is not known."
        if stop.unpriced
        else f"The budget is used up: {spent} of {of}."
        if stop.over
        else f"The budget is nearly used up: {spent} of {of}."
    ]
    if turns:
        on = [f"{name} ({_by_model(one)})" for name, one in models.items()]
        said.append(f"It went into {_turns(turns)}{': ' + '; '.join(on) if on else ''}.")
    if not stop.over and stop.expected > 0:
        said.append(f"By the turns before, the next one uses up to {amount(stop.what, stop.expected)}.")
    if usage.get("unpriced"):
        unknown = [name for name, one in models.items() if one.get("unpriced")]
        said.append(f"The price of {', '.join(unknown)} is not known and not counted.")
    said.append(
        "Approving goes on without counting it. Set a limit in tokens or seconds where one is needed."
        if stop.unpriced
        else f"Approving adds {' and '.join(amount(w, float(v)) for w, v in adds.items())}."
    )
    return {
        "text": " ".join(said), "limit": stop.what, "used": stop.used, "of": stop.of,
        "expected": stop.expected, "state": state, "extend": extend, "adds": adds, "turns": turns,
        "models": {name: dict(one) for name, one in models.items()},
    }  # fmt: skip


def _by_model(one: Mapping[str, Any]) -> str:
    cost = "price unknown" if one.get("unpriced") else amount("usd", float(one["cost_usd"]))
    return f"{_turns(int(one['turns']))}, {amount('tokens', used(one, 'tokens'))}, {cost}"


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count:,} turns"
