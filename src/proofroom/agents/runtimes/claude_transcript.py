"""The conversation as it stands in our database: written while it goes on, laid out again wherever it goes on.

The program writes a transcript into its own folder and hands every line to us. The folder is gone with the run; to go
on, the lines are laid out in a new one. Calls that have no result yet (one that waited for a person, or one that a
crash cut off) get it first, from our tools, so that the model finds its call answered.
"""

import asyncio
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from proofroom.agents.runtimes.base import RunRef, ToolResult
from proofroom.agents.runtimes.claude_calls import told
from proofroom.agents.runtimes.progress import repeated
from proofroom.db import transcripts
from proofroom.db.tx import Database
from proofroom.substrate.parsers.sniff import clean_json

Line = dict[str, Any]
RECORDED_SECONDS = 3.0
"""How long a call waits for its line to be recorded. The program hands lines on about ten times a second."""


class NotStored(Exception):
    """A line of the conversation could not be stored, or did not come to be stored in time."""


class Transcript:
    """The lines of one conversation. Implements what the SDK wants of a session store.

    `broken` is why a line could not be stored; the run must end with it. Lines are kept only while the leg holds its
    session.
    """

    def __init__(self, db: Database, run: RunRef, transcript_id: UUID) -> None:
        self.id = transcript_id
        self.broken: BaseException | None = None
        self._db = db
        self._run = run
        self._calls: set[str] = set()
        self._replies: dict[str, list[str]] = {}
        self._more = asyncio.Condition()

    async def append(self, key: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> None:
        if self.broken is not None:
            return
        lines: list[Line] = []
        try:
            lines = [clean_json(line) for line in entries]
            async with self._db.transaction(self._run.workspace_id) as tx:
                await transcripts.append(
                    tx, self._run.session_id, self._run.leg, self.id, lines, str(key.get("subpath") or "")
                )
        except Exception as error:  # noqa: BLE001  whatever it is, the run ends with it; the SDK would go on
            self.broken = error
        async with self._more:
            for line in lines:
                for call in calls_in(line):
                    self._calls.add(call["id"])
                    made = json.dumps([call.get("name"), call.get("input")], sort_keys=True)
                    self._replies.setdefault(str(line["message"].get("id")), []).append(made)
            self._more.notify_all()

    def repeated(self) -> int:
        """How many replies of this run, just before the last one with calls, made the same calls."""
        return repeated(list(self._replies.values()))

    async def load(self, key: Mapping[str, Any]) -> None:  # noqa: ARG002  what is there is laid out by us
        """Nothing: the lines lie in the program's folder already."""
        return

    async def recorded(self, call_id: str) -> None:
        """Returns when the line with this call is stored. Raises NotStored."""
        try:
            async with asyncio.timeout(RECORDED_SECONDS), self._more:
                await self._more.wait_for(lambda: call_id in self._calls or self.broken is not None)
        except TimeoutError:
            raise NotStored("the line of a call did not come") from None
        if self.broken is not None:
            raise NotStored(type(self.broken).__name__) from self.broken


async def stored(db: Database, run: RunRef) -> tuple[UUID, list[Line]] | None:
    """The conversation of this iteration, as far as it is stored. None when there is none to go on with: a reply that
    was in flight when its worker died is asked for again.

    What is stored goes before what the saved state names: a call is carried out once its line is stored, which may be
    before the turn that made it is recorded.
    """
    async with db.transaction(run.workspace_id) as tx:
        for name in await transcripts.of_iteration(tx, run.session_id, run.iteration):
            lines = await transcripts.lines(tx, run.session_id, name)
            if any(line.get("type") == "assistant" and not line.get("isApiErrorMessage") for line in lines):
                return name, lines
    return None


def calls_in(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The calls of tools in a line: {id, name, input}."""
    blocks = _blocks(line, "assistant")
    return [b for b in blocks if b.get("type") == "tool_use" and isinstance(b.get("id"), str)]


def unanswered(lines: Sequence[Line]) -> list[tuple[Line, dict[str, Any]]]:
    """The calls without a result, each with its line, in their order."""
    answered = {
        str(b.get("tool_use_id"))
        for line in lines
        for b in _blocks(line, "user")
        if b.get("type") == "tool_result"
    }
    return [(line, call) for line in lines for call in calls_in(line) if call["id"] not in answered]


def result_line(line: Line, call: Mapping[str, Any], result: ToolResult) -> Line:
    """The line that answers a call, as the program would have written it."""
    shown = told(result)
    block = {
        "type": "tool_result", "tool_use_id": call["id"], "content": shown["content"],
        **({"is_error": True} if shown["is_error"] else {}),
    }  # fmt: skip
    about = {
        key: line[key]
        for key in ("isSidechain", "userType", "entrypoint", "cwd", "sessionId", "version", "gitBranch")
        if key in line
    }
    return {
        **about,
        "type": "user",
        "uuid": str(uuid.uuid4()),
        "parentUuid": line.get("uuid"),
        "sourceToolAssistantUUID": line.get("uuid"),
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "message": {"role": "user", "content": [block]},
        "toolUseResult": shown["content"],
    }


def without_deferral(lines: Iterable[Line]) -> list[Line]:
    """The lines without the marks of calls that were put off (such a call is answered here, not made again) and without
    the marks of where the conversation ended at some time before."""
    out: list[Line] = []
    instead: dict[Any, Any] = {}
    for line in lines:
        if line.get("type") == "last-prompt":
            continue  # it names an earlier end of the conversation, from which the program would go on
        parent = line.get("parentUuid")
        while parent in instead:
            parent = instead[parent]
        attachment: Any = line.get("attachment")
        if isinstance(attachment, dict) and cast(Line, attachment).get("type") == "hook_deferred_tool":
            instead[line.get("uuid")] = parent
        elif parent != line.get("parentUuid"):
            out.append({**line, "parentUuid": parent})
        else:
            out.append(line)
    return out


def lay_out(folder: Path, project_key: str, transcript_id: UUID, lines: Iterable[Line]) -> None:
    """Writes the transcript where the program looks for it."""
    place = folder / "config" / "projects" / project_key
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "".join(
        json.dumps({"type": line.get("type"), **line}, separators=(",", ":")) + "\n" for line in lines
    )
    (place / f"{transcript_id}.jsonl").write_text(text, encoding="utf-8")


def _blocks(line: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    message: Any = line.get("message")
    if line.get("type") != kind or not isinstance(message, dict):
        return []
    content: Any = cast(Line, message).get("content")
    if not isinstance(content, list):
        return []
    return [cast(Line, block) for block in cast(list[Any], content) if isinstance(block, dict)]
