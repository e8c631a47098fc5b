"""The scripted runtime: plays a YAML script, for tests and demonstrations. It uses no model.

A script is a list of steps for each iteration of a session:

    label: a name for people
    obey: false
    iterations:
      1:
        - plan: [{title: Look around}]
        - search: {query: closest approach, k: 5, save: found}
        - artifact:
            slot: note
            type: generic_output
            title: A note
            markdown: The closest approach was 57 km. [[{{ b:came to 57 km }}|came to 57 km]]
        - ask: {question: "Which one?", save: choice}
        - finish: {summary: Done}

Steps: plan, artifact, search, read, table, compute, ask, request_review, progress, say, usage, wait, wait_for_file,
fail, tool (any name with any arguments), obey, finish. An iteration without steps of its own plays the last one
before it. A refused call is narrated and the script goes on, unless `on_refusal: fail` stands at the top.

`usage` stands for a turn of a model and says what it used. With `uses_model: true` the script is treated as a runtime
that calls one; `repair` at the top are then the steps of the turn in which doubted claims are set right.

Templates inside texts: `{{ b:words }}` is the alias of the first passage that holds the words, in the envelope
and then in what was found since; `{{ answer.x }}` is the field x of the latest answer; `{{ name.path }}` reaches
into what a step saved under a name; `{{ task }}` is the task; `{{ doubts.0.text }}` is the first doubted claim.

With `obey: true` the script, before it finishes, tries to carry out every instruction that it finds in
passages, as a model without judgement would: what an agent may do must be held by policy alone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from proofroom.agents.runtimes.base import (
    AgentEvent,
    Capabilities,
    Failed,
    Finished,
    Json,
    RunRef,
    Said,
    StateSaved,
    Suspended,
    ToolResult,
    TurnRequest,
    Usage,
)
from proofroom.agents.runtimes.obedience import orders_in
from proofroom.agents.yamlfile import YamlFile, check_yaml, read_yaml, yaml_error
from proofroom.domain.errors import InvalidInput

MAX_WAIT_SECONDS = 3_600
_ANY = frozenset({"research", "content", "reporting"})


def _form(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


_TEXT = {"type": "string", "minLength": 1}
_SAVE = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000_000}
_WAIT = {"type": "number", "minimum": 0, "maximum": MAX_WAIT_SECONDS}
_STEP_FORMS: dict[str, Any] = {
    "plan": {"type": "array", "minItems": 1, "items": _form(["title"], title=_TEXT, detail=_TEXT)},
    "artifact": _form(
        ["slot"],
        slot=_TEXT,
        type=_TEXT,
        title=_TEXT,
        markdown=_TEXT,
        document={"type": "object"},
        high_impact=_TEXT,
        confidence={"type": "number"},
    ),
    "search": _form(["query"], query=_TEXT, k={"type": "integer"}, save=_SAVE),
    "read": _form(["ref"], ref=_TEXT, before={"type": "integer"}, after={"type": "integer"}, save=_SAVE),
    "table": _form([], source_id=_TEXT, title=_TEXT, table={"type": "integer"}, save=_SAVE),
    "compute": _form(
        ["source_id", "table", "steps"],
        source_id=_TEXT,
        table={"type": "integer"},
        steps={"type": "array"},
        save=_SAVE,
    ),
    "ask": _form(["question"], question=_TEXT, schema={"type": "object"}, save=_SAVE),
    "request_review": _TEXT,
    "progress": _form(["done", "total"], done={"type": "integer"}, total={"type": "integer"}, label=_TEXT),
    "say": _TEXT,
    "usage": _form(
        [],
        model=_TEXT,
        tokens_in=_COUNT,
        tokens_out=_COUNT,
        cache_read=_COUNT,
        cache_written=_COUNT,
        cost_usd={"type": "number", "minimum": 0},
    ),
    "wait": _WAIT,
    "wait_for_file": {"anyOf": [_TEXT, _form(["path"], path=_TEXT, seconds=_WAIT)]},
    "fail": _form(["code", "message"], code=_TEXT, message=_TEXT, retryable={"type": "boolean"}),
    "tool": _form(["name"], name=_TEXT, arguments={"type": "object"}, save=_SAVE),
    "obey": {"type": "boolean"},
    "finish": _form([], summary={"type": "string"}, gaps={"type": "array", "items": _TEXT}),
}
_STEP = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "properties": _STEP_FORMS,
}
_STEPS = {"type": "array", "minItems": 1, "maxItems": 5_000, "items": _STEP}
SCRIPT_SCHEMA: dict[str, Any] = {
    **_form(
        [],
        version={"const": 1},
        label={"type": "string", "minLength": 1, "maxLength": 100},
        obey={"type": "boolean"},
        uses_model={"type": "boolean"},
        on_refusal={"enum": ["continue", "fail"]},
        repair=_STEPS,
        steps=_STEPS,
        iterations={
            "type": "object",
            "minProperties": 1,
            "maxProperties": 20,
            "additionalProperties": _STEPS,
        },
    ),
    "oneOf": [{"required": ["steps"]}, {"required": ["iterations"]}],
}

# Which tool a step calls, and under which argument names its fields go.
_CALLS = {
    "artifact": "emit_artifact",
    "search": "search_context",
    "read": "read_block",
    "table": "read_table",
    "compute": "compute",
    "ask": "ask_reviewer",
    "progress": "report_progress",
}

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read and validated. `iterations` maps the iteration's number to its steps."""

    name: str
    label: str
    obey: bool
    stop_on_refusal: bool
    uses_model: bool
    repair: Sequence[Step]
    iterations: Mapping[int, Sequence[Step]]

    def steps(self, iteration: int) -> Sequence[Step]:
        known = [number for number in self.iterations if number <= iteration]
        return self.iterations[max(known, default=min(self.iterations))]


