"""The claude runtime with the real SDK and its real program, against a scripted provider."""

import asyncio
import json
import sys
import threading
from dataclasses import replace
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from proofroom.agents.runtimes import claude_key, claude_transcript, registry
from proofroom.agents.runtimes.base import RunRef
from proofroom.agents.runtimes.claude import ClaudeRuntime
from proofroom.agents.runtimes.claude_calls import ONE_AT_A_TIME
from proofroom.agents.runtimes.claude_transcript import Transcript
from proofroom.agents.runtimes.host import Host
from proofroom.agents.tools import TOOLS
from proofroom.db import artifacts as db_artifacts
from proofroom.db.tx import libpq_url
from proofroom.db.work_sessions import LegLost
from proofroom.engine import leg
from proofroom.services import deletion, work_requests
from proofroom.settings import Settings
from proofroom.testing.model_server import (
    KEY,
    ModelServer,
    Reply,
    Step,
    call,
    calls,
    cut,
    forever,
    junk,
    say,
    slow,
    status,
    stream_error,
    use,
)
from proofroom.testing.room import Room as EmptyRoom
from proofroom.testing.wire import ToolUse
from tests.integration.claude import (
    ASK,
    DONE,
    FINDING,
    PLAN,
    QUOTE,
    SEARCH,
    claude_room,
    left,
    same_as_charged,
)
from tests.integration.rooms import Room
from tests.integration.test_kill9 import until


