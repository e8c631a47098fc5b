"""The one door between the model and our tools: every call is judged, carried out, and answered here.

The program asks before each call (a hook). Here the call is carried out at once, because only its answer tells whether
a person decides first: then the call is put off, which ends the program, and further calls of the same message are
refused. Else it may go ahead, and what it fetches is the answer that lies ready. Whatever is not ours is refused, and
nothing is allowed without asking, so that a hook that breaks lets nothing through.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from proofroom.agents.prompts import tool_text
from proofroom.agents.runtimes.base import ToolResult, Tools
from proofroom.agents.runtimes.progress import REFUSED, SAME_CALLS
from proofroom.agents.tools import TOOLS, ToolSpec

SERVER = "proofroom"
PREFIX = f"mcp__{SERVER}__"
ONE_AT_A_TIME = (
    "One approval at a time: a person decides about an earlier call first. Call this again afterwards."
)
_NOT_OURS = "There is no such tool here. Use the tools of the server proofroom."
_TOP_LEVEL_ONLY_US = ("oneOf", "anyOf", "allOf")
"""Members that the Messages API refuses at the top of a tool's schema; we check them ourselves when it is called."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the program is told about a call before it makes it."""

    decision: Literal["allow", "deny", "defer"]
    why: str


class Calls:
    """The calls of one run of the program. `suspended` is the id of the call that waits for a person.

    `recorded(call_id)` returns when the transcript holds the call: a call that is carried out must be found there by
    whoever goes on after a crash. `repeated()` is how many replies before this one made the same calls. `broken` is
    what a tool raised; the run must end with it.
    """

    def __init__(
        self, tools: Tools, recorded: Callable[[str], Awaitable[None]], repeated: Callable[[], int]
    ) -> None:
        self.suspended: str | None = None
        self.broken: BaseException | None = None
        self._tools = tools
        self._recorded = recorded
        self._repeated = repeated
        self._turn = asyncio.Lock()
        self._ready: dict[str, deque[ToolResult]] = defaultdict(deque)

    async def before(self, tool: str, arguments: Mapping[str, Any], call_id: str) -> Verdict:
        name = own_name(tool)
        if name is None:
            return Verdict("deny", _NOT_OURS)
        async with self._turn:
            if self.broken is not None:
                return Verdict("deny", "The run is ending.")
            if self.suspended is not None:
                return Verdict("deny", ONE_AT_A_TIME)
            try:
                await self._recorded(call_id)
                if self._repeated() >= SAME_CALLS:
                    return Verdict("deny", " ".join(REFUSED[1:]))
                result = await self._tools.call(name, arguments, once=lasting_name(call_id))
            except BaseException as error:
                self.broken = error
                if isinstance(error, asyncio.CancelledError):
                    raise
                return Verdict("deny", "The run is ending.")
            if result.suspend:
                self.suspended = call_id
                return Verdict("defer", "A person decides first.")
            self._ready[_key(name, arguments)].append(result)
            return Verdict("allow", "")

    def answer(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a call that was allowed brings, as an MCP tool result."""
        ready = self._ready.get(_key(name, arguments))
        if not ready:
            return told(
                ToolResult(ok=False, content={"code": "tool_not_allowed", "message": _NOT_OURS, "hint": ""})
            )
        return told(ready.popleft())

    async def idle(self) -> None:
        """Returns when no call is being carried out any more."""
        async with self._turn:
            return


def lasting_name(call_id: str) -> str:
    """The ledger's name for a call: the model's id for it, under which its transcript holds it."""
    return f"call {call_id}"


def own_name(tool: str) -> str | None:
    """Our name of a tool that the program calls by its long name; None when it is not ours."""
    name = tool.removeprefix(PREFIX)
    return name if name != tool and name in TOOLS else None


def told(result: ToolResult) -> dict[str, Any]:
    """The result of a tool as the model reads it."""
    return {"content": [{"type": "text", "text": tool_text(result)}], "is_error": not result.ok}


def schema_for_model(spec: ToolSpec) -> dict[str, Any]:
    """The schema of a tool's arguments as the Messages API takes it; what is left out is still checked."""
    return {name: value for name, value in spec.schema.items() if name not in _TOP_LEVEL_ONLY_US}


def _key(name: str, arguments: Mapping[str, Any]) -> str:
    return json.dumps([name, arguments], sort_keys=True, ensure_ascii=False, default=str)
