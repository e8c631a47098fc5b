"""One turn of the quote finder: its tool calls, the passages it has seen, and the ways it can stop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from proofroom.agents.runtimes.base import Json, TurnRequest

NO_AI = "Quote finder, no AI used."


class Suspend(Exception):
    """A tool result said `suspend`."""


class Interrupted(Exception):
    """Somebody asked the run to stop."""


class Refused(Exception):
    """A tool did not do what was asked; `code` and `message` are its own."""

    def __init__(self, tool: str, content: Json) -> None:
        problem = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
        self.tool = tool
        self.code = str(problem.get("code") or "tool_refused")
        self.message = str(problem.get("message") or f"{tool} was refused.")
        super().__init__(f"{tool}: {self.message}")


@dataclass(slots=True)
class Run:
    """What one turn knows. `blocks` holds every passage seen, by block id, in the order they were met."""

    request: TurnRequest
    stopped: set[object]
    blocks: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    emitted: list[str] = field(default_factory=list[str])
    troubles: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.learn(self.request.envelope.blocks)

    def setting(self, name: str, default: Any) -> Any:
        value = self.request.config.get(name)
        return default if value is None else value

    def texts(self, name: str) -> list[str]:
        """A setting that is a list of texts."""
        value = self.request.config.get(name)
        return [str(one) for one in cast("list[Any]", value)] if isinstance(value, list) else []

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The content of a tool's answer. Raises Suspend, Interrupted or Refused."""
        if self.request.run in self.stopped:
            raise Interrupted
        result = await self.request.tools.call(name, arguments)
        if result.suspend:
            raise Suspend
        if not result.ok:
            raise Refused(name, result.content)
        return cast("dict[str, Any]", result.content) if isinstance(result.content, dict) else {}

    async def search(self, query: str, k: int, *, rank: bool = False) -> list[Mapping[str, Any]]:
        """Passages for the query that the settings allow; a refused search finds nothing and is noted.

        Scores of different queries do not compare: only a search with `rank` sets those of its passages.
        """
        try:
            answer = await self.call("search_context", {"query": query[:1_000], "k": k})
        except Refused as refused:
            self.troubles.append(f"A search was refused: {refused.message}")
            return []
        items = cast("list[Mapping[str, Any]]", answer.get("items") or [])
        found = self.learn(items if rank else [{**one, "score": 0.0} for one in items])
        if rank:
            for one in items:
                key = str(one.get("block_id") or one.get("alias"))
                if key in self.blocks:
                    self.blocks[key] = {**self.blocks[key], "score": one.get("score")}
        return found

    def learn(self, blocks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Remember passages; those that the settings exclude, or that are not usable, are passed over."""
        out: list[Mapping[str, Any]] = []
        for block in blocks:
            if block.get("alias") and isinstance(block.get("text"), str) and self.allows(block):
                key = str(block.get("block_id") or block["alias"])
                out.append(self.blocks.setdefault(key, block))
        return out

    def allows(self, block: Mapping[str, Any]) -> bool:
        only, without = self.texts("include_sources"), self.texts("exclude_sources")
        return (not only or names_source(block, only)) and not names_source(block, without)

    async def plan(self, steps: Sequence[tuple[str, str]]) -> None:
        await self.call(
            "emit_plan",
            {"steps": [{"title": title[:300], "detail": detail[:2_000]} for title, detail in steps]},
        )

    async def progress(self, done: int, total: int, label: str) -> None:
        await self.call("report_progress", {"done": done, "total": max(total, 1), "label": label[:200]})

    async def emit(
        self,
        slot: str,
        kind: str,
        title: str,
        blocks: Sequence[Mapping[str, Any]],
        *,
        confidence: float | None = None,
        high_impact: str | None = None,
    ) -> None:
        document = {"version": 1, "title": title, "refs": self.refs(blocks), "blocks": list(blocks)}
        arguments: dict[str, Any] = {"slot": slot, "type": kind, "title": title, "document": document}
        if confidence is not None:
            arguments["confidence"] = round(min(max(confidence, 0.0), 1.0), 2)
        if high_impact:
            arguments["high_impact"] = high_impact
        await self.call("emit_artifact", arguments)
        self.emitted.append(slot)

    def refs(self, blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the aliases cited in document blocks stand for."""
        used = set(re.findall(r"\[\[([A-Za-z][\w-]*)\|", repr(list(blocks))))
        return {
            str(one["alias"]): {key: one.get(key) for key in ("source_id", "version", "block_id")}
            for one in self.blocks.values()
            if one["alias"] in used
        }

    def source_count(self) -> int:
        """How many sources the basket has, as far as this turn can know; 0 when it looks empty."""
        told = self.request.options.get("source_count", "")
        seen = {str(one.get("source_id")) for one in self.blocks.values()}
        seen |= {str(one.get("source_id")) for one in self.request.envelope.tables}
        return max(int(told) if told.isdigit() else 0, len(seen))


def names_source(item: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether one of the names is the item's source: by id, or by title or file name, with or without ending."""
    if not names:
        return False
    mine = {str(item.get(key) or "").strip().lower() for key in ("source_id", "source_title", "filename")} - {
        ""
    }
    mine |= {stem_of(one) for one in mine}
    return any(name.strip().lower() in mine or stem_of(name.strip().lower()) in mine for name in names)


def stem_of(filename: str) -> str:
    return re.sub(r"\.[a-z0-9]{1,5}$", "", filename.rsplit("/", 1)[-1])


def escape(text: str) -> str:
    """Text as inline Markdown that reads back as the same text."""
    return re.sub(r"([\\`*_\[\]<>~&$])", r"\\\1", text)


def sentence_block(text: str, alias: str, quote: str) -> dict[str, Any]:
    """A paragraph of one sentence with its citation."""
    return {"type": "paragraph", "text": f"{escape(text)} [[{alias}|{quote}]]"}


def opinion(text: str) -> dict[str, Any]:
    return {"type": "opinion", "text": escape(text)}


def gap_blocks(said: Sequence[str]) -> list[dict[str, Any]]:
    """What could not be answered, and by whom: the label stands on every artifact."""
    return [*map(opinion, said), opinion(NO_AI)]