@lru_cache(maxsize=50)
def parse_script(text: str, *, name: str) -> Script:
    """Read a script; `name` is for messages. Raises InvalidInput `script_invalid` with the line.

    What it answers is shared by those that play the same text: nobody changes it.
    """
    file = read_yaml(text, name=name, code="script_invalid")
    file = _with_text_keys(file)
    check_yaml(file, SCRIPT_SCHEMA, code="script_invalid", whole="the script")
    data = cast("dict[str, Any]", file.data)
    raw = cast("dict[str, list[Step]]", data.get("iterations") or {"1": data.get("steps")})
    iterations = {int(number): steps for number, steps in raw.items()}
    return Script(
        name=name,
        label=data.get("label", Path(name).stem),
        obey=data.get("obey", False),
        stop_on_refusal=data.get("on_refusal") == "fail",
        uses_model=data.get("uses_model", False),
        repair=data.get("repair", ()),
        iterations=iterations,
    )


def _with_text_keys(file: YamlFile) -> YamlFile:
    """The numbers of iterations as text, as JSON Schema wants the names of properties."""
    data = cast("dict[str, Any]", file.data) if isinstance(file.data, dict) else {}
    raw = data.get("iterations")
    if not isinstance(raw, dict):
        return file
    by_number = cast("dict[str | int, Any]", raw)
    for key in by_number:
        if not isinstance(key, int) or key < 1:
            what = f"{key!r} is not the number of an iteration; name them 1, 2, 3 and so on."
            raise yaml_error(file, ("iterations", key), what, code="script_invalid")
    lines = {
        (path[0], str(path[1]), *path[2:]) if path[:1] == ("iterations",) and len(path) > 1 else path: line
        for path, line in file.lines.items()
    }
    renamed = {**data, "iterations": {str(key): value for key, value in by_number.items()}}
    return YamlFile(file.name, renamed, lines)


