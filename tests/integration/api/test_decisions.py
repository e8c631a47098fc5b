"""Decisions under doubt: stale, missing and repeated ones, and many at once."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from proofroom.db import work_sessions
from tests.integration.api.support import FLAGGED, NOTE, SOURCE, World
from tests.integration.test_one_winner import clock


async def review(world: World, script: str = NOTE) -> tuple[str, dict[str, Any]]:
    project = await world.project()
    await world.add_text(project, SOURCE)
    return await world.waiting(project, runtime=world.script(script))


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("approve", {}),
        ("reject", {"rejection_reason": "no"}),
        ("request-changes", {"changes": [{"comment": "more"}]}),
    ],
)
async def test_every_decision_names_its_packet(world: World, verb: str, body: dict[str, Any]) -> None:
    path, checkpoint = await review(world)
    at = f"{path}/checkpoints/{checkpoint['id']}/{verb}"
    missing = await world.api.problem("POST", at, 428, "packet_digest_required", json=body)
    assert "packet_digest" in missing["hint"]
    stale = await world.api.problem("POST", at, 409, "stale_packet", json=body | {"packet_digest": "0" * 64})
    assert stale["checkpoint"]["packet_digest"] == checkpoint["packet_digest"]
    assert stale["checkpoint"]["packet"] == checkpoint["packet"]
    assert (await world.api.ok("GET", f"{path}/status"))["status"] == "pending_review"


async def test_fifty_decisions_at_once_have_one_winner(world: World) -> None:
    path, checkpoint = await review(world)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    digest = checkpoint["packet_digest"]

    async def decide(n: int) -> tuple[int, str]:
        verb, body = (
            ("approve", {})
            if n % 3 == 0
            else ("reject", {"rejection_reason": f"reason {n}"})
            if n % 3 == 1
            else ("request-changes", {"changes": [{"comment": f"change {n}"}]})
        )
        answer = await world.api.post(f"{at}/{verb}", body | {"packet_digest": digest})
        return answer.status_code, answer.json().get("code", "")

    answers = Counter(await asyncio.gather(*(decide(n) for n in range(50))))
    assert answers == {(200, ""): 1, (409, "already_decided"): 49}
    events = await world.api.ok("GET", f"{path}/events", params={"limit": 200})
    assert Counter(e["type"] for e in events["items"])["decided"] == 1
    assert [e["seq"] for e in events["items"]] == list(range(1, len(events["items"]) + 1))


async def test_fifty_ways_to_end_a_review_at_once_have_one_winner(world: World) -> None:
    """Decisions and cancels over HTTP, while the clock strikes the hour at which it expires."""
    path, checkpoint = await review(world)
    at, digest = f"{path}/checkpoints/{checkpoint['id']}", checkpoint["packet_digest"]
    session_id, checkpoint_id = UUID(checkpoint["session_id"]), UUID(checkpoint["id"])

    async def expire() -> str:
        async with world.db.transaction(world.actor.workspace_id) as tx:
            return "won" if await clock(tx, session_id, checkpoint_id) else "nothing due"

    async def post(verb: str, **body: Any) -> str:
        where = f"{path}/cancel" if verb == "cancel" else f"{at}/{verb}"
        answer = await world.api.post(where, body or None)
        return "won" if answer.status_code < 300 else answer.json()["code"]

    ways = [
        lambda: post("approve", packet_digest=digest),
        lambda: post("reject", packet_digest=digest, rejection_reason="no"),
        lambda: post("request-changes", packet_digest=digest, changes=[{"comment": "More."}]),
        lambda: post("cancel"),
        expire,
    ]
    said = await asyncio.gather(*(ways[n % 5]() for n in range(50)))
    won = [n % 5 for n, answer in enumerate(said) if answer == "won"]
    assert len([way for way in won if way != 3]) <= 1
    assert 1 <= len(won) <= 2
    assert set(said) <= {"won", "already_decided", "wrong_status", "stale_packet", "nothing due"}
    events = Counter(
        e["type"] for e in (await world.api.ok("GET", f"{path}/events", params={"limit": 200}))["items"]
    )
    assert events["decided"] + events["expired"] + events["cancelled"] == len(won)


async def test_a_second_decision_says_who_made_the_first(world: World) -> None:
    path, checkpoint = await review(world)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    digest = checkpoint["packet_digest"]
    await world.api.ok("POST", f"{at}/approve", json={"packet_digest": digest})
    problem = await world.api.problem(
        "POST",
        f"{at}/reject",
        409,
        "already_decided",
        json={"packet_digest": digest, "rejection_reason": "x"},
    )
    assert problem["decided_by"] == "Reviewer"
    assert problem["checkpoint"]["status"] == "approved"


async def checked_then_contradicted(world: World) -> tuple[str, dict[str, Any]]:
    """(path, checkpoint) of a draft whose sources changed after the packet was sealed."""
    project = await world.project()
    await world.add_text(project, SOURCE)
    made = await world.api.ok(
        "POST", f"/projects/{project}/checks", 201, json={"draft": "The closest approach came to 57 km."}
    )
    path = f"/projects/{project}/work-sessions/{made['id']}"
    checkpoint = await world.api.ok("GET", f"{path}/checkpoints/{made['checkpoint_id']}")
    await world.add_text(project, "The closest approach came to 80 km.", "Another account")
    return path, checkpoint


async def test_what_changed_since_it_was_shown_is_shown_again(world: World) -> None:
    path, checkpoint = await checked_then_contradicted(world)
    at = f"{path}/checkpoints/{checkpoint['id']}/approve"
    body = {"packet_digest": checkpoint["packet_digest"]}
    stale = await world.api.problem("POST", at, 409, "stale_packet", json=body)
    current = stale["checkpoint"]
    assert current["id"] != checkpoint["id"]
    assert current["status"] == "pending_review"
    assert current["packet"]["artifacts"][0]["claims"][0]["verdict"] == "conflict"
    old = await world.api.ok("GET", f"{path}/checkpoints/{checkpoint['id']}")
    assert (old["status"], old["superseded_by"]) == ("superseded", current["id"])
    # Deciding on the old one again still leads to the current one.
    again = await world.api.problem("POST", at, 409, "stale_packet", json=body)
    assert again["checkpoint"]["id"] == current["id"]


async def test_a_stale_answer_is_kept_with_what_it_changed(world: World) -> None:
    path, checkpoint = await checked_then_contradicted(world)
    at = f"{path}/checkpoints/{checkpoint['id']}/approve"
    body, key = {"packet_digest": checkpoint["packet_digest"]}, {"Idempotency-Key": "one"}
    first = await world.api.problem("POST", at, 409, "stale_packet", json=body, headers=key)
    again = await world.api.problem("POST", at, 409, "stale_packet", json=body, headers=key)
    assert again["checkpoint"] == first["checkpoint"]
    checkpoints = (await world.api.ok("GET", f"{path}/checkpoints"))["items"]
    assert [c["status"] for c in checkpoints] == ["superseded", "pending_review"]


async def test_an_edit_that_adds_a_flag_supersedes(world: World) -> None:
    path, checkpoint = await review(world)
    (artifact,) = checkpoint["packet"]["artifacts"]
    shown = await world.api.ok("GET", f"{path}/artifacts/{artifact['artifact_id']}")
    stale = await world.api.problem(
        "POST",
        f"{path}/checkpoints/{checkpoint['id']}/approve",
        409,
        "stale_packet",
        json={
            "packet_digest": checkpoint["packet_digest"],
            "edits": [
                {"artifact_id": artifact["artifact_id"], "body": shown["body"].replace("57 km.", "75 km.")}
            ],
        },
    )
    (edited,) = stale["checkpoint"]["packet"]["artifacts"]
    assert (edited["version"], edited["claims"][0]["verdict"]) == (2, "unsupported")


async def test_bad_decisions_lose_nothing(world: World) -> None:
    path, checkpoint = await review(world, FLAGGED)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    digest = checkpoint["packet_digest"]
    (artifact,) = checkpoint["packet"]["artifacts"]
    claim = artifact["claims"][0]["id"]
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("reject", "reason_required", {}),
        ("reject", "reason_required", {"rejection_reason": "   "}),
        ("request-changes", "changes_required", {}),
        ("request-changes", "unknown_claim", {"changes": [{"claim_id": "c_0", "comment": "x"}]}),
        ("request-changes", "reason_required", {"changes": [{"comment": " "}]}),
        ("approve", "reason_required", {"acknowledged": [{"claim_id": claim, "reason": " "}]}),
        ("approve", "unknown_claim", {"acknowledged": [{"claim_id": "c_0", "reason": "x"}]}),
        ("approve", "unknown_artifact", {"edits": [{"artifact_id": checkpoint["id"], "body": "x"}]}),
        ("approve", "answers_invalid", {"answers": {"a": 1}}),
        (
            "approve",
            "document_invalid",
            {"edits": [{"artifact_id": artifact["artifact_id"], "body": {"version": 9}}]},
        ),
        ("approve", "validation_error", {"acknowledged": [{"claim_id": claim}]}),
        ("approve", "validation_error", {"edits": "all"}),
        ("approve", "validation_error", {"approve": True}),
    ]
    for verb, code, body in refused:
        await world.api.problem("POST", f"{at}/{verb}", 422, code, json=body | {"packet_digest": digest})
    fresh = await world.api.ok("GET", at)
    assert (fresh["status"], fresh["packet_digest"]) == ("pending_review", digest)


async def test_three_rounds_and_no_more(world: World) -> None:
    path, checkpoint = await review(world)
    for _ in range(3):
        assert checkpoint["can_request_changes"]
        await world.api.ok(
            "POST",
            f"{path}/checkpoints/{checkpoint['id']}/request-changes",
            json={"packet_digest": checkpoint["packet_digest"], "changes": [{"comment": "again"}]},
        )
        await world.drive(path.rsplit("/", 1)[1])
        checkpoint = (await world.api.ok("GET", f"{path}/checkpoints"))["items"][-1]
    assert not checkpoint["can_request_changes"]
    await world.api.problem(
        "POST",
        f"{path}/checkpoints/{checkpoint['id']}/request-changes",
        409,
        "iterations_exhausted",
        json={"packet_digest": checkpoint["packet_digest"], "changes": [{"comment": "again"}]},
    )


async def test_a_packet_that_was_altered_in_the_database_cannot_be_signed(world: World) -> None:
    path, checkpoint = await review(world)
    async with world.db.transaction(world.actor.workspace_id) as tx:
        from sqlalchemy import update

        from proofroom.db.models import WorkCheckpoint

        await tx.execute(
            update(WorkCheckpoint)
            .where(WorkCheckpoint.id == UUID(checkpoint["id"]))
            .values(packet=checkpoint["packet"] | {"task": "Something else"})
        )
    await world.api.problem(
        "POST",
        f"{path}/checkpoints/{checkpoint['id']}/approve",
        409,
        "packet_altered",
        json={"packet_digest": checkpoint["packet_digest"]},
    )
    async with world.db.transaction(world.actor.workspace_id) as tx:
        row = await work_sessions.get(tx, UUID(path.rsplit("/", 1)[1]))
    assert row.status == "pending_review"
