"""The engine's ledger of calls, in memory: what makes a turn that is run again safe."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from proofroom.agents.runtimes.base import Json, ToolResult
from proofroom.agents.tools import validate_arguments
from proofroom.domain.errors import ProofroomError
from proofroom.testing.room import Room


class Ledger:
    """Calls of a session over all its legs. `done` lists what was carried out, (name, arguments), each once.

    A call is known by its tool, its arguments, and its own name or how often it came before in its leg. The first
    call of the tool `stop_at` stops the leg until `decide` is called. `overlaps` counts calls that began before the
    one before had its answer.
    """

    def __init__(self, room: Room, *, stop_at: str | None = None) -> None:
        self.room = room
        self.stop_at = stop_at
        self.done: list[tuple[str, dict[str, Any]]] = []
        self.overlaps = 0
        self.recorded: dict[str, ToolResult] = {}

    def leg(self, *, crash_at: int | None = None) -> LegTools:
        """Tools of a new leg. `crash_at`: before that call in the leg (from 0) they break, as when the process dies."""
        return LegTools(self, crash_at)

    def decide(self, answers: Mapping[str, Json] | None = None) -> None:
        """A person decides: what the leg was stopped for goes on."""
        self.stop_at = None
        self.room.answers = answers

    def slots(self) -> list[str]:
        """The slots of the artifacts, once for each time that one was handed in."""
        return [str(arguments["slot"]) for name, arguments in self.done if name == "emit_artifact"]


class LegTools:
    """Implements Tools for one leg of a Ledger. `calls` lists all that were asked for, with those that were refused."""

    def __init__(self, ledger: Ledger, crash_at: int | None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.stopped = False
        self._ledger = ledger
        self._crash_at = crash_at
        self._seen: Counter[str] = Counter()
        self._busy = False

    async def call(self, name: str, arguments: Mapping[str, Json], *, once: str | None = None) -> ToolResult:
        if len(self.calls) == self._crash_at:
            raise ConnectionResetError("the process dies here")
        self._ledger.overlaps += self._busy
        self._busy = True
        self.calls.append((name, dict(arguments)))
        await asyncio.sleep(0)  # what overlaps does so here
        try:
            return await self._answer(name, arguments, once)
        finally:
            self._busy = False

    async def _answer(self, name: str, arguments: Mapping[str, Json], once: str | None) -> ToolResult:
        ledger = self._ledger
        if self.stopped:
            return ToolResult(False, {"code": "stopping", "message": "A person decides first.", "hint": ""})
        try:
            clean = validate_arguments(name, arguments)
        except ProofroomError as error:
            return ToolResult(False, {"code": error.code, "message": error.message, "hint": error.hint})
        what = json.dumps([name, clean], sort_keys=True)
        self._seen[what] += 1
        key = f"{what} {once or self._seen[what]}"
        if key in ledger.recorded:
            return ledger.recorded[key]
        if name == ledger.stop_at:
            self.stopped = True
            return ToolResult(True, {"status": "waiting for the reviewer"}, suspend=True)
        result = await ledger.room.call(name, clean)
        self.stopped = result.suspend
        if result.ok and not result.suspend:
            ledger.recorded[key] = result
            ledger.done.append((name, clean))
        return result