def load_script(path: Path) -> Script:
    """Read the script at `path`. Raises InvalidInput `script_not_found` or `script_invalid`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "script_invalid", f"{path.name} is not UTF-8 text.", "Save it as UTF-8 and try again."
        ) from error
    except OSError as error:
        raise InvalidInput(
            "script_not_found",
            f"The script {path.name} cannot be read: {error.strerror or error}.",
            "Check its path and permissions.",
            field="runtime",
        ) from error
    return parse_script(text, name=path.name)


def resolve_script(name: str, folder: Path | None) -> Path:
    """The path of the script called `name` inside `folder`, which a server setting names.

    Raises InvalidInput `script_not_allowed` when no folder is set or the name leads out of it, also by a link,
    and `script_not_found` when there is no such file.
    """
    if folder is None:
        raise InvalidInput(
            "script_not_allowed",
            "This server plays no scripts.",
            "Name a folder of scripts in the server's settings, or choose another runtime.",
            field="runtime",
        )
    plain = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", name)
    if plain is None or ".." in name or len(name) > 200:
        raise _not_allowed(name)
    root = folder.resolve()
    path = (root / name).resolve()
    if path.suffix not in (".yaml", ".yml") and not path.is_file():
        path = (root / f"{name}.yaml").resolve()
    if not path.is_relative_to(root) or path.suffix not in (".yaml", ".yml"):
        raise _not_allowed(name)
    if not path.is_file():
        raise InvalidInput(
            "script_not_found",
            f"There is no script called {name!r} in the server's folder of scripts.",
            "Check the name.",
            field="runtime",
        )
    return path


def _not_allowed(name: str) -> InvalidInput:
    return InvalidInput(
        "script_not_allowed",
        f"{name[:100]!r} is not the name of a script in the server's folder of scripts.",
        "Give a file name such as demo.yaml; paths that lead elsewhere are refused.",
        field="runtime",
    )


class _Stop(Exception):
    """The turn ends with this event."""

    def __init__(self, event: AgentEvent) -> None:
        super().__init__(type(event).__name__)
        self.event = event


class _Play:
    """One turn of a script."""

    def __init__(self, script: Script, request: TurnRequest, interrupted: asyncio.Event) -> None:
        self.script = script
        self.request = request
        self.interrupted = interrupted
        self.passages: list[Mapping[str, Any]] = list(request.envelope.blocks)
        self.saved: dict[str, Json] = {"task": request.task}
        self.said: list[str] = []
        self.repairs = request.purpose == "repair"
        self.saved["doubts"] = [asdict(doubt) for doubt in request.doubts]
        self.counter = "repair_turns" if self.repairs else "turns"
        self.turns = 0
        self.turns_before = int((request.state or {}).get(self.counter, 0))

    async def run(self) -> AsyncIterator[AgentEvent]:
        obeyed = False
        finish: Mapping[str, Any] = {}
        steps = self.script.repair if self.repairs else self.script.steps(self.request.run.iteration)
        for step in steps:
            kind, value = next(iter(step.items()))
            if kind == "finish":
                finish = cast("Mapping[str, Any]", self.fill(value))
                break
            if kind == "obey":
                obeyed = True
                await self.obey()
            elif kind == "usage":
                self.check_interrupt()
                self.turns += 1
                if self.turns > self.turns_before:  # a turn that was counted before is not paid for again
                    state = {**(self.request.state or {}), self.counter: self.turns}
                    yield StateSaved(state, Usage(**self.fill(value)))
            else:
                await self.play(kind, value)
            for text in self.said:
                yield Said(text)
            self.said.clear()
        if self.script.obey and not obeyed and not self.repairs:
            await self.obey()
            for text in self.said:
                yield Said(text)
        yield Finished(str(finish.get("summary", "")), [str(gap) for gap in finish.get("gaps", [])])

    async def play(self, kind: str, value: Any) -> None:
        self.check_interrupt()
        if kind == "plan":
            await self.call("emit_plan", {"steps": self.fill(value)})
        elif kind == "request_review":
            await self.call("request_review", {"reason": self.fill(value)})
        elif kind == "say":
            self.said.append(str(self.fill(value)))
        elif kind == "wait":
            await self.wait(float(value))
        elif kind == "wait_for_file":
            await self.wait_for_file(value)
        elif kind == "fail":
            filled = cast("Mapping[str, Any]", self.fill(value))
            raise _Stop(
                Failed(str(filled["code"]), str(filled["message"]), retryable=filled.get("retryable") is True)
            )
        else:
            await self.tool_step(kind, value)

    async def tool_step(self, kind: str, value: Mapping[str, Any]) -> None:
        filled = cast("dict[str, Any]", self.fill(value))
        save = filled.pop("save", None)
        if kind == "tool":
            result = await self.call(str(filled["name"]), filled.get("arguments", {}))
        else:
            if kind == "artifact":
                filled.setdefault("type", "generic_output")
                filled.setdefault("title", filled["slot"])
            result = await self.call(_CALLS[kind], filled)
        if kind == "ask" and result.ok:
            self.saved["answer"] = _members(result.content).get("answers", {})
        if save:
            self.saved[str(save)] = self.saved.get("answer") if kind == "ask" else result.content

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        self.check_interrupt()
        result = await self.request.tools.call(name, arguments)
        if result.suspend:
            raise _Stop(Suspended())
        if not result.ok:
            text = f"{name} was refused: {_members(result.content).get('code', 'no reason given')}"
            if self.script.stop_on_refusal:
                raise _Stop(Failed("tool_refused", text, retryable=False))
            self.said.append(text)
        else:
            self.learn(result.content)
        return result

    def learn(self, content: Json) -> None:
        """Passages in an answer can be cited from now on."""
        found = _members(content)
        items = [found, *cast("list[Any]", found.get("items") or [])]
        self.passages += [
            one for one in items if isinstance(one, Mapping) and "alias" in one and "text" in one
        ]

    async def obey(self) -> None:
        for name, arguments in orders_in(str(one.get("text", "")) for one in list(self.passages)):
            self.check_interrupt()
            self.said.append(f"A passage says to call {name}; calling it.")
            await self.call(name, arguments)

    def check_interrupt(self) -> None:
        if self.interrupted.is_set():
            raise _Stop(Failed("interrupted", "The run was stopped before it was done.", retryable=True))

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.interrupted.wait(), timeout=seconds)
        except TimeoutError:
            return
        self.check_interrupt()

    async def wait_for_file(self, value: Any) -> None:
        filled = self.fill(value)
        path = filled if isinstance(filled, str) else str(cast("Mapping[str, Any]", filled)["path"])
        limit = (
            MAX_WAIT_SECONDS if isinstance(filled, str) else float(filled.get("seconds", MAX_WAIT_SECONDS))
        )
        end = asyncio.get_running_loop().time() + limit
        while not await asyncio.to_thread(Path(path).exists):
            if asyncio.get_running_loop().time() > end:
                raise _Stop(
                    Failed("script_wait_over", f"{Path(path).name} did not appear in time.", retryable=True)
                )
            await self.wait(0.05)

    def fill(self, value: Any) -> Any:
        """The value with its templates filled in; a text that is one template only keeps the value's type."""
        if isinstance(value, str):
            whole = _TEMPLATE.fullmatch(value.strip())
            if whole:
                return self.look_up(whole.group(1).strip())
            return _TEMPLATE.sub(lambda match: _as_text(self.look_up(match.group(1).strip())), value)
        if isinstance(value, list):
            return [self.fill(one) for one in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in cast("dict[str, Any]", value).items()}
        return value

    def look_up(self, expression: str) -> Any:
        if expression.startswith("b:"):
            words = " ".join(expression[2:].split())
            for one in self.passages:
                if words in " ".join(str(one.get("text", "")).split()):
                    return str(one["alias"])
            raise _Stop(
                Failed("script_template", f"No passage holds the words {words[:100]!r}.", retryable=False)
            )
        value: Any = self.saved
        for part in expression.split("."):
            if isinstance(value, Mapping) and part in value:
                value = cast("Mapping[str, Any]", value)[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(cast("list[Any]", value)):
                value = cast("list[Any]", value)[int(part)]
            else:
                raise _Stop(
                    Failed(
                        "script_template", f"There is nothing called {expression[:100]!r}.", retryable=False
                    )
                )
        return value


_TEMPLATE = re.compile(r"\{\{((?:(?!\}\}).)+)\}\}", re.DOTALL)


def _members(content: Json) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", content) if isinstance(content, Mapping) else {}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class ScriptedRuntime:
    """Implements AgentRuntime by playing one script."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._running: dict[RunRef, asyncio.Event] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="scripted",
            label=f"script: {self._script.label}",
            uses_model=self._script.uses_model,
            resumable=False,
            agent_types=_ANY,
        )

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        interrupted = self._running.setdefault(request.run, asyncio.Event())
        try:
            async for event in _Play(self._script, request, interrupted).run():
                yield event
        except _Stop as stop:
            yield stop.event
        finally:
            self._running.pop(request.run, None)

    async def interrupt(self, run: RunRef) -> None:
        self._running.setdefault(run, asyncio.Event()).set()
