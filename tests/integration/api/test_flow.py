"""The brief's flow over HTTP: create, execute, status, decide."""

import asyncio
from typing import Any

import pytest

from tests.integration.api.support import FLAGGED, NOTE, SOURCE, World


async def test_create_execute_status_approve_completes(world: World) -> None:
    api = world.api
    project = await world.project("Mars Climate Orbiter")
    await world.add_text(project, SOURCE)
    made = await api.ok(
        "POST",
        f"/projects/{project}/work-sessions",
        201,
        json={
            "agent_type": "research",
            "task_description": "How close did it come?",
            "runtime": world.script(NOTE),
            "external_ref": "ticket 7",
            "metadata": {"team": "nav"},
        },
    )
    assert (made["status"], made["external_ref"], made["metadata"]) == (
        "initialized",
        "ticket 7",
        {"team": "nav"},
    )
    path = f"/projects/{project}/work-sessions/{made['id']}"

    started = await api.post(f"{path}/execute")
    assert started.status_code == 202
    assert started.json()["status"] == "queued"
    assert (await world.drive(made["id"])).status == "pending_review"

    status = await api.ok("GET", f"{path}/status")
    assert (status["status"], status["artifacts_count"], status["failure"]) == ("pending_review", 1, None)
    (waiting,) = status["checkpoints"]
    assert (waiting["status"], waiting["kind"]) == ("pending_review", "final")
    checkpoint = await api.ok("GET", f"{path}/checkpoints/{waiting['id']}")
    (artifact,) = checkpoint["packet"]["artifacts"]
    assert [c["verdict"] for c in artifact["claims"]] == ["supported"]
    anchor = artifact["claims"][0]["anchors"][0]
    content = await api.ok("GET", f"/projects/{project}/sources/{anchor['source_id']}/content")
    assert content["text"][anchor["char_start"] : anchor["char_end"]] == anchor["quote"]

    decided = await api.ok(
        "POST",
        f"{path}/checkpoints/{waiting['id']}/approve",
        json={"packet_digest": checkpoint["packet_digest"]},
    )
    assert (decided["checkpoint"]["status"], decided["status"]) == ("approved", "queued")
    assert (await world.drive(made["id"])).status == "completed"

    shown = await api.ok("GET", f"{path}/artifacts/{artifact['artifact_id']}")
    assert [v["signed"] for v in shown["versions"]] == [True]
    assert "57 km" in shown["body"]
    events = await api.ok("GET", f"{path}/events")
    assert [e["seq"] for e in events["items"]] == list(range(1, len(events["items"]) + 1))
    assert [events["items"][0]["type"], events["items"][-1]["type"]] == ["session_created", "completed"]
    envelope = await api.ok("GET", f"{path}/envelope")
    assert envelope["id"] == (await api.ok("GET", path))["task_document_id"]
    assert "came to 57 km" in envelope["body"]
    assert await api.ok("GET", f"{path}/envelope/rebuild") == {
        "body": envelope["body"], "digest": envelope["digest"], "identical": True,
    }  # fmt: skip
    await api.problem("GET", f"{path}/envelope/rebuild?iteration=9", 404, "envelope_not_found")
    for read in envelope["receipt"]["reads"]:
        assert set(read) >= {"call", "tool", "block_ids", "digest"}


