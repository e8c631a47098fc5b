"""The inbox over HTTP: its orders, filters, pages while items are decided, and signing from the list."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from proofroom.api.deps import encode_cursor
from proofroom.domain.batch import MAX_BATCH
from proofroom.domain.checkpoint import MAX_UNDO_SECONDS
from proofroom.domain.inbox_order import PATIENCE
from proofroom.services.batches import held_for
from tests.integration.api.support import FLAGGED, NOTE, SOURCE, Api, World
from tests.integration.api.test_people_http import Crew, crew

__all__ = ["crew"]

_KEY = '["risk",{},"2026-01-01T00:00:00+00:00","019ac000-0000-7000-8000-000000000000"]'
LATER = datetime.now(UTC) + timedelta(days=30)


async def ids(api: Api, **query: Any) -> list[str]:
    return [i["id"] for i in (await api.ok("GET", "/checkpoints", params=query))["items"]]


async def waiting(world: World, project: str, title: str, script: str = NOTE, **more: Any) -> dict[str, Any]:
    given = {"runtime": world.script(script), "title": title} | more
    return (await world.waiting(project, **given))[1]


async def shelf(world: World, n: int, **more: Any) -> tuple[str, list[dict[str, Any]]]:
    project = await world.project("Shelf")
    await world.add_text(project, SOURCE)
    return project, [await waiting(world, project, f"Note {k}", **more) for k in range(n)]


async def template(world: World, project: str, name: str = "Weekly note") -> str:
    content = {"agent_type": "research", "task_description": "What was the closest approach?"}
    body = {"name": name, "content": content}
    return (await world.api.ok("POST", f"/projects/{project}/templates", 201, json=body))["id"]


async def test_what_is_due_and_risky_comes_first_and_says_so(world: World) -> None:
    project, (calm, late, soon) = await shelf(world, 3)
    flagged = await waiting(world, project, "Doubtful", FLAGGED)
    for item, hours in ((late, 240), (soon, 5)):
        due = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        await world.api.ok("PATCH", f"/checkpoints/{item['id']}", json={"due_at": due})
    found = await world.api.ok("GET", "/checkpoints", params={"sort": "attention"})
    # Nobody said by when, so the doubtful one has four hours less than the calm one.
    assert [i["id"] for i in found["items"]] == [soon["id"], flagged["id"], calm["id"], late["id"]]
    assert (found["total"], found["offset"], found["next_cursor"]) == (4, 0, None)
    first, second, third, _ = found["items"]
    assert (second["risk"], third["risk"]) == ("medium", "low")
    assert second["effort_seconds"] > third["effort_seconds"] > 0
    due, begin = (datetime.fromisoformat(first[name]) for name in ("due_at", "begin_by"))
    assert due - begin == timedelta(seconds=first["effort_seconds"])
    opened, begin = (datetime.fromisoformat(third[name]) for name in ("opened_at", "begin_by"))
    assert begin - opened == PATIENCE - timedelta(seconds=third["effort_seconds"])

    assert await ids(world.api, sort="due_at") == [soon["id"], late["id"], calm["id"], flagged["id"]]
    assert (await ids(world.api, sort="risk"))[0] == flagged["id"]
    assert (await ids(world.api, sort="-effort"))[0] == flagged["id"]
    assert await ids(world.api) == [i["id"] for i in (calm, late, soon, flagged)]


@pytest.mark.parametrize(
    "sort", ["attention", "-attention", "due_at", "risk", "-effort", "opened_at", "-opened_at"]
)
async def test_pages_go_on_while_what_was_seen_is_decided(world: World, sort: str) -> None:
    _, items = await shelf(world, 5)
    whole = await ids(world.api, sort=sort)
    assert sorted(whole) == sorted(i["id"] for i in items)
    seen, cursor = [], None
    while True:
        query = {"sort": sort, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await world.api.ok("GET", "/checkpoints", params=query)
        seen += [i["id"] for i in page["items"]]
        assert page["offset"] == 0 or cursor  # what was decided before is not counted any more
        for item in page["items"]:
            gate = (
                f"/projects/{item['project_id']}/work-sessions/{item['session_id']}/checkpoints/{item['id']}"
            )
            await world.api.ok("POST", f"{gate}/approve", json={"packet_digest": item["packet_digest"]})
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == whole


async def test_the_neighbours_of_a_review_are_found_when_it_is_gone(world: World) -> None:
    _, items = await shelf(world, 5)
    order = await ids(world.api, sort="attention")
    middle = order[2]
    ask = {"sort": "attention"}
    around = await world.api.ok("GET", "/checkpoints", params={**ask, "around": middle, "limit": 3})
    assert [i["id"] for i in around["items"]] == order[1:4]
    assert (around["offset"], around["total"]) == (1, 5)
    assert await ids(world.api, **ask, after=middle) == order[3:]
    assert await ids(world.api, **ask, before=middle, limit=1) == [order[1]]
    item = next(i for i in items if i["id"] == middle)
    gate = f"/projects/{item['project_id']}/work-sessions/{item['session_id']}/checkpoints/{middle}"
    await world.api.ok("POST", f"{gate}/approve", json={"packet_digest": item["packet_digest"]})
    around = await world.api.ok("GET", "/checkpoints", params={**ask, "around": middle, "limit": 4})
    assert [i["id"] for i in around["items"]] == [*order[:2], *order[3:]]
    assert around["offset"] == 0
    end = await world.api.ok("GET", "/checkpoints", params={**ask, "after": order[4]})
    assert (end["items"], end["total"], end["offset"]) == ([], 4, 4)
    assert await ids(world.api, **ask, start=3) == [order[4]]


async def test_filters_restrict_and_count(world: World, crew: Crew) -> None:
    ana = await crew.join("Ana", "reviewer")
    project, (one, two) = await shelf(world, 2)
    other = await world.project("Ärger im Haus")
    await world.add_text(other, SOURCE)
    doubtful = await waiting(world, other, "100% of _it_", FLAGGED)
    await world.api.ok("PATCH", f"/checkpoints/{one['id']}", json={"assignee": crew.ids["Ana"]})
    await world.api.ok("PATCH", f"/checkpoints/{two['id']}", json={"snoozed_until": LATER.isoformat()})
    assert await ids(ana, assignee="me") == [one["id"]]
    assert await ids(ana, assignee=crew.ids["Ana"], snoozed="true") == [one["id"]]
    assert await ids(ana, assignee="none") == [doubtful["id"]]
    assert await ids(ana, snoozed="only") == [two["id"]]
    assert await ids(ana, snoozed="true") == [one["id"], two["id"], doubtful["id"]]
    assert await ids(ana, risk=["medium", "high"]) == [doubtful["id"]]
    assert await ids(ana, project_id=project) == [one["id"]]
    assert await ids(ana, session_id=[doubtful["session_id"], two["session_id"]]) == [doubtful["id"]]
    assert await ids(ana, agent_type="research", kind="final", reason="final") == [one["id"], doubtful["id"]]
    assert (
        await ids(ana, agent_type="content")
        == await ids(ana, kind="plan")
        == await ids(ana, reason="plan")
        == []
    )
    for find in ("NOTE 0", "shelf note", "0  note"):
        assert await ids(ana, q=find) == [one["id"]], find
    for find in ("ärger", "Äрger", "100%", "_it_", "number differs"):
        assert await ids(ana, q=find) == ([] if find == "Äрger" else [doubtful["id"]]), find
    assert await ids(ana, q="n%e") == []
    found = await ana.ok("GET", "/checkpoints", params={"q": "research", "limit": 1})
    assert (len(found["items"]), found["total"]) == (1, 2)


async def test_bad_questions_are_refused_with_their_field(world: World) -> None:
    _, (one,) = await shelf(world, 1)
    page = await world.api.ok("GET", "/checkpoints", params={"sort": "risk", "limit": 1})
    assert page["next_cursor"] is None
    for query, code, field in (
        ("sort=colour", "unknown_sort", "sort"),
        ("sort=risk&status=approved", "unknown_sort", "sort"),
        ("risk=grave", "validation_error", "risk.0"),
        ("kind=some", "validation_error", "kind.0"),
        ("snoozed=perhaps", "validation_error", "snoozed"),
        ("start=-1", "validation_error", "start"),
        ("start=2&after=" + one["id"], "place_unclear", "after"),
        (f"after={one['id']}&before={one['id']}", "place_unclear", "before"),
        ("cursor=WyJyaXNrIl0", "cursor_invalid", "cursor"),
        ("sort=risk&cursor=WyJyaXNrIiwiaGlnaCIsIngiLCJ5Il0", "cursor_invalid", "cursor"),
        (f"sort=risk&cursor={encode_cursor(_KEY.format('true'))}", "cursor_invalid", "cursor"),
        (f"sort=risk&cursor={encode_cursor(_KEY.format(40_000))}", "cursor_invalid", "cursor"),
        ("assignee=nobody", "unknown_member", "assignee"),
        ("status=decided&sort=risk", "unknown_sort", "sort"),
        ("sort=decided_at", "unknown_sort", "sort"),
        ("status=any&sort=decided_at", "unknown_sort", "sort"),
        ("decision=reject", "unknown_status", "decision"),
        ("status=decided&decision=perhaps", "validation_error", "decision.0"),
        ("status=decided&decided_by=nobody", "unknown_member", "decided_by"),
    ):
        refused = await world.api.problem("GET", f"/checkpoints?{query}", 422, code)
        assert refused["field"].endswith(field), (query, refused)
    missing = "019ac000-0000-7000-8000-000000000000"
    await world.api.problem("GET", f"/checkpoints?around={missing}", 404, "checkpoint_not_found")


async def test_what_is_signed_and_held_waits_for_nobody(world: World) -> None:
    _, (one, two) = await shelf(world, 2)
    gate = f"/projects/{one['project_id']}/work-sessions/{one['session_id']}/checkpoints/{one['id']}"
    body = {"packet_digest": one["packet_digest"], "undo_seconds": 60}
    await world.api.ok("POST", f"{gate}/approve", json=body)
    assert await ids(world.api) == [one["id"], two["id"]]
    left = await world.api.ok("GET", "/checkpoints", params={"held": "false"})
    assert ([i["id"] for i in left["items"]], left["total"]) == ([two["id"]], 1)
    any_status = {"status": "any", "session_id": [one["session_id"]]}
    (held,) = (await world.api.ok("GET", "/checkpoints", params=any_status))["items"]
    assert held["decision"]["name"] == "Reviewer"


async def test_a_history_is_paged_and_not_counted(world: World) -> None:
    _, items = await shelf(world, 3)
    for item in items:
        gate = f"/projects/{item['project_id']}/work-sessions/{item['session_id']}/checkpoints/{item['id']}"
        body = {"packet_digest": item["packet_digest"], "rejection_reason": "Not wanted."}
        await world.api.ok("POST", f"{gate}/reject", json=body)
    query = {"status": "rejected", "sort": "-opened_at", "limit": "2"}
    first = await world.api.ok("GET", "/checkpoints", params=query)
    counts = [first[name] for name in ("total", "offset", "position", "effort_seconds")]
    assert counts == [None, None, None, None]
    rest = await world.api.ok("GET", "/checkpoints", params=query | {"cursor": first["next_cursor"]})
    seen = [i["id"] for i in first["items"] + rest["items"]]
    assert (seen, rest["next_cursor"]) == ([i["id"] for i in reversed(items)], None)
    middle = {"status": "rejected", "around": items[1]["id"]}
    assert [i["id"] for i in (await world.api.ok("GET", "/checkpoints", params=middle))["items"]] == [
        i["id"] for i in items
    ]
    mine = {"status": "rejected", "session_id": [items[0]["session_id"]]}
    assert (await world.api.ok("GET", "/checkpoints", params=mine))["total"] == 1


async def routine(world: World, n: int) -> tuple[str, str, list[dict[str, Any]]]:
    """(project, template, items of the list that may be signed together)"""
    project = await world.project("Routine")
    await world.add_text(project, SOURCE)
    saved = await template(world, project)
    for k in range(n):
        await waiting(world, project, f"Week {k}", template_id=saved)
    items = (await world.api.ok("GET", "/checkpoints"))["items"]
    assert {i["template_id"] for i in items} == {saved}
    assert {i["template_name"] for i in items} == {"Weekly note"}
    assert [i["batch_exceptions"] for i in items] == [[]] * n
    return project, saved, items


async def test_what_its_template_does_not_ask_for_is_not_signed_with_others(world: World) -> None:
    project, saved, items = await routine(world, 2)
    path = f"/projects/{project}/templates/{saved}"
    content = (await world.api.ok("GET", path))["content"]
    await world.api.ok("PATCH", path, json={"content": content | {"task_description": "Only this."}})
    said = "It was asked for otherwise than its template says: the task."
    assert [i["batch_exceptions"] for i in (await world.api.ok("GET", "/checkpoints"))["items"]] == [
        [said]
    ] * 2
    done = await world.api.ok("POST", "/checkpoints/approve-batch", json=batch(saved, items))
    assert [d["problem"]["code"] for d in done["items"]] == ["not_for_batch"] * 2
    await world.api.ok("DELETE", path, 204)
    gone = "Its template is gone."
    assert [i["batch_exceptions"] for i in (await world.api.ok("GET", "/checkpoints"))["items"]] == [
        [gone]
    ] * 2


def batch(saved: str, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    named = [{"checkpoint_id": i["id"], "packet_digest": i["packet_digest"]} for i in items]
    return {"template_id": saved, "items": named} | more


async def test_a_batch_is_sealed_one_by_one_and_what_is_refused_stops_no_other(world: World) -> None:
    project, saved, items = await routine(world, 3)
    alone = await waiting(world, project, "By hand")
    doubtful = await waiting(world, project, "Doubtful", FLAGGED, template_id=saved)
    other = await waiting(world, project, "Of another", template_id=await template(world, project, "Other"))
    stale = items[1] | {"packet_digest": "0" * 64}
    gone = items[0] | {"id": "019ac000-0000-7000-8000-000000000000"}
    sent = [items[0], stale, alone, doubtful, other, gone, items[2]]
    done = (await world.api.ok("POST", "/checkpoints/approve-batch", json=batch(saved, sent)))["items"]
    assert [d["checkpoint_id"] for d in done] == [i["id"] for i in sent]
    assert [d["done"] for d in done] == [True, False, False, False, False, False, True]
    assert [d["problem"]["code"] for d in done if d["problem"]] == [
        "stale_packet", "not_for_batch", "not_for_batch", "not_for_batch", "checkpoint_not_found",
    ]  # fmt: skip
    assert done[2]["problem"]["because"] == ["It did not start from a template."]
    assert done[3]["problem"]["because"] == [
        "Its evidence is thin.", "2 things in it need you.", "Its risk is medium.",
    ]  # fmt: skip
    assert done[4]["problem"]["because"] == ["It started from another template."]
    decision = (await world.api.ok("GET", f"/checkpoints/{items[0]['id']}"))["decision"]
    assert decision["packet_shown"] is False
    assert decision["batch"] == {"announced": 7, "template_id": saved, "instead_of": []}
    assert decision["sealed_digest"] == items[0]["packet_digest"]
    row = await world.drive(done[0]["session_id"])
    assert row.status == "completed"
    record = await world.api.get(f"/projects/{project}/work-sessions/{row.id}/export?format=record")
    assert '"packet_shown": false' in record.text or '"packet_shown":false' in record.text
    assert await ids(world.api) == [items[1]["id"], alone["id"], doubtful["id"], other["id"]]


async def test_a_batch_sent_again_with_its_key_answers_the_same(world: World) -> None:
    _, saved, items = await routine(world, 2)
    send: dict[str, Any] = {
        "json": batch(saved, items, undo_seconds=30),
        "headers": {"Idempotency-Key": "one press"},
    }
    first = await world.api.ok("POST", "/checkpoints/approve-batch", **send)
    assert [d["approve_pending"] for d in first["items"]] == [True, True]
    assert await world.api.ok("POST", "/checkpoints/approve-batch", **send) == first
    again = await world.api.ok("POST", "/checkpoints/approve-batch", json=batch(saved, items))
    assert [d["problem"]["code"] for d in again["items"]] == ["already_decided", "already_decided"]
    other: dict[str, Any] = {"json": batch(saved, items[:1]), "headers": {"Idempotency-Key": "one press"}}
    reused = await world.api.ok("POST", "/checkpoints/approve-batch", **other)
    assert reused["items"][0]["problem"]["code"] == "idempotency_key_reused"

    back = {"checkpoint_ids": [i["id"] for i in items]}
    taken = await world.api.ok("POST", "/checkpoints/withdraw-batch", json=back)
    assert [(d["done"], d["status"], d["approve_pending"]) for d in taken["items"]] == [
        (True, "pending_review", False)
    ] * 2
    once_more = await world.api.ok("POST", "/checkpoints/withdraw-batch", json=back)
    assert [d["problem"]["code"] for d in once_more["items"]] == ["nothing_to_withdraw"] * 2
    assert len(await ids(world.api, held="false")) == 2


async def test_a_batch_sent_in_parts_is_one_batch(world: World) -> None:
    _, saved, items = await routine(world, 3)
    path = "/checkpoints/approve-batch"
    first = batch(saved, items[:2], undo_seconds=30, part={"size": 3, "before": 0})
    last = batch(saved, items[2:], undo_seconds=30, part={"size": 3, "before": 2})
    done = [d for body in (first, last) for d in (await world.api.ok("POST", path, json=body))["items"]]
    assert [d["done"] for d in done] == [True] * 3
    shown = [await world.api.ok("GET", f"/checkpoints/{i['id']}") for i in items]
    assert [s["decision"]["batch"]["announced"] for s in shown] == [3, 3, 3]
    moments = [[datetime.fromisoformat(s[name]) for name in ("decided_at", "undo_until")] for s in shown]
    held = [(until - since).total_seconds() for since, until in moments]
    assert held == pytest.approx([31, 31, 30], abs=0.4), "each until all are signed"
    for part in ({"size": 2, "before": 1}, {"size": 101, "before": 0}, {"size": 2, "before": 2}):
        refused = await world.api.problem("POST", path, 422, "batch_invalid", json=first | {"part": part})
        assert refused["field"] == "part"
    assert (await world.api.ok("GET", "/checkpoints"))["batch_most"] == MAX_BATCH


async def test_what_is_in_other_hands_is_signed_from_the_list_only_by_naming_them(
    world: World, crew: Crew
) -> None:
    ana, ben = await crew.join("Ana", "reviewer"), await crew.join("Ben", "reviewer")
    project, saved, items = await routine(world, 4)
    _, given, read, own = items
    for item, member in ((given, "Ben"), (own, "Ana")):
        await world.api.ok("PATCH", f"/checkpoints/{item['id']}", json={"assignee": crew.ids[member]})
    await ben.ok("POST", f"/checkpoints/{read['id']}/lease", json={"take": False})
    path = "/checkpoints/approve-batch"
    done = (await ana.ok("POST", path, json=batch(saved, items)))["items"]
    assert [d["done"] for d in done] == [True, False, False, True]
    problems = [done[1]["problem"], done[2]["problem"]]
    assert [p["code"] for p in problems] == ["in_other_hands"] * 2
    assert [p["whose"] for p in problems] == [[{"id": crew.ids["Ben"], "name": "Ben"}]] * 2
    assert "is assigned to Ben" in problems[0]["detail"]
    assert "is being read by Ben" in problems[1]["detail"]
    assert await ids(world.api) == [given["id"], read["id"]]
    # Naming somebody else is not enough: it may have been given on meanwhile.
    named = batch(saved, [given, read])
    for member, code in (("Ana", "in_other_hands"), ("Ben", None)):
        for item in named["items"]:
            item["instead_of"] = [crew.ids[member]]
        done = (await ana.ok("POST", path, json=named))["items"]
        assert [d["problem"] and d["problem"]["code"] for d in done] == [code] * 2
    # Each record says in whose place it was signed, and as what they had it in hand.
    for item, was in ((given, "assignee"), (read, "reader")):
        at = f"/projects/{project}/work-sessions/{item['session_id']}/export"
        record = (await ana.send("GET", f"{at}?format=record")).json()
        (signed,) = [e["content"] for e in record["entries"] if e["kind"] == "approved"]
        assert signed["batch"]["instead_of"] == [{"id": crew.ids["Ben"], "name": "Ben", "as": was}]
        assert (signed["name"], signed["packet_shown"]) == ("Ana", False)


async def test_what_may_be_routine_and_what_is_late_are_lists_of_their_own(world: World) -> None:
    project, saved, items = await routine(world, 2)
    await waiting(world, project, "By hand")
    doubtful = await waiting(world, project, "Doubtful", FLAGGED, template_id=saved)
    found = await world.api.ok("GET", "/checkpoints", params={"routine": "true"})
    assert ([i["id"] for i in found["items"]], found["total"]) == ([i["id"] for i in items], 2)
    assert await ids(world.api, overdue="true") == []
    due = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    await world.api.ok("PATCH", f"/checkpoints/{doubtful['id']}", json={"due_at": due})
    assert await ids(world.api, overdue="true") == [doubtful["id"]]


async def test_what_was_decided_is_found_newest_first_and_by_whom(world: World, crew: Crew) -> None:
    ana = await crew.join("Ana", "reviewer")
    project, items = await shelf(world, 5)
    one, two, three, four, left = items

    def gate(item: dict[str, Any], verb: str) -> str:
        return f"/projects/{project}/work-sessions/{item['session_id']}/checkpoints/{item['id']}/{verb}"

    def named(item: dict[str, Any]) -> dict[str, Any]:
        return {"packet_digest": item["packet_digest"]}

    await ana.ok("POST", gate(two, "approve"), json=named(two))
    no = named(one) | {"rejection_reason": "Wrong bridge."}
    await ana.ok("POST", gate(one, "reject"), json=no)
    back = named(three) | {"changes": [{"comment": "Say when."}]}
    await world.api.ok("POST", gate(three, "request-changes"), json=back)
    await world.api.ok("POST", gate(four, "approve"), json=named(four) | {"undo_seconds": 60})
    # Put off before it was decided: that does not hide it.
    other = await world.project("Elsewhere")
    newest_first = [i["id"] for i in (four, three, one, two)]
    ask = {"status": "decided", "sort": "-decided_at"}
    assert await ids(ana, **ask) == newest_first
    assert await ids(ana, status="decided", sort="decided_at") == newest_first[::-1]
    assert await ids(ana, **ask, decided_by="me") == [one["id"], two["id"]]
    assert await ids(world.api, **ask, decided_by=crew.ids["Ana"]) == [one["id"], two["id"]]
    assert await ids(ana, **ask, decided_by="policy") == []
    assert await ids(ana, **ask, decision="approve") == [four["id"], two["id"]]
    assert await ids(ana, **ask, decision=["reject", "request_changes"]) == [three["id"], one["id"]]
    assert await ids(ana, **ask, project_id=project, q="note 0") == [one["id"]]
    assert await ids(ana, **ask, project_id=other) == []
    # What can still be taken back is found as what it is.
    await ana.ok(
        "POST", gate(left, "reject"), json=named(left) | {"rejection_reason": "No.", "undo_seconds": 60}
    )
    assert await ids(ana, **ask, decision="reject") == [left["id"], one["id"]]
    assert await ids(ana, **ask, decision="approve") == [four["id"], two["id"]]
    await ana.ok("POST", gate(left, "withdraw"))
    first = await ana.ok("GET", "/checkpoints", params={**ask, "limit": 3})
    assert (first["total"], first["items"][2]["decision"]["reason"]) == (None, "Wrong bridge.")
    rest = await ids(ana, **ask, limit=3, cursor=first["next_cursor"])
    assert [i["id"] for i in first["items"]] + rest == newest_first
    assert await ids(ana, **ask, around=three["id"], limit=3) == newest_first[:3]
    await ana.problem(
        "GET", f"/checkpoints?status=decided&sort=-decided_at&around={left['id']}", 422, "unknown_sort"
    )


async def test_a_decision_of_policy_is_found_as_such(world: World) -> None:
    _, (one,) = await shelf(world, 1)
    async with world.db.transaction(world.actor.workspace_id) as tx:
        await tx.execute(
            text(
                "UPDATE work_checkpoints SET status = 'approved', decided_at = now(), begin_by = NULL, risk = NULL,"
                """ decision = '{"decision": "approve", "by": null, "name": "policy", "at": ""}' WHERE id = :id"""
            ),
            {"id": one["id"]},
        )
    ask = {"status": "decided", "sort": "-decided_at", "decided_by": "policy"}
    assert await ids(world.api, **ask) == [one["id"]]


def test_the_first_of_a_batch_is_held_until_the_last_is_signed_too() -> None:
    assert [held_for(6, to_come) for to_come in (0, 1, 99)] == [6, 7, 31]
    assert held_for(0, 99) == 0  # what is not held at all
    assert held_for(MAX_UNDO_SECONDS, 99) == MAX_UNDO_SECONDS


async def test_two_reviewers_sign_one_batch_at_once_and_each_item_has_one_signer(
    world: World, crew: Crew
) -> None:
    one, two = await crew.join("One", "reviewer"), await crew.join("Two", "reviewer")
    _, saved, items = await routine(world, 4)
    sent = [
        api.ok("POST", "/checkpoints/approve-batch", json=batch(saved, order))
        for api, order in ((one, items), (two, items[::-1]), (one, items), (two, items))
    ]
    answers = await asyncio.gather(*sent)
    done = [d["checkpoint_id"] for a in answers for d in a["items"] if d["done"]]
    assert sorted(done) == sorted(i["id"] for i in items)
    assert {d["problem"]["code"] for a in answers for d in a["items"] if not d["done"]} == {"already_decided"}
    async with world.db.transaction(world.actor.workspace_id) as tx:
        kinds = await tx.execute(
            text("SELECT count(*) FROM audit_entries WHERE kind = 'approved' AND workspace_id = :w"),
            {"w": world.actor.workspace_id},
        )
    assert kinds.scalar_one() == 4


async def test_who_may_not_sign_signs_no_batch(world: World, crew: Crew) -> None:
    viewer = await crew.join("Viewer", "viewer")
    _, saved, items = await routine(world, 1)
    body = batch(saved, items)
    await viewer.problem("POST", "/checkpoints/approve-batch", 403, "not_allowed", json=body)
    for wrong in (batch(saved, []), batch(saved, items * 2)):
        refused = await world.api.problem(
            "POST", "/checkpoints/approve-batch", 422, "batch_invalid", json=wrong
        )
        assert refused["field"] == "items"
    stranger = await crew.stranger()
    missed = await stranger.ok("POST", "/checkpoints/approve-batch", json=body)
    assert missed["items"][0]["problem"]["code"] == "checkpoint_not_found"
    assert await ids(world.api) == [items[0]["id"]]


async def test_what_the_release_before_opens_is_weighed_by_the_database(world: World) -> None:
    """By the same rule, as far as it can be read in SQL."""
    _, (one,) = await shelf(world, 1, script=FLAGGED)
    read = text("SELECT risk, effort_seconds, begin_by, find_text FROM work_checkpoints WHERE id = :id")
    async with world.db.transaction(world.actor.workspace_id) as tx:
        ours = (await tx.execute(read, {"id": one["id"]})).one()
        await tx.execute(
            text("CREATE TEMP TABLE before ON COMMIT DROP AS SELECT * FROM work_checkpoints WHERE id = :id"),
            {"id": one["id"]},
        )
        await tx.execute(
            text("UPDATE before SET risk = NULL, effort_seconds = NULL, begin_by = NULL, find_text = NULL")
        )
        await tx.execute(text("DELETE FROM checkpoint_figures WHERE checkpoint_id = :id"), {"id": one["id"]})
        await tx.execute(text("DELETE FROM work_checkpoints WHERE id = :id"), {"id": one["id"]})
        await tx.execute(text("INSERT INTO work_checkpoints SELECT * FROM before"))
        theirs = (await tx.execute(read, {"id": one["id"]})).one()
    assert theirs[:3] == ours[:3]
    assert theirs[3].split(" a number")[0] == ours[3].split(" a number")[0]


async def test_when_the_release_before_sets_another_due_time_it_is_begun_earlier(world: World) -> None:
    _, (one,) = await shelf(world, 1)
    move = text("UPDATE work_checkpoints SET due_at = :due WHERE id = :id RETURNING begin_by")
    due = datetime(2026, 1, 2, tzinfo=UTC)
    async with world.db.transaction(world.actor.workspace_id) as tx:
        theirs = (await tx.execute(move, {"id": one["id"], "due": due})).scalar_one()
        back = (await tx.execute(move, {"id": one["id"], "due": None})).scalar_one()
    (before,) = (await world.api.ok("GET", "/checkpoints"))["items"]
    assert back == datetime.fromisoformat(before["begin_by"])
    ours = await world.api.ok("PATCH", f"/checkpoints/{one['id']}", json={"due_at": due.isoformat()})
    assert ours["due_at"] is not None
    (after,) = (await world.api.ok("GET", "/checkpoints"))["items"]
    assert (
        theirs
        == datetime.fromisoformat(after["begin_by"])
        == due - timedelta(seconds=after["effort_seconds"])
    )