async def test_a_session_pauses_at_its_plan_and_at_a_question_and_is_completed(
    room: Room, tmp_path: Path
) -> None:
    both = calls(
        use("search_context", query="altitude"),
        use("ask_reviewer", question="Which of the two?"),
        use("search_context", query="late"),
        text="I need to know more.",
        tokens_in=900,
        cache_read=70,
        cache_written=30,
    )
    with ModelServer([SEARCH, PLAN, both, FINDING, DONE]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude", "checkpoint_required")
        row = await here.drive(session_id)
        assert (row.status, row.failure) == ("pending_review", None)
        assert (await here.waiting(session_id)).reasons == ["plan"]
        assert left(tmp_path) == []
        await here.approve(session_id)
        row = await here.drive(session_id)
        assert (row.status, row.failure) == ("pending_review", None)
        assert (await here.waiting(session_id)).reasons == ["question"]
        assert left(tmp_path) == []
        await here.approve(session_id, answers={"answer": "The second"})
        row = await here.drive(session_id)
        assert (row.status, row.failure) == ("pending_review", None)
        assert row.meta["gaps"] == ["who named it first."]
        await here.approve(session_id)
        row = await here.drive(session_id)
        assert row.status == "completed"
        assert same_as_charged(row, server)
        assert server.left == 0 == server.overruns
        answers = dict(server.requests[3].results)
        said = server.requests[3].said
    assert '{"answers": {"answer": "The second"}}' in answers.values()
    assert any(ONE_AT_A_TIME in text for text in answers.values())
    assert "internal error" not in said
    events = await here.events(session_id)
    kinds = [e.type for e in events]
    assert [kinds.count(k) for k in ("plan_written", "tool_called", "artifact_saved")] == [1, 2, 1]
    assert [e.data["text"] for e in events if e.type == "said"] == ["I need to know more."]
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((artifact, version),) = await db_artifacts.current(tx, session_id)
    assert artifact.version == 1
    assert [c["verdict"] for c in version.claims] == ["supported"]
    assert version.claims[0]["anchors"][0]["quote"] == QUOTE


async def test_the_program_knows_nothing_of_this_machine_but_what_it_is_given(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_PARENT", "not for the agent")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-leaked: yes")
    seen: list[bytes] = []

    def look(_: Any) -> Step:
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environ = (entry / "environ").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if f"HOME={tmp_path}/data/claude/".encode() in environ:
                seen.append(environ)
        return FINDING

    await room.add("# Hint\n\nThe factor of 4.45 is explained in @/etc/passwd and /init.\n", "hint.md")
    tool = call("Bash", command="cat /etc/passwd")
    with ModelServer([look, tool, DONE]) as server:
        here = claude_room(room, server, tmp_path)
        row = await here.run("claude")
        assert (row.status, row.failure) == ("pending_review", None)
        first = server.requests[0]
        assert {name.rpartition("__")[2] for name in first.tools} == set(TOOLS)
        assert all(name.startswith("mcp__proofroom__") for name in first.tools)
        assert len(json.dumps(first.body)) < 20_000
        assert "x-leaked" not in first.headers
        assert "@/etc/passwd" in first.said
        assert "root:" not in first.said
        assert [(o.method, o.path) for o in server.others] in ([], [("GET", "/v1/models")])
        refused = dict(server.requests[2].results)
        assert "root:" not in str(refused)
    assert seen
    names = {part.partition(b"=")[0].decode() for part in seen[0].split(b"\0") if part}
    assert "A_SECRET_OF_THE_PARENT" not in names
    assert "DATABASE_URL" not in names
    assert names & {"HOME", "CLAUDE_CONFIG_DIR", "ANTHROPIC_API_KEY"} == {
        "HOME",
        "CLAUDE_CONFIG_DIR",
        "ANTHROPIC_API_KEY",
    }


FAULTS: dict[str, tuple[list[Step], str | None]] = {
    "401": ([forever(status(401))], "provider_key_invalid"),
    "400": ([status(400, "prompt is too long")], "conversation_too_long"),
    "it declines": ([Reply("I will not.", stop_reason="refusal")], "provider_error"),
    "529 again and again": ([forever(status(529))], "provider_busy"),
    "429 once": ([status(429, retry_after=0), FINDING, DONE], None),
    "junk once": ([junk(), FINDING, DONE], None),
    "a cut stream": ([SEARCH, cut(FINDING), FINDING, DONE], None),
    "an error in the stream": ([stream_error(FINDING), FINDING, DONE], None),
    "silence": ([SEARCH, slow(FINDING)], "provider_timeout"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_provider_ends_clearly_or_is_recovered_from(
    room: Room, tmp_path: Path, fault: str
) -> None:
    script, code = FAULTS[fault]
    with ModelServer(script) as server:
        here = claude_room(room, server, tmp_path, provider_timeout_seconds=3 if fault == "silence" else 60)
        session_id = await here.file("claude")
        row = await here.drive(session_id)
        failure = row.failure or {}
        assert failure.get("code") == code
        assert row.status == ("pending_review" if code is None else "failed")
        if code is None:
            assert same_as_charged(row, server)
        assert failure.get("retryable") in ((False,) if fault in ("400", "it declines") else (True, None))
        assert "key-of" not in str(failure)
    assert left(tmp_path) == []
    events = [e.type for e in await here.events(session_id)]
    assert events.count("artifact_saved") == (1 if code is None else 0)


@pytest.mark.parametrize("depth", [900, 6_000])
async def test_a_reply_that_is_nested_too_deep_is_the_providers_error_is_counted_and_is_asked_for_again(
    room: Room, tmp_path: Path, depth: int
) -> None:
    nested = f'{{"query": {"[" * depth}{"]" * depth}}}'
    deep = Reply(tools=(ToolUse("search_context", {}, raw=nested),), stop_reason="end_turn", tokens_out=77)
    with ModelServer([SEARCH, deep, FINDING, DONE]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude")
        row = await here.drive(session_id)
        failure = row.failure or {}
        assert (failure.get("code"), failure.get("retryable")) == ("provider_error", True)
        assert "cannot be read" in failure["message"]
        assert same_as_charged(row, server)
        assert left(tmp_path) == []
        async with here.db.transaction(here.actor.workspace_id) as tx:
            await work_requests.retry(tx, here.actor, session_id)
        row = await here.drive(session_id)
        assert (row.status, row.failure) == ("pending_review", None)
        assert same_as_charged(row, server)


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ([status(529), status(529)], "provider_busy"),
        # the key ran out in the middle, and is taken again: what was done and signed until then is not lost
        ([status(401)], "provider_key_invalid"),
    ],
)
async def test_what_failed_is_retried_where_it_stopped(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faults: list[Step], code: str
) -> None:
    monkeypatch.setattr(claude_key, "_answers", {})
    with ModelServer([SEARCH, *faults, FINDING, DONE]) as server:
        here = claude_room(room, server, tmp_path, claude_retries=len(faults) - 1)
        session_id = await here.file("claude")
        assert ((await here.drive(session_id)).failure or {}).get("code") == code
        # The worker remembers that the key was refused, and asks again before it says so of this retry.
        remembered = [one.state for one in claude_key._answers.values()]  # pyright: ignore[reportPrivateUsage]
        assert ("refused" in remembered) == (code == "provider_key_invalid")
        async with here.db.transaction(here.actor.workspace_id) as tx:
            await work_requests.retry(tx, here.actor, session_id)
        row = await here.drive(session_id)
        assert (row.status, row.failure) == ("pending_review", None)
        assert same_as_charged(row, server)
        assert QUOTE in dict(server.requests[1 + len(faults)].results).popitem()[1]
    assert [e.type for e in await here.events(session_id)].count("tool_called") == 1


async def test_a_cancelled_session_takes_its_program_with_it(room: Room, tmp_path: Path) -> None:
    with ModelServer([SEARCH, slow(FINDING)]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude")
        running = asyncio.create_task(here.drive(session_id))
        request = await server.arrived(2)
        async with here.db.transaction(here.actor.workspace_id) as tx:
            await work_requests.cancel(tx, here.actor, session_id)
        leg.interrupt(session_id)
        async with asyncio.timeout(10):
            row = await running
            assert row.status == "cancelled"
            assert left(tmp_path) == []
            assert await asyncio.to_thread(request.hung_up.wait, 10)


async def test_a_conversation_that_cannot_be_stored_ends_the_work(
    room: Room, database: str, tmp_path: Path
) -> None:
    with psycopg.connect(libpq_url(database), autocommit=True) as owner:
        owner.execute("REVOKE INSERT ON transcript_entries FROM proofroom_app")
    with ModelServer([SEARCH, FINDING, DONE]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude")
        row = await here.drive(session_id)
    assert (row.failure or {})["code"] == "transcript_not_saved"
    assert left(tmp_path) == []
    assert "tool_called" not in [e.type for e in await here.events(session_id)]


async def test_a_stale_leg_adds_nothing_to_a_transcript(room: Room) -> None:
    session_id = await room.file(room.script({"ask": {"question": "?"}}))
    await room.drive(session_id)
    run = RunRef(room.actor.workspace_id, session_id, 1, 1)
    stale = Transcript(room.db, run, uuid4())
    await stale.append({}, [{"type": "assistant", "uuid": "a"}])
    assert isinstance(stale.broken, LegLost)
    assert await claude_transcript.stored(room.db, run) is None


async def test_a_deleted_source_is_deleted_from_transcripts_too(
    room: Room, database: str, tmp_path: Path
) -> None:
    secret = "Ottilie Brandauer of Quellengasse owes the bank exactly 48,213 florins."
    source_id = await room.add(f"# Ledger\n\n{secret}\n", "ledger.md")
    with ModelServer([call("search_context", query="Brandauer florins"), ASK]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude")
        assert (await here.drive(session_id)).status == "pending_review"
        other = await here.file(here.script({"ask": {"question": "?"}}))
        await here.drive(other)
    query = "SELECT count(*) FROM transcript_entries WHERE entry::text LIKE %s"
    with psycopg.connect(libpq_url(database)) as owner:
        assert owner.execute(query, ("%Brandauer%",)).fetchone() != (0,)
        async with room.db.transaction(room.actor.workspace_id) as tx:
            await deletion.delete(tx, room.actor, source_id, reason="The person asked for it.")
        assert owner.execute(query, ("%Brandauer%",)).fetchone() == (0,)


async def test_no_more_programs_run_at_once_than_are_allowed(room: Room, tmp_path: Path) -> None:
    most = 0

    def counted(_: Any) -> Step:
        nonlocal most
        most = max(most, sum("claude" in one for one in left(tmp_path) if " " in one))
        return FINDING

    def by_what_it_knows(request: Any) -> Step:
        return DONE if request.results else counted(request)

    with ModelServer([forever(by_what_it_knows)]) as server:
        here = claude_room(room, server, tmp_path, claude_processes=1)
        rows = await asyncio.gather(*(here.run("claude") for _ in range(3)))
    assert [row.status for row in rows] == ["pending_review"] * 3
    assert most == 1


async def test_an_interrupt_ends_a_run_and_one_that_waits_for_its_turn(room: Room, tmp_path: Path) -> None:
    with ModelServer([slow(FINDING)]) as server:
        here = claude_room(room, server, tmp_path, claude_processes=1)
        first, second = await here.file("claude"), await here.file("claude")
        runtimes: list[ClaudeRuntime] = []

        def keep(name: str) -> ClaudeRuntime:
            made = here.parts.catalog.make_runtime(name)
            assert isinstance(made, ClaudeRuntime)
            runtimes.append(made)
            return made

        parts = replace(here.parts, catalog=replace(here.parts.catalog, make_runtime=keep))
        running = asyncio.create_task(leg.drive(parts, here.actor.workspace_id, first))
        await server.arrived(1)
        waiting = asyncio.create_task(leg.drive(parts, here.actor.workspace_id, second))
        await until(lambda: began(here, second), "the second one")
        await until(lambda: at_least(runtimes, 2), "the second runtime")
        for runtime, session_id in zip(runtimes, (first, second), strict=True):
            await runtime.interrupt(RunRef(here.actor.workspace_id, session_id, 1, 1))
        rows = [await running, await waiting]
    assert [(row.failure or {}).get("code") for row in rows] == ["interrupted", "interrupted"]
    assert left(tmp_path) == []


async def at_least(things: list[ClaudeRuntime], count: int) -> bool:
    return len(things) >= count


async def began(room: Room, session_id: Any) -> bool:
    return (await room.row(session_id)).status == "in_progress"


async def test_doubtful_claims_are_set_right_in_the_same_conversation(room: Room, tmp_path: Path) -> None:
    wrong = call(
        "emit_artifact", slot="finding-1", type="research_finding", title="The factor",
        markdown=f"The board named a factor of 5.45. [[b1|{QUOTE}]]",
    )  # fmt: skip
    with ModelServer([wrong, DONE, FINDING, say("Set right.")]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude")
        row = await here.drive(session_id)
        assert (row.status, row.failure) == ("pending_review", None)
        assert same_as_charged(row, server)
        assert server.left == 0 == server.overruns
        last = server.requests[2].said
    assert "are not borne out" in last
    assert last.count("# Task") == 2  # once as the task, once in the envelope: it is the same conversation
    async with room.db.transaction(room.actor.workspace_id) as tx:
        ((artifact, version),) = await db_artifacts.current(tx, session_id)
    assert artifact.version == 2
    assert [c["verdict"] for c in version.claims] == ["supported"]


async def test_what_a_run_cost_is_kept_however_it_ends_or_is_said_to_be_unknown(
    room: Room, tmp_path: Path
) -> None:
    """Of a model that is in no price list, the program tells the cost at the end of a run."""
    with ModelServer([SEARCH, ASK, SEARCH, forever(status(400))]) as server:
        here = claude_room(room, server, tmp_path)
        session_id = await here.file("claude")
        row = await here.drive(session_id)
        assert row.status == "pending_review"
        deferred = row.usage
        assert deferred["cost_usd"] > 0
        assert (deferred["turns"], deferred.get("unpriced")) == (2, None)
        await here.approve(session_id, answers={"answer": "The second"})
        row = await here.drive(session_id)
        assert row.failure is not None
        assert row.failure["code"] == "provider_error"
        failed = row.usage
        assert failed["cost_usd"] > deferred["cost_usd"]
        assert (failed["turns"], failed.get("unpriced")) == (3, None)
    with ModelServer([forever(SEARCH)]) as server:
        here = claude_room(room, server, tmp_path)
        row = await here.run("claude")
        assert row.failure is not None
        assert row.failure["code"] == "no_progress"  # the program is killed, and tells nothing
        assert (row.usage["cost_usd"], row.usage["unpriced"]) == (0, True)


class Watched(MetaPathFinder):
    """Looks in which thread a module is loaded, and lets it not be loaded."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.threads: list[threading.Thread] = []

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == self.module:
            self.threads.append(threading.current_thread())
            raise ImportError("seen enough")


async def test_the_sdk_is_loaded_beside_the_loop_that_everything_else_needs(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes seconds, in which a worker renews its leases and hears cancellations."""
    watched = Watched("proofroom.agents.runtimes.claude_sdk")
    monkeypatch.delitem(sys.modules, watched.module, raising=False)
    monkeypatch.delattr("proofroom.agents.runtimes.claude_sdk", raising=False)
    monkeypatch.setattr(sys, "meta_path", [watched, *sys.meta_path])
    settings = Settings.model_validate(
        {"anthropic_api_key": KEY, "anthropic_base_url": "http://127.0.0.1:9", "data_dir": tmp_path}
    )
    claude = registry.make_runtime("claude", Host(settings, room.db))
    with pytest.raises(ImportError, match="seen enough"):
        async for _ in claude.turn(EmptyRoom().request("What?")):
            pass
    (thread,) = watched.threads
    assert thread is not threading.main_thread()
    assert list(tmp_path.glob("claude/*")) == []