async def test_reject_fails_it(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    decided = await world.api.ok(
        "POST",
        f"{path}/checkpoints/{checkpoint['id']}/reject",
        json={"packet_digest": checkpoint["packet_digest"], "rejection_reason": "Not asked for"},
    )
    assert decided["status"] == "failed"
    status = await world.api.ok("GET", f"{path}/status")
    assert (status["failure"]["code"], status["failure"]["retryable"]) == ("rejected", False)
    assert "Not asked for" in status["failure"]["message"]
    problem = await world.api.problem("POST", f"{path}/retry", 409, "not_retryable")
    assert problem["hint"]


async def test_request_changes_goes_round_and_the_packet_says_what_was_met(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(FLAGGED))
    (artifact,) = checkpoint["packet"]["artifacts"]
    claim = artifact["claims"][0]
    assert claim["verdict"] == "unsupported"
    decided = await world.api.ok(
        "POST",
        f"{path}/checkpoints/{checkpoint['id']}/request-changes",
        json={
            "packet_digest": checkpoint["packet_digest"],
            "changes": [{"claim_id": claim["id"], "comment": "It was 57"}, {"comment": "Shorter"}],
        },
    )
    assert (decided["status"], decided["checkpoint"]["status"]) == ("queued", "changes_requested")
    row = await world.drive(path.rsplit("/", 1)[1])
    assert (row.status, row.iteration) == ("pending_review", 2)
    (again,) = [
        c
        for c in (await world.api.ok("GET", f"{path}/checkpoints"))["items"]
        if c["status"] == "pending_review"
    ]
    assert [o["comment"] for o in again["packet"]["obligations"]] == ["It was 57", "Shorter"]
    assert again["packet"]["obligations"][0]["state"] == "unmet"
    first = await world.api.ok("GET", f"{path}/envelope", params={"iteration": 1})
    assert first["iteration"] == 1


async def test_flagged_claims_are_settled_or_nothing_is_signed(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(FLAGGED))
    decide = f"{path}/checkpoints/{checkpoint['id']}/approve"
    digest = checkpoint["packet_digest"]
    problem = await world.api.problem(
        "POST", decide, 422, "unacknowledged_claims", json={"packet_digest": digest}
    )
    (claim,) = problem["claims"]
    assert claim["verdict"] == "unsupported"
    settled = await world.api.ok(
        "POST",
        decide,
        json={
            "packet_digest": digest,
            "acknowledged": [{"claim_id": claim["claim_id"], "reason": "The board said so later"}],
        },
    )
    assert settled["checkpoint"]["decision"]["acknowledged"][0]["reason"] == "The board said so later"


async def test_an_edit_is_the_persons_version(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(FLAGGED))
    (artifact,) = checkpoint["packet"]["artifacts"]
    shown = await world.api.ok("GET", f"{path}/artifacts/{artifact['artifact_id']}")
    await world.api.ok(
        "POST",
        f"{path}/checkpoints/{checkpoint['id']}/approve",
        json={
            "packet_digest": checkpoint["packet_digest"],
            "edits": [
                {"artifact_id": artifact["artifact_id"], "body": shown["body"].replace("75 km", "57 km")}
            ],
        },
    )
    assert (await world.drive(path.rsplit("/", 1)[1])).status == "completed"
    shown = await world.api.ok("GET", f"{path}/artifacts/{artifact['artifact_id']}")
    assert [(v["version"], v["author"], v["signed"]) for v in shown["versions"]] == [
        (1, "agent", False),
        (2, "person", True),
    ]
    before = await world.api.ok("GET", f"{path}/artifacts/{artifact['artifact_id']}/versions/1")
    assert "75 km" in before["body"]


async def test_undo_holds_the_release(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    at = f"{path}/checkpoints/{checkpoint['id']}"
    digest = checkpoint["packet_digest"]
    held = await world.api.ok("POST", f"{at}/approve", json={"packet_digest": digest, "undo_seconds": 60})
    assert (held["checkpoint"]["approve_pending"], held["status"]) == (True, "pending_review")
    await world.api.problem("POST", f"{at}/approve", 409, "already_decided", json={"packet_digest": digest})
    back = await world.api.ok("POST", f"{at}/withdraw")
    assert (back["checkpoint"]["approve_pending"], back["checkpoint"]["decision"]) == (False, None)
    await world.api.problem("POST", f"{at}/withdraw", 409, "nothing_to_withdraw")
    await world.api.problem(
        "POST",
        f"{at}/approve",
        422,
        "undo_seconds_invalid",
        json={"packet_digest": digest, "undo_seconds": 61},
    )


@pytest.mark.parametrize(
    ("verb", "name", "given"),
    [
        ("reject", "reject", {"rejection_reason": "Not ours."}),
        ("request-changes", "request_changes", {"changes": [{"comment": "Name the unit."}]}),
    ],
)
async def test_undo_holds_the_other_decisions_too(
    world: World, verb: str, name: str, given: dict[str, Any]
) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path, checkpoint = await world.waiting(project, runtime=world.script(NOTE))
    at = f"{path}/checkpoints/{checkpoint['id']}"
    body: dict[str, Any] = {"packet_digest": checkpoint["packet_digest"], "undo_seconds": 60} | given
    assert (checkpoint["held"], checkpoint["undo_until"]) == (None, None)
    held = await world.api.ok("POST", f"{at}/{verb}", json=body)
    shown = held["checkpoint"]
    assert (held["status"], shown["status"]) == ("pending_review", "pending_review")
    assert (shown["held"], shown["approve_pending"], shown["decision"]["name"]) == (name, False, "Reviewer")
    assert shown["undo_until"] > shown["decided_at"]
    refused = await world.api.problem("POST", f"{at}/{verb}", 409, "already_decided", json=body)
    assert refused["checkpoint"]["held"] == name
    back = await world.api.ok("POST", f"{at}/withdraw")
    assert (back["checkpoint"]["held"], back["checkpoint"]["decision"]) == (None, None)
    await world.api.problem("POST", f"{at}/withdraw", 409, "nothing_to_withdraw")
    too_long = body | {"undo_seconds": 61}
    await world.api.problem("POST", f"{at}/{verb}", 422, "undo_seconds_invalid", json=too_long)
    await world.api.ok("POST", f"{at}/{verb}", json=body | {"undo_seconds": 0})


async def test_a_question_is_answered_by_its_form(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    runtime = world.script(
        """
steps:
  - ask: {question: "Which unit?", save: choice}
  - artifact:
      slot: note
      type: research_finding
      title: A note
      markdown: "In {{ answer.answer }} it was close. [[{{ b:came to 57 km }}|came to 57 km]]"
  - finish: {summary: Done}
"""
    )
    path, checkpoint = await world.waiting(project, runtime=runtime)
    assert checkpoint["reasons"] == ["question"]
    at = f"{path}/checkpoints/{checkpoint['id']}/approve"
    digest = checkpoint["packet_digest"]
    problem = await world.api.problem("POST", at, 422, "answers_invalid", json={"packet_digest": digest})
    assert problem["field"].startswith("answers")
    decided = await world.api.ok(
        "POST", at, json={"packet_digest": digest, "answers": {"answer": "kilometres"}}
    )
    assert decided["status"] == "queued"
    assert (await world.drive(path.rsplit("/", 1)[1])).status == "pending_review"
    artifacts = await world.api.ok("GET", f"{path}/artifacts")
    assert "In kilometres" in artifacts["items"][0]["body"]


async def test_cancel_retry_and_fork(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    base = f"/projects/{project}/work-sessions"
    session = await world.session(project, runtime=world.script(NOTE))
    cancelled = await world.api.ok("POST", f"{base}/{session}/cancel")
    assert cancelled["status"] == "cancelled"
    await world.api.problem("POST", f"{base}/{session}/execute", 409, "wrong_status")
    await world.api.problem("POST", f"{base}/{session}/cancel", 409, "wrong_status")
    forked = await world.api.ok("POST", f"{base}/{session}/fork", 201, json={"title": "Again"})
    assert (forked["forked_from"], forked["title"], forked["status"]) == (session, "Again", "initialized")
    bare = await world.api.ok("POST", f"{base}/{session}/fork", 201)
    assert bare["task_description"] == forked["task_description"]

    empty = world.script("steps:\n  - finish: {summary: Nothing}\n", "empty")
    failing = await world.session(project, runtime=empty, auto_execute=True)
    assert (await world.drive(failing)).status == "failed"
    status = await world.api.ok("GET", f"{base}/{failing}/status")
    assert (status["failure"]["code"], status["failure"]["retryable"]) == ("no_output", True)
    again = await world.api.post(f"{base}/{failing}/retry")
    assert (again.status_code, again.json()["status"]) == (202, "queued")


async def test_a_long_draft_is_checked_by_a_worker(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    path = f"/projects/{project}/checks"
    body = {"draft": "\n\n".join(f"The closest approach of probe {n} came to 57 km." for n in range(200))}
    filed = await world.api.post(path, body, headers={"Idempotency-Key": "long"})
    assert (filed.status_code, filed.json()["status"]) == (201, "queued")
    session = filed.json()["id"]
    at = f"/projects/{project}/work-sessions/{session}"
    early = await world.api.post(path, body, headers={"Idempotency-Key": "long", "Prefer": "wait=0"})
    assert (early.status_code, early.json()["id"], early.json()["status"]) == (201, session, "queued")

    waits = asyncio.create_task(
        world.api.post(path, body, headers={"Idempotency-Key": "long", "Prefer": "wait=50"})
    )
    await world.drive(session)
    rested = await waits
    assert rested.headers["Preference-Applied"] == "wait=50"
    assert (rested.status_code, rested.json()["id"], rested.json()["status"]) == (
        201,
        session,
        "pending_review",
    )
    status = await world.api.ok("GET", f"{at}/status")
    assert status["progress"] == {"done": 200, "total": 200, "label": "claims compared"}
    events = (await world.api.ok("GET", f"{at}/events"))["items"]
    told = [e["data"] for e in events if e["type"] == "progress"]
    assert {k: told[-1][k] for k in status["progress"]} == status["progress"]
    assert [claim["n"] for one in told for claim in one["claims"]] == list(range(1, 201))
    checkpoint = await world.api.ok("GET", f"/checkpoints/{rested.json()['checkpoint_id']}")
    assert checkpoint["packet"]["summary"]["claims"] == 200


async def test_an_outside_draft_is_checked_at_once(world: World) -> None:
    project = await world.project()
    await world.add_text(project, SOURCE)
    checked = await world.api.ok(
        "POST",
        f"/projects/{project}/checks",
        201,
        json={"draft": "The closest approach came to 75 km.", "title": "My draft"},
    )
    assert (checked["status"], checked["agent_type"], checked["title"]) == (
        "pending_review",
        "check",
        "My draft",
    )
    checkpoint = await world.api.ok("GET", f"/checkpoints/{checked['checkpoint_id']}")
    (claim,) = checkpoint["packet"]["artifacts"][0]["claims"]
    assert claim["verdict"] == "unsupported"
    assert claim["correction"]["text"] == "The closest approach came to 57 km."
    inbox = await world.api.ok("GET", "/checkpoints")
    assert [(i["id"], i["flags"][0]["claim_id"]) for i in inbox["items"]] == [(checkpoint["id"], claim["id"])]
    await world.api.problem(
        "GET", f"/projects/{project}/work-sessions/{checked['id']}/envelope", 404, "envelope_not_found"
    )
    await world.api.problem(
        "GET", f"/projects/{project}/work-sessions/{checked['id']}/reveal", 404, "nothing_to_reveal"
    )
    await world.api.problem("POST", f"/projects/{project}/sample/new-year", 404, "not_a_sample")


async def test_a_draft_is_sent_back_handed_in_again_and_compared(world: World) -> None:
    api = world.api
    project = await world.project()
    await world.add_text(project, SOURCE)
    made = await api.ok(
        "POST", f"/projects/{project}/checks", 201, json={"draft": "It came to 60 km.\n\nNobody knows why."}
    )
    path = f"/projects/{project}/work-sessions/{made['id']}"
    first = await api.ok("GET", f"{path}/checkpoints/{made['checkpoint_id']}")
    asked = f"{path}/checkpoints/{first['id']}/request-changes"
    digest = {"packet_digest": first["packet_digest"]}
    for change, code, field in (
        ({"passage": "It came to 61 km."}, "reason_required", "changes.0.comment"),
        ({"passage": "It came to 61 km.", "comment": "x"}, "unknown_passage", "changes.0.passage"),
        ({"checks": [{"kind": "length", "at_most": 0}]}, "check_invalid", "changes.0.checks.0.at_most"),
    ):  # fmt: skip
        problem = await api.problem("POST", asked, 422, code, json=digest | {"changes": [change]})
        assert problem["field"] == field
    change = {
        "passage": "came to 60 km",
        "checks": [{"kind": "number_equals", "of": "came", "value": "57 km"}],
    }
    await api.ok("POST", asked, json=digest | {"changes": [change]})
    await world.drive(made["id"])
    second = await api.ok("GET", path)
    checkpoint = await api.ok("GET", f"{path}/checkpoints/{second['checkpoint_id']}")
    (obligation,) = checkpoint["packet"]["obligations"]
    assert (obligation["state"], obligation["note"]) == (
        "unmet",
        "There is “60 km” in “It came to 60 km”, not 57 km.",
    )

    draft = f"{path}/checkpoints/{checkpoint['id']}/draft"
    new = {"draft": "It came to 57 km.\n\nNobody knows why."}
    await api.problem("PUT", draft, 428, "packet_digest_required", json=new)
    await api.problem("PUT", draft, 409, "stale_packet", json=new | digest)
    handed = await api.ok("PUT", draft, json=new | {"packet_digest": checkpoint["packet_digest"]})
    packet = handed["checkpoint"]["packet"]
    assert (packet["obligations"][0]["state"], handed["status"]) == ("met", "pending_review")
    assert packet["reread"]["of"] == 8

    artifact = f"{path}/artifacts/{packet['artifacts'][0]['artifact_id']}"
    diff = await api.ok("GET", f"{artifact}/diff?from=1&to=2")
    assert [b["kind"] for b in diff["blocks"]] == ["same", "changed", "same"]
    assert {c["text"].strip() for c in diff["changes"] if c["kind"] == "added"} == {"57"}
    assert (await api.ok("GET", f"{artifact}/diff"))["from"] == 1
    await api.problem("GET", f"{artifact}/diff?from=1&to=3", 404, "version_not_found")
    sealed = await api.ok(
        "POST",
        f"{path}/checkpoints/{handed['checkpoint']['id']}/approve",
        json={
            "packet_digest": handed["checkpoint"]["packet_digest"],
            "judged": [{"obligation_id": packet["obligations"][0]["id"], "state": "met"}],
        },
    )
    assert sealed["checkpoint"]["decision"]["judged"][0]["state"] == "met"
