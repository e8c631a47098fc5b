"""The parts of the claude runtime that need neither the SDK nor a database."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from proofroom.agents.runtimes import claude_key, claude_process, registry
from proofroom.agents.runtimes.base import ToolResult, Usage
from proofroom.agents.runtimes.claude_calls import ONE_AT_A_TIME, Calls, own_name, schema_for_model
from proofroom.agents.runtimes.claude_process import (
    UNREADABLE,
    Process,
    environment,
    make_folder,
    read_line,
    uninterrupted,
)
from proofroom.agents.runtimes.claude_transcript import (
    calls_in,
    lay_out,
    result_line,
    unanswered,
    without_deferral,
)
from proofroom.agents.runtimes.claude_usage import Meter, failure_of
from proofroom.agents.runtimes.host import Host
from proofroom.agents.runtimes.progress import repeated
from proofroom.agents.tools import TOOLS
from proofroom.domain.errors import Unavailable
from proofroom.settings import Settings
from proofroom.substrate.parsers.sniff import clean_json
from proofroom.testing.model_server import KEY, ModelServer


def start(name: str, read: int, model: str = "m") -> dict[str, Any]:
    usage = {"input_tokens": read, "output_tokens": 1, "cache_read_input_tokens": 5}
    return {"type": "message_start", "message": {"id": name, "model": model, "usage": usage}}


def delta(written: int, stop: str = "end_turn") -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": written}}


STOP = {"type": "message_stop"}


def test_a_message_is_counted_once_when_its_stream_ends() -> None:
    meter = Meter()
    assert [meter.event(e) for e in (start("a", 10), {"type": "ping"}, delta(7, "tool_use"))] == [None] * 3
    meter.whole("a", "m", {"input_tokens": 10, "output_tokens": 1}, None)
    spent = meter.event(STOP)
    assert spent is not None
    assert spent.usage == Usage(tokens_in=15, tokens_out=7, model="m", cache_read=5)
    assert spent.stop_reason == "tool_use"
    assert meter.event(STOP) is None
    assert meter.settle() == []


def test_a_message_that_was_broken_off_is_not_counted_and_its_repetition_is() -> None:
    meter = Meter()
    meter.event(start("a", 10))
    meter.whole("a", "m", {"input_tokens": 10, "output_tokens": 1}, None)
    assert meter.event(STOP) is None  # the program makes up the end of a stream that broke
    meter.whole("b", "m", {"input_tokens": 10, "output_tokens": 4}, "end_turn")
    meter.whole("b", "m", {"input_tokens": 10, "output_tokens": 6}, "end_turn")
    meter.whole("c", "<synthetic>", {"input_tokens": 0, "output_tokens": 0}, None)
    meter.whole(None, None, None, None)
    (spent,) = meter.settle()
    assert (spent.message_id, spent.usage.tokens_in, spent.usage.tokens_out) == ("b", 10, 6)
    assert meter.settle() == []


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (401, "provider_key_invalid", True), (403, "provider_key_invalid", True), (429, "provider_busy", True),
        (529, "provider_busy", True), (503, "provider_busy", True), (408, "provider_timeout", True),
        (504, "provider_timeout", True), (404, "provider_error", False), (413, "provider_error", False),
        (500, "provider_error", True), (None, "provider_error", True),
    ],
)  # fmt: skip
def test_what_an_error_of_the_provider_means(status: int | None, code: str, retryable: bool) -> None:
    failed = failure_of(status, "model_error", f"no {KEY} \n here " + "x" * 900, secret=KEY)
    assert (failed.code, failed.retryable) == (code, retryable)
    assert KEY not in failed.message
    assert len(failed.message) < 500
    assert failure_of(status, None, "", secret="").message.endswith(".")


class Tools:
    """Answers every call; those of `stops` wait for a person, those of `breaks` raise."""

    def __init__(self, stops: str = "", breaks: str = "") -> None:
        self.called: list[str] = []
        self._stops, self._breaks = stops, breaks

    async def call(self, name: str, arguments: Mapping[str, Any], *, once: str | None = None) -> ToolResult:
        assert once is not None
        self.called.append(name)
        if name == self._breaks:
            raise RuntimeError("broke")
        return ToolResult(ok=True, content={"called": name}, suspend=name == self._stops)


async def at_once(_: str) -> None:
    return


def never() -> int:
    return 0


async def test_a_call_that_came_again_and_again_is_refused_and_not_made() -> None:
    tools, before = Tools(), 2
    door = Calls(tools, at_once, lambda: before)
    tool = "mcp__proofroom__search_context"
    assert (await door.before(tool, {}, "1")).decision == "allow"
    before = 3
    verdict = await door.before(tool, {}, "2")
    assert (verdict.decision, tools.called) == ("deny", ["search_context"])
    assert "came before" in verdict.why


def test_only_the_same_calls_one_after_the_other_count_as_repeated() -> None:
    assert [repeated(one) for one in ([], [["a"]], [["a"], ["a"]], [["a"], ["b"], ["a"]])] == [0, 0, 1, 0]
    assert repeated([["a", "b"], ["a"], ["a", "b"], ["a", "b"]]) == 1
    assert repeated([[], []]) == 0


def test_a_conversation_that_is_too_long_is_said_with_what_to_do() -> None:
    for reason, said in (
        (None, "Prompt is too long"), ("prompt_too_long", ""), (None, "413 request_too_large"),
        (None, "input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000"),
    ):  # fmt: skip
        failed = failure_of(400, reason, said, secret="")
        assert (failed.code, failed.retryable) == ("conversation_too_long", False)
        assert "Fork it" in failed.message


async def test_a_call_is_carried_out_before_it_is_allowed_and_answered_once() -> None:
    tools = Tools()
    door = Calls(tools, at_once, never)
    verdict = await door.before("mcp__proofroom__search_context", {"query": "x"}, "1")
    assert (verdict.decision, tools.called) == ("allow", ["search_context"])
    assert door.answer("search_context", {"query": "x"})["is_error"] is False
    assert door.answer("search_context", {"query": "x"})["is_error"] is True
    assert door.answer("search_context", {"query": "y"})["is_error"] is True
    await door.idle()


@pytest.mark.parametrize(
    "tool", ["Bash", "mcp__other__search_context", "search_context", "mcp__proofroom__x"]
)
async def test_what_is_not_ours_is_refused_and_never_called(tool: str) -> None:
    tools = Tools()
    assert own_name(tool) is None
    assert (await Calls(tools, at_once, never).before(tool, {}, "1")).decision == "deny"
    assert tools.called == []


async def test_the_first_call_that_waits_for_a_person_wins_and_the_others_are_refused() -> None:
    tools = Tools(stops="ask_reviewer")
    door = Calls(tools, at_once, never)
    names = ("search_context", "ask_reviewer", "ask_reviewer", "emit_artifact")
    verdicts = await asyncio.gather(
        *(door.before(f"mcp__proofroom__{name}", {"n": n}, str(n)) for n, name in enumerate(names))
    )
    assert [v.decision for v in verdicts] == ["allow", "defer", "deny", "deny"]
    assert verdicts[2].why == ONE_AT_A_TIME
    assert (tools.called, door.suspended) == (["search_context", "ask_reviewer"], "1")


async def test_a_tool_that_breaks_lets_nothing_through_afterwards() -> None:
    tools = Tools(breaks="search_context")
    door = Calls(tools, at_once, never)
    verdicts = [await door.before(f"mcp__proofroom__{n}", {}, n) for n in ("search_context", "emit_plan")]
    assert [v.decision for v in verdicts] == ["deny", "deny"]
    assert isinstance(door.broken, RuntimeError)
    assert tools.called == ["search_context"]


def test_schemas_for_the_model_have_nothing_at_the_top_that_the_api_refuses() -> None:
    for spec in TOOLS.values():
        assert not {"oneOf", "anyOf", "allOf"} & set(schema_for_model(spec))
        assert schema_for_model(spec)["properties"] == spec.schema["properties"]


def line(name: str, parent: str | None, *blocks: dict[str, Any], kind: str = "assistant") -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": name,
        "parentUuid": parent,
        "cwd": "/",
        "message": {"role": kind, "content": list(blocks)},
    }


def used(call_id: str) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": call_id,
        "name": "mcp__proofroom__search_context",
        "input": {"query": "x"},
    }


def test_calls_without_a_result_are_found_and_answered_as_the_program_would() -> None:
    answer = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
    mark = {"type": "hook_deferred_tool"}
    deferred = {"type": "attachment", "uuid": "d", "parentUuid": "b", "attachment": mark}
    after = {"type": "attachment", "uuid": "e", "parentUuid": "d", "attachment": {"type": "date"}}
    lines = [
        {"type": "user", "uuid": "p", "parentUuid": None, "message": {"role": "user", "content": "Do it"}},
        line("a", "p", {"type": "text", "text": "…"}, used("t1")),
        line("b", "a", used("t2")),
        line("c", "a", answer, kind="user"),
        deferred,
        after,
    ]
    kept = without_deferral(lines)
    assert [one["uuid"] for one in kept] == ["p", "a", "b", "c", "e"]
    assert kept[-1]["parentUuid"] == "b"
    ((at, call),) = unanswered(kept)
    assert (at["uuid"], call["id"]) == ("b", "t2")
    made = result_line(at, call, ToolResult(ok=False, content={"code": "no"}))
    assert (made["parentUuid"], made["sourceToolAssistantUUID"], made["cwd"]) == ("b", "b", "/")
    assert made["message"]["content"][0]["is_error"] is True
    assert unanswered([*kept, made]) == []
    assert calls_in({"type": "assistant", "message": None}) == [] == calls_in({"type": "user"})


def test_lines_are_made_fit_for_the_database_and_laid_out_again(tmp_path: Path) -> None:
    odd = {"type": "user", "message": {"content": ["a\x00b", "\ud800", r"\u0000 stays"]}, "n\x00": 1}
    made = clean_json(odd)
    assert made == {
        "type": "user",
        "message": {"content": ["a�b", "�", r"\u0000 stays"]},
        "n�": 1,
    }
    name = uuid4()
    lay_out(tmp_path, "-", name, [made])
    (path,) = tmp_path.rglob("*.jsonl")
    assert path.relative_to(tmp_path).as_posix() == f"config/projects/-/{name}.jsonl"
    assert path.read_text().startswith('{"type":"user"')


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b'{"type":"system","n":1}\n', "system"),
        (b'{"type":"user","a":' + b"[" * 98 + b"]" * 98 + b"}", "user"),
        (b'{"type":"user","a":' + b"[" * 50 + b"]," + b"[]," * 200 + b"0" + b"]" * 49 + b"}", "user"),
        (b'{"type":"user","a":' + b"[" * 100 + b"]" * 100 + b"}", UNREADABLE),
        (b'{"type":"user","a":' + b'{"b":' * 900 + b"1" + b"}" * 900 + b"}", UNREADABLE),
        (b'{"type":"user","a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", UNREADABLE),
        (b'{"type":"user","a":' + b"9" * 5_000 + b"}", UNREADABLE),
        (b"Warning: something\n", None),
        (b"[" * 200_000, None),
        (b"12\n", None),
    ],
    ids=["plain", "98", "wide", "101", "900", "200000", "endless", "words", "open", "number"],
)
def test_a_message_that_cannot_be_read_is_known_from_what_is_none(line: bytes, read: str | None) -> None:
    message = read_line(line)
    assert (message and (message.get("subtype") or message["type"])) == read


async def test_a_line_that_is_too_long_is_one_message_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claude_process, "MAX_LINE_BYTES", 200)
    prints = """print('{"type":"user","a":"' + "x" * 1_000 + '"}'); print('{"type":"result"}', flush=True)"""
    process = Process([sys.executable, "-c", prints], {})
    await process.connect()
    got = [message.get("subtype", message["type"]) async for message in process.read_messages()]
    await process.close()
    assert (got[0], got[-1]) == (UNREADABLE, "result")


def test_the_environment_is_made_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    env = environment(tmp_path, key="k", base_url=None, retries=2, timeout_seconds=1.5)
    assert env["HTTPS_PROXY"] == "http://proxy:3128"
    assert "DATABASE_URL" not in env
    assert "ANTHROPIC_BASE_URL" not in env
    assert (env["CLAUDE_CODE_MAX_RETRIES"], env["API_TIMEOUT_MS"]) == ("2", "1500")
    assert {env["HOME"], env["CLAUDE_CONFIG_DIR"]} == {str(tmp_path / "home"), str(tmp_path / "config")}


def test_what_a_killed_worker_left_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    ours = make_folder(tmp_path)
    say_pid = [sys.executable, "-c", "import os; print(os.getpid())"]
    dead = subprocess.run(say_pid, capture_output=True, check=True)
    pid = dead.stdout.decode().strip()
    gone = tmp_path / ours.name.replace(f".{os.getpid()}-", f".{pid}-")
    elsewhere = tmp_path / f"another-host.{pid}-x"
    for folder in (gone, elsewhere):
        folder.mkdir()
    again = make_folder(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([ours.name, again.name, elsewhere.name])
    assert ours.stat().st_mode & 0o077 == 0


async def test_what_must_be_finished_is_finished_although_its_task_is_cancelled() -> None:
    begun, go, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await go.wait()
        done.append(True)

    task = asyncio.create_task(uninterrupted(work()))
    await begun.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [True]


@contextmanager
def asked(key: str) -> Generator[tuple[ModelServer, Settings]]:
    with ModelServer() as server:
        yield server, Settings.model_validate({"anthropic_api_key": key, "anthropic_base_url": server.url})


def test_a_key_that_is_refused_is_known_before_work_starts() -> None:
    with asked("a-key-that-is-wrong") as (server, settings):
        assert claude_key.check(settings) == "refused"
        assert claude_key.why_not(settings) == claude_key.REFUSED
        (entry,) = (o for o in registry.available_runtimes(Host(settings)) if o["name"] == "claude")
        assert (entry["available"], entry["why_not"]) == (False, claude_key.REFUSED)
        with pytest.raises(Unavailable) as refused:
            registry.admit_runtime("claude", Host(settings))
        registry.make_runtime("claude", Host(settings))  # of a session that is there: it asks before its turn
        assert refused.value.code == "runtime_unavailable"
        assert [o.path for o in server.others] == ["/v1/models"]
    assert registry.default_runtime(settings) == "claude"
    chosen = settings.model_copy(update={"default_runtime": "extractive"})
    assert registry.default_runtime(chosen) == "extractive"
    assert registry.default_runtime(Settings()) == "extractive"


def test_a_good_key_and_a_provider_that_is_away_speak_against_nothing() -> None:
    with asked(KEY) as (_, settings):
        assert claude_key.check(settings) == "good"
        assert claude_key.why_not(settings) is None
    nowhere = {"anthropic_base_url": "http://127.0.0.1:9"}
    away = Settings.model_validate({"anthropic_api_key": KEY, **nowhere})
    assert claude_key.check(away) == "unknown"
    assert claude_key.why_not(away) is None
    assert registry.make_runtime("claude:another-model", Host(away)).capabilities.label == "Claude"
    unsendable = Settings.model_validate({"anthropic_api_key": "key\nwith a break", **nowhere})
    assert claude_key.check(unsendable) == "unknown"


def test_a_list_does_not_wait_for_the_provider() -> None:
    """The first look starts the question and answers at once; the answer counts when it is there."""
    with asked("another-wrong-key") as (server, settings):
        assert claude_key.known(settings) == "unknown"
        for thread in threading.enumerate():
            if thread.name == "claude-key":
                thread.join(10)
        assert claude_key.known(settings) == "refused"
        assert len(server.others) == 1
