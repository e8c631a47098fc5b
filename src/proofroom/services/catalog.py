"""What this installation offers: agent types, runtimes, and where effects may go. Made once by bootstrap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofroom.agents.factory import AgentDefinition
from proofroom.agents.prices import Prices, shipped_prices
from proofroom.agents.runtimes.base import AgentRuntime
from proofroom.domain.errors import InvalidInput

CHECK = "check"
"""The agent type of an outside draft: there is no agent, only the draft, its check and its review."""

DRAFT_SLOT = "draft"
"""The slot of an outside draft."""

NO_RUNTIME = "none"


@dataclass(frozen=True, slots=True)
class Catalog:
    """`make_runtime` makes the runtime that a session names. `admit_runtime(name, trusted)` says whether a
    request may name it; both raise InvalidInput (`unknown_runtime`, `script_not_allowed`, …) or Unavailable.

    `delivery_root`: over HTTP, folders to deliver to lie under it; None means that HTTP cannot ask for one.
    """

    definitions: Mapping[str, AgentDefinition]
    make_runtime: Callable[[str], AgentRuntime]
    admit_runtime: Callable[[str, bool], None]
    list_runtimes: Callable[[], list[dict[str, Any]]]
    default_runtime: str
    delivery_root: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    prices: Prices = field(default_factory=shipped_prices)

    def runtime_label(self, runtime: str) -> str:
        name = runtime.partition(":")[0]
        if name == NO_RUNTIME:
            return "no agent: an outside draft"
        for item in self.list_runtimes():
            if item["name"] == name:
                return str(item["label"])
        return name

    def delivery_folder(self, path: str, *, trusted: bool) -> Path:
        """Where a folder delivery goes. Raises InvalidInput (`delivery_not_allowed`).

        `trusted`: the local command line names folders of its own user; over HTTP only folders under the
        configured root are allowed, links followed.
        """
        if trusted:
            return Path(path).expanduser().absolute()
        if self.delivery_root is None:
            raise InvalidInput(
                "delivery_not_allowed",
                "This server delivers to no folder.",
                hint="Set PROOFROOM_DELIVERY_ROOT on the server, or leave deliver_to out and export the result.",
                field="deliver_to",
            )
        root = self.delivery_root.resolve()
        target = (root / path).resolve()
        if not target.is_relative_to(root):
            raise InvalidInput(
                "delivery_not_allowed",
                "The folder lies outside the server's delivery root.",
                hint="Name a folder under it, without leading slash or dots.",
                field="deliver_to",
            )
        return target
