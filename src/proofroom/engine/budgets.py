"""The budget of a session while a leg of it runs: counted after every turn, asked before every further one."""

import time
from collections.abc import Mapping
from typing import Any

from proofroom.agents.runtimes.base import BudgetLeft
from proofroom.db.models import WorkSession
from proofroom.domain.budget import Reached, left, reached, told


class Watch:
    """What this leg may still use. The leg tells it what was recorded; the tools ask it before the work goes on."""

    def __init__(self, row: WorkSession) -> None:
        self._budget: Mapping[str, Any] = row.budget
        self._usage: Mapping[str, Any] = row.usage
        self._before = float(row.usage.get("seconds", 0))
        self._since = time.monotonic()
        self._iteration = row.iteration

    def recorded(self, usage: Mapping[str, Any]) -> None:
        self._usage = usage

    @property
    def usage(self) -> dict[str, Any]:
        """With the seconds up to now."""
        seconds = self._before + time.monotonic() - self._since
        return {**self._usage, "seconds": round(seconds, 3)}

    def reached(self) -> Reached | None:
        return reached(self._budget, self.usage)

    def used_up(self) -> Reached | None:
        stop = self.reached()
        return stop if stop is not None and stop.over else None

    def left(self) -> BudgetLeft:
        rest = left(self._budget, self.usage)
        tokens = rest["tokens"]
        return BudgetLeft(rest["usd"], None if tokens is None else int(tokens), rest["seconds"])

    def told(self, stop: Reached) -> dict[str, Any]:
        return told(stop, self._budget, self.usage)

    def key(self, stop: Reached) -> str:
        """Names the trigger: each limit asks once in a round and after each extension."""
        return f"budget-{stop.what}-{self._iteration}-{self._budget.get('extensions', 0)}"
