"""A small room for agents: sources in memory and the tools over them, recording every call."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from proofroom.agents.factory import load_definitions, validate_config
from proofroom.agents.runtimes.base import (
    AgentEvent,
    AgentRuntime,
    EnvelopeView,
    Json,
    Obligation,
    PreviousArtifact,
    RunRef,
    ToolResult,
    TurnRequest,
)
from proofroom.agents.runtimes.extractive.words import content_stems
from proofroom.agents.tools import validate_arguments
from proofroom.domain.compute import Table, compute
from proofroom.domain.document import ArtifactDocument, from_json, parse_markdown
from proofroom.domain.errors import ProofroomError
from proofroom.domain.evidence import Claim, Passage, check_cited, check_computed, split_claims
from proofroom.domain.marks import instruction_like

WORKSPACE = UUID("00000000-0000-7000-8000-000000000001")
SESSION = UUID("00000000-0000-7000-8000-000000000002")
ENVELOPE = UUID("00000000-0000-7000-8000-000000000003")


class Room:
    """Implements Tools. `calls` lists (name, arguments); `artifacts` what was handed in, by slot.

    With `recorded` given, the answers are those of an earlier run, in order, as after a crash. `suspend_on` names a
    tool whose answer says that a person decides first.
    """

    def __init__(
        self,
        texts: Mapping[str, str] | None = None,
        tables: Mapping[str, Sequence[Sequence[str]]] | None = None,
        *,
        suspend_on: str | None = None,
        answers: Mapping[str, Json] | None = None,
        recorded: Sequence[ToolResult] | None = None,
    ) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.given: list[ToolResult] = []
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.blocks: list[dict[str, Any]] = []
        self.tables = {name: [list(row) for row in rows] for name, rows in (tables or {}).items()}
        self.suspend_on = suspend_on
        self.answers = answers
        self.recorded = None if recorded is None else list(recorded)
        self._aliases: dict[str, str] = {}
        for title, text in (texts or {}).items():
            self._add_text(title, text)
        for title, rows in self.tables.items():
            at = 0
            for n, row in enumerate(rows):
                line = ",".join(row)
                if n:
                    self._add(title, line, at, "table_row", list(zip(rows[0], row, strict=True)))
                at += len(line) + 1

    def _add_text(self, title: str, text: str) -> None:
        at = 0
        for part in text.split("\n\n"):
            if part.strip():
                self._add(title, part, at, "paragraph")
            at += len(part) + 2

    def _add(self, title: str, text: str, at: int, kind: str, cells: Any = ()) -> None:
        self.blocks.append(
            {
                "block_id": f"{title}-{at}",
                "source_id": title,
                "version": 1,
                "source_title": title,
                "kind": kind,
                "page": None,
                "heading": None,
                "char_start": at,
                "char_end": at + len(text),
                "text": text,
                "instruction_like": instruction_like(text),
                "cells": cells,
            }
        )

    def items(self, query: str, k: int) -> list[dict[str, Any]]:
        counts = [Counter(content_stems(str(one["text"]))) for one in self.blocks]
        found: list[tuple[float, int]] = []
        for n, words in enumerate(counts):
            score = 0.0
            for stem in set(content_stems(query)):
                seen = sum(stem in other for other in counts)
                if stem in words:
                    score += (
                        math.log(1 + (len(counts) - seen + 0.5) / (seen + 0.5))
                        * words[stem]
                        / (words[stem] + 1.2)
                    )
            if score > 0:
                found.append((-score, n))
        return [self._item(n, -score) for score, n in sorted(found)[:k]]

    def pinned(self, task: str, size: int) -> list[dict[str, Any]]:
        """All passages in reading order where they fit, else the best for the task."""
        if len(self.blocks) <= size:
            return [self._item(n, 0.0) for n in range(len(self.blocks))]
        return self.items(task, size)

    def _item(self, n: int, score: float) -> dict[str, Any]:
        block = {key: value for key, value in self.blocks[n].items() if key != "cells"}
        alias = self._aliases.setdefault(str(block["block_id"]), f"b{len(self._aliases) + 1}")
        return {**block, "alias": alias, "score": score}

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Json],
        *,
        once: str | None = None,  # noqa: ARG002  nothing is made again here
    ) -> ToolResult:
        self.calls.append((name, json.loads(json.dumps(dict(arguments)))))
        if name == "emit_artifact":
            self.artifacts[str(arguments.get("slot"))] = dict(arguments)
        if self.recorded is not None:
            return self.recorded[len(self.calls) - 1]
        result = self._answer(name, arguments)
        self.given.append(result)
        return result

    def _answer(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        try:
            clean = validate_arguments(name, arguments)
        except ProofroomError as error:
            return ToolResult(False, {"code": error.code, "message": error.message, "hint": error.hint})
        if name == self.suspend_on:
            return ToolResult(True, {}, suspend=True)
        if name == "search_context":
            return ToolResult(True, {"items": self.items(clean["query"], clean.get("k", 10))})
        if name == "ask_reviewer":
            if self.answers is None:
                return ToolResult(True, {}, suspend=True)
            return ToolResult(True, {"answers": dict(self.answers)})
        if name == "read_table":
            rows = self.tables[clean["source_id"]]
            return ToolResult(True, {**self.listed(clean["source_id"]), "rows": rows[1:], "truncated": False})
        if name == "compute":
            return self._compute(clean)
        return ToolResult(True, {})

    def _compute(self, arguments: Mapping[str, Any]) -> ToolResult:
        try:
            made = compute(self.table(arguments["source_id"]), arguments["steps"])
        except ProofroomError as error:
            return ToolResult(False, {"code": error.code, "message": error.message, "hint": error.hint})
        computed = {"op": "table", "version": 1, **arguments}
        return ToolResult(
            True,
            {
                "table": {"columns": list(made.columns), "rows": [list(row) for row in made.rows]},
                "computed": computed,
            },
        )

    def table(self, title: str) -> Table:
        rows = self.tables[title]
        return Table(tuple(rows[0]), tuple(tuple(row) for row in rows[1:]))

    def listed(self, title: str) -> dict[str, Any]:
        rows = self.tables[title]
        types = ["number" if row.replace(".", "").isdigit() else "text" for row in rows[1]]
        return {
            "source_id": title,
            "version": 1,
            "source_title": title,
            "table": 0,
            "name": title,
            "columns": rows[0],
            "types": types,
            "row_count": len(rows) - 1,
        }

    def request(
        self,
        task: str,
        agent: str = "research",
        config: Mapping[str, Any] | None = None,
        *,
        iteration: int = 1,
        obligations: Sequence[Obligation] = (),
        previous: Sequence[PreviousArtifact] = (),
        envelope_size: int = 60,
        agent_type: str | None = None,
    ) -> TurnRequest:
        definition = load_definitions()[agent]
        return TurnRequest(
            run=RunRef(WORKSPACE, SESSION, iteration, 1),
            agent_type=agent_type or agent,
            goal=definition.goal,
            instructions=definition.instructions,
            task=task,
            config=validate_config(definition, config or {}),
            strategy="final_only",
            envelope=EnvelopeView(
                ENVELOPE,
                task,
                "0" * 64,
                self.pinned(task, envelope_size),
                [self.listed(one) for one in self.tables],
            ),
            tools=self,
            obligations=obligations,
            previous=previous,
        )

    def document(self, slot: str) -> ArtifactDocument:
        """An artifact as the product reads it, with the references that belong to its citations."""
        artifact = self.artifacts[slot]
        if "markdown" in artifact:
            return parse_markdown(artifact["markdown"], title=artifact["title"])
        return from_json(artifact["document"])

    def claims(self, slot: str) -> list[Claim]:
        """The claims of an artifact, checked as the product checks them."""
        document = self.document(slot)
        everything = {
            str(one["block_id"]): Passage(
                one["source_id"], 1, one["block_id"], one["source_title"], None, one["char_start"], one["char_end"],
                one["text"], "table_row" if one["kind"] == "table_row" else "text", tuple(one["cells"]),
            )
            for one in self.blocks
        }  # fmt: skip
        passages = {alias: everything[block_id] for block_id, alias in self._aliases.items()}
        out: list[Claim] = []
        for claim in split_claims(document):
            if claim.kind == "sentence":
                cited = {one.ref: passages[one.ref] for one in claim.cites if one.ref in passages}
                out.append(
                    check_cited(
                        claim, cited, [one for one in everything.values() if one not in cited.values()]
                    )
                )
            else:
                block: Any = document.blocks[claim.path[0]]
                again = (
                    compute(self.table(block.computed.source_id), block.computed.steps)
                    if block.computed
                    else None
                )
                out.append(check_computed(claim, document, again))
        return out

    def plain_text(self, slot: str) -> str:
        from proofroom.domain.document import plain, to_json

        texts: list[str] = []
        for block in to_json(self.document(slot))["blocks"]:
            texts += [plain(one).text for one in (block.get("items") or [block.get("text")]) if one]
        return "\n".join(texts)


async def play(runtime: AgentRuntime, request: TurnRequest) -> list[AgentEvent]:
    return [event async for event in runtime.turn(request)]


def obligation(comment: str, slot: str | None = None, claim: str | None = None) -> Obligation:
    return Obligation(UUID(int=len(comment)), comment, slot, claim)
