"""Reading tools: joins that can be computed again, answers that are cut say so, one call at a time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from proofroom.agents.runtimes.base import AgentEvent, Finished, ToolResult, TurnRequest
from proofroom.db import artifacts as db_artifacts
from proofroom.engine import toolbox
from proofroom.services import context, sources
from tests.integration.conftest import make_project
from tests.integration.rooms import FINDING, FINISH, Room

SALES = "city,sales\nRome,10\nOslo,20\nLima,7\n"
LANDS = "name,land\nRome,IT\nOslo,NO\nRome,US\n"


async def add(room: Room, text: str, name: str) -> str:
    return str(await room.add(text, name))


class Caller:
    """Makes the calls that a test wants and keeps their answers."""

    def __init__(self, room: Room, calls: Any) -> None:
        sound = room.parts.catalog.make_runtime("extractive")
        self.capabilities, self.interrupt = sound.capabilities, sound.interrupt
        self.calls = calls
        self.answers: list[ToolResult] = []

    async def turn(self, request: TurnRequest) -> AsyncIterator[AgentEvent]:
        self.answers = list(await self.calls(request))
        yield Finished("Done")


async def called(room: Room, calls: Any) -> list[ToolResult]:
    caller = Caller(room, calls)
    catalog = replace(room.parts.catalog, make_runtime=lambda _: caller)
    await replace(room, parts=replace(room.parts, catalog=catalog)).run("extractive")
    return caller.answers


def one_by_one(*calls: tuple[str, Mapping[str, Any]]) -> Any:
    async def make(request: TurnRequest) -> list[ToolResult]:
        return [await request.tools.call(name, arguments) for name, arguments in calls]

    return make


def content(result: ToolResult) -> dict[str, Any]:
    return cast(dict[str, Any], result.content)


def joining(source: str, other: str) -> dict[str, Any]:
    join = {"source_id": other, "table": 0, "on": [{"left": "city", "right": "name"}]}
    return {"source_id": source, "table": 0, "steps": [{"join": join}]}


async def test_a_joined_table_is_computed_again_from_the_versions_it_was_made_from(room: Room) -> None:
    sales, lands = await add(room, SALES, "sales.csv"), await add(room, LANDS, "lands.csv")
    (answer,) = await called(room, one_by_one(("compute", joining(sales, "lands.csv"))))
    made = content(answer)
    assert made["table"]["rows"] == [
        ["Rome", "10", "IT"], ["Rome", "10", "US"], ["Oslo", "20", "NO"], ["Lima", "7", ""],
    ]  # fmt: skip
    assert made["joins"] == [
        {
            "step": 1, "matched": 2, "left_without": 1, "right_without": 0, "missing_keys": 0, "duplicate_keys": 1,
            "examples": ["Rome"],
        }
    ]  # fmt: skip
    assert made["computed"]["steps"][0]["join"] | {"on": None} == {
        "source_id": lands, "table": 0, "version": 1, "on": None,
    }  # fmt: skip
    table: dict[str, Any] = {"save": "made", **joining(sales, lands)}
    document = {
        "version": 1, "title": "T", "refs": {},
        "blocks": [
            {
                "type": "table", "computed": "{{ made.computed }}", "rows": "{{ made.table.rows }}",
                "columns": [{"name": n, "type": "text"} for n in ("city", "sales", "land")],
            }
        ],
    }  # fmt: skip
    artifact = {"artifact": {"slot": "t", "type": "research_finding", "title": "T", "document": document}}
    row = await room.run(room.script({"compute": table}, artifact, FINISH))
    assert (await room.waiting(row.id)).packet["summary"]["needs_you"] == 0
    # a new version of the other table changes nothing of what was computed from the old one
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.put_content(
            tx, UUID(lands), data=LANDS.replace("IT", "XX").encode(), filename="lands.csv"
        )
    await sources.capture_now(room.db, room.actor.workspace_id, UUID(lands))
    assert await room.gates(row.id) == [["final"]]


async def test_no_figure_of_another_project_gets_into_a_ledger(room: Room) -> None:
    other = replace(room, project_id=await make_project(room.db, room.actor.workspace_id, "Other"))
    secret, own = (
        await add(other, "city,sales\nRome,4711\n", "secret.csv"),
        await add(room, SALES, "sales.csv"),
    )
    refused = await called(
        room, one_by_one(("compute", joining(secret, own)), ("compute", joining(own, secret)))
    )
    assert [content(r)["code"] for r in refused] == ["source_not_found", "source_not_found"]
    named = {"op": "table", "source_id": secret, "version": 1, "table": 0, "steps": []}
    joined = {
        "source_id": secret,
        "table": 0,
        "version": 1,
        "on": [{"left": "city", "right": "city"}],
        "prefix": "x ",
    }
    through = {**named, "source_id": own, "steps": [{"join": joined}]}
    columns = [{"name": n, "type": "text"} for n in ("city", "sales")]
    blocks = [
        {"type": "table", "computed": c, "rows": [["Rome", "1"]], "columns": columns}
        for c in (named, through)
    ]
    document = {"version": 1, "title": "T", "refs": {}, "blocks": blocks}
    artifact = {"artifact": {"slot": "t", "type": "research_finding", "title": "T", "document": document}}
    row = await room.run(room.script(artifact, FINISH))
    packet = (await room.waiting(row.id)).packet
    assert "4711" not in str(packet)
    assert {c["verdict"] for a in packet["artifacts"] for c in a["claims"]} == {"unsupported"}


async def test_what_was_retracted_bears_no_figure_any_more(room: Room) -> None:
    own = await add(room, SALES, "sales.csv")
    named = {"op": "table", "source_id": own, "version": 1, "table": 0, "steps": [{"limit": 1}]}
    columns = [{"name": n, "type": "text"} for n in ("city", "sales")]
    block = {"type": "table", "computed": named, "rows": [["Rome", "10"]], "columns": columns}
    document = {"version": 1, "title": "T", "refs": {}, "blocks": [block]}
    artifact = {"artifact": {"slot": "t", "type": "research_finding", "title": "T", "document": document}}
    row = await room.run(room.script(artifact, FINISH))
    waiting = await room.waiting(row.id)
    assert waiting.packet["summary"]["needs_you"] == 0
    async with room.db.transaction(room.actor.workspace_id) as tx:
        await sources.retract(tx, UUID(own), reason="Withdrawn", actor=room.actor)
    outcome = await room.approve(row.id)
    assert outcome.stale
    (artifact_now,) = outcome.checkpoint.packet["artifacts"]
    assert "retracted" in str(artifact_now["claims"][0]["checks"])


async def test_a_long_table_is_read_in_pieces_that_say_what_is_left(room: Room) -> None:
    rows = "".join(f"{n},{n * 2}\n" for n in range(2_300))
    source = await add(room, "n,m\n" + rows, "long.csv")
    all_of_it: dict[str, Any] = {"source_id": source, "table": 0, "steps": []}
    answers = await called(
        room,
        one_by_one(
            ("read_table", {"source_id": source}),
            ("read_table", {"source_id": source, "offset": 2_000}),
            ("read_table", {"source_id": source, "offset": 9_000}),
            ("compute", all_of_it),
            ("compute", all_of_it | {"offset": 2_000}),
            ("search_context", {"query": "factor", "k": 1}),
            ("search_context", {"query": "factor", "k": 50}),
        ),
    )
    first, second, beyond, computed, rest, found, all_found = map(content, answers)
    assert (len(first["rows"]), first["truncated"], first["row_count"]) == (2_000, True, 2_300)
    assert first["more"].startswith("Rows 1 to 2,000 of 2,300. Call read_table again with offset 2000")
    assert (second["rows"][0], len(second["rows"]), second["truncated"]) == (["2000", "4000"], 300, False)
    assert "more" not in second
    assert (beyond["rows"], beyond["truncated"]) == ([], False)
    assert computed["more"].startswith("Rows 1 to 2,000 of 2,300. Call compute again with offset 2000")
    assert rest["table"]["rows"][-1] == ["2299", "4598"]
    assert rest["computed"] == computed["computed"]
    assert found["truncated"] is True
    assert "Ask for more with k, up to 50" in found["more"]
    assert (all_found["truncated"], "more" in all_found) == (False, False)


async def test_calls_made_at_once_are_made_one_after_the_other(room: Room) -> None:
    async def at_once(request: TurnRequest) -> list[ToolResult]:
        note = {"slot": "a", "type": "research_finding", "title": "A"}
        calls = [
            request.tools.call("emit_artifact", note | {"markdown": f"> [!opinion]\n> Number {n}."})
            for n in range(6)
        ]
        return list(await asyncio.gather(*calls, request.tools.call("search_context", {"query": "factor"})))

    answers = await called(room, at_once)
    assert [content(r)["version"] for r in answers[:6]] == [1, 2, 3, 4, 5, 6]
    assert all(r.ok for r in answers)


async def test_a_call_that_takes_too_long_is_stopped_and_can_be_made_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = context.search
    held: list[str] = []

    async def slow(*arguments: Any) -> dict[str, Any]:
        if not held:
            held.append("once")
            await asyncio.Event().wait()
        return await sound(*arguments)

    monkeypatch.setattr(context, "search", slow)
    monkeypatch.setattr(toolbox, "CALL_SECONDS", 0.2)
    query = ("search_context", {"query": "factor"})
    first, _ = await called(room, one_by_one(query, ("report_progress", {"done": 1, "total": 2})))
    assert (first.ok, content(first)["code"]) == (False, "tool_timeout")
    monkeypatch.setattr(toolbox, "CALL_SECONDS", 60)
    row = await room.run(room.script(FINDING, FINISH))
    async with room.db.transaction(room.actor.workspace_id) as tx:
        assert len(await db_artifacts.current(tx, row.id)) == 1


async def test_what_a_text_says_of_nul_is_left_and_what_no_database_can_hold_is_replaced(room: Room) -> None:
    literal, unfit = r"a \u0000 and \\u0000 b", "a \x00 and \ud800 b"
    caller = Caller(
        room, one_by_one(("search_context", {"query": literal}), ("search_context", {"query": unfit}))
    )
    catalog = replace(room.parts.catalog, make_runtime=lambda _: caller)
    row = await replace(room, parts=replace(room.parts, catalog=catalog)).run("extractive")
    assert [a.ok for a in caller.answers] == [True, True], caller.answers
    async with room.db.transaction(room.actor.workspace_id) as tx:
        asked = [c.arguments["query"] for c in await db_artifacts.calls(tx, row.id, 1)]
    assert asked == [literal, "a \ufffd and \ufffd b"]
